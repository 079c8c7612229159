--------------------------------------------------------------------------------
-- A world for hostile calls: rows with dropped, added, domain, toasted and
-- composite columns, partitions of another shape, children with more columns,
-- and sources of every kind
--------------------------------------------------------------------------------

SET client_min_messages = warning;
SET timezone = 'Europe/Berlin';
CREATE EXTENSION persona;
CREATE SCHEMA h;

CREATE TYPE h.place AS (lat numeric, label text);
CREATE TYPE h.address AS (city text, postal_code text, place h.place, former integer);
ALTER TYPE h.address DROP ATTRIBUTE former;
CREATE TYPE h.plan AS ENUM ('gold', 'free', 'silver');
CREATE DOMAIN h.percent AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN h.home AS h.address;
CREATE DOMAIN h.labels AS text[];

CREATE TABLE h.customer (
	gone_first integer,
	id bigint PRIMARY KEY,
	name text, email text, plan text, clv numeric, birthday date, last_visit timestamptz, contract_until date,
	gone text,
	tags text[], profile jsonb, notes json, home h.address, domain_home h.home, discount h.percent, labels h.labels,
	level h.plan, marks integer[], rating double precision, small smallint, joined timestamp, wake time, stay interval,
	network inet, ref uuid, raw bytea, spot point, span int4range, bits bit varying(8), doc xml, words tsvector,
	nick "char", fixed char(5), code varchar(3), time_zone text, language text);
ALTER TABLE h.customer DROP COLUMN gone_first, DROP COLUMN gone;
INSERT INTO h.customer (id, name) SELECT n, 'before' FROM generate_series(101, 103) AS n;
ALTER TABLE h.customer ADD COLUMN late text DEFAULT 'added', ADD COLUMN later numeric DEFAULT 1.5,
	ADD COLUMN doubled numeric GENERATED ALWAYS AS (clv * 2) STORED;
