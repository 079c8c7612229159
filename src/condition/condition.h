/*
 * condition.h - the condition language as a tree.
 *
 * reader.c makes this tree from JSON and refuses whatever is no condition; it
 * knows the language but no table, so column names and the values of their
 * types are checked when the condition is compiled against a row type.  Every
 * part keeps the JSON path at which it was written.
 */
#ifndef PERSONA_CONDITION_H
#define PERSONA_CONDITION_H

#include "condition/json.h"
#include "core/truth.h"
#include "core/zone.h"

/* The limits of a definition. */
#define PERSONA_MAX_DEPTH 64	/* nested conditions */
#define PERSONA_MAX_PARTS 10000 /* conditions in one definition */
#define PERSONA_MAX_OPERANDS 10000	/* values in one list */
#define PERSONA_MAX_STEPS 32	/* steps of a sequence */
#define PERSONA_MAX_PERIODS 1000	/* periods of "every" */

typedef struct PersonaCondition PersonaCondition;

typedef enum PersonaConditionKind
{
	PERSONA_ALL,
	PERSONA_ANY,
	PERSONA_NOT,
	PERSONA_COHORT,
	PERSONA_ATTRIBUTE,
	PERSONA_EVENT,
	PERSONA_SEQUENCE,
	PERSONA_BUCKET,
	PERSONA_HELD,				/* its one part has held for a length of time */
	PERSONA_PER					/* its one part holds for a key: events with the same property */
} PersonaConditionKind;

typedef enum PersonaOperator
{
	PERSONA_IS,
	PERSONA_IS_NOT,
	PERSONA_IN,
	PERSONA_NOT_IN,
	PERSONA_AT_LEAST,
	PERSONA_MORE_THAN,
	PERSONA_AT_MOST,
	PERSONA_LESS_THAN,
	PERSONA_BETWEEN,
	PERSONA_STARTS_WITH,
	PERSONA_ENDS_WITH,
	PERSONA_CONTAINS,
	PERSONA_LIKE,
	PERSONA_MATCHES,
	PERSONA_CONTAINS_ANY,
	PERSONA_CONTAINS_ALL,
	PERSONA_CONTAINS_NONE,
	PERSONA_KNOWN,
	PERSONA_WITHIN_LAST,
	PERSONA_WITHIN_NEXT,
	PERSONA_BEFORE,
	PERSONA_AFTER,
	PERSONA_ON,
	PERSONA_ANNIVERSARY_WITHIN
} PersonaOperator;

/* How a stretch of time is named. */
typedef enum PersonaPeriodKind
{
	PERSONA_PERIOD_NONE,
	PERSONA_PERIOD_LENGTH,		/* a fixed length: "30 days" */
	PERSONA_PERIOD_CALENDAR,	/* whole calendar units around as_of: "this month" */
	PERSONA_PERIOD_LITERAL		/* a date or an instant: "2026-03-01" */
} PersonaPeriodKind;

typedef struct PersonaPeriod
{
	PersonaPeriodKind kind;
	PcoreDuration length;
	PcoreUnit	unit;			/* calendar: units [from, until) counted from */
	int64_t		from;			/* the one that contains as_of */
	int64_t		until;
	const char *text;			/* as written */
} PersonaPeriod;

/* A test of one value: an operator and its operands, as written. */
typedef struct PersonaTest
{
	PersonaOperator operator;
	const char *path;			/* of the operator's value */
	int			count;
	const PersonaJson **operands;	/* strings, numbers, booleans */
	bool		known;			/* of PERSONA_KNOWN */
	bool		ignore_case;
	PersonaPeriod period;		/* of the relative operators */
	PcoreDuration from_days;	/* of PERSONA_ANNIVERSARY_WITHIN, in days */
	PcoreDuration until_days;
	const char *zone;			/* a named zone, or NULL: the customer's */
} PersonaTest;

/* What is measured of the chosen events. */
typedef enum PersonaMeasure
{
	PERSONA_TIMES,
	PERSONA_SUM,
	PERSONA_AVG,
	PERSONA_MIN,
	PERSONA_MAX,
	PERSONA_DISTINCT,
	PERSONA_FIRST,
	PERSONA_LAST,
	PERSONA_EVERY,
	PERSONA_GAP
} PersonaMeasure;

/* One step of a sequence. */
typedef struct PersonaStep
{
	const char *path;
	bool		absent;
	const char *event;			/* kind */
	PersonaCondition *where;	/* or NULL */
	PcoreDuration within;		/* gap, or length of the trailing absence; 0 = none */
	PcoreDuration after;		/* least gap; 0 = none */
	int			same_count;
	const char **same;
	const char *alias;			/* "as", or NULL */
} PersonaStep;

struct PersonaCondition
{
	PersonaConditionKind kind;
	const char *path;

	/* all, any, not; held and per have one part */
	int			count;
	PersonaCondition **parts;

	/* a cohort's name, an attribute's dotted path, an event's kind, the property of per */
	const char *name;
	const char *name_path;		/* where it is written */

	/* the test of an attribute, or of what is measured of events */
	PersonaTest *test;

	/* event, sequence */
	PersonaCondition *where;	/* or NULL */
	PersonaPeriod within;
	PersonaPeriod before;		/* of an event: where the window ends */
	const char *zone;			/* of within and before */

	/* event */
	PersonaMeasure measure;
	const char *property;		/* of sum, avg, min, max, distinct */
	const char *property_path;	/* where it is written */
	PersonaCondition *one_where;	/* inside first or last, or NULL */
	PersonaPeriod one_within;	/* inside first or last */
	PersonaPeriod one_before;
	PcoreDuration every_period;
	int			every_of;
	PcoreGap	gap;
	PcoreDuration *gap_lengths; /* the operands of its test */

	/* sequence */
	int			step_count;
	PersonaStep *steps;
	PcoreDuration completed_within; /* a match counts so long after its completion; 0 = no limit */

	/* held */
	PcoreDuration held_for;

	/* bucket */
	const char *seed;
	double		bucket_from;
	double		bucket_to;
};

/* Makes the tree of a condition; "path" is where it stands ("$"). */
extern PersonaCondition *persona_condition_read(const PersonaJson *json, const char *path);

/* Names an operator as it is written. */
extern const char *persona_operator_name(PersonaOperator operator);

#endif							/* PERSONA_CONDITION_H */
