-- reasons: what an explanation says of conditions, with the actual values; and
-- that plain SQL, on its own, comes to the same stage for each campaign.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TABLE customer (id integer PRIMARY KEY, name text, email text, plan text, clv numeric, opt_in boolean, since timestamptz, tags text[], profile jsonb);
CREATE TABLE sale (customer integer, at timestamptz, item integer, amount numeric);
CREATE TABLE click (customer integer, at timestamptz, kind text, page text);
CREATE INDEX ON sale (customer, at);
CREATE INDEX ON click (customer, at);
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('sale', 'customer', 'at', kind => 'order');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind', kinds => '{view,cart}');

INSERT INTO customer VALUES (1, 'ann', 'ann@example.com', 'silver', 120, false, '2026-01-05 10:00', '{a,b}', '{"score": 7}'), (2, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO sale VALUES (1, '2026-03-01 10:00', 7, 30), (1, '2026-03-05 10:00', 8, 15.5), (1, '2026-01-01 10:00', 8, 100);
INSERT INTO click VALUES (1, '2026-03-04 10:00', 'view', 'shoes'), (1, '2026-03-09 10:00', 'cart', 'shoes');

--
-- What is said of each kind of condition
--

INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name) VALUES ('web');
INSERT INTO persona.campaign (name, experience) VALUES ('x', 'offer');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('x', 1, 'web');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('m', 'offer', 'web', 'Hello');
CREATE FUNCTION why(customer integer, c jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	UPDATE persona.campaign SET relevance = c::text::persona.condition WHERE name = 'x';
	SELECT CASE WHEN e.stage = 'relevance' THEN e.reason END INTO result FROM persona.explain(customer, '2026-03-10 12:00') AS e;
	IF result IS NULL THEN
		UPDATE persona.campaign SET relevance = jsonb_build_object('not', c)::text::persona.condition WHERE name = 'x';
		SELECT 'NOT ' || e.reason INTO result FROM persona.explain(customer, '2026-03-10 12:00') AS e;
	END IF;
	RETURN result;
END
$$;
\pset format unaligned
\pset tuples_only on
SELECT c::text || E'\n  1 ' || why(1, c) || E'\n  2 ' || why(2, c) FROM unnest('{
	"{\"attribute\": \"plan\", \"is\": \"gold\"}", "{\"attribute\": \"plan\", \"is_not\": \"silver\"}", "{\"attribute\": \"plan\", \"in\": [\"gold\", \"platinum\"]}",
	"{\"attribute\": \"plan\", \"not_in\": [\"silver\"]}", "{\"attribute\": \"clv\", \"at_least\": 500}", "{\"attribute\": \"clv\", \"between\": [1, 5]}",
	"{\"attribute\": \"opt_in\", \"is\": true}", "{\"attribute\": \"email\", \"known\": true}", "{\"attribute\": \"name\", \"starts_with\": \"B\"}",
	"{\"attribute\": \"since\", \"within_last\": \"30 days\"}", "{\"attribute\": \"since\", \"after\": \"2026-02-01\"}", "{\"attribute\": \"tags\", \"contains_any\": [\"c\", \"d\"]}",
	"{\"attribute\": \"profile.score\", \"more_than\": 10}", "{\"attribute\": \"clv\", \"in\": [1, 2, 3, 4, 5, 6]}",
	"{\"all\": [{\"attribute\": \"clv\", \"at_least\": 100}, {\"attribute\": \"plan\", \"is\": \"gold\"}]}",
	"{\"any\": [{\"attribute\": \"clv\", \"at_least\": 500}, {\"attribute\": \"plan\", \"is\": \"gold\"}]}",
	"{\"not\": {\"any\": [{\"attribute\": \"clv\", \"at_least\": 500}, {\"attribute\": \"plan\", \"is\": \"silver\"}]}}", "{\"any\": []}",
	"{\"event\": \"order\", \"within\": \"30 days\", \"times\": {\"at_least\": 3}}", "{\"event\": \"order\", \"where\": {\"attribute\": \"amount\", \"at_least\": 50}, \"within\": \"30 days\"}",
	"{\"event\": \"order\", \"sum\": \"amount\", \"within\": \"30 days\", \"at_least\": 100}", "{\"event\": \"order\", \"avg\": \"amount\", \"at_least\": 100}",
	"{\"event\": \"order\", \"distinct\": \"item\", \"at_least\": 3}", "{\"event\": \"order\", \"last\": {\"within\": \"2 days\"}}", "{\"event\": \"order\", \"first\": {\"where\": {\"attribute\": \"item\", \"is\": 7}}}",
	"{\"event\": \"order\", \"every\": {\"period\": \"30 days\", \"of\": 3, \"at_least\": 3}}", "{\"sequence\": [{\"event\": \"cart\"}, {\"event\": \"order\"}], \"within\": \"3 days\"}",
	"{\"event\": \"cart\", \"times\": {\"is\": 0}, \"within\": \"3 days\"}", "{\"bucket\": {\"seed\": \"spring\", \"from\": 0.0, \"to\": 0.1}}"
}'::text[]) AS c0 CROSS JOIN LATERAL (SELECT c0::jsonb AS c) AS c;
\pset tuples_only off
\pset format aligned
DELETE FROM persona.campaign;

--
-- A small world: plain SQL derives for each customer and campaign how far it
-- comes, and who wins
--

TRUNCATE customer, sale, click;
INSERT INTO customer
SELECT n, 'c' || n, CASE WHEN n % 7 <> 0 THEN 'c' || n || '@example.com' END, (ARRAY['gold', 'silver', 'basic', NULL])[1 + n % 4],
	CASE WHEN n % 5 <> 0 THEN (n * 37) % 1000 END, n % 3 <> 0, '2026-01-01', NULL, NULL
FROM generate_series(1, 300) AS n;
INSERT INTO sale SELECT n, '2026-03-10 12:00'::timestamptz - interval '1 hour' * ((n * 131 + k * 97) % 1500), (n + k) % 5, (n * k * 13) % 200
FROM generate_series(1, 300) AS n, generate_series(1, 4) AS k WHERE (n * k) % 3 <> 1;
INSERT INTO click SELECT n, '2026-03-10 12:00'::timestamptz - interval '1 hour' * ((n * 71 + k * 53) % 200), CASE WHEN (n + k) % 4 = 0 THEN 'cart' ELSE 'view' END, 'p' || k
FROM generate_series(1, 300) AS n, generate_series(1, 3) AS k;
INSERT INTO persona.cohort (name, condition, value) VALUES
	('good', '{"any": [{"attribute": "plan", "is": "gold"}, {"event": "order", "sum": "amount", "within": "30 days", "at_least": 150}]}', 2);
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('cart', '{"event": "cart", "within": "1 hour"}', '3 days');
INSERT INTO persona.channel (name, address_column, consent, cost) VALUES ('email', 'email', '{"attribute": "opt_in", "is": true}', 0.5);
INSERT INTO persona.message (name, experience, channel, body) VALUES ('e', 'offer', 'email', 'Hello {{customer.name}}');
INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, relevance, starts_at, ends_at, priority, propensity, value, max_contacts) VALUES
	('future', 'offer', NULL, NULL, NULL, NULL, '2026-04-01', NULL, 9, '1', '1', NULL),
	('good', 'offer', 'good', NULL, NULL, '{"attribute": "clv", "known": true}', NULL, NULL, 1, '0.5', 'clv / 100', 1),
	('cart', 'offer', NULL, 'cart', '{"event": "order", "within": "2 days"}', NULL, NULL, '2026-03-11', 1, '1', '3', NULL),
	('rest', 'offer', NULL, NULL, NULL, NULL, NULL, NULL, 0, '1', '1', NULL);
