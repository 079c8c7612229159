-- budgets: contacts cost money, and no more is spent than there is

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE TABLE customer (id bigint PRIMARY KEY, clv numeric, zone text);
INSERT INTO customer SELECT i, i, 'Asia/Tokyo' FROM generate_series(1, 20) AS i;
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone', default_time_zone => 'Europe/Berlin');
INSERT INTO persona.experience (name, kind) VALUES ('offer', 'coupon'), ('news', 'information');
INSERT INTO persona.channel (name, cost) VALUES ('letter', 0.7), ('email', 0);
INSERT INTO persona.placement (channel, name) VALUES ('letter', 'insert');
INSERT INTO persona.message (name, experience, channel, body) SELECT 'offer by ' || c.name, 'offer', c.name, c.name || ' {{customer.id}}' FROM persona.channel AS c;
INSERT INTO persona.campaign (name, experience, value, max_contacts, cost) VALUES ('all', 'offer', 'customer.clv', 1, 'CASE WHEN customer.id > 15 THEN 1.3 ELSE 0.3 END');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('all', 1, 'letter'), ('all', 2, 'email');

-- what is no budget
INSERT INTO persona.budget (name, amount) VALUES ('', 1);
INSERT INTO persona.budget (name, amount) VALUES ('print', -1);
INSERT INTO persona.budget (name, amount) VALUES ('print', 'NaN');
INSERT INTO persona.budget (name, amount) VALUES ('print', 'Infinity');
INSERT INTO persona.budget (name, amount) VALUES ('print', NULL);
INSERT INTO persona.budget (name, amount, calendar) VALUES ('print', 1, 'hour');
INSERT INTO persona.budget (name, amount, placement) VALUES ('print', 1, 'insert');
INSERT INTO persona.budget (name, amount, channel) VALUES ('print', 1, 'fax');

-- what is spent is what the contacts cost
CREATE VIEW wrong AS
	SELECT budget, period, u.spent, c.there
	FROM persona.budget_use AS u FULL JOIN (SELECT b.name AS budget,
			CASE WHEN b.calendar IS NULL THEN '-infinity' ELSE date_trunc(b.calendar, k.send_at AT TIME ZONE 'Europe/Berlin')::date END AS period, sum(k.cost) AS there
		FROM persona.contact AS k JOIN persona.experience AS e ON e.name = k.experience
			JOIN persona.budget AS b ON coalesce(b.channel = k.channel, true) AND coalesce(b.campaign = k.campaign, true) AND coalesce(b.experience = k.experience, true)
				AND coalesce(b.experience_kind = e.kind, true) AND coalesce(b.placement = k.placement, true)
		WHERE k.cost > 0 AND (k.sent_at IS NOT NULL OR k.ended_at IS NULL OR k.ended_at = 'infinity') GROUP BY 1, 2) AS c USING (budget, period)
	WHERE coalesce(u.spent, 0) <> coalesce(c.there, 0);

