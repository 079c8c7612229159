/*
 * timeline.c - the flat value behind the type persona.timeline.
 */
#include "postgres.h"

#include "common/base64.h"
#include "compat.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "timeline/timeline.h"
#include "utils/builtins.h"
#include "utils/expandeddatum.h"
#include "utils/memutils.h"

#define FIRST_ROOM 256
/* From this size on an aggregate's state is extended in place, in memory of its own. */
#define LARGE (64 * 1024)
/* So much of it is free before an event is added; what does not fit is moved. */
#define HEADROOM (8 * 1024)
#define RECORD_HEADER(words) (offsetof(PersonaRecord, bits) + sizeof(uint64) * (words))
#define VALUE_SIZE(length) (offsetof(PersonaValue, bytes) + TYPEALIGN(8, (length) + 1))

PG_FUNCTION_INFO_V1(persona_timeline_in);
PG_FUNCTION_INFO_V1(persona_timeline_out);
PG_FUNCTION_INFO_V1(persona_timeline_recv);
PG_FUNCTION_INFO_V1(persona_timeline_send);
PG_FUNCTION_INFO_V1(persona_timeline_concat);
PG_FUNCTION_INFO_V1(persona_timeline_finish);

/* Returns the first record. */
static inline char *
records_of(const PersonaTimeline *timeline)
{
	return (char *) timeline + sizeof(PersonaTimeline);
}

/* Reports a value that no timeline of ours can have. */
static void
corrupt(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid value of type persona.timeline"),
			 errdetail("%s", what)));
}

/* Checks a timeline of "size" bytes that came from outside, record by record. */
static void
check_timeline(const PersonaTimeline *timeline, Size size)
{
	const char *position = records_of(timeline);
	const char *end = (const char *) timeline + size;

	StaticAssertStmt(sizeof(PersonaTimeline) % 8 == 0, "records must be aligned");
	if (size < sizeof(PersonaTimeline))
		corrupt("It is too short.");
	if (timeline->version != PERSONA_TIMELINE_VERSION)
		corrupt("Its version is unknown.");
	if (timeline->count < 0 || timeline->used < 0 || (Size) timeline->used != size)
		corrupt("Its length is wrong.");
	for (int i = 0; i < timeline->count; i++)
	{
		const PersonaRecord *record = (const PersonaRecord *) position;
		const char *value_at;

		if (end - position < (ptrdiff_t) RECORD_HEADER(timeline->words)
			|| record->size < RECORD_HEADER(timeline->words)
			|| record->size % 8 != 0 || record->size > (Size) (end - position))
			corrupt("A record does not fit.");
		value_at = position + RECORD_HEADER(timeline->words);
		position += record->size;
		for (int v = 0; v < record->values; v++)
		{
			const PersonaValue *value = (const PersonaValue *) value_at;

			if (position - value_at < (ptrdiff_t) offsetof(PersonaValue, bytes)
				|| value->length > MaxAllocSize
				|| VALUE_SIZE(value->length) > (Size) (position - value_at))
				corrupt("A value does not fit.");
			if (value->bytes[value->length] != '\0')
				corrupt("A value does not end.");
			value_at += VALUE_SIZE(value->length);
		}
		if (value_at != position)
			corrupt("A record is longer than its values.");
	}
	if (position != end)
		corrupt("Bytes follow the last record.");
}

/* Makes a timeline from the bytes behind a varlena's length word. */
static PersonaTimeline *
timeline_from_bytes(const char *bytes, int length)
{
	PersonaTimeline *timeline = palloc0(Max(length + VARHDRSZ, (int) sizeof(PersonaTimeline)));

	memcpy((char *) timeline + VARHDRSZ, bytes, length);
	SET_VARSIZE(timeline, length + VARHDRSZ);
	check_timeline(timeline, length + VARHDRSZ);
	return timeline;
}

/* Makes an empty timeline with some room. */
PersonaTimeline *
persona_timeline_make(const uint8 *identity, int words)
{
	PersonaTimeline *timeline = palloc0(FIRST_ROOM);

	SET_VARSIZE(timeline, FIRST_ROOM);
	timeline->version = PERSONA_TIMELINE_VERSION;
	timeline->words = words;
	timeline->used = sizeof(PersonaTimeline);
	memcpy(timeline->identity, identity, PERSONA_IDENTITY_SIZE);
	return timeline;
}

/* Fails if the events of one customer take more than a value may. */
static void
need_size(Size size)
{
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the events of one customer take more than %zu bytes", (Size) MaxAllocSize)));
}

