/*
 * fuzz_reader.c - random bytes as JSON and as conditions.
 *
 * The input is the text itself; or, if it begins with the byte 255, the
 * choices for a condition that is mostly right.
 *
 *   - What is no JSON is refused with a message, and leaves nothing behind.
 *   - What is read, written and read again is the same tree; its numbers have
 *     the same text.
 *   - What is no condition is refused with a message and a path in it.
 *   - What is a condition keeps the promises of condition.h.
 */
#include <stdio.h>
#include <string.h>

#include "condition/condition.h"
#include "../unit/host.h"
#include "../unit/naive.h"

#define MOST_TEXT 20000

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Text that grows; what does not fit is left out.
 */
typedef struct Text
{
	size_t		length;
	size_t		room;
	char	   *bytes;
} Text;

/* Appends a string. */
static void
append(Text *text, const char *string)
{
	size_t		length = strlen(string);

	if (text->length + length >= text->room)
		return;
	memcpy(text->bytes + text->length, string, length + 1);
	text->length += length;
}

/*
 * Conditions that are mostly right
 */

#define CHOOSE(source, list) ((list)[naive_below((source), (int) (sizeof(list) / sizeof((list)[0])))])

static const char *const lengths[] = {
	"\"30 days\"", "\"1 hour\"", "\"2 days 3 hours\"", "\"90 minutes\"", "\"1 month\"", "\"0 days\"", "\"106751991 days\"", "7"
};
static const char *const periods[] = {
	"\"30 days\"", "\"today\"", "\"last 7 days\"", "\"this week\"", "\"next quarter\"", "\"2026-03-01\"",
	"\"2026-03-01 10:00+01\"", "\"last 0 days\"", "\"soon\"", "null"
};
static const char *const names[] = {
	"\"order\"", "\"item_id\"", "\"a.b\"", "\"x\"", "\"customer\"", "\"\303\244\"", "\"\"", "\"a.\"", "1"
};
static const char *const values[] = {
	"1", "\"gold\"", "1.10", "-0", "true", "123456789012345678901234567890", "1e-7", "\"\"", "\"a\\\\\"", "null", "[]"
};
static const char *const operators[] = {
	"is", "is_not", "in", "not_in", "at_least", "more_than", "at_most", "less_than", "between", "starts_with",
	"ends_with", "contains", "like", "matches", "contains_any", "contains_all", "contains_none", "known",
	"within_last", "within_next", "before", "after", "on", "anniversary_within", "equals"
};

/* Appends a key. */
static void
append_key(Text *text, const char *before, const char *key)
{
	append(text, before);
	append(text, "\"");
	append(text, key);
	append(text, "\": ");
}

/* Appends a list of values. */
static void
append_list(Text *text, NaiveSource *source, const char *const *list, int count)
{
	int			items = naive_below(source, 4);

	append(text, "[");
	for (int i = 0; i < items; i++)
	{
		append(text, i > 0 ? ", " : "");
		append(text, list[naive_below(source, count)]);
	}
	append(text, "]");
}

/* Appends an operator with what it takes, or with something else. */
static void
append_test(Text *text, NaiveSource *source, const char *before, int operators_count)
{
	int			operator = naive_below(source, operators_count);
	int			kind = naive_below(source, 12);

	append_key(text, before, operators[operator]);
	if (kind == 0)
		append(text, CHOOSE(source, periods));
	else if (operator == 8)
		append(text, naive_below(source, 2) == 0 ? "[1, 2.0]" : "[\"a\", \"b\"]");
	else if (operator == 2 || operator == 3 || (operator >= 14 && operator <= 16))
		append_list(text, source, values, 9);
	else if (operator == 17)
		append(text, "true");
	else if (operator == 18 || operator == 19)
		append(text, CHOOSE(source, lengths));
	else if (operator >= 20 && operator <= 22)
		append(text, CHOOSE(source, periods));
	else if (operator == 23)
		append(text, "[\"-2 days\", \"7 days\"]");
	else
		append(text, CHOOSE(source, values));
}

static void append_condition(Text *text, NaiveSource *source, int depth);

/* Appends what may stand beside an event: where, within, zone. */
static void
append_choice(Text *text, NaiveSource *source, int depth)
{
	unsigned	choice = naive_take(source);

	if ((choice & 1) != 0)
	{
		append_key(text, ", ", "where");
		append_condition(text, source, depth);
	}
	if ((choice & 6) == 6)
	{
		append_key(text, ", ", "within");
		append(text, CHOOSE(source, periods));
	}
	if ((choice & 24) == 24)
		append(text, ", \"zone\": \"UTC\"");
}

