/*
 * inbound.h - what to say to a customer who is there: on a page, on the phone.
 */
#ifndef PERSONA_INBOUND_H
#define PERSONA_INBOUND_H

#include "decision/decider.h"

/* Tells whether a way is one that the question is about. */
extern bool persona_asked_for(const PersonaAsk *ask, const PersonaCampaignChannel *way);

/* Adds the messages for the slots of a channel or placement as rows of persona.decision, place by place. */
extern void persona_inbound_rows(PersonaCustomer *customer, const PersonaAsk *ask, PersonaAddRow add, void *data);

#endif							/* PERSONA_INBOUND_H */
