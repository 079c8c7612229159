/*
 * market.c - what the places on scarce channels and the money of scarce budgets
 * are worth, over all customers.
 *
 * The pass collects, for each customer who could have a place on a channel with
 * a capacity, or something that a budget pays, what each would be worth and what
 * the best alternative is.  Then the priority classes are served one after the
 * other, the highest first, since priority comes before score: in each, places
 * and money go to whom they are worth most compared with the alternative
 * (src/core/trade.c), and what is left goes on to the next.
 *
 * The program given has prices of zero for all channels with a capacity and all
 * budgets, so that the decision lets them compete with what comes after them,
 * and tells what is spent of the budgets.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/factors.h"
#include "catalog/pg_type.h"
#include "decision/facts.h"
#include "decision/population.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(persona_market_of_all);

#define TIE_MASK ((INT64CONST(1) << PCORE_TIE_BITS) - 1)
#define NO_PLACE (-1)
#define UNPAID (-1)
#define MARKET_COLUMNS 16

/* What a customer could have: a place on a channel on a day, or (NO_PLACE) something without one. */
typedef struct Bid
{
	int64		priority;
	PcoreInstant send_at;
	int64		millionths;		/* -1: it is not worth a place, but would be given one if there were no prices */
	uint64		tie;
	int32		channel;
	int32		place;			/* number, once places are numbered */
	int64		cost;			/* millionths */
	int32		campaign;
	int32		way;			/* of the campaign, whose budgets pay it; UNPAID: none does */
	uint64		purses;			/* bits of those that pay it, once they are numbered */
} Bid;

/* A place that a contact holds already. */
typedef struct Held
{
	PcoreInstant at;
	int64		channel;
} Held;

/* What the pass collects of one customer; behind it: bids and held places. */
typedef struct Collected
{
	int32		bids;
	int32		held;
} Collected;

/* The places of a channel on a day. */
typedef struct Places
{
	int			channel;
	PcoreInstant from;
	PcoreInstant until;
	int64		left;
	int			number;			/* in the market of a class, or NO_PLACE */
	bool		asked;			/* in that class */
	int64		room;			/* before that class was served */
	int64		wanted;
	int64		unwanted;		/* in this class and those above it, who would be given one if there were no prices */
	int64		served;
	PcoreWorth	lost;
	PcoreWorth	price;
} Places;

/* The money of a budget in a period. */
typedef struct Purse
{
	int			budget;
	PcoreInstant from;
	PcoreInstant until;
	int64		left;			/* millionths */
	int128		demand;			/* no more than this can be asked for */
	int64		asker;			/* who asked last, and for how much at most */
	int64		most;
	bool		asked;			/* in the class that is served */
	int64		money;			/* before that class was served */
	int64		wanted;			/* customers */
	int64		served;
	int128		money_wanted;
	int64		short_of;		/* the least cost that it can't pay; PG_INT64_MAX: it can pay all */
	PcoreWorth	lost;
	PcoreRate	rate;
} Purse;

typedef struct Market
{
	const PersonaProgram *program;
	int64		asker_count;
	int64		asker_room;
	int64	   *first;			/* by asker and one more: where its bids begin */
	bool	   *served;
	int64		bid_count;
	int64		bid_room;
	Bid		   *bids;
	int			place_count;
	int			place_room;
	Places	   *places;
	int			purse_count;
	int			purse_room;
	Purse	   *purses;
} Market;

/* ---- collecting ---- */

/* Adds the places that a customer's contacts hold from the day of as_of on. */
static int
collect_held(PersonaPass *pass, PersonaCustomer *customer, Held *held)
{
	PersonaDecider decider = {.customer = customer, .program = pass->program};
	PcoreInstant from;
	PcoreInstant until;
	int			count = 0;

	persona_list_facts(&decider);
	pcore_unit_span(&pass->program->default_zone, pass->as_of, PCORE_UNIT_DAY, &from, &until);
	for (int c = 0; c < decider.contact_count; c++)
	{
		const PersonaContact *contact = &decider.contacts[c];
		int			channel = contact->about.channel;

		if (contact->at < from || channel < 0 || channel >= pass->program->channel_count
			|| pass->program->channels[channel].capacity_per_day < 0)
			continue;
		if (held != NULL)
			held[count] = (Held) {contact->at, channel};
		count++;
	}
	return count;
}

