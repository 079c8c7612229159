/*
 * fold.c - planner support: conditions over columns become expressions over columns.
 *
 * persona.holds(c, '{"attribute": "plan", "is": "gold"}') with a constant
 * condition that asks for plain columns only, and does not depend on as_of, is
 * replaced by an expression that says the same, so that indexes, statistics,
 * partition pruning and parallel scans apply.  persona.in_cohort(c, 'vip') is
 * looked up first; the plan then depends on the definitions (on the relation
 * that stands for them, see cache.c) and is made anew when they change.
 *
 * Conditions are two-valued: a comparison with NULL is false.  So each
 * comparison is joined with "IS NOT NULL" unless the column can't be NULL; a
 * negation is IS NOT TRUE.  What can't be said this way is left to the function.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/xact.h"
#include "catalog/cache.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "compat.h"
#include "host.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(persona_holds_support);

/* The customer argument: how to get at a column. */
typedef struct Folder
{
	PlannerInfo *root;
	Node	   *customer;
	TupleDesc	desc;
	const PersonaProgram *program;
	PersonaCustomerShape *shape;
} Folder;

static Expr *fold_node(Folder *folder, int number);

#ifdef PERSONA_NEEDS_OUTER_JOIN_SEARCH
/* Tells whether a query has outer joins. */
static bool
persona_has_outer_joins(const Query *query)
{
	ListCell   *cell;

	foreach(cell, query->rtable)
	{
		const RangeTblEntry *entry = lfirst(cell);

		if (entry->rtekind == RTE_JOIN && IS_OUTER_JOIN(entry->jointype))
			return true;
	}
	return false;
}
#endif

/* Tells whether an argument is the whole row of a relation, which is never NULL as a whole. */
static bool
is_whole_row(PlannerInfo *root, Node *argument)
{
	if (IsA(argument, Var))
	{
		const Var  *var = (Var *) argument;

		return var->varattno == InvalidAttrNumber && var->varlevelsup == 0 && type_is_rowtype(var->vartype)
			&& var->vartype != RECORDOID && !PERSONA_IS_NULLABLE(root->parse, var);
	}
	/* The row of a view that was pulled up. */
	return IsA(argument, RowExpr) && ((RowExpr *) argument)->row_typeid != RECORDOID;
}

/* Tells whether an instant is known not to be NULL. */
static bool
is_known_instant(Node *argument)
{
	if (IsA(argument, Const))
		return !((Const *) argument)->constisnull;
	if (IsA(argument, FuncExpr))
		return ((FuncExpr *) argument)->funcid == F_NOW;
	return false;
}

/* Returns a column of the customer as an expression, and whether it may be NULL; NULL if it can't be had. */
static Expr *
column_of(Folder *folder, int column, bool *nullable)
{
	Form_pg_attribute attribute = TupleDescAttr(folder->desc, column - 1);

	*nullable = true;
	if (IsA(folder->customer, RowExpr))
		return column > list_length(((RowExpr *) folder->customer)->args) ? NULL
			: copyObject(list_nth(((RowExpr *) folder->customer)->args, column - 1));
	{
		Var		   *row = (Var *) folder->customer;
		RangeTblEntry *entry = rt_fetch(row->varno, folder->root->parse->rtable);
		Var		   *var;

		/* Only relations have columns with the numbers of their row type. */
		if (entry->rtekind != RTE_RELATION)
			return NULL;
		var = makeVar(row->varno, column, attribute->atttypid, attribute->atttypmod, attribute->attcollation, 0);
		*nullable = !attribute->attnotnull;
		return (Expr *) var;
	}
}

/* Joins expressions with AND or OR. */
static Expr *
join_expressions(BoolExprType type, List *parts)
{
	if (list_length(parts) == 1)
		return linitial(parts);
	return makeBoolExpr(type, parts, -1);
}

/* Returns "expression and column IS NOT NULL". */
static Expr *
known_and(Expr *expression, Expr *column, bool nullable)
{
	NullTest   *known;

	if (!nullable)
		return expression;
	known = makeNode(NullTest);
	known->arg = copyObject(column);
	known->nulltesttype = IS_NOT_NULL;
	known->argisrow = false;
	known->location = -1;
	return join_expressions(AND_EXPR, list_make2(expression, known));
}

/* Returns the complement of an expression that is NULL where a value is absent. */
static Expr *
complement(Expr *expression)
{
	BooleanTest *test = makeNode(BooleanTest);

	test->arg = expression;
	test->booltesttype = IS_NOT_TRUE;
	test->location = -1;
	return (Expr *) test;
}

/* Returns a truth value. */
static Expr *
truth_value(bool value)
{
	return (Expr *) makeBoolConst(value, false);
}

