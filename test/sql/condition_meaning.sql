-- condition_meaning: for whom each operator holds, on every kind of type, with
-- absent values, and when it begins and ceases to hold.  Conditions on events
-- are in event_conditions.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TYPE mood AS ENUM ('sad', 'calm', 'happy');
CREATE TYPE place AS (street text, city text);
CREATE TYPE home AS (owner boolean, place place);
CREATE DOMAIN grade AS integer CHECK (VALUE BETWEEN 1 AND 6);
CREATE DOMAIN best_grade AS grade;
CREATE DOMAIN abode AS home;
CREATE COLLATION german (provider = icu, locale = 'de');
CREATE COLLATION whatever_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

CREATE TABLE customer (
	name text PRIMARY KEY,
	zone text,
	-- numbers
	visits integer, clv numeric(10, 2), share double precision, grade best_grade,
	-- text
	plan text, code char(4), word text, wort text COLLATE german, slogan text COLLATE whatever_case, login name,
	-- other scalars
	opt_in boolean, mood mood, token uuid, pause interval,
	-- times
	birthday date, alarm timestamp, last_visit timestamptz,
	-- lists and rows
	tags text[], sizes integer[], moods mood[], grades grade[], home abode, "e.mail" text,
	-- json
	profile jsonb, notes json
);
SELECT persona.bind_customers('customer', 'name', time_zone => 'zone');

-- dan is a customer of whom nothing is known.
INSERT INTO customer (name) VALUES ('ann'), ('ben'), ('cem'), ('dan');

