-- limits: campaigns' own and policies; what counts, in which windows, about what.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';

CREATE TABLE customer (name text PRIMARY KEY, zone text);
INSERT INTO customer VALUES ('ann', 'Europe/Berlin'), ('ben', 'America/New_York');
CREATE TABLE click (customer text, at timestamptz);
CREATE INDEX ON click (customer, at);
SELECT persona.bind_customers('customer', 'name', time_zone => 'zone');
SELECT persona.bind_events('click', 'customer', 'at', kind => 'click');
INSERT INTO persona.experience (name, kind) VALUES ('offer', 'offer'), ('coupon', 'offer'), ('tip', 'content');
INSERT INTO persona.channel (name) VALUES ('email'), ('web');
INSERT INTO persona.placement (channel, name) VALUES ('web', 'top'), ('web', 'foot');
INSERT INTO persona.message (name, experience, channel, body)
	SELECT e.name || ' ' || c.name, e.name, c.name, 'Hello' FROM persona.experience AS e, persona.channel AS c;
INSERT INTO persona.campaign (name, experience) VALUES ('spring', 'offer'), ('summer', 'coupon'), ('advice', 'tip');
INSERT INTO persona.campaign_channel (campaign, position, channel, placement)
	SELECT c.name, v.position, v.channel, v.placement
	FROM persona.campaign AS c, (VALUES (1, 'email', NULL), (2, 'web', 'top'), (3, 'web', 'foot')) AS v (position, channel, placement);

-- Which campaigns may use which way, and what is in the way of the others.
CREATE FUNCTION ways(customer text, as_of timestamptz) RETURNS TABLE (campaign text, way text, reason text, until timestamptz)
LANGUAGE sql AS $$
	SELECT e.campaign, concat_ws(' ', e.channel, e.placement), CASE WHEN NOT e.eligible THEN e.stage || ': ' || e.reason END, e.valid_until
	FROM persona.explain(ways.customer, ways.as_of) AS e ORDER BY 1, 2
$$;
-- Until when the answers stand, tried at the last instant before: nothing differs.
CREATE FUNCTION unstable(customer text, as_of timestamptz) RETURNS TABLE (campaign text, way text)
LANGUAGE sql AS $$
	SELECT e.campaign, concat_ws(' ', e.channel, e.placement)
	FROM persona.explain(unstable.customer, unstable.as_of) AS e
		JOIN persona.explain(unstable.customer, unstable.as_of) AS f ON f.campaign = e.campaign AND f.channel = e.channel AND f.placement IS NOT DISTINCT FROM e.placement
		CROSS JOIN LATERAL persona.explain(unstable.customer, e.valid_until - interval '1 microsecond') AS g
	WHERE isfinite(e.valid_until) AND g.campaign = e.campaign AND g.channel = e.channel AND g.placement IS NOT DISTINCT FROM e.placement
		AND (g.stage NOT IN ('chosen', 'arbitration') AND g.stage <> e.stage OR g.eligible <> e.eligible)
$$;

--
-- What is refused
--

\set VERBOSITY terse
INSERT INTO persona.policy (name) VALUES ('nothing');
INSERT INTO persona.policy (name, period) VALUES ('nothing', '1 day');
INSERT INTO persona.policy (name, min_gap, calendar) VALUES ('nothing', '1 day', 'day');
INSERT INTO persona.policy (name, max_contacts) VALUES ('negative', -1);
INSERT INTO persona.policy (name, max_contacts, period, calendar) VALUES ('both', 1, '1 day', 'day');
INSERT INTO persona.policy (name, max_contacts, calendar) VALUES ('unit', 1, 'hour');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('no length', 1, '1 month');
INSERT INTO persona.policy (name, min_gap) VALUES ('no length', '0');
INSERT INTO persona.policy (name, max_contacts, counts) VALUES ('counts', 1, 'opened');
INSERT INTO persona.policy (name, max_contacts, placement) VALUES ('place', 1, 'top');
INSERT INTO persona.policy (name, max_contacts, channel, placement) VALUES ('place', 1, 'email', 'top');
INSERT INTO persona.policy (name, max_contacts, campaign) VALUES ('campaign', 1, 'autumn');
UPDATE persona.campaign SET max_contacts = -1;
UPDATE persona.campaign SET min_gap = '-1 day';
UPDATE persona.campaign SET max_contacts_per_firing = -1;
\set VERBOSITY default
-- in a program that was not built by persona, too
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{policies}', '[{"name": "p", "max_contacts": 1, "periode": 5}]')::persona.program);
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{policies}', '[{"name": "p", "counts": "sent"}]')::persona.program);
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{policies}', '[{"name": "p", "max_contacts": 1, "calendar": "decade"}]')::persona.program);
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{policies}', '[{"name": "p", "max_contacts": 1, "channel": "fax"}]')::persona.program);

--
-- About what: each filter, and all together
--

INSERT INTO persona.contact (customer, campaign, experience, channel, placement, decided_at, send_at) VALUES
	('ann', 'spring', 'offer', 'web', 'top', '2026-03-01', '2026-03-09 12:00');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('one', 1, '7 days');
