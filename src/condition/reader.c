/*
 * reader.c - makes a condition's tree from JSON, and refuses what is none.
 *
 * An object is a condition of the kind that one of its keys names.  Each kind
 * has its keys; any other key, a missing operand, an operand of the wrong
 * kind, and a condition that makes no sense are errors that name the JSON path.
 */
#include "condition/condition.h"

#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/text.h"

/* What all parts of one definition share while it is read. */
typedef struct Reader
{
	int			depth;
	int			parts;
	bool		keyed;			/* inside of a "per" */
} Reader;

/* What an operator takes. */
typedef enum OperandKind
{
	TAKES_VALUE,				/* string, number or boolean */
	TAKES_VALUES,				/* a list of at least one */
	TAKES_ORDERED,				/* string or number */
	TAKES_PAIR,					/* [low, high] */
	TAKES_STRING,
	TAKES_BOOLEAN,
	TAKES_LENGTH,				/* "30 days" */
	TAKES_MOMENT,				/* a length, a calendar word or a date */
	TAKES_STRETCH,				/* a calendar word or a date */
	TAKES_DAYS					/* ["-2 days", "7 days"] */
} OperandKind;

static const struct
{
	const char *name;
	PersonaOperator operator;
	OperandKind takes;
}			operators[] =
{
	{"is", PERSONA_IS, TAKES_VALUE},
	{"is_not", PERSONA_IS_NOT, TAKES_VALUE},
	{"in", PERSONA_IN, TAKES_VALUES},
	{"not_in", PERSONA_NOT_IN, TAKES_VALUES},
	{"at_least", PERSONA_AT_LEAST, TAKES_ORDERED},
	{"more_than", PERSONA_MORE_THAN, TAKES_ORDERED},
	{"at_most", PERSONA_AT_MOST, TAKES_ORDERED},
	{"less_than", PERSONA_LESS_THAN, TAKES_ORDERED},
	{"between", PERSONA_BETWEEN, TAKES_PAIR},
	{"starts_with", PERSONA_STARTS_WITH, TAKES_STRING},
	{"ends_with", PERSONA_ENDS_WITH, TAKES_STRING},
	{"contains", PERSONA_CONTAINS, TAKES_STRING},
	{"like", PERSONA_LIKE, TAKES_STRING},
	{"matches", PERSONA_MATCHES, TAKES_STRING},
	{"contains_any", PERSONA_CONTAINS_ANY, TAKES_VALUES},
	{"contains_all", PERSONA_CONTAINS_ALL, TAKES_VALUES},
	{"contains_none", PERSONA_CONTAINS_NONE, TAKES_VALUES},
	{"known", PERSONA_KNOWN, TAKES_BOOLEAN},
	{"within_last", PERSONA_WITHIN_LAST, TAKES_LENGTH},
	{"within_next", PERSONA_WITHIN_NEXT, TAKES_LENGTH},
	{"before", PERSONA_BEFORE, TAKES_MOMENT},
	{"after", PERSONA_AFTER, TAKES_MOMENT},
	{"on", PERSONA_ON, TAKES_STRETCH},
	{"anniversary_within", PERSONA_ANNIVERSARY_WITHIN, TAKES_DAYS},
};

#define OPERATOR_COUNT ((int) (sizeof(operators) / sizeof(operators[0])))

/* Operators that compare numbers, for what is measured of events. */
#define IS_COMPARISON(operator) ((operator) <= PERSONA_BETWEEN)

static PersonaCondition *read_condition(Reader *reader, const PersonaJson *json, const char *path);

/* Names an operator as it is written. */
const char *
persona_operator_name(PersonaOperator operator)
{
	for (int i = 0; i < OPERATOR_COUNT; i++)
		if (operators[i].operator == operator)
			return operators[i].name;
	return "?";
}

/* Returns zeroed memory. */
static void *
zeroed(size_t size)
{
	return memset(pcore_alloc(size), 0, size);
}

/* Tells whether a key can be written in a path with a dot. */
static bool
is_plain_key(const char *key)
{
	if (key[0] == '\0')
		return false;
	for (; *key != '\0'; key++)
		if (!((*key >= 'a' && *key <= 'z') || (*key >= 'A' && *key <= 'Z')
			  || (*key >= '0' && *key <= '9') || *key == '_'))
			return false;
	return true;
}

/* Returns the path of an object's member. */
static const char *
member_path(const char *path, const char *key)
{
	if (is_plain_key(key))
		return pcore_format("%s.%s", path, key);
	return pcore_format("%s[\"%s\"]", path, key);
}

/* Returns the path of an array's item. */
static const char *
item_path(const char *path, int index)
{
	return pcore_format("%s[%d]", path, index);
}

/* Returns a member that must be there. */
static const PersonaJson *
need_member(const PersonaJson *json, const char *key, const char *path)
{
	const PersonaJson *member = persona_json_member(json, key);

	if (member == NULL)
		pcore_fail(path, pcore_format("the key \"%s\" is missing", key), NULL);
	return member;
}

/* Reports a value of the wrong kind. */
static void __attribute__((noreturn))
wrong_kind(const PersonaJson *json, const char *path, const char *expected)
{
	pcore_fail(path, pcore_format("%s is expected, not %s", expected, persona_json_kind_name(json->kind)), NULL);
}

/* Returns the text of a string that must not be empty. */
static const char *
need_name(const PersonaJson *json, const char *path, const char *expected)
{
	if (json->kind != PERSONA_JSON_STRING)
		wrong_kind(json, path, expected);
	if (json->text[0] == '\0')
		pcore_fail(path, pcore_format("%s must not be empty", expected), NULL);
	return json->text;
}