INSERT INTO persona.campaign_channel (campaign, position, channel)
SELECT c.name, p.n, p.channel FROM persona.campaign AS c, unnest('{email,web}'::text[]) WITH ORDINALITY AS p (channel, n) WHERE c.name <> 'rest' OR p.channel = 'email';
INSERT INTO persona.contact (customer, campaign, experience, channel, trigger, fired_at, status, decided_at, send_at, sent_at)
SELECT n, 'good', 'offer', 'email', NULL, NULL::timestamptz, 'sent', '2026-02-01'::timestamptz, '2026-02-01'::timestamptz, '2026-02-01'::timestamptz FROM generate_series(1, 300, 11) AS n;
-- some firings are answered
INSERT INTO persona.contact (customer, campaign, experience, channel, trigger, fired_at, status, decided_at, send_at, sent_at)
SELECT o.customer, 'cart', 'offer', 'email', 'cart', o.fired_at, 'sent', o.fired_at, o.fired_at, o.fired_at
FROM persona.open_trigger_at('2026-03-10 12:00') AS o WHERE o.customer % 2 = 0;

CREATE VIEW derived AS
WITH fact AS (
	SELECT c.*, '2026-03-10 12:00'::timestamptz AS now,
		(c.plan IS NOT DISTINCT FROM 'gold'
			OR coalesce((SELECT sum(amount) FROM sale AS s WHERE s.customer = c.id AND s.at > '2026-03-10 12:00'::timestamptz - interval '30 days' AND s.at <= '2026-03-10 12:00'), 0) >= 150) AS good,
		-- it fires at a cart with none in the hour before
		(SELECT max(k.at) FROM click AS k WHERE k.customer = c.id AND k.kind = 'cart' AND k.at <= '2026-03-10 12:00'
			AND NOT EXISTS (SELECT FROM click AS o WHERE o.customer = c.id AND o.kind = 'cart' AND o.at < k.at AND o.at > k.at - interval '1 hour')) AS fired_at,
		EXISTS (SELECT FROM sale AS s WHERE s.customer = c.id AND s.at > '2026-03-10 12:00'::timestamptz - interval '2 days' AND s.at <= '2026-03-10 12:00') AS bought
	FROM customer AS c
), way AS (
	SELECT f.id, m.name AS campaign, w.channel, w.position, m.priority,
		CASE WHEN m.name = 'future' THEN 'dates'
			WHEN m.name = 'good' AND NOT f.good THEN 'cohort'
			WHEN m.name = 'cart' AND coalesce(f.fired_at <= f.now - interval '3 days', true) THEN 'trigger'
			WHEN m.name = 'cart' AND EXISTS (SELECT FROM persona.contact AS k WHERE k.customer = f.id AND k.campaign = 'cart' AND k.fired_at = f.fired_at) THEN 'answered'
			WHEN m.name = 'cart' AND f.bought THEN 'goal'
			WHEN m.name = 'good' AND f.clv IS NULL THEN 'relevance'
			WHEN w.channel = 'email' AND (f.email IS NULL OR f.opt_in IS NOT true) THEN 'channel'
			WHEN m.name = 'good' AND EXISTS (SELECT FROM persona.contact AS k WHERE k.customer = f.id AND k.campaign = 'good') THEN 'limit'
			END AS failed,
		CASE m.name WHEN 'good' THEN 0.5 * (f.clv / 100) * 2 WHEN 'cart' THEN 3 ELSE 1 END - CASE w.channel WHEN 'email' THEN 0.5 ELSE 0 END AS score
	FROM fact AS f CROSS JOIN persona.campaign AS m JOIN persona.campaign_channel AS w ON w.campaign = m.name
)
SELECT w.*, w.failed IS NULL AND NOT EXISTS (SELECT FROM way AS o WHERE o.id = w.id AND o.campaign = w.campaign AND o.position < w.position AND o.failed IS NULL) AS first
FROM way AS w;
CREATE TABLE expected AS
SELECT d.id, d.campaign, d.channel, d.failed,
	-- the value of "good" depends on the customer: it is not asked before its conditions hold
	CASE WHEN d.campaign <> 'good' OR d.failed IS NULL OR d.failed IN ('channel', 'limit') THEN d.score END AS score,
	CASE WHEN d.failed IS NULL THEN rank() OVER (PARTITION BY d.id ORDER BY d.failed IS NOT NULL, d.first DESC, d.priority DESC, d.score DESC, d.campaign COLLATE "C", d.position) END AS rank
