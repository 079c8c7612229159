/*
 * test_truth.c - temporal truth: values, since, until, fired; all, any, not;
 * counts, sweeps, the first and the last event.
 *
 * Truths and spans are drawings, one column for each instant from 0 on:
 *
 *     "..###.."      holds from 2 until 5
 *     "..###.>"      and from 6 on for ever
 *     "<##...."      holds from the begin of time until 3
 */
#include "core/truth.h"

#include <string.h>

#include "host.h"
#include "naive.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))
#define NEVER (-1)
#define BEGIN PCORE_BEGIN_OF_TIME
#define END PCORE_END_OF_TIME
#define MOST 8

/* Reads the one span of a drawing; one without any is empty. */
static PcoreSpan
span(const char *drawing)
{
	const char *first = strpbrk(drawing, "<#>");
	const char *last = drawing + strlen(drawing) - 1;
	PcoreSpan	result = {3, 3};

	if (first == NULL)
		return result;
	while (*last == '.')
		last--;
	result.from = *first == '<' ? BEGIN : first - drawing;
	result.until = *last == '>' ? END : last - drawing + 1;
	return result;
}

/* Reads the truth of a drawing. */
static PcoreTruth
truth(const char *drawing)
{
	int			length = (int) strlen(drawing);
	PcoreInstant *toggles = pcore_alloc(sizeof(PcoreInstant) * (size_t) (length + 1));
	PcoreTruth	result = {drawing[0] == '<', 0, toggles};
	bool		value = result.initial;

	for (int i = 0; i < length; i++)
		if ((drawing[i] != '.') != value)
		{
			value = !value;
			toggles[result.count++] = i;
		}
	if (value && drawing[length - 1] != '>')
		toggles[result.count++] = length;
	return result;
}

/* Draws a truth; a column before the start is a blank. */
static char *
draw(PcoreTruth value, int columns, PcoreInstant start)
{
	char	   *drawing = pcore_copy("", 0);

	for (int i = 0; i < columns; i++)
	{
		char		column = pcore_truth_at(value, i) ? '#' : '.';

		if (i == 0 && start == BEGIN && pcore_truth_at(value, BEGIN))
			column = '<';
		if (i == columns - 1 && pcore_truth_at(value, i) && pcore_truth_until(value, i) == END)
			column = '>';
		drawing = pcore_format("%s%c", drawing, i < start ? ' ' : column);
	}
	return drawing;
}

/* Checks reading a truth. */
static void
test_reading(void)
{
	static const struct
	{
		const char *drawing;
		PcoreInstant at;
		bool		value;
		PcoreInstant since;
		PcoreInstant until;
		PcoreInstant fired;
	}			cases[] = {
		{"..###...##..>", 0, false, BEGIN, 2, NEVER},
		{"..###...##..>", 1, false, BEGIN, 2, NEVER},
		{"..###...##..>", 2, true, 2, 5, 2},
		{"..###...##..>", 4, true, 2, 5, 2},
		{"..###...##..>", 5, false, 5, 8, 2},
		{"..###...##..>", 8, true, 8, 10, 8},
		{"..###...##..>", 11, false, 10, 12, 8},
		{"..###...##..>", 12, true, 12, END, 12},
		{"..###...##..>", 1000, true, 12, END, 12},
		{"..###...##..>", END, true, 12, END, 12},
		{"..###...##..>", BEGIN, false, BEGIN, 2, NEVER},
		/* What has held from the begin has never become true. */
		{"<##..##.", 2, true, BEGIN, 3, NEVER},
		{"<##..##.", 4, false, 3, 5, NEVER},
		{"<##..##.", 5, true, 5, 7, 5},
		{"<##..##.", 7, false, 7, END, 5},
		{"<##..##.", BEGIN, true, BEGIN, 3, NEVER},
		{"........", 3, false, BEGIN, END, NEVER},
		{"<######>", 3, true, BEGIN, END, NEVER},
		{".#.#.#.#", 4, false, 4, 5, 3},
		{".#.#.#.#", 7, true, 7, 8, 7},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreTruth	value = truth(cases[i].drawing);
		PcoreInstant fired = NEVER;

		host_case("%s at %lld", cases[i].drawing, (long long) cases[i].at);
		CHECK_INT(pcore_truth_at(value, cases[i].at), cases[i].value);
		CHECK_INSTANT(pcore_truth_since(value, cases[i].at), cases[i].since);
		CHECK_INSTANT(pcore_truth_until(value, cases[i].at), cases[i].until);
		CHECK_INT(pcore_truth_fired(value, cases[i].at, &fired), cases[i].fired != NEVER);
		CHECK_INSTANT(fired, cases[i].fired);
	}
}

