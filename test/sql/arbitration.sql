-- arbitration: what a campaign's score is made of, who wins, and why the others
-- do not.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TYPE place AS (city text, size integer);
CREATE TABLE customer (
	id integer PRIMARY KEY, name text, clv numeric, chance float8, plan text, mood mood,
	since timestamptz, born date, place place, profile jsonb, tags text[]);
CREATE TABLE click (customer integer, at timestamptz, kind text, item integer, price numeric, page text, details jsonb, ok boolean);
CREATE TABLE sale (customer integer, at timestamptz, item integer, price text);
CREATE INDEX ON click (customer, at);
CREATE INDEX ON sale (customer, at);
INSERT INTO customer VALUES
	(1, 'ann', 500, 0.3, 'gold', 'high', '2020-01-01', '1980-02-03', ROW('Bonn', 3), '{"score": 7}', '{a,b}');
INSERT INTO customer (id, name) VALUES (2, 'ben');
INSERT INTO click VALUES (1, '2026-03-01 10:00', 'cart', 7, 19.90, 'p', '{"size": "4"}', true);
INSERT INTO click VALUES (2, '2026-03-01 10:00', 'cart', 7);
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind', kinds => '{cart,view,mixed}');
SELECT persona.bind_events('sale', 'customer', 'at', kind => 'mixed');

INSERT INTO persona.experience (name, kind) VALUES ('offer', 'offer'), ('voucher', 'coupon');
INSERT INTO persona.channel (name, cost) VALUES ('email', 0.1), ('letter', 1);
INSERT INTO persona.message (name, experience, channel, body)
SELECT e.name || ' by ' || c.name, e.name, c.name, 'Hello' FROM persona.experience AS e, persona.channel AS c;
INSERT INTO persona.trigger (name, condition, open_for) VALUES
	('cart', '{"sequence": [{"event": "cart", "as": "cart"}, {"no": "view", "for": "1 hour"}], "within": "3 days"}', '2 days'),
	('mixed', '{"event": "mixed"}', '2 days');
--
-- score = propensity * value * urgency * weight - cost
--

INSERT INTO persona.campaign (name, experience, trigger, propensity, value, weight, cost) VALUES
	('cart', 'offer', 'cart', 'chance', 'clv * 0.1 + cart.price', '1', '0'),
	('plan', 'voucher', NULL, '0.5', 'CASE WHEN plan = ''gold'' THEN 30 ELSE 2 END', '1.5', '0.25');
INSERT INTO persona.campaign_channel (campaign, position, channel)
SELECT c.name, n, channel FROM persona.campaign AS c, unnest('{email,letter}'::text[]) WITH ORDINALITY AS u (channel, n);
SELECT c.id, e.campaign, e.channel, e.rank, e.stage, e.propensity AS p, e.value AS v, e.urgency AS u, e.weight AS w, e.cost, e.score, e.reason
FROM customer AS c, persona.explain(c.id, '2026-03-01 12:00') AS e ORDER BY c.id, e.rank;
-- one of each that this derives by itself: 0.3 * (50 + 19.9) - 0.1; 0.5 * 30 * 1.5 - 0.35; NULL is 1
SELECT customer, campaign, channel, score FROM persona.next_message_at('2026-03-01 12:00') ORDER BY customer;

-- the value of the cohort that a campaign is for
INSERT INTO persona.cohort (name, condition, value) VALUES ('all', '{"all": []}', 1.2);
UPDATE persona.campaign SET cohort = 'all' WHERE name = 'cart';
SELECT campaign, value, score FROM persona.explain(1, '2026-03-01 12:00') WHERE channel = 'email' ORDER BY campaign;
UPDATE persona.campaign SET cohort = NULL;
-- levers: of campaigns, kinds of experiences and channels
INSERT INTO persona.lever (kind, weight) VALUES ('coupon', 0.5), ('banner', 7);
UPDATE persona.channel SET weight = 3 WHERE name = 'letter';
SELECT campaign, channel, weight, score FROM persona.explain(1, '2026-03-01 12:00') ORDER BY campaign, channel;
-- each factor can be switched off for all
CREATE FUNCTION without(switched_off text) RETURNS TABLE (factor text, campaign text, channel text, p numeric, v numeric, u numeric, w numeric, cost numeric, score numeric)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
	DELETE FROM persona.arbitration;
	EXECUTE format('INSERT INTO persona.arbitration (%I) VALUES (false)', without.switched_off);
	RETURN QUERY SELECT without.switched_off, e.campaign, e.channel, e.propensity, e.value, e.urgency, e.weight, e.cost, e.score
		FROM persona.explain(1, '2026-03-01 12:00') AS e WHERE e.channel = 'letter';
	DELETE FROM persona.arbitration;
