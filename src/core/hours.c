/*
 * hours.c - weekly hours, read off the wall clock.
 *
 * Whatever the rules say, in the end each minute of the week is inside or
 * outside.  Parsed hours are the minutes at which that changes, the edges:
 *
 *   Mon 00:00                                              Sun 24:00
 *   0        540      1080                    8400            10080
 *   |---------[########)------------ ... ------[###############)
 *             edge     edge                    edge            = edge 0 of
 *                                                                the circle
 *
 * The week is a circle: an edge at minute 0 stands between Sunday and Monday,
 * and "before" tells the side on which Sunday ends.  Edges are ascending, and
 * their number is even; without edges the hours are "always" or "never".
 *
 * This says nothing about days of 23 or 25 hours: an instant is inside if what
 * the wall clock shows is inside, so a jump of the clock is just one more
 * place at which the answer may change.
 */
#include "core/hours.h"

#include <string.h>

#define MINUTES_PER_DAY 1440
#define MINUTES_PER_WEEK (7 * MINUTES_PER_DAY)

/* How far pcore_hours_change looks while the clock keeps jumping over edges. */
#define SEARCH_LIMIT (400 * PCORE_DAY)

#define HOURS_HINT \
	"Write hours like \"Mon-Fri 09:00-18:00; Sat 10:00-14:00\", \"daily 22:00-07:00\", " \
	"\"Mon,Wed 09:00-12:00,13:00-17:00\", \"always\" or \"never\"; " \
	"days are Mon, Tue, Wed, Thu, Fri, Sat and Sun, times are HH:MM from 00:00 to 24:00."

struct PcoreHours
{
	bool		before;			/* inside just before minute 0? */
	int			count;			/* of edges */
	int			edges[];		/* minutes since Monday 00:00, ascending */
};

/* The text being parsed, and what it has said so far. */
typedef struct Reader
{
	const char *at;
	const char *end;

	/*
	 * At each minute, how many spans begin less how many end.  Their running
	 * sum is the number of spans that cover a minute.
	 */
	int			steps[MINUTES_PER_WEEK + 1];
} Reader;

static const char *const day_names[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

/* Skips blanks; returns whether text is left. */
static bool
skip_blanks(Reader *reader)
{
	while (reader->at < reader->end &&
		   (*reader->at == ' ' || (*reader->at >= '\t' && *reader->at <= '\r')))
		reader->at++;
	return reader->at < reader->end;
}

/* Tells whether a byte belongs to a time. */
static inline bool
in_time(char c)
{
	return (c >= '0' && c <= '9') || c == ':' || c == '.';
}

/* Tells whether a byte belongs to a word; bytes beyond ASCII do. */
static inline bool
in_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char) c >= 0x80;
}

/* Returns the length of the word, time or sign at which the reader stands. */
static size_t
token_length(const Reader *reader)
{
	const char *p = reader->at;

	if (p == reader->end)
		return 0;
	if (in_word(*p))
		while (p < reader->end && in_word(*p))
			p++;
	else if (in_time(*p))
		while (p < reader->end && in_time(*p))
			p++;
	else
		p++;
	return (size_t) (p - reader->at);
}

/* Reports that something else was expected at this place. */
static void __attribute__((noreturn))
fail_expecting(Reader *reader, const char *expected)
{
	if (skip_blanks(reader))
		pcore_fail(NULL, pcore_format("expected %s, found \"%.*s\"", expected,
									  (int) token_length(reader), reader->at), HOURS_HINT);
	pcore_fail(NULL, pcore_format("expected %s, found the end", expected), HOURS_HINT);
}

/* Takes a sign if it comes next. */
static bool
take_sign(Reader *reader, char sign)
{
	if (!skip_blanks(reader) || *reader->at != sign)
		return false;
	reader->at++;
	return true;
}

