/*
 * pass.h - all customers with all their events, in one pass.
 *
 *   customers --scan--> segments, bits, key (row)  --.
 *                                                     +-- partitions by key --> blocks of
 *   events --scan--> class, amounts (record) ---------'                         64 customers
 *
 * Each relation is read once by an ordinary query with the caller's rights.  An
 * event row is classified as it comes and becomes a few bytes; a customer row
 * becomes its answers to tests.  Both are collected in partitions by the
 * customer's key, since they come in any order.  Then, partition by partition,
 * the events are laid beside their customers, and blocks of 64 customers are
 * evaluated: a word has a bit for each of them, so that "all", "any" and "not"
 * are one instruction for 64 customers.
 *
 * What is to be done with the customers is a question.  It says what it needs,
 * and then sees the blocks.
 */
#ifndef PERSONA_PASS_H
#define PERSONA_PASS_H

#include "postgres.h"

#include "access/htup.h"
#include "catalog/program.h"
#include "core/bits.h"
#include "utils/tuplestore.h"

#define PERSONA_LANES 64

/* So many blocks are evaluated abreast. */
#define PERSONA_ABREAST PCORE_BITS_ABREAST
#define PERSONA_TOGETHER (PERSONA_LANES * PERSONA_ABREAST)

typedef struct PersonaPass PersonaPass;
typedef struct PersonaBlock PersonaBlock;

/* What is to be done with the customers. */
typedef struct PersonaQuestion
{
	/*
	 * Says what is needed, with the functions persona_pass_need_...; the same
	 * in every process that takes part.  May set pass->state.
	 */
	void		(*plan) (PersonaPass *pass);

	/* Sees some customers; memory is freed afterwards. */
	void		(*block) (PersonaPass *pass, const PersonaBlock *block);

	/* Has seen all that this process gets to see; or NULL. */
	void		(*finish) (PersonaPass *pass);
} PersonaQuestion;

/* Defines a question; other processes find it by its name. */
#define PERSONA_QUESTION(name) \
	extern PGDLLEXPORT const PersonaQuestion name; \
	PGDLLEXPORT const PersonaQuestion name

/* Some customers; functions below tell more of each. */
struct PersonaBlock
{
	int			count;			/* at most PERSONA_LANES */
	uint64		lanes;			/* a bit for each */
	const PcoreAbreast *words;	/* by node, of nodes that were asked for */
	int			word;			/* of this block */
	const struct PersonaLane *customers;
};

struct PersonaPass
{
	PersonaProgram *program;
	PcoreInstant as_of;
	const PersonaQuestion *question;
	int			argument;		/* of the question: the one who asks gives it */
	void	   *state;			/* of the question */
	int			sum_count;
	uint64	   *sums;			/* for the question to add to; added up over all processes */
	TupleDesc	desc;			/* of the rows of the result */
	struct PersonaPassParts *parts;
};

/* Asks for the truth of a node at as_of. */
extern void persona_pass_need_node(PersonaPass *pass, int node);

/* Asks for the number of customers for whom a node holds at as_of, to be added to a sum. */
extern void persona_pass_need_count(PersonaPass *pass, int node, int sum);

/* Asks for the customers' keys, their whole rows, all their records, room for sums. */
extern void persona_pass_need_keys(PersonaPass *pass);
extern void persona_pass_need_rows(PersonaPass *pass);
extern void persona_pass_need_records(PersonaPass *pass);
extern void persona_pass_need_sums(PersonaPass *pass, int count);

/* Tells for whom a node that was asked for holds at as_of. */
static inline uint64
persona_block_word(const PersonaBlock *block, int node)
{
	return block->words[node][block->word];
}

/* Tell of the customer in a lane: the key, the row, the records in order (those after as_of included). */
extern Datum persona_block_key(PersonaPass *pass, const PersonaBlock *block, int lane, bool *null);
extern HeapTupleHeader persona_block_row(PersonaPass *pass, const PersonaBlock *block, int lane);
extern PersonaRecord **persona_block_records(PersonaPass *pass, const PersonaBlock *block, int lane, int *count);

/* Adds a row to the result. */
extern void persona_pass_add_row(PersonaPass *pass, Datum *values, bool *nulls);

/*
 * Asks a question of all customers.  "symbol" names the function that returns
 * the question, for processes that help.  Rows go to "rows", sums stay in the
 * pass that is returned.
 */
extern PersonaPass *persona_pass_run(const char *symbol, const PersonaQuestion *question, int argument,
									 PersonaProgram *program, Datum program_value, PcoreInstant as_of,
									 Tuplestorestate *rows, TupleDesc desc);

/* Frees a pass that was run, sums and state included. */
extern void persona_pass_free(PersonaPass *pass);

#endif							/* PERSONA_PASS_H */
