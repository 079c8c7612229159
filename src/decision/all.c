/*
 * all.c - SQL functions that answer for all customers in one pass.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/cache.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "decision/decide.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pass/pass.h"
#include "progress.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "utils/varbit.h"

PG_FUNCTION_INFO_V1(persona_reach_of_all);
PG_FUNCTION_INFO_V1(persona_masks_of_all);
PG_FUNCTION_INFO_V1(persona_memberships_of_all);
PG_FUNCTION_INFO_V1(persona_openings_of_all);
PG_FUNCTION_INFO_V1(persona_decisions_of_all);
PG_FUNCTION_INFO_V1(persona_simulated_of_all);
PG_FUNCTION_INFO_V1(persona_candidates_of_all);

/* ---- calling ---- */

/*
 * Fails unless the rows that the caller expects have the given first column and
 * then those of a type of persona.
 */
static void
check_columns(TupleDesc expected, Oid first, const char *type)
{
	Oid			oid = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(type),
									  ObjectIdGetDatum(get_namespace_oid("persona", false)));
	TupleDesc	desc = lookup_rowtype_tupdesc(oid, -1);
	bool		fit = expected->natts == desc->natts + 1 && TupleDescAttr(expected, 0)->atttypid == first;

	for (int i = 0; fit && i < desc->natts; i++)
		fit = TupleDescAttr(expected, i + 1)->atttypid == TupleDescAttr(desc, i)->atttypid;
	ReleaseTupleDesc(desc);
	if (!fit)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the columns of the result must be the customers' key, of type %s, and those of persona.%s",
						format_type_be(first), type),
				 errhint("Functions with the right columns are made by persona.bind_customers().")));
}

/* Returns the type of the bound customers' key. */
static Oid
key_type(const PersonaProgram *program)
{
	Oid			relation;
	AttrNumber	column;

	if (program->customer_relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no customers are bound"),
				 errhint("Bind them with persona.bind_customers.")));
	relation = DatumGetObjectId(DirectFunctionCall1(regclassin, CStringGetDatum(program->customer_relation)));
	column = get_attnum(relation, program->key_column);
	if (column <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("%s has no column \"%s\"", program->customer_relation, program->key_column)));
	return get_atttype(relation, column);
}

/*
 * Runs a pass for a function (program, as_of) that returns rows, and tells how
 * far it is: of a declared type, or ("type" given) of the customers' key and that type.  Returns NULL,
 * and the function no row, if an argument is NULL.
 */
static PersonaPass *
run(FunctionCallInfo fcinfo, PersonaTask task, const char *symbol, const PersonaQuestion *question, const char *type)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PersonaProgram *program;
	PersonaPass *pass;

	InitMaterializedSRF(fcinfo, type == NULL ? 0 : MAT_SRF_USE_EXPECTED_DESC);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return NULL;
	program = persona_program_open(fcinfo->flinfo, PG_GETARG_DATUM(0));
	if (type != NULL)
		check_columns(result->setDesc, key_type(program), type);
	persona_progress_begin(task, 0, -1);
	pass = persona_pass_run(symbol, question, 0, program, PG_GETARG_DATUM(0), PG_GETARG_TIMESTAMPTZ(1),
							result->setResult, result->setDesc);
	persona_progress_end();
	return pass;
}

/* ---- reach ---- */

/* Asks for the truth of all cohorts. */
static void
need_cohorts(PersonaPass *pass)
{
	for (int c = 0; c < pass->program->cohort_count; c++)
		persona_pass_need_node(pass, pass->program->cohorts[c].node);
}

static void
reach_plan(PersonaPass *pass)
{
	for (int c = 0; c < pass->program->cohort_count; c++)
		persona_pass_need_count(pass, pass->program->cohorts[c].node, c);
	/* And the number of all customers. */
	persona_pass_need_sums(pass, pass->program->cohort_count + 1);
}

