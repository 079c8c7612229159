/*
 * progress.c - how far a long command is, for other sessions to see.
 *
 * The slot is PgBackendStatus.st_progress_*, which PostgreSQL uses for VACUUM
 * and the like.  Its own views look for their command numbers only, so ours is
 * seen by persona.progress alone.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "compat.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "progress.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(persona_progress_rows);

/* Our command number: the letters "pers". */
#define PROGRESS_COMMAND ((ProgressCommandType) 0x70657273)

/* The slot is written once for so many customers, or rows. */
#define STEP 64
#define READ_STEP 1024

/* Where the numbers are in the slot. */
enum
{
	PARAM_TASK,
	PARAM_NUMBER,
	PARAM_STARTED_AT,
	PARAM_TOTAL,
	PARAM_DONE,
	PARAM_COUNTS,				/* PersonaProgressCount is added */
	PARAM_ALL = PARAM_COUNTS + PERSONA_PROGRESS_TO_READ + 1
};

static bool telling = false;
static int	nested = 0;			/* tasks inside of the one that is told of */
static int	level = 0;			/* of the transaction that began */
static int64 numbers[PARAM_ALL];
static PersonaProgressShared *shared = NULL;	/* what several processes add to */

/* Names a task as persona.progress shows it. */
static const char *
task_name(int64 task)
{
	static const char *const names[] = {"run", "simulate", "funnel", "feasibility", "prices", "refresh", "pass"};

	return task >= 0 && task < (int64) lengthof(names) ? names[task] : NULL;
}

/* Stops to tell when the transaction that began fails; PostgreSQL has emptied the slot. */
static void
transaction_callback(XactEvent event, void *argument)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
	{
		telling = false;
		nested = 0;
		shared = NULL;
	}
}

/* The same for a part of the transaction. */
static void
subtransaction_callback(SubXactEvent event, SubTransactionId own, SubTransactionId parent, void *argument)
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	nested = 0;
	shared = NULL;
	if (GetCurrentTransactionNestLevel() <= level)
		telling = false;
}

/* Writes the numbers into the slot; begins again after an inner subtransaction that failed has emptied it. */
static void
show(int first, int last)
{
	if (MyBEEntry == NULL)
		return;
	if (MyBEEntry->st_progress_command == PROGRESS_COMMAND_INVALID)
	{
		pgstat_progress_start_command(PROGRESS_COMMAND, InvalidOid);
		first = 0;
		last = PARAM_ALL - 1;
	}
	if (MyBEEntry->st_progress_command != PROGRESS_COMMAND)
		return;
	for (int i = first; i <= last; i++)
		pgstat_progress_update_param(i, numbers[i]);
}

/* Begins to tell. */
void
persona_progress_begin(PersonaTask task, int64 number, int64 total)
{
	static bool registered = false;

	if (telling)
	{
		nested++;
		return;
	}
	if (!registered)
	{
		RegisterXactCallback(transaction_callback, NULL);
		RegisterSubXactCallback(subtransaction_callback, NULL);
		registered = true;
	}
	telling = true;
	level = GetCurrentTransactionNestLevel();
	memset(numbers, 0, sizeof(numbers));
	numbers[PARAM_TASK] = task;
	numbers[PARAM_NUMBER] = number;
	numbers[PARAM_STARTED_AT] = GetCurrentTimestamp();
	numbers[PARAM_TOTAL] = total;
	show(0, PARAM_ALL - 1);
}

/* Begins to add to numbers of several processes, or ends it. */
void
persona_progress_share(PersonaProgressShared *with)
{
	/* Who tells has the callbacks that forget the memory when the transaction fails. */
	if (telling || IsParallelWorker() || with == NULL)
		shared = with;
}

/* Begins to read. */
void
persona_progress_begin_reading(int64 customers, int64 rows)
{
	if (!telling || nested > 0)
		return;
	numbers[PARAM_TOTAL] = customers;
	numbers[PARAM_DONE] = 0;
	numbers[PARAM_COUNTS + PERSONA_PROGRESS_READ] = 0;
	numbers[PARAM_COUNTS + PERSONA_PROGRESS_TO_READ] = rows;
	show(PARAM_TOTAL, PARAM_ALL - 1);
}

