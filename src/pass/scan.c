/*
 * scan.c - reads the bound relations with ordinary queries.
 *
 * The rows come from the executor as they are made, into a receiver of ours;
 * they are never collected.  So rights, row security, views, partitions and
 * foreign tables are the planner's business, and only the columns that the
 * program asks for are taken out of the rows.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tableam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "core/text.h"
#include "executor/tuptable.h"
#include "host.h"
#include "lib/stringinfo.h"
#include "nodes/params.h"
#include "nodes/plannodes.h"
#include "optimizer/clauses.h"
#include "pass/amount.h"
#include "pass/parts.h"
#include "progress.h"
#include "tcop/dest.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/ruleutils.h"
#include "utils/timestamp.h"

/* Takes rows of customers. */
typedef struct CustomerReceiver
{
	DestReceiver receiver;
	PersonaPass *pass;
	int			column_count;
	int		   *columns;		/* by column of the query: column of the relation */
	Datum	   *values;			/* as of a row of the relation */
	bool	   *nulls;
	char	   *zone_name;		/* seen last */
	bool		zone_known;
	PcoreZone	zone;
} CustomerReceiver;

#define ROWS_TOLD 1024			/* so many at once */

#define PATTERN_UNKNOWN (-2)
#define PATTERN_BY_ROW (-3)
#define PATTERN_BY_SEGMENTS (-4)
#define MOST_COMBINATIONS 65536 /* of segments of the columns that decide on a pattern */

/* The patterns of a kind, by the segments of the columns that its "where" conditions test. */
typedef struct KindPatterns
{
	int			count;
	PersonaSearch *searches;
	int		   *patterns;		/* by combination of segments */
} KindPatterns;

/* Takes rows of events. */
typedef struct EventReceiver
{
	DestReceiver receiver;
	PersonaPass *pass;
	SourcePlan *source;
	int			column_count;
	int		   *columns;
	Datum	   *values;
	bool	   *nulls;
	int		   *kind_patterns;	/* by kind: a pattern, or how to find it */
	KindPatterns *by_segments;	/* by kind */
} EventReceiver;

static void
start_receiving(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
stop_receiving(DestReceiver *self)
{
}

/* Makes the receiver's part that the executor calls; it says to be of a kind that SPI leaves alone. */
static DestReceiver
make_receiver(bool (*receive) (TupleTableSlot *slot, DestReceiver *self))
{
	DestReceiver receiver = {receive, start_receiving, stop_receiving, stop_receiving, DestTupleQueue};

	return receiver;
}

/* A relation as this process reads it. */
typedef struct PersonaScan
{
	DestReceiver *receiver;
	SPIPlanPtr	whole;			/* reads all of it */
	SPIPlanPtr	range;			/* reads some of its blocks; NULL if it can't be read so */
	int			argument_count; /* before those of a range */
	Datum		arguments[3];
} PersonaScan;

/* What queries may get: as_of, and the begin and the end of a range. */
static Oid	argument_types[3] = {TIMESTAMPTZOID, TIDOID, TIDOID};

/* Prepares a query. */
static SPIPlanPtr
prepare_query(const char *query, int argument_count, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare(query, argument_count, types);

	if (plan == NULL)
		elog(ERROR, "a query of persona can't be prepared: %s", query);
	return plan;
}

/* Runs a query into a receiver. */
static void
run_plan(SPIPlanPtr plan, int argument_count, Oid *types, Datum *arguments, DestReceiver *receiver)
{
	SPIExecuteOptions options = {0};
	ParamListInfo parameters = makeParamList(argument_count);

	for (int i = 0; i < argument_count; i++)
	{
		parameters->params[i].value = arguments[i];
		parameters->params[i].isnull = false;
		parameters->params[i].pflags = PARAM_FLAG_CONST;
		parameters->params[i].ptype = types[i];
	}
	options.params = parameters;
	options.read_only = true;
	options.dest = receiver;
	if (SPI_execute_plan_extended(plan, &options) != SPI_OK_SELECT)
		elog(ERROR, "a query of persona is no SELECT");
	pfree(parameters);
}

/* Tells whether a plan reads only the blocks of a range, and no more. */
static bool
reads_range(SPIPlanPtr plan)
{
	CachedPlan *cached = SPI_plan_get_cached_plan(plan);
	bool		found = false;

	if (cached == NULL)
		return false;
	for (Plan *node = linitial_node(PlannedStmt, cached->stmt_list)->planTree; node != NULL && !found; node = node->lefttree)
		found = IsA(node, TidRangeScan);
	ReleaseCachedPlan(cached, NULL);
	return found;
}

/* Tells whether a plan may run in several processes at once. */
static bool
is_plan_safe(SPIPlanPtr plan)
{
	const CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));

	return max_parallel_hazard(linitial_node(Query, source->query_list)) == PROPARALLEL_SAFE;
}

