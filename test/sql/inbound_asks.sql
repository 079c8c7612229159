-- inbound: what to say to a customer who is there, given what is known of the
-- moment; which rules hold, and how slots are filled.

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

CREATE TABLE customer (name text PRIMARY KEY, email text, clv numeric, opt_in boolean);
CREATE TABLE click (customer text, at timestamptz, kind text, page text);
CREATE INDEX ON click (customer, at);
INSERT INTO customer VALUES ('ann', 'ann@example.com', 100, true), ('ben', NULL, 10, false);
INSERT INTO click VALUES ('ann', '2026-03-10 11:00', 'view', 'shoes'), ('ann', '2026-03-10 11:30', 'context', 'from the table');
SELECT persona.bind_customers('customer', 'name');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind');
-- the kind is reserved
SELECT persona.bind_events('click', 'customer', 'at', kind => 'context', name => 'mine');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind', kinds => '{view,context}', name => 'mine');

INSERT INTO persona.experience (name, kind) VALUES ('save', 'offer'), ('shoes', 'offer'), ('news', 'content');
INSERT INTO persona.channel (name, address_column, consent, quiet_hours, open_hours, cost) VALUES
	('web', NULL, '{"attribute": "opt_in", "is": true}', 'always', NULL, 0),
	('phone', 'email', NULL, NULL, 'never', 2);
INSERT INTO persona.placement (channel, name, slots, position) VALUES ('web', 'banner', 1, 2), ('web', 'teaser', 3, 1), ('web', 'empty', 1, 0);
INSERT INTO persona.message (name, experience, channel, body)
SELECT e.name || ' on ' || c.name, e.name, c.name, e.name || ' for {{customer.name}}' FROM persona.experience AS e, persona.channel AS c;
INSERT INTO persona.trigger (name, condition) VALUES
	('cancels', '{"event": "context", "where": {"attribute": "page", "is": "cancel_form"}}');
INSERT INTO persona.message (name, experience, channel, position, body) VALUES
	('save that', 'save', 'web', -1, 'Stay with {{event.product.name}}, {{customer.name}}');
INSERT INTO persona.campaign (name, experience, trigger, value) VALUES
	('save', 'save', 'cancels', '50 + coalesce(event.basket::numeric, 0)'),
	('shoes', 'shoes', NULL, 'clv / 10'),
	('news', 'news', NULL, '3'),
	('other', 'news', NULL, '2');
INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES
	('save', 1, 'web', 'banner'), ('save', 2, 'web', 'teaser'), ('save', 3, 'phone', NULL),
	('shoes', 1, 'web', 'banner'), ('shoes', 2, 'web', 'teaser'),
	('news', 1, 'web', 'teaser'), ('news', 2, 'web', NULL), ('news', 3, 'phone', NULL),
	('other', 1, 'web', NULL), ('other', 2, 'web', 'teaser');

-- nobody can be reached: there is no consent, it is never open
SELECT customer, campaign FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
-- but who is there is there
SELECT slot, campaign, channel, placement, message, body, value, score, send_at, trigger, fired_at, reason
FROM persona.next_message_for('ann', 'web', 'banner', '{"page": "cancel_form", "basket": 12.5, "product": {"name": "Gold"}}', '2026-03-10 12:00');
SELECT slot, campaign, body, value FROM persona.next_message_for('ann', 'web', 'banner', '{"page": "cancel_form", "basket": "7"}', '2026-03-10 12:00');
SELECT slot, campaign, body, value FROM persona.next_message_for('ann', 'web', 'banner', '{"page": "cancel_form", "product": {"name": null}}', '2026-03-10 12:00');
SELECT slot, campaign FROM persona.next_message_for('ann', 'web', 'banner', '{"page": "start"}', '2026-03-10 12:00');
SELECT slot, campaign FROM persona.next_message_for('ben', 'web', 'banner', NULL, '2026-03-10 12:00');
-- the events of tables are no context
SELECT count(*) FROM customer AS c WHERE persona.holds(c, '{"event": "context"}', '2026-03-10 12:00');
-- the best n for the slots of a placement, each campaign once
SELECT slot, campaign, placement, score FROM persona.next_message_for('ann', 'web', 'teaser', '{"page": "cancel_form"}', '2026-03-10 12:00');
-- the whole page: placements by their position, then what has none
SELECT slot, campaign, placement, score FROM persona.next_message_for('ann', 'web', as_of => '2026-03-10 12:00');
SELECT slot, campaign, placement, score FROM persona.next_message_for('ann', 'web', NULL, '{"page": "cancel_form"}', '2026-03-10 12:00');
SELECT slot, campaign, placement, score FROM persona.next_message_for('ann', 'phone', NULL, '{"page": "cancel_form"}', '2026-03-10 12:00');
-- nobody, nothing, and mistakes
SELECT count(*) FROM persona.next_message_for('zoe', 'web', 'banner', NULL, '2026-03-10 12:00');
SELECT count(*) FROM persona.next_message_for(NULL, 'web', 'banner', NULL, '2026-03-10 12:00');
SELECT count(*) FROM persona.next_message_for('ann', NULL, 'banner', NULL, '2026-03-10 12:00');
SELECT count(*) FROM persona.next_message_for('ann', 'web', 'banner', NULL, NULL);
SELECT * FROM persona.next_message_for('ann', 'fax', NULL, NULL, '2026-03-10 12:00');
SELECT * FROM persona.next_message_for('ann', 'web', 'footer', NULL, '2026-03-10 12:00');
SELECT * FROM persona.next_message_for('ann', 'phone', 'banner', NULL, '2026-03-10 12:00');
SELECT * FROM persona.next_message_for('ann', 'web', 'banner', '[1]', '2026-03-10 12:00');
SELECT * FROM persona.next_message_for('ann', 'web', 'banner', '{}', 'infinity');
UPDATE persona.placement SET slots = 0 WHERE name = 'banner';

