/*
 * row_test.c - binds tests to row types and evaluates them.
 *
 * Comparisons use the column type's own B-tree comparison and the column's
 * collation.  Domains count as their base type.  json is read as jsonb; inside
 * it a value of another kind than the operand is no match.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "condition/row_value.h"
#include "core/moment.h"
#include "funcapi.h"
#include "host.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/formatting.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#define ALWAYS_TRUE pcore_truth_constant(true)
#define ALWAYS_FALSE pcore_truth_constant(false)

/* An operand in the type of the column. */
typedef struct Constant
{
	Datum		value;
	PersonaJsonKind kind;
	const char *text;
	bool		local;			/* a wall-clock time: an instant only in a zone */
	PcoreMoment moment;
} Constant;

struct PersonaRowTest
{
	const PersonaTest *test;
	PersonaOperator operator;
	PersonaRowValue *value;
	bool		is_text;		/* the type is text or coerces to it */
	FmgrInfo	compare;		/* B-tree comparison of the type, or of the elements */
	Oid			compare_collation;
	int			count;
	Constant   *constants;
	char	   *pattern;		/* of the text operators, lower case if case is ignored */
	Datum		pattern_text;
	PcoreMoment moment;			/* of before, after and on with a date */
	Oid			element;		/* of arrays */
	int16		element_length;
	bool		element_by_value;
	char		element_align;
	PcoreZone	zone;			/* a named zone */
	bool		has_zone;
};

/* Tells whether a type is a string of characters. */
static bool
is_text_type(Oid type)
{
	char		category;
	bool		preferred;

	if (type == TEXTOID || type == VARCHAROID || type == BPCHAROID || type == NAMEOID)
		return true;
	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_STRING;
}

/* Tells whether a type is a number. */
static bool
is_number_type(Oid type)
{
	char		category;
	bool		preferred;

	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_NUMERIC;
}

/* Tells whether a test's outcome depends on as_of. */
bool
persona_test_is_relative(const PersonaTest *test)
{
	switch (test->operator)
	{
		case PERSONA_WITHIN_LAST:
		case PERSONA_WITHIN_NEXT:
		case PERSONA_ANNIVERSARY_WITHIN:
			return true;
		case PERSONA_BEFORE:
		case PERSONA_AFTER:
		case PERSONA_ON:
			return test->period.kind != PERSONA_PERIOD_LITERAL;
		default:
			return false;
	}
}

/* Returns the path of one operand. */
static const char *
operand_path(const PersonaTest *test, int index)
{
	if (test->operator == PERSONA_IN || test->operator == PERSONA_NOT_IN || test->operator == PERSONA_BETWEEN
		|| test->operator == PERSONA_CONTAINS_ANY || test->operator == PERSONA_CONTAINS_ALL
		|| test->operator == PERSONA_CONTAINS_NONE)
		return psprintf("%s[%d]", test->path, index);
	return test->path;
}

/* Calls a type's input function; what the value itself causes becomes our error. */
static Datum
input_value(Oid type, char *text, const char *path)
{
	Oid			input;
	Oid			io_param;
	Datum		result = (Datum) 0;
	MemoryContext context = CurrentMemoryContext;

	getTypeInputInfo(type, &input, &io_param);
	PG_TRY();
	{
		result = OidInputFunctionCall(input, text, io_param, -1);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		FlushErrorState();
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, path, error->message, NULL);
	}
	PG_END_TRY();
	return result;
}

/* Converts an operand to a type, or fails with the path. */
static Datum
convert_operand(const PersonaJson *operand, Oid type, const char *path)
{
	const char *text = operand->text;
	bool		fits;

	if (operand->kind == PERSONA_JSON_TRUE || operand->kind == PERSONA_JSON_FALSE)
	{
		fits = type == BOOLOID;
		text = operand->kind == PERSONA_JSON_TRUE ? "true" : "false";
	}
	else if (operand->kind == PERSONA_JSON_NUMBER)
		fits = is_number_type(type);
	else
		fits = type != BOOLOID && !is_number_type(type);
	if (!fits)
		persona_fail(ERRCODE_DATATYPE_MISMATCH, path,
					 psprintf("%s is no value for type %s", persona_json_kind_name(operand->kind), format_type_be(type)),
					 is_text_type(type) ? "Write the value as a string, in double quotes." : NULL);
	return input_value(type, (char *) text, path);
}

/* Returns text in lower case. */
static Datum
lower_text(const char *string, Oid collation)
{
	return CStringGetTextDatum(str_tolower(string, strlen(string), collation));
}

