--------------------------------------------------------------------------------
-- laws: what persona says of random shops is what plain SQL derives
--------------------------------------------------------------------------------

CREATE SCHEMA law;
CREATE TABLE law.tally (law text PRIMARY KEY, checks bigint NOT NULL, failures bigint NOT NULL);
CREATE TABLE law.failure (number bigint GENERATED ALWAYS AS IDENTITY, law text, seed text, customer integer, at timestamptz, detail text);
-- how often each stage was met
CREATE TABLE law.hit (stage text PRIMARY KEY, hits bigint NOT NULL);

CREATE FUNCTION law.count(law text, checks bigint, failures bigint) RETURNS void LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO law.tally AS t VALUES (count.law, count.checks, count.failures)
	ON CONFLICT ON CONSTRAINT tally_pkey DO UPDATE SET checks = t.checks + count.checks, failures = t.failures + count.failures;
END;

-- A text without the zeros that numbers end with: expressions of ours and of the server show equal numbers with more or fewer.
CREATE FUNCTION law.trimmed(said text) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN regexp_replace(regexp_replace(said, '(\d\.\d*?)0+(?!\d)', '\1', 'g'), '(\d)\.(?!\d)', '\1', 'g');

-- Compares what was said of a customer's candidates with what plain SQL judged.
CREATE TABLE law.said (LIKE persona.candidate);
CREATE PROCEDURE law.compare_candidates(law text, seed text, a oracle.ask) LANGUAGE plpgsql AS $$
DECLARE
	failures bigint;
BEGIN
	INSERT INTO law.failure (law, seed, customer, at, detail)
	SELECT compare_candidates.law, compare_candidates.seed, a.customer, a.at, format(E'persona   %s\nplain SQL %s', to_jsonb(s) - 'valid_until', to_jsonb(j))
	FROM law.said AS s FULL JOIN oracle.judged AS j ON j.campaign = s.campaign AND (j.channel, j.placement) IS NOT DISTINCT FROM (s.channel, s.placement)
	WHERE s.campaign IS NULL OR j.campaign IS NULL
		OR (s.rank, s.stage, s.eligible, s.message, s.send_at, s.expires_at, s.priority) IS DISTINCT FROM (j.rank, j.stage, j.eligible, j.message, j.send_at, j.expires_at, j.priority)
		OR (s.propensity, s.value, s.urgency, s.weight, s.cost, s.score, s.price)
			IS DISTINCT FROM ((j.score).propensity, (j.score).value, (j.score).urgency, (j.score).weight, (j.score).cost, (j.score).score, j.price)
		OR (s.fired_at, s.trigger_key) IS DISTINCT FROM (j.fired_at, j.trigger_key)
		OR NOT law.trimmed(s.reason) LIKE ANY (SELECT law.trimmed(r) FROM unnest(j.reasons) AS r);
	GET DIAGNOSTICS failures = ROW_COUNT;
	PERFORM law.count(law, (SELECT count(*) FROM oracle.judged), failures);
	INSERT INTO law.hit AS h SELECT j.stage, count(*) FROM oracle.judged AS j GROUP BY j.stage ON CONFLICT ON CONSTRAINT hit_pkey DO UPDATE SET hits = h.hits + EXCLUDED.hits;
END
$$;

-- Opens a shop and asks for all customers, at some instants.
CREATE PROCEDURE law.check_shop(seed text, instants integer) LANGUAGE plpgsql AS $$
DECLARE
	a oracle.ask;
	priced persona.program;
	c persona.channel;
	d persona.decision;
	j oracle.judged;
	failures bigint;
	place text;
