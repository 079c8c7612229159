/*
 * speaking.c - the event that speaks for a condition, whose columns templates show.
 *
 * A message answers a firing, so it is asked for the instant of the firing: the
 * match that fired speaks, not one that came later while the condition held.
 */
#include "postgres.h"

#include "condition/evaluate.h"

/* Finds the node of events that speaks, and its step (for sequences). */
static const PersonaNode *
speaking_node(const PersonaConditions *set, int number, const char *alias, int *step)
{
	const PersonaNode *node = &set->nodes[number];

	*step = PERSONA_NONE;
	switch (node->kind)
	{
		case PERSONA_NODE_ALL:
		case PERSONA_NODE_ANY:
			for (int i = 0; i < node->count; i++)
			{
				const PersonaNode *found = speaking_node(set, node->parts[i], alias, step);

				if (found != NULL)
					return found;
			}
			return NULL;
		case PERSONA_NODE_HELD:
		case PERSONA_NODE_PER:
			return speaking_node(set, node->parts[0], alias, step);
		case PERSONA_NODE_COUNT:
			/* "never did" has no event. */
			if (node->range_count > 0 && node->ranges[0].low == 0)
				return NULL;
			return alias == NULL ? node : NULL;
		case PERSONA_NODE_SUM:
		case PERSONA_NODE_DISTINCT:
		case PERSONA_NODE_FIRST:
		case PERSONA_NODE_LAST:
		case PERSONA_NODE_EVERY:
		case PERSONA_NODE_GAP:
			return alias == NULL ? node : NULL;
		case PERSONA_NODE_SEQUENCE:
			for (int s = node->source->step_count - 1; s >= 0; s--)
			{
				const PersonaStep *candidate = &node->source->steps[s];

				if (candidate->absent)
					continue;
				if (alias == NULL || (candidate->alias != NULL && strcmp(candidate->alias, alias) == 0))
				{
					*step = s;
					return node;
				}
			}
			return NULL;
		default:
			return NULL;
	}
}

/* Returns the selector of the events that persona_speaking_event can find, or PERSONA_NONE. */
int
persona_speaking_selector(const PersonaConditions *set, int number, const char *alias)
{
	int			step;
	const PersonaNode *node = speaking_node(set, number, alias, &step);

	if (node == NULL)
		return PERSONA_NONE;
	return step == PERSONA_NONE ? node->selector : node->steps[step].selector;
}

/* Finds the event that a node without steps chooses at an instant: the first or last in its window. */
static const PersonaRecord *
chosen_event(PersonaEvaluation *evaluation, const PersonaNode *node, PcoreInstant instant)
{
	const int32 *chosen = evaluation->chosen[node->selector];
	PersonaWindows windows = persona_windows(evaluation, node->source, node->selector);
	int			found = PERSONA_NONE;

	for (int w = 0; w < windows.count; w++)
		if (windows.spans[w].from <= instant && instant < windows.spans[w].until
			&& (found == PERSONA_NONE
				|| (node->kind == PERSONA_NODE_FIRST ? windows.events[w] < found : windows.events[w] > found)))
			found = windows.events[w];
	/* Nothing is in the window (any more): the last event before. */
	for (int i = evaluation->chosen_count[node->selector] - 1; i >= 0 && found == PERSONA_NONE; i--)
		if (evaluation->at[chosen[i]] <= instant)
			found = i;
	return found == PERSONA_NONE ? NULL : evaluation->events[chosen[found]];
}

/* Follows the parts of a condition that may hold an event to the node that speaks; moves instant and evaluation along. */
static bool
leads_to(const PersonaConditions *set, int number, const PersonaNode *speaking, const char *key,
		 PersonaEvaluation **evaluation, PcoreInstant *instant)
{
	const PersonaNode *node = &set->nodes[number];

	if (node == speaking)
		return true;
	if (node->kind == PERSONA_NODE_PER)
	{
		/* Without a key no event is the one. */
		if (key == NULL)
			return false;
		*evaluation = persona_evaluation_of_key(*evaluation, node->keys, key);
	}
	else if (node->kind == PERSONA_NODE_HELD)
		/* What has held for so long began to hold so much earlier. */
		*instant = pcore_add(*instant, -node->source->held_for);
	else if (node->kind != PERSONA_NODE_ALL && node->kind != PERSONA_NODE_ANY)
		return false;
	for (int i = 0; i < node->count; i++)
	{
		PersonaEvaluation *part = *evaluation;
		PcoreInstant then = *instant;

		if (leads_to(set, node->parts[i], speaking, key, &part, &then))
		{
			*evaluation = part;
			*instant = then;
			return true;
		}
	}
	return false;
}

/* Finds the event that speaks for a condition at an instant. */
const PersonaRecord *
persona_speaking_event(PersonaEvaluation *evaluation, int number, const char *alias, PcoreInstant instant,
					   const char *key)
{
	int			step;
	const PersonaNode *node = speaking_node(evaluation->set, number, alias, &step);
	int32	   *bound;

	if (node == NULL || !leads_to(evaluation->set, number, node, key, &evaluation, &instant))
		return NULL;
	if (step == PERSONA_NONE)
		return chosen_event(evaluation, node, instant);
	bound = palloc(sizeof(int32) * node->source->step_count);
	(void) persona_sequence_truth(evaluation, node, NOW, instant, bound);
	return bound[step] < 0 ? NULL : evaluation->events[bound[step]];
}

/* Lists the named steps of a condition, for messages. */
char *
persona_aliases(const PersonaConditions *set, int number)
{
	const PersonaNode *node = &set->nodes[number];
	char	   *list = pstrdup("");

	if (node->kind == PERSONA_NODE_SEQUENCE)
	{
		for (int s = 0; s < node->source->step_count; s++)
			if (node->source->steps[s].alias != NULL)
				list = psprintf("%s, %s", list, node->source->steps[s].alias);
	}
	else if (node->kind == PERSONA_NODE_ALL || node->kind == PERSONA_NODE_ANY
			 || node->kind == PERSONA_NODE_HELD || node->kind == PERSONA_NODE_PER)
		for (int i = 0; i < node->count; i++)
			list = psprintf("%s%s", list, persona_aliases(set, node->parts[i]));
	return list;
}
