/*
 * evaluate.c - the truth of compiled conditions for one customer.
 *
 * Each node is evaluated at most once per customer and kind of answer: from
 * as_of on (enough for "does it hold, and until when"), or over all time (for
 * "since when", and so for triggers).  Both come from the same functions of
 * time; the first leaves out what is past.
 */
#include "postgres.h"

#include <limits.h>

#include "common/hashfn.h"
#include "condition/evaluate.h"
#include "core/text.h"
#include "host.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/* Prepares the evaluation of a customer; "records" are sorted and may go beyond as_of. */
void
persona_evaluation_begin(PersonaEvaluation *evaluation, PersonaRecord **records, int count)
{
	const PersonaConditions *set = evaluation->set;
	int		   *room;

	/* What is later than as_of does not exist. */
	while (count > 0 && records[count - 1]->at > evaluation->as_of)
		count--;
	evaluation->words = persona_conditions_words(set);
	evaluation->event_count = count;
	evaluation->events = records;
	evaluation->at = palloc(sizeof(PcoreInstant) * (count + 1));
	evaluation->chosen = palloc0(sizeof(int32 *) * (set->selector_count + 1));
	evaluation->chosen_count = palloc0(sizeof(int) * (set->selector_count + 1));
	for (int m = 0; m < 2; m++)
	{
		evaluation->memory[m] = palloc(sizeof(PcoreTruth) * (set->node_count + 1));
		evaluation->known[m] = palloc0(sizeof(bool) * (set->node_count + 1));
	}
	evaluation->keys = palloc0(sizeof(PersonaKeys) * (set->scope_count + 1));
	evaluation->scope = PERSONA_NONE;
	evaluation->whole = NULL;

	/* The events of each selector: counted first, then listed. */
	room = palloc0(sizeof(int) * (set->selector_count + 1));
	for (int pass = 0; pass < 2; pass++)
	{
		for (int e = 0; e < count; e++)
		{
			evaluation->at[e] = records[e]->at;
			for (int w = 0; w < evaluation->words; w++)
				for (uint64 bits = records[e]->bits[w]; bits != 0; bits &= bits - 1)
				{
					int			selector = w * 64 + __builtin_ctzll(bits);

					if (selector >= set->selector_count)
						break;
					if (pass == 0)
						room[selector]++;
					else
						evaluation->chosen[selector][evaluation->chosen_count[selector]++] = e;
				}
		}
		for (int s = 0; pass == 0 && s < set->selector_count; s++)
			evaluation->chosen[s] = room[s] > 0 ? palloc(sizeof(int32) * room[s]) : NULL;
	}
}

/* Returns the instant from which a mode's truths are known. */
static PcoreInstant
mode_start(const PersonaEvaluation *evaluation, int mode)
{
	return mode == NOW ? evaluation->as_of : PCORE_BEGIN_OF_TIME;
}

/* Returns what a mode wants to see of time. */
static PersonaView
view_of(const PersonaEvaluation *evaluation, int mode)
{
	PersonaView view = {evaluation->as_of, mode == ALL_TIME};

	return view;
}

/* Returns the zone of a condition: a named one, or the customer's. */
static const PcoreZone *
condition_zone(const PersonaEvaluation *evaluation, const PersonaCondition *condition, PcoreZone *named)
{
	if (condition->zone != NULL && persona_zone_find(condition->zone, named))
		return named;
	return evaluation->zone;
}

/* Returns the time in which an event counts for a window. */
static PcoreSpan
window_span(const PersonaPeriod *period, PcoreInstant at, const PcoreZone *zone)
{
	PcoreSpan	span = {at, PCORE_END_OF_TIME};

	switch (period->kind)
	{
		case PERSONA_PERIOD_LENGTH:
			span.until = pcore_add(at, period->length);
			break;
		case PERSONA_PERIOD_CALENDAR:
			{
				PcoreLocal	local = pcore_local(zone, at);

				/* from <= unit of the event - unit of as_of < until */
				span.from = pcore_max(at, pcore_instant(zone, pcore_unit_start(local, period->unit, 1 - period->until)));
				span.until = pcore_instant(zone, pcore_unit_start(local, period->unit, 1 - period->from));
				break;
			}
		default:
			break;
	}
	return span;
}

