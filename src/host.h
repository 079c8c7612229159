/*
 * host.h - the server as the host of the core: memory, errors, zones, keys.
 */
#ifndef PERSONA_HOST_H
#define PERSONA_HOST_H

#include "postgres.h"

#include "core/zone.h"

/*
 * What is being read, for error messages: "condition", and where it stands:
 * cohort "vip".  Set with persona_enter_definition, restored with
 * persona_leave_definition; an error in between leaves it set, so every
 * SQL-callable function that reads definitions begins with its own.
 */
typedef struct PersonaDefinition
{
	const char *subject;
	const char *name;			/* or NULL */
	int			sqlstate;
} PersonaDefinition;

extern PersonaDefinition persona_enter_definition(const char *subject, const char *name, int sqlstate);
extern void persona_leave_definition(PersonaDefinition outer);

/* Like pcore_fail, with a SQLSTATE of its own. */
extern void persona_fail(int sqlstate, const char *path, const char *message, const char *hint)
	__attribute__((noreturn));

/* Sets a zone up by name; returns false when PostgreSQL does not know it. */
extern bool persona_zone_find(const char *name, PcoreZone *zone);

#endif							/* PERSONA_HOST_H */
