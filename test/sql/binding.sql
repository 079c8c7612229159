-- binding: customers and events are bound, bound again and unbound; what can't
-- be bound is refused; and what is bound can't change behind persona's back.

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

CREATE TABLE customer (id bigint PRIMARY KEY, name text, plan text, zone text, lang varchar(5), born date);
CREATE TABLE sale (id bigint, customer_id bigint, at timestamptz, price numeric);
CREATE TABLE click (id integer, customer_id integer, at timestamp, kind text);
INSERT INTO customer VALUES (1, 'Ann', 'gold', 'Europe/Berlin', 'de', '1990-01-01'), (2, 'Ben', 'free', NULL, NULL, NULL);
INSERT INTO sale VALUES (1, 1, '2026-03-01 10:00+00', 10), (2, 1, '2026-03-02 10:00+00', 20), (3, 2, '2026-03-01 10:00+00', 5);
INSERT INTO click VALUES (1, 1, '2026-03-02 10:00', 'view'), (2, 2, '2026-03-03 10:00', 'view'), (3, 2, '2026-03-03 11:00', 'cart');

-- What is bound, and what is made of it.
CREATE VIEW bound AS
	SELECT 0 AS position, 'customers' AS name, relation, key_column AS customer, NULL::name AS at,
		concat_ws(' ', time_zone_column, language_column, default_time_zone, default_language) AS more
	FROM persona.customer_binding
	UNION ALL
	SELECT position, name, relation, customer_column, at_column, concat_ws(' ', kind, kind_column, kinds::text, sequence_column)
	FROM persona.event_binding;
CREATE VIEW made AS
	SELECT c.relname::text AS name FROM pg_class AS c
	WHERE c.relnamespace = 'persona'::regnamespace AND c.relkind IN ('v', 'r')
		AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
	UNION ALL
	SELECT p.oid::regprocedure::text FROM pg_proc AS p
	WHERE p.pronamespace = 'persona'::regnamespace
		AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e');

--
-- Nothing is bound
--

SELECT * FROM bound;
SELECT * FROM made ORDER BY name COLLATE "C";
SELECT persona.program()::json ->> 'customers' AS customers, persona.program()::json -> 'events' AS events;
SELECT persona.holds(c, '{"attribute": "plan", "is": "gold"}', '2026-03-10') FROM customer AS c ORDER BY id;
SELECT persona.holds(c, '{"event": "order"}', '2026-03-10') FROM customer AS c ORDER BY id;
SELECT persona.unbind_customers();
SELECT persona.unbind_events('shop.sale');

--
-- Customers
--

-- what can't be bound
SELECT persona.bind_customers('customer', 'ident');
SELECT persona.bind_customers('customer', 'id', time_zone => 'tz');
SELECT persona.bind_customers('customer', 'id', time_zone => 'born');
SELECT persona.bind_customers('customer', 'id', language => 'id');
SELECT persona.bind_customers('customer', 'id', default_time_zone => 'Europe/Atlantis');
SELECT persona.bind_customers('customer', 'id', default_time_zone => '+01');
SELECT persona.bind_customers('customer', 'id', default_language => '');
SELECT persona.bind_customers('customer', NULL);
SELECT persona.bind_customers(NULL, 'id');
SELECT persona.bind_customers('customer_pkey', 'id');
SELECT persona.bind_customers('no_such_table', 'id');
CREATE TEMP TABLE guest (id bigint);
SELECT persona.bind_customers('guest', 'id');
CREATE TABLE letter (id xml);
SELECT persona.bind_customers('letter', 'id');
SELECT * FROM bound;

-- a definition that was stored before has to fit
INSERT INTO persona.cohort (name, condition) VALUES ('rich', '{"attribute": "wealth", "at_least": 1000000}');
SELECT persona.bind_customers('customer', 'id');
UPDATE persona.cohort SET name = 'gold', condition = '{"attribute": "plan", "is": "gold"}';

-- the views are made, the contacts bound
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone', language => 'lang', default_time_zone => 'Europe/Berlin', default_language => 'de');
SELECT * FROM bound ORDER BY position, name;
SELECT * FROM made ORDER BY name COLLATE "C";
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
FROM pg_attribute AS a WHERE a.attrelid = 'persona.contact'::regclass AND a.attnum > 0 ORDER BY a.attnum;
SELECT * FROM persona.cohort_member_at('2026-03-10');

-- a key that is not unique
CREATE TABLE visitor (id bigint, plan text);
CREATE INDEX ON visitor (id);
SELECT persona.bind_customers('visitor', 'id');
CREATE UNIQUE INDEX ON visitor (id);
SELECT persona.bind_customers('visitor', 'id');

