/*
 * decide.c - judges the campaigns for one customer, and ranks them.
 *
 * A campaign passes rule after rule; the first that fails is its reason.  Each
 * rule tells until when its answer stands if no new data comes: a failing
 * campaign fails at least as long as the rule that failed it, a passing one
 * passes at least as long as all its rules do.  The earliest of these instants
 * over all campaigns is the decision's valid_until.
 */
#include "postgres.h"

#include "core/limit.h"
#include "decision/decide.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* Hours that do not allow anything for so long never do. */
#define HOURS_HORIZON (400 * PCORE_DAY)

/* A contact that counts against limits. */
typedef struct Contact
{
	PcoreInstant at;
	const char *campaign;
	const char *channel;
	const char *fired_at;		/* as kept: microseconds, or NULL */
} Contact;

typedef struct Decider
{
	PersonaCustomer *customer;
	const PersonaProgram *program;
	int			contact_count;
	Contact    *contacts;		/* in order of time */
	PcoreInstant *times;		/* room for the times of some of them */
} Decider;

/* Names a stage as persona.explain shows it. */
const char *
persona_stage_name(PersonaStage stage)
{
	static const char *const names[] = {
		"dates", "cohort", "trigger", "answered", "goal", "relevance",
		"channel", "limit", "message", "arbitration", "chosen"
	};

	return names[stage];
}

/* Returns a kept value of a contact as text, or NULL. */
static const char *
contact_text(const Decider *decider, const PersonaRecord *record, int slot)
{
	const PersonaValue *value = persona_record_value(record, decider->customer->evaluation.words, slot);

	return value == NULL ? NULL : pnstrdup(value->bytes, value->length);
}

/* Lists the contacts that were decided by as_of and count, sent or planned. */
static void
list_contacts(Decider *decider)
{
	const PersonaCustomer *customer = decider->customer;
	const PersonaProgram *program = decider->program;

	decider->contacts = palloc(sizeof(Contact) * (customer->record_count + 1));
	decider->times = palloc(sizeof(PcoreInstant) * (customer->record_count + 1));
	if (program->contact_selector == PERSONA_NONE)
		return;
	for (int r = 0; r < customer->record_count; r++)
	{
		const PersonaRecord *record = customer->records[r];
		const char *decided_at;
		Contact    *contact = &decider->contacts[decider->contact_count];

		if (!PERSONA_HAS_BIT(record, program->contact_selector))
			continue;
		decided_at = contact_text(decider, record, program->contact_decided_at);
		if (decided_at == NULL || strtoll(decided_at, NULL, 10) > customer->as_of)
			continue;
		contact->at = record->at;
		contact->campaign = contact_text(decider, record, program->contact_campaign);
		contact->channel = contact_text(decider, record, program->contact_channel);
		contact->fired_at = contact_text(decider, record, program->contact_fired_at);
		decider->contact_count++;
	}
}

/* Lists the times of the contacts of a campaign or on a channel (NULL: any). */
static int
contact_times(Decider *decider, const char *campaign, const char *channel)
{
	int			count = 0;

	for (int c = 0; c < decider->contact_count; c++)
	{
		const Contact *contact = &decider->contacts[c];

		if ((campaign == NULL || (contact->campaign != NULL && strcmp(contact->campaign, campaign) == 0))
			&& (channel == NULL || (contact->channel != NULL && strcmp(contact->channel, channel) == 0)))
			decider->times[count++] = contact->at;
	}
	return count;
}

/* Tells whether a condition holds at as_of, and until when. */
static bool
holds_now(Decider *decider, int node, PcoreInstant *until)
{
	PcoreTruth	truth = persona_truth_from_now(&decider->customer->evaluation, node);

	*until = pcore_truth_until(truth, decider->customer->as_of);
	return pcore_truth_at(truth, decider->customer->as_of);
}

