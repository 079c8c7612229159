/*
 * persona.c - module entry.
 *
 * doc/internals.md walks through the source in reading order.
 */
#include "postgres.h"

#include "compat.h"
#include "fmgr.h"

PERSONA_MODULE_MAGIC;
