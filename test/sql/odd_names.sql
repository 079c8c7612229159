-- odd_names: relations, columns, kinds and definitions may have any name, and
-- columns those that persona's own queries use

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, "we""ird; 'x'" CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA "we""ird; 'x'";
SET search_path = "we""ird; 'x'", public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\pset linestyle old-ascii

CREATE TABLE U&"cus'to""mer\000A\\\00E4%I$$" (
	U&"k""e'y\000A%s" text COLLATE "C" PRIMARY KEY, "first name" text, "{{a|b}}" text, "e-mail'" text, "tz""" text, "lang%L" text,
	customer int, c int, e int, p int, t int, d int, k int, as_of int, program int, events int);
INSERT INTO U&"cus'to""mer\000A\\\00E4%I$$" VALUES
	(E'o''brien"\n\\', 'Bob "x"', '<&>', 'a@b.example', 'Europe/Berlin', 'de', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
	('', 'empty key', NULL, 'e@x.example', 'Nowhere', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
	('ü😀%s', NULL, '', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE U&"eve""nt's\000D%" (
	U&"cust""omer'" text, U&"a""t%" timestamptz, U&"ki'nd" text, U&"se""q" int, "am.ount" numeric,
	"per" text, customer text, at text, kind text, e int, c int, k int, key int);
CREATE INDEX ON U&"eve""nt's\000D%" (U&"cust""omer'", U&"a""t%");
INSERT INTO U&"eve""nt's\000D%"
SELECT U&"k""e'y\000A%s", timestamptz '2026-03-01 12:00+00' - n * interval '1 hour', (ARRAY['bu"y''', U&'vie\000Aw'])[1 + n % 2], n, n * 10,
	'x' || n % 3, 'w', 'z', 'q', 1, 2, 3, 4
FROM U&"cus'to""mer\000A\\\00E4%I$$", generate_series(1, 20) AS n;
SELECT persona.bind_customers(U&'"cus''to""mer\000A\\\00E4%I$$"', U&'k"e''y\000A%s', time_zone => 'tz"', language => 'lang%L');
SELECT persona.bind_events(U&'"eve""nt''s\000D%"', U&'cust"omer''', U&'a"t%', kind_column => U&'ki''nd', sequence => U&'se"q', name => E'so"u\n''rce%s');
INSERT INTO persona.cohort (name, condition) VALUES
	(E'co"h''o\nrt%s\\', '{"attribute": "first name", "known": true}'),
	('bought', '{"event": "bu\"y''", "sum": "am.ount", "at_least": 10}'),
	('seen', '{"event": "vie\nw", "where": {"attribute": "per", "is": "x1"}}'),
	-- a column of that name, not the time
	('at', '{"event": "bu\"y''", "where": {"attribute": "at", "is": "z"}}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES (E'tri"g\n''ger%', '{"event": "bu\"y''"}', '2 days');
INSERT INTO persona.experience (name) VALUES (E'ex"p''\n'), ('other');
INSERT INTO persona.channel (name, address_column, capacity_per_day) VALUES (E'e-"mail''\n%s', 'e-mail''', 1);
INSERT INTO persona.placement (channel, name) VALUES (E'e-"mail''\n%s', E'pl"ace''\n');
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES
	(E'm"''%s', E'ex"p''\n', E'e-"mail''\n%s', 'Hi {{customer.first name|x}}', '{{event.am.ount|none}} {{customer.as_of|d}} {{customer.e-mail''|x}}'),
	(E'o"''%s', 'other', E'e-"mail''\n%s', NULL, '{{customer.c|?}}');
INSERT INTO persona.campaign (name, experience, trigger, cohort, value) VALUES
	(E'ca"m''\n%', E'ex"p''\n', E'tri"g\n''ger%', E'co"h''o\nrt%s\\', 'customer."as_of" + customer.c + event.e + event."am.ount"'),
	('here', 'other', NULL, NULL, 1);
INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES
	(E'ca"m''\n%', 1, E'e-"mail''\n%s', NULL), ('here', 1, E'e-"mail''\n%s', E'pl"ace''\n');

-- each way of asking
\set as_of '''2026-03-01 12:30+00'''
SELECT customer, cohort, since FROM persona.cohort_member_at(:as_of) ORDER BY customer, cohort COLLATE "C";
SELECT count(*) FROM (SELECT * FROM persona.cohort_member_at(:as_of) EXCEPT SELECT * FROM persona.cohort_member_of_all(:as_of)) AS d;
SELECT count(*) FROM (SELECT * FROM persona.next_message_at(:as_of) EXCEPT SELECT * FROM persona.next_message_of_all(:as_of)) AS d;
SELECT customer, campaign, channel, subject, body, score FROM persona.next_message_at(:as_of) ORDER BY 1;
SELECT customer, trigger, fired_at FROM persona.open_trigger_at(:as_of) ORDER BY 1;
SELECT campaign, stage, reason FROM persona.explain('ü😀%s', :as_of) ORDER BY 1;
SELECT slot, campaign, body FROM persona.next_message_for('', E'e-"mail''\n%s', E'pl"ace''\n', '{"a\u000ab": "c"}', :as_of);
SELECT customer, change, campaign_before FROM persona.simulate(persona.program_with(persona.program(),
	jsonb_build_object('campaigns', jsonb_build_object(E'ca"m''\n%', NULL))), :as_of) ORDER BY 1;
SELECT channel, wanted, served, price FROM persona.prices_at(:as_of);
SELECT definition, name, attributes, events FROM persona.feasibility_at(:as_of) ORDER BY definition, name COLLATE "C";
-- one condition, whose events are read by themselves
SELECT U&"k""e'y\000A%s" AS key,
	persona.holds(x, '{"event": "bu\"y''", "where": {"attribute": "e", "is": 1}}', :as_of) AS bought,
	persona.truth(x, '{"sequence": [{"event": "bu\"y''"}, {"event": "vie\nw"}]}', :as_of) AS in_order
FROM U&"cus'to""mer\000A\\\00E4%I$$" AS x ORDER BY 1;
SELECT count(*) FROM U&"cus'to""mer\000A\\\00E4%I$$" AS x WHERE persona.in_cohort(x, E'co"h''o\nrt%s\\');

-- changes, runs, delivery
SELECT persona.watch_changes(U&'"cus''to""mer\000A\\\00E4%I$$"');
SELECT persona.watch_changes(U&'"eve""nt''s\000D%"');
SELECT persona.refresh_snapshot(:as_of);
CALL persona.run(as_of => :as_of);
INSERT INTO U&"eve""nt's\000D%" VALUES ('', '2026-03-01 12:31+00', 'bu"y''', 1, 1, 'x');
SELECT * FROM persona.change;
CALL persona.run(as_of => '2026-03-01 12:32+00');
SELECT state, total, done, written, suppressed, errors FROM persona.run_log ORDER BY run;
SELECT persona.refresh_snapshot('2026-03-01 12:33+00');
SELECT customer, campaign, status, subject, body FROM persona.contact;
SELECT persona.notify_name(E'e-"mail''\n%s');
SELECT customer, address, body, attempt FROM persona.claim(E'e-"mail''\n%s', as_of => '2026-03-01 12:34+00');
SELECT persona.report(idempotency_key, 'clicked', '2026-03-01 12:35+00') FROM persona.contact;
SELECT customer, outcome, channel FROM persona.response;
SELECT customer, campaign, body FROM persona.commit_message('ü😀%s', E'e-"mail''\n%s', E'pl"ace''\n');
SELECT persona.choose_objection('', E'e-"mail''\n%s');
SELECT campaign, stage FROM persona.explain('') ORDER BY 1;

SELECT persona.unwatch_changes(U&'"eve""nt''s\000D%"');
DELETE FROM persona.campaign;
DELETE FROM persona.trigger;
DELETE FROM persona.cohort;
DELETE FROM persona.message;
DELETE FROM persona.placement;
DELETE FROM persona.channel;
SELECT persona.unbind_events(E'so"u\n''rce%s');
SELECT persona.unbind_customers();

-- A program's own texts become parts of queries; they are operators and columns, or refused.
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE event (customer_id int, at timestamptz);
CREATE INDEX ON event (customer_id, at);
DROP TABLE persona.contact, persona.response, persona.choice;
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('event', 'customer_id', 'at', kind => 'event', name => 'event');
INSERT INTO persona.cohort (name, condition) VALUES ('c', '{"event": "event"}');
DO $$
DECLARE
	odd text;
	events int := (SELECT o - 1 FROM jsonb_array_elements(persona.program()::jsonb -> 'events') WITH ORDINALITY AS e (e, o) WHERE e ->> 'name' = 'event');
BEGIN
	FOREACH odd IN ARRAY ARRAY['', '=', 'x', '= 1 OR e.customer_id =', 'OPERATOR(pg_catalog.=)', 'OPERATOR("pg_catalog".=)', 'OPERATOR(pg_catalog.=) 1 OR 1 OPERATOR(pg_catalog.=)',
		'OPERATOR(pg_catalog.=', 'OPERATOR(=)', 'OPERATOR(pg_catalog.)', 'OPERATOR("pg_catalog.=)', 'OPERATOR(a"".=)', 'OPERATOR(pg_catalog.--)', 'OPERATOR(pg_catalog./*)', 'OPERATOR("nowhere"".".=)'] LOOP
		BEGIN
			PERFORM * FROM persona.reach_of_all(jsonb_set(persona.program()::jsonb, ARRAY['events', events::text, 'equality'], to_jsonb(odd))::persona.program, now());
			RAISE WARNING '%: done', odd;
		EXCEPTION WHEN OTHERS THEN
			RAISE WARNING '%: % %', odd, SQLSTATE, SQLERRM;
		END;
	END LOOP;
	FOREACH odd IN ARRAY ARRAY['', 'nothing', 'ctid'] LOOP
		BEGIN
			PERFORM * FROM persona.decisions_of_all(jsonb_set(persona.program()::jsonb, ARRAY['customers', 'key'], to_jsonb(odd))::persona.program, now()) AS r (customer int, decision persona.decision);
			RAISE WARNING '%: done', odd;
		EXCEPTION WHEN OTHERS THEN
			RAISE WARNING '%: % %', odd, SQLSTATE, SQLERRM;
		END;
	END LOOP;
END
$$;
DROP EXTENSION persona CASCADE;
DROP SCHEMA persona, "we""ird; 'x'" CASCADE;
