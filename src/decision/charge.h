/*
 * charge.h - what a place on a scarce channel, and the money of a scarce budget,
 * cost a candidate.
 */
#ifndef PERSONA_CHARGE_H
#define PERSONA_CHARGE_H

#include "decision/decider.h"

/*
 * Takes the prices of the candidate's channel and of its money on the day of its
 * sending off its score, and returns whether there are any.  A candidate that
 * is not worth them, or for which there is no place or no money, fails at stage
 * "capacity".  candidate->worth becomes what such candidates are ranked by.
 */
extern bool persona_charge(PersonaDecider *decider, PersonaCandidate *candidate);

#endif							/* PERSONA_CHARGE_H */