/*
 * Finds what a customer would take of all that is not worth a place, if there
 * were no prices: then the campaigns' order of channels and priorities count.
 * Returns the candidate, or NULL.
 */
static const PersonaCandidate *
find_unwanted(const PersonaCandidate *candidates, int count)
{
	const PersonaCandidate *found = NULL;

	for (int c = 0; c < count; c++)
		if (candidates[c].unwanted != NULL
			&& (found == NULL || candidates[c].campaign->priority > found->campaign->priority
				|| (candidates[c].campaign->priority == found->campaign->priority
					&& candidates[c].unwanted_millionths > found->unwanted_millionths)))
			found = &candidates[c];
	if (found == NULL || count == 0 || !candidates[0].eligible || candidates[0].campaign == found->campaign)
		return found;
	return candidates[0].campaign->priority < found->campaign->priority
		|| (candidates[0].campaign->priority == found->campaign->priority
			&& (int64) (candidates[0].worth >> PCORE_TIE_BITS) < found->unwanted_millionths) ? found : NULL;
}

/*
 * Collects what one customer could have.  Candidates come by priority and then
 * by what they are worth at no price; so behind the first that needs nothing
 * scarce there is nothing that the customer would ever take.
 */
static void
market_customer(PersonaPass *pass, PersonaCustomer *customer)
{
	const PersonaProgram *program = pass->program;
	PcoreInstant valid_until;
	int			count;
	const PersonaCandidate *candidates = persona_candidates_of(customer, false, &count, &valid_until);
	const PersonaCandidate *unwanted = find_unwanted(candidates, count);
	int			held = collect_held(pass, customer, NULL);
	Size		size = VARHDRSZ + sizeof(Collected) + sizeof(Bid) * (count + 1) + sizeof(Held) * held;
	bytea	   *row = palloc0(size);
	Collected	collected = {0, held};
	Bid		   *bids = (Bid *) palloc0(sizeof(Bid) * (count + 2));
	bool		scarce = false;
	Datum		value = PointerGetDatum(row);
	bool		null = false;
	char	   *at = VARDATA(row);

	for (int c = 0; c < count && candidates[c].eligible; c++)
	{
		const PersonaCandidate *candidate = &candidates[c];
		Bid		   *bid = &bids[collected.bids++];
		bool		capped = program->channels[candidate->way->channel].capacity_per_day >= 0;

		bid->cost = persona_millionths(candidate->score.cost);
		bid->campaign = candidate->campaign - program->campaigns;
		bid->way = bid->cost > 0 && candidate->way->budget_count > 0 ? candidate->way - candidate->campaign->channels : UNPAID;
		scarce |= capped || bid->way != UNPAID;
		bid->priority = candidate->campaign->priority;
		bid->send_at = candidate->send_at;
		bid->millionths = (int64) (candidate->worth >> PCORE_TIE_BITS);
		bid->tie = (uint64) (candidate->worth & TIE_MASK);
		bid->channel = capped ? candidate->way->channel : NO_PLACE;
		if (!capped && bid->way == UNPAID)
			break;
	}
	if (unwanted != NULL && program->channels[unwanted->unwanted->channel].capacity_per_day >= 0)
	{
		bids[collected.bids++] = (Bid) {unwanted->campaign->priority, unwanted->unwanted_at, -1, 0, unwanted->unwanted->channel, NO_PLACE, 0, 0, UNPAID, 0};
		scarce = true;
	}
	if (!scarce)
		collected.bids = 0;
	if (collected.bids == 0 && held == 0)
		return;
	memcpy(at, &collected, sizeof(collected));
	memcpy(at + sizeof(collected), bids, sizeof(Bid) * collected.bids);
	if (held > 0)
	{
		Held	   *places = palloc(sizeof(Held) * held);

		(void) collect_held(pass, customer, places);
		memcpy(at + sizeof(collected) + sizeof(Bid) * collected.bids, places, sizeof(Held) * held);
	}
	SET_VARSIZE(row, VARHDRSZ + sizeof(Collected) + sizeof(Bid) * collected.bids + sizeof(Held) * held);
	persona_pass_add_row(pass, &value, &null);
}

