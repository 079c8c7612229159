/*
 * classify.c - answers all selectors for one event row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "condition/classify.h"
#include "host.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* A "where" bound to the row type. */
typedef struct BoundWhere
{
	PersonaConditionKind kind;
	int			count;
	struct BoundWhere **parts;
	PersonaRowTest *test;
} BoundWhere;

/* The selectors of one kind. */
typedef struct KindSelectors
{
	const char *kind;
	int			count;
	int		   *selectors;
	int			slot_count;
	int		   *slots;			/* that may be kept of them */
} KindSelectors;

#define SEEN_KINDS 64			/* a power of two */
#define SEEN_KIND_BYTES 44

/* A value of the kind column that was seen. */
typedef struct SeenKind
{
	uint16		length;			/* 0: nothing yet */
	char		bytes[SEEN_KIND_BYTES];
	int			place;			/* among the kinds, or PERSONA_NONE */
} SeenKind;

struct PersonaClassifier
{
	const PersonaConditions *set;
	const PersonaSource *source;
	int			source_number;
	int			words;
	PcoreZone	zone;
	int			at_column;
	Oid			at_type;
	int			kind_column;
	Oid			kind_type;
	int16		kind_length;
	bool		kind_by_value;
	FmgrInfo	kind_output;
	SeenKind   *seen;
	int			sequence_column;
	Oid			sequence_type;
	int			kind_count;
	KindSelectors *kinds;
	BoundWhere **where;			/* by selector, NULL: none */
	PersonaRowValue **slots;	/* by slot, NULL: not of this source */
	uint64	   *bits;			/* of the row at hand */
	PersonaNewValue *values;	/* of the row at hand */
};

/* Tells whether a source can have events of a kind. */
bool
persona_source_has_kind(const PersonaSource *source, const char *kind)
{
	if (source->kind != NULL)
		return strcmp(source->kind, kind) == 0;
	for (int i = 0; i < source->kind_count; i++)
		if (strcmp(source->kinds[i], kind) == 0)
			return true;
	return source->kind_count == 0 && strcmp(kind, PERSONA_CONTEXT) != 0;
}

/* Binds a "where" to a row type. */
static BoundWhere *
bind_where(const PersonaCondition *where, const PersonaRowShape *shape, bool *missing)
{
	BoundWhere *bound = palloc0(sizeof(BoundWhere));

	check_stack_depth();
	bound->kind = where->kind;
	bound->count = where->count;
	if (where->kind == PERSONA_ATTRIBUTE)
		bound->test = persona_row_test_bind(where, shape, missing);
	else
	{
		bound->parts = palloc(sizeof(BoundWhere *) * Max(where->count, 1));
		for (int i = 0; i < where->count; i++)
			bound->parts[i] = bind_where(where->parts[i], shape, missing);
	}
	return bound;
}

/* Fails if a "where" names a column that a row type lacks. */
void
persona_where_check(const PersonaCondition *where, const PersonaRowShape *shape)
{
	if (where != NULL)
		(void) bind_where(where, shape, NULL);
}

/* Tells whether a row fulfills a "where". */
static bool
fulfills(const BoundWhere *where, const Datum *values, const bool *nulls, const PcoreZone *zone)
{
	switch (where->kind)
	{
		case PERSONA_ATTRIBUTE:
			return persona_row_test_passes(where->test, values, nulls, zone);
		case PERSONA_NOT:
			return !fulfills(where->parts[0], values, nulls, zone);
		case PERSONA_ALL:
			for (int i = 0; i < where->count; i++)
				if (!fulfills(where->parts[i], values, nulls, zone))
					return false;
			return true;
		default:
			for (int i = 0; i < where->count; i++)
				if (fulfills(where->parts[i], values, nulls, zone))
					return true;
			return false;
	}
}

