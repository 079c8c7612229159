/*
 * facts.c - what happened between a customer and the campaigns, as it was known
 * at as_of: contacts, responses, choices.
 *
 * Each row is read once, and names become numbers.
 */
#include "postgres.h"

#include "decision/facts.h"
#include "utils/builtins.h"

/* Tells whether a kept value is a text. */
bool
persona_value_is(const PersonaValue *value, const char *text)
{
	return strlen(text) == value->length && memcmp(value->bytes, text, value->length) == 0;
}

/* Returns a kept instant, or the end of time; other whole numbers are read alike. */
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

/* Adds a contact that has ended to the bounces if it was sent, which tells a bounce from all else that ends. */
static void
add_bounce(PersonaDecider *decider, const PersonaValue *const *facts)
{
	const PersonaCustomer *customer = decider->customer;
	const PersonaRules *rules = &decider->program->rules;
	PersonaBounce *bounce = &decider->bounces[decider->bounce_count];

	if (facts[PERSONA_FACT_ADDRESS] == NULL
		|| past_instant(facts[PERSONA_FACT_SENT_AT], customer->as_of) == PCORE_END_OF_TIME)
		return;
	bounce->channel = fact_number(&rules->channels, facts[PERSONA_FACT_CHANNEL]);
	bounce->address = facts[PERSONA_FACT_ADDRESS];
	bounce->at = fact_instant(facts[PERSONA_FACT_ENDED_AT]);
	decider->bounce_count++;
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
	{
		add_bounce(decider, facts);
		return;
	}
	contact->id = record->sequence;
	contact->about = fact_about(rules, facts);
	contact->at = record->at;
	contact->sent_at = past_instant(facts[PERSONA_FACT_SENT_AT], customer->as_of);
	contact->delivered_at = past_instant(facts[PERSONA_FACT_DELIVERED_AT], customer->as_of);
	contact->fired_at = fact_instant(facts[PERSONA_FACT_FIRED_AT]);
	contact->trigger_key = facts[PERSONA_FACT_TRIGGER_KEY];
	contact->campaign = facts[PERSONA_FACT_CAMPAIGN];
	contact->shown = false;
	decider->contact_count++;
}

/* Returns the first instant after as_of at which a contact counts otherwise than at as_of. */
PcoreInstant
persona_next_of_contacts(const PersonaCustomer *customer)
{
	static const PersonaFact told[] = {PERSONA_FACT_DECIDED_AT, PERSONA_FACT_SENT_AT, PERSONA_FACT_DELIVERED_AT,
	PERSONA_FACT_ENDED_AT};
	const PersonaRules *rules = &customer->program->rules;
	PcoreInstant next = PCORE_END_OF_TIME;

	for (int r = 0; r < customer->record_count; r++)
	{
		const PersonaValue *facts[PERSONA_FACT_COUNT] = {NULL};

		if (customer->records[r]->source != rules->contact_source)
			continue;
		persona_record_pick(customer->records[r], customer->evaluation.words, rules->fact_of_slot, facts);
		for (int t = 0; t < (int) lengthof(told); t++)
		{
			PcoreInstant instant = fact_instant(facts[told[t]]);

			if (instant > customer->as_of)
				next = pcore_min(next, instant);
		}
	}
	return next;
}

/* Adds a response. */
static void
add_response(PersonaDecider *decider, const PersonaRecord *record)
{
	const PersonaRules *rules = &decider->program->rules;
	const PersonaValue *facts[PERSONA_FACT_COUNT] = {NULL};
	PersonaResponse *response = &decider->responses[decider->response_count];

	persona_record_pick(record, decider->customer->evaluation.words, rules->fact_of_slot, facts);
	response->outcome = facts[PERSONA_FACT_OUTCOME] == NULL ? PERSONA_NONE
		: persona_outcome_number(facts[PERSONA_FACT_OUTCOME]->bytes, facts[PERSONA_FACT_OUTCOME]->length);
	if (response->outcome == PERSONA_NONE)
		return;
	response->about = fact_about(rules, facts);
	response->at = record->at;
	response->on_contact = facts[PERSONA_FACT_CONTACT_ID] != NULL;
	response->contact = fact_instant(facts[PERSONA_FACT_CONTACT_ID]);
	decider->response_count++;
}