/* Collects a block. */
static void
market_block(PersonaPass *pass, const PersonaBlock *block)
{
	persona_population_walk(pass, block, market_customer);
}

PERSONA_QUESTION(persona_question_market) = {persona_population_plan, market_block, NULL};

/* Makes room for one more item of an array that may grow beyond 1 GB. */
static void *
make_room(void *items, int64 count, int64 *room, Size size)
{
	if (count < *room)
		return items;
	*room = Max(1024, *room * 2);
	return items == NULL ? MemoryContextAllocHuge(CurrentMemoryContext, *room * size)
		: repalloc_huge(items, *room * size);
}

/* Finds the places of a channel on the day of an instant. */
static int
find_places(Market *market, int channel, PcoreInstant at)
{
	Places	   *places;

	for (int p = 0; p < market->place_count; p++)
		if (market->places[p].channel == channel && at >= market->places[p].from && at < market->places[p].until)
			return p;
	if (market->place_count == market->place_room)
	{
		market->place_room = Max(64, 2 * market->place_room);
		market->places = market->places == NULL ? palloc(sizeof(Places) * market->place_room)
			: repalloc(market->places, sizeof(Places) * market->place_room);
	}
	places = &market->places[market->place_count];
	memset(places, 0, sizeof(Places));
	places->channel = channel;
	places->left = market->program->channels[channel].capacity_per_day;
	pcore_unit_span(&market->program->default_zone, at, PCORE_UNIT_DAY, &places->from, &places->until);
	return market->place_count++;
}

/* Returns the whole millionths of a number, rounded down; at least 0. */
static int64
floor_millionths(Numeric number)
{
	Datum		millionths = DirectFunctionCall1(numeric_floor, NumericGetDatum(
		numeric_mul_opt_error(number, int64_to_numeric(1000000), NULL)));
	Datum		most = NumericGetDatum(int64_to_numeric(PG_INT64_MAX));

	if (persona_compare_numbers(number, int64_to_numeric(0)) <= 0)
		return 0;
	return DatumGetInt64(DirectFunctionCall1(numeric_int8,
											 persona_compare_numbers(DatumGetNumeric(millionths), DatumGetNumeric(most)) > 0
											 ? most : millionths));
}

/* Finds the money of a budget in the period of an instant, if it is there; else NULL. */
static Purse *
seek_purse(const Market *market, int budget, PcoreInstant at)
{
	for (int p = 0; p < market->purse_count; p++)
		if (market->purses[p].budget == budget && at >= market->purses[p].from && at < market->purses[p].until)
			return &market->purses[p];
	return NULL;
}

/* Finds the money of a budget in the period of an instant. */
static Purse *
find_purse(Market *market, int number, PcoreInstant at)
{
	const PersonaBudget *budget = &market->program->rules.budgets[number];
	Numeric		left = budget->amount;
	Purse	   *purse = seek_purse(market, number, at);

	if (purse != NULL)
		return purse;
	if (market->purse_count == market->purse_room)
	{
		market->purse_room = Max(16, 2 * market->purse_room);
		market->purses = market->purses == NULL ? palloc(sizeof(Purse) * market->purse_room)
			: repalloc(market->purses, sizeof(Purse) * market->purse_room);
	}
	purse = &market->purses[market->purse_count];
	memset(purse, 0, sizeof(Purse));
	purse->budget = number;
	purse->asker = -1;
	purse->from = PCORE_BEGIN_OF_TIME;
	purse->until = PCORE_END_OF_TIME;
	if (budget->calendar != PERSONA_NONE)
		pcore_unit_span(&market->program->default_zone, at, (PcoreUnit) budget->calendar, &purse->from, &purse->until);
	for (int p = 0; p < market->program->price_count; p++)
	{
		const PersonaPrice *price = &market->program->prices[p];

		if (price->budget == number && price->spent != NULL && at >= price->from && at < price->until)
			left = numeric_sub_opt_error(left, price->spent, NULL);
	}
	purse->left = floor_millionths(left);
	market->purse_count++;
	return purse;
}

