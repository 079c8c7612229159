-- prices: a channel that can't serve all serves those for whom it is worth most
-- compared with their next best message.

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

CREATE TABLE customer (id int PRIMARY KEY, clv int, loves_phone int, email text);
INSERT INTO customer SELECT i, i * 7919 % 1000, i * 104729 % 100, CASE WHEN i % 3 > 0 THEN 'x@example.com' END FROM generate_series(1, 500) AS i;
SELECT persona.bind_customers('customer', 'id');
INSERT INTO persona.experience (name) VALUES ('call'), ('offer');
INSERT INTO persona.channel (name, address_column, cost) VALUES ('phone', NULL, 2), ('chat', NULL, 0.5), ('email', 'email', 0.01);
INSERT INTO persona.message (name, experience, channel, body)
SELECT e.name || ' ' || c.name, e.name, c.name, 'Hello' FROM persona.experience AS e, persona.channel AS c;
INSERT INTO persona.cohort (name, condition)
SELECT format('clv %s', n), format('{"attribute": "clv", "between": [%s, %s]}', n, n + 99)::persona.condition FROM generate_series(0, 900, 100) AS n
UNION ALL
SELECT format('phone %s', n), format('{"attribute": "loves_phone", "between": [%s, %s]}', n, n + 9)::persona.condition FROM generate_series(0, 90, 10) AS n;
-- an offer by any channel, worth more for good customers, and a call worth more for who loves the phone
INSERT INTO persona.campaign (name, experience, cohort, value)
SELECT 'offer ' || n, 'offer', format('clv %s', n), n / 100.0 + 2 FROM generate_series(0, 900, 100) AS n
UNION ALL
SELECT 'call ' || n, 'call', format('phone %s', n), n / 7.0 + 3 FROM generate_series(0, 90, 10) AS n;
INSERT INTO persona.campaign_channel (campaign, position, channel)
SELECT name, 1, 'phone' FROM persona.campaign UNION ALL
SELECT name, 2, 'chat' FROM persona.campaign WHERE experience = 'offer' UNION ALL
SELECT name, 3, 'email' FROM persona.campaign WHERE experience = 'offer';
SET timezone = 'UTC';
\set then '''2026-03-10 10:00Z''::timestamptz'

-- no capacity, no price; and the program stays as it is
SELECT * FROM persona.prices_at(:then);
SELECT persona.program_hash(persona.priced_program(:then)) = persona.program_hash(persona.program()) AS same;
SELECT channel, count(*) FROM persona.next_message_at(:then) GROUP BY channel ORDER BY channel;
-- one that is enough
UPDATE persona.channel SET capacity_per_day = 500 WHERE name = 'phone';
SELECT * FROM persona.prices_at(:then);

--
-- One scarce channel: those with the largest gain get it
--

UPDATE persona.channel SET capacity_per_day = 40 WHERE name = 'phone';
UPDATE persona.channel SET capacity_per_day = NULL WHERE name = 'chat';
CREATE TABLE price AS SELECT * FROM persona.prices_at(:then);
SELECT channel, priority, sent_from, sent_until, places, wanted, served, price, value_lost, gap FROM price;
CREATE VIEW decided AS
	SELECT d.* FROM persona.decisions_of_all(persona.priced_program(:then), :then) AS d (customer int, campaign text, experience text, channel text, placement text,
		message text, language text, send_at timestamptz, expires_at timestamptz, subject text, body text, priority int, propensity numeric, value numeric,
		urgency numeric, weight numeric, cost numeric, price numeric, score numeric, reason text, trigger text, fired_at timestamptz, trigger_key text, valid_until timestamptz);
SELECT channel, count(*), sum(score + coalesce(price, 0)) AS worth FROM decided GROUP BY channel ORDER BY channel;
-- what each customer could have, from explanations: with the channels that
-- come after the scarce one
CREATE TABLE could AS
	SELECT c.id, e.campaign, e.channel, e.score FROM customer AS c, persona.explain(c.id, :then) AS e WHERE e.eligible;
SELECT sum(gain) AS most_to_gain, (SELECT sum(score + coalesce(price, 0)) FROM decided) - (SELECT sum(other) FROM (
		SELECT greatest(0, max(score) FILTER (WHERE channel = 'chat')) AS other FROM could GROUP BY id) AS o) AS gained
FROM (SELECT max(score) FILTER (WHERE channel = 'phone') - greatest(0, max(score) FILTER (WHERE channel = 'chat')) AS gain
	FROM could GROUP BY id ORDER BY gain DESC LIMIT 40) AS g;
-- reasons tell of the price
SELECT e.campaign, e.channel, e.stage, e.price, e.score, e.reason
FROM persona.priced_program(:then) AS p (program) CROSS JOIN customer AS c CROSS JOIN LATERAL persona.candidates(p.program, c, NULL, :then) AS e
WHERE c.id = 3 AND e.stage IN ('capacity', 'chosen', 'arbitration') ORDER BY e.rank, e.campaign, e.channel;

--
-- Two scarce channels: no assignment is worth more than the bound that the
-- prices give, and this one reaches it, up to what breaks ties
--

UPDATE persona.channel SET capacity_per_day = 30 WHERE name = 'chat';
TRUNCATE price;
INSERT INTO price SELECT * FROM persona.prices_at(:then);
SELECT channel, places, wanted, served, price, value_lost, gap FROM price ORDER BY channel;
SELECT channel, count(*) FROM decided GROUP BY channel ORDER BY channel;
SELECT bound - worth BETWEEN -0.001 AND 0.001 AS reached FROM
	(SELECT sum(score + coalesce(price, 0)) AS worth FROM decided) AS d,
	(SELECT sum(greatest(0, best)) + (SELECT sum(price * places) FROM price) AS bound
	 FROM (SELECT max(k.score - coalesce(p.price, 0)) AS best FROM could AS k LEFT JOIN price AS p USING (channel) GROUP BY k.id) AS b) AS b;

-- with these prices each decision stands until its valid_until, when another day begins
CREATE TABLE kept AS SELECT persona.priced_program(:then) AS program;
SELECT d.valid_until, count(*) FROM kept AS k CROSS JOIN customer AS c CROSS JOIN LATERAL persona.decide(k.program, c, NULL, :then) AS d GROUP BY d.valid_until;
SELECT c.id, probe.at FROM kept AS k CROSS JOIN customer AS c CROSS JOIN LATERAL persona.decide(k.program, c, NULL, :then) AS d
	CROSS JOIN LATERAL (VALUES (d.valid_until - interval '1 microsecond'), (:then + (d.valid_until - :then) / 2)) AS probe (at)
	LEFT JOIN LATERAL persona.decide(k.program, c, NULL, probe.at) AS l ON true
WHERE (d.campaign, d.channel, d.price, d.score, d.valid_until) IS DISTINCT FROM (l.campaign, l.channel, l.price, l.score, l.valid_until);
SELECT d.channel, d.price, count(*) FROM kept AS k CROSS JOIN customer AS c CROSS JOIN LATERAL persona.decide(k.program, c, NULL, '2026-03-11 00:00') AS d GROUP BY d.channel, d.price;

--
-- Contacts that are planned take their places, higher classes come first, and
-- none is left for others
--

INSERT INTO persona.contact (customer, campaign, channel, decided_at, send_at, status, ended_at)
SELECT i, 'offer 0', 'phone', timestamptz '2026-03-10 08:00Z', timestamptz '2026-03-10 12:00Z' + interval '1 day' * (i % 2),
	CASE WHEN i % 10 = 0 THEN 'cancelled' ELSE 'planned' END, CASE WHEN i % 10 = 0 THEN timestamptz '2026-03-10 09:00Z' END
FROM generate_series(1, 20) AS i;
SELECT channel, places, wanted, served FROM persona.prices_at(:then) ORDER BY channel;
UPDATE persona.campaign SET priority = 1 WHERE name = 'call 50';
SELECT channel, priority, places, wanted, served, price FROM persona.prices_at(:then) ORDER BY channel, priority DESC;
SELECT channel, priority, count(*) FROM decided GROUP BY channel, priority ORDER BY channel, priority;
UPDATE persona.campaign SET priority = 1 WHERE name IN ('call 60', 'call 70', 'call 40');
SELECT channel, priority, places, wanted, served, price FROM persona.prices_at(:then) ORDER BY channel, priority DESC;
SELECT channel, priority, count(*) FROM decided GROUP BY channel, priority ORDER BY channel, priority;
SELECT DISTINCT e.reason
FROM persona.priced_program(:then) AS p (program) CROSS JOIN customer AS c CROSS JOIN LATERAL persona.candidates(p.program, c, NULL, :then) AS e
WHERE e.stage = 'capacity' AND e.priority = 0 AND e.channel = 'phone';

--
-- Each day has its places
--

UPDATE persona.campaign SET priority = 0;
UPDATE persona.channel SET open_hours = 'daily 00:00-09:00', capacity_per_day = 15 WHERE name = 'chat';
SELECT channel, sent_from, places, wanted, served, price FROM persona.prices_at(:then) ORDER BY channel, sent_from;
SELECT channel, send_at, count(*), min(valid_until) FROM decided GROUP BY channel, send_at ORDER BY channel, send_at;

--
-- A run gives the places to those who have them in the optimum
--

CREATE TABLE optimum AS SELECT customer, campaign, channel, send_at FROM decided;
CALL persona.run(as_of => '2026-03-10 10:00Z');
SELECT customer, o.campaign, o.channel, c.campaign, c.channel
FROM optimum AS o FULL JOIN (SELECT * FROM persona.contact WHERE decided_at = :then) AS c USING (customer)
WHERE (o.campaign, o.channel, o.send_at) IS DISTINCT FROM (c.campaign, c.channel, c.send_at);
SELECT channel, capacity_day, count(*) FROM persona.contact WHERE decided_at = :then GROUP BY channel, capacity_day ORDER BY channel, capacity_day;
SELECT priced <> program AS priced, total, written, suppressed FROM persona.run_log;
-- and each is decided again as it was, with the prices
SELECT r.same, count(*) FROM persona.contact AS c CROSS JOIN LATERAL persona.replay(c.contact_id) AS r WHERE c.decided_at = :then GROUP BY r.same;

--
-- Prices that make no sense
--

SELECT persona.check_program(persona.program_with_prices(persona.program(), '[{"channel": "fax", "price": 1}]'));
SELECT persona.check_program(persona.program_with_prices(persona.program(), '[{"channel": "phone", "price": -1}]'));
SELECT persona.check_program(persona.program_with_prices(persona.program(), '[{"channel": "phone", "price": 1, "tie": -5}]'));
SELECT persona.check_program(persona.program_with_prices(persona.program(), '[{"channel": "phone"}]'));
\set VERBOSITY terse
UPDATE persona.channel SET capacity_per_day = -1;
\set VERBOSITY default
SELECT * FROM persona.prices_at(NULL);

--
-- What is worth nothing takes no place that somebody else has a use for, though the others alone leave places free
--

DELETE FROM persona.contact;
UPDATE persona.campaign SET active = false;
UPDATE persona.channel SET open_hours = NULL, capacity_per_day = NULL;
INSERT INTO persona.campaign (name, experience, value) SELECT 'by number', experience, 'customer.id - 20' FROM persona.campaign WHERE name = 'call 50';
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('by number', 1, 'phone');
UPDATE persona.channel SET cost = 0, capacity_per_day = (SELECT count(*) FROM customer) - 5 WHERE name = 'phone';
SELECT channel, priority, places - (SELECT count(*) FROM customer) AS places, wanted - (SELECT count(*) FROM customer WHERE id >= 20) AS wanted, wanted - served AS lost, price
FROM persona.prices_at(:then);
SELECT count(*), min(d.score)
FROM persona.priced_program(:then) AS p (program) CROSS JOIN customer AS c CROSS JOIN LATERAL persona.decide(p.program, c, NULL, :then) AS d;
UPDATE persona.channel SET capacity_per_day = capacity_per_day + 5 WHERE name = 'phone';
SELECT count(*) FROM persona.prices_at(:then);