/* Returns a kept value of an event as text, or NULL. */
const char *
persona_kept_text(const PersonaEvaluation *evaluation, int event, int slot)
{
	const PersonaValue *value = persona_record_value(evaluation->events[event], evaluation->words, slot);

	return value == NULL ? NULL : value->bytes;
}

/* Returns the time in which an event counts for the window of a condition. */
static PcoreSpan
condition_span(const PersonaCondition *condition, PcoreInstant at, const PcoreZone *zone)
{
	PcoreSpan	span = window_span(&condition->within, at, zone);

	/* "before" begins when "within" ends. */
	if (condition->before.kind != PERSONA_PERIOD_NONE)
		span.from = pcore_max(span.from, window_span(&condition->before, at, zone).until);
	return span;
}

/* Adds a time in which an event counts. */
static void
add_window(PersonaWindows *windows, PcoreSpan span, int event)
{
	if (windows->count == windows->room)
	{
		windows->room *= 2;
		windows->spans = repalloc(windows->spans, sizeof(PcoreSpan) * windows->room);
		windows->events = repalloc(windows->events, sizeof(int) * windows->room);
	}
	windows->spans[windows->count] = span;
	windows->events[windows->count++] = event;
}

/* Returns the truth of a "where" of which the parts were kept; moves *kept on. */
static PcoreTruth
kept_where_truth(const PersonaCondition *where, const char **kept, const PcoreZone *zone, PersonaView view)
{
	PcoreTruth	truth;

	if (where->kind == PERSONA_ATTRIBUTE)
	{
		if (persona_test_is_relative(where->test))
			truth = persona_kept_truth(where->test, *kept, zone, view);
		else
			truth = pcore_truth_constant(**kept == '1');
		while (**kept != ' ' && **kept != '\0')
			(*kept)++;
		if (**kept == ' ')
			(*kept)++;
		return truth;
	}
	if (where->kind == PERSONA_NOT)
		return pcore_truth_not(kept_where_truth(where->parts[0], kept, zone, view));
	truth = pcore_truth_constant(where->kind == PERSONA_ALL);
	for (int i = 0; i < where->count; i++)
	{
		PcoreTruth	part = kept_where_truth(where->parts[i], kept, zone, view);

		truth = where->kind == PERSONA_ALL ? pcore_truth_and(truth, part) : pcore_truth_or(truth, part);
	}
	return truth;
}

/* Adds the times in which both an event's window is open and its "where" holds. */
static void
add_where_windows(PersonaEvaluation *evaluation, PersonaWindows *windows, int selector, int event, PcoreSpan window)
{
	const PersonaSelector *from = &evaluation->set->selectors[selector];
	const char *kept = persona_kept_text(evaluation, evaluation->chosen[selector][event], from->kept_where);
	PcoreTruth	truth;
	bool		holds;
	PcoreInstant begin = PCORE_BEGIN_OF_TIME;

	if (kept == NULL)
		return;
	truth = kept_where_truth(from->where, &kept, evaluation->zone, view_of(evaluation, ALL_TIME));
	holds = truth.initial;
	for (int i = 0; i <= truth.count; i++)
	{
		PcoreInstant end = i < truth.count ? truth.toggles[i] : PCORE_END_OF_TIME;
		PcoreSpan	span = {pcore_max(begin, window.from), pcore_min(end, window.until)};

		if (holds && span.from < span.until)
			add_window(windows, span, event);
		holds = !holds;
		begin = end;
	}
}

/* Returns the times in which the events of a selector count. */
PersonaWindows
persona_windows(PersonaEvaluation *evaluation, const PersonaCondition *condition, int selector)
{
	int			count = evaluation->chosen_count[selector];
	PersonaWindows windows = {0, count + 1, palloc(sizeof(PcoreSpan) * (count + 1)), palloc(sizeof(int) * (count + 1))};
	PcoreZone	named;
	const PcoreZone *zone = condition_zone(evaluation, condition, &named);

	for (int i = 0; i < count; i++)
	{
		PcoreSpan	span = condition_span(condition, evaluation->at[evaluation->chosen[selector][i]], zone);

		if (evaluation->set->selectors[selector].kept_where == PERSONA_NONE)
			add_window(&windows, span, i);
		else
			add_where_windows(evaluation, &windows, selector, i, span);
	}
	return windows;
}