-- the other rules hold: dates, cohort, goal, relevance
UPDATE persona.campaign SET relevance = '{"not": {"event": "context", "where": {"attribute": "page", "is": "checkout"}}}' WHERE name = 'shoes';
UPDATE persona.campaign SET goal = '{"event": "view", "where": {"attribute": "page", "is": "shoes"}}' WHERE name = 'news';
UPDATE persona.campaign SET ends_at = '2026-03-10 12:00' WHERE name = 'other';
SELECT slot, campaign FROM persona.next_message_for('ann', 'web', 'teaser', '{"page": "checkout"}', '2026-03-10 12:00');
SELECT slot, campaign FROM persona.next_message_for('ben', 'web', 'teaser', '{"page": "checkout"}', '2026-03-10 12:00');
SELECT slot, campaign FROM persona.next_message_for('ann', 'web', 'teaser', '{"page": "home"}', '2026-03-10 12:00');
UPDATE persona.campaign SET relevance = NULL, goal = NULL, ends_at = NULL;
-- limits, which what is shown together must keep together
INSERT INTO persona.policy (name, channel, max_contacts, period) VALUES ('two an hour', 'web', 2, '1 hour');
SELECT slot, campaign, placement FROM persona.next_message_for('ann', 'web', NULL, '{"page": "cancel_form"}', '2026-03-10 12:00');
INSERT INTO persona.contact (customer, campaign, experience, channel, placement, status, decided_at, send_at, sent_at)
VALUES ('ann', 'shoes', 'shoes', 'web', 'teaser', 'sent', '2026-03-10 11:45', '2026-03-10 11:45', '2026-03-10 11:45');
SELECT slot, campaign, placement FROM persona.next_message_for('ann', 'web', NULL, '{"page": "cancel_form"}', '2026-03-10 12:00');
SELECT slot, campaign, placement, valid_until FROM persona.next_message_for('ann', 'web', NULL, '{"page": "home"}', '2026-03-10 12:44:59.999999');
SELECT slot, campaign, placement FROM persona.next_message_for('ann', 'web', NULL, '{"page": "home"}', '2026-03-10 12:45');
INSERT INTO persona.policy (name, placement, channel, max_contacts, period) VALUES ('one teaser a day', 'teaser', 'web', 1, '1 day');
SELECT slot, campaign, placement FROM persona.next_message_for('ann', 'web', NULL, '{"page": "home"}', '2026-03-10 12:45');
SELECT slot, campaign, placement FROM persona.next_message_for('ben', 'web', NULL, '{"page": "home"}', '2026-03-10 12:45');
DELETE FROM persona.policy;
DELETE FROM persona.contact;
-- exclusions, on one page, too
INSERT INTO persona.exclusion (name, first_campaign, then_campaign, period, both_ways) VALUES ('no news with shoes', 'shoes', 'news', '1 hour', true);
SELECT slot, campaign, placement FROM persona.next_message_for('ann', 'web', 'teaser', NULL, '2026-03-10 12:00');
DELETE FROM persona.exclusion;

-- each slot has the best of those that are left, as plain SQL finds them among
-- the explained: the ways of the placement, by score and name
UPDATE persona.channel SET consent = NULL, quiet_hours = NULL, open_hours = NULL, address_column = NULL;
WITH page AS (
	SELECT c.name, n.slot, n.campaign, n.placement FROM customer AS c CROSS JOIN LATERAL persona.next_message_for(c.name, 'web', 'teaser', NULL, '2026-03-10 12:00') AS n
), explained AS (
	SELECT c.name, row_number() OVER (PARTITION BY c.name ORDER BY e.priority DESC, e.score DESC, e.campaign COLLATE "C") AS slot, e.campaign, e.placement
	FROM customer AS c CROSS JOIN LATERAL persona.explain(c.name, '2026-03-10 12:00') AS e
	WHERE e.eligible AND e.channel = 'web' AND e.placement = 'teaser'
)
SELECT (SELECT count(*) FROM page) AS shown,
	(SELECT count(*) FROM (SELECT * FROM page EXCEPT SELECT * FROM explained WHERE slot <= 3) AS x) AS not_the_best,
	(SELECT count(*) FROM (SELECT * FROM explained WHERE slot <= 3 EXCEPT SELECT * FROM page) AS x) AS not_shown;
