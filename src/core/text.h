/*
 * text.h - small languages: durations, templates; and the sampling hash.
 */
#ifndef PERSONA_TEXT_H
#define PERSONA_TEXT_H

#include "core.h"

/*
 * Parses a length of time in fixed units: "30 days", "1 hour", "90 minutes",
 * "1 day 12 hours", "1.5 hours" is refused.  Units: microsecond(s),
 * millisecond(s), second(s), minute(s), hour(s), day(s), week(s).  A leading
 * minus applies to the whole ("-2 days"); whether it may be negative is the
 * caller's business.  Returns false, with *problem set, when it is none
 * (months and years: say that they have no fixed length).
 */
extern bool pcore_duration_parse(const char *text, PcoreDuration *length, const char **problem);

/* Writes a length of time in the largest units that are exact: "2 days 3 hours". */
extern char *pcore_duration_format(PcoreDuration length);

/* 32-bit FNV-1a of bytes. */
extern uint32_t pcore_fnv1a(const char *bytes, size_t length);

/*
 * Returns the place of a key in [0, 1) as common experimentation SDKs
 * (GrowthBook) do.  Version 2: fnv1a(decimal(fnv1a(seed + key))) % 10000 / 10000;
 * version 1: fnv1a(key + seed) % 1000 / 1000.
 */
extern double pcore_bucket(const char *seed, const char *key, int version);

/*
 * Experiments as GrowthBook runs them.  A space is split among experiments that
 * exclude each other: its keys have places of version 1, by the seed "__" and
 * its name.  An experiment's variations have ranges of places by their weights,
 * of which "coverage" is used; a place is in a range from its begin on, up to
 * and without its end.
 */
typedef struct PcoreRangeOfPlaces
{
	double		from;
	double		until;
} PcoreRangeOfPlaces;

/* Returns the place of a key in a space. */
extern double pcore_space_place(const char *space, const char *key);

/* Tells whether a key is in a part of a space. */
extern bool pcore_in_space(const char *space, const char *key, double from, double until);

/*
 * Computes the ranges of variations.  Weights that are not as many, or that do
 * not sum up to 1 (to a hundredth), are taken as equal ones.
 */
extern void pcore_variation_ranges(int count, double coverage, const double *weights, int weight_count,
								   PcoreRangeOfPlaces *ranges);

/* Returns the number of the variation whose range holds a place, or -1. */
extern int	pcore_choose_variation(double place, int count, const PcoreRangeOfPlaces *ranges);

/*
 * A template: text with placeholders {{scope.name}} or {{scope.name|default}};
 * "{{{{" writes "{{".  scope and name are identifiers
 * ([A-Za-z_][A-Za-z0-9_]*); name may go on with further dotted parts.
 */
typedef struct PcoreTemplatePart
{
	const char *text;			/* literal text, or NULL: a placeholder */
	size_t length;				/* of text */
	const char *scope;
	const char *name;
	const char *otherwise;		/* the default, or NULL */
} PcoreTemplatePart;

typedef struct PcoreTemplate
{
	int count;
	PcoreTemplatePart *parts;
} PcoreTemplate;

/* Parses a template; calls pcore_fail(path, ...) on an unclosed or malformed placeholder. */
extern PcoreTemplate *pcore_template_parse(const char *path, const char *text);

#endif							/* PERSONA_TEXT_H */
