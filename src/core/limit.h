/*
 * limit.h - limits: at most so many contacts in any window.
 */
#ifndef PERSONA_LIMIT_H
#define PERSONA_LIMIT_H

#include "core/zone.h"

/*
 * Tells whether one more contact at "at" keeps a limit: with it no window
 * (t - period, t], before or after it, holds more than "most".  "times" are
 * the contacts that count, in order; period 0 means all time.
 */
extern bool pcore_limit_allows(const PcoreInstant *times, int count, PcoreInstant at,
							   PcoreDuration period, int64_t most);

/*
 * Returns the first instant after "at" at which pcore_limit_allows could
 * answer otherwise for a contact at that instant.
 */
extern PcoreInstant pcore_limit_until(const PcoreInstant *times, int count, PcoreInstant at,
									  PcoreDuration period);

/*
 * Tells whether one more contact at "at" keeps a limit of a calendar unit: with
 * it the unit in which it is holds no more than "most".
 */
extern bool pcore_calendar_allows(const PcoreInstant *times, int count, PcoreInstant at,
								  const PcoreZone *zone, PcoreUnit unit, int64_t most);

/* Returns the first instant after "at" at which pcore_calendar_allows answers otherwise. */
extern PcoreInstant pcore_calendar_until(const PcoreInstant *times, int count, PcoreInstant at,
										 const PcoreZone *zone, PcoreUnit unit, int64_t most);

#endif							/* PERSONA_LIMIT_H */
