/*
 * key.c - how keys of customers and of events are compared in a pass.
 *
 * A source may name customers by another type than the key's, or in another
 * collation.  Where the two can't be brought to one code, the query of the
 * source joins its rows with the customers' keys, and the pass gets the key
 * itself.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "pass/key.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

/* Tells whether a type is an integer whose equality is that of numbers. */
static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/* Tells whether a type is text that is equal if its bytes are, in a collation. */
static bool
is_plain_text(Oid type, Oid collation)
{
	return (type == TEXTOID || type == VARCHAROID) && OidIsValid(collation) && get_collation_isdeterministic(collation);
}

/* Finds out how the keys of the bound customers are told apart. */
void
persona_keys_find(PersonaCustomerKeys *keys, TupleDesc customers, int column)
{
	Form_pg_attribute attribute = TupleDescAttr(customers, column - 1);
	TypeCacheEntry *entry;

	memset(keys, 0, sizeof(PersonaCustomerKeys));
	keys->type = getBaseType(attribute->atttypid);
	keys->collation = attribute->attcollation;
	get_typlenbyval(keys->type, &keys->length, &keys->by_value);
	if (is_integer(keys->type))
		keys->kind = PERSONA_KEY_INTEGER;
	else if (keys->type == UUIDOID)
		keys->kind = PERSONA_KEY_UUID;
	else if (is_plain_text(keys->type, keys->collation))
		keys->kind = PERSONA_KEY_TEXT;
	else
		keys->kind = PERSONA_KEY_OTHER;
	entry = lookup_type_cache(keys->type, TYPECACHE_EQ_OPR | TYPECACHE_EQ_OPR_FINFO | TYPECACHE_HASH_PROC);
	if (!OidIsValid(entry->eq_opr))
		elog(ERROR, "keys of type %s can't be compared", format_type_be(keys->type));
	fmgr_info_cxt(get_opcode(entry->eq_opr), &keys->equal, CurrentMemoryContext);
	keys->hashable = OidIsValid(entry->hash_proc);
	if (keys->hashable)
		fmgr_info_cxt(entry->hash_proc, &keys->hash, CurrentMemoryContext);
}

/* Returns the comparison of an event's column with the customers' key, as SQL understands it. */
static OpExpr *
comparison(const PersonaProgram *program, const PersonaSource *source)
{
	char	   *query;
	Query	   *analyzed;
	Node	   *expression;

	if (source->equality == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the program does not tell how customers of events \"%s\" are compared", source->name)));
	query = psprintf("SELECT e.%s %s c.%s FROM %s AS e, %s AS c", quote_identifier(source->customer),
					 source->equality, quote_identifier(program->key_column), source->relation, program->customer_relation);
	analyzed = parse_analyze_fixedparams(linitial_node(RawStmt, raw_parser(query, RAW_PARSE_DEFAULT)), query, NULL, 0, NULL);
	expression = (Node *) linitial_node(TargetEntry, analyzed->targetList)->expr;
	if (!IsA(expression, OpExpr))
		elog(ERROR, "the comparison of keys is no operator");
	return (OpExpr *) expression;
}

/* Finds out how a source names customers. */
void
persona_event_key_find(PersonaEventKey *key, const PersonaCustomerKeys *keys, const PersonaProgram *program,
					   const PersonaSource *source, TupleDesc events)
{
	Form_pg_attribute attribute = NULL;
	OpExpr	   *compared = comparison(program, source);
	Oid			left = exprType(linitial(compared->args));
	Oid			right = exprType(lsecond(compared->args));
	RegProcedure left_hash;
	RegProcedure right_hash;

	for (int i = 0; i < events->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(events, i)->attname), source->customer) == 0)
			attribute = TupleDescAttr(events, i);
	if (attribute == NULL)
		elog(ERROR, "%s has no column \"%s\"", source->relation, source->customer);
	memset(key, 0, sizeof(PersonaEventKey));
	key->type = getBaseType(attribute->atttypid);
	switch (keys->kind)
	{
		case PERSONA_KEY_INTEGER:
			key->joined = !is_integer(left) || !is_integer(right) || !is_integer(key->type);
			break;
		case PERSONA_KEY_UUID:
			key->joined = left != UUIDOID || right != UUIDOID || key->type != UUIDOID;
			break;
		case PERSONA_KEY_TEXT:
			key->joined = left != TEXTOID || right != TEXTOID || !is_plain_text(key->type, attribute->attcollation);
			break;
		case PERSONA_KEY_OTHER:
			/* One type, one collation, one hash; else the planner knows better. */
			key->joined = key->type != keys->type || attribute->attcollation != keys->collation
				|| (keys->hashable && (!get_op_hash_functions(compared->opno, &left_hash, &right_hash)
									   || left_hash != keys->hash.fn_oid || right_hash != keys->hash.fn_oid));
			break;
	}
	if (key->joined)
		key->type = keys->type;
}

/* Returns the code of a key that is no integer. */
uint64
persona_key_code(const PersonaCustomerKeys *keys, Datum value, const char **bytes, Size *length)
{
	if (keys->by_value)
	{
		static char place[sizeof(Datum)];

		memcpy(place, &value, sizeof(Datum));
		*bytes = place;
		*length = sizeof(Datum);
	}
	else if (keys->length == -1)
	{
		struct varlena *flat = PG_DETOAST_DATUM_PACKED(value);

		if (keys->kind == PERSONA_KEY_TEXT)
		{
			*bytes = VARDATA_ANY(flat);
			*length = VARSIZE_ANY_EXHDR(flat);
		}
		else
		{
			flat = PG_DETOAST_DATUM(value);
			*bytes = (const char *) flat;
			*length = VARSIZE(flat);
			value = PointerGetDatum(flat);
		}
	}
	else if (keys->length == -2)
	{
		*bytes = DatumGetCString(value);
		*length = strlen(*bytes) + 1;
	}
	else
	{
		*bytes = DatumGetPointer(value);
		*length = keys->length;
	}
	if (keys->kind == PERSONA_KEY_OTHER)
		return keys->hashable ? persona_mix(DatumGetUInt32(FunctionCall1Coll((FmgrInfo *) &keys->hash, keys->collation, value))) : 0;
	return hash_bytes_extended((const unsigned char *) *bytes, *length, 0);
}

/* Tells whether the bytes of two keys, whose codes are the same, are of equal keys. */
bool
persona_key_same(const PersonaCustomerKeys *keys, const char *a, Size a_length, const char *b, Size b_length)
{
	if (keys->kind == PERSONA_KEY_INTEGER)
		return true;
	if (a_length == b_length && memcmp(a, b, a_length) == 0 && keys->kind != PERSONA_KEY_OTHER)
		return true;
	if (keys->kind != PERSONA_KEY_OTHER)
		return false;
	return DatumGetBool(FunctionCall2Coll((FmgrInfo *) &keys->equal, keys->collation,
										  persona_key_datum(keys, a, a_length), persona_key_datum(keys, b, b_length)));
}

/* Makes a datum of a key from its bytes. */
Datum
persona_key_datum(const PersonaCustomerKeys *keys, const char *bytes, Size length)
{
	if (keys->by_value)
	{
		Datum		value;

		memcpy(&value, bytes, sizeof(Datum));
		return value;
	}
	if (keys->kind == PERSONA_KEY_TEXT)
		return PointerGetDatum(cstring_to_text_with_len(bytes, length));
	return PointerGetDatum(bytes);
}
