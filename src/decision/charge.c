/*
 * charge.c - what a place on a scarce channel costs a candidate.
 *
 * Prices come with the program, from persona.prices_at (src/core/price.h tells
 * how they are found).  They are exact: worths are compared in millionths, and
 * where these are equal, by a hash of channel and key, of which the price knows
 * up to where it reaches.  So each customer alone decides as the optimum over
 * all customers has it.
 */
#include "postgres.h"

#include "decision/charge.h"
#include "fmgr.h"
#include "utils/builtins.h"

/* Finds the price that applies; *until is lowered to when another one does. */
static const PersonaPrice *
find_price(const PersonaDecider *decider, const PersonaCandidate *candidate, PcoreInstant *until)
{
	const PersonaPrice *found = NULL;

	for (int p = 0; p < decider->program->price_count; p++)
	{
		const PersonaPrice *price = &decider->program->prices[p];

		if (price->channel != candidate->way->channel || price->priority != candidate->campaign->priority)
			continue;
		if (candidate->send_at >= price->from && candidate->send_at < price->until)
			found = price;
		/* What can be sent at once is sent another day when that has come. */
		if (candidate->send_at == decider->customer->as_of)
		{
			if (price->from > candidate->send_at)
				*until = pcore_min(*until, price->from);
			if (price->until > candidate->send_at)
				*until = pcore_min(*until, price->until);
		}
	}
	return found;
}

/* Takes the price of the candidate's channel off its score. */
bool
persona_charge(PersonaDecider *decider, PersonaCandidate *candidate)
{
	const PersonaPrice *price;
	PcoreInstant until = PCORE_END_OF_TIME;

	if (decider->program->price_count == 0)
		return false;
	price = find_price(decider, candidate, &until);
	candidate->until = pcore_min(candidate->until, until);
	candidate->stands = pcore_min(candidate->stands, until);
	candidate->worth = pcore_worth(persona_millionths(candidate->score.score), 0);
	if (price == NULL)
		return false;
	if (price->closed)
	{
		candidate->eligible = false;
		candidate->stage = PERSONA_STAGE_CAPACITY;
		candidate->reason = "the channel is full that day";
		return true;
	}
	candidate->worth += pcore_tie(decider->program->channels[price->channel].name, decider->customer->evaluation.key);
	candidate->worth -= price->worth;
	if (candidate->worth <= 0)
	{
		candidate->eligible = false;
		candidate->stage = PERSONA_STAGE_CAPACITY;
		candidate->reason = persona_reason(decider, "the channel is scarce that day, a place costs %s and this is worth %s",
										   DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(price->price))),
										   DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(candidate->score.score))));
	}
	candidate->score.price = price->price;
	candidate->score.score = numeric_sub_opt_error(candidate->score.score, price->price, NULL);
	return true;
}
