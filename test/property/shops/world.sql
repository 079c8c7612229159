--------------------------------------------------------------------------------
-- world: random shops - customers, what they did, and definitions of all kinds
--
-- Nothing here is random: every draw is a hash of a seed.  Instants meet every three
-- hours, now and then a microsecond beside them; outcomes lie between, so that
-- no two of a customer are at one instant.
--------------------------------------------------------------------------------

CREATE SCHEMA shop;

CREATE FUNCTION shop.below(seed text, n integer) RETURNS integer LANGUAGE sql IMMUTABLE
	RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::integer % n;
CREATE FUNCTION shop.chance(seed text, percent integer) RETURNS boolean LANGUAGE sql IMMUTABLE
	RETURN shop.below(seed, 100) < percent;
CREATE FUNCTION shop.one_of(seed text, list text[]) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN list[1 + shop.below(seed, cardinality(list))];
CREATE FUNCTION shop.moment(seed text) RETURNS timestamptz LANGUAGE sql IMMUTABLE
	RETURN timestamptz '2026-03-20 00:00Z' + interval '3 hours' * shop.below(seed, 96)
		+ interval '1 microsecond' * CASE shop.below(seed || '?', 8) WHEN 0 THEN -1 WHEN 1 THEN 1 ELSE 0 END;
CREATE FUNCTION shop.length(seed text) RETURNS interval LANGUAGE sql IMMUTABLE
	RETURN interval '1 hour' * (shop.one_of(seed, '{6,24,36,48,72,168,240}'))::integer;

CREATE TABLE shop.customer (id integer PRIMARY KEY, zone text, language text, email text, phone text, plan text, clv integer, likes numeric, nick text);
-- the zone that counts: one that nobody knows is the default, as none is
CREATE FUNCTION shop.zone_of(zone text) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN coalesce(nullif(zone, 'Mars/Olympus'), 'Asia/Tokyo');

CREATE TABLE shop.sale (customer integer, at timestamptz, n bigint, amount numeric, item text);
CREATE TABLE shop.click (customer integer, at timestamptz, n bigint, kind text, item text);
CREATE INDEX ON shop.sale (customer, at);
CREATE INDEX ON shop.click (customer, at);

SELECT persona.bind_customers('shop.customer', 'id', time_zone => 'zone', language => 'language', default_time_zone => 'Asia/Tokyo', default_language => 'en');
SELECT persona.bind_events('shop.sale', 'customer', 'at', kind => 'order', sequence => 'n');
SELECT persona.bind_events('shop.click', 'customer', 'at', kind_column => 'kind', kinds => '{view,cart}', sequence => 'n');

-- opening and quiet hours, as persona reads them and as spans on the wall clock
CREATE TABLE shop.span (hours text, day integer, begins time, ends time);
INSERT INTO shop.span
SELECT 'Mon-Fri 09:00-18:00; Sat 10:00-14:00', d, '09:00'::time, '18:00'::time FROM generate_series(1, 5) AS d
UNION ALL VALUES ('Mon-Fri 09:00-18:00; Sat 10:00-14:00', 6, '10:00'::time, '14:00'::time)
UNION ALL SELECT 'daily 21:00-08:00', d, '21:00', '08:00' FROM generate_series(1, 7) AS d
UNION ALL SELECT 'Fri-Sun 22:30-02:30', d, '22:30', '02:30' FROM generate_series(5, 7) AS d
UNION ALL SELECT 'Tue,Thu 08:00-24:00', d, '08:00', '24:00' FROM unnest('{2,4}'::integer[]) AS d;