SELECT campaign, way, reason FROM ways('ann', '2026-03-10 12:00');
UPDATE persona.policy SET channel = 'web';
SELECT campaign, way, reason FROM ways('ann', '2026-03-10 12:00');
UPDATE persona.policy SET placement = 'foot';
SELECT campaign, way, reason FROM ways('ann', '2026-03-10 12:00') WHERE reason <> '';
UPDATE persona.policy SET placement = 'top';
SELECT campaign, way, reason FROM ways('ann', '2026-03-10 12:00') WHERE reason <> '';
UPDATE persona.policy SET channel = NULL, placement = NULL, experience_kind = 'offer';
SELECT campaign, way FROM ways('ann', '2026-03-10 12:00') WHERE reason <> '';
UPDATE persona.policy SET experience_kind = NULL, experience = 'offer';
SELECT campaign, way FROM ways('ann', '2026-03-10 12:00') WHERE reason <> '';
UPDATE persona.policy SET experience = NULL, campaign = 'spring', channel = 'web';
SELECT campaign, way FROM ways('ann', '2026-03-10 12:00') WHERE reason <> '';
-- contacts of campaigns that take no part any more count
UPDATE persona.policy SET campaign = NULL, channel = NULL, experience_kind = 'offer';
UPDATE persona.campaign SET active = false WHERE name = 'spring';
SELECT campaign, way FROM ways('ann', '2026-03-10 12:00') WHERE reason <> '';
UPDATE persona.policy SET experience_kind = NULL, campaign = 'spring';
SELECT campaign, way FROM ways('ann', '2026-03-10 12:00') WHERE reason <> '';
UPDATE persona.campaign SET active = true WHERE name = 'spring';
-- 0 is never, of what fits the filters
UPDATE persona.policy SET campaign = NULL, channel = 'email', max_contacts = 0;
SELECT campaign, way, reason, until FROM ways('ben', '2026-03-10 12:00') WHERE reason <> '';
DELETE FROM persona.policy;
DELETE FROM persona.campaign_channel WHERE channel = 'web' OR campaign <> 'spring';

--
-- In which windows: rolling, of the calendar, ever
--

CREATE VIEW answer AS
	SELECT t AS as_of, c.name, w.reason, w.until
	FROM unnest(string_to_array(current_setting('shop.instants'), ',')::timestamptz[]) AS t, customer AS c, LATERAL ways(c.name, t) AS w
	WHERE w.campaign = 'spring' ORDER BY c.name, t;
TRUNCATE persona.contact;
INSERT INTO persona.contact (customer, campaign, experience, channel, decided_at, send_at)
	SELECT c.name, 'spring', 'offer', 'email', '2026-03-01', t FROM customer AS c, unnest('{2026-03-08 04:30,2026-03-10 03:30}'::timestamptz[]) AS t;
SET shop.instants = '2026-03-10 03:29,2026-03-10 04:00,2026-03-10 12:00,2026-03-10 23:00,2026-03-11 04:00';
-- the contact of 3:30 UTC is on the 10th in Berlin, on the 9th in New York (where the clock changed on the 8th)
INSERT INTO persona.policy (name, max_contacts, calendar) VALUES ('p', 1, 'day');
SELECT * FROM answer;
SELECT u.* FROM customer AS c, unnest(string_to_array(current_setting('shop.instants'), ',')::timestamptz[]) AS t, LATERAL unstable(c.name, t) AS u;
UPDATE persona.policy SET calendar = NULL, period = '24 hours';
SELECT * FROM answer WHERE name = 'ann';
-- 8 March is a Sunday, in both zones
UPDATE persona.policy SET calendar = 'week', period = NULL;
SET shop.instants = '2026-03-07 12:00,2026-03-08 12:00,2026-03-09 12:00,2026-03-12 12:00,2026-03-16 12:00';
SELECT * FROM answer;
SELECT u.* FROM customer AS c, unnest(string_to_array(current_setting('shop.instants'), ',')::timestamptz[]) AS t, LATERAL unstable(c.name, t) AS u;
UPDATE persona.policy SET calendar = 'month', max_contacts = 3;
SET shop.instants = '2026-02-28 12:00,2026-03-31 21:59,2026-03-31 22:00';
SELECT * FROM answer WHERE name = 'ann';
UPDATE persona.policy SET max_contacts = 2;
SELECT * FROM answer;
UPDATE persona.policy SET calendar = NULL;
SELECT * FROM answer WHERE name = 'ann';
-- quiet hours move a contact into the next day, where there is room
UPDATE persona.policy SET calendar = 'day', max_contacts = 1;
UPDATE persona.channel SET quiet_hours = 'daily 20:00-08:00' WHERE name = 'email';
SELECT e.stage, e.send_at, e.valid_until FROM persona.explain('ann', '2026-03-10 18:59') AS e
UNION ALL SELECT e.stage, e.send_at, e.valid_until FROM persona.explain('ann', '2026-03-10 19:00') AS e;
UPDATE persona.channel SET quiet_hours = NULL;