BEGIN
	CALL shop.open(seed);
	TRUNCATE oracle.opening, oracle.price, oracle.money;
	FOR a IN SELECT k.id, shop.zone_of(k.zone), k.language, shop.moment(seed || 'at' || n), NULL, NULL, NULL FROM generate_series(1, instants) AS n CROSS JOIN shop.customer AS k ORDER BY n, k.id LOOP
		INSERT INTO oracle.opening SELECT x.name, a.zone, a.at, oracle.first_open(x, a.zone, a.at) FROM persona.channel AS x ON CONFLICT DO NOTHING;
		CALL oracle.judge(a);
		DELETE FROM law.said;
		INSERT INTO law.said SELECT e.* FROM persona.explain(a.customer, a.at) AS e;
		CALL law.compare_candidates('each candidate', seed, a);
		-- the winner is the next message
		SELECT * INTO j FROM oracle.judged AS x WHERE x.rank = 1;
		SELECT n.campaign, n.experience, n.channel, n.placement, n.message, n.language, n.send_at, n.expires_at, n.subject, n.body INTO d.campaign, d.experience, d.channel, d.placement, d.message, d.language, d.send_at, d.expires_at, d.subject, d.body
		FROM persona.next_message_at(a.at) AS n WHERE n.customer = a.customer;
		PERFORM law.count('the winner is the next message', 1, 0);
		IF (d.campaign, d.experience, d.channel, d.placement, d.message, d.send_at, d.expires_at, d.subject, d.body)
			IS DISTINCT FROM (j.campaign, j.experience, j.channel, j.placement, j.message, j.send_at, j.expires_at, j.subject, j.body)
		THEN
			INSERT INTO law.failure (law, seed, customer, at, detail) VALUES ('the winner is the next message', seed, a.customer, a.at, format(E'persona   %s\nplain SQL %s', to_jsonb(d), to_jsonb(j)));
			PERFORM law.count('the winner is the next message', 0, 1);
		END IF;
	END LOOP;

	COMMIT;

	-- the same with places that cost something: another program
	INSERT INTO oracle.price SELECT x.name, p, shop.moment(seed || x.name || 'from'), shop.moment(seed || x.name || 'from') + interval '6 days', 0.7515 + shop.below(seed || x.name || p, 9)
	FROM persona.channel AS x CROSS JOIN generate_series(0, 1) AS p WHERE shop.chance(seed || x.name || p || 'price', 60);
	-- and with budgets that lack something, or whose money costs something
	INSERT INTO oracle.money
	SELECT row_number() OVER (ORDER BY b.name, n), b.name, CASE WHEN shop.chance(s || 'priority?', 50) THEN shop.below(s || 'priority', 2) END, shop.moment(s || 'from'), shop.moment(s || 'from') + interval '25 days',
		CASE WHEN k.rated THEN (1 + shop.below(s || 'rate', 2000)) / 256.0 + 0.0000019073486328125 END, CASE WHEN NOT k.rated OR shop.chance(s || 'both', 30) THEN shop.one_of(s || 'short', '{0.1,0.25,0.35,0.5,0.75}')::numeric END
	FROM persona.budget AS b CROSS JOIN generate_series(1, 3) AS n CROSS JOIN LATERAL (SELECT seed || b.name || n) AS d (s) CROSS JOIN LATERAL (SELECT shop.chance(s || 'rated', 60) AS rated) AS k;
	priced := persona.program_with_prices(persona.program(), (SELECT jsonb_agg(y.price ORDER BY y.place) FROM (
		SELECT 0 AS place, jsonb_build_object('channel', x.channel, 'priority', x.priority, 'from', (extract(epoch FROM x.begins) * 1000000)::bigint, 'until', (extract(epoch FROM x.ends) * 1000000)::bigint, 'price', x.price) AS price FROM oracle.price AS x
		UNION ALL
		SELECT x.place, jsonb_strip_nulls(jsonb_build_object('budget', x.budget, 'priority', x.priority, 'from', (extract(epoch FROM x.begins) * 1000000)::bigint, 'until', (extract(epoch FROM x.ends) * 1000000)::bigint, 'rate', x.rate, 'short_of', x.short_of)) FROM oracle.money AS x) AS y));
	CREATE TEMP TABLE all_of (LIKE persona.candidate);
	ALTER TABLE all_of ADD COLUMN customer integer;
	FOR a IN SELECT k.id, shop.zone_of(k.zone), k.language, shop.moment(seed || 'at' || n), NULL, NULL, NULL FROM generate_series(1, instants) AS n CROSS JOIN shop.customer AS k ORDER BY n, k.id LOOP
		IF a.customer = 1 THEN
			TRUNCATE all_of;
			INSERT INTO all_of SELECT x.campaign, x.channel, x.placement, x.rank, x.stage, x.eligible, x.reason, x.message, x.send_at, x.expires_at, x.priority, x.propensity, x.value, x.urgency, x.weight, x.cost, x.price, x.score,
				x.fired_at, x.trigger_key, x.valid_until, x.customer
			FROM persona.candidates_of_all(priced, a.at) AS x (customer integer, campaign text, channel text, placement text, rank integer, stage text, eligible boolean, reason text, message text, send_at timestamptz,
				expires_at timestamptz, priority integer, propensity numeric, value numeric, urgency numeric, weight numeric, cost numeric, price numeric, score numeric, fired_at timestamptz, trigger_key text, valid_until timestamptz);
		END IF;
		CALL oracle.judge(a);
		DELETE FROM law.said;
		INSERT INTO law.said SELECT x.campaign, x.channel, x.placement, x.rank, x.stage, x.eligible, x.reason, x.message, x.send_at, x.expires_at, x.priority, x.propensity, x.value, x.urgency, x.weight, x.cost, x.price, x.score,
			x.fired_at, x.trigger_key, x.valid_until FROM all_of AS x WHERE x.customer = a.customer;
		CALL law.compare_candidates('each candidate, with prices, in one pass', seed, a);
	END LOOP;
	DROP TABLE all_of;
	TRUNCATE oracle.price, oracle.money;
