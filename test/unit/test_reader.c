/*
 * test_reader.c - JSON as a tree, and the condition language: what is read as
 * what, and what is refused where and why.
 *
 * A condition that was accepted is described in one line, so that a case can
 * be checked by eye.
 */
#include "condition/condition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "host.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

/*
 * JSON
 */

/* Writes a tree: numbers as they are, strings in quotes of their own. */
static char *
describe_json(const PersonaJson *json)
{
	char	   *text = pcore_copy("", 0);

	switch (json->kind)
	{
		case PERSONA_JSON_NULL:
			return pcore_format("null");
		case PERSONA_JSON_FALSE:
			return pcore_format("false");
		case PERSONA_JSON_TRUE:
			return pcore_format("true");
		case PERSONA_JSON_NUMBER:
			return pcore_format("%s", json->text);
		case PERSONA_JSON_STRING:
			return pcore_format("'%s'", json->text);
		case PERSONA_JSON_ARRAY:
			for (int i = 0; i < json->count; i++)
				text = pcore_format("%s%s%s", text, i > 0 ? ", " : "", describe_json(&json->items[i]));
			return pcore_format("[%s]", text);
		case PERSONA_JSON_OBJECT:
			for (int i = 0; i < json->count; i++)
				text = pcore_format("%s%s%s: %s", text, i > 0 ? ", " : "", json->keys[i], describe_json(&json->items[i]));
			return pcore_format("{%s}", text);
	}
	return text;
}

