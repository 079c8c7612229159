/*
 * limits.c - the limits that a customer's contacts fill.
 *
 * Each limit lists the contacts that count under it once, and remembers what it
 * answered last: most ways ask for the same instant.
 */
#include "postgres.h"

#include "core/limit.h"
#include "decision/facts.h"
#include "decision/limits.h"
#include "utils/builtins.h"

/* Tells whether a firing of the campaign's trigger has all its contacts. */
bool
persona_is_answered(PersonaDecider *decider, const PersonaCampaign *campaign, const PersonaOpening *opening,
					const char **reason)
{
	const PersonaContact *last = NULL;
	int64		count = 0;

	if (campaign->per_firing < 0)
		return false;
	for (int c = 0; c < decider->contact_count; c++)
	{
		const PersonaContact *contact = &decider->contacts[c];

		if (contact->about.campaign == campaign->about.campaign && contact->fired_at == opening->fired_at
			&& (opening->key == NULL || (contact->trigger_key != NULL && persona_value_is(contact->trigger_key, opening->key))))
		{
			last = contact;
			count++;
		}
	}
	if (count < campaign->per_firing)
		return false;
	*reason = campaign->per_firing == 0 ? "the campaign has no contact for any firing"
		: persona_reason(decider, count == 1 ? "the firing of trigger \"%s\" at %s has its contact already, for %s"
						 : "the firing of trigger \"%s\" at %s has its contacts already, the last for %s",
						 decider->program->triggers[campaign->trigger].name,
						 persona_customer_time(decider->customer, opening->fired_at),
						 persona_customer_time(decider->customer, last->at));
	return true;
}

/* Orders instants. */
static int
compare_instants(const void *left, const void *right)
{
	PcoreInstant a = *(const PcoreInstant *) left;
	PcoreInstant b = *(const PcoreInstant *) right;

	return a < b ? -1 : a > b;
}

/* Lists when the contacts that count under a limit count. */
static void
list_times(PersonaDecider *decider, const PersonaLimit *limit, PersonaCounted *counted)
{
	counted->listed = true;
	counted->times = palloc(sizeof(PcoreInstant) * (decider->contact_count + 1));
	for (int c = 0; c < decider->contact_count; c++)
	{
		const PersonaContact *contact = &decider->contacts[c];
		PcoreInstant at = limit->counts == PERSONA_COUNTS_RESERVED ? contact->at
			: limit->counts == PERSONA_COUNTS_SENT ? contact->sent_at : contact->delivered_at;

		if (at == PCORE_END_OF_TIME || !persona_about_fits(&limit->about, &contact->about))
			continue;
		if (contact->shown)
			counted->shown++;
		else
			counted->times[counted->count++] = at;
	}
	if (limit->counts != PERSONA_COUNTS_RESERVED)
		qsort(counted->times, counted->count, sizeof(PcoreInstant), compare_instants);
}

/* Names a limit, for reasons. */
static const char *
limit_name(const PersonaLimit *limit)
{
	return limit->name == NULL ? "limit of the campaign" : psprintf("policy \"%s\"", limit->name);
}

/* Says that a limit on the number of contacts is reached. */
static const char *
full_reason(const PersonaDecider *decider, const PersonaLimit *limit, const PersonaCounted *counted, PcoreInstant at)
{
	static const char *const counts[] = {"", "sent ", "delivered "};
	static const char *const units[] = {"day", "week", "month", "quarter", "year"};
	char	   *most = psprintf("%s: at most " INT64_FORMAT " %s%s", limit_name(limit), limit->most, counts[limit->counts],
								limit->most == 1 ? "contact" : "contacts");

	if (limit->calendar != PERSONA_NONE)
	{
		PcoreInstant begin;
		PcoreInstant end;

		pcore_unit_span(&decider->customer->zone, at, (PcoreUnit) limit->calendar, &begin, &end);
		return psprintf("%s in a %s, and that is full from %s to %s", most, units[limit->calendar],
						persona_customer_time(decider->customer, begin), persona_customer_time(decider->customer, end));
	}
	if (limit->period == 0)
		return psprintf("%s, and there are %d", most, counted->count);
	return psprintf("%s in %s around %s", most, pcore_duration_format(limit->period),
					persona_customer_time(decider->customer, at));
}

