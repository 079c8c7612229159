/*
 * program_type.c - the type persona.program, its hash and its check.
 */
#include "postgres.h"

#include "catalog/program.h"
#include "compat.h"
#include "host.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(persona_program_in);
PG_FUNCTION_INFO_V1(persona_unpacked);
PG_FUNCTION_INFO_V1(persona_program_out);
PG_FUNCTION_INFO_V1(persona_program_recv);
PG_FUNCTION_INFO_V1(persona_program_send);
PG_FUNCTION_INFO_V1(persona_program_hash);
PG_FUNCTION_INFO_V1(persona_check_program);

/* Returns the length of a program's text. */
static int
text_length(const PersonaProgramValue *value)
{
	return VARSIZE(value) - offsetof(PersonaProgramValue, text);
}

/* Makes a program of a text that must at least be JSON; the rest is checked when it is compiled. */
static PersonaProgramValue *
checked_value(const char *text, size_t length)
{
	(void) persona_enter_definition("program", NULL, ERRCODE_INVALID_TEXT_REPRESENTATION);
	(void) persona_json_read(text, length);
	return persona_program_value(text, length);
}

/* persona.program input: its JSON; errors: 22P02 when it is no JSON. */
Datum
persona_program_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);

	PG_RETURN_POINTER(checked_value(text, strlen(text)));
}

/* persona.program output: its JSON. */
Datum
persona_program_out(PG_FUNCTION_ARGS)
{
	PersonaProgramValue *value = PG_GETARG_PROGRAM_P(0);

	PG_RETURN_CSTRING(pnstrdup(value->text, text_length(value)));
}

/* persona.program binary input: its JSON; the hash is computed anew. */
Datum
persona_program_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			length;
	char	   *text = pq_getmsgtext(message, message->len - message->cursor, &length);

	PG_RETURN_POINTER(checked_value(text, length));
}

/* persona.program binary output: its JSON. */
Datum
persona_program_send(PG_FUNCTION_ARGS)
{
	PersonaProgramValue *value = PG_GETARG_PROGRAM_P(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendtext(&message, value->text, text_length(value));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* persona.program_hash(program): SHA-256 of its JSON, 32 bytes; what a contact keeps to name the program. */
Datum
persona_program_hash(PG_FUNCTION_ARGS)
{
	PersonaProgramValue *value = PG_GETARG_PROGRAM_P(0);
	bytea	   *hash = palloc(VARHDRSZ + PERSONA_HASH_SIZE);

	SET_VARSIZE(hash, VARHDRSZ + PERSONA_HASH_SIZE);
	memcpy(VARDATA(hash), value->hash, PERSONA_HASH_SIZE);
	PG_RETURN_BYTEA_P(hash);
}

/* Warns of a condition that decides nothing, or of a trigger that has no moment. */
static void
warn_of_senseless(const PersonaProgram *program)
{
	for (int c = 0; c < program->condition_count; c++)
	{
		int			constant = persona_conditions_constant(program->set,
															 program->customers == NULL ? NULL : program->customers->tests,
															 program->conditions[c]);
		const char *name = program->condition_names[c];

		if (name == NULL)
			continue;
		if (constant >= 0)
			ereport(WARNING,
					(errmsg("the condition of %s %s", name, constant ? "always holds" : "can never hold")));
		else if (strncmp(name, "trigger ", 8) == 0 && !program->set->nodes[program->conditions[c]].timed)
			ereport(WARNING,
					(errmsg("%s has no moment at which it fires", name),
					 errdetail("Its condition changes neither with events nor with time, so it never becomes true; it holds or it does not."),
					 errhint("Such a condition is a cohort; a trigger asks for an event, a sequence or a date.")));
	}
}

/*
 * persona.check_program(program): compiles everything, and binds it to the row
 * types of the bound relations if customers are bound.  NULL: nothing is
 * checked.  Errors: what is wrong, and where.
 */
Datum
persona_check_program(PG_FUNCTION_ARGS)
{
	PersonaProgram *program;
	MemoryContext work;
	MemoryContext outer;

	if (PG_ARGISNULL(0))
		PG_RETURN_VOID();
	work = AllocSetContextCreate(CurrentMemoryContext, "persona check", ALLOCSET_DEFAULT_SIZES);
	outer = MemoryContextSwitchTo(work);
	program = persona_program_compile(PG_GETARG_PROGRAM_P(0), work);
	persona_program_check(program);
	warn_of_senseless(program);
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(work);
	PG_RETURN_VOID();
}

/* persona.unpacked(program): the same value, neither compressed nor in pieces. */
Datum
persona_unpacked(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_DETOAST_DATUM(PG_GETARG_DATUM(0)));
}
