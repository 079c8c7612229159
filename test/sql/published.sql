-- published: other systems' published test cases, said in persona's language.
--
-- Sources: GrowthBook's SDK test cases (hash version 2; evalCondition),
-- ClickHouse's tests 00632_aggregation_window_funnel and
-- 00222_sequence_aggregate_function_family.  The answers are theirs.  Each
-- table ends with the cases that come out differently: there must be none.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, other CASCADE;
CREATE EXTENSION persona;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA other;
SET search_path = other, public;

CREATE TABLE subject (key text PRIMARY KEY, a jsonb);
CREATE TABLE hit (subject text, at timestamptz, seq integer, name text, a text, b text, data integer);
CREATE INDEX ON hit (subject, at);
SELECT persona.bind_customers('subject', 'key');
SELECT persona.bind_events('hit', 'subject', 'at', kind => 'hit', sequence => 'seq');

-- whether a condition holds, asked for row by row and folded into a plan
CREATE FUNCTION answer(subject text, condition text, as_of timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	by_row boolean;
	planned boolean;
BEGIN
	SELECT persona.holds(s, answer.condition::persona.condition, answer.as_of) INTO by_row FROM subject AS s WHERE s.key = answer.subject;
	EXECUTE format('SELECT EXISTS (SELECT FROM other.subject AS s WHERE key = %L AND persona.holds(s, %L, %L))',
		subject, condition, as_of) INTO planned;
	IF by_row IS DISTINCT FROM planned THEN
		RAISE EXCEPTION 'row by row %, in the plan %: %', by_row, planned, condition;
	END IF;
	RETURN by_row;
END
$$;

--
-- GrowthBook, "hash": version 2 of the place of a key in [0, 1)
--
CREATE TABLE hashed (seed text, value text, place numeric);
INSERT INTO hashed VALUES
	('seed', 'a', 0.0505), ('seed', 'b', 0.2696), ('foo', 'ab', 0.2575), ('foo', 'def', 0.2019),
	('89123klj', '8952klfjas09ujkasdf', 0.124), ('90850943850283058242805', '123', 0.7516), ('()**(%$##$%#$#', '___)((*":&', 0.0128);
INSERT INTO subject SELECT value FROM hashed;
-- in the bucket of its place, and not in those beside it
SELECT count(*) AS cases,
	count(*) FILTER (WHERE answer(value, format('{"bucket": {"seed": %s, "from": %s, "to": %s}}', to_json(seed), place, place + 0.0001), now())
		AND NOT answer(value, format('{"bucket": {"seed": %s, "from": 0, "to": %s}}', to_json(seed), place), now())
		AND NOT answer(value, format('{"bucket": {"seed": %s, "from": %s, "to": 1}}', to_json(seed), place + 0.0001), now())) AS same
FROM hashed;

--
-- GrowthBook, "evalCondition": attributes in json.  What differs on purpose is
-- not here: an absent value is not 0, a text is no number, any of nothing is
-- false, unknown operators and bad regular expressions are refused.
--
CREATE TABLE evaluated (name text, condition text, attributes jsonb, answer boolean);
\set father '{"all": [{"attribute": "a.father.age", "more_than": 65}, {"any": [{"attribute": "a.bday", "matches": "-12-25$"}, {"attribute": "a.name", "is": "santa"}]}]}'
\set groups '{"all": [{"attribute": "a.$groups", "contains_all": ["a", "b"]}, {"attribute": "a.$groups", "contains_any": ["c", "e"]}, {"attribute": "a.$groups", "contains_none": ["f", "g"]}]}'
\set word '{"all": [{"attribute": "a.word", "more_than": "alphabet"}, {"attribute": "a.word", "less_than": "zebra"}]}'
INSERT INTO evaluated VALUES
('$not - pass', '{"not": {"attribute": "a.name", "is": "hello"}}', '{"name": "world"}', true),
('$not - fail', '{"not": {"attribute": "a.name", "is": "hello"}}', '{"name": "hello"}', false),
('$and/$or - all true', :'father', '{"name": "santa", "bday": "1980-12-25", "father": {"age": 70}}', true),
('$and/$or - first or true', :'father', '{"name": "santa", "bday": "1980-12-20", "father": {"age": 70}}', true),
('$and/$or - second or true', :'father', '{"name": "barbara", "bday": "1980-12-25", "father": {"age": 70}}', true),
('$and/$or - first and false', :'father', '{"name": "santa", "bday": "1980-12-25", "father": {"age": 65}}', false),
('$and/$or - both or false', :'father', '{"name": "barbara", "bday": "1980-11-25", "father": {"age": 70}}', false),
('$and/$or - both and false', :'father', '{"name": "john smith", "bday": "1956-12-20", "father": {"age": 40}}', false),
('$groups - match', :'groups', '{"$groups": ["a", "b", "c", "d"]}', true),
('$groups - no match', replace(:'groups', '"f"', '"d"'), '{"$groups": ["a", "b", "c", "d"]}', false),
('$exists - false pass', '{"attribute": "a.pets.dog.name", "known": false}', '{"hello": "world"}', true),
('$exists - false fail', '{"attribute": "a.pets.dog.name", "known": false}', '{"pets": {"dog": {"name": "fido"}}}', false),
('$exists - true fail', '{"attribute": "a.pets.dog.name", "known": true}', '{"hello": "world"}', false),
('$exists - true pass', '{"attribute": "a.pets.dog.name", "known": true}', '{"pets": {"dog": {"name": "fido"}}}', true),
('equals - multiple datatypes', '{"all": [{"attribute": "a.str", "is": "str"}, {"attribute": "a.num", "is": 10}, {"attribute": "a.flag", "is": false}]}',
	'{"str": "str", "num": 10, "flag": false}', true),
('$in - pass', '{"attribute": "a.num", "in": [1, 2, 3]}', '{"num": 2}', true),
('$in - fail', '{"attribute": "a.num", "in": [1, 2, 3]}', '{"num": 4}', false),
('$in - array pass 1', '{"attribute": "a.tags", "contains_any": ["a", "b"]}', '{"tags": ["d", "e", "a"]}', true),
('$in - array pass 3', '{"attribute": "a.tags", "contains_any": ["a", "b"]}', '{"tags": ["d", "b", "a"]}', true),
('$in - array fail 1', '{"attribute": "a.tags", "contains_any": ["a", "b"]}', '{"tags": ["d", "e", "f"]}', false),
('$in - array fail 2', '{"attribute": "a.tags", "contains_any": ["a", "b"]}', '{"tags": []}', false),
('$nin - pass', '{"attribute": "a.num", "not_in": [1, 2, 3]}', '{"num": 4}', true),
('$nin - fail', '{"attribute": "a.num", "not_in": [1, 2, 3]}', '{"num": 2}', false),
('$nin - array fail 1', '{"attribute": "a.tags", "contains_none": ["a", "b"]}', '{"tags": ["d", "e", "a"]}', false),
('$nin - array pass 1', '{"attribute": "a.tags", "contains_none": ["a", "b"]}', '{"tags": ["d", "e", "f"]}', true),
('$nin - array pass 2', '{"attribute": "a.tags", "contains_none": ["a", "b"]}', '{"tags": []}', true),
('missing attribute - fail', '{"attribute": "a.pets.dog.name", "in": ["fido"]}', '{"hello": "world"}', false),
('$ne string vs missing attribute', '{"attribute": "a.country", "is_not": "de"}', '{}', true),
('$ne string vs explicit None attribute', '{"attribute": "a.country", "is_not": "de"}', '{"country": null}', true),
('$notRegex vs missing attribute', '{"not": {"attribute": "a.name", "matches": "abc"}}', '{}', true),
('$notRegexi vs missing attribute', '{"not": {"attribute": "a.name", "matches": "ABC", "case": "ignore"}}', '{}', true),
('empty $and - pass', '{"all": []}', '{"hello": "world"}', true),
('$eq - fail', '{"attribute": "a.occupation", "is": "engineer"}', '{"occupation": "civil engineer"}', false),
('$ne - pass', '{"attribute": "a.level", "is_not": "senior"}', '{"level": "junior"}', true),
('$ne - fail', '{"attribute": "a.level", "is_not": "senior"}', '{"level": "senior"}', false),
('$regex - pass', '{"attribute": "a.userAgent", "matches": "(Mobile|Tablet)"}', '{"userAgent": "Android Mobile Browser"}', true),
('$regex - fail', '{"attribute": "a.userAgent", "matches": "(Mobile|Tablet)"}', '{"userAgent": "Chrome Desktop Browser"}', false),
('$regexi - pass', '{"attribute": "a.userAgent", "matches": "(mobile|tablet)", "case": "ignore"}', '{"userAgent": "Android Mobile Browser"}', true),
('$regexi - pass (uppercase pattern)', '{"attribute": "a.userAgent", "matches": "(MOBILE|TABLET)", "case": "ignore"}', '{"userAgent": "android mobile browser"}', true),
('$regexi - fail', '{"attribute": "a.userAgent", "matches": "(mobile|tablet)", "case": "ignore"}', '{"userAgent": "Chrome Desktop Browser"}', false),
('$ini - pass', '{"attribute": "a.tags", "in": ["A", "B"], "case": "ignore"}', '{"tags": "a"}', true),
('$ini - fail', '{"attribute": "a.tags", "in": ["a", "b"], "case": "ignore"}', '{"tags": "c"}', false),
('$nini - pass', '{"attribute": "a.tags", "not_in": ["A", "B"], "case": "ignore"}', '{"tags": "c"}', true),
('$nini - fail', '{"attribute": "a.tags", "not_in": ["A", "B"], "case": "ignore"}', '{"tags": "a"}', false),
('$gt/$lt - fail $lt', '{"all": [{"attribute": "a.age", "more_than": 30}, {"attribute": "a.age", "less_than": 60}]}', '{"age": 60}', false),
('$gt/$lt - fail $gt', '{"all": [{"attribute": "a.age", "more_than": 30}, {"attribute": "a.age", "less_than": 60}]}', '{"age": 30}', false),
('$gte/$lte - pass $gte', '{"attribute": "a.age", "between": [30, 60]}', '{"age": 30}', true),
('$gte/$lte - pass $lte', '{"attribute": "a.age", "between": [30, 60]}', '{"age": 60}', true),
('$gte/$lte - fail $lte', '{"attribute": "a.age", "between": [30, 60]}', '{"age": 61}', false),
('$gt/$lt strings - fail $gt', :'word', '{"word": "alphabet"}', false),
('$gt/$lt strings - fail $lt', :'word', '{"word": "zebra"}', false),
('$gt/$lt strings - pass', :'word', '{"word": "always"}', true),
('$gt/$lt strings - fail uppercase', :'word', '{"word": "AZL"}', false),
('nested value is null', '{"attribute": "a.address.state", "is": "CA"}', '{"address": null}', false),
('nested value is integer', '{"attribute": "a.address.state", "is": "CA"}', '{"address": 123}', false),
('$elemMatch contains - pass', '{"attribute": "a.tags", "contains_any": ["bar"]}', '{"tags": ["foo", "bar", "baz"]}', true),
('$elemMatch not contains - fail', '{"attribute": "a.tags", "contains_none": ["bar"]}', '{"tags": ["foo", "bar", "baz"]}', false),
('$all - pass', '{"attribute": "a.tags", "contains_all": ["one", "three"]}', '{"tags": ["one", "two", "three"]}', true),
('$all - fail', '{"attribute": "a.tags", "contains_all": ["one", "three"]}', '{"tags": ["one", "two", "four"]}', false),
('$all - fail not array', '{"attribute": "a.tags", "contains_all": ["one", "three"]}', '{"tags": "hello"}', false),
('$nor - pass', '{"not": {"any": [{"attribute": "a.name", "is": "john"}, {"attribute": "a.age", "less_than": 30}]}}', '{"name": "jim", "age": 40}', true),
('$nor - fail first', '{"not": {"any": [{"attribute": "a.name", "is": "john"}, {"attribute": "a.age", "less_than": 30}]}}', '{"name": "john", "age": 40}', false),
('null condition - null attribute', '{"attribute": "a.userId", "known": false}', '{"userId": null}', true),
('null condition - missing attribute', '{"attribute": "a.userId", "known": false}', '{}', true),
('null condition - zero attribute', '{"attribute": "a.userId", "known": false}', '{"userId": 0}', false),
('null condition - empty string attribute', '{"attribute": "a.userId", "known": false}', '{"userId": ""}', false),
('null condition - false attribute', '{"attribute": "a.userId", "known": false}', '{"userId": false}', false),
('false condition - missing attribute', '{"attribute": "a.userId", "is": false}', '{}', false);
INSERT INTO subject SELECT name, attributes FROM evaluated;
SELECT count(*) AS cases, count(*) FILTER (WHERE answer(name, condition, now()) = answer) AS same FROM evaluated;
SELECT name, answer FROM evaluated WHERE answer(name, condition, now()) <> answer;

--
-- ClickHouse: funnels.  A level is reached if a sequence of the first steps
-- matched at any time; a window of w whole seconds there is "within" w + 1 here.
--
CREATE FUNCTION ever(subject text, condition text) RETURNS boolean
LANGUAGE sql AS $$
	SELECT coalesce(bool_or(answer(ever.subject, ever.condition, h.at)), false) FROM hit AS h WHERE h.subject = ever.subject
$$;
-- The highest level.  between: what must not happen before step n, as a condition on a hit, with %s for the steps up to n
CREATE FUNCTION funnel(subject text, seconds integer, steps text[], "before" text DEFAULT NULL, further text DEFAULT '') RETURNS integer
LANGUAGE sql AS $$
	SELECT coalesce(max(n), 0)
	FROM generate_series(1, cardinality(steps)) AS n
	WHERE ever(subject, format('{"sequence": [%s], "within": "%s seconds"}', (
		SELECT string_agg(CASE WHEN k > 1 AND "before" IS NOT NULL THEN format('{"no": "hit", "where": %s}, ',
				format("before", array_to_string(steps[1 : k], ', '), array_to_string(steps[k - 1 : k], ', '))) ELSE '' END
			|| format('{"event": "hit", "where": %s%s}', CASE WHEN steps[k] LIKE '{%' THEN steps[k] ELSE format('{"attribute": "name", "is": %s}', steps[k]) END,
				CASE WHEN k > 1 THEN further ELSE '' END), ', ' ORDER BY k)
		FROM generate_series(1, n) AS k), seconds + 1))
$$;

INSERT INTO subject VALUES ('thousands'), ('same time'), ('nobody');
INSERT INTO hit (subject, at, seq, name, data)
	SELECT 'thousands', to_timestamp(n), n, 'hit', 1000 + n FROM generate_series(0, 8) AS n;
INSERT INTO hit (subject, at, seq, name, data) VALUES
	('same time', to_timestamp(0), 0, '', 1000), ('same time', to_timestamp(1), 1, '', 1001), ('same time', to_timestamp(1), 2, '', 1002),
	('same time', to_timestamp(1), 3, '', 1003), ('same time', to_timestamp(2), 4, '', 1004);
CREATE FUNCTION numbers(VARIADIC n integer[]) RETURNS text[]
LANGUAGE sql AS $$ SELECT array_agg(format('{"attribute": "data", "is": %s}', x) ORDER BY place) FROM unnest(n) WITH ORDINALITY AS u (x, place) $$;
-- their answers: 1 2 3 4, 1 3 4 5, 2 1, 4
SELECT funnel('thousands', 10000, numbers(1000)), funnel('thousands', 10000, numbers(1000, 1001)),
	funnel('thousands', 10000, numbers(1000, 1001, 1002)), funnel('thousands', 10000, numbers(1000, 1001, 1002, 1008));
SELECT funnel('thousands', 1, numbers(1000)), funnel('thousands', 2, numbers(1003, 1004, 1005, 1006, 1007)),
	funnel('thousands', 3, numbers(1003, 1004, 1005, 1006, 1007)), funnel('thousands', 4, numbers(1003, 1004, 1005, 1006, 1007));
SELECT funnel('thousands', 10000, numbers(1001, 1008)), funnel('thousands', 10000, numbers(1008, 1001));
SELECT funnel('thousands', 4, '{"{\"attribute\": \"data\", \"at_most\": 1007}","{\"attribute\": \"data\", \"at_least\": 1002}",
	"{\"attribute\": \"data\", \"at_most\": 1006}","{\"attribute\": \"data\", \"at_least\": 1004}"}');
-- ties: 5, 2 if times must increase, 1 if an event may serve one step only
SELECT funnel('same time', 10000, numbers(1000, 1001, 1002, 1003, 1004)),
	funnel('same time', 10000, numbers(1000, 1001, 1002, 1003, 1004), further => ', "after": "1 microsecond"'),
	funnel('same time', 10000, numbers(1004, 1004, 1004));

CREATE TABLE path (subject text, hits text, loose integer, strict integer);
INSERT INTO path VALUES
	('s1', 'abc', 3, 3), ('s2', 'adbc', 3, 1), ('s3', 'aabbcc', 3, 3), ('s4', 'aaaabbcc', 3, 3), ('s5', 'aabbdcc', 3, 2),
	('s6', 'ccbbaa', 1, 1), ('s7', 'acb', 2, 1), ('s8', 'abac', 3, 2), ('s9', 'abcbd', 3, 3);
INSERT INTO subject SELECT subject FROM path;
INSERT INTO hit (subject, at, seq, name) SELECT subject, to_timestamp(n), n, substr(hits, n, 1) FROM path, generate_series(1, length(hits)) AS n;
SELECT subject, hits, loose, strict FROM path
WHERE funnel(subject, 86400, '{"\"a\"","\"b\"","\"c\""}') <> loose
	OR funnel(subject, 86400, '{"\"a\"","\"b\"","\"c\""}', '{"attribute": "name", "not_in": [%2$s]}') <> strict;
-- steps gone through may come again ("allow_reentry"), three and four steps
CREATE TABLE again (subject text, hits text, three integer, four integer);
INSERT INTO again VALUES ('r1', 'abac', 3, 3), ('r2', 'ababc', 3, 3), ('r3', 'abcbd', 3, 4), ('r4', 'acb', 1, 1), ('r5', 'abcabcd', 3, 4);
INSERT INTO subject SELECT subject FROM again;
INSERT INTO hit (subject, at, seq, name) SELECT subject, to_timestamp(n), n, substr(hits, n, 1) FROM again, generate_series(1, length(hits)) AS n;
SELECT subject, hits, three, four FROM again
WHERE funnel(subject, 86400, '{"\"a\"","\"b\"","\"c\""}', '{"attribute": "name", "not_in": [%1$s]}') <> three
	OR funnel(subject, 86400, '{"\"a\"","\"b\"","\"c\"","\"d\""}', '{"attribute": "name", "not_in": [%1$s]}') <> four;
-- failure, failure, success within 200 seconds: 3, 2, 1
INSERT INTO subject VALUES ('123'), ('234'), ('345') ON CONFLICT DO NOTHING;
INSERT INTO hit (subject, at, seq, name) SELECT subject, to_timestamp(t), 0, name FROM (VALUES
	('234', 100, 'failure'), ('345', 200, 'success'), ('345', 210, 'failure'), ('345', 230, 'success'),
	('234', 250, 'failure'), ('123', 180, 'failure'), ('123', 220, 'failure'), ('123', 250, 'success')) AS h (subject, t, name);
SELECT s.key, funnel(s.key, 200, '{"\"failure\"","\"failure\"","\"success\""}') FROM subject AS s WHERE s.key IN ('123', '234', '345') ORDER BY s.key;
-- absent properties: {2,2,0,0} {2,1,0,0} {0,0,1,0} {0,0,1,2}
INSERT INTO subject VALUES ('n1'), ('n2'), ('n3'), ('n4');
INSERT INTO hit (subject, at, seq, a, b) VALUES
	('n1', to_timestamp(1), 0, 'a1', 'b1'), ('n1', to_timestamp(2), 0, 'a2', 'b2'), ('n2', to_timestamp(1), 0, 'a1', NULL), ('n2', to_timestamp(2), 0, 'a2', NULL),
	('n3', to_timestamp(1), 0, NULL, NULL), ('n4', to_timestamp(1), 0, NULL, 'b1'), ('n4', to_timestamp(2), 0, 'a2', NULL), ('n4', to_timestamp(3), 0, NULL, 'b3');
SELECT array_agg(funnel(s.key, 86400, steps) ORDER BY s.key)
FROM subject AS s, (VALUES
	(1, ARRAY['{"attribute": "a", "is": "a1"}', '{"attribute": "a", "is": "a2"}']),
	(2, ARRAY['{"attribute": "a", "is": "a1"}', '{"attribute": "b", "is": "b2"}']),
	(3, ARRAY['{"all": [{"attribute": "a", "known": false}, {"attribute": "b", "known": false}]}']),
	(4, ARRAY['{"attribute": "a", "known": false}', '{"attribute": "b", "is": "b3"}'])) AS f (place, steps)
WHERE s.key LIKE 'n_' GROUP BY place ORDER BY place;

--
-- ClickHouse: sequenceMatch.  "(?1)(?2)" is side by side, "(?1)(?t<3)(?2)" a gap.
--
INSERT INTO subject VALUES ('line');
INSERT INTO hit (subject, at, seq, data) SELECT 'line', to_timestamp(place - 1), place, data
FROM unnest('{0,0,0,0,1,2,0,0,0,0,1,1}'::integer[]) WITH ORDINALITY AS u (data, place);
-- steps and gaps: a number is a value of data, "!" side by side, anything else keys of the next step
CREATE FUNCTION pattern(VARIADIC parts text[]) RETURNS boolean
LANGUAGE sql AS $$
	SELECT ever('line', format('{"sequence": [%s]}', string_agg(
		CASE WHEN part = '!' THEN '{"no": "hit"}'
			ELSE format('{"event": "hit", "where": {"attribute": "data", "is": %s}%s}', substring(part, '^\d+'), coalesce(', ' || substring(part, '^\d+ (.*)'), '')) END,
		', ' ORDER BY place)))
	FROM unnest(parts) WITH ORDINALITY AS p (part, place)
$$;
CREATE TABLE matched (theirs text, ours boolean, answer boolean);
INSERT INTO matched VALUES
('(?1)', pattern('0'), true), ('(?3)', pattern('2'), true), ('(?4)', pattern('3'), false),
('(?1)(?1)', pattern('0', '!', '0'), true), ('(?1)(?1)(?1)(?1)', pattern('0', '!', '0', '!', '0', '!', '0'), true),
('(?1)(?1)(?1)(?1)(?1)', pattern('0', '!', '0', '!', '0', '!', '0', '!', '0'), false),
('(?1)(?1)(?1)(?1)(?2)', pattern('0', '!', '0', '!', '0', '!', '0', '!', '1'), true),
('(?1)(?t>10)(?2)', pattern('0', '1 "after": "10 seconds 1 microsecond"'), true),
('(?1)(?t>11)(?2)', pattern('0', '1 "after": "11 seconds 1 microsecond"'), false),
('(?1)(?t<11)(?2)', pattern('0', '1 "within": "11 seconds"'), true),
('(?1)(?t<3)(?3)', pattern('0', '2 "within": "3 seconds"'), true),
('(?1)(?t<=2)(?3)', pattern('0', '2 "within": "2 seconds 1 microsecond"'), true),
('(?1)(?t<2)(?3)', pattern('0', '2 "within": "2 seconds"'), false),
('(?2)(?t>=7)(?2)', pattern('1', '1 "after": "7 seconds"'), true),
('(?2)(?t>7)(?2)', pattern('1', '1 "after": "7 seconds 1 microsecond"'), false),
('(?2)(?3)(?1)', pattern('1', '!', '2', '!', '0'), true),
('(?1)(?t==2)(?2)', pattern('1', '2 "after": "2 seconds", "within": "2 seconds 1 microsecond"'), false),
('(?1)(?t==1)(?2)', pattern('1', '2 "after": "1 second", "within": "1 second 1 microsecond"'), true);
SELECT count(*) AS cases, count(*) FILTER (WHERE ours = answer) AS same FROM matched;
SELECT * FROM matched WHERE ours <> answer;