-- those who are worth most get the money, as long as there is enough for one; the others get the next best
INSERT INTO persona.budget (name, amount, channel, calendar) VALUES ('print', 7, 'letter', 'month');
SELECT * FROM persona.prices_at('2026-03-10 12:00');
CALL persona.run(as_of => '2026-03-10 12:00');
SELECT channel, cost, count(*), min(customer), max(customer), sum(cost) FROM persona.contact GROUP BY channel, cost ORDER BY channel, cost;
SELECT * FROM persona.budget_use;
SELECT * FROM persona.budget_left;
SELECT * FROM wrong;
SELECT count(DISTINCT c.program), count(*) FILTER (WHERE a.hash IS NULL) AS lost FROM persona.contact AS c LEFT JOIN persona.program_archive AS a ON a.hash = c.program;
SELECT count(*) FILTER (WHERE NOT r.same) AS others FROM persona.contact AS k CROSS JOIN LATERAL persona.replay(k.contact_id) AS r;
UPDATE persona.campaign SET max_contacts = 5;
SELECT e.channel, e.cost, e.rank, e.stage, e.reason FROM persona.explain(5, '2026-03-10 14:30') AS e;
SELECT e.channel, e.cost, e.rank, e.stage, e.reason FROM persona.explain_with_places(5, '2026-03-10 14:30') AS e;
SELECT e.channel, e.cost, e.rank, e.stage, e.reason FROM persona.explain_with_places(16, '2026-03-10 14:30') AS e;
-- a shortage is one of its month
SELECT t, persona.close_full_days(persona.program(), t)::jsonb ? 'prices' AS short FROM unnest('{2026-03-31 21:59:59+00,2026-03-31 22:00+00}'::timestamptz[]) AS t;
-- the month is that of the default zone, and of the time of sending
SELECT channel, send_at FROM persona.commit_message(5, as_of => '2026-03-31 21:59:59.999999');
SELECT channel, send_at FROM persona.commit_message(5, as_of => '2026-03-31 22:00');
SELECT * FROM persona.budget_use ORDER BY period;
SELECT * FROM wrong;

-- what ends without having been sent gives its money back, what was sent does not
UPDATE persona.contact SET status = 'cancelled' WHERE customer = 20 AND channel = 'letter';
SELECT * FROM persona.budget_use ORDER BY period;
UPDATE persona.contact SET status = 'planned', ended_at = NULL WHERE customer = 20 AND channel = 'letter';
UPDATE persona.contact SET status = 'sent' WHERE customer = 19 AND channel = 'letter';
UPDATE persona.contact SET status = 'failed' WHERE customer = 19 AND channel = 'letter';
UPDATE persona.contact SET status = 'failed', ended_at = 'infinity' WHERE customer = 18 AND channel = 'letter';
SELECT * FROM persona.budget_use ORDER BY period;
SELECT * FROM wrong;
-- so does what is deleted before; history that is deleted was paid
DELETE FROM persona.contact WHERE customer = 17;
SELECT * FROM persona.budget_use ORDER BY period;
SELECT * FROM wrong;
DELETE FROM persona.contact WHERE customer = 19;
SELECT * FROM persona.budget_use ORDER BY period;
-- what is written by hand is counted, and may spend more than there is
INSERT INTO persona.contact (customer, campaign, experience, channel, send_at, cost) VALUES (1, 'all', 'offer', 'letter', '2026-05-10', 100), (1, 'all', 'offer', 'email', '2026-05-10', 100), (1, 'all', 'offer', 'letter', '2026-05-10', NULL);
SELECT * FROM persona.budget_left ORDER BY period;
UPDATE persona.contact SET cost = 1, send_at = '2026-06-10' WHERE customer = 1 AND cost = 100 AND channel = 'letter';
SELECT * FROM persona.budget_left ORDER BY period;

\set VERBOSITY terse
INSERT INTO persona.contact (customer, campaign, experience, channel, send_at, cost) VALUES (1, 'all', 'offer', 'letter', '2026-05-10', 'NaN');
INSERT INTO persona.contact (customer, campaign, experience, channel, send_at, cost) VALUES (1, 'all', 'offer', 'letter', '2026-05-10', 'Infinity');
\set VERBOSITY default
-- another budget, or another question: what there is is counted anew
INSERT INTO persona.budget (name, amount, experience_kind) VALUES ('coupons', 250, 'coupon');
SELECT * FROM persona.budget_use WHERE budget = 'coupons';
UPDATE persona.budget SET calendar = 'quarter' WHERE name = 'coupons';
SELECT * FROM persona.budget_left WHERE budget = 'coupons' ORDER BY period;
UPDATE persona.experience SET kind = 'voucher' WHERE name = 'offer';
SELECT * FROM persona.budget_use WHERE budget = 'coupons';
UPDATE persona.budget SET experience_kind = 'voucher', calendar = NULL, name = 'vouchers' WHERE name = 'coupons';
SELECT * FROM persona.budget_use WHERE budget = 'vouchers';
UPDATE persona.budget SET experience_kind = NULL, experience = 'offer', campaign = 'all', calendar = 'week' WHERE name = 'vouchers';
SELECT * FROM persona.budget_use WHERE budget = 'vouchers' ORDER BY period;
UPDATE persona.budget SET channel = 'letter', placement = 'insert' WHERE name = 'vouchers';
SELECT * FROM persona.budget_use WHERE budget = 'vouchers' ORDER BY period;
DELETE FROM persona.budget WHERE name = 'vouchers';
SELECT * FROM wrong WHERE period > '2026-03-01';
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone', default_time_zone => 'Asia/Tokyo');
SELECT * FROM persona.budget_use ORDER BY period;
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone', default_time_zone => 'Europe/Berlin');

