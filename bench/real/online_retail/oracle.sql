-- oracle.sql - what define.sql means for one as_of, in plain SQL over retail's
-- tables.  Psql variable: as_of.  Leaves cohort_member, open_trigger and
-- next_message in schema oracle.

SET TimeZone = 'UTC';				-- so that an interval of a day is 24 hours
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS oracle CASCADE;
CREATE SCHEMA oracle;
SET search_path = oracle, verify, public;
\set default_language en

CREATE TABLE customer AS
SELECT customer_id AS customer, coalesce(language, 'en') AS language, coalesce(time_zone, 'Europe/London') AS zone,
	bucket('2011/summer', customer_id::text) AS bucket
FROM retail.customer;

-- Events later than as_of do not exist; of the same minute, lines come before
-- invoices, since they were bound first.
CREATE TABLE event AS
SELECT *, row_number() OVER (PARTITION BY customer ORDER BY at, source, seq) AS place
FROM (
	SELECT customer_id AS customer, 1 AS source, line_id AS seq, kind, at, stock_code, description, quantity, unit_price,
		NULL::numeric AS amount
	FROM retail.invoice_line
	UNION ALL
	SELECT customer_id, 2, first_line, 'invoice', at, NULL, NULL, NULL, NULL, amount
	FROM retail.invoice) e
WHERE customer IS NOT NULL AND at <= :'as_of';
CREATE INDEX ON event (customer, kind, place);
CREATE INDEX ON event (customer, stock_code, kind, place);
ANALYZE event;

CREATE TABLE contact AS
SELECT customer_id AS customer, campaign, channel, fired_at, status, decided_at, send_at FROM retail.sent_message;

----------------------------------------------------------------- sliding windows

CREATE TABLE chosen (atom text, customer int, at timestamptz, length interval, value numeric, item text);

INSERT INTO chosen
SELECT 'returned ' || window_length, customer, at, window_length, quantity
FROM event, unnest('{2 days,30 days,60 days}'::interval[]) window_length
WHERE kind = 'return'
UNION ALL
SELECT 'invoiced ' || window_length, customer, at, window_length, amount
FROM event, unnest('{7 days,90 days,365 days}'::interval[]) window_length
WHERE kind = 'invoice'
UNION ALL
SELECT 'ordered 30 days', customer, at, interval '30 days', amount FROM event WHERE kind = 'invoice' AND amount > 0
UNION ALL
SELECT 'ordered big 3 days', customer, at, interval '3 days', amount FROM event WHERE kind = 'invoice' AND amount >= 1000
UNION ALL
SELECT 'festive 60 days', customer, at, interval '60 days', quantity FROM event
WHERE kind = 'purchase'
	AND (strpos(description, 'CHRISTMAS') > 0 OR description ~ '\m(XMAS|ADVENT)\M' OR stock_code LIKE '8_123%');

INSERT INTO chosen
SELECT 'returned', customer, at, NULL, quantity FROM event WHERE kind = 'return';
INSERT INTO chosen
SELECT 'quantity 30 days', customer, at, '30 days', quantity FROM event WHERE kind = 'purchase';
INSERT INTO chosen
SELECT 'purchased 90 days', customer, at, '90 days', quantity, stock_code FROM event WHERE kind = 'purchase';
INSERT INTO chosen
SELECT 'price 180 days', customer, at, '180 days', unit_price FROM event WHERE kind = 'purchase';
INSERT INTO chosen
SELECT 'price', customer, at, NULL, unit_price FROM event WHERE kind = 'purchase';

\ir ../rolling.sql

CREATE TABLE stretch (atom text, customer int, during tstzrange);

