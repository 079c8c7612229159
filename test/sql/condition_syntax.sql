-- condition_syntax: what the type persona.condition accepts, and that it shows
-- it as it was written.  What is refused is in condition_errors.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA shop;
SET search_path = shop, public;

--
-- Every construct
--

-- A condition as it comes out, marked if it is not as it went in.
CREATE FUNCTION show(VARIADIC conditions text[]) RETURNS TABLE (condition text, mark text)
LANGUAGE sql AS $$
	SELECT c::persona.condition::text,
		CASE WHEN c::persona.condition::text IS DISTINCT FROM c THEN 'CHANGED' ELSE '' END
	FROM unnest(conditions) WITH ORDINALITY AS u (c, n)
	ORDER BY n
$$;

\pset format unaligned
\pset tuples_only on
\pset fieldsep ''

-- all, any, not
SELECT * FROM show(
	'{"all": []}',
	'{"any": []}',
	'{"all": [{"attribute": "plan", "known": true}]}',
	'{"any": [{"attribute": "plan", "is": "gold"}, {"attribute": "clv", "at_least": 500}]}',
	'{"not": {"attribute": "plan", "is": "gold"}}',
	'{"not": {"not": {"all": [{"any": []}, {"not": {"any": []}}]}}}');

-- cohorts and buckets
SELECT * FROM show(
	'{"cohort": "vip"}',
	'{"cohort": "Kündiger im 1. Quartal"}',
	'{"bucket": {"seed": "spring", "from": 0.0, "to": 0.5}}',
	'{"bucket": {"seed": "spring", "from": 0, "to": 1}}',
	'{"bucket": {"seed": "spring", "from": 5e-1, "to": 0.7500}}');

-- comparisons
SELECT * FROM show(
	'{"attribute": "plan", "is": "gold"}',
	'{"attribute": "plan", "is": ""}',
	'{"attribute": "clv", "is": 0}',
	'{"attribute": "clv", "is": -1.50}',
	'{"attribute": "clv", "is": 123456789012345678901234567890.000000000000000000001}',
	'{"attribute": "opt_in", "is": true}',
	'{"attribute": "opt_in", "is_not": false}',
	'{"attribute": "plan", "is_not": "gold"}',
	'{"attribute": "plan", "in": ["gold", "silver"]}',
	'{"attribute": "plan", "in": ["gold"]}',
	'{"attribute": "clv", "not_in": [1, 2.5, -3e10]}',
	'{"attribute": "clv", "at_least": 500}',
	'{"attribute": "clv", "more_than": 500}',
	'{"attribute": "clv", "at_most": 500}',
	'{"attribute": "clv", "less_than": 500}',
	'{"attribute": "clv", "between": [1, 500]}',
	'{"attribute": "clv", "between": [500, 500.00]}',
	'{"attribute": "name", "between": ["a", "b"]}',
	'{"attribute": "birthday", "at_least": "2000-02-29"}');

-- text
SELECT * FROM show(
	'{"attribute": "name", "starts_with": "Ma"}',
	'{"attribute": "name", "ends_with": "ie"}',
	'{"attribute": "name", "contains": ""}',
	'{"attribute": "name", "like": "M_ri%"}',
	'{"attribute": "name", "matches": "^Mari[ae]$"}',
	'{"attribute": "name", "is": "marie", "case": "ignore"}',
	'{"attribute": "name", "not_in": ["marie", "maria"], "case": "ignore"}',
	'{"case": "ignore", "matches": "^mari[ae]$", "attribute": "name"}');

-- lists, presence, paths
SELECT * FROM show(
	'{"attribute": "tags", "contains_any": ["a", "b"]}',
	'{"attribute": "tags", "contains_all": [1, 2]}',
	'{"attribute": "tags", "contains_none": ["a"]}',
	'{"attribute": "email", "known": true}',
	'{"attribute": "email", "known": false}',
	'{"attribute": "profile.address.city", "is": "Köln"}',
	'{"attribute": "profile.phones.0", "known": true}');

