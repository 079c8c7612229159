/*
 * text_types.c - the types persona.condition and persona.hours.
 *
 * Both keep the text as it was written and check it on the way in.  What only
 * a table can tell (does the column exist, is the value of its type) is checked
 * when the definition is stored in a configuration table.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "compat.h"
#include "condition/condition.h"
#include "core/hours.h"
#include "fmgr.h"
#include "host.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(persona_condition_in);
PG_FUNCTION_INFO_V1(persona_condition_out);
PG_FUNCTION_INFO_V1(persona_condition_recv);
PG_FUNCTION_INFO_V1(persona_condition_send);
PG_FUNCTION_INFO_V1(persona_hours_in);
PG_FUNCTION_INFO_V1(persona_hours_out);
PG_FUNCTION_INFO_V1(persona_hours_recv);
PG_FUNCTION_INFO_V1(persona_hours_send);

/* Fails if a regular expression in a condition is none. */
static void
check_patterns(const PersonaCondition *condition)
{
	const PersonaTest *test = condition->test;

	check_stack_depth();
	if (condition->kind == PERSONA_ATTRIBUTE && test->operator == PERSONA_MATCHES)
	{
		const char *pattern = test->operands[0]->text;
		int			length = strlen(pattern);
		pg_wchar   *wide = palloc((length + 1) * sizeof(pg_wchar));
		regex_t		compiled;
		int			code = pg_regcomp(&compiled, wide, pg_mb2wchar_with_len(pattern, wide, length),
									  REG_ADVANCED | REG_NOSUB, DEFAULT_COLLATION_OID);

		if (code != REG_OKAY)
		{
			char		message[100];

			pg_regerror(code, &compiled, message, sizeof(message));
			persona_fail(ERRCODE_INVALID_REGULAR_EXPRESSION, test->path,
						 psprintf("\"%s\" is not a regular expression: %s", pattern, message), NULL);
		}
		pg_regfree(&compiled);
	}
	for (int i = 0; i < condition->count; i++)
		check_patterns(condition->parts[i]);
	if (condition->where != NULL)
		check_patterns(condition->where);
	if (condition->one_where != NULL)
		check_patterns(condition->one_where);
	for (int s = 0; s < condition->step_count; s++)
		if (condition->steps[s].where != NULL)
			check_patterns(condition->steps[s].where);
}

/* Returns a condition's text as a value, after it was read. */
static text *
make_condition(const char *written, int length)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "persona condition", ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(work);

	(void) persona_enter_definition("condition", NULL, ERRCODE_INVALID_TEXT_REPRESENTATION);
	check_patterns(persona_condition_read(persona_json_read(written, length), "$"));
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(work);
	return cstring_to_text_with_len(written, length);
}

/* Returns hours' text as a value, after it was parsed. */
static text *
make_hours(const char *written, int length)
{
	(void) persona_enter_definition("hours", NULL, ERRCODE_INVALID_TEXT_REPRESENTATION);
	(void) pcore_hours_parse(written, length);
	return cstring_to_text_with_len(written, length);
}

/* Returns the text that a binary message holds. */
static char *
receive_text(FunctionCallInfo fcinfo, int *length)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);

	return pq_getmsgtext(message, message->len - message->cursor, length);
}

/* Returns the binary message of a text. */
static Datum
send_text(FunctionCallInfo fcinfo)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendtext(&message, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/*
 * persona.condition input: JSON of the condition language.
 * Errors: 22P02 with the JSON path when it is none; 2201B for a bad regular expression.
 */
Datum
persona_condition_in(PG_FUNCTION_ARGS)
{
	char	   *written = PG_GETARG_CSTRING(0);

	PG_RETURN_TEXT_P(make_condition(written, strlen(written)));
}

/* persona.condition output: the JSON as it was written. */
Datum
persona_condition_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(TextDatumGetCString(PG_GETARG_DATUM(0)));
}

/* persona.condition binary input: the text, checked as by the input function. */
Datum
persona_condition_recv(PG_FUNCTION_ARGS)
{
	int			length;
	char	   *written = receive_text(fcinfo, &length);

	PG_RETURN_TEXT_P(make_condition(written, length));
}

/* persona.condition binary output: the text. */
Datum
persona_condition_send(PG_FUNCTION_ARGS)
{
	return send_text(fcinfo);
}

/*
 * persona.hours input: weekly hours such as "Mon-Fri 09:00-18:00; Sat 10:00-14:00".
 * Errors: 22P02 naming the part that is wrong.
 */
Datum
persona_hours_in(PG_FUNCTION_ARGS)
{
	char	   *written = PG_GETARG_CSTRING(0);

	PG_RETURN_TEXT_P(make_hours(written, strlen(written)));
}

/* persona.hours output: the hours as they were written. */
Datum
persona_hours_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(TextDatumGetCString(PG_GETARG_DATUM(0)));
}

/* persona.hours binary input: the text, checked as by the input function. */
Datum
persona_hours_recv(PG_FUNCTION_ARGS)
{
	int			length;
	char	   *written = receive_text(fcinfo, &length);

	PG_RETURN_TEXT_P(make_hours(written, length));
}

/* persona.hours binary output: the text. */
Datum
persona_hours_send(PG_FUNCTION_ARGS)
{
	return send_text(fcinfo);
}
