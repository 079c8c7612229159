/*
 * naive.c - bytes for random cases, and the comparison of a truth with its
 * values instant by instant.
 */
#include "naive.h"

#include <stdio.h>
#include <string.h>

#include "host.h"

#define MOST_BYTES 160

/* Takes a byte. */
unsigned
naive_take(NaiveSource *source)
{
	return source->at < source->end ? *source->at++ : 0;
}

/* Takes a number in [0, limit), limit at most 256. */
int
naive_below(NaiveSource *source, int limit)
{
	return (int) (naive_take(source) % (unsigned) limit);
}

/* Fills a buffer with random bytes (splitmix64). */
void
naive_fill(uint64_t seed, uint8_t *bytes, size_t size)
{
	uint64_t	state = seed;

	for (size_t i = 0; i < size; i++)
	{
		uint64_t	z = (state += UINT64_C(0x9e3779b97f4a7c15));

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		bytes[i] = (uint8_t) (z >> 56);
	}
}

/* Calls a function with the bytes of each of so many seeds. */
void
naive_repeat(const char *name, int count, void (*run) (NaiveSource *source))
{
	uint8_t		bytes[MOST_BYTES];

	for (int seed = 0; seed < count; seed++)
	{
		NaiveSource source = {bytes, bytes + MOST_BYTES};

		host_case("%s, seed %d", name, seed);
		naive_fill((uint64_t) seed, bytes, MOST_BYTES);
		run(&source);
		host_reset();
	}
}

/* Takes a place on the axis of time; the "width" instants from there on exist. */
PcoreInstant
naive_base(NaiveSource *source, int width)
{
	switch (naive_below(source, 8))
	{
		case 0:
			return PCORE_END_OF_TIME - width;	/* the last one is still finite */
		case 1:
			return PCORE_BEGIN_OF_TIME + 1;
		case 2:
			return INT64_C(830000000000000);
		default:
			return -3;
	}
}

/* Shows values as a drawing. */
static char *
draw(const bool *values, int count)
{
	char	   *drawing = pcore_alloc((size_t) count + 1);

	for (int i = 0; i < count; i++)
		drawing[i] = values[i] ? '#' : '.';
	drawing[count] = '\0';
	return drawing;
}

/* Finds what is wrong with a reading at an instant, given the changes so far; or NULL. */
static const char *
misread(PcoreTruth truth, PcoreInstant at, bool value, PcoreInstant since, PcoreInstant until,
		const PcoreInstant *fired)
{
	PcoreInstant found = 4711;
	bool		has_fired = pcore_truth_fired(truth, at, &found);

	if (pcore_truth_at(truth, at) != value)
		return "value";
	if (pcore_truth_since(truth, at) != since)
		return "since";
	if (pcore_truth_until(truth, at) != until)
		return "until";
	if (has_fired != (fired != NULL) || found != (fired != NULL ? *fired : 4711))
		return "fired";
	return NULL;
}

/* Checks a truth against its values at samples. */
void
naive_compare(const char *what, PcoreTruth truth,
			  const PcoreInstant *samples, const bool *values, int count)
{
	const char *wrong = NULL;
	PcoreInstant where = samples[0];
	PcoreInstant since = PCORE_BEGIN_OF_TIME;
	const PcoreInstant *fired = NULL;
	int			changes = 0;

	if (truth.initial != values[0])
		wrong = "initial value";
	for (int i = 0; i < count && wrong == NULL; i++)
	{
		PcoreInstant until = PCORE_END_OF_TIME;

		if (i > 0 && values[i] != values[i - 1])
		{
			since = samples[i];
			if (values[i])
				fired = &samples[i];
			if (changes >= truth.count || truth.toggles[changes] != samples[i])
				wrong = "toggle";
			changes++;
		}
		for (int j = count - 1; j > i; j--)
			if (values[j] != values[j - 1])
				until = samples[j];
		if (wrong == NULL)
			wrong = misread(truth, samples[i], values[i], since, until, fired);
		where = samples[i];
	}
	if (wrong == NULL && changes != truth.count)
		wrong = "number of toggles";
	if (wrong == NULL)
	{
		where = PCORE_END_OF_TIME;
		wrong = misread(truth, where, values[count - 1], since, where, fired);
	}
	host_check(wrong == NULL, __FILE__, __LINE__, "%s: wrong %s at %s; from %s on expected %s",
			   what, wrong == NULL ? "nothing" : wrong, host_show(where), host_show(samples[0]),
			   wrong == NULL ? "" : draw(values, count));
}