-- time
SELECT * FROM show(
	'{"attribute": "last_visit", "within_last": "30 days"}',
	'{"attribute": "trial_end", "within_next": "1 day 12 hours"}',
	'{"attribute": "last_visit", "before": "30 days"}',
	'{"attribute": "trial_end", "after": "2 weeks"}',
	'{"attribute": "last_visit", "before": "2026-03-01"}',
	'{"attribute": "last_visit", "after": "2026-03-01 10:30"}',
	'{"attribute": "last_visit", "after": "2026-03-01T10:30:00.000001+01:00"}',
	'{"attribute": "last_visit", "before": "today"}',
	'{"attribute": "last_visit", "on": "2026-03-01"}',
	'{"attribute": "last_visit", "on": "yesterday"}',
	'{"attribute": "trial_end", "on": "tomorrow", "zone": "Europe/Berlin"}',
	'{"attribute": "birthday", "anniversary_within": ["-2 days", "7 days"]}',
	'{"attribute": "birthday", "anniversary_within": ["0 days", "0 days"], "zone": "UTC"}');

-- every calendar word
SELECT * FROM show(VARIADIC ARRAY(
	SELECT format('{"attribute": "last_visit", "on": "%s"}', word)
	FROM (SELECT word, 0 AS n FROM unnest('{today,yesterday,tomorrow,last 1 day,last 7 days,last 100000 days}'::text[]) AS word
		  UNION ALL
		  SELECT which || ' ' || unit, 1
		  FROM unnest('{last,this,next}'::text[]) AS which, unnest('{day,week,month,quarter,year}'::text[]) AS unit) AS w
	ORDER BY n, word COLLATE "C"));

-- every way to write a length of time
SELECT * FROM show(VARIADIC ARRAY(
	SELECT format('{"event": "order", "within": "%s"}', length)
	FROM unnest('{1 week,2 weeks,1 day,30 days,1 hour,90 minutes,1 second,250 milliseconds,1 microsecond,1 day 12 hours,1 days 1 hours,7days,"  2   weeks  1 day "}'::text[]) AS length));

-- events
SELECT * FROM show(
	'{"event": "order"}',
	'{"event": "order", "within": "90 days"}',
	'{"event": "order", "within": "this month"}',
	'{"event": "order", "within": "this month", "zone": "Europe/Berlin"}',
	'{"event": "order", "where": {"attribute": "amount", "at_least": 100}}',
	'{"event": "order", "where": {"all": [{"not": {"attribute": "sku", "is": "x"}}, {"any": []}]}}',
	'{"event": "order", "times": {"at_least": 3}}',
	'{"event": "order", "times": {"is": 0}}',
	'{"event": "order", "times": {"is_not": 1}}',
	'{"event": "order", "times": {"in": [1, 3]}}',
	'{"event": "order", "times": {"not_in": [1, 3]}}',
	'{"event": "order", "times": {"more_than": 3}}',
	'{"event": "order", "times": {"at_most": 3}}',
	'{"event": "order", "times": {"less_than": 3}}',
	'{"event": "order", "times": {"between": [1, 3]}}',
	'{"event": "order", "where": {"attribute": "sku", "is": "x"}, "within": "90 days", "times": {"at_least": 3}}',
	'{"event": "order", "sum": "amount", "within": "365 days", "at_least": 1000}',
	'{"event": "order", "avg": "amount", "less_than": 10.5}',
	'{"event": "order", "min": "amount", "more_than": 5}',
	'{"event": "order", "max": "amount", "between": [5, 10]}',
	'{"event": "order", "distinct": "sku", "at_least": 2}',
	'{"event": "login", "last": {"before": "30 days"}}',
	'{"event": "login", "first": {"within": "30 days"}}',
	'{"event": "login", "last": {"within": "30 days", "before": "7 days"}}',
	'{"event": "login", "last": {"within": "this week"}, "zone": "Asia/Tokyo"}',
	'{"event": "login", "last": {"where": {"attribute": "device", "is": "phone"}}}',
	'{"event": "login", "where": {"attribute": "ok", "is": true}, "within": "90 days", "first": {"where": {"attribute": "device", "is": "phone"}, "before": "7 days"}}',
	'{"event": "order", "every": {"period": "30 days", "of": 6, "at_least": 5}}',
	'{"event": "order", "where": {"attribute": "amount", "more_than": 0}, "every": {"period": "1 week", "of": 1000, "at_most": 0}}');

