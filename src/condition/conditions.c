/*
 * conditions.c - compiles condition trees into nodes, selectors and slots.
 *
 * min and max need no value at evaluation: "the largest amount is at least 100"
 * is "some amount is at least 100", and "is at most 100" is "some amount is
 * known and none is more than 100".  They are rewritten to counts.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "condition/conditions.h"
#include "host.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* An entry of the table of keys: text to number. */
typedef struct KeyEntry
{
	char	   *key;
	int			number;
} KeyEntry;

typedef struct Adder
{
	PersonaConditions *set;
	PersonaCohortFinder find_cohort;
	void	   *data;
	int			scope;			/* inside of "per": number of the scope, or PERSONA_NONE */
	const char *per_path;		/* where the property is written */
	Bitmapset  *keyed_by;		/* inside of "per": selectors met so far */
} Adder;

static int	add_condition(Adder *adder, PersonaCondition *condition);

/* Hashes the text that a key entry points to. */
static uint32
key_hash(const void *key, Size size)
{
	const char *text = *(const char *const *) key;

	return hash_bytes((const unsigned char *) text, strlen(text));
}

/* Compares two keys by their texts. */
static int
key_match(const void *left, const void *right, Size size)
{
	return strcmp(*(const char *const *) left, *(const char *const *) right);
}