/* Returns the budgets that pay a bid. */
static const int *
budgets_of(const Market *market, const Bid *bid, int *count)
{
	const PersonaCampaignChannel *way;

	*count = 0;
	if (bid->way == UNPAID)
		return NULL;
	way = &market->program->campaigns[bid->campaign].channels[bid->way];
	*count = way->budget_count;
	return way->budgets;
}

/* Counts what the asker that is being added could take out of purses: the most that any of its bids costs. */
static void
count_demand(Market *market, const Bid *bid)
{
	int			count;
	const int  *budgets = budgets_of(market, bid, &count);

	for (int b = 0; b < count; b++)
	{
		Purse	   *purse = find_purse(market, budgets[b], bid->send_at);

		if (purse->asker != market->asker_count)
			purse->most = 0;
		purse->asker = market->asker_count;
		if (bid->cost <= purse->most)
			continue;
		purse->demand += bid->cost - purse->most;
		purse->most = bid->cost;
	}
}

/* Orders purses: those of which most is asked for, compared with what they have, come first. */
static int
compare_purses(const void *left, const void *right)
{
	const Purse *a = left;
	const Purse *b = right;
	double		of_a = (double) a->demand / ((double) a->left + 1);
	double		of_b = (double) b->demand / ((double) b->left + 1);

	if (of_a != of_b)
		return of_a > of_b ? -1 : 1;
	if (a->budget != b->budget)
		return a->budget < b->budget ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

/* Numbers the purses, those that are most likely to be short if there are too many, and tells each bid which pay it. */
static void
number_purses(Market *market)
{
	if (market->purse_count > PCORE_MOST_PURSES)
	{
		qsort(market->purses, market->purse_count, sizeof(Purse), compare_purses);
		market->purse_count = PCORE_MOST_PURSES;
	}
	for (int64 i = 0; i < market->bid_count; i++)
	{
		Bid		   *bid = &market->bids[i];
		int			count;
		const int  *budgets = budgets_of(market, bid, &count);

		for (int b = 0; b < count; b++)
		{
			const Purse *purse = seek_purse(market, budgets[b], bid->send_at);

			if (purse != NULL)
				bid->purses |= UINT64CONST(1) << (purse - market->purses);
		}
	}
}

/* Adds what was collected of one customer. */
static void
add_customer(Market *market, const bytea *row)
{
	Collected	collected;
	const char *at = VARDATA_ANY(row);

	memcpy(&collected, at, sizeof(collected));
	at += sizeof(collected);
	market->first = make_room(market->first, market->asker_count + 1, &market->asker_room, sizeof(int64));
	market->first[market->asker_count] = market->bid_count;
	for (int b = 0; b < collected.bids; b++, at += sizeof(Bid))
	{
		Bid		   *bid;

		market->bids = make_room(market->bids, market->bid_count, &market->bid_room, sizeof(Bid));
		bid = &market->bids[market->bid_count++];
		memcpy(bid, at, sizeof(Bid));
		bid->place = bid->channel == NO_PLACE ? NO_PLACE : find_places(market, bid->channel, bid->send_at);
		count_demand(market, bid);
	}
	if (collected.bids > 0)
		market->asker_count++;
	market->first[market->asker_count] = market->bid_count;
	for (int h = 0; h < collected.held; h++, at += sizeof(Held))
	{
		Held		held;
		int			p;

		memcpy(&held, at, sizeof(held));
		p = find_places(market, (int) held.channel, held.at);
		market->places[p].left = Max(0, market->places[p].left - 1);
	}
}

/* ---- clearing one class ---- */

/* Tells whether a bid is for something that needs no place and no money. */
static bool
is_free(const Bid *bid)
{
	return bid->place == NO_PLACE && bid->purses == 0;
}

/* Tells whether a bid is for a place that it is not worth; what is worth less than nothing may be free. */
static bool
is_unwanted(const Bid *bid)
{
	return bid->place != NO_PLACE && bid->millionths < 0;
}

/* Finds an asker's best bid of a class at no price, and what it has for nothing. */
static const Bid *
best_bid(const Market *market, int64 asker, int64 priority, PcoreWorth *otherwise, bool *has_other)
{
	const Bid  *best = NULL;
	PcoreWorth	most;

	*otherwise = 0;
	*has_other = false;
	for (int64 b = market->first[asker]; b < market->first[asker + 1]; b++)
		if (market->bids[b].priority == priority && is_free(&market->bids[b]))
		{
			*otherwise = Max(*otherwise, pcore_worth(market->bids[b].millionths, 0));
			*has_other = true;
		}
	most = *otherwise;
	for (int64 b = market->first[asker]; b < market->first[asker + 1]; b++)
	{
		const Bid  *bid = &market->bids[b];

		if (bid->priority == priority && !is_free(bid) && pcore_worth(bid->millionths, bid->tie) > most)
		{
			most = pcore_worth(bid->millionths, bid->tie);
			best = bid;
		}
	}
	return best;
}

/* Tells whether each purse of a bid has what it costs; notes which are too short. */
static bool
can_pay(Market *market, const Bid *bid)
{
	bool		can = true;

	for (uint64 purses = bid->purses; purses != 0; purses &= purses - 1)
	{
		Purse	   *purse = &market->purses[__builtin_ctzll(purses)];

		if (bid->cost > purse->money)
		{
			purse->short_of = Min(purse->short_of, bid->cost);
			can = false;
		}
	}
	return can;
}

/* Adds an asker's offers in a class to the core's; returns how many there are now. */
static int64
add_offers(Market *market, int64 asker, int64 priority, PcoreOffer *offers, int64 begin)
{
	int64		count = begin;

	for (int64 b = market->first[asker]; b < market->first[asker + 1]; b++)
	{
		const Bid  *bid = &market->bids[b];
		int			number = bid->place == NO_PLACE ? PCORE_NO_PLACE : market->places[bid->place].number;

		if (bid->priority != priority || is_unwanted(bid) || is_free(bid)
			|| (bid->place != NO_PLACE && number == NO_PLACE) || !can_pay(market, bid))
			continue;
		offers[count++] = (PcoreOffer) {pcore_worth(bid->millionths, bid->tie), bid->cost, bid->purses, number};
	}
	return count;
}

/* Numbers the places that are asked for in a class and have room, and begins to count; returns how many. */
static int
number_places(Market *market, int64 priority)
{
	int			count = 0;

	for (int p = 0; p < market->place_count; p++)
	{
		market->places[p].number = NO_PLACE;
		market->places[p].asked = false;
		market->places[p].room = market->places[p].left;
		market->places[p].wanted = market->places[p].served = 0;
		market->places[p].lost = market->places[p].price = 0;
	}
	for (int p = 0; p < market->purse_count; p++)
	{
		Purse	   *purse = &market->purses[p];

		purse->asked = false;
		purse->money = purse->left;
		purse->wanted = purse->served = 0;
		purse->money_wanted = 0;
		purse->short_of = PG_INT64_MAX;
		purse->lost = purse->rate = 0;
	}
	for (int64 a = 0; a < market->asker_count; a++)
		for (int64 b = market->first[a]; !market->served[a] && b < market->first[a + 1]; b++)
		{
			const Bid  *bid = &market->bids[b];

			if (bid->priority != priority)
				continue;
			if (bid->place != NO_PLACE)
				market->places[bid->place].asked = true;
			for (uint64 purses = bid->purses; purses != 0; purses &= purses - 1)
				market->purses[__builtin_ctzll(purses)].asked = true;
		}
	for (int p = 0; p < market->place_count; p++)
		if (market->places[p].asked && market->places[p].room > 0)
			market->places[p].number = count++;
	if (count > PCORE_MOST_RESOURCES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many channels with a capacity are asked for on too many days"),
				 errdetail("In priority class " INT64_FORMAT " there are %d, at most %d can be priced together.",
						   priority, count, PCORE_MOST_RESOURCES)));
	return count;
}

