--
-- What hostile tests found: each was wrong once
--

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, hos CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA hos;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE TABLE hos.customer (id integer PRIMARY KEY, name text);
CREATE TABLE hos.sale (customer_id integer, at timestamptz, item integer, amount numeric);
CREATE INDEX ON hos.sale (customer_id, at);
INSERT INTO hos.customer VALUES (1, 'a'), (2, 'b');
INSERT INTO hos.sale VALUES (1, '2026-03-01', 7, NULL), (2, '2026-03-01', 7, 50), (2, '2026-03-01', 8, 100);
SELECT persona.bind_customers('hos.customer', 'id');
SELECT persona.bind_events('hos.sale', 'customer_id', 'at', kind => 'sale');

-- A key exists by any of its events, not only by those with an amount.
SELECT c.id, q.condition, persona.holds(c, q.condition, '2026-03-02')
FROM hos.customer AS c CROSS JOIN (VALUES
	('{"per": "item", "event": "sale", "max": "amount", "is_not": 50}'::persona.condition),
	('{"per": "item", "event": "sale", "min": "amount", "not_in": [50, 100]}'),
	('{"per": "item", "not": {"event": "sale", "max": "amount", "at_least": 100}}')) AS q (condition)
ORDER BY 2::text, 1;

-- A program that is computed is computed once, not for each event.
CREATE SEQUENCE hos.calls;
CREATE FUNCTION hos.made() RETURNS persona.program LANGUAGE plpgsql STABLE AS $$
BEGIN
	PERFORM nextval('hos.calls');
	RETURN persona.program_for('{"event": "sale", "within": "30 days"}');
END
$$;
SELECT count(*) FROM persona.all_rulings('2026-03-02', hos.made());
SELECT count(*) FROM persona.rulings('{1,2}', '2026-03-02', hos.made());
SELECT last_value AS calls FROM hos.calls;

-- A program's members are objects where objects are expected.
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, ARRAY[m], '[[]]')::persona.program)
FROM jsonb_object_keys(persona.program()::jsonb) AS m WHERE m = 'customers';
DO $$
DECLARE
	part text;
	odd text;
BEGIN
	FOR part IN SELECT k FROM jsonb_object_keys(persona.program()::jsonb) AS k WHERE k <> 'persona' LOOP
		FOREACH odd IN ARRAY ARRAY['[[]]', '[1]', '[null]', '{"a": 1}', '1', '"x"', 'true'] LOOP
			BEGIN
				PERFORM persona.check_program(jsonb_set(persona.program()::jsonb, ARRAY[part], odd::jsonb)::persona.program);
				RAISE WARNING '% may be %', part, odd;
			EXCEPTION WHEN invalid_parameter_value OR undefined_object THEN
				NULL;
			END;
		END LOOP;
	END LOOP;
END
$$;
