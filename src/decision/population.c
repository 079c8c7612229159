/*
 * population.c - where campaigns lose customers, whom they reach at which cost,
 * and how many customers two of them compete for: counted over all customers
 * in one pass, without writing candidates out.
 */
#include "postgres.h"

#include "catalog/cache.h"
#include "decision/population.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(persona_funnel_of_all);
PG_FUNCTION_INFO_V1(persona_campaign_reach_of_all);
PG_FUNCTION_INFO_V1(persona_campaign_overlap_of_all);

#define STAGES (PERSONA_STAGE_CHOSEN + 1)
#define WAY_NUMBERS 3			/* customers, cost and score, both in millionths */

/* ---- walking over all customers ---- */

/* Asks for all that is needed to open customers. */
void
persona_population_plan(PersonaPass *pass)
{
	persona_pass_need_rows(pass);
	persona_pass_need_records(pass);
}

/* Opens each customer of a block, calls a function, and frees what it used. */
void
persona_population_walk(PersonaPass *pass, const PersonaBlock *block,
						void (*visit) (PersonaPass *pass, PersonaCustomer *customer))
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "persona customer", ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(memory);

	for (int lane = 0; lane < block->count; lane++)
	{
		PersonaCustomer customer;
		PersonaRecord **records;
		int			count;

		CHECK_FOR_INTERRUPTS();
		records = persona_block_records(pass, block, lane, &count);
		persona_customer_open_records(&customer, pass->program, persona_block_row(pass, block, lane), records, count,
									  pass->as_of);
		visit(pass, &customer);
		MemoryContextReset(memory);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(memory);
}

/* Runs a pass over the arguments (program, as_of), and tells how far it is; NULL if one is NULL. */
PersonaPass *
persona_population_run(FunctionCallInfo fcinfo, PersonaTask task, const char *symbol, const PersonaQuestion *question,
					   Tuplestorestate *rows, TupleDesc desc)
{
	PersonaProgram *program;
	PersonaPass *pass;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return NULL;
	program = persona_program_open(fcinfo->flinfo, PG_GETARG_DATUM(0));
	if (program->customer_relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no customers are bound"),
				 errhint("Bind them with persona.bind_customers.")));
	persona_progress_begin(task, 0, -1);
	pass = persona_pass_run(symbol, question, 0, program, PG_GETARG_DATUM(0), PG_GETARG_TIMESTAMPTZ(1), rows, desc);
	persona_progress_end();
	return pass;
}

/* ---- the tally ---- */

/*
 * The sums: all customers; by campaign and stage, how many end there; by way,
 * how many get its message, at which cost and score; by pair of campaigns,
 * for how many both are eligible.
 */

/* Returns the place of a campaign's stage among the sums. */
static inline Size
stage_place(const PersonaProgram *program, Size campaign, int stage)
{
	return 1 + campaign * STAGES + stage;
}

/* Returns the place of a way, ways being numbered campaign by campaign. */
static inline Size
way_place(const PersonaProgram *program, Size way)
{
	return stage_place(program, program->campaign_count, 0) + way * WAY_NUMBERS;
}

/* Returns the place of a pair of campaigns. */
static inline Size
pair_place(const PersonaProgram *program, Size a, Size b)
{
	return way_place(program, program->way_count) + Min(a, b) * program->campaign_count + Max(a, b);
}

static void
tally_plan(PersonaPass *pass)
{
	const PersonaProgram *program = pass->program;

	persona_population_plan(pass);
	persona_pass_need_sums(pass, way_place(program, program->way_count)
						   + (Size) program->campaign_count * program->campaign_count + 1);
}

/* Counts what the winner of a customer is. */
static void
count_winner(PersonaPass *pass, const PersonaCandidate *winner)
{
	const PersonaProgram *program = pass->program;
	Size		way = winner->way - winner->campaign->channels;
	Size		place;

	for (const PersonaCampaign *campaign = program->campaigns; campaign < winner->campaign; campaign++)
		way += campaign->channel_count;
	place = way_place(program, way);
	pass->sums[place]++;
	/* Negative scores wrap around, and back when they are read. */
	pass->sums[place + 1] += (uint64) persona_millionths(winner->score.cost);
	pass->sums[place + 2] += (uint64) persona_millionths(winner->score.score);
}

