/*
 * test_zone.c - civil dates, calendar units, wall clocks.
 */
#define _DEFAULT_SOURCE			/* gmtime_r, setenv, tzset */

#include <stdlib.h>
#include <time.h>

#include "core/zone.h"
#include "host.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

/* Checks known dates, in both directions. */
static void
test_civil(void)
{
	static const struct
	{
		int64_t		year;
		int			month;
		int			day;
		int64_t		days;
	}			cases[] = {
		{2000, 1, 1, 0},
		{1999, 12, 31, -1},
		{1970, 1, 1, -10957},
		{2000, 2, 29, 59},
		{2000, 3, 1, 60},
		{1900, 2, 28, -36466},
		{1900, 3, 1, -36465},	/* 1900 had no leap day */
		{2100, 3, 1, 36584},
		{2400, 2, 29, 146156},
		{1582, 10, 15, -152384},
		{0, 3, 1, -730425},
		{0, 2, 29, -730426},
		{-4713, 11, 24, -2451545},	/* Julian day 0 */
		{294276, 12, 31, 106751982},	/* the last in PostgreSQL */
		{5874897, 12, 31, 2145031948},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		int64_t		year;
		int			month;
		int			day;

		host_case("%ld-%d-%d", (long) cases[i].year, cases[i].month, cases[i].day);
		CHECK_INT(pcore_days_from_civil(cases[i].year, cases[i].month, cases[i].day), cases[i].days);
		pcore_civil_from_days(cases[i].days, &year, &month, &day);
		CHECK_INT(year, cases[i].year);
		CHECK_INT(month, cases[i].month);
		CHECK_INT(day, cases[i].day);
	}
}

/* Checks that months and days beyond their range carry over. */
static void
test_carry(void)
{
	host_case("carry");
	CHECK_INT(pcore_days_from_civil(2023, 2, 29), pcore_days_from_civil(2023, 3, 1));
	CHECK_INT(pcore_days_from_civil(2024, 2, 30), pcore_days_from_civil(2024, 3, 1));
	CHECK_INT(pcore_days_from_civil(1900, 2, 29), pcore_days_from_civil(1900, 3, 1));
	CHECK_INT(pcore_days_from_civil(2024, 1, 0), pcore_days_from_civil(2023, 12, 31));
	CHECK_INT(pcore_days_from_civil(2024, 13, 1), pcore_days_from_civil(2025, 1, 1));
	CHECK_INT(pcore_days_from_civil(2024, 0, 1), pcore_days_from_civil(2023, 12, 1));
	CHECK_INT(pcore_days_from_civil(2024, -11, 1), pcore_days_from_civil(2023, 1, 1));
}

/* Checks a wide range of days against the C library, and their order. */
static void
test_civil_against_libc(void)
{
	int64_t		before = 0;
	long		wrong = 0;

	for (int64_t days = -1000000; days <= 1000000; days += 1)
	{
		time_t		seconds = (time_t) (days + 10957) * 86400;
		struct tm	civil;
		int64_t		year;
		int			month;
		int			day;

		gmtime_r(&seconds, &civil);
		pcore_civil_from_days(days, &year, &month, &day);
		wrong += year != civil.tm_year + 1900 || month != civil.tm_mon + 1 || day != civil.tm_mday;
		wrong += pcore_days_from_civil(year, month, day) != days;
		wrong += days > -1000000 && pcore_days_from_civil(year, month, day) != before + 1;
		before = days;
	}
	host_case("2000001 days against the C library");
	CHECK_INT(wrong, 0);
}

