/*
 * limits.c - the contacts that a customer has, and the limits that they fill.
 */
#include "postgres.h"

#include "core/limit.h"
#include "decision/limits.h"
#include "utils/builtins.h"

/* Returns a kept value of a contact as text, or NULL. */
static const char *
contact_text(const PersonaDecider *decider, const PersonaRecord *record, int slot)
{
	const PersonaValue *value = persona_record_value(record, decider->customer->evaluation.words, slot);

	return value == NULL ? NULL : pnstrdup(value->bytes, value->length);
}

/* Lists the contacts that were decided by as_of and count, sent or planned. */
void
persona_list_contacts(PersonaDecider *decider)
{
	const PersonaCustomer *customer = decider->customer;
	const PersonaProgram *program = decider->program;

	decider->contacts = palloc(sizeof(PersonaContact) * (customer->record_count + 1));
	decider->times = palloc(sizeof(PcoreInstant) * (customer->record_count + 1));
	if (program->contact_selector == PERSONA_NONE)
		return;
	for (int r = 0; r < customer->record_count; r++)
	{
		const PersonaRecord *record = customer->records[r];
		const char *decided_at;
		PersonaContact *contact = &decider->contacts[decider->contact_count];

		if (!PERSONA_HAS_BIT(record, program->contact_selector))
			continue;
		decided_at = contact_text(decider, record, program->contact_decided_at);
		if (decided_at == NULL || strtoll(decided_at, NULL, 10) > customer->as_of)
			continue;
		contact->at = record->at;
		contact->campaign = contact_text(decider, record, program->contact_campaign);
		contact->channel = contact_text(decider, record, program->contact_channel);
		contact->fired_at = contact_text(decider, record, program->contact_fired_at);
		contact->trigger_key = contact_text(decider, record, program->contact_trigger_key);
		decider->contact_count++;
	}
}

/* Lists the times of the contacts of a campaign or on a channel (NULL: any). */
static int
contact_times(PersonaDecider *decider, const char *campaign, const char *channel)
{
	int			count = 0;

	for (int c = 0; c < decider->contact_count; c++)
	{
		const PersonaContact *contact = &decider->contacts[c];

		if ((campaign == NULL || (contact->campaign != NULL && strcmp(contact->campaign, campaign) == 0))
			&& (channel == NULL || (contact->channel != NULL && strcmp(contact->channel, channel) == 0)))
			decider->times[count++] = contact->at;
	}
	return count;
}

/* Judges one limit for a contact at an instant. */
static bool
keep_limit(PersonaDecider *decider, const char *campaign, const char *channel, int64 most, PcoreDuration period,
		   PcoreInstant at, PcoreInstant *until, const char *name, const char **reason)
{
	int			count = contact_times(decider, campaign, channel);

	*until = pcore_min(*until, pcore_limit_until(decider->times, count, at, period));
	if (pcore_limit_allows(decider->times, count, at, period, most))
		return true;
	if (period == 0)
		*reason = psprintf("%s: at most " INT64_FORMAT " %s, and there are %d", name, most,
						   most == 1 ? "contact" : "contacts", count);
	else
		*reason = psprintf("%s: at most " INT64_FORMAT " %s in %s around %s", name, most,
						   most == 1 ? "contact" : "contacts", pcore_duration_format(period),
						   persona_customer_time(decider->customer, at));
	return false;
}

/* Judges the campaign's own limit and the policies for a contact. */
bool
persona_keep_limits(PersonaDecider *decider, const PersonaCampaign *campaign, const PersonaChannel *channel,
					PcoreInstant at, PcoreInstant *until, const char **reason)
{
	if (campaign->max_contacts >= 0
		&& !keep_limit(decider, campaign->name, NULL, campaign->max_contacts, campaign->max_contacts_within,
					   at, until, "limit of the campaign", reason))
		return false;
	for (int p = 0; p < decider->program->policy_count; p++)
	{
		const PersonaPolicy *policy = &decider->program->policies[p];

		if (policy->channel != NULL && strcmp(policy->channel, channel->name) != 0)
			continue;
		if (!keep_limit(decider, NULL, policy->channel, policy->max_contacts, policy->period,
						at, until, psprintf("policy \"%s\"", policy->name), reason))
			return false;
	}
	return true;
}
