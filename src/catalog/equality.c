/*
 * equality.c - the operator with which SQL compares values of two types.
 *
 * Programs are built with it, one use for each source of events, so it looks
 * into the caches of the catalog instead of asking queries.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(persona_equality);

/* Returns the type for which the operator classes of a type are declared. */
static Oid
class_type(Oid type)
{
	char		category;
	bool		preferred;

	if (type == VARCHAROID)
		return TEXTOID;
	get_type_category_preferred(type, &category, &preferred);
	if (category == TYPCATEGORY_ARRAY)
		return ANYARRAYOID;
	switch (get_typtype(type))
	{
		case TYPTYPE_ENUM:
			return ANYENUMOID;
		case TYPTYPE_RANGE:
			return ANYRANGEOID;
		case TYPTYPE_MULTIRANGE:
			return ANYMULTIRANGEOID;
		case TYPTYPE_COMPOSITE:
			return RECORDOID;
		default:
			return type;
	}
}

/* Returns the equality of two types in the default btree operator class of a type, or InvalidOid. */
static Oid
equality_of_class(Oid left, Oid right, Oid of_class)
{
	TypeCacheEntry *entry = lookup_type_cache(of_class, TYPECACHE_BTREE_OPFAMILY);

	if (!OidIsValid(entry->btree_opf) || entry->btree_opintype != of_class)
		return InvalidOid;
	return get_opfamily_member(entry->btree_opf, left, right, BTEqualStrategyNumber);
}

/* Tells whether values of a type become those of another without being asked to. */
static bool
casts_implicitly(Oid source, Oid target)
{
	HeapTuple	tuple = SearchSysCache2(CASTSOURCETARGET, ObjectIdGetDatum(source), ObjectIdGetDatum(target));
	bool		casts = HeapTupleIsValid(tuple) && ((Form_pg_cast) GETSTRUCT(tuple))->castcontext == COERCION_CODE_IMPLICIT;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return casts;
}

/* Finds the operator, and whether an index on the left side can serve it. */
static Oid
find_equality(Oid left, Oid right, bool *left_indexed)
{
	Oid			left_class = class_type(left);
	Oid			right_class = class_type(right);
	Oid			found = InvalidOid;

	*left_indexed = true;
	if (left == right || left_class == left || left_class == TEXTOID)
		found = equality_of_class(left_class, right_class, right_class);
	/* One side implicitly cast to the type of the other. */
	if (!OidIsValid(found) && casts_implicitly(right, left))
		found = equality_of_class(left_class, left_class, left_class);
	if (!OidIsValid(found) && casts_implicitly(left, right))
	{
		found = equality_of_class(right_class, right_class, right_class);
		*left_indexed = false;
	}
	return found;
}

/*
 * persona.equality(left_type, right_type): how SQL compares values of two types
 * for equality, and whether an index on the left side can serve it; NULL if
 * they can't be compared, or are no types.
 */
Datum
persona_equality(PG_FUNCTION_ARGS)
{
	Oid			left = PG_GETARG_OID(0);
	Oid			right = PG_GETARG_OID(1);
	Datum		values[2];
	bool		nulls[2] = {false};
	bool		left_indexed;
	Oid			found;
	HeapTuple	tuple;
	Form_pg_operator operator;
	TupleDesc	desc;

	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(left)) || !SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(right)))
		PG_RETURN_NULL();
	found = find_equality(getBaseType(left), getBaseType(right), &left_indexed);
	if (!OidIsValid(found))
		PG_RETURN_NULL();
	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(found));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", found);
	operator = (Form_pg_operator) GETSTRUCT(tuple);
	values[0] = CStringGetTextDatum(psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(operator->oprnamespace)),
											 NameStr(operator->oprname)));
	values[1] = BoolGetDatum(left_indexed);
	ReleaseSysCache(tuple);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "persona.equality must return a row");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
