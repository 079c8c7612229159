/*
 * program.c - turns a program's JSON into definitions and compiled conditions.
 *
 * The JSON is written by persona.build_program() from the configuration
 * tables.  It may also come from a file, from another server or from a user's
 * hand, so nothing in it is believed.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/members.h"
#include "catalog/pg_type.h"
#include "catalog/factors.h"
#include "catalog/members.h"
#include "catalog/program.h"
#include "catalog/variants.h"
#include "host.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* Makes a program value of a JSON text. */
PersonaProgramValue *
persona_program_value(const char *text, size_t length)
{
	Size		size = offsetof(PersonaProgramValue, text) + length;
	PersonaProgramValue *value = palloc(size);
	bytea	   *hash;

	SET_VARSIZE(value, size);
	value->version = PERSONA_PROGRAM_VERSION;
	hash = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea,
											   PointerGetDatum(cstring_to_text_with_len(text, length))));
	memcpy(value->hash, VARDATA_ANY(hash), PERSONA_HASH_SIZE);
	memcpy(value->text, text, length);
	return value;
}

/* ---- bindings ---- */

/* Tells whether a text is an operator as persona.equality() names it, and nothing more: it becomes part of queries. */
static bool
is_operator(const char *text)
{
	const char *p = text + strlen("OPERATOR(");

	if (strncmp(text, "OPERATOR(", strlen("OPERATOR(")) != 0)
		return false;
	if (*p == '"')
	{
		for (p++; *p != '\0' && (*p != '"' || p[1] == '"'); p++)
			if (*p == '"')
				p++;
		if (*p++ != '"')
			return false;
	}
	else
		while ((*p >= 'a' && *p <= 'z') || *p == '_' || (*p >= '0' && *p <= '9'))
			p++;
	if (*p++ != '.' || strspn(p, "+-*/<>=~!@#%^&|`?") == 0)
		return false;
	p += strspn(p, "+-*/<>=~!@#%^&|`?");
	return strcmp(p, ")") == 0 && strstr(text, "--") == NULL && strstr(text, "/*") == NULL;
}

/* Reads the bound relations. */
static void
read_bindings(PersonaProgram *program, const PersonaJson *json)
{
	const PersonaJson *customers = member(json, "customers");
	const PersonaJson *events = object_list(json, "events");

	program->default_time_zone = "UTC";
	program->default_language = "en";
	if (customers != NULL)
	{
		program->customer_relation = need_text(customers, "relation");
		program->key_column = need_text(customers, "key");
		program->time_zone_column = text_member(customers, "time_zone");
		program->language_column = text_member(customers, "language");
		program->default_time_zone = need_text(customers, "default_time_zone");
		program->default_language = need_text(customers, "default_language");
	}
	if (!persona_zone_find(program->default_time_zone, &program->default_zone))
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, "customers.default_time_zone",
					 psprintf("time zone \"%s\" is unknown", program->default_time_zone), NULL);

	if (events->count > 65535)
		malformed("events", "there are too many event relations");
	program->source_count = events->count;
	program->sources = palloc0(sizeof(PersonaSource) * (events->count + 1));
	for (int i = 0; i < events->count; i++)
	{
		const PersonaJson *event = &events->items[i];
		PersonaSource *source = &program->sources[i];
		const PersonaJson *kinds = member(event, "kinds");

		source->name = need_text(event, "name");
		source->relation = need_text(event, "relation");
		source->customer = need_text(event, "customer");
		source->equality = text_member(event, "equality");
		source->at = need_text(event, "at");
		source->kind = text_member(event, "kind");
		source->kind_column = text_member(event, "kind_column");
		source->sequence = text_member(event, "sequence");
		if (source->equality != NULL && !is_operator(source->equality))
			malformed(psprintf("events[%d].equality", i), "an operator with its schema is expected");
		if (source->customer[0] == '\0')
			malformed(psprintf("events[%d].customer", i), "a column is expected");
		if ((source->kind == NULL) == (source->kind_column == NULL))
			malformed(psprintf("events[%d]", i), "either a kind or a kind column is expected");
		if (kinds == NULL)
			continue;
		if (kinds->kind != PERSONA_JSON_ARRAY)
			malformed(psprintf("events[%d].kinds", i), "a list is expected");
		source->kinds = palloc(sizeof(char *) * (kinds->count + 1));
		for (int k = 0; k < kinds->count; k++)
		{
			if (kinds->items[k].kind != PERSONA_JSON_STRING)
				malformed(psprintf("events[%d].kinds[%d]", i, k), "a string is expected");
			source->kinds[source->kind_count++] = kinds->items[k].text;
		}
	}
}

/* ---- conditions ---- */

/* Compiles a cohort when it is first needed; finds cycles. */
static int
cohort_node(PersonaProgram *program, PersonaCohort *cohort);

