/*
 * program.h - all live definitions: the type persona.program, and its compiled form.
 */
#ifndef PERSONA_PROGRAM_H
#define PERSONA_PROGRAM_H

#include "postgres.h"

#include "catalog/expression.h"
#include "catalog/rules.h"
#include "condition/classify.h"
#include "condition/conditions.h"
#include "content/template.h"
#include "core/hours.h"
#include "core/trade.h"
#include "fmgr.h"
#include "utils/numeric.h"

#define PERSONA_PROGRAM_VERSION 1
#define PERSONA_HASH_SIZE 32

/* The value: SHA-256 of the text, and the text (JSON, not NUL-terminated). */
typedef struct PersonaProgramValue
{
	int32		vl_len_;
	uint32		version;
	uint8		hash[PERSONA_HASH_SIZE];
	char		text[FLEXIBLE_ARRAY_MEMBER];
} PersonaProgramValue;

#define DatumGetProgramP(d) ((PersonaProgramValue *) PG_DETOAST_DATUM(d))
#define PG_GETARG_PROGRAM_P(n) DatumGetProgramP(PG_GETARG_DATUM(n))

typedef struct PersonaCohort
{
	const char *name;
	const PersonaJson *json;
	Numeric		value;			/* what a member is worth */
	int			node;			/* or PERSONA_NONE until it is compiled */
	bool		open;			/* being compiled, to find cycles */
} PersonaCohort;

typedef struct PersonaTrigger
{
	const char *name;
	int			node;
	PcoreDuration open_for;		/* 0: as long as the condition holds */
} PersonaTrigger;

typedef struct PersonaChannel
{
	const char *name;
	bool		synchronous;
	const char *address;		/* column of the customer, or NULL */
	int64		max_bounces;	/* so many close an address; -1: none do */
	int			consent;		/* node, or PERSONA_NONE */
	bool		opt_in;			/* only who consented is reached; else all but those who objected */
	const char *holidays;		/* calendar of days on which it is closed, or NULL */
	int			holiday_count;
	int64	   *holiday_days;	/* in order, since 2000-01-01 */
	Numeric		affinity;		/* if no column tells it */
	const char *affinity_column;	/* column of the customer, or NULL */
	PcoreHours *open_hours;		/* or NULL */
	PcoreHours *quiet_hours;	/* or NULL */
	Numeric		cost;
	int64		capacity_per_day;	/* -1: no limit */
	Numeric		weight;
} PersonaChannel;

typedef struct PersonaMessage
{
	const char *name;
	const char *experience;
	const char *channel;
	const char *placement;		/* or NULL */
	const char *language;		/* or NULL */
	int			condition;		/* node, or PERSONA_NONE */
	int64		position;
	double		weight;			/* of a variant; 0: none */
	PcoreTemplate *subject;		/* or NULL */
	PcoreTemplate *body;
} PersonaMessage;

/* The factors of a score, as persona.arbitration switches them. */
typedef enum PersonaFactorKind
{
	PERSONA_PROPENSITY,
	PERSONA_VALUE,
	PERSONA_URGENCY,
	PERSONA_WEIGHT,
	PERSONA_COST,
	PERSONA_FACTOR_COUNT
} PersonaFactorKind;

/* A factor of the score: a number, or the number of an expression. */
typedef struct PersonaFactor
{
	Numeric		constant;		/* or NULL */
	Numeric		otherwise;		/* what stands for NULL */
	int			expression;
} PersonaFactor;

/* When a stretch of urgency is. */
typedef enum PersonaStretchKind
{
	PERSONA_STRETCH_FIRST,			/* from the firing on, so long */
	PERSONA_STRETCH_AFTER,		/* from so long after the firing on */
	PERSONA_STRETCH_LAST			/* so long before it expires */
} PersonaStretchKind;

