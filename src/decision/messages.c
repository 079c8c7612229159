/*
 * messages.c - in which words a campaign speaks: language, variant, placeholders.
 */
#include "postgres.h"

#include "catalog/variants.h"
#include "condition/why.h"
#include "decision/messages.h"
#include "utils/builtins.h"

/* What filling a template looks values up in. */
typedef struct Filling
{
	PersonaDecider *decider;
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
	const PersonaOpening *firing = &filling->candidate->opening;
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
	event = persona_speaking_event(&customer->evaluation,
								   program->triggers[filling->candidate->campaign->trigger].node,
								   speaking ? NULL : part->scope,
								   persona_speaking_instant(customer, firing), firing->key);
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

/* Fills a message, if its condition holds and nothing that it needs is absent. */
static bool
try_message(PersonaDecider *decider, PersonaCandidate *candidate, const PersonaMessage *message,
			PcoreInstant *until, const char **reason)
{
	Filling		filling = {decider, candidate};
	const char *absent = NULL;
	PcoreInstant stands;

	if (message->condition != PERSONA_NONE)
	{
		bool		holds = persona_holds_for(decider, candidate, message->condition, &stands);

		*until = pcore_min(*until, stands);
		if (!holds)
		{
			*reason = persona_reason(decider, "the condition of message \"%s\" does not hold: %s", message->name,
									 persona_why(&decider->customer->evaluation, message->condition));
			return false;
		}
	}
	candidate->subject = message->subject == NULL ? NULL
		: persona_render(message->subject, look_up, &filling, &absent);
	candidate->body = absent != NULL ? NULL : persona_render(message->body, look_up, &filling, &absent);
	if (absent != NULL)
	{
		*reason = persona_reason(decider, "message \"%s\" needs %s, which is absent", message->name, absent);
		return false;
	}
	candidate->message = message;
	return true;
}

/* Tries variants: the customer's own, and if that can't be, the others in their order. */
static bool
try_variants(PersonaDecider *decider, PersonaCandidate *candidate, const struct PersonaVariants *variants,
			 PcoreInstant *until, const char **reason)
{
	const PersonaMessage *messages = decider->program->messages;
	int			own = persona_variant_of(variants, decider->customer->evaluation.key);

	if (try_message(decider, candidate, &messages[variants->messages[own]], until, reason))
		return true;
	for (int v = 0; v < variants->count; v++)
		if (v != own && try_message(decider, candidate, &messages[variants->messages[v]], until, reason))
			return true;
	return false;
}

/* Chooses and fills the message for a way: the customer's language, none in particular, the default. */
bool
persona_choose_message(PersonaDecider *decider, PersonaCandidate *candidate, const PersonaCampaignChannel *way,
					   PcoreInstant *until, const char **reason)
{
	const PersonaProgram *program = decider->program;
	const char *language = decider->customer->language;

	if (language == NULL)
		language = program->default_language;
	*reason = way->message_count == 0 ? "no message"
		: persona_reason(decider, "no message for language \"%s\"", language);
	for (int pass = 0; pass < 3; pass++)
		for (int m = 0; m < way->message_count; m++)
		{
			const PersonaMessage *message = &program->messages[way->messages[m]];
			const struct PersonaVariants *variants = way->variants[m];
			bool		fits = pass == 1 ? message->language == NULL
				: message->language != NULL && serves_language(message->language, pass == 0 ? language
															   : program->default_language);

			/* Variants are tried together, where the first of them stands. */
			if (!fits || (variants != NULL && variants->messages[0] != way->messages[m]))
				continue;
			if (variants != NULL ? try_variants(decider, candidate, variants, until, reason)
				: try_message(decider, candidate, message, until, reason))
				return true;
		}
	return false;
}
