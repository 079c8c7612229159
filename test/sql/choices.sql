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
\set VERBOSITY terse
DROP TABLE persona.response;
\set VERBOSITY default
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

--
-- Consent: by default all are reached, or nobody; the latest choice that covers channel and topic decides
--

RESET client_min_messages;
SET client_min_messages = warning;
SET datestyle = 'ISO';
TRUNCATE persona.response, persona.choice;
DROP TABLE customer, person;
CREATE TABLE customer (name text PRIMARY KEY, zone text, likes_sms numeric, may_mail boolean NOT NULL DEFAULT true);
INSERT INTO customer (name, zone) VALUES ('ann', 'Europe/Berlin');
SELECT persona.bind_customers('customer', 'name', time_zone => 'zone');
INSERT INTO persona.topic (name, opt_in) VALUES ('news', NULL), ('offers', true), ('service', false);
INSERT INTO persona.experience (name, topic) VALUES ('plain', NULL), ('news', 'news'), ('offer', 'offers'), ('notice', 'service');
INSERT INTO persona.channel (name, opt_in) VALUES ('email', true), ('sms', false);
INSERT INTO persona.message (name, experience, channel, body)
	SELECT e.name || ' ' || c.name, e.name, c.name, 'Hello' FROM persona.experience AS e, persona.channel AS c;
INSERT INTO persona.campaign (name, experience) SELECT e.name, e.name FROM persona.experience AS e;
INSERT INTO persona.campaign_channel (campaign, position, channel)
	SELECT c.name, v.position, v.channel FROM persona.campaign AS c, (VALUES (1, 'email'), (2, 'sms')) AS v (position, channel);

-- Over which channels each campaign may speak.
CREATE FUNCTION open_ways(as_of timestamptz) RETURNS text
LANGUAGE sql AS $$
	SELECT string_agg(w.campaign || ': ' || w.channels, '; ' ORDER BY w.campaign)
	FROM (SELECT e.campaign, coalesce(string_agg(e.channel, ' ' ORDER BY e.channel) FILTER (WHERE e.eligible), '-') AS channels
		FROM persona.explain('ann', open_ways.as_of) AS e GROUP BY e.campaign) AS w