END
$$;
UPDATE persona.campaign SET urgency = '[{"first": "2 hours", "factor": 2}]' WHERE name = 'cart';
SELECT w.* FROM unnest('{propensity,value,urgency,weight,cost}'::text[]) AS f CROSS JOIN LATERAL without(f) AS w ORDER BY w.factor, w.campaign;
INSERT INTO persona.arbitration (only_row) VALUES (false);
-- definitions of a factor that is off are checked all the same
INSERT INTO persona.arbitration (value) VALUES (false);
UPDATE persona.campaign SET value = 'nothing' WHERE name = 'cart';
DELETE FROM persona.arbitration;
DELETE FROM persona.lever;
UPDATE persona.channel SET weight = 1;
UPDATE persona.campaign SET urgency = '[]';

--
-- Expressions: what they may be, and what not
--

CREATE FUNCTION public.evil(numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'evil was called'; END $$;
CREATE DOMAIN public.evil_number AS numeric CHECK (public.evil(VALUE) > 0);
CREATE OPERATOR public.@@@ (RIGHTARG = numeric, FUNCTION = public.evil);
CREATE FUNCTION as_value(expression text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
	message text;
	detail text;
	context text;
BEGIN
	UPDATE persona.campaign SET value = expression WHERE name = 'cart';
	SELECT trim_scale(e.value)::text INTO result FROM persona.explain(1, '2026-03-01 12:00') AS e WHERE e.campaign = 'cart' AND e.channel = 'email';
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, context = PG_EXCEPTION_CONTEXT;
	RETURN concat_ws(' | ', SQLSTATE, message, nullif(detail, 'At campaign "cart": value.'), substring(context from 'expression of[^\n]*'));
END
$$;
\pset format unaligned
\pset tuples_only on
SELECT e || E'\n  ' || as_value(e) FROM unnest(ARRAY[
	'5', '-5', ' 1.5e2 ', '.5', 'clv', 'customer.clv', 'Clv', '"clv"', 'event.price', 'cart.price * 2', 'chance * 2', 'null', '''12''',
	'clv -- * 2', '(place).size', '(profile ->> ''score'')::numeric', 'cardinality(tags)', 'length(tags[2])', 'greatest(clv, 900)',
	'length(event.page)', 'event.details.size::numeric * 2', 'CASE WHEN event.ok THEN 4 END', 'CASE mood WHEN ''high'' THEN 9 END',
	'CASE WHEN plan IN (''gold'', ''silver'') THEN 3 END', 'CASE WHEN name ~ ''^a'' THEN 6 END', 'CASE WHEN born < make_date(1990, 1, 1) THEN 2 END',
	'extract(epoch FROM event.at - since)::numeric', 'CASE WHEN event.at - since > interval ''1 day'' THEN 1.5 END', 'coalesce(nullif(clv, 500), 8)',
	'date_part(''year'', born)', 'power(chance, 2)']) AS e;
SELECT e || E'\n  ' || as_value(e) FROM unnest(ARRAY[
	'', 'clv +', 'clv; DROP TABLE shop.customer', '1), (2', '1) FROM shop.customer WHERE (true', '1 AS x', '(SELECT 1)', 'EXISTS (SELECT 1)', 'count(*)', 'sum(clv) OVER ()',
	'generate_series(1, 2)', '$1', '*', 'customer.*', 'customer', 'clx', 'place.size', 'customer.place.size', 'other.price', 'event.nothing', 'event.details',
	'event.page', 'true', 'now()', 'extract(epoch FROM now())', 'extract(epoch FROM current_timestamp)', 'random()', 'length(current_user)', 'length(version())',
	'CASE WHEN born < ''1990-01-01'' THEN 2 END', 'extract(epoch FROM ''now''::timestamptz)', 'CASE WHEN since < born THEN 2 END',
	'evil(1)', 'public.evil(1)', '@@@ clv', 'OPERATOR(public.@@@) clv', 'clv::public.evil_number', '''{1}''::public.evil_number[]', '''(1)''::shop.place', 'nextval(''s'')',
	'1 / 0', 'clv / (event.item - 7)', '''NaN''::numeric', 'chance / 0', 'least(chance, ''infinity'') + ''infinity''::float8']) AS e;
\pset tuples_only off
\pset format aligned
-- a column that differs between the relations that have the kind
UPDATE persona.campaign SET value = 'event.price', trigger = 'mixed' WHERE name = 'cart';
UPDATE persona.campaign SET value = 'event.item', trigger = 'mixed' WHERE name = 'cart';
UPDATE persona.campaign SET value = '1', trigger = 'cart' WHERE name = 'cart';
-- without a trigger there are no events
UPDATE persona.campaign SET value = 'event.price' WHERE name = 'plan';
-- only the value may be negative
UPDATE persona.campaign SET propensity = '-0.5' WHERE name = 'plan';
UPDATE persona.campaign SET weight = '-1' WHERE name = 'plan';
UPDATE persona.campaign SET cost = '-1' WHERE name = 'plan';
-- neither search_path nor settings nor a schema before pg_catalog change what an expression means
CREATE FUNCTION shop.length(text) RETURNS integer LANGUAGE sql IMMUTABLE RETURN 99;
UPDATE persona.campaign SET value = 'length(name) + CASE WHEN event.at - since > interval ''1 2:00'' THEN 0 END' WHERE name = 'cart';
SET search_path = shop, public, pg_catalog;
SET intervalstyle = sql_standard;
SET datestyle = 'SQL, DMY';
SELECT value FROM persona.explain(1, '2026-03-01 12:00Z') WHERE campaign = 'cart' AND channel = 'email';
RESET intervalstyle;
SET datestyle = 'ISO';
SET search_path = shop, public;
-- bound columns are guarded
UPDATE persona.campaign SET value = 'clv' WHERE name = 'cart';
ALTER TABLE customer DROP COLUMN clv;
ALTER TABLE customer ALTER COLUMN clv TYPE text;
ALTER TABLE customer ALTER COLUMN clv TYPE integer;
SELECT value FROM persona.explain(1, '2026-03-01 12:00') WHERE campaign = 'cart' AND channel = 'email';

--
-- Urgency: stretches of time since the firing and before the end
--

-- malformed ones are refused
UPDATE persona.campaign SET urgency = '{}' WHERE name = 'cart';
UPDATE persona.campaign SET urgency = '[1]' WHERE name = 'cart';
UPDATE persona.campaign SET urgency = '[{"factor": 2}]' WHERE name = 'cart';
UPDATE persona.campaign SET urgency = '[{"last": "1 day"}]' WHERE name = 'cart';
UPDATE persona.campaign SET urgency = '[{"last": "1 day", "first": "1 hour", "factor": 2}]' WHERE name = 'cart';
UPDATE persona.campaign SET urgency = '[{"last": "1 month", "factor": 2}]' WHERE name = 'cart';
UPDATE persona.campaign SET urgency = '[{"last": "-1 day", "factor": 2}]' WHERE name = 'cart';
UPDATE persona.campaign SET urgency = '[{"first": "1 day", "factor": 2}, {"last": "1 day", "factor": true}]' WHERE name = 'cart';
UPDATE persona.campaign SET urgency = '[{"last": "1 day", "factor": "nothing"}]' WHERE name = 'cart';
UPDATE persona.campaign SET urgency = '[{"last": "1 day", "factor": 2, "why": 1}]' WHERE name = 'cart';
-- the first that applies counts, or 1; the window of "cart" is [03-01 11:00, 03-03 11:00), and "plan" ends on 03-02
UPDATE persona.campaign SET value = '10', propensity = '1', urgency = '[{"first": "2 hours", "factor": 3}, {"last": "6 hours", "factor": 2.5}, {"after": "1 day", "factor": "CASE WHEN clv > 100 THEN 1.5 END"}]' WHERE name = 'cart';
UPDATE persona.campaign SET value = '12', propensity = '1', weight = '1', cost = '0', starts_at = '2026-02-28', ends_at = '2026-03-02', urgency = '[{"last": "4 hours", "factor": 4}, {"after": "30 hours", "factor": 2}]' WHERE name = 'plan';
SELECT as_of, e.campaign, e.urgency, e.score, e.rank, e.expires_at, e.valid_until
FROM unnest('{2026-03-01 11:00,2026-03-01 12:59:59.999999,2026-03-01 13:00,2026-03-01 20:00,2026-03-02 11:00,2026-03-03 05:00}'::timestamptz[]) AS as_of
	CROSS JOIN LATERAL persona.explain(1, as_of) AS e WHERE e.channel = 'email' AND e.eligible ORDER BY as_of, e.rank;
-- what a stretch is worth, told again in plain SQL
CREATE FUNCTION urgency(campaign text, as_of timestamptz) RETURNS numeric LANGUAGE sql AS $$
	SELECT CASE campaign
		WHEN 'cart' THEN CASE
			WHEN as_of < '2026-03-01 11:00'::timestamptz + interval '2 hours' THEN 3
			WHEN as_of >= '2026-03-03 11:00'::timestamptz - interval '6 hours' THEN 2.5
			WHEN as_of >= '2026-03-01 11:00'::timestamptz + interval '24 hours' THEN 1.5 ELSE 1 END
		WHEN 'plan' THEN CASE
			WHEN as_of >= '2026-03-02'::timestamptz - interval '4 hours' THEN 4
			WHEN as_of >= '2026-02-28'::timestamptz + interval '30 hours' THEN 2 ELSE 1 END END
$$;
SELECT count(*), count(*) FILTER (WHERE e.urgency <> urgency(e.campaign, as_of)) AS other_urgency,
	count(*) FILTER (WHERE e.score <> CASE e.campaign WHEN 'cart' THEN 10 ELSE 12 END * e.urgency - 0.1) AS other_score
FROM generate_series('2026-02-27'::timestamptz, '2026-03-04', '37 minutes') AS as_of CROSS JOIN LATERAL persona.explain(1, as_of) AS e
WHERE e.eligible AND e.channel = 'email';
-- until then the decision stands, and each row of the explanation with its score; and it does change
CREATE FUNCTION unstable(as_of timestamptz) RETURNS TABLE (valid_until timestamptz, at timestamptz) LANGUAGE sql AS $$
	SELECT n.valid_until, probe.at
	FROM persona.next_message_at(unstable.as_of) AS n
		CROSS JOIN LATERAL (
			SELECT unstable.as_of + (least(n.valid_until, unstable.as_of + interval '40 days') - unstable.as_of) * share / 5 AS at FROM generate_series(1, 4) AS share
			UNION ALL SELECT least(n.valid_until, unstable.as_of + interval '40 days') - interval '1 microsecond') AS probe
		LEFT JOIN LATERAL (SELECT * FROM persona.next_message_at(probe.at) AS a WHERE a.customer = n.customer) AS l ON true
	WHERE to_jsonb(n) - ARRAY['send_at', 'valid_until'] IS DISTINCT FROM to_jsonb(l) - ARRAY['send_at', 'valid_until']
$$;
-- (from the time of the last event on: an event that is still to come is new data)
SELECT u.* FROM generate_series('2026-03-01 10:00'::timestamptz, '2026-03-04', '97 minutes') AS as_of CROSS JOIN LATERAL unstable(as_of) AS u;
SELECT e.campaign, e.valid_until, probe.at, e.score, l.score AS instead
FROM generate_series('2026-03-01 10:00'::timestamptz, '2026-03-04', '197 minutes') AS as_of
	CROSS JOIN LATERAL persona.explain(1, as_of) AS e
	CROSS JOIN LATERAL (SELECT least(e.valid_until, as_of + interval '40 days') - interval '1 microsecond' AS at) AS probe
	JOIN LATERAL persona.explain(1, probe.at) AS l ON l.campaign = e.campaign AND l.channel = e.channel
WHERE (e.eligible, e.propensity, e.value, e.urgency, e.weight, e.cost, e.score) IS DISTINCT FROM (l.eligible, l.propensity, l.value, l.urgency, l.weight, l.cost, l.score);
SELECT campaign, score, count(*), min(as_of), max(as_of)
FROM generate_series('2026-02-27'::timestamptz, '2026-03-04', '37 minutes') AS as_of
	CROSS JOIN LATERAL (SELECT * FROM persona.next_message_at(as_of) AS n WHERE n.customer = 1) AS n
GROUP BY campaign, score ORDER BY min(as_of);
-- the same bytes, whenever and however often it is asked
SELECT count(DISTINCT e.rows) FROM generate_series(1, 5) AS n CROSS JOIN LATERAL (
	SELECT string_agg(x::text, ';') AS rows FROM persona.explain(1, '2026-03-01 12:00'::timestamptz + interval '0 s' * n) AS x) AS e;

--
-- Variants: customers are shared out by weights and the published hash
--

DELETE FROM persona.campaign;
INSERT INTO customer (id, name) SELECT n, 'nr ' || n FROM generate_series(3, 1000) AS n;
DELETE FROM persona.message;
INSERT INTO persona.message (name, experience, channel, position, weight, body) VALUES
	('B', 'offer', 'email', 0, 1, 'b'), ('A', 'offer', 'email', 0, 2, 'a'), ('C', 'offer', 'email', 0, 1, 'c'),
	('last', 'offer', 'email', 1, NULL, 'none'), ('never', 'offer', 'letter', 0, 1, 'letter');
INSERT INTO persona.campaign (name, experience) VALUES ('all', 'offer');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('all', 1, 'email');
-- FNV-1a, 32 bits, and the place that GrowthBook's version 2 makes of it
CREATE FUNCTION fnv1a(t text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	hash bigint := 2166136261;
BEGIN
	FOR i IN 0 .. length(convert_to(t, 'UTF8')) - 1 LOOP
		hash := ((hash # get_byte(convert_to(t, 'UTF8'), i)) * 16777619) & 4294967295;
	END LOOP;
	RETURN hash;
END
$$;
CREATE FUNCTION place(key text) RETURNS numeric LANGUAGE sql AS $$ SELECT (fnv1a(fnv1a('offer' || key)::text) % 10000) / 10000.0 $$;
CREATE VIEW shown AS
	SELECT c.id, place(c.id::text) AS place, n.message FROM customer AS c JOIN persona.next_message_at('2026-03-10 12:00') AS n ON n.customer = c.id;
SELECT message, count(*), min(place), max(place), count(*) FILTER (WHERE message <> CASE WHEN place < 0.5 THEN 'A' WHEN place < 0.75 THEN 'B' ELSE 'C' END) AS wrong
FROM shown GROUP BY message ORDER BY message;
-- other weights: only those at the borders that move change sides
CREATE TABLE before AS SELECT * FROM shown;
UPDATE persona.message SET weight = 1.25 WHERE name = 'B';
SELECT b.message, s.message, count(*), min(s.place), max(s.place) FROM before AS b JOIN shown AS s USING (id) GROUP BY 1, 2 ORDER BY 1, 2;
-- one that can't be is replaced
UPDATE persona.message SET condition = '{"attribute": "id", "less_than": 5}' WHERE name = 'A';
SELECT s.message, count(*) FROM before AS b JOIN shown AS s USING (id) WHERE b.message = 'A' GROUP BY 1 ORDER BY 1;
UPDATE persona.message SET condition = '{"attribute": "id", "less_than": 5}' WHERE name IN ('B', 'C');
SELECT s.message, count(*) FROM shown AS s GROUP BY 1 ORDER BY 1;
UPDATE persona.message SET weight = 0 WHERE name = 'A';

DROP OPERATOR public.@@@ (NONE, numeric);
DROP DOMAIN public.evil_number;
DROP FUNCTION public.evil;
