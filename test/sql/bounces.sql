-- bounces: an address that bounced is closed, until the customer has another
-- one or consents again; the next run finds another channel.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never
SET search_path = shop, public;

CREATE TABLE customer (name text PRIMARY KEY, email text, phone text);
INSERT INTO customer SELECT n, n || '@example.org', '555-' || n FROM unnest('{ann,ben,cem,dan}'::text[]) AS n;
SELECT persona.bind_customers('customer', 'name');
INSERT INTO persona.experience (name) VALUES ('news');
INSERT INTO persona.channel (name, address_column) VALUES ('email', 'email'), ('sms', 'phone');
INSERT INTO persona.channel (name) VALUES ('letter');
INSERT INTO persona.message (name, experience, channel, body) SELECT name, 'news', name, 'News' FROM persona.channel;
INSERT INTO persona.campaign (name, experience) VALUES ('news', 'news');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('news', 1, 'email'), ('news', 2, 'letter');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('one a day', 1, '1 day');
CREATE VIEW life AS
	SELECT customer, channel, address, status, send_at::date AS day, reason FROM persona.contact ORDER BY customer, contact_id;

-- a run, which is sent; ben's bounces, cem's was rejected for good by the mail server of his own, dan's answers
CALL persona.run(as_of => '2026-03-10 08:00');
SELECT customer, address FROM persona.claim('email', as_of => '2026-03-10 08:00') ORDER BY customer;
SELECT persona.report(jsonb_agg(jsonb_build_object('contact', idempotency_key, 'outcome', 'sent', 'at', '2026-03-10 08:01'))) FROM persona.contact;
SELECT persona.report(persona.contact_key(customer, contact_id), 'bounced', '2026-03-10 08:05') FROM persona.contact WHERE customer IN ('ben', 'cem', 'dan');
SELECT persona.report(persona.contact_key(customer, contact_id), 'opened', '2026-03-10 09:05') FROM persona.contact WHERE customer = 'dan';
SELECT customer, channel, address, status, day FROM life;
-- the slot is free again, on another channel; who opened it has got it
SELECT customer, channel FROM persona.next_message_at('2026-03-10 10:00') ORDER BY customer;
SELECT channel, stage, reason FROM persona.explain('ben', '2026-03-11 10:00');
CALL persona.run(as_of => '2026-03-11 10:00');
SELECT customer, channel, status FROM life WHERE day = '2026-03-11';

-- what was planned before the bounce was known is not handed out any more
INSERT INTO persona.contact (customer, campaign, experience, channel, message, decided_at, send_at)
VALUES ('ben', 'news', 'news', 'email', 'email', '2026-03-10 08:00', '2026-03-13 08:00');
SELECT customer FROM persona.claim('email', as_of => '2026-03-13 08:00') WHERE customer = 'ben';
SELECT status, reason FROM life WHERE customer = 'ben' AND day = '2026-03-13';

-- another address is another one; the old one stays closed
CREATE FUNCTION way(customer text, as_of timestamptz DEFAULT '2026-03-20') RETURNS text LANGUAGE sql AS
	$$ SELECT m.channel FROM persona.next_message_at(way.as_of) AS m WHERE m.customer = way.customer $$;
UPDATE customer SET email = 'ben@example.com' WHERE name = 'ben';
SELECT way('ben');
UPDATE customer SET email = 'ben@example.org' WHERE name = 'ben';
SELECT way('ben');
-- a consent after the bounce opens it, if it is to the channel, or to all
INSERT INTO persona.choice (customer, at, choice, channel) VALUES
	('ben', '2026-03-10 08:05', 'consent', 'email'), ('ben', '2026-03-14', 'consent', 'letter'), ('ben', '2026-03-15', 'consent', 'email'), ('cem', '2026-03-16', 'consent', NULL);
SELECT way('ben'), way('ben', '2026-03-14 23:59:59.999999'), way('ben', '2026-03-15'), way('cem'), way('cem', '2026-03-15');
DELETE FROM persona.choice;
-- each channel by itself: the same address elsewhere is open
UPDATE persona.channel SET address_column = 'email' WHERE name = 'sms';
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('news', 3, 'sms');
UPDATE persona.campaign_channel SET position = 4 WHERE channel = 'letter';
SELECT way('ben'), way('ann');
-- how many close it
UPDATE persona.channel SET max_bounces = 2 WHERE name = 'email';
SELECT way('ben');
INSERT INTO persona.contact (customer, campaign, experience, channel, message, status, decided_at, send_at, sent_at, ended_at, address)
VALUES ('ben', 'news', 'news', 'email', 'email', 'failed', '2026-03-16', '2026-03-16', '2026-03-16', '2026-03-17 01:00', 'ben@example.org');
SELECT way('ben'), way('ben', '2026-03-17 00:59:59.999999');
SELECT channel, stage, reason FROM persona.explain('ben', '2026-03-20') WHERE channel = 'email';
UPDATE persona.channel SET max_bounces = NULL WHERE name = 'email';
SELECT way('ben');
UPDATE persona.channel SET max_bounces = 0 WHERE name = 'email';
-- what failed or was cancelled without being sent is no bounce, whatever the address
UPDATE persona.channel SET max_bounces = 1 WHERE name = 'email';
DELETE FROM persona.response;
DELETE FROM persona.contact;
INSERT INTO persona.contact (customer, campaign, experience, channel, message, status, decided_at, send_at, ended_at, address)
SELECT 'ann', 'news', 'news', 'email', 'email', s, '2026-03-16', '2026-03-16', '2026-03-16', 'ann@example.org' FROM unnest('{failed,cancelled,expired}'::text[]) AS s;
SELECT way('ann');
-- all customers in one pass know it, too
INSERT INTO persona.contact (customer, campaign, experience, channel, message, status, decided_at, send_at, sent_at, ended_at, address)
SELECT name, 'news', 'news', 'email', 'email', 'failed', '2026-03-16', '2026-03-16', '2026-03-16', '2026-03-16', email FROM customer WHERE name < 'c';
SELECT customer, channel FROM persona.next_message_of_all('2026-03-20') ORDER BY customer;
-- the program tells of it where there are addresses
SELECT c ->> 'name' AS channel, c -> 'max_bounces' AS max_bounces FROM jsonb_array_elements(persona.program()::jsonb -> 'channels') AS c ORDER BY 1;
SELECT channel, customers_before, customers_after
FROM persona.simulate_reach(persona.program_with(persona.program(), '{"channels": {"email": {"max_bounces": 2}}}'), '2026-03-20') ORDER BY channel;
