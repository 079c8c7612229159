-- interplay: an e-mail; if it was not opened within 3 days, a letter.  From end
-- to end: runs decide, senders claim and report, time passes.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- 1 and 4 do not open, 2 opens in time, 3 has no address for letters, the mail to 5 bounces, so no other is sent there
CREATE TABLE customer (id int PRIMARY KEY, zone text, email text, address text);
INSERT INTO customer VALUES (1, 'Europe/Berlin', 'a@example.com', 'Weg 1'), (2, 'Europe/Berlin', 'b@example.com', 'Weg 2'),
	(3, 'Europe/Berlin', 'c@example.com', NULL), (4, 'Europe/Berlin', 'd@example.com', 'Weg 4'), (5, 'Europe/Berlin', 'e@example.com', 'Weg 5');
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone', default_time_zone => 'Europe/Berlin');
SELECT persona.watch_changes('customer');
INSERT INTO persona.experience (name) VALUES ('welcome');
INSERT INTO persona.channel (name, address_column) VALUES ('email', 'email'), ('letter', 'address');
INSERT INTO persona.message (name, experience, channel, body) VALUES
	('mail', 'welcome', 'email', 'Hello'), ('letter', 'welcome', 'letter', 'We wrote on {{mail.send_at}}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES
	('mail_unopened',
	 '{"sequence": [
		{"event": "contact", "where": {"all": [{"attribute": "campaign", "is": "mail"}, {"attribute": "sent_at", "known": true}]},
		 "as": "mail"},
		{"no": "response", "where": {"attribute": "outcome", "in": ["opened", "clicked", "replied", "bounced"]},
		 "same": ["contact_id"], "for": "3 days"}],
	   "within": "30 days"}', '7 days');
INSERT INTO persona.campaign (name, experience, trigger, max_contacts) VALUES ('mail', 'welcome', NULL, 1), ('letter', 'welcome', 'mail_unopened', NULL);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('mail', 1, 'email'), ('letter', 1, 'letter');

CALL persona.run(as_of => '2026-03-01 12:00');
SELECT customer, campaign, status FROM persona.contact ORDER BY customer;
SELECT count(*) FROM persona.claim('email', as_of => '2026-03-01 12:05');
SELECT bool_and(persona.report(idempotency_key, 'sent', '2026-03-01 12:06')) FROM persona.contact;
SELECT persona.report(idempotency_key, 'bounced', '2026-03-01 12:07') FROM persona.contact WHERE customer = 5;
SELECT persona.report(idempotency_key, 'opened', '2026-03-04 11:59:59.999999') FROM persona.contact WHERE customer = 2;
-- a run before, one just before, and one when the three days are over: it looks only at those whose time has come
CALL persona.run(as_of => '2026-03-03 12:00');
SELECT customer, valid_until FROM persona.due WHERE isfinite(valid_until) ORDER BY customer;
CALL persona.run(as_of => '2026-03-04 11:59:59.999999');
SELECT count(*) FROM persona.contact WHERE campaign = 'letter';
CALL persona.run(as_of => '2026-03-04 12:00');
SELECT customer, body, send_at FROM persona.contact WHERE campaign = 'letter' ORDER BY customer;
SELECT as_of, total, written FROM persona.run_log ORDER BY run;
SELECT campaign, stage, reason FROM persona.explain(3, '2026-03-04 12:00');
SELECT stage FROM persona.explain(2, '2026-03-05') WHERE campaign = 'letter';
-- each firing has one letter
SELECT customer, address FROM persona.claim('letter', as_of => '2026-03-04 12:05') ORDER BY customer;
CALL persona.run(as_of => '2026-03-05 12:00');
SELECT count(*) FROM persona.contact WHERE campaign = 'letter';
