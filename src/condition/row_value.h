/*
 * row_value.h - a value in a row, for the files that read and test it.
 */
#ifndef PERSONA_ROW_VALUE_H
#define PERSONA_ROW_VALUE_H

#include "condition/row_test.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/jsonb.h"

/* How to get from a row to the value that a dotted path names. */
struct PersonaRowValue
{
	int			column;			/* 0: no such column, always absent */
	int			depth;			/* nested composites */
	int		   *fields;
	int			keys;			/* path inside json */
	Datum	   *key_texts;
	Oid			type;			/* base type of the value, JSONBOID for json */
	int32		typmod;
	Oid			collation;
	bool		from_json;		/* the column is json, not jsonb */
	FmgrInfo	output;
};

/* Tells whether a type holds instants or days. */
static inline bool
persona_is_time_type(Oid type)
{
	return type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID;
}

/* Reads the value from a row; returns false when it is absent. */
extern bool persona_row_value_fetch(const PersonaRowValue *value, const Datum *values, const bool *nulls, Datum *result);

/* Reads the scalar of a jsonb value; returns false when it is none, or null. */
extern bool persona_json_scalar(Datum datum, JsonbValue *scalar);

/* Returns a value as its type writes it; the padding of character(n) does not count. */
extern char *persona_text_of(Oid type, FmgrInfo *output, Datum value);

#endif							/* PERSONA_ROW_VALUE_H */
