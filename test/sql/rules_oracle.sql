-- rules_oracle: limits, suppressions, exclusions, consent, snooze and holdouts on
-- random data, derived again in plain SQL.  The dice are md5, so each run is the
-- same.  Channels are always open, so each message would be sent at once.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
-- a day is 24 hours long
SET timezone = 'UTC';
SET jit = off;

CREATE FUNCTION below(seed text, n integer) RETURNS integer LANGUAGE sql IMMUTABLE
	RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::integer % n;
CREATE FUNCTION one_of(seed text, list text[]) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN list[1 + below(seed, cardinality(list))];
-- instants that often meet: hours of one month, now and then a microsecond beside them
CREATE FUNCTION moment(seed text) RETURNS timestamptz LANGUAGE sql IMMUTABLE
	RETURN timestamptz '2026-03-10 00:00Z' + interval '6 hours' * below(seed, 120)
		+ interval '1 microsecond' * CASE below(seed || '?', 8) WHEN 0 THEN -1 WHEN 1 THEN 1 ELSE 0 END;

CREATE TABLE customer (id integer PRIMARY KEY, zone text);
INSERT INTO customer SELECT n, one_of('zone' || n, '{Europe/Berlin,America/New_York,Asia/Kolkata}') FROM generate_series(1, 30) AS n;
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone');

INSERT INTO persona.topic (name, opt_in) VALUES ('news', NULL), ('offers', true);
INSERT INTO persona.experience (name, kind, topic) VALUES ('offer', 'offer', 'offers'), ('coupon', 'offer', NULL), ('tip', 'content', 'news'), ('old', 'content', NULL);
INSERT INTO persona.channel (name, opt_in) VALUES ('email', true), ('sms', false), ('web', false);
INSERT INTO persona.placement (channel, name) VALUES ('web', 'top'), ('web', 'foot');
INSERT INTO persona.message (name, experience, channel, body)
	SELECT e.name || ' ' || c.name, e.name, c.name, 'Hello' FROM persona.experience AS e, persona.channel AS c;
INSERT INTO persona.campaign (name, experience, max_contacts, max_contacts_within, min_gap, active) VALUES
	('spring', 'offer', 1, '7 days', NULL, true), ('summer', 'coupon', NULL, NULL, '36 hours', true),
	('advice', 'tip', 4, NULL, NULL, true), ('hints', 'tip', NULL, NULL, NULL, true), ('gone', 'old', NULL, NULL, NULL, false);
INSERT INTO persona.campaign_channel (campaign, position, channel, placement)
	SELECT c.name, v.position, v.channel, v.placement FROM persona.campaign AS c,
		(VALUES (1, 'email', NULL), (2, 'sms', NULL), (3, 'web', 'top'), (4, 'web', 'foot')) AS v (position, channel, placement);
INSERT INTO persona.policy (name, campaign, experience, experience_kind, channel, placement, max_contacts, period, calendar, min_gap, counts) VALUES
	('week', NULL, NULL, NULL, NULL, NULL, 7, '7 days', NULL, NULL, 'reserved'),
	('day', NULL, NULL, NULL, 'email', NULL, 1, NULL, 'day', NULL, 'reserved'),
	('month', NULL, NULL, 'content', NULL, NULL, 3, NULL, 'month', NULL, 'sent'),
	('calendar week', NULL, 'coupon', NULL, NULL, NULL, 1, NULL, 'week', NULL, 'delivered'),
	('gap', NULL, NULL, NULL, 'sms', NULL, NULL, NULL, NULL, '2 days', 'sent'),
	('top', NULL, NULL, NULL, 'web', 'top', 1, '3 days', NULL, '12 hours', 'reserved'),
	('gone', 'gone', NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, 'reserved'),
	('never', 'hints', NULL, NULL, 'sms', NULL, 0, NULL, NULL, NULL, 'reserved');
INSERT INTO persona.suppression (name, outcomes, ignored_after, times, within, scope, quiet_for, until_consent) VALUES
	('tired', '{ignored}', '36 hours', 4, '5 days', 'all', '4 days', false),
	('no', '{rejected}', NULL, 1, NULL, 'experience_kind', '6 days', false),
	('bored', '{ignored,rejected}', '2 days', 2, NULL, 'campaign', '3 days', false),
	('closed', '{complained,unsubscribed}', NULL, 1, NULL, 'channel', NULL, true),
	('place', '{clicked,opened}', NULL, 3, '10 days', 'placement', '2 days', false),
	('this', '{converted}', NULL, 1, NULL, 'experience', '20 days', true);
