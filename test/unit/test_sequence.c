/*
 * test_sequence.c - ordered patterns over one customer's events.
 *
 * A pattern is a list of steps, each a letter for the kind of event:
 *
 *     a           an event
 *     b<3         less than 3 after the step before       b>3   at least 3
 *     b=          of the same class as the step before
 *     !c          no such event between two steps
 *     !c+4        no such event for 4, at the end
 *
 * A timeline is drawn in rows, one column for each instant from 0 on; in one
 * column the upper row comes first.  Below each row may stand the classes of
 * its events: a digit, or "." where the property is absent.  The events in
 * capitals are those that the latest match binds.  The last drawing tells when
 * the sequence holds; as_of is its last column.
 */
#include "core/sequence.h"

#include <ctype.h>
#include <string.h>

#include "host.h"
#include "naive.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))
#define MOST_ROWS 3
#define MOST_EVENTS 60
#define MOST_STEPS 32

/* The kinds of a row's events, and their classes or NULL: all of one class. */
typedef const char *Row[2];

/* A timeline, read from its drawing. */
typedef struct Timeline
{
	int			count;
	PcoreInstant at[MOST_EVENTS];
	char		kinds[MOST_EVENTS];
	int32_t		classes[MOST_EVENTS];
} Timeline;

/* Reads a timeline. */
static Timeline
read_timeline(const Row *rows)
{
	Timeline	timeline = {.count = 0};

	for (int column = 0; rows[0][0][column] != '\0'; column++)
		for (int r = 0; r < MOST_ROWS && rows[r][0] != NULL; r++)
			if (rows[r][0][column] != '.')
			{
				char		class = rows[r][1] == NULL ? '0' : rows[r][1][column];

				timeline.at[timeline.count] = column;
				timeline.kinds[timeline.count] = rows[r][0][column];
				timeline.classes[timeline.count++] = class == '.' ? -1 : class - '0';
			}
	return timeline;
}

/* Reads a pattern; returns the number of its steps. */
static int
read_pattern(const char *pattern, const Timeline *timeline, PcoreStep *steps)
{
	int			count = 0;

	while (*pattern != '\0')
	{
		PcoreStep  *step = &steps[count++];
		int32_t    *events = pcore_alloc(sizeof(int32_t) * MOST_EVENTS);

		memset(step, 0, sizeof(*step));
		step->absent = *pattern == '!';
		pattern += step->absent;
		step->events = events;
		for (int i = 0; i < timeline->count; i++)
			if (tolower(timeline->kinds[i]) == *pattern)
				events[step->count++] = i;
		for (pattern++; *pattern != ' ' && *pattern != '\0'; pattern++)
			if (*pattern == '=')
				step->classes = timeline->classes;
			else if (*pattern == '>')
				step->after = *++pattern - '0';
			else
				step->within = *++pattern - '0';
		while (*pattern == ' ')
			pattern++;
	}
	return count;
}

/* Draws a truth, its last column for ever. */
static char *
draw(PcoreTruth truth, int columns)
{
	char	   *drawing = pcore_copy("", 0);

	for (int i = 0; i < columns; i++)
		drawing = pcore_format("%s%c", drawing, !pcore_truth_at(truth, i) ? '.' :
							   i == columns - 1 && pcore_truth_until(truth, i) == PCORE_END_OF_TIME ? '>' : '#');
	return drawing;
}

/* Names the places of the events in capitals, in their order. */
static char *
list_capitals(const Timeline *timeline)
{
	char	   *list = pcore_copy("", 0);

	for (int i = 0; i < timeline->count; i++)
		if (isupper(timeline->kinds[i]))
			list = pcore_format("%s %c#%d", list, tolower(timeline->kinds[i]), i);
	return list;
}

