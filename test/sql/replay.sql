-- replay: a contact is decided again as it was, whatever has changed since.

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

CREATE TABLE customer (name text PRIMARY KEY, plan text, email text);
INSERT INTO customer SELECT 'c' || i, (ARRAY['basic', 'gold'])[1 + i % 2], CASE WHEN i % 3 > 0 THEN 'x@example.com' END FROM generate_series(1, 12) AS i;
CREATE TABLE click (customer text, at timestamptz, kind text);
CREATE INDEX ON click (customer, at);
INSERT INTO click SELECT 'c' || i, timestamptz '2026-03-01' + interval '9 hours' * i, 'cart' FROM generate_series(1, 12) AS i;
SELECT persona.bind_customers('customer', 'name');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind', kinds => '{cart,order}');
INSERT INTO persona.cohort (name, condition) VALUES ('gold', '{"attribute": "plan", "is": "gold"}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('cart', '{"event": "cart", "within": "3 days"}', '3 days');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name, address_column, cost) VALUES ('email', 'email', 0.01), ('web', NULL, 0);
INSERT INTO persona.message (name, experience, channel, body) VALUES ('mail', 'offer', 'email', 'Hello'), ('page', 'offer', 'web', 'Hello');
INSERT INTO persona.campaign (name, experience, cohort, trigger, value, max_contacts, max_contacts_within) VALUES
	('cart', 'offer', NULL, 'cart', 9, 1, '7 days'), ('gold', 'offer', 'gold', NULL, 5, 1, '2 days'), ('all', 'offer', NULL, NULL, 1, 1, '5 days');
INSERT INTO persona.campaign_channel (campaign, position, channel)
SELECT name, 1, 'email' FROM persona.campaign UNION ALL SELECT name, 2, 'web' FROM persona.campaign;
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('calm', 3, '4 days');

-- on several days messages are decided and written, while definitions and data change
CREATE FUNCTION day(as_of timestamptz) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM customer AS c CROSS JOIN LATERAL persona.commit_message(c.name, as_of => day.as_of) AS m $$;
SELECT day('2026-03-02 12:00');
SELECT day('2026-03-03 12:00');
UPDATE persona.campaign SET value = 7 WHERE name = 'gold';
SELECT day('2026-03-04 12:00');
INSERT INTO click SELECT 'c' || i, '2026-03-04 18:00', 'cart' FROM generate_series(1, 12, 5) AS i;
UPDATE persona.policy SET max_contacts = 1;
SELECT day('2026-03-05 12:00');
INSERT INTO persona.policy (name, channel, max_contacts, period) VALUES ('web', 'web', 1, '30 days');
DELETE FROM persona.policy WHERE name = 'calm';
SELECT day('2026-03-07 12:00');
SELECT count(DISTINCT program) AS programs, count(*) AS contacts FROM persona.contact;
SELECT count(*) FROM persona.program_archive;

-- each is decided again as it was
SELECT r.same, count(*) FROM persona.contact AS c CROSS JOIN LATERAL persona.replay(c.contact_id) AS r GROUP BY r.same;
-- with today's program many are not
SELECT count(*) > 0 AS some_differ
FROM persona.contact AS c
	LEFT JOIN LATERAL (SELECT * FROM persona.next_message_at(c.decided_at) AS n WHERE n.customer = c.customer) AS n ON true
WHERE (n.campaign, n.score) IS DISTINCT FROM (c.campaign, c.score);
SELECT * FROM persona.replay((SELECT min(contact_id) FROM persona.contact));

-- what has no history is as it is now, and the reason tells
UPDATE customer SET plan = 'basic', email = NULL;
SELECT c.campaign, c.channel, r.same, r.campaign_replayed, r.channel_replayed, r.reason, count(*)
FROM persona.contact AS c CROSS JOIN LATERAL persona.replay(c.contact_id) AS r
GROUP BY c.campaign, c.channel, r.same, r.campaign_replayed, r.channel_replayed, r.reason ORDER BY c.campaign COLLATE "C", c.channel COLLATE "C", r.reason COLLATE "C", r.campaign_replayed COLLATE "C";
DELETE FROM customer WHERE name = 'c1';
SELECT DISTINCT r.same, r.reason FROM persona.contact AS c CROSS JOIN LATERAL persona.replay(c.contact_id) AS r WHERE c.customer = 'c1';
DELETE FROM persona.program_archive;
SELECT DISTINCT r.same, r.reason FROM persona.contact AS c CROSS JOIN LATERAL persona.replay(c.contact_id) AS r;
SELECT * FROM persona.replay(-1);
SELECT * FROM persona.replay(NULL);