/* Checks documents that are read, and as what. */
static void
test_json(void)
{
	static const struct
	{
		const char *text;
		const char *tree;		/* NULL: as "text" */
	}			cases[] = {
		{"null", NULL},
		{" true ", "true"},
		{"[true, false, null]", NULL},
		{"[]", NULL},
		{"{}", NULL},
		{"\"\"", "''"},
		{"\"caf\303\251 \\u00e9 \\\"x\\\" \\\\ \\/\"", "'caf\303\251 \303\251 \"x\" \\ /'"},
		{"\"\\ud83d\\ude00\"", "'\360\237\230\200'"},
		{"{\"b\": 1, \"a\": [2, {\"c\": 3}]}", "{b: 1, a: [2, {c: 3}]}"},
		{"\t{\r\n\"a\"\n:\t1}\n", "{a: 1}"},

		/* Numbers keep the text in which they are written. */
		{"0", NULL},
		{"-0", NULL},
		{"-0.0", NULL},
		{"1.10", NULL},
		{"1e5", NULL},
		{"1E+05", NULL},
		{"12.50e-07", NULL},
		{"123456789012345678901234567890.000000000000000000001", NULL},
		{"1e999999999", NULL},
		{"[1,2 ,-3]", "[1, 2, -3]"},
		{"{\"a\":1.0,\"b\":[-2]}", "{a: 1.0, b: [-2]}"},

		/* What looks like a number in a string is none, nor is an escape. */
		{"\"12.50\"", "'12.50'"},
		{"[\"-1\", -1, \"1\\\"-1\", \"\\\\\", 2]", "['-1', -1, '1\"-1', '\\', 2]"},
		{"\"\\\\u0001\"", "'\\u0001'"},
		{"{\"1\": 1, \"-\": 2}", "{1: 1, -: 2}"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		static PersonaJson *tree;

		host_case("%s", cases[i].text);
		tree = NULL;
		TRY(tree = persona_json_read(cases[i].text, strlen(cases[i].text)));
		if (tree == NULL)
			CHECK_TEXT(host_message, NULL);
		else
			CHECK_TEXT(describe_json(tree), cases[i].tree != NULL ? cases[i].tree : cases[i].text);
	}
}

/* Checks documents that are refused. */
static void
test_refused_json(void)
{
	static const struct
	{
		const char *text;
		const char *message;
	}			cases[] = {
		{"", "invalid JSON at character 0"},
		{"   ", "invalid JSON"},
		{"{", "invalid JSON"},
		{"{\"a\"}", "invalid JSON"},
		{"{\"a\": }", "invalid JSON"},
		{"{\"a\": 1,}", "invalid JSON"},
		{"[1,]", "invalid JSON"},
		{"[1 2]", "invalid JSON"},
		{"1 2", "invalid JSON"},
		{"{} {}", "invalid JSON"},
		{"'a'", "invalid JSON"},
		{"{a: 1}", "invalid JSON"},
		{"nul", "invalid JSON"},
		{"True", "invalid JSON"},
		{"NaN", "invalid JSON"},
		{"// a\n1", "invalid JSON"},
		{"\"a", "invalid JSON"},
		{"\"a\\", "invalid JSON"},
		{"\"a\nb\"", "invalid JSON"},
		{"\"\\x\"", "invalid JSON"},
		{"\"\\u12\"", "invalid JSON"},
		{"\"\\ud83d\"", "invalid JSON"},
		{"\"\\u0000\"", "invalid JSON"},

		/* A position counts the characters that were written. */
		{"[1, 22, x]", "invalid JSON at character 9: invalid token"},
		{"[\"\303\244\303\244\", x]", "invalid JSON at character 8: invalid token"},

		/* Duplicate keys, at any depth. */
		{"{\"a\": 1, \"a\": 1}", "duplicate key"},
		{"[{\"b\": {\"a\": 1, \"\\u0061\": 2}}]", "duplicate key"},

		/* Numbers */
		{"01", "\"01\" is not a number"},
		{"-", "\"-\" is not a number"},
		{"-a", "\"-\" is not a number"},
		{"1.", "\"1.\" is not a number"},
		{"1.e5", "\"1.e5\" is not a number"},
		{"1e", "\"1e\" is not a number"},
		{"1e+", "\"1e+\" is not a number"},
		{"1-2", "\"1-2\" is not a number"},
		{"--1", "\"--1\" is not a number"},
		{"1.2.3", "\"1.2.3\" is not a number"},
		{"00000000000000000000000000000000000000000000000000", "\"0000000000000000000000000000000000000000\" is not a number"},
		{"+1", "invalid JSON"},
		{".5", "invalid JSON"},
		{"0x10", "invalid JSON"},
		{"1a", "invalid JSON"},
		{"1\"a\"", "invalid JSON"},
		{"\"a\"1", "invalid JSON"},
		{"{5: 1}", "the key 5 is not a string"},
		{"{\"a\": 1, -0.5: 1}", "the key -0.5 is not a string"},

		/* The mark of numbers is in nothing that is written. */
		{"\"\\u00015\"", "U+0001 is not allowed"},
		{"\"a\\u0001\"", "U+0001 is not allowed"},
		{"{\"\\u0001\": 1}", "U+0001 is not allowed"},
		{"\"\\\\\\u00015\"", "U+0001 is not allowed"},
		{"\"\0015\"", "invalid JSON"},
		{"\"a\"\\u0001", "not a number"},

		/* Broken UTF-8: a stray byte, a short and an overlong form, a surrogate, too large. */
		{"\"\377\"", "invalid JSON"},
		{"\"\303\"", "invalid JSON"},
		{"\"\251\"", "invalid JSON"},
		{"\"\300\200\"", "invalid JSON"},
		{"\"\355\240\200\"", "invalid JSON"},
		{"\"\364\220\200\200\"", "invalid JSON"},
		{"\"\360\237\230", "invalid JSON"},
		{"\303\244", "invalid JSON"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("%s", cases[i].text);
		CHECK_FAILS(persona_json_read(cases[i].text, strlen(cases[i].text)), cases[i].message);
		CHECK_TEXT(host_path, NULL);
		CHECK(host_message != NULL && strchr(host_message, '\001') == NULL);
	}
	host_case("a NUL in the text");
	CHECK_FAILS(persona_json_read("[1\0002]", 5), "invalid JSON");
	CHECK_FAILS(persona_json_read("\"a\0b\"", 5), "invalid JSON");
	CHECK_FAILS(persona_json_read("1\0", 2), "invalid JSON");
	host_case("a text without its end");
	CHECK_FAILS(persona_json_read("[1, 2]", 5), "invalid JSON");
	host_case("U+0001 cut off");
	CHECK_FAILS(persona_json_read("\"\\u0001\"", 6), "invalid JSON");
}

/* Repeats a piece of text between a begin and an end. */
static char *
repeated(const char *begin, const char *piece, int times, const char *end)
{
	size_t		length = strlen(piece);
	char	   *text = pcore_alloc(strlen(begin) + length * (size_t) times + strlen(end) + 1);
	char	   *at = text + strlen(begin);

	strcpy(text, begin);
	for (int i = 0; i < times; i++, at += length)
		memcpy(at, piece, length);
	strcpy(at, end);
	return text;
}

/* Checks documents that are huge or deep. */
static void
test_huge_json(void)
{
	static PersonaJson *tree;
	char	   *text;

	host_case("a million digits");
	text = repeated("[", "7", 1000000, "]");
	TRY(tree = persona_json_read(text, strlen(text)));
	CHECK(!host_failed && tree->items[0].kind == PERSONA_JSON_NUMBER && strlen(tree->items[0].text) == 1000000
		  && strspn(tree->items[0].text, "7") == 1000000);

	host_case("a million characters");
	text = repeated("\"", "\303\244", 500000, "\"");
	TRY(tree = persona_json_read(text, strlen(text)));
	CHECK(!host_failed && tree->kind == PERSONA_JSON_STRING && strlen(tree->text) == 1000000);

	host_case("a hundred thousand numbers");
	text = repeated("[0", ",1.5", 100000, "]");
	TRY(tree = persona_json_read(text, strlen(text)));
	CHECK(!host_failed && tree->count == 100001);
	CHECK_TEXT(tree->items[100000].text, "1.5");

	host_case("a thousand levels");
	text = pcore_format("%s1%s", repeated("", "[", 1000, ""), repeated("", "]", 1000, ""));
	TRY(tree = persona_json_read(text, strlen(text)));
	CHECK(!host_failed);

	host_case("a million levels");
	text = repeated("", "[", 1000000, "");
	CHECK_FAILS(persona_json_read(text, strlen(text)), "invalid JSON at character");
	host_reset();
}

/* Checks looking up members. */
static void
test_members(void)
{
	PersonaJson *tree = persona_json_read("{\"a\": 1, \"b\": null}", 19);

	host_case("members");
	CHECK_TEXT(persona_json_member(tree, "a")->text, "1");
	CHECK_INT(persona_json_member(tree, "b")->kind, PERSONA_JSON_NULL);
	CHECK(persona_json_member(tree, "c") == NULL);
	CHECK(persona_json_member(&tree->items[0], "a") == NULL);
	CHECK_TEXT(persona_json_kind_name(PERSONA_JSON_OBJECT), "an object");
	CHECK_TEXT(persona_json_kind_name(PERSONA_JSON_FALSE), "a boolean");
}

/*
 * Conditions
 */

/* Writes a period. */
static char *
describe_period(const PersonaPeriod *period)
{
	static const char *const units[] = {"day", "week", "month", "quarter", "year"};

	switch (period->kind)
	{
		case PERSONA_PERIOD_LENGTH:
			return pcore_duration_format(period->length);
		case PERSONA_PERIOD_CALENDAR:
			return pcore_format("%s[%" PRId64 ",%" PRId64 ")", units[period->unit], period->from, period->until);
		case PERSONA_PERIOD_LITERAL:
			return pcore_format("'%s'", period->text);
		default:
			return pcore_format("?");
	}
}

/* Writes a test. */
static char *
describe_test(const PersonaTest *test)
{
	const char *name = persona_operator_name(test->operator);
	char	   *text = pcore_format("%s", name);

	if (test->operator == PERSONA_KNOWN)
		text = pcore_format("%s %s", name, test->known ? "true" : "false");
	else if (test->operator == PERSONA_ANNIVERSARY_WITHIN)
		text = pcore_format("%s %" PRId64 " to %" PRId64 " days", name, test->from_days, test->until_days);
	else if (test->period.kind != PERSONA_PERIOD_NONE)
		text = pcore_format("%s %s", name, describe_period(&test->period));
	else
		for (int i = 0; i < test->count; i++)
			text = pcore_format("%s %s", text, describe_json(test->operands[i]));
	return pcore_format("%s%s%s%s", text, test->ignore_case ? " ignoring case" : "",
						test->zone != NULL ? " in " : "", test->zone != NULL ? test->zone : "");
}

static char *describe(const PersonaCondition *condition);

/* Writes a step of a sequence. */
static char *
describe_step(const PersonaStep *step)
{
	char	   *text = pcore_format("%s%s", step->absent ? "no " : "", step->event);

	if (step->where != NULL)
		text = pcore_format("%s where %s", text, describe(step->where));
	if (step->within > 0)
		text = pcore_format("%s %s %s", text, step->absent ? "for" : "within", pcore_duration_format(step->within));
	if (step->after > 0)
		text = pcore_format("%s after %s", text, pcore_duration_format(step->after));
	for (int i = 0; i < step->same_count; i++)
		text = pcore_format("%s%s%s", text, i > 0 ? "," : " same ", step->same[i]);
	if (step->alias != NULL)
		text = pcore_format("%s as %s", text, step->alias);
	return text;
}

/* Writes a condition on events. */
static char *
describe_event(const PersonaCondition *condition)
{
	static const char *const measures[] = {"times", "sum", "avg", "min", "max", "distinct", "first", "last", "every", "gap"};
	char	   *text = pcore_format("event %s", condition->name);

	if (condition->where != NULL)
		text = pcore_format("%s where %s", text, describe(condition->where));
	if (condition->within.kind != PERSONA_PERIOD_NONE)
		text = pcore_format("%s within %s", text, describe_period(&condition->within));
	if (condition->before.kind != PERSONA_PERIOD_NONE)
		text = pcore_format("%s before %s", text, describe_period(&condition->before));
	if (condition->zone != NULL)
		text = pcore_format("%s in %s", text, condition->zone);
	text = pcore_format("%s, %s", text, measures[condition->measure]);
	if (condition->property != NULL)
		text = pcore_format("%s of %s", text, condition->property);
	if (condition->one_within.kind != PERSONA_PERIOD_NONE)
		text = pcore_format("%s within %s", text, describe_period(&condition->one_within));
	if (condition->one_before.kind != PERSONA_PERIOD_NONE)
		text = pcore_format("%s before %s", text, describe_period(&condition->one_before));
	if (condition->one_where != NULL)
		text = pcore_format("%s where %s", text, describe(condition->one_where));
	if (condition->measure == PERSONA_EVERY)
		text = pcore_format("%s %s of %d", text, pcore_duration_format(condition->every_period), condition->every_of);
	if (condition->measure == PERSONA_GAP)
		text = pcore_format("%s %s", text, condition->gap == PCORE_GAP_LONGEST ? "longest"
							: condition->gap == PCORE_GAP_SHORTEST ? "shortest" : "last");
	if (condition->test != NULL)
		text = pcore_format("%s %s", text, describe_test(condition->test));
	return text;
}

/* Writes a condition. */
static char *
describe(const PersonaCondition *condition)
{
	char	   *text = pcore_copy("", 0);

	switch (condition->kind)
	{
		case PERSONA_ALL:
		case PERSONA_ANY:
		case PERSONA_NOT:
			for (int i = 0; i < condition->count; i++)
				text = pcore_format("%s%s%s", text, i > 0 ? "; " : "", describe(condition->parts[i]));
			return pcore_format("%s(%s)", condition->kind == PERSONA_ALL ? "all" :
								condition->kind == PERSONA_ANY ? "any" : "not", text);
		case PERSONA_COHORT:
			return pcore_format("cohort %s", condition->name);
		case PERSONA_ATTRIBUTE:
			return pcore_format("%s %s", condition->name, describe_test(condition->test));
		case PERSONA_EVENT:
			return describe_event(condition);
		case PERSONA_SEQUENCE:
			for (int i = 0; i < condition->step_count; i++)
				text = pcore_format("%s%s%s", text, i > 0 ? "; " : "", describe_step(&condition->steps[i]));
			text = pcore_format("sequence(%s)%s%s", text, condition->within.kind != PERSONA_PERIOD_NONE ? " within " : "",
								condition->within.kind != PERSONA_PERIOD_NONE ? describe_period(&condition->within) : "");
			if (condition->completed_within > 0)
				text = pcore_format("%s completed within %s", text, pcore_duration_format(condition->completed_within));
			return text;
		case PERSONA_BUCKET:
			return pcore_format("bucket %s from %g to %g", condition->seed, condition->bucket_from, condition->bucket_to);
		case PERSONA_HELD:
			return pcore_format("held(%s) for %s", describe(condition->parts[0]), pcore_duration_format(condition->held_for));
		case PERSONA_PER:
			return pcore_format("per %s (%s)", condition->name, describe(condition->parts[0]));
	}
	return text;
}

/* Reads a condition from text. */
static PersonaCondition *
read_text(const char *text)
{
	return persona_condition_read(persona_json_read(text, strlen(text)), "$");
}

/* Checks conditions that are accepted, and as what. */
static void
test_accepted(void)
{
	static const struct
	{
		const char *text;
		const char *meaning;
	}			cases[] = {
		{"{\"all\": []}", "all()"},
		{"{\"any\": []}", "any()"},
		{"{\"not\": {\"cohort\": \"vip\"}}", "not(cohort vip)"},
		{"{\"all\": [{\"cohort\": \"a b\"}, {\"any\": [{\"cohort\": \"c\"}]}]}", "all(cohort a b; any(cohort c))"},

		/* Attributes */
		{"{\"attribute\": \"plan\", \"is\": \"gold\"}", "plan is 'gold'"},
		{"{\"is_not\": false, \"attribute\": \"plan\"}", "plan is_not false"},
		{"{\"attribute\": \"plan\", \"in\": [\"gold\", 1, true]}", "plan in 'gold' 1 true"},
		{"{\"attribute\": \"plan\", \"not_in\": [\"\"]}", "plan not_in ''"},
		{"{\"attribute\": \"clv\", \"at_least\": 500.00}", "clv at_least 500.00"},
		{"{\"attribute\": \"clv\", \"more_than\": 123456789012345678901234567890.5}", "clv more_than 123456789012345678901234567890.5"},
		{"{\"attribute\": \"name\", \"at_most\": \"M\"}", "name at_most 'M'"},
		{"{\"attribute\": \"clv\", \"less_than\": -1e3}", "clv less_than -1e3"},
		{"{\"attribute\": \"clv\", \"between\": [1, 1]}", "clv between 1 1"},
		{"{\"attribute\": \"clv\", \"between\": [-1e3, -9.99e2]}", "clv between -1e3 -9.99e2"},
		{"{\"attribute\": \"name\", \"between\": [\"A\", \"M\"]}", "name between 'A' 'M'"},
		{"{\"attribute\": \"name\", \"starts_with\": \"Ma\", \"case\": \"ignore\"}", "name starts_with 'Ma' ignoring case"},
		{"{\"attribute\": \"name\", \"ends_with\": \"\"}", "name ends_with ''"},
		{"{\"attribute\": \"name\", \"contains\": \"a\"}", "name contains 'a'"},
		{"{\"attribute\": \"name\", \"like\": \"M%\\\\%\"}", "name like 'M%\\%'"},
		{"{\"attribute\": \"name\", \"like\": \"M\\\\\\\\\"}", "name like 'M\\\\'"},
		{"{\"attribute\": \"name\", \"matches\": \"^M\", \"case\": \"ignore\"}", "name matches '^M' ignoring case"},
		{"{\"attribute\": \"name\", \"in\": [\"a\"], \"case\": \"ignore\"}", "name in 'a' ignoring case"},
		{"{\"attribute\": \"tags\", \"contains_any\": [\"a\", \"b\"]}", "tags contains_any 'a' 'b'"},
		{"{\"attribute\": \"tags\", \"contains_all\": [1]}", "tags contains_all 1"},
		{"{\"attribute\": \"tags\", \"contains_none\": [true]}", "tags contains_none true"},
		{"{\"attribute\": \"email\", \"known\": true}", "email known true"},
		{"{\"attribute\": \"data.address.city\", \"known\": false}", "data.address.city known false"},
		{"{\"attribute\": \"stra\303\237e\", \"known\": true}", "stra\303\237e known true"},

		/* Time */
		{"{\"attribute\": \"seen\", \"within_last\": \"30 days\"}", "seen within_last 30 days"},
		{"{\"attribute\": \"seen\", \"within_next\": \"1 day 12 hours\"}", "seen within_next 1 day 12 hours"},
		{"{\"attribute\": \"seen\", \"before\": \"30 days\"}", "seen before 30 days"},
		{"{\"attribute\": \"seen\", \"before\": \"2026-03-01\"}", "seen before '2026-03-01'"},
		{"{\"attribute\": \"seen\", \"after\": \"2026-03-01 10:00+02\"}", "seen after '2026-03-01 10:00+02'"},
		{"{\"attribute\": \"seen\", \"after\": \"yesterday\", \"zone\": \"Europe/Berlin\"}", "seen after day[-1,0) in Europe/Berlin"},
		{"{\"attribute\": \"seen\", \"on\": \"today\"}", "seen on day[0,1)"},
		{"{\"attribute\": \"seen\", \"on\": \"tomorrow\"}", "seen on day[1,2)"},
		{"{\"attribute\": \"seen\", \"on\": \"last week\"}", "seen on week[-1,0)"},
		{"{\"attribute\": \"seen\", \"on\": \"this month\"}", "seen on month[0,1)"},
		{"{\"attribute\": \"seen\", \"on\": \"next quarter\"}", "seen on quarter[1,2)"},
		{"{\"attribute\": \"seen\", \"on\": \"this year\"}", "seen on year[0,1)"},
		{"{\"attribute\": \"seen\", \"on\": \"last day\"}", "seen on day[-1,0)"},
		{"{\"attribute\": \"seen\", \"on\": \"last 7 days\"}", "seen on day[-6,1)"},
		{"{\"attribute\": \"seen\", \"on\": \"last 1 day\"}", "seen on day[0,1)"},
		{"{\"attribute\": \"seen\", \"on\": \"last 100000 days\"}", "seen on day[-99999,1)"},
		{"{\"attribute\": \"born\", \"anniversary_within\": [\"-2 days\", \"7 days\"], \"zone\": \"UTC\"}",
		"born anniversary_within -2 to 7 days in UTC"},
		{"{\"attribute\": \"born\", \"anniversary_within\": [\"-366 days\", \"52 weeks 2 days\"]}",
		"born anniversary_within -366 to 366 days"},

		/* Events */
		{"{\"event\": \"order\"}", "event order, times"},
		{"{\"event\": \"order\", \"where\": {\"attribute\": \"at\", \"on\": \"today\"}, \"within\": \"90 days\", \"times\": {\"at_least\": 3}}",
		"event order where at on day[0,1) within 90 days, times at_least 3"},
		{"{\"event\": \"order\", \"within\": \"this month\", \"zone\": \"UTC\", \"times\": {\"is\": 0}}",
		"event order within month[0,1) in UTC, times is 0"},
		{"{\"event\": \"order\", \"times\": {\"between\": [1, 3]}}", "event order, times between 1 3"},
		{"{\"event\": \"order\", \"sum\": \"amount\", \"within\": \"365 days\", \"at_least\": 1000.00}",
		"event order within 365 days, sum of amount at_least 1000.00"},
		{"{\"event\": \"order\", \"avg\": \"amount\", \"less_than\": 5}", "event order, avg of amount less_than 5"},
		{"{\"event\": \"order\", \"min\": \"amount\", \"in\": [5, 6]}", "event order, min of amount in 5 6"},
		{"{\"event\": \"order\", \"max\": \"data.n\", \"between\": [5, 6]}", "event order, max of data.n between 5 6"},
		{"{\"event\": \"order\", \"distinct\": \"item\", \"more_than\": 2}", "event order, distinct of item more_than 2"},
		{"{\"event\": \"login\", \"last\": {\"before\": \"30 days\"}}", "event login, last before 30 days"},
		{"{\"event\": \"login\", \"first\": {\"within\": \"last month\", \"where\": {\"not\": {\"attribute\": \"x\", \"is\": 1}}}, \"zone\": \"UTC\"}",
		"event login in UTC, first within month[-1,0) where not(x is 1)"},
		{"{\"event\": \"login\", \"last\": {\"within\": \"9 days\", \"before\": \"3 days\"}}", "event login, last within 9 days before 3 days"},
		{"{\"event\": \"order\", \"every\": {\"period\": \"30 days\", \"of\": 6, \"at_least\": 5}}",
		"event order, every 30 days of 6 at_least 5"},

		/* Sequences */
		{"{\"sequence\": [{\"event\": \"a\"}]}", "sequence(a)"},
		{"{\"sequence\": [{\"event\": \"cart_add\", \"as\": \"cart\"}, {\"no\": \"order\", \"same\": [\"item_id\"], \"for\": \"1 hour\"}], \"within\": \"3 days\"}",
		"sequence(cart_add as cart; no order for 1 hour same item_id) within 3 days"},
		{"{\"sequence\": [{\"event\": \"view\", \"where\": {\"any\": []}}, {\"no\": \"x\"}, {\"event\": \"cart_add\", \"within\": \"1 hour\", \"after\": \"1 minute\", \"same\": [\"a\", \"b\"]}, {\"event\": \"order\"}]}",
		"sequence(view where any(); no x; cart_add within 1 hour after 1 minute same a,b; order)"},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"no\": \"b\", \"for\": \"1 hour\"}, {\"no\": \"c\", \"for\": \"2 hours\"}]}",
		"sequence(a; no b for 1 hour; no c for 2 hours)"},
		{"{\"sequence\": [{\"event\": \"a\", \"times\": 3, \"within\": \"1 day\", \"same\": [\"x\"], \"as\": \"it\"}]}",
		"sequence(a; a within 1 day same x; a within 1 day same x as it)"},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"event\": \"b\", \"times\": 1}]}", "sequence(a; b)"},

		{"{\"sequence\": [{\"event\": \"a\"}], \"within\": \"3 days\", \"completed_within\": \"1 hour\"}",
		"sequence(a) within 3 days completed within 1 hour"},

		/* Windows that end before now, gaps, held, per */
		{"{\"event\": \"a\", \"within\": \"60 days\", \"before\": \"30 days\"}", "event a within 60 days before 30 days, times"},
		{"{\"event\": \"a\", \"before\": \"today\", \"zone\": \"UTC\", \"last\": {\"before\": \"1 day\"}}",
		"event a before day[0,1) in UTC, last before 1 day"},
		{"{\"event\": \"a\", \"gap\": \"longest\", \"at_least\": \"60 days\"}", "event a, gap longest at_least '60 days'"},
		{"{\"event\": \"a\", \"gap\": \"last\", \"within\": \"9 days\", \"not_in\": [\"1 hour\"]}", "event a within 9 days, gap last not_in '1 hour'"},
		{"{\"event\": \"a\", \"gap\": \"shortest\", \"between\": [\"1 hour\", \"60 minutes\"]}", "event a, gap shortest between '1 hour' '60 minutes'"},
		{"{\"held\": {\"event\": \"a\"}, \"for\": \"3 days\"}", "held(event a, times) for 3 days"},
		{"{\"per\": \"id\", \"event\": \"a\"}", "per id (event a, times)"},
		{"{\"all\": [{\"event\": \"a\"}, {\"cohort\": \"c\"}], \"per\": \"id\"}", "per id (all(event a, times; cohort c))"},
		{"{\"not\": {\"per\": \"id\", \"held\": {\"event\": \"a\"}, \"for\": \"1 hour\"}}", "not(per id (held(event a, times) for 1 hour))"},

		/* Buckets */
		{"{\"bucket\": {\"seed\": \"spring\", \"from\": 0.0, \"to\": 0.5}}", "bucket spring from 0 to 0.5"},
		{"{\"bucket\": {\"seed\": \"s\", \"from\": 0, \"to\": 1}}", "bucket s from 0 to 1"},
		{"{\"bucket\": {\"seed\": \"s\", \"from\": 1e-3, \"to\": 1.0}}", "bucket s from 0.001 to 1"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		static PersonaCondition *condition;

		host_case("%s", cases[i].text);
		condition = NULL;
		TRY(condition = read_text(cases[i].text));
		if (condition == NULL)
			host_check(false, __FILE__, __LINE__, "refused at %s: %s", host_path, host_message);
		else
			CHECK_TEXT(describe(condition), cases[i].meaning);
	}
}

/* Checks conditions that are refused: where, and why. */
static void
test_refused(void)
{
	static const struct
	{
		const char *text;
		const char *path;
		const char *message;
	}			cases[] = {
		/* No condition at all */
		{"null", "$", "a condition is expected, not null"},
		{"\"vip\"", "$", "a condition is expected, not a string"},
		{"[]", "$", "a condition is expected, not an array"},
		{"1.5", "$", "a condition is expected, not a number"},
		{"true", "$", "a condition is expected, not a boolean"},
		{"{}", "$", "the condition is empty"},
		{"{\"foo\": 1}", "$.foo", "unknown key \"foo\""},
		{"{\"\": 1}", "$[\"\"]", "unknown key \"\""},
		{"{\"a b\": 1}", "$[\"a b\"]", "unknown key \"a b\""},
		{"{\"All\": []}", "$.All", "unknown key \"All\""},
		{"{\"all\": [], \"any\": []}", "$.any", "\"all\" and \"any\" in one condition"},
		{"{\"event\": \"a\", \"attribute\": \"b\", \"is\": 1}", "$.event", "\"attribute\" and \"event\" in one condition"},

		/* Boolean */
		{"{\"all\": {}}", "$.all", "a list of conditions is expected, not an object"},
		{"{\"any\": null}", "$.any", "a list of conditions is expected, not null"},
		{"{\"not\": []}", "$.not", "a condition is expected, not an array"},
		{"{\"not\": {}}", "$.not", "the condition is empty"},
		{"{\"all\": [], \"zone\": \"UTC\"}", "$.zone", "unknown key \"zone\""},
		{"{\"all\": [{\"cohort\": \"a\"}, {\"any\": [{\"not\": {\"x\": 1}}]}]}", "$.all[1].any[0].not.x", "unknown key \"x\""},

		/* Cohorts */
		{"{\"cohort\": \"\"}", "$.cohort", "the name of a cohort must not be empty"},
		{"{\"cohort\": 1}", "$.cohort", "the name of a cohort is expected, not a number"},
		{"{\"cohort\": \"a\", \"is\": true}", "$.is", "unknown key \"is\""},

		/* Attributes */
		{"{\"attribute\": \"a\"}", "$", "an attribute without a test"},
		{"{\"attribute\": \"a\", \"case\": \"ignore\"}", "$", "an attribute without a test"},
		{"{\"attribute\": \"a\", \"equals\": 1}", "$.equals", "unknown operator \"equals\""},
		{"{\"attribute\": \"a\", \"is\": 1, \"value\": 2}", "$.value", "unknown key \"value\""},
		{"{\"attribute\": \"a\", \"is\": 1, \"at_least\": 2}", "$.at_least", "two operators, \"is\" and \"at_least\""},
		{"{\"attribute\": 1, \"is\": 1}", "$.attribute", "the name of an attribute is expected, not a number"},
		{"{\"attribute\": \"\", \"is\": 1}", "$.attribute", "must not be empty"},
		{"{\"attribute\": \".a\", \"is\": 1}", "$.attribute", "\".a\" has an empty part"},
		{"{\"attribute\": \"a.\", \"is\": 1}", "$.attribute", "\"a.\" has an empty part"},
		{"{\"attribute\": \"a..b\", \"is\": 1}", "$.attribute", "\"a..b\" has an empty part"},
		{"{\"attribute\": \"a\", \"is\": null}", "$.is", "null is no value to compare with"},
		{"{\"attribute\": \"a\", \"is\": [1]}", "$.is", "a string, a number or a boolean is expected, not an array"},
		{"{\"attribute\": \"a\", \"at_least\": true}", "$.at_least", "a string or a number is expected, not a boolean"},
		{"{\"attribute\": \"a\", \"in\": \"b\"}", "$.in", "a list of values is expected, not a string"},
		{"{\"attribute\": \"a\", \"in\": []}", "$.in", "the list of values is empty"},
		{"{\"attribute\": \"a\", \"contains_none\": []}", "$.contains_none", "the list of values is empty"},
		{"{\"attribute\": \"a\", \"in\": [1, null]}", "$.in[1]", "null is no value to compare with"},
		{"{\"attribute\": \"a\", \"in\": [1, {}]}", "$.in[1]", "a string, a number or a boolean is expected, not an object"},
		{"{\"attribute\": \"a\", \"between\": 1}", "$.between", "a pair [low, high] is expected, not a number"},
		{"{\"attribute\": \"a\", \"between\": [1]}", "$.between", "a pair [low, high] is expected, not 1 values"},
		{"{\"attribute\": \"a\", \"between\": [1, 2, 3]}", "$.between", "a pair [low, high] is expected, not 3 values"},
		{"{\"attribute\": \"a\", \"between\": [1, \"2\"]}", "$.between", "low and high are of different kinds"},
		{"{\"attribute\": \"a\", \"between\": [true, true]}", "$.between[0]", "a string or a number is expected, not a boolean"},
		{"{\"attribute\": \"a\", \"between\": [2, 1]}", "$.between", "the range is empty"},
		{"{\"attribute\": \"a\", \"between\": [1e2, 99.9]}", "$.between", "the range is empty"},
		{"{\"attribute\": \"a\", \"starts_with\": 1}", "$.starts_with", "a string is expected, not a number"},
		{"{\"attribute\": \"a\", \"like\": \"x\\\\\"}", "$.like", "ends with an escape that escapes nothing"},
		{"{\"attribute\": \"a\", \"like\": \"\\\\\\\\\\\\\"}", "$.like", "ends with an escape that escapes nothing"},
		{"{\"attribute\": \"a\", \"matches\": [\"x\"]}", "$.matches", "a string is expected, not an array"},
		{"{\"attribute\": \"a\", \"known\": \"true\"}", "$.known", "true or false is expected, not a string"},
		{"{\"attribute\": \"a\", \"is\": \"b\", \"case\": \"Ignore\"}", "$.case", "\"ignore\" is expected"},
		{"{\"attribute\": \"a\", \"is\": \"b\", \"case\": true}", "$.case", "\"ignore\" is expected"},
		{"{\"attribute\": \"a\", \"at_least\": \"b\", \"case\": \"ignore\"}", "$.case", "\"case\" has no meaning for \"at_least\""},
		{"{\"attribute\": \"a\", \"contains_any\": [\"b\"], \"case\": \"ignore\"}", "$.case", "\"case\" has no meaning for \"contains_any\""},
		{"{\"attribute\": \"a\", \"is\": 1, \"zone\": \"UTC\"}", "$.zone", "\"zone\" has no meaning for \"is\""},
		{"{\"attribute\": \"a\", \"on\": \"today\", \"zone\": \"\"}", "$.zone", "the name of a time zone must not be empty"},

		/* Time */
		{"{\"attribute\": \"a\", \"within_last\": 30}", "$.within_last", "a length of time such as \"30 days\" is expected, not a number"},
		{"{\"attribute\": \"a\", \"within_last\": \"1 month\"}", "$.within_last", "months have no fixed length"},
		{"{\"attribute\": \"a\", \"within_last\": \"0 days\"}", "$.within_last", "\"0 days\" is not a positive length of time"},
		{"{\"attribute\": \"a\", \"within_next\": \"-1 day\"}", "$.within_next", "\"-1 day\" is not a positive length of time"},
		{"{\"attribute\": \"a\", \"within_next\": \"1.5 days\"}", "$.within_next", "is not a length of time"},
		{"{\"attribute\": \"a\", \"within_last\": \"today\"}", "$.within_last", "is not a length of time"},
		{"{\"attribute\": \"a\", \"within_last\": \"999999999999999999 weeks\"}", "$.within_last", "too large"},
		{"{\"attribute\": \"a\", \"before\": \"soon\"}", "$.before", "\"soon\" is not a length of time"},
		{"{\"attribute\": \"a\", \"before\": true}", "$.before", "a length of time or a calendar period is expected, not a boolean"},
		{"{\"attribute\": \"a\", \"on\": \"30 days\"}", "$.on", "\"30 days\" is neither a calendar period nor a date"},
		{"{\"attribute\": \"a\", \"on\": \"last 0 days\"}", "$.on", "neither a calendar period nor a date"},
		{"{\"attribute\": \"a\", \"on\": \"last 7 weeks\"}", "$.on", "neither a calendar period nor a date"},
		{"{\"attribute\": \"a\", \"on\": \"last 07 days\"}", "$.on", "neither a calendar period nor a date"},
		{"{\"attribute\": \"a\", \"on\": \"this 7 days\"}", "$.on", "neither a calendar period nor a date"},
		{"{\"attribute\": \"a\", \"on\": \"last  week\"}", "$.on", "neither a calendar period nor a date"},
		{"{\"attribute\": \"a\", \"on\": \"Today\"}", "$.on", "neither a calendar period nor a date"},
		{"{\"attribute\": \"a\", \"on\": \"thi\"}", "$.on", "neither a calendar period nor a date"},
		{"{\"attribute\": \"a\", \"on\": \"last 100001 days\"}", "$.on", "more than 100000 calendar days"},
		{"{\"attribute\": \"a\", \"on\": \"last 99999999999999999999 days\"}", "$.on", "more than 100000 calendar days"},
		{"{\"attribute\": \"a\", \"anniversary_within\": \"7 days\"}", "$.anniversary_within", "a pair of days"},
		{"{\"attribute\": \"a\", \"anniversary_within\": [\"7 days\"]}", "$.anniversary_within", "a pair of days"},
		{"{\"attribute\": \"a\", \"anniversary_within\": [\"1 hour\", \"7 days\"]}", "$.anniversary_within[0]", "\"1 hour\" is not a whole number of days"},
		{"{\"attribute\": \"a\", \"anniversary_within\": [\"0 days\", 7]}", "$.anniversary_within[1]", "a number of days such as \"-2 days\" is expected, not a number"},
		{"{\"attribute\": \"a\", \"anniversary_within\": [\"0 days\", \"367 days\"]}", "$.anniversary_within[1]", "at most 366 days"},
		{"{\"attribute\": \"a\", \"anniversary_within\": [\"1 day\", \"0 days\"]}", "$.anniversary_within", "the window is empty"},

		/* Events */
		{"{\"event\": \"\"}", "$.event", "the kind of an event must not be empty"},
		{"{\"event\": {}}", "$.event", "the kind of an event is expected, not an object"},
		{"{\"event\": \"e\", \"foo\": 1}", "$.foo", "unknown key \"foo\""},
		{"{\"event\": \"e\", \"at_least\": 3}", "$.at_least", "unknown key \"at_least\""},
		{"{\"event\": \"e\", \"times\": 3}", "$.times", "a comparison such as {\"at_least\": 3} is expected, not a number"},
		{"{\"event\": \"e\", \"times\": {}}", "$.times", "one comparison of numbers is expected"},
		{"{\"event\": \"e\", \"times\": {\"at_least\": 1, \"x\": 2}}", "$.times", "one comparison of numbers is expected"},
		{"{\"event\": \"e\", \"times\": {\"at_least\": 1, \"at_most\": 2}}", "$.times.at_most", "two operators"},
		{"{\"event\": \"e\", \"times\": {\"like\": \"3\"}}", "$.times", "one comparison of numbers is expected"},
		{"{\"event\": \"e\", \"times\": {\"between\": [3, 1]}}", "$.times.between", "the range is empty"},
		{"{\"event\": \"e\", \"times\": {\"is\": 1}, \"sum\": \"x\", \"is\": 1}", "$.sum", "\"times\" and \"sum\" in one condition"},
		{"{\"event\": \"e\", \"sum\": \"x\"}", "$", "a comparison for \"sum\" is missing"},
		{"{\"event\": \"e\", \"sum\": \"x\", \"known\": true}", "$", "a comparison for \"sum\" is missing"},
		{"{\"event\": \"e\", \"sum\": \"\", \"is\": 1}", "$.sum", "the name of a property must not be empty"},
		{"{\"event\": \"e\", \"avg\": 1, \"is\": 1}", "$.avg", "the name of a property is expected, not a number"},
		{"{\"event\": \"e\", \"within\": \"0 days\"}", "$.within", "not a positive length of time"},
		{"{\"event\": \"e\", \"within\": \"2026-03-01\"}", "$.within", "is not a length of time"},
		{"{\"event\": \"e\", \"zone\": \"UTC\"}", "$.zone", "\"zone\" has no meaning without a calendar period"},
		{"{\"event\": \"e\", \"within\": \"1 day\", \"zone\": \"UTC\"}", "$.zone", "\"zone\" has no meaning without a calendar period"},
		{"{\"event\": \"e\", \"last\": {}}", "$.last", "nothing is tested of the event"},
		{"{\"event\": \"e\", \"last\": \"30 days\"}", "$.last", "is expected, not a string"},
		{"{\"event\": \"e\", \"last\": {\"after\": \"1 day\"}}", "$.last.after", "unknown key \"after\""},
		{"{\"event\": \"e\", \"first\": {\"within\": \"3 days\", \"before\": \"3 days\"}}", "$.first", "the range is empty"},
		{"{\"event\": \"e\", \"first\": {\"within\": \"1 day\"}, \"last\": {\"within\": \"1 day\"}}", "$.last", "\"first\" and \"last\" in one condition"},
		{"{\"event\": \"e\", \"every\": \"day\"}", "$.every", "is expected, not a string"},
		{"{\"event\": \"e\", \"every\": {\"of\": 6, \"is\": 1}}", "$.every", "the key \"period\" is missing"},
		{"{\"event\": \"e\", \"every\": {\"period\": \"1 day\", \"is\": 1}}", "$.every", "the key \"of\" is missing"},
		{"{\"event\": \"e\", \"every\": {\"period\": \"1 day\", \"of\": 6}}", "$.every", "a comparison for the number of periods is missing"},
		{"{\"event\": \"e\", \"every\": {\"period\": \"1 day\", \"of\": 0, \"is\": 1}}", "$.every.of", "a number of periods from 1 to 1000"},
		{"{\"event\": \"e\", \"every\": {\"period\": \"1 day\", \"of\": 1001, \"is\": 1}}", "$.every.of", "a number of periods from 1 to 1000"},
		{"{\"event\": \"e\", \"every\": {\"period\": \"1 day\", \"of\": 99999999999999999999, \"is\": 1}}", "$.every.of", "a number of periods from 1 to 1000"},
		{"{\"event\": \"e\", \"every\": {\"period\": \"1 day\", \"of\": 6.0, \"is\": 1}}", "$.every.of", "a number of periods from 1 to 1000"},
		{"{\"event\": \"e\", \"every\": {\"period\": \"1 day\", \"of\": \"6\", \"is\": 1}}", "$.every.of", "a number of periods from 1 to 1000"},
		{"{\"event\": \"e\", \"every\": {\"period\": \"this month\", \"of\": 6, \"is\": 1}}", "$.every.period", "is not a length of time"},
		{"{\"event\": \"e\", \"every\": {\"period\": \"1 day\", \"of\": 6, \"is\": 1, \"x\": 1}}", "$.every.x", "unknown key \"x\""},
		{"{\"event\": \"e\", \"every\": {\"period\": \"15250284 weeks\", \"of\": 2, \"is\": 1}}", "$.every", "the periods are too long together"},
		{"{\"event\": \"e\", \"within\": \"9 days\", \"every\": {\"period\": \"1 day\", \"of\": 6, \"is\": 1}}", "$.within", "\"every\" names its own periods"},
		{"{\"event\": \"e\", \"where\": {\"cohort\": \"vip\"}}", "$.where", "\"where\" sees the columns of the event only"},
		{"{\"event\": \"e\", \"where\": {\"all\": [{\"not\": {\"event\": \"f\"}}]}}", "$.where.all[0].not", "\"where\" sees the columns of the event only"},
		{"{\"event\": \"e\", \"where\": {\"bucket\": {\"seed\": \"s\", \"from\": 0, \"to\": 1}}}", "$.where", "\"where\" sees the columns of the event only"},
		{"{\"event\": \"e\", \"where\": []}", "$.where", "a condition is expected, not an array"},
		{"{\"event\": \"e\", \"last\": {\"where\": {\"sequence\": [{\"event\": \"f\"}]}}}", "$.last.where", "\"where\" sees the columns of the event only"},

		/* Sequences */
		{"{\"sequence\": []}", "$.sequence", "a list of at least one step is expected"},
		{"{\"sequence\": {}}", "$.sequence", "a list of at least one step is expected"},
		{"{\"sequence\": [\"a\"]}", "$.sequence[0]", "a step such as {\"event\": \"order\"} is expected, not a string"},
		{"{\"sequence\": [{}]}", "$.sequence[0]", "the key \"event\" is missing"},
		{"{\"sequence\": [{\"no\": \"a\"}]}", "$.sequence[0]", "a sequence begins with an event"},
		{"{\"sequence\": [{\"event\": \"a\", \"no\": \"b\"}]}", "$.sequence[0].event", "unknown key \"event\""},
		{"{\"sequence\": [{\"event\": \"a\", \"for\": \"1 day\"}]}", "$.sequence[0].for", "unknown key \"for\""},
		{"{\"sequence\": [{\"event\": \"a\", \"within\": \"1 day\"}]}", "$.sequence[0].within", "the first step has no step before it"},
		{"{\"sequence\": [{\"event\": \"a\", \"after\": \"1 day\"}]}", "$.sequence[0].after", "the first step has no step before it"},
		{"{\"sequence\": [{\"event\": \"a\", \"same\": [\"x\"]}]}", "$.sequence[0].same", "the first step has no step before it"},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"no\": \"b\"}]}", "$.sequence[1]", "an absence at the end needs a deadline"},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"no\": \"b\", \"for\": \"1 day\"}, {\"event\": \"c\"}]}", "$.sequence[1].for", "an absence between two steps lasts from one to the other"},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"no\": \"b\", \"within\": \"1 day\"}]}", "$.sequence[1].within", "unknown key \"within\""},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"no\": \"b\", \"as\": \"x\", \"for\": \"1 day\"}]}", "$.sequence[1].as", "unknown key \"as\""},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"no\": \"b\", \"for\": \"1 day\"}], \"within\": \"1 day\"}", "$.within", "the sequence is over before its absence is"},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"event\": \"b\", \"within\": \"1 hour\", \"after\": \"1 hour\"}]}", "$.sequence[1]", "the gap is empty"},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"event\": \"b\", \"same\": []}]}", "$.sequence[1].same", "a list of at least one property is expected"},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"event\": \"b\", \"same\": \"x\"}]}", "$.sequence[1].same", "a list of at least one property is expected"},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"event\": \"b\", \"same\": [\"x\", 1]}]}", "$.sequence[1].same[1]", "the name of a property is expected, not a number"},
		{"{\"sequence\": [{\"event\": \"a\", \"as\": \"x\"}, {\"event\": \"b\", \"as\": \"x\"}]}", "$.sequence[1].as", "two steps are named \"x\""},
		{"{\"sequence\": [{\"event\": \"a\", \"as\": \"customer\"}]}", "$.sequence[0].as", "\"customer\" can't be the name of an event"},
		{"{\"sequence\": [{\"event\": \"a\", \"as\": \"event\"}]}", "$.sequence[0].as", "\"event\" can't be the name of an event"},
		{"{\"sequence\": [{\"event\": \"a\", \"as\": \"1x\"}]}", "$.sequence[0].as", "\"1x\" can't be the name of an event"},
		{"{\"sequence\": [{\"event\": \"a\", \"as\": \"x.y\"}]}", "$.sequence[0].as", "\"x.y\" can't be the name of an event"},
		{"{\"sequence\": [{\"event\": \"a\", \"as\": \"\"}]}", "$.sequence[0].as", "must not be empty"},
		{"{\"sequence\": [{\"event\": \"a\", \"times\": 0}]}", "$.sequence[0].times", "a number from 1 to 32 is expected"},
		{"{\"sequence\": [{\"event\": \"a\", \"times\": 33}]}", "$.sequence[0].times", "a number from 1 to 32 is expected"},
		{"{\"sequence\": [{\"event\": \"a\", \"times\": -1}]}", "$.sequence[0].times", "a number from 1 to 32 is expected"},
		{"{\"sequence\": [{\"event\": \"a\", \"times\": 99999999999999999999}]}", "$.sequence[0].times", "a number from 1 to 32 is expected"},
		{"{\"sequence\": [{\"event\": \"a\", \"times\": {\"at_least\": 2}}]}", "$.sequence[0].times", "a number from 1 to 32 is expected"},
		{"{\"sequence\": [{\"event\": \"a\"}, {\"no\": \"b\", \"for\": \"1 day\", \"times\": 2}]}", "$.sequence[1].times", "unknown key \"times\""},
		{"{\"sequence\": [{\"event\": \"a\", \"times\": 32}, {\"event\": \"b\"}]}", "$.sequence", "more than 32 steps"},
		{"{\"sequence\": [{\"event\": \"a\"}], \"within\": \"this month\"}", "$.within", "is not a length of time"},
		{"{\"sequence\": [{\"event\": \"a\"}], \"zone\": \"UTC\"}", "$.zone", "unknown key \"zone\""},
		{"{\"sequence\": [{\"event\": \"a\", \"where\": {\"cohort\": \"v\"}}]}", "$.sequence[0].where", "\"where\" sees the columns of the event only"},

		/* Buckets */
		{"{\"bucket\": \"s\"}", "$.bucket", "is expected, not a string"},
		{"{\"bucket\": {\"from\": 0, \"to\": 1}}", "$.bucket", "the key \"seed\" is missing"},
		{"{\"bucket\": {\"seed\": \"\", \"from\": 0, \"to\": 1}}", "$.bucket.seed", "a seed must not be empty"},
		{"{\"bucket\": {\"seed\": \"s\", \"from\": 0}}", "$.bucket", "the key \"to\" is missing"},
		{"{\"bucket\": {\"seed\": \"s\", \"from\": \"0\", \"to\": 1}}", "$.bucket.from", "a number from 0 to 1 is expected, not a string"},
		{"{\"bucket\": {\"seed\": \"s\", \"from\": -0.1, \"to\": 1}}", "$.bucket.from", "a number from 0 to 1 is expected"},
		{"{\"bucket\": {\"seed\": \"s\", \"from\": 0, \"to\": 1e999}}", "$.bucket.to", "a number from 0 to 1 is expected"},
		{"{\"bucket\": {\"seed\": \"s\", \"from\": 0.5, \"to\": 0.5}}", "$.bucket", "the bucket is empty"},
		{"{\"bucket\": {\"seed\": \"s\", \"from\": 0, \"to\": 1, \"of\": 2}}", "$.bucket.of", "unknown key \"of\""},
		{"{\"bucket\": {\"seed\": \"s\", \"from\": 0, \"to\": 1}, \"of\": 2}", "$.of", "unknown key \"of\""},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("%s", cases[i].text);
		CHECK_FAILS(read_text(cases[i].text), cases[i].message);
		CHECK_TEXT(host_path, cases[i].path);
	}
}