/* Binds the operand of a comparison. */
static void
bind_constant(PersonaRowTest *bound, int index, Oid type)
{
	const PersonaTest *test = bound->test;
	const PersonaJson *operand = test->operands[index];
	const char *path = operand_path(test, index);
	Constant   *constant = &bound->constants[index];

	constant->kind = operand->kind;
	constant->text = operand->text;
	if (type == JSONBOID)
	{
		/* Compared by kind, so only the number has to be made. */
		if (operand->kind == PERSONA_JSON_NUMBER)
			constant->value = convert_operand(operand, NUMERICOID, path);
		else if (operand->kind == PERSONA_JSON_STRING)
			constant->value = CStringGetTextDatum(test->ignore_case
												  ? str_tolower(operand->text, strlen(operand->text), DEFAULT_COLLATION_OID)
												  : operand->text);
		return;
	}
	if (persona_is_time_type(type))
	{
		if (operand->kind != PERSONA_JSON_STRING || !pcore_moment_parse(operand->text, &constant->moment))
			persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, path,
						 psprintf("a date or time such as \"2026-03-01\" or \"2026-03-01 10:00+01\" is expected for type %s",
								  format_type_be(type)), NULL);
		if (type == TIMESTAMPTZOID)
		{
			constant->local = !constant->moment.fixed;
			constant->value = TimestampTzGetDatum(constant->moment.local);
		}
		else if (constant->moment.fixed)
			persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, path,
						 psprintf("type %s has no time zone", format_type_be(type)), "Leave out the offset.");
		else if (type == TIMESTAMPOID)
			constant->value = TimestampGetDatum(constant->moment.local);
		else if (!constant->moment.date_only)
			persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, path, "type date has no time of day", NULL);
		else
			constant->value = DateADTGetDatum((DateADT) pcore_day_of(constant->moment.local));
		return;
	}
	constant->value = convert_operand(operand, type, path);
	if (test->ignore_case && is_text_type(type))
		constant->value = lower_text(persona_text_of(type, NULL, constant->value), bound->compare_collation);
}

/* Finds the comparison of a type. */
static void
bind_compare(PersonaRowTest *bound, Oid type, Oid collation)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_CMP_PROC);

	if (!OidIsValid(entry->cmp_proc))
		persona_fail(ERRCODE_UNDEFINED_FUNCTION, bound->test->path,
					 psprintf("values of type %s can't be compared", format_type_be(type)), NULL);
	fmgr_info_cxt(entry->cmp_proc, &bound->compare, CurrentMemoryContext);
	bound->compare_collation = collation;
}

/* Reports an operator that the type of the column does not have. */
static void
wrong_type(const PersonaRowTest *bound, const char *column, const char *needs)
{
	persona_fail(ERRCODE_DATATYPE_MISMATCH, bound->test->path,
				 psprintf("\"%s\" needs %s, and \"%s\" is of type %s",
						  persona_operator_name(bound->test->operator), needs, column,
						  format_type_be(bound->value->type)), NULL);
}

/* Binds the operands of a list test on an array. */
static void
bind_elements(PersonaRowTest *bound, const char *column)
{
	Oid			type = bound->value->type;

	if (type == JSONBOID)
		bound->element = JSONBOID;
	else
	{
		bound->element = get_element_type(type);
		if (!OidIsValid(bound->element))
			wrong_type(bound, column, "an array");
		bound->element = getBaseType(bound->element);
		get_typlenbyvalalign(bound->element, &bound->element_length, &bound->element_by_value,
							 &bound->element_align);
		bind_compare(bound, bound->element,
					 OidIsValid(bound->value->collation) ? bound->value->collation : get_typcollation(bound->element));
		if (persona_is_time_type(bound->element))
			wrong_type(bound, column, "an array of other than dates and times");
	}
	for (int i = 0; i < bound->count; i++)
		bind_constant(bound, i, bound->element);
}

/* Binds the pattern of a text test. */
static void
bind_pattern(PersonaRowTest *bound, const char *column)
{
	const PersonaTest *test = bound->test;
	const char *text = test->operands[0]->text;
	Oid			collation = OidIsValid(bound->value->collation) ? bound->value->collation : DEFAULT_COLLATION_OID;

	if (!is_text_type(bound->value->type) && bound->value->type != JSONBOID)
		wrong_type(bound, column, "text");
	if ((test->operator == PERSONA_LIKE || test->operator == PERSONA_MATCHES)
		&& !get_collation_isdeterministic(collation))
		persona_fail(ERRCODE_FEATURE_NOT_SUPPORTED, test->path,
					 psprintf("\"%s\" does not work with the nondeterministic collation of \"%s\"",
							  persona_operator_name(test->operator), column), NULL);
	bound->compare_collation = collation;
	bound->pattern = test->ignore_case && test->operator != PERSONA_MATCHES
		? str_tolower(text, strlen(text), collation) : pstrdup(text);
	bound->pattern_text = CStringGetTextDatum(bound->pattern);
}

/* Refuses a range that no value is in: low above high. */
static void
check_range(PersonaRowTest *bound)
{
	const Constant *low = &bound->constants[0];
	const Constant *high = &bound->constants[1];
	bool		empty;

	if (bound->operator != PERSONA_BETWEEN || low->kind != high->kind)
		return;
	if (bound->value->type == JSONBOID)
		empty = low->kind == PERSONA_JSON_STRING
			&& DatumGetInt32(DirectFunctionCall2Coll(bttextcmp, DEFAULT_COLLATION_OID, low->value, high->value)) > 0;
	else if (low->local != high->local)
		empty = false;			/* depends on the zone */
	else
		empty = DatumGetInt32(FunctionCall2Coll(&bound->compare, bound->compare_collation, low->value, high->value)) > 0;
	if (empty)
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, bound->test->path,
					 "the range is empty: low is more than high", NULL);
}

