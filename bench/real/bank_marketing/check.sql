-- check.sql - on a Saturday before the end of summer time and a holiday, and at
-- an opening: cohorts, triggers and decisions against plain SQL; then a run with
-- places for 500 calls.

SET TimeZone = 'UTC';
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS oracle CASCADE;
CREATE SCHEMA oracle;
CREATE FUNCTION oracle.history(as_of timestamptz) RETURNS TABLE (customer int, calls int, calls_365 int, mean numeric, last_at timestamptz,
	last_outcome text, said_yes boolean, yes_180 boolean, shortest interval, gave_in boolean, rejected_at timestamptz) LANGUAGE sql AS $$
	SELECT c.customer_id, count(*), count(*) FILTER (WHERE at > as_of - interval '365 days'),
		avg(duration) FILTER (WHERE at > as_of - interval '730 days'), max(at), (array_agg(outcome ORDER BY at DESC, id DESC))[1],
		bool_or(outcome = 'success'),
		bool_or(outcome = 'success' AND at > as_of - interval '180 days'), min(at - before),
		bool_or(outcome = 'success' AND EXISTS (SELECT FROM bank.call AS f WHERE f.customer_id = c.customer_id AND f.outcome = 'failure'
			AND f.at <= c.at - interval '30 days')), max(at) FILTER (WHERE outcome = 'failure')
	FROM (SELECT *, lag(at) OVER (PARTITION BY customer_id ORDER BY at, id) AS before FROM bank.call WHERE at <= as_of) AS c
	GROUP BY c.customer_id
$$;
CREATE FUNCTION oracle.member(as_of timestamptz) RETURNS TABLE (cohort text, customer int) LANGUAGE sql AS $$
	SELECT n, c.id FROM bank.customer AS c LEFT JOIN oracle.history(as_of) AS h ON h.customer = c.id
		CROSS JOIN LATERAL (VALUES
			('savers', balance >= 1000), ('no_debt', NOT housing AND NOT loan), ('education_unknown', education IS DISTINCT FROM 'secondary'),
			('said_yes', said_yes), ('said_yes_last', last_outcome = 'success'), ('often_called', calls_365 >= 5), ('long_calls', mean > 250.5),
			('left_alone', last_at <= as_of - interval '180 days'), ('pestered', shortest < interval '27 hours'), ('gave_in', gave_in)) AS m (n, is_member)
	WHERE is_member
$$;
-- The trigger fires 180 days after a call that no other one follows by then, and tells of that call.
CREATE FUNCTION oracle.fired(as_of timestamptz) RETURNS TABLE (customer int, fired_at timestamptz, duration int) LANGUAGE sql AS $$
	SELECT DISTINCT ON (customer_id) customer_id, at + interval '180 days', duration
	FROM (SELECT *, lead(at) OVER (PARTITION BY customer_id ORDER BY at, id) AS next_at FROM bank.call WHERE at <= as_of) AS c
	WHERE at + interval '180 days' <= as_of AND at + interval '270 days' > as_of AND coalesce(next_at > at + interval '180 days', true)
	ORDER BY customer_id, at DESC
$$;
-- Everybody's candidates; calls are made at an instant that the caller knows.
CREATE FUNCTION oracle.candidate(as_of timestamptz, call_at timestamptz) RETURNS TABLE (customer int, campaign text, channel text, message text,
	priority int, score numeric, send_at timestamptz) LANGUAGE sql AS $$
	SELECT c.id, o.campaign, o.channel, CASE WHEN o.channel = 'letter' THEN 'report' WHEN last_outcome IS DISTINCT FROM 'success' THEN 'again' ELSE 'script' END,
		o.priority, trim_scale(o.score), CASE o.channel WHEN 'phone' THEN call_at ELSE as_of END
	FROM bank.customer AS c LEFT JOIN oracle.history(as_of) AS h ON h.customer = c.id LEFT JOIN oracle.fired(as_of) AS f ON f.customer = c.id
		CROSS JOIN LATERAL (SELECT phone IS NOT NULL AND (SELECT count(*) FROM bank.call AS k
				WHERE k.customer_id = c.id AND k.at <= as_of AND k.at > call_at - interval '30 days') < 3
			AND coalesce(last_at <= call_at - interval '7 days', true)
			AND coalesce(rejected_at <= call_at - interval '200 days', true)) AS may (be_called)
		CROSS JOIN LATERAL (VALUES
			('deposit_again', 'phone', 10, be_called AND said_yes AND NOT yes_180,
				CASE coalesce(poutcome, '') WHEN 'success' THEN 0.6 WHEN 'failure' THEN 0.1 ELSE 0.2 END * CASE WHEN housing THEN 0.5 ELSE 1 END
					* (20 + least(greatest(balance, 0), 20000) / 1000.0) - 4),
			('deposit_silent', 'phone', 10, be_called AND call_at < fired_at + interval '90 days',
				(0.25 + CASE WHEN age >= 60 OR job = 'student' THEN 0.1 ELSE 0 END + coalesce(f.duration, 0) / 10000.0) * (18 + age / 10.0) - 4),
			('report', 'letter', 0, balance >= 1000, balance / 500.0 - 0.8)) AS o (campaign, channel, priority, eligible, score)
	WHERE o.eligible
$$;
CREATE FUNCTION oracle.chosen(as_of timestamptz, call_at timestamptz) RETURNS TABLE (customer int, campaign text, channel text, message text,
	priority int, score numeric, send_at timestamptz) LANGUAGE sql AS $$
	SELECT DISTINCT ON (customer) * FROM oracle.candidate(as_of, call_at) ORDER BY customer, priority DESC, score DESC, campaign COLLATE "C"
