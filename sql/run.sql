--------------------------------------------------------------------------------
-- run: contacts are written, for one customer or for all who are due
--
-- Every contact is written by persona.write_contacts(), which bind_customers()
-- makes, and for a customer whose row in persona.due is locked: so decisions
-- for one customer come one after the other, each on what the one before left.
--
-- persona.commit_message() decides for one customer, persona.run() for all who
-- are due: those whose data changed (persona.change notes whose), and those
-- whose last decision stood until now (persona.due knows until when).
--------------------------------------------------------------------------------

--------------------------------------------------------------------------------
-- Programs that have decided something
--------------------------------------------------------------------------------

CREATE TABLE persona.program_archive (
	hash bytea PRIMARY KEY,
	program persona.program NOT NULL,
	first_used_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT program_archive_hash_of_program CHECK (hash = persona.program_hash(program))
);

COMMENT ON TABLE persona.program_archive IS 'the programs that have decided something, so that each decision can be made again';
COMMENT ON COLUMN persona.program_archive.hash IS 'the hash, by which persona.contact.program names it';
COMMENT ON COLUMN persona.program_archive.program IS 'the program';
COMMENT ON COLUMN persona.program_archive.first_used_at IS 'when it first decided something';

SELECT pg_extension_config_dump('persona.program_archive', '');

CREATE FUNCTION persona.keep_program(program persona.program) RETURNS bytea
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	its_hash bytea := persona.program_hash(keep_program.program);
BEGIN
	IF NOT EXISTS (SELECT FROM persona.program_archive AS a WHERE a.hash = its_hash) THEN
		INSERT INTO persona.program_archive AS a (hash, program)
		VALUES (its_hash, keep_program.program)
		ON CONFLICT ON CONSTRAINT program_archive_pkey DO NOTHING;
	END IF;
	RETURN its_hash;
END
$$;

COMMENT ON FUNCTION persona.keep_program(persona.program) IS 'keeps a program in persona.program_archive, unless it is there, and tells its hash; NULL for NULL';

--------------------------------------------------------------------------------
-- Places on channels with a capacity
--------------------------------------------------------------------------------

CREATE TABLE persona.capacity_use (
	channel text,
	day date,
	used integer NOT NULL DEFAULT 0 CHECK (used >= 0),
	PRIMARY KEY (channel, day)
);

COMMENT ON TABLE persona.capacity_use IS 'how many places of a channel with a capacity are taken on a day; kept by persona.write_contacts() and the trigger give_place_back';
COMMENT ON COLUMN persona.capacity_use.channel IS 'the channel';
COMMENT ON COLUMN persona.capacity_use.day IS 'the calendar day of the default time zone';
COMMENT ON COLUMN persona.capacity_use.used IS 'contacts that are to be sent that day and have not ended';

SELECT pg_extension_config_dump('persona.capacity_use', '');

CREATE FUNCTION persona.give_place_back() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE persona.capacity_use AS u SET used = u.used + CASE WHEN TG_OP = 'DELETE' OR OLD.ended_at IS NULL THEN -1 ELSE 1 END
	WHERE u.channel = OLD.channel AND u.day = OLD.capacity_day;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION persona.give_place_back() IS 'row trigger on persona.contact: a contact that ends, or is deleted before, gives its place on a channel with a capacity back; one that has not ended after all takes it again.
It has the owner''s rights, since whoever may end a contact need not be able to write places';

CREATE FUNCTION persona.channel_day(send_at timestamptz) RETURNS date
	LANGUAGE sql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT (channel_day.send_at AT TIME ZONE b.default_time_zone)::date FROM persona.customer_binding AS b;
	END;

COMMENT ON FUNCTION persona.channel_day(timestamptz) IS 'the calendar day of the default time zone on which an instant is; NULL for NULL or while no customers are bound';

CREATE FUNCTION persona.close_days(program persona.program, channels text[], days date[]) RETURNS persona.program
	LANGUAGE sql STABLE PARALLEL SAFE COST 100000
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT CASE WHEN cardinality(channels) IS NULL OR cardinality(channels) = 0 THEN program
			ELSE jsonb_set(program::jsonb, '{prices}', coalesce(program::jsonb -> 'prices', '[]')
				|| (SELECT jsonb_agg(jsonb_build_object('channel', d.channel, 'priority', p.priority, 'price', 'Infinity',
						'from', persona.microseconds(d.day::timestamp AT TIME ZONE b.default_time_zone),
						'until', persona.microseconds((d.day + 1)::timestamp AT TIME ZONE b.default_time_zone))
						ORDER BY d.channel COLLATE "C", d.day, p.priority)
					FROM unnest(channels, days) AS d (channel, day)
						CROSS JOIN (SELECT DISTINCT coalesce((c ->> 'priority')::integer, 0) AS priority
							FROM jsonb_array_elements(program::jsonb -> 'campaigns') AS c) AS p
						CROSS JOIN persona.customer_binding AS b))::persona.program END;
	END;

COMMENT ON FUNCTION persona.close_days(persona.program, text[], date[]) IS 'the program in which channels have no place on some days; the program itself without any';

CREATE FUNCTION persona.close_full_days(program persona.program, as_of timestamptz) RETURNS persona.program
	LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	channels text[];
	days date[];
BEGIN
	SELECT array_agg(u.channel ORDER BY u.channel COLLATE "C", u.day), array_agg(u.day ORDER BY u.channel COLLATE "C", u.day)
	INTO channels, days
	FROM persona.channel AS c JOIN persona.capacity_use AS u ON u.channel = c.name
	WHERE c.capacity_per_day IS NOT NULL AND u.used >= c.capacity_per_day AND u.day >= persona.channel_day(as_of);
	IF channels IS NULL THEN
		RETURN program;
	END IF;
	RETURN persona.close_days(program, channels, days);
END
$$;

COMMENT ON FUNCTION persona.close_full_days(persona.program, timestamptz) IS 'the program in which channels have no place on the days, from that of an instant on, on which all are taken';

CREATE FUNCTION persona.take_places(channel text, day date, wanted integer) RETURNS integer
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	free integer;
BEGIN
	-- one transaction at a time, whatever channels it needs: so none waits for another that waits for it
	PERFORM pg_advisory_xact_lock('pg_class'::regclass::integer, 'persona.capacity_use'::regclass::integer);
	INSERT INTO persona.capacity_use AS u (channel, day) VALUES (take_places.channel, take_places.day)
	ON CONFLICT ON CONSTRAINT capacity_use_pkey DO NOTHING;
	SELECT greatest(c.capacity_per_day - u.used, 0) INTO free
	FROM persona.capacity_use AS u JOIN persona.channel AS c ON c.name = u.channel
	WHERE u.channel = take_places.channel AND u.day = take_places.day
	FOR UPDATE OF u;
	free := least(free, wanted);
	IF free > 0 THEN
		UPDATE persona.capacity_use AS u SET used = u.used + free
		WHERE u.channel = take_places.channel AND u.day = take_places.day;
	END IF;
	RETURN free;
END
$$;

COMMENT ON FUNCTION persona.take_places(text, date, integer) IS 'takes so many places of a channel on a day, or those that there are, until the transaction ends, and for good if it commits; returns how many';

--------------------------------------------------------------------------------
-- Whose data changed
--------------------------------------------------------------------------------

CREATE TABLE persona.change_watch (
	relation regclass PRIMARY KEY,
	method text NOT NULL CHECK (method = ANY (ARRAY['trigger', 'column', 'elsewhere'])),
	customer_column name,
	changed_at_column name,
	lateness interval CHECK (lateness >= interval '0'),
	CONSTRAINT change_watch_customer_column CHECK ((customer_column IS NULL) = (method = 'elsewhere')),
	CONSTRAINT change_watch_changed_at_column CHECK ((method = 'column') = (changed_at_column IS NOT NULL)
		AND (method = 'column') = (lateness IS NOT NULL))
);

