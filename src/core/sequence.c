/*
 * sequence.c - finds, for every event that can complete a sequence, the chain
 * of earlier events that begins latest.
 *
 * One positive step after the other: for each of its events the best
 * predecessor among the events of the step before.  Predecessors wait in
 * heaps, one heap per class of equal properties, the best begin on top.  A
 * predecessor that is too long ago, or behind an event that must be absent,
 * stays so for all later events; so it leaves the heap for good when it comes
 * to the top, and no timeline takes more than n log n.
 */
#include "core/sequence.h"

#include <stdlib.h>
#include <string.h>

#define NONE (-1)

/* An event as the end of a chain that fulfills the steps up to one of them. */
typedef struct Link
{
	int32_t		event;
	PcoreInstant first;			/* begin of the best chain that ends here */
	int32_t		back;			/* its link in the step before, or NONE */
	int32_t		left;			/* its heap: worse links of the same class */
	int32_t		right;			/* the flatter half */
	int			height;			/* of the way down on the right */
} Link;

typedef struct StepLinks
{
	int			count;
	Link	   *links;
} StepLinks;

/* Returns the number of classes that an array of classes uses. */
static int
class_count(const int32_t *classes, int count)
{
	int32_t		top = NONE;

	if (classes == NULL)
		return 1;
	for (int i = 0; i < count; i++)
		if (classes[i] > top)
			top = classes[i];
	return top + 1;
}

/* Returns an array of "count" places, all NONE. */
static int32_t *
no_places(int count)
{
	int32_t    *places = pcore_alloc(sizeof(int32_t) * (size_t) (count + 1));

	for (int i = 0; i < count; i++)
		places[i] = NONE;
	return places;
}

/* Returns the class of an event; without properties there is one class. */
static int32_t
class_of(const int32_t *classes, int32_t event)
{
	return classes == NULL ? 0 : classes[event];
}

/* An absence while the timeline is walked forwards: the last such event by class. */
typedef struct Absence
{
	const PcoreStep *step;
	int			next;			/* next of its events to pass */
	int32_t    *last;
} Absence;

/* Tells whether an absence is broken between a predecessor and now. */
static bool
is_broken(const Absence *absence, int32_t predecessor)
{
	int32_t		class = class_of(absence->step->classes, predecessor);

	return class != NONE && absence->last[class] > predecessor;
}

/* Returns the height of a heap. */
static int
height_of(const Link *links, int32_t heap)
{
	return heap == NONE ? 0 : links[heap].height;
}

/*
 * Merges two leftist heaps: the link that begins latest on top, and of those
 * the latest.  The ways down on the right are short, so the recursion is flat.
 */
static int32_t
merge_heaps(Link *links, int32_t a, int32_t b)
{
	Link	   *top;

	if (a == NONE || b == NONE)
		return a == NONE ? b : a;
	if (links[b].first > links[a].first || (links[b].first == links[a].first && b > a))
	{
		int32_t		other = a;

		a = b;
		b = other;
	}
	top = &links[a];
	top->right = merge_heaps(links, top->right, b);
	if (height_of(links, top->left) < height_of(links, top->right))
	{
		int32_t		flatter = top->left;

		top->left = top->right;
		top->right = flatter;
	}
	top->height = height_of(links, top->right) + 1;
	return a;
}

/* Lets an absence pass its events before a place. */
static void
pass_absent(Absence *absence, int32_t place)
{
	const PcoreStep *step = absence->step;

	for (; absence->next < step->count && step->events[absence->next] < place; absence->next++)
	{
		int32_t		own = class_of(step->classes, step->events[absence->next]);

		if (own != NONE)
			absence->last[own] = step->events[absence->next];
	}
}

/*
 * Links the events of a positive step to those of the positive step before.
 * "absent_steps" are the steps between the two.
 */
static StepLinks
link_step(const PcoreInstant *at, int count, const PcoreStep *step, StepLinks before,
		  const PcoreStep *absent_steps, int absent_count, PcoreDuration within)
{
	StepLinks	result = {0, pcore_alloc(sizeof(Link) * (size_t) (step->count + 1))};
	int32_t    *heaps = no_places(class_count(step->classes, count));
	Absence    *absences = pcore_alloc(sizeof(Absence) * (size_t) (absent_count + 1));
	int			added = 0;

	for (int a = 0; a < absent_count; a++)
	{
		absences[a].step = &absent_steps[a];
		absences[a].next = 0;
		absences[a].last = no_places(class_count(absent_steps[a].classes, count));
	}
	for (int i = 0; i < step->count; i++)
	{
		int32_t		event = step->events[i];
		int32_t		class = class_of(step->classes, event);
		int32_t		best;

		if ((i & 255) == 0)
			pcore_check_interrupts();
		/* Everything before this event, and long enough, takes its place. */
		for (; added < before.count && before.links[added].event < event
			 && pcore_add(at[before.links[added].event], step->after) <= at[event]; added++)
		{
			Link	   *link = &before.links[added];
			int32_t		own = class_of(step->classes, link->event);

			link->left = link->right = NONE;
			link->height = 1;
			if (own != NONE)
				heaps[own] = merge_heaps(before.links, heaps[own], added);
		}
		for (int a = 0; a < absent_count; a++)
			pass_absent(&absences[a], event);
		if (class == NONE)
			continue;
		for (best = heaps[class]; best != NONE; best = heaps[class])
		{
			const Link *link = &before.links[best];
			bool		over = step->within > 0 && pcore_add(at[link->event], step->within) <= at[event];

			for (int a = 0; a < absent_count && !over; a++)
				over = is_broken(&absences[a], link->event);
			if (!over)
				break;
			heaps[class] = merge_heaps(before.links, link->left, link->right);
		}
		if (best == NONE)
			continue;
		if (within > 0 && pcore_add(before.links[best].first, within) <= at[event])
			continue;			/* over before it could complete */
		result.links[result.count].event = event;
		result.links[result.count].first = before.links[best].first;
		result.links[result.count].back = best;
		result.count++;
	}
	return result;
}

