/*
 * amount.h - numbers as billionths, as long as they are exact.
 */
#ifndef PERSONA_AMOUNT_H
#define PERSONA_AMOUNT_H

#include "postgres.h"

#define PERSONA_AMOUNT_ABSENT PG_INT64_MIN	/* no amount is that small */

/*
 * Returns a value of a number type in billionths; false if it is not a whole
 * number of them, or too large, or the type has other numbers.
 */
extern bool persona_amount_read(Datum value, Oid type, int64 *amount);

/* Tells whether values of a type can be read. */
extern bool persona_amount_type(Oid type);

#endif							/* PERSONA_AMOUNT_H */