COMMENT ON TABLE persona.change_watch IS 'the relations whose changes make customers due; written by persona.watch_changes()';
COMMENT ON COLUMN persona.change_watch.relation IS 'the relation';
COMMENT ON COLUMN persona.change_watch.method IS 'trigger: its triggers note whose rows are written; column: a column tells when a row was written; elsewhere: its changes are those of other relations that are watched';
COMMENT ON COLUMN persona.change_watch.customer_column IS 'its column with the customer''s key; NULL if its changes are seen elsewhere';
COMMENT ON COLUMN persona.change_watch.changed_at_column IS 'its column that tells when a row was written, or NULL';
COMMENT ON COLUMN persona.change_watch.lateness IS 'how much older than its commit that instant may be, or NULL';

SELECT pg_extension_config_dump('persona.change_watch', '');

CREATE FUNCTION persona.capture_changes() RETURNS trigger
	LANGUAGE c VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'persona_capture_changes';

COMMENT ON FUNCTION persona.capture_changes() IS 'trigger on watched relations: appends the customers whose rows were written, as the column named by its argument tells, to persona.change; after TRUNCATE, NULL for everyone';

CREATE FUNCTION persona.create_change_triggers(relation regclass, customer name) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made record;
BEGIN
	FOR made IN
		SELECT * FROM (VALUES
			('persona_insert', 'INSERT', 'REFERENCING NEW TABLE AS new_rows'),
			('persona_update', 'UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
			('persona_delete', 'DELETE', 'REFERENCING OLD TABLE AS old_rows'),
			('persona_truncate', 'TRUNCATE', '')
		) AS v (name, event, tables)
	LOOP
		EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION persona.capture_changes(%L)',
			made.name, made.event, relation, made.tables, customer);
		EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', made.name, relation, 'notes in persona.change whose rows were written');
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.create_change_triggers(regclass, name) IS 'makes, or makes anew, the triggers that note whose rows of a relation are written';

CREATE FUNCTION persona.drop_change_triggers(relation regclass) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	name name;
BEGIN
	FOR name IN
		SELECT t.tgname FROM pg_trigger AS t
		WHERE t.tgrelid = drop_change_triggers.relation AND NOT t.tgisinternal AND t.tgparentid = 0
			AND EXISTS (SELECT FROM pg_depend AS d
				WHERE d.classid = 'pg_proc'::regclass AND d.objid = t.tgfoid AND d.deptype = 'e'
					AND d.refclassid = 'pg_extension'::regclass
					AND d.refobjid = (SELECT e.oid FROM pg_extension AS e WHERE e.extname = 'persona'))
	LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', name, relation);
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.drop_change_triggers(regclass) IS 'drops the triggers of persona on a relation';

CREATE FUNCTION persona.watch_changes(relation regclass, customer name DEFAULT NULL, changed_at name DEFAULT NULL,
	lateness interval DEFAULT '1 hour', elsewhere boolean DEFAULT false) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_kind "char";
	key_type oid;
	customer_type oid;
BEGIN
	PERFORM persona.check_relation(relation);
	SELECT k.type INTO key_type FROM persona.customer_key() AS k;
	IF key_type IS NULL THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = 'no customers are bound',
			HINT = 'Call persona.bind_customers().';
	END IF;
	IF relation = ANY (persona.runtime_tables()::regclass[]) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('%s is watched as long as customers are bound', relation);
	END IF;

	IF elsewhere THEN
		watch_changes.customer := NULL;
		watch_changes.changed_at := NULL;
	ELSE
		watch_changes.customer := coalesce(watch_changes.customer,
			(SELECT c.key_column FROM persona.customer_binding AS c WHERE c.relation = watch_changes.relation),
			(SELECT min(e.customer_column::text) FROM persona.event_binding AS e WHERE e.relation = watch_changes.relation)::name);
		IF watch_changes.customer IS NULL THEN
			RAISE EXCEPTION USING
				ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('it is not known which column of %s tells the customer', relation),
				HINT = 'The relation is not bound, so give the argument customer.';
		END IF;
		customer_type := persona.column_type(relation, watch_changes.customer, 'customer of changes', 'comparable');
		IF (SELECT q.operator IS NULL FROM persona.equality(customer_type, key_type) AS q) THEN
			RAISE EXCEPTION USING
				ERRCODE = 'datatype_mismatch',
				MESSAGE = format('column "%s" of %s cannot be the customer of changes', watch_changes.customer, relation),
				DETAIL = format('It is of type %s, the key of the customers is of type %s.',
					format_type(customer_type, NULL), format_type(key_type, NULL));
		END IF;
		PERFORM persona.column_type(relation, changed_at, 'time of changes', 'time');
		SELECT c.relkind INTO STRICT found_kind FROM pg_class AS c WHERE c.oid = watch_changes.relation;
		IF changed_at IS NULL AND found_kind <> ALL (ARRAY['r', 'p']::"char"[]) THEN
			RAISE EXCEPTION USING
				ERRCODE = 'wrong_object_type',
				MESSAGE = format('cannot watch %s by triggers', relation),
				DETAIL = 'It is not a table.',
				HINT = 'Give the column that tells when a row was written (changed_at), or watch the tables beneath it and call persona.watch_changes for it with elsewhere => true.';
		END IF;
	END IF;

	PERFORM persona.drop_change_triggers(relation);
	IF NOT elsewhere AND changed_at IS NULL THEN
		PERFORM persona.create_change_triggers(relation, watch_changes.customer);
	END IF;
	INSERT INTO persona.change_watch AS w (relation, method, customer_column, changed_at_column, lateness)
	VALUES (watch_changes.relation, CASE WHEN elsewhere THEN 'elsewhere' WHEN changed_at IS NULL THEN 'trigger' ELSE 'column' END,
		watch_changes.customer, watch_changes.changed_at, CASE WHEN changed_at IS NOT NULL THEN watch_changes.lateness END)
	ON CONFLICT ON CONSTRAINT change_watch_pkey DO UPDATE SET method = EXCLUDED.method,
		customer_column = EXCLUDED.customer_column, changed_at_column = EXCLUDED.changed_at_column, lateness = EXCLUDED.lateness;

	-- nobody noted what changed before
	INSERT INTO persona.change VALUES (NULL);
END
$$;

COMMENT ON FUNCTION persona.watch_changes(regclass, name, name, interval, boolean) IS
'makes changes of a relation make its customers due, so that a run decides only for these; again: in another way.
relation: a bound one, or one beneath a bound view; customer: its column with the customer''s key, by default as bound;
changed_at: its column that tells when a row was written (such as updated_at), NULL: triggers note it; lateness: how long before its commit that instant may be;
elsewhere: its changes are those of other relations that are watched.
Runs decide for everyone as long as a bound relation is not watched.
Errors: undefined_table, undefined_column, wrong_object_type, datatype_mismatch, invalid_parameter_value; object_not_in_prerequisite_state if no customers are bound';

CREATE FUNCTION persona.unwatch_changes(relation regclass) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	DELETE FROM persona.change_watch AS w WHERE w.relation = unwatch_changes.relation;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = format('%s is not watched', unwatch_changes.relation),
			HINT = 'What is watched is in persona.change_watch.';
	END IF;
	PERFORM persona.drop_change_triggers(relation);
END
$$;

