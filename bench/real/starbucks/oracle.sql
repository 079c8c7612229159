-- oracle.sql - what define.sql means for one as_of, in plain SQL over cafe's
-- tables.  Psql variable: as_of.  Leaves cohort_member, open_trigger and
-- next_message in schema oracle.

SET TimeZone = 'UTC';				-- so that an interval of a day is 24 hours
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS oracle CASCADE;
CREATE SCHEMA oracle;
SET search_path = oracle, verify, public;
\set default_language de

CREATE TABLE customer AS
SELECT id AS customer, coalesce(language, 'de') AS language,
	CASE WHEN time_zone IS NULL OR time_zone = 'Europe/Munich' THEN 'Europe/Berlin' ELSE time_zone END AS zone,
	bucket('spring', id) AS bucket
FROM cafe.member;

-- Events later than as_of do not exist.
CREATE TABLE event AS
SELECT member_id AS customer, row_number() OVER (PARTITION BY member_id ORDER BY at, seq) AS place,
	kind, at, offer_id, offer_type, channels, amount, reward
FROM cafe.event
WHERE at <= :'as_of';
CREATE INDEX ON event (customer, kind, place);
ANALYZE event;

CREATE TABLE contact AS
SELECT member_id AS customer, campaign, channel, fired_at, status, decided_at, send_at FROM cafe.sent_message;

----------------------------------------------------------------- sliding windows

CREATE TABLE chosen (atom text, customer text, at timestamptz, length interval, value numeric, item text);

INSERT INTO chosen
SELECT 'bought ' || window_length, customer, at, window_length, amount
FROM event, unnest('{1 day,5 days,7 days,10 days,14 days}'::interval[]) window_length
WHERE kind = 'transaction';

INSERT INTO chosen
SELECT 'bought', customer, at, NULL::interval, amount FROM event WHERE kind = 'transaction'
UNION ALL
SELECT 'bought for 10 in 7 days', customer, at, interval '7 days', NULL FROM event WHERE kind = 'transaction' AND amount >= 10
UNION ALL
SELECT 'bought for 30 in 1 day', customer, at, interval '1 day', NULL FROM event WHERE kind = 'transaction' AND amount >= 30
UNION ALL
SELECT 'bought early', customer, at, NULL, amount FROM event WHERE kind = 'transaction' AND at < '2018-10-12 00:00Z'
UNION ALL
SELECT 'small reward', customer, at, NULL, NULL FROM event
WHERE kind = 'offer_completed' AND reward BETWEEN 3 AND 5 AND offer_type IS DISTINCT FROM 'bogo'
UNION ALL
SELECT 'done 6 hours', customer, at, interval '6 hours', NULL FROM event WHERE kind = 'offer_completed'
UNION ALL
SELECT 'received 3 days', customer, at, interval '3 days', NULL FROM event WHERE kind = 'offer_received'
UNION ALL
SELECT 'contacted 7 days', customer, send_at, interval '7 days', NULL FROM contact
WHERE status IN ('sent', 'delivered') AND send_at <= :'as_of';

INSERT INTO chosen
SELECT 'viewed ' || window_length, customer, at, window_length, NULL, offer_id
FROM event, unnest('{2 days,3 days,7 days,21 days}'::interval[]) window_length
WHERE kind = 'offer_viewed';
INSERT INTO chosen
SELECT 'viewed', customer, at, NULL, NULL, offer_id FROM event WHERE kind = 'offer_viewed';

\ir ../rolling.sql

CREATE TABLE stretch (atom text, customer text, during tstzrange);

