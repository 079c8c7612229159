-- load.sql - the Starbucks rewards data as a coffee chain's own tables.
--
-- Environment: DATA_FOLDER (the folder that holds starbucks/).  The data is a
-- public simulation of a 30-day test; its hour 0 is placed on 5 October 2018,
-- so that the end of summer time in Europe (28 October) falls into it.  What
-- the source has not (addresses, consents, languages, zones) is derived from
-- the member's key; everything else is the source's.

SET TimeZone = 'UTC';
SET client_min_messages = warning;

DROP SCHEMA IF EXISTS cafe CASCADE;
CREATE SCHEMA cafe;

CREATE TEMP TABLE customer_row (customer_id text, gender text, age int, income numeric, became_member_on date);
CREATE TEMP TABLE profile_row (profile jsonb);
CREATE TEMP TABLE offer_row (offer_id text, offer_type text, difficulty int, reward int, duration_days int,
	ch_email int, ch_mobile int, ch_social int, ch_web int);
CREATE TEMP TABLE event_row (seq int, customer_id text, time_h int, event text, offer_id text, amount numeric, reward numeric);

\copy customer_row from program 'gzip -dc "$DATA_FOLDER/starbucks/customers.csv.gz"' (format csv, header)
\copy profile_row from program 'gzip -dc "$DATA_FOLDER/starbucks/profile.jsonl.gz"' (format csv, quote e'\x01', delimiter e'\x02')
\copy offer_row from program 'gzip -dc "$DATA_FOLDER/starbucks/offers.csv.gz"' (format csv, header)
\copy event_row from program 'gzip -dc "$DATA_FOLDER/starbucks/events.csv.gz"' (format csv, header)

CREATE TABLE cafe.offer (
	offer_id text PRIMARY KEY,
	offer_type text NOT NULL,
	difficulty int NOT NULL,
	reward int NOT NULL,
	duration_days int NOT NULL,
	channels text[] NOT NULL
);
INSERT INTO cafe.offer
SELECT offer_id, offer_type, difficulty, reward, duration_days,
	array_remove(ARRAY[CASE WHEN ch_email = 1 THEN 'email' END, CASE WHEN ch_mobile = 1 THEN 'mobile' END,
		CASE WHEN ch_social = 1 THEN 'social' END, CASE WHEN ch_web = 1 THEN 'web' END], NULL)
FROM offer_row;

CREATE TABLE cafe.event (
	event_id bigint PRIMARY KEY,
	member_id text NOT NULL,
	kind text NOT NULL,
	at timestamptz NOT NULL,
	seq int NOT NULL,			-- orders events of the same instant
	offer_id text,
	offer_type text,
	channels text[],
	amount numeric(10, 2),
	reward numeric
);
INSERT INTO cafe.event
SELECT seq, customer_id, replace(event, ' ', '_'), timestamptz '2018-10-05 00:00Z' + time_h * interval '1 hour', seq,
	offer_id, offer_type, channels, amount, e.reward
FROM event_row e
LEFT JOIN cafe.offer USING (offer_id)
ORDER BY seq;
CREATE INDEX ON cafe.event (member_id, at);

CREATE TABLE cafe.member (
	id text PRIMARY KEY,
	gender text,
	age int,					-- NULL where the source says 118
	income numeric,
	became_member_on date NOT NULL,
	profile jsonb NOT NULL,		-- as it came, with its nulls and its 118
	completed_types text[],		-- types of the offers ever completed
	email text,
	phone text,
	push_token text,
	street text,
	language text,
	time_zone text,				-- some are absent, some are no zone at all
	email_opt_in boolean,
	sms_opt_in boolean,
	phone_opt_out boolean
);
INSERT INTO cafe.member
SELECT c.customer_id, c.gender, nullif(c.age, 118), c.income, c.became_member_on, p.profile, t.completed_types,
	CASE WHEN a % 10 = 0 THEN NULL WHEN a % 37 = 1 THEN ''
		ELSE left(c.customer_id, 12) || (ARRAY['@example.com', '@Example.ORG', '@mail.example.net', '@example.co'])[a % 4 + 1] END,
	CASE WHEN b % 3 > 0 THEN '+49 30 ' || b END,
	CASE WHEN a % 5 < 3 THEN md5(c.customer_id) END,
	CASE WHEN b % 7 > 1 THEN b % 200 || ' Main Street' END,
	(ARRAY['de', 'de', 'en', 'en', 'fr', NULL])[b % 6 + 1],
	CASE WHEN a % 500 = 499 THEN 'Europe/Munich' WHEN a % 100 = 77 THEN 'Asia/Kathmandu'
		ELSE (ARRAY['Europe/Berlin', 'Europe/Berlin', 'Europe/Berlin', 'Europe/Berlin', 'Europe/Berlin',
			'Europe/London', 'Europe/London', 'Europe/London', NULL, 'America/New_York'])[a % 10 + 1] END,
	CASE WHEN b % 11 > 0 THEN b % 11 < 9 END,
	b % 4 < 2,
	CASE WHEN a % 13 < 9 THEN a % 13 = 0 END
