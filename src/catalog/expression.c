/*
 * expression.c - SQL expressions in definitions, from text to a number.
 *
 * Reading parses the text and lists what it reads; nothing is looked up in the
 * catalogs.  Binding resolves names with a search_path of pg_catalog, and types
 * of literals with fixed settings, so that the same text means the same to
 * everybody.  Analyzing may already run input functions of types, so foreign
 * names are refused before, and what is volatile or not ours after it.
 */
#include "postgres.h"

#include "catalog/expression.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "host.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/params.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_type.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#define HINT "An expression computes a number from columns, with operators and immutable functions of PostgreSQL."

struct PersonaBoundExpression
{
	const PersonaExpression *expression;
	ExprState  *state;
	ExprContext *context;
	ParamListInfo params;
	int		   *columns;		/* by operand: the customer's column, or 0 */
};

/* ---- errors ---- */

/* Reports what is wrong with an expression. */
static void
fail(int sqlstate, const char *place, const char *message, const char *hint)
{
	(void) persona_enter_definition("expression", NULL, sqlstate);
	persona_fail(sqlstate, place, message, hint);
}

/* Reports an error of PostgreSQL's parser as one of the expression. */
static void
report_as_ours(const char *place)
{
	ErrorData  *error = CopyErrorData();
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	/* Cancelling, memory and the like are not about the expression, and ours are told already. */
	if ((category != ERRCODE_TO_CATEGORY(ERRCODE_SYNTAX_ERROR) && category != ERRCODE_TO_CATEGORY(ERRCODE_DATA_EXCEPTION)
		 && category != ERRCODE_TO_CATEGORY(ERRCODE_FEATURE_NOT_SUPPORTED))
		|| strncmp(error->message, "invalid expression", 18) == 0)
		PG_RE_THROW();
	FlushErrorState();
	ereport(ERROR,
			(errcode(error->sqlerrcode),
			 errmsg("invalid expression: %s", error->message),
			 errdetail("At %s.", place),
			 errhint("%s", error->hint != NULL ? error->hint : error->detail != NULL ? error->detail : HINT)));
}

/* ---- reading ---- */

typedef struct Reader
{
	PersonaConditions *set;
	PersonaExpression *expression;
} Reader;

/* Splits the names of a column reference: scope (NULL: the customer) and the rest. */
static void
split_reference(const PersonaExpression *expression, const ColumnRef *reference, const char **scope, const char **name)
{
	StringInfoData rest;
	ListCell   *cell;
	int			count = 0;

	*scope = NULL;
	initStringInfo(&rest);
	foreach(cell, reference->fields)
	{
		if (!IsA(lfirst(cell), String))
			fail(ERRCODE_SYNTAX_ERROR, expression->place, "a column is expected, not \"*\"", HINT);
		if (count == 0 && list_length(reference->fields) > 1)
			*scope = strVal(lfirst(cell));
		else
			appendStringInfo(&rest, "%s%s", rest.len > 0 ? "." : "", strVal(lfirst(cell)));
		count++;
	}
	*name = rest.data;
	if (*scope != NULL && strcmp(*scope, "customer") == 0)
	{
		*scope = NULL;
		if (count > 2)
			fail(ERRCODE_SYNTAX_ERROR, expression->place, psprintf("\"customer.%s\" is no column", *name),
				 "Parts of a column are written (column).part, or column ->> 'part' of json.");
	}
}

/* Finds an operand, or returns PERSONA_NONE. */
static int
find_operand(const PersonaExpression *expression, const char *scope, const char *name)
{
	for (int o = 0; o < expression->operand_count; o++)
	{
		const PersonaOperand *operand = &expression->operands[o];

		if (strcmp(operand->name, name) == 0
			&& (scope == NULL ? operand->scope == NULL : operand->scope != NULL && strcmp(operand->scope, scope) == 0))
			return o;
	}
	return PERSONA_NONE;
}

