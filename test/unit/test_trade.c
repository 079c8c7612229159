/*
 * test_trade.c - prices of places and money: by hand, against all divisions of
 * small trades, and against the dual bound of large ones.
 */
#include "core/trade.h"

#include <stdio.h>
#include <string.h>

#include "host.h"
#include "naive.h"

/* Many who want the same for the same money: the hash decides, and all of the money is given. */
static void
test_alike(void)
{
	enum
	{
		ASKERS = 10000
	};
	static PcoreOffer offers[ASKERS];
	static int64_t first[ASKERS + 1];
	static PcoreWorth otherwise[ASKERS];
	int64_t		money = 700000 * 137 + 699999;
	PcoreTrade	trade = {0, NULL, 1, &money, ASKERS, first, offers, otherwise};
	PcoreWorth	prices[1];
	PcoreRate	rate;
	int			served = 0;

	host_case("all alike");
	for (int a = 0; a < ASKERS; a++)
	{
		char		key[16];

		snprintf(key, sizeof(key), "%d", a);
		first[a] = a;
		offers[a] = (PcoreOffer) {pcore_worth(2500000, pcore_tie("letter", key)), 700000, 1, PCORE_NO_PLACE};
	}
	first[ASKERS] = ASKERS;
	pcore_trade_prices(&trade, prices, &rate);
	for (int a = 0; a < ASKERS; a++)
		served += pcore_trade_choice(&trade, prices, &rate, a) >= 0;
	CHECK_INT(served, 137);
	/* 2.5 for 0.7 */
	CHECK_INT((int64_t) (rate * 100000 / PCORE_RATE_OF_ONE), 357142);

	/* Without any money, and with enough, there is nothing to be divided. */
	money = 0;
	pcore_trade_prices(&trade, prices, &rate);
	CHECK(pcore_trade_choice(&trade, prices, &rate, 0) < 0);
	money = INT64_MAX;
	pcore_trade_prices(&trade, prices, &rate);
	CHECK(rate == 0);
	CHECK(pcore_trade_choice(&trade, prices, &rate, 0) == 0);
	host_reset();
}

/* A letter for money, a call that needs a place, and an e-mail for nothing. */
static void
test_letter_or_call(void)
{
	/* a: letter 10 for 4, call 9; b: letter 8 for 2; c: call 7, letter 9 for 3. */
	PcoreOffer	offers[] = {
		{pcore_worth(10, 256), 4, 1, PCORE_NO_PLACE}, {pcore_worth(9, 256), 0, 0, 0},
		{pcore_worth(8, 256), 2, 1, PCORE_NO_PLACE},
		{pcore_worth(7, 256), 0, 0, 0}, {pcore_worth(9, 256), 3, 1, PCORE_NO_PLACE}
	};
	static const int64_t first[] = {0, 2, 3, 5};
	PcoreWorth	otherwise[] = {0, pcore_worth(1, 0), pcore_worth(2, 0)};
	int64_t		room = 1;
	int64_t		money = 5;
	PcoreTrade	trade = {1, &room, 1, &money, 3, first, offers, otherwise};
	PcoreWorth	price;
	PcoreRate	rate;

	host_case("letter or call");
	pcore_trade_prices(&trade, &price, &rate);
	/* a calls, b and c get letters for 5: 26; a's letter would leave no money for b's and c's. */
	CHECK_INT(pcore_trade_choice(&trade, &price, &rate, 0), 1);
	CHECK_INT(pcore_trade_choice(&trade, &price, &rate, 1), 2);
	CHECK_INT(pcore_trade_choice(&trade, &price, &rate, 2), 4);
	host_reset();
}

/*
 * A large trade: what its division is worth comes near the dual value, which no
 * division exceeds.
 */
static void
test_large(int askers, int places, int purses, uint64_t seed, int per_mille)
{
	PcoreOffer *offers = pcore_alloc(sizeof(PcoreOffer) * (size_t) askers * 3);
	int64_t    *first = pcore_alloc(sizeof(int64_t) * (size_t) (askers + 1));
	PcoreWorth *otherwise = pcore_alloc(sizeof(PcoreWorth) * (size_t) askers);
	int64_t		room[PCORE_MOST_RESOURCES];
	int64_t		money[PCORE_MOST_PURSES];
	PcoreWorth	prices[PCORE_MOST_RESOURCES];
	PcoreRate	rates[PCORE_MOST_PURSES];
	PcoreTrade	trade = {places, room, purses, money, askers, first, offers, otherwise};
	PcoreWorth	sum = 0;
	PcoreWorth	gap = 0;
	int64_t		count = 0;
	bool		fits = true;
	size_t		size = (size_t) askers * 20;
	uint8_t    *bytes = pcore_alloc(size);
	NaiveSource source = {bytes, bytes + size};

	host_case("%d askers, %d places, %d purses", askers, places, purses);
	naive_fill(seed, bytes, size);
	for (int p = 0; p < places; p++)
		room[p] = askers / 10 / (p + 1);
	for (int p = 0; p < purses; p++)
		money[p] = (int64_t) askers * 100000 / (p + 1);
	for (int a = 0; a < askers; a++)
	{
		char		key[16];

		snprintf(key, sizeof(key), "%d", a);
		first[a] = count;
		otherwise[a] = pcore_worth(naive_below(&source, 256) * 4000, 0);
		for (int o = 0; o < 3; o++)
		{
			PcoreOffer *offer = &offers[count];
			char		resource[2] = {(char) ('a' + o), 0};

			offer->place = places > 0 && naive_below(&source, 2) == 0 ? naive_below(&source, places) : PCORE_NO_PLACE;
			offer->purses = purses == 0 ? 0 : (UINT64_C(1) << naive_below(&source, purses)) | (naive_below(&source, 4) == 0 ? 1 : 0);
			offer->cost = offer->purses == 0 ? 0 : 100000 * (1 + naive_below(&source, 13));
			offer->worth = pcore_worth((int64_t) naive_take(&source) * 20000 + naive_take(&source), pcore_tie(resource, key));
			count += offer->place != PCORE_NO_PLACE || offer->purses != 0;
		}
	}
	first[askers] = count;
	pcore_trade_prices(&trade, prices, rates);
	for (int a = 0; a < askers; a++)
	{
		int64_t		choice = pcore_trade_choice(&trade, prices, rates, a);

		sum += choice < 0 ? otherwise[a] : offers[choice].worth;
		if (choice < 0)
			continue;
		if (offers[choice].place != PCORE_NO_PLACE)
			room[offers[choice].place]--;
		for (int p = 0; p < purses; p++)
			if ((offers[choice].purses >> p & 1) != 0)
				money[p] -= offers[choice].cost;
	}
	for (int p = 0; p < places; p++)
	{
		fits &= room[p] >= 0;
		gap += prices[p] * room[p];
	}
	for (int p = 0; p < purses; p++)
	{
		fits &= money[p] >= 0;
		gap += rates[p] * money[p];
	}
	CHECK(fits);
	if (gap * 1000 > sum * per_mille)
		printf("gap of %d places and %d purses: %.3f per mille\n", places, purses, 1000.0 * (double) gap / (double) sum);
	CHECK(gap * 1000 <= sum * per_mille);
	host_reset();
}

int
main(void)
{
	test_alike();
	test_letter_or_call();
	host_case("random small trades");
	naive_repeat("trade", 20000, naive_trade);
	test_large(20000, 0, 1, 1, 1);
	test_large(20000, 1, 1, 2, 1);
	test_large(20000, 0, 4, 3, 1);
	test_large(20000, 3, 3, 4, 1);
	return host_finish();
}