COMMENT ON FUNCTION persona.unwatch_changes(regclass) IS 'ends what persona.watch_changes() began, and drops its triggers; error: undefined_object';

CREATE FUNCTION persona.drop_all_change_triggers() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM persona.drop_change_triggers(w.relation) FROM persona.change_watch AS w
	WHERE EXISTS (SELECT FROM pg_class AS c WHERE c.oid = w.relation);
	DELETE FROM persona.change_watch;
	PERFORM persona.drop_change_triggers(t.name::regclass)
	FROM unnest(persona.runtime_tables()) AS t (name) WHERE to_regclass(t.name) IS NOT NULL;
END
$$;

COMMENT ON FUNCTION persona.drop_all_change_triggers() IS 'ends the watching of all relations, and drops the triggers of contacts, responses and choices: nothing outside of the extension needs it then';

CREATE FUNCTION persona.unwatched() RETURNS SETOF regclass
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 3
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT DISTINCT b.relation::regclass
		FROM persona.bound_relation() AS b
		WHERE NOT EXISTS (SELECT FROM persona.change_watch AS w WHERE w.relation = b.relation)
			AND b.relation <> ALL (persona.runtime_tables()::regclass[]);
	END;

COMMENT ON FUNCTION persona.unwatched() IS 'the bound relations whose changes nobody notes; if there are any, runs decide for everyone';

--------------------------------------------------------------------------------
-- Runs
--------------------------------------------------------------------------------

CREATE TABLE persona.run_state (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	program bytea NOT NULL,
	everyone_since timestamptz NOT NULL,
	unfinished boolean NOT NULL,
	listed_at timestamptz NOT NULL
);

COMMENT ON TABLE persona.run_state IS 'how far runs are with the customers: what the next one goes on from';
COMMENT ON COLUMN persona.run_state.only_row IS 'always true: there is at most one row';
COMMENT ON COLUMN persona.run_state.program IS 'the hash of the program with which everyone was decided last';
COMMENT ON COLUMN persona.run_state.everyone_since IS 'who was not decided as of that instant or later is due';
COMMENT ON COLUMN persona.run_state.unfinished IS 'whether there may be customers who are due since then';
COMMENT ON COLUMN persona.run_state.listed_at IS 'when changes that columns tell were listed last';

SELECT pg_extension_config_dump('persona.run_state', '');

CREATE TABLE persona.run_log (
	run bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	ended_at timestamptz,
	state text NOT NULL DEFAULT 'listing'
		CHECK (state = ANY (ARRAY['listing', 'writing', 'done', 'stopped', 'interrupted'])),
	as_of timestamptz NOT NULL,
	campaigns text[],
	since timestamptz,
	program bytea NOT NULL,
	priced bytea,
	total bigint,
	done bigint NOT NULL DEFAULT 0,
	written bigint NOT NULL DEFAULT 0,
	skipped bigint NOT NULL DEFAULT 0,
	suppressed jsonb NOT NULL DEFAULT '{}',
	writing_since timestamptz,
	page bigint NOT NULL DEFAULT 0,
	pages bigint,
	batch integer NOT NULL,
	max_seconds double precision,
	pid integer NOT NULL DEFAULT pg_backend_pid()
);

COMMENT ON TABLE persona.run_log IS 'one row per run, kept as its summary';
COMMENT ON COLUMN persona.run_log.run IS 'numbers the runs';
COMMENT ON COLUMN persona.run_log.started_at IS 'when it began';
COMMENT ON COLUMN persona.run_log.ended_at IS 'when it ended, or was found to have ended; NULL while it goes on';
COMMENT ON COLUMN persona.run_log.state IS 'listing: finds who is due, and may decide for them; writing; done; stopped: its time was over; interrupted: it was cancelled, killed or crashed';
COMMENT ON COLUMN persona.run_log.as_of IS 'the instant as of which it decided';
COMMENT ON COLUMN persona.run_log.campaigns IS 'the campaigns that it considered; NULL: all';
COMMENT ON COLUMN persona.run_log.since IS 'it looked at everyone who was not decided as of that instant or later; NULL: only at those who changed or were due by time';
COMMENT ON COLUMN persona.run_log.program IS 'the hash of the program of all definitions, or of the campaigns considered';
COMMENT ON COLUMN persona.run_log.priced IS 'the hash of that program with the prices of scarce channels, which decided; the same if no channel is scarce; NULL while they are looked for';
COMMENT ON COLUMN persona.run_log.total IS 'the customers that were due; NULL while they are listed';
COMMENT ON COLUMN persona.run_log.done IS 'the customers that are done';
COMMENT ON COLUMN persona.run_log.written IS 'the contacts that it wrote';
COMMENT ON COLUMN persona.run_log.skipped IS 'customers left to a later run, since another session had them, or had decided for them later';
COMMENT ON COLUMN persona.run_log.suppressed IS 'customers who got no contact, by the furthest stage that a campaign reached; gone: they are no customers any more';
COMMENT ON COLUMN persona.run_log.writing_since IS 'when it began to write';
COMMENT ON COLUMN persona.run_log.page IS 'how far it is in its list, in pages';
COMMENT ON COLUMN persona.run_log.pages IS 'how long its list is, in pages';
COMMENT ON COLUMN persona.run_log.batch IS 'customers per transaction, about';
COMMENT ON COLUMN persona.run_log.max_seconds IS 'after so many seconds it stops; NULL: never';
COMMENT ON COLUMN persona.run_log.pid IS 'the process that runs or ran it';

COMMENT ON SEQUENCE persona.run_log_run_seq IS 'numbers the runs';

SELECT pg_extension_config_dump('persona.run_log', '');
SELECT pg_extension_config_dump('persona.run_log_run_seq', '');

CREATE VIEW persona.run_progress WITH (security_invoker = true) AS
	SELECT r.run, r.started_at,
		CASE WHEN p.number IS NULL THEN 'interrupted' ELSE r.state END AS state,
		r.as_of, r.campaigns, r.since, r.done, r.total,
		round((r.done / nullif(extract(epoch FROM clock_timestamp() - r.writing_since), 0))::numeric, 1) AS per_second,
		CASE WHEN r.done > 0 AND p.number IS NOT NULL
			THEN r.writing_since + (clock_timestamp() - r.writing_since) * (1.0 * r.total / r.done)::double precision END AS expected_end,
		r.written, r.skipped, r.suppressed, r.pid
	FROM persona.run_log AS r
		LEFT JOIN persona.progress AS p ON p.task = 'run' AND p.number = r.run AND p.pid = r.pid
	WHERE r.ended_at IS NULL;

COMMENT ON VIEW persona.run_progress IS 'the runs that have not ended, and how far they are; of other roles only members of them and of pg_read_all_stats see whether they go on';
COMMENT ON COLUMN persona.run_progress.run IS 'which run';
COMMENT ON COLUMN persona.run_progress.started_at IS 'when it began';
COMMENT ON COLUMN persona.run_progress.state IS 'listing: finds who is due, and may decide for them; writing; interrupted: it does not go on, the next run will';
COMMENT ON COLUMN persona.run_progress.as_of IS 'the instant as of which it decides';
COMMENT ON COLUMN persona.run_progress.campaigns IS 'the campaigns that it considers; NULL: all';
COMMENT ON COLUMN persona.run_progress.since IS 'it looks at everyone who was not decided as of that instant or later; NULL: only at those who changed or are due by time';
COMMENT ON COLUMN persona.run_progress.done IS 'the customers that are done, committed';
COMMENT ON COLUMN persona.run_progress.total IS 'the customers that were due; NULL while they are listed';
COMMENT ON COLUMN persona.run_progress.per_second IS 'customers per second since it began to write';
COMMENT ON COLUMN persona.run_progress.expected_end IS 'when it will end if it goes on at this rate; NULL if unknown';
COMMENT ON COLUMN persona.run_progress.written IS 'the contacts that it has written';
COMMENT ON COLUMN persona.run_progress.skipped IS 'customers left to a later run';
COMMENT ON COLUMN persona.run_progress.suppressed IS 'customers who got no contact, by the furthest stage that a campaign reached; gone: they are no customers any more';
COMMENT ON COLUMN persona.run_progress.pid IS 'the process that runs it';