-- a contact is paid by all budgets that it fits, or by none
TRUNCATE persona.contact;
UPDATE persona.budget SET amount = 5, calendar = NULL;
SELECT * FROM persona.budget_use;
INSERT INTO persona.budget (name, amount) VALUES ('everything', 3.3);
CALL persona.run(as_of => '2026-07-01 12:00', everyone => true);
SELECT channel, cost, count(*), min(customer), max(customer) FROM persona.contact GROUP BY channel, cost ORDER BY channel, cost;
SELECT * FROM persona.budget_left ORDER BY budget;
SELECT * FROM wrong;
-- more money: who had to do without is asked again
UPDATE persona.budget SET amount = 6 WHERE name = 'everything';
SELECT * FROM persona.budget_left ORDER BY budget;
CALL persona.run(as_of => '2026-07-01 13:00');
SELECT channel, cost, count(*), min(customer), max(customer) FROM persona.contact WHERE decided_at = '2026-07-01 13:00' GROUP BY channel, cost ORDER BY channel, cost;
SELECT * FROM persona.budget_left ORDER BY budget;
SELECT * FROM wrong;
-- nobody gets what is not there: amounts of 0
UPDATE persona.budget SET amount = 0;
SELECT channel, cost FROM persona.commit_message(20, as_of => '2026-07-02 12:00');
UPDATE persona.campaign SET cost = '0';
UPDATE persona.channel SET cost = 0;
SELECT channel, cost FROM persona.commit_message(20, as_of => '2026-07-02 13:00');
UPDATE persona.channel SET cost = 0.7 WHERE name = 'letter';

-- on a channel on which the customer is, nothing is shown that can't be paid
UPDATE persona.budget SET amount = persona.budget_left.spent + 0.7 FROM persona.budget_left WHERE budget_left.budget = budget.name;
SELECT channel, cost FROM persona.commit_message(19, 'letter', as_of => '2026-07-02 14:00');
SELECT channel, cost FROM persona.commit_message(18, 'letter', as_of => '2026-07-02 14:00');
SELECT channel, cost FROM persona.commit_message(17, 'email', as_of => '2026-07-02 14:00');
SELECT * FROM wrong;

-- a cost that is switched off in the score is spent nevertheless
UPDATE persona.budget SET amount = amount + 10;
INSERT INTO persona.arbitration (cost) VALUES (false);
SELECT channel, cost, score FROM persona.commit_message(12, as_of => '2026-07-02 14:00');
SELECT * FROM wrong;

-- a place that nobody pays goes to the next
UPDATE persona.channel SET capacity_per_day = 2 WHERE name = 'letter';
UPDATE persona.channel SET weight = 0.5 WHERE name = 'email';
UPDATE persona.campaign SET cost = 'CASE WHEN customer.id > 15 THEN 99 ELSE 0 END';
CALL persona.run(as_of => '2026-07-05 12:00');
SELECT channel, cost, count(*), min(customer), max(customer) FROM persona.contact WHERE decided_at = '2026-07-05 12:00' GROUP BY channel, cost ORDER BY channel, cost;
SELECT * FROM persona.capacity_use WHERE day = '2026-07-05';
SELECT * FROM wrong;

