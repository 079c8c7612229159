/*
 * recheck.c - whether a contact that was decided earlier may be sent now, and
 * in which words.
 *
 * It is judged by the rules of a decision, on the data of now.  Three are left
 * out: the firing is answered by the contact itself; the limits hold, since
 * the contact fills its own slot, unless it has to move to another instant; and
 * that another campaign would win today does not take the slot away.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/cache.h"
#include "decision/channels.h"
#include "decision/facts.h"
#include "decision/limits.h"
#include "decision/messages.h"
#include "decision/quiet.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(persona_recheck);

/* A contact that is handed out no later than this after its time counts at its time. */
#define PUNCTUAL PCORE_HOUR

/* A contact to be judged again. */
typedef struct Recheck
{
	const char *campaign;
	const char *channel;
	const char *placement;		/* or NULL */
	const char *trigger;		/* or NULL */
	const char *trigger_key;	/* or NULL */
	PcoreInstant fired_at;		/* PCORE_BEGIN_OF_TIME: its condition has always held */
	PcoreInstant send_at;		/* when its slot is; PCORE_BEGIN_OF_TIME: limits are not judged */
} Recheck;

/* The facts of the customer seen last: who has many contacts is asked about one after the other. */
typedef struct Known
{
	MemoryContext memory;		/* of all that follows; reset for the next customer */
	PersonaCustomer customer;
	PersonaTimeline *timeline;
	PersonaDecider facts;
} Known;

/* Notes what is in the way of a contact. */
static bool
refuse(PersonaCandidate *candidate, PersonaStage stage, const char *reason)
{
	candidate->stage = stage;
	candidate->reason = reason;
	return false;
}

/* Finds the campaign that a contact names. */
static bool
find_campaign(const PersonaProgram *program, const Recheck *contact, PersonaCandidate *candidate)
{
	for (int c = 0; c < program->campaign_count; c++)
		if (strcmp(program->campaigns[c].name, contact->campaign) == 0)
		{
			candidate->campaign = &program->campaigns[c];
			return true;
		}
	return refuse(candidate, PERSONA_STAGE_DATES, psprintf("no campaign \"%s\" is active", contact->campaign));
}

/* Finds the way that a contact names. */
static bool
find_way(const PersonaProgram *program, const Recheck *contact, PersonaCandidate *candidate)
{
	for (int w = 0; w < candidate->campaign->channel_count; w++)
	{
		const PersonaCampaignChannel *way = &candidate->campaign->channels[w];

		if (strcmp(program->channels[way->channel].name, contact->channel) == 0
			&& (contact->placement == NULL ? way->placement == NULL
				: way->placement != NULL && strcmp(way->placement, contact->placement) == 0))
		{
			candidate->way = way;
			return true;
		}
	}
	return refuse(candidate, PERSONA_STAGE_CHANNEL, psprintf("the campaign no longer uses channel \"%s\"%s%s", contact->channel,
															 contact->placement == NULL ? "" : " at placement ",
															 contact->placement == NULL ? "" : contact->placement));
}

/* Judges the trigger: a window that is open as long as its condition holds may have closed. */
static bool
pass_firing(PersonaDecider *decider, const Recheck *contact, PersonaCandidate *candidate)
{
	const PersonaTrigger *trigger;

	candidate->opening.open = true;
	candidate->opening.open_until = candidate->opening.until = PCORE_END_OF_TIME;
	if (candidate->campaign->trigger == PERSONA_NONE)
		return true;
	trigger = &decider->program->triggers[candidate->campaign->trigger];
	if (contact->trigger == NULL || strcmp(trigger->name, contact->trigger) != 0)
		return refuse(candidate, PERSONA_STAGE_TRIGGER, psprintf("the campaign now waits for trigger \"%s\"", trigger->name));
	if (trigger->open_for == 0)
	{
		candidate->opening = persona_opening(decider->customer, trigger, contact->trigger_key);
		/* Another firing is another contact. */
		if (!candidate->opening.open || candidate->opening.fired_at != contact->fired_at)
			return refuse(candidate, PERSONA_STAGE_TRIGGER, psprintf("trigger \"%s\" no longer holds", trigger->name));
		return true;
	}
	candidate->opening.fired = true;
	candidate->opening.fired_at = contact->fired_at;
	candidate->opening.open_until = pcore_add(contact->fired_at, trigger->open_for);
	if (decider->customer->as_of >= candidate->opening.open_until)
		return refuse(candidate, PERSONA_STAGE_TRIGGER,
					  psprintf("trigger \"%s\" closed %s", trigger->name,
							   persona_customer_time(decider->customer, candidate->opening.open_until)));
	return true;
}

