/*
 * population.h - what is asked of all customers together: for the files that
 * answer it in one pass.
 */
#ifndef PERSONA_POPULATION_H
#define PERSONA_POPULATION_H

#include "decision/decide.h"
#include "pass/pass.h"
#include "progress.h"

/* Asks for all that is needed to open customers. */
extern void persona_population_plan(PersonaPass *pass);

/* Opens each customer of a block, calls a function, and frees what it used. */
extern void persona_population_walk(PersonaPass *pass, const PersonaBlock *block,
									void (*visit) (PersonaPass *pass, PersonaCustomer *customer));

/* Runs a pass, and tells how far it is. */
extern PersonaPass *persona_population_run(FunctionCallInfo fcinfo, PersonaTask task, const char *symbol,
										   const PersonaQuestion *question, Tuplestorestate *rows, TupleDesc desc);

#endif							/* PERSONA_POPULATION_H */