/* Takes a word if it comes next. */
static bool
take_word(Reader *reader, const char *word)
{
	size_t		length = strlen(word);

	if (!skip_blanks(reader) || token_length(reader) != length || memcmp(reader->at, word, length) != 0)
		return false;
	reader->at += length;
	return true;
}

/* Reads a day; Monday is 0. */
static int
read_day(Reader *reader)
{
	for (int day = 0; day < 7; day++)
		if (take_word(reader, day_names[day]))
			return day;
	fail_expecting(reader, "a day");
}

/* Reads the days of a rule, as a set of bits. */
static unsigned
read_days(Reader *reader)
{
	unsigned	days = 0;

	if (take_word(reader, "daily"))
		return 0x7f;
	do
	{
		int			first = read_day(reader);
		int			last = take_sign(reader, '-') ? read_day(reader) : first;

		for (int day = first; day != last; day = (day + 1) % 7)
			days |= 1U << day;
		days |= 1U << last;
	} while (take_sign(reader, ','));
	return days;
}

/* Reads a time, in minutes since midnight. */
static int
read_time(Reader *reader)
{
	const char *p;
	int			hour;
	int			minute;

	if (!skip_blanks(reader))
		fail_expecting(reader, "a time as HH:MM");
	p = reader->at;
	if (token_length(reader) != 5 || p[2] != ':')
		fail_expecting(reader, "a time as HH:MM");
	for (int i = 0; i < 5; i++)
		if (i != 2 && (p[i] < '0' || p[i] > '9'))
			fail_expecting(reader, "a time as HH:MM");

	hour = (p[0] - '0') * 10 + p[1] - '0';
	minute = (p[3] - '0') * 10 + p[4] - '0';
	if (minute > 59 || hour * 60 + minute > MINUTES_PER_DAY)
		fail_expecting(reader, "a time from 00:00 to 24:00");
	reader->at += 5;
	return hour * 60 + minute;
}

/* Reads a span and adds it to the given days. */
static void
read_span(Reader *reader, unsigned days)
{
	const char *start;
	int			begin;
	int			end;

	skip_blanks(reader);
	start = reader->at;
	begin = read_time(reader);
	if (begin == MINUTES_PER_DAY)
	{
		reader->at = start;
		fail_expecting(reader, "a begin before 24:00, the end of the day");
	}
	if (!take_sign(reader, '-'))
		fail_expecting(reader, "\"-\" and the end of the span");
	end = read_time(reader);
	if (end <= begin)
		end += MINUTES_PER_DAY;

	for (int day = 0; day < 7; day++)
	{
		int			from = day * MINUTES_PER_DAY + begin;
		int			until = day * MINUTES_PER_DAY + end;

		if ((days & (1U << day)) == 0)
			continue;
		reader->steps[from]++;
		if (until > MINUTES_PER_WEEK)
		{
			/* Sunday's night ends on Monday. */
			reader->steps[0]++;
			until -= MINUTES_PER_WEEK;
		}
		reader->steps[until]--;
	}
}

/* Reads rules up to the end of the text. */
static void
read_rules(Reader *reader)
{
	do
	{
		unsigned	days = read_days(reader);

		do
			read_span(reader, days);
		while (take_sign(reader, ','));
		pcore_check_interrupts();
	} while (take_sign(reader, ';'));
	if (skip_blanks(reader))
		fail_expecting(reader, "\";\" or the end");
}

/* Returns the hours that cover the minutes that the reader has collected. */
static PcoreHours *
collect(const Reader *reader)
{
	PcoreHours *hours;
	bool		inside;
	int			covers = 0;
	int			most = 1;		/* edges: one at minute 0, and one at each step */

	/* The running sum at the last minute tells on which side the week ends. */
	for (int minute = 0; minute < MINUTES_PER_WEEK; minute++)
	{
		covers += reader->steps[minute];
		most += reader->steps[minute] != 0;
	}
	hours = pcore_alloc(offsetof(PcoreHours, edges) + (size_t) most * sizeof(int));
	hours->before = inside = covers > 0;
	hours->count = 0;

	covers = 0;
	for (int minute = 0; minute < MINUTES_PER_WEEK; minute++)
	{
		covers += reader->steps[minute];
		if (inside != (covers > 0))
		{
			inside = !inside;
			hours->edges[hours->count++] = minute;
		}
	}
	return hours;
}

