/*
 * feasibility.c - what definitions ask of the data, and how far the data bear it.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/cache.h"
#include "catalog/pg_type.h"
#include "decision/channels.h"
#include "decision/facts.h"
#include "decision/population.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(persona_needs);
PG_FUNCTION_INFO_V1(persona_feasibility_of_all);

/* ---- what conditions ask for ---- */

/* The tests of attributes and the selectors of events that conditions ask for, by number. */
typedef struct Needs
{
	Bitmapset  *tests;
	Bitmapset  *selectors;
} Needs;

/* Adds what a node asks for, nested cohorts included. */
static void
add_needs(const PersonaConditions *set, int node_number, Needs *needs)
{
	const PersonaNode *node;

	if (node_number == PERSONA_NONE)
		return;
	check_stack_depth();
	node = &set->nodes[node_number];
	switch (node->kind)
	{
		case PERSONA_NODE_TEST:
			needs->tests = bms_add_member(needs->tests, node->test);
			break;
		case PERSONA_NODE_COUNT:
		case PERSONA_NODE_SUM:
		case PERSONA_NODE_DISTINCT:
		case PERSONA_NODE_FIRST:
		case PERSONA_NODE_LAST:
		case PERSONA_NODE_EVERY:
		case PERSONA_NODE_GAP:
			needs->selectors = bms_add_member(needs->selectors, node->selector);
			break;
		case PERSONA_NODE_SEQUENCE:
			for (int s = 0; s < node->source->step_count; s++)
				needs->selectors = bms_add_member(needs->selectors, node->steps[s].selector);
			break;
		case PERSONA_NODE_BUCKET:
			break;
		default:
			for (int p = 0; p < node->count; p++)
				add_needs(set, node->parts[p], needs);
	}
}

/* Returns what a campaign asks for. */
static Needs
campaign_needs(const PersonaProgram *program, const PersonaCampaign *campaign)
{
	Needs		needs = {NULL, NULL};

	if (campaign->cohort != PERSONA_NONE)
		add_needs(program->set, program->cohorts[campaign->cohort].node, &needs);
	if (campaign->trigger != PERSONA_NONE)
		add_needs(program->set, program->triggers[campaign->trigger].node, &needs);
	add_needs(program->set, campaign->goal, &needs);
	add_needs(program->set, campaign->relevance, &needs);
	return needs;
}

/* Orders texts by bytes. */
static int
compare_texts(const void *left, const void *right)
{
	return strcmp(*(const char *const *) left, *(const char *const *) right);
}

/* Lists the names of tests or the kinds of selectors, each once, in order; returns how many. */
static int
list_names(const PersonaConditions *set, const Bitmapset *members, bool tests, const char **names)
{
	int			count = 0;
	int			kept = 0;
	int			member = -1;

	while ((member = bms_next_member(members, member)) >= 0)
		names[count++] = tests ? set->tests[member]->name : set->selectors[member].kind;
	qsort(names, count, sizeof(char *), compare_texts);
	for (int i = 0; i < count; i++)
		if (i == 0 || strcmp(names[i], names[kept - 1]) != 0)
			names[kept++] = names[i];
	return kept;
}

