-- due_by_time: what a contact's own instants change, when their time comes, is
-- decided again then: a report may tell of an instant that is later than the one
-- as of which a run that sees the report decides.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE TABLE customer (id bigint PRIMARY KEY);
CREATE TABLE cart (customer_id bigint, at timestamptz);
CREATE INDEX ON cart (customer_id, at);
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('cart', 'customer_id', 'at', kind => 'cart');
SELECT persona.watch_changes('customer');
SELECT persona.watch_changes('cart');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name) VALUES ('email');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('hello', 'offer', 'email', 'Hello');
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('cart', '{"event": "cart", "within": "1 second"}', '1000 days');
INSERT INTO persona.campaign (name, experience, trigger, max_contacts) VALUES ('cart', 'offer', 'cart', NULL);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('cart', 1, 'email');
INSERT INTO customer VALUES (1), (2);
INSERT INTO cart VALUES (1, '2026-03-01 09:00');
CALL persona.run(as_of => '2026-03-01 10:00');
SELECT customer, decided_at, ended_at FROM persona.contact ORDER BY contact_id;

-- it fails a second after the next run's instant, and that run sees it already
UPDATE persona.contact SET status = 'failed', ended_at = '2026-03-01 10:00:02', attempts = 1;
CALL persona.run(as_of => '2026-03-01 10:00:01');
SELECT total, written FROM persona.run_log ORDER BY run DESC LIMIT 1;
SELECT count(*) FROM persona.change;
SELECT customer, valid_until FROM persona.due WHERE customer = 1;
CALL persona.run(as_of => '2026-03-01 10:00:03');
SELECT total, written FROM persona.run_log ORDER BY run DESC LIMIT 1;
SELECT customer, status, decided_at, ended_at FROM persona.contact ORDER BY contact_id;

-- one that may have been sent keeps its slot: nothing is due for it
UPDATE persona.contact SET status = 'failed', ended_at = 'infinity', attempts = 1 WHERE status = 'planned';
CALL persona.run(as_of => '2026-03-01 10:00:04');
CALL persona.run(as_of => '2026-03-01 10:00:05');
SELECT total, written FROM persona.run_log ORDER BY run DESC LIMIT 1;

-- a decision stands until the next instant of a contact, since policies count what is sent or delivered
UPDATE persona.contact SET status = 'delivered', decided_at = '2026-03-01', send_at = '2026-03-01', ended_at = NULL, sent_at = '2026-03-01', delivered_at = '2026-03-01';
SELECT (ruling).valid_until FROM persona.rulings('{1}', '2026-03-02', persona.program());
UPDATE persona.contact SET delivered_at = '2026-03-06' WHERE contact_id = 1;
SELECT (ruling).valid_until FROM persona.rulings('{1}', '2026-03-02', persona.program());
UPDATE persona.contact SET sent_at = '2026-03-05' WHERE contact_id = 1;
SELECT (ruling).valid_until FROM persona.rulings('{1}', '2026-03-02', persona.program());
UPDATE persona.contact SET status = 'failed', ended_at = '2026-03-04' WHERE contact_id = 1;
SELECT (ruling).valid_until FROM persona.rulings('{1}', '2026-03-02', persona.program());
UPDATE persona.contact SET decided_at = '2026-03-03' WHERE contact_id = 1;
SELECT (ruling).valid_until FROM persona.rulings('{1}', '2026-03-02', persona.program());
