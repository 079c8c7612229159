/*
 * trade.c - prices of places and rates of purses, together.
 *
 * The rates are multipliers of the purses' limits (Lagrange; Everett 1963,
 * "Generalized Lagrange multiplier method"; Fisher 1981, "The Lagrangian
 * relaxation method").  For given rates what is left is the assignment problem
 * of src/core/price.c, which is solved exactly; for given prices of places the
 * spending of a purse falls as its rate rises, so the lowest rate that it can
 * bear is found by bisection.  One after the other until nothing changes, which
 * is descent of the dual problem by blocks.  At the end prices rise until all
 * limits are kept, and fall again as far as they are.
 */
#include "core/trade.h"

#include <string.h>

#define MOST_ROUNDS 12
#define NO_OFFER (-1)

/* What all askers together take. */
typedef struct Demand
{
	int64_t		places[PCORE_MOST_RESOURCES];
	__int128	money[PCORE_MOST_PURSES];
} Demand;

/* Returns what an offer leaves to its asker at these prices. */
static PcoreWorth
net_worth(const PcoreOffer *offer, const PcoreWorth *prices, const PcoreRate *rates)
{
	PcoreWorth	net = offer->worth;
	PcoreRate	rate = 0;

	for (uint64_t purses = offer->purses; purses != 0; purses &= purses - 1)
	{
		rate += rates[__builtin_ctzll(purses)];
		if (rate > PCORE_MOST_RATE)
			rate = PCORE_MOST_RATE;
	}
	net -= rate * offer->cost;
	if (offer->place != PCORE_NO_PLACE)
		net -= prices[offer->place];
	return net;
}

/* Returns the number of the offer that an asker takes at these prices, or -1. */
int64_t
pcore_trade_choice(const PcoreTrade *trade, const PcoreWorth *prices, const PcoreRate *rates, int asker)
{
	PcoreWorth	best = trade->otherwise[asker];
	int64_t		choice = NO_OFFER;

	for (int64_t o = trade->first[asker]; o < trade->first[asker + 1]; o++)
	{
		PcoreWorth	net = net_worth(&trade->offers[o], prices, rates);

		if (net > best)
		{
			best = net;
			choice = o;
		}
	}
	return choice;
}

/* Adds up what all askers take. */
static void
add_demand(const PcoreTrade *trade, const PcoreWorth *prices, const PcoreRate *rates, Demand *demand)
{
	memset(demand, 0, sizeof(*demand));
	pcore_check_interrupts();
	for (int a = 0; a < trade->asker_count; a++)
	{
		int64_t		choice = pcore_trade_choice(trade, prices, rates, a);
		const PcoreOffer *offer;

		if (choice == NO_OFFER)
			continue;
		offer = &trade->offers[choice];
		if (offer->place != PCORE_NO_PLACE)
			demand->places[offer->place]++;
		for (uint64_t purses = offer->purses; purses != 0; purses &= purses - 1)
			demand->money[__builtin_ctzll(purses)] += offer->cost;
	}
}

/* Returns the least that is paid from a purse. */
static int64_t
least_cost(const PcoreTrade *trade, int purse)
{
	int64_t		least = INT64_MAX;

	for (int64_t o = 0; o < trade->first[trade->asker_count]; o++)
		if ((trade->offers[o].purses >> purse & 1) != 0 && trade->offers[o].cost < least)
			least = trade->offers[o].cost;
	return least;
}

/*
 * Finds the lowest rate of a purse at which it is not overspent, all other
 * prices being what they are; or one at which nothing is left that could pay
 * anybody.
 */
static PcoreRate
least_rate(const PcoreTrade *trade, const PcoreWorth *prices, const PcoreRate *rates, int purse)
{
	PcoreRate	tried[PCORE_MOST_PURSES];
	PcoreRate	low = 0;		/* lower ones are too low */
	PcoreRate	high = -1;		/* one that is not too low; -1: none is known */
	PcoreRate	step = rates[purse] > 0 ? rates[purse] : PCORE_RATE_OF_ONE;
	int64_t		least = least_cost(trade, purse);

	memcpy(tried, rates, sizeof(PcoreRate) * (size_t) trade->purse_count);
	tried[purse] = 0;
	while (high < 0 || low < high)
	{
		Demand		demand;

		add_demand(trade, prices, tried, &demand);
		if (demand.money[purse] > trade->money[purse])
		{
			if (tried[purse] == PCORE_MOST_RATE)
				return PCORE_MOST_RATE;
			low = tried[purse] + 1;
		}
		else
		{
			high = tried[purse];
			if (trade->money[purse] - demand.money[purse] < least)
				break;
		}
		if (high >= 0)
			tried[purse] = low + (high - low) / 2;
		else
		{
			/* First longer and longer steps, until one is too long. */
			tried[purse] = low + step - 1 < PCORE_MOST_RATE ? low + step - 1 : PCORE_MOST_RATE;
			step *= 4;
		}
	}
	return high;
}

