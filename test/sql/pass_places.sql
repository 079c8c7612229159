-- pass_places: one pass gives the same answers wherever it is asked for: in parts,
-- in cursors, functions and transactions of all kinds, with relations of all kinds.

SET client_min_messages = error;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;

CREATE TABLE person (id bigint PRIMARY KEY, age integer, plan text, gone boolean NOT NULL DEFAULT false);
CREATE TABLE visit (person bigint, at timestamptz, page integer) PARTITION BY RANGE (at);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2026-02-01');
CREATE TABLE visit_new PARTITION OF visit FOR VALUES FROM ('2026-02-01') TO (MAXVALUE);
CREATE INDEX ON visit (person, at);
INSERT INTO person SELECT i, i % 97, (ARRAY['gold', 'silver', NULL])[1 + i % 3], i % 50 = 0 FROM generate_series(1, 2000) AS i;
INSERT INTO visit SELECT 1 + i * 7 % 2100, '2026-03-01 12:00Z'::timestamptz - i % 90 * interval '1 day', i % 5 FROM generate_series(1, 9000) AS i;
-- the customers are a view
CREATE VIEW living AS SELECT id, age, plan FROM person WHERE NOT gone;
ANALYZE;
SELECT persona.bind_customers('living', 'id', default_time_zone => 'UTC');
SELECT persona.bind_events('visit', 'person', 'at', kind => 'visit');

INSERT INTO persona.cohort (name, condition)
SELECT 'age' || i, format('{"attribute": "age", "at_least": %s}', i * 3)::persona.condition FROM generate_series(10, 29) AS i
UNION ALL SELECT 'not' || i, format('{"not": {"attribute": "age", "more_than": %s}}', i * 3)::persona.condition FROM generate_series(10, 29) AS i
UNION ALL SELECT 'both' || i, format('{"all": [{"attribute": "plan", "is": "gold"}, {"attribute": "age", "less_than": %s}]}', i * 3)::persona.condition FROM generate_series(10, 29) AS i
UNION ALL SELECT 'many' || i, format('{"attribute": "age", "in": [%s]}', (SELECT string_agg((k * 2 + i)::text, ', ') FROM generate_series(0, 30) AS k))::persona.condition FROM generate_series(10, 12) AS i
UNION ALL SELECT 'visits' || i, format('{"event": "visit", "within": "60 days", "times": {"at_least": %s}}', i - 8)::persona.condition FROM generate_series(10, 14) AS i;

CREATE FUNCTION state() RETURNS text LANGUAGE sql
	RETURN (SELECT md5(string_agg(cohort || '=' || customers, ',' ORDER BY cohort COLLATE "C")) FROM persona.reach_at('2026-03-01 12:00Z'));
CREATE FUNCTION pairs() RETURNS text LANGUAGE sql
	RETURN (SELECT md5(string_agg(o::text, ',' ORDER BY cohort COLLATE "C", other COLLATE "C")) FROM persona.overlap_at('2026-03-01 12:00Z') AS o);

-- by itself, and against the customers one by one
SET max_parallel_workers_per_gather = 0;
CREATE TABLE known AS SELECT state() AS reach, pairs() AS overlap;
SELECT count(*) FROM (SELECT cohort, count(*) FROM persona.cohort_member_at('2026-03-01 12:00Z') GROUP BY 1
	EXCEPT SELECT cohort, customers FROM persona.reach_at('2026-03-01 12:00Z')) AS x;
SELECT count(*) FROM (
	SELECT a.cohort, b.cohort AS other, count(*) FROM persona.cohort_member_at('2026-03-01 12:00Z') AS a
		JOIN persona.cohort_member_at('2026-03-01 12:00Z') AS b ON a.customer = b.customer AND a.cohort COLLATE "C" < b.cohort COLLATE "C" GROUP BY 1, 2
	EXCEPT SELECT cohort, other, customers FROM persona.overlap_at('2026-03-01 12:00Z')) AS x;
SET max_parallel_workers_per_gather = 2;
SELECT state() = reach AS reach, pairs() = overlap AS overlap FROM known;

-- little memory: pairs of cohorts are counted in parts
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT state() = reach AS reach, pairs() = overlap AS overlap FROM known;
RESET work_mem;
RESET hash_mem_multiplier;

-- a cursor, a function that raises and catches, serializable, read only
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
DECLARE c CURSOR FOR SELECT count(*) FROM persona.overlap_at('2026-03-01 12:00Z');
FETCH c;
SELECT state() = reach AS reach, pairs() = overlap AS overlap FROM known;
COMMIT;
DO $$
BEGIN
	FOR i IN 1 .. 3 LOOP
		BEGIN
			PERFORM persona.reach_at('infinity');
		EXCEPTION WHEN SQLSTATE '22008' THEN
			NULL;
		END;
		IF state() <> (SELECT reach FROM known) THEN
			RAISE 'differs';
		END IF;
	END LOOP;
END
$$;

