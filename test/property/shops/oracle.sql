--------------------------------------------------------------------------------
-- oracle: decides in plain SQL, from the tables alone
--
-- Each rule is a function that returns why it fails, in the words of an
-- explanation, or NULL.  The first that is not NULL is the stage.  Where an
-- explanation may name one of several contacts, all are returned, as an array.
--------------------------------------------------------------------------------

CREATE SCHEMA oracle;

-- one question: a customer at an instant; who is there is on a channel, maybe on a page
CREATE TYPE oracle.ask AS (customer integer, zone text, language text, at timestamptz, channel text, placement text, page text);
-- one way of a campaign
CREATE TYPE oracle.way AS (campaign text, experience text, kind text, topic text, channel text, placement text, place integer);

CREATE FUNCTION oracle.shown(a oracle.ask, instant timestamptz) RETURNS text LANGUAGE sql STABLE
	RETURN CASE instant WHEN 'infinity' THEN 'never' ELSE to_char(instant AT TIME ZONE a.zone, 'YYYY-MM-DD HH24:MI') END;

-- a length in weeks, or else in days and hours
CREATE FUNCTION oracle.length(l interval) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN (SELECT CASE WHEN h % 168 = 0 THEN h / 168 || CASE h / 168 WHEN 1 THEN ' week' ELSE ' weeks' END
			ELSE concat_ws(' ', CASE WHEN h >= 24 THEN h / 24 || CASE h / 24 WHEN 1 THEN ' day' ELSE ' days' END END, CASE WHEN h % 24 > 0 THEN h % 24 || CASE h % 24 WHEN 1 THEN ' hour' ELSE ' hours' END END) END
		FROM (SELECT extract(epoch FROM l)::integer / 3600 AS h) AS x);

--
-- Conditions: whether they hold, and the part that decides it
--

CREATE FUNCTION oracle.events(who integer, wanted text, since timestamptz, until timestamptz) RETURNS TABLE (at timestamptz, place integer, n bigint, item text, amount numeric) LANGUAGE sql STABLE AS $$
	SELECT s.at, 1, s.n, s.item, s.amount FROM shop.sale AS s WHERE wanted = 'order' AND s.customer = who AND s.at > since AND s.at <= until
	UNION ALL SELECT c.at, 2, c.n, c.item, NULL FROM shop.click AS c WHERE c.kind = wanted AND c.customer = who AND c.at > since AND c.at <= until
$$;

CREATE FUNCTION oracle.holds(a oracle.ask, c jsonb, OUT truth boolean, OUT why text) LANGUAGE plpgsql STABLE AS $$
DECLARE
	part jsonb;
	one record;
	amount numeric;
	least numeric;
	value text;