END
$$;

-- Asks for pages: the whole channel and each placement, with and without a context.
CREATE PROCEDURE law.check_pages(seed text, instants integer) LANGUAGE plpgsql AS $$
DECLARE
	a oracle.ask;
	failures bigint;
BEGIN
	FOR a IN
		SELECT k.id, shop.zone_of(k.zone), k.language, shop.moment(seed || 'at' || n), w.channel, w.placement, nullif(shop.one_of(seed || 'page' || n || k.id, '{NULL,cancel,checkout,cancel}'), 'NULL')
		FROM generate_series(1, instants) AS n CROSS JOIN shop.customer AS k CROSS JOIN (VALUES ('web', NULL), ('web', 'top'), ('web', 'foot'), ('phone', NULL)) AS w (channel, placement)
	LOOP
		CALL oracle.fill_page(a);
		INSERT INTO law.failure (law, seed, customer, at, detail)
		SELECT 'each page', check_pages.seed, a.customer, a.at, format(E'%s %s, page %s\npersona   %s\nplain SQL %s', a.channel, a.placement, a.page, to_jsonb(n), to_jsonb(p))
		FROM persona.next_message_for(a.customer, a.channel, a.placement, CASE WHEN a.page IS NOT NULL THEN json_build_object('page', a.page) END, a.at) AS n FULL JOIN oracle.page AS p ON p.slot = n.slot AND p.placement IS NOT DISTINCT FROM n.placement
		WHERE (n.slot, n.campaign, n.placement, n.message, n.subject, n.body, n.score, n.fired_at, n.channel, n.send_at)
			IS DISTINCT FROM (p.slot, p.campaign, p.placement, p.message, p.subject, p.body, p.score, p.fired_at, a.channel, a.at);
		GET DIAGNOSTICS failures = ROW_COUNT;
		PERFORM law.count('each page', greatest(1, (SELECT count(*) FROM oracle.page)), failures);
		INSERT INTO law.hit AS h SELECT 'pages with ' || count(*), 1 FROM oracle.page ON CONFLICT ON CONSTRAINT hit_pkey DO UPDATE SET hits = h.hits + 1;
	END LOOP;
END
$$;

-- What was said of each way stands until it says, up to the next instant that brings data; so does the decision.
CREATE PROCEDURE law.check_until(seed text, instants integer) LANGUAGE plpgsql AS $$
DECLARE
	failures bigint;
	checks bigint;
