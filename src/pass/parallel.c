/*
 * parallel.c - a pass made by several processes.
 *
 *   reading      each takes ranges of blocks of the relations, and fills a
 *                store of its own, in shared memory or shared files
 *   (all wait)   then the stores are known to all
 *   evaluating   each takes partitions, reads them from all stores, and asks
 *                the question; rows are kept for the one who asked, sums too
 *
 * Processes are those of parallel query: they have the snapshot, the user and
 * the settings of the one who asks, and may be none.  Who comes late helps to
 * evaluate.  Ranges are read by ordinary queries with a condition on ctid;
 * what can't be read so is read as a whole by one of them.
 *
 * Patterns are numbered by each process as it meets them, so each publishes the
 * bits of its own.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/paths.h"
#include "pass/parts.h"
#include "progress.h"
#include "storage/barrier.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#define KEY_SHARED 1
#define KEY_AREA 2
#define KEY_PROGRAM 3
#define KEY_UNITS 4
#define KEY_COLUMNS 5

#define MOST_PARTICIPANTS 65
#define AREA_SIZE (256 * 1024)
#define LEAST_BLOCKS 256		/* of a range */
#define RANGES_EACH 8			/* for each participant, so that they end together */
#define SYMBOL_SIZE 64
/* While a process that helps compiles a byte of the program, another one reads so many bytes. */
#define READ_WHILE_COMPILING 64

/* Something to read. */
typedef struct Unit
{
	int			relation;
	bool		whole;
	BlockNumber from;
	BlockNumber until;
} Unit;

/* What a participant has for the others. */
typedef struct Participant
{
	dsa_pointer store;
	int			pattern_count;
	dsa_pointer patterns;		/* bits, one after the other */
	dsa_pointer sums;
	dsa_pointer rows;
} Participant;

typedef struct Shared
{
	char		symbol[SYMBOL_SIZE];
	int			argument;
	PcoreInstant as_of;
	bool		exact;
	int			partition_bits;
	Size		limit;
	int			sum_count;
	int			unit_count;
	int			column_count;
	Barrier		barrier;
	SharedFileSet files;
	pg_atomic_uint32 next_participant;
	pg_atomic_uint32 next_unit;
	pg_atomic_uint32 next_partition;
	pg_atomic_uint32 inexact;
	PersonaProgressShared progress;
	Participant participants[MOST_PARTICIPANTS];
} Shared;

/* One process's view of it. */
typedef struct Team
{
	PersonaPass *pass;
	Shared	   *shared;
	dsa_area   *area;
	Unit	   *units;
	int			own;
	PersonaShare share;
} Team;

/* ---- reading ---- */

/* Publishes what this process has read. */
static void
publish_store(Team *team)
{
	struct PersonaPassParts *parts = team->pass->parts;
	Participant *own = &team->shared->participants[team->own];
	const PersonaPatterns *patterns = parts->patterns;
	Size		size = sizeof(uint64) * patterns->words;
	char	   *bits;

	persona_store_finish(parts->store);
	own->store = persona_store_publish(parts->store);
	own->pattern_count = patterns->count;
	own->patterns = dsa_allocate(team->area, size * patterns->count + 1);
	bits = dsa_get_address(team->area, own->patterns);
	for (int p = 0; p < patterns->count; p++)
		memcpy(bits + size * p, patterns->patterns[p].bits, size);
}

/* Reads units until there are no more. */
static void
read_units(Team *team)
{
	PersonaPass *pass = team->pass;
	struct PersonaPassParts *parts = pass->parts;

	if (parts->need_events)
		parts->store = persona_store_make(2, 1 << parts->partition_bits, parts->limit, &team->share);
	for (;;)
	{
		uint32		next = pg_atomic_fetch_add_u32(&team->shared->next_unit, 1);

		if (next >= (uint32) team->shared->unit_count || pg_atomic_read_u32(&team->shared->inexact))
			break;
		persona_pass_scan(pass, team->units[next].relation, team->units[next].whole, team->units[next].from,
						  team->units[next].until);
		if (parts->inexact)
			pg_atomic_write_u32(&team->shared->inexact, 1);
	}
	persona_pass_scan_rest(pass);
	if (parts->need_events)
		publish_store(team);
}

