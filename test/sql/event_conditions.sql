-- event_conditions: conditions on events: how many, how much, first and last,
-- regularly, in sequence; the edges of windows; late events and later ones.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TABLE customer (name text PRIMARY KEY, zone text);
CREATE TABLE sale (customer text, at timestamptz, item integer, price numeric, no integer);
CREATE TABLE click (customer text, at timestamptz, kind text, item integer, page text, due timestamptz, no integer);
CREATE INDEX ON sale (customer, at);
CREATE INDEX ON click (customer, at);
SELECT persona.bind_customers('customer', 'name', time_zone => 'zone');
SELECT persona.bind_events('sale', 'customer', 'at', kind => 'order', sequence => 'no');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind', kinds => '{view,cart,login,logout,booking}', sequence => 'no');

-- As in condition_meaning: the customers for whom a condition holds, asked in
-- five ways, and the truth of "since" and "until" - unless an event comes
-- before "until", of which as_of can know nothing.
CREATE FUNCTION who(condition persona.condition, as_of timestamptz) RETURNS text
LANGUAGE plpgsql
SET client_min_messages = error		-- no warnings of conditions that always or never hold
SET plan_cache_mode = force_generic_plan	-- conditions that are no constants, but where they are written so
AS $$
DECLARE
	one constant interval = '1 microsecond';
	opposite constant persona.condition = format('{"not": %s}', condition);
	answer text[];
	folded text;
	breach text;
BEGIN
	SELECT ARRAY[
		string_agg(c.name, ' ' ORDER BY c.name) FILTER (WHERE persona.holds(c, who.condition, who.as_of)),
		string_agg(c.name, ' ' ORDER BY c.name) FILTER (WHERE (persona.truth(c, who.condition, who.as_of)).truth),
		string_agg(c.name, ' ' ORDER BY c.name) FILTER (WHERE NOT persona.holds(c, opposite, who.as_of))]
	INTO answer
	FROM customer AS c;

	EXECUTE format('SELECT string_agg(c.name, '' '' ORDER BY c.name) FROM customer AS c WHERE persona.holds(c, %L, %L)', condition, as_of) INTO folded;
	answer := answer || folded;

	INSERT INTO persona.cohort (name, condition) VALUES ('asked', condition);
	answer := answer || (SELECT string_agg(m.customer, ' ' ORDER BY m.customer) FROM persona.cohort_member_at(as_of) AS m);
	DELETE FROM persona.cohort WHERE name = 'asked';

	SELECT string_agg(format('%s since %s until %s', c.name, t.since, t.until), ', ' ORDER BY c.name) INTO breach
	FROM customer AS c CROSS JOIN LATERAL persona.truth(c, who.condition, who.as_of) AS t
	WHERE t.since > who.as_of OR t.until <= who.as_of
		OR isfinite(t.since) AND (persona.holds(c, who.condition, t.since) <> t.truth
								  OR persona.holds(c, who.condition, t.since - one) = t.truth)
		OR isfinite(t.until)
			AND NOT EXISTS (SELECT FROM sale AS s WHERE s.customer = c.name AND s.at > who.as_of AND s.at <= t.until)
			AND NOT EXISTS (SELECT FROM click AS k WHERE k.customer = c.name AND k.at > who.as_of AND k.at <= t.until)
			AND (persona.holds(c, who.condition, t.until - one) <> t.truth
				 OR persona.holds(c, who.condition, t.until) = t.truth);

	RETURN CASE WHEN cardinality(array_remove(answer, answer[1])) > 0 THEN 'CONTRADICTION ' || answer::text
		WHEN breach IS NOT NULL THEN 'NOT SO ' || breach
		ELSE coalesce(answer[1], '-') END;
END
$$;

-- Pairs of a condition and those for whom it should hold; others are marked.
CREATE FUNCTION ask(as_of timestamptz, VARIADIC pairs text[]) RETURNS SETOF text
LANGUAGE sql AS $$
	SELECT rpad(a.answer, 16) || pairs[2 * i - 1]
		|| CASE WHEN a.answer = pairs[2 * i] THEN '' ELSE '   <<< expected ' || pairs[2 * i] END
	FROM generate_series(1, cardinality(pairs) / 2) AS i
		CROSS JOIN LATERAL (SELECT who(pairs[2 * i - 1]::persona.condition, ask.as_of) AS answer) AS a
	ORDER BY i
$$;

\pset format unaligned
\pset tuples_only on

--
-- How many
--

INSERT INTO customer (name) VALUES ('ann'), ('ben'), ('cem');
INSERT INTO sale VALUES
	('ann', '2026-03-01 10:00', 1, 10.00),
	('ann', '2026-03-05 10:00', 2, 20.50),
	('ann', '2026-03-10 12:00', 1, 30.00),
	('ann', '2026-03-10 12:00:00.000001', 9, 999),	-- later than as_of: does not exist
	('ben', '2026-02-10 12:00', 3, 5.00),			-- 28 days before as_of
	('ben', '2026-02-10 12:00:00.000001', NULL, NULL);
