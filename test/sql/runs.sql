-- runs: contacts are written, one by one and in runs, and only for whom it is due

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = postgres;
\set SHOW_CONTEXT never

CREATE TABLE customer (id bigint PRIMARY KEY, plan text, email text);
CREATE TABLE click (customer_id bigint, at timestamptz, kind text, item int);
CREATE INDEX ON click (customer_id, at);
INSERT INTO customer SELECT i, CASE WHEN i % 3 = 0 THEN 'gold' ELSE 'free' END, CASE WHEN i % 10 > 0 THEN format('c%s@example.org', i) END
FROM generate_series(1, 100) AS i;

-- nothing is bound
CALL persona.run();
SELECT persona.watch_changes('customer');

SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind', kinds => '{view,buy}');
INSERT INTO persona.cohort (name, condition) VALUES ('gold', '{"attribute": "plan", "is": "gold"}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('viewed', '{"event": "view", "within": "1 day"}', '2 days');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name, address_column) VALUES ('email', 'email');
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES ('hello', 'offer', 'email', 'Hello', 'Hello {{customer.id}}');
INSERT INTO persona.campaign (name, experience, cohort, trigger, priority, max_contacts) VALUES
	('golden', 'offer', 'gold', NULL, 2, 1), ('viewer', 'offer', NULL, 'viewed', 1, NULL);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('golden', 1, 'email'), ('viewer', 1, 'email');

--
-- One message
--

SELECT customer, campaign, channel, message, status, decided_at, send_at, subject, body, priority, score, reason, trigger, fired_at,
	program = persona.program_hash(persona.program()) AS program
FROM persona.commit_message(3, as_of => '2026-03-01 10:00');
-- what it takes is taken
SELECT count(*) FROM persona.commit_message(3, as_of => '2026-03-01 10:00');
-- no message, no customer, nobody
SELECT count(*) FROM persona.commit_message(1);
SELECT count(*) FROM persona.commit_message(1000);
SELECT count(*) FROM persona.commit_message(NULL);
SELECT count(*) FROM persona.due WHERE customer NOT IN (1, 3);
-- decisions go forward, and not beyond now
SELECT persona.commit_message(3, as_of => '2026-03-01 09:59');
SELECT persona.commit_message(3, as_of => '2999-01-01');
SELECT persona.commit_message(3, as_of => 'infinity');
-- as of the clock
SELECT decided_at BETWEEN now() AND clock_timestamp() AS as_of_now, send_at = decided_at AS at_once FROM persona.commit_message(6);
-- what is rolled back gives its slot back
BEGIN;
SELECT customer, campaign FROM persona.commit_message(9, as_of => '2026-03-01 10:00');
SELECT customer, campaign FROM persona.commit_message(9, as_of => '2026-03-01 10:00');
ROLLBACK;
SELECT customer, campaign FROM persona.commit_message(9, as_of => '2026-03-01 10:00');
-- one firing, one contact
INSERT INTO click VALUES (1, '2026-03-01 08:00', 'view', 7);
SELECT customer, campaign, trigger, fired_at FROM persona.commit_message(1, as_of => '2026-03-01 10:00');
SELECT count(*) FROM persona.commit_message(1, as_of => '2026-03-01 11:00');
INSERT INTO click VALUES (1, '2026-03-03 08:00', 'view', 7);
SELECT customer, campaign, trigger, fired_at FROM persona.commit_message(1, as_of => '2026-03-03 10:00');
-- who is there, on a page: as many as it has slots, whatever the channel's address
INSERT INTO persona.channel (name) VALUES ('web');
INSERT INTO persona.placement (channel, name, slots) VALUES ('web', 'home', 2), ('web', 'footer', 1);
INSERT INTO persona.message (name, experience, channel, body) VALUES ('banner', 'offer', 'web', 'Look, {{customer.id}}');
INSERT INTO persona.campaign (name, experience, max_contacts) VALUES ('a', 'offer', 1), ('b', 'offer', 2), ('c', 'offer', 1);
INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES ('a', 1, 'web', 'home'), ('b', 1, 'web', 'home'), ('c', 1, 'web', 'home');
SELECT campaign, channel, placement, body FROM persona.commit_message(4, 'web', 'home', '{"page": "start"}', '2026-03-01 10:00');
SELECT campaign, channel, placement, body FROM persona.commit_message(4, 'web', 'home', as_of => '2026-03-01 10:00');
SELECT campaign, channel, placement, body FROM persona.commit_message(4, 'web', 'footer', as_of => '2026-03-01 10:00');
SELECT persona.commit_message(4, 'fax');
SELECT persona.commit_message(4, placement => 'home');
DELETE FROM persona.campaign_channel WHERE channel = 'web';
DELETE FROM persona.campaign WHERE name IN ('a', 'b', 'c');
-- the programs that decided are kept, once
SELECT count(*), count(*) FILTER (WHERE a.hash = persona.program_hash(persona.program())) FROM persona.program_archive AS a;

--
-- Runs
--

-- what a run did; relations that are not watched make everyone due
CREATE VIEW last_run AS
	SELECT state, as_of, campaigns, since, total, done, written, skipped, suppressed, ended_at >= started_at AS ended
	FROM persona.run_log ORDER BY run DESC LIMIT 1;
CALL persona.run(as_of => '2026-03-10 10:00');
SELECT * FROM last_run;
SELECT campaign, count(*), count(DISTINCT customer) FROM persona.contact GROUP BY campaign ORDER BY campaign;
-- who was decided as of that instant is not decided again
CALL persona.run(as_of => '2026-03-10 10:00');
SELECT * FROM last_run;
CALL persona.run(as_of => '2026-03-10 11:00', batch => 7);
SELECT * FROM last_run;
SELECT * FROM persona.run_progress;
SELECT campaign, count(*), count(DISTINCT customer) FROM persona.contact GROUP BY campaign ORDER BY campaign;

-- watched, a run decides for those whose data changed; first for everyone, since nobody knows what changed before
SELECT persona.watch_changes('customer');
SELECT persona.watch_changes('click');
SELECT relation, method, customer_column, changed_at_column, lateness FROM persona.change_watch ORDER BY relation::text COLLATE "C";
SELECT * FROM persona.unwatched();
CALL persona.run(as_of => '2026-03-10 12:00');
SELECT * FROM last_run;
CALL persona.run(as_of => '2026-03-10 13:00');
SELECT * FROM last_run;
-- inserted, updated (of both keys), deleted
INSERT INTO click SELECT i % 5 + 1, '2026-03-10 13:30', 'view', i FROM generate_series(1, 20) AS i;
UPDATE click SET customer_id = 20 WHERE customer_id = 5;
DELETE FROM customer WHERE id = 90;
INSERT INTO customer VALUES (200, 'gold', 'c200@example.org');
INSERT INTO click VALUES (NULL, '2026-03-10 13:30', 'view', 7);
SELECT customer, count(*) > 0 AS noted FROM persona.change GROUP BY customer ORDER BY customer;
CALL persona.run(as_of => '2026-03-10 14:00');
SELECT * FROM last_run;
SELECT customer, campaign FROM persona.contact WHERE decided_at = '2026-03-10 14:00' ORDER BY customer;
SELECT customer FROM persona.due WHERE customer IN (90, 200);
-- contacts written count as changes; then it is quiet
SELECT customer FROM persona.change ORDER BY customer;
CALL persona.run(as_of => '2026-03-10 15:00');
SELECT total, written, suppressed FROM last_run;
CALL persona.run(as_of => '2026-03-10 16:00');
SELECT total, written, suppressed FROM last_run;
-- by time: the windows close; what senders keep for themselves is no change, the rest is
UPDATE persona.contact SET worker = 'w', attempts = 1 WHERE customer < 50;
CALL persona.run(as_of => '2026-03-14');
SELECT total, written, suppressed FROM last_run;
UPDATE persona.contact SET status = 'cancelled', ended_at = '2026-03-14 12:00' WHERE customer = 12;
CALL persona.run(as_of => '2026-03-15');
SELECT total, written, suppressed FROM last_run;
INSERT INTO persona.response (customer, at, outcome) VALUES (7, '2026-03-15 01:00', 'opened');
INSERT INTO persona.choice (customer, at, choice) VALUES (8, '2026-03-15 01:00', 'objection');
CALL persona.run(as_of => '2026-03-16');
SELECT total, written, suppressed FROM last_run;
-- definitions changed, and truncated data: everyone
UPDATE persona.campaign SET max_contacts = 2 WHERE name = 'golden';
CALL persona.run(as_of => '2026-03-17');
SELECT total, written, suppressed FROM last_run;
CALL persona.run(as_of => '2026-03-17 12:00');
TRUNCATE click;
CALL persona.run(as_of => '2026-03-18');
SELECT total, written, suppressed FROM last_run;
CALL persona.run(as_of => '2026-03-18 12:00', everyone => true);
SELECT total, written, suppressed FROM last_run;

-- a column that tells the change
ALTER TABLE customer ADD COLUMN updated_at timestamptz DEFAULT '2026-01-01';
SELECT persona.watch_changes('customer', changed_at => 'updated_at', lateness => '0');
SELECT method, customer_column, changed_at_column, lateness FROM persona.change_watch WHERE relation = 'customer'::regclass;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'customer'::regclass AND NOT tgisinternal;
CALL persona.run(as_of => '2026-03-19');
CALL persona.run(as_of => '2026-03-20');
SELECT total, written, suppressed FROM last_run;
UPDATE customer SET plan = 'gold', updated_at = clock_timestamp() WHERE id IN (1, 2);
CALL persona.run(as_of => '2026-03-21');
SELECT total, written, suppressed FROM last_run;

-- some campaigns, for everyone
CALL persona.run('{viewer}', as_of => '2026-03-22');
SELECT campaigns, total, written, suppressed FROM last_run;
SELECT count(*) FROM persona.program_archive;
CALL persona.run('{viewer,nobody}');

-- a stopped run, and the one that goes on
SELECT persona.unwatch_changes('click');
INSERT INTO customer SELECT i, 'free' FROM generate_series(1001, 1500) AS i;
CALL persona.run(as_of => '2026-03-23', batch => 1, max_seconds => 0);
SELECT state, total > done AS rest FROM last_run;
SELECT unfinished FROM persona.run_state;
CALL persona.run(as_of => '2026-03-24');
SELECT state, since, total, done, total < 599 AS rest FROM last_run;
SELECT unfinished FROM persona.run_state;

-- refused
BEGIN;
CALL persona.run();
ROLLBACK;
CALL persona.run(batch => 0);
CALL persona.run(max_seconds => -1);
CALL persona.run(as_of => '2999-01-01');
SELECT persona.watch_changes('persona.contact');
SELECT persona.watch_changes('click', customer => 'kind');
SELECT persona.watch_changes('click', customer => 'nobody');
SELECT persona.watch_changes('customer', changed_at => 'plan');
CREATE VIEW visit AS SELECT * FROM click;
SELECT persona.watch_changes('visit', customer => 'customer_id');
SELECT persona.watch_changes('visit');
SELECT persona.unwatch_changes('visit');
CREATE INDEX ON persona.change (customer);
INSERT INTO persona.choice (customer, choice) VALUES (8, 'objection');

-- what persona needs no more is gone
SELECT persona.unbind_customers();
SELECT count(*) FROM pg_trigger WHERE tgfoid IN ('persona.capture_changes'::regproc, 'persona.complete_instants'::regproc);
SELECT count(*) FROM persona.change_watch;
DROP VIEW last_run;
DROP EXTENSION persona;
SELECT count(*) > 0 AS contacts_stay FROM persona.contact;
