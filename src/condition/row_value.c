/*
 * row_value.c - finds the value that a dotted path names in a row, and writes
 * it as text, for values that are kept with events or shown.
 *
 * Domains count as their base type; json is read as jsonb.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "condition/row_value.h"
#include "funcapi.h"
#include "host.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/bytea.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* Finds a live column by name; returns 0 when there is none. */
static int
find_column(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return i + 1;
	}
	return 0;
}

/* Lists the columns of a row type for a hint. */
static char *
list_columns(TupleDesc desc)
{
	char	   *list = pstrdup("");

	for (int i = 0; i < desc->natts && i < 60; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			list = psprintf("%s%s%s", list, list[0] ? ", " : "", NameStr(TupleDescAttr(desc, i)->attname));
	return list;
}

/* Finds the value that a dotted path names in a row type. */
PersonaRowValue *
persona_row_value_bind(const char *path_in_row, const PersonaRowShape *shape,
					   const char *json_path, bool *missing)
{
	PersonaRowValue *value = palloc0(sizeof(PersonaRowValue));
	char	   *rest = pstrdup(path_in_row);
	char	   *dot;
	int			parts = 1;
	Form_pg_attribute attribute;
	int			column = find_column(shape->desc, path_in_row);

	/* A column may itself have dots in its name; it comes first. */
	if (column == 0)
	{
		dot = strchr(rest, '.');
		if (dot != NULL)
			*dot = '\0';
		column = find_column(shape->desc, rest);
		if (column == 0 && shape->at_column != NULL && strcmp(rest, "at") == 0)
			column = find_column(shape->desc, shape->at_column);
		rest = dot == NULL ? NULL : dot + 1;
	}
	else
		rest = NULL;
	if (column == 0)
	{
		if (missing == NULL)
			persona_fail(ERRCODE_UNDEFINED_COLUMN, json_path,
						 psprintf("%s has no column \"%s\"", shape->name, path_in_row),
						 psprintf("Columns are: %s.", list_columns(shape->desc)));
		*missing = true;
		return value;
	}
	attribute = TupleDescAttr(shape->desc, column - 1);
	value->column = column;
	value->typmod = attribute->atttypmod;
	value->type = getBaseTypeAndTypmod(attribute->atttypid, &value->typmod);
	value->collation = attribute->attcollation;
	for (char *c = rest; c != NULL && *c != '\0'; c++)
		if (*c == '.')
			parts++;
	value->fields = palloc(sizeof(int) * parts);
	value->key_texts = palloc(sizeof(Datum) * parts);
	while (rest != NULL)
	{
		char	   *part = rest;

		dot = strchr(rest, '.');
		if (dot != NULL)
			*dot = '\0';
		rest = dot == NULL ? NULL : dot + 1;
		if (value->type == JSONBOID || value->type == JSONOID)
		{
			value->key_texts[value->keys++] = CStringGetTextDatum(part);
			continue;
		}
		if (get_typtype(value->type) == TYPTYPE_COMPOSITE)
		{
			TupleDesc	nested = lookup_rowtype_tupdesc(value->type, -1);
			int			field = find_column(nested, part);

			if (field == 0)
			{
				char	   *fields = list_columns(nested);

				ReleaseTupleDesc(nested);
				persona_fail(ERRCODE_UNDEFINED_COLUMN, json_path,
							 psprintf("type %s has no field \"%s\"", format_type_be(value->type), part),
							 psprintf("Fields are: %s.", fields));
			}
			attribute = TupleDescAttr(nested, field - 1);
			value->fields[value->depth++] = field;
			value->typmod = attribute->atttypmod;
			value->type = getBaseTypeAndTypmod(attribute->atttypid, &value->typmod);
			value->collation = attribute->attcollation;
			ReleaseTupleDesc(nested);
			continue;
		}
		persona_fail(ERRCODE_DATATYPE_MISMATCH, json_path,
					 psprintf("\"%s\" is of type %s, which has no part \"%s\"",
							  path_in_row, format_type_be(value->type), part),
					 "Paths lead into json, jsonb and composite columns.");
	}
	if (value->type == JSONOID)
	{
		value->from_json = true;
		value->type = JSONBOID;
	}
	{
		Oid			output;
		bool		varlena;

		getTypeOutputInfo(value->type, &output, &varlena);
		fmgr_info_cxt(output, &value->output, CurrentMemoryContext);
	}
	return value;
}

/* Returns the number of the column that a value is in; 0 when there is none. */
int
persona_row_value_column(const PersonaRowValue *value)
{
	return value->column;
}

/* Tells whether a value is a column as it is, not a part of it. */
bool
persona_row_value_is_plain(const PersonaRowValue *value)
{
	return value->column > 0 && value->depth == 0 && value->keys == 0 && !value->from_json;
}

/* Returns the type of the value (of json parts: jsonb). */
Oid
persona_row_value_type(const PersonaRowValue *value)
{
	return value->type;
}

/* Makes jsonb of json text; returns false when jsonb can't hold it ("\\u0000", huge numbers). */
static bool
json_to_jsonb(Datum json, Datum *jsonb)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool held = true;

	PG_TRY();
	{
		*jsonb = DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(json)));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION
			&& error->sqlerrcode != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
			PG_RE_THROW();
		FlushErrorState();
		held = false;
	}
	PG_END_TRY();
	return held;
}

