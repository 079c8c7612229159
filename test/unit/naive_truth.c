/*
 * naive_truth.c - random truths against their values at every instant.
 */
#include "naive.h"

#include <string.h>

#include "host.h"

#define WIDTH 20				/* instants */
#define MOST_SPANS 9
#define MOST_SAMPLES (WIDTH + 2)

/* What all parts of a case share. */
typedef struct Case
{
	PcoreInstant base;			/* the first instant */
	PcoreInstant start;
	int			sample_count;
	PcoreInstant samples[MOST_SAMPLES];
	int			span_count;
	PcoreSpan	spans[MOST_SPANS];
} Case;

/* Tells whether a span is open at an instant. */
static bool
is_open(PcoreSpan span, PcoreInstant at)
{
	return span.from <= at && at < span.until;
}

/* Takes an instant, or now and then an infinity. */
static PcoreInstant
take_instant(NaiveSource *source, const Case *c, PcoreInstant infinity)
{
	int			n = naive_below(source, WIDTH + 2);

	return n < WIDTH ? c->base + n : infinity;
}

/* Makes the start, the samples from there on, and spans, some of them empty. */
static void
make_case(NaiveSource *source, Case *c)
{
	c->base = naive_base(source, WIDTH + 1);
	c->start = take_instant(source, c, PCORE_BEGIN_OF_TIME);
	c->sample_count = 0;
	if (c->start == PCORE_BEGIN_OF_TIME)
		c->samples[c->sample_count++] = c->start;
	for (PcoreInstant at = pcore_max(c->start, c->base); at <= c->base + WIDTH; at++)
		c->samples[c->sample_count++] = at;
	c->span_count = naive_below(source, MOST_SPANS + 1);
	for (int i = 0; i < c->span_count; i++)
	{
		c->spans[i].from = take_instant(source, c, PCORE_BEGIN_OF_TIME);
		c->spans[i].until = take_instant(source, c, PCORE_END_OF_TIME);
	}
}

/* Makes any truth, and its values at the samples. */
static PcoreTruth
make_truth(NaiveSource *source, const Case *c, bool *values)
{
	PcoreInstant *toggles = pcore_alloc(sizeof(PcoreInstant) * MOST_SAMPLES);
	PcoreTruth	truth = {naive_below(source, 2) == 1, 0, toggles};
	unsigned	sparse = naive_take(source);

	values[0] = truth.initial;
	for (int i = 1; i < c->sample_count; i++)
	{
		bool		change = (naive_take(source) | sparse) < 128;

		values[i] = values[i - 1] ^ change;
		if (change)
			toggles[truth.count++] = c->samples[i];
	}
	return truth;
}

/* Checks not, and, or, and a nest of them. */
static void
check_combinations(NaiveSource *source, const Case *c)
{
	bool		va[MOST_SAMPLES];
	bool		vb[MOST_SAMPLES];
	bool		vc[MOST_SAMPLES];
	bool		expected[MOST_SAMPLES];
	PcoreTruth	a = make_truth(source, c, va);
	PcoreTruth	b = make_truth(source, c, vb);
	PcoreTruth	other = make_truth(source, c, vc);

	naive_compare("a", a, c->samples, va, c->sample_count);
	for (int i = 0; i < c->sample_count; i++)
		expected[i] = !va[i];
	naive_compare("not a", pcore_truth_not(a), c->samples, expected, c->sample_count);
	for (int i = 0; i < c->sample_count; i++)
		expected[i] = va[i] && vb[i];
	naive_compare("a and b", pcore_truth_and(a, b), c->samples, expected, c->sample_count);
	for (int i = 0; i < c->sample_count; i++)
		expected[i] = va[i] || vb[i];
	naive_compare("a or b", pcore_truth_or(a, b), c->samples, expected, c->sample_count);
	for (int i = 0; i < c->sample_count; i++)
		expected[i] = (va[i] || !vc[i]) && vb[i];
	naive_compare("(a or not c) and b", pcore_truth_and(pcore_truth_or(a, pcore_truth_not(other)), b),
				  c->samples, expected, c->sample_count);
	naive_compare("a, once more", a, c->samples, va, c->sample_count);
}

