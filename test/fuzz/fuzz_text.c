/*
 * fuzz_text.c - random durations and templates.
 *
 * The first byte chooses the language, and whether the rest is text as it is
 * or a choice of pieces that mostly fit together.
 *
 *   - A duration that is accepted is written and read back as itself; so is
 *     every length; one that is refused leaves a reason and no length.
 *   - A template never crashes; one that is accepted gives its own text back
 *     when its parts are written one after the other; one that is refused
 *     names its path.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "../unit/host.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Puts pieces together, one for each byte. */
static char *
put_together(const uint8_t *data, size_t size, const char *const *pieces, size_t count)
{
	size_t		length = 0;
	char	   *text;

	for (size_t i = 0; i < size; i++)
		length += strlen(pieces[data[i] % count]);
	text = pcore_alloc(length + 1);
	text[0] = '\0';
	length = 0;
	for (size_t i = 0; i < size; i++)
	{
		strcpy(text + length, pieces[data[i] % count]);
		length += strlen(text + length);
	}
	return text;
}

/* Checks that a length is read back as it was written. */
static void
check_length(PcoreDuration length)
{
	char	   *written = pcore_duration_format(length);
	const char *problem = NULL;
	PcoreDuration back;

	/* The smallest has no positive counterpart, and is none that can be read. */
	if (length == INT64_MIN)
	{
		CHECK(!pcore_duration_parse(written, &back, &problem));
		return;
	}
	CHECK(pcore_duration_parse(written, &back, &problem));
	CHECK_INT(back, length);
	CHECK_TEXT(pcore_duration_format(back), written);
}

/* Checks a text that may be a duration. */
static void
check_duration(const char *text)
{
	PcoreDuration length = 4711;
	const char *problem = NULL;

	if (pcore_duration_parse(text, &length, &problem))
	{
		CHECK(problem == NULL);
		check_length(length);
	}
	else
	{
		CHECK(problem != NULL && problem[0] != '\0');
		CHECK_INT(length, 4711);
	}
}

/* Compares a piece of text with what comes next; returns what is behind it. */
static const char *
expect(const char *text, const char *piece, size_t length)
{
	CHECK(strncmp(text, piece, length) == 0);
	return text + length;
}

/* Checks that the parts of a template, written one after the other, are its text. */
static void
check_parts(const PcoreTemplate *template, const char *text)
{
	for (int i = 0; i < template->count; i++)
	{
		const PcoreTemplatePart *part = &template->parts[i];

		if (part->text != NULL)
		{
			CHECK(part->length > 0 && part->scope == NULL && part->name == NULL && part->otherwise == NULL);
			for (size_t j = 0; j < part->length; j++)
			{
				if (j + 1 < part->length && part->text[j] == '{' && part->text[j + 1] == '{')
				{
					text = expect(text, "{{{{", 4);
					j++;
				}
				else
					text = expect(text, part->text + j, 1);
			}
			continue;
		}
		CHECK(part->scope[0] != '\0' && part->name[0] != '\0');
		text = expect(text, "{{", 2);
		text = expect(text, part->scope, strlen(part->scope));
		text = expect(text, ".", 1);
		text = expect(text, part->name, strlen(part->name));
		if (part->otherwise != NULL)
		{
			text = expect(text, "|", 1);
			text = expect(text, part->otherwise, strlen(part->otherwise));
		}
		text = expect(text, "}}", 2);
	}
	CHECK(*text == '\0');
}

/* Checks a text that may be a template. */
static void
check_template(const char *text)
{
	static PcoreTemplate *template;

	template = NULL;
	TRY(template = pcore_template_parse("$.body", text));
	CHECK(host_failed == (template == NULL));
	if (template != NULL)
		check_parts(template, text);
	else
	{
		CHECK_TEXT(host_path, "$.body");
		CHECK(host_hint != NULL && strchr(host_message, '"') != NULL);
	}
}

/* Runs one input. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const duration_pieces[] = {
		"1", "2", "30", "0", "9223372036854775807", "106751991", "-", " ", " ", "  ", "week", "day", "hour",
		"minute", "second", "millisecond", "microsecond", "s", "s", "month", ".5"
	};
	static const char *const template_pieces[] = {
		"{{", "{{", "}}", "}}", "{", "}", "customer.", "first_name", ".", "|", "a", "x.y", " ", "there", "{{{{", "7", "\303\244"
	};
	uint8_t		choice = size > 0 ? data[0] : 0;
	const uint8_t *rest = size > 0 ? data + 1 : data;
	size_t		rest_size = size > 0 ? size - 1 : 0;
	int64_t		length = 0;

	host_abort_on_failure = true;
	switch (choice % 5)
	{
		case 0:
			check_duration(pcore_copy((const char *) rest, rest_size));
			break;
		case 1:
			check_duration(put_together(rest, rest_size, duration_pieces,
										sizeof(duration_pieces) / sizeof(duration_pieces[0])));
			break;
		case 2:
			memcpy(&length, rest, rest_size < sizeof(length) ? rest_size : sizeof(length));
			check_length(length);
			check_length(length >> 24);
			break;
		case 3:
			check_template(pcore_copy((const char *) rest, rest_size));
			break;
		case 4:
			check_template(put_together(rest, rest_size, template_pieces,
										sizeof(template_pieces) / sizeof(template_pieces[0])));
			break;
	}
	host_reset();
	return 0;
}