/* Checks not, and, or. */
static void
test_combining(void)
{
	static const struct
	{
		const char *a;
		const char *b;
		const char *both;
		const char *either;
		const char *not_a;
	}			cases[] = {
		{"..####....",
			"....####..",
			"....##....",
			"..######..",
		"<#....###>"},
		/* They touch: nothing is in both, and nothing between. */
		{"..##......",
			"....##....",
			"..........",
			"..####....",
		"<#..#####>"},
		{".#.#.#.#..",
			"..#.#.#...",
			"..........",
			".#######..",
		"<.#.#.#.#>"},
		{"<####.....",
			".....####>",
			"..........",
			"<########>",
		".....####>"},
		{"<##...###>",
			"..........",
			"..........",
			"<##...###>",
		"...###...."},
		{"<##...###>",
			"<########>",
			"<##...###>",
			"<########>",
		"...###...."},
		{"...##.....",
			"...##.....",
			"...##.....",
			"...##.....",
		"<##..####>"},
		{"...###....",
			"...##.....",
			"...##.....",
			"...###....",
		"<##...###>"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreTruth	a = truth(cases[i].a);
		PcoreTruth	b = truth(cases[i].b);
		int			columns = (int) strlen(cases[i].a);

		host_case("%s with %s", cases[i].a, cases[i].b);
		CHECK_TEXT(draw(pcore_truth_and(a, b), columns, BEGIN), cases[i].both);
		CHECK_TEXT(draw(pcore_truth_and(b, a), columns, BEGIN), cases[i].both);
		CHECK_TEXT(draw(pcore_truth_or(a, b), columns, BEGIN), cases[i].either);
		CHECK_TEXT(draw(pcore_truth_or(b, a), columns, BEGIN), cases[i].either);
		CHECK_TEXT(draw(pcore_truth_not(a), columns, BEGIN), cases[i].not_a);
		CHECK_INT(pcore_truth_and(a, pcore_truth_not(a)).count, 0);
		CHECK_INT(pcore_truth_or(a, pcore_truth_not(a)).count, 0);
		CHECK(!pcore_truth_and(a, pcore_truth_not(a)).initial);
		CHECK(pcore_truth_or(a, pcore_truth_not(a)).initial);
	}
	host_case("constants");
	CHECK(pcore_truth_at(pcore_truth_constant(true), 0));
	CHECK(!pcore_truth_at(pcore_truth_constant(false), 0));
}

/* Checks how many spans are open. */
static void
test_counting(void)
{
	static const PcoreRange some = {1, INT64_MAX};
	static const PcoreRange none = {0, 0};
	static const PcoreRange two = {2, 2};
	static const PcoreRange two_or_more = {2, INT64_MAX};
	static const struct
	{
		const char *what;
		const char *spans[MOST];
		const PcoreRange *range;
		PcoreInstant start;
		const char *drawing;
	}			cases[] = {
		{"no span, some", {NULL}, &some, BEGIN, "............"},
		{"no span, none", {NULL}, &none, BEGIN, "<##########>"},
		{"an empty span", {"............"}, &some, BEGIN, "............"},
		{"one span",
			{"..####......"}, &some, BEGIN,
		"..####......"},
		{"none is the complement",
			{"..####......"}, &none, BEGIN,
		"<#....#####>"},
		{"the next begins as the first ends",
			{"..####......",
			"......###..."}, &some, BEGIN,
		"..#######..."},
		{"... and two never are open",
			{"..####......",
			"......###..."}, &two_or_more, BEGIN,
		"............"},
		{"three, exactly two",
			{"..####......",
				"...######...",
			"....##......"}, &two, BEGIN,
		"...#........"},
		{"three, at least two",
			{"..####......",
				"...######...",
			"....##......"}, &two_or_more, BEGIN,
		"...###......"},
		{"the order is no matter",
			{"......###...",
				"..####......",
			"........###."}, &some, BEGIN,
		"..#########."},
		{"equal spans",
			{"...###......",
			"...###......"}, &two, BEGIN,
		"...###......"},
		{"for ever",
			{"<####.......",
			"....#######>"}, &two, BEGIN,
		"....#......."},
		{"a start inside",
			{"..####......",
			"......###..."}, &some, 4,
		"    #####..."},
		{"a start at the begin",
			{"..####......"}, &some, 2,
		"  ####......"},
		{"a start at the end",
			{"..####......"}, &some, 6,
		"      ......"},
		{"a start behind the end",
			{"..####......",
			"........##.."}, &some, 7,
		"       .##.."},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreSpan	spans[MOST];
		int			count = 0;

		for (; count < MOST && cases[i].spans[count] != NULL; count++)
			spans[count] = span(cases[i].spans[count]);
		host_case("%s", cases[i].what);
		CHECK_TEXT(draw(pcore_truth_count(spans, count, cases[i].start, cases[i].range, 1), 12, cases[i].start),
				   cases[i].drawing);
		if (cases[i].range == &some)
			CHECK_TEXT(draw(pcore_truth_any_span(spans, count, cases[i].start), 12, cases[i].start),
					   cases[i].drawing);
	}
}

/* Checks "exactly 0 or exactly 2", and no range at all. */
static void
test_ranges(void)
{
	static const PcoreRange ranges[] = {{0, 0}, {2, 2}};
	PcoreSpan	spans[] = {span("..####......"), span("....####....")};

	host_case("0 or 2");
	CHECK_TEXT(draw(pcore_truth_count(spans, 2, BEGIN, ranges, 2), 12, BEGIN), "<#..##..###>");
	host_case("no range");
	CHECK_TEXT(draw(pcore_truth_count(spans, 2, BEGIN, NULL, 0), 12, BEGIN), "............");
}

/* Checks the first and the last event. */
static void
test_first_last(void)
{
	static const struct
	{
		const char *what;
		const char *chosen[MOST];
		const char *tests[MOST];
		const char *first;
		const char *last;
	}			cases[] = {
		{"no event", {NULL}, {NULL},
			"............",
		"............"},
		{"one event that passes for a while",
			{"..#########>"},
			{"....###....."},
			"....###.....",
		"....###....."},
		{"the second one takes the place of the first",
			{"..#########>",
			"......#####>"},
			{"..#########>",
			"............"},
			"..#########>",
		"..####......"},
		{"... and passes when the first does not",
			{"..#########>",
			"......#####>"},
			{"............",
			"..#########>"},
			"............",
		"......#####>"},
		{"the first one goes, the second one is first",
			{"..####......",
			"...######..."},
			{"............",
			"<##########>"},
			"......###...",
		"...######..."},
		{"nothing chosen between",
			{"..##........",
			"......##...."},
			{"<##########>",
			"<##########>"},
			"..##..##....",
		"..##..##...."},
		{"at one instant the later place is last",
			{"..###.......",
			"..###......."},
			{"<##########>",
			"............"},
			"..###.......",
		"............"},
		{"the test ends before the choice does",
			{"..######....",
			"....######.."},
			{"<##.........",
			"<######....."},
			"..#.........",
		"..#.###....."},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreSpan	chosen[MOST];
		PcoreSpan	tests[MOST];
		int			count = 0;

		for (; count < MOST && cases[i].chosen[count] != NULL; count++)
		{
			chosen[count] = span(cases[i].chosen[count]);
			tests[count] = span(cases[i].tests[count]);
		}
		host_case("%s", cases[i].what);
		CHECK_TEXT(draw(pcore_truth_first(chosen, tests, count, BEGIN), 12, BEGIN), cases[i].first);
		CHECK_TEXT(draw(pcore_truth_last(chosen, tests, count, BEGIN), 12, BEGIN), cases[i].last);
	}
}

/* Checks sums of instants and lengths at the ends of time. */
static void
test_ends_of_time(void)
{
	static const struct
	{
		PcoreInstant instant;
		PcoreDuration length;
		PcoreInstant sum;
	}			cases[] = {
		{5, 3, 8},
		{5, -8, -3},
		{END, -1, END},
		{END, 1, END},
		{BEGIN, 1, BEGIN},
		{BEGIN, -1, BEGIN},
		{END - 1, 1, END},
		{END - 1, 2, END},
		{BEGIN + 1, -1, BEGIN},
		{BEGIN + 1, -2, BEGIN},
		{END - 1, INT64_MAX, END},
		{BEGIN + 1, -INT64_MAX, BEGIN},
		{BEGIN + 1, INT64_MAX, 0},
	};
	PcoreSpan	ends[] = {{END - 3, END - 1}, {END - 2, END}};
	PcoreTruth	late = pcore_truth_any_span(ends, 2, BEGIN);

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("sum %d", i);
		CHECK_INSTANT(pcore_add(cases[i].instant, cases[i].length), cases[i].sum);
	}
	host_case("spans at the end of time");
	CHECK_INT(late.count, 1);
	CHECK_INSTANT(pcore_truth_until(late, 0), END - 3);
	CHECK_INSTANT(pcore_truth_until(late, END - 2), END);
}

/* Checks that a long sweep asks for interrupts, and is no more than a sort. */
static void
test_many_spans(void)
{
	enum
	{
		MANY = 100000
	};
	PcoreSpan  *spans = pcore_alloc(sizeof(PcoreSpan) * MANY);
	unsigned long before = host_interrupts;
	PcoreTruth	value;

	/* Backwards; each at an even place touches the next one, so there are MANY / 2 + 1 stretches. */
	for (int i = 0; i < MANY; i++)
		spans[i] = (PcoreSpan) {10 * (MANY - i), 10 * (MANY - i) + (i % 2 == 0 ? 10 : 9)};
	value = pcore_truth_any_span(spans, MANY, BEGIN);
	host_case("%d spans", MANY);
	CHECK_INT(value.count, MANY + 2);
	CHECK(host_interrupts - before >= MANY / 2000);
}

int
main(void)
{
	test_reading();
	test_combining();
	test_counting();
	test_ranges();
	test_first_last();
	test_ends_of_time();
	test_many_spans();
	host_reset();
	naive_repeat("random truths", 20000, naive_truth);
	return host_finish();
}