/* Lists what a column reference reads. */
static void
read_reference(Reader *reader, const ColumnRef *reference)
{
	PersonaExpression *expression = reader->expression;
	PersonaOperand *operand;
	const char *scope;
	const char *name;
	const char *alias;

	split_reference(expression, reference, &scope, &name);
	if (find_operand(expression, scope, name) != PERSONA_NONE)
		return;
	expression->operands = repalloc(expression->operands, sizeof(PersonaOperand) * (expression->operand_count + 1));
	operand = &expression->operands[expression->operand_count++];
	operand->scope = scope;
	operand->name = name;
	operand->selector = operand->slot = PERSONA_NONE;
	if (scope == NULL)
		return;
	alias = strcmp(scope, "event") == 0 ? NULL : scope;
	if (expression->trigger != PERSONA_NONE)
		operand->selector = persona_speaking_selector(reader->set, expression->trigger, alias);
	if (operand->selector == PERSONA_NONE)
		fail(ERRCODE_UNDEFINED_OBJECT, expression->place, psprintf("there is nothing named \"%s\"", scope),
			 expression->trigger == PERSONA_NONE ? "Without a trigger, only the customer's columns are there."
			 : psprintf("Names here: customer, event%s.", persona_aliases(reader->set, expression->trigger)));
	if (strcmp(name, "at") != 0)
		operand->slot = persona_conditions_slot(reader->set, name, expression->place, operand->selector, false, false);
}

/* Refuses a name that leads out of pg_catalog. */
static void
need_own_name(const PersonaExpression *expression, const List *names, const char *what)
{
	if (list_length(names) > 1 && strcmp(strVal(linitial(names)), "pg_catalog") != 0)
		fail(ERRCODE_FEATURE_NOT_SUPPORTED, expression->place,
			 psprintf("%s %s is not one of PostgreSQL's own", what, NameListToString((List *) names)), HINT);
}

/* Walks through a parsed expression: lists what it reads, and refuses what may not even be analyzed. */
static bool
read_node(Node *node, void *data)
{
	Reader	   *reader = data;

	if (node == NULL)
		return false;
	check_stack_depth();
	switch (nodeTag(node))
	{
		case T_ColumnRef:
			read_reference(reader, (ColumnRef *) node);
			return false;
		case T_SubLink:
			fail(ERRCODE_FEATURE_NOT_SUPPORTED, reader->expression->place, "a query inside is not possible", HINT);
			break;
		case T_ParamRef:
			fail(ERRCODE_SYNTAX_ERROR, reader->expression->place, "there are no parameters", HINT);
			break;
		case T_FuncCall:
			need_own_name(reader->expression, ((FuncCall *) node)->funcname, "function");
			break;
		case T_A_Expr:
			need_own_name(reader->expression, ((A_Expr *) node)->name, "operator");
			break;
		case T_TypeName:
			need_own_name(reader->expression, ((TypeName *) node)->names, "type");
			break;
		default:
			break;
	}
	return raw_expression_tree_walker(node, read_node, data);
}

/* Returns the one expression of a statement, or fails. */
static Node *
only_expression(const List *statements, const char *place)
{
	SelectStmt *select = list_length(statements) == 1
		? (SelectStmt *) linitial_node(RawStmt, statements)->stmt : NULL;
	ResTarget  *target;

	if (select == NULL || !IsA(select, SelectStmt) || select->op != SETOP_NONE || list_length(select->targetList) != 1
		|| select->distinctClause != NIL || select->intoClause != NULL || select->fromClause != NIL
		|| select->whereClause != NULL || select->groupClause != NIL || select->havingClause != NULL
		|| select->windowClause != NIL || select->valuesLists != NIL || select->sortClause != NIL
		|| select->limitOffset != NULL || select->limitCount != NULL || select->lockingClause != NIL
		|| select->withClause != NULL)
		fail(ERRCODE_SYNTAX_ERROR, place, "one expression is expected", HINT);
	target = linitial_node(ResTarget, select->targetList);
	if (target->name != NULL || target->indirection != NIL)
		fail(ERRCODE_SYNTAX_ERROR, place, "one expression is expected", HINT);
	return target->val;
}

