-- one_pass: what is answered for all customers in one pass equals what is
-- answered for each by itself, whatever the relations, keys and rights are.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';

-- nothing is bound
SELECT * FROM persona.reach;

CREATE TABLE customer (id bigint, name text, plan text, clv numeric, age integer, seen timestamptz, born date,
	zone text, lang text, email text, extra jsonb);
CREATE TABLE click (customer_id integer, at timestamptz, kind text, item integer, amount numeric, seq integer, due date);
CREATE TABLE purchase (customer_id bigint, day date, amount numeric);
CREATE INDEX ON customer (id);
CREATE INDEX ON click (customer_id, at);
CREATE INDEX ON purchase (customer_id, day);

SELECT persona.bind_customers('customer', 'id', time_zone => 'zone', language => 'lang', default_time_zone => 'Europe/Berlin');
SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind', sequence => 'seq');
SELECT persona.bind_events('purchase', 'customer_id', 'day', kind => 'purchase');

INSERT INTO persona.cohort (name, condition) VALUES
	('all', '{"all": []}'),
	('none', '{"any": []}'),
	('clv0', '{"attribute": "clv", "at_least": 100}'),
	('clv1', '{"attribute": "clv", "more_than": 100}'),
	('clv2', '{"attribute": "clv", "at_most": 100}'),
	('clv3', '{"attribute": "clv", "less_than": 100.5}'),
	('clv4', '{"attribute": "clv", "between": [50, 100]}'),
	('clv5', '{"attribute": "clv", "is_not": 100}'),
	('clv6', '{"attribute": "clv", "not_in": [100, 200, 12.5]}'),
	('clv7', '{"attribute": "clv", "in": [100, 200, 12.5, 0.1234567890123]}'),
	('clv8', '{"attribute": "clv", "known": false}'),
	('plan0', '{"attribute": "plan", "in": ["gold", "silver"]}'),
	('plan1', '{"not": {"attribute": "plan", "starts_with": "g"}}'),
	('plan2', '{"attribute": "plan", "is": "GOLD", "case": "ignore"}'),
	('age0', '{"attribute": "age", "in": [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39]}'),
	('seen0', '{"attribute": "seen", "within_last": "10 days"}'),
	('seen1', '{"attribute": "seen", "before": "10 days"}'),
	('seen2', '{"attribute": "seen", "within_next": "10 days"}'),
	('seen3', '{"attribute": "seen", "on": "today"}'),
	('born0', '{"attribute": "born", "anniversary_within": ["-20 days", "20 days"]}'),
	('json0', '{"attribute": "extra.level", "at_least": 3}'),
	('bucket', '{"bucket": {"seed": "spring", "from": 0.2, "to": 0.7}}'),
	('nested', '{"all": [{"cohort": "clv0"}, {"not": {"cohort": "plan0"}}, {"any": [{"cohort": "count0"}, {"cohort": "seen0"}]}]}'),
	('count0', '{"event": "view"}'),
	('count1', '{"event": "view", "within": "30 days", "times": {"at_least": 3}}'),
	('count2', '{"event": "view", "within": "30 days", "times": {"is": 0}}'),
	('count3', '{"event": "view", "within": "30 days", "times": {"in": [1, 3, 5]}}'),
	('count4', '{"event": "view", "within": "30 days", "times": {"is_not": 2}}'),
	('count5', '{"event": "view", "within": "60 days", "times": {"between": [2, 4]}}'),
	('count6', '{"event": "cart", "where": {"attribute": "amount", "at_least": 20}, "within": "60 days", "times": {"at_least": 2}}'),
	('count7', '{"event": "view", "within": "this month", "times": {"at_least": 2}}'),
	('count8', '{"event": "cart", "where": {"attribute": "due", "within_next": "9 days"}}'),
	('sum0', '{"event": "cart", "sum": "amount", "within": "60 days", "at_least": 50}'),
	('sum1', '{"event": "cart", "sum": "amount", "at_most": 50}'),
	('avg0', '{"event": "cart", "avg": "amount", "between": [10, 30]}'),
	('max0', '{"event": "purchase", "max": "amount", "within": "90 days", "at_most": 40}'),
	('distinct0', '{"event": "view", "distinct": "item", "at_least": 3}'),
	('last0', '{"event": "view", "last": {"before": "20 days"}}'),
	('last1', '{"event": "view", "within": "60 days", "last": {"within": "20 days", "before": "3 days"}}'),
	('last2', '{"event": "cart", "last": {"where": {"attribute": "amount", "more_than": 20}}}'),
	('first0', '{"event": "view", "first": {"within": "40 days"}}'),
	('first1', '{"event": "view", "within": "60 days", "first": {"before": "30 days"}}'),
	('every0', '{"event": "view", "every": {"period": "10 days", "of": 6, "at_least": 3}}'),
	('sequence0', '{"sequence": [{"event": "view"}, {"event": "cart", "same": ["item"], "within": "5 days"}], "within": "60 days"}'),
	('per0', '{"per": "item", "event": "view", "times": {"at_least": 2}, "within": "40 days"}'),
	('per1', '{"per": "item", "all": [{"event": "cart"}, {"attribute": "clv", "is": 100}]}'),
	('gap0', '{"event": "view", "gap": "longest", "at_most": "20 days"}'),
	('window0', '{"event": "view", "within": "60 days", "before": "20 days", "times": {"at_least": 2}}'),
	('held1', '{"held": {"event": "view", "within": "20 days", "times": {"at_most": 3}}, "for": "5 days"}'),
	('held0', '{"held": {"attribute": "seen", "before": "5 days"}, "for": "10 days"}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES
	('cart', '{"sequence": [{"event": "cart", "as": "cart"}, {"no": "purchase", "for": "1 hour"}], "within": "40 days"}', '20 days'),
	('third', '{"event": "view", "within": "30 days", "times": {"at_least": 3}}', NULL);
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name, address_column, quiet_hours, cost) VALUES ('email', 'email', 'daily 22:00-07:00', 0.1), ('letter', NULL, NULL, 1);
INSERT INTO persona.message (name, experience, channel, body) VALUES
	('mail', 'offer', 'email', 'Dear {{customer.name}}'), ('letter', 'offer', 'letter', 'Dear {{customer.name|you}}');