/* ---- evaluating ---- */

/* Opens the stores of all, and makes one numbering of the classes of all. */
static int
open_stores(Team *team, PersonaStore **stores, int *first_classes)
{
	struct PersonaPassParts *parts = team->pass->parts;
	int			count = 0;
	int			class_count = 0;
	PersonaClass *classes = NULL;
	int			words = parts->patterns->words;

	for (int p = 0; p < MOST_PARTICIPANTS; p++)
	{
		const Participant *from = &team->shared->participants[p];
		PersonaPatterns *patterns;
		const uint64 *bits;

		if (!DsaPointerIsValid(from->store))
			continue;
		patterns = persona_patterns_make(parts->counts, parts->whole, parts->whole_later_than);
		bits = dsa_get_address(team->area, from->patterns);
		for (int n = 0; n < from->pattern_count; n++)
			(void) persona_pattern_number(patterns, bits + (Size) n * words);
		classes = classes == NULL ? palloc(sizeof(PersonaClass) * (patterns->class_count + 1))
			: repalloc(classes, sizeof(PersonaClass) * (class_count + patterns->class_count + 1));
		memcpy(classes + class_count, patterns->classes, sizeof(PersonaClass) * patterns->class_count);
		first_classes[count] = class_count;
		class_count += patterns->class_count;
		stores[count++] = persona_store_attach(from->store, &team->share);
	}
	parts->classes = classes;
	return count;
}

/* Evaluates partitions until there are no more. */
static void
evaluate_partitions(Team *team)
{
	PersonaPass *pass = team->pass;
	struct PersonaPassParts *parts = pass->parts;
	PersonaStore *stores[MOST_PARTICIPANTS];
	int			first_classes[MOST_PARTICIPANTS];
	int			count = open_stores(team, stores, first_classes);
	MemoryContext outer = MemoryContextSwitchTo(parts->partition_memory);

	for (;;)
	{
		uint32		next = pg_atomic_fetch_add_u32(&team->shared->next_partition, 1);
		PartitionInput *customers;
		PartitionInput *events;

		if (next >= (uint32) 1 << parts->partition_bits)
			break;
		customers = palloc0(sizeof(PartitionInput) * count);
		events = palloc0(sizeof(PartitionInput) * count);
		for (int s = 0; s < count; s++)
		{
			customers[s].count = persona_store_read(stores[s], STREAM_CUSTOMERS, next, &customers[s].stretches);
			events[s].count = persona_store_read(stores[s], STREAM_EVENTS, next, &events[s].stretches);
			events[s].first_class = first_classes[s];
		}
		persona_pass_partition(pass, customers, events, count);
		MemoryContextReset(parts->partition_memory);
	}
	MemoryContextSwitchTo(outer);
}

/* ---- the part of each process ---- */

/* Reads, waits for the others, evaluates. */
static void
take_part(Team *team)
{
	PersonaPass *pass = team->pass;
	struct PersonaPassParts *parts = pass->parts;
	MemoryContext outer = MemoryContextSwitchTo(parts->context);

	persona_progress_share(&team->shared->progress);
	/* Phase 0 is reading; who comes later has nothing to read any more. */
	if (BarrierAttach(&team->shared->barrier) == 0)
	{
		read_units(team);
		BarrierArriveAndWait(&team->shared->barrier, PG_WAIT_EXTENSION);
	}
	if (pg_atomic_read_u32(&team->shared->inexact))
		parts->inexact = true;
	else
	{
		if (parts->need_events)
			evaluate_partitions(team);
		persona_pass_finish(pass);
	}
	BarrierDetach(&team->shared->barrier);
	persona_progress_share(NULL);
	MemoryContextSwitchTo(outer);
}