$$;
CREATE FUNCTION choose(at timestamptz, choice text, channel text DEFAULT NULL, topic text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$ INSERT INTO persona.choice (customer, at, choice, channel, topic) VALUES ('ann', at, choice, channel, topic) $$;

SELECT open_ways('2026-03-01');
SELECT e.campaign, e.channel, e.stage, e.reason, e.valid_until FROM persona.explain('ann', '2026-03-01') AS e WHERE NOT e.eligible ORDER BY 1, 2;
SELECT choose('2026-03-02', 'consent', 'email');
SELECT open_ways('2026-03-01 23:59:59.999999'), open_ways('2026-03-02');
SELECT choose('2026-03-03', 'objection', 'email', 'news');
SELECT open_ways('2026-03-03');
SELECT choose('2026-03-04', 'consent', NULL, 'offers');
SELECT open_ways('2026-03-04');
SELECT choose('2026-03-05', 'objection');
SELECT open_ways('2026-03-05');
SELECT e.reason FROM persona.explain('ann', '2026-03-06') AS e WHERE e.campaign = 'news' AND e.channel = 'email';
SELECT choose('2026-03-06', 'consent', 'sms', 'news'), choose('2026-03-06', 'objection', 'fax'), choose('2026-03-06', 'objection', 'sms', 'gossip');
SELECT open_ways('2026-03-06');
-- at the same instant the later one by number decides
SELECT choose('2026-03-07', 'consent'), choose('2026-03-07', 'objection', 'sms');
SELECT open_ways('2026-03-07');
-- the condition of the channel is asked beside it
UPDATE persona.channel SET consent = '{"attribute": "may_mail", "is": true}' WHERE name = 'email';
UPDATE customer SET may_mail = false;
SELECT open_ways('2026-03-07');
UPDATE persona.channel SET consent = NULL, opt_in = false;
UPDATE persona.topic SET opt_in = NULL;
TRUNCATE persona.choice;

--
-- Snooze: all or a channel or a topic, until then
--

CREATE FUNCTION snooze(at timestamptz, until timestamptz, channel text DEFAULT NULL, topic text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$ INSERT INTO persona.choice (customer, at, choice, until, channel, topic) VALUES ('ann', at, 'snooze', until, channel, topic) $$;
SELECT snooze('2026-03-01', '2026-03-10');
SELECT snooze('2026-03-02', '2026-03-20', 'sms');
SELECT snooze('2026-03-03', '2026-03-15', NULL, 'news');
SELECT e.campaign, e.channel, e.reason, e.valid_until FROM persona.explain('ann', '2026-03-05') AS e WHERE e.campaign IN ('news', 'plain') ORDER BY 1, 2;
SELECT t, open_ways(t) FROM unnest('{2026-02-28,2026-03-09 23:59:59.999999,2026-03-10,2026-03-15,2026-03-20}'::timestamptz[]) AS t;
-- a later one of the same channel and topic replaces it, and so ends it; others are independent
SELECT snooze('2026-03-05', '2026-03-05');
SELECT t, open_ways(t) FROM unnest('{2026-03-04,2026-03-05}'::timestamptz[]) AS t;
SELECT snooze('2026-03-06', 'infinity', 'sms');
SELECT e.reason, e.valid_until FROM persona.explain('ann', '2036-01-01') AS e WHERE e.channel = 'sms' AND e.campaign = 'plain';
TRUNCATE persona.choice;

--
-- Which channel: by position, by preference, by score
--

DELETE FROM persona.campaign WHERE name <> 'plain';
SELECT channel FROM persona.next_message_at('2026-03-01');
UPDATE persona.campaign SET channel_choice = 'preference';
SELECT channel FROM persona.next_message_at('2026-03-01');
INSERT INTO persona.choice (customer, at, choice, channel, rank) VALUES ('ann', '2026-03-02', 'preference', 'sms', 1), ('ann', '2026-03-02', 'preference', 'email', 2);
SELECT t, n.channel FROM unnest('{2026-03-01,2026-03-02}'::timestamptz[]) AS t, persona.next_message_at(t) AS n;
SELECT e.channel, e.rank, e.stage, e.reason FROM persona.explain('ann', '2026-03-02') AS e;
-- withdrawn, one or all of them
INSERT INTO persona.choice (customer, at, choice, channel) VALUES ('ann', '2026-03-03', 'preference', 'sms');
INSERT INTO persona.choice (customer, at, choice) VALUES ('ann', '2026-03-05', 'preference');
INSERT INTO persona.choice (customer, at, choice, channel, rank) VALUES ('ann', '2026-03-04', 'preference', 'sms', -1);
SELECT t, n.channel FROM unnest('{2026-03-03,2026-03-04,2026-03-05}'::timestamptz[]) AS t, persona.next_message_at(t) AS n ORDER BY t;
-- what the customer prefers and can't be reached over is passed over
SELECT snooze('2026-03-04', '2026-03-04 12:00', 'sms');
SELECT t, n.channel, n.valid_until FROM unnest('{2026-03-04,2026-03-04 12:00}'::timestamptz[]) AS t, persona.next_message_at(t) AS n ORDER BY t;
TRUNCATE persona.choice;
-- by score: cost, and how much the customer likes it
UPDATE persona.campaign SET channel_choice = 'score', value = 10;
UPDATE persona.channel SET cost = CASE name WHEN 'email' THEN 0.5 ELSE 0.1 END;
SELECT channel, score FROM persona.next_message_at('2026-03-01');
UPDATE persona.channel SET affinity = 0.8 WHERE name = 'sms';
SELECT channel, propensity, score FROM persona.next_message_at('2026-03-01');
UPDATE persona.channel SET affinity_column = 'likes_sms' WHERE name = 'sms';
SELECT channel, propensity, score FROM persona.next_message_at('2026-03-01');
UPDATE customer SET likes_sms = 1.5;
SELECT channel, propensity, score FROM persona.next_message_at('2026-03-01');
UPDATE customer SET likes_sms = -1;
SELECT channel, propensity, score FROM persona.explain('ann', '2026-03-01');
UPDATE persona.channel SET affinity_column = 'likes_fax' WHERE name = 'sms';
\set VERBOSITY terse
UPDATE persona.channel SET affinity = -1;
UPDATE persona.campaign SET channel_choice = 'luck';
\set VERBOSITY default
UPDATE persona.campaign SET channel_choice = 'position', value = 1;
UPDATE persona.channel SET cost = 0, affinity = 1, affinity_column = NULL;

--
-- Holidays, on the customer's wall clock
--

UPDATE persona.channel SET holidays = 'de' WHERE name = 'email';
INSERT INTO persona.holiday (calendar, day) VALUES ('de', '2026-04-03'), ('de', '2026-04-05'), ('de', '2026-04-06'), ('de', '2026-05-01'), ('uk', '2026-05-04');
UPDATE persona.channel SET holidays = 'de', synchronous = true, open_hours = 'daily 09:00-18:00' WHERE name = 'email';
DELETE FROM persona.campaign_channel WHERE channel = 'sms';
SELECT t AS asked, n.send_at, n.valid_until
FROM unnest('{2026-04-02 12:00,2026-04-02 21:59,2026-04-02 22:00,2026-04-03 12:00,2026-04-04 12:00,2026-04-05 12:00,2026-04-06 21:59,2026-04-07 12:00,2026-05-02 12:00}'::timestamptz[]) AS t,
	persona.next_message_at(t) AS n ORDER BY t;
UPDATE persona.channel SET open_hours = NULL WHERE name = 'email';
SELECT t AS asked, n.send_at, n.valid_until
FROM unnest('{2026-04-02 12:00,2026-04-02 22:00,2026-04-05 12:00,2026-04-06 22:00,2026-05-01 22:00}'::timestamptz[]) AS t, persona.next_message_at(t) AS n ORDER BY t;
DELETE FROM persona.holiday WHERE calendar = 'de';
UPDATE persona.channel SET holidays = NULL;
\set VERBOSITY terse
INSERT INTO persona.holiday (calendar, day) VALUES ('de', 'infinity');
\set VERBOSITY default
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{holidays}', '[{"calendar": "de", "days": ["2026-05-01"]}]')::persona.program);

--
-- A suppression that a consent ends
--

INSERT INTO persona.suppression (name, outcomes, scope, until_consent) VALUES ('closed', '{complained,unsubscribed}', 'channel', true);
INSERT INTO persona.response (customer, at, outcome, channel) VALUES ('ann', '2026-03-02', 'unsubscribed', 'email');
SELECT choose('2026-03-02', 'consent', 'email'), choose('2026-03-03', 'consent', 'sms'), choose('2026-03-04', 'consent', 'email', 'news'), choose('2026-03-05', 'consent', 'email');
SELECT t, e.stage, e.reason FROM unnest('{2026-03-01,2026-03-02,2026-03-04,2026-03-05}'::timestamptz[]) AS t, persona.explain('ann', t) AS e ORDER BY t;
INSERT INTO persona.response (customer, at, outcome, channel) VALUES ('ann', '2026-03-06', 'complained', 'email');
SELECT stage FROM persona.explain('ann', '2026-03-06');
DELETE FROM persona.suppression;
TRUNCATE persona.response, persona.choice;

--
-- What customers' own pages call
--

SELECT persona.choose_consent('ann', 'email', 'news', 'preference page');
SELECT persona.choose_objection('ann', topic => 'offers');
SELECT persona.choose_objection('ann');
SELECT persona.choose_snooze('ann', '2036-01-01', 'sms');
SELECT persona.choose_preference('ann', '{sms,email}', 'phone');
SELECT persona.choose_preference('ann', '{}');
SELECT customer, choice_id > 0 AS numbered, at = now() AS just_now, choice, channel, topic, rank, until, origin FROM persona.choice ORDER BY choice_id;
SELECT persona.choose_consent('ann', 'fax');
SELECT persona.choose_objection('ann', 'email', 'gossip');
SELECT persona.choose_preference('ann', '{sms,fax}');
\set VERBOSITY terse
SELECT persona.choose_consent(NULL);
SELECT persona.choose_snooze('ann', NULL);
SELECT persona.choose_preference('ann', '{sms,NULL}');
\set VERBOSITY default
SELECT count(*) FROM persona.choice;
-- with the rights of the page
CREATE ROLE regress_persona_page;
GRANT USAGE ON SCHEMA persona TO regress_persona_page;
SET ROLE regress_persona_page;
SELECT persona.choose_consent('ann', 'email');
RESET ROLE;
GRANT INSERT ON persona.choice TO regress_persona_page;
GRANT SELECT ON persona.channel, persona.topic TO regress_persona_page;
GRANT USAGE ON SCHEMA shop TO regress_persona_page;
GRANT SELECT ON customer TO regress_persona_page;
SET ROLE regress_persona_page;
SELECT persona.choose_consent('ann', 'email');
SELECT * FROM persona.choice;
RESET ROLE;
DROP OWNED BY regress_persona_page;
DROP ROLE regress_persona_page;
TRUNCATE persona.choice;

--
-- Interplay: an e-mail; if it was not opened within 3 days, a letter
--

DELETE FROM persona.campaign;
INSERT INTO persona.channel (name) VALUES ('letter');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('plain letter', 'plain', 'letter', 'Dear {{customer.name}}, we wrote on {{mail.send_at}}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES
	('mail_unopened', '{"sequence": [
		{"event": "contact", "where": {"all": [{"attribute": "campaign", "is": "mail"}, {"attribute": "sent_at", "known": true}]}, "as": "mail"},
		{"no": "response", "where": {"attribute": "outcome", "in": ["opened", "clicked", "replied"]}, "same": ["contact_id"], "for": "3 days"}],
		"within": "30 days"}', '7 days');
INSERT INTO persona.campaign (name, experience, trigger, max_contacts) VALUES ('mail', 'plain', NULL, 1), ('letter', 'plain', 'mail_unopened', NULL);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('mail', 1, 'email'), ('letter', 1, 'letter');
SELECT campaign, channel FROM persona.next_message_at('2026-03-01 12:00');
INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, status, decided_at, send_at) VALUES
	('ann', 7, 'mail', 'plain', 'email', 'sent', '2026-03-01 12:00', '2026-03-01 12:00');
SELECT t, n.campaign, n.channel, n.body, n.fired_at, n.valid_until
FROM unnest('{2026-03-04 11:59:59.999999,2026-03-04 12:00,2026-03-11 11:59,2026-03-11 12:00}'::timestamptz[]) AS t LEFT JOIN LATERAL persona.next_message_at(t) AS n ON true ORDER BY t;
-- told before, and then not any more
SELECT e.campaign, e.stage, e.valid_until FROM persona.explain('ann', '2026-03-02') AS e ORDER BY 1;
INSERT INTO persona.response (customer, contact_id, at, outcome) VALUES ('ann', 7, '2026-03-03 18:00', 'opened');
SELECT e.campaign, e.stage, e.reason FROM persona.explain('ann', '2026-03-05') AS e ORDER BY 1;
-- a response on another contact is none; a mail that failed is not followed by a letter
UPDATE persona.response SET contact_id = 8;
SELECT campaign FROM persona.next_message_at('2026-03-05');
UPDATE persona.contact SET status = 'failed', sent_at = NULL, ended_at = '2026-03-01 13:00';
SELECT campaign FROM persona.next_message_at('2026-03-05');
