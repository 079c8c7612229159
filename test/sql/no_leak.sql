-- no leak: every table, view and function of persona, as the catalogs have them,
-- answers a role that row security restricts to some customers the same,
-- whatever the data of the others are.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE persona_test_analyst;
CREATE ROLE persona_test_planner;
CREATE ROLE persona_test_sender;
CREATE TABLE shop.customer (id bigint PRIMARY KEY, name text, region text, email text, plan text, clv numeric, zone text);
CREATE TABLE shop.sale (customer_id bigint, at timestamptz, amount numeric, item text);
CREATE INDEX ON shop.sale (customer_id, at);
SELECT persona.bind_customers('shop.customer', 'id', time_zone => 'zone');
SELECT persona.bind_events('shop.sale', 'customer_id', 'at', kind => 'sale');
SELECT persona.watch_changes('shop.customer');
INSERT INTO persona.cohort (name, condition) VALUES ('all', '{"attribute": "name", "known": true}'),
	('gold', '{"attribute": "plan", "is": "gold"}'), ('big', '{"event": "sale", "sum": "amount", "within": "30 days", "at_least": 100}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('bought', '{"event": "sale"}', '30 days');
INSERT INTO persona.experience (name) VALUES ('news'), ('vip');
INSERT INTO persona.channel (name, address_column, capacity_per_day) VALUES ('email', 'email', 3), ('phone', NULL, NULL);
INSERT INTO persona.placement (channel, name) VALUES ('phone', 'call');
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES ('m', 'news', 'email', 'For {{customer.name}}', 'About {{event.item}}'),
	('call', 'news', 'phone', NULL, 'Tell {{customer.name}}'), ('vip', 'vip', 'email', 'Dear {{customer.name}}', 'For you');
INSERT INTO persona.campaign (name, experience, cohort, trigger, value, max_contacts, max_contacts_within) VALUES
	('news', 'news', 'all', 'bought', 'clv', 1, '1 day'), ('vip', 'vip', 'gold', NULL, '5', 1, '1 day');
INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES ('news', 1, 'email', NULL), ('news', 2, 'phone', 'call'), ('vip', 1, 'email', NULL);

-- what is seen, then what is hidden, in two versions
INSERT INTO shop.customer SELECT i, 'Name ' || i, 'north', 'c' || i || '@example.org', CASE WHEN i = 2 THEN 'gold' ELSE 'free' END, 10 * i, 'UTC' FROM generate_series(1, 4) AS i;
INSERT INTO shop.sale SELECT i, now() - interval '2 hours', 40 * i, 'item ' || i FROM generate_series(1, 4) AS i;
INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, message, decided_at, send_at, idempotency_key, body)
SELECT i, i, 'vip', 'vip', 'email', 'vip', now() - interval '28 days', now() - interval '10 minutes', md5(i::text)::uuid, 'Body' FROM generate_series(1, 3) AS i;
INSERT INTO persona.response (customer, response_id, contact_id, at, outcome) VALUES (1, 1, 1, now() - interval '27 days', 'opened');
INSERT INTO persona.choice (customer, choice_id, at, choice, channel) VALUES (2, 1, now() - interval '27 days', 'consent', 'email');
CREATE PROCEDURE shop.hide(version integer) LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM shop.customer WHERE id > 4;
	DELETE FROM shop.sale WHERE customer_id > 4;
	DELETE FROM persona.contact WHERE customer > 4;
	DELETE FROM persona.response WHERE customer > 4;
	DELETE FROM persona.choice WHERE customer > 4;
	DELETE FROM persona.due;
	DELETE FROM persona.capacity_use;
	IF version = 1 THEN
		INSERT INTO shop.customer SELECT i, 'Name ' || i, 'south', 'c' || i || '@example.org', 'free', 10, 'UTC' FROM generate_series(5, 8) AS i;
		RETURN;
	END IF;
	INSERT INTO shop.customer SELECT i, CASE WHEN i <> 6 THEN 'Secret ' || i END, 'south', 's' || i || '@example.org', 'gold', 1e30, 'Mars/Crater' FROM generate_series(5, 40) AS i WHERE i <> 7;
	INSERT INTO shop.sale SELECT i, now() - interval '1 hour', 1000 * i, 'secret ' || i FROM generate_series(5, 40) AS i;
	INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, message, decided_at, send_at, idempotency_key, body)
	SELECT i, i, 'vip', 'vip', 'email', 'vip', now() - interval '28 days', now() - interval '28 days', md5(i::text)::uuid, 'Secret body' FROM generate_series(5, 20) AS i;
	INSERT INTO persona.response (customer, response_id, contact_id, at, outcome) SELECT i, i, i, now() - interval '27 days', 'complained' FROM generate_series(5, 20) AS i;
	INSERT INTO persona.choice (customer, choice_id, at, choice, channel) SELECT i, i, now() - interval '27 days', 'objection', 'email' FROM generate_series(8, 20) AS i;
	INSERT INTO persona.due SELECT i FROM generate_series(5, 20) AS i;
	INSERT INTO persona.capacity_use VALUES ('email', now()::date, 2);
	PERFORM persona.refresh_snapshot(now());