/*
 * Prepares to read a relation.  "alias" is its name in the query, "filtered"
 * says that the query has a condition (and the argument as_of) already.
 */
static PersonaScan *
make_scan(Relation relation, const char *query, const char *alias, bool filtered, bool whole_only, DestReceiver *receiver,
		  PcoreInstant as_of)
{
	PersonaScan *scan = palloc0(sizeof(PersonaScan));

	scan->receiver = receiver;
	scan->argument_count = filtered ? 1 : 0;
	scan->arguments[0] = TimestampTzGetDatum(as_of);
	scan->whole = prepare_query(query, scan->argument_count, argument_types);
	/*
	 * Row security comes before the range, so that all rows would be read for
	 * each; children have blocks of their own; and who may read some columns
	 * only may not read ctid.
	 */
	if (whole_only || pg_class_aclcheck(RelationGetRelid(relation), GetUserId(), ACL_SELECT) != ACLCHECK_OK
		|| (relation->rd_rel->relkind != RELKIND_RELATION && relation->rd_rel->relkind != RELKIND_MATVIEW)
		|| relation->rd_rel->relhassubclass || relation->rd_rel->relrowsecurity
		|| relation->rd_tableam->scan_set_tidrange == NULL)
		return scan;
	scan->range = prepare_query(psprintf("%s %s %s.ctid OPERATOR(pg_catalog.>=) $%d AND %s.ctid OPERATOR(pg_catalog.<) $%d",
										 query, filtered ? "AND" : "WHERE", alias, scan->argument_count + 1, alias,
										 scan->argument_count + 2),
								scan->argument_count + 2, argument_types + 1 - scan->argument_count);
	if (!reads_range(scan->range))
		scan->range = NULL;
	return scan;
}

/* Reads a relation, or some of its blocks. */
static void
run_scan(PersonaScan *scan, bool whole, BlockNumber from, BlockNumber until)
{
	ItemPointerData begin;
	ItemPointerData end;

	if (whole)
	{
		run_plan(scan->whole, scan->argument_count, argument_types, scan->arguments, scan->receiver);
		return;
	}
	ItemPointerSet(&begin, from, 0);
	/* What was added since is seen by no one, but the last range is open all the same. */
	ItemPointerSet(&end, until, until == InvalidBlockNumber ? PG_UINT16_MAX : 0);
	scan->arguments[scan->argument_count] = PointerGetDatum(&begin);
	scan->arguments[scan->argument_count + 1] = PointerGetDatum(&end);
	run_plan(scan->range, scan->argument_count + 2, argument_types + 1 - scan->argument_count, scan->arguments,
			 scan->receiver);
}

/* Writes a column of an alias. */
static void
append_column(StringInfo query, const char *alias, Relation relation, int column)
{
	appendStringInfo(query, ", %s.%s", alias,
					 quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(relation), column - 1)->attname)));
}

/* Lists the columns of a set. */
static int *
list_columns(const Bitmapset *columns, int *count)
{
	int		   *list = palloc(sizeof(int) * (bms_num_members(columns) + 1));
	int			column = -1;

	*count = 0;
	while ((column = bms_next_member(columns, column)) >= 0)
		list[(*count)++] = column;
	return list;
}

