-- choices: the tables of responses and choices, and what customers choose.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';

--
-- The tables: made with the key's type and collation, bound, kept
--

CREATE TABLE customer (name text COLLATE "C" PRIMARY KEY);
INSERT INTO customer VALUES ('ann'), ('ben');
SELECT persona.bind_customers('customer', 'name');
CREATE VIEW shape AS
	SELECT a.attrelid::regclass AS relation, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
		CASE WHEN a.attname = 'customer' THEN a.attcollation::regcollation END AS key_collation
	FROM pg_attribute AS a
	WHERE a.attrelid = ANY (ARRAY[to_regclass('persona.response'), to_regclass('persona.choice')]) AND a.attnum > 0
	ORDER BY a.attrelid::regclass::text COLLATE "C", a.attnum;
SELECT * FROM shape;

-- they are events
INSERT INTO persona.response (customer, at, outcome, campaign, channel) VALUES ('ann', '2026-03-01 10:00', 'opened', 'spring', 'email');
INSERT INTO persona.choice (customer, at, choice, channel) VALUES ('ben', '2026-03-01 10:00', 'objection', 'email');
SELECT c.name,
	persona.holds(c, '{"event": "response", "where": {"attribute": "outcome", "is": "opened"}}', '2026-03-01 09:59') AS before,
	persona.holds(c, '{"event": "response", "where": {"attribute": "outcome", "is": "opened"}}', '2026-03-01 10:00') AS opened,
	persona.holds(c, '{"event": "choice", "where": {"attribute": "choice", "is": "objection"}}', '2026-03-01 10:00') AS objected
FROM customer AS c ORDER BY c.name;

-- what makes no sense is refused
\set VERBOSITY terse
INSERT INTO persona.response (customer, outcome) VALUES ('ann', 'laughed');
INSERT INTO persona.response (customer, at, outcome) VALUES ('ann', 'infinity', 'opened');
INSERT INTO persona.response (customer, outcome) VALUES (NULL, 'opened');
INSERT INTO persona.choice (customer, choice) VALUES ('ann', 'silence');
INSERT INTO persona.choice (customer, at, choice) VALUES ('ann', '-infinity', 'consent');
INSERT INTO persona.choice (customer, choice, channel) VALUES ('ann', 'consent', '');
INSERT INTO persona.choice (customer, choice, topic) VALUES ('ann', 'consent', '');
INSERT INTO persona.choice (customer, choice) VALUES ('ann', 'snooze');
INSERT INTO persona.choice (customer, choice, until) VALUES ('ann', 'consent', '2026-04-01');
INSERT INTO persona.choice (customer, choice, rank) VALUES ('ann', 'consent', 1);
INSERT INTO persona.choice (customer, choice, rank) VALUES ('ann', 'preference', 1);
INSERT INTO persona.choice (customer, choice, channel, topic, rank) VALUES ('ann', 'preference', 'email', 'news', 1);

\set VERBOSITY default
-- bound by persona.bind_customers() only
SELECT persona.bind_events('persona.response', 'customer', 'at', kind => 'answer');
SELECT persona.bind_events('customer', 'name', 'name', kind => 'answer', name => 'persona.choice');
SELECT persona.unbind_events('persona.response');
SELECT persona.unbind_events('persona.choice');
DROP TABLE persona.response;
ALTER TABLE persona.choice DROP COLUMN at;

-- another collation of the key is taken over, another type only while there are no rows
CREATE TABLE person (name text PRIMARY KEY);
CREATE TABLE account (id bigint PRIMARY KEY);
SELECT persona.bind_customers('person', 'name');
SELECT relation, type, key_collation FROM shape WHERE attname = 'customer';
SELECT persona.bind_customers('account', 'id');
DELETE FROM persona.response;
SELECT persona.bind_customers('account', 'id');
DELETE FROM persona.choice;
SELECT persona.bind_customers('account', 'id');
SELECT relation, type, key_collation FROM shape WHERE attname = 'customer';

-- they stay when the customers are unbound
INSERT INTO persona.response (customer, outcome) VALUES (1, 'clicked');
INSERT INTO persona.choice (customer, choice, channel, rank) VALUES (1, 'preference', 'email', 1);
SELECT persona.unbind_customers();
SELECT count(*) FROM persona.event_binding;
SELECT persona.bind_customers('account', 'id');
SELECT r.customer, r.outcome, c.choice, c.rank FROM persona.response AS r JOIN persona.choice AS c USING (customer);
SELECT name, position FROM persona.event_binding ORDER BY name;
DROP VIEW shape;