/* Checks counts of open spans. */
static void
check_counts(NaiveSource *source, const Case *c)
{
	PcoreRange	ranges[3];
	int			range_count = naive_below(source, 4);
	bool		any[MOST_SAMPLES];
	bool		counted[MOST_SAMPLES];

	for (int r = 0; r < range_count; r++)
	{
		ranges[r].low = naive_below(source, 5);
		ranges[r].high = naive_below(source, 6) == 0 ? INT64_MAX : ranges[r].low + naive_below(source, 4) - 1;
	}
	for (int i = 0; i < c->sample_count; i++)
	{
		int			open = 0;

		for (int s = 0; s < c->span_count; s++)
			open += is_open(c->spans[s], c->samples[i]);
		any[i] = open > 0;
		counted[i] = false;
		for (int r = 0; r < range_count; r++)
			counted[i] |= open >= ranges[r].low && open <= ranges[r].high;
	}
	naive_compare("any span", pcore_truth_any_span(c->spans, c->span_count, c->start),
				  c->samples, any, c->sample_count);
	naive_compare("count", pcore_truth_count(c->spans, c->span_count, c->start, ranges, range_count),
				  c->samples, counted, c->sample_count);
}

/* A sweep that remembers which spans are open. */
typedef struct Open
{
	int			weights[MOST_SPANS];
	bool		open[MOST_SPANS];
	bool		orderly;		/* each enters before it leaves, at most once */
	bool		seen[MOST_SPANS];
} Open;

/* Tells whether the weights of what is open are more than nothing. */
static bool
weigh(const Open *open)
{
	int			sum = 0;

	for (int i = 0; i < MOST_SPANS; i++)
		sum += open->open[i] ? open->weights[i] : 0;
	return sum > 0;
}

static void
open_enter(void *state, int span)
{
	Open	   *open = state;

	open->orderly &= !open->open[span] && !open->seen[span];
	open->open[span] = open->seen[span] = true;
}

static void
open_leave(void *state, int span)
{
	Open	   *open = state;

	open->orderly &= open->open[span];
	open->open[span] = false;
}

static bool
open_test(void *state)
{
	return weigh(state);
}

/* Checks a sweep that weighs the open spans. */
static void
check_sweep(NaiveSource *source, const Case *c)
{
	Open		open = {.orderly = true};
	PcoreSweep	sweep = {open_enter, open_leave, open_test, &open};
	bool		expected[MOST_SAMPLES];
	PcoreTruth	truth;

	for (int s = 0; s < MOST_SPANS; s++)
		open.weights[s] = naive_below(source, 9) - 4;
	truth = pcore_truth_sweep(c->spans, c->span_count, c->start, &sweep);
	CHECK(open.orderly);
	for (int i = 0; i < c->sample_count; i++)
	{
		for (int s = 0; s < MOST_SPANS; s++)
			open.open[s] = s < c->span_count && is_open(c->spans[s], c->samples[i]);
		expected[i] = weigh(&open);
	}
	naive_compare("sweep", truth, c->samples, expected, c->sample_count);
}

/* Sorts instants, in place. */
static void
sort_ends(PcoreSpan *spans, int count, bool until)
{
	for (int i = 1; i < count; i++)
		for (int j = i; j > 0; j--)
		{
			PcoreInstant *a = until ? &spans[j - 1].until : &spans[j - 1].from;
			PcoreInstant *b = until ? &spans[j].until : &spans[j].from;
			PcoreInstant swap = *a;

			if (*a <= *b)
				break;
			*a = *b;
			*b = swap;
		}
}

/* Checks the first and the last chosen event. */
static void
check_first_last(NaiveSource *source, Case *c)
{
	PcoreSpan	tests[MOST_SPANS];
	bool		first[MOST_SAMPLES];
	bool		last[MOST_SAMPLES];

	sort_ends(c->spans, c->span_count, false);
	sort_ends(c->spans, c->span_count, true);
	for (int s = 0; s < c->span_count; s++)
	{
		tests[s].from = take_instant(source, c, PCORE_BEGIN_OF_TIME);
		tests[s].until = take_instant(source, c, PCORE_END_OF_TIME);
	}
	for (int i = 0; i < c->sample_count; i++)
	{
		first[i] = last[i] = false;
		for (int s = c->span_count - 1; s >= 0; s--)
			if (is_open(c->spans[s], c->samples[i]))
				first[i] = is_open(tests[s], c->samples[i]);
		for (int s = 0; s < c->span_count; s++)
			if (is_open(c->spans[s], c->samples[i]))
				last[i] = is_open(tests[s], c->samples[i]);
	}
	naive_compare("first", pcore_truth_first(c->spans, tests, c->span_count, c->start),
				  c->samples, first, c->sample_count);
	naive_compare("last", pcore_truth_last(c->spans, tests, c->span_count, c->start),
				  c->samples, last, c->sample_count);
}

