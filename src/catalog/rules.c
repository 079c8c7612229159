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

/* Numbers topics, and reads what they say of consent. */
static void
read_topics(PersonaProgram *program, const PersonaJson *json)
{
	static const char *const keys[] = {"name", "opt_in", NULL};
	PersonaRules *rules = &program->rules;
	const PersonaJson *topics = object_list(json, "topics");

	rules->opt_in = palloc(topics->count + 1);
	for (int i = 0; i < topics->count; i++)
	{
		const PersonaJson *from = &topics->items[i];

		only_members(from, psprintf("topics[%d]", i), keys);
		if (number_name(&rules->topics, need_text(from, "name")) != i)
			malformed(psprintf("topics[%d].name", i), "a name that is there once is expected");
		rules->opt_in[i] = member(from, "opt_in") == NULL ? -1 : flag_member(from, "opt_in");
	}
}

/* Orders days. */
static int
compare_days(const void *left, const void *right)
{
	int64		a = *(const int64 *) left;
	int64		b = *(const int64 *) right;

	return a < b ? -1 : a > b;
}

/* Reads the calendars of holidays, and gives channels the days of theirs. */
static void
read_holidays(PersonaProgram *program, const PersonaJson *json)
{
	static const char *const keys[] = {"calendar", "days", NULL};
	const PersonaJson *calendars = object_list(json, "holidays");

	for (int i = 0; i < calendars->count; i++)
	{
		const PersonaJson *from = &calendars->items[i];
		const char *name = need_text(from, "calendar");
		const PersonaJson *days = member(from, "days");
		char	   *path = psprintf("holidays[%d]", i);
		int64	   *numbers;

		only_members(from, path, keys);
		if (days == NULL || days->kind != PERSONA_JSON_ARRAY)
			malformed(path, "a list of days is expected");
		numbers = palloc(sizeof(int64) * (days->count + 1));
		for (int d = 0; d < days->count; d++)
		{
			const PersonaJson *day = &days->items[d];
			char	   *end;

			errno = 0;
			numbers[d] = day->kind == PERSONA_JSON_NUMBER ? strtoll(day->text, &end, 10) : 0;
			if (day->kind != PERSONA_JSON_NUMBER || *end != '\0' || errno != 0 || numbers[d] < -4000000 || numbers[d] > 4000000)
				malformed(psprintf("%s.days[%d]", path, d), "days since 2000-01-01 are expected");
		}
		qsort(numbers, days->count, sizeof(int64), compare_days);
		for (int c = 0; c < program->channel_count; c++)
			if (program->channels[c].holidays != NULL && strcmp(program->channels[c].holidays, name) == 0)
			{
				program->channels[c].holiday_days = numbers;
				program->channels[c].holiday_count = days->count;
			}
	}
	for (int c = 0; c < program->channel_count; c++)
		if (program->channels[c].holidays != NULL && program->channels[c].holiday_count == 0)
			persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, psprintf("channel \"%s\"", program->channels[c].name),
						 psprintf("calendar \"%s\" has no holidays", program->channels[c].holidays),
						 "Calendars are kept in persona.holiday.");
}