/* Judges a contact on the data of now; the candidate tells the outcome. */
static bool
recheck(PersonaDecider *decider, const Recheck *contact, PersonaCandidate *candidate)
{
	const PersonaProgram *program = decider->program;
	PcoreInstant until = PCORE_END_OF_TIME;
	PersonaStage stage;
	bool		quiet;
	PcoreInstant at;
	const char *reason = NULL;

	candidate->until = PCORE_END_OF_TIME;
	candidate->opening.key = contact->trigger_key;
	if (!find_campaign(program, contact, candidate) || !persona_still_wanted(decider, candidate)
		|| !pass_firing(decider, contact, candidate) || !find_way(program, contact, candidate))
		return false;
	if (!persona_reach(decider, candidate, candidate->way, &at, &until, &reason))
		return refuse(candidate, PERSONA_STAGE_CHANNEL, reason);
	/* What a customer said since then counts. */
	quiet = !persona_keep_quiet(decider, candidate->way, at, &until, &stage, &reason);
	if (quiet && stage == PERSONA_STAGE_SUPPRESSION)
		return refuse(candidate, stage, reason);
	if (contact->send_at != PCORE_BEGIN_OF_TIME)
	{
		if (at == decider->customer->as_of && at <= pcore_add(contact->send_at, PUNCTUAL))
			at = contact->send_at;
		else if (quiet)
			return refuse(candidate, stage, reason);
		else if (!persona_keep_limits(decider, candidate->campaign, candidate->way, at, &until, &reason))
			return refuse(candidate, PERSONA_STAGE_LIMIT, reason);
	}
	candidate->send_at = at;
	if (!persona_choose_message(decider, candidate, candidate->way, &until, &reason))
		return refuse(candidate, PERSONA_STAGE_MESSAGE, reason);
	candidate->stage = PERSONA_STAGE_CHOSEN;
	return true;
}

/* Prepares the customer, whose timeline may be NULL, as if the contact were not there; without a number, none is left out. */
static void
open_without(PersonaCustomer *customer, FunctionCallInfo fcinfo, PersonaProgram *program, const PersonaTimeline *timeline)
{
	int			count;
	PersonaRecord **records = persona_customer_records(program, timeline, &count);

	for (int r = 0; r < count && !PG_ARGISNULL(11); r++)
		if (records[r]->source == program->rules.contact_source && records[r]->sequence == PG_GETARG_INT64(11))
		{
			memmove(&records[r], &records[r + 1], sizeof(PersonaRecord *) * (count - r - 1));
			count--;
			break;
		}
	persona_customer_open_records(customer, program, PG_GETARG_HEAPTUPLEHEADER(1), records, count,
								  PG_GETARG_TIMESTAMPTZ(3));
}

/* Lists the facts of a timeline, those of the call before if it had the same. */
static const PersonaDecider *
known_facts(FunctionCallInfo fcinfo, const PersonaCustomer *customer, const PersonaTimeline *timeline)
{
	Known	  **place = (Known **) persona_call_data(fcinfo->flinfo);
	Known	   *known = *place;
	MemoryContext outer;

	if (known == NULL)
	{
		known = *place = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Known));
		known->memory = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "persona recheck", ALLOCSET_DEFAULT_SIZES);
	}
	if (known->timeline != NULL && known->customer.program == customer->program && known->customer.as_of == customer->as_of
		&& VARSIZE(known->timeline) == VARSIZE(timeline) && memcmp(known->timeline, timeline, VARSIZE(timeline)) == 0)
		return &known->facts;
	known->timeline = NULL;
	MemoryContextReset(known->memory);
	outer = MemoryContextSwitchTo(known->memory);
	memset(&known->facts, 0, sizeof(known->facts));
	known->customer = *customer;
	known->facts.customer = &known->customer;
	known->facts.program = customer->program;
	known->timeline = memcpy(palloc(VARSIZE(timeline)), timeline, VARSIZE(timeline));
	known->customer.records = persona_customer_records(customer->program, known->timeline, &known->customer.record_count);
	persona_list_facts(&known->facts);
	MemoryContextSwitchTo(outer);
	return &known->facts;
}