-- rows that are no events: without customer, time or kind, in no time, of an undeclared kind
INSERT INTO sale VALUES (NULL, '2026-03-01', 1, 1), ('cem', NULL, 1, 1), ('cem', 'infinity', 1, 1), ('cem', '-infinity', 1, 1);
INSERT INTO click VALUES ('cem', '2026-03-01', NULL), ('cem', '2026-03-01', 'order');

SELECT ask('2026-03-10 12:00',
	'{"event": "order"}', 'ann ben',
	'{"event": "order", "times": {"is": 0}}', 'cem',
	'{"not": {"event": "order"}}', 'cem',
	'{"event": "order", "times": {"is": 3}}', 'ann',
	'{"event": "order", "times": {"is": 2}}', 'ben',
	'{"event": "order", "times": {"is_not": 3}}', 'ben cem',
	'{"event": "order", "times": {"is_not": 0}}', 'ann ben',
	'{"event": "order", "times": {"at_least": 0}}', 'ann ben cem',
	'{"event": "order", "times": {"at_least": 3}}', 'ann',
	'{"event": "order", "times": {"more_than": 3}}', '-',
	'{"event": "order", "times": {"at_most": 2}}', 'ben cem',
	'{"event": "order", "times": {"less_than": 2}}', 'cem',
	'{"event": "order", "times": {"between": [0, 2]}}', 'ben cem',
	'{"event": "order", "times": {"in": [0, 3]}}', 'ann cem',
	'{"event": "order", "times": {"not_in": [0, 3]}}', 'ben',
	'{"event": "view"}', '-');

-- within D is (as_of - D, as_of]
SELECT ask('2026-03-10 12:00',
	'{"event": "order", "within": "28 days"}', 'ann ben',
	'{"event": "order", "within": "28 days", "times": {"is": 1}}', 'ben',
	'{"event": "order", "within": "28 days", "times": {"is": 2}}', '-',
	'{"event": "order", "within": "4 weeks 1 microsecond", "times": {"is": 2}}', 'ben',
	'{"event": "order", "within": "1 microsecond"}', 'ann',
	'{"event": "order", "within": "27 days", "times": {"is": 0}}', 'ben cem');

-- calendar periods, in the customer's zone or one that is named
SELECT ask('2026-03-10 12:00',
	'{"event": "order", "within": "today"}', 'ann',
	'{"event": "order", "within": "this week", "times": {"is": 1}}', 'ann',
	'{"event": "order", "within": "last week", "times": {"is": 1}}', 'ann',
	'{"event": "order", "within": "this month", "times": {"is": 3}}', 'ann',
	'{"event": "order", "within": "last month", "times": {"is": 2}}', 'ben',
	'{"event": "order", "within": "last 5 days", "times": {"is": 1}}', 'ann',
	'{"event": "order", "within": "last 6 days", "times": {"is": 2}}', 'ann',
	'{"event": "order", "within": "yesterday", "zone": "Asia/Tokyo"}', '-',
	'{"event": "order", "within": "this month", "zone": "Pacific/Honolulu", "times": {"is": 3}}', 'ann');
UPDATE customer SET zone = 'Pacific/Kiritimati';	-- 14 hours ahead: it is 11 March there
SELECT ask('2026-03-10 12:00',
	'{"event": "order", "within": "today", "times": {"is": 1}}', 'ann',
	'{"event": "order", "within": "last month", "times": {"is": 2}}', 'ben',
	'{"event": "order", "within": "last 6 days", "times": {"is": 2}}', 'ann');
UPDATE customer SET zone = NULL;

-- where
SELECT ask('2026-03-10 12:00',
	'{"event": "order", "where": {"attribute": "price", "at_least": 20}, "times": {"is": 2}}', 'ann',
	'{"event": "order", "where": {"attribute": "price", "is_not": 10}, "times": {"is": 2}}', 'ann ben',
	'{"event": "order", "where": {"attribute": "price", "known": false}}', 'ben',
	'{"event": "order", "where": {"all": [{"attribute": "item", "is": 1}, {"attribute": "price", "more_than": 10}]}}', 'ann',
	'{"event": "order", "where": {"any": [{"attribute": "item", "is": 2}, {"attribute": "price", "known": false}]}, "times": {"is": 1}}', 'ann ben',
	'{"event": "order", "where": {"not": {"attribute": "item", "in": [1, 2]}}, "times": {"is": 2}}', 'ben',
	'{"event": "order", "where": {"all": []}, "times": {"is": 3}}', 'ann',
	'{"event": "order", "where": {"any": []}, "times": {"is": 0}}', 'ann ben cem',
	'{"event": "order", "where": {"attribute": "at", "before": "2026-03-01"}}', 'ben',
	'{"event": "order", "where": {"attribute": "at", "on": "2026-03-05"}}', 'ann',
	'{"event": "order", "where": {"attribute": "at", "at_least": "2026-03-01 10:00:00.000001Z"}, "times": {"is": 2}}', 'ann');

