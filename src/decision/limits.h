/*
 * limits.h - how often a customer may be contacted.
 */
#ifndef PERSONA_LIMITS_H
#define PERSONA_LIMITS_H

#include "decision/decider.h"

/* Lists the contacts that were decided by as_of and count, sent or planned. */
extern void persona_list_contacts(PersonaDecider *decider);

/*
 * Judges the campaign's own limit and the policies for a contact at an instant;
 * *until is lowered to when the answer could change, *reason tells what failed.
 */
extern bool persona_keep_limits(PersonaDecider *decider, const PersonaCampaign *campaign,
								const PersonaChannel *channel, PcoreInstant at, PcoreInstant *until,
								const char **reason);

#endif							/* PERSONA_LIMITS_H */
