/*
 * test_moment.c - dates and instants as definitions write them.
 */
#include "core/moment.h"

#include <inttypes.h>
#include <string.h>

#include "host.h"
#include "naive.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

/* Checks what is accepted, and as what. */
static void
test_accepted(void)
{
	static const struct
	{
		const char *text;
		const char *local;		/* wall clock, or UTC if fixed */
		bool		date_only;
		bool		fixed;
	}			cases[] = {
		{"2026-03-01", "2026-03-01", true, false},
		{"2000-01-01", "2000-01-01", true, false},
		{"1999-12-31", "1999-12-31", true, false},
		{"0001-01-01", "1-01-01", true, false},
		{"9999-12-31", "9999-12-31", true, false},
		{"2024-02-29", "2024-02-29", true, false},
		{"2000-02-29", "2000-02-29", true, false},
		{"2026-03-01 10:00", "2026-03-01 10:00", false, false},
		{"2026-03-01T10:00", "2026-03-01 10:00", false, false},
		{"2026-03-01 00:00", "2026-03-01", false, false},
		{"2026-03-01 10:00:59", "2026-03-01 10:00:59", false, false},
		{"2026-03-01T10:00:00.5", "2026-03-01 10:00:00.5", false, false},
		{"2026-03-01 10:00:00.000001", "2026-03-01 10:00:00.000001", false, false},
		{"2026-03-01 23:59:59.999999", "2026-03-01 23:59:59.999999", false, false},
		{"2026-03-01 24:00", "2026-03-02", false, false},
		{"2026-12-31 24:00:00.000", "2027-01-01", false, false},
		{"2026-03-01 10:00Z", "2026-03-01 10:00", false, true},
		{"2026-03-01T10:00:00Z", "2026-03-01 10:00", false, true},
		{"2026-03-01T10:00:00.25Z", "2026-03-01 10:00:00.25", false, true},
		{"2026-03-01 10:00+02", "2026-03-01 08:00", false, true},
		{"2026-03-01 10:00+02:00", "2026-03-01 08:00", false, true},
		{"2026-03-01 10:00+0200", "2026-03-01 08:00", false, true},
		{"2026-03-01 10:00-02:30", "2026-03-01 12:30", false, true},
		{"2026-03-01 10:00:30+05:45", "2026-03-01 04:15:30", false, true},
		{"2026-03-01 00:30+02", "2026-02-28 22:30", false, true},
		{"2026-12-31 23:00-02", "2027-01-01 01:00", false, true},
		{"2026-03-01 10:00-00:00", "2026-03-01 10:00", false, true},
		{"2026-03-01 10:00+15:59", "2026-02-28 18:01", false, true},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreMoment moment;

		host_case("%s", cases[i].text);
		CHECK(pcore_moment_parse(cases[i].text, &moment));
		CHECK_INSTANT(moment.local, host_instant(cases[i].local));
		CHECK_INT(moment.date_only, cases[i].date_only);
		CHECK_INT(moment.fixed, cases[i].fixed);
	}
}