/* Checks that extreme dates come back, or at least do no harm. */
static void
test_extreme_dates(void)
{
	static const int64_t extremes[] = {INT64_MIN, INT64_MIN + 1, INT64_MIN / 2, INT32_MIN, -1, 0, 1,
	INT32_MAX, INT64_MAX / 2, INT64_MAX - 1, INT64_MAX};

	for (int i = 0; i < COUNT(extremes); i++)
	{
		int64_t		year;
		int			month;
		int			day;

		host_case("extreme %d", i);
		pcore_civil_from_days(extremes[i], &year, &month, &day);
		CHECK(month >= 1 && month <= 12 && day >= 1 && day <= 31);
		if (year >= -1000000000000 && year <= 1000000000000)
			CHECK_INT(pcore_days_from_civil(year, month, day), extremes[i]);
		pcore_days_from_civil(extremes[i], 1, 1);
		pcore_days_from_civil(extremes[i], INT32_MIN, INT32_MIN);
		pcore_days_from_civil(extremes[i], INT32_MAX, INT32_MAX);
		CHECK(pcore_day_of(extremes[i]) <= extremes[i] / PCORE_DAY);
		CHECK(pcore_day_of(extremes[i]) >= extremes[i] / PCORE_DAY - 1);

		for (int unit = PCORE_UNIT_DAY; unit <= (int) PCORE_UNIT_YEAR; unit++)
			for (int j = 0; j < COUNT(extremes); j++)
			{
				PcoreLocal	start = pcore_unit_start(extremes[i], (PcoreUnit) unit, extremes[j]);

				if (extremes[i] == INT64_MIN || extremes[i] == INT64_MAX)
					CHECK_INSTANT(start, extremes[i]);
				else if (extremes[j] < -1000000000)
					CHECK_INSTANT(start, PCORE_BEGIN_OF_TIME);
				else if (extremes[j] > 1000000000)
					CHECK_INSTANT(start, PCORE_END_OF_TIME);
				else if (extremes[j] == 0)
					CHECK(start <= extremes[i]);
			}
	}
}

