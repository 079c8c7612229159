/*
 * naive_trade.c - random small trades in places and money, priced and then
 * compared with all divisions there are.
 */
#include "core/trade.h"

#include <string.h>

#include "host.h"
#include "naive.h"

#define MOST_ASKERS 6
#define MOST_PLACES 2
#define MOST_OFFERS 3			/* of an asker */
#define FEW_PURSES 2

typedef struct Small
{
	PcoreTrade	trade;
	int64_t		room[MOST_PLACES];
	int64_t		money[FEW_PURSES];
	int64_t		first[MOST_ASKERS + 1];
	PcoreWorth	otherwise[MOST_ASKERS];
	PcoreOffer	offers[MOST_ASKERS * MOST_OFFERS];
	PcoreWorth	most;			/* that an offer is worth */
} Small;

/* Makes a trade of the bytes. */
static void
make(NaiveSource *source, Small *small)
{
	int			askers = 1 + naive_below(source, MOST_ASKERS);
	int			places = naive_below(source, MOST_PLACES + 1);
	int			purses = naive_below(source, FEW_PURSES + 1);
	int			range = naive_below(source, 2) == 0 ? 4 : 200;	/* with many ties, or with few */
	int			costs = 1 + naive_below(source, 10);
	int64_t		count = 0;

	memset(small, 0, sizeof(*small));
	for (int p = 0; p < places; p++)
		small->room[p] = 1 + naive_below(source, 3);
	for (int p = 0; p < purses; p++)
		small->money[p] = naive_below(source, 30);
	for (int a = 0; a < askers; a++)
	{
		int			offers = naive_below(source, MOST_OFFERS + 1);

		small->first[a] = count;
		small->otherwise[a] = pcore_worth(naive_below(source, 3) == 0 ? naive_below(source, range) : 0, 0);
		for (int o = 0; o < offers; o++)
		{
			PcoreOffer *offer = &small->offers[count];
			char		resource[2] = {(char) ('a' + o), 0};
			char		key[2] = {(char) ('0' + a), 0};

			offer->place = naive_below(source, places + 1) - 1;
			offer->purses = (uint64_t) naive_below(source, 1 << purses);
			offer->cost = offer->purses == 0 ? 0 : 1 + naive_below(source, costs);
			offer->worth = pcore_worth(naive_below(source, range), pcore_tie(resource, key));
			if (offer->place == PCORE_NO_PLACE && offer->purses == 0)
				continue;
			if (offer->worth > small->most)
				small->most = offer->worth;
			count++;
		}
	}
	small->first[askers] = count;
	small->trade = (PcoreTrade) {places, small->room, purses, small->money, askers, small->first, small->offers, small->otherwise};
}

/* Adds an offer to what is left of places and money, or takes it off; tells whether nothing is below zero. */
static bool
take(const PcoreOffer *offer, int sign, int64_t *room, int64_t *money)
{
	bool		fits = true;

	if (offer->place != PCORE_NO_PLACE)
		fits &= (room[offer->place] -= sign) >= 0;
	for (int p = 0; p < FEW_PURSES; p++)
		if ((offer->purses >> p & 1) != 0)
			fits &= (money[p] -= sign * offer->cost) >= 0;
	return fits;
}

/* Returns the largest sum of worths of the askers from one on, over all divisions. */
static PcoreWorth
best_sum(const Small *small, int asker, int64_t *room, int64_t *money)
{
	PcoreWorth	best;

	if (asker == small->trade.asker_count)
		return 0;
	best = small->otherwise[asker] + best_sum(small, asker + 1, room, money);
	for (int64_t o = small->first[asker]; o < small->first[asker + 1]; o++)
	{
		PcoreWorth	sum = 0;

		if (take(&small->offers[o], 1, room, money))
			sum = small->offers[o].worth + best_sum(small, asker + 1, room, money);
		(void) take(&small->offers[o], -1, room, money);
		if (sum > best)
			best = sum;
	}
	return best;
}

/* Makes a case of the bytes and checks it. */
void
naive_trade(NaiveSource *source)
{
	Small		small;
	PcoreWorth	prices[MOST_PLACES];
	PcoreRate	rates[FEW_PURSES];
	int64_t		room[MOST_PLACES];
	int64_t		money[FEW_PURSES];
	PcoreWorth	sum = 0;
	PcoreWorth	gap = 0;
	PcoreWorth	best;
	bool		fits = true;

	make(source, &small);
	memcpy(room, small.room, sizeof(room));
	memcpy(money, small.money, sizeof(money));
	best = best_sum(&small, 0, room, money);
	pcore_trade_prices(&small.trade, prices, rates);
	for (int a = 0; a < small.trade.asker_count; a++)
	{
		int64_t		choice = pcore_trade_choice(&small.trade, prices, rates, a);

		sum += choice < 0 ? small.otherwise[a] : small.offers[choice].worth;
		if (choice >= 0)
			fits &= take(&small.offers[choice], 1, room, money);
	}
	for (int p = 0; p < small.trade.place_count; p++)
		gap += prices[p] * room[p];
	for (int p = 0; p < small.trade.purse_count; p++)
		gap += rates[p] * money[p];
	/* No limit is exceeded, nothing better is missed by more than the gap tells, and without money nothing is missed. */
	CHECK(fits);
	CHECK(sum <= best && best <= sum + gap);
	if (small.trade.purse_count == 0)
		CHECK(sum == best);
	/* One purse alone misses less than its last offer is worth. */
	if (small.trade.purse_count == 1 && small.trade.place_count == 0)
		CHECK(best - sum <= small.most);
}
