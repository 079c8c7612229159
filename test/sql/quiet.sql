-- quiet: suppressions after outcomes, exclusions, holdouts and experiments.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';

CREATE TABLE customer (name text PRIMARY KEY);
INSERT INTO customer VALUES ('ann');
SELECT persona.bind_customers('customer', 'name');
INSERT INTO persona.experience (name, kind) VALUES ('offer', 'offer'), ('coupon', 'offer'), ('tip', 'content');
INSERT INTO persona.channel (name) VALUES ('email'), ('web');
INSERT INTO persona.placement (channel, name) VALUES ('web', 'top'), ('web', 'foot');
INSERT INTO persona.message (name, experience, channel, body)
	SELECT e.name || ' ' || c.name, e.name, c.name, 'Hello' FROM persona.experience AS e, persona.channel AS c;
INSERT INTO persona.campaign (name, experience) VALUES ('spring', 'offer'), ('summer', 'coupon'), ('advice', 'tip');
INSERT INTO persona.campaign_channel (campaign, position, channel, placement)
	SELECT c.name, v.position, v.channel, v.placement
	FROM persona.campaign AS c, (VALUES (1, 'email', NULL), (2, 'web', 'top'), (3, 'web', 'foot')) AS v (position, channel, placement);

-- Which ways are quiet, and why.
CREATE FUNCTION quiet(as_of timestamptz, OUT campaign text, OUT way text, OUT stage text, OUT reason text, OUT until timestamptz) RETURNS SETOF record
LANGUAGE sql AS $$
	SELECT e.campaign, concat_ws(' ', e.channel, e.placement), e.stage, e.reason, e.valid_until
	FROM persona.explain('ann', quiet.as_of) AS e WHERE NOT e.eligible ORDER BY 1, 2
$$;
-- The same of one way at several instants, quiet or not.
CREATE FUNCTION over_time(instants text, campaign text DEFAULT 'spring', channel text DEFAULT 'email')
RETURNS TABLE (as_of timestamptz, reason text, until timestamptz)
LANGUAGE sql AS $$
	SELECT t, CASE WHEN NOT e.eligible THEN e.reason END, e.valid_until
	FROM unnest(string_to_array(over_time.instants, ',')::timestamptz[]) AS t, persona.explain('ann', t) AS e
	WHERE e.campaign = over_time.campaign AND e.channel = over_time.channel AND e.placement IS NULL ORDER BY t
$$;

--
-- What is refused
--

\set VERBOSITY terse
INSERT INTO persona.suppression (name, outcomes, scope) VALUES ('s', '{}', 'all');
INSERT INTO persona.suppression (name, outcomes, scope) VALUES ('s', '{laughed}', 'all');
INSERT INTO persona.suppression (name, outcomes, scope) VALUES ('s', '{rejected}', 'country');
INSERT INTO persona.suppression (name, outcomes, scope) VALUES ('s', '{ignored}', 'all');
INSERT INTO persona.suppression (name, outcomes, scope, ignored_after) VALUES ('s', '{rejected}', 'all', '1 day');
INSERT INTO persona.suppression (name, outcomes, scope, within) VALUES ('s', '{rejected}', 'all', '1 day');
INSERT INTO persona.suppression (name, outcomes, scope, times) VALUES ('s', '{rejected}', 'all', 0);
INSERT INTO persona.suppression (name, outcomes, scope, quiet_for) VALUES ('s', '{rejected}', 'all', '1 month');
INSERT INTO persona.exclusion (name, first_campaign) VALUES ('x', 'spring');
INSERT INTO persona.exclusion (name, first_campaign, then_campaign) VALUES ('x', 'spring', 'spring');
INSERT INTO persona.exclusion (name, first_campaign, first_kind, then_campaign) VALUES ('x', 'spring', 'offer', 'summer');
INSERT INTO persona.exclusion (name, first_campaign, then_campaign) VALUES ('x', 'spring', 'autumn');
INSERT INTO persona.holdout (name, share, seed) VALUES ('h', 0, 's');
INSERT INTO persona.holdout (name, share, seed) VALUES ('h', 1.1, 's');
INSERT INTO persona.holdout (name, share, seed, hash_version) VALUES ('h', 0.1, 's', 3);
INSERT INTO persona.experiment (name, seed, space_from) VALUES ('e', 's', 0.5);
INSERT INTO persona.experiment (name, seed, space, space_from, space_until) VALUES ('e', 's', 'a', 0.5, 0.5);
INSERT INTO persona.experiment (name, seed, weights) VALUES ('e', 's', '{0.5,-0.5}');
INSERT INTO persona.experiment (name, seed, weights) VALUES ('e', 's', '{{0.5,0.5}}');
UPDATE persona.campaign SET variation = 1;
\set VERBOSITY default
INSERT INTO persona.experiment (name, seed, weights) VALUES ('e', 's', '{0.5,0.2}');
INSERT INTO persona.experiment (name, seed, space, space_until) VALUES ('e', 's', 'a', 0.6);
INSERT INTO persona.experiment (name, seed, space, space_from) VALUES ('f', 's', 'a', 0.5);
UPDATE persona.campaign SET experiment = 'e', variation = 2;
DELETE FROM persona.experiment;
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{holdout}', '[]')::persona.program);
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{campaigns,0,max_contact}', '1')::persona.program);
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{campaigns,0,channels,1,place}', '"top"')::persona.program);
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{customers,timezone}', '"zone"')::persona.program);
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{holdouts}', '[{"name": "h", "share": 2, "seed": "s"}]')::persona.program);
SELECT persona.check_program(jsonb_set(persona.program()::jsonb, '{suppressions}', '[{"name": "s", "outcomes": ["ignored"], "scope": "all"}]')::persona.program);