/* Counts what an asker wanted, gets (NULL: nothing that is scarce) and loses; tells whether it has something. */
static bool
settle_asker(Market *market, int64 asker, int64 priority, const PcoreOffer *got)
{
	PcoreWorth	otherwise;
	bool		has_other;
	const Bid  *best = best_bid(market, asker, priority, &otherwise, &has_other);
	PcoreWorth	worth = got == NULL ? otherwise : got->worth;

	for (int64 b = market->first[asker]; b < market->first[asker + 1]; b++)
		if (market->bids[b].priority == priority && is_unwanted(&market->bids[b])
			&& (best == NULL || best->place != market->bids[b].place))
			market->places[market->bids[b].place].unwanted++;
	if (best != NULL)
	{
		PcoreWorth	lost = pcore_worth(best->millionths, best->tie) - worth;

		if (best->place != NO_PLACE)
		{
			market->places[best->place].wanted++;
			market->places[best->place].lost += lost;
		}
		for (uint64 purses = best->purses; purses != 0; purses &= purses - 1)
		{
			market->purses[__builtin_ctzll(purses)].wanted++;
			market->purses[__builtin_ctzll(purses)].money_wanted += best->cost;
			market->purses[__builtin_ctzll(purses)].lost += lost;
		}
	}
	return got != NULL || has_other;
}

