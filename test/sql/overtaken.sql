-- overtaken: customers for whom somebody decided as of a later instant than the
-- run's are left to the next run, whoever it was and whatever the run was for.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
\set SHOW_CONTEXT never

CREATE TABLE customer (id integer PRIMARY KEY, plan text, written_at timestamptz);
CREATE TABLE click (customer_id integer, at timestamptz);
CREATE INDEX ON click (customer_id, at);
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('click', 'customer_id', 'at', kind => 'click');
SELECT persona.watch_changes('customer');
SELECT persona.watch_changes('click');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name) VALUES ('email');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('hello', 'offer', 'email', 'Hello');
INSERT INTO persona.cohort (name, condition) VALUES ('gold', '{"attribute": "plan", "is": "gold"}'), ('clicked', '{"event": "click"}');
INSERT INTO persona.campaign (name, experience, cohort, max_contacts, max_contacts_within) VALUES
	('gold', 'offer', 'gold', 1, '30 days'), ('clicked', 'offer', 'clicked', 1, '30 days');
INSERT INTO persona.campaign_channel (campaign, position, channel) SELECT name, 1, 'email' FROM persona.campaign;
INSERT INTO customer SELECT i, 'free' FROM generate_series(1, 1000) AS i;
CREATE VIEW last_run AS SELECT state, total, done, written, skipped FROM persona.run_log ORDER BY run DESC LIMIT 1;
CALL persona.run(as_of => '2026-03-01 10:00');
TABLE last_run;

-- a session decides while a run for everyone is about to begin: what changed before is not forgotten
UPDATE customer SET plan = 'gold' WHERE id = 1;
SELECT campaign FROM persona.commit_message(1, as_of => '2026-03-01 10:05');
INSERT INTO click VALUES (1, '2026-03-01 10:04');
CALL persona.run(as_of => '2026-03-01 10:03', everyone => true);
TABLE last_run;
CALL persona.run(as_of => '2026-03-01 10:06');
TABLE last_run;
SELECT campaign, decided_at FROM persona.contact WHERE customer = 1 ORDER BY contact_id;

-- a run for all definitions that is overtaken by one for some campaigns goes on where it was
UPDATE persona.cohort SET condition = '{"attribute": "id", "at_least": 1}' WHERE name = 'gold';
CALL persona.run(as_of => '2026-03-01 11:00', batch => 1, max_seconds => 0);
SELECT state, done < 1000 AS not_all FROM last_run;
CALL persona.run('{clicked}', as_of => '2026-03-01 11:05');
SELECT state, total, done, written FROM last_run;
CALL persona.run(as_of => '2026-03-01 11:10');
SELECT count(*) FROM persona.contact WHERE campaign = 'gold' AND decided_at >= '2026-03-01 11:00';
-- and so does one that began earlier than it ends
CALL persona.run(as_of => '2026-03-01 11:20');
UPDATE customer SET plan = 'silver';
UPDATE persona.campaign SET max_contacts = 2 WHERE name = 'gold';
CALL persona.run('{clicked}', as_of => '2026-03-01 11:25');
CALL persona.run(as_of => '2026-03-01 11:22');
TABLE last_run;
CALL persona.run(as_of => '2026-03-01 11:30');
TABLE last_run;
SELECT count(*) FROM persona.contact WHERE campaign = 'gold' AND decided_at = '2026-03-01 11:30';
-- a run that is repeated as of the same instant has nothing to do
CALL persona.run(as_of => '2026-03-01 11:40');
CALL persona.run(as_of => '2026-03-01 11:40');
TABLE last_run;
-- nobody is forgotten by a run as of an instant that is over for everyone
UPDATE customer SET plan = 'gold' WHERE id = 7;
CALL persona.run(as_of => '2026-03-01 10:30', everyone => true);
TABLE last_run;
CALL persona.run(as_of => '2026-03-01 11:50');
TABLE last_run;
-- nor are definitions
UPDATE persona.campaign SET max_contacts = 3 WHERE name = 'gold';
CALL persona.run(as_of => '2026-03-01 10:30');
TABLE last_run;
CALL persona.run(as_of => '2026-03-01 11:55');
TABLE last_run;

DROP VIEW last_run;
SELECT persona.unbind_customers();
DROP EXTENSION persona;
