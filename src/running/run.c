/*
 * run.c - what procedures that commit need of the backend: whether they may,
 * and other sessions seeing how far they are.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "progress.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(persona_need_no_transaction);
PG_FUNCTION_INFO_V1(persona_show_run);
PG_FUNCTION_INFO_V1(persona_hide_run);

/*
 * persona.need_no_transaction(command): fails inside of a transaction block,
 * since the command commits.
 */
Datum
persona_need_no_transaction(PG_FUNCTION_ARGS)
{
	if (IsTransactionBlock() || IsSubTransaction())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction block", text_to_cstring(PG_GETARG_TEXT_PP(0))),
				 errdetail("It commits as it goes."),
				 errhint("Call it by itself, outside of BEGIN and COMMIT.")));
	PG_RETURN_VOID();
}

/*
 * persona.show_run(task, number, total, done, written, suppressed): tells other
 * sessions how far a run or a refresh is, from its first call on.
 */
Datum
persona_show_run(PG_FUNCTION_ARGS)
{
	PersonaTask task = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(0)), "run") == 0 ? PERSONA_TASK_RUN : PERSONA_TASK_REFRESH;

	if (!persona_progress_is(task, PG_GETARG_INT64(1)))
		persona_progress_begin(task, PG_GETARG_INT64(1), PG_GETARG_INT64(2));
	persona_progress_update(PG_GETARG_INT64(2), PG_GETARG_INT64(3));
	persona_progress_set(PERSONA_PROGRESS_WRITTEN, PG_GETARG_INT64(4));
	persona_progress_set(PERSONA_PROGRESS_SUPPRESSED, PG_GETARG_INT64(5));
	PG_RETURN_VOID();
}

/* persona.hide_run(): the run or refresh has ended. */
Datum
persona_hide_run(PG_FUNCTION_ARGS)
{
	persona_progress_end();
	PG_RETURN_VOID();
}