/* Refuses every key that is not in the NULL-terminated list. */
static void
check_keys(const PersonaJson *json, const char *path, const char *const *allowed)
{
	for (int i = 0; i < json->count; i++)
	{
		const char *key = json->keys[i];
		int			k = 0;

		while (allowed[k] != NULL && strcmp(allowed[k], key) != 0)
			k++;
		if (allowed[k] == NULL)
		{
			char	   *list = pcore_copy("", 0);

			for (k = 0; allowed[k] != NULL; k++)
				list = pcore_format("%s%s%s", list, k > 0 ? ", " : "", allowed[k]);
			pcore_fail(member_path(path, key), pcore_format("unknown key \"%s\"", key),
					   pcore_format("Expected here: %s.", list));
		}
	}
}

/* Reads a length of time that must be positive. */
static PcoreDuration
read_length(const PersonaJson *json, const char *path)
{
	PcoreDuration length;
	const char *problem = NULL;

	if (json->kind != PERSONA_JSON_STRING)
		wrong_kind(json, path, "a length of time such as \"30 days\"");
	if (!pcore_duration_parse(json->text, &length, &problem))
		pcore_fail(path, pcore_format("\"%s\" is not a length of time: %s", json->text, problem),
				   "Write a number and a unit from microseconds to weeks, such as \"30 days\" or \"1 hour\".");
	if (length <= 0)
		pcore_fail(path, pcore_format("\"%s\" is not a positive length of time", json->text), NULL);
	return length;
}

/* Reads a calendar word: today, this week, last 7 days; returns false when it is none. */
static bool
read_calendar(const char *text, const char *path, PersonaPeriod *period)
{
	static const struct
	{
		const char *name;
		PcoreUnit	unit;
	}			units[] =
	{
		{"day", PCORE_UNIT_DAY},
		{"week", PCORE_UNIT_WEEK},
		{"month", PCORE_UNIT_MONTH},
		{"quarter", PCORE_UNIT_QUARTER},
		{"year", PCORE_UNIT_YEAR},
	};
	static const struct
	{
		const char *word;
		int			from;
	}			words[] =
	{
		{"last", -1}, {"this", 0}, {"next", 1},
	};
	int64_t		from;

	period->kind = PERSONA_PERIOD_CALENDAR;
	period->unit = PCORE_UNIT_DAY;
	period->text = text;
	if (strcmp(text, "today") == 0)
		from = 0;
	else if (strcmp(text, "yesterday") == 0)
		from = -1;
	else if (strcmp(text, "tomorrow") == 0)
		from = 1;
	else
	{
		int			w = 0;
		const char *rest;

		while (w < 3 && strncmp(text, words[w].word, 4) != 0)
			w++;
		if (w == 3 || text[4] != ' ')
			return false;
		rest = text + 5;
		if (w == 0 && rest[0] >= '1' && rest[0] <= '9')
		{
			char	   *end;
			long		days = strtol(rest, &end, 10);

			if (strcmp(end, " days") != 0 && !(days == 1 && strcmp(end, " day") == 0))
				return false;
			if (days > 100000)
				pcore_fail(path, "more than 100000 calendar days", NULL);
			/* Today is the last of them. */
			period->from = 1 - days;
			period->until = 1;
			return true;
		}
		for (int u = 0; u < 5; u++)
			if (strcmp(rest, units[u].name) == 0)
			{
				period->unit = units[u].unit;
				period->from = words[w].from;
				period->until = words[w].from + 1;
				return true;
			}
		return false;
	}
	period->from = from;
	period->until = from + 1;
	return true;
}

/* Reads a stretch of time; the flags say which ways of naming it are allowed. */
static PersonaPeriod
read_period(const PersonaJson *json, const char *path, bool length, bool literal)
{
	PersonaPeriod period;

	memset(&period, 0, sizeof(period));
	if (json->kind != PERSONA_JSON_STRING)
		wrong_kind(json, path, length ? "a length of time or a calendar period" : "a calendar period or a date");
	period.text = json->text;
	if (read_calendar(json->text, path, &period))
		return period;
	/* A date begins with its year, which a length never does. */
	if (literal && strlen(json->text) >= 8 && strspn(json->text, "0123456789") >= 4
		&& json->text[strspn(json->text, "0123456789")] == '-')
	{
		period.kind = PERSONA_PERIOD_LITERAL;
		return period;
	}
	if (!length)
		pcore_fail(path, pcore_format("\"%s\" is neither a calendar period nor a date", json->text),
				   "Calendar periods are today, yesterday, tomorrow, last 7 days, and this, last or next day, week, month, quarter or year; dates are written 2026-03-01.");
	period.kind = PERSONA_PERIOD_LENGTH;
	period.length = read_length(json, path);
	return period;
}

/* Reads a whole number of calendar days, such as "-2 days". */
static PcoreDuration
read_days(const PersonaJson *json, const char *path)
{
	PcoreDuration length;
	const char *problem = NULL;

	if (json->kind != PERSONA_JSON_STRING)
		wrong_kind(json, path, "a number of days such as \"-2 days\"");
	if (!pcore_duration_parse(json->text, &length, &problem) || length % PCORE_DAY != 0)
		pcore_fail(path, pcore_format("\"%s\" is not a whole number of days", json->text), NULL);
	if (length > 366 * PCORE_DAY || length < -366 * PCORE_DAY)
		pcore_fail(path, "an anniversary window reaches at most 366 days", NULL);
	return length / PCORE_DAY;
}

/* Refuses a value that is neither string nor number, nor (if allowed) boolean. */
static void
check_operand(const PersonaJson *json, const char *path, bool boolean)
{
	if (json->kind == PERSONA_JSON_STRING || json->kind == PERSONA_JSON_NUMBER)
		return;
	if (boolean && (json->kind == PERSONA_JSON_TRUE || json->kind == PERSONA_JSON_FALSE))
		return;
	if (json->kind == PERSONA_JSON_NULL)
		pcore_fail(path, "null is no value to compare with",
				   "To test whether a value is there, write \"known\": true or false.");
	wrong_kind(json, path, boolean ? "a string, a number or a boolean" : "a string or a number");
}

