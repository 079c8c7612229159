/*
 * pass.c - reads all relations once, then asks the question of all customers.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "compat.h"
#include "executor/nodeHash.h"
#include "miscadmin.h"
#include "pass/parts.h"
#include "progress.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define MOST_PARTITION_BITS 9
#define PARTITION_BYTES (1024 * 1024)	/* small enough for the caches */
#define LEAST_PART 2048			/* of memory for a partition of a stream */

/* Guesses how many rows a relation has. */
static double
guess_rows(Relation relation)
{
	double		rows = relation->rd_rel->reltuples;

	if (rows > 0)
		return rows;
	if (RELKIND_HAS_TABLE_AM(relation->rd_rel->relkind))
		return 100.0 * RelationGetNumberOfBlocks(relation);
	return 1000000;
}

/* Adds the rows that a relation has, as far as statistics and blocks tell; -1 if they do not. */
static void
add_known_rows(int64 *sum, Relation relation)
{
	if (relation->rd_rel->reltuples <= 0 && !RELKIND_HAS_TABLE_AM(relation->rd_rel->relkind))
		*sum = -1;
	else if (*sum >= 0)
		*sum += (int64) guess_rows(relation);
}

/* Tells that the relations are going to be read. */
static void
tell_begin(const PersonaPass *pass)
{
	const struct PersonaPassParts *parts = pass->parts;
	int64		customers = 0;
	int64		rows;

	add_known_rows(&customers, parts->customers);
	rows = customers;
	for (int s = 0; s < parts->source_count; s++)
		add_known_rows(&rows, parts->sources[s].relation);
	persona_progress_begin_reading(customers, rows);
}

/* Chooses the number of partitions: as many as make each fit into the caches. */
void
persona_pass_choose_partitions(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	double		bytes = guess_rows(parts->customers) * 64;

	parts->limit = get_hash_memory_limit();
	for (int s = 0; s < parts->source_count; s++)
		bytes += guess_rows(parts->sources[s].relation) * (parts->need_records ? 80 : 24);
	parts->partition_bits = 0;
	while (parts->partition_bits < MOST_PARTITION_BITS && bytes > PARTITION_BYTES
		   && ((Size) LEAST_PART * 2 << (parts->partition_bits + 1)) <= parts->limit / 2)
	{
		parts->partition_bits++;
		bytes /= 2;
	}
}

/* Makes an empty pass and its plan. */
PersonaPass *
persona_pass_make(const PersonaQuestion *question, int argument, PersonaProgram *program, PcoreInstant as_of,
				  bool exact, Tuplestorestate *rows, TupleDesc desc)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "persona pass", ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(context);
	PersonaPass *pass = palloc0(sizeof(PersonaPass));
	struct PersonaPassParts *parts = palloc0(sizeof(*parts));

	pass->program = program;
	pass->as_of = as_of;
	pass->question = question;
	pass->argument = argument;
	pass->parts = parts;
	parts->context = context;
	parts->exact = exact;
	parts->rows = rows;
	pass->desc = desc;
	parts->partition_memory = AllocSetContextCreate(context, "persona partition", ALLOCSET_DEFAULT_SIZES);
	parts->block_memory = AllocSetContextCreate(context, "persona block", ALLOCSET_DEFAULT_SIZES);
	parts->row_memory = AllocSetContextCreate(context, "persona row", ALLOCSET_DEFAULT_SIZES);
	parts->waiting_memory = AllocSetContextCreate(context, "persona customers", ALLOCSET_DEFAULT_SIZES);
	persona_pass_plan(pass);
	parts->patterns = persona_patterns_make(parts->counts, parts->whole, parts->whole_later_than);
	persona_pass_prepare_blocks(pass);
	MemoryContextSwitchTo(outer);
	return pass;
}

