/*
 * search.c - cuts the values of a column into segments.
 *
 * Numbers, dates and instants are searched as 64-bit integers, numerics too as
 * long as they and all constants are whole billionths.  All else is searched
 * with the comparison of its type; since many columns have few values, those
 * seen last are remembered by their bytes.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "compat.h"
#include "pass/amount.h"
#include "pass/search.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#define MOST_RUNS 16			/* more are looked up in a set of bits */
#define REMEMBERED 256			/* values, a power of two */
#define REMEMBERED_BYTES 40

typedef enum LineKind
{
	LINE_INTEGER,
	LINE_AMOUNT,
	LINE_COMPARED
} LineKind;

typedef struct Remembered
{
	uint16		length;			/* 0: nothing yet */
	char		bytes[REMEMBERED_BYTES];
	uint32		segment;
} Remembered;

/* The constants of a column, in order. */
typedef struct PersonaSearchLine
{
	LineKind	kind;
	Oid			type;
	Oid			collation;
	FmgrInfo	compare;
	int			count;
	int64	   *numbers;
	uint64		span;			/* from the first number to the last */
	int			shift;			/* the line is cut into parts of 2^shift, */
	uint32	   *parts;			/* parts[p]: how many numbers are below part p */
	Datum	   *constants;
	Remembered *remembered;		/* of values by reference */
} PersonaSearchLine;

/* A test while it is being prepared. */
typedef struct Pending
{
	int			number;
	PersonaOperator operator;
	bool		known;
	int			count;
	Datum	   *constants;
} Pending;

/* A column while it is being prepared. */
typedef struct Column
{
	int			column;
	Oid			type;
	Oid			collation;
	int			count;
	int			room;
	Pending    *tests;
} Column;

struct PersonaSearches
{
	PcoreInstant as_of;
	int			count;
	int			room;
	Column	   *columns;
};

PersonaSearches *
persona_searches_make(PcoreInstant as_of)
{
	PersonaSearches *searches = palloc0(sizeof(PersonaSearches));

	searches->as_of = as_of;
	return searches;
}

/* Adds a test to its column. */
static void
add_pending(PersonaSearches *searches, const PersonaRowTest *test, const Pending *pending, Oid type, Oid collation)
{
	int			number = persona_row_test_column(test);
	Column	   *column = NULL;

	for (int c = 0; c < searches->count && column == NULL; c++)
		if (searches->columns[c].column == number)
			column = &searches->columns[c];
	if (column == NULL)
	{
		if (searches->count == searches->room)
		{
			searches->room = Max(8, searches->room * 2);
			searches->columns = searches->columns == NULL ? palloc(sizeof(Column) * searches->room)
				: repalloc(searches->columns, sizeof(Column) * searches->room);
		}
		column = &searches->columns[searches->count++];
		memset(column, 0, sizeof(Column));
		column->column = number;
		column->type = type;
		column->collation = collation;
	}
	if (column->count == column->room)
	{
		column->room = Max(8, column->room * 2);
		column->tests = column->tests == NULL ? palloc(sizeof(Pending) * column->room)
			: repalloc(column->tests, sizeof(Pending) * column->room);
	}
	column->tests[column->count++] = *pending;
}

/*
 * Turns a test of an instant that is relative to as_of into a comparison; false
 * if it is none.  See relative_truth in row_test.c for what the tests mean.
 */
static bool
relative_comparison(PcoreInstant as_of, const PersonaTest *test, Pending *pending)
{
	PcoreInstant past = pcore_add(as_of, -test->period.length);
	PcoreInstant future = pcore_add(as_of, test->period.length);

	if (test->period.kind != PERSONA_PERIOD_LENGTH || past == PCORE_BEGIN_OF_TIME || future == PCORE_END_OF_TIME)
		return false;
	pending->constants = palloc(sizeof(Datum) * 2);
	switch (test->operator)
	{
		case PERSONA_WITHIN_LAST:
			pending->operator = PERSONA_BETWEEN;
			pending->count = 2;
			pending->constants[0] = TimestampTzGetDatum(past + 1);
			pending->constants[1] = TimestampTzGetDatum(as_of);
			return true;
		case PERSONA_WITHIN_NEXT:
			pending->operator = PERSONA_BETWEEN;
			pending->count = 2;
			pending->constants[0] = TimestampTzGetDatum(as_of + 1);
			pending->constants[1] = TimestampTzGetDatum(future);
			return true;
		case PERSONA_BEFORE:
			pending->operator = PERSONA_AT_MOST;
			pending->count = 1;
			pending->constants[0] = TimestampTzGetDatum(past);
			return true;
		case PERSONA_AFTER:
			pending->operator = PERSONA_MORE_THAN;
			pending->count = 1;
			pending->constants[0] = TimestampTzGetDatum(future);
			return true;
		default:
			return false;
	}
}

