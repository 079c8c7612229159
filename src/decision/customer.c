/*
 * customer.c - opens a customer: row, zone, language, events in order.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "decision/customer.h"
#include "funcapi.h"
#include "host.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* Fails unless an argument is a row; looks once per call site, so it comes first. */
void
persona_need_row(FunctionCallInfo fcinfo, int argument)
{
	Oid			type;

	if (fcinfo->flinfo->fn_extra != NULL)
		return;
	type = get_fn_expr_argtype(fcinfo->flinfo, argument);
	if (OidIsValid(type) && !type_is_rowtype(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a row is expected, not a value of type %s", format_type_be(type)),
				 errhint("Pass the table's alias itself, for example persona.holds(c, ...) FROM crm.customer AS c.")));
}

/* Reads a column of the customer as text, or NULL. */
static const char *
customer_text(const PersonaCustomer *customer, const PersonaRowValue *value)
{
	const char *text;

	if (value == NULL)
		return NULL;
	text = persona_row_value_text(value, customer->values, customer->nulls, false, &customer->zone);
	return text == NULL || text[0] == '\0' ? NULL : text;
}

/* Finds the customer's zone; an unknown one falls back to the default. */
static void
find_zone(PersonaCustomer *customer)
{
	const PersonaProgram *program = customer->program;
	const char *name = customer_text(customer, customer->shape->time_zone);

	if (name != NULL && persona_zone_find(name, &customer->zone))
	{
		customer->zone_name = name;
		return;
	}
	customer->zone = program->default_zone;
	customer->zone_name = program->default_time_zone;
	if (name != NULL)
		customer->zone_note = psprintf("time zone \"%s\" is unknown, %s used", name, program->default_time_zone);
}

/* Lists the events of a timeline, which may be NULL, in order; fails if it belongs to another program. */
PersonaRecord **
persona_customer_records(const PersonaProgram *program, const PersonaTimeline *timeline, int *count)
{
	if (timeline != NULL && (memcmp(timeline->identity, program->hash, PERSONA_IDENTITY_SIZE) != 0
							 || timeline->words != persona_conditions_words(program->set)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the timeline was built with another program"),
				 errhint("Build the timelines of a query with the persona.program value that it decides with.")));
	*count = timeline == NULL ? 0 : timeline->count;
	return persona_timeline_sorted(timeline);
}

/* Prepares a customer of whom a timeline is known. */
void
persona_customer_open(PersonaCustomer *customer, PersonaProgram *program, HeapTupleHeader row,
					  const PersonaTimeline *timeline, PcoreInstant as_of)
{
	int			count;
	PersonaRecord **records = persona_customer_records(program, timeline, &count);

	persona_customer_open_records(customer, program, row, records, count, as_of);
}

/* Prepares a customer in the current memory context. */
void
persona_customer_open_records(PersonaCustomer *customer, PersonaProgram *program, HeapTupleHeader row,
							  PersonaRecord **records, int record_count, PcoreInstant as_of)
{
	Oid			type = HeapTupleHeaderGetTypeId(row);
	int32		typmod = HeapTupleHeaderGetTypMod(row);
	TupleDesc	desc;
	HeapTupleData tuple;

	if (TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be an instant, not infinity")));
	desc = lookup_rowtype_tupdesc(type, typmod);
	memset(customer, 0, sizeof(*customer));
	customer->program = program;
	customer->as_of = as_of;
	customer->shape = persona_customer_shape(program, type, typmod);
	customer->values = palloc(sizeof(Datum) * (desc->natts + 1));
	customer->nulls = palloc(sizeof(bool) * (desc->natts + 1));
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, desc, customer->values, customer->nulls);
	ReleaseTupleDesc(desc);

	customer->zone = program->default_zone;
	find_zone(customer);
	customer->language = customer_text(customer, customer->shape->language);
	customer->record_count = record_count;
	customer->records = records;
	customer->scarce = false;
	customer->evaluation.set = program->set;
	customer->evaluation.tests = customer->shape->tests;
	customer->evaluation.values = customer->values;
	customer->evaluation.nulls = customer->nulls;
	customer->evaluation.zone = &customer->zone;
	customer->evaluation.key = customer->shape->key == NULL ? NULL
		: persona_row_value_text(customer->shape->key, customer->values, customer->nulls, false, &customer->zone);
	if (customer->evaluation.key == NULL)
		customer->evaluation.key = "";
	customer->evaluation.as_of = as_of;
	persona_evaluation_begin(&customer->evaluation, customer->records, customer->record_count);
}

