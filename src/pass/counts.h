/*
 * counts.h - the truth of conditions on events at one instant, from counts.
 *
 * At one instant, what "how often", "when last", "in how many periods" and "how
 * much in all" ask of events follows from numbers of events by selector and
 * least age, and from sums.  So an event that has been classified adds to a few
 * counters, and the order of events does not matter.
 *
 *   pattern   the selectors that an event fulfills: a set of bits with a number
 *   class     a pattern, and between which instants the event lies: all counters
 *             and sums that it adds to
 *
 * What does not follow from counts (sequences, distinct values, calendar
 * windows, ...) is left to the evaluator.
 */
#ifndef PERSONA_COUNTS_H
#define PERSONA_COUNTS_H

#include "postgres.h"

#include "condition/conditions.h"
#include "core/bits.h"

typedef struct PersonaCounters PersonaCounters;

/* Where an event adds an amount. */
typedef struct PersonaClassSum
{
	int			sum;
	int			amount;			/* place among the amounts of the pattern */
} PersonaClassSum;

typedef struct PersonaClass
{
	const uint64 *bits;			/* of its pattern */
	bool		whole;
	int			slot_count;
	int			counter_count;
	const int  *counters;
	int			sum_count;
	const PersonaClassSum *sums;
} PersonaClass;

typedef struct PersonaPattern
{
	uint64	   *bits;
	bool		whole;			/* its events are kept as records, for the evaluator, */
	PcoreInstant whole_later_than;	/* if they are later than that */
	int			first_class;
	int			age_count;
	PcoreInstant *later_than;	/* by age, decreasing; events later than that are of this age */
	int			slot_count;		/* amounts that its events carry */
	int		   *slots;
} PersonaPattern;

/* Patterns and classes as one participant numbers them. */
typedef struct PersonaPatterns
{
	PersonaCounters *counts;
	int			words;
	const uint64 *whole;		/* selectors whose events are kept as records, */
	const PcoreInstant *whole_later_than;	/* by selector: if they are later than that */
	int			count;
	int			room;
	PersonaPattern *patterns;
	int			class_count;
	int			class_room;
	PersonaClass *classes;
	int			table_size;		/* a power of two */
	int		   *table;			/* by hash of the bits: number + 1 */
} PersonaPatterns;

/* Makes an empty set of counters for an instant. */
extern PersonaCounters *persona_counts_make(const PersonaConditions *set, PcoreInstant as_of);

/*
 * Takes a node in if its truth follows from counts, and returns true.
 * "amounts" tells by slot whether the values are readable as amounts.
 */
extern bool persona_counts_add(PersonaCounters *counts, int node, const bool *amounts);

/* Ends adding; "defaults" tells by node what it is for a customer without events. */
extern void persona_counts_ready(PersonaCounters *counts, const bool *defaults);

/* Makes an empty numbering of patterns. */
extern PersonaPatterns *persona_patterns_make(PersonaCounters *counts, const uint64 *whole,
											  const PcoreInstant *whole_later_than);

/* Returns the number of a pattern. */
extern int	persona_pattern_number(PersonaPatterns *patterns, const uint64 *bits);

/* Returns the class of an event of a pattern at an instant. */
static inline int
persona_pattern_class(const PersonaPattern *pattern, PcoreInstant at)
{
	int			low = 0;
	int			high = pattern->age_count;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (at > pattern->later_than[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return pattern->first_class + low;
}

/* A customer's counts, while the events are gone through. */
typedef struct PersonaTally
{
	const PersonaCounters *counts;
	uint32	   *numbers;		/* by counter */
	int			touched_count;
	int		   *touched;
	int128   *amounts;		/* by sum */
	int64	   *known;
	int			summed_count;
	int		   *summed;
	uint64		round;
	uint64	   *rounds;			/* by composed node: when it was last computed */
} PersonaTally;

extern PersonaTally *persona_tally_make(const PersonaCounters *counts);

/* Counts an event. */
extern void persona_tally_event(PersonaTally *tally, const PersonaClass *class, const int64 *amounts);

/*
 * Ends a customer: turns the bits of a lane in the words (by node) of all nodes
 * that are not what they are without events.
 */
extern void persona_tally_end(PersonaTally *tally, PcoreAbreast *words, int word, uint64 lane);

#endif							/* PERSONA_COUNTS_H */
