/*
 * why.h - why a condition holds or does not, in words with the actual values.
 */
#ifndef PERSONA_WHY_H
#define PERSONA_WHY_H

#include "condition/conditions.h"

/*
 * Tells why a node has the truth that it has at as_of: the first part that
 * decides it, with the customer's value and what was asked for.
 */
extern char *persona_why(PersonaEvaluation *evaluation, int node);

#endif							/* PERSONA_WHY_H */