/* Takes on the rights of a relation's owner, if that means less of them. */
PersonaRights
persona_take_owners_rights(const PersonaRowShape *shape)
{
	PersonaRights rights;
	Oid			type = shape->desc->tdtypeid;
	Oid			relation = type == RECORDOID ? InvalidOid : get_typ_typrelid(type);
	HeapTuple	tuple = OidIsValid(relation) ? SearchSysCache1(RELOID, ObjectIdGetDatum(relation)) : NULL;

	GetUserIdAndSecContext(&rights.user, &rights.security);
	if (HeapTupleIsValid(tuple))
	{
		Oid			owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;

		ReleaseSysCache(tuple);
		if (owner != rights.user && has_privs_of_role(rights.user, owner))
			SetUserIdAndSecContext(owner, rights.security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	}
	return rights;
}

/* Gives them back; an error does so, too. */
void
persona_give_rights_back(PersonaRights rights)
{
	SetUserIdAndSecContext(rights.user, rights.security);
}

/* Binds an attribute's test to a row type, whose owner's code may run. */
static PersonaRowTest *
bind_test(const PersonaCondition *condition, const PersonaRowShape *shape, bool *missing)
{
	const PersonaTest *test = condition->test;
	PersonaRowTest *bound = palloc0(sizeof(PersonaRowTest));
	Oid			type;

	bound->test = test;
	bound->operator = test->operator;
	bound->value = persona_row_value_bind(condition->name, shape, condition->name_path, missing);
	if (test->zone != NULL)
	{
		bound->has_zone = persona_zone_find(test->zone, &bound->zone);
		if (!bound->has_zone)
			pcore_fail(psprintf("%s.zone", condition->path), psprintf("time zone \"%s\" is unknown", test->zone), NULL);
	}
	if (bound->value->column == 0)
		return bound;
	type = bound->value->type;
	bound->is_text = is_text_type(type);
	bound->count = test->count;
	bound->constants = palloc0(sizeof(Constant) * Max(test->count, 1));
	switch (bound->operator)
	{
		case PERSONA_IS:
		case PERSONA_IS_NOT:
		case PERSONA_IN:
		case PERSONA_NOT_IN:
		case PERSONA_AT_LEAST:
		case PERSONA_MORE_THAN:
		case PERSONA_AT_MOST:
		case PERSONA_LESS_THAN:
		case PERSONA_BETWEEN:
			if (test->ignore_case && !bound->is_text && type != JSONBOID)
				wrong_type(bound, condition->name, "text for \"case\"");
			/* Without case, texts are compared, whatever type of text they are. */
			if (type != JSONBOID)
				bind_compare(bound, test->ignore_case ? TEXTOID : type, bound->value->collation);
			for (int i = 0; i < bound->count; i++)
				bind_constant(bound, i, type);
			check_range(bound);
			break;
		case PERSONA_STARTS_WITH:
		case PERSONA_ENDS_WITH:
		case PERSONA_CONTAINS:
		case PERSONA_LIKE:
		case PERSONA_MATCHES:
			bind_pattern(bound, condition->name);
			break;
		case PERSONA_CONTAINS_ANY:
		case PERSONA_CONTAINS_ALL:
		case PERSONA_CONTAINS_NONE:
			bind_elements(bound, condition->name);
			break;
		case PERSONA_KNOWN:
			break;
		case PERSONA_WITHIN_LAST:
		case PERSONA_WITHIN_NEXT:
		case PERSONA_BEFORE:
		case PERSONA_AFTER:
		case PERSONA_ON:
		case PERSONA_ANNIVERSARY_WITHIN:
			if (!persona_is_time_type(type) && type != JSONBOID)
				wrong_type(bound, condition->name, "a date or time");
			if (test->period.kind == PERSONA_PERIOD_LITERAL && !pcore_moment_parse(test->period.text, &bound->moment))
				persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, test->path,
							 psprintf("\"%s\" is not a date or time such as \"2026-03-01\" or \"2026-03-01 10:00+01\"",
									  test->period.text), NULL);
			break;
	}
	return bound;
}

/* Binds an attribute's test to a row type. */
PersonaRowTest *
persona_row_test_bind(const PersonaCondition *condition, const PersonaRowShape *shape, bool *missing)
{
	PersonaRights rights = persona_take_owners_rights(shape);
	PersonaRowTest *bound = bind_test(condition, shape, missing);

	persona_give_rights_back(rights);
	return bound;
}

/* Returns the number of the last column that a test reads. */
int
persona_row_test_column(const PersonaRowTest *test)
{
	return test->value->column;
}

/* Returns the operator of a bound test. */
PersonaOperator
persona_row_test_operator(const PersonaRowTest *bound)
{
	return bound->operator;
}

/* Returns the collation of the value that a bound test reads. */
Oid
persona_row_test_collation(const PersonaRowTest *bound)
{
	return bound->value->collation;
}

/* Tells whether a test reads a column as it is, not a part of it. */
bool
persona_row_test_is_plain_column(const PersonaRowTest *bound)
{
	return bound->value->column > 0 && bound->value->depth == 0 && bound->value->keys == 0
		&& !bound->value->from_json && bound->value->type != JSONBOID;
}

/* Returns the constants of a comparison; false when they are no constants of the column's type. */
bool
persona_row_test_constants(const PersonaRowTest *bound, int *count, Datum **constants, Oid *type, Oid *collation)
{
	if (bound->operator > PERSONA_BETWEEN || bound->test->ignore_case)
		return false;
	*constants = palloc(sizeof(Datum) * bound->count);
	for (int i = 0; i < bound->count; i++)
	{
		if (bound->constants[i].local)
			return false;
		(*constants)[i] = bound->constants[i].value;
	}
	*count = bound->count;
	*type = bound->value->type;
	*collation = bound->value->collation;
	return true;
}

