/*
 * store.h - records in partitions: written once in any order, read by partition.
 *
 * A store has a power of two of partitions.  Each is a list of chunks that are
 * filled one after the other; a record never spans two.  When the chunks take
 * more than the limit, whole partitions go to temporary files, and what comes
 * later for them follows.
 *
 *   chunk   next | used | record, record, ...        records 8-aligned
 */
#ifndef PERSONA_STORE_H
#define PERSONA_STORE_H

#include "postgres.h"

#include "storage/sharedfileset.h"
#include "utils/dsa.h"

typedef struct PersonaStore PersonaStore;

/* Where the chunks of a store are when its readers are other processes. */
typedef struct PersonaShare
{
	dsa_area   *area;
	SharedFileSet *files;
	int			participant;	/* number of the writer */
} PersonaShare;

/* A stretch of records in memory. */
typedef struct PersonaBytes
{
	const char *begin;
	const char *end;
} PersonaBytes;

/*
 * Makes a store for "streams" streams of "partitions" partitions each, whose
 * chunks take at most about "limit" bytes of memory together.  "share" is NULL
 * for one that only this process reads.
 */
extern PersonaStore *persona_store_make(int streams, int partitions, Size limit, const PersonaShare *share);

/* Returns room for a record of "size" bytes (a multiple of 8). */
extern char *persona_store_slow_room(PersonaStore *store, int place, Size size);

/* The next free bytes of each partition: hot, so in the open. */
typedef struct PersonaCursor
{
	char	   *next;
	char	   *end;
} PersonaCursor;

struct PersonaStore
{
	PersonaCursor *cursors;		/* by stream * partitions + partition */
	int			streams;
	int			partitions;
	struct PersonaStoreParts *parts;
};

static inline char *
persona_store_room(PersonaStore *store, int place, Size size)
{
	PersonaCursor *cursor = &store->cursors[place];

	if (likely(size <= (Size) (cursor->end - cursor->next)))
	{
		char	   *room = cursor->next;

		cursor->next += size;
		return room;
	}
	return persona_store_slow_room(store, place, size);
}

/* Ends writing: from now on it is read, by other processes too if it is shared. */
extern void persona_store_finish(PersonaStore *store);

/* Returns what other processes need to read a shared store. */
extern dsa_pointer persona_store_publish(PersonaStore *store);

/* Opens the store that another participant published. */
extern PersonaStore *persona_store_attach(dsa_pointer published, const PersonaShare *share);

/* Returns the bytes of records in a partition. */
extern Size persona_store_size(const PersonaStore *store, int stream, int partition);

/*
 * Lists the records of a partition as stretches in memory, reading files into
 * the current memory context.
 */
extern int	persona_store_read(PersonaStore *store, int stream, int partition, PersonaBytes **stretches);

/* Gives a partition's memory back once it was read. */
extern void persona_store_drop(PersonaStore *store, int stream, int partition);

/* Frees all memory and files. */
extern void persona_store_close(PersonaStore *store);

#endif							/* PERSONA_STORE_H */
