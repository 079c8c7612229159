-- check.sql - at an instant at night on which the mails of March still count
-- under the limit, and one at which they do not: cohorts, places of the
-- experiment and decisions against plain SQL.

SET TimeZone = 'UTC';
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS oracle CASCADE;
CREATE SCHEMA oracle;
-- Places by the published hash; an experiment's variations begin at the sums of
-- their weights, in double precision: 0.3 + 0.3 * 0.9 is a bit more than 0.57.
CREATE TABLE oracle.place AS
	SELECT id, verify.bucket('april', id::text) AS april, verify.bucket('control', id::text) AS control FROM shop.customer;
CREATE FUNCTION oracle.member(as_of timestamptz) RETURNS TABLE (cohort text, customer int) LANGUAGE sql AS $$
	SELECT n, c.id
	FROM shop.customer AS c
		LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE kind = 'visit' AND at > as_of - interval '30 days') AS visits,
				count(*) FILTER (WHERE kind = 'purchase') AS purchases,
				coalesce(sum(spend) FILTER (WHERE kind = 'purchase' AND at > as_of - interval '35 days'), 0) AS spent,
				bool_or(kind = 'purchase' AND at > as_of - interval '30 days' AND EXISTS (SELECT FROM shop.web AS v
					WHERE v.customer_id = w.customer_id AND v.kind = 'visit' AND v.at < w.at AND v.at > w.at - interval '1 hour')) AS quick
			FROM shop.web AS w WHERE w.customer_id = c.id AND w.at <= as_of) AS w ON true
		CROSS JOIN LATERAL (VALUES
			('recent', recency <= 3), ('only_mens', mens AND NOT womens), ('big', history > 350.5), ('segment_7', history_segment ~ '^7\)'),
			('phone_or_rural', channel = 'Phone' OR zip_code = 'Rural'), ('visited', visits > 0), ('bought', spent >= 50),
			('looked_only', visits > 0 AND purchases = 0), ('quick', quick), ('reachable_newbie', newbie AND email IS NOT NULL)) AS m (n, is_member)
	WHERE is_member
$$;
CREATE FUNCTION oracle.chosen(as_of timestamptz) RETURNS TABLE (customer int, campaign text, score numeric, send_at timestamptz) LANGUAGE sql AS $$
	WITH member AS MATERIALIZED (SELECT * FROM oracle.member(as_of)),
	-- the next eight o'clock in New York, unless it is day
	time AS (SELECT CASE WHEN (as_of AT TIME ZONE 'America/New_York')::time >= '08:00' AND (as_of AT TIME ZONE 'America/New_York')::time < '20:00' THEN as_of
		WHEN (as_of AT TIME ZONE 'America/New_York')::time < '08:00' THEN ((as_of AT TIME ZONE 'America/New_York')::date + time '08:00') AT TIME ZONE 'America/New_York'
		ELSE ((as_of AT TIME ZONE 'America/New_York')::date + 1 + time '08:00') AT TIME ZONE 'America/New_York' END AS send_at)
	SELECT DISTINCT ON (c.id) c.id, o.campaign, trim_scale(o.score), send_at
	FROM shop.customer AS c JOIN oracle.place AS p USING (id) CROSS JOIN time
		CROSS JOIN LATERAL (VALUES
			('mens', p.april < 0.3 * 0.9 AND recency <= 9 AND NOT EXISTS (SELECT FROM member AS m WHERE m.cohort = 'bought' AND m.customer = c.id),
				CASE WHEN womens THEN 0.05 ELSE 0.069 END * (history / 12) - 0.01),
			('womens', p.april >= 0.3 AND p.april::float8 < 0.3::float8 + 0.3::float8 * 0.9::float8 AND NOT EXISTS (SELECT FROM member AS m WHERE m.cohort = 'bought' AND m.customer = c.id),
				CASE WHEN mens AND NOT womens THEN 0.01 ELSE 0.07 END * (history / 12) - 0.01),
			('look_again', EXISTS (SELECT FROM member AS m WHERE m.cohort = 'looked_only' AND m.customer = c.id),
				0.03 * (greatest(history, 100) / 10) - 0.01)) AS o (campaign, eligible, score)
	WHERE o.eligible AND email IS NOT NULL AND control >= 0.1
		AND NOT EXISTS (SELECT FROM shop.mail AS m WHERE m.customer_id = c.id AND m.at > send_at - interval '30 days')
	ORDER BY c.id, o.score DESC, o.campaign COLLATE "C"
$$;

\if :oracle_only
SELECT 'ok oracle: ' || (SELECT count(*) FROM oracle.member('2008-04-18 02:00Z')) || ' memberships, '
	|| (SELECT count(*) FROM oracle.chosen('2008-04-20 15:00Z')) || ' messages';
\else
\set as_of '2008-04-18 02:00Z'
SELECT verify.compare('cohorts, the night before', format('SELECT cohort AS of, customer FROM persona.cohort_member_of_all(%L)', :'as_of'),
	format('SELECT cohort AS of, customer FROM oracle.member(%L)', :'as_of'));
SELECT verify.compare('messages, the night before', format('SELECT campaign AS of, customer, round(score, 6), send_at FROM persona.next_message_of_all(%L)', :'as_of'),
	format('SELECT campaign AS of, customer, round(score, 6), send_at FROM oracle.chosen(%L)', :'as_of'));
\set as_of '2008-04-20 15:00Z'
SELECT verify.compare('cohorts, the day after', format('SELECT cohort AS of, customer FROM persona.cohort_member_of_all(%L)', :'as_of'),
	format('SELECT cohort AS of, customer FROM oracle.member(%L)', :'as_of'));
SELECT verify.compare('messages, the day after', format('SELECT campaign AS of, customer, round(score, 6), send_at FROM persona.next_message_of_all(%L)', :'as_of'),
	format('SELECT campaign AS of, customer, round(score, 6), send_at FROM oracle.chosen(%L)', :'as_of'));
SELECT verify.compare('messages one by one', format('SELECT campaign AS of, customer, round(score, 6) FROM persona.next_message_at(%L) WHERE customer %% 640 = 0', :'as_of'),
	format('SELECT campaign AS of, customer, round(score, 6) FROM oracle.chosen(%L) WHERE customer %% 640 = 0', :'as_of'));
SELECT verify.compare('reach', format('SELECT cohort AS of, customers FROM persona.reach_at(%L)', :'as_of'),
	format('SELECT cohort AS of, count(*) FROM oracle.member(%L) GROUP BY cohort', :'as_of'));
CALL persona.run(as_of => :'as_of');
SELECT verify.compare('contacts of a run', 'SELECT campaign AS of, customer, send_at FROM persona.contact WHERE status = ''planned''',
	format('SELECT campaign AS of, customer, send_at FROM oracle.chosen(%L)', :'as_of'));
SELECT verify.compare('another run', format('SELECT count(*) AS of FROM persona.next_message_of_all(timestamptz %L + interval ''1 hour'')', :'as_of'), 'SELECT 0::bigint AS of');
\endif
