--------------------------------------------------------------------------------
-- laws: what must hold for all conditions, customers and instants
--
-- Each procedure checks one or a few laws and counts; run.sh calls them and
-- then prop.verdict() for each law.  A failure is kept with all that is needed
-- to see it again; see prop.replay().
--------------------------------------------------------------------------------

CREATE TABLE prop.tally (law text PRIMARY KEY, checks bigint NOT NULL DEFAULT 0, failures bigint NOT NULL DEFAULT 0);
CREATE TABLE prop.failure (number bigint GENERATED ALWAYS AS IDENTITY, law text, seed text, condition jsonb, customer text,
	as_of timestamptz, detail text);

-- The seed and the size of this run, from the caller.
CREATE FUNCTION prop.seed() RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN current_setting('prop.seed');

CREATE FUNCTION prop.scaled(n integer) RETURNS integer
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN greatest(1, round(n * current_setting('prop.scale')::numeric)::integer);

CREATE FUNCTION prop.count(law text, checks bigint) RETURNS void
	LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO prop.tally AS t (law, checks) VALUES (count.law, count.checks)
	ON CONFLICT ON CONSTRAINT tally_pkey DO UPDATE SET checks = t.checks + count.checks;
END;

CREATE FUNCTION prop.fail(law text, seed text, condition jsonb, customer text, as_of timestamptz, detail text) RETURNS void
	LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO prop.failure (law, seed, condition, customer, as_of, detail)
	VALUES (fail.law, fail.seed, fail.condition, fail.customer, fail.as_of, fail.detail);
	INSERT INTO prop.tally AS t (law, failures) VALUES (fail.law, 1)
	ON CONFLICT ON CONSTRAINT tally_pkey DO UPDATE SET failures = t.failures + 1;
END;

-- An instant for people, whatever the session says about zones and styles.
CREATE FUNCTION prop.shown(instant timestamptz) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE WHEN isfinite(instant) THEN to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US"Z"') ELSE instant::text END;

--------------------------------------------------------------------------------
-- Instants to ask at
--------------------------------------------------------------------------------

CREATE TABLE prop.pool (n integer PRIMARY KEY, at timestamptz NOT NULL);
INSERT INTO prop.pool SELECT n, prop.moment('pool' || n) FROM generate_series(0, 1999) AS n;

-- All instants that rows give: of events, and of customers' times.
CREATE TABLE prop.given (customer text, n integer, at timestamptz, PRIMARY KEY (customer, n));
INSERT INTO prop.given
SELECT g.customer, row_number() OVER (PARTITION BY g.customer ORDER BY g.at) - 1, g.at
FROM (
	SELECT o.customer, o.placed_at AS at FROM prop.orders AS o
	UNION SELECT o.customer, o.at FROM prop.clicks AS o
	UNION SELECT o.customer, oracle.at_zone(o.entered, oracle.default_zone()) FROM prop.visits AS o
	UNION SELECT o.customer, o.moment FROM prop.legacy AS o
	UNION SELECT o.customer, oracle.at_zone(o.day, oracle.default_zone()) FROM prop.deliveries AS o
	UNION SELECT c.key, t.at
	FROM prop.customer AS c
		CROSS JOIN LATERAL (SELECT z FROM unnest(prop.zones()) AS z WHERE z = oracle.known_zone(z) UNION SELECT oracle.known_zone(c.zone)) AS z (zone)
		CROSS JOIN LATERAL (VALUES (c.seen), (oracle.at_zone(c.joined, z.zone)), (oracle.at_zone(c.birthday, z.zone)),
			(oracle.json_instant(c.profile -> 'seen', z.zone))) AS t (at)
) AS g
WHERE g.customer IN (SELECT key FROM prop.customer) AND isfinite(g.at);

CREATE TABLE prop.person (key text PRIMARY KEY, number integer NOT NULL, zone text NOT NULL, given integer NOT NULL);
INSERT INTO prop.person
SELECT c.key, row_number() OVER (ORDER BY c.key COLLATE "C"), oracle.known_zone(c.zone), (SELECT count(*) FROM prop.given AS g WHERE g.customer = c.key)
FROM prop.customer AS c;