-- bound again: another relation, other columns
CREATE VIEW active AS SELECT * FROM customer WHERE plan = 'gold';
SELECT persona.bind_customers('active', 'id');
SELECT * FROM bound ORDER BY position, name;
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone');
SELECT * FROM bound ORDER BY position, name;
DROP VIEW active;

--
-- Events
--

-- what can't be bound
SELECT persona.bind_events('sale', 'customer_id', 'at');
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', kind_column => 'id');
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => '');
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', kinds => '{order}');
SELECT persona.bind_events('sale', 'buyer', 'at', kind => 'order');
SELECT persona.bind_events('sale', 'customer_id', 'price', kind => 'order');
SELECT persona.bind_events('sale', 'customer_id', 'at', kind_column => 'price');
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', sequence => 'at');
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', name => '');
SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind', kinds => '{}');
SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind', kinds => '{view,NULL}');
SELECT persona.bind_events('click', 'kind', 'at', kind => 'view');
SELECT persona.bind_events('persona.contact', 'customer', 'send_at', kind => 'letter');
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', name => 'persona.contact');
SELECT persona.bind_events('sale_pkey', 'customer_id', 'at', kind => 'order');
SELECT * FROM bound ORDER BY position, name;

-- without an index there is a warning, which tells the statement that helps
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', sequence => 'id');
CREATE INDEX ON shop.sale (customer_id, at);
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', sequence => 'id');
-- neither a partial index nor one in another order helps
DROP INDEX sale_customer_id_at_idx;
CREATE INDEX ON sale (customer_id, at) WHERE price > 5;
CREATE INDEX ON sale (at, customer_id);
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', sequence => 'id');
CREATE INDEX ON sale (customer_id, at, price);
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', sequence => 'id');

-- another integer type is compared as it is
CREATE INDEX ON click (customer_id, at);
SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind', kinds => '{view,cart}');
CREATE TABLE call (customer_id numeric, "At Time" timestamptz, kind text);
SELECT persona.bind_events('call', 'customer_id', 'At Time', kind => 'call');
CREATE INDEX ON call (customer_id, "At Time");
SELECT persona.bind_events('call', 'customer_id', 'At Time', kind => 'call');

-- a view, a partitioned table, a materialized view
CREATE VIEW large_sale AS SELECT * FROM sale WHERE price > 15;
SELECT persona.bind_events('large_sale', 'customer_id', 'at', kind => 'large order');
CREATE TABLE visit (customer_id bigint, day date) PARTITION BY RANGE (day);
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX ON visit (customer_id, day);
INSERT INTO visit VALUES (1, '2026-03-05');
SELECT persona.bind_events('visit', 'customer_id', 'day', kind => 'visit');
CREATE MATERIALIZED VIEW first_click AS SELECT customer_id, min(at) AS at FROM click GROUP BY customer_id;
CREATE INDEX ON first_click (customer_id, at);
SELECT persona.bind_events('first_click', 'customer_id', 'at', kind => 'first click', name => 'first');
SELECT * FROM bound ORDER BY position, name;

-- all of them are read: times without a zone on the default clock, here UTC
SELECT kind, string_agg(name || ' since ' || (persona.truth(c, format('{"event": "%s"}', kind)::persona.condition, '2026-03-10')).since, ', ' ORDER BY id)
		FILTER (WHERE persona.holds(c, format('{"event": "%s"}', kind)::persona.condition, '2026-03-10'))
FROM customer AS c, unnest('{order,large order,view,cart,visit,first click,call,contact}'::text[]) WITH ORDINALITY AS u (kind, n)
GROUP BY n, kind ORDER BY n;
-- what asks for a kind that no source has is refused
INSERT INTO persona.cohort (name, condition) VALUES ('logged in', '{"event": "login"}');

-- bound again by the same name: in its place, with its position
SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind');
SELECT position, name, more FROM bound WHERE name = 'shop.click';
-- a kind column that may hold any kind gives every kind
INSERT INTO persona.cohort (name, condition) VALUES ('logged in', '{"event": "login"}');

SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind', kinds => '{view,cart}');
DELETE FROM persona.cohort WHERE name = 'logged in';
SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind', kinds => '{view,cart}');

