/*
 * sequence.h - ordered patterns over one customer's events.
 *
 * A match takes one event for each positive step, in the order of the timeline,
 * skipping what is not named.  It begins at its first event, completes at its
 * last one (or at the deadline of a trailing absence), and counts from then
 * until "within" after its begin.  Of several matches that complete together
 * the one that begins latest is taken, since it counts longest.
 */
#ifndef PERSONA_SEQUENCE_H
#define PERSONA_SEQUENCE_H

#include "core/truth.h"

typedef struct PcoreStep
{
	bool		absent;			/* no such event: between two steps, or at the end */
	int			count;			/* events that match the step */
	const int32_t *events;		/* their places in the timeline, increasing */

	/*
	 * Positive step: the gap to the step before is less than this (0 = any).
	 * Trailing absence: the time that must pass without such an event.
	 */
	PcoreDuration within;
	PcoreDuration after;		/* positive step: the gap is at least this */

	/*
	 * Class of each event of the timeline under the properties that must equal
	 * those of the positive step before: small integers from 0 on, -1 where a
	 * property is absent; NULL when nothing must be equal.
	 */
	const int32_t *classes;
} PcoreStep;

/*
 * Returns the truth of a sequence over a timeline of "count" events at the
 * instants at[] (not decreasing), with places below "count" in the steps.
 * The first step is positive.  A match counts until "within" after its begin
 * and, if it is shorter, until "completed" after its completion; 0 means for
 * ever.  If "bound" is not NULL, it receives for each step the event of a match
 * that completed at or before as_of (-1 for absences, and everywhere when there
 * is none): the latest that still counts then, or else the latest.
 */
extern PcoreTruth pcore_sequence(const PcoreInstant *at, int count,
								 const PcoreStep *steps, int step_count,
								 PcoreDuration within, PcoreDuration completed,
								 PcoreInstant start, PcoreInstant as_of,
								 int32_t *bound);

#endif							/* PERSONA_SEQUENCE_H */
