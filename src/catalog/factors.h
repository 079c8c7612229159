/*
 * factors.h - what a campaign's score is made of, as defined.
 */
#ifndef PERSONA_FACTORS_H
#define PERSONA_FACTORS_H

#include "catalog/program.h"

/* Reads which factors count, and the weights of kinds of experiences. */
extern void persona_arbitration_read(PersonaProgram *program, const PersonaJson *json);

/* Reads the factors of a campaign, whose name, cohort and trigger are known. */
extern void persona_factors_read(PersonaProgram *program, PersonaCampaign *campaign, const PersonaJson *json);

/* Finds what a way adds to its campaign's factors; computes the score if it is the same for everybody. */
extern void persona_factors_of_way(PersonaProgram *program, const PersonaCampaign *campaign, PersonaCampaignChannel *way);

/* Binds all expressions to a row type of customers. */
extern void persona_factors_bind(PersonaProgram *program, PersonaCustomerShape *shape, const PersonaRowShape *row);

/* Compares two numbers, as qsort wants it. */
extern int	persona_compare_numbers(Numeric left, Numeric right);

/* Computes a score from its factors. */
extern void persona_score_compute(const PersonaProgram *program, PersonaScore *score);

#endif							/* PERSONA_FACTORS_H */