INSERT INTO persona.campaign (name, experience, cohort, trigger, value) VALUES ('a', 'offer', 'clv0', 'cart', 5), ('b', 'offer', 'seen1', NULL, 2);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('a', 1, 'email'), ('a', 2, 'letter'), ('b', 1, 'email');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('calm', 1, '5 days');

-- Where the pass and the views differ; no row if they do not.
CREATE FUNCTION differences(as_of timestamptz) RETURNS TABLE (what text, differing bigint)
	LANGUAGE plpgsql
AS $$
BEGIN
	RETURN QUERY EXECUTE $sql$
		SELECT d.what, d.differing FROM (
			SELECT 'cohorts' AS what, count(*) AS differing FROM (
				(TABLE a EXCEPT ALL SELECT * FROM persona.cohort_member_of_all($1))
				UNION ALL (SELECT * FROM persona.cohort_member_of_all($1) EXCEPT ALL TABLE a)) AS x
			UNION ALL SELECT 'triggers', count(*) FROM (
				(SELECT * FROM persona.open_trigger_at($1) EXCEPT ALL SELECT * FROM persona.open_trigger_of_all($1))
				UNION ALL (SELECT * FROM persona.open_trigger_of_all($1) EXCEPT ALL SELECT * FROM persona.open_trigger_at($1))) AS x
			UNION ALL SELECT 'messages', count(*) FROM (
				(SELECT * FROM persona.next_message_at($1) EXCEPT ALL SELECT * FROM persona.next_message_of_all($1))
				UNION ALL (SELECT * FROM persona.next_message_of_all($1) EXCEPT ALL SELECT * FROM persona.next_message_at($1))) AS x
			UNION ALL SELECT 'reach', count(*) FROM persona.reach_at($1) AS r
				WHERE r.customers <> (SELECT count(*) FROM a WHERE a.cohort = r.cohort)
			UNION ALL SELECT 'masks', count(*) FROM (
				(SELECT m.customer, c.name FROM persona.cohort_mask_of_all($1) AS m
						JOIN (SELECT name, row_number() OVER (ORDER BY name COLLATE "C") AS n FROM persona.cohort) AS c
							ON get_bit(m.cohorts, c.n::integer - 1) = 1
					EXCEPT ALL SELECT a.customer, a.cohort FROM a)
				UNION ALL
				(SELECT a.customer, a.cohort FROM a
					EXCEPT ALL SELECT m.customer, c.name FROM persona.cohort_mask_of_all($1) AS m
						JOIN (SELECT name, row_number() OVER (ORDER BY name COLLATE "C") AS n FROM persona.cohort) AS c
							ON get_bit(m.cohorts, c.n::integer - 1) = 1)) AS x
		) AS d WHERE d.differing > 0$sql$ USING as_of;