/* Checks where calendar units begin. */
static void
test_units(void)
{
	static const struct
	{
		const char *local;
		PcoreUnit	unit;
		int64_t		shift;
		const char *start;
	}			cases[] = {
		{"2026-03-29 23:59:59.999999", PCORE_UNIT_DAY, 0, "2026-03-29"},
		{"2026-03-29 00:00", PCORE_UNIT_DAY, 0, "2026-03-29"},
		{"2026-03-29 12:00", PCORE_UNIT_DAY, 1, "2026-03-30"},
		{"2026-03-01 12:00", PCORE_UNIT_DAY, -1, "2026-02-28"},
		{"1999-12-31 23:59:59.999999", PCORE_UNIT_DAY, 0, "1999-12-31"},
		{"2026-03-29 12:00", PCORE_UNIT_WEEK, 0, "2026-03-23"},	/* a Sunday */
		{"2026-03-30 00:00", PCORE_UNIT_WEEK, 0, "2026-03-30"},	/* a Monday */
		{"2026-03-29 12:00", PCORE_UNIT_WEEK, 1, "2026-03-30"},
		{"2026-03-29 12:00", PCORE_UNIT_WEEK, -1, "2026-03-16"},
		{"2000-01-01 00:00", PCORE_UNIT_WEEK, 0, "1999-12-27"},
		{"1970-01-01 00:00", PCORE_UNIT_WEEK, 0, "1969-12-29"},
		{"2024-12-31 12:00", PCORE_UNIT_MONTH, 0, "2024-12-01"},
		{"2024-12-31 12:00", PCORE_UNIT_MONTH, 1, "2025-01-01"},
		{"2024-12-31 12:00", PCORE_UNIT_MONTH, 2, "2025-02-01"},
		{"2024-01-31 12:00", PCORE_UNIT_MONTH, -1, "2023-12-01"},
		{"2024-01-31 12:00", PCORE_UNIT_MONTH, -13, "2022-12-01"},
		{"1999-12-31 12:00", PCORE_UNIT_MONTH, 0, "1999-12-01"},
		{"2024-03-31 12:00", PCORE_UNIT_QUARTER, 0, "2024-01-01"},
		{"2024-04-01 00:00", PCORE_UNIT_QUARTER, 0, "2024-04-01"},
		{"2024-11-15 00:00", PCORE_UNIT_QUARTER, 1, "2025-01-01"},
		{"2024-02-29 00:00", PCORE_UNIT_QUARTER, -1, "2023-10-01"},
		{"2024-12-31 23:59", PCORE_UNIT_YEAR, 0, "2024-01-01"},
		{"2024-02-29 00:00", PCORE_UNIT_YEAR, 1, "2025-01-01"},
		{"2024-02-29 00:00", PCORE_UNIT_YEAR, -100, "1924-01-01"},
		{"0000-02-29 00:00", PCORE_UNIT_YEAR, -1, "-1-01-01"},
		{"infinity", PCORE_UNIT_YEAR, -1, "infinity"},
		{"-infinity", PCORE_UNIT_DAY, 1, "-infinity"},
		{"2024-02-29 00:00", PCORE_UNIT_YEAR, 300000, "infinity"},
		{"2024-02-29 00:00", PCORE_UNIT_MONTH, -4000000, "-infinity"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("%s, unit %d, shift %ld", cases[i].local, (int) cases[i].unit, (long) cases[i].shift);
		CHECK_INSTANT(pcore_unit_start(host_instant(cases[i].local), cases[i].unit, cases[i].shift),
					  host_instant(cases[i].start));
	}
}

/* Checks that units follow each other without a gap. */
static void
test_units_follow(void)
{
	long		wrong = 0;

	for (int unit = PCORE_UNIT_DAY; unit <= (int) PCORE_UNIT_YEAR; unit++)
		for (PcoreLocal local = host_instant("1995-01-01 13:14:15"); local < host_instant("2006-01-01"); local += 7 * PCORE_HOUR)
		{
			PcoreLocal	start = pcore_unit_start(local, (PcoreUnit) unit, 0);
			PcoreLocal	next = pcore_unit_start(local, (PcoreUnit) unit, 1);

			wrong += !(start <= local && local < next);
			wrong += pcore_unit_start(next, (PcoreUnit) unit, 0) != next;
			wrong += pcore_unit_start(next - 1, (PcoreUnit) unit, 0) != start;
			wrong += pcore_unit_start(next, (PcoreUnit) unit, -1) != start;
		}
	host_case("units follow each other");
	CHECK_INT(wrong, 0);
}

/*
 * Zones for the table below.  "Jumpy": clocks go forward by 90 minutes at
 * 2026-05-10 00:00 UTC (a gap from 02:00 to 03:30 local time), and back by 90
 * minutes a day later, at 2026-05-11 00:00 UTC (03:30 becomes 02:00 again).
 * "Leaper" has skipped 2011-12-30, as Samoa did, and "Repeater" has had
 * 1867-10-18 twice, as Alaska did.  "Quick" goes back three times in a row,
 * so that 12:00 to 12:30 comes four times.
 */
static HostShift jumpy_shifts[2];
static HostShift leaper_shifts[1];
static HostShift repeater_shifts[1];
static HostShift quick_shifts[3];
static PcoreZone jumpy;
static PcoreZone leaper;
static PcoreZone repeater;
static PcoreZone quick;

/* Makes the zones. */
static void
make_zones(void)
{
	static HostShifts jumpy_all = {2 * PCORE_HOUR, 2, jumpy_shifts};
	static HostShifts leaper_all = {-10 * PCORE_HOUR, 1, leaper_shifts};
	static HostShifts repeater_all = {15 * PCORE_HOUR, 1, repeater_shifts};
	static HostShifts quick_all = {0, 3, quick_shifts};

	jumpy_shifts[0] = (HostShift) {host_instant("2026-05-10 00:00"), 210 * PCORE_MINUTE};
	jumpy_shifts[1] = (HostShift) {host_instant("2026-05-11 00:00"), 120 * PCORE_MINUTE};
	jumpy = host_zone(&jumpy_all);

	leaper_shifts[0] = (HostShift) {host_instant("2011-12-30 10:00"), 14 * PCORE_HOUR};
	leaper = host_zone(&leaper_all);

	repeater_shifts[0] = (HostShift) {host_instant("1867-10-18 09:00"), -9 * PCORE_HOUR};
	repeater = host_zone(&repeater_all);

	for (int i = 0; i < 3; i++)
		quick_shifts[i] = (HostShift) {host_instant("2026-01-01 12:30") + i * 30 * PCORE_MINUTE,
			-(i + 1) * 30 * PCORE_MINUTE};
	quick = host_zone(&quick_all);
}

/* Checks the wall clock and its reading back. */
static void
test_clocks(void)
{
	static const struct
	{
		const PcoreZone *zone;
		const char *name;
		const char *instant;
		const char *local;		/* what the clock shows then */
		const char *back;		/* the first instant of that local time, NULL: "instant" */
	}			clocks[] = {
		{&host_utc, "utc", "2026-03-29 01:30", "2026-03-29 01:30", NULL},
		{&host_utc, "utc", "infinity", "infinity", NULL},
		{&host_utc, "utc", "-infinity", "-infinity", NULL},
		{&host_berlin, "berlin", "infinity", "infinity", NULL},
		{&host_berlin, "berlin", "2026-01-15 12:00", "2026-01-15 13:00", NULL},
		{&host_berlin, "berlin", "2026-07-15 12:00", "2026-07-15 14:00", NULL},
		{&host_berlin, "berlin", "2026-03-29 00:59:59.999999", "2026-03-29 01:59:59.999999", NULL},
		{&host_berlin, "berlin", "2026-03-29 01:00", "2026-03-29 03:00", NULL},
		{&host_berlin, "berlin", "2026-10-25 00:00", "2026-10-25 02:00", NULL},
		{&host_berlin, "berlin", "2026-10-25 00:59:59.999999", "2026-10-25 02:59:59.999999", NULL},
		{&host_berlin, "berlin", "2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 00:00"},
		{&host_berlin, "berlin", "2026-10-25 01:30", "2026-10-25 02:30", "2026-10-25 00:30"},
		{&host_berlin, "berlin", "2026-10-25 02:00", "2026-10-25 03:00", NULL},
		{&jumpy, "jumpy", "2026-05-09 23:59", "2026-05-10 01:59", NULL},
		{&jumpy, "jumpy", "2026-05-10 00:00", "2026-05-10 03:30", NULL},
		{&jumpy, "jumpy", "2026-05-11 00:00", "2026-05-11 02:00", "2026-05-10 22:30"},
		{&jumpy, "jumpy", "2026-05-11 01:29", "2026-05-11 03:29", "2026-05-10 23:59"},
		{&jumpy, "jumpy", "2026-05-11 01:30", "2026-05-11 03:30", NULL},
		{&leaper, "leaper", "2011-12-30 09:59", "2011-12-29 23:59", NULL},
		{&leaper, "leaper", "2011-12-30 10:00", "2011-12-31 00:00", NULL},
		{&repeater, "repeater", "1867-10-18 08:59", "1867-10-18 23:59", NULL},
		{&repeater, "repeater", "1867-10-18 09:00", "1867-10-18 00:00", "1867-10-17 09:00"},
		{&repeater, "repeater", "1867-10-19 09:00", "1867-10-19 00:00", NULL},
		{&quick, "quick", "2026-01-01 12:00", "2026-01-01 12:00", NULL},
		{&quick, "quick", "2026-01-01 13:59", "2026-01-01 12:29", "2026-01-01 12:29"},
		{&quick, "quick", "2026-01-01 14:00", "2026-01-01 12:30", NULL},
	};
	static const struct
	{
		const PcoreZone *zone;
		const char *name;
		const char *local;		/* in a gap */
		const char *instant;	/* the end of the gap */
	}			gaps[] = {
		{&host_berlin, "berlin", "2026-03-29 02:00", "2026-03-29 01:00"},
		{&host_berlin, "berlin", "2026-03-29 02:59:59.999999", "2026-03-29 01:00"},
		{&jumpy, "jumpy", "2026-05-10 02:00", "2026-05-10 00:00"},
		{&jumpy, "jumpy", "2026-05-10 03:29", "2026-05-10 00:00"},
		{&leaper, "leaper", "2011-12-30 00:00", "2011-12-30 10:00"},
		{&leaper, "leaper", "2011-12-30 12:00", "2011-12-30 10:00"},
	};

	for (int i = 0; i < COUNT(clocks); i++)
	{
		PcoreInstant instant = host_instant(clocks[i].instant);

		host_case("%s %s", clocks[i].name, clocks[i].instant);
		CHECK_INSTANT(pcore_local(clocks[i].zone, instant), host_instant(clocks[i].local));
		CHECK_INSTANT(pcore_instant(clocks[i].zone, host_instant(clocks[i].local)),
					  clocks[i].back == NULL ? instant : host_instant(clocks[i].back));
	}
	for (int i = 0; i < COUNT(gaps); i++)
	{
		host_case("%s gap %s", gaps[i].name, gaps[i].local);
		CHECK_INSTANT(pcore_instant(gaps[i].zone, host_instant(gaps[i].local)), host_instant(gaps[i].instant));
	}
}

/* Checks pcore_instant against a search, minute by minute. */
static void
test_instant_by_search(void)
{
	static const struct
	{
		const PcoreZone *zone;
		const char *from;		/* some days before the shifts */
	}			cases[] = {
		{&host_berlin, "2026-03-26"}, {&host_berlin, "2026-10-22"}, {&jumpy, "2026-05-08"},
		{&leaper, "2011-12-27"}, {&repeater, "1867-10-15"}, {&quick, "2025-12-29"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreInstant from = host_instant(cases[i].from);
		PcoreInstant expected = from - 2 * PCORE_DAY;
		long		wrong = 0;

		/* The first instant does not go back when the local time goes on. */
		for (PcoreLocal local = from; local < from + 5 * PCORE_DAY; local += PCORE_MINUTE)
		{
			while (pcore_local(cases[i].zone, expected) < local)
				expected += PCORE_MINUTE;
			wrong += pcore_instant(cases[i].zone, local) != expected;
		}
		host_case("search, zone %d", i);
		CHECK_INT(wrong, 0);
	}
}

/* Checks the test host's Berlin against the C library, which has the same rule. */
static void
test_berlin_against_libc(void)
{
	long		wrong = 0;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (PcoreInstant instant = host_instant("1996-01-01 00:30"); instant < host_instant("2040-01-01"); instant += PCORE_HOUR)
	{
		time_t		seconds = (time_t) (instant / PCORE_SECOND) + 946684800;
		struct tm	civil;

		localtime_r(&seconds, &civil);
		wrong += pcore_local(&host_berlin, instant) !=
			pcore_days_from_civil(civil.tm_year + 1900, civil.tm_mon + 1, civil.tm_mday) * PCORE_DAY +
			civil.tm_hour * PCORE_HOUR + civil.tm_min * PCORE_MINUTE;
	}
	host_case("Berlin against the C library");
	CHECK_INT(wrong, 0);
}

/* Checks wall clocks at both ends of time. */
static void
test_extreme_instants(void)
{
	static const PcoreInstant extremes[] = {
		PCORE_BEGIN_OF_TIME, PCORE_BEGIN_OF_TIME + 1, PCORE_BEGIN_OF_TIME + PCORE_HOUR,
		PCORE_BEGIN_OF_TIME + 3 * PCORE_WEEK, PCORE_END_OF_TIME - 3 * PCORE_WEEK,
		PCORE_END_OF_TIME - PCORE_HOUR, PCORE_END_OF_TIME - 1, PCORE_END_OF_TIME
	};
	const PcoreZone *const zones[] = {&host_utc, &host_berlin, &leaper, &repeater};

	for (int i = 0; i < COUNT(extremes); i++)
		for (int j = 0; j < COUNT(zones); j++)
		{
			PcoreInstant instant = pcore_instant(zones[j], extremes[i]);

			host_case("extreme %d, zone %d", i, j);
			if (extremes[i] == PCORE_BEGIN_OF_TIME || extremes[i] == PCORE_END_OF_TIME)
			{
				CHECK_INSTANT(instant, extremes[i]);
				CHECK_INSTANT(pcore_local(zones[j], extremes[i]), extremes[i]);
			}
			else
			{
				CHECK(pcore_local(zones[j], instant) >= extremes[i]);
				CHECK(pcore_local(zones[j], extremes[i]) > PCORE_BEGIN_OF_TIME || extremes[i] < 0);
			}
		}
}

int
main(void)
{
	make_zones();
	test_civil();
	test_carry();
	test_civil_against_libc();
	test_extreme_dates();
	test_units();
	test_units_follow();
	test_clocks();
	test_instant_by_search();
	test_berlin_against_libc();
	test_extreme_instants();
	return host_finish();
}
