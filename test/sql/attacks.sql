-- attacks: somebody who owns a bound table, or may merely use the schema, gets
-- no rights of anybody else's by persona.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, crm, lair CASCADE;
CREATE EXTENSION persona;
\set SHOW_CONTEXT never
CREATE ROLE persona_test_mallory;
CREATE SCHEMA crm;
CREATE SCHEMA lair AUTHORIZATION persona_test_mallory;
SELECT persona.grant_job('persona_test_mallory', 'analyst');

-- What runs with its owner's rights, and what triggers run, is for persona's own triggers.
SELECT p.oid::regprocedure AS function FROM pg_proc AS p
WHERE p.pronamespace = 'persona'::regnamespace AND (p.prosecdef OR p.prorettype = ANY ('{trigger,event_trigger}'::regtype[]))
	AND has_function_privilege('persona_test_mallory', p.oid, 'EXECUTE')
ORDER BY 1;
SET ROLE persona_test_mallory;
CREATE TABLE lair.place (channel text, capacity_day date, ended_at timestamptz);
CREATE TRIGGER steal AFTER DELETE ON lair.place FOR EACH ROW EXECUTE FUNCTION persona.give_place_back();
CREATE TRIGGER flood AFTER INSERT ON lair.place FOR EACH ROW EXECUTE FUNCTION persona.capture_changes('channel');

-- The owner of a bound table puts code into the type of a column; whoever
-- compiles a condition on it runs that code, but with no more rights than the owner's.
CREATE FUNCTION lair.check_it(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'persona_test_mallory' THEN
		RAISE WARNING 'mallory''s code runs as somebody else';
	END IF;
	INSERT INTO lair.seen VALUES ($1);
	RETURN true;
END
$$;
CREATE TABLE lair.seen (value text);
CREATE DOMAIN lair.trap AS text CHECK (lair.check_it(value));
CREATE TYPE lair.pit AS (deep lair.trap);
CREATE TABLE lair.customer (id int PRIMARY KEY, tags text[], plain text[], pit lair.pit);
CREATE TABLE lair.event (customer_id int, at timestamptz, tags text[]);
CREATE INDEX ON lair.event (customer_id, at);
RESET ROLE;
SELECT persona.bind_customers('lair.customer', 'id');
SELECT persona.bind_events('lair.event', 'customer_id', 'at', kind => 'event');
INSERT INTO persona.cohort (name, condition) VALUES
	('tagged', '{"attribute": "tags", "is": "{a}"}'),
	('pit', '{"attribute": "pit", "is": "(a)"}'),
	('event', '{"event": "event", "where": {"attribute": "tags", "is": "{b}"}}');
INSERT INTO persona.experience (name) VALUES ('e');
INSERT INTO persona.campaign (name, experience, value) VALUES ('c', 'e', 'CASE WHEN customer.plain = ''{c}'' THEN 1 ELSE 2 END');
SET ROLE persona_test_mallory;
ALTER TABLE lair.customer ALTER tags TYPE lair.trap[];
ALTER TABLE lair.customer ALTER plain TYPE lair.trap[];
ALTER TABLE lair.event ALTER tags TYPE lair.trap[];
RESET ROLE;
SELECT DISTINCT value FROM lair.seen ORDER BY 1;
-- so it is with whoever asks
SET ROLE persona_test_mallory;
INSERT INTO lair.customer (id, tags) VALUES (1, '{d}');
RESET ROLE;
TRUNCATE lair.seen;
SELECT count(*) FROM persona.cohort_member;
SELECT persona.holds(c, '{"attribute": "tags", "is": "{d}"}') FROM lair.customer AS c;
SELECT persona.holds(c, '{"event": "event", "where": {"attribute": "tags", "is": "{e}"}}') FROM lair.customer AS c;
SELECT DISTINCT value FROM lair.seen ORDER BY 1;

DROP EXTENSION persona CASCADE;
DROP SCHEMA persona, crm, lair CASCADE;
DROP ROLE persona_test_mallory;