/* Writes the outcome of each test of a "where", or what it will need. */
static void
keep_parts(const BoundWhere *where, const Datum *values, const bool *nulls, const PcoreZone *zone, StringInfo kept)
{
	if (where->kind != PERSONA_ATTRIBUTE)
	{
		for (int i = 0; i < where->count; i++)
			keep_parts(where->parts[i], values, nulls, zone, kept);
		return;
	}
	if (persona_row_test_is_relative(where->test))
		appendStringInfoString(kept, persona_row_test_keep(where->test, values, nulls));
	else
		appendStringInfoString(kept, persona_row_test_passes(where->test, values, nulls, zone) ? "1" : "0");
	appendStringInfoChar(kept, ' ');
}

/* Finds a column that the binding names; it was there when the relation was bound. */
static int
need_column(const PersonaRowShape *shape, const char *column, Oid *type)
{
	for (int i = 0; i < shape->desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(shape->desc, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), column) == 0)
		{
			*type = getBaseType(attribute->atttypid);
			return i + 1;
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("%s has no column \"%s\", which its binding names", shape->name, column),
			 errhint("Bind the relation again with persona.bind_events.")));
}

/* Tells whether a type counts as a number for sums. */
static bool
is_summable(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID || type == NUMERICOID
		|| type == FLOAT4OID || type == FLOAT8OID || type == JSONBOID;
}

/* Lists for each kind what may have to be kept of its events. */
static void
list_slots(PersonaClassifier *classifier)
{
	const PersonaConditions *set = classifier->set;

	for (int k = 0; k < classifier->kind_count; k++)
	{
		KindSelectors *kind = &classifier->kinds[k];

		kind->slots = palloc(sizeof(int) * (set->slot_count + 1));
		for (int v = 0; v < set->slot_count; v++)
			for (int i = 0; i < kind->count; i++)
				if (bms_is_member(kind->selectors[i], set->slots[v].selectors)
					&& (classifier->slots[v] != NULL || set->slots[v].where_of != PERSONA_NONE))
				{
					kind->slots[kind->slot_count++] = v;
					break;
				}
	}
}

/* Binds all selectors to the row type of a source. */
PersonaClassifier *
persona_classifier_bind(const PersonaConditions *set, const PersonaSource *source, int source_number,
						const PersonaRowShape *shape, bool *missing, bool *missing_slots)
{
	PersonaClassifier *classifier = palloc0(sizeof(PersonaClassifier));

	classifier->set = set;
	classifier->source = source;
	classifier->source_number = source_number;
	classifier->words = persona_conditions_words(set);
	classifier->zone = *shape->default_zone;
	if (source->at != NULL)
		classifier->at_column = need_column(shape, source->at, &classifier->at_type);
	if (source->kind_column != NULL)
	{
		Oid			output;
		bool		varlena;

		classifier->kind_column = need_column(shape, source->kind_column, &classifier->kind_type);
		getTypeOutputInfo(classifier->kind_type, &output, &varlena);
		fmgr_info_cxt(output, &classifier->kind_output, CurrentMemoryContext);
		get_typlenbyval(classifier->kind_type, &classifier->kind_length, &classifier->kind_by_value);
		classifier->seen = palloc0(sizeof(SeenKind) * SEEN_KINDS);
	}
	if (source->sequence != NULL)
		classifier->sequence_column = need_column(shape, source->sequence, &classifier->sequence_type);

	classifier->where = palloc0(sizeof(BoundWhere *) * (set->selector_count + 1));
	classifier->kinds = palloc0(sizeof(KindSelectors) * (set->selector_count + 1));
	for (int s = 0; s < set->selector_count; s++)
	{
		const PersonaSelector *selector = &set->selectors[s];
		bool		lacks = false;
		KindSelectors *kind = NULL;

		if (!persona_source_has_kind(source, selector->kind))
			continue;
		if (selector->where != NULL)
			classifier->where[s] = bind_where(selector->where, shape, &lacks);
		if (missing != NULL)
			missing[s] = lacks;
		for (int k = 0; k < classifier->kind_count && kind == NULL; k++)
			if (strcmp(classifier->kinds[k].kind, selector->kind) == 0)
				kind = &classifier->kinds[k];
		if (kind == NULL)
		{
			kind = &classifier->kinds[classifier->kind_count++];
			kind->kind = selector->kind;
			kind->selectors = palloc(sizeof(int) * set->selector_count);
		}
		kind->selectors[kind->count++] = s;
	}
	classifier->slots = palloc0(sizeof(PersonaRowValue *) * (set->slot_count + 1));
	for (int v = 0; v < set->slot_count; v++)
	{
		const PersonaSlot *slot = &set->slots[v];
		int			s = -1;
		bool		lacks = false;

		while ((s = bms_next_member(slot->selectors, s)) >= 0)
			if (persona_source_has_kind(source, set->selectors[s].kind))
				break;
		if (missing_slots != NULL)
			missing_slots[v] = s < 0;
		if (s < 0 || slot->where_of != PERSONA_NONE)
			continue;
		classifier->slots[v] = persona_row_value_bind(slot->property, shape, slot->needs->path, &lacks);
		if (missing_slots != NULL)
			missing_slots[v] = lacks;
		if (lacks)
			classifier->slots[v] = NULL;
		else if (slot->number && !is_summable(persona_row_value_type(classifier->slots[v])))
			persona_fail(ERRCODE_DATATYPE_MISMATCH, slot->needs->path,
						 psprintf("\"%s\" of %s is of type %s, which is no number", slot->property, shape->name,
								  format_type_be(persona_row_value_type(classifier->slots[v]))), NULL);
	}
	list_slots(classifier);
	classifier->bits = palloc0(sizeof(uint64) * classifier->words);
	classifier->values = palloc0(sizeof(PersonaNewValue) * (set->slot_count + 1));
	return classifier;
}