/* Ends the judgment of a campaign: it failed a rule, whose answer stands until then. */
static bool
fail_stage(PersonaCandidate *candidate, PersonaStage stage, const char *reason, PcoreInstant until)
{
	candidate->stage = stage;
	candidate->reason = reason;
	/* When a rule that it passed changes, another one fails. */
	candidate->stands = pcore_min(candidate->until, until);
	candidate->until = until;
	return false;
}

/* Judges the campaign's dates. */
static bool
pass_dates(Decider *decider, PersonaCandidate *candidate)
{
	const PersonaCampaign *campaign = candidate->campaign;
	PersonaCustomer *customer = decider->customer;

	if (customer->as_of < campaign->starts_at)
		return fail_stage(candidate, PERSONA_STAGE_DATES,
						  psprintf("starts %s", persona_customer_time(customer, campaign->starts_at)),
						  campaign->starts_at);
	if (customer->as_of >= campaign->ends_at)
		return fail_stage(candidate, PERSONA_STAGE_DATES,
						  psprintf("ended %s", persona_customer_time(customer, campaign->ends_at)),
						  PCORE_END_OF_TIME);
	candidate->until = pcore_min(candidate->until, campaign->ends_at);
	return true;
}

/* Judges the campaign's cohort. */
static bool
pass_cohort(Decider *decider, PersonaCandidate *candidate)
{
	const PersonaCohort *cohort;
	PcoreInstant until;

	if (candidate->campaign->cohort == PERSONA_NONE)
		return true;
	cohort = &decider->program->cohorts[candidate->campaign->cohort];
	if (!holds_now(decider, cohort->node, &until))
		return fail_stage(candidate, PERSONA_STAGE_COHORT, psprintf("not in cohort \"%s\"", cohort->name), until);
	candidate->until = pcore_min(candidate->until, until);
	return true;
}

/* Judges the campaign's trigger, and whether its firing was answered. */
static bool
pass_trigger(Decider *decider, PersonaCandidate *candidate)
{
	PersonaCustomer *customer = decider->customer;
	const PersonaTrigger *trigger;
	PersonaOpening opening;
	char	   *fired_at;

	if (candidate->campaign->trigger == PERSONA_NONE)
		return true;
	trigger = &decider->program->triggers[candidate->campaign->trigger];
	opening = persona_opening(customer, trigger);
	candidate->opening = opening;
	if (!opening.open)
	{
		char	   *reason;

		if (!opening.fired)
			reason = psprintf("trigger \"%s\" has not fired", trigger->name);
		else if (trigger->open_for == 0)
			reason = psprintf("trigger \"%s\" no longer holds; it fired %s", trigger->name,
							  persona_customer_time(customer, opening.fired_at));
		else
			reason = psprintf("trigger \"%s\" fired %s and closed %s", trigger->name,
							  persona_customer_time(customer, opening.fired_at),
							  persona_customer_time(customer, opening.open_until));
		return fail_stage(candidate, PERSONA_STAGE_TRIGGER, reason, opening.until);
	}
	candidate->until = pcore_min(candidate->until, opening.until);

	fired_at = psprintf(INT64_FORMAT, opening.fired_at);
	for (int c = 0; c < decider->contact_count; c++)
	{
		const Contact *contact = &decider->contacts[c];

		if (contact->campaign != NULL && strcmp(contact->campaign, candidate->campaign->name) == 0
			&& contact->fired_at != NULL && strcmp(contact->fired_at, fired_at) == 0)
			return fail_stage(candidate, PERSONA_STAGE_ANSWERED,
							  psprintf("the firing of trigger \"%s\" at %s has its contact already, for %s",
									   trigger->name, persona_customer_time(customer, opening.fired_at),
									   persona_customer_time(customer, contact->at)), opening.until);
	}
	return true;
}

