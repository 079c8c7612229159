/*
 * decide.c - judges the campaigns for one customer, and ranks them.
 *
 * A campaign passes rule after rule; the first that fails is its reason.  Each
 * rule tells until when its answer stands if no new data comes: a failing
 * campaign fails at least as long as the rule that failed it, a passing one
 * passes at least as long as all its rules do.  The earliest of these instants
 * over all campaigns is the decision's valid_until.
 *
 * A campaign may speak in several ways, one after the other: the first that
 * passes is its way, further ones are there for whoever wants an explanation.
 */
#include "postgres.h"

#include "catalog/factors.h"
#include "condition/why.h"
#include "decision/channels.h"
#include "decision/charge.h"
#include "decision/facts.h"
#include "decision/inbound.h"
#include "decision/limits.h"
#include "decision/messages.h"
#include "decision/quiet.h"
#include "decision/score.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* Names a stage as persona.explain shows it. */
const char *
persona_stage_name(PersonaStage stage)
{
	static const char *const names[] = {
		"dates", "cohort", "trigger", "answered", "goal", "relevance",
		"holdout", "channel", "suppression", "exclusion", "limit", "message", "capacity", "arbitration", "chosen"
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

/* Tells whether a condition is asked for the key of the firing that a candidate answers. */
static bool
is_asked_for_key(const PersonaDecider *decider, const PersonaCandidate *candidate, int node)
{
	const PersonaConditions *set = decider->program->set;

	return candidate->opening.key != NULL && persona_is_keyed(set, node)
		&& set->nodes[node].keys == set->nodes[decider->program->triggers[candidate->campaign->trigger].node].keys;
}

/* Tells why such a condition holds or does not. */
static const char *
why_for(PersonaDecider *decider, const PersonaCandidate *candidate, int node)
{
	if (is_asked_for_key(decider, candidate, node))
		return psprintf("%s %s", decider->program->set->nodes[node].source->name, candidate->opening.key);
	return persona_why(&decider->customer->evaluation, node);
}

/* Tells whether a condition holds at as_of for the firing that a candidate answers, and until when. */
bool
persona_holds_for(PersonaDecider *decider, const PersonaCandidate *candidate, int node, PcoreInstant *until)
{
	PcoreTruth	truth;

	if (!is_asked_for_key(decider, candidate, node))
		return persona_holds_now(decider, node, until);
	truth = persona_truth_of_key(&decider->customer->evaluation, node, candidate->opening.key);
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
						  persona_reason(decider, "starts %s", persona_customer_time(customer, campaign->starts_at)),
						  campaign->starts_at);
	if (customer->as_of >= campaign->ends_at)
		return fail_stage(candidate, PERSONA_STAGE_DATES,
						  persona_reason(decider, "ended %s", persona_customer_time(customer, campaign->ends_at)),
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
		return fail_stage(candidate, PERSONA_STAGE_COHORT,
						  persona_reason(decider, "not in cohort \"%s\": %s", cohort->name,
										 persona_why(&decider->customer->evaluation, cohort->node)), until);
	candidate->until = pcore_min(candidate->until, until);
	return true;
}

/* Tells why no window of a trigger is open. */
static const char *
closed_reason(PersonaDecider *decider, const PersonaTrigger *trigger, const PersonaOpening *latest)
{
	PersonaCustomer *customer = decider->customer;

	if (!decider->explains)
		return NULL;
	if (!latest->fired)
		return psprintf("trigger \"%s\" has not fired: %s", trigger->name,
						pcore_truth_at(persona_truth_from_now(&customer->evaluation, trigger->node), customer->as_of)
						? "its condition has always held" : persona_why(&customer->evaluation, trigger->node));
	if (trigger->open_for == 0)
		return persona_reason(decider, "trigger \"%s\" no longer holds; it fired %s", trigger->name,
							  persona_customer_time(customer, latest->fired_at));
	return persona_reason(decider, "trigger \"%s\" fired %s and closed %s", trigger->name,
						  persona_customer_time(customer, latest->fired_at),
						  persona_customer_time(customer, latest->open_until));
}

/*
 * Judges the campaign's trigger, and whether its firings were answered.  On
 * success, openings lists those that were not.
 */
static bool
pass_trigger(PersonaDecider *decider, PersonaCandidate *candidate, PersonaOpenings *openings)
{
	PersonaCustomer *customer = decider->customer;
	const PersonaTrigger *trigger = &decider->program->triggers[candidate->campaign->trigger];
	const char *answer = NULL;
	int			left = 0;

	*openings = persona_openings(customer, trigger);
	candidate->opening = openings->latest;
	if (openings->count == 0)
		return fail_stage(candidate, PERSONA_STAGE_TRIGGER, closed_reason(decider, trigger, &openings->latest),
						  openings->until);
	candidate->opening = openings->open[0];
	candidate->until = pcore_min(candidate->until, openings->until);
	for (int o = 0; o < openings->count; o++)
	{
		const char *why = NULL;

		if (!persona_is_answered(decider, candidate->campaign, &openings->open[o], &why))
			openings->open[left++] = openings->open[o];
		else if (answer == NULL)
			answer = why;
	}
	openings->count = left;
	if (left == 0)
		return fail_stage(candidate, PERSONA_STAGE_ANSWERED, answer, openings->until);
	return true;
}

/* Judges the campaign's goal and relevance. */
static bool
pass_goal_and_relevance(PersonaDecider *decider, PersonaCandidate *candidate)
{
	PcoreInstant until;

	if (candidate->campaign->goal != PERSONA_NONE)
	{
		if (persona_holds_for(decider, candidate, candidate->campaign->goal, &until))
			return fail_stage(candidate, PERSONA_STAGE_GOAL,
							  persona_reason(decider, "the goal is reached: %s",
											 why_for(decider, candidate, candidate->campaign->goal)), until);
		candidate->until = pcore_min(candidate->until, until);
	}
	if (candidate->campaign->relevance != PERSONA_NONE)
	{
		if (!persona_holds_for(decider, candidate, candidate->campaign->relevance, &until))
			return fail_stage(candidate, PERSONA_STAGE_RELEVANCE,
							  persona_reason(decider, "not relevant: %s",
											 why_for(decider, candidate, candidate->campaign->relevance)), until);
		candidate->until = pcore_min(candidate->until, until);
	}
	return true;
}

/* Judges holdouts and experiments, which no time changes. */
static bool
pass_holdouts(PersonaDecider *decider, PersonaCandidate *candidate)
{
	const char *reason = NULL;

	return !persona_is_held_out(decider, candidate->campaign, &reason)
		|| fail_stage(candidate, PERSONA_STAGE_HOLDOUT, reason, PCORE_END_OF_TIME);
}

/* Judges again what a decision judged before it looked for a way, but for the firing, which the contact answers. */
bool
persona_still_wanted(PersonaDecider *decider, PersonaCandidate *candidate)
{
	return pass_dates(decider, candidate) && pass_cohort(decider, candidate)
		&& pass_goal_and_relevance(decider, candidate) && pass_holdouts(decider, candidate);
}

/* Judges one way of a campaign that passed all rules before. */
static bool
pass_way(PersonaDecider *decider, PersonaCandidate *candidate)
{
	const PersonaCampaignChannel *way = candidate->way;
	PersonaStage stage = PERSONA_STAGE_CHANNEL;
	PcoreInstant until = PCORE_END_OF_TIME;
	PcoreInstant at;
	const char *reason = NULL;

	/* Who is there need not be reached. */
	at = decider->customer->as_of;
	if ((decider->ask != NULL || persona_reach(decider, candidate, way, &at, &until, &reason))
		&& persona_keep_quiet(decider, way, at, &until, &stage, &reason))
	{
		stage = PERSONA_STAGE_LIMIT;
		if (persona_keep_limits(decider, candidate->campaign, way, at, &until, &reason))
		{
			stage = PERSONA_STAGE_MESSAGE;
			if (persona_choose_message(decider, candidate, way, &until, &reason))
			{
				candidate->stage = PERSONA_STAGE_ARBITRATION;
				candidate->eligible = true;
				candidate->send_at = at;
				candidate->until = candidate->stands = pcore_min(candidate->until, until);
				return true;
			}
		}
	}
	/* Another firing opens another window, and speaks of another event. */
	if (candidate->campaign->trigger != PERSONA_NONE)
		until = pcore_min(until, candidate->opening.until);
	return fail_stage(candidate, stage, reason, until);
}

/*
 * Computes the factors of a candidate that failed, for whoever wants to know
 * what it would be worth; steps of its urgency change nothing but that.  An
 * expression is asked only once the campaign's conditions hold: before, it may
 * ask for what there is not, its firing or what its cohort has.
 */
static void
score_failed(PersonaDecider *decider, PersonaCandidate *candidate)
{
	PersonaCandidate scored = *candidate;

	if (!decider->explains || candidate->way == NULL
		|| (candidate->stage < PERSONA_STAGE_HOLDOUT && !candidate->way->constant))
		return;
	scored.until = PCORE_END_OF_TIME;
	persona_score(decider, &scored);
	candidate->score = scored.score;
	candidate->stands = pcore_min(candidate->stands, scored.until);
}

/* Judges the ways of a campaign in their order; returns how many candidates it wrote. */
static int
judge_ways(PersonaDecider *decider, PersonaCandidate *candidates)
{
	PersonaCandidate base = candidates[0];
	const PersonaCampaign *campaign = base.campaign;
	int		   *order = campaign->channel_choice == PERSONA_BY_POSITION ? NULL : persona_order_ways(decider, &base);
	PersonaCandidate unwanted = {0};
	bool		passed = false;
	PersonaStage furthest = PERSONA_STAGE_CHANNEL;
	PcoreInstant until = PCORE_END_OF_TIME;
	int			count = 0;

	for (int w = 0; w < campaign->channel_count; w++)
	{
		PersonaCandidate *candidate = &candidates[count];
		const PersonaCampaignChannel *way = &campaign->channels[order == NULL ? w : order[w]];
		bool		priced = false;
		Numeric		unpriced;

		if (decider->ask != NULL && !persona_asked_for(decider->ask, way))
			continue;
		*candidate = base;
		candidate->way = way;
		if (pass_way(decider, candidate))
		{
			persona_score(decider, candidate);
			unpriced = candidate->score.score;
			/* Of the channel on which the customer is, each way is for itself. */
			priced = persona_charge(decider, candidate) || decider->ask != NULL;
			if (!candidate->eligible && !passed && unwanted.unwanted == NULL)
			{
				unwanted.unwanted = candidate->way;
				unwanted.unwanted_at = candidate->send_at;
				unwanted.unwanted_millionths = persona_millionths(unpriced);
			}
			candidate->first = !passed && candidate->eligible;
			/* A place that costs something has to be worth more than what comes after it. */
			passed |= !priced;
		}
		else
			score_failed(decider, candidate);
		furthest = Max(furthest, candidate->stage);
		/* Ways after the first that passes matter to nobody else. */
		if (!passed || candidate->first)
			until = pcore_min(until, candidate->until);
		if (decider->explains || candidate->first)
			count++;
		if (passed && !decider->explains)
			break;
	}
	if (count == 0)
	{
		if (campaign->channel_count == 0)
			fail_stage(candidates, PERSONA_STAGE_CHANNEL, "the campaign has no channel", PCORE_END_OF_TIME);
		/* One stands for all of its ways. */
		candidates->stage = furthest;
		candidates->until = pcore_min(candidates->until, until);
		count = 1;
	}
	candidates->unwanted = unwanted.unwanted;
	candidates->unwanted_at = unwanted.unwanted_at;
	candidates->unwanted_millionths = unwanted.unwanted_millionths;
	decider->until = pcore_min(decider->until, until);
	return count;
}

/* Writes a candidate that failed as one for each of its ways; returns how many. */
static int
fail_on_all_ways(PersonaDecider *decider, PersonaCandidate *candidates)
{
	const PersonaCampaign *campaign = candidates[0].campaign;
	int			count = 0;

	decider->until = pcore_min(decider->until, candidates[0].until);
	do
	{
		if (count > 0)
			candidates[count] = candidates[0];
		candidates[count].way = campaign->channel_count == 0 ? NULL : &campaign->channels[count];
		count++;
	} while (decider->explains && count < campaign->channel_count);
	for (int c = 0; c < count; c++)
		score_failed(decider, &candidates[c]);
	return count;
}

/* Judges a campaign for one firing, or without a trigger; returns how many candidates it wrote. */
static int
judge_firing(PersonaDecider *decider, PersonaCandidate *candidates)
{
	if (pass_goal_and_relevance(decider, candidates) && pass_holdouts(decider, candidates))
		return judge_ways(decider, candidates);
	return fail_on_all_ways(decider, candidates);
}

/*
 * Judges a campaign for the firings of its trigger that are not answered: the
 * oldest that can be is, and of those that can't the oldest is told of.
 */
static int
judge_firings(PersonaDecider *decider, PersonaCandidate *candidates, const PersonaOpenings *openings)
{
	PersonaCandidate base = candidates[0];
	int			count = 0;

	for (int o = 0; o <= openings->count; o++)
	{
		PcoreInstant outer = decider->until;
		const PersonaOpening *opening = &openings->open[o % openings->count];

		/* There is one firing only: it has been judged. */
		if (o == openings->count && o == 1)
			break;
		candidates[0] = base;
		candidates[0].opening = *opening;
		candidates[0].expires_at = pcore_min(base.expires_at, opening->open_until);
		decider->until = PCORE_END_OF_TIME;
		count = judge_firing(decider, candidates);
		/* What stands of a later firing stands as long as the older ones fail. */
		base.until = pcore_min(base.until, decider->until);
		decider->until = pcore_min(outer, decider->until);
		for (int c = 0; c < count; c++)
			if (candidates[c].eligible)
				return count;
	}
	return count;
}

/* Judges a campaign; returns how many candidates it wrote. */
static int
judge_campaign(PersonaDecider *decider, const PersonaCampaign *campaign, PersonaCandidate *candidates)
{
	PersonaCandidate *base = &candidates[0];
	PersonaOpenings openings;

	memset(base, 0, sizeof(*base));
	base->campaign = campaign;
	base->until = PCORE_END_OF_TIME;
	base->expires_at = campaign->ends_at;
	if (!pass_dates(decider, base) || !pass_cohort(decider, base))
		return fail_on_all_ways(decider, candidates);
	if (campaign->trigger == PERSONA_NONE)
		return judge_firing(decider, candidates);
	if (!pass_trigger(decider, base, &openings))
		return fail_on_all_ways(decider, candidates);
	return judge_firings(decider, candidates, &openings);
}

/*
 * Orders candidates: the first eligible way of each campaign by priority, score
 * and name; then further eligible ways alike, and by position; then the others.
 */
static int
compare_candidates(const void *left, const void *right)
{
	const PersonaCandidate *a = left;
	const PersonaCandidate *b = right;
	int			order;

	if (a->eligible != b->eligible)
		return a->eligible ? -1 : 1;
	if (a->eligible)
	{
		if (a->first != b->first)
			return a->first ? -1 : 1;
		if (a->campaign->priority != b->campaign->priority)
			return a->campaign->priority > b->campaign->priority ? -1 : 1;
		if (a->worth != b->worth)
			return a->worth > b->worth ? -1 : 1;
		order = persona_compare_numbers(b->score.score, a->score.score);
		if (order != 0)
			return order;
	}
	order = strcmp(a->campaign->name, b->campaign->name);
	if (order != 0)
		return order;
	return a->way < b->way ? -1 : a->way > b->way;
}

/* Returns a number as text. */
static char *
number_text(Numeric number)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
}

/* Says why a winner may speak. */
const char *
persona_winning_reason(const PersonaCustomer *customer, const PersonaCandidate *winner)
{
	const PersonaCampaign *campaign = winner->campaign;
	StringInfoData why;

	initStringInfo(&why);
	if (campaign->trigger != PERSONA_NONE)
		appendStringInfo(&why, "trigger \"%s\"%s%s%s%s; ", customer->program->triggers[campaign->trigger].name,
						 winner->opening.fired ? " fired " : " holds",
						 winner->opening.fired ? persona_customer_time(customer, winner->opening.fired_at) : "",
						 winner->opening.key != NULL ? " for " : "", winner->opening.key != NULL ? winner->opening.key : "");
	if (campaign->cohort != PERSONA_NONE)
		appendStringInfo(&why, "in cohort \"%s\"; ", customer->program->cohorts[campaign->cohort].name);
	appendStringInfo(&why, "priority " INT64_FORMAT ", score %s", campaign->priority, number_text(winner->score.score));
	if (customer->zone_note != NULL)
		appendStringInfo(&why, "; %s", customer->zone_note);
	return why.data;
}

/* Says why an eligible candidate comes behind the winner, or behind another channel of its campaign. */
static const char *
losing_reason(const PersonaCustomer *customer, const PersonaCandidate *candidate, const PersonaCandidate *candidates)
{
	const PersonaCampaign *campaign = candidate->campaign;
	const PersonaCandidate *winner = &candidates[0];

	if (!candidate->first)
		for (const PersonaCandidate *other = candidates; other->first; other++)
			if (other->campaign == campaign)
				return psprintf("%s comes first", customer->program->channels[other->way->channel].name);
	if (campaign->priority != winner->campaign->priority)
		return psprintf("\"%s\" has priority " INT64_FORMAT ", this one " INT64_FORMAT, winner->campaign->name,
						winner->campaign->priority, campaign->priority);
	if (persona_compare_numbers(candidate->score.score, winner->score.score) != 0)
		return psprintf("\"%s\" scores %s, this one %s", winner->campaign->name, number_text(winner->score.score),
						number_text(candidate->score.score));
	if (candidate->worth != winner->worth)
		return psprintf("\"%s\" scores the same, and the place on %s goes by the key", winner->campaign->name,
						customer->program->channels[winner->way->channel].name);
	return psprintf("\"%s\" scores the same and comes first by name", winner->campaign->name);
}

/* Gives the eligible candidates, which come first, their ranks and reasons. */
static void
rank_candidates(PersonaDecider *decider, PersonaCandidate *candidates, int count)
{
	for (int c = 0; c < count && candidates[c].eligible; c++)
	{
		candidates[c].rank = c + 1;
		if (c == 0)
		{
			candidates[c].stage = PERSONA_STAGE_CHOSEN;
			candidates[c].reason = persona_winning_reason(decider->customer, &candidates[c]);
		}
		else if (decider->explains)
			candidates[c].reason = losing_reason(decider->customer, &candidates[c], candidates);
	}
}

/* Judges all campaigns for a customer, with a candidate as decider tells. */
PersonaCandidate *
persona_judge_all(PersonaDecider *decider, int *count)
{
	const PersonaProgram *program = decider->program;
	PersonaCandidate *candidates = palloc(sizeof(PersonaCandidate) * (program->way_count + program->campaign_count + 1));

	persona_list_facts(decider);
	*count = 0;
	for (int c = 0; c < program->campaign_count; c++)
	{
		CHECK_FOR_INTERRUPTS();
		*count += judge_campaign(decider, &program->campaigns[c], &candidates[*count]);
	}
	qsort(candidates, *count, sizeof(PersonaCandidate), compare_candidates);
	return candidates;
}

/* Judges all campaigns for a customer. */
PersonaCandidate *
persona_candidates_of(PersonaCustomer *customer, bool explain, int *count, PcoreInstant *valid_until)
{
	PersonaDecider decider = {.customer = customer,.program = customer->program,.explains = explain,
	.until = PCORE_END_OF_TIME};
	PersonaCandidate *candidates = persona_judge_all(&decider, count);

	/* A planned contact is known, and happens when its time comes. */
	*valid_until = pcore_min(decider.until, decider.next_contact);
	for (int c = 0; c < *count; c++)
		candidates[c].stands = pcore_min(candidates[c].stands, decider.next_contact);
	rank_candidates(&decider, candidates, *count);
	return candidates;
}
