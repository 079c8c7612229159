-- delivery: contacts are handed out to senders once, judged again on the data
-- of then; what senders and customers report moves their life.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
SET search_path = shop, public;

-- before there are customers
SELECT persona.next_due('email');
SELECT persona.report('00000000-0000-0000-0000-000000000001', 'sent');
SELECT persona.cancel('00000000-0000-0000-0000-000000000001');

CREATE TABLE customer (name text PRIMARY KEY, greeting text, email text, opt_in boolean DEFAULT true, plan text DEFAULT 'free', zone text);
CREATE TABLE click (customer text, at timestamptz, kind text, item text);
CREATE INDEX ON click (customer, at);
SELECT persona.bind_customers('customer', 'name', time_zone => 'zone');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind', kinds => '{cart,order}');
INSERT INTO persona.experience (name) VALUES ('cart'), ('news');
INSERT INTO persona.channel (name, address_column, consent, quiet_hours, max_attempts, retry_after) VALUES
	('email', 'email', '{"attribute": "opt_in", "is": true}', 'daily 22:00-07:00', 3, '1 minute');
INSERT INTO persona.channel (name) VALUES ('web');
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES
	('cart', 'cart', 'email', 'Hi {{customer.greeting|there}}', 'Still in your cart: {{event.item}}'),
	('news', 'news', 'email', NULL, 'News'), ('banner', 'news', 'web', NULL, 'News');
INSERT INTO persona.cohort (name, condition) VALUES ('free', '{"attribute": "plan", "is": "free"}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES
	('carted', '{"event": "cart", "last": {"within": "1 hour"}}', '10 days');
INSERT INTO persona.trigger (name, condition) VALUES ('fresh', '{"event": "cart", "within": "1 hour"}');
INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, relevance) VALUES
	('cart', 'cart', 'free', 'carted', '{"event": "order"}', '{"not": {"event": "cart", "where": {"attribute": "item", "is": "none"}}}');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('cart', 1, 'email');

-- a contact for whoever has a message at an instant, decided then
CREATE FUNCTION decide_all(as_of timestamptz) RETURNS bigint LANGUAGE sql AS $$
	WITH written AS (
		INSERT INTO persona.contact (customer, campaign, experience, channel, placement, message, trigger, fired_at,
			decided_at, send_at, subject, body, priority, score, reason)
		SELECT customer, campaign, experience, channel, placement, message, trigger, fired_at,
			decide_all.as_of, send_at, subject, body, priority, score, 'decided'
		FROM persona.next_message_at(decide_all.as_of) RETURNING 1)
	SELECT count(*) FROM written
$$;
CREATE VIEW life AS
	SELECT customer, contact_id AS id, status, send_at::time(0) AS send, attempts AS tried, lease_until::time(0) AS lease,
		next_attempt_at::time(0) AS next, sent_at::time(0) AS sent, delivered_at::time(0) AS delivered,
		CASE WHEN ended_at = 'infinity' THEN 'infinity' ELSE ended_at::time(0)::text END AS ended, reason
	FROM persona.contact ORDER BY customer, contact_id;
CREATE FUNCTION key_of(contact_id bigint) RETURNS uuid LANGUAGE sql AS
	$$ SELECT k.idempotency_key FROM persona.contact AS k WHERE k.contact_id = key_of.contact_id $$;

--
-- What is handed out, and what is not any more
--

INSERT INTO customer (name, email) SELECT n, n || '@example.org' FROM unnest('{ann,ben,cem,dan,eva,fay,gil,hal,ida,jon}'::text[]) AS n;
INSERT INTO click SELECT name, '2026-03-10 08:00', 'cart', 'tea for ' || name FROM customer;
SELECT decide_all('2026-03-10 08:30');
SELECT persona.next_due('email'), persona.next_due('web'), persona.next_due('no such'), persona.next_due(NULL);
-- not before its time
SELECT customer FROM persona.claim('email', as_of => '2026-03-10 08:29');
UPDATE customer SET greeting = 'Dr Ann' WHERE name = 'ann';		-- rendered anew
INSERT INTO click VALUES ('ann', '2026-03-10 08:35', 'cart', 'coffee');	-- what the trigger spoke of, it speaks of
UPDATE customer SET opt_in = false WHERE name = 'ben';			-- no consent
UPDATE customer SET email = '' WHERE name = 'cem';				-- no address
UPDATE customer SET plan = 'gold' WHERE name = 'dan';			-- not in the cohort
INSERT INTO click VALUES ('eva', '2026-03-10 08:35', 'order', 'tea'), ('fay', '2026-03-10 08:35', 'cart', 'none');
DELETE FROM customer WHERE name = 'gil';
UPDATE customer SET zone = 'Pacific/Auckland' WHERE name = 'hal';	-- half past nine in the evening
UPDATE persona.contact SET expires_at = '2026-03-10 08:40' WHERE customer = 'ida';
SELECT customer, contact_id, campaign, experience, placement, message, language, address, subject, body, send_at, attempt, lease_until,
	idempotency_key = key_of(contact_id) AS key