/* Finds the cohort that a condition names, or fails. */
static int
find_cohort(void *data, const PersonaCondition *reference)
{
	PersonaProgram *program = data;

	for (int c = 0; c < program->cohort_count; c++)
		if (strcmp(program->cohorts[c].name, reference->name) == 0)
		{
			if (program->cohorts[c].open)
				persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, psprintf("%s.cohort", reference->path),
							 psprintf("cohort \"%s\" is defined by itself", reference->name), NULL);
			return cohort_node(program, &program->cohorts[c]);
		}
	persona_fail(ERRCODE_UNDEFINED_OBJECT, psprintf("%s.cohort", reference->path),
				 psprintf("there is no cohort \"%s\"", reference->name), NULL);
	return PERSONA_NONE;
}

/* Compiles a condition; its paths begin with the definition that it belongs to. */
int
persona_program_condition(PersonaProgram *program, const PersonaJson *json, const char *definition)
{
	PersonaDefinition outer = persona_enter_definition("condition", NULL, ERRCODE_INVALID_PARAMETER_VALUE);
	const char *path = definition == NULL ? "$" : psprintf("%s: $", definition);
	int			node = persona_conditions_add(program->set, persona_condition_read(json, path), find_cohort, program);

	persona_leave_definition(outer);
	return node;
}

/* Compiles a condition that may be absent. */
static int
optional_condition(PersonaProgram *program, const PersonaJson *object, const char *key, const char *definition)
{
	const PersonaJson *json = member(object, key);

	if (json == NULL)
		return PERSONA_NONE;
	return persona_program_condition(program, json, definition);
}

/* Compiles a cohort when it is first needed; finds cycles. */
static int
cohort_node(PersonaProgram *program, PersonaCohort *cohort)
{
	if (cohort->node == PERSONA_NONE)
	{
		check_stack_depth();
		cohort->open = true;
		cohort->node = persona_program_condition(program, cohort->json, psprintf("cohort \"%s\"", cohort->name));
		cohort->open = false;
	}
	return cohort->node;
}

/* Reads the cohorts; those that nothing needs are compiled as well. */
static void
read_cohorts(PersonaProgram *program, const PersonaJson *json)
{
	const PersonaJson *cohorts = object_list(json, "cohorts");

	program->cohort_count = cohorts->count;
	program->cohorts = palloc0(sizeof(PersonaCohort) * (cohorts->count + 1));
	for (int i = 0; i < cohorts->count; i++)
	{
		program->cohorts[i].name = need_text(&cohorts->items[i], "name");
		program->cohorts[i].json = member(&cohorts->items[i], "condition");
		program->cohorts[i].node = PERSONA_NONE;
		program->cohorts[i].value = numeric_or(&cohorts->items[i], "value", 1);
		if (program->cohorts[i].json == NULL)
			malformed(psprintf("cohorts[%d].condition", i), "a condition is expected");
	}
	for (int i = 0; i < cohorts->count; i++)
		(void) cohort_node(program, &program->cohorts[i]);
}

/* Reads the triggers. */
static void
read_triggers(PersonaProgram *program, const PersonaJson *json)
{
	const PersonaJson *triggers = object_list(json, "triggers");

	program->trigger_count = triggers->count;
	program->triggers = palloc0(sizeof(PersonaTrigger) * (triggers->count + 1));
	for (int i = 0; i < triggers->count; i++)
	{
		PersonaTrigger *trigger = &program->triggers[i];

		trigger->name = need_text(&triggers->items[i], "name");
		trigger->node = optional_condition(program, &triggers->items[i], "condition",
										   psprintf("trigger \"%s\"", trigger->name));
		if (trigger->node == PERSONA_NONE)
			malformed(psprintf("triggers[%d].condition", i), "a condition is expected");
		trigger->open_for = integer_member(&triggers->items[i], "open_for", 0);
	}
}

/* Parses hours that may be absent. */
static PcoreHours *
optional_hours(const PersonaJson *object, const char *key, const char *definition)
{
	const char *text = text_member(object, key);
	PersonaDefinition outer;
	PcoreHours *hours;

	if (text == NULL)
		return NULL;
	outer = persona_enter_definition("hours", definition, ERRCODE_INVALID_PARAMETER_VALUE);
	hours = pcore_hours_parse(text, strlen(text));
	persona_leave_definition(outer);
	return hours;
}

/* Reads the channels. */
static void
read_channels(PersonaProgram *program, const PersonaJson *json)
{
	const PersonaJson *channels = object_list(json, "channels");

	program->channel_count = channels->count;
	program->channels = palloc0(sizeof(PersonaChannel) * (channels->count + 1));
	for (int i = 0; i < channels->count; i++)
	{
		const PersonaJson *from = &channels->items[i];
		PersonaChannel *channel = &program->channels[i];
		const PersonaJson *synchronous = member(from, "synchronous");
		char	   *definition;

		channel->name = need_text(from, "name");
		definition = psprintf("channel \"%s\"", channel->name);
		channel->synchronous = synchronous != NULL && synchronous->kind == PERSONA_JSON_TRUE;
		channel->address = text_member(from, "address");
		channel->max_bounces = integer_member(from, "max_bounces", -1);
		channel->consent = optional_condition(program, from, "consent", definition);
		channel->open_hours = optional_hours(from, "open_hours", definition);
		channel->quiet_hours = optional_hours(from, "quiet_hours", definition);
		channel->opt_in = flag_member(from, "opt_in");
		channel->holidays = text_member(from, "holidays");
		channel->affinity = numeric_or(from, "affinity", 1);
		channel->affinity_column = text_member(from, "affinity_column");
		channel->capacity_per_day = integer_member(from, "capacity_per_day", -1);
		channel->cost = numeric_or(from, "cost", 0);
		channel->weight = numeric_or(from, "weight", 1);
	}
}

