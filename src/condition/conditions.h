/*
 * conditions.h - a set of conditions, compiled together.
 *
 * Equal parts of different conditions become one node.  What conditions ask of
 * events is split in two: selectors (kind and "where", answered once per event
 * row when the timeline is built, one bit each) and nodes (how many, how much,
 * in which order, when - answered from bits, instants and kept values).
 *
 *   program text --reader--> trees --add--> nodes, selectors, slots, tests
 *   event row    --classifier--> bits and values in the timeline
 *   customer row, timeline, as_of --evaluation--> truth of any node
 *
 * A "where" with a test relative to as_of ("starts within the next 7 days") can't
 * be answered once.  Its bit says that the kind is right, and a slot keeps for
 * each of its tests the outcome or the date; the evaluation does the rest.
 *
 * Numbers of selectors and slots follow from the definitions alone, so that a
 * timeline means the same to every process that has the same program.
 */
#ifndef PERSONA_CONDITIONS_H
#define PERSONA_CONDITIONS_H

#include "postgres.h"

#include "condition/row_test.h"
#include "core/sequence.h"
#include "nodes/bitmapset.h"
#include "timeline/timeline.h"

#define PERSONA_NONE (-1)

typedef enum PersonaNodeKind
{
	PERSONA_NODE_ALL,
	PERSONA_NODE_ANY,
	PERSONA_NODE_NOT,
	PERSONA_NODE_TEST,			/* of the customer row */
	PERSONA_NODE_COUNT,
	PERSONA_NODE_SUM,			/* and avg */
	PERSONA_NODE_DISTINCT,
	PERSONA_NODE_FIRST,
	PERSONA_NODE_LAST,
	PERSONA_NODE_EVERY,
	PERSONA_NODE_SEQUENCE,
	PERSONA_NODE_BUCKET,
	PERSONA_NODE_GAP,
	PERSONA_NODE_HELD,
	PERSONA_NODE_PER
} PersonaNodeKind;

typedef struct PersonaNodeStep
{
	int			selector;
	int			same_count;
	int		   *same_slots;
} PersonaNodeStep;

typedef struct PersonaNode
{
	PersonaNodeKind kind;
	const PersonaCondition *source; /* the first condition that made it */
	const char *key;			/* what makes it equal to another */
	int			count;
	int		   *parts;			/* of all, any, not; held and per have one */
	int			test;			/* number of the test of the customer row */
	int			selector;
	int			passed;			/* first, last: selector with the test's "where", or PERSONA_NONE */
	int			slot;			/* sum, avg, distinct */
	int			range_count;	/* numbers that the count, or lengths that the gap, may have */
	PcoreRange *ranges;
	PersonaNodeStep *steps;
	bool		timed;			/* can change by events or by time */
	int			scope;			/* it looks at the events of one key: number of the scope, or PERSONA_NONE */
	int			keys;			/* per: number of the scope that its part is in */
	Bitmapset  *keyed_by;		/* per: selectors whose events make a key exist */
} PersonaNode;

/*
 * What is asked per key of one property.  The customer's events are parted by
 * the property's value; nodes of the scope are answered for each part by itself.
 */
typedef struct PersonaScope
{
	const char *property;
	int			slot;			/* that keeps the property */
	Bitmapset  *selectors;
	Bitmapset  *nodes;			/* that are answered per key */
} PersonaScope;

typedef struct PersonaSelector
{
	const char *key;
	const char *kind;
	const char *kind_path;		/* where it is written */
	PersonaCondition *where;	/* or NULL */
	int			kept_where;		/* slot that keeps the parts of a "where" that depends on as_of, or PERSONA_NONE */
} PersonaSelector;

/* Who asks for a property, and where. */
typedef struct PersonaNeed
{
	struct PersonaNeed *next;
	int			selector;
	const char *path;
} PersonaNeed;

/* A property that is kept with events. */
typedef struct PersonaSlot
{
	const char *property;
	PersonaNeed *needs;
	bool		shown;			/* for people, not for comparison */
	bool		number;			/* must be a number */
	int			where_of;		/* selector whose "where" is kept in parts, or PERSONA_NONE: a property */
	Bitmapset  *selectors;		/* kept for events that fulfill one of them */
} PersonaSlot;

typedef struct PersonaConditions
{
	int			node_count;
	PersonaNode *nodes;
	int			selector_count;
	PersonaSelector *selectors;
	int			slot_count;
	PersonaSlot *slots;
	int			test_count;
	const PersonaCondition **tests;
	int			scope_count;
	PersonaScope *scopes;
	int			scope_room;
	int			node_room;
	int			selector_room;
	int			slot_room;
	int			test_room;
	struct HTAB *keys;			/* of nodes, selectors and tests while they are added */
} PersonaConditions;