-- a random condition on the customer or on events
CREATE FUNCTION shop.condition(seed text, depth integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN depth > 0 AND shop.chance(seed || 'deep', 35) THEN
		CASE shop.below(seed || 'list', 3) WHEN 0 THEN jsonb_build_object('not', shop.condition(seed || 'n', depth - 1))
			ELSE jsonb_build_object(shop.one_of(seed || 'word', '{all,any}'), jsonb_build_array(shop.condition(seed || 'a', 0), shop.condition(seed || 'b', depth - 1))) END
	ELSE CASE shop.below(seed || 'sort', 6)
		WHEN 0 THEN jsonb_build_object('attribute', 'clv', 'at_least', shop.below(seed || 'clv', 8) * 50)
		WHEN 1 THEN jsonb_build_object('attribute', 'plan', 'in', jsonb_build_array('gold', shop.one_of(seed || 'plan', '{silver,basic}')))
		WHEN 2 THEN jsonb_build_object('event', 'order', 'sum', 'amount', 'within', (shop.below(seed || 'days', 9) + 1) || ' days', 'at_least', 20 * (1 + shop.below(seed || 'sum', 5)))
		ELSE jsonb_build_object('event', shop.one_of(seed || 'kind', '{order,view,cart}'), 'within', (shop.below(seed || 'days', 6) + 1) || ' days')
			|| CASE WHEN shop.chance(seed || 'times', 50) THEN jsonb_build_object('times', jsonb_build_object('at_least', 2 + shop.below(seed || 'n', 2))) ELSE '{}' END
		END END
$$;

-- an experience, a channel and a placement, for what has happened
CREATE PROCEDURE shop.fill_facts(seed text) LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO shop.customer
	SELECT n, shop.one_of(s || 'zone', '{Europe/Berlin,America/New_York,Asia/Kolkata,Europe/Berlin,Mars/Olympus,NULL}'), shop.one_of(s || 'language', '{de,en,de-AT,fr,NULL}'),
		shop.one_of(s || 'email', ARRAY['a@b', 'a@b', 'a@b', '', NULL]), shop.one_of(s || 'phone', ARRAY['1', '1', '1', NULL]),
		shop.one_of(s || 'plan', '{gold,silver,basic,NULL}'), CASE WHEN shop.chance(s || 'clv?', 85) THEN shop.below(s || 'clv', 9) * 50 END,
		CASE shop.below(s || 'likes', 4) WHEN 0 THEN NULL WHEN 1 THEN -1 ELSE shop.below(s || 'l', 20) / 4.0 END, CASE WHEN shop.chance(s || 'nick', 60) THEN 'nick' || n END
	FROM generate_series(1, 14) AS n CROSS JOIN LATERAL (SELECT seed || 'customer' || n) AS d (s);
	UPDATE shop.customer SET zone = nullif(zone, 'NULL'), language = nullif(language, 'NULL'), plan = nullif(plan, 'NULL');
	INSERT INTO shop.sale
	SELECT c.id, shop.moment(s), n, shop.below(s || 'amount', 60), shop.one_of(s || 'item', '{a,b,c}')
	FROM shop.customer AS c CROSS JOIN LATERAL generate_series(1, shop.below(seed || 'sales' || c.id, 9)) AS n CROSS JOIN LATERAL (SELECT seed || 'sale' || c.id || '/' || n) AS d (s);
	INSERT INTO shop.click
	SELECT c.id, shop.moment(s), n, shop.one_of(s || 'kind', '{view,cart}'), shop.one_of(s || 'item', ARRAY['a', 'b', 'c', NULL])
	FROM shop.customer AS c CROSS JOIN LATERAL generate_series(1, shop.below(seed || 'clicks' || c.id, 16)) AS n CROSS JOIN LATERAL (SELECT seed || 'click' || c.id || '/' || n) AS d (s);
END;

CREATE PROCEDURE shop.fill_definitions(seed text) LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO persona.cohort (name, condition, value)
	SELECT 'cohort ' || n, shop.condition(seed || 'cohort' || n, 2)::persona.condition, 1 + shop.below(seed || 'worth' || n, 3) FROM generate_series(1, 3) AS n;
	INSERT INTO persona.trigger (name, condition, open_for) VALUES
		('seen', jsonb_build_object('event', 'view', 'within', (1 + shop.below(seed || 'seen', 3)) || ' days')::persona.condition, CASE WHEN shop.chance(seed || 'seen?', 50) THEN shop.length(seed || 'seen') END),
		('bought', jsonb_build_object('event', 'order', 'within', (1 + shop.below(seed || 'bought', 4)) || ' days')::persona.condition, shop.length(seed || 'bought')),
		('left', jsonb_build_object('per', 'item', 'event', 'cart', 'within', (1 + shop.below(seed || 'left', 4)) || ' days')::persona.condition, CASE WHEN shop.chance(seed || 'left?', 70) THEN shop.length(seed || 'left') END),
		('here', '{"event": "context", "where": {"attribute": "page", "is": "cancel"}}', interval '1 hour');
	INSERT INTO persona.topic (name, opt_in) VALUES ('news', NULL), ('offers', shop.chance(seed || 'topic', 40));
	INSERT INTO persona.experience (name, kind, topic) VALUES ('offer', 'offer', 'offers'), ('coupon', 'offer', NULL), ('tip', 'content', 'news');
	INSERT INTO persona.lever (kind, weight) VALUES ('offer', 1 + shop.below(seed || 'lever', 5) / 4.0);
	INSERT INTO persona.arbitration (propensity, value, urgency, weight, cost)
	SELECT shop.chance(seed || 'p', 85), shop.chance(seed || 'v', 85), shop.chance(seed || 'u', 85), shop.chance(seed || 'w', 85), shop.chance(seed || 'c', 85) WHERE shop.chance(seed || 'switch', 50);
	INSERT INTO persona.holiday (calendar, day) SELECT 'some', d::date FROM generate_series('2026-03-01'::timestamp, '2026-04-20', interval '1 day' * (4 + shop.below(seed || 'holiday', 4))) AS d;
	INSERT INTO persona.channel (name, address_column, opt_in, consent, open_hours, quiet_hours, holidays, cost, affinity, affinity_column, weight) VALUES
		('email', 'email', shop.chance(seed || 'in', 30), CASE WHEN shop.chance(seed || 'consent', 40) THEN shop.condition(seed || 'consent', 1)::persona.condition END, NULL,
			CASE WHEN shop.chance(seed || 'quiet', 60) THEN shop.one_of(seed || 'q', '{daily 21:00-08:00,Fri-Sun 22:30-02:30}')::persona.hours END, NULL, 0.1, 1, CASE WHEN shop.chance(seed || 'likes', 50) THEN 'likes' END, 1),
		('phone', 'phone', false, NULL, CASE WHEN shop.chance(seed || 'open', 80) THEN shop.one_of(seed || 'o', ARRAY['Mon-Fri 09:00-18:00; Sat 10:00-14:00', 'Tue,Thu 08:00-24:00'])::persona.hours END, NULL,
			CASE WHEN shop.chance(seed || 'holidays', 60) THEN 'some' END, 0.5, 2, NULL, 1.5),
		('web', NULL, false, NULL, NULL, NULL, NULL, 0, 1, NULL, 1);
	INSERT INTO persona.placement (channel, name, slots, position) VALUES ('web', 'top', 1 + shop.below(seed || 'top', 2), shop.below(seed || 'order', 3)), ('web', 'foot', 2, 1);
	INSERT INTO persona.message (name, experience, channel, placement, language, condition, position, subject, body)
	SELECT format('%s %s %s', e.name, c.name, n), e.name, c.name, CASE WHEN c.name = 'web' AND shop.chance(s || 'place', 30) THEN 'top' END,
		nullif(shop.one_of(s || 'language', '{de,en,NULL,NULL}'), 'NULL'), CASE WHEN shop.chance(s || 'condition', 35) THEN shop.condition(s || 'c', 1)::persona.condition END,
		shop.below(s || 'position', 2), CASE WHEN shop.chance(s || 'subject', 30) THEN 'For {{customer.plan|you}}' END, CASE WHEN shop.chance(s || 'needs', 40) THEN 'Hello {{customer.nick}}' ELSE 'Hello' END
	FROM persona.experience AS e CROSS JOIN persona.channel AS c CROSS JOIN generate_series(1, 3) AS n CROSS JOIN LATERAL (SELECT seed || 'message' || e.name || c.name || n) AS d (s)
	WHERE shop.chance(s, 85);
	INSERT INTO persona.experiment (name, seed, space, space_from, space_until, coverage, weights) VALUES ('ab', seed, 'main', 0.1, 0.9, 0.9, '{0.4,0.6}');
	INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, relevance, starts_at, ends_at, priority, propensity, value, urgency, weight, cost,
		max_contacts, max_contacts_within, min_gap, max_contacts_per_firing, channel_choice, experiment, variation, active)
	SELECT 'campaign ' || n, shop.one_of(s || 'experience', '{offer,coupon,tip}'), CASE WHEN shop.chance(s || 'cohort?', 35) THEN 'cohort ' || 1 + shop.below(s || 'cohort', 3) END,
		CASE WHEN n % 2 > 0 THEN shop.one_of(s || 'trigger', '{seen,bought,left,left,here}') END,
		CASE WHEN shop.chance(s || 'goal?', 35) THEN shop.condition(s || 'goal', 1)::persona.condition END,
		CASE WHEN shop.chance(s || 'page?', 20) THEN '{"not": {"event": "context", "where": {"attribute": "page", "is": "checkout"}}}'
			WHEN shop.chance(s || 'relevance?', 35) THEN shop.condition(s || 'relevance', 1)::persona.condition END,
		CASE WHEN shop.chance(s || 'starts?', 10) THEN shop.moment(s || 'starts') END, CASE WHEN shop.chance(s || 'ends?', 15) THEN shop.moment(s || 'starts') + shop.length(s || 'ends') END,
		shop.below(s || 'priority', 2), shop.one_of(s || 'propensity', ARRAY['1', '0.5', 'CASE WHEN plan = ''gold'' THEN 0.75 END']),
		CASE WHEN n % 2 > 0 AND shop.one_of(s || 'trigger', '{seen,bought,left,left,here}') = 'bought' AND shop.chance(s || 'e', 70) THEN 'event.amount / 10' ELSE shop.one_of(s || 'value', ARRAY['2', '3', 'clv / 100.0', 'clv - 100']) END,
		CASE WHEN shop.chance(s || 'urgency?', 60) THEN jsonb_build_array(
			jsonb_build_object(shop.one_of(s || 'when 1', '{first,last,after}'), extract(epoch FROM shop.length(s || 'stretch 1'))::integer || ' seconds', 'factor', 3),
			jsonb_build_object(shop.one_of(s || 'when 2', '{first,last,after}'), extract(epoch FROM shop.length(s || 'stretch 2'))::integer || ' seconds', 'factor', 'CASE WHEN clv > 100 THEN 2 END')) ELSE '[]' END,
		shop.one_of(s || 'weight', '{1,1.25}'), shop.one_of(s || 'cost', ARRAY['0', '0.25', 'clv / 1000.0']),
		CASE WHEN l.most > 0 THEN l.most END, CASE WHEN l.most > 0 AND shop.chance(s || 'l', 70) THEN shop.length(s || 'length') END, CASE WHEN shop.chance(s || 'gap?', 20) THEN shop.length(s || 'gap') END,
		CASE WHEN shop.chance(s || 'many', 20) THEN NULL ELSE 1 + shop.below(s || 'firing', 2) END, shop.one_of(s || 'choice', '{position,position,preference,score}'),
		CASE WHEN n = 3 THEN 'ab' END, CASE WHEN n = 3 THEN 1 END, n <> 9
	FROM generate_series(1, 9) AS n CROSS JOIN LATERAL (SELECT seed || 'campaign' || n) AS d (s) CROSS JOIN LATERAL (SELECT shop.below(s || 'limit', 3) AS most) AS l;
	INSERT INTO persona.campaign_channel (campaign, position, channel, placement)
	SELECT k.name, row_number() OVER (PARTITION BY k.name ORDER BY md5(seed || k.name || v.channel || v.placement)), v.channel, nullif(v.placement, '')
	FROM persona.campaign AS k CROSS JOIN (VALUES ('email', ''), ('phone', ''), ('web', 'top'), ('web', 'foot'), ('web', '')) AS v (channel, placement)
	WHERE shop.chance(seed || k.name || '?' || v.channel || v.placement, 55);
	INSERT INTO persona.campaign_channel (campaign, position, channel)
	SELECT k.name, 1, 'email' FROM persona.campaign AS k WHERE NOT EXISTS (SELECT FROM persona.campaign_channel AS c WHERE c.campaign = k.name);
	INSERT INTO persona.policy (name, campaign, experience, experience_kind, channel, placement, max_contacts, period, calendar, min_gap, counts)
	SELECT 'policy ' || n, CASE WHEN k.about = 1 THEN 'campaign ' || 1 + shop.below(s || 'campaign', 8) END, CASE WHEN k.about = 2 THEN 'coupon' END, CASE WHEN k.about = 3 THEN shop.one_of(s || 'kind', '{offer,content}') END,
		CASE WHEN k.about = 4 THEN shop.one_of(s || 'channel', '{email,phone,web}') WHEN k.about = 5 THEN 'web' END, CASE WHEN k.about = 5 THEN shop.one_of(s || 'place', '{top,foot}') END,
		1 + shop.below(s || 'most', 3), CASE WHEN k.period = 0 THEN shop.length(s || 'period') END, CASE WHEN k.period = 1 THEN shop.one_of(s || 'unit', '{day,week,month}') END,
		CASE WHEN shop.chance(s || 'gap?', 30) THEN shop.length(s || 'gap') END, shop.one_of(s || 'counts', '{reserved,reserved,sent,delivered}')
	FROM generate_series(1, 5) AS n CROSS JOIN LATERAL (SELECT seed || 'policy' || n) AS d (s) CROSS JOIN LATERAL (SELECT shop.below(s || 'about', 6) AS about, shop.below(s || 'window', 3) AS period) AS k;
	INSERT INTO persona.budget (name, campaign, experience, experience_kind, channel, placement, amount, calendar)
	SELECT 'budget ' || n, CASE WHEN k.about = 1 THEN 'campaign ' || 1 + shop.below(s || 'campaign', 8) END, CASE WHEN k.about = 2 THEN 'coupon' END, CASE WHEN k.about = 3 THEN shop.one_of(s || 'kind', '{offer,content}') END,
		CASE WHEN k.about = 4 THEN shop.one_of(s || 'channel', '{email,phone,web}') WHEN k.about = 5 THEN 'web' END, CASE WHEN k.about = 5 THEN shop.one_of(s || 'place', '{top,foot}') END,
		shop.below(s || 'amount', 10), CASE WHEN shop.chance(s || 'unit?', 60) THEN shop.one_of(s || 'unit', '{day,week,month}') END
	FROM generate_series(1, 5) AS n CROSS JOIN LATERAL (SELECT seed || 'budget' || n) AS d (s) CROSS JOIN LATERAL (SELECT shop.below(s || 'about', 8) AS about) AS k;
	INSERT INTO persona.suppression (name, outcomes, ignored_after, times, within, scope, quiet_for, until_consent)
	SELECT 'suppression ' || n, CASE n % 2 WHEN 0 THEN ARRAY['ignored'] ELSE '{}' END || shop.one_of(s, '{rejected,complained,clicked,converted}'), CASE n % 2 WHEN 0 THEN shop.length(s || 'after') END, 1 + n % 2,
		CASE n % 2 WHEN 1 THEN shop.length(s || 'within') END, shop.one_of(s || 'about', '{all,channel,placement,experience,experience_kind,campaign}'),
		CASE WHEN shop.chance(s || 'quiet?', 85) THEN shop.length(s || 'quiet') END, shop.chance(s || 'consent', 50)
	FROM generate_series(1, 4) AS n CROSS JOIN LATERAL (SELECT seed || 'suppression' || n) AS d (s);
	INSERT INTO persona.exclusion (name, first_campaign, first_kind, then_campaign, then_experience, period, both_ways) VALUES
		('exclusion 1', 'campaign 1', NULL, 'campaign 2', NULL, shop.length(seed || 'x1'), true), ('exclusion 2', NULL, 'content', NULL, 'coupon', shop.length(seed || 'x2'), shop.chance(seed || 'x2', 50)),
		('exclusion 3', 'campaign 4', NULL, 'campaign 5', NULL, NULL, false);
	INSERT INTO persona.holdout (name, campaign, share, seed, hash_version) VALUES ('all', NULL, 0.06, seed, 2), ('one', 'campaign 2', 0.3, seed || 'b', 1);
