/*
 * channels.c - whether a channel can reach a customer, when at the earliest, and
 * which one a campaign tries first.
 */
#include "postgres.h"

#include "catalog/factors.h"
#include "condition/why.h"
#include "decision/channels.h"
#include "decision/facts.h"
#include "decision/score.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* Hours that do not allow anything for so long never do. */
#define HOURS_HORIZON (400 * PCORE_DAY)

/* Finds the first of a channel's holidays that is not before a day. */
static int
holiday_from(const PersonaChannel *channel, int64 day)
{
	int			low = 0;
	int			high = channel->holiday_count;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (channel->holiday_days[middle] < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Tells whether an instant is on one of a channel's holidays; *change is the
 * first instant after it at which another answer may begin.
 */
static bool
is_holiday(const PersonaChannel *channel, const PcoreZone *zone, PcoreInstant at, PcoreInstant *change)
{
	PcoreInstant begin;
	PcoreInstant end;
	int64		day;
	int			next;

	*change = PCORE_END_OF_TIME;
	if (channel->holiday_count == 0)
		return false;
	pcore_unit_span(zone, at, PCORE_UNIT_DAY, &begin, &end);
	day = pcore_day_of(pcore_local(zone, begin));
	next = holiday_from(channel, day);
	if (next == channel->holiday_count)
		return false;
	if (channel->holiday_days[next] == day)
	{
		*change = end;
		return true;
	}
	*change = pcore_instant(zone, channel->holiday_days[next] * PCORE_DAY);
	return false;
}

/* Tells whether a channel may be used at an instant, as its hours and holidays go. */
static bool
is_allowed(const PersonaChannel *channel, const PcoreZone *zone, PcoreInstant at)
{
	PcoreInstant change;

	if (is_holiday(channel, zone, at, &change))
		return false;
	if (channel->open_hours != NULL && !pcore_hours_inside(channel->open_hours, zone, at))
		return false;
	return channel->quiet_hours == NULL || !pcore_hours_inside(channel->quiet_hours, zone, at);
}

/* Returns the first instant after "at" at which a channel's hours change. */
static PcoreInstant
hours_change(const PersonaChannel *channel, const PcoreZone *zone, PcoreInstant at)
{
	PcoreInstant change;

	(void) is_holiday(channel, zone, at, &change);
	if (channel->open_hours != NULL)
		change = pcore_min(change, pcore_hours_change(channel->open_hours, zone, at));
	if (channel->quiet_hours != NULL)
		change = pcore_min(change, pcore_hours_change(channel->quiet_hours, zone, at));
	return change;
}

/* Tells whether a choice is about a way's channel and topic. */
bool
persona_choice_covers(const PersonaDecider *decider, const PersonaChoice *choice, const PersonaCampaignChannel *way)
{
	return (choice->channel == PERSONA_NONE || choice->channel == way->channel)
		&& (choice->topic == PERSONA_NONE || choice->topic == decider->program->rules.topic_of[way->about.experience]);
}

/* Tells whether the customer consented to a way after an instant. */
static bool
consents_after(const PersonaDecider *decider, const PersonaCampaignChannel *way, PcoreInstant at)
{
	for (int c = decider->choice_count - 1; c >= 0 && decider->choices[c].at > at; c--)
		if (decider->choices[c].kind == PERSONA_CHOICE_CONSENT && persona_choice_covers(decider, &decider->choices[c], way))
			return true;
	return false;
}

/* Tells whether so much bounced from an address that it is closed. */
static bool
is_closed_address(PersonaDecider *decider, const PersonaCampaignChannel *way, const char *address, const char **reason)
{
	const PersonaChannel *channel = &decider->program->channels[way->channel];
	PcoreInstant last = PCORE_BEGIN_OF_TIME;
	int64		count = 0;

	for (int b = 0; b < decider->bounce_count && channel->max_bounces >= 0; b++)
	{
		const PersonaBounce *bounce = &decider->bounces[b];

		if (bounce->channel != way->channel || !persona_value_is(bounce->address, address)
			|| consents_after(decider, way, bounce->at))
			continue;
		count++;
		last = pcore_max(last, bounce->at);
	}
	if (count == 0 || count < channel->max_bounces)
		return false;
	*reason = count == 1 ? persona_reason(decider, "%s bounced %s", channel->address,
										  persona_customer_time(decider->customer, last))
		: persona_reason(decider, "%s bounced " INT64_FORMAT " times, the last %s", channel->address, count,
						 persona_customer_time(decider->customer, last));
	return true;
}

/* Tells whether the customer has an address on a way's channel, and nothing that bounced closes it. */
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
	if (address == NULL || address[0] == '\0')
	{
		*reason = psprintf("%s is absent", channel->address);
		return false;
	}
	return decider->bounce_count == 0 || !is_closed_address(decider, way, address, reason);
}

/* Tells whether the customer agrees to a way: the latest choice that covers it decides, else the default. */
static bool
has_consent(PersonaDecider *decider, const PersonaCampaignChannel *way, const char **reason)
{
	const PersonaRules *rules = &decider->program->rules;
	int			topic = rules->topic_of[way->about.experience];
	bool		opt_in = topic != PERSONA_NONE && rules->opt_in[topic] >= 0 ? rules->opt_in[topic] == 1
		: decider->program->channels[way->channel].opt_in;

	for (int c = decider->choice_count - 1; c >= 0; c--)
	{
		const PersonaChoice *choice = &decider->choices[c];

		if (choice->kind == PERSONA_CHOICE_CONSENT && persona_choice_covers(decider, choice, way))
			return true;
		if (choice->kind == PERSONA_CHOICE_OBJECTION && persona_choice_covers(decider, choice, way))
		{
			*reason = persona_reason(decider, "the customer objected %s",
									 persona_customer_time(decider->customer, choice->at));
			return false;
		}
	}
	if (!opt_in)
		return true;
	*reason = topic == PERSONA_NONE ? "no consent was given"
		: persona_reason(decider, "no consent was given to topic \"%s\"", rules->topics.names[topic]);
	return false;
}

/*
 * Tells whether the customer snoozes a way.  A later snooze of the same channel
 * and topic replaces an earlier one; others are independent.
 */
static bool
is_snoozed(PersonaDecider *decider, const PersonaCampaignChannel *way, PcoreInstant *until, const char **reason)
{
	PcoreInstant end = PCORE_BEGIN_OF_TIME;

	for (int c = 0; c < decider->choice_count; c++)
	{
		const PersonaChoice *choice = &decider->choices[c];
		bool		replaced = false;

		if (choice->kind != PERSONA_CHOICE_SNOOZE || !persona_choice_covers(decider, choice, way))
			continue;
		for (int l = c + 1; l < decider->choice_count && !replaced; l++)
			replaced = decider->choices[l].kind == PERSONA_CHOICE_SNOOZE
				&& decider->choices[l].channel == choice->channel && decider->choices[l].topic == choice->topic;
		if (!replaced)
			end = pcore_max(end, choice->until);
	}
	if (end <= decider->customer->as_of)
		return false;
	*until = pcore_min(*until, end);
	*reason = end == PCORE_END_OF_TIME ? "the customer snoozes it for good"
		: persona_reason(decider, "the customer snoozes it until %s", persona_customer_time(decider->customer, end));
	return true;
}

/* Returns the rank that the customer gave a channel, or the largest number. */
static int64
preference_rank(const PersonaDecider *decider, int channel)
{
	for (int c = decider->choice_count - 1; c >= 0; c--)
	{
		const PersonaChoice *choice = &decider->choices[c];

		if (choice->kind == PERSONA_CHOICE_PREFERENCE
			&& (choice->channel == PERSONA_NONE || choice->channel == channel))
			return choice->ranked ? choice->rank : PG_INT64_MAX;
	}
	return PG_INT64_MAX;
}

/* Returns how much the customer likes a channel: what the column says, or else the channel. */
Numeric
persona_affinity(const PersonaDecider *decider, int channel)
{
	const PersonaCustomer *customer = decider->customer;
	const PersonaChannel *definition = &decider->program->channels[channel];
	char	   *text = definition->affinity_column == NULL ? NULL
		: persona_row_value_number(customer->shape->affinities[channel], customer->values, customer->nulls);
	Numeric		number;

	if (text == NULL)
		return definition->affinity;
	number = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
												 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	/* A number that is below zero, or none, is no liking at all. */
	if (numeric_is_nan(number) || numeric_is_inf(number)
		|| DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(number), NumericGetDatum(int64_to_numeric(0)))) < 0)
		return int64_to_numeric(0);
	return number;
}

