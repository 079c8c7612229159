-- claims: what attempts, leases and late reports do to a contact in each state,
-- to its place on a channel with a capacity, and to those who are handed out with it.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never
SET search_path = shop, public;

CREATE TABLE customer (id int PRIMARY KEY, opt_in boolean NOT NULL DEFAULT true);
INSERT INTO customer SELECT i FROM generate_series(1, 9) AS i;
SELECT persona.bind_customers('customer', 'id');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name, capacity_per_day, max_attempts, retry_after, consent) VALUES
	('call', 2, 2, '1 minute', '{"attribute": "opt_in", "is": true}');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('call', 'offer', 'call', 'Hello {{customer.id}}');
INSERT INTO persona.campaign (name, experience, max_contacts) VALUES ('call', 'offer', 1);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('call', 1, 'call');
CREATE VIEW life AS
	SELECT k.customer AS id, k.status, k.attempts AS tried, k.lease_until::time(0) AS lease, k.next_attempt_at::time(0) AS next,
		k.sent_at::time(0) AS sent, k.delivered_at::time(0) AS delivered,
		CASE WHEN k.ended_at = 'infinity' THEN 'infinity' ELSE k.ended_at::time(0)::text END AS ended, u.used AS places
	FROM persona.contact AS k LEFT JOIN persona.capacity_use AS u ON u.channel = k.channel AND u.day = k.capacity_day
	ORDER BY k.customer, k.contact_id;

--
-- Nobody knows whether it was sent: it keeps its place, as it keeps its slot under limits
--

SELECT customer FROM persona.commit_message(1, as_of => '2026-03-10 08:00');
SELECT customer FROM persona.commit_message(2, as_of => '2026-03-10 08:00');
SELECT customer, attempt FROM persona.claim('call', as_of => '2026-03-10 08:00') ORDER BY 1;
SELECT customer, attempt FROM persona.claim('call', as_of => '2026-03-10 08:06') ORDER BY 1;
SELECT customer, attempt FROM persona.claim('call', as_of => '2026-03-10 09:00') ORDER BY 1;
SELECT * FROM life;
SELECT count(*) FROM persona.commit_message(3, as_of => '2026-03-10 09:00');
-- a late report that it was not gives the place back, and one that it was takes it again
SELECT persona.report(persona.contact_key(1, 1), 'failed', '2026-03-10 08:07');
SELECT * FROM life;
SELECT persona.report(persona.contact_key(1, 1), 'sent', '2026-03-10 08:08');
SELECT * FROM life;
DELETE FROM persona.contact WHERE customer = 2;
SELECT * FROM persona.capacity_use;
DELETE FROM persona.contact;
SELECT * FROM persona.capacity_use;

--
-- Each outcome in each state
--

