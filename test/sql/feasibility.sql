-- feasibility: how far the data bear a cohort enters the score as a number of the
-- definitions, which is measured now and then; so decisions stay pure.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
\set VERBOSITY default
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TABLE customer (id integer PRIMARY KEY, email text, clv numeric, plan text);
CREATE TABLE sale (customer integer, at timestamptz);
CREATE INDEX ON sale (customer, at);
-- clv is known of a third, the plan of all; half have an address
INSERT INTO customer SELECT n, CASE WHEN n % 2 = 0 THEN n || '@example.com' END, CASE WHEN n % 3 = 0 THEN n END, 'gold' FROM generate_series(1, 12) AS n;
INSERT INTO sale VALUES (6, '2026-03-01'), (12, '2026-03-01');
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('sale', 'customer', 'at', kind => 'order');
INSERT INTO persona.cohort (name, condition, value) VALUES
	('worth', '{"attribute": "clv", "at_least": 1}', 3),
	('gold', '{"attribute": "plan", "is": "gold"}', 2),
	('some', '{"bucket": {"seed": "some", "from": 0, "to": 0.9}}', 1);
INSERT INTO persona.channel (name, address_column) VALUES ('email', 'email');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('m', 'offer', 'email', 'Hello');
INSERT INTO persona.campaign (name, experience, cohort, value) VALUES ('worth', 'offer', 'worth', '1'), ('gold', 'offer', 'gold', '1');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('worth', 1, 'email'), ('gold', 1, 'email');

-- refused: what is no share
INSERT INTO persona.cohort (name, condition, feasibility) VALUES ('x', '{"all": []}', 1.01);
INSERT INTO persona.cohort (name, condition, feasibility) VALUES ('x', '{"all": []}', -0.01);
INSERT INTO persona.cohort (name, condition, feasibility) VALUES ('x', '{"all": []}', 'NaN');

-- by default it changes nothing, not even the program
CREATE TABLE kept AS SELECT p.program, persona.program_hash(p.program) AS hash FROM persona.program() AS p (program);
SELECT e.campaign, e.stage, e.value, e.score FROM persona.explain(6, '2026-03-02') AS e;
SELECT c ->> 'name' AS cohort, c ->> 'value' AS value FROM kept, jsonb_array_elements(kept.program::jsonb -> 'cohorts') AS c;

-- measured: a sixth of the customers can be served as "worth", half as "gold"; nothing is asked for "some"
SELECT name, known_share, reachable_share, feasible_share FROM persona.feasibility_at('2026-03-02') WHERE definition = 'cohort' ORDER BY name;
SELECT * FROM persona.measure_feasibility('2026-03-02') ORDER BY cohort;
SELECT name, value, feasibility FROM persona.cohort ORDER BY name;
-- so 3 * 0.17 comes behind 2 * 0.5
SELECT e.campaign, e.stage, e.value, e.score, e.reason FROM persona.explain(6, '2026-03-02') AS e;
SELECT n.customer, n.campaign FROM persona.next_message_at('2026-03-02') AS n ORDER BY n.customer;
-- the definitions of before decide as before
SELECT e.campaign, e.stage, e.value FROM kept, customer AS c, LATERAL persona.candidates(kept.program, c, NULL, '2026-03-02') AS e WHERE c.id = 6;

-- measured again, nothing changes, as little as the program does
CREATE TABLE measured AS SELECT persona.program_hash(persona.program()) AS hash;
SELECT * FROM persona.measure_feasibility('2026-03-02');
SELECT m.hash = persona.program_hash(persona.program()) AS same FROM measured AS m;
SELECT * FROM persona.measure_feasibility(NULL);
-- but with a customer of whom little is known
INSERT INTO customer SELECT n, NULL, NULL, 'gold' FROM generate_series(13, 13) AS n;
SELECT * FROM persona.measure_feasibility('2026-03-02') ORDER BY cohort;
-- back to where it has no say
UPDATE persona.cohort SET feasibility = 1;
SELECT k.hash = persona.program_hash(persona.program()) AS as_before FROM kept AS k;
-- who may not change definitions may not measure
BEGIN TRANSACTION READ ONLY;
SELECT * FROM persona.measure_feasibility('2026-03-02');
ROLLBACK;

-- factors of those who are not in the cohort: known where they are constants, on each channel by itself
INSERT INTO persona.channel (name, affinity_column, weight) VALUES ('call', 'clv', 2), ('web', NULL, 3);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('worth', 2, 'call'), ('worth', 3, 'web');
SELECT e.channel, e.stage, e.propensity, e.weight, e.score FROM persona.explain(1, '2026-03-02') AS e WHERE e.campaign = 'worth';
SELECT e.channel, e.stage, e.propensity, e.weight, e.score FROM persona.explain(3, '2026-03-02') AS e WHERE e.campaign = 'worth';