-- where, relative to as_of: bookings that are due soon
INSERT INTO click (customer, at, kind, due) VALUES
	('ann', '2026-03-01', 'booking', '2026-03-12 12:00'),
	('ann', '2026-03-02', 'booking', '2026-03-13 12:00'),
	('ben', '2026-03-01', 'booking', '2026-03-13 12:00:00.000001'),
	('cem', '2026-03-01', 'booking', NULL);
SELECT ask('2026-03-10 12:00',
	'{"event": "booking", "where": {"attribute": "due", "within_next": "3 days"}}', 'ann',
	'{"event": "booking", "where": {"attribute": "due", "within_next": "3 days"}, "times": {"is": 2}}', 'ann',
	'{"event": "booking", "where": {"attribute": "due", "after": "3 days"}}', 'ben',
	'{"event": "booking", "where": {"not": {"attribute": "due", "within_next": "3 days"}}}', 'ben cem',
	'{"event": "booking", "where": {"attribute": "due", "on": "this week"}, "within": "9 days", "times": {"is": 1}}', 'ann',
	'{"event": "booking", "where": {"any": [{"attribute": "due", "within_next": "2 days"}, {"attribute": "due", "known": false}]}}', 'ann cem');

--
-- How much
--

SELECT ask('2026-03-10 12:00',
	-- sum: of no value 0
	'{"event": "order", "sum": "price", "is": 60.5}', 'ann',
	'{"event": "order", "sum": "price", "at_least": 60.50}', 'ann',
	'{"event": "order", "sum": "price", "more_than": 60.5}', '-',
	'{"event": "order", "sum": "price", "is": 5}', 'ben',
	'{"event": "order", "sum": "price", "is": 0}', 'cem',
	'{"event": "order", "sum": "price", "at_most": 5}', 'ben cem',
	'{"event": "order", "sum": "price", "in": [0, 5]}', 'ben cem',
	'{"event": "order", "sum": "price", "not_in": [0, 5]}', 'ann',
	'{"event": "order", "sum": "price", "within": "28 days", "is": 0}', 'ben cem',
	'{"event": "order", "sum": "price", "within": "5 days 2 hours", "is": 30}', 'ann',
	'{"event": "order", "sum": "price", "within": "5 days 2 hours 1 microsecond", "is": 50.5}', 'ann',
	'{"event": "order", "sum": "price", "within": "this month", "where": {"attribute": "item", "is": 1}, "between": [40, 40]}', 'ann',
	'{"event": "order", "sum": "item", "is": 4}', 'ann',
	-- avg: of no value absent; NULL is no value
	'{"event": "order", "avg": "price", "at_least": 20.166666666666666666666}', 'ann',
	'{"event": "order", "avg": "price", "at_least": 20.166666666666666666667}', '-',
	'{"event": "order", "avg": "price", "is": 5}', 'ben',
	'{"event": "order", "avg": "price", "less_than": 1000}', 'ann ben',
	'{"event": "order", "avg": "price", "is_not": 5}', 'ann cem',
	'{"event": "order", "avg": "price", "within": "28 days", "at_least": 0}', 'ann');

SELECT ask('2026-03-10 12:00',
	-- min and max: of no value absent
	'{"event": "order", "min": "price", "at_least": 10}', 'ann',
	'{"event": "order", "min": "price", "at_most": 5}', 'ben',
	'{"event": "order", "min": "price", "more_than": 5}', 'ann',
	'{"event": "order", "min": "price", "less_than": 5}', '-',
	'{"event": "order", "min": "price", "is": 10.0}', 'ann',
	'{"event": "order", "min": "price", "is": 20.5}', '-',
	'{"event": "order", "min": "price", "is_not": 10}', 'ben cem',
	'{"event": "order", "min": "price", "between": [5, 9]}', 'ben',
	'{"event": "order", "max": "price", "at_least": 30}', 'ann',
	'{"event": "order", "max": "price", "at_most": 29.99}', 'ben',
	'{"event": "order", "max": "price", "more_than": 30}', '-',
	'{"event": "order", "max": "price", "less_than": 31}', 'ann ben',
	'{"event": "order", "max": "price", "is": 30}', 'ann',
	'{"event": "order", "max": "price", "in": [20.5, 5]}', 'ben',
	'{"event": "order", "max": "price", "not_in": [20.5, 5]}', 'ann cem',
	'{"event": "order", "max": "price", "within": "28 days", "at_least": 0}', 'ann',
	-- of any type with an order
	'{"event": "order", "max": "at", "at_least": "2026-03-10 12:00Z"}', 'ann',
	'{"event": "booking", "min": "due", "is": "2026-03-12 12:00Z"}', 'ann',
	-- distinct: of no value 0; NULL is no value
	'{"event": "order", "distinct": "item", "is": 2}', 'ann',
	'{"event": "order", "distinct": "item", "is": 1}', 'ben',
	'{"event": "order", "distinct": "item", "is": 0}', 'cem',
	'{"event": "order", "distinct": "item", "at_most": 1}', 'ben cem',
	'{"event": "order", "distinct": "item", "not_in": [0, 2]}', 'ben',
	'{"event": "order", "distinct": "item", "within": "28 days", "is": 0}', 'ben cem');

