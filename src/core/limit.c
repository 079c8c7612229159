/*
 * limit.c - limits: rolling windows and calendar units.
 */
#include "core/limit.h"

/* Tells whether one more contact at "at" keeps a limit. */
bool
pcore_limit_allows(const PcoreInstant *times, int count, PcoreInstant at, PcoreDuration period, int64_t most)
{
	int			begin = 0;

	if (most <= 0)
		return false;
	if (period == 0)
		return (int64_t) count < most;

	/*
	 * Only windows that hold "at" change, and it is enough to look at those
	 * that end with a contact: with "at" itself, or with one after it.
	 */
	for (int last = -1; last < count; last++)
	{
		PcoreInstant end = last < 0 ? at : times[last];
		PcoreInstant from = pcore_add(end, -period);
		int64_t		held = 1;

		if (last >= 0 && times[last] <= at)
			continue;			/* at its own instant: counted with "at" */
		if (from >= at)
			break;				/* "at" is no longer in the window */
		if (last < 0)
			begin = 0;
		while (begin < count && times[begin] <= from)
			begin++;
		for (int i = begin; i < count && times[i] <= end; i++)
			held++;
		if (held > most)
			return false;
	}
	return true;
}

/* Returns the first instant after "at" at which the answer could be another. */
PcoreInstant
pcore_limit_until(const PcoreInstant *times, int count, PcoreInstant at, PcoreDuration period)
{
	PcoreInstant until = PCORE_END_OF_TIME;

	if (period == 0)
		return until;
	for (int i = 0; i < count; i++)
	{
		/* A window that ends at t holds the contact from its time on ... */
		PcoreInstant leaves = pcore_add(times[i], period);

		/* ... and one that begins behind t no longer does. */
		PcoreInstant enters = pcore_add(times[i], 1 - period);

		if (leaves > at)
			until = pcore_min(until, leaves);
		if (enters > at)
			until = pcore_min(until, enters);
		if (times[i] > at)
			until = pcore_min(until, times[i]);
	}
	return until;
}

/* Counts the contacts in [begin, end). */
static int64_t
count_between(const PcoreInstant *times, int count, PcoreInstant begin, PcoreInstant end)
{
	int64_t		held = 0;

	for (int i = 0; i < count && times[i] < end; i++)
		held += times[i] >= begin;
	return held;
}

/* Tells whether one more contact at "at" keeps a limit of a calendar unit. */
bool
pcore_calendar_allows(const PcoreInstant *times, int count, PcoreInstant at,
					  const PcoreZone *zone, PcoreUnit unit, int64_t most)
{
	PcoreInstant begin;
	PcoreInstant end;

	if (most <= 0)
		return false;
	pcore_unit_span(zone, at, unit, &begin, &end);
	return count_between(times, count, begin, end) < most;
}

/* Returns the first instant after "at" at which pcore_calendar_allows answers otherwise. */
PcoreInstant
pcore_calendar_until(const PcoreInstant *times, int count, PcoreInstant at,
					 const PcoreZone *zone, PcoreUnit unit, int64_t most)
{
	PcoreInstant begin;
	PcoreInstant end;
	bool		allowed;

	if (most <= 0)
		return PCORE_END_OF_TIME;
	pcore_unit_span(zone, at, unit, &begin, &end);
	allowed = count_between(times, count, begin, end) < most;

	/* A unit that allows none follows only where a contact is; one that allows some, soon. */
	for (;;)
	{
		int			next = 0;

		if (end == PCORE_END_OF_TIME)
			return end;
		while (next < count && times[next] < end)
			next++;
		if (allowed && next == count)
			return PCORE_END_OF_TIME;
		pcore_unit_span(zone, allowed ? times[next] : end, unit, &begin, &end);
		if ((count_between(times, count, begin, end) < most) != allowed)
			return begin;
	}
}
