/*
 * counts.c - counters, the nodes that follow from them, patterns and classes.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "pass/amount.h"
#include "pass/counts.h"
#include "utils/memutils.h"

#define MOST_PERIODS 64			/* of "every"; more are left to the evaluator */

/* Numbers of events of a selector that are later than an instant. */
typedef struct Counter
{
	int			selector;
	PcoreInstant later_than;
	int			node_count;		/* nodes that only ask whether its number is in ranges */
	int			node_room;
	int		   *nodes;
	int			step_count;		/* numbers at which one of these nodes changes, increasing */
	int64	   *steps;
	int		   *begins;			/* by step: where its nodes begin in "turned", and after the last the end */
	int		   *turned;			/* nodes that are not what they are without events */
	int			composed_count;
	int			composed_room;
	int		   *composed;		/* numbers of composed nodes that look at it */
} Counter;

/* Sums of a property over the events of a counter. */
typedef struct Total
{
	int			selector;
	int			slot;
	PcoreInstant later_than;
	int			node_count;
	int			node_room;
	int		   *nodes;
	int			test_room;
	PersonaSumTest **tests;		/* by node */
} Total;

typedef enum ComposedKind
{
	COMPOSED_FIRST,
	COMPOSED_LAST,
	COMPOSED_EVERY
} ComposedKind;

/* A node that compares counters. */
typedef struct Composed
{
	int			node;
	ComposedKind kind;
	int			all;			/* counter of the chosen events */
	int			within;			/* counters of those that are in, or PERSONA_NONE */
	int			before;
	int			period_count;
	int		   *periods;		/* counter of the events later than the begin of each period */
} Composed;

struct PersonaCounters
{
	const PersonaConditions *set;
	PcoreInstant as_of;
	MemoryContext context;
	int			counter_count;
	int			counter_room;
	Counter    *counters;
	int			total_count;
	int			total_room;
	Total	   *totals;
	int			composed_count;
	int			composed_room;
	Composed   *composed;
	const bool *defaults;
};

/* Returns an array with room for one more element. */
static void *
grow(void *array, int count, int *room, Size size)
{
	if (count < *room)
		return array;
	*room = Max(8, *room * 2);
	return array == NULL ? palloc0(size * *room) : repalloc_huge(array, size * *room);
}

/* Makes an empty set of counters for an instant. */
PersonaCounters *
persona_counts_make(const PersonaConditions *set, PcoreInstant as_of)
{
	PersonaCounters *counts = palloc0(sizeof(PersonaCounters));

	counts->set = set;
	counts->as_of = as_of;
	counts->context = CurrentMemoryContext;
	return counts;
}

/* Returns the counter of a selector's events later than an instant. */
static int
counter_of(PersonaCounters *counts, int selector, PcoreInstant later_than)
{
	Counter    *counter;

	for (int c = 0; c < counts->counter_count; c++)
		if (counts->counters[c].selector == selector && counts->counters[c].later_than == later_than)
			return c;
	counts->counters = grow(counts->counters, counts->counter_count, &counts->counter_room, sizeof(Counter));
	counter = &counts->counters[counts->counter_count];
	memset(counter, 0, sizeof(Counter));
	counter->selector = selector;
	counter->later_than = later_than;
	return counts->counter_count++;
}

/* Tells after which instant an event has to lie for a window that ends at as_of; false: not that simple. */
static bool
window_begin(const PersonaCounters *counts, const PersonaPeriod *period, PcoreInstant *later_than)
{
	switch (period->kind)
	{
		case PERSONA_PERIOD_NONE:
			*later_than = PCORE_BEGIN_OF_TIME;
			return true;
		case PERSONA_PERIOD_LENGTH:
			*later_than = pcore_add(counts->as_of, -period->length);
			return true;
		default:
			return false;
	}
}

/* Adds a composed node to the counter that it looks at. */
static void
look_at(PersonaCounters *counts, int number, int composed)
{
	Counter    *counter = &counts->counters[number];

	counter->composed = grow(counter->composed, counter->composed_count, &counter->composed_room, sizeof(int));
	counter->composed[counter->composed_count++] = composed;
}

