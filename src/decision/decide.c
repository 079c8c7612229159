/*
 * decide.c - judges the campaigns for one customer, and ranks them.
 *
 * A campaign passes rule after rule; the first that fails is its reason.  Each
 * rule tells until when its answer stands if no new data comes: a failing
 * campaign fails at least as long as the rule that failed it, a passing one
 * passes at least as long as all its rules do.  The earliest of these instants
 * over all campaigns is the decision's valid_until.
 */
#include "postgres.h"

#include "decision/channels.h"
#include "decision/limits.h"
#include "decision/messages.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* Names a stage as persona.explain shows it. */
const char *
persona_stage_name(PersonaStage stage)
{
	static const char *const names[] = {
		"dates", "cohort", "trigger", "answered", "goal", "relevance",
		"channel", "limit", "message", "arbitration", "chosen"
	};

	return names[stage];
}

/* Tells whether a condition holds at as_of, and until when. */
bool
persona_holds_now(PersonaDecider *decider, int node, PcoreInstant *until)
{
	PcoreTruth	truth = persona_truth_from_now(&decider->customer->evaluation, node);

	*until = pcore_truth_until(truth, decider->customer->as_of);
	return pcore_truth_at(truth, decider->customer->as_of);
}

/* Ends the judgment of a campaign: it failed a rule, whose answer stands until then. */
static bool
fail_stage(PersonaCandidate *candidate, PersonaStage stage, const char *reason, PcoreInstant until)
{
	candidate->stage = stage;
	candidate->reason = reason;
	/* When a rule that it passed changes, another one fails. */
	candidate->stands = pcore_min(candidate->until, until);
	candidate->until = until;
	return false;
}

/* Judges the campaign's dates. */
static bool
pass_dates(PersonaDecider *decider, PersonaCandidate *candidate)
{
	const PersonaCampaign *campaign = candidate->campaign;
	PersonaCustomer *customer = decider->customer;

	if (customer->as_of < campaign->starts_at)
		return fail_stage(candidate, PERSONA_STAGE_DATES,
						  psprintf("starts %s", persona_customer_time(customer, campaign->starts_at)),
						  campaign->starts_at);
	if (customer->as_of >= campaign->ends_at)
		return fail_stage(candidate, PERSONA_STAGE_DATES,
						  psprintf("ended %s", persona_customer_time(customer, campaign->ends_at)),
						  PCORE_END_OF_TIME);
	candidate->until = pcore_min(candidate->until, campaign->ends_at);
	return true;
}

/* Judges the campaign's cohort. */
static bool
pass_cohort(PersonaDecider *decider, PersonaCandidate *candidate)
{
	const PersonaCohort *cohort;
	PcoreInstant until;

	if (candidate->campaign->cohort == PERSONA_NONE)
		return true;
	cohort = &decider->program->cohorts[candidate->campaign->cohort];
	if (!persona_holds_now(decider, cohort->node, &until))
		return fail_stage(candidate, PERSONA_STAGE_COHORT, psprintf("not in cohort \"%s\"", cohort->name), until);
	candidate->until = pcore_min(candidate->until, until);
	return true;
}

/* Judges the campaign's trigger, and whether its firing was answered. */
static bool
pass_trigger(PersonaDecider *decider, PersonaCandidate *candidate)
{
	PersonaCustomer *customer = decider->customer;
	const PersonaTrigger *trigger;
	PersonaOpening opening;
	char	   *fired_at;

	if (candidate->campaign->trigger == PERSONA_NONE)
		return true;
	trigger = &decider->program->triggers[candidate->campaign->trigger];
	opening = persona_opening(customer, trigger);
	candidate->opening = opening;
	if (!opening.open)
	{
		char	   *reason;

		if (!opening.fired)
			reason = psprintf("trigger \"%s\" has not fired", trigger->name);
		else if (trigger->open_for == 0)
			reason = psprintf("trigger \"%s\" no longer holds; it fired %s", trigger->name,
							  persona_customer_time(customer, opening.fired_at));
		else
			reason = psprintf("trigger \"%s\" fired %s and closed %s", trigger->name,
							  persona_customer_time(customer, opening.fired_at),
							  persona_customer_time(customer, opening.open_until));
		return fail_stage(candidate, PERSONA_STAGE_TRIGGER, reason, opening.until);
	}
	candidate->until = pcore_min(candidate->until, opening.until);

	fired_at = psprintf(INT64_FORMAT, opening.fired_at);
	for (int c = 0; c < decider->contact_count; c++)
	{
		const PersonaContact *contact = &decider->contacts[c];

		if (contact->campaign != NULL && strcmp(contact->campaign, candidate->campaign->name) == 0
			&& contact->fired_at != NULL && strcmp(contact->fired_at, fired_at) == 0)
			return fail_stage(candidate, PERSONA_STAGE_ANSWERED,
							  psprintf("the firing of trigger \"%s\" at %s has its contact already, for %s",
									   trigger->name, persona_customer_time(customer, opening.fired_at),
									   persona_customer_time(customer, contact->at)), opening.until);
	}
	return true;
}