BEGIN
	IF c ? 'not' THEN
		SELECT NOT h.truth, h.why INTO truth, why FROM oracle.holds(a, c -> 'not') AS h;
	ELSIF c ?| '{all,any}' THEN
		truth := c ? 'all';
		FOR part IN SELECT jsonb_array_elements(coalesce(c -> 'all', c -> 'any')) LOOP
			SELECT * INTO one FROM oracle.holds(a, part);
			-- one part decides, or all do together
			IF one.truth <> (c ? 'all') THEN
				truth := one.truth;
				why := one.why;
				RETURN;
			END IF;
			why := concat_ws('; ', why, one.why);
		END LOOP;
	ELSIF c ->> 'attribute' = 'clv' THEN
		SELECT k.clv::text INTO value FROM shop.customer AS k WHERE k.id = a.customer;
		truth := coalesce(value::integer >= (c -> 'at_least')::integer, false);
		why := CASE WHEN value IS NULL THEN 'clv is absent' ELSE format('clv is %s, %sat least %s', value, CASE WHEN NOT truth THEN 'not ' END, c -> 'at_least') END;
	ELSIF c ->> 'attribute' = 'plan' THEN
		SELECT k.plan INTO value FROM shop.customer AS k WHERE k.id = a.customer;
		truth := coalesce(c -> 'in' ? value, false);
		why := CASE WHEN value IS NULL THEN 'plan is absent' 
			ELSE format('plan is %s, %sin %s', value, CASE WHEN NOT truth THEN 'not ' END, (SELECT string_agg(v, ', ') FROM jsonb_array_elements_text(c -> 'in') AS v)) END;
	ELSIF c ->> 'event' = 'context' THEN
		truth := coalesce(a.page = c #>> '{where,is}', false);
		why := 'page';
	ELSIF c ? 'sum' THEN
		SELECT coalesce(sum(e.amount), 0) INTO amount FROM oracle.events(a.customer, c ->> 'event', a.at - (c ->> 'within')::interval, a.at) AS e;
		truth := amount >= (c -> 'at_least')::numeric;
		why := format('the sum of amount is %s, of %s within %s', trim_scale(amount), c ->> 'event', c ->> 'within') || CASE WHEN truth THEN ', at least ' ELSE ', not at least ' END || (c ->> 'at_least');
	ELSE
		SELECT count(*) INTO amount FROM oracle.events(a.customer, c ->> 'event', a.at - (c ->> 'within')::interval, a.at);
		least := coalesce((c #> '{times,at_least}')::integer, 1);
		truth := amount >= least;
		why := format('%s %s within %s', CASE WHEN amount = 0 THEN 'no' ELSE amount::text END, c ->> 'event', c ->> 'within')
			|| CASE WHEN c ? 'times' THEN CASE WHEN truth THEN ', at least ' ELSE ', not at least ' END || least ELSE '' END;
	END IF;
END
$$;

--
-- Triggers: firings, from the events
--

-- All firings up to an instant: begins of the stretches in which the condition holds.
CREATE FUNCTION oracle.firings(a oracle.ask, wanted persona.trigger) RETURNS TABLE (key text, fired_at timestamptz, open_until timestamptz, amount numeric) LANGUAGE sql STABLE AS $$
	WITH t AS (
		SELECT wanted.condition::jsonb AS c, (wanted.condition::jsonb ->> 'within')::interval AS within
	), event AS (
		SELECT CASE WHEN t.c ? 'per' THEN e.item END AS key, e.at, t.within, e.n, e.amount FROM t CROSS JOIN oracle.events(a.customer, t.c ->> 'event', '-infinity', a.at) AS e
		WHERE NOT t.c ? 'per' OR e.item IS NOT NULL
	), first AS (
		SELECT e.key, e.at, max(e.within) AS within, (array_agg(e.amount ORDER BY e.n DESC))[1] AS amount FROM event AS e
		WHERE NOT EXISTS (SELECT FROM event AS o WHERE o.key IS NOT DISTINCT FROM e.key AND o.at < e.at AND o.at >= e.at - e.within)
		GROUP BY e.key, e.at
	)
	SELECT f.key, f.at, CASE WHEN wanted.open_for IS NOT NULL THEN f.at + wanted.open_for
		-- as long as it holds: to the end of the stretch
		ELSE (SELECT max(e.at + e.within) FROM event AS e WHERE e.key IS NOT DISTINCT FROM f.key AND e.at >= f.at
			AND NOT EXISTS (SELECT FROM first AS g WHERE g.key IS NOT DISTINCT FROM f.key AND g.at > f.at AND g.at <= e.at)) END, f.amount
	FROM first AS f
	UNION ALL
	SELECT NULL, a.at, a.at + wanted.open_for, NULL FROM t WHERE t.c ->> 'event' = 'context' AND a.page = t.c #>> '{where,is}'
$$;

--
-- Reaching the customer
--

CREATE FUNCTION oracle.covering(a oracle.ask, w oracle.way) RETURNS SETOF persona.choice LANGUAGE sql STABLE AS $$
	SELECT o FROM persona.choice AS o WHERE o.customer = a.customer AND o.at <= a.at AND coalesce(o.channel, w.channel) = w.channel AND (o.topic IS NULL OR o.topic IS NOT DISTINCT FROM w.topic)
$$;

-- Whether the wall clock is inside of some hours; a span over midnight belongs to the day on which it begins.
CREATE FUNCTION oracle.inside(wanted text, wall timestamp) RETURNS boolean LANGUAGE sql STABLE
	RETURN EXISTS (SELECT FROM shop.span AS s WHERE s.hours = wanted AND CASE WHEN s.begins < s.ends THEN s.day = extract(isodow FROM wall) AND wall::time >= s.begins AND (wall::time < s.ends)
		ELSE s.day = extract(isodow FROM wall) AND wall::time >= s.begins OR s.day = extract(isodow FROM wall - interval '1 day') AND wall::time < s.ends END);

-- The first instant at which a channel is open, by whole minutes.
CREATE TABLE oracle.opening (channel text, zone text, at timestamptz, send_at timestamptz, PRIMARY KEY (channel, zone, at));
CREATE FUNCTION oracle.first_open(c persona.channel, zone text, at timestamptz) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
	t timestamptz := at;
BEGIN
	WHILE c.open_hours IS NOT NULL AND NOT oracle.inside(c.open_hours::text, t AT TIME ZONE zone) OR c.quiet_hours IS NOT NULL AND oracle.inside(c.quiet_hours::text, t AT TIME ZONE zone)
		OR EXISTS (SELECT FROM persona.holiday AS h WHERE h.calendar = c.holidays AND h.day = (t AT TIME ZONE zone)::date)
	LOOP
		t := date_trunc('minute', t) + interval '1 minute';
	END LOOP;
	RETURN t;
END
$$;

CREATE FUNCTION oracle.why_not_reached(a oracle.ask, w oracle.way, deadline timestamptz, OUT send_at timestamptz, OUT why text) LANGUAGE plpgsql STABLE AS $$
DECLARE
	c persona.channel;
	choice persona.choice;
	topic_opt_in boolean := (SELECT t.opt_in FROM persona.topic AS t WHERE t.name = w.topic);
	snoozed timestamptz;
BEGIN
	SELECT * INTO c FROM persona.channel AS x WHERE x.name = w.channel;
	IF c.address_column IS NOT NULL AND coalesce((SELECT to_jsonb(k) ->> c.address_column FROM shop.customer AS k WHERE k.id = a.customer), '') = '' THEN
		why := c.address_column || ' is absent';
		RETURN;
	END IF;
	SELECT * INTO choice FROM oracle.covering(a, w) AS o WHERE o.choice IN ('consent', 'objection') ORDER BY o.at DESC, o.choice_id DESC LIMIT 1;
	IF choice.choice = 'objection' THEN
		why := 'the customer objected ' || oracle.shown(a, choice.at);
		RETURN;
	ELSIF choice.choice IS NULL AND coalesce(topic_opt_in, c.opt_in) THEN
		why := 'no consent was given' || CASE WHEN w.topic IS NULL THEN '' ELSE format(' to topic "%s"', w.topic) END;
		RETURN;
	END IF;
	SELECT max(s.until) INTO snoozed FROM (SELECT DISTINCT ON (o.channel, o.topic) o.until FROM oracle.covering(a, w) AS o WHERE o.choice = 'snooze' ORDER BY o.channel, o.topic, o.at DESC, o.choice_id DESC) AS s;
	IF snoozed > a.at THEN
		why := 'the customer snoozes it until ' || oracle.shown(a, snoozed);
		RETURN;
	END IF;
	SELECT 'no consent: ' || h.why INTO why FROM oracle.holds(a, c.consent::jsonb) AS h WHERE c.consent IS NOT NULL AND NOT h.truth;
	IF why IS NOT NULL THEN
		RETURN;
	END IF;
	SELECT o.send_at INTO send_at FROM oracle.opening AS o WHERE o.channel = w.channel AND o.zone = a.zone AND o.at = a.at;
	IF send_at >= deadline THEN
		why := format('closed until %s, when it is too late', oracle.shown(a, send_at));
	END IF;
END
$$;

--
-- Contacts and responses, as they were known; what a page shows already is among them
--

CREATE TABLE oracle.known (contact_id bigint, campaign text, experience text, kind text, channel text, placement text, send_at timestamptz, sent_at timestamptz, delivered_at timestamptz,
	trigger text, fired_at timestamptz, trigger_key text);
CREATE PROCEDURE oracle.list_known(a oracle.ask) LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM oracle.known;
	INSERT INTO oracle.known
	SELECT o.contact_id, o.campaign, o.experience, e.kind, o.channel, o.placement, o.send_at, CASE WHEN o.sent_at <= a.at THEN o.sent_at END, CASE WHEN o.delivered_at <= a.at THEN o.delivered_at END,
		o.trigger, o.fired_at, o.trigger_key
	FROM persona.contact AS o JOIN persona.experience AS e ON e.name = o.experience
	WHERE o.customer = a.customer AND o.decided_at <= a.at AND (o.ended_at > a.at) IS NOT FALSE;
END
$$;

CREATE FUNCTION oracle.why_quiet(a oracle.ask, w oracle.way, t timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
	s persona.suppression;
	o record;
	until timestamptz;
	ends timestamptz;
	cause text;
BEGIN
	FOR s IN SELECT * FROM persona.suppression AS x ORDER BY x.name COLLATE "C" LOOP
		until := t;
		cause := NULL;
		-- the outcomes that complete a number, and when the quiet time of each would end
		FOR o IN
			WITH outcome AS (
				SELECT r.at, r.outcome, r.campaign, r.experience, e.kind, r.channel, r.placement FROM persona.response AS r JOIN persona.experience AS e ON e.name = r.experience
				WHERE r.customer = a.customer AND r.at <= a.at AND r.outcome = ANY (s.outcomes)
				UNION ALL
				SELECT k.sent_at + s.ignored_after, 'ignored', k.campaign, k.experience, k.kind, k.channel, k.placement FROM oracle.known AS k
				WHERE 'ignored' = ANY (s.outcomes) AND k.sent_at IS NOT NULL
					AND NOT EXISTS (SELECT FROM persona.response AS r WHERE r.customer = a.customer AND r.contact_id = k.contact_id AND r.at <= least(a.at, k.sent_at + s.ignored_after) AND r.outcome <> 'delivered')
			), concerned AS (
				SELECT * FROM outcome AS x WHERE CASE s.scope WHEN 'all' THEN true WHEN 'channel' THEN x.channel = w.channel
					WHEN 'placement' THEN (x.channel, x.placement) IS NOT DISTINCT FROM (w.channel, w.placement)
					WHEN 'experience' THEN x.experience = w.experience WHEN 'experience_kind' THEN x.kind = w.kind WHEN 'campaign' THEN x.campaign = w.campaign END
			)
			SELECT x.at, x.outcome, least(coalesce(x.at + s.quiet_for, 'infinity'), (SELECT min(c.at) FROM oracle.covering(a, w) AS c WHERE s.until_consent AND c.choice = 'consent' AND c.at > x.at)) AS ends
			FROM concerned AS x WHERE s.times <= (SELECT count(*) FROM concerned AS y WHERE y.at <= x.at AND (y.at > x.at - s.within) IS NOT FALSE)
			ORDER BY x.at
		LOOP
			-- quiet times that meet are one
			EXIT WHEN o.at > until OR cause IS NULL AND o.at > t;
			IF o.ends > until THEN
				until := o.ends;
				IF o.at <= t THEN
					cause := o.outcome || ' ' || oracle.shown(a, o.at);
				END IF;
			END IF;
		END LOOP;
		IF cause IS NOT NULL THEN
			RETURN format('suppression "%s": %s%s; quiet %s', s.name, cause, CASE WHEN s.times > 1 THEN ', the last of ' || s.times ELSE '' END,
				CASE WHEN until = 'infinity' THEN 'for good' ELSE 'until ' || oracle.shown(a, until) END);
		END IF;
	END LOOP;
	RETURN NULL;
END
$$;

CREATE FUNCTION oracle.why_excluded(a oracle.ask, w oracle.way, t timestamptz) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
	x persona.exclusion;
	found text[];
BEGIN
	FOR x IN SELECT * FROM persona.exclusion AS y ORDER BY y.name COLLATE "C" LOOP
		SELECT array_agg(format('exclusion "%s": a contact of "%s" at %s', x.name, k.campaign, oracle.shown(a, k.send_at))) INTO found
		FROM oracle.known AS k CROSS JOIN LATERAL (
			SELECT (w.campaign = x.first_campaign OR w.experience = x.first_experience OR w.kind = x.first_kind) IS TRUE AS first,
				(w.campaign = x.then_campaign OR w.experience = x.then_experience OR w.kind = x.then_kind) IS TRUE AS second,
				(k.campaign = x.first_campaign OR k.experience = x.first_experience OR k.kind = x.first_kind) IS TRUE AS after_first,
				(k.campaign = x.then_campaign OR k.experience = x.then_experience OR k.kind = x.then_kind) IS TRUE AS after_second) AS f
		WHERE (f.second AND f.after_first OR x.both_ways AND f.first AND f.after_second) AND t >= k.send_at AND (t < k.send_at + x.period) IS NOT FALSE
			OR (f.first AND f.after_second OR x.both_ways AND f.second AND f.after_first) AND t <= k.send_at AND (k.send_at < t + x.period) IS NOT FALSE;
		IF found IS NOT NULL THEN
			RETURN found;
		END IF;
	END LOOP;
	RETURN NULL;
END
$$;

CREATE FUNCTION oracle.why_full(a oracle.ask, w oracle.way, t timestamptz) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
	r record;
	n bigint;
	most text;
	times timestamptz[];
BEGIN
	FOR r IN
		SELECT 'limit of the campaign' COLLATE "C" AS name, k.name AS campaign, NULL AS experience, NULL AS experience_kind, NULL AS channel, NULL AS placement, k.max_contacts, k.max_contacts_within AS period,
			NULL AS calendar, k.min_gap, 'reserved' AS counts, 0 AS place FROM persona.campaign AS k WHERE k.name = w.campaign
		UNION ALL
		SELECT format('policy "%s"', p.name) COLLATE "C", p.campaign, p.experience, p.experience_kind, p.channel, p.placement, p.max_contacts, p.period, p.calendar, p.min_gap, p.counts, 1
		FROM persona.policy AS p
		WHERE coalesce(p.campaign, w.campaign) = w.campaign AND coalesce(p.experience, w.experience) = w.experience AND coalesce(p.experience_kind, w.kind) = w.kind
			AND coalesce(p.channel, w.channel) = w.channel AND (p.placement IS NULL OR p.placement IS NOT DISTINCT FROM w.placement)
		ORDER BY place, name
	LOOP
		times := ARRAY(SELECT v.at FROM oracle.known AS k CROSS JOIN LATERAL (SELECT CASE r.counts WHEN 'reserved' THEN k.send_at WHEN 'sent' THEN k.sent_at ELSE k.delivered_at END) AS v (at)
			WHERE v.at IS NOT NULL AND coalesce(r.campaign, k.campaign) = k.campaign AND coalesce(r.experience, k.experience) = k.experience AND coalesce(r.experience_kind, k.kind) = k.kind
				AND coalesce(r.channel, k.channel) = k.channel AND (r.placement IS NULL OR r.placement IS NOT DISTINCT FROM k.placement));
		most := format('%s: at most %s %s%s', r.name, r.max_contacts, CASE r.counts WHEN 'reserved' THEN '' ELSE r.counts || ' ' END, CASE r.max_contacts WHEN 1 THEN 'contact' ELSE 'contacts' END);
		IF r.calendar IS NOT NULL THEN
			SELECT count(*) INTO n FROM unnest(times) AS x WHERE date_trunc(r.calendar, x AT TIME ZONE a.zone) = date_trunc(r.calendar, t AT TIME ZONE a.zone);
			IF n >= r.max_contacts THEN
				RETURN ARRAY[format('%s in a %s, and that is full from %s to %s', most, r.calendar, oracle.shown(a, date_trunc(r.calendar, t AT TIME ZONE a.zone) AT TIME ZONE a.zone),
					oracle.shown(a, (date_trunc(r.calendar, t AT TIME ZONE a.zone) + ('1 ' || r.calendar)::interval) AT TIME ZONE a.zone))];
			END IF;
		ELSIF r.period IS NOT NULL THEN
			-- a window that holds the new one ends with it, or with one that comes later
			SELECT max((SELECT count(*) FROM unnest(times || t) AS x WHERE x <= l AND x > l - r.period)) INTO n FROM unnest(times || t) AS l WHERE l >= t AND l < t + r.period;
			IF n > r.max_contacts THEN
				RETURN ARRAY[format('%s in %s around %s', most, oracle.length(r.period), oracle.shown(a, t))];
			END IF;
		ELSIF cardinality(times) >= r.max_contacts THEN
			RETURN ARRAY[format('%s, and there are %s', most, cardinality(times))];
		END IF;
		IF EXISTS (SELECT FROM unnest(times) AS x WHERE x > t - r.min_gap AND x < t + r.min_gap) THEN
			RETURN ARRAY(SELECT format('%s: at least %s between contacts, and there is one at %s', r.name, oracle.length(r.min_gap), oracle.shown(a, x))
				FROM unnest(times) AS x WHERE x > t - r.min_gap AND x < t + r.min_gap);
		END IF;
	END LOOP;
	RETURN NULL;
END
$$;

--
-- Holdouts, by the hash
--

CREATE FUNCTION oracle.fnv1a(written text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
	bytes bytea := convert_to(written, 'UTF8');
	hash bigint := 2166136261;
BEGIN
	FOR i IN 0 .. length(bytes) - 1 LOOP
		hash := ((hash # get_byte(bytes, i)) * 16777619) & 4294967295;
	END LOOP;
	RETURN hash;
END
$$;
CREATE FUNCTION oracle.place(seed text, key text, version integer) RETURNS numeric LANGUAGE sql IMMUTABLE
	RETURN CASE version WHEN 1 THEN oracle.fnv1a(key || seed) % 1000 / 1000.0 ELSE oracle.fnv1a(oracle.fnv1a(seed || key)::text) % 10000 / 10000.0 END;

CREATE FUNCTION oracle.why_held_out(a oracle.ask, k persona.campaign) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
	h persona.holdout;
	x persona.experiment;
	place numeric;
	chosen integer;
BEGIN
	FOR h IN SELECT * FROM persona.holdout AS y WHERE coalesce(y.campaign, k.name) = k.name ORDER BY y.name COLLATE "C" LOOP
		place := oracle.place(h.seed, a.customer::text, h.hash_version);
		IF place < h.share THEN
			RETURN format('holdout "%s": the customer is at %s of [0, %s)', h.name, trim_scale(place), trim_scale(h.share));
		END IF;
	END LOOP;
	IF k.experiment IS NULL THEN
		RETURN NULL;
	END IF;
	SELECT * INTO x FROM persona.experiment AS y WHERE y.name = k.experiment;
	place := oracle.place('__' || x.space, a.customer::text, 1);
	IF place < x.space_from OR place >= x.space_until THEN
		RETURN format('experiment "%s" has another part of space "%s": the customer is at %s', x.name, x.space, trim_scale(place));
	END IF;
	place := oracle.place(x.seed, a.customer::text, x.hash_version);
	SELECT v.n - 1 INTO chosen FROM (SELECT u.n, sum(u.w) OVER (ORDER BY u.n) - u.w AS begins, u.w FROM unnest(x.weights) WITH ORDINALITY AS u (w, n)) AS v
	WHERE place >= v.begins AND place < v.begins + v.w * x.coverage;
	RETURN CASE WHEN chosen IS NULL THEN format('experiment "%s" does not cover the customer', x.name)
		WHEN chosen <> k.variation THEN format('experiment "%s": variation %s, and the campaign is for %s', x.name, chosen, k.variation) END;
END
$$;

--
-- Messages and scores
--

CREATE FUNCTION oracle.message(a oracle.ask, w oracle.way, OUT name text, OUT subject text, OUT body text, OUT why text) LANGUAGE plpgsql STABLE AS $$
DECLARE
	m record;
	nick text := (SELECT c.nick FROM shop.customer AS c WHERE c.id = a.customer);
	plan text := (SELECT c.plan FROM shop.customer AS c WHERE c.id = a.customer);
	wanted text := coalesce(a.language, 'en');
BEGIN
	why := CASE WHEN EXISTS (SELECT FROM persona.message AS x WHERE x.experience = w.experience AND x.channel = w.channel AND (x.placement IS NULL OR x.placement = w.placement))
		THEN format('no message for language "%s"', wanted) ELSE 'no message' END;
	FOR m IN
		SELECT x.*, (SELECT h.truth FROM oracle.holds(a, x.condition::jsonb) AS h) AS holds, (SELECT h.why FROM oracle.holds(a, x.condition::jsonb) AS h) AS part
		FROM persona.message AS x CROSS JOIN LATERAL (VALUES (1, x.language IS NOT NULL AND (wanted = x.language OR wanted LIKE x.language || '-%')), (2, x.language IS NULL), (3, x.language = 'en')) AS f (turn, fits)
		WHERE x.experience = w.experience AND x.channel = w.channel AND (x.placement IS NULL OR x.placement = w.placement) AND f.fits
		ORDER BY f.turn, x.position, x.name COLLATE "C"
	LOOP
		IF m.condition IS NOT NULL AND NOT m.holds THEN
			why := format('the condition of message "%s" does not hold: %s', m.name, m.part);
		ELSIF m.body LIKE '%nick%' AND nick IS NULL THEN
			why := format('message "%s" needs customer.nick, which is absent', m.name);
		ELSE
			name := m.name;
			subject := replace(m.subject, '{{customer.plan|you}}', coalesce(plan, 'you'));
			body := replace(m.body, '{{customer.nick}}', coalesce(nick, ''));
			why := NULL;
			RETURN;
		END IF;
	END LOOP;
END
$$;

-- A factor: its expression as a query over the customer, and an event's amount.
CREATE FUNCTION oracle.factor(a oracle.ask, expression text, otherwise numeric, amount numeric) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE
	result numeric;
BEGIN
	EXECUTE format('SELECT %s FROM shop.customer AS customer CROSS JOIN (SELECT $2 AS amount) AS event WHERE customer.id = $1', expression) INTO result USING a.customer, amount;
	RETURN coalesce(result, otherwise);
END
$$;

CREATE TYPE oracle.score AS (propensity numeric, value numeric, urgency numeric, weight numeric, cost numeric, score numeric);
CREATE FUNCTION oracle.score(a oracle.ask, k persona.campaign, w oracle.way, fired_at timestamptz, ends timestamptz, amount numeric) RETURNS oracle.score LANGUAGE plpgsql STABLE AS $$
DECLARE
	s oracle.score;
	o persona.arbitration;
	c persona.channel;
	likes numeric := (SELECT x.likes FROM shop.customer AS x WHERE x.id = a.customer);
	since timestamptz := CASE WHEN k.trigger IS NULL THEN coalesce(k.starts_at, '-infinity') ELSE fired_at END;
	e jsonb;
BEGIN
	SELECT * INTO o FROM persona.arbitration;
	SELECT * INTO c FROM persona.channel AS x WHERE x.name = w.channel;
	s.propensity := CASE WHEN o.propensity IS FALSE THEN 1 ELSE oracle.factor(a, k.propensity, 1, amount) * CASE WHEN c.affinity_column IS NULL OR likes IS NULL THEN c.affinity ELSE trim_scale(greatest(likes, 0)) END END;
	s.value := CASE WHEN o.value IS FALSE THEN 1 ELSE oracle.factor(a, k.value, 1, amount) * coalesce((SELECT h.value FROM persona.cohort AS h WHERE h.name = k.cohort), 1) END;
	s.urgency := 1;
	FOR e IN SELECT jsonb_array_elements(k.urgency) WHERE o.urgency IS NOT FALSE LOOP
		IF (CASE WHEN e ? 'first' THEN a.at >= since AND a.at < since + (e ->> 'first')::interval WHEN e ? 'after' THEN a.at >= since + (e ->> 'after')::interval
			ELSE a.at >= ends - (e ->> 'last')::interval END)
		THEN
			s.urgency := oracle.factor(a, e ->> 'factor', 1, amount);
			EXIT;
		END IF;
	END LOOP;
	s.weight := CASE WHEN o.weight IS FALSE THEN 1 ELSE oracle.factor(a, k.weight, 1, amount) * c.weight * coalesce((SELECT l.weight FROM persona.lever AS l WHERE l.kind = w.kind), 1) END;
	s.cost := oracle.factor(a, k.cost, 0, amount) + c.cost;
	s.score := s.propensity * s.value * s.urgency * s.weight - CASE WHEN o.cost IS FALSE THEN 0 ELSE s.cost END;
	RETURN s;
END
$$;

-- Whether all factors are constants, so that they are known of everybody at any time.
CREATE FUNCTION oracle.is_constant(k persona.campaign, channel text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT (k.propensity ~ '^[0-9.]+$' OR o.propensity IS FALSE) AND (k.value ~ '^[0-9.]+$' OR o.value IS FALSE) AND (k.weight ~ '^[0-9.]+$' OR o.weight IS FALSE)
		AND k.cost ~ '^[0-9.]+$' AND (k.urgency = '[]' OR o.urgency IS FALSE) AND (c.affinity_column IS NULL OR o.propensity IS FALSE)
	FROM persona.channel AS c LEFT JOIN persona.arbitration AS o ON true WHERE c.name = is_constant.channel
$$;

--
-- All campaigns of one customer
--

-- What each way of each campaign comes to.
CREATE TABLE oracle.judged (campaign text, channel text, placement text, place integer, turn integer, stage text, reasons text[], eligible boolean, first boolean, priority integer,
	message text, subject text, body text, send_at timestamptz, expires_at timestamptz, score oracle.score, price numeric, fired_at timestamptz, trigger_key text, rank bigint, experience text, kind text);

-- The price of a place, for programs that have any.
CREATE TABLE oracle.price (channel text, priority integer, begins timestamptz, ends timestamptz, price numeric);
CREATE TABLE oracle.money (place bigint, budget text, priority integer, begins timestamptz, ends timestamptz, rate numeric, short_of numeric);

-- Judges the ways of a campaign for one firing.
CREATE PROCEDURE oracle.judge_ways(a oracle.ask, k persona.campaign, f record) LANGUAGE plpgsql AS $$
DECLARE
	e persona.experience;
	w oracle.way;
	v record;
	row oracle.judged;
	reach record;
	message record;
	passed boolean := false;
	turn integer := 0;
	base_stage text;
	base_reason text;
	p oracle.price;
	m record;
BEGIN
	SELECT * INTO e FROM persona.experience AS x WHERE x.name = k.experience;
	-- goal, relevance, holdout: the same for all ways
	SELECT 'goal', 'the goal is reached: ' || h.why INTO base_stage, base_reason FROM oracle.holds(a, k.goal::jsonb) AS h WHERE k.goal IS NOT NULL AND h.truth;
	IF base_stage IS NULL THEN
		SELECT 'relevance', 'not relevant: ' || h.why INTO base_stage, base_reason FROM oracle.holds(a, k.relevance::jsonb) AS h WHERE k.relevance IS NOT NULL AND NOT h.truth;
	END IF;
	IF base_stage IS NULL AND oracle.why_held_out(a, k) IS NOT NULL THEN
		base_stage := 'holdout';
		base_reason := oracle.why_held_out(a, k);
	END IF;
	FOR v IN
		SELECT c.*, oracle.score(a, k, ROW(k.name, k.experience, e.kind, e.topic, c.channel, c.placement, c.position)::oracle.way, f.fired_at, least(k.ends_at, f.open_until), f.amount) AS score,
			-- the latest preference about the channel, or all of them
			(SELECT r.rank FROM (SELECT o.rank FROM persona.choice AS o WHERE o.customer = a.customer AND o.at <= a.at AND o.choice = 'preference' AND coalesce(o.channel, c.channel) = c.channel
				ORDER BY o.at DESC, o.choice_id DESC LIMIT 1) AS r) AS preferred
		FROM persona.campaign_channel AS c WHERE c.campaign = k.name
		ORDER BY CASE k.channel_choice WHEN 'preference' THEN coalesce((SELECT r.rank FROM (SELECT o.rank FROM persona.choice AS o WHERE o.customer = a.customer AND o.at <= a.at
				AND o.choice = 'preference' AND coalesce(o.channel, c.channel) = c.channel ORDER BY o.at DESC, o.choice_id DESC LIMIT 1) AS r), 2147483647) END,
			CASE k.channel_choice WHEN 'score' THEN -(oracle.score(a, k, ROW(k.name, k.experience, e.kind, e.topic, c.channel, c.placement, c.position)::oracle.way, f.fired_at,
				least(k.ends_at, f.open_until), f.amount)).score END, c.position
	LOOP
		CONTINUE WHEN a.channel IS NOT NULL AND (v.channel <> a.channel OR v.placement IS DISTINCT FROM a.placement AND a.placement IS NOT NULL);
		w := ROW(k.name, k.experience, e.kind, e.topic, v.channel, v.placement, v.position);
		turn := turn + 1;
		row := NULL;
		row.campaign := k.name; row.channel := v.channel; row.placement := v.placement; row.place := v.position; row.turn := turn; row.priority := k.priority;
		row.experience := e.name; row.kind := e.kind;
		row.fired_at := f.fired_at; row.trigger_key := f.key; row.expires_at := least(k.ends_at, f.open_until);
		row.eligible := false;
		row.stage := base_stage;
		row.reasons := ARRAY[base_reason];
		row.score := CASE WHEN base_stage IS NULL OR base_stage = 'holdout' OR oracle.is_constant(k, v.channel) THEN v.score END;
		row.price := CASE WHEN row.score IS NOT NULL THEN 0 END;
		IF row.stage IS NULL AND a.channel IS NULL THEN
			SELECT * INTO reach FROM oracle.why_not_reached(a, w, coalesce(row.expires_at, 'infinity'));
			row.send_at := reach.send_at;
			IF reach.why IS NOT NULL THEN
				row.stage := 'channel';
				row.reasons := ARRAY[reach.why];
			END IF;
		ELSE
			row.send_at := a.at;
		END IF;
		IF row.stage IS NULL THEN
			row.reasons := ARRAY[oracle.why_quiet(a, w, row.send_at)];
			row.stage := CASE WHEN row.reasons[1] IS NOT NULL THEN 'suppression' END;
		END IF;
		IF row.stage IS NULL THEN
			row.reasons := oracle.why_excluded(a, w, row.send_at);
			row.stage := CASE WHEN row.reasons[1] IS NOT NULL THEN 'exclusion' END;
		END IF;
		IF row.stage IS NULL THEN
			row.reasons := oracle.why_full(a, w, row.send_at);
			row.stage := CASE WHEN row.reasons[1] IS NOT NULL THEN 'limit' END;
		END IF;
		IF row.stage IS NULL THEN
			SELECT * INTO message FROM oracle.message(a, w);
			row.message := message.name; row.subject := message.subject; row.body := message.body;
			row.reasons := ARRAY[message.why];
			row.stage := CASE WHEN message.why IS NOT NULL THEN 'message' END;
		END IF;
		IF row.stage IS NULL THEN
			row.eligible := true;
			row.stage := 'arbitration';
			row.first := NOT passed;
			SELECT * INTO p FROM oracle.price AS x WHERE a.channel IS NULL AND x.channel = v.channel AND x.priority = k.priority AND row.send_at >= x.begins AND row.send_at < x.ends;
			SELECT sum(x.rate) AS rate, array_agg(format('budget "%s" has less than %s left, and this costs %s', x.budget, x.short_of, (row.score).cost) ORDER BY x.place) FILTER (WHERE (row.score).cost >= x.short_of) AS lacking INTO m
			FROM oracle.money AS x JOIN persona.budget AS b ON b.name = x.budget
			WHERE a.channel IS NULL AND (row.score).cost > 0 AND row.send_at >= x.begins AND row.send_at < x.ends AND coalesce(x.priority, k.priority) = k.priority
				AND coalesce(b.campaign, w.campaign) = w.campaign AND coalesce(b.experience, w.experience) = w.experience AND coalesce(b.experience_kind, w.kind) = w.kind
				AND coalesce(b.channel, w.channel) = w.channel AND (b.placement IS NULL OR b.placement IS NOT DISTINCT FROM w.placement);
			IF m.lacking IS NOT NULL THEN
				row.stage := 'capacity';
				row.eligible := false;
				row.reasons := m.lacking;
			ELSIF p.price IS NOT NULL OR m.rate IS NOT NULL THEN
				row.price := coalesce(p.price, 0) + coalesce(m.rate, 0) * (row.score).cost;
				IF (row.score).score <= row.price THEN
					row.stage := 'capacity';
					row.eligible := false;
					row.reasons := ARRAY[format(CASE WHEN m.rate > 0 THEN 'places or money are scarce then, they cost %s and this is worth %s'
						ELSE 'the channel is scarce that day, a place costs %s and this is worth %s' END, row.price, (row.score).score)];
				END IF;
				row.score := ROW((row.score).propensity, (row.score).value, (row.score).urgency, (row.score).weight, (row.score).cost, (row.score).score - row.price)::oracle.score;
			ELSE
				-- a place that costs something has to be worth more than what comes after it
				passed := a.channel IS NULL;
			END IF;
		END IF;
		IF NOT row.eligible THEN
			row.message := NULL; row.subject := NULL; row.body := NULL; row.send_at := NULL; row.first := NULL;
		END IF;
		INSERT INTO oracle.judged SELECT row.*;
	END LOOP;
END
$$;

-- Judges a campaign up to its trigger, and then for its firings.
CREATE PROCEDURE oracle.judge_campaign(a oracle.ask, k persona.campaign) LANGUAGE plpgsql AS $$
DECLARE
	failed text;
	reason text;
	t persona.trigger;
	f record;
	told record;
	answer text;
	oldest record;
	is_left boolean := false;
BEGIN
	SELECT NULL::text AS key, NULL::timestamptz AS fired_at, NULL::timestamptz AS open_until, NULL::numeric AS amount INTO told;
	IF a.at < k.starts_at THEN
		failed := 'dates';
		reason := 'starts ' || oracle.shown(a, k.starts_at);
	ELSIF a.at >= k.ends_at THEN
		failed := 'dates';
		reason := 'ended ' || oracle.shown(a, k.ends_at);
	ELSIF k.cohort IS NOT NULL THEN
		SELECT 'cohort', format('not in cohort "%s": %s', k.cohort, h.why) INTO failed, reason
		FROM persona.cohort AS c CROSS JOIN LATERAL oracle.holds(a, c.condition::jsonb) AS h WHERE c.name = k.cohort AND NOT h.truth;
	END IF;
	IF failed IS NULL AND k.trigger IS NULL THEN
		CALL oracle.judge_ways(a, k, told);
		RETURN;
	END IF;
	IF failed IS NULL THEN
		SELECT * INTO t FROM persona.trigger AS x WHERE x.name = k.trigger;
		-- without keys the last firing has the window
		FOR f IN
			SELECT y.*, (SELECT count(*) FROM oracle.known AS c WHERE c.campaign = k.name AND c.fired_at = y.fired_at AND (y.key IS NULL OR c.trigger_key = y.key)) AS answers,
				(SELECT max(c.send_at) FROM oracle.known AS c WHERE c.campaign = k.name AND c.fired_at = y.fired_at AND (y.key IS NULL OR c.trigger_key = y.key)) AS answered_at
			FROM (SELECT DISTINCT ON (x.key) x.* FROM oracle.firings(a, t) AS x ORDER BY x.key, x.fired_at DESC) AS y WHERE y.open_until > a.at ORDER BY y.fired_at, y.key COLLATE "C"
		LOOP
			IF k.max_contacts_per_firing <= f.answers THEN
				IF answer IS NULL THEN
					answer := format(CASE f.answers WHEN 1 THEN 'the firing of trigger "%s" at %s has its contact already, for %s' ELSE 'the firing of trigger "%s" at %s has its contacts already, the last for %s' END,
						t.name, oracle.shown(a, f.fired_at), oracle.shown(a, f.answered_at));
					told := f;
				END IF;
				CONTINUE;
			END IF;
			DELETE FROM oracle.judged AS j WHERE j.campaign = k.name;
			CALL oracle.judge_ways(a, k, f);
			IF EXISTS (SELECT FROM oracle.judged AS j WHERE j.campaign = k.name AND j.eligible) THEN
				RETURN;
			END IF;
			IF NOT is_left THEN
				is_left := true;
				oldest := f;
			END IF;
		END LOOP;
		-- none can be served: the oldest is told of
		IF is_left THEN
			DELETE FROM oracle.judged AS j WHERE j.campaign = k.name;
			CALL oracle.judge_ways(a, k, oldest);
			RETURN;
		ELSIF answer IS NOT NULL THEN
			failed := 'answered';
			reason := answer;
		ELSE
			failed := 'trigger';
			SELECT x.key, x.fired_at, x.open_until, x.amount INTO told FROM oracle.firings(a, t) AS x ORDER BY x.fired_at DESC, x.key COLLATE "C" DESC LIMIT 1;
			reason := CASE WHEN told.fired_at IS NULL THEN format('trigger "%s" has not fired: %%', t.name)
				WHEN t.open_for IS NULL THEN format('trigger "%s" no longer holds; it fired %s', t.name, oracle.shown(a, told.fired_at))
				ELSE format('trigger "%s" fired %s and closed %s', t.name, oracle.shown(a, told.fired_at), oracle.shown(a, told.open_until)) END;
		END IF;
	END IF;
	INSERT INTO oracle.judged (campaign, channel, placement, place, turn, stage, reasons, eligible, priority, experience, fired_at, trigger_key, expires_at, score, price)
	SELECT k.name, c.channel, c.placement, c.position, 1, failed, ARRAY[reason], false, k.priority, k.experience, told.fired_at, told.key, k.ends_at, s.score, CASE WHEN s.score IS NOT NULL THEN 0 END
	FROM (VALUES (1)) AS one LEFT JOIN persona.campaign_channel AS c ON c.campaign = k.name
		LEFT JOIN LATERAL (SELECT oracle.score(a, k, ROW(k.name, k.experience, e.kind, e.topic, c.channel, c.placement, c.position)::oracle.way, NULL, NULL, NULL) AS score
			FROM persona.experience AS e WHERE e.name = k.experience AND oracle.is_constant(k, c.channel)) AS s ON true
	WHERE a.channel IS NULL;
END
$$;

-- Judges all campaigns, and ranks them.
CREATE PROCEDURE oracle.judge(a oracle.ask) LANGUAGE plpgsql AS $$
DECLARE
	campaign persona.campaign;
BEGIN
	DELETE FROM oracle.judged;
	CALL oracle.list_known(a);
	FOR campaign IN SELECT * FROM persona.campaign AS x WHERE x.active LOOP
		CALL oracle.judge_campaign(a, campaign);
	END LOOP;
	UPDATE oracle.judged AS j SET rank = r.rank
	FROM (SELECT o.campaign, o.place, row_number() OVER (ORDER BY o.first DESC, o.priority DESC, (o.score).score DESC, o.campaign COLLATE "C", o.place) AS rank FROM oracle.judged AS o WHERE o.eligible) AS r
	WHERE r.campaign = j.campaign AND r.place = j.place;
	UPDATE oracle.judged AS j SET stage = CASE j.rank WHEN 1 THEN 'chosen' ELSE 'arbitration' END,
		reasons = ARRAY[CASE WHEN j.rank = 1 THEN concat_ws('; ', CASE WHEN k.trigger IS NOT NULL THEN format('trigger "%s" fired %s%s', k.trigger, oracle.shown(a, j.fired_at), ' for ' || j.trigger_key) END,
				'in cohort "' || k.cohort || '"', format('priority %s, score %s', k.priority, (j.score).score),
				(SELECT format('time zone "%s" is unknown, %s used', c.zone, a.zone) FROM shop.customer AS c WHERE c.id = a.customer AND c.zone <> shop.zone_of(c.zone)))
			WHEN NOT j.first AND o.channel IS NOT NULL THEN format('%s comes first', o.channel)
			WHEN j.priority <> b.priority THEN format('"%s" has priority %s, this one %s', b.campaign, b.priority, j.priority)
			WHEN (j.score).score <> (b.score).score THEN format('"%s" scores %s, this one %s', b.campaign, (b.score).score, (j.score).score)
			ELSE format('"%s" scores the same and comes first by name', b.campaign) END]
	FROM persona.campaign AS k, (SELECT * FROM oracle.judged AS x WHERE x.rank = 1) AS b, LATERAL (
			SELECT (SELECT x.channel FROM oracle.judged AS x WHERE x.campaign = k.name AND x.first ORDER BY x.rank LIMIT 1) AS channel) AS o
	WHERE j.eligible AND k.name = j.campaign;
END
$$;

--
-- Who is there: the best n for the slots, one after the other
--

CREATE TABLE oracle.page (slot bigint, campaign text, placement text, message text, subject text, body text, score numeric, fired_at timestamptz);
CREATE PROCEDURE oracle.fill_page(a oracle.ask) LANGUAGE plpgsql AS $$
DECLARE
	place record;
	j oracle.judged;
	left_over integer;
	topic text;
	w oracle.way;
BEGIN
	DELETE FROM oracle.page;
	CALL oracle.judge(a);
	FOR place IN
		SELECT x.name, x.slots FROM (
			SELECT p.name, p.slots, 0 AS last, p.position FROM persona.placement AS p WHERE p.channel = a.channel AND coalesce(a.placement, p.name) = p.name
			UNION ALL SELECT NULL, 1, 1, 0 WHERE a.placement IS NULL) AS x
		ORDER BY x.last, x.position, x.name COLLATE "C"
	LOOP
		left_over := place.slots;
		FOR j IN SELECT * FROM oracle.judged AS x WHERE x.eligible AND x.placement IS NOT DISTINCT FROM place.name ORDER BY x.rank LOOP
			EXIT WHEN left_over = 0;
			CONTINUE WHEN EXISTS (SELECT FROM oracle.page AS p WHERE p.campaign = j.campaign);
			-- beside what is shown already
			w := ROW(j.campaign, j.experience, j.kind, NULL, j.channel, j.placement, j.place);
			CONTINUE WHEN oracle.why_excluded(a, w, a.at) IS NOT NULL OR oracle.why_full(a, w, a.at) IS NOT NULL;
			INSERT INTO oracle.page VALUES (place.slots - left_over + 1, j.campaign, j.placement, j.message, j.subject, j.body, (j.score).score, j.fired_at);
			INSERT INTO oracle.known (campaign, experience, kind, channel, placement, send_at, sent_at, delivered_at) VALUES (j.campaign, j.experience, j.kind, j.channel, j.placement, a.at, a.at, a.at);
			left_over := left_over - 1;
		END LOOP;
	END LOOP;
END
$$;