/* Checks what is refused. */
static void
test_refused(void)
{
	static const char *const cases[] = {
		"", " ", "today", "2026", "2026-03", "2026-03-", "2026-3-01", "2026-03-1", "26-03-01", "02026-03-01",
		"2026/03/01", "20260301", "01.03.2026", "-2026-03-01", "+2026-03-01", " 2026-03-01", "2026-03-01 ",
		"2026-00-01", "2026-13-01", "2026-01-00", "2026-01-32", "2026-04-31", "2026-02-29", "1900-02-29",
		"2100-02-29", "2024-02-30", "2026-03-01x", "2026-03-01Z", "2026-03-01+02",
		"2026-03-01T", "2026-03-01 1", "2026-03-01 10", "2026-03-01 10:", "2026-03-01 10:0", "2026-03-01 1:00",
		"2026-03-01  10:00", "2026-03-01_10:00", "2026-03-01t10:00", "2026-03-01 10:00 ", "2026-03-01 10.00",
		"2026-03-01 25:00", "2026-03-01 10:60", "2026-03-01 10:00:60", "2026-03-01 24:01", "2026-03-01 24:00:01",
		"0000-01-01", "0000-12-31 10:00Z", "2026-03-01 24:00:00.000001", "2026-03-01 10:00:", "2026-03-01 10:00:5", "2026-03-01 10:00.5",
		"2026-03-01 10:00:00.", "2026-03-01 10:00:00,5", "2026-03-01 10:00:00.0000001", "2026-03-01 10:00:00.1234567",
		"2026-03-01 10:00z", "2026-03-01 10:00ZZ", "2026-03-01 10:00Z+02", "2026-03-01 10:00 Z", "2026-03-01 10:00 +02",
		"2026-03-01 10:00+", "2026-03-01 10:00+2", "2026-03-01 10:00+02:", "2026-03-01 10:00+02:0", "2026-03-01 10:00+020",
		"2026-03-01 10:00+02:000", "2026-03-01 10:00+02:60", "2026-03-01 10:00+16:00", "2026-03-01 10:00+02:00:00",
		"2026-03-01 10:00 Europe/Berlin", "2026-03-01 10:00 CET", "2026-03-01 10:00 AM",
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreMoment moment;

		host_case("%s", cases[i]);
		CHECK(!pcore_moment_parse(cases[i], &moment));
	}
}

