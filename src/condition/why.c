/*
 * why.c - why a condition holds or does not, in words with the actual values.
 *
 * Of an "all" that fails, the first part that fails tells it; of an "any", all
 * parts do; "not" asks the other way round.  A leaf tells the customer's value
 * and what was asked for: "clv is 120, not at least 500".
 */
#include "postgres.h"

#include "condition/evaluate.h"
#include "condition/row_test.h"
#include "condition/why.h"
#include "core/text.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/* More alternatives are not told one by one. */
#define MOST_PARTS 4

/* Writes an operator as words: "at least". */
static void
append_operator(StringInfo text, PersonaOperator operator)
{
	for (const char *c = persona_operator_name(operator); *c != '\0'; c++)
		appendStringInfoChar(text, *c == '_' ? ' ' : *c);
}

/* Writes what a test asks for: "at least 500". */
static void
append_wanted(StringInfo text, const PersonaTest *test)
{
	if (test->operator == PERSONA_KNOWN)
	{
		appendStringInfoString(text, test->known ? "known" : "absent");
		return;
	}
	/* It follows "where plan", "plan is silver, " or "plan is silver, not". */
	if (test->operator == PERSONA_IS || test->operator == PERSONA_IS_NOT)
		appendStringInfoString(text, test->operator == PERSONA_IS ? "" : "not");
	else
		append_operator(text, test->operator);
	for (int i = 0; i < test->count && i < MOST_PARTS; i++)
	{
		const PersonaJson *operand = test->operands[i];

		appendStringInfo(text, "%s%s", i > 0 ? ", " : test->operator == PERSONA_IS ? "" : " ",
						 operand->kind == PERSONA_JSON_TRUE ? "true" : operand->kind == PERSONA_JSON_FALSE ? "false"
						 : operand->text != NULL ? operand->text : "...");
	}
	if (test->count > MOST_PARTS)
		appendStringInfoString(text, ", ...");
	if (test->count == 0 && test->period.text != NULL)
		appendStringInfo(text, " %s", test->period.text);
}

/* Writes what comes behind an actual value: what was asked for, and whether it is so. */
static void
append_verdict(StringInfo text, const PersonaTest *test, bool truth)
{
	/* Of what is asked not to be, the value says all. */
	if (!truth && (test->operator == PERSONA_IS_NOT || test->operator == PERSONA_NOT_IN))
		return;
	appendStringInfoString(text, truth ? ", " : ", not ");
	append_wanted(text, test);
}

/* Writes a "where" in words. */
static void
append_where(StringInfo text, const PersonaCondition *where)
{
	check_stack_depth();
	if (where->kind == PERSONA_ATTRIBUTE)
	{
		appendStringInfo(text, "%s %s", where->name,
						 where->test->operator == PERSONA_IS || where->test->operator == PERSONA_IS_NOT
						 || where->test->operator == PERSONA_KNOWN ? "is " : "");
		append_wanted(text, where->test);
		return;
	}
	if (where->kind == PERSONA_NOT)
		appendStringInfoString(text, "not ");
	if (where->count != 1 || where->kind == PERSONA_NOT)
		appendStringInfoChar(text, '(');
	for (int i = 0; i < where->count; i++)
	{
		if (i > 0)
			appendStringInfoString(text, where->kind == PERSONA_ANY ? " or " : " and ");
		append_where(text, where->parts[i]);
	}
	if (where->count != 1 || where->kind == PERSONA_NOT)
		appendStringInfoChar(text, ')');
}

/* Writes which events are meant: "order where amount at least 100 within 90 days". */
static void
append_events(StringInfo text, const PersonaCondition *condition)
{
	appendStringInfoString(text, condition->name);
	if (condition->where != NULL)
	{
		appendStringInfoString(text, " where ");
		append_where(text, condition->where);
	}
	if (condition->within.kind != PERSONA_PERIOD_NONE)
		appendStringInfo(text, " within %s", condition->within.text);
	if (condition->before.kind != PERSONA_PERIOD_NONE)
		appendStringInfo(text, " before %s", condition->before.text);
}

/* Lists the places of the events that count at as_of; returns how many. */
static int
events_now(PersonaEvaluation *evaluation, const PersonaNode *node, int32 **places)
{
	PersonaWindows windows = persona_windows(evaluation, node->source, node->selector);
	int			count = 0;

	*places = palloc(sizeof(int32) * (windows.count + 1));
	for (int w = 0; w < windows.count; w++)
		if (windows.spans[w].from <= evaluation->as_of && evaluation->as_of < windows.spans[w].until)
			(*places)[count++] = evaluation->chosen[node->selector][windows.events[w]];
	return count;
}