/* Reads the value from a row; returns false when it is absent. */
bool
persona_row_value_fetch(const PersonaRowValue *value, const Datum *values, const bool *nulls, Datum *result)
{
	Datum		datum;

	if (value->column == 0 || nulls[value->column - 1])
		return false;
	datum = values[value->column - 1];
	for (int i = 0; i < value->depth; i++)
	{
		bool		null;

		datum = GetAttributeByNum(DatumGetHeapTupleHeader(datum), value->fields[i], &null);
		if (null)
			return false;
	}
	if (value->from_json && !json_to_jsonb(datum, &datum))
		return false;
	if (value->keys > 0)
	{
		bool		null = false;

		datum = jsonb_get_element(DatumGetJsonbP(datum), value->key_texts, value->keys, &null, false);
		if (null)
			return false;
	}
	*result = datum;
	return true;
}

/* Reads the scalar of a jsonb value; returns false when it is none, or null. */
bool
persona_json_scalar(Datum datum, JsonbValue *scalar)
{
	Jsonb	   *json = DatumGetJsonbP(datum);

	return JsonbExtractScalar(&json->root, scalar) && scalar->type != jbvNull;
}

/* Returns a number without trailing zeros, so that equal numbers have equal text. */
static char *
plain_number(Numeric number)
{
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));

	if (strchr(text, '.') != NULL)
	{
		char	   *end = text + strlen(text);

		while (end[-1] == '0')
			*--end = '\0';
		if (end[-1] == '.')
			end[-1] = '\0';
	}
	return text;
}

/* Rewrites "2026-03-01T10:00:00" for people: minutes are enough when the rest is zero. */
static char *
people_time(char *text)
{
	if (strlen(text) >= 19 && text[10] == 'T')
	{
		text[10] = ' ';
		if (strcmp(text + 16, ":00") == 0)
			text[16] = '\0';
	}
	return text;
}

/* Returns an instant on the wall clock of a zone, for people. */
char *
persona_instant_text(PcoreInstant instant, const PcoreZone *zone)
{
	char	   *text = palloc(MAXDATELEN + 1);

	if (instant == PCORE_BEGIN_OF_TIME || instant == PCORE_END_OF_TIME)
		return pstrdup(instant == PCORE_END_OF_TIME ? "infinity" : "-infinity");
	JsonEncodeDateTime(text, TimestampGetDatum(pcore_local(zone, instant)), TIMESTAMPOID, NULL);
	return people_time(text);
}

/* Returns a date or time as text in ISO form. */
static char *
time_text(Datum datum, Oid type, bool shown, const PcoreZone *zone)
{
	char	   *text;

	if (type == TIMESTAMPTZOID)
		return shown && zone != NULL ? persona_instant_text(DatumGetTimestampTz(datum), zone)
			: psprintf("%s" INT64_FORMAT, shown ? PERSONA_INSTANT_MARK : "", DatumGetTimestampTz(datum));
	text = palloc(MAXDATELEN + 1);
	JsonEncodeDateTime(text, datum, type, NULL);
	return shown && type == TIMESTAMPOID ? people_time(text) : text;
}