/* Returns the pattern of a text test, and its collation; false when it is none. */
bool
persona_row_test_pattern(const PersonaRowTest *bound, const char **pattern, bool *ignore_case, Oid *collation)
{
	if (bound->pattern == NULL)
		return false;
	*pattern = bound->pattern;
	*ignore_case = bound->test->ignore_case;
	*collation = bound->compare_collation;
	return true;
}

/* Returns the constants of a comparison that ignores case, in lower case; false when it is none. */
bool
persona_row_test_caseless(const PersonaRowTest *bound, int *count, Datum **constants, Oid *collation)
{
	if (bound->operator > PERSONA_BETWEEN || !bound->test->ignore_case)
		return false;
	*constants = palloc(sizeof(Datum) * bound->count);
	for (int i = 0; i < bound->count; i++)
		(*constants)[i] = bound->constants[i].value;
	*count = bound->count;
	*collation = bound->compare_collation;
	return true;
}

/* Returns the elements that a list test of an array looks for; false when it is none. */
bool
persona_row_test_elements(const PersonaRowTest *bound, int *count, Datum **constants, Oid *element, Oid *collation)
{
	if (bound->operator < PERSONA_CONTAINS_ANY || bound->operator > PERSONA_CONTAINS_NONE
		|| bound->value->type == JSONBOID)
		return false;
	*constants = palloc(sizeof(Datum) * bound->count);
	for (int i = 0; i < bound->count; i++)
		(*constants)[i] = bound->constants[i].value;
	*count = bound->count;
	*element = bound->element;
	*collation = bound->compare_collation;
	return true;
}

/* Tells whether a literal is compared with the column on the wall clock, whatever the zone. */
static bool
is_clock_test(const PersonaRowTest *bound)
{
	if (bound->test->period.kind != PERSONA_PERIOD_LITERAL || bound->moment.fixed)
		return false;
	return bound->value->type == TIMESTAMPOID
		|| (bound->value->type == DATEOID && bound->moment.date_only);
}

/* The offset of UTC. */
static PcoreDuration
utc_offset(const PcoreZone *zone, PcoreInstant instant, PcoreInstant *from, PcoreInstant *until)
{
	*from = PCORE_BEGIN_OF_TIME;
	*until = PCORE_END_OF_TIME;
	return 0;
}

/* On the wall clock of UTC a local time is its own number. */
static const PcoreZone wall_clock = {utc_offset, NULL};

/* Returns the range of values that a test of a date or time with a literal names. */
bool
persona_row_test_range(const PersonaRowTest *bound, Datum *from, Datum *until)
{
	const PcoreZone *zone = bound->has_zone ? &bound->zone : &wall_clock;
	PcoreInstant begin;
	PcoreInstant end;

	if (bound->operator < PERSONA_BEFORE || bound->operator > PERSONA_ON
		|| bound->test->period.kind != PERSONA_PERIOD_LITERAL)
		return false;
	if (is_clock_test(bound))
		zone = &wall_clock;
	else if (bound->value->type != TIMESTAMPTZOID || (!bound->moment.fixed && !bound->has_zone))
		return false;
	begin = pcore_moment_begin(&bound->moment, zone);
	end = pcore_moment_end(&bound->moment, zone);
	if (bound->value->type == DATEOID)
	{
		*from = DateADTGetDatum((DateADT) pcore_day_of(begin));
		*until = DateADTGetDatum((DateADT) pcore_day_of(end));
		return true;
	}
	*from = TimestampTzGetDatum(begin);
	*until = TimestampTzGetDatum(end);
	return true;
}

/* Returns the base type of the value that a test reads. */
Oid
persona_row_test_type(const PersonaRowTest *bound)
{
	return bound->value->type;
}

/* Compares a value with a constant of its type. */
static int
compare_constant(const PersonaRowTest *bound, Datum value, const Constant *constant, const PcoreZone *zone)
{
	if (constant->local)
	{
		int64		instant = DatumGetTimestampTz(value);
		int64		begin = pcore_moment_begin(&constant->moment, zone);

		return (instant > begin) - (instant < begin);
	}
	return DatumGetInt32(FunctionCall2Coll((FmgrInfo *) &bound->compare, bound->compare_collation,
										   value, constant->value));
}

/* Tells whether the order of a value and a constant fulfills an operator. */
static bool
order_fits(PersonaOperator operator, int order)
{
	switch (operator)
	{
		case PERSONA_AT_LEAST:
			return order >= 0;
		case PERSONA_MORE_THAN:
			return order > 0;
		case PERSONA_AT_MOST:
			return order <= 0;
		case PERSONA_LESS_THAN:
			return order < 0;
		default:
			return order == 0;
	}
}

/* Tells whether an absent value passes a test. */
static bool
passes_absent(const PersonaRowTest *bound)
{
	return bound->operator == PERSONA_IS_NOT || bound->operator == PERSONA_NOT_IN
		|| bound->operator == PERSONA_CONTAINS_NONE
		|| (bound->operator == PERSONA_KNOWN && !bound->test->known);
}

/* Tells whether a constant of one comparison passes another of the same attribute. */
static bool
constant_passes(const PersonaRowTest *bound, Datum constant)
{
	bool		negated = bound->operator == PERSONA_IS_NOT || bound->operator == PERSONA_NOT_IN;

	if (bound->operator == PERSONA_BETWEEN)
		return compare_constant(bound, constant, &bound->constants[0], NULL) >= 0
			&& compare_constant(bound, constant, &bound->constants[1], NULL) <= 0;
	for (int i = 0; i < bound->count; i++)
		if (order_fits(bound->operator, compare_constant(bound, constant, &bound->constants[i], NULL)))
			return !negated;
	return negated;
}