/* Judges the campaign's goal and relevance. */
static bool
pass_goal_and_relevance(PersonaDecider *decider, PersonaCandidate *candidate)
{
	PcoreInstant until;

	if (candidate->campaign->goal != PERSONA_NONE)
	{
		if (persona_holds_now(decider, candidate->campaign->goal, &until))
			return fail_stage(candidate, PERSONA_STAGE_GOAL, "the goal is reached", until);
		candidate->until = pcore_min(candidate->until, until);
	}
	if (candidate->campaign->relevance != PERSONA_NONE)
	{
		if (!persona_holds_now(decider, candidate->campaign->relevance, &until))
			return fail_stage(candidate, PERSONA_STAGE_RELEVANCE, "not relevant", until);
		candidate->until = pcore_min(candidate->until, until);
	}
	return true;
}

/* Judges again what a decision judged before it looked for a way, but for the firing, which the contact answers. */
bool
persona_still_wanted(PersonaDecider *decider, PersonaCandidate *candidate)
{
	return pass_dates(decider, candidate) && pass_cohort(decider, candidate)
		&& pass_goal_and_relevance(decider, candidate);
}

/* Judges one way to speak; *until is lowered to when its answer could change. */
static bool
pass_way(PersonaDecider *decider, PersonaCandidate *candidate, const PersonaCampaignChannel *way,
		 PersonaStage *stage, const char **reason, PcoreInstant *until)
{
	PcoreInstant at;

	*stage = PERSONA_STAGE_CHANNEL;
	if (!persona_reach(decider, candidate, way, &at, until, reason))
		return false;
	*stage = PERSONA_STAGE_LIMIT;
	if (!persona_keep_limits(decider, candidate->campaign, &decider->program->channels[way->channel], at, until, reason))
		return false;
	*stage = PERSONA_STAGE_MESSAGE;
	if (!persona_choose_message(decider, candidate, way, until, reason))
		return false;
	candidate->way = way;
	candidate->send_at = at;
	return true;
}

/* Judges the ways of a campaign in their order; the first that passes is taken. */
static bool
pass_ways(PersonaDecider *decider, PersonaCandidate *candidate)
{
	const PersonaCampaign *campaign = candidate->campaign;
	PersonaStage furthest = PERSONA_STAGE_CHANNEL;
	StringInfoData reasons;
	PcoreInstant until = PCORE_END_OF_TIME;

	initStringInfo(&reasons);
	for (int w = 0; w < campaign->channel_count; w++)
	{
		const PersonaCampaignChannel *way = &campaign->channels[w];
		PersonaStage stage;
		const char *reason = NULL;

		if (pass_way(decider, candidate, way, &stage, &reason, &until))
		{
			candidate->until = pcore_min(candidate->until, until);
			return true;
		}
		furthest = Max(furthest, stage);
		appendStringInfo(&reasons, "%s%s: %s", w > 0 ? "; " : "", decider->program->channels[way->channel].name, reason);
	}
	if (campaign->channel_count == 0)
		appendStringInfoString(&reasons, "the campaign has no channel");
	/* Another firing opens another window, and speaks of another event. */
	if (campaign->trigger != PERSONA_NONE)
		until = pcore_min(until, candidate->opening.until);
	return fail_stage(candidate, furthest, reasons.data, until);
}

