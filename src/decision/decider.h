/*
 * decider.h - what the parts of a decision share: for decide.c and the files
 * beside it that judge one rule each.
 */
#ifndef PERSONA_DECIDER_H
#define PERSONA_DECIDER_H

#include "decision/decide.h"

/* A contact that counts against limits. */
typedef struct PersonaContact
{
	PcoreInstant at;
	const char *campaign;
	const char *channel;
	const char *fired_at;		/* as kept: microseconds, or NULL */
	const char *trigger_key;	/* or NULL */
} PersonaContact;

/* One customer whose campaigns are judged. */
typedef struct PersonaDecider
{
	PersonaCustomer *customer;
	const PersonaProgram *program;
	bool		explains;		/* reasons are wanted */
	PcoreInstant until;			/* time alone does not change the winner before */
	int			contact_count;
	PersonaContact *contacts;	/* in order of time */
	PcoreInstant *times;		/* room for the times of some of them */
} PersonaDecider;

/* Makes a reason of a format and values; none if nobody wants to know. */
#define persona_reason(decider, ...) ((decider)->explains ? psprintf(__VA_ARGS__) : NULL)

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