/* A test, or its complement. */
typedef struct Literal
{
	const PersonaRowTest *test;
	bool		negated;
} Literal;

/* The constants above or below which no present value passes; NULL without. */
typedef struct Bounds
{
	const Constant *low;
	const Constant *high;
	bool		open;			/* the constant itself does not pass */
} Bounds;

/* Finds the bounds of a comparison with an order, or of its complement. */
static Bounds
find_bounds(Literal literal)
{
	const Constant *constants = literal.test->constants;

	switch (literal.test->operator)
	{
		case PERSONA_AT_LEAST:
			return literal.negated ? (Bounds) {NULL, constants, true} : (Bounds) {constants, NULL, false};
		case PERSONA_MORE_THAN:
			return literal.negated ? (Bounds) {NULL, constants, false} : (Bounds) {constants, NULL, true};
		case PERSONA_AT_MOST:
			return literal.negated ? (Bounds) {constants, NULL, true} : (Bounds) {NULL, constants, false};
		case PERSONA_LESS_THAN:
			return literal.negated ? (Bounds) {constants, NULL, false} : (Bounds) {NULL, constants, true};
		case PERSONA_BETWEEN:
			/* The complement has two parts. */
			return literal.negated ? (Bounds) {NULL, NULL, false} : (Bounds) {&constants[0], &constants[1], false};
		default:
			return (Bounds) {NULL, NULL, false};
	}
}

/* Tells whether all present values that pass one are above all that pass the other. */
static bool
is_above(Literal a, Literal b)
{
	Bounds		above = find_bounds(a);
	Bounds		below = find_bounds(b);
	int			order;

	if (above.low == NULL || below.high == NULL)
		return false;
	order = compare_constant(a.test, above.low->value, below.high, NULL);
	return order > 0 || (order == 0 && (above.open || below.open));
}

/* Tells whether a test compares with constants that can be compared among themselves. */
static bool
has_plain_constants(const PersonaRowTest *bound)
{
	if (bound->operator > PERSONA_BETWEEN || bound->value->column == 0 || bound->value->type == JSONBOID
		|| bound->test->ignore_case)
		return false;
	for (int i = 0; i < bound->count; i++)
		if (bound->constants[i].local)
			return false;
	return true;
}

/* Tells whether only the constants of a test pass it, or its complement. */
static bool
is_list(Literal literal)
{
	bool		positive = literal.test->operator == PERSONA_IS || literal.test->operator == PERSONA_IN;
	bool		negative = literal.test->operator == PERSONA_IS_NOT || literal.test->operator == PERSONA_NOT_IN;

	return has_plain_constants(literal.test) && (literal.negated ? negative : positive);
}

/* Tells whether none of the constants of a list passes all the others. */
static bool
is_list_refused(Literal list, const Literal *others, int count)
{
	for (int i = 0; i < list.test->count; i++)
	{
		bool		passes = true;

		for (int o = 0; o < count && passes; o++)
			if (has_plain_constants(others[o].test))
				passes = constant_passes(others[o].test, list.test->constants[i].value) != others[o].negated;
		if (passes)
			return false;
	}
	return true;
}

/*
 * Tells whether no value, the absent one included, passes all of several tests
 * of the same attribute, or their complements; false when that is not known.
 * Ranges have a value in common if each two of them do.
 */
bool
persona_row_tests_exclude(const PersonaRowTest *const *tests, const bool *negated, int count)
{
	Literal    *literals = palloc(sizeof(Literal) * count);
	bool		absent = true;	/* passes all */
	bool		only_absent = false;

	for (int i = 0; i < count; i++)
	{
		literals[i] = (Literal) {tests[i], negated[i]};
		absent &= passes_absent(tests[i]) != negated[i];
		only_absent |= tests[i]->operator == PERSONA_KNOWN && tests[i]->test->known == negated[i];
	}
	if (absent)
		return false;
	if (only_absent)
		return true;
	for (int i = 0; i < count; i++)
	{
		if (is_list(literals[i]) && is_list_refused(literals[i], literals, count))
			return true;
		for (int j = 0; j < count && has_plain_constants(tests[i]); j++)
			if (has_plain_constants(tests[j]) && is_above(literals[i], literals[j]))
				return true;
	}
	return false;
}

/* Compares a json scalar with a constant; returns false when they are of different kinds. */
static bool
compare_json(const PersonaRowTest *bound, const JsonbValue *scalar, const Constant *constant, int *order)
{
	switch (constant->kind)
	{
		case PERSONA_JSON_NUMBER:
			if (scalar->type != jbvNumeric)
				return false;
			*order = DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(scalar->val.numeric),
													   constant->value));
			return true;
		case PERSONA_JSON_STRING:
			{
				text	   *value;

				if (scalar->type != jbvString)
					return false;
				if (bound->test->ignore_case)
					value = cstring_to_text(str_tolower(scalar->val.string.val, scalar->val.string.len,
														DEFAULT_COLLATION_OID));
				else
					value = cstring_to_text_with_len(scalar->val.string.val, scalar->val.string.len);
				*order = DatumGetInt32(DirectFunctionCall2Coll(bttextcmp, DEFAULT_COLLATION_OID,
															   PointerGetDatum(value), constant->value));
				return true;
			}
		default:
			if (scalar->type != jbvBool)
				return false;
			*order = (int) scalar->val.boolean - (int) (constant->kind == PERSONA_JSON_TRUE);
			return true;
	}
}

