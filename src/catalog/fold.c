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
 * Conditions are two-valued: a comparison with NULL is false.  Where the call is
 * a part of WHERE, joined by AND and OR only, NULL counts as false anyway, and
 * comparisons are written as one would by hand.  Elsewhere each is joined with
 * "IS NOT NULL" unless the column can't be NULL.  A negation is IS NOT TRUE.
 *
 * Of a condition that also asks for other things than columns, that part is
 * folded which has to hold for the whole to hold, as a filter before the
 * function; the function then is persona.holds_rest, which is not folded again.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/xact.h"
#include "catalog/cache.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "compat.h"
#include "host.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* Operators for which PostgreSQL has no names; their numbers never change. */
#define OID_TEXT_STARTS_WITH_OP 3877	/* text ^@ text */
#ifndef OID_ARRAY_CONTAINS_OP
#define OID_ARRAY_CONTAINS_OP 2751	/* anyarray @> anyarray */
#endif

PG_FUNCTION_INFO_V1(persona_holds_support);

/* The customer argument: how to get at a column. */
typedef struct Folder
{
	PlannerInfo *root;
	Node	   *customer;
	TupleDesc	desc;
	const PersonaProgram *program;
	PersonaCustomerShape *shape;
	bool		null_is_false;	/* where the call stands */
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

/* Returns "expression and column IS NOT NULL", where NULL does not count as false. */
static Expr *
known_and(const Folder *folder, Expr *expression, Expr *column, bool nullable)
{
	NullTest   *known;

	if (!nullable || folder->null_is_false)
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

/* The B-tree operators by which values of a type are compared. */
typedef struct Comparison
{
	Oid			opfamily;
	Oid			declared;		/* what the operators take: the type, or one that it becomes, or anyenum */
	Oid			type;			/* of the constants */
	Oid			collation;
} Comparison;

/* Finds the operators of a type, and makes a column fit them. */
static bool
find_comparison(Oid type, Oid collation, Expr **column, Comparison *comparison)
{
	Oid			opclass = GetDefaultOpClass(type, BTREE_AM_OID);

	if (!OidIsValid(opclass))
		return false;
	comparison->opfamily = get_opclass_family(opclass);
	comparison->declared = get_opclass_input_type(opclass);
	comparison->collation = collation;
	/* Operators of enums, arrays, ranges and rows take whatever is one. */
	comparison->type = IsPolymorphicType(comparison->declared) || comparison->declared == RECORDOID
		? type : comparison->declared;
	if (exprType((Node *) *column) != comparison->type)
		*column = (Expr *) makeRelabelType(*column, comparison->type, -1, collation, COERCE_IMPLICIT_CAST);
	return true;
}

/* Returns a constant of a type. */
static Expr *
make_constant(Oid type, Datum value)
{
	int16		length;
	bool		by_value;

	get_typlenbyval(type, &length, &by_value);
	return (Expr *) makeConst(type, -1, get_typcollation(type), length, value, false, by_value);
}

/* Returns a constant array. */
static Expr *
make_constant_array(Oid element, int count, Datum *values)
{
	int16		length;
	bool		by_value;
	char		align;
	Oid			array_type = get_array_type(element);

	if (!OidIsValid(array_type))
		return NULL;
	get_typlenbyvalalign(element, &length, &by_value, &align);
	return (Expr *) makeConst(array_type, -1, get_typcollation(array_type), -1,
							  PointerGetDatum(construct_array(values, count, element, length, by_value, align)),
							  false, false);
}

/* Returns a comparison of a column with a constant by a B-tree strategy. */
static Expr *
compare_with(Expr *column, const Comparison *comparison, int strategy, Datum constant)
{
	Oid			operator = get_opfamily_member(comparison->opfamily, comparison->declared, comparison->declared, strategy);

	if (!OidIsValid(operator))
		return NULL;
	return make_opclause(operator, BOOLOID, false, copyObject(column),
						 make_constant(comparison->type, constant),
						 InvalidOid, comparison->collation);
}

/* Returns "column = ANY (constants)". */
static Expr *
compare_with_any(Expr *column, const Comparison *comparison, int count, Datum *constants)
{
	ScalarArrayOpExpr *any;
	Expr	   *array = make_constant_array(comparison->type, count, constants);
	Oid			operator = get_opfamily_member(comparison->opfamily, comparison->declared, comparison->declared,
											   BTEqualStrategyNumber);

	if (array == NULL || !OidIsValid(operator))
		return NULL;
	any = makeNode(ScalarArrayOpExpr);
	any->opno = operator;
	any->opfuncid = get_opcode(operator);
	any->useOr = true;
	any->inputcollid = comparison->collation;
	any->args = list_make2(copyObject(column), array);
	any->location = -1;
	return (Expr *) any;
}

/* Returns a comparison with constants by an operator of the language (of is_not and not_in: the positive form). */
static Expr *
compare(Expr *column, const Comparison *comparison, PersonaOperator operator, int count, Datum *constants)
{
	Expr	   *low;
	Expr	   *high;

	switch (operator)
	{
		case PERSONA_AT_LEAST:
			return compare_with(column, comparison, BTGreaterEqualStrategyNumber, constants[0]);
		case PERSONA_MORE_THAN:
			return compare_with(column, comparison, BTGreaterStrategyNumber, constants[0]);
		case PERSONA_AT_MOST:
			return compare_with(column, comparison, BTLessEqualStrategyNumber, constants[0]);
		case PERSONA_LESS_THAN:
			return compare_with(column, comparison, BTLessStrategyNumber, constants[0]);
		case PERSONA_BETWEEN:
			low = compare_with(column, comparison, BTGreaterEqualStrategyNumber, constants[0]);
			high = compare_with(column, comparison, BTLessEqualStrategyNumber, constants[1]);
			return low == NULL || high == NULL ? NULL : join_expressions(AND_EXPR, list_make2(low, high));
		default:
			return count == 1 ? compare_with(column, comparison, BTEqualStrategyNumber, constants[0])
				: compare_with_any(column, comparison, count, constants);
	}
}

/* Returns a column of characters as text; NULL when that is not what the evaluation reads. */
static Expr *
text_column(Expr *column)
{
	Oid			type = getBaseType(exprType((Node *) column));
	Oid			collation = exprCollation((Node *) column);

	/* The padding of character(n) does not count. */
	if (type == BPCHAROID)
		return (Expr *) makeFuncExpr(F_TEXT_BPCHAR, TEXTOID, list_make1(makeRelabelType(column, BPCHAROID, -1, collation,
																						COERCE_IMPLICIT_CAST)),
									 collation, collation, COERCE_IMPLICIT_CAST);
	if (type == TEXTOID && exprType((Node *) column) == TEXTOID)
		return column;
	if (!IsBinaryCoercible(type, TEXTOID))
		return NULL;
	return (Expr *) makeRelabelType(column, TEXTOID, -1, collation, COERCE_IMPLICIT_CAST);
}

/* Returns a text in lower case. */
static Expr *
lower_column(Expr *column, Oid collation)
{
	return (Expr *) makeFuncExpr(F_LOWER_TEXT, TEXTOID, list_make1(column), collation, collation, COERCE_EXPLICIT_CALL);
}

/* Writes a text as a pattern of LIKE that matches only it. */
static void
append_like(StringInfo pattern, const char *text)
{
	for (; *text != '\0'; text++)
	{
		if (*text == '%' || *text == '_' || *text == '\\')
			appendStringInfoChar(pattern, '\\');
		appendStringInfoChar(pattern, *text);
	}
}

/* Folds a test of a text against a pattern. */
static Expr *
fold_pattern(const PersonaRowTest *test, Expr *column)
{
	const char *text;
	bool		ignore_case;
	Oid			collation;
	Oid			operator = OID_TEXT_LIKE_OP;
	StringInfoData pattern;

	(void) persona_row_test_pattern(test, &text, &ignore_case, &collation);
	column = text_column(column);
	if (column == NULL)
		return NULL;
	initStringInfo(&pattern);
	switch (persona_row_test_operator(test))
	{
		case PERSONA_STARTS_WITH:
			operator = OID_TEXT_STARTS_WITH_OP;
			appendStringInfoString(&pattern, text);
			break;
		case PERSONA_ENDS_WITH:
			appendStringInfoChar(&pattern, '%');
			append_like(&pattern, text);
			break;
		case PERSONA_CONTAINS:
			appendStringInfoChar(&pattern, '%');
			append_like(&pattern, text);
			appendStringInfoChar(&pattern, '%');
			break;
		case PERSONA_LIKE:
			appendStringInfoString(&pattern, text);
			break;
		default:
			operator = ignore_case ? OID_TEXT_ICREGEXEQ_OP : OID_TEXT_REGEXEQ_OP;
			appendStringInfoString(&pattern, text);
			break;
	}
	if (ignore_case && persona_row_test_operator(test) != PERSONA_MATCHES)
		column = lower_column(column, collation);
	/* Bytes are compared, which a nondeterministic collation would not let these operators do. */
	if (!get_collation_isdeterministic(collation))
	{
		collation = C_COLLATION_OID;
		column = (Expr *) makeRelabelType(column, TEXTOID, -1, collation, COERCE_IMPLICIT_CAST);
	}
	return make_opclause(operator, BOOLOID, false, column,
						 make_constant(TEXTOID, CStringGetTextDatum(pattern.data)),
						 InvalidOid, collation);
}

/* Folds a comparison of texts in lower case. */
static Expr *
fold_caseless(const PersonaRowTest *test, Expr *column, int count, Datum *constants, Oid collation)
{
	Comparison	comparison;

	column = text_column(column);
	if (column == NULL)
		return NULL;
	column = lower_column(column, collation);
	if (!find_comparison(TEXTOID, collation, &column, &comparison))
		return NULL;
	return compare(column, &comparison, persona_row_test_operator(test), count, constants);
}

/* Folds a test of what is in an array. */
static Expr *
fold_elements(const PersonaRowTest *test, Expr *column, int count, Datum *constants, Oid element, Oid collation)
{
	Oid			array = persona_row_test_type(test);
	Expr	   *list = make_constant_array(element, count, constants);

	/* Arrays of domains are no arrays of their base types. */
	if (list == NULL || get_element_type(array) != element)
		return NULL;
	if (exprType((Node *) column) != array)
		column = (Expr *) makeRelabelType(column, array, -1, exprCollation((Node *) column), COERCE_IMPLICIT_CAST);
	return make_opclause(persona_row_test_operator(test) == PERSONA_CONTAINS_ALL ? OID_ARRAY_CONTAINS_OP : OID_ARRAY_OVERLAP_OP,
						 BOOLOID, false, column, list, InvalidOid, collation);
}

/* Folds a test of a date or time with a literal. */
static Expr *
fold_range(const PersonaRowTest *test, Expr *column, Datum from, Datum until)
{
	Comparison	comparison;
	Expr	   *low;
	Expr	   *high;

	if (!find_comparison(persona_row_test_type(test), InvalidOid, &column, &comparison))
		return NULL;
	if (persona_row_test_operator(test) == PERSONA_BEFORE)
		return compare_with(column, &comparison, BTLessStrategyNumber, from);
	low = compare_with(column, &comparison, BTGreaterEqualStrategyNumber,
					   persona_row_test_operator(test) == PERSONA_AFTER ? until : from);
	if (persona_row_test_operator(test) == PERSONA_AFTER)
		return low;
	high = compare_with(column, &comparison, BTLessStrategyNumber, until);
	return low == NULL || high == NULL ? NULL : join_expressions(AND_EXPR, list_make2(low, high));
}

/* Folds a test of a column; returns NULL when it can't be said with expressions. */
static Expr *
fold_test(Folder *folder, const PersonaRowTest *test)
{
	int			count;
	Datum	   *constants;
	Datum		from;
	Datum		until;
	Oid			type;
	Oid			collation;
	const char *pattern;
	bool		ignore_case;
	Expr	   *folded = NULL;
	bool		nullable;
	PersonaOperator operator = persona_row_test_operator(test);
	Expr	   *column = column_of(folder, persona_row_test_column(test), &nullable);

	if (column == NULL)
		return NULL;
	if (persona_row_test_constants(test, &count, &constants, &type, &collation))
	{
		Comparison	comparison;
		Expr	   *fitting = column;

		/* As one writes it by hand. */
		if (type == BOOLOID && count == 1)
			folded = DatumGetBool(constants[0]) ? column : makeBoolExpr(NOT_EXPR, list_make1(column), -1);
		else if (find_comparison(type, collation, &fitting, &comparison))
			folded = compare(fitting, &comparison, operator, count, constants);
	}
	else if (persona_row_test_caseless(test, &count, &constants, &collation))
		folded = fold_caseless(test, column, count, constants, collation);
	else if (persona_row_test_pattern(test, &pattern, &ignore_case, &collation))
		folded = fold_pattern(test, column);
	else if (persona_row_test_elements(test, &count, &constants, &type, &collation))
		folded = fold_elements(test, column, count, constants, type, collation);
	else if (persona_row_test_range(test, &from, &until))
		folded = fold_range(test, column, from, until);
	if (folded == NULL)
		return NULL;
	if (operator == PERSONA_IS_NOT || operator == PERSONA_NOT_IN || operator == PERSONA_CONTAINS_NONE)
		return complement(folded);
	return known_and(folder, folded, column, nullable);
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

/* Folds a node below IS NOT TRUE, where NULL counts as false. */
static Expr *
fold_negated(Folder *folder, int number)
{
	bool		outer = folder->null_is_false;
	Expr	   *folded;

	folder->null_is_false = true;
	folded = fold_node(folder, number);
	folder->null_is_false = outer;
	return folded;
}

/*
 * Folds what has to hold for a node to hold, if it can't be folded as a whole;
 * returns NULL when nothing of it can be said.
 */
static Expr *
fold_necessary(Folder *folder, int number)
{
	const PersonaNode *node = &folder->program->set->nodes[number];
	Expr	   *whole = fold_node(folder, number);
	List	   *parts = NIL;

	check_stack_depth();
	if (whole != NULL)
		return whole;
	if (node->kind == PERSONA_NODE_PER || node->kind == PERSONA_NODE_HELD)
		return fold_necessary(folder, node->parts[0]);
	if (node->kind != PERSONA_NODE_ALL && node->kind != PERSONA_NODE_ANY)
		return NULL;
	for (int i = 0; i < node->count; i++)
	{
		Expr	   *part = fold_necessary(folder, node->parts[i]);

		if (part != NULL)
			parts = lappend(parts, part);
		else if (node->kind == PERSONA_NODE_ANY)
			return NULL;
	}
	if (parts == NIL)
		return NULL;
	return join_expressions(node->kind == PERSONA_NODE_ALL ? AND_EXPR : OR_EXPR, parts);
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
				Expr	   *part = fold_negated(folder, node->parts[0]);

				return part == NULL ? NULL : complement(part);
			}
		case PERSONA_NODE_TEST:
			{
				const PersonaRowTest *test = folder->shape->tests[node->test];

				if (!persona_row_test_is_plain_column(test))
					return NULL;
				if (persona_row_test_operator(test) == PERSONA_KNOWN)
					return fold_known(folder, test, node->source->test->known);
				return fold_test(folder, test);
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

/* How often a call occurs in a query, and how often where NULL counts as false. */
typedef struct Occurrences
{
	const FuncExpr *call;
	int			all;
	int			in_filters;
} Occurrences;

/* Tells whether an expression is the call; where it is written, arguments with defaults may be missing. */
static bool
is_call(const Node *node, const FuncExpr *call)
{
	const FuncExpr *written = (const FuncExpr *) node;

	if (!IsA(node, FuncExpr) || written->funcid != call->funcid
		|| list_length(written->args) > list_length(call->args))
		return false;
	for (int i = 0; i < list_length(written->args); i++)
		if (!equal(list_nth(written->args, i), list_nth(call->args, i)))
			return false;
	return true;
}

/* Counts the occurrences of a call in an expression or query. */
static bool
count_all(Node *node, Occurrences *occurrences)
{
	if (node == NULL)
		return false;
	if (is_call(node, occurrences->call))
		occurrences->all++;
	return expression_tree_walker(node, count_all, occurrences);
}

/* Counts the occurrences of a call in a filter, joined by AND and OR only. */
static void
count_in_filter(Node *node, Occurrences *occurrences)
{
	ListCell   *cell;

	if (node == NULL)
		return;
	if (is_call(node, occurrences->call))
		occurrences->in_filters++;
	else if (IsA(node, List))
		foreach(cell, (List *) node)
			count_in_filter(lfirst(cell), occurrences);
	else if (IsA(node, BoolExpr) && ((BoolExpr *) node)->boolop != NOT_EXPR)
		foreach(cell, ((BoolExpr *) node)->args)
			count_in_filter(lfirst(cell), occurrences);
}

/* Counts the occurrences of a call in WHERE and ON. */
static void
count_in_jointree(Node *node, Occurrences *occurrences)
{
	ListCell   *cell;

	if (node == NULL)
		return;
	if (IsA(node, FromExpr))
	{
		count_in_filter(((FromExpr *) node)->quals, occurrences);
		foreach(cell, ((FromExpr *) node)->fromlist)
			count_in_jointree(lfirst(cell), occurrences);
	}
	else if (IsA(node, JoinExpr))
	{
		count_in_filter(((JoinExpr *) node)->quals, occurrences);
		count_in_jointree(((JoinExpr *) node)->larg, occurrences);
		count_in_jointree(((JoinExpr *) node)->rarg, occurrences);
	}
}

/*
 * Tells whether NULL counts as false where a call stands.  The planner does not
 * say where that is, so all places in the query where it is written are looked
 * at; it has to be written in filters only.
 */
static bool
is_filter(const PlannerInfo *root, const FuncExpr *call)
{
	Occurrences occurrences = {call, 0, 0};

	(void) query_tree_walker(root->parse, count_all, &occurrences,
							 QTW_IGNORE_RT_SUBQUERIES | QTW_IGNORE_CTE_SUBQUERIES);
	count_in_jointree((Node *) root->parse->jointree, &occurrences);
	return occurrences.all > 0 && occurrences.all == occurrences.in_filters;
}

/* Returns "filter AND persona.holds_rest(customer, condition, as_of)". */
static Expr *
filter_before(const FuncExpr *call, Expr *filter, const char *condition)
{
	Oid			types[3] = {ANYELEMENTOID, TEXTOID, TIMESTAMPTZOID};
	oidvector  *arguments = buildoidvector(types, 3);
	Oid			function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("holds_rest"),
										   PointerGetDatum(arguments),
										   ObjectIdGetDatum(get_func_namespace(call->funcid)));
	Expr	   *text = make_constant(TEXTOID, CStringGetTextDatum(condition));
	Expr	   *rest;

	if (!OidIsValid(function))
		return NULL;
	rest = (Expr *) makeFuncExpr(function, BOOLOID,
								 list_make3(copyObject(linitial(call->args)), text, copyObject(lthird(call->args))),
								 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	return join_expressions(AND_EXPR, list_make2(filter, rest));
}

/* Folds the condition of a call, as a whole or what has to hold of it. */
static Expr *
fold_call(Folder *folder, const FuncExpr *call, const char *condition)
{
	int			node = folder->program->conditions[0];
	Expr	   *folded;

	/* The plan may outlive a transaction that sees older definitions than others do. */
	if (folder->program->cohort_count > 0 && IsolationUsesXactSnapshot())
		return NULL;
	folder->null_is_false = is_filter(folder->root, call);
	folded = fold_node(folder, node);
	if (folded != NULL || !folder->null_is_false)
		return folded;
	folded = fold_necessary(folder, node);
	return folded == NULL ? NULL : filter_before(call, folded, condition);
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
	folded = fold_call(&folder, call, text);
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