-- sequences
SELECT * FROM show(
	'{"sequence": [{"event": "view"}]}',
	'{"sequence": [{"event": "view"}, {"event": "order"}], "within": "7 days"}',
	'{"sequence": [{"event": "cart_add", "as": "cart"}, {"no": "order", "same": ["item_id"], "for": "1 hour"}], "within": "3 days"}',
	'{"sequence": [{"event": "view"}, {"event": "cart_add", "within": "1 hour", "same": ["item_id"]}, {"event": "order"}], "within": "7 days"}',
	'{"sequence": [{"event": "view"}, {"no": "logout"}, {"event": "cart_add"}]}',
	'{"sequence": [{"event": "view", "times": 3}, {"event": "cart_add", "after": "10 minutes", "within": "1 hour"}]}',
	'{"sequence": [{"event": "view", "times": 3, "within": "1 hour", "same": ["item_id"]}]}',
	'{"sequence": [{"event": "view"}, {"no": "order", "where": {"attribute": "amount", "more_than": 10}, "same": ["item_id", "size"]}, {"no": "logout"}, {"event": "cart_add", "where": {"attribute": "item_id", "is": 7}, "as": "Cart_2"}, {"no": "order", "for": "1 hour"}, {"no": "logout", "for": "2 hours"}]}');

--
-- Kept as written: blanks, the order of keys, how numbers and letters are spelled
--

SELECT * FROM show(
	' { "is" : "gold"  ,"attribute":"plan"}  ',
	E'{\n\t"all": [\n\t\t{"attribute": "plan", "is": "gold"}\n\t]\n}',
	'{"attribute":"clv","in":[1,1.0,1.00,10e-1,-0,0.0]}',
	'{"attribute":"name","is":"\u004d\u00e4\ud83d\ude00 \"quoted\" \\ \/ \b\f\n\r\t"}',
	'{"attribute":"name","is":"Mä😀"}',
	'{"attribute": "the plan''s \"name\"", "is": "x"}');

\pset format aligned
\pset tuples_only off

--
-- Casts
--

-- to and from json, jsonb and text
SELECT c::text, c::json, c::jsonb
FROM (SELECT '{"is":  1.50, "attribute": "clv"}'::persona.condition AS c) AS s;
SELECT pg_typeof(c), c FROM (SELECT json '{"is":  1.50, "attribute": "clv"}'::persona.condition AS c) AS s;
SELECT pg_typeof(c), c FROM (SELECT jsonb '{"is":  1.50, "attribute": "clv"}'::persona.condition AS c) AS s;
SELECT jsonb_set('{"all": []}'::persona.condition::jsonb, '{all}', '[{"cohort": "vip"}]')::persona.condition;
SELECT json '{"everything": []}'::persona.condition;
SELECT jsonb '[]'::persona.condition;

-- a string literal needs no cast, a value of type text needs one
CREATE TABLE rule (id int, condition persona.condition, note text);
INSERT INTO rule VALUES (1, '{"cohort": "vip"}', '');
INSERT INTO rule VALUES (2, text '{"cohort": "vip"}', '');
INSERT INTO rule VALUES (2, (text '{"cohort": "vip"}')::persona.condition, NULL);
UPDATE rule SET note = condition WHERE id = 2;	-- to text: on assignment
SELECT * FROM rule ORDER BY id;
-- conditions are not compared with each other
SELECT count(*) FROM rule AS a JOIN rule AS b ON a.condition = b.condition;
SELECT count(*) FROM rule AS a JOIN rule AS b ON a.condition::text = b.condition::text;

-- NULL is no condition
SELECT NULL::persona.condition IS NULL AS null_stays_null;

-- the binary form is the text
SELECT convert_from(persona.condition_send('{"cohort": "Kündiger"}'), 'UTF8');

-- large ones are stored out of line and come back whole
INSERT INTO rule
SELECT 3, ('{"attribute": "note", "is": "' || string_agg(md5(i::text), '' ORDER BY i) || '"}')::persona.condition
FROM generate_series(1, 4000) AS i;
SELECT length(condition::text), md5(condition::text), pg_column_size(condition) > 100000 AS is_large
FROM rule WHERE id = 3;
SELECT length(c::text) FROM (SELECT ('{"attribute": "note", "is": "' || repeat('x', 5000000) || '"}')::persona.condition AS c) AS s;