/* Returns a comparison of a column with a constant by a B-tree strategy. */
static Expr *
compare_with(Expr *column, Oid opfamily, Oid type, int strategy, Datum constant, Oid collation)
{
	int16		length;
	bool		by_value;
	Oid			operator = get_opfamily_member(opfamily, type, type, strategy);

	if (!OidIsValid(operator))
		return NULL;
	get_typlenbyval(type, &length, &by_value);
	return make_opclause(operator, BOOLOID, false, copyObject(column),
						 (Expr *) makeConst(type, -1, collation, length, constant, false, by_value),
						 InvalidOid, collation);
}

/* Returns "column = ANY (constants)". */
static Expr *
compare_with_any(Expr *column, Oid opfamily, Oid type, int count, Datum *constants, Oid collation)
{
	ScalarArrayOpExpr *any;
	Oid			array_type = get_array_type(type);
	Oid			operator = get_opfamily_member(opfamily, type, type, BTEqualStrategyNumber);
	int16		length;
	bool		by_value;
	char		align;

	if (!OidIsValid(array_type) || !OidIsValid(operator))
		return NULL;
	get_typlenbyvalalign(type, &length, &by_value, &align);
	any = makeNode(ScalarArrayOpExpr);
	any->opno = operator;
	any->opfuncid = get_opcode(operator);
	any->useOr = true;
	any->inputcollid = collation;
	any->args = list_make2(copyObject(column),
						   makeConst(array_type, -1, collation, -1,
									 PointerGetDatum(construct_array(constants, count, type, length, by_value, align)),
									 false, false));
	any->location = -1;
	return (Expr *) any;
}

/* Folds a comparison of a column with constants of its type. */
static Expr *
fold_comparison(Folder *folder, const PersonaRowTest *test)
{
	int			count;
	Datum	   *constants;
	Oid			type;
	Oid			collation;
	Oid			opclass;
	Oid			opfamily;
	Oid			class_type;
	Expr	   *column;
	Expr	   *folded;
	bool		nullable;
	bool		negated;
	PersonaOperator operator = persona_row_test_operator(test);

	if (!persona_row_test_constants(test, &count, &constants, &type, &collation))
		return NULL;
	column = column_of(folder, persona_row_test_column(test), &nullable);
	if (column == NULL)
		return NULL;
	opclass = GetDefaultOpClass(type, BTREE_AM_OID);
	if (!OidIsValid(opclass))
		return NULL;
	opfamily = get_opclass_family(opclass);
	class_type = get_opclass_input_type(opclass);
	/* The operators of enums, arrays and rows are polymorphic; they are left to the function. */
	if (IsPolymorphicType(class_type))
		return NULL;
	if (exprType((Node *) column) != class_type)
		column = (Expr *) makeRelabelType(column, class_type, -1, collation, COERCE_IMPLICIT_CAST);
	switch (operator)
	{
		case PERSONA_AT_LEAST:
			folded = compare_with(column, opfamily, class_type, BTGreaterEqualStrategyNumber, constants[0], collation);
			break;
		case PERSONA_MORE_THAN:
			folded = compare_with(column, opfamily, class_type, BTGreaterStrategyNumber, constants[0], collation);
			break;
		case PERSONA_AT_MOST:
			folded = compare_with(column, opfamily, class_type, BTLessEqualStrategyNumber, constants[0], collation);
			break;
		case PERSONA_LESS_THAN:
			folded = compare_with(column, opfamily, class_type, BTLessStrategyNumber, constants[0], collation);
			break;
		case PERSONA_BETWEEN:
			{
				Expr	   *low = compare_with(column, opfamily, class_type, BTGreaterEqualStrategyNumber, constants[0], collation);
				Expr	   *high = compare_with(column, opfamily, class_type, BTLessEqualStrategyNumber, constants[1], collation);

				if (low == NULL || high == NULL)
					return NULL;
				folded = join_expressions(AND_EXPR, list_make2(low, high));
				break;
			}
		default:
			folded = count == 1
				? compare_with(column, opfamily, class_type, BTEqualStrategyNumber, constants[0], collation)
				: compare_with_any(column, opfamily, class_type, count, constants, collation);
			break;
	}
	if (folded == NULL)
		return NULL;
	negated = operator == PERSONA_IS_NOT || operator == PERSONA_NOT_IN;
	return negated ? complement(folded) : known_and(folded, column, nullable);
}

