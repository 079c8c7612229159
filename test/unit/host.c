/*
 * host.c - memory, errors, zones and checks for tests without a server.
 */
#include "host.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Memory
 *
 * Each piece comes from malloc of its own, so that the sanitizers see its
 * bounds, and is filled with rubbish, so that nobody relies on zeros.
 */

typedef struct Piece
{
	struct Piece *next;
	struct Piece *previous;
	max_align_t content[];
} Piece;

static Piece *pieces = NULL;

/* Gives memory that lives until pcore_free or host_reset. */
void *
pcore_alloc(size_t size)
{
	Piece	   *piece = malloc(sizeof(Piece) + size);

	if (piece == NULL)
	{
		fprintf(stderr, "out of memory\n");
		abort();
	}
	memset(piece->content, 0xa5, size);
	piece->next = pieces;
	piece->previous = NULL;
	if (pieces != NULL)
		pieces->previous = piece;
	pieces = piece;
	return piece->content;
}

/* Frees one piece. */
void
pcore_free(void *memory)
{
	Piece	   *piece = (Piece *) ((char *) memory - offsetof(Piece, content));

	if (piece->next != NULL)
		piece->next->previous = piece->previous;
	if (piece->previous != NULL)
		piece->previous->next = piece->next;
	else
		pieces = piece->next;
	free(piece);
}

/* Frees everything that pcore_alloc has given. */
void
host_reset(void)
{
	while (pieces != NULL)
	{
		Piece	   *next = pieces->next;

		free(pieces);
		pieces = next;
	}
	host_path = host_message = host_hint = NULL;
}

/*
 * Errors and interrupts
 */

bool		host_failed = false;
const char *host_path = NULL;
const char *host_message = NULL;
const char *host_hint = NULL;
bool		host_catching = false;
jmp_buf		host_catch;
unsigned long host_interrupts = 0;

/* Keeps what is wrong and leaves the TRY at hand. */
void
pcore_fail(const char *path, const char *message, const char *hint)
{
	if (!host_catching)
	{
		fprintf(stderr, "unexpected failure at %s: %s\n", path == NULL ? "(no path)" : path, message);
		abort();
	}
	host_failed = true;
	host_path = path == NULL ? NULL : pcore_copy(path, strlen(path));
	host_message = pcore_copy(message, strlen(message));
	host_hint = hint == NULL ? NULL : pcore_copy(hint, strlen(hint));
	longjmp(host_catch, 1);
}

/* Counts; nobody interrupts a test. */
void
pcore_check_interrupts(void)
{
	host_interrupts++;
}

/*
 * Checks
 */

bool		host_abort_on_failure = false;

static long passed_count = 0;
static long failed_count = 0;
static char case_name[1000] = "";

/* Names the case at hand. */
void
host_case(const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	vsnprintf(case_name, sizeof(case_name), format, arguments);
	va_end(arguments);
}