-- numbers are added exactly, and equal ones are one value however they are written
TRUNCATE sale;
INSERT INTO sale (customer, at, price) VALUES
	('ann', '2026-03-01', 0.1), ('ann', '2026-03-02', 0.10), ('ann', '2026-03-03', 0.100),
	('ben', '2026-03-01', 99999999999999999999.000000001), ('ben', '2026-03-02', 0.000000000000000000000000000001),
	('cem', '2026-03-01', 'NaN'), ('cem', '2026-03-02', 1);
SELECT ask('2026-03-10 12:00',
	'{"event": "order", "sum": "price", "is": 0.3}', 'ann',
	'{"event": "order", "distinct": "price", "is": 1}', 'ann',
	'{"event": "order", "sum": "price", "is": 99999999999999999999.000000001000000000000000000001}', 'ben',
	'{"event": "order", "sum": "price", "more_than": 1e30}', 'cem',
	'{"event": "order", "sum": "price", "within": "8 days 13 hours", "is": 1}', 'cem');

--
-- First and last
--

TRUNCATE sale;
INSERT INTO sale VALUES
	('ann', '2026-03-01 12:00', 1, 10),
	('ann', '2026-03-05 12:00', 2, 20),
	('ann', '2026-03-08 12:00', 1, 30),
	('ben', '2026-02-01 12:00', 1, 30),
	('ben', '2026-03-03 12:00', 2, NULL);
SELECT ask('2026-03-10 12:00',
	'{"event": "order", "last": {"before": "2 days"}}', 'ann ben',
	'{"event": "order", "last": {"before": "2 days 1 microsecond"}}', 'ben',
	'{"event": "order", "last": {"within": "2 days"}}', '-',
	'{"event": "order", "last": {"within": "2 days 1 microsecond"}}', 'ann',
	'{"not": {"event": "order", "last": {"before": "7 days"}}}', 'ann cem',
	'{"event": "order", "last": {"within": "30 days", "before": "7 days"}}', 'ben',
	'{"event": "order", "last": {"within": "last week"}}', 'ann ben',
	'{"event": "order", "last": {"before": "this week"}}', 'ann ben',
	'{"event": "order", "last": {"before": "last week"}, "zone": "Asia/Tokyo"}', '-',
	'{"event": "order", "first": {"within": "10 days"}}', 'ann',
	'{"event": "order", "first": {"before": "30 days"}}', 'ben',
	'{"event": "order", "first": {"within": "this month"}}', 'ann',
	-- where on that one event
	'{"event": "order", "last": {"where": {"attribute": "price", "known": false}}}', 'ben',
	'{"event": "order", "last": {"where": {"attribute": "item", "is": 1}}}', 'ann',
	'{"event": "order", "first": {"where": {"attribute": "item", "is": 1}}}', 'ann ben',
	'{"event": "order", "first": {"where": {"attribute": "item", "is": 1}, "before": "10 days"}}', 'ben',
	-- where and within choose the events of which it is the first or last
	'{"event": "order", "where": {"attribute": "item", "is": 2}, "last": {"before": "5 days"}}', 'ann ben',
	'{"event": "order", "where": {"attribute": "price", "at_least": 20}, "first": {"where": {"attribute": "item", "is": 2}}}', 'ann',
	'{"event": "order", "within": "7 days", "first": {"where": {"attribute": "item", "is": 2}}}', 'ann',
	'{"event": "order", "within": "8 days", "first": {"where": {"attribute": "item", "is": 2}}}', 'ann ben');

-- of events of the same instant the one with the highest number is the last
TRUNCATE sale;
INSERT INTO sale VALUES ('ann', '2026-03-01', 1, 10, 2), ('ann', '2026-03-01', 2, 20, 1), ('ben', '2026-03-01', 1, 10, -5), ('ben', '2026-03-01', 2, 20, 7);
SELECT ask('2026-03-10 12:00',
	'{"event": "order", "last": {"where": {"attribute": "item", "is": 1}}}', 'ann',
	'{"event": "order", "first": {"where": {"attribute": "item", "is": 1}}}', 'ben');

--
-- Regularly: period k is (as_of - (k + 1) P, as_of - k P]
--

TRUNCATE sale, click;
INSERT INTO click (customer, at, kind) VALUES
	('ann', '2026-03-10 12:00', 'login'),				-- in period 0
	('ann', '2026-03-09 12:00:00.000001', 'login'),		-- in period 0, too
	('ann', '2026-03-09 12:00', 'login'),				-- in period 1
	('ben', '2026-03-08 12:00', 'login'),				-- in period 2
	('ben', '2026-03-06 12:00:00.000001', 'login'),		-- in period 3
	('ben', '2026-03-06 12:00', 'login');				-- in period 4
