/*
 * store.c - partitioned records in memory, in shared memory, or in files.
 *
 * Chunks begin small and double, so that many partitions cost little when
 * there are few records, and much of what is allocated is used when there are
 * many.  Of a shared store the chunks live in dynamic shared memory, and the
 * files in a file set: other participants read them where they are.
 *
 * Over the limit the largest partitions are written out until half of the limit
 * is free.  A partition that has a file keeps one chunk to collect in; a full
 * one is appended to the file.
 */
#include "postgres.h"

#include <fcntl.h>

#include "compat.h"
#include "miscadmin.h"
#include "pass/store.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#define LEAST_CHUNK 1024
#define MOST_CHUNK 65536

typedef struct Chunk
{
	dsa_pointer next;			/* of a shared store */
	struct Chunk *next_here;	/* of one that is not */
	Size		room;			/* bytes behind this header */
	Size		used;
} Chunk;

#define CHUNK_DATA(chunk) ((char *) (chunk) + MAXALIGN(sizeof(Chunk)))

typedef struct Part
{
	Chunk	   *chunk;			/* being filled, or NULL */
	dsa_pointer pointer;		/* the same in shared memory */
	Size		next_room;		/* of the next chunk */
	Size		in_memory;		/* bytes of all its chunks */
	Size		written;		/* bytes of records in the file */
	Size		total;			/* bytes of records, once the store is finished */
	BufFile    *file;
} Part;

struct PersonaStoreParts
{
	MemoryContext context;
	bool		shared;
	bool		attached;		/* made by another participant */
	PersonaShare share;
	Size		limit;
	Size		in_memory;
	Size		most_room;
	Part	   *parts;
};

/* What is published of a partition. */
typedef struct PublishedPart
{
	dsa_pointer chunk;
	Size		written;
	Size		total;
} PublishedPart;

typedef struct Published
{
	int			participant;
	int			streams;
	int			partitions;
	PublishedPart parts[FLEXIBLE_ARRAY_MEMBER];
} Published;

/* Makes a store. */
PersonaStore *
persona_store_make(int streams, int partitions, Size limit, const PersonaShare *share)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "persona store", ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(context);
	PersonaStore *store = palloc0(sizeof(PersonaStore));
	struct PersonaStoreParts *all = palloc0(sizeof(*all));
	int			count = streams * partitions;

	store->streams = streams;
	store->partitions = partitions;
	store->cursors = palloc0(sizeof(PersonaCursor) * count);
	store->parts = all;
	all->context = context;
	all->limit = limit;
	all->parts = palloc0(sizeof(Part) * count);
	/* Half of the limit may be chunks that are being filled. */
	all->most_room = Max(LEAST_CHUNK, Min(MOST_CHUNK, limit / 2 / count));
	if (share != NULL)
	{
		all->shared = true;
		all->share = *share;
	}
	MemoryContextSwitchTo(outer);
	return store;
}

/* Notes how far the chunk of a partition is filled. */
static void
note_used(PersonaStore *store, int place)
{
	Part	   *part = &store->parts->parts[place];

	if (part->chunk != NULL)
		part->chunk->used = store->cursors[place].next - CHUNK_DATA(part->chunk);
}

/* Gives all chunks of a partition back. */
static void
free_chunks(PersonaStore *store, int place)
{
	struct PersonaStoreParts *all = store->parts;
	Part	   *part = &all->parts[place];

	if (all->shared)
	{
		dsa_pointer pointer = part->pointer;

		while (DsaPointerIsValid(pointer))
		{
			Chunk	   *chunk = dsa_get_address(all->share.area, pointer);
			dsa_pointer next = chunk->next;

			dsa_free(all->share.area, pointer);
			pointer = next;
		}
		part->pointer = InvalidDsaPointer;
	}
	else
	{
		Chunk	   *chunk = part->chunk;

		while (chunk != NULL)
		{
			Chunk	   *next = chunk->next_here;

			pfree(chunk);
			chunk = next;
		}
	}
	part->chunk = NULL;
	all->in_memory -= part->in_memory;
	part->in_memory = 0;
	store->cursors[place].next = store->cursors[place].end = NULL;
}