/* Says that two contacts would be too close. */
static const char *
gap_reason(const PersonaDecider *decider, const PersonaLimit *limit, const PersonaCounted *counted, PcoreInstant at)
{
	PcoreInstant near = counted->times[0];

	for (int i = 1; i < counted->count; i++)
		if (counted->times[i] <= at || near <= pcore_add(at, -limit->min_gap))
			near = counted->times[i];
	return psprintf("%s: at least %s between contacts, and there is one at %s", limit_name(limit),
					pcore_duration_format(limit->min_gap), persona_customer_time(decider->customer, near));
}

/*
 * Asks a limit.  What is shown together moves with as_of, so each window that
 * holds one of them holds them all: they leave less room, at any instant.
 */
static void
ask_limit(PersonaDecider *decider, const PersonaLimit *limit, PersonaCounted *counted, PcoreInstant at)
{
	const PcoreZone *zone = &decider->customer->zone;
	int64_t		most;

	if (!counted->listed)
		list_times(decider, limit, counted);
	most = Max(limit->most - counted->shown, 0);
	counted->asked = counted->kept = true;
	counted->at = at;
	counted->until = PCORE_END_OF_TIME;
	counted->reason = NULL;
	if (limit->most >= 0)
	{
		if (limit->calendar != PERSONA_NONE)
		{
			counted->kept = pcore_calendar_allows(counted->times, counted->count, at, zone,
												  (PcoreUnit) limit->calendar, most);
			counted->until = pcore_calendar_until(counted->times, counted->count, at, zone,
												  (PcoreUnit) limit->calendar, most);
		}
		else
		{
			counted->kept = pcore_limit_allows(counted->times, counted->count, at, limit->period, most);
			counted->until = pcore_limit_until(counted->times, counted->count, at, limit->period);
		}
		if (!counted->kept && decider->explains)
			counted->reason = full_reason(decider, limit, counted, at);
	}
	if (limit->min_gap > 0)
	{
		/* A gap is a window that holds one contact. */
		bool		apart = pcore_limit_allows(counted->times, counted->count, at, limit->min_gap,
											   counted->shown == 0 ? 1 : 0);

		counted->until = pcore_min(counted->until, pcore_limit_until(counted->times, counted->count, at, limit->min_gap));
		if (!apart && counted->kept && decider->explains)
			counted->reason = gap_reason(decider, limit, counted, at);
		counted->kept &= apart;
	}
}

/* Judges one limit for a contact at an instant. */
static bool
keep_limit(PersonaDecider *decider, const PersonaLimit *limit, PersonaCounted *counted,
		   PcoreInstant at, PcoreInstant *until, const char **reason)
{
	if (!counted->asked || counted->at != at)
		ask_limit(decider, limit, counted, at);
	*until = pcore_min(*until, counted->until);
	if (!counted->kept)
		*reason = counted->reason;
	return counted->kept;
}

/* Judges the campaign's own limit and the policies for a contact. */
bool
persona_keep_limits(PersonaDecider *decider, const PersonaCampaign *campaign, const PersonaCampaignChannel *way,
					PcoreInstant at, PcoreInstant *until, const char **reason)
{
	if (!keep_limit(decider, &campaign->limit, &decider->campaigns[campaign->about.campaign], at, until, reason))
		return false;
	for (int p = 0; p < way->policy_count; p++)
		if (!keep_limit(decider, &decider->program->rules.policies[way->policies[p]],
						&decider->policies[way->policies[p]], at, until, reason))
			return false;
	return true;
}