INSERT INTO persona.exclusion (name, first_campaign, first_kind, then_campaign, then_kind, period, both_ways) VALUES
	('after', 'spring', NULL, 'summer', NULL, '5 days', false), ('not both', NULL, 'content', 'spring', NULL, '1 day', true);
INSERT INTO persona.holdout (name, campaign, share, seed) VALUES ('all', NULL, 0.1, 'a'), ('spring', 'spring', 0.2, 'b');

INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, placement, status, decided_at, send_at, sent_at, delivered_at, ended_at)
SELECT c.id, n, k.campaign, (SELECT x.experience FROM persona.campaign AS x WHERE x.name = k.campaign), k.channel,
	CASE k.channel WHEN 'web' THEN one_of(s || 'place', '{top,foot}') END, k.status,
	k.at - interval '6 hours' * below(s || 'ahead', 12), k.at,
	CASE WHEN k.status <> 'planned' AND (k.status <> 'failed' OR below(s || 'bounced', 2) = 0) THEN k.at + interval '6 hours' * below(s || 'late', 3) END,
	CASE WHEN k.status = 'delivered' THEN k.at + interval '6 hours' * (2 + below(s || 'there', 3)) END,
	CASE WHEN k.status = 'failed' THEN k.at + interval '6 hours' * (3 + below(s || 'end', 8)) END
FROM customer AS c CROSS JOIN LATERAL generate_series(1, below('contacts' || c.id, 26)) AS n
	CROSS JOIN LATERAL (SELECT 'contact' || c.id || '/' || n) AS seed (s)
	CROSS JOIN LATERAL (SELECT one_of(s || 'campaign', '{spring,summer,advice,hints,gone}') AS campaign, one_of(s || 'channel', '{email,sms,web}') AS channel,
		one_of(s || 'status', '{planned,sent,sent,delivered,failed}') AS status, moment(s) AS at) AS k;
INSERT INTO persona.response (customer, response_id, contact_id, at, outcome, campaign, experience, channel, placement)
SELECT o.customer, 100 * o.contact_id + n, CASE WHEN below(s || 'on', 5) > 0 THEN o.contact_id END, o.send_at + interval '6 hours' * below(s || 'wait', 14),
	one_of(s, '{delivered,opened,clicked,rejected,converted,bounced,complained,unsubscribed}'), o.campaign, o.experience, o.channel, o.placement
FROM persona.contact AS o CROSS JOIN generate_series(1, 2) AS n
	CROSS JOIN LATERAL (SELECT 'response' || o.customer || '/' || o.contact_id || '/' || n) AS seed (s)
WHERE below(s || '?', 5) < 2;
INSERT INTO persona.choice (customer, choice_id, at, choice, channel, topic, until)
SELECT c.id, n, moment(s), k.choice, one_of(s || 'channel', '{NULL,email,sms,web}'), one_of(s || 'topic', '{NULL,NULL,news,offers}'),
	CASE k.choice WHEN 'snooze' THEN moment(s) + interval '6 hours' * (below(s || 'until', 12) - 2) END
FROM customer AS c CROSS JOIN LATERAL generate_series(1, below('choices' || c.id, 9)) AS n
	CROSS JOIN LATERAL (SELECT 'choice' || c.id || '/' || n) AS seed (s)
	CROSS JOIN LATERAL (SELECT one_of(s || 'choice', '{consent,consent,consent,objection,snooze}') AS choice) AS k;

--
-- The question: each customer, campaign and way, at each instant; and what is said
--

CREATE TABLE question AS
SELECT c.id AS customer, c.zone, t.at, w.campaign, w.channel, w.placement, k.experience, e.kind, e.topic, k.max_contacts, k.max_contacts_within, k.min_gap
FROM customer AS c CROSS JOIN (SELECT moment('at' || n) AS at FROM generate_series(1, 15) AS n) AS t
	CROSS JOIN persona.campaign_channel AS w JOIN persona.campaign AS k ON k.name = w.campaign AND k.active JOIN persona.experience AS e ON e.name = k.experience;