/* Appends an event with what is measured. */
static void
append_event(Text *text, NaiveSource *source, int depth)
{
	static const char *const sums[] = {"sum", "avg", "min", "max", "distinct"};

	append_key(text, "{", "event");
	append(text, CHOOSE(source, names));
	append_choice(text, source, depth);
	if (naive_below(source, 8) == 0)
	{
		append_key(text, ", ", "before");
		append(text, CHOOSE(source, periods));
	}
	if (naive_below(source, 8) == 0)
		append(text, ", \"per\": \"id\"");
	switch (naive_below(source, 6))
	{
		case 0:
			append_key(text, ", ", "times");
			append_test(text, source, "{", 9);
			append(text, "}");
			break;
		case 1:
			append_key(text, ", ", CHOOSE(source, sums));
			append(text, CHOOSE(source, names));
			append_test(text, source, ", ", 9);
			break;
		case 2:
			append_key(text, ", ", naive_below(source, 2) == 0 ? "first" : "last");
			append_key(text, "{", "before");
			append(text, CHOOSE(source, periods));
			append_choice(text, source, depth);
			append(text, "}");
			break;
		case 3:
			append_key(text, ", ", "every");
			append_key(text, "{", "period");
			append(text, CHOOSE(source, lengths));
			append_key(text, ", ", "of");
			append(text, naive_below(source, 2) == 0 ? "6" : "1000");
			append_test(text, source, ", ", 9);
			append(text, "}");
			break;
		case 4:
			append_key(text, ", ", "gap");
			append(text, naive_below(source, 2) == 0 ? "\"longest\"" : "\"last\"");
			append_key(text, ", ", naive_below(source, 2) == 0 ? "at_least" : "is_not");
			append(text, CHOOSE(source, lengths));
			break;
		default:
			break;
	}
	append(text, "}");
}

/* Appends a sequence. */
static void
append_sequence(Text *text, NaiveSource *source, int depth)
{
	int			steps = naive_below(source, 5);

	append_key(text, "{", "sequence");
	append(text, "[{\"event\": \"a\"}");
	for (int i = 0; i < steps; i++)
	{
		bool		absent = naive_below(source, 3) == 0;
		unsigned	choice = naive_take(source);

		append_key(text, ", {", absent ? "no" : "event");
		append(text, CHOOSE(source, names));
		if ((choice & 1) != 0)
		{
			append_key(text, ", ", absent ? "for" : "within");
			append(text, CHOOSE(source, lengths));
		}
		if ((choice & 6) == 6)
		{
			append_key(text, ", ", "same");
			append_list(text, source, names, 6);
		}
		if ((choice & 24) == 24)
		{
			append_key(text, ", ", "as");
			append(text, CHOOSE(source, names));
		}
		if ((choice & 96) == 96)
			append(text, naive_below(source, 2) == 0 ? ", \"times\": 3" : ", \"times\": 33");
		if ((choice & 128) != 0)
			append_choice(text, source, depth);
		append(text, "}");
	}
	append(text, "]");
	if (naive_below(source, 2) == 0)
	{
		append_key(text, ", ", "within");
		append(text, CHOOSE(source, lengths));
	}
	if (naive_below(source, 4) == 0)
	{
		append_key(text, ", ", "completed_within");
		append(text, CHOOSE(source, lengths));
	}
	append(text, "}");
}

/* Appends a condition. */
static void
append_condition(Text *text, NaiveSource *source, int depth)
{
	int			kind = naive_below(source, 10);
	int			parts;

	if (depth > 6 && kind < 3)
		kind = 3;
	switch (kind)
	{
		case 0:
		case 1:
			parts = naive_below(source, 4);
			append_key(text, "{", kind == 0 ? "all" : "any");
			append(text, "[");
			for (int i = 0; i < parts; i++)
			{
				append(text, i > 0 ? ", " : "");
				append_condition(text, source, depth + 1);
			}
			append(text, "]}");
			break;
		case 2:
			append_key(text, "{", "not");
			append_condition(text, source, depth + 1);
			append(text, "}");
			break;
		case 3:
			append_key(text, "{", "cohort");
			append(text, CHOOSE(source, names));
			append(text, "}");
			break;
		case 4:
			append(text, "{\"bucket\": {\"seed\": \"s\", \"from\": 0.1, \"to\": ");
			append(text, CHOOSE(source, values));
			append(text, "}}");
			break;
		case 9:
			append_key(text, "{", "held");
			append_event(text, source, depth + 1);
			append_key(text, ", ", "for");
			append(text, CHOOSE(source, lengths));
			append(text, naive_below(source, 3) == 0 ? ", \"per\": \"id\"}" : "}");
			break;
		case 5:
			append_sequence(text, source, depth + 1);
			break;
		case 6:
			append_event(text, source, depth + 1);
			break;
		default:
			append_key(text, "{", "attribute");
			append(text, CHOOSE(source, names));
			append_test(text, source, ", ", 25);
			if (naive_below(source, 4) == 0)
				append(text, naive_below(source, 2) == 0 ? ", \"case\": \"ignore\"" : ", \"zone\": \"UTC\"");
			append(text, "}");
			break;
	}
}

