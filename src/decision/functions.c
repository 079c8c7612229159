/*
 * functions.c - the SQL functions that evaluate and decide for one customer.
 *
 * Those that take a program are pure: the same arguments give the same rows.
 * Those that take a condition or a cohort's name look the definitions up and,
 * if the condition asks for events, read them from the bound relations with
 * the caller's rights.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/cache.h"
#include "decision/decide.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "host.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* of persona.decision and persona.candidate */
#define DECISION_COLUMNS 23
#define CANDIDATE_COLUMNS 21

PG_FUNCTION_INFO_V1(persona_asks);
PG_FUNCTION_INFO_V1(persona_timeline_step);
PG_FUNCTION_INFO_V1(persona_decide);
PG_FUNCTION_INFO_V1(persona_judge);
PG_FUNCTION_INFO_V1(persona_stand);
PG_FUNCTION_INFO_V1(persona_candidates);
PG_FUNCTION_INFO_V1(persona_cohorts);
PG_FUNCTION_INFO_V1(persona_triggers);
PG_FUNCTION_INFO_V1(persona_holds);
PG_FUNCTION_INFO_V1(persona_holds_rest);
PG_FUNCTION_INFO_V1(persona_truth);
PG_FUNCTION_INFO_V1(persona_in_cohort);
PG_FUNCTION_INFO_V1(persona_holds_over_step);
PG_FUNCTION_INFO_V1(persona_holds_over_finish);

/* Takes a row apart with a given description. */
static void
deform_with(HeapTupleHeader row, TupleDesc desc, Datum *values, bool *nulls)
{
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, desc, values, nulls);
}

/* Takes the columns of a row apart. */
static void
deform_row(HeapTupleHeader row, Datum **values, bool **nulls)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));

	*values = palloc(sizeof(Datum) * (desc->natts + 1));
	*nulls = palloc(sizeof(bool) * (desc->natts + 1));
	deform_with(row, desc, *values, *nulls);
	ReleaseTupleDesc(desc);
}

/* ---- the aggregate over events ---- */

/* Tells whether any selector can be answered by a source. */
static bool
needs_source(const PersonaProgram *program, int source)
{
	for (int s = 0; s < program->set->selector_count; s++)
		if (persona_source_has_kind(&program->sources[source], program->set->selectors[s].kind))
			return true;
	return false;
}

/* What a call site of the aggregate keeps beside the program, for the source and row type seen last. */
typedef struct SourceSite
{
	char	   *name;
	int			number;
	bool		asked;			/* a definition looks at it */
	Oid			type;
	int32		typmod;
	PersonaClassifier *classifier;
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;
} SourceSite;

/* Finds the source that an argument names; its number is PERSONA_NONE if the program has none. */
static SourceSite *
source_site(FunctionCallInfo fcinfo, PersonaProgram *program, text *name)
{
	SourceSite **site = (SourceSite **) persona_call_data(fcinfo->flinfo);
	int			length = VARSIZE_ANY_EXHDR(name);
	SourceSite *made;

	if (*site != NULL && (int) strlen((*site)->name) == length
		&& memcmp((*site)->name, VARDATA_ANY(name), length) == 0)
		return *site;
	made = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(SourceSite));
	made->name = MemoryContextStrdup(fcinfo->flinfo->fn_mcxt, text_to_cstring(name));
	made->number = persona_program_source(program, made->name);
	made->asked = made->number != PERSONA_NONE && needs_source(program, made->number);
	*site = made;
	return made;
}

/* Prepares a call site for the row type of an event. */
static void
prepare_source(FunctionCallInfo fcinfo, PersonaProgram *program, SourceSite *site, HeapTupleHeader row)
{
	Oid			type = HeapTupleHeaderGetTypeId(row);
	int32		typmod = HeapTupleHeaderGetTypMod(row);
	MemoryContext outer;

	if (site->classifier != NULL && site->type == type && site->typmod == typmod)
		return;
	site->classifier = persona_program_classifier(program, site->number, type, typmod);
	outer = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	site->desc = lookup_rowtype_tupdesc_copy(type, typmod);
	site->values = palloc(sizeof(Datum) * (site->desc->natts + 1));
	site->nulls = palloc(sizeof(bool) * (site->desc->natts + 1));
	site->type = type;
	site->typmod = typmod;
	MemoryContextSwitchTo(outer);
}