--------------------------------------------------------------------------------
-- What is made when customers are bound
--------------------------------------------------------------------------------

CREATE FUNCTION persona.create_due() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customer_key record;
	made text;
BEGIN
	SELECT * INTO STRICT customer_key FROM persona.customer_key();
	FOREACH made IN ARRAY ARRAY['persona.due', 'persona.change'] LOOP
		IF to_regclass(made) IS NOT NULL THEN
			-- whoever has another key is due anyway
			EXECUTE format('DELETE FROM %s WHERE NOT EXISTS (SELECT FROM pg_attribute AS a '
				'WHERE a.attrelid = %1$L::regclass AND a.attname = ''customer'' AND a.atttypid = %L::oid)', made, customer_key.type);
			PERFORM persona.adapt_customer(made, customer_key.type, customer_key.collation, customer_key.declared);
		END IF;
	END LOOP;

	IF to_regclass('persona.due') IS NULL THEN
		EXECUTE format($sql$
			CREATE TABLE persona.due (
				customer %s PRIMARY KEY,
				valid_until timestamptz NOT NULL DEFAULT '-infinity',
				decided_at timestamptz NOT NULL DEFAULT '-infinity'
			)$sql$, customer_key.declared);
		CREATE INDEX due_valid_until_idx ON persona.due (valid_until);
		COMMENT ON TABLE persona.due IS 'until when the last decision for a customer stands; whoever writes a contact for a customer locks the row';
		COMMENT ON COLUMN persona.due.customer IS 'the customer''s key';
		COMMENT ON COLUMN persona.due.valid_until IS 'the customer is due at that instant; -infinity if no run has decided yet';
		COMMENT ON COLUMN persona.due.decided_at IS 'the instant as of which the last decision was made; no contact is decided as of an earlier one';
	END IF;
	IF to_regclass('persona.change') IS NULL THEN
		EXECUTE format('CREATE TABLE persona.change (customer %s)', customer_key.declared);
		COMMENT ON TABLE persona.change IS 'customers whose data changed since a run decided for them last, each change a row; no index, so that noting is cheap';
		COMMENT ON COLUMN persona.change.customer IS 'the customer''s key; NULL: everyone';
	END IF;
	-- other customers, or others of their columns
	INSERT INTO persona.change VALUES (NULL);
	PERFORM persona.create_runtime_triggers();
END
$$;

COMMENT ON FUNCTION persona.create_due() IS 'makes persona.due and persona.change for the bound customers'' key, or adapts those that exist, and the triggers of contacts, responses and choices';

CREATE FUNCTION persona.create_runtime_triggers() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made text;
	told text;
BEGIN
	FOREACH made IN ARRAY persona.runtime_tables() LOOP
		PERFORM persona.create_change_triggers(made::regclass, 'customer');
	END LOOP;

	-- what senders keep for themselves changes no decision
	SELECT string_agg(format('OLD.%1$I IS DISTINCT FROM NEW.%1$I', a.attname), ' OR ' ORDER BY a.attnum) INTO STRICT told
	FROM pg_attribute AS a
	WHERE a.attrelid = 'persona.contact'::regclass AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attname <> ALL (ARRAY['idempotency_key', 'attempts', 'worker', 'claimed_at', 'lease_until', 'next_attempt_at']);
	DROP TRIGGER persona_update ON persona.contact;
	EXECUTE format('CREATE TRIGGER persona_update AFTER UPDATE ON persona.contact FOR EACH ROW WHEN (%s) '
		'EXECUTE FUNCTION persona.capture_changes(''customer'')', told);
	COMMENT ON TRIGGER persona_update ON persona.contact IS 'notes in persona.change whose contacts were changed, but for what concerns their sender only';

	CREATE OR REPLACE TRIGGER give_place_back AFTER UPDATE ON persona.contact
		FOR EACH ROW WHEN (OLD.capacity_day IS NOT NULL AND (OLD.ended_at IS NULL) <> (NEW.ended_at IS NULL))
		EXECUTE FUNCTION persona.give_place_back();
	COMMENT ON TRIGGER give_place_back ON persona.contact IS 'gives the place on a channel with a capacity back';
	CREATE OR REPLACE TRIGGER give_place_back_deleted AFTER DELETE ON persona.contact
		FOR EACH ROW WHEN (OLD.capacity_day IS NOT NULL AND OLD.ended_at IS NULL)
		EXECUTE FUNCTION persona.give_place_back();
	COMMENT ON TRIGGER give_place_back_deleted ON persona.contact IS 'gives the place on a channel with a capacity back';

	CREATE OR REPLACE TRIGGER complete_instants BEFORE INSERT OR UPDATE ON persona.contact
		FOR EACH ROW WHEN (NEW.status <> 'planned') EXECUTE FUNCTION persona.complete_instants();
	COMMENT ON TRIGGER complete_instants ON persona.contact IS 'gives a status its instants where they are absent';
END
$$;

COMMENT ON FUNCTION persona.create_runtime_triggers() IS 'makes the triggers of contacts, responses and choices; unbind_customers() drops them, since they need the extension';

CREATE FUNCTION persona.create_runner() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made record;
	given text;
	described record;
BEGIN
	SELECT format_type(k.type, -1) AS type, q.operator, b.relation::text, quote_ident(b.key_column) AS key,
		greatest(c.reltuples, 1000)::bigint AS rows
	INTO STRICT made
	FROM persona.customer_key() AS k CROSS JOIN persona.equality(k.type, k.type) AS q
		CROSS JOIN persona.customer_binding AS b JOIN pg_class AS c ON c.oid = b.relation;

	-- what a decision has and a contact keeps
	SELECT string_agg(quote_ident(d.attname), ', ' ORDER BY d.attnum) INTO STRICT given
	FROM pg_attribute AS d JOIN pg_attribute AS k ON k.attname = d.attname AND k.attrelid = 'persona.contact'::regclass
	WHERE d.attrelid = 'persona.decision'::regclass AND NOT d.attisdropped;

	EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.rulings(customers %1$s[], as_of timestamptz, program persona.program)
RETURNS TABLE (customer %1$s, ruling persona.ruling)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
	SELECT c.%2$s, d
	FROM %3$s
	CROSS JOIN LATERAL persona.judge(p.program, c.*, t.events, rulings.as_of) AS d
	WHERE c.%2$s %4$s ANY (rulings.customers);
END$sql$, made.type, made.key, persona.bound_scan('(SELECT rulings.program)'), made.operator);
	EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.all_rulings(as_of timestamptz, program persona.program)
RETURNS TABLE (customer %1$s, ruling persona.ruling)
LANGUAGE sql STABLE PARALLEL SAFE ROWS %4$s
BEGIN ATOMIC
	SELECT c.%2$s, d
	FROM %3$s
	CROSS JOIN LATERAL persona.judge(p.program, c.*, t.events, all_rulings.as_of) AS d;
END$sql$, made.type, made.key, persona.bound_scan('(SELECT all_rulings.program)'), made.rows);

	EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.rulings_for(customer %1$s, channel text, placement text, context json, as_of timestamptz,
	program persona.program)
