/*
 * plan.c - what a pass has to read, and how each node is answered.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pass/amount.h"
#include "pass/parts.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"

/* Adds a selector to a set of bits. */
static void
set_bit(uint64 *bits, int selector)
{
	bits[selector / 64] |= UINT64CONST(1) << (selector % 64);
}

/* Adds a set of bits to another. */
static void
add_bits(uint64 *bits, const uint64 *more, int words)
{
	for (int w = 0; w < words; w++)
		bits[w] |= more[w];
}

/* Tells whether a node asks for nothing but events, and adds the selectors that it asks for. */
static bool
asks_events_only(const PersonaConditions *set, int number, uint64 *bits)
{
	const PersonaNode *node = &set->nodes[number];

	check_stack_depth();
	switch (node->kind)
	{
		case PERSONA_NODE_ALL:
		case PERSONA_NODE_ANY:
		case PERSONA_NODE_NOT:
		case PERSONA_NODE_HELD:
		case PERSONA_NODE_PER:
			for (int i = 0; i < node->count; i++)
				if (!asks_events_only(set, node->parts[i], bits))
					return false;
			return true;
		case PERSONA_NODE_SEQUENCE:
			for (int s = 0; s < node->source->step_count; s++)
				set_bit(bits, node->steps[s].selector);
			return true;
		case PERSONA_NODE_COUNT:
		case PERSONA_NODE_SUM:
		case PERSONA_NODE_DISTINCT:
		case PERSONA_NODE_FIRST:
		case PERSONA_NODE_LAST:
		case PERSONA_NODE_EVERY:
		case PERSONA_NODE_GAP:
			set_bit(bits, node->selector);
			if (node->passed != PERSONA_NONE)
				set_bit(bits, node->passed);
			return true;
		default:
			return false;
	}
}

/* Asks for the truth of a node at as_of; of its parts, too. */
void
persona_pass_need_node(PersonaPass *pass, int number)
{
	struct PersonaPassParts *parts = pass->parts;
	const PersonaNode *node = &pass->program->set->nodes[number];

	check_stack_depth();
	parts->word_needed[number] = true;
	if (parts->leaves[number] != LEAF_NOT_NEEDED)
		return;
	switch (node->kind)
	{
		case PERSONA_NODE_ALL:
		case PERSONA_NODE_ANY:
		case PERSONA_NODE_NOT:
			parts->leaves[number] = LEAF_BOOLEAN;
			for (int i = 0; i < node->count; i++)
				persona_pass_need_node(pass, node->parts[i]);
			/* Its parts were listed by now. */
			parts->order[parts->order_count++] = number;
			break;
		case PERSONA_NODE_TEST:
		case PERSONA_NODE_BUCKET:
			parts->leaves[number] = LEAF_BIT;
			break;
		default:
			{
				uint64	   *bits = palloc0(sizeof(uint64) * persona_conditions_words(pass->program->set));

				/* What asks for anything else is asked of the whole customer. */
				parts->leaves[number] = asks_events_only(pass->program->set, number, bits) ? LEAF_RECORDS : LEAF_CUSTOMER;
				parts->selectors[number] = bits;
				break;
			}
	}
}

/* Asks for the number of customers for whom a node holds at as_of. */
void
persona_pass_need_count(PersonaPass *pass, int number, int sum)
{
	struct PersonaPassParts *parts = pass->parts;
	const PersonaNode *nodes = pass->program->set->nodes;
	bool		negated = false;

	for (; nodes[number].kind == PERSONA_NODE_NOT; number = nodes[number].parts[0])
		negated = !negated;
	/* The number may be all that is wanted of a test. */
	if (nodes[number].kind != PERSONA_NODE_TEST)
		persona_pass_need_node(pass, number);
	else if (parts->leaves[number] == LEAF_NOT_NEEDED)
		parts->leaves[number] = LEAF_BIT;
	if (parts->counted_count == parts->counted_room)
	{
		parts->counted_room = Max(64, parts->counted_room * 2);
		parts->counted = parts->counted == NULL ? palloc(sizeof(CountedNode) * parts->counted_room)
			: repalloc(parts->counted, sizeof(CountedNode) * parts->counted_room);
	}
	parts->counted[parts->counted_count++] = (CountedNode) {.node = number,.negated = negated,.sum = sum};
}

/* Asks for the customers' keys. */
void
persona_pass_need_keys(PersonaPass *pass)
{
	pass->parts->need_keys = true;
}

/* Asks for the customers' whole rows. */
void
persona_pass_need_rows(PersonaPass *pass)
{
	pass->parts->need_rows = true;
}

/* Asks for all records of the customers. */
void
persona_pass_need_records(PersonaPass *pass)
{
	pass->parts->need_records = true;
}

/* Asks for room for sums. */
void
persona_pass_need_sums(PersonaPass *pass, int count)
{
	pass->sum_count = count;
}

/* Opens a relation that the bindings name. */
static Relation
open_relation(const char *name)
{
	Oid			oid = DatumGetObjectId(DirectFunctionCall1(regclassin, CStringGetDatum(name)));

	return table_open(oid, AccessShareLock);
}

