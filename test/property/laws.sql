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
	UNION SELECT o.customer, o.entered AT TIME ZONE oracle.default_zone() FROM prop.visits AS o
	UNION SELECT o.customer, o.moment FROM prop.legacy AS o
	UNION SELECT o.customer, oracle.day_begin(o.day, oracle.default_zone()) FROM prop.deliveries AS o
	UNION SELECT o.customer, t.at FROM persona.contact AS o CROSS JOIN LATERAL (VALUES (o.send_at), (o.sent_at), (o.ended_at)) AS t (at)
	UNION SELECT o.customer, o.at FROM persona.response AS o
	UNION SELECT o.customer, t.at FROM persona.choice AS o CROSS JOIN LATERAL (VALUES (o.at), (o.until)) AS t (at)
	UNION SELECT c.key, t.at
	FROM prop.customer AS c
		CROSS JOIN LATERAL (SELECT z FROM unnest(prop.zones()) AS z UNION SELECT oracle.known_zone(c.zone)) AS z (zone)
		CROSS JOIN LATERAL (VALUES (c.seen), (c.joined AT TIME ZONE z.zone), (oracle.day_begin(c.birthday, z.zone)),
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

-- Finds what depends on the calendar in the text of a condition.
CREATE FUNCTION prop.calendar_pattern() RETURNS text
	LANGUAGE sql IMMUTABLE
	RETURN '"(today|yesterday|tomorrow|(this|last|next) [a-z]+|last \d+ days?)"|anniversary_within';

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

-- For each customer some instants: of the pool, or one length away from what the
-- rows give, or a midnight near that; give or take a microsecond.
CREATE FUNCTION prop.ask(seed text, condition jsonb, instants integer) RETURNS void
	LANGUAGE sql
BEGIN ATOMIC
	WITH c AS MATERIALIZED (
		SELECT prop.lengths_in(w.c) AS lengths, w.c::text ~ prop.calendar_pattern() AS calendar
		FROM (SELECT prop.written_out(ask.condition) AS c) AS w
	)
	INSERT INTO prop.probe (n, customer, zone, t, d)
	SELECT k, p.key, p.zone, i.at, i.at
	FROM prop.person AS p
		CROSS JOIN generate_series(1, instants) AS k
		CROSS JOIN LATERAL (SELECT ask.seed || '/' || p.number || '/' || k) AS s (seed)
		CROSS JOIN LATERAL (
			SELECT CASE
				WHEN g.at IS NULL OR k % 4 = 3 THEN (SELECT at FROM prop.pool WHERE n = prop.below(s.seed || 'pool', 2000))
				WHEN c.calendar AND k % 2 = 0 THEN oracle.day_begin(date_trunc('day', g.at AT TIME ZONE p.zone) + interval '1 day' * prop.below(s.seed || 'day', 3), p.zone)
					+ interval '1 microsecond' * (prop.below(s.seed || 'edge', 3) - 1)
				ELSE g.at + c.lengths[1 + prop.below(s.seed || 'length', cardinality(c.lengths))] * (CASE WHEN prop.chance(s.seed || 'back', 15) THEN -1 ELSE 1 END)
					+ interval '1 microsecond' * (prop.below(s.seed || 'edge', 3) - 1) END
			FROM c LEFT JOIN prop.given AS g ON g.customer = p.key AND g.n = prop.below(s.seed || 'given', p.given)
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

-- A statement that shows a failure again, in a database in which run.sh has run with the same seed.
CREATE FUNCTION prop.replay(number bigint) RETURNS text
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT format('SELECT persona.holds(c, %1$L, %2$L), oracle.holds(c.key, %1$L, %2$L, %2$L), persona.truth(c, %1$L, %2$L) FROM prop.customer AS c WHERE key = %3$L;',
		f.condition, prop.shown(f.as_of), f.customer)
	FROM prop.failure AS f WHERE f.number = replay.number AND f.condition IS NOT NULL AND f.customer IS NOT NULL AND f.as_of IS NOT NULL;
END;

-- "ok" or "not ok", the first failures, and how to see the first one again.
CREATE FUNCTION prop.verdict(law text) RETURNS SETOF text
	LANGUAGE plpgsql STABLE
AS $$
DECLARE
	t prop.tally;
	f prop.failure;
	again text;
BEGIN
	SELECT * INTO t FROM prop.tally AS y WHERE y.law = verdict.law;
	IF t.failures = 0 AND t.checks > 0 THEN
		RETURN NEXT format('ok %s (%s checks)', law, t.checks);
		RETURN;
	END IF;
	RETURN NEXT format('not ok %s (%s of %s checks failed)', law, coalesce(t.failures, 0), coalesce(t.checks, 0));
	FOR f IN SELECT * FROM prop.failure AS y WHERE y.law = verdict.law ORDER BY y.number LIMIT 4 LOOP
		RETURN NEXT format('# %s: seed %s%s%s%s', f.number, f.seed, ', customer ' || quote_literal(f.customer), ', as_of ' || prop.shown(f.as_of),
			', condition ' || f.condition::text);
		RETURN NEXT '#    ' || replace(f.detail, E'\n', E'\n#    ');
		again := coalesce(again, prop.replay(f.number));
	END LOOP;
	RETURN QUERY SELECT '#    ' || again WHERE again IS NOT NULL;
END
$$;

--------------------------------------------------------------------------------
-- Definitions
--------------------------------------------------------------------------------

-- Defines a cohort or a trigger; a refused one is a failure of the law, and left out.
CREATE FUNCTION prop.define(law text, seed text, what text, name text, condition jsonb, open_for interval DEFAULT NULL) RETURNS boolean
	LANGUAGE plpgsql
AS $$
DECLARE
	message text;
	detail text;
BEGIN
	IF what = 'trigger' THEN
		INSERT INTO persona.trigger (name, condition, open_for) VALUES (define.name, define.condition::persona.condition, define.open_for);
	ELSE
		INSERT INTO persona.cohort (name, condition) VALUES (define.name, define.condition::persona.condition);
	END IF;
	RETURN true;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	PERFORM prop.fail(law, seed, condition, NULL, NULL, concat_ws(' ', message, detail));
	RETURN false;
END
$$;

-- Defines the cohorts to which random conditions refer.
CREATE PROCEDURE prop.define_base()
	LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO oracle.cohort SELECT 'base' || i, prop.condition(prop.seed() || 'base' || i, 1, 0) FROM generate_series(1, 6) AS i;
	SELECT prop.define('cohorts', prop.seed(), 'cohort', name, condition) FROM oracle.cohort;
END;

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
		-- trees, and leaves that nothing around them can hide
		c := CASE i % 7 WHEN 0 THEN prop.event(here) WHEN 1 THEN prop.sequence(here) WHEN 2 THEN prop.leaf(here, 0) WHEN 3 THEN prop.keyed(here) WHEN 4 THEN prop.held(here)
			ELSE prop.condition(here, 2) END;
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

--------------------------------------------------------------------------------
-- (b) cohorts: many conditions in one program, all customers in one query
--------------------------------------------------------------------------------

CREATE PROCEDURE prop.check_cohorts(seed text, cohorts integer, instants integer)
	LANGUAGE plpgsql
AS $$
DECLARE
	d record;
	miss record;
	at timestamptz;
	who text;
BEGIN
	INSERT INTO oracle.cohort
	SELECT 'c' || i, c FROM generate_series(1, cohorts) AS i CROSS JOIN LATERAL prop.condition(seed || i, 2) AS c
	WHERE prop.define('cohorts', seed || i, 'cohort', 'c' || i, c);

	CREATE TEMP TABLE member (t timestamptz, customer text, cohort text, since timestamptz, until timestamptz, PRIMARY KEY (t, cohort, customer));
	CREATE TEMP TABLE expected (t timestamptz, customer text, cohort text, holds boolean);
	FOR i IN 1 .. instants LOOP
		SELECT p.at INTO at FROM prop.pool AS p WHERE p.n = prop.below(seed || 'at' || i, 2000);
		INSERT INTO member SELECT at, m.* FROM persona.cohort_member_at(at) AS m;

		-- all in one pass are answered as each alone
		PERFORM prop.count('one pass', (SELECT count(*) FROM prop.customer) * (SELECT count(*) FROM persona.cohort));
		FOR miss IN
			WITH pass AS (
				SELECT m.customer, c.name AS cohort
				FROM persona.cohort_mask_of_all(at) AS m
					JOIN (SELECT name, row_number() OVER (ORDER BY name COLLATE "C") AS n FROM persona.cohort) AS c
						ON get_bit(m.cohorts, c.n::integer - 1) = 1
			)
			SELECT coalesce(p.customer, m.customer) AS customer, o.condition, m.customer IS NOT NULL AS alone
			FROM pass AS p FULL JOIN (SELECT * FROM member WHERE t = at) AS m ON m.customer = p.customer AND m.cohort = p.cohort
				JOIN oracle.cohort AS o ON o.name = coalesce(p.cohort, m.cohort)
			WHERE p.customer IS NULL OR m.customer IS NULL
			LIMIT 3
		LOOP
			PERFORM prop.fail('one pass', seed, miss.condition, miss.customer, at, format('alone %s, in one pass %s', miss.alone, NOT miss.alone));
		END LOOP;
		IF EXISTS (SELECT FROM persona.reach_at(at) AS r WHERE r.customers <> (SELECT count(*) FROM member AS m WHERE m.t = at AND m.cohort = r.cohort)) THEN
			PERFORM prop.fail('one pass', seed, NULL, NULL, at, 'the reach is not the number of members');
		END IF;

		-- one customer alone is answered as all are
		SELECT key INTO who FROM prop.person WHERE number = 1 + prop.below(seed || 'who' || i, 32);
		PERFORM prop.count('one customer as all', 1);
		IF EXISTS (SELECT cohort, since, until FROM persona.cohort_member_at(at) WHERE customer = who
			EXCEPT SELECT cohort, since, until FROM member WHERE t = at AND customer = who)
			OR EXISTS (SELECT cohort FROM member WHERE t = at AND customer = who
			EXCEPT SELECT cohort FROM persona.cohort_member_at(at) WHERE customer = who)
		THEN
			PERFORM prop.fail('one customer as all', seed, NULL, who, at, 'other cohorts than in the query over all');
		END IF;
	END LOOP;
	-- a cohort asked for by its name
	FOR miss IN
		SELECT c.key, o.name, persona.in_cohort(c, o.name, at) AS named, m.customer IS NOT NULL AS listed
		FROM prop.customer AS c CROSS JOIN persona.cohort AS o LEFT JOIN member AS m ON m.t = at AND m.cohort = o.name AND m.customer = c.key
	LOOP
		PERFORM prop.count('one customer as all', 1);
		IF miss.named IS DISTINCT FROM miss.listed THEN
			PERFORM prop.fail('one customer as all', seed, NULL, miss.key, at, format('in_cohort %s is %s, cohort_member_at %s', miss.name, miss.named, miss.listed));
		END IF;
	END LOOP;

	FOR d IN SELECT * FROM oracle.cohort LOOP
		EXECUTE format('INSERT INTO expected SELECT p.t, c.key, %L, %s
			FROM (SELECT DISTINCT m.t FROM member AS m) AS i CROSS JOIN prop.person AS z JOIN prop.customer AS c ON c.key = z.key
				CROSS JOIN LATERAL (SELECT z.zone, i.t, i.t AS d) AS p', d.name, oracle.condition(d.condition));
		FOR miss IN
			SELECT e.t, e.customer, e.holds
			FROM expected AS e LEFT JOIN member AS m ON m.t = e.t AND m.cohort = e.cohort AND m.customer = e.customer
			WHERE e.cohort = d.name AND e.holds <> (m.customer IS NOT NULL)
			ORDER BY e.t, e.customer LIMIT 3
		LOOP
			PERFORM prop.fail('cohorts', seed, d.condition, miss.customer, miss.t, format(E'cohort %s: plain SQL %s, persona not so\nsmallest part: %s',
				d.name, miss.holds, prop.smallest(d.condition, miss.customer, miss.t)));
		END LOOP;
		FOR miss IN
			SELECT m.t, m.customer, m.since, m.until, r.truth, r.since AS alone_since, r.until AS alone_until
			FROM member AS m JOIN prop.customer AS c ON c.key = m.customer
				CROSS JOIN LATERAL persona.truth(c, d.condition::persona.condition, m.t) AS r
			WHERE m.cohort = d.name AND (NOT r.truth OR r.since <> m.since OR r.until <> m.until) LIMIT 3
		LOOP
			PERFORM prop.fail('cohorts', seed, d.condition, miss.customer, miss.t, format('cohort %s since %s until %s, alone truth %s since %s until %s',
				d.name, prop.shown(miss.since), prop.shown(miss.until), miss.truth, prop.shown(miss.alone_since), prop.shown(miss.alone_until)));
		END LOOP;
	END LOOP;
	PERFORM prop.count('cohorts', (SELECT count(*) FROM expected));
	DROP TABLE member, expected;
END
$$;

--------------------------------------------------------------------------------
-- (f) triggers: the firing is the begin of a stretch that plain SQL finds by
-- asking at every instant at which anything can change
--------------------------------------------------------------------------------

CREATE UNLOGGED TABLE prop.step (customer text, t timestamptz, truth boolean, before boolean);

-- The instants of a customer's condition at which it can change, from a day on.
CREATE FUNCTION prop.changes(condition jsonb, begins timestamptz, ends timestamptz, customers integer) RETURNS TABLE (customer text, zone text, t timestamptz)
	LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH c AS MATERIALIZED (
		SELECT w.c, prop.lengths_in(w.c) AS lengths,
			w.c::text ~ prop.calendar_pattern() AS calendar
		FROM (SELECT prop.written_out(changes.condition) AS c) AS w
	), person AS MATERIALIZED (
		SELECT p.key, p.zone FROM prop.person AS p WHERE p.number % (32 / customers) = 1
	)
	SELECT p.key, p.zone, changes.begins FROM person AS p
	UNION
	SELECT p.key, p.zone, i.at
	FROM c CROSS JOIN person AS p
		JOIN prop.given AS g ON g.customer = p.key
		CROSS JOIN LATERAL unnest(c.lengths) AS l (length)
		CROSS JOIN LATERAL (VALUES (g.at + l.length), (g.at - l.length)) AS i (at)
	WHERE i.at > changes.begins AND i.at < changes.ends
	UNION
	-- midnights in all zones that the condition can mean
	SELECT p.key, p.zone, i.at
	FROM c CROSS JOIN person AS p
		CROSS JOIN LATERAL (SELECT p.zone AS name UNION SELECT oracle.known_zone(s #>> '{}') FROM jsonb_path_query(c.c, 'strict $.**.zone') AS s) AS z
		CROSS JOIN LATERAL generate_series((changes.begins AT TIME ZONE z.name)::date, (changes.ends AT TIME ZONE z.name)::date, interval '1 day') AS day (at)
		CROSS JOIN LATERAL (SELECT oracle.day_begin(day.at::timestamp, z.name) AS at) AS i
	WHERE c.calendar AND i.at > changes.begins AND i.at < changes.ends;
END;

CREATE PROCEDURE prop.check_triggers(seed text, triggers integer, instants integer)
	LANGUAGE plpgsql
AS $$
DECLARE
	begins timestamptz := '2025-09-01 00:00Z';
	ends timestamptz := '2026-05-01 00:00Z';
	d record;
	miss record;
BEGIN
	CREATE TEMP TABLE definition AS
	SELECT 't' || i AS name, c AS condition, l AS open_for
	FROM generate_series(1, triggers) AS i CROSS JOIN LATERAL prop.condition(seed || i, prop.below(seed || i, 2)) AS made
		-- with "per" outermost it would fire per key, see check_keyed
		CROSS JOIN LATERAL (SELECT CASE WHEN made ? 'per' THEN jsonb_build_object('all', jsonb_build_array(made)) ELSE made END AS c) AS whole
		CROSS JOIN LATERAL prop.length(prop.pick(seed || i || 'open', ARRAY['1 hour', '1 day', '7 days', NULL, NULL])) AS l
	WHERE prop.define('triggers', seed || i, 'trigger', 't' || i, c, l);

	CREATE TEMP TABLE asked AS
	SELECT i AS n, (SELECT p.at FROM prop.pool AS p WHERE p.n = prop.below(seed || 'at' || i, 2000) AND p.at BETWEEN begins AND ends) AS t
	FROM generate_series(1, instants) AS i;
	DELETE FROM asked WHERE t IS NULL;
	CREATE TEMP TABLE opened AS SELECT a.t, o.* FROM asked AS a CROSS JOIN LATERAL persona.open_trigger_at(a.t) AS o;

	FOR d IN SELECT * FROM definition LOOP
		TRUNCATE prop.step;
		EXECUTE format('INSERT INTO prop.step SELECT s.customer, s.t, s.truth, lag(s.truth, 1, s.truth) OVER (PARTITION BY s.customer ORDER BY s.t)
			FROM (SELECT p.customer, p.t, %s AS truth
				FROM (SELECT h.*, h.t AS d FROM prop.changes($1, $2, $3, 8) AS h) AS p JOIN prop.customer AS c ON c.key = p.customer) AS s',
			oracle.condition(d.condition)) USING d.condition, begins, ends;
		FOR miss IN
			SELECT a.t, p.key, f.fired_at AS expected, o.fired_at, o.open_until
			FROM asked AS a CROSS JOIN prop.person AS p
				-- the last firing, and whether its window is open
				CROSS JOIN LATERAL (
					SELECT max(s.t) FILTER (WHERE s.truth AND NOT s.before) AS fired_at,
						(array_agg(s.truth ORDER BY s.t DESC))[1] AS truth
					FROM prop.step AS s WHERE s.customer = p.key AND s.t <= a.t
				) AS l
				CROSS JOIN LATERAL (
					SELECT CASE WHEN CASE WHEN d.open_for IS NULL THEN l.truth ELSE a.t < l.fired_at + d.open_for END THEN l.fired_at END AS fired_at
				) AS f
				LEFT JOIN opened AS o ON o.t = a.t AND o.customer = p.key AND o.trigger = d.name
			WHERE p.key IN (SELECT s.customer FROM prop.step AS s)
				AND (f.fired_at IS DISTINCT FROM CASE WHEN o.fired_at > begins THEN o.fired_at END
					-- what has always held never fired, but is open
					OR l.fired_at IS NULL AND l.truth AND d.open_for IS NULL AND o.fired_at IS NULL)
			ORDER BY a.n, p.number LIMIT 3
		LOOP
			PERFORM prop.fail('triggers', seed, d.condition, miss.key, miss.t, format('trigger %s, open for %s: fired at %s, plain SQL finds %s', d.name,
				extract(epoch FROM d.open_for) * interval '1 second', prop.shown(miss.fired_at), prop.shown(miss.expected)));
		END LOOP;
		PERFORM prop.count('triggers', (SELECT count(*) FROM asked) * 8);
		-- how long it stays open
		FOR miss IN
			SELECT o.t, o.customer, o.fired_at, o.open_until, r.until
			FROM opened AS o JOIN prop.customer AS c ON c.key = o.customer
				CROSS JOIN LATERAL persona.truth(c, d.condition::persona.condition, o.t) AS r
			WHERE o.trigger = d.name AND o.open_until <> CASE WHEN d.open_for IS NULL THEN r.until ELSE o.fired_at + d.open_for END LIMIT 3
		LOOP
			PERFORM prop.fail('triggers', seed, d.condition, miss.customer, miss.t, format('trigger %s fired at %s, open until %s, truth until %s', d.name,
				prop.shown(miss.fired_at), prop.shown(miss.open_until), prop.shown(miss.until)));
		END LOOP;
	END LOOP;
	DROP TABLE definition, asked, opened;
END
$$;

-- A keyed trigger fires for each key as the same condition does when all its
-- events are restricted to that key by hand, from the key's first event on.
CREATE FUNCTION prop.restricted(c jsonb, property text, key jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE
AS $$
BEGIN
	IF jsonb_typeof(c) = 'array' THEN
		RETURN (SELECT coalesce(jsonb_agg(prop.restricted(part, property, key)), '[]') FROM jsonb_array_elements(c) AS part);
	ELSIF jsonb_typeof(c) = 'object' AND c ?| ARRAY['event', 'no'] THEN
		RETURN c || jsonb_build_object('where', jsonb_build_object('all', jsonb_build_array(
			jsonb_build_object('attribute', property, 'is', key), coalesce(c -> 'where', '{"all": []}'))));
	ELSIF jsonb_typeof(c) = 'object' THEN
		RETURN (SELECT coalesce(jsonb_object_agg(e.key, CASE WHEN e.key IN ('all', 'any', 'not', 'sequence', 'held') THEN prop.restricted(e.value, property, restricted.key) ELSE e.value END), '{}')
			FROM jsonb_each(c) AS e);
	END IF;
	RETURN c;
END
$$;

CREATE PROCEDURE prop.check_keyed(seed text, triggers integer, instants integer)
	LANGUAGE plpgsql
AS $$
DECLARE
	c jsonb;
	whole jsonb;
	key_value jsonb;
	miss record;
BEGIN
	CREATE TEMP TABLE asked AS
	SELECT i AS n, p.at AS t FROM generate_series(1, instants) AS i JOIN prop.pool AS p ON p.n = prop.below(seed || 'at' || i, 2000);
	CREATE TEMP TABLE expected (t timestamptz, customer text, key text, fired_at timestamptz, open_until timestamptz);
	FOR i IN 1 .. triggers LOOP
		c := prop.keyed(seed || i, ARRAY['item']);
		CONTINUE WHEN NOT prop.define('keyed triggers', seed || i, 'trigger', 'keyed' || i, c);
		TRUNCATE expected;
		FOR key_value IN SELECT DISTINCT to_jsonb(x.item) FROM (SELECT item FROM prop.orders UNION SELECT item FROM prop.clicks UNION SELECT item FROM prop.legacy) AS x
			-- a condition can't name what is no value of some source's column
			WHERE x.item <= 2147483647 LOOP
			whole := jsonb_build_object('all', jsonb_build_array(
				jsonb_build_object('any', (SELECT jsonb_agg(prop.restricted(jsonb_build_object('event', coalesce(look ->> 'event', look ->> 'no'))
						|| CASE WHEN look ? 'where' THEN jsonb_build_object('where', look -> 'where') ELSE '{}' END, 'item', key_value)) FROM oracle.looks(c - 'per') AS look)),
				prop.restricted(c - 'per', 'item', key_value)));
			INSERT INTO expected SELECT a.t, r.key, key_value #>> '{}', x.since, x.until
			FROM asked AS a CROSS JOIN prop.customer AS r CROSS JOIN LATERAL persona.truth(r, whole::persona.condition, a.t) AS x WHERE x.truth;
		END LOOP;
		PERFORM prop.count('keyed triggers', (SELECT count(*) FROM asked) * (SELECT count(*) FROM prop.customer));
		FOR miss IN
			SELECT t, customer, trigger_key, o.fired_at, e.fired_at AS expected, o.open_until, e.open_until AS expected_until
			FROM (SELECT a.t, o.customer, o.trigger_key, o.fired_at, o.open_until FROM asked AS a CROSS JOIN LATERAL persona.open_trigger_at(a.t) AS o WHERE o.trigger = 'keyed' || i AND o.trigger_key::bigint <= 2147483647) AS o
				FULL JOIN (SELECT e.t, e.customer, e.key AS trigger_key, e.fired_at, e.open_until FROM expected AS e) AS e USING (t, customer, trigger_key)
			WHERE (o.fired_at, o.open_until) IS DISTINCT FROM (e.fired_at, e.open_until) ORDER BY t, customer, trigger_key LIMIT 3
		LOOP
			PERFORM prop.fail('keyed triggers', seed || i, c, miss.customer, miss.t, format('key %s: fired at %s, open until %s; by hand at %s, until %s', miss.trigger_key,
				prop.shown(miss.fired_at), prop.shown(miss.open_until), prop.shown(miss.expected), prop.shown(miss.expected_until)));
		END LOOP;
		DELETE FROM persona.trigger AS d WHERE d.name = 'keyed' || i;
	END LOOP;
	DROP TABLE asked, expected;
END
$$;

--------------------------------------------------------------------------------
-- One condition over any table: persona.holds_over
--------------------------------------------------------------------------------

CREATE PROCEDURE prop.check_holds_over(seed text, trees integer)
	LANGUAGE plpgsql
AS $$
DECLARE
	c jsonb;
	at timestamptz;
	miss record;
	message text;
BEGIN
	FOR i IN 1 .. trees LOOP
		-- returns are in one table only
		c := prop.event(seed || i, ARRAY['return']);
		IF prop.chance(seed || i || 'not', 30) THEN
			c := jsonb_build_object('not', c);
		END IF;
		SELECT g.at + l.length INTO at
		FROM prop.given AS g, unnest(prop.lengths_in(c)) AS l (length)
		ORDER BY md5(seed || i || g.customer || g.n || extract(epoch FROM l.length)) LIMIT 1;
		BEGIN
			-- the zone of nobody is the default, and events of one instant have no order but by their content
			FOR miss IN EXECUTE format('SELECT p.key, %s AS expected, h.holds
				FROM (SELECT z.key, z.zone, $2 AS t, $2 AS d FROM prop.person AS z WHERE z.zone = oracle.default_zone()) AS p
					JOIN prop.customer AS c ON c.key = p.key
					JOIN (SELECT e.customer, persona.holds_over($1, e.what, e.moment, e, $2) AS holds
						FROM prop.legacy AS e GROUP BY e.customer
						HAVING count(DISTINCT e.moment) FILTER (WHERE e.what = ''return'') = count(*) FILTER (WHERE e.what = ''return'')) AS h ON h.customer = c.key',
				oracle.condition(c)) USING c::persona.condition, at
			LOOP
				PERFORM prop.count('holds_over', 1);
				IF miss.holds IS DISTINCT FROM miss.expected THEN
					PERFORM prop.fail('holds_over', seed || i, c, miss.key, at, format('holds_over %s, plain SQL %s', miss.holds, miss.expected));
				END IF;
			END LOOP;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
			PERFORM prop.fail('holds_over', seed || i, c, NULL, at, message);
		END;
	END LOOP;
END
$$;

--------------------------------------------------------------------------------
-- (g) decisions: the same until valid_until, and the same in hindsight
--------------------------------------------------------------------------------

CREATE PROCEDURE prop.define_campaigns(seed text, campaigns integer)
	LANGUAGE plpgsql
AS $$
DECLARE
	s text;
	message text;
	detail text;
BEGIN
	INSERT INTO persona.channel (name, synchronous, address_column, consent, open_hours, quiet_hours, cost) VALUES
		('email', false, 'email', '{"attribute": "active", "is_not": false}', NULL, 'daily 21:00-08:00', 0.02),
		('letter', false, NULL, NULL, NULL, NULL, 0.8),
		('night', false, NULL, '{"not": {"event": "return", "within": "36 hours"}}', 'daily 22:00-02:30', 'Sun 00:00-24:00', 0.1),
		('phone', true, 'name', NULL, 'Mon-Fri 09:00-18:00; Sat 10:00-14:00', NULL, 2);
	INSERT INTO persona.placement (channel, name) VALUES ('letter', 'footer');
	INSERT INTO persona.topic (name, opt_in) VALUES ('news', NULL), ('offers', false);
	INSERT INTO persona.experience (name, kind, topic) VALUES ('offer', 'offer', 'offers'), ('coupon', 'offer', NULL), ('banner', 'content', 'news');
	INSERT INTO persona.holiday (calendar, day) SELECT 'some', d::date FROM generate_series('2026-01-01'::timestamp, '2026-12-31', '11 days') AS d;
	INSERT INTO persona.holiday (calendar, day) VALUES ('some', '2026-03-29'), ('some', '2026-03-30') ON CONFLICT DO NOTHING;
	UPDATE persona.channel SET holidays = 'some' WHERE name IN ('phone', 'night');
	UPDATE persona.channel SET opt_in = true, affinity = 2 WHERE name = 'letter';
	INSERT INTO persona.message (name, experience, channel, placement, language, condition, position, subject, body)
	SELECT format('%s %s %s', e.name, c.name, n), e.name, c.name,
		CASE WHEN c.name = 'letter' AND prop.chance(m.s || 'placement', 30) THEN 'footer' END,
		prop.pick(m.s || 'language', ARRAY['de', 'en', NULL]),
		CASE WHEN prop.chance(m.s || 'condition', 30) THEN prop.condition(m.s, 1)::persona.condition END,
		prop.below(m.s || 'position', 3), NULL, 'For {{customer.name|you}}, ' || n
	FROM persona.experience AS e CROSS JOIN persona.channel AS c CROSS JOIN generate_series(1, 3) AS n
		CROSS JOIN LATERAL (SELECT seed || 'message' || e.name || c.name || n) AS m (s)
	WHERE n = 1 OR prop.chance(m.s, 70);
	INSERT INTO persona.policy (name, channel, max_contacts, period) VALUES
		('all', NULL, 2, '7 days'), ('calls', 'phone', 1, '30 days'), ('mails', 'email', 1, '1 day');

	INSERT INTO persona.experiment (name, seed, space, space_from, space_until, weights) VALUES ('half', seed, 'main', 0, 0.5, '{0.3,0.7}');
	FOR i IN 1 .. campaigns LOOP
		s := seed || 'campaign' || i;
		BEGIN
			INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, relevance, starts_at, ends_at, priority, value, propensity, urgency, weight, max_contacts,
				max_contacts_within, min_gap, channel_choice, experiment, variation)
			SELECT 'campaign' || i, prop.pick(s || 'experience', ARRAY['offer', 'coupon', 'banner']),
				CASE WHEN prop.chance(s || 'cohort?', 50) OR NOT prop.chance(s || 'trigger?', 65) THEN (SELECT c.name FROM persona.cohort AS c ORDER BY md5(s || c.name) LIMIT 1) END,
				CASE WHEN prop.chance(s || 'trigger?', 65) THEN (SELECT t.name FROM persona.trigger AS t ORDER BY md5(s || t.name) LIMIT 1) END,
				CASE WHEN prop.chance(s || 'goal?', 40) THEN prop.condition(s || 'goal', 1)::persona.condition END,
				-- for a part of the customers, so that many campaigns get a turn
				jsonb_build_object('all', jsonb_build_array(
					jsonb_build_object('bucket', jsonb_build_object('seed', 'campaign' || i, 'from', 0, 'to', 0.3)),
					CASE WHEN prop.chance(s || 'relevance?', 40) THEN prop.condition(s || 'relevance', 1) ELSE '{"all": []}' END))::persona.condition,
				CASE WHEN prop.chance(s || 'starts?', 30) THEN prop.moment(s || 'starts') END,
				CASE WHEN prop.chance(s || 'ends?', 30) THEN prop.moment(s || 'starts') + prop.length(prop.pick(s || 'ends', prop.lengths())) END,
				prop.below(s || 'priority', 3),
				prop.pick(s || 'value', ARRAY['1', '2', '3.5', 'coalesce(age, 20) / 10.0', 'CASE WHEN plan IS NULL THEN 5 ELSE 1 END', 'length(name)']),
				prop.pick(s || 'propensity', ARRAY['1', '0.5', 'CASE WHEN active THEN 0.75 WHEN NOT active THEN 0.25 END']),
				CASE WHEN prop.chance(s || 'urgency?', 60) THEN jsonb_build_array(
					jsonb_build_object(prop.pick(s || 'when 1', ARRAY['first', 'last', 'after']), prop.pick(s || 'stretch 1', prop.lengths()), 'factor', 3),
					jsonb_build_object(prop.pick(s || 'when 2', ARRAY['first', 'last', 'after']), prop.pick(s || 'stretch 2', prop.lengths()), 'factor', 'CASE WHEN active THEN 2 END'))
					ELSE '[]' END, 1,
				CASE WHEN l.n > 0 THEN l.n END, CASE WHEN l.n > 0 AND prop.chance(s || 'l', 70) THEN prop.length(prop.pick(s || 'length', prop.lengths())) END,
				CASE WHEN prop.chance(s || 'gap?', 20) THEN prop.length(prop.pick(s || 'gap', prop.lengths())) END,
				prop.pick(s || 'choice', ARRAY['position', 'preference', 'score']),
				CASE WHEN i % 7 = 0 THEN 'half' END, CASE WHEN i % 7 = 0 THEN 1 END
			FROM (SELECT prop.below(s || 'limit', 3) AS n) AS l;
			INSERT INTO persona.campaign_channel (campaign, position, channel, placement)
			SELECT 'campaign' || i, row_number() OVER (ORDER BY md5(s || c.name)), c.name,
				CASE WHEN c.name = 'letter' AND prop.chance(s || 'placement', 30) THEN 'footer' END
			FROM persona.channel AS c WHERE prop.chance(s || c.name, 60);
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
			PERFORM prop.fail('decision until', s, NULL, NULL, NULL, concat_ws(' ', message, detail));
		END;
	END LOOP;
	-- and some for everybody, so that rules are asked often
	INSERT INTO persona.campaign (name, experience, max_contacts, max_contacts_within, min_gap, channel_choice)
	VALUES ('campaign' || campaigns + 1, 'offer', NULL, NULL, NULL, 'score'), ('campaign' || campaigns + 2, 'coupon', NULL, NULL, NULL, 'preference'),
		('campaign' || campaigns + 3, 'banner', 1, '90 days', '36 hours', 'position');
	INSERT INTO persona.campaign_channel (campaign, position, channel, placement)
	SELECT 'campaign' || campaigns + i, row_number() OVER (PARTITION BY i ORDER BY md5(seed || i || v.channel)), v.channel, v.placement
	FROM generate_series(1, 3) AS i, (VALUES ('email', NULL), ('letter', 'footer'), ('letter', NULL), ('phone', NULL)) AS v (channel, placement);
	CALL prop.define_rules(seed || 'rules');
END
$$;

-- Defines random rules: limits, suppressions, exclusions, a holdout.
CREATE PROCEDURE prop.define_rules(seed text)
	LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO persona.policy (name, campaign, experience_kind, channel, placement, max_contacts, period, calendar, min_gap, counts)
	SELECT 'policy' || i, CASE WHEN k.about = 1 THEN 'campaign' || (1 + prop.below(s || 'campaign', 4)) END, CASE WHEN k.about = 2 THEN prop.pick(s || 'kind', ARRAY['offer', 'content']) END,
		CASE WHEN k.about = 3 THEN prop.pick(s || 'channel', ARRAY['email', 'phone', 'letter']) WHEN k.about = 4 THEN 'letter' END, CASE WHEN k.about = 4 THEN 'footer' END,
		1 + prop.below(s || 'most', 2), CASE k.window WHEN 0 THEN prop.length(prop.pick(s || 'period', prop.lengths())) END,
		CASE k.window WHEN 1 THEN prop.pick(s || 'unit', ARRAY['day', 'week', 'month']) END,
		CASE WHEN prop.chance(s || 'gap?', 30) THEN prop.length(prop.pick(s || 'gap', prop.lengths())) END, prop.pick(s || 'counts', ARRAY['reserved', 'reserved', 'sent', 'delivered'])
	FROM generate_series(1, 6) AS i CROSS JOIN LATERAL (SELECT seed || 'policy' || i) AS d (s)
		CROSS JOIN LATERAL (SELECT prop.below(s || 'about', 5) AS about, prop.below(s || 'window', 2) AS window) AS k;
	INSERT INTO persona.suppression (name, outcomes, ignored_after, times, within, scope, quiet_for, until_consent)
	SELECT 'suppression' || i, CASE i % 2 WHEN 0 THEN ARRAY['ignored'] ELSE '{}' END || ARRAY[prop.pick(s, ARRAY['rejected', 'complained', 'unsubscribed', 'clicked', 'converted'])],
		CASE i % 2 WHEN 0 THEN prop.length(prop.pick(s || 'after', prop.lengths())) END, 1 + i % 2,
		CASE i % 2 WHEN 1 THEN prop.length(prop.pick(s || 'within', prop.lengths())) * 4 END,
		prop.pick(s || 'about', ARRAY['all', 'channel', 'placement', 'experience', 'experience_kind', 'campaign']),
		CASE WHEN prop.chance(s || 'quiet?', 80) THEN prop.length(prop.pick(s || 'quiet', prop.lengths())) END, prop.chance(s || 'consent', 50)
	FROM generate_series(1, 6) AS i CROSS JOIN LATERAL (SELECT seed || 'suppression' || i) AS d (s);
	INSERT INTO persona.exclusion (name, first_kind, then_campaign, period, both_ways)
	SELECT 'exclusion' || i, prop.pick(s || 'kind', ARRAY['offer', 'content']), c.name, prop.length(prop.pick(s || 'period', prop.lengths())), prop.chance(s || 'both', 50)
	FROM persona.campaign AS c CROSS JOIN LATERAL (SELECT substr(c.name, 9)::integer, seed || 'exclusion' || c.name) AS d (i, s) WHERE i % 3 = 0;
	INSERT INTO persona.holdout (name, share, seed) VALUES ('control', 0.05, seed);
END;

-- A customer's timeline of the events up to an instant and the contacts decided
-- up to it, as they were then; those planned for later than another instant left out.
CREATE FUNCTION prop.known_by(program persona.program, who text, events_until timestamptz, planned_until timestamptz) RETURNS persona.timeline
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT persona.timeline_concat(persona.timeline_concat(persona.timeline_concat(persona.timeline_concat(persona.timeline_concat(persona.timeline_concat(persona.timeline_concat(
		(SELECT persona.timeline(known_by.program, 'persona.contact', jsonb_populate_record(e, jsonb_build_object(
				'sent_at', CASE WHEN e.sent_at <= events_until THEN e.sent_at END,
				'delivered_at', CASE WHEN e.delivered_at <= events_until THEN e.delivered_at END,
				'ended_at', CASE WHEN e.ended_at <= events_until THEN e.ended_at END)))
			FROM persona.contact AS e WHERE e.customer = who AND e.decided_at <= events_until AND e.send_at <= planned_until),
		(SELECT persona.timeline(known_by.program, 'persona.response', e) FROM persona.response AS e WHERE e.customer = who AND e.at <= events_until)),
		(SELECT persona.timeline(known_by.program, 'persona.choice', e) FROM persona.choice AS e WHERE e.customer = who AND e.at <= events_until)),
		(SELECT persona.timeline(known_by.program, 'prop.orders', e) FROM prop.orders AS e WHERE e.customer = who AND e.placed_at <= events_until)),
		(SELECT persona.timeline(known_by.program, 'prop.clicks', e) FROM prop.clicks AS e WHERE e.customer = who AND e.at <= events_until)),
		(SELECT persona.timeline(known_by.program, 'prop.visits', e) FROM prop.visits AS e WHERE e.customer = who
			AND e.entered AT TIME ZONE oracle.default_zone() <= events_until)),
		(SELECT persona.timeline(known_by.program, 'prop.legacy', e) FROM prop.legacy AS e WHERE e.customer = who AND e.moment <= events_until)),
		(SELECT persona.timeline(known_by.program, 'prop.deliveries', e) FROM prop.deliveries AS e WHERE e.customer = who
			AND oracle.day_begin(e.day, oracle.default_zone()) <= events_until));
END;

CREATE PROCEDURE prop.check_decisions(seed text, instants integer)
	LANGUAGE plpgsql
AS $$
DECLARE
	program persona.program := persona.program();
	at timestamptz;
	planned_until timestamptz;
	miss record;
BEGIN
	CREATE TEMP TABLE now (customer text, number integer, known persona.timeline, decision jsonb, candidates jsonb, until timestamptz);
	CREATE TEMP TABLE later (customer text, t timestamptz, known persona.timeline, decision jsonb, candidates jsonb);
	FOR i IN 1 .. instants LOOP
		SELECT p.at INTO at FROM prop.pool AS p WHERE p.n = prop.below(seed || 'at' || i, 2000);
		-- contacts that are planned for later, or none of them
		planned_until := CASE WHEN i % 2 = 0 THEN 'infinity' ELSE at END;
		TRUNCATE now, later;
		INSERT INTO now
		SELECT c.key, z.number, k.known, to_jsonb(d), (SELECT jsonb_object_agg(concat_ws('/', x.campaign, x.channel, x.placement), to_jsonb(x) - 'rank') FROM persona.candidates(program, c, k.known, at) AS x),
			CASE WHEN d.campaign IS NOT NULL THEN d.valid_until ELSE (SELECT min(x.valid_until) FROM persona.candidates(program, c, k.known, at) AS x) END
		FROM prop.customer AS c JOIN prop.person AS z ON z.key = c.key
			CROSS JOIN LATERAL (SELECT prop.known_by(program, c.key, at, planned_until) AS known) AS k
			LEFT JOIN LATERAL persona.decide(program, c, k.known, at) AS d ON true;

		-- in hindsight: what came later makes no difference
		PERFORM prop.count('decision as of', (SELECT count(*) FROM now));
		FOR miss IN
			SELECT n.customer, n.decision, to_jsonb(d) AS hindsight
			FROM now AS n JOIN prop.customer AS c ON c.key = n.customer
				LEFT JOIN LATERAL persona.decide(program, c, prop.known_by(program, c.key, 'infinity', planned_until), at) AS d ON true
			WHERE n.decision IS DISTINCT FROM to_jsonb(d)
		LOOP
			PERFORM prop.fail('decision as of', seed, NULL, miss.customer, at, format(E'then %s\nnow %s', miss.decision, miss.hindsight));
		END LOOP;
		IF planned_until = 'infinity' THEN
			PERFORM prop.count('decision as of', (SELECT count(*) FROM now));
			FOR miss IN
				SELECT n.customer, n.decision, to_jsonb(d) - 'customer' AS view
				FROM now AS n LEFT JOIN persona.next_message_at(at) AS d ON d.customer = n.customer
				WHERE n.decision IS DISTINCT FROM to_jsonb(d) - 'customer'
			LOOP
				PERFORM prop.fail('decision as of', seed, NULL, miss.customer, at, format(E'decide %s\nnext_message_at %s', miss.decision, miss.view));
			END LOOP;
		END IF;

		-- until valid_until: the same, at once if it was to be sent by then
		INSERT INTO later
		SELECT n.customer, w.t, n.known, to_jsonb(d),
			(SELECT jsonb_object_agg(concat_ws('/', x.campaign, x.channel, x.placement), to_jsonb(x) - 'rank') FROM persona.candidates(program, c, n.known, w.t) AS x)
		FROM now AS n JOIN prop.customer AS c ON c.key = n.customer
			CROSS JOIN LATERAL (
				SELECT prop.between(seed || i || n.number || k, at, least(n.until, at + (ARRAY[interval '1 hour', interval '30 hours', interval '9600 hours'])[k])) AS t
				FROM generate_series(1, 3) AS k
				UNION SELECT n.until - interval '1 microsecond' WHERE isfinite(n.until)
			) AS w
			LEFT JOIN LATERAL persona.decide(program, c, n.known, w.t) AS d ON true;
		PERFORM prop.count('decision until', (SELECT count(*) FROM later));
		FOR miss IN
			SELECT n.customer, l.t, n.decision, l.decision AS later, n.until
			FROM later AS l JOIN now AS n ON n.customer = l.customer
			WHERE n.decision - ARRAY['send_at', 'valid_until'] IS DISTINCT FROM l.decision - ARRAY['send_at', 'valid_until']
				OR greatest((n.decision ->> 'send_at')::timestamptz, l.t) <> (l.decision ->> 'send_at')::timestamptz
			ORDER BY l.t LIMIT 3
		LOOP
			PERFORM prop.fail('decision until', seed, NULL, miss.customer, at, format(E'until %s: %s\nat %s: %s', prop.shown(miss.until), miss.decision,
				prop.shown(miss.t), miss.later));
		END LOOP;

		-- and so does each candidate; the reasons of losers name the instant of the question
		PERFORM prop.count('candidates until', (SELECT count(*) FROM later));
		FOR miss IN
			SELECT n.customer, l.t, a.value AS candidate, b.value AS later
			FROM later AS l JOIN now AS n ON n.customer = l.customer
				CROSS JOIN LATERAL jsonb_each(n.candidates) AS a
				JOIN LATERAL jsonb_each(l.candidates) AS b ON b.key = a.key
			WHERE l.t < (a.value ->> 'valid_until')::timestamptz
				AND (a.value - ARRAY['send_at', 'valid_until', 'reason'] <> b.value - ARRAY['send_at', 'valid_until', 'reason']
					OR greatest((a.value ->> 'send_at')::timestamptz, l.t) <> (b.value ->> 'send_at')::timestamptz)
			ORDER BY l.t LIMIT 3
		LOOP
			PERFORM prop.fail('candidates until', seed, NULL, miss.customer, at, format(E'now %s\nat %s: %s', miss.candidate, prop.shown(miss.t), miss.later));
		END LOOP;
		COMMIT;
	END LOOP;
	DROP TABLE now, later;
END
$$;

--------------------------------------------------------------------------------
-- (e) no order of input matters, neither do parallel workers nor halves
--------------------------------------------------------------------------------

CREATE FUNCTION prop.plan_of(query text) RETURNS text
	LANGUAGE plpgsql
AS $$
DECLARE
	line text;
	result text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		result := result || line || E'\n';
	END LOOP;
	RETURN result;
END
$$;

CREATE PROCEDURE prop.check_order(seed text, instants integer)
	LANGUAGE plpgsql
	SET max_parallel_workers_per_gather = 2
	SET parallel_setup_cost = 0
	SET parallel_tuple_cost = 0
	SET min_parallel_table_scan_size = 0
	SET enable_hashagg = on
AS $$
DECLARE
	source record;
	query text;
	miss record;
	empty boolean;
BEGIN
	-- events that only their content can order
	INSERT INTO prop.clicks (customer, at, kind, n, item, page, weight, labels, meta)
	SELECT customer, at, prop.pick(seed || customer || n || at::text, ARRAY['view', 'cart_add']), n, item + 1, '/home', weight, labels, meta
	FROM prop.clicks WHERE customer IS NOT NULL AND at IS NOT NULL;
	ANALYZE prop.clicks;

	CREATE TABLE prop.variant (variant text, customer text, known persona.timeline);
	CREATE TEMP TABLE part (variant text, customer text, source text, known persona.timeline);
	FOR source IN SELECT name, relation, customer_column AS customer FROM persona.event_binding ORDER BY position LOOP
		EXECUTE format('INSERT INTO part
			SELECT ''plain'', e.%1$I, %2$L, persona.timeline(persona.program(), %2$L, e) FROM %3$s AS e GROUP BY e.%1$I
			UNION ALL
			SELECT ''shuffled'', e.%1$I, %2$L, persona.timeline(persona.program(), %2$L, e.row) FROM (SELECT s.%1$I, s AS row FROM %3$s AS s ORDER BY md5(%4$L || s::text)) AS e GROUP BY e.%1$I
			UNION ALL
			SELECT ''halves'', e.%1$I, %2$L, persona.timeline(persona.program(), %2$L, e) FILTER (WHERE prop.chance(e::text, 50))
				OPERATOR(persona.||) persona.timeline(persona.program(), %2$L, e) FILTER (WHERE NOT prop.chance(e::text, 50)) FROM %3$s AS e GROUP BY e.%1$I',
			source.customer, source.name, source.relation, seed);
		query := format('SELECT e.%1$I, persona.timeline(persona.program(), %2$L, e) FROM %3$s AS e GROUP BY e.%1$I', source.customer, source.name, source.relation);
		PERFORM prop.count('order of events', 1);
		EXECUTE format('SELECT count(*) = 0 FROM %s', source.relation) INTO empty;
		IF NOT empty AND prop.plan_of(query) NOT LIKE '%Partial%Aggregate%' THEN
			PERFORM prop.fail('order of events', seed, NULL, NULL, NULL, E'no workers in the plan\n' || prop.plan_of(query));
		END IF;
		-- what writes to a table has no workers, what a loop reads has
		FOR miss IN EXECUTE query LOOP
			NULL;
		END LOOP;
		EXECUTE format('CREATE TABLE prop.parallel AS %s', query);
		INSERT INTO part SELECT 'workers', p.customer, source.name, p.timeline FROM prop.parallel AS p (customer, timeline);
		DROP TABLE prop.parallel;
	END LOOP;

	-- and through text and back
	PERFORM prop.count('order of events', (SELECT count(*) FROM part));
	FOR miss IN SELECT p.customer, p.source FROM part AS p WHERE p.known::text::persona.timeline::text <> p.known::text LIMIT 5 LOOP
		PERFORM prop.fail('order of events', seed, NULL, miss.customer, NULL, format('the timeline of %s is another one when it is read from its text', miss.source));
	END LOOP;

	-- one source in whatever order: the same bytes
	PERFORM prop.count('order of events', (SELECT count(*) FROM part));
	FOR miss IN
		SELECT a.customer, b.variant, a.source FROM part AS a JOIN part AS b ON b.customer = a.customer AND b.source = a.source
		WHERE a.variant = 'plain' AND b.variant IN ('shuffled', 'workers') AND a.known::text <> b.known::text LIMIT 5
	LOOP
		PERFORM prop.fail('order of events', seed, NULL, miss.customer, NULL, format('the timeline of %s is another one when the input is %s', miss.source, miss.variant));
	END LOOP;

	-- all sources, concatenated in an order of their own
	INSERT INTO prop.variant
	SELECT v.variant, c.key, k.known
	FROM (SELECT DISTINCT variant FROM part) AS v CROSS JOIN prop.customer AS c
		CROSS JOIN LATERAL (
			SELECT (SELECT p.known FROM part AS p WHERE p.variant = v.variant AND p.customer = c.key AND p.source = o.s[1])
				OPERATOR(persona.||) ((SELECT p.known FROM part AS p WHERE p.variant = v.variant AND p.customer = c.key AND p.source = o.s[2])
				OPERATOR(persona.||) (SELECT p.known FROM part AS p WHERE p.variant = v.variant AND p.customer = c.key AND p.source = o.s[3]))
				OPERATOR(persona.||) ((SELECT p.known FROM part AS p WHERE p.variant = v.variant AND p.customer = c.key AND p.source = o.s[4])
				OPERATOR(persona.||) (SELECT p.known FROM part AS p WHERE p.variant = v.variant AND p.customer = c.key AND p.source = o.s[5]))
				OPERATOR(persona.||) (SELECT p.known FROM part AS p WHERE p.variant = v.variant AND p.customer = c.key AND p.source = o.s[6])
				OPERATOR(persona.||) ((SELECT p.known FROM part AS p WHERE p.variant = v.variant AND p.customer = c.key AND p.source = o.s[7])
				OPERATOR(persona.||) (SELECT p.known FROM part AS p WHERE p.variant = v.variant AND p.customer = c.key AND p.source = o.s[8])) AS known
			FROM (SELECT array_agg(b.name ORDER BY md5(v.variant || b.name)) AS s FROM persona.event_binding AS b) AS o
		) AS k;
	FOR miss IN
		SELECT v.customer, i.at, count(DISTINCT concat(m.cohorts, m.triggers, m.decision, m.candidates)) AS answers,
			bool_or(m.view IS DISTINCT FROM m.decision) AS not_the_view,
			string_agg(concat(v.variant, ': ', md5(concat(m.cohorts, m.triggers, m.decision, m.candidates))), ', ') AS differ
		FROM generate_series(1, instants) AS k
			JOIN prop.pool AS i ON i.n = prop.below(seed || 'at' || k, 2000)
			CROSS JOIN prop.variant AS v JOIN prop.customer AS c ON c.key = v.customer
			CROSS JOIN LATERAL (
				SELECT (SELECT string_agg(x::text, ';') FROM persona.cohorts(persona.program(), c, v.known, i.at) AS x) AS cohorts,
					(SELECT string_agg(x::text, ';') FROM persona.triggers(persona.program(), c, v.known, i.at) AS x) AS triggers,
					(SELECT string_agg(x::text, ';') FROM persona.candidates(persona.program(), c, v.known, i.at) AS x) AS candidates,
					(SELECT (to_jsonb(x) - 'customer')::text FROM persona.decide(persona.program(), c, v.known, i.at) AS x) AS decision,
					(SELECT (to_jsonb(x) - 'customer')::text FROM persona.next_message_at(i.at) AS x WHERE x.customer = c.key) AS view
			) AS m
		GROUP BY v.customer, i.at
	LOOP
		PERFORM prop.count('order of events', 4);
		IF miss.answers > 1 OR miss.not_the_view THEN
			PERFORM prop.fail('order of events', seed, NULL, miss.customer, miss.at, format('answers by order of input: %s; other than the view: %s', miss.differ, miss.not_the_view));
		END IF;
	END LOOP;
	DROP TABLE prop.variant, part;
END
$$;

--------------------------------------------------------------------------------
-- (h) the edges of windows, worked out by hand: each condition holds exactly
-- from one instant on, and until another
--------------------------------------------------------------------------------

CREATE PROCEDURE prop.check_edges(seed text, events integer)
	LANGUAGE plpgsql
AS $$
DECLARE
	e record;
	k record;
	r record;
	d text;
	l interval;
	edge timestamptz;
	where_it text;
	expected boolean;
	t timestamptz;
BEGIN
	-- an order and a customer's last visit at the same instant, and a length
	FOR e IN
		SELECT o.customer, o.placed_at AS at, c.seen, p.zone, row_number() OVER () AS n
		FROM prop.orders AS o JOIN prop.customer AS c ON c.key = o.customer JOIN prop.person AS p ON p.key = c.key
		WHERE isfinite(c.seen) AND NOT EXISTS (SELECT FROM prop.orders AS x WHERE x.customer = o.customer AND x.placed_at = o.placed_at AND x.id <> o.id)
			AND NOT EXISTS (SELECT FROM prop.legacy AS x WHERE x.customer = o.customer AND x.moment = o.placed_at)
		ORDER BY md5(seed || o.customer || o.placed_at::text) LIMIT events
	LOOP
		d := prop.pick(seed || e.n, prop.lengths());
		l := prop.length(d);
		where_it := format('"where": {"attribute": "at", "is": %s}', to_json(prop.shown(e.at)));
		FOR k IN
			SELECT * FROM (VALUES
				(format('{"event": "order", %s, "within": "%s"}', where_it, d), e.at, e.at + l),
				(format('{"event": "order", %s, "within": "%s", "times": {"is": 1}}', where_it, d), e.at, e.at + l),
				(format('{"not": {"event": "order", %s, "within": "%s", "times": {"less_than": 1}}}', where_it, d), e.at, e.at + l),
				(format('{"event": "order", %s, "last": {"within": "%s"}}', where_it, d), e.at, e.at + l),
				(format('{"event": "order", %s, "first": {"before": "%s"}}', where_it, d), e.at + l, 'infinity'),
				(format('{"event": "order", %s, "within": "%s", "last": {"before": "1 microsecond"}}', where_it, d), e.at + interval '1 microsecond', e.at + l),
				(format('{"event": "order", %s, "every": {"period": "%s", "of": 1, "at_least": 1}}', where_it, d), e.at, e.at + l),
				(format('{"event": "order", %s, "every": {"period": "%s", "of": 3, "is": 1}}', where_it, d), e.at, e.at + 3 * l),
				(format('{"event": "order", %s, "before": "%s"}', where_it, d), e.at + l, 'infinity'),
				(format('{"event": "order", %s, "within": "100 days", "before": "%s", "times": {"is": 1}}', where_it, d), e.at + l, e.at + interval '2400 hours'),
				(format('{"event": "order", %s, "within": "100 days", "before": "%s", "last": {"before": "99 days"}}', where_it, d), e.at + interval '2376 hours', e.at + interval '2400 hours'),
				(format('{"sequence": [{"event": "order", %s}], "completed_within": "%s"}', where_it, d), e.at, e.at + l),
				(format('{"sequence": [{"event": "order", %s}, {"no": "order", "for": "1 hour", "where": {"any": []}}], "completed_within": "%s"}', where_it, d),
					e.at + interval '1 hour', e.at + interval '1 hour' + l),
				(format('{"held": {"event": "order", %s}, "for": "%s"}', where_it, d), e.at + l, 'infinity'),
				(format('{"held": {"event": "order", %s, "within": "100 days"}, "for": "%s"}', where_it, d), e.at + l, e.at + interval '2400 hours'),
				(format('{"per": "id", "event": "order", %s, "within": "%s"}', where_it, d), e.at, e.at + l),
				(format('{"per": "id", "held": {"event": "order", %s}, "for": "%s"}', where_it, d), e.at + l, 'infinity'),
				(format('{"sequence": [{"event": "order", %s}]}', where_it), e.at, 'infinity'),
				(format('{"sequence": [{"event": "order", %s}], "within": "%s"}', where_it, d), e.at, e.at + l),
				(format('{"sequence": [{"event": "order", %s}, {"no": "order", "for": "%s", "where": {"any": []}}]}', where_it, d), e.at + l, 'infinity'),
				(format('{"sequence": [{"event": "order", %s}, {"no": "order", "for": "%s", "where": {"any": []}}], "within": "100 days"}', where_it, d),
					e.at + l, e.at + interval '2400 hours'),
				(format('{"event": "order", %s, "within": "today", "zone": "UTC"}', where_it), e.at,
					(date_trunc('day', e.at AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC'),
				(format('{"event": "order", %s, "within": "yesterday", "zone": "UTC"}', where_it),
					(date_trunc('day', e.at AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC',
					(date_trunc('day', e.at AT TIME ZONE 'UTC') + interval '2 days') AT TIME ZONE 'UTC'),
				(format('{"event": "order", %s, "within": "last 2 days"}', where_it), e.at,
					oracle.day_begin((e.at AT TIME ZONE e.zone)::date + 2, e.zone)),
				(format('{"event": "order", %s, "last": {"before": "this month"}}', where_it),
					oracle.day_begin(date_trunc('month', e.at AT TIME ZONE e.zone) + interval '1 month', e.zone), 'infinity'),
				(format('{"attribute": "seen", "within_last": "%s"}', d), e.seen, e.seen + l),
				(format('{"attribute": "seen", "within_next": "%s"}', d), e.seen - l, e.seen),
				(format('{"attribute": "seen", "before": "%s"}', d), e.seen + l, 'infinity'),
				(format('{"not": {"attribute": "seen", "after": "%s"}}', d), e.seen - l, 'infinity'),
				('{"attribute": "seen", "on": "today"}', oracle.day_begin((e.seen AT TIME ZONE e.zone)::date, e.zone),
					oracle.day_begin((e.seen AT TIME ZONE e.zone)::date + 1, e.zone)),
				('{"attribute": "seen", "on": "next week", "zone": "UTC"}',
					(date_trunc('week', e.seen AT TIME ZONE 'UTC') - interval '7 days') AT TIME ZONE 'UTC', date_trunc('week', e.seen AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'),
				('{"not": {"attribute": "seen", "after": "this quarter"}}',
					oracle.day_begin(date_trunc('quarter', e.seen AT TIME ZONE e.zone), e.zone), 'infinity'),
				('{"attribute": "seen", "before": "today"}', oracle.day_begin((e.seen AT TIME ZONE e.zone)::date + 1, e.zone), 'infinity')
			) AS v (condition, holds_from, holds_until)
		LOOP
			FOR r IN
				SELECT x.edge + interval '1 microsecond' * s AS t
				FROM (VALUES (k.holds_from), (k.holds_until)) AS x (edge), generate_series(-1, 1) AS s
				WHERE isfinite(x.edge)
			LOOP
				t := r.t;
				expected := t >= k.holds_from AND t < k.holds_until;
				PERFORM prop.count('window edges', 1);
				PERFORM prop.fail('window edges', seed, k.condition::jsonb, e.customer, t, format('%s since %s until %s; by hand it holds from %s until %s',
					x.truth, prop.shown(x.since), prop.shown(x.until), prop.shown(k.holds_from), prop.shown(k.holds_until)))
				FROM prop.customer AS c CROSS JOIN LATERAL persona.truth(c, k.condition::persona.condition, t) AS x
				WHERE c.key = e.customer AND (x.truth IS DISTINCT FROM expected
					OR x.since <> CASE WHEN expected THEN k.holds_from WHEN t < k.holds_from THEN '-infinity' ELSE k.holds_until END
					-- the begin of an event's window is news, not time passing
					OR x.until <> CASE WHEN expected THEN k.holds_until WHEN t >= k.holds_until THEN 'infinity'
						WHEN k.condition LIKE '%"event"%' AND t < e.at THEN 'infinity' ELSE k.holds_from END);
			END LOOP;
		END LOOP;
	END LOOP;
END
$$;
