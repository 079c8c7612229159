/*
 * block.c - evaluates customers in blocks of 64: a bit for each in a word.
 *
 * Some blocks are evaluated abreast, as far as that takes no memory for each
 * customer: each step of the plan is then read once for all of them, and its
 * words lie side by side, as vector instructions like them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "core/bits.h"
#include "host.h"
#include "miscadmin.h"
#include "pass/parts.h"
#include "progress.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

/* Answers the comparisons of a column that are wanted for blocks. */
static void
search_block(const PersonaSearch *search, int number, const PersonaLane *lanes, int count, PcoreAbreast *below, PcoreAbreast *words)
{
	PcoreAbreast all = {0};

	/* below[b]: the lanes whose segment is below bound b. */
	memset(below, 0, sizeof(PcoreAbreast) * (search->bound_count + 2));
	for (int lane = 0; lane < count; lane++)
		below[search->bounds[persona_segments(lanes[lane].customer)[number]] + 1][lane / PERSONA_LANES]
			|= UINT64CONST(1) << (lane % PERSONA_LANES);
	for (uint32 b = 0; b <= search->bound_count; b++)
	{
		all |= below[b];
		below[b] = all;
	}
	for (int r = 0; r < search->flat_count; r++)
	{
		const PersonaFlatRun *run = &search->flat[r];
		PcoreAbreast word = below[run->until] & ~below[run->from];

		words[run->number] = run->first ? word : words[run->number] | word;
	}
	for (int t = 0; t < search->member_count; t++)
	{
		const PersonaSearchTest *test = search->members[t];
		PcoreAbreast word = {0};

		for (int lane = 0; lane < count; lane++)
			word[lane / PERSONA_LANES] |= (uint64)
				persona_search_holds(test, persona_segments(lanes[lane].customer)[number]) << (lane % PERSONA_LANES);
		words[test->number] = word;
	}
}

/* Answers comparisons for blocks: of those that are only counted, the values are. */
static void
search_columns(struct PersonaPassParts *parts, const PersonaLane *lanes, int count, PcoreAbreast *words)
{
	for (int s = 0; s < parts->search_count; s++)
	{
		const PersonaSearch *search = &parts->searches[s];
		uint64	   *counts = parts->segment_counts[s];

		if (search->flat_count + search->member_count > 0)
			search_block(search, s, lanes, count, parts->masks[s], words);
		for (int lane = 0; counts != NULL && lane < count; lane++)
			counts[persona_segments(lanes[lane].customer)[s]]++;
	}
}

/* Spreads the bits that were tested when the customers were read. */
static void
spread_bits(const struct PersonaPassParts *parts, const PersonaLane *lanes, int count, PcoreAbreast *words)
{
	for (int i = 0; i < parts->bit_count; i++)
	{
		PcoreAbreast word = {0};

		for (int lane = 0; lane < count; lane++)
			word[lane / PERSONA_LANES] |=
				((persona_bits(parts, lanes[lane].customer)[i / 64] >> (i % 64)) & 1) << (lane % PERSONA_LANES);
		words[parts->bits[i]] = word;
	}
}

/* Returns a piece of a customer's record. */
static Piece *
customer_piece(const struct PersonaPassParts *parts, const CustomerRecord *customer, bool zone, bool row)
{
	Piece	   *piece = persona_pieces(parts, customer);

	if ((zone || row) && persona_keeps_key(parts))
		piece = NEXT_PIECE(piece);
	if (row && parts->keep_zone)
		piece = NEXT_PIECE(piece);
	return piece;
}

/* Returns the key of the customer in a lane. */
Datum
persona_block_key(PersonaPass *pass, const PersonaBlock *block, int lane, bool *null)
{
	const CustomerRecord *customer = block->customers[lane].customer;
	Piece	   *key = customer_piece(pass->parts, customer, false, false);

	*null = (customer->flags & CUSTOMER_WITHOUT_KEY) != 0;
	return *null ? (Datum) 0 : persona_key_datum(&pass->parts->keys, key->bytes, key->length);
}

