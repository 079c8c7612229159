/*
 * change.c - notes which customers a statement touched.
 *
 * The statement trigger reads the key of each row of its transition tables and
 * appends it to persona.change, which has no index: rows go in by the page, past
 * the executor, so that whoever fills a watched table hardly notices.  A run
 * takes them out again.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(persona_capture_changes);

/* So many rows are appended in one go. */
#define MANY 256

/* Rows on their way into persona.change. */
typedef struct Log
{
	Relation	relation;
	BulkInsertState bulk;
	int			count;
	TupleTableSlot *slots[MANY];
	Oid			cast;			/* makes the column's values keys; InvalidOid: they are */
	Oid			from;			/* the column's type, that of a domain's values */
	Oid			to;				/* the keys' type, in the same way */
	bool		by_value;
	int16		length;
	MemoryContext memory;		/* of the values in "slots", and of "last"; NULL if these are in no memory */
	Datum		last;			/* the key seen before */
	bool		any;
} Log;

/* Opens the log for keys of a type. */
static void
open_log(Log *log, Oid type)
{
	Oid			relation = get_relname_relid("change", get_namespace_oid("persona", false));
	Form_pg_attribute key;
	CoercionPathType path;

	memset(log, 0, sizeof(*log));
	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table persona.change does not exist"),
				 errhint("Bind the customers, or call persona.unwatch_changes.")));
	log->relation = table_open(relation, RowExclusiveLock);
	key = TupleDescAttr(RelationGetDescr(log->relation), 0);
	if (log->relation->rd_rel->relhasindex || (log->relation->trigdesc != NULL && log->relation->trigdesc->trig_insert_new_table)
		|| (log->relation->trigdesc != NULL && (log->relation->trigdesc->trig_insert_before_row || log->relation->trigdesc->trig_insert_after_row))
		|| RelationGetDescr(log->relation)->natts != 1 || key->attisdropped)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table persona.change must be as persona.bind_customers made it"),
				 errdetail("It has an index, a trigger or another column."),
				 errhint("Drop what was added to it.")));
	log->from = getBaseType(type);
	log->to = getBaseType(key->atttypid);
	path = log->to == log->from ? COERCION_PATH_RELABELTYPE
		: find_coercion_pathway(log->to, log->from, COERCION_EXPLICIT, &log->cast);
	if (path != COERCION_PATH_FUNC && path != COERCION_PATH_RELABELTYPE)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("changes of a column of type %s cannot be noted", format_type_be(type)),
				 errdetail("The key of the customers is of type %s.", format_type_be(key->atttypid)),
				 errhint("Give both columns the same type, or call persona.unwatch_changes.")));
	log->by_value = key->attbyval;
	log->length = key->attlen;
	/* A single row is noted often, so what it does not need is not made. */
	if (!log->by_value || OidIsValid(log->cast))
		log->memory = AllocSetContextCreate(CurrentMemoryContext, "persona changes", ALLOCSET_DEFAULT_SIZES);
}

/* Writes the rows that wait. */
static void
flush_log(Log *log)
{
	if (log->count == 1)
		table_tuple_insert(log->relation, log->slots[0], GetCurrentCommandId(true), 0, NULL);
	else if (log->count > 1)
	{
		if (log->bulk == NULL)
			log->bulk = GetBulkInsertState();
		table_multi_insert(log->relation, log->slots, log->count, GetCurrentCommandId(true), 0, log->bulk);
	}
	for (int i = 0; i < log->count; i++)
		ExecClearTuple(log->slots[i]);
	log->count = 0;
	log->any = false;
	if (log->memory != NULL)
		MemoryContextReset(log->memory);
}

/* Tells whether a value can be a key; an integer that is too large is nobody's. */
static bool
can_be_key(const Log *log, Datum value)
{
	int64		number;

	if (log->from == INT8OID && (log->to == INT4OID || log->to == INT2OID))
		number = DatumGetInt64(value);
	else if (log->from == INT4OID && log->to == INT2OID)
		number = DatumGetInt32(value);
	else
		return true;
	return log->to == INT4OID ? number >= PG_INT32_MIN && number <= PG_INT32_MAX
		: number >= PG_INT16_MIN && number <= PG_INT16_MAX;
}