CREATE TABLE said AS
SELECT c.id AS customer, t.at, e.campaign, e.channel, e.placement, CASE WHEN e.eligible THEN 'eligible' ELSE e.stage END AS stage, e.reason
FROM customer AS c CROSS JOIN (SELECT DISTINCT at FROM question) AS t CROSS JOIN LATERAL persona.explain(c.id, t.at) AS e;

--
-- Plain SQL
--

-- contacts as they were known: decided, not ended
CREATE VIEW known AS
SELECT q.customer, q.at, o.contact_id, o.campaign, o.experience, e.kind, o.channel, o.placement, o.send_at,
	CASE WHEN o.sent_at <= q.at THEN o.sent_at END AS sent_at, CASE WHEN o.delivered_at <= q.at THEN o.delivered_at END AS delivered_at
FROM (SELECT DISTINCT customer, at FROM question) AS q
	JOIN persona.contact AS o ON o.customer = q.customer AND o.decided_at <= q.at AND (o.ended_at > q.at) IS NOT FALSE
	JOIN persona.experience AS e ON e.name = o.experience;
CREATE TABLE known_contact AS SELECT * FROM known;
CREATE INDEX ON known_contact (customer, at);

CREATE FUNCTION held_out(q question) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT persona.holds(c, '{"bucket": {"seed": "a", "from": 0, "to": 0.1}}', q.at)
		OR q.campaign = 'spring' AND persona.holds(c, '{"bucket": {"seed": "b", "from": 0, "to": 0.2}}', q.at)
	FROM customer AS c WHERE c.id = q.customer
$$;

CREATE FUNCTION covering(q question) RETURNS SETOF persona.choice LANGUAGE sql STABLE AS $$
	SELECT o FROM persona.choice AS o WHERE o.customer = q.customer AND o.at <= q.at
		AND coalesce(o.channel, q.channel) = q.channel AND (o.topic IS NULL OR o.topic IS NOT DISTINCT FROM q.topic)
$$;

CREATE FUNCTION unreachable(q question) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT NOT coalesce((SELECT o.choice = 'consent' FROM covering(q) AS o WHERE o.choice IN ('consent', 'objection') ORDER BY o.at DESC, o.choice_id DESC LIMIT 1),
			NOT coalesce((SELECT t.opt_in FROM persona.topic AS t WHERE t.name = q.topic), (SELECT c.opt_in FROM persona.channel AS c WHERE c.name = q.channel)))
		OR EXISTS (SELECT FROM (SELECT DISTINCT ON (o.channel, o.topic) o.until FROM covering(q) AS o WHERE o.choice = 'snooze'
				ORDER BY o.channel, o.topic, o.at DESC, o.choice_id DESC) AS s WHERE s.until > q.at)
$$;

-- outcomes by suppression, ignored contacts among them
CREATE TABLE outcome AS
SELECT q.customer, q.at AS as_of, s.name AS suppression, r.at, r.campaign, r.experience, e.kind, r.channel, r.placement
FROM (SELECT DISTINCT customer, at FROM question) AS q CROSS JOIN persona.suppression AS s
	JOIN persona.response AS r ON r.customer = q.customer AND r.at <= q.at AND r.outcome = ANY (s.outcomes)
	JOIN persona.experience AS e ON e.name = r.experience
UNION ALL
SELECT o.customer, o.at, s.name, o.sent_at + s.ignored_after, o.campaign, o.experience, o.kind, o.channel, o.placement
FROM known_contact AS o JOIN persona.suppression AS s ON 'ignored' = ANY (s.outcomes) AND o.sent_at + s.ignored_after <= o.at
WHERE NOT EXISTS (SELECT FROM persona.response AS r WHERE r.customer = o.customer AND r.contact_id = o.contact_id AND r.at <= o.sent_at + s.ignored_after AND r.outcome <> 'delivered');
CREATE INDEX ON outcome (customer, as_of);

CREATE FUNCTION shares(scope text, o outcome, q question) RETURNS boolean LANGUAGE sql IMMUTABLE
	RETURN CASE scope WHEN 'all' THEN true WHEN 'channel' THEN o.channel = q.channel
		WHEN 'placement' THEN (o.channel, o.placement) IS NOT DISTINCT FROM (q.channel, q.placement)
		WHEN 'experience' THEN o.experience = q.experience WHEN 'experience_kind' THEN o.kind = q.kind WHEN 'campaign' THEN o.campaign = q.campaign END;

