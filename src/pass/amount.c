/*
 * amount.c - reads numbers as billionths in 64 bits.
 *
 * numeric is read from its stored form, which is that of tables on disk and so
 * the same in all versions: base 10000 digits behind a short or a long header.
 * Through its functions it would take several times as long as all else that is
 * done with an event.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "compat.h"
#include "fmgr.h"
#include "pass/amount.h"

#define BILLION INT64CONST(1000000000)

#define SIGN_MASK 0xC000
#define IS_SHORT 0x8000
#define IS_SPECIAL 0xC000
#define IS_NEGATIVE 0x4000
#define SHORT_NEGATIVE 0x2000
#define SHORT_WEIGHT_NEGATIVE 0x0040
#define SHORT_WEIGHT 0x003F

/* Reads a numeric. */
static bool
read_numeric(Datum value, int64 *amount)
{
	struct varlena *flat = PG_DETOAST_DATUM_PACKED(value);
	const char *data = VARDATA_ANY(flat);
	int			length = VARSIZE_ANY_EXHDR(flat);
	/* What a digit of 10000 to the power 2, 1, 0, -1, -2 is worth. */
	static const int64 worth[] = {BILLION * 100000000, BILLION * 10000, BILLION, 100000, 10};
	uint16		header;
	int			weight;
	bool		negative;
	int128	sum = 0;

	memcpy(&header, data, 2);
	if ((header & SIGN_MASK) == IS_SPECIAL)
		return false;
	if ((header & SIGN_MASK) == IS_SHORT)
	{
		negative = (header & SHORT_NEGATIVE) != 0;
		weight = (header & SHORT_WEIGHT) | ((header & SHORT_WEIGHT_NEGATIVE) ? ~SHORT_WEIGHT : 0);
		data += 2;
		length -= 2;
	}
	else
	{
		int16		long_weight;

		negative = (header & SIGN_MASK) == IS_NEGATIVE;
		memcpy(&long_weight, data + 2, 2);
		weight = long_weight;
		data += 4;
		length -= 4;
	}
	for (; length > 0; length -= 2, data += 2, weight--)
	{
		int16		digit;

		memcpy(&digit, data, 2);
		if (digit == 0)
			continue;
		if (weight > 2)
			return false;
		if (weight >= -2)
			sum += (int128) digit * worth[2 - weight];
		else if (weight == -3 && digit % 1000 == 0)
			sum += digit / 1000;
		else
			return false;
	}
	if (sum > PG_INT64_MAX)
		return false;
	*amount = negative ? -(int64) sum : (int64) sum;
	return true;
}

/* Returns a value of a number type in billionths. */
bool
persona_amount_read(Datum value, Oid type, int64 *amount)
{
	int64		number;

	switch (type)
	{
		case NUMERICOID:
			return read_numeric(value, amount);
		case INT2OID:
			number = DatumGetInt16(value);
			break;
		case INT4OID:
			number = DatumGetInt32(value);
			break;
		case INT8OID:
			number = DatumGetInt64(value);
			break;
		default:
			return false;
	}
	return !__builtin_mul_overflow(number, BILLION, amount) && *amount != PERSONA_AMOUNT_ABSENT;
}

/* Tells whether values of a type can be read. */
bool
persona_amount_type(Oid type)
{
	return type == NUMERICOID || type == INT2OID || type == INT4OID || type == INT8OID;
}