/* Judges the campaign's goal and relevance. */
static bool
pass_goal_and_relevance(Decider *decider, PersonaCandidate *candidate)
{
	PcoreInstant until;

	if (candidate->campaign->goal != PERSONA_NONE)
	{
		if (holds_now(decider, candidate->campaign->goal, &until))
			return fail_stage(candidate, PERSONA_STAGE_GOAL, "the goal is reached", until);
		candidate->until = pcore_min(candidate->until, until);
	}
	if (candidate->campaign->relevance != PERSONA_NONE)
	{
		if (!holds_now(decider, candidate->campaign->relevance, &until))
			return fail_stage(candidate, PERSONA_STAGE_RELEVANCE, "not relevant", until);
		candidate->until = pcore_min(candidate->until, until);
	}
	return true;
}

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

/* Judges one limit for a contact at an instant. */
static bool
keep_limit(Decider *decider, const char *campaign, const char *channel, int64 most, PcoreDuration period,
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
static bool
keep_limits(Decider *decider, const PersonaCampaign *campaign, const PersonaChannel *channel,
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

/* What filling a template looks values up in. */
typedef struct Filling
{
	Decider    *decider;
	const PersonaCandidate *candidate;
} Filling;

/* Finds a slot that is kept for people. */
static int
shown_slot(const PersonaConditions *set, const char *property)
{
	for (int v = 0; v < set->slot_count; v++)
		if (set->slots[v].shown && strcmp(set->slots[v].property, property) == 0)
			return v;
	return PERSONA_NONE;
}

/* Returns the text of a placeholder. */
static const char *
look_up(void *data, const PcoreTemplatePart *part)
{
	Filling    *filling = data;
	PersonaCustomer *customer = filling->decider->customer;
	const PersonaProgram *program = filling->decider->program;
	const PersonaRecord *event;
	const PersonaValue *value;
	char	   *text;
	bool		speaking = strcmp(part->scope, "event") == 0;
	int			slot;

	if (strcmp(part->scope, "customer") == 0)
	{
		PersonaRowValue *column = persona_customer_placeholder(customer->shape, part->name);

		return column == NULL ? NULL
			: persona_row_value_text(column, customer->values, customer->nulls, true, &customer->zone);
	}
	event = persona_speaking_event(&customer->evaluation, program->triggers[filling->candidate->campaign->trigger].node,
								   speaking ? NULL : part->scope);
	slot = shown_slot(program->set, part->name);
	if (event == NULL || slot == PERSONA_NONE)
		return NULL;
	value = persona_record_value(event, customer->evaluation.words, slot);
	if (value == NULL)
		return NULL;
	text = pnstrdup(value->bytes, value->length);
	if (text[0] == PERSONA_INSTANT_MARK[0])
		return persona_instant_text(strtoll(text + 1, NULL, 10), &customer->zone);
	return text;
}

/* Tells whether a message's language is the wanted one: "de" serves "de-AT". */
static bool
serves_language(const char *message, const char *wanted)
{
	size_t		length = strlen(message);

	return wanted != NULL && pg_strncasecmp(message, wanted, length) == 0
		&& (wanted[length] == '\0' || wanted[length] == '-' || wanted[length] == '_');
}

/* Chooses and fills the message for a way: the customer's language, none in particular, the default. */
static bool
choose_message(Decider *decider, PersonaCandidate *candidate, const PersonaCampaignChannel *way,
			   PcoreInstant *until, const char **reason)
{
	PersonaCustomer *customer = decider->customer;
	Filling		filling = {decider, candidate};
	const char *language = customer->language != NULL ? customer->language : decider->program->default_language;

	*reason = way->message_count == 0 ? "no message" : psprintf("no message for language \"%s\"", language);
	for (int pass = 0; pass < 3; pass++)
		for (int m = 0; m < way->message_count; m++)
		{
			const PersonaMessage *message = &decider->program->messages[way->messages[m]];
			const char *absent = NULL;
			PcoreInstant stands;
			bool		fits = pass == 1 ? message->language == NULL
				: message->language != NULL && serves_language(message->language, pass == 0 ? language
															   : decider->program->default_language);

			if (!fits)
				continue;
			if (message->condition != PERSONA_NONE)
			{
				bool		holds = holds_now(decider, message->condition, &stands);

				*until = pcore_min(*until, stands);
				if (!holds)
				{
					*reason = psprintf("the condition of message \"%s\" does not hold", message->name);
					continue;
				}
			}
			candidate->subject = message->subject == NULL ? NULL
				: persona_render(message->subject, look_up, &filling, &absent);
			candidate->body = absent != NULL ? NULL : persona_render(message->body, look_up, &filling, &absent);
			if (absent != NULL)
			{
				*reason = psprintf("message \"%s\" needs %s, which is absent", message->name, absent);
				continue;
			}
			candidate->message = message;
			return true;
		}
	return false;
}

/* Judges one way to speak; *until is lowered to when its answer could change. */
static bool
pass_way(Decider *decider, PersonaCandidate *candidate, const PersonaCampaignChannel *way,
		 PersonaStage *stage, const char **reason, PcoreInstant *until)
{
	PersonaCustomer *customer = decider->customer;
	const PersonaCampaign *campaign = candidate->campaign;
	const PersonaChannel *channel = &decider->program->channels[way->channel];
	PcoreInstant deadline = campaign->ends_at;
	PcoreInstant stands;
	PcoreInstant at = customer->as_of;

	*stage = PERSONA_STAGE_CHANNEL;
	if (channel->address != NULL)
	{
		const char *address = persona_row_value_text(customer->shape->addresses[way->channel], customer->values,
													 customer->nulls, false, &customer->zone);

		if (address == NULL || address[0] == '\0')
		{
			*reason = psprintf("%s is absent", channel->address);
			return false;
		}
	}
	if (channel->consent != PERSONA_NONE)
	{
		bool		consents = holds_now(decider, channel->consent, &stands);

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

	*stage = PERSONA_STAGE_LIMIT;
	if (!keep_limits(decider, campaign, channel, at, until, reason))
		return false;
	*stage = PERSONA_STAGE_MESSAGE;
	if (!choose_message(decider, candidate, way, until, reason))
		return false;
	candidate->way = way;
	candidate->send_at = at;
	return true;
}

/* Judges the ways of a campaign in their order; the first that passes is taken. */
static bool
pass_ways(Decider *decider, PersonaCandidate *candidate)
{
	const PersonaCampaign *campaign = candidate->campaign;
	PersonaStage furthest = PERSONA_STAGE_CHANNEL;
	StringInfoData reasons;
	PcoreInstant until = PCORE_END_OF_TIME;

	initStringInfo(&reasons);
	for (int w = 0; w < campaign->channel_count; w++)
	{
		const PersonaCampaignChannel *way = &campaign->channels[w];
		PersonaStage stage;
		const char *reason = NULL;

		if (pass_way(decider, candidate, way, &stage, &reason, &until))
		{
			candidate->until = pcore_min(candidate->until, until);
			return true;
		}
		furthest = Max(furthest, stage);
		appendStringInfo(&reasons, "%s%s: %s", w > 0 ? "; " : "", decider->program->channels[way->channel].name, reason);
	}
	if (campaign->channel_count == 0)
		appendStringInfoString(&reasons, "the campaign has no channel");
	/* Another firing opens another window, and speaks of another event. */
	if (campaign->trigger != PERSONA_NONE)
		until = pcore_min(until, candidate->opening.until);
	return fail_stage(candidate, furthest, reasons.data, until);
}

/* Orders candidates: eligible first, by priority and score, then by name. */
static int
compare_candidates(const void *left, const void *right)
{
	const PersonaCandidate *a = left;
	const PersonaCandidate *b = right;

	if ((a->way != NULL) != (b->way != NULL))
		return a->way != NULL ? -1 : 1;
	if (a->way != NULL)
	{
		int			order;

		if (a->campaign->priority != b->campaign->priority)
			return a->campaign->priority > b->campaign->priority ? -1 : 1;
		order = DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(b->way->score),
												  NumericGetDatum(a->way->score)));
		if (order != 0)
			return order;
	}
	return strcmp(a->campaign->name, b->campaign->name);
}

/* Returns a number as text. */
static char *
number_text(Numeric number)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
}

