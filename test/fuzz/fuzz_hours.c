/*
 * fuzz_hours.c - random weekly hours on random wall clocks.
 *
 * The first byte chooses: the rest is the text of hours as it is, or a recipe
 * for one that is mostly right.  Then, with a zone and instants made of the
 * same bytes:
 *
 *   - pcore_hours_change(t) is later than t; there the answer differs from the
 *     one at t, and right before it, and at instants between, it does not;
 *   - pcore_instant(local) is the first instant at which the clock shows
 *     "local" or later.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/hours.h"
#include "../unit/host.h"

#define MOST_SHIFTS 16
#define MOST_TEXT 400

/* The bytes that are left; when they run out, zeros follow. */
typedef struct Source
{
	const uint8_t *at;
	const uint8_t *end;
} Source;

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes a byte. */
static unsigned
take(Source *source)
{
	return source->at < source->end ? *source->at++ : 0;
}

/* Takes a number in [0, limit). */
static int64_t
take_below(Source *source, int64_t limit)
{
	uint64_t	number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | take(source);
	return (int64_t) (number % (uint64_t) limit);
}

/* Makes a zone: shifts by usual and unusual steps, minutes to months apart. */
static void
make_zone(Source *source, HostShifts *zone, HostShift *shifts)
{
	static const PcoreDuration steps[] = {
		PCORE_HOUR, -PCORE_HOUR, 30 * PCORE_MINUTE, -30 * PCORE_MINUTE, 2 * PCORE_HOUR, -3 * PCORE_HOUR,
		PCORE_DAY, -PCORE_DAY, 28 * PCORE_SECOND, -17 * PCORE_MINUTE, 1, 0
	};
	static const PcoreDuration gaps[] = {
		1, PCORE_MINUTE, 30 * PCORE_MINUTE, PCORE_HOUR, 13 * PCORE_HOUR, PCORE_DAY, 6 * PCORE_DAY, 150 * PCORE_DAY
	};
	PcoreInstant at = take_below(source, 20 * PCORE_DAY) / PCORE_MINUTE * PCORE_MINUTE;
	PcoreDuration offset = (take_below(source, 25) - 12) * PCORE_HOUR;

	zone->before = offset;
	zone->count = (int) take_below(source, MOST_SHIFTS + 1);
	zone->shifts = shifts;
	for (int i = 0; i < zone->count; i++)
	{
		PcoreDuration step = steps[take(source) % (sizeof(steps) / sizeof(steps[0]))];

		/* No wall clock is more than two days away from UTC. */
		if (offset + step <= 2 * PCORE_DAY && offset + step >= -2 * PCORE_DAY)
			offset += step;
		shifts[i].at = at;
		shifts[i].offset = offset;
		at += gaps[take(source) % (sizeof(gaps) / sizeof(gaps[0]))];
	}
}

/* Writes hours that are right but for a token now and then. */
static size_t
make_text(Source *source, char *text)
{
	static const char *const days[] = {
		"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon-Fri", "Sat-Mon", "Sun,Wed", "daily", "Mo", "always"
	};
	size_t		length = 0;
	int			rules = (int) take_below(source, 4) + 1;

	text[0] = '\0';
	for (int i = 0; i < rules; i++)
	{
		int			spans = (int) take_below(source, 3) + 1;

		length += (size_t) sprintf(text + length, "%s%s ", i == 0 ? "" : "; ",
								   days[take(source) % (sizeof(days) / sizeof(days[0]))]);
		for (int j = 0; j < spans; j++)
		{
			unsigned	begin = take(source) * 6;
			unsigned	end = take(source) * 6;

			length += (size_t) sprintf(text + length, "%s%02u:%02u-%02u:%02u", j == 0 ? "" : ",",
									   begin / 60, begin % 60, end / 60, end % 60);
		}
	}
	return length;
}

/* Checks what must hold of hours from an instant on, for some changes. */
static void
check_changes(Source *source, const PcoreHours *hours, const PcoreZone *zone, PcoreInstant instant)
{
	for (int i = 0; i < 20; i++)
	{
		bool		inside = pcore_hours_inside(hours, zone, instant);
		PcoreInstant change = pcore_hours_change(hours, zone, instant);
		PcoreInstant until;

		CHECK(change > instant);
		if (change == PCORE_END_OF_TIME)
			until = instant + 400 * PCORE_DAY;
		else
		{
			until = change;
			CHECK(pcore_hours_inside(hours, zone, change) != inside);
			CHECK(pcore_hours_inside(hours, zone, change - 1) == inside);
		}

		/* Nothing changes between, and the change is the same seen from there. */
		for (int j = 0; j < 5; j++)
		{
			PcoreInstant between = instant + take_below(source, until - instant);

			CHECK(pcore_hours_inside(hours, zone, between) == inside);
			CHECK(change == PCORE_END_OF_TIME || pcore_hours_change(hours, zone, between) == change);
		}
		for (PcoreInstant at = instant; at < until;)
		{
			PcoreInstant from;
			PcoreInstant next;

			CHECK(pcore_hours_inside(hours, zone, at) == inside);
			zone->offset(zone, at, &from, &next);
			at = next;
		}
		if (change == PCORE_END_OF_TIME)
			return;
		instant = change;
	}
}

/* Checks that an instant is the first with its local time. */
static void
check_instant(Source *source, const PcoreZone *zone, PcoreLocal local)
{
	PcoreInstant instant = pcore_instant(zone, local);

	CHECK(pcore_local(zone, instant) >= local);
	CHECK(pcore_local(zone, instant - 1) < local);
	for (int i = 0; i < 10; i++)
	{
		PcoreInstant from;
		PcoreInstant until;
		PcoreInstant earlier = instant - 1 - take_below(source, 30 * PCORE_DAY);

		CHECK(pcore_local(zone, earlier) < local);
		zone->offset(zone, earlier, &from, &until);
		if (until <= instant)
			CHECK(pcore_local(zone, until - 1) < local);
	}
}

/* Runs one input. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Source		source = {data, data + size};
	HostShift	shifts[MOST_SHIFTS];
	HostShifts	description;
	PcoreZone	zone;
	char		text[MOST_TEXT];
	size_t		length;
	static PcoreHours *hours;

	host_abort_on_failure = true;
	if (take(&source) % 4 == 0)
	{
		hours = NULL;
		TRY(hours = pcore_hours_parse((const char *) source.at, (size_t) (source.end - source.at)));
		CHECK(host_failed == (hours == NULL));
	}
	make_zone(&source, &description, shifts);
	zone = host_zone(&description);
	if (data == NULL || size == 0 || data[0] % 4 != 0)
	{
		length = make_text(&source, text);
		hours = NULL;
		TRY(hours = pcore_hours_parse(text, length));
		CHECK(host_failed == (hours == NULL));
	}

	if (hours != NULL)
	{
		PcoreInstant near = take_below(&source, 30 * PCORE_DAY) - 5 * PCORE_DAY;
		PcoreInstant far = take_below(&source, INT64_MAX) - INT64_MAX / 2;

		check_changes(&source, hours, &zone, near);
		check_changes(&source, hours, &zone, far);
		check_changes(&source, hours, &host_berlin, near + 26 * 365 * PCORE_DAY);
	}
	check_instant(&source, &zone, take_below(&source, 60 * PCORE_DAY) - 20 * PCORE_DAY);
	host_reset();
	return 0;
}
