-- due_by_place: who had to do without a place or money is due again when there
-- is more of it, though nothing of the customer's own has changed.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE TABLE customer (id bigint PRIMARY KEY, clv numeric);
SELECT persona.bind_customers('customer', 'id');
SELECT persona.watch_changes('customer');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name, capacity_per_day, cost) VALUES ('call', 2, 0), ('letter', NULL, 0.5);
INSERT INTO persona.message (name, experience, channel, body) SELECT name, 'offer', name, 'Hello' FROM persona.channel;
INSERT INTO persona.campaign (name, experience, value, max_contacts) VALUES ('call', 'offer', 'customer.clv', 1);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('call', 1, 'call');
INSERT INTO customer SELECT i, i FROM generate_series(1, 6) AS i;
CREATE VIEW last_run AS SELECT total, written, suppressed, errors FROM persona.run_log ORDER BY run DESC LIMIT 1;
CREATE VIEW given AS SELECT customer, channel, decided_at FROM persona.contact WHERE ended_at IS NULL ORDER BY contact_id;

CALL persona.run(as_of => '2026-03-10 10:00');
SELECT * FROM given;
SELECT customer, scarce FROM persona.due ORDER BY customer;
-- who was served has changed; the others have nothing new
CALL persona.run(as_of => '2026-03-10 10:01');
SELECT * FROM last_run;
CALL persona.run(as_of => '2026-03-10 10:02');
SELECT * FROM last_run;
-- the best one is gone, and with that customer the contact
DELETE FROM persona.contact WHERE customer = 6;
DELETE FROM customer WHERE id = 6;
CALL persona.run(as_of => '2026-03-10 10:03');
SELECT * FROM last_run;
SELECT * FROM given;
-- a contact that is cancelled; that customer objects now
INSERT INTO persona.choice (customer, choice, at) VALUES (5, 'objection', '2026-03-10 10:04');
UPDATE persona.contact SET status = 'cancelled', ended_at = '2026-03-10 10:04' WHERE customer = 5;
CALL persona.run(as_of => '2026-03-10 10:05');
SELECT * FROM last_run;
SELECT * FROM given;
CALL persona.run(as_of => '2026-03-10 10:06');
CALL persona.run(as_of => '2026-03-10 10:07');
SELECT * FROM last_run;
-- a new customer who is worth less changes nothing, and one who is worth more comes too late
INSERT INTO customer VALUES (7, 0.5), (8, 100);
CALL persona.run(as_of => '2026-03-10 10:08');
SELECT * FROM last_run;
-- the next day
CALL persona.run(as_of => '2026-03-11 00:00');
SELECT * FROM given WHERE decided_at >= '2026-03-11';

-- money
UPDATE persona.campaign SET active = false;
INSERT INTO persona.budget (name, amount, channel) VALUES ('print', 1.2, 'letter');
INSERT INTO persona.campaign (name, experience, value, max_contacts) VALUES ('letter', 'offer', 'customer.clv', 1);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('letter', 1, 'letter');
CALL persona.run(as_of => '2026-03-12 10:00');
SELECT * FROM given WHERE channel = 'letter';
CALL persona.run(as_of => '2026-03-12 10:01');
CALL persona.run(as_of => '2026-03-12 10:02');
SELECT * FROM last_run;
INSERT INTO persona.choice (customer, choice, at) VALUES (8, 'objection', '2026-03-12 10:03');
UPDATE persona.contact SET status = 'cancelled', ended_at = '2026-03-12 10:03' WHERE customer = 8 AND channel = 'letter';
CALL persona.run(as_of => '2026-03-12 10:04');
SELECT * FROM given WHERE channel = 'letter';
UPDATE persona.budget SET amount = 1.7;
CALL persona.run(as_of => '2026-03-12 10:05');
SELECT * FROM given WHERE channel = 'letter';
SELECT * FROM persona.budget_left;

-- a run that ends too early leaves them due
SELECT priced IS NULL AS none, given_back FROM persona.run_state;
DELETE FROM persona.contact WHERE customer = 4 AND channel = 'letter';
DELETE FROM customer WHERE id = 4;
CALL persona.run(as_of => '2026-03-12 10:06', max_seconds => 0, batch => 1);
SELECT * FROM last_run;
CALL persona.run(as_of => '2026-03-12 10:07');
SELECT * FROM last_run;
