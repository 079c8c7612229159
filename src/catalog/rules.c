/*
 * rules.c - reads the definitions that hold campaigns back, and numbers the
 * names that they compare.
 */
#include "postgres.h"

#include "catalog/members.h"
#include "catalog/program.h"

static const PersonaAbout anything = {PERSONA_NONE, PERSONA_NONE, PERSONA_NONE, PERSONA_NONE, PERSONA_NONE};

/* ---- names ---- */

/* Compares a name with bytes. */
static int
compare_name(const char *name, const char *bytes, size_t length)
{
	int			order = strncmp(name, bytes, length);

	return order != 0 ? order : name[length] == '\0' ? 0 : 1;
}

/* Returns the number of a name, or PERSONA_NONE. */
int
persona_name_find(const PersonaNames *names, const char *bytes, size_t length)
{
	int			low = 0;
	int			high = names->count;

	if (memchr(bytes, '\0', length) != NULL)
		return PERSONA_NONE;
	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = compare_name(names->names[names->sorted[middle]], bytes, length);

		if (order == 0)
			return names->sorted[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return PERSONA_NONE;
}

/* Returns the number of a name, which gets the next one if it is new; NULL has none. */
static int
number_name(PersonaNames *names, const char *name)
{
	int			place = 0;
	int			found;

	if (name == NULL)
		return PERSONA_NONE;
	found = persona_name_find(names, name, strlen(name));
	if (found != PERSONA_NONE)
		return found;
	if (names->count == names->room)
	{
		names->room = names->room == 0 ? 16 : names->room * 2;
		names->names = names->count == 0 ? palloc(sizeof(char *) * names->room)
			: repalloc(names->names, sizeof(char *) * names->room);
		names->sorted = names->count == 0 ? palloc(sizeof(int) * names->room)
			: repalloc(names->sorted, sizeof(int) * names->room);
	}
	while (place < names->count && strcmp(names->names[names->sorted[place]], name) < 0)
		place++;
	memmove(&names->sorted[place + 1], &names->sorted[place], sizeof(int) * (names->count - place));
	names->sorted[place] = names->count;
	names->names[names->count] = name;
	return names->count++;
}

/* Returns the number of a channel, which must be known; NULL has none. */
static int
number_channel(PersonaProgram *program, const char *name, const char *definition)
{
	int			number = name == NULL ? PERSONA_NONE : persona_name_find(&program->rules.channels, name, strlen(name));

	if (name != NULL && number == PERSONA_NONE)
		malformed(definition, psprintf("there is no channel \"%s\"", name));
	return number;
}

/*
 * Returns the number of a placement inside a channel.  Placements are few, so
 * they share one list, by "number of the channel:name".
 */
static int
number_placement(PersonaProgram *program, int channel, const char *name)
{
	return name == NULL || channel == PERSONA_NONE ? PERSONA_NONE
		: number_name(&program->rules.placements, psprintf("%d:%s", channel, name));
}

/* Tells whether what a filter asks for is so. */
bool
persona_about_fits(const PersonaAbout *filter, const PersonaAbout *about)
{
	return (filter->campaign == PERSONA_NONE || filter->campaign == about->campaign)
		&& (filter->experience == PERSONA_NONE || filter->experience == about->experience)
		&& (filter->kind == PERSONA_NONE || filter->kind == about->kind)
		&& (filter->channel == PERSONA_NONE || filter->channel == about->channel)
		&& (filter->placement == PERSONA_NONE || filter->placement == about->placement);
}

/* ---- reading ---- */

/* Numbers experiences and their kinds. */
static void
read_experiences(PersonaProgram *program, const PersonaJson *json)
{
	PersonaRules *rules = &program->rules;
	const PersonaJson *experiences = object_list(json, "experiences");

	rules->kind_of = palloc(sizeof(int) * (experiences->count + 1));
	for (int i = 0; i < experiences->count; i++)
	{
		const PersonaJson *from = &experiences->items[i];
		int			number = number_name(&rules->experiences, need_text(from, "name"));

		if (number != i)
			malformed(psprintf("experiences[%d].name", i), "a name that is there once is expected");
		rules->kind_of[number] = number_name(&rules->kinds, text_member(from, "kind"));
	}
}

/* Returns the number of an experience, which must be known; NULL has none. */
static int
number_experience(PersonaProgram *program, const char *name, const char *definition)
{
	int			number = name == NULL ? PERSONA_NONE : persona_name_find(&program->rules.experiences, name, strlen(name));

	if (name != NULL && number == PERSONA_NONE)
		malformed(definition, psprintf("there is no experience \"%s\"", name));
	return number;
}

/* Reads what a rule is about. */
static PersonaAbout
read_about(PersonaProgram *program, const PersonaJson *from, const char *definition)
{
	PersonaAbout about;
	const char *placement = text_member(from, "placement");

	/* Contacts may name a campaign that takes no part any more, or a kind that no experience has. */
	about.campaign = number_name(&program->rules.campaigns, text_member(from, "campaign"));
	about.experience = number_experience(program, text_member(from, "experience"), definition);
	about.kind = number_name(&program->rules.kinds, text_member(from, "experience_kind"));
	about.channel = number_channel(program, text_member(from, "channel"), definition);
	if (placement != NULL && about.channel == PERSONA_NONE)
		malformed(definition, "a placement needs its channel");
	about.placement = number_placement(program, about.channel, placement);
	return about;
}

/* Reads the numbers of a limit. */
static void
read_limit(const PersonaJson *from, const char *period, PersonaLimit *limit)
{
	static const char *const units[] = {"day", "week", "month", "quarter", "year", NULL};
	static const char *const counts[] = {"reserved", "sent", "delivered", NULL};

	limit->most = integer_member(from, "max_contacts", -1);
	limit->period = integer_member(from, period, 0);
	limit->calendar = word_member(from, "calendar", units, PERSONA_NONE);
	limit->min_gap = integer_member(from, "min_gap", 0);
	limit->counts = word_member(from, "counts", counts, PERSONA_COUNTS_RESERVED);
	if (limit->most < -1 || limit->period < 0 || limit->min_gap < 0)
		malformed(period, "a limit is not negative");
	if (limit->period > 0 && limit->calendar != PERSONA_NONE)
		malformed(period, "either a length of time or a calendar unit is expected");
}

/* Reads the policies. */
static void
read_policies(PersonaProgram *program, const PersonaJson *json)
{
	static const char *const keys[] = {"name", "campaign", "experience", "experience_kind", "channel", "placement",
	"max_contacts", "period", "calendar", "min_gap", "counts", NULL};
	PersonaRules *rules = &program->rules;
	const PersonaJson *policies = object_list(json, "policies");

	rules->policies = palloc0(sizeof(PersonaLimit) * (policies->count + 1));
	rules->policy_count = policies->count;
	for (int i = 0; i < policies->count; i++)
	{
		const PersonaJson *from = &policies->items[i];
		PersonaLimit *policy = &rules->policies[i];

		only_members(from, psprintf("policies[%d]", i), keys);
		policy->name = need_text(from, "name");
		policy->about = read_about(program, from, psprintf("policy \"%s\"", policy->name));
		read_limit(from, "period", policy);
		if (policy->most < 0 && policy->min_gap == 0)
			malformed(psprintf("policies[%d]", i), "a limit on nothing");
	}
}

/* Finds out what campaigns and their ways are about, and reads the campaigns' own limits. */
static void
read_campaign_abouts(PersonaProgram *program, const PersonaJson *json)
{
	const PersonaJson *campaigns = object_list(json, "campaigns");

	for (int c = 0; c < program->campaign_count; c++)
	{
		const PersonaJson *from = &campaigns->items[c];
		PersonaCampaign *campaign = &program->campaigns[c];
		const char *definition = psprintf("campaign \"%s\"", campaign->name);

		campaign->about = anything;
		campaign->about.campaign = number_name(&program->rules.campaigns, campaign->name);
		if (campaign->about.campaign != c)
			malformed(psprintf("campaigns[%d].name", c), "a name that is there once is expected");
		campaign->about.experience = number_experience(program, campaign->experience, definition);
		campaign->about.kind = program->rules.kind_of[campaign->about.experience];
		campaign->limit.about = anything;
		campaign->limit.about.campaign = c;
		read_limit(from, "max_contacts_within", &campaign->limit);
		campaign->per_firing = integer_member(from, "max_contacts_per_firing", -1);
		for (int w = 0; w < campaign->channel_count; w++)
		{
			PersonaCampaignChannel *way = &campaign->channels[w];

			way->about = campaign->about;
			way->about.channel = way->channel;
			way->about.placement = number_placement(program, way->channel, way->placement);
		}
	}
}

/* Lists for each way the policies that limit it. */
static void
choose_policies(PersonaProgram *program)
{
	for (int c = 0; c < program->campaign_count; c++)
		for (int w = 0; w < program->campaigns[c].channel_count; w++)
		{
			PersonaCampaignChannel *way = &program->campaigns[c].channels[w];

			way->policies = palloc(sizeof(int) * (program->rules.policy_count + 1));
			for (int p = 0; p < program->rules.policy_count; p++)
				if (persona_about_fits(&program->rules.policies[p].about, &way->about))
					way->policies[way->policy_count++] = p;
		}
}

/* Reads the rules, and what they need to know of campaigns and their ways. */
void
persona_read_rules(PersonaProgram *program, const PersonaJson *json)
{
	for (int c = 0; c < program->channel_count; c++)
		if (number_name(&program->rules.channels, program->channels[c].name) != c)
			malformed(psprintf("channels[%d].name", c), "a name that is there once is expected");
	read_experiences(program, json);
	read_campaign_abouts(program, json);
	read_policies(program, json);
	choose_policies(program);
}

/* ---- what timelines keep ---- */

/* Keeps of the events of a kind what rules judge by. */
static void
keep_properties(PersonaProgram *program, const char *kind, const PersonaFact *facts, int count)
{
	static const char *const properties[PERSONA_FACT_COUNT] = {
		[PERSONA_FACT_CAMPAIGN] = "campaign",
		[PERSONA_FACT_EXPERIENCE] = "experience",
		[PERSONA_FACT_CHANNEL] = "channel",
		[PERSONA_FACT_PLACEMENT] = "placement",
		[PERSONA_FACT_FIRED_AT] = "fired_at",
		[PERSONA_FACT_TRIGGER_KEY] = "trigger_key",
		[PERSONA_FACT_DECIDED_AT] = "decided_at",
		[PERSONA_FACT_SENT_AT] = "sent_at",
		[PERSONA_FACT_DELIVERED_AT] = "delivered_at",
		[PERSONA_FACT_ENDED_AT] = "ended_at",
	};
	char	   *condition = psprintf("{\"event\": \"%s\"}", kind);
	int			node = persona_program_condition(program, persona_json_read(condition, strlen(condition)), "the limits");
	int			selector = program->set->nodes[node].selector;

	for (int f = 0; f < count; f++)
	{
		int			slot = persona_conditions_slot(program->set, properties[facts[f]], "$", selector, false, false);

		program->rules.fact_of_slot = repalloc(program->rules.fact_of_slot, program->set->slot_count);
		program->rules.fact_of_slot[slot] = facts[f];
	}
}

/* Sees to it that timelines keep what rules judge by; comes after all conditions. */
void
persona_keep_facts(PersonaProgram *program)
{
	static const PersonaFact of_contacts[] = {PERSONA_FACT_CAMPAIGN, PERSONA_FACT_EXPERIENCE, PERSONA_FACT_CHANNEL,
		PERSONA_FACT_PLACEMENT, PERSONA_FACT_FIRED_AT, PERSONA_FACT_TRIGGER_KEY, PERSONA_FACT_DECIDED_AT,
	PERSONA_FACT_SENT_AT, PERSONA_FACT_DELIVERED_AT, PERSONA_FACT_ENDED_AT};
	PersonaRules *rules = &program->rules;

	rules->contact_source = PERSONA_NONE;
	rules->fact_of_slot = palloc(program->set->slot_count + 1);
	memset(rules->fact_of_slot, -1, program->set->slot_count + 1);
	if (program->campaign_count == 0)
		return;
	rules->contact_source = persona_program_source(program, "persona.contact");
	if (rules->contact_source != PERSONA_NONE)
		keep_properties(program, "contact", of_contacts, lengthof(of_contacts));
}