/* Finds the place of a kind among those that selectors ask for, or PERSONA_NONE. */
int
persona_classifier_kind(const PersonaClassifier *classifier, const char *kind)
{
	for (int k = 0; k < classifier->kind_count; k++)
		if (strcmp(classifier->kinds[k].kind, kind) == 0)
			return k;
	return PERSONA_NONE;
}

/*
 * Finds the place of the kind of an event row; the values of the kind column
 * that were seen last are remembered by their bytes.
 */
int
persona_classifier_row_kind(PersonaClassifier *classifier, const Datum *values, const bool *nulls)
{
	Datum		value;
	const char *bytes;
	Size		length;
	SeenKind   *seen;

	if (classifier->source->kind != NULL)
		return persona_classifier_kind(classifier, classifier->source->kind);
	/* An event without a kind did not happen. */
	if (nulls[classifier->kind_column - 1])
		return PERSONA_NONE;
	value = values[classifier->kind_column - 1];
	if (classifier->kind_length == -1)
	{
		struct varlena *flat = PG_DETOAST_DATUM_PACKED(value);

		bytes = VARDATA_ANY(flat);
		length = VARSIZE_ANY_EXHDR(flat);
		value = PointerGetDatum(flat);
	}
	else if (classifier->kind_by_value)
	{
		bytes = (const char *) &value;
		length = sizeof(Datum);
	}
	else
		return persona_classifier_kind(classifier, OutputFunctionCall(&classifier->kind_output, value));
	if (length == 0 || length > SEEN_KIND_BYTES)
		return persona_classifier_kind(classifier, OutputFunctionCall(&classifier->kind_output, value));
	seen = &classifier->seen[hash_bytes((const unsigned char *) bytes, length) & (SEEN_KINDS - 1)];
	if (seen->length != length || memcmp(seen->bytes, bytes, length) != 0)
	{
		seen->place = persona_classifier_kind(classifier, OutputFunctionCall(&classifier->kind_output, value));
		seen->length = length;
		memcpy(seen->bytes, bytes, length);
	}
	return seen->place;
}

/* Returns the bits of all events of a kind if they do not depend on the row, else NULL. */
const uint64 *
persona_classifier_kind_bits(PersonaClassifier *classifier, int kind)
{
	const KindSelectors *chosen = &classifier->kinds[kind];

	for (int i = 0; i < chosen->count; i++)
		if (classifier->where[chosen->selectors[i]] != NULL
			&& classifier->set->selectors[chosen->selectors[i]].kept_where == PERSONA_NONE)
			return NULL;
	return persona_classifier_bits(classifier, kind, NULL, NULL);
}