/* Puts the values of a row of the query where they are in a row of the relation. */
static inline void
take_columns(TupleTableSlot *slot, int first, int count, const int *columns, Datum *values, bool *nulls)
{
	for (int i = 0; i < count; i++)
	{
		values[columns[i] - 1] = slot->tts_values[first + i];
		nulls[columns[i] - 1] = slot->tts_isnull[first + i];
	}
}

/* Writes a piece of bytes, and returns the place behind it. */
static inline Piece *
write_piece(Piece *piece, const void *bytes, Size length)
{
	piece->length = length;
	memcpy(piece->bytes, bytes, length);
	return NEXT_PIECE(piece);
}

/* Counts a row, and now and then tells how many there are. */
static inline void
count_row(struct PersonaPassParts *parts)
{
	if (++parts->row_count % ROWS_TOLD == 0)
		persona_progress_read(ROWS_TOLD);
}

/* ---- customers ---- */

/* Finds the zone of the customer at hand. */
static const PcoreZone *
find_zone(CustomerReceiver *self, const char **name)
{
	const PersonaProgram *program = self->pass->program;
	const char *text = persona_row_value_text(self->pass->parts->shape->time_zone, self->values, self->nulls, false,
											  &program->default_zone);

	*name = text == NULL ? "" : text;
	if (text == NULL || text[0] == '\0')
		return &program->default_zone;
	if (self->zone_name == NULL || strcmp(self->zone_name, text) != 0)
	{
		if (self->zone_name != NULL)
			pfree(self->zone_name);
		self->zone_name = MemoryContextStrdup(self->pass->parts->context, text);
		self->zone_known = persona_zone_find(text, &self->zone);
	}
	return self->zone_known ? &self->zone : &program->default_zone;
}

/* Answers the tests that are answered one by one. */
static void
test_customer(CustomerReceiver *self, uint64 *bits, const PcoreZone *zone)
{
	const struct PersonaPassParts *parts = self->pass->parts;
	const PersonaConditions *set = self->pass->program->set;
	PersonaView view = {self->pass->as_of, false};
	const char *key = NULL;

	memset(bits, 0, sizeof(uint64) * ((parts->bit_count + 63) / 64));
	for (int i = 0; i < parts->bit_count; i++)
	{
		const PersonaNode *node = &set->nodes[parts->bits[i]];
		bool		holds;

		if (node->kind == PERSONA_NODE_TEST)
			holds = pcore_truth_at(persona_row_test_truth(parts->shape->tests[node->test], self->values, self->nulls,
														  zone, view), view.as_of);
		else
		{
			double		place;

			if (key == NULL)
				key = persona_row_value_text(parts->shape->key, self->values, self->nulls, false, zone);
			if (key == NULL)
				key = "";
			place = pcore_bucket(node->source->seed, key, 2);
			holds = place >= node->source->bucket_from && place < node->source->bucket_to;
		}
		if (holds)
			bits[i / 64] |= UINT64CONST(1) << (i % 64);
	}
}

/* Lets a customer who need not wait for events into the next block. */
static void
add_waiting(PersonaPass *pass, const CustomerRecord *customer)
{
	struct PersonaPassParts *parts = pass->parts;
	PersonaLane *lane = &parts->waiting[parts->waiting_count++];

	memset(lane, 0, sizeof(PersonaLane));
	lane->customer = customer;
	lane->record_count = -1;
	if (parts->waiting_count < parts->together)
		return;
	persona_pass_evaluate(pass, parts->waiting, parts->waiting_count);
	parts->waiting_count = 0;
	MemoryContextReset(parts->waiting_memory);
}

