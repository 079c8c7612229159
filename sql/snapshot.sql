--------------------------------------------------------------------------------
-- snapshot: the answers as tables, for dashboards
--
-- persona.refresh_snapshot() brings them up to date, and looks only at those
-- whose data changed, or whose answers stood until now.  Changes that a run
-- takes out of persona.change are put into persona.snapshot_change for it.
--------------------------------------------------------------------------------

CREATE TABLE persona.snapshot_state (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	as_of timestamptz NOT NULL,
	program bytea NOT NULL,
	listed_at timestamptz NOT NULL,
	looked_at bigint NOT NULL
);

COMMENT ON TABLE persona.snapshot_state IS 'as of when the snapshot is; no row before its first refresh';
COMMENT ON COLUMN persona.snapshot_state.only_row IS 'always true: there is at most one row';
COMMENT ON COLUMN persona.snapshot_state.as_of IS 'the instant of the last refresh';
COMMENT ON COLUMN persona.snapshot_state.program IS 'the hash of the program that answered';
COMMENT ON COLUMN persona.snapshot_state.listed_at IS 'when changes that columns tell were listed last';
COMMENT ON COLUMN persona.snapshot_state.looked_at IS 'how many customers the last refresh looked at';

SELECT pg_extension_config_dump('persona.snapshot_state', '');

CREATE TABLE persona.reach_history (
	day date,
	cohort text,
	customers bigint NOT NULL CHECK (customers >= 0),
	PRIMARY KEY (day, cohort)
);

COMMENT ON TABLE persona.reach_history IS 'how many customers each cohort had at the last refresh of each day';
COMMENT ON COLUMN persona.reach_history.day IS 'the day of the default time zone';
COMMENT ON COLUMN persona.reach_history.cohort IS 'the cohort';
COMMENT ON COLUMN persona.reach_history.customers IS 'its members';

SELECT pg_extension_config_dump('persona.reach_history', '');

CREATE FUNCTION persona.create_snapshot() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customer_key record;
	made text;
	columns text;
	described record;
BEGIN
	SELECT * INTO STRICT customer_key FROM persona.customer_key();
	IF to_regclass('persona.snapshot_message') IS NULL THEN
		SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) INTO STRICT columns
		FROM pg_attribute AS a WHERE a.attrelid = 'persona.decision'::regclass AND NOT a.attisdropped;
		EXECUTE format('CREATE TABLE persona.snapshot_message (customer %s PRIMARY KEY, asked_at timestamptz NOT NULL, %s)',
			customer_key.declared, columns);
		EXECUTE format('CREATE TABLE persona.snapshot_due (customer %s PRIMARY KEY, valid_until timestamptz NOT NULL)', customer_key.declared);
		CREATE INDEX snapshot_due_valid_until_idx ON persona.snapshot_due (valid_until);
		EXECUTE format('CREATE TABLE persona.snapshot_change (customer %s)', customer_key.declared);
		EXECUTE format('CREATE TABLE persona.cohort_history (customer %s, cohort text, entered_on timestamptz, '
			'left_on timestamptz CHECK (left_on >= entered_on), since timestamptz NOT NULL, until timestamptz NOT NULL, '
			'PRIMARY KEY (customer, cohort, entered_on))', customer_key.declared);
		CREATE INDEX cohort_history_cohort_idx ON persona.cohort_history (cohort) WHERE left_on IS NULL;

		FOR described IN
			SELECT a.attname AS name, col_description(a.attrelid, a.attnum) AS about
			FROM pg_attribute AS a WHERE a.attrelid = 'persona.decision'::regclass AND NOT a.attisdropped
			UNION ALL VALUES ('customer', 'the customer''s key'), ('asked_at', 'the instant as of which the customer was looked at')
		LOOP
			EXECUTE format('COMMENT ON COLUMN persona.snapshot_message.%I IS %L', described.name, described.about);
		END LOOP;
		COMMENT ON TABLE persona.snapshot_message IS 'behind the view persona.next_message_snapshot: each customer''s next message when the customer was looked at';
		COMMENT ON TABLE persona.snapshot_due IS 'until when what the snapshot tells of a customer stands';
		COMMENT ON COLUMN persona.snapshot_due.customer IS 'the customer''s key';
		COMMENT ON COLUMN persona.snapshot_due.valid_until IS 'the customer is to be looked at again at that instant';
		COMMENT ON TABLE persona.snapshot_change IS 'changes that a run took out of persona.change and the snapshot has not seen';
		COMMENT ON COLUMN persona.snapshot_change.customer IS 'the customer''s key; NULL: everyone';
		COMMENT ON TABLE persona.cohort_history IS 'who was in which cohort, as refreshes saw it';
		COMMENT ON COLUMN persona.cohort_history.customer IS 'the customer''s key';
		COMMENT ON COLUMN persona.cohort_history.cohort IS 'the cohort';
		COMMENT ON COLUMN persona.cohort_history.entered_on IS 'in the cohort since then: the instant at which time or an event brought the customer in, or the refresh that found it; -infinity if always';
		COMMENT ON COLUMN persona.cohort_history.left_on IS 'not in the cohort from then on: the instant at which time brought the customer out, or the refresh that found it; NULL: still in';
		COMMENT ON COLUMN persona.cohort_history.since IS 'the same as in persona.cohort_member';
		COMMENT ON COLUMN persona.cohort_history.until IS 'the same as in persona.cohort_member';
	ELSE
		FOREACH made IN ARRAY ARRAY['persona.snapshot_message', 'persona.snapshot_due', 'persona.snapshot_change', 'persona.cohort_history'] LOOP
			-- the snapshot of other customers is none of these
			EXECUTE format('DELETE FROM %s WHERE NOT EXISTS (SELECT FROM pg_attribute AS a '
				'WHERE a.attrelid = %1$L::regclass AND a.attname = ''customer'' AND a.atttypid = %L::oid)', made, customer_key.type);
			PERFORM persona.adapt_customer(made, customer_key.type, customer_key.collation, customer_key.declared);
		END LOOP;
	END IF;
	INSERT INTO persona.snapshot_change VALUES (NULL);