/* Adds a composed node. */
static void
add_composed(PersonaCounters *counts, const Composed *composed)
{
	int			number = counts->composed_count;

	counts->composed = grow(counts->composed, number, &counts->composed_room, sizeof(Composed));
	counts->composed[counts->composed_count++] = *composed;
	/* Whatever changes its answer touches the counter that holds all its events. */
	look_at(counts, composed->all, number);
}

/* Takes in a test of the first or last event. */
static bool
add_one_event(PersonaCounters *counts, int number)
{
	const PersonaNode *node = &counts->set->nodes[number];
	const PersonaCondition *condition = node->source;
	Composed	composed = {.node = number,.within = PERSONA_NONE,.before = PERSONA_NONE};
	PcoreInstant all;
	PcoreInstant begin;

	if (node->passed != PERSONA_NONE || !window_begin(counts, &condition->within, &all)
		|| !window_begin(counts, &condition->one_within, &begin)
		|| !window_begin(counts, &condition->one_before, &begin))
		return false;
	composed.kind = node->kind == PERSONA_NODE_FIRST ? COMPOSED_FIRST : COMPOSED_LAST;
	composed.all = counter_of(counts, node->selector, all);
	if (condition->one_within.kind != PERSONA_PERIOD_NONE)
	{
		(void) window_begin(counts, &condition->one_within, &begin);
		composed.within = counter_of(counts, node->selector, pcore_max(all, begin));
	}
	if (condition->one_before.kind != PERSONA_PERIOD_NONE)
	{
		(void) window_begin(counts, &condition->one_before, &begin);
		composed.before = counter_of(counts, node->selector, pcore_max(all, begin));
	}
	add_composed(counts, &composed);
	return true;
}

/* Takes in a number of periods with an event. */
static bool
add_every(PersonaCounters *counts, int number)
{
	const PersonaNode *node = &counts->set->nodes[number];
	const PersonaCondition *condition = node->source;
	Composed	composed = {.node = number,.kind = COMPOSED_EVERY};

	if (condition->within.kind != PERSONA_PERIOD_NONE || condition->every_of > MOST_PERIODS)
		return false;
	composed.period_count = condition->every_of;
	composed.periods = palloc(sizeof(int) * condition->every_of);
	for (int k = 0; k < condition->every_of; k++)
		composed.periods[k] = counter_of(counts, node->selector,
										 pcore_add(counts->as_of, -(k + 1) * condition->every_period));
	composed.all = composed.periods[condition->every_of - 1];
	add_composed(counts, &composed);
	return true;
}

/* Takes in a number of events. */
static bool
add_count(PersonaCounters *counts, int number)
{
	const PersonaNode *node = &counts->set->nodes[number];
	PcoreInstant begin;
	Counter    *counter;
	int			place;

	if (!window_begin(counts, &node->source->within, &begin))
		return false;
	place = counter_of(counts, node->selector, begin);
	counter = &counts->counters[place];
	counter->nodes = grow(counter->nodes, counter->node_count, &counter->node_room, sizeof(int));
	counter->nodes[counter->node_count++] = number;
	return true;
}

/* Takes in a sum or an average. */
static bool
add_sum(PersonaCounters *counts, int number, const bool *amounts)
{
	const PersonaNode *node = &counts->set->nodes[number];
	PcoreInstant begin;
	Total	   *total = NULL;
	PersonaSumTest *test;

	if (!amounts[node->slot] || !window_begin(counts, &node->source->within, &begin))
		return false;
	test = persona_sum_test_make(node);
	if (test == NULL)
		return false;
	for (int t = 0; t < counts->total_count && total == NULL; t++)
		if (counts->totals[t].selector == node->selector && counts->totals[t].slot == node->slot
			&& counts->totals[t].later_than == begin)
			total = &counts->totals[t];
	if (total == NULL)
	{
		counts->totals = grow(counts->totals, counts->total_count, &counts->total_room, sizeof(Total));
		total = &counts->totals[counts->total_count++];
		memset(total, 0, sizeof(Total));
		total->selector = node->selector;
		total->slot = node->slot;
		total->later_than = begin;
	}
	total->nodes = grow(total->nodes, total->node_count, &total->node_room, sizeof(int));
	total->tests = grow(total->tests, total->node_count, &total->test_room, sizeof(PersonaSumTest *));
	total->nodes[total->node_count] = number;
	total->tests[total->node_count++] = test;
	return true;
}