/* Takes a customer. */
static bool
receive_customer(TupleTableSlot *slot, DestReceiver *receiver)
{
	CustomerReceiver *self = (CustomerReceiver *) receiver;
	PersonaPass *pass = self->pass;
	struct PersonaPassParts *parts = pass->parts;
	MemoryContext outer = MemoryContextSwitchTo(parts->row_memory);
	CustomerRecord *record;
	HeapTupleHeader row = NULL;
	const char *zone_name = "";
	const PcoreZone *zone = &pass->program->default_zone;
	const char *key_bytes = NULL;
	Size		key_length = 0;
	Datum		key;
	uint64		code = 0;
	bool		no_key;
	Size		size;
	uint32	   *segments;
	Piece	   *piece;

	count_row(parts);
	slot_getallattrs(slot);
	take_columns(slot, parts->need_rows ? 1 : 0, self->column_count, self->columns, self->values, self->nulls);
	if (parts->need_rows)
		row = DatumGetHeapTupleHeader(slot->tts_values[0]);
	if (parts->read_zone || parts->keep_zone)
		zone = find_zone(self, &zone_name);
	key = self->values[parts->key_column - 1];
	no_key = self->nulls[parts->key_column - 1];
	if (!no_key && parts->keys.kind == PERSONA_KEY_INTEGER)
	{
		code = persona_mix((uint64) persona_key_integer(key, parts->keys.type));
		key_bytes = (const char *) &key;
		key_length = sizeof(Datum);
	}
	else if (!no_key)
		code = persona_key_code(&parts->keys, key, &key_bytes, &key_length);

	size = (Size) persona_pieces(parts, NULL);
	if (persona_keeps_key(parts))
		size += PIECE_SIZE(key_length);
	if (parts->keep_zone)
		size += PIECE_SIZE(strlen(zone_name) + 1);
	if (row != NULL)
		size += PIECE_SIZE(HeapTupleHeaderGetDatumLength(row));
	if (parts->need_events)
		record = (CustomerRecord *) persona_store_room(parts->store, persona_partition(code, 0, parts->partition_bits), size);
	else
		record = MemoryContextAllocHuge(parts->waiting_memory, size);
	record->code = code;
	record->flags = no_key ? CUSTOMER_WITHOUT_KEY : 0;
	record->size = size;
	segments = persona_segments(record);
	for (int s = 0; s < parts->search_count; s++)
		segments[s] = persona_search(&parts->searches[s], self->values[parts->searches[s].column - 1],
									 self->nulls[parts->searches[s].column - 1]);
	if (parts->bit_count > 0)
		test_customer(self, persona_bits(parts, record), zone);
	piece = persona_pieces(parts, record);
	if (persona_keeps_key(parts))
		piece = write_piece(piece, key_bytes, key_length);
	if (parts->keep_zone)
		piece = write_piece(piece, zone_name, strlen(zone_name) + 1);
	if (row != NULL)
		(void) write_piece(piece, row, HeapTupleHeaderGetDatumLength(row));
	if (!parts->need_events)
		add_waiting(pass, record);
	MemoryContextSwitchTo(outer);
	MemoryContextReset(parts->row_memory);
	return true;
}

/* Prepares to read the customers. */
static PersonaScan *
make_customer_scan(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;
	CustomerReceiver *self = palloc0(sizeof(CustomerReceiver));
	int			columns = RelationGetDescr(parts->customers)->natts;
	StringInfoData query;
	StringInfoData list;

	self->receiver = make_receiver(receive_customer);
	self->pass = pass;
	self->columns = list_columns(parts->columns, &self->column_count);
	self->values = palloc0(sizeof(Datum) * (columns + 1));
	self->nulls = palloc0(sizeof(bool) * (columns + 1));
	initStringInfo(&list);
	if (parts->need_rows)
		/* Not "c" alone, which may be a column. */
		appendStringInfo(&list, ", c.*::%s", pass->program->customer_relation);
	for (int i = 0; i < self->column_count; i++)
		append_column(&list, "c", parts->customers, self->columns[i]);
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s FROM %s AS c", list.data + 2, pass->program->customer_relation);
	return make_scan(parts->customers, query.data, "c", false, false, &self->receiver, pass->as_of);
}

/* ---- events ---- */

/* Returns the pattern of bits, or PERSONA_NONE if they are of no use. */
static int
pattern_of(PersonaPass *pass, const uint64 *bits)
{
	struct PersonaPassParts *parts = pass->parts;

	for (int w = 0; bits != NULL && w < parts->patterns->words; w++)
		if ((bits[w] & parts->wanted[w]) != 0)
			return persona_pattern_number(parts->patterns, bits);
	return PERSONA_NONE;
}

/* What the tests of a kind are added to. */
typedef struct TestTaker
{
	PersonaSearches *searches;
	int			number;
} TestTaker;

