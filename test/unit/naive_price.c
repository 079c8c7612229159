/*
 * naive_price.c - random small markets, priced and then compared with all
 * assignments there are.
 */
#include "core/price.h"

#include <string.h>

#include "host.h"
#include "naive.h"

#define MOST_ASKERS 7
#define MOST_RESOURCES 3

typedef struct Small
{
	PcoreMarket market;
	int64_t		room[MOST_RESOURCES];
	int64_t		first[MOST_ASKERS + 1];
	PcoreWorth	otherwise[MOST_ASKERS];
	PcoreOption options[MOST_ASKERS * MOST_RESOURCES];
	bool		twins;			/* some ties are equal */
} Small;

/* Makes a market of the bytes. */
static void
make(NaiveSource *source, Small *small)
{
	int			askers = 1 + naive_below(source, MOST_ASKERS);
	int			resources = 1 + naive_below(source, MOST_RESOURCES);
	int			range = naive_below(source, 2) == 0 ? 4 : 200;	/* with many ties, or with few */
	int64_t		count = 0;

	memset(small, 0, sizeof(*small));
	small->twins = naive_below(source, 4) == 0;
	for (int r = 0; r < resources; r++)
		small->room[r] = 1 + naive_below(source, 4);
	for (int a = 0; a < askers; a++)
	{
		small->first[a] = count;
		small->otherwise[a] = pcore_worth(naive_below(source, 3) == 0 ? naive_below(source, range) : 0, 0);
		for (int r = 0; r < resources; r++)
		{
			char		resource[2] = {(char) ('a' + r), 0};
			char		key[2] = {(char) ('0' + (small->twins ? a / 2 : a)), 0};

			if (naive_below(source, 4) == 0)
				continue;
			small->options[count].resource = r;
			small->options[count].millionths = naive_below(source, range) - 1;
			small->options[count++].tie = pcore_tie(resource, key);
		}
	}
	small->first[askers] = count;
	small->market = (PcoreMarket) {resources, small->room, askers, small->first, small->options, small->otherwise};
}

/* Returns the largest sum of worths of the askers from one on, over all assignments. */
static PcoreWorth
best_sum(const Small *small, int asker, int64_t *left)
{
	PcoreWorth	best;

	if (asker == small->market.asker_count)
		return 0;
	best = small->otherwise[asker] + best_sum(small, asker + 1, left);
	for (int64_t o = small->first[asker]; o < small->first[asker + 1]; o++)
	{
		const PcoreOption *option = &small->options[o];
		PcoreWorth	sum;

		if (left[option->resource] == 0)
			continue;
		left[option->resource]--;
		sum = pcore_worth(option->millionths, option->tie) + best_sum(small, asker + 1, left);
		left[option->resource]++;
		if (sum > best)
			best = sum;
	}
	return best;
}

/* Makes a case of the bytes and checks it. */
void
naive_price(NaiveSource *source)
{
	Small		small;
	PcoreWorth	prices[MOST_RESOURCES];
	int64_t		left[MOST_RESOURCES];
	PcoreWorth	sum = 0;
	PcoreWorth	best;
	bool		fits = true;
	bool		full = true;

	make(source, &small);
	memcpy(left, small.room, sizeof(left));
	best = best_sum(&small, 0, left);
	pcore_market_prices(&small.market, prices);
	for (int a = 0; a < small.market.asker_count; a++)
	{
		int			choice = pcore_market_choice(&small.market, prices, a);

		sum += small.otherwise[a];
		for (int64_t o = small.first[a]; o < small.first[a + 1]; o++)
			if (small.options[o].resource == choice)
				sum += pcore_worth(small.options[o].millionths, small.options[o].tie) - small.otherwise[a];
		if (choice >= 0)
			left[choice]--;
	}
	for (int r = 0; r < small.market.resource_count; r++)
	{
		fits &= left[r] >= 0 && prices[r] >= 0;
		full &= left[r] == 0 || prices[r] == 0;
	}
	CHECK(fits);
	/* Twins at the last place both go without. */
	if (!small.twins)
	{
		CHECK(sum == best);
		CHECK(full);
	}
	else
		CHECK(sum <= best);
}