/* Tells whether a type writes its values in the same way whatever the session's settings are. */
static bool
is_written_alike(Oid type)
{
	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
		case NAMEOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case BOOLOID:
		case UUIDOID:
		case JSONBOID:
			return true;
		default:
			return false;
	}
}

/*
 * Writes a value as its type does it under the default settings.
 *
 * Texts are keys, buckets and messages, and the settings of a session have no
 * say in a decision.  The variables are set as such, since a change by way of
 * the settings' names costs much more than the value.
 */
static char *
write_by_default(FmgrInfo *output, Datum value)
{
	int			date_style = DateStyle;
	int			date_order = DateOrder;
	int			interval_style = IntervalStyle;
	int			float_digits = extra_float_digits;
	int			bytea_style = bytea_output;
	pg_tz	   *zone = session_timezone;
	char	   *volatile text = NULL;

	PG_TRY();
	{
		DateStyle = USE_ISO_DATES;
		DateOrder = DATEORDER_MDY;
		IntervalStyle = INTSTYLE_POSTGRES;
		extra_float_digits = 1;
		bytea_output = BYTEA_OUTPUT_HEX;
		session_timezone = pg_tzset("UTC");
		text = OutputFunctionCall(output, value);
	}
	PG_FINALLY();
	{
		DateStyle = date_style;
		DateOrder = date_order;
		IntervalStyle = interval_style;
		extra_float_digits = float_digits;
		bytea_output = bytea_style;
		session_timezone = zone;
	}
	PG_END_TRY();
	return text;
}

/* Returns a value as its type writes it; the padding of character(n) does not count. */
char *
persona_text_of(Oid type, FmgrInfo *output, Datum value)
{
	FmgrInfo	own;

	if (type == BPCHAROID)
		return TextDatumGetCString(DirectFunctionCall1(rtrim1, value));
	if (output == NULL)
	{
		Oid			function;
		bool		varlena;

		getTypeOutputInfo(type, &function, &varlena);
		fmgr_info(function, &own);
		output = &own;
	}
	return is_written_alike(type) ? OutputFunctionCall(output, value) : write_by_default(output, value);
}

/* Returns the value as text, or NULL when it is absent. */
char *
persona_row_value_text(const PersonaRowValue *value, const Datum *data, const bool *nulls,
					   bool shown, const PcoreZone *zone)
{
	Datum		datum;

	if (!persona_row_value_fetch(value, data, nulls, &datum))
		return NULL;
	if (value->type == JSONBOID)
	{
		JsonbValue	scalar;

		if (persona_json_scalar(datum, &scalar))
		{
			if (scalar.type == jbvString)
				return pnstrdup(scalar.val.string.val, scalar.val.string.len);
			if (scalar.type == jbvNumeric)
				return shown ? DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(scalar.val.numeric)))
					: plain_number(scalar.val.numeric);
			return pstrdup(scalar.val.boolean ? "true" : "false");
		}
		if (JB_ROOT_IS_SCALAR(DatumGetJsonbP(datum)))
			return NULL;
		return OutputFunctionCall((FmgrInfo *) &value->output, datum);
	}
	if (persona_is_time_type(value->type))
		return time_text(datum, value->type, shown, zone);
	if (value->type == NUMERICOID && !shown)
		return plain_number(DatumGetNumeric(datum));
	if ((value->type == FLOAT4OID || value->type == FLOAT8OID) && !shown)
	{
		double		number = value->type == FLOAT4OID ? DatumGetFloat4(datum) : DatumGetFloat8(datum);

		/* One text per number, whatever extra_float_digits says. */
		return psprintf("%.17g", number == 0 ? 0.0 : number);
	}
	return persona_text_of(value->type, (FmgrInfo *) &value->output, datum);
}

/* Returns a value that is a number as text, or NULL when it is absent or no number. */
char *
persona_row_value_number(const PersonaRowValue *value, const Datum *data, const bool *nulls)
{
	Datum		datum;
	JsonbValue	scalar;

	if (value->type == JSONBOID
		&& (!persona_row_value_fetch(value, data, nulls, &datum) || !persona_json_scalar(datum, &scalar) || scalar.type != jbvNumeric))
		return NULL;
	return persona_row_value_text(value, data, nulls, false, NULL);
}
