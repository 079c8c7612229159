-- simulation: what is asked of all customers together: where campaigns lose
-- them, what another program would do, what the data can bear.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE SCHEMA shop;
SET search_path = shop, public;

-- 400 customers, of whom something is always missing, and what they did
CREATE TABLE customer (id int PRIMARY KEY, plan text, clv numeric, email text, phone text, opt_in boolean, zone text);
INSERT INTO customer
SELECT i, CASE WHEN i % 7 > 0 THEN (ARRAY['basic', 'silver', 'gold'])[1 + i % 3] END,
	CASE WHEN i % 11 > 0 THEN i % 97 * 10 END, CASE WHEN i % 5 > 0 THEN format('c%s@example.com', i) ELSE '' END,
	CASE WHEN i % 4 > 0 THEN i::text END, i % 6 > 0, (ARRAY['UTC', 'Europe/Berlin', 'America/New_York'])[1 + i % 3]
FROM generate_series(1, 400) AS i;
CREATE TABLE click (customer int, at timestamptz, kind text, item int);
CREATE INDEX ON click (customer, at);
INSERT INTO click
SELECT 1 + i * 37 % 400, timestamptz '2026-03-10 12:00Z' - interval '1 hour' * (i * 53 % 700),
	CASE i % 3 WHEN 0 THEN 'view' WHEN 1 THEN 'cart' ELSE 'order' END, i % 9
FROM generate_series(1, 2500) AS i WHERE i % 13 > 0 AND 1 + i * 37 % 400 <= 380;
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind', kinds => '{view,cart,order}');

INSERT INTO persona.cohort (name, condition) VALUES
	('gold', '{"attribute": "plan", "is": "gold"}'),
	('good', '{"any": [{"cohort": "gold"}, {"all": [{"attribute": "clv", "at_least": 300}, {"event": "order", "within": "20 days"}]}]}'),
	('everybody', '{"all": []}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES
	('left', '{"sequence": [{"event": "cart", "as": "cart"}, {"no": "order", "for": "2 hours"}], "within": "3 days"}', '2 days');
INSERT INTO persona.experience (name) VALUES ('offer'), ('reminder');
INSERT INTO persona.channel (name, address_column, consent, open_hours, cost) VALUES
	('email', 'email', '{"attribute": "opt_in", "is": true}', NULL, 0.02),
	('phone', 'phone', NULL, 'Mon-Fri 09:00-18:00', 3),
	('web', NULL, NULL, NULL, 0);
INSERT INTO persona.message (name, experience, channel, body)
SELECT e.name || '_' || c.name, e.name, c.name, 'Hello {{customer.plan}}' FROM persona.experience AS e, persona.channel AS c
WHERE c.name <> 'web' OR e.name = 'offer';
INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, priority, value, max_contacts, starts_at) VALUES
	('cart', 'reminder', NULL, 'left', '{"event": "order", "within": "1 day"}', 1, 5, NULL, NULL),
	('gold', 'offer', 'gold', NULL, NULL, 0, 12, 1, NULL),
	('good', 'offer', 'good', NULL, NULL, 0, 8, NULL, NULL),
	('later', 'offer', NULL, NULL, NULL, 0, 9, NULL, '2026-04-01'),
	('rest', 'offer', NULL, NULL, '{"attribute": "clv", "at_least": 900}', 0, 1, NULL, NULL),
	('silent', 'offer', NULL, NULL, NULL, 0, 1, NULL, NULL);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES
	('cart', 1, 'email'), ('cart', 2, 'phone'), ('gold', 1, 'phone'), ('gold', 2, 'email'),
	('good', 1, 'email'), ('later', 1, 'email'), ('rest', 1, 'email'), ('rest', 2, 'web');