/* Numbers experiences and their kinds. */
static void
read_experiences(PersonaProgram *program, const PersonaJson *json)
{
	PersonaRules *rules = &program->rules;
	const PersonaJson *experiences = object_list(json, "experiences");

	rules->kind_of = palloc(sizeof(int) * (experiences->count + 1));
	rules->topic_of = palloc(sizeof(int) * (experiences->count + 1));
	for (int i = 0; i < experiences->count; i++)
	{
		const PersonaJson *from = &experiences->items[i];
		const char *topic = text_member(from, "topic");
		int			number = number_name(&rules->experiences, need_text(from, "name"));

		if (number != i)
			malformed(psprintf("experiences[%d].name", i), "a name that is there once is expected");
		rules->kind_of[number] = number_name(&rules->kinds, text_member(from, "kind"));
		rules->topic_of[number] = topic == NULL ? PERSONA_NONE : persona_name_find(&rules->topics, topic, strlen(topic));
		if (topic != NULL && rules->topic_of[number] == PERSONA_NONE)
			malformed(psprintf("experiences[%d].topic", i), psprintf("there is no topic \"%s\"", topic));
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

static const char *const units[] = {"day", "week", "month", "quarter", "year", NULL};

/* Reads the numbers of a limit. */
static void
read_limit(const PersonaJson *from, const char *period, PersonaLimit *limit)
{
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

/* Reads the budgets. */
static void
read_budgets(PersonaProgram *program, const PersonaJson *json)
{
	static const char *const keys[] = {"name", "campaign", "experience", "experience_kind", "channel", "placement",
	"amount", "calendar", NULL};
	PersonaRules *rules = &program->rules;
	const PersonaJson *budgets = object_list(json, "budgets");

	rules->budgets = palloc0(sizeof(PersonaBudget) * (budgets->count + 1));
	rules->budget_count = budgets->count;
	for (int i = 0; i < budgets->count; i++)
	{
		const PersonaJson *from = &budgets->items[i];
		PersonaBudget *budget = &rules->budgets[i];

		only_members(from, psprintf("budgets[%d]", i), keys);
		budget->name = need_text(from, "name");
		budget->about = read_about(program, from, psprintf("budget \"%s\"", budget->name));
		budget->amount = numeric_member(from, "amount");
		budget->calendar = word_member(from, "calendar", units, PERSONA_NONE);
		if (!is_amount(budget->amount))
			malformed(psprintf("budgets[%d].amount", i), "a number that is not negative is expected");
	}
}

/* ---- suppressions ---- */

const char *const persona_outcome_names[] = {
	"delivered", "opened", "clicked", "replied", "accepted", "rejected", "converted", "bounced", "complained",
	"unsubscribed", "ignored", NULL
};

/* Returns the number of an outcome, or PERSONA_NONE. */
int
persona_outcome_number(const char *bytes, size_t length)
{
	for (int o = 0; persona_outcome_names[o] != NULL; o++)
		if (compare_name(persona_outcome_names[o], bytes, length) == 0)
			return o;
	return PERSONA_NONE;
}

/* Reads a list of outcomes as bits. */
static int
read_outcomes(const PersonaJson *from, const char *path)
{
	const PersonaJson *list = member(from, "outcomes");
	int			outcomes = 0;

	if (list == NULL || list->kind != PERSONA_JSON_ARRAY || list->count == 0)
		malformed(path, "a list of outcomes is expected");
	for (int i = 0; i < list->count; i++)
	{
		const PersonaJson *item = &list->items[i];
		int			outcome = item->kind != PERSONA_JSON_STRING ? PERSONA_NONE
			: persona_outcome_number(item->text, strlen(item->text));

		if (outcome == PERSONA_NONE)
			malformed(psprintf("%s.outcomes[%d]", path, i), "an outcome is expected");
		outcomes |= 1 << outcome;
	}
	return outcomes;
}

/* Reads the suppressions. */
static void
read_suppressions(PersonaProgram *program, const PersonaJson *json)
{
	static const char *const keys[] = {"name", "outcomes", "times", "within", "ignored_after", "scope", "quiet_for",
	"until_consent", NULL};
	static const char *const scopes[] = {"all", "channel", "placement", "experience", "experience_kind", "campaign", NULL};
	PersonaRules *rules = &program->rules;
	const PersonaJson *list = object_list(json, "suppressions");

	rules->suppression_count = list->count;
	rules->suppressions = palloc0(sizeof(PersonaSuppression) * (list->count + 1));
	for (int i = 0; i < list->count; i++)
	{
		const PersonaJson *from = &list->items[i];
		PersonaSuppression *suppression = &rules->suppressions[i];
		char	   *path = psprintf("suppressions[%d]", i);

		only_members(from, path, keys);
		suppression->name = need_text(from, "name");
		suppression->outcomes = read_outcomes(from, path);
		suppression->times = integer_member(from, "times", 1);
		suppression->within = integer_member(from, "within", 0);
		suppression->ignored_after = integer_member(from, "ignored_after", 0);
		suppression->scope = word_member(from, "scope", scopes, PERSONA_SUPPRESS_ALL);
		suppression->quiet_for = integer_member(from, "quiet_for", 0);
		suppression->until_consent = flag_member(from, "until_consent");
		if (suppression->times < 1 || suppression->within < 0 || suppression->ignored_after < 0 || suppression->quiet_for < 0)
			malformed(path, "numbers that are not negative are expected, and times is at least 1");
		if ((suppression->ignored_after > 0) != ((suppression->outcomes & (1 << PERSONA_OUTCOME_IGNORED)) != 0))
			malformed(path, "ignored_after is expected for the outcome ignored, and for no other");
	}
}

/* ---- exclusions ---- */

/* Reads one side of an exclusion. */
static PersonaAbout
read_side(PersonaProgram *program, const PersonaJson *from, const char *side, const char *path)
{
	PersonaAbout about = anything;

	about.campaign = number_name(&program->rules.campaigns, text_member(from, psprintf("%s_campaign", side)));
	about.experience = number_experience(program, text_member(from, psprintf("%s_experience", side)), path);
	about.kind = number_name(&program->rules.kinds, text_member(from, psprintf("%s_kind", side)));
	if ((about.campaign != PERSONA_NONE) + (about.experience != PERSONA_NONE) + (about.kind != PERSONA_NONE) != 1)
		malformed(path, "a campaign, an experience or a kind is expected on each side");
	return about;
}

/* Reads the exclusions; one that goes both ways becomes two. */
static void
read_exclusions(PersonaProgram *program, const PersonaJson *json)
{
	static const char *const keys[] = {"name", "first_campaign", "first_experience", "first_kind", "then_campaign",
	"then_experience", "then_kind", "period", "both_ways", NULL};
	PersonaRules *rules = &program->rules;
	const PersonaJson *list = object_list(json, "exclusions");

	rules->exclusions = palloc0(sizeof(PersonaExclusion) * (2 * list->count + 1));
	for (int i = 0; i < list->count; i++)
	{
		const PersonaJson *from = &list->items[i];
		PersonaExclusion *exclusion = &rules->exclusions[rules->exclusion_count++];
		char	   *path = psprintf("exclusions[%d]", i);

		only_members(from, path, keys);
		exclusion->name = need_text(from, "name");
		exclusion->first = read_side(program, from, "first", path);
		exclusion->then = read_side(program, from, "then", path);
		exclusion->period = integer_member(from, "period", 0);
		if (exclusion->period < 0)
			malformed(path, "a period is not negative");
		if (flag_member(from, "both_ways"))
		{
			PersonaExclusion *back = &rules->exclusions[rules->exclusion_count++];

			*back = *exclusion;
			back->first = exclusion->then;
			back->then = exclusion->first;
		}
	}
}

/* ---- holdouts and experiments ---- */

/* Reads a number between 0 and 1. */
static double
share_member(const PersonaJson *from, const char *key, double absent, const char *path)
{
	const PersonaJson *found = member(from, key);
	double		share;

	if (found == NULL)
		return absent;
	if (found->kind != PERSONA_JSON_NUMBER && found->kind != PERSONA_JSON_STRING)
		malformed(psprintf("%s.%s", path, key), "a number is expected");
	share = DatumGetFloat8(DirectFunctionCall1(float8in, CStringGetDatum(found->text)));
	if (!(share >= 0 && share <= 1))
		malformed(psprintf("%s.%s", path, key), "a number from 0 to 1 is expected");
	return share;
}

/* Reads the version of the hash. */
static int
version_member(const PersonaJson *from, const char *path)
{
	int64		version = integer_member(from, "hash_version", 2);

	if (version != 1 && version != 2)
		malformed(psprintf("%s.hash_version", path), "1 or 2 is expected");
	return (int) version;
}

/* Reads the holdouts. */
static void
read_holdouts(PersonaProgram *program, const PersonaJson *json)
{
	static const char *const keys[] = {"name", "campaign", "seed", "hash_version", "share", NULL};
	PersonaRules *rules = &program->rules;
	const PersonaJson *list = object_list(json, "holdouts");

	rules->holdout_count = list->count;
	rules->holdouts = palloc0(sizeof(PersonaHoldout) * (list->count + 1));
	for (int i = 0; i < list->count; i++)
	{
		const PersonaJson *from = &list->items[i];
		PersonaHoldout *holdout = &rules->holdouts[i];
		char	   *path = psprintf("holdouts[%d]", i);

		only_members(from, path, keys);
		holdout->name = need_text(from, "name");
		holdout->campaign = number_name(&rules->campaigns, text_member(from, "campaign"));
		holdout->seed = need_text(from, "seed");
		holdout->version = version_member(from, path);
		holdout->share = share_member(from, "share", 0, path);
	}
}

/* Reads the weights of an experiment's variations, and makes the ranges. */
static void
read_variations(PersonaExperiment *experiment, const PersonaJson *from, const char *path)
{
	const PersonaJson *list = member(from, "weights");
	double	   *weights;
	double		total = 0;

	if (list == NULL || list->kind != PERSONA_JSON_ARRAY || list->count == 0)
		malformed(psprintf("%s.weights", path), "a list of numbers is expected");
	weights = palloc(sizeof(double) * list->count);
	for (int i = 0; i < list->count; i++)
	{
		if (list->items[i].kind != PERSONA_JSON_NUMBER)
			malformed(psprintf("%s.weights[%d]", path, i), "a number is expected");
		weights[i] = DatumGetFloat8(DirectFunctionCall1(float8in, CStringGetDatum(list->items[i].text)));
		if (weights[i] < 0)
			malformed(psprintf("%s.weights[%d]", path, i), "a number that is not negative is expected");
		total += weights[i];
	}
	if (total < 0.99 || total > 1.01)
		malformed(psprintf("%s.weights", path), "the weights sum up to 1");
	experiment->count = list->count;
	experiment->ranges = palloc(sizeof(PcoreRangeOfPlaces) * list->count);
	pcore_variation_ranges(list->count, share_member(from, "coverage", 1, path), weights, list->count, experiment->ranges);
}

/* Reads the experiments; those of one space have parts that do not overlap. */
static void
read_experiments(PersonaProgram *program, const PersonaJson *json)
{
	static const char *const keys[] = {"name", "space", "space_from", "space_until", "seed", "hash_version", "coverage",
	"weights", NULL};
	PersonaRules *rules = &program->rules;
	const PersonaJson *list = object_list(json, "experiments");

	rules->experiments = palloc0(sizeof(PersonaExperiment) * (list->count + 1));
	for (int i = 0; i < list->count; i++)
	{
		const PersonaJson *from = &list->items[i];
		PersonaExperiment *experiment = &rules->experiments[i];
		char	   *path = psprintf("experiments[%d]", i);

		only_members(from, path, keys);
		experiment->name = need_text(from, "name");
		experiment->space = text_member(from, "space");
		experiment->from = share_member(from, "space_from", 0, path);
		experiment->until = share_member(from, "space_until", 1, path);
		experiment->seed = need_text(from, "seed");
		experiment->version = version_member(from, path);
		read_variations(experiment, from, path);
		for (int e = 0; e < i; e++)
		{
			const PersonaExperiment *other = &rules->experiments[e];

			if (experiment->space != NULL && other->space != NULL && strcmp(experiment->space, other->space) == 0
				&& experiment->from < other->until && other->from < experiment->until)
				persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, path,
							 psprintf("experiments \"%s\" and \"%s\" overlap in space \"%s\"", other->name,
									  experiment->name, experiment->space),
							 "Experiments of one space exclude each other: give each its own part, [space_from, space_until).");
		}
		rules->experiment_count++;
	}
}

/* Finds the experiment of a campaign. */
static void
find_experiment(PersonaProgram *program, const PersonaJson *from, PersonaCampaign *campaign)
{
	const char *name = text_member(from, "experiment");

	campaign->experiment = PERSONA_NONE;
	campaign->variation = integer_member(from, "variation", 0);
	if (name == NULL)
		return;
	for (int e = 0; e < program->rules.experiment_count; e++)
		if (strcmp(program->rules.experiments[e].name, name) == 0)
			campaign->experiment = e;
	if (campaign->experiment == PERSONA_NONE)
		malformed("campaigns", psprintf("campaign \"%s\" names the unknown experiment \"%s\"", campaign->name, name));
	if (campaign->variation < 0 || campaign->variation >= program->rules.experiments[campaign->experiment].count)
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, psprintf("campaign \"%s\"", campaign->name),
					 psprintf("experiment \"%s\" has no variation %d", name, campaign->variation),
					 psprintf("Its variations are 0 to %d.", program->rules.experiments[campaign->experiment].count - 1));
}

/* ---- campaigns ---- */

/* Finds out what campaigns and their ways are about, and reads the campaigns' own limits. */
static void
read_campaign_abouts(PersonaProgram *program, const PersonaJson *json)
{
	static const char *const choices[] = {"position", "preference", "score", NULL};
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
		find_experiment(program, from, campaign);
		campaign->channel_choice = word_member(from, "channel_choice", choices, PERSONA_BY_POSITION);
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

/* Lists for each way the policies that limit it, and the budgets that pay it. */
static void
choose_policies(PersonaProgram *program)
{
	const PersonaRules *rules = &program->rules;

	for (int c = 0; c < program->campaign_count; c++)
		for (int w = 0; w < program->campaigns[c].channel_count; w++)
		{
			PersonaCampaignChannel *way = &program->campaigns[c].channels[w];

			way->policies = palloc(sizeof(int) * (rules->policy_count + 1));
			for (int p = 0; p < rules->policy_count; p++)
				if (persona_about_fits(&rules->policies[p].about, &way->about))
					way->policies[way->policy_count++] = p;
			way->budgets = palloc(sizeof(int) * (rules->budget_count + 1));
			for (int b = 0; b < rules->budget_count; b++)
				if (persona_about_fits(&rules->budgets[b].about, &way->about))
					way->budgets[way->budget_count++] = b;
		}
}

/* Reads the rules, and what they need to know of campaigns and their ways. */
void
persona_read_rules(PersonaProgram *program, const PersonaJson *json)
{
	for (int c = 0; c < program->channel_count; c++)
		if (number_name(&program->rules.channels, program->channels[c].name) != c)
			malformed(psprintf("channels[%d].name", c), "a name that is there once is expected");
	read_topics(program, json);
	read_holidays(program, json);
	read_experiences(program, json);
	read_experiments(program, json);
	read_campaign_abouts(program, json);
	read_policies(program, json);
	read_budgets(program, json);
	read_suppressions(program, json);
	read_exclusions(program, json);
	read_holdouts(program, json);
	choose_policies(program);
}

/* ---- what timelines keep ---- */

const char *const persona_choice_names[] = {"consent", "objection", "preference", "snooze", NULL};

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
		[PERSONA_FACT_OUTCOME] = "outcome",
		[PERSONA_FACT_CONTACT_ID] = "contact_id",
		[PERSONA_FACT_CHOICE] = "choice",
		[PERSONA_FACT_TOPIC] = "topic",
		[PERSONA_FACT_RANK] = "rank",
		[PERSONA_FACT_UNTIL] = "until",
		[PERSONA_FACT_ADDRESS] = "address",
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
	PERSONA_FACT_SENT_AT, PERSONA_FACT_DELIVERED_AT, PERSONA_FACT_ENDED_AT, PERSONA_FACT_ADDRESS};
	static const PersonaFact of_responses[] = {PERSONA_FACT_CAMPAIGN, PERSONA_FACT_EXPERIENCE, PERSONA_FACT_CHANNEL,
	PERSONA_FACT_PLACEMENT, PERSONA_FACT_OUTCOME, PERSONA_FACT_CONTACT_ID};
	static const PersonaFact of_choices[] = {PERSONA_FACT_CHANNEL, PERSONA_FACT_CHOICE, PERSONA_FACT_TOPIC,
	PERSONA_FACT_RANK, PERSONA_FACT_UNTIL};
	PersonaRules *rules = &program->rules;
	bool		bounces = false;

	for (int c = 0; c < program->channel_count; c++)
		bounces |= program->channels[c].address != NULL && program->channels[c].max_bounces >= 0;
	rules->contact_source = rules->choice_source = rules->response_source = PERSONA_NONE;
	rules->fact_of_slot = palloc(program->set->slot_count + 1);
	memset(rules->fact_of_slot, -1, program->set->slot_count + 1);
	if (program->campaign_count == 0)
		return;
	rules->contact_source = persona_program_source(program, "persona.contact");
	if (rules->contact_source != PERSONA_NONE)
		keep_properties(program, "contact", of_contacts, lengthof(of_contacts) - (bounces ? 0 : 1));
	rules->choice_source = persona_program_source(program, "persona.choice");
	if (rules->choice_source != PERSONA_NONE)
		keep_properties(program, "choice", of_choices, lengthof(of_choices));
	if (rules->suppression_count > 0)
		rules->response_source = persona_program_source(program, "persona.response");
	if (rules->response_source != PERSONA_NONE)
		keep_properties(program, "response", of_responses, lengthof(of_responses));
}