FROM persona.claim('email', 100, '5 minutes', 'first', '2026-03-10 08:40') ORDER BY customer;
SELECT * FROM life;
SELECT customer, subject, body, worker, claimed_at FROM persona.contact WHERE status = 'claimed' ORDER BY customer;
-- nobody else gets them within the lease, nor in the minute of rest after it
SELECT customer FROM persona.claim('email', 100, '5 minutes', 'second', '2026-03-10 08:45:59.999999');
SELECT customer, attempt, lease_until FROM persona.claim('email', 100, '5 minutes', 'second', '2026-03-10 08:46') ORDER BY customer;
-- nobody knows whether they were sent, so at last they fail and keep their slot; but consent counts each time
UPDATE customer SET opt_in = false WHERE name = 'jon';
SELECT persona.next_due('email');
SELECT customer, attempt, lease_until FROM persona.claim('email', 100, '5 minutes', 'third', '2026-03-10 09:00');
SELECT customer FROM persona.claim('email', 100, '5 minutes', 'fourth', '2026-03-10 10:00');
SELECT * FROM life WHERE customer IN ('ann', 'hal', 'jon');
-- a late report tells what became of them
SELECT persona.report(persona.contact_key('ann', 1), 'failed', '2026-03-10 08:41');
SELECT * FROM life WHERE customer = 'ann';
SELECT persona.report(persona.contact_key('ann', 1), 'sent', '2026-03-10 08:42');
SELECT * FROM life WHERE customer = 'ann';

--
-- Later, if it is closed now
--

TRUNCATE persona.contact, persona.response, click RESTART IDENTITY;
UPDATE customer SET zone = NULL, opt_in = true, email = name || '@example.org', plan = 'free';
INSERT INTO click VALUES ('ann', '2026-03-10 21:00', 'cart', 'tea'), ('ben', '2026-03-10 21:00', 'cart', 'tea'), ('cem', '2026-03-10 21:00', 'cart', 'tea');
SELECT decide_all('2026-03-10 21:30');
UPDATE persona.contact SET expires_at = '2026-03-11 07:00' WHERE customer = 'ben';
-- cem has another contact on that day, and at most one a day: no slot there
INSERT INTO persona.contact (customer, campaign, channel, decided_at, send_at) VALUES ('cem', 'news', 'web', '2026-03-10 21:00', '2026-03-11 23:00');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('calm', 1, '24 hours');
-- the sender slept; the slot moves to the morning, as a contact of its own, or is given back
SELECT customer FROM persona.claim('email', as_of => '2026-03-10 22:10');
SELECT * FROM life;
SELECT persona.next_due('email');
SELECT customer, contact_id, attempt FROM persona.claim('email', as_of => '2026-03-11 07:00');
DELETE FROM persona.policy;

-- late by more than an hour: it counts when it is handed out
TRUNCATE persona.contact, click RESTART IDENTITY;
INSERT INTO click VALUES ('ann', '2026-03-10 08:00', 'cart', 'tea'), ('ben', '2026-03-10 08:00', 'cart', 'tea');
SELECT decide_all('2026-03-10 08:30');
SELECT customer, contact_id, send_at FROM persona.claim('email', 1, as_of => '2026-03-10 09:30');
SELECT customer, contact_id, send_at FROM persona.claim('email', 1, as_of => '2026-03-10 09:30:01');
SELECT * FROM life;

--
-- Deferred: tried again, after the lease and a rest that doubles
--