/* Finds the prices of places exactly, at given rates. */
static void
clear_places(const PcoreTrade *trade, PcoreWorth *prices, const PcoreRate *rates)
{
	PcoreWorth	none[PCORE_MOST_RESOURCES] = {0};
	int64_t    *first = pcore_alloc(sizeof(int64_t) * ((size_t) trade->asker_count + 1));
	PcoreWorth *otherwise = pcore_alloc(sizeof(PcoreWorth) * ((size_t) trade->asker_count + 1));
	PcoreOption *options = pcore_alloc(sizeof(PcoreOption) * ((size_t) trade->first[trade->asker_count] + 1));
	PcoreMarket market = {trade->place_count, trade->room, trade->asker_count, first, options, otherwise};
	int64_t		count = 0;

	pcore_check_interrupts();
	for (int a = 0; a < trade->asker_count; a++)
	{
		first[a] = count;
		otherwise[a] = trade->otherwise[a];
		for (int64_t t = trade->first[a]; t < trade->first[a + 1]; t++)
		{
			const PcoreOffer *offer = &trade->offers[t];
			PcoreWorth	net = net_worth(offer, none, rates);
			PcoreOption option = {(int64_t) (net >> PCORE_TIE_BITS),
				(uint64_t) (net & (((PcoreWorth) 1 << PCORE_TIE_BITS) - 1)), offer->place};
			int64_t		o = first[a];

			if (net <= 0)
				continue;
			if (offer->place == PCORE_NO_PLACE)
			{
				otherwise[a] = net > otherwise[a] ? net : otherwise[a];
				continue;
			}
			while (o < count && options[o].resource != offer->place)
				o++;
			if (o == count)
				options[count++] = option;
			else if (pcore_worth(option.millionths, option.tie) > pcore_worth(options[o].millionths, options[o].tie))
				options[o] = option;
		}
	}
	first[trade->asker_count] = count;
	pcore_market_prices(&market, prices);
	pcore_free(first);
	pcore_free(otherwise);
	pcore_free(options);
}

/* Tells whether no limit is exceeded. */
static bool
is_kept(const PcoreTrade *trade, const PcoreWorth *prices, const PcoreRate *rates)
{
	Demand		demand;
	bool		kept = true;

	add_demand(trade, prices, rates, &demand);
	for (int p = 0; p < trade->place_count; p++)
		kept &= demand.places[p] <= trade->room[p];
	for (int p = 0; p < trade->purse_count; p++)
		kept &= demand.money[p] <= trade->money[p];
	return kept;
}

/*
 * Raises prices until no limit is exceeded; tells whether it raised any.  Who
 * is priced out of one asks for another, so steps grow.
 */
static bool
raise_prices(const PcoreTrade *trade, PcoreWorth *prices, PcoreRate *rates)
{
	bool		raised = false;
	bool		settled = false;

	for (PcoreWorth step = 1; !settled; step *= 2)
	{
		Demand		demand;

		settled = true;
		add_demand(trade, prices, rates, &demand);
		for (int p = 0; p < trade->place_count; p++)
			if (demand.places[p] > trade->room[p])
			{
				prices[p] += step;
				settled = false;
			}
		for (int p = 0; p < trade->purse_count; p++)
			if (demand.money[p] > trade->money[p] && rates[p] < PCORE_MOST_RATE)
			{
				rates[p] = PCORE_MOST_RATE - rates[p] > step ? rates[p] + step : PCORE_MOST_RATE;
				settled = false;
			}
		raised |= !settled;
	}
	return raised;
}

/* Lowers a price, one of those given, as far as all limits are kept. */
static void
lower_price(const PcoreTrade *trade, const PcoreWorth *prices, const PcoreRate *rates, PcoreWorth *price)
{
	PcoreWorth	low = 0;
	PcoreWorth	high = *price;

	while (low < high)
	{
		*price = low + (high - low) / 2;
		if (is_kept(trade, prices, rates))
			high = *price;
		else
			low = *price + 1;
	}
	*price = high;
}

/* Finds the prices of places and the rates of purses. */
void
pcore_trade_prices(const PcoreTrade *trade, PcoreWorth *prices, PcoreRate *rates)
{
	memset(rates, 0, sizeof(PcoreRate) * (size_t) trade->purse_count);
	clear_places(trade, prices, rates);
	for (int round = 0; round < MOST_ROUNDS && trade->purse_count > 0; round++)
	{
		bool		changed = false;

		for (int p = 0; p < trade->purse_count; p++)
		{
			PcoreRate	rate = least_rate(trade, prices, rates, p);

			changed |= rate != rates[p];
			rates[p] = rate;
		}
		if (!changed)
			break;
		if (trade->place_count > 0)
			clear_places(trade, prices, rates);
	}
	if (!raise_prices(trade, prices, rates))
		return;
	/* They may have been raised too far. */
	for (int p = 0; p < trade->purse_count; p++)
		lower_price(trade, prices, rates, &rates[p]);
	for (int p = 0; p < trade->place_count; p++)
		lower_price(trade, prices, rates, &prices[p]);
}
