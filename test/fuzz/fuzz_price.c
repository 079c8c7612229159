/*
 * fuzz_price.c - random markets against all assignments; see
 * ../unit/naive_price.c.
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
	naive_price(&source);
	host_reset();
	return 0;
}