RETURNS TABLE (slot bigint, ruling persona.ruling)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 2
BEGIN ATOMIC
	SELECT d.ordinality, ROW('chosen', d.valid_until, ROW(%5$s)::persona.decision)::persona.ruling
	FROM %3$s
	CROSS JOIN LATERAL persona.decide_for(p.program, c.*,
		persona.timeline_concat(t.events, persona.context(p.program, rulings_for.context::jsonb, rulings_for.as_of)),
		rulings_for.as_of, rulings_for.channel, rulings_for.placement) WITH ORDINALITY AS d
	WHERE c.%2$s %4$s rulings_for.customer
	ORDER BY d.ordinality;
END$sql$, made.type, made.key, persona.bound_scan('(SELECT rulings_for.program)'), made.operator,
		(SELECT string_agg('d.' || quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
			WHERE a.attrelid = 'persona.decision'::regclass AND NOT a.attisdropped));

	EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.write_contacts(customers %1$s[], rulings persona.ruling[], as_of timestamptz,
	program persona.program, complete boolean, places boolean, OUT written bigint[], OUT suppressed jsonb) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
	decider bytea := persona.keep_program(program);
	deciders bytea[] := array_fill(NULL::bytea, ARRAY[cardinality(customers)]);
	days date[] := array_fill(NULL::date, ARRAY[cardinality(customers)]);
	place record;
	got integer;
	full_channels text[];
	full_days date[];
	refused integer[];
	judged record;
BEGIN
	IF places AND EXISTS (SELECT FROM persona.channel AS c WHERE c.capacity_per_day IS NOT NULL) THEN
		LOOP
			full_channels := '{}';
			full_days := '{}';
			refused := '{}';
			-- those who value a place most come first
			FOR place IN
				SELECT (r.decision).channel, persona.channel_day((r.decision).send_at) AS day,
					array_agg(r.n::integer ORDER BY (r.decision).priority DESC, (r.decision).score DESC, r.n) AS takers
				FROM unnest(customers, rulings) WITH ORDINALITY AS r (customer, stage, valid_until, decision, n)
					JOIN persona.channel AS c ON c.name = (r.decision).channel
				WHERE r.stage = 'chosen' AND c.capacity_per_day IS NOT NULL AND days[r.n] IS NULL
				GROUP BY 1, 2 ORDER BY (r.decision).channel COLLATE "C", 2
			LOOP
				got := persona.take_places(place.channel, place.day, cardinality(place.takers));
				FOR i IN 1 .. got LOOP
					days[place.takers[i]] := place.day;
				END LOOP;
				IF got < cardinality(place.takers) THEN
					full_channels := full_channels || place.channel;
					full_days := full_days || place.day;
					refused := refused || place.takers[got + 1 :];
				END IF;
			END LOOP;
			EXIT WHEN cardinality(refused) = 0;

			-- the others are judged again, without these places
			write_contacts.program := persona.close_days(write_contacts.program, full_channels, full_days);
			FOR judged IN
				SELECT u.n, j.ruling
				FROM unnest(refused) AS u (n)
					JOIN persona.rulings(ARRAY(SELECT customers[r.n] FROM unnest(refused) AS r (n)), as_of, write_contacts.program) AS j
						ON j.customer %2$s customers[u.n]
			LOOP
				rulings[judged.n] := judged.ruling;
				deciders[judged.n] := persona.keep_program(write_contacts.program);
			END LOOP;
		END LOOP;
	END IF;

	UPDATE persona.due AS d SET decided_at = write_contacts.as_of,
		valid_until = CASE WHEN complete THEN r.valid_until ELSE d.valid_until END
	FROM unnest(customers, rulings) AS r (customer, stage, valid_until, decision)
	WHERE d.customer %2$s r.customer;
	WITH written AS (
		INSERT INTO persona.contact AS c (customer, decided_at, program, capacity_day, %3$s)
		SELECT r.customer, write_contacts.as_of, coalesce(r.decided_by, decider), r.day, %4$s
		FROM unnest(customers, rulings, deciders, days) AS r (customer, stage, valid_until, decision, decided_by, day)
		WHERE r.stage = 'chosen'
		RETURNING c.contact_id
	)
	SELECT coalesce(array_agg(w.contact_id), '{}') INTO written FROM written AS w;
	SELECT jsonb_object_agg(s.stage, s.customers) INTO suppressed
	FROM (SELECT g.stage, count(*) AS customers FROM unnest(rulings) AS g WHERE g.stage <> 'chosen' GROUP BY g.stage) AS s;
END
$body$ $sql$, made.type, made.operator, given,
		(SELECT string_agg('(r.decision).' || n, ', ' ORDER BY o) FROM unnest(string_to_array(given, ', ')) WITH ORDINALITY AS u (n, o)));

	EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.write_batch(run persona.run_log, first tid, beyond tid,
	OUT listed bigint, OUT written bigint, OUT skipped bigint, OUT suppressed jsonb) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
	locked %1$s[];
	asked %1$s[];
	held %1$s[];
	given persona.ruling[];
	judged %1$s[];
	judgments persona.ruling[];
	gone bigint := 0;
	program persona.program;
	outcome record;
BEGIN
	program := persona.close_full_days((SELECT p.program FROM persona.program_archive AS p WHERE p.hash = run.priced), run.as_of);

	-- whoever decides for a customer holds the row of the customer in persona.due
	INSERT INTO persona.due AS d (customer)
	SELECT w.customer FROM pg_temp.persona_work AS w
	WHERE w.ctid >= first AND w.ctid < beyond AND w.decided_before IS NULL
	ORDER BY w.customer
	ON CONFLICT DO NOTHING;
	SELECT count(*) INTO listed FROM pg_temp.persona_work AS w WHERE w.ctid >= first AND w.ctid < beyond;
	SELECT array_agg(h.customer), array_agg(h.customer) FILTER (WHERE h.wanted AND (h.ruling).stage IS NULL),
		array_agg(h.customer) FILTER (WHERE h.wanted AND (h.ruling).stage IS NOT NULL),
		array_agg(h.ruling) FILTER (WHERE h.wanted AND (h.ruling).stage IS NOT NULL)
	INTO locked, asked, held, given
	FROM (SELECT w.customer,
			-- what was decided before is right if nobody has decided since
			CASE WHEN d.decided_at = coalesce(w.decided_before, '-infinity') AND (w.ruling).stage IS NOT NULL
				THEN w.ruling END AS ruling,
			d.decided_at < CASE WHEN w.changed THEN run.as_of ELSE coalesce(run.since, run.as_of) END AS wanted
		FROM pg_temp.persona_work AS w JOIN persona.due AS d ON d.customer %2$s w.customer
		WHERE w.ctid >= first AND w.ctid < beyond
		ORDER BY w.customer
		FOR UPDATE OF d SKIP LOCKED) AS h;

	IF asked IS NOT NULL THEN
		-- first forget the changes, then look at what they changed
		IF run.campaigns IS NULL THEN
			DELETE FROM persona.change AS c USING unnest(asked) AS a (customer) WHERE c.customer %2$s a.customer;
		END IF;
		SELECT array_agg(r.customer), array_agg(r.ruling) INTO judged, judgments
		FROM persona.rulings(asked, run.as_of, program) AS r;
		held := held || judged;
		given := given || judgments;
		DELETE FROM persona.due AS d USING unnest(asked) AS a (customer)
		WHERE d.customer %2$s a.customer AND NOT EXISTS (SELECT FROM unnest(judged) AS j (customer) WHERE j.customer %2$s a.customer);
	END IF;

	written := 0;
	suppressed := CASE WHEN gone > 0 THEN jsonb_build_object('gone', gone) ELSE '{}' END;
	IF held IS NOT NULL THEN
		SELECT * INTO outcome FROM persona.write_contacts(held, given, run.as_of, program, run.campaigns IS NULL, true);
		written := cardinality(outcome.written);
		suppressed := suppressed || coalesce(outcome.suppressed, '{}');
	END IF;
	skipped := listed - coalesce(cardinality(held), 0) - gone;
	IF run.campaigns IS NULL AND listed > coalesce(cardinality(locked), 0) THEN
		-- another session has them, and may give them up
		INSERT INTO persona.change (customer)
		SELECT w.customer FROM pg_temp.persona_work AS w
		WHERE w.ctid >= first AND w.ctid < beyond
			AND NOT EXISTS (SELECT FROM unnest(locked) AS l (customer) WHERE l.customer %2$s w.customer);
	END IF;