/* Checks definitions at their limits, and one beyond. */
static void
test_limits(void)
{
	static const struct
	{
		const char *what;
		const char *begin;
		const char *piece;
		int			most;
		const char *middle;
		const char *closing;	/* as often as the piece */
		const char *end;
		const char *message;
		const char *path_begins;
	}			cases[] = {
		{"nested", "", "{\"not\":", 63, "{\"all\":[]}", "}", "", "nested more than 64 deep", "$.not.not.not"},
		{"nested in lists", "", "{\"any\":[", 63, "{\"all\":[]}", "]}", "", "nested more than 64 deep", "$.any[0].any[0].any[0]"},
		{"nested in where", "{\"event\":\"e\",\"where\":", "{\"not\":", 62, "{\"all\":[]}", "}", "}", "nested more than 64 deep", "$.where.not"},
		{"conditions", "{\"all\":[{\"any\":[]}", ",{\"any\":[]}", 9998, "", "", "]}", "more than 10000 conditions", "$.all[9999]"},
		{"values", "{\"attribute\":\"a\",\"in\":[0", ",1", 9999, "", "", "]}", "more than 10000 values", "$.in"},
		{"steps", "{\"sequence\":[{\"event\":\"a\"}", ",{\"event\":\"a\"}", 31, "", "", "]}", "more than 32 steps", "$.sequence"},
	};

	for (int i = 0; i < COUNT(cases); i++)
		for (int more = 0; more <= 1; more++)
		{
			int			times = cases[i].most + more;
			char	   *text = pcore_format("%s%s%s%s%s", cases[i].begin, repeated("", cases[i].piece, times, ""),
											cases[i].middle, repeated("", cases[i].closing, times, ""), cases[i].end);

			host_case("%s, %d more than allowed", cases[i].what, more);
			TRY(read_text(text));
			if (more == 0)
				CHECK_TEXT(host_message, NULL);
			else
			{
				host_check_failed(cases[i].message, "reading", __FILE__, __LINE__);
				CHECK(host_failed && strncmp(host_path, cases[i].path_begins, strlen(cases[i].path_begins)) == 0);
			}
			host_reset();
		}

	host_case("deep JSON where a value is expected");
	CHECK_FAILS(read_text(repeated("{\"attribute\":\"a\",\"is\":", "[", 1000, repeated("", "]", 1000, "}"))),
				"a string, a number or a boolean is expected, not an array");
	host_case("a long pattern of escapes");
	TRY(read_text(repeated("{\"attribute\":\"a\",\"like\":\"", "\\\\", 200000, "\"}")));
	CHECK_TEXT(host_message, NULL);
	host_case("a hundred thousand keys");
	{
		char	   *keys = pcore_alloc(100000 * 16);
		size_t		length = 0;

		for (int i = 0; i < 100000; i++)
			length += (size_t) sprintf(keys + length, ",\"k%d\":%d", i, i);
		CHECK_FAILS(read_text(pcore_format("{\"cohort\":\"c\"%s}", keys)), "unknown key \"k0\"");
	}
	host_reset();
}