/* Takes a node in if its truth follows from counts. */
bool
persona_counts_add(PersonaCounters *counts, int number, const bool *amounts)
{
	const PersonaNode *node = &counts->set->nodes[number];
	MemoryContext outer;
	bool		taken;

	switch (node->kind)
	{
		case PERSONA_NODE_COUNT:
		case PERSONA_NODE_SUM:
		case PERSONA_NODE_FIRST:
		case PERSONA_NODE_LAST:
		case PERSONA_NODE_EVERY:
			break;
		default:
			return false;
	}
	/* A "where" that depends on as_of is no bit; windows that end before as_of are left to the evaluator. */
	if (counts->set->selectors[node->selector].kept_where != PERSONA_NONE
		|| node->source->before.kind != PERSONA_PERIOD_NONE || node->scope != PERSONA_NONE)
		return false;
	outer = MemoryContextSwitchTo(counts->context);
	if (node->kind == PERSONA_NODE_COUNT)
		taken = add_count(counts, number);
	else if (node->kind == PERSONA_NODE_SUM)
		taken = add_sum(counts, number, amounts);
	else if (node->kind == PERSONA_NODE_EVERY)
		taken = add_every(counts, number);
	else
		taken = add_one_event(counts, number);
	MemoryContextSwitchTo(outer);
	return taken;
}

/* Tells whether a number is in a node's ranges. */
static bool
in_ranges(const PersonaNode *node, int64 number)
{
	for (int r = 0; r < node->range_count; r++)
		if (number >= node->ranges[r].low && number <= node->ranges[r].high)
			return true;
	return false;
}

/* Orders numbers. */
static int
compare_numbers(const void *left, const void *right)
{
	int64		a = *(const int64 *) left;
	int64		b = *(const int64 *) right;

	return (a > b) - (a < b);
}

/* Finds the numbers at which the nodes of a counter change, and lists for each what it changes. */
static void
prepare_steps(const PersonaCounters *counts, Counter *counter)
{
	int			count = 0;
	int			unique = 0;
	int			turned_count = 0;
	int			turned_room = 0;

	for (int i = 0; i < counter->node_count; i++)
		count += 2 * counts->set->nodes[counter->nodes[i]].range_count;
	counter->steps = palloc(sizeof(int64) * (count + 1));
	count = 0;
	counter->steps[count++] = 1;
	for (int i = 0; i < counter->node_count; i++)
	{
		const PersonaNode *node = &counts->set->nodes[counter->nodes[i]];

		for (int r = 0; r < node->range_count; r++)
		{
			if (node->ranges[r].low > 1)
				counter->steps[count++] = node->ranges[r].low;
			if (node->ranges[r].high >= 1 && node->ranges[r].high < PG_INT64_MAX)
				counter->steps[count++] = node->ranges[r].high + 1;
		}
	}
	qsort(counter->steps, count, sizeof(int64), compare_numbers);
	for (int i = 0; i < count; i++)
		if (unique == 0 || counter->steps[unique - 1] != counter->steps[i])
			counter->steps[unique++] = counter->steps[i];
	counter->step_count = unique;
	counter->begins = palloc(sizeof(int) * (unique + 1));
	for (int i = 0; i < unique; i++)
	{
		counter->begins[i] = turned_count;
		for (int n = 0; n < counter->node_count; n++)
		{
			int			number = counter->nodes[n];

			if (in_ranges(&counts->set->nodes[number], counter->steps[i]) == counts->defaults[number])
				continue;
			counter->turned = grow(counter->turned, turned_count, &turned_room, sizeof(int));
			counter->turned[turned_count++] = number;
		}
	}
	counter->begins[unique] = turned_count;
}