SELECT ask('2026-03-10 12:00',
	'{"event": "login", "every": {"period": "1 day", "of": 2, "is": 2}}', 'ann',
	'{"event": "login", "every": {"period": "1 day", "of": 1, "at_least": 1}}', 'ann',
	'{"event": "login", "every": {"period": "1 day", "of": 3, "is": 1}}', 'ben',
	'{"event": "login", "every": {"period": "1 day", "of": 4, "at_least": 2}}', 'ann ben',
	'{"event": "login", "every": {"period": "1 day", "of": 4, "more_than": 2}}', '-',
	'{"event": "login", "every": {"period": "1 day", "of": 5, "is": 3}}', 'ben',
	'{"event": "login", "every": {"period": "1 day", "of": 2, "at_most": 0}}', 'ben cem',
	'{"event": "login", "every": {"period": "1 day", "of": 5, "less_than": 1}}', 'cem',
	'{"event": "login", "every": {"period": "1 day", "of": 5, "is_not": 2}}', 'ben cem',
	'{"event": "login", "every": {"period": "1 day", "of": 5, "not_in": [0, 2]}}', 'ben',
	'{"event": "login", "every": {"period": "1 day", "of": 5, "between": [2, 3]}}', 'ann ben',
	'{"event": "login", "every": {"period": "4 days", "of": 1, "is": 1}}', 'ann ben',
	'{"event": "login", "where": {"attribute": "at", "before": "2026-03-09"}, "every": {"period": "1 day", "of": 5, "at_least": 1}}', 'ben');

--
-- Late events count from their own time on; later events do not exist yet
--

\pset format aligned
\pset tuples_only off
TRUNCATE sale, click;
DELETE FROM customer WHERE name <> 'ann';
INSERT INTO sale (customer, at) VALUES ('ann', '2026-03-01');
SELECT as_of::date, persona.truth(c, '{"event": "order", "times": {"at_least": 2}, "within": "30 days"}', as_of)
FROM customer AS c, unnest('{2026-02-01,2026-03-10,2026-03-20}'::timestamptz[]) AS as_of;
INSERT INTO sale (customer, at) VALUES ('ann', '2026-03-12');	-- later than one of them
SELECT as_of::date, persona.truth(c, '{"event": "order", "times": {"at_least": 2}, "within": "30 days"}', as_of)
FROM customer AS c, unnest('{2026-02-01,2026-03-10,2026-03-20}'::timestamptz[]) AS as_of;
INSERT INTO sale (customer, at) VALUES ('ann', '2026-02-20');	-- late
SELECT as_of::date, persona.truth(c, '{"event": "order", "times": {"at_least": 2}, "within": "30 days"}', as_of)
FROM customer AS c, unnest('{2026-02-01,2026-03-10,2026-03-20}'::timestamptz[]) AS as_of;

-- each measure changes when an event comes and when one leaves the window
TRUNCATE sale;
INSERT INTO sale VALUES ('ann', '2026-03-01', 1, 10), ('ann', '2026-03-04', 2, 5), ('ann', '2026-03-06', 1, 20);
SELECT condition, t.*
FROM customer AS c, unnest(ARRAY[
	'{"event": "order", "within": "30 days"}',
	'{"event": "order", "within": "30 days", "times": {"is": 3}}',
	'{"event": "order", "within": "30 days", "times": {"at_most": 2}}',
	'{"event": "order", "within": "10 days", "sum": "price", "at_least": 30}',
	'{"event": "order", "within": "10 days", "avg": "price", "at_least": 10}',
	'{"event": "order", "within": "10 days", "min": "price", "is": 5}',
	'{"event": "order", "within": "10 days", "max": "price", "less_than": 20}',
	'{"event": "order", "within": "10 days", "distinct": "item", "is": 2}',
	'{"event": "order", "last": {"before": "10 days"}}',
	'{"event": "order", "first": {"within": "10 days"}}',
	'{"event": "order", "within": "this week"}',
	'{"event": "order", "every": {"period": "5 days", "of": 2, "is": 2}}']) WITH ORDINALITY AS u (condition, n)
	CROSS JOIN LATERAL persona.truth(c, condition::persona.condition, '2026-03-10 12:00') AS t
ORDER BY n;

--
-- Sequences
--

\pset format unaligned
\pset tuples_only on