-- unbound: refused as long as a definition asks for it
INSERT INTO persona.cohort (name, condition) VALUES ('buyer', '{"event": "large order"}');
SELECT persona.unbind_events('shop.large_sale');
SELECT persona.unbind_events('first');
SELECT persona.unbind_events('first');
SELECT persona.unbind_events('persona.contact');
SELECT persona.unbind_events('shop.visit'), persona.unbind_events('shop.call');
DROP MATERIALIZED VIEW first_click;
DROP TABLE visit, call;

--
-- Guards: what is bound can't be dropped, nor changed so that a definition no longer compiles
--

INSERT INTO persona.channel (name, address_column) VALUES ('letter', 'name');
INSERT INTO persona.cohort (name, condition) VALUES ('spender', '{"event": "order", "sum": "price", "at_least": 20}');

-- dropping; PostgreSQL itself refuses it without CASCADE, since the views depend on it
SET client_min_messages = warning;	-- without the lists of what CASCADE would drop
\set VERBOSITY terse
DROP TABLE sale;
DROP VIEW large_sale;
\set VERBOSITY default
DROP VIEW large_sale CASCADE;
DELETE FROM persona.cohort WHERE name = 'buyer';
SELECT persona.unbind_events('shop.large_sale');
DROP VIEW large_sale;
DROP TABLE sale CASCADE;
DROP TABLE customer CASCADE;
DROP SCHEMA shop CASCADE;
DROP TABLE persona.contact CASCADE;
ALTER TABLE customer DROP COLUMN id CASCADE;
ALTER TABLE customer DROP COLUMN zone;
ALTER TABLE sale DROP COLUMN at CASCADE;
ALTER TABLE sale DROP COLUMN price CASCADE;
RESET client_min_messages;
-- renaming, retyping
ALTER TABLE customer RENAME COLUMN id TO number;
ALTER TABLE sale RENAME COLUMN at TO sold_at;
ALTER TABLE sale RENAME COLUMN price TO amount;
ALTER TABLE click RENAME COLUMN kind TO what;
ALTER TABLE customer RENAME COLUMN name TO full_name;
ALTER TABLE click ALTER COLUMN at TYPE text USING at::text;
ALTER TABLE sale ALTER COLUMN id TYPE text;
-- nothing of it has happened
SELECT customer, cohort, since FROM persona.cohort_member_at('2026-03-10') ORDER BY customer, cohort COLLATE "C";

-- columns that no binding and no definition uses may change, and new ones come
ALTER TABLE customer DROP COLUMN born;
ALTER TABLE customer ADD COLUMN email text;
ALTER TABLE customer RENAME COLUMN email TO mail;
ALTER TABLE click ALTER COLUMN at TYPE timestamptz USING at AT TIME ZONE 'UTC';
ALTER TABLE customer ALTER COLUMN lang TYPE text;
INSERT INTO persona.cohort (name, condition) VALUES ('has mail', '{"attribute": "mail", "known": true}');
DELETE FROM persona.cohort WHERE name = 'has mail';
-- a relation may be renamed and moved
ALTER TABLE sale RENAME TO purchase;
ALTER TABLE click RENAME TO hit;
CREATE SCHEMA web;
ALTER TABLE hit SET SCHEMA web;
SELECT name, relation FROM bound WHERE position > 0 ORDER BY name COLLATE "C";
SELECT customer, cohort, since FROM persona.cohort_member_at('2026-03-10') ORDER BY customer, cohort COLLATE "C";
SELECT name, persona.in_cohort(c, 'spender', '2026-03-10'), persona.holds(c, '{"event": "view"}', '2026-03-10') FROM customer AS c ORDER BY id;
ALTER TABLE web.hit SET SCHEMA shop;
ALTER TABLE hit RENAME TO click;
ALTER TABLE purchase RENAME TO sale;
-- of an enum that a condition names a value
CREATE TYPE size AS ENUM ('small', 'large');
ALTER TABLE customer ADD COLUMN size size;
INSERT INTO persona.cohort (name, condition) VALUES ('large', '{"attribute": "size", "is": "large"}');
ALTER TYPE size RENAME VALUE 'large' TO 'big';
ALTER TYPE size RENAME VALUE 'small' TO 'little';
DROP TYPE size CASCADE;
DELETE FROM persona.cohort WHERE name = 'large';
DROP TYPE size CASCADE;
-- what is inherited is guarded where it comes from
CREATE TABLE event (customer_id bigint, at timestamptz);
CREATE TABLE ticket () INHERITS (event);
CREATE INDEX ON ticket (customer_id, at);
SELECT persona.bind_events('ticket', 'customer_id', 'at', kind => 'ticket');
ALTER TABLE event RENAME COLUMN at TO opened_at;
ALTER TABLE event DROP COLUMN at;
SELECT persona.unbind_events('shop.ticket');
ALTER TABLE event RENAME COLUMN at TO opened_at;
DROP TABLE event CASCADE;

