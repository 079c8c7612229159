/*
 * moment.c - parses dates and instants.
 */
#include "core/moment.h"

/* Reads exactly "digits" digits; returns false when they are not there. */
static bool
read_digits(const char **text, int digits, int64_t *value)
{
	*value = 0;
	for (int i = 0; i < digits; i++, (*text)++)
	{
		if (**text < '0' || **text > '9')
			return false;
		*value = *value * 10 + (**text - '0');
	}
	return true;
}

/* Reads one character; returns false when it is another. */
static bool
read_char(const char **text, char expected)
{
	if (**text != expected)
		return false;
	(*text)++;
	return true;
}

/* Returns the number of days of a month. */
static int
days_of_month(int64_t year, int64_t month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

/* Reads HH:MM[:SS[.ffffff]] and an offset. */
static bool
read_time(const char **text, PcoreMoment *moment)
{
	int64_t		hour;
	int64_t		minute;
	int64_t		second = 0;
	int64_t		fraction = 0;

	if (!read_digits(text, 2, &hour) || !read_char(text, ':') || !read_digits(text, 2, &minute))
		return false;
	if (read_char(text, ':'))
	{
		if (!read_digits(text, 2, &second))
			return false;
		if (read_char(text, '.'))
		{
			int64_t		unit = 100000;

			if (**text < '0' || **text > '9')
				return false;
			for (; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
			{
				if (unit == 0)
					return false;
				fraction += (**text - '0') * unit;
			}
		}
	}
	if (hour > 24 || minute > 59 || second > 59 || (hour == 24 && (minute > 0 || second > 0 || fraction > 0)))
		return false;
	moment->local += hour * PCORE_HOUR + minute * PCORE_MINUTE + second * PCORE_SECOND + fraction;
	if (read_char(text, 'Z'))
		moment->fixed = true;
	else if (**text == '+' || **text == '-')
	{
		int			sign = **text == '+' ? 1 : -1;
		int64_t		offset_hour;
		int64_t		offset_minute = 0;

		(*text)++;
		if (!read_digits(text, 2, &offset_hour))
			return false;
		if ((read_char(text, ':') || **text != '\0') && !read_digits(text, 2, &offset_minute))
			return false;
		if (offset_hour > 15 || offset_minute > 59)
			return false;
		moment->local -= sign * (offset_hour * PCORE_HOUR + offset_minute * PCORE_MINUTE);
		moment->fixed = true;
	}
	return true;
}

/* Parses a date or an instant. */
bool
pcore_moment_parse(const char *text, PcoreMoment *moment)
{
	int64_t		year;
	int64_t		month;
	int64_t		day;

	if (!read_digits(&text, 4, &year) || !read_char(&text, '-') || !read_digits(&text, 2, &month)
		|| !read_char(&text, '-') || !read_digits(&text, 2, &day))
		return false;
	/* There was no year 0. */
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
		return false;
	moment->local = pcore_days_from_civil(year, (int) month, (int) day) * PCORE_DAY;
	moment->date_only = *text == '\0';
	moment->fixed = false;
	if (moment->date_only)
		return true;
	if (!read_char(&text, 'T') && !read_char(&text, ' '))
		return false;
	return read_time(&text, moment) && *text == '\0';
}

/* Returns the instant at which a moment begins in a zone. */
PcoreInstant
pcore_moment_begin(const PcoreMoment *moment, const PcoreZone *zone)
{
	if (moment->fixed)
		return moment->local;
	return moment->date_only ? pcore_instant(zone, moment->local) : pcore_clock_instant(zone, moment->local);
}

/* Returns the instant at which it is over: the next day's begin, or just after it. */
PcoreInstant
pcore_moment_end(const PcoreMoment *moment, const PcoreZone *zone)
{
	if (moment->date_only)
		return pcore_instant(zone, moment->local + PCORE_DAY);
	return pcore_add(pcore_moment_begin(moment, zone), 1);
}