/* Opens the customers and finds out what is read of them. */
static void
plan_customers(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	PersonaProgram *program = pass->program;
	PersonaSearches *searches = persona_searches_make(pass->as_of);
	const PersonaConditions *set = program->set;

	if (program->customer_relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no customers are bound"),
				 errhint("Bind them with persona.bind_customers.")));
	parts->customers = open_relation(program->customer_relation);
	parts->shape = persona_customer_shape(program, parts->customers->rd_rel->reltype, -1);
	if (parts->shape->key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("%s has no column \"%s\"", program->customer_relation, program->key_column)));
	parts->key_column = persona_row_value_column(parts->shape->key);
	persona_keys_find(&parts->keys, RelationGetDescr(parts->customers), parts->key_column);
	parts->bits = palloc(sizeof(int) * (set->node_count + 1));
	for (int n = 0; n < set->node_count; n++)
	{
		const PersonaNode *node = &set->nodes[n];

		if (parts->leaves[n] != LEAF_BIT)
			continue;
		if (node->kind == PERSONA_NODE_TEST)
		{
			PersonaRowTest *test = parts->shape->tests[node->test];

			if (persona_searches_add(searches, set->tests[node->test], test, n))
				parts->leaves[n] = LEAF_SEARCH;
			else
				parts->read_zone = true;
			parts->columns = bms_add_member(parts->columns, persona_row_test_column(test));
		}
		if (parts->leaves[n] == LEAF_BIT)
			parts->bits[parts->bit_count++] = n;
	}
	parts->searches = persona_searches_ready(searches, &parts->search_count);
}

/* Tells for which kept values sums can be added up as amounts. */
static bool *
find_amounts(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	const PersonaConditions *set = pass->program->set;
	bool	   *amounts = palloc(sizeof(bool) * (set->slot_count + 1));

	for (int v = 0; v < set->slot_count; v++)
	{
		amounts[v] = parts->exact;
		for (int s = 0; s < parts->source_count; s++)
		{
			const PersonaRowValue *value = persona_classifier_slot(parts->sources[s].classifier, v);

			if (value != NULL && (!persona_row_value_is_plain(value)
								  || !persona_amount_type(persona_row_value_type(value))))
				amounts[v] = false;
		}
	}
	return amounts;
}

/* Finds out what the nodes on events are for a customer without any. */
static void
find_defaults(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	const PersonaConditions *set = pass->program->set;
	PersonaEvaluation evaluation;

	memset(&evaluation, 0, sizeof(evaluation));
	evaluation.set = set;
	evaluation.zone = &pass->program->default_zone;
	evaluation.key = "";
	evaluation.as_of = pass->as_of;
	persona_evaluation_begin(&evaluation, NULL, 0);
	parts->defaults = palloc0(sizeof(bool) * (set->node_count + 1));
	for (int n = 0; n < set->node_count; n++)
		if (parts->leaves[n] == LEAF_RECORDS || parts->leaves[n] == LEAF_COUNTS)
			parts->defaults[n] = pcore_truth_at(persona_truth_from_now(&evaluation, n), pass->as_of);
}

/*
 * Tells after which instant an event has to lie to be of use for a node's truth
 * at as_of.  A match of a sequence counts until its window is over, which begins
 * with its first event.
 */
static PcoreInstant
of_use_later_than(const PersonaPass *pass, const PersonaNode *node)
{
	bool		sure = node->kind == PERSONA_NODE_SEQUENCE || node->kind == PERSONA_NODE_COUNT
		|| node->kind == PERSONA_NODE_SUM || node->kind == PERSONA_NODE_DISTINCT
		|| node->kind == PERSONA_NODE_FIRST || node->kind == PERSONA_NODE_LAST;

	if (!sure || node->source->within.kind != PERSONA_PERIOD_LENGTH)
		return PCORE_BEGIN_OF_TIME;
	return pcore_add(pass->as_of, -node->source->within.length);
}

/* Adds a node that is evaluated from records. */
static void
add_record_leaf(PersonaPass *pass, int number)
{
	struct PersonaPassParts *parts = pass->parts;
	const PersonaConditions *set = pass->program->set;
	PcoreInstant later_than = of_use_later_than(pass, &set->nodes[number]);

	parts->keep_zone = true;
	parts->record_leaves[parts->record_leaf_count++] = number;
	for (int s = 0; s < set->selector_count; s++)
		if ((parts->selectors[number][s / 64] >> (s % 64)) & 1)
		{
			set_bit(parts->whole, s);
			parts->whole_later_than[s] = pcore_min(parts->whole_later_than[s], later_than);
		}
}