$$;

\if :oracle_only
SELECT 'ok oracle: ' || (SELECT count(*) FROM oracle.member('2010-10-30 11:00Z')) || ' memberships, '
	|| (SELECT count(*) FROM oracle.chosen('2010-10-30 11:00Z', '2010-11-02 09:00Z')) || ' messages';
\else
-- Saturday, 30 October 2010: Monday is All Saints' Day, and the clocks go back in between
\set as_of '2010-10-30 11:00Z'
\set call_at '2010-11-02 09:00Z'
SELECT verify.compare('cohorts on a Saturday', format('SELECT cohort AS of, customer FROM persona.cohort_member_of_all(%L)', :'as_of'),
	format('SELECT cohort AS of, customer FROM oracle.member(%L)', :'as_of'));
SELECT verify.compare('open triggers on a Saturday', format('SELECT trigger AS of, customer, fired_at FROM persona.open_trigger_of_all(%L)', :'as_of'),
	format('SELECT ''half_a_year'' AS of, customer, fired_at FROM oracle.fired(%L)', :'as_of'));
SELECT verify.compare('messages on a Saturday', format('SELECT campaign AS of, customer, channel, message, round(score, 6), send_at FROM persona.next_message_of_all(%L)', :'as_of'),
	format('SELECT campaign AS of, customer, channel, message, round(score, 6), send_at FROM oracle.chosen(%L, %L)', :'as_of', :'call_at'));
SELECT verify.compare('all candidates on a Saturday', format('SELECT campaign AS of, customer, round(score, 6), send_at FROM persona.candidate_of_all(%L) WHERE eligible', :'as_of'),
	format('SELECT campaign AS of, customer, round(score, 6), send_at FROM oracle.candidate(%L, %L)', :'as_of', :'call_at'));
\set as_of '2009-05-13 09:30Z'
SELECT verify.compare('cohorts in the middle', format('SELECT cohort AS of, customer FROM persona.cohort_member_of_all(%L)', :'as_of'),
	format('SELECT cohort AS of, customer FROM oracle.member(%L)', :'as_of'));
SELECT verify.compare('messages in the middle', format('SELECT campaign AS of, customer, channel, message, round(score, 6), send_at FROM persona.next_message_of_all(%L)', :'as_of'),
	format('SELECT campaign AS of, customer, channel, message, round(score, 6), send_at FROM oracle.chosen(%L, %L)', :'as_of', :'as_of'));
SELECT verify.compare('messages in the middle, one by one', format('SELECT campaign AS of, customer, channel FROM persona.next_message_at(%L) WHERE customer %% 450 = 0', :'as_of'),
	format('SELECT campaign AS of, customer, channel FROM oracle.chosen(%L, %L) WHERE customer %% 450 = 0', :'as_of', :'as_of'));

-- More places than there are calls that are worth something, fewer than calls: no bad call keeps a good one out.
\set as_of '2010-10-30 11:00Z'
UPDATE persona.channel SET capacity_per_day = 4000 WHERE name = 'phone';
SELECT verify.compare('places for all good calls', format('SELECT channel AS of, wanted, served, price FROM persona.prices_at(%L)', :'as_of'),
	format('SELECT channel AS of, count(*), count(*) AS served, 0::numeric FROM oracle.chosen(%L, %L) WHERE channel = ''phone'' AND score >= 0 GROUP BY channel', :'as_of', :'call_at'));

-- 500 calls can be made on that Tuesday: the best ones.
UPDATE persona.channel SET capacity_per_day = 500 WHERE name = 'phone';
SELECT verify.compare('places', format('SELECT channel AS of, places, wanted, served FROM persona.prices_at(%L)', :'as_of'),
	format('SELECT channel AS of, 500::bigint AS places, count(*), 500::bigint AS served FROM oracle.chosen(%L, %L) WHERE channel = ''phone'' AND score >= 0 GROUP BY channel', :'as_of', :'call_at'));
SELECT price FROM persona.prices_at(:'as_of') \gset
CALL persona.run(as_of => :'as_of');
-- the price of a place was taken off the scores
SELECT verify.compare('calls of a run', format('SELECT ''calls'' AS of, count(*), round(sum(score + %L::numeric), 6) FROM persona.contact WHERE status = ''planned'' AND channel = ''phone''', :'price'),
	format('SELECT ''calls'' AS of, count(*), round(sum(score), 6) FROM (SELECT score FROM oracle.chosen(%L, %L) WHERE channel = ''phone'' ORDER BY score DESC LIMIT 500) AS best', :'as_of', :'call_at'));
SELECT verify.compare('letters for the others', 'SELECT ''letters'' AS of, customer FROM persona.contact WHERE status = ''planned'' AND channel = ''letter''',
	format('SELECT ''letters'' AS of, customer FROM oracle.candidate(%L, %L) AS o WHERE channel = ''letter'' AND NOT EXISTS (SELECT FROM persona.contact AS k WHERE k.customer = o.customer AND k.status = ''planned'' AND k.channel = ''phone'')', :'as_of', :'call_at'));
SELECT verify.compare('places taken', 'SELECT channel AS of, day, used FROM persona.capacity_use', 'SELECT ''phone'' AS of, date ''2010-11-02'', 500');
SELECT verify.compare('nobody gets two', 'SELECT 0 AS of, count(*) - count(DISTINCT customer) AS more FROM persona.contact WHERE status = ''planned''', 'SELECT 0 AS of, 0::bigint');
\endif