END
$body$ $sql$, made.type, made.operator);

	EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.commit_message(customer %1$s, channel text DEFAULT NULL, placement text DEFAULT NULL,
	context json DEFAULT NULL, as_of timestamptz DEFAULT NULL) RETURNS SETOF persona.contact
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $body$
#variable_conflict use_column
DECLARE
	program persona.program := persona.program();
	earlier timestamptz;
	rulings persona.ruling[];
	written bigint[];
BEGIN
	PERFORM persona.check_as_of(as_of);
	IF commit_message.channel IS NULL AND (commit_message.placement IS NOT NULL OR commit_message.context IS NOT NULL) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'a placement and a context belong to a channel',
			HINT = 'Give the channel on which the customer is.';
	END IF;
	LOOP
		SELECT d.decided_at INTO earlier FROM persona.due AS d WHERE d.customer %2$s commit_message.customer FOR UPDATE;
		EXIT WHEN FOUND;
		IF NOT EXISTS (SELECT FROM %3$s AS c WHERE c.%4$s %2$s commit_message.customer) THEN
			RETURN;
		END IF;
		INSERT INTO persona.due AS d (customer) VALUES (commit_message.customer) ON CONFLICT DO NOTHING;
	END LOOP;
	IF commit_message.as_of < earlier THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('no contact can be decided as of %%s for customer %%s', commit_message.as_of, commit_message.customer),
			DETAIL = format('The last decision for this customer was made as of %%s.', earlier),
			HINT = 'Leave as_of out to decide as of now.';
	END IF;
	commit_message.as_of := coalesce(commit_message.as_of, greatest(clock_timestamp(), earlier));

	IF commit_message.channel IS NULL THEN
		program := persona.close_full_days(program, commit_message.as_of);
		SELECT array_agg(r.ruling) INTO rulings
		FROM persona.rulings(ARRAY[commit_message.customer], commit_message.as_of, program) AS r
		WHERE (r.ruling).stage = 'chosen';
	ELSE
		SELECT array_agg(r.ruling ORDER BY r.slot) INTO rulings
		FROM persona.rulings_for(commit_message.customer, commit_message.channel, commit_message.placement,
			commit_message.context, commit_message.as_of, program) AS r;
	END IF;
	IF rulings IS NOT NULL THEN
		-- whoever is there needs no place
		SELECT w.written INTO written
		FROM persona.write_contacts(array_fill(commit_message.customer, ARRAY[cardinality(rulings)]), rulings,
			commit_message.as_of, program, false, commit_message.channel IS NULL) AS w;
		RETURN QUERY
		SELECT c.* FROM persona.contact AS c
		WHERE c.customer %2$s commit_message.customer AND c.contact_id = ANY (written)
		ORDER BY c.contact_id;
	END IF;
END
$body$ $sql$, made.type, made.operator, made.relation, made.key);

	FOR described IN
		SELECT * FROM (VALUES
			('rulings(%s[], timestamptz, persona.program)', 'each of some customers'' next message, or how far campaigns came, as of an instant, with a program'),
			('all_rulings(timestamptz, persona.program)', 'each customer''s next message, or how far campaigns came, as of an instant, with a program'),
			('rulings_for(%s, text, text, json, timestamptz, persona.program)', 'the messages for a customer who is on a channel, for each slot of a placement, with a program; see next_message_for()'),
			('write_contacts(%s[], persona.ruling[], timestamptz, persona.program, boolean, boolean)', 'writes the contacts of rulings that a program made, and returns their numbers and the other customers, counted by stage; who finds no place on a channel with a capacity is judged again without it, unless places is false; the caller has locked the customers'' rows in persona.due, and only then made the rulings, or found that nobody had decided since. complete: the rulings looked at all campaigns and ways, so that nobody need look again until valid_until'),
			('write_batch(persona.run_log, tid, tid)', 'writes a batch of a run: the customers between two places of its list'),
			('commit_message(%s, text, text, json, timestamptz)', 'decides a customer''s next message and writes it, under all limits, in the caller''s transaction; returns the contact, no row if there is no message.
channel, placement, context: the customer is there, as in next_message_for(), all of whose messages are written; NULL: whatever channel is best; as_of: the instant, by default the clock''s, not in the future nor before the customer''s last decision.
Errors: datetime_field_overflow, invalid_parameter_value, object_not_in_prerequisite_state; serialization_failure if the transaction''s snapshot is older than another decision for this customer')
		) AS v (signature, about)
	LOOP
		EXECUTE format('COMMENT ON FUNCTION persona.' || described.signature || ' IS %2$L', made.type, described.about);
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.create_runner() IS 'makes, or replaces in place, the functions that decide for some or all bound customers and write contacts';

CREATE FUNCTION persona.drop_runner() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
BEGIN
	DROP FUNCTION IF EXISTS persona.rulings, persona.all_rulings, persona.rulings_for, persona.write_contacts, persona.write_batch, persona.commit_message;
END
$$;

COMMENT ON FUNCTION persona.drop_runner() IS 'drops what persona.create_runner() made; an error if other objects depend on it';

-- They create and drop objects.
REVOKE EXECUTE ON FUNCTION
	persona.create_change_triggers(regclass, name), persona.drop_change_triggers(regclass),
	persona.watch_changes(regclass, name, name, interval, boolean), persona.unwatch_changes(regclass),
	persona.drop_all_change_triggers(),
	persona.create_due(), persona.create_runtime_triggers(), persona.create_runner(), persona.drop_runner()
FROM PUBLIC;

--------------------------------------------------------------------------------
-- The steps of a run
--------------------------------------------------------------------------------

CREATE FUNCTION persona.need_no_transaction(command text) RETURNS void
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'persona_need_no_transaction';

COMMENT ON FUNCTION persona.need_no_transaction(text) IS 'for procedures that commit: error active_sql_transaction inside of a transaction block';

CREATE FUNCTION persona.show_run(task text, number bigint, total bigint, done bigint, written bigint, suppressed bigint) RETURNS void
	LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'persona_show_run';

COMMENT ON FUNCTION persona.show_run(text, bigint, bigint, bigint, bigint, bigint) IS 'tells other sessions, in persona.progress, how far a run or refresh is; from its first call to persona.hide_run(), or until the session''s transaction fails';

CREATE FUNCTION persona.hide_run() RETURNS void
	LANGUAGE c VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'persona_hide_run';

COMMENT ON FUNCTION persona.hide_run() IS 'ends what persona.show_run() began';

CREATE FUNCTION persona.restrict_program(program persona.program, campaigns text[]) RETURNS persona.program
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing text;
BEGIN
	IF campaigns IS NULL THEN
		RETURN program;
	END IF;
	SELECT n INTO missing FROM unnest(campaigns) AS n
	WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(program::jsonb -> 'campaigns') AS c WHERE c ->> 'name' = n)
	ORDER BY n COLLATE "C" LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = format('there is no active campaign "%s"', missing),
			HINT = 'Active campaigns are in persona.campaign.';
	END IF;
	RETURN jsonb_set(program::jsonb, '{campaigns}', coalesce((SELECT jsonb_agg(c.campaign ORDER BY c.n)
		FROM jsonb_array_elements(program::jsonb -> 'campaigns') WITH ORDINALITY AS c (campaign, n)
		WHERE c.campaign ->> 'name' = ANY (campaigns)), '[]'));