/*
 * Trees
 */

/* Writes a string as JSON. */
static void
write_string(Text *text, const char *string)
{
	append(text, "\"");
	for (; *string != '\0'; string++)
	{
		char		piece[8];

		if (*string == '"' || *string == '\\' || (unsigned char) *string < 0x20)
			snprintf(piece, sizeof(piece), "\\u%04x", (unsigned) *string);
		else
			snprintf(piece, sizeof(piece), "%c", *string);
		append(text, piece);
	}
	append(text, "\"");
}

/* Writes a tree as JSON. */
static void
write_tree(Text *text, const PersonaJson *json)
{
	static const char *const words[] = {"null", "false", "true"};

	if (json->kind <= PERSONA_JSON_TRUE)
		append(text, words[json->kind]);
	else if (json->kind == PERSONA_JSON_NUMBER)
		append(text, json->text);
	else if (json->kind == PERSONA_JSON_STRING)
		write_string(text, json->text);
	else
	{
		bool		object = json->kind == PERSONA_JSON_OBJECT;

		append(text, object ? "{" : "[");
		for (int i = 0; i < json->count; i++)
		{
			append(text, i > 0 ? "," : "");
			if (object)
			{
				write_string(text, json->keys[i]);
				append(text, ":");
			}
			write_tree(text, &json->items[i]);
		}
		append(text, object ? "}" : "]");
	}
}

/* Tells whether two trees are equal. */
static bool
are_equal(const PersonaJson *a, const PersonaJson *b)
{
	if (a->kind != b->kind || a->count != b->count || (a->text == NULL) != (b->text == NULL))
		return false;
	if (a->text != NULL && strcmp(a->text, b->text) != 0)
		return false;
	for (int i = 0; i < a->count; i++)
	{
		if (a->kind == PERSONA_JSON_OBJECT && strcmp(a->keys[i], b->keys[i]) != 0)
			return false;
		if (!are_equal(&a->items[i], &b->items[i]))
			return false;
	}
	return true;
}

/* Checks that a tree is the same when it is written and read again. */
static void
check_tree(const PersonaJson *tree, size_t size)
{
	/* No character becomes more than six. */
	size_t		room = 6 * size + 100;
	Text		text = {0, room, pcore_alloc(room)};
	static PersonaJson *again;

	text.bytes[0] = '\0';
	write_tree(&text, tree);
	again = NULL;
	TRY(again = persona_json_read(text.bytes, text.length));
	CHECK(again != NULL && are_equal(tree, again));
}

/*
 * What is promised of conditions
 */

/* Checks a period. */
static void
check_period(const PersonaPeriod *period)
{
	switch (period->kind)
	{
		case PERSONA_PERIOD_NONE:
			break;
		case PERSONA_PERIOD_LENGTH:
			CHECK(period->length > 0 && period->text != NULL);
			break;
		case PERSONA_PERIOD_CALENDAR:
			CHECK(period->from < period->until && period->unit <= PCORE_UNIT_YEAR && period->text != NULL);
			break;
		case PERSONA_PERIOD_LITERAL:
			CHECK(period->text != NULL);
			break;
	}
}

/* Checks a test. */
static void
check_test(const PersonaTest *test)
{
	CHECK(test->path != NULL && test->path[0] == '$');
	CHECK(test->count >= 1 && test->count <= PERSONA_MAX_OPERANDS);
	for (int i = 0; i < test->count; i++)
		CHECK(test->operands[i] != NULL);
	check_period(&test->period);
	CHECK(test->from_days <= test->until_days);
	CHECK(test->zone == NULL || test->zone[0] != '\0');
}

static void check_condition(const PersonaCondition *condition, int depth);

