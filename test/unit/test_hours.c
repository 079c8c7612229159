/*
 * test_hours.c - weekly hours: what is accepted, and what the wall clock says.
 *
 * 2026-03-23 is a Monday.  In Berlin the clock goes from 02:00 to 03:00 in the
 * night to Sunday 2026-03-29 (at 01:00 UTC), and from 03:00 back to 02:00 in
 * the night to Sunday 2026-10-25 (at 01:00 UTC).
 */
#include <stdio.h>
#include <string.h>

#include "core/hours.h"
#include "host.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

/* Parses hours that are known to be good. */
static PcoreHours *
parse(const char *text)
{
	return pcore_hours_parse(text, strlen(text));
}

/* Counts the minutes of a common week that are inside. */
static int
minutes_inside(const PcoreHours *hours)
{
	PcoreInstant monday = host_instant("2026-03-23");
	int			count = 0;

	for (int minute = 0; minute < 7 * 1440; minute++)
		count += pcore_hours_inside(hours, &host_utc, monday + minute * PCORE_MINUTE);
	return count;
}

/* Checks how long accepted hours are, and that the text needs no NUL. */
static void
test_lengths(void)
{
	static const struct
	{
		const char *text;
		int			minutes;
	}			cases[] = {
		{"always", 10080},
		{" always\n", 10080},
		{"never", 0},
		{"Mon 09:00-10:00", 60},
		{"Mon09:00-10:00", 60},
		{"\tMon - Wed 09:00 - 10:00 ", 180},
		{"Mon-Fri 09:00-18:00; Sat 10:00-14:00", 5 * 540 + 240},
		{"Mon-Fri 09:00-18:00;Sat 10:00-14:00", 5 * 540 + 240},
		{"Mon,Wed 09:00-12:00,13:00-17:00", 2 * (180 + 240)},
		{"Mon , Wed 09:00-12:00 , 13:00-17:00", 2 * (180 + 240)},
		{"Mon-Tue,Thu,Sat-Sun 00:00-01:00", 5 * 60},
		{"Sat-Mon 00:00-01:00", 3 * 60},
		{"Tue-Mon 00:00-01:00", 7 * 60},
		{"Mon-Mon 00:00-01:00", 60},
		{"daily 22:00-07:00", 7 * 540},
		{"daily 00:00-24:00", 10080},
		{"daily 00:00-00:00", 10080},
		{"daily 09:00-09:00", 10080},
		{"Sun 09:00-09:00", 1440},
		{"Wed 22:00-24:00", 120},
		{"Wed 22:00-00:00", 120},
		{"Sun 22:00-24:00", 120},
		{"Sun 22:00-00:00", 120},
		{"Sun 22:00-07:00", 540},
		{"Sun 23:59-00:01", 2},
		{"Mon 00:00-00:01", 1},
		{"Mon-Sun 00:00-12:00; daily 12:00-24:00", 10080},
		{"Mon 09:00-12:00; Mon 11:00-13:00", 240},	/* overlapping spans are one */
		{"Mon 09:00-12:00,10:00-11:00", 180},
		{"Mon 09:00-12:00,12:00-13:00", 240},
		{"Mon,Mon 09:00-12:00", 180},
		{"Sun 22:00-07:00; Mon 06:00-08:00", 600},
		{"daily 23:00-01:00,01:00-02:00", 7 * 180},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		char		rest[200];

		host_case("%s", cases[i].text);
		CHECK_INT(minutes_inside(parse(cases[i].text)), cases[i].minutes);

		snprintf(rest, sizeof(rest), "%sxyz", cases[i].text);
		CHECK_INT(minutes_inside(pcore_hours_parse(rest, strlen(cases[i].text))), cases[i].minutes);
	}
}