/* Takes a test of a "where" for searching. */
static bool
take_test(void *data, const PersonaCondition *condition, const PersonaRowTest *test)
{
	TestTaker  *taker = data;

	/* A column that the source lacks is always absent. */
	return persona_row_test_column(test) == 0 || persona_searches_add(taker->searches, condition, test, taker->number++);
}

/* Finds out how the pattern of a kind is found: PATTERN_BY_..., or a pattern. */
static int
prepare_kind(EventReceiver *self, int kind)
{
	PersonaPass *pass = self->pass;
	MemoryContext outer = MemoryContextSwitchTo(pass->parts->context);
	const uint64 *fixed = persona_classifier_kind_bits(self->source->classifier, kind);
	KindPatterns *made = &self->by_segments[kind];
	TestTaker	taker = {persona_searches_make(pass->as_of), 0};
	double		combinations = 1;
	int			way = PATTERN_BY_ROW;

	if (fixed != NULL)
		way = pattern_of(pass, fixed);
	else if (persona_classifier_tests(self->source->classifier, kind, take_test, &taker))
	{
		made->searches = persona_searches_ready(taker.searches, &made->count);
		for (int s = 0; s < made->count; s++)
			combinations *= made->searches[s].segments;
		if (combinations <= MOST_COMBINATIONS)
		{
			made->patterns = palloc(sizeof(int) * (int) combinations);
			for (int i = 0; i < (int) combinations; i++)
				made->patterns[i] = PATTERN_UNKNOWN;
			way = PATTERN_BY_SEGMENTS;
		}
	}
	MemoryContextSwitchTo(outer);
	return way;
}

/* Returns the pattern of an event row, or PERSONA_NONE if it is of no use. */
static int
find_pattern(EventReceiver *self, int kind)
{
	int		   *place = NULL;
	int			pattern;

	if (self->kind_patterns[kind] == PATTERN_UNKNOWN)
		self->kind_patterns[kind] = prepare_kind(self, kind);
	if (self->kind_patterns[kind] >= PERSONA_NONE)
		return self->kind_patterns[kind];
	if (self->kind_patterns[kind] == PATTERN_BY_SEGMENTS)
	{
		const KindPatterns *by = &self->by_segments[kind];
		int			combination = 0;

		for (int s = 0; s < by->count; s++)
			combination = combination * by->searches[s].segments
				+ persona_search(&by->searches[s], self->values[by->searches[s].column - 1],
								 self->nulls[by->searches[s].column - 1]);
		place = &by->patterns[combination];
		if (*place != PATTERN_UNKNOWN)
			return *place;
	}
	/* All rows with values in these segments fulfill the same. */
	pattern = pattern_of(self->pass, persona_classifier_bits(self->source->classifier, kind, self->values, self->nulls));
	if (place != NULL)
		*place = pattern;
	return pattern;
}

/* Writes the amounts that an event adds to sums. */
static void
write_amounts(EventReceiver *self, const PersonaPattern *pattern, int64 *amounts)
{
	for (int i = 0; i < pattern->slot_count; i++)
	{
		const PersonaRowValue *value = persona_classifier_slot(self->source->classifier, pattern->slots[i]);
		int			column = value == NULL ? 0 : persona_row_value_column(value);

		if (column == 0 || self->nulls[column - 1])
			amounts[i] = PERSONA_AMOUNT_ABSENT;
		else if (!persona_amount_read(self->values[column - 1], persona_row_value_type(value), &amounts[i]))
		{
			/* The pass is made again without adding up amounts. */
			self->pass->parts->inexact = true;
			amounts[i] = PERSONA_AMOUNT_ABSENT;
		}
	}
}