/* Tells the value of a column of the customer. */
static void
why_test(PersonaEvaluation *evaluation, const PersonaNode *node, bool truth, StringInfo text)
{
	char	   *value = persona_row_test_shown(evaluation->tests[node->test], evaluation->values, evaluation->nulls,
											   evaluation->zone);

	if (value == NULL)
		appendStringInfo(text, "%s is absent", node->source->name);
	else
		appendStringInfo(text, "%s is %s", node->source->name, value[0] == '\0' ? "empty" : value);
	/* "plan is gold, gold" says nothing. */
	if (node->source->test->operator != PERSONA_KNOWN && (value != NULL || truth)
		&& !(truth && node->source->test->operator == PERSONA_IS && value != NULL))
		append_verdict(text, node->source->test, truth);
}

/* Tells how often events happened. */
static void
why_count(PersonaEvaluation *evaluation, const PersonaNode *node, bool truth, StringInfo text)
{
	const PersonaCondition *condition = node->source;
	int32	   *places;
	int			count = events_now(evaluation, node, &places);

	if (count == 0)
		appendStringInfoString(text, "no ");
	else
		appendStringInfo(text, "%d ", count);
	append_events(text, condition);
	if (condition->test != NULL && condition->measure == PERSONA_TIMES)
		append_verdict(text, condition->test, truth);
}

/* Returns a sum, or an average, of the known values of events; NULL of none for an average. */
static char *
total_of(PersonaEvaluation *evaluation, const PersonaNode *node, bool average)
{
	Datum		total = NumericGetDatum(int64_to_numeric(0));
	int64		known = 0;
	int32	   *places;
	int			count = events_now(evaluation, node, &places);

	for (int i = 0; i < count; i++)
	{
		const char *value = persona_kept_text(evaluation, places[i], node->slot);

		if (value == NULL)
			continue;
		known++;
		total = DirectFunctionCall2(numeric_add, total,
									DirectFunctionCall3(numeric_in, CStringGetDatum(value), ObjectIdGetDatum(InvalidOid),
														Int32GetDatum(-1)));
	}
	if (average && known == 0)
		return NULL;
	if (average)
		total = DirectFunctionCall2(numeric_div, total, NumericGetDatum(int64_to_numeric(known)));
	return DatumGetCString(DirectFunctionCall1(numeric_out, DirectFunctionCall1(numeric_trim_scale, total)));
}

/* Tells a sum, an average, or a number of different values. */
static void
why_amount(PersonaEvaluation *evaluation, const PersonaNode *node, bool truth, StringInfo text)
{
	const PersonaCondition *condition = node->source;
	bool		average = condition->measure == PERSONA_AVG;
	char	   *amount;

	if (node->kind == PERSONA_NODE_DISTINCT)
	{
		int32	   *places;
		int			count = events_now(evaluation, node, &places);
		PersonaClasses classes = persona_classes_make(count + 1);

		for (int i = 0; i < count; i++)
		{
			const char *value = persona_kept_text(evaluation, places[i], node->slot);

			if (value != NULL)
				(void) persona_class_of(&classes, value);
		}
		appendStringInfo(text, "%d different %s of ", classes.next, condition->property);
	}
	else
	{
		amount = total_of(evaluation, node, average);
		appendStringInfo(text, "the %s of %s is %s, of ", average ? "average" : "sum", condition->property,
						 amount == NULL ? "absent" : amount);
	}
	append_events(text, condition);
	append_verdict(text, condition->test, truth);
}

/* Tells when the first or last event was. */
static void
why_one(PersonaEvaluation *evaluation, const PersonaNode *node, bool truth, StringInfo text)
{
	const PersonaCondition *condition = node->source;
	int			count = evaluation->chosen_count[node->selector];
	bool		first = node->kind == PERSONA_NODE_FIRST;

	if (count == 0)
	{
		appendStringInfo(text, "no %s", condition->name);
		return;
	}
	appendStringInfo(text, "the %s ", first ? "first" : "last");
	append_events(text, condition);
	appendStringInfo(text, " was %s",
					 persona_instant_text(evaluation->at[evaluation->chosen[node->selector][first ? 0 : count - 1]],
										  evaluation->zone));
	if (condition->one_within.kind != PERSONA_PERIOD_NONE)
		appendStringInfo(text, ", %swithin %s", truth ? "" : "not ", condition->one_within.text);
	if (condition->one_before.kind != PERSONA_PERIOD_NONE)
		appendStringInfo(text, ", %sbefore %s", truth ? "" : "not ", condition->one_before.text);
	if (condition->one_where != NULL)
	{
		appendStringInfoString(text, truth ? ", with " : ", not with ");
		append_where(text, condition->one_where);
	}
}

