/*
 * search.h - all comparisons of one column, answered by one search.
 *
 * The constants with which a column is compared cut the line of its values
 * into segments: below the first, the first itself, between it and the next,
 * ..., above the last; and one more for absent values.  A test holds in certain
 * runs of segments, whatever the value.
 *
 *      0   |1|   2   |3|  4         5
 *    ------c0--------c1------    absent
 */
#ifndef PERSONA_SEARCH_H
#define PERSONA_SEARCH_H

#include "postgres.h"

#include "condition/row_test.h"

typedef struct PersonaSearch PersonaSearch;

/* Segments from (included) to until (not included). */
typedef struct PersonaRun
{
	uint32		from;
	uint32		until;
} PersonaRun;

/* Where a test holds. */
typedef struct PersonaSearchTest
{
	int			number;			/* what the caller calls it */
	int			run_count;
	PersonaRun *runs;
	uint64	   *members;		/* or, for many runs, a bit for each segment */
} PersonaSearchTest;

/*
 * A run of a test, in one array for all tests of a column that are answered for
 * blocks: that is gone through for each block.  It is told in bounds.
 */
typedef struct PersonaFlatRun
{
	int			number;			/* of the test */
	bool		first;			/* of the test's runs */
	uint32		from;
	uint32		until;
} PersonaFlatRun;

struct PersonaSearch
{
	int			column;			/* number of the column in its row */
	uint32		segments;		/* the last is that of absent values */
	int			test_count;
	PersonaSearchTest *tests;
	struct PersonaSearchLine *line;

	/* for blocks: bounds are the segments at which a run begins or ends */
	uint32		bound_count;
	uint32	   *bounds;			/* by segment: the number of bounds at or below it */
	int			flat_count;
	PersonaFlatRun *flat;		/* of the tests that are no sets of bits */
	int			member_count;
	PersonaSearchTest **members;	/* those that are */
};

/* Takes tests until they are prepared. */
typedef struct PersonaSearches PersonaSearches;

extern PersonaSearches *persona_searches_make(PcoreInstant as_of);

/* Takes a test in, if it can be answered by searching; "number" is what the caller calls it. */
extern bool persona_searches_add(PersonaSearches *searches, const PersonaCondition *condition,
								 const PersonaRowTest *test, int number);

/* Ends adding; returns the searches, one for each column. */
extern PersonaSearch *persona_searches_ready(PersonaSearches *searches, int *count);

/* Finds the segment of a value. */
extern uint32 persona_search(PersonaSearch *search, Datum value, bool null);

/* Tells whether a test holds in a segment. */
extern bool persona_search_holds(const PersonaSearchTest *test, uint32 segment);

/* Prepares to answer those tests for blocks that are wanted, by number. */
extern void persona_search_prepare_blocks(PersonaSearch *search, const bool *wanted);

/* Returns in how many of the counted values a test holds; below[s] counts those in segments below s. */
extern uint64 persona_search_sum(const PersonaSearch *search, const PersonaSearchTest *test, const uint64 *below);

#endif							/* PERSONA_SEARCH_H */