/* Appends a customer, unless it was the one before. */
static void
append_key(Log *log, Datum key)
{
	TupleTableSlot *slot;
	MemoryContext outer = MemoryContextSwitchTo(log->memory == NULL ? CurrentMemoryContext : log->memory);

	if (OidIsValid(log->cast))
	{
		if (!can_be_key(log, key))
		{
			MemoryContextSwitchTo(outer);
			return;
		}
		key = OidFunctionCall1(log->cast, key);
	}
	if (log->any && datum_image_eq(log->last, key, log->by_value, log->length))
	{
		MemoryContextSwitchTo(outer);
		return;
	}
	log->last = datumCopy(key, log->by_value, log->length);
	log->any = true;
	MemoryContextSwitchTo(outer);
	if (log->slots[log->count] == NULL)
		log->slots[log->count] = table_slot_create(log->relation, NULL);
	slot = log->slots[log->count++];
	slot->tts_values[0] = log->last;
	slot->tts_isnull[0] = false;
	ExecStoreVirtualTuple(slot);
	if (log->count == MANY)
		flush_log(log);
}

/* Appends the key of a row. */
static void
append_row(Log *log, TupleTableSlot *slot, AttrNumber column)
{
	bool		null;
	Datum		key = slot_getattr(slot, column, &null);

	if (!null)
		append_key(log, key);
}

/* Appends the keys of the rows of a transition table. */
static void
append_rows(Log *log, Tuplestorestate *rows, TupleDesc desc, AttrNumber column)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);

	tuplestore_rescan(rows);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		CHECK_FOR_INTERRUPTS();
		append_row(log, slot, column);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/* Closes the log. */
static void
close_log(Log *log)
{
	flush_log(log);
	for (int i = 0; i < MANY && log->slots[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(log->slots[i]);
	if (log->bulk != NULL)
	{
		FreeBulkInsertState(log->bulk);
		table_finish_bulk_insert(log->relation, 0);
	}
	table_close(log->relation, NoLock);
	if (log->memory != NULL)
		MemoryContextDelete(log->memory);
}

/* Appends the row that stands for everyone. */
static void
append_everyone(Log *log)
{
	TupleTableSlot *slot = log->slots[0] = table_slot_create(log->relation, NULL);

	slot->tts_isnull[0] = true;
	ExecStoreVirtualTuple(slot);
	log->count = 1;
}

/* Finds the column that a trigger names. */
static AttrNumber
trigger_column(const TriggerData *trigger)
{
	const char *name = trigger->tg_trigger->tgargs[0];
	AttrNumber	column = get_attnum(RelationGetRelid(trigger->tg_relation), name);

	if (column <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of %s does not exist", name, RelationGetRelationName(trigger->tg_relation)),
				 errdetail("Trigger \"%s\" notes the changes of its customers.", trigger->tg_trigger->tgname),
				 errhint("Call persona.watch_changes again, with the new name of the column.")));
	return column;
}

/*
 * persona.capture_changes(column): statement trigger with transition tables, or
 * row trigger; notes the customers, named by the column, whose rows a statement
 * wrote.  Rows without a customer are none's; TRUNCATE changes everyone.
 */
Datum
persona_capture_changes(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	AttrNumber	column;
	Log			log;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) || trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("persona.capture_changes() is called by triggers after a change, with a column, only")));
	desc = RelationGetDescr(trigger->tg_relation);
	column = trigger_column(trigger);
	open_log(&log, TupleDescAttr(desc, column - 1)->atttypid);
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		append_everyone(&log);
	else if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		append_row(&log, trigger->tg_trigslot, column);
		if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
			append_row(&log, trigger->tg_newslot, column);
	}
	else
	{
		if (trigger->tg_oldtable != NULL)
			append_rows(&log, trigger->tg_oldtable, desc, column);
		if (trigger->tg_newtable != NULL)
			append_rows(&log, trigger->tg_newtable, desc, column);
	}
	close_log(&log);
	PG_RETURN_POINTER(NULL);
}