/* Returns the row of the customer in a lane. */
HeapTupleHeader
persona_block_row(PersonaPass *pass, const PersonaBlock *block, int lane)
{
	return (HeapTupleHeader) customer_piece(pass->parts, block->customers[lane].customer, false, true)->bytes;
}

/* Returns the record that an event carries. */
static PersonaRecord *
event_record(const struct PersonaPassParts *parts, const EventRecord *event)
{
	const PersonaClass *class = &parts->classes[event->class];
	char	   *position = (char *) (event + 1);

	if (class->sum_count > 0)
		position += sizeof(int64) * class->slot_count;
	if (parts->keys.kind != PERSONA_KEY_INTEGER)
		position = (char *) NEXT_PIECE((Piece *) position);
	return (PersonaRecord *) position;
}

/* Lists the records of a lane in order. */
static void
list_records(const struct PersonaPassParts *parts, PersonaLane *lane)
{
	if (lane->record_count >= 0)
		return;
	lane->record_count = 0;
	lane->records = palloc_extended(sizeof(PersonaRecord *) * (lane->event_count + 1), MCXT_ALLOC_HUGE);
	for (int e = 0; e < lane->event_count; e++)
		if (parts->classes[lane->events[e]->class].whole)
			lane->records[lane->record_count++] = event_record(parts, lane->events[e]);
	persona_records_sort(lane->records, lane->record_count);
}

/* Returns the records of the customer in a lane, in order. */
PersonaRecord **
persona_block_records(PersonaPass *pass, const PersonaBlock *block, int lane, int *count)
{
	PersonaLane *of = (PersonaLane *) &block->customers[lane];

	list_records(pass->parts, of);
	*count = of->record_count;
	return of->records;
}

/* Evaluates the nodes of a lane that follow from records only. */
static void
evaluate_records(PersonaPass *pass, PersonaLane *lane, int word, uint64 bit, PcoreAbreast *words)
{
	struct PersonaPassParts *parts = pass->parts;
	int			bits_words = parts->patterns->words;
	PersonaEvaluation evaluation;
	PcoreZone	zone;
	uint64	   *present = palloc0(sizeof(uint64) * bits_words);
	bool		any = false;

	for (int e = 0; e < lane->event_count; e++)
	{
		const PersonaClass *class = &parts->classes[lane->events[e]->class];

		if (!class->whole)
			continue;
		any = true;
		for (int w = 0; w < bits_words; w++)
			present[w] |= class->bits[w];
	}
	if (!any)
		return;
	list_records(parts, lane);
	memset(&evaluation, 0, sizeof(evaluation));
	evaluation.set = pass->program->set;
	evaluation.zone = &pass->program->default_zone;
	evaluation.key = "";
	evaluation.as_of = pass->as_of;
	if (parts->keep_zone)
	{
		const char *name = customer_piece(parts, lane->customer, true, false)->bytes;

		if (name[0] != '\0' && persona_zone_find(name, &zone))
			evaluation.zone = &zone;
	}
	persona_evaluation_begin(&evaluation, lane->records, lane->record_count);
	for (int i = 0; i < parts->record_leaf_count; i++)
	{
		int			node = parts->record_leaves[i];
		bool		touched = false;

		for (int w = 0; w < bits_words && !touched; w++)
			touched = (present[w] & parts->selectors[node][w]) != 0;
		if (touched && pcore_truth_at(persona_truth_from_now(&evaluation, node), pass->as_of) != parts->defaults[node])
			words[node][word] ^= bit;
	}
}