/* Checks the longest, the shortest, the last and the average gap between chosen events. */
static void
check_gaps(NaiveSource *source, Case *c)
{
	PcoreInstant at[MOST_SPANS];
	PcoreRange	ranges[2];
	int			range_count = naive_below(source, 3);
	bool		expected[4][MOST_SAMPLES];

	sort_ends(c->spans, c->span_count, false);
	sort_ends(c->spans, c->span_count, true);
	for (int s = 0; s < c->span_count; s++)
		at[s] = (s > 0 ? at[s - 1] : 0) + naive_below(source, 4);
	for (int r = 0; r < range_count; r++)
	{
		ranges[r].low = naive_below(source, 4);
		ranges[r].high = naive_below(source, 3) == 0 ? INT64_MAX : ranges[r].low + naive_below(source, 3) - 1;
	}
	for (int i = 0; i < c->sample_count; i++)
	{
		PcoreDuration gaps[4] = {-1, -1, -1, -1};
		PcoreDuration sum = 0;
		int			before = -1;
		int			found = 0;

		for (int s = 0; s < c->span_count; s++)
		{
			if (!is_open(c->spans[s], c->samples[i]))
				continue;
			if (before >= 0)
			{
				PcoreDuration gap = at[s] - at[before];

				if (gap > gaps[PCORE_GAP_LONGEST])
					gaps[PCORE_GAP_LONGEST] = gap;
				if (gaps[PCORE_GAP_SHORTEST] < 0 || gap < gaps[PCORE_GAP_SHORTEST])
					gaps[PCORE_GAP_SHORTEST] = gap;
				gaps[PCORE_GAP_LAST] = gap;
				sum += gap;
				gaps[PCORE_GAP_AVERAGE] = sum / ++found;
			}
			before = s;
		}
		for (int g = 0; g < 4; g++)
		{
			expected[g][i] = false;
			for (int r = 0; r < range_count; r++)
				expected[g][i] |= gaps[g] >= ranges[r].low && gaps[g] <= ranges[r].high;
		}
	}
	for (int g = 0; g < 4; g++)
		naive_compare("gap", pcore_truth_gap(c->spans, at, c->span_count, c->start, g, ranges, range_count),
					  c->samples, expected[g], c->sample_count);
}

/* Checks what has held for a length of time. */
static void
check_held(NaiveSource *source, Case *c)
{
	bool		values[MOST_SAMPLES];
	bool		expected[MOST_SAMPLES];
	int			length = naive_below(source, 5) + 1;
	PcoreTruth	truth;
	PcoreTruth	held;
	int			from;

	if (c->start != PCORE_BEGIN_OF_TIME)
		return;
	truth = make_truth(source, c, values);
	for (int i = 0; i < c->sample_count; i++)
	{
		/* True at all samples of [t - length, t], and always before if that reaches there. */
		expected[i] = values[i];
		for (int j = i; j > 0 && c->samples[i] - c->samples[j] <= length; j--)
			expected[i] &= values[j];
		if (i > 0 && c->samples[i] - c->samples[1] < length)
			expected[i] &= values[0];
	}
	held = pcore_truth_held(truth, length);
	/* What begins to hold when the samples are over is not looked at. */
	while (held.count > 0 && held.toggles[held.count - 1] > c->samples[c->sample_count - 1])
		held.count--;
	naive_compare("held", held, c->samples, expected, c->sample_count);
	from = naive_below(source, c->sample_count);
	naive_compare("from", pcore_truth_from(truth, c->samples[from]), &c->samples[from], &values[from],
				  c->sample_count - from);
}

/* Makes a case of the bytes and checks it. */
void
naive_truth(NaiveSource *source)
{
	Case		c;

	make_case(source, &c);
	switch (naive_below(source, 6))
	{
		case 0:
			check_combinations(source, &c);
			break;
		case 1:
			check_counts(source, &c);
			break;
		case 2:
			check_sweep(source, &c);
			break;
		case 3:
			check_gaps(source, &c);
			break;
		case 4:
			check_held(source, &c);
			break;
		default:
			check_first_last(source, &c);
			break;
	}
}