/* Returns the chunk that was filled before another one. */
static Chunk *
next_chunk(const PersonaStore *store, const Chunk *chunk)
{
	if (!store->parts->shared)
		return chunk->next_here;
	return DsaPointerIsValid(chunk->next) ? dsa_get_address(store->parts->share.area, chunk->next) : NULL;
}

/* Names the file of a partition. */
static void
file_name(char *name, int participant, int place)
{
	snprintf(name, MAXPGPATH, "p%d.%d", participant, place);
}

/* Writes the chunks of a partition to its file. */
static void
write_out(PersonaStore *store, int place)
{
	struct PersonaStoreParts *all = store->parts;
	Part	   *part = &all->parts[place];

	note_used(store, place);
	if (part->file == NULL)
	{
		MemoryContext outer = MemoryContextSwitchTo(all->context);

		if (all->shared)
		{
			char		name[MAXPGPATH];

			file_name(name, all->share.participant, place);
			part->file = BufFileCreateFileSet(&all->share.files->fs, name);
		}
		else
			part->file = BufFileCreateTemp(false);
		MemoryContextSwitchTo(outer);
	}
	for (Chunk *chunk = part->chunk; chunk != NULL; chunk = next_chunk(store, chunk))
	{
		BufFileWrite(part->file, CHUNK_DATA(chunk), chunk->used);
		part->written += chunk->used;
	}
	free_chunks(store, place);
}

/* Writes the largest partitions out until half of the limit is free. */
static void
make_memory(PersonaStore *store)
{
	struct PersonaStoreParts *all = store->parts;
	int			count = store->streams * store->partitions;

	CHECK_FOR_INTERRUPTS();
	while (all->in_memory > all->limit / 2)
	{
		int			largest = 0;

		for (int i = 1; i < count; i++)
			if (all->parts[i].in_memory > all->parts[largest].in_memory)
				largest = i;
		if (all->parts[largest].in_memory == 0)
			break;
		write_out(store, largest);
	}
}

/* Returns room for a record in a new chunk. */
char *
persona_store_slow_room(PersonaStore *store, int place, Size size)
{
	struct PersonaStoreParts *all = store->parts;
	Part	   *part = &all->parts[place];
	PersonaCursor *cursor = &store->cursors[place];
	Size		room;
	Chunk	   *chunk;

	note_used(store, place);
	if (part->file != NULL)
		write_out(store, place);
	room = Max(part->next_room, LEAST_CHUNK);
	part->next_room = Min(room * 2, all->most_room);
	room = Max(room, size);
	if (all->in_memory + room > all->limit)
		make_memory(store);
	if (all->shared)
	{
		dsa_pointer pointer = dsa_allocate(all->share.area, MAXALIGN(sizeof(Chunk)) + room);

		chunk = dsa_get_address(all->share.area, pointer);
		chunk->next = part->pointer;
		part->pointer = pointer;
	}
	else
	{
		chunk = MemoryContextAllocHuge(all->context, MAXALIGN(sizeof(Chunk)) + room);
		chunk->next_here = part->chunk;
	}
	chunk->room = room;
	chunk->used = 0;
	part->chunk = chunk;
	part->in_memory += room;
	all->in_memory += room;
	cursor->next = CHUNK_DATA(chunk) + size;
	cursor->end = CHUNK_DATA(chunk) + room;
	return CHUNK_DATA(chunk);
}

/* Ends writing. */
void
persona_store_finish(PersonaStore *store)
{
	struct PersonaStoreParts *all = store->parts;

	for (int i = 0; i < store->streams * store->partitions; i++)
	{
		Part	   *part = &all->parts[i];

		note_used(store, i);
		if (part->file != NULL)
			write_out(store, i);
		part->total = part->written;
		for (Chunk *chunk = part->chunk; chunk != NULL; chunk = next_chunk(store, chunk))
			part->total += chunk->used;
		if (part->file != NULL && all->shared)
		{
			BufFileExportFileSet(part->file);
			BufFileClose(part->file);
			part->file = NULL;
		}
	}
}

