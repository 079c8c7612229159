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
	PERSONA_STAGE_HOLDOUT,		/* and experiments */
	PERSONA_STAGE_CHANNEL,		/* address, consent, hours */
	PERSONA_STAGE_SUPPRESSION,
	PERSONA_STAGE_EXCLUSION,
	PERSONA_STAGE_LIMIT,
	PERSONA_STAGE_MESSAGE,
	PERSONA_STAGE_CAPACITY,		/* a scarce channel is better used for others */
	PERSONA_STAGE_ARBITRATION,	/* eligible, but another one wins */
	PERSONA_STAGE_CHOSEN
} PersonaStage;

/* How one campaign fares on one of its ways. */
typedef struct PersonaCandidate
{
	const PersonaCampaign *campaign;
	const PersonaCampaignChannel *way;	/* NULL: the campaign has none */
	PersonaStage stage;
	const char *reason;			/* NULL if nobody wants to know */
	bool		eligible;
	bool		first;			/* eligible: no way before it is, unless at a price */
	PersonaOpening opening;		/* if the campaign has a trigger */
	const PersonaMessage *message;
	char	   *subject;
	char	   *body;
	PcoreInstant send_at;
	PcoreInstant expires_at;	/* its campaign ends or its window closes then */
	PersonaScore score;			/* if it is eligible, or explained and known (see persona_score); else zeros */
	/* The first way that it would have if places cost nothing and anything were worth one; else NULL. */
	const PersonaCampaignChannel *unwanted;
	PcoreInstant unwanted_at;
	int64		unwanted_millionths;
	PcoreWorth	worth;			/* eligible and the program has prices: what it is ranked by */
	PcoreInstant until;			/* time alone does not change before whether it is eligible, nor its score */
	PcoreInstant stands;		/* nor what is told of it */
	int			rank;			/* eligible: from 1 on; else 0 */
} PersonaCandidate;

/* Names a stage as persona.explain shows it. */
extern const char *persona_stage_name(PersonaStage stage);

/*
 * Judges all campaigns for a customer.  Eligible candidates come first, by
 * rank; the others by name and position of the channel.
 *
 * "explain": one candidate for each way of each campaign, with reasons.
 * Otherwise one for each campaign: the first way that is eligible, or any.
 * *valid_until is the earliest instant at which time alone could change the
 * winner.
 */
extern PersonaCandidate *persona_candidates_of(PersonaCustomer *customer, bool explain, int *count,
											   PcoreInstant *valid_until);

/*
 * Answers about one customer as rows of the types persona.decision, ruling,
 * standing, candidate, membership and opening: for functions that are asked for one customer, and for
 * the pass over all of them.
 */
typedef void (*PersonaAddRow) (void *data, Datum *values, bool *nulls);

extern void persona_decision_rows(PersonaCustomer *customer, PersonaAddRow add, void *data);
extern void persona_ruling_rows(PersonaCustomer *customer, PersonaAddRow add, void *data);
extern void persona_standing_rows(PersonaCustomer *customer, PersonaAddRow add, void *data);
extern void persona_candidate_rows(PersonaCustomer *customer, PersonaAddRow add, void *data);
extern void persona_membership_rows(PersonaCustomer *customer, PersonaAddRow add, void *data);
extern void persona_opening_rows(PersonaCustomer *customer, PersonaAddRow add, void *data);

/* Adds a candidate that won as a row of persona.decision. */
extern void persona_decision_row(const PersonaProgram *program, const PersonaCandidate *winner, PcoreInstant valid_until,
								 PersonaAddRow add, void *data);

#endif							/* PERSONA_DECIDE_H */