/* Counts a check; shows the message if it has failed. */
void
host_check(bool passed, const char *file, int line, const char *format,...)
{
	va_list		arguments;

	if (passed)
	{
		passed_count++;
		return;
	}
	failed_count++;
	fprintf(stderr, "%s:%d: ", file, line);
	if (case_name[0] != '\0')
		fprintf(stderr, "[%s] ", case_name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\n");
	if (host_abort_on_failure)
		abort();
}

/* Checks that two numbers are equal. */
void
host_check_int(int64_t actual, int64_t expected, const char *what, const char *file, int line)
{
	host_check(actual == expected, file, line, "%s is %" PRId64 ", expected %" PRId64,
			   what, actual, expected);
}

/* Checks that two texts are equal; either may be NULL. */
void
host_check_text(const char *actual, const char *expected, const char *what, const char *file, int line)
{
	bool		passed = actual == NULL || expected == NULL ? actual == expected : strcmp(actual, expected) == 0;

	host_check(passed, file, line, "%s is \"%s\", expected \"%s\"",
			   what, actual == NULL ? "(null)" : actual, expected == NULL ? "(null)" : expected);
}

/* Checks that two instants are equal. */
void
host_check_instant(PcoreInstant actual, PcoreInstant expected, const char *what, const char *file, int line)
{
	if (actual == expected)
		host_check(true, file, line, "%s", what);
	else
		host_check(false, file, line, "%s is %s, expected %s", what, host_show(actual), host_show(expected));
}

/* Checks that the last TRY has failed with a message that contains another. */
void
host_check_failed(const char *message, const char *what, const char *file, int line)
{
	if (!host_failed)
		host_check(false, file, line, "%s did not fail, expected \"%s\"", what, message);
	else
		host_check(strstr(host_message, message) != NULL, file, line,
				   "%s failed with \"%s\", expected \"%s\"", what, host_message, message);
}

/* Prints the sums, frees the memory, returns the exit status. */
int
host_finish(void)
{
	host_reset();
	printf("%ld passed, %ld failed\n", passed_count, failed_count);
	return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * Instants as text
 */

/* Reads an instant; a text that is none ends the test. */
PcoreInstant
host_instant(const char *text)
{
	int64_t		year;
	int			month;
	int			day;
	int			hour = 0;
	int			minute = 0;
	int			second = 0;
	char		fraction[7] = "";
	int			micros = 0;
	int			fields;

	if (strcmp(text, "infinity") == 0)
		return PCORE_END_OF_TIME;
	if (strcmp(text, "-infinity") == 0)
		return PCORE_BEGIN_OF_TIME;
	fields = sscanf(text, "%" SCNd64 "-%d-%d %d:%d:%d.%6[0-9]",
					&year, &month, &day, &hour, &minute, &second, fraction);
	if (fields < 3 || fields == 4)
	{
		fprintf(stderr, "not an instant: \"%s\"\n", text);
		abort();
	}
	for (int i = 0; i < 6; i++)
		micros = micros * 10 + (i < (int) strlen(fraction) ? fraction[i] - '0' : 0);
	return pcore_days_from_civil(year, month, day) * PCORE_DAY +
		hour * PCORE_HOUR + minute * PCORE_MINUTE + second * PCORE_SECOND + micros;
}

/* Shows an instant. */
char *
host_show(PcoreInstant instant)
{
	int64_t		days = pcore_day_of(instant);
	int64_t		year;
	int			month;
	int			day;
	int64_t		rest;

	if (instant == PCORE_END_OF_TIME)
		return pcore_format("infinity");
	if (instant == PCORE_BEGIN_OF_TIME)
		return pcore_format("-infinity");
	pcore_civil_from_days(days, &year, &month, &day);
	rest = instant % PCORE_DAY;
	if (rest < 0)
		rest += PCORE_DAY;
	return pcore_format("%04" PRId64 "-%02d-%02d %02d:%02d:%02d.%06d", year, month, day,
						(int) (rest / PCORE_HOUR), (int) (rest / PCORE_MINUTE % 60),
						(int) (rest / PCORE_SECOND % 60), (int) (rest % PCORE_SECOND));
}

/*
 * Zones
 */

/* Tells the offset of UTC. */
static PcoreDuration
utc_offset(const PcoreZone *zone, PcoreInstant instant, PcoreInstant *from, PcoreInstant *until)
{
	(void) zone;
	(void) instant;
	*from = PCORE_BEGIN_OF_TIME;
	*until = PCORE_END_OF_TIME;
	return 0;
}

/* Returns 01:00 UTC on the last Sunday of a month that has 31 days. */
static PcoreInstant
last_sunday(int64_t year, int month)
{
	int64_t		day = pcore_days_from_civil(year, month, 31);
	int64_t		after_sunday = ((day - 1) % 7 + 7) % 7;	/* day 1 was a Sunday */
	PcoreInstant instant;

	if (__builtin_mul_overflow(day - after_sunday, PCORE_DAY, &instant))
		return day > 0 ? PCORE_END_OF_TIME : PCORE_BEGIN_OF_TIME;
	return pcore_add(instant, PCORE_HOUR);
}

/* Tells the offset of Berlin. */
static PcoreDuration
berlin_offset(const PcoreZone *zone, PcoreInstant instant, PcoreInstant *from, PcoreInstant *until)
{
	int64_t		year;
	int			month;
	int			day;

	(void) zone;
	pcore_civil_from_days(pcore_day_of(instant), &year, &month, &day);
	if (instant < last_sunday(year, 3))
	{
		*from = last_sunday(year - 1, 10);
		*until = last_sunday(year, 3);
		return PCORE_HOUR;
	}
	if (instant < last_sunday(year, 10))
	{
		*from = last_sunday(year, 3);
		*until = last_sunday(year, 10);
		return 2 * PCORE_HOUR;
	}
	*from = last_sunday(year, 10);
	*until = last_sunday(year + 1, 3);
	return PCORE_HOUR;
}

/* Tells the offset of a zone made of shifts. */
static PcoreDuration
shifts_offset(const PcoreZone *zone, PcoreInstant instant, PcoreInstant *from, PcoreInstant *until)
{
	const HostShifts *shifts = zone->data;
	PcoreDuration offset = shifts->before;

	*from = PCORE_BEGIN_OF_TIME;
	*until = PCORE_END_OF_TIME;
	for (int i = 0; i < shifts->count; i++)
	{
		if (instant < shifts->shifts[i].at)
		{
			*until = shifts->shifts[i].at;
			break;
		}
		*from = shifts->shifts[i].at;
		offset = shifts->shifts[i].offset;
	}
	return offset;
}

const PcoreZone host_utc = {utc_offset, NULL};
const PcoreZone host_berlin = {berlin_offset, NULL};

/* Returns a zone made of shifts, which must outlive it. */
PcoreZone
host_zone(const HostShifts *shifts)
{
	PcoreZone	zone = {shifts_offset, shifts};

	return zone;
}