/* Tells whether a way comes before another one, as the campaign chooses. */
static bool
comes_before(const PersonaCandidate *ways, const int64 *ranks, PersonaChannelChoice choice, int a, int b)
{
	if (choice == PERSONA_BY_PREFERENCE && ranks[a] != ranks[b])
		return ranks[a] < ranks[b];
	if (choice == PERSONA_BY_SCORE)
	{
		int			order = persona_compare_numbers(ways[a].score.score, ways[b].score.score);

		if (order != 0)
			return order > 0;
	}
	return a < b;
}

/* Lists a campaign's ways in the order in which they are tried. */
int *
persona_order_ways(PersonaDecider *decider, PersonaCandidate *base)
{
	const PersonaCampaign *campaign = base->campaign;
	int			count = campaign->channel_count;
	int		   *order = palloc(sizeof(int) * (count + 1));
	int64	   *ranks = palloc(sizeof(int64) * (count + 1));
	PersonaCandidate *ways = campaign->channel_choice == PERSONA_BY_SCORE ? palloc(sizeof(PersonaCandidate) * (count + 1)) : NULL;

	for (int w = 0; w < count; w++)
	{
		int			place = w;

		if (campaign->channel_choice == PERSONA_BY_PREFERENCE)
			ranks[w] = preference_rank(decider, campaign->channels[w].channel);
		if (campaign->channel_choice == PERSONA_BY_SCORE)
		{
			ways[w] = *base;
			ways[w].way = &campaign->channels[w];
			persona_score(decider, &ways[w]);
			/* Scores change in time, and with them the order. */
			base->until = pcore_min(base->until, ways[w].until);
		}
		while (place > 0 && comes_before(ways, ranks, campaign->channel_choice, w, order[place - 1]))
		{
			order[place] = order[place - 1];
			place--;
		}
		order[place] = w;
	}
	return order;
}

