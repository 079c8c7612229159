/*
 * bits.h - counts bits, with the instructions that the processor has for it.
 */
#ifndef PERSONA_BITS_H
#define PERSONA_BITS_H

#include "core.h"

/* Rows of words are this long. */
#define PCORE_BITS_ROW 64

/* So many words lie side by side at a place; they are computed with as one value. */
#define PCORE_BITS_ABREAST 2

typedef uint64_t PcoreAbreast __attribute__((vector_size(8 * PCORE_BITS_ABREAST), aligned(8)));

/* One way to count bits; all give the same numbers. */
typedef struct PcoreBits
{
	const char *name;

	/* Adds to sums[i] the bits that the words at places[i], ^ flips[i], have under masks. */
	void		(*add_places) (uint64_t *sums, const PcoreAbreast *words, const int32_t *places,
							   const uint64_t *flips, int count, const PcoreAbreast *masks);

	/* Adds to sums[r] the bits that a row has in common with each of the rows that follow one another. */
	void		(*add_pairs) (uint64_t *sums, const uint64_t *row, const uint64_t *rows, size_t count);
} PcoreBits;

/* Returns the fastest way on this machine. */
extern const PcoreBits *pcore_bits(void);

/* Returns the ways that this machine has, the fastest last; for tests. */
extern const PcoreBits *const *pcore_bits_ways(int *count);

#endif							/* PERSONA_BITS_H */