/* Tells whether a present value passes a comparison (is_not and not_in: their positive form). */
static bool
passes_comparison(const PersonaRowTest *bound, Datum value, const PcoreZone *zone)
{
	JsonbValue	scalar;
	bool		json = bound->value->type == JSONBOID;
	int			order;

	if (json && !persona_json_scalar(value, &scalar))
		return false;
	if (bound->test->ignore_case && !json)
	{
		value = lower_text(persona_text_of(bound->value->type, (FmgrInfo *) &bound->value->output, value),
						   bound->compare_collation);
	}
	if (bound->operator == PERSONA_BETWEEN)
	{
		if (json)
			return compare_json(bound, &scalar, &bound->constants[0], &order) && order >= 0
				&& compare_json(bound, &scalar, &bound->constants[1], &order) && order <= 0;
		return compare_constant(bound, value, &bound->constants[0], zone) >= 0
			&& compare_constant(bound, value, &bound->constants[1], zone) <= 0;
	}
	for (int i = 0; i < bound->count; i++)
	{
		if (json)
		{
			if (!compare_json(bound, &scalar, &bound->constants[i], &order))
				continue;
		}
		else
			order = compare_constant(bound, value, &bound->constants[i], zone);
		if (order_fits(bound->operator, order))
			return true;
	}
	return false;
}

/* Tells whether a present value passes a text test. */
static bool
passes_pattern(const PersonaRowTest *bound, Datum value)
{
	char	   *string;
	size_t		length;
	size_t		pattern_length = strlen(bound->pattern);

	if (bound->value->type == JSONBOID)
	{
		JsonbValue	scalar;

		if (!persona_json_scalar(value, &scalar) || scalar.type != jbvString)
			return false;
		string = pnstrdup(scalar.val.string.val, scalar.val.string.len);
	}
	else
		string = persona_text_of(bound->value->type, (FmgrInfo *) &bound->value->output, value);
	if (bound->test->ignore_case && bound->operator != PERSONA_MATCHES)
		string = str_tolower(string, strlen(string), bound->compare_collation);
	length = strlen(string);
	switch (bound->operator)
	{
		case PERSONA_STARTS_WITH:
			return length >= pattern_length && memcmp(string, bound->pattern, pattern_length) == 0;
		case PERSONA_ENDS_WITH:
			return length >= pattern_length
				&& memcmp(string + length - pattern_length, bound->pattern, pattern_length) == 0;
		case PERSONA_CONTAINS:
			return strstr(string, bound->pattern) != NULL;
		case PERSONA_LIKE:
			return DatumGetBool(DirectFunctionCall2Coll(textlike, bound->compare_collation,
														CStringGetTextDatum(string), bound->pattern_text));
		default:
			return DatumGetBool(DirectFunctionCall2Coll(bound->test->ignore_case ? texticregexeq : textregexeq,
														bound->compare_collation,
														CStringGetTextDatum(string), bound->pattern_text));
	}
}

/* Tells whether a present array or json array contains any, or all, of the constants. */
static bool
passes_list(const PersonaRowTest *bound, Datum value, bool all)
{
	int			count = 0;
	bool	   *found = palloc0(sizeof(bool) * bound->count);

	if (bound->value->type == JSONBOID)
	{
		Jsonb	   *json = DatumGetJsonbP(value);
		JsonbIterator *iterator;
		JsonbValue	element;
		JsonbIteratorToken token;

		if (!JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json))
			return false;
		iterator = JsonbIteratorInit(&json->root);
		while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
		{
			int			order;

			if (token != WJB_ELEM)
				continue;
			for (int i = 0; i < bound->count; i++)
				if (!found[i] && element.type != jbvNull && element.type != jbvBinary
					&& compare_json(bound, &element, &bound->constants[i], &order) && order == 0)
				{
					found[i] = true;
					count++;
				}
		}
	}
	else
	{
		ArrayType  *array = DatumGetArrayTypeP(value);
		Datum	   *elements;
		bool	   *absent;
		int			n;

		/* Elements of a domain are stored as its base type stores them. */
		deconstruct_array(array, ARR_ELEMTYPE(array), bound->element_length,
						  bound->element_by_value, bound->element_align, &elements, &absent, &n);
		for (int e = 0; e < n; e++)
			for (int i = 0; i < bound->count; i++)
				if (!absent[e] && !found[i]
					&& DatumGetInt32(FunctionCall2Coll((FmgrInfo *) &bound->compare, bound->compare_collation,
													   elements[e], bound->constants[i].value)) == 0)
				{
					found[i] = true;
					count++;
				}
	}
	return all ? count == bound->count : count > 0;
}

