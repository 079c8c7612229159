/*
 * factors.c - reads what a campaign's score is made of.
 *
 * score = propensity * value * urgency * weight - cost.  A factor is a number or
 * an SQL expression; one that persona.arbitration switches off is 1 for all
 * campaigns, its definitions being checked nevertheless.  A cost that is
 * switched off is not taken off, but is what it is: budgets are spent by it.
 */
#include "postgres.h"

#include "catalog/factors.h"
#include "catalog/members.h"
#include "catalog/pg_type.h"
#include "core/text.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/typcache.h"

static const char *const factor_names[PERSONA_FACTOR_COUNT] = {"propensity", "value", "urgency", "weight", "cost"};

/* Reads which factors count, and the weights of kinds of experiences. */
void
persona_arbitration_read(PersonaProgram *program, const PersonaJson *json)
{
	const PersonaJson *arbitration = member(json, "arbitration");

	program->experiences = object_list(json, "experiences");
	program->levers = object_list(json, "levers");
	if (arbitration == NULL)
		return;
	if (arbitration->kind != PERSONA_JSON_OBJECT)
		malformed("arbitration", "an object is expected");
	for (int f = 0; f < PERSONA_FACTOR_COUNT; f++)
	{
		const PersonaJson *on = member(arbitration, factor_names[f]);

		if (on != NULL && on->kind != PERSONA_JSON_TRUE && on->kind != PERSONA_JSON_FALSE)
			malformed(psprintf("arbitration.%s", factor_names[f]), "true or false is expected");
		program->factor_is_off[f] = on != NULL && on->kind == PERSONA_JSON_FALSE;
	}
}

/* Returns the weight of a campaign's kind of experience. */
static Numeric
kind_weight(const PersonaProgram *program, const PersonaCampaign *campaign)
{
	const char *kind = NULL;

	for (int e = 0; e < program->experiences->count; e++)
		if (strcmp(need_text(&program->experiences->items[e], "name"), campaign->experience) == 0)
			kind = text_member(&program->experiences->items[e], "kind");
	for (int l = 0; l < program->levers->count && kind != NULL; l++)
		if (strcmp(need_text(&program->levers->items[l], "kind"), kind) == 0)
			return numeric_or(&program->levers->items[l], "weight", 1);
	return int64_to_numeric(1);
}

/* Tells whether a text is a plain number: digits with a sign, a point and an exponent. */
static bool
is_number(const char *text)
{
	size_t		whole;
	size_t		fraction = 0;

	text += strspn(text, " ");
	if (*text == '-' || *text == '+')
		text++;
	text += whole = strspn(text, "0123456789");
	if (*text == '.')
	{
		text++;
		text += fraction = strspn(text, "0123456789");
	}
	if (whole + fraction == 0)
		return false;
	if (*text == 'e' || *text == 'E')
	{
		text++;
		if (*text == '-' || *text == '+')
			text++;
		whole = strspn(text, "0123456789");
		if (whole == 0)
			return false;
		text += whole;
	}
	text += strspn(text, " ");
	return *text == '\0';
}

/* Reads a factor; "key" NULL: the item itself. */
static PersonaFactor
read_factor(PersonaProgram *program, const PersonaCampaign *campaign, PersonaFactorKind kind, const PersonaJson *json,
			const char *place)
{
	PersonaFactor factor = {NULL, int64_to_numeric(kind == PERSONA_COST ? 0 : 1), PERSONA_NONE};

	if (json == NULL)
		factor.constant = factor.otherwise;
	else if (json->kind != PERSONA_JSON_NUMBER && json->kind != PERSONA_JSON_STRING)
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, place, "a number or an SQL expression is expected", NULL);
	else if (json->kind == PERSONA_JSON_NUMBER || is_number(json->text))
	{
		factor.constant = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(json->text),
															  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
		if (kind != PERSONA_VALUE && persona_compare_numbers(factor.constant, int64_to_numeric(0)) < 0)
			persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, place, psprintf("%s is negative", json->text),
						 "Only the value may be, for what should rather not be said.");
	}
	else
	{
		factor.expression = program->expression_count++;
		program->expressions = program->expressions == NULL ? palloc(sizeof(PersonaExpression *))
			: repalloc(program->expressions, sizeof(PersonaExpression *) * program->expression_count);
		program->expressions[factor.expression] =
			persona_expression_read(program->set, campaign->trigger == PERSONA_NONE ? PERSONA_NONE
									: program->triggers[campaign->trigger].node, json->text, place);
	}
	if (program->factor_is_off[kind] && kind != PERSONA_COST)
	{
		factor.constant = factor.otherwise;
		factor.expression = PERSONA_NONE;
	}
	return factor;
}

