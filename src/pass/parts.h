/*
 * parts.h - what the files of this room share: the plan of a pass, and records.
 *
 *   customer  code | flags | size | segments ... | bits ... | (key) | (zone) | (row)
 *   event     code | class | size | amounts ... | (key) | (record)
 *
 * All parts are 8-aligned.  A key, a zone and a row are a length in 8 bytes and
 * the bytes; events carry their key only if its code does not say it all.
 */
#ifndef PERSONA_PASS_PARTS_H
#define PERSONA_PASS_PARTS_H

#include "postgres.h"

#include "executor/spi.h"
#include "pass/counts.h"
#include "pass/key.h"
#include "pass/pass.h"
#include "pass/search.h"
#include "pass/store.h"
#include "storage/dsm.h"
#include "storage/shm_toc.h"
#include "utils/rel.h"

#define STREAM_CUSTOMERS 0
#define STREAM_EVENTS 1

#define CUSTOMER_WITHOUT_KEY 1

typedef struct CustomerRecord
{
	uint64		code;
	uint32		flags;
	uint32		size;
} CustomerRecord;

typedef struct EventRecord
{
	uint64		code;
	uint32		class;
	uint32		size;
} EventRecord;

/* Bytes with their length. */
typedef struct Piece
{
	uint64		length;
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} Piece;

#define PIECE_SIZE(length) (sizeof(uint64) + TYPEALIGN(8, length))
#define NEXT_PIECE(piece) ((Piece *) ((char *) (piece) + PIECE_SIZE((piece)->length)))

/* How a node is answered. */
typedef enum LeafKind
{
	LEAF_NOT_NEEDED,
	LEAF_BOOLEAN,				/* all, any, not */
	LEAF_SEARCH,				/* a comparison of a column */
	LEAF_BIT,					/* tested when the customer is read */
	LEAF_COUNTS,				/* follows from counts */
	LEAF_RECORDS,				/* evaluated from records, if there are any */
	LEAF_CUSTOMER				/* evaluated from the whole customer */
} LeafKind;

/* A bound relation of events. */
typedef struct SourcePlan
{
	int			number;
	Relation	relation;
	PersonaClassifier *classifier;
	PersonaEventKey key;
	int			key_column;
	Oid			at_type;
	Bitmapset  *columns;
	bool		cut;			/* events after as_of are of no use */
	struct PersonaScan *scan;	/* of this process, or NULL */
} SourcePlan;

/* A customer's place in a block. */
typedef struct PersonaLane
{
	const CustomerRecord *customer;
	int			event_count;
	EventRecord **events;
	PersonaRecord **records;	/* in order, once they were asked for */
	int			record_count;	/* -1: not yet */
} PersonaLane;

/* A node on events, and its word for customers without any. */
typedef struct EventLeaf
{
	int			node;
	uint64		word;
} EventLeaf;

/* A node whose customers are counted. */
typedef struct CountedNode
{
	int			node;
	bool		negated;
	int			sum;			/* of the question */
	int			place;			/* among place_sums, or */
	int			search;			/* by segments: the search, */
	const PersonaSearchTest *test;	/* and the test */
} CountedNode;

struct PersonaPassParts
{
	MemoryContext context;		/* for what lives as long as the pass */
	MemoryContext partition_memory;
	MemoryContext block_memory;
	MemoryContext row_memory;

	/* the plan */
	bool		need_keys;
	bool		need_rows;
	bool		need_records;
	bool		exact;			/* sums are added up as amounts */
	bool		inexact;		/* a value was met that is none */
	bool		read_zone;		/* tests of the row are read on the customer's wall clock */
	bool		keep_zone;		/* and so are records */
	bool		need_events;
	LeafKind   *leaves;			/* by node */
	uint64	  **selectors;		/* by node of LEAF_RECORDS: those that it asks for */
	bool	   *defaults;		/* by node: what it is without events */
	bool	   *word_needed;	/* by node: in blocks */
	int			counted_count;
	int			counted_room;
	CountedNode *counted;
	int		   *order;			/* boolean nodes, parts first */
	int			order_count;
	int			bit_count;
	int		   *bits;			/* nodes of LEAF_BIT */
	int			record_leaf_count;
	int		   *record_leaves;
	int			customer_leaf_count;
	int		   *customer_leaves;
	uint64	   *whole;			/* selectors whose events are kept as records, */
	PcoreInstant *whole_later_than;	/* by selector: if they are later than that */
	uint64	   *wanted;			/* selectors of any use */
	PersonaCounters *counts;
	int			search_count;
	PersonaSearch *searches;
	int		   *search_nodes;	/* by test: its node */

	/* the relations */
	Relation	customers;
	PersonaCustomerShape *shape;
	PersonaCustomerKeys keys;
	int			key_column;
	Bitmapset  *columns;
	struct PersonaScan *customer_scan;
	int			source_count;
	SourcePlan *sources;