/* Reads the operands of an operator. */
static void
read_operands(PersonaTest *test, OperandKind takes, const PersonaJson *json, const char *path)
{
	test->count = 1;
	test->operands = pcore_alloc(sizeof(PersonaJson *));
	test->operands[0] = json;
	switch (takes)
	{
		case TAKES_VALUE:
			check_operand(json, path, true);
			break;
		case TAKES_ORDERED:
			check_operand(json, path, false);
			break;
		case TAKES_VALUES:
		case TAKES_PAIR:
			if (json->kind != PERSONA_JSON_ARRAY)
				wrong_kind(json, path, takes == TAKES_PAIR ? "a pair [low, high]" : "a list of values");
			if (takes == TAKES_PAIR && json->count != 2)
				pcore_fail(path, pcore_format("a pair [low, high] is expected, not %d values", json->count), NULL);
			if (json->count == 0)
				pcore_fail(path, "the list of values is empty", NULL);
			if (json->count > PERSONA_MAX_OPERANDS)
				pcore_fail(path, pcore_format("more than %d values", PERSONA_MAX_OPERANDS), NULL);
			test->count = json->count;
			test->operands = pcore_alloc(sizeof(PersonaJson *) * (size_t) json->count);
			for (int i = 0; i < json->count; i++)
			{
				check_operand(&json->items[i], item_path(path, i), takes == TAKES_VALUES);
				test->operands[i] = &json->items[i];
			}
			if (takes == TAKES_PAIR)
			{
				if (json->items[0].kind != json->items[1].kind)
					pcore_fail(path, "low and high are of different kinds", NULL);
				if (json->items[0].kind == PERSONA_JSON_NUMBER
					&& pcore_number_compare(json->items[0].text, json->items[1].text) > 0)
					pcore_fail(path, "the range is empty: low is more than high", NULL);
			}
			break;
		case TAKES_STRING:
			if (json->kind != PERSONA_JSON_STRING)
				wrong_kind(json, path, "a string");
			if (test->operator == PERSONA_LIKE)
			{
				size_t		escapes = 0;

				while (escapes < strlen(json->text) && json->text[strlen(json->text) - 1 - escapes] == '\\')
					escapes++;
				if (escapes % 2 == 1)
					pcore_fail(path, "the pattern ends with an escape that escapes nothing", NULL);
			}
			break;
		case TAKES_BOOLEAN:
			if (json->kind != PERSONA_JSON_TRUE && json->kind != PERSONA_JSON_FALSE)
				wrong_kind(json, path, "true or false");
			test->known = json->kind == PERSONA_JSON_TRUE;
			break;
		case TAKES_LENGTH:
			test->period.kind = PERSONA_PERIOD_LENGTH;
			test->period.text = json->text;
			test->period.length = read_length(json, path);
			break;
		case TAKES_MOMENT:
			test->period = read_period(json, path, true, true);
			break;
		case TAKES_STRETCH:
			test->period = read_period(json, path, false, true);
			break;
		case TAKES_DAYS:
			if (json->kind != PERSONA_JSON_ARRAY || json->count != 2)
				pcore_fail(path, "a pair of days such as [\"-2 days\", \"7 days\"] is expected", NULL);
			test->from_days = read_days(&json->items[0], item_path(path, 0));
			test->until_days = read_days(&json->items[1], item_path(path, 1));
			if (test->from_days > test->until_days)
				pcore_fail(path, "the window is empty: it ends before it begins", NULL);
			break;
	}
}

/*
 * Reads the one test among an object's members, of all operators or only of
 * those that compare; other keys are left to the caller.  Returns NULL when
 * there is none.
 */
static PersonaTest *
find_test(const PersonaJson *json, const char *path, bool compares)
{
	PersonaTest *test = NULL;
	const char *first = NULL;

	for (int i = 0; i < json->count; i++)
		for (int o = 0; o < OPERATOR_COUNT; o++)
			if (strcmp(json->keys[i], operators[o].name) == 0
				&& (!compares || IS_COMPARISON(operators[o].operator)))
			{
				if (test != NULL)
					pcore_fail(member_path(path, json->keys[i]),
							   pcore_format("two operators, \"%s\" and \"%s\"", first, json->keys[i]),
							   "One condition makes one test; combine two with {\"all\": [...]}.");
				test = zeroed(sizeof(PersonaTest));
				first = json->keys[i];
				test->operator = operators[o].operator;
				test->path = member_path(path, json->keys[i]);
				read_operands(test, operators[o].takes, &json->items[i], test->path);
			}
	return test;
}

/* Tells whether an operator takes a list of operands. */
static bool
takes_list(PersonaOperator operator)
{
	return operator == PERSONA_IN || operator == PERSONA_NOT_IN || operator == PERSONA_BETWEEN;
}

/* Reads a comparison of numbers: {"at_least": 3}. */
static PersonaTest *
read_number_test(const PersonaJson *json, const char *path)
{
	PersonaTest *test;

	if (json->kind != PERSONA_JSON_OBJECT)
		wrong_kind(json, path, "a comparison such as {\"at_least\": 3}");
	test = find_test(json, path, true);
	if (test == NULL || json->count != 1)
		pcore_fail(path, "one comparison of numbers is expected",
				   "Write for example {\"at_least\": 3}, {\"is\": 0} or {\"between\": [1, 3]}.");
	return test;
}

/* Reads the name of a zone. */
static const char *
read_zone(const PersonaJson *json, const char *path)
{
	const PersonaJson *zone = persona_json_member(json, "zone");

	return zone == NULL ? NULL : need_name(zone, member_path(path, "zone"), "the name of a time zone");
}