/* Parses hours; calls pcore_fail with a message that quotes the bad part. */
PcoreHours *
pcore_hours_parse(const char *text, size_t length)
{
	Reader		reader;

	reader.at = text;
	reader.end = text + length;
	memset(reader.steps, 0, sizeof(reader.steps));

	if (take_word(&reader, "always"))
		reader.steps[0] = 1;
	else if (!take_word(&reader, "never"))
	{
		read_rules(&reader);
		return collect(&reader);
	}
	if (skip_blanks(&reader))
		fail_expecting(&reader, "nothing after \"always\" or \"never\"");
	return collect(&reader);
}

/* Returns the microseconds from Monday 00:00 to a local time. */
static int64_t
place_in_week(PcoreLocal local)
{
	int64_t		place = local % PCORE_WEEK;

	/* 2000-01-01 was a Saturday, the sixth day of its week. */
	return (place + PCORE_WEEK + 5 * PCORE_DAY) % PCORE_WEEK;
}

/* Counts the edges at or before a place in the week. */
static int
edges_until(const PcoreHours *hours, int64_t place)
{
	int			low = 0;
	int			high = hours->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (hours->edges[middle] * PCORE_MINUTE <= place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Returns the time from a place in the week to the next edge, which there must be. */
static PcoreDuration
time_to_edge(const PcoreHours *hours, int64_t place)
{
	int			next = edges_until(hours, place);

	if (next < hours->count)
		return hours->edges[next] * PCORE_MINUTE - place;
	return hours->edges[0] * PCORE_MINUTE + PCORE_WEEK - place;
}

/* Tells whether the wall clock at an instant is inside; an infinity is only in "always". */
bool
pcore_hours_inside(const PcoreHours *hours, const PcoreZone *zone, PcoreInstant instant)
{
	int			passed;

	if (hours->count == 0)
		return hours->before;
	if (instant == PCORE_BEGIN_OF_TIME || instant == PCORE_END_OF_TIME)
		return false;
	passed = edges_until(hours, place_in_week(pcore_local(zone, instant)));
	return hours->before != (passed % 2 == 1);
}

/* Returns the first instant after "instant" at which the answer changes. */
PcoreInstant
pcore_hours_change(const PcoreHours *hours, const PcoreZone *zone, PcoreInstant instant)
{
	PcoreInstant at = instant;
	PcoreInstant limit = pcore_add(instant, SEARCH_LIMIT);
	bool		inside;

	if (hours->count == 0 || instant == PCORE_BEGIN_OF_TIME || instant == PCORE_END_OF_TIME)
		return PCORE_END_OF_TIME;

	/*
	 * While the offset stays, the wall clock runs evenly, and the answer
	 * changes at the next edge.  If the clock jumps before that, what it shows
	 * then decides.  An edge is never more than a week away, so that only a
	 * clock that jumps all the time can keep us here.
	 */
	inside = pcore_hours_inside(hours, zone, instant);
	while (at <= limit)
	{
		PcoreInstant from;
		PcoreInstant until;
		PcoreDuration offset = zone->offset(zone, at, &from, &until);
		PcoreInstant edge = pcore_add(at, time_to_edge(hours, place_in_week(pcore_add(at, offset))));

		if (edge < until)
			return edge;
		if (until == PCORE_END_OF_TIME || until <= at)
			break;
		at = until;
		if (pcore_hours_inside(hours, zone, at) != inside)
			return at;
	}
	return PCORE_END_OF_TIME;
}
