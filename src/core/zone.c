/*
 * zone.c - wall clocks and the calendar.
 *
 * A wall clock is a function from instants to local times.  It climbs with
 * slope 1 and jumps where the offset changes: forward over a gap, back into an
 * overlap.  The host tells the offsets, span by span; this file walks them.
 *
 * The calendar is the Gregorian one, in both directions without end.  Its
 * arithmetic begins years on 1 March, so that the leap day is the last day of
 * a year, and counts in eras of 400 years, which all have the same length.
 *
 * Nothing here overflows: what lies beyond the representable range becomes the
 * infinity on that side.
 */
#include "core/zone.h"

#define DAYS_PER_ERA INT64_C(146097)	/* 400 years */
#define DAYS_TO_EPOCH INT64_C(730425)	/* from 0000-03-01 to 2000-01-01 */

/* More than any wall clock is away from UTC. */
#define FARTHEST_OFFSET (8 * PCORE_DAY)

/* More than there are days, and so units, between two instants. */
#define LARGEST_SHIFT INT64_C(1000000000)

/* More than there are years; civil dates beyond are taken to be there. */
#define LARGEST_YEAR INT64_C(1000000000000)

/* Divides and rounds down; the divisor is positive. */
static inline int64_t
divide_down(int64_t dividend, int64_t divisor)
{
	return dividend / divisor - (dividend % divisor < 0 ? 1 : 0);
}

/* Returns what divide_down leaves over: 0 or more, less than the divisor. */
static inline int64_t
remainder_up(int64_t dividend, int64_t divisor)
{
	int64_t		rest = dividend % divisor;

	return rest < 0 ? rest + divisor : rest;
}

/* Moves a value into [-bound, bound]. */
static inline int64_t
bounded(int64_t value, int64_t bound)
{
	return value > bound ? bound : value < -bound ? -bound : value;
}

/* Returns the local midnight at which a civil day begins. */
static PcoreLocal
midnight(int64_t days)
{
	PcoreLocal	local;

	if (__builtin_mul_overflow(days, PCORE_DAY, &local))
		return days > 0 ? PCORE_END_OF_TIME : PCORE_BEGIN_OF_TIME;
	return local;
}

/* Reads the wall clock at an instant; the infinities stay. */
PcoreLocal
pcore_local(const PcoreZone *zone, PcoreInstant instant)
{
	PcoreInstant from;
	PcoreInstant until;

	if (instant == PCORE_BEGIN_OF_TIME || instant == PCORE_END_OF_TIME)
		return instant;
	return pcore_add(instant, zone->offset(zone, instant, &from, &until));
}

/* Returns the first instant at which the wall clock shows "local" or later. */
PcoreInstant
pcore_instant(const PcoreZone *zone, PcoreLocal local)
{
	PcoreInstant at;

	if (local == PCORE_BEGIN_OF_TIME || local == PCORE_END_OF_TIME)
		return local;

	/*
	 * Begin where the wall clock is certainly earlier, and go on from span to
	 * span.  Since the clock climbs within a span, it reaches "local" there
	 * either at the span's begin, or at one computed instant, or not at all.
	 */
	at = pcore_max(pcore_add(local, -FARTHEST_OFFSET), PCORE_BEGIN_OF_TIME + 1);
	for (;;)
	{
		PcoreInstant from;
		PcoreInstant until;
		PcoreDuration offset = zone->offset(zone, at, &from, &until);
		PcoreInstant reached = pcore_max(at, pcore_add(local, -offset));

		/* The last two cannot send us round for ever, whatever the host says. */
		if (reached < until || until == PCORE_END_OF_TIME || until <= at)
			return reached;
		at = until;
	}
}

/* Returns the instant that a wall-clock time means, as PostgreSQL reads it. */
PcoreInstant
pcore_clock_instant(const PcoreZone *zone, PcoreLocal local)
{
	PcoreInstant at;
	PcoreInstant before = PCORE_BEGIN_OF_TIME;	/* the time by the span before */

	if (local == PCORE_BEGIN_OF_TIME || local == PCORE_END_OF_TIME)
		return local;
	at = pcore_max(pcore_add(local, -FARTHEST_OFFSET), PCORE_BEGIN_OF_TIME + 1);
	for (;;)
	{
		PcoreInstant from;
		PcoreInstant until;
		PcoreInstant meant = pcore_add(local, -zone->offset(zone, at, &from, &until));

		/* Not yet shown when the span begins: the time is in the gap before it. */
		if (meant < at && before != PCORE_BEGIN_OF_TIME)
			return before;
		if (until == PCORE_END_OF_TIME || until <= at)
			return meant;
		if (meant < until)
		{
			PcoreInstant next_until;
			PcoreInstant again = pcore_add(local, -zone->offset(zone, until, &from, &next_until));

			/* Shown twice: the later one is meant. */
			return again >= until && again < next_until ? again : meant;
		}
		before = meant;
		at = until;
	}
}

