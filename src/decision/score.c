/*
 * score.c - what a candidate is worth: propensity * value * urgency * weight - cost.
 *
 * Urgency is a step function of time: the first stretch that applies tells it.
 * So the score is constant until the next stretch begins or ends, and the
 * candidate's "until" says when.
 */
#include "postgres.h"

#include "catalog/factors.h"
#include "decision/channels.h"
#include "decision/score.h"
#include "fmgr.h"
#include "utils/builtins.h"

/* Returns what a factor is for the customer and the firing that a candidate answers. */
static Numeric
factor_value(PersonaDecider *decider, const PersonaCandidate *candidate, const PersonaFactor *factor)
{
	PersonaCustomer *customer = decider->customer;
	Numeric		value;

	if (factor->constant != NULL)
		return factor->constant;
	value = persona_expression_value(customer->shape->expressions[factor->expression], &customer->evaluation,
									 persona_speaking_instant(customer, &candidate->opening), candidate->opening.key);
	return value == NULL ? factor->otherwise : value;
}

/* Returns the urgency at as_of; lowers the candidate's "until" to when it changes. */
static Numeric
urgency_value(PersonaDecider *decider, PersonaCandidate *candidate)
{
	const PersonaCampaign *campaign = candidate->campaign;
	PcoreInstant as_of = decider->customer->as_of;
	PcoreInstant since = campaign->trigger == PERSONA_NONE ? campaign->starts_at : candidate->opening.fired_at;

	for (int s = 0; s < campaign->stretch_count; s++)
	{
		const PersonaStretch *stretch = &campaign->stretches[s];
		PcoreInstant from = since;
		PcoreInstant to = PCORE_END_OF_TIME;

		if (stretch->kind == PERSONA_STRETCH_FIRST)
			to = pcore_add(since, stretch->length);
		else if (stretch->kind == PERSONA_STRETCH_AFTER)
			from = pcore_add(since, stretch->length);
		else
			from = pcore_add(candidate->expires_at, -stretch->length);
		if (as_of < from)
			candidate->until = pcore_min(candidate->until, from);
		else if (as_of < to)
		{
			candidate->until = pcore_min(candidate->until, to);
			return factor_value(decider, candidate, &stretch->factor);
		}
	}
	return int64_to_numeric(1);
}

/* Computes a candidate's factors and score. */
void
persona_score(PersonaDecider *decider, PersonaCandidate *candidate)
{
	const PersonaCampaign *campaign = candidate->campaign;
	const PersonaCampaignChannel *way = candidate->way;
	PersonaScore *score = &candidate->score;

	if (way->constant)
	{
		*score = way->score;
		return;
	}
	score->propensity = factor_value(decider, candidate, &campaign->propensity);
	if (!decider->program->factor_is_off[PERSONA_PROPENSITY])
		score->propensity = numeric_mul_opt_error(score->propensity, persona_affinity(decider, way->channel), NULL);
	score->value = numeric_mul_opt_error(factor_value(decider, candidate, &campaign->value), campaign->cohort_value, NULL);
	score->urgency = urgency_value(decider, candidate);
	score->weight = numeric_mul_opt_error(factor_value(decider, candidate, &campaign->weight), way->lever, NULL);
	score->cost = numeric_add_opt_error(factor_value(decider, candidate, &campaign->cost), way->cost, NULL);
	score->price = int64_to_numeric(0);
	persona_score_compute(decider->program, score);
	candidate->stands = pcore_min(candidate->stands, candidate->until);
}