/* Adds a choice, unless it is about something that the program does not know. */
static void
add_choice(PersonaDecider *decider, const PersonaRecord *record)
{
	const PersonaRules *rules = &decider->program->rules;
	const PersonaValue *facts[PERSONA_FACT_COUNT] = {NULL};
	PersonaChoice *choice = &decider->choices[decider->choice_count];
	const PersonaValue *kind;
	int			number = 0;

	persona_record_pick(record, decider->customer->evaluation.words, rules->fact_of_slot, facts);
	kind = facts[PERSONA_FACT_CHOICE];
	while (kind != NULL && persona_choice_names[number] != NULL && !persona_value_is(kind, persona_choice_names[number]))
		number++;
	if (kind == NULL || persona_choice_names[number] == NULL)
		return;
	choice->kind = (PersonaChoiceKind) number;
	choice->at = record->at;
	choice->channel = fact_number(&rules->channels, facts[PERSONA_FACT_CHANNEL]);
	choice->topic = fact_number(&rules->topics, facts[PERSONA_FACT_TOPIC]);
	if ((facts[PERSONA_FACT_CHANNEL] != NULL && choice->channel == PERSONA_NONE)
		|| (facts[PERSONA_FACT_TOPIC] != NULL && choice->topic == PERSONA_NONE))
		return;
	choice->ranked = facts[PERSONA_FACT_RANK] != NULL;
	choice->rank = fact_instant(facts[PERSONA_FACT_RANK]);
	choice->until = fact_instant(facts[PERSONA_FACT_UNTIL]);
	decider->choice_count++;
}

/* Nothing that limits and suppressions count is counted yet. */
void
persona_forget_counts(PersonaDecider *decider)
{
	const PersonaRules *rules = &decider->program->rules;

	decider->policies = palloc0(sizeof(PersonaCounted) * (rules->policy_count + 1));
	decider->campaigns = palloc0(sizeof(PersonaCounted) * (decider->program->campaign_count + 1));
	decider->outcomes = palloc0(sizeof(PersonaOutcomes) * (rules->suppression_count + 1));
}

/* Lists what happened, as it was known at as_of. */
void
persona_list_facts(PersonaDecider *decider)
{
	const PersonaCustomer *customer = decider->customer;
	const PersonaRules *rules = &decider->program->rules;
	int			contacts = 0;
	int			responses = 0;
	int			choices = 0;

	decider->next_contact = PCORE_END_OF_TIME;
	persona_forget_counts(decider);
	for (int r = 0; r < customer->record_count; r++)
	{
		contacts += customer->records[r]->source == rules->contact_source;
		responses += customer->records[r]->source == rules->response_source;
		choices += customer->records[r]->source == rules->choice_source;
	}
	decider->contacts = palloc(sizeof(PersonaContact) * (contacts + 1));
	decider->bounces = palloc(sizeof(PersonaBounce) * (contacts + 1));
	decider->responses = palloc(sizeof(PersonaResponse) * (responses + 1));
	decider->choices = palloc(sizeof(PersonaChoice) * (choices + 1));
	if (contacts + responses + choices == 0)
		return;
	for (int r = 0; r < customer->record_count; r++)
	{
		const PersonaRecord *record = customer->records[r];

		if (record->source == rules->contact_source)
			add_contact(decider, record);
		else if (record->source == rules->response_source && record->at <= customer->as_of)
			add_response(decider, record);
		else if (record->source == rules->choice_source && record->at <= customer->as_of)
			add_choice(decider, record);
	}
}

/* Lets limits and exclusions count a candidate that was chosen as a contact that is sent at once. */
void
persona_count_as_contact(PersonaDecider *decider, const PersonaCandidate *candidate)
{
	const PersonaRules *rules = &decider->program->rules;
	PersonaContact *contacts = palloc(sizeof(PersonaContact) * (decider->contact_count + 1));
	PersonaContact *added;
	int			earlier = 0;

	while (earlier < decider->contact_count && decider->contacts[earlier].at <= candidate->send_at)
		earlier++;
	if (decider->contact_count > 0)
	{
		memcpy(contacts, decider->contacts, sizeof(PersonaContact) * earlier);
		memcpy(contacts + earlier + 1, decider->contacts + earlier,
			   sizeof(PersonaContact) * (decider->contact_count - earlier));
	}
	added = &contacts[earlier];
	memset(added, 0, sizeof(*added));
	added->shown = true;
	added->about = candidate->way->about;
	added->at = added->sent_at = added->delivered_at = candidate->send_at;
	added->fired_at = candidate->opening.fired ? candidate->opening.fired_at : PCORE_END_OF_TIME;
	decider->contacts = contacts;
	decider->contact_count++;
	memset(decider->policies, 0, sizeof(PersonaCounted) * (rules->policy_count + 1));
	memset(decider->campaigns, 0, sizeof(PersonaCounted) * (decider->program->campaign_count + 1));
}
