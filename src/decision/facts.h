/*
 * facts.h - what happened between a customer and the campaigns.
 */
#ifndef PERSONA_FACTS_H
#define PERSONA_FACTS_H

#include "decision/decider.h"

/* Tells whether a kept value is a text. */
extern bool persona_value_is(const PersonaValue *value, const char *text);

/* Lists the customer's contacts, responses and choices, as they were known at as_of. */
extern void persona_list_facts(PersonaDecider *decider);

/* Nothing that limits and suppressions count is counted yet; for who lists facts otherwise. */
extern void persona_forget_counts(PersonaDecider *decider);

/*
 * Returns the first instant after as_of at which a contact counts otherwise than
 * at as_of: it was decided, sent, delivered or ended then, as is known by now.
 */
extern PcoreInstant persona_next_of_contacts(const PersonaCustomer *customer);

/* Lets limits and exclusions count a candidate that was chosen as a contact that is sent at once. */
extern void persona_count_as_contact(PersonaDecider *decider, const PersonaCandidate *candidate);

#endif							/* PERSONA_FACTS_H */
