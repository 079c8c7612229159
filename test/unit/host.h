/*
 * host.h - what the core needs around it when it is tested without a server:
 * memory, errors, zones, and a small harness that counts checks.
 *
 * A test program is a table and a loop:
 *
 *     for each case: host_case("what is tested"); CHECK...(...);
 *     return host_finish();
 *
 * host_finish prints "N passed, N failed", frees the memory, and returns the
 * exit status.  Fuzz targets use the same host; there a failed check aborts
 * (host_abort_on_failure), and host_reset frees the memory after each input.
 */
#ifndef PERSONA_TEST_HOST_H
#define PERSONA_TEST_HOST_H

#include <setjmp.h>

#include "core/core.h"
#include "core/zone.h"

/*
 * Errors.  TRY runs a statement up to its end or to its first pcore_fail, and
 * leaves behind whether it failed, and how.  Variables that the statement sets
 * and that are read afterwards must be static or volatile.  TRY does not nest.
 */
extern bool host_failed;
extern const char *host_path;		/* or NULL */
extern const char *host_message;
extern const char *host_hint;		/* or NULL */
extern bool host_catching;
extern jmp_buf host_catch;

/* gcc suspects every loop around a TRY; what the statement leaves alone is safe. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

#define TRY(statement) \
	do { \
		host_failed = false; \
		host_path = host_message = host_hint = NULL; \
		host_catching = true; \
		if (setjmp(host_catch) == 0) \
		{ \
			statement; \
		} \
		host_catching = false; \
	} while (0)

/* Memory.  host_reset frees everything that pcore_alloc has given. */
extern void host_reset(void);

/* How often the core has asked for interrupts. */
extern unsigned long host_interrupts;

/* The harness. */
extern bool host_abort_on_failure;

/* Names the case at hand; the name is shown when a check of it fails. */
extern void host_case(const char *format,...) __attribute__((format(printf, 1, 2)));

/* Counts a check; shows the message if it has failed. */
extern void host_check(bool passed, const char *file, int line, const char *format,...)
	__attribute__((format(printf, 4, 5)));
extern void host_check_int(int64_t actual, int64_t expected, const char *what, const char *file, int line);
extern void host_check_text(const char *actual, const char *expected, const char *what, const char *file, int line);
extern void host_check_instant(PcoreInstant actual, PcoreInstant expected, const char *what, const char *file, int line);
extern void host_check_failed(const char *message, const char *what, const char *file, int line);

#define CHECK(condition) \
	host_check((condition), __FILE__, __LINE__, "%s", #condition)
#define CHECK_INT(actual, expected) \
	host_check_int((int64_t) (actual), (int64_t) (expected), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) \
	host_check_text((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_INSTANT(actual, expected) \
	host_check_instant((actual), (expected), #actual, __FILE__, __LINE__)

/* The statement must call pcore_fail with a message that contains "message". */
#define CHECK_FAILS(statement, message) \
	do { \
		TRY(statement); \
		host_check_failed((message), #statement, __FILE__, __LINE__); \
	} while (0)

/* Prints "N passed, N failed", frees the memory, returns the exit status. */
extern int host_finish(void);

/*
 * Instants as text: "2026-03-29 01:30", with seconds and their fraction if
 * wanted, "infinity" and "-infinity"; read and shown in UTC.
 */
extern PcoreInstant host_instant(const char *text);
extern char *host_show(PcoreInstant instant);

/*
 * Zones: UTC; Berlin with today's rule in all years (UTC+1, and UTC+2 from the
 * last Sunday in March, 01:00 UTC, to the last Sunday in October, 01:00 UTC);
 * and zones made of shifts, ascending, each of which sets the offset anew.
 */
typedef struct HostShift
{
	PcoreInstant at;
	PcoreDuration offset;
} HostShift;

typedef struct HostShifts
{
	PcoreDuration before;		/* the offset before the first shift */
	int			count;
	const HostShift *shifts;
} HostShifts;

extern const PcoreZone host_utc;
extern const PcoreZone host_berlin;
extern PcoreZone host_zone(const HostShifts *shifts);

#endif							/* PERSONA_TEST_HOST_H */
