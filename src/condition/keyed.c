/*
 * keyed.c - conditions that are asked per key: "per": "order_id".
 *
 * A scope parts the customer's events by the value of a property, its keys.
 * Each key has a timeline of its own, in which the nodes of the scope are
 * evaluated as if there were no other events; the condition holds for the
 * customer while it holds for some key.  A key exists from its first event on,
 * so that "was not paid" is no statement about orders that were never placed.
 */
#include "postgres.h"

#include "condition/evaluate.h"
#include "miscadmin.h"

/* Returns the keys of a scope, with their events in order; parts them once. */
static const PersonaKeys *
find_keys(PersonaEvaluation *evaluation, int number)
{
	const PersonaScope *scope = &evaluation->set->scopes[number];
	PersonaKeys *keys = &evaluation->keys[number];
	int			count = evaluation->event_count;
	PersonaClasses classes;
	int32	   *class_of;

	if (keys->known)
		return keys;
	classes = persona_classes_make(count);
	class_of = palloc(sizeof(int32) * (count + 1));
	keys->keys = palloc0(sizeof(PersonaKey) * (count + 1));
	for (int e = 0; e < count; e++)
	{
		const char *text = persona_kept_text(evaluation, e, scope->slot);

		class_of[e] = PERSONA_NONE;
		if (text == NULL)
			continue;
		class_of[e] = persona_class_of(&classes, text);
		keys->keys[class_of[e]].text = text;
		keys->keys[class_of[e]].count++;
	}
	keys->count = classes.next;
	for (int k = 0; k < keys->count; k++)
	{
		keys->keys[k].events = palloc(sizeof(int32) * keys->keys[k].count);
		keys->keys[k].count = 0;
	}
	for (int e = 0; e < count; e++)
		if (class_of[e] != PERSONA_NONE)
		{
			PersonaKey *key = &keys->keys[class_of[e]];

			key->events[key->count++] = e;
		}
	keys->known = true;
	return keys;
}

/* Makes room for the evaluation of one key after the other. */
static PersonaEvaluation *
make_part(PersonaEvaluation *whole, int scope)
{
	PersonaEvaluation *part = palloc(sizeof(PersonaEvaluation));
	int			selector = -1;

	*part = *whole;
	part->whole = whole;
	part->scope = scope;
	part->events = palloc(sizeof(PersonaRecord *) * (whole->event_count + 1));
	part->at = palloc(sizeof(PcoreInstant) * (whole->event_count + 1));
	part->chosen = palloc0(sizeof(int32 *) * (whole->set->selector_count + 1));
	part->chosen_count = palloc0(sizeof(int) * (whole->set->selector_count + 1));
	while ((selector = bms_next_member(whole->set->scopes[scope].selectors, selector)) >= 0)
		part->chosen[selector] = palloc(sizeof(int32) * (whole->chosen_count[selector] + 1));
	for (int m = 0; m < 2; m++)
	{
		part->memory[m] = palloc(sizeof(PcoreTruth) * (whole->set->node_count + 1));
		part->known[m] = palloc0(sizeof(bool) * (whole->set->node_count + 1));
	}
	return part;
}

/* Lets an evaluation see the events of one key, and forget what it knew of another. */
static void
turn_to(PersonaEvaluation *part, const PersonaKey *key)
{
	const PersonaScope *scope = &part->set->scopes[part->scope];
	int			selector = -1;
	int			node = -1;

	CHECK_FOR_INTERRUPTS();
	while ((selector = bms_next_member(scope->selectors, selector)) >= 0)
		part->chosen_count[selector] = 0;
	while ((node = bms_next_member(scope->nodes, node)) >= 0)
		part->known[NOW][node] = part->known[ALL_TIME][node] = false;
	part->event_count = key->count;
	for (int e = 0; e < key->count; e++)
	{
		part->events[e] = part->whole->events[key->events[e]];
		part->at[e] = part->whole->at[key->events[e]];
		selector = -1;
		while ((selector = bms_next_member(scope->selectors, selector)) >= 0)
			if (PERSONA_HAS_BIT(part->events[e], selector))
				part->chosen[selector][part->chosen_count[selector]++] = e;
	}
}

