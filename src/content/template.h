/*
 * template.h - messages with placeholders, and how they are filled.
 */
#ifndef PERSONA_TEMPLATE_H
#define PERSONA_TEMPLATE_H

#include "postgres.h"

#include "core/text.h"

/* Returns the text of a placeholder, or NULL when it is absent. */
typedef const char *(*PersonaLookup) (void *data, const PcoreTemplatePart *placeholder);

/*
 * Fills a template.  A placeholder that is absent and has no default makes the
 * template unusable: NULL is returned and *absent names it.
 */
extern char *persona_render(const PcoreTemplate *template, PersonaLookup lookup, void *data, const char **absent);

#endif							/* PERSONA_TEMPLATE_H */