/* Returns a timeline with room for more bytes behind what it uses. */
static PersonaTimeline *
make_room(PersonaTimeline *timeline, Size more)
{
	Size		needed = (Size) timeline->used + more;
	Size		room = VARSIZE(timeline);
	PersonaTimeline *larger;

	if (needed <= room)
		return timeline;
	while (room < needed)
		room *= 2;
	need_size(needed);
	room = Min(room, MaxAllocSize);
	larger = palloc(room);
	memcpy(larger, timeline, timeline->used);
	/* What is not used yet is sent between processes, so it is defined. */
	memset((char *) larger + timeline->used, 0, room - timeline->used);
	SET_VARSIZE(larger, room);
	return larger;
}

/*
 * A large timeline while an aggregate grows it.  Of an ordinary value the
 * executor would copy each larger one, and the freed ones would be given back
 * to the operating system and taken again.  It is none to keep: what leaves the
 * aggregate is an ordinary value.
 */
typedef struct Growing
{
	ExpandedObjectHeader header;
	PersonaTimeline *timeline;
} Growing;

/* Returns the size of a growing timeline as an ordinary value. */
static Size
growing_size(ExpandedObjectHeader *header)
{
	return ((Growing *) header)->timeline->used;
}

/* Makes an ordinary value of a growing timeline. */
static void
growing_flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	memcpy(result, ((Growing *) header)->timeline, size);
	SET_VARSIZE(result, size);
}

static const ExpandedObjectMethods growing_methods = {growing_size, growing_flatten};

/* Returns a state that grows in place, or NULL if it is an ordinary value. */
static Growing *
growing_of(Datum state)
{
	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(state)))
		return NULL;
	Assert(DatumGetEOHP(state)->eoh_methods == &growing_methods);
	return (Growing *) DatumGetEOHP(state);
}

/* Gives a growing timeline room for more bytes behind what it uses. */
static void
extend(Growing *growing, Size more)
{
	Size		needed = (Size) growing->timeline->used + more;
	Size		room = VARSIZE(growing->timeline);

	if (needed <= room)
		return;
	need_size(needed);
	while (room < needed)
		room *= 2;
	room = Min(room, MaxAllocSize);
	growing->timeline = repalloc(growing->timeline, room);
	SET_VARSIZE(growing->timeline, room);
}

/* Returns the timeline of an aggregate's state, with room for an event in most cases. */
PersonaTimeline *
persona_timeline_state(Datum state)
{
	Growing    *growing = growing_of(state);

	if (growing == NULL)
		return DatumGetTimelineP(state);
	if (growing->timeline->used < (int32) (MaxAllocSize - HEADROOM))
		extend(growing, HEADROOM);
	return growing->timeline;
}

/*
 * Returns the state of an aggregate whose timeline moved to "timeline", in the
 * current memory context if it is an ordinary value; "aggregate" is the
 * aggregate's memory, NULL if there is none.  "state" is that from before, 0 if
 * there was none.
 */
Datum
persona_timeline_moved(Datum state, const PersonaTimeline *timeline, MemoryContext aggregate)
{
	Size		room = VARSIZE(timeline);
	Growing    *growing = DatumGetPointer(state) == NULL ? NULL : growing_of(state);
	MemoryContext context;
	PersonaTimeline *kept;

	if (growing != NULL)
	{
		growing->timeline = repalloc(growing->timeline, room);
		memcpy(growing->timeline, timeline, room);
		return state;
	}
	if (aggregate == NULL || room < LARGE)
	{
		kept = palloc(room);
		memcpy(kept, timeline, room);
		return PointerGetDatum(kept);
	}
	context = AllocSetContextCreate(aggregate, "persona timeline", ALLOCSET_START_SMALL_SIZES);
	growing = MemoryContextAlloc(context, sizeof(Growing));
	EOH_init_header(&growing->header, &growing_methods, context);
	growing->timeline = MemoryContextAlloc(context, room);
	memcpy(growing->timeline, timeline, room);
	return EOHPGetRWDatum(&growing->header);
}

/* Returns the bytes that a record takes. */
Size
persona_record_size(int words, const PersonaNewValue *values, int value_count)
{
	Size		size = RECORD_HEADER(words);

	for (int v = 0; v < value_count; v++)
		size += VALUE_SIZE(values[v].length);
	return size;
}