END
$$;
CREATE PROCEDURE compare(as_of timestamptz) LANGUAGE plpgsql AS $$
BEGIN
	DROP TABLE IF EXISTS a;
	CREATE TEMP TABLE a AS SELECT * FROM persona.cohort_member_at(as_of);
END
$$;

--
-- Empty tables
--

CALL compare('2026-03-01 12:00Z');
SELECT * FROM differences('2026-03-01 12:00Z');
SELECT * FROM persona.reach_at('2026-03-01 12:00Z') LIMIT 1;
SELECT count(*) FROM persona.overlap_at('2026-03-01 12:00Z');
SELECT count(*) FROM persona.cohort_mask_of_all('2026-03-01 12:00Z');

--
-- Customers without events, events without customers, no keys, keys twice
--

INSERT INTO customer
SELECT CASE WHEN i % 40 = 39 THEN NULL WHEN i % 40 = 38 THEN i - 1 ELSE i END, CASE WHEN i % 7 > 0 THEN 'Name ' || i END,
	(ARRAY['gold', 'silver', 'basic', 'Gold', '', NULL])[1 + i % 6],
	CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN 100 WHEN 2 THEN 100.00 WHEN 3 THEN i ELSE 'NaN' END, i % 50,
	CASE i % 9 WHEN 0 THEN NULL WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' WHEN 3 THEN '2026-02-19 12:00Z'::timestamptz + (i % 3 - 1) * interval '1 us'
		ELSE '2026-03-01 12:00Z'::timestamptz + (i % 61 - 30) * interval '1 day' + (i % 3 - 1) * interval '1 us' END,
	date '1990-01-01' + i * 37, (ARRAY['Europe/Berlin', 'America/New_York', 'Mars/Olympus', NULL])[1 + i % 4],
	(ARRAY['de', 'en', NULL])[1 + i % 3], CASE WHEN i % 3 > 0 THEN i || '@example.com' END,
	CASE WHEN i % 2 = 0 THEN jsonb_build_object('level', i % 6) END
FROM generate_series(1, 500) AS i;
INSERT INTO click
SELECT CASE WHEN i % 97 = 0 THEN NULL WHEN i % 89 = 0 THEN 100000 + i ELSE 1 + (i * 7919 / 5) % 397 END,
	CASE WHEN i % 101 > 0 THEN '2026-03-01 12:00Z'::timestamptz - (i % 71 - 3) * interval '1 day' + (i % 3 - 1) * interval '1 us' END,
	(ARRAY['view', 'view', 'cart', 'other', NULL])[1 + (i / 3) % 5], i % 5, CASE WHEN i % 11 > 0 THEN (i % 400) * 0.1 END, i % 3,
	'2026-03-01'::date + i % 30
FROM generate_series(1, 6000) AS i;
INSERT INTO purchase SELECT 1 + (i * 13) % 450, '2026-03-01'::date - i % 100, i % 60 FROM generate_series(1, 1500) AS i;
INSERT INTO persona.contact (customer, campaign, channel, status, decided_at, send_at)
SELECT i, 'a', 'email', 'planned', '2026-02-25 12:00Z', '2026-02-26 12:00Z'::timestamptz + i % 9 * interval '1 day' FROM generate_series(1, 400, 3) AS i;
ANALYZE;