INSERT INTO persona.policy (name, channel, max_contacts, period) VALUES ('calm', 'email', 1, '3 days');
INSERT INTO persona.contact (customer, campaign, channel, decided_at, send_at)
SELECT i, CASE WHEN i % 2 = 0 THEN 'gold' ELSE 'rest' END, 'email', timestamptz '2026-03-01 12:00Z', timestamptz '2026-03-10 12:00Z' - interval '1 hour' * (i % 100)
FROM generate_series(1, 400, 3) AS i;
ANALYZE;
\set then '''2026-03-10 12:00Z''::timestamptz'

--
-- Funnel
--

SELECT campaign, stage, customers, remaining FROM persona.funnel_at(:then) WHERE customers > 0 ORDER BY campaign, position;
-- each campaign loses or wins each customer, once
SELECT campaign, sum(customers) FROM persona.funnel_at(:then) GROUP BY campaign HAVING sum(customers) <> (SELECT count(*) FROM customer);
-- and remaining is who is not lost yet
SELECT f.campaign, f.stage FROM persona.funnel_at(:then) AS f
WHERE f.remaining <> (SELECT coalesce(sum(o.customers), 0) FROM persona.funnel_at(:then) AS o WHERE o.campaign = f.campaign AND o.position > f.position);
-- the explanations of all customers tell the same
CREATE TABLE told AS
	SELECT c.id, e.* FROM customer AS c, persona.explain(c.id, :then) AS e;
SELECT * FROM (
	SELECT campaign, stage, count(*) AS customers FROM (
		SELECT DISTINCT ON (t.id, t.campaign) t.id, t.campaign, t.stage
		FROM told AS t JOIN persona.funnel_at(:then) AS f ON f.campaign = t.campaign AND f.stage = t.stage
		ORDER BY t.id, t.campaign, f.position DESC) AS furthest
	GROUP BY campaign, stage) AS explained
FULL JOIN (SELECT campaign, stage, customers FROM persona.funnel_at(:then) WHERE customers > 0) AS funnel USING (campaign, stage)
WHERE explained.customers IS DISTINCT FROM funnel.customers;
-- the view is as of now
SELECT count(DISTINCT campaign), sum(customers) FILTER (WHERE campaign = 'cart') FROM persona.funnel;
SELECT * FROM persona.funnel_at(NULL);
SELECT * FROM persona.funnel_at('infinity');

--
-- Reach and overlap
--

SELECT * FROM persona.campaign_reach_of_all(persona.program(), :then);
SELECT * FROM (SELECT campaign, channel, count(*) AS customers, sum(cost) AS cost, sum(score) AS score FROM persona.next_message_at(:then) GROUP BY campaign, channel) AS n
FULL JOIN (SELECT * FROM persona.campaign_reach_of_all(persona.program(), :then) WHERE customers > 0) AS r USING (campaign, channel)
WHERE (n.customers, n.cost, n.score) IS DISTINCT FROM (r.customers, r.cost, r.score);
SELECT * FROM persona.campaign_overlap_of_all(persona.program(), :then);
SELECT * FROM (
	SELECT a.campaign, b.campaign AS other, count(DISTINCT a.id) AS customers
	FROM told AS a JOIN told AS b ON a.id = b.id AND a.campaign < b.campaign AND a.eligible AND b.eligible
	GROUP BY a.campaign, b.campaign) AS explained
FULL JOIN persona.campaign_overlap_of_all(persona.program(), :then) AS o USING (campaign, other)
WHERE explained.customers IS DISTINCT FROM o.customers;

--
-- Simulation
--

-- the same program changes nothing
SELECT * FROM persona.simulate(persona.program(), :then);
SELECT * FROM persona.simulate(persona.program_with(persona.program(), '{}'), :then);
SELECT * FROM persona.simulate_reach(persona.program(), :then) WHERE (customers_before, cost_before, score_before) <> (customers_after, cost_after, score_after);
SELECT * FROM persona.simulate_overlap(persona.program(), :then) WHERE customers_before <> customers_after;
-- one campaign less: only those change who had its message, and nobody gains
SELECT campaign_before, change, campaign_after, count(*)
FROM persona.simulate(persona.program_with(persona.program(), '{"campaigns": {"gold": null}}'), :then)
GROUP BY campaign_before, change, campaign_after ORDER BY campaign_before, change, campaign_after;
SELECT count(*) FROM persona.next_message_at(:then) WHERE campaign = 'gold';
SELECT * FROM persona.simulate_reach(persona.program_with(persona.program(), '{"campaigns": {"gold": null}}'), :then);
SELECT * FROM persona.simulate_overlap(persona.program_with(persona.program(), '{"campaigns": {"gold": null}}'), :then);
-- what is simulated is what happens when the definitions change
\set changes '{"campaigns": {"good": {"weight": 2, "goal": {"attribute": "clv", "more_than": 700}}, "rest": {"starts_at": "2026-03-11"}}, "policies": {"calm": {"period": "12 hours"}, "quiet": {"max_contacts": 3, "period": "20 days"}}, "channels": {"email": {"cost": 0.5}}}'
CREATE TABLE simulated AS SELECT * FROM persona.simulate(persona.program_with(persona.program(), :'changes'), :then);
SELECT change, count(*) FROM simulated GROUP BY change ORDER BY change;
CREATE TABLE before AS SELECT * FROM persona.next_message_at(:then);
BEGIN;
UPDATE persona.campaign SET weight = 2, goal = '{"attribute": "clv", "more_than": 700}' WHERE name = 'good';
UPDATE persona.campaign SET starts_at = '2026-03-11' WHERE name = 'rest';
UPDATE persona.policy SET period = '12 hours' WHERE name = 'calm';
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('quiet', 3, '20 days');
UPDATE persona.channel SET cost = 0.5 WHERE name = 'email';
SELECT s.customer, b.customer, a.customer
FROM before AS b FULL JOIN persona.next_message_at(:then) AS a ON a.customer = b.customer
	FULL JOIN simulated AS s ON s.customer = coalesce(b.customer, a.customer)
WHERE (s.customer IS NOT NULL) <> ((b.campaign, b.channel, b.message, b.body) IS DISTINCT FROM (a.campaign, a.channel, a.message, a.body))
	OR s.customer IS NOT NULL AND (s.campaign_before, s.channel_before, s.message_before, s.score_before, s.campaign_after, s.channel_after, s.message_after, s.score_after)
		IS DISTINCT FROM (b.campaign, b.channel, b.message, b.score, a.campaign, a.channel, a.message, a.score);
ROLLBACK;
-- one customer of each sort
SELECT DISTINCT ON (change) * FROM simulated ORDER BY change, customer;

--
-- Changes that make no sense, with the place
--

CREATE FUNCTION refusal(changes jsonb, OUT message text, OUT place text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM persona.program_with(persona.program(), changes);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, place = PG_EXCEPTION_DETAIL;
END
$$;
SELECT r.* FROM (VALUES
	('[]'),
	('{"campaign": {}}'),
	('{"campaigns": []}'),
	('{"campaigns": {"cart": 1}}'),
	('{"campaigns": {"cart": {"wait": 1}}}'),
	('{"campaigns": {"cart": {"name": "x"}}}'),
	('{"campaigns": {"kart": null}}'),
	('{"policies": {"calm": {"period": "1 month"}}}'),
	('{"policies": {"calm": {"period": "some days"}}}'),
	('{"campaigns": {"cart": {"starts_at": "soon"}}}'),
	('{"campaigns": {"cart": {"cohort": "nobody"}}}'),
	('{"campaigns": {"new": {"experience": "offer", "channels": [{"channel": "fax"}]}}}'),
	('{"cohorts": {"gold": null}}'),
	('{"cohorts": {"gold": {"condition": {"attribute": "plam", "is": "x"}}}}')) AS v (changes), refusal(v.changes::jsonb) AS r;
-- a new campaign needs no more than the table asks for
SELECT * FROM persona.simulate_reach(persona.program_with(persona.program(), '{"campaigns": {"new": {"experience": "offer", "priority": 2, "channels": [{"channel": "web"}]}}}'), :then) WHERE customers_after > 0;
SELECT persona.program_with(persona.program(), NULL) IS NULL AS null_is_null;

--
-- Feasibility
--

SELECT * FROM persona.needs(persona.program());
SELECT * FROM persona.needs(persona.program_for('{"any": [{"cohort": "good"}, {"not": {"attribute": "zone", "is": "UTC"}}, {"sequence": [{"event": "view"}, {"no": "cart", "for": "1 hour"}], "within": "2 days"}, {"bucket": {"seed": "a", "from": 0, "to": 0.5}}]}'));
SELECT * FROM persona.feasibility_at(:then);
-- the same in plain SQL
SELECT (SELECT round(avg((plan IS NOT NULL AND clv IS NOT NULL)::int), 6) FROM customer) AS known_share,
	(SELECT round(count(DISTINCT customer) / 400.0, 6) FROM click WHERE kind = 'order' AND at <= :then) AS event_share,
	(SELECT max(at) FROM click WHERE kind = 'order' AND at <= :then) AS newest_event,
	(SELECT round(avg((opt_in AND email <> '')::int), 6) FROM customer) AS reachable_share,
	(SELECT round(avg((plan IS NOT NULL AND clv IS NOT NULL AND opt_in AND email <> '')::int), 6) FROM customer) AS feasible_share,
	(SELECT count(*) FROM persona.cohort_member_at(:then) WHERE cohort = 'good') AS members;
-- what customers chose counts as consent, or takes it away
BEGIN;
INSERT INTO persona.choice (customer, at, choice, channel) SELECT i, '2026-03-01', 'objection', 'email' FROM generate_series(1, 100) AS i;
SELECT name, reachable_share FROM persona.feasibility_at(:then) WHERE definition = 'campaign' AND name = 'good';
SELECT round(avg((opt_in AND email <> '' AND id > 100)::int), 6) AS reachable_share FROM customer;
SELECT name, reachable_share FROM persona.feasibility_at('2026-02-28') WHERE definition = 'campaign' AND name = 'good';
ROLLBACK;
-- what was not there yet is not counted
SELECT name, event_share, newest_event, newest_age FROM persona.feasibility_at('2026-02-10 12:00Z') WHERE name IN ('cart', 'good');
SELECT definition, name, events, newest_event FROM persona.feasibility_at('2020-01-01') WHERE name = 'cart';
SELECT count(*) FROM persona.feasibility;
SELECT * FROM persona.feasibility_at(NULL);

--
-- Progress
--

-- the rows of this view look how far it is while they are read
CREATE FUNCTION peek(id int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	seen record;
BEGIN
	IF id = 7 THEN
		PERFORM pg_stat_clear_snapshot();
		FOR seen IN SELECT p.task, p.number, p.done <= 400 AS plausible, p.total FROM persona.progress AS p WHERE p.pid = pg_backend_pid() LOOP
			RAISE NOTICE 'task %, number %, plausible %, total %', seen.task, seen.number, seen.plausible, seen.total;
		END LOOP;
		IF current_setting('shop.fails', true) = 'yes' THEN
			RAISE EXCEPTION 'no more of this';
		END IF;
	END IF;
	RETURN id;
END
$$;
CREATE VIEW watched AS SELECT peek(id) AS id, plan, clv, email, phone, opt_in, zone FROM customer;
SET client_min_messages = error;
SELECT persona.bind_customers('watched', 'id', time_zone => 'zone');
RESET client_min_messages;
SELECT count(*) FROM persona.funnel_at(:then);
SELECT count(*) FROM persona.feasibility_at(:then);
SELECT count(*) FROM persona.progress;
SET shop.fails = 'yes';
SELECT count(*) FROM persona.funnel_at(:then);
SELECT count(*) FROM persona.progress;
SET shop.fails = 'no';
SELECT count(*) FROM persona.funnel_at(:then);
