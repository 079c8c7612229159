/*
 * moment.h - dates and instants as definitions write them (ISO 8601).
 */
#ifndef PERSONA_MOMENT_H
#define PERSONA_MOMENT_H

#include "core/zone.h"

typedef struct PcoreMoment
{
	PcoreLocal	local;			/* wall clock, or UTC if an offset was given */
	bool		date_only;
	bool		fixed;			/* an offset was given: local is an instant */
} PcoreMoment;

/*
 * Parses "2026-03-01", "2026-03-01 10:00", "2026-03-01T10:00:00.5" and the
 * same with "Z", "+02" or "+02:00" behind the time.  Returns false when it is
 * none of them.
 */
extern bool pcore_moment_parse(const char *text, PcoreMoment *moment);

/* Returns the instant at which a moment begins in a zone. */
extern PcoreInstant pcore_moment_begin(const PcoreMoment *moment, const PcoreZone *zone);

/* Returns the instant at which it is over: the next day's begin, or just after it. */
extern PcoreInstant pcore_moment_end(const PcoreMoment *moment, const PcoreZone *zone);

#endif							/* PERSONA_MOMENT_H */
