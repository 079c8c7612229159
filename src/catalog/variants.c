/*
 * variants.c - shares customers out among variants of a message.
 *
 * The variants divide [0, 1) by their weights, in the order of their names, and
 * a customer has the one where the hash puts him.  So a share that grows takes
 * from its neighbors only, and nobody's variant changes but by that.
 */
#include "postgres.h"

#include "catalog/variants.h"
#include "fmgr.h"
#include "utils/builtins.h"

/* Tells whether two texts, NULL being none, are the same. */
static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Tells whether two messages are variants of each other. */
static bool
are_variants(const PersonaMessage *a, const PersonaMessage *b)
{
	return a->weight > 0 && b->weight > 0 && a->position == b->position && same_text(a->language, b->language)
		&& same_text(a->placement, b->placement);
}

/* Finds the variants among the messages of a way. */
void
persona_variants_find(PersonaProgram *program, const PersonaCampaign *campaign, PersonaCampaignChannel *way)
{
	way->variants = palloc0(sizeof(struct PersonaVariants *) * (way->message_count + 1));
	for (int m = 0; m < way->message_count; m++)
	{
		const PersonaMessage *first = &program->messages[way->messages[m]];
		struct PersonaVariants *variants;
		double	   *weights;
		double		total = 0;

		if (way->variants[m] != NULL || first->weight <= 0)
			continue;
		variants = palloc0(sizeof(struct PersonaVariants));
		variants->seed = campaign->experience;
		variants->messages = palloc(sizeof(int) * way->message_count);
		variants->ranges = palloc(sizeof(PcoreRangeOfPlaces) * way->message_count);
		weights = palloc(sizeof(double) * way->message_count);
		for (int o = m; o < way->message_count; o++)
		{
			const PersonaMessage *other = &program->messages[way->messages[o]];

			if (!are_variants(first, other))
				continue;
			way->variants[o] = variants;
			weights[variants->count] = other->weight;
			variants->messages[variants->count++] = way->messages[o];
			total += other->weight;
		}
		for (int v = 0; v < variants->count; v++)
			weights[v] /= total;
		pcore_variation_ranges(variants->count, 1, weights, variants->count, variants->ranges);
	}
}

/* Returns which of the variants a customer has. */
int
persona_variant_of(const struct PersonaVariants *variants, const char *key)
{
	int			chosen = pcore_choose_variation(pcore_bucket(variants->seed, key, 2), variants->count, variants->ranges);

	/* Rounding may leave a gap behind the last one. */
	return chosen < 0 ? variants->count - 1 : chosen;
}