/* Takes a test in, if it can be answered by searching. */
bool
persona_searches_add(PersonaSearches *searches, const PersonaCondition *condition, const PersonaRowTest *test, int number)
{
	Pending		pending = {.number = number,.operator = condition->test->operator,.known = condition->test->known};
	Oid			type;
	Oid			collation = InvalidOid;

	if (!persona_row_test_is_plain_column(test))
		return false;
	type = persona_row_test_type(test);
	if (persona_row_test_is_relative(test))
	{
		if (type != TIMESTAMPTZOID || !relative_comparison(searches->as_of, condition->test, &pending))
			return false;
	}
	else if (pending.operator != PERSONA_KNOWN
			 && !persona_row_test_constants(test, &pending.count, &pending.constants, &type, &collation))
		return false;
	if (pending.operator == PERSONA_KNOWN)
		collation = persona_row_test_collation(test);
	add_pending(searches, test, &pending, type, collation);
	return true;
}

/* Returns a value as an integer whose order is that of the values. */
static inline int64
integer_of(Datum value, Oid type)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case DATEOID:
			return DatumGetDateADT(value);
		case BOOLOID:
			return DatumGetBool(value);
		default:
			return DatumGetInt64(value);
	}
}

/* Compares two values of a line. */
static int
compare_values(const void *left, const void *right, void *data)
{
	PersonaSearchLine *line = data;

	return DatumGetInt32(FunctionCall2Coll(&line->compare, line->collation, *(const Datum *) left, *(const Datum *) right));
}

/* Orders integers. */
static int
compare_integers(const void *left, const void *right)
{
	int64		a = *(const int64 *) left;
	int64		b = *(const int64 *) right;

	return (a > b) - (a < b);
}

/*
 * Cuts the line of integers into about as many parts of equal length as there
 * are, so that few are left to search in each.
 */
static void
make_parts(PersonaSearchLine *line)
{
	Size		count;
	int			next = 0;

	if (line->count == 0)
		return;
	line->span = (uint64) line->numbers[line->count - 1] - (uint64) line->numbers[0];
	while (line->span >> line->shift > (uint64) line->count * 2)
		line->shift++;
	count = (Size) (line->span >> line->shift) + 1;
	line->parts = palloc_extended(sizeof(uint32) * (count + 1), MCXT_ALLOC_HUGE);
	for (Size p = 0; p <= count; p++)
	{
		while (next < line->count && ((uint64) line->numbers[next] - (uint64) line->numbers[0]) >> line->shift < p)
			next++;
		line->parts[p] = next;
	}
}

/* Returns the number of constants below an integer; without branches, which could not be foretold. */
static inline int
place_of_integer(const PersonaSearchLine *line, int64 number)
{
	const int64 *base = line->numbers;
	uint64		offset;
	int			left;

	if (line->count == 0 || number <= base[0])
		return 0;
	offset = (uint64) number - (uint64) base[0];
	if (offset > line->span)
		return line->count;
	base += line->parts[offset >> line->shift];
	left = line->numbers + line->parts[(offset >> line->shift) + 1] - base;
	while (left > 1)
	{
		int			half = left / 2;

		base += base[half - 1] < number ? half : 0;
		left -= half;
	}
	return (int) (base - line->numbers) + (left == 1 && *base < number);
}

/* Returns the segment of a value by the comparison of its type. */
static uint32
segment_by_comparing(PersonaSearchLine *line, Datum value)
{
	int			low = 0;
	int			high = line->count;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = compare_values(&line->constants[middle], &value, line);

		if (order == 0)
			return 2 * middle + 1;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 2 * low;
}

/* Finds the segment of a present value on a line. */
static uint32
segment_of(PersonaSearchLine *line, Datum value)
{
	int64		number;
	int			place;
	struct varlena *flat;
	Remembered *known;
	uint32		hash;
	Size		length;

	if (line->kind != LINE_COMPARED)
	{
		if (line->kind == LINE_INTEGER)
			number = integer_of(value, line->type);
		else if (!persona_amount_read(value, line->type, &number))
			return segment_by_comparing(line, value);
		place = place_of_integer(line, number);
		return 2 * place + (place < line->count && line->numbers[place] == number);
	}
	if (line->remembered == NULL)
		return segment_by_comparing(line, value);
	flat = PG_DETOAST_DATUM_PACKED(value);
	length = VARSIZE_ANY_EXHDR(flat);
	if (length == 0 || length > REMEMBERED_BYTES)
		return segment_by_comparing(line, PointerGetDatum(flat));
	hash = hash_bytes((const unsigned char *) VARDATA_ANY(flat), length);
	known = &line->remembered[hash & (REMEMBERED - 1)];
	if (known->length != length || memcmp(known->bytes, VARDATA_ANY(flat), length) != 0)
	{
		known->segment = segment_by_comparing(line, PointerGetDatum(flat));
		known->length = length;
		memcpy(known->bytes, VARDATA_ANY(flat), length);
	}
	return known->segment;
}