/* Divides the nodes on events among counts and the evaluator. */
static void
plan_events(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	const PersonaConditions *set = pass->program->set;
	int			words = persona_conditions_words(set);
	const bool *amounts = find_amounts(pass);

	parts->counts = persona_counts_make(set, pass->as_of);
	parts->whole = palloc0(sizeof(uint64) * words);
	parts->wanted = palloc0(sizeof(uint64) * words);
	parts->whole_later_than = palloc(sizeof(PcoreInstant) * (set->selector_count + 1));
	for (int s = 0; s < set->selector_count; s++)
		parts->whole_later_than[s] = PCORE_END_OF_TIME;
	parts->record_leaves = palloc(sizeof(int) * (set->node_count + 1));
	parts->customer_leaves = palloc(sizeof(int) * (set->node_count + 1));
	for (int n = 0; n < set->node_count; n++)
	{
		if (parts->leaves[n] == LEAF_CUSTOMER)
			parts->customer_leaves[parts->customer_leaf_count++] = n;
		if (parts->leaves[n] != LEAF_RECORDS)
			continue;
		add_bits(parts->wanted, parts->selectors[n], words);
		if (persona_counts_add(parts->counts, n, amounts))
		{
			parts->leaves[n] = LEAF_COUNTS;
			continue;
		}
		add_record_leaf(pass, n);
	}
	if (parts->need_records)
		for (int s = 0; s < set->selector_count; s++)
		{
			parts->whole_later_than[s] = PCORE_BEGIN_OF_TIME;
			set_bit(parts->whole, s);
			set_bit(parts->wanted, s);
		}
	for (int w = 0; w < words; w++)
		parts->need_events |= parts->wanted[w] != 0;
	find_defaults(pass);
	persona_counts_ready(parts->counts, parts->defaults);
}

/* Tells whether a source can have events that are of use. */
static bool
is_of_use(const PersonaPass *pass, const PersonaSource *source)
{
	const PersonaConditions *set = pass->program->set;
	const struct PersonaPassParts *parts = pass->parts;

	for (int s = 0; s < set->selector_count; s++)
	{
		if (!persona_source_has_kind(source, set->selectors[s].kind))
			continue;
		if (parts->need_records)
			return true;
		for (int n = 0; n < set->node_count; n++)
			if (parts->leaves[n] == LEAF_RECORDS && ((parts->selectors[n][s / 64] >> (s % 64)) & 1))
				return true;
	}
	return false;
}

/* Opens the sources that can have events of use. */
static void
open_sources(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	PersonaProgram *program = pass->program;

	parts->sources = palloc0(sizeof(SourcePlan) * (program->source_count + 1));
	for (int s = 0; s < program->source_count; s++)
	{
		const PersonaSource *from = &program->sources[s];
		SourcePlan *source = &parts->sources[parts->source_count];
		TupleDesc	desc;

		if (!is_of_use(pass, from))
			continue;
		source->number = s;
		source->relation = open_relation(from->relation);
		source->classifier = persona_program_classifier(program, s, source->relation->rd_rel->reltype, -1);
		desc = RelationGetDescr(source->relation);
		persona_event_key_find(&source->key, &parts->keys, program, from, desc);
		for (int i = 0; i < desc->natts; i++)
			if (!TupleDescAttr(desc, i)->attisdropped
				&& strcmp(NameStr(TupleDescAttr(desc, i)->attname), from->customer) == 0)
				source->key_column = i + 1;
		source->at_type = get_atttype(RelationGetRelid(source->relation),
									  get_attnum(RelationGetRelid(source->relation), from->at));
		source->columns = persona_classifier_columns(source->classifier);
		/* Contacts that are planned count under limits before their time. */
		source->cut = !parts->need_records || strncmp(from->name, "persona.", strlen("persona.")) != 0;
		parts->source_count++;
	}
}

/* Opens the relations and finds out how each node is answered. */
void
persona_pass_plan(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	const PersonaConditions *set = pass->program->set;

	parts->leaves = palloc0(sizeof(LeafKind) * (set->node_count + 1));
	parts->selectors = palloc0(sizeof(uint64 *) * (set->node_count + 1));
	parts->word_needed = palloc0(sizeof(bool) * (set->node_count + 1));
	parts->order = palloc(sizeof(int) * (set->node_count + 1));
	pass->question->plan(pass);
	persona_program_check_events(pass->program);
	for (int n = 0; n < set->node_count; n++)
		if (parts->leaves[n] == LEAF_CUSTOMER)
			parts->need_rows = parts->need_records = true;
	plan_customers(pass);
	open_sources(pass);
	plan_events(pass);
	if (parts->shape->time_zone == NULL)
		parts->read_zone = parts->keep_zone = false;
	if (parts->read_zone || parts->keep_zone)
		parts->columns = bms_add_member(parts->columns, persona_row_value_column(parts->shape->time_zone));
	parts->columns = bms_add_member(parts->columns, parts->key_column);
	pass->sums = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(uint64) * (pass->sum_count + 1),
											MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* Closes the relations; their locks stay until the end of the transaction. */
void
persona_pass_close(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;

	table_close(parts->customers, NoLock);
	for (int s = 0; s < parts->source_count; s++)
		table_close(parts->sources[s].relation, NoLock);
}