/*
 * Returns the truth of a count in a window of fixed length (0: no window) from
 * as_of on: from here on the count only falls, so each range is one stretch.
 */
static PcoreTruth
count_from_now(PersonaEvaluation *evaluation, const PersonaNode *node, PcoreDuration length)
{
	const int32 *chosen = evaluation->chosen[node->selector];
	int			count = evaluation->chosen_count[node->selector];
	int			gone = 0;
	int			open;
	PcoreSpan  *spans = palloc(sizeof(PcoreSpan) * node->range_count);

	if (length > 0)
	{
		int			high = count;

		while (gone < high)
		{
			int			middle = gone + (high - gone) / 2;

			if (pcore_add(evaluation->at[chosen[middle]], length) <= evaluation->as_of)
				gone = middle + 1;
			else
				high = middle;
		}
	}
	open = count - gone;

/* The instant at which the count is at most x, for x < open. */
#define FALLS_TO(x) \
	(length > 0 ? pcore_add(evaluation->at[chosen[count - (int) (x) - 1]], length) : PCORE_END_OF_TIME)

	for (int r = 0; r < node->range_count; r++)
	{
		PcoreRange	range = node->ranges[r];

		spans[r].from = spans[r].until = PCORE_BEGIN_OF_TIME;
		if (range.high < range.low)
			continue;
		if (open > range.high)
			spans[r].from = FALLS_TO(range.high);
		if (range.low == 0)
			spans[r].until = PCORE_END_OF_TIME;
		else if (open < range.low)
			spans[r].until = spans[r].from;
		else
			spans[r].until = FALLS_TO(range.low - 1);
	}
#undef FALLS_TO
	return pcore_truth_any_span(spans, node->range_count, evaluation->as_of);
}

/* Returns the truth of a number of events. */
static PcoreTruth
count_truth(PersonaEvaluation *evaluation, const PersonaNode *node, int mode)
{
	const PersonaCondition *condition = node->source;
	PersonaWindows windows;

	if (mode == NOW && condition->within.kind != PERSONA_PERIOD_CALENDAR
		&& condition->before.kind == PERSONA_PERIOD_NONE
		&& evaluation->set->selectors[node->selector].kept_where == PERSONA_NONE)
		return count_from_now(evaluation, node, condition->within.length);
	windows = persona_windows(evaluation, condition, node->selector);
	return pcore_truth_count(windows.spans, windows.count, mode_start(evaluation, mode),
							 node->ranges, node->range_count);
}

/* ---- sums and averages ---- */

/* Amounts are counted in billionths as long as all of them fit. */
#define AMOUNT_DIGITS 9
typedef int128 Amount;			/* PostgreSQL's own, for it asks for no more alignment than palloc() gives */

typedef struct Sum
{
	const PersonaTest *test;
	const int  *events;			/* by span */
	bool		average;
	bool		exact;			/* amounts, not numerics */
	Amount	   *amounts;
	Amount		amount;
	Numeric    *numerics;		/* NULL: the value is not finite */
	Numeric		numeric;
	char	   *special;		/* per event: 'n' NaN, '+' or '-' infinity, 0 finite */
	bool	   *absent;
	int64		count;			/* of known values in the window */
	int64		nan;
	int64		infinite[2];	/* positive, negative */
	int			operand_count;
	Amount	   *operand_amounts;
	Numeric    *operand_numerics;
} Sum;

/* Reads a plain decimal of at most 20 digits before and 9 behind the point. */
static bool
read_amount(const char *text, Amount *amount)
{
	bool		negative = *text == '-';
	int			digits = 0;
	int			decimals = 0;
	Amount		value = 0;

	if (negative)
		text++;
	for (; *text >= '0' && *text <= '9'; text++, digits++)
		value = value * 10 + (*text - '0');
	if (digits == 0 || digits > 20)
		return false;
	if (*text == '.')
	{
		for (text++; *text >= '0' && *text <= '9'; text++, decimals++)
		{
			if (decimals == AMOUNT_DIGITS)
				return false;
			value = value * 10 + (*text - '0');
		}
	}
	if (*text != '\0')
		return false;
	for (; decimals < AMOUNT_DIGITS; decimals++)
		value *= 10;
	*amount = negative ? -value : value;
	return true;
}