-- rows of the bindings that are written by hand are checked as well
UPDATE persona.event_binding SET at_column = 'when' WHERE name = 'shop.sale';
UPDATE persona.customer_binding SET default_time_zone = 'Mars';
INSERT INTO persona.customer_binding (relation, key_column, default_time_zone, default_language) VALUES ('customer', 'id', 'UTC', 'en');
INSERT INTO persona.event_binding (name, relation, customer_column, at_column, position) VALUES ('x', 'sale', 'customer_id', 'at', 9);

-- a role that owns none of it is not in the way, and not held up
CREATE ROLE regress_persona_other;
GRANT CREATE, USAGE ON SCHEMA shop TO regress_persona_other;
GRANT USAGE ON SCHEMA persona TO regress_persona_other;
SET ROLE regress_persona_other;
CREATE TABLE note (id integer, text text);
ALTER TABLE note RENAME COLUMN text TO body;
DROP TABLE note;
SELECT persona.bind_events('shop.sale', 'customer_id', 'at', kind => 'order');
RESET ROLE;
REVOKE ALL ON SCHEMA shop, persona FROM regress_persona_other;
DROP ROLE regress_persona_other;

--
-- Keys of other types
--

-- an index on a column that has to be cast does not serve
CREATE TABLE account (id numeric PRIMARY KEY, plan text);
SELECT persona.bind_customers('account', 'id');
SELECT persona.unbind_customers();
DELETE FROM persona.cohort WHERE name <> 'gold';
DELETE FROM persona.channel;
SELECT persona.bind_customers('account', 'id');
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order', sequence => 'id');
SELECT persona.unbind_events(name) FROM bound WHERE position > 0;

-- Binds customers and events by keys of two types; asks the views, explain and holds, which have to agree.
CREATE FUNCTION try_keys(key_type text, customer_type text, VARIADIC keys text[]) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	SET LOCAL client_min_messages = error;
	EXECUTE format('CREATE TABLE person (k %s, plan text)', key_type);
	EXECUTE format('CREATE TABLE thing (c %s, at timestamptz)', customer_type);
	EXECUTE format('INSERT INTO person SELECT unnest(%L::text[])::%s, ''gold''', keys, key_type);
	EXECUTE format('INSERT INTO thing VALUES (%L, ''2026-03-01'')', keys[1]);
	PERFORM persona.bind_customers('person', 'k');
	PERFORM persona.bind_events('thing', 'c', 'at', kind => 'thing');
	INSERT INTO persona.cohort (name, condition) VALUES ('has a thing', '{"event": "thing"}');

	SELECT format_type(a.atttypid, a.atttypmod) INTO answer FROM pg_attribute AS a
	WHERE a.attrelid = 'persona.contact'::regclass AND a.attname = 'customer';
	RETURN NEXT format('%s, %s: contacts by %s', key_type, customer_type, answer);
	EXECUTE 'SELECT string_agg(customer::text, '' '' ORDER BY customer) FROM persona.cohort_member_at(''2026-03-10'') WHERE cohort = ''has a thing''' INTO answer;
	RETURN NEXT '  view    ' || coalesce(answer, '-');
	EXECUTE format('SELECT string_agg(customer::text, '' '' ORDER BY customer) FROM persona.cohort_member_at(''2026-03-10'') WHERE cohort = ''has a thing'' AND customer = %L', keys[1]) INTO answer;
	RETURN NEXT '  one     ' || coalesce(answer, '-');
	EXECUTE 'SELECT string_agg(k::text, '' '' ORDER BY k) FROM person AS p WHERE persona.holds(p, ''{"event": "thing"}'', ''2026-03-10'')' INTO answer;
	RETURN NEXT '  holds   ' || coalesce(answer, '-');
	EXECUTE format('SELECT count(*) FROM persona.explain(%L, ''2026-03-10'')', keys[1]) INTO answer;
	RETURN NEXT '  explain ' || answer;

	DELETE FROM persona.cohort WHERE name = 'has a thing';
	PERFORM persona.unbind_events('shop.thing');
	PERFORM persona.unbind_customers();
	DROP TABLE person, thing;
EXCEPTION WHEN OTHERS THEN
	RETURN NEXT format('%s, %s: %s %s', key_type, customer_type, SQLSTATE, SQLERRM);
END
$$;

