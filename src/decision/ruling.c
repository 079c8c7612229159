/*
 * ruling.c - a decision as runs need it: also where there is none, how far the
 * campaigns came, and until when that stands.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "decision/decide.h"
#include "decision/facts.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#define RULING_COLUMNS 4

/* Names the stage at which the campaign that came furthest failed; "none" without campaigns. */
static const char *
furthest_stage(const PersonaCandidate *candidates, int count)
{
	PersonaStage furthest = PERSONA_STAGE_DATES;

	if (count == 0)
		return "none";
	for (int c = 0; c < count; c++)
		furthest = Max(furthest, candidates[c].stage);
	return persona_stage_name(furthest);
}

/* Makes a value of type persona.decision of a row; "data" is where it goes. */
static void
make_decision(void *data, Datum *values, bool *nulls)
{
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("decision"),
									   ObjectIdGetDatum(get_namespace_oid("persona", false)));
	TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);

	*(Datum *) data = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
	ReleaseTupleDesc(desc);
}

/* Returns the time of the first event that is still to come; it is new data then. */
static PcoreInstant
next_event(const PersonaCustomer *customer)
{
	int			low = 0;
	int			high = customer->record_count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (customer->records[middle]->at > customer->as_of)
			high = middle;
		else
			low = middle + 1;
	}
	return low < customer->record_count ? customer->records[low]->at : PCORE_END_OF_TIME;
}

/* Makes the values of the customer's ruling. */
static void
make_ruling(PersonaCustomer *customer, Datum *values, bool *nulls)
{
	PcoreInstant valid_until;
	int			count;
	const PersonaCandidate *candidates = persona_candidates_of(customer, false, &count, &valid_until);
	bool		wins = count > 0 && candidates->eligible;

	values[0] = CStringGetTextDatum(wins ? persona_stage_name(PERSONA_STAGE_CHOSEN) : furthest_stage(candidates, count));
	values[1] = TimestampTzGetDatum(pcore_min(valid_until, pcore_min(next_event(customer), persona_next_of_contacts(customer))));
	nulls[2] = !wins;
	if (wins)
		persona_decision_row(customer->program, candidates, valid_until, make_decision, &values[2]);
	values[3] = BoolGetDatum(customer->scarce);
}

/* Adds the customer's ruling as a row of persona.ruling. */
void
persona_ruling_rows(PersonaCustomer *customer, PersonaAddRow add, void *data)
{
	Datum		values[RULING_COLUMNS] = {0};
	bool		nulls[RULING_COLUMNS] = {false};

	make_ruling(customer, values, nulls);
	add(data, values, nulls);
}

/* Returns a value of type persona.ruling. */
static Datum
ruling_value(Datum *values, bool *nulls)
{
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("ruling"),
									   ObjectIdGetDatum(get_namespace_oid("persona", false)));
	TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);
	Datum		result = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));

	ReleaseTupleDesc(desc);
	return result;
}

/*
 * Adds where the customer stands as a row of persona.standing: the ruling, the
 * cohorts with since and until as persona.cohorts tells them, and until when all
 * of that stands, cohorts that the customer is to enter included.
 */
void
persona_standing_rows(PersonaCustomer *customer, PersonaAddRow add, void *data)
{
	const PersonaProgram *program = customer->program;
	Datum	   *names = palloc(sizeof(Datum) * (program->cohort_count + 1));
	Datum	   *since = palloc(sizeof(Datum) * (program->cohort_count + 1));
	Datum	   *until = palloc(sizeof(Datum) * (program->cohort_count + 1));
	int			count = 0;
	Datum		ruling[RULING_COLUMNS] = {0};
	bool		ruling_nulls[RULING_COLUMNS] = {false};
	Datum		values[5];
	bool		nulls[5] = {false};
	PcoreInstant valid_until;

	make_ruling(customer, ruling, ruling_nulls);
	valid_until = DatumGetTimestampTz(ruling[1]);
	for (int c = 0; c < program->cohort_count; c++)
	{
		int			node = program->cohorts[c].node;
		PcoreTruth	truth = persona_truth_from_now(&customer->evaluation, node);

		valid_until = pcore_min(valid_until, pcore_truth_until(truth, customer->as_of));
		if (!pcore_truth_at(truth, customer->as_of))
			continue;
		truth = persona_truth_of_all_time(&customer->evaluation, node);
		names[count] = CStringGetTextDatum(program->cohorts[c].name);
		since[count] = TimestampTzGetDatum(pcore_truth_since(truth, customer->as_of));
		until[count++] = TimestampTzGetDatum(pcore_truth_until(truth, customer->as_of));
	}
	values[0] = ruling_value(ruling, ruling_nulls);
	values[1] = PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
	values[2] = PointerGetDatum(construct_array(since, count, TIMESTAMPTZOID, 8, true, TYPALIGN_DOUBLE));
	values[3] = PointerGetDatum(construct_array(until, count, TIMESTAMPTZOID, 8, true, TYPALIGN_DOUBLE));
	values[4] = TimestampTzGetDatum(valid_until);
	add(data, values, nulls);
}
