/*
 * cache.c - the current program, and compiled programs, of this backend.
 *
 * The current program is built from the configuration tables once and kept
 * until one of them changes: their statement triggers send a relcache message
 * for persona.customer_binding, which stands for all of them.  It is built
 * with the latest snapshot, so that a message that was taken in while an older
 * snapshot is in use can't leave an old program behind; in a transaction that
 * sees one snapshot only, it is built with that one and not kept beyond.
 *
 * Compiled programs are kept by hash.  A call site pins the one it uses; when
 * there are more than MAX_COMPILED, the longest unused one without pins goes.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/cache.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "host.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#define MAX_COMPILED 32
#define MAX_CONDITIONS 256

PG_FUNCTION_INFO_V1(persona_program);
PG_FUNCTION_INFO_V1(persona_invalidate_program);
PG_FUNCTION_INFO_V1(persona_announce_change);

/* ---- the current program ---- */

static PersonaProgramValue *current_program = NULL;
static Oid	anchor = InvalidOid;	/* persona.customer_binding */
static bool current_is_valid = false;
static bool built_in_transaction = false;	/* may hold uncommitted definitions, or old ones */
static bool built_beside_writes = false;	/* so may this, unless the transaction commits and told of no change */
static uint64 generation = 0;	/* changes with every invalidation */

/* A program for one condition, as built from the current definitions. */
typedef struct ConditionEntry
{
	char		hash[PERSONA_HASH_SIZE];	/* SHA-256 of the condition's text */
	uint64		generation;
	PersonaProgramValue *value;
} ConditionEntry;

static HTAB *conditions = NULL;

/*
 * The program of one condition that refers to no cohort differs from another's
 * in its text only.  So one is built, for a condition that stands for all, and
 * the text of the others takes its place.
 */
#define STAND_IN "{\"all\": [{\"all\": []}, {\"any\": []}]}"
static PersonaProgramValue *frame = NULL;
static uint64 frame_generation;
static List *retired = NIL;		/* values that were replaced in this transaction */

/* Forgets the current program when the anchor's definitions changed. */
static void
relcache_callback(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == anchor)
	{
		current_is_valid = false;
		generation++;
	}
}

/* Forgets what was built from definitions that are not committed, or no longer. */
static void
transaction_callback(XactEvent event, void *argument)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE
		&& event != XACT_EVENT_PARALLEL_COMMIT && event != XACT_EVENT_PARALLEL_ABORT)
		return;
	list_free_deep(retired);
	retired = NIL;
	if (built_in_transaction || (built_beside_writes && event != XACT_EVENT_COMMIT))
	{
		current_is_valid = false;
		generation++;
	}
	built_in_transaction = built_beside_writes = false;
}

/* The same when a part of the transaction is undone. */
static void
subtransaction_callback(SubXactEvent event, SubTransactionId own, SubTransactionId parent, void *argument)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		current_is_valid = false;
		generation++;
	}
}

/* Registers the callbacks, once per backend, and finds the anchor. */
static void
prepare(void)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(relcache_callback, (Datum) 0);
		RegisterXactCallback(transaction_callback, NULL);
		RegisterSubXactCallback(subtransaction_callback, NULL);
		registered = true;
	}
	if (!current_is_valid)
		anchor = get_relname_relid("customer_binding", get_namespace_oid("persona", false));
}

/*
 * Runs a query that returns one program; the definitions belong to no one in
 * particular, so it runs with the rights of their owner.
 */
