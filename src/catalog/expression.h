/*
 * expression.h - SQL expressions in definitions: factors of the score.
 *
 * An expression reads the customer's columns by name ("clv", "customer.clv"),
 * columns of the event that speaks for the campaign's trigger ("event.amount"),
 * and of steps that the trigger names ("cart.price").  It is parsed once per
 * program, analyzed once per row type of customers, and gives a number.
 *
 * Nobody can make it run code of his own: types, operators and functions are
 * those of pg_catalog, and immutable.
 */
#ifndef PERSONA_EXPRESSION_H
#define PERSONA_EXPRESSION_H

#include "postgres.h"

#include "condition/conditions.h"
#include "nodes/nodes.h"
#include "utils/numeric.h"

/* A value that an expression reads. */
typedef struct PersonaOperand
{
	const char *scope;			/* "event", a step's name, or NULL: the customer */
	const char *name;			/* column; of events with the path into json */
	int			selector;		/* of events: those that can speak */
	int			slot;			/* of events: what is kept; PERSONA_NONE: their time */
} PersonaOperand;

typedef struct PersonaExpression
{
	const char *place;			/* campaign "x": value */
	Node	   *raw;			/* as parsed */
	int			operand_count;
	PersonaOperand *operands;	/* parameters $1, $2, ... */
	int			trigger;		/* node of the trigger, or PERSONA_NONE */
} PersonaExpression;

/*
 * Parses an expression and makes sure that what it asks of events is kept.
 * Fails on what is no expression, naming the place.
 */
extern PersonaExpression *persona_expression_read(PersonaConditions *set, int trigger, const char *text,
												  const char *place);

/* Returns the type in which an expression sees a column of events. */
typedef Oid (*PersonaEventType) (void *data, const PersonaExpression *expression, const PersonaOperand *operand);

/* An expression for one row type of customers. */
typedef struct PersonaBoundExpression PersonaBoundExpression;

/* Analyzes an expression for a row type, in the current memory context. */
extern PersonaBoundExpression *persona_expression_bind(const PersonaExpression *expression, const PersonaRowShape *shape,
													   PersonaEventType event_type, void *data);

/*
 * Evaluates an expression for a customer row and the events that speak for the
 * trigger at an instant, for its firing of a key; returns NULL when its value is
 * NULL.  Fails on a value that is not finite.
 */
extern Numeric persona_expression_value(PersonaBoundExpression *bound, PersonaEvaluation *evaluation,
										PcoreInstant instant, const char *key);

#endif							/* PERSONA_EXPRESSION_H */