/* A stretch of time in which urgency is what it is. */
typedef struct PersonaStretch
{
	PersonaStretchKind kind;
	PcoreDuration length;
	PersonaFactor factor;
} PersonaStretch;

/* The factors of a score and what they come to. */
typedef struct PersonaScore
{
	Numeric		propensity;
	Numeric		value;
	Numeric		urgency;
	Numeric		weight;
	Numeric		cost;
	Numeric		price;			/* of a place on a scarce channel */
	Numeric		score;			/* propensity * value * urgency * weight - cost - price */
} PersonaScore;

typedef struct PersonaCampaignChannel
{
	int			channel;		/* number */
	const char *placement;		/* or NULL */
	PersonaAbout about;			/* that of the campaign, the channel and the placement */
	int			policy_count;	/* policies that limit it */
	int		   *policies;
	int			budget_count;	/* budgets that pay it */
	int		   *budgets;
	Numeric		lever;			/* weights of the experience's kind and of the channel */
	Numeric		cost;			/* of the channel */
	bool		constant;		/* the score is the same for everybody */
	PersonaScore score;			/* then */
	int			message_count;	/* that fit, in order of position and name */
	int		   *messages;
	struct PersonaVariants **variants;	/* by message: those of which it is one, or NULL */
} PersonaCampaignChannel;

typedef struct PersonaCampaign
{
	const char *name;
	const char *experience;
	int			cohort;			/* number, or PERSONA_NONE */
	int			trigger;		/* number, or PERSONA_NONE */
	int			goal;			/* node, or PERSONA_NONE */
	int			relevance;		/* node, or PERSONA_NONE */
	PcoreInstant starts_at;
	PcoreInstant ends_at;
	int64		priority;
	PersonaFactor propensity;
	PersonaFactor value;
	PersonaFactor weight;
	PersonaFactor cost;
	Numeric		cohort_value;	/* factor of the value */
	int			stretch_count;	/* of urgency; the first that applies counts */
	PersonaStretch *stretches;
	PersonaAbout about;			/* itself, its experience, the kind of that */
	PersonaLimit limit;			/* its own, over its contacts with a customer */
	PersonaChannelChoice channel_choice;
	int			experiment;		/* number, or PERSONA_NONE */
	int			variation;		/* of the experiment */
	int64		per_firing;		/* contacts for one firing; -1: no limit */
	int			channel_count;
	PersonaCampaignChannel *channels;
} PersonaCampaign;

/*
 * What a place on a scarce channel costs campaigns of one priority, or what
 * money of a scarce budget costs beside itself.
 */
typedef struct PersonaPrice
{
	int			channel;		/* number, or PERSONA_NONE */
	int			budget;			/* number, or PERSONA_NONE */
	bool		of_all;			/* a budget's, for campaigns of any priority */
	int64		priority;
	PcoreInstant from;			/* for messages that are sent in [from, until) */
	PcoreInstant until;
	bool		closed;			/* there is no place at any price */
	Numeric		short_of;		/* a budget that has not so much left; NULL: it has */
	Numeric		price;			/* of a place, or of a unit of money */
	PcoreWorth	worth;			/* a place's price, exactly */
	PcoreRate	rate;			/* a budget's, exactly; -1: it tells none */
	Numeric		spent;			/* a budget's, of its money then; NULL: it tells nothing */
} PersonaPrice;

/* What the definitions mean for one row type of customers. */
typedef struct PersonaCustomerShape
{
	struct PersonaCustomerShape *next;
	uint64		type;			/* identifier of the row type */
	int			columns;
	PersonaRowTest **tests;		/* by number of the test */
	PersonaRowValue *key;
	PersonaRowValue *time_zone; /* or NULL */
	PersonaRowValue *language;	/* or NULL */
	PersonaRowValue **addresses;	/* by channel, or NULL */
	PersonaRowValue **affinities;	/* by channel, or NULL */
	PersonaBoundExpression **expressions;	/* by number */
	struct HTAB *placeholders;	/* name to row value */
} PersonaCustomerShape;

