/*
 * known.c - what a program's JSON may hold.
 *
 * A member that nothing reads would be a definition that is silently left out:
 * one that is misspelt, or that a later version knows.
 */
#include "postgres.h"

#include "catalog/members.h"
#include "catalog/program.h"

/* The lists of a program that are read here and there, and the members of their items; others refuse unknown ones themselves. */
static const struct
{
	const char *list;
	const char *keys[32];
}			known[] = {
	{"events", {"name", "relation", "customer", "equality", "at", "kind", "kind_column", "kinds", "sequence"}},
	{"cohorts", {"name", "condition", "value"}},
	{"triggers", {"name", "condition", "open_for"}},
	{"experiences", {"name", "kind", "topic"}},
	{"channels", {"name", "synchronous", "address", "max_bounces", "opt_in", "consent", "open_hours", "quiet_hours", "holidays",
	"affinity", "affinity_column", "cost", "capacity_per_day", "weight"}},
	{"messages", {"name", "experience", "channel", "placement", "language", "condition", "position", "weight", "subject",
	"body"}},
	{"campaigns", {"name", "experience", "cohort", "trigger", "goal", "relevance", "starts_at", "ends_at", "priority",
			"propensity", "value", "urgency", "weight", "cost", "max_contacts", "max_contacts_within", "min_gap",
	"max_contacts_per_firing", "channel_choice", "experiment", "variation", "channels"}},
	{"placements", {"channel", "name", "slots", "position"}},
	{"levers", {"kind", "weight"}},
	{"conditions", {"name", "condition"}},
};

/* Refuses members of a program's JSON that nothing reads. */
void
persona_refuse_unknown(const PersonaJson *json)
{
	static const char *const keys[] = {"persona", "customers", "arbitration", "events", "cohorts", "triggers",
		"experiences", "channels", "messages", "campaigns", "placements", "levers", "prices", "conditions", "policies", "budgets",
	"experiments", "suppressions", "exclusions", "holdouts", "topics", "holidays", NULL};
	static const char *const customer_keys[] = {"relation", "key", "time_zone", "language", "default_time_zone",
	"default_language", NULL};
	static const char *const arbitration_keys[] = {"propensity", "value", "urgency", "weight", "cost", NULL};
	static const char *const way_keys[] = {"channel", "placement", NULL};
	const PersonaJson *campaigns = object_list(json, "campaigns");

	only_members(json, "$", keys);
	if (member(json, "customers") != NULL)
		only_members(member(json, "customers"), "customers", customer_keys);
	if (member(json, "arbitration") != NULL)
		only_members(member(json, "arbitration"), "arbitration", arbitration_keys);
	for (int k = 0; k < (int) lengthof(known); k++)
	{
		const PersonaJson *list = object_list(json, known[k].list);

		for (int i = 0; i < list->count; i++)
			only_members(&list->items[i], psprintf("%s[%d]", known[k].list, i), known[k].keys);
	}
	for (int c = 0; c < campaigns->count; c++)
	{
		const PersonaJson *ways = object_list(&campaigns->items[c], "channels");

		for (int w = 0; w < ways->count; w++)
			only_members(&ways->items[w], psprintf("campaigns[%d].channels[%d]", c, w), way_keys);
	}
}
