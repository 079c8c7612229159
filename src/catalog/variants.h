/*
 * variants.h - messages among which customers are shared out.
 *
 * Messages of one way with the same language, placement and position that have a
 * weight are variants of each other: each customer has one of them, by the
 * published hash of the experience's name and the customer's key.
 */
#ifndef PERSONA_VARIANTS_H
#define PERSONA_VARIANTS_H

#include "catalog/program.h"
#include "core/text.h"

struct PersonaVariants
{
	const char *seed;
	int			count;
	int		   *messages;		/* numbers, in the order of their names */
	PcoreRangeOfPlaces *ranges;
};

/* Finds the variants among the messages of a way, which are in order. */
extern void persona_variants_find(PersonaProgram *program, const PersonaCampaign *campaign, PersonaCampaignChannel *way);

/* Returns which of the variants a customer has. */
extern int	persona_variant_of(const struct PersonaVariants *variants, const char *key);

#endif							/* PERSONA_VARIANTS_H */