/* Parses an expression, and lists what it reads. */
PersonaExpression *
persona_expression_read(PersonaConditions *set, int trigger, const char *text, const char *place)
{
	PersonaExpression *expression = palloc0(sizeof(PersonaExpression));
	Reader		reader = {set, expression};
	MemoryContext caller = CurrentMemoryContext;
	List	   *volatile statements = NIL;

	expression->place = place;
	expression->trigger = trigger;
	expression->operands = palloc(sizeof(PersonaOperand));
	PG_TRY();
	{
		/* The line feed ends a comment that would hide the parenthesis. */
		statements = raw_parser(psprintf("SELECT (%s\n)", text), RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		report_as_ours(place);
	}
	PG_END_TRY();
	expression->raw = only_expression(statements, place);
	(void) read_node(expression->raw, &reader);
	return expression;
}

/* ---- binding ---- */

typedef struct Binder
{
	PersonaBoundExpression *bound;
	const PersonaRowShape *shape;
	Oid		   *types;			/* by operand */
	int32	   *typmods;
	Oid		   *collations;
} Binder;

/* Makes a parameter of a column reference. */
static Node *
resolve_reference(ParseState *parse, ColumnRef *reference)
{
	Binder	   *binder = parse->p_ref_hook_state;
	Param	   *param = makeNode(Param);
	const char *scope;
	const char *name;
	int			operand;

	split_reference(binder->bound->expression, reference, &scope, &name);
	operand = find_operand(binder->bound->expression, scope, name);
	param->paramkind = PARAM_EXTERN;
	param->paramid = operand + 1;
	param->paramtype = binder->types[operand];
	param->paramtypmod = binder->typmods[operand];
	param->paramcollid = binder->collations[operand];
	param->location = reference->location;
	return (Node *) param;
}

/* Finds a customer's column for an operand. */
static void
bind_column(Binder *binder, int operand)
{
	const PersonaExpression *expression = binder->bound->expression;
	const char *name = expression->operands[operand].name;
	TupleDesc	desc = binder->shape->desc;
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped)
			continue;
		if (strcmp(NameStr(attribute->attname), name) == 0)
		{
			binder->bound->columns[operand] = i + 1;
			binder->types[operand] = attribute->atttypid;
			binder->typmods[operand] = attribute->atttypmod;
			binder->collations[operand] = attribute->attcollation;
			return;
		}
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", NameStr(attribute->attname));
	}
	fail(ERRCODE_UNDEFINED_COLUMN, expression->place, psprintf("%s has no column \"%s\"", binder->shape->name, name),
		 psprintf("Columns are: %s.", list.data));
}

/* Refuses a function that is not immutable or not PostgreSQL's own. */
static bool
refuse_function(Oid function, void *data)
{
	const PersonaExpression *expression = data;

	if (get_func_namespace(function) != PG_CATALOG_NAMESPACE)
		fail(ERRCODE_FEATURE_NOT_SUPPORTED, expression->place,
			 psprintf("function %s is not one of PostgreSQL's own", get_func_name(function)), HINT);
	if (func_volatile(function) != PROVOLATILE_IMMUTABLE)
		fail(ERRCODE_FEATURE_NOT_SUPPORTED, expression->place,
			 psprintf("function %s is not immutable: what it gives depends on settings or on the clock",
					  get_func_name(function)),
			 "A decision is the same whoever asks, and whenever.  Urgency is for what changes with time.");
	return false;
}

/* Refuses a literal whose meaning depends on the clock or on settings. */
static void
check_constant(const PersonaExpression *expression, const Const *constant)
{
	Oid			type = getBaseType(constant->consttype);
	Oid			element = get_element_type(type);

	if (OidIsValid(element))
		type = element;
	/* Intervals are read with fixed settings, and labels of enums mean what they say. */
	if (type != INTERVALOID && !type_is_enum(type) && type != UNKNOWNOID && !constant->constisnull)
	{
		Oid			input;
		Oid			parameter;

		getTypeInputInfo(type, &input, &parameter);
		if (func_volatile(input) != PROVOLATILE_IMMUTABLE)
			fail(ERRCODE_FEATURE_NOT_SUPPORTED, expression->place,
				 psprintf("a literal of type %s may mean something else tomorrow", format_type_be(type)),
				 "Write dates as make_date(2026, 3, 1).");
	}
}