--
-- Limits of depth and size: the largest that is accepted, and one more
--

-- 64 nested conditions
SELECT length((repeat('{"not": ', 63) || '{"all": []}' || repeat('}', 63))::persona.condition::text) AS deep;
SELECT length((repeat('{"not": ', 64) || '{"all": []}' || repeat('}', 64))::persona.condition::text) AS too_deep;
SELECT length((repeat('{"all": [', 64) || repeat(']}', 64))::persona.condition::text) AS deep;
SELECT length((repeat('{"all": [', 65) || repeat(']}', 65))::persona.condition::text) AS too_deep;
-- breadth is no depth
SELECT length(('{"all": [' || repeat('{"not": {"any": []}}, ', 200) || '{"all": []}]}')::persona.condition::text) AS flat;
-- JSON that is nested for its own sake
SELECT length((repeat('[', 100000) || repeat(']', 100000))::persona.condition::text) AS too_deep;

-- 10000 conditions in one definition, the outer one included
SELECT length(('{"all": [' || repeat('{"any": []}, ', 9998) || '{"any": []}]}')::persona.condition::text) AS many;
SELECT length(('{"all": [' || repeat('{"any": []}, ', 9999) || '{"any": []}]}')::persona.condition::text) AS too_many;

-- 10000 values in a list
SELECT length(('{"attribute": "id", "in": [' || repeat('1, ', 9999) || '1]}')::persona.condition::text) AS many;
SELECT length(('{"attribute": "id", "in": [' || repeat('1, ', 10000) || '1]}')::persona.condition::text) AS too_many;

-- 32 steps, repetitions counted
SELECT length('{"sequence": [{"event": "view", "times": 16}, {"event": "order", "times": 16}]}'::persona.condition::text) AS many;
SELECT length(('{"sequence": [' || repeat('{"event": "view"}, ', 31) || '{"event": "view"}]}')::persona.condition::text) AS many;
SELECT length(('{"sequence": [' || repeat('{"event": "view"}, ', 32) || '{"event": "view"}]}')::persona.condition::text) AS too_many;

-- 1000 periods, 366 days around an anniversary, 100000 calendar days
SELECT '{"event": "order", "every": {"period": "1 day", "of": 1000, "at_least": 1}}'::persona.condition;
SELECT '{"event": "order", "every": {"period": "1 day", "of": 1001, "at_least": 1}}'::persona.condition;
SELECT '{"attribute": "birthday", "anniversary_within": ["-366 days", "366 days"]}'::persona.condition;
SELECT '{"attribute": "birthday", "anniversary_within": ["-367 days", "366 days"]}'::persona.condition;
SELECT '{"attribute": "birthday", "on": "last 100000 days"}'::persona.condition;
SELECT '{"attribute": "birthday", "on": "last 100001 days"}'::persona.condition;

-- the longest length of time is that of a 64-bit number of microseconds
SELECT '{"event": "order", "within": "9223372036854775807 microseconds"}'::persona.condition;
SELECT '{"event": "order", "within": "9223372036854775808 microseconds"}'::persona.condition;
SELECT '{"event": "order", "within": "15250284 weeks"}'::persona.condition;
SELECT '{"event": "order", "within": "15250285 weeks"}'::persona.condition;

--
-- Weekly hours: persona.hours
--

\pset format unaligned
\pset tuples_only on
SELECT h::persona.hours, CASE WHEN h::persona.hours::text IS DISTINCT FROM h THEN 'CHANGED' ELSE '' END
FROM unnest(ARRAY[
	'always',
	'never',
	'daily 09:00-17:00',
	'daily 22:00-07:00',
	'daily 00:00-24:00',
	'Mon-Fri 09:00-18:00; Sat 10:00-14:00',
	'Mon,Wed 09:00-12:00,13:00-17:00',
	'Sat-Mon 00:00-24:00',
	'Sun 23:59-00:00',
	'  Mon   09:00 - 12:00 ;Tue 10:00-11:00',
	'Mon-Fri 08:00-20:00; Fri 19:00-23:00']) WITH ORDINALITY AS u (h, n)
ORDER BY n;
\pset format aligned
\pset tuples_only off
SELECT h, h::text AS as_text FROM (SELECT 'Mon 09:00-12:00'::persona.hours AS h) AS s;
