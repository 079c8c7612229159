/*
 * quiet.c - when campaigns leave a customer alone: suppressions after outcomes,
 * exclusions, holdouts and experiments.
 *
 * A suppression looks at outcomes: what responses say, and that a contact was
 * ignored, which it is from a certain time after it was sent on if by then
 * nothing came back.  Whenever the last of so many outcomes within so much time
 * happens, a quiet time begins.  That a contact is going to be ignored is known
 * before, as long as no response comes; so valid_until knows of it, too.
 */
#include "postgres.h"

#include "core/text.h"
#include "decision/channels.h"
#include "decision/quiet.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* ---- suppressions ---- */

/* Orders outcomes by time. */
static int
compare_outcomes(const void *left, const void *right)
{
	PcoreInstant a = ((const PersonaOutcome *) left)->at;
	PcoreInstant b = ((const PersonaOutcome *) right)->at;

	return a < b ? -1 : a > b;
}

/* Tells whether a response of the customer, or a bounce, came on a contact by an instant. */
static bool
came_back(const PersonaDecider *decider, const PersonaContact *contact, PcoreInstant by)
{
	for (int r = 0; r < decider->response_count; r++)
	{
		const PersonaResponse *response = &decider->responses[r];

		if (response->on_contact && response->contact == contact->id && response->at <= by
			&& response->outcome != PERSONA_OUTCOME_DELIVERED)
			return true;
	}
	return false;
}

/* Lists the outcomes that a suppression looks at. */
static void
list_outcomes(PersonaDecider *decider, const PersonaSuppression *suppression, PersonaOutcomes *list)
{
	list->listed = true;
	list->outcomes = palloc(sizeof(PersonaOutcome) * (decider->response_count + decider->contact_count + 1));
	for (int r = 0; r < decider->response_count; r++)
	{
		const PersonaResponse *response = &decider->responses[r];

		if (suppression->outcomes & (1 << response->outcome))
			list->outcomes[list->count++] = (PersonaOutcome) {response->at, &response->about, response->outcome};
	}
	if ((suppression->outcomes & (1 << PERSONA_OUTCOME_IGNORED)) == 0)
		return;
	for (int c = 0; c < decider->contact_count; c++)
	{
		const PersonaContact *contact = &decider->contacts[c];
		PcoreInstant ignored = pcore_add(contact->sent_at, suppression->ignored_after);

		CHECK_FOR_INTERRUPTS();
		if (contact->sent_at != PCORE_END_OF_TIME && !came_back(decider, contact, ignored))
			list->outcomes[list->count++] = (PersonaOutcome) {ignored, &contact->about, PERSONA_OUTCOME_IGNORED};
	}
	qsort(list->outcomes, list->count, sizeof(PersonaOutcome), compare_outcomes);
}

/* Tells whether an outcome matters for a way. */
static bool
concerns(PersonaSuppressionScope scope, const PersonaAbout *outcome, const PersonaAbout *way)
{
	switch (scope)
	{
		case PERSONA_SUPPRESS_ALL:
			return true;
		case PERSONA_SUPPRESS_CHANNEL:
			return outcome->channel == way->channel;
		case PERSONA_SUPPRESS_PLACEMENT:
			return outcome->channel == way->channel && outcome->placement == way->placement;
		case PERSONA_SUPPRESS_EXPERIENCE:
			return outcome->experience == way->experience;
		case PERSONA_SUPPRESS_KIND:
			return outcome->kind == way->kind && way->kind != PERSONA_NONE;
		case PERSONA_SUPPRESS_CAMPAIGN:
			return outcome->campaign == way->campaign;
	}
	return false;
}

/* A quiet time. */
typedef struct Quiet
{
	bool		quiet;
	PcoreInstant until;			/* the answer stands until then */
	const PersonaOutcome *cause;	/* the last outcome that made it quiet */
} Quiet;

/* Returns when the quiet time ends that would begin at an instant. */
static PcoreInstant
quiet_end(PersonaDecider *decider, const PersonaSuppression *suppression, const PersonaCampaignChannel *way,
		  PcoreInstant begin)
{
	PcoreInstant end = suppression->quiet_for == 0 ? PCORE_END_OF_TIME : pcore_add(begin, suppression->quiet_for);

	for (int c = 0; suppression->until_consent && c < decider->choice_count; c++)
	{
		const PersonaChoice *choice = &decider->choices[c];

		if (choice->kind == PERSONA_CHOICE_CONSENT && choice->at > begin && persona_choice_covers(decider, choice, way))
			return pcore_min(end, choice->at);
	}
	return end;
}