--
-- The customers for whom a condition holds, asked in five ways: by holds, by
-- truth, by its complement, by a constant (which the planner may fold into an
-- expression over the columns), and as a cohort of the view.
--
-- Besides, what holds has to be so since "since" and until "until", to the
-- microsecond.
--

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
		OR isfinite(t.until) AND (persona.holds(c, who.condition, t.until - one) <> t.truth
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
-- Nobody, everybody
--

SELECT ask('2026-03-10 12:00',
	'{"all": []}', 'ann ben cem dan',
	'{"any": []}', '-',
	'{"not": {"all": []}}', '-',
	'{"all": [{"any": []}, {"all": []}]}', '-',
	'{"any": [{"any": []}, {"all": []}]}', 'ann ben cem dan');

--
-- Numbers
--

UPDATE customer SET (visits, clv, share, grade) = (5, 500.00, 0.1, 1) WHERE name = 'ann';
UPDATE customer SET (visits, clv, share, grade) = (6, 500.01, 'NaN', 2) WHERE name = 'ben';
UPDATE customer SET (visits, clv, share, grade) = (-1, 0, 'Infinity', 6) WHERE name = 'cem';

SELECT ask('2026-03-10 12:00',
	'{"attribute": "visits", "is": 5}', 'ann',
	'{"attribute": "visits", "is_not": 5}', 'ben cem dan',
	'{"attribute": "visits", "in": [6, 5, 7]}', 'ann ben',
	'{"attribute": "visits", "not_in": [6, 5, 7]}', 'cem dan',
	'{"attribute": "visits", "at_least": 5}', 'ann ben',
	'{"attribute": "visits", "more_than": 5}', 'ben',
	'{"attribute": "visits", "at_most": 5}', 'ann cem',
	'{"attribute": "visits", "less_than": 5}', 'cem',
	'{"attribute": "visits", "between": [-1, 5]}', 'ann cem',
	'{"attribute": "visits", "between": [6, 6]}', 'ben',
	'{"attribute": "visits", "known": true}', 'ann ben cem',
	'{"attribute": "visits", "known": false}', 'dan',
	'{"not": {"attribute": "visits", "more_than": 5}}', 'ann cem dan',
	-- numeric stays numeric: nothing is rounded
	'{"attribute": "clv", "is": 500}', 'ann',
	'{"attribute": "clv", "is": 5.000e2}', 'ann',
	'{"attribute": "clv", "more_than": 500.005}', 'ben',
	'{"attribute": "clv", "at_most": 500.0099999999999999999999999999}', 'ann cem',
	'{"attribute": "clv", "between": [0.00, 500.00]}', 'ann cem',
	-- PostgreSQL's order: NaN comes after infinity
	'{"attribute": "share", "is": 0.1}', 'ann',
	'{"attribute": "share", "more_than": 1e308}', 'ben cem',
	'{"attribute": "share", "at_most": 1e308}', 'ann',
	-- a domain is its base type
	'{"attribute": "grade", "at_most": 2}', 'ann ben',
	'{"attribute": "grade", "is": 7}', '-');

--
-- Text
--

UPDATE customer SET (plan, code, word, wort, slogan, login) = ('gold', 'ab', 'Ähre', 'Ähre', 'Hello', 'Ann') WHERE name = 'ann';
UPDATE customer SET (plan, code, word, wort, slogan, login) = ('Gold', 'AB', 'Zoo', 'Zoo', 'hello', 'Ben') WHERE name = 'ben';
UPDATE customer SET (plan, code, word, wort, slogan, login) = ('', 'abc', 'apfel', 'apfel', 'hell', 'Cem') WHERE name = 'cem';

SELECT ask('2026-03-10 12:00',
	-- "" is a value, not a gap
	'{"attribute": "plan", "is": "gold"}', 'ann',
	'{"attribute": "plan", "is_not": "gold"}', 'ben cem dan',
	'{"attribute": "plan", "is": ""}', 'cem',
	'{"attribute": "plan", "known": true}', 'ann ben cem',
	'{"attribute": "plan", "in": ["gold", ""]}', 'ann cem',
	'{"attribute": "plan", "not_in": ["gold", ""]}', 'ben dan',
	-- patterns
	'{"attribute": "plan", "starts_with": "go"}', 'ann',
	'{"attribute": "plan", "starts_with": ""}', 'ann ben cem',
	'{"attribute": "plan", "ends_with": "old"}', 'ann ben',
	'{"attribute": "plan", "contains": "ol"}', 'ann ben',
	'{"attribute": "plan", "contains": "%"}', '-',
	'{"attribute": "plan", "like": "g%"}', 'ann',
	'{"attribute": "plan", "like": "_old"}', 'ann ben',
	'{"attribute": "plan", "like": "g"}', '-',
	'{"attribute": "plan", "like": "\\gold"}', 'ann',
	'{"attribute": "plan", "like": "gol\\%"}', '-',
	'{"attribute": "plan", "matches": "^[gG]ol"}', 'ann ben',
	'{"attribute": "plan", "matches": "o"}', 'ann ben',
	'{"attribute": "plan", "matches": "^$"}', 'cem',
	'{"not": {"attribute": "plan", "matches": "o"}}', 'cem dan');

SELECT ask('2026-03-10 12:00',
	-- letter case
	'{"attribute": "plan", "is": "GOLD", "case": "ignore"}', 'ann ben',
	'{"attribute": "plan", "is_not": "GOLD", "case": "ignore"}', 'cem dan',
	'{"attribute": "plan", "in": ["GOLD", "Silver"], "case": "ignore"}', 'ann ben',
	'{"attribute": "plan", "not_in": ["GOLD", "Silver"], "case": "ignore"}', 'cem dan',
	'{"attribute": "plan", "starts_with": "GO", "case": "ignore"}', 'ann ben',
	'{"attribute": "plan", "ends_with": "LD", "case": "ignore"}', 'ann ben',
	'{"attribute": "plan", "contains": "OL", "case": "ignore"}', 'ann ben',
	'{"attribute": "plan", "like": "G%D", "case": "ignore"}', 'ann ben',
	'{"attribute": "plan", "matches": "^GOLD$", "case": "ignore"}', 'ann ben',
	'{"attribute": "plan", "matches": "^\\w+$", "case": "ignore"}', 'ann ben',
	-- trailing blanks of character(n) do not count
	'{"attribute": "code", "is": "ab"}', 'ann',
	'{"attribute": "code", "is": "ab "}', 'ann',
	'{"attribute": "code", "ends_with": "b"}', 'ann',
	'{"attribute": "code", "matches": "b$"}', 'ann',
	'{"attribute": "code", "is": "Ab", "case": "ignore"}', 'ann ben',
	'{"attribute": "code", "like": "A_", "case": "ignore"}', 'ann ben',
	-- type name
	'{"attribute": "login", "is": "Ann"}', 'ann',
	'{"attribute": "login", "is": "ANN", "case": "ignore"}', 'ann',
	'{"attribute": "login", "in": ["ANN", "CEM"], "case": "ignore"}', 'ann cem',
	-- the column's collation orders and tells lower from upper case
	'{"attribute": "word", "less_than": "b"}', 'ben cem',
	'{"attribute": "wort", "less_than": "b"}', 'ann cem',
	'{"attribute": "word", "between": ["a", "b"]}', 'cem',
	'{"attribute": "wort", "between": ["a", "b"]}', 'ann cem',
	'{"attribute": "word", "is": "ähre", "case": "ignore"}', '-',
	'{"attribute": "wort", "is": "ähre", "case": "ignore"}', 'ann',
	'{"attribute": "wort", "starts_with": "ÄH", "case": "ignore"}', 'ann',
	'{"attribute": "wort", "matches": "^ÄH", "case": "ignore"}', 'ann',
	-- one for which Hello is hello
	'{"attribute": "slogan", "is": "HELLO"}', 'ann ben',
	'{"attribute": "slogan", "not_in": ["HELLO"]}', 'cem dan',
	'{"attribute": "slogan", "more_than": "HELL"}', 'ann ben');

--
-- Booleans, enums, UUIDs, other types with an order
--

UPDATE customer SET (opt_in, mood, token, pause) = (true, 'happy', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '1 day') WHERE name = 'ann';
UPDATE customer SET (opt_in, mood, token, pause) = (false, 'sad', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '36 hours') WHERE name = 'ben';
UPDATE customer SET (opt_in, mood, token, pause) = (true, 'calm', '00000000-0000-0000-0000-000000000000', '0') WHERE name = 'cem';

SELECT ask('2026-03-10 12:00',
	'{"attribute": "opt_in", "is": true}', 'ann cem',
	'{"attribute": "opt_in", "is": false}', 'ben',
	'{"attribute": "opt_in", "is_not": true}', 'ben dan',
	'{"attribute": "opt_in", "in": [true, false]}', 'ann ben cem',
	'{"attribute": "opt_in", "not_in": [true, false]}', 'dan',
	'{"attribute": "mood", "is": "calm"}', 'cem',
	'{"attribute": "mood", "at_least": "calm"}', 'ann cem',
	'{"attribute": "mood", "less_than": "happy"}', 'ben cem',
	'{"attribute": "mood", "between": ["sad", "calm"]}', 'ben cem',
	'{"attribute": "mood", "not_in": ["sad", "happy"]}', 'cem dan',
	'{"attribute": "token", "is": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}', 'ann',
	'{"attribute": "token", "is": "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"}', 'ann',
	'{"attribute": "token", "more_than": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}', 'ben',
	'{"attribute": "pause", "is": "24:00"}', 'ann',
	'{"attribute": "pause", "more_than": "1 day"}', 'ben');

--
-- Lists
--

UPDATE customer SET (tags, sizes, moods, grades) = ('{a,b}', '{1,2}', '{happy,calm}', '{1,2}') WHERE name = 'ann';
UPDATE customer SET (tags, sizes, moods, grades) = ('{b,NULL}', '{{3,4},{5,6}}', '{sad}', '{2}') WHERE name = 'ben';
UPDATE customer SET (tags, sizes, moods, grades) = ('{}', '{NULL}', '{}', '{}') WHERE name = 'cem';

SELECT ask('2026-03-10 12:00',
	'{"attribute": "tags", "contains_any": ["a", "c"]}', 'ann',
	'{"attribute": "tags", "contains_any": ["b"]}', 'ann ben',
	'{"attribute": "tags", "contains_any": ["NULL"]}', '-',
	'{"attribute": "tags", "contains_all": ["a", "b"]}', 'ann',
	'{"attribute": "tags", "contains_all": ["b", "b"]}', 'ann ben',
	'{"attribute": "tags", "contains_all": ["a", "c"]}', '-',
	'{"attribute": "tags", "contains_none": ["a", "c"]}', 'ben cem dan',
	'{"not": {"attribute": "tags", "contains_any": ["a", "c"]}}', 'ben cem dan',
	'{"attribute": "tags", "known": true}', 'ann ben cem',
	'{"attribute": "tags", "is": "{a,b}"}', 'ann',
	'{"attribute": "sizes", "contains_any": [2, 6]}', 'ann ben',
	'{"attribute": "sizes", "contains_all": [3, 6]}', 'ben',
	'{"attribute": "moods", "contains_any": ["calm", "sad"]}', 'ann ben',
	'{"attribute": "grades", "contains_all": [2]}', 'ann ben');

--
-- Rows in columns
--

UPDATE customer SET (home, "e.mail") = (ROW(true, ROW('Ring 1', 'Bonn')::place)::home, 'ann@example.com') WHERE name = 'ann';
UPDATE customer SET (home, "e.mail") = (ROW(false, ROW(NULL, 'Kiel')::place)::home, '') WHERE name = 'ben';
UPDATE customer SET home = ROW(NULL, NULL)::home WHERE name = 'cem';

SELECT ask('2026-03-10 12:00',
	'{"attribute": "home.place.city", "is": "Bonn"}', 'ann',
	'{"attribute": "home.place.city", "is_not": "Bonn"}', 'ben cem dan',
	'{"attribute": "home.place.city", "in": ["Bonn", "Kiel"]}', 'ann ben',
	'{"attribute": "home.place.street", "known": true}', 'ann',
	'{"attribute": "home.owner", "is": true}', 'ann',
	'{"attribute": "home.place", "known": false}', 'cem dan',
	'{"attribute": "home.place", "is": "(\"Ring 1\",Bonn)"}', 'ann',
	-- a column whose name has a dot
	'{"attribute": "e.mail", "ends_with": "example.com"}', 'ann',
	'{"attribute": "e.mail", "known": true}', 'ann ben');

--
-- Inside json and jsonb: a value of another type is no match, null is absent
--

UPDATE customer SET profile = '{"plan": "gold", "age": 30, "vip": true, "tags": ["a", 1, null, "b"], "home": {"city": "Bonn"}, "since": "2026-03-01"}' WHERE name = 'ann';
UPDATE customer SET profile = '{"plan": 7, "age": "30", "vip": "true", "tags": "a", "home": "Bonn", "since": "2026-03-01T00:00:00Z"}' WHERE name = 'ben';
UPDATE customer SET profile = '{"plan": null, "age": 30.0, "vip": false, "tags": [], "home": {"city": null}, "since": 20260301}' WHERE name = 'cem';
UPDATE customer SET notes = profile::json;

SELECT ask('2026-03-10 12:00',
	'{"attribute": "profile.plan", "is": "gold"}', 'ann',
	'{"attribute": "profile.plan", "is_not": "gold"}', 'ben cem dan',
	'{"attribute": "profile.plan", "is": 7}', 'ben',
	'{"attribute": "profile.plan", "in": ["gold", 7]}', 'ann ben',
	'{"attribute": "profile.plan", "not_in": ["gold", 7]}', 'cem dan',
	'{"attribute": "profile.plan", "known": true}', 'ann ben',
	'{"attribute": "profile.plan", "known": false}', 'cem dan',
	'{"attribute": "profile.plan", "starts_with": "g"}', 'ann',
	'{"attribute": "profile.plan", "is": "GOLD", "case": "ignore"}', 'ann',
	'{"attribute": "profile.plan", "like": "G%", "case": "ignore"}', 'ann',
	'{"attribute": "profile.age", "is": 30}', 'ann cem',
	'{"attribute": "profile.age", "is": "30"}', 'ben',
	'{"attribute": "profile.age", "at_least": 29.5}', 'ann cem',
	'{"attribute": "profile.age", "less_than": 30}', '-',
	'{"attribute": "profile.age", "between": [30, 30]}', 'ann cem',
	'{"attribute": "profile.vip", "is": true}', 'ann',
	'{"attribute": "profile.vip", "is": "true"}', 'ben',
	'{"attribute": "profile.vip", "is_not": true}', 'ben cem dan',
	'{"attribute": "profile.tags", "contains_any": ["a"]}', 'ann',
	'{"attribute": "profile.tags", "contains_all": [1, "b"]}', 'ann',
	'{"attribute": "profile.tags", "contains_none": ["a"]}', 'ben cem dan',
	'{"attribute": "profile.tags.0", "is": "a"}', 'ann',
	'{"attribute": "profile.tags.-1", "is": "b"}', 'ann',
	'{"attribute": "profile.tags.2", "known": true}', '-',
	'{"attribute": "profile.home.city", "is": "Bonn"}', 'ann',
	'{"attribute": "profile.home", "is": "Bonn"}', 'ben',
	'{"attribute": "profile.home", "known": true}', 'ann ben cem',
	'{"attribute": "profile.no.such.path", "known": false}', 'ann ben cem dan',
	'{"attribute": "profile", "known": true}', 'ann ben cem',
	'{"attribute": "profile.since", "on": "2026-03-01"}', 'ann ben',
	'{"attribute": "profile.since", "within_last": "10 days"}', 'ann ben',
	'{"attribute": "profile.since", "before": "9 days"}', 'ann ben',
	'{"attribute": "profile.since", "is": "2026-03-01"}', 'ann',
	-- the same in a column of type json
	'{"attribute": "notes.plan", "is": "gold"}', 'ann',
	'{"attribute": "notes.plan", "not_in": ["gold", 7]}', 'cem dan',
	'{"attribute": "notes.age", "is": 30}', 'ann cem',
	'{"attribute": "notes.plan", "known": true}', 'ann ben',
	'{"attribute": "notes.tags", "contains_any": ["a"]}', 'ann',
	'{"attribute": "notes.home.city", "is": "Bonn"}', 'ann',
	'{"attribute": "notes.since", "within_last": "10 days"}', 'ann ben');

-- json may hold what jsonb can't; that is no match, not an error
UPDATE customer SET notes = '{"plan": "go\u0000ld"}' WHERE name = 'ann';
SELECT ask('2026-03-10 12:00',
	'{"attribute": "notes.plan", "is": "gold"}', '-',
	'{"attribute": "notes.plan", "is_not": "gold"}', 'ann ben cem dan');

--
-- Buckets: deterministic, disjoint, and all of them are everybody
--

SELECT ask('2026-03-10 12:00',
	'{"bucket": {"seed": "spring", "from": 0, "to": 1}}', 'ann ben cem dan',
	'{"all": [{"bucket": {"seed": "spring", "from": 0, "to": 0.5}}, {"bucket": {"seed": "spring", "from": 0.5, "to": 1}}]}', '-',
	'{"any": [{"bucket": {"seed": "spring", "from": 0, "to": 0.5}}, {"bucket": {"seed": "spring", "from": 0.5, "to": 1}}]}', 'ann ben cem dan');

--
-- Cohorts of cohorts
--

INSERT INTO persona.cohort (name, condition) VALUES
	('gold', '{"attribute": "plan", "is": "gold", "case": "ignore"}'),
	('gold and happy', '{"all": [{"cohort": "gold"}, {"attribute": "mood", "is": "happy"}]}'),
	('others', '{"not": {"any": [{"cohort": "gold"}, {"cohort": "gold and happy"}]}}');
SELECT cohort, string_agg(customer, ' ' ORDER BY customer)
FROM persona.cohort_member_at('2026-03-10 12:00') GROUP BY cohort ORDER BY cohort COLLATE "C";
SELECT name, persona.in_cohort(c, 'gold'), persona.in_cohort(c, 'gold and happy'), persona.in_cohort(c, 'others')
FROM customer AS c ORDER BY name;
SELECT persona.in_cohort(c, 'silver') FROM customer AS c;
DELETE FROM persona.cohort;

--
-- Fixed dates and times
--

-- ann's clock is two hours ahead of Berlin's default, ben's zone does not exist
SELECT persona.bind_customers('customer', 'name', time_zone => 'zone', default_time_zone => 'Europe/Berlin');
UPDATE customer SET zone = 'Europe/Moscow' WHERE name = 'ann';
UPDATE customer SET zone = 'Europe/Atlantis' WHERE name = 'ben';
UPDATE customer SET birthday = '2000-02-29', alarm = '2026-03-01 00:00', last_visit = '2026-02-28 21:00+00' WHERE name = 'ann';
UPDATE customer SET birthday = '2026-03-01', alarm = '2026-02-28 23:59:59.999999', last_visit = '2026-02-28 22:59:59.999999+00' WHERE name = 'ben';
UPDATE customer SET birthday = 'infinity', alarm = '-infinity', last_visit = 'infinity' WHERE name = 'cem';

SELECT ask('2026-03-10 12:00',
	'{"attribute": "birthday", "is": "2000-02-29"}', 'ann',
	'{"attribute": "birthday", "at_least": "2000-03-01"}', 'ben cem',
	'{"attribute": "birthday", "between": ["2000-02-29", "2026-03-01"]}', 'ann ben',
	'{"attribute": "birthday", "before": "2026-03-01"}', 'ann',
	'{"attribute": "birthday", "on": "2026-03-01"}', 'ben',
	'{"attribute": "birthday", "after": "2026-02-28"}', 'ben cem',
	'{"attribute": "alarm", "is": "2026-03-01"}', 'ann',
	'{"attribute": "alarm", "is": "2026-03-01T00:00:00.000000"}', 'ann',
	'{"attribute": "alarm", "less_than": "2026-03-01"}', 'ben cem',
	'{"attribute": "alarm", "on": "2026-02-28"}', 'ben',
	'{"attribute": "alarm", "after": "2026-02-28"}', 'ann',
	-- an instant is an instant
	'{"attribute": "last_visit", "is": "2026-02-28 21:00Z"}', 'ann',
	'{"attribute": "last_visit", "is": "2026-02-28 22:00+01:00"}', 'ann',
	'{"attribute": "last_visit", "less_than": "2026-02-28 23:00+00"}', 'ann ben',
	-- a date or time without an offset is read on the customer's clock:
	-- ann's day begins at 21:00 UTC, that of the others at 23:00
	'{"attribute": "last_visit", "is": "2026-03-01"}', 'ann',
	'{"attribute": "last_visit", "at_least": "2026-03-01"}', 'ann cem',
	'{"attribute": "last_visit", "between": ["2026-02-28", "2026-03-01"]}', 'ann ben',
	'{"attribute": "last_visit", "before": "2026-03-01"}', 'ben',
	'{"attribute": "last_visit", "on": "2026-03-01"}', 'ann',
	'{"attribute": "last_visit", "on": "2026-02-28"}', 'ben',
	'{"attribute": "last_visit", "after": "2026-02-28"}', 'ann cem',
	'{"attribute": "last_visit", "after": "2026-02-28 23:59:59.999999"}', 'ann cem',
	'{"attribute": "last_visit", "on": "2026-02-28 23:59:59.999999"}', 'ben',
	-- or on the clock of the zone that is named
	'{"attribute": "last_visit", "on": "2026-02-28", "zone": "UTC"}', 'ann ben',
	'{"attribute": "last_visit", "on": "2026-03-01", "zone": "Asia/Tokyo"}', 'ann ben');

--
-- Windows of fixed length, at their edges
--

UPDATE customer SET zone = NULL, birthday = '2026-03-01', alarm = '2026-03-01 00:00', last_visit = '2026-02-28 23:00' WHERE name = 'ann';
DELETE FROM customer WHERE name <> 'ann';

\pset format aligned
\pset tuples_only off

-- within_last D is (as_of - D, as_of], within_next D is (as_of, as_of + D];
-- "before" D is until as_of - D, "after" D is after as_of + D.
-- All three columns hold the instant 2026-02-28 23:00 UTC, midnight in Berlin.
SELECT as_of,
	persona.holds(c, '{"attribute": "last_visit", "within_last": "30 days"}', as_of) AS within_last,
	persona.holds(c, '{"attribute": "last_visit", "before": "30 days"}', as_of) AS before,
	persona.holds(c, '{"attribute": "last_visit", "within_next": "30 days"}', as_of) AS within_next,
	persona.holds(c, '{"attribute": "last_visit", "after": "30 days"}', as_of) AS after
FROM customer AS c, unnest('{2026-01-29 22:59:59.999999, 2026-01-29 23:00, 2026-02-28 22:59:59.999999, 2026-02-28 23:00, 2026-03-30 22:59:59.999999, 2026-03-30 23:00}'::timestamptz[]) AS as_of
ORDER BY as_of;

SELECT as_of, bool_and(persona.holds(c, '{"attribute": "last_visit", "within_last": "30 days"}', as_of)) AS instant,
	bool_and(persona.holds(c, '{"attribute": "alarm", "within_last": "30 days"}', as_of)) AS wall_clock,
	bool_and(persona.holds(c, '{"attribute": "birthday", "within_last": "30 days"}', as_of)) AS day
FROM customer AS c, unnest('{2026-02-28 22:59:59.999999, 2026-02-28 23:00, 2026-03-30 22:59:59.999999, 2026-03-30 23:00}'::timestamptz[]) AS as_of
GROUP BY as_of ORDER BY as_of;

-- a day is 24 hours, also when the clocks change: 2026-03-29 has 23
SELECT persona.truth(c, '{"attribute": "birthday", "within_last": "30 days"}', '2026-03-10 12:00') FROM customer AS c;
SELECT persona.truth(c, '{"attribute": "birthday", "within_last": "29 days 1 hour"}', '2026-03-10 12:00') FROM customer AS c;

-- a microsecond is enough
SELECT persona.truth(c, '{"attribute": "last_visit", "within_last": "1 microsecond"}', '2026-02-28 23:00') FROM customer AS c;

--
-- Since when, and until when
--

SELECT condition, t.*
FROM customer AS c, unnest(ARRAY[
	'{"all": []}',
	'{"attribute": "last_visit", "within_last": "30 days"}',
	'{"not": {"attribute": "last_visit", "within_last": "30 days"}}',
	'{"attribute": "last_visit", "before": "30 days"}',
	'{"attribute": "last_visit", "before": "5 days"}',
	'{"attribute": "last_visit", "within_next": "30 days"}',
	'{"attribute": "last_visit", "on": "this month"}',
	'{"all": [{"attribute": "last_visit", "before": "5 days"}, {"attribute": "last_visit", "within_last": "30 days"}]}',
	'{"any": [{"attribute": "last_visit", "within_last": "5 days"}, {"attribute": "last_visit", "before": "30 days"}]}',
	'{"any": [{"attribute": "last_visit", "within_last": "20 days"}, {"attribute": "last_visit", "before": "20 days"}]}'])
		WITH ORDINALITY AS u (condition, n)
	CROSS JOIN LATERAL persona.truth(c, condition::persona.condition, '2026-03-10 12:00') AS t
ORDER BY n;

--
-- Calendar words: when a value on Tuesday 2026-02-10 begins and ceases to fulfill them
--

UPDATE customer SET birthday = '2026-02-10';
CREATE TYPE visitor AS (name text, zone text, last_visit timestamptz);
CREATE FUNCTION span(condition persona.condition, INOUT after timestamptz, OUT until timestamptz)
LANGUAGE sql AS $$
	SELECT a.until, CASE WHEN isfinite(a.until) THEN (persona.truth(c, span.condition, a.until)).until END
	FROM customer AS c CROSS JOIN LATERAL persona.truth(c, span.condition, span.after) AS a
$$;

-- in Berlin, an hour ahead of UTC in winter, two in summer
SELECT word, s.after AS since, s.until
FROM unnest('{today,this day,yesterday,last day,tomorrow,next day,this week,last week,next week,this month,last month,next month,this quarter,last quarter,next quarter,this year,last year,next year,last 1 day,last 7 days,last 30 days}'::text[])
		WITH ORDINALITY AS u (word, n)
	CROSS JOIN LATERAL span(format('{"attribute": "birthday", "on": "%s"}', word)::persona.condition, '2020-01-01') AS s
ORDER BY n;

-- before and after
SELECT period, (persona.truth(c, format('{"attribute": "birthday", "before": "%s"}', period)::persona.condition, '2020-01-01')).until AS before_since,
	(persona.truth(c, format('{"attribute": "birthday", "after": "%s"}', period)::persona.condition, '2020-01-01')).until AS after_until
FROM customer AS c, unnest('{today,this week,last month,next year}'::text[]) WITH ORDINALITY AS u (period, n)
ORDER BY n;

-- the customer's zone, and a zone that is named; the date is that of the zone
UPDATE customer SET zone = 'Asia/Tokyo';
SELECT coalesce(zone, '(the customer''s)') AS zone, s.after AS since, s.until
FROM unnest('{NULL,UTC,America/New_York,Asia/Kolkata}'::text[]) WITH ORDINALITY AS u (zone, n)
	CROSS JOIN LATERAL span(json_strip_nulls(json_build_object('attribute', 'birthday', 'on', 'today', 'zone', zone))::persona.condition, '2020-01-01') AS s
ORDER BY n;

-- an instant is on another day elsewhere: 2026-02-10 20:00 UTC is 05:00 of the 11th in Tokyo
UPDATE customer SET last_visit = '2026-02-10 20:00';
SELECT * FROM span('{"attribute": "last_visit", "on": "today"}', '2020-01-01');
SELECT * FROM span('{"attribute": "last_visit", "on": "today", "zone": "UTC"}', '2020-01-01');

-- days with a change of the clock: 23 and 25 hours in Berlin
UPDATE customer SET zone = 'Europe/Berlin', birthday = '2025-03-30';
SELECT *, until - after AS length FROM span('{"attribute": "birthday", "on": "today"}', '2020-01-01');
UPDATE customer SET birthday = '2025-10-26';
SELECT *, until - after AS length FROM span('{"attribute": "birthday", "on": "today"}', '2020-01-01');
SELECT *, until - after AS length FROM span('{"attribute": "birthday", "on": "this week"}', '2020-01-01');
-- the hour that comes twice is on that day both times
UPDATE customer SET last_visit = '2025-10-26 01:30+00';
SELECT persona.holds(c, '{"attribute": "last_visit", "on": "2025-10-26"}', '2026-01-01') AS second,
	persona.holds((c.name, c.zone, timestamptz '2025-10-26 00:30+00')::visitor, '{"attribute": "last_visit", "on": "2025-10-26"}', '2026-01-01') AS first
FROM customer AS c;
-- a wall-clock time that comes twice, or not at all, is the instant that AT TIME ZONE makes of it
SELECT local, timestamp AT TIME ZONE 'Europe/Berlin' AS instant,
	persona.holds((c.name, c.zone, timestamp AT TIME ZONE 'Europe/Berlin')::visitor, format('{"attribute": "last_visit", "is": "%s"}', local)::persona.condition, '2026-01-01')
FROM customer AS c, unnest('{2025-10-26 02:30,2025-03-30 02:30}'::text[]) AS local, CAST(local AS timestamp) AS timestamp
ORDER BY local;
-- a day that begins at 01:00, and one that was left out altogether
UPDATE customer SET zone = 'Asia/Beirut', birthday = '2022-03-27';
SELECT *, until - after AS length FROM span('{"attribute": "birthday", "on": "today"}', '2020-01-01');
UPDATE customer SET zone = 'Pacific/Apia', birthday = '2011-12-29';
SELECT *, until - after AS length FROM span('{"attribute": "birthday", "on": "today"}', '2010-01-01');
SELECT * FROM span('{"attribute": "birthday", "on": "yesterday"}', '2010-01-01');	-- the 30th

--
-- Anniversaries: whole calendar days in the customer's zone, both ends in
--

UPDATE customer SET zone = 'Europe/Berlin', birthday = '1990-03-10';
SELECT days, s.after AS since, s.until
FROM unnest('{"[\"0 days\", \"0 days\"]","[\"-2 days\", \"7 days\"]","[\"1 day\", \"1 day\"]","[\"-1 day\", \"-1 day\"]"}'::text[]) WITH ORDINALITY AS u (days, n)
	CROSS JOIN LATERAL span(format('{"attribute": "birthday", "anniversary_within": %s}', days)::persona.condition, '2026-01-01') AS s
ORDER BY n;

-- 29 February counts on 1 March in common years
UPDATE customer SET zone = 'UTC', birthday = '2000-02-29';
SELECT s.after AS since, s.until
FROM unnest('{2023,2024,2025,2026,2027,2028}'::int[]) AS year
	CROSS JOIN LATERAL span('{"attribute": "birthday", "anniversary_within": ["0 days", "0 days"]}', make_timestamptz(year, 1, 1, 0, 0, 0)) AS s
ORDER BY year;
SELECT s.after AS since, s.until FROM span('{"attribute": "birthday", "anniversary_within": ["0 days", "0 days"]}', '2100-01-01') AS s;

-- the day of birth is none, the year after it is one
SELECT * FROM span('{"attribute": "birthday", "anniversary_within": ["0 days", "0 days"]}', '1999-01-01');
-- over the turn of the year, in both directions
UPDATE customer SET birthday = '2000-01-02';
SELECT * FROM span('{"attribute": "birthday", "anniversary_within": ["-5 days", "5 days"]}', '2026-06-01');
UPDATE customer SET birthday = '2000-12-30';
SELECT * FROM span('{"attribute": "birthday", "anniversary_within": ["-5 days", "5 days"]}', '2026-06-01');
-- a window of more than a year: one anniversary's begins before the last one's ends, as far as is foreseen
SELECT (t).truth, (t).since, (t).until > '2030-01-01' AS for_years
FROM (SELECT persona.truth(c, '{"attribute": "birthday", "anniversary_within": ["-183 days", "183 days"]}', '2026-06-01') AS t FROM customer AS c) AS s;
-- of an instant the day in the customer's zone counts, or in the zone that is named
UPDATE customer SET zone = 'Asia/Tokyo', last_visit = '2000-01-01 20:00+00';
SELECT * FROM span('{"attribute": "last_visit", "anniversary_within": ["0 days", "0 days"]}', '2026-06-01');
SELECT * FROM span('{"attribute": "last_visit", "anniversary_within": ["0 days", "0 days"], "zone": "UTC"}', '2026-06-01');

--
-- NULL
--

-- without a condition, a row or an instant there is no answer
SELECT persona.holds(c, NULL, now()) AS no_condition, persona.holds(NULL::customer, '{"all": []}', now()) AS no_row,
	persona.holds(c, '{"all": []}', NULL) AS no_instant, persona.truth(c, NULL) AS no_truth, persona.in_cohort(c, NULL) AS no_cohort
FROM customer AS c;
SELECT persona.holds(42, '{"all": []}', now());
SELECT persona.holds(c, '{"all": []}', 'infinity') FROM customer AS c;