INSERT INTO stretch SELECT 'any return', customer, during FROM rolled WHERE atom = 'returned' AND n >= 1;
INSERT INTO stretch SELECT 'return in 2 days', customer, during FROM rolled WHERE atom = 'returned 2 days' AND n >= 1;
INSERT INTO stretch SELECT 'return in 30 days', customer, during FROM rolled WHERE atom = 'returned 30 days' AND n >= 1;
INSERT INTO stretch SELECT 'two returns', customer, during FROM rolled WHERE atom = 'returned 60 days' AND n >= 2;
INSERT INTO stretch SELECT 'order in 30 days', customer, during FROM rolled WHERE atom = 'ordered 30 days' AND n >= 1;
INSERT INTO stretch SELECT 'three orders', customer, during FROM rolled WHERE atom = 'ordered 30 days' AND n >= 3;
INSERT INTO stretch SELECT 'big order', customer, during FROM rolled WHERE atom = 'ordered big 3 days' AND n >= 1;
INSERT INTO stretch SELECT 'festive', customer, during FROM rolled WHERE atom = 'festive 60 days' AND n >= 1;
INSERT INTO stretch SELECT 'invoice in 7 days', customer, during FROM rolled WHERE atom = 'invoiced 7 days' AND n >= 1;
INSERT INTO stretch SELECT 'purchase in 30 days', customer, during FROM rolled WHERE atom = 'quantity 30 days' AND n >= 1;

INSERT INTO stretch SELECT '2000 in a year', customer, during FROM rolled WHERE atom = 'invoiced 365 days' AND total >= 2000;
INSERT INTO stretch SELECT 'net more than nothing', customer, during FROM rolled WHERE atom = 'invoiced 90 days' AND total > 0;
INSERT INTO stretch SELECT '1000 units', customer, during FROM rolled WHERE atom = 'quantity 30 days' AND total > 1000;
INSERT INTO stretch SELECT '50 articles', customer, during FROM rolled WHERE atom = 'purchased 90 days' AND items >= 50;
INSERT INTO stretch SELECT 'quantity 144', customer, during FROM rolled WHERE atom = 'purchased 90 days' AND highest >= 144;
INSERT INTO stretch SELECT 'average under 1.5', customer, during FROM rolled WHERE atom = 'price 180 days' AND average < 1.5;
INSERT INTO stretch SELECT 'got for nothing', customer, during FROM rolled WHERE atom = 'price' AND lowest = 0;
INSERT INTO stretch SELECT 'ten purchases', customer, during FROM rolled WHERE atom = 'price' AND n >= 10;

----------------------------------------------------------------- calendar windows

-- The month after one with two invoices, in London.
INSERT INTO stretch
SELECT 'two last month', customer, during((month + interval '1 month') AT TIME ZONE 'Europe/London',
	(month + interval '2 months') AT TIME ZONE 'Europe/London')
FROM (SELECT customer, date_trunc('month', at AT TIME ZONE 'Europe/London') AS month, count(*) AS n
	  FROM event WHERE kind = 'invoice' GROUP BY 1, 2) m
WHERE n >= 2;

-- The rest of a week with an invoice, and the week after.
INSERT INTO stretch
SELECT 'invoice this week', customer, during(at, (week + interval '7 days') AT TIME ZONE zone)
FROM event JOIN customer USING (customer), LATERAL date_trunc('week', at AT TIME ZONE zone) week
WHERE kind = 'invoice'
UNION ALL
SELECT 'invoice last week', customer, during((week + interval '7 days') AT TIME ZONE zone, (week + interval '14 days') AT TIME ZONE zone)
FROM event JOIN customer USING (customer), LATERAL date_trunc('week', at AT TIME ZONE zone) week
WHERE kind = 'invoice';

INSERT INTO stretch
SELECT 'new', customer_id, during(first_purchase, first_purchase + interval '30 days')
FROM retail.customer WHERE first_purchase IS NOT NULL;

INSERT INTO stretch
SELECT 'first last quarter', customer_id, during((quarter + interval '3 months') AT TIME ZONE 'Europe/London',
	(quarter + interval '6 months') AT TIME ZONE 'Europe/London')
FROM retail.customer, LATERAL date_trunc('quarter', first_purchase AT TIME ZONE 'Europe/London') quarter
WHERE first_purchase IS NOT NULL;

INSERT INTO stretch
SELECT 'first this month', customer, during(month AT TIME ZONE zone, (month + interval '1 month') AT TIME ZONE zone)
FROM retail.customer JOIN customer ON customer = customer_id, LATERAL date_trunc('month', first_purchase AT TIME ZONE zone) month
WHERE first_purchase IS NOT NULL;

-- The anniversary lies between "first" and "last" days from today.
INSERT INTO stretch
SELECT atom, customer, during((kept - last)::timestamp AT TIME ZONE zone, (kept - first + 1)::timestamp AT TIME ZONE zone)
FROM retail.customer JOIN customer ON customer = customer_id, generate_series(1, 3) years,
	anniversary(first_purchase_on, years) kept,
	(VALUES ('anniversary', -7, 14), ('first year', -3, 3)) w(atom, first, last)
