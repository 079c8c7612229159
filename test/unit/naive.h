/*
 * naive.h - random cases for truths, sequences and prices, each compared with an
 * oracle that looks at every instant and at every combination.
 *
 * A case is made of bytes: the tests take them from a generator with a fixed
 * seed, the fuzz targets from the fuzzer.  Instants are small numbers, so that
 * the oracles can try all of them, moved to some place on the axis of time.
 */
#ifndef PERSONA_TEST_NAIVE_H
#define PERSONA_TEST_NAIVE_H

#include "core/truth.h"

/* The bytes that are left; when they run out, zeros follow. */
typedef struct NaiveSource
{
	const uint8_t *at;
	const uint8_t *end;
} NaiveSource;

/* Takes a byte. */
extern unsigned naive_take(NaiveSource *source);

/* Takes a number in [0, limit), limit at most 256. */
extern int naive_below(NaiveSource *source, int limit);

/* Fills a buffer with random bytes; the seed decides which. */
extern void naive_fill(uint64_t seed, uint8_t *bytes, size_t size);

/* Calls a function with the bytes of each of so many seeds; frees the memory after each. */
extern void naive_repeat(const char *name, int count, void (*run) (NaiveSource *source));

/* Takes a place on the axis of time; the "width" instants from there on exist. */
extern PcoreInstant naive_base(NaiveSource *source, int width);

/*
 * Checks a truth against its values at samples: ascending instants, the first
 * one the start of the truth; it changes at samples only, and at none later.
 * Reads it at each of them and at both infinities.  Counts as one check.
 */
extern void naive_compare(const char *what, PcoreTruth truth,
						  const PcoreInstant *samples, const bool *values, int count);

/* Makes a case of the bytes and checks it. */
extern void naive_truth(NaiveSource *source);
extern void naive_sequence(NaiveSource *source);
extern void naive_price(NaiveSource *source);

/* Checks a random small trade against all divisions there are. */
extern void naive_trade(NaiveSource *source);

#endif							/* PERSONA_TEST_NAIVE_H */
