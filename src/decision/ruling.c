/*
 * ruling.c - a decision as runs need it: also where there is none, how far the
 * campaigns came, and until when that stands.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "decision/decide.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

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

/* Adds the customer's ruling as a row of persona.ruling. */
void
persona_ruling_rows(PersonaCustomer *customer, PersonaAddRow add, void *data)
{
	PcoreInstant valid_until;
	int			count;
	const PersonaCandidate *candidates = persona_candidates_of(customer, false, &count, &valid_until);
	bool		wins = count > 0 && candidates->eligible;
	Datum		values[3] = {0};
	bool		nulls[3] = {false};

	values[0] = CStringGetTextDatum(wins ? persona_stage_name(PERSONA_STAGE_CHOSEN) : furthest_stage(candidates, count));
	values[1] = TimestampTzGetDatum(valid_until);
	nulls[2] = !wins;
	if (wins)
		persona_decision_row(customer->program, candidates, valid_until, make_decision, &values[2]);
	add(data, values, nulls);
}