CREATE DOMAIN number AS bigint;
CREATE TYPE color AS ENUM ('red', 'green');
\pset format unaligned
\pset tuples_only on
SELECT try_keys('bigint', 'bigint', '1', '2');
SELECT try_keys('integer', 'bigint', '1', '2');
SELECT try_keys('bigint', 'smallint', '1', '2');
SELECT try_keys('number', 'integer', '1', '2');
SELECT try_keys('numeric', 'integer', '1', '2');
SELECT try_keys('bigint', 'numeric', '1', '2');
SELECT try_keys('uuid', 'uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
SELECT try_keys('text', 'text', 'ann', 'ben');
SELECT try_keys('text', 'varchar(20)', 'ann', 'ben');
SELECT try_keys('varchar(20)', 'text', 'ann', 'ben');
SELECT try_keys('text COLLATE "C"', 'text', 'ann', 'ben');
SELECT try_keys('varchar', 'text COLLATE "C"', 'ann', 'ben');
SELECT try_keys('char(5)', 'char(5)', 'ann', 'ben');
SELECT try_keys('color', 'color', 'red', 'green');
SELECT try_keys('date', 'date', '2026-01-01', '2026-01-02');
SELECT try_keys('bytea', 'bytea', '\x00ff', '\x01');
SELECT try_keys('bigint', 'text', '1', '2');
SELECT try_keys('uuid', 'text', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
SELECT try_keys('jsonb', 'jsonb', '1', '2');
SELECT try_keys('json', 'json', '1', '2');
\pset format aligned
\pset tuples_only off

-- contacts keep the type of their key
CREATE TABLE person (k uuid PRIMARY KEY, plan text);
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone');
INSERT INTO persona.contact (customer) VALUES (1);
SELECT persona.bind_customers('person', 'k');
SELECT persona.unbind_customers();
SELECT persona.bind_customers('person', 'k');
DELETE FROM persona.contact;
SELECT persona.bind_customers('person', 'k');
SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a WHERE a.attrelid = 'persona.contact'::regclass AND a.attname = 'customer';

--
-- Grants on the views, and views on them, outlive another binding
--

SELECT persona.bind_customers('person', 'k');

CREATE ROLE regress_persona_reader;
GRANT SELECT ON persona.next_message TO regress_persona_reader;
GRANT SELECT (customer, cohort) ON persona.cohort_member TO regress_persona_reader;
REVOKE EXECUTE ON FUNCTION persona.explain FROM PUBLIC;
SELECT persona.bind_customers('customer', 'id');	-- the key is of another type: the views are made anew
SELECT has_table_privilege('regress_persona_reader', 'persona.next_message', 'SELECT') AS next_message,
	has_table_privilege('regress_persona_reader', 'persona.open_trigger', 'SELECT') AS open_trigger,
	has_column_privilege('regress_persona_reader', 'persona.cohort_member', 'cohort', 'SELECT') AS cohort,
	has_column_privilege('regress_persona_reader', 'persona.cohort_member', 'since', 'SELECT') AS since,
	has_function_privilege('regress_persona_reader', 'persona.explain(bigint, timestamptz)', 'EXECUTE') AS explain,
	has_function_privilege('regress_persona_reader', 'persona.next_message_at(timestamptz)', 'EXECUTE') AS next_message_at;
CREATE VIEW gold_customer AS SELECT customer FROM persona.cohort_member WHERE cohort = 'gold';
SELECT persona.bind_customers('customer', 'id', default_language => 'fr');
SELECT * FROM gold_customer;
SELECT persona.bind_customers('person', 'k');	-- gold_customer has a column of the old type
SELECT persona.unbind_customers();
DROP VIEW gold_customer;
DROP OWNED BY regress_persona_reader;
DROP ROLE regress_persona_reader;

--
-- Unbound: definitions and contacts stay, the views go
--

INSERT INTO persona.contact (customer) VALUES (1);
SELECT persona.unbind_customers();
SELECT * FROM bound;
SELECT * FROM made ORDER BY name COLLATE "C";
SELECT name FROM persona.cohort;
SELECT customer FROM persona.contact;
DROP TABLE person;
DROP SCHEMA web;
SELECT persona.bind_customers('customer', 'id');
SELECT customer FROM persona.contact;
-- with the extension what is made of it goes, too, but not the contacts
SET client_min_messages = warning;
DROP EXTENSION persona CASCADE;
RESET client_min_messages;
SELECT relname FROM pg_class WHERE relnamespace = 'persona'::regnamespace AND relkind IN ('v', 'r') ORDER BY relname;
CREATE EXTENSION persona;
SELECT persona.bind_customers('customer', 'id');
SELECT customer FROM persona.contact;
