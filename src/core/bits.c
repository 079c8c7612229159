/*
 * bits.c - counts bits, with the instructions that the processor has for it.
 *
 * A program that may run on any machine of its kind is compiled for the oldest
 * of them, which counts bits with a dozen instructions.  So the functions are
 * compiled several times, and the processor is asked once which it can run.
 */
#include "bits.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_X86
#include <immintrin.h>
#endif

/* The bodies are the same for all compilations but those with vectors. */
#define ADD_PLACES \
	for (int i = 0; i < count; i++) \
	{ \
		const PcoreAbreast *row = &words[places[i]]; \
		uint64_t	sum = 0; \
		\
		for (int w = 0; w < PCORE_BITS_ABREAST; w++) \
			sum += (uint64_t) __builtin_popcountll(((*row)[w] ^ flips[i]) & (*masks)[w]); \
		sums[i] += sum; \
	}

#define ADD_PAIRS \
	for (size_t r = 0; r < count; r++, rows += PCORE_BITS_ROW) \
	{ \
		uint64_t	sum = 0; \
		\
		for (int w = 0; w < PCORE_BITS_ROW; w++) \
			sum += (uint64_t) __builtin_popcountll(row[w] & rows[w]); \
		sums[r] += sum; \
	}

/* For every processor. */
static void
add_places_plain(uint64_t *sums, const PcoreAbreast *words, const int32_t *places, const uint64_t *flips, int count,
				 const PcoreAbreast *masks)
{
	ADD_PLACES;
}

/* For every processor. */
static void
add_pairs_plain(uint64_t *sums, const uint64_t *row, const uint64_t *rows, size_t count)
{
	ADD_PAIRS;
}

static const PcoreBits plain = {"plain", add_places_plain, add_pairs_plain};

#ifdef HAVE_X86

/* For those that count the bits of a word with one instruction. */
__attribute__((target("popcnt")))
static void
add_places_popcnt(uint64_t *sums, const PcoreAbreast *words, const int32_t *places, const uint64_t *flips, int count,
				  const PcoreAbreast *masks)
{
	ADD_PLACES;
}

/* For those that count the bits of a word with one instruction. */
__attribute__((target("popcnt")))
static void
add_pairs_popcnt(uint64_t *sums, const uint64_t *row, const uint64_t *rows, size_t count)
{
	ADD_PAIRS;
}

/* For those that count the bits of eight words with one instruction. */
__attribute__((target("avx512f,avx512vpopcntdq")))
static void
add_pairs_vectors(uint64_t *sums, const uint64_t *row, const uint64_t *rows, size_t count)
{
	__m512i		left[PCORE_BITS_ROW / 8];

	for (int v = 0; v < PCORE_BITS_ROW / 8; v++)
		left[v] = _mm512_loadu_si512(row + 8 * v);
	for (size_t r = 0; r < count; r++, rows += PCORE_BITS_ROW)
	{
		__m512i		sum = _mm512_setzero_si512();

		for (int v = 0; v < PCORE_BITS_ROW / 8; v++)
			sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(_mm512_and_si512(left[v], _mm512_loadu_si512(rows + 8 * v))));
		sums[r] += (uint64_t) _mm512_reduce_add_epi64(sum);
	}
}

static const PcoreBits popcnt = {"popcnt", add_places_popcnt, add_pairs_popcnt};
static const PcoreBits vectors = {"vectors", add_places_popcnt, add_pairs_vectors};

#endif

/* Returns the ways that this machine has, the fastest last. */
const PcoreBits *const *
pcore_bits_ways(int *count)
{
	static const PcoreBits *ways[3];
	static int	found = 0;

	if (found == 0)
	{
		int			number = 0;

		ways[number++] = &plain;
#ifdef HAVE_X86
		__builtin_cpu_init();
		if (__builtin_cpu_supports("popcnt"))
		{
			ways[number++] = &popcnt;
			if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vpopcntdq"))
				ways[number++] = &vectors;
		}
#endif
		found = number;
	}
	*count = found;
	return ways;
}

/* Returns the fastest way on this machine. */
const PcoreBits *
pcore_bits(void)
{
	int			count;
	const PcoreBits *const *ways = pcore_bits_ways(&count);

	return ways[count - 1];
}