/* Adds the rows of one definition. */
static void
add_need_rows(ReturnSetInfo *result, const PersonaConditions *set, const char *definition, const char *name, Needs needs)
{
	const char **names = palloc(sizeof(char *) * (Max(set->test_count, set->selector_count) + 1));

	for (int tests = 1; tests >= 0; tests--)
	{
		int			count = list_names(set, tests ? needs.tests : needs.selectors, tests, names);

		for (int i = 0; i < count; i++)
		{
			Datum		values[4];
			bool		nulls[4] = {false};

			values[0] = CStringGetTextDatum(definition);
			values[1] = CStringGetTextDatum(name);
			values[2] = CStringGetTextDatum(tests ? "attribute" : "event");
			values[3] = CStringGetTextDatum(names[i]);
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
}

/* Adds the rows of a condition that may be absent. */
static void
add_condition_rows(ReturnSetInfo *result, const PersonaConditions *set, const char *definition, const char *name, int node)
{
	Needs		needs = {NULL, NULL};

	add_needs(set, node, &needs);
	add_need_rows(result, set, definition, name, needs);
}

/*
 * persona.needs(program): the attributes of the customers and the kinds of
 * events that the definitions of a program ask for, nested cohorts included.
 * No rows for NULL.  Errors: a program that does not compile.
 */
Datum
persona_needs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PersonaProgram *program;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	program = persona_program_open(fcinfo->flinfo, PG_GETARG_DATUM(0));
	for (int c = 0; c < program->cohort_count; c++)
		add_condition_rows(result, program->set, "cohort", program->cohorts[c].name, program->cohorts[c].node);
	for (int t = 0; t < program->trigger_count; t++)
		add_condition_rows(result, program->set, "trigger", program->triggers[t].name, program->triggers[t].node);
	for (int c = 0; c < program->channel_count; c++)
		add_condition_rows(result, program->set, "channel", program->channels[c].name, program->channels[c].consent);
	for (int c = 0; c < program->campaign_count; c++)
		add_need_rows(result, program->set, "campaign", program->campaigns[c].name,
					  campaign_needs(program, &program->campaigns[c]));
	for (int c = 0; c < program->condition_count; c++)
		add_condition_rows(result, program->set, "condition", program->condition_names[c] != NULL
						   ? program->condition_names[c] : "condition", program->conditions[c]);
	return (Datum) 0;
}

/* ---- how far the data bear it ---- */

/* The counts of a subject. */
enum
{
	COUNT_MEMBERS,
	COUNT_KNOWN,
	COUNT_EVENTS,
	COUNT_REACHABLE,
	COUNT_FEASIBLE,
	COUNT_ALL
};

/* A cohort or a campaign. */
typedef struct Subject
{
	const char *definition;
	const char *name;
	int			node;			/* of its cohort, or PERSONA_NONE: everybody */
	int			attribute_count;
	int		   *attributes;		/* conditions that tell whether one is known */
	int			kind_count;
	int		   *kinds;			/* conditions that tell whether there is an event of one */
	Bitmapset  *channels;
	Bitmapset  *campaigns;		/* whose channels these are */
} Subject;

typedef struct Feasibility
{
	int			subject_count;
	Subject    *subjects;
	bool	   *holds;			/* by condition, for the customer at hand */
	bool	   *reached;		/* by campaign */
	PcoreInstant *newest;		/* by condition */
} Feasibility;

/* Finds the condition beside the definitions that was added for a need. */
static int
need_condition(const PersonaProgram *program, const char *need, const char *what)
{
	char	   *name = psprintf("%s %s", need, what);

	for (int c = 0; c < program->condition_count; c++)
		if (program->condition_names[c] != NULL && strcmp(program->condition_names[c], name) == 0)
			return c;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the program has no condition \"%s\"", name),
			 errhint("Programs for this are made by persona.feasibility_at.")));
	return 0;
}

/* Translates names to the conditions that were added for them. */
static int
need_conditions(const PersonaProgram *program, const Bitmapset *members, bool tests, int **conditions)
{
	const char **names = palloc(sizeof(char *) * (Max(program->set->test_count, program->set->selector_count) + 1));
	int			count = list_names(program->set, members, tests, names);

	*conditions = palloc(sizeof(int) * (count + 1));
	for (int i = 0; i < count; i++)
		(*conditions)[i] = need_condition(program, tests ? "attribute" : "event", names[i]);
	return count;
}

/* Fills in what a subject asks for. */
static void
set_needs(const PersonaProgram *program, Subject *subject, Needs needs)
{
	subject->attribute_count = need_conditions(program, needs.tests, true, &subject->attributes);
	subject->kind_count = need_conditions(program, needs.selectors, false, &subject->kinds);
}

/* Lists cohorts and campaigns. */
static Feasibility *
list_subjects(const PersonaProgram *program)
{
	Feasibility *made = palloc0(sizeof(Feasibility));
	Subject    *subject;

	made->subjects = palloc0(sizeof(Subject) * (program->cohort_count + program->campaign_count + 1));
	for (int c = 0; c < program->cohort_count; c++)
	{
		Needs		needs = {NULL, NULL};

		subject = &made->subjects[made->subject_count++];
		subject->definition = "cohort";
		subject->name = program->cohorts[c].name;
		subject->node = program->cohorts[c].node;
		add_needs(program->set, subject->node, &needs);
		set_needs(program, subject, needs);
	}
	for (int c = 0; c < program->campaign_count; c++)
	{
		const PersonaCampaign *campaign = &program->campaigns[c];

		subject = &made->subjects[made->subject_count++];
		subject->definition = "campaign";
		subject->name = campaign->name;
		subject->node = campaign->cohort == PERSONA_NONE ? PERSONA_NONE : program->cohorts[campaign->cohort].node;
		set_needs(program, subject, campaign_needs(program, campaign));
		for (int w = 0; w < campaign->channel_count; w++)
			subject->channels = bms_add_member(subject->channels, campaign->channels[w].channel);
		subject->campaigns = bms_make_singleton(c);
		/* A cohort is reached by the channels of its campaigns. */
		if (campaign->cohort != PERSONA_NONE)
		{
			Subject    *cohort = &made->subjects[campaign->cohort];

			cohort->channels = bms_add_members(cohort->channels, subject->channels);
			cohort->campaigns = bms_add_member(cohort->campaigns, c);
		}
	}
	made->holds = palloc0(sizeof(bool) * (program->condition_count + 1));
	made->reached = palloc0(sizeof(bool) * (program->campaign_count + 1));
	made->newest = palloc(sizeof(PcoreInstant) * (program->condition_count + 1));
	for (int c = 0; c < program->condition_count; c++)
		made->newest[c] = PCORE_BEGIN_OF_TIME;
	return made;
}