-- The lengths of time in a condition, those of "every" once for each period.
CREATE FUNCTION prop.lengths_in(condition jsonb) RETURNS interval[]
	LANGUAGE sql STABLE
	RETURN (SELECT array_agg(DISTINCT l.length ORDER BY l.length)
		FROM (
			SELECT interval '0' AS length
			UNION ALL
			SELECT prop.length(s #>> '{}')
			FROM jsonb_path_query(lengths_in.condition, 'strict $.** ? (@.type() == "string")') AS s
			WHERE oracle.is_length(s #>> '{}')
			UNION ALL
			SELECT prop.length(e ->> 'period') * k
			FROM jsonb_path_query(lengths_in.condition, 'strict $.**.every') AS e
				CROSS JOIN generate_series(1, (e ->> 'of')::integer) AS k
		) AS l);

-- A condition with the cohorts in it written out, to look into it.
CREATE FUNCTION prop.written_out(c jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE
AS $$
BEGIN
	RETURN CASE
		WHEN c ? 'all' THEN jsonb_build_object('all', (SELECT jsonb_agg(prop.written_out(p)) FROM jsonb_array_elements(c -> 'all') AS p))
		WHEN c ? 'any' THEN jsonb_build_object('any', (SELECT jsonb_agg(prop.written_out(p)) FROM jsonb_array_elements(c -> 'any') AS p))
		WHEN c ? 'not' THEN jsonb_build_object('not', prop.written_out(c -> 'not'))
		WHEN c ? 'cohort' THEN (SELECT prop.written_out(d.condition) FROM oracle.cohort AS d WHERE d.name = c ->> 'cohort')
		ELSE c END;
END
$$;

-- The questions: p.t is the instant, p.d until when there is data.
CREATE UNLOGGED TABLE prop.probe (n integer, customer text NOT NULL, zone text NOT NULL, t timestamptz NOT NULL, d timestamptz NOT NULL, truth boolean,
	kind text);

-- For each customer some instants, most of them one length away from what the
-- rows give, give or take a microsecond.
CREATE FUNCTION prop.ask(seed text, condition jsonb, instants integer) RETURNS void
	LANGUAGE sql
BEGIN ATOMIC
	WITH lengths AS MATERIALIZED (SELECT prop.lengths_in(prop.written_out(ask.condition)) AS l)
	INSERT INTO prop.probe (n, customer, zone, t, d)
	SELECT k, p.key, p.zone, i.at, i.at
	FROM prop.person AS p
		CROSS JOIN generate_series(1, instants) AS k
		CROSS JOIN LATERAL (SELECT ask.seed || '/' || p.number || '/' || k) AS s (seed)
		CROSS JOIN LATERAL (
			SELECT CASE WHEN g.at IS NULL OR k % 3 = 0 THEN (SELECT at FROM prop.pool WHERE n = prop.below(s.seed || 'pool', 2000))
				ELSE g.at + l.l[1 + prop.below(s.seed || 'length', cardinality(l.l))] * (CASE WHEN prop.chance(s.seed || 'back', 20) THEN -1 ELSE 1 END)
					+ interval '1 microsecond' * (prop.below(s.seed || 'edge', 3) - 1) END
			FROM lengths AS l
				LEFT JOIN prop.given AS g ON g.customer = p.key AND g.n = prop.below(s.seed || 'given', p.given)
		) AS i (at);
END;

--------------------------------------------------------------------------------
-- Failures: made small, and seen again
--------------------------------------------------------------------------------

-- What plain SQL says of a condition at an instant.
CREATE FUNCTION oracle.holds(customer text, condition jsonb, t timestamptz, d timestamptz) RETURNS boolean
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	result boolean;
BEGIN
	EXECUTE format('SELECT %s FROM prop.customer AS c JOIN prop.person AS z ON z.key = c.key, LATERAL (SELECT z.zone, $2 AS t, $3 AS d) AS p WHERE c.key = $1',
		oracle.condition(condition)) INTO result USING customer, t, d;
	RETURN result;
END
$$;

-- The smallest part of a condition of which persona and plain SQL differ at t.
CREATE FUNCTION prop.smallest(c jsonb, who text, t timestamptz) RETURNS jsonb
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	part jsonb;
	differ boolean;
BEGIN
	FOR part IN
		SELECT p FROM jsonb_array_elements(coalesce(c -> 'all', c -> 'any', '[]')) AS p
		UNION ALL SELECT c -> 'not' WHERE c ? 'not'
		UNION ALL SELECT d.condition FROM oracle.cohort AS d WHERE d.name = c ->> 'cohort'
	LOOP
		SELECT persona.holds(r, part::persona.condition, t) <> oracle.holds(who, part, t, t) INTO differ
		FROM prop.customer AS r WHERE r.key = who;
		IF differ THEN
			RETURN prop.smallest(part, who, t);
		END IF;
	END LOOP;
	RETURN c;
END
$$;

-- Statements that show a failure again, in a database in which run.sh has run.
CREATE FUNCTION prop.replay(number bigint) RETURNS TABLE (statement text)
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT format('SELECT persona.holds(c, %1$L, %2$L), oracle.holds(c.key, %1$L, %2$L, %2$L), persona.truth(c, %1$L, %2$L) FROM prop.customer AS c WHERE key = %3$L;',
		f.condition, prop.shown(f.as_of), f.customer)
	FROM prop.failure AS f WHERE f.number = replay.number;
END;

-- "ok" or "not ok", and the first failures.
CREATE FUNCTION prop.verdict(law text) RETURNS SETOF text
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	t prop.tally;
	f prop.failure;
BEGIN
	SELECT * INTO t FROM prop.tally AS y WHERE y.law = verdict.law;
	IF t.failures = 0 AND t.checks > 0 THEN
		RETURN NEXT format('ok %s (%s checks)', law, t.checks);
		RETURN;
	END IF;
	RETURN NEXT format('not ok %s (%s of %s checks failed)', law, coalesce(t.failures, 0), coalesce(t.checks, 0));
	FOR f IN SELECT * FROM prop.failure AS y WHERE y.law = verdict.law ORDER BY y.number LIMIT 5 LOOP
		RETURN NEXT format('# %s: seed %s%s%s%s', f.number, f.seed, ', customer ' || quote_literal(f.customer), ', as_of ' || prop.shown(f.as_of),
			', condition ' || f.condition::text);
		RETURN NEXT '#    ' || replace(f.detail, E'\n', E'\n#    ');
	END LOOP;
END
$$;

--------------------------------------------------------------------------------
-- (a) answers, (c) complement, (d) since and until
--------------------------------------------------------------------------------

-- The condition that is asked for, as a value that no planner can fold.
CREATE TABLE prop.asked (condition persona.condition, negated persona.condition);

CREATE UNLOGGED TABLE prop.answer (n integer, customer text, zone text, t timestamptz, expected boolean, constant boolean, evaluated boolean,
	negated boolean, truth boolean, since timestamptz, until timestamptz);

-- A random instant from the first to before the second.
CREATE FUNCTION prop.between(seed text, low timestamptz, high timestamptz) RETURNS timestamptz
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN low + make_interval(secs => trunc(extract(epoch FROM high - low)::numeric * prop.below(seed, 100000) / 100000, 6)::double precision);

CREATE PROCEDURE prop.check_answers(seed text, trees integer, instants integer)
	LANGUAGE plpgsql
AS $$
DECLARE
	c jsonb;
	sql text;
	here text;
	message text;
	detail text;
	at timestamptz;
	miss record;
BEGIN
	FOR i IN 1 .. trees LOOP
		here := seed || i;
		c := prop.condition(here, 2);
		TRUNCATE prop.probe, prop.answer, prop.asked;
		PERFORM prop.ask(here, c, instants);
		INSERT INTO prop.asked VALUES (c::persona.condition, jsonb_build_object('not', c)::persona.condition);
		sql := oracle.condition(c);
		BEGIN
			EXECUTE format('INSERT INTO prop.answer SELECT p.n, p.customer, p.zone, p.t, %s, persona.holds(c, %L, p.t), persona.holds(c, q.condition, p.t),
					persona.holds(c, q.negated, p.t), r.truth, r.since, r.until
				FROM prop.probe AS p JOIN prop.customer AS c ON c.key = p.customer CROSS JOIN prop.asked AS q
					CROSS JOIN LATERAL persona.truth(c, q.condition, p.t) AS r', sql, c);
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
			PERFORM prop.fail('answers', here, c, NULL, NULL, concat_ws(' ', message, detail));
			CONTINUE;
		END;
		PERFORM prop.count('answers', (SELECT count(*) FROM prop.answer)),
			prop.count('complement', (SELECT count(*) FROM prop.answer)),
			prop.count('temporal truth is the answer', (SELECT count(*) FROM prop.answer)),
			prop.count('constant conditions', (SELECT count(*) FROM prop.answer));
		FOR miss IN SELECT * FROM prop.answer WHERE evaluated IS DISTINCT FROM expected ORDER BY n, customer LIMIT 3 LOOP
			PERFORM prop.fail('answers', here, c, miss.customer, miss.t, format(E'persona %s, plain SQL %s\nsmallest part: %s', miss.evaluated, miss.expected,
				prop.smallest(c, miss.customer, miss.t)));
		END LOOP;
		FOR miss IN SELECT * FROM prop.answer WHERE negated IS NOT DISTINCT FROM evaluated LIMIT 3 LOOP
			PERFORM prop.fail('complement', here, c, miss.customer, miss.t, format('condition %s, not condition %s', miss.evaluated, miss.negated));
		END LOOP;
		FOR miss IN SELECT * FROM prop.answer WHERE constant IS DISTINCT FROM evaluated LIMIT 3 LOOP
			PERFORM prop.fail('constant conditions', here, c, miss.customer, miss.t, format('as a constant %s, as a value %s', miss.constant, miss.evaluated));
		END LOOP;
		FOR miss IN SELECT * FROM prop.answer WHERE truth IS DISTINCT FROM evaluated OR since > t OR until <= t LIMIT 3 LOOP
			PERFORM prop.fail('temporal truth is the answer', here, c, miss.customer, miss.t, format('holds %s, truth %s since %s until %s', miss.evaluated, miss.truth,
				prop.shown(miss.since), prop.shown(miss.until)));
		END LOOP;

		-- as a filter with everything constant, which a planner may fold
		SELECT t INTO at FROM prop.answer ORDER BY n, customer LIMIT 1;
		BEGIN
			EXECUTE format('SELECT count(*) AS checks, string_agg(p.customer, '', '') FILTER (WHERE (f.key IS NOT NULL) <> (%s)) AS differ
				FROM (SELECT z.key AS customer, z.zone, %L::timestamptz AS t, %2$L::timestamptz AS d FROM prop.person AS z) AS p
					JOIN prop.customer AS c ON c.key = p.customer
					LEFT JOIN (SELECT key FROM prop.customer AS c WHERE persona.holds(c, %L, %2$L)) AS f ON f.key = c.key', sql, at, c) INTO miss;
			PERFORM prop.count('constant conditions', miss.checks);
			IF miss.differ IS NOT NULL THEN
				PERFORM prop.fail('constant conditions', here, c, NULL, at, 'as a filter, other than plain SQL for ' || miss.differ);
			END IF;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
			PERFORM prop.fail('constant conditions', here, c, NULL, at, message);
		END;

		-- what since and until promise, with no data after the instant of the question
		TRUNCATE prop.probe;
		INSERT INTO prop.probe (n, customer, zone, t, d, truth, kind)
		SELECT a.n, a.customer, a.zone, x.t, x.d, x.truth, x.kind
		FROM prop.answer AS a
			CROSS JOIN LATERAL (SELECT here || a.n || a.customer) AS s (seed)
			CROSS JOIN LATERAL (VALUES
				(a.until - interval '1 microsecond', a.t, a.truth, 'until'),
				(a.until, a.t, NOT a.truth, 'until'),
				(prop.between(s.seed || 'u1', a.t, least(a.until, a.t + interval '9600 hours')), a.t, a.truth, 'until'),
				(prop.between(s.seed || 'u2', a.t, least(a.until, a.t + interval '480 hours')), a.t, a.truth, 'until'),
				(a.since, a.since, a.truth, 'since'),
				(a.since - interval '1 microsecond', a.since - interval '1 microsecond', NOT a.truth, 'since'),
				(prop.between(s.seed || 's1', greatest(a.since, a.t - interval '9600 hours'), a.t), NULL, a.truth, 'since'),
				((SELECT max(g.at) FROM prop.given AS g WHERE g.customer = a.customer AND g.at BETWEEN a.since AND a.t), NULL, a.truth, 'since')
			) AS x0 (t, d, truth, kind)
			CROSS JOIN LATERAL (SELECT x0.t, coalesce(x0.d, x0.t) AS d, x0.truth, x0.kind) AS x
		WHERE isfinite(x.t);
		PERFORM prop.count(kind, count(*)) FROM prop.probe GROUP BY kind;
		FOR miss IN EXECUTE format('SELECT p.kind, a.customer, a.t AS as_of, p.t, p.truth AS expected, a.truth, a.since, a.until
			FROM prop.probe AS p JOIN prop.answer AS a ON a.n = p.n AND a.customer = p.customer JOIN prop.customer AS c ON c.key = p.customer
			WHERE (%s) <> p.truth ORDER BY p.n, p.customer LIMIT 3', sql)
		LOOP
			PERFORM prop.fail(miss.kind, here, c, miss.customer, miss.as_of, format('truth %s since %s until %s, but plain SQL says %s at %s',
				miss.truth, prop.shown(miss.since), prop.shown(miss.until), NOT miss.expected, prop.shown(miss.t)));
		END LOOP;
		COMMIT;
	END LOOP;
END
$$;

-- Defines the cohorts to which random conditions refer.
CREATE PROCEDURE prop.define_base()
	LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO oracle.cohort SELECT 'base' || i, prop.condition(prop.seed() || 'base' || i, 1, 0) FROM generate_series(1, 6) AS i;
	INSERT INTO persona.cohort (name, condition) SELECT name, condition::persona.condition FROM oracle.cohort;
END;