-- asked twice, it is the same
SELECT count(DISTINCT a.answer) FROM generate_series(1, 3) AS n
	CROSS JOIN LATERAL (SELECT string_agg(x::text, ';') AS answer FROM persona.next_message_for('ann', 'web', NULL, '{"page": "cancel_form"}', '2026-03-10 12:00'::timestamptz + n * interval '0 s') AS x) AS a;

-- law: before valid_until the page stays as it is, for contacts of the past and
-- planned ones, under limits of every kind that what is shown together fills
INSERT INTO customer SELECT 'n' || i, 'x', 10 + i % 5 * 10, true FROM generate_series(1, 60) AS i;
INSERT INTO persona.contact (customer, campaign, experience, channel, placement, status, decided_at, send_at, sent_at)
SELECT 'n' || i, x.campaign, x.campaign, 'web', 'teaser', CASE WHEN x.at < '2026-03-10' THEN 'sent' ELSE 'planned' END, '2026-03-01', x.at, CASE WHEN x.at < '2026-03-10' THEN x.at END
FROM generate_series(1, 60) AS i CROSS JOIN generate_series(1, 3) AS k
	CROSS JOIN LATERAL (SELECT (ARRAY['shoes', 'news', 'save'])[1 + (i + k) % 3] AS campaign,
		timestamptz '2026-03-08' + (i * 7919 + k * 104729) % 6000 * interval '1 minute' AS at) AS x
WHERE (i + k) % 4 > 0;
CREATE FUNCTION page(customer text, as_of timestamptz) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(to_jsonb(n) - ARRAY['send_at', 'valid_until'] ORDER BY n.slot) FROM persona.next_message_for(page.customer, 'web', NULL, NULL, page.as_of) AS n $$;
CREATE FUNCTION unstable(OUT policy text, OUT pages bigint, OUT bounded bigint, OUT too_late bigint) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	p record;
BEGIN
	FOR p IN SELECT * FROM (VALUES ('two a day', 2, NULL::interval, 'day', NULL::interval), ('three a week', 3, NULL, 'week', NULL),
			('two in 30 hours', 2, '30 hours', NULL, NULL), ('three in 2 days', 3, '2 days', NULL, NULL),
			('five hours apart', NULL, NULL, NULL, '5 hours'), ('three in all', 3, NULL, NULL, NULL)) AS v (name, most, period, calendar, gap)
	LOOP
		DELETE FROM persona.policy;
		INSERT INTO persona.policy (name, channel, max_contacts, period, calendar, min_gap) VALUES (p.name, 'web', p.most, p.period, p.calendar, p.gap);
		policy := p.name;
		SELECT count(*), count(*) FILTER (WHERE isfinite(n.until)),
			count(*) FILTER (WHERE EXISTS (
				SELECT FROM (SELECT n.until - interval '1 microsecond' AS at WHERE isfinite(n.until)
					UNION ALL SELECT t FROM generate_series(n.at, n.at + interval '7 days', '9 hours') AS t WHERE t < n.until) AS probe
				WHERE page(c.name, probe.at) IS DISTINCT FROM page(c.name, n.at)))
		INTO pages, bounded, too_late
		FROM customer AS c CROSS JOIN generate_series(timestamptz '2026-03-09 07:00', '2026-03-11 07:00', '1 day') AS t
			CROSS JOIN LATERAL (SELECT t AS at, min(m.valid_until) AS until FROM persona.next_message_for(c.name, 'web', NULL, NULL, t) AS m) AS n
		WHERE n.until IS NOT NULL;
		RETURN NEXT;
	END LOOP;
END $$;
SELECT * FROM unstable();

-- Whatever the order of a campaign's channels is for the customer, only the one that is asked for speaks
DELETE FROM persona.policy;
UPDATE persona.campaign SET active = name = 'news';
DELETE FROM persona.campaign_channel;
INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES ('news', 1, 'phone', NULL), ('news', 2, 'web', 'teaser'), ('news', 3, 'web', NULL);
SELECT persona.choose_preference('ann', '{web,phone}');
CREATE FUNCTION said(choice text) RETURNS TABLE (choice text, asked text, channel text, placement text, message text) LANGUAGE sql AS $$
	UPDATE persona.campaign SET channel_choice = said.choice WHERE name = 'news';
	SELECT said.choice, c.name, n.channel, n.placement, n.message
	FROM persona.channel AS c LEFT JOIN LATERAL persona.next_message_for('ann', c.name, NULL, NULL, '2027-06-01 12:00') AS n ON true ORDER BY c.name COLLATE "C", n.slot $$;
SELECT s.* FROM unnest('{position,preference,score}'::text[]) WITH ORDINALITY AS o (choice, n) CROSS JOIN LATERAL said(o.choice) AS s ORDER BY o.n, s.asked, s.placement;