/*
 * Moves the completion of the chains that end in "ends" to the deadline of a
 * trailing absence; complete[i] becomes the end of time where it is broken.
 */
static void
apply_deadline(const PcoreInstant *at, int count, const PcoreStep *absent,
			   StepLinks ends, PcoreInstant *complete)
{
	int32_t    *next = no_places(class_count(absent->classes, count));
	int			x = absent->count - 1;

	/* Backwards, so that next[] holds the nearest later event of each class. */
	for (int i = ends.count - 1; i >= 0; i--)
	{
		int32_t		event = ends.links[i].event;
		int32_t		class;
		PcoreInstant deadline = pcore_add(at[event], absent->within);

		if ((i & 255) == 0)
			pcore_check_interrupts();
		/* The absence begins after the event's own instant. */
		for (; x >= 0 && at[absent->events[x]] > at[event]; x--)
		{
			int32_t		own = class_of(absent->classes, absent->events[x]);

			if (own != NONE)
				next[own] = absent->events[x];
		}
		class = class_of(absent->classes, event);
		if (class != NONE && next[class] != NONE && at[next[class]] <= deadline)
			complete[i] = PCORE_END_OF_TIME;
		else
			complete[i] = pcore_max(complete[i], deadline);
	}
}

/* Tells whether a match is preferred to an earlier one: it still counts, completed later, began later. */
static bool
speaks_before(const Link *links, const PcoreSpan *spans, int match, int other, PcoreInstant as_of)
{
	bool		counts = spans[match].until > as_of;
	bool		other_counts = spans[other].until > as_of;

	if (counts != other_counts)
		return counts;
	if (spans[match].from != spans[other].from)
		return spans[match].from > spans[other].from;
	return links[match].first >= links[other].first;
}

/* Returns the truth of a sequence over a timeline. */
PcoreTruth
pcore_sequence(const PcoreInstant *at, int count, const PcoreStep *steps, int step_count,
			   PcoreDuration within, PcoreDuration completed, PcoreInstant start, PcoreInstant as_of,
			   int32_t *bound)
{
	StepLinks  *linked = pcore_alloc(sizeof(StepLinks) * (size_t) step_count);
	StepLinks	ends;
	PcoreInstant *complete;
	PcoreSpan  *spans;
	int			previous = 0;
	int			best = NONE;

	/* The first step begins the chains. */
	linked[0].count = steps[0].count;
	linked[0].links = pcore_alloc(sizeof(Link) * (size_t) (steps[0].count + 1));
	for (int i = 0; i < steps[0].count; i++)
	{
		linked[0].links[i].event = steps[0].events[i];
		linked[0].links[i].first = at[steps[0].events[i]];
		linked[0].links[i].back = NONE;
	}
	for (int s = 1; s < step_count; s++)
	{
		if (steps[s].absent)
			continue;
		linked[s] = link_step(at, count, &steps[s], linked[previous],
							  &steps[previous + 1], s - previous - 1, within);
		previous = s;
	}

	ends = linked[previous];
	complete = pcore_alloc(sizeof(PcoreInstant) * (size_t) (ends.count + 1));
	for (int i = 0; i < ends.count; i++)
		complete[i] = at[ends.links[i].event];
	for (int s = previous + 1; s < step_count; s++)
		apply_deadline(at, count, &steps[s], ends, complete);

	spans = pcore_alloc(sizeof(PcoreSpan) * (size_t) (ends.count + 1));
	for (int i = 0; i < ends.count; i++)
	{
		spans[i].from = complete[i];
		spans[i].until = within > 0 ? pcore_add(ends.links[i].first, within) : PCORE_END_OF_TIME;
		if (completed > 0)
			spans[i].until = pcore_min(spans[i].until, pcore_add(complete[i], completed));
		if (spans[i].from < spans[i].until && complete[i] <= as_of
			&& (best == NONE || speaks_before(ends.links, spans, i, best, as_of)))
			best = i;
	}
	if (bound != NULL)
	{
		for (int s = 0; s < step_count; s++)
			bound[s] = NONE;
		for (int s = previous; s >= 0 && best != NONE; s--)
		{
			if (steps[s].absent)
				continue;
			bound[s] = linked[s].links[best].event;
			best = linked[s].links[best].back;
		}
	}
	return pcore_truth_any_span(spans, ends.count, start);
}
