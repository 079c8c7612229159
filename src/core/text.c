/*
 * text.c - durations, the sampling hash, templates.
 *
 * Three small languages that share nothing but their size.  Each is exact
 * about what it accepts: a text that could be misread is refused.
 */
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * Durations
 */

typedef struct Unit
{
	const char *name;			/* of one; more than one has an "s" behind it */
	PcoreDuration length;
} Unit;

#define UNIT_COUNT 7

static const Unit units[UNIT_COUNT] = {
	{"week", PCORE_WEEK},
	{"day", PCORE_DAY},
	{"hour", PCORE_HOUR},
	{"minute", PCORE_MINUTE},
	{"second", PCORE_SECOND},
	{"millisecond", 1000},
	{"microsecond", 1}
};

#define UNIT_LIST "weeks, days, hours, minutes, seconds, milliseconds or microseconds"

/* Tells whether a byte is a blank. */
static inline bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Tells whether a byte is a digit. */
static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Skips blanks. */
static const char *
skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

/* Skips everything up to the next blank, digit or sign. */
static const char *
skip_word(const char *p)
{
	while (*p != '\0' && *p != '-' && *p != '+' && !is_blank(*p) && !is_digit(*p))
		p++;
	return p;
}

/* Tells whether a word is a name, with or without an "s" behind it. */
static bool
is_name(const char *word, size_t length, const char *name)
{
	size_t		one = strlen(name);

	return strncmp(word, name, one < length ? one : length) == 0 &&
		(length == one || (length == one + 1 && word[one] == 's'));
}

/* Finds the unit that a word names, or explains why there is none. */
static int
find_unit(const char *word, size_t length, const char **problem)
{
	static const char *const varying[] = {"month", "quarter", "year"};

	for (int i = 0; i < UNIT_COUNT; i++)
		if (is_name(word, length, units[i].name))
			return i;
	for (int i = 0; i < 3; i++)
		if (is_name(word, length, varying[i]))
		{
			*problem = pcore_format("%ss have no fixed length; use weeks or days", varying[i]);
			return -1;
		}
	*problem = pcore_format("\"%.*s\" is no unit of time; use " UNIT_LIST, (int) length, word);
	return -1;
}

/*
 * Reads "number unit" at *text, adds it to *sum and moves *text behind it.
 * "seen" holds a bit for each unit that was there before.
 */
static bool
read_part(const char **text, PcoreDuration *sum, unsigned *seen, const char **problem)
{
	const char *number = *text;
	const char *word;
	const char *end;
	int64_t		count = 0;
	bool		overflow = false;
	int			unit;

	if (!is_digit(*number))
	{
		*problem = *number == '-' ?
			"a minus stands only before the whole" :
			pcore_format("expected a whole number and a unit, found \"%s\"", number);
		return false;
	}
	for (end = number; is_digit(*end); end++)
		overflow |= __builtin_mul_overflow(count, 10, &count) ||
			__builtin_add_overflow(count, *end - '0', &count);
	if (*end == '.' || *end == ',')
	{
		*problem = pcore_format("\"%s\" is no whole number of a unit; use a smaller unit", number);
		return false;
	}

	word = skip_blanks(end);
	end = skip_word(word);
	if (end == word)
	{
		*problem = pcore_format("\"%s\" has no unit; use " UNIT_LIST, number);
		return false;
	}
	unit = find_unit(word, (size_t) (end - word), problem);
	if (unit < 0)
		return false;
	if ((*seen & (1U << unit)) != 0)
	{
		*problem = pcore_format("%ss are given twice", units[unit].name);
		return false;
	}
	*seen |= 1U << unit;

	/* The sum stays positive, so that callers may negate any length. */
	if (overflow ||
		__builtin_mul_overflow(count, units[unit].length, &count) ||
		__builtin_add_overflow(*sum, count, sum))
	{
		*problem = "the length of time is too large";
		return false;
	}
	*text = skip_blanks(end);
	return true;
}