INSERT INTO stretch SELECT 'three in 5 days', customer, during FROM rolled WHERE atom = 'bought 5 days' AND n >= 3;
INSERT INTO stretch SELECT 'three in 7 days', customer, during FROM rolled WHERE atom = 'bought 7 days' AND n >= 3;
INSERT INTO stretch SELECT 'any in 1 day', customer, during FROM rolled WHERE atom = 'bought 1 day' AND n >= 1;
INSERT INTO stretch SELECT 'any in 5 days', customer, during FROM rolled WHERE atom = 'bought 5 days' AND n >= 1;
INSERT INTO stretch SELECT 'any in 10 days', customer, during FROM rolled WHERE atom = 'bought 10 days' AND n >= 1;
INSERT INTO stretch SELECT 'any in 14 days', customer, during FROM rolled WHERE atom = 'bought 14 days' AND n >= 1;
INSERT INTO stretch SELECT 'one or two over 10', customer, during FROM rolled WHERE atom = 'bought for 10 in 7 days' AND n IN (1, 2);
INSERT INTO stretch SELECT 'big', customer, during FROM rolled WHERE atom = 'bought for 30 in 1 day' AND n >= 1;
INSERT INTO stretch SELECT 'small reward', customer, during FROM rolled WHERE atom = 'small reward' AND n >= 1;
INSERT INTO stretch SELECT 'done', customer, during FROM rolled WHERE atom = 'done 6 hours' AND n >= 1;
INSERT INTO stretch SELECT 'received', customer, during FROM rolled WHERE atom = 'received 3 days' AND n >= 1;
INSERT INTO stretch SELECT 'contacted twice', customer, during FROM rolled WHERE atom = 'contacted 7 days' AND n >= 2;
INSERT INTO stretch SELECT 'viewed in 2 days', customer, during FROM rolled WHERE atom = 'viewed 2 days' AND n >= 1;
INSERT INTO stretch SELECT 'viewed in 3 days', customer, during FROM rolled WHERE atom = 'viewed 3 days' AND n >= 1;
INSERT INTO stretch SELECT 'viewed ever', customer, during FROM rolled WHERE atom = 'viewed' AND n >= 1;

INSERT INTO stretch SELECT '100 in 10 days', customer, during FROM rolled WHERE atom = 'bought 10 days' AND total >= 100;
INSERT INTO stretch SELECT '100 in 14 days', customer, during FROM rolled WHERE atom = 'bought 14 days' AND total >= 100;
INSERT INTO stretch SELECT '15.50 in 10 days', customer, during FROM rolled WHERE atom = 'bought 10 days' AND total >= 15.50;
INSERT INTO stretch SELECT '60 early', customer, during FROM rolled WHERE atom = 'bought early' AND total >= 60;
INSERT INTO stretch SELECT 'average 20.25', customer, during FROM rolled WHERE atom = 'bought 14 days' AND average >= 20.25;
INSERT INTO stretch SELECT 'highest 5', customer, during FROM rolled WHERE atom = 'bought 14 days' AND highest <= 5;
INSERT INTO stretch SELECT 'lowest over 12.5', customer, during FROM rolled WHERE atom = 'bought' AND lowest > 12.5;
INSERT INTO stretch SELECT 'three offers seen', customer, during FROM rolled WHERE atom = 'viewed 21 days' AND items >= 3;
INSERT INTO stretch SELECT 'any offer seen', customer, during FROM rolled WHERE atom = 'viewed 7 days' AND items > 0;

----------------------------------------------------------------- calendar windows

-- From the second purchase of a calendar week of the customer's to its end.
INSERT INTO stretch
SELECT 'twice this week', customer, during(at, (week + interval '7 days') AT TIME ZONE zone)
FROM (SELECT *, row_number() OVER (PARTITION BY customer, week ORDER BY at, place) AS n
	  FROM event JOIN customer USING (customer), LATERAL date_trunc('week', at AT TIME ZONE zone) week
	  WHERE kind = 'transaction') e
WHERE n = 2;

-- The day after one with a view, in London.
INSERT INTO stretch
SELECT 'viewed yesterday', customer, during((day + interval '1 day') AT TIME ZONE 'Europe/London',
	(day + interval '2 days') AT TIME ZONE 'Europe/London')
FROM event, LATERAL date_trunc('day', at AT TIME ZONE 'Europe/London') day
WHERE kind = 'offer_viewed';

INSERT INTO stretch
SELECT 'joined this year', customer,
	during(date_trunc('year', became_member_on::timestamp) AT TIME ZONE zone,
		   (date_trunc('year', became_member_on::timestamp) + interval '1 year') AT TIME ZONE zone)
