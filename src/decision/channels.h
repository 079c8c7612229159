/*
 * channels.h - how a customer can be reached.
 */
#ifndef PERSONA_CHANNELS_H
#define PERSONA_CHANNELS_H

#include "decision/decider.h"

/*
 * Judges a way's channel - address, consent, hours - and finds the earliest
 * instant at which it may be used.  *until is lowered to when the answer could
 * change, *reason tells what failed.
 */
extern bool persona_reach(PersonaDecider *decider, const PersonaCandidate *candidate,
						  const PersonaCampaignChannel *way, PcoreInstant *send_at, PcoreInstant *until,
						  const char **reason);

#endif							/* PERSONA_CHANNELS_H */