BEGIN
	CREATE TEMP TABLE probe AS
	SELECT k.id AS customer, t.at, w.at AS later
	FROM generate_series(1, instants) AS n CROSS JOIN shop.customer AS k CROSS JOIN LATERAL (SELECT shop.moment(seed || 'until' || n || '/' || k.id)) AS t (at)
		CROSS JOIN LATERAL persona.rulings(ARRAY[k.id], t.at, persona.program()) AS r
		CROSS JOIN LATERAL (SELECT least((r.ruling).valid_until, t.at + interval '60 days') AS until) AS u
		CROSS JOIN LATERAL (SELECT u.until - interval '1 microsecond' UNION SELECT t.at + (u.until - t.at) * shop.below(seed || 'part' || n || '/' || k.id, 100) / 100) AS w (at)
	WHERE w.at > t.at AND w.at < u.until;
	SELECT count(*) INTO checks FROM probe;
	INSERT INTO law.failure (law, seed, customer, at, detail)
	SELECT 'the decision until', check_until.seed, p.customer, p.at, format(E'now %s\nat %s %s', to_jsonb(n), p.later, to_jsonb(l))
	FROM probe AS p LEFT JOIN LATERAL (SELECT * FROM persona.explain(p.customer, p.at) AS e WHERE e.rank = 1) AS n ON true
		LEFT JOIN LATERAL (SELECT * FROM persona.explain(p.customer, p.later) AS e WHERE e.rank = 1) AS l ON true
	WHERE to_jsonb(n) - ARRAY['send_at', 'valid_until'] IS DISTINCT FROM to_jsonb(l) - ARRAY['send_at', 'valid_until'] OR greatest(n.send_at, p.later) <> l.send_at;
	GET DIAGNOSTICS failures = ROW_COUNT;
	PERFORM law.count('the decision until', checks, failures);
	INSERT INTO law.failure (law, seed, customer, at, detail)
	SELECT 'each candidate until', check_until.seed, p.customer, p.at, format(E'now %s\nat %s %s', to_jsonb(n), p.later, to_jsonb(l))
	FROM probe AS p CROSS JOIN LATERAL persona.explain(p.customer, p.at) AS n
		JOIN LATERAL persona.explain(p.customer, p.later) AS l ON l.campaign = n.campaign AND (l.channel, l.placement) IS NOT DISTINCT FROM (n.channel, n.placement)
	WHERE p.later < n.valid_until
		AND (to_jsonb(n) - ARRAY['send_at', 'valid_until', 'reason', 'rank'] <> to_jsonb(l) - ARRAY['send_at', 'valid_until', 'reason', 'rank'] OR greatest(n.send_at, p.later) <> l.send_at);
	GET DIAGNOSTICS failures = ROW_COUNT;
	PERFORM law.count('each candidate until', checks, failures);
	DROP TABLE probe;
END
$$;

-- "ok" or "not ok", with the first failures.
CREATE FUNCTION law.verdict(law text) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE
	t law.tally;
BEGIN
	SELECT * INTO t FROM law.tally AS x WHERE x.law = verdict.law;
	RETURN NEXT format('%s %s (%s of %s failed)', CASE WHEN t.failures = 0 AND t.checks > 0 THEN 'ok' ELSE 'not ok' END, law, coalesce(t.failures, 0), coalesce(t.checks, 0));
	RETURN QUERY SELECT format(E'# seed %s, customer %s, at %s\n%s', f.seed, f.customer, f.at, f.detail) FROM law.failure AS f WHERE f.law = verdict.law ORDER BY f.number LIMIT 4;
END
$$;

-- All stages, and pages of all sizes, were met.
CREATE FUNCTION law.missed() RETURNS SETOF text LANGUAGE sql STABLE AS $$
	SELECT w FROM unnest('{dates,cohort,trigger,answered,goal,relevance,holdout,channel,suppression,exclusion,limit,message,capacity,arbitration,chosen,pages with 0,pages with 1,pages with 2}'::text[]) AS w
	WHERE NOT EXISTS (SELECT FROM law.hit AS h WHERE h.stage = w)
$$;