/* Evaluates the nodes of a lane that may ask for anything of the customer. */
static void
evaluate_customer(PersonaPass *pass, const PersonaBlock *block, int lane, int word, PcoreAbreast *words)
{
	struct PersonaPassParts *parts = pass->parts;
	TupleDesc	desc = RelationGetDescr(parts->customers);
	HeapTupleHeader row = persona_block_row(pass, block, lane);
	HeapTupleData tuple;
	Datum	   *values = palloc(sizeof(Datum) * (desc->natts + 1));
	bool	   *nulls = palloc(sizeof(bool) * (desc->natts + 1));
	PersonaEvaluation evaluation;
	PcoreZone	zone = pass->program->default_zone;
	PersonaRecord **records;
	const char *name = NULL;
	int			count;

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, desc, values, nulls);
	records = persona_block_records(pass, block, lane, &count);
	memset(&evaluation, 0, sizeof(evaluation));
	evaluation.set = pass->program->set;
	evaluation.tests = parts->shape->tests;
	evaluation.values = values;
	evaluation.nulls = nulls;
	if (parts->shape->time_zone != NULL)
		name = persona_row_value_text(parts->shape->time_zone, values, nulls, false, &zone);
	if (name == NULL || name[0] == '\0' || !persona_zone_find(name, &zone))
		zone = pass->program->default_zone;
	evaluation.zone = &zone;
	evaluation.key = persona_row_value_text(parts->shape->key, values, nulls, false, &zone);
	if (evaluation.key == NULL)
		evaluation.key = "";
	evaluation.as_of = pass->as_of;
	persona_evaluation_begin(&evaluation, records, count);
	for (int i = 0; i < parts->customer_leaf_count; i++)
	{
		int			node = parts->customer_leaves[i];

		if (pcore_truth_at(persona_truth_from_now(&evaluation, node), pass->as_of))
			words[node][word] |= UINT64CONST(1) << lane;
	}
}

/* Computes "all", "any" and "not" for blocks. */
static void
combine(const struct PersonaPassParts *parts, PcoreAbreast *words)
{
	const int  *code = parts->code;

	/* kind, node, number of parts, parts ... */
	while (code < parts->code_end)
	{
		int			kind = code[0];
		int			node = code[1];
		int			count = code[2];
		PcoreAbreast word;

		code += 3;
		if (kind == PERSONA_NODE_NOT)
			word = ~words[code[0]];
		else if (kind == PERSONA_NODE_ALL)
		{
			word = ~(PcoreAbreast) {0};
			for (int p = 0; p < count; p++)
				word &= words[code[p]];
		}
		else
		{
			word = (PcoreAbreast) {0};
			for (int p = 0; p < count; p++)
				word |= words[code[p]];
		}
		words[node] = word;
		code += count;
	}
}

/* A boolean node, and what its place depends on. */
typedef struct Shaped
{
	int			depth;
	int			kind;
	int			count;
	int			node;
} Shaped;

/* Orders boolean nodes by depth, so that parts come first, and then by what is to be done. */
static int
compare_shapes(const void *left, const void *right)
{
	const Shaped *a = left;
	const Shaped *b = right;

	if (a->depth != b->depth)
		return a->depth - b->depth;
	if (a->kind != b->kind)
		return a->kind - b->kind;
	if (a->count != b->count)
		return a->count - b->count;
	return a->node - b->node;
}

/* Puts boolean nodes of one shape together: what alternates can't be foretold by a processor. */
static void
order_by_shape(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	const PersonaNode *nodes = pass->program->set->nodes;
	int		   *depths = palloc0(sizeof(int) * (pass->program->set->node_count + 1));
	Shaped	   *shaped = palloc(sizeof(Shaped) * (parts->order_count + 1));

	for (int i = 0; i < parts->order_count; i++)
	{
		int			node = parts->order[i];

		for (int p = 0; p < nodes[node].count; p++)
			depths[node] = Max(depths[node], depths[nodes[node].parts[p]] + 1);
		shaped[i] = (Shaped) {depths[node], nodes[node].kind, nodes[node].count, node};
	}
	qsort(shaped, parts->order_count, sizeof(Shaped), compare_shapes);
	for (int i = 0; i < parts->order_count; i++)
		parts->order[i] = shaped[i].node;
}