/* Returns what other processes need to read a shared store. */
dsa_pointer
persona_store_publish(PersonaStore *store)
{
	struct PersonaStoreParts *all = store->parts;
	int			count = store->streams * store->partitions;
	dsa_pointer pointer = dsa_allocate(all->share.area, offsetof(Published, parts) + sizeof(PublishedPart) * count);
	Published  *published = dsa_get_address(all->share.area, pointer);

	published->participant = all->share.participant;
	published->streams = store->streams;
	published->partitions = store->partitions;
	for (int i = 0; i < count; i++)
	{
		published->parts[i].chunk = all->parts[i].pointer;
		published->parts[i].written = all->parts[i].written;
		published->parts[i].total = all->parts[i].total;
	}
	return pointer;
}

/* Opens the store that another participant published. */
PersonaStore *
persona_store_attach(dsa_pointer pointer, const PersonaShare *share)
{
	Published  *published = dsa_get_address(share->area, pointer);
	PersonaStore *store = persona_store_make(published->streams, published->partitions, 0, share);
	struct PersonaStoreParts *all = store->parts;

	all->attached = true;
	all->share.participant = published->participant;
	for (int i = 0; i < store->streams * store->partitions; i++)
	{
		Part	   *part = &all->parts[i];

		part->pointer = published->parts[i].chunk;
		part->chunk = DsaPointerIsValid(part->pointer) ? dsa_get_address(share->area, part->pointer) : NULL;
		part->written = published->parts[i].written;
		part->total = published->parts[i].total;
	}
	return store;
}

/* Returns the bytes of records in a partition. */
Size
persona_store_size(const PersonaStore *store, int stream, int partition)
{
	return store->parts->parts[stream * store->partitions + partition].total;
}

/* Reads the file of a partition into memory. */
static char *
read_file(PersonaStore *store, int place)
{
	struct PersonaStoreParts *all = store->parts;
	Part	   *part = &all->parts[place];
	char	   *data = palloc_extended(part->written, MCXT_ALLOC_HUGE);
	BufFile    *file = part->file;

	if (all->shared)
	{
		char		name[MAXPGPATH];

		file_name(name, all->share.participant, place);
		file = BufFileOpenFileSet(&all->share.files->fs, name, O_RDONLY, false);
	}
	else if (BufFileSeek(file, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rewind a temporary file of persona")));
	PERSONA_READ_FILE(file, data, part->written);
	if (all->shared)
		BufFileClose(file);
	return data;
}

/* Lists the records of a partition as stretches in memory. */
int
persona_store_read(PersonaStore *store, int stream, int partition, PersonaBytes **stretches)
{
	int			place = stream * store->partitions + partition;
	Part	   *part = &store->parts->parts[place];
	int			count = part->written > 0 ? 1 : 0;
	int			next = 0;

	for (Chunk *chunk = part->chunk; chunk != NULL; chunk = next_chunk(store, chunk))
		count++;
	*stretches = palloc(sizeof(PersonaBytes) * (count + 1));
	if (part->written > 0)
	{
		(*stretches)[next].begin = read_file(store, place);
		(*stretches)[next].end = (*stretches)[next].begin + part->written;
		next++;
	}
	for (Chunk *chunk = part->chunk; chunk != NULL; chunk = next_chunk(store, chunk))
	{
		(*stretches)[next].begin = CHUNK_DATA(chunk);
		(*stretches)[next].end = CHUNK_DATA(chunk) + chunk->used;
		next++;
	}
	return count;
}

/* Gives a partition's memory back once it was read. */
void
persona_store_drop(PersonaStore *store, int stream, int partition)
{
	int			place = stream * store->partitions + partition;
	Part	   *part = &store->parts->parts[place];

	if (part->file != NULL)
		BufFileClose(part->file);
	part->file = NULL;
	part->written = 0;
	free_chunks(store, place);
}

/* Frees all memory and files. */
void
persona_store_close(PersonaStore *store)
{
	struct PersonaStoreParts *all = store->parts;

	for (int i = 0; i < store->streams * store->partitions; i++)
	{
		if (all->parts[i].file != NULL)
			BufFileClose(all->parts[i].file);
		if (all->shared && !all->attached)
			free_chunks(store, i);
	}
	MemoryContextDelete(all->context);
}