END
$$;
SELECT persona.grant_job('persona_test_analyst', 'analyst');
SELECT persona.grant_job('persona_test_planner', 'planner');
SELECT persona.grant_job('persona_test_sender', 'sender');
ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY north ON shop.customer USING (region = 'north');
ALTER TABLE shop.sale ENABLE ROW LEVEL SECURITY;
CREATE POLICY known ON shop.sale USING (EXISTS (SELECT FROM shop.customer AS c WHERE c.id = customer_id));

-- A question to each relation, and to each function with arguments for its types.
CREATE FUNCTION shop.questions() RETURNS TABLE (object text, question text, open boolean) LANGUAGE sql AS $$
	SELECT c.oid::regclass::text, format('SELECT string_agg(q::text, E''\n'' ORDER BY q::text) FROM persona.%I AS q', c.relname), true
	FROM pg_class AS c WHERE c.relnamespace = 'persona'::regnamespace AND c.relkind = ANY ('{r,p,v,m}')
	UNION ALL
	SELECT DISTINCT f.oid::regprocedure::text, format(CASE WHEN f.prokind = 'a'
			THEN 'SELECT string_agg(q::text, E''\n'' ORDER BY q::text) FROM (SELECT persona.%I(%s) AS q FROM shop.customer AS c, shop.sale AS s WHERE c.id = s.customer_id GROUP BY c.id) AS q'
			ELSE 'SELECT string_agg(q::text, E''\n'' ORDER BY q::text) FROM shop.customer AS c, LATERAL persona.%I(%s) AS q WHERE c.id = 1' END,
		f.proname, a.arguments), has_function_privilege('public', f.oid, 'EXECUTE')
	FROM pg_proc AS f,
		LATERAL (SELECT coalesce(string_agg(CASE t.type::regtype::text
				WHEN 'bigint' THEN v.customer
				WHEN 'bigint[]' THEN format('ARRAY[1, %s, 8, 9]::bigint[]', v.customer)
				WHEN 'text' THEN CASE
					WHEN n.name ~ 'channel' THEN '''email'''
					WHEN n.name = 'cohort' THEN '''big'''
					WHEN n.name = 'campaign' THEN '''vip'''
					WHEN n.name = 'source' THEN '''shop.sale'''
					WHEN n.name = 'outcome' THEN '''sent'''
					WHEN n.name = 'job' THEN '''analyst'''
					WHEN n.name ~ 'placement|trigger' THEN 'NULL'
					ELSE '''name''' END
				WHEN 'text[]' THEN '''{sent}'''
				WHEN 'name' THEN '''id'''
				WHEN 'regclass' THEN '''shop.customer'''
				WHEN 'oid' THEN '''shop.customer''::regclass'
				WHEN 'timestamp with time zone' THEN 'now()'
				WHEN 'timestamp with time zone[]' THEN 'ARRAY[now()]'
				WHEN 'interval' THEN '''1 hour''::interval'
				WHEN 'date' THEN 'now()::date'
				WHEN 'integer' THEN '30'
				WHEN 'boolean' THEN 'true'
				WHEN 'jsonb' THEN 'NULL::jsonb'
				WHEN 'uuid' THEN format('md5(%s::text)::uuid', v.customer)
				WHEN 'uuid[]' THEN format('ARRAY[md5(%s::text)::uuid]', v.customer)
				WHEN 'anyelement' THEN CASE WHEN f.prokind = 'a' THEN 's' ELSE 'c' END
				WHEN 'persona.program' THEN 'persona.program()'
				WHEN 'persona.condition' THEN '''{"event": "sale", "times": {"at_least": 1}}'''
				WHEN 'persona.timeline' THEN 'NULL::persona.timeline'
				ELSE format('NULL::%s', t.type::regtype) END, ', ' ORDER BY t.n) FILTER (WHERE t.n IS NOT NULL), '') AS arguments, v.customer
			FROM (VALUES ('1'), ('7'), ('9')) AS v (customer) LEFT JOIN unnest(f.proargtypes) WITH ORDINALITY AS t (type, n) ON true
				LEFT JOIN unnest(f.proargnames) WITH ORDINALITY AS n (name, n) ON n.n = t.n
			GROUP BY v.customer) AS a
	WHERE f.pronamespace = 'persona'::regnamespace AND f.prokind <> 'p'
		AND NOT EXISTS (SELECT FROM unnest(f.proargtypes) AS t (type) WHERE t.type::regtype = ANY ('{internal,cstring,tid}'::regtype[]))
		AND f.prorettype::regtype <> ALL ('{trigger,event_trigger,internal}'::regtype[])
		-- those that need a list of columns are behind others
		AND NOT (f.prorettype = 'record'::regtype AND f.proallargtypes IS NULL)
