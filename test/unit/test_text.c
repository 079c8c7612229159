/*
 * test_text.c - durations, the sampling hash, templates, and copies of text.
 */
#include <string.h>

#include "core/text.h"

#include <math.h>
#include "host.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

/* Checks durations that are accepted, and how they are written. */
static void
test_durations(void)
{
	static const struct
	{
		const char *text;
		PcoreDuration length;
		const char *written;	/* NULL: as "text" */
	}			cases[] = {
		{"30 days", 30 * PCORE_DAY, NULL},
		{"1 hour", PCORE_HOUR, NULL},
		{"90 minutes", 90 * PCORE_MINUTE, "1 hour 30 minutes"},
		{"1 day 12 hours", 36 * PCORE_HOUR, NULL},
		{"36 hours", 36 * PCORE_HOUR, "1 day 12 hours"},
		{"12 hours 1 day", 36 * PCORE_HOUR, "1 day 12 hours"},
		{"2 days 3 hours", 51 * PCORE_HOUR, NULL},
		{"1 week", PCORE_WEEK, NULL},
		{"7 days", PCORE_WEEK, "1 week"},
		{"8 days", 8 * PCORE_DAY, NULL},
		{"52 weeks", 52 * PCORE_WEEK, NULL},
		{"1 week 1 day", 8 * PCORE_DAY, "8 days"},
		{"365 days", 365 * PCORE_DAY, NULL},
		{"-2 days", -2 * PCORE_DAY, NULL},
		{"- 2 days", -2 * PCORE_DAY, "-2 days"},
		{"-1 day 12 hours", -36 * PCORE_HOUR, NULL},	/* the minus is before the whole */
		{"0 days", 0, "0 seconds"},
		{"-0 days", 0, "0 seconds"},
		{"1 second", PCORE_SECOND, NULL},
		{"61 seconds", 61 * PCORE_SECOND, "1 minute 1 second"},
		{"1 millisecond", 1000, NULL},
		{"1500 milliseconds", 1500000, "1 second 500 milliseconds"},
		{"1 microsecond", 1, NULL},
		{"-1 microsecond", -1, NULL},
		{"1 days", PCORE_DAY, "1 day"},
		{"2 day", 2 * PCORE_DAY, "2 days"},
		{"  1\tday\n2  hours ", 26 * PCORE_HOUR, "1 day 2 hours"},
		{"1day2hours", 26 * PCORE_HOUR, "1 day 2 hours"},
		{"007 days", PCORE_WEEK, "1 week"},
		{"6 days 23 hours 59 minutes 59 seconds 999 milliseconds 999 microseconds", PCORE_WEEK - 1, NULL},
		{"9223372036854775807 microseconds", INT64_MAX, "106751991 days 4 hours 54 seconds 775 milliseconds 807 microseconds"},
		{"-9223372036854775807 microseconds", -INT64_MAX, "-106751991 days 4 hours 54 seconds 775 milliseconds 807 microseconds"},
		{"15250284 weeks", 15250284 * PCORE_WEEK, NULL},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreDuration length = -12345;
		const char *problem = NULL;

		host_case("%s", cases[i].text);
		CHECK(pcore_duration_parse(cases[i].text, &length, &problem));
		CHECK_TEXT(problem, NULL);
		CHECK_INT(length, cases[i].length);
		CHECK_TEXT(pcore_duration_format(length), cases[i].written == NULL ? cases[i].text : cases[i].written);
	}

	host_case("the smallest");
	CHECK_TEXT(pcore_duration_format(INT64_MIN), "-106751991 days 4 hours 54 seconds 775 milliseconds 808 microseconds");
}

