/*
 * context.c - a json object as an event of kind "context".
 *
 * The definitions tell which members can matter.  They are the jsonb columns of
 * a row type that is made for a program, and the event goes through a
 * classifier like those of tables.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/context.h"
#include "catalog/pg_type.h"
#include "host.h"
#include "utils/builtins.h"

/* Events of the same instant come before it, whatever their source. */
#define CONTEXT_SOURCE 65535

struct PersonaContextShape
{
	PersonaClassifier *classifier;	/* NULL: no definition asks for it */
	int			count;
	Datum	   *names;			/* of the members that matter, as text */
	Datum	   *values;			/* of the event at hand */
	bool	   *nulls;
};

/* Adds the first part of a dotted path to a list of names, once. */
static List *
add_member(List *names, const char *path)
{
	char	   *name = pnstrdup(path, strcspn(path, "."));
	ListCell   *cell;

	foreach(cell, names)
		if (strcmp(lfirst(cell), name) == 0)
			return names;
	return lappend(names, name);
}

/* Adds the attributes that a "where" names. */
static List *
add_attributes(List *names, const PersonaCondition *where)
{
	if (where == NULL)
		return names;
	for (int i = 0; i < where->count; i++)
		names = add_attributes(names, where->parts[i]);
	return where->kind == PERSONA_ATTRIBUTE ? add_member(names, where->name) : names;
}

/* Lists the members that definitions ask for; *asked tells whether any asks for the event at all. */
static List *
members_asked(const PersonaConditions *set, bool *asked)
{
	List	   *names = NIL;

	*asked = false;
	for (int s = 0; s < set->selector_count; s++)
	{
		if (strcmp(set->selectors[s].kind, PERSONA_CONTEXT) != 0)
			continue;
		*asked = true;
		names = add_attributes(names, set->selectors[s].where);
		for (int v = 0; v < set->slot_count; v++)
			if (set->slots[v].where_of == PERSONA_NONE && bms_is_member(s, set->slots[v].selectors))
				names = add_member(names, set->slots[v].property);
	}
	return names;
}

/* Makes what a program needs to classify contexts. */
static struct PersonaContextShape *
make_shape(PersonaProgram *program)
{
	static const PersonaSource source = {.name = PERSONA_CONTEXT,.relation = "the context",.kind = PERSONA_CONTEXT};
	struct PersonaContextShape *shape = palloc0(sizeof(struct PersonaContextShape));
	PersonaRowShape row = {0};
	PersonaDefinition outer;
	bool		asked;
	List	   *names = members_asked(program->set, &asked);

	if (!asked)
		return shape;
	shape->count = list_length(names);
	shape->names = palloc(sizeof(Datum) * (shape->count + 1));
	shape->values = palloc0(sizeof(Datum) * (shape->count + 1));
	shape->nulls = palloc0(sizeof(bool) * (shape->count + 1));
	row.desc = CreateTemplateTupleDesc(shape->count);
	row.name = "the context";
	row.default_zone = &program->default_zone;
	for (int i = 0; i < shape->count; i++)
	{
		TupleDescInitEntry(row.desc, i + 1, list_nth(names, i), JSONBOID, -1, 0);
		shape->names[i] = CStringGetTextDatum(list_nth(names, i));
	}
	outer = persona_enter_definition("condition", NULL, ERRCODE_INVALID_PARAMETER_VALUE);
	shape->classifier = persona_classifier_bind(program->set, &source, CONTEXT_SOURCE, &row, NULL, NULL);
	persona_leave_definition(outer);
	return shape;
}

/* Returns the timeline of one context. */
PersonaTimeline *
persona_context_timeline(PersonaProgram *program, Jsonb *context, PcoreInstant at)
{
	struct PersonaContextShape *shape;

	if (!JB_ROOT_IS_OBJECT(context))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a context is a json object"),
				 errhint("For example {\"page\": \"cancel_form\"}.")));
	if (program->context_shape == NULL)
	{
		MemoryContext outer = MemoryContextSwitchTo(program->context);

		program->context_shape = make_shape(program);
		MemoryContextSwitchTo(outer);
	}
	shape = program->context_shape;
	if (shape->classifier == NULL)
		return NULL;
	for (int i = 0; i < shape->count; i++)
	{
		text	   *name = DatumGetTextPP(shape->names[i]);
		JsonbValue	key;
		JsonbValue *found;

		key.type = jbvString;
		key.val.string.val = VARDATA_ANY(name);
		key.val.string.len = VARSIZE_ANY_EXHDR(name);
		found = findJsonbValueFromContainer(&context->root, JB_FOBJECT, &key);
		shape->nulls[i] = found == NULL;
		shape->values[i] = found == NULL ? (Datum) 0 : JsonbPGetDatum(JsonbValueToJsonb(found));
	}
	return persona_classify_as(shape->classifier, NULL, program->hash, PERSONA_CONTEXT, at, 0, shape->values, shape->nulls);
}