/* Makes a numeric from text. */
static Numeric
read_numeric(const char *text)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1)));
}

/* Adds or takes away a numeric. */
static Numeric
numeric_step(Numeric sum, Numeric value, bool add)
{
	Numeric		result = DatumGetNumeric(DirectFunctionCall2(add ? numeric_add : numeric_sub,
															 NumericGetDatum(sum), NumericGetDatum(value)));

	pfree(sum);
	return result;
}

/* Lets the value of an event enter or leave the sum. */
static void
sum_step(Sum *sum, int span, int direction)
{
	int			event = sum->events[span];

	if (sum->absent[event])
		return;
	sum->count += direction;
	if (sum->exact)
		sum->amount += direction * sum->amounts[event];
	else if (sum->special[event] == 'n')
		sum->nan += direction;
	else if (sum->special[event] != 0)
		sum->infinite[sum->special[event] == '-'] += direction;
	else
		sum->numeric = numeric_step(sum->numeric, sum->numerics[event], direction > 0);
}

static void
sum_enter(void *state, int span)
{
	sum_step(state, span, 1);
}

static void
sum_leave(void *state, int span)
{
	sum_step(state, span, -1);
}

/* Compares the sum (or average) with an operand, as PostgreSQL orders numerics. */
static int
sum_compare(const Sum *sum, int operand)
{
	Numeric		total;
	Numeric		bound;

	if (sum->exact)
	{
		Amount		limit = sum->operand_amounts[operand] * (sum->average ? sum->count : 1);

		return (sum->amount > limit) - (sum->amount < limit);
	}
	bound = sum->operand_numerics[operand];
	if (sum->nan > 0 || (sum->infinite[0] > 0 && sum->infinite[1] > 0))
		total = read_numeric("NaN");
	else if (sum->infinite[0] > 0 || sum->infinite[1] > 0)
		total = read_numeric(sum->infinite[0] > 0 ? "Infinity" : "-Infinity");
	else
	{
		total = sum->numeric;
		if (sum->average)
			bound = DatumGetNumeric(DirectFunctionCall2(numeric_mul, NumericGetDatum(bound),
														NumericGetDatum(int64_to_numeric(sum->count))));
	}
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(total), NumericGetDatum(bound)));
}

/* Tells whether the sum fulfills the test. */
static bool
sum_test(void *state)
{
	const Sum  *sum = state;
	bool		negated = sum->test->operator == PERSONA_IS_NOT || sum->test->operator == PERSONA_NOT_IN;

	/* The average of nothing is absent, the sum of nothing is 0. */
	if (sum->average && sum->count == 0)
		return negated;
	switch (sum->test->operator)
	{
		case PERSONA_AT_LEAST:
			return sum_compare(sum, 0) >= 0;
		case PERSONA_MORE_THAN:
			return sum_compare(sum, 0) > 0;
		case PERSONA_AT_MOST:
			return sum_compare(sum, 0) <= 0;
		case PERSONA_LESS_THAN:
			return sum_compare(sum, 0) < 0;
		case PERSONA_BETWEEN:
			return sum_compare(sum, 0) >= 0 && sum_compare(sum, 1) <= 0;
		default:
			for (int i = 0; i < sum->operand_count; i++)
				if (sum_compare(sum, i) == 0)
					return !negated;
			return negated;
	}
}

/* A sum whose amounts are added up elsewhere. */
struct PersonaSumTest
{
	Sum			sum;
};

