/*
 * naive_sequence.c - random sequences over small timelines against all
 * combinations of events.
 *
 * The oracle takes the definition by its word: for each instant it looks at
 * the events up to it, tries every choice of one event for each positive step,
 * and asks each rule whether the choice breaks it.
 */
#include "naive.h"

#include <string.h>

#include "core/sequence.h"
#include "host.h"

#define MOST_EVENTS 12
#define MOST_STEPS 6
#define MOST_POSITIVE 4
#define TIMES 14				/* events happen in so many instants */
#define WIDTH 40				/* and all is over after so many */
#define CLASSES 3

/* More than any instant, and no overflow on the way there. */
typedef __int128 Wide;

typedef struct Case
{
	int			count;
	PcoreInstant at[MOST_EVENTS];
	int			step_count;
	PcoreStep	steps[MOST_STEPS];
	int32_t		events[MOST_STEPS][MOST_EVENTS];
	int32_t		classes[MOST_STEPS][MOST_EVENTS];
	PcoreDuration within;
	PcoreDuration completed;
	PcoreInstant start;
	PcoreInstant as_of;
} Case;

/* One event for each positive step; what it amounts to. */
typedef struct Match
{
	int32_t		places[MOST_STEPS]; /* -1 for absences */
	PcoreInstant first;
	Wide		complete;
	Wide		over;
} Match;

/* Tells whether an event may stand in a step. */
static bool
is_in_step(const PcoreStep *step, int32_t place)
{
	for (int i = 0; i < step->count; i++)
		if (step->events[i] == place)
			return true;
	return false;
}

/* Tells whether two events are equal in what a step wants to be the same. */
static bool
are_same(const PcoreStep *step, int32_t a, int32_t b)
{
	return step->classes == NULL || (step->classes[a] >= 0 && step->classes[a] == step->classes[b]);
}

/* Returns the positive step before or after a step, or -1. */
static int
neighbor(const Case *c, int step, int direction)
{
	for (int s = step + direction; s >= 0 && s < c->step_count; s += direction)
		if (!c->steps[s].absent)
			return s;
	return -1;
}

/* Tells whether a choice keeps the rules of a positive step. */
static bool
keeps_positive(const Case *c, int s, const Match *match)
{
	const PcoreStep *step = &c->steps[s];
	int			before = neighbor(c, s, -1);
	int32_t		place = match->places[s];
	Wide		gap;

	if (!is_in_step(step, place))
		return false;
	if (before < 0)
		return true;
	gap = (Wide) c->at[place] - c->at[match->places[before]];
	return (step->within == 0 || gap < step->within)
		&& gap >= step->after
		&& are_same(step, match->places[before], place);
}

/* Tells whether a choice keeps an absence, given the first "visible" events. */
static bool
keeps_absence(const Case *c, int s, const Match *match, int visible)
{
	const PcoreStep *step = &c->steps[s];
	int32_t		before = match->places[neighbor(c, s, -1)];
	int			after = neighbor(c, s, 1);

	for (int32_t x = 0; x < visible; x++)
	{
		Wide		since = (Wide) c->at[x] - c->at[before];
		bool		between = after >= 0 ?
			x > before && x < match->places[after] :
			since > 0 && since <= step->within;

		if (between && is_in_step(step, x) && are_same(step, before, x))
			return false;
	}
	return true;
}

/*
 * Tells whether a choice that keeps the rules of the positive steps is a match,
 * given the first "visible" events, and what it amounts to.
 */
static bool
is_match(const Case *c, Match *match, int visible)
{
	int			last = 0;

	for (int s = 0; s < c->step_count; s++)
	{
		if (c->steps[s].absent && !keeps_absence(c, s, match, visible))
			return false;
		if (!c->steps[s].absent)
			last = s;
	}
	match->first = c->at[match->places[0]];
	match->over = c->within == 0 ? (Wide) PCORE_END_OF_TIME : (Wide) match->first + c->within;
	match->complete = c->at[match->places[last]];
	for (int s = last + 1; s < c->step_count; s++)
	{
		Wide		deadline = (Wide) c->at[match->places[last]] + c->steps[s].within;

		if (deadline > match->complete)
			match->complete = deadline;
	}
	if (c->completed > 0 && match->complete + c->completed < match->over)
		match->over = match->complete + c->completed;
	return true;
}

/* Calls a function with each match of the first "visible" events; step s takes one from "from" on. */
static void
for_each_match(const Case *c, int visible, int s, int32_t from, Match *match,
			   void (*call) (const Match *match, void *state), void *state)
{
	if (s == c->step_count)
	{
		if (is_match(c, match, visible))
			call(match, state);
		return;
	}
	match->places[s] = -1;
	if (c->steps[s].absent)
	{
		for_each_match(c, visible, s + 1, from, match, call, state);
		return;
	}
	for (int32_t place = from; place < visible; place++)
	{
		match->places[s] = place;
		if (keeps_positive(c, s, match))
			for_each_match(c, visible, s + 1, place + 1, match, call, state);
	}
}

/* Returns the number of events up to an instant. */
static int
visible_at(const Case *c, PcoreInstant at)
{
	int			visible = 0;

	while (visible < c->count && c->at[visible] <= at)
		visible++;
	return visible;
}

typedef struct Instant
{
	PcoreInstant at;
	bool		holds;
} Instant;

/* Notes whether a match counts at an instant. */
static void
note_holds(const Match *match, void *state)
{
	Instant    *instant = state;

	instant->holds |= match->complete <= instant->at && instant->at < match->over;
}

typedef struct Latest
{
	PcoreInstant as_of;
	bool		found;
	bool		counts;			/* at as_of */
	Wide		complete;
	PcoreInstant first;
	const int32_t *bound;		/* what was reported */
	int			step_count;
	bool		is_bound;		/* one of the latest matches is what was reported */
} Latest;