WHERE first_purchase_on IS NOT NULL;

----------------------------------------------------------------- first and last

CREATE TABLE neighbors AS
SELECT *, lag(at, 1, '-infinity') OVER w AS previous_at, lead(at, 1, 'infinity') OVER w AS next_at
FROM event
WINDOW w AS (PARTITION BY customer, kind ORDER BY place);

-- An event is the last one until the next comes.
INSERT INTO stretch
SELECT 'lapsed', customer, during(at + interval '90 days', next_at)
FROM neighbors WHERE kind = 'purchase';
INSERT INTO stretch
SELECT 'lapsing', customer, during(at + interval '60 days', next_at)
FROM neighbors WHERE kind = 'invoice';
INSERT INTO stretch
SELECT 'last line bulk', customer, during(at, next_at)
FROM neighbors WHERE kind = 'purchase' AND quantity >= 12;
INSERT INTO stretch
SELECT 'last is credit', customer, during(at, least(next_at, at + interval '180 days'))
FROM neighbors WHERE kind = 'invoice' AND amount < 0;
-- The first of all never changes; the first of a window is next when the one before it leaves.
INSERT INTO stretch
SELECT 'first large', customer, during(at + interval '30 days', 'infinity')
FROM neighbors WHERE kind = 'invoice' AND previous_at = '-infinity' AND amount >= 400;
INSERT INTO stretch
SELECT 'first line recent', customer, during(greatest(at, previous_at + interval '45 days'), at + interval '20 days')
FROM neighbors WHERE kind = 'purchase' AND quantity < 6;

----------------------------------------------------------------- regularly

-- An event of age a lies in period floor(a / 30 days); ages matter at their multiples.
INSERT INTO stretch
SELECT 'monthly', customer, during(t, next_t)
FROM (SELECT *, lead(t, 1, 'infinity') OVER (PARTITION BY customer ORDER BY t) AS next_t
	  FROM (SELECT DISTINCT customer, at + k * interval '30 days' AS t
			FROM event, generate_series(0, 6) k WHERE kind = 'invoice') ticks) tick
WHERE 4 <= (SELECT count(DISTINCT floor(extract(epoch FROM t - at) / (30 * 86400)))
			FROM event e
			WHERE e.customer = tick.customer AND kind = 'invoice' AND at <= t AND at > t - 6 * interval '30 days');

----------------------------------------------------------------- sequences

INSERT INTO stretch
SELECT 'sent back', customer, during(r.at, p.at + interval '90 days')
FROM event p JOIN event r USING (customer, stock_code)
WHERE p.kind = 'purchase' AND r.kind = 'return' AND r.place > p.place AND r.at < p.at + interval '30 days';

INSERT INTO stretch
SELECT 'rebought', customer, during(b.at, a.at + interval '60 days')
FROM event a JOIN event b USING (customer, stock_code)
WHERE a.kind = 'purchase' AND a.quantity >= 24 AND b.kind = 'purchase' AND b.place > a.place AND b.at < a.at + interval '45 days'
	AND NOT EXISTS (SELECT FROM event r WHERE r.customer = a.customer AND r.stock_code = a.stock_code AND r.kind = 'return'
					AND r.place > a.place AND r.place < b.place);

-- A trailing absence covers (t, t + D] and is fulfilled at t + D.
INSERT INTO stretch
SELECT 'kept', customer, during(p.at + interval '10 days', p.at + interval '40 days')
FROM event p
WHERE p.kind = 'purchase' AND p.unit_price >= 10
	AND NOT EXISTS (SELECT FROM event r WHERE r.customer = p.customer AND r.stock_code = p.stock_code AND r.kind = 'return'
					AND r.at > p.at AND r.at <= p.at + interval '10 days');
INSERT INTO stretch
SELECT 'replenish', customer, during(p.at + interval '45 days', p.at + interval '60 days')
FROM event p
WHERE p.kind = 'purchase' AND p.quantity >= 48
	AND NOT EXISTS (SELECT FROM event n WHERE n.customer = p.customer AND n.stock_code = p.stock_code AND n.kind = 'purchase'
					AND n.at > p.at AND n.at <= p.at + interval '45 days');

