-- incremental: a run that decides only for those who are due writes what a run
-- for everyone writes, and a refreshed snapshot is what the live views say,
-- whatever changes and however much time passes.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
\set SHOW_CONTEXT never

CREATE TABLE customer (id integer PRIMARY KEY, plan text, zone text);
CREATE TABLE click (n integer PRIMARY KEY, customer_id integer, at timestamptz, kind text, item integer);
CREATE INDEX ON click (customer_id, at);
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone');
SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind', kinds => '{view,cart,buy}', sequence => 'n');
SELECT persona.watch_changes('customer');
SELECT persona.watch_changes('click');
INSERT INTO persona.cohort (name, condition) VALUES
	('gold', '{"attribute": "plan", "is": "gold"}'),
	('busy', '{"event": "view", "within": "3 days", "times": {"at_least": 2}}'),
	('quiet', '{"not": {"event": "view", "within": "2 days"}}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES
	('left', '{"sequence": [{"event": "cart"}, {"no": "buy", "same": ["item"], "for": "6 hours"}], "within": "3 days"}', '1 day'),
	('bought', '{"event": "buy", "within": "1 day"}', NULL);
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.topic (name) VALUES ('news');
INSERT INTO persona.experience (name, kind, topic) VALUES ('paper', 'print', 'news');
INSERT INTO persona.channel (name, quiet_hours, capacity_per_day, cost, weight) VALUES ('email', 'daily 22:00-07:00', NULL, 0, 1), ('web', NULL, NULL, 0, 1), ('call', NULL, 2, 0, 1), ('letter', NULL, NULL, 0.7, 2);
INSERT INTO persona.message (name, experience, channel, body) SELECT name, 'offer', name, 'Hello {{customer.id}}' FROM persona.channel;
INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, priority, max_contacts, max_contacts_within) VALUES
	('cart', 'offer', NULL, 'left', '{"event": "buy", "within": "12 hours"}', 3, NULL, NULL),
	('thanks', 'offer', NULL, 'bought', NULL, 2, 1, '2 days'),
	('gold', 'offer', 'gold', NULL, NULL, 1, 1, '4 days'),
	('wake up', 'offer', 'quiet', NULL, NULL, 0, 1, '5 days');
INSERT INTO persona.campaign_channel (campaign, position, channel) SELECT name, 1, 'email' FROM persona.campaign UNION ALL SELECT 'cart', 2, 'web';
-- not everybody can be called, nor get a letter
INSERT INTO persona.message (name, experience, channel, body) VALUES ('paper', 'paper', 'letter', 'Hello'), ('paper by web', 'paper', 'web', 'Hello');
INSERT INTO persona.campaign (name, experience, cohort, value, priority, max_contacts, max_contacts_within, cost) VALUES
	('call', 'offer', NULL, '5 + mod(customer.id, 7)', -1, 1, '6 days', '0'),
	('paper', 'paper', 'gold', '3 + mod(customer.id, 5)', 0, 1, '9 days', 'mod(customer.id, 3) * 0.2');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('call', 1, 'call'), ('paper', 1, 'letter'), ('paper', 2, 'web');
INSERT INTO persona.budget (name, amount, channel, calendar) VALUES ('print', 6, 'letter', 'week');
INSERT INTO persona.suppression (name, outcomes, times, within, scope, quiet_for) VALUES ('annoyed', '{rejected}', 1, NULL, 'experience', '4 days');
INSERT INTO persona.exclusion (name, first_campaign, then_campaign, period) VALUES ('call then paper', 'call', 'paper', '2 days');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('calm', 2, '3 days');

CREATE FUNCTION chance(seed text, below integer) RETURNS integer LANGUAGE sql IMMUTABLE
	RETURN (('x' || substr(md5(seed), 1, 8))::bit(32)::bigint % below)::integer;