/* Prepares the test of a node; NULL if its operands are no whole numbers of billionths. */
PersonaSumTest *
persona_sum_test_make(const PersonaNode *node)
{
	const PersonaTest *test = node->source->test;
	PersonaSumTest *made = palloc0(sizeof(PersonaSumTest));

	made->sum.test = test;
	made->sum.average = node->source->measure == PERSONA_AVG;
	made->sum.exact = true;
	made->sum.operand_count = test->count;
	made->sum.operand_amounts = palloc0(sizeof(Amount) * Max(test->count, 1));
	for (int i = 0; i < test->count; i++)
		if (!read_amount(test->operands[i]->text, &made->sum.operand_amounts[i]))
			return NULL;
	return made;
}

/* Tells whether an amount passes a test that is the sum of so many known values. */
bool
persona_sum_test_passes(PersonaSumTest *test, int128 amount, int64 known)
{
	test->sum.amount = amount;
	test->sum.count = known;
	return sum_test(&test->sum);
}

/* Returns the truth of a sum or an average. */
static PcoreTruth
sum_truth(PersonaEvaluation *evaluation, const PersonaNode *node, int mode)
{
	const PersonaCondition *condition = node->source;
	const int32 *chosen = evaluation->chosen[node->selector];
	int			count = evaluation->chosen_count[node->selector];
	PersonaWindows windows = persona_windows(evaluation, condition, node->selector);
	const char **texts = palloc(sizeof(char *) * (count + 1));
	PcoreSweep	sweep = {sum_enter, sum_leave, sum_test, NULL};
	Sum			sum;

	memset(&sum, 0, sizeof(sum));
	sweep.state = &sum;
	sum.test = condition->test;
	sum.events = windows.events;
	sum.average = condition->measure == PERSONA_AVG;
	sum.exact = true;
	sum.absent = palloc0(sizeof(bool) * (count + 1));
	sum.amounts = palloc0(sizeof(Amount) * (count + 1));
	sum.operand_count = condition->test->count;
	sum.operand_amounts = palloc0(sizeof(Amount) * sum.operand_count);
	sum.operand_numerics = palloc0(sizeof(Numeric) * sum.operand_count);
	for (int i = 0; i < sum.operand_count; i++)
	{
		const char *text = condition->test->operands[i]->text;

		sum.operand_numerics[i] = read_numeric(text);
		sum.exact &= read_amount(text, &sum.operand_amounts[i]);
	}
	for (int i = 0; i < count; i++)
	{
		texts[i] = persona_kept_text(evaluation, chosen[i], node->slot);
		sum.absent[i] = texts[i] == NULL;
		if (!sum.absent[i])
			sum.exact &= read_amount(texts[i], &sum.amounts[i]);
	}
	if (!sum.exact)
	{
		sum.numeric = read_numeric("0");
		sum.numerics = palloc0(sizeof(Numeric) * (count + 1));
		sum.special = palloc0(count + 1);
		for (int i = 0; i < count; i++)
		{
			if (sum.absent[i])
				continue;
			sum.numerics[i] = read_numeric(texts[i]);
			if (numeric_is_nan(sum.numerics[i]))
				sum.special[i] = 'n';
			else if (numeric_is_inf(sum.numerics[i]))
				sum.special[i] = texts[i][0] == '-' ? '-' : '+';
		}
	}
	return pcore_truth_sweep(windows.spans, windows.count, mode_start(evaluation, mode), &sweep);
}

/* ---- classes of equal values ---- */

/* Makes a table for at most "count" texts. */
PersonaClasses
persona_classes_make(int count)
{
	PersonaClasses classes = {64, NULL, 0};

	while (classes.size < count * 2)
		classes.size *= 2;
	classes.entries = palloc0(sizeof(PersonaClassEntry) * classes.size);
	return classes;
}

/* Returns the number of a text. */
int32
persona_class_of(PersonaClasses *classes, const char *text)
{
	uint32		hash = hash_bytes((const unsigned char *) text, strlen(text));
	int			i = hash & (classes->size - 1);

	while (classes->entries[i].text != NULL)
	{
		if (classes->entries[i].hash == hash && strcmp(classes->entries[i].text, text) == 0)
			return classes->entries[i].class;
		i = (i + 1) & (classes->size - 1);
	}
	classes->entries[i].text = text;
	classes->entries[i].hash = hash;
	classes->entries[i].class = classes->next;
	return classes->next++;
}

