-- roles: each job can be done with the grants of its own, and nothing more;
-- who may not see a customer, or an event, learns nothing of it through persona.

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
CREATE ROLE persona_test_operator BYPASSRLS;
CREATE ROLE persona_test_stranger;
CREATE TABLE shop.customer (id bigint PRIMARY KEY, name text, region text, email text, plan text, divisor int DEFAULT 1);
CREATE TABLE shop.sale (customer_id bigint, at timestamptz, amount numeric, item text, secret boolean DEFAULT false);
CREATE INDEX ON shop.sale (customer_id, at);
INSERT INTO shop.customer SELECT i, 'Name ' || i, CASE WHEN i <= 4 THEN 'north' ELSE 'south' END, 'c' || i || '@example.org', 'free' FROM generate_series(1, 10) AS i;
INSERT INTO shop.sale (customer_id, at, amount, item) SELECT i, now() - interval '2 hours', 10 * i, 'item ' || i FROM generate_series(1, 10) AS i;
INSERT INTO shop.sale VALUES (1, now() - interval '1 hour', 1000, 'a secret', true);
SELECT persona.bind_customers('shop.customer', 'id');
SELECT persona.bind_events('shop.sale', 'customer_id', 'at', kind => 'sale');
INSERT INTO persona.cohort (name, condition) VALUES ('all', '{"attribute": "name", "known": true}'),
	('big', '{"event": "sale", "sum": "amount", "within": "30 days", "at_least": 500}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('bought', '{"event": "sale"}', '30 days');
INSERT INTO persona.experience (name) VALUES ('news');
INSERT INTO persona.channel (name, address_column) VALUES ('email', 'email');
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES ('m', 'news', 'email', 'For {{customer.name}}', 'About {{event.item}}');
INSERT INTO persona.campaign (name, experience, cohort, trigger) VALUES ('news', 'news', 'all', 'bought');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('news', 1, 'email');

-- what a statement comes to for a role: its value, or why not
CREATE FUNCTION shop.try(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	value text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role);
	IF statement ~ '^SELECT' THEN
		EXECUTE statement INTO value;
	ELSE
		EXECUTE statement;
		value := 'done';
	END IF;
	RESET ROLE;
	RETURN value;
EXCEPTION WHEN OTHERS THEN
	RESET ROLE;
	RETURN SQLERRM;
END
$$;
-- the same, and what it did is undone
CREATE FUNCTION shop.try_only(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	value text;
BEGIN
	value := shop.try(role, statement);
	RAISE EXCEPTION USING ERRCODE = 'T0001';
EXCEPTION WHEN SQLSTATE 'T0001' THEN
	RETURN value;
END
$$;

--
-- The jobs
--

SELECT persona.job_grants('sender');
SELECT job, g FROM unnest('{analyst,planner}'::text[]) AS job, persona.job_grants(job) AS g WHERE g ~ '(contact|response|choice|due|change|run_log|binding)$' ORDER BY job, g;
-- but for the operator, no job reads a table of customers' data that has no row security of its own, nor a view of one
SELECT job, c.relname
FROM unnest('{analyst,planner}'::text[]) AS job, persona.job_grants(job) AS g
	JOIN pg_class AS c ON g LIKE '% ON persona.' || quote_ident(c.relname) AND c.relnamespace = 'persona'::regnamespace
	JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'customer'
WHERE c.relkind = 'r' AND NOT c.relrowsecurity
	OR c.relkind = 'v' AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false)
ORDER BY 1, 2;
SELECT persona.job_grants('chief');
SELECT persona.grant_job('persona_test_nobody', 'analyst');
SELECT shop.try('persona_test_stranger', 'SELECT persona.grant_job(''persona_test_stranger'', ''operator'')');
SELECT persona.grant_job('persona_test_analyst', 'analyst');
SELECT persona.grant_job('persona_test_planner', 'planner');
SELECT persona.grant_job('persona_test_sender', 'sender');
SELECT persona.grant_job('persona_test_operator', 'operator');

CREATE TABLE shop.deed (number int, job text, statement text);
INSERT INTO shop.deed VALUES
	(1, 'analyst', 'SELECT count(*) FROM persona.next_message'),
	(2, 'analyst', 'SELECT count(*) FROM persona.cohort_member'),
	(3, 'analyst', 'SELECT stage FROM persona.explain(1)'),
	(4, 'analyst', 'SELECT count(*) FROM persona.contact'),
	(5, 'analyst', 'SELECT count(*) FROM shop.customer AS c WHERE persona.in_cohort(c, ''big'')'),
	(6, 'analyst', 'SELECT count(*) FROM persona.funnel'),
	(7, 'analyst', 'SELECT count(*) > 0 FROM persona.reach'),
	(8, 'analyst', 'SELECT count(*) FROM persona.simulate(persona.program())'),
	(11, 'planner', 'INSERT INTO persona.cohort (name, condition) VALUES (''new'', ''{"attribute": "plan", "is": "gold"}'')'),
	(12, 'planner', 'UPDATE persona.campaign SET priority = 1'),
	(13, 'planner', 'DELETE FROM persona.message'),
	(14, 'planner', 'INSERT INTO persona.policy (name, max_contacts, period) VALUES (''calm'', 1, ''1 day'')'),
	(15, 'planner', 'SELECT count(*) FROM persona.explain_with_places(1)'),
	(16, 'planner', 'SELECT count(*) FROM persona.measure_feasibility()'),
	(21, 'operator', 'SELECT count(*) FROM persona.commit_message(10::bigint)'),
	(22, 'operator', 'DELETE FROM persona.contact'),
	(23, 'operator', 'SELECT count(*) FROM persona.run_log'),
	(24, 'operator', 'INSERT INTO persona.choice (customer, choice, channel) VALUES (1, ''objection'', ''email'')'),
	(31, 'sender', 'SELECT count(*) FROM persona.claim(''email'')'),
	(32, 'sender', 'SELECT persona.next_due(''email'') <= now()'),
	(33, 'sender', 'SELECT count(persona.report(idempotency_key, ''bounced'')) FROM persona.contact'),
	(34, 'sender', 'SELECT count(persona.cancel(idempotency_key)) FROM persona.contact'),
	(35, 'sender', 'INSERT INTO persona.response (customer, outcome) VALUES (1, ''replied'')'),
	(91, 'nobody', 'UPDATE persona.contact SET customer = 7'),
	(92, 'nobody', 'UPDATE persona.contact SET campaign = ''other'', idempotency_key = gen_random_uuid()'),
	(93, 'nobody', 'UPDATE shop.customer SET email = NULL'),
	(94, 'nobody', 'DELETE FROM persona.response'),
	(95, 'nobody', 'DELETE FROM persona.choice WHERE false'),
	(96, 'nobody', 'SELECT persona.bind_events(''shop.sale'', ''customer_id'', ''at'', kind => ''other'')'),
	(97, 'nobody', 'SELECT persona.unbind_customers()'),
	(98, 'nobody', 'SELECT persona.create_views()'),
	(99, 'nobody', 'SELECT persona.protect_runtime_tables()'),
	(100, 'nobody', 'ALTER TABLE persona.contact DISABLE ROW LEVEL SECURITY'),
	(101, 'nobody', 'UPDATE persona.customer_binding SET key_column = ''name''');
SELECT persona.commit_message(id) IS NOT NULL AS written FROM shop.customer WHERE id <= 3;
SELECT d.number AS n, d.job, left(d.statement, 60) AS statement,
	CASE WHEN r.job = d.job THEN '*' END AS own, r.job AS by, shop.try_only('persona_test_' || r.job, d.statement) AS outcome
FROM shop.deed AS d CROSS JOIN (VALUES (1, 'analyst'), (2, 'planner'), (3, 'operator'), (4, 'sender'), (5, 'stranger')) AS r (place, job)
ORDER BY d.number, r.place;
-- a run is a procedure of its own transactions
SET ROLE persona_test_operator;
CALL persona.run();
RESET ROLE;
SELECT count(*) FROM persona.contact;
SET ROLE persona_test_sender;
CALL persona.run();
RESET ROLE;

--
-- Row security: the analyst is for the north, the sender, too
--

ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY north ON shop.customer TO persona_test_analyst, persona_test_sender, persona_test_planner USING (region = 'north');
ALTER TABLE shop.sale ENABLE ROW LEVEL SECURITY;
CREATE POLICY open_sales ON shop.sale TO persona_test_analyst USING (NOT secret);
CREATE POLICY all_sales ON shop.sale TO persona_test_sender, persona_test_planner USING (true);
INSERT INTO persona.response (customer, outcome, at) SELECT id, 'opened', now() FROM shop.customer;
INSERT INTO persona.choice (customer, choice, channel, rank) SELECT id, 'preference', 'email', 1 FROM shop.customer;
DELETE FROM persona.contact WHERE customer IN (2, 8);

-- every view and function that tells of customers: the rows, and those of the south
CREATE TABLE shop.question (number serial, question text);
INSERT INTO shop.question (question) VALUES
	('persona.next_message'), ('persona.cohort_member'), ('persona.open_trigger'), ('persona.contact'), ('persona.response'), ('persona.choice'),
	('persona.next_message_at(now())'), ('persona.cohort_member_at(now())'), ('persona.open_trigger_at(now())'),
	('persona.next_message_of_all(now())'), ('persona.candidate_of_all(now())'), ('persona.cohort_member_of_all(now())'),
	('persona.open_trigger_of_all(now())'), ('persona.cohort_mask_of_all(now())'), ('persona.simulate(persona.program())');
SELECT question,
	shop.try('persona_test_analyst', 'SELECT count(*) FROM ' || question) AS analyst,
	shop.try('persona_test_analyst', 'SELECT count(*) FROM ' || question || ' AS q WHERE q.customer > 4') AS of_south,
	shop.try('persona_test_stranger', 'SELECT count(*) FROM ' || question) AS stranger,
	(shop.try(current_user, 'SELECT count(*) FROM ' || question)::bigint > 4) AS owner_more
FROM shop.question ORDER BY number;
-- of one customer
SELECT q AS question, shop.try('persona_test_analyst', 'SELECT count(*) FROM ' || format(q, 1)) AS seen, shop.try('persona_test_analyst', 'SELECT count(*) FROM ' || format(q, 8)) AS hidden,
	shop.try('persona_test_analyst', 'SELECT count(*) FROM ' || format(q, 999)) AS unknown
FROM unnest('{persona.explain(%s),"persona.next_message_for(%s, ''email'')","persona.rulings(ARRAY[%s]::bigint[], now(), persona.program())",
	"unnest(ARRAY[(SELECT persona.contact_key(%s, 8))]) AS k WHERE k IS NOT NULL"}'::text[]) AS q;
-- numbers over all are over all that are seen
SELECT shop.try('persona_test_analyst', 'SELECT string_agg(r::text, '' '' ORDER BY r::text) FROM persona.reach AS r') AS analyst;
SELECT shop.try('persona_test_analyst', 'SELECT string_agg(r::text, '' '' ORDER BY r::text) FROM persona.funnel AS r') AS analyst;
SELECT shop.try('persona_test_analyst', 'SELECT string_agg(r::text, '' '' ORDER BY r::text) FROM persona.overlap AS r') AS analyst;
-- an event that is not seen is not counted, even for a customer who is
SELECT shop.try('persona_test_analyst', 'SELECT count(*) FROM persona.cohort_member WHERE cohort = ''big''') AS analyst,
	shop.try('persona_test_planner', 'SELECT count(*) FROM persona.cohort_member WHERE cohort = ''big''') AS planner,
	shop.try('persona_test_analyst', 'SELECT count(*) FROM shop.customer AS c WHERE persona.in_cohort(c, ''big'')') AS one_by_one;
-- a condition that fails on a hidden row, and a function that would tell
UPDATE shop.customer SET divisor = 0 WHERE region = 'south';
CREATE FUNCTION shop.tell(text) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'seen: %', $1; RETURN true; END $$;
GRANT EXECUTE ON FUNCTION shop.tell(text) TO PUBLIC;
SET client_min_messages = notice;
SET ROLE persona_test_analyst;
SELECT count(*) FROM persona.next_message WHERE 1 / (SELECT c.divisor FROM shop.customer AS c WHERE c.id = customer) > 0;
SELECT count(*) FROM persona.contact WHERE shop.tell(customer::text);
SELECT count(*) FROM persona.next_message WHERE shop.tell(body);
SELECT count(*) FROM shop.customer AS c WHERE persona.holds(c, '{"attribute": "plan", "is": "free"}') AND shop.tell(name);
RESET ROLE;
SET client_min_messages = warning;
-- the program tells definitions, and no customer
SELECT shop.try('persona_test_analyst', 'SELECT persona.program()::text ~ ''Name [0-9]''');

-- the sender gets only whom it sees, and can report only on them; the others stay as they are
SELECT shop.try('persona_test_sender', 'SELECT string_agg(customer || '' '' || body, '', '' ORDER BY customer) FROM persona.claim(''email'')');
SELECT customer, status, reason ~ 'gone' AS gone FROM persona.contact ORDER BY customer;
UPDATE persona.contact SET idempotency_key = md5(customer::text)::uuid;
SELECT shop.try('persona_test_sender', 'SELECT persona.report(md5(''1'')::uuid, ''sent'')') AS seen,
	shop.try('persona_test_sender', 'SELECT persona.report(md5(''9'')::uuid, ''sent'')') AS hidden,
	shop.try('persona_test_sender', 'SELECT persona.report(md5(''999'')::uuid, ''sent'')') AS unknown;
SELECT shop.try('persona_test_sender', 'SELECT persona.cancel(md5(''9'')::uuid)') AS hidden;
SELECT shop.try('persona_test_sender', 'INSERT INTO persona.response (customer, outcome) VALUES (9, ''opened'')') AS hidden;
SELECT shop.try('persona_test_sender', 'INSERT INTO persona.contact (customer, channel) VALUES (9, ''email'')') AS hidden;

-- a slot that moves takes a place of another day, with the sender's rights
UPDATE persona.channel SET capacity_per_day = 2;
UPDATE persona.contact SET send_at = now() - interval '2 days', status = 'planned', lease_until = NULL, next_attempt_at = NULL, decided_at = now() - interval '3 days',
	attempts = 0, capacity_day = persona.channel_day(now() - interval '2 days') WHERE customer IN (3, 4);
INSERT INTO persona.capacity_use VALUES ('email', persona.channel_day(now() - interval '2 days'), 2), ('email', persona.channel_day(now()), 1);
SELECT shop.try('persona_test_sender', 'SELECT string_agg(customer || '' '' || attempt, '', '') FROM persona.claim(''email'', 9)');
SELECT status, count(*), bool_and(capacity_day = persona.channel_day(now())) AS today FROM persona.contact WHERE customer IN (3, 4) GROUP BY 1 ORDER BY 1;
SELECT day = persona.channel_day(now()) AS today, used FROM persona.capacity_use ORDER BY day;

RESET ROLE;
DROP EXTENSION persona CASCADE;
DROP SCHEMA persona, shop CASCADE;
DROP ROLE persona_test_analyst, persona_test_planner, persona_test_sender, persona_test_operator, persona_test_stranger;
