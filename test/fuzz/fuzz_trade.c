/*
 * fuzz_trade.c - random trades against all divisions; see
 * ../unit/naive_trade.c.
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
	naive_trade(&source);
	host_reset();
	return 0;
}