/* Finds out whether a suppression makes it quiet for a way at an instant, and until when. */
static Quiet
find_quiet(PersonaDecider *decider, const PersonaSuppression *suppression, const PersonaOutcomes *list,
		   const PersonaCampaignChannel *way, PcoreInstant at)
{
	Quiet		found = {false, PCORE_END_OF_TIME, NULL};

	for (int o = 0; o < list->count; o++)
	{
		const PersonaOutcome *outcome = &list->outcomes[o];
		PcoreInstant end;
		int64		held = 0;

		if (!concerns(suppression->scope, outcome->about, &way->about))
			continue;
		for (int e = o; e >= 0 && held < suppression->times; e--)
		{
			if (suppression->within > 0 && list->outcomes[e].at <= pcore_add(outcome->at, -suppression->within))
				break;
			held += concerns(suppression->scope, list->outcomes[e].about, &way->about);
		}
		if (held < suppression->times)
			continue;
		if (outcome->at > (found.quiet ? found.until : at))
		{
			/* The next quiet time, after this one or after none. */
			if (!found.quiet)
				found.until = outcome->at;
			break;
		}
		end = quiet_end(decider, suppression, way, outcome->at);
		if (end > (found.quiet ? found.until : at))
		{
			found.quiet = true;
			found.until = end;
			if (outcome->at <= at)
				found.cause = outcome;
		}
	}
	return found;
}

/* Says why it is quiet. */
static const char *
quiet_reason(const PersonaDecider *decider, const PersonaSuppression *suppression, const Quiet *quiet)
{
	StringInfoData why;

	initStringInfo(&why);
	appendStringInfo(&why, "suppression \"%s\": %s %s", suppression->name, persona_outcome_names[quiet->cause->outcome],
					 persona_customer_time(decider->customer, quiet->cause->at));
	if (suppression->times > 1)
		appendStringInfo(&why, ", the last of " INT64_FORMAT, suppression->times);
	if (quiet->until == PCORE_END_OF_TIME)
		appendStringInfoString(&why, "; quiet for good");
	else
		appendStringInfo(&why, "; quiet until %s", persona_customer_time(decider->customer, quiet->until));
	return why.data;
}

/* Judges the suppressions. */
static bool
keep_suppressions(PersonaDecider *decider, const PersonaCampaignChannel *way, PcoreInstant at,
				  PcoreInstant *until, const char **reason)
{
	const PersonaRules *rules = &decider->program->rules;

	for (int s = 0; s < rules->suppression_count; s++)
	{
		const PersonaSuppression *suppression = &rules->suppressions[s];
		PersonaOutcomes *list = &decider->outcomes[s];
		Quiet		quiet;

		if (!list->listed)
			list_outcomes(decider, suppression, list);
		if (list->count == 0)
			continue;
		quiet = find_quiet(decider, suppression, list, way, at);
		*until = pcore_min(*until, quiet.until);
		if (!quiet.quiet)
			continue;
		if (decider->explains)
			*reason = quiet_reason(decider, suppression, &quiet);
		return false;
	}
	return true;
}

/* ---- exclusions ---- */

/* Says which contact excludes another one. */
static bool
exclude(const PersonaDecider *decider, const PersonaExclusion *exclusion, const PersonaContact *contact,
		const char **reason)
{
	const char *campaign = contact->campaign != NULL ? contact->campaign->bytes
		: contact->about.campaign != PERSONA_NONE ? decider->program->rules.campaigns.names[contact->about.campaign] : "";

	*reason = persona_reason(decider, "exclusion \"%s\": a contact of \"%s\" at %s", exclusion->name, campaign,
							 persona_customer_time(decider->customer, contact->at));
	return false;
}