/* Adds to a number, and shows it once in a while. */
static void
add(int param, int64 more, int64 step, pg_atomic_uint64 *sum)
{
	int64		before = numbers[param];
	int64		after = before + more;

	/* Whoever helps adds, whoever began tells. */
	if (sum != NULL)
		after = (int64) pg_atomic_add_fetch_u64(sum, more);
	if (!telling || nested > 0)
		return;
	numbers[param] = after;
	if (before / step != after / step)
		show(param, param);
}

/* Tells that so many more customers are done. */
void
persona_progress_advance(int64 customers)
{
	add(PARAM_DONE, customers, STEP, shared == NULL ? NULL : &shared->done);
}

/* Tells that so many more rows are read. */
void
persona_progress_read(int64 rows)
{
	add(PARAM_COUNTS + PERSONA_PROGRESS_READ, rows, READ_STEP, shared == NULL ? NULL : &shared->read);
}

/* Tells whether it is this task that is told of. */
bool
persona_progress_is(PersonaTask task, int64 number)
{
	return telling && numbers[PARAM_TASK] == task && numbers[PARAM_NUMBER] == number;
}

/* Sets how many customers are expected, and done. */
void
persona_progress_update(int64 total, int64 done)
{
	if (!telling)
		return;
	numbers[PARAM_TOTAL] = total;
	numbers[PARAM_DONE] = done;
	show(PARAM_TOTAL, PARAM_DONE);
}

/* Sets one of the other counts. */
void
persona_progress_set(PersonaProgressCount count, int64 value)
{
	if (!telling || nested > 0)
		return;
	numbers[PARAM_COUNTS + count] = value;
	show(PARAM_COUNTS + count, PARAM_COUNTS + count);
}

/* Ends to tell. */
void
persona_progress_end(void)
{
	if (!telling)
		return;
	if (nested > 0)
	{
		nested--;
		return;
	}
	telling = false;
	if (MyBEEntry != NULL && MyBEEntry->st_progress_command == PROGRESS_COMMAND)
		pgstat_progress_end_command();
}

/*
 * persona.progress_rows(): the tasks of all sessions of this database whose
 * roles the caller may look at, as pg_stat_activity does it.  Errors: none.
 */
Datum
persona_progress_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		all = has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
	int			backends = pgstat_fetch_stat_numbackends();

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 1; i <= backends; i++)
	{
		const PgBackendStatus *entry = PERSONA_BACKEND_STATUS(i);
		const int64 *found;
		const char *task;
		Datum		values[10];
		bool		nulls[10] = {false};

		if (entry == NULL || entry->st_progress_command != PROGRESS_COMMAND || entry->st_databaseid != MyDatabaseId
			|| !(all || has_privs_of_role(GetUserId(), entry->st_userid)))
			continue;
		found = entry->st_progress_param;
		task = task_name(found[PARAM_TASK]);
		if (task == NULL)
			continue;
		values[0] = Int32GetDatum(entry->st_procpid);
		values[1] = CStringGetTextDatum(task);
		values[2] = Int64GetDatum(found[PARAM_NUMBER]);
		nulls[2] = found[PARAM_NUMBER] == 0;
		values[3] = TimestampTzGetDatum(found[PARAM_STARTED_AT]);
		values[4] = Int64GetDatum(found[PARAM_DONE]);
		values[5] = Int64GetDatum(found[PARAM_TOTAL]);
		nulls[5] = found[PARAM_TOTAL] < 0;
		for (int c = PERSONA_PROGRESS_WRITTEN; c <= PERSONA_PROGRESS_TO_READ; c++)
			values[6 + c] = Int64GetDatum(found[PARAM_COUNTS + c]);
		nulls[8] = found[PARAM_COUNTS + PERSONA_PROGRESS_TO_READ] == 0;
		nulls[9] = found[PARAM_COUNTS + PERSONA_PROGRESS_TO_READ] <= 0;
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
