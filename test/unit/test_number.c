/*
 * test_number.c - numbers as written in JSON, compared by value.
 */
#include "core/number.h"

#include <inttypes.h>

#include "host.h"
#include "naive.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

/* Checks pairs of numbers, both ways round. */
static void
test_pairs(void)
{
	static const struct
	{
		const char *a;
		const char *b;
		int			order;
	}			cases[] = {
		{"0", "0", 0}, {"-0", "0", 0}, {"0.000", "-0e5", 0}, {"1", "1.0", 0}, {"10", "1e1", 0}, {"0.1", "1E-1", 0},
		{"0.10", "0.1000", 0}, {"-7.50", "-75e-1", 0}, {"100", "1e+2", 0}, {"0e999999999999999999999", "0", 0},
		{"0", "1", -1}, {"-1", "0", -1}, {"-1", "1", -1}, {"-2", "-1", -1}, {"9", "10", -1}, {"99", "100.5", -1},
		{"9007199254740992", "9007199254740993", -1}, {"0.1", "0.10000000000000000000000001", -1},
		{"12345678901234567890.1", "12345678901234567890.2", -1}, {"0.099", "0.1", -1}, {"0.01", "0.011", -1},
		{"1e-400", "1e-399", -1}, {"0", "1e-400", -1}, {"1e400", "1e401", -1}, {"-1e401", "-1e400", -1},
		{"1e99999999999999999999", "2e99999999999999999999", -1}, {"1", "1.0000000000000000000000000000000001", -1},
	};

	for (int i = 0; i < COUNT(cases); i++)
	{
		host_case("%s, %s", cases[i].a, cases[i].b);
		CHECK_INT(pcore_number_compare(cases[i].a, cases[i].b), cases[i].order);
		CHECK_INT(pcore_number_compare(cases[i].b, cases[i].a), -cases[i].order);
	}
}

/* Writes a number of thousandths in one of several ways. */
static char *
write_number(NaiveSource *source, int64_t thousandths)
{
	const char *sign = thousandths < 0 ? "-" : "";
	int64_t		size = thousandths < 0 ? -thousandths : thousandths;

	switch (naive_below(source, 4))
	{
		case 0:
			return pcore_format("%s%" PRId64 ".%03" PRId64, sign, size / 1000, size % 1000);
		case 1:
			return pcore_format("%s%" PRId64 "e-3", sign, size);
		case 2:
			return pcore_format("%s0.00%03" PRId64 "%s", sign, size % 1000, size < 1000 ? "E+2" : "e2");
		default:
			return pcore_format("%s%" PRId64 "000E-6", sign, size);
	}
}

/* Compares two random numbers, and what they were made of. */
static void
check_random(NaiveSource *source)
{
	/* The third way of writing has room for thousandths only. */
	int64_t		a = (int64_t) ((naive_take(source) * 256 + naive_take(source)) % 1999) - 999;
	int64_t		b = naive_below(source, 3) == 0 ? a : (int64_t) ((naive_take(source) * 256 + naive_take(source)) % 1999) - 999;

	CHECK_INT(pcore_number_compare(write_number(source, a), write_number(source, b)), (a > b) - (a < b));
}

int
main(void)
{
	test_pairs();
	naive_repeat("random numbers", 2000, check_random);
	return host_finish();
}