END
$$;

COMMENT ON FUNCTION persona.create_snapshot() IS 'makes the tables of the snapshot for the bound customers'' key, or adapts those that exist';

CREATE FUNCTION persona.pass_change_on() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF EXISTS (SELECT FROM persona.snapshot_state) THEN
		INSERT INTO persona.snapshot_change SELECT DISTINCT d.customer FROM done AS d;
	END IF;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION persona.pass_change_on() IS 'statement trigger on persona.change with transition table "done": what a run has dealt with is still news to the snapshot, if there is one';

CREATE FUNCTION persona.create_refresher() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made record;
	selected text;
	described record;
BEGIN
	SELECT format_type(k.type, -1) AS type, k.declared, q.operator, quote_ident(b.key_column) AS key, b.relation::text
	INTO STRICT made
	FROM persona.customer_key() AS k CROSS JOIN persona.equality(k.type, k.type) AS q
		CROSS JOIN persona.customer_binding AS b;
	SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO STRICT selected
	FROM pg_attribute AS a WHERE a.attrelid = 'persona.decision'::regclass AND NOT a.attisdropped;

	EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.standings(customers %1$s[], as_of timestamptz, program persona.program)
RETURNS TABLE (customer %1$s, standing persona.standing)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT c.%2$s, (d.*)::persona.standing
	FROM %3$s
	CROSS JOIN LATERAL persona.stand(p.program, c.*, t.events, standings.as_of) AS d
	WHERE standings.customers IS NULL OR c.%2$s %4$s ANY (standings.customers);
END$sql$, made.type, made.key, persona.bound_scan('(SELECT persona.unpacked(standings.program) OFFSET 0)'), made.operator);

	PERFORM persona.create_sparing('standings', 'standing', made.type);
	EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.update_snapshot(everyone boolean, as_of timestamptz, earlier timestamptz, program persona.program)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
	asked %1$s[] := CASE WHEN NOT everyone THEN ARRAY(SELECT l.customer FROM pg_temp.persona_listed AS l) END;
	spared record;
	failed %1$s[] := '{}';
	errors jsonb := '[]';
	looked_at bigint;
