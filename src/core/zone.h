/*
 * zone.h - wall clocks: from instants to local time and back, calendar units.
 *
 * A zone is given by the host as a function that tells, for an instant, the
 * offset from UTC and how long it stays in force; everything else is
 * arithmetic.  A local time is an instant read as if the wall clock were UTC.
 */
#ifndef PERSONA_ZONE_H
#define PERSONA_ZONE_H

#include "core.h"

typedef int64_t PcoreLocal;

typedef struct PcoreZone
{
	/*
	 * Returns the offset from UTC in microseconds at "instant" (east is
	 * positive), and sets *from and *until to bounds of a span [from, until)
	 * around the instant in which it is the same.
	 */
	PcoreDuration (*offset) (const struct PcoreZone *zone, PcoreInstant instant,
							 PcoreInstant *from, PcoreInstant *until);
	const void *data;			/* the host's */
} PcoreZone;

/* Reads the wall clock at an instant (not an infinity). */
extern PcoreLocal pcore_local(const PcoreZone *zone, PcoreInstant instant);

/*
 * Returns the first instant at which the wall clock shows "local" or later:
 * in a gap the end of the gap, in an overlap the earlier of the two instants.
 */
extern PcoreInstant pcore_instant(const PcoreZone *zone, PcoreLocal local);

/*
 * Returns the instant that a wall-clock time means, as PostgreSQL's AT TIME
 * ZONE reads it: in a gap by the offset before it, in an overlap the later of
 * the two.  Begins of days are found with pcore_instant instead.
 */
extern PcoreInstant pcore_clock_instant(const PcoreZone *zone, PcoreLocal local);

/* Calendar units; weeks begin on Monday. */
typedef enum PcoreUnit
{
	PCORE_UNIT_DAY,
	PCORE_UNIT_WEEK,
	PCORE_UNIT_MONTH,
	PCORE_UNIT_QUARTER,
	PCORE_UNIT_YEAR
} PcoreUnit;

/*
 * Returns the local midnight at which the calendar unit that contains "local",
 * moved by "shift" units, begins.
 */
extern PcoreLocal pcore_unit_start(PcoreLocal local, PcoreUnit unit, int64_t shift);

/*
 * Finds the calendar unit [*begin, *end) that an instant is in.  It begins at
 * the first instant at which the wall clock shows it; so units follow one
 * another without gap, even where the clock goes back over midnight.
 */
extern void pcore_unit_span(const PcoreZone *zone, PcoreInstant instant, PcoreUnit unit,
							PcoreInstant *begin, PcoreInstant *end);

/* Civil dates (proleptic Gregorian) as days since 2000-01-01. */
extern int64_t pcore_days_from_civil(int64_t year, int month, int day);
extern void pcore_civil_from_days(int64_t days, int64_t *year, int *month, int *day);

/* Returns the civil day of a local time (rounds down). */
extern int64_t pcore_day_of(PcoreLocal local);

#endif							/* PERSONA_ZONE_H */