/* Checks the steps of a sequence. */
static void
check_steps(const PersonaCondition *condition, int depth)
{
	int			last = 0;

	CHECK(condition->step_count >= 1 && condition->step_count <= PERSONA_MAX_STEPS);
	CHECK(!condition->steps[0].absent && condition->steps[0].within == 0 && condition->steps[0].after == 0
		  && condition->steps[0].same_count == 0);
	for (int s = 0; s < condition->step_count; s++)
		if (!condition->steps[s].absent)
			last = s;
	for (int s = 0; s < condition->step_count; s++)
	{
		const PersonaStep *step = &condition->steps[s];

		CHECK(step->path != NULL && step->event[0] != '\0' && step->within >= 0 && step->after >= 0);
		CHECK(!step->absent || (s > last) == (step->within > 0));
		CHECK(step->within == 0 || step->within > step->after);
		for (int i = 0; i < step->same_count; i++)
			CHECK(step->same[i][0] != '\0');
		if (step->where != NULL)
			check_condition(step->where, depth + 1);
	}
}

/* Checks a condition. */
static void
check_condition(const PersonaCondition *condition, int depth)
{
	CHECK(depth <= PERSONA_MAX_DEPTH);
	CHECK(condition->path != NULL && condition->path[0] == '$');
	for (int i = 0; i < condition->count; i++)
		check_condition(condition->parts[i], depth + 1);
	if (condition->test != NULL)
		check_test(condition->test);
	check_period(&condition->within);
	check_period(&condition->before);
	check_period(&condition->one_within);
	check_period(&condition->one_before);
	if (condition->where != NULL)
		check_condition(condition->where, depth + 1);
	if (condition->one_where != NULL)
		check_condition(condition->one_where, depth + 1);
	switch (condition->kind)
	{
		case PERSONA_ALL:
		case PERSONA_ANY:
			break;
		case PERSONA_NOT:
			CHECK(condition->count == 1);
			break;
		case PERSONA_COHORT:
			CHECK(condition->name[0] != '\0');
			break;
		case PERSONA_ATTRIBUTE:
			CHECK(condition->name[0] != '\0' && condition->test != NULL);
			break;
		case PERSONA_EVENT:
			CHECK(condition->name[0] != '\0');
			CHECK(condition->measure != PERSONA_EVERY
				  || (condition->every_of >= 1 && condition->every_period <= INT64_MAX / condition->every_of));
			CHECK((condition->measure >= PERSONA_SUM && condition->measure <= PERSONA_DISTINCT)
				  == (condition->property != NULL));
			for (int i = 0; condition->measure == PERSONA_GAP && i < condition->test->count; i++)
				CHECK(condition->gap_lengths[i] > 0);
			break;
		case PERSONA_SEQUENCE:
			check_steps(condition, depth);
			CHECK(condition->completed_within >= 0);
			break;
		case PERSONA_BUCKET:
			CHECK(condition->bucket_from >= 0 && condition->bucket_from < condition->bucket_to && condition->bucket_to <= 1);
			break;
		case PERSONA_HELD:
			CHECK(condition->count == 1 && condition->held_for > 0);
			break;
		case PERSONA_PER:
			CHECK(condition->count == 1 && condition->name[0] != '\0');
			break;
	}
}

/* Runs one input. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Text		text = {0, MOST_TEXT, NULL};
	static PersonaJson *tree;
	static PersonaCondition *condition;

	host_abort_on_failure = true;
	if (size > 0 && data[0] == 255)
	{
		NaiveSource source = {data + 1, data + size};

		text.bytes = pcore_alloc(MOST_TEXT);
		text.bytes[0] = '\0';
		append_condition(&text, &source, 0);
	}
	else
	{
		/* Exactly so many bytes, so that nobody reads one more. */
		text.bytes = pcore_alloc(size);
		text.length = size;
		if (size > 0)
			memcpy(text.bytes, data, size);
	}

	tree = NULL;
	TRY(tree = persona_json_read(text.bytes, text.length));
	CHECK(host_failed == (tree == NULL));
	CHECK(!host_failed || (host_path == NULL && host_message[0] != '\0'));
	if (tree != NULL)
	{
		check_tree(tree, text.length);
		condition = NULL;
		TRY(condition = persona_condition_read(tree, "$"));
		CHECK(host_failed == (condition == NULL));
		if (condition != NULL)
			check_condition(condition, 1);
		else
			CHECK(host_path != NULL && host_path[0] == '$' && host_message[0] != '\0');
	}
	host_reset();
	return 0;
}