/* Counts the customers of a block. */
static void
reach_block(PersonaPass *pass, const PersonaBlock *block)
{
	pass->sums[pass->program->cohort_count] += block->count;
}

PERSONA_QUESTION(persona_question_reach) = {reach_plan, reach_block, NULL};

/*
 * persona.reach_of_all(program, as_of): how many customers are in each cohort,
 * and which share of all they are (NULL if there are none).  No rows for NULL.
 */
Datum
persona_reach_of_all(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PersonaPass *pass = run(fcinfo, PERSONA_TASK_PASS, "persona_question_reach", &persona_question_reach, NULL);

	for (int c = 0; pass != NULL && c < pass->program->cohort_count; c++)
	{
		uint64		all = pass->sums[pass->program->cohort_count];
		Datum		values[3];
		bool		nulls[3] = {false};

		values[0] = CStringGetTextDatum(pass->program->cohorts[c].name);
		values[1] = Int64GetDatum(pass->sums[c]);
		nulls[2] = all == 0;
		values[2] = Float8GetDatum(all == 0 ? 0 : (double) pass->sums[c] / all);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* ---- membership ---- */

static void
masks_plan(PersonaPass *pass)
{
	need_cohorts(pass);
	persona_pass_need_keys(pass);
}

/* Adds the cohorts of each customer as a mask. */
static void
masks_block(PersonaPass *pass, const PersonaBlock *block)
{
	int			count = pass->program->cohort_count;
	Size		length = VARBITTOTALLEN(count);

	for (int lane = 0; lane < block->count; lane++)
	{
		VarBit	   *mask = palloc0(length);
		Datum		values[2];
		bool		nulls[2] = {false};

		SET_VARSIZE(mask, length);
		VARBITLEN(mask) = count;
		for (int c = 0; c < count; c++)
			if ((persona_block_word(block, pass->program->cohorts[c].node) >> lane) & 1)
				VARBITS(mask)[c / BITS_PER_BYTE] |= HIGHBIT >> (c % BITS_PER_BYTE);
		values[0] = persona_block_key(pass, block, lane, &nulls[0]);
		values[1] = VarBitPGetDatum(mask);
		persona_pass_add_row(pass, values, nulls);
	}
}

PERSONA_QUESTION(persona_question_masks) = {masks_plan, masks_block, NULL};

/*
 * persona.masks_of_all(program, as_of): key and mask of each customer; bit n
 * stands for the cohort that is n-th by name.  No rows for NULL.
 */
Datum
persona_masks_of_all(PG_FUNCTION_ARGS)
{
	(void) run(fcinfo, PERSONA_TASK_PASS, "persona_question_masks", &persona_question_masks, "mask");
	return (Datum) 0;
}

/* ---- the answers of the views ---- */

/* Adds rows for one customer, the key before them. */
typedef struct KeyedRows
{
	PersonaPass *pass;
	int			columns;		/* behind the key */
	Datum		key;
	bool		no_key;
} KeyedRows;

/* Adds a row with the customer's key before it. */
static void
add_keyed(void *data, Datum *values, bool *nulls)
{
	KeyedRows  *rows = data;
	Datum	   *all = palloc(sizeof(Datum) * (rows->columns + 1));
	bool	   *absent = palloc(sizeof(bool) * (rows->columns + 1));

	all[0] = rows->key;
	absent[0] = rows->no_key;
	memcpy(all + 1, values, sizeof(Datum) * rows->columns);
	memcpy(absent + 1, nulls, sizeof(bool) * rows->columns);
	persona_pass_add_row(rows->pass, all, absent);
}

/* Asks for all that is needed to open customers. */
static void
customers_plan(PersonaPass *pass)
{
	persona_pass_need_keys(pass);
	persona_pass_need_rows(pass);
	persona_pass_need_records(pass);
}

/* Adds the rows of some customers. */
static void
add_rows(PersonaPass *pass, const PersonaBlock *block, uint64 lanes,
		 void (*rows_of) (PersonaCustomer *customer, PersonaAddRow add, void *data))
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "persona customer", ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(memory);

	for (int lane = 0; lane < block->count; lane++)
	{
		KeyedRows	rows = {.pass = pass,.columns = pass->desc->natts - 1};
		PersonaCustomer customer;
		PersonaRecord **records;
		int			count;

		if (((lanes >> lane) & 1) == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		rows.key = persona_block_key(pass, block, lane, &rows.no_key);
		records = persona_block_records(pass, block, lane, &count);
		persona_customer_open_records(&customer, pass->program, persona_block_row(pass, block, lane), records, count,
									  pass->as_of);
		rows_of(&customer, add_keyed, &rows);
		MemoryContextReset(memory);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(memory);
}

static void
memberships_plan(PersonaPass *pass)
{
	need_cohorts(pass);
	customers_plan(pass);
}

/* Adds the cohorts of customers who are in any. */
static void
memberships_block(PersonaPass *pass, const PersonaBlock *block)
{
	uint64		any = 0;

	for (int c = 0; c < pass->program->cohort_count; c++)
		any |= persona_block_word(block, pass->program->cohorts[c].node);
	add_rows(pass, block, any & block->lanes, persona_membership_rows);
}

PERSONA_QUESTION(persona_question_memberships) = {memberships_plan, memberships_block, NULL};

/* persona.memberships_of_all(program, as_of): key, and the rows of persona.cohorts, for all customers. */
Datum
persona_memberships_of_all(PG_FUNCTION_ARGS)
{
	(void) run(fcinfo, PERSONA_TASK_PASS, "persona_question_memberships", &persona_question_memberships, "membership");
	return (Datum) 0;
}

/* Adds the open windows of all customers of a block. */
static void
openings_block(PersonaPass *pass, const PersonaBlock *block)
{
	add_rows(pass, block, block->lanes, persona_opening_rows);
}

PERSONA_QUESTION(persona_question_openings) = {customers_plan, openings_block, NULL};

/* persona.openings_of_all(program, as_of): key, and the rows of persona.triggers, for all customers. */
Datum
persona_openings_of_all(PG_FUNCTION_ARGS)
{
	(void) run(fcinfo, PERSONA_TASK_PASS, "persona_question_openings", &persona_question_openings, "opening");
	return (Datum) 0;
}

/* Adds the decisions of a block. */
static void
decisions_block(PersonaPass *pass, const PersonaBlock *block)
{
	add_rows(pass, block, block->lanes, persona_decision_rows);
}

PERSONA_QUESTION(persona_question_decisions) = {customers_plan, decisions_block, NULL};

/* persona.decisions_of_all(program, as_of): key, and the row of persona.decide, for all customers. */
Datum
persona_decisions_of_all(PG_FUNCTION_ARGS)
{
	(void) run(fcinfo, PERSONA_TASK_PASS, "persona_question_decisions", &persona_question_decisions, "decision");
	return (Datum) 0;
}

/* persona.simulated_of_all(program, as_of): the same, as a part of a simulation. */
Datum
persona_simulated_of_all(PG_FUNCTION_ARGS)
{
	(void) run(fcinfo, PERSONA_TASK_SIMULATE, "persona_question_decisions", &persona_question_decisions, "decision");
	return (Datum) 0;
}

/* Adds the candidates of a block. */
static void
candidates_block(PersonaPass *pass, const PersonaBlock *block)
{
	add_rows(pass, block, block->lanes, persona_candidate_rows);
}

PERSONA_QUESTION(persona_question_candidates) = {customers_plan, candidates_block, NULL};

/* persona.candidates_of_all(program, as_of): key, and the rows of persona.candidates, for all customers. */
Datum
persona_candidates_of_all(PG_FUNCTION_ARGS)
{
	(void) run(fcinfo, PERSONA_TASK_PASS, "persona_question_candidates", &persona_question_candidates, "candidate");
	return (Datum) 0;
}