--
-- One rejection: the experience of this kind is quiet for 30 days
--

INSERT INTO persona.suppression (name, outcomes, scope, quiet_for) VALUES ('no', '{rejected}', 'experience_kind', '30 days');
INSERT INTO persona.response (customer, at, outcome, campaign, experience, channel, placement) VALUES
	('ann', '2026-03-10 12:00', 'rejected', 'spring', 'offer', 'web', 'top'), ('ann', '2026-03-11 12:00', 'clicked', 'advice', 'tip', 'email', NULL);
SELECT * FROM quiet('2026-03-10 12:00');
SELECT * FROM over_time('2026-03-10 11:59:59.999999,2026-03-10 12:00,2026-04-09 11:59:59.999999,2026-04-09 12:00');
-- and with other definitions
SELECT d.name, x.stage, x.reason
FROM (VALUES ('shorter', '{"suppressions": {"no": {"quiet_for": "12 hours"}}}'), ('none', '{"suppressions": {"no": null}}'),
		('held out', '{"suppressions": {"no": null}, "holdouts": {"everybody": {"share": 1, "seed": "s"}}}')) AS d (name, changes)
	CROSS JOIN LATERAL persona.program_with(persona.program(), d.changes::jsonb) AS p (program)
	CROSS JOIN LATERAL (SELECT persona.timeline(p.program, 'persona.response', r) AS events FROM persona.response AS r) AS t
	CROSS JOIN customer AS c CROSS JOIN LATERAL persona.candidates(p.program, c, t.events, '2026-03-11') AS x
WHERE x.campaign = 'spring' AND x.channel = 'email' ORDER BY d.name;
-- each scope: what the outcome was about
UPDATE persona.suppression SET scope = 'all';
SELECT string_agg(campaign || ' on ' || way, ', ') FROM quiet('2026-03-12');
UPDATE persona.suppression SET scope = 'channel';
SELECT string_agg(campaign || ' on ' || way, ', ') FROM quiet('2026-03-12');
UPDATE persona.suppression SET scope = 'placement';
SELECT string_agg(campaign || ' on ' || way, ', ') FROM quiet('2026-03-12');
UPDATE persona.suppression SET scope = 'experience';
SELECT string_agg(campaign || ' on ' || way, ', ') FROM quiet('2026-03-12');
UPDATE persona.suppression SET scope = 'campaign';
SELECT string_agg(campaign || ' on ' || way, ', ') FROM quiet('2026-03-12');
-- for ever
UPDATE persona.suppression SET scope = 'channel', quiet_for = NULL, outcomes = '{complained,unsubscribed,rejected}';
SELECT * FROM quiet('2036-03-12') WHERE campaign = 'spring';
-- a second rejection makes it quiet for longer, without a gap
UPDATE persona.suppression SET scope = 'all', quiet_for = '10 days';
INSERT INTO persona.response (customer, at, outcome, channel) VALUES ('ann', '2026-03-20 12:00', 'unsubscribed', 'email'), ('ann', '2026-04-01', 'complained', 'email');
SELECT * FROM over_time('2026-03-12,2026-03-25,2026-03-31,2026-04-01');
-- two of them within 12 days
UPDATE persona.suppression SET times = 2, within = '12 days';
SELECT * FROM over_time('2026-03-12,2026-03-20 12:00,2026-03-31,2026-04-01');
DELETE FROM persona.suppression;
TRUNCATE persona.response;

--
-- Ignored: nothing but the delivery was reported for so long after it was sent
--

