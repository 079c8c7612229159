/*
 * test_limit.c - limits: rolling windows, calendar units.
 *
 * Contacts are drawn, one column for each instant from 0 on: "x" is a contact,
 * "2" are two, "." none.  The other drawing tells for each instant whether one
 * more contact there keeps the limit: "+" yes, "-" no.
 */
#include "core/limit.h"

#include <string.h>

#include "host.h"
#include "naive.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))
#define MOST_CONTACTS 40

/* Reads the contacts of a drawing. */
static int
read_contacts(const char *drawing, PcoreInstant *times)
{
	int			count = 0;

	for (int i = 0; drawing[i] != '\0'; i++)
	{
		int			contacts = drawing[i] == '.' ? 0 : drawing[i] == 'x' ? 1 : drawing[i] - '0';

		while (contacts-- > 0)
			times[count++] = i;
	}
	return count;
}

/* Checks where one more contact is allowed. */
static void
test_allows(void)
{
	static const struct
	{
		int64_t		most;
		PcoreDuration period;
		const char *contacts;
		const char *allowed;
	}			cases[] = {
		/* One in 4: at 8 the contact at 4 is just out of (4, 8]. */
		{1, 4,
			"....x.........",
		"+-------++++++"},
		{1, 4,
			"..............",
		"++++++++++++++"},
		{1, 1,
			"....x.........",
		"++++-+++++++++"},
		{0, 4,
			"..............",
		"--------------"},
		{-1, 4,
			"..............",
		"--------------"},
		/* Two in 4: full only where both would be in one window with it. */
		{2, 4,
			"....x.x.......",
		"+++-----++++++"},
		{2, 4,
			"....xx........",
		"++------++++++"},
		{2, 4,
			"....2.........",
		"+-------++++++"},
		/* Three apart: a window of 4 holds both with what is between, not beside. */
		{2, 4,
			"....x..x......",
		"++++----++++++"},
		{2, 4,
			"....x...x.....",
		"++++++++++++++"},
		/* The gap between two full windows. */
		{1, 3,
			"..x.....x.....",
		"-----+-----+++"},
		/* More than allowed is there already. */
		{1, 2,
			".....4........",
		"++++---+++++++"},
		/* For all time. */
		{2, 0,
			"....x.........",
		"++++++++++++++"},
		{2, 0,
			"....x....x....",
		"--------------"},
		{INT64_MAX, 5,
			"999999........",
		"++++++++++++++"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreInstant times[MOST_CONTACTS * 4];
		int			count = read_contacts(cases[i].contacts, times);
		char	   *allowed = pcore_copy("", 0);

		host_case("%lld in %lld: %s", (long long) cases[i].most, (long long) cases[i].period, cases[i].contacts);
		for (int at = 0; cases[i].contacts[at] != '\0'; at++)
			allowed = pcore_format("%s%c", allowed,
								   pcore_limit_allows(times, count, at, cases[i].period, cases[i].most) ? '+' : '-');
		CHECK_TEXT(allowed, cases[i].allowed);
	}
}

/* Checks when to ask again. */
static void
test_until(void)
{
	static const struct
	{
		PcoreDuration period;
		const char *contacts;
		PcoreInstant at;
		PcoreInstant until;
	}			cases[] = {
		{4, "..............", 3, PCORE_END_OF_TIME},
		{4, "....x.........", 4, 8}, /* at 8 it has left */
		{4, "....x.........", 7, 8},
		{4, "....x.........", 8, PCORE_END_OF_TIME},
		{4, "....x.........", 0, 1}, /* from 1 on, a window can hold both */
		{4, "....x.........", -100, 1},
		{0, "....x.........", 4, PCORE_END_OF_TIME},
		{4, "....x..x......", 8, 11},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreInstant times[MOST_CONTACTS];
		int			count = read_contacts(cases[i].contacts, times);

		host_case("%lld: %s at %lld", (long long) cases[i].period, cases[i].contacts, (long long) cases[i].at);
		CHECK_INSTANT(pcore_limit_until(times, count, cases[i].at, cases[i].period), cases[i].until);
	}
}

/* Tells whether no window with the new contact in it, wherever it ends, holds too many. */
static bool
naive_allows(const PcoreInstant *times, int count, PcoreInstant at, PcoreDuration period, int64_t most)
{
	if (period == 0)
		return count < most;
	for (__int128 end = at; end < (__int128) at + period; end++)
	{
		int64_t		held = 1;

		for (int i = 0; i < count; i++)
			held += times[i] <= end && times[i] > end - period;
		if (held > most)
			return false;
	}
	return true;
}

/* Compares random limits with a look at every window. */
static void
random_limit(NaiveSource *source)
{
	enum
	{
		WIDTH = 20
	};
	PcoreInstant base = naive_base(source, 3 * WIDTH);
	PcoreInstant times[12];
	int			count = naive_below(source, COUNT(times) + 1);
	int			dense = naive_below(source, 5) + 1;
	PcoreDuration period = naive_below(source, 9);
	int64_t		most = naive_below(source, 6);
	PcoreInstant last = base + WIDTH;
	bool		right = true;
	bool		stable = true;

	for (int i = 0; i < count; i++)
	{
		last += naive_below(source, dense);
		times[i] = last < base + 2 * WIDTH ? last : base + 2 * WIDTH - 1;
	}
	for (PcoreInstant at = base; at < base + 3 * WIDTH; at++)
	{
		bool		allowed = naive_allows(times, count, at, period, most);
		PcoreInstant until = pcore_limit_until(times, count, at, period);

		right &= pcore_limit_allows(times, count, at, period, most) == allowed;
		stable &= until > at;
		for (PcoreInstant next = at + 1; next < until && next < base + 3 * WIDTH; next++)
			stable &= naive_allows(times, count, next, period, most) == allowed;
	}
	CHECK(right);
	CHECK(stable);
}

/*
 * A wall clock that jumps forward and back, over midnight too, and skips the
 * whole of 6 January.
 */
static HostShift jumping_shifts[5];
static HostShifts jumping_all = {0, COUNT(jumping_shifts), jumping_shifts};
static PcoreZone jumping;

/* Makes the zone. */
static void
make_zone(void)
{
	jumping_shifts[0] = (HostShift) {host_instant("2026-01-02 00:00"), -2 * PCORE_HOUR};
	jumping_shifts[1] = (HostShift) {host_instant("2026-01-04 01:00"), PCORE_HOUR};
	jumping_shifts[2] = (HostShift) {host_instant("2026-01-05 23:00"), 25 * PCORE_HOUR};
	jumping_shifts[3] = (HostShift) {host_instant("2026-01-31 00:00"), 0};
	jumping_shifts[4] = (HostShift) {host_instant("2026-02-01 12:00"), -13 * PCORE_HOUR};
	jumping = host_zone(&jumping_all);
}

/* Checks limits of calendar units, one case each. */
static void
test_calendar(void)
{
	static const struct
	{
		PcoreUnit	unit;
		int64_t		most;
		const char *contacts[3];
		const char *at;
		bool		allowed;
		const char *until;		/* or NULL: never */
	}			cases[] = {
		{PCORE_UNIT_DAY, 1, {NULL}, "2026-03-10 12:00", true, NULL},
		{PCORE_UNIT_DAY, 0, {NULL}, "2026-03-10 12:00", false, NULL},
		/* Berlin's 10 March ends at 23:00 UTC. */
		{PCORE_UNIT_DAY, 1, {"2026-03-10 08:00"}, "2026-03-10 22:59:59.999999", false, "2026-03-10 23:00"},
		{PCORE_UNIT_DAY, 1, {"2026-03-10 08:00"}, "2026-03-10 23:00", true, NULL},
		{PCORE_UNIT_DAY, 1, {"2026-03-10 08:00"}, "2026-03-09 23:00", false, "2026-03-10 23:00"},
		{PCORE_UNIT_DAY, 1, {"2026-03-10 08:00"}, "2026-03-09 22:59", true, "2026-03-09 23:00"},
		{PCORE_UNIT_DAY, 1, {"2026-03-10 08:00", "2026-03-11 08:00"}, "2026-03-10 12:00", false, "2026-03-11 23:00"},
		{PCORE_UNIT_DAY, 2, {"2026-03-10 08:00", "2026-03-12 08:00", "2026-03-12 09:00"}, "2026-03-10 12:00", true, "2026-03-11 23:00"},
		/* Weeks begin on Monday; the clock changes on Sunday, 29 March. */
		{PCORE_UNIT_WEEK, 1, {"2026-03-23 08:00"}, "2026-03-29 21:59", false, "2026-03-29 22:00"},
		{PCORE_UNIT_MONTH, 1, {"2026-02-01 08:00"}, "2026-02-28 22:59", false, "2026-02-28 23:00"},
		{PCORE_UNIT_MONTH, 1, {"2026-02-28 23:00"}, "2026-02-28 22:59", true, "2026-02-28 23:00"},
		{PCORE_UNIT_YEAR, 1, {"2026-12-31 22:00"}, "2026-02-28 22:59", false, "2026-12-31 23:00"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreInstant times[3];
		int			count = 0;

		while (count < 3 && cases[i].contacts[count] != NULL)
		{
			times[count] = host_instant(cases[i].contacts[count]);
			count++;
		}
		host_case("calendar %d: %s", i, cases[i].at);
		CHECK(pcore_calendar_allows(times, count, host_instant(cases[i].at), &host_berlin, cases[i].unit, cases[i].most)
			  == cases[i].allowed);
		CHECK_INSTANT(pcore_calendar_until(times, count, host_instant(cases[i].at), &host_berlin, cases[i].unit, cases[i].most),
					  cases[i].until == NULL ? PCORE_END_OF_TIME : host_instant(cases[i].until));
	}
}

/* Numbers the unit that a wall clock shows; it is never taken to go back. */
static int64_t
naive_unit(PcoreUnit unit, PcoreLocal local)
{
	static const int lengths[] = {31, 28, 31};
	int			day = (int) ((local - host_instant("2026-01-01")) / PCORE_DAY + 700) - 700;	/* 0: Thursday, 1 January */
	int			month = 0;

	if (local < host_instant("2026-01-01") && (local - host_instant("2026-01-01")) % PCORE_DAY != 0)
		day--;
	if (unit == PCORE_UNIT_DAY)
		return day;
	if (unit == PCORE_UNIT_WEEK)
		return (day + 3 + 70) / 7;
	while (month < 3 && day >= lengths[month])
		day -= lengths[month++];
	return day < 0 ? -1 : month;
}

/* Compares random calendar limits with a count hour by hour. */
static void
random_calendar(NaiveSource *source)
{
	enum
	{
		HOURS = 24 * 45
	};
	static const PcoreUnit units[] = {PCORE_UNIT_DAY, PCORE_UNIT_WEEK, PCORE_UNIT_MONTH};
	PcoreUnit	unit = units[naive_below(source, 3)];
	const PcoreZone *zone = naive_below(source, 3) == 0 ? &host_utc : &jumping;
	PcoreInstant base = host_instant("2025-12-30");
	PcoreInstant times[12];
	int64_t		shown[HOURS];	/* by hour */
	int			hours[12];
	int			count = naive_below(source, COUNT(times) + 1);
	int			dense = naive_below(source, 60) + 1;
	int64_t		most = naive_below(source, 4);
	int			last = naive_below(source, 200);
	bool		right = true;
	bool		exact = true;
	bool		allowed[HOURS];

	for (int h = 0; h < HOURS; h++)
	{
		shown[h] = naive_unit(unit, pcore_local(zone, base + h * PCORE_HOUR));
		if (h > 0 && shown[h] < shown[h - 1])
			shown[h] = shown[h - 1];
	}
	for (int i = 0; i < count; i++)
	{
		last += naive_below(source, dense);
		hours[i] = last < HOURS ? last : HOURS - 1;
		times[i] = base + hours[i] * PCORE_HOUR;
	}
	for (int h = 0; h < HOURS; h++)
	{
		int64_t		held = 1;

		for (int i = 0; i < count; i++)
			held += shown[hours[i]] == shown[h];
		allowed[h] = held <= most;
	}
	for (int h = 0; h < HOURS; h += 1 + naive_below(source, 5))
	{
		PcoreInstant at = base + h * PCORE_HOUR;
		PcoreInstant until = pcore_calendar_until(times, count, at, zone, unit, most);
		int			next = h + 1;

		while (next < HOURS && allowed[next] == allowed[h])
			next++;
		right &= pcore_calendar_allows(times, count, at, zone, unit, most) == allowed[h];
		exact &= next < HOURS ? until == base + next * PCORE_HOUR : until >= base + HOURS * PCORE_HOUR;
	}
	CHECK(right);
	CHECK(exact);
}

int
main(void)
{
	make_zone();
	test_calendar();
	test_allows();
	test_until();
	host_reset();
	naive_repeat("random limits", 5000, random_limit);
	naive_repeat("random calendars", 300, random_calendar);
	return host_finish();
}