/* Puts all constants of a column in order, each once. */
static PersonaSearchLine *
make_line(const Column *column)
{
	PersonaSearchLine *line = palloc0(sizeof(PersonaSearchLine));
	TypeCacheEntry *entry = lookup_type_cache(column->type, TYPECACHE_CMP_PROC);
	int			count = 0;
	int			unique = 0;

	line->type = column->type;
	line->collation = column->collation;
	if (OidIsValid(entry->cmp_proc))
		fmgr_info_cxt(entry->cmp_proc, &line->compare, CurrentMemoryContext);
	for (int t = 0; t < column->count; t++)
		count += column->tests[t].count;
	line->constants = palloc(sizeof(Datum) * (count + 1));
	for (int t = 0; t < column->count; t++)
		for (int i = 0; i < column->tests[t].count; i++)
			line->constants[line->count++] = column->tests[t].constants[i];
	qsort_arg(line->constants, count, sizeof(Datum), compare_values, line);
	for (int i = 0; i < count; i++)
		if (unique == 0 || compare_values(&line->constants[unique - 1], &line->constants[i], line) != 0)
			line->constants[unique++] = line->constants[i];
	line->count = unique;
	line->kind = LINE_COMPARED;
	switch (column->type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case BOOLOID:
			line->kind = LINE_INTEGER;
			break;
		case NUMERICOID:
			line->kind = LINE_AMOUNT;
			break;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			line->remembered = palloc0(sizeof(Remembered) * REMEMBERED);
			break;
	}
	line->numbers = palloc(sizeof(int64) * (unique + 1));
	for (int i = 0; i < unique && line->kind != LINE_COMPARED; i++)
		if (line->kind == LINE_INTEGER)
			line->numbers[i] = integer_of(line->constants[i], line->type);
		else if (!persona_amount_read(line->constants[i], line->type, &line->numbers[i]))
			line->kind = LINE_COMPARED;
	if (line->kind != LINE_COMPARED)
		make_parts(line);
	return line;
}

/* Adds a run of segments to a test. */
static void
add_run(PersonaSearchTest *test, uint32 from, uint32 until)
{
	if (from < until)
		test->runs[test->run_count++] = (PersonaRun) {from, until};
}

/* Adds the segments in which one of the constants is met, or in which none is. */
static void
add_equal_runs(PersonaSearchLine *line, PersonaSearchTest *test, const Pending *pending, bool negated)
{
	int64	   *places = palloc(sizeof(int64) * (pending->count + 1));
	uint32		next = 0;

	for (int i = 0; i < pending->count; i++)
		places[i] = segment_of(line, pending->constants[i]);
	qsort(places, pending->count, sizeof(int64), compare_integers);
	for (int i = 0; i < pending->count; i++)
	{
		if (i > 0 && places[i] == places[i - 1])
			continue;
		if (negated)
		{
			add_run(test, next, places[i]);
			next = places[i] + 1;
		}
		else
			add_run(test, places[i], places[i] + 1);
	}
	/* What is absent is unequal to everything. */
	if (negated)
		add_run(test, next, 2 * line->count + 2);
}

/* Finds out in which segments a test holds. */
static void
prepare_test(PersonaSearchLine *line, PersonaSearchTest *test, const Pending *pending)
{
	uint32		absent = 2 * line->count + 1;
	uint32		first = pending->count > 0 ? segment_of(line, pending->constants[0]) : 0;

	test->number = pending->number;
	test->runs = palloc(sizeof(PersonaRun) * (pending->count + 2));
	switch (pending->operator)
	{
		case PERSONA_IS:
		case PERSONA_IN:
			add_equal_runs(line, test, pending, false);
			break;
		case PERSONA_IS_NOT:
		case PERSONA_NOT_IN:
			add_equal_runs(line, test, pending, true);
			break;
		case PERSONA_AT_LEAST:
			add_run(test, first, absent);
			break;
		case PERSONA_MORE_THAN:
			add_run(test, first + 1, absent);
			break;
		case PERSONA_AT_MOST:
			add_run(test, 0, first + 1);
			break;
		case PERSONA_LESS_THAN:
			add_run(test, 0, first);
			break;
		case PERSONA_BETWEEN:
			add_run(test, first, segment_of(line, pending->constants[1]) + 1);
			break;
		case PERSONA_KNOWN:
			if (pending->known)
				add_run(test, 0, absent);
			else
				add_run(test, absent, absent + 1);
			break;
		default:
			elog(ERROR, "operator %d is no comparison", pending->operator);
	}
	if (test->run_count > MOST_RUNS)
	{
		test->members = palloc0(sizeof(uint64) * (absent / 64 + 1));
		for (int r = 0; r < test->run_count; r++)
			for (uint32 s = test->runs[r].from; s < test->runs[r].until; s++)
				test->members[s / 64] |= UINT64CONST(1) << (s % 64);
	}
}

