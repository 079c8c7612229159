/*
 * core.h - the PostgreSQL-free core of persona: what its parts share.
 *
 * The core computes on instants, flags and strings.  It includes no PostgreSQL
 * header, so that it can be compiled alone, run under sanitizers and fuzzed.
 * Memory, errors and interrupts reach it through the three hooks below, which
 * the host defines once (src/host.c in the server, test/unit/host.c in tests).
 *
 * Every name that other files see starts with pcore_ or Pcore, since a module
 * is loaded with its symbols global.
 */
#ifndef PERSONA_CORE_H
#define PERSONA_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An instant: microseconds since 2000-01-01 00:00 UTC, as in PostgreSQL. */
typedef int64_t PcoreInstant;

/* A length of time in microseconds; windows use fixed units, a day is 24 h. */
typedef int64_t PcoreDuration;

#define PCORE_BEGIN_OF_TIME INT64_MIN	/* PostgreSQL's -infinity */
#define PCORE_END_OF_TIME INT64_MAX		/* PostgreSQL's infinity */

#define PCORE_SECOND INT64_C(1000000)
#define PCORE_MINUTE (60 * PCORE_SECOND)
#define PCORE_HOUR (60 * PCORE_MINUTE)
#define PCORE_DAY (24 * PCORE_HOUR)
#define PCORE_WEEK (7 * PCORE_DAY)

/* The hooks.  Memory lives until it is freed or the host drops the whole of it. */
extern void *pcore_alloc(size_t size);
extern void pcore_free(void *memory);
extern void pcore_check_interrupts(void);

/*
 * Reports that a definition is wrong and does not return.  "path" names the
 * place (a JSON path, or NULL), "message" what is wrong, "hint" may be NULL.
 */
extern void pcore_fail(const char *path, const char *message, const char *hint)
	__attribute__((noreturn));

/* Returns printf-formatted text in memory of pcore_alloc. */
extern char *pcore_format(const char *format,...)
	__attribute__((format(printf, 1, 2)));

/* Returns a copy of the first "length" bytes, with a NUL behind them. */
extern char *pcore_copy(const char *text, size_t length);

/* Adds a length to an instant; the infinities stay, overflow becomes one. */
static inline PcoreInstant
pcore_add(PcoreInstant instant, PcoreDuration length)
{
	PcoreInstant sum;

	if (instant == PCORE_BEGIN_OF_TIME || instant == PCORE_END_OF_TIME)
		return instant;
	if (__builtin_add_overflow(instant, length, &sum))
		return length > 0 ? PCORE_END_OF_TIME : PCORE_BEGIN_OF_TIME;
	return sum;
}

static inline PcoreInstant
pcore_min(PcoreInstant a, PcoreInstant b)
{
	return a < b ? a : b;
}

static inline PcoreInstant
pcore_max(PcoreInstant a, PcoreInstant b)
{
	return a > b ? a : b;
}

#endif							/* PERSONA_CORE_H */