/* Orders placements by position, then by name. */
static int
compare_placements(const void *left, const void *right)
{
	const PersonaPlacement *a = left;
	const PersonaPlacement *b = right;

	if (a->position != b->position)
		return a->position < b->position ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Reads the placements. */
static void
read_placements(PersonaProgram *program, const PersonaJson *json)
{
	const PersonaJson *placements = object_list(json, "placements");

	program->placement_count = placements->count;
	program->placements = palloc0(sizeof(PersonaPlacement) * (placements->count + 1));
	for (int i = 0; i < placements->count; i++)
	{
		const PersonaJson *from = &placements->items[i];
		PersonaPlacement *placement = &program->placements[i];
		const char *channel = need_text(from, "channel");

		placement->channel = PERSONA_NONE;
		for (int c = 0; c < program->channel_count; c++)
			if (strcmp(program->channels[c].name, channel) == 0)
				placement->channel = c;
		if (placement->channel == PERSONA_NONE)
			malformed(psprintf("placements[%d].channel", i), psprintf("there is no channel \"%s\"", channel));
		placement->name = need_text(from, "name");
		placement->slots = integer_member(from, "slots", 1);
		placement->position = integer_member(from, "position", 0);
	}
	qsort(program->placements, program->placement_count, sizeof(PersonaPlacement), compare_placements);
}

/* Parses a template that may be absent. */
static PcoreTemplate *
optional_template(const PersonaJson *object, const char *key, const char *definition)
{
	const char *text = text_member(object, key);
	PersonaDefinition outer;
	PcoreTemplate *template;

	if (text == NULL)
		return NULL;
	outer = persona_enter_definition("template", definition, ERRCODE_INVALID_PARAMETER_VALUE);
	template = pcore_template_parse(key, text);
	persona_leave_definition(outer);
	return template;
}

/* Reads the messages. */
static void
read_messages(PersonaProgram *program, const PersonaJson *json)
{
	const PersonaJson *messages = object_list(json, "messages");

	program->message_count = messages->count;
	program->messages = palloc0(sizeof(PersonaMessage) * (messages->count + 1));
	for (int i = 0; i < messages->count; i++)
	{
		const PersonaJson *from = &messages->items[i];
		PersonaMessage *message = &program->messages[i];
		char	   *definition;

		message->name = need_text(from, "name");
		definition = psprintf("message \"%s\"", message->name);
		message->experience = need_text(from, "experience");
		message->channel = need_text(from, "channel");
		message->placement = text_member(from, "placement");
		message->language = text_member(from, "language");
		message->condition = optional_condition(program, from, "condition", definition);
		message->position = integer_member(from, "position", 0);
		if (member(from, "weight") != NULL)
			message->weight = DatumGetFloat8(DirectFunctionCall1(numeric_float8,
																 NumericGetDatum(numeric_member(from, "weight"))));
		message->subject = optional_template(from, "subject", definition);
		message->body = optional_template(from, "body", definition);
		if (message->body == NULL)
			malformed(psprintf("messages[%d].body", i), "a string is expected");
	}
}

/* Orders numbers of messages by position, then by name. */
static int
compare_messages(const void *left, const void *right, void *data)
{
	const PersonaMessage *a = &((PersonaProgram *) data)->messages[*(const int *) left];
	const PersonaMessage *b = &((PersonaProgram *) data)->messages[*(const int *) right];

	if (a->position != b->position)
		return a->position < b->position ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Makes sure that what a template asks of events is kept with them. */
static void
keep_placeholders(PersonaProgram *program, const PersonaCampaign *campaign, const PersonaMessage *message,
				  const PcoreTemplate *template, const char *key)
{
	PersonaDefinition outer;

	if (template == NULL)
		return;
	outer = persona_enter_definition("template", psprintf("message \"%s\" in campaign \"%s\"",
														  message->name, campaign->name),
									 ERRCODE_INVALID_PARAMETER_VALUE);
	for (int i = 0; i < template->count; i++)
	{
		const PcoreTemplatePart *part = &template->parts[i];
		bool		event;
		int			selector = PERSONA_NONE;

		if (part->text != NULL || strcmp(part->scope, "customer") == 0)
			continue;
		event = strcmp(part->scope, "event") == 0;
		if (campaign->trigger != PERSONA_NONE)
			selector = persona_speaking_selector(program->set, program->triggers[campaign->trigger].node,
												 event ? NULL : part->scope);
		if (selector == PERSONA_NONE)
			persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, key,
						 psprintf("there is nothing named \"%s\" for {{%s.%s}}", part->scope, part->scope, part->name),
						 campaign->trigger == PERSONA_NONE
						 ? "The campaign has no trigger, so only customer is there."
						 : psprintf("Names here: customer, event%s.",
									persona_aliases(program->set, program->triggers[campaign->trigger].node)));
		(void) persona_conditions_slot(program->set, part->name, psprintf("message \"%s\" in campaign \"%s\": %s {{%s.%s}}", message->name,
																		 campaign->name, key, part->scope, part->name),
									   selector, true, false);
	}
	persona_leave_definition(outer);
}

/* Returns a score in whole millionths, rounded; cut off at PCORE_MOST_MILLIONTHS. */
int64
persona_millionths(Numeric score)
{
	Datum		most = NumericGetDatum(int64_to_numeric(PCORE_MOST_MILLIONTHS));
	Datum		least = NumericGetDatum(int64_to_numeric(-PCORE_MOST_MILLIONTHS));
	Datum		number = DirectFunctionCall2(numeric_mul, NumericGetDatum(score),
											 NumericGetDatum(int64_to_numeric(1000000)));

	if (DatumGetBool(DirectFunctionCall2(numeric_ge, number, most)))
		return PCORE_MOST_MILLIONTHS;
	if (DatumGetBool(DirectFunctionCall2(numeric_le, number, least)))
		return -PCORE_MOST_MILLIONTHS;
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, number));
}