/* Begins a process's part. */
static void
join(Team *team, PersonaPass *pass, Shared *shared, dsa_area *area, Unit *units)
{
	team->pass = pass;
	team->shared = shared;
	team->area = area;
	team->units = units;
	team->own = pg_atomic_fetch_add_u32(&shared->next_participant, 1);
	team->share.area = area;
	team->share.files = &shared->files;
	team->share.participant = team->own;
	pass->parts->partition_bits = shared->partition_bits;
	pass->parts->limit = shared->limit;
}

/* A process that helps. */
void
persona_pass_worker(dsm_segment *segment, shm_toc *toc)
{
	Shared	   *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	dsa_area   *area = dsa_attach_in_place(shm_toc_lookup(toc, KEY_AREA, false), segment);
	const PersonaProgramValue *value = shm_toc_lookup(toc, KEY_PROGRAM, false);
	const Oid  *columns = shm_toc_lookup(toc, KEY_COLUMNS, false);
	const PersonaQuestion *question;
	PersonaProgram *program;
	PersonaPass *pass;
	TupleDesc	desc;
	Team		team;
	uint64	   *sums;

	SharedFileSetAttach(&shared->files, segment);
	question = load_external_function("$libdir/persona", shared->symbol, true, NULL);
	program = persona_program_compile(value, CurrentMemoryContext);
	desc = CreateTemplateTupleDesc(shared->column_count);
	for (int c = 0; c < shared->column_count; c++)
		TupleDescInitEntry(desc, c + 1, NULL, columns[c], -1, 0);
	pass = persona_pass_make(question, shared->argument, program, shared->as_of, shared->exact, NULL, desc);
	join(&team, pass, shared, area, shm_toc_lookup(toc, KEY_UNITS, false));
	/* Rows go to the one who asked, who alone knows their number. */
	team.share.participant += MOST_PARTICIPANTS;
	pass->parts->sent_rows = persona_store_make(1, 1, shared->limit, &team.share);
	team.share.participant -= MOST_PARTICIPANTS;
	persona_pass_begin_scans(pass);
	take_part(&team);
	persona_pass_end_scans(pass);
	persona_store_finish(pass->parts->sent_rows);
	shared->participants[team.own].rows = persona_store_publish(pass->parts->sent_rows);
	shared->participants[team.own].sums = dsa_allocate_extended(area, sizeof(uint64) * (pass->sum_count + 1),
																	   DSA_ALLOC_HUGE);
	sums = dsa_get_address(area, shared->participants[team.own].sums);
	memcpy(sums, pass->sums, sizeof(uint64) * pass->sum_count);
	persona_pass_close(pass);
	dsa_detach(area);
}

/* ---- the one who asks ---- */