BEGIN
	BEGIN
		CREATE TEMPORARY TABLE persona_standing ON COMMIT DROP AS
			SELECT s.customer, s.standing FROM persona.standings(asked, update_snapshot.as_of, update_snapshot.program) AS s;
	EXCEPTION WHEN data_exception OR program_limit_exceeded OR raise_exception THEN
		-- it fails with some: find out with whom
		CREATE TEMPORARY TABLE persona_standing (customer %4$s, standing persona.standing) ON COMMIT DROP;
		IF everyone THEN
			asked := ARRAY(SELECT c.%5$s FROM %6$s AS c);
		END IF;
		FOR i IN 0 .. (cardinality(asked) - 1) / 2000 LOOP
			spared := persona.standings_or_errors(asked[2000 * i + 1 : 2000 * (i + 1)], update_snapshot.as_of, update_snapshot.program);
			INSERT INTO pg_temp.persona_standing SELECT spared.customers[n], spared.answers[n] FROM generate_subscripts(spared.customers, 1) AS n;
			failed := failed || spared.failed;
			errors := errors || spared.errors;
		END LOOP;
	END;
	SELECT count(*) + cardinality(failed) INTO looked_at FROM pg_temp.persona_standing;
	-- and whoever is gone; of those with whom it fails the snapshot tells what it told before
	INSERT INTO pg_temp.persona_standing (customer)
	SELECT d.customer
	FROM (SELECT l.customer FROM pg_temp.persona_listed AS l
		UNION SELECT u.customer FROM persona.snapshot_due AS u WHERE everyone) AS d
	WHERE NOT EXISTS (SELECT FROM pg_temp.persona_standing AS s WHERE s.customer %2$s d.customer)
		AND NOT EXISTS (SELECT FROM unnest(failed) AS f (customer) WHERE f.customer %2$s d.customer);
	INSERT INTO persona.snapshot_due AS d (customer, valid_until)
	SELECT f.customer, '-infinity' FROM unnest(failed) AS f (customer)
	ON CONFLICT (customer) DO UPDATE SET valid_until = EXCLUDED.valid_until;
	IF cardinality(failed) > 0 THEN
		RAISE WARNING USING
			MESSAGE = format('%%s customers are left as the snapshot was, since their answers fail', cardinality(failed)),
			DETAIL = format('Customer %%s: %%s.', errors -> 0 ->> 'customer', errors -> 0 ->> 'message'),
			HINT = 'The next refresh looks at them again.';
	END IF;
	ANALYZE pg_temp.persona_standing;

	DELETE FROM persona.snapshot_due AS d USING pg_temp.persona_standing AS s
	WHERE d.customer %2$s s.customer AND (s.standing).valid_until IS NULL;
	INSERT INTO persona.snapshot_due AS d (customer, valid_until)
	SELECT s.customer, (s.standing).valid_until FROM pg_temp.persona_standing AS s WHERE (s.standing).valid_until IS NOT NULL
	ON CONFLICT (customer) DO UPDATE SET valid_until = EXCLUDED.valid_until WHERE d.valid_until <> EXCLUDED.valid_until;

	DELETE FROM persona.snapshot_message AS m USING pg_temp.persona_standing AS s WHERE m.customer %2$s s.customer;
	INSERT INTO persona.snapshot_message (customer, asked_at, %3$s)
	SELECT s.customer, update_snapshot.as_of, (((s.standing).ruling).decision).*
	FROM pg_temp.persona_standing AS s WHERE ((s.standing).ruling).stage = 'chosen';

	CREATE TEMPORARY TABLE persona_member ON COMMIT DROP AS
		SELECT s.customer, c.cohort, c.since, c.until
		FROM pg_temp.persona_standing AS s CROSS JOIN unnest((s.standing).cohorts, (s.standing).since, (s.standing).until) AS c (cohort, since, until);
	ANALYZE pg_temp.persona_member;
	-- out, or out and in again since the last refresh
	CREATE TEMPORARY TABLE persona_left ON COMMIT DROP AS
		SELECT h.customer, h.cohort, h.entered_on
		FROM persona.cohort_history AS h JOIN pg_temp.persona_standing AS s ON h.customer %2$s s.customer
			LEFT JOIN pg_temp.persona_member AS m ON m.customer %2$s h.customer AND m.cohort = h.cohort
		WHERE h.left_on IS NULL AND (m.customer IS NULL OR m.since > earlier AND m.since > h.entered_on);
	UPDATE persona.cohort_history AS h
	SET left_on = greatest(h.entered_on, CASE WHEN h.until <= update_snapshot.as_of THEN h.until ELSE update_snapshot.as_of END)
	FROM pg_temp.persona_left AS l
	WHERE h.customer %2$s l.customer AND h.cohort = l.cohort AND h.entered_on = l.entered_on AND h.left_on IS NULL;
	UPDATE persona.cohort_history AS h SET since = m.since, until = m.until
	FROM pg_temp.persona_member AS m
	WHERE h.customer %2$s m.customer AND h.cohort = m.cohort AND h.left_on IS NULL AND (h.since <> m.since OR h.until <> m.until);
	CREATE TEMPORARY TABLE persona_entered ON COMMIT DROP AS
		SELECT m.customer, m.cohort, CASE WHEN earlier IS NULL OR m.since > earlier THEN m.since ELSE update_snapshot.as_of END AS entered_on,
			m.since, m.until
		FROM pg_temp.persona_member AS m
		WHERE NOT EXISTS (SELECT FROM persona.cohort_history AS h
			WHERE h.customer %2$s m.customer AND h.cohort = m.cohort AND h.left_on IS NULL);
	INSERT INTO persona.cohort_history AS h (customer, cohort, entered_on, since, until)
	SELECT e.customer, e.cohort, e.entered_on, e.since, e.until FROM pg_temp.persona_entered AS e
	ON CONFLICT (customer, cohort, entered_on) DO UPDATE SET left_on = NULL, since = EXCLUDED.since, until = EXCLUDED.until;

	-- the reach of the day: what it was before, and who came and went
	INSERT INTO persona.reach_history AS r (day, cohort, customers)
	SELECT persona.channel_day(update_snapshot.as_of), n.cohort, coalesce(b.customers, 0) + n.change
	FROM (SELECT c.cohort, sum(c.change) AS change
			FROM (SELECT e.cohort, count(*) AS change FROM pg_temp.persona_entered AS e GROUP BY e.cohort
				UNION ALL SELECT l.cohort, -count(*) FROM pg_temp.persona_left AS l GROUP BY l.cohort
				UNION ALL SELECT c.name, 0 FROM persona.cohort AS c) AS c
			GROUP BY c.cohort) AS n
		LEFT JOIN LATERAL (SELECT o.customers FROM persona.reach_history AS o
			WHERE o.cohort = n.cohort AND o.day <= persona.channel_day(update_snapshot.as_of) ORDER BY o.day DESC LIMIT 1) AS b ON true
	ON CONFLICT ON CONSTRAINT reach_history_pkey DO UPDATE SET customers = EXCLUDED.customers;
	DROP TABLE pg_temp.persona_standing, pg_temp.persona_member, pg_temp.persona_left, pg_temp.persona_entered;
	RETURN looked_at;