/* Makes an empty set in the current memory context. */
PersonaConditions *
persona_conditions_make(void)
{
	PersonaConditions *set = palloc0(sizeof(PersonaConditions));
	HASHCTL		control;

	control.keysize = sizeof(char *);
	control.entrysize = sizeof(KeyEntry);
	control.hash = key_hash;
	control.match = key_match;
	control.hcxt = CurrentMemoryContext;
	set->keys = hash_create("persona keys", 256, &control,
							HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	return set;
}

/* Returns the 64-bit words that the bits of all selectors take. */
int
persona_conditions_words(const PersonaConditions *set)
{
	return Max((set->selector_count + 63) / 64, 1);
}

/* Returns an array with room for one more element. */
static void *
grow(void *array, int count, int *room, Size size)
{
	if (count < *room)
		return array;
	*room = Max(16, *room * 2);
	return array == NULL ? palloc0(size * *room) : repalloc(array, size * *room);
}

/* Finds the number that a key has, or gives it the next one. */
static bool
find_key(PersonaConditions *set, char *key, int next, int *number)
{
	bool		found;
	KeyEntry   *entry = hash_search(set->keys, &key, HASH_ENTER, &found);

	if (!found)
	{
		entry->key = key;
		entry->number = next;
	}
	*number = entry->number;
	return found;
}

/* Writes text so that no two lists of texts look the same. */
static void
append_text(StringInfo key, const char *text)
{
	if (text == NULL)
		appendStringInfoChar(key, '~');
	else
		appendStringInfo(key, "%d:%s", (int) strlen(text), text);
}

/* Writes what makes two tests equal. */
static void
append_test(StringInfo key, const PersonaTest *test)
{
	if (test == NULL)
	{
		appendStringInfoString(key, "-");
		return;
	}
	appendStringInfo(key, "op%d(", test->operator);
	for (int i = 0; i < test->count; i++)
		if (test->operands[i]->kind != PERSONA_JSON_ARRAY)
		{
			appendStringInfo(key, "%d", test->operands[i]->kind);
			append_text(key, test->operands[i]->text);
		}
	if (test->operator == PERSONA_ANNIVERSARY_WITHIN)
		appendStringInfo(key, INT64_FORMAT "," INT64_FORMAT, test->from_days, test->until_days);
	append_text(key, test->period.text);
	append_text(key, test->zone);
	appendStringInfo(key, "%d)", test->ignore_case);
}

/* Writes what makes two conditions on the columns of one row equal. */
static void
append_where(StringInfo key, const PersonaCondition *where)
{
	if (where == NULL)
	{
		appendStringInfoChar(key, '~');
		return;
	}
	check_stack_depth();
	appendStringInfo(key, "%d(", where->kind);
	for (int i = 0; i < where->count; i++)
		append_where(key, where->parts[i]);
	if (where->kind == PERSONA_ATTRIBUTE)
	{
		append_text(key, where->name);
		append_test(key, where->test);
	}
	appendStringInfoChar(key, ')');
}

/* Tells whether a "where" depends on as_of. */
static bool
is_relative(const PersonaCondition *where)
{
	if (where == NULL)
		return false;
	for (int i = 0; i < where->count; i++)
		if (is_relative(where->parts[i]))
			return true;
	return where->kind == PERSONA_ATTRIBUTE && persona_test_is_relative(where->test);
}

/* Refuses a "where" that depends on as_of where one event has to be chosen. */
static void
refuse_relative(const PersonaCondition *where)
{
	if (where == NULL)
		return;
	for (int i = 0; i < where->count; i++)
		refuse_relative(where->parts[i]);
	if (where->kind == PERSONA_ATTRIBUTE && persona_test_is_relative(where->test))
		persona_fail(ERRCODE_FEATURE_NOT_SUPPORTED, where->test->path,
					 psprintf("\"%s\" relative to as_of can't choose the events of a sequence, first, last, every or gap",
							  persona_operator_name(where->test->operator)),
					 "It can be used with times, sum, avg, min, max and distinct.");
}

/* Adds a slot. */
static PersonaSlot *
add_slot(PersonaConditions *set)
{
	PersonaSlot *slot;

	set->slots = grow(set->slots, set->slot_count, &set->slot_room, sizeof(PersonaSlot));
	slot = &set->slots[set->slot_count++];
	memset(slot, 0, sizeof(PersonaSlot));
	slot->where_of = PERSONA_NONE;
	return slot;
}

/* Keeps the parts of a selector's "where"; returns the slot. */
static int
keep_where(PersonaConditions *set, int selector)
{
	PersonaSlot *slot = add_slot(set);

	slot->where_of = selector;
	slot->selectors = bms_make_singleton(selector);
	return set->slot_count - 1;
}

/* Returns the selector of a kind and a "where". */
static int
add_selector(PersonaConditions *set, const char *kind, const char *kind_path, PersonaCondition *where)
{
	StringInfoData key;
	int			number;

	initStringInfo(&key);
	appendStringInfoString(&key, "selector ");
	append_text(&key, kind);
	append_where(&key, where);
	if (!find_key(set, key.data, set->selector_count, &number))
	{
		PersonaSelector *selector;

		set->selectors = grow(set->selectors, set->selector_count, &set->selector_room, sizeof(PersonaSelector));
		selector = &set->selectors[set->selector_count++];
		selector->key = key.data;
		selector->kind = kind;
		selector->kind_path = kind_path;
		selector->where = where;
		selector->kept_where = PERSONA_NONE;
		if (is_relative(where))
			selector->kept_where = keep_where(set, number);
	}
	return number;
}

/* Makes sure that a property of a selector's events is kept; returns its slot. */
int
persona_conditions_slot(PersonaConditions *set, const char *property, const char *path,
						int selector, bool shown, bool number)
{
	StringInfoData key;
	PersonaNeed *need;
	int			slot;

	initStringInfo(&key);
	appendStringInfo(&key, "slot %d%d", shown, number);
	append_text(&key, property);
	if (!find_key(set, key.data, set->slot_count, &slot))
	{
		PersonaSlot *made = add_slot(set);

		made->property = property;
		made->shown = shown;
		made->number = number;
	}
	set->slots[slot].selectors = bms_add_member(set->slots[slot].selectors, selector);
	need = palloc(sizeof(PersonaNeed));
	need->next = set->slots[slot].needs;
	need->selector = selector;
	need->path = path;
	set->slots[slot].needs = need;
	return slot;
}

/* Returns the selector of a kind and a "where"; inside of "per" the key is kept with its events. */
static int
choose(Adder *adder, const char *kind, const char *kind_path, PersonaCondition *where)
{
	PersonaConditions *set = adder->set;
	int			selector = add_selector(set, kind, kind_path, where);

	if (adder->scope != PERSONA_NONE)
	{
		PersonaScope *scope = &set->scopes[adder->scope];

		scope->slot = persona_conditions_slot(set, scope->property, adder->per_path, selector, false, false);
		scope->selectors = bms_add_member(scope->selectors, selector);
		adder->keyed_by = bms_add_member(adder->keyed_by, selector);
	}
	return selector;
}

/* Adds a node, unless there is an equal one. */
static int
add_node(PersonaConditions *set, const PersonaNode *node, char *key)
{
	int			number;

	if (!find_key(set, key, set->node_count, &number))
	{
		set->nodes = grow(set->nodes, set->node_count, &set->node_room, sizeof(PersonaNode));
		set->nodes[set->node_count] = *node;
		set->nodes[set->node_count].key = key;
		if (node->scope != PERSONA_NONE)
			set->scopes[node->scope].nodes = bms_add_member(set->scopes[node->scope].nodes, set->node_count);
		set->node_count++;
	}
	return number;
}

/* Returns the whole number that an operand is, or fails. */
static int64
whole_number(const PersonaTest *test, int index)
{
	const PersonaJson *operand = test->operands[index];
	char	   *end;
	int64		number;

	errno = 0;
	number = operand->kind == PERSONA_JSON_NUMBER ? strtoll(operand->text, &end, 10) : -1;
	if (operand->kind != PERSONA_JSON_NUMBER || *end != '\0' || errno != 0 || number < 0)
		pcore_fail(test->path, "a whole number that is not negative is expected", NULL);
	return number;
}

/* Returns a range of numbers. */
static PcoreRange
range(int64 low, int64 high)
{
	PcoreRange	result = {low, high};

	return result;
}

/* Turns a comparison of whole numbers into ranges of the numbers that pass. */
static void
make_ranges(PersonaNode *node, const PersonaTest *test)
{
	int64		low;

	node->ranges = palloc(sizeof(PcoreRange) * Max(test == NULL ? 1 : test->count, 2));
	node->range_count = 1;
	if (test == NULL)
	{
		node->ranges[0] = range(1, PG_INT64_MAX);
		return;
	}
	low = whole_number(test, 0);
	switch (test->operator)
	{
		case PERSONA_AT_LEAST:
			node->ranges[0] = range(low, PG_INT64_MAX);
			break;
		case PERSONA_MORE_THAN:
			node->ranges[0] = range(low == PG_INT64_MAX ? low : low + 1, PG_INT64_MAX);
			break;
		case PERSONA_AT_MOST:
			node->ranges[0] = range(0, low);
			break;
		case PERSONA_LESS_THAN:
			if (low == 0)
				pcore_fail(test->path, "no number of times is less than 0", NULL);
			node->ranges[0] = range(0, low - 1);
			break;
		case PERSONA_BETWEEN:
			node->ranges[0] = range(low, whole_number(test, 1));
			break;
		case PERSONA_IS:
		case PERSONA_IN:
			node->range_count = test->count;
			for (int i = 0; i < test->count; i++)
				node->ranges[i] = range(whole_number(test, i), whole_number(test, i));
			break;
		case PERSONA_IS_NOT:
			node->range_count = 2;
			node->ranges[0] = range(0, low - 1);
			node->ranges[1] = range(low + 1, PG_INT64_MAX);
			break;
		default:
			elog(ERROR, "operator %d does not compare numbers", test->operator);
	}
}

/* Makes the condition that a property of an event passes a test. */
static PersonaCondition *
make_property_test(const PersonaCondition *event, PersonaOperator operator, int operand)
{
	PersonaCondition *made = palloc0(sizeof(PersonaCondition));
	PersonaTest *test = palloc0(sizeof(PersonaTest));

	made->kind = PERSONA_ATTRIBUTE;
	made->path = event->path;
	made->name = event->property;
	made->name_path = event->property_path;
	made->test = test;
	*test = *event->test;
	test->operator = operator;
	if (operand >= 0)
	{
		test->count = 1;
		test->operands = palloc(sizeof(PersonaJson *));
		test->operands[0] = event->test->operands[operand];
	}
	return made;
}

/* Makes the condition that both hold; "first" may be NULL. */
static PersonaCondition *
make_both(const char *path, PersonaCondition *first, PersonaCondition *second)
{
	PersonaCondition *made;

	if (first == NULL)
		return second;
	made = palloc0(sizeof(PersonaCondition));
	made->kind = PERSONA_ALL;
	made->path = path;
	made->count = 2;
	made->parts = palloc(sizeof(PersonaCondition *) * 2);
	made->parts[0] = first;
	made->parts[1] = second;
	return made;
}

/* Makes the negation of a condition. */
static PersonaCondition *
make_not(PersonaCondition *condition)
{
	PersonaCondition *made = palloc0(sizeof(PersonaCondition));

	made->kind = PERSONA_NOT;
	made->path = condition->path;
	made->count = 1;
	made->parts = palloc(sizeof(PersonaCondition *));
	made->parts[0] = condition;
	return made;
}

/* Makes "some event in the window has a property that passes a test". */
static PersonaCondition *
make_some(const PersonaCondition *event, PersonaOperator operator, int operand)
{
	PersonaCondition *made = palloc0(sizeof(PersonaCondition));

	*made = *event;
	made->measure = PERSONA_TIMES;
	made->test = NULL;
	made->property = NULL;
	made->where = make_both(event->path, event->where, make_property_test(event, operator, operand));
	return made;
}

/* Rewrites a test of the smallest or largest value into tests of counts. */
static PersonaCondition *
rewrite_extreme(const PersonaCondition *event)
{
	bool		max = event->measure == PERSONA_MAX;
	/* What no value may be when the extreme is the operand. */
	PersonaOperator beyond = max ? PERSONA_MORE_THAN : PERSONA_LESS_THAN;
	PersonaCondition *made = NULL;

	switch (event->test->operator)
	{
		case PERSONA_AT_LEAST:
			made = make_some(event, PERSONA_AT_LEAST, 0);
			return max ? made : make_both(event->path, made, make_not(make_some(event, PERSONA_LESS_THAN, 0)));
		case PERSONA_MORE_THAN:
			made = make_some(event, PERSONA_MORE_THAN, 0);
			return max ? made : make_both(event->path, made, make_not(make_some(event, PERSONA_AT_MOST, 0)));
		case PERSONA_AT_MOST:
			made = make_some(event, PERSONA_AT_MOST, 0);
			return max ? make_both(event->path, made, make_not(make_some(event, PERSONA_MORE_THAN, 0))) : made;
		case PERSONA_LESS_THAN:
			made = make_some(event, PERSONA_LESS_THAN, 0);
			return max ? make_both(event->path, made, make_not(make_some(event, PERSONA_AT_LEAST, 0))) : made;
		case PERSONA_BETWEEN:
			return make_both(event->path, make_some(event, PERSONA_BETWEEN, -1),
							 make_not(make_some(event, beyond, max ? 1 : 0)));
		default:
			break;
	}
	/* is, in: the extreme is one of the operands; is_not, not_in: it is none. */
	made = palloc0(sizeof(PersonaCondition));
	made->kind = PERSONA_ANY;
	made->path = event->path;
	made->count = event->test->count;
	made->parts = palloc(sizeof(PersonaCondition *) * event->test->count);
	for (int i = 0; i < event->test->count; i++)
		made->parts[i] = make_both(event->path, make_some(event, PERSONA_IS, i),
								   make_not(make_some(event, beyond, i)));
	if (event->test->operator == PERSONA_IS_NOT || event->test->operator == PERSONA_NOT_IN)
		return make_not(made);
	return made;
}

/* Refuses windows of events that lie in the future. */
static void
check_period(const PersonaPeriod *period, const char *path)
{
	if (period->kind == PERSONA_PERIOD_CALENDAR && period->from > 0)
		pcore_fail(path, psprintf("\"%s\" is in the future, where no events are", period->text), NULL);
}

/* Tells whether a test of events is added as the complement of its positive form. */
static bool
is_complement(const PersonaCondition *condition)
{
	if (condition->test == NULL)
		return false;
	/* A gap that there is not satisfies is_not, other than any number. */
	if (condition->measure == PERSONA_GAP && condition->test->operator == PERSONA_IS_NOT)
		return true;
	return condition->test->operator == PERSONA_NOT_IN
		&& condition->measure != PERSONA_SUM && condition->measure != PERSONA_AVG;
}

/* Turns a comparison of gaps into ranges of lengths. */
static void
make_gap_ranges(PersonaNode *node, const PersonaCondition *condition)
{
	const PcoreDuration *lengths = condition->gap_lengths;

	node->range_count = 1;
	node->ranges = palloc(sizeof(PcoreRange) * condition->test->count);
	switch (condition->test->operator)
	{
		case PERSONA_AT_LEAST:
			node->ranges[0] = range(lengths[0], PG_INT64_MAX);
			break;
		case PERSONA_MORE_THAN:
			node->ranges[0] = range(lengths[0] == PG_INT64_MAX ? lengths[0] : lengths[0] + 1, PG_INT64_MAX);
			break;
		case PERSONA_AT_MOST:
			node->ranges[0] = range(0, lengths[0]);
			break;
		case PERSONA_LESS_THAN:
			node->ranges[0] = range(0, lengths[0] - 1);
			break;
		case PERSONA_BETWEEN:
			node->ranges[0] = range(lengths[0], lengths[1]);
			break;
		default:
			node->range_count = condition->test->count;
			for (int i = 0; i < node->range_count; i++)
				node->ranges[i] = range(lengths[i], lengths[i]);
			break;
	}
}

/* Adds a condition on events. */
static int
add_event(Adder *adder, PersonaCondition *condition)
{
	PersonaConditions *set = adder->set;
	PersonaNode node;
	StringInfoData key;
	const char *kind_path = condition->name_path;
	int			number;

	PcoreZone	zone;

	check_period(&condition->within, psprintf("%s.within", condition->path));
	check_period(&condition->before, psprintf("%s.before", condition->path));
	if (condition->zone != NULL && !persona_zone_find(condition->zone, &zone))
		pcore_fail(psprintf("%s.zone", condition->path), psprintf("time zone \"%s\" is unknown", condition->zone), NULL);
	if (condition->measure == PERSONA_MIN || condition->measure == PERSONA_MAX)
	{
		/* Of a key, all events count for its existence, not only those that pass the tests. */
		if (adder->scope != PERSONA_NONE)
			(void) choose(adder, condition->name, kind_path, condition->where);
		return add_condition(adder, rewrite_extreme(condition));
	}
	if (is_complement(condition))
	{
		PersonaCondition *positive = palloc(sizeof(PersonaCondition));
		PersonaTest *test = palloc(sizeof(PersonaTest));

		*test = *condition->test;
		test->operator = PERSONA_IN;
		*positive = *condition;
		positive->test = test;
		return add_condition(adder, make_not(positive));
	}
	memset(&node, 0, sizeof(node));
	node.source = condition;
	node.timed = true;
	node.passed = PERSONA_NONE;
	node.slot = PERSONA_NONE;
	node.scope = adder->scope;
	node.selector = choose(adder, condition->name, kind_path, condition->where);
	initStringInfo(&key);
	appendStringInfo(&key, "event %d %d %d ", adder->scope, condition->measure, node.selector);
	append_text(&key, condition->within.text);
	append_text(&key, condition->before.text);
	append_text(&key, condition->zone);
	switch (condition->measure)
	{
		case PERSONA_TIMES:
			node.kind = PERSONA_NODE_COUNT;
			make_ranges(&node, condition->test);
			append_test(&key, condition->test);
			break;
		case PERSONA_EVERY:
			refuse_relative(condition->where);
			node.kind = PERSONA_NODE_EVERY;
			make_ranges(&node, condition->test);
			if (condition->test->operator != PERSONA_AT_MOST && condition->test->operator != PERSONA_LESS_THAN
				&& condition->test->operator != PERSONA_IS_NOT
				&& node.ranges[0].low > condition->every_of)
				pcore_fail(condition->test->path,
						   psprintf("%d periods can't have more than %d with an event",
									condition->every_of, condition->every_of), NULL);
			appendStringInfo(&key, INT64_FORMAT " %d ", condition->every_period, condition->every_of);
			append_test(&key, condition->test);
			break;
		case PERSONA_SUM:
		case PERSONA_AVG:
			node.kind = PERSONA_NODE_SUM;
			for (int i = 0; i < condition->test->count; i++)
				if (condition->test->operands[i]->kind != PERSONA_JSON_NUMBER)
					pcore_fail(condition->test->path, "a number is expected", NULL);
			node.slot = persona_conditions_slot(set, condition->property,
												psprintf("%s.%s", condition->path,
														 condition->measure == PERSONA_SUM ? "sum" : "avg"),
												node.selector, false, true);
			appendStringInfo(&key, "%d ", node.slot);
			append_test(&key, condition->test);
			break;
		case PERSONA_DISTINCT:
			node.kind = PERSONA_NODE_DISTINCT;
			make_ranges(&node, condition->test);
			node.slot = persona_conditions_slot(set, condition->property, psprintf("%s.distinct", condition->path),
												node.selector, false, false);
			appendStringInfo(&key, "%d ", node.slot);
			append_test(&key, condition->test);
			break;
		case PERSONA_FIRST:
		case PERSONA_LAST:
			refuse_relative(condition->where);
			refuse_relative(condition->one_where);
			node.kind = condition->measure == PERSONA_FIRST ? PERSONA_NODE_FIRST : PERSONA_NODE_LAST;
			{
				const char *one = condition->measure == PERSONA_FIRST ? "first" : "last";

				check_period(&condition->one_within, psprintf("%s.%s.within", condition->path, one));
				check_period(&condition->one_before, psprintf("%s.%s.before", condition->path, one));
			}
			if (condition->one_where != NULL)
				node.passed = choose(adder, condition->name, kind_path,
									 make_both(condition->path, condition->where, condition->one_where));
			appendStringInfo(&key, "%d ", node.passed);
			append_text(&key, condition->one_within.text);
			append_text(&key, condition->one_before.text);
			break;
		case PERSONA_GAP:
			refuse_relative(condition->where);
			node.kind = PERSONA_NODE_GAP;
			make_gap_ranges(&node, condition);
			appendStringInfo(&key, "%d ", condition->gap);
			append_test(&key, condition->test);
			break;
		default:
			elog(ERROR, "measure %d can't be compiled", condition->measure);
	}
	number = add_node(set, &node, key.data);
	return number;
}

/* Adds a sequence. */
static int
add_sequence(Adder *adder, PersonaCondition *condition)
{
	PersonaConditions *set = adder->set;
	PersonaNode node;
	StringInfoData key;
	int			previous = 0;

	memset(&node, 0, sizeof(node));
	node.kind = PERSONA_NODE_SEQUENCE;
	node.source = condition;
	node.timed = true;
	node.scope = adder->scope;
	node.steps = palloc0(sizeof(PersonaNodeStep) * condition->step_count);
	initStringInfo(&key);
	appendStringInfo(&key, "sequence %d " INT64_FORMAT " ", adder->scope, condition->completed_within);
	append_text(&key, condition->within.text);
	for (int s = 0; s < condition->step_count; s++)
	{
		const PersonaStep *step = &condition->steps[s];
		PersonaNodeStep *made = &node.steps[s];

		refuse_relative(step->where);
		made->selector = choose(adder, step->event, psprintf("%s.%s", step->path, step->absent ? "no" : "event"),
								step->where);
		made->same_count = step->same_count;
		made->same_slots = palloc(sizeof(int) * Max(step->same_count, 1));
		for (int i = 0; i < step->same_count; i++)
		{
			const char *path = psprintf("%s.same[%d]", step->path, i);

			made->same_slots[i] = persona_conditions_slot(set, step->same[i], path, made->selector, false, false);
			(void) persona_conditions_slot(set, step->same[i], path, node.steps[previous].selector, false, false);
		}
		appendStringInfo(&key, "(%d %d " INT64_FORMAT " " INT64_FORMAT, step->absent, made->selector,
						 step->within, step->after);
		for (int i = 0; i < step->same_count; i++)
			appendStringInfo(&key, " %d", made->same_slots[i]);
		append_text(&key, step->alias);
		appendStringInfoChar(&key, ')');
		if (!step->absent)
			previous = s;
	}
	return add_node(set, &node, key.data);
}

/* Adds a test of the customer row. */
static int
add_test(Adder *adder, PersonaCondition *condition)
{
	PersonaConditions *set = adder->set;
	PersonaNode node;
	StringInfoData key;
	int			number;

	memset(&node, 0, sizeof(node));
	node.kind = PERSONA_NODE_TEST;
	node.source = condition;
	node.scope = PERSONA_NONE;
	node.timed = persona_test_is_relative(condition->test);
	node.test = set->test_count;
	initStringInfo(&key);
	appendStringInfoString(&key, "test ");
	append_text(&key, condition->name);
	append_test(&key, condition->test);
	number = add_node(set, &node, key.data);
	if (number == set->node_count - 1 && set->nodes[number].test == set->test_count)
	{
		set->tests = grow(set->tests, set->test_count, &set->test_room, sizeof(PersonaCondition *));
		set->tests[set->test_count++] = condition;
	}
	return number;
}

/* Adds all, any or not. */
static int
add_boolean(Adder *adder, PersonaCondition *condition)
{
	PersonaNode node;
	StringInfoData key;

	memset(&node, 0, sizeof(node));
	node.kind = condition->kind == PERSONA_ALL ? PERSONA_NODE_ALL
		: condition->kind == PERSONA_ANY ? PERSONA_NODE_ANY : PERSONA_NODE_NOT;
	node.source = condition;
	node.scope = PERSONA_NONE;
	node.count = condition->count;
	node.parts = palloc(sizeof(int) * Max(condition->count, 1));
	initStringInfo(&key);
	appendStringInfo(&key, "%s", node.kind == PERSONA_NODE_ALL ? "all" : node.kind == PERSONA_NODE_ANY ? "any" : "not");
	for (int i = 0; i < condition->count; i++)
	{
		node.parts[i] = add_condition(adder, condition->parts[i]);
		node.timed |= adder->set->nodes[node.parts[i]].timed;
		node.scope = Max(node.scope, adder->set->nodes[node.parts[i]].scope);
		appendStringInfo(&key, " %d", node.parts[i]);
	}
	return add_node(adder->set, &node, key.data);
}

/* Adds a deterministic sample. */
static int
add_bucket(Adder *adder, PersonaCondition *condition)
{
	PersonaNode node;
	StringInfoData key;

	memset(&node, 0, sizeof(node));
	node.kind = PERSONA_NODE_BUCKET;
	node.source = condition;
	node.scope = PERSONA_NONE;
	initStringInfo(&key);
	appendStringInfoString(&key, "bucket ");
	append_text(&key, condition->seed);
	appendStringInfo(&key, "%.17g %.17g", condition->bucket_from, condition->bucket_to);
	return add_node(adder->set, &node, key.data);
}

/* Adds a condition that has held for a length of time. */
static int
add_held(Adder *adder, PersonaCondition *condition)
{
	PersonaNode node;
	const PersonaNode *part;

	memset(&node, 0, sizeof(node));
	node.kind = PERSONA_NODE_HELD;
	node.source = condition;
	node.count = 1;
	node.parts = palloc(sizeof(int));
	node.parts[0] = add_condition(adder, condition->parts[0]);
	part = &adder->set->nodes[node.parts[0]];
	if (!part->timed)
		pcore_fail(psprintf("%s.held", condition->path), "it changes neither with events nor with time, so it has always held or never will",
				   "Columns of the customer have no history: test the column that tells when the value changed, or bind the history as events.");
	node.timed = true;
	node.scope = part->scope;
	return add_node(adder->set, &node, psprintf("held %d " INT64_FORMAT, node.parts[0], condition->held_for));
}

/* Returns the number of the scope of a property. */
static int
add_scope(PersonaConditions *set, const char *property)
{
	PersonaScope *scope;

	for (int s = 0; s < set->scope_count; s++)
		if (strcmp(set->scopes[s].property, property) == 0)
			return s;
	set->scopes = grow(set->scopes, set->scope_count, &set->scope_room, sizeof(PersonaScope));
	scope = &set->scopes[set->scope_count];
	scope->property = property;
	scope->slot = PERSONA_NONE;
	scope->selectors = scope->nodes = NULL;
	return set->scope_count++;
}

/* Adds a condition that holds for some key. */
static int
add_per(Adder *adder, PersonaCondition *condition)
{
	Adder		inside = {adder->set, adder->find_cohort, adder->data, add_scope(adder->set, condition->name),
	condition->name_path, NULL};
	PersonaNode node;
	StringInfoData key;
	int			selector = -1;

	memset(&node, 0, sizeof(node));
	node.kind = PERSONA_NODE_PER;
	node.source = condition;
	node.timed = true;
	node.scope = PERSONA_NONE;
	node.keys = inside.scope;
	node.count = 1;
	node.parts = palloc(sizeof(int));
	node.parts[0] = add_condition(&inside, condition->parts[0]);
	node.keyed_by = inside.keyed_by;
	initStringInfo(&key);
	appendStringInfo(&key, "per %d %d", inside.scope, node.parts[0]);
	while ((selector = bms_next_member(node.keyed_by, selector)) >= 0)
		appendStringInfo(&key, " %d", selector);
	return add_node(adder->set, &node, key.data);
}

/* Adds a condition of any kind. */
static int
add_condition(Adder *adder, PersonaCondition *condition)
{
	check_stack_depth();
	switch (condition->kind)
	{
		case PERSONA_ALL:
		case PERSONA_ANY:
		case PERSONA_NOT:
			return add_boolean(adder, condition);
		case PERSONA_COHORT:
			return adder->find_cohort(adder->data, condition);
		case PERSONA_ATTRIBUTE:
			return add_test(adder, condition);
		case PERSONA_EVENT:
			return add_event(adder, condition);
		case PERSONA_SEQUENCE:
			return add_sequence(adder, condition);
		case PERSONA_BUCKET:
			return add_bucket(adder, condition);
		case PERSONA_HELD:
			return add_held(adder, condition);
		case PERSONA_PER:
			return add_per(adder, condition);
	}
	pg_unreachable();
}

/* Adds a condition and returns its node. */
int
persona_conditions_add(PersonaConditions *set, PersonaCondition *condition,
					   PersonaCohortFinder find_cohort, void *data)
{
	Adder		adder = {set, find_cohort, data, PERSONA_NONE, NULL, NULL};

	return add_condition(&adder, condition);
}

/* Tells whether ranges hold every number of times from 0 on. */
static bool
holds_all_numbers(const PersonaNode *node)
{
	int64		next = 0;
	bool		found = true;

	while (found)
	{
		found = false;
		for (int r = 0; r < node->range_count; r++)
			if (node->ranges[r].low <= next && node->ranges[r].high >= next)
			{
				if (node->ranges[r].high == PG_INT64_MAX)
					return true;
				next = node->ranges[r].high + 1;
				found = true;
			}
	}
	return false;
}

/* A node, or its complement. */
typedef struct Literal
{
	int			node;
	bool		negated;
} Literal;

/* What has to hold together. */
typedef struct Literals
{
	int			count;
	Literal    *list;
} Literals;

/* Up to so many are compared with each other. */
#define MOST_COMPARED 200

/* Lists what has to hold together for a node, or its complement, to hold. */
static void
list_literals(const PersonaConditions *set, int number, bool negated, Literals *literals)
{
	const PersonaNode *node = &set->nodes[number];

	check_stack_depth();
	if (node->kind == PERSONA_NODE_NOT || (node->kind == PERSONA_NODE_ALL && !negated)
		|| (node->kind == PERSONA_NODE_ANY && negated))
	{
		for (int i = 0; i < node->count; i++)
			list_literals(set, node->parts[i], negated != (node->kind == PERSONA_NODE_NOT), literals);
		return;
	}
	if (literals->count < MOST_COMPARED)
		literals->list[literals->count++] = (Literal) {number, negated};
}

/* Tells whether two windows are the same. */
static bool
are_same_periods(const PersonaPeriod *a, const PersonaPeriod *b)
{
	return a->kind == b->kind && a->length == b->length && a->unit == b->unit && a->from == b->from && a->until == b->until;
}

/* Tells whether two nodes test the same number of events. */
static bool
count_the_same(const PersonaNode *a, const PersonaNode *b)
{
	const char *zone = a->source->zone == NULL ? "" : a->source->zone;

	return (a->kind == PERSONA_NODE_COUNT || a->kind == PERSONA_NODE_DISTINCT || a->kind == PERSONA_NODE_EVERY)
		&& a->kind == b->kind && a->selector == b->selector && a->slot == b->slot && a->scope == b->scope
		&& are_same_periods(&a->source->within, &b->source->within)
		&& are_same_periods(&a->source->before, &b->source->before)
		&& a->source->every_period == b->source->every_period && a->source->every_of == b->source->every_of
		&& strcmp(zone, b->source->zone == NULL ? "" : b->source->zone) == 0;
}

/* Tells whether a number passes a node. */
static bool
number_passes(const PersonaNode *node, int64 number)
{
	for (int r = 0; r < node->range_count; r++)
		if (node->ranges[r].low <= number && number <= node->ranges[r].high)
			return true;
	return false;
}

/* Tells whether no number passes both of two nodes that test the same one; it suffices to try where ranges begin and end. */
static bool
no_number_passes(const PersonaConditions *set, Literal a, Literal b)
{
	const PersonaNode *nodes[2] = {&set->nodes[a.node], &set->nodes[b.node]};

	for (int n = 0; n < 2; n++)
		for (int r = -1; r < nodes[n]->range_count; r++)
			for (int end = 0; end < 2; end++)
			{
				int64		number = r < 0 ? 0 : end == 0 ? nodes[n]->ranges[r].low : nodes[n]->ranges[r].high;

				if (end == 1 && number < PG_INT64_MAX)
					number++;
				if (number >= 0 && number_passes(nodes[0], number) != a.negated && number_passes(nodes[1], number) != b.negated)
					return false;
			}
	return true;
}

/* Tells whether the tests of one column among some literals, from one on, exclude each other. */
static bool
do_tests_exclude(const PersonaConditions *set, PersonaRowTest *const *tests, const Literals *literals, int first)
{
	const PersonaRowTest *same[MOST_COMPARED];
	bool		negated[MOST_COMPARED];
	int			count = 0;
	const char *name = set->tests[set->nodes[literals->list[first].node].test]->name;

	for (int i = 0; i < literals->count; i++)
	{
		const PersonaNode *node = &set->nodes[literals->list[i].node];

		if (node->kind != PERSONA_NODE_TEST || strcmp(set->tests[node->test]->name, name) != 0)
			continue;
		/* This column was looked at before. */
		if (i < first)
			return false;
		same[count] = tests[node->test];
		negated[count++] = literals->list[i].negated;
	}
	return persona_row_tests_exclude(same, negated, count);
}

/*
 * Tells whether a node, or its complement, can't hold: because of a part and
 * its complement, of tests of one column, or of numbers of the same events.
 */
static bool
is_contradiction(const PersonaConditions *set, PersonaRowTest *const *tests, int number, bool negated)
{
	Literals	literals = {0, palloc(sizeof(Literal) * MOST_COMPARED)};

	list_literals(set, number, negated, &literals);
	for (int i = 0; i < literals.count; i++)
	{
		Literal		a = literals.list[i];
		const PersonaNode *node = &set->nodes[a.node];

		for (int j = 0; j < i; j++)
		{
			Literal		b = literals.list[j];

			if (a.node == b.node && a.negated != b.negated)
				return true;
			if (count_the_same(node, &set->nodes[b.node]) && no_number_passes(set, a, b))
				return true;
		}
		if (tests != NULL && node->kind == PERSONA_NODE_TEST && do_tests_exclude(set, tests, &literals, i))
			return true;
	}
	return false;
}

/* Tells what a node is for every customer and at every time: 1 true, 0 false, -1 it depends. */
int
persona_conditions_constant(const PersonaConditions *set, PersonaRowTest *const *tests, int number)
{
	const PersonaNode *node = &set->nodes[number];
	int			result;

	check_stack_depth();
	switch (node->kind)
	{
		case PERSONA_NODE_ALL:
		case PERSONA_NODE_ANY:
			result = node->kind == PERSONA_NODE_ALL;
			for (int i = 0; i < node->count; i++)
			{
				int			part = persona_conditions_constant(set, tests, node->parts[i]);

				/* One false part decides "all", one true part "any"; else one that depends. */
				if (part == (node->kind == PERSONA_NODE_ANY))
					return part;
				if (part == -1)
					result = -1;
			}
			if (node->kind == PERSONA_NODE_ALL && is_contradiction(set, tests, number, false))
				return 0;
			if (node->kind == PERSONA_NODE_ANY && is_contradiction(set, tests, number, true))
				return 1;
			return result;
		case PERSONA_NODE_NOT:
			result = persona_conditions_constant(set, tests, node->parts[0]);
			return result == -1 ? -1 : !result;
		case PERSONA_NODE_HELD:
			return persona_conditions_constant(set, tests, node->parts[0]);
		case PERSONA_NODE_PER:
			/* A key has to exist. */
			return persona_conditions_constant(set, tests, node->parts[0]) == 0 ? 0 : -1;
		case PERSONA_NODE_COUNT:
		case PERSONA_NODE_DISTINCT:
		case PERSONA_NODE_EVERY:
			return holds_all_numbers(node) ? 1 : -1;
		case PERSONA_NODE_BUCKET:
			return node->source->bucket_from == 0 && node->source->bucket_to == 1 ? 1 : -1;
		default:
			return -1;
	}
}