-- an absence at the end: "no order of the item for an hour" fires at its deadline
TRUNCATE customer, sale, click;
INSERT INTO customer (name) VALUES ('ann'), ('ben'), ('cem'), ('dan'), ('eva'), ('fay'), ('gus');
INSERT INTO click (customer, at, kind, item)
SELECT name, '2026-03-10 09:00', 'cart', 7 FROM customer;
UPDATE click SET item = NULL WHERE customer = 'gus';
INSERT INTO sale (customer, at, item) VALUES
	('ben', '2026-03-10 09:30', 7),
	('cem', '2026-03-10 10:00', 7),				-- at the deadline is in time
	('dan', '2026-03-10 10:00:00.000001', 7),	-- later is too late
	('eva', '2026-03-10 09:30', 8),				-- another item
	('fay', '2026-03-10 09:00', 7),				-- at the same instant: not after it
	('gus', '2026-03-10 09:30', NULL);			-- of unknown items none is the same
SELECT ask('2026-03-10 09:59:59.999999',
	'{"sequence": [{"event": "cart"}, {"no": "order", "same": ["item"], "for": "1 hour"}]}', '-');
SELECT ask('2026-03-10 12:00',
	'{"sequence": [{"event": "cart"}, {"no": "order", "same": ["item"], "for": "1 hour"}]}', 'ann dan eva fay gus',
	'{"sequence": [{"event": "cart"}, {"no": "order", "for": "1 hour"}]}', 'ann dan fay',
	'{"sequence": [{"event": "cart"}, {"no": "order", "where": {"attribute": "item", "more_than": 7}, "for": "1 hour"}]}', 'ann ben cem dan fay gus',
	'{"sequence": [{"event": "cart"}, {"no": "order", "for": "1 hour"}, {"no": "logout", "for": "4 hours"}]}', '-',
	'{"sequence": [{"event": "cart", "where": {"attribute": "item", "known": false}}, {"no": "view", "for": "1 hour"}]}', 'gus');

\pset format aligned
\pset tuples_only off
-- since the deadline, until "within" is over
SELECT name, t.*
FROM customer AS c CROSS JOIN LATERAL persona.truth(c, '{"sequence": [{"event": "cart"}, {"no": "order", "same": ["item"], "for": "1 hour"}], "within": "3 days"}', '2026-03-10 12:00') AS t
ORDER BY name;
-- asked before the deadline: when it will fire, unless something happens
SELECT name, t.*
FROM customer AS c CROSS JOIN LATERAL persona.truth(c, '{"sequence": [{"event": "cart"}, {"no": "order", "same": ["item"], "for": "1 hour"}], "within": "3 days"}', '2026-03-10 09:15') AS t
ORDER BY name;
\pset format unaligned
\pset tuples_only on

-- steps one after the other
TRUNCATE customer, sale, click;
INSERT INTO customer (name) VALUES ('ann'), ('ben'), ('cem'), ('dan');
INSERT INTO click (customer, at, kind, item, page) VALUES
	('ann', '2026-03-10 09:00', 'view', 1, 'a'), ('ann', '2026-03-10 09:30', 'cart', 1, 'a'),
	('ben', '2026-03-10 09:00', 'view', 1, 'a'), ('ben', '2026-03-10 10:00', 'cart', 1, 'b'),		-- after exactly an hour
	('cem', '2026-03-10 09:00', 'view', 1, 'a'), ('cem', '2026-03-10 09:30', 'cart', 2, 'a'),		-- another item
	('dan', '2026-03-10 09:30', 'view', 1, 'a'), ('dan', '2026-03-10 09:00', 'cart', 1, 'a');		-- the other way round
SELECT ask('2026-03-10 12:00',
	'{"sequence": [{"event": "view"}]}', 'ann ben cem dan',
	'{"sequence": [{"event": "view"}, {"event": "cart"}]}', 'ann ben cem',
	'{"sequence": [{"event": "cart"}, {"event": "view"}]}', 'dan',
	'{"sequence": [{"event": "view"}, {"event": "cart", "same": ["item"]}]}', 'ann ben',
	'{"sequence": [{"event": "view"}, {"event": "cart", "same": ["item", "page"]}]}', 'ann',
	'{"sequence": [{"event": "view"}, {"event": "cart", "within": "1 hour"}]}', 'ann cem',
	'{"sequence": [{"event": "view"}, {"event": "cart", "within": "1 hour 1 microsecond"}]}', 'ann ben cem',
	'{"sequence": [{"event": "view"}, {"event": "cart", "after": "30 minutes"}]}', 'ann ben cem',
	'{"sequence": [{"event": "view"}, {"event": "cart", "after": "30 minutes 1 microsecond"}]}', 'ben',
	'{"sequence": [{"event": "view"}, {"event": "cart", "after": "30 minutes", "within": "1 hour"}]}', 'ann cem',
	'{"sequence": [{"event": "view", "where": {"attribute": "page", "is": "a"}}, {"event": "cart", "where": {"attribute": "page", "is": "b"}}]}', 'ben',
	'{"sequence": [{"event": "view"}, {"event": "view"}]}', '-',
	'{"sequence": [{"event": "view"}, {"event": "cart"}, {"event": "order"}]}', '-',
	-- "within" limits the whole: from the first event, half-open as every window
	'{"sequence": [{"event": "view"}, {"event": "cart"}], "within": "3 hours"}', '-',
	'{"sequence": [{"event": "view"}, {"event": "cart"}], "within": "3 hours 1 microsecond"}', 'ann ben cem',
	'{"not": {"sequence": [{"event": "view"}, {"event": "cart"}]}}', 'dan');