/* Reads one way in which a campaign may speak, and lists the messages for it. */
static void
read_campaign_channel(PersonaProgram *program, PersonaCampaign *campaign,
					  const PersonaJson *from, PersonaCampaignChannel *way)
{
	const char *name = need_text(from, "channel");

	way->channel = PERSONA_NONE;
	for (int c = 0; c < program->channel_count; c++)
		if (strcmp(program->channels[c].name, name) == 0)
			way->channel = c;
	if (way->channel == PERSONA_NONE)
		malformed("campaigns", psprintf("campaign \"%s\" names the unknown channel \"%s\"", campaign->name, name));
	way->placement = text_member(from, "placement");
	way->messages = palloc(sizeof(int) * (program->message_count + 1));
	for (int m = 0; m < program->message_count; m++)
	{
		const PersonaMessage *message = &program->messages[m];

		if (strcmp(message->experience, campaign->experience) != 0 || strcmp(message->channel, name) != 0)
			continue;
		/* A message without placement fits every place of its channel. */
		if (message->placement != NULL
			&& (way->placement == NULL || strcmp(message->placement, way->placement) != 0))
			continue;
		way->messages[way->message_count++] = m;
		keep_placeholders(program, campaign, message, message->subject, "subject");
		keep_placeholders(program, campaign, message, message->body, "body");
	}
	qsort_arg(way->messages, way->message_count, sizeof(int), compare_messages, program);
	persona_variants_find(program, campaign, way);
}

/* Returns the number of a trigger by name. */
static int
find_trigger(const PersonaProgram *program, const char *campaign, const char *name)
{
	for (int t = 0; t < program->trigger_count; t++)
		if (strcmp(program->triggers[t].name, name) == 0)
			return t;
	malformed("campaigns", psprintf("campaign \"%s\" names the unknown trigger \"%s\"", campaign, name));
	return PERSONA_NONE;
}

/* Returns the number of a cohort by name. */
static int
find_campaign_cohort(const PersonaProgram *program, const char *campaign, const char *name)
{
	for (int c = 0; c < program->cohort_count; c++)
		if (strcmp(program->cohorts[c].name, name) == 0)
			return c;
	malformed("campaigns", psprintf("campaign \"%s\" names the unknown cohort \"%s\"", campaign, name));
	return PERSONA_NONE;
}

/* Reads the campaigns. */
static void
read_campaigns(PersonaProgram *program, const PersonaJson *json)
{
	const PersonaJson *campaigns = object_list(json, "campaigns");

	program->campaign_count = campaigns->count;
	program->campaigns = palloc0(sizeof(PersonaCampaign) * (campaigns->count + 1));
	for (int i = 0; i < campaigns->count; i++)
	{
		const PersonaJson *from = &campaigns->items[i];
		PersonaCampaign *campaign = &program->campaigns[i];
		const PersonaJson *channels = object_list(from, "channels");
		const char *cohort = text_member(from, "cohort");
		const char *trigger = text_member(from, "trigger");
		char	   *definition;

		campaign->name = need_text(from, "name");
		definition = psprintf("campaign \"%s\"", campaign->name);
		campaign->experience = need_text(from, "experience");
		campaign->cohort = cohort == NULL ? PERSONA_NONE : find_campaign_cohort(program, campaign->name, cohort);
		campaign->trigger = trigger == NULL ? PERSONA_NONE : find_trigger(program, campaign->name, trigger);
		campaign->goal = optional_condition(program, from, "goal", psprintf("goal of %s", definition));
		campaign->relevance = optional_condition(program, from, "relevance", psprintf("relevance of %s", definition));
		campaign->starts_at = instant_member(from, "starts_at", PCORE_BEGIN_OF_TIME);
		campaign->ends_at = instant_member(from, "ends_at", PCORE_END_OF_TIME);
		campaign->priority = integer_member(from, "priority", 0);
		campaign->channel_count = channels->count;
		campaign->channels = palloc0(sizeof(PersonaCampaignChannel) * (channels->count + 1));
		persona_factors_read(program, campaign, from);
		program->way_count += channels->count;
		for (int c = 0; c < channels->count; c++)
		{
			read_campaign_channel(program, campaign, &channels->items[c], &campaign->channels[c]);
			persona_factors_of_way(program, campaign, &campaign->channels[c]);
		}
	}
}