/*
 * persona.asks(program, source): whether any definition looks at the events of
 * a source.  NULL if an argument is NULL.
 */
Datum
persona_asks(PG_FUNCTION_ARGS)
{
	PersonaProgram *program = persona_program_open(fcinfo->flinfo, PG_GETARG_DATUM(0));

	PG_RETURN_BOOL(source_site(fcinfo, program, PG_GETARG_TEXT_PP(1))->asked);
}

/*
 * persona.timeline_step(state, program, source, event): transition function of
 * persona.timeline; adds the event if a selector of the program wants it.
 * A NULL event is skipped.  Errors: no program, an unknown source, no row.
 */
Datum
persona_timeline_step(PG_FUNCTION_ARGS)
{
	Datum		state = PG_ARGISNULL(0) ? (Datum) 0 : PG_GETARG_DATUM(0);
	PersonaTimeline *timeline = PG_ARGISNULL(0) ? NULL : persona_timeline_state(state);
	PersonaProgram *program;
	PersonaTimeline *result;
	MemoryContext aggregate = NULL;
	HeapTupleHeader row;
	MemoryContext memory;
	MemoryContext outer;
	SourceSite *site;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("persona.timeline needs a program and a source")));
	persona_need_row(fcinfo, 3);
	program = persona_program_open(fcinfo->flinfo, PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(3))
	{
		if (timeline == NULL)
			PG_RETURN_NULL();
		PG_RETURN_DATUM(state);
	}
	site = source_site(fcinfo, program, PG_GETARG_TEXT_PP(2));
	if (site->number == PERSONA_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the program knows no event source \"%s\"", site->name),
				 errhint("Sources are listed in persona.event_binding.")));
	row = PG_GETARG_HEAPTUPLEHEADER(3);
	prepare_source(fcinfo, program, site, row);
	memory = persona_call_memory(fcinfo->flinfo);
	outer = MemoryContextSwitchTo(memory);
	deform_with(row, site->desc, site->values, site->nulls);
	result = persona_classify(site->classifier, timeline, program->hash, site->values, site->nulls);
	MemoryContextSwitchTo(outer);
	if (result != timeline)
	{
		(void) AggCheckCallContext(fcinfo, &aggregate);
		state = persona_timeline_moved(state, result, aggregate);
	}
	MemoryContextReset(memory);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(state);
}

/* ---- set-returning functions over program, customer, timeline, as_of ---- */

/*
 * Opens the customer that the arguments (program, customer, timeline, as_of)
 * describe, in memory that is freed with the call.  Returns false when there
 * is nothing to say since one of them is NULL.
 */
static bool
open_arguments(FunctionCallInfo fcinfo, PersonaCustomer *customer)
{
	PersonaProgram *program;
	PersonaTimeline *timeline;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		return false;
	program = persona_program_open(fcinfo->flinfo, PG_GETARG_DATUM(0));
	timeline = PG_ARGISNULL(2) ? NULL : PG_GETARG_TIMELINE_P(2);
	persona_customer_open(customer, program, PG_GETARG_HEAPTUPLEHEADER(1), timeline, PG_GETARG_TIMESTAMPTZ(3));
	return true;
}