/* Reads a value as an instant; returns false when it is none. */
static bool
read_instant(const PersonaRowTest *bound, Datum value, const PcoreZone *zone, PcoreInstant *instant)
{
	switch (bound->value->type)
	{
		case TIMESTAMPTZOID:
			*instant = DatumGetTimestampTz(value);
			return true;
		case TIMESTAMPOID:
			*instant = DatumGetTimestamp(value);
			if (!TIMESTAMP_NOT_FINITE(*instant))
				*instant = pcore_clock_instant(zone, *instant);
			return true;
		case DATEOID:
			if (DATE_NOT_FINITE(DatumGetDateADT(value)))
				*instant = DATE_IS_NOBEGIN(DatumGetDateADT(value)) ? PCORE_BEGIN_OF_TIME : PCORE_END_OF_TIME;
			else
				*instant = pcore_instant(zone, (int64) DatumGetDateADT(value) * PCORE_DAY);
			return true;
		default:
			{
				JsonbValue	scalar;
				PcoreMoment moment;

				if (!persona_json_scalar(value, &scalar) || scalar.type != jbvString
					|| !pcore_moment_parse(pnstrdup(scalar.val.string.val, scalar.val.string.len), &moment))
					return false;
				*instant = pcore_moment_begin(&moment, zone);
				return true;
			}
	}
}

/* Returns the truth that holds in one stretch of time. */
static PcoreTruth
one_span(PcoreInstant from, PcoreInstant until)
{
	PcoreSpan	span = {from, until};

	return pcore_truth_any_span(&span, 1, PCORE_BEGIN_OF_TIME);
}

/* Returns the begin of the calendar unit of an instant, moved by some units. */
static PcoreInstant
unit_begin(const PcoreZone *zone, PcoreInstant instant, PcoreUnit unit, int64 shift)
{
	return pcore_instant(zone, pcore_unit_start(pcore_local(zone, instant), unit, shift));
}

/* Returns the truth of a test relative to a calendar period around as_of. */
static PcoreTruth
calendar_truth(PersonaOperator operator, const PersonaPeriod *period, PcoreInstant instant, const PcoreZone *zone)
{
	/* The value's unit u and as_of's unit now: from <= u - now < until. */
	PcoreInstant enters = unit_begin(zone, instant, period->unit, 1 - period->until);
	PcoreInstant leaves = unit_begin(zone, instant, period->unit, 1 - period->from);

	if (operator == PERSONA_BEFORE)
		return one_span(leaves, PCORE_END_OF_TIME);
	if (operator == PERSONA_AFTER)
		return one_span(PCORE_BEGIN_OF_TIME, enters);
	return one_span(enters, leaves);
}

/* Anniversaries are foreseen for so many years. */
#define FORESEEN_YEARS 10

/* Returns the truth of a window around the anniversaries of a day, from a start on. */
static PcoreTruth
anniversary_truth(const PersonaTest *test, PcoreInstant instant, const PcoreZone *zone, PersonaView view)
{
	int64_t		year;
	int			month;
	int			day;
	PcoreSpan  *spans;
	int			count = 0;
	int64_t		first;
	int64_t		last;
	int			unused;

	pcore_civil_from_days(pcore_day_of(pcore_local(zone, instant)), &year, &month, &day);
	pcore_civil_from_days(pcore_day_of(view.as_of), &last, &unused, &unused);
	/* A window reaches at most a year and a day from its anniversary. */
	first = Max(year + 1, view.past ? year + 1 : last - 2);
	last = Max(last + FORESEEN_YEARS, first);
	spans = palloc(sizeof(PcoreSpan) * (last - first + 1));
	for (int64_t y = first; y <= last; y++)
	{
		bool		leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
		/* 29 February counts on 1 March in common years. */
		int64_t		anniversary = month == 2 && day == 29 && !leap
			? pcore_days_from_civil(y, 3, 1) : pcore_days_from_civil(y, month, day);

		/* today + from <= anniversary <= today + until */
		spans[count].from = pcore_instant(zone, (anniversary - test->until_days) * PCORE_DAY);
		spans[count].until = pcore_instant(zone, (anniversary - test->from_days + 1) * PCORE_DAY);
		count++;
	}
	return pcore_truth_any_span(spans, count, PCORE_BEGIN_OF_TIME);
}

/* Returns the truth of a test of an instant that is relative to as_of. */
static PcoreTruth
relative_truth(const PersonaTest *test, PcoreInstant instant, const PcoreZone *zone, PersonaView view)
{
	bool		finite = instant != PCORE_BEGIN_OF_TIME && instant != PCORE_END_OF_TIME;

	switch (test->operator)
	{
		case PERSONA_WITHIN_LAST:
			return finite ? one_span(instant, pcore_add(instant, test->period.length)) : ALWAYS_FALSE;
		case PERSONA_WITHIN_NEXT:
			return finite ? one_span(pcore_add(instant, -test->period.length), instant) : ALWAYS_FALSE;
		case PERSONA_ANNIVERSARY_WITHIN:
			return finite ? anniversary_truth(test, instant, zone, view) : ALWAYS_FALSE;
		default:
			break;
	}
	if (!finite)
		return pcore_truth_constant((test->operator == PERSONA_BEFORE && instant == PCORE_BEGIN_OF_TIME)
									|| (test->operator == PERSONA_AFTER && instant == PCORE_END_OF_TIME));
	if (test->period.kind == PERSONA_PERIOD_CALENDAR)
		return calendar_truth(test->operator, &test->period, instant, zone);
	/* Earlier than so long ago; later than in so long. */
	if (test->operator == PERSONA_BEFORE)
		return one_span(pcore_add(instant, test->period.length), PCORE_END_OF_TIME);
	return one_span(PCORE_BEGIN_OF_TIME, pcore_add(instant, -test->period.length));
}

