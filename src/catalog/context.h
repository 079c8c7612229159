/*
 * context.h - what is known of the moment in which a customer is there.
 *
 * Inbound asks bring a json object; it is an event of kind "context", at the
 * instant of the question, with its members as properties.  There are no such
 * events otherwise.
 */
#ifndef PERSONA_CONTEXT_H
#define PERSONA_CONTEXT_H

#include "catalog/program.h"
#include "utils/jsonb.h"

/* Returns the timeline of that one event, or NULL if no definition asks for it. */
extern PersonaTimeline *persona_context_timeline(PersonaProgram *program, Jsonb *context, PcoreInstant at);

#endif							/* PERSONA_CONTEXT_H */