END
$body$ $sql$, made.type, made.operator, selected, made.declared, made.key, made.relation);
	EXECUTE format('COMMENT ON FUNCTION persona.standings(%s[], timestamptz, persona.program) IS %L', made.type,
		'where each of some customers stands as of an instant, with a program; NULL: all');
	COMMENT ON FUNCTION persona.update_snapshot(boolean, timestamptz, timestamptz, persona.program) IS
		'the step of persona.refresh_snapshot() that looks at everyone, or at the customers in pg_temp.persona_listed, and writes what is new; earlier: the instant of the refresh before; returns at how many it looked';

	-- what can be sent at once can be sent as of the refresh
	EXECUTE format('CREATE OR REPLACE VIEW persona.next_message_snapshot WITH (security_invoker = true) AS '
		'SELECT m.customer, %s FROM persona.snapshot_message AS m CROSS JOIN persona.snapshot_state AS s',
		(SELECT string_agg(CASE a.attname WHEN 'send_at' THEN 'CASE WHEN m.send_at = m.asked_at THEN s.as_of ELSE m.send_at END AS send_at'
				ELSE format('m.%I', a.attname) END, ', ' ORDER BY a.attnum)
			FROM pg_attribute AS a WHERE a.attrelid = 'persona.decision'::regclass AND NOT a.attisdropped));
	COMMENT ON VIEW persona.next_message_snapshot IS 'each customer''s next message as of the last refresh; no row for a customer who had none';
	FOR described IN
		SELECT a.attname AS name, col_description(a.attrelid, a.attnum) AS about
		FROM pg_attribute AS a WHERE a.attrelid = 'persona.decision'::regclass AND NOT a.attisdropped
		UNION ALL SELECT 'customer', 'the customer''s key'
	LOOP
		EXECUTE format('COMMENT ON COLUMN persona.next_message_snapshot.%I IS %L', described.name, described.about);
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.create_refresher() IS 'makes, or replaces in place, the view next_message_snapshot and the functions that refresh the snapshot';

CREATE FUNCTION persona.drop_refresher() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
BEGIN
	DROP VIEW IF EXISTS persona.next_message_snapshot;
	DROP FUNCTION IF EXISTS persona.standings, persona.standings_or_errors, persona.update_snapshot;
END
$$;

