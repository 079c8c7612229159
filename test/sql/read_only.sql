-- read_only: whatever only reads answers in a READ ONLY transaction as it does
-- outside of one, and leaves nothing; what writes is refused there.

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

CREATE TABLE customer (id integer PRIMARY KEY, email text, clv numeric);
CREATE TABLE click (customer integer, at timestamptz, kind text);
CREATE INDEX ON click (customer, at);
INSERT INTO customer SELECT n, CASE WHEN n % 4 > 0 THEN n || '@example.com' END, n FROM generate_series(1, 20) AS n;
INSERT INTO click SELECT n, '2026-03-01'::timestamptz - interval '1 hour' * n, CASE WHEN n % 3 = 0 THEN 'cart' ELSE 'view' END FROM generate_series(1, 20) AS n;
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind');
INSERT INTO persona.cohort (name, condition) VALUES ('good', '{"attribute": "clv", "at_least": 8}'), ('seen', '{"event": "view", "within": "1 day"}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('cart', '{"event": "cart", "within": "6 hours"}', '1 day');
INSERT INTO persona.channel (name, address_column, capacity_per_day) VALUES ('email', 'email', 4), ('web', NULL, NULL);
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.message (name, experience, channel, body) SELECT c.name, 'offer', c.name, 'Hello' FROM persona.channel AS c;
INSERT INTO persona.campaign (name, experience, cohort, trigger, value) VALUES ('good', 'offer', 'good', NULL, 'clv'), ('cart', 'offer', NULL, 'cart', '5');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('good', 1, 'email'), ('good', 2, 'web'), ('cart', 1, 'web');
SELECT persona.watch_changes('customer'), persona.watch_changes('click');
CALL persona.run(as_of => '2026-03-01');
SELECT persona.refresh_snapshot('2026-03-01') IS NOT NULL AS refreshed;

-- the questions: all views, and all functions that a question is asked by
CREATE TABLE question (name text, query text);
INSERT INTO question SELECT c.relname, format('SELECT * FROM persona.%I', c.relname) FROM pg_class AS c WHERE c.relnamespace = 'persona'::regnamespace AND c.relkind IN ('v', 'm');
INSERT INTO question SELECT split_part(q, '(', 1), 'SELECT * FROM persona.' || q FROM unnest(ARRAY[
	'next_message_at(T)', 'cohort_member_at(T)', 'open_trigger_at(T)', 'explain(8, T)', 'explain_with_places(8, T)', 'next_message_for(8, ''web'', NULL, ''{"page": "x"}'', T)',
	'next_message_of_all(T)', 'candidate_of_all(T)', 'cohort_member_of_all(T)', 'open_trigger_of_all(T)', 'cohort_mask_of_all(T)',
	'reach_at(T)', 'overlap_at(T)', 'funnel_at(T)', 'feasibility_at(T)', 'prices_at(T)', 'priced_program(T)', 'replay(1)',
	'reach_of_all(persona.program(), T)', 'overlap_of_all(persona.program(), T)', 'funnel_of_all(persona.program(), T)',
	'simulate(persona.program(), T)', 'simulate_reach(persona.program(), T)', 'simulate_overlap(persona.program(), T)',
	'campaign_reach_of_all(persona.program(), T)', 'campaign_overlap_of_all(persona.program(), T)',
	'rulings(ARRAY[8], T, persona.program())', 'rulings_for(8, ''web'', NULL, NULL, T, persona.program())', 'standings(ARRAY[8], T, persona.program())',
	'prices_of_all(persona.program(), T)', 'market_of_all(persona.program(), T)', 'close_full_days(persona.program(), T)', 'channel_day(T)',
	'needs(persona.program())', 'check_program(persona.program())', 'build_program()', 'program_with(persona.program(), ''{"campaigns": {"good": null}}'')',
	'next_due(''email'')', 'unwatched()', 'progress_rows()']) AS q;
UPDATE question SET query = regexp_replace(query, '\mT\M', '''2026-03-01 12:00''::timestamptz');
INSERT INTO question VALUES
	('holds', 'SELECT id FROM customer AS c WHERE persona.holds(c, ''{"event": "view", "times": {"at_least": 1}}'', ''2026-03-01'')'),
	('in_cohort', 'SELECT id FROM customer AS c WHERE persona.in_cohort(c, ''good'', ''2026-03-01'')'),
	('truth', 'SELECT id, persona.truth(c, ''{"cohort": "seen"}'', ''2026-03-01'') FROM customer AS c');
-- others with an instant are parts of these
SELECT p.oid::regprocedure FROM pg_proc AS p
WHERE p.pronamespace = 'persona'::regnamespace AND p.provolatile = 's' AND p.prokind = 'f' AND 'as_of' = ANY (p.proargnames)
	AND NOT EXISTS (SELECT FROM question AS q WHERE q.name = p.proname)
ORDER BY p.proname COLLATE "C";

-- answers, as a hash of all rows in order; errors as such
CREATE FUNCTION answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT count(*) || '' rows, '' || md5(coalesce(string_agg(a::text, E''\n'' ORDER BY a::text), '''')) FROM (%s) AS a', query) INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLERRM;
END $$;
-- at one instant: views ask as of now()
BEGIN;
CREATE TABLE answered AS SELECT q.*, answer(q.query) FROM question AS q WHERE q.query LIKE '%2026%' OR q.name !~ 'progress';
COMMIT;
-- errors are none
SELECT a.name, a.answer FROM answered AS a WHERE a.answer !~ '^\d+ rows, ';
CREATE FUNCTION differ() RETURNS TABLE (name text, answer text) LANGUAGE sql AS $$
	SELECT a.name, n.answer FROM answered AS a CROSS JOIN LATERAL answer(a.query) AS n (answer)
	WHERE CASE WHEN a.query LIKE '%2026%' THEN n.answer <> a.answer ELSE n.answer !~ '^\d+ rows, ' END $$;
BEGIN TRANSACTION READ ONLY;
SELECT * FROM differ();
COMMIT;
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT * FROM differ();
COMMIT;
BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY;
SELECT * FROM differ();
COMMIT;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
BEGIN TRANSACTION READ ONLY;
SELECT * FROM differ();
COMMIT;
-- in a session of which nothing is known yet, too
\c -
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET search_path = shop, public;
BEGIN TRANSACTION READ ONLY;
SELECT * FROM differ();
COMMIT;
SELECT count(*) > 40 AS many, count(*) FILTER (WHERE answer NOT LIKE '0 rows%') > 30 AS mostly_with_rows FROM answered;

-- what writes is refused, by PostgreSQL
\set VERBOSITY sqlstate
BEGIN TRANSACTION READ ONLY;
SAVEPOINT s;
SELECT persona.commit_message(8, as_of => '2026-03-02');
ROLLBACK TO s;
SELECT persona.claim('email');
ROLLBACK TO s;
SELECT persona.refresh_snapshot('2026-03-02');
ROLLBACK TO s;
SELECT persona.measure_feasibility('2026-03-02');
ROLLBACK TO s;
SELECT persona.choose_preference(8, '{web}');
ROLLBACK;
