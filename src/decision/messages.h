/*
 * messages.h - in which words a campaign speaks.
 */
#ifndef PERSONA_MESSAGES_H
#define PERSONA_MESSAGES_H

#include "decision/decider.h"

/*
 * Chooses and fills the message for a way: the customer's language, none in
 * particular, the default.  *until is lowered to when the answer could change,
 * *reason tells why there is none.
 */
extern bool persona_choose_message(PersonaDecider *decider, PersonaCandidate *candidate,
								   const PersonaCampaignChannel *way, PcoreInstant *until, const char **reason);

#endif							/* PERSONA_MESSAGES_H */