/* Checks that each malformed text is refused with its bad part. */
static void
test_refusals(void)
{
	static const struct
	{
		const char *text;
		const char *message;
	}			cases[] = {
		{"", "expected a day, found the end"},
		{"  ", "expected a day, found the end"},
		{";", "expected a day, found \";\""},
		{"Mon", "expected a time as HH:MM, found the end"},
		{"Mon 09:00", "expected \"-\" and the end of the span, found the end"},
		{"Mon 09:00 10:00", "expected \"-\" and the end of the span, found \"10:00\""},
		{"Mon 09:00-", "expected a time as HH:MM, found the end"},
		{"Mon 09:00-10:00;", "expected a day, found the end"},
		{"Mon 09:00-10:00;;Tue 09:00-10:00", "expected a day, found \";\""},
		{"Mon 09:00-10:00,", "expected a time as HH:MM, found the end"},
		{"Mon 09:00-10:00, Tue 09:00-10:00", "expected a time as HH:MM, found \"Tue\""},
		{"Mon 09:00-10:00 Tue 09:00-10:00", "expected \";\" or the end, found \"Tue\""},
		{"Mon, 09:00-10:00", "expected a day, found \"09:00\""},
		{"Mon- 09:00-10:00", "expected a day, found \"09:00\""},
		{"Monday 09:00-10:00", "expected a day, found \"Monday\""},
		{"mon 09:00-10:00", "expected a day, found \"mon\""},
		{"Mo 09:00-10:00", "expected a day, found \"Mo\""},
		{"M\303\244r 09:00-10:00", "expected a day, found \"M\303\244r\""},
		{"09:00-10:00", "expected a day, found \"09:00\""},
		{"weekdays 09:00-10:00", "expected a day, found \"weekdays\""},
		{"Mon-daily 09:00-10:00", "expected a day, found \"daily\""},
		{"daily,Mon 09:00-10:00", "expected a time as HH:MM, found \",\""},
		{"Mon 9:00-10:00", "expected a time as HH:MM, found \"9:00\""},
		{"Mon 09:0-10:00", "expected a time as HH:MM, found \"09:0\""},
		{"Mon 09.00-10:00", "expected a time as HH:MM, found \"09.00\""},
		{"Mon 0900-10:00", "expected a time as HH:MM, found \"0900\""},
		{"Mon 0:900-10:00", "expected a time as HH:MM, found \"0:900\""},
		{"Mon 09:::-10:00", "expected a time as HH:MM, found \"09:::\""},
		{"Mon 09:00:00-10:00", "expected a time as HH:MM, found \"09:00:00\""},
		{"Mon 09:60-10:00", "expected a time from 00:00 to 24:00, found \"09:60\""},
		{"Mon 09:00-24:01", "expected a time from 00:00 to 24:00, found \"24:01\""},
		{"Mon 25:00-26:00", "expected a time from 00:00 to 24:00, found \"25:00\""},
		{"Mon 24:00-10:00", "expected a begin before 24:00, the end of the day, found \"24:00\""},
		{"Mon 09:00\342\200\22310:00", "and the end of the span, found \"\342\200\223\""},
		{"always; Mon 09:00-10:00", "expected nothing after \"always\" or \"never\", found \";\""},
		{"never ever", "expected nothing after \"always\" or \"never\", found \"ever\""},
		{"Mon 09:00-10:00; always", "expected a day, found \"always\""},
		{"Always", "expected a day, found \"Always\""},
		{"daily", "expected a time as HH:MM, found the end"},
		{"daily always", "expected a time as HH:MM, found \"always\""},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("%s", cases[i].text);
		CHECK_FAILS(parse(cases[i].text), cases[i].message);
		CHECK_TEXT(host_path, NULL);
		CHECK(host_hint != NULL);
	}
}

/*
 * Zones for the table: "leaper" has skipped Friday 2011-12-30, as Samoa did;
 * "restless" hides the hour from 12:00 to 13:00 each day for 21 days from
 * Monday 2026-03-23 on, going forward at 12:00 and back at midnight; "hiding"
 * does so for 500 days.
 */