/* Reads the price of places on a channel. */
static void
read_price_of_channel(const PersonaProgram *program, const PersonaJson *from, const char *place, PersonaPrice *price)
{
	const char *name = need_text(from, "channel");
	int64		tie = integer_member(from, "tie", 0);

	for (int c = 0; c < program->channel_count; c++)
		if (strcmp(program->channels[c].name, name) == 0)
			price->channel = c;
	if (price->channel == PERSONA_NONE)
		malformed(psprintf("%s.channel", place), psprintf("there is no channel \"%s\"", name));
	price->price = numeric_member(from, "price");
	price->closed = numeric_is_inf(price->price);
	if (!is_amount(price->price))
		malformed(psprintf("%s.price", place), "a number that is not negative is expected");
	if (tie < 0 || tie >= INT64CONST(1) << PCORE_TIE_BITS)
		malformed(psprintf("%s.tie", place), "a whole number below 2^48 is expected");
	if (!price->closed)
		price->worth = pcore_worth(persona_millionths(price->price), (uint64_t) tie);
}

/* Reads what a budget does not have, or what its money costs beside itself. */
static void
read_price_of_budget(const PersonaProgram *program, const PersonaJson *from, const char *place, PersonaPrice *price)
{
	const char *name = need_text(from, "budget");
	int64		tie = integer_member(from, "tie", 0);
	int64		parts;

	for (int b = 0; b < program->rules.budget_count; b++)
		if (strcmp(program->rules.budgets[b].name, name) == 0)
			price->budget = b;
	if (price->budget == PERSONA_NONE)
		malformed(psprintf("%s.budget", place), psprintf("there is no budget \"%s\"", name));
	price->of_all = member(from, "priority") == NULL;
	if (member(from, "short_of") != NULL)
	{
		price->short_of = numeric_member(from, "short_of");
		if (!is_amount(price->short_of))
			malformed(psprintf("%s.short_of", place), "a number that is not negative is expected");
	}
	if (member(from, "spent") != NULL)
		price->spent = numeric_member(from, "spent");
	price->rate = -1;
	if (member(from, "rate") == NULL)
		return;
	price->price = numeric_member(from, "rate");
	if (!is_amount(price->price)
		|| persona_compare_numbers(price->price, int64_to_numeric((int64) (PCORE_MOST_RATE / PCORE_RATE_OF_ONE))) > 0)
		malformed(psprintf("%s.rate", place), "a number that is not negative, and at most 2^27, is expected");
	parts = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(
		numeric_mul_opt_error(price->price, int64_to_numeric(PCORE_RATE_PARTS), NULL))));
	if (persona_compare_numbers(numeric_mul_opt_error(price->price, int64_to_numeric(PCORE_RATE_PARTS), NULL),
								int64_to_numeric(parts)) != 0)
		malformed(psprintf("%s.rate", place), "a multiple of 2^-20 is expected");
	if (tie < 0 || tie >= INT64CONST(1) << PCORE_RATE_TIE_BITS)
		malformed(psprintf("%s.tie", place), "a whole number below 2^28 is expected");
	price->rate = ((PcoreRate) parts << PCORE_RATE_TIE_BITS) + tie;
}

/* Reads the prices of scarce channels and budgets. */
static void
read_prices(PersonaProgram *program, const PersonaJson *json)
{
	static const char *const channel_keys[] = {"channel", "priority", "from", "until", "price", "tie", NULL};
	static const char *const budget_keys[] = {"budget", "priority", "from", "until", "short_of", "rate", "tie",
	"spent", NULL};
	const PersonaJson *prices = object_list(json, "prices");

	program->price_count = prices->count;
	program->prices = palloc0(sizeof(PersonaPrice) * (prices->count + 1));
	for (int i = 0; i < prices->count; i++)
	{
		const PersonaJson *from = &prices->items[i];
		const char *place = psprintf("prices[%d]", i);
		PersonaPrice *price = &program->prices[i];
		bool		of_budget = member(from, "budget") != NULL;

		only_members(from, place, of_budget ? budget_keys : channel_keys);
		price->channel = price->budget = PERSONA_NONE;
		price->priority = integer_member(from, "priority", 0);
		price->from = instant_member(from, "from", PCORE_BEGIN_OF_TIME);
		price->until = instant_member(from, "until", PCORE_END_OF_TIME);
		if (of_budget)
			read_price_of_budget(program, from, place, price);
		else
			read_price_of_channel(program, from, place, price);
	}
}

/* Reads the conditions that stand beside the definitions. */
static void
read_conditions(PersonaProgram *program, const PersonaJson *json)
{
	const PersonaJson *conditions = object_list(json, "conditions");

	program->condition_count = conditions->count;
	program->conditions = palloc(sizeof(int) * (conditions->count + 1));
	program->condition_names = palloc(sizeof(char *) * (conditions->count + 1));
	for (int i = 0; i < conditions->count; i++)
	{
		const char *name = need_text(&conditions->items[i], "name");

		program->condition_names[i] = strcmp(name, "condition") == 0 ? NULL : name;
		program->conditions[i] = optional_condition(program, &conditions->items[i], "condition",
													program->condition_names[i]);
		if (program->conditions[i] == PERSONA_NONE)
			malformed(psprintf("conditions[%d].condition", i), "a condition is expected");
	}
}