/* Returns the node of a cohort that a condition names, or fails. */
typedef int (*PersonaCohortFinder) (void *data, const PersonaCondition *reference);

extern PersonaConditions *persona_conditions_make(void);

/* Adds a condition and returns its node. */
extern int	persona_conditions_add(PersonaConditions *set, PersonaCondition *condition,
								   PersonaCohortFinder find_cohort, void *data);

/* Makes sure that a property of a selector's events is kept; returns its slot. */
extern int	persona_conditions_slot(PersonaConditions *set, const char *property, const char *path,
									int selector, bool shown, bool number);

/*
 * Tells what a node is for every customer and at every time: 1 true, 0 false,
 * -1 it depends.  "tests" are bound to the customers' row type, or NULL: then
 * tests of the same column are not compared with each other.
 */
extern int	persona_conditions_constant(const PersonaConditions *set, PersonaRowTest *const *tests, int node);

/* Returns the 64-bit words that the bits of all selectors take. */
extern int	persona_conditions_words(const PersonaConditions *set);

/* ---- evaluation: one customer at one instant ---- */

/* A key of a scope, and its events: places in the customer's timeline. */
typedef struct PersonaKey
{
	const char *text;			/* equal values have equal text */
	int			count;
	int32	   *events;
} PersonaKey;

typedef struct PersonaKeys
{
	bool		known;
	int			count;
	PersonaKey *keys;			/* in the order of their first events */
} PersonaKeys;

typedef struct PersonaEvaluation
{
	const PersonaConditions *set;
	PersonaRowTest *const *tests;	/* bound to the type of the customer row */
	const Datum *values;		/* the customer row */
	const bool *nulls;
	const PcoreZone *zone;
	const char *key;			/* the customer's key as text */
	PcoreInstant as_of;

	int			words;
	int			event_count;	/* events up to as_of */
	PersonaRecord **events;		/* in order */
	PcoreInstant *at;
	int32	  **chosen;			/* by selector: places of its events */
	int		   *chosen_count;

	PcoreTruth *memory[2];		/* truths by node: from as_of on; of all time */
	bool	   *known[2];

	PersonaKeys *keys;			/* by scope */
	int			scope;			/* events of one key of this scope only, or PERSONA_NONE */
	struct PersonaEvaluation *whole;	/* of all events, if this is of one key's */
} PersonaEvaluation;

/* Prepares the evaluation of a customer; "records" are sorted and may go beyond as_of. */
extern void persona_evaluation_begin(PersonaEvaluation *evaluation, PersonaRecord **records, int count);

/* Returns the truth of a node from as_of on. */
extern PcoreTruth persona_truth_from_now(PersonaEvaluation *evaluation, int node);

/* Returns the truth of a node over all time. */
extern PcoreTruth persona_truth_of_all_time(PersonaEvaluation *evaluation, int node);

/* Tells whether a condition is asked per key, and as a trigger fires per key. */
static inline bool
persona_is_keyed(const PersonaConditions *set, int node)
{
	return set->nodes[node].kind == PERSONA_NODE_PER;
}

/* The truth of a condition for one key. */
typedef struct PersonaKeyTruth
{
	const char *key;
	PcoreTruth	truth;
} PersonaKeyTruth;

/* Returns the truths over all time of a node of kind PERSONA_NODE_PER, by key. */
extern PersonaKeyTruth *persona_truths_by_key(PersonaEvaluation *evaluation, int node, int *count);

/*
 * Returns the truth from as_of on of a node for one key.  Other than in the
 * union over the keys, a key without events of the condition counts.
 */
extern PcoreTruth persona_truth_of_key(PersonaEvaluation *evaluation, int node, const char *key);

/*
 * A sum or average at one instant, of amounts in billionths.  Prepares the test
 * of a node (NULL if its operands are no whole numbers of billionths), and tells
 * whether an amount passes it that is the sum of so many known values.
 */
typedef struct PersonaSumTest PersonaSumTest;

extern PersonaSumTest *persona_sum_test_make(const PersonaNode *node);
extern bool persona_sum_test_passes(PersonaSumTest *test, int128 amount, int64 known);

/*
 * Finds the event that speaks for a condition at an instant up to as_of: of the
 * first event or sequence in it that is not negated, the latest event of the
 * match that holds then; or, with an alias, the event of the step of that name.
 * NULL when there is none.  "key" is that of a keyed condition.
 */
extern const PersonaRecord *persona_speaking_event(PersonaEvaluation *evaluation, int node, const char *alias,
												   PcoreInstant instant, const char *key);

/* Returns the selector of the events that persona_speaking_event can find, or PERSONA_NONE. */
extern int	persona_speaking_selector(const PersonaConditions *set, int node, const char *alias);

/* Lists the named steps of a condition, for messages. */
extern char *persona_aliases(const PersonaConditions *set, int node);

#endif							/* PERSONA_CONDITIONS_H */