END
$$;

COMMENT ON FUNCTION persona.restrict_program(persona.program, text[]) IS 'the program with only the campaigns named; the program itself for NULL; error undefined_object if it has no campaign of that name';

CREATE FUNCTION persona.check_as_of(as_of timestamptz) RETURNS timestamptz
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT isfinite(as_of) OR as_of > clock_timestamp() THEN
		RAISE EXCEPTION USING
			ERRCODE = 'datetime_field_overflow',
			MESSAGE = 'contacts cannot be decided as of the future',
			DETAIL = format('as_of is %s.', as_of),
			HINT = 'persona.next_message_at() tells what would be decided if nothing happened until then.';
	END IF;
	RETURN as_of;
END
$$;

COMMENT ON FUNCTION persona.check_as_of(timestamptz) IS 'the instant as of which contacts are decided, which is not in the future; NULL for NULL; error datetime_field_overflow';

CREATE FUNCTION persona.start_run(campaigns text[], as_of timestamptz, batch integer, max_seconds double precision) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	number bigint;
	restricted persona.program;
BEGIN
	IF NOT EXISTS (SELECT FROM persona.customer_binding) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = 'no customers are bound',
			HINT = 'Call persona.bind_customers().';
	END IF;
	IF batch IS NULL OR batch < 1 OR max_seconds < 0 OR max_seconds = 'NaN' THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'batch must be 1 or more, and max_seconds 0 or more, or NULL',
			DETAIL = format('batch is %s, max_seconds is %s.', coalesce(batch::text, 'NULL'), coalesce(max_seconds::text, 'NULL'));
	END IF;

	restricted := persona.restrict_program(persona.program(), campaigns);
	INSERT INTO persona.run_log AS r (as_of, campaigns, program, batch, max_seconds)
	VALUES (coalesce(persona.check_as_of(as_of), clock_timestamp()), campaigns, persona.keep_program(restricted), batch, max_seconds)
	RETURNING r.run INTO STRICT number;
	PERFORM persona.show_run('run', number, -1, 0, 0, 0);

	-- runs that are known not to go on
	UPDATE persona.run_log AS r SET state = 'interrupted', ended_at = clock_timestamp()
	FROM persona.run_progress AS p
	WHERE p.run = r.run AND p.state = 'interrupted' AND p.run <> number
		AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = p.pid AND a.pid <> pg_backend_pid()
			AND coalesce(a.state, '') <> 'idle' AND NOT coalesce(pg_has_role(a.usesysid, 'USAGE'), false));
	RETURN number;
END
$$;

COMMENT ON FUNCTION persona.start_run(text[], timestamptz, integer, double precision) IS 'the first step of persona.run(): checks its arguments and logs it; returns its number';

CREATE FUNCTION persona.begin_everyone(run persona.run_log, fresh boolean) RETURNS timestamptz
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	state persona.run_state;
BEGIN
	SELECT * INTO state FROM persona.run_state FOR UPDATE;
	IF state.program IS NULL OR state.program <> run.program OR fresh
		OR NOT state.unfinished AND (EXISTS (SELECT FROM persona.unwatched())
			OR EXISTS (SELECT FROM persona.change AS c WHERE c.customer IS NULL))
	THEN
		-- whoever looks at everyone needs no list of changes
		DELETE FROM persona.change;
		INSERT INTO persona.run_state AS s (program, everyone_since, unfinished, listed_at)
		VALUES (run.program, run.as_of, true, run.started_at)
		ON CONFLICT ON CONSTRAINT run_state_pkey DO UPDATE SET program = EXCLUDED.program,
			everyone_since = EXCLUDED.everyone_since, unfinished = true, listed_at = EXCLUDED.listed_at;
		RETURN run.as_of;
	END IF;
	RETURN CASE WHEN state.unfinished THEN state.everyone_since END;
END
$$;

COMMENT ON FUNCTION persona.begin_everyone(persona.run_log, boolean) IS 'the instant since which everyone has to be looked at, or NULL if only those who are due have to be.
Begins anew with everyone if definitions or unwatched relations may have changed, or if it is to be fresh; goes on where an unfinished run ended';

CREATE FUNCTION persona.due_query(run persona.run_log, since timestamptz) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customers persona.customer_binding;
	key_declared text := (SELECT k.declared FROM persona.customer_key() AS k);
	listed_at timestamptz := (SELECT s.listed_at FROM persona.run_state AS s);
	query text;
	watched persona.change_watch;
BEGIN
	SELECT * INTO STRICT customers FROM persona.customer_binding;
	IF run.campaigns IS NULL THEN
		query := format('SELECT d.customer, true AS changed FROM persona.due AS d WHERE d.valid_until <= %L AND d.decided_at < %1$L '
			'UNION ALL SELECT c.customer, true FROM persona.change AS c WHERE c.customer IS NOT NULL', run.as_of);
		FOR watched IN SELECT * FROM persona.change_watch AS w WHERE w.method = 'column' ORDER BY w.relation::text COLLATE "C" LOOP
			query := query || format(' UNION ALL SELECT w.%I::%s, true FROM %s AS w WHERE w.%I >= %L AND w.%1$I IS NOT NULL',
				watched.customer_column, key_declared, watched.relation, watched.changed_at_column, listed_at - watched.lateness);
		END LOOP;
	END IF;
	IF since IS NOT NULL THEN
		query := concat_ws(' UNION ALL ', query, format('SELECT c.%I, false FROM %s AS c WHERE c.%1$I IS NOT NULL',
			customers.key_column, customers.relation));
	END IF;
	RETURN format('SELECT l.customer, bool_or(l.changed) AS changed, min(d.decided_at) AS decided_before, NULL::persona.ruling AS ruling '
		'FROM (%s) AS l (customer, changed) LEFT JOIN persona.due AS d ON d.customer %s l.customer '
		'WHERE d.decided_at IS NULL OR d.decided_at < CASE WHEN l.changed THEN %L::timestamptz ELSE %L END '
		'GROUP BY l.customer', query,
		(SELECT q.operator FROM persona.customer_key() AS k, persona.equality(k.type, k.type) AS q), run.as_of, coalesce(since, run.as_of));
END
$$;

COMMENT ON FUNCTION persona.due_query(persona.run_log, timestamptz) IS 'the query that lists who is due for a run, each customer once: those who changed or whose decision stood until now, and everyone who was not decided since an instant if one is given';

CREATE FUNCTION persona.list_run(number bigint, fresh boolean) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
DECLARE
	run persona.run_log;
	everyone_since timestamptz;
	found bigint;
	everyone bigint;