/* Writes "all", "any" and "not" as one array of numbers, which takes less room in the caches than nodes do. */
static void
write_code(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	const PersonaConditions *set = pass->program->set;
	Size		size = 0;
	int		   *code;

	order_by_shape(pass);

	for (int i = 0; i < parts->order_count; i++)
		size += 3 + set->nodes[parts->order[i]].count;
	code = palloc_extended(sizeof(int) * (size + 1), MCXT_ALLOC_HUGE);
	parts->code = code;
	for (int i = 0; i < parts->order_count; i++)
	{
		const PersonaNode *node = &set->nodes[parts->order[i]];

		*code++ = node->kind;
		*code++ = parts->order[i];
		*code++ = node->count;
		for (int p = 0; p < node->count; p++)
			*code++ = node->parts[p];
	}
	parts->code_end = code;
}

/* Finds for each node the test of a search that answers it. */
static CountedNode *
list_tests(const PersonaPass *pass)
{
	const struct PersonaPassParts *parts = pass->parts;
	CountedNode *tests = palloc0(sizeof(CountedNode) * (pass->program->set->node_count + 1));

	for (int s = 0; s < parts->search_count; s++)
		for (int t = 0; t < parts->searches[s].test_count; t++)
		{
			tests[parts->searches[s].tests[t].number].search = s;
			tests[parts->searches[s].tests[t].number].test = &parts->searches[s].tests[t];
		}
	return tests;
}

/*
 * Divides the nodes that are counted among words, whose bits are counted block
 * by block, and comparisons for which nothing but the number is wanted: it
 * follows from how often each segment is met.
 */
