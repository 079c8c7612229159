-- folding: conditions on columns become expressions of the plan: those that one
-- would write by hand, with their indexes and estimates; what else a condition
-- asks for is left to the function, behind a filter.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TYPE mood AS ENUM ('sad', 'well', 'happy');
CREATE DOMAIN points AS integer CHECK (VALUE >= 0);
CREATE COLLATION soft (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE TABLE customer (
	id bigint PRIMARY KEY, name text COLLATE "C", nick text COLLATE soft, code char(6), town varchar(20), mood mood,
	tags text[], marks integer[], moods mood[], doms points[], born date, joined timestamp, seen timestamptz, clv numeric, score points,
	active boolean, ref uuid, network inet, stay interval, sold int4range, raw bytea, needed integer NOT NULL, zone text) WITH (autovacuum_enabled = off);
INSERT INTO customer
SELECT i, 'name ' || i, CASE WHEN i % 3 = 0 THEN 'Nick' ELSE 'nick' END || i, 'c' || i % 100, 'Town ' || i % 300, (enum_range(NULL::mood))[1 + i % 3],
	ARRAY['t' || i % 50, 'u' || i % 7, NULL], ARRAY[i % 10, i % 13], ARRAY['sad', 'well']::mood[], ARRAY[i % 5]::points[],
	date '2026-01-01' + i % 365, timestamp '2026-01-01' + i * interval '1 hour', timestamptz '2026-01-01' + i * interval '1 hour', i / 4.0, i,
	i % 10 = 0, md5(i::text)::uuid, '10.0.0.0'::inet + i, i * interval '1 minute', int4range(i, i + 9), int4send(i), i, 'Europe/Berlin'
FROM generate_series(1, 5000) AS i;
-- and customers of whom nothing is known
INSERT INTO customer (id, needed) SELECT i, i FROM generate_series(5001, 6000) AS i;
CREATE INDEX ON customer (name);
CREATE INDEX ON customer (lower(town));
CREATE INDEX ON customer (mood);
CREATE INDEX ON customer USING gin (tags);
CREATE INDEX ON customer USING gin (marks);
CREATE INDEX ON customer (born);
CREATE INDEX ON customer (joined);
CREATE INDEX ON customer (seen);
CREATE INDEX ON customer (clv);
CREATE INDEX ON customer (score);
CREATE INDEX ON customer (ref);
CREATE INDEX ON customer (network);
CREATE INDEX ON customer (stay);
CREATE INDEX ON customer (sold);
CREATE INDEX ON customer (raw);
CREATE INDEX ON customer (id) WHERE active;
CREATE TABLE sale (customer bigint, at timestamptz, price numeric) WITH (autovacuum_enabled = off);
CREATE INDEX ON sale (customer, at);
INSERT INTO sale SELECT i, timestamptz '2026-01-01' + i * interval '1 hour', i FROM generate_series(1, 6000, 3) AS i;
ANALYZE customer, sale;
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone');
SELECT persona.bind_events('sale', 'customer', 'at', kind => 'order');

-- the plan of a query, without costs
CREATE FUNCTION plan(query text, costs boolean DEFAULT false) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('EXPLAIN (COSTS %s) %s', CASE WHEN costs THEN 'on' ELSE 'off' END, query);
END
$$;

-- A condition against the same by hand: equal plans, costs and estimates
-- included?  And equal answers: in WHERE, in the list of columns, under NOT,
-- and from the function, which is not folded when its condition is no constant.
CREATE TABLE asked (n integer GENERATED ALWAYS AS IDENTITY, condition text, by_hand text);
CREATE FUNCTION compare(condition text, by_hand text) RETURNS text
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
	call text := format('persona.holds(c, %L)', condition);
	one text;
	other text;
	answers text;
	result text := '';
BEGIN
	SELECT string_agg(p, E'\n') INTO one FROM plan('SELECT id FROM customer AS c WHERE ' || call, true) AS p;
	SELECT string_agg(p, E'\n') INTO other FROM plan('SELECT id FROM customer AS c WHERE ' || by_hand, true) AS p;
	IF one IS DISTINCT FROM other THEN
		result := E'another plan:\n' || one || E'\nby hand:\n' || other;
	END IF;
	EXECUTE format($q$
		SELECT nullif(concat_ws(', ',
			CASE WHEN bool_or(listed IS NULL) THEN 'NULL in the list' END,
			CASE WHEN bool_or(listed <> evaluated) THEN 'listed is not evaluated' END,
			CASE WHEN bool_or((f.id IS NOT NULL) <> evaluated) THEN 'found is not evaluated' END,
			CASE WHEN bool_or((g.id IS NOT NULL) <> evaluated) THEN 'by hand is not evaluated' END,
			CASE WHEN bool_or((h.id IS NULL) <> evaluated) THEN 'not found is not the complement' END), '')
		FROM (SELECT c.id, %1$s AS listed, persona.holds(c, q.condition) AS evaluated
			FROM customer AS c, (VALUES (%2$L::persona.condition), (NULL)) AS q (condition) WHERE q.condition IS NOT NULL) AS a
			LEFT JOIN (SELECT id FROM customer AS c WHERE %1$s) AS f USING (id)
			LEFT JOIN (SELECT id FROM customer AS c WHERE %3$s) AS g USING (id)
			LEFT JOIN (SELECT id FROM customer AS c WHERE NOT %1$s) AS h USING (id)$q$, call, condition, by_hand) INTO answers;
	RETURN nullif(concat_ws(E'\n', nullif(result, ''), answers), '');
END
$$;
INSERT INTO asked (condition, by_hand) VALUES
	('{"attribute": "name", "is": "name 7"}', 'name = ''name 7'''),
	('{"attribute": "name", "in": ["name 7", "name 8"]}', 'name = ANY (''{name 7,name 8}'')'),
	('{"attribute": "name", "is_not": "name 7"}', '(name = ''name 7'') IS NOT TRUE'),
	('{"attribute": "name", "between": ["name 7", "name 71"]}', 'name >= ''name 7'' AND name <= ''name 71'''),
	('{"attribute": "name", "starts_with": "name 49"}', 'name ^@ ''name 49'''),
	('{"attribute": "name", "starts_with": ""}', 'name ^@ '''''),
	('{"attribute": "name", "ends_with": "99"}', 'name LIKE ''%99'''),
	('{"attribute": "name", "contains": "e 4_%\\"}', 'name LIKE ''%e 4\_\%\\%'''),
	('{"attribute": "name", "like": "name 4_7"}', 'name LIKE ''name 4_7'''),
	('{"attribute": "name", "matches": "^name 4.7$"}', 'name ~ ''^name 4.7$'''),
	('{"attribute": "name", "matches": "^NAME 4.7$", "case": "ignore"}', 'name ~* ''^NAME 4.7$'''),
	('{"attribute": "name", "starts_with": "NAME 49", "case": "ignore"}', 'lower(name) ^@ ''name 49'''),
	('{"attribute": "town", "is": "TOWN 7", "case": "ignore"}', 'lower(town) = ''town 7'''),
	('{"attribute": "town", "in": ["TOWN 7", "town 8"], "case": "ignore"}', 'lower(town) = ANY (''{town 7,town 8}'')'),
	('{"attribute": "town", "not_in": ["TOWN 7"], "case": "ignore"}', '(lower(town) = ''town 7'') IS NOT TRUE'),
	('{"attribute": "town", "contains": "n 2"}', 'town LIKE ''%n 2%'''),
	('{"attribute": "code", "is": "c7"}', 'code = ''c7'''),
	('{"attribute": "code", "ends_with": "7"}', 'code::text LIKE ''%7'''),
	('{"attribute": "nick", "is": "NICK7"}', 'nick = ''NICK7'''),
	('{"attribute": "nick", "starts_with": "Nick4"}', 'nick COLLATE "C" ^@ ''Nick4'''),
	('{"attribute": "mood", "is": "sad"}', 'mood = ''sad'''),
	('{"attribute": "mood", "at_least": "well"}', 'mood >= ''well'''),
	('{"attribute": "mood", "in": ["sad", "happy"]}', 'mood = ANY (''{sad,happy}'')'),
	('{"attribute": "tags", "contains_any": ["t1", "t2"]}', 'tags && ''{t1,t2}'''),
	('{"attribute": "tags", "contains_all": ["t1", "u1"]}', 'tags @> ''{t1,u1}'''),
	('{"attribute": "tags", "contains_none": ["t1"]}', '(tags && ''{t1}'') IS NOT TRUE'),
	('{"attribute": "marks", "contains_all": [3, 6]}', 'marks @> ''{3,6}'''),
	('{"attribute": "moods", "contains_any": ["sad"]}', 'moods && ''{sad}'''),
	('{"attribute": "marks", "is": "{1,1}"}', 'marks = ''{1,1}'''),
	('{"attribute": "born", "on": "2026-02-01"}', 'born >= ''2026-02-01'' AND born < ''2026-02-02'''),
	('{"attribute": "born", "before": "2026-01-05"}', 'born < ''2026-01-05'''),
	('{"attribute": "born", "after": "2026-12-28"}', 'born >= ''2026-12-29'''),
	('{"attribute": "joined", "on": "2026-02-01"}', 'joined >= ''2026-02-01'' AND joined < ''2026-02-02'''),
	('{"attribute": "joined", "after": "2026-07-01 10:00"}', 'joined >= ''2026-07-01 10:00:00.000001'''),
	('{"attribute": "seen", "on": "2026-02-01", "zone": "America/New_York"}', 'seen >= ''2026-02-01 05:00+00'' AND seen < ''2026-02-02 05:00+00'''),
	('{"attribute": "seen", "before": "2026-01-02 10:00+02"}', 'seen < ''2026-01-02 08:00+00'''),
	('{"attribute": "seen", "at_least": "2026-07-01 10:00Z"}', 'seen >= ''2026-07-01 10:00+00'''),
	('{"attribute": "clv", "between": [5, 9.5]}', 'clv >= 5 AND clv <= 9.5'),
	('{"attribute": "score", "less_than": 7}', 'score < 7'),
	('{"attribute": "active", "is": true}', 'active'),
	('{"attribute": "active", "is": false}', 'NOT active'),
	('{"attribute": "active", "is_not": true}', 'active IS NOT TRUE'),
	('{"attribute": "ref", "is": "8f14e45f-ceea-167a-5a36-dedd4bea2543"}', 'ref = ''8f14e45f-ceea-167a-5a36-dedd4bea2543'''),
	('{"attribute": "network", "at_most": "10.0.0.9"}', 'network <= ''10.0.0.9'''),
	('{"attribute": "stay", "less_than": "1 hour"}', 'stay < ''1 hour'''),
	('{"attribute": "sold", "is": "[7,16)"}', 'sold = ''[7,16)'''),
	('{"attribute": "raw", "is": "\\x00000007"}', 'raw = ''\x00000007'''),
	('{"attribute": "clv", "known": false}', 'clv IS NULL'),
	('{"attribute": "needed", "at_most": 7}', 'needed <= 7'),
	('{"all": [{"attribute": "clv", "at_most": 9}, {"attribute": "active", "is": true}]}', 'clv <= 9 AND active'),
	('{"any": [{"attribute": "clv", "at_most": 9}, {"attribute": "score", "is": 4000}]}', 'clv <= 9 OR score = 4000'),
	('{"not": {"attribute": "clv", "more_than": 1}}', '(clv > 1) IS NOT TRUE'),
	('{"not": {"all": [{"attribute": "clv", "more_than": 1}, {"not": {"attribute": "active", "is": true}}]}}', '(clv > 1 AND active IS NOT TRUE) IS NOT TRUE'),
	('{"all": []}', 'true'),
	('{"any": []}', 'false');
SELECT count(*) AS conditions, count(*) FILTER (WHERE compare(condition, by_hand) IS NULL) AS as_by_hand FROM asked;
SELECT condition, compare(condition, by_hand) AS differs FROM asked WHERE compare(condition, by_hand) IS NOT NULL ORDER BY n;

--
-- What is not folded: it depends on the customer's zone or on as_of, or looks
-- into json, or no operator says the same.
--

CREATE FUNCTION is_folded(condition text) RETURNS boolean
LANGUAGE sql AS $$ SELECT bool_and(p NOT LIKE '%persona.holds%') FROM plan(format('SELECT id FROM customer AS c WHERE persona.holds(c, %L)', condition)) AS p $$;
SELECT condition, is_folded(condition) FROM unnest(ARRAY[
	'{"attribute": "seen", "at_least": "2026-07-01"}', '{"attribute": "seen", "on": "2026-07-01"}',
	'{"attribute": "born", "before": "30 days"}', '{"attribute": "born", "on": "today"}',
	'{"attribute": "doms", "contains_any": [1]}', '{"bucket": {"seed": "s", "from": 0, "to": 0.5}}',
	'{"event": "order"}', '{"attribute": "clv", "at_least": 5}']) AS condition;

--
-- Where NULL does not count as false, comparisons are joined with IS NOT NULL
--

SELECT * FROM plan($$SELECT count(*) FILTER (WHERE persona.holds(c, '{"attribute": "clv", "at_most": 1}')) FROM customer AS c$$);
SELECT count(*) FILTER (WHERE persona.holds(c, '{"attribute": "clv", "at_most": 1}')), count(persona.holds(c, '{"attribute": "clv", "at_most": 1}')) FROM customer AS c;
SELECT * FROM plan($$SELECT id FROM customer AS c WHERE NOT persona.holds(c, '{"attribute": "clv", "more_than": 1}')$$);
SELECT * FROM plan($$SELECT id FROM customer AS c WHERE persona.holds(c, '{"attribute": "clv", "at_most": 1}') IS FALSE$$);
-- once in a filter and once elsewhere: no plan may take the one for the other
SELECT * FROM plan($$SELECT id, persona.holds(c, '{"attribute": "clv", "at_most": 1}') FROM customer AS c WHERE persona.holds(c, '{"attribute": "clv", "at_most": 1}') OR id = 5500$$);
SELECT id, persona.holds(c, '{"attribute": "clv", "at_most": 1}') FROM customer AS c WHERE persona.holds(c, '{"attribute": "clv", "at_most": 1}') OR id = 5500 ORDER BY id;
SELECT id FROM customer AS c WHERE (persona.holds(c, '{"attribute": "clv", "at_most": 1}') OR id > 5998) AND NOT (id < 3 AND persona.holds(c, '{"attribute": "clv", "at_most": 1}')) ORDER BY id;
SELECT bool_or(persona.holds(c, '{"attribute": "clv", "at_most": 1}')), bool_and(persona.holds(c, '{"attribute": "clv", "at_most": 1}')) FROM customer AS c WHERE id > 5500;
SELECT a.id, b.id FROM customer AS a JOIN customer AS b ON b.id = a.id + 1 AND persona.holds(b, '{"attribute": "clv", "at_most": 1}') WHERE a.id < 10 ORDER BY 1;
UPDATE customer AS c SET needed = 0 WHERE persona.holds(c, '{"attribute": "clv", "at_most": 1}') RETURNING id, persona.holds(c, '{"attribute": "clv", "at_most": 0.5}');

--
-- Mixed conditions: the part on columns is a filter before the function
--

INSERT INTO persona.cohort (name, condition) VALUES
	('small', '{"attribute": "clv", "at_most": 2}'),
	('small buyer', '{"all": [{"cohort": "small"}, {"event": "order"}]}'),
	('small seller', '{"all": [{"cohort": "small buyer"}, {"not": {"attribute": "active", "is": true}}]}');
SELECT * FROM plan($$SELECT id FROM customer AS c WHERE persona.in_cohort(c, 'small')$$);
SELECT * FROM plan($$SELECT id FROM customer AS c WHERE persona.in_cohort(c, 'small buyer', '2026-02-01')$$);
SELECT * FROM plan($$SELECT id FROM customer AS c WHERE persona.in_cohort(c, 'small seller', '2026-02-01')$$);
SELECT * FROM plan($$SELECT id FROM customer AS c WHERE persona.holds(c, '{"any": [{"all": [{"attribute": "clv", "at_most": 2}, {"event": "order"}]}, {"attribute": "score", "is": 7}]}', '2026-02-01')$$);
SELECT * FROM plan($$SELECT id FROM customer AS c WHERE persona.holds(c, '{"any": [{"attribute": "clv", "at_most": 2}, {"event": "order"}]}', '2026-02-01')$$);
SELECT * FROM plan($$SELECT id FROM customer AS c WHERE persona.holds(c, '{"not": {"all": [{"attribute": "clv", "at_most": 2}, {"event": "order"}]}}', '2026-02-01')$$);
SELECT * FROM plan($$SELECT id FROM customer AS c WHERE persona.holds(c, '{"held": {"all": [{"attribute": "clv", "at_most": 2}, {"event": "order"}]}, "for": "1 day"}', '2026-02-01')$$);
SELECT * FROM plan($$SELECT id, persona.in_cohort(c, 'small buyer', '2026-02-01') FROM customer AS c WHERE id < 3$$);
SELECT array_agg(id ORDER BY id) FROM customer AS c WHERE persona.in_cohort(c, 'small buyer', '2026-02-01');
SELECT array_agg(customer ORDER BY customer) FROM persona.cohort_member_at('2026-02-01') WHERE cohort = 'small buyer';
SELECT array_agg(id ORDER BY id) FROM customer AS c WHERE persona.holds(c, '{"any": [{"all": [{"attribute": "clv", "at_most": 2}, {"event": "order"}]}, {"attribute": "score", "is": 8}]}', '2026-02-01');
-- a prepared statement follows the definition
PREPARE members AS SELECT array_agg(id ORDER BY id) FROM customer AS c WHERE persona.in_cohort(c, 'small buyer', '2026-02-01');
EXECUTE members;
UPDATE persona.cohort SET condition = '{"attribute": "clv", "between": [3, 4]}' WHERE name = 'small';
EXECUTE members;

--
-- Partitions are pruned, workers take part
--

CREATE TABLE parted (id bigint, plan text, clv numeric) PARTITION BY LIST (plan);
CREATE TABLE parted_gold PARTITION OF parted FOR VALUES IN ('gold');
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
INSERT INTO parted SELECT i, CASE WHEN i % 10 = 0 THEN 'gold' ELSE 'basic' END, i FROM generate_series(1, 1000) AS i;
ANALYZE parted;
SELECT * FROM plan($$SELECT id FROM parted AS c WHERE persona.holds(c, '{"all": [{"attribute": "plan", "is": "gold"}, {"attribute": "clv", "at_most": 100}]}')$$);
SELECT count(*) FROM parted AS c WHERE persona.holds(c, '{"all": [{"attribute": "plan", "is": "gold"}, {"attribute": "clv", "at_most": 100}]}');
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT * FROM plan($$SELECT count(*) FROM customer AS c WHERE persona.holds(c, '{"attribute": "name", "contains": "7"}')$$);
SELECT count(*) FROM customer AS c WHERE persona.holds(c, '{"attribute": "name", "contains": "7"}');