/* Parses a length of time in fixed units, or explains why it is none. */
bool
pcore_duration_parse(const char *text, PcoreDuration *length, const char **problem)
{
	const char *p = skip_blanks(text);
	bool		negative = *p == '-';
	PcoreDuration sum = 0;
	unsigned	seen = 0;

	if (negative)
		p = skip_blanks(p + 1);
	if (*p == '\0')
	{
		*problem = "expected a length of time such as \"30 days\", found nothing";
		return false;
	}
	while (*p != '\0')
		if (!read_part(&p, &sum, &seen, problem))
			return false;
	*length = negative ? -sum : sum;
	return true;
}

/*
 * Writes a length of time in the largest units that are exact: in weeks if
 * they are whole, else in days and smaller units.
 */
char *
pcore_duration_format(PcoreDuration length)
{
	uint64_t	rest = length < 0 ? -(uint64_t) length : (uint64_t) length;
	bool		weeks = rest % (uint64_t) PCORE_WEEK == 0;
	const char *before = length < 0 ? "-" : "";
	char	   *text = NULL;

	if (length == 0)
		return pcore_format("0 seconds");
	for (int i = weeks ? 0 : 1; i < UNIT_COUNT; i++)
	{
		uint64_t	count = rest / (uint64_t) units[i].length;

		if (count == 0)
			continue;
		text = pcore_format("%s%s%" PRIu64 " %s%s", text == NULL ? "" : text, before,
							count, units[i].name, count == 1 ? "" : "s");
		before = " ";
		rest %= (uint64_t) units[i].length;
	}
	return text;
}

/*
 * The sampling hash
 */

#define FNV_BASIS UINT32_C(0x811c9dc5)
#define FNV_PRIME UINT32_C(0x01000193)

/* Continues a 32-bit FNV-1a hash with more bytes. */
static uint32_t
fnv1a_continue(uint32_t hash, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char) bytes[i]) * FNV_PRIME;
	return hash;
}

/* Returns the 32-bit FNV-1a hash of bytes. */
uint32_t
pcore_fnv1a(const char *bytes, size_t length)
{
	return fnv1a_continue(FNV_BASIS, bytes, length);
}

/* Returns the place of a key in [0, 1); in a version that does not exist, -1. */
double
pcore_bucket(const char *seed, const char *key, int version)
{
	uint32_t	hash;
	char		decimal[11];

	switch (version)
	{
		case 1:
			hash = pcore_fnv1a(key, strlen(key));
			hash = fnv1a_continue(hash, seed, strlen(seed));
			return hash % 1000 / 1000.0;
		case 2:
			hash = pcore_fnv1a(seed, strlen(seed));
			hash = fnv1a_continue(hash, key, strlen(key));
			snprintf(decimal, sizeof(decimal), "%" PRIu32, hash);
			return pcore_fnv1a(decimal, strlen(decimal)) % 10000 / 10000.0;
		default:
			return -1.0;
	}
}

/*
 * Experiments
 */

/* Returns the place of a key in a space. */
double
pcore_space_place(const char *space, const char *key)
{
	return pcore_bucket(pcore_format("__%s", space), key, 1);
}

/* Tells whether a key is in a part of a space. */
bool
pcore_in_space(const char *space, const char *key, double from, double until)
{
	double		place = pcore_space_place(space, key);

	return place >= from && place < until;
}

/* Computes the ranges of variations. */
void
pcore_variation_ranges(int count, double coverage, const double *weights, int weight_count, PcoreRangeOfPlaces *ranges)
{
	double		total = 0;
	double		begin = 0;

	coverage = coverage < 0 ? 0 : coverage > 1 ? 1 : coverage;
	for (int v = 0; v < weight_count; v++)
		total += weights[v];
	for (int v = 0; v < count; v++)
	{
		double		weight = weight_count != count || total < 0.99 || total > 1.01 ? 1.0 / count : weights[v];

		ranges[v].from = begin;
		ranges[v].until = begin + coverage * weight;
		begin += weight;
	}
}