COMMENT ON FUNCTION persona.drop_refresher() IS 'drops what persona.create_refresher() made; an error if other objects depend on it';

CREATE FUNCTION persona.refresh_snapshot(as_of timestamptz DEFAULT NULL, everyone boolean DEFAULT false) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
DECLARE
	state persona.snapshot_state;
	current persona.program := persona.program();
	began timestamptz := clock_timestamp();
	key_declared text := (SELECT k.declared FROM persona.customer_key() AS k);
	listing text;
	watched persona.change_watch;
	looked_at bigint;
BEGIN
	IF key_declared IS NULL THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = 'no customers are bound',
			HINT = 'Call persona.bind_customers().';
	END IF;
	-- one refresh after the other
	PERFORM pg_advisory_xact_lock('pg_class'::regclass::integer, 'persona.snapshot_state'::regclass::integer);
	SELECT * INTO state FROM persona.snapshot_state;
	refresh_snapshot.as_of := coalesce(persona.check_as_of(refresh_snapshot.as_of), greatest(clock_timestamp(), state.as_of));
	IF refresh_snapshot.as_of < state.as_of THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'the snapshot does not go back in time',
			DETAIL = format('It is as of %s, and as_of is %s.', state.as_of, refresh_snapshot.as_of);
	END IF;
	everyone := everyone OR state.as_of IS NULL OR state.program <> persona.program_hash(current)
		OR EXISTS (SELECT FROM persona.unwatched())
		OR EXISTS (SELECT FROM persona.change AS c WHERE c.customer IS NULL)
		OR EXISTS (SELECT FROM persona.snapshot_change AS c WHERE c.customer IS NULL);
	PERFORM persona.show_run('refresh', 0, -1, 0, 0, 0);

	-- first take the changes, then look at what they changed; the runs have to see them, too
	WITH seen AS (DELETE FROM persona.change RETURNING customer)
	INSERT INTO persona.run_change SELECT DISTINCT s.customer FROM seen AS s;
	listing := 'SELECT d.customer FROM persona.snapshot_due AS d WHERE d.valid_until <= $1 UNION SELECT g.customer FROM gone AS g';
	FOR watched IN SELECT * FROM persona.change_watch AS w WHERE w.method = 'column' ORDER BY w.relation::text COLLATE "C" LOOP
		listing := listing || format(' UNION SELECT w.%I::%s FROM %s AS w WHERE w.%I >= $2 - %L::interval',
			watched.customer_column, key_declared, watched.relation, watched.changed_at_column, watched.lateness);
	END LOOP;
	EXECUTE format('CREATE TEMPORARY TABLE persona_listed (customer %s) ON COMMIT DROP', key_declared);
	EXECUTE format('WITH gone AS (DELETE FROM persona.snapshot_change RETURNING customer) '
		'INSERT INTO pg_temp.persona_listed SELECT l.customer FROM (%s) AS l WHERE l.customer IS NOT NULL AND NOT $3', listing)
	USING refresh_snapshot.as_of, state.listed_at, everyone;
	EXECUTE 'SELECT persona.update_snapshot($1, $2, $3, $4)' INTO looked_at
	USING everyone, refresh_snapshot.as_of, state.as_of, current;

	INSERT INTO persona.snapshot_state AS s (as_of, program, listed_at, looked_at)
	VALUES (refresh_snapshot.as_of, persona.keep_program(current), began, looked_at)
	ON CONFLICT ON CONSTRAINT snapshot_state_pkey DO UPDATE SET as_of = EXCLUDED.as_of, program = EXCLUDED.program,
		listed_at = EXCLUDED.listed_at, looked_at = EXCLUDED.looked_at;
	DROP TABLE pg_temp.persona_listed;
	PERFORM persona.hide_run();
	RETURN looked_at;
END
$$;

COMMENT ON FUNCTION persona.refresh_snapshot(timestamptz, boolean) IS
'brings persona.next_message_snapshot, persona.cohort_history and persona.reach_history up to date, in the caller''s transaction: for those whose data changed and those whose answers stood until now, or everyone if that is not known.
as_of: the instant, by default the clock''s, not in the future nor before the last refresh; everyone: look at everyone.
Returns at how many customers it looked.
Errors: datetime_field_overflow, invalid_parameter_value; object_not_in_prerequisite_state if no customers are bound';

-- They create and drop objects.
REVOKE EXECUTE ON FUNCTION persona.create_snapshot(), persona.create_refresher(), persona.drop_refresher() FROM PUBLIC;