/* Takes an event. */
static bool
receive_event(TupleTableSlot *slot, DestReceiver *receiver)
{
	EventReceiver *self = (EventReceiver *) receiver;
	PersonaPass *pass = self->pass;
	struct PersonaPassParts *parts = pass->parts;
	MemoryContext outer;
	const PersonaPattern *pattern;
	const PersonaClass *class;
	const PersonaNewValue *kept = NULL;
	const char *key_bytes = NULL;
	Size		key_length = 0;
	Size		record_size = 0;
	EventRecord *record;
	char	   *position;
	int			kept_count = 0;
	int			kind;
	int			number;
	int64		at;
	int64		sequence;
	uint64		code;
	Size		size;

	count_row(parts);
	slot_getallattrs(slot);
	/* An event of nobody. */
	if (slot->tts_isnull[0])
		return true;
	outer = MemoryContextSwitchTo(parts->row_memory);
	take_columns(slot, 1, self->column_count, self->columns, self->values, self->nulls);
	kind = persona_classifier_row_kind(self->source->classifier, self->values, self->nulls);
	if (kind == PERSONA_NONE
		|| !persona_classifier_time(self->source->classifier, self->values, self->nulls, &at, &sequence)
		|| (self->source->cut && at > pass->as_of))
		goto done;
	number = self->kind_patterns[kind];
	if (number < PERSONA_NONE)
		number = find_pattern(self, kind);
	if (number == PERSONA_NONE)
		goto done;
	pattern = &parts->patterns->patterns[number];
	number = persona_pattern_class(pattern, at);
	class = &parts->patterns->classes[number];
	if (class->counter_count == 0 && class->sum_count == 0 && !class->whole)
		goto done;
	size = sizeof(EventRecord);
	if (class->sum_count > 0)
		size += sizeof(int64) * pattern->slot_count;
	if (parts->keys.kind == PERSONA_KEY_INTEGER)
		code = persona_mix((uint64) persona_key_integer(slot->tts_values[0], self->source->key.type));
	else
	{
		code = persona_key_code(&parts->keys, slot->tts_values[0], &key_bytes, &key_length);
		size += PIECE_SIZE(key_length);
	}
	if (class->whole)
	{
		kept = persona_classifier_values(self->source->classifier, kind, pattern->bits, self->values, self->nulls,
										 &kept_count);
		record_size = persona_record_size(parts->patterns->words, kept, kept_count);
		size += record_size;
	}
	record = (EventRecord *) persona_store_room(parts->store,
												(1 << parts->partition_bits) + persona_partition(code, 0, parts->partition_bits),
												size);
	record->code = code;
	record->class = number;
	record->size = size;
	position = (char *) (record + 1);
	if (class->sum_count > 0)
	{
		write_amounts(self, pattern, (int64 *) position);
		position += sizeof(int64) * pattern->slot_count;
	}
	if (parts->keys.kind != PERSONA_KEY_INTEGER)
		position = (char *) write_piece((Piece *) position, key_bytes, key_length);
	if (class->whole)
		persona_record_write((PersonaRecord *) position, parts->patterns->words, record_size, at, sequence,
							 self->source->number, pattern->bits, kept, kept_count);
done:
	MemoryContextSwitchTo(outer);
	if (!MemoryContextIsEmpty(parts->row_memory))
		MemoryContextReset(parts->row_memory);
	return true;
}

/* Begins the query of a source; the key comes first. */
static void
begin_query(PersonaPass *pass, const SourcePlan *source, StringInfo query)
{
	const PersonaSource *from = &pass->program->sources[source->number];
	Form_pg_attribute key = TupleDescAttr(RelationGetDescr(source->relation), source->key_column - 1);
	const char *customer_key = quote_identifier(pass->program->key_column);
	int			count;
	int		   *columns = list_columns(source->columns, &count);

	if (source->key.joined)
		appendStringInfoString(query, "SELECT k.key");
	else
		appendStringInfo(query, "SELECT e.%s", quote_identifier(from->customer));
	for (int i = 0; i < count; i++)
		append_column(query, "e", source->relation, columns[i]);
	appendStringInfo(query, " FROM %s AS e", from->relation);
	if (source->key.joined)
	{
		appendStringInfo(query, " JOIN (SELECT DISTINCT c.%s AS key FROM %s AS c) AS k ON e.%s %s k.key",
						 customer_key, pass->program->customer_relation, quote_identifier(from->customer), from->equality);
		/* As persona.bound_scan does. */
		if (OidIsValid(key->attcollation)
			&& key->attcollation != TupleDescAttr(RelationGetDescr(pass->parts->customers), pass->parts->key_column - 1)->attcollation)
			appendStringInfo(query, " COLLATE %s", generate_collation_name(key->attcollation));
	}
}