INSERT INTO persona.suppression (name, outcomes, ignored_after, times, within, scope, quiet_for) VALUES ('tired', '{ignored}', '2 days', 3, '7 days', 'all', '10 days');
INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, status, decided_at, send_at, sent_at)
	SELECT 'ann', n, 'spring', 'offer', 'email', 'sent', '2026-03-01', t, t + interval '1 hour'
	FROM unnest('{2026-03-02 12:00,2026-03-04 12:00,2026-03-06 12:00}'::timestamptz[]) WITH ORDINALITY AS u (t, n);
SELECT * FROM over_time('2026-03-06 12:00,2026-03-08 12:59,2026-03-08 13:00,2026-03-18 12:59,2026-03-18 13:00');
-- a response in time, the last instant included, is a response; so is a bounce, but not a delivery, nor a response on nothing
INSERT INTO persona.response (customer, contact_id, at, outcome) VALUES ('ann', 2, '2026-03-06 13:00', 'delivered'), ('ann', NULL, '2026-03-06 13:00', 'opened');
SELECT * FROM over_time('2026-03-09');
UPDATE persona.response SET outcome = 'opened' WHERE contact_id = 2;
SELECT * FROM over_time('2026-03-09');
UPDATE persona.response SET at = '2026-03-06 13:00:00.000001' WHERE contact_id = 2;
SELECT * FROM over_time('2026-03-09');
UPDATE persona.response SET at = '2026-03-06 12:00', outcome = 'bounced' WHERE contact_id = 2;
SELECT * FROM over_time('2026-03-09');
TRUNCATE persona.response;
-- what was not sent, or has ended, was not ignored
UPDATE persona.contact SET status = 'planned', sent_at = NULL WHERE contact_id = 2;
SELECT * FROM over_time('2026-03-09');
UPDATE persona.contact SET status = 'failed', sent_at = '2026-03-04 13:00', ended_at = '2026-03-05' WHERE contact_id = 2;
SELECT * FROM over_time('2026-03-09');
DELETE FROM persona.suppression;
TRUNCATE persona.contact;

--
-- Exclusions
--

INSERT INTO persona.exclusion (name, first_campaign, then_campaign, period) VALUES ('after', 'spring', 'summer', '30 days');
INSERT INTO persona.contact (customer, campaign, experience, channel, decided_at, send_at) VALUES ('ann', 'spring', 'offer', 'web', '2026-03-01', '2026-03-10 12:00');
SELECT * FROM over_time('2026-03-10 11:59:59.999999,2026-03-10 12:00,2026-04-09 11:59:59.999999,2026-04-09 12:00', 'summer');
SELECT * FROM over_time('2026-03-20', 'spring');
-- and the first does not come where the second is planned for later
TRUNCATE persona.contact;
INSERT INTO persona.contact (customer, campaign, experience, channel, decided_at, send_at) VALUES ('ann', 'summer', 'coupon', 'web', '2026-02-01', '2026-03-10 12:00');
SELECT * FROM over_time('2026-02-08 12:00,2026-02-08 12:00:00.000001,2026-03-10 12:00,2026-03-10 12:00:00.000001', 'spring');
-- never one with the other
UPDATE persona.exclusion SET period = NULL, both_ways = true;
SELECT * FROM over_time('2026-02-08 12:00,2036-02-08 12:00', 'spring');
SELECT * FROM over_time('2026-02-08 12:00,2036-02-08 12:00', 'summer');
-- of experiences and kinds
UPDATE persona.exclusion SET first_campaign = NULL, then_campaign = NULL, first_experience = 'coupon', then_kind = 'content', both_ways = false;
SELECT campaign, way, stage, reason FROM quiet('2026-03-12');
UPDATE persona.contact SET status = 'cancelled', ended_at = '2026-03-11';
SELECT campaign, way, stage, reason FROM quiet('2026-03-12');
DELETE FROM persona.exclusion;
TRUNCATE persona.contact;

--
-- Holdouts, by the hash that the condition "bucket" has
--

TRUNCATE customer;
INSERT INTO customer SELECT 'customer ' || n FROM generate_series(1, 500) AS n;
INSERT INTO persona.holdout (name, share, seed) VALUES ('all', 0.1, 'some seed');
CREATE VIEW held AS
	SELECT c.name AS customer, e.campaign, e.reason, persona.holds(c, '{"bucket": {"seed": "some seed", "from": 0, "to": 0.1}}', '2026-03-12') AS expected
	FROM customer AS c CROSS JOIN LATERAL persona.explain(c.name, '2026-03-12') AS e WHERE e.channel = 'email' AND e.stage = 'holdout';
