/*
 * limits.h - how often a customer may be contacted.
 */
#ifndef PERSONA_LIMITS_H
#define PERSONA_LIMITS_H

#include "decision/decider.h"

/* Tells whether a firing of the campaign's trigger has all its contacts; *reason tells which. */
extern bool persona_is_answered(PersonaDecider *decider, const PersonaCampaign *campaign,
								const PersonaOpening *opening, const char **reason);

/*
 * Judges the campaign's own limit and the policies for a contact at an instant;
 * *until is lowered to when the answer could change, *reason tells what failed.
 */
extern bool persona_keep_limits(PersonaDecider *decider, const PersonaCampaign *campaign,
								const PersonaCampaignChannel *way, PcoreInstant at, PcoreInstant *until,
								const char **reason);

#endif							/* PERSONA_LIMITS_H */
