/*
 * limit.h - rolling limits: at most so many contacts in any window.
 */
#ifndef PERSONA_LIMIT_H
#define PERSONA_LIMIT_H

#include "core/core.h"

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

#endif							/* PERSONA_LIMIT_H */
