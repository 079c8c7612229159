/*
 * json.c - reads JSON with jansson into a tree in the host's memory.
 *
 * jansson turns numbers with a fraction into doubles.  Definitions hold
 * amounts of money, so each number is handed to jansson as a string that
 * begins with the control character U+0001, which no other string may contain.
 *
 * The parsed document is freed before an error is reported.  An error that the
 * host raises while the tree is copied (out of memory, cancel) leaves it in
 * "pending", and the next call frees it.
 */
#include "condition/json.h"

#include <jansson.h>
#include <string.h>

#define NUMBER_MARK '\001'
#define NUMBER_OPEN "\"\\u0001"
#define NUMBER_CLOSE "\""
#define NUMBER_GROWTH (sizeof(NUMBER_OPEN) - 1 + sizeof(NUMBER_CLOSE) - 1)

static json_t *pending = NULL;

/* Frees the document and reports that the text is not the JSON it should be. */
static void __attribute__((noreturn))
refuse(const char *message, const char *hint)
{
	json_decref(pending);
	pending = NULL;
	pcore_fail(NULL, message, hint);
}

/* Tells whether a character may stand in a number. */
static bool
is_number_char(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Returns the length of the JSON number at the begin of the text, or 0. */
static size_t
number_length(const char *text, size_t length)
{
	size_t		i = 0;
	size_t		digits;

#define DIGITS() \
	for (digits = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++) \
		digits++

	if (i < length && text[i] == '-')
		i++;
	if (i < length && text[i] == '0')
		i++;
	else
	{
		DIGITS();
		if (digits == 0)
			return 0;
	}
	if (i < length && text[i] == '.')
	{
		i++;
		DIGITS();
		if (digits == 0)
			return 0;
	}
	if (i < length && (text[i] == 'e' || text[i] == 'E'))
	{
		i++;
		if (i < length && (text[i] == '-' || text[i] == '+'))
			i++;
		DIGITS();
		if (digits == 0)
			return 0;
	}
#undef DIGITS
	if (i < length && is_number_char(text[i]))
		return 0;
	return i;
}

/* Returns the text with each number written as a marked string. */
static char *
mark_numbers(const char *text, size_t length, size_t *marked_length)
{
	size_t		numbers = 0;
	size_t		out = 0;
	char	   *marked;
	bool		in_string = false;

	/* Count an upper bound first: every number begins with one of these. */
	for (size_t i = 0; i < length; i++)
		if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9'))
			numbers++;
	marked = pcore_alloc(length + numbers * NUMBER_GROWTH + 1);

	for (size_t i = 0; i < length; i++)
	{
		char		c = text[i];

		if (in_string)
		{
			if (c == '"')
				in_string = false;
			else if (c == '\\' && i + 1 < length)
			{
				if (length - i >= 6 && strncmp(text + i, "\\u0001", 6) == 0)
					refuse("the character U+0001 is not allowed in a string", NULL);
				marked[out++] = c;
				c = text[++i];
			}
		}
		else if (c == '"')
			in_string = true;
		else if (c == '-' || (c >= '0' && c <= '9'))
		{
			size_t		n = number_length(text + i, length - i);

			if (n == 0)
			{
				size_t		bad = 0;

				while (i + bad < length && bad < 40 && is_number_char(text[i + bad]))
					bad++;
				refuse(pcore_format("invalid JSON: \"%.*s\" is not a number", (int) bad, text + i), NULL);
			}
			memcpy(marked + out, NUMBER_OPEN, sizeof(NUMBER_OPEN) - 1);
			out += sizeof(NUMBER_OPEN) - 1;
			memcpy(marked + out, text + i, n);
			out += n;
			memcpy(marked + out, NUMBER_CLOSE, sizeof(NUMBER_CLOSE) - 1);
			out += sizeof(NUMBER_CLOSE) - 1;
			i += n - 1;
			continue;
		}
		marked[out++] = c;
	}
	marked[out] = '\0';
	*marked_length = out;
	return marked;
}

/* Returns the position in the written text of a position in the marked text. */
static size_t
unmarked_position(const char *marked, size_t position)
{
	size_t		written = 0;

	for (size_t i = 0; i < position && marked[i] != '\0';)
	{
		if (strncmp(marked + i, NUMBER_OPEN, sizeof(NUMBER_OPEN) - 1) == 0)
		{
			i += sizeof(NUMBER_OPEN) - 1;
			while (marked[i] != '"' && i < position)
			{
				i++;
				written++;
			}
			i++;
		}
		else
		{
			i++;
			written++;
		}
	}
	return written;
}

/* Counts the characters in the first bytes of UTF-8 text. */
static size_t
characters(const char *text, size_t length, size_t bytes)
{
	size_t		count = 0;

	for (size_t i = 0; i < length && i < bytes; i++)
		if (((unsigned char) text[i] & 0xC0) != 0x80)
			count++;
	return count;
}

/* Copies a value of jansson into the tree. */
static void
copy_value(json_t *value, PersonaJson *copy)
{
	memset(copy, 0, sizeof(*copy));
	pcore_check_interrupts();
	switch (json_typeof(value))
	{
		case JSON_NULL:
			copy->kind = PERSONA_JSON_NULL;
			break;
		case JSON_FALSE:
			copy->kind = PERSONA_JSON_FALSE;
			break;
		case JSON_TRUE:
			copy->kind = PERSONA_JSON_TRUE;
			break;
		case JSON_STRING:
			{
				const char *text = json_string_value(value);
				size_t		length = json_string_length(value);
				bool		number = length > 0 && text[0] == NUMBER_MARK;

				copy->kind = number ? PERSONA_JSON_NUMBER : PERSONA_JSON_STRING;
				copy->text = number ? pcore_copy(text + 1, length - 1) : pcore_copy(text, length);
				break;
			}
		case JSON_ARRAY:
			copy->kind = PERSONA_JSON_ARRAY;
			copy->count = (int) json_array_size(value);
			copy->items = pcore_alloc(sizeof(PersonaJson) * (copy->count + 1));
			for (int i = 0; i < copy->count; i++)
				copy_value(json_array_get(value, i), &copy->items[i]);
			break;
		case JSON_OBJECT:
			{
				int			i = 0;
				const char *key;
				json_t	   *member;

				copy->kind = PERSONA_JSON_OBJECT;
				copy->count = (int) json_object_size(value);
				copy->items = pcore_alloc(sizeof(PersonaJson) * (copy->count + 1));
				copy->keys = pcore_alloc(sizeof(char *) * (copy->count + 1));
				json_object_foreach(value, key, member)
				{
					if (key[0] == NUMBER_MARK)
						refuse(pcore_format("invalid JSON: the key %s is not a string", key + 1), NULL);
					copy->keys[i] = pcore_copy(key, strlen(key));
					copy_value(member, &copy->items[i++]);
				}
				break;
			}
		default:
			/* Numbers were marked, so jansson never sees one. */
			refuse("invalid JSON", NULL);
	}
}

/* Reads a document; calls pcore_fail on bad syntax, duplicate keys or bad UTF-8. */
PersonaJson *
persona_json_read(const char *text, size_t length)
{
	PersonaJson *tree;
	json_error_t error;
	size_t		marked_length;
	char	   *marked;

	json_decref(pending);
	pending = NULL;

	marked = mark_numbers(text, length, &marked_length);
	pending = json_loadb(marked, marked_length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (pending == NULL)
	{
		size_t		position = characters(text, length,
										   unmarked_position(marked, error.position > 0 ? (size_t) error.position : 0));
		char	   *problem = pcore_copy(error.text, strlen(error.text));
		char	   *near_text = strstr(problem, " near '");

		/* What jansson quotes is the marked text, so it is cut off. */
		if (near_text != NULL)
			*near_text = '\0';
		if (json_error_code(&error) == json_error_duplicate_key)
			refuse(pcore_format("invalid JSON at character %zu: duplicate key", position),
				   "Each key may stand once in an object.");
		refuse(pcore_format("invalid JSON at character %zu: %s", position, problem), NULL);
	}
	tree = pcore_alloc(sizeof(PersonaJson));
	copy_value(pending, tree);
	json_decref(pending);
	pending = NULL;
	return tree;
}

/* Returns the member of an object, or NULL when there is none. */
const PersonaJson *
persona_json_member(const PersonaJson *object, const char *key)
{
	if (object->kind != PERSONA_JSON_OBJECT)
		return NULL;
	for (int i = 0; i < object->count; i++)
		if (strcmp(object->keys[i], key) == 0)
			return &object->items[i];
	return NULL;
}

/* Names a kind for messages: "a string", "an array", ... */
const char *
persona_json_kind_name(PersonaJsonKind kind)
{
	switch (kind)
	{
		case PERSONA_JSON_NULL:
			return "null";
		case PERSONA_JSON_FALSE:
		case PERSONA_JSON_TRUE:
			return "a boolean";
		case PERSONA_JSON_NUMBER:
			return "a number";
		case PERSONA_JSON_STRING:
			return "a string";
		case PERSONA_JSON_ARRAY:
			return "an array";
		case PERSONA_JSON_OBJECT:
			return "an object";
	}
	return "a value";
}
