/*
 * hours.h - weekly hours, read off the wall clock at each instant.
 *
 * hours   = "always" | "never" | rule { ";" rule }
 * rule    = days times          days = "daily" | day-range { "," day-range }
 * times   = span { "," span }   day-range = Mon..Sun [ "-" Mon..Sun ] (may wrap)
 * span    = HH:MM "-" HH:MM     24:00 is the end of the day
 *
 * A span whose end is not after its begin runs over midnight and belongs to
 * the day on which it begins.  Ends are exclusive.  Blanks are free.
 */
#ifndef PERSONA_HOURS_H
#define PERSONA_HOURS_H

#include "zone.h"

typedef struct PcoreHours PcoreHours;

/* Parses hours; calls pcore_fail with a message that quotes the bad part. */
extern PcoreHours *pcore_hours_parse(const char *text, size_t length);

/* Tells whether the wall clock at an instant is inside the hours. */
extern bool pcore_hours_inside(const PcoreHours *hours, const PcoreZone *zone, PcoreInstant instant);

/*
 * Returns the first instant after "instant" at which pcore_hours_inside
 * changes, or PCORE_END_OF_TIME when it never does (searches 9 days and every
 * offset change in them; weekly hours that do not change by then never do,
 * except that a span may hide in a gap: search on for up to 400 days).
 */
extern PcoreInstant pcore_hours_change(const PcoreHours *hours, const PcoreZone *zone, PcoreInstant instant);

#endif							/* PERSONA_HOURS_H */