/* Refuses kinds of expressions that are not known to be harmless. */
static bool
check_node(Node *node, void *data)
{
	PersonaExpression *expression = data;

	if (node == NULL)
		return false;
	check_stack_depth();
	switch (nodeTag(node))
	{
		case T_List:
		case T_Param:
		case T_NamedArgExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_FieldSelect:
		case T_RelabelType:
		case T_CoerceViaIO:
		case T_ArrayCoerceExpr:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CaseTestExpr:
		case T_ArrayExpr:
		case T_CoalesceExpr:
		case T_NullTest:
		case T_BooleanTest:
			break;
		case T_FuncExpr:
			if (((FuncExpr *) node)->funcretset)
				fail(ERRCODE_FEATURE_NOT_SUPPORTED, expression->place,
					 psprintf("function %s returns a set", get_func_name(((FuncExpr *) node)->funcid)), HINT);
			break;
		case T_MinMaxExpr:
			(void) refuse_function(lookup_type_cache(((MinMaxExpr *) node)->minmaxtype, TYPECACHE_CMP_PROC)->cmp_proc,
								   expression);
			break;
		case T_SubscriptingRef:
			(void) refuse_function(get_typsubscript(((SubscriptingRef *) node)->refcontainertype, NULL), expression);
			break;
		case T_Const:
			check_constant(expression, (Const *) node);
			break;
		case T_Aggref:
		case T_GroupingFunc:
		case T_WindowFunc:
			fail(ERRCODE_GROUPING_ERROR, expression->place, "an aggregate or window function is not possible", HINT);
			break;
		case T_SQLValueFunction:
			fail(ERRCODE_FEATURE_NOT_SUPPORTED, expression->place, "the clock and the user play no part in a decision",
				 "Urgency is for what changes with time.");
			break;
		default:
			fail(ERRCODE_FEATURE_NOT_SUPPORTED, expression->place, "a construct of SQL is used that is not possible here",
				 HINT);
			break;
	}
	(void) check_functions_in_node(node, refuse_function, expression);
	return expression_tree_walker(node, check_node, data);
}

/* Refuses types of casts that are not PostgreSQL's own, before they are used. */
static bool
check_type_names(Node *node, void *data)
{
	if (node == NULL)
		return false;
	if (IsA(node, TypeName))
	{
		Oid			type = typenameTypeId(NULL, (TypeName *) node);

		if (!OidIsValid(type) || type >= FirstNormalObjectId)
			fail(ERRCODE_FEATURE_NOT_SUPPORTED, ((PersonaExpression *) data)->place,
				 psprintf("type %s is not one of PostgreSQL's own", format_type_be(type)), HINT);
	}
	return raw_expression_tree_walker(node, check_type_names, data);
}