/* Shows the tests of a "where"; false when one is not taken. */
static bool
show_tests(const PersonaCondition *where, const BoundWhere *bound, PersonaTakeTest take, void *data)
{
	if (bound->kind == PERSONA_ATTRIBUTE)
		return take(data, where, bound->test);
	for (int i = 0; i < bound->count; i++)
		if (!show_tests(where->parts[i], bound->parts[i], take, data))
			return false;
	return true;
}

/* Shows the tests that decide, beside the kind, which bits a row of a kind gets. */
bool
persona_classifier_tests(const PersonaClassifier *classifier, int kind, PersonaTakeTest take, void *data)
{
	const KindSelectors *chosen = &classifier->kinds[kind];

	for (int i = 0; i < chosen->count; i++)
	{
		int			s = chosen->selectors[i];

		if (classifier->where[s] != NULL && classifier->set->selectors[s].kept_where == PERSONA_NONE
			&& !show_tests(classifier->set->selectors[s].where, classifier->where[s], take, data))
			return false;
	}
	return true;
}

/* Returns where a source has a property that is kept, or NULL. */
const PersonaRowValue *
persona_classifier_slot(const PersonaClassifier *classifier, int slot)
{
	return classifier->slots[slot];
}

/* Tells which selectors of a kind an event row fulfills; NULL if it fulfills none. */
const uint64 *
persona_classifier_bits(PersonaClassifier *classifier, int kind, const Datum *values, const bool *nulls)
{
	const KindSelectors *chosen = &classifier->kinds[kind];
	bool		any = false;

	memset(classifier->bits, 0, sizeof(uint64) * classifier->words);
	for (int i = 0; i < chosen->count; i++)
	{
		int			s = chosen->selectors[i];

		if (classifier->where[s] == NULL || classifier->set->selectors[s].kept_where != PERSONA_NONE
			|| fulfills(classifier->where[s], values, nulls, &classifier->zone))
		{
			classifier->bits[s / 64] |= UINT64CONST(1) << (s % 64);
			any = true;
		}
	}
	return any ? classifier->bits : NULL;
}

/* Returns what has to be kept of an event row of a kind that fulfills selectors. */
const PersonaNewValue *
persona_classifier_values(PersonaClassifier *classifier, int kind, const uint64 *bits, const Datum *values,
						  const bool *nulls, int *count)
{
	const PersonaConditions *set = classifier->set;
	const KindSelectors *chosen = &classifier->kinds[kind];

	*count = 0;
	for (int i = 0; i < chosen->slot_count; i++)
	{
		int			v = chosen->slots[i];
		int			s = -1;
		char	   *text;

		while ((s = bms_next_member(set->slots[v].selectors, s)) >= 0)
			if ((bits[s / 64] >> (s % 64)) & 1)
				break;
		if (s < 0)
			continue;
		if (set->slots[v].where_of != PERSONA_NONE)
		{
			StringInfoData kept;

			initStringInfo(&kept);
			keep_parts(classifier->where[s], values, nulls, &classifier->zone, &kept);
			text = kept.data;
		}
		else if (set->slots[v].number)
			text = persona_row_value_number(classifier->slots[v], values, nulls);
		else
			text = persona_row_value_text(classifier->slots[v], values, nulls, set->slots[v].shown, NULL);
		if (text == NULL)
			continue;
		classifier->values[*count].slot = v;
		classifier->values[*count].bytes = text;
		classifier->values[(*count)++].length = strlen(text);
	}
	return classifier->values;
}

