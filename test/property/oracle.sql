--------------------------------------------------------------------------------
-- oracle: conditions in plain SQL
--
-- oracle.condition(c) translates a condition to a boolean SQL expression, from
-- the words of the language alone: it calls no function of persona, keeps no
-- state, and looks at one instant only.  The expression is over
--
--   c   a row of prop.customer
--   p   with p.zone, the customer's zone; p.t, the instant of the question; and
--       p.d, until when there is data: events later than that don't exist
--
-- All parts are two-valued: coalesce(..., false) around the positive form of
-- each test, and NOT around that for its complement.
--------------------------------------------------------------------------------

CREATE SCHEMA oracle;

CREATE FUNCTION oracle.default_zone() RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN 'Europe/Berlin';

-- The customers' zones, the default for none and for unknown ones.
CREATE TABLE oracle.zone (name text PRIMARY KEY);
INSERT INTO oracle.zone SELECT DISTINCT z FROM unnest(prop.zones()) AS z WHERE z IN (SELECT name FROM pg_timezone_names);

CREATE FUNCTION oracle.known_zone(name text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN coalesce((SELECT z.name FROM oracle.zone AS z WHERE z.name = known_zone.name), oracle.default_zone());

-- The sources of events; "at" is an expression over a row e.
CREATE TABLE oracle.source (place integer, relation regclass, kind text, kind_column text, kinds text[], at_column text, at text, sequence text);
INSERT INTO oracle.source VALUES
	(0, 'persona.contact', 'contact', NULL, NULL, 'send_at', 'e.send_at', 'e.contact_id'),
	(1, 'prop.orders', 'order', NULL, NULL, 'placed_at', 'e.placed_at', 'e.id'),
	(2, 'prop.clicks', NULL, 'kind', '{view,cart_add,login}', 'at', 'e.at', 'e.n'),
	(3, 'prop.visits', 'visit', NULL, NULL, 'entered', format('(e.entered AT TIME ZONE %L)', oracle.default_zone()), '0'),
	(4, 'prop.legacy', NULL, 'what', NULL, 'moment', 'e.moment', 'e.step'),
	(5, 'prop.deliveries', 'delivery', NULL, NULL, 'day', format('oracle.day_begin(e.day, %L)', oracle.default_zone()), '0');

-- The definitions of cohorts that conditions refer to.
CREATE TABLE oracle.cohort (name text PRIMARY KEY, condition jsonb NOT NULL);

--------------------------------------------------------------------------------
-- Values: what a dotted path names in a row
--------------------------------------------------------------------------------

CREATE TYPE oracle.value AS (
	expression text,	-- NULL if the relation has no such column
	type text			-- 'jsonb' inside json
);

CREATE FUNCTION oracle.value(relation regclass, alias text, path text, at_column text DEFAULT NULL) RETURNS oracle.value
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	parts text[] := string_to_array(path, '.');
	holder oid := relation;
	result oracle.value;
	field record;
BEGIN
	FOR i IN 1 .. coalesce(cardinality(parts), 0) LOOP
		IF result.type = 'jsonb' THEN
			result.expression := format('(%s #> %L::text[])', result.expression, parts[i:]);
			RETURN result;
		END IF;
		SELECT a.attname, t.typrelid,
			format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, -1) AS type
		INTO field
		FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
		WHERE a.attrelid = holder AND a.attnum > 0
			AND (a.attname = parts[i] OR i = 1 AND parts[i] = 'at' AND a.attname = at_column);
		IF NOT FOUND THEN
			RETURN NULL;
		END IF;
		result.expression := CASE WHEN i = 1 THEN format('%s.%I', alias, field.attname)
			ELSE format('(%s).%I', result.expression, field.attname) END;
		result.type := field.type;
		holder := field.typrelid;
		IF field.type = 'json' THEN
			result.expression := result.expression || '::jsonb';
			result.type := 'jsonb';
		END IF;
	END LOOP;
	RETURN result;
END
$$;

-- A value as a number; json values that are none have none.
CREATE FUNCTION oracle.number(value oracle.value) RETURNS text
	LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN value.expression IS NULL OR value.type IN ('text', 'date', 'timestamp with time zone', 'text[]') THEN 'NULL::numeric'
		WHEN value.type = 'jsonb' THEN format('CASE WHEN jsonb_typeof(%1$s) = ''number'' THEN (%1$s #>> ''{}'')::numeric END', value.expression)
		ELSE format('(%s)::numeric', value.expression) END;