/* Checks that each malformed duration is refused with a reason, and leaves no length. */
static void
test_refused_durations(void)
{
	static const struct
	{
		const char *text;
		const char *problem;
	}			cases[] = {
		{"", "found nothing"},
		{"  ", "found nothing"},
		{"-", "found nothing"},
		{"30", "\"30\" has no unit"},
		{"1 day 12", "\"12\" has no unit"},
		{"days", "expected a whole number and a unit, found \"days\""},
		{"one day", "expected a whole number and a unit, found \"one day\""},
		{"+1 day", "expected a whole number and a unit, found \"+1 day\""},
		{"1.5 hours", "\"1.5 hours\" is no whole number of a unit"},
		{"1,5 hours", "\"1,5 hours\" is no whole number of a unit"},
		{".5 hours", "expected a whole number"},
		{"1 month", "months have no fixed length"},
		{"3 months", "months have no fixed length"},
		{"1 year", "years have no fixed length"},
		{"2 years 1 day", "years have no fixed length"},
		{"1 quarter", "quarters have no fixed length"},
		{"2 fortnights", "\"fortnights\" is no unit of time"},
		{"2 d", "\"d\" is no unit of time"},
		{"2 mins", "\"mins\" is no unit of time"},
		{"2 Days", "\"Days\" is no unit of time"},
		{"2 dayss", "\"dayss\" is no unit of time"},
		{"2 day.", "\"day.\" is no unit of time"},
		{"1 day, 2 hours", "\"day,\" is no unit of time"},
		{"1 day and 2 hours", "found \"and 2 hours\""},
		{"1 day 2 days", "days are given twice"},
		{"1 day -2 hours", "a minus stands only before the whole"},
		{"--1 day", "a minus stands only before the whole"},
		{"1 -day", "has no unit"},
		{"01:30:00", "is no unit of time"},
		{"P1D", "expected a whole number"},
		{"9223372036854775808 microseconds", "too large"},
		{"99999999999999999999999999 days", "too large"},
		{"184467440737095516170 microseconds", "too large"},	/* 10, modulo 2 to the 64th */
		{"9223372036854775807 days", "too large"},
		{"15250285 weeks", "too large"},
		{"106751991 days 5 hours", "too large"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreDuration length = -12345;
		const char *problem = NULL;

		host_case("%s", cases[i].text);
		CHECK(!pcore_duration_parse(cases[i].text, &length, &problem));
		CHECK_INT(length, -12345);
		host_check(problem != NULL && strstr(problem, cases[i].problem) != NULL, __FILE__, __LINE__,
				   "the problem is \"%s\", expected \"%s\"", problem == NULL ? "(null)" : problem, cases[i].problem);
	}
}

/* Checks the vectors published with the hash. */
static void
test_fnv1a(void)
{
	static const struct
	{
		const char *text;
		uint32_t	hash;
	}			cases[] = {
		{"", 0x811c9dc5}, {"a", 0xe40c292c}, {"b", 0xe70c2de5}, {"c", 0xe60c2c52}, {"d", 0xe10c2473},
		{"fo", 0x6222e842}, {"foo", 0xa9f37ed7}, {"foob", 0x3f5076ef}, {"fooba", 0x39aaa18a}, {"foobar", 0xbf9cf968},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("\"%s\"", cases[i].text);
		CHECK_INT(pcore_fnv1a(cases[i].text, strlen(cases[i].text)), cases[i].hash);
	}
	host_case("bytes");
	CHECK_INT(pcore_fnv1a("\0", 1), 0x050c5d1f);
	CHECK_INT(pcore_fnv1a("\377", 1), (UINT32_C(0x811c9dc5) ^ 0xff) * UINT32_C(0x01000193));
}

/* Checks the test cases that GrowthBook publishes for its SDKs. */
static void
test_buckets(void)
{
	static const struct
	{
		const char *seed;
		const char *key;
		int			version;
		double		place;
	}			cases[] = {
		{"", "a", 1, 0.22},
		{"", "b", 1, 0.077},
		{"b", "a", 1, 0.946},
		{"ef", "d", 1, 0.652},
		{"asdf", "8952klfjas09ujk", 1, 0.549},
		{"", "123", 1, 0.011},
		{"", "___)((*\":&", 1, 0.563},
		{"seed", "a", 2, 0.0505},
		{"seed", "b", 2, 0.2696},
		{"foo", "ab", 2, 0.2575},
		{"foo", "def", 2, 0.2019},
		{"89123klj", "8952klfjas09ujkasdf", 2, 0.124},
		{"90850943850283058242805", "123", 2, 0.7516},
		{"()**(%$##$%#$#", "___)((*\":&", 2, 0.0128},
		{"abc", "def", 99, -1.0},	/* there: null */
	};
	long		wrong = 0;
	int			lower_half = 0;

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("seed \"%s\", key \"%s\", version %d", cases[i].seed, cases[i].key, cases[i].version);
		CHECK(pcore_bucket(cases[i].seed, cases[i].key, cases[i].version) == cases[i].place);
	}

	for (int i = 0; i < 10000; i++)
	{
		double		place = pcore_bucket("spring", pcore_format("%d", i), 2);

		wrong += !(place >= 0.0 && place < 1.0);
		lower_half += place < 0.5;
	}
	host_case("10000 keys");
	CHECK_INT(wrong, 0);
	CHECK(lower_half > 4800 && lower_half < 5200);
}

