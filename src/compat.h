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

#endif							/* PERSONA_COMPAT_H */
