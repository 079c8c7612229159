/*
 * score.h - what a candidate is worth.
 */
#ifndef PERSONA_SCORE_H
#define PERSONA_SCORE_H

#include "decision/decider.h"

/* Computes the factors and the score of a candidate whose firing and customer are those that it is for. */
extern void persona_score(PersonaDecider *decider, PersonaCandidate *candidate);

#endif							/* PERSONA_SCORE_H */