SELECT campaign, count(*), bool_and(expected) FROM held GROUP BY campaign ORDER BY campaign;
SELECT count(*) FROM customer AS c WHERE persona.holds(c, '{"bucket": {"seed": "some seed", "from": 0, "to": 0.1}}', '2026-03-12');
SELECT reason FROM held ORDER BY customer, campaign LIMIT 1;
CREATE TABLE before AS SELECT customer, campaign FROM held;
-- growing, it keeps who is in it; of one campaign only
UPDATE persona.holdout SET share = 0.2, campaign = 'spring';
SELECT campaign, count(*) FROM held GROUP BY campaign;
SELECT count(*) FROM before AS b WHERE b.campaign = 'spring' AND NOT EXISTS (SELECT FROM held AS h WHERE h.customer = b.customer);
-- older SDKs
UPDATE persona.holdout SET hash_version = 1;
SELECT count(*), count(*) FILTER (WHERE customer IN (SELECT customer FROM before)) AS also_by_2 FROM held;
DELETE FROM persona.holdout;

--
-- Experiments
--

-- nobody is in two of one space; a campaign for each variation
INSERT INTO persona.experiment (name, seed, space, space_from, space_until, weights) VALUES
	('price', 'price 1', 'main', 0, 0.5, '{0.5,0.5}'), ('tone', 'tone 1', 'main', 0.5, 1, '{0.2,0.3,0.5}');
UPDATE persona.campaign SET experiment = 'price', variation = CASE name WHEN 'spring' THEN 0 ELSE 1 END WHERE name <> 'advice';
UPDATE persona.campaign SET experiment = 'tone', variation = 2 WHERE name = 'advice';
CREATE VIEW taking_part AS
	SELECT c.name AS customer, array_agg(e.campaign ORDER BY e.campaign) FILTER (WHERE e.stage <> 'holdout') AS campaigns
	FROM customer AS c CROSS JOIN LATERAL persona.explain(c.name, '2026-03-12') AS e WHERE e.channel = 'email' GROUP BY c.name;
SELECT campaigns, count(*) FROM taking_part GROUP BY campaigns ORDER BY campaigns;
SELECT DISTINCT regexp_replace(e.reason, ' 0\.?[0-9]*$', ' ...') FROM customer AS c CROSS JOIN LATERAL persona.explain(c.name, '2026-03-12') AS e WHERE e.stage = 'holdout' ORDER BY 1;
-- growing, a part keeps its variations
CREATE TABLE first_half AS SELECT * FROM taking_part WHERE campaigns IS NOT NULL;
DELETE FROM first_half;
UPDATE persona.experiment SET coverage = 0.4 WHERE name = 'price';
SELECT campaigns, count(*) FROM taking_part GROUP BY campaigns ORDER BY campaigns;
INSERT INTO first_half SELECT * FROM taking_part WHERE campaigns && '{spring,summer}';
UPDATE persona.experiment SET coverage = 0.8 WHERE name = 'price';
SELECT count(*) FROM first_half AS f JOIN taking_part AS t USING (customer) WHERE f.campaigns <> t.campaigns OR t.campaigns IS NULL;
-- the cases that GrowthBook publishes: users 1 to 4 in [0.4, 1) and [0, 0.4)
TRUNCATE customer;
INSERT INTO customer VALUES ('1'), ('2'), ('3'), ('4');
UPDATE persona.campaign SET experiment = 'price', variation = 0;
DELETE FROM persona.experiment WHERE name = 'tone';
UPDATE persona.experiment SET space = 'namespace1', space_from = 0.4, space_until = 1, weights = '{1}', coverage = 1;
SELECT string_agg(customer, ' ' ORDER BY customer) FROM taking_part WHERE campaigns IS NOT NULL;
UPDATE persona.experiment SET space = 'namespace2', space_from = 0, space_until = 0.4;
SELECT string_agg(customer, ' ' ORDER BY customer) FROM taking_part WHERE campaigns IS NOT NULL;

-- a reason names the campaign of a contact also when it is no longer active
TRUNCATE customer, persona.contact;
DELETE FROM persona.exclusion;
INSERT INTO customer VALUES ('1');
UPDATE persona.campaign SET experiment = NULL, variation = NULL;
INSERT INTO persona.exclusion (name, first_kind, then_campaign, period)
SELECT 'beside', e.kind, 'summer', '30 days' FROM persona.campaign AS k JOIN persona.experience AS e ON e.name = k.experience WHERE k.name = 'spring';
INSERT INTO persona.contact (customer, campaign, experience, channel, status, decided_at, send_at, sent_at)
SELECT '1', k.name, k.experience, 'email', 'sent', '2026-03-10', '2026-03-10', '2026-03-10' FROM persona.campaign AS k WHERE k.name = 'spring';
UPDATE persona.campaign SET active = false WHERE name = 'spring';
SELECT e.campaign, e.channel, e.stage, e.reason FROM persona.explain('1', '2026-03-12') AS e WHERE e.campaign = 'summer' ORDER BY e.channel COLLATE "C";