/* Orders candidates: eligible first, by priority and score, then by name. */
static int
compare_candidates(const void *left, const void *right)
{
	const PersonaCandidate *a = left;
	const PersonaCandidate *b = right;

	if ((a->way != NULL) != (b->way != NULL))
		return a->way != NULL ? -1 : 1;
	if (a->way != NULL)
	{
		int			order;

		if (a->campaign->priority != b->campaign->priority)
			return a->campaign->priority > b->campaign->priority ? -1 : 1;
		order = DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(b->way->score),
												  NumericGetDatum(a->way->score)));
		if (order != 0)
			return order;
	}
	return strcmp(a->campaign->name, b->campaign->name);
}

/* Returns a number as text. */
static char *
number_text(Numeric number)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
}

/* Says why an eligible campaign comes where it comes. */
static const char *
ranking_reason(const PersonaCustomer *customer, const PersonaCandidate *candidate, const PersonaCandidate *winner)
{
	const PersonaCampaign *campaign = candidate->campaign;

	if (candidate == winner)
	{
		StringInfoData why;

		initStringInfo(&why);
		if (campaign->trigger != PERSONA_NONE)
			appendStringInfo(&why, "trigger \"%s\"%s%s; ", customer->program->triggers[campaign->trigger].name,
							 candidate->opening.fired ? " fired " : " holds",
							 candidate->opening.fired ? persona_customer_time(customer, candidate->opening.fired_at) : "");
		if (campaign->cohort != PERSONA_NONE)
			appendStringInfo(&why, "in cohort \"%s\"; ", customer->program->cohorts[campaign->cohort].name);
		appendStringInfo(&why, "priority " INT64_FORMAT ", score %s", campaign->priority,
						 number_text(candidate->way->score));
		if (customer->zone_note != NULL)
			appendStringInfo(&why, "; %s", customer->zone_note);
		return why.data;
	}
	if (campaign->priority != winner->campaign->priority)
		return psprintf("\"%s\" has priority " INT64_FORMAT ", this one " INT64_FORMAT, winner->campaign->name,
						winner->campaign->priority, campaign->priority);
	if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(candidate->way->score),
										  NumericGetDatum(winner->way->score))) != 0)
		return psprintf("\"%s\" scores %s, this one %s", winner->campaign->name, number_text(winner->way->score),
						number_text(candidate->way->score));
	return psprintf("\"%s\" scores the same and comes first by name", winner->campaign->name);
}

/* Judges all campaigns for a customer. */
PersonaCandidate *
persona_candidates_of(PersonaCustomer *customer, PcoreInstant *valid_until)
{
	const PersonaProgram *program = customer->program;
	PersonaCandidate *candidates = palloc0(sizeof(PersonaCandidate) * (program->campaign_count + 1));
	PersonaDecider decider = {.customer = customer,.program = program};
	PcoreInstant next_contact = PCORE_END_OF_TIME;

	persona_list_contacts(&decider);
	for (int c = 0; c < decider.contact_count; c++)
		if (decider.contacts[c].at > customer->as_of)
			next_contact = pcore_min(next_contact, decider.contacts[c].at);
	*valid_until = next_contact;
	for (int c = 0; c < program->campaign_count; c++)
	{
		PersonaCandidate *candidate = &candidates[c];

		CHECK_FOR_INTERRUPTS();
		candidate->campaign = &program->campaigns[c];
		candidate->until = PCORE_END_OF_TIME;
		if (pass_dates(&decider, candidate) && pass_cohort(&decider, candidate)
			&& pass_trigger(&decider, candidate) && pass_goal_and_relevance(&decider, candidate)
			&& pass_ways(&decider, candidate))
			candidate->stage = PERSONA_STAGE_ARBITRATION;
		if (candidate->way != NULL)
			candidate->stands = candidate->until;
		/* A planned contact is known, and happens when its time comes. */
		candidate->stands = pcore_min(candidate->stands, next_contact);
		*valid_until = pcore_min(*valid_until, candidate->until);
	}
	qsort(candidates, program->campaign_count, sizeof(PersonaCandidate), compare_candidates);
	for (int c = 0; c < program->campaign_count && candidates[c].way != NULL; c++)
	{
		candidates[c].rank = c + 1;
		if (c == 0)
			candidates[c].stage = PERSONA_STAGE_CHOSEN;
		candidates[c].reason = ranking_reason(customer, &candidates[c], &candidates[0]);
	}
	return candidates;
}
