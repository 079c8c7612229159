/*
 * channels.c - whether a channel can reach a customer, and when at the earliest.
 */
#include "postgres.h"

#include "decision/channels.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* Hours that do not allow anything for so long never do. */
#define HOURS_HORIZON (400 * PCORE_DAY)

/* Tells whether a channel may be used at an instant, as its hours go. */
static bool
is_allowed(const PersonaChannel *channel, const PcoreZone *zone, PcoreInstant at)
{
	if (channel->open_hours != NULL && !pcore_hours_inside(channel->open_hours, zone, at))
		return false;
	return channel->quiet_hours == NULL || !pcore_hours_inside(channel->quiet_hours, zone, at);
}

/* Returns the first instant after "at" at which a channel's hours change. */
static PcoreInstant
hours_change(const PersonaChannel *channel, const PcoreZone *zone, PcoreInstant at)
{
	PcoreInstant change = PCORE_END_OF_TIME;

	if (channel->open_hours != NULL)
		change = pcore_hours_change(channel->open_hours, zone, at);
	if (channel->quiet_hours != NULL)
		change = pcore_min(change, pcore_hours_change(channel->quiet_hours, zone, at));
	return change;
}

/* Tells whether the customer has an address on a way's channel. */
static bool
has_address(PersonaDecider *decider, const PersonaCampaignChannel *way, const char **reason)
{
	PersonaCustomer *customer = decider->customer;
	const PersonaChannel *channel = &decider->program->channels[way->channel];
	const char *address;

	if (channel->address == NULL)
		return true;
	address = persona_row_value_text(customer->shape->addresses[way->channel], customer->values,
									 customer->nulls, false, &customer->zone);
	if (address != NULL && address[0] != '\0')
		return true;
	*reason = psprintf("%s is absent", channel->address);
	return false;
}

/* Judges a way's channel and finds the earliest instant at which it may be used. */
bool
persona_reach(PersonaDecider *decider, const PersonaCandidate *candidate, const PersonaCampaignChannel *way,
			  PcoreInstant *send_at, PcoreInstant *until, const char **reason)
{
	PersonaCustomer *customer = decider->customer;
	const PersonaCampaign *campaign = candidate->campaign;
	const PersonaChannel *channel = &decider->program->channels[way->channel];
	PcoreInstant deadline = campaign->ends_at;
	PcoreInstant stands;
	PcoreInstant at = customer->as_of;

	if (!has_address(decider, way, reason))
		return false;
	if (channel->consent != PERSONA_NONE)
	{
		bool		consents = persona_holds_now(decider, channel->consent, &stands);

		*until = pcore_min(*until, stands);
		if (!consents)
		{
			*reason = "no consent";
			return false;
		}
	}

	/* The earliest instant at which its hours allow it. */
	if (campaign->trigger != PERSONA_NONE)
		deadline = pcore_min(deadline, candidate->opening.open_until);
	while (at < deadline && !is_allowed(channel, &customer->zone, at))
	{
		PcoreInstant change = hours_change(channel, &customer->zone, at);

		CHECK_FOR_INTERRUPTS();
		/* Open hours within the quiet hours leave nothing, week after week. */
		at = change < pcore_add(customer->as_of, HOURS_HORIZON) ? change : PCORE_END_OF_TIME;
		if (at == PCORE_END_OF_TIME)
			break;
	}
	if (at >= deadline)
	{
		*reason = at == PCORE_END_OF_TIME ? "its hours never allow it"
			: psprintf("closed until %s, when it is too late", persona_customer_time(customer, at));
		*until = pcore_min(*until, at);
		return false;
	}
	*until = pcore_min(*until, at > customer->as_of ? at : hours_change(channel, &customer->zone, at));
	*send_at = at;
	return true;
}