/* Reads one stretch of urgency: {"last": "1 day", "factor": 2}. */
static void
read_stretch(PersonaProgram *program, const PersonaCampaign *campaign, const PersonaJson *json, const char *place,
			 PersonaStretch *stretch)
{
	static const char *const keys[] = {"first", "after", "last"};
	const PersonaJson *length = NULL;
	const char *problem;
	int			count = 0;

	if (json->kind != PERSONA_JSON_OBJECT)
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, place, "an object is expected", NULL);
	for (int i = 0; i < json->count; i++)
	{
		bool		known = strcmp(json->keys[i], "factor") == 0;

		for (int k = 0; k < (int) lengthof(keys); k++)
			if (strcmp(json->keys[i], keys[k]) == 0)
			{
				known = true;
				stretch->kind = (PersonaStretchKind) k;
				length = &json->items[i];
				count++;
			}
		if (!known)
			persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, place, psprintf("unknown key \"%s\"", json->keys[i]),
						 "Keys are: factor, and one of first, after, last.");
	}
	if (count != 1 || member(json, "factor") == NULL)
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, place, "one of first, after and last is expected, and a factor", NULL);
	place = psprintf("%s.%s", place, keys[stretch->kind]);
	if (length->kind != PERSONA_JSON_STRING)
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, place, "a length of time is expected, such as \"1 day\"", NULL);
	if (!pcore_duration_parse(length->text, &stretch->length, &problem))
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, place, problem, NULL);
	if (stretch->length <= 0)
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, place, "the length must be above zero", NULL);
	stretch->factor = read_factor(program, campaign, PERSONA_URGENCY, member(json, "factor"),
								  psprintf("%.*sfactor", (int) (strrchr(place, '.') - place + 1), place));
}

/* Reads the stretches of urgency. */
static void
read_urgency(PersonaProgram *program, PersonaCampaign *campaign, const PersonaJson *json)
{
	const PersonaJson *urgency = member(json, "urgency");
	char	   *place = psprintf("campaign \"%s\": urgency", campaign->name);

	if (urgency == NULL)
		return;
	if (urgency->kind != PERSONA_JSON_ARRAY)
		persona_fail(ERRCODE_INVALID_PARAMETER_VALUE, place, "a list is expected", NULL);
	campaign->stretches = palloc0(sizeof(PersonaStretch) * (urgency->count + 1));
	for (int i = 0; i < urgency->count; i++)
		read_stretch(program, campaign, &urgency->items[i], psprintf("%s[%d]", place, i), &campaign->stretches[i]);
	if (!program->factor_is_off[PERSONA_URGENCY])
		campaign->stretch_count = urgency->count;
}

/* Reads the factors of a campaign. */
void
persona_factors_read(PersonaProgram *program, PersonaCampaign *campaign, const PersonaJson *json)
{
	PersonaFactor *const factors[PERSONA_FACTOR_COUNT] = {
		&campaign->propensity, &campaign->value, NULL, &campaign->weight, &campaign->cost
	};
	PersonaDefinition outer = persona_enter_definition("factor", NULL, ERRCODE_INVALID_PARAMETER_VALUE);

	for (int f = 0; f < PERSONA_FACTOR_COUNT; f++)
		if (factors[f] != NULL)
			*factors[f] = read_factor(program, campaign, (PersonaFactorKind) f, member(json, factor_names[f]),
									  psprintf("campaign \"%s\": %s", campaign->name, factor_names[f]));
	campaign->cohort_value = campaign->cohort == PERSONA_NONE || program->factor_is_off[PERSONA_VALUE]
		? int64_to_numeric(1) : program->cohorts[campaign->cohort].value;
	read_urgency(program, campaign, json);
	persona_leave_definition(outer);
}

