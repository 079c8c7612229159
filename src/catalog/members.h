/*
 * members.h - reads members of a program's JSON; whatever is not as it should be is
 * refused with its path.  For the files that compile programs.
 */
#ifndef PERSONA_MEMBERS_H
#define PERSONA_MEMBERS_H

#include "postgres.h"

#include "condition/json.h"
#include "fmgr.h"
#include "host.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#define UNIX_EPOCH_INSTANT \
	(-((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * USECS_PER_DAY)

/* Reports a program that is not built as it should be. */
static inline void
malformed(const char *path, const char *what)
{
	persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, path, what,
				 "Programs are built by persona.program().");
}

/* Returns a member, or NULL when it is absent or null. */
static inline const PersonaJson *
member(const PersonaJson *object, const char *key)
{
	const PersonaJson *found = persona_json_member(object, key);

	return found == NULL || found->kind == PERSONA_JSON_NULL ? NULL : found;
}

/* Returns a text, or NULL. */
static inline const char *
text_member(const PersonaJson *object, const char *key)
{
	const PersonaJson *found = member(object, key);

	if (found == NULL)
		return NULL;
	if (found->kind != PERSONA_JSON_STRING)
		malformed(key, "a string is expected");
	return found->text;
}

/* Returns a text that must be there. */
static inline const char *
need_text(const PersonaJson *object, const char *key)
{
	const char *text = text_member(object, key);

	if (text == NULL)
		malformed(key, "a string is expected");
	return text;
}

/* Returns a whole number, or what stands for its absence. */
static inline int64
integer_member(const PersonaJson *object, const char *key, int64 absent)
{
	const PersonaJson *found = member(object, key);
	char	   *end;
	int64		number;

	if (found == NULL)
		return absent;
	errno = 0;
	number = found->kind == PERSONA_JSON_NUMBER ? strtoll(found->text, &end, 10) : 0;
	if (found->kind != PERSONA_JSON_NUMBER || *end != '\0' || errno != 0)
		malformed(key, "a whole number is expected");
	return number;
}

/* Returns an instant, given in microseconds since 1970. */
static inline PcoreInstant
instant_member(const PersonaJson *object, const char *key, PcoreInstant absent)
{
	if (member(object, key) == NULL)
		return absent;
	return pcore_add(integer_member(object, key, 0), UNIX_EPOCH_INSTANT);
}

/* Returns a number of any size. */
static inline Numeric
numeric_member(const PersonaJson *object, const char *key)
{
	const PersonaJson *found = member(object, key);

	if (found == NULL || (found->kind != PERSONA_JSON_STRING && found->kind != PERSONA_JSON_NUMBER))
		malformed(key, "a number is expected");
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(found->text),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* Tells whether a number is an amount: not negative, and not NaN; infinity is one. */
static inline bool
is_amount(Numeric number)
{
	return !numeric_is_nan(number)
		&& DatumGetBool(DirectFunctionCall2(numeric_ge, NumericGetDatum(number), NumericGetDatum(int64_to_numeric(0))));
}

/* Returns a list of objects; its items are checked to be objects. */
static inline const PersonaJson *
object_list(const PersonaJson *object, const char *key)
{
	static const PersonaJson empty = {PERSONA_JSON_ARRAY, NULL, 0, NULL, NULL};
	const PersonaJson *found = member(object, key);

	if (found == NULL)
		return &empty;
	if (found->kind != PERSONA_JSON_ARRAY)
		malformed(key, "a list is expected");
	for (int i = 0; i < found->count; i++)
		if (found->items[i].kind != PERSONA_JSON_OBJECT)
			malformed(psprintf("%s[%d]", key, i), "an object is expected");
	return found;
}

/* Returns whether a member is there and true. */
static inline bool
flag_member(const PersonaJson *object, const char *key)
{
	const PersonaJson *found = member(object, key);

	if (found != NULL && found->kind != PERSONA_JSON_TRUE && found->kind != PERSONA_JSON_FALSE)
		malformed(key, "true or false is expected");
	return found != NULL && found->kind == PERSONA_JSON_TRUE;
}

/* Returns the place of a text in a list that ends with NULL, or what stands for its absence. */
static inline int
word_member(const PersonaJson *object, const char *key, const char *const *words, int absent)
{
	const char *text = text_member(object, key);

	if (text == NULL)
		return absent;
	for (int w = 0; words[w] != NULL; w++)
		if (strcmp(words[w], text) == 0)
			return w;
	malformed(key, psprintf("\"%s\" is none of the words that may stand here", text));
	return absent;
}

/* Fails if it is no object, or one with a member that is not in a list that ends with NULL. */
static inline void
only_members(const PersonaJson *object, const char *path, const char *const *keys)
{
	if (object->kind != PERSONA_JSON_OBJECT)
		malformed(path, "an object is expected");
	for (int m = 0; m < object->count; m++)
	{
		int			k = 0;

		while (keys[k] != NULL && strcmp(keys[k], object->keys[m]) != 0)
			k++;
		if (keys[k] == NULL)
			malformed(psprintf("%s.%s", path, object->keys[m]), "this member is not known");
	}
}

/* Returns a number of any size, or what stands for its absence. */
static inline Numeric
numeric_or(const PersonaJson *object, const char *key, int64 absent)
{
	return member(object, key) == NULL ? int64_to_numeric(absent) : numeric_member(object, key);
}

#endif							/* PERSONA_MEMBERS_H */
