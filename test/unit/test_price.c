/*
 * test_price.c - shadow prices: by hand, against all assignments of small
 * markets, and against the dual bound of large ones.
 */
#include "core/price.h"

#include <stdio.h>
#include <string.h>

#include "host.h"
#include "naive.h"

/* Returns the whole millionths of a price. */
static int64_t
millionths(PcoreWorth price)
{
	return (int64_t) (price >> PCORE_TIE_BITS);
}

/* Five askers, one resource with room for two. */
static void
test_one_resource(void)
{
	static const int64_t worths[] = {10, 50, 30, 20, 40};
	PcoreWorth	otherwise[] = {0, pcore_worth(25, 0), 0, 0, pcore_worth(5, 0)};	/* gains 10, 25, 30, 20, 35 */
	static const int choices[] = {-1, -1, 0, -1, 0};
	PcoreOption options[5];
	int64_t		first[6];
	int64_t		room = 2;
	PcoreMarket market = {1, &room, 5, first, options, otherwise};
	PcoreWorth	price;

	host_case("one resource");
	for (int a = 0; a < 5; a++)
	{
		first[a] = a;
		options[a] = (PcoreOption) {worths[a], pcore_tie("phone", (char[]) {(char) ('a' + a), 0}), 0};
	}
	first[5] = 5;
	pcore_market_prices(&market, &price);
	/* Between the second and the third gain. */
	CHECK(millionths(price) >= 25 && millionths(price) < 30);
	for (int a = 0; a < 5; a++)
		CHECK_INT(pcore_market_choice(&market, &price, a), choices[a]);
	/* With room for all it costs nothing. */
	room = 5;
	pcore_market_prices(&market, &price);
	CHECK(price == 0);
}

/* Two resources of which one asker's second choice displaces another. */
static void
test_chain(void)
{
	/* a: phone 10, chat 8; b: phone 9, chat 3; c: chat 5. */
	static const PcoreOption options[] = {{10, 256, 0}, {8, 256, 1}, {9, 256, 0}, {3, 256, 1}, {5, 256, 1}};
	static const int64_t first[] = {0, 2, 4, 5};
	static const PcoreWorth otherwise[] = {0, 0, 0};
	static const int64_t room[] = {1, 1};
	PcoreMarket market = {2, room, 3, first, options, otherwise};
	PcoreWorth	prices[2];

	host_case("a chain");
	pcore_market_prices(&market, prices);
	/* b on the phone and a in the chat are worth 17; a and c 15, b and c 14. */
	CHECK_INT(pcore_market_choice(&market, prices, 0), 1);
	CHECK_INT(pcore_market_choice(&market, prices, 1), 0);
	CHECK_INT(pcore_market_choice(&market, prices, 2), -1);
	CHECK(millionths(prices[1]) >= 5 && millionths(prices[0]) >= 2);
}

/* Askers who are all alike: the hash of the key decides, and all places are given. */
static void
test_ties(void)
{
	enum
	{
		ASKERS = 1000
	};
	static PcoreOption options[ASKERS];
	static int64_t first[ASKERS + 1];
	static PcoreWorth otherwise[ASKERS];
	int64_t		room = 137;
	PcoreMarket market = {1, &room, ASKERS, first, options, otherwise};
	PcoreWorth	price;
	uint64_t	lowest = UINT64_MAX;
	uint64_t	highest = 0;
	int			served = 0;

	host_case("ties");
	for (int a = 0; a < ASKERS; a++)
	{
		char		key[16];

		snprintf(key, sizeof(key), "%d", a);
		first[a] = a;
		options[a] = (PcoreOption) {2500000, pcore_tie("phone", key), 0};
	}
	first[ASKERS] = ASKERS;
	pcore_market_prices(&market, &price);
	CHECK_INT(millionths(price), 2500000);
	for (int a = 0; a < ASKERS; a++)
		if (pcore_market_choice(&market, &price, a) == 0)
		{
			served++;
			lowest = options[a].tie < lowest ? options[a].tie : lowest;
		}
		else
			highest = options[a].tie > highest ? options[a].tie : highest;
	CHECK_INT(served, 137);
	CHECK(highest < lowest);
}

/*
 * A large market.  For any prices, the sum of room * price and of what each
 * asker has at best less the price is at least the optimum; so an assignment
 * that reaches it is optimal.
 */