/* Reads a window off the truth of a trigger's condition. */
static PersonaOpening
read_opening(const PersonaCustomer *customer, const PersonaTrigger *trigger, PcoreTruth truth, const char *key)
{
	bool		holds = pcore_truth_at(truth, customer->as_of);
	PcoreInstant change = pcore_truth_until(truth, customer->as_of);
	PcoreInstant next_firing = holds ? pcore_truth_until(truth, change) : change;
	PersonaOpening opening = {.key = key};

	if (change == PCORE_END_OF_TIME)
		next_firing = PCORE_END_OF_TIME;
	opening.fired = pcore_truth_fired(truth, customer->as_of, &opening.fired_at);
	if (trigger->open_for == 0)
	{
		opening.open = holds;
		if (holds && !opening.fired)
			opening.fired_at = PCORE_BEGIN_OF_TIME;
		opening.open_until = opening.until = change;
		return opening;
	}
	opening.open_until = opening.fired ? pcore_add(opening.fired_at, trigger->open_for) : PCORE_BEGIN_OF_TIME;
	opening.open = opening.fired && customer->as_of < opening.open_until;
	opening.until = opening.open ? pcore_min(opening.open_until, next_firing) : next_firing;
	return opening;
}

/* Orders firings by time, then by key. */
static int
compare_openings(const void *left, const void *right)
{
	const PersonaOpening *a = left;
	const PersonaOpening *b = right;

	if (a->fired_at != b->fired_at)
		return a->fired_at < b->fired_at ? -1 : 1;
	return a->key == NULL || b->key == NULL ? 0 : strcmp(a->key, b->key);
}

/* Looks at a trigger's windows. */
PersonaOpenings
persona_openings(PersonaCustomer *customer, const PersonaTrigger *trigger)
{
	PersonaEvaluation *evaluation = &customer->evaluation;
	PersonaKeyTruth all = {NULL, {false, 0, NULL}};
	PersonaKeyTruth *truths = &all;
	PersonaOpenings openings = {.until = PCORE_END_OF_TIME};
	int			count = 1;

	if (persona_is_keyed(evaluation->set, trigger->node))
		truths = persona_truths_by_key(evaluation, trigger->node, &count);
	else
		all.truth = persona_truth_of_all_time(evaluation, trigger->node);
	openings.open = palloc(sizeof(PersonaOpening) * (count + 1));
	for (int k = 0; k < count; k++)
	{
		PersonaOpening opening = read_opening(customer, trigger, truths[k].truth, truths[k].key);

		openings.until = pcore_min(openings.until, opening.until);
		if (opening.open)
			openings.open[openings.count++] = opening;
		else if (opening.fired && (!openings.latest.fired || compare_openings(&opening, &openings.latest) > 0))
			openings.latest = opening;
	}
	qsort(openings.open, openings.count, sizeof(PersonaOpening), compare_openings);
	openings.latest.until = openings.until;
	return openings;
}

/* Looks at a trigger's window, that of one key for a keyed trigger. */
PersonaOpening
persona_opening(PersonaCustomer *customer, const PersonaTrigger *trigger, const char *key)
{
	PersonaOpenings openings = persona_openings(customer, trigger);

	for (int o = 0; o < openings.count; o++)
		if (openings.open[o].key == NULL || (key != NULL && strcmp(openings.open[o].key, key) == 0))
			return openings.open[o];
	return openings.latest;
}

/* Writes an instant on the customer's wall clock, for reasons. */
char *
persona_customer_time(const PersonaCustomer *customer, PcoreInstant instant)
{
	PcoreLocal	local;
	int64_t		year;
	int			month;
	int			day;
	int			minutes;

	if (instant == PCORE_BEGIN_OF_TIME || instant == PCORE_END_OF_TIME)
		return pstrdup(instant == PCORE_END_OF_TIME ? "never" : "always");
	local = pcore_local(&customer->zone, instant);
	pcore_civil_from_days(pcore_day_of(local), &year, &month, &day);
	minutes = (int) ((local - pcore_day_of(local) * PCORE_DAY) / PCORE_MINUTE);
	return psprintf("%04d-%02d-%02d %02d:%02d", (int) year, month, day, minutes / 60, minutes % 60);
}
