/*
 * number.h - numbers as they are written in JSON, compared exactly.
 */
#ifndef PERSONA_NUMBER_H
#define PERSONA_NUMBER_H

#include "core/core.h"

/*
 * Compares two numbers in JSON's syntax by value, of whatever size and number
 * of digits: less than, equal to or more than 0.
 */
extern int	pcore_number_compare(const char *a, const char *b);

#endif							/* PERSONA_NUMBER_H */