FROM cafe.member JOIN customer ON customer = id;

-- The anniversary lies between "first" and "last" days from today.
INSERT INTO stretch
SELECT atom, customer, during((kept - last)::timestamp AT TIME ZONE zone, (kept - first + 1)::timestamp AT TIME ZONE zone)
FROM cafe.member JOIN customer ON customer = id, generate_series(1, 10) years, anniversary(became_member_on, years) kept,
	(VALUES ('anniversary', -3, 7), ('membership day', -1, 1)) w(atom, first, last);

----------------------------------------------------------------- first and last

CREATE TABLE neighbors AS
SELECT *, lag(at, 1, '-infinity') OVER w AS previous_at, lead(at, 1, 'infinity') OVER w AS next_at
FROM event
WINDOW w AS (PARTITION BY customer, kind ORDER BY place);

-- An event is the last one until the next comes.
INSERT INTO stretch
SELECT 'last offer bogo', customer, during(at, next_at)
FROM neighbors WHERE kind = 'offer_received' AND offer_type = 'bogo';
INSERT INTO stretch
SELECT 'last offer social', customer, during(at + interval '3 days', least(next_at, at + interval '14 days'))
FROM neighbors WHERE kind = 'offer_received' AND 'social' = ANY (channels);
INSERT INTO stretch
SELECT 'lapsed', customer, during(at + interval '10 days', next_at)
FROM neighbors WHERE kind = 'transaction';
-- The first of all never changes; the first of a window is next when the one before it leaves.
INSERT INTO stretch
SELECT 'first within 7 days', customer, during(at, at + interval '7 days')
FROM neighbors WHERE kind = 'transaction' AND previous_at = '-infinity';
INSERT INTO stretch
SELECT 'first is big', customer, during(greatest(at, previous_at + interval '10 days'), at + interval '10 days')
FROM neighbors WHERE kind = 'transaction' AND amount > 25;

----------------------------------------------------------------- regularly

-- An event of age a lies in period floor(a / 3 days); ages matter at their multiples.
INSERT INTO stretch
SELECT 'regular', customer, during(t, next_t)
FROM (SELECT *, lead(t, 1, 'infinity') OVER (PARTITION BY customer ORDER BY t) AS next_t
	  FROM (SELECT DISTINCT customer, at + k * interval '3 days' AS t
			FROM event, generate_series(0, 5) k WHERE kind = 'transaction') ticks) tick
WHERE 4 <= (SELECT count(DISTINCT floor(extract(epoch FROM t - at) / (3 * 86400)))
			FROM event e
			WHERE e.customer = tick.customer AND kind = 'transaction' AND at <= t AND at > t - 5 * interval '3 days');

----------------------------------------------------------------- sequences

INSERT INTO stretch
SELECT 'journey', customer, during(c.at, r.at + interval '10 days')
FROM event r JOIN event v USING (customer) JOIN event c USING (customer)
WHERE r.kind = 'offer_received' AND v.kind = 'offer_viewed' AND c.kind = 'offer_completed'
	AND v.place > r.place AND c.place > v.place
	AND v.offer_id = r.offer_id AND c.offer_id = v.offer_id
	AND v.at < r.at + interval '24 hours' AND c.at < v.at + interval '5 days';

INSERT INTO stretch
SELECT 'rewarded unseen', customer, during(c.at, r.at + interval '10 days')
FROM event r JOIN event c USING (customer)
WHERE r.kind = 'offer_received' AND c.kind = 'offer_completed' AND c.place > r.place AND c.offer_id = r.offer_id
	AND NOT EXISTS (SELECT FROM event v WHERE v.customer = r.customer AND v.kind = 'offer_viewed'
					AND v.offer_id = r.offer_id AND v.place > r.place AND v.place < c.place);

-- A trailing absence covers (t, t + D] and is fulfilled at t + D.
INSERT INTO stretch
SELECT atom, customer, during(v.at + interval '72 hours', v.at + whole)
FROM event v, (VALUES ('seen not completed', interval '14 days'), ('almost there', interval '10 days')) w(atom, whole)
WHERE v.kind = 'offer_viewed'
	AND NOT EXISTS (SELECT FROM event c WHERE c.customer = v.customer AND c.kind = 'offer_completed'
					AND c.offer_id = v.offer_id AND c.at > v.at AND c.at <= v.at + interval '72 hours');