/* Tells from when on a key exists for a condition: its first event. */
static bool
find_begin(const PersonaEvaluation *part, const PersonaNode *node, PcoreInstant *begin)
{
	int			selector = -1;
	bool		found = false;

	while ((selector = bms_next_member(node->keyed_by, selector)) >= 0)
		if (part->chosen_count[selector] > 0)
		{
			PcoreInstant first = part->at[part->chosen[selector][0]];

			*begin = found ? pcore_min(*begin, first) : first;
			found = true;
		}
	return found;
}

/* Returns the truths of a keyed condition by key; keys that do not exist for it are left out. */
static PersonaKeyTruth *
truths_by_key(PersonaEvaluation *evaluation, const PersonaNode *node, int mode, int *count)
{
	const PersonaKeys *keys = find_keys(evaluation, node->keys);
	PersonaKeyTruth *truths = palloc(sizeof(PersonaKeyTruth) * (keys->count + 1));
	PersonaEvaluation *part = make_part(evaluation, node->keys);

	*count = 0;
	for (int k = 0; k < keys->count; k++)
	{
		PcoreInstant *begin = palloc(sizeof(PcoreInstant));
		PcoreTruth	exists = {false, 1, begin};
		PcoreTruth	truth;

		turn_to(part, &keys->keys[k]);
		if (!find_begin(part, node, begin))
			continue;
		truth = persona_node_truth(part, node->parts[0], mode);
		truths[*count].key = keys->keys[k].text;
		truths[(*count)++].truth = mode == NOW ? truth : pcore_truth_and(exists, truth);
	}
	return truths;
}

/* Returns the truth of a keyed condition: it holds while it does for any key. */
PcoreTruth
persona_truth_of_any_key(PersonaEvaluation *evaluation, const PersonaNode *node, int mode)
{
	int			count;
	PersonaKeyTruth *truths = truths_by_key(evaluation, node, mode, &count);
	int			room = 0;
	int			found = 0;
	PcoreSpan  *spans;

	for (int k = 0; k < count; k++)
		room += truths[k].truth.count / 2 + 1;
	spans = palloc(sizeof(PcoreSpan) * (room + 1));
	for (int k = 0; k < count; k++)
	{
		PcoreTruth	truth = truths[k].truth;

		for (int i = truth.initial ? -1 : 0; i < truth.count; i += 2)
		{
			spans[found].from = i < 0 ? PCORE_BEGIN_OF_TIME : truth.toggles[i];
			spans[found++].until = i + 1 < truth.count ? truth.toggles[i + 1] : PCORE_END_OF_TIME;
		}
	}
	return pcore_truth_any_span(spans, found, mode == NOW ? evaluation->as_of : PCORE_BEGIN_OF_TIME);
}

/* Returns the truths over all time of a node of kind PERSONA_NODE_PER, by key. */
PersonaKeyTruth *
persona_truths_by_key(PersonaEvaluation *evaluation, int node, int *count)
{
	return truths_by_key(evaluation, &evaluation->set->nodes[node], ALL_TIME, count);
}

/* Returns the evaluation of the events of one key of a scope; there may be none. */
PersonaEvaluation *
persona_evaluation_of_key(PersonaEvaluation *evaluation, int scope, const char *key)
{
	const PersonaKeys *keys = find_keys(evaluation, scope);
	PersonaEvaluation *part = make_part(evaluation, scope);
	PersonaKey	none = {key, 0, NULL};
	const PersonaKey *found = &none;

	for (int k = 0; k < keys->count && found == &none; k++)
		if (strcmp(keys->keys[k].text, key) == 0)
			found = &keys->keys[k];
	turn_to(part, found);
	return part;
}

/* Returns the truth from as_of on of a node for one key. */
PcoreTruth
persona_truth_of_key(PersonaEvaluation *evaluation, int number, const char *key)
{
	const PersonaNode *node = &evaluation->set->nodes[number];

	return persona_node_truth(persona_evaluation_of_key(evaluation, node->keys, key), node->parts[0], NOW);
}