/* Prepares to read the events of a source. */
static PersonaScan *
make_event_scan(PersonaPass *pass, SourcePlan *source)
{
	const PersonaSource *from = &pass->program->sources[source->number];
	EventReceiver *self = palloc0(sizeof(EventReceiver));
	int			columns = RelationGetDescr(source->relation)->natts;
	int			kinds = pass->program->set->selector_count + 1;
	bool		filtered = source->cut && source->at_type == TIMESTAMPTZOID;
	StringInfoData query;

	self->receiver = make_receiver(receive_event);
	self->pass = pass;
	self->source = source;
	self->columns = list_columns(source->columns, &self->column_count);
	self->values = palloc0(sizeof(Datum) * (columns + 1));
	self->nulls = palloc0(sizeof(bool) * (columns + 1));
	self->kind_patterns = palloc(sizeof(int) * kinds);
	self->by_segments = palloc0(sizeof(KindPatterns) * kinds);
	for (int k = 0; k < kinds; k++)
		self->kind_patterns[k] = PATTERN_UNKNOWN;
	initStringInfo(&query);
	begin_query(pass, source, &query);
	if (filtered)
		appendStringInfo(&query, " WHERE e.%s OPERATOR(pg_catalog.<=) $1", quote_identifier(from->at));
	return make_scan(source->relation, query.data, "e", filtered, source->key.joined, &self->receiver, pass->as_of);
}

/* ---- all relations ---- */

/* Returns how a relation is read: a source by number, or the customers. */
static PersonaScan *
scan_of(PersonaPass *pass, int relation)
{
	struct PersonaPassParts *parts = pass->parts;
	PersonaScan **place = relation == SCAN_CUSTOMERS ? &parts->customer_scan : &parts->sources[relation].scan;

	if (*place == NULL)
	{
		MemoryContext outer = MemoryContextSwitchTo(parts->context);

		*place = relation == SCAN_CUSTOMERS ? make_customer_scan(pass) : make_event_scan(pass, &parts->sources[relation]);
		MemoryContextSwitchTo(outer);
	}
	return *place;
}

/* Begins reading; what was prepared goes with persona_pass_end_scans. */
void
persona_pass_begin_scans(PersonaPass *pass)
{
	MemoryContext outer = CurrentMemoryContext;

	SPI_connect();
	MemoryContextSwitchTo(outer);
}

void
persona_pass_end_scans(PersonaPass *pass)
{
	MemoryContext outer = CurrentMemoryContext;

	SPI_finish();
	MemoryContextSwitchTo(outer);
}

/* Reads a relation; "from" and "until" are blocks, unless it is read as a whole. */
void
persona_pass_scan(PersonaPass *pass, int relation, bool whole, BlockNumber from, BlockNumber until)
{
	MemoryContext outer = CurrentMemoryContext;

	run_scan(scan_of(pass, relation), whole, from, until);
	persona_progress_read(pass->parts->row_count % ROWS_TOLD);
	pass->parts->row_count = 0;
	MemoryContextSwitchTo(outer);
}

/* Shows the customers who were left over from full blocks. */
void
persona_pass_scan_rest(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;

	if (parts->waiting_count > 0)
		persona_pass_evaluate(pass, parts->waiting, parts->waiting_count);
	parts->waiting_count = 0;
}

/* Tells whether a relation can be read by ranges of blocks. */
bool
persona_pass_has_ranges(PersonaPass *pass, int relation)
{
	return scan_of(pass, relation)->range != NULL;
}

/* Tells whether all that is read may be read in several processes. */
bool
persona_pass_is_parallel_safe(PersonaPass *pass)
{
	struct PersonaPassParts *parts = pass->parts;

	if (!is_plan_safe(scan_of(pass, SCAN_CUSTOMERS)->whole))
		return false;
	for (int s = 0; s < parts->source_count; s++)
		if (!is_plan_safe(scan_of(pass, s)->whole))
			return false;
	return true;
}
