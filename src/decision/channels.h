/*
 * channels.h - how a customer can be reached.
 */
#ifndef PERSONA_CHANNELS_H
#define PERSONA_CHANNELS_H

#include "decision/decider.h"

/*
 * Judges a way's channel - address, consent, snooze, hours, holidays - and finds the earliest
 * instant at which it may be used.  *until is lowered to when the answer could
 * change, *reason tells what failed.
 */
extern bool persona_reach(PersonaDecider *decider, const PersonaCandidate *candidate,
						  const PersonaCampaignChannel *way, PcoreInstant *send_at, PcoreInstant *until,
						  const char **reason);

/* Tells whether the customer has an address and agrees to a way, whatever the hours are. */
extern bool persona_may_reach(PersonaDecider *decider, const PersonaCampaignChannel *way);

/* Tells whether a choice of the customer is about a way's channel and topic. */
extern bool persona_choice_covers(const PersonaDecider *decider, const PersonaChoice *choice,
								  const PersonaCampaignChannel *way);

/* Returns how much the customer likes a channel: what the column says, or else the channel. */
extern Numeric persona_affinity(const PersonaDecider *decider, int channel);

/*
 * Lists the places of a campaign's ways in the order in which they are tried;
 * lowers the candidate's "until" to when the order could change.
 */
extern int *persona_order_ways(PersonaDecider *decider, PersonaCandidate *base);

#endif							/* PERSONA_CHANNELS_H */