/* Keeps the matches that still count, or else all; of them those that completed last, and then those that begin last. */
static void
note_latest(const Match *match, void *state)
{
	Latest	   *latest = state;
	bool		counts = latest->as_of < match->over;
	int			order;

	if (match->complete > latest->as_of || match->complete >= match->over)
		return;
	if (counts != latest->counts)
		order = counts ? 1 : -1;
	else if (match->complete != latest->complete)
		order = match->complete > latest->complete ? 1 : -1;
	else
		order = (match->first > latest->first) - (match->first < latest->first);
	if (latest->found && order < 0)
		return;
	if (!latest->found || order > 0)
		latest->is_bound = false;
	latest->found = true;
	latest->counts = counts;
	latest->complete = match->complete;
	latest->first = match->first;
	if (memcmp(match->places, latest->bound, sizeof(int32_t) * (size_t) latest->step_count) == 0)
		latest->is_bound = true;
}

/*
 * Makes the events of a step, and what must be the same.  In an orderly case
 * the steps divide the timeline among themselves.
 */
static void
make_step(NaiveSource *source, Case *c, int s, bool absent, bool orderly)
{
	PcoreStep  *step = &c->steps[s];
	unsigned	some = naive_take(source);
	bool		same = s > 0 && naive_below(source, orderly ? 2 : 3) == 0;

	step->absent = absent;
	step->count = 0;
	step->events = c->events[s];
	for (int32_t i = 0; i < c->count; i++)
	{
		if (orderly ? i * c->step_count / c->count == s : ((some >> (i % 8)) & 1) != 0)
			c->events[s][step->count++] = i;
		c->classes[s][i] = naive_below(source, CLASSES + 1) - 1;
	}
	step->classes = same ? c->classes[s] : NULL;
	step->within = step->after = 0;
	if (s == 0)
		return;
	if (naive_below(source, orderly ? 5 : 2) == 0)
		step->within = naive_below(source, 8) + 1;
	if (!absent && naive_below(source, 4) == 0)
		step->after = naive_below(source, 4);
}

/* Makes a timeline, a sequence, a start and an as_of. */
static void
make_case(NaiveSource *source, Case *c)
{
	PcoreInstant base = naive_base(source, WIDTH);
	int			dense = naive_below(source, 4) + 1;
	int			at = 0;
	int			positive = 1;
	bool		orderly = naive_below(source, 3) == 0;

	memset(c, 0, sizeof(*c));
	c->count = orderly ? MOST_EVENTS : naive_below(source, MOST_EVENTS + 1);
	for (int i = 0; i < c->count; i++)
	{
		at += naive_below(source, dense);
		c->at[i] = base + (at < TIMES ? at : TIMES - 1);
	}
	c->step_count = orderly ? 3 : naive_below(source, MOST_STEPS) + 1;
	for (int s = 0; s < c->step_count; s++)
	{
		bool		absent = s > 0 && (positive == MOST_POSITIVE || naive_below(source, orderly ? 6 : 3) == 0);

		make_step(source, c, s, absent, orderly);
		positive += s > 0 && !absent;
	}
	/* An absence has a length at the end, and only there. */
	for (int s = 1; s < c->step_count; s++)
		if (c->steps[s].absent && (neighbor(c, s, 1) < 0) != (c->steps[s].within > 0))
			c->steps[s].within = neighbor(c, s, 1) < 0 ? 3 : 0;
	c->within = naive_below(source, 3) == 0 ? 0 : naive_below(source, 16) + 1;
	c->completed = naive_below(source, 3) == 0 ? naive_below(source, 8) + 1 : 0;
	c->start = naive_below(source, 3) == 0 ? base + naive_below(source, TIMES) : PCORE_BEGIN_OF_TIME;
	c->as_of = (c->count > 0 ? c->at[c->count - 1] : base) + naive_below(source, 6);
}

/* Makes a case of the bytes and checks it. */
void
naive_sequence(NaiveSource *source)
{
	Case		c;
	Match		match;
	PcoreInstant samples[WIDTH + 1];
	bool		values[WIDTH + 1];
	int			sample_count = 0;
	PcoreInstant base;
	int32_t		bound[MOST_STEPS];
	PcoreTruth	truth;

	make_case(source, &c);
	truth = pcore_sequence(c.at, c.count, c.steps, c.step_count, c.within, c.completed, c.start, c.as_of, bound);

	/* All that can happen does so from the first event on, or else from the start. */
	base = c.count > 0 ? c.at[0] : c.start == PCORE_BEGIN_OF_TIME ? 0 : c.start;
	samples[sample_count++] = c.start;
	for (int i = 0; i < WIDTH && base < PCORE_END_OF_TIME; i++, base++)
		if (base > c.start)
			samples[sample_count++] = base;
	for (int i = 0; i < sample_count; i++)
	{
		Instant		instant = {samples[i], false};

		for_each_match(&c, visible_at(&c, samples[i]), 0, 0, &match, note_holds, &instant);
		values[i] = instant.holds;
	}
	naive_compare("sequence", truth, samples, values, sample_count);

	{
		Latest		latest = {c.as_of, false, false, 0, 0, bound, c.step_count, false};
		bool		none = true;

		for_each_match(&c, visible_at(&c, c.as_of), 0, 0, &match, note_latest, &latest);
		for (int s = 0; s < c.step_count; s++)
			none &= bound[s] == -1;
		CHECK(latest.found ? latest.is_bound : none);
	}
	/* Nobody has to ask for the events. */
	naive_compare("unbound sequence",
				  pcore_sequence(c.at, c.count, c.steps, c.step_count, c.within, c.completed, c.start, c.as_of, NULL),
				  samples, values, sample_count);
}
