-- next_message: which campaign speaks, over which channel, when, in which
-- words, within which limits; why the others do not; and for how long this
-- stands.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TABLE customer (
	name text PRIMARY KEY, zone text, language text,
	email text, phone text, opt_in boolean,
	plan text, born date, profile jsonb
);
CREATE TABLE sale (customer text, at timestamptz, item integer, price numeric);
CREATE TABLE click (customer text, at timestamptz, kind text, item integer, page text);
CREATE INDEX ON sale (customer, at);
CREATE INDEX ON click (customer, at);
SELECT persona.bind_customers('customer', 'name', time_zone => 'zone', language => 'language');
SELECT persona.bind_events('sale', 'customer', 'at', kind => 'order');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind', kinds => '{view,cart,complaint}');

-- Instants before a decision's valid_until at which, with no new data, another
-- decision is made: there must be none.  Only the time of sending may move on.
CREATE FUNCTION unstable(as_of timestamptz) RETURNS TABLE (customer text, valid_until timestamptz, at timestamptz, instead text)
LANGUAGE sql AS $$
	SELECT n.customer, n.valid_until, probe.at, coalesce(l.campaign || ' ' || l.body, 'nothing')
	FROM persona.next_message_at(unstable.as_of) AS n
		CROSS JOIN LATERAL (
			SELECT unstable.as_of + (least(n.valid_until, unstable.as_of + interval '40 days') - unstable.as_of) * share / 7 AS at
			FROM generate_series(1, 6) AS share
			UNION ALL
			SELECT least(n.valid_until, unstable.as_of + interval '40 days') - interval '1 microsecond') AS probe
		LEFT JOIN LATERAL (SELECT * FROM persona.next_message_at(probe.at) AS a WHERE a.customer = n.customer) AS l ON true
	WHERE (n.campaign, n.channel, n.placement, n.message, n.subject, n.body, n.priority, n.score, n.fired_at, greatest(n.send_at, probe.at))
		IS DISTINCT FROM (l.campaign, l.channel, l.placement, l.message, l.subject, l.body, l.priority, l.score, l.fired_at, l.send_at)
$$;

-- The same for each row of an explanation.
CREATE FUNCTION unstable_reason(customer text, as_of timestamptz) RETURNS TABLE (campaign text, stage text, valid_until timestamptz, at timestamptz, instead text)
LANGUAGE sql AS $$
	SELECT concat_ws('/', e.campaign, e.channel, e.placement), e.stage, e.valid_until, probe.at, l.stage
	FROM persona.explain(unstable_reason.customer, unstable_reason.as_of) AS e
		CROSS JOIN LATERAL (
			SELECT unstable_reason.as_of + (least(e.valid_until, unstable_reason.as_of + interval '40 days') - unstable_reason.as_of) * share / 7 AS at
			FROM generate_series(1, 6) AS share
			UNION ALL
			SELECT least(e.valid_until, unstable_reason.as_of + interval '40 days') - interval '1 microsecond') AS probe
		JOIN LATERAL (SELECT * FROM persona.explain(unstable_reason.customer, probe.at) AS x
			WHERE (x.campaign, x.channel, x.placement) IS NOT DISTINCT FROM (e.campaign, e.channel, e.placement)) AS l ON true
	WHERE e.eligible <> l.eligible
$$;

--
-- Nothing to say
--

INSERT INTO customer (name, email) VALUES ('ann', 'ann@example.com');
SELECT * FROM persona.next_message_at('2026-03-10 12:00');
SELECT * FROM persona.explain('ann', '2026-03-10 12:00');

INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.campaign (name, experience) VALUES ('spring', 'offer');
SELECT campaign, channel, rank, stage, eligible, reason, valid_until FROM persona.explain('ann', '2026-03-10 12:00');
INSERT INTO persona.channel (name) VALUES ('web'), ('email');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('spring', 1, 'web'), ('spring', 2, 'email');
SELECT campaign, channel, rank, stage, eligible, reason, valid_until FROM persona.explain('ann', '2026-03-10 12:00');
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES ('hello', 'offer', 'email', 'An offer', 'Hello {{customer.name}}');
\x on
SELECT * FROM persona.next_message_at('2026-03-10 12:00');
SELECT * FROM persona.explain('ann', '2026-03-10 12:00');
\x off
-- nobody has no message, and an unknown customer no explanation
SELECT * FROM persona.explain('zoe', '2026-03-10 12:00');
SELECT * FROM persona.next_message_at(NULL);
DELETE FROM persona.campaign;

--
-- Which campaign: priority, then score (value * weight - cost), then name
--

INSERT INTO persona.channel (name, cost) VALUES ('letter', 0.75);
INSERT INTO persona.message (name, experience, channel, body) VALUES ('letter', 'offer', 'letter', 'Dear {{customer.name}}');
INSERT INTO persona.campaign (name, experience, priority, value, weight) VALUES
	('A', 'offer', 0, 100, 1),
	('B', 'offer', 1, 1, 1),
	('C', 'offer', 1, 2, 0.5),
	('D', 'offer', 1, 1.5, 1),
	('E', 'offer', 1, 1.76, 1),
	('a', 'offer', 1, 1, 1);