CALL compare('2026-03-01 12:00Z');
SELECT * FROM differences('2026-03-01 12:00Z');
SELECT count(*) AS members, count(DISTINCT cohort) AS cohorts FROM a;
SELECT cohort, customers, round(share::numeric, 4) AS share FROM persona.reach_at('2026-03-01 12:00Z') ORDER BY cohort COLLATE "C";
-- pairs
SELECT count(*) FROM (
	(SELECT cohort, other, customers FROM persona.overlap_at('2026-03-01 12:00Z')
		EXCEPT ALL SELECT cohort, other, count FROM (SELECT l.cohort, r.cohort AS other, count(*)
			FROM (SELECT *, get_bit(cohorts, n - 1) AS member FROM persona.cohort_mask_of_all('2026-03-01 12:00Z') WITH ORDINALITY AS m (customer, cohorts, row),
				(SELECT name AS cohort, row_number() OVER (ORDER BY name COLLATE "C")::integer AS n FROM persona.cohort) AS c) AS l
			JOIN (SELECT *, get_bit(cohorts, n - 1) AS member FROM persona.cohort_mask_of_all('2026-03-01 12:00Z') WITH ORDINALITY AS m (customer, cohorts, row),
				(SELECT name AS cohort, row_number() OVER (ORDER BY name COLLATE "C")::integer AS n FROM persona.cohort) AS c) AS r
				ON r.row = l.row AND r.n > l.n
			WHERE l.member = 1 AND r.member = 1 GROUP BY 1, 2) AS p)) AS x;
-- other instants
CALL compare('2026-02-01 00:00:00.000001Z');
SELECT * FROM differences('2026-02-01 00:00:00.000001Z');
CALL compare('2027-01-01 00:00Z');
SELECT * FROM differences('2027-01-01 00:00Z');
SELECT * FROM persona.reach_at('infinity');
SELECT count(*) FROM persona.reach_at(NULL);
SELECT count(*) FROM persona.reach_of_all(NULL, now());
-- only cohorts on attributes: nothing is kept of the customers
SELECT r.cohort, r.customers = (SELECT count(*) FROM persona.cohort_member_at('2026-03-01 12:00Z') AS m WHERE m.cohort = r.cohort) AS same
FROM persona.reach_of_all(persona.assemble_program(
	cohorts => (SELECT json_agg(json_build_object('name', name, 'condition', condition::json)) FROM persona.cohort WHERE name IN ('clv4', 'plan1', 'seen0', 'seen3', 'bucket'))),
	'2026-03-01 12:00Z') AS r;
-- a column list that does not fit
SELECT * FROM persona.masks_of_all(persona.program(), now()) AS m (customer integer, cohorts bit varying);
SELECT * FROM persona.decisions_of_all(persona.program(), now()) AS m (customer bigint, cohorts bit varying);

--
-- A value that is no whole number of billionths
--

INSERT INTO click VALUES (1, '2026-02-20 12:00Z', 'cart', 1, 0.00000000001), (2, '2026-02-20 12:00Z', 'cart', 1, 'NaN');
CALL compare('2026-03-01 12:00Z');
SELECT * FROM differences('2026-03-01 12:00Z');

--
-- Little memory: the same answers, by way of files
--

BEGIN;
SET LOCAL work_mem = '64kB';
SET LOCAL hash_mem_multiplier = 1;
SELECT * FROM differences('2026-03-01 12:00Z');
COMMIT;
CREATE TEMP TABLE alone AS SELECT * FROM persona.overlap_at('2026-03-01 12:00Z');
SELECT pg_stat_force_next_flush();
SELECT temp_files > 0 AS files FROM pg_stat_database WHERE datname = current_database();

--
-- With the help of other processes, which read even small relations; by way of files; with none to be had
--

SET max_parallel_workers_per_gather = 1;
SET min_parallel_table_scan_size = 0;
SELECT * FROM differences('2026-03-01 12:00Z');
SELECT count(*) FROM (
	(SELECT * FROM persona.overlap_at('2026-03-01 12:00Z') EXCEPT ALL SELECT * FROM alone)
	UNION ALL (SELECT * FROM alone EXCEPT ALL SELECT * FROM persona.overlap_at('2026-03-01 12:00Z'))) AS x;