static PersonaProgramValue *
query_program(const char *query, int arguments, Oid *types, Datum *values)
{
	PersonaProgramValue *result;
	Oid			user;
	int			security;
	Oid			owner = InvalidOid;
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(anchor));
	MemoryContext caller = CurrentMemoryContext;
	Datum		datum;
	bool		null;
	bool		own_snapshot = IsolationUsesXactSnapshot() || IsInParallelMode();

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table persona.customer_binding does not exist"),
				 errhint("Run CREATE EXTENSION persona.")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);

	/*
	 * What this transaction sees may be older than now, or be undone.  If it
	 * commits and its triggers told of no change, it has changed no definition.
	 */
	if (own_snapshot)
		built_in_transaction = true;
	if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
		built_beside_writes = true;
	PushActiveSnapshot(own_snapshot ? GetTransactionSnapshot() : GetLatestSnapshot());
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	SPI_connect();
	/* Not read-only: it takes the snapshot that was pushed, and no other. */
	if (SPI_execute_with_args(query, arguments, types, values, NULL, true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "persona's program could not be read");
	datum = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
	if (null)
		elog(ERROR, "persona's program is null");
	{
		MemoryContext spi = MemoryContextSwitchTo(caller);

		result = (PersonaProgramValue *) PG_DETOAST_DATUM_COPY(datum);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	SetUserIdAndSecContext(user, security);
	PopActiveSnapshot();
	return result;
}

/* Keeps a program value until it is replaced. */
static void
keep_value(PersonaProgramValue **place, const PersonaProgramValue *value)
{
	PersonaProgramValue *kept = MemoryContextAlloc(TopMemoryContext, VARSIZE(value));

	memcpy(kept, value, VARSIZE(value));
	/* A query may still look at the old one. */
	if (*place != NULL)
	{
		MemoryContext outer = MemoryContextSwitchTo(TopMemoryContext);

		retired = lappend(retired, *place);
		MemoryContextSwitchTo(outer);
	}
	*place = kept;
}

/*
 * persona.program(): all live definitions as one value; STABLE.
 * Errors: none but those of a database without the extension's tables.
 */
Datum
persona_program(PG_FUNCTION_ARGS)
{
	prepare();
	if (!current_is_valid)
	{
		uint64		before = generation;
		PersonaProgramValue *value = query_program("SELECT persona.build_program()", 0, NULL, NULL);

		keep_value(&current_program, value);
		/* A change that came in meanwhile is for the next call. */
		current_is_valid = before == generation;
	}
	/* No copy: what is replaced stays until the transaction ends. */
	PG_RETURN_POINTER(current_program);
}

/* Makes all sessions read the definitions again. */
static void
invalidate(void)
{
	prepare();
	if (!OidIsValid(anchor))
		anchor = get_relname_relid("customer_binding", get_namespace_oid("persona", false));
	CacheInvalidateRelcacheByRelid(anchor);
	/* This transaction sees its own changes at once. */
	current_is_valid = false;
	generation++;
	built_in_transaction = true;
}

/* persona.invalidate_program(): statement trigger; makes all sessions read the definitions again. */
Datum
persona_invalidate_program(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("persona.invalidate_program() is called by triggers only")));
	invalidate();
	PG_RETURN_POINTER(NULL);
}

/* persona.announce_change(): the same, for a bound relation that was renamed or changed. */
Datum
persona_announce_change(PG_FUNCTION_ARGS)
{
	invalidate();
	PG_RETURN_VOID();
}

/* Returns the relation that stands for all definitions: who depends on it hears of each change. */
Oid
persona_definitions_relation(void)
{
	prepare();
	return anchor;
}

/* ---- compiled programs ---- */

typedef struct CompiledEntry
{
	uint8		hash[PERSONA_HASH_SIZE];
	PersonaProgram *program;
} CompiledEntry;

static HTAB *compiled = NULL;
static uint64 clock_of_use = 0;

/* What a call site keeps. */
typedef struct CallSite
{
	PersonaProgram *program;
	void	   *value;			/* pointer of the value seen last */
	char	   *condition;		/* text of the condition seen last */
	int			condition_length;
	uint64		generation;		/* for which the condition's program is right */
	MemoryContext memory;
	void	   *data;
	MemoryContextCallback release;
} CallSite;

/* Drops the longest unused program that no one has pinned. */
static void
evict(void)
{
	HASH_SEQ_STATUS status;
	CompiledEntry *entry;
	CompiledEntry *oldest = NULL;

	if (hash_get_num_entries(compiled) <= MAX_COMPILED)
		return;
	hash_seq_init(&status, compiled);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (entry->program->pins == 0 && (oldest == NULL || entry->program->used < oldest->program->used))
			oldest = entry;
	if (oldest != NULL)
	{
		for (int source = 0; source < oldest->program->source_count; source++)
			if (oldest->program->plans[source] != NULL)
				SPI_freeplan(oldest->program->plans[source]);
		MemoryContextDelete(oldest->program->context);
		hash_search(compiled, oldest->hash, HASH_REMOVE, NULL);
	}
}