/* What counting distinct values keeps. */
typedef struct Distinct
{
	const PersonaNode *node;
	const int32 *class_of;		/* by span, -1 absent */
	int		   *open;			/* per class */
	int64		count;
} Distinct;

static void
distinct_enter(void *state, int span)
{
	Distinct   *distinct = state;

	if (distinct->class_of[span] >= 0 && distinct->open[distinct->class_of[span]]++ == 0)
		distinct->count++;
}

static void
distinct_leave(void *state, int span)
{
	Distinct   *distinct = state;

	if (distinct->class_of[span] >= 0 && --distinct->open[distinct->class_of[span]] == 0)
		distinct->count--;
}

static bool
distinct_test(void *state)
{
	const Distinct *distinct = state;

	for (int r = 0; r < distinct->node->range_count; r++)
		if (distinct->count >= distinct->node->ranges[r].low && distinct->count <= distinct->node->ranges[r].high)
			return true;
	return false;
}

/* Returns the truth of a number of distinct values. */
static PcoreTruth
distinct_truth(PersonaEvaluation *evaluation, const PersonaNode *node, int mode)
{
	const int32 *chosen = evaluation->chosen[node->selector];
	PersonaWindows windows = persona_windows(evaluation, node->source, node->selector);
	PersonaClasses classes = persona_classes_make(windows.count);
	int32	   *class_of = palloc(sizeof(int32) * (windows.count + 1));
	Distinct	distinct = {node, class_of, NULL, 0};
	PcoreSweep	sweep = {distinct_enter, distinct_leave, distinct_test, &distinct};

	for (int i = 0; i < windows.count; i++)
	{
		const char *text = persona_kept_text(evaluation, chosen[windows.events[i]], node->slot);

		class_of[i] = text == NULL ? -1 : persona_class_of(&classes, text);
	}
	distinct.open = palloc0(sizeof(int) * (classes.next + 1));
	return pcore_truth_sweep(windows.spans, windows.count, mode_start(evaluation, mode), &sweep);
}

/* ---- first, last, every ---- */

/* Returns the truth of a test of the first or last event. */
static PcoreTruth
one_event_truth(PersonaEvaluation *evaluation, const PersonaNode *node, int mode)
{
	const PersonaCondition *condition = node->source;
	const int32 *chosen = evaluation->chosen[node->selector];
	int			count = evaluation->chosen_count[node->selector];
	PcoreSpan  *spans = persona_windows(evaluation, condition, node->selector).spans;
	PcoreSpan  *tests = palloc(sizeof(PcoreSpan) * (count + 1));
	PcoreZone	named;
	const PcoreZone *zone = condition_zone(evaluation, condition, &named);

	for (int i = 0; i < count; i++)
	{
		PcoreInstant at = evaluation->at[chosen[i]];
		PcoreSpan	test = {PCORE_BEGIN_OF_TIME, PCORE_END_OF_TIME};

		if (condition->one_within.kind != PERSONA_PERIOD_NONE)
			test = window_span(&condition->one_within, at, zone);
		/* "before" begins when "within" ends. */
		if (condition->one_before.kind != PERSONA_PERIOD_NONE)
			test.from = pcore_max(test.from, window_span(&condition->one_before, at, zone).until);
		if (node->passed != PERSONA_NONE && !PERSONA_HAS_BIT(evaluation->events[chosen[i]], node->passed))
			test.until = test.from;
		tests[i] = test;
	}
	if (node->kind == PERSONA_NODE_FIRST)
		return pcore_truth_first(spans, tests, count, mode_start(evaluation, mode));
	return pcore_truth_last(spans, tests, count, mode_start(evaluation, mode));
}

/* Returns the truth of a test of the longest, shortest, last or average gap. */
static PcoreTruth
gap_truth(PersonaEvaluation *evaluation, const PersonaNode *node, int mode)
{
	const int32 *chosen = evaluation->chosen[node->selector];
	int			count = evaluation->chosen_count[node->selector];
	PcoreSpan  *spans = persona_windows(evaluation, node->source, node->selector).spans;
	PcoreInstant *at = palloc(sizeof(PcoreInstant) * (count + 1));

	for (int i = 0; i < count; i++)
		at[i] = evaluation->at[chosen[i]];
	return pcore_truth_gap(spans, at, count, mode_start(evaluation, mode), node->source->gap,
						   node->ranges, node->range_count);
}