-- how far apart, and a number beside it
UPDATE persona.policy SET calendar = NULL, max_contacts = NULL, min_gap = '36 hours';
SET shop.instants = '2026-03-06 16:30,2026-03-06 16:30:00.000001,2026-03-09 16:30,2026-03-11 15:29:59.999999,2026-03-11 15:30';
SELECT * FROM answer WHERE name = 'ann';
UPDATE persona.policy SET max_contacts = 2;
SELECT * FROM answer WHERE name = 'ann';
DELETE FROM persona.policy;
UPDATE persona.campaign SET min_gap = '36 hours', max_contacts = 2, max_contacts_within = '30 days' WHERE name = 'spring';
SELECT * FROM answer WHERE name = 'ann';
UPDATE persona.campaign SET min_gap = NULL, max_contacts = 0, max_contacts_within = NULL WHERE name = 'spring';
SELECT * FROM answer WHERE name = 'ann' LIMIT 1;
UPDATE persona.campaign SET max_contacts = NULL WHERE name = 'spring';

--
-- What counts: reserved, sent, delivered; and not what has ended, from then on
--

TRUNCATE persona.contact;
INSERT INTO persona.contact (customer, campaign, experience, channel, status, decided_at, send_at, sent_at, delivered_at) VALUES
	('ann', 'spring', 'offer', 'email', 'delivered', '2026-03-01', '2026-03-10 12:00', '2026-03-10 13:00', '2026-03-10 15:00');
INSERT INTO persona.policy (name, max_contacts, period, counts) VALUES ('p', 1, '1 day', 'reserved');
SET shop.instants = '2026-03-10 12:30,2026-03-10 14:00,2026-03-10 16:00,2026-03-11 12:30,2026-03-11 14:00,2026-03-11 16:00';
SELECT * FROM answer WHERE name = 'ann';
UPDATE persona.policy SET counts = 'sent';
SELECT * FROM answer WHERE name = 'ann';
UPDATE persona.policy SET counts = 'delivered';
SELECT * FROM answer WHERE name = 'ann';
UPDATE persona.policy SET counts = 'reserved';
UPDATE persona.contact SET status = 'failed', ended_at = '2026-03-10 15:00';
SELECT * FROM answer WHERE name = 'ann';
UPDATE persona.policy SET counts = 'sent';
SELECT * FROM answer WHERE name = 'ann' LIMIT 3;
-- counted in the order in which they were sent, not in which they were planned
TRUNCATE persona.contact;
INSERT INTO persona.contact (customer, campaign, experience, channel, status, decided_at, send_at, sent_at) VALUES
	('ann', 'spring', 'offer', 'email', 'sent', '2026-03-01', '2026-03-02 12:00', '2026-03-10 13:00'),
	('ann', 'spring', 'offer', 'email', 'sent', '2026-03-01', '2026-03-05 12:00', '2026-03-06 13:00');
UPDATE persona.policy SET period = '2 days';
SET shop.instants = '2026-03-08 13:00,2026-03-11 13:00,2026-03-12 13:00';
SELECT * FROM answer WHERE name = 'ann';
DELETE FROM persona.policy;

--
-- Contacts for one firing
--

TRUNCATE persona.contact;
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('clicked', '{"event": "click", "within": "1 hour"}', '2 days');
UPDATE persona.campaign SET trigger = 'clicked';
INSERT INTO click VALUES ('ann', '2026-03-10 10:00');
INSERT INTO persona.contact (customer, campaign, experience, channel, trigger, fired_at, decided_at, send_at) VALUES
	('ann', 'spring', 'offer', 'email', 'clicked', '2026-03-10 10:00', '2026-03-10 11:00', '2026-03-10 11:00'),
	('ann', 'summer', 'coupon', 'email', 'clicked', '2026-03-10 10:00', '2026-03-10 11:00', '2026-03-10 11:00'),
	('ann', 'spring', 'offer', 'email', 'clicked', '2026-03-09 10:00', '2026-03-09 11:00', '2026-03-09 11:00');
SELECT reason, until FROM ways('ann', '2026-03-10 12:00') WHERE campaign = 'spring';
UPDATE persona.campaign SET max_contacts_per_firing = 2;
SELECT reason, until FROM ways('ann', '2026-03-10 12:00') WHERE campaign = 'spring';
INSERT INTO persona.contact (customer, campaign, experience, channel, trigger, fired_at, decided_at, send_at) VALUES
	('ann', 'spring', 'offer', 'email', 'clicked', '2026-03-10 10:00', '2026-03-10 11:30', '2026-03-11 11:00');
SELECT reason, until FROM ways('ann', '2026-03-10 12:00') WHERE campaign = 'spring';
UPDATE persona.campaign SET max_contacts_per_firing = NULL;
SELECT reason, until FROM ways('ann', '2026-03-10 12:00') WHERE campaign = 'spring';
UPDATE persona.campaign SET max_contacts_per_firing = 0;
SELECT reason, until FROM ways('ann', '2026-03-10 12:00') WHERE campaign = 'spring';
