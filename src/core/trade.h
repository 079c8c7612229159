/*
 * trade.h - what places on scarce resources and the money of scarce budgets are
 * worth, together.
 *
 * Askers each want one thing, which may need a place (src/core/price.h) and cost
 * money of some purses (a budget in a period).  Prices of places and rates of
 * purses are found such that, when each asker takes what is worth most to it
 * less the price and less the cost times the rates, no place is asked for beyond
 * its room and no purse is overspent.
 *
 * With money it is no assignment problem any more: what an optimal division is
 * worth may lie a little above, by the last message that a purse can't pay whole
 * (Martello and Toth 1990, "Knapsack problems", chapters 2 and 7).  The dual
 * value tells by how much at most.
 */
#ifndef PERSONA_TRADE_H
#define PERSONA_TRADE_H

#include "core/price.h"

#define PCORE_NO_PLACE (-1)

/*
 * What money costs beside itself: worth per millionth of it.  So it tells ties
 * apart as prices do, and a cost times a rate is exact: at most
 * PCORE_MOST_MILLIONTHS times PCORE_MOST_RATE.
 */
typedef PcoreWorth PcoreRate;

#define PCORE_MOST_RATE ((PcoreRate) 1 << 75)

/* Shown, it is a number in parts of 2^-20, and a tie of the bits below. */
#define PCORE_RATE_TIE_BITS 28
#define PCORE_RATE_PARTS (INT64_C(1) << (PCORE_TIE_BITS - PCORE_RATE_TIE_BITS))

/* A unit of worth for a unit of money. */
#define PCORE_RATE_OF_ONE ((PcoreRate) 1 << PCORE_TIE_BITS)
#define PCORE_MOST_PURSES 64

/* What an asker could have. */
typedef struct PcoreOffer
{
	PcoreWorth	worth;
	int64_t		cost;			/* millionths; at most PCORE_MOST_MILLIONTHS */
	uint64_t	purses;			/* bits of those that pay it, each the whole cost */
	int32_t		place;			/* a resource, or PCORE_NO_PLACE */
} PcoreOffer;

typedef struct PcoreTrade
{
	int			place_count;	/* at most PCORE_MOST_RESOURCES */
	const int64_t *room;		/* by place; more than zero */
	int			purse_count;	/* at most PCORE_MOST_PURSES */
	const int64_t *money;		/* by purse, in millionths; not negative */
	int			asker_count;
	const int64_t *first;		/* by asker, and one more: where its offers begin */
	const PcoreOffer *offers;	/* any number of each place, or of none */
	const PcoreWorth *otherwise;	/* by asker: what it has for nothing; not negative */
} PcoreTrade;

/* Finds the prices of places and the rates of purses (PCORE_MOST_RATE at most), none negative. */
extern void pcore_trade_prices(const PcoreTrade *trade, PcoreWorth *prices, PcoreRate *rates);

/* Returns the number of the offer that an asker takes at these prices, or -1. */
extern int64_t pcore_trade_choice(const PcoreTrade *trade, const PcoreWorth *prices, const PcoreRate *rates, int asker);

#endif							/* PERSONA_TRADE_H */
