/*
 * evaluate.h - what the files that evaluate conditions share.
 *
 * evaluate.c computes the truth of nodes; keyed.c parts a customer's events by
 * key for nodes that ask so; speaking.c finds the events that templates show.
 */
#ifndef PERSONA_EVALUATE_H
#define PERSONA_EVALUATE_H

#include "condition/conditions.h"

/* From when on a truth is wanted. */
#define NOW 0
#define ALL_TIME 1

/* The times in which the events of a selector count; an event may have several. */
typedef struct PersonaWindows
{
	int			count;
	int			room;
	PcoreSpan  *spans;
	int		   *events;			/* by span: place among the selector's events */
} PersonaWindows;

typedef struct PersonaClassEntry
{
	const char *text;
	uint32		hash;
	int32		class;
} PersonaClassEntry;

/* Numbers texts so that equal texts have equal numbers, from 0 on. */
typedef struct PersonaClasses
{
	int			size;			/* a power of two */
	PersonaClassEntry *entries;
	int32		next;
} PersonaClasses;

/* Makes a table for at most "count" texts. */
extern PersonaClasses persona_classes_make(int count);

/* Returns the number of a text. */
extern int32 persona_class_of(PersonaClasses *classes, const char *text);

/* Returns a kept value of an event as text, or NULL. */
extern const char *persona_kept_text(const PersonaEvaluation *evaluation, int event, int slot);

/* Returns the truth of a node, computed at most once. */
extern PcoreTruth persona_node_truth(PersonaEvaluation *evaluation, int node, int mode);

/* Returns the times in which the events of a selector count for a condition. */
extern PersonaWindows persona_windows(PersonaEvaluation *evaluation, const PersonaCondition *condition, int selector);

/* Returns the truth of a sequence, and the events that it bound at an instant if "bound" is given. */
extern PcoreTruth persona_sequence_truth(PersonaEvaluation *evaluation, const PersonaNode *node, int mode,
										 PcoreInstant instant, int32 *bound);

/* Returns the truth of a keyed condition: it holds while it does for any key. */
extern PcoreTruth persona_truth_of_any_key(PersonaEvaluation *evaluation, const PersonaNode *node, int mode);

/* Returns the evaluation of the events of one key of a scope; there may be none. */
extern PersonaEvaluation *persona_evaluation_of_key(PersonaEvaluation *evaluation, int scope, const char *key);

#endif							/* PERSONA_EVALUATE_H */