/* Names the places of the bound events. */
static char *
list_bound(const Timeline *timeline, const PcoreStep *steps, const int32_t *bound, int count)
{
	char	   *list = pcore_copy("", 0);

	for (int s = 0; s < count; s++)
		if (bound[s] >= 0)
			list = pcore_format("%s %s%c#%d", list, steps[s].absent ? "!" : "",
								tolower(timeline->kinds[bound[s]]), bound[s]);
	return list;
}

/* Checks drawings. */
static void
test_drawings(void)
{
	static const struct
	{
		const char *what;
		const char *pattern;
		PcoreDuration within;
		Row			rows[MOST_ROWS];
		const char *truth;
	}			cases[] = {
		{"one step, for ever", "a", 0,
			{{"..A......."}},
		"..#######>"},
		{"one step, for 3", "a", 3,
			{{"..A......."}},
		"..###....."},
		{"nothing happened", "a", 3,
			{{".........."}},
		".........."},
		{"two steps", "a b", 0,
			{{"..A..B...."}},
		".....####>"},
		{"the wrong order", "a b", 0,
			{{"..b..a...."}},
		".........."},
		{"what is not named is skipped", "a b", 0,
			{{"..AxcBx..."}},
		".....####>"},
		{"within counts from the begin, the end is out", "a b", 5,
			{{"..A..B...."}},
		".....##..."},
		{"the last instant within", "a b", 5,
			{{"..A...B..."}},
		"......#..."},
		{"too late by one", "a b", 5,
			{{"..a....b.."}},
		".........."},
		{"the latest begin counts longest", "a b", 5,
			{{"a.A.B....."}},
		"....###..."},
		{"an event is used once in a match", "a a", 0,
			{{"..A..A...."}},
		".....####>"},
		{"three in a row take the latest", "a a a", 0,
			{{"a.A.A.A..."}},
		"....#####>"},
		{"two matches, a pause between", "a b", 3,
			{{"ab...AB..."}},
		".##...##.."},
		{"... of which the earlier one begins a new stretch", "a b", 4,
			{{"ab.AB....."}},
		".######..."},

		/* Gaps. */
		{"a gap below its limit", "a b<3", 0,
			{{"..A.B....."}},
		"....#####>"},
		{"a gap of exactly the limit", "a b<3", 0,
			{{"..a..b...."}},
		".........."},
		{"a least gap", "a b>3", 0,
			{{"..A..B...."}},
		".....####>"},
		{"below the least gap", "a b>3", 0,
			{{"..a.b....."}},
		".........."},
		{"not too soon, not too late", "a b>2<4", 0,
			{{"a.A.aB...."}},
		".....####>"},
		{"the gap is to the step before, not to the begin", "a b<3 c<3", 0,
			{{"A.B.C....."}},
		"....#####>"},
		{"a later b fits the gap, an earlier one begins no later", "a b c<3", 0,
			{{"AbxB.C...."}},
		".....####>"},
		{"the gap forbids the b with the later a", "a b= c<3", 0,
			{{"A.a.bB.C..",
				"1.2.21...."}},
		".......##>"},

		/* Ties are in the order of the rows. */
		{"at one instant, in order", "a b", 0,
			{{"...A......"},
			{"...B......"}},
		"...######>"},
		{"at one instant, in the other order", "a b", 0,
			{{"...b......"},
			{"...a......"}},
		".........."},
		{"two ends at one instant: the one that begins later", "a b=", 8,
			{{"aA...B....",
				"01...1...."},
			{".....b....",
				".....0...."}},
		".....####."},
		{"two ends at one instant and one begin: the later place", "a b", 0,
			{{"..A..b...."},
			{".....B...."}},
		".....####>"},

		/* The same. */
		{"the same", "a b=", 0,
			{{"a.A..B....",
				"1.2..2...."}},
		".....####>"},
		{"not the same", "a b=", 0,
			{{"a.a..b....",
				"1.2..3...."}},
		".........."},
		{"an absent property equals nothing", "a b=", 0,
			{{"a.a..b....",
				"..1......."}},
		".........."},
		{"the same from step to step", "a b= c=", 0,
			{{"aA.bB.cC..",
				"12.12.32.."}},
		".......##>"},
		{"a later view of another item does not hide it", "a b=", 6,
			{{"A.a..B....",
				"1.2..1...."}},
		".....#...."},

		/* Absences between. */
		{"no c between", "a !c b", 0,
			{{"..A..B...."}},
		".....####>"},
		{"a c between", "a !c b", 0,
			{{"..a.cb...."}},
		".........."},
		{"a c before and one behind", "a !c b", 0,
			{{".cA..Bc..."}},
		".....####>"},
		{"a new a behind the c", "a !c b", 0,
			{{"..a.cAB..."}},
		"......###>"},
		{"c at the instant of a, behind it", "a !c b", 0,
			{{"..a...b..."},
			{"..c......."}},
		".........."},
		{"c at the instant of a, before it", "a !c b", 0,
			{{"..c...B..."},
			{"..A......."}},
		"......###>"},
		{"no c of the same", "a !c= b", 0,
			{{"..A.c.B...",
				"..1.2.1..."}},
		"......###>"},
		{"the c of the same spares the other a", "a !c= b", 0,
			{{"A.a.c.B...",
				"1.2.2.3..."}},
		"......###>"},
		{"a c without the property breaks nothing", "a !c= b", 0,
			{{"..A.c.B...",
				"..1...1..."}},
		"......###>"},
		{"an a without the property is broken by nothing", "a !c= b", 0,
			{{"..A.c.B...",
				"....1.1..."}},
		"......###>"},
		{"two absences", "a !c !d b", 0,
			{{"a.d.A.B..."}},
		"......###>"},
		{"an absence of what the step is", "a !b b", 0,
			{{"..A.Bb...."}},
		"....#####>"},

		/* Absences at the end. */
		{"no c for 3", "a !c+3", 0,
			{{"..A......."}},
		".....####>"},
		{"a c within 3", "a !c+3", 0,
			{{"..a.c....."}},
		".........."},
		{"a c exactly at the deadline", "a !c+3", 0,
			{{"..a..c...."}},
		".........."},
		{"a c just behind it undoes nothing", "a !c+3", 0,
			{{"..A...c..."}},
		".....####>"},
		{"a c at the instant of a, before or behind it", "a !c+3", 0,
			{{"..c......."},
				{"..A......."},
			{"..c......."}},
		".....####>"},
		{"the deadline, and within from the begin", "a !c+3", 6,
			{{"..A......."}},
		".....###.."},
		{"over before the deadline", "a b !c+4", 6,
			{{"..a.b....."}},
		".........."},
		{"the first a is broken, the second one not", "a !c+3", 0,
			{{"a.cA......"}},
		"......###>"},
		{"a c of another", "a !c=+3", 0,
			{{"..A.c.....",
				"..1.2....."}},
		".....####>"},
		{"a c of the same", "a !c=+3", 0,
			{{"..a.c.....",
				"..1.1....."}},
		".........."},
		{"the cart that was not ordered", "a !c=+4", 0,
			{{"aA..c.....",
				"12..1....."}},
		".....####>"},
		{"two absences, the longer one decides when", "a !c+2 !d+4", 0,
			{{"..A......."}},
		"......###>"},
		{"... and each breaks by itself", "a !c+2 !d+4", 0,
			{{"..A..c...."}},
		"......###>"},
		{"... the longer one too", "a !c+2 !d+4", 0,
			{{"..a..d...."}},
		".........."},
		{"two deadlines together: the match that begins later", "a b= !c+2", 9,
			{{"aA...B....",
				"01...1...."},
			{".....b....",
				".....0...."}},
		".......###"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		int			columns = (int) strlen(cases[i].truth);
		Timeline	timeline = read_timeline(cases[i].rows);
		PcoreStep	steps[MOST_STEPS];
		int32_t		bound[MOST_STEPS];
		int			count = read_pattern(cases[i].pattern, &timeline, steps);
		PcoreTruth	truth = pcore_sequence(timeline.at, timeline.count, steps, count, cases[i].within, 0,
										   PCORE_BEGIN_OF_TIME, columns - 1, bound);

		host_case("%s: %s in %s", cases[i].what, cases[i].pattern, cases[i].rows[0][0]);
		CHECK_TEXT(draw(truth, columns), cases[i].truth);
		CHECK_TEXT(list_bound(&timeline, steps, bound, count), list_capitals(&timeline));
	}
}

/* Checks that an absence that is still running counts later, not yet. */
static void
test_running_absence(void)
{
	static const Row rows[MOST_ROWS] = {{"..a...a..."}};
	static const struct
	{
		PcoreInstant as_of;
		int32_t		bound;
	}			cases[] = {
		{6, 0}, {8, 0}, {9, 1}, {20, 1}
	};
	Timeline	timeline = read_timeline(rows);
	PcoreStep	steps[2];

	read_pattern("a !c+3", &timeline, steps);
	for (int i = 0; i < COUNT(cases); i++)
	{
		int32_t		bound[2];
		PcoreTruth	truth = pcore_sequence(timeline.at, timeline.count, steps, 2, 4, 0, 0, cases[i].as_of, bound);

		host_case("as of %lld", (long long) cases[i].as_of);
		CHECK_TEXT(draw(truth, 12), ".....#...#..");
		CHECK_INT(bound[0], cases[i].bound);
		CHECK_INT(bound[1], -1);
	}
	{
		int32_t		bound[2];

		host_case("as of a moment before the first deadline");
		pcore_sequence(timeline.at, 1, steps, 2, 4, 0, 0, 4, bound);
		CHECK_INT(bound[0], -1);
	}
}

/* Checks times and lengths at the ends of time. */
static void
test_ends_of_time(void)
{
	PcoreInstant at[] = {PCORE_BEGIN_OF_TIME, PCORE_BEGIN_OF_TIME + 1, 0, PCORE_END_OF_TIME - 2, PCORE_END_OF_TIME - 1};
	int32_t		all[] = {0, 1, 2, 3, 4};
	PcoreStep	steps[] = {
		{.count = 1, .events = all},
		{.absent = true, .within = 2},
	};
	PcoreStep	pair[] = {
		{.count = 5, .events = all},
		{.count = 5, .events = all, .within = INT64_MAX},
	};
	PcoreTruth	truth;
	int32_t		bound[2];

	host_case("a deadline behind the end of time is never");
	truth = pcore_sequence(&at[3], 1, steps, 2, 0, 0, PCORE_BEGIN_OF_TIME, PCORE_END_OF_TIME - 1, bound);
	CHECK(!pcore_truth_at(truth, PCORE_END_OF_TIME - 1));
	CHECK_INT(truth.count, 0);
	CHECK_INT(bound[0], -1);

	host_case("the longest gap");
	truth = pcore_sequence(at, 5, pair, 2, INT64_MAX, 0, PCORE_BEGIN_OF_TIME, PCORE_END_OF_TIME - 1, bound);
	CHECK(pcore_truth_at(truth, PCORE_END_OF_TIME - 1));
	CHECK_INT(bound[0], 3);
	CHECK_INT(bound[1], 4);
}

/* A long timeline: the places of each kind, and a class for each event. */
typedef struct Long
{
	int			count;
	PcoreInstant *at;
	int32_t    *classes;
	int32_t    *places[3];
	int			counts[3];
} Long;

/* Makes a long timeline without events. */
static Long
make_long(int count)
{
	Long		timeline = {.count = count};

	timeline.at = pcore_alloc(sizeof(PcoreInstant) * (size_t) count);
	timeline.classes = pcore_alloc(sizeof(int32_t) * (size_t) count);
	for (int k = 0; k < 3; k++)
		timeline.places[k] = pcore_alloc(sizeof(int32_t) * (size_t) count);
	for (int i = 0; i < count; i++)
	{
		timeline.at[i] = 10 * i;
		timeline.classes[i] = -1;
	}
	return timeline;
}

/* Makes an event one of a kind and a class. */
static void
set_event(Long *timeline, int32_t place, int kind, int32_t class)
{
	timeline->places[kind][timeline->counts[kind]++] = place;
	timeline->classes[place] = class;
}

/* Returns a step of a kind. */
static PcoreStep
step_of(const Long *timeline, int kind)
{
	PcoreStep	step = {.count = timeline->counts[kind], .events = timeline->places[kind]};

	return step;
}

/* Checks timelines of 100,000 events, two of them in shapes that make a careless search slow. */
static void
test_long_timelines(void)
{
	enum
	{
		MANY = 100000,
		THIRD = MANY / 3
	};
	Long		timeline = make_long(MANY);
	PcoreStep	steps[3];
	PcoreTruth	truth;
	int32_t		bound[3];

	/* a and b by turns: each b completes with the a before it. */
	for (int i = 0; i < MANY; i++)
		set_event(&timeline, i, i % 2, i / 2 % 1000);
	steps[0] = step_of(&timeline, 0);
	steps[1] = step_of(&timeline, 1);
	host_case("by turns");
	truth = pcore_sequence(timeline.at, MANY, steps, 2, 15, 0, PCORE_BEGIN_OF_TIME, timeline.at[MANY - 1], bound);
	CHECK_INT(truth.count, MANY);
	CHECK_INT(bound[0], MANY - 2);
	steps[1].classes = timeline.classes;
	steps[1].within = 11;
	host_case("by turns, with the same and a gap");
	truth = pcore_sequence(timeline.at, MANY, steps, 2, 15, 0, PCORE_BEGIN_OF_TIME, timeline.at[MANY - 1], bound);
	CHECK_INT(truth.count, MANY);

	/* Later b belong to earlier a, so the best b is the first one, for all c. */
	timeline = make_long(MANY);
	for (int i = 0; i < THIRD; i++)
		set_event(&timeline, i, 0, i);
	for (int i = 0; i < THIRD; i++)
		set_event(&timeline, THIRD + i, 1, THIRD - 1 - i);
	for (int i = 2 * THIRD; i < MANY; i++)
		set_event(&timeline, i, 2, -1);
	for (int k = 0; k < 3; k++)
		steps[k] = step_of(&timeline, k);
	steps[1].classes = timeline.classes;
	host_case("mirrored");
	truth = pcore_sequence(timeline.at, MANY, steps, 3, 0, 0, PCORE_BEGIN_OF_TIME, timeline.at[MANY - 1], bound);
	CHECK_INSTANT(pcore_truth_until(truth, 0), timeline.at[2 * THIRD]);
	CHECK_INT(bound[0], THIRD - 1);
	CHECK_INT(bound[1], THIRD);
	CHECK_INT(bound[2], MANY - 1);

	/* Every a is broken by a b of its own, and then only c follow. */
	timeline = make_long(MANY);
	for (int i = 0; i < 2 * THIRD; i++)
		set_event(&timeline, i, i % 2, i / 2);
	for (int i = 2 * THIRD; i < MANY; i++)
		set_event(&timeline, i, 2, -1);
	for (int k = 0; k < 3; k++)
		steps[k] = step_of(&timeline, k);
	steps[1].absent = true;
	steps[1].classes = timeline.classes;
	host_case("all broken");
	truth = pcore_sequence(timeline.at, MANY, steps, 3, 0, 0, PCORE_BEGIN_OF_TIME, timeline.at[MANY - 1], bound);
	CHECK_INT(truth.count, 0);
	CHECK(!truth.initial);
	CHECK_INT(bound[0], -1);
}

int
main(void)
{
	test_drawings();
	test_running_absence();
	test_ends_of_time();
	test_long_timelines();
	host_reset();
	naive_repeat("random sequences", 6000, naive_sequence);
	return host_finish();
}