/* Returns a text datum, or marks it NULL. */
static Datum
text_or_null(const char *text, bool *null)
{
	*null = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* Begins a set-returning function; returns the memory that the caller switches back to. */
static MemoryContext
begin_rows(FunctionCallInfo fcinfo)
{
	persona_need_row(fcinfo, 1);
	InitMaterializedSRF(fcinfo, 0);
	return MemoryContextSwitchTo(persona_call_memory(fcinfo->flinfo));
}

/* Ends a set-returning function. */
static Datum
end_rows(FunctionCallInfo fcinfo, MemoryContext outer)
{
	MemoryContextSwitchTo(outer);
	MemoryContextReset(persona_call_memory(fcinfo->flinfo));
	return (Datum) 0;
}

/* Adds a row to the result. */
static void
add_row(void *data, Datum *values, bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) ((FunctionCallInfo) data)->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Returns an instant's datum, or marks it NULL if it is infinite. */
static Datum
instant_or_null(PcoreInstant instant, bool *null)
{
	*null = TIMESTAMP_NOT_FINITE(instant);
	return TimestampTzGetDatum(instant);
}

/* Writes priority and score of a candidate; NULL for those without a score. */
static int
score_columns(const PersonaCandidate *candidate, int i, Datum *values, bool *nulls)
{
	const PersonaScore *score = &candidate->score;
	const Numeric numbers[] = {score->propensity, score->value, score->urgency, score->weight, score->cost, score->price, score->score};

	values[i++] = Int32GetDatum((int32) candidate->campaign->priority);
	for (int n = 0; n < (int) lengthof(numbers); n++, i++)
	{
		nulls[i] = score->score == NULL;
		values[i] = NumericGetDatum(numbers[n]);
	}
	return i;
}

/* Adds the winner as a row of persona.decision. */
void
persona_decision_row(const PersonaProgram *program, const PersonaCandidate *winner, PcoreInstant valid_until,
					 PersonaAddRow add, void *data)
{
	const PersonaCampaign *campaign = winner->campaign;
	Datum		values[DECISION_COLUMNS];
	bool		nulls[DECISION_COLUMNS] = {false};
	int			i = 0;

	values[i++] = CStringGetTextDatum(campaign->name);
	values[i++] = CStringGetTextDatum(campaign->experience);
	values[i++] = CStringGetTextDatum(program->channels[winner->way->channel].name);
	values[i] = text_or_null(winner->way->placement, &nulls[i]);
	i++;
	values[i++] = CStringGetTextDatum(winner->message->name);
	values[i] = text_or_null(winner->message->language, &nulls[i]);
	i++;
	values[i++] = TimestampTzGetDatum(winner->send_at);
	values[i] = instant_or_null(winner->expires_at, &nulls[i]);
	i++;
	values[i] = text_or_null(winner->subject, &nulls[i]);
	i++;
	values[i++] = CStringGetTextDatum(winner->body);
	i = score_columns(winner, i, values, nulls);
	values[i++] = CStringGetTextDatum(winner->reason);
	values[i] = text_or_null(campaign->trigger == PERSONA_NONE ? NULL
							 : program->triggers[campaign->trigger].name, &nulls[i]);
	i++;
	nulls[i] = campaign->trigger == PERSONA_NONE;
	values[i++] = TimestampTzGetDatum(winner->opening.fired_at);
	values[i] = text_or_null(winner->opening.key, &nulls[i]);
	i++;
	values[i++] = TimestampTzGetDatum(valid_until);
	Assert(i == DECISION_COLUMNS);
	add(data, values, nulls);
}

/* Adds the customer's next message as a row of persona.decision, if there is one. */
void
persona_decision_rows(PersonaCustomer *customer, PersonaAddRow add, void *data)
{
	PcoreInstant valid_until;
	int			count;
	const PersonaCandidate *winner = persona_candidates_of(customer, false, &count, &valid_until);

	if (count > 0 && winner->eligible)
		persona_decision_row(customer->program, winner, valid_until, add, data);
}

/*
 * persona.decide(program, customer, timeline, as_of): the customer's next
 * message, one row or none.  No row if program, customer or as_of is NULL; a
 * NULL timeline is no events.  Errors: a row of another type than the
 * definitions need, a timeline of another program.
 */
Datum
persona_decide(PG_FUNCTION_ARGS)
{
	MemoryContext outer = begin_rows(fcinfo);
	PersonaCustomer customer;

	if (open_arguments(fcinfo, &customer))
		persona_decision_rows(&customer, add_row, fcinfo);
	return end_rows(fcinfo, outer);
}

/*
 * persona.judge(program, customer, timeline, as_of): the customer's next
 * message, or how far the campaigns came, and until when that stands; one row.
 * NULLs and errors as of persona.decide.
 */
Datum
persona_judge(PG_FUNCTION_ARGS)
{
	MemoryContext outer = begin_rows(fcinfo);
	PersonaCustomer customer;

	if (open_arguments(fcinfo, &customer))
		persona_ruling_rows(&customer, add_row, fcinfo);
	return end_rows(fcinfo, outer);
}

/*
 * persona.stand(program, customer, timeline, as_of): the customer's next message
 * and cohorts, and until when that stands; one row.  NULLs and errors as of
 * persona.decide.
 */
Datum
persona_stand(PG_FUNCTION_ARGS)
{
	MemoryContext outer = begin_rows(fcinfo);
	PersonaCustomer customer;

	if (open_arguments(fcinfo, &customer))
		persona_standing_rows(&customer, add_row, fcinfo);
	return end_rows(fcinfo, outer);
}

/* Adds a candidate as a row of persona.candidate. */
static void
candidate_row(const PersonaProgram *program, const PersonaCandidate *candidate, PersonaAddRow add, void *data)
{
	const PersonaCampaign *campaign = candidate->campaign;
	bool		eligible = candidate->eligible;
	Datum		values[CANDIDATE_COLUMNS] = {0};
	bool		nulls[CANDIDATE_COLUMNS] = {false};
	int			i = 0;

	values[i++] = CStringGetTextDatum(campaign->name);
	values[i] = text_or_null(candidate->way == NULL ? NULL : program->channels[candidate->way->channel].name, &nulls[i]);
	i++;
	values[i] = text_or_null(candidate->way == NULL ? NULL : candidate->way->placement, &nulls[i]);
	i++;
	nulls[i] = !eligible;
	values[i++] = Int32GetDatum(candidate->rank);
	values[i++] = CStringGetTextDatum(persona_stage_name(candidate->stage));
	values[i++] = BoolGetDatum(eligible);
	values[i++] = CStringGetTextDatum(candidate->reason);
	values[i] = text_or_null(eligible ? candidate->message->name : NULL, &nulls[i]);
	i++;
	nulls[i] = !eligible;
	values[i++] = TimestampTzGetDatum(candidate->send_at);
	values[i] = instant_or_null(candidate->expires_at, &nulls[i]);
	i++;
	i = score_columns(candidate, i, values, nulls);
	nulls[i] = campaign->trigger == PERSONA_NONE || candidate->stage < PERSONA_STAGE_TRIGGER
		|| (!candidate->opening.fired && !candidate->opening.open);
	values[i++] = TimestampTzGetDatum(candidate->opening.fired_at);
	values[i] = text_or_null(nulls[i - 1] ? NULL : candidate->opening.key, &nulls[i]);
	i++;
	values[i++] = TimestampTzGetDatum(candidate->stands);
	Assert(i == CANDIDATE_COLUMNS);
	add(data, values, nulls);
}

/* Adds how each campaign fares on each of its channels as rows of persona.candidate. */
void
persona_candidate_rows(PersonaCustomer *customer, PersonaAddRow add, void *data)
{
	PcoreInstant valid_until;
	int			count;
	const PersonaCandidate *candidates = persona_candidates_of(customer, true, &count, &valid_until);

	for (int c = 0; c < count; c++)
		candidate_row(customer->program, &candidates[c], add, data);
}

/*
 * persona.candidates(program, customer, timeline, as_of): how each campaign
 * fares on each of its channels, one row each, the eligible ones first by rank.
 * NULLs and errors as of persona.decide.
 */
Datum
persona_candidates(PG_FUNCTION_ARGS)
{
	MemoryContext outer = begin_rows(fcinfo);
	PersonaCustomer customer;

	if (open_arguments(fcinfo, &customer))
		persona_candidate_rows(&customer, add_row, fcinfo);
	return end_rows(fcinfo, outer);
}

/* Adds the customer's cohorts as rows of persona.membership. */
void
persona_membership_rows(PersonaCustomer *customer, PersonaAddRow add, void *data)
{
	for (int c = 0; c < customer->program->cohort_count; c++)
	{
		const PersonaCohort *cohort = &customer->program->cohorts[c];
		PcoreTruth	truth;
		Datum		values[3];
		bool		nulls[3] = {false};

		if (!pcore_truth_at(persona_truth_from_now(&customer->evaluation, cohort->node), customer->as_of))
			continue;
		truth = persona_truth_of_all_time(&customer->evaluation, cohort->node);
		values[0] = CStringGetTextDatum(cohort->name);
		values[1] = TimestampTzGetDatum(pcore_truth_since(truth, customer->as_of));
		values[2] = TimestampTzGetDatum(pcore_truth_until(truth, customer->as_of));
		add(data, values, nulls);
	}
}

/*
 * persona.cohorts(program, customer, timeline, as_of): the cohorts that the
 * customer is in, since when, and until when if no new data comes.  NULLs and
 * errors as of persona.decide.
 */
Datum
persona_cohorts(PG_FUNCTION_ARGS)
{
	MemoryContext outer = begin_rows(fcinfo);
	PersonaCustomer customer;

	if (open_arguments(fcinfo, &customer))
		persona_membership_rows(&customer, add_row, fcinfo);
	return end_rows(fcinfo, outer);
}

/* Adds the open windows of triggers as rows of persona.opening. */
void
persona_opening_rows(PersonaCustomer *customer, PersonaAddRow add, void *data)
{
	for (int t = 0; t < customer->program->trigger_count; t++)
	{
		const PersonaTrigger *trigger = &customer->program->triggers[t];
		PersonaOpenings openings = persona_openings(customer, trigger);

		for (int o = 0; o < openings.count; o++)
		{
			const PersonaOpening *opening = &openings.open[o];
			Datum		values[4];
			bool		nulls[4] = {false};

			values[0] = CStringGetTextDatum(trigger->name);
			values[1] = text_or_null(opening->key, &nulls[1]);
			values[2] = TimestampTzGetDatum(opening->fired_at);
			values[3] = TimestampTzGetDatum(opening->open_until);
			add(data, values, nulls);
		}
	}
}

/*
 * persona.triggers(program, customer, timeline, as_of): the triggers whose
 * window is open, when they fired, and until when it is open if no new data
 * comes.  NULLs and errors as of persona.decide.
 */
Datum
persona_triggers(PG_FUNCTION_ARGS)
{
	MemoryContext outer = begin_rows(fcinfo);
	PersonaCustomer customer;

	if (open_arguments(fcinfo, &customer))
		persona_opening_rows(&customer, add_row, fcinfo);
	return end_rows(fcinfo, outer);
}

/* ---- one condition, events read here ---- */

/* Returns the plan that reads one customer's events of a source. */
static SPIPlanPtr
events_plan(PersonaProgram *program, int source, Oid key_type)
{
	if (program->plans[source] == NULL || !SPI_plan_is_valid(program->plans[source]))
	{
		const PersonaSource *from = &program->sources[source];
		SPIPlanPtr	plan;

		if (program->plans[source] != NULL)
			SPI_freeplan(program->plans[source]);
		program->plans[source] = NULL;
		/* The cast keeps the row whole: "e" alone would be a column of that name, if there is one. */
		plan = SPI_prepare(psprintf("SELECT e.*::%s FROM %s AS e WHERE e.%s %s $1", from->relation, from->relation,
									quote_identifier(from->customer), from->equality), 1, &key_type);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "events of %s can't be read", from->relation);
		program->plans[source] = plan;
	}
	return program->plans[source];
}