	/* one process */
	PersonaPatterns *patterns;
	const PersonaClass *classes;	/* of all writers, once all events are read */
	PersonaStore *store;
	PersonaTally *tally;
	PcoreAbreast *words;		/* by node */
	int			together;		/* how many customers are evaluated at once */
	int			event_leaf_count;
	EventLeaf  *event_leaves;
	const int  *code;			/* "all", "any" and "not" in order */
	const int  *code_end;
	PcoreAbreast **masks;		/* by search: for each bound the lanes below it */
	uint64	  **segment_counts;	/* by search: how many customers are in each segment, or NULL */
	int			place_count;	/* words whose bits are counted */
	int32	   *place_nodes;
	uint64	   *place_flips;
	uint64	   *place_sums;
	uint64		customer_count;
	uint64		row_count;		/* read of the relation at hand */
	Size		limit;
	int			partition_bits;
	Tuplestorestate *rows;		/* of the result; NULL in a process that helps */
	PersonaStore *sent_rows;	/* there: rows for the one that asked */

	/* customers that need not wait for events */
	int			waiting_count;
	PersonaLane waiting[PERSONA_TOGETHER];
	MemoryContext waiting_memory;
};

/* The segments of a customer, one for each search. */
static inline uint32 *
persona_segments(const CustomerRecord *customer)
{
	return (uint32 *) (customer + 1);
}

/* The bits of a customer, one for each node of LEAF_BIT. */
static inline uint64 *
persona_bits(const struct PersonaPassParts *parts, const CustomerRecord *customer)
{
	return (uint64 *) ((char *) (customer + 1) + TYPEALIGN(8, sizeof(uint32) * parts->search_count));
}

/* What follows them: key, zone, row, as far as they are kept. */
static inline Piece *
persona_pieces(const struct PersonaPassParts *parts, const CustomerRecord *customer)
{
	return (Piece *) (persona_bits(parts, customer) + (parts->bit_count + 63) / 64);
}

/* Tells whether the records of customers carry the key. */
static inline bool
persona_keeps_key(const struct PersonaPassParts *parts)
{
	return parts->need_keys || parts->keys.kind != PERSONA_KEY_INTEGER;
}

/* Returns the partition of a code among 2^bits, after the first bits were used. */
static inline int
persona_partition(uint64 code, int used, int bits)
{
	return bits == 0 ? 0 : (int) ((code << used) >> (64 - bits));
}

/* plan.c: opens the relations and finds out how each node is answered. */
extern void persona_pass_plan(PersonaPass *pass);
extern void persona_pass_close(PersonaPass *pass);

/* scan.c: reads relations, into the store or at once into blocks; a relation is a source by number, or the customers. */
#define SCAN_CUSTOMERS (-1)

extern void persona_pass_begin_scans(PersonaPass *pass);
extern void persona_pass_scan(PersonaPass *pass, int relation, bool whole, BlockNumber from, BlockNumber until);
extern void persona_pass_scan_rest(PersonaPass *pass);
extern void persona_pass_end_scans(PersonaPass *pass);
extern bool persona_pass_has_ranges(PersonaPass *pass, int relation);
extern bool persona_pass_is_parallel_safe(PersonaPass *pass);

/* block.c: evaluates some customers, at most parts->together, and shows them to the question. */
extern void persona_pass_prepare_blocks(PersonaPass *pass);
extern void persona_pass_evaluate(PersonaPass *pass, PersonaLane *lanes, int count);
extern void persona_pass_end_counting(PersonaPass *pass);

/* Stretches of records that one participant wrote. */
typedef struct PartitionInput
{
	int			first_class;	/* the writer's class 0 among parts->classes */
	int			count;
	PersonaBytes *stretches;
} PartitionInput;

/* parallel.c: makes a pass with the help of other processes; false if there are none, or it is not worth it. */
extern PGDLLEXPORT void persona_pass_worker(dsm_segment *segment, shm_toc *toc);
extern bool persona_pass_run_parallel(PersonaPass *pass, const char *symbol, Datum program_value);

/* pass.c: parts of a pass that each process makes. */
extern PersonaPass *persona_pass_make(const PersonaQuestion *question, int argument, PersonaProgram *program,
									  PcoreInstant as_of, bool exact, Tuplestorestate *rows, TupleDesc desc);
extern void persona_pass_choose_partitions(PersonaPass *pass);
extern void persona_pass_finish(PersonaPass *pass);

/* partition.c: brings the customers and the events of a partition together. */
extern void persona_pass_partition(PersonaPass *pass, const PartitionInput *customers, const PartitionInput *events,
								   int writers);

#endif							/* PERSONA_PASS_PARTS_H */