CREATE FUNCTION is_quiet(q question) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (
		SELECT FROM persona.suppression AS s JOIN outcome AS o ON o.suppression = s.name AND o.customer = q.customer AND o.as_of = q.at AND shares(s.scope, o, q)
		WHERE (q.at < o.at + s.quiet_for) IS NOT FALSE
			AND s.times <= (SELECT count(*) FROM outcome AS p WHERE p.suppression = s.name AND p.customer = q.customer AND p.as_of = q.at AND shares(s.scope, p, q)
				AND p.at <= o.at AND (p.at > o.at - s.within) IS NOT FALSE)
			AND NOT (s.until_consent AND EXISTS (SELECT FROM covering(q) AS c WHERE c.choice = 'consent' AND c.at > o.at)))
$$;

CREATE FUNCTION is_excluded(q question) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM known_contact AS o WHERE o.customer = q.customer AND o.at = q.at AND (
		q.campaign = 'summer' AND o.campaign = 'spring' AND o.send_at <= q.at AND q.at < o.send_at + interval '5 days'
		OR q.campaign = 'spring' AND o.campaign = 'summer' AND q.at <= o.send_at AND o.send_at < q.at + interval '5 days'
		OR (q.kind = 'content' AND o.campaign = 'spring' OR q.campaign = 'spring' AND o.kind = 'content')
			AND o.send_at > q.at - interval '1 day' AND o.send_at < q.at + interval '1 day'))
$$;

-- each limit as (whom it is about, how many, in which windows)
CREATE FUNCTION is_full(q question) RETURNS boolean LANGUAGE sql STABLE AS $$
	WITH rule AS (
		SELECT p.name, p.campaign, p.experience, p.experience_kind, p.channel, p.placement, p.max_contacts, p.period, p.calendar, p.min_gap, p.counts FROM persona.policy AS p
		UNION ALL
		SELECT 'own', q.campaign, NULL, NULL, NULL, NULL, q.max_contacts, q.max_contacts_within, NULL, q.min_gap, 'reserved'
	), counted AS (
		SELECT r.name, v.at
		FROM rule AS r JOIN known_contact AS o ON o.customer = q.customer AND o.at = q.at
			AND coalesce(r.campaign, o.campaign) = o.campaign AND coalesce(r.experience, o.experience) = o.experience AND coalesce(r.experience_kind, o.kind) = o.kind
			AND coalesce(r.channel, o.channel) = o.channel AND (r.placement IS NULL OR r.placement IS NOT DISTINCT FROM o.placement)
			CROSS JOIN LATERAL (SELECT CASE r.counts WHEN 'reserved' THEN o.send_at WHEN 'sent' THEN o.sent_at ELSE o.delivered_at END) AS v (at)
		WHERE v.at IS NOT NULL
		UNION ALL
		SELECT r.name, q.at FROM rule AS r
	)
	SELECT EXISTS (
		SELECT FROM rule AS r
		WHERE coalesce(r.campaign, q.campaign) = q.campaign AND coalesce(r.experience, q.experience) = q.experience AND coalesce(r.experience_kind, q.kind) = q.kind
			AND coalesce(r.channel, q.channel) = q.channel AND (r.placement IS NULL OR r.placement IS NOT DISTINCT FROM q.placement)
			AND (r.max_contacts < CASE
				WHEN r.calendar IS NOT NULL THEN (SELECT count(*) FROM counted AS c WHERE c.name = r.name
					AND date_trunc(r.calendar, c.at AT TIME ZONE q.zone) = date_trunc(r.calendar, q.at AT TIME ZONE q.zone))
				-- any window that holds the new one ends with it or with a later one
				WHEN r.period IS NOT NULL THEN (SELECT max(w.n) FROM (SELECT DISTINCT l.at FROM counted AS l WHERE l.name = r.name AND l.at >= q.at AND l.at < q.at + r.period) AS l
					CROSS JOIN LATERAL (SELECT count(*) AS n FROM counted AS c WHERE c.name = r.name AND c.at <= l.at AND c.at > l.at - r.period) AS w)
				ELSE (SELECT count(*) FROM counted AS c WHERE c.name = r.name) END
			OR (SELECT count(*) FROM counted AS c WHERE c.name = r.name AND c.at > q.at - r.min_gap AND c.at < q.at + r.min_gap) > 1))
$$;

