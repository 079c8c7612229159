-- partitions: persona.contact by months, made as doc/delivery.md says, and months that go

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE TABLE shop.customer (id int PRIMARY KEY);
INSERT INTO shop.customer SELECT generate_series(1, 9);
SELECT persona.bind_customers('shop.customer', 'id');
INSERT INTO persona.experience (name) VALUES ('offer'); INSERT INTO persona.channel (name, capacity_per_day) VALUES ('email', 100);
INSERT INTO persona.message (name, experience, channel, body) VALUES ('m','offer','email','Hello');
INSERT INTO persona.campaign (name, experience, max_contacts, max_contacts_within) VALUES ('c','offer',1, '7 days'); INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('c',1,'email');
CALL persona.run(as_of => '2026-02-10 12:00');
SELECT count(*) FROM persona.contact;

-- as the page says
BEGIN;
SELECT persona.unbind_customers();
ALTER TABLE persona.contact RENAME TO contact_until_now;
ALTER TABLE persona.contact_until_now RENAME CONSTRAINT contact_pkey TO contact_until_now_pkey;
ALTER INDEX persona.contact_customer_send_at_idx RENAME TO contact_until_now_customer_idx;
ALTER INDEX persona.contact_due_idx RENAME TO contact_until_now_due_idx;
ALTER INDEX persona.contact_idempotency_key_idx RENAME TO contact_until_now_key_idx;
CREATE TABLE persona.contact (LIKE persona.contact_until_now INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS, PRIMARY KEY (customer, contact_id, send_at))
	PARTITION BY RANGE (send_at);
CREATE INDEX contact_customer_send_at_idx ON persona.contact (customer, send_at);
CREATE TABLE persona.contact_2026_02 PARTITION OF persona.contact FOR VALUES FROM ('2026-02-01 00:00+00') TO ('2026-03-01 00:00+00');
CREATE TABLE persona.contact_2026_03 PARTITION OF persona.contact FOR VALUES FROM ('2026-03-01 00:00+00') TO ('2026-04-01 00:00+00');
CREATE TABLE persona.contact_other PARTITION OF persona.contact DEFAULT;
INSERT INTO persona.contact OVERRIDING SYSTEM VALUE SELECT * FROM persona.contact_until_now;
SELECT setval(pg_get_serial_sequence('persona.contact', 'contact_id'), (SELECT max(contact_id) FROM persona.contact));
DROP TABLE persona.contact_until_now;
SELECT persona.bind_customers('shop.customer', 'id');
COMMIT;

-- all goes on: claims, reports, limits, places, runs
SELECT tableoid::regclass, count(*), max(contact_id) FROM persona.contact GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM persona.claim('email', 5, as_of => '2026-02-10 12:00');
SELECT persona.report(jsonb_agg(jsonb_build_object('contact', idempotency_key, 'outcome', 'delivered', 'at', '2026-02-10 12:01'))) FROM persona.contact WHERE status = 'claimed';
SELECT count(*), (SELECT body FROM persona.contact WHERE customer = 1) FROM persona.commit_message(1, as_of => '2026-02-11 12:00');
CALL persona.run(as_of => '2026-03-10 12:00');
SELECT tableoid::regclass, status, count(*), max(contact_id) FROM persona.contact GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM persona.capacity_use;
SELECT persona.cancel((SELECT idempotency_key FROM persona.contact WHERE tableoid = 'persona.contact_2026_03'::regclass LIMIT 1));
SELECT * FROM persona.capacity_use;
SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE tgrelid = 'persona.contact'::regclass AND NOT tgisinternal ORDER BY tgname;
-- a month goes; what is left can be bound anew
ALTER TABLE persona.contact DETACH PARTITION persona.contact_2026_02;
DROP TABLE persona.contact_2026_02;
SELECT count(*) FROM persona.claim('email', 100, as_of => '2026-03-10 12:00');
SELECT persona.unbind_customers();
SELECT persona.bind_customers('shop.customer', 'id');
SELECT count(*), count(DISTINCT tableoid) FROM persona.contact;

-- without partitions, rows go; what may still be sent stays
SELECT persona.report(jsonb_agg(jsonb_build_object('contact', idempotency_key, 'outcome', 'delivered', 'at', '2026-03-10 12:01'))) FROM persona.contact WHERE status = 'claimed' AND customer < 9;
DELETE FROM persona.response WHERE at < timestamptz '2028-06-01' - interval '2 years';
DELETE FROM persona.contact WHERE send_at < timestamptz '2028-06-01' - interval '2 years' AND (status = ANY ('{sent,delivered}') OR isfinite(ended_at));
DELETE FROM persona.capacity_use WHERE day < date '2028-06-01' - 730;
SELECT (SELECT count(*) FROM persona.response) AS responses, (SELECT count(*) FROM persona.contact) AS contacts, (SELECT count(*) FROM persona.capacity_use) AS days;
