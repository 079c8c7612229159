/*
 * rules.h - the definitions that hold campaigns back: limits, in numbers.
 *
 * Rules compare campaigns, experiences, channels and so on with those that a
 * customer's contacts name.  While a program is compiled each name gets a
 * number, so that each contact is translated once, and rules compare numbers.
 */
#ifndef PERSONA_RULES_H
#define PERSONA_RULES_H

#include "postgres.h"

#include "condition/json.h"
#include "core/zone.h"

/* Names of one sort and their numbers. */
typedef struct PersonaNames
{
	int			count;
	int			room;
	const char **names;			/* by number */
	int		   *sorted;			/* numbers in the order of their names, by bytes */
} PersonaNames;

/* Returns the number of a name, or PERSONA_NONE. */
extern int	persona_name_find(const PersonaNames *names, const char *bytes, size_t length);

/* What a way, a contact or a rule is about; numbers, or PERSONA_NONE: none, or any. */
typedef struct PersonaAbout
{
	int			campaign;
	int			experience;
	int			kind;			/* of the experience */
	int			channel;
	int			placement;		/* together with the channel */
} PersonaAbout;

/* Which contacts count under a limit. */
typedef enum PersonaCounts
{
	PERSONA_COUNTS_RESERVED,	/* all that are not ended, at the instants for which they are planned */
	PERSONA_COUNTS_SENT,		/* at the instants at which they were sent */
	PERSONA_COUNTS_DELIVERED
} PersonaCounts;

/* At most so many contacts, or so long between them. */
typedef struct PersonaLimit
{
	const char *name;			/* of the policy; NULL: the campaign's own */
	PersonaAbout about;			/* of the contacts that count and that are limited */
	int64		most;			/* -1: any number */
	PcoreDuration period;		/* in any window of that length; 0: not so */
	int			calendar;		/* in a unit of the calendar, PcoreUnit; PERSONA_NONE: not so; neither: ever */
	PcoreDuration min_gap;		/* between two of them; 0: none */
	PersonaCounts counts;
} PersonaLimit;

/* What is kept of contacts, by which rules judge. */
typedef enum PersonaFact
{
	PERSONA_FACT_CAMPAIGN,
	PERSONA_FACT_EXPERIENCE,
	PERSONA_FACT_CHANNEL,
	PERSONA_FACT_PLACEMENT,
	PERSONA_FACT_FIRED_AT,
	PERSONA_FACT_TRIGGER_KEY,
	PERSONA_FACT_DECIDED_AT,
	PERSONA_FACT_SENT_AT,
	PERSONA_FACT_DELIVERED_AT,
	PERSONA_FACT_ENDED_AT,
	PERSONA_FACT_COUNT
} PersonaFact;

typedef struct PersonaRules
{
	PersonaNames campaigns;		/* the program's own have their numbers there */
	PersonaNames experiences;
	PersonaNames kinds;
	PersonaNames channels;		/* as the program numbers them */
	PersonaNames placements;	/* channel, a zero byte, placement */
	int		   *kind_of;		/* by experience */
	int			policy_count;
	PersonaLimit *policies;
	int			contact_source; /* or PERSONA_NONE */
	int8	   *fact_of_slot;	/* PersonaFact, or -1 */
} PersonaRules;

struct PersonaProgram;

/* Reads the rules, and what they need to know of campaigns and their ways. */
extern void persona_read_rules(struct PersonaProgram *program, const PersonaJson *json);

/* Sees to it that timelines keep what rules judge by; comes after all conditions. */
extern void persona_keep_facts(struct PersonaProgram *program);

/* Tells whether what a filter asks for is so. */
extern bool persona_about_fits(const PersonaAbout *filter, const PersonaAbout *about);

#endif							/* PERSONA_RULES_H */