/* Finds a compiled program, or compiles it. */
static PersonaProgram *
find_compiled(const PersonaProgramValue *value)
{
	CompiledEntry *entry;
	PersonaProgram *program;

	if (compiled == NULL)
	{
		HASHCTL		control;

		control.keysize = PERSONA_HASH_SIZE;
		control.entrysize = sizeof(CompiledEntry);
		control.hcxt = TopMemoryContext;
		compiled = hash_create("persona programs", MAX_COMPILED, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(compiled, value->hash, HASH_FIND, NULL);
	if (entry == NULL)
	{
		if (VARSIZE(value) < offsetof(PersonaProgramValue, text) || value->version != PERSONA_PROGRAM_VERSION)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the program is of another version of persona")));
		/* The entry is made after the compilation, which may fail. */
		program = persona_program_compile(value, TopMemoryContext);
		entry = hash_search(compiled, value->hash, HASH_ENTER, NULL);
		entry->program = program;
	}
	entry->program->used = ++clock_of_use;
	return entry->program;
}

/* Unpins the program of a call site that goes away. */
static void
release_call_site(void *argument)
{
	CallSite   *site = argument;

	if (site->program != NULL)
		site->program->pins--;
	site->program = NULL;
}

/* Returns what a call site keeps. */
static CallSite *
call_site(FmgrInfo *flinfo)
{
	CallSite   *site = flinfo->fn_extra;

	if (site == NULL)
	{
		site = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(CallSite));
		site->memory = AllocSetContextCreate(flinfo->fn_mcxt, "persona call", ALLOCSET_DEFAULT_SIZES);
		site->release.func = release_call_site;
		site->release.arg = site;
		MemoryContextRegisterResetCallback(flinfo->fn_mcxt, &site->release);
		flinfo->fn_extra = site;
	}
	return site;
}

/* Makes a call site use a program. */
static void
use_program(CallSite *site, const PersonaProgramValue *value)
{
	PersonaProgram *program;

	if (site->program != NULL && memcmp(site->program->hash, value->hash, PERSONA_HASH_SIZE) == 0)
		return;
	program = find_compiled(value);
	program->pins++;
	if (site->program != NULL)
		site->program->pins--;
	site->program = program;
	site->data = NULL;
	evict();
}

/* Returns the compiled form of a program value. */
PersonaProgram *
persona_program_open(FmgrInfo *flinfo, Datum value)
{
	CallSite   *site = call_site(flinfo);

	use_program(site, DatumGetProgramP(value));
	return site->program;
}

/* Builds the program that evaluates one condition, from the tables. */
static PersonaProgramValue *
build_for_condition(const char *text, int length)
{
	Oid			type = TEXTOID;
	Datum		argument = PointerGetDatum(cstring_to_text_with_len(text, length));

	return query_program("SELECT persona.program_for($1::persona.condition)", 1, &type, &argument);
}

/* Makes the program that evaluates one condition. */
static PersonaProgramValue *
make_for_condition(const char *text, int length)
{
	char	   *condition = pnstrdup(text, length);
	char	   *whole;
	char	   *place;
	StringInfoData made;

	/* A backslash could hide the word. */
	if (strstr(condition, "cohort") != NULL || strchr(condition, '\\') != NULL)
		return build_for_condition(text, length);
	if (frame == NULL || frame_generation != generation)
	{
		uint64		before = generation;

		keep_value(&frame, build_for_condition(STAND_IN, strlen(STAND_IN)));
		frame_generation = before;
	}
	whole = pnstrdup(frame->text, VARSIZE(frame) - offsetof(PersonaProgramValue, text));
	/* Inside of strings its quotes would be escaped, so it is found where it stands as a condition. */
	place = strstr(whole, STAND_IN);
	if (place == NULL)
		return build_for_condition(text, length);
	initStringInfo(&made);
	appendBinaryStringInfo(&made, whole, place - whole);
	appendStringInfoString(&made, condition);
	appendStringInfoString(&made, place + strlen(STAND_IN));
	return persona_program_value(made.data, made.len);
}

/* Returns the compiled form of the program that evaluates one condition. */
PersonaProgram *
persona_program_open_condition(FmgrInfo *flinfo, const char *text, int length)
{
	CallSite   *site = call_site(flinfo);
	ConditionEntry *entry;
	bytea	   *hash;
	bool		found;

	prepare();
	if (site->program != NULL && site->generation == generation && site->condition_length == length
		&& memcmp(site->condition, text, length) == 0)
		return site->program;
	if (conditions == NULL || hash_get_num_entries(conditions) > MAX_CONDITIONS)
	{
		HASHCTL		control;

		if (conditions != NULL)
		{
			HASH_SEQ_STATUS status;

			hash_seq_init(&status, conditions);
			while ((entry = hash_seq_search(&status)) != NULL)
				if (entry->value != NULL)
					pfree(entry->value);
			hash_destroy(conditions);
			conditions = NULL;
		}
		control.keysize = PERSONA_HASH_SIZE;
		control.entrysize = sizeof(ConditionEntry);
		control.hcxt = TopMemoryContext;
		conditions = hash_create("persona conditions", MAX_CONDITIONS, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	hash = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, PointerGetDatum(cstring_to_text_with_len(text, length))));
	entry = hash_search(conditions, VARDATA_ANY(hash), HASH_ENTER, &found);
	if (!found)
		entry->value = NULL;
	if (entry->value == NULL || entry->generation != generation)
	{
		uint64		before = generation;

		keep_value(&entry->value, make_for_condition(text, length));
		entry->generation = before;
	}
	use_program(site, entry->value);
	if (site->condition != NULL)
		pfree(site->condition);
	site->condition = MemoryContextAlloc(flinfo->fn_mcxt, length + 1);
	memcpy(site->condition, text, length);
	site->condition_length = length;
	site->generation = entry->generation;
	return site->program;
}

/* Returns memory of a call site that the caller resets for every row. */
MemoryContext
persona_call_memory(FmgrInfo *flinfo)
{
	return call_site(flinfo)->memory;
}

/* Returns a place for what else a call site keeps; it begins as NULL. */
void **
persona_call_data(FmgrInfo *flinfo)
{
	return &call_site(flinfo)->data;
}
