-- failing: a customer whose decision fails holds up nobody else; and columns
-- may have any name, those that our own queries use as well.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never

CREATE TABLE customer (c integer PRIMARY KEY, d integer, p text, t text, e text, k text, w text, j text, r text, s text, l text, h text,
	customer text, program text, as_of text, customers text, events text, ruling text, standing text, contact_id text);
CREATE TABLE event (e integer, d timestamptz, c text, k text, p text, t text, customer text, contact_id integer, program text);
CREATE INDEX ON event (e, d);
INSERT INTO customer (c, d, p) SELECT i, CASE WHEN i % 150 = 7 THEN 0 ELSE i END, 'name' FROM generate_series(1, 1200) AS i;
INSERT INTO event (e, d, c) SELECT i, '2026-02-28', 'view' FROM generate_series(1, 1200) AS i;
SELECT persona.bind_customers('customer', 'c');
SELECT persona.bind_events('event', 'e', 'd', kind_column => 'c', kinds => '{view}');
SELECT persona.watch_changes('customer');
SELECT persona.watch_changes('event');
INSERT INTO persona.cohort (name, condition) VALUES ('seen', '{"event": "view", "within": "60 days"}');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name, capacity_per_day) VALUES ('letter', NULL), ('phone', 500);
INSERT INTO persona.message (name, experience, channel, body) SELECT name, 'offer', name, 'Hello {{customer.p}}' FROM persona.channel;
INSERT INTO persona.campaign (name, experience, cohort, value, max_contacts) VALUES ('offer', 'offer', 'seen', '1000.0 / d', 1);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('offer', 1, 'letter');
CREATE VIEW last_run AS
	SELECT state, total, done, written, skipped, suppressed, jsonb_array_length(errors) AS errors, priced = program AS unpriced
	FROM persona.run_log ORDER BY run DESC LIMIT 1;

-- who asks for all is told, and who asks for others is not concerned
SELECT count(*) FROM persona.next_message_at('2026-03-01');
SELECT count(*) FROM persona.next_message_at('2026-03-01') WHERE customer = 8;
SELECT persona.commit_message(7, as_of => '2026-02-28 12:00');

-- all at once, then those that are left
CALL persona.run(as_of => '2026-03-01');
SELECT * FROM last_run;
SELECT e ->> 'customer' AS customer, e ->> 'sqlstate' AS sqlstate, e ->> 'message' AS message, e ->> 'where' AS at
FROM persona.run_log AS r, jsonb_array_elements(r.errors) AS e ORDER BY (e ->> 'customer')::int;
SELECT count(*), count(*) FILTER (WHERE customer % 150 = 7) AS failing FROM persona.contact;
CALL persona.run(as_of => '2026-03-01 01:00');
CALL persona.run(as_of => '2026-03-01 02:00');
SELECT * FROM last_run;
-- whom another definition or other data lets be decided are still due; who is gone is counted as such
UPDATE customer SET d = 1 WHERE c IN (7, 157);
DELETE FROM customer WHERE c = 307;
CALL persona.run(as_of => '2026-03-01 03:00');
SELECT * FROM last_run;
SELECT customer FROM persona.contact WHERE customer % 150 = 7 ORDER BY customer;

-- prices are left out if they can't be found
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('offer', 0, 'phone');
DELETE FROM persona.contact;
CALL persona.run(as_of => '2026-03-02', batch => 700);
SELECT * FROM last_run;
SELECT r.errors -> 0 AS first FROM persona.run_log AS r ORDER BY r.run DESC LIMIT 1;
SELECT channel, count(*) FROM persona.contact GROUP BY channel ORDER BY channel;

-- the snapshot keeps what it told of them, and warns of the first
SET client_min_messages = error;
SELECT persona.refresh_snapshot('2026-03-03');
SELECT count(*), count(*) FILTER (WHERE customer % 150 = 7) AS failing FROM persona.cohort_history WHERE left_on IS NULL;
SELECT persona.refresh_snapshot('2026-03-03 01:00');
UPDATE customer SET d = 1 WHERE d = 0;
SELECT persona.refresh_snapshot('2026-03-03 02:00');
SELECT count(*), count(*) FILTER (WHERE customer % 150 = 7) AS failing FROM persona.cohort_history WHERE left_on IS NULL;
CALL persona.run(as_of => '2026-03-03 03:00');
SELECT * FROM last_run;
UPDATE persona.campaign SET max_contacts = NULL;
UPDATE customer SET d = 0 WHERE c = 1;
DELETE FROM customer WHERE c = 2;
SET client_min_messages = warning;
SELECT persona.refresh_snapshot('2026-03-03 04:00', everyone => true);
SELECT customer, left_on FROM persona.cohort_history WHERE customer < 4 ORDER BY customer;

-- the errors that are kept are few
UPDATE customer SET d = 0;
CALL persona.run(as_of => '2026-04-04', batch => 100);
SELECT * FROM last_run;

-- the other questions, with such columns
UPDATE customer SET d = 1;
SELECT (SELECT count(*) FROM persona.cohort_member_at('2026-03-01')) AS members,
	(SELECT count(*) FROM persona.cohort_member_of_all('2026-03-01')) AS of_all,
	(SELECT count(*) FROM persona.next_message_of_all('2026-03-01')) AS messages,
	(SELECT count(*) FROM persona.explain(3)) AS explained,
	(SELECT count(*) FROM persona.next_message_for(3, 'letter')) AS inbound,
	(SELECT count(*) > 0 FROM persona.reach) AS reach;
SELECT count(*) FROM persona.claim('letter', 2, as_of => '2026-03-03 05:00');
SELECT persona.unbind_customers();
DROP VIEW last_run;
DROP EXTENSION persona;
