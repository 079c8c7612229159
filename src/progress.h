/*
 * progress.h - how far a long command is, for other sessions to see.
 *
 * PostgreSQL gives each backend one slot of shared memory for the progress of a
 * command.  A long command of persona puts its numbers there, under a command
 * number of its own, and the view persona.progress reads the slots of all
 * sessions.  So nothing has to be preloaded, nothing is written to a table, and
 * the numbers go away with the backend.
 */
#ifndef PERSONA_PROGRESS_H
#define PERSONA_PROGRESS_H

#include "postgres.h"

#include "port/atomics.h"

/* The commands that tell how far they are; the names are in progress.c. */
typedef enum PersonaTask
{
	PERSONA_TASK_RUN,
	PERSONA_TASK_SIMULATE,
	PERSONA_TASK_FUNNEL,
	PERSONA_TASK_FEASIBILITY,
	PERSONA_TASK_PRICES,
	PERSONA_TASK_REFRESH,
	PERSONA_TASK_PASS			/* over all customers, for another question */
} PersonaTask;

/* What is counted beside the customers. */
typedef enum PersonaProgressCount
{
	PERSONA_PROGRESS_WRITTEN,	/* rows written */
	PERSONA_PROGRESS_SUPPRESSED,	/* customers for whom nothing was written */
	PERSONA_PROGRESS_READ,		/* rows read of the bound relations */
	PERSONA_PROGRESS_TO_READ	/* how many are expected; -1: unknown, 0: nothing is read */
} PersonaProgressCount;

/*
 * Begins to tell; "total" customers are expected, -1 if that is not known.
 * "number" is the task's own, such as that of a run; 0 if it has none.  It ends
 * with persona_progress_end, or by itself when the (sub)transaction fails; a
 * commit does not end it.  One task at a time: a task inside of another one, or
 * of a COPY, which has the slot already, is not shown.
 */
extern void persona_progress_begin(PersonaTask task, int64 number, int64 total);

/* Numbers that several processes add to, in shared memory; zero at first. */
typedef struct PersonaProgressShared
{
	pg_atomic_uint64 done;
	pg_atomic_uint64 read;
} PersonaProgressShared;

/* Begins to add to shared numbers, if there is somebody who tells them; NULL ends it. */
extern void persona_progress_share(PersonaProgressShared *shared);

/* Tells that so many more customers are done; cheap enough for each customer. */
extern void persona_progress_advance(int64 customers);

/* Tells that so many more rows are read. */
extern void persona_progress_read(int64 rows);

/* Begins to read: so many customers and rows are expected, -1 if that is not known, and none is done. */
extern void persona_progress_begin_reading(int64 customers, int64 rows);

/* Tells whether it is this task that is told of. */
extern bool persona_progress_is(PersonaTask task, int64 number);

/* Sets how many customers are expected, and done. */
extern void persona_progress_update(int64 total, int64 done);

/* Sets one of the other counts. */
extern void persona_progress_set(PersonaProgressCount count, int64 value);

/* Ends to tell. */
extern void persona_progress_end(void);

#endif							/* PERSONA_PROGRESS_H */