/* Ends adding. */
void
persona_counts_ready(PersonaCounters *counts, const bool *defaults)
{
	MemoryContext outer = MemoryContextSwitchTo(counts->context);

	counts->defaults = defaults;
	for (int c = 0; c < counts->counter_count; c++)
		prepare_steps(counts, &counts->counters[c]);
	MemoryContextSwitchTo(outer);
}

/* ---- patterns and classes ---- */

/* Makes an empty numbering of patterns. */
PersonaPatterns *
persona_patterns_make(PersonaCounters *counts, const uint64 *whole, const PcoreInstant *whole_later_than)
{
	PersonaPatterns *patterns = palloc0(sizeof(PersonaPatterns));

	patterns->counts = counts;
	patterns->words = persona_conditions_words(counts->set);
	patterns->whole = whole;
	patterns->whole_later_than = whole_later_than;
	patterns->table_size = 1024;
	patterns->table = palloc0(sizeof(int) * patterns->table_size);
	return patterns;
}

/* Tells whether bits have the one of a selector. */
static inline bool
has_bit(const uint64 *bits, int selector)
{
	return (bits[selector / 64] >> (selector % 64)) & 1;
}

/* Orders instants, the latest first. */
static int
compare_later(const void *left, const void *right)
{
	return compare_numbers(right, left);
}

/* A counter or sum of a pattern, to be sorted. */
typedef struct Adds
{
	PcoreInstant later_than;
	int			number;
	int			amount;
} Adds;

/* Lists the counters (or sums) that events of a pattern add to, those of the latest events first. */
static Adds *
list_adds(const PersonaCounters *counts, const uint64 *bits, bool sums, int *count)
{
	int			all = sums ? counts->total_count : counts->counter_count;
	Adds	   *adds = palloc0(sizeof(Adds) * (all + 1));

	*count = 0;
	for (int i = 0; i < all; i++)
	{
		int			selector = sums ? counts->totals[i].selector : counts->counters[i].selector;

		if (!has_bit(bits, selector))
			continue;
		adds[*count].later_than = sums ? counts->totals[i].later_than : counts->counters[i].later_than;
		adds[(*count)++].number = i;
	}
	qsort(adds, *count, sizeof(Adds), compare_later);
	return adds;
}

/* Makes the classes of a pattern. */
static void
make_classes(PersonaPatterns *patterns, PersonaPattern *pattern)
{
	const PersonaCounters *counts = patterns->counts;
	int			counter_count;
	int			sum_count;
	Adds	   *counters = list_adds(counts, pattern->bits, false, &counter_count);
	Adds	   *sums = list_adds(counts, pattern->bits, true, &sum_count);
	int		   *counter_numbers = palloc(sizeof(int) * (counter_count + 1));
	PersonaClassSum *sum_places = palloc(sizeof(PersonaClassSum) * (sum_count + 1));
	PcoreInstant *ages = palloc(sizeof(PcoreInstant) * (counter_count + sum_count + 2));
	int			age_count = 0;
	int			c = 0;
	int			s = 0;

	pattern->slots = palloc(sizeof(int) * (sum_count + 1));
	for (int i = 0; i < counter_count; i++)
	{
		counter_numbers[i] = counters[i].number;
		ages[age_count++] = counters[i].later_than;
	}
	for (int i = 0; i < sum_count; i++)
	{
		int			place = 0;

		while (place < pattern->slot_count && pattern->slots[place] != counts->totals[sums[i].number].slot)
			place++;
		if (place == pattern->slot_count)
			pattern->slots[pattern->slot_count++] = counts->totals[sums[i].number].slot;
		sum_places[i].sum = sums[i].number;
		sum_places[i].amount = place;
		ages[age_count++] = sums[i].later_than;
	}
	if (pattern->whole)
		ages[age_count++] = pattern->whole_later_than;
	qsort(ages, age_count, sizeof(PcoreInstant), compare_later);
	for (int i = 0; i < age_count; i++)
		if (pattern->age_count == 0 || ages[pattern->age_count - 1] != ages[i])
			ages[pattern->age_count++] = ages[i];
	pattern->later_than = ages;
	pattern->first_class = patterns->class_count;
	/* One class for each age, and one for what is older. */
	for (int age = 0; age <= pattern->age_count; age++)
	{
		PersonaClass *class;

		patterns->classes = grow(patterns->classes, patterns->class_count, &patterns->class_room, sizeof(PersonaClass));
		class = &patterns->classes[patterns->class_count++];
		class->bits = pattern->bits;
		class->whole = pattern->whole && age < pattern->age_count && ages[age] >= pattern->whole_later_than;
		class->slot_count = pattern->slot_count;
		while (c < counter_count && (age == pattern->age_count || counters[c].later_than > ages[age]))
			c++;
		while (s < sum_count && (age == pattern->age_count || sums[s].later_than > ages[age]))
			s++;
		class->counter_count = counter_count - c;
		class->counters = counter_numbers + c;
		class->sum_count = sum_count - s;
		class->sums = sum_places + s;
	}
}

