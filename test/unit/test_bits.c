/*
 * test_bits.c - each way to count bits against counting them one by one.
 */
#include <string.h>

#include "core/bits.h"
#include "host.h"
#include "naive.h"

#define WORDS 40
#define ROWS 9

/* Counts the bits of a word one by one. */
static uint64_t
count_bits(uint64_t word)
{
	uint64_t	count = 0;

	for (int b = 0; b < 64; b++)
		count += (word >> b) & 1;
	return count;
}

/* Compares the counts at places. */
static void
test_places(const PcoreBits *way, uint64_t seed)
{
	PcoreAbreast words[WORDS];
	uint64_t	flips[WORDS];
	uint64_t	sums[WORDS];
	PcoreAbreast masks[3];
	uint8_t		bytes[WORDS];
	int32_t		places[WORDS];

	naive_fill(seed, (uint8_t *) words, sizeof(words));
	naive_fill(seed + 1, (uint8_t *) masks, sizeof(masks));
	naive_fill(seed + 2, bytes, sizeof(bytes));
	for (int i = 0; i < WORDS; i++)
	{
		places[i] = bytes[i] % WORDS;
		flips[i] = bytes[i] >= 128 ? ~UINT64_C(0) : 0;
	}
	/* A block that is full, one that is not there. */
	masks[1][0] = ~UINT64_C(0);
	masks[1][PCORE_BITS_ABREAST - 1] = 0;
	for (int m = 0; m < 3; m++)
		for (int count = 0; count <= WORDS; count += 13)
		{
			bool		equal = true;

			for (int i = 0; i < WORDS; i++)
				sums[i] = (uint64_t) i;
			way->add_places(sums, words, places, flips, count, &masks[m]);
			for (int i = 0; i < WORDS; i++)
			{
				uint64_t	expected = (uint64_t) i;

				for (int w = 0; i < count && w < PCORE_BITS_ABREAST; w++)
					expected += count_bits((words[places[i]][w] ^ flips[i]) & masks[m][w]);
				equal &= sums[i] == expected;
			}
			CHECK(equal);
		}
}

/* Compares what rows have in common; they lie at any place. */
static void
test_pairs(const PcoreBits *way, uint64_t seed)
{
	uint64_t	words[(ROWS + 1) * PCORE_BITS_ROW + 1];
	uint64_t	sums[ROWS];

	naive_fill(seed, (uint8_t *) words, sizeof(words));
	for (int first = 0; first < 2; first++)
		for (size_t count = 0; count <= ROWS; count += 3)
		{
			const uint64_t *row = words + first;
			const uint64_t *rows = row + PCORE_BITS_ROW;
			bool		equal = true;

			memset(sums, 0, sizeof(sums));
			way->add_pairs(sums, row, rows, count);
			for (size_t r = 0; r < ROWS; r++)
			{
				uint64_t	expected = 0;

				for (int w = 0; r < count && w < PCORE_BITS_ROW; w++)
					expected += count_bits(row[w] & rows[r * PCORE_BITS_ROW + (size_t) w]);
				equal &= sums[r] == expected;
			}
			CHECK(equal);
		}
}

/* Runs all tests. */
int
main(void)
{
	int			count;
	const PcoreBits *const *ways = pcore_bits_ways(&count);

	CHECK(count >= 1 && pcore_bits() == ways[count - 1]);
	for (int w = 0; w < count; w++)
	{
		host_case("counting bits, %s", ways[w]->name);
		for (uint64_t seed = 1; seed < 20; seed++)
		{
			test_places(ways[w], seed * 10);
			test_pairs(ways[w], seed * 10 + 5);
		}
	}
	return host_finish();
}