INSERT INTO persona.campaign_channel (campaign, position, channel)
SELECT name, 1, CASE WHEN name IN ('D', 'E') THEN 'letter' ELSE 'email' END FROM persona.campaign;
SELECT campaign, rank, stage, eligible, priority, score, channel, reason FROM persona.explain('ann', '2026-03-10 12:00');
SELECT campaign, channel, body, priority, score FROM persona.next_message_at('2026-03-10 12:00');
-- one that takes no part
UPDATE persona.campaign SET active = false WHERE name = 'E';
SELECT campaign FROM persona.next_message_at('2026-03-10 12:00');
SELECT count(*) FROM persona.explain('ann', '2026-03-10 12:00');
DELETE FROM persona.campaign;

--
-- Over which channel: address, consent, fallback
--

TRUNCATE customer;
INSERT INTO customer (name, email, phone, opt_in) VALUES
	('ann', 'ann@example.com', '1', true),
	('ben', '', '2', true),			-- "" is no address
	('cem', NULL, '3', false),
	('dan', NULL, NULL, true),
	('eva', 'eva@example.com', NULL, false);
UPDATE persona.channel SET address_column = 'email', consent = '{"attribute": "opt_in", "is": true}' WHERE name = 'email';
INSERT INTO persona.channel (name, address_column) VALUES ('sms', 'phone');
INSERT INTO persona.placement (channel, name) VALUES ('web', 'banner'), ('web', 'footer');
INSERT INTO persona.message (name, experience, channel, placement, body) VALUES
	('sms', 'offer', 'sms', NULL, 'Hi {{customer.name}}'),
	('banner', 'offer', 'web', 'banner', 'Look here, {{customer.name}}'),
	('any place', 'offer', 'web', NULL, 'Welcome {{customer.name}}');
INSERT INTO persona.campaign (name, experience) VALUES ('spring', 'offer');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('spring', 10, 'email'), ('spring', 20, 'sms');
SELECT customer, channel, message, body, score FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
SELECT c.name, e.channel, e.stage, e.reason FROM customer AS c, persona.explain(c.name, '2026-03-10 12:00') AS e WHERE NOT e.eligible ORDER BY c.name, e.channel;
-- the order of the positions is the order of the channels
UPDATE persona.campaign_channel SET position = 5 WHERE channel = 'sms';
SELECT customer, channel FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
-- the score is that of the channel that is used
UPDATE persona.channel SET cost = 0.1 WHERE name = 'sms';
SELECT customer, channel, score FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
-- placements: a message for any place of the channel fits every place, and one for a place only that
INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES ('spring', 1, 'web', 'footer');
SELECT customer, channel, placement, message FROM persona.next_message_at('2026-03-10 12:00') WHERE customer = 'ann';
UPDATE persona.campaign_channel SET placement = 'banner' WHERE channel = 'web';
SELECT customer, channel, placement, message FROM persona.next_message_at('2026-03-10 12:00') WHERE customer = 'ann';
DELETE FROM persona.message WHERE name = 'any place';
UPDATE persona.campaign_channel SET placement = NULL WHERE channel = 'web';
SELECT customer, channel, placement, message FROM persona.next_message_at('2026-03-10 12:00') WHERE customer = 'ann';
SELECT reason FROM persona.explain('dan', '2026-03-10 12:00');
-- consent that ends: it was given for 30 days
UPDATE persona.channel SET consent = '{"event": "view", "where": {"attribute": "page", "is": "consent"}, "within": "30 days"}' WHERE name = 'email';
DELETE FROM persona.campaign_channel WHERE channel IN ('web', 'sms');
INSERT INTO click VALUES ('ann', '2026-02-10 12:00', 'view', NULL, 'consent');
SELECT as_of, n.customer, n.channel, n.valid_until
FROM unnest('{2026-03-12 11:59:59.999999,2026-03-12 12:00}'::timestamptz[]) AS as_of LEFT JOIN LATERAL persona.next_message_at(as_of) AS n ON true ORDER BY as_of;
SELECT * FROM unstable('2026-02-20');

--
-- When: open and quiet hours on the customer's clock
--