INSERT INTO stretch
SELECT 'order after return', customer, during(j.at, i.at + interval '40 days')
FROM event i JOIN event r USING (customer) JOIN event j USING (customer)
WHERE i.kind = 'invoice' AND r.kind = 'return' AND j.kind = 'invoice' AND j.amount > 0
	AND r.place > i.place AND j.place > r.place
	AND r.at < i.at + interval '10 days' AND j.at < r.at + interval '20 days';

----------------------------------------------------------------- the conditions

\ir ../truths.sql

CREATE TABLE holding AS
SELECT v.name, customer, v.held
FROM retail.customer
JOIN customer ON customer = customer_id
LEFT JOIN truths USING (customer)
CROSS JOIN LATERAL (
	SELECT held(t, '2000 in a year') AS vip,
		held(t, 'lapsed') AS lapsed,
		held(t, 'monthly') AS monthly,
		held(t, 'sent back') AS sent_back,
		held(t, 'first large') AS first_large,
		lasting(country <> 'United Kingdom') AS abroad,
		account -> 'first_invoice' ->> 'amount' AS first_amount,
		CASE WHEN jsonb_typeof(account -> 'themes') = 'array' THEN account -> 'themes' END AS themes) c
CROSS JOIN LATERAL (VALUES
	-- cohorts
	('uk', lasting(country = 'United Kingdom')),
	('abroad', abroad),
	('german_speaking', lasting(country IN ('Germany', 'Austria', 'Switzerland'))),
	('lands', lasting(country ILIKE '%land' AND country NOT IN ('Poland', 'Finland'))),
	('big_first_invoice', lasting(first_amount::numeric >= 500)),
	('festive', lasting(themes ? 'christmas' OR themes ? 'wedding')),
	('no_paper', lasting(NOT coalesce(themes ? 'paper', false))),
	('all_themes', lasting(themes ? 'christmas' AND themes ? 'vintage' AND themes ? 'garden')),
	('new_customers', held(t, 'new')),
	('customers_of_2010', lasting(first_purchase < '2011-01-01 00:00Z')),
	('customers_since_june', lasting(first_purchase > '2011-06-01 09:15Z')),
	('first_last_quarter', held(t, 'first last quarter')),
	('first_this_month', held(t, 'first this month')),
	('first_on_a_day', lasting(first_purchase_on = '2011-03-24')),
	('never_purchased', lasting(first_purchase IS NULL)),
	('no_time_zone', lasting(time_zone IS NULL AND email IS NOT NULL)),
	('anniversary', held(t, 'anniversary')),
	('half', lasting(bucket >= 0 AND bucket < 0.5)),
	('returners', held(t, 'two returns')),
	('never_returned', no(held(t, 'any return'))),
	('idle', no(held(t, 'order in 30 days'))),
	('festive_buyers', held(t, 'festive')),
	('two_last_month', held(t, 'two last month')),
	('vip', vip),
	('units', held(t, '1000 units')),
	('net_nothing', no(held(t, 'net more than nothing'))),
	('wide_range', held(t, '50 articles')),
	('cheap', held(t, 'average under 1.5')),
	('bulk', held(t, 'quantity 144')),
	('freebies', held(t, 'got for nothing')),
	('lapsed', lapsed),
	('last_line_bulk', held(t, 'last line bulk')),
	('last_is_credit', held(t, 'last is credit')),
	('first_large', first_large),
	('first_line_recent', held(t, 'first line recent')),
	('monthly', monthly),
	('sent_back', sent_back),
	('rebuyers', held(t, 'rebought')),
	('kept', held(t, 'kept')),
	('good_customers', vip * no(lapsed) * (abroad + monthly)),
	-- triggers
	('replenish', held(t, 'replenish')),
	('lapsing', held(t, 'lapsing')),
	('returned', held(t, 'return in 2 days')),
	('big_order', held(t, 'big order')),
	('third_order', held(t, 'three orders')),
	('vip_reached', vip * no(held(t, 'return in 30 days'))),
	('first_year', held(t, 'first year')),
	('order_after_return', held(t, 'order after return')),
	('weekly_buyer', held(t, 'invoice this week') * held(t, 'invoice last week')),
	-- goals, relevance, consents, variants
	('purchased within 30 days', held(t, 'purchase in 30 days')),
	('invoiced within 7 days', held(t, 'invoice in 7 days')),
	('nothing sent back', no(sent_back)),
	('newsletter', lasting(newsletter)),
	('calls not refused', lasting(calls_refused IS NOT TRUE)),
	('ten purchases', held(t, 'ten purchases'))
) v(name, held);