/* Checks the test cases that GrowthBook publishes for ranges of variations. */
static void
test_ranges(void)
{
	static const struct
	{
		const char *name;
		int			count;
		double		coverage;
		int			weight_count;
		double		weights[4];
		double		ranges[8];
	}			cases[] = {
		{"normal 50/50", 2, 1, 0, {0}, {0, 0.5, 0.5, 1}},
		{"reduced coverage", 2, 0.5, 0, {0}, {0, 0.25, 0.5, 0.75}},
		{"zero coverage", 2, 0, 0, {0}, {0, 0, 0.5, 0.5}},
		{"4 variations", 4, 1, 0, {0}, {0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1}},
		{"uneven weights", 2, 1, 2, {0.4, 0.6}, {0, 0.4, 0.4, 1}},
		{"uneven weights, 3 variations", 3, 1, 3, {0.2, 0.3, 0.5}, {0, 0.2, 0.2, 0.5, 0.5, 1}},
		{"uneven weights, reduced coverage, 3 variations", 3, 0.2, 3, {0.2, 0.3, 0.5}, {0, 0.04, 0.2, 0.26, 0.5, 0.6}},
		{"negative coverage", 2, -0.2, 0, {0}, {0, 0, 0.5, 0.5}},
		{"coverage above 1", 2, 1.5, 0, {0}, {0, 0.5, 0.5, 1}},
		{"weights sum below 1", 2, 1, 2, {0.4, 0.1}, {0, 0.5, 0.5, 1}},
		{"weights sum above 1", 2, 1, 2, {0.7, 0.6}, {0, 0.5, 0.5, 1}},
		{"weights.length not equal to num variations", 4, 1, 3, {0.4, 0.4, 0.2}, {0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1}},
		{"weights sum almost equals 1", 2, 1, 2, {0.4, 0.5999}, {0, 0.4, 0.4, 0.9999}},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		PcoreRangeOfPlaces ranges[4];
		bool		right = true;

		host_case("%s", cases[i].name);
		pcore_variation_ranges(cases[i].count, cases[i].coverage, cases[i].weights, cases[i].weight_count, ranges);
		for (int v = 0; v < cases[i].count; v++)
			right &= fabs(ranges[v].from - cases[i].ranges[2 * v]) < 1e-9
				&& fabs(ranges[v].until - cases[i].ranges[2 * v + 1]) < 1e-9;
		CHECK(right);
	}
}

/* Checks the test cases that GrowthBook publishes for choosing a variation. */
static void
test_variations(void)
{
	static const PcoreRangeOfPlaces even[] = {{0, 0.5}, {0.5, 1}};
	static const PcoreRangeOfPlaces reduced[] = {{0, 0.25}, {0.5, 0.75}};
	static const PcoreRangeOfPlaces zero[] = {{0, 0.5}, {0.5, 0.5}, {0.5, 1}};
	static const struct
	{
		double		place;
		int			count;
		const PcoreRangeOfPlaces *ranges;
		int			chosen;
	}			cases[] = {
		{0.2, 2, even, 0}, {0.4, 2, even, 0}, {0.6, 2, even, 1}, {0.8, 2, even, 1}, {0, 2, even, 0}, {0.5, 2, even, 1},
		{0.2, 2, reduced, 0}, {0.4, 2, reduced, -1}, {0.6, 2, reduced, 1}, {0.8, 2, reduced, -1},
		{0.25, 2, reduced, -1}, {0.5, 2, reduced, 1},
		{0.5, 3, zero, 2},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("variation %d", i);
		CHECK_INT(pcore_choose_variation(cases[i].place, cases[i].count, cases[i].ranges), cases[i].chosen);
	}
}

