/*
 * decider.h - what the parts of a decision share: for decide.c and the files
 * beside it that judge one rule each.
 */
#ifndef PERSONA_DECIDER_H
#define PERSONA_DECIDER_H

#include "decision/decide.h"

/* A contact that was decided by as_of and has not ended by then. */
typedef struct PersonaContact
{
	int64		id;
	PersonaAbout about;
	PcoreInstant at;			/* for which it is planned */
	PcoreInstant sent_at;		/* PCORE_END_OF_TIME: not yet; so the next one */
	PcoreInstant delivered_at;
	PcoreInstant fired_at;		/* PCORE_END_OF_TIME: none */
	const PersonaValue *trigger_key;	/* or NULL */
	const PersonaValue *campaign;	/* what it calls its campaign, which may be gone; NULL if shown */
	bool		shown;			/* no contact yet: chosen for a slot of the same page */
} PersonaContact;

/* A response that had come by as_of. */
typedef struct PersonaResponse
{
	PersonaAbout about;
	PcoreInstant at;
	int			outcome;		/* number, see persona_outcome_number */
	bool		on_contact;
	int64		contact;		/* its number */
} PersonaResponse;

/* A contact that had bounced by as_of. */
typedef struct PersonaBounce
{
	int			channel;		/* number */
	const PersonaValue *address;
	PcoreInstant at;
} PersonaBounce;

/* What the customer had chosen by as_of. */
typedef struct PersonaChoice
{
	PersonaChoiceKind kind;
	PcoreInstant at;
	int			channel;		/* number, or PERSONA_NONE: all */
	int			topic;			/* number, or PERSONA_NONE: all */
	bool		ranked;			/* of a preference; else it is withdrawn */
	int64		rank;
	PcoreInstant until;			/* of a snooze */
} PersonaChoice;

/* An outcome that a suppression looks at, or will look at if no response comes. */
typedef struct PersonaOutcome
{
	PcoreInstant at;
	const PersonaAbout *about;
	int			outcome;
} PersonaOutcome;

/* The outcomes that one suppression looks at. */
typedef struct PersonaOutcomes
{
	bool		listed;
	int			count;
	PersonaOutcome *outcomes;	/* in order of time */
} PersonaOutcomes;

/* The contacts that count under one limit, and the answer that was given last. */
typedef struct PersonaCounted
{
	bool		listed;
	bool		asked;
	bool		kept;
	PcoreInstant at;
	PcoreInstant until;
	const char *reason;
	int			shown;			/* how many more are shown on the same page */
	int			count;
	PcoreInstant *times;		/* in order */
} PersonaCounted;

/* A question about a customer who is there: on a channel, at a placement. */
typedef struct PersonaAsk
{
	int			channel;		/* number */
	const char *placement;		/* NULL: the whole channel */
} PersonaAsk;

/* One customer whose campaigns are judged. */
typedef struct PersonaDecider
{
	PersonaCustomer *customer;
	const PersonaProgram *program;
	const PersonaAsk *ask;		/* NULL: the customer has to be reached */
	bool		explains;		/* reasons are wanted */
	PcoreInstant until;			/* time alone does not change the winner before */
	int			contact_count;
	PersonaContact *contacts;	/* in order of time */
	PcoreInstant next_contact;	/* the first that is still to come */
	int			bounce_count;
	PersonaBounce *bounces;
	int			response_count;
	PersonaResponse *responses;	/* in order of time */
	int			choice_count;
	PersonaChoice *choices;		/* in order of time */
	PersonaOutcomes *outcomes;	/* by suppression */
	PersonaCounted *policies;	/* by policy */
	PersonaCounted *campaigns;	/* by campaign: under its own limit */
	PersonaCustomer *firing;	/* the customer when the trigger fired, of whose events messages tell; NULL: as of now */
} PersonaDecider;

/* Makes a reason of a format and values; none if nobody wants to know. */
#define persona_reason(decider, ...) ((decider)->explains ? psprintf(__VA_ARGS__) : NULL)

/*
 * Judges all campaigns for a customer, with a candidate as decider tells; in
 * order, but without ranks.
 */
extern PersonaCandidate *persona_judge_all(PersonaDecider *decider, int *count);

/* Says why a winner may speak. */
extern const char *persona_winning_reason(const PersonaCustomer *customer, const PersonaCandidate *winner);

/* Tells whether a condition holds at as_of, and until when. */
extern bool persona_holds_now(PersonaDecider *decider, int node, PcoreInstant *until);

/*
 * The same for the firing that a candidate answers: a condition that asks for
 * the same key as the trigger is asked for the key of the firing.
 */
extern bool persona_holds_for(PersonaDecider *decider, const PersonaCandidate *candidate, int node,
							  PcoreInstant *until);

/*
 * Judges again what a decision judged before it looked for a way, but for the
 * firing, which the contact answers; the candidate's stage and reason tell what
 * failed.
 */
extern bool persona_still_wanted(PersonaDecider *decider, PersonaCandidate *candidate);

#endif							/* PERSONA_DECIDER_H */