----------------------------------------------------------------- the definitions

CREATE TABLE cohort (name text);
INSERT INTO cohort
SELECT unnest('{uk,abroad,german_speaking,lands,big_first_invoice,festive,no_paper,all_themes,new_customers,customers_of_2010,
	customers_since_june,first_last_quarter,first_this_month,first_on_a_day,never_purchased,no_time_zone,anniversary,half,
	returners,never_returned,idle,festive_buyers,two_last_month,vip,units,net_nothing,wide_range,cheap,bulk,freebies,lapsed,
	last_line_bulk,last_is_credit,first_large,first_line_recent,monthly,sent_back,rebuyers,kept,good_customers}'::text[]);

CREATE TABLE trigger (name text, open_for interval);
INSERT INTO trigger VALUES
('replenish', NULL), ('lapsing', '14 days'), ('returned', '7 days'), ('big_order', NULL), ('third_order', '5 days'),
('vip_reached', NULL), ('first_year', NULL), ('order_after_return', '10 days'), ('weekly_buyer', '2 days');

CREATE TABLE channel (name text, consent text, cost numeric);
INSERT INTO channel VALUES
('email', 'newsletter', 0.01), ('phone', 'calls not refused', 3), ('fax', NULL, 0.15), ('letter', NULL, 0.95),
('shop', 'ten purchases', 0);

CREATE TABLE address AS
SELECT customer_id AS customer, channel
FROM retail.customer, LATERAL (VALUES ('email', email), ('phone', phone), ('fax', fax), ('letter', 'none needed'),
	('shop', 'none needed')) a(channel, address)
WHERE address <> '';

CREATE TABLE hours (channel text, quiet boolean, day int, from_time time, to_time time);
INSERT INTO hours SELECT 'email', true, day, '19:00', '08:00' FROM generate_series(1, 5) day;
INSERT INTO hours SELECT 'email', true, day, '18:00', '10:00' FROM generate_series(6, 7) day;
INSERT INTO hours SELECT 'phone', false, day, '09:00', '12:30' FROM generate_series(1, 5) day;
INSERT INTO hours SELECT 'phone', false, day, '13:30', '17:30' FROM generate_series(1, 5) day;
INSERT INTO hours SELECT 'fax', false, day, '05:30', '08:00' FROM generate_series(1, 7) day;
INSERT INTO hours SELECT 'fax', true, day, '00:00', '06:45' FROM unnest('{6,7,1}'::int[]) day;

CREATE TABLE message (name text, experience text, channel text, placement text, language text, condition text,
	position int, subject text);
INSERT INTO message VALUES
('refill.fax', 'refill', 'fax', NULL, NULL, NULL, 0, 'Refill'),
('refill.email.de', 'refill', 'email', NULL, 'de', NULL, 0, 'Nachbestellen'),
('refill.email.en', 'refill', 'email', NULL, 'en', NULL, 0, 'Refill from '),
('comeback.email', 'comeback', 'email', NULL, NULL, NULL, 0, 'We miss you'),
('comeback.phone', 'comeback', 'phone', NULL, NULL, NULL, 0, NULL),
('comeback.fax', 'comeback', 'fax', NULL, NULL, NULL, 0, 'We miss you'),
('care.phone', 'care', 'phone', NULL, NULL, 'vip', 0, NULL),
('care.letter', 'care', 'letter', NULL, NULL, NULL, 0, 'Sorry'),
('thanks.email', 'thanks', 'email', NULL, NULL, NULL, 0, 'Thanks'),
('thanks.email.large', 'thanks', 'email', NULL, NULL, 'first_large', -1, 'Many thanks'),
('thanks.letter', 'thanks', 'letter', NULL, NULL, NULL, 0, 'Thanks'),
('bonus.shop', 'bonus', 'shop', 'basket', NULL, NULL, 0, NULL),
('bonus.shop.start', 'bonus', 'shop', 'start', NULL, NULL, -1, NULL),
('bonus.email', 'bonus', 'email', NULL, NULL, NULL, 0, 'Bonus'),
('jubilee.letter', 'jubilee', 'letter', 'insert', NULL, NULL, 0, 'Since '),
('jubilee.email.fr', 'jubilee', 'email', NULL, 'fr', NULL, 0, 'Un an'),
('catalog.email', 'catalog', 'email', NULL, NULL, NULL, 0, 'Catalog'),
('catalog.shop', 'catalog', 'shop', 'start', NULL, NULL, 0, NULL);