/* Reads {"attribute": ...}. */
static void
read_attribute(const PersonaJson *json, const char *path, PersonaCondition *condition)
{
	PersonaTest *test;
	const PersonaJson *letter_case = persona_json_member(json, "case");
	const char *dot;

	condition->name_path = member_path(path, "attribute");
	condition->name = need_name(need_member(json, "attribute", path), condition->name_path, "the name of an attribute");
	for (dot = condition->name; dot != NULL; dot = strchr(dot, '.'))
	{
		if (dot != condition->name)
			dot++;
		if (*dot == '.' || *dot == '\0')
			pcore_fail(member_path(path, "attribute"),
					   pcore_format("\"%s\" has an empty part", condition->name), NULL);
	}
	test = find_test(json, path, false);
	if (test == NULL)
	{
		static const char *const none[] = {"attribute", "case", "zone", NULL};

		for (int i = 0; i < json->count; i++)
		{
			int			k = 0;

			while (none[k] != NULL && strcmp(none[k], json->keys[i]) != 0)
				k++;
			if (none[k] == NULL)
				pcore_fail(member_path(path, json->keys[i]),
						   pcore_format("unknown operator \"%s\"", json->keys[i]),
						   "Operators are is, is_not, in, not_in, at_least, more_than, at_most, less_than, between, starts_with, ends_with, contains, like, matches, contains_any, contains_all, contains_none, known, within_last, within_next, before, after, on and anniversary_within.");
		}
		pcore_fail(path, "an attribute without a test",
				   "Add an operator, for example \"is\", \"at_least\" or \"known\".");
	}
	{
		const char *allowed[] = {"attribute", persona_operator_name(test->operator), "case", "zone", NULL};

		check_keys(json, path, allowed);
	}
	if (letter_case != NULL)
	{
		const char *case_path = member_path(path, "case");

		if (letter_case->kind != PERSONA_JSON_STRING || strcmp(letter_case->text, "ignore") != 0)
			pcore_fail(case_path, "\"ignore\" is expected", NULL);
		if (test->operator != PERSONA_IS && test->operator != PERSONA_IS_NOT
			&& test->operator != PERSONA_IN && test->operator != PERSONA_NOT_IN
			&& (test->operator < PERSONA_STARTS_WITH || test->operator > PERSONA_MATCHES))
			pcore_fail(case_path, pcore_format("\"case\" has no meaning for \"%s\"",
											   persona_operator_name(test->operator)), NULL);
		test->ignore_case = true;
	}
	test->zone = read_zone(json, path);
	if (test->zone != NULL && test->operator != PERSONA_ANNIVERSARY_WITHIN
		&& test->operator < PERSONA_WITHIN_LAST)
		pcore_fail(member_path(path, "zone"), pcore_format("\"zone\" has no meaning for \"%s\"",
														   persona_operator_name(test->operator)), NULL);
	condition->test = test;
}

/* Reads {"cohort": name}. */
static void
read_cohort(const PersonaJson *json, const char *path, PersonaCondition *condition)
{
	static const char *const allowed[] = {"cohort", NULL};

	check_keys(json, path, allowed);
	condition->name = need_name(need_member(json, "cohort", path), member_path(path, "cohort"),
								"the name of a cohort");
}

/* Refuses a test of events that ignores what it names. */
static void
refuse_cohorts(const PersonaCondition *where)
{
	if (where == NULL)
		return;
	switch (where->kind)
	{
		case PERSONA_ALL:
		case PERSONA_ANY:
		case PERSONA_NOT:
			for (int i = 0; i < where->count; i++)
				refuse_cohorts(where->parts[i]);
			break;
		case PERSONA_ATTRIBUTE:
			break;
		default:
			pcore_fail(where->path, "\"where\" sees the columns of the event only",
					   "Combine attributes with all, any and not; combine events and cohorts outside of \"where\".");
	}
}

/* Reads the "where" of an event, or returns NULL. */
static PersonaCondition *
read_where(Reader *reader, const PersonaJson *json, const char *path)
{
	const PersonaJson *member = persona_json_member(json, "where");
	PersonaCondition *where;

	if (member == NULL)
		return NULL;
	where = read_condition(reader, member, member_path(path, "where"));
	refuse_cohorts(where);
	return where;
}

/* Reads {"period": "30 days", "of": 6, "at_least": 5}. */
static void
read_every(const PersonaJson *json, const char *path, PersonaCondition *condition)
{
	const PersonaJson *of;

	if (json->kind != PERSONA_JSON_OBJECT)
		wrong_kind(json, path, "an object such as {\"period\": \"30 days\", \"of\": 6, \"at_least\": 5}");
	condition->every_period = read_length(need_member(json, "period", path), member_path(path, "period"));
	of = need_member(json, "of", path);
	if (of->kind != PERSONA_JSON_NUMBER || strspn(of->text, "0123456789") != strlen(of->text)
		|| atol(of->text) < 1 || atol(of->text) > PERSONA_MAX_PERIODS)
		pcore_fail(member_path(path, "of"),
				   pcore_format("a number of periods from 1 to %d is expected", PERSONA_MAX_PERIODS), NULL);
	condition->every_of = atoi(of->text);
	if (condition->every_period > INT64_MAX / condition->every_of)
		pcore_fail(path, "the periods are too long together", NULL);
	condition->test = find_test(json, path, true);
	if (condition->test == NULL)
		pcore_fail(path, "a comparison for the number of periods is missing",
				   "Add for example \"at_least\": 5.");
	{
		const char *allowed[] = {"period", "of", persona_operator_name(condition->test->operator), NULL};

		check_keys(json, path, allowed);
	}
}

/* Tells whether calendar units never go over the bounds of larger ones. */
static bool
is_part_of(PcoreUnit unit, PcoreUnit larger)
{
	return unit == PCORE_UNIT_DAY || (unit < larger && unit != PCORE_UNIT_WEEK);
}