static void
feasibility_plan(PersonaPass *pass)
{
	Feasibility *made = list_subjects(pass->program);

	persona_population_plan(pass);
	persona_pass_need_sums(pass, 1 + made->subject_count * COUNT_ALL);
	pass->state = made;
}

/* Finds out about one customer what subjects ask for. */
static void
look_at(Feasibility *made, PersonaCustomer *customer)
{
	const PersonaProgram *program = customer->program;
	const PersonaEvaluation *evaluation = &customer->evaluation;
	PersonaDecider decider = {.customer = customer, .program = program};

	for (int c = 0; c < program->condition_count; c++)
	{
		const PersonaNode *node = &program->set->nodes[program->conditions[c]];

		made->holds[c] = pcore_truth_at(persona_truth_from_now(&customer->evaluation, program->conditions[c]), customer->as_of);
		if (node->kind == PERSONA_NODE_COUNT && made->holds[c])
		{
			int			last = evaluation->chosen[node->selector][evaluation->chosen_count[node->selector] - 1];

			made->newest[c] = Max(made->newest[c], evaluation->at[last]);
		}
	}
	persona_list_facts(&decider);
	for (int c = 0; c < program->campaign_count; c++)
	{
		const PersonaCampaign *campaign = &program->campaigns[c];
		bool		reached = false;

		for (int w = 0; w < campaign->channel_count && !reached; w++)
			reached = persona_may_reach(&decider, &campaign->channels[w]);
		made->reached[c] = reached;
	}
}

/* Counts one customer for all subjects. */
static void
feasibility_customer(PersonaPass *pass, PersonaCustomer *customer)
{
	Feasibility *made = pass->state;

	look_at(made, customer);
	pass->sums[0]++;
	for (int s = 0; s < made->subject_count; s++)
	{
		const Subject *subject = &made->subjects[s];
		uint64	   *sums = &pass->sums[1 + s * COUNT_ALL];
		bool		known = true;
		bool		events = false;
		bool		reached = false;
		int			campaign = -1;

		for (int i = 0; i < subject->attribute_count; i++)
			known &= made->holds[subject->attributes[i]];
		for (int i = 0; i < subject->kind_count; i++)
			events |= made->holds[subject->kinds[i]];
		while ((campaign = bms_next_member(subject->campaigns, campaign)) >= 0)
			reached |= made->reached[campaign];
		sums[COUNT_MEMBERS] += subject->node == PERSONA_NONE
			|| pcore_truth_at(persona_truth_from_now(&customer->evaluation, subject->node), customer->as_of);
		sums[COUNT_KNOWN] += known;
		sums[COUNT_EVENTS] += events;
		sums[COUNT_REACHABLE] += reached;
		sums[COUNT_FEASIBLE] += known && (reached || subject->channels == NULL);
	}
}

static void
feasibility_block(PersonaPass *pass, const PersonaBlock *block)
{
	persona_population_walk(pass, block, feasibility_customer);
}

/* Tells the newest events that this process has seen. */
static void
feasibility_finish(PersonaPass *pass)
{
	Feasibility *made = pass->state;

	for (int c = 0; c < pass->program->condition_count; c++)
	{
		Datum		values[2];
		bool		nulls[2] = {false};

		if (made->newest[c] == PCORE_BEGIN_OF_TIME)
			continue;
		values[0] = Int32GetDatum(c);
		values[1] = TimestampTzGetDatum(made->newest[c]);
		persona_pass_add_row(pass, values, nulls);
	}
}

PERSONA_QUESTION(persona_question_feasibility) = {feasibility_plan, feasibility_block, feasibility_finish};

/* Returns the newest events by condition, of all processes. */
static PcoreInstant *
read_newest(Tuplestorestate *rows, TupleDesc desc, int count)
{
	PcoreInstant *newest = palloc(sizeof(PcoreInstant) * (count + 1));
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);

	for (int c = 0; c < count; c++)
		newest[c] = PCORE_BEGIN_OF_TIME;
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		bool		null;
		int			condition = DatumGetInt32(slot_getattr(slot, 1, &null));

		newest[condition] = Max(newest[condition], DatumGetTimestampTz(slot_getattr(slot, 2, &null)));
	}
	ExecDropSingleTupleTableSlot(slot);
	return newest;
}