/* Evaluates all partitions of the store. */
static void
evaluate_partitions(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	MemoryContext outer = MemoryContextSwitchTo(parts->partition_memory);

	parts->classes = parts->patterns->classes;
	for (int p = 0; p < 1 << parts->partition_bits; p++)
	{
		PartitionInput customers = {0};
		PartitionInput events = {0};

		customers.count = persona_store_read(parts->store, STREAM_CUSTOMERS, p, &customers.stretches);
		events.count = persona_store_read(parts->store, STREAM_EVENTS, p, &events.stretches);
		persona_pass_partition(pass, &customers, &events, 1);
		persona_store_drop(parts->store, STREAM_CUSTOMERS, p);
		persona_store_drop(parts->store, STREAM_EVENTS, p);
		MemoryContextReset(parts->partition_memory);
	}
	MemoryContextSwitchTo(outer);
}

/* Ends what this process has to do with customers. */
void
persona_pass_finish(PersonaPass *pass)
{
	persona_pass_end_counting(pass);
	if (pass->question->finish != NULL)
		pass->question->finish(pass);
}

/* Makes a pass in this process alone. */
static void
run_alone(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	MemoryContext outer = MemoryContextSwitchTo(parts->context);

	if (parts->need_events)
	{
		persona_pass_choose_partitions(pass);
		parts->store = persona_store_make(2, 1 << parts->partition_bits, parts->limit, NULL);
		for (int s = 0; s < parts->source_count && !parts->inexact; s++)
			persona_pass_scan(pass, s, true, 0, 0);
	}
	if (!parts->inexact)
	{
		persona_pass_scan(pass, SCAN_CUSTOMERS, true, 0, 0);
		persona_pass_scan_rest(pass);
	}
	if (parts->need_events)
	{
		persona_store_finish(parts->store);
		if (!parts->inexact)
			evaluate_partitions(pass);
		persona_store_close(parts->store);
	}
	if (!parts->inexact)
		persona_pass_finish(pass);
	MemoryContextSwitchTo(outer);
}

/* Makes a pass; returns false if amounts were met that can't be added up exactly. */
static bool
run(PersonaPass *pass, const char *symbol, Datum program_value)
{
	tell_begin(pass);
	persona_pass_begin_scans(pass);
	if (!persona_pass_run_parallel(pass, symbol, program_value))
		run_alone(pass);
	persona_pass_end_scans(pass);
	persona_pass_close(pass);
	return !pass->parts->inexact;
}

/* Adds a row to the result. */
void
persona_pass_add_row(PersonaPass *pass, Datum *values, bool *nulls)
{
	struct PersonaPassParts *parts = pass->parts;
	MinimalTuple tuple;
	Piece	   *piece;

	if (parts->rows != NULL)
	{
		tuplestore_putvalues(parts->rows, pass->desc, values, nulls);
		return;
	}
	tuple = PERSONA_FORM_MINIMAL_TUPLE(pass->desc, values, nulls);
	piece = (Piece *) persona_store_room(parts->sent_rows, 0, PIECE_SIZE(tuple->t_len));
	piece->length = tuple->t_len;
	memcpy(piece->bytes, tuple, tuple->t_len);
	heap_free_minimal_tuple(tuple);
}

/* Frees a pass that was run. */
void
persona_pass_free(PersonaPass *pass)
{
	MemoryContextDelete(pass->parts->context);
}

/* Asks a question of all customers. */
PersonaPass *
persona_pass_run(const char *symbol, const PersonaQuestion *question, int argument,
				 PersonaProgram *program, Datum program_value, PcoreInstant as_of,
				 Tuplestorestate *rows, TupleDesc desc)
{
	PersonaPass *pass;

	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be an instant, not infinity")));
	pass = persona_pass_make(question, argument, program, as_of, true, rows, desc);
	if (!run(pass, symbol, program_value))
	{
		persona_pass_free(pass);
		pass = persona_pass_make(question, argument, program, as_of, false, rows, desc);
		(void) run(pass, symbol, program_value);
	}
	return pass;
}
