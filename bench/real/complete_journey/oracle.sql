-- oracle.sql - what define.sql means for one as_of, straight from the tables:
-- who is in each cohort, which windows are open, what comes next.  Psql
-- variable: as_of.

SET TimeZone = 'UTC';				-- so that an interval of a day is 24 hours
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS oracle CASCADE;
CREATE SCHEMA oracle;
SET search_path = oracle, verify, public;

CREATE TABLE buy AS
SELECT household_id AS h, sold AT TIME ZONE 'America/New_York' AS at, p.* FROM grocer.purchase p
WHERE sold AT TIME ZONE 'America/New_York' <= :'as_of';
CREATE TABLE mail AS
SELECT household_id AS h, start_date::timestamp AT TIME ZONE 'America/New_York' AS at, m.* FROM grocer.mailing m
WHERE start_date::timestamp AT TIME ZONE 'America/New_York' <= :'as_of';
CREATE TABLE redeem AS
SELECT household_id AS h, "redemption date"::timestamp AT TIME ZONE 'America/New_York' AS at, coupon_upc, campaign_id FROM grocer.redemption r
WHERE isfinite("redemption date") AND "redemption date"::timestamp AT TIME ZONE 'America/New_York' <= :'as_of';
CREATE INDEX ON buy (h, at);
CREATE INDEX ON mail (h);
CREATE INDEX ON redeem (h);
ANALYZE buy, mail, redeem;
SELECT :'as_of'::timestamptz AS t, (:'as_of'::timestamptz AT TIME ZONE 'America/New_York')::date AS today \gset

CREATE TABLE cohort_member (cohort text, customer text);
INSERT INTO cohort_member
SELECT c.name, household_id
FROM grocer."Household" u
CROSS JOIN LATERAL (
	SELECT count(*) FILTER (WHERE at > :'t'::timestamptz - interval '56 days') AS n56,
		coalesce(sum(sales_value) FILTER (WHERE at > :'t'::timestamptz - interval '90 days'), 0) AS spent90,
		coalesce(sum(retail_disc::numeric) FILTER (WHERE at > :'t'::timestamptz - interval '180 days' AND department = 'GROCERY'), 0) AS saved,
		avg(sales_value) FILTER (WHERE at > :'t'::timestamptz - interval '180 days') AS average,
		max(sales_value) FILTER (WHERE at > :'t'::timestamptz - interval '200 days') AS highest,
		count(DISTINCT basket_id) FILTER (WHERE at > :'t'::timestamptz - interval '60 days') AS baskets,
		count(*) FILTER (WHERE at > :'t'::timestamptz - interval '120 days' AND department = 'MEAT') AS meat,
		count(*) FILTER (WHERE at > :'t'::timestamptz - interval '120 days' AND department = 'PRODUCE') AS produce,
		count(*) FILTER (WHERE brand = 'Private') AS private,
		count(*) FILTER (WHERE department IS DISTINCT FROM 'GROCERY' AND sold::date BETWEEN :'today'::date - 29 AND :'today') AS other,
		count(*) FILTER (WHERE date_trunc('month', sold) = date_trunc('month', :'today'::timestamp)) AS n_month,
		count(*) FILTER (WHERE date_trunc('week', sold) = date_trunc('week', :'today'::timestamp) - interval '7 days') AS n_week,
		count(DISTINCT floor(extract(epoch FROM :'t'::timestamptz - at) / (30 * 86400))) FILTER (WHERE at > :'t'::timestamptz - interval '120 days') AS months,
		count(*) FILTER (WHERE at > :'t'::timestamptz - interval '180 days' AND at <= :'t'::timestamptz - interval '60 days') AS n_then,
		count(*) FILTER (WHERE at > :'t'::timestamptz - interval '60 days') AS n_now
	FROM buy WHERE h = u.household_id) b
CROSS JOIN LATERAL (SELECT coalesce(kids_count IN ('1', '2', '3+'), false) AS family,
	(SELECT count(DISTINCT campaign_id) FROM redeem WHERE h = u.household_id) >= 2 AS redeemer) f
CROSS JOIN LATERAL (VALUES
	('well_off', income >= '100-124K'),
	('not_surveyed', income IS NULL AND age IS NULL),
	('families', family),
	('no_family', NOT family),
	('owners_35_to_64', lower(home_ownership) LIKE '%owner%' AND age IN ('35-44', '45-54', '55-64')),
	('test_group', bucket('autumn', household_id) >= 0.25 AND bucket('autumn', household_id) < 0.75),
	('active_8_weeks', n56 > 0),
	('heavy', spent90 >= 50),
	('light', spent90 < 10.5),
	('discount_hunter', saved > 9.99),
	('average_line', average >= 2.5 AND average <= 3),
	('basket_hoppers', baskets >= 5),
	('meat_and_produce', meat >= 1 AND produce >= 2),
	('never_private_brand', private = 0),
	('no_department', other >= 3),
	('this_month', n_month >= 2),
	('last_week', n_week >= 1),
	('mailed_in_quarter', EXISTS (SELECT FROM mail WHERE h = u.household_id AND campaign_type = 'Type A'
		AND date_trunc('quarter', start_date::timestamp) = date_trunc('quarter', :'today'::timestamp))),
	('offer_still_valid', EXISTS (SELECT FROM mail, LATERAL (SELECT end_date::timestamp AT TIME ZONE 'America/New_York' AS e) x
		WHERE h = u.household_id AND e > :'t' AND e <= :'t'::timestamptz + interval '21 days')),
	('redeemer', redeemer),
	('mailed_never_redeemed', u.household_id IN (SELECT h FROM mail) AND NOT EXISTS (SELECT FROM redeem WHERE h = u.household_id)),
	('redeemed_the_mailing', EXISTS (SELECT FROM mail m JOIN redeem r USING (h, campaign_id)
		-- of one day, the mailing comes first: its source was bound first
		WHERE h = u.household_id AND r.at >= m.at AND r.at < m.at + interval '45 days')),
	('per_campaign_twice', EXISTS (SELECT FROM mail m WHERE h = u.household_id
		AND 2 <= (SELECT count(*) FROM redeem r WHERE r.h = m.h AND r.campaign_id = m.campaign_id))),
	('big_basket', EXISTS (SELECT FROM buy WHERE h = u.household_id AND at > :'t'::timestamptz - interval '30 days'
		GROUP BY basket_id HAVING sum(sales_value) >= 15)),
	('monthly', months = 4),
	('slowing', n_then >= 4 AND n_now <= 1),
	('long_gap', EXISTS (SELECT FROM (SELECT at - lag(at) OVER (ORDER BY at) AS gap FROM buy WHERE h = u.household_id) g WHERE gap > interval '60 days')),
	('dear_item', highest >= 10),
	('good_target', n56 > 0 AND (family OR redeemer) AND spent90 >= 10.5)
) c(name, holds)
WHERE c.holds;