CREATE FUNCTION after(state text, outcome text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	news text;
	key uuid;
	what text;
BEGIN
	DELETE FROM persona.response;
	DELETE FROM persona.contact;
	INSERT INTO persona.contact (customer, campaign, experience, channel, message, decided_at, send_at)
	VALUES (1, 'call', 'offer', 'call', 'call', '2026-03-10 08:00', '2026-03-10 08:00')
	RETURNING idempotency_key INTO key;
	IF state NOT IN ('planned', 'cancelled') THEN
		PERFORM persona.claim('call', as_of => '2026-03-10 08:00');
	END IF;
	CASE state
		WHEN 'claimed by another' THEN PERFORM persona.claim('call', worker => 'another', as_of => '2026-03-10 08:06');
		WHEN 'deferred' THEN PERFORM persona.report(key, 'deferred', '2026-03-10 08:01');
		WHEN 'given up' THEN
			PERFORM persona.claim('call', as_of => '2026-03-10 08:06');
			PERFORM persona.claim('call', as_of => '2026-03-10 09:00');
		WHEN 'cancelled', 'recalled' THEN PERFORM persona.cancel(key);
		WHEN 'sent', 'delivered', 'failed', 'bounced', 'opened' THEN PERFORM persona.report(key, state, '2026-03-10 08:01');
		ELSE
	END CASE;
	BEGIN
		news := CASE WHEN persona.report(key, outcome, '2026-03-10 08:02') THEN '' ELSE 'no news: ' END;
	EXCEPTION WHEN OTHERS THEN
		RETURN 'error ' || SQLSTATE;
	END;
	SELECT news || k.status || CASE WHEN k.ended_at = 'infinity' THEN ', keeps its slot' WHEN k.next_attempt_at > '2026-03-10 08:02' THEN ', next ' || k.next_attempt_at::time(0) ELSE '' END
	INTO what FROM persona.contact AS k;
	IF persona.report(key, outcome, '2026-03-10 08:02') THEN
		what := what || ', repeated is news';
	END IF;
	RETURN what;
END
$$;
SELECT s AS state, after(s, 'sent') AS sent, after(s, 'deferred') AS deferred, after(s, 'failed') AS failed,
	after(s, 'delivered') AS delivered, after(s, 'bounced') AS bounced, after(s, 'clicked') AS clicked
FROM unnest('{planned,claimed,claimed by another,deferred,sent,delivered,opened,bounced,failed,given up,recalled,cancelled}'::text[]) AS s;

--
-- Many reports at once: what is no report is refused
--

SELECT persona.report('[{"contact": "00000000-0000-0000-0000-000000000001", "outcome": "sent", "when": "2026-03-10"}]');
SELECT persona.report('["sent"]');
SELECT persona.report('"sent"');

--
-- A sender that is late by more than its lease: it tells of its attempt, not of the next sender's
--

DELETE FROM persona.response;
DELETE FROM persona.contact;
CREATE FUNCTION late(outcome text, attempt integer, tell_also text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	key uuid;
	news boolean;
	what text;
BEGIN
	DELETE FROM persona.response;
	DELETE FROM persona.contact;
	INSERT INTO persona.contact (customer, campaign, experience, channel, message, decided_at, send_at, idempotency_key)
	VALUES (1, 'call', 'offer', 'call', 'call', '2026-03-10 08:00', '2026-03-10 08:00', md5('late')::uuid) RETURNING idempotency_key INTO key;
	PERFORM persona.claim('call', lease => '5 minutes', worker => 'slow', as_of => '2026-03-10 08:00');
	PERFORM persona.claim('call', lease => '5 minutes', worker => 'next', as_of => '2026-03-10 08:06');
	IF tell_also IS NOT NULL THEN
		PERFORM persona.report(key, tell_also, '2026-03-10 08:07', attempt => 2);
	END IF;
	-- with the clock of now, after the next sender's hand-out
	news := persona.report(key, late.outcome, '2026-03-10 08:08', attempt => late.attempt);
	SELECT concat_ws(' ', CASE WHEN NOT news THEN 'no news:' END, k.status, 'by', k.worker, k.next_attempt_at::time(0), k.ended_at::time(0)) INTO what
	FROM persona.contact AS k;
	RETURN what;
END
$$;
SELECT a AS attempt, late('deferred', a) AS deferred, late('failed', a) AS failed, late('sent', a) AS sent, late('bounced', a) AS bounced FROM unnest('{1,2,NULL}'::int[]) AS a;
SELECT also, late('deferred', 1, also) AS deferred, late('failed', 1, also) AS failed, late('sent', 1, also) AS sent FROM unnest('{sent,deferred,failed}'::text[]) AS also;
-- the second sender's own clock is slow: its deferral counts all the same, if it names its attempt
SELECT late('failed', 1);
SELECT persona.report(idempotency_key, 'deferred', '2026-03-10 08:05'), persona.report(idempotency_key, 'deferred', '2026-03-10 08:05', attempt => 2) FROM persona.contact;
SELECT status, next_attempt_at::time(0) FROM persona.contact;
-- of many, each by itself: all of the earlier attempt is left out
SELECT late('failed', 1);
SELECT persona.report(jsonb_agg(jsonb_build_object('contact', idempotency_key, 'outcome', o, 'at', '2026-03-10 08:08', 'attempt', 1))) FROM persona.contact, unnest('{failed,deferred}'::text[]) AS o;
SELECT persona.report(jsonb_agg(jsonb_build_object('contact', idempotency_key, 'outcome', o, 'at', '2026-03-10 08:08', 'attempt', 1, 'details', o))) FROM persona.contact, unnest('{failed,opened,deferred,clicked}'::text[]) AS o;
SELECT k.status, r.outcome, r.at, r.details FROM persona.contact AS k JOIN persona.response AS r USING (customer, contact_id) ORDER BY r.outcome;
-- attempts that there are not
SELECT late('failed', 3);
SELECT late('failed', 0);
SELECT late('sent', -1);
SELECT persona.report('[{"contact": "00000000-0000-0000-0000-000000000001", "outcome": "sent", "attempt": "first"}]');

--
-- Several contacts of one customer in one claim: each is judged beside the others that were handed out before
--

DELETE FROM persona.response;
DELETE FROM persona.contact;
UPDATE persona.channel SET capacity_per_day = NULL;
INSERT INTO persona.campaign (name, experience) SELECT 'c' || i, 'offer' FROM generate_series(1, 5) AS i;
INSERT INTO persona.campaign_channel (campaign, position, channel) SELECT 'c' || i, 1, 'call' FROM generate_series(1, 5) AS i;
INSERT INTO persona.contact (customer, campaign, experience, channel, message, decided_at, send_at)
SELECT 1 + i % 2, 'c' || 1 + i % 5, 'offer', 'call', 'call', '2026-03-10 08:00', '2026-03-10 08:00' FROM generate_series(1, 50) AS i;
SELECT count(*), count(DISTINCT idempotency_key), min(attempt), max(attempt) FROM persona.claim('call', 30, as_of => '2026-03-10 08:00');
SELECT count(*), count(DISTINCT idempotency_key), min(attempt), max(attempt) FROM persona.claim('call', 30, as_of => '2026-03-10 08:00');
SELECT status, attempts, count(*) FROM persona.contact GROUP BY 1, 2;
