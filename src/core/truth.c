/*
 * truth.c - builds and combines step functions of time.
 *
 * Every builder is one sweep over the begins and ends of spans in time order;
 * when they arrive sorted, as events do, nothing is sorted again.
 */
#include "core/truth.h"

#include <stdlib.h>
#include <string.h>

/* A truth under construction: toggles are appended in time order. */
typedef struct Builder
{
	PcoreInstant start;
	bool		initial;
	bool		value;
	int			count;
	int			room;
	PcoreInstant *toggles;
} Builder;

/* One end of a span. */
typedef struct Edge
{
	PcoreInstant at;
	int			span;
} Edge;

/* Begins a truth that is false from the start on. */
static Builder
builder_begin(PcoreInstant start)
{
	Builder		builder = {start, false, false, 0, 0, NULL};

	return builder;
}

/* Sets the value from an instant on; instants come in increasing order. */
static void
builder_set(Builder *builder, PcoreInstant at, bool value)
{
	if (value == builder->value)
		return;
	builder->value = value;
	if (at <= builder->start)
	{
		builder->initial = value;
		return;
	}
	if (builder->count > 0 && builder->toggles[builder->count - 1] == at)
	{
		/* There and back at one instant: it never was. */
		builder->count--;
		return;
	}
	if (at == PCORE_END_OF_TIME)
		return;
	if (builder->count == builder->room)
	{
		int			room = builder->room == 0 ? 4 : builder->room * 2;
		PcoreInstant *toggles = pcore_alloc(sizeof(PcoreInstant) * (size_t) room);

		for (int i = 0; i < builder->count; i++)
			toggles[i] = builder->toggles[i];
		builder->toggles = toggles;
		builder->room = room;
	}
	builder->toggles[builder->count++] = at;
}

/* Returns the finished truth. */
static PcoreTruth
builder_end(const Builder *builder)
{
	PcoreTruth	truth = {builder->initial, builder->count, builder->toggles};

	return truth;
}