ALTER TABLE h.customer ALTER COLUMN email SET STORAGE EXTERNAL;
INSERT INTO h.customer VALUES
	(1, 'Änne', 'a@x.example', 'gold', 812.50, '1990-04-02', '2026-03-30 21:00+02', '2026-12-31', '{newsletter,app}',
	 '{"interests": ["coffee", "tea"], "household": {"size": 2}, "big": 1e400, "n": -0.0}', '{"a": [1, "x", null], "a2": {"b": {"c": 1}}}',
	 '(Berlin,01067,"(1,x)")', '(Bern,,)', 12.5, '{a,b}', 'gold', '{1,2,NULL}', 0.5, 7, '2026-03-29 02:30', '24:00', '1 mon',
	 '10.0.0.1', '00000000-0000-0000-0000-000000000000', '\x00ff', '(1,2)', '[1,5)', '101', '<a/>', 'a b', 'x', 'ab', 'abc', 'Europe/Berlin', 'de'),
	(2, '', repeat('toast ', 20000), '', 'NaN', 'infinity', '-infinity', '-infinity', '{}', '{}', '[]', '(,,)', NULL, 0, '{}', 'free', '{{1,2},{3,4}}',
	 'NaN', -32768, 'infinity', '00:00', '-178956970 years', '::/0', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '', NULL, 'empty', '', NULL, '', '', '', '', 'Nowhere/X', ''),
	(4, repeat('compressed', 100000), NULL, 'gold', '-Infinity', '4713-01-01 BC', '294276-12-31 23:59:59.999999+00', '5874897-12-31', '[0:1]={x,y}',
	 ('{"deep": ' || repeat('[', 500) || repeat(']', 500) || '}')::jsonb, 'null', ROW('a', NULL, ROW('-Infinity', NULL))::h.address, ROW('a', NULL, ROW(0, ''))::h.address, 100, NULL, 'silver', '{}',
	 '-0', 32767, '4713-01-01 BC', '23:59:59.999999', '178956970 years 7 mons 999 days', NULL, NULL, decode(repeat('ff', 100000), 'hex'), NULL, '(,)', '1', NULL, NULL, 'ÿ', 'ü', 'ü', 'Pacific/Apia', 'de-AT'),
	(9223372036854775807, E'\u0001\u200b\u202e', 'x', 'gold', 1e130, '0001-01-01', '4713-11-24 00:00+00 BC', '2024-02-29', NULL, '"text"', '1', NULL, NULL, NULL, NULL, NULL, NULL,
	 'Infinity', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Antarctica/Troll', NULL);
INSERT INTO h.customer (id, late) VALUES (3, NULL);
CREATE TABLE h.child (extra integer) INHERITS (h.customer);
INSERT INTO h.child (id, name, extra) VALUES (201, 'child', 1);
CREATE TABLE h.other AS SELECT 1 AS id, 'x' AS name;
CREATE TABLE h.empty_row ();
CREATE VIEW h.seen AS SELECT c.* FROM h.customer AS c;
CREATE TABLE h.parted (id bigint, at timestamptz, amount numeric, note text, item integer) PARTITION BY RANGE (id);
CREATE TABLE h.part_1 (note text, gone integer, item integer, amount numeric, at timestamptz, id bigint);
ALTER TABLE h.part_1 DROP COLUMN gone;
ALTER TABLE h.parted ATTACH PARTITION h.part_1 FOR VALUES FROM (0) TO (3);
CREATE TABLE h.part_2 PARTITION OF h.parted DEFAULT;

CREATE TABLE h.orders (gone integer, id bigint, customer_id bigint, placed_at timestamptz, amount numeric, category text, item_id integer,
	meta jsonb, due date, qty double precision, labels text[]);
ALTER TABLE h.orders DROP COLUMN gone;
CREATE INDEX ON h.orders (customer_id, placed_at);
INSERT INTO h.orders (id, customer_id, placed_at, amount, category, item_id, meta, due, qty, labels)
SELECT n, 1 + n % 5, timestamptz '2026-03-31 12:00+02' - n * interval '7 hours', CASE n % 7 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN -1e130 ELSE n / 3.0 END,
	CASE n % 4 WHEN 0 THEN NULL ELSE 'c' || n % 3 END, n % 6, jsonb_build_object('n', n, 's', 'x' || n % 2), date '2026-03-31' + n % 5, n / 7.0, ARRAY['l' || n % 3, NULL]
FROM generate_series(1, 120) AS n;
INSERT INTO h.orders (id, customer_id, placed_at, amount, qty) VALUES (NULL, NULL, now(), 1, 1), (1000, 1, 'infinity', 1, 'NaN'), (1001, 1, '-infinity', 1, 'Infinity'),
	(1002, 2, '294276-12-31 23:59:59.999999+00', 1, '-Infinity'), (1003, 2, '4714-11-24 00:00:00+00 BC', 'Infinity', 1e308), (1004, 4, '4713-01-01 00:00+00 BC', 1, 1e308);
CREATE TABLE h.click (customer_id bigint, at timestamptz, kind text, item_id integer, page text);
CREATE INDEX ON h.click (customer_id, at);
INSERT INTO h.click SELECT 1 + n % 5, timestamptz '2026-03-31 12:00+02' - n * interval '3 hours', (ARRAY['view', 'cart_add', NULL, 'undeclared', ''])[1 + n % 5], n % 4, repeat('p', n * 100)
FROM generate_series(1, 200) AS n;
CREATE TABLE h.booking (customer_id bigint, day date, starts_on date);
CREATE INDEX ON h.booking (customer_id, day);
INSERT INTO h.booking VALUES (1, '2026-03-01', '2026-04-04'), (2, 'infinity', '-infinity'), (4, '4713-01-01 BC', '5874897-12-31'), (4, '5874897-12-31', NULL);
CREATE TABLE h.visit (customer_id integer, wall timestamp, place text);
CREATE INDEX ON h.visit (customer_id, wall);
INSERT INTO h.visit VALUES (1, '2026-03-29 02:30', 'x'), (1, '2025-10-26 02:30', 'y'), (2, '294276-12-31 23:59:59', NULL), (4, '4713-01-01 00:00 BC', '');
INSERT INTO h.parted VALUES (1, '2026-03-01', 1, 'n', 1), (4, '2026-03-02', 2, 'm', 2);

SELECT persona.bind_customers('h.customer', 'id', time_zone => 'time_zone', language => 'language', default_time_zone => 'Europe/Berlin');
SELECT persona.bind_events('h.orders', 'customer_id', 'placed_at', kind => 'order', sequence => 'id');
SELECT persona.bind_events('h.click', 'customer_id', 'at', kind_column => 'kind', kinds => '{view,cart_add}');
SELECT persona.bind_events('h.booking', 'customer_id', 'day', kind => 'booking');
SELECT persona.bind_events('h.visit', 'customer_id', 'wall', kind => 'visit');
SELECT persona.bind_events('h.parted', 'id', 'at', kind => 'part');

INSERT INTO persona.cohort (name, condition) VALUES
	('good', '{"attribute": "clv", "at_least": 500}'),
	('active', '{"event": "order", "within": "30 days", "times": {"at_least": 2}}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES
	('cart', '{"sequence": [{"event": "cart_add", "as": "cart"}, {"no": "order", "same": ["item_id"], "for": "1 hour"}], "within": "3 days"}', '2 days'),
	('lapsed', '{"not": {"event": "order", "within": "30 days"}}', NULL);
INSERT INTO persona.experience (name) VALUES ('reminder'), ('offer');
INSERT INTO persona.channel (name, address_column, quiet_hours, cost) VALUES ('email', 'email', 'daily 22:00-07:00', 0.02);
INSERT INTO persona.channel (name, open_hours) VALUES ('phone', 'Mon-Fri 09:00-18:00');
INSERT INTO persona.placement (channel, name) VALUES ('phone', 'greeting');
INSERT INTO persona.message (name, experience, channel, body) VALUES
	('m1', 'reminder', 'email', 'Hello {{customer.name|you}}, {{cart.item_id|}} {{event.at|}}'),
	('m2', 'offer', 'phone', '{{customer.profile.household.size|}} {{customer.home.place.label|}}');
INSERT INTO persona.campaign (name, experience, cohort, trigger, value, max_contacts, max_contacts_within) VALUES
	('cart', 'reminder', NULL, 'cart', 5, 2, '14 days'), ('good', 'offer', 'good', NULL, 3, NULL, NULL), ('back', 'offer', NULL, 'lapsed', 1, 1, NULL);
INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES
	('cart', 1, 'email', NULL), ('good', 1, 'phone', 'greeting'), ('back', 1, 'email', NULL), ('back', 2, 'phone', NULL);
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('calm', 3, '7 days');
INSERT INTO persona.contact (customer, campaign, experience, channel, message, send_at, decided_at)
SELECT 1 + n % 5, (ARRAY['cart', 'good', NULL])[1 + n % 3], 'offer', (ARRAY['email', 'phone', 'fax'])[1 + n % 3], 'm', timestamptz '2026-03-31 12:00+02' + n * interval '11 hours',
	timestamptz '2026-03-20 12:00+02' FROM generate_series(-10, 10) AS n;

-- Runs a statement, undoes it, and returns its outcome: the SQLSTATE, or ok and a digest of its rows.
CREATE FUNCTION h.try(statement text) RETURNS text
	LANGUAGE plpgsql
AS $$
DECLARE
	answer text;
	message text;
	state text;
BEGIN
	BEGIN
		IF statement ~ '^(SELECT|WITH)' THEN
			EXECUTE statement INTO answer;
		ELSE
			EXECUTE statement;
		END IF;
		RAISE EXCEPTION USING ERRCODE = 'HT000', MESSAGE = left('ok ' || replace(coalesce(answer, '<null>'), E'\n', ' '), 300);
	EXCEPTION WHEN OTHERS OR ASSERT_FAILURE THEN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
		RETURN CASE state WHEN 'HT000' THEN message ELSE state || ' ' || replace(left(message, 300), E'\n', ' ') END;
	END;
END
$$;

