/*
 * classify.h - which selectors an event row fulfills.
 */
#ifndef PERSONA_CLASSIFY_H
#define PERSONA_CLASSIFY_H

#include "condition/conditions.h"

/* The kind of event that only inbound asks have; no source has it. */
#define PERSONA_CONTEXT "context"

/* A bound event relation. */
typedef struct PersonaSource
{
	const char *name;
	const char *relation;
	const char *customer;		/* column with the customer's key */
	const char *equality;		/* operator that compares it with the key */
	const char *at;
	const char *kind;			/* of all its events, or NULL */
	const char *kind_column;	/* or NULL */
	int			kind_count;		/* the kinds that the column may have, if stated */
	const char **kinds;
	const char *sequence;		/* column, or NULL */
} PersonaSource;

typedef struct PersonaClassifier PersonaClassifier;

/* Tells whether a source can have events of a kind. */
extern bool persona_source_has_kind(const PersonaSource *source, const char *kind);

/*
 * Binds all selectors to the row type of a source; columns that the source
 * lacks are absent, and "missing" (an array by selector, or NULL) tells so.
 */
extern PersonaClassifier *persona_classifier_bind(const PersonaConditions *set, const PersonaSource *source,
												  int source_number, const PersonaRowShape *shape,
												  bool *missing, bool *missing_slots);

/* Fails if a "where" names a column that a row type lacks. */
extern void persona_where_check(const PersonaCondition *where, const PersonaRowShape *shape);

/*
 * Adds an event row to a timeline if it fulfills a selector; returns the
 * timeline, which may have moved.  "timeline" may be NULL: then one is made
 * when the first event is added.
 */
extern PersonaTimeline *persona_classify(PersonaClassifier *classifier, PersonaTimeline *timeline,
										 const uint8 *identity, const Datum *values, const bool *nulls);

/* The same, with kind and instant given. */
extern PersonaTimeline *persona_classify_as(PersonaClassifier *classifier, PersonaTimeline *timeline,
											const uint8 *identity, const char *kind, int64 at, int64 sequence,
											const Datum *values, const bool *nulls);

/*
 * The steps of that, for those who keep events in a form of their own.  What
 * the functions return stays until the next call; memory is the caller's.
 */

/* Reads when an event of a bound relation happened; returns false if it did not: it has no time. */
extern bool persona_classifier_time(const PersonaClassifier *classifier, const Datum *values, const bool *nulls,
									int64 *at, int64 *sequence);

/* Finds the place of a kind among those that selectors ask for, or PERSONA_NONE. */
extern int	persona_classifier_kind(const PersonaClassifier *classifier, const char *kind);

/* The same for the kind of an event row of a bound relation. */
extern int	persona_classifier_row_kind(PersonaClassifier *classifier, const Datum *values, const bool *nulls);

/* Returns the bits of all events of a kind if they do not depend on the row, else NULL. */
extern const uint64 *persona_classifier_kind_bits(PersonaClassifier *classifier, int kind);

/*
 * Shows the tests that decide, beside the kind, which bits a row of a kind gets;
 * ends with false when one is not taken.
 */
typedef bool (*PersonaTakeTest) (void *data, const PersonaCondition *condition, const PersonaRowTest *test);

extern bool persona_classifier_tests(const PersonaClassifier *classifier, int kind, PersonaTakeTest take, void *data);

/* Returns where a source has a property that is kept, or NULL. */
extern const PersonaRowValue *persona_classifier_slot(const PersonaClassifier *classifier, int slot);

/* Tells which selectors of a kind an event row fulfills; NULL if it fulfills none. */
extern const uint64 *persona_classifier_bits(PersonaClassifier *classifier, int kind, const Datum *values,
											 const bool *nulls);

/* Returns what has to be kept of an event row of a kind that fulfills selectors. */
extern const PersonaNewValue *persona_classifier_values(PersonaClassifier *classifier, int kind, const uint64 *bits,
														const Datum *values, const bool *nulls, int *count);

/* Lists the columns that classification reads. */
extern Bitmapset *persona_classifier_columns(const PersonaClassifier *classifier);

#endif							/* PERSONA_CLASSIFY_H */