$$;
-- The answer, or all of the error; what it did is undone.
CREATE FUNCTION shop.answer(role name, question text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	detail text;
	hint text;
BEGIN
	BEGIN
		EXECUTE format('SET LOCAL ROLE %I', role);
		EXECUTE question INTO answer;
		RAISE EXCEPTION USING ERRCODE = 'T0001';
	EXCEPTION WHEN SQLSTATE 'T0001' THEN
		RETURN coalesce(answer, 'nothing');
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
		RETURN concat_ws(' / ', SQLSTATE, SQLERRM, detail, hint);
	END;
END
$$;
CREATE TABLE shop.answer (version integer, role name, object text, question text, answer text);
CREATE PROCEDURE shop.ask(version integer) LANGUAGE plpgsql AS $$
BEGIN
	CALL shop.hide(version);
	INSERT INTO shop.answer
	SELECT version, r.role, q.object, q.question, shop.answer(r.role, q.question)
	FROM shop.questions() AS q CROSS JOIN unnest(ARRAY['persona_test_analyst', 'persona_test_planner', 'persona_test_sender', current_user]) AS r (role)
	WHERE q.open OR r.role <> current_user;
END
$$;

-- one transaction: one now()
SELECT persona.keep_program(persona.program()) IS NOT NULL AS kept;
SET client_min_messages = error;
BEGIN;
CALL shop.ask(1);
CALL shop.ask(2);
COMMIT;
CREATE VIEW shop.difference AS
	SELECT a.role, a.object, a.question, a.answer, b.answer AS other
	FROM shop.answer AS a JOIN shop.answer AS b USING (role, object, question)
	WHERE a.version = 1 AND b.version = 2 AND a.answer <> b.answer;
-- enough was asked and answered, and there was something to learn
SELECT role, count(DISTINCT object) FILTER (WHERE answer !~ '^42501') > CASE role WHEN 'persona_test_sender' THEN 20 ELSE 60 END AS asked
FROM shop.answer WHERE version = 1 AND role ~ 'test' GROUP BY role ORDER BY role;
SELECT object FROM unnest('{persona.next_message,persona.cohort_member,persona.open_trigger,persona.contact,persona.response,persona.choice,persona.reach,persona.overlap,persona.funnel}'::text[]) AS object
WHERE object NOT IN (SELECT d.object FROM shop.difference AS d WHERE d.role = current_user);
SELECT count(DISTINCT object) > 25 AS differ FROM shop.difference WHERE role = current_user;
-- what tells of others: senders move slots, so they see which customers have decisions, and how many places are taken
SELECT role, object FROM shop.difference WHERE role <> current_user GROUP BY role, object ORDER BY role, object COLLATE "C";
-- an answer that names what only others have
SELECT role, object FROM shop.answer WHERE role <> current_user AND answer ~ 'Secret|secret|Mars' GROUP BY role, object ORDER BY role, object COLLATE "C";
-- what could not be asked, so that it is looked at by hand
SELECT object, left(min(answer), 80) AS answer FROM shop.answer WHERE role = current_user AND version = 1 AND answer ~ '^(42883|42601|42P01|42804|42725)'
GROUP BY object ORDER BY object COLLATE "C";
DROP EXTENSION persona CASCADE;
DROP SCHEMA persona, shop CASCADE;
DROP ROLE persona_test_analyst, persona_test_planner, persona_test_sender;