/* Checks when moments begin and end, clock changes included. */
static void
test_begin_end(void)
{
	/*
	 * Samoa skipped 2011-12-30; Beirut's 2026-03-29 has no midnight, Havana's
	 * 2026-11-01 has two; Toronto's 1919-03-31 began at half past midnight.
	 */
	static const HostShift samoa_shifts[] = {{INT64_C(378554400) * PCORE_SECOND, 14 * PCORE_HOUR}};
	static const HostShift beirut_shifts[] = {{INT64_C(828050400) * PCORE_SECOND, 3 * PCORE_HOUR}};
	static const HostShift havana_shifts[] = {{INT64_C(846824400) * PCORE_SECOND, -5 * PCORE_HOUR}};
	static const HostShift toronto_shifts[] = {{INT64_C(-2548438200) * PCORE_SECOND, -4 * PCORE_HOUR}};
	static const HostShifts samoa_all = {-10 * PCORE_HOUR, 1, samoa_shifts};
	static const HostShifts beirut_all = {2 * PCORE_HOUR, 1, beirut_shifts};
	static const HostShifts havana_all = {-4 * PCORE_HOUR, 1, havana_shifts};
	static const HostShifts toronto_all = {-5 * PCORE_HOUR, 1, toronto_shifts};
	static PcoreZone samoa;
	static PcoreZone beirut;
	static PcoreZone havana;
	static PcoreZone toronto;
	static const struct
	{
		const char *text;
		const PcoreZone *zone;
		const char *begin;
		const char *end;
	}			cases[] = {
		{"2026-03-01", &host_utc, "2026-03-01", "2026-03-02"},
		{"2026-03-01", &host_berlin, "2026-02-28 23:00", "2026-03-01 23:00"},
		{"2026-07-01", &host_berlin, "2026-06-30 22:00", "2026-07-01 22:00"},
		/* Days of 23 and of 25 hours. */
		{"2026-03-29", &host_berlin, "2026-03-28 23:00", "2026-03-29 22:00"},
		{"2026-10-25", &host_berlin, "2026-10-24 22:00", "2026-10-25 23:00"},
		/* An instant is over right behind it. */
		{"2026-03-01 10:00", &host_berlin, "2026-03-01 09:00", "2026-03-01 09:00:00.000001"},
		{"2026-07-01 10:00", &host_berlin, "2026-07-01 08:00", "2026-07-01 08:00:00.000001"},
		{"2026-07-01 24:00", &host_berlin, "2026-07-01 22:00", "2026-07-01 22:00:00.000001"},
		/* In a gap by the offset before it, in an overlap the later of the two. */
		{"2026-03-29 01:59:59", &host_berlin, "2026-03-29 00:59:59", "2026-03-29 00:59:59.000001"},
		{"2026-03-29 02:30", &host_berlin, "2026-03-29 01:30", "2026-03-29 01:30:00.000001"},
		{"2026-03-29 03:00", &host_berlin, "2026-03-29 01:00", "2026-03-29 01:00:00.000001"},
		{"2026-10-25 01:59", &host_berlin, "2026-10-24 23:59", "2026-10-24 23:59:00.000001"},
		{"2026-10-25 02:30", &host_berlin, "2026-10-25 01:30", "2026-10-25 01:30:00.000001"},
		{"2026-10-25 03:00", &host_berlin, "2026-10-25 02:00", "2026-10-25 02:00:00.000001"},
		/* With an offset the zone is no matter. */
		{"2026-10-25 02:30+02", &host_berlin, "2026-10-25 00:30", "2026-10-25 00:30:00.000001"},
		{"2026-03-29 02:30Z", &host_berlin, "2026-03-29 02:30", "2026-03-29 02:30:00.000001"},
		/* The day begins with its first instant; one that does not exist has none. */
		{"2026-03-29", &beirut, "2026-03-28 22:00", "2026-03-29 21:00"},
		{"2026-03-28", &beirut, "2026-03-27 22:00", "2026-03-28 22:00"},
		{"2026-11-01", &havana, "2026-11-01 04:00", "2026-11-02 05:00"},
		{"2026-11-01 00:00", &havana, "2026-11-01 05:00", "2026-11-01 05:00:00.000001"},
		{"1919-03-30", &toronto, "1919-03-30 05:00", "1919-03-31 04:30"},
		{"1919-03-31", &toronto, "1919-03-31 04:30", "1919-04-01 04:00"},
		{"1919-03-31 00:00", &toronto, "1919-03-31 05:00", "1919-03-31 05:00:00.000001"},
		{"2011-12-29", &samoa, "2011-12-29 10:00", "2011-12-30 10:00"},
		{"2011-12-30", &samoa, "2011-12-30 10:00", "2011-12-30 10:00"},
		{"2011-12-31", &samoa, "2011-12-30 10:00", "2011-12-31 10:00"},
	};

	samoa = host_zone(&samoa_all);
	beirut = host_zone(&beirut_all);
	havana = host_zone(&havana_all);
	toronto = host_zone(&toronto_all);
	host_case("the zones of this test");
	CHECK_INSTANT(samoa_shifts[0].at, host_instant("2011-12-30 10:00"));
	CHECK_INSTANT(beirut_shifts[0].at, host_instant("2026-03-28 22:00"));
	CHECK_INSTANT(havana_shifts[0].at, host_instant("2026-11-01 05:00"));
	CHECK_INSTANT(toronto_shifts[0].at, host_instant("1919-03-31 04:30"));
	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreMoment moment;

		host_case("%s", cases[i].text);
		CHECK(pcore_moment_parse(cases[i].text, &moment));
		CHECK_INSTANT(pcore_moment_begin(&moment, cases[i].zone), host_instant(cases[i].begin));
		CHECK_INSTANT(pcore_moment_end(&moment, cases[i].zone), host_instant(cases[i].end));
	}
}

/* Checks 400 years day by day, and that no month has a day more. */
static void
test_every_day(void)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t		days = -146097;	/* from 1600-01-01 to 2000-01-01 */

	for (int year = 1600; year < 2000; year++)
	{
		bool		leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
		bool		right = true;

		for (int month = 1; month <= 12; month++)
		{
			int			length = lengths[month - 1] + (month == 2 && leap ? 1 : 0);

			for (int day = 1; day <= 32; day++)
			{
				PcoreMoment moment;
				bool		accepted;

				accepted = pcore_moment_parse(pcore_format("%04d-%02d-%02d", year, month, day), &moment);
				right &= accepted == (day <= length);
				if (accepted)
					right &= moment.local == days++ * PCORE_DAY;
			}
		}
		host_case("year %d", year);
		CHECK(right);
		host_reset();
	}
	CHECK_INT(days, 0);
}