/* Says why an eligible campaign comes where it comes. */
static const char *
ranking_reason(const PersonaCustomer *customer, const PersonaCandidate *candidate, const PersonaCandidate *winner)
{
	const PersonaCampaign *campaign = candidate->campaign;

	if (candidate == winner)
	{
		StringInfoData why;

		initStringInfo(&why);
		if (campaign->trigger != PERSONA_NONE)
			appendStringInfo(&why, "trigger \"%s\"%s%s; ", customer->program->triggers[campaign->trigger].name,
							 candidate->opening.fired ? " fired " : " holds",
							 candidate->opening.fired ? persona_customer_time(customer, candidate->opening.fired_at) : "");
		if (campaign->cohort != PERSONA_NONE)
			appendStringInfo(&why, "in cohort \"%s\"; ", customer->program->cohorts[campaign->cohort].name);
		appendStringInfo(&why, "priority " INT64_FORMAT ", score %s", campaign->priority,
						 number_text(candidate->way->score));
		if (customer->zone_note != NULL)
			appendStringInfo(&why, "; %s", customer->zone_note);
		return why.data;
	}
	if (campaign->priority != winner->campaign->priority)
		return psprintf("\"%s\" has priority " INT64_FORMAT ", this one " INT64_FORMAT, winner->campaign->name,
						winner->campaign->priority, campaign->priority);
	if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(candidate->way->score),
										  NumericGetDatum(winner->way->score))) != 0)
		return psprintf("\"%s\" scores %s, this one %s", winner->campaign->name, number_text(winner->way->score),
						number_text(candidate->way->score));
	return psprintf("\"%s\" scores the same and comes first by name", winner->campaign->name);
}