/* Returns the number of the variation whose range holds a place, or -1. */
int
pcore_choose_variation(double place, int count, const PcoreRangeOfPlaces *ranges)
{
	for (int v = 0; v < count; v++)
		if (place >= ranges[v].from && place < ranges[v].until)
			return v;
	return -1;
}

/*
 * Templates
 */

#define TEMPLATE_HINT \
	"Write {{scope.name}} or {{scope.name|default}}, without blanks around the name; " \
	"\"{{{{\" writes \"{{\"."

/* Skips an identifier; returns where it stands if there is none. */
static const char *
skip_identifier(const char *p)
{
	const char *start = p;

	while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' ||
		   (p > start && is_digit(*p)))
		p++;
	return p;
}

/* Skips a component of a name, as columns and json keys are named; returns where it stands if there is none. */
static const char *
skip_component(const char *p)
{
	const char *start = p;

	while ((unsigned char) *p >= ' ' && strchr("|{}.\177", *p) == NULL)
		p++;
	return p > start && (*start == ' ' || p[-1] == ' ') ? start : p;
}

/* Adds a piece of literal text. */
static void
add_literal(PcoreTemplate *template, const char *text, size_t length)
{
	PcoreTemplatePart *part;

	if (length == 0)
		return;
	part = &template->parts[template->count++];
	memset(part, 0, sizeof(*part));
	part->text = text;
	part->length = length;
}

/* Adds the placeholder that opens at "open"; returns what is behind it. */
static const char *
add_placeholder(PcoreTemplate *template, const char *path, const char *open)
{
	const char *scope = open + 2;
	const char *scope_end = skip_identifier(scope);
	const char *name = scope_end;
	const char *name_end = name;
	const char *close = strstr(scope, "}}");
	const char *next = strstr(scope, "{{");
	PcoreTemplatePart *part;

	/* A placeholder that opens inside another one tells that "}}" is missing. */
	if (close == NULL || (next != NULL && next < close))
		pcore_fail(path, pcore_format("placeholder without \"}}\": \"%.*s\"",
									  (int) (next != NULL ? (size_t) (next - open) : strlen(open)), open),
				   TEMPLATE_HINT);

	if (*name == '.')
	{
		name++;
		name_end = skip_component(name);
		while (name_end > name && *name_end == '.' && skip_component(name_end + 1) > name_end + 1)
			name_end = skip_component(name_end + 1);
	}
	if (scope_end == scope || name_end == name || (name_end != close && *name_end != '|'))
		pcore_fail(path, pcore_format("malformed placeholder \"%.*s\"", (int) (close + 2 - open), open),
				   TEMPLATE_HINT);

	part = &template->parts[template->count++];
	memset(part, 0, sizeof(*part));
	part->scope = pcore_copy(scope, (size_t) (scope_end - scope));
	part->name = pcore_copy(name, (size_t) (name_end - name));
	if (*name_end == '|')
		part->otherwise = pcore_copy(name_end + 1, (size_t) (close - name_end - 1));
	return close + 2;
}

/* Parses a template; calls pcore_fail on an unclosed or malformed placeholder. */
PcoreTemplate *
pcore_template_parse(const char *path, const char *text)
{
	PcoreTemplate *template = pcore_alloc(sizeof(PcoreTemplate));
	const char *literal = pcore_copy(text, strlen(text));
	const char *open;
	size_t		most = 1;

	/* Each "{{" adds at most itself and the literal text before it. */
	for (open = literal; (open = strstr(open, "{{")) != NULL; open += 2)
		most += 2;
	template->count = 0;
	template->parts = pcore_alloc(most * sizeof(PcoreTemplatePart));

	while ((open = strstr(literal, "{{")) != NULL)
	{
		if (strncmp(open, "{{{{", 4) == 0)
		{
			/* The first two are literal text, the next two say so. */
			add_literal(template, literal, (size_t) (open + 2 - literal));
			literal = open + 4;
		}
		else
		{
			add_literal(template, literal, (size_t) (open - literal));
			literal = add_placeholder(template, path, open);
		}
		pcore_check_interrupts();
	}
	add_literal(template, literal, strlen(literal));
	return template;
}
