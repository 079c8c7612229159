-- column_types: every type that PostgreSQL orders is compared as PostgreSQL
-- compares it, with its collation; the other operators on the types that have them.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
\set SHOW_CONTEXT never
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TYPE mood AS ENUM ('well', 'sad', 'angry');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN amount AS numeric(10, 2) CHECK (VALUE >= 0);
CREATE DOMAIN small_amount AS amount CHECK (VALUE < 1000);
CREATE DOMAIN humor AS mood;
CREATE DOMAIN word AS text COLLATE "C" CHECK (VALUE <> '?');
CREATE COLLATION soft (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE COLLATION german (provider = icu, locale = 'de');

-- Each type with some values, written as its input takes them, and how they
-- are written in JSON.
CREATE TABLE tried (n integer GENERATED ALWAYS AS IDENTITY, type text, kind text, literals text[]);
INSERT INTO tried (type, kind, literals) VALUES
	('smallint', 'number', '{-3,0,7}'), ('integer', 'number', '{-2147483648,0,7,2147483647}'),
	('bigint', 'number', '{-9223372036854775808,0,9007199254740992,9007199254740993,9223372036854775807}'),
	('numeric', 'number', '{-1e30,0,0.1,0.10000000000000000000000001,7.50,1e30}'), ('numeric(6,2)', 'number', '{-5,0,0.1,7.5}'),
	('real', 'number', '{-0.5,0,0.1,16777216}'), ('double precision', 'number', '{-0.5,0,0.1,9007199254740993}'), ('money', 'number', '{-5,0,12.34}'),
	('oid', 'number', '{0,7,4294967295}'), ('amount', 'number', '{0,0.1,7.5}'), ('small_amount', 'number', '{0,7.5,999}'),
	('text', 'string', '{"",A,Z,a,ä,b,zz}'), ('text COLLATE "C"', 'string', '{"",A,Z,a,ä,b}'), ('text COLLATE german', 'string', '{"",A,Z,a,ä,b}'),
	('text COLLATE soft', 'string', '{"",a,A,Ä,b}'), ('varchar(4)', 'string', '{"",A,a,abcd}'), ('varchar(4) COLLATE soft', 'string', '{a,A,b}'),
	('character(4)', 'string', '{"",A,a,ab,abcd}'), ('name', 'string', '{"",A,a,abc}'), ('"char"', 'string', '{A,a,b}'), ('word', 'string', '{"",A,a}'),
	('uuid', 'string', '{00000000-0000-0000-0000-000000000000,8f14e45f-ceea-467f-9575-3c0f3b0a9f00,ffffffff-ffff-ffff-ffff-ffffffffffff}'),
	('mood', 'string', '{well,sad,angry}'), ('humor', 'string', '{well,sad,angry}'),
	('date', 'string', '{2000-01-01,2026-03-29}'), ('timestamp', 'string', '{"2000-01-01 00:00","2026-03-29 02:30:00.000001"}'),
	('timestamptz', 'string', '{"2000-01-01 00:00Z","2026-03-29 02:30:00.000001+02"}'),
	('time', 'string', '{00:00,06:30,24:00}'), ('timetz', 'string', '{"06:30+00","06:30-01","06:30+02"}'), ('interval', 'string', '{"0","23:59:59","1 day","30 days","1 month","1 year"}'),
	('bytea', 'string', '{"","\\x00","\\x01ff"}'), ('inet', 'string', '{10.0.0.0/8,10.0.0.1,10.0.0.1/24,::1}'), ('cidr', 'string', '{10.0.0.0/8,10.1.0.0/16}'),
	('macaddr', 'string', '{08:00:2b:01:02:03,08:00:2b:01:02:04}'), ('macaddr8', 'string', '{08:00:2b:01:02:03:04:05,08:00:2b:01:02:03:04:06}'),
	('bit(3)', 'string', '{000,010,111}'), ('bit varying', 'string', '{"",01,1}'),
	('int4range', 'string', '{empty,"[1,5)","[1,9)","(,3)"}'), ('numrange', 'string', '{"[1.5,2.5)","[1.5,2.5]"}'), ('daterange', 'string', '{"[2026-01-01,2026-02-01)","[2026-01-02,)"}'),
	('int4multirange', 'string', '{"{}","{[1,5)}","{[1,3),[7,9)}"}'),
	('integer[]', 'string', '{"{}","{1,2}","{1,NULL}","{2}"}'), ('text[]', 'string', '{"{}","{a,b}","{A}"}'), ('mood[]', 'string', '{"{sad}","{well,sad}"}'),
	('pair', 'string', '{"(1,a)","(1,b)","(,a)"}'), ('pg_lsn', 'string', '{0/0,1/FF}'), ('xid8', 'string', '{0,7}'), ('tsvector', 'string', '{"''a'':1","''b'':2"}'), ('jsonb', 'skip', '{}');
SELECT count(*) FROM tried;

-- A number is written as it is, all else as a string.
CREATE FUNCTION in_json(literal text, kind text) RETURNS text
LANGUAGE sql AS $$ SELECT CASE kind WHEN 'number' THEN literal ELSE to_json(literal)::text END $$;

-- All comparisons of all values with all operands, absent ones too: as a
-- constant (folded, where it is), as a value, and as plain SQL says.
CREATE FUNCTION try(type text, kind text, literals text[]) RETURNS TABLE (checks bigint, differ text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	a text;
	b text;
	c record;
	wrong text;
	n bigint;
	-- domains of enums, and rows, are not compared with literals without a cast
	cast_to text := CASE type WHEN 'humor' THEN '::mood' WHEN 'pair' THEN '::pair' ELSE '' END;
BEGIN
	checks := 0;
	EXECUTE format('CREATE TABLE trial (id integer, v %s)', type);
	FOR i IN 1 .. cardinality(literals) LOOP
		EXECUTE 'INSERT INTO trial SELECT $1, $2::' || regexp_replace(type, ' COLLATE .*', '') USING i, literals[i];
	END LOOP;
	INSERT INTO trial VALUES (0, NULL);
	FOREACH a IN ARRAY literals LOOP
		b := literals[cardinality(literals)];
		FOR c IN
			SELECT * FROM (VALUES ('is', in_json(a, kind), 'v = %1$L'), ('at_least', in_json(a, kind), 'v >= %1$L'), ('more_than', in_json(a, kind), 'v > %1$L'),
				('at_most', in_json(a, kind), 'v <= %1$L'), ('less_than', in_json(a, kind), 'v < %1$L'),
				('is_not', in_json(a, kind), 'NOT coalesce(v = %1$L, false)'), ('in', format('[%s, %s]', in_json(a, kind), in_json(b, kind)), 'v = %1$L OR v = %2$L'),
				('not_in', format('[%s, %s]', in_json(a, kind), in_json(b, kind)), 'NOT coalesce(v = %1$L OR v = %2$L, false)'),
				('between', format('[%s, %s]', in_json(a, kind), in_json(a, kind)), 'v BETWEEN %1$L AND %1$L')) AS o (operator, operand, by_hand)
		LOOP
			EXECUTE format('SELECT count(*), string_agg(format(''%%s %%s: constant %%s, value %%s, SQL %%s'', %1$L, t.v, t.constant, t.evaluated, t.by_hand), ''; '')
					FILTER (WHERE t.constant IS DISTINCT FROM t.by_hand OR t.evaluated IS DISTINCT FROM t.by_hand OR (f.id IS NOT NULL) <> t.by_hand)
				FROM (SELECT r.id, r.v, persona.holds(r, %2$L, ''2026-01-01'') AS constant, persona.holds(r, q.c, ''2026-01-01'') AS evaluated, coalesce(%3$s, false) AS by_hand
					FROM trial AS r, (VALUES (%2$L::persona.condition), (NULL)) AS q (c) WHERE q.c IS NOT NULL) AS t
					LEFT JOIN (SELECT id FROM trial AS r WHERE persona.holds(r, %2$L, ''2026-01-01'')) AS f USING (id)',
				c.operator || ' ' || c.operand, format('{"attribute": "v", "%s": %s}', c.operator, c.operand), replace(regexp_replace(format(c.by_hand, a, b), '(''[^'']*'')', '\1' || cast_to, 'g'), 'v ', 'v' || cast_to || ' ')) INTO n, wrong;
			checks := checks + n;
			differ := concat_ws(E'\n', differ, wrong);
		END LOOP;
	END LOOP;
	DROP TABLE trial;
	differ := nullif(differ, '');
	RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS a = PG_EXCEPTION_DETAIL;
	differ := format('%s: %s %s', sqlstate, sqlerrm, a);
	RETURN NEXT;
END
$$;
SELECT t.type, r.checks, r.differ FROM tried AS t CROSS JOIN LATERAL try(t.type, t.kind, t.literals) AS r WHERE t.kind <> 'skip' ORDER BY t.n;

--
-- Texts: each type of characters, case ignored or not
--

CREATE FUNCTION try_text(type text) RETURNS TABLE (checks bigint, differ text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	c record;
	wrong text;
	n bigint;
BEGIN
	checks := 0;
	EXECUTE format('CREATE TABLE trial (id integer, v %s)', type);
	INSERT INTO trial VALUES (0, NULL), (1, ''), (2, 'Anna'), (3, 'anna'), (4, '50%'), (5, 'Ännä'), (6, 'a_b'), (7, E'a\\b'), (8, 'Ab');
	FOR c IN
		SELECT format('{"attribute": "v", "%s": %s%s}', o.operator, to_json(p.pattern), CASE WHEN k.lower THEN ', "case": "ignore"' END) AS condition,
			format('coalesce(' || o.by_hand || ', false)', CASE WHEN k.lower THEN 'lower(rtrim(v::text))' ELSE 'rtrim(v::text)' END,
				CASE WHEN k.lower THEN format('(lower(%L%s) COLLATE "C")', p.pattern, substring(type FROM ' COLLATE .*')) ELSE quote_literal(p.pattern) END) AS by_hand
		FROM (VALUES ('starts_with', 'starts_with(%1$s COLLATE "C", %2$s)'), ('ends_with', 'right(%1$s, length(%2$s)) COLLATE "C" = %2$s'),
				('contains', 'strpos(%1$s COLLATE "C", %2$s) > 0'), ('is', '%1$s = %2$s'), ('like', '%1$s LIKE %2$s')) AS o (operator, by_hand),
			unnest(ARRAY['', 'A', 'a', 'na', '%', '_', 'Ä', 'ann%', E'a\\\\b']) AS p (pattern), (VALUES (false), (true)) AS k (lower)
		WHERE (type NOT LIKE '%soft%' OR o.operator <> 'like') AND NOT (k.lower AND o.operator = 'is' AND type LIKE '%soft%')
	LOOP
		EXECUTE format('SELECT count(*), string_agg(format(''%%s %%s: constant %%s, value %%s, SQL %%s'', %1$L, t.v, t.constant, t.evaluated, t.by_hand), ''; '')
				FILTER (WHERE t.constant IS DISTINCT FROM t.by_hand OR t.evaluated IS DISTINCT FROM t.by_hand OR (f.id IS NOT NULL) <> t.by_hand)
			FROM (SELECT r.id, r.v, persona.holds(r, %1$L, ''2026-01-01'') AS constant, persona.holds(r, q.c, ''2026-01-01'') AS evaluated, %2$s AS by_hand
				FROM trial AS r, (VALUES (%1$L::persona.condition), (NULL)) AS q (c) WHERE q.c IS NOT NULL) AS t
				LEFT JOIN (SELECT id FROM trial AS r WHERE persona.holds(r, %1$L, ''2026-01-01'')) AS f USING (id)', c.condition, c.by_hand) INTO n, wrong;
		checks := checks + n;
		differ := concat_ws(E'\n', differ, wrong);
	END LOOP;
	DROP TABLE trial;
	differ := nullif(differ, '');
	RETURN NEXT;
END
$$;
SELECT type, r.* FROM unnest(ARRAY['text', 'text COLLATE "C"', 'text COLLATE german', 'text COLLATE soft', 'varchar(9)', 'character(9)', 'word']) AS type CROSS JOIN LATERAL try_text(type) AS r;

--
-- Arrays of each type
--

CREATE FUNCTION try_array(element text, kind text, literals text[]) RETURNS TABLE (checks bigint, differ text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	a text := literals[1];
	b text := literals[2];
	c record;
	wrong text;
	n bigint;
BEGIN
	checks := 0;
	EXECUTE format('CREATE TABLE trial (id integer, v %s[])', element);
	EXECUTE format('INSERT INTO trial VALUES (0, NULL), (1, ''{}''), (2, ARRAY[%1$L]::%3$s[]), (3, ARRAY[%2$L, NULL]::%3$s[]), (4, ARRAY[%2$L, %1$L, %2$L]::%3$s[]), (5, ARRAY[[%4$L], [NULL]]::%3$s[])', a, b, element, literals[3]);
	FOR c IN
		SELECT format('{"attribute": "v", "%s": [%s, %s]}', o.operator, in_json(a, kind), in_json(b, kind)) AS condition,
			format('%s coalesce(v %s ARRAY[%L, %L]::%s[], false)', o.sign, o.sql, a, b, element) AS by_hand
		FROM (VALUES ('contains_any', '', '&&'), ('contains_all', '', '@>'), ('contains_none', 'NOT', '&&')) AS o (operator, sign, sql)
	LOOP
		EXECUTE format('SELECT count(*), string_agg(format(''%%s %%s: constant %%s, value %%s, SQL %%s'', %1$L, t.v, t.constant, t.evaluated, t.by_hand), ''; '')
				FILTER (WHERE t.constant IS DISTINCT FROM t.by_hand OR t.evaluated IS DISTINCT FROM t.by_hand OR (f.id IS NOT NULL) <> t.by_hand)
			FROM (SELECT r.id, r.v, persona.holds(r, %1$L, ''2026-01-01'') AS constant, persona.holds(r, q.c, ''2026-01-01'') AS evaluated, %2$s AS by_hand
				FROM trial AS r, (VALUES (%1$L::persona.condition), (NULL)) AS q (c) WHERE q.c IS NOT NULL) AS t
				LEFT JOIN (SELECT id FROM trial AS r WHERE persona.holds(r, %1$L, ''2026-01-01'')) AS f USING (id)', c.condition, c.by_hand) INTO n, wrong;
		checks := checks + n;
		differ := concat_ws(E'\n', differ, wrong);
	END LOOP;
	DROP TABLE trial;
	differ := nullif(differ, '');
	RETURN NEXT;
END
$$;
SELECT t.element, r.* FROM (VALUES ('integer', 'number', '{1,2,3}'), ('bigint', 'number', '{9007199254740992,9007199254740993,3}'), ('numeric', 'number', '{1.10,2,3}'),
		('double precision', 'number', '{0.1,2,3}'), ('text', 'string', '{a,B,c}'), ('varchar(3)', 'string', '{a,B,c}'), ('character(3)', 'string', '{a,B,c}'), ('mood', 'string', '{sad,well,angry}'),
		('uuid', 'string', '{00000000-0000-0000-0000-000000000000,8f14e45f-ceea-467f-9575-3c0f3b0a9f00,ffffffff-ffff-ffff-ffff-ffffffffffff}'),
		('inet', 'string', '{10.0.0.1,10.0.0.2,::1}'), ('interval', 'string', '{1 day,24:00,1 hour}'), ('bytea', 'string', '{"\\x00","\\x01","\\x02"}'), ('int4range', 'string', '{"[1,2)","[1,3)",empty}'),
		('amount', 'number', '{1.1,2,3}')) AS t (element, kind, literals)
	CROSS JOIN LATERAL try_array(t.element, t.kind, t.literals::text[]) AS r;
-- the collation of the column holds for the elements
CREATE TABLE colored (id integer, colors text[] COLLATE soft);
INSERT INTO colored VALUES (1, '{Red,blue}'), (2, '{red}'), (3, '{green}');
SELECT id FROM colored AS c WHERE persona.holds(c, '{"attribute": "colors", "contains_any": ["RED"]}') ORDER BY id;
SELECT id, persona.holds(c, q.condition) FROM colored AS c, (VALUES ('{"attribute": "colors", "contains_any": ["RED"]}'::persona.condition), (NULL)) AS q (condition) WHERE q.condition IS NOT NULL ORDER BY id;

--
-- Numbers in ranges are compared as they are written, not as floats
--
SELECT '{"attribute": "v", "between": [9007199254740993, 9007199254740992]}'::persona.condition;
SELECT '{"attribute": "v", "between": [0.10000000000000000000000001, 0.1]}'::persona.condition;
SELECT '{"attribute": "v", "between": [1e-400, 0]}'::persona.condition;
SELECT '{"attribute": "v", "between": [-1, -1e0]}'::persona.condition, '{"attribute": "v", "between": [0.1, 1.0e-1]}'::persona.condition, '{"attribute": "v", "between": [-0, 0]}'::persona.condition;
SELECT '{"event": "order", "sum": "price", "between": [12345678901234567890.2, 12345678901234567890.1]}'::persona.condition;
-- a type orders its own ranges
CREATE TABLE ranged (v interval, m mood, n int4range, i inet);
INSERT INTO ranged VALUES (NULL, NULL, NULL, NULL);
SELECT persona.holds(r, '{"attribute": "v", "between": ["1 month", "29 days"]}') FROM ranged AS r;
SELECT persona.holds(r, '{"attribute": "m", "between": ["angry", "well"]}') FROM ranged AS r;
SELECT persona.holds(r, '{"attribute": "n", "between": ["[1,9)", "[1,5)"]}') FROM ranged AS r;
SELECT persona.holds(r, '{"attribute": "i", "between": ["10.0.0.1", "10.0.0.0/8"]}') FROM ranged AS r;
-- there was no year 0
CREATE TABLE old (d date, ts timestamptz, j jsonb);
INSERT INTO old VALUES ('0001-01-01 BC', '0001-01-01 00:00Z BC', '"0000-01-01"');
SELECT persona.holds(o, '{"attribute": "d", "is": "0000-01-01"}') FROM old AS o;
SELECT persona.holds(o, '{"attribute": "ts", "before": "0000-12-31"}') FROM old AS o;
SELECT persona.holds(o, '{"attribute": "j", "before": "2000-01-01"}') FROM old AS o;
SELECT persona.holds(o, '{"attribute": "d", "before": "0001-01-01"}') FROM old AS o;