/* Returns the truth of a test of a present date or time. */
static PcoreTruth
time_truth(const PersonaRowTest *bound, Datum value, const PcoreZone *zone, PersonaView view)
{
	PcoreInstant instant;

	/* Two wall-clock times are compared as such. */
	if (is_clock_test(bound))
		zone = &wall_clock;
	if (!read_instant(bound, value, zone, &instant))
		return ALWAYS_FALSE;
	if (persona_test_is_relative(bound->test))
		return relative_truth(bound->test, instant, zone, view);
	if (bound->operator == PERSONA_BEFORE)
		return pcore_truth_constant(instant < pcore_moment_begin(&bound->moment, zone));
	if (bound->operator == PERSONA_AFTER)
		return pcore_truth_constant(instant >= pcore_moment_end(&bound->moment, zone));
	return pcore_truth_constant(instant >= pcore_moment_begin(&bound->moment, zone)
								&& instant < pcore_moment_end(&bound->moment, zone));
}

/* Tells whether a bound test's outcome depends on as_of. */
bool
persona_row_test_is_relative(const PersonaRowTest *bound)
{
	return persona_test_is_relative(bound->test);
}

/* Keeps what a relative test reads: an instant, a wall-clock time, or nothing. */
char *
persona_row_test_keep(const PersonaRowTest *bound, const Datum *values, const bool *nulls)
{
	Datum		value;
	PcoreInstant instant;
	char		kind = bound->value->type == TIMESTAMPTZOID ? 'i' : bound->value->type == DATEOID ? 'd' : 'l';

	if (!persona_row_value_fetch(bound->value, values, nulls, &value))
		return pstrdup("-");
	if (bound->value->type == JSONBOID)
	{
		JsonbValue	scalar;
		PcoreMoment moment;

		if (!persona_json_scalar(value, &scalar) || scalar.type != jbvString
			|| !pcore_moment_parse(pnstrdup(scalar.val.string.val, scalar.val.string.len), &moment))
			return pstrdup("-");
		return psprintf("%c" INT64_FORMAT, moment.fixed ? 'i' : moment.date_only ? 'd' : 'l', moment.local);
	}
	if (!read_instant(bound, value, &wall_clock, &instant))
		return pstrdup("-");
	return psprintf("%c" INT64_FORMAT, kind, instant);
}

/* Returns the truth of a relative test of what persona_row_test_keep kept. */
PcoreTruth
persona_kept_truth(const PersonaTest *test, const char *kept, const PcoreZone *zone, PersonaView view)
{
	PcoreZone	named;
	int64		number;

	if (*kept == '-')
		return ALWAYS_FALSE;
	if (test->zone != NULL && persona_zone_find(test->zone, &named))
		zone = &named;
	number = strtoll(kept + 1, NULL, 10);
	if (*kept == 'd')
		number = pcore_instant(zone, number);
	else if (*kept == 'l')
		number = pcore_clock_instant(zone, number);
	return relative_truth(test, number, zone, view);
}

/* Returns what a test looks at, for people. */
char *
persona_row_test_shown(const PersonaRowTest *bound, const Datum *values, const bool *nulls, const PcoreZone *zone)
{
	char	   *text = persona_row_value_text(bound->value, values, nulls, true, bound->has_zone ? &bound->zone : zone);

	if (text != NULL && bound->value->type == BOOLOID)
		return pstrdup(text[0] == 't' ? "true" : "false");
	return text;
}

/* Evaluates a test on the columns of a row, in the zone of its customer. */
PcoreTruth
persona_row_test_truth(const PersonaRowTest *bound, const Datum *values, const bool *nulls, const PcoreZone *zone,
					   PersonaView view)
{
	Datum		value;
	bool		present = persona_row_value_fetch(bound->value, values, nulls, &value);

	if (bound->has_zone)
		zone = &bound->zone;
	/* json null is absent. */
	if (present && bound->value->type == JSONBOID && JB_ROOT_IS_SCALAR(DatumGetJsonbP(value)))
	{
		JsonbValue	scalar;

		present = persona_json_scalar(value, &scalar);
	}
	switch (bound->operator)
	{
		case PERSONA_KNOWN:
			return pcore_truth_constant(present == bound->test->known);
		case PERSONA_IS_NOT:
		case PERSONA_NOT_IN:
			return pcore_truth_constant(!(present && passes_comparison(bound, value, zone)));
		case PERSONA_CONTAINS_NONE:
			return pcore_truth_constant(!(present && passes_list(bound, value, false)));
		default:
			break;
	}
	if (!present)
		return ALWAYS_FALSE;
	switch (bound->operator)
	{
		case PERSONA_STARTS_WITH:
		case PERSONA_ENDS_WITH:
		case PERSONA_CONTAINS:
		case PERSONA_LIKE:
		case PERSONA_MATCHES:
			return pcore_truth_constant(passes_pattern(bound, value));
		case PERSONA_CONTAINS_ANY:
			return pcore_truth_constant(passes_list(bound, value, false));
		case PERSONA_CONTAINS_ALL:
			return pcore_truth_constant(passes_list(bound, value, true));
		case PERSONA_WITHIN_LAST:
		case PERSONA_WITHIN_NEXT:
		case PERSONA_BEFORE:
		case PERSONA_AFTER:
		case PERSONA_ON:
		case PERSONA_ANNIVERSARY_WITHIN:
			return time_truth(bound, value, zone, view);
		default:
			return pcore_truth_constant(passes_comparison(bound, value, zone));
	}
}