/* Returns the local midnight at which a calendar unit, moved by "shift", begins. */
PcoreLocal
pcore_unit_start(PcoreLocal local, PcoreUnit unit, int64_t shift)
{
	int64_t		days;
	int64_t		year;
	int64_t		months;
	int			month;
	int			day;

	if (local == PCORE_BEGIN_OF_TIME || local == PCORE_END_OF_TIME)
		return local;

	shift = bounded(shift, LARGEST_SHIFT);
	days = pcore_day_of(local);
	pcore_civil_from_days(days, &year, &month, &day);
	months = 12 * year + month - 1;

	switch (unit)
	{
		case PCORE_UNIT_DAY:
			return midnight(days + shift);
		case PCORE_UNIT_WEEK:
			/* day 0 was a Saturday */
			return midnight(days - remainder_up(days + 5, 7) + 7 * shift);
		case PCORE_UNIT_MONTH:
			months += shift;
			break;
		case PCORE_UNIT_QUARTER:
			months += 3 * shift - (month - 1) % 3;
			break;
		case PCORE_UNIT_YEAR:
			months += 12 * shift - (month - 1);
			break;
	}
	return midnight(pcore_days_from_civil(divide_down(months, 12),
										  (int) remainder_up(months, 12) + 1, 1));
}

/* Finds the calendar unit [*begin, *end) that an instant is in. */
void
pcore_unit_span(const PcoreZone *zone, PcoreInstant instant, PcoreUnit unit, PcoreInstant *begin, PcoreInstant *end)
{
	PcoreLocal	local = pcore_local(zone, instant);
	int64_t		shift = 1;

	/* A clock that went back shows the unit before once more; that is over. */
	*begin = pcore_instant(zone, pcore_unit_start(local, unit, 0));
	while ((*end = pcore_instant(zone, pcore_unit_start(local, unit, shift))) <= instant && *end != PCORE_END_OF_TIME)
	{
		*begin = *end;
		shift++;
	}
}

/*
 * Returns the days from 2000-01-01 to a civil date.  Months and days beyond
 * their range carry over: 29 February of a common year is 1 March.
 */
int64_t
pcore_days_from_civil(int64_t year, int month, int day)
{
	int64_t		since_march = (int64_t) month - 3;
	int64_t		year_of_era;
	int64_t		day_of_year;

	year = bounded(year, LARGEST_YEAR) + divide_down(since_march, 12);
	since_march = remainder_up(since_march, 12);
	year_of_era = remainder_up(year, 400);

	/* From March on, five months have 153 days, and again, and again. */
	day_of_year = (153 * since_march + 2) / 5 + day - 1;
	return divide_down(year, 400) * DAYS_PER_ERA +
		year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
		day_of_year - DAYS_TO_EPOCH;
}

/* Finds the civil date that is "days" days after 2000-01-01. */
void
pcore_civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
	/* Divide before adding, so that no sum overflows. */
	int64_t		era = divide_down(days, DAYS_PER_ERA) + DAYS_TO_EPOCH / DAYS_PER_ERA;
	int64_t		day_of_era = remainder_up(days, DAYS_PER_ERA) + DAYS_TO_EPOCH % DAYS_PER_ERA;
	int64_t		year_of_era;
	int64_t		day_of_year;
	int64_t		since_march;

	if (day_of_era >= DAYS_PER_ERA)
	{
		era++;
		day_of_era -= DAYS_PER_ERA;
	}

	/* Take the leap days out (1460, 36524, 146096: the last days of 4, 100, 400 years). */
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	since_march = (5 * day_of_year + 2) / 153;

	*day = (int) (day_of_year - (153 * since_march + 2) / 5 + 1);
	*month = (int) (since_march < 10 ? since_march + 3 : since_march - 9);
	*year = era * 400 + year_of_era + (*month <= 2 ? 1 : 0);
}

/* Returns the civil day of a local time (rounds down). */
int64_t
pcore_day_of(PcoreLocal local)
{
	return divide_down(local, PCORE_DAY);
}
