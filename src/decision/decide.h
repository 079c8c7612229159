/*
 * decide.h - which message a customer gets next, and why.
 */
#ifndef PERSONA_DECIDE_H
#define PERSONA_DECIDE_H

#include "decision/customer.h"

/* The rules that a campaign has to pass, in this order. */
typedef enum PersonaStage
{
	PERSONA_STAGE_DATES,
	PERSONA_STAGE_COHORT,
	PERSONA_STAGE_TRIGGER,
	PERSONA_STAGE_ANSWERED,
	PERSONA_STAGE_GOAL,
	PERSONA_STAGE_RELEVANCE,
	PERSONA_STAGE_CHANNEL,		/* address, consent, hours */
	PERSONA_STAGE_LIMIT,
	PERSONA_STAGE_MESSAGE,
	PERSONA_STAGE_ARBITRATION,	/* eligible, but another one wins */
	PERSONA_STAGE_CHOSEN
} PersonaStage;

/* How one campaign fares. */
typedef struct PersonaCandidate
{
	const PersonaCampaign *campaign;
	PersonaStage stage;
	const char *reason;
	PersonaOpening opening;		/* if the campaign has a trigger */
	const PersonaCampaignChannel *way;	/* eligible: how it would speak */
	const PersonaMessage *message;
	char	   *subject;
	char	   *body;
	PcoreInstant send_at;
	PcoreInstant until;			/* time alone does not change before whether it is eligible */
	PcoreInstant stands;		/* nor what is told of it */
	int			rank;			/* eligible: from 1 on; else 0 */
} PersonaCandidate;

/* Names a stage as persona.explain shows it. */
extern const char *persona_stage_name(PersonaStage stage);

/*
 * Judges all campaigns for a customer; the array is in order of rank, then of
 * name.  *valid_until is the earliest instant at which time alone could change
 * the outcome.
 */
extern PersonaCandidate *persona_candidates_of(PersonaCustomer *customer, PcoreInstant *valid_until);

/*
 * Answers about one customer as rows of the types persona.decision, candidate,
 * membership and opening: for functions that are asked for one customer, and for
 * the pass over all of them.
 */
typedef void (*PersonaAddRow) (void *data, Datum *values, bool *nulls);

extern void persona_decision_rows(PersonaCustomer *customer, PersonaAddRow add, void *data);
extern void persona_candidate_rows(PersonaCustomer *customer, PersonaAddRow add, void *data);
extern void persona_membership_rows(PersonaCustomer *customer, PersonaAddRow add, void *data);
extern void persona_opening_rows(PersonaCustomer *customer, PersonaAddRow add, void *data);

#endif							/* PERSONA_DECIDE_H */