/* Writes a record of a size that persona_record_size has told. */
void
persona_record_write(PersonaRecord *record, int words, Size size, int64 at, int64 sequence, int source,
					 const uint64 *bits, const PersonaNewValue *values, int value_count)
{
	char	   *position = (char *) record + RECORD_HEADER(words);

	record->at = at;
	record->sequence = sequence;
	record->source = source;
	record->values = value_count;
	record->size = size;
	memcpy(record->bits, bits, sizeof(uint64) * words);
	for (int v = 0; v < value_count; v++)
	{
		PersonaValue *value = (PersonaValue *) position;

		memset(position, 0, VALUE_SIZE(values[v].length));
		value->slot = values[v].slot;
		value->length = values[v].length;
		memcpy(value->bytes, values[v].bytes, values[v].length);
		position += VALUE_SIZE(values[v].length);
	}
}

/* Appends an event; returns the timeline, moved if it had to grow. */
PersonaTimeline *
persona_timeline_append(PersonaTimeline *timeline, int64 at, int64 sequence, int source,
						const uint64 *bits, const PersonaNewValue *values, int value_count)
{
	Size		size = persona_record_size(timeline->words, values, value_count);

	timeline = make_room(timeline, size);
	persona_record_write((PersonaRecord *) ((char *) timeline + timeline->used), timeline->words, size, at, sequence,
						 source, bits, values, value_count);
	timeline->used += size;
	timeline->count++;
	return timeline;
}

/* Orders records by time, source, sequence and content. */
static int
compare_records(const void *left, const void *right)
{
	const PersonaRecord *a = *(PersonaRecord *const *) left;
	const PersonaRecord *b = *(PersonaRecord *const *) right;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->sequence != b->sequence)
		return a->sequence < b->sequence ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return memcmp(a->bits, b->bits, a->size - offsetof(PersonaRecord, bits));
}

/* Puts records in order. */
void
persona_records_sort(PersonaRecord **records, int count)
{
	for (int i = 1; i < count; i++)
		if (compare_records(&records[i - 1], &records[i]) > 0)
		{
			qsort(records, count, sizeof(PersonaRecord *), compare_records);
			return;
		}
}

/* Lists the records in order. */
PersonaRecord **
persona_timeline_sorted(const PersonaTimeline *timeline)
{
	PersonaRecord **records;
	char	   *position;

	if (timeline == NULL || timeline->count == 0)
		return NULL;
	records = palloc(sizeof(PersonaRecord *) * timeline->count);
	position = records_of(timeline);
	for (int i = 0; i < timeline->count; i++)
	{
		records[i] = (PersonaRecord *) position;
		position += records[i]->size;
	}
	persona_records_sort(records, timeline->count);
	return records;
}

/* Returns a timeline of exact length with the records of two, each in order. */
static PersonaTimeline *
merged(const PersonaTimeline *a, const PersonaTimeline *b)
{
	PersonaRecord **left = persona_timeline_sorted(a);
	PersonaRecord **right = persona_timeline_sorted(b);
	Size		size = (Size) a->used + b->used - sizeof(PersonaTimeline);
	PersonaTimeline *both;
	char	   *position;
	int			l = 0;
	int			r = 0;

	need_size(size);
	both = palloc(size);
	position = records_of(both);
	memcpy(both, a, sizeof(PersonaTimeline));
	SET_VARSIZE(both, size);
	both->used = size;
	both->count = a->count + b->count;
	while (l < a->count || r < b->count)
	{
		const PersonaRecord *next = r == b->count || (l < a->count && compare_records(&left[l], &right[r]) <= 0)
			? left[l++] : right[r++];

		memcpy(position, next, next->size);
		position += next->size;
	}
	return both;
}

/* Tells whether the records are in order. */
static bool
is_in_order(const PersonaTimeline *timeline)
{
	const PersonaRecord *record = (const PersonaRecord *) records_of(timeline);

	for (int i = 1; i < timeline->count; i++)
	{
		const PersonaRecord *next = (const PersonaRecord *) ((const char *) record + record->size);

		if (compare_records(&record, &next) > 0)
			return false;
		record = next;
	}
	return true;
}

/* Returns a timeline of exact length with its records in order. */
static PersonaTimeline *
in_order(const PersonaTimeline *timeline)
{
	PersonaTimeline *ordered = palloc(timeline->used);
	char	   *position = records_of(ordered);
	PersonaRecord **records;

	if (is_in_order(timeline))
	{
		memcpy(ordered, timeline, timeline->used);
		SET_VARSIZE(ordered, timeline->used);
		return ordered;
	}
	records = persona_timeline_sorted(timeline);
	memcpy(ordered, timeline, sizeof(PersonaTimeline));
	SET_VARSIZE(ordered, timeline->used);
	for (int i = 0; i < timeline->count; i++)
	{
		memcpy(position, records[i], records[i]->size);
		position += records[i]->size;
	}
	return ordered;
}

