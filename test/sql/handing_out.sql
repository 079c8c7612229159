-- handing_out: a contact that can't be judged holds up nobody else; a contact
-- that moves keeps its key; many contacts of one customer are judged together.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never
SET search_path = shop, public;

-- events that can't be read fail, so that the condition over them does
CREATE FUNCTION ratio(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a / b';
CREATE TABLE base (id int PRIMARY KEY);
INSERT INTO base SELECT i FROM generate_series(1, 200) AS i;
CREATE VIEW customer AS SELECT id FROM base;
CREATE TABLE visit (customer int, at timestamptz, d int);
CREATE INDEX ON visit (customer, at);
-- a view whose rows fail for some customers
CREATE VIEW visits AS SELECT v.customer, v.at, ratio(100, v.d) AS length FROM visit AS v;
INSERT INTO visit SELECT i, '2026-03-01', 1 FROM generate_series(1, 200) AS i;
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('visits', 'customer', 'at', kind => 'visit');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name, retry_after, quiet_hours) VALUES ('email', '1 minute', NULL), ('letter', '1 minute', 'daily 20:00-08:00');
INSERT INTO persona.message (name, experience, channel, body) SELECT name, 'offer', name, 'Hello {{customer.id}}' FROM persona.channel;
INSERT INTO persona.campaign (name, experience, relevance) VALUES ('offer', 'offer', '{"event": "visit", "sum": "length", "at_least": 1}');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('offer', 1, 'email'), ('offer', 2, 'letter');
CREATE VIEW life AS
	SELECT customer AS id, status, send_at::time(0) AS send, attempts AS tried, next_attempt_at::time(0) AS next,
		CASE WHEN ended_at = 'infinity' THEN 'infinity' ELSE ended_at::time(0)::text END AS ended, error, reason
	FROM persona.contact ORDER BY customer, contact_id;

--
-- Some fail: the others are handed out, and the failing ones are tried again, each time after twice as long
--

INSERT INTO persona.contact (customer, campaign, experience, channel, message, decided_at, send_at, reason)
SELECT i, 'offer', 'offer', 'email', 'email', '2026-03-10 08:00', '2026-03-10 08:00', 'decided' FROM generate_series(1, 200) AS i;
UPDATE visit SET d = 0 WHERE customer IN (1, 77, 200);
SELECT count(*), count(*) FILTER (WHERE customer IN (1, 77, 200)) AS failing FROM persona.claim('email', 1000, '1 day', as_of => '2026-03-10 08:00');
SELECT * FROM life WHERE status = 'planned';
-- a small claim that finds only these goes on to the next
SELECT count(*) FROM persona.claim('email', 2, as_of => '2026-03-10 08:00:59');
SELECT count(*) FROM persona.claim('email', 2, as_of => '2026-03-10 08:01');
CREATE TABLE again (at timestamptz, next timestamptz);
SET client_min_messages = error;
DO $$
DECLARE
	at timestamptz := '2026-03-10 08:01';
BEGIN
	FOR i IN 1 .. 7 LOOP
		PERFORM persona.claim('email', as_of => at);
		INSERT INTO shop.again SELECT at, k.next_attempt_at FROM persona.contact AS k WHERE k.customer = 77;
		at := persona.next_due('email');
	END LOOP;