/* Enters a pattern into the table. */
static void
enter_pattern(PersonaPatterns *patterns, int number)
{
	uint32		hash = hash_bytes((const unsigned char *) patterns->patterns[number].bits, sizeof(uint64) * patterns->words);
	int			i = hash & (patterns->table_size - 1);

	while (patterns->table[i] != 0)
		i = (i + 1) & (patterns->table_size - 1);
	patterns->table[i] = number + 1;
}

/* Returns the number of a pattern. */
int
persona_pattern_number(PersonaPatterns *patterns, const uint64 *bits)
{
	Size		size = sizeof(uint64) * patterns->words;
	uint32		hash = hash_bytes((const unsigned char *) bits, size);
	int			i = hash & (patterns->table_size - 1);
	MemoryContext outer;
	PersonaPattern *pattern;
	int			number = patterns->count;

	for (; patterns->table[i] != 0; i = (i + 1) & (patterns->table_size - 1))
		if (memcmp(patterns->patterns[patterns->table[i] - 1].bits, bits, size) == 0)
			return patterns->table[i] - 1;
	outer = MemoryContextSwitchTo(GetMemoryChunkContext(patterns));
	patterns->patterns = grow(patterns->patterns, number, &patterns->room, sizeof(PersonaPattern));
	pattern = &patterns->patterns[number];
	memset(pattern, 0, sizeof(PersonaPattern));
	pattern->bits = palloc(size);
	memcpy(pattern->bits, bits, size);
	pattern->whole_later_than = PCORE_END_OF_TIME;
	for (int selector = 0; selector < patterns->counts->set->selector_count; selector++)
		if (has_bit(bits, selector) && has_bit(patterns->whole, selector))
		{
			pattern->whole = true;
			pattern->whole_later_than = pcore_min(pattern->whole_later_than, patterns->whole_later_than[selector]);
		}
	make_classes(patterns, pattern);
	patterns->count++;
	if (patterns->count * 2 > patterns->table_size)
	{
		pfree(patterns->table);
		patterns->table_size *= 2;
		patterns->table = palloc0(sizeof(int) * patterns->table_size);
		for (int p = 0; p < number; p++)
			enter_pattern(patterns, p);
	}
	enter_pattern(patterns, number);
	MemoryContextSwitchTo(outer);
	return number;
}

/* ---- one customer ---- */

PersonaTally *
persona_tally_make(const PersonaCounters *counts)
{
	PersonaTally *tally = palloc0(sizeof(PersonaTally));

	tally->counts = counts;
	tally->numbers = palloc0(sizeof(uint32) * (counts->counter_count + 1));
	tally->touched = palloc(sizeof(int) * (counts->counter_count + 1));
	tally->amounts = palloc0(sizeof(int128) * (counts->total_count + 1));
	tally->known = palloc0(sizeof(int64) * (counts->total_count + 1));
	tally->summed = palloc(sizeof(int) * (counts->total_count + 1));
	tally->rounds = palloc0(sizeof(uint64) * (counts->composed_count + 1));
	return tally;
}

