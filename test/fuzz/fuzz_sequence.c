/*
 * fuzz_sequence.c - random sequences against all combinations of events; see
 * ../unit/naive_sequence.c.
 */
#include "../unit/host.h"
#include "../unit/naive.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs one input. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	NaiveSource source = {data, data + size};

	host_abort_on_failure = true;
	naive_sequence(&source);
	host_reset();
	return 0;
}
