/*
 * cache.h - compiled programs of this backend.
 */
#ifndef PERSONA_CACHE_H
#define PERSONA_CACHE_H

#include "catalog/program.h"

/*
 * Returns the compiled form of a program value.  It stays as long as the
 * function call site "flinfo" does; a call site asks again for every row and
 * is answered at once while the value stays the same.
 */
extern PersonaProgram *persona_program_open(FmgrInfo *flinfo, Datum value);

/* The same for the program that evaluates one condition (persona.program_for). */
extern PersonaProgram *persona_program_open_condition(FmgrInfo *flinfo, const char *text, int length);

/* Returns memory of a call site that the caller resets for every row. */
extern MemoryContext persona_call_memory(FmgrInfo *flinfo);

/* Returns a place for what else a call site keeps; it begins as NULL. */
extern void **persona_call_data(FmgrInfo *flinfo);

/* Returns the relation that stands for all definitions: who depends on it hears of each change. */
extern Oid	persona_definitions_relation(void);

#endif							/* PERSONA_CACHE_H */