/* Counts an event. */
void
persona_tally_event(PersonaTally *tally, const PersonaClass *class, const int64 *amounts)
{
	for (int i = 0; i < class->counter_count; i++)
	{
		int			counter = class->counters[i];

		if (tally->numbers[counter]++ == 0)
			tally->touched[tally->touched_count++] = counter;
	}
	for (int i = 0; i < class->sum_count; i++)
	{
		int			sum = class->sums[i].sum;
		int64		amount = amounts[class->sums[i].amount];

		if (amount == PERSONA_AMOUNT_ABSENT)
			continue;
		if (tally->known[sum]++ == 0)
			tally->summed[tally->summed_count++] = sum;
		tally->amounts[sum] += amount;
	}
}

/* Tells whether a composed node holds. */
static bool
composed_truth(const PersonaTally *tally, const Composed *composed)
{
	const PersonaNode *node = &tally->counts->set->nodes[composed->node];
	uint32		all = tally->numbers[composed->all];
	int64		periods = 0;
	uint32		later = 0;

	switch (composed->kind)
	{
		case COMPOSED_LAST:
			return all > 0
				&& (composed->within == PERSONA_NONE || tally->numbers[composed->within] > 0)
				&& (composed->before == PERSONA_NONE || tally->numbers[composed->before] == 0);
		case COMPOSED_FIRST:
			return all > 0
				&& (composed->within == PERSONA_NONE || tally->numbers[composed->within] == all)
				&& (composed->before == PERSONA_NONE || tally->numbers[composed->before] < all);
		case COMPOSED_EVERY:
			for (int k = 0; k < composed->period_count; k++)
			{
				uint32		number = tally->numbers[composed->periods[k]];

				periods += number > later;
				later = number;
			}
			return in_ranges(node, periods);
	}
	pg_unreachable();
}

/* Ends a customer. */
void
persona_tally_end(PersonaTally *tally, PcoreAbreast *words, int word, uint64 lane)
{
	const PersonaCounters *counts = tally->counts;

	tally->round++;
	for (int t = 0; t < tally->touched_count; t++)
	{
		const Counter *counter = &counts->counters[tally->touched[t]];
		int64		number = tally->numbers[tally->touched[t]];
		int			low = 0;
		int			high = counter->step_count;

		/* The last step at or below the number; the first is 1. */
		while (high - low > 1)
		{
			int			middle = (low + high) / 2;

			if (counter->steps[middle] <= number)
				low = middle;
			else
				high = middle;
		}
		for (int i = counter->begins[low]; i < counter->begins[low + 1]; i++)
			words[counter->turned[i]][word] ^= lane;
		for (int i = 0; i < counter->composed_count; i++)
		{
			int			number_of = counter->composed[i];
			const Composed *composed = &counts->composed[number_of];

			if (tally->rounds[number_of] == tally->round)
				continue;
			tally->rounds[number_of] = tally->round;
			if (composed_truth(tally, composed) != counts->defaults[composed->node])
				words[composed->node][word] ^= lane;
		}
	}
	for (int t = 0; t < tally->summed_count; t++)
	{
		int			sum = tally->summed[t];
		const Total *total = &counts->totals[sum];

		for (int i = 0; i < total->node_count; i++)
			if (persona_sum_test_passes(total->tests[i], tally->amounts[sum], tally->known[sum])
				!= counts->defaults[total->nodes[i]])
				words[total->nodes[i]][word] ^= lane;
		tally->amounts[sum] = 0;
		tally->known[sum] = 0;
	}
	for (int t = 0; t < tally->touched_count; t++)
		tally->numbers[tally->touched[t]] = 0;
	tally->touched_count = tally->summed_count = 0;
}