-- what is not named is skipped; what is forbidden is not
TRUNCATE click;
INSERT INTO click (customer, at, kind, item) VALUES
	('ann', '2026-03-10 09:00', 'view', 1), ('ann', '2026-03-10 09:10', 'login', 1), ('ann', '2026-03-10 09:20', 'cart', 1),
	('ben', '2026-03-10 09:00', 'view', 1), ('ben', '2026-03-10 09:10', 'logout', 1), ('ben', '2026-03-10 09:20', 'cart', 1),
	('cem', '2026-03-10 09:00', 'view', 1), ('cem', '2026-03-10 09:10', 'logout', 2), ('cem', '2026-03-10 09:20', 'cart', 1),
	-- the second view of dan comes after the logout
	('dan', '2026-03-10 09:00', 'view', 1), ('dan', '2026-03-10 09:10', 'logout', 1), ('dan', '2026-03-10 09:15', 'view', 2), ('dan', '2026-03-10 09:20', 'cart', 1);
SELECT ask('2026-03-10 12:00',
	'{"sequence": [{"event": "view"}, {"event": "cart"}]}', 'ann ben cem dan',
	'{"sequence": [{"event": "view"}, {"no": "logout"}, {"event": "cart"}]}', 'ann dan',
	'{"sequence": [{"event": "view"}, {"no": "logout", "same": ["item"]}, {"event": "cart"}]}', 'ann cem dan',
	'{"sequence": [{"event": "view"}, {"no": "logout"}, {"event": "cart", "same": ["item"]}]}', 'ann',
	'{"sequence": [{"event": "view"}, {"no": "logout"}, {"no": "login"}, {"event": "cart"}]}', 'dan',
	'{"sequence": [{"event": "view"}, {"no": "logout", "where": {"attribute": "item", "is": 2}}, {"event": "cart"}]}', 'ann ben dan');

-- repetition, with the gap and the equality between each two
TRUNCATE click;
INSERT INTO click (customer, at, kind, item) VALUES
	('ann', '2026-03-10 09:00', 'view', 1), ('ann', '2026-03-10 09:10', 'view', 1), ('ann', '2026-03-10 09:20', 'view', 1),
	('ben', '2026-03-10 09:00', 'view', 1), ('ben', '2026-03-10 09:10', 'view', 2), ('ben', '2026-03-10 09:20', 'view', 1),
	('cem', '2026-03-10 09:00', 'view', 1), ('cem', '2026-03-10 09:10', 'view', 1), ('cem', '2026-03-10 11:00', 'view', 1),
	('dan', '2026-03-10 09:00', 'view', 1), ('dan', '2026-03-10 09:10', 'view', 1);
SELECT ask('2026-03-10 12:00',
	'{"sequence": [{"event": "view", "times": 2}]}', 'ann ben cem dan',
	'{"sequence": [{"event": "view", "times": 3}]}', 'ann ben cem',
	'{"sequence": [{"event": "view", "times": 4}]}', '-',
	'{"sequence": [{"event": "view", "times": 3, "within": "1 hour"}]}', 'ann ben',
	'{"sequence": [{"event": "view", "times": 3, "same": ["item"]}]}', 'ann cem',
	'{"sequence": [{"event": "view", "times": 3, "same": ["item"], "within": "1 hour"}]}', 'ann',
	'{"sequence": [{"event": "view", "times": 2, "after": "1 hour"}]}', 'cem');

-- ties in time: by the order of the sources (sale before click), then by number
TRUNCATE click;
INSERT INTO click (customer, at, kind, no) VALUES
	('ann', '2026-03-10 09:00', 'view', 1), ('ann', '2026-03-10 09:00', 'cart', 2),
	('ben', '2026-03-10 09:00', 'view', 2), ('ben', '2026-03-10 09:00', 'cart', 1),
	('cem', '2026-03-10 09:00', 'view', 1);
INSERT INTO sale (customer, at, no) VALUES ('cem', '2026-03-10 09:00', 5);
SELECT ask('2026-03-10 12:00',
	'{"sequence": [{"event": "view"}, {"event": "cart"}]}', 'ann',
	'{"sequence": [{"event": "cart"}, {"event": "view"}]}', 'ben',
	'{"sequence": [{"event": "view"}, {"event": "order"}]}', '-',
	'{"sequence": [{"event": "order"}, {"event": "view"}]}', 'cem');

-- once it has fired, later events do not undo it
TRUNCATE click, sale;
INSERT INTO click (customer, at, kind, item) VALUES ('ann', '2026-03-10 09:00', 'cart', 7);
INSERT INTO sale (customer, at, item) VALUES ('ann', '2026-03-10 10:30', 7);
SELECT ask('2026-03-10 10:29', '{"sequence": [{"event": "cart"}, {"no": "order", "for": "1 hour"}]}', 'ann');
SELECT ask('2026-03-10 12:00', '{"sequence": [{"event": "cart"}, {"no": "order", "for": "1 hour"}]}', 'ann');

