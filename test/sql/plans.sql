-- plans: one customer's answer is read with indexes, from the customer's row
-- to the events of every source, whoever asks.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA shop;
SET search_path = shop, public;

-- 2000 customers, 20000 events in three sources, one of them partitioned
CREATE TABLE customer (id bigint PRIMARY KEY, plan text, points integer);
CREATE TABLE sale (customer_id bigint, at timestamptz, price numeric);
CREATE TABLE click (customer_id bigint, at timestamptz, kind text, page text);
CREATE TABLE visit (customer_id bigint, at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX sale_index ON sale (customer_id, at);
CREATE INDEX click_index ON click (customer_id, at);
CREATE INDEX visit_index ON visit (customer_id, at);
INSERT INTO customer SELECT i, (ARRAY['gold', 'silver', 'free'])[i % 3 + 1], i FROM generate_series(1, 2000) AS i;
INSERT INTO sale SELECT i % 2000 + 1, timestamptz '2025-06-01' + i * interval '1 hour', i % 100 FROM generate_series(1, 6000) AS i;
INSERT INTO click SELECT i % 2000 + 1, timestamptz '2025-06-01' + i * interval '1 hour', CASE WHEN i % 2 = 0 THEN 'view' ELSE 'cart' END, 'page ' || i FROM generate_series(1, 8000) AS i;
INSERT INTO visit SELECT i % 2000 + 1, timestamptz '2025-06-01' + i * interval '1 hour' FROM generate_series(1, 6000) AS i;

SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order');
SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind', kinds => '{view,cart}');
SELECT persona.bind_events('visit', 'customer_id', 'at', kind => 'visit');
INSERT INTO persona.cohort (name, condition) VALUES
	('gold', '{"attribute": "plan", "is": "gold"}'),
	('buyer', '{"event": "order", "within": "200 days"}');
INSERT INTO persona.trigger (name, condition) VALUES ('came', '{"event": "visit", "within": "300 days"}');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name) VALUES ('email');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('m', 'offer', 'email', 'Hello');
INSERT INTO persona.campaign (name, experience, trigger) VALUES ('spring', 'offer', 'came');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('spring', 1, 'email');
INSERT INTO persona.contact (customer, campaign, channel, send_at)
SELECT i % 2000 + 1, 'winter', 'email', timestamptz '2025-06-01' + i * interval '1 hour' FROM generate_series(1, 4000) AS i;
ANALYZE customer, sale, click, visit, persona.contact;

-- How a query reads its tables: by which index on which column, or all of
-- it.  How else PostgreSQL shows it differs from version to version.
CREATE FUNCTION reads(query text) RETURNS TABLE (what text, how text)
LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (COSTS OFF, FORMAT JSON) ' || query INTO plan;
	RETURN QUERY
		SELECT DISTINCT coalesce(n.node ->> 'Index Name', n.node ->> 'Relation Name', n.node ->> 'Function Name') COLLATE "C",
			CASE WHEN n.node ? 'Index Cond' THEN 'by ' || substring(n.node ->> 'Index Cond' FROM '(\w+) = ')
				ELSE lower(n.node ->> 'Node Type') END
		FROM jsonb_path_query(plan, 'strict $.**') AS n (node)
		WHERE jsonb_typeof(n.node) = 'object' AND n.node ->> 'Node Type' ~ 'Scan$'
			AND n.node ->> 'Node Type' NOT IN ('Bitmap Heap Scan', 'Subquery Scan')
		ORDER BY 1;
END
$$;

--
-- The views, for one customer
--

SELECT * FROM reads('SELECT * FROM persona.next_message WHERE customer = 42');
SELECT * FROM reads('SELECT * FROM persona.cohort_member WHERE customer = 42');
SELECT * FROM reads('SELECT * FROM persona.open_trigger WHERE customer = 42');
-- their functions of an instant, and the explanation
SELECT * FROM reads('SELECT * FROM persona.next_message_at(''2026-03-10'') WHERE customer = 42');
SELECT * FROM reads('SELECT * FROM persona.explain(42)');
SELECT * FROM reads('SELECT * FROM persona.explain(42, ''2026-03-10'')');

--
-- Several customers, in a list or from another table
--

SELECT * FROM reads('SELECT * FROM persona.next_message WHERE customer IN (42, 43)');
CREATE TABLE today (customer_id bigint);
INSERT INTO today VALUES (42), (1001);
ANALYZE today;
SELECT * FROM reads('SELECT * FROM today AS t JOIN persona.next_message AS m ON m.customer = t.customer_id');
SELECT * FROM reads('SELECT * FROM today AS t CROSS JOIN LATERAL persona.explain(t.customer_id) AS e');

--
-- A parameter
--

SET plan_cache_mode = force_generic_plan;
PREPARE ask (bigint) AS SELECT * FROM persona.next_message WHERE customer = $1;
SELECT * FROM reads('EXECUTE ask (42)');
RESET plan_cache_mode;

-- The answers, whichever way they are read
SELECT customer, campaign, fired_at FROM persona.next_message_at('2026-03-10') WHERE customer = 42;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT * FROM reads('SELECT * FROM persona.next_message WHERE customer = 42');
SELECT customer, campaign, fired_at FROM persona.next_message_at('2026-03-10') WHERE customer = 42;
RESET enable_indexscan;
RESET enable_bitmapscan;

--
-- Everybody: each customer's events by index, and the program once
--

SELECT * FROM reads('SELECT count(*) FROM persona.next_message');
SELECT count(*) FROM persona.next_message_at('2026-03-10');
SELECT cohort, count(*) FROM persona.cohort_member_at('2026-03-10') GROUP BY cohort ORDER BY cohort COLLATE "C";

--
-- Sources that no definition looks at are not read
--

SELECT source, persona.asks(persona.program(), source) FROM unnest('{persona.contact,persona.response,shop.sale,shop.click,shop.visit,bound later,NULL}'::text[]) AS source;
SELECT persona.asks(NULL, 'shop.sale');
CREATE FUNCTION never_executed(query text) RETURNS TABLE (relation text) LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		relation := substring(line from ' on (\w+) .*never executed');
		IF relation IS NOT NULL THEN RETURN NEXT; END IF;
	END LOOP;
END
$$;
SELECT DISTINCT relation FROM never_executed('SELECT * FROM persona.next_message WHERE customer = 42') WHERE relation !~ 'index' ORDER BY relation;
-- a program of before a source was bound decides as it did
CREATE TABLE old AS SELECT persona.program() AS program;
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', name => 'bound later');
SELECT count(*), bool_and(persona.asks(o.program, 'bound later')) FROM old AS o;

--
-- A query keeps the program that it began with, whatever is changed meanwhile
--

CREATE TABLE kept AS SELECT persona.program() AS program;
BEGIN;
DECLARE answers CURSOR FOR
	SELECT persona.program_hash(p.program) = k.hash AS same, md5(p.program::text) = k.text AS there
	FROM (SELECT persona.program() OFFSET 0) AS p (program) CROSS JOIN (SELECT persona.program_hash(program) AS hash, md5(program::text) AS text FROM kept) AS k
		CROSS JOIN generate_series(1, 3);
FETCH 1 FROM answers;
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('new', 7, '7 days');
SELECT persona.program_hash(persona.program()) <> (SELECT persona.program_hash(program) FROM kept) AS another;
UPDATE persona.policy SET max_contacts = 8 WHERE name = 'new';
SELECT persona.program_hash(persona.program()) <> (SELECT persona.program_hash(program) FROM kept) AS another;
FETCH 2 FROM answers;
COMMIT;