/* Finds what a way adds to its campaign's factors. */
void
persona_factors_of_way(PersonaProgram *program, const PersonaCampaign *campaign, PersonaCampaignChannel *way)
{
	const PersonaChannel *channel = &program->channels[way->channel];
	PersonaScore *score = &way->score;

	way->lever = program->factor_is_off[PERSONA_WEIGHT] ? int64_to_numeric(1)
		: numeric_mul_opt_error(kind_weight(program, campaign), channel->weight, NULL);
	way->cost = channel->cost;
	way->constant = campaign->propensity.constant != NULL && campaign->value.constant != NULL
		&& campaign->weight.constant != NULL && campaign->cost.constant != NULL && campaign->stretch_count == 0
		&& (channel->affinity_column == NULL || program->factor_is_off[PERSONA_PROPENSITY]);
	if (!way->constant)
		return;
	score->propensity = program->factor_is_off[PERSONA_PROPENSITY] ? campaign->propensity.constant
		: numeric_mul_opt_error(campaign->propensity.constant, channel->affinity, NULL);
	score->value = numeric_mul_opt_error(campaign->value.constant, campaign->cohort_value, NULL);
	score->urgency = int64_to_numeric(1);
	score->weight = numeric_mul_opt_error(campaign->weight.constant, way->lever, NULL);
	score->cost = numeric_add_opt_error(campaign->cost.constant, way->cost, NULL);
	score->price = int64_to_numeric(0);
	persona_score_compute(program, score);
}

/* Computes a score from its factors. */
void
persona_score_compute(const PersonaProgram *program, PersonaScore *score)
{
	Numeric		product = numeric_mul_opt_error(score->propensity, score->value, NULL);

	product = numeric_mul_opt_error(product, score->urgency, NULL);
	product = numeric_mul_opt_error(product, score->weight, NULL);
	if (!program->factor_is_off[PERSONA_COST])
		product = numeric_sub_opt_error(product, score->cost, NULL);
	score->score = numeric_sub_opt_error(product, score->price, NULL);
}

/* Compares two numbers, as qsort wants it. */
int
persona_compare_numbers(Numeric left, Numeric right)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(left), NumericGetDatum(right)));
}

/* Returns the type in which an expression sees a property of a type, or InvalidOid. */
static Oid
seen_type(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return NUMERICOID;
		case BOOLOID:
		case TIMESTAMPTZOID:
			return type;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
			return TEXTOID;
		default:
			return type_is_enum(type) ? TEXTOID : InvalidOid;
	}
}

/* Returns the type in which an expression sees a column of events. */
static Oid
event_type(void *data, const PersonaExpression *expression, const PersonaOperand *operand)
{
	const PersonaProgram *program = data;
	const char *kind;
	Oid			found = InvalidOid;

	if (operand->slot == PERSONA_NONE)
		return TIMESTAMPTZOID;
	kind = program->set->selectors[operand->selector].kind;
	if (strcmp(kind, PERSONA_CONTEXT) == 0)
		return TEXTOID;
	for (int s = 0; s < program->source_count; s++)
	{
		PersonaRowShape row;
		PersonaRowValue *value;
		bool		missing = false;
		Oid			type;

		if (!persona_source_has_kind(&program->sources[s], kind))
			continue;
		row = persona_source_shape(program, s);
		value = persona_row_value_bind(operand->name, &row, expression->place, &missing);
		if (missing)
			continue;
		/* A part of json is shown as text; the expression casts it. */
		type = persona_row_value_type(value) == JSONBOID && strchr(operand->name, '.') != NULL ? TEXTOID
			: seen_type(persona_row_value_type(value));
		if (!OidIsValid(type))
			persona_fail(ERRCODE_DATATYPE_MISMATCH, expression->place,
						 psprintf("column \"%s\" of %s is of type %s", operand->name, row.name,
								  format_type_be(persona_row_value_type(value))),
						 "Of events, expressions see numbers, text, enums, booleans, timestamps with time zone, and parts of json.");
		if (OidIsValid(found) && found != type)
			persona_fail(ERRCODE_DATATYPE_MISMATCH, expression->place,
						 psprintf("column \"%s\" is of different types in the relations with events of kind \"%s\"",
								  operand->name, kind), NULL);
		found = type;
	}
	if (!OidIsValid(found))
		persona_fail(ERRCODE_UNDEFINED_COLUMN, expression->place,
					 psprintf("no bound relation with events of kind \"%s\" has a column \"%s\"", kind, operand->name), NULL);
	return found;
}

/* Binds all expressions to a row type of customers. */
void
persona_factors_bind(PersonaProgram *program, PersonaCustomerShape *shape, const PersonaRowShape *row)
{
	PersonaDefinition outer = persona_enter_definition("expression", NULL, ERRCODE_INVALID_PARAMETER_VALUE);

	shape->expressions = palloc0(sizeof(PersonaBoundExpression *) * (program->expression_count + 1));
	for (int e = 0; e < program->expression_count; e++)
		shape->expressions[e] = persona_expression_bind(program->expressions[e], row, event_type, program);
	persona_leave_definition(outer);
}