/* Refuses a window that ends before it begins. */
static void
check_window(const PersonaPeriod *within, const PersonaPeriod *before, const char *path)
{
	if (within->kind == PERSONA_PERIOD_LENGTH && before->kind == PERSONA_PERIOD_LENGTH
		&& within->length <= before->length)
		pcore_fail(path, "the range is empty: within is not longer than before", NULL);
	if (within->kind == PERSONA_PERIOD_CALENDAR && before->kind == PERSONA_PERIOD_CALENDAR
		&& (within->unit == before->unit ? within->from >= before->from
			: within->from >= 0 && before->from <= 0 && is_part_of(within->unit, before->unit)))
		pcore_fail(path, "the range is empty: within does not begin earlier than before", NULL);
}

/* Reads {"gap": "longest", "at_least": "60 days"}. */
static void
read_gap(const PersonaJson *json, const char *path, const PersonaJson *gap, const char *gap_path,
		 PersonaCondition *condition)
{
	static const char *const names[] = {"longest", "shortest", "last", "average"};	/* as PcoreGap has them */
	PersonaTest *test = find_test(json, path, true);
	int			g = 0;

	if (gap->kind != PERSONA_JSON_STRING)
		wrong_kind(gap, gap_path, "\"longest\", \"shortest\", \"last\" or \"average\"");
	while (g < 4 && strcmp(gap->text, names[g]) != 0)
		g++;
	if (g == 4)
		pcore_fail(gap_path, pcore_format("there is no \"%s\" gap", gap->text),
				   "It is the \"longest\", \"shortest\", \"last\" or \"average\" gap between consecutive events.");
	condition->gap = (PcoreGap) g;
	if (test == NULL)
		pcore_fail(path, "a comparison for \"gap\" is missing", "Add for example \"at_least\": \"60 days\".");
	condition->gap_lengths = pcore_alloc(sizeof(PcoreDuration) * (size_t) test->count);
	for (int i = 0; i < test->count; i++)
		condition->gap_lengths[i] = read_length(test->operands[i],
												takes_list(test->operator) ? item_path(test->path, i) : test->path);
	if (test->operator == PERSONA_BETWEEN && condition->gap_lengths[0] > condition->gap_lengths[1])
		pcore_fail(test->path, "the range is empty: low is more than high", NULL);
	condition->test = test;
}

/* Reads what follows "first" or "last": where, and when. */
static void
read_one(Reader *reader, const PersonaJson *json, const char *path, PersonaCondition *condition)
{
	static const char *const allowed[] = {"where", "within", "before", NULL};
	const PersonaJson *within;
	const PersonaJson *before;

	if (json->kind != PERSONA_JSON_OBJECT)
		wrong_kind(json, path, "an object such as {\"before\": \"30 days\"}");
	check_keys(json, path, allowed);
	if (json->count == 0)
		pcore_fail(path, "nothing is tested of the event",
				   "Add \"within\", \"before\" or \"where\".");
	within = persona_json_member(json, "within");
	before = persona_json_member(json, "before");
	if (within != NULL)
		condition->one_within = read_period(within, member_path(path, "within"), true, false);
	if (before != NULL)
		condition->one_before = read_period(before, member_path(path, "before"), true, false);
	check_window(&condition->one_within, &condition->one_before, path);
	condition->one_where = read_where(reader, json, path);
}

/* Reads {"event": ...}. */
static void
read_event(Reader *reader, const PersonaJson *json, const char *path, PersonaCondition *condition)
{
	static const struct
	{
		const char *key;
		PersonaMeasure measure;
	}			measures[] =
	{
		{"times", PERSONA_TIMES},
		{"sum", PERSONA_SUM},
		{"avg", PERSONA_AVG},
		{"min", PERSONA_MIN},
		{"max", PERSONA_MAX},
		{"distinct", PERSONA_DISTINCT},
		{"first", PERSONA_FIRST},
		{"last", PERSONA_LAST},
		{"every", PERSONA_EVERY},
		{"gap", PERSONA_GAP},
	};
	const char *measured = NULL;
	const PersonaJson *within = persona_json_member(json, "within");
	const PersonaJson *before = persona_json_member(json, "before");

	condition->name_path = member_path(path, "event");
	condition->name = need_name(need_member(json, "event", path), condition->name_path, "the kind of an event");
	condition->where = read_where(reader, json, path);
	if (within != NULL)
		condition->within = read_period(within, member_path(path, "within"), true, false);
	if (before != NULL)
		condition->before = read_period(before, member_path(path, "before"), true, false);
	check_window(&condition->within, &condition->before, path);
	condition->zone = read_zone(json, path);

	for (size_t m = 0; m < sizeof(measures) / sizeof(measures[0]); m++)
	{
		const PersonaJson *member = persona_json_member(json, measures[m].key);
		const char *member_at;

		if (member == NULL)
			continue;
		if (measured != NULL)
			pcore_fail(member_path(path, measures[m].key),
					   pcore_format("\"%s\" and \"%s\" in one condition", measured, measures[m].key),
					   "One condition measures one thing; combine two with {\"all\": [...]}.");
		measured = measures[m].key;
		member_at = member_path(path, measured);
		condition->measure = measures[m].measure;
		switch (condition->measure)
		{
			case PERSONA_TIMES:
				condition->test = read_number_test(member, member_at);
				break;
			case PERSONA_FIRST:
			case PERSONA_LAST:
				read_one(reader, member, member_at, condition);
				break;
			case PERSONA_EVERY:
				if (within != NULL)
					pcore_fail(member_path(path, "within"), "\"every\" names its own periods",
							   "Leave out \"within\".");
				if (before != NULL)
					pcore_fail(member_path(path, "before"), "\"every\" names its own periods",
							   "Leave out \"before\".");
				read_every(member, member_at, condition);
				break;
			case PERSONA_GAP:
				read_gap(json, path, member, member_at, condition);
				break;
			default:
				condition->property = need_name(member, member_at, "the name of a property");
				condition->property_path = member_at;
				condition->test = find_test(json, path, true);
				if (condition->test == NULL)
					pcore_fail(path, pcore_format("a comparison for \"%s\" is missing", measured),
							   "Add for example \"at_least\": 1000.");
				break;
		}
	}
	{
		bool		outer_test = condition->property != NULL || condition->measure == PERSONA_GAP;
		const char *allowed[] = {"event", "where", "within", "before", "zone",
			measured != NULL ? measured : "times",
			outer_test ? persona_operator_name(condition->test->operator) : NULL, NULL};

		check_keys(json, path, allowed);
	}
	if (condition->zone != NULL && condition->within.kind != PERSONA_PERIOD_CALENDAR
		&& condition->before.kind != PERSONA_PERIOD_CALENDAR
		&& condition->one_within.kind != PERSONA_PERIOD_CALENDAR
		&& condition->one_before.kind != PERSONA_PERIOD_CALENDAR)
		pcore_fail(member_path(path, "zone"), "\"zone\" has no meaning without a calendar period", NULL);
}