/* Lists what there is to read; returns how many processes more than this one are worth it. */
static int
list_units(PersonaPass *pass, Size program_size, Unit **units, int *count)
{
	struct PersonaPassParts *parts = pass->parts;
	BlockNumber total = 0;
	int			helpers = 0;
	int			room = 0;

	*count = 0;
	for (int r = SCAN_CUSTOMERS; r < parts->source_count; r++)
	{
		Relation	relation = r == SCAN_CUSTOMERS ? parts->customers : parts->sources[r].relation;

		if (persona_pass_has_ranges(pass, r))
			total += RelationGetNumberOfBlocks(relation);
	}
	/* As many as a parallel scan would have. */
	for (double blocks = Max(min_parallel_table_scan_size, 1); blocks <= total && helpers < MOST_PARTICIPANTS - 1; blocks *= 3)
		helpers++;
	/* Who comes after the others have read its share is of no use. */
	if (min_parallel_table_scan_size > 0)
	{
		double		shares = (double) total * BLCKSZ / READ_WHILE_COMPILING / program_size;

		helpers = (int) Min(helpers, Max(shares - 1, 0));
	}
	helpers = Min(helpers, max_parallel_workers_per_gather);
	if (helpers == 0)
		return 0;
	room = parts->source_count + 1 + (helpers + 1) * RANGES_EACH + parts->source_count + 1;
	*units = palloc(sizeof(Unit) * room);
	/* Events first: there are more of them. */
	for (int pass_number = 0; pass_number <= parts->source_count; pass_number++)
	{
		int			r = pass_number < parts->source_count ? pass_number : SCAN_CUSTOMERS;
		Relation	relation = r == SCAN_CUSTOMERS ? parts->customers : parts->sources[r].relation;
		BlockNumber step = Max(LEAST_BLOCKS, total / ((helpers + 1) * RANGES_EACH) + 1);
		BlockNumber blocks;
		BlockNumber from = 0;

		if (!persona_pass_has_ranges(pass, r))
		{
			(*units)[(*count)++] = (Unit) {r, true, 0, 0};
			continue;
		}
		blocks = RelationGetNumberOfBlocks(relation);
		do
		{
			BlockNumber until = blocks - from > step ? from + step : InvalidBlockNumber;

			(*units)[(*count)++] = (Unit) {r, false, from, until};
			from = until;
		} while (from != InvalidBlockNumber);
	}
	Assert(*count <= room);
	return helpers;
}

/* Takes what the others have found. */
static void
collect(Team *team)
{
	PersonaPass *pass = team->pass;
	TupleTableSlot *slot = pass->desc == NULL ? NULL : MakeSingleTupleTableSlot(pass->desc, &TTSOpsMinimalTuple);

	for (int p = 0; p < MOST_PARTICIPANTS; p++)
	{
		const Participant *from = &team->shared->participants[p];
		const uint64 *sums;
		PersonaStore *rows;
		PersonaBytes *stretches;
		int			count;

		if (p == team->own || !DsaPointerIsValid(from->sums))
			continue;
		sums = dsa_get_address(team->area, from->sums);
		for (int s = 0; s < pass->sum_count; s++)
			pass->sums[s] += sums[s];
		rows = persona_store_attach(from->rows, &team->share);
		count = persona_store_read(rows, 0, 0, &stretches);
		for (int i = 0; i < count; i++)
			for (Piece *piece = (Piece *) stretches[i].begin; (const char *) piece < stretches[i].end; piece = NEXT_PIECE(piece))
			{
				ExecStoreMinimalTuple((MinimalTuple) piece->bytes, slot, false);
				tuplestore_puttupleslot(pass->parts->rows, slot);
			}
	}
	if (slot != NULL)
		ExecDropSingleTupleTableSlot(slot);
}

/* Fills the shared memory of a parallel context. */
static Shared *
fill_shared(PersonaPass *pass, ParallelContext *context, const char *symbol, const PersonaProgramValue *value,
			const Unit *units, int unit_count, void **area_place)
{
	struct PersonaPassParts *parts = pass->parts;
	int			columns = pass->desc == NULL ? 0 : pass->desc->natts;
	Shared	   *shared = shm_toc_allocate(context->toc, sizeof(Shared));
	void	   *place;

	memset(shared, 0, sizeof(Shared));
	strlcpy(shared->symbol, symbol, SYMBOL_SIZE);
	shared->argument = pass->argument;
	shared->as_of = pass->as_of;
	shared->exact = parts->exact;
	shared->partition_bits = parts->partition_bits;
	shared->limit = parts->limit;
	shared->sum_count = pass->sum_count;
	shared->unit_count = unit_count;
	shared->column_count = columns;
	BarrierInit(&shared->barrier, 0);
	SharedFileSetInit(&shared->files, context->seg);
	pg_atomic_init_u32(&shared->next_participant, 0);
	pg_atomic_init_u32(&shared->next_unit, 0);
	pg_atomic_init_u32(&shared->next_partition, 0);
	pg_atomic_init_u32(&shared->inexact, 0);
	pg_atomic_init_u64(&shared->progress.done, 0);
	pg_atomic_init_u64(&shared->progress.read, 0);
	shm_toc_insert(context->toc, KEY_SHARED, shared);
	*area_place = shm_toc_allocate(context->toc, AREA_SIZE);
	shm_toc_insert(context->toc, KEY_AREA, *area_place);
	place = shm_toc_allocate(context->toc, VARSIZE(value));
	memcpy(place, value, VARSIZE(value));
	shm_toc_insert(context->toc, KEY_PROGRAM, place);
	place = shm_toc_allocate(context->toc, sizeof(Unit) * unit_count);
	memcpy(place, units, sizeof(Unit) * unit_count);
	shm_toc_insert(context->toc, KEY_UNITS, place);
	place = shm_toc_allocate(context->toc, sizeof(Oid) * (columns + 1));
	for (int c = 0; c < columns; c++)
		((Oid *) place)[c] = TupleDescAttr(pass->desc, c)->atttypid;
	shm_toc_insert(context->toc, KEY_COLUMNS, place);
	return shared;
}