static HostShift leaper_shifts[1];
static HostShift restless_shifts[2 * 21];
static HostShift hiding_shifts[2 * 500];
static HostShift odd_shifts[1];
static PcoreZone leaper;
static PcoreZone restless;
static PcoreZone hiding;
static PcoreZone odd;

/* Makes shifts that hide an hour each day. */
static void
hide_noon(HostShift *shifts, int days)
{
	for (int i = 0; i < days; i++)
	{
		PcoreInstant day = host_instant("2026-03-23") + i * PCORE_DAY;

		shifts[2 * i] = (HostShift) {day + 12 * PCORE_HOUR, PCORE_HOUR};
		shifts[2 * i + 1] = (HostShift) {day + 23 * PCORE_HOUR, 0};
	}
}

/* Makes the zones. */
static void
make_zones(void)
{
	static HostShifts leaper_all = {-10 * PCORE_HOUR, 1, leaper_shifts};
	static HostShifts restless_all = {0, COUNT(restless_shifts), restless_shifts};
	static HostShifts hiding_all = {0, COUNT(hiding_shifts), hiding_shifts};
	static HostShifts odd_all = {53 * PCORE_MINUTE + 28 * PCORE_SECOND, 1, odd_shifts};

	leaper_shifts[0] = (HostShift) {host_instant("2011-12-30 10:00"), 14 * PCORE_HOUR};
	leaper = host_zone(&leaper_all);
	hide_noon(restless_shifts, 21);
	restless = host_zone(&restless_all);
	hide_noon(hiding_shifts, 500);
	hiding = host_zone(&hiding_all);

	/* Berlin's own mean time, until 1893. */
	odd_shifts[0] = (HostShift) {host_instant("1893-03-31 23:06:32"), PCORE_HOUR};
	odd = host_zone(&odd_all);
}

