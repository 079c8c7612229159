/*
 * overlap.c - how many customers each two cohorts share.
 *
 * The words of 64 blocks are collected, a row for each cohort, and each two
 * rows are compared at once, so that the rows are in the caches.
 *
 * There are as many numbers as pairs.  If they do not fit into the memory that a
 * query may use, the pass is made several times, each time for the pairs of
 * some of the cohorts.
 */
#include "postgres.h"

#include "catalog/cache.h"
#include "core/bits.h"
#include "executor/nodeHash.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pass/pass.h"
#include "progress.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(persona_overlap_of_all);

#define ROW_SIZE (sizeof(uint64) * PCORE_BITS_ROW)
#define MOST_MEMORY (1024 * 1024 * 1024)	/* so that numbers of sums are ints */
#define TILE 512				/* rows that stay in the caches */

/* The cohorts from first on, until that one, are compared with all that follow them. */
typedef struct Overlap
{
	Size		first;
	Size		until;
	int			filled;
	uint64	   *words;			/* a row for each cohort from first on */
} Overlap;

/* Returns the place among the sums of the pair of a cohort and the one after it; sizes come first. */
static inline Size
first_pair(Size count, Size first, Size a)
{
	/* Cohort c has count - c - 1 pairs. */
	return count + (a - first) * (count - 1) - (a * (a - 1) / 2 - (first == 0 ? 0 : first * (first - 1) / 2));
}

/* Returns the cohort at which a part that begins at "first" ends, so that it takes no more than the memory of a query. */
static Size
end_of_part(Size count, Size first)
{
	Size		limit = Min(get_hash_memory_limit(), (Size) MOST_MEMORY);
	Size		fixed = ROW_SIZE * (count - first) + sizeof(uint64) * count;
	Size		until = first + 1;

	while (until < count && fixed + sizeof(uint64) * first_pair(count, first, until + 1) <= limit)
		until++;
	return Min(until, count);
}

static void
overlap_plan(PersonaPass *pass)
{
	Size		count = pass->program->cohort_count;
	Overlap    *overlap = palloc0(sizeof(Overlap));

	overlap->first = pass->argument;
	overlap->until = end_of_part(count, overlap->first);
	for (Size c = overlap->first; c < count; c++)
	{
		persona_pass_need_node(pass, pass->program->cohorts[c].node);
		persona_pass_need_count(pass, pass->program->cohorts[c].node, c);
	}
	persona_pass_need_sums(pass, first_pair(count, overlap->first, overlap->until));
	overlap->words = MemoryContextAllocExtended(CurrentMemoryContext, ROW_SIZE * (count - overlap->first) + 1,
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	pass->state = overlap;
}

/* Tells whether a row has a bit at all. */
static bool
is_any(const uint64 *row)
{
	uint64		any = 0;

	for (int w = 0; w < PCORE_BITS_ROW; w++)
		any |= row[w];
	return any != 0;
}

/* Counts the customers in each pair of cohorts of the blocks that were collected. */
static void
count_pairs(PersonaPass *pass)
{
	Overlap    *overlap = pass->state;
	Size		count = pass->program->cohort_count;
	const PcoreBits *bits = pcore_bits();

	for (Size tile = overlap->first; tile < count; tile += TILE)
		for (Size a = overlap->first; a < overlap->until && a + 1 < tile + TILE; a++)
		{
			const uint64 *row = overlap->words + (a - overlap->first) * PCORE_BITS_ROW;
			Size		b = Max(a + 1, tile);
			Size		end = Min(tile + TILE, count);

			CHECK_FOR_INTERRUPTS();
			if (b < end && is_any(row))
				bits->add_pairs(pass->sums + first_pair(count, overlap->first, a) + (b - a - 1), row,
								overlap->words + (b - overlap->first) * PCORE_BITS_ROW, end - b);
		}
	memset(overlap->words, 0, ROW_SIZE * (count - overlap->first));
	overlap->filled = 0;
}

/* Collects the words of a block. */
static void
overlap_block(PersonaPass *pass, const PersonaBlock *block)
{
	Overlap    *overlap = pass->state;
	Size		count = pass->program->cohort_count;

	for (Size c = overlap->first; c < count; c++)
		overlap->words[(c - overlap->first) * PCORE_BITS_ROW + overlap->filled] =
			persona_block_word(block, pass->program->cohorts[c].node) & block->lanes;
	if (++overlap->filled == PCORE_BITS_ROW)
		count_pairs(pass);
}

PERSONA_QUESTION(persona_question_overlap) = {overlap_plan, overlap_block, count_pairs};

/* Adds the rows of one part; pairs without customers are left out. */
static void
add_pairs(const PersonaPass *pass, ReturnSetInfo *result)
{
	const Overlap *overlap = pass->state;
	Size		count = pass->program->cohort_count;
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "persona rows", ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(memory);

	for (Size a = overlap->first; a < overlap->until; a++)
	{
		const uint64 *pairs = pass->sums + first_pair(count, overlap->first, a);

		CHECK_FOR_INTERRUPTS();
		for (Size b = a + 1; b < count; b++)
		{
			uint64		both = pairs[b - a - 1];
			Datum		values[4];
			bool		nulls[4] = {false};

			if (both == 0)
				continue;
			values[0] = CStringGetTextDatum(pass->program->cohorts[a].name);
			values[1] = CStringGetTextDatum(pass->program->cohorts[b].name);
			values[2] = Int64GetDatum(both);
			values[3] = Float8GetDatum((double) both / (pass->sums[a] + pass->sums[b] - both));
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
		MemoryContextReset(memory);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(memory);
}

/*
 * persona.overlap_of_all(program, as_of): for each pair of cohorts (each once,
 * in the order of names) how many customers are in both; pairs without are left
 * out.  No rows for NULL.
 */
Datum
persona_overlap_of_all(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PersonaProgram *program;
	Size		first = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	program = persona_program_open(fcinfo->flinfo, PG_GETARG_DATUM(0));
	persona_progress_begin(PERSONA_TASK_PASS, 0, -1);
	do
	{
		PersonaPass *pass = persona_pass_run("persona_question_overlap", &persona_question_overlap, first, program,
											 PG_GETARG_DATUM(0), PG_GETARG_TIMESTAMPTZ(1), NULL, NULL);

		add_pairs(pass, result);
		first = ((const Overlap *) pass->state)->until;
		persona_pass_free(pass);
	} while (first + 1 < (Size) program->cohort_count);
	persona_progress_end();
	return (Datum) 0;
}