/* Reads one step of a sequence. */
static void
read_step(Reader *reader, const PersonaJson *json, const char *path, PersonaStep *step)
{
	static const char *const positive_keys[] = {"event", "where", "within", "after", "times", "same", "as", NULL};
	static const char *const absent_keys[] = {"no", "where", "same", "for", NULL};
	const PersonaJson *member;

	if (json->kind != PERSONA_JSON_OBJECT)
		wrong_kind(json, path, "a step such as {\"event\": \"order\"}");
	step->path = path;
	step->absent = persona_json_member(json, "no") != NULL;
	if (step->absent)
	{
		check_keys(json, path, absent_keys);
		step->event = need_name(persona_json_member(json, "no"), member_path(path, "no"), "the kind of an event");
		member = persona_json_member(json, "for");
		if (member != NULL)
			step->within = read_length(member, member_path(path, "for"));
	}
	else
	{
		check_keys(json, path, positive_keys);
		step->event = need_name(need_member(json, "event", path), member_path(path, "event"), "the kind of an event");
		member = persona_json_member(json, "within");
		if (member != NULL)
			step->within = read_length(member, member_path(path, "within"));
		member = persona_json_member(json, "after");
		if (member != NULL)
			step->after = read_length(member, member_path(path, "after"));
		if (step->within > 0 && step->within <= step->after)
			pcore_fail(path, "the gap is empty: within is not longer than after", NULL);
		member = persona_json_member(json, "as");
		if (member != NULL)
		{
			const char *as_path = member_path(path, "as");

			step->alias = need_name(member, as_path, "a name for the event");
			if (!is_plain_key(step->alias) || (step->alias[0] >= '0' && step->alias[0] <= '9')
				|| strcmp(step->alias, "customer") == 0 || strcmp(step->alias, "event") == 0)
				pcore_fail(as_path, pcore_format("\"%s\" can't be the name of an event", step->alias),
						   "Use letters, digits and _, other than customer and event.");
		}
	}
	step->where = read_where(reader, json, path);
	member = persona_json_member(json, "same");
	if (member != NULL)
	{
		const char *same_path = member_path(path, "same");

		if (member->kind != PERSONA_JSON_ARRAY || member->count == 0)
			pcore_fail(same_path, "a list of at least one property is expected", NULL);
		step->same_count = member->count;
		step->same = pcore_alloc(sizeof(char *) * (size_t) member->count);
		for (int i = 0; i < member->count; i++)
			step->same[i] = need_name(&member->items[i], item_path(same_path, i), "the name of a property");
	}
}

/* Returns how often a step is to be matched in a row: "times", or once. */
static int
read_repeat(const PersonaJson *json, const char *path)
{
	const PersonaJson *times = json->kind == PERSONA_JSON_OBJECT ? persona_json_member(json, "times") : NULL;

	if (times == NULL)
		return 1;
	if (times->kind != PERSONA_JSON_NUMBER || strspn(times->text, "0123456789") != strlen(times->text)
		|| strlen(times->text) > 2 || atoi(times->text) < 1 || atoi(times->text) > PERSONA_MAX_STEPS)
		pcore_fail(member_path(path, "times"), pcore_format("a number from 1 to %d is expected", PERSONA_MAX_STEPS), NULL);
	return atoi(times->text);
}

/*
 * Reads the steps.  A step with "times" becomes as many steps: "within",
 * "after" and "same" hold for each of them, "as" names the last one.
 */
static void
read_steps(Reader *reader, const PersonaJson *steps, const char *path, PersonaCondition *condition)
{
	condition->steps = zeroed(sizeof(PersonaStep) * PERSONA_MAX_STEPS);
	for (int i = 0; i < steps->count; i++)
	{
		const char *step_path = item_path(path, i);
		int			repeat = read_repeat(&steps->items[i], step_path);

		for (int r = 0; r < repeat; r++)
		{
			PersonaStep *step;

			if (condition->step_count == PERSONA_MAX_STEPS)
				pcore_fail(path, pcore_format("more than %d steps", PERSONA_MAX_STEPS), NULL);
			step = &condition->steps[condition->step_count++];
			read_step(reader, &steps->items[i], step_path, step);
			if (r < repeat - 1)
				step->alias = NULL;
			/* What relates to the step before has nothing to relate to. */
			if (condition->step_count == 1 && repeat > 1)
			{
				step->within = step->after = 0;
				step->same_count = 0;
			}
		}
	}
}

