-- odd_tables: relations of any make: children, partitions with other columns in
-- another order, columns that were dropped or are generated, texts and json of
-- megabytes.  Each answer is compared with plain SQL.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';

CREATE TABLE person (gone integer, id bigint PRIMARY KEY, gone_too text, name text COLLATE "C", notes text, facts jsonb, score numeric,
	twice numeric GENERATED ALWAYS AS (score * 2) STORED);
ALTER TABLE person DROP COLUMN gone, DROP COLUMN gone_too;
CREATE TABLE member (level integer) INHERITS (person);
INSERT INTO person (id, name, notes, facts, score)
SELECT i, CASE i % 3 WHEN 0 THEN 'Anna' WHEN 1 THEN 'Zoe' ELSE 'eve' END, repeat('x', CASE WHEN i % 10 = 0 THEN 1200000 ELSE 10 END) || i,
	jsonb_build_object('long', repeat('y', CASE WHEN i % 7 = 0 THEN 900000 ELSE 5 END), 'n', i), i
FROM generate_series(1, 100) AS i;
INSERT INTO member (id, name, notes, facts, score, level) SELECT i, 'Ida', 'short', jsonb_build_object('n', i), i, 1 FROM generate_series(101, 150) AS i;
CREATE TABLE click (customer_id bigint NOT NULL, at timestamptz NOT NULL, payload jsonb, page text) PARTITION BY RANGE (at);
CREATE TABLE click_new PARTITION OF click FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE click_old (page text, gone integer, payload jsonb, at timestamptz NOT NULL, customer_id bigint NOT NULL);
ALTER TABLE click_old DROP COLUMN gone;
ALTER TABLE click ATTACH PARTITION click_old FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX ON click (customer_id, at);
INSERT INTO click
SELECT 1 + i % 150, timestamptz '2025-06-01' + i * interval '20 hours',
	jsonb_build_object('v', i, 'big', CASE WHEN i % 50 = 0 THEN repeat('z', 800000) END), repeat('t', CASE WHEN i % 60 = 0 THEN 700000 ELSE 3 END)
FROM generate_series(1, 250) AS i;
SELECT persona.bind_customers('person', 'id');
SELECT persona.bind_events('click', 'customer_id', 'at', kind => 'click');
INSERT INTO persona.cohort (name, condition) SELECT 'text of a megabyte', format('{"attribute": "notes", "is": "%s"}', repeat('x', 1200000) || '10')::persona.condition;
INSERT INTO persona.cohort (name, condition) VALUES
	('name', '{"attribute": "name", "more_than": "Anna"}'),
	('generated', '{"attribute": "twice", "at_least": 200}'),
	('json', '{"attribute": "facts.n", "at_least": 140}'),
	('long json', '{"attribute": "facts.long", "in": ["yyyyy", "z"]}'),
	('event json', '{"event": "click", "where": {"attribute": "payload.v", "at_least": 200}}'),
	('event text', '{"event": "click", "where": {"attribute": "page", "is": "ttt"}}'),
	('distinct', '{"event": "click", "distinct": "page", "at_least": 2}');

CREATE TABLE expected AS
	SELECT 'name' AS cohort, id FROM person WHERE name > 'Anna'
	UNION ALL SELECT 'generated', id FROM person WHERE twice >= 200
	UNION ALL SELECT 'json', id FROM person WHERE (facts ->> 'n')::numeric >= 140
	UNION ALL SELECT 'long json', id FROM person WHERE facts ->> 'long' IN ('yyyyy', 'z')
	UNION ALL SELECT 'text of a megabyte', id FROM person WHERE notes = repeat('x', 1200000) || '10'
	UNION ALL SELECT DISTINCT 'event json', customer_id FROM click WHERE at <= '2026-01-15' AND (payload ->> 'v')::numeric >= 200
	UNION ALL SELECT DISTINCT 'event text', customer_id FROM click WHERE at <= '2026-01-15' AND page = 'ttt'
	UNION ALL SELECT 'distinct', customer_id FROM click WHERE at <= '2026-01-15' GROUP BY customer_id HAVING count(DISTINCT page) >= 2;
SELECT cohort, count(*) FROM expected GROUP BY cohort ORDER BY cohort;
-- one by one
SELECT coalesce(m.cohort, e.cohort) AS cohort, m.customer, e.id
FROM expected AS e FULL JOIN persona.cohort_member_at('2026-01-15') AS m ON m.cohort = e.cohort AND m.customer = e.id WHERE m.customer IS NULL OR e.id IS NULL;
-- as a condition of a query, on children as well
SELECT c.name, count(*) FILTER (WHERE persona.in_cohort(p, c.name, '2026-01-15')) - (SELECT count(*) FROM expected AS e WHERE e.cohort = c.name) AS more
FROM persona.cohort AS c CROSS JOIN person AS p GROUP BY c.name HAVING count(*) FILTER (WHERE persona.in_cohort(p, c.name, '2026-01-15')) <> (SELECT count(*) FROM expected AS e WHERE e.cohort = c.name);
EXPLAIN (COSTS OFF) SELECT * FROM person AS c WHERE persona.in_cohort(c, 'generated');
-- all in one pass, with memory and without, in one process and in several
CREATE FUNCTION different() RETURNS bigint LANGUAGE sql BEGIN ATOMIC
	SELECT count(*) FROM persona.reach_of_all(persona.program(), '2026-01-15') AS r WHERE r.customers <> (SELECT count(*) FROM expected AS e WHERE e.cohort = r.cohort);
END;
SELECT different();
SET work_mem = '64kB';
SELECT different();
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SELECT different();