/* Checks that what is refused leaves nothing behind, and what was read before stays. */
static void
test_after_failure(void)
{
	static PersonaCondition *before;
	static PersonaCondition *after;

	host_case("a condition read before a failure");
	TRY(before = read_text("{\"attribute\": \"clv\", \"at_least\": 500.00}"));
	for (int i = 0; i < 3; i++)
	{
		CHECK_FAILS(read_text("{\"attribute\": \"clv\", \"at_least\": [5"), "invalid JSON");
		CHECK_FAILS(read_text("{\"attribute\": \"clv\", 5: 1}"), "not a string");
		CHECK_FAILS(read_text("{\"cohort\": 5}"), "not a number");
	}
	TRY(after = read_text("{\"cohort\": \"vip\"}"));
	CHECK_TEXT(describe(before), "clv at_least 500.00");
	CHECK_TEXT(describe(after), "cohort vip");

	host_case("a path of its own");
	TRY(persona_condition_read(persona_json_read("{\"not\": 1}", 10), "$.triggers[3].condition"));
	CHECK_TEXT(host_path, "$.triggers[3].condition.not");
}

int
main(void)
{
	test_json();
	test_refused_json();
	test_huge_json();
	test_members();
	test_accepted();
	test_refused();
	test_limits();
	test_after_failure();
	return host_finish();
}
