/*
 * row_test.h - tests of a row's columns, bound to the row's type.
 *
 * A condition tree says "attribute plan is gold"; a row test knows the column,
 * its type, its operators and the value in that type.  Tests that name no
 * other instant than their own constants are true or false for ever; the
 * relative ones ("within the last 30 days") are steps in time.
 */
#ifndef PERSONA_ROW_TEST_H
#define PERSONA_ROW_TEST_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "condition/condition.h"
#include "core/truth.h"

/* A row type that tests are bound to. */
typedef struct PersonaRowShape
{
	TupleDesc	desc;
	const char *name;			/* of the relation, for messages */
	const char *at_column;		/* of events: the column that "at" means, or NULL */
	const PcoreZone *default_zone;	/* for constants that name none; or NULL */
} PersonaRowShape;

typedef struct PersonaRowTest PersonaRowTest;

/* Rights to go back to. */
typedef struct PersonaRights
{
	Oid			user;
	int			security;
} PersonaRights;

/*
 * Input functions of a column's type may be the code of whoever owns the
 * relation (checks of domains inside arrays and composites).  Who has the
 * owner's rights anyway, a superuser above all, runs it with no more than
 * these, as VACUUM does; all others run it with their own.
 */
extern PersonaRights persona_take_owners_rights(const PersonaRowShape *shape);
extern void persona_give_rights_back(PersonaRights rights);

/*
 * Binds an attribute's test to a row type.  If the column does not exist: with
 * "missing" given, sets it and returns a test of an absent value, else fails.
 */
extern PersonaRowTest *persona_row_test_bind(const PersonaCondition *condition,
											 const PersonaRowShape *shape, bool *missing);

/* Returns the number of the last column that a test reads. */
extern int	persona_row_test_column(const PersonaRowTest *test);

/* For the planner: what a bound test compares, so that an expression can say the same. */
extern PersonaOperator persona_row_test_operator(const PersonaRowTest *test);

/* Returns the collation of the value that a bound test reads. */
extern Oid	persona_row_test_collation(const PersonaRowTest *test);

/* Tells whether a test reads a column as it is, not a part of it. */
extern bool persona_row_test_is_plain_column(const PersonaRowTest *test);

/* Returns the constants of a comparison; false when they are no constants of the column's type. */
extern bool persona_row_test_constants(const PersonaRowTest *test, int *count, Datum **constants,
									   Oid *type, Oid *collation);

/* Returns the pattern of a text test (in lower case if case is ignored), and its collation; false when it is none. */
extern bool persona_row_test_pattern(const PersonaRowTest *test, const char **pattern, bool *ignore_case,
									 Oid *collation);

/* Returns the constants of a comparison that ignores case, in lower case; false when it is none. */
extern bool persona_row_test_caseless(const PersonaRowTest *test, int *count, Datum **constants, Oid *collation);

/* Returns the elements that a list test of an array looks for; false when it is none. */
extern bool persona_row_test_elements(const PersonaRowTest *test, int *count, Datum **constants,
									  Oid *element, Oid *collation);

/*
 * Returns the range [from, until) of values of the column's type that a test of
 * a date or time with a literal names; false when it depends on the zone.
 */
extern bool persona_row_test_range(const PersonaRowTest *test, Datum *from, Datum *until);

/*
 * Tells whether no value passes all of several tests of the same attribute, or
 * their complements; false when that is not known.
 */
extern bool persona_row_tests_exclude(const PersonaRowTest *const *tests, const bool *negated, int count);

/* Returns the base type of the value that a test reads. */
extern Oid	persona_row_test_type(const PersonaRowTest *test);

/* Tells whether a test's outcome depends on as_of. */
extern bool persona_test_is_relative(const PersonaTest *test);

/* From which instant on a truth is wanted: as_of, or the past as well. */
typedef struct PersonaView
{
	PcoreInstant as_of;
	bool		past;
} PersonaView;

/* Returns what a test looks at, for people; NULL: it is absent. */
extern char *persona_row_test_shown(const PersonaRowTest *test, const Datum *values, const bool *nulls,
									const PcoreZone *zone);

/* Evaluates a test on the columns of a row, in the zone of its customer. */
extern PcoreTruth persona_row_test_truth(const PersonaRowTest *test, const Datum *values, const bool *nulls,
										 const PcoreZone *zone, PersonaView view);

/* Tells whether a row passes a test that does not depend on as_of. */
static inline bool
persona_row_test_passes(const PersonaRowTest *test, const Datum *values, const bool *nulls, const PcoreZone *zone)
{
	PersonaView view = {0, false};

	return persona_row_test_truth(test, values, nulls, zone, view).initial;
}

/*
 * Of events, the customer's zone is not known when the row is read.  So a
 * relative test keeps, as text, the instant or the wall-clock time of its
 * column, and is evaluated on that later.
 */
extern bool persona_row_test_is_relative(const PersonaRowTest *test);
extern char *persona_row_test_keep(const PersonaRowTest *test, const Datum *values, const bool *nulls);
extern PcoreTruth persona_kept_truth(const PersonaTest *test, const char *kept, const PcoreZone *zone,
									 PersonaView view);

/*
 * A column, or a part of it, by dotted path: found in a row type once, then
 * read as text, for values that are kept or shown.
 */
typedef struct PersonaRowValue PersonaRowValue;

extern PersonaRowValue *persona_row_value_bind(const char *path_in_row, const PersonaRowShape *shape,
											   const char *json_path, bool *missing);
extern int	persona_row_value_column(const PersonaRowValue *value);

/* Tells whether a value is a column as it is, not a part of it. */
extern bool persona_row_value_is_plain(const PersonaRowValue *value);

/* Returns the type of the value (of json parts: jsonb). */
extern Oid	persona_row_value_type(const PersonaRowValue *value);

/* What a kept instant begins with that is to be shown in a zone not yet known. */
#define PERSONA_INSTANT_MARK "\001"

/* Returns an instant on the wall clock of a zone, for people. */
extern char *persona_instant_text(PcoreInstant instant, const PcoreZone *zone);

/*
 * Returns the value as text, or NULL when it is absent.  "shown" is the form
 * for people (instants on the wall clock of the zone, or marked if "zone" is
 * NULL); otherwise the form in which equal values have equal text.
 */
extern char *persona_row_value_text(const PersonaRowValue *value, const Datum *data,
									const bool *nulls, bool shown, const PcoreZone *zone);

/* Returns a value that is a number as text, or NULL when it is absent or no number. */
extern char *persona_row_value_number(const PersonaRowValue *value, const Datum *data, const bool *nulls);

#endif							/* PERSONA_ROW_TEST_H */