/* Compiles a program; everything is kept in a context of its own. */
PersonaProgram *
persona_program_compile(const PersonaProgramValue *value, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "persona program", ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer_context = MemoryContextSwitchTo(context);
	PersonaDefinition outer = persona_enter_definition("program", NULL, ERRCODE_INVALID_PARAMETER_VALUE);
	PersonaProgram *program = palloc0(sizeof(PersonaProgram));
	PersonaJson *json = persona_json_read(value->text, VARSIZE(value) - offsetof(PersonaProgramValue, text));

	if (json->kind != PERSONA_JSON_OBJECT || integer_member(json, "persona", 0) != PERSONA_PROGRAM_VERSION)
		malformed("persona", "version 1 is expected");
	persona_refuse_unknown(json);
	program->context = context;
	memcpy(program->hash, value->hash, PERSONA_HASH_SIZE);
	program->set = persona_conditions_make();
	read_bindings(program, json);
	persona_arbitration_read(program, json);
	read_cohorts(program, json);
	read_triggers(program, json);
	read_channels(program, json);
	read_placements(program, json);
	read_messages(program, json);
	read_campaigns(program, json);
	persona_read_rules(program, json);
	read_prices(program, json);
	read_conditions(program, json);
	persona_keep_facts(program);
	program->classifiers = palloc0(sizeof(PersonaClassifier *) * (program->source_count + 1));
	program->plans = palloc0(sizeof(struct _SPI_plan *) * (program->source_count + 1));
	program->classifier_types = palloc0(sizeof(uint64) * (program->source_count + 1));
	persona_leave_definition(outer);
	MemoryContextSwitchTo(outer_context);
	MemoryContextSetParent(context, parent);
	return program;
}

/* Finds a source by name; returns PERSONA_NONE when there is none. */
int
persona_program_source(const PersonaProgram *program, const char *name)
{
	for (int s = 0; s < program->source_count; s++)
		if (strcmp(program->sources[s].name, name) == 0)
			return s;
	return PERSONA_NONE;
}

/* ---- row types ---- */

typedef struct PlaceholderEntry
{
	char		name[NAMEDATALEN * 2];
	PersonaRowValue *value;
} PlaceholderEntry;

/* Binds the placeholders {{customer.name}} of a template. */
static void
bind_placeholders(PersonaCustomerShape *shape, const PersonaRowShape *row, const PersonaMessage *message,
				  const PcoreTemplate *template, const char *key)
{
	PersonaDefinition outer;

	if (template == NULL)
		return;
	outer = persona_enter_definition("template", psprintf("message \"%s\"", message->name),
									 ERRCODE_INVALID_PARAMETER_VALUE);
	for (int i = 0; i < template->count; i++)
	{
		const PcoreTemplatePart *part = &template->parts[i];
		PlaceholderEntry *entry;
		char		name[NAMEDATALEN * 2];
		bool		found;

		if (part->text != NULL || strcmp(part->scope, "customer") != 0)
			continue;
		if (strlen(part->name) >= sizeof(name))
			persona_fail(ERRCODE_NAME_TOO_LONG, key, psprintf("\"%s\" is too long", part->name), NULL);
		memset(name, 0, sizeof(name));
		strcpy(name, part->name);
		entry = hash_search(shape->placeholders, name, HASH_ENTER, &found);
		if (!found)
		{
			entry->value = NULL;
			entry->value = persona_row_value_bind(part->name, row, psprintf("%s {{customer.%s}}", key, part->name), NULL);
		}
	}
	persona_leave_definition(outer);
}

/*
 * Binds a column that the binding of the customers names.  A condition by
 * itself may be asked of any row, which then has no key, zone or language.
 */
static PersonaRowValue *
bind_column(const PersonaProgram *program, const char *column, const PersonaRowShape *row)
{
	bool		missing = false;
	PersonaRowValue *value;

	if (column == NULL)
		return NULL;
	value = persona_row_value_bind(column, row, NULL, program->condition_count > 0 ? &missing : NULL);
	return missing ? NULL : value;
}

