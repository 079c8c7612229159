/*
 * inbound.c - what to say to a customer who is there: on a page, on the phone.
 *
 * The question names the channel, and the placement or all of them.  Rules about
 * reaching a customer - address, consent, hours, scarcity - have no say; all
 * others have.  Every way is a candidate of its own, and each campaign is shown
 * once.  A message that is chosen for a slot counts for the next ones like a
 * contact, so that no limit is exceeded by what is shown together.
 */
#include "postgres.h"

#include "catalog/cache.h"
#include "catalog/context.h"
#include "decision/facts.h"
#include "decision/inbound.h"
#include "decision/limits.h"
#include "decision/quiet.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(persona_context);
PG_FUNCTION_INFO_V1(persona_decide_for);

/* Tells whether two placements, NULL being none, are the same. */
static bool
same_place(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Tells whether a way is one that the question is about. */
bool
persona_asked_for(const PersonaAsk *ask, const PersonaCampaignChannel *way)
{
	return way->channel == ask->channel && (ask->placement == NULL || same_place(way->placement, ask->placement));
}

/* What is shown on a page. */
typedef struct Answer
{
	PersonaCandidate *candidates;	/* the best first */
	int			count;
	bool	   *shown;			/* by campaign */
	PersonaCandidate **chosen;	/* in the order of slots */
	int			chosen_count;
} Answer;

/*
 * Chooses the best candidates for the slots of one place.  Beside what is shown
 * a limit may be full at other times than alone, and so bounds valid_until anew.
 * Suppressions and exclusions do not: what is shown moves with as_of, and when
 * contacts have their say is known since the candidate was judged.
 */
static void
fill_slots(PersonaDecider *decider, Answer *answer, const char *place, int64 slots)
{
	PersonaCandidate *candidates = answer->candidates;

	for (int c = 0; c < answer->count && candidates[c].eligible && slots > 0; c++)
	{
		PersonaCandidate *candidate = &candidates[c];
		int			campaign = candidate->campaign - decider->program->campaigns;
		PcoreInstant known = PCORE_END_OF_TIME;
		PersonaStage stage;
		const char *reason;

		if (!same_place(candidate->way->placement, place) || answer->shown[campaign])
			continue;
		if (!persona_keep_quiet(decider, candidate->way, candidate->send_at, &known, &stage, &reason)
			|| !persona_keep_limits(decider, candidate->campaign, candidate->way, candidate->send_at,
									   &decider->until, &reason))
			continue;
		candidate->stage = PERSONA_STAGE_CHOSEN;
		candidate->reason = persona_winning_reason(decider->customer, candidate);
		answer->chosen[answer->chosen_count++] = candidate;
		persona_count_as_contact(decider, candidate);
		answer->shown[campaign] = true;
		slots--;
	}
}

/* Adds the messages for the slots of a channel or placement. */
void
persona_inbound_rows(PersonaCustomer *customer, const PersonaAsk *ask, PersonaAddRow add, void *data)
{
	const PersonaProgram *program = customer->program;
	PersonaDecider decider = {.customer = customer,.program = program,.until = PCORE_END_OF_TIME,.ask = ask};
	Answer		answer = {.shown = palloc0(sizeof(bool) * (program->campaign_count + 1))};
	PcoreInstant valid_until;

	answer.candidates = persona_judge_all(&decider, &answer.count);
	answer.chosen = palloc(sizeof(PersonaCandidate *) * (answer.count + 1));

	for (int p = 0; p < program->placement_count; p++)
	{
		const PersonaPlacement *place = &program->placements[p];

		CHECK_FOR_INTERRUPTS();
		if (place->channel == ask->channel && (ask->placement == NULL || same_place(place->name, ask->placement)))
			fill_slots(&decider, &answer, place->name, place->slots);
	}
	/* The channel itself is a place with one slot, for what has no placement. */
	if (ask->placement == NULL)
		fill_slots(&decider, &answer, NULL, 1);
	valid_until = pcore_min(decider.until, decider.next_contact);
	for (int c = 0; c < answer.chosen_count; c++)
		persona_decision_row(program, answer.chosen[c], valid_until, add, data);
}

/*
 * persona.context(program, context, as_of): the timeline of one event of kind
 * "context" at as_of, with the members of a json object as properties.  NULL if
 * an argument is NULL, or if no definition asks for such an event.  Errors: a
 * json value that is no object, an infinite as_of.
 */
Datum
persona_context(PG_FUNCTION_ARGS)
{
	PersonaProgram *program = persona_program_open(fcinfo->flinfo, PG_GETARG_DATUM(0));
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);
	PersonaTimeline *timeline;

	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be an instant, not infinity")));
	timeline = persona_context_timeline(program, PG_GETARG_JSONB_P(1), at);
	if (timeline == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(timeline);
}

/* Finds the channel and the placement that a question names, or fails. */
static void
find_place(const PersonaProgram *program, const char *channel, const char *placement, PersonaAsk *ask)
{
	ask->channel = PERSONA_NONE;
	ask->placement = placement;
	for (int c = 0; c < program->channel_count; c++)
		if (strcmp(program->channels[c].name, channel) == 0)
			ask->channel = c;
	if (ask->channel == PERSONA_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no channel \"%s\"", channel),
				 errhint("Channels are listed in persona.channel.")));
	for (int p = 0; placement != NULL; p++)
	{
		if (p == program->placement_count)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("channel \"%s\" has no placement \"%s\"", channel, placement),
					 errhint("Placements are listed in persona.placement.")));
		if (program->placements[p].channel == ask->channel && same_place(program->placements[p].name, placement))
			break;
	}
}

/* Adds a row to the result. */
static void
add_row(void *data, Datum *values, bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) ((FunctionCallInfo) data)->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * persona.decide_for(program, customer, timeline, as_of, channel, placement):
 * the messages for the slots of a placement, or of all placements of a channel,
 * for a customer who is there.  No rows if program, customer, as_of or channel is
 * NULL.  Errors as of persona.decide; an unknown channel or placement.
 */
Datum
persona_decide_for(PG_FUNCTION_ARGS)
{
	MemoryContext memory;
	MemoryContext outer;
	PersonaProgram *program;
	PersonaCustomer customer;
	PersonaAsk	ask;

	persona_need_row(fcinfo, 1);
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		return (Datum) 0;
	program = persona_program_open(fcinfo->flinfo, PG_GETARG_DATUM(0));
	memory = persona_call_memory(fcinfo->flinfo);
	outer = MemoryContextSwitchTo(memory);
	find_place(program, text_to_cstring(PG_GETARG_TEXT_PP(4)),
			   PG_ARGISNULL(5) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(5)), &ask);
	persona_customer_open(&customer, program, PG_GETARG_HEAPTUPLEHEADER(1),
						  PG_ARGISNULL(2) ? NULL : PG_GETARG_TIMELINE_P(2), PG_GETARG_TIMESTAMPTZ(3));
	persona_inbound_rows(&customer, &ask, add_row, fcinfo);
	MemoryContextSwitchTo(outer);
	MemoryContextReset(memory);
	return (Datum) 0;
}