BEGIN
	SELECT * INTO STRICT run FROM persona.run_log AS r WHERE r.run = number;
	DROP TABLE IF EXISTS pg_temp.persona_list, pg_temp.persona_work;
	SELECT greatest(c.reltuples, 1) INTO STRICT everyone
	FROM persona.customer_binding AS b JOIN pg_class AS c ON c.oid = b.relation;

	IF run.campaigns IS NULL THEN
		everyone_since := persona.begin_everyone(run, fresh);
	ELSE
		-- goes on where the last run for the same campaigns ended too early
		SELECT CASE WHEN r.state <> 'done' AND r.program = run.program THEN r.since END INTO everyone_since
		FROM persona.run_log AS r
		WHERE r.campaigns = run.campaigns AND r.run < number AND r.ended_at IS NOT NULL
		ORDER BY r.run DESC LIMIT 1;
		everyone_since := CASE WHEN fresh THEN run.as_of ELSE coalesce(everyone_since, run.as_of) END;
	END IF;
	-- what places on scarce channels are worth over all customers
	UPDATE persona.run_log AS r SET priced = persona.keep_program(persona.priced_program(run.as_of,
		(SELECT p.program FROM persona.program_archive AS p WHERE p.hash = run.program)))
	WHERE r.run = number
	RETURNING r.priced INTO STRICT run.priced;
	EXECUTE 'CREATE TEMPORARY TABLE persona_work AS ' || persona.due_query(run, everyone_since);
	GET DIAGNOSTICS found = ROW_COUNT;

	-- many are decided faster all together than one by one
	IF found > 1000 AND found > 0.2 * everyone AND run.max_seconds IS NULL THEN
		IF everyone_since IS NULL THEN
			-- whoever changed meanwhile is not in the list, but among everyone
			everyone_since := persona.begin_everyone(run, true);
			DROP TABLE pg_temp.persona_work;
			EXECUTE 'CREATE TEMPORARY TABLE persona_work AS ' || persona.due_query(run, everyone_since);
		END IF;
		ALTER TABLE pg_temp.persona_work RENAME TO persona_list;
		ANALYZE pg_temp.persona_list;
		EXECUTE format('CREATE TEMPORARY TABLE persona_work AS '
			'SELECT a.customer, l.changed, l.decided_before, a.ruling '
			'FROM persona.all_rulings(%1$L, persona.close_full_days((SELECT p.program FROM persona.program_archive AS p WHERE p.hash = %2$L), %1$L)) AS a '
			'JOIN pg_temp.persona_list AS l ON l.customer %3$s a.customer', run.as_of, run.priced,
			(SELECT q.operator FROM persona.customer_key() AS k, persona.equality(k.type, k.type) AS q));
		GET DIAGNOSTICS found = ROW_COUNT;
		DROP TABLE pg_temp.persona_list;
	END IF;

	UPDATE persona.run_log AS r SET state = 'writing', since = everyone_since, total = found, writing_since = clock_timestamp(),
		pages = pg_relation_size('pg_temp.persona_work') / current_setting('block_size')::bigint
	WHERE r.run = number;
	PERFORM persona.show_run('run', number, found, 0, 0, 0);
END
$$;

COMMENT ON FUNCTION persona.list_run(bigint, boolean) IS 'the second step of persona.run(): lists who is due in a temporary table, and decides for them if they are many';

CREATE FUNCTION persona.add_counts(counts jsonb, more jsonb) RETURNS jsonb
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT coalesce(jsonb_object_agg(s.key, s.total), '{}')
		FROM (SELECT c.key, sum(c.value::bigint) AS total
			FROM (SELECT * FROM jsonb_each_text(coalesce(counts, '{}'))
				UNION ALL SELECT * FROM jsonb_each_text(coalesce(more, '{}'))) AS c
			GROUP BY c.key) AS s;
	END;

COMMENT ON FUNCTION persona.add_counts(jsonb, jsonb) IS 'the sum, key by key, of two objects of counts; NULL is empty';

CREATE FUNCTION persona.step_run(number bigint) RETURNS boolean
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	run persona.run_log;
	batch record;
	next_page bigint;
	all_suppressed bigint;
BEGIN
	SELECT * INTO STRICT run FROM persona.run_log AS r WHERE r.run = number;
	IF run.page >= run.pages THEN
		RETURN false;
	END IF;
	IF run.page > 0 AND extract(epoch FROM clock_timestamp() - run.started_at) >= run.max_seconds THEN
		UPDATE persona.run_log AS r SET state = 'stopped' WHERE r.run = number;
		RETURN false;
	END IF;

	next_page := run.page + greatest(1, run.batch * run.pages / greatest(run.total, 1));
	PERFORM set_config('application_name', format('persona run %s: %s of %s', number, run.done, run.total), true);
	SELECT * INTO STRICT batch
	FROM persona.write_batch(run, format('(%s,0)', run.page)::tid, format('(%s,0)', next_page)::tid);
	UPDATE persona.run_log AS r SET page = next_page, done = r.done + batch.listed,
		written = r.written + batch.written, skipped = r.skipped + batch.skipped,
		suppressed = persona.add_counts(r.suppressed, batch.suppressed)
	WHERE r.run = number
	RETURNING r.* INTO run;
	SELECT coalesce(sum(c.value::bigint), 0) INTO all_suppressed FROM jsonb_each_text(run.suppressed) AS c;
	PERFORM persona.show_run('run', number, run.total, run.done, run.written, all_suppressed);
	RETURN true;
END
$$;

COMMENT ON FUNCTION persona.step_run(bigint) IS 'the step of persona.run() that is repeated: writes a batch; false if nothing is left, or the time is over';

CREATE FUNCTION persona.finish_run(number bigint) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	run persona.run_log;
BEGIN
	UPDATE persona.run_log AS r SET ended_at = clock_timestamp(),
		state = CASE r.state WHEN 'writing' THEN 'done' ELSE r.state END
	WHERE r.run = number
	RETURNING r.* INTO STRICT run;
	IF run.state = 'done' AND run.campaigns IS NULL THEN
		UPDATE persona.run_state AS s SET listed_at = run.started_at,
			unfinished = s.unfinished AND (s.program <> run.program OR s.everyone_since IS DISTINCT FROM run.since);
	END IF;
	DROP TABLE pg_temp.persona_work;
	PERFORM persona.hide_run();
END
$$;

COMMENT ON FUNCTION persona.finish_run(bigint) IS 'the last step of persona.run()';

-- A procedure with a SET clause can't commit, so it names everything in full.
CREATE PROCEDURE persona.run(campaigns text[] DEFAULT NULL, as_of timestamptz DEFAULT NULL, batch integer DEFAULT 2000,
	max_seconds double precision DEFAULT NULL, everyone boolean DEFAULT false)
	LANGUAGE plpgsql
AS $$
DECLARE
	number bigint;
BEGIN
	PERFORM persona.need_no_transaction('persona.run()');
	number := persona.start_run(campaigns, as_of, batch, max_seconds);
	COMMIT;
	SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
	PERFORM persona.list_run(number, everyone);
	COMMIT;
	LOOP
		SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
		EXIT WHEN NOT persona.step_run(number);
		COMMIT;
	END LOOP;
	PERFORM persona.finish_run(number);
END
$$;

COMMENT ON PROCEDURE persona.run(text[], timestamptz, integer, double precision, boolean) IS
'decides for all customers who are due and writes their contacts, in batches that it commits.
campaigns: only these are considered, for everyone; NULL: all; as_of: the instant, by default the clock''s, not in the future; batch: customers per transaction, about; max_seconds: ends after the batch in which so many seconds have passed; NULL: when nobody is due;
everyone: also those who are not due.
What it does is in persona.run_progress, and stays in persona.run_log.  After an interruption the next run goes on.
Errors: active_sql_transaction inside of a transaction block; undefined_object, invalid_parameter_value, datetime_field_overflow; object_not_in_prerequisite_state if no customers are bound';
