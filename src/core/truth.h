/*
 * truth.h - temporal truth: a condition's value as a step function of time.
 *
 * Evaluating a condition yields for every instant t from a chosen start on
 * whether it holds at t, given the events up to t; beyond as_of this is what
 * will hold if no new data comes.  "Holds now", "since" and "until" are read
 * off that function, and all/any/not combine functions, so that they are exact
 * for every nesting.
 *
 *      value   initial         !initial         initial
 *              |--------------o=================o--------------->  t
 *            start        toggles[0]        toggles[1]
 *
 * A toggle belongs to the stretch that it begins: stretches are [from, until).
 */
#ifndef PERSONA_TRUTH_H
#define PERSONA_TRUTH_H

#include "core.h"

typedef struct PcoreTruth
{
	bool		initial;		/* value from the start on */
	int			count;
	const PcoreInstant *toggles;	/* strictly increasing, after the start */
} PcoreTruth;

/* A stretch of time [from, until); empty when until <= from. */
typedef struct PcoreSpan
{
	PcoreInstant from;
	PcoreInstant until;
} PcoreSpan;

/* Numbers from low to high, both included. */
typedef struct PcoreRange
{
	int64_t		low;
	int64_t		high;
} PcoreRange;

/* What a sweep keeps while spans open and close. */
typedef struct PcoreSweep
{
	void		(*enter) (void *state, int span);
	void		(*leave) (void *state, int span);
	bool		(*test) (void *state);
	void	   *state;
} PcoreSweep;

static inline PcoreTruth
pcore_truth_constant(bool value)
{
	PcoreTruth	truth = {value, 0, NULL};

	return truth;
}

/* Reads a truth at an instant. */
extern bool pcore_truth_at(PcoreTruth truth, PcoreInstant instant);

/* Returns the instant since which the value at "instant" has been the same. */
extern PcoreInstant pcore_truth_since(PcoreTruth truth, PcoreInstant instant);

/* Returns the first instant after "instant" at which the value changes. */
extern PcoreInstant pcore_truth_until(PcoreTruth truth, PcoreInstant instant);

/*
 * Finds the last moment at or before "instant" at which the truth became true.
 * Returns false when there was none.
 */
extern bool pcore_truth_fired(PcoreTruth truth, PcoreInstant instant, PcoreInstant *fired);

extern PcoreTruth pcore_truth_not(PcoreTruth truth);
extern PcoreTruth pcore_truth_and(PcoreTruth a, PcoreTruth b);
extern PcoreTruth pcore_truth_or(PcoreTruth a, PcoreTruth b);

/* Returns the truth that holds while any of the spans does. */
extern PcoreTruth pcore_truth_any_span(const PcoreSpan *spans, int count, PcoreInstant start);

/* Returns the truth that holds while the number of open spans is in a range. */
extern PcoreTruth pcore_truth_count(const PcoreSpan *spans, int count, PcoreInstant start,
									const PcoreRange *ranges, int range_count);

/* Returns the truth of a test over the spans that are open at each instant. */
extern PcoreTruth pcore_truth_sweep(const PcoreSpan *spans, int count, PcoreInstant start,
									const PcoreSweep *sweep);

/*
 * Returns the truth of "the last (or first) chosen event passes its test".
 * Event i may be chosen while chosen[i] is open and passes while tests[i] is;
 * both ends of the chosen spans increase with i.
 */
extern PcoreTruth pcore_truth_last(const PcoreSpan *chosen, const PcoreSpan *tests, int count,
								   PcoreInstant start);
extern PcoreTruth pcore_truth_first(const PcoreSpan *chosen, const PcoreSpan *tests, int count,
									PcoreInstant start);

/*
 * Returns the truth of "has held for a length": each stretch begins so much
 * later, and is left out if it is not longer.  What has always held, has held
 * long enough.  The truth is one of all time.
 */
extern PcoreTruth pcore_truth_held(PcoreTruth truth, PcoreDuration length);

/* Returns a truth of all time as one that is known from "start" on. */
extern PcoreTruth pcore_truth_from(PcoreTruth truth, PcoreInstant start);

/* Which of the gaps between consecutive events is measured. */
typedef enum PcoreGap
{
	PCORE_GAP_LONGEST,
	PCORE_GAP_SHORTEST,
	PCORE_GAP_LAST,
	PCORE_GAP_AVERAGE			/* whole microseconds; the rest of the division is left out */
} PcoreGap;

/*
 * Returns the truth of "the longest (shortest, last, average) gap between consecutive
 * chosen events is in a range".  Event i, at at[i], is chosen while chosen[i] is
 * open; both ends of the spans increase with i, as does at[].  With less than
 * two events there is no gap, and the truth is false.
 */
extern PcoreTruth pcore_truth_gap(const PcoreSpan *chosen, const PcoreInstant *at, int count,
								  PcoreInstant start, PcoreGap which,
								  const PcoreRange *ranges, int range_count);

#endif							/* PERSONA_TRUTH_H */