TRUNCATE persona.contact, click RESTART IDENTITY;
INSERT INTO click VALUES ('ann', '2026-03-10 08:00', 'cart', 'tea');
SELECT decide_all('2026-03-10 08:30');
UPDATE persona.contact SET idempotency_key = '00000000-0000-0000-0000-000000000001';
SELECT persona.report(key_of(1), 'deferred', '2026-03-10 08:31');
SELECT contact_id FROM persona.claim('email', 1, '1 minute', as_of => '2026-03-10 08:30');
-- of an earlier attempt
SELECT persona.report(key_of(1), 'deferred', '2026-03-10 08:29');
SELECT persona.report(key_of(1), 'deferred', '2026-03-10 08:30:10'), persona.report(key_of(1), 'deferred', '2026-03-10 08:30:10');
SELECT * FROM life;
SELECT contact_id FROM persona.claim('email', 1, '1 minute', as_of => '2026-03-10 08:31:10');
SELECT persona.report(key_of(1), 'deferred', '2026-03-10 08:31:20');
SELECT * FROM life;
SELECT contact_id FROM persona.claim('email', 1, '1 minute', as_of => '2026-03-10 08:33:20');
SELECT persona.report(key_of(1), 'deferred', '2026-03-10 08:33:30');
SELECT contact_id FROM persona.claim('email', 1, '1 minute', as_of => '2026-03-10 09:00');
-- it was not sent, so the slot comes back
SELECT * FROM life;
SELECT persona.rest_after(a, '1 minute') FROM unnest('{0,1,2,5,11,12,100,NULL}'::int[]) AS a;
SELECT persona.rest_after(3, '2 days');

--
-- Reports: in any order the same is known
--

CREATE FUNCTION known(reports jsonb) RETURNS TABLE (status text, sent time(0), delivered time(0), ended text, responses text) LANGUAGE plpgsql AS $$
DECLARE
	r jsonb;
BEGIN
	DELETE FROM persona.response;
	DELETE FROM persona.contact;
	INSERT INTO persona.contact (customer, contact_id, campaign, channel, status, decided_at, send_at, claimed_at, lease_until, attempts)
	VALUES ('ann', 1, 'cart', 'email', 'claimed', '2026-03-10', '2026-03-10', '2026-03-10', '2026-03-10 00:05', 1);
	FOR r IN SELECT * FROM jsonb_array_elements(reports) LOOP
		PERFORM persona.report(shop.key_of(1), r ->> 0, ('2026-03-10 ' || (r ->> 1))::timestamptz);
	END LOOP;
	RETURN QUERY SELECT k.status, k.sent_at::time(0), k.delivered_at::time(0),
		CASE WHEN k.ended_at = 'infinity' THEN 'infinity' ELSE k.ended_at::time(0)::text END,
		(SELECT string_agg(p.outcome || ' ' || p.at::time(0), ', ' ORDER BY p.at, p.outcome) FROM persona.response AS p)
	FROM persona.contact AS k;
END
$$;
SELECT * FROM known('[["sent", "08:00"], ["delivered", "08:01"], ["opened", "09:00"], ["clicked", "09:01"], ["opened", "10:00"]]');
SELECT * FROM known('[["opened", "10:00"], ["clicked", "09:01"], ["opened", "09:00"], ["delivered", "08:01"], ["sent", "08:00"], ["opened", "10:00"], ["sent", "08:00"]]');
SELECT * FROM known('[["opened", "10:00"]]');
-- a bounce after the mail server took it, and before anybody knew
SELECT * FROM known('[["sent", "08:00"], ["delivered", "08:01"], ["bounced", "08:05"], ["bounced", "08:05"]]');
SELECT * FROM known('[["bounced", "08:05"], ["delivered", "08:01"], ["sent", "08:00"]]');
-- who opened it has got it
SELECT * FROM known('[["bounced", "08:05"], ["opened", "09:00"]]');
SELECT * FROM known('[["opened", "09:00"], ["bounced", "08:05"]]');
-- one sender gave up while another one sent
SELECT * FROM known('[["failed", "08:00"], ["sent", "08:01"]]');
SELECT * FROM known('[["sent", "08:01"], ["failed", "08:00"], ["deferred", "08:00"]]');
SELECT * FROM known('[["failed", "08:00"]]');
SELECT * FROM known('[["deferred", "08:00"], ["failed", "08:01"]]');

-- every order of some reports gives the same, one by one and at once
CREATE TEMPORARY TABLE said (n int, outcome text, at timestamptz);
INSERT INTO said VALUES (1, 'sent', '2026-03-10 08:00'), (2, 'delivered', '2026-03-10 08:01'), (3, 'bounced', '2026-03-10 08:02'),
	(4, 'opened', '2026-03-10 08:03'), (5, 'failed', '2026-03-10 07:59'), (6, 'sent', '2026-03-10 08:04'), (7, 'clicked', '2026-03-10 07:58');
CREATE FUNCTION orders(chosen int[]) RETURNS TABLE (orders bigint, different bigint, at_once boolean) LANGUAGE plpgsql AS $$
DECLARE
	seen text[] := '{}';
	line int[];
	now_known text;