/* Checks single instants: inside or not, and when that changes. */
static void
test_instants(void)
{
	static const struct
	{
		const char *text;
		const PcoreZone *zone;
		const char *name;
		const char *instant;
		bool		inside;
		const char *change;
	}			cases[] = {
		/* begins are inside, ends are not */
		{"Mon 09:00-18:00", &host_utc, "utc", "2026-03-23 08:59:59.999999", false, "2026-03-23 09:00"},
		{"Mon 09:00-18:00", &host_utc, "utc", "2026-03-23 09:00", true, "2026-03-23 18:00"},
		{"Mon 09:00-18:00", &host_utc, "utc", "2026-03-23 17:59:59.999999", true, "2026-03-23 18:00"},
		{"Mon 09:00-18:00", &host_utc, "utc", "2026-03-23 18:00", false, "2026-03-30 09:00"},
		{"Mon-Fri 09:00-18:00; Sat 10:00-14:00", &host_utc, "utc", "2026-03-28 14:00", false, "2026-03-30 09:00"},

		/* before 2000, where remainders are negative */
		{"Mon 09:00-18:00", &host_utc, "utc", "1969-12-29 08:00", false, "1969-12-29 09:00"},
		{"Mon 09:00-18:00", &host_utc, "utc", "1969-12-29 09:00", true, "1969-12-29 18:00"},
		{"Sun 22:00-24:00", &host_utc, "utc", "-100-01-01 00:00", false, "-100-01-07 22:00"},

		/* always, never, and what amounts to it */
		{"always", &host_utc, "utc", "2026-03-23 09:00", true, "infinity"},
		{"never", &host_utc, "utc", "2026-03-23 09:00", false, "infinity"},
		{"always", &host_berlin, "berlin", "infinity", true, "infinity"},
		{"always", &host_berlin, "berlin", "-infinity", true, "infinity"},
		{"daily 00:00-24:00", &host_berlin, "berlin", "2026-03-23 09:00", true, "infinity"},
		{"daily 00:00-12:00", &host_berlin, "berlin", "infinity", false, "infinity"},
		{"daily 00:00-12:00", &host_berlin, "berlin", "-infinity", false, "infinity"},

		/* 24:00, and spans that meet there */
		{"Mon 22:00-24:00", &host_utc, "utc", "2026-03-23 23:59:59.999999", true, "2026-03-24 00:00"},
		{"Mon 22:00-24:00; Tue 00:00-02:00", &host_utc, "utc", "2026-03-23 23:00", true, "2026-03-24 02:00"},
		{"Mon 22:00-00:00", &host_utc, "utc", "2026-03-23 23:00", true, "2026-03-24 00:00"},

		/* nights belong to the day on which they begin */
		{"Fri 22:00-07:00", &host_utc, "utc", "2026-03-27 03:00", false, "2026-03-27 22:00"},
		{"Fri 22:00-07:00", &host_utc, "utc", "2026-03-28 03:00", true, "2026-03-28 07:00"},

		/* round the week */
		{"Sun 22:00-07:00", &host_utc, "utc", "2026-03-29 23:00", true, "2026-03-30 07:00"},
		{"Sun 22:00-07:00", &host_utc, "utc", "2026-03-30 06:59", true, "2026-03-30 07:00"},
		{"Sun 22:00-07:00", &host_utc, "utc", "2026-03-30 07:00", false, "2026-04-05 22:00"},
		{"Sat-Mon 00:00-24:00", &host_utc, "utc", "2026-03-28 05:00", true, "2026-03-31 00:00"},
		{"Sat-Mon 00:00-24:00", &host_utc, "utc", "2026-03-31 00:00", false, "2026-04-04 00:00"},
		{"Sun 12:00-24:00; Mon 00:00-12:00", &host_utc, "utc", "2026-03-29 12:00", true, "2026-03-30 12:00"},
		{"Sun 00:00-24:00", &host_utc, "utc", "2026-03-29 12:00", true, "2026-03-30 00:00"},
		{"Mon 00:00-12:00", &host_utc, "utc", "2026-03-29 12:00", false, "2026-03-30 00:00"},

		/* an ordinary day in Berlin */
		{"daily 09:00-18:00", &host_berlin, "berlin", "2026-01-15 07:59", false, "2026-01-15 08:00"},
		{"daily 09:00-18:00", &host_berlin, "berlin", "2026-07-15 07:00", true, "2026-07-15 16:00"},

		/* the short night: 22:00 to 07:00 lasts eight hours */
		{"daily 22:00-07:00", &host_berlin, "berlin", "2026-03-28 21:00", true, "2026-03-29 05:00"},
		{"Sat 22:00-07:00", &host_berlin, "berlin", "2026-03-29 01:00", true, "2026-03-29 05:00"},
		{"Sun 22:00-07:00", &host_berlin, "berlin", "2026-03-29 01:00", false, "2026-03-29 20:00"},
		/* a begin or an end in the gap is its end */
		{"Sun 02:30-04:00", &host_berlin, "berlin", "2026-03-29 00:30", false, "2026-03-29 01:00"},
		{"Sun 02:30-04:00", &host_berlin, "berlin", "2026-03-29 01:00", true, "2026-03-29 02:00"},
		{"Sun 01:00-02:30", &host_berlin, "berlin", "2026-03-29 00:30", true, "2026-03-29 01:00"},
		{"Sun 01:00-02:30", &host_berlin, "berlin", "2026-03-29 01:00", false, "2026-04-04 23:00"},
		/* wholly in the gap: not this week */
		{"Sun 02:00-03:00", &host_berlin, "berlin", "2026-03-29 00:59:59", false, "2026-04-05 00:00"},
		{"Sun 02:15-02:45", &host_berlin, "berlin", "2026-03-28 12:00", false, "2026-04-05 00:15"},
		/* wholly outside the gap but for it: no interruption */
		{"Sun 00:00-02:00,03:00-05:00", &host_berlin, "berlin", "2026-03-28 23:30", true, "2026-03-29 03:00"},

		/* the long night: 22:00 to 07:00 lasts ten hours */
		{"daily 22:00-07:00", &host_berlin, "berlin", "2026-10-24 20:00", true, "2026-10-25 06:00"},
		{"Sat 22:00-07:00", &host_berlin, "berlin", "2026-10-25 01:00", true, "2026-10-25 06:00"},
		/* a begin in the overlap comes twice, with a pause between */
		{"Sun 02:30-04:00", &host_berlin, "berlin", "2026-10-25 00:00", false, "2026-10-25 00:30"},
		{"Sun 02:30-04:00", &host_berlin, "berlin", "2026-10-25 00:30", true, "2026-10-25 01:00"},
		{"Sun 02:30-04:00", &host_berlin, "berlin", "2026-10-25 01:00", false, "2026-10-25 01:30"},
		{"Sun 02:30-04:00", &host_berlin, "berlin", "2026-10-25 01:30", true, "2026-10-25 03:00"},
		/* an end in the overlap as well */
		{"Sun 01:00-02:30", &host_berlin, "berlin", "2026-10-25 00:00", true, "2026-10-25 00:30"},
		{"Sun 01:00-02:30", &host_berlin, "berlin", "2026-10-25 00:30", false, "2026-10-25 01:00"},
		{"Sun 01:00-02:30", &host_berlin, "berlin", "2026-10-25 01:00", true, "2026-10-25 01:30"},
		/* the whole overlap */
		{"Sun 02:00-03:00", &host_berlin, "berlin", "2026-10-25 00:00", true, "2026-10-25 02:00"},
		{"Sun 00:00-03:00", &host_berlin, "berlin", "2026-10-25 00:00", true, "2026-10-25 02:00"},

		/* a day that never was */
		{"Fri 09:00-18:00", &leaper, "leaper", "2011-12-30 09:00", false, "2012-01-05 19:00"},
		{"Thu 09:00-18:00", &leaper, "leaper", "2011-12-30 03:00", true, "2011-12-30 04:00"},
		{"Thu 12:00-24:00", &leaper, "leaper", "2011-12-30 09:00", true, "2011-12-30 10:00"},
		{"Thu 22:00-03:00", &leaper, "leaper", "2011-12-30 09:00", true, "2011-12-30 10:00"},
		{"Fri 22:00-07:00", &leaper, "leaper", "2011-12-30 09:00", false, "2011-12-30 10:00"},
		{"Fri 22:00-07:00", &leaper, "leaper", "2011-12-30 10:00", true, "2011-12-30 17:00"},

		/* an offset with seconds */
		{"Fri 23:00-24:00", &odd, "odd", "1893-03-31 22:00", false, "1893-03-31 22:06:32"},
		{"Fri 23:00-24:00", &odd, "odd", "1893-03-31 23:06:31", true, "1893-03-31 23:06:32"},

		/* hidden for three weeks, but not for ever */
		{"daily 12:00-13:00", &restless, "restless", "2026-03-20 12:30", true, "2026-03-20 13:00"},
		{"daily 12:00-13:00", &restless, "restless", "2026-03-22 13:00", false, "2026-04-13 12:00"},
		/* 24:00 is 23:00 again there */
		{"daily 23:00-24:00", &restless, "restless", "2026-03-23 22:30", true, "2026-03-24 00:00"},
		/* hidden longer than anybody looks */
		{"daily 12:00-13:00", &hiding, "hiding", "2026-03-22 13:00", false, "infinity"},
		{"daily 12:00-13:00", &hiding, "hiding", "2026-07-01 13:00", false, "2027-08-05 12:00"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreHours *hours = parse(cases[i].text);
		PcoreInstant instant = host_instant(cases[i].instant);

		host_case("%s, %s %s", cases[i].text, cases[i].name, cases[i].instant);
		CHECK(pcore_hours_inside(hours, cases[i].zone, instant) == cases[i].inside);
		CHECK_INSTANT(pcore_hours_change(hours, cases[i].zone, instant), host_instant(cases[i].change));
	}
}

/* Checks changes against a search, minute by minute, across the shifts. */
static void
test_change_by_search(void)
{
	static const char *const texts[] = {
		"daily 22:00-07:00", "Sat 22:00-07:00", "Sun 02:30-04:00", "Sun 01:00-02:30", "Sun 02:00-03:00",
		"Sun 02:15-02:45", "Mon-Fri 09:00-18:00; Sat 10:00-14:00", "Sun 00:00-02:00,03:00-05:00",
		"daily 12:30-23:30", "Sun 22:00-24:00; Mon 00:00-00:30", "daily 00:00-00:01", "Sun-Mon 23:00-23:00",
	};
	static const struct
	{
		const PcoreZone *zone;
		const char *from;
	}			zones[] = {
		{&host_berlin, "2026-03-21"}, {&host_berlin, "2026-10-17"}, {&leaper, "2011-12-22"},
		{&restless, "2026-03-15"}, {&restless, "2026-04-05"},
	};

	for (int i = 0; i < COUNT(texts); i++)
		for (int j = 0; j < COUNT(zones); j++)
		{
			PcoreHours *hours = parse(texts[i]);
			PcoreInstant from = host_instant(zones[j].from);
			PcoreInstant expected = PCORE_END_OF_TIME;
			bool		later;
			long		wrong = 0;

			/* Backwards, so that the next change is always known. */
			later = pcore_hours_inside(hours, zones[j].zone, from + 20 * PCORE_DAY);
			for (PcoreInstant at = from + 20 * PCORE_DAY - PCORE_MINUTE; at >= from; at -= PCORE_MINUTE)
			{
				bool		inside = pcore_hours_inside(hours, zones[j].zone, at);

				if (inside != later)
					expected = at + PCORE_MINUTE;
				later = inside;
				if (expected != PCORE_END_OF_TIME)
					wrong += pcore_hours_change(hours, zones[j].zone, at) != expected ||
						pcore_hours_change(hours, zones[j].zone, at + 59 * PCORE_SECOND) != expected;
			}
			host_case("search: %s, zone %d", texts[i], j);
			CHECK_INT(wrong, 0);
			CHECK(expected != PCORE_END_OF_TIME);
		}
}

/* Checks that both ends of time do no harm. */
static void
test_extreme_instants(void)
{
	static const PcoreInstant extremes[] = {
		PCORE_BEGIN_OF_TIME, PCORE_BEGIN_OF_TIME + 1, PCORE_BEGIN_OF_TIME + PCORE_DAY,
		PCORE_END_OF_TIME - 2 * PCORE_WEEK, PCORE_END_OF_TIME - PCORE_HOUR, PCORE_END_OF_TIME - 1, PCORE_END_OF_TIME
	};
	static const char *const texts[] = {"always", "never", "daily 00:00-12:00", "Mon 00:00-00:01", "Sun 23:59-24:00"};

	for (int i = 0; i < COUNT(texts); i++)
		for (int j = 0; j < COUNT(extremes); j++)
		{
			PcoreHours *hours = parse(texts[i]);

			host_case("%s, extreme %d", texts[i], j);
			CHECK(pcore_hours_change(hours, &host_utc, extremes[j]) > extremes[j] ||
				  extremes[j] == PCORE_END_OF_TIME);
			CHECK(pcore_hours_change(hours, &host_berlin, extremes[j]) > extremes[j] ||
				  extremes[j] == PCORE_END_OF_TIME);
			pcore_hours_inside(hours, &host_berlin, extremes[j]);
			pcore_hours_inside(hours, &leaper, extremes[j]);
		}
}

int
main(void)
{
	make_zones();
	test_lengths();
	test_refusals();
	test_instants();
	test_change_by_search();
	test_extreme_instants();
	return host_finish();
}