/* Reads the events of a customer from the bound relations. */
static PersonaTimeline *
read_events(PersonaProgram *program, PersonaCustomerShape *shape, HeapTupleHeader row)
{
	PersonaTimeline *timeline = NULL;
	MemoryContext memory = CurrentMemoryContext;
	Datum	   *values;
	bool	   *nulls;
	int			column;
	Oid			key_type;
	TupleDesc	desc;

	if (program->set->selector_count == 0)
		return NULL;
	persona_program_check_events(program);
	if (shape->key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("conditions on events need a bound customer relation"),
				 errhint("Bind it with persona.bind_customers.")));
	deform_row(row, &values, &nulls);
	column = persona_row_value_column(shape->key);
	if (nulls[column - 1])
		return NULL;
	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	key_type = TupleDescAttr(desc, column - 1)->atttypid;
	ReleaseTupleDesc(desc);

	SPI_connect();
	for (int source = 0; source < program->source_count; source++)
	{
		if (!needs_source(program, source))
			continue;
		if (SPI_execute_plan(events_plan(program, source, key_type), &values[column - 1], NULL, true, 0) != SPI_OK_SELECT)
			elog(ERROR, "events of %s can't be read", program->sources[source].relation);
		for (uint64 r = 0; r < SPI_processed; r++)
		{
			bool		null;
			Datum		event = SPI_getbinval(SPI_tuptable->vals[r], SPI_tuptable->tupdesc, 1, &null);
			HeapTupleHeader event_row;
			PersonaClassifier *classifier;
			Datum	   *event_values;
			bool	   *event_nulls;
			MemoryContext spi;

			CHECK_FOR_INTERRUPTS();
			if (null)
				continue;
			event_row = DatumGetHeapTupleHeader(event);
			classifier = persona_program_classifier(program, source, HeapTupleHeaderGetTypeId(event_row),
													HeapTupleHeaderGetTypMod(event_row));
			deform_row(event_row, &event_values, &event_nulls);
			spi = MemoryContextSwitchTo(memory);
			timeline = persona_classify(classifier, timeline, program->hash, event_values, event_nulls);
			MemoryContextSwitchTo(spi);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_finish();
	return timeline;
}

/* Switches to memory that end_condition frees. */
static MemoryContext
begin_condition(FunctionCallInfo fcinfo)
{
	persona_need_row(fcinfo, 0);
	return MemoryContextSwitchTo(persona_call_memory(fcinfo->flinfo));
}

/* Switches back, and frees what was used. */
static void
end_condition(FunctionCallInfo fcinfo, MemoryContext outer)
{
	MemoryContextSwitchTo(outer);
	MemoryContextReset(persona_call_memory(fcinfo->flinfo));
}

/* Evaluates one condition for the customer in argument 0; as_of is argument 2. */
static PcoreTruth
condition_truth(FunctionCallInfo fcinfo, const char *text, int length, bool all_time, PcoreInstant *as_of)
{
	PersonaProgram *program;
	PersonaCustomer customer;
	PersonaCustomerShape *shape;
	HeapTupleHeader row;

	program = persona_program_open_condition(fcinfo->flinfo, text, length);
	row = PG_GETARG_HEAPTUPLEHEADER(0);
	*as_of = PG_GETARG_TIMESTAMPTZ(2);
	shape = persona_customer_shape(program, HeapTupleHeaderGetTypeId(row), HeapTupleHeaderGetTypMod(row));
	persona_customer_open(&customer, program, row, read_events(program, shape, row), *as_of);
	return all_time ? persona_truth_of_all_time(&customer.evaluation, program->conditions[0])
		: persona_truth_from_now(&customer.evaluation, program->conditions[0]);
}

/*
 * persona.holds(customer, condition, as_of): whether a condition holds for a
 * customer.  NULL arguments give NULL.  Errors: a condition that does not fit
 * the row's type or the bindings.
 */
Datum
persona_holds(PG_FUNCTION_ARGS)
{
	text	   *condition = PG_GETARG_TEXT_PP(1);
	MemoryContext outer = begin_condition(fcinfo);
	PcoreInstant as_of;
	bool		holds;

	holds = pcore_truth_at(condition_truth(fcinfo, VARDATA_ANY(condition), VARSIZE_ANY_EXHDR(condition), false, &as_of),
						   PG_GETARG_TIMESTAMPTZ(2));
	end_condition(fcinfo, outer);
	PG_RETURN_BOOL(holds);
}

/*
 * persona.holds_rest(customer, condition, as_of): persona.holds, where the
 * planner has put a part of the condition before it.
 */
Datum
persona_holds_rest(PG_FUNCTION_ARGS)
{
	return persona_holds(fcinfo);
}

/*
 * persona.truth(customer, condition, as_of): whether a condition holds, since
 * when it has had that value (-infinity: always), and until when it keeps it if
 * no new data comes (infinity: for ever).  NULLs and errors as of persona.holds.
 */
Datum
persona_truth(PG_FUNCTION_ARGS)
{
	text	   *condition = PG_GETARG_TEXT_PP(1);
	MemoryContext outer = begin_condition(fcinfo);
	PcoreInstant as_of;
	PcoreTruth	truth = condition_truth(fcinfo, VARDATA_ANY(condition), VARSIZE_ANY_EXHDR(condition), true, &as_of);
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false};

	values[0] = BoolGetDatum(pcore_truth_at(truth, as_of));
	values[1] = TimestampTzGetDatum(pcore_truth_since(truth, as_of));
	values[2] = TimestampTzGetDatum(pcore_truth_until(truth, as_of));
	end_condition(fcinfo, outer);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "persona.truth must return a row");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * persona.in_cohort(customer, cohort, as_of): whether the customer is in the
 * cohort.  NULLs as of persona.holds.  Errors: there is no such cohort.
 */