/* Lists the customer's facts as if the contact were not there. */
static void
list_facts_without(PersonaDecider *decider, FunctionCallInfo fcinfo, const PersonaTimeline *timeline)
{
	const PersonaDecider *all;

	if (timeline == NULL || PG_ARGISNULL(11))
	{
		persona_list_facts(decider);
		return;
	}
	all = known_facts(fcinfo, decider->customer, timeline);
	decider->bounces = all->bounces;
	decider->bounce_count = all->bounce_count;
	decider->responses = all->responses;
	decider->response_count = all->response_count;
	decider->choices = all->choices;
	decider->choice_count = all->choice_count;
	decider->contacts = palloc(sizeof(PersonaContact) * (all->contact_count + 1));
	for (int c = 0; c < all->contact_count; c++)
		if (all->contacts[c].id != PG_GETARG_INT64(11))
			decider->contacts[decider->contact_count++] = all->contacts[c];
	persona_forget_counts(decider);
}

/* Returns a text argument, or NULL. */
static const char *
text_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/* Puts a text into a row. */
static void
put_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	values[column] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* Returns the customer's address on the contact's channel, or NULL. */
static const char *
address_of(const PersonaCustomer *customer, const PersonaCampaignChannel *way)
{
	return customer->program->channels[way->channel].address == NULL ? NULL
		: persona_row_value_text(customer->shape->addresses[way->channel], customer->values, customer->nulls, false,
								 &customer->zone);
}

/*
 * persona.recheck(program, customer, timeline, as_of, campaign, channel,
 * placement, trigger, fired_at, send_at, trigger_key, contact_id): whether a
 * contact may be sent, when, where to, and its content as of now; the contact
 * itself is left out of the timeline.  NULL if program, customer, as_of, campaign
 * or channel is NULL.  Errors as of persona.decide.
 */
Datum
persona_recheck(PG_FUNCTION_ARGS)
{
	PersonaProgram *program;
	PersonaTimeline *timeline;
	PersonaCustomer customer;
	PersonaDecider decider = {0};
	PersonaCandidate candidate = {0};
	Recheck		contact;
	MemoryContext outer;
	TupleDesc	desc;
	Datum		values[8] = {0};
	bool		nulls[8] = {false};
	bool		stands;
	Datum		result;

	persona_need_row(fcinfo, 1);
	for (int a = 0; a < 6; a++)
		if (PG_ARGISNULL(a) && a != 2)
			PG_RETURN_NULL();
	program = persona_program_open(fcinfo->flinfo, PG_GETARG_DATUM(0));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "persona.recheck must return a row");
	desc = BlessTupleDesc(desc);
	outer = MemoryContextSwitchTo(persona_call_memory(fcinfo->flinfo));
	timeline = PG_ARGISNULL(2) ? NULL : PG_GETARG_TIMELINE_P(2);
	open_without(&customer, fcinfo, program, timeline);

	contact.campaign = text_argument(fcinfo, 4);
	contact.channel = text_argument(fcinfo, 5);
	contact.placement = text_argument(fcinfo, 6);
	contact.trigger = text_argument(fcinfo, 7);
	contact.fired_at = PG_ARGISNULL(8) ? PCORE_BEGIN_OF_TIME : PG_GETARG_TIMESTAMPTZ(8);
	contact.trigger_key = text_argument(fcinfo, 10);
	contact.send_at = PG_ARGISNULL(9) ? PCORE_BEGIN_OF_TIME : PG_GETARG_TIMESTAMPTZ(9);

	decider.customer = &customer;
	decider.program = program;
	decider.explains = true;
	list_facts_without(&decider, fcinfo, timeline);
	stands = recheck(&decider, &contact, &candidate);
	put_text(values, nulls, 0, persona_stage_name(candidate.stage));
	put_text(values, nulls, 1, stands ? NULL : candidate.reason);
	nulls[2] = !stands;
	values[2] = TimestampTzGetDatum(candidate.send_at);
	put_text(values, nulls, 3, stands ? address_of(&customer, candidate.way) : NULL);
	put_text(values, nulls, 4, stands ? candidate.message->name : NULL);
	put_text(values, nulls, 5, stands ? candidate.message->language : NULL);
	put_text(values, nulls, 6, stands ? candidate.subject : NULL);
	put_text(values, nulls, 7, stands ? candidate.body : NULL);
	MemoryContextSwitchTo(outer);
	result = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
	MemoryContextReset(persona_call_memory(fcinfo->flinfo));
	PG_RETURN_DATUM(result);
}