/* Judges one exclusion: what it forbids does not come within the period after what it protects. */
static bool
keep_exclusion(PersonaDecider *decider, const PersonaExclusion *exclusion, const PersonaCampaignChannel *way,
			   PcoreInstant at, PcoreInstant *until, const char **reason)
{
	bool		forbidden = persona_about_fits(&exclusion->then, &way->about);
	bool		protected = persona_about_fits(&exclusion->first, &way->about);

	for (int c = 0; (forbidden || protected) && c < decider->contact_count; c++)
	{
		const PersonaContact *contact = &decider->contacts[c];
		PcoreInstant changes[4] = {PCORE_END_OF_TIME, PCORE_END_OF_TIME, PCORE_END_OF_TIME, PCORE_END_OF_TIME};
		bool		clash = false;

		if (forbidden && persona_about_fits(&exclusion->first, &contact->about))
		{
			changes[0] = contact->at;
			changes[1] = exclusion->period == 0 ? PCORE_END_OF_TIME : pcore_add(contact->at, exclusion->period);
			clash = at >= changes[0] && at < changes[1];
		}
		if (protected && persona_about_fits(&exclusion->then, &contact->about))
		{
			changes[2] = exclusion->period == 0 ? PCORE_BEGIN_OF_TIME : pcore_add(contact->at, 1 - exclusion->period);
			changes[3] = pcore_add(contact->at, 1);
			clash |= at >= changes[2] && at < changes[3];
		}
		for (int i = 0; i < 4; i++)
			if (changes[i] > at)
				*until = pcore_min(*until, changes[i]);
		if (clash)
			return exclude(decider, exclusion, contact, reason);
	}
	return true;
}

/* Judges suppressions and exclusions for a contact at an instant. */
bool
persona_keep_quiet(PersonaDecider *decider, const PersonaCampaignChannel *way, PcoreInstant at,
				   PcoreInstant *until, PersonaStage *stage, const char **reason)
{
	const PersonaRules *rules = &decider->program->rules;

	*stage = PERSONA_STAGE_SUPPRESSION;
	if (!keep_suppressions(decider, way, at, until, reason))
		return false;
	*stage = PERSONA_STAGE_EXCLUSION;
	for (int e = 0; e < rules->exclusion_count; e++)
		if (!keep_exclusion(decider, &rules->exclusions[e], way, at, until, reason))
			return false;
	return true;
}

/* ---- holdouts and experiments ---- */

/* Tells whether an experiment keeps the campaign from the customer. */
static bool
is_outside(PersonaDecider *decider, const PersonaExperiment *experiment, int variation, const char **reason)
{
	const char *key = decider->customer->evaluation.key;
	int			chosen;

	if (experiment->space != NULL && !pcore_in_space(experiment->space, key, experiment->from, experiment->until))
	{
		*reason = persona_reason(decider, "experiment \"%s\" has another part of space \"%s\": the customer is at %g",
								 experiment->name, experiment->space, pcore_space_place(experiment->space, key));
		return true;
	}
	chosen = pcore_choose_variation(pcore_bucket(experiment->seed, key, experiment->version), experiment->count,
									experiment->ranges);
	if (chosen == variation)
		return false;
	*reason = chosen < 0 ? persona_reason(decider, "experiment \"%s\" does not cover the customer", experiment->name)
		: persona_reason(decider, "experiment \"%s\": variation %d, and the campaign is for %d", experiment->name,
						 chosen, variation);
	return true;
}

/* Tells whether a holdout or an experiment keeps the campaign from the customer. */
bool
persona_is_held_out(PersonaDecider *decider, const PersonaCampaign *campaign, const char **reason)
{
	const PersonaRules *rules = &decider->program->rules;

	for (int h = 0; h < rules->holdout_count; h++)
	{
		const PersonaHoldout *holdout = &rules->holdouts[h];
		double		place;

		if (holdout->campaign != PERSONA_NONE && holdout->campaign != campaign->about.campaign)
			continue;
		place = pcore_bucket(holdout->seed, decider->customer->evaluation.key, holdout->version);
		if (place >= holdout->share)
			continue;
		*reason = persona_reason(decider, "holdout \"%s\": the customer is at %g of [0, %g)", holdout->name, place,
								 holdout->share);
		return true;
	}
	return campaign->experiment != PERSONA_NONE
		&& is_outside(decider, &rules->experiments[campaign->experiment], campaign->variation, reason);
}