-- A value in a form in which equal ones are equal, whatever their types: as
-- text, numbers without trailing zeros.
CREATE FUNCTION oracle.plain(value jsonb) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN CASE jsonb_typeof(value) WHEN 'number' THEN to_jsonb(trim_scale((value #>> '{}')::numeric)::text)
		WHEN 'boolean' THEN to_jsonb(value #>> '{}') WHEN 'null' THEN NULL ELSE value END;

CREATE FUNCTION oracle.identity(value oracle.value) RETURNS text
	LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN value.expression IS NULL THEN 'NULL::jsonb'
		WHEN value.type = 'jsonb' THEN format('oracle.plain(%s)', value.expression)
		ELSE format('oracle.plain(to_jsonb(%s))', value.expression) END;

--------------------------------------------------------------------------------
-- Time
--------------------------------------------------------------------------------

-- A length of time as an SQL interval in microseconds, so that a day has 24 hours in every zone.
CREATE FUNCTION oracle.length(written text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT
	RETURN format('interval ''%s microseconds''', (extract(epoch FROM written::interval) * 1000000)::bigint);

CREATE FUNCTION oracle.is_length(written text) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT
	RETURN written ~ '^\d+ (microsecond|second|minute|hour|day|week)s?( |$)';

-- A day's first instant: its midnight, the first of two if there are two, or what
-- comes instead if there is none.
CREATE FUNCTION oracle.day_begin(day timestamp, zone text) RETURNS timestamptz
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	result timestamptz := day AT TIME ZONE zone;
	change timestamptz := date_trunc('minute', result);
BEGIN
	IF isfinite(day) AND result AT TIME ZONE zone <> day THEN
		WHILE (change - interval '1 microsecond') AT TIME ZONE zone >= day LOOP
			change := change - interval '1 minute';
		END LOOP;
		RETURN change;
	ELSIF (result - interval '60 minutes') AT TIME ZONE zone = day THEN
		RETURN result - interval '60 minutes';
	END IF;
	RETURN result;
END
$$;

-- A time as written in a condition, as an instant in a zone.
CREATE FUNCTION oracle.instant(written text, zone text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT
	RETURN CASE WHEN written ~ '(Z|[+-]\d\d(:?\d\d)?)$' AND written ~ '\d:\d\d' THEN format('%L::timestamptz', written)
		WHEN written LIKE '%:%' THEN format('(%L::timestamp AT TIME ZONE %s)', written, zone)
		ELSE format('oracle.day_begin(%L, %s)', written, zone) END;

-- A period of the calendar around an instant, or a day or an instant that is
-- written out: where it begins and where it has ended.
CREATE FUNCTION oracle.stretch(written text, zone text, t text, OUT begins text, OUT ends text)
	LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
DECLARE
	words text[] := string_to_array(written, ' ');
	unit text := 'day';
	from_unit integer;
	until_unit integer;
	months integer;
	step text;
	bound text := 'oracle.day_begin(date_trunc(%L, %s AT TIME ZONE %s) + interval %L, %s)';
BEGIN
	IF written ~ '^\d' THEN
		begins := oracle.instant(written, zone);
		IF written ~ '^\d+-\d+-\d+$' THEN
			ends := format('oracle.day_begin(%L::date + 1, %s)', written, zone);
		ELSE
			ends := format('(%s + interval ''1 microsecond'')', begins);
		END IF;
		RETURN;
	END IF;
	CASE
		WHEN written = 'today' THEN from_unit := 0;
		WHEN written = 'yesterday' THEN from_unit := -1;
		WHEN written = 'tomorrow' THEN from_unit := 1;
		WHEN words[2] ~ '^\d+$' THEN
			from_unit := 1 - words[2]::integer;
			until_unit := 1;
		ELSE
			unit := words[2];
			from_unit := array_position(ARRAY['last', 'this', 'next'], words[1]) - 2;
	END CASE;
	until_unit := coalesce(until_unit, from_unit + 1);
	months := CASE unit WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'year' THEN 12 END;
	step := CASE WHEN months IS NOT NULL THEN 'month' ELSE unit END;
	begins := format(bound, unit, t, zone, format('%s %s', from_unit * coalesce(months, 1), step), zone);
	ends := format(bound, unit, t, zone, format('%s %s', until_unit * coalesce(months, 1), step), zone);
END
$$;

-- Whether an instant lies in a window that ends at t, or in a period around t.
CREATE FUNCTION oracle.within(instant text, written text, zone text, t text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
DECLARE
	s record;
BEGIN
	IF oracle.is_length(written) THEN
		RETURN format('(%1$s > %2$s - %3$s AND %1$s <= %2$s)', instant, t, oracle.length(written));
	END IF;
	s := oracle.stretch(written, zone, t);
	RETURN format('(%1$s >= %2$s AND %1$s < %3$s)', instant, s.begins, s.ends);
END
$$;

-- Whether it lies before a window that ends at t, or before a period.
CREATE FUNCTION oracle.before(instant text, written text, zone text, t text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT
	RETURN CASE WHEN oracle.is_length(written) THEN format('(%s <= %s - %s)', instant, t, oracle.length(written))
		ELSE format('(%s < %s)', instant, (oracle.stretch(written, zone, t)).begins) END;

-- A json string as an instant in a zone, if it is written like a date or a time.
CREATE FUNCTION oracle.json_instant(value jsonb, zone text) RETURNS timestamptz
	LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
DECLARE
	written text := value #>> '{}';
BEGIN
	IF jsonb_typeof(value) <> 'string'
		OR written !~ '^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)?)?$' THEN
		RETURN NULL;
	ELSIF written ~ '\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)$' THEN
		RETURN written::timestamptz;
	END IF;
	RETURN CASE WHEN written LIKE '%:%' THEN written::timestamp AT TIME ZONE zone ELSE oracle.day_begin(written::timestamp, zone) END;
EXCEPTION WHEN datetime_field_overflow THEN
	RETURN NULL;
END
$$;

-- Whether a day has an anniversary from day "low" to day "high": the same month
-- and day of a later year, 29 February counting on 1 March in common years.
CREATE FUNCTION oracle.anniversary(born date, low date, high date) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
BEGIN
	FOR day IN 0 .. high - low LOOP
		IF isfinite(born) AND extract(year FROM low + day) > extract(year FROM born)
			AND (to_char(low + day, 'MMDD') = to_char(born, 'MMDD')
				OR to_char(born, 'MMDD') = '0229' AND to_char(low + day, 'MMDD') = '0301'
					AND to_char(low + day - 1, 'MMDD') = '0228') THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END
$$;

--------------------------------------------------------------------------------
-- Tests of attributes
--------------------------------------------------------------------------------

-- An operand in the type of the value that it is compared with.
CREATE FUNCTION oracle.operand(operand jsonb, value oracle.value, zone text) RETURNS text
	LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN value.type = 'timestamp with time zone' THEN oracle.instant(operand #>> '{}', zone)
		ELSE format('%L::%s', operand #>> '{}', value.type) END;

-- A comparison of an SQL expression; "fold" is put around both sides.
CREATE FUNCTION oracle.compare(expression text, operator text, operands text[]) RETURNS text
	LANGUAGE sql IMMUTABLE
	RETURN CASE operator
		WHEN 'is' THEN format('%s = %s', expression, operands[1])
		WHEN 'in' THEN format('%s IN (%s)', expression, array_to_string(operands, ', '))
		WHEN 'at_least' THEN format('%s >= %s', expression, operands[1])
		WHEN 'more_than' THEN format('%s > %s', expression, operands[1])
		WHEN 'at_most' THEN format('%s <= %s', expression, operands[1])
		WHEN 'less_than' THEN format('%s < %s', expression, operands[1])
		WHEN 'between' THEN format('%s BETWEEN %s AND %s', expression, operands[1], operands[2]) END;

CREATE FUNCTION oracle.matches(expression text, operator text, operand text, fold boolean) RETURNS text
	LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
	IF operator = 'matches' THEN
		RETURN format('%s %s %L', expression, CASE WHEN fold THEN '~*' ELSE '~' END, operand);
	ELSIF operator = 'like' THEN
		RETURN format('%s %s %L', expression, CASE WHEN fold THEN 'ILIKE' ELSE 'LIKE' END, operand);
	END IF;
	IF fold THEN
		expression := format('lower(%s)', expression);
		operand := lower(operand);
	END IF;
	RETURN CASE operator
		WHEN 'starts_with' THEN format('left(%s, %s) = %L', expression, length(operand), operand)
		WHEN 'ends_with' THEN format('right(%s, %s) = %L', expression, length(operand), operand)
		WHEN 'contains' THEN format('strpos(%s, %L) > 0', expression, operand) END;
END
$$;

CREATE FUNCTION oracle.operands(value jsonb) RETURNS jsonb[]
	LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN jsonb_typeof(value) = 'array' THEN ARRAY(SELECT jsonb_array_elements(value)) ELSE ARRAY[value] END;

-- A test of the positive form of an operator: true, false or NULL.
CREATE FUNCTION oracle.test(value oracle.value, operator text, written jsonb, fold boolean, zone text, named_zone text, t text) RETURNS text
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	v text := value.expression;
	json boolean := value.type = 'jsonb';
	operands jsonb[] := oracle.operands(written);
	kind text := jsonb_typeof(operands[1]);
	word text := written #>> '{}';
	instant text;
	s record;
BEGIN
	IF v IS NULL THEN
		RETURN 'NULL::boolean';
	END IF;

	IF operator = 'known' THEN
		RETURN format(CASE WHEN json THEN '(%1$s IS NOT NULL AND %1$s <> ''null'')' ELSE '(%1$s IS NOT NULL)' END, v);
	END IF;

	IF operator IN ('is', 'in', 'at_least', 'more_than', 'at_most', 'less_than', 'between') THEN
		IF json AND operator IN ('is', 'in') AND NOT fold THEN
			RETURN format('%s IN (%s)', v, (SELECT string_agg(format('%L::jsonb', o), ', ') FROM unnest(operands) AS o));
		ELSIF json THEN
			-- a value of another kind than the operand does not match it
			RETURN format('CASE WHEN jsonb_typeof(%s) = %L THEN %s END', v, kind, oracle.compare(
				CASE kind WHEN 'number' THEN format('(%s #>> ''{}'')::numeric', v)
					ELSE format(CASE WHEN fold THEN 'lower(%s #>> ''{}'')' ELSE '(%s #>> ''{}'')' END, v) END, operator,
				ARRAY(SELECT CASE kind WHEN 'number' THEN o #>> '{}'
					ELSE quote_literal(CASE WHEN fold THEN lower(o #>> '{}') ELSE o #>> '{}' END) END FROM unnest(operands) AS o)));
		ELSIF fold THEN
			RETURN oracle.compare(format('lower(%s)', v), operator,
				ARRAY(SELECT quote_literal(lower(o #>> '{}')) FROM unnest(operands) AS o));
		END IF;
		RETURN oracle.compare(v, operator, ARRAY(SELECT oracle.operand(o, value, coalesce(named_zone, zone)) FROM unnest(operands) AS o));
	END IF;

	IF operator IN ('starts_with', 'ends_with', 'contains', 'like', 'matches') THEN
		IF json THEN
			RETURN format('CASE WHEN jsonb_typeof(%s) = ''string'' THEN %s END', v,
				oracle.matches(format('(%s #>> ''{}'')', v), operator, word, fold));
		END IF;
		RETURN oracle.matches(v, operator, word, fold);
	END IF;

	IF operator IN ('contains_any', 'contains_all') THEN
		IF json THEN
			RETURN format('CASE WHEN jsonb_typeof(%s) = ''array'' THEN (%s) END', v,
				(SELECT string_agg(format('EXISTS (SELECT FROM jsonb_array_elements(%s) AS j (item) WHERE j.item = %L::jsonb)', v, o),
					CASE operator WHEN 'contains_any' THEN ' OR ' ELSE ' AND ' END) FROM unnest(operands) AS o));
		END IF;
		RETURN format('%s %s %L::%s', v, CASE operator WHEN 'contains_any' THEN '&&' ELSE '@>' END,
			ARRAY(SELECT o #>> '{}' FROM unnest(operands) AS o), value.type);
	END IF;

	zone := coalesce(named_zone, zone);
	instant := CASE value.type
		WHEN 'timestamp with time zone' THEN v
		WHEN 'timestamp without time zone' THEN format('(%s AT TIME ZONE %s)', v, zone)
		WHEN 'date' THEN format('oracle.day_begin(%s, %s)', v, zone)
		WHEN 'jsonb' THEN format('oracle.json_instant(%s, %s)', v, zone) END;
	IF operator = 'within_last' THEN
		RETURN oracle.within(instant, word, zone, t);
	ELSIF operator = 'within_next' THEN
		RETURN format('(%1$s > %2$s AND %1$s <= %2$s + %3$s)', instant, t, oracle.length(word));
	ELSIF operator = 'before' THEN
		RETURN oracle.before(instant, word, zone, t);
	ELSIF operator = 'after' AND oracle.is_length(word) THEN
		RETURN format('(%s > %s + %s)', instant, t, oracle.length(word));
	ELSIF operator = 'after' THEN
		RETURN format('(%s >= %s)', instant, (oracle.stretch(word, zone, t)).ends);
	ELSIF operator = 'on' THEN
		s := oracle.stretch(word, zone, t);
		RETURN format('(%1$s >= %2$s AND %1$s < %3$s)', instant, s.begins, s.ends);
	ELSIF operator = 'anniversary_within' THEN
		RETURN format('oracle.anniversary(%1$s, (%2$s AT TIME ZONE %3$s)::date + (%4$s), (%2$s AT TIME ZONE %3$s)::date + (%5$s))',
			CASE value.type WHEN 'date' THEN v WHEN 'timestamp without time zone' THEN v || '::date'
				ELSE format('(%s AT TIME ZONE %s)::date', instant, zone) END,
			t, zone, split_part(written ->> 0, ' ', 1), split_part(written ->> 1, ' ', 1));
	END IF;
	RAISE EXCEPTION 'operator "%"', operator;
END
$$;

-- {"attribute": ...} of a row
CREATE FUNCTION oracle.attribute(c jsonb, relation regclass, alias text, at_column text, zone text, t text) RETURNS text
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	operator text := (SELECT k FROM jsonb_object_keys(c) AS k WHERE k NOT IN ('attribute', 'zone', 'case'));
	positive text := CASE operator WHEN 'is_not' THEN 'is' WHEN 'not_in' THEN 'in' WHEN 'contains_none' THEN 'contains_any' ELSE operator END;
	test text := format('coalesce(%s, false)', oracle.test(oracle.value(relation, alias, c ->> 'attribute', at_column), positive, c -> operator,
		c ? 'case', zone, CASE WHEN c ? 'zone' THEN quote_literal(oracle.known_zone(c ->> 'zone')) END, t));
BEGIN
	IF operator <> positive OR operator = 'known' AND NOT (c -> 'known')::boolean THEN
		RETURN format('(NOT %s)', test);
	END IF;
	RETURN test;
END
$$;

--------------------------------------------------------------------------------
-- Events
--------------------------------------------------------------------------------

-- all, any and not, over whatever their parts are
CREATE FUNCTION oracle.list(parts text[], connective text, empty text) RETURNS text
	LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN cardinality(parts) = 0 THEN empty ELSE '(' || array_to_string(parts, connective) || ')' END;

CREATE FUNCTION oracle.event_where(c jsonb, source oracle.source) RETURNS text
	LANGUAGE plpgsql STABLE
AS $$
BEGIN
	RETURN CASE
		WHEN c IS NULL THEN 'true'
		WHEN c ? 'all' THEN oracle.list(ARRAY(SELECT oracle.event_where(part, source) FROM jsonb_array_elements(c -> 'all') AS part), ' AND ', 'true')
		WHEN c ? 'any' THEN oracle.list(ARRAY(SELECT oracle.event_where(part, source) FROM jsonb_array_elements(c -> 'any') AS part), ' OR ', 'false')
		WHEN c ? 'not' THEN format('(NOT %s)', oracle.event_where(c -> 'not', source))
		-- the key of a keyed condition, as oracle.keyed writes it
		WHEN c ? '@key' THEN format('coalesce(%s = keyed.key, false)', oracle.identity(oracle.value(source.relation, 'e', c ->> '@key', source.at_column)))
		-- what depends on the instant of the question is read on the customer's clock
		ELSE oracle.attribute(c, source.relation, 'e', source.at_column,
			CASE WHEN c ?| ARRAY['within_last', 'within_next', 'anniversary_within']
					OR coalesce(c ->> 'before', c ->> 'after', c ->> 'on', '0000-') !~ '^\d{4}-' THEN 'p.zone'
				ELSE quote_literal(oracle.default_zone()) END, 'p.t') END;
END
$$;

-- The type of a property of a kind of events, in the first source that has it.
CREATE FUNCTION oracle.property_type(kind text, property text) RETURNS text
	LANGUAGE sql STABLE
	RETURN (SELECT v.type
		FROM oracle.source AS o CROSS JOIN LATERAL oracle.value(o.relation, 'e', property, o.at_column) AS v
		WHERE (o.kind = property_type.kind OR o.kind_column IS NOT NULL AND (o.kinds IS NULL OR property_type.kind = ANY (o.kinds)))
			AND v.expression IS NOT NULL
		ORDER BY o.place LIMIT 1);

-- The customer's events of a kind up to now, as a sub-query: at, place and
-- sequence, whether they pass a second "where", a property as a number, in its
-- own type and in a form without type, and all properties that must be equal.
CREATE FUNCTION oracle.events(kind text, condition jsonb, second jsonb DEFAULT NULL, property text DEFAULT NULL, same text[] DEFAULT '{}')
RETURNS text
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	result text;
	s oracle.source;
	own_type text := coalesce(oracle.property_type(kind, property), 'text');
BEGIN
	FOR s IN
		SELECT * FROM oracle.source AS o
		WHERE o.kind = events.kind OR o.kind_column IS NOT NULL AND (o.kinds IS NULL OR events.kind = ANY (o.kinds))
		ORDER BY o.place
	LOOP
		result := concat_ws(' UNION ALL ', result, format(
			'SELECT %s AS at, %s AS place, %s::bigint AS sequence, %s AS passed, %s AS number, %s AS own, %s AS value%s FROM %s AS e WHERE e.customer = c.key AND %s <= least(p.t, p.d)%s AND %s',
			s.at, s.place, s.sequence, oracle.event_where(second, s),
			CASE WHEN property IS NULL THEN 'NULL::numeric' ELSE oracle.number(oracle.value(s.relation, 'e', property, s.at_column)) END,
			coalesce((oracle.value(s.relation, 'e', property, s.at_column)).expression, 'NULL') || '::' || own_type,
			CASE WHEN property IS NULL THEN 'NULL::jsonb' ELSE oracle.identity(oracle.value(s.relation, 'e', property, s.at_column)) END,
			(SELECT string_agg(format(', %s AS %I', oracle.identity(oracle.value(s.relation, 'e', name, s.at_column)), 'same_' || name), '')
			 FROM unnest(same) AS name),
			s.relation, s.at,
			CASE WHEN s.kind_column IS NOT NULL THEN format(' AND e.%I = %L', s.kind_column, kind) END,
			oracle.event_where(condition, s)));
	END LOOP;
	RETURN '(' || result || ')';
END
$$;

-- A comparison of what is measured, as in {"at_least": 3}: of a number, or of a
-- value of another type.
CREATE FUNCTION oracle.number_test(expression text, test jsonb, value oracle.value DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	operator text := (SELECT k FROM jsonb_object_keys(test) AS k
		WHERE k IN ('is', 'is_not', 'in', 'not_in', 'at_least', 'more_than', 'at_most', 'less_than', 'between'));
	positive text := CASE operator WHEN 'is_not' THEN 'is' WHEN 'not_in' THEN 'in' ELSE operator END;
BEGIN
	RETURN format('(%s coalesce(%s, false))', CASE WHEN operator <> positive THEN 'NOT' END,
		oracle.compare(expression, positive, ARRAY(
			SELECT CASE WHEN value IS NULL THEN o #>> '{}' ELSE oracle.operand(o, value, quote_literal(oracle.default_zone())) END
			FROM unnest(oracle.operands(test -> operator)) AS o)));
END
$$;

-- The same for a length of time, which may be absent.
CREATE FUNCTION oracle.length_test(expression text, test jsonb) RETURNS text
	LANGUAGE sql STABLE
	RETURN (SELECT format('(%s coalesce(%s, false))', CASE WHEN k IN ('is_not', 'not_in') THEN 'NOT' END,
			oracle.compare(expression, CASE k WHEN 'is_not' THEN 'is' WHEN 'not_in' THEN 'in' ELSE k END,
				ARRAY(SELECT oracle.length(o #>> '{}') FROM unnest(oracle.operands(test -> k)) AS o)))
		FROM jsonb_object_keys(test) AS k
		WHERE k IN ('is', 'is_not', 'in', 'not_in', 'at_least', 'more_than', 'at_most', 'less_than', 'between'));

-- {"event": ...}
CREATE FUNCTION oracle.event(c jsonb) RETURNS text
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	measure text := (SELECT k FROM jsonb_object_keys(c) AS k WHERE k IN ('times', 'sum', 'avg', 'min', 'max', 'distinct', 'first', 'last', 'every', 'gap'));
	zone text := CASE WHEN c ? 'zone' THEN quote_literal(oracle.known_zone(c ->> 'zone')) ELSE 'p.zone' END;
	chosen text := concat_ws(' AND ', 'true', oracle.within('v.at', c ->> 'within', zone, 'p.t'), oracle.before('v.at', c ->> 'before', zone, 'p.t'));
	test jsonb := c -> measure;
	own_type text;
	period text;
BEGIN
	IF measure IS NULL THEN
		RETURN format('EXISTS (SELECT FROM %s AS v WHERE %s)', oracle.events(c ->> 'event', c -> 'where'), chosen);
	ELSIF measure = 'times' THEN
		RETURN oracle.number_test(format('(SELECT count(*) FROM %s AS v WHERE %s)', oracle.events(c ->> 'event', c -> 'where'), chosen), test);
	ELSIF measure IN ('sum', 'avg', 'min', 'max', 'distinct') THEN
		own_type := oracle.property_type(c ->> 'event', test #>> '{}');
		RETURN oracle.number_test(format(CASE
				WHEN measure = 'sum' THEN '(SELECT coalesce(sum(v.number), 0) FROM %s AS v WHERE %s)'
				WHEN measure = 'distinct' THEN '(SELECT count(DISTINCT v.value) FROM %s AS v WHERE %s)'
				WHEN own_type IN ('text', 'date', 'timestamp with time zone') THEN '(SELECT ' || measure || '(v.own) FROM %s AS v WHERE %s)'
				ELSE '(SELECT ' || measure || '(v.number) FROM %s AS v WHERE %s)' END,
			oracle.events(c ->> 'event', c -> 'where', NULL, test #>> '{}'), chosen), c, CASE WHEN measure IN ('min', 'max') THEN CASE own_type
				WHEN 'timestamp with time zone' THEN ROW('', own_type)::oracle.value
				WHEN 'text' THEN ROW('', own_type)::oracle.value
				WHEN 'date' THEN ROW('', own_type)::oracle.value END END);
	ELSIF measure IN ('first', 'last') THEN
		RETURN format('coalesce((SELECT v.passed%s%s FROM %s AS v WHERE %s ORDER BY v.at %5$s, v.place %5$s, v.sequence %5$s LIMIT 1), false)',
			' AND ' || oracle.within('v.at', test ->> 'within', zone, 'p.t'),
			' AND ' || oracle.before('v.at', test ->> 'before', zone, 'p.t'),
			oracle.events(c ->> 'event', c -> 'where', test -> 'where'), chosen,
			CASE measure WHEN 'first' THEN 'ASC' ELSE 'DESC' END);
	ELSIF measure = 'gap' THEN
		RETURN oracle.length_test(format(CASE c ->> 'gap'
				WHEN 'longest' THEN '(SELECT max(g.gap) FROM (SELECT v.at - lag(v.at) OVER (ORDER BY v.at) AS gap FROM %s AS v WHERE %s) AS g)'
				WHEN 'shortest' THEN '(SELECT min(g.gap) FROM (SELECT v.at - lag(v.at) OVER (ORDER BY v.at) AS gap FROM %s AS v WHERE %s) AS g)'
				WHEN 'average' THEN '(SELECT floor(extract(epoch FROM max(v.at) - min(v.at)) * 1000000 / nullif(count(*) - 1, 0)) * interval ''1 microsecond'' FROM %s AS v WHERE %s)'
				ELSE '(SELECT max(g.at) - min(g.at) FROM (SELECT v.at, count(*) OVER () AS n FROM %s AS v WHERE %s ORDER BY v.at DESC LIMIT 2) AS g WHERE g.n > 1)' END,
			oracle.events(c ->> 'event', c -> 'where'), chosen), c);
	ELSIF measure = 'every' THEN
		period := oracle.length(test ->> 'period');
		RETURN oracle.number_test(format('(SELECT count(*) FROM generate_series(0, %s) AS k WHERE EXISTS (SELECT FROM %s AS v'
				' WHERE v.at > p.t - (k + 1) * %s AND v.at <= p.t - k * %s))',
			(test ->> 'of')::integer - 1, oracle.events(c ->> 'event', c -> 'where'), period, period), test);
	END IF;
	RAISE EXCEPTION 'measure "%"', measure;
END
$$;

--------------------------------------------------------------------------------
-- Sequences: a self join, with NOT EXISTS for what must not happen
--------------------------------------------------------------------------------

-- The steps with repetitions written out; the first of all steps has nothing to
-- keep a distance from or to be equal to.
CREATE FUNCTION oracle.steps(c jsonb) RETURNS jsonb
	LANGUAGE sql STABLE
	RETURN (SELECT jsonb_agg(CASE WHEN s.place = 1 AND k = 1 THEN s.step - ARRAY['within', 'after', 'same', 'times'] ELSE s.step - 'times' END
			ORDER BY s.place, k)
		FROM jsonb_array_elements(c -> 'sequence') WITH ORDINALITY AS s (step, place)
			CROSS JOIN LATERAL generate_series(1, coalesce((s.step -> 'times')::integer, 1)) AS k);

CREATE FUNCTION oracle.sequence(c jsonb) RETURNS text
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	steps jsonb := oracle.steps(c);
	step jsonb;
	previous integer;
	tables text[] := '{}';
	conditions text[] := '{}';
	same text;
	property text;
	all_properties text[] := ARRAY(SELECT DISTINCT p FROM jsonb_array_elements(steps) AS s, jsonb_array_elements_text(s -> 'same') AS p);
	place text := '(%1$s.at, %1$s.place, %1$s.sequence)';
	deadline text := 'interval ''0''';
BEGIN
	FOR i IN 0 .. jsonb_array_length(steps) - 1 LOOP
		step := steps -> i;
		IF step ? 'no' THEN
			same := '';
			FOR property IN SELECT jsonb_array_elements_text(step -> 'same') LOOP
				same := same || format(' AND n.%1$I = v%2$s.%1$I', 'same_' || property, previous);
			END LOOP;
			IF step ? 'for' THEN
				deadline := format('greatest(%s, %s)', deadline, oracle.length(step ->> 'for'));
				-- at the end: not within the time after the last event, and that time is over
				conditions := conditions || format('p.t >= v%s.at + %s', previous, oracle.length(step ->> 'for'))
					|| format('NOT EXISTS (SELECT FROM %1$s AS n WHERE n.at > v%2$s.at AND n.at <= v%2$s.at + %3$s%4$s)',
						oracle.events(step ->> 'no', step -> 'where', NULL, NULL, all_properties), previous, oracle.length(step ->> 'for'), same);
			ELSE
				-- between two events; the later one is not known yet
				conditions := conditions || format('NOT EXISTS (SELECT FROM %s AS n WHERE %s > %s AND %s < NEXT%s)',
					oracle.events(step ->> 'no', step -> 'where', NULL, NULL, all_properties),
					format(place, 'n'), format(place, 'v' || previous), format(place, 'n'), same);
			END IF;
			CONTINUE;
		END IF;
		tables := tables || format('%s AS v%s', oracle.events(step ->> 'event', step -> 'where', NULL, NULL, all_properties), i);
		IF previous IS NULL THEN
			IF c ? 'within' THEN
				conditions := conditions || format('v%s.at > p.t - %s', i, oracle.length(c ->> 'within'));
			END IF;
		ELSE
			conditions := ARRAY(SELECT replace(k, 'NEXT', format(place, 'v' || i)) FROM unnest(conditions) AS k)
				|| format('%s > %s', format(place, 'v' || i), format(place, 'v' || previous));
			IF step ? 'within' THEN
				conditions := conditions || format('v%s.at < v%s.at + %s', i, previous, oracle.length(step ->> 'within'));
			END IF;
			IF step ? 'after' THEN
				conditions := conditions || format('v%s.at >= v%s.at + %s', i, previous, oracle.length(step ->> 'after'));
			END IF;
			FOR property IN SELECT jsonb_array_elements_text(step -> 'same') LOOP
				conditions := conditions || format('v%2$s.%1$I = v%3$s.%1$I', 'same_' || property, i, previous);
			END LOOP;
		END IF;
		previous := i;
	END LOOP;
	IF c ? 'completed_within' THEN
		conditions := conditions || format('p.t < v%s.at + %s + %s', previous, deadline, oracle.length(c ->> 'completed_within'));
	END IF;
	RETURN format('EXISTS (SELECT FROM %s%s)', array_to_string(tables, ', '), ' WHERE ' || NULLIF(array_to_string(conditions, ' AND '), ''));
END
$$;

--------------------------------------------------------------------------------
-- Buckets: FNV-1a, version 2
--------------------------------------------------------------------------------

CREATE FUNCTION oracle.fnv1a(written text) RETURNS bigint
	LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
DECLARE
	bytes bytea := convert_to(written, 'UTF8');
	hash bigint := 2166136261;
BEGIN
	FOR i IN 0 .. length(bytes) - 1 LOOP
		hash := ((hash # get_byte(bytes, i)) * 16777619) & 4294967295;
	END LOOP;
	RETURN hash;
END
$$;

CREATE FUNCTION oracle.share(seed text, key text) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT
	RETURN oracle.fnv1a(oracle.fnv1a(seed || key)::text) % 10000 / 10000.0;

--------------------------------------------------------------------------------
-- Conditions
--------------------------------------------------------------------------------

-- All objects in a condition that name a kind of events, those in cohorts left out.
CREATE FUNCTION oracle.looks(c jsonb) RETURNS SETOF jsonb
	LANGUAGE sql STABLE
	RETURN jsonb_path_query(c, 'strict $.** ? (@.type() == "object" && (exists(@.event) || exists(@.no)))');

-- A condition whose events are those of one key: keyed.key.
CREATE FUNCTION oracle.keyed(c jsonb, property text) RETURNS jsonb
	LANGUAGE plpgsql STABLE
AS $$
BEGIN
	IF jsonb_typeof(c) = 'array' THEN
		RETURN (SELECT coalesce(jsonb_agg(oracle.keyed(part, property)), '[]') FROM jsonb_array_elements(c) AS part);
	ELSIF jsonb_typeof(c) = 'object' AND c ?| ARRAY['event', 'no'] THEN
		RETURN c || jsonb_build_object('where', jsonb_build_object('all', jsonb_build_array(jsonb_build_object('@key', property), coalesce(c -> 'where', '{"all": []}'))));
	ELSIF jsonb_typeof(c) = 'object' THEN
		RETURN (SELECT coalesce(jsonb_object_agg(key, CASE WHEN key IN ('all', 'any', 'not', 'sequence', 'held') THEN oracle.keyed(value, property) ELSE value END), '{}')
			FROM jsonb_each(c));
	END IF;
	RETURN c;
END
$$;

-- {"per": ..., ...}: some key for which there is an event that is looked at, up to now
CREATE FUNCTION oracle.per(c jsonb) RETURNS text
	LANGUAGE plpgsql STABLE
AS $$
BEGIN
	RETURN format('EXISTS (SELECT FROM (%s) AS keyed WHERE keyed.key IS NOT NULL AND %s)',
		(SELECT string_agg(format('SELECT v.value AS key FROM %s AS v', oracle.events(coalesce(look ->> 'event', look ->> 'no'), look -> 'where', NULL, c ->> 'per')), ' UNION ')
		 FROM oracle.looks(c - 'per') AS look),
		oracle.condition(oracle.keyed(c - 'per', c ->> 'per')));
END
$$;

-- {"held": ..., "for": ...}: it held when the length began, and at each instant
-- since at which it may have changed: that of an event, or later by a sum of the
-- lengths in it.  The generator puts nothing else inside that changes with time.
CREATE FUNCTION oracle.held(c jsonb) RETURNS text
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	lengths text[] := ARRAY(SELECT DISTINCT oracle.length(l #>> '{}') FROM jsonb_path_query(c -> 'held', 'strict $.**') AS l
		WHERE jsonb_typeof(l) = 'string' AND oracle.is_length(l #>> '{}'));
	looks text := (SELECT string_agg(format('SELECT v.at FROM %s AS v', oracle.events(coalesce(look ->> 'event', look ->> 'no'), look -> 'where')), ' UNION ')
		FROM oracle.looks(c -> 'held') AS look);
	sums text := (SELECT string_agg(format('(%s)', l), ', ') FROM unnest(lengths || ARRAY['interval ''0''']) AS l);
BEGIN
	RETURN format('(SELECT bool_and(h.holds) FROM (SELECT %1$s AS holds FROM (SELECT q.zone, i.s AS t, q.d FROM (SELECT p.zone, p.t, p.d) AS q, LATERAL ('
			'SELECT q.t - %2$s AS s UNION SELECT e.at + a.l + b.l FROM (%3$s) AS e, (VALUES %4$s) AS a (l), (VALUES %4$s) AS b (l)'
			' WHERE e.at + a.l + b.l > q.t - %2$s AND e.at + a.l + b.l <= q.t) AS i) AS p) AS h)',
		oracle.condition(c -> 'held'), oracle.length(c ->> 'for'), looks, sums);
END
$$;

CREATE FUNCTION oracle.condition(c jsonb) RETURNS text
	LANGUAGE plpgsql STABLE
AS $$
BEGIN
	RETURN CASE
		WHEN c ? 'per' THEN oracle.per(c)
		WHEN c ? 'held' THEN oracle.held(c)
		WHEN c ? 'all' THEN oracle.list(ARRAY(SELECT oracle.condition(part) FROM jsonb_array_elements(c -> 'all') AS part), ' AND ', 'true')
		WHEN c ? 'any' THEN oracle.list(ARRAY(SELECT oracle.condition(part) FROM jsonb_array_elements(c -> 'any') AS part), ' OR ', 'false')
		WHEN c ? 'not' THEN format('(NOT %s)', oracle.condition(c -> 'not'))
		WHEN c ? 'cohort' THEN oracle.condition((SELECT d.condition FROM oracle.cohort AS d WHERE d.name = c ->> 'cohort'))
		WHEN c ? 'attribute' THEN oracle.attribute(c, 'prop.customer', 'c', NULL, 'p.zone', 'p.t')
		WHEN c ? 'event' THEN oracle.event(c)
		WHEN c ? 'sequence' THEN oracle.sequence(c)
		WHEN c ? 'bucket' THEN format('(oracle.share(%L, c.key) >= %s AND oracle.share(%L, c.key) < %s)',
			c #>> '{bucket,seed}', c #>> '{bucket,from}', c #>> '{bucket,seed}', c #>> '{bucket,to}') END;
END
$$;