INSERT INTO stretch
SELECT 'ignored', customer, during(r.at + interval '48 hours', r.at + interval '7 days')
FROM event r
WHERE r.kind = 'offer_received'
	AND NOT EXISTS (SELECT FROM event v WHERE v.customer = r.customer AND v.kind = 'offer_viewed'
					AND v.offer_id = r.offer_id AND v.at > r.at AND v.at <= r.at + interval '48 hours');

INSERT INTO stretch
SELECT 'seen bought done', customer, during(c.at, v.at + interval '3 days')
FROM event v JOIN event t USING (customer) JOIN event c USING (customer)
WHERE v.kind = 'offer_viewed' AND t.kind = 'transaction' AND c.kind = 'offer_completed'
	AND t.place > v.place AND c.place > t.place
	AND t.at < v.at + interval '12 hours' AND c.at < t.at + interval '12 hours';

----------------------------------------------------------------- the conditions

\ir ../truths.sql
CREATE TABLE holding AS
SELECT v.name, customer, v.held
FROM cafe.member
JOIN customer ON customer = id
LEFT JOIN truths USING (customer)
CROSS JOIN LATERAL (
	SELECT lasting(gender = 'F' AND age >= 40) AS women_over_40,
		lasting(NOT coalesce(income > 90000, false)) AS not_rich,
		held(t, 'highest 5') AS only_small,
		no(held(t, 'any in 5 days')) AS silent,
		held(t, '100 in 10 days') AS spender,
		held(t, 'regular') AS regulars) c
CROSS JOIN LATERAL (
	SELECT (regulars + spender) * no(only_small) * no(silent * lasting(age > 60)) AS loyal) d
CROSS JOIN LATERAL (VALUES
	-- cohorts
	('everyone', always()),
	('nobody', '{}'),
	('women_over_40', women_over_40),
	('unknown_profile', lasting(gender IS NULL AND profile ->> 'income' IS NULL AND (profile ->> 'age')::numeric = 118)),
	('middle_income', lasting(income >= 50000 AND income <= 80000)),
	('not_rich', not_rich),
	('neither_f_nor_m', lasting(gender IS NULL OR gender = 'O')),
	('not_fifty', lasting(age IS DISTINCT FROM 50 OR coalesce(income < 40000, false))),
	('old_members', lasting(became_member_on < date '2015-01-01')),
	('joined_this_year', held(t, 'joined this year')),
	('anniversary', held(t, 'anniversary')),
	('by_text', lasting(coalesce(lower(right(email, 12)) = '@example.org', false) OR left(id, 2) = '00'
		OR id ~ '^[0-9]{3}.*f$' OR coalesce(email LIKE '%7_@%', false) OR coalesce(strpos(email, 'abc') > 0, false)
		OR coalesce(email = '', false))),
	('bogo_and_discount', lasting(completed_types @> '{bogo,discount}')),
	('no_bogo', lasting(completed_types IS NULL OR NOT completed_types && '{bogo}')),
	('third_of_all', lasting(bucket >= 0.2 AND bucket < 0.55)),
	('frequent', held(t, 'three in 5 days')),
	('silent', silent),
	('one_or_two', held(t, 'one or two over 10')),
	('small_rewards', held(t, 'small reward')),
	('absent_is_not', held(t, 'viewed in 3 days')),
	('contacted_twice', held(t, 'contacted twice')),
	('twice_this_week', held(t, 'twice this week')),
	('viewed_yesterday', held(t, 'viewed yesterday')),
	('spender', spender),
	('low_spend', no(held(t, '15.50 in 10 days'))),
	('early_spend', held(t, '60 early')),
	('good_average', held(t, 'average 20.25')),
	('only_small', only_small),
	('high_floor', held(t, 'lowest over 12.5')),
	('many_offers_seen', held(t, 'three offers seen')),
	('no_offer_seen', no(held(t, 'any offer seen'))),
	('last_offer_bogo', held(t, 'last offer bogo')),
	('last_offer_social', held(t, 'last offer social')),
	('new_buyers', held(t, 'first within 7 days')),
	('first_is_big', held(t, 'first is big')),
	('regulars', regulars),
	('journey', held(t, 'journey')),
	('rewarded_unseen', held(t, 'rewarded unseen')),
	('seen_not_completed', held(t, 'seen not completed')),
	('loyal', loyal),
	-- triggers
	('offer_ignored', held(t, 'ignored')),
	('almost_there', held(t, 'almost there')),
	('lapsed', held(t, 'lapsed')),
	('big_purchase', held(t, 'big')),
	('third_purchase', held(t, 'three in 7 days')),
	('offer_done', held(t, 'done')),
	('spend_level', held(t, '100 in 14 days') * no(only_small)),
	('fresh_offer', held(t, 'received') * no(held(t, 'viewed in 3 days')) * (women_over_40 + no(held(t, 'any in 1 day')))),
	('membership_day', held(t, 'membership day')),
	('seen_bought_done', held(t, 'seen bought done')),
	-- goals, relevance, consents, variants
	('viewed within 48 hours', held(t, 'viewed in 2 days')),
	('bought within 10 days', held(t, 'any in 10 days')),
	('bought within 14 days', held(t, 'any in 14 days')),
	('completed a discount', lasting('discount' = ANY (completed_types))),
	('email opt-in', lasting(email_opt_in)),
	('sms opt-in', lasting(sms_opt_in)),
	('no phone opt-out', lasting(phone_opt_out IS NOT TRUE)),
	('viewed ever', held(t, 'viewed ever')),
	('at least 50', lasting(age >= 50))
) v(name, held);