/* Analyzes an expression; settings of the session have no say in it. */
static Node *
analyze(Binder *binder)
{
	const PersonaExpression *expression = binder->bound->expression;
	ParseState *parse = make_parsestate(NULL);
	int			nest = NewGUCNestLevel();
	Node	   *raw = copyObject(expression->raw);
	Node	   *node;
	Oid			type;

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("IntervalStyle", "postgres", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) check_type_names(raw, (void *) expression);
	parse->p_pre_columnref_hook = resolve_reference;
	parse->p_ref_hook_state = binder;
	node = transformExpr(parse, raw, EXPR_KIND_OTHER);
	type = exprType(node);
	node = coerce_to_target_type(parse, node, type, NUMERICOID, -1, COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	if (node == NULL)
		fail(ERRCODE_DATATYPE_MISMATCH, expression->place,
			 psprintf("it gives a value of type %s, and a number is expected", format_type_be(type)), HINT);
	assign_expr_collations(parse, node);
	(void) check_node(node, (void *) expression);
	node = (Node *) expression_planner((Expr *) node);
	AtEOXact_GUC(true, nest);
	free_parsestate(parse);
	return node;
}

/* Refuses a value that is no amount. */
static void
need_finite(const PersonaExpression *expression, Datum value)
{
	if (numeric_is_nan(DatumGetNumeric(value)) || numeric_is_inf(DatumGetNumeric(value)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("invalid expression: it gives %s, which is no amount",
						DatumGetCString(DirectFunctionCall1(numeric_out, value))),
				 errdetail("At %s.", expression->place),
				 errhint("Divide by nullif(..., 0), and guard floating-point numbers.")));
}

/* Analyzes an expression for a row type of customers. */
PersonaBoundExpression *
persona_expression_bind(const PersonaExpression *expression, const PersonaRowShape *shape, PersonaEventType event_type,
						void *data)
{
	int			count = expression->operand_count;
	PersonaBoundExpression *bound = palloc0(sizeof(PersonaBoundExpression));
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(caller, "persona expression", ALLOCSET_SMALL_SIZES);
	Binder		binder = {bound, shape, NULL, NULL, NULL};
	PersonaRights rights = persona_take_owners_rights(shape);
	Node	   *volatile node = NULL;

	bound->expression = expression;
	bound->columns = palloc0(sizeof(int) * (count + 1));
	bound->params = makeParamList(count);
	MemoryContextSwitchTo(work);
	binder.types = palloc0(sizeof(Oid) * (count + 1));
	binder.typmods = palloc0(sizeof(int32) * (count + 1));
	binder.collations = palloc0(sizeof(Oid) * (count + 1));
	for (int o = 0; o < count; o++)
	{
		if (expression->operands[o].scope == NULL)
			bind_column(&binder, o);
		else
		{
			binder.types[o] = event_type(data, expression, &expression->operands[o]);
			binder.typmods[o] = -1;
			binder.collations[o] = get_typcollation(binder.types[o]);
		}
		bound->params->params[o].ptype = binder.types[o];
		bound->params->params[o].pflags = 0;
	}
	PG_TRY();
	{
		node = analyze(&binder);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		report_as_ours(expression->place);
	}
	PG_END_TRY();
	persona_give_rights_back(rights);
	MemoryContextSwitchTo(caller);
	if (IsA(node, Const) && !((Const *) node)->constisnull)
		need_finite(expression, ((Const *) node)->constvalue);
	bound->state = ExecInitExprWithParams((Expr *) copyObject((Node *) node), bound->params);
	bound->context = CreateStandaloneExprContext();
	bound->context->ecxt_param_list_info = bound->params;
	MemoryContextDelete(work);
	return bound;
}

/* ---- evaluation ---- */

/* Names the expression in errors that its evaluation raises. */
static void
name_expression(void *place)
{
	errcontext("expression of %s", (const char *) place);
}

/* Reads a column of an event for a parameter. */
static void
read_event(PersonaEvaluation *evaluation, int trigger, const PersonaOperand *operand, PcoreInstant instant,
		   const char *key, ParamExternData *param)
{
	const PersonaRecord *event = persona_speaking_event(evaluation, trigger,
														strcmp(operand->scope, "event") == 0 ? NULL : operand->scope,
														instant, key);
	const PersonaValue *kept;
	char	   *text;

	param->isnull = true;
	param->value = (Datum) 0;
	if (event == NULL)
		return;
	if (operand->slot == PERSONA_NONE)
	{
		param->isnull = false;
		param->value = Int64GetDatum(event->at);
		return;
	}
	kept = persona_record_value(event, evaluation->words, operand->slot);
	if (kept == NULL)
		return;
	param->isnull = false;
	text = pnstrdup(kept->bytes, kept->length);
	switch (param->ptype)
	{
		case NUMERICOID:
			param->value = DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1));
			break;
		case BOOLOID:
			param->value = DirectFunctionCall1(boolin, CStringGetDatum(text));
			break;
		case TIMESTAMPTZOID:
			param->value = Int64GetDatum(strtoll(text, NULL, 10));
			break;
		default:
			param->value = CStringGetTextDatum(text);
			break;
	}
}

/* Evaluates an expression for a customer. */
Numeric
persona_expression_value(PersonaBoundExpression *bound, PersonaEvaluation *evaluation, PcoreInstant instant,
						 const char *key)
{
	const PersonaExpression *expression = bound->expression;
	ErrorContextCallback callback;
	Datum		value;
	bool		null;
	Numeric		result = NULL;

	callback.callback = name_expression;
	callback.arg = (void *) expression->place;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	for (int o = 0; o < expression->operand_count; o++)
	{
		ParamExternData *param = &bound->params->params[o];

		if (bound->columns[o] > 0)
		{
			param->value = evaluation->values[bound->columns[o] - 1];
			param->isnull = evaluation->nulls[bound->columns[o] - 1];
		}
		else
			read_event(evaluation, expression->trigger, &expression->operands[o], instant, key, param);
	}
	value = ExecEvalExprSwitchContext(bound->state, bound->context, &null);
	if (!null)
	{
		need_finite(expression, value);
		/* Digits that say nothing would be shown with every score. */
		result = DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, value));
	}
	ResetExprContext(bound->context);
	error_context_stack = callback.previous;
	return result;
}