/* Returns a kept value of an event, or NULL. */
const PersonaValue *
persona_record_value(const PersonaRecord *record, int words, uint32 slot)
{
	const char *position = (const char *) record + RECORD_HEADER(words);

	for (int v = 0; v < record->values; v++)
	{
		const PersonaValue *value = (const PersonaValue *) position;

		if (value->slot == slot)
			return value;
		position += VALUE_SIZE(value->length);
	}
	return NULL;
}

/* Puts the kept values of an event into an array, each at the place of its slot. */
void
persona_record_pick(const PersonaRecord *record, int words, const int8 *places, const PersonaValue **values)
{
	const char *position = (const char *) record + RECORD_HEADER(words);

	for (int v = 0; v < record->values; v++)
	{
		const PersonaValue *value = (const PersonaValue *) position;

		if (places[value->slot] >= 0)
			values[places[value->slot]] = value;
		position += VALUE_SIZE(value->length);
	}
}

/* persona.timeline input: base64 of the binary form; errors: any form that is not well-made. */
Datum
persona_timeline_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	int			length = strlen(text);
	int			room = pg_b64_dec_len(length);
	char	   *bytes = palloc(room + 1);
	int			decoded = pg_b64_decode(text, length, PERSONA_BASE64_BYTES(bytes), room);

	if (decoded < 0)
		corrupt("It is not base64.");
	PG_RETURN_POINTER(timeline_from_bytes(bytes, decoded));
}

/* persona.timeline output: base64 of the binary form. */
Datum
persona_timeline_out(PG_FUNCTION_ARGS)
{
	PersonaTimeline *timeline = PG_GETARG_TIMELINE_P(0);
	int			length = timeline->used - VARHDRSZ;
	int			room = pg_b64_enc_len(length);
	char	   *text = palloc(room + 1);
	int			encoded = pg_b64_encode(PERSONA_BASE64_BYTES((char *) timeline + VARHDRSZ), length, text, room);

	if (encoded < 0)
		elog(ERROR, "base64 encoding failed");
	text[encoded] = '\0';
	PG_RETURN_CSTRING(text);
}

/* persona.timeline binary input: the bytes behind the length word, all of them checked. */
Datum
persona_timeline_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			length = message->len - message->cursor;

	PG_RETURN_POINTER(timeline_from_bytes(pq_getmsgbytes(message, length), length));
}

/* persona.timeline binary output. */
Datum
persona_timeline_send(PG_FUNCTION_ARGS)
{
	PersonaTimeline *timeline = PG_GETARG_TIMELINE_P(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbytes(&message, (char *) timeline + VARHDRSZ, timeline->used - VARHDRSZ);
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/*
 * persona.timeline_concat(a, b): the events of both; NULL is no events.
 * Errors: timelines of different programs.
 */
Datum
persona_timeline_concat(PG_FUNCTION_ARGS)
{
	PersonaTimeline *a;
	PersonaTimeline *b;
	PersonaTimeline *both;
	Growing    *growing;
	Size		more;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	growing = growing_of(PG_GETARG_DATUM(0));
	a = growing != NULL ? growing->timeline : PG_GETARG_TIMELINE_P(0);
	b = PG_GETARG_TIMELINE_P(1);
	if (a->words != b->words || memcmp(a->identity, b->identity, PERSONA_IDENTITY_SIZE) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timelines of different programs can't be joined"),
				 errhint("Build all timelines of one query with the same persona.program value.")));
	/* An aggregate goes on; what an ordinary call returns is finished, and its arguments are not ours to change. */
	if (!AggCheckCallContext(fcinfo, NULL))
		PG_RETURN_POINTER(merged(a, b));
	more = b->used - sizeof(PersonaTimeline);
	if (growing != NULL)
		extend(growing, more);
	both = growing != NULL ? growing->timeline : make_room(a, more);
	memcpy((char *) both + both->used, records_of(b), more);
	both->used += more;
	both->count += b->count;
	PG_RETURN_DATUM(growing != NULL ? PG_GETARG_DATUM(0) : PointerGetDatum(both));
}

/*
 * persona.timeline_finish(timeline): final function of the aggregate; puts the
 * events in order and cuts off the spare room, so that the same events give the
 * same value in whatever order and parts they came.
 */
Datum
persona_timeline_finish(PG_FUNCTION_ARGS)
{
	Growing    *growing = growing_of(PG_GETARG_DATUM(0));

	PG_RETURN_POINTER(in_order(growing != NULL ? growing->timeline : PG_GETARG_TIMELINE_P(0)));
}