END
$$;
SET client_min_messages = warning;
SELECT at::time, next - at AS rest FROM again ORDER BY at;
-- an expired one needs no judgement, nor one whose customer is gone; one that can be judged again is handed out
UPDATE persona.contact SET expires_at = '2026-03-10 09:00', next_attempt_at = '2026-03-10 08:30' WHERE customer = 1;
UPDATE persona.contact SET next_attempt_at = '2026-03-10 08:30' WHERE customer IN (77, 200);
DELETE FROM base WHERE id = 200;
UPDATE visit SET d = 1 WHERE customer = 77;
SELECT customer, attempt FROM persona.claim('email', lease => '5 minutes', as_of => '2026-03-10 09:00');
SELECT * FROM life WHERE id IN (1, 77, 200);
-- one whose lease ran out, and then fails, stays claimed: a report may come
UPDATE visit SET d = 0 WHERE customer = 77;
SELECT count(*) FROM persona.claim('email', as_of => '2026-03-10 09:20');
SELECT * FROM life WHERE id = 77;
SELECT persona.report(idempotency_key, 'sent', '2026-03-10 09:01') FROM persona.contact WHERE customer = 77 AND status = 'claimed';
SELECT * FROM life WHERE id = 77;
-- what concerns nobody in particular is told as ever
CREATE OR REPLACE FUNCTION ratio(a int, b int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
	$$ BEGIN RAISE EXCEPTION 'no rights' USING ERRCODE = 'insufficient_privilege'; END $$;
UPDATE persona.contact SET next_attempt_at = '2026-03-10 09:30' WHERE customer = 2;
SELECT count(*) FROM persona.claim('email', as_of => '2026-03-10 09:30');
SELECT status, attempts, error FROM persona.contact WHERE customer = 2;
CREATE OR REPLACE FUNCTION ratio(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a / b';

--
-- Many contacts of one customer, in one claim: each judged as if it were not there itself
--

DELETE FROM persona.contact;
UPDATE visit SET d = 1;
INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, message, decided_at, send_at)
SELECT 1 + i % 3, i, 'offer', 'offer', 'email', 'email', '2026-03-10 08:00', '2026-03-10 08:00' FROM generate_series(1, 90) AS i;
SELECT customer, count(*), min(attempt), max(attempt) FROM persona.claim('email', 1000, as_of => '2026-03-10 08:00') GROUP BY customer ORDER BY customer;
-- a condition over contacts: it is not in its own way, but others are
DELETE FROM persona.contact;
UPDATE persona.campaign SET relevance = '{"event": "contact", "within": "1 day", "times": {"is": 0}}';
INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, message, decided_at, send_at)
VALUES (1, 1, 'offer', 'offer', 'email', 'email', '2026-03-10 08:00', '2026-03-10 08:00'),
	(2, 2, 'offer', 'offer', 'email', 'email', '2026-03-10 08:00', '2026-03-10 08:00'),
	(2, 3, 'offer', 'offer', 'letter', 'letter', '2026-03-10 07:00', '2026-03-10 07:00');
SELECT customer, contact_id FROM persona.claim('email', as_of => '2026-03-10 08:00');
SELECT customer, contact_id, status, reason FROM persona.contact ORDER BY contact_id;

--
-- A contact that moves: who knows its key knows the one that takes its place
--

DELETE FROM persona.contact;
UPDATE persona.campaign SET relevance = NULL;
INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, message, decided_at, send_at, idempotency_key)
SELECT i, i, 'offer', 'offer', 'letter', 'letter', '2026-03-10 10:00', '2026-03-10 19:30', md5(i::text)::uuid FROM generate_series(1, 4) AS i;
-- 1 was handed out and deferred
SELECT customer, attempt FROM persona.claim('letter', 1, '1 minute', as_of => '2026-03-10 19:30') AS c;
SELECT persona.report(md5('1')::uuid, 'deferred', '2026-03-10 19:31');
SELECT count(*) FROM persona.claim('letter', as_of => '2026-03-10 20:30');
SELECT customer, contact_id <= 4 AS old, idempotency_key = md5(customer::text)::uuid AS known, status, attempts, send_at, reason FROM persona.contact ORDER BY customer, contact_id;
-- so a late report that it was sent after all keeps it from being sent again, and what is recalled is recalled
SELECT persona.report(md5('1')::uuid, 'sent', '2026-03-10 19:31'), persona.report(md5('1')::uuid, 'sent', '2026-03-10 19:31');
SELECT persona.cancel(md5('2')::uuid, 'recalled');
SELECT customer, attempt, idempotency_key = md5(customer::text)::uuid AS known FROM persona.claim('letter', as_of => '2026-03-11 08:00') ORDER BY customer;
SELECT customer, contact_id <= 4 AS old, status, sent_at, reason FROM persona.contact ORDER BY customer, contact_id;
SELECT count(*), count(DISTINCT idempotency_key) FROM persona.contact;

-- several of one customer: each takes its own slot, as far as the limits go
DELETE FROM persona.contact;
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('two a day', 2, '1 day');
INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, message, decided_at, send_at)
SELECT 1 + i % 2, i, 'offer', 'offer', 'letter', 'letter', '2026-03-11 10:00', '2026-03-11 12:00' FROM generate_series(1, 8) AS i;
SELECT customer, count(*) FROM persona.claim('letter', as_of => '2026-03-13 12:00') GROUP BY customer ORDER BY customer;
SELECT customer, status, send_at, count(*), max(reason) FROM persona.contact GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
