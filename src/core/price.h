/*
 * price.h - what a place on a scarce resource is worth: shadow prices.
 *
 * Askers each want one thing.  A resource (a channel on a day) has room for so
 * many of them.  Prices are found such that, when each asker takes what is
 * worth most to it less the price, no resource is asked for beyond its room
 * and the sum of worths is the largest that there can be.
 *
 * This is the transportation problem with unit demands.  Its optimum is an
 * assignment of whole askers, and the variables of the dual problem are the
 * prices that make every asker choose its part of that assignment by itself
 * (Koopmans and Beckmann 1957, "Assignment problems and the location of
 * economic activities"; Shapley and Shubik 1971, "The assignment game I").
 */
#ifndef PERSONA_PRICE_H
#define PERSONA_PRICE_H

#include "core.h"

/* A worth: millionths in the upper bits, and in the lower ones what breaks ties; aligned as memory is. */
typedef __int128 PcoreWorth __attribute__((aligned(8)));

#define PCORE_TIE_BITS 48
#define PCORE_MOST_MILLIONTHS (INT64_C(1) << 50)
#define PCORE_MOST_RESOURCES 64

/* Joins millionths (cut off at PCORE_MOST_MILLIONTHS) and a tie. */
extern PcoreWorth pcore_worth(int64_t millionths, uint64_t tie);

/*
 * Returns the tie of a key on a resource: 64-bit FNV-1a of resource, a zero
 * byte and key, mixed (the finalizer of MurmurHash3), its upper 40 bits above
 * 8 zero bits, which leave room for a price between two ties.  Never zero.
 */
extern uint64_t pcore_tie(const char *resource, const char *key);

/* What an asker could have. */
typedef struct PcoreOption
{
	int64_t		millionths;
	uint64_t	tie;
	int32_t		resource;
} PcoreOption;

typedef struct PcoreMarket
{
	int			resource_count; /* at most PCORE_MOST_RESOURCES */
	const int64_t *room;		/* by resource; more than zero */
	int			asker_count;
	const int64_t *first;		/* by asker, and one more: where its options begin */
	const PcoreOption *options; /* one at most of each resource */
	const PcoreWorth *otherwise;	/* by asker: what it has without any resource; not negative */
} PcoreMarket;

/*
 * Finds the prices of the resources, none negative.  An asker takes the option
 * whose worth less the price is largest and more than what it has otherwise
 * (pcore_market_choice).
 */
extern void pcore_market_prices(const PcoreMarket *market, PcoreWorth *prices);

/* Returns the resource that an asker takes at these prices, or -1. */
extern int	pcore_market_choice(const PcoreMarket *market, const PcoreWorth *prices, int asker);

#endif							/* PERSONA_PRICE_H */