-- What happens in a step, the same whenever it is asked.
CREATE PROCEDURE happen(step integer, moment timestamptz) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO customer SELECT step * 100 + i, 'free', (ARRAY['Europe/Berlin', 'America/New_York', NULL])[1 + chance('z' || step || i, 3)]
	FROM generate_series(1, CASE step WHEN 0 THEN 40 ELSE chance('new' || step, 3) END) AS i;
	INSERT INTO click
	SELECT step * 100 + i, c.id, moment - chance('at' || step || i, 2000) * interval '1 minute' + interval '3 hours', (ARRAY['view', 'view', 'cart', 'buy'])[1 + chance('k' || step || i, 4)], chance('i' || step || i, 3)
	FROM generate_series(1, chance('clicks' || step, 25)) AS i
		CROSS JOIN LATERAL (SELECT id FROM customer ORDER BY md5('c' || step || i || id) LIMIT 1) AS c;
	UPDATE customer SET plan = CASE plan WHEN 'gold' THEN 'free' ELSE 'gold' END WHERE chance('plan' || step || id, 20) = 0;
	UPDATE click SET customer_id = (SELECT min(id) FROM customer), kind = 'buy' WHERE chance('move' || step || n, 60) = 0;
	DELETE FROM click WHERE chance('gone' || step || n, 50) = 0;
	IF step > 0 THEN
		DELETE FROM customer WHERE chance('left' || step || id, 90) = 0;
	END IF;
	UPDATE persona.contact SET status = 'cancelled', ended_at = moment - interval '1 minute'
	WHERE status = 'planned' AND chance('cancel' || step || customer || campaign || decided_at, 5) = 0;
	UPDATE persona.contact SET status = 'sent', sent_at = send_at WHERE status = 'planned' AND send_at < moment;
	UPDATE persona.contact SET status = 'delivered', delivered_at = sent_at + interval '1 hour' WHERE status = 'sent' AND sent_at < moment - interval '1 day' AND chance('arrived' || step || customer || campaign || decided_at, 3) = 0;
	INSERT INTO persona.response (customer, contact_id, at, outcome)
	SELECT k.customer, k.contact_id, moment - chance('when' || step || k.customer || k.campaign || k.decided_at, 90) * interval '1 minute', (ARRAY['rejected', 'clicked', 'opened'])[1 + chance('what' || step || k.customer || k.campaign || k.decided_at, 3)]
	FROM persona.contact AS k WHERE k.sent_at < moment - interval '90 minutes' AND chance('says' || step || k.customer || k.campaign || k.decided_at, 12) = 0;
	INSERT INTO persona.choice (customer, at, choice, channel, topic, until)
	SELECT c.id, moment - interval '5 minutes', v.choice, CASE v.of WHEN 1 THEN 'email' WHEN 2 THEN 'letter' END, CASE v.of WHEN 3 THEN 'news' END, CASE v.choice WHEN 'snooze' THEN moment + interval '40 hours' END
	FROM customer AS c CROSS JOIN LATERAL (SELECT (ARRAY['objection', 'consent', 'snooze'])[1 + chance('choice' || step || c.id, 3)], chance('of' || step || c.id, 4)) AS v (choice, of)
	WHERE chance('chooses' || step || c.id, 40) = 0;
	IF step = 9 THEN
		UPDATE persona.campaign SET max_contacts = 2 WHERE name = 'gold';
	ELSIF step = 13 THEN
		UPDATE persona.cohort SET condition = '{"not": {"event": "view", "within": "1 day"}}' WHERE name = 'quiet';
	END IF;
END
$$;

-- What was written, by who was asked; how many were looked at; where the snapshot was wrong.
CREATE TABLE outcome (everyone boolean, step integer, customer integer, contact text);
CREATE TABLE looked (everyone boolean, step integer, total bigint);
CREATE TABLE wrong (step integer, what text);

CREATE PROCEDURE play(everyone boolean) LANGUAGE plpgsql AS $$
DECLARE
	moment timestamptz := '2026-03-01';