END;

-- what was sent, what came of it, and what customers chose
CREATE PROCEDURE shop.fill_contacts(seed text) LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, placement, trigger, fired_at, trigger_key, status, decided_at, send_at, sent_at, delivered_at, ended_at)
	SELECT c.id, n, k.campaign, m.experience, k.channel, CASE k.channel WHEN 'web' THEN nullif(shop.one_of(s || 'place', ARRAY['top', 'foot', '']), '') END, f.trigger, f.fired_at, f.trigger_key, k.status,
		least(k.at, k.at - interval '6 hours' * shop.below(s || 'ahead', 10)), k.at,
		CASE WHEN k.status IN ('sent', 'delivered') THEN k.at + interval '1 hour' * shop.below(s || 'late', 3) END,
		CASE WHEN k.status = 'delivered' THEN k.at + interval '1 hour' * (3 + shop.below(s || 'there', 8)) END, CASE WHEN k.status = 'failed' THEN k.at + interval '6 hours' * (1 + shop.below(s || 'end', 8)) END
	FROM shop.customer AS c CROSS JOIN LATERAL generate_series(1, shop.below(seed || 'contacts' || c.id, 9)) AS n CROSS JOIN LATERAL (SELECT seed || 'contact' || c.id || '/' || n) AS d (s)
		CROSS JOIN LATERAL (SELECT 'campaign ' || 1 + shop.below(s || 'campaign', 9) AS campaign, shop.one_of(s || 'channel', '{email,phone,web}') AS channel,
			shop.one_of(s || 'status', '{planned,sent,sent,delivered,failed}') AS status, shop.moment(s) AS at) AS k
		JOIN persona.campaign AS m ON m.name = k.campaign
		-- some answer what was open then
		LEFT JOIN LATERAL (SELECT o.trigger, o.fired_at, o.trigger_key FROM persona.open_trigger_at(k.at) AS o WHERE o.customer = c.id AND o.trigger = m.trigger AND shop.chance(s || 'answers', 80)
			ORDER BY o.fired_at, o.trigger_key LIMIT 1) AS f ON true;
	INSERT INTO persona.response (customer, response_id, contact_id, at, outcome, campaign, experience, channel, placement)
	SELECT o.customer, 100 * o.contact_id + n, CASE WHEN shop.below(s || 'on', 5) > 0 THEN o.contact_id END, date_trunc('minute', o.send_at) + interval '7 hours' * shop.below(s || 'wait', 14) + interval '1 minute' * (2 * o.contact_id + n),
		shop.one_of(s, '{delivered,clicked,rejected,converted,complained}'), o.campaign, o.experience, o.channel, o.placement
	FROM persona.contact AS o CROSS JOIN generate_series(1, 2) AS n CROSS JOIN LATERAL (SELECT seed || 'response' || o.customer || '/' || o.contact_id || '/' || n) AS d (s)
	WHERE shop.below(s || '?', 5) < 2;
	INSERT INTO persona.choice (customer, choice_id, at, choice, channel, topic, rank, until)
	SELECT c.id, n, shop.moment(s), k.choice, k.channel, CASE WHEN k.choice <> 'preference' THEN nullif(shop.one_of(s || 'topic', '{NULL,NULL,NULL,news,offers}'), 'NULL') END,
		CASE WHEN k.choice = 'preference' AND k.channel IS NOT NULL THEN shop.below(s || 'rank', 3) END,
		CASE k.choice WHEN 'snooze' THEN shop.moment(s) + interval '6 hours' * (shop.below(s || 'until', 12) - 1) END
	FROM shop.customer AS c CROSS JOIN LATERAL generate_series(1, shop.below(seed || 'choices' || c.id, 9)) AS n CROSS JOIN LATERAL (SELECT seed || 'choice' || c.id || '/' || n) AS d (s)
		CROSS JOIN LATERAL (SELECT shop.one_of(s || 'choice', '{consent,consent,objection,snooze,snooze,preference,preference}') AS choice, nullif(shop.one_of(s || 'channel', '{NULL,NULL,email,phone,web}'), 'NULL') AS channel) AS k;
END;

-- Fills a shop of a seed, instead of the one before.
CREATE PROCEDURE shop.open(seed text) LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE shop.customer, shop.sale, shop.click, persona.contact, persona.response, persona.choice;
	TRUNCATE persona.campaign_channel, persona.policy, persona.budget, persona.budget_use, persona.suppression, persona.exclusion, persona.holdout, persona.message, persona.campaign, persona.cohort, persona.trigger,
		persona.experience, persona.topic, persona.lever, persona.arbitration, persona.channel, persona.placement, persona.holiday, persona.experiment;
	CALL shop.fill_facts(seed);
	CALL shop.fill_definitions(seed);
	CALL shop.fill_contacts(seed);
END
$$;