/* Returns the truth of "in so many of the last n periods". */
static PcoreTruth
every_truth(PersonaEvaluation *evaluation, const PersonaNode *node, int mode)
{
	const PersonaCondition *condition = node->source;
	const int32 *chosen = evaluation->chosen[node->selector];
	int			count = evaluation->chosen_count[node->selector];
	int			periods = condition->every_of;
	Size		total = (Size) count * periods;
	PcoreSpan  *spans;
	int32	   *class_of;
	Distinct	distinct = {node, NULL, NULL, 0};
	PcoreSweep	sweep = {distinct_enter, distinct_leave, distinct_test, &distinct};
	Size		n = 0;

	spans = palloc_extended(sizeof(PcoreSpan) * (total + 1), MCXT_ALLOC_HUGE);
	class_of = palloc_extended(sizeof(int32) * (total + 1), MCXT_ALLOC_HUGE);
	/* An event is in period k from at + k P until at + (k + 1) P. */
	for (int k = 0; k < periods; k++)
		for (int i = 0; i < count; i++)
		{
			PcoreInstant at = evaluation->at[chosen[i]];
			PcoreSpan	span = {pcore_add(at, k * condition->every_period),
			pcore_add(at, (k + 1) * condition->every_period)};

			if (span.until <= mode_start(evaluation, mode))
				continue;
			if (n >= (Size) INT_MAX)
				ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
								errmsg("too many events for \"every\"")));
			spans[n] = span;
			class_of[n++] = k;
		}
	distinct.class_of = class_of;
	distinct.open = palloc0(sizeof(int) * periods);
	return pcore_truth_sweep(spans, (int) n, mode_start(evaluation, mode), &sweep);
}

/* ---- sequences ---- */

/* Returns the classes of events under the "same" of a step: those of the step and of the one before. */
static int32 *
same_classes(PersonaEvaluation *evaluation, const PersonaNodeStep *step, int previous_selector)
{
	int			selectors[2] = {step->selector, previous_selector};
	int32	   *class_of = palloc(sizeof(int32) * (evaluation->event_count + 1));
	PersonaClasses classes = persona_classes_make(evaluation->chosen_count[selectors[0]] + evaluation->chosen_count[selectors[1]]);

	for (int e = 0; e < evaluation->event_count; e++)
		class_of[e] = -1;
	for (int s = 0; s < 2; s++)
		for (int i = 0; i < evaluation->chosen_count[selectors[s]]; i++)
		{
			int			event = evaluation->chosen[selectors[s]][i];
			const char *all = NULL;

			for (int p = 0; p < step->same_count; p++)
			{
				const char *text = persona_kept_text(evaluation, event, step->same_slots[p]);

				/* A step never matches on an absent property. */
				if (text == NULL)
				{
					all = NULL;
					break;
				}
				all = step->same_count == 1 ? text : psprintf("%s%zu:%s", all == NULL ? "" : all, strlen(text), text);
			}
			if (all != NULL)
				class_of[event] = persona_class_of(&classes, all);
		}
	return class_of;
}

/* Returns the truth of a sequence, and the events that it bound at an instant if "bound" is given. */
PcoreTruth
persona_sequence_truth(PersonaEvaluation *evaluation, const PersonaNode *node, int mode, PcoreInstant instant, int32 *bound)
{
	const PersonaCondition *condition = node->source;
	PcoreStep  *steps = palloc0(sizeof(PcoreStep) * condition->step_count);
	int			previous = 0;

	for (int s = 0; s < condition->step_count; s++)
	{
		const PersonaNodeStep *step = &node->steps[s];

		steps[s].absent = condition->steps[s].absent;
		steps[s].within = condition->steps[s].within;
		steps[s].after = condition->steps[s].after;
		steps[s].count = evaluation->chosen_count[step->selector];
		steps[s].events = evaluation->chosen[step->selector];
		if (step->same_count > 0)
			steps[s].classes = same_classes(evaluation, step, node->steps[previous].selector);
		if (!steps[s].absent)
			previous = s;
	}
	return pcore_sequence(evaluation->at, evaluation->event_count, steps, condition->step_count,
						  condition->within.length, condition->completed_within, mode_start(evaluation, mode),
						  instant, bound);
}