/* Gives places and money to the askers of a class that are not served yet. */
static void
clear_class(Market *market, int64 priority)
{
	int			resources = number_places(market, priority);
	int64		room[PCORE_MOST_RESOURCES];
	int			place_of[PCORE_MOST_RESOURCES];
	int64		money[PCORE_MOST_PURSES];
	PcoreWorth	prices[PCORE_MOST_RESOURCES];
	PcoreRate	rates[PCORE_MOST_PURSES];
	int64	   *first = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int64) * (market->asker_count + 1));
	PcoreWorth *otherwise = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(PcoreWorth) * (market->asker_count + 1));
	int64	   *asker_of = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(int64) * (market->asker_count + 1));
	PcoreOffer *offers = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(PcoreOffer) * (market->bid_count + 1));
	int64		count = 0;
	int			askers = 0;
	PcoreTrade	trade = {resources, room, market->purse_count, money, 0, first, offers, otherwise};

	for (int p = 0; p < market->place_count; p++)
		if (market->places[p].number != NO_PLACE)
		{
			room[market->places[p].number] = market->places[p].room;
			place_of[market->places[p].number] = p;
		}
	for (int p = 0; p < market->purse_count; p++)
		money[p] = market->purses[p].money;
	for (int64 a = 0; a < market->asker_count; a++)
	{
		bool		has_other;

		if (market->served[a])
			continue;
		(void) best_bid(market, a, priority, &otherwise[askers], &has_other);
		first[askers] = count;
		asker_of[askers++] = a;
		count = add_offers(market, a, priority, offers, count);
	}
	first[askers] = count;
	trade.asker_count = askers;
	pcore_trade_prices(&trade, prices, rates);
	for (int i = 0; i < askers; i++)
	{
		int64		choice = pcore_trade_choice(&trade, prices, rates, i);
		const PcoreOffer *got = choice < 0 ? NULL : &offers[choice];

		market->served[asker_of[i]] = settle_asker(market, asker_of[i], priority, got);
		if (got == NULL)
			continue;
		if (got->place != PCORE_NO_PLACE)
		{
			market->places[place_of[got->place]].served++;
			market->places[place_of[got->place]].left--;
		}
		for (uint64 purses = got->purses; purses != 0; purses &= purses - 1)
		{
			market->purses[__builtin_ctzll(purses)].served++;
			market->purses[__builtin_ctzll(purses)].left -= got->cost;
		}
	}
	for (int r = 0; r < resources; r++)
		market->places[place_of[r]].price = prices[r];
	for (int p = 0; p < market->purse_count; p++)
		market->purses[p].rate = rates[p];
	pfree(first);
	pfree(otherwise);
	pfree(asker_of);
	pfree(offers);
}

