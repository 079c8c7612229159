/*
 * timeline.h - one customer's classified events as one flat value.
 *
 *   PersonaTimeline  header | record | record | ...        any order, 8-aligned
 *   PersonaRecord    at, sequence, source, size, bits[words], value, value, ...
 *   PersonaValue     slot, length, bytes (a zero follows, padded to 8)
 *
 * An event is kept only if it fulfills a selector of the program; bits[] tells
 * which ones.  What conditions and templates need of its columns is kept as
 * values, by slot number.  Selector and slot numbers belong to one program,
 * whose identity the header names.  While an aggregate grows, the varlena is
 * longer than what is used, and a large one is extended in place (an expanded
 * object); a finished one is exact.
 */
#ifndef PERSONA_TIMELINE_H
#define PERSONA_TIMELINE_H

#include "postgres.h"

#include "fmgr.h"

#define PERSONA_TIMELINE_VERSION 1
#define PERSONA_IDENTITY_SIZE 16	/* the begin of a program's hash */

typedef struct PersonaTimeline
{
	int32		vl_len_;
	uint16		version;
	uint16		words;			/* 64-bit words of bits per record */
	int32		count;			/* records */
	int32		used;			/* bytes, this header included */
	uint8		identity[PERSONA_IDENTITY_SIZE];
} PersonaTimeline;

typedef struct PersonaRecord
{
	int64		at;				/* instant */
	int64		sequence;		/* orders events of one source at one instant */
	uint16		source;			/* number of the source in the program */
	uint16		values;			/* how many values */
	uint32		size;			/* of the whole record, a multiple of 8 */
	uint64		bits[FLEXIBLE_ARRAY_MEMBER];
} PersonaRecord;

typedef struct PersonaValue
{
	uint32		slot;
	uint32		length;
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} PersonaValue;

#define DatumGetTimelineP(d) ((PersonaTimeline *) PG_DETOAST_DATUM(d))
#define PG_GETARG_TIMELINE_P(n) DatumGetTimelineP(PG_GETARG_DATUM(n))

#define PERSONA_HAS_BIT(record, bit) \
	(((record)->bits[(bit) / 64] >> ((bit) % 64)) & 1)

/* A value to be kept with an event. */
typedef struct PersonaNewValue
{
	uint32		slot;
	uint32		length;
	const char *bytes;
} PersonaNewValue;

/* Makes an empty timeline with some room. */
extern PersonaTimeline *persona_timeline_make(const uint8 *identity, int words);

/*
 * Appends an event; returns the timeline, moved to the current memory context
 * if it had to grow.
 */
extern PersonaTimeline *persona_timeline_append(PersonaTimeline *timeline, int64 at, int64 sequence,
												int source, const uint64 *bits,
												const PersonaNewValue *values, int value_count);

/*
 * The timeline of an aggregate's state, and the state when appending has moved
 * the timeline; "aggregate" is the aggregate's memory, or NULL.
 */
extern PersonaTimeline *persona_timeline_state(Datum state);
extern Datum persona_timeline_moved(Datum state, const PersonaTimeline *timeline, MemoryContext aggregate);

/* Lists the records in order: time, source, sequence, and then content, so that no order of input matters. */
extern PersonaRecord **persona_timeline_sorted(const PersonaTimeline *timeline);

/* Puts records in that order. */
extern void persona_records_sort(PersonaRecord **records, int count);

/* Writes a record; "place" has room for persona_record_size bytes, and is 8-aligned. */
extern Size persona_record_size(int words, const PersonaNewValue *values, int value_count);
extern void persona_record_write(PersonaRecord *record, int words, Size size, int64 at, int64 sequence, int source,
								 const uint64 *bits, const PersonaNewValue *values, int value_count);

/* Returns a kept value of an event, or NULL. */
extern const PersonaValue *persona_record_value(const PersonaRecord *record, int words, uint32 slot);

/*
 * Puts the kept values of an event into an array, each at the place that
 * "places" tells for its slot; -1: it is left out.
 */
extern void persona_record_pick(const PersonaRecord *record, int words, const int8 *places,
								const PersonaValue **values);

#endif							/* PERSONA_TIMELINE_H */
