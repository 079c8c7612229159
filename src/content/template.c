/*
 * template.c - fills placeholders.
 */
#include "postgres.h"

#include "content/template.h"
#include "lib/stringinfo.h"

/* Fills a template. */
char *
persona_render(const PcoreTemplate *template, PersonaLookup lookup, void *data, const char **absent)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < template->count; i++)
	{
		const PcoreTemplatePart *part = &template->parts[i];
		const char *value;

		if (part->text != NULL)
		{
			appendBinaryStringInfo(&text, part->text, part->length);
			continue;
		}
		value = lookup(data, part);
		if (value == NULL)
			value = part->otherwise;
		if (value == NULL)
		{
			*absent = psprintf("%s.%s", part->scope, part->name);
			return NULL;
		}
		appendStringInfoString(&text, value);
	}
	return text.data;
}