/* Judges all campaigns for a customer. */
PersonaCandidate *
persona_candidates_of(PersonaCustomer *customer, PcoreInstant *valid_until)
{
	const PersonaProgram *program = customer->program;
	PersonaCandidate *candidates = palloc0(sizeof(PersonaCandidate) * (program->campaign_count + 1));
	Decider		decider = {customer, program, 0, NULL, NULL};
	PcoreInstant next_contact = PCORE_END_OF_TIME;

	list_contacts(&decider);
	for (int c = 0; c < decider.contact_count; c++)
		if (decider.contacts[c].at > customer->as_of)
			next_contact = pcore_min(next_contact, decider.contacts[c].at);
	*valid_until = next_contact;
	for (int c = 0; c < program->campaign_count; c++)
	{
		PersonaCandidate *candidate = &candidates[c];

		CHECK_FOR_INTERRUPTS();
		candidate->campaign = &program->campaigns[c];
		candidate->until = PCORE_END_OF_TIME;
		if (pass_dates(&decider, candidate) && pass_cohort(&decider, candidate)
			&& pass_trigger(&decider, candidate) && pass_goal_and_relevance(&decider, candidate)
			&& pass_ways(&decider, candidate))
			candidate->stage = PERSONA_STAGE_ARBITRATION;
		if (candidate->way != NULL)
			candidate->stands = candidate->until;
		/* A planned contact is known, and happens when its time comes. */
		candidate->stands = pcore_min(candidate->stands, next_contact);
		*valid_until = pcore_min(*valid_until, candidate->until);
	}
	qsort(candidates, program->campaign_count, sizeof(PersonaCandidate), compare_candidates);
	for (int c = 0; c < program->campaign_count && candidates[c].way != NULL; c++)
	{
		candidates[c].rank = c + 1;
		if (c == 0)
			candidates[c].stage = PERSONA_STAGE_CHOSEN;
		candidates[c].reason = ranking_reason(customer, &candidates[c], &candidates[0]);
	}
	return candidates;
}
