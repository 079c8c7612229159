/*
 * core.c - text in the host's memory.
 */
#include "core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Returns a copy of the first "length" bytes, with a NUL behind them. */
char *
pcore_copy(const char *text, size_t length)
{
	char	   *copy = pcore_alloc(length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

/* Returns printf-formatted text in memory of pcore_alloc. */
char *
pcore_format(const char *format,...)
{
	va_list		arguments;
	int			length;
	char	   *text;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		pcore_fail(NULL, "a message could not be formatted", NULL);

	text = pcore_alloc((size_t) length + 1);
	va_start(arguments, format);
	vsnprintf(text, (size_t) length + 1, format, arguments);
	va_end(arguments);
	return text;
}