/* Counts the toggles at or before an instant. */
static int
toggles_until(PcoreTruth truth, PcoreInstant instant)
{
	int			low = 0;
	int			high = truth.count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (truth.toggles[middle] <= instant)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Reads a truth at an instant. */
bool
pcore_truth_at(PcoreTruth truth, PcoreInstant instant)
{
	return truth.initial ^ (toggles_until(truth, instant) & 1);
}

/* Returns the instant since which the value at "instant" has been the same. */
PcoreInstant
pcore_truth_since(PcoreTruth truth, PcoreInstant instant)
{
	int			passed = toggles_until(truth, instant);

	return passed == 0 ? PCORE_BEGIN_OF_TIME : truth.toggles[passed - 1];
}

/* Returns the first instant after "instant" at which the value changes. */
PcoreInstant
pcore_truth_until(PcoreTruth truth, PcoreInstant instant)
{
	int			passed = toggles_until(truth, instant);

	return passed == truth.count ? PCORE_END_OF_TIME : truth.toggles[passed];
}

/* Finds the last moment at or before "instant" at which the truth became true. */
bool
pcore_truth_fired(PcoreTruth truth, PcoreInstant instant, PcoreInstant *fired)
{
	int			passed = toggles_until(truth, instant);
	bool		value = truth.initial ^ (passed & 1);

	/* The last toggle made it true, or else the one before. */
	if (!value)
		passed--;
	if (passed < 1)
		return false;
	*fired = truth.toggles[passed - 1];
	return true;
}

/* Returns the complement. */
PcoreTruth
pcore_truth_not(PcoreTruth truth)
{
	truth.initial = !truth.initial;
	return truth;
}

/* Merges two truths; "all" says whether both must hold or one suffices. */
static PcoreTruth
merge(PcoreTruth a, PcoreTruth b, bool all)
{
	Builder		builder;
	bool		va = a.initial;
	bool		vb = b.initial;
	int			i = 0;
	int			j = 0;

	/* One that is constant decides, or leaves the other as it is. */
	if (a.count == 0)
		return a.initial == all ? b : a;
	if (b.count == 0)
		return b.initial == all ? a : b;

	builder = builder_begin(PCORE_BEGIN_OF_TIME);
	builder_set(&builder, PCORE_BEGIN_OF_TIME, all ? va && vb : va || vb);
	while (i < a.count || j < b.count)
	{
		PcoreInstant at;

		if (j == b.count || (i < a.count && a.toggles[i] <= b.toggles[j]))
			at = a.toggles[i];
		else
			at = b.toggles[j];
		if (i < a.count && a.toggles[i] == at)
		{
			va = !va;
			i++;
		}
		if (j < b.count && b.toggles[j] == at)
		{
			vb = !vb;
			j++;
		}
		builder_set(&builder, at, all ? va && vb : va || vb);
	}
	return builder_end(&builder);
}

/* Returns the truth that holds while both do. */
PcoreTruth
pcore_truth_and(PcoreTruth a, PcoreTruth b)
{
	return merge(a, b, true);
}

/* Returns the truth that holds while at least one does. */
PcoreTruth
pcore_truth_or(PcoreTruth a, PcoreTruth b)
{
	return merge(a, b, false);
}

/* Orders edges by time, then by span. */
static int
compare_edges(const void *left, const void *right)
{
	const Edge *a = left;
	const Edge *b = right;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (a->span > b->span) - (a->span < b->span);
}

/* Sorts edges, unless they are in order. */
static void
sort_edges(Edge *edges, int count)
{
	for (int i = 1; i < count; i++)
		if (edges[i - 1].at > edges[i].at)
		{
			qsort(edges, (size_t) count, sizeof(Edge), compare_edges);
			return;
		}
}

/* Lists the begins and ends of the spans that are open at or after the start. */
static int
list_edges(const PcoreSpan *spans, int count, PcoreInstant start, Edge **begins, Edge **ends)
{
	int			kept = 0;

	*begins = pcore_alloc(sizeof(Edge) * (size_t) (count + 1));
	*ends = pcore_alloc(sizeof(Edge) * (size_t) (count + 1));
	for (int i = 0; i < count; i++)
	{
		if (spans[i].until <= spans[i].from || spans[i].until <= start)
			continue;
		(*begins)[kept].at = spans[i].from;
		(*begins)[kept].span = i;
		(*ends)[kept].at = spans[i].until;
		(*ends)[kept].span = i;
		kept++;
	}
	sort_edges(*begins, kept);
	sort_edges(*ends, kept);
	return kept;
}

/* Returns the truth of a test over the spans that are open at each instant. */
PcoreTruth
pcore_truth_sweep(const PcoreSpan *spans, int count, PcoreInstant start, const PcoreSweep *sweep)
{
	Builder		builder = builder_begin(start);
	Edge	   *begins;
	Edge	   *ends;
	int			kept = list_edges(spans, count, start, &begins, &ends);
	int			i = 0;
	int			j = 0;
	int			rounds = 0;

	while (i < kept && begins[i].at <= start)
		sweep->enter(sweep->state, begins[i++].span);
	builder_set(&builder, start, sweep->test(sweep->state));
	while (j < kept)
	{
		PcoreInstant at = ends[j].at;

		if (i < kept && begins[i].at < at)
			at = begins[i].at;
		if (at == PCORE_END_OF_TIME)
			break;
		while (j < kept && ends[j].at == at)
			sweep->leave(sweep->state, ends[j++].span);
		while (i < kept && begins[i].at == at)
			sweep->enter(sweep->state, begins[i++].span);
		builder_set(&builder, at, sweep->test(sweep->state));
		if ((++rounds & 1023) == 0)
			pcore_check_interrupts();
	}
	return builder_end(&builder);
}

/* What counting keeps. */
typedef struct Counter
{
	int64_t		open;
	const PcoreRange *ranges;
	int			range_count;
} Counter;

static void
counter_enter(void *state, int span)
{
	(void) span;
	((Counter *) state)->open++;
}

static void
counter_leave(void *state, int span)
{
	(void) span;
	((Counter *) state)->open--;
}

static bool
counter_test(void *state)
{
	const Counter *counter = state;

	for (int i = 0; i < counter->range_count; i++)
		if (counter->open >= counter->ranges[i].low && counter->open <= counter->ranges[i].high)
			return true;
	return false;
}

/* Returns the truth that holds while the number of open spans is in a range. */
PcoreTruth
pcore_truth_count(const PcoreSpan *spans, int count, PcoreInstant start,
				  const PcoreRange *ranges, int range_count)
{
	Counter		counter = {0, ranges, range_count};
	PcoreSweep	sweep = {counter_enter, counter_leave, counter_test, &counter};

	return pcore_truth_sweep(spans, count, start, &sweep);
}

/* Returns the truth that holds while any of the spans does. */
PcoreTruth
pcore_truth_any_span(const PcoreSpan *spans, int count, PcoreInstant start)
{
	PcoreRange	some = {1, INT64_MAX};

	return pcore_truth_count(spans, count, start, &some, 1);
}

/* Returns the part that two spans share. */
static PcoreSpan
intersect(PcoreSpan a, PcoreSpan b)
{
	PcoreSpan	both = {pcore_max(a.from, b.from), pcore_min(a.until, b.until)};

	return both;
}

/* Returns the truth of "the last chosen event passes its test". */
PcoreTruth
pcore_truth_last(const PcoreSpan *chosen, const PcoreSpan *tests, int count, PcoreInstant start)
{
	PcoreSpan  *spans = pcore_alloc(sizeof(PcoreSpan) * (size_t) (count + 1));

	for (int i = 0; i < count; i++)
	{
		spans[i] = intersect(chosen[i], tests[i]);
		/* A later event takes its place. */
		if (i + 1 < count)
			spans[i].until = pcore_min(spans[i].until, chosen[i + 1].from);
	}
	return pcore_truth_any_span(spans, count, start);
}

/* Returns the truth of "the first chosen event passes its test". */
PcoreTruth
pcore_truth_first(const PcoreSpan *chosen, const PcoreSpan *tests, int count, PcoreInstant start)
{
	PcoreSpan  *spans = pcore_alloc(sizeof(PcoreSpan) * (size_t) (count + 1));

	for (int i = 0; i < count; i++)
	{
		spans[i] = intersect(chosen[i], tests[i]);
		/* It is first once the one before it is out. */
		if (i > 0)
			spans[i].from = pcore_max(spans[i].from, chosen[i - 1].until);
	}
	return pcore_truth_any_span(spans, count, start);
}

/* Returns the truth of "has held for a length". */
PcoreTruth
pcore_truth_held(PcoreTruth truth, PcoreDuration length)
{
	Builder		builder = builder_begin(PCORE_BEGIN_OF_TIME);
	bool		value = truth.initial;
	PcoreInstant from = PCORE_BEGIN_OF_TIME;

	for (int i = 0; i <= truth.count; i++)
	{
		PcoreInstant until = i < truth.count ? truth.toggles[i] : PCORE_END_OF_TIME;
		PcoreInstant since = pcore_add(from, length);

		if (value && since < until)
		{
			builder_set(&builder, since, true);
			builder_set(&builder, until, false);
		}
		value = !value;
		from = until;
	}
	return builder_end(&builder);
}

/* Returns a truth of all time as one that is known from "start" on. */
PcoreTruth
pcore_truth_from(PcoreTruth truth, PcoreInstant start)
{
	int			passed = toggles_until(truth, start);
	PcoreTruth	future = {truth.initial ^ (passed & 1), truth.count - passed, truth.toggles + passed};

	return future;
}

/* Gaps between consecutive events: gap i is the one before event i. */
typedef struct Gaps
{
	const PcoreSpan *chosen;
	const PcoreInstant *at;
	int			count;
	PcoreInstant start;
	bool		last;			/* gaps count only as long as they are the last */
	PcoreSpan  *spans;
} Gaps;

/* Returns the truth of "some gap is from low to high"; lengths too large for 64 bits are the largest. */
static PcoreTruth
some_gap(Gaps *gaps, PcoreDuration low, PcoreDuration high)
{
	int			found = 0;

	for (int i = 1; i < gaps->count; i++)
	{
		PcoreDuration gap;
		PcoreSpan	span;

		if (__builtin_sub_overflow(gaps->at[i], gaps->at[i - 1], &gap))
			gap = INT64_MAX;
		if (gap < low || gap > high)
			continue;
		span = intersect(gaps->chosen[i - 1], gaps->chosen[i]);
		/* A later event makes another gap the last. */
		if (gaps->last && i + 1 < gaps->count)
			span.until = pcore_min(span.until, gaps->chosen[i + 1].from);
		gaps->spans[found++] = span;
	}
	return pcore_truth_any_span(gaps->spans, found, gaps->start);
}

/* The events that are chosen at an instant of a sweep. */
typedef struct Average
{
	const PcoreInstant *at;
	const PcoreRange *ranges;
	int			range_count;
	bool	   *open;
	int			open_count;
	int			first;			/* no event before it is open, */
	int			last;			/* and none after it */
} Average;

/* Chooses an event. */
static void
average_enter(void *state, int event)
{
	Average    *average = state;

	average->open[event] = true;
	if (average->open_count++ == 0)
		average->first = average->last = event;
	if (event < average->first)
		average->first = event;
	if (event > average->last)
		average->last = event;
}

/* Drops an event. */
static void
average_leave(void *state, int event)
{
	Average    *average = state;

	average->open[event] = false;
	average->open_count--;
}

/* Tells whether the average gap is in a range: the first and the last event, and their number, tell it. */
static bool
average_test(void *state)
{
	Average    *average = state;
	__int128	gap;

	if (average->open_count < 2)
		return false;
	while (!average->open[average->first])
		average->first++;
	while (!average->open[average->last])
		average->last--;
	gap = ((__int128) average->at[average->last] - average->at[average->first]) / (average->open_count - 1);
	for (int r = 0; r < average->range_count; r++)
		if (gap >= average->ranges[r].low && (gap <= average->ranges[r].high || average->ranges[r].high == INT64_MAX))
			return true;
	return false;
}

/* Returns the truth of a test of the average gap. */
static PcoreTruth
average_gap(const PcoreSpan *chosen, const PcoreInstant *at, int count, PcoreInstant start, const PcoreRange *ranges,
			int range_count)
{
	Average		average = {at, ranges, range_count, pcore_alloc(sizeof(bool) * (size_t) (count + 1)), 0, 0, 0};
	PcoreSweep	sweep = {average_enter, average_leave, average_test, &average};

	memset(average.open, 0, sizeof(bool) * (size_t) (count + 1));
	return pcore_truth_sweep(chosen, count, start, &sweep);
}

/* Returns the truth of a test of the longest, shortest, last or average gap. */
PcoreTruth
pcore_truth_gap(const PcoreSpan *chosen, const PcoreInstant *at, int count, PcoreInstant start, PcoreGap which,
				const PcoreRange *ranges, int range_count)
{
	Gaps		gaps = {chosen, at, count, start, which == PCORE_GAP_LAST, NULL};
	PcoreTruth	truth = pcore_truth_constant(false);

	if (which == PCORE_GAP_AVERAGE)
		return average_gap(chosen, at, count, start, ranges, range_count);
	gaps.spans = pcore_alloc(sizeof(PcoreSpan) * (size_t) (count + 1));
	for (int r = 0; r < range_count; r++)
	{
		int64_t		low = ranges[r].low;
		int64_t		high = ranges[r].high;
		PcoreTruth	part = some_gap(&gaps, low, high);

		/* The longest is in the range if one is, and none is longer. */
		if (which == PCORE_GAP_LONGEST && high < INT64_MAX)
			part = pcore_truth_and(part, pcore_truth_not(some_gap(&gaps, high + 1, INT64_MAX)));
		if (which == PCORE_GAP_SHORTEST && low > 0)
			part = pcore_truth_and(part, pcore_truth_not(some_gap(&gaps, 0, low - 1)));
		truth = pcore_truth_or(truth, part);
	}
	return truth;
}