/* Tells of a sequence. */
static void
why_sequence(const PersonaNode *node, bool truth, StringInfo text)
{
	const PersonaCondition *condition = node->source;

	appendStringInfoString(text, truth ? "the sequence " : "no sequence ");
	for (int s = 0; s < condition->step_count; s++)
		appendStringInfo(text, "%s%s%s", s > 0 ? ", " : "", condition->steps[s].absent ? "no " : "",
						 condition->steps[s].event);
	if (condition->within.kind != PERSONA_PERIOD_NONE)
		appendStringInfo(text, " within %s", condition->within.text);
}

static void why(PersonaEvaluation *evaluation, int number, StringInfo text);

/* Tells of those parts that have a truth; of one of them if that decides. */
static void
why_parts(PersonaEvaluation *evaluation, const PersonaNode *node, bool truth, StringInfo text)
{
	bool		one = (node->kind == PERSONA_NODE_ANY) == truth;
	int			told = 0;

	if (node->count == 0)
		appendStringInfoString(text, truth ? "nothing is asked" : "nothing would do");
	for (int i = 0; i < node->count; i++)
	{
		PcoreTruth	part = persona_node_truth(evaluation, node->parts[i], NOW);

		if (pcore_truth_at(part, evaluation->as_of) != truth)
			continue;
		if (told == MOST_PARTS)
		{
			appendStringInfoString(text, "; ...");
			return;
		}
		if (told++ > 0)
			appendStringInfoString(text, "; ");
		why(evaluation, node->parts[i], text);
		if (one)
			return;
	}
}

/* Tells why a node has the truth that it has at as_of. */
static void
why(PersonaEvaluation *evaluation, int number, StringInfo text)
{
	const PersonaNode *node = &evaluation->set->nodes[number];
	const PersonaCondition *condition = node->source;
	bool		truth = pcore_truth_at(persona_node_truth(evaluation, number, NOW), evaluation->as_of);

	check_stack_depth();
	switch (node->kind)
	{
		case PERSONA_NODE_ALL:
		case PERSONA_NODE_ANY:
			why_parts(evaluation, node, truth, text);
			break;
		case PERSONA_NODE_NOT:
			why(evaluation, node->parts[0], text);
			break;
		case PERSONA_NODE_TEST:
			why_test(evaluation, node, truth, text);
			break;
		case PERSONA_NODE_COUNT:
			why_count(evaluation, node, truth, text);
			break;
		case PERSONA_NODE_SUM:
		case PERSONA_NODE_DISTINCT:
			why_amount(evaluation, node, truth, text);
			break;
		case PERSONA_NODE_FIRST:
		case PERSONA_NODE_LAST:
			why_one(evaluation, node, truth, text);
			break;
		case PERSONA_NODE_EVERY:
			appendStringInfo(text, "%s is %sin ", condition->name, truth ? "" : "not ");
			append_wanted(text, condition->test);
			appendStringInfo(text, " of the last %d times %s", condition->every_of,
							 pcore_duration_format(condition->every_period));
			break;
		case PERSONA_NODE_SEQUENCE:
			why_sequence(node, truth, text);
			break;
		case PERSONA_NODE_BUCKET:
			appendStringInfo(text, "bucket \"%s\": the customer is at %g, %sin [%g, %g)", condition->seed,
							 pcore_bucket(condition->seed, evaluation->key, 2), truth ? "" : "not ",
							 condition->bucket_from, condition->bucket_to);
			break;
		case PERSONA_NODE_GAP:
			appendStringInfo(text, "the gap between %s is %sas asked", condition->name, truth ? "" : "not ");
			break;
		case PERSONA_NODE_HELD:
			appendStringInfo(text, "%s for %s: ", truth ? "held" : "has not held", pcore_duration_format(condition->held_for));
			why(evaluation, node->parts[0], text);
			break;
		case PERSONA_NODE_PER:
			appendStringInfo(text, "%s %s for which it holds", truth ? "there is a" : "there is no", condition->name);
			break;
	}
}

/* Tells why a node has the truth that it has at as_of. */
char *
persona_why(PersonaEvaluation *evaluation, int node)
{
	StringInfoData text;

	initStringInfo(&text);
	why(evaluation, node, &text);
	return text.data;
}