TRUNCATE customer, click;
INSERT INTO customer (name, zone) VALUES ('ann', 'Europe/Berlin'), ('ben', 'America/New_York'), ('cem', NULL), ('dan', 'Europe/Atlantis');
UPDATE persona.channel SET address_column = NULL, consent = NULL, quiet_hours = 'daily 22:00-07:00' WHERE name = 'email';
UPDATE persona.campaign_channel SET channel = 'email';
-- 12:00 UTC is 13:00 in Berlin and 08:00 in New York
SELECT customer, send_at, reason, valid_until FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
-- 21:30 UTC is 22:30 in Berlin: wait until 07:00 there
SELECT customer, send_at, reason, valid_until FROM persona.next_message_at('2026-03-10 21:30') ORDER BY customer;
SELECT customer FROM unstable('2026-03-10 12:00') UNION ALL SELECT customer FROM unstable('2026-03-10 21:30');
-- ends are exclusive
SELECT as_of, send_at
FROM unnest('{2026-03-10 20:59:59.999999,2026-03-10 21:00,2026-03-11 05:59:59.999999,2026-03-11 06:00}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.next_message_at(as_of) WHERE customer = 'ann' ORDER BY as_of;
-- nights in which the clock changes are an hour shorter and an hour longer
SELECT as_of, send_at, send_at - as_of AS wait
FROM unnest('{2025-03-29 21:00,2025-10-25 20:00}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.next_message_at(as_of) WHERE customer = 'ann' ORDER BY as_of;

-- open hours, which leave out the weekend, together with quiet hours
UPDATE persona.channel SET open_hours = 'Mon-Fri 09:00-18:00; Sat 10:00-14:00', quiet_hours = 'daily 12:00-13:00' WHERE name = 'email';
SELECT to_char(as_of AT TIME ZONE 'Europe/Berlin', 'Dy HH24:MI') AS asked, to_char(send_at AT TIME ZONE 'Europe/Berlin', 'Dy HH24:MI') AS sent,
	to_char(valid_until AT TIME ZONE 'Europe/Berlin', 'Dy HH24:MI') AS until
FROM unnest('{2026-03-09 07:59,2026-03-09 08:00,2026-03-09 11:00,2026-03-09 12:00,2026-03-13 16:59,2026-03-13 17:00,2026-03-14 08:00,2026-03-14 11:30,2026-03-14 12:30,2026-03-14 13:00,2026-03-15 12:00}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.next_message_at(as_of) WHERE customer = 'ann' ORDER BY as_of;
-- a night that belongs to Friday, even on Saturday
UPDATE persona.channel SET open_hours = 'Fri 22:00-02:00', quiet_hours = NULL WHERE name = 'email';
SELECT to_char(as_of AT TIME ZONE 'Europe/Berlin', 'Dy HH24:MI') AS asked, to_char(send_at AT TIME ZONE 'Europe/Berlin', 'Dy HH24:MI') AS sent
FROM unnest('{2026-03-13 00:30,2026-03-13 20:59,2026-03-13 21:30,2026-03-14 00:30,2026-03-14 01:00}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.next_message_at(as_of) WHERE customer = 'ann' ORDER BY as_of;
-- hours that leave nothing; a channel that is closed is not passed over for one that is open
UPDATE persona.channel SET open_hours = 'daily 09:00-12:00', quiet_hours = 'daily 08:00-20:00' WHERE name = 'email';
SELECT stage, reason, valid_until FROM persona.explain('ann', '2026-03-10 12:00');
UPDATE persona.channel SET open_hours = 'never', quiet_hours = NULL WHERE name = 'email';
SELECT stage, reason, valid_until FROM persona.explain('ann', '2026-03-10 12:00');
UPDATE persona.channel SET open_hours = NULL, quiet_hours = 'always' WHERE name = 'email';
SELECT stage, reason, valid_until FROM persona.explain('ann', '2026-03-10 12:00');
UPDATE persona.channel SET open_hours = NULL, quiet_hours = 'daily 22:00-07:00' WHERE name = 'email';
UPDATE persona.channel SET address_column = NULL WHERE name = 'sms';
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('spring', 20, 'sms');
SELECT channel, send_at FROM persona.next_message_at('2026-03-10 21:30') WHERE customer = 'ann';
-- too late: the campaign is over before the channel opens; so the next channel speaks, now
UPDATE persona.campaign SET ends_at = '2026-03-11 06:00';
SELECT channel, send_at, valid_until FROM persona.next_message_at('2026-03-10 21:30') WHERE customer = 'ann';
DELETE FROM persona.campaign_channel WHERE channel = 'sms';
SELECT stage, reason, valid_until FROM persona.explain('ann', '2026-03-10 21:30');
UPDATE persona.campaign SET ends_at = '2026-03-11 06:00:00.000001';
SELECT channel, send_at, valid_until FROM persona.next_message_at('2026-03-10 21:30') WHERE customer = 'ann';
SELECT * FROM unstable('2026-03-10 21:30');
UPDATE persona.channel SET quiet_hours = NULL;
DELETE FROM persona.campaign;

--
-- In which words: languages, variants, placeholders
--

TRUNCATE customer;
DELETE FROM persona.message;
INSERT INTO customer (name, language, plan) VALUES
	('ann', 'de', 'gold'), ('ben', 'de-AT', 'free'), ('cem', 'fr', 'gold'), ('dan', NULL, NULL), ('eva', 'EN', 'free'), ('fay', '', NULL);
INSERT INTO persona.campaign (name, experience) VALUES ('spring', 'offer');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('spring', 1, 'email');
-- the customer's language (the default, en, for those without one), else one for every language, else the default
INSERT INTO persona.message (name, experience, channel, language, body) VALUES ('de', 'offer', 'email', 'de', 'Hallo'), ('en', 'offer', 'email', 'en', 'Hello');
SELECT customer, message, language FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
INSERT INTO persona.message (name, experience, channel, language, body) VALUES ('any', 'offer', 'email', NULL, 'Hi');
SELECT customer, message, language FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
DELETE FROM persona.message WHERE name IN ('any', 'en');
SELECT customer, message, language FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
SELECT c.name, e.channel, e.stage, e.reason FROM customer AS c, persona.explain(c.name, '2026-03-10 12:00') AS e WHERE NOT e.eligible ORDER BY c.name, e.channel;

-- variants: the first by position, then by name, whose condition holds
INSERT INTO persona.message (name, experience, channel, language, position, condition, body) VALUES
	('gold', 'offer', 'email', NULL, -1, '{"attribute": "plan", "is": "gold"}', 'Dear gold customer'),
	('Z', 'offer', 'email', NULL, 0, '{"attribute": "plan", "known": true}', 'Dear customer'),
	('z', 'offer', 'email', NULL, 0, NULL, 'Dear guest');
SELECT customer, message, body FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
-- the language comes before the position
INSERT INTO persona.message (name, experience, channel, language, position, body) VALUES ('de 2', 'offer', 'email', 'de', -5, 'Servus');
SELECT customer, message, body FROM persona.next_message_at('2026-03-10 12:00') WHERE customer IN ('ann', 'ben') ORDER BY customer;
DELETE FROM persona.message;

-- placeholders
TRUNCATE customer;
INSERT INTO customer (name, zone, plan, born, profile) VALUES
	('ann', 'Asia/Tokyo', 'gold', '1990-02-28', '{"first": "Änn", "pets": ["cat", "dog"], "age": 36.50, "vip": true, "none": null, "home": {"city": "Kiel"}}'),
	('ben', NULL, '', NULL, NULL);
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES ('m', 'offer', 'email',
	'{{customer.name}}: {{customer.plan|no plan}}',
	'{{customer.profile.first|you}} {{customer.profile.home.city|}} {{customer.profile.age|?}} {{customer.profile.vip|?}} {{customer.profile.pets|?}} {{customer.profile.none|?}} {{customer.born|some day}} {{{{customer.name}} }}');
SELECT customer, subject, body FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
-- without a default an absent value makes the message unfit, and another one is taken
INSERT INTO persona.message (name, experience, channel, position, body) VALUES ('early', 'offer', 'email', -1, 'Born on {{customer.born}}');
SELECT customer, message, subject, body FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
DELETE FROM persona.message WHERE name = 'm';
SELECT c.name, e.channel, e.stage, e.reason FROM customer AS c, persona.explain(c.name, '2026-03-10 12:00') AS e ORDER BY c.name;
-- values are put in as they are: they are not read as templates again
UPDATE persona.message SET body = 'Hello {{customer.plan}}';
UPDATE customer SET plan = '{{customer.name}} }} $1 \1 <b>';
SELECT customer, body FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
DELETE FROM persona.campaign;
DELETE FROM persona.message;

--
-- Limits
--

TRUNCATE customer;
INSERT INTO customer (name) VALUES ('ann');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('m', 'offer', 'email', 'Hello'), ('s', 'offer', 'sms', 'Hi');
INSERT INTO persona.campaign (name, experience, max_contacts, max_contacts_within) VALUES ('spring', 'offer', 2, '7 days');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('spring', 1, 'email');

-- What the limits say at an instant.
CREATE FUNCTION allowed(as_of timestamptz) RETURNS TABLE (as_of timestamptz, eligible boolean, stage text, reason text, until timestamptz)
LANGUAGE sql AS $$
	SELECT allowed.as_of, e.eligible, e.stage, CASE WHEN NOT e.eligible THEN e.reason END, e.valid_until
	FROM persona.explain('ann', allowed.as_of) AS e
$$;

-- of the campaign: with two contacts within (as_of - 7 days, as_of] there is no third
INSERT INTO persona.contact (customer, campaign, channel, status, decided_at, send_at) VALUES
	('ann', 'spring', 'email', 'sent', '2026-03-01', '2026-03-01 12:00'),
	('ann', 'spring', 'email', 'delivered', '2026-03-01', '2026-03-05 12:00');
SELECT a.* FROM unnest('{2026-03-05 12:00,2026-03-08 11:59:59.999999,2026-03-08 12:00,2026-03-12 12:00}'::timestamptz[]) AS t CROSS JOIN LATERAL allowed(t) AS a;
-- contacts of other campaigns do not count
UPDATE persona.contact SET campaign = 'winter' WHERE send_at = '2026-03-05 12:00';
SELECT * FROM allowed('2026-03-06');
UPDATE persona.contact SET campaign = 'spring';
-- those that failed, were cancelled or have expired give their slot back; planned and claimed ones keep it
CREATE FUNCTION allowed_with(status text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE persona.contact AS c SET status = allowed_with.status, claimed_at = NULL, lease_until = NULL, sent_at = NULL, delivered_at = NULL,
		ended_at = CASE WHEN allowed_with.status IN ('failed', 'cancelled', 'expired') THEN timestamptz '2026-03-05 13:00' END
	WHERE c.send_at = '2026-03-05 12:00';
	RETURN (SELECT eligible FROM allowed('2026-03-06'));
END
$$;
SELECT status, allowed_with(status) FROM unnest('{planned,claimed,sent,delivered,failed,cancelled,expired}'::text[]) AS status;
UPDATE persona.contact SET status = 'sent', claimed_at = NULL, lease_until = NULL, sent_at = NULL, delivered_at = NULL, ended_at = NULL;

-- a contact that is planned for later counts at that time: no window may hold a third
UPDATE persona.contact SET send_at = '2026-03-15 12:00', status = 'planned', sent_at = NULL WHERE send_at = '2026-03-05 12:00';
INSERT INTO persona.contact (customer, campaign, channel, decided_at, send_at) VALUES ('ann', 'spring', 'email', '2026-03-01', '2026-03-17 12:00');
-- 8 March 12:00: (8, 15] would hold two, (10, 17] two
SELECT a.* FROM unnest('{2026-03-06,2026-03-08 12:00,2026-03-10 12:00,2026-03-10 12:00:00.000001,2026-03-21 12:00,2026-03-22 12:00}'::timestamptz[]) AS t CROSS JOIN LATERAL allowed(t) AS a;
SELECT u.* FROM unnest('{2026-03-06,2026-03-08 12:00,2026-03-11,2026-03-22 12:00}'::timestamptz[]) AS t CROSS JOIN LATERAL unstable_reason('ann', t) AS u;
-- decided later than as_of: that contact does not exist yet
UPDATE persona.contact SET decided_at = '2026-03-12' WHERE send_at = '2026-03-17 12:00';
SELECT a.* FROM unnest('{2026-03-11,2026-03-12}'::timestamptz[]) AS t CROSS JOIN LATERAL allowed(t) AS a;

-- ever: without a length of time
UPDATE persona.campaign SET max_contacts_within = NULL;
SELECT * FROM allowed('2036-01-01');
UPDATE persona.campaign SET max_contacts = 4;
SELECT * FROM allowed('2036-01-01');
UPDATE persona.campaign SET max_contacts = NULL;
TRUNCATE persona.contact;

-- policies: over all campaigns, for all channels or one
INSERT INTO persona.policy (name, channel, max_contacts, period) VALUES ('one a day', NULL, 1, '1 day'), ('two texts a week', 'sms', 2, '7 days');
INSERT INTO persona.contact (customer, campaign, channel, status, decided_at, send_at) VALUES
	('ann', 'winter', 'sms', 'sent', '2026-03-01', '2026-03-08 12:00'),
	('ann', 'autumn', 'sms', 'sent', '2026-03-01', '2026-03-09 12:00');
SELECT a.* FROM unnest('{2026-03-10 11:59,2026-03-10 12:00}'::timestamptz[]) AS t CROSS JOIN LATERAL allowed(t) AS a;
UPDATE persona.campaign_channel SET channel = 'sms';
SELECT a.* FROM unnest('{2026-03-10 11:59,2026-03-10 12:00,2026-03-15 12:00}'::timestamptz[]) AS t CROSS JOIN LATERAL allowed(t) AS a;
-- a channel that is full falls back to the next
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('spring', 2, 'email');
SELECT channel, valid_until FROM persona.next_message_at('2026-03-10 12:00');
-- the limit is judged at the time of sending: it is over then
UPDATE persona.channel SET quiet_hours = 'daily 11:00-13:00' WHERE name = 'email';
SELECT channel, send_at, valid_until FROM persona.next_message_at('2026-03-10 11:30');
UPDATE persona.channel SET quiet_hours = NULL WHERE name = 'email';
-- no contact at all
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('silence', 0, '1 day');
SELECT * FROM allowed('2026-03-10 12:00');
DELETE FROM persona.policy;
TRUNCATE persona.contact;
DELETE FROM persona.campaign;

--
-- Triggers: once per firing, as long as the window is open
--

INSERT INTO persona.trigger (name, condition, open_for) VALUES
	('left a cart', '{"sequence": [{"event": "cart", "as": "cart"}, {"no": "order", "for": "1 hour"}], "within": "3 days"}', '1 day'),
	('looked', '{"event": "view", "within": "2 hours"}', NULL);
INSERT INTO persona.campaign (name, experience, trigger) VALUES ('cart', 'offer', 'left a cart'), ('look', 'offer', 'looked');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('cart', 1, 'email'), ('look', 1, 'email');
INSERT INTO click VALUES ('ann', '2026-03-10 09:00', 'view', 7, NULL), ('ann', '2026-03-10 09:30', 'cart', 7, NULL);
-- when each window opens and closes
SELECT as_of, o.* FROM unnest('{2026-03-10 09:00,2026-03-10 10:29:59.999999,2026-03-10 10:30,2026-03-10 11:00,2026-03-11 10:29:59.999999,2026-03-11 10:30}'::timestamptz[]) AS as_of
	LEFT JOIN LATERAL persona.open_trigger_at(as_of) AS o ON true ORDER BY as_of, trigger COLLATE "C";
SELECT as_of, e.campaign, e.stage, e.reason, e.fired_at, e.valid_until
FROM unnest('{2026-03-10 08:00,2026-03-10 09:30,2026-03-10 10:30,2026-03-10 12:00,2026-03-12 12:00}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.explain('ann', as_of) AS e ORDER BY as_of, e.campaign COLLATE "C";
-- a contact answers the firing, whatever it is sent at
INSERT INTO persona.contact (customer, campaign, channel, fired_at, decided_at, send_at) VALUES ('ann', 'cart', 'email', '2026-03-10 10:30', '2026-03-10 10:40', '2026-03-11 07:00');
SELECT as_of, e.stage, e.reason, e.valid_until FROM unnest('{2026-03-10 10:39,2026-03-10 10:40}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.explain('ann', as_of) AS e WHERE e.campaign = 'cart' ORDER BY as_of;
-- cancelled, it does not
UPDATE persona.contact SET status = 'cancelled', ended_at = '2026-03-10 10:39';
SELECT stage FROM persona.explain('ann', '2026-03-10 10:40') WHERE campaign = 'cart';
-- the answer of another campaign or another firing is none
UPDATE persona.contact SET status = 'sent', ended_at = NULL, fired_at = '2026-03-05 10:30';
SELECT stage FROM persona.explain('ann', '2026-03-10 10:40') WHERE campaign = 'cart';
UPDATE persona.contact SET fired_at = '2026-03-10 10:30', campaign = 'look';
SELECT campaign, stage FROM persona.explain('ann', '2026-03-10 10:40') ORDER BY campaign;
-- a trigger that holds until an event comes and does so again fires again
UPDATE persona.contact SET fired_at = '2026-03-10 09:00';
INSERT INTO click VALUES ('ann', '2026-03-10 14:00', 'view', 7, NULL);
SELECT as_of, e.stage, e.fired_at FROM unnest('{2026-03-10 10:45,2026-03-10 12:00,2026-03-10 14:00}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.explain('ann', as_of) AS e WHERE e.campaign = 'look' ORDER BY as_of;
-- the window closes before the quiet hours end
UPDATE persona.channel SET quiet_hours = 'daily 13:00-17:00' WHERE name = 'email';
SELECT e.stage, e.reason, e.valid_until FROM persona.explain('ann', '2026-03-10 14:00') AS e WHERE e.campaign = 'look';
TRUNCATE persona.contact, click;

-- two windows, the first of which closes too early, but not the second
UPDATE persona.trigger SET open_for = '1 hour', condition = '{"sequence": [{"event": "cart", "as": "cart"}, {"no": "order", "for": "1 hour"}], "within": "65 minutes"}' WHERE name = 'left a cart';
UPDATE persona.channel SET quiet_hours = 'daily 22:00-01:00' WHERE name = 'email';
INSERT INTO click VALUES ('ann', '2026-03-10 22:00', 'cart', 1, NULL), ('ann', '2026-03-10 23:15', 'cart', 2, NULL);
SELECT as_of, e.stage, e.reason, e.fired_at, e.send_at, e.valid_until FROM unnest('{2026-03-10 23:30,2026-03-11 00:14:59,2026-03-11 00:15}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.explain('ann', as_of) AS e WHERE e.campaign = 'cart' ORDER BY as_of;
SELECT * FROM unstable_reason('ann', '2026-03-10 23:30');
-- the same with a message that only the second event can fill
UPDATE persona.channel SET quiet_hours = NULL;
UPDATE persona.message SET body = 'You left something on {{event.page}}' WHERE name = 'm';
DELETE FROM persona.campaign WHERE name = 'look';
UPDATE click SET page = 'page 2' WHERE item = 2;
SELECT as_of, e.stage, e.reason, e.valid_until FROM unnest('{2026-03-10 23:30,2026-03-11 00:14:59,2026-03-11 00:15}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.explain('ann', as_of) AS e WHERE e.campaign = 'cart' ORDER BY as_of;
SELECT * FROM unstable_reason('ann', '2026-03-10 23:30');
UPDATE persona.message SET body = 'Hello' WHERE name = 'm';
TRUNCATE click;
DELETE FROM persona.campaign;
DELETE FROM persona.trigger;

--
-- Every stage as the first rule that fails
--

INSERT INTO persona.cohort (name, condition) VALUES ('gold', '{"attribute": "plan", "is": "gold"}'), ('guest', '{"attribute": "plan", "known": false}');
INSERT INTO persona.trigger (name, condition) VALUES ('looked', '{"event": "view", "within": "1 day"}'), ('complained', '{"event": "complaint"}');
INSERT INTO persona.experience (name) VALUES ('untold'), ('nameless');
INSERT INTO persona.channel (name, address_column) VALUES ('phone', 'phone');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('call', 'offer', 'phone', 'Hello'), ('nameless', 'nameless', 'email', 'Dear {{customer.plan}}');
INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, relevance, starts_at, ends_at, max_contacts) VALUES
	('01 starts', 'offer', 'gold', 'complained', '{"all": []}', '{"any": []}', '2026-03-11', NULL, NULL),
	('02 ended', 'offer', 'gold', 'complained', '{"all": []}', '{"any": []}', NULL, '2026-03-10', NULL),
	('03 cohort', 'offer', 'gold', 'complained', '{"all": []}', '{"any": []}', NULL, NULL, NULL),
	('04 trigger', 'offer', 'guest', 'complained', '{"all": []}', '{"any": []}', NULL, NULL, NULL),
	('05 answered', 'offer', 'guest', 'looked', '{"all": []}', '{"any": []}', NULL, NULL, NULL),
	('06 goal', 'offer', 'guest', 'looked', '{"event": "view"}', '{"any": []}', NULL, NULL, NULL),
	('07 relevance', 'offer', NULL, NULL, '{"event": "order"}', '{"event": "order"}', NULL, NULL, NULL),
	('08 channel', 'offer', NULL, NULL, NULL, NULL, NULL, NULL, 1),
	('09 limit', 'untold', NULL, NULL, NULL, NULL, NULL, NULL, 1),
	('10 message', 'untold', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	('11 message', 'nameless', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	('12 arbitration', 'offer', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	('13 chosen', 'offer', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
UPDATE persona.campaign SET priority = 1 WHERE name = '13 chosen';
INSERT INTO persona.campaign_channel (campaign, position, channel)
SELECT name, 1, CASE name WHEN '08 channel' THEN 'phone' ELSE 'email' END FROM persona.campaign;
INSERT INTO click VALUES ('ann', '2026-03-10 09:00', 'view', 7, NULL);
INSERT INTO persona.contact (customer, campaign, channel, fired_at, decided_at, send_at) VALUES
	('ann', '05 answered', 'email', '2026-03-10 09:00', '2026-03-10 09:00', '2026-03-10 09:00'),
	('ann', '09 limit', 'email', NULL, '2026-03-01', '2026-03-01');
SELECT campaign, channel, rank, stage, eligible, reason, valid_until FROM persona.explain('ann', '2026-03-10 12:00') ORDER BY campaign COLLATE "C";
SELECT * FROM unstable_reason('ann', '2026-03-10 12:00');
SELECT campaign, valid_until FROM persona.next_message_at('2026-03-10 12:00');
SELECT * FROM unstable('2026-03-10 12:00');
-- the decision stands until the first rule of any campaign may change
DELETE FROM persona.campaign WHERE name IN ('01 starts', '04 trigger', '05 answered', '06 goal');
SELECT campaign, valid_until FROM persona.next_message_at('2026-03-10 12:00');
DELETE FROM persona.campaign;
TRUNCATE persona.contact, click;

--
-- Dates, goal and relevance change the decision by time alone
--

INSERT INTO persona.campaign (name, experience, starts_at, ends_at) VALUES ('march', 'offer', '2026-03-10', '2026-04-01');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('march', 1, 'email');
SELECT as_of, n.campaign, n.valid_until FROM unnest('{2026-03-09 23:59:59.999999,2026-03-10,2026-03-31 23:59:59.999999,2026-04-01}'::timestamptz[]) AS as_of
	LEFT JOIN LATERAL persona.next_message_at(as_of) AS n ON true ORDER BY as_of;
-- the goal: an order within the last week; relevance: a view within two days
UPDATE persona.campaign SET starts_at = NULL, ends_at = NULL, goal = '{"event": "order", "within": "7 days"}', relevance = '{"event": "view", "within": "2 days"}';
INSERT INTO click VALUES ('ann', '2026-03-10 00:00', 'view', 7, NULL), ('ann', '2026-03-16 00:00', 'view', 7, NULL);
INSERT INTO sale VALUES ('ann', '2026-03-10 12:00', 7, 10);
SELECT as_of, e.stage, e.valid_until FROM unnest('{2026-03-09,2026-03-10,2026-03-10 12:00,2026-03-13,2026-03-16,2026-03-17 12:00,2026-03-18}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.explain('ann', as_of) AS e ORDER BY as_of;
SELECT * FROM unstable_reason('ann', '2026-03-16');
DELETE FROM persona.campaign;
TRUNCATE click, sale;

--
-- Replay: the answer for a past instant is the one that was given then
--

TRUNCATE customer;
INSERT INTO customer (name) VALUES ('ann'), ('ben');
DELETE FROM persona.trigger;
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('looked', '{"event": "view", "within": "1 hour"}', '1 day');
INSERT INTO persona.message (name, experience, channel, position, body) VALUES ('item', 'offer', 'email', -1, 'You looked at {{event.item}}, {{customer.name}}');
INSERT INTO persona.campaign (name, experience, trigger, goal) VALUES ('look', 'offer', 'looked', '{"event": "order"}');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('look', 1, 'email');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('one a day', 1, '1 day');
INSERT INTO click VALUES ('ann', '2026-03-10 09:00', 'view', 7, NULL), ('ben', '2026-03-10 09:30', 'view', 8, NULL);
CREATE TABLE given AS SELECT timestamptz '2026-03-10 10:00' AS asked, n.* FROM persona.next_message_at('2026-03-10 10:00') AS n;
-- what happens later: contacts, another view, an order; and the question is asked again and again
INSERT INTO persona.contact (customer, campaign, channel, fired_at, decided_at, send_at, status) VALUES
	('ann', 'look', 'email', '2026-03-10 09:00', '2026-03-10 10:05', '2026-03-10 10:05', 'sent'),
	('ben', 'look', 'email', '2026-03-10 09:30', '2026-03-10 10:05', '2026-03-10 18:00', 'planned');
INSERT INTO given SELECT timestamptz '2026-03-10 11:00', n.* FROM persona.next_message_at('2026-03-10 11:00') AS n;
UPDATE persona.contact SET status = 'sent' WHERE customer = 'ben';
INSERT INTO click VALUES ('ann', '2026-03-10 12:00', 'view', 9, NULL);
INSERT INTO sale VALUES ('ben', '2026-03-11 09:00', 8, 10);
INSERT INTO given SELECT timestamptz '2026-03-11 10:30', n.* FROM persona.next_message_at('2026-03-11 10:30') AS n;
SELECT asked, customer, campaign, body, send_at, valid_until FROM given ORDER BY asked, customer;
-- all answers again: none is missing, none is another, none is new
WITH again AS (
	SELECT t.asked, n.* FROM unnest('{2026-03-10 10:00,2026-03-10 11:00,2026-03-11 10:30}'::timestamptz[]) AS t (asked)
		CROSS JOIN LATERAL persona.next_message_at(t.asked) AS n
)
SELECT (SELECT count(*) FROM again) AS answers, count(*) AS differences
FROM ((SELECT * FROM given EXCEPT SELECT * FROM again) UNION ALL (SELECT * FROM again EXCEPT SELECT * FROM given)) AS d;
-- with the program of that time: the definitions have changed since
CREATE TABLE program AS SELECT persona.program() AS value;
DELETE FROM persona.campaign;
SELECT count(*) AS now FROM persona.next_message_at('2026-03-10 10:00');
SELECT d.campaign, d.body, d.send_at
FROM program AS p, customer AS c
	CROSS JOIN LATERAL (SELECT persona.timeline(p.value, 'shop.click', k) AS events FROM click AS k WHERE k.customer = c.name) AS t
	CROSS JOIN LATERAL persona.decide(p.value, c, t.events, '2026-03-10 10:00') AS d
ORDER BY c.name;
-- a timeline of another program is refused
SELECT count(*) FROM program AS p, customer AS c
	CROSS JOIN LATERAL (SELECT persona.timeline(p.value, 'shop.click', k) AS events FROM click AS k WHERE k.customer = c.name) AS t
	CROSS JOIN LATERAL persona.decide(persona.program(), c, t.events, '2026-03-10 10:00') AS d;
-- a program is known by its hash
SELECT persona.program_hash(value) = sha256(convert_to(value::text, 'UTF8')) AS is_sha256, persona.program_hash(value) = persona.program_hash(persona.program()) AS is_current,
	persona.program_hash(value::text::persona.program) = persona.program_hash(value) AS survives
FROM program;
-- a large timeline grows in place: the same in any order, in parts, beside others, and as a window
INSERT INTO click SELECT CASE WHEN i % 7 = 0 THEN 'ben' ELSE 'ann' END, timestamptz '2026-01-01' + i * interval '1 minute', 'view', i % 13, NULL
FROM generate_series(1, 5000) AS i;
ANALYZE click;
CREATE FUNCTION views(sorted text, filter text DEFAULT 'true') RETURNS persona.timeline LANGUAGE plpgsql AS $$
DECLARE
	made persona.timeline;
BEGIN
	EXECUTE format('SELECT persona.timeline((SELECT value FROM program), ''shop.click'', k %s) FROM click AS k WHERE customer = ''ann'' AND %s', sorted, filter) INTO made;
	RETURN made;
END
$$;
SELECT length(views('')::text) > 200000 AS is_large,
	views('ORDER BY at')::text = views('ORDER BY at DESC')::text AS any_order,
	views('')::text = (views('', 'at < ''2026-01-03''') OPERATOR(persona.||) views('', 'at >= ''2026-01-03'''))::text AS in_parts,
	views('')::text = (SELECT (array_agg(t.events::text))[1] FROM (
		SELECT persona.timeline(p.value, 'shop.click', k) AS events FROM click AS k, program AS p GROUP BY k.customer HAVING k.customer = 'ann') AS t) AS grouped,
	views('')::text = (SELECT (persona.timeline((SELECT value FROM program), 'shop.click', k) OVER ())::text FROM click AS k WHERE customer = 'ann' LIMIT 1) AS as_window,
	views('')::text::persona.timeline::text = views('')::text AS survives;
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_bitmapscan = off;
CREATE TABLE in_processes AS SELECT persona.timeline((SELECT value FROM program), 'shop.click', k)::text AS events FROM click AS k WHERE customer = 'ann';
SELECT events = views('')::text AS in_processes FROM in_processes;
ROLLBACK;