/* ---- all nodes ---- */

/* Computes the truth of a node. */
static PcoreTruth
compute_truth(PersonaEvaluation *evaluation, const PersonaNode *node, int mode)
{
	PcoreTruth	truth;

	switch (node->kind)
	{
		case PERSONA_NODE_ALL:
		case PERSONA_NODE_ANY:
			truth = pcore_truth_constant(node->kind == PERSONA_NODE_ALL);
			for (int i = 0; i < node->count; i++)
			{
				PcoreTruth	part = persona_node_truth(evaluation, node->parts[i], mode);

				truth = node->kind == PERSONA_NODE_ALL ? pcore_truth_and(truth, part) : pcore_truth_or(truth, part);
				/* False for ever, or true for ever: nothing changes that. */
				if (truth.count == 0 && truth.initial != (node->kind == PERSONA_NODE_ALL))
					break;
			}
			return truth;
		case PERSONA_NODE_NOT:
			return pcore_truth_not(persona_node_truth(evaluation, node->parts[0], mode));
		case PERSONA_NODE_TEST:
			truth = persona_row_test_truth(evaluation->tests[node->test], evaluation->values, evaluation->nulls,
										   evaluation->zone, view_of(evaluation, mode));
			return mode == NOW && truth.count > 0 ? pcore_truth_from(truth, evaluation->as_of) : truth;
		case PERSONA_NODE_COUNT:
			return count_truth(evaluation, node, mode);
		case PERSONA_NODE_SUM:
			return sum_truth(evaluation, node, mode);
		case PERSONA_NODE_DISTINCT:
			return distinct_truth(evaluation, node, mode);
		case PERSONA_NODE_FIRST:
		case PERSONA_NODE_LAST:
			return one_event_truth(evaluation, node, mode);
		case PERSONA_NODE_EVERY:
			return every_truth(evaluation, node, mode);
		case PERSONA_NODE_SEQUENCE:
			return persona_sequence_truth(evaluation, node, mode, evaluation->as_of, NULL);
		case PERSONA_NODE_BUCKET:
			{
				double		place = pcore_bucket(node->source->seed, evaluation->key, 2);

				return pcore_truth_constant(place >= node->source->bucket_from && place < node->source->bucket_to);
			}
		case PERSONA_NODE_GAP:
			return gap_truth(evaluation, node, mode);
		case PERSONA_NODE_HELD:
			truth = pcore_truth_held(persona_node_truth(evaluation, node->parts[0], ALL_TIME), node->source->held_for);
			return mode == NOW ? pcore_truth_from(truth, evaluation->as_of) : truth;
		case PERSONA_NODE_PER:
			return persona_truth_of_any_key(evaluation, node, mode);
	}
	pg_unreachable();
}

/* Returns the truth of a node, computed at most once. */
PcoreTruth
persona_node_truth(PersonaEvaluation *evaluation, int node, int mode)
{
	check_stack_depth();
	/* What asks for no key is the same for all of them. */
	if (evaluation->whole != NULL && evaluation->set->nodes[node].scope != evaluation->scope)
		return persona_node_truth(evaluation->whole, node, mode);
	if (!evaluation->known[mode][node])
	{
		evaluation->memory[mode][node] = compute_truth(evaluation, &evaluation->set->nodes[node], mode);
		evaluation->known[mode][node] = true;
	}
	return evaluation->memory[mode][node];
}

/* Returns the truth of a node from as_of on. */
PcoreTruth
persona_truth_from_now(PersonaEvaluation *evaluation, int node)
{
	return persona_node_truth(evaluation, node, NOW);
}

/* Returns the truth of a node over all time. */
PcoreTruth
persona_truth_of_all_time(PersonaEvaluation *evaluation, int node)
{
	return persona_node_truth(evaluation, node, ALL_TIME);
}
