/*
 * test_limit.c - rolling limits.
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

int
main(void)
{
	test_allows();
	test_until();
	host_reset();
	naive_repeat("random limits", 5000, random_limit);
	return host_finish();
}