-- what this transaction has written and defined is seen, by those who help as well, and after a rollback no more
BEGIN;
INSERT INTO person SELECT i, 96, 'gold' FROM generate_series(3001, 3100) AS i;
SAVEPOINT s;
UPDATE person SET age = 0 WHERE id % 2 = 0;
UPDATE person SET age = 1 WHERE id % 4 = 0;
DELETE FROM visit WHERE page = 1;
UPDATE persona.cohort SET condition = '{"attribute": "age", "at_most": 1}' WHERE name = 'age10';
DELETE FROM persona.cohort WHERE name = 'age11';
SELECT r.customers = (SELECT count(*) FROM living WHERE age <= 1) AS same, r.customers > 900 AS many,
	(SELECT count(*) FROM persona.reach_at('2026-03-01 12:00Z') WHERE cohort = 'age11') AS gone
FROM persona.reach_at('2026-03-01 12:00Z') AS r WHERE r.cohort = 'age10';
SELECT count(*) FROM (SELECT cohort, count(*) FROM persona.cohort_member_at('2026-03-01 12:00Z') GROUP BY 1
	EXCEPT SELECT cohort, customers FROM persona.reach_at('2026-03-01 12:00Z')) AS x;
ROLLBACK TO s;
SELECT (SELECT customers FROM persona.reach_at('2026-03-01 12:00Z') WHERE cohort = 'age10')
	= (SELECT count(*) FROM living WHERE age >= 30) AS same;
ROLLBACK;
SELECT state() = reach AS reach, pairs() = overlap AS overlap FROM known;

-- row security on both, read by ranges nowhere
CREATE ROLE persona_pass;
GRANT USAGE ON SCHEMA persona, shop TO persona_pass;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO persona_pass;
GRANT SELECT ON persona.customer_binding, persona.event_binding, persona.contact, persona.response, persona.choice, persona.cohort TO persona_pass;
CREATE POLICY part ON visit USING (page < 3);
ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
SET ROLE persona_pass;
SELECT count(*) FROM (SELECT cohort, count(*) FROM persona.cohort_member_at('2026-03-01 12:00Z') GROUP BY 1
	EXCEPT SELECT cohort, customers FROM persona.reach_at('2026-03-01 12:00Z')) AS x;
SELECT state() <> reach AS fewer FROM known;
RESET ROLE;
ALTER TABLE visit DISABLE ROW LEVEL SECURITY;
SELECT state() = reach AS reach FROM known;
DROP OWNED BY persona_pass;
DROP ROLE persona_pass;

-- many cohorts in little memory
SET work_mem = '4MB';
SELECT count(*), sum(customers) = (SELECT sum((SELECT count(*) FROM living WHERE age >= i % 97)) FROM generate_series(1, 3000) AS i) AS same
FROM persona.reach_of_all(persona.assemble_program(cohorts => (
	SELECT json_agg(json_build_object('name', 'c' || i, 'condition', json_build_object('attribute', 'age', 'at_least', i % 97)))
	FROM generate_series(1, 3000) AS i)), '2026-03-01 12:00Z');
RESET work_mem;

-- keys of a type that can't be hashed, or whose order is all it has
SELECT persona.unbind_customers();
SELECT persona.unbind_events('shop.visit');
CREATE PROCEDURE try_keys(type text, wrap text) LANGUAGE plpgsql AS $$
DECLARE
	differing bigint;
BEGIN
	DROP TABLE IF EXISTS k, kv;
	EXECUTE format('CREATE TABLE k AS SELECT (%s)::%s AS id, age FROM living', format(wrap, 'id'), type);
	EXECUTE format('CREATE TABLE kv AS SELECT (%s)::%s AS person, at FROM visit', format(wrap, 'person'), type);
	EXECUTE 'CREATE UNIQUE INDEX ON k (id)';
	ANALYZE k, kv;
	PERFORM persona.bind_events('kv', 'person', 'at', kind => 'visit');
	PERFORM persona.bind_customers('k', 'id', default_time_zone => 'UTC');
	SELECT count(*) INTO differing FROM (SELECT cohort, count(*) FROM persona.cohort_member_at('2026-03-01 12:00Z') GROUP BY 1
		EXCEPT SELECT cohort, customers FROM persona.reach_at('2026-03-01 12:00Z')) AS x;
	RAISE INFO '%: % differ, % pairs', type, differing, (SELECT count(*) > 100 FROM persona.overlap_at('2026-03-01 12:00Z'));
	PERFORM persona.unbind_customers();
	PERFORM persona.unbind_events('shop.kv');
END
$$;
DELETE FROM persona.cohort WHERE name LIKE 'both%';
CALL try_keys('numeric', '%s + 0.5');
CALL try_keys('double precision', '%s');
CALL try_keys('inet', '''10.0.0.0''::inet + %s');
CALL try_keys('interval', '%s * interval ''1 minute''');
CALL try_keys('money', '%s::text');
CALL try_keys('bit varying', '%s::bit(32)');
CALL try_keys('int4range', 'int4range(%1$s::integer, %1$s::integer + 2)');

-- bound relations that are temporary are refused
CREATE TEMP TABLE t AS SELECT id, age FROM living;
CREATE UNIQUE INDEX ON t (id);
SELECT persona.bind_customers('t', 'id', default_time_zone => 'UTC');

DROP EXTENSION persona CASCADE;
DROP SCHEMA persona, shop CASCADE;