/* Checks random instants, written with few or many digits and any offset. */
static void
random_instant(NaiveSource *source)
{
	int			day = naive_below(source, 256) - 128;
	int			hour = naive_below(source, 24);
	int			minute = naive_below(source, 60);
	int			second = naive_below(source, 60);
	int			digits = naive_below(source, 7);
	int			fraction = 0;
	int			unit = 1000000;
	int			offset = (naive_below(source, 31) - 15) * 60;
	int64_t		year;
	int			month;
	int			month_day;
	char	   *text;
	PcoreInstant expected;
	PcoreMoment moment;

	pcore_civil_from_days(day, &year, &month, &month_day);
	text = pcore_format("%04" PRId64 "-%02d-%02d%c%02d:%02d", year, month, month_day,
						naive_below(source, 2) == 0 ? 'T' : ' ', hour, minute);
	if (digits > 0)
		text = pcore_format("%s:%02d.", text, second);
	else
		second = 0;
	for (int i = 0; i < digits; i++)
	{
		int			digit = naive_below(source, 10);

		text = pcore_format("%s%d", text, digit);
		unit /= 10;
		fraction += digit * unit;
	}
	if (offset != 0)
	{
		int			odd = naive_below(source, 60);

		text = pcore_format("%s%c%02d:%02d", text, offset < 0 ? '-' : '+', offset < 0 ? -offset / 60 : offset / 60, odd);
		offset += offset < 0 ? -odd : odd;
	}
	expected = (((int64_t) day * 24 + hour) * 60 + minute - offset) * PCORE_MINUTE + second * PCORE_SECOND + fraction;
	host_case("%s", text);
	CHECK(pcore_moment_parse(text, &moment) && moment.local == expected && moment.fixed == (offset != 0));
}

/* Checks wall-clock times in a zone whose clock jumps every few days. */
static void
random_clock(NaiveSource *source)
{
	HostShift	shifts[4];
	HostShifts	all = {naive_below(source, 25) * PCORE_HOUR - 12 * PCORE_HOUR, COUNT(shifts), shifts};
	PcoreDuration offset = all.before;
	PcoreZone	zone = host_zone(&all);
	PcoreMoment moment = {.date_only = false, .fixed = false};
	PcoreInstant expected = PCORE_BEGIN_OF_TIME;
	bool		shown = false;
	int			near;

	for (int i = 0; i < COUNT(shifts); i++)
	{
		offset += (naive_below(source, 25) - 12) * 15 * PCORE_MINUTE;
		shifts[i] = (HostShift) {i * 3 * PCORE_DAY, offset};
	}
	near = naive_below(source, COUNT(shifts));
	moment.local = shifts[near].at + shifts[near].offset + (naive_below(source, 49) - 24) * 15 * PCORE_MINUTE;

	/* The last instant at which the clock shows it; else by the offset before the gap. */
	for (int i = -1; i < COUNT(shifts); i++)
	{
		PcoreInstant from = i < 0 ? PCORE_BEGIN_OF_TIME : shifts[i].at;
		PcoreInstant until = i + 1 < COUNT(shifts) ? shifts[i + 1].at : PCORE_END_OF_TIME;
		PcoreDuration here = i < 0 ? all.before : shifts[i].offset;
		PcoreInstant at = moment.local - here;

		if (at >= from && at < until)
		{
			expected = at;
			shown = true;
		}
		if (!shown && at >= until && moment.local - shifts[i + 1].offset < until)
			expected = at;
	}
	CHECK_INSTANT(pcore_moment_begin(&moment, &zone), expected);
}

int
main(void)
{
	test_accepted();
	test_refused();
	test_begin_end();
	host_reset();
	test_every_day();
	naive_repeat("random instants", 2000, random_instant);
	naive_repeat("random clocks", 2000, random_clock);
	return host_finish();
}
