/*
 * compat.h - every difference between the PostgreSQL versions 15 to 18.
 */
#ifndef PERSONA_COMPAT_H
#define PERSONA_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "persona needs PostgreSQL 15 or later"
#endif

/* 16 moved the macros of variable-length values to a header of their own. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 made the bytes of base64 unsigned. */
#if PG_VERSION_NUM >= 180000
#define PERSONA_BASE64_BYTES(bytes) ((uint8 *) (bytes))
#else
#define PERSONA_BASE64_BYTES(bytes) ((char *) (bytes))
#endif

/* 18 names the module and its version in the magic block. */
#if PG_VERSION_NUM >= 180000
#define PERSONA_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "persona", .version = PERSONA_VERSION)
#else
#define PERSONA_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* 16 made reading all that is asked for one call. */
#if PG_VERSION_NUM >= 160000
#define PERSONA_READ_FILE(file, data, size) BufFileReadExact(file, data, size)
#else
#define PERSONA_READ_FILE(file, data, size) \
	do { \
		if (BufFileRead(file, data, size) != (size)) \
			ereport(ERROR, \
					(errcode_for_file_access(), \
					 errmsg("could not read a temporary file of persona"))); \
	} while (0)
#endif

/*
 * Tells whether a Var may be NULL because of an outer join.  16 marks each Var;
 * in 15 only the query tells whether it has outer joins at all.
 */
#if PG_VERSION_NUM >= 160000
#define PERSONA_IS_NULLABLE(query, var) (!bms_is_empty((var)->varnullingrels))
#else
#define PERSONA_IS_NULLABLE(query, var) persona_has_outer_joins(query)
#define PERSONA_NEEDS_OUTER_JOIN_SEARCH
#endif

/* 16 renamed what finds the status of a backend by its place in the list. */
#if PG_VERSION_NUM >= 160000
#define PERSONA_BACKEND_STATUS(place) (&pgstat_get_local_beentry_by_index(place)->backendStatus)
#else
#define PERSONA_BACKEND_STATUS(place) (&pgstat_fetch_stat_local_beentry(place)->backendStatus)
#endif

/* 18 can leave room before a minimal tuple. */
#if PG_VERSION_NUM >= 180000
#define PERSONA_FORM_MINIMAL_TUPLE(desc, values, nulls) heap_form_minimal_tuple(desc, values, nulls, 0)
#else
#define PERSONA_FORM_MINIMAL_TUPLE(desc, values, nulls) heap_form_minimal_tuple(desc, values, nulls)
#endif

#endif							/* PERSONA_COMPAT_H */
