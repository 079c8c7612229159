/*
 * quiet.h - when campaigns leave a customer alone: suppressions after outcomes,
 * exclusions, holdouts and experiments.
 */
#ifndef PERSONA_QUIET_H
#define PERSONA_QUIET_H

#include "decision/decider.h"

/*
 * Judges suppressions and exclusions for a contact at an instant; *until is
 * lowered to when the answer could change, *stage and *reason tell what failed.
 */
extern bool persona_keep_quiet(PersonaDecider *decider, const PersonaCampaignChannel *way, PcoreInstant at,
							   PcoreInstant *until, PersonaStage *stage, const char **reason);

/* Tells whether a holdout or an experiment keeps the campaign from the customer. */
extern bool persona_is_held_out(PersonaDecider *decider, const PersonaCampaign *campaign, const char **reason);

#endif							/* PERSONA_QUIET_H */