/* Makes a pass with the help of other processes; false if there are none, or it is not worth it. */
bool
persona_pass_run_parallel(PersonaPass *pass, const char *symbol, Datum program_value)
{
	struct PersonaPassParts *parts = pass->parts;
	const PersonaProgramValue *value = DatumGetProgramP(program_value);
	ParallelContext *context;
	MemoryContext outer;
	Unit	   *units;
	int			unit_count;
	int			helpers;
	void	   *area_place;
	Shared	   *shared;
	Team		team;

	if (IsInParallelMode() || max_parallel_workers_per_gather == 0)
		return false;
	/* Others find the question by its symbol. */
	if (load_external_function("$libdir/persona", symbol, false, NULL) != (const void *) pass->question)
		elog(ERROR, "\"%s\" is not the symbol of the question", symbol);
	outer = MemoryContextSwitchTo(parts->context);
	helpers = list_units(pass, VARSIZE(value), &units, &unit_count);
	if (helpers == 0 || !persona_pass_is_parallel_safe(pass))
	{
		MemoryContextSwitchTo(outer);
		return false;
	}
	persona_pass_choose_partitions(pass);
	EnterParallelMode();
	context = CreateParallelContext("$libdir/persona", "persona_pass_worker", helpers);
	shm_toc_estimate_chunk(&context->estimator, sizeof(Shared));
	shm_toc_estimate_chunk(&context->estimator, AREA_SIZE);
	shm_toc_estimate_chunk(&context->estimator, VARSIZE(value));
	shm_toc_estimate_chunk(&context->estimator, sizeof(Unit) * unit_count);
	shm_toc_estimate_chunk(&context->estimator, sizeof(Oid) * ((pass->desc == NULL ? 0 : pass->desc->natts) + 1));
	shm_toc_estimate_keys(&context->estimator, 5);
	InitializeParallelDSM(context);
	if (context->seg == NULL)
	{
		DestroyParallelContext(context);
		ExitParallelMode();
		MemoryContextSwitchTo(outer);
		return false;
	}
	shared = fill_shared(pass, context, symbol, value, units, unit_count, &area_place);
	join(&team, pass, shared, dsa_create_in_place(area_place, AREA_SIZE, LWTRANCHE_PARALLEL_QUERY_DSA, context->seg), units);
	LaunchParallelWorkers(context);
	MemoryContextSwitchTo(outer);
	take_part(&team);
	WaitForParallelWorkersToFinish(context);
	parts->inexact |= pg_atomic_read_u32(&shared->inexact) != 0;
	outer = MemoryContextSwitchTo(parts->context);
	if (!parts->inexact)
		collect(&team);
	MemoryContextSwitchTo(outer);
	dsa_detach(team.area);
	DestroyParallelContext(context);
	ExitParallelMode();
	return true;
}