BEGIN;
SET LOCAL work_mem = '64kB';
SET LOCAL hash_mem_multiplier = 1;
SELECT * FROM differences('2026-03-01 12:00Z');
ROLLBACK;
BEGIN;
SET LOCAL max_parallel_workers = 0;
SELECT * FROM differences('2026-03-01 12:00Z');
-- what this transaction has written is seen by all
DELETE FROM click WHERE item = 4;
UPDATE customer SET clv = 200 WHERE id % 3 = 0;
RESET max_parallel_workers;
CALL compare('2026-03-01 12:00Z');
SELECT * FROM differences('2026-03-01 12:00Z');
ROLLBACK;
CALL compare('2026-03-01 12:00Z');
-- inside of a parallel query: nobody is asked for help there
BEGIN;
SELECT set_config(CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END, 'on', true) FROM (SELECT) AS x \g /dev/null
SELECT count(*), sum(customers) = (SELECT count(*) FROM a) AS same FROM persona.reach_at('2026-03-01 12:00Z');
COMMIT;

--
-- Whoever interrupts it is heard
--

\set VERBOSITY terse
SET statement_timeout = '20ms';
SELECT count(*) FROM (SELECT persona.reach_at('2026-03-01 12:00Z') FROM generate_series(1, 10000)) AS many;
RESET statement_timeout;

--
-- Rights: the caller's
--

CREATE ROLE persona_one_pass;
GRANT USAGE ON SCHEMA persona, shop TO persona_one_pass;
GRANT SELECT ON persona.reach, persona.cohort TO persona_one_pass;
SET ROLE persona_one_pass;
SELECT count(*) FROM persona.reach;
RESET ROLE;
-- only the columns that the conditions need
GRANT SELECT ON persona.customer_binding, persona.event_binding TO persona_one_pass;
GRANT SELECT (id, clv) ON customer TO persona_one_pass;
GRANT SELECT (customer_id, at, kind, seq) ON click TO persona_one_pass;
SET ROLE persona_one_pass;
SELECT count(*) FROM persona.reach;
SELECT customers > 0 AS some FROM persona.reach_of_all(persona.program_for('{"attribute": "clv", "at_least": 100}'), '2026-03-01 12:00Z')
UNION ALL
SELECT customers > 0 FROM persona.reach_of_all(persona.assemble_program(cohorts =>
	'[{"name": "x", "condition": {"all": [{"attribute": "clv", "at_least": 100}, {"event": "view", "within": "30 days"}]}}]'), '2026-03-01 12:00Z');
RESET ROLE;
-- rows
GRANT SELECT ON customer, click, purchase, persona.contact, persona.response, persona.choice TO persona_one_pass;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE click ENABLE ROW LEVEL SECURITY;
CREATE POLICY part ON customer USING (id % 2 = 0);
CREATE POLICY part ON click USING (item < 3);
GRANT CREATE ON SCHEMA shop TO persona_one_pass;
SET ROLE persona_one_pass;
DROP TABLE IF EXISTS pg_temp.b;
CREATE TEMP TABLE b AS SELECT * FROM persona.cohort_member_at('2026-03-01 12:00Z');
SELECT count(*) FROM (TABLE b EXCEPT ALL SELECT * FROM persona.cohort_member_of_all('2026-03-01 12:00Z')) AS x;
SELECT (SELECT count(*) FROM b) = (SELECT sum(customers) FROM persona.reach_at('2026-03-01 12:00Z')) AS same, count(*) FROM b;
RESET ROLE;
DROP TABLE b;
DROP POLICY part ON customer;
DROP POLICY part ON click;
ALTER TABLE customer DISABLE ROW LEVEL SECURITY;
ALTER TABLE click DISABLE ROW LEVEL SECURITY;
DROP OWNED BY persona_one_pass;
DROP ROLE persona_one_pass;

--
-- Keys and relations of other kinds
--