/* Makes what the definitions mean for a row type of customers. */
static PersonaCustomerShape *
make_customer_shape(PersonaProgram *program, TupleDesc desc)
{
	PersonaCustomerShape *shape = palloc0(sizeof(PersonaCustomerShape));
	PersonaRowShape row = {desc, program->customer_relation != NULL ? program->customer_relation : "the customer row",
	NULL, &program->default_zone};
	HASHCTL		control;
	PersonaDefinition outer = persona_enter_definition("condition", NULL, ERRCODE_INVALID_PARAMETER_VALUE);

	shape->columns = desc->natts;
	shape->tests = palloc(sizeof(PersonaRowTest *) * (program->set->test_count + 1));
	for (int t = 0; t < program->set->test_count; t++)
		shape->tests[t] = persona_row_test_bind(program->set->tests[t], &row, NULL);
	persona_leave_definition(outer);

	outer = persona_enter_definition("binding", "customers", ERRCODE_UNDEFINED_COLUMN);
	shape->key = bind_column(program, program->key_column, &row);
	shape->time_zone = bind_column(program, program->time_zone_column, &row);
	shape->language = bind_column(program, program->language_column, &row);
	shape->addresses = palloc0(sizeof(PersonaRowValue *) * (program->channel_count + 1));
	for (int c = 0; c < program->channel_count; c++)
		if (program->channels[c].address != NULL)
		{
			(void) persona_enter_definition("address", psprintf("channel \"%s\"", program->channels[c].name),
											ERRCODE_UNDEFINED_COLUMN);
			shape->addresses[c] = persona_row_value_bind(program->channels[c].address, &row, NULL, NULL);
		}
	shape->affinities = palloc0(sizeof(PersonaRowValue *) * (program->channel_count + 1));
	for (int c = 0; c < program->channel_count; c++)
		if (program->channels[c].affinity_column != NULL)
		{
			(void) persona_enter_definition("affinity", psprintf("channel \"%s\"", program->channels[c].name),
											ERRCODE_UNDEFINED_COLUMN);
			shape->affinities[c] = persona_row_value_bind(program->channels[c].affinity_column, &row, NULL, NULL);
		}
	persona_leave_definition(outer);

	persona_factors_bind(program, shape, &row);

	control.keysize = NAMEDATALEN * 2;
	control.entrysize = sizeof(PlaceholderEntry);
	control.hcxt = CurrentMemoryContext;
	shape->placeholders = hash_create("persona placeholders", 32, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (int m = 0; m < program->message_count; m++)
	{
		bind_placeholders(shape, &row, &program->messages[m], program->messages[m].subject, "subject");
		bind_placeholders(shape, &row, &program->messages[m], program->messages[m].body, "body");
	}
	return shape;
}

/* Returns what the definitions mean for a row type of customers. */
PersonaCustomerShape *
persona_customer_shape(PersonaProgram *program, Oid type, int32 typmod)
{
	uint64		identifier = assign_record_type_identifier(type, typmod);
	PersonaCustomerShape *made;
	TupleDesc	desc;
	MemoryContext outer;

	for (PersonaCustomerShape *shape = program->customers; shape != NULL; shape = shape->next)
		if (shape->type == identifier)
			return shape;
	desc = lookup_rowtype_tupdesc_copy(type, typmod);
	outer = MemoryContextSwitchTo(program->context);
	made = make_customer_shape(program, desc);
	made->type = identifier;
	made->next = program->customers;
	program->customers = made;
	MemoryContextSwitchTo(outer);
	FreeTupleDesc(desc);
	return made;
}

/* Returns the customer's value for a placeholder {{customer.name}}. */
PersonaRowValue *
persona_customer_placeholder(const PersonaCustomerShape *shape, const char *name)
{
	char		key[NAMEDATALEN * 2] = {0};
	PlaceholderEntry *entry;

	strlcpy(key, name, sizeof(key));
	entry = hash_search(shape->placeholders, key, HASH_FIND, NULL);
	return entry == NULL ? NULL : entry->value;
}

/* Returns the classifier of a source for its row type. */
PersonaClassifier *
persona_program_classifier(PersonaProgram *program, int source, Oid type, int32 typmod)
{
	uint64		identifier = assign_record_type_identifier(type, typmod);
	PersonaRowShape row;
	MemoryContext outer;
	PersonaDefinition definition;

	if (program->classifiers[source] != NULL && program->classifier_types[source] == identifier)
		return program->classifiers[source];
	outer = MemoryContextSwitchTo(program->context);
	definition = persona_enter_definition("condition", NULL, ERRCODE_INVALID_PARAMETER_VALUE);
	row.desc = lookup_rowtype_tupdesc_copy(type, typmod);
	row.name = program->sources[source].relation;
	row.at_column = program->sources[source].at;
	row.default_zone = &program->default_zone;
	program->classifiers[source] = persona_classifier_bind(program->set, &program->sources[source], source, &row,
														   NULL, NULL);
	program->classifier_types[source] = identifier;
	FreeTupleDesc(row.desc);
	persona_leave_definition(definition);
	MemoryContextSwitchTo(outer);
	return program->classifiers[source];
}

/* ---- checking ---- */

/* Returns the row type of a relation named by the bindings. */
static Oid
relation_row_type(const char *relation)
{
	Oid			oid = DatumGetObjectId(DirectFunctionCall1(regclassin, CStringGetDatum(relation)));

	return get_rel_type_id(oid);
}

/* Lists the kinds of events that the sources have, for a hint. */
static char *
list_kinds(const PersonaProgram *program)
{
	char	   *list = pstrdup("");

	for (int s = 0; s < program->source_count; s++)
	{
		const PersonaSource *source = &program->sources[s];

		if (source->kind != NULL)
			list = psprintf("%s%s%s", list, list[0] ? ", " : "", source->kind);
		for (int k = 0; k < source->kind_count; k++)
			list = psprintf("%s%s%s", list, list[0] ? ", " : "", source->kinds[k]);
	}
	return list;
}

/* Describes the rows of a source, as its relation has them now. */
PersonaRowShape
persona_source_shape(const PersonaProgram *program, int source)
{
	PersonaRowShape row;

	row.desc = lookup_rowtype_tupdesc_copy(relation_row_type(program->sources[source].relation), -1);
	row.name = program->sources[source].relation;
	row.at_column = program->sources[source].at;
	row.default_zone = &program->default_zone;
	return row;
}

/* Fails if a "where" names a column that no source with events of its kind has. */
static void
check_columns(const PersonaProgram *program, const PersonaSelector *selector, const PersonaCondition *where)
{
	int			first = PERSONA_NONE;
	PersonaRowShape row;

	if (where == NULL)
		return;
	for (int i = 0; i < where->count; i++)
		check_columns(program, selector, where->parts[i]);
	if (where->kind != PERSONA_ATTRIBUTE)
		return;
	for (int source = 0; source < program->source_count; source++)
	{
		bool		missing = false;

		if (!persona_source_has_kind(&program->sources[source], selector->kind))
			continue;
		row = persona_source_shape(program, source);
		(void) persona_row_test_bind(where, &row, &missing);
		if (!missing)
			return;
		if (first == PERSONA_NONE)
			first = source;
	}
	/* Without leniency the error names the column. */
	row = persona_source_shape(program, first);
	(void) persona_row_test_bind(where, &row, NULL);
}

/* Checks everything against the bound relations; names the definition at fault. */
void
persona_program_check(PersonaProgram *program)
{
	if (program->customer_relation == NULL)
		return;
	(void) persona_customer_shape(program, relation_row_type(program->customer_relation), -1);
	persona_program_check_events(program);
}

/* Checks that each selector and each kept value has a source that can give it; does it once. */
void
persona_program_check_events(PersonaProgram *program)
{
	const PersonaConditions *set = program->set;
	bool	   *bound;
	Bitmapset **unmet;			/* by slot: selectors without a source that has the column */

	if (program->events_checked)
		return;
	bound = palloc0(sizeof(bool) * (set->selector_count + 1));
	unmet = palloc0(sizeof(Bitmapset *) * (set->slot_count + 1));
	for (int v = 0; v < set->slot_count; v++)
		if (set->slots[v].where_of == PERSONA_NONE)
			unmet[v] = bms_copy(set->slots[v].selectors);
	/* A context may have any member. */
	for (int s = 0; s < set->selector_count; s++)
		if (strcmp(set->selectors[s].kind, PERSONA_CONTEXT) == 0)
		{
			bound[s] = true;
			for (int v = 0; v < set->slot_count; v++)
				unmet[v] = bms_del_member(unmet[v], s);
		}
	for (int source = 0; source < program->source_count; source++)
	{
		PersonaRowShape row;
		bool	   *missing = palloc0(sizeof(bool) * (set->selector_count + 1));
		bool	   *missing_slots = palloc0(sizeof(bool) * (set->slot_count + 1));
		PersonaDefinition definition = persona_enter_definition("condition", NULL, ERRCODE_INVALID_PARAMETER_VALUE);

		row = persona_source_shape(program, source);
		(void) persona_classifier_bind(set, &program->sources[source], source, &row, missing, missing_slots);
		for (int s = 0; s < set->selector_count; s++)
		{
			if (!persona_source_has_kind(&program->sources[source], set->selectors[s].kind))
				continue;
			bound[s] |= !missing[s];
			for (int v = 0; v < set->slot_count; v++)
				if (!missing_slots[v])
					unmet[v] = bms_del_member(unmet[v], s);
		}
		persona_leave_definition(definition);
	}
	for (int s = 0; s < set->selector_count; s++)
	{
		const PersonaSelector *selector = &set->selectors[s];
		bool		possible = false;
		PersonaDefinition definition;

		if (bound[s])
			continue;
		definition = persona_enter_definition("condition", NULL, ERRCODE_INVALID_PARAMETER_VALUE);
		for (int source = 0; source < program->source_count; source++)
			possible |= persona_source_has_kind(&program->sources[source], selector->kind);
		if (possible)
			check_columns(program, selector, selector->where);
		if (!possible)
			persona_fail(ERRCODE_UNDEFINED_OBJECT, selector->kind_path,
						 psprintf("no bound relation has events of kind \"%s\"", selector->kind),
						 psprintf("Kinds are: %s.  Bind event relations with persona.bind_events.", list_kinds(program)));
		persona_leave_definition(definition);
	}
	for (int v = 0; v < set->slot_count; v++)
	{
		PersonaDefinition definition = persona_enter_definition("condition", NULL, ERRCODE_INVALID_PARAMETER_VALUE);

		for (const PersonaNeed *need = set->slots[v].needs; need != NULL; need = need->next)
			if (bms_is_member(need->selector, unmet[v]))
				persona_fail(ERRCODE_UNDEFINED_COLUMN, need->path,
							 psprintf("no bound relation with events of kind \"%s\" has a column \"%s\"",
									  set->selectors[need->selector].kind, set->slots[v].property), NULL);
		persona_leave_definition(definition);
	}
	program->events_checked = true;
}