/* Checks the test cases that GrowthBook publishes for namespaces. */
static void
test_spaces(void)
{
	static const struct
	{
		const char *key;
		const char *space;
		bool		lower;		/* in [0, 0.4), else in [0.4, 1) */
	}			cases[] = {
		{"1", "namespace1", false}, {"1", "namespace2", false}, {"2", "namespace1", false}, {"2", "namespace2", false},
		{"3", "namespace1", false}, {"3", "namespace2", true}, {"4", "namespace1", false}, {"4", "namespace2", true},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("key %s in space %s", cases[i].key, cases[i].space);
		CHECK(pcore_in_space(cases[i].space, cases[i].key, 0, 0.4) == cases[i].lower);
		CHECK(pcore_in_space(cases[i].space, cases[i].key, 0.4, 1) == !cases[i].lower);
	}
}

/* Writes the parts of a template so that they can be compared. */
static char *
describe(const PcoreTemplate *template)
{
	char	   *text = pcore_format("%s", "");

	for (int i = 0; i < template->count; i++)
	{
		const PcoreTemplatePart *part = &template->parts[i];

		if (part->text != NULL)
			text = pcore_format("%s[%.*s]", text, (int) part->length, part->text);
		else if (part->otherwise != NULL)
			text = pcore_format("%s<%s,%s,%s>", text, part->scope, part->name, part->otherwise);
		else
			text = pcore_format("%s<%s,%s>", text, part->scope, part->name);
	}
	return text;
}

/* Checks templates that are accepted. */
static void
test_templates(void)
{
	static const struct
	{
		const char *text;
		const char *parts;
	}			cases[] = {
		{"", ""},
		{"Hello", "[Hello]"},
		{"{{customer.first_name}}", "<customer,first_name>"},
		{"Hello {{customer.first_name}}!", "[Hello ]<customer,first_name>[!]"},
		{"{{a.b}}{{c.d}}", "<a,b><c,d>"},
		{"{{customer.first_name|there}}", "<customer,first_name,there>"},
		{"{{customer.first_name|}}", "<customer,first_name,>"},
		{"{{customer.first_name| you there }}", "<customer,first_name, you there >"},
		{"{{a.b|c|d}}", "<a,b,c|d>"},
		{"{{a.b|{c}}}", "<a,b,{c>[}]"},
		{"{{a.b|c}}}}", "<a,b,c>[}}]"},
		{"{{a.b|line\nbreak}}", "<a,b,line\nbreak>"},
		{"{{a.b|Gr\303\274\303\237e}}", "<a,b,Gr\303\274\303\237e>"},
		{"{{customer.address.city}}", "<customer,address.city>"},
		{"{{customer.address.city.zip|?}}", "<customer,address.city.zip,?>"},
		{"{{_a1._b2}}", "<_a1,_b2>"},
		{"{{A.B}}", "<A,B>"},
		{"{{a.1b}}{{a.b-c}}{{a.profile.interests.0}}{{a.tags.-1|}}", "<a,1b><a,b-c><a,profile.interests.0><a,tags.-1,>"},
		{"{{a.Gr\303\266\303\237e in cm|?}}", "<a,Gr\303\266\303\237e in cm,?>"},
		{"{", "[{]"},
		{"a { b } c }} d", "[a { b } c }} d]"},
		{"{{{{", "[{{]"},
		{"{{{{customer.name}}", "[{{][customer.name}}]"},
		{"{{{{{{a.b}}", "[{{]<a,b>"},
		{"{{{{{{{{", "[{{][{{]"},
		{"x{{{{y", "[x{{][y]"},
		{"{{a.b}}{{{{{", "<a,b>[{{][{]"},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("%s", cases[i].text);
		CHECK_TEXT(describe(pcore_template_parse("$.body", cases[i].text)), cases[i].parts);
	}
}