\set VERBOSITY default
SET client_min_messages = error;
DELETE FROM persona.contact;
-- a partitioned table, and a view over a dropped column, with a key that is cast
CREATE TABLE parted (gone integer, customer_id numeric, at timestamp, kind text, item integer, amount double precision, seq integer, due date)
	PARTITION BY RANGE (at);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (MINVALUE) TO ('2026-02-01');
CREATE TABLE parted_2 (seq integer, due date, at timestamp, kind text, customer_id numeric, item integer, amount double precision, gone integer);
ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM ('2026-02-01') TO (MAXVALUE);
ALTER TABLE parted DROP COLUMN gone;
INSERT INTO parted (customer_id, at, kind, item, amount, seq, due) SELECT customer_id, at AT TIME ZONE 'UTC', kind, item, amount, seq, due FROM click WHERE at IS NOT NULL;
SELECT persona.bind_events('parted', 'customer_id', 'at', kind_column => 'kind', sequence => 'seq', name => 'shop.click');
CALL compare('2026-03-01 12:00Z');
SELECT * FROM differences('2026-03-01 12:00Z');
SELECT count(*) > 1000 AS many FROM a;

CREATE PROCEDURE bind_text_keys(type text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM persona.unbind_customers();
	-- bound to nothing for a moment, so that they can be made anew
	PERFORM persona.bind_events('parted', 'customer_id', 'at', kind_column => 'kind', sequence => 'seq', name => 'shop.click');
	PERFORM persona.bind_events('purchase', 'customer_id', 'day', kind => 'purchase', name => 'shop.purchase');
	DROP TABLE IF EXISTS keyed, keyed_click, keyed_purchase;
	EXECUTE format('CREATE TABLE keyed AS SELECT ("left"(md5(id::text), 8) || ''-0000-0000-0000-000000000000'')::%s AS c, * FROM customer', type);
	EXECUTE format('CREATE TABLE keyed_click AS SELECT ("left"(md5(customer_id::text), 8) || ''-0000-0000-0000-000000000000'')::%s AS key, * FROM click', type);
	EXECUTE format('CREATE TABLE keyed_purchase AS SELECT ("left"(md5(customer_id::text), 8) || ''-0000-0000-0000-000000000000'')::%s AS key, * FROM purchase', type);
	PERFORM persona.bind_events('keyed_click', 'key', 'at', kind_column => 'kind', sequence => 'seq', name => 'shop.click');
	PERFORM persona.bind_events('keyed_purchase', 'key', 'day', kind => 'purchase', name => 'shop.purchase');
	PERFORM persona.bind_customers('keyed', 'c', time_zone => 'zone', language => 'lang', default_time_zone => 'Europe/Berlin');
	ANALYZE;
END
$$;
CREATE COLLATION soft (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CALL bind_text_keys('text');
CALL compare('2026-03-01 12:00Z');
SELECT * FROM differences('2026-03-01 12:00Z');
SELECT count(*) > 1000 AS many FROM a;
CALL bind_text_keys('uuid');
CALL compare('2026-03-01 12:00Z');
SELECT * FROM differences('2026-03-01 12:00Z');
SELECT count(*) > 1000 AS many FROM a;
CALL bind_text_keys('char(40)');
CALL compare('2026-03-01 12:00Z');
SELECT * FROM differences('2026-03-01 12:00Z');
SELECT count(*) > 1000 AS many FROM a;
-- upper and lower case are the same, on one side or on both
CALL bind_text_keys('text COLLATE soft');
UPDATE keyed_click SET key = upper(key) WHERE item = 2;
CALL compare('2026-03-01 12:00Z');
SELECT * FROM differences('2026-03-01 12:00Z');
SELECT count(*) > 1000 AS many FROM a;
SELECT persona.drop_views();
ALTER TABLE keyed_click ALTER COLUMN key TYPE text COLLATE "C";
SELECT persona.create_views();
CALL compare('2026-03-01 12:00Z');
SELECT * FROM differences('2026-03-01 12:00Z');

DROP EXTENSION persona CASCADE;
DROP SCHEMA persona, shop CASCADE;