/* Counts one customer. */
static void
tally_customer(PersonaPass *pass, PersonaCustomer *customer)
{
	const PersonaProgram *program = pass->program;
	PcoreInstant valid_until;
	int			count;
	const PersonaCandidate *candidates = persona_candidates_of(customer, false, &count, &valid_until);
	PersonaStage *furthest = palloc0(sizeof(PersonaStage) * (program->campaign_count + 1));
	int		   *eligible = palloc(sizeof(int) * (program->campaign_count + 1));
	int			eligible_count = 0;

	for (int c = 0; c < count; c++)
	{
		int			campaign = candidates[c].campaign - program->campaigns;

		if (candidates[c].eligible && furthest[campaign] < PERSONA_STAGE_ARBITRATION)
			eligible[eligible_count++] = campaign;
		furthest[campaign] = Max(furthest[campaign], candidates[c].stage);
	}
	pass->sums[0]++;
	for (int c = 0; c < program->campaign_count; c++)
		pass->sums[stage_place(program, c, furthest[c])]++;
	for (int a = 0; a < eligible_count; a++)
		for (int b = a + 1; b < eligible_count; b++)
			pass->sums[pair_place(program, eligible[a], eligible[b])]++;
	if (count > 0 && candidates[0].eligible)
		count_winner(pass, &candidates[0]);
}

/* Counts a block. */
static void
tally_block(PersonaPass *pass, const PersonaBlock *block)
{
	persona_population_walk(pass, block, tally_customer);
}

PERSONA_QUESTION(persona_question_tally) = {tally_plan, tally_block, NULL};

/* Counts all customers for a function (program, as_of) that returns rows. */
static PersonaPass *
tally(FunctionCallInfo fcinfo, PersonaTask task)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	return persona_population_run(fcinfo, task, "persona_question_tally", &persona_question_tally, result->setResult,
								  result->setDesc);
}

/*
 * persona.funnel_of_all(program, as_of): for each campaign and stage, how many
 * customers end there and how many come further.  No rows for NULL.  Errors: no
 * customers are bound; the caller may not read the bound relations.
 */
Datum
persona_funnel_of_all(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PersonaPass *pass = tally(fcinfo, PERSONA_TASK_FUNNEL);

	for (int c = 0; pass != NULL && c < pass->program->campaign_count; c++)
	{
		int64		remaining = pass->sums[0];

		for (int stage = 0; stage < STAGES; stage++)
		{
			int64		here = pass->sums[stage_place(pass->program, c, stage)];
			Datum		values[5];
			bool		nulls[5] = {false};

			remaining -= here;
			values[0] = CStringGetTextDatum(pass->program->campaigns[c].name);
			values[1] = Int32GetDatum(stage + 1);
			values[2] = CStringGetTextDatum(persona_stage_name(stage));
			values[3] = Int64GetDatum(here);
			values[4] = Int64GetDatum(remaining);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}

/* Returns a number of millionths as numeric, with what zeros it needs not. */
static Datum
from_millionths(uint64 millionths)
{
	Datum		number = NumericGetDatum(int64_div_fast_to_numeric((int64) millionths, 6));

	return DirectFunctionCall1(numeric_trim_scale, number);
}

/*
 * persona.campaign_reach_of_all(program, as_of): for each campaign and channel,
 * how many customers get its message next, what that costs and how it scores.
 * NULLs and errors as of persona.funnel_of_all.
 */
Datum
persona_campaign_reach_of_all(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PersonaPass *pass = tally(fcinfo, PERSONA_TASK_SIMULATE);
	Size		number = 0;

	for (int c = 0; pass != NULL && c < pass->program->campaign_count; c++)
	{
		const PersonaCampaign *campaign = &pass->program->campaigns[c];

		for (int w = 0; w < campaign->channel_count; w++)
		{
			const PersonaCampaignChannel *way = &campaign->channels[w];
			const uint64 *sums = &pass->sums[way_place(pass->program, number++)];
			Datum		values[6];
			bool		nulls[6] = {false};

			values[0] = CStringGetTextDatum(campaign->name);
			values[1] = CStringGetTextDatum(pass->program->channels[way->channel].name);
			nulls[2] = way->placement == NULL;
			values[2] = nulls[2] ? (Datum) 0 : CStringGetTextDatum(way->placement);
			values[3] = Int64GetDatum(sums[0]);
			values[4] = from_millionths(sums[1]);
			values[5] = from_millionths(sums[2]);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	return (Datum) 0;
}

/*
 * persona.campaign_overlap_of_all(program, as_of): for each pair of campaigns
 * (once, in the order of names), for how many customers both are eligible;
 * pairs without are left out.  NULLs and errors as of persona.funnel_of_all.
 */
Datum
persona_campaign_overlap_of_all(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PersonaPass *pass = tally(fcinfo, PERSONA_TASK_SIMULATE);
	int			campaigns = pass == NULL ? 0 : pass->program->campaign_count;

	for (int a = 0; a < campaigns; a++)
		for (int b = a + 1; b < campaigns; b++)
		{
			uint64		both = pass->sums[pair_place(pass->program, a, b)];
			Datum		values[3];
			bool		nulls[3] = {false};

			CHECK_FOR_INTERRUPTS();
			if (both == 0)
				continue;
			values[0] = CStringGetTextDatum(pass->program->campaigns[a].name);
			values[1] = CStringGetTextDatum(pass->program->campaigns[b].name);
			values[2] = Int64GetDatum(both);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	return (Datum) 0;
}