CREATE TABLE campaign (name text, experience text, cohort text, trigger text, goal text, relevance text,
	starts_at timestamptz, ends_at timestamptz, priority int, value numeric, weight numeric,
	max_contacts int, max_contacts_within interval, active boolean);
INSERT INTO campaign VALUES
('replenish', 'refill', NULL, 'replenish', NULL, 'nothing sent back', NULL, NULL, 10, 20, 0.5, 2, '30 days', true),
('win_back', 'comeback', NULL, 'lapsing', 'purchased within 30 days', NULL, NULL, NULL, 10, 13, 1, NULL, NULL, true),
('care', 'care', NULL, 'returned', NULL, NULL, NULL, NULL, 50, 6, 1, 3, NULL, true),
('thank_big', 'thanks', NULL, 'big_order', NULL, NULL, NULL, NULL, 20, 4, 1, 1, '21 days', true),
('bonus', 'bonus', 'half', 'third_order', NULL, NULL, NULL, NULL, 5, 4, 1.5, NULL, NULL, true),
('vip_welcome', 'bonus', 'good_customers', 'vip_reached', NULL, NULL, NULL, NULL, 5, 6, 1, NULL, NULL, true),
('jubilee', 'jubilee', 'half', 'first_year', NULL, NULL, '2011-11-01 00:00Z', NULL, 30, 2, 1, NULL, NULL, true),
('second_chance', 'bonus', NULL, 'order_after_return', NULL, NULL, NULL, '2011-10-30 08:00Z', 5, 5.5, 1, NULL, NULL, true),
('regulars', 'catalog', 'returners', 'weekly_buyer', NULL, NULL, NULL, NULL, 5, 1, 2, NULL, NULL, true),
('catalog', 'catalog', 'festive_buyers', NULL, 'invoiced within 7 days', NULL, NULL, NULL, 0, 1, 1, 1, '90 days', true);

CREATE TABLE campaign_channel (campaign text, position int, channel text, placement text);
INSERT INTO campaign_channel VALUES
('replenish', 1, 'fax', NULL), ('replenish', 2, 'email', NULL),
('win_back', 1, 'email', NULL), ('win_back', 2, 'phone', NULL), ('win_back', 3, 'fax', NULL),
('care', 1, 'phone', NULL), ('care', 2, 'letter', NULL),
('thank_big', 1, 'email', NULL), ('thank_big', 2, 'letter', NULL),
('bonus', 1, 'shop', 'basket'), ('bonus', 2, 'email', NULL),
('vip_welcome', 1, 'shop', 'start'), ('vip_welcome', 2, 'email', NULL),
('jubilee', 1, 'email', NULL), ('jubilee', 2, 'letter', 'insert'),
('second_chance', 1, 'email', NULL), ('second_chance', 2, 'shop', 'basket'),
('regulars', 1, 'email', NULL), ('regulars', 2, 'shop', 'start'),
('catalog', 1, 'email', NULL), ('catalog', 2, 'shop', 'start');

CREATE TABLE policy (name text, channel text, max_contacts int, period interval);
INSERT INTO policy VALUES
('two_a_month', NULL, 2, '30 days'), ('one_call_in_two_weeks', 'phone', 1, '14 days'),
('one_email_a_week', 'email', 1, '7 days'), ('no_two_faxes_a_day', 'fax', 1, '24 hours');

\ir ../arbitrate.sql

-- What the templates of the subjects come to.
UPDATE next_message n
SET subject = subject || CASE message
	WHEN 'refill.email.en' THEN country
	WHEN 'jubilee.letter' THEN coalesce(to_char(first_purchase_on, 'YYYY-MM-DD'), 'long')
	ELSE '' END
FROM retail.customer c
WHERE c.customer_id = n.customer;