/* Ends adding. */
PersonaSearch *
persona_searches_ready(PersonaSearches *searches, int *count)
{
	PersonaSearch *ready = palloc0(sizeof(PersonaSearch) * (searches->count + 1));

	for (int c = 0; c < searches->count; c++)
	{
		const Column *column = &searches->columns[c];

		ready[c].column = column->column;
		ready[c].line = make_line(column);
		ready[c].segments = 2 * ready[c].line->count + 2;
		ready[c].test_count = column->count;
		ready[c].tests = palloc0(sizeof(PersonaSearchTest) * column->count);
		for (int t = 0; t < column->count; t++)
			prepare_test(ready[c].line, &ready[c].tests[t], &column->tests[t]);
	}
	*count = searches->count;
	return ready;
}

/* Finds the segment of a value. */
uint32
persona_search(PersonaSearch *search, Datum value, bool null)
{
	return null ? search->segments - 1 : segment_of(search->line, value);
}

/* Tells whether a test holds in a segment. */
bool
persona_search_holds(const PersonaSearchTest *test, uint32 segment)
{
	if (test->members != NULL)
		return (test->members[segment / 64] >> (segment % 64)) & 1;
	for (int r = 0; r < test->run_count; r++)
		if (segment >= test->runs[r].from && segment < test->runs[r].until)
			return true;
	return false;
}

/* Numbers the segments at which runs of the wanted tests begin or end. */
static void
number_bounds(PersonaSearch *search, const bool *wanted)
{
	search->bounds = palloc0(sizeof(uint32) * (search->segments + 2));
	for (int t = 0; t < search->test_count; t++)
	{
		const PersonaSearchTest *test = &search->tests[t];

		if (!wanted[test->number] || test->members != NULL)
			continue;
		for (int r = 0; r < test->run_count; r++)
			search->bounds[test->runs[r].from] = search->bounds[test->runs[r].until] = 1;
	}
	/* Below the first segment lies nothing. */
	search->bounds[0] = 0;
	for (uint32 s = 1; s <= search->segments; s++)
		search->bounds[s] += search->bounds[s - 1];
	search->bound_count = search->bounds[search->segments];
}

/* Prepares to answer those tests for blocks that are wanted, by number. */
void
persona_search_prepare_blocks(PersonaSearch *search, const bool *wanted)
{
	int			runs = 0;

	number_bounds(search, wanted);
	for (int t = 0; t < search->test_count; t++)
		runs += Max(search->tests[t].run_count, 1);
	search->flat = palloc_extended(sizeof(PersonaFlatRun) * (runs + 1), MCXT_ALLOC_HUGE);
	search->members = palloc(sizeof(PersonaSearchTest *) * (search->test_count + 1));
	for (int t = 0; t < search->test_count; t++)
	{
		PersonaSearchTest *test = &search->tests[t];

		if (!wanted[test->number])
			continue;
		if (test->members != NULL)
		{
			search->members[search->member_count++] = test;
			continue;
		}
		/* A test that never holds has an empty run. */
		for (int r = 0; r < Max(test->run_count, 1); r++)
			search->flat[search->flat_count++] = (PersonaFlatRun)
			{
				test->number, r == 0, test->run_count > 0 ? search->bounds[test->runs[r].from] : 0,
					test->run_count > 0 ? search->bounds[test->runs[r].until] : 0
			};
	}
}

/* Returns in how many of the counted values a test holds. */
uint64
persona_search_sum(const PersonaSearch *search, const PersonaSearchTest *test, const uint64 *below)
{
	uint64		sum = 0;

	if (test->members == NULL)
		for (int r = 0; r < test->run_count; r++)
			sum += below[test->runs[r].until] - below[test->runs[r].from];
	else
		for (uint32 s = 0; s < search->segments; s++)
			if (persona_search_holds(test, s))
				sum += below[s + 1] - below[s];
	return sum;
}