/* Tells whether the customer has an address and agrees to a way, whatever the hours are. */
bool
persona_may_reach(PersonaDecider *decider, const PersonaCampaignChannel *way)
{
	const PersonaChannel *channel = &decider->program->channels[way->channel];
	const char *reason;
	PcoreInstant until;

	return has_address(decider, way, &reason) && has_consent(decider, way, &reason)
		&& (channel->consent == PERSONA_NONE || persona_holds_now(decider, channel->consent, &until));
}

/* Returns the first instant from "at" on at which the channel's hours allow it, or any that is not before the deadline. */
static PcoreInstant
first_allowed(const PersonaCustomer *customer, const PersonaChannel *channel, PcoreInstant at, PcoreInstant deadline)
{
	while (at < deadline && !is_allowed(channel, &customer->zone, at))
	{
		PcoreInstant change = hours_change(channel, &customer->zone, at);

		CHECK_FOR_INTERRUPTS();
		/* Open hours within the quiet hours leave nothing, week after week. */
		if (change >= pcore_add(customer->as_of, HOURS_HORIZON))
			return PCORE_END_OF_TIME;
		at = change;
	}
	return at;
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
	if (!has_consent(decider, way, reason) || is_snoozed(decider, way, until, reason))
		return false;
	if (channel->consent != PERSONA_NONE)
	{
		bool		consents = persona_holds_now(decider, channel->consent, &stands);

		*until = pcore_min(*until, stands);
		if (!consents)
		{
			*reason = persona_reason(decider, "no consent: %s",
									 persona_why(&decider->customer->evaluation, channel->consent));
			return false;
		}
	}

	/* The earliest instant at which its hours allow it. */
	if (campaign->trigger != PERSONA_NONE)
		deadline = pcore_min(deadline, candidate->opening.open_until);
	at = first_allowed(customer, channel, at, deadline);
	if (at >= deadline)
	{
		PcoreInstant opens = decider->explains ? first_allowed(customer, channel, at, PCORE_END_OF_TIME) : at;

		*reason = opens == PCORE_END_OF_TIME ? "its hours never allow it"
			: persona_reason(decider, "closed until %s, when it is too late", persona_customer_time(customer, opens));
		*until = pcore_min(*until, at);
		return false;
	}
	*until = pcore_min(*until, at > customer->as_of ? at : hours_change(channel, &customer->zone, at));
	*send_at = at;
	return true;
}
