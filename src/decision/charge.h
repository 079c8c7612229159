/*
 * charge.h - what a place on a scarce channel costs a candidate.
 */
#ifndef PERSONA_CHARGE_H
#define PERSONA_CHARGE_H

#include "decision/decider.h"

/*
 * Takes the price of the candidate's channel on the day of its sending off its
 * score, and returns whether there is one.  A candidate that is not worth the
 * price fails at stage "capacity".  candidate->worth becomes what such
 * candidates are ranked by.
 */
extern bool persona_charge(PersonaDecider *decider, PersonaCandidate *candidate);

#endif							/* PERSONA_CHARGE_H */