-- a program tells of shortages, and refuses what it can't know
SELECT p -> 'prices' FROM (SELECT persona.close_full_days(persona.program(), '2026-07-05 12:00')::jsonb) AS p (p);
CREATE FUNCTION refused(prices jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	where_it_is text;
BEGIN
	PERFORM persona.check_program(persona.program_with_prices(persona.program(), prices));
	RETURN 'accepted';
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS where_it_is = PG_EXCEPTION_DETAIL;
	RETURN SQLERRM || ' | ' || where_it_is;
END $$;
SELECT v.price, refused(jsonb_build_array(v.price)) FROM (VALUES
	('{"budget": "none", "short_of": "1"}'::jsonb),
	('{"budget": "print", "short_of": "-1"}'),
	('{"budget": "print", "short_of": "NaN"}'),
	('{"budget": "print", "rate": "0.1"}'),
	('{"budget": "print", "rate": "-0.5"}'),
	('{"budget": "print", "rate": "134217729"}'),
	('{"budget": "print", "rate": "1", "tie": 268435456}'),
	('{"budget": "print", "price": "1"}'),
	('{"channel": "letter", "rate": "1"}'),
	('{"budget": "print", "rate": "134217728", "short_of": "0", "tie": 268435455}')) AS v (price);
-- what if: a budget is a definition like any other
SELECT refused(NULL), persona.program_with(persona.program(), '{"budgets": {"print": {"amount": 3, "calendar": "day"}, "everything": null, "new": {"amount": 1, "channel": "letter"}}}')::jsonb -> 'budgets';

-- over many customers: who decides with the prices is served as the prices tell, and no budget, no capacity is exceeded
TRUNCATE persona.contact, persona.budget, persona.arbitration CASCADE;
UPDATE persona.channel SET capacity_per_day = NULL, weight = CASE name WHEN 'letter' THEN 1.2 ELSE 1 END;
INSERT INTO persona.channel (name, cost, capacity_per_day, weight) VALUES ('call', 2.5, 60, 1.5);
INSERT INTO persona.message (name, experience, channel, body) VALUES ('call', 'offer', 'call', 'hello'), ('news by letter', 'news', 'letter', 'new'), ('news by email', 'news', 'email', 'new');
INSERT INTO customer SELECT i, mod(i * 7919, 997) / 50.0, NULL FROM generate_series(21, 2000) AS i;
UPDATE persona.campaign SET max_contacts = NULL, cost = 'mod(customer.id, 4) * 0.25';
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('all', 3, 'call');
INSERT INTO persona.cohort (name, condition) VALUES ('odd', '{"attribute": "clv", "more_than": 18}'), ('poor', '{"attribute": "clv", "less_than": 10}');
INSERT INTO persona.campaign (name, experience, cohort, priority, value, cost) VALUES ('first', 'news', 'odd', 1, '5', '0.1'), ('second', 'news', 'poor', 0, '10 - customer.clv', '0.05');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('first', 1, 'letter'), ('second', 1, 'letter'), ('second', 2, 'email');
INSERT INTO persona.budget (name, amount, channel, experience_kind, calendar) VALUES ('print', 300, 'letter', NULL, 'month'), ('calls', 120, 'call', NULL, 'day'), ('vouchers', 700, NULL, 'voucher', NULL);
INSERT INTO persona.contact (customer, campaign, experience, channel, decided_at, send_at, cost) SELECT i, 'all', 'offer', 'letter', '2026-07-31 12:00', '2026-08-01 12:00', 1 FROM generate_series(1, 20) AS i;
INSERT INTO persona.contact (customer, campaign, experience, channel, decided_at, send_at, cost, status) VALUES (1, 'all', 'offer', 'letter', '2026-07-31 12:00', '2026-08-01 12:00', 1000, 'cancelled');
SELECT * FROM persona.spent_at(persona.program(), '2026-08-10 12:00') ORDER BY budget;
CREATE TABLE price AS SELECT * FROM persona.prices_at('2026-08-10 12:00');
SELECT coalesce(channel, budget) AS name, priority, places, money, round(money_wanted, 1) AS wants, money_served, short_of, wanted, served, round(price, 4) AS price, gap < 0.01 * value_lost AS near FROM price ORDER BY priority DESC, name;
CREATE TABLE decided AS
	SELECT a.customer, (a.decision).*, e.kind
	FROM (SELECT r.customer, (r.ruling).decision FROM persona.all_rulings('2026-08-10 12:00', persona.priced_program('2026-08-10 12:00')) AS r) AS a
		JOIN persona.experience AS e ON e.name = (a.decision).experience;
SELECT p.channel, p.budget, p.priority, p.served, p.money_served, count(d), coalesce(sum(d.cost), 0) AS sum
FROM price AS p LEFT JOIN decided AS d ON d.priority = p.priority AND CASE WHEN p.budget IS NULL THEN d.channel = p.channel WHEN p.budget = 'print' THEN d.channel = 'letter'
	WHEN p.budget = 'calls' THEN d.channel = 'call' ELSE d.kind = 'voucher' END AND (p.budget IS NULL OR d.cost > 0)
GROUP BY p.channel, p.budget, p.priority, p.served, p.money_served HAVING p.served <> count(d) OR p.money_served <> sum(d.cost);
SELECT campaign, channel, count(*), sum(cost) FROM decided GROUP BY campaign, channel ORDER BY campaign, channel;
-- without prices everybody takes what is best
SELECT channel, count(*) FROM persona.next_message_of_all('2026-08-10 12:00') GROUP BY channel ORDER BY channel;
CALL persona.run(as_of => '2026-08-10 12:00');
SELECT count(*) AS contacts, count(*) FILTER (WHERE (k.campaign, k.channel, k.cost) IS DISTINCT FROM (d.campaign, d.channel, d.cost)) AS others
FROM (SELECT * FROM persona.contact WHERE decided_at = '2026-08-10 12:00') AS k FULL JOIN decided AS d ON d.customer = k.customer;
SELECT * FROM persona.budget_left ORDER BY budget;
SELECT * FROM wrong;
SELECT errors FROM persona.run_log WHERE errors <> '[]';
SELECT count(*) AS others FROM (SELECT contact_id FROM persona.contact WHERE decided_at = '2026-08-10 12:00' AND customer <= 200) AS k CROSS JOIN LATERAL persona.replay(k.contact_id) AS r WHERE r.same IS NOT TRUE;

-- what is worth less than nothing stands beside what is scarce; no channel has a capacity
UPDATE persona.channel SET capacity_per_day = NULL;
UPDATE persona.campaign SET value = '-1' WHERE name = 'second';
SELECT budget, priority, wanted > served AS scarce, price > 0 AS priced FROM persona.prices_at('2026-09-10 12:00') ORDER BY priority DESC, budget;
-- more budgets than get prices: those that are short do
INSERT INTO persona.budget (name, amount, campaign, calendar) SELECT 'ample ' || i, 1000000 + i, 'all', 'month' FROM generate_series(1, 80) AS i;
SELECT count(*) FILTER (WHERE budget LIKE 'ample%' AND priority = 0) AS ample, count(*) FILTER (WHERE budget NOT LIKE 'ample%' AND priority = 0) AS others FROM persona.prices_at('2026-09-10 12:00');
SELECT budget, priority, wanted > served AS scarce, price > 0 AS priced FROM persona.prices_at('2026-09-10 12:00') WHERE budget NOT LIKE 'ample%' ORDER BY priority DESC, budget;
CALL persona.run(as_of => '2026-09-10 12:00');
SELECT state, errors FROM persona.run_log ORDER BY run DESC LIMIT 1;
SELECT * FROM wrong;