ANALYZE;
CREATE TABLE expected AS
SELECT q.customer, q.at, q.campaign, q.channel, q.placement,
	CASE WHEN held_out(q) THEN 'holdout' WHEN unreachable(q) THEN 'channel' WHEN is_quiet(q) THEN 'suppression'
		WHEN is_excluded(q) THEN 'exclusion' WHEN is_full(q) THEN 'limit' ELSE 'eligible' END AS stage
FROM question AS q;
-- each stage is met often enough
SELECT stage, count(*) > 100 AS often FROM expected GROUP BY stage ORDER BY stage;
SELECT regexp_replace(reason, '.*(suppression "[^"]*"|policy "[^"]*"|exclusion "[^"]*"|holdout "[^"]*"|limit of the campaign: at \w+|objected|snoozes|no consent).*', '\1') AS rule, count(*) > 5 AS often
FROM said WHERE stage <> 'eligible' GROUP BY rule ORDER BY rule;
-- and both agree
SELECT e.*, s.stage AS said, s.reason
FROM expected AS e JOIN said AS s USING (customer, at, campaign, channel)
WHERE e.placement IS NOT DISTINCT FROM s.placement AND e.stage <> s.stage
ORDER BY e.customer, e.at, e.campaign, e.channel LIMIT 20;
SELECT (SELECT count(*) FROM expected) = (SELECT count(*) FROM said) AS all_compared;

--
-- Until: at the last instant at which an answer is said to stand, it does
--

-- the timeline as it was known at an instant: what became of contacts later is left out
CREATE FUNCTION known_timeline(customer integer, as_of timestamptz) RETURNS persona.timeline LANGUAGE sql STABLE AS $$
	SELECT persona.timeline_concat(persona.timeline_concat(
		(SELECT persona.timeline(persona.program(), 'persona.contact', jsonb_populate_record(o, jsonb_build_object(
				'sent_at', CASE WHEN o.sent_at <= known_timeline.as_of THEN o.sent_at END,
				'delivered_at', CASE WHEN o.delivered_at <= known_timeline.as_of THEN o.delivered_at END,
				'ended_at', CASE WHEN o.ended_at <= known_timeline.as_of THEN o.ended_at END)))
			FROM persona.contact AS o WHERE o.customer = known_timeline.customer AND o.decided_at <= known_timeline.as_of),
		(SELECT persona.timeline(persona.program(), 'persona.response', o) FROM persona.response AS o WHERE o.customer = known_timeline.customer AND o.at <= known_timeline.as_of)),
		(SELECT persona.timeline(persona.program(), 'persona.choice', o) FROM persona.choice AS o WHERE o.customer = known_timeline.customer AND o.at <= known_timeline.as_of))
$$;
CREATE TABLE standing AS
SELECT c.id AS customer, t.at, k.known, x.campaign, x.channel, x.placement, x.stage, x.eligible, x.valid_until
FROM customer AS c CROSS JOIN (SELECT DISTINCT at FROM question) AS t
	CROSS JOIN LATERAL (SELECT known_timeline(c.id, t.at) AS known) AS k
	CROSS JOIN LATERAL persona.candidates(persona.program(), c, k.known, t.at) AS x;
SELECT count(*) FROM standing AS s JOIN said AS e USING (customer, at, campaign, channel)
WHERE s.placement IS NOT DISTINCT FROM e.placement AND CASE WHEN s.eligible THEN 'eligible' ELSE s.stage END <> e.stage;
SELECT count(*) > 500 AS bounded FROM standing WHERE isfinite(valid_until);
SELECT s.customer, s.at, s.campaign, s.channel, s.placement, s.stage, s.valid_until, w.t, x.stage
FROM (SELECT DISTINCT ON (customer, at, valid_until) customer, at, valid_until, known FROM standing WHERE isfinite(valid_until)) AS u
	JOIN customer AS c ON c.id = u.customer
	CROSS JOIN LATERAL (VALUES (u.valid_until - interval '1 microsecond'), (u.at + (u.valid_until - u.at) * 0.37)) AS w (t)
	CROSS JOIN LATERAL persona.candidates(persona.program(), c, u.known, w.t) AS x
	JOIN standing AS s ON s.customer = u.customer AND s.at = u.at AND s.valid_until >= u.valid_until
		AND (s.campaign, s.channel, s.placement) IS NOT DISTINCT FROM (x.campaign, x.channel, x.placement)
WHERE x.eligible <> s.eligible OR NOT x.eligible AND x.stage <> s.stage
ORDER BY 1, 2, 3, 4 LIMIT 20;