FROM derived AS d;
CREATE TABLE explained AS
SELECT c.id, e.* FROM customer AS c CROSS JOIN LATERAL persona.explain(c.id, '2026-03-10 12:00') AS e;
-- each stage occurs, and nothing differs
SELECT e.campaign, coalesce(e.failed, CASE WHEN e.rank = 1 THEN 'chosen' ELSE 'arbitration' END) AS stage, count(*),
	count(*) FILTER (WHERE x.stage IS DISTINCT FROM coalesce(e.failed, CASE WHEN e.rank = 1 THEN 'chosen' ELSE 'arbitration' END)) AS other_stage,
	count(*) FILTER (WHERE x.rank IS DISTINCT FROM e.rank) AS other_rank, count(*) FILTER (WHERE x.score IS DISTINCT FROM e.score) AS other_score
FROM expected AS e FULL JOIN explained AS x ON x.id = e.id AND x.campaign = e.campaign AND x.channel = e.channel
GROUP BY 1, 2 ORDER BY 1, 2;
-- what the reasons quote is what the tables say
SELECT count(*), count(*) FILTER (WHERE x.reason <> format('not in cohort "good": plan is %s; the sum of amount is %s, of order within 30 days, not at least 150',
		coalesce(c.plan || ', not gold', 'absent'),
		trim_scale(coalesce((SELECT sum(amount) FROM sale AS s WHERE s.customer = c.id AND s.at > '2026-03-10 12:00'::timestamptz - interval '30 days' AND s.at <= '2026-03-10 12:00'), 0)))) AS others
FROM explained AS x JOIN customer AS c USING (id) WHERE x.stage = 'cohort';
SELECT count(*), count(*) FILTER (WHERE x.reason <> format('the goal is reached: %s order within 2 days',
		(SELECT count(*) FROM sale AS s WHERE s.customer = x.id AND s.at > '2026-03-10 12:00'::timestamptz - interval '2 days' AND s.at <= '2026-03-10 12:00'))) AS others
FROM explained AS x WHERE x.stage = 'goal';
SELECT count(*), count(*) FILTER (WHERE x.reason <> CASE WHEN c.email IS NULL THEN 'email is absent' ELSE 'no consent: opt_in is ' || CASE WHEN c.opt_in THEN 'true' ELSE 'false' END || ', not true' END) AS others
FROM explained AS x JOIN customer AS c USING (id) WHERE x.stage = 'channel';
-- the winner is the next message
SELECT count(*), count(*) FILTER (WHERE (n.campaign, n.channel, n.score) IS DISTINCT FROM (x.campaign, x.channel, x.score)) AS others
FROM persona.next_message_at('2026-03-10 12:00') AS n FULL JOIN (SELECT * FROM explained WHERE rank = 1) AS x ON x.id = n.customer;
