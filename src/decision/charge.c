/*
 * charge.c - what a place on a scarce channel, and the money of a scarce budget,
 * cost a candidate.
 *
 * Prices come with the program, from persona.prices_at (src/core/price.h tells
 * how they are found).  They are exact: worths are compared in millionths, and
 * where these are equal, by a hash of channel and key, of which the price knows
 * up to where it reaches.  So each customer alone decides as the optimum over
 * all customers has it.
 */
#include "postgres.h"

#include "catalog/factors.h"
#include "decision/charge.h"
#include "fmgr.h"
#include "utils/builtins.h"

/* Tells whether a price is one of the day on which a candidate is sent; *until is lowered to when that changes. */
static bool
is_price_of_day(const PersonaDecider *decider, const PersonaPrice *price, const PersonaCandidate *candidate,
				PcoreInstant *until)
{
	/* What can be sent at once is sent another day when that has come. */
	if (candidate->send_at == decider->customer->as_of)
	{
		if (price->from > candidate->send_at)
			*until = pcore_min(*until, price->from);
		if (price->until > candidate->send_at)
			*until = pcore_min(*until, price->until);
	}
	return candidate->send_at >= price->from && candidate->send_at < price->until;
}

/* Finds the price of a place on the candidate's channel, or NULL. */
static const PersonaPrice *
find_price(const PersonaDecider *decider, const PersonaCandidate *candidate, PcoreInstant *until)
{
	const PersonaPrice *found = NULL;

	/* On the channel on which the customer is, no place is scarce. */
	if (decider->ask != NULL)
		return NULL;
	for (int p = 0; p < decider->program->price_count; p++)
	{
		const PersonaPrice *price = &decider->program->prices[p];

		if (price->channel == candidate->way->channel && price->priority == candidate->campaign->priority
			&& is_price_of_day(decider, price, candidate, until))
			found = price;
	}
	return found;
}

/*
 * Finds what money costs that pays the candidate: returns the sum of the rates
 * of its budgets, or -1 if these have none; *sum is the same as a number.
 * *lacking is a budget that does not have so much left, or NULL.
 */
static PcoreRate
find_rate(const PersonaDecider *decider, const PersonaCandidate *candidate, Numeric *sum, const PersonaPrice **lacking,
		  PcoreInstant *until)
{
	const PersonaCampaignChannel *way = candidate->way;
	PcoreRate	rate = -1;

	*sum = int64_to_numeric(0);
	*lacking = NULL;
	if (way->budget_count == 0 || persona_compare_numbers(candidate->score.cost, int64_to_numeric(0)) <= 0)
		return -1;
	for (int p = 0; p < decider->program->price_count; p++)
	{
		const PersonaPrice *price = &decider->program->prices[p];
		bool		pays = false;

		for (int b = 0; b < way->budget_count && price->budget != PERSONA_NONE; b++)
			pays |= way->budgets[b] == price->budget;
		if (!pays || (!price->of_all && price->priority != candidate->campaign->priority)
			|| !is_price_of_day(decider, price, candidate, until))
			continue;
		if (price->rate >= 0 && decider->ask == NULL)
		{
			rate = Min(Max(rate, 0) + price->rate, PCORE_MOST_RATE);
			*sum = numeric_add_opt_error(*sum, price->price, NULL);
		}
		if (price->short_of != NULL && *lacking == NULL
			&& persona_compare_numbers(candidate->score.cost, price->short_of) >= 0)
			*lacking = price;
	}
	return rate;
}

/* Shows a number in a reason. */
static const char *
shown(Numeric number)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
}

/* Fails a candidate for want of a place or of money. */
static void
fail_capacity(PersonaCandidate *candidate, const char *reason)
{
	candidate->eligible = false;
	candidate->stage = PERSONA_STAGE_CAPACITY;
	candidate->reason = reason;
}

/* Tells whether a candidate needs a place on a channel with a capacity, or the money of a budget. */
static bool
asks_for_scarce(const PersonaDecider *decider, const PersonaCandidate *candidate)
{
	return decider->program->channels[candidate->way->channel].capacity_per_day >= 0
		|| (candidate->way->budget_count > 0 && persona_compare_numbers(candidate->score.cost, int64_to_numeric(0)) > 0);
}

/* Takes the prices of the candidate's channel and money off its score. */
bool
persona_charge(PersonaDecider *decider, PersonaCandidate *candidate)
{
	const PersonaPrice *price;
	const PersonaPrice *lacking;
	PcoreInstant until = PCORE_END_OF_TIME;
	Numeric		sum;
	PcoreRate	rate;

	decider->customer->scarce |= asks_for_scarce(decider, candidate);
	if (decider->program->price_count == 0)
		return false;
	price = find_price(decider, candidate, &until);
	rate = find_rate(decider, candidate, &sum, &lacking, &until);
	candidate->until = pcore_min(candidate->until, until);
	candidate->stands = pcore_min(candidate->stands, until);
	candidate->worth = pcore_worth(persona_millionths(candidate->score.score), 0);
	if (price != NULL && price->closed)
	{
		fail_capacity(candidate, "the channel is full that day");
		return true;
	}
	if (lacking != NULL)
	{
		fail_capacity(candidate, persona_reason(decider, "budget \"%s\" has less than %s left, and this costs %s",
												decider->program->rules.budgets[lacking->budget].name,
												shown(lacking->short_of), shown(candidate->score.cost)));
		return true;
	}
	if (price == NULL && rate < 0)
		return false;
	candidate->worth += pcore_tie(decider->program->channels[candidate->way->channel].name, decider->customer->evaluation.key);
	if (price != NULL)
	{
		candidate->worth -= price->worth;
		candidate->score.price = price->price;
	}
	if (rate > 0)
	{
		candidate->worth -= rate * persona_millionths(candidate->score.cost);
		candidate->score.price = numeric_add_opt_error(candidate->score.price,
													   numeric_mul_opt_error(sum, candidate->score.cost, NULL), NULL);
	}
	if (candidate->worth <= 0)
		fail_capacity(candidate, persona_reason(decider, rate > 0 ? "places or money are scarce then, they cost %s and this is worth %s"
												: "the channel is scarce that day, a place costs %s and this is worth %s",
												shown(candidate->score.price), shown(candidate->score.score)));
	candidate->score.score = numeric_sub_opt_error(candidate->score.score, candidate->score.price, NULL);
	return true;
}