BEGIN
	FOR line IN
		WITH RECURSIVE p (way) AS (
			SELECT '{}'::int[] UNION ALL SELECT way || n FROM p, unnest(chosen) AS n WHERE n <> ALL (way))
		SELECT p.way FROM p WHERE cardinality(p.way) = cardinality(chosen)
	LOOP
		SELECT k::text INTO now_known FROM shop.known((SELECT jsonb_agg(jsonb_build_array(s.outcome, s.at::time::text) ORDER BY o)
			FROM unnest(line) WITH ORDINALITY AS w (n, o) JOIN pg_temp.said AS s USING (n))) AS k;
		seen := seen || now_known;
	END LOOP;
	PERFORM shop.known('[]');
	PERFORM persona.report((SELECT jsonb_agg(jsonb_build_object('contact', shop.key_of(1), 'outcome', s.outcome, 'at', s.at))
		FROM pg_temp.said AS s WHERE s.n = ANY (chosen)));
	RETURN QUERY SELECT cardinality(seen)::bigint, count(DISTINCT s), bool_and(s = (SELECT (k.status, k.sent_at::time(0),
			k.delivered_at::time(0), CASE WHEN k.ended_at = 'infinity' THEN 'infinity' ELSE k.ended_at::time(0)::text END,
			(SELECT string_agg(p.outcome || ' ' || p.at::time(0), ', ' ORDER BY p.at, p.outcome) FROM persona.response AS p))::text
		FROM persona.contact AS k)) FROM unnest(seen) AS s;
END
$$;
SELECT o.* FROM unnest('{"{1,2,3,5}","{1,2,3,4}","{3,4,5}","{1,3,5,6}","{4,7,3}","{5,6}","{2,5,7}"}'::text[]) AS c, orders(c::int[]) AS o;

-- many at once
TRUNCATE persona.contact, persona.response RESTART IDENTITY;
INSERT INTO persona.contact (customer, campaign, channel, message) SELECT name, 'news', 'web', 'banner' FROM customer;
SELECT persona.report(jsonb_agg(jsonb_build_object('contact', idempotency_key, 'outcome', o, 'at', '2026-03-10 08:00', 'details', '{"page": 1}'::jsonb)))
FROM persona.contact, unnest('{sent,clicked}'::text[]) AS o;
SELECT status, count(*) FROM persona.contact GROUP BY 1;
SELECT outcome, campaign, channel, message, details, count(*) FROM persona.response GROUP BY 1, 2, 3, 4, 5;
SELECT persona.report(jsonb_agg(jsonb_build_object('contact', idempotency_key, 'outcome', 'clicked', 'at', '2026-03-10 08:00'))) FROM persona.contact;
SELECT persona.report('[]');
SELECT persona.report(NULL);

-- what is wrong is refused, all of it
UPDATE persona.contact SET idempotency_key = '00000000-0000-0000-0000-000000000001' WHERE contact_id = 1;
SELECT persona.report('00000000-0000-0000-0000-000000000002', 'sent');
SELECT persona.report(NULL, 'sent');
SELECT persona.report(key_of(1), 'flown');
SELECT persona.report(key_of(1), NULL);
SELECT persona.report(key_of(1), 'sent', 'infinity');
SELECT persona.report(key_of(1), 'sent', NULL);
SELECT persona.report('{"contact": 1}');
SELECT persona.contact_key('ann', 17);
SELECT * FROM persona.claim('pigeon');
SELECT * FROM persona.claim(NULL);
SELECT * FROM persona.claim('email', 0);
SELECT * FROM persona.claim('email', lease => '1 month');
SELECT * FROM persona.claim('email', lease => NULL);
SELECT * FROM persona.claim('email', as_of => 'infinity');

--
-- Cancelled
--

TRUNCATE persona.contact, persona.response, click RESTART IDENTITY;
INSERT INTO click VALUES ('ann', now() - interval '10 minutes', 'cart', 'tea'), ('ben', now() - interval '10 minutes', 'cart', 'tea'), ('cem', now() - interval '10 minutes', 'cart', 'tea');
UPDATE persona.channel SET quiet_hours = NULL;
SELECT decide_all(now());
UPDATE persona.contact SET idempotency_key = ('00000000-0000-0000-0000-00000000000' || contact_id)::uuid;
SELECT persona.cancel(key_of(1), 'recalled'), persona.cancel(key_of(1));
SELECT status, reason, isfinite(ended_at) AS ended FROM persona.contact WHERE contact_id = 1;
SELECT customer FROM persona.claim('email', 1, '1 hour', 'slow');
UPDATE persona.contact SET lease_until = '2100-01-01 00:00' WHERE contact_id = 2;
SELECT persona.cancel(key_of(2));
UPDATE persona.contact SET lease_until = now() WHERE contact_id = 2;
SELECT persona.cancel(key_of(2), 'the sender died');
SELECT status, reason, ended_at FROM persona.contact WHERE contact_id = 2;
SELECT persona.report(key_of(3), 'sent');
SELECT persona.cancel(key_of(3));
UPDATE persona.contact SET ended_at = '2026-03-10 08:00' WHERE contact_id = 1;
SELECT persona.report(key_of(1), 'sent');
SELECT persona.cancel('00000000-0000-0000-0000-000000000009');
SELECT persona.cancel(NULL);