----------------------------------------------------------------- the definitions

CREATE TABLE cohort (name text);
INSERT INTO cohort
SELECT unnest('{everyone,nobody,women_over_40,unknown_profile,middle_income,not_rich,neither_f_nor_m,not_fifty,old_members,
	joined_this_year,anniversary,by_text,bogo_and_discount,no_bogo,third_of_all,frequent,silent,one_or_two,small_rewards,
	absent_is_not,contacted_twice,twice_this_week,viewed_yesterday,spender,low_spend,early_spend,good_average,only_small,
	high_floor,many_offers_seen,no_offer_seen,last_offer_bogo,last_offer_social,new_buyers,first_is_big,regulars,journey,
	rewarded_unseen,seen_not_completed,loyal}'::text[]);

CREATE TABLE trigger (name text, open_for interval);
INSERT INTO trigger VALUES
('offer_ignored', '72 hours'), ('almost_there', NULL), ('lapsed', '5 days'), ('big_purchase', NULL),
('third_purchase', '48 hours'), ('offer_done', '36 hours'), ('spend_level', NULL), ('fresh_offer', NULL),
('membership_day', NULL), ('seen_bought_done', '1 day');

CREATE TABLE channel (name text, consent text, cost numeric);
INSERT INTO channel VALUES
('email', 'email opt-in', 0.02), ('app', 'viewed ever', 0.01), ('sms', 'sms opt-in', 0.09),
('call', 'no phone opt-out', 4.5), ('letter', NULL, 0.85), ('web', NULL, 0);

CREATE TABLE address AS
SELECT id AS customer, channel
FROM cafe.member, LATERAL (VALUES ('email', email), ('app', push_token), ('sms', phone), ('call', phone),
	('letter', street), ('web', 'none needed')) a(channel, address)
WHERE address <> '';