-- the latest firing, and until when its window is open
CREATE TABLE open_trigger AS
SELECT DISTINCT ON (customer, trigger, trigger_key) *
FROM (
	SELECT h AS customer, 'mailing_unused' AS trigger, NULL AS trigger_key, at + interval '14 days' AS fired_at, at + interval '21 days' AS open_until
	FROM (
		-- a sequence without a length that once completed holds for ever, so it fires once
		SELECT h, min(at) AS at FROM mail m
		WHERE NOT EXISTS (SELECT FROM redeem r WHERE r.h = m.h AND r.campaign_id = m.campaign_id AND r.at > m.at AND r.at <= m.at + interval '14 days')
			AND at + interval '14 days' <= :'t'
		GROUP BY h) m
	UNION ALL
	SELECT h, 'lapsed', NULL, at + interval '56 days', at + interval '70 days'
	FROM (SELECT h, at, lead(at, 1, 'infinity') OVER (PARTITION BY h ORDER BY at) AS next_at FROM buy) b
	WHERE at + interval '56 days' < next_at AND at + interval '56 days' <= :'t'
	UNION ALL
	SELECT h, 'first_redemption', NULL, min(at), min(at) + interval '60 days' FROM redeem GROUP BY h
	UNION ALL
	SELECT h, 'bought', NULL, at, at + interval '3 days' FROM buy
	UNION ALL
	SELECT h, 'large_basket', basket_id, at, at + interval '5 days'
	FROM (SELECT h, basket_id, at, sum(sum(sales_value)) OVER w AS total, sum(sum(sales_value)) OVER w - sum(sales_value) AS before
		  FROM buy GROUP BY h, basket_id, at WINDOW w AS (PARTITION BY h, basket_id ORDER BY at)) b
	WHERE total >= 8 AND before < 8
) fired
WHERE customer IN (SELECT household_id FROM grocer."Household")
ORDER BY customer, trigger, trigger_key, fired_at DESC;
DELETE FROM open_trigger WHERE open_until <= :'t';

-- letters go out at once, e-mails not before eight
CREATE TABLE way AS
SELECT household_id AS customer, 'email' AS channel, 0.01 AS cost,
	CASE WHEN local::time >= '21:00' THEN (local::date + 1 + time '08:00') AT TIME ZONE 'America/New_York'
		WHEN local::time < '08:00' THEN (local::date + time '08:00') AT TIME ZONE 'America/New_York' ELSE :'t' END AS send_at
FROM grocer."Household", LATERAL (SELECT :'t'::timestamptz AT TIME ZONE 'America/New_York' AS local) l
WHERE bucket('has e-mail', household_id) < 0.6
UNION ALL
SELECT household_id, 'letter', 0.7, :'t' FROM grocer."Household"
WHERE "Household".household_id NOT IN (SELECT h FROM mail WHERE at > :'t'::timestamptz - interval '28 days')

;
CREATE TABLE next_message AS
SELECT DISTINCT ON (customer) customer, campaign, channel, send_at, score
FROM (
	SELECT DISTINCT ON (customer, campaign) customer, campaign, w.channel, w.send_at, priority, value - w.cost AS score
	FROM (VALUES
		('remind', NULL, 'mailing_unused', 10, 2.0, '{email,letter}'::text[]),
		('win_back', 'test_group', 'lapsed', 10, 2.0, '{letter,email}'),
		('thank', NULL, 'first_redemption', 10, 3.0, '{email}'),
		('cross_sell', 'good_target', NULL, 0, 3.0, '{letter,email}'),
		('letters_for_families', 'families', 'bought', 0, 5.0, '{email}'),
		('general', 'mailed_never_redeemed', NULL, 0, 0.5, '{email}')) c (campaign, cohort, trigger, priority, value, channels)
	CROSS JOIN way w
	LEFT JOIN open_trigger o USING (customer, trigger)
	WHERE w.channel = ANY (channels)
		AND (cohort IS NULL OR EXISTS (SELECT FROM cohort_member m WHERE m.customer = w.customer AND m.cohort = c.cohort))
		AND (trigger IS NULL OR w.send_at < o.open_until)
	ORDER BY customer, campaign, array_position(channels, w.channel)) best_channel
ORDER BY customer, priority DESC, score DESC, campaign COLLATE "C";
CREATE TABLE customer AS SELECT household_id AS customer FROM grocer."Household";