Datum
persona_in_cohort(PG_FUNCTION_ARGS)
{
	MemoryContext outer = begin_condition(fcinfo);
	StringInfoData condition;
	PcoreInstant as_of;
	bool		holds;

	initStringInfo(&condition);
	appendStringInfoString(&condition, "{\"cohort\": ");
	escape_json(&condition, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	appendStringInfoChar(&condition, '}');
	holds = pcore_truth_at(condition_truth(fcinfo, condition.data, condition.len, false, &as_of),
						   PG_GETARG_TIMESTAMPTZ(2));
	end_condition(fcinfo, outer);
	PG_RETURN_BOOL(holds);
}

/* ---- the aggregate form ---- */

/* State of persona.holds_over. */
typedef struct HoldsOver
{
	PersonaProgram *program;
	PersonaTimeline *timeline;
	PcoreInstant as_of;
} HoldsOver;

/* What a call site of persona.holds_over keeps: the classifier for the row type seen last. */
typedef struct HoldsOverSite
{
	uint64		type;
	PersonaClassifier *classifier;
} HoldsOverSite;

/* Returns the classifier for the events of any relation. */
static PersonaClassifier *
open_classifier(FunctionCallInfo fcinfo, PersonaProgram *program, HeapTupleHeader row)
{
	static const PersonaSource any = {.name = "", .relation = "the event row"};
	HoldsOverSite **site = (HoldsOverSite **) persona_call_data(fcinfo->flinfo);
	Oid			type = HeapTupleHeaderGetTypeId(row);
	int32		typmod = HeapTupleHeaderGetTypMod(row);
	uint64		identifier = assign_record_type_identifier(type, typmod);
	PersonaRowShape shape;
	PersonaDefinition definition;
	MemoryContext outer;

	if (*site != NULL && (*site)->type == identifier)
		return (*site)->classifier;
	outer = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	*site = palloc0(sizeof(HoldsOverSite));
	(*site)->type = identifier;
	shape.desc = lookup_rowtype_tupdesc_copy(type, typmod);
	shape.name = "the event row";
	shape.at_column = NULL;
	shape.default_zone = &program->default_zone;
	definition = persona_enter_definition("condition", NULL, ERRCODE_INVALID_PARAMETER_VALUE);
	for (int s = 0; s < program->set->selector_count; s++)
		persona_where_check(program->set->selectors[s].where, &shape);
	for (int v = 0; v < program->set->slot_count; v++)
		if (program->set->slots[v].where_of == PERSONA_NONE)
			(void) persona_row_value_bind(program->set->slots[v].property, &shape, program->set->slots[v].needs->path, NULL);
	(*site)->classifier = persona_classifier_bind(program->set, &any, 0, &shape, NULL, NULL);
	persona_leave_definition(definition);
	MemoryContextSwitchTo(outer);
	return (*site)->classifier;
}

/*
 * persona.holds_over_step(state, condition, kind, at, event, as_of): transition
 * function of persona.holds_over.  Rows without kind or time are no events.
 * Errors: a NULL condition or as_of; a condition that does not fit the row.
 */
Datum
persona_holds_over_step(PG_FUNCTION_ARGS)
{
	HoldsOver  *state = PG_ARGISNULL(0) ? NULL : (HoldsOver *) PG_GETARG_POINTER(0);
	MemoryContext aggregate;
	MemoryContext memory;
	MemoryContext outer;
	PersonaProgram *program;
	PersonaClassifier *classifier;
	PersonaTimeline *timeline;
	text	   *condition;
	Datum	   *values;
	bool	   *nulls;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "persona.holds_over_step is called by its aggregate only");
	if (PG_ARGISNULL(1) || PG_ARGISNULL(5))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("persona.holds_over needs a condition and an instant")));
	if (TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(5)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be an instant, not infinity")));
	persona_need_row(fcinfo, 4);
	condition = PG_GETARG_TEXT_PP(1);
	program = persona_program_open_condition(fcinfo->flinfo, VARDATA_ANY(condition), VARSIZE_ANY_EXHDR(condition));
	if (program->set->test_count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("persona.holds_over sees events only, and the condition asks for an attribute of the customer"),
				 errhint("Use persona.holds with the customer row.")));
	if (state == NULL)
	{
		state = MemoryContextAllocZero(aggregate, sizeof(HoldsOver));
		state->program = program;
		state->as_of = PG_GETARG_TIMESTAMPTZ(5);
	}
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4)
		|| TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(3)))
		PG_RETURN_POINTER(state);
	classifier = open_classifier(fcinfo, program, PG_GETARG_HEAPTUPLEHEADER(4));
	memory = persona_call_memory(fcinfo->flinfo);
	outer = MemoryContextSwitchTo(memory);
	deform_row(PG_GETARG_HEAPTUPLEHEADER(4), &values, &nulls);
	timeline = persona_classify_as(classifier, state->timeline, program->hash, text_to_cstring(PG_GETARG_TEXT_PP(2)),
								   PG_GETARG_TIMESTAMPTZ(3), 0, values, nulls);
	MemoryContextSwitchTo(outer);
	if (timeline != state->timeline)
	{
		PersonaTimeline *kept = MemoryContextAlloc(aggregate, VARSIZE(timeline));

		memcpy(kept, timeline, VARSIZE(timeline));
		if (state->timeline != NULL)
			pfree(state->timeline);
		state->timeline = kept;
	}
	MemoryContextReset(memory);
	PG_RETURN_POINTER(state);
}

/* persona.holds_over_finish(state): final function of persona.holds_over; NULL when there were no rows. */
Datum
persona_holds_over_finish(PG_FUNCTION_ARGS)
{
	HoldsOver  *state = PG_ARGISNULL(0) ? NULL : (HoldsOver *) PG_GETARG_POINTER(0);
	PersonaEvaluation evaluation;
	MemoryContext memory;
	MemoryContext outer;
	bool		holds;

	if (state == NULL)
		PG_RETURN_NULL();
	memory = persona_call_memory(fcinfo->flinfo);
	outer = MemoryContextSwitchTo(memory);
	memset(&evaluation, 0, sizeof(evaluation));
	evaluation.set = state->program->set;
	evaluation.zone = &state->program->default_zone;
	evaluation.key = "";
	evaluation.as_of = state->as_of;
	persona_evaluation_begin(&evaluation, state->timeline == NULL ? NULL : persona_timeline_sorted(state->timeline),
							 state->timeline == NULL ? 0 : state->timeline->count);
	holds = pcore_truth_at(persona_truth_from_now(&evaluation, state->program->conditions[0]), state->as_of);
	MemoryContextSwitchTo(outer);
	MemoryContextReset(memory);
	PG_RETURN_BOOL(holds);
}
