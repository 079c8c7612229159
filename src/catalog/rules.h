/*
 * rules.h - the definitions that hold campaigns back: limits, suppressions,
 * exclusions, holdouts and experiments; in numbers.
 *
 * Rules compare campaigns, experiences, channels and so on with those that a
 * customer's contacts name.  While a program is compiled each name gets a
 * number, so that each contact is translated once, and rules compare numbers.
 */
#ifndef PERSONA_RULES_H
#define PERSONA_RULES_H

#include "postgres.h"

#include "condition/json.h"
#include "core/text.h"
#include "core/zone.h"
#include "utils/numeric.h"

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

/* Money that contacts are paid from. */
typedef struct PersonaBudget
{
	const char *name;
	PersonaAbout about;			/* of the contacts that it pays */
	Numeric		amount;
	int			calendar;		/* in a unit of the calendar of the default zone, PcoreUnit; PERSONA_NONE: in all */
} PersonaBudget;

/* What responses tell, in the order of persona_outcome_names, and what follows from there being none. */
#define PERSONA_OUTCOME_DELIVERED 0
#define PERSONA_OUTCOME_IGNORED 10

extern const char *const persona_outcome_names[];

/* Returns the number of an outcome, or PERSONA_NONE. */
extern int	persona_outcome_number(const char *bytes, size_t length);

/* What the outcomes of a suppression have in common, and what it makes quiet. */
typedef enum PersonaSuppressionScope
{
	PERSONA_SUPPRESS_ALL,
	PERSONA_SUPPRESS_CHANNEL,
	PERSONA_SUPPRESS_PLACEMENT,
	PERSONA_SUPPRESS_EXPERIENCE,
	PERSONA_SUPPRESS_KIND,
	PERSONA_SUPPRESS_CAMPAIGN
} PersonaSuppressionScope;

/* So many outcomes within so much time make it quiet for a while. */
typedef struct PersonaSuppression
{
	const char *name;
	int			outcomes;		/* bits by number */
	int64		times;
	PcoreDuration within;		/* 0: ever */
	PcoreDuration ignored_after;
	PersonaSuppressionScope scope;
	PcoreDuration quiet_for;	/* 0: for ever */
	bool		until_consent;
} PersonaSuppression;

/* "then" does not come within the period after "first". */
typedef struct PersonaExclusion
{
	const char *name;
	PersonaAbout first;
	PersonaAbout then;
	PcoreDuration period;		/* 0: never after it */
} PersonaExclusion;

/* Customers whom no campaign, or one of them, contacts. */
typedef struct PersonaHoldout
{
	const char *name;
	int			campaign;		/* number, or PERSONA_NONE: all */
	const char *seed;
	int			version;
	double		share;
} PersonaHoldout;

/* Which customers get which variation. */
typedef struct PersonaExperiment
{
	const char *name;
	const char *space;			/* or NULL */
	double		from;			/* its part of the space */
	double		until;
	const char *seed;
	int			version;
	int			count;			/* of variations */
	PcoreRangeOfPlaces *ranges;
} PersonaExperiment;

/* In which order a campaign tries its channels. */
typedef enum PersonaChannelChoice
{
	PERSONA_BY_POSITION,
	PERSONA_BY_PREFERENCE,		/* of the customer, then by position */
	PERSONA_BY_SCORE			/* then by position */
} PersonaChannelChoice;

/* What customers choose. */
typedef enum PersonaChoiceKind
{
	PERSONA_CHOICE_CONSENT,
	PERSONA_CHOICE_OBJECTION,
	PERSONA_CHOICE_PREFERENCE,
	PERSONA_CHOICE_SNOOZE
} PersonaChoiceKind;

extern const char *const persona_choice_names[];

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
	PERSONA_FACT_OUTCOME,
	PERSONA_FACT_CONTACT_ID,
	PERSONA_FACT_CHOICE,
	PERSONA_FACT_TOPIC,
	PERSONA_FACT_RANK,
	PERSONA_FACT_UNTIL,
	PERSONA_FACT_ADDRESS,
	PERSONA_FACT_COUNT
} PersonaFact;

typedef struct PersonaRules
{
	PersonaNames campaigns;		/* the program's own have their numbers there */
	PersonaNames experiences;
	PersonaNames kinds;
	PersonaNames channels;		/* as the program numbers them */
	PersonaNames placements;	/* channel, a zero byte, placement */
	PersonaNames topics;
	int8	   *opt_in;			/* by topic: 1, 0, or -1: as the channel says */
	int		   *kind_of;		/* by experience */
	int		   *topic_of;		/* by experience, or PERSONA_NONE */
	int			policy_count;
	PersonaLimit *policies;
	int			budget_count;
	PersonaBudget *budgets;
	int			suppression_count;
	PersonaSuppression *suppressions;
	int			exclusion_count;
	PersonaExclusion *exclusions;
	int			holdout_count;
	PersonaHoldout *holdouts;
	int			experiment_count;
	PersonaExperiment *experiments;
	int			contact_source; /* or PERSONA_NONE */
	int			choice_source;	/* or PERSONA_NONE */
	int			response_source;	/* or PERSONA_NONE: nobody asks for responses */
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