/* Reads when an event of a bound relation happened; returns false if it did not: it has no time. */
bool
persona_classifier_time(const PersonaClassifier *classifier, const Datum *values, const bool *nulls,
						int64 *at, int64 *sequence)
{
	if (nulls[classifier->at_column - 1])
		return false;
	*at = DatumGetInt64(values[classifier->at_column - 1]);
	if (classifier->at_type == DATEOID)
	{
		DateADT		day = DatumGetDateADT(values[classifier->at_column - 1]);

		if (DATE_NOT_FINITE(day))
			return false;
		*at = pcore_instant(&classifier->zone, (int64) day * PCORE_DAY);
	}
	else if (TIMESTAMP_NOT_FINITE(*at))
		return false;
	else if (classifier->at_type == TIMESTAMPOID)
		*at = pcore_clock_instant(&classifier->zone, *at);
	*sequence = 0;
	if (classifier->sequence_column > 0 && !nulls[classifier->sequence_column - 1])
	{
		Datum		number = values[classifier->sequence_column - 1];

		*sequence = classifier->sequence_type == INT2OID ? DatumGetInt16(number)
			: classifier->sequence_type == INT4OID ? DatumGetInt32(number) : DatumGetInt64(number);
	}
	return true;
}

/* Adds the columns that a "where" reads. */
static Bitmapset *
where_columns(Bitmapset *columns, const BoundWhere *where)
{
	if (where == NULL)
		return columns;
	if (where->kind == PERSONA_ATTRIBUTE)
		return persona_row_test_column(where->test) > 0
			? bms_add_member(columns, persona_row_test_column(where->test)) : columns;
	for (int i = 0; i < where->count; i++)
		columns = where_columns(columns, where->parts[i]);
	return columns;
}

/* Lists the columns that classification reads. */
Bitmapset *
persona_classifier_columns(const PersonaClassifier *classifier)
{
	Bitmapset  *columns = NULL;

	for (int s = 0; s < classifier->set->selector_count; s++)
		columns = where_columns(columns, classifier->where[s]);
	for (int v = 0; v < classifier->set->slot_count; v++)
		if (classifier->slots[v] != NULL)
			columns = bms_add_member(columns, persona_row_value_column(classifier->slots[v]));
	if (classifier->at_column > 0)
		columns = bms_add_member(columns, classifier->at_column);
	if (classifier->kind_column > 0)
		columns = bms_add_member(columns, classifier->kind_column);
	if (classifier->sequence_column > 0)
		columns = bms_add_member(columns, classifier->sequence_column);
	return columns;
}

/* Adds an event row of a kind. */
static PersonaTimeline *
classify_kind(PersonaClassifier *classifier, PersonaTimeline *timeline, const uint8 *identity, int kind,
			  int64 at, int64 sequence, const Datum *values, const bool *nulls)
{
	const uint64 *bits = kind == PERSONA_NONE ? NULL : persona_classifier_bits(classifier, kind, values, nulls);
	const PersonaNewValue *kept;
	int			count;

	if (bits == NULL)
		return timeline;
	kept = persona_classifier_values(classifier, kind, bits, values, nulls, &count);
	if (timeline == NULL)
		timeline = persona_timeline_make(identity, classifier->words);
	return persona_timeline_append(timeline, at, sequence, classifier->source_number, bits, kept, count);
}

/* Adds an event row to a timeline if it fulfills a selector. */
PersonaTimeline *
persona_classify_as(PersonaClassifier *classifier, PersonaTimeline *timeline, const uint8 *identity,
					const char *kind, int64 at, int64 sequence, const Datum *values, const bool *nulls)
{
	return classify_kind(classifier, timeline, identity, persona_classifier_kind(classifier, kind), at, sequence,
						 values, nulls);
}

/* Adds an event row of a bound relation to a timeline if it fulfills a selector. */
PersonaTimeline *
persona_classify(PersonaClassifier *classifier, PersonaTimeline *timeline, const uint8 *identity,
				 const Datum *values, const bool *nulls)
{
	int			kind = persona_classifier_row_kind(classifier, values, nulls);
	int64		at;
	int64		sequence;

	/* An event without a time did not happen. */
	if (kind == PERSONA_NONE || !persona_classifier_time(classifier, values, nulls, &at, &sequence))
		return timeline;
	return classify_kind(classifier, timeline, identity, kind, at, sequence, values, nulls);
}