FROM customer_row c
JOIN profile_row p ON p.profile ->> 'id' = c.customer_id
CROSS JOIN LATERAL (SELECT ('x' || left(c.customer_id, 6))::bit(24)::int AS a, ('x' || right(c.customer_id, 6))::bit(24)::int AS b) digits
LEFT JOIN (
	SELECT member_id AS customer_id, array_agg(DISTINCT offer_type ORDER BY offer_type) AS completed_types
	FROM cafe.event WHERE kind = 'offer_completed' GROUP BY member_id) t USING (customer_id);

-- What was sent already.  The offers of the source went out by e-mail, app or
-- letter (letters are planned five hours ahead and stay planned); beside them
-- stand answers to some of the firings of three triggers, and news.
CREATE TABLE cafe.sent_message (
	member_id text NOT NULL,
	campaign text NOT NULL,
	experience text NOT NULL,
	channel text NOT NULL,
	message text NOT NULL,
	trigger text,
	fired_at timestamptz,
	status text NOT NULL,
	decided_at timestamptz NOT NULL,
	send_at timestamptz NOT NULL
);
INSERT INTO cafe.sent_message
SELECT member_id,
	CASE offer_type WHEN 'bogo' THEN 'bogo_season' WHEN 'discount' THEN 'discount_season' ELSE 'season_news' END,
	'news', channel, 'news.' || channel, NULL, NULL,
	CASE WHEN channel = 'letter' THEN 'planned' WHEN seq % 17 = 0 THEN 'failed' WHEN seq % 19 = 0 THEN 'cancelled'
		WHEN seq % 29 = 0 THEN 'expired' WHEN seq % 5 = 0 THEN 'delivered' ELSE 'sent' END,
	CASE WHEN channel = 'letter' THEN at - interval '5 hours' ELSE at END, at
FROM cafe.event
CROSS JOIN LATERAL (SELECT CASE WHEN seq % 7 = 0 THEN 'letter' WHEN 'mobile' = ANY (channels) AND seq % 2 = 0 THEN 'app' ELSE 'email' END AS channel) c
WHERE kind = 'offer_received';

INSERT INTO cafe.sent_message
SELECT member_id, 'remind_ignored', 'reminder', 'email', 'reminder.email.en', 'offer_ignored', at + interval '48 hours',
	CASE WHEN event_id % 6 = 0 THEN 'failed' ELSE 'sent' END, at + interval '49 hours', at + interval '49 hours'
FROM cafe.event r
WHERE kind = 'offer_received' AND event_id % 3 = 0
	AND NOT EXISTS (SELECT FROM cafe.event v WHERE v.member_id = r.member_id AND v.kind = 'offer_viewed'
					AND v.offer_id = r.offer_id AND v.at > r.at AND v.at <= r.at + interval '48 hours');

INSERT INTO cafe.sent_message
SELECT member_id, 'nudge_completion', 'completion', 'app', 'completion.app.a', 'almost_there', at + interval '72 hours',
	'sent', at + interval '74 hours', at + interval '74 hours'
FROM cafe.event v
WHERE kind = 'offer_viewed' AND event_id % 4 = 0
	AND NOT EXISTS (SELECT FROM cafe.event c WHERE c.member_id = v.member_id AND c.kind = 'offer_completed'
					AND c.offer_id = v.offer_id AND c.at > v.at AND c.at <= v.at + interval '72 hours');

INSERT INTO cafe.sent_message
SELECT member_id, 'app_news', 'news', 'app', 'news.app', NULL, NULL,
	'delivered', at + interval '1 hour', at + interval '1 hour'
FROM cafe.event
WHERE kind = 'transaction' AND event_id % 11 = 0;

INSERT INTO cafe.sent_message
SELECT member_id, 'win_back', 'comeback', channel, 'comeback.' || channel, 'lapsed', at + interval '10 days',
	CASE WHEN event_id % 7 = 0 THEN 'cancelled' ELSE 'sent' END,
	at + interval '10 days 3 hours', at + interval '10 days 3 hours'
FROM (SELECT *, CASE WHEN event_id % 2 = 0 THEN 'email' ELSE 'call' END AS channel,
		lead(at, 1, 'infinity') OVER (PARTITION BY member_id ORDER BY at, seq) AS next_at
	  FROM cafe.event WHERE kind = 'transaction') t
WHERE event_id % 3 = 0 AND at + interval '10 days' < least(next_at, '2018-11-03');

ANALYZE cafe.member, cafe.event, cafe.offer, cafe.sent_message;

SELECT format('rows   cafe.%s: %s', name, n)
FROM (VALUES ('member', (SELECT count(*) FROM cafe.member)), ('event', (SELECT count(*) FROM cafe.event)),
	('offer', (SELECT count(*) FROM cafe.offer)), ('sent_message', (SELECT count(*) FROM cafe.sent_message))) t(name, n);
