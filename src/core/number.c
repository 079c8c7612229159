/*
 * number.c - compares numbers by their digits.
 *
 * A number is brought to the form 0.d1d2d3... * 10^exponent, without zeros at
 * either end; of two positive ones, the larger exponent wins, then the digits.
 */
#include "core/number.h"

#include <stdlib.h>
#include <string.h>

typedef struct Number
{
	int			sign;			/* -1, 0, 1 */
	const char *digits;			/* significant ones */
	int			count;
	int64_t		exponent;
} Number;

/* Exponents beyond this are all the same size: no text has so many digits. */
#define MOST_EXPONENT INT64_C(1000000000000)

/* Takes a number apart. */
static Number
read_number(const char *text)
{
	Number		number = {1, NULL, 0, 0};
	char	   *digits = pcore_alloc(strlen(text) + 1);
	int			before = 0;		/* digits before the point */
	int			zeros = 0;		/* at the begin */
	bool		point = false;

	if (*text == '-')
	{
		number.sign = -1;
		text++;
	}
	for (; (*text >= '0' && *text <= '9') || *text == '.'; text++)
	{
		if (*text == '.')
			point = true;
		else
		{
			digits[number.count++] = *text;
			before += !point;
		}
	}
	if (*text == 'e' || *text == 'E')
	{
		long long	written = strtoll(text + 1, NULL, 10);

		number.exponent = written > MOST_EXPONENT ? MOST_EXPONENT : written < -MOST_EXPONENT ? -MOST_EXPONENT : written;
	}
	while (zeros < number.count && digits[zeros] == '0')
		zeros++;
	while (number.count > zeros && digits[number.count - 1] == '0')
		number.count--;
	number.digits = digits + zeros;
	number.count -= zeros;
	number.exponent += before - zeros;
	if (number.count == 0)
	{
		number.sign = 0;
		number.exponent = 0;
	}
	return number;
}

/* Compares two numbers in JSON's syntax by value. */
int
pcore_number_compare(const char *a, const char *b)
{
	Number		x = read_number(a);
	Number		y = read_number(b);
	int			order;

	if (x.sign != y.sign)
		return x.sign < y.sign ? -1 : 1;
	if (x.exponent != y.exponent)
		return x.exponent < y.exponent ? -x.sign : x.sign;
	order = memcmp(x.digits, y.digits, (size_t) (x.count < y.count ? x.count : y.count));
	/* Of two that begin alike the one with more digits is larger. */
	if (order == 0)
		order = (x.count > y.count) - (x.count < y.count);
	return order < 0 ? -x.sign : order > 0 ? x.sign : 0;
}