--
-- A campaign that stopped, another trigger, a way that was closed, a window that is open as long as its condition holds
--

TRUNCATE persona.contact, persona.response, click RESTART IDENTITY;
CREATE FUNCTION refused(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	told text;
BEGIN
	BEGIN
		EXECUTE change;
		INSERT INTO persona.contact (customer, campaign, experience, channel, message, trigger, fired_at, decided_at, send_at)
		VALUES ('ann', 'cart', 'cart', 'email', 'cart', 'carted', '2026-03-10 08:00', '2026-03-10 08:10', '2026-03-10 08:10');
		SELECT body INTO told FROM persona.claim('email', as_of => '2026-03-10 08:30');
		told := coalesce(told, (SELECT status || ': ' || reason FROM persona.contact));
		RAISE EXCEPTION 'rolled back';
	EXCEPTION WHEN raise_exception THEN
		RETURN told;
	END;
END
$$;
INSERT INTO click VALUES ('ann', '2026-03-10 08:00', 'cart', 'tea');
SELECT refused('SELECT 1');
SELECT refused('UPDATE persona.campaign SET active = false');
SELECT refused('UPDATE persona.campaign SET ends_at = ''2026-03-10 08:20''');
SELECT refused('UPDATE persona.campaign SET trigger = ''fresh''');
SELECT refused('DELETE FROM persona.campaign_channel');
SELECT refused('UPDATE persona.trigger SET open_for = ''20 minutes'' WHERE name = ''carted''');
SELECT refused('UPDATE persona.trigger SET open_for = NULL WHERE name = ''carted''');
SELECT refused('UPDATE persona.trigger SET open_for = NULL, condition = ''{"event": "cart", "within": "20 minutes"}'' WHERE name = ''carted''');
SELECT refused('DELETE FROM persona.message WHERE name = ''cart''');
SELECT refused('UPDATE persona.message SET body = ''Changed: {{event.item}}'' WHERE name = ''cart''');
SELECT refused('UPDATE persona.channel SET open_hours = ''never'' WHERE name = ''email''');
SELECT refused('INSERT INTO persona.policy (name, max_contacts, period) VALUES (''none'', 0, ''1 day'')');

--
-- News for senders
--

SELECT persona.notify_name('email'), persona.notify_name('E-Mail "new"'), persona.notify_name(repeat('ü', 40)), persona.notify_name(NULL);
-- whatever a channel is called, its contacts are announced
CREATE TEMPORARY TABLE odd (name text);
INSERT INTO odd VALUES (E'line\nfeed'), (' '), ('''"\'), ('*'), ('🙂'), (repeat('x', 55)), (repeat('x', 56)), (repeat('ü', 27) || 'x'), (repeat('ü', 28)), (repeat('long ', 2000));
INSERT INTO persona.contact (customer, channel, send_at) SELECT 'ann', o.name, '2100-01-01' FROM odd AS o;
INSERT INTO persona.contact (customer, channel, send_at) VALUES ('ann', NULL, '2100-01-01'), ('ann', '', '2100-01-01');
SELECT left(o.name, 20) AS channel, octet_length(persona.notify_name(o.name)) AS bytes, persona.notify_name(o.name) = 'persona_' || o.name AS itself FROM odd AS o ORDER BY octet_length(o.name), o.name COLLATE "C";
DELETE FROM persona.contact WHERE send_at = '2100-01-01';
-- the recheck itself: nothing for nothing
SELECT persona.recheck(NULL, c, NULL, now(), 'cart', 'email', NULL, NULL, NULL, NULL) FROM customer AS c WHERE name = 'ann';
SELECT persona.recheck(persona.program(), c, NULL, now(), NULL, 'email', NULL, NULL, NULL, NULL) FROM customer AS c WHERE name = 'ann';
SELECT persona.recheck(persona.program(), 1, NULL, now(), 'cart', 'email', NULL, NULL, NULL, NULL);