CREATE TABLE hours (channel text, quiet boolean, day int, from_time time, to_time time);
INSERT INTO hours SELECT 'email', true, day, '22:00', '07:00' FROM generate_series(1, 7) day;
INSERT INTO hours SELECT 'app', true, day, '22:30', '06:00' FROM unnest('{7,1,2,3,4}'::int[]) day;
INSERT INTO hours SELECT 'app', true, day, '23:30', '08:00' FROM unnest('{5,6}'::int[]) day;
INSERT INTO hours SELECT 'sms', false, day, '09:00', '18:00' FROM generate_series(1, 5) day;
INSERT INTO hours VALUES ('sms', false, 6, '10:00', '14:00');
INSERT INTO hours SELECT 'sms', true, day, '12:00', '13:00' FROM generate_series(1, 7) day;
INSERT INTO hours SELECT 'call', false, day, '09:00', '12:00' FROM generate_series(1, 5) day;
INSERT INTO hours SELECT 'call', false, day, '13:00', '17:00' FROM generate_series(1, 5) day;

CREATE TABLE message (name text, experience text, channel text, placement text, language text, condition text,
	position int, subject text);
INSERT INTO message VALUES
('reminder.email.de', 'reminder', 'email', NULL, 'de', NULL, 0, 'Ihr Angebot, '),
('reminder.email.en', 'reminder', 'email', NULL, 'en', NULL, 0, 'Your offer, '),
('reminder.email.en.forty', 'reminder', 'email', NULL, 'en', 'women_over_40', -1, 'Your offer'),
('reminder.app', 'reminder', 'app', NULL, NULL, NULL, 0, 'Offer '),
('reminder.letter.de', 'reminder', 'letter', NULL, 'de', NULL, 0, 'Ihr Angebot'),
('completion.app.b', 'completion', 'app', NULL, NULL, NULL, 0, 'Almost there'),
('completion.app.a', 'completion', 'app', NULL, NULL, NULL, 0, 'Almost there'),
('completion.sms', 'completion', 'sms', NULL, NULL, NULL, 0, NULL),
('completion.web', 'completion', 'web', 'homepage', NULL, NULL, 0, NULL),
('completion.web.receipt', 'completion', 'web', 'receipt', NULL, NULL, -5, NULL),
('comeback.call', 'comeback', 'call', NULL, NULL, 'at least 50', 0, 'Call'),
('comeback.email', 'comeback', 'email', NULL, NULL, NULL, 0, 'We miss you'),
('thanks.app', 'thanks', 'app', NULL, NULL, NULL, 0, 'Thanks'),
('thanks.email.de', 'thanks', 'email', NULL, 'de', NULL, 0, 'Danke'),
('thanks.email.any', 'thanks', 'email', NULL, NULL, NULL, 0, 'Thanks'),
('thanks.letter', 'thanks', 'letter', NULL, NULL, NULL, 0, 'Thanks'),
('thanks.sms', 'thanks', 'sms', NULL, NULL, NULL, 0, NULL),
('level.app', 'level', 'app', NULL, NULL, NULL, 0, 'Level'),
('level.letter', 'level', 'letter', NULL, 'en', NULL, 0, 'Level'),
('birthday.letter', 'birthday', 'letter', NULL, NULL, NULL, 0, 'Member since '),
('birthday.email', 'birthday', 'email', NULL, NULL, NULL, 0, 'Happy day'),
('fresh.app', 'fresh', 'app', NULL, NULL, NULL, 0, 'New'),
('fresh.email', 'fresh', 'email', NULL, NULL, NULL, 0, 'New'),
('news.app', 'news', 'app', NULL, NULL, NULL, 0, 'News'),
('news.email', 'news', 'email', NULL, NULL, NULL, 0, 'News'),
('news.letter', 'news', 'letter', NULL, NULL, NULL, 0, 'News'),
('news.web', 'news', 'web', 'homepage', NULL, NULL, 0, NULL);

CREATE TABLE campaign (name text, experience text, cohort text, trigger text, goal text, relevance text,
	starts_at timestamptz, ends_at timestamptz, priority int, value numeric, weight numeric,
	max_contacts int, max_contacts_within interval, active boolean);