static void
test_large(int askers, int resources, int range, int place, uint64_t seed)
{
	PcoreOption *options = pcore_alloc(sizeof(PcoreOption) * (size_t) (askers * resources));
	int64_t    *first = pcore_alloc(sizeof(int64_t) * (size_t) (askers + 1));
	PcoreWorth *otherwise = pcore_alloc(sizeof(PcoreWorth) * (size_t) askers);
	int64_t		room[PCORE_MOST_RESOURCES];
	int64_t		sold[PCORE_MOST_RESOURCES] = {0};
	PcoreWorth	prices[PCORE_MOST_RESOURCES];
	PcoreMarket market = {resources, room, askers, first, options, otherwise};
	PcoreWorth	bound = 0;
	PcoreWorth	sum = 0;
	int64_t		count = 0;
	bool		fits = true;
	uint8_t    *bytes = pcore_alloc((size_t) askers * (size_t) (3 * resources + 2));
	NaiveSource source = {bytes, bytes + (size_t) askers * (size_t) (3 * resources + 2)};

	host_case("%d askers, %d resources, worths below %d", askers, resources, range);
	naive_fill(seed, bytes, (size_t) (source.end - source.at));
	for (int r = 0; r < resources; r++)
		room[r] = 1 + place * (r + 1) / resources;
	for (int a = 0; a < askers; a++)
	{
		char		key[16];

		snprintf(key, sizeof(key), "%d", a);
		first[a] = count;
		otherwise[a] = pcore_worth((int64_t) naive_below(&source, 256) * range / 512, 0);
		for (int r = 0; r < resources; r++)
			if (naive_below(&source, 4) != 0)
				options[count++] = (PcoreOption) {((int64_t) naive_take(&source) * 256 + naive_take(&source)) * range / 65536,
				pcore_tie((char[]) {(char) ('a' + r), 0}, key), r};
	}
	first[askers] = count;
	pcore_market_prices(&market, prices);
	for (int a = 0; a < askers; a++)
	{
		int			choice = pcore_market_choice(&market, prices, a);
		PcoreWorth	worth = otherwise[a];

		for (int64_t o = first[a]; o < first[a + 1]; o++)
			if (options[o].resource == choice)
				worth = pcore_worth(options[o].millionths, options[o].tie);
		sum += worth;
		bound += worth - (choice < 0 ? 0 : prices[choice]);
		if (choice >= 0)
			sold[choice]++;
	}
	for (int r = 0; r < resources; r++)
	{
		bound += prices[r] * (PcoreWorth) room[r];
		fits &= sold[r] <= room[r];
	}
	CHECK(fits);
	CHECK(sum == bound);
	host_reset();
}

/* Worths beyond what fits are cut off. */
static void
test_worth(void)
{
	host_case("worth");
	CHECK(pcore_worth(1, 0) == (PcoreWorth) 1 << PCORE_TIE_BITS);
	CHECK(pcore_worth(-1, 5) == 5 - ((PcoreWorth) 1 << PCORE_TIE_BITS));
	CHECK(pcore_worth(INT64_MAX, 0) == pcore_worth(PCORE_MOST_MILLIONTHS, 0));
	CHECK(pcore_worth(INT64_MIN, 0) == -pcore_worth(PCORE_MOST_MILLIONTHS, 0));
	CHECK(pcore_tie("a", "b") == pcore_tie("a", "b"));
	CHECK(pcore_tie("a", "b") != pcore_tie("b", "a"));
	CHECK(pcore_tie("ab", "c") != pcore_tie("a", "bc"));
	CHECK(pcore_tie("", "") > 0 && pcore_tie("", "") < UINT64_C(1) << PCORE_TIE_BITS);
}

int
main(void)
{
	test_worth();
	test_one_resource();
	test_chain();
	test_ties();
	host_case("random small markets");
	naive_repeat("price", 20000, naive_price);
	for (int resources = 1; resources <= 8; resources++)
		test_large(2000, resources, 1000000, 150, (uint64_t) resources);
	test_large(3000, 6, 5, 200, 100);	/* almost all are ties */
	test_large(3000, 3, 1, 400, 101);	/* all are */
	test_large(20000, 4, 50000, 1500, 102);
	test_large(600, 64, 100000, 20, 103);
	return host_finish();
}
