/*
 * limits.c - the contacts that a customer has, and the limits that they fill.
 *
 * Each limit lists the contacts that count under it once, and remembers what it
 * answered last: most ways ask for the same instant.
 */
#include "postgres.h"

#include "core/limit.h"
#include "decision/limits.h"
#include "utils/builtins.h"

/* ---- contacts ---- */

/* Returns a kept instant, or the end of time. */
static PcoreInstant
fact_instant(const PersonaValue *value)
{
	char		digits[24];

	if (value == NULL || value->length >= sizeof(digits))
		return PCORE_END_OF_TIME;
	memcpy(digits, value->bytes, value->length);
	digits[value->length] = '\0';
	return strtoll(digits, NULL, 10);
}

/* Returns a kept instant that was reached by as_of, or the end of time. */
static PcoreInstant
past_instant(const PersonaValue *value, PcoreInstant as_of)
{
	PcoreInstant instant = fact_instant(value);

	return instant <= as_of ? instant : PCORE_END_OF_TIME;
}

/* Returns the number of the name that was kept, or PERSONA_NONE. */
static int
fact_number(const PersonaNames *names, const PersonaValue *value)
{
	return value == NULL ? PERSONA_NONE : persona_name_find(names, value->bytes, value->length);
}

/* Returns what an event is about. */
static PersonaAbout
fact_about(const PersonaRules *rules, const PersonaValue *const *facts)
{
	PersonaAbout about;

	about.campaign = fact_number(&rules->campaigns, facts[PERSONA_FACT_CAMPAIGN]);
	about.experience = fact_number(&rules->experiences, facts[PERSONA_FACT_EXPERIENCE]);
	about.kind = about.experience == PERSONA_NONE ? PERSONA_NONE : rules->kind_of[about.experience];
	about.channel = fact_number(&rules->channels, facts[PERSONA_FACT_CHANNEL]);
	about.placement = PERSONA_NONE;
	if (about.channel != PERSONA_NONE && facts[PERSONA_FACT_PLACEMENT] != NULL && rules->placements.count > 0)
	{
		const PersonaValue *value = facts[PERSONA_FACT_PLACEMENT];
		char	   *name = psprintf("%d:%.*s", about.channel, (int) value->length, value->bytes);

		about.placement = persona_name_find(&rules->placements, name, strlen(name));
	}
	return about;
}

/* Adds a contact, unless it was not yet known at as_of. */
static void
add_contact(PersonaDecider *decider, const PersonaRecord *record)
{
	const PersonaCustomer *customer = decider->customer;
	const PersonaRules *rules = &decider->program->rules;
	const PersonaValue *facts[PERSONA_FACT_COUNT] = {NULL};
	PersonaContact *contact = &decider->contacts[decider->contact_count];

	persona_record_pick(record, customer->evaluation.words, rules->fact_of_slot, facts);
	if (fact_instant(facts[PERSONA_FACT_DECIDED_AT]) > customer->as_of)
		return;
	/* Conditions see it when its time comes, whatever became of it. */
	if (record->at > customer->as_of)
		decider->next_contact = pcore_min(decider->next_contact, record->at);
	if (fact_instant(facts[PERSONA_FACT_ENDED_AT]) <= customer->as_of)
		return;
	contact->about = fact_about(rules, facts);
	contact->at = record->at;
	contact->sent_at = past_instant(facts[PERSONA_FACT_SENT_AT], customer->as_of);
	contact->delivered_at = past_instant(facts[PERSONA_FACT_DELIVERED_AT], customer->as_of);
	contact->fired_at = fact_instant(facts[PERSONA_FACT_FIRED_AT]);
	contact->trigger_key = facts[PERSONA_FACT_TRIGGER_KEY];
	decider->contact_count++;
}

/* Lists the customer's contacts, as they were known at as_of. */
void
persona_list_contacts(PersonaDecider *decider)
{
	const PersonaCustomer *customer = decider->customer;
	const PersonaRules *rules = &decider->program->rules;
	int			count = 0;

	decider->next_contact = PCORE_END_OF_TIME;
	decider->policies = palloc0(sizeof(PersonaCounted) * (rules->policy_count + 1));
	decider->campaigns = palloc0(sizeof(PersonaCounted) * (decider->program->campaign_count + 1));
	if (rules->contact_source == PERSONA_NONE)
		return;
	for (int r = 0; r < customer->record_count; r++)
		count += customer->records[r]->source == rules->contact_source;
	decider->contacts = palloc(sizeof(PersonaContact) * (count + 1));
	for (int r = 0; r < customer->record_count; r++)
		if (customer->records[r]->source == rules->contact_source)
			add_contact(decider, customer->records[r]);
}

/* Tells whether a kept value is a text. */
static bool
same_text(const PersonaValue *value, const char *text)
{
	return value != NULL && strlen(text) == value->length && memcmp(value->bytes, text, value->length) == 0;
}

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
			&& (opening->key == NULL || same_text(contact->trigger_key, opening->key)))
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

/* ---- limits ---- */

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

		if (at != PCORE_END_OF_TIME && persona_about_fits(&limit->about, &contact->about))
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

/* Asks a limit. */
static void
ask_limit(PersonaDecider *decider, const PersonaLimit *limit, PersonaCounted *counted, PcoreInstant at)
{
	const PcoreZone *zone = &decider->customer->zone;

	if (!counted->listed)
		list_times(decider, limit, counted);
	counted->asked = counted->kept = true;
	counted->at = at;
	counted->until = PCORE_END_OF_TIME;
	counted->reason = NULL;
	if (limit->most >= 0)
	{
		if (limit->calendar != PERSONA_NONE)
		{
			counted->kept = pcore_calendar_allows(counted->times, counted->count, at, zone,
												  (PcoreUnit) limit->calendar, limit->most);
			counted->until = pcore_calendar_until(counted->times, counted->count, at, zone,
												  (PcoreUnit) limit->calendar, limit->most);
		}
		else
		{
			counted->kept = pcore_limit_allows(counted->times, counted->count, at, limit->period, limit->most);
			counted->until = pcore_limit_until(counted->times, counted->count, at, limit->period);
		}
		if (!counted->kept && decider->explains)
			counted->reason = full_reason(decider, limit, counted, at);
	}
	if (limit->min_gap > 0)
	{
		/* A gap is a window that holds one contact. */
		bool		apart = pcore_limit_allows(counted->times, counted->count, at, limit->min_gap, 1);

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