/* Reads {"sequence": [...]}. */
static void
read_sequence(Reader *reader, const PersonaJson *json, const char *path, PersonaCondition *condition)
{
	static const char *const allowed[] = {"sequence", "within", "completed_within", NULL};
	const char *steps_path = member_path(path, "sequence");
	const PersonaJson *steps = need_member(json, "sequence", path);
	const PersonaJson *within = persona_json_member(json, "within");
	const PersonaJson *completed = persona_json_member(json, "completed_within");
	int			last_positive = -1;
	PcoreDuration deadline = 0;

	check_keys(json, path, allowed);
	if (steps->kind != PERSONA_JSON_ARRAY || steps->count == 0)
		pcore_fail(steps_path, "a list of at least one step is expected", NULL);
	read_steps(reader, steps, steps_path, condition);
	for (int i = 0; i < condition->step_count; i++)
	{
		PersonaStep *step = &condition->steps[i];

		if (!step->absent)
			last_positive = i;
		for (int j = 0; j < i; j++)
			if (step->alias != NULL && condition->steps[j].alias != NULL
				&& strcmp(step->alias, condition->steps[j].alias) == 0)
				pcore_fail(member_path(step->path, "as"),
						   pcore_format("two steps are named \"%s\"", step->alias), NULL);
	}
	if (condition->steps[0].absent)
		pcore_fail(condition->steps[0].path, "a sequence begins with an event, not with an absence",
				   "For events that did not happen at all, write {\"event\": ..., \"times\": {\"is\": 0}}.");
	if (condition->steps[0].within > 0)
		pcore_fail(member_path(condition->steps[0].path, "within"), "the first step has no step before it",
				   "\"within\" beside \"sequence\" limits the whole.");
	if (condition->steps[0].after > 0)
		pcore_fail(member_path(condition->steps[0].path, "after"), "the first step has no step before it", NULL);
	if (condition->steps[0].same_count > 0)
		pcore_fail(member_path(condition->steps[0].path, "same"), "the first step has no step before it", NULL);
	for (int i = 0; i < condition->step_count; i++)
	{
		PersonaStep *step = &condition->steps[i];

		if (!step->absent)
			continue;
		if (i > last_positive && step->within == 0)
			pcore_fail(step->path, "an absence at the end needs a deadline", "Add for example \"for\": \"1 hour\".");
		if (i < last_positive && step->within > 0)
			pcore_fail(member_path(step->path, "for"), "an absence between two steps lasts from one to the other",
					   "Leave out \"for\", or limit the next step with \"within\".");
		if (i > last_positive && step->within > deadline)
			deadline = step->within;
	}
	if (within != NULL)
	{
		condition->within.kind = PERSONA_PERIOD_LENGTH;
		condition->within.length = read_length(within, member_path(path, "within"));
		condition->within.text = within->text;
		if (condition->within.length <= deadline)
			pcore_fail(member_path(path, "within"), "the sequence is over before its absence is",
					   "Make \"within\" longer than \"for\".");
	}
	if (completed != NULL)
		condition->completed_within = read_length(completed, member_path(path, "completed_within"));
}

/* Reads a share from 0 to 1. */
static double
read_share(const PersonaJson *json, const char *path)
{
	double		share;

	if (json->kind != PERSONA_JSON_NUMBER)
		wrong_kind(json, path, "a number from 0 to 1");
	share = strtod(json->text, NULL);
	if (!(share >= 0 && share <= 1))
		pcore_fail(path, "a number from 0 to 1 is expected", NULL);
	return share;
}

/* Reads {"bucket": {"seed": "spring", "from": 0.0, "to": 0.5}}. */
static void
read_bucket(const PersonaJson *json, const char *path, PersonaCondition *condition)
{
	static const char *const outer[] = {"bucket", NULL};
	static const char *const allowed[] = {"seed", "from", "to", NULL};
	const PersonaJson *bucket = need_member(json, "bucket", path);
	const char *bucket_path = member_path(path, "bucket");

	check_keys(json, path, outer);
	if (bucket->kind != PERSONA_JSON_OBJECT)
		wrong_kind(bucket, bucket_path, "an object such as {\"seed\": \"spring\", \"from\": 0, \"to\": 0.5}");
	check_keys(bucket, bucket_path, allowed);
	condition->seed = need_name(need_member(bucket, "seed", bucket_path), member_path(bucket_path, "seed"), "a seed");
	condition->bucket_from = read_share(need_member(bucket, "from", bucket_path), member_path(bucket_path, "from"));
	condition->bucket_to = read_share(need_member(bucket, "to", bucket_path), member_path(bucket_path, "to"));
	if (condition->bucket_from >= condition->bucket_to)
		pcore_fail(bucket_path, "the bucket is empty: \"from\" is not less than \"to\"", NULL);
}

/* Reads {"all": [...]}, {"any": [...]}, {"not": c}. */
static void
read_boolean(Reader *reader, const PersonaJson *json, const char *path, const char *key, PersonaCondition *condition)
{
	const char *allowed[] = {key, NULL};
	const PersonaJson *member = need_member(json, key, path);
	const char *parts_path = member_path(path, key);

	check_keys(json, path, allowed);
	if (condition->kind == PERSONA_NOT)
	{
		condition->count = 1;
		condition->parts = pcore_alloc(sizeof(PersonaCondition *));
		condition->parts[0] = read_condition(reader, member, parts_path);
		return;
	}
	if (member->kind != PERSONA_JSON_ARRAY)
		wrong_kind(member, parts_path, "a list of conditions");
	condition->count = member->count;
	condition->parts = pcore_alloc(sizeof(PersonaCondition *) * (size_t) (member->count + 1));
	for (int i = 0; i < member->count; i++)
		condition->parts[i] = read_condition(reader, &member->items[i], item_path(parts_path, i));
}

