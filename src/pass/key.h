/*
 * key.h - keys of customers as 64-bit codes, and in the bytes of a record.
 *
 * An event belongs to a customer if the operator of its binding says that the
 * two columns are equal.  The code of a key is a hash under which equal keys
 * are equal.  Integers are their own hash, mixed without loss: there equal
 * codes are equal keys, and nothing else has to be kept or compared.
 */
#ifndef PERSONA_KEY_H
#define PERSONA_KEY_H

#include "postgres.h"

#include "catalog/program.h"
#include "fmgr.h"

typedef enum PersonaKeyKind
{
	PERSONA_KEY_INTEGER,		/* smallint, integer, bigint */
	PERSONA_KEY_UUID,			/* equal if their bytes are */
	PERSONA_KEY_TEXT,			/* of a deterministic collation: the same */
	PERSONA_KEY_OTHER			/* by the hash and equality of its type */
} PersonaKeyKind;

/* How keys of customers are told apart. */
typedef struct PersonaCustomerKeys
{
	PersonaKeyKind kind;
	Oid			type;			/* of the column, domains resolved */
	Oid			collation;
	int16		length;
	bool		by_value;
	bool		hashable;
	FmgrInfo	hash;
	FmgrInfo	equal;
} PersonaCustomerKeys;

/* How the events of a source name their customer. */
typedef struct PersonaEventKey
{
	bool		joined;			/* not comparable by code: the query joins them with the customers' keys */
	Oid			type;			/* of the column that the query returns, domains resolved */
} PersonaEventKey;

/* Finds out how the keys of the bound customers are told apart. */
extern void persona_keys_find(PersonaCustomerKeys *keys, TupleDesc customers, int column);

/* Finds out how a source names customers. */
extern void persona_event_key_find(PersonaEventKey *key, const PersonaCustomerKeys *keys, const PersonaProgram *program,
								   const PersonaSource *source, TupleDesc events);

/* Mixes a number so that all its bits depend on each other; no two numbers become one. */
static inline uint64
persona_mix(uint64 number)
{
	number ^= number >> 33;
	number *= UINT64CONST(0xff51afd7ed558ccd);
	number ^= number >> 33;
	number *= UINT64CONST(0xc4ceb9fe1a85ec53);
	number ^= number >> 33;
	return number;
}

/* Returns an integer of a type. */
static inline int64
persona_key_integer(Datum value, Oid type)
{
	return type == INT8OID ? DatumGetInt64(value) : type == INT4OID ? DatumGetInt32(value) : DatumGetInt16(value);
}

/* Returns the code of a key that is no integer; "bytes" are what a record keeps of it. */
extern uint64 persona_key_code(const PersonaCustomerKeys *keys, Datum value, const char **bytes, Size *length);

/* Tells whether the bytes of two keys, whose codes are the same, are of equal keys. */
extern bool persona_key_same(const PersonaCustomerKeys *keys, const char *a, Size a_length, const char *b, Size b_length);

/* Makes a datum of a key from its bytes (of integers: from its code). */
extern Datum persona_key_datum(const PersonaCustomerKeys *keys, const char *bytes, Size length);

#endif							/* PERSONA_KEY_H */
