/*
 * host.c - lends the PostgreSQL-free core memory, errors, interrupts and zones.
 */
#include "postgres.h"

#include "core/core.h"
#include "host.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/timestamp.h"

static PersonaDefinition current = {"definition", NULL, ERRCODE_INVALID_PARAMETER_VALUE};

/* Names the definition that is being read from now on; returns the one before. */
PersonaDefinition
persona_enter_definition(const char *subject, const char *name, int sqlstate)
{
	PersonaDefinition outer = current;

	current.subject = subject;
	current.name = name;
	current.sqlstate = sqlstate;
	return outer;
}

/* Goes back to the definition that was being read before. */
void
persona_leave_definition(PersonaDefinition outer)
{
	current = outer;
}

/* Returns memory of the current context; prices are found over arrays that may take more than 1 GB. */
void *
pcore_alloc(size_t size)
{
	return palloc_extended(size, MCXT_ALLOC_HUGE);
}

/* Gives memory of pcore_alloc back. */
void
pcore_free(void *memory)
{
	pfree(memory);
}

/* Lets a query be canceled. */
void
pcore_check_interrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* Reports what is wrong with the definition that is being read. */
void
persona_fail(int sqlstate, const char *path, const char *message, const char *hint)
{
	const char *subject = current.subject;
	const char *name = current.name;

	ereport(ERROR,
			(errcode(sqlstate),
			 name != NULL ? errmsg("invalid %s of %s: %s", subject, name, message)
			 : errmsg("invalid %s: %s", subject, message),
			 path != NULL ? errdetail("At %s.", path) : 0,
			 hint != NULL ? errhint("%s", hint) : 0));
}

/* Reports what is wrong with the definition that is being read. */
void
pcore_fail(const char *path, const char *message, const char *hint)
{
	persona_fail(current.sqlstate, path, message, hint);
	pg_unreachable();
}

/* Rounds an instant down to PostgreSQL's pg_time_t. */
static pg_time_t
to_unix_seconds(PcoreInstant instant)
{
	int64		seconds = instant / USECS_PER_SEC;

	if (instant % USECS_PER_SEC < 0)
		seconds--;
	return (pg_time_t) (seconds + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY);
}

/* Returns the instant of a pg_time_t. */
static PcoreInstant
from_unix_seconds(pg_time_t seconds)
{
	return ((int64) seconds - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY) * USECS_PER_SEC;
}

/* Tells the offset of a zone of PostgreSQL, and until when it is in force. */
static PcoreDuration
zone_offset(const PcoreZone *zone, PcoreInstant instant, PcoreInstant *from, PcoreInstant *until)
{
	pg_time_t	time = to_unix_seconds(instant);
	pg_time_t	boundary;
	long int	before_offset;
	long int	after_offset;
	int			before_isdst;
	int			after_isdst;
	int			found;

	found = pg_next_dst_boundary(&time, &before_offset, &before_isdst, &boundary,
								 &after_offset, &after_isdst, zone->data);
	if (found < 0)
		elog(ERROR, "time zone offset could not be determined");
	*from = instant;
	*until = found == 0 ? PCORE_END_OF_TIME : from_unix_seconds(boundary);
	return (PcoreDuration) before_offset * USECS_PER_SEC;
}

/* Sets a zone up by name; returns false when PostgreSQL does not know it. */
bool
persona_zone_find(const char *name, PcoreZone *zone)
{
	pg_tz	   *found;

	/* Only names: an offset such as "+3" would be read with the sign of POSIX. */
	if (!((name[0] >= 'A' && name[0] <= 'Z') || (name[0] >= 'a' && name[0] <= 'z')))
		return false;
	found = pg_tzset(name);
	if (found == NULL || !pg_tz_acceptable(found))
		return false;
	zone->offset = zone_offset;
	zone->data = found;
	return true;
}