BEGIN
	DELETE FROM customer;
	DELETE FROM click;
	DELETE FROM persona.contact;
	DELETE FROM persona.response;
	DELETE FROM persona.choice;
	DELETE FROM persona.due;
	DELETE FROM persona.capacity_use;
	DELETE FROM persona.budget_use;
	UPDATE persona.campaign SET max_contacts = 1 WHERE name = 'gold';
	UPDATE persona.cohort SET condition = '{"not": {"event": "view", "within": "2 days"}}' WHERE name = 'quiet';
	FOR step IN 0 .. 40 LOOP
		moment := moment + chance('time' || step, CASE WHEN step % 3 = 0 THEN 1500 ELSE 60 END) * interval '1 minute';
		CALL happen(step, moment);
		COMMIT;
		CALL persona.run(as_of => moment, batch => 10, everyone => everyone);
		INSERT INTO outcome SELECT everyone, step, c.customer,
			concat_ws(' ', c.campaign, c.channel, c.message, c.decided_at, c.send_at, c.trigger, c.fired_at, c.score, c.reason)
		FROM persona.contact AS c WHERE c.decided_at = moment;
		INSERT INTO looked SELECT everyone, step, r.total FROM persona.run_log AS r ORDER BY r.run DESC LIMIT 1;
		IF NOT everyone THEN
			PERFORM persona.refresh_snapshot(moment);
			INSERT INTO wrong
			SELECT step, 'message ' || x::text FROM ((SELECT * FROM persona.next_message_snapshot EXCEPT SELECT * FROM persona.next_message_at(moment))
				UNION ALL (SELECT * FROM persona.next_message_at(moment) EXCEPT SELECT * FROM persona.next_message_snapshot)) AS x;
			INSERT INTO wrong
			SELECT step, 'cohort ' || x::text FROM ((SELECT customer, cohort, since, until FROM persona.cohort_history WHERE left_on IS NULL EXCEPT SELECT * FROM persona.cohort_member_at(moment))
				UNION ALL (SELECT * FROM persona.cohort_member_at(moment) EXCEPT SELECT customer, cohort, since, until FROM persona.cohort_history WHERE left_on IS NULL)) AS x;
			INSERT INTO wrong
			SELECT step, 'reach ' || r::text FROM persona.reach_history AS r
			WHERE r.day = moment::date AND r.customers <> (SELECT count(*) FROM persona.cohort_member_at(moment) AS m WHERE m.cohort = r.cohort);
			INSERT INTO wrong
			SELECT step, 'history ' || h::text FROM persona.cohort_history AS h WHERE h.left_on < h.entered_on OR h.entered_on > moment OR h.left_on > moment;
		END IF;
		COMMIT;
	END LOOP;
END
$$;

CALL play(false);
CALL play(true);

-- there is something to compare
SELECT everyone, count(*) > 100 AS contacts, count(DISTINCT contact) > 50 AS different FROM outcome GROUP BY everyone ORDER BY everyone;
-- the same contacts
(SELECT step, customer, contact FROM outcome WHERE everyone EXCEPT ALL SELECT step, customer, contact FROM outcome WHERE NOT everyone)
UNION ALL
(SELECT step, customer, contact FROM outcome WHERE NOT everyone EXCEPT ALL SELECT step, customer, contact FROM outcome WHERE everyone)
ORDER BY step, customer LIMIT 10;
-- with less work
SELECT sum(total) FILTER (WHERE NOT everyone) < 0.9 * sum(total) FILTER (WHERE everyone) AS less FROM looked;
-- the snapshot was right all along
SELECT * FROM wrong ORDER BY step, what LIMIT 10;
SELECT count(*) > 20 AS came_and_went FROM persona.cohort_history WHERE left_on IS NOT NULL;

-- the snapshot alone, and what it refuses
SELECT persona.refresh_snapshot('2026-01-01');
SELECT persona.refresh_snapshot('2999-01-01');
SELECT persona.refresh_snapshot() > 0 AS looked;
SELECT persona.refresh_snapshot();
INSERT INTO click VALUES (100000, (SELECT min(id) FROM customer), now(), 'view', 1);
SELECT persona.refresh_snapshot();
SELECT persona.refresh_snapshot();
SELECT persona.unbind_customers();
SELECT persona.refresh_snapshot();
DROP EXTENSION persona;