static void
prepare_counting(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	const CountedNode *tests = list_tests(pass);

	parts->place_sums = palloc0(sizeof(uint64) * (parts->counted_count + 1));
	parts->place_nodes = palloc(sizeof(int32) * (parts->counted_count + 1));
	parts->place_flips = palloc(sizeof(uint64) * (parts->counted_count + 1));
	parts->segment_counts = palloc0(sizeof(uint64 *) * (parts->search_count + 1));
	for (int c = 0; c < parts->counted_count; c++)
	{
		CountedNode *counted = &parts->counted[c];

		if (parts->leaves[counted->node] != LEAF_SEARCH)
			parts->word_needed[counted->node] = true;
		if (parts->word_needed[counted->node])
		{
			counted->place = parts->place_count;
			parts->place_nodes[parts->place_count] = counted->node;
			parts->place_flips[parts->place_count++] = counted->negated ? ~UINT64CONST(0) : 0;
			continue;
		}
		counted->test = tests[counted->node].test;
		counted->search = tests[counted->node].search;
		if (parts->segment_counts[counted->search] == NULL)
			parts->segment_counts[counted->search] =
				MemoryContextAllocExtended(CurrentMemoryContext,
										   sizeof(uint64) * (parts->searches[counted->search].segments + 1),
										   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	}
}

/* Adds what was counted to the sums, when this process has seen all its customers. */
void
persona_pass_end_counting(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	uint64	  **below = palloc0(sizeof(uint64 *) * (parts->search_count + 1));

	for (int s = 0; s < parts->search_count; s++)
	{
		uint32		segments = parts->searches[s].segments;

		if (parts->segment_counts[s] == NULL)
			continue;
		below[s] = palloc_extended(sizeof(uint64) * (segments + 1), MCXT_ALLOC_HUGE);
		below[s][0] = 0;
		for (uint32 i = 0; i < segments; i++)
			below[s][i + 1] = below[s][i] + parts->segment_counts[s][i];
	}
	for (int c = 0; c < parts->counted_count; c++)
	{
		const CountedNode *counted = &parts->counted[c];
		uint64		sum;

		if (counted->test == NULL)
			sum = parts->place_sums[counted->place];
		else
		{
			sum = persona_search_sum(&parts->searches[counted->search], counted->test, below[counted->search]);
			if (counted->negated)
				sum = parts->customer_count - sum;
		}
		pass->sums[counted->sum] += sum;
	}
}

/* Makes what blocks of this process share. */
void
persona_pass_prepare_blocks(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	int			nodes = pass->program->set->node_count;

	parts->words = palloc_extended(sizeof(PcoreAbreast) * (nodes + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	/* What takes memory for each customer is done for a block at a time. */
	parts->together = parts->need_rows || parts->need_records || parts->record_leaf_count > 0 ? PERSONA_LANES : PERSONA_TOGETHER;
	parts->event_leaves = palloc(sizeof(EventLeaf) * (nodes + 1));
	for (int n = 0; n < nodes; n++)
		if (parts->leaves[n] == LEAF_COUNTS || parts->leaves[n] == LEAF_RECORDS || parts->leaves[n] == LEAF_CUSTOMER)
			parts->event_leaves[parts->event_leaf_count++] = (EventLeaf)
			{
				n, parts->defaults[n] ? ~UINT64CONST(0) : 0
			};
	prepare_counting(pass);
	parts->masks = palloc0(sizeof(uint64 *) * (parts->search_count + 1));
	for (int s = 0; s < parts->search_count; s++)
	{
		persona_search_prepare_blocks(&parts->searches[s], parts->word_needed);
		parts->masks[s] = palloc_extended(sizeof(PcoreAbreast) * (parts->searches[s].bound_count + 2), MCXT_ALLOC_HUGE);
	}
	parts->tally = persona_tally_make(parts->counts);
	write_code(pass);
}

/* Evaluates the nodes of a block that follow from events. */
static void
evaluate_events(PersonaPass *pass, const PersonaBlock *block, PersonaLane *lanes, int word, PcoreAbreast *words)
{
	struct PersonaPassParts *parts = pass->parts;

	for (int lane = 0; lane < block->count; lane++)
	{
		uint64		bit = UINT64CONST(1) << lane;

		for (int e = 0; e < lanes[lane].event_count; e++)
			persona_tally_event(parts->tally, &parts->classes[lanes[lane].events[e]->class],
								(const int64 *) (lanes[lane].events[e] + 1));
		persona_tally_end(parts->tally, words, word, bit);
		if (parts->record_leaf_count > 0)
			evaluate_records(pass, &lanes[lane], word, bit, words);
		if (parts->customer_leaf_count > 0)
			evaluate_customer(pass, block, lane, word, words);
	}
}

/* Evaluates customers, at most parts->together, and shows them to the question. */
void
persona_pass_evaluate(PersonaPass *pass, PersonaLane *lanes, int count)
{
	struct PersonaPassParts *parts = pass->parts;
	MemoryContext outer = MemoryContextSwitchTo(parts->block_memory);
	PcoreAbreast *words = parts->words;
	PersonaBlock blocks[PERSONA_ABREAST];
	PcoreAbreast masks = {0};
	int			block_count = 0;

	CHECK_FOR_INTERRUPTS();
	for (int n = 0; n < parts->event_leaf_count; n++)
		words[parts->event_leaves[n].node] = (PcoreAbreast) {0} + parts->event_leaves[n].word;
	search_columns(parts, lanes, count, words);
	spread_bits(parts, lanes, count, words);
	for (int first = 0; first < count; first += PERSONA_LANES)
	{
		PersonaBlock *block = &blocks[block_count];

		block->count = Min(count - first, PERSONA_LANES);
		block->lanes = block->count == PERSONA_LANES ? ~UINT64CONST(0) : (UINT64CONST(1) << block->count) - 1;
		block->words = words;
		block->word = block_count;
		block->customers = lanes + first;
		masks[block_count] = block->lanes;
		if (parts->event_leaf_count > 0)
			evaluate_events(pass, block, lanes + first, block_count, words);
		block_count++;
	}
	combine(parts, words);
	pcore_bits()->add_places(parts->place_sums, words, parts->place_nodes, parts->place_flips,
							 parts->place_count, &masks);
	parts->customer_count += count;
	persona_progress_advance(count);
	for (int b = 0; b < block_count; b++)
		pass->question->block(pass, &blocks[b]);
	MemoryContextSwitchTo(outer);
	MemoryContextReset(parts->block_memory);
}
