/*
 * json.h - a JSON document as a tree in the host's memory.
 *
 * json.c is the only file that includes jansson.  Numbers keep the text in
 * which they were written, so that no amount of money passes through a double.
 */
#ifndef PERSONA_JSON_H
#define PERSONA_JSON_H

#include "core/core.h"

typedef enum PersonaJsonKind
{
	PERSONA_JSON_NULL,
	PERSONA_JSON_FALSE,
	PERSONA_JSON_TRUE,
	PERSONA_JSON_NUMBER,
	PERSONA_JSON_STRING,
	PERSONA_JSON_ARRAY,
	PERSONA_JSON_OBJECT
} PersonaJsonKind;

typedef struct PersonaJson
{
	PersonaJsonKind kind;
	const char *text;			/* of a string or a number, NUL-terminated */
	int			count;			/* of items of an array or an object */
	const char **keys;			/* of an object, in the order written */
	struct PersonaJson *items;
} PersonaJson;

/* Reads a document; calls pcore_fail on bad syntax, duplicate keys or bad UTF-8. */
extern PersonaJson *persona_json_read(const char *text, size_t length);

/* Returns the member of an object, or NULL when there is none. */
extern const PersonaJson *persona_json_member(const PersonaJson *object, const char *key);

/* Names a kind for messages: "a string", "an array", ... */
extern const char *persona_json_kind_name(PersonaJsonKind kind);

#endif							/* PERSONA_JSON_H */