/* Reads {"held": c, "for": "3 days"}. */
static void
read_held(Reader *reader, const PersonaJson *json, const char *path, PersonaCondition *condition)
{
	static const char *const allowed[] = {"held", "for", NULL};

	check_keys(json, path, allowed);
	condition->held_for = read_length(need_member(json, "for", path), member_path(path, "for"));
	condition->count = 1;
	condition->parts = pcore_alloc(sizeof(PersonaCondition *));
	condition->parts[0] = read_condition(reader, need_member(json, "held", path), member_path(path, "held"));
}

/* Tells whether a condition looks at events itself, not through a cohort. */
static bool
has_events(const PersonaCondition *condition)
{
	for (int i = 0; i < condition->count; i++)
		if (has_events(condition->parts[i]))
			return true;
	return condition->kind == PERSONA_EVENT || condition->kind == PERSONA_SEQUENCE;
}

/* Reads a condition with "per": the same object without it, for the events of one key. */
static void
read_per(Reader *reader, const PersonaJson *json, const char *path, PersonaCondition *condition)
{
	PersonaJson *rest = pcore_alloc(sizeof(PersonaJson));
	int			kept = 0;

	condition->name_path = member_path(path, "per");
	condition->name = need_name(need_member(json, "per", path), condition->name_path, "the name of a property");
	if (reader->keyed)
		pcore_fail(condition->name_path, "\"per\" inside of \"per\"",
				   "An event has one key; name the more special property, such as an order's position.");
	*rest = *json;
	rest->keys = pcore_alloc(sizeof(char *) * (size_t) json->count);
	rest->items = pcore_alloc(sizeof(PersonaJson) * (size_t) json->count);
	for (int i = 0; i < json->count; i++)
		if (strcmp(json->keys[i], "per") != 0)
		{
			rest->keys[kept] = json->keys[i];
			rest->items[kept++] = json->items[i];
		}
	rest->count = kept;
	if (kept == 0)
		pcore_fail(path, "\"per\" without a condition",
				   "Write it beside event, sequence, all, any, not or held.");
	reader->keyed = true;
	condition->count = 1;
	condition->parts = pcore_alloc(sizeof(PersonaCondition *));
	condition->parts[0] = read_condition(reader, rest, path);
	reader->keyed = false;
	if (!has_events(condition->parts[0]))
		pcore_fail(condition->name_path, "\"per\" has no meaning without events", NULL);
}

/* Reads one condition. */
static PersonaCondition *
read_condition(Reader *reader, const PersonaJson *json, const char *path)
{
	static const struct
	{
		const char *key;
		PersonaConditionKind kind;
	}			kinds[] =
	{
		{"all", PERSONA_ALL},
		{"any", PERSONA_ANY},
		{"not", PERSONA_NOT},
		{"cohort", PERSONA_COHORT},
		{"attribute", PERSONA_ATTRIBUTE},
		{"event", PERSONA_EVENT},
		{"sequence", PERSONA_SEQUENCE},
		{"bucket", PERSONA_BUCKET},
		{"held", PERSONA_HELD},
	};
	static const char expected[] = "A condition has one of the keys all, any, not, cohort, attribute, event, sequence, bucket and held.";
	PersonaCondition *condition = zeroed(sizeof(PersonaCondition));
	const char *kind = NULL;

	pcore_check_interrupts();
	if (json->kind != PERSONA_JSON_OBJECT)
		pcore_fail(path, pcore_format("a condition is expected, not %s", persona_json_kind_name(json->kind)), expected);
	if (++reader->depth > PERSONA_MAX_DEPTH)
		pcore_fail(path, pcore_format("conditions are nested more than %d deep", PERSONA_MAX_DEPTH), NULL);
	if (++reader->parts > PERSONA_MAX_PARTS)
		pcore_fail(path, pcore_format("more than %d conditions in one definition", PERSONA_MAX_PARTS),
				   "Split it into cohorts.");
	if (persona_json_member(json, "per") != NULL)
	{
		condition->kind = PERSONA_PER;
		condition->path = path;
		read_per(reader, json, path, condition);
		reader->depth--;
		return condition;
	}
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		if (persona_json_member(json, kinds[k].key) != NULL)
		{
			if (kind != NULL)
				pcore_fail(member_path(path, kinds[k].key),
						   pcore_format("\"%s\" and \"%s\" in one condition", kind, kinds[k].key),
						   "Combine two conditions with {\"all\": [...]} or {\"any\": [...]}.");
			kind = kinds[k].key;
			condition->kind = kinds[k].kind;
		}
	if (kind == NULL)
	{
		if (json->count > 0)
			pcore_fail(member_path(path, json->keys[0]), pcore_format("unknown key \"%s\"", json->keys[0]), expected);
		pcore_fail(path, "the condition is empty", expected);
	}
	condition->path = path;
	switch (condition->kind)
	{
		case PERSONA_ALL:
		case PERSONA_ANY:
		case PERSONA_NOT:
			read_boolean(reader, json, path, kind, condition);
			break;
		case PERSONA_COHORT:
			read_cohort(json, path, condition);
			break;
		case PERSONA_ATTRIBUTE:
			read_attribute(json, path, condition);
			break;
		case PERSONA_EVENT:
			read_event(reader, json, path, condition);
			break;
		case PERSONA_SEQUENCE:
			read_sequence(reader, json, path, condition);
			break;
		case PERSONA_BUCKET:
			read_bucket(json, path, condition);
			break;
		case PERSONA_HELD:
			read_held(reader, json, path, condition);
			break;
		case PERSONA_PER:
			break;				/* read above */
	}
	reader->depth--;
	return condition;
}

/* Makes the tree of a condition; "path" is where it stands ("$"). */
PersonaCondition *
persona_condition_read(const PersonaJson *json, const char *path)
{
	Reader		reader = {0, 0, false};

	return read_condition(&reader, json, path);
}
