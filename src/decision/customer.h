/*
 * customer.h - one customer at one instant, ready to be asked.
 */
#ifndef PERSONA_CUSTOMER_H
#define PERSONA_CUSTOMER_H

#include "postgres.h"

#include "access/htup.h"
#include "catalog/program.h"
#include "fmgr.h"

typedef struct PersonaCustomer
{
	PersonaProgram *program;
	PersonaCustomerShape *shape;
	Datum	   *values;			/* the customer row */
	bool	   *nulls;
	PcoreInstant as_of;
	PcoreZone	zone;
	const char *zone_name;
	const char *zone_note;		/* why it is not the customer's own, or NULL */
	const char *language;
	int			record_count;	/* events, those after as_of included */
	PersonaRecord **records;
	PersonaEvaluation evaluation;
	bool		scarce;			/* a place or money was asked for of which there is not any amount */
} PersonaCustomer;

/* Fails unless an argument is a row; looks once per call site, so it comes first. */
extern void persona_need_row(FunctionCallInfo fcinfo, int argument);

/*
 * Prepares a customer in the current memory context.  "timeline" may be NULL.
 * Fails if the timeline belongs to another program.
 */
extern void persona_customer_open(PersonaCustomer *customer, PersonaProgram *program, HeapTupleHeader row,
								  const PersonaTimeline *timeline, PcoreInstant as_of);

/* Lists the events of a timeline, which may be NULL, in order; fails if it belongs to another program. */
extern PersonaRecord **persona_customer_records(const PersonaProgram *program, const PersonaTimeline *timeline, int *count);

/* The same with the events as records of the program, in order (see persona_timeline_sorted). */
extern void persona_customer_open_records(PersonaCustomer *customer, PersonaProgram *program, HeapTupleHeader row,
										  PersonaRecord **records, int record_count, PcoreInstant as_of);

/* A firing of a trigger for a customer, and its window. */
typedef struct PersonaOpening
{
	bool		open;
	bool		fired;
	PcoreInstant fired_at;
	PcoreInstant open_until;
	PcoreInstant until;			/* time alone changes nothing of this before */
	const char *key;			/* of a keyed trigger, or NULL */
} PersonaOpening;

/* What a trigger is to a customer: one firing, or one per key. */
typedef struct PersonaOpenings
{
	int			count;			/* of open windows */
	PersonaOpening *open;		/* in the order of firing, then of keys */
	PersonaOpening latest;		/* none is open: what closed last, or has not fired */
	PcoreInstant until;			/* time alone changes nothing of this before */
} PersonaOpenings;

/* Looks at a trigger's windows. */
extern PersonaOpenings persona_openings(PersonaCustomer *customer, const PersonaTrigger *trigger);

/* Looks at a trigger's window, that of one key for a keyed trigger. */
extern PersonaOpening persona_opening(PersonaCustomer *customer, const PersonaTrigger *trigger, const char *key);

/* Returns the instant whose events speak for a firing: what happened since is not what it is about. */
static inline PcoreInstant
persona_speaking_instant(const PersonaCustomer *customer, const PersonaOpening *firing)
{
	return firing->fired && firing->fired_at != PCORE_BEGIN_OF_TIME ? firing->fired_at : customer->as_of;
}

/* Writes an instant on the customer's wall clock, for reasons. */
extern char *persona_customer_time(const PersonaCustomer *customer, PcoreInstant instant);

#endif							/* PERSONA_CUSTOMER_H */
