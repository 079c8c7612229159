-- changes: whatever statement writes a row of a watched relation, its customers
-- are noted; and what triggers cannot note is refused or documented.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
\set SHOW_CONTEXT never

CREATE TABLE customer (id integer PRIMARY KEY, plan text);
CREATE TABLE visit (n integer, buyer bigint, at timestamptz, PRIMARY KEY (n, at)) PARTITION BY RANGE (at);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
-- the columns of a partition may be in another order
CREATE TABLE visit_2 (at timestamptz NOT NULL, x text, buyer bigint, n integer NOT NULL);
ALTER TABLE visit_2 DROP COLUMN x;
ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE INDEX ON visit (buyer, at);
CREATE TABLE note (id text PRIMARY KEY, customer_id integer, at timestamptz);
CREATE INDEX ON note (customer_id, at);
CREATE TABLE incoming (n integer, buyer integer, at timestamptz);
INSERT INTO customer SELECT i, 'free' FROM generate_series(1, 100) AS i;
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('visit', 'buyer', 'at', kind => 'visit');
SELECT persona.bind_events('note', 'customer_id', 'at', kind => 'note');
SELECT persona.watch_changes('customer');
SELECT persona.watch_changes('visit');
SELECT persona.watch_changes('note');
CREATE TABLE told (what text, customers text);
-- what is noted since the last time
CREATE FUNCTION noted() RETURNS text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM persona.change RETURNING customer)
	SELECT coalesce(string_agg(DISTINCT coalesce(customer::text, 'everyone'), ' '), 'nobody') FROM gone
$$;
SELECT noted();
-- insert, of several rows; rows of nobody are nobody's
INSERT INTO visit VALUES (1, 1, '2026-01-10'), (2, 2, '2026-02-10'), (3, 2, '2026-02-11'), (4, NULL, '2026-02-12');
SELECT noted();
-- update; within a partition, and from one to another; of the event's customer
UPDATE visit SET at = '2026-02-15' WHERE n = 2;
SELECT noted();
UPDATE visit SET at = '2026-02-16' WHERE n = 1;
SELECT noted();
UPDATE visit SET buyer = 5 WHERE buyer = 2;
SELECT noted();
UPDATE visit SET buyer = 6 WHERE buyer IS NULL;
SELECT noted();
-- a statement that writes no row
UPDATE visit SET buyer = 7 WHERE false;
SELECT noted();
-- COPY
\copy visit FROM STDIN
11	11	2026-01-05
12	12	2026-02-05
\.
SELECT noted();
-- upsert, both ways, and neither
INSERT INTO note VALUES ('a', 20, '2026-01-01') ON CONFLICT (id) DO UPDATE SET customer_id = EXCLUDED.customer_id;
SELECT noted();
INSERT INTO note VALUES ('a', 21, '2026-01-01') ON CONFLICT (id) DO UPDATE SET customer_id = EXCLUDED.customer_id;
SELECT noted();
INSERT INTO note VALUES ('a', 22, '2026-01-01') ON CONFLICT (id) DO NOTHING;
SELECT noted();
-- MERGE, with all that it does
INSERT INTO incoming VALUES (1, 31, '2026-01-01'), (2, 32, '2026-01-02'), (3, 33, '2026-01-03');
INSERT INTO note VALUES ('1', 41, '2026-01-01'), ('2', 42, '2026-01-01');
SELECT noted();
MERGE INTO note USING incoming AS i ON note.id = i.n::text
WHEN MATCHED AND i.n = 1 THEN DELETE
WHEN MATCHED THEN UPDATE SET customer_id = i.buyer
WHEN NOT MATCHED THEN INSERT VALUES (i.n, i.buyer, i.at);
SELECT noted();
-- a WITH clause that writes several relations
WITH a AS (INSERT INTO note VALUES ('b', 51, '2026-01-01')), b AS (DELETE FROM visit WHERE buyer = 11)
UPDATE customer SET plan = 'gold' WHERE id = 52;
SELECT noted();
-- what is rolled back has not happened
BEGIN;
INSERT INTO note VALUES ('c', 61, '2026-01-01');
SAVEPOINT s;
INSERT INTO note VALUES ('d', 62, '2026-01-01');
ROLLBACK TO s;
INSERT INTO note VALUES ('e', 63, '2026-01-01');
COMMIT;
SELECT noted();
-- a customer with another key, and one who is gone
UPDATE customer SET id = 1070 WHERE id = 70;
SELECT noted();
DELETE FROM customer WHERE id = 71;
SELECT noted();
-- through a view that can be updated
CREATE VIEW golden AS SELECT * FROM customer WHERE plan = 'gold';
UPDATE golden SET plan = 'free' WHERE id = 52;
SELECT noted();
-- everyone
TRUNCATE note;
SELECT noted();
-- what is written into a single partition is not seen, as documented; a statement that writes past the triggers neither
INSERT INTO visit_1 VALUES (21, 80, '2026-01-20');
SELECT noted();
SET session_replication_role = replica;
INSERT INTO visit VALUES (22, 81, '2026-01-20');
RESET session_replication_role;
SELECT noted();
-- a partition that comes or goes: its rows were written by no statement
ALTER TABLE visit DETACH PARTITION visit_1;
SELECT noted();
-- a key that can be none of a customer's does not hold up who writes it
INSERT INTO visit VALUES (30, 5000000000, '2026-02-20');
SELECT noted();
-- a column that is renamed or dropped, and one that gets another type
ALTER TABLE note RENAME COLUMN customer_id TO whose;
ALTER TABLE note DROP COLUMN customer_id CASCADE;
-- whoever writes needs no rights on what persona keeps
CREATE ROLE persona_test_writer;
GRANT USAGE ON SCHEMA shop TO persona_test_writer;
GRANT INSERT, UPDATE, DELETE, SELECT ON note TO persona_test_writer;
SET ROLE persona_test_writer;
INSERT INTO note VALUES ('f', 91, '2026-01-01');
SELECT count(*) FROM persona.change;
RESET ROLE;
SELECT noted();
-- contacts, responses and choices are watched by themselves; but not what senders keep for themselves
INSERT INTO persona.contact (customer, campaign) VALUES (1, 'x'), (2, 'x');
INSERT INTO persona.response (customer, outcome) VALUES (3, 'opened');
INSERT INTO persona.choice (customer, choice) VALUES (4, 'objection');
SELECT noted();
UPDATE persona.contact SET worker = 'w', attempts = 1;
SELECT noted();
UPDATE persona.contact SET status = 'cancelled', ended_at = now() WHERE customer = 2;
DELETE FROM persona.response;
SELECT noted();
-- views have no such triggers, nor have foreign tables
SELECT persona.watch_changes('golden', customer => 'id');
CREATE MATERIALIZED VIEW stored AS SELECT * FROM customer;
SELECT persona.watch_changes('stored', customer => 'id');

DROP OWNED BY persona_test_writer;
DROP ROLE persona_test_writer;
SELECT persona.unbind_customers();
DROP EXTENSION persona;