/* A place inside a channel. */
typedef struct PersonaPlacement
{
	int			channel;		/* number */
	const char *name;
	int64		slots;			/* how many messages it shows at once */
	int64		position;
} PersonaPlacement;

typedef struct PersonaProgram
{
	uint8		hash[PERSONA_HASH_SIZE];
	MemoryContext context;
	int			pins;
	uint64		used;			/* when it was last opened, for eviction */

	/* bindings; relation is NULL when no customers are bound */
	const char *customer_relation;
	const char *key_column;
	const char *time_zone_column;
	const char *language_column;
	const char *default_time_zone;
	const char *default_language;
	PcoreZone	default_zone;
	int			source_count;
	PersonaSource *sources;

	PersonaConditions *set;
	int			cohort_count;
	PersonaCohort *cohorts;
	int			trigger_count;
	PersonaTrigger *triggers;
	int			channel_count;
	PersonaChannel *channels;
	int			message_count;
	PersonaMessage *messages;
	int			campaign_count;
	PersonaCampaign *campaigns;
	int			way_count;		/* channels of all campaigns */
	int			placement_count;
	PersonaPlacement *placements;	/* in order of position and name */
	PersonaRules rules;
	int			price_count;
	PersonaPrice *prices;
	bool		factor_is_off[PERSONA_FACTOR_COUNT];
	const PersonaJson *experiences;
	const PersonaJson *levers;	/* weights of kinds of experiences */
	int			expression_count;
	PersonaExpression **expressions;
	int			condition_count;	/* given beside the definitions */
	int		   *conditions;		/* nodes */
	const char **condition_names;	/* NULL: it has none */

	PersonaCustomerShape *customers;	/* by row type */
	struct PersonaContextShape *context_shape;	/* of events of kind "context", made when first needed */
	PersonaClassifier **classifiers;	/* by source, for the row type seen last */
	uint64	   *classifier_types;
	bool		events_checked;
	struct _SPI_plan **plans;	/* by source: reads one customer's events */
} PersonaProgram;

/* Makes a program value of a JSON text. */
extern PersonaProgramValue *persona_program_value(const char *text, size_t length);

/* Compiles a program; everything is kept in a context of its own. */
extern PersonaProgram *persona_program_compile(const PersonaProgramValue *value, MemoryContext parent);

/* Compiles a condition of a definition; returns its node.  For what compiles programs. */
extern int	persona_program_condition(PersonaProgram *program, const PersonaJson *json, const char *definition);

/* Returns a score in whole millionths, rounded; cut off at PCORE_MOST_MILLIONTHS. */
extern int64 persona_millionths(Numeric score);

/* Refuses members of a program's JSON that nothing reads. */
extern void persona_refuse_unknown(const PersonaJson *json);

/* Returns what the definitions mean for a row type of customers. */
extern PersonaCustomerShape *persona_customer_shape(PersonaProgram *program, Oid type, int32 typmod);

/* Returns the classifier of a source for its row type. */
extern PersonaClassifier *persona_program_classifier(PersonaProgram *program, int source, Oid type, int32 typmod);

/* Finds a source by name; returns PERSONA_NONE when there is none. */
extern int	persona_program_source(const PersonaProgram *program, const char *name);

/* Returns the customer's value for a placeholder {{customer.name}}. */
extern PersonaRowValue *persona_customer_placeholder(const PersonaCustomerShape *shape, const char *name);

/* Checks everything against the bound relations; names the definition at fault. */
extern void persona_program_check(PersonaProgram *program);

/* Describes the rows of a source, as its relation has them now. */
extern PersonaRowShape persona_source_shape(const PersonaProgram *program, int source);

/* Checks what is asked of events only; does it once. */
extern void persona_program_check_events(PersonaProgram *program);

#endif							/* PERSONA_PROGRAM_H */