/* ---- the answer ---- */

/* Returns a worth as numeric. */
static Datum
worth_numeric(PcoreWorth worth)
{
	PcoreWorth	millionths = worth >> PCORE_TIE_BITS;

	return DirectFunctionCall1(numeric_trim_scale,
							   NumericGetDatum(int64_div_fast_to_numeric((int64) Min(millionths, PG_INT64_MAX), 6)));
}

/* Returns a number of parts as numeric, exactly; "part" is what one of them is. */
static Datum
parts_numeric(__int128 parts, int64 of_one, const char *part)
{
	Datum		fraction = DirectFunctionCall3(numeric_in, CStringGetDatum(part), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	Numeric		rest = numeric_mul_opt_error(int64_to_numeric((int64) (parts % of_one)), DatumGetNumeric(fraction), NULL);

	return DirectFunctionCall1(numeric_trim_scale,
							   NumericGetDatum(numeric_add_opt_error(int64_to_numeric((int64) (parts / of_one)), rest, NULL)));
}

/* Returns millionths as numeric. */
static Datum
money_numeric(__int128 millionths)
{
	return parts_numeric(millionths, 1000000, "0.000001");
}

/* Adds the places of a class to the result; tells whether any is scarce. */
static bool
add_places(const Market *market, int64 priority, Tuplestorestate *rows, TupleDesc desc)
{
	bool		scarce = false;

	for (int p = 0; p < market->place_count; p++)
	{
		const Places *places = &market->places[p];
		bool		closed = places->room == 0;
		Datum		values[MARKET_COLUMNS] = {0};
		bool		nulls[MARKET_COLUMNS] = {false};

		if (!places->asked)
			continue;
		scarce |= places->wanted + places->unwanted > places->room || places->price > 0;
		values[0] = CStringGetTextDatum(market->program->channels[places->channel].name);
		nulls[1] = true;
		values[2] = Int32GetDatum((int32) priority);
		values[3] = TimestampTzGetDatum(places->from);
		values[4] = TimestampTzGetDatum(places->until);
		values[5] = Int64GetDatum(places->room);
		nulls[6] = nulls[7] = nulls[8] = nulls[9] = true;
		values[10] = Int64GetDatum(places->wanted);
		values[11] = Int64GetDatum(places->served);
		values[12] = closed ? DirectFunctionCall3(numeric_in, CStringGetDatum("Infinity"), ObjectIdGetDatum(InvalidOid),
												  Int32GetDatum(-1)) : worth_numeric(places->price);
		values[13] = Int64GetDatum(closed ? 0 : (int64) (places->price & TIE_MASK));
		values[14] = worth_numeric(places->lost);
		values[15] = worth_numeric(closed ? 0 : places->price * (PcoreWorth) (places->room - places->served));
		tuplestore_putvalues(rows, desc, values, nulls);
	}
	return scarce;
}

/* Adds the money of a class to the result; tells whether any is scarce. */
static bool
add_purses(const Market *market, int64 priority, Tuplestorestate *rows, TupleDesc desc)
{
	bool		scarce = false;

	for (int p = 0; p < market->purse_count; p++)
	{
		const Purse *purse = &market->purses[p];
		Datum		values[MARKET_COLUMNS] = {0};
		bool		nulls[MARKET_COLUMNS] = {false};

		if (!purse->asked)
			continue;
		scarce |= purse->money_wanted > purse->money || purse->rate > 0 || purse->short_of < PG_INT64_MAX;
		nulls[0] = true;
		values[1] = CStringGetTextDatum(market->program->rules.budgets[purse->budget].name);
		values[2] = Int32GetDatum((int32) priority);
		values[3] = TimestampTzGetDatum(purse->from);
		values[4] = TimestampTzGetDatum(purse->until);
		nulls[5] = true;
		values[6] = money_numeric(purse->money);
		values[7] = money_numeric(purse->money_wanted);
		values[8] = money_numeric(purse->money - purse->left);
		nulls[9] = purse->short_of == PG_INT64_MAX;
		values[9] = nulls[9] ? (Datum) 0 : money_numeric(purse->short_of);
		values[10] = Int64GetDatum(purse->wanted);
		values[11] = Int64GetDatum(purse->served);
		values[12] = parts_numeric(purse->rate >> PCORE_RATE_TIE_BITS, PCORE_RATE_PARTS, "0.00000095367431640625");
		values[13] = Int64GetDatum((int64) (purse->rate & ((INT64CONST(1) << PCORE_RATE_TIE_BITS) - 1)));
		values[14] = worth_numeric(purse->lost);
		values[15] = worth_numeric(purse->rate * purse->left);
		tuplestore_putvalues(rows, desc, values, nulls);
	}
	return scarce;
}

/* Finds the highest priority below a given one that has bids; false if there is none. */
static bool
next_class(const Market *market, int64 *priority)
{
	bool		found = false;
	int64		highest = 0;

	for (int64 b = 0; b < market->bid_count; b++)
		if (market->bids[b].priority < *priority && (!found || market->bids[b].priority > highest))
		{
			highest = market->bids[b].priority;
			found = true;
		}
	*priority = highest;
	return found;
}

/*
 * persona.market_of_all(program, as_of): what places on channels with a
 * capacity, and the money of budgets, are worth; the program has prices of zero
 * for them.  No rows for NULL, and none if nothing is scarce.  Errors as of
 * persona.funnel_of_all, and too many channels and days.
 */
Datum
persona_market_of_all(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleDesc	desc = CreateTemplateTupleDesc(1);
	Tuplestorestate *collected;
	Tuplestorestate *rows;
	TupleTableSlot *slot;
	PersonaPass *pass;
	Market		market = {0};
	int64		priority = PG_INT64_MAX;
	bool		scarce = false;

	InitMaterializedSRF(fcinfo, 0);
	TupleDescInitEntry(desc, 1, "collected", BYTEAOID, -1, 0);
	collected = tuplestore_begin_heap(false, false, work_mem);
	pass = persona_population_run(fcinfo, PERSONA_TASK_PRICES, "persona_question_market", &persona_question_market,
								  collected, desc);
	if (pass == NULL)
		return (Datum) 0;
	market.program = pass->program;
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	while (tuplestore_gettupleslot(collected, true, false, slot))
	{
		bool		null;
		bytea	   *row = DatumGetByteaPP(slot_getattr(slot, 1, &null));

		CHECK_FOR_INTERRUPTS();
		add_customer(&market, row);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(collected);
	if (market.asker_count == 0)
		return (Datum) 0;
	number_purses(&market);
	market.served = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(bool) * market.asker_count,
											   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	/* Prices of places that nobody has to do without are told if there are others. */
	rows = tuplestore_begin_heap(false, false, work_mem);
	while (next_class(&market, &priority))
	{
		clear_class(&market, priority);
		scarce |= add_places(&market, priority, rows, result->setDesc);
		scarce |= add_purses(&market, priority, rows, result->setDesc);
	}
	slot = MakeSingleTupleTableSlot(result->setDesc, &TTSOpsMinimalTuple);
	while (scarce && tuplestore_gettupleslot(rows, true, false, slot))
		tuplestore_puttupleslot(result->setResult, slot);
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(rows);
	return (Datum) 0;
}