/* Returns names as an array of text, or marks it NULL if there are none. */
static Datum
names_or_null(const PersonaProgram *program, const int *conditions, int count, bool *null)
{
	Datum	   *names = palloc(sizeof(Datum) * (count + 1));

	*null = count == 0;
	for (int i = 0; i < count; i++)
		/* Its name is the need, a blank and what is needed. */
		names[i] = CStringGetTextDatum(strchr(program->condition_names[conditions[i]], ' ') + 1);
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Returns a share of all customers, or marks it NULL if there is nothing to be shared or nobody asks. */
static Datum
share_or_null(uint64 part, uint64 all, bool asked, bool *null)
{
	*null = !asked || all == 0;
	if (*null)
		return (Datum) 0;
	return DirectFunctionCall2(numeric_round, DirectFunctionCall2(numeric_div, NumericGetDatum(int64_to_numeric(part)),
																  NumericGetDatum(int64_to_numeric(all))),
							   Int32GetDatum(6));
}

/* Adds the row of a subject. */
static void
add_subject(ReturnSetInfo *result, PersonaPass *pass, const Subject *subject, const uint64 *sums, const PcoreInstant *newest)
{
	const PersonaProgram *program = pass->program;
	uint64		all = pass->sums[0];
	PcoreInstant last = PCORE_BEGIN_OF_TIME;
	Datum	   *channels = palloc(sizeof(Datum) * (program->channel_count + 1));
	int			channel_count = 0;
	int			channel = -1;
	Datum		values[13];
	bool		nulls[13] = {false};

	for (int i = 0; i < subject->kind_count; i++)
		last = Max(last, newest[subject->kinds[i]]);
	while ((channel = bms_next_member(subject->channels, channel)) >= 0)
		channels[channel_count++] = CStringGetTextDatum(program->channels[channel].name);
	values[0] = CStringGetTextDatum(subject->definition);
	values[1] = CStringGetTextDatum(subject->name);
	values[2] = Int64GetDatum(all);
	values[3] = Int64GetDatum(sums[COUNT_MEMBERS]);
	values[4] = names_or_null(program, subject->attributes, subject->attribute_count, &nulls[4]);
	values[5] = share_or_null(sums[COUNT_KNOWN], all, subject->attribute_count > 0, &nulls[5]);
	values[6] = names_or_null(program, subject->kinds, subject->kind_count, &nulls[6]);
	values[7] = share_or_null(sums[COUNT_EVENTS], all, subject->kind_count > 0, &nulls[7]);
	nulls[8] = nulls[9] = last == PCORE_BEGIN_OF_TIME;
	values[8] = TimestampTzGetDatum(last);
	values[9] = nulls[9] ? (Datum) 0 : DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(pass->as_of), values[8]);
	nulls[10] = channel_count == 0;
	values[10] = PointerGetDatum(construct_array(channels, channel_count, TEXTOID, -1, false, TYPALIGN_INT));
	values[11] = share_or_null(sums[COUNT_REACHABLE], all, channel_count > 0, &nulls[11]);
	values[12] = share_or_null(sums[COUNT_FEASIBLE], all, subject->attribute_count > 0 || channel_count > 0, &nulls[12]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * persona.feasibility_of_all(program, as_of): for each cohort and campaign, how
 * far the data bear what it asks for.  The program has a condition for each
 * need beside its definitions (see persona.feasibility_at).  No rows for NULL.
 * Errors as of persona.funnel_of_all.
 */
Datum
persona_feasibility_of_all(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TupleDesc	desc = CreateTemplateTupleDesc(2);
	Tuplestorestate *rows;
	PersonaPass *pass;

	InitMaterializedSRF(fcinfo, 0);
	TupleDescInitEntry(desc, 1, "condition", INT4OID, -1, 0);
	TupleDescInitEntry(desc, 2, "newest", TIMESTAMPTZOID, -1, 0);
	rows = tuplestore_begin_heap(false, false, work_mem);
	pass = persona_population_run(fcinfo, PERSONA_TASK_FEASIBILITY, "persona_question_feasibility",
								  &persona_question_feasibility, rows, desc);
	if (pass != NULL)
	{
		const Feasibility *made = list_subjects(pass->program);
		const PcoreInstant *newest = read_newest(rows, desc, pass->program->condition_count);

		for (int s = 0; s < made->subject_count; s++)
			add_subject(result, pass, &made->subjects[s], &pass->sums[1 + s * COUNT_ALL], newest);
	}
	tuplestore_end(rows);
	return (Datum) 0;
}