/* Folds a test of presence. */
static Expr *
fold_known(Folder *folder, const PersonaRowTest *test, bool known)
{
	NullTest   *folded;
	bool		nullable;
	Expr	   *column = column_of(folder, persona_row_test_column(test), &nullable);

	if (column == NULL || type_is_rowtype(exprType((Node *) column)))
		return NULL;
	folded = makeNode(NullTest);
	folded->arg = column;
	folded->nulltesttype = known ? IS_NOT_NULL : IS_NULL;
	folded->argisrow = false;
	folded->location = -1;
	return (Expr *) folded;
}

/* Folds a node; returns NULL when it can't be said with expressions. */
static Expr *
fold_node(Folder *folder, int number)
{
	const PersonaNode *node = &folder->program->set->nodes[number];
	List	   *parts = NIL;

	check_stack_depth();
	switch (node->kind)
	{
		case PERSONA_NODE_ALL:
		case PERSONA_NODE_ANY:
			for (int i = 0; i < node->count; i++)
			{
				Expr	   *part = fold_node(folder, node->parts[i]);

				if (part == NULL)
					return NULL;
				parts = lappend(parts, part);
			}
			if (parts == NIL)
				return truth_value(node->kind == PERSONA_NODE_ALL);
			return join_expressions(node->kind == PERSONA_NODE_ALL ? AND_EXPR : OR_EXPR, parts);
		case PERSONA_NODE_NOT:
			{
				Expr	   *part = fold_node(folder, node->parts[0]);

				return part == NULL ? NULL : makeBoolExpr(NOT_EXPR, list_make1(part), -1);
			}
		case PERSONA_NODE_TEST:
			{
				const PersonaRowTest *test = folder->shape->tests[node->test];

				if (!persona_row_test_is_plain_column(test))
					return NULL;
				if (persona_row_test_operator(test) == PERSONA_KNOWN)
					return fold_known(folder, test, node->source->test->known);
				return fold_comparison(folder, test);
			}
		default:
			return NULL;
	}
}

/* Returns the text of the condition that a call asks for, or NULL. */
static char *
condition_text(const FuncExpr *call)
{
	const Const *constant = lsecond(call->args);
	StringInfoData condition;

	if (!IsA(constant, Const) || constant->constisnull)
		return NULL;
	/* in_cohort names the cohort, holds gives the condition. */
	if (constant->consttype != TEXTOID)
		return TextDatumGetCString(constant->constvalue);
	initStringInfo(&condition);
	appendStringInfoString(&condition, "{\"cohort\": ");
	escape_json(&condition, TextDatumGetCString(constant->constvalue));
	appendStringInfoChar(&condition, '}');
	return condition.data;
}

/*
 * persona.holds_support(internal): planner support function of persona.holds
 * and persona.in_cohort.
 */
Datum
persona_holds_support(PG_FUNCTION_ARGS)
{
	SupportRequestSimplify *request = (SupportRequestSimplify *) PG_GETARG_POINTER(0);
	FuncExpr   *call;
	Folder		folder;
	FmgrInfo	site;
	MemoryContext memory;
	MemoryContext outer;
	Oid			row_type;
	Expr	   *folded;
	char	   *text;

	if (!IsA(request, SupportRequestSimplify) || request->root == NULL)
		PG_RETURN_POINTER(NULL);
	call = request->fcall;
	if (list_length(call->args) != 3 || !is_whole_row(request->root, linitial(call->args))
		|| !is_known_instant(lthird(call->args)))
		PG_RETURN_POINTER(NULL);
	text = condition_text(call);
	if (text == NULL)
		PG_RETURN_POINTER(NULL);

	/* A call site of our own: it is gone, with its pin, when the memory is. */
	memory = AllocSetContextCreate(CurrentMemoryContext, "persona fold", ALLOCSET_SMALL_SIZES);
	memset(&site, 0, sizeof(site));
	site.fn_mcxt = memory;
	folder.root = request->root;
	folder.customer = linitial(call->args);
	folder.program = persona_program_open_condition(&site, text, strlen(text));
	row_type = exprType(folder.customer);
	folder.shape = persona_customer_shape((PersonaProgram *) folder.program, row_type, -1);
	folder.desc = lookup_rowtype_tupdesc_copy(row_type, -1);
	outer = CurrentMemoryContext;
	/* The plan may outlive a transaction that sees older definitions than others do. */
	folded = folder.program->cohort_count > 0 && IsolationUsesXactSnapshot() ? NULL
		: fold_node(&folder, folder.program->conditions[0]);
	if (folded != NULL)
	{
		/* Constants belong to the program, which may go before the plan does. */
		folded = copyObject(folded);
		request->root->glob->relationOids = lappend_oid(request->root->glob->relationOids, persona_definitions_relation());
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(memory);
	PG_RETURN_POINTER(folded);
}