INSERT INTO campaign VALUES
('remind_ignored', 'reminder', NULL, 'offer_ignored', 'viewed within 48 hours', NULL, NULL, NULL, 10, 2.5, 1, 1, '7 days', true),
('nudge_completion', 'completion', 'not_rich', 'almost_there', NULL, 'bought within 14 days', NULL, NULL, 10, 3, 0.9, 2, NULL, true),
('win_back', 'comeback', NULL, 'lapsed', 'bought within 10 days', NULL, '2018-10-16 00:00Z', NULL, 20, 12, 0.8, NULL, NULL, true),
('thank_you', 'thanks', 'good_average', 'big_purchase', NULL, NULL, NULL, NULL, 5, 1.5, 1, NULL, NULL, true),
('level_up', 'level', NULL, 'spend_level', NULL, NULL, NULL, '2018-10-28 05:30Z', 5, 1.5, 1, NULL, NULL, true),
('habit', 'thanks', 'third_of_all', 'third_purchase', NULL, NULL, NULL, NULL, 5, 1.6, 1, 1, '14 days', true),
('birthday', 'birthday', NULL, 'membership_day', NULL, NULL, NULL, NULL, 30, 5, 1, NULL, NULL, true),
('fresh', 'fresh', 'loyal', 'fresh_offer', NULL, 'completed a discount', NULL, NULL, 15, 2, 1.25, NULL, NULL, true),
('reward_done', 'thanks', 'joined_this_year', 'offer_done', NULL, NULL, NULL, NULL, 5, 1.4, 1, NULL, NULL, true),
('season_news', 'news', 'old_members', NULL, NULL, NULL, '2018-10-05 00:00Z', '2018-12-31 23:00Z', 0, 1, 1, 1, '14 days', true),
('app_news', 'news', 'frequent', NULL, NULL, NULL, NULL, NULL, 0, 1, 1, 3, '21 days', true),
('bogo_season', 'news', NULL, NULL, NULL, NULL, NULL, '2018-10-05 00:00Z', 90, 1, 1, NULL, NULL, true),
('discount_season', 'news', NULL, NULL, NULL, NULL, NULL, NULL, 90, 1, 1, NULL, NULL, false);

CREATE TABLE campaign_channel (campaign text, position int, channel text, placement text);
INSERT INTO campaign_channel VALUES
('remind_ignored', 1, 'email', NULL), ('remind_ignored', 2, 'app', NULL), ('remind_ignored', 3, 'letter', NULL),
('nudge_completion', 1, 'app', NULL), ('nudge_completion', 2, 'sms', NULL), ('nudge_completion', 3, 'web', 'homepage'),
('win_back', 1, 'call', NULL), ('win_back', 2, 'email', NULL),
('thank_you', 1, 'app', NULL), ('thank_you', 2, 'email', NULL), ('thank_you', 3, 'letter', NULL),
('level_up', 1, 'app', NULL), ('level_up', 2, 'letter', NULL), ('level_up', 3, 'sms', NULL),
('habit', 1, 'sms', NULL), ('habit', 2, 'email', NULL),
('birthday', 5, 'letter', NULL), ('birthday', 7, 'email', NULL),
('fresh', 1, 'app', NULL), ('fresh', 2, 'email', NULL),
('reward_done', 1, 'app', NULL), ('reward_done', 2, 'email', NULL), ('reward_done', 3, 'letter', NULL),
('season_news', 1, 'email', NULL), ('season_news', 2, 'web', 'homepage'),
('app_news', 1, 'app', NULL), ('app_news', 2, 'email', NULL),
('bogo_season', 1, 'email', NULL), ('discount_season', 1, 'email', NULL);

CREATE TABLE policy (name text, channel text, max_contacts int, period interval);
INSERT INTO policy VALUES
('two_a_week', NULL, 2, '7 days'), ('one_email_in_two_days', 'email', 1, '48 hours'),
('one_letter_a_fortnight', 'letter', 1, '14 days'), ('one_call_a_month', 'call', 1, '30 days');

\ir ../arbitrate.sql

-- What the templates of the subjects come to.
UPDATE next_message n
SET subject = subject || CASE message
	WHEN 'reminder.email.de' THEN coalesce(gender, 'Gast')
	WHEN 'reminder.email.en' THEN coalesce(gender, 'guest')
	WHEN 'reminder.app' THEN id
	WHEN 'birthday.letter' THEN to_char(became_member_on, 'YYYY-MM-DD')
	ELSE '' END
FROM cafe.member m
WHERE m.id = n.customer;