--
-- Which events a sequence binds: of several matches the latest
--

\pset format aligned
\pset tuples_only off
TRUNCATE customer, click, sale;
INSERT INTO customer (name) VALUES ('ann'), ('ben'), ('cem');
INSERT INTO persona.trigger (name, condition) VALUES
	('left', '{"sequence": [{"event": "view", "as": "first"}, {"event": "cart", "as": "cart", "same": ["item"]}, {"no": "order", "same": ["item"], "for": "1 hour"}], "within": "3 days"}');
INSERT INTO persona.experience (name) VALUES ('reminder');
INSERT INTO persona.channel (name) VALUES ('email');
INSERT INTO persona.message (name, experience, channel, body)
VALUES ('m', 'reminder', 'email', 'viewed {{first.page|somewhere}} at {{first.at}}, put {{cart.item}} into the cart at {{cart.at}}, event {{event.kind}} {{event.item}}');
INSERT INTO persona.campaign (name, experience, trigger) VALUES ('reminder', 'reminder', 'left');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('reminder', 1, 'email');
INSERT INTO click (customer, at, kind, item, page) VALUES
	-- of two views the later one
	('ann', '2026-03-10 08:00', 'view', 1, 'one'), ('ann', '2026-03-10 08:10', 'view', 1, 'two'), ('ann', '2026-03-10 08:20', 'cart', 1, NULL),
	-- of two carts the one that was left last
	('ben', '2026-03-10 08:00', 'view', 1, 'one'), ('ben', '2026-03-10 08:10', 'view', 2, 'two'),
	('ben', '2026-03-10 08:20', 'cart', 1, NULL), ('ben', '2026-03-10 08:30', 'cart', 2, NULL),
	-- of two carts the one that was not bought; of its view the page is not known
	('cem', '2026-03-10 08:00', 'view', 1, NULL), ('cem', '2026-03-10 08:10', 'view', 2, 'two'),
	('cem', '2026-03-10 08:20', 'cart', 1, NULL), ('cem', '2026-03-10 08:30', 'cart', 2, NULL);
INSERT INTO sale (customer, at, item) VALUES ('cem', '2026-03-10 08:40', 2);
SELECT customer, fired_at::time AS fired, body FROM persona.next_message_at('2026-03-10 12:00') ORDER BY customer;
-- asked between the two deadlines of ben
SELECT customer, fired_at::time AS fired, body FROM persona.next_message_at('2026-03-10 09:25') WHERE customer = 'ben';
-- instants are shown on the customer's wall clock
UPDATE customer SET zone = 'America/New_York';
SELECT customer, body FROM persona.next_message_at('2026-03-10 12:00') WHERE customer = 'ann';

--
-- Any table of events: persona.holds_over
--

CREATE TABLE log (who text, at timestamptz, what text, amount numeric);
INSERT INTO log VALUES
	('ann', '2026-03-01', 'order', 10), ('ann', '2026-03-05', 'order', 20), ('ann', '2026-03-11', 'order', 99),
	('ben', '2026-03-01', 'order', 10), ('ben', '2026-03-05', 'visit', 20),
	('cem', NULL, 'order', 1), ('dan', '2026-03-01', NULL, 1);
SELECT who,
	persona.holds_over('{"event": "order", "times": {"at_least": 2}, "within": "30 days"}', what, at, log, '2026-03-10') AS twice,
	persona.holds_over('{"event": "order", "sum": "amount", "at_most": 30}', what, at, log, '2026-03-10') AS up_to_30,
	persona.holds_over('{"sequence": [{"event": "order"}, {"event": "visit"}]}', what, at, log, '2026-03-10') AS came_back,
	persona.holds_over('{"not": {"event": "order", "where": {"attribute": "amount", "more_than": 15}}}', what, at, log, '2026-03-10') AS small_only
FROM log GROUP BY who ORDER BY who;
-- no row, no answer
SELECT persona.holds_over('{"event": "order"}', what, at, log, '2026-03-10') FROM log WHERE false;
-- it sees neither customers nor columns that are not there
\set SHOW_CONTEXT never
SELECT persona.holds_over('{"attribute": "who", "is": "ann"}', what, at, log, '2026-03-10') FROM log;
SELECT persona.holds_over('{"event": "order", "sum": "price", "at_least": 1}', what, at, log, '2026-03-10') FROM log;
SELECT persona.holds_over('{"event": "order", "where": {"attribute": "price", "is": 1}}', what, at, log, '2026-03-10') FROM log;
SELECT persona.holds_over(NULL, what, at, log, '2026-03-10') FROM log;
SELECT persona.holds_over('{"event": "order"}', what, at, amount, '2026-03-10') FROM log;