/* Checks that malformed templates are refused with their path and the bad part. */
static void
test_refused_templates(void)
{
	static const struct
	{
		const char *text;
		const char *message;
	}			cases[] = {
		{"{{", "placeholder without \"}}\": \"{{\""},
		{"a {{b.c d", "placeholder without \"}}\": \"{{b.c d\""},
		{"{{a.b}", "placeholder without \"}}\": \"{{a.b}\""},
		{"{{a.b} }", "placeholder without \"}}\""},
		{"{{a.b {{c.d}}", "placeholder without \"}}\": \"{{a.b \""},
		{"{{a.b|{{c.d}}}}", "placeholder without \"}}\": \"{{a.b|\""},
		{"{{a.b}}{{c.d", "placeholder without \"}}\": \"{{c.d\""},
		{"{{}}", "malformed placeholder \"{{}}\""},
		{"{{a}}", "malformed placeholder \"{{a}}\""},
		{"{{a.}}", "malformed placeholder \"{{a.}}\""},
		{"{{.b}}", "malformed placeholder \"{{.b}}\""},
		{"{{a.b.}}", "malformed placeholder \"{{a.b.}}\""},
		{"{{a..b}}", "malformed placeholder \"{{a..b}}\""},
		{"{{a. b}}", "malformed placeholder \"{{a. b}}\""},
		{"{{a.b.}}", "malformed placeholder \"{{a.b.}}\""},
		{"{{a.b. c}}", "malformed placeholder \"{{a.b. c}}\""},
		{"{{a.b\nc}}", "malformed placeholder \"{{a.b\nc}}\""},
		{"{{a.b\177}}", "malformed placeholder \"{{a.b\177}}\""},
		{"{{a.b{c}}", "malformed placeholder \"{{a.b{c}}\""},
		{"{{a.b}c}}", "malformed placeholder \"{{a.b}c}}\""},
		{"{{1a.b}}", "malformed placeholder \"{{1a.b}}\""},
		{"{{ a.b }}", "malformed placeholder \"{{ a.b }}\""},
		{"{{a.b |c}}", "malformed placeholder \"{{a.b |c}}\""},
		{"{{a|b}}", "malformed placeholder \"{{a|b}}\""},
		{"{{{a.b}}", "malformed placeholder \"{{{a.b}}\""},
		{"{{gr\303\266\303\237e.a}}", "malformed placeholder \"{{gr\303\266\303\237e.a}}\""},
		{"ok {{a.b}} then {{c}}", "malformed placeholder \"{{c}}\""},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("%s", cases[i].text);
		CHECK_FAILS(pcore_template_parse("$.body", cases[i].text), cases[i].message);
		CHECK_TEXT(host_path, "$.body");
		CHECK(host_hint != NULL && strstr(host_hint, "{{scope.name|default}}") != NULL);
	}
}

/* Checks that a template does not point into the text that it was made of. */
static void
test_template_owns_its_text(void)
{
	char		text[] = "Hello {{customer.first_name|you}}, bye";
	PcoreTemplate *template = pcore_template_parse(NULL, text);

	memset(text, 'x', sizeof(text) - 1);
	host_case("text overwritten");
	CHECK_TEXT(describe(template), "[Hello ]<customer,first_name,you>[, bye]");
}

/* Checks copies and formatted text. */
static void
test_copies(void)
{
	static char large[10000];

	memset(large, 'x', sizeof(large) - 1);
	host_case("copies");
	CHECK_TEXT(pcore_copy("foobar", 3), "foo");
	CHECK_TEXT(pcore_copy("", 0), "");
	CHECK_TEXT(pcore_format("%d %s", 42, "things"), "42 things");
	CHECK_TEXT(pcore_format("%s", large), large);
}

int
main(void)
{
	test_durations();
	test_refused_durations();
	test_fnv1a();
	test_buckets();
	test_ranges();
	test_variations();
	test_spaces();
	test_templates();
	test_refused_templates();
	test_template_owns_its_text();
	test_copies();
	return host_finish();
}
