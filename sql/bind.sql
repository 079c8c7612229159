--------------------------------------------------------------------------------
-- bind: which relations are the customers and the events
--
-- Bindings are rows.  persona.bind_customers() and persona.bind_events() write
-- them and then rebuild the views that answer questions from them; event
-- triggers keep the bound relations from changing behind persona's back.
--
-- A change of any definition is announced to all sessions, which then build
-- the program anew, and is checked as a whole before it is let in.
--------------------------------------------------------------------------------

CREATE TABLE persona.customer_binding (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	relation regclass NOT NULL,
	key_column name NOT NULL,
	time_zone_column name,
	language_column name,
	default_time_zone text NOT NULL CHECK (default_time_zone <> ''),
	default_language text NOT NULL CHECK (default_language <> '')
);

COMMENT ON TABLE persona.customer_binding IS 'the one relation whose rows are the customers; written by persona.bind_customers()';
COMMENT ON COLUMN persona.customer_binding.only_row IS 'always true: there is at most one row';
COMMENT ON COLUMN persona.customer_binding.relation IS 'the table, view, materialized view or foreign table';
COMMENT ON COLUMN persona.customer_binding.key_column IS 'its column that identifies a customer';
COMMENT ON COLUMN persona.customer_binding.time_zone_column IS 'its column with the name of the customer''s time zone, or NULL';
COMMENT ON COLUMN persona.customer_binding.language_column IS 'its column with the customer''s language, or NULL';
COMMENT ON COLUMN persona.customer_binding.default_time_zone IS 'the zone of customers whose own is absent or unknown, and of times without a zone';
COMMENT ON COLUMN persona.customer_binding.default_language IS 'the language of customers whose own is absent';

CREATE TABLE persona.event_binding (
	name text PRIMARY KEY CHECK (name <> ''),
	relation regclass NOT NULL,
	customer_column name NOT NULL,
	at_column name NOT NULL,
	kind text CHECK (kind <> ''),
	kind_column name,
	kinds text[] CHECK (cardinality(kinds) > 0 AND array_ndims(kinds) = 1
		AND array_position(kinds, NULL) IS NULL AND array_position(kinds, '') IS NULL),
	sequence_column name,
	position integer NOT NULL,
	CONSTRAINT event_binding_context_is_no_kind CHECK (kind <> 'context' AND 'context' <> ALL (kinds)),
	CONSTRAINT event_binding_kind_or_kind_column CHECK (num_nonnulls(kind, kind_column) = 1),
	CONSTRAINT event_binding_kinds_of_kind_column CHECK (kinds IS NULL OR kind_column IS NOT NULL)
);

COMMENT ON TABLE persona.event_binding IS 'the sources of events: one row per bound relation; written by persona.bind_events()';
COMMENT ON COLUMN persona.event_binding.name IS 'the name of the source';
COMMENT ON COLUMN persona.event_binding.relation IS 'the table, view, materialized view or foreign table whose rows are events';
COMMENT ON COLUMN persona.event_binding.customer_column IS 'its column with the customer''s key';
COMMENT ON COLUMN persona.event_binding.at_column IS 'its column with the time of the event; a timestamp or date without a zone is read in the default zone';
COMMENT ON COLUMN persona.event_binding.kind IS 'the kind of all its events, or NULL if a column tells it';
COMMENT ON COLUMN persona.event_binding.kind_column IS 'its column with the kind of each event, or NULL if all are of one kind';
COMMENT ON COLUMN persona.event_binding.kinds IS 'the kinds that kind_column is declared to hold, or NULL if it may hold any';
COMMENT ON COLUMN persona.event_binding.sequence_column IS 'its integer column that orders events of the same instant, or NULL';
COMMENT ON COLUMN persona.event_binding.position IS 'orders events of the same instant from different sources; persona.choice, persona.contact and persona.response come first, at 0';

--------------------------------------------------------------------------------
-- Changes of definitions: announced and checked
--------------------------------------------------------------------------------

CREATE FUNCTION persona.checks_paused() RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT current_setting('check_function_bodies') = 'off';
	END;

COMMENT ON FUNCTION persona.checks_paused() IS 'tells whether definitions may change unchecked: scripts of pg_dump set check_function_bodies to off, since they restore rows in any order; so do persona''s own functions while they rebind';

CREATE FUNCTION persona.lock_definitions() RETURNS void
	LANGUAGE sql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT pg_advisory_xact_lock('pg_class'::regclass::integer, 'persona.customer_binding'::regclass::integer);
	END;

COMMENT ON FUNCTION persona.lock_definitions() IS 'lets one transaction at a time change definitions, until its end: two changes that are each fine may not be fine together';

CREATE FUNCTION persona.invalidate_program() RETURNS trigger
	LANGUAGE c VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'persona_invalidate_program';

CREATE FUNCTION persona.announce_change() RETURNS void
	LANGUAGE c VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'persona_announce_change';

COMMENT ON FUNCTION persona.announce_change() IS 'tells all sessions that the program has to be built anew, since a bound relation was renamed or changed';

-- Any session could make all others build their programs again and again.
REVOKE EXECUTE ON FUNCTION persona.announce_change() FROM PUBLIC;

COMMENT ON FUNCTION persona.invalidate_program() IS 'statement trigger on tables of definitions: tells all sessions that the program has to be built anew';

CREATE FUNCTION persona.check_definitions() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF persona.checks_paused() THEN
		RETURN NULL;
	END IF;
	PERFORM persona.lock_definitions();
	IF TG_RELID = ANY (ARRAY['persona.customer_binding', 'persona.event_binding']::regclass[]) THEN
		PERFORM persona.check_time_zone();
		PERFORM persona.check_bindings();
	END IF;
	PERFORM persona.check_program(persona.build_program());
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION persona.check_definitions() IS 'statement trigger on tables of definitions: refuses a change after which a definition would not compile';

CREATE FUNCTION persona.check_new_conditions() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT persona.checks_paused() THEN
		PERFORM persona.lock_definitions();
		PERFORM persona.check_program(persona.program_for_conditions(
			(SELECT json_agg(json_build_object(
					'name', format('%s "%s"', TG_TABLE_NAME, i.name),
					'condition', i.condition::json) ORDER BY i.name COLLATE "C")
				FROM inserted AS i)));
	END IF;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION persona.check_new_conditions() IS 'statement trigger on persona.cohort and persona.trigger with transition table "inserted": nothing can use a new row yet, so only the new rows are checked';

CREATE FUNCTION persona.watch_definitions(definitions regclass,
	checked text DEFAULT 'INSERT OR UPDATE OR DELETE OR TRUNCATE') RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM pg_extension_config_dump(definitions, '');

	-- triggers of one event fire in the order of their names: announce, check
	EXECUTE format('CREATE TRIGGER announce_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
				   'FOR EACH STATEMENT EXECUTE FUNCTION persona.invalidate_program()', definitions);
	EXECUTE format('COMMENT ON TRIGGER announce_change ON %s IS %L', definitions,
				   'tells all sessions to build the program anew');
	EXECUTE format('CREATE TRIGGER check_change AFTER %s ON %s '
				   'FOR EACH STATEMENT EXECUTE FUNCTION persona.check_definitions()', checked, definitions);
	EXECUTE format('COMMENT ON TRIGGER check_change ON %s IS %L', definitions,
				   'refuses a change after which a definition would not compile');
END
$$;

COMMENT ON FUNCTION persona.watch_definitions(regclass, text) IS 'makes a table one of definitions, for persona''s own scripts: its rows are dumped, changes are announced, and checked on the events of the second argument';

-- Only the scripts of the extension declare tables of definitions.
REVOKE EXECUTE ON FUNCTION persona.watch_definitions(regclass, text) FROM PUBLIC;

SELECT persona.watch_definitions('persona.customer_binding');
SELECT persona.watch_definitions('persona.event_binding');

--------------------------------------------------------------------------------
-- Checks of the bindings
--
-- They only read the catalogs and never evaluate an expression over types of
-- users, since the event triggers below run them with the owner's rights.
--------------------------------------------------------------------------------

CREATE FUNCTION persona.base_type(type oid) RETURNS oid
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		WITH RECURSIVE layer (type, typtype, typbasetype) AS (
			SELECT t.oid, t.typtype, t.typbasetype FROM pg_type AS t WHERE t.oid = base_type.type
			UNION ALL
			SELECT t.oid, t.typtype, t.typbasetype
			FROM layer AS l JOIN pg_type AS t ON t.oid = l.typbasetype
			WHERE l.typtype = 'd'
		)
		SELECT l.type FROM layer AS l WHERE l.typtype <> 'd';
	END;

COMMENT ON FUNCTION persona.base_type(oid) IS 'the type beneath a domain (beneath all its layers), or the type itself';

CREATE FUNCTION persona.equality(left_type oid, right_type oid,
	OUT operator text, OUT left_indexed boolean) RETURNS record
	LANGUAGE c STABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_equality';

COMMENT ON FUNCTION persona.equality(oid, oid) IS 'how SQL compares values of two types for equality, from the right type''s default btree operator class or by an implicit cast, and whether an index on the left side can serve it; NULLs if they can''t be compared';

CREATE FUNCTION persona.check_relation(relation regclass) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_kind "char";
	found_persistence "char";
BEGIN
	SELECT c.relkind, c.relpersistence INTO found_kind, found_persistence
	FROM pg_class AS c WHERE c.oid = check_relation.relation;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_table',
			MESSAGE = format('relation with OID %s, to which persona is bound, does not exist', relation::oid);
	END IF;
	IF found_persistence = 't' OR found_kind <> ALL (ARRAY['r', 'p', 'v', 'm', 'f']::"char"[]) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'wrong_object_type',
			MESSAGE = format('cannot bind persona to %s', relation),
			DETAIL = CASE WHEN found_persistence = 't' THEN 'It is temporary.'
				ELSE format('It is %s.', CASE found_kind WHEN 'i' THEN 'an index' WHEN 'I' THEN 'an index'
					WHEN 'S' THEN 'a sequence' WHEN 'c' THEN 'a composite type' ELSE 'no relation with rows' END) END,
			HINT = 'Bind a table, partitioned table, view, materialized view or foreign table.';
	END IF;
END
$$;

COMMENT ON FUNCTION persona.check_relation(regclass) IS 'refuses a relation that cannot be bound: only tables, partitioned tables, views, materialized views and foreign tables that are not temporary can';

CREATE FUNCTION persona.column_type(relation regclass, column_name name, role text, allowed text) RETURNS oid
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	declared oid;
	base oid;
	fits boolean;
BEGIN
	SELECT a.atttypid INTO declared
	FROM pg_attribute AS a
	WHERE a.attrelid = column_type.relation AND a.attname = column_type.column_name
		AND a.attnum > 0 AND NOT a.attisdropped;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_column',
			MESSAGE = format('column "%s" of %s does not exist', column_name, relation),
			DETAIL = format('It is bound as the %s.', role),
			HINT = (SELECT format('Its columns are %s.', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum))
				FROM pg_attribute AS a
				WHERE a.attrelid = column_type.relation AND a.attnum > 0 AND NOT a.attisdropped);
	END IF;

	base := persona.base_type(declared);
	fits := CASE allowed
		WHEN 'comparable' THEN (SELECT q.operator IS NOT NULL FROM persona.equality(base, base) AS q)
		WHEN 'text' THEN base = ANY (ARRAY['text', 'varchar', 'bpchar', 'name']::regtype[])
			OR EXISTS (SELECT FROM pg_type AS t WHERE t.oid = base AND t.typtype = 'e')
		WHEN 'time' THEN base = ANY (ARRAY['timestamptz', 'timestamp', 'date']::regtype[])
		WHEN 'integer' THEN base = ANY (ARRAY['int2', 'int4', 'int8']::regtype[])
		END;
	IF NOT fits THEN
		RAISE EXCEPTION USING
			ERRCODE = 'datatype_mismatch',
			MESSAGE = format('column "%s" of %s cannot be the %s', column_name, relation, role),
			DETAIL = format('It is of type %s.', format_type(declared, NULL)),
			HINT = CASE allowed
				WHEN 'comparable' THEN 'Its type needs a default operator class for btree.'
				WHEN 'text' THEN 'It must be of type text, character varying, character, name or an enum.'
				WHEN 'time' THEN 'It must be of type timestamp with time zone, timestamp or date.'
				WHEN 'integer' THEN 'It must be of type smallint, integer or bigint.' END;
	END IF;
	RETURN base;
END
$$;

COMMENT ON FUNCTION persona.column_type(regclass, name, text, text) IS 'the base type of a column that is bound in a role (for messages) and must be ''comparable'', ''text'', ''time'' or ''integer''; NULL if no column is named; errors: undefined_column, datatype_mismatch';

CREATE FUNCTION persona.check_customer_binding() RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	b persona.customer_binding;
BEGIN
	FOR b IN SELECT * FROM persona.customer_binding LOOP
		PERFORM persona.check_relation(b.relation);
		PERFORM persona.column_type(b.relation, b.key_column, 'customers'' key', 'comparable');
		PERFORM persona.column_type(b.relation, b.time_zone_column, 'customers'' time zone', 'text');
		PERFORM persona.column_type(b.relation, b.language_column, 'customers'' language', 'text');
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.check_customer_binding() IS 'checks that the bound customers have the columns named, of fitting types; errors: undefined_table, wrong_object_type, undefined_column, datatype_mismatch';

CREATE FUNCTION persona.check_time_zone() RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unknown text;
BEGIN
	SELECT b.default_time_zone INTO unknown
	FROM persona.customer_binding AS b
	WHERE NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE lower(z.name) = lower(b.default_time_zone));
	IF FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('time zone "%s" is not known', unknown),
			DETAIL = 'It is bound as the default of the customers.',
			HINT = 'Use a name from pg_timezone_names, such as Europe/Berlin.';
	END IF;
END
$$;

COMMENT ON FUNCTION persona.check_time_zone() IS 'checks the default time zone of the bound customers, which takes a while: for changes of the bindings only; error: invalid_parameter_value';

CREATE FUNCTION persona.check_bindings() RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	b persona.event_binding;
	source text;
	customer_type oid;
	key_type oid;
BEGIN
	PERFORM persona.check_customer_binding();
	SELECT persona.column_type(c.relation, c.key_column, 'customers'' key', 'comparable') INTO key_type
	FROM persona.customer_binding AS c;

	FOR b IN SELECT * FROM persona.event_binding ORDER BY position, name COLLATE "C" LOOP
		source := format(' of events "%s"', b.name);
		PERFORM persona.check_relation(b.relation);
		customer_type := persona.column_type(b.relation, b.customer_column, 'customer' || source, 'comparable');
		PERFORM persona.column_type(b.relation, b.at_column, 'time' || source, 'time');
		PERFORM persona.column_type(b.relation, b.kind_column, 'kind' || source, 'text');
		PERFORM persona.column_type(b.relation, b.sequence_column, 'sequence' || source, 'integer');
		IF key_type IS NOT NULL AND (SELECT q.operator IS NULL FROM persona.equality(customer_type, key_type) AS q) THEN
			RAISE EXCEPTION USING
				ERRCODE = 'datatype_mismatch',
				MESSAGE = format('column "%s" of %s cannot be the customer%s', b.customer_column, b.relation, source),
				DETAIL = format('It is of type %s, the key of the customers is of type %s.',
					format_type(customer_type, NULL), format_type(key_type, NULL)),
				HINT = 'Bind a view that casts it to the type of the key.';
		END IF;
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.check_bindings() IS 'checks all bindings against the catalogs: relations, columns and their types; errors: undefined_table, wrong_object_type, undefined_column, datatype_mismatch';

--------------------------------------------------------------------------------
-- What is made from the bindings: contacts, functions and views
--
-- They are ordinary objects, not members of the extension: they name the
-- relations of users and carry the customers' key in its own type.
--------------------------------------------------------------------------------

CREATE FUNCTION persona.bound_timeline(without text DEFAULT '') RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customers persona.customer_binding;
	customer_key pg_attribute;
	source text;
	events text;
BEGIN
	SELECT * INTO STRICT customers FROM persona.customer_binding;
	SELECT * INTO STRICT customer_key FROM pg_attribute AS a
	WHERE a.attrelid = customers.relation AND a.attname = customers.key_column;

	-- One sub-query per source, merged; a source that no definition asks for is
	-- not read.  The customers' side takes the
	-- collation of the events' side, so that an index on the latter serves.
	FOR source IN
		SELECT format('(SELECT persona.timeline(p.program, %L, e.*) FROM %s AS e WHERE e.%I %s c.%I%s%s AND persona.asks(p.program, %L))',
			b.name, b.relation, b.customer_column, q.operator, customers.key_column,
			CASE WHEN a.attcollation <> customer_key.attcollation AND a.attcollation <> 0
				THEN format(' COLLATE %s', a.attcollation::regcollation) END,
			CASE WHEN b.name = 'persona.contact' THEN without END, b.name)
		FROM persona.event_binding AS b
			JOIN pg_attribute AS a ON a.attrelid = b.relation AND a.attname = b.customer_column
			CROSS JOIN LATERAL persona.equality(a.atttypid, customer_key.atttypid) AS q
		ORDER BY b.position, b.name COLLATE "C"
	LOOP
		events := CASE WHEN events IS NULL THEN source
			ELSE format(E'persona.timeline_concat(%s,\n\t\t%s)', events, source) END;
	END LOOP;
	RETURN coalesce(events, 'NULL::persona.timeline');
END
$$;

COMMENT ON FUNCTION persona.bound_timeline(text) IS 'the expression that yields the timeline of a customer c over all sources, for a program p.program; without: a condition on the contacts e, that begins with AND';

CREATE FUNCTION persona.bound_scan(program text DEFAULT '(SELECT persona.program() OFFSET 0)') RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- The program is a sub-query that is not pulled up: the function is called
	-- once per query (being too expensive to be called again) and its value is
	-- not copied; unlike a common table expression, it leaves the query open to
	-- joins on the customer.  OFFSET 0 lets the planner see what the timelines
	-- cost.
	RETURN format(E'%s AS p (program)\n'
				  '\tCROSS JOIN %s AS c\n'
				  '\tCROSS JOIN LATERAL (SELECT %s AS events OFFSET 0) AS t',
				  program, (SELECT b.relation FROM persona.customer_binding AS b), persona.bound_timeline());
END
$$;

COMMENT ON FUNCTION persona.bound_scan(text) IS 'the FROM clause that yields, for each bound customer and a program, given as an item of it, p.program, c.* (the row) and t.events (the timeline over all sources)';

CREATE FUNCTION persona.create_views() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customer_key record;
	scan text;
	question record;
	shape record;
	described record;
BEGIN
	SELECT quote_ident(b.key_column) AS column_name, a.atttypid AS type, format_type(a.atttypid, -1) AS sql_type,
		CASE WHEN a.attcollation <> t.typcollation
			THEN format(' COLLATE %s', a.attcollation::regcollation) END AS collation,
		greatest(c.reltuples, 1000)::bigint AS rows
	INTO customer_key
	FROM persona.customer_binding AS b
		JOIN pg_class AS c ON c.oid = b.relation
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = b.key_column
		JOIN pg_type AS t ON t.oid = a.atttypid;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	scan := persona.bound_scan();

	-- views over all customers, each over a function that takes the instant
	FOR question IN
		SELECT * FROM (VALUES
			('next_message', 'decide', 'persona.decision'::regclass,
			 'each customer''s next message; no row for a customer who has none'),
			('cohort_member', 'cohorts', 'persona.membership',
			 'the cohorts that each customer is in'),
			('open_trigger', 'triggers', 'persona.opening',
			 'the triggers whose window is open, for each customer')
		) AS v (view_name, evaluator, result, about)
	LOOP
		SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) AS declared,
			string_agg(format('d.%I', a.attname), ', ' ORDER BY a.attnum) AS selected
		INTO shape
		FROM pg_attribute AS a WHERE a.attrelid = question.result AND NOT a.attisdropped;

		EXECUTE format(E'CREATE OR REPLACE FUNCTION persona.%1$I(as_of timestamptz)\n'
			'RETURNS TABLE (customer %2$s, %3$s)\n'
			'LANGUAGE sql STABLE PARALLEL SAFE ROWS %4$s\n'
			'BEGIN ATOMIC\n\tSELECT c.%5$s, %6$s\n\tFROM %7$s\n'
			'\tCROSS JOIN LATERAL persona.%8$I(p.program, c.*, t.events, %1$I.as_of) AS d;\nEND',
			question.view_name || '_at', customer_key.sql_type, shape.declared, customer_key.rows,
			customer_key.column_name, shape.selected, scan, question.evaluator);
		EXECUTE format('COMMENT ON FUNCTION persona.%I(timestamptz) IS %L', question.view_name || '_at',
			question.about || ', as of an instant');

		EXECUTE format(E'CREATE OR REPLACE VIEW persona.%1$I WITH (security_invoker = true) AS\n'
			'SELECT d.customer%2$s AS customer, %3$s FROM persona.%4$I(now()) AS d',
			question.view_name, customer_key.collation, shape.selected, question.view_name || '_at');
		EXECUTE format('COMMENT ON VIEW persona.%I IS %L', question.view_name, question.about || ', as of now()');
		FOR described IN
			SELECT 'customer' AS name, 'the customer''s key' AS about
			UNION ALL
			SELECT a.attname, col_description(a.attrelid, a.attnum)
			FROM pg_attribute AS a WHERE a.attrelid = question.result AND NOT a.attisdropped
		LOOP
			EXECUTE format('COMMENT ON COLUMN persona.%I.%I IS %L', question.view_name, described.name, described.about);
		END LOOP;
	END LOOP;

	-- and the explanation for one customer
	SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) AS declared,
		string_agg(format('d.%I', a.attname), ', ' ORDER BY a.attnum) AS selected
	INTO shape
	FROM pg_attribute AS a WHERE a.attrelid = 'persona.candidate'::regclass AND NOT a.attisdropped;

	FOR question IN
		SELECT * FROM (VALUES
			('explain', scan,
			 'how each campaign fares for one customer, as of an instant: the stage it reached, the first rule that failed, its rank'),
			('explain_with_places', persona.bound_scan('(SELECT persona.close_full_days(persona.program(), explain_with_places.as_of) OFFSET 0)'),
			 'persona.explain(), but that a channel with a capacity has no place on days on which all are taken by now: as persona.commit_message() decides')
		) AS v (name, scan, about)
	LOOP
		EXECUTE format(E'CREATE OR REPLACE FUNCTION persona.%7$I(customer %1$s, as_of timestamptz DEFAULT now())\n'
			'RETURNS TABLE (%2$s)\n'
			'LANGUAGE sql STABLE PARALLEL SAFE ROWS 20\n'
			'BEGIN ATOMIC\n\tSELECT %3$s\n\tFROM %4$s\n'
			'\tCROSS JOIN LATERAL persona.candidates(p.program, c.*, t.events, %7$I.as_of) AS d\n'
			'\tWHERE c.%5$s %6$s %7$I.customer;\nEND',
			customer_key.sql_type, shape.declared, shape.selected, question.scan, customer_key.column_name,
			(SELECT q.operator FROM persona.equality(customer_key.type, customer_key.type) AS q), question.name);
		EXECUTE format('COMMENT ON FUNCTION persona.%I(%s, timestamptz) IS %L', question.name, customer_key.sql_type, question.about);
	END LOOP;

	-- and the messages for a customer who is there
	SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) AS declared,
		string_agg(format('d.%I', a.attname), ', ' ORDER BY a.attnum) AS selected
	INTO shape
	FROM pg_attribute AS a WHERE a.attrelid = 'persona.decision'::regclass AND NOT a.attisdropped;

	EXECUTE format(E'CREATE OR REPLACE FUNCTION persona.next_message_for(customer %1$s, for_channel text,\n'
		'\tfor_placement text DEFAULT NULL, context json DEFAULT NULL, as_of timestamptz DEFAULT now())\n'
		'RETURNS TABLE (slot integer, %2$s)\n'
		'LANGUAGE sql STABLE PARALLEL SAFE ROWS 2\n'
		'BEGIN ATOMIC\n\tSELECT (row_number() OVER (PARTITION BY d.placement ORDER BY d.ordinality))::integer, %3$s\n\tFROM %4$s\n'
		'\tCROSS JOIN LATERAL persona.decide_for(p.program, c.*,\n'
		'\t\tpersona.timeline_concat(t.events, persona.context(p.program, next_message_for.context::jsonb, next_message_for.as_of)),\n'
		'\t\tnext_message_for.as_of, next_message_for.for_channel, next_message_for.for_placement) WITH ORDINALITY AS d\n'
		'\tWHERE c.%5$s %6$s next_message_for.customer\n\tORDER BY d.ordinality;\nEND',
		customer_key.sql_type, shape.declared, shape.selected, scan, customer_key.column_name,
		(SELECT q.operator FROM persona.equality(customer_key.type, customer_key.type) AS q));
	EXECUTE format('COMMENT ON FUNCTION persona.next_message_for(%s, text, text, json, timestamptz) IS %L', customer_key.sql_type,
		'the messages for a customer who is on a channel, one for each slot of the placement (NULL: of all placements), given what is known of the moment: {"page": "cancel_form"}');

	PERFORM persona.create_choosers();
	PERFORM persona.create_delivery();
	PERFORM persona.create_runner();
	PERFORM persona.create_refresher();
	PERFORM persona.create_passes(customer_key.sql_type, customer_key.rows);
	PERFORM persona.create_population(customer_key.sql_type, customer_key.rows,
		(SELECT q.operator FROM persona.equality(customer_key.type, customer_key.type) AS q));
END
$$;

COMMENT ON FUNCTION persona.create_views() IS 'makes, or replaces in place, the views next_message, cohort_member and open_trigger, their functions of an instant, explain() and next_message_for(); does nothing while no customers are bound. The bind functions call it; call it after changing the bindings'' rows by hand';

CREATE FUNCTION persona.drop_views() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
BEGIN
	DROP VIEW IF EXISTS persona.next_message, persona.cohort_member, persona.open_trigger;
	DROP FUNCTION IF EXISTS persona.next_message_at, persona.cohort_member_at, persona.open_trigger_at, persona.explain,
		persona.explain_with_places, persona.next_message_for;
	PERFORM persona.drop_choosers();
	PERFORM persona.drop_delivery();
	PERFORM persona.drop_runner();
	PERFORM persona.drop_refresher();
	PERFORM persona.drop_passes();
	PERFORM persona.drop_population();
END
$$;

COMMENT ON FUNCTION persona.drop_views() IS 'drops what persona.create_views() made; an error if other objects depend on it';

CREATE FUNCTION persona.view_grants() RETURNS SETOF text
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		WITH made (what, name, owner, acl, columns) AS (
			SELECT 'TABLE', c.relname, c.relowner, c.relacl, NULL::text
			FROM pg_class AS c
			WHERE c.relnamespace = 'persona'::regnamespace
				AND c.relname = ANY (ARRAY['next_message', 'cohort_member', 'open_trigger'])
			UNION ALL
			SELECT 'TABLE', c.relname, c.relowner, a.attacl, format(' (%I)', a.attname)
			FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
			WHERE c.relnamespace = 'persona'::regnamespace
				AND c.relname = ANY (ARRAY['next_message', 'cohort_member', 'open_trigger'])
			UNION ALL
			SELECT 'FUNCTION', p.proname, p.proowner, p.proacl, NULL
			FROM pg_proc AS p
			WHERE p.pronamespace = 'persona'::regnamespace
				AND NOT EXISTS (SELECT FROM pg_depend AS d
					WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
		)
		SELECT format('REVOKE ALL ON FUNCTION persona.%I FROM PUBLIC', m.name)
		FROM made AS m
		WHERE m.what = 'FUNCTION' AND m.acl IS NOT NULL
		UNION ALL
		SELECT format('GRANT %s%s ON %s persona.%I TO %s%s', g.privilege_type, m.columns, m.what, m.name,
			CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END,
			CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)
		FROM made AS m CROSS JOIN LATERAL aclexplode(m.acl) AS g
		WHERE g.grantee <> m.owner;
	END;

COMMENT ON FUNCTION persona.view_grants() IS 'the statements that give what persona.create_views() made the privileges that it has now, for a change that has to drop and make it anew';

CREATE FUNCTION persona.runtime_tables() RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT ARRAY['persona.choice', 'persona.contact', 'persona.response'];
	END;

COMMENT ON FUNCTION persona.runtime_tables() IS 'the tables that persona.bind_customers() makes and binds as sources of events, each by its own name';

CREATE FUNCTION persona.customer_key(OUT type oid, OUT collation oid, OUT declared text) RETURNS record
	LANGUAGE sql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT a.atttypid, a.attcollation, format_type(a.atttypid, -1) ||
			CASE WHEN a.attcollation <> 0 THEN format(' COLLATE %s', a.attcollation::regcollation) ELSE '' END
		FROM persona.customer_binding AS b
			JOIN pg_attribute AS a ON a.attrelid = b.relation AND a.attname = b.key_column;
	END;

COMMENT ON FUNCTION persona.customer_key() IS 'type and collation of the bound customers'' key, and how a column of it is declared; NULLs while no customers are bound';

CREATE FUNCTION persona.complete_instants() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- a contact that is inserted as sent is one of the past
	instant timestamptz := CASE TG_OP WHEN 'INSERT' THEN NEW.send_at ELSE clock_timestamp() END;
BEGIN
	IF NEW.status = 'claimed' THEN
		NEW.claimed_at := coalesce(NEW.claimed_at, instant);
		NEW.lease_until := coalesce(NEW.lease_until, NEW.claimed_at);
	ELSIF NEW.status = ANY (ARRAY['sent', 'delivered']) THEN
		NEW.sent_at := coalesce(NEW.sent_at, instant);
		IF NEW.status = 'delivered' THEN
			NEW.delivered_at := coalesce(NEW.delivered_at, instant);
		END IF;
	ELSE
		NEW.ended_at := coalesce(NEW.ended_at, instant);
	END IF;
	RETURN NEW;
END
$$;

COMMENT ON FUNCTION persona.complete_instants() IS 'row trigger on persona.contact: gives a status other than planned its instants where they are absent: send_at to a contact that is inserted so, else the clock''s; an instant that is there and does not fit stays, and violates contact_status_has_its_instants';

CREATE FUNCTION persona.create_contact() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customer_key record;
	described record;
BEGIN
	SELECT * INTO STRICT customer_key FROM persona.customer_key();
	IF to_regclass('persona.contact') IS NOT NULL THEN
		PERFORM persona.adapt_customer('persona.contact', customer_key.type, customer_key.collation, customer_key.declared);
		RETURN;
	END IF;

	EXECUTE format($sql$
		CREATE TABLE persona.contact (
			customer %s NOT NULL,
			contact_id bigint GENERATED BY DEFAULT AS IDENTITY,
			campaign text,
			experience text,
			channel text,
			placement text,
			message text,
			trigger text,
			fired_at timestamptz,
			trigger_key text,
			status text NOT NULL DEFAULT 'planned'
				CHECK (status = ANY (ARRAY['planned', 'claimed', 'sent', 'delivered', 'failed', 'cancelled', 'expired'])),
			decided_at timestamptz NOT NULL DEFAULT now(),
			send_at timestamptz NOT NULL DEFAULT now(),
			expires_at timestamptz,
			capacity_day date,
			address text,
			subject text,
			body text,
			priority integer,
			cost numeric CHECK (cost < 'Infinity'),
			score numeric,
			reason text,
			program bytea,
			idempotency_key uuid NOT NULL DEFAULT gen_random_uuid(),
			attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
			worker text,
			claimed_at timestamptz,
			lease_until timestamptz,
			next_attempt_at timestamptz,
			error text,
			sent_at timestamptz,
			delivered_at timestamptz,
			ended_at timestamptz,
			PRIMARY KEY (customer, contact_id),
			CONSTRAINT contact_status_has_its_instants CHECK (CASE
				WHEN status = 'planned' THEN num_nonnulls(lease_until, sent_at, delivered_at, ended_at) = 0
				WHEN status = 'claimed' THEN num_nonnulls(sent_at, delivered_at, ended_at) = 0
					AND num_nulls(claimed_at, lease_until) = 0
				WHEN status = 'sent' THEN num_nonnulls(delivered_at, ended_at) = 0 AND sent_at IS NOT NULL
				WHEN status = 'delivered' THEN ended_at IS NULL AND num_nulls(sent_at, delivered_at) = 0
				ELSE ended_at IS NOT NULL END)
		)$sql$, customer_key.declared);
	CREATE INDEX contact_customer_send_at_idx ON persona.contact (customer, send_at);

	COMMENT ON TABLE persona.contact IS 'messages decided for customers: the outbox and the history; also a source of events of kind contact';
	FOR described IN
		SELECT * FROM (VALUES
			('customer', 'the customer''s key'),
			('contact_id', 'numbers the contacts'),
			('campaign', 'the campaign'),
			('experience', 'what the campaign brought'),
			('channel', 'the channel'),
			('placement', 'the place inside the channel, or NULL'),
			('message', 'the message variant'),
			('trigger', 'the trigger that opened the window, or NULL'),
			('fired_at', 'the instant at which the trigger fired, or NULL'),
			('trigger_key', 'which firing of a keyed trigger, or NULL'),
			('status', 'planned, claimed, sent, delivered, failed, cancelled or expired; the last three give the slot under every limit back'),
			('decided_at', 'the instant at which it was decided'),
			('send_at', 'the instant at which it is planned to be sent or was sent; it counts under limits at that time'),
			('expires_at', 'the instant from which on it must not be sent; NULL: never'),
			('capacity_day', 'the day on which it has a place of a channel with a capacity, or NULL'),
			('address', 'where to: the customer''s address when it was handed out last, or NULL'),
			('subject', 'the rendered subject, or NULL'),
			('body', 'the rendered body'),
			('priority', 'the campaign''s priority class'),
			('cost', 'what it costs; budgets are spent by it, unless it ends without having been sent'),
			('score', 'the score of the decision'),
			('reason', 'why this message, in words'),
			('program', 'the hash of the program that decided it'),
			('idempotency_key', 'by which a receiver recognizes a message that is handed to it twice'),
			('attempts', 'how often it was handed out to be sent'),
			('worker', 'who has it, or had it last'),
			('claimed_at', 'the instant at which it was handed out last, or NULL'),
			('lease_until', 'the instant from which on it may be handed out again, or NULL'),
			('next_attempt_at', 'not handed out before; NULL: from send_at on'),
			('error', 'why it could not be judged when it was to be handed out last, or NULL'),
			('sent_at', 'the instant at which it was sent, or NULL'),
			('delivered_at', 'the instant at which it was delivered, or NULL'),
			('ended_at', 'the instant at which it failed for good, was cancelled or expired, or NULL; from then on it counts under no limit')
		) AS v (name, about)
	LOOP
		EXECUTE format('COMMENT ON COLUMN persona.contact.%I IS %L', described.name, described.about);
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.create_contact() IS 'makes persona.contact for the bound customers'' key, or adapts the one that exists; contacts of another key type are not thrown away: error object_not_in_prerequisite_state';

CREATE FUNCTION persona.create_response() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customer_key record;
	described record;
BEGIN
	SELECT * INTO STRICT customer_key FROM persona.customer_key();
	IF to_regclass('persona.response') IS NOT NULL THEN
		PERFORM persona.adapt_customer('persona.response', customer_key.type, customer_key.collation, customer_key.declared);
		RETURN;
	END IF;

	EXECUTE format($sql$
		CREATE TABLE persona.response (
			customer %s NOT NULL,
			response_id bigint GENERATED BY DEFAULT AS IDENTITY,
			contact_id bigint,
			at timestamptz NOT NULL DEFAULT now() CHECK (isfinite(at)),
			outcome text NOT NULL
				CHECK (outcome = ANY (ARRAY['delivered', 'opened', 'clicked', 'replied', 'accepted', 'rejected',
					'converted', 'bounced', 'complained', 'unsubscribed'])),
			campaign text,
			experience text,
			channel text,
			placement text,
			message text,
			details jsonb,
			PRIMARY KEY (customer, response_id)
		)$sql$, customer_key.declared);
	CREATE INDEX response_customer_at_idx ON persona.response (customer, at);

	COMMENT ON TABLE persona.response IS 'what came back from customers; also a source of events of kind response';
	FOR described IN
		SELECT * FROM (VALUES
			('customer', 'the customer''s key'),
			('response_id', 'numbers the responses; orders those of the same instant'),
			('contact_id', 'the contact to which it is the response, or NULL'),
			('at', 'the instant at which it happened'),
			('outcome', 'delivered, opened, clicked, replied, accepted, rejected, converted, bounced, complained or unsubscribed'),
			('campaign', 'the campaign of the contact, or NULL'),
			('experience', 'what the campaign brought, or NULL'),
			('channel', 'the channel, or NULL'),
			('placement', 'the place inside the channel, or NULL'),
			('message', 'the message variant, or NULL'),
			('details', 'whatever else is to be kept')
		) AS v (name, about)
	LOOP
		EXECUTE format('COMMENT ON COLUMN persona.response.%I IS %L', described.name, described.about);
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.create_response() IS 'makes persona.response for the bound customers'' key, or adapts the one that exists; responses of another key type are not thrown away: error object_not_in_prerequisite_state';

CREATE FUNCTION persona.create_choice() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customer_key record;
	described record;
BEGIN
	SELECT * INTO STRICT customer_key FROM persona.customer_key();
	IF to_regclass('persona.choice') IS NOT NULL THEN
		PERFORM persona.adapt_customer('persona.choice', customer_key.type, customer_key.collation, customer_key.declared);
		RETURN;
	END IF;

	EXECUTE format($sql$
		CREATE TABLE persona.choice (
			customer %s NOT NULL,
			choice_id bigint GENERATED BY DEFAULT AS IDENTITY,
			at timestamptz NOT NULL DEFAULT now() CHECK (isfinite(at)),
			choice text NOT NULL CHECK (choice = ANY (ARRAY['consent', 'objection', 'preference', 'snooze'])),
			channel text CHECK (channel <> ''),
			topic text CHECK (topic <> ''),
			rank integer,
			until timestamptz,
			origin text,
			PRIMARY KEY (customer, choice_id),
			CONSTRAINT choice_rank_of_preference CHECK (CASE choice WHEN 'preference'
				THEN topic IS NULL AND (channel IS NOT NULL OR rank IS NULL) ELSE rank IS NULL END),
			CONSTRAINT choice_until_of_snooze CHECK ((choice = 'snooze') = (until IS NOT NULL))
		)$sql$, customer_key.declared);
	CREATE INDEX choice_customer_at_idx ON persona.choice (customer, at);

	COMMENT ON TABLE persona.choice IS 'what customers chose themselves, with its history; also a source of events of kind choice';
	FOR described IN
		SELECT * FROM (VALUES
			('customer', 'the customer''s key'),
			('choice_id', 'numbers the choices; orders those of the same instant'),
			('at', 'the instant from which it holds'),
			('choice', 'consent, objection, preference or snooze'),
			('channel', 'the channel that it is about; NULL: all'),
			('topic', 'the topic that it is about; NULL: all'),
			('rank', 'of a preference: the channel''s place, lower is preferred; NULL: the preference is withdrawn'),
			('until', 'of a snooze: no contact before then'),
			('origin', 'where it was said: a form, a page, a person; or NULL')
		) AS v (name, about)
	LOOP
		EXECUTE format('COMMENT ON COLUMN persona.choice.%I IS %L', described.name, described.about);
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.create_choice() IS 'makes persona.choice for the bound customers'' key, or adapts the one that exists; choices of another key type are not thrown away: error object_not_in_prerequisite_state';

CREATE FUNCTION persona.adapt_customer(relation regclass, key_type oid, key_collation oid, key_declared text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customer pg_attribute;
	filled boolean;
BEGIN
	SELECT * INTO STRICT customer FROM pg_attribute AS a
	WHERE a.attrelid = adapt_customer.relation AND a.attname = 'customer';
	IF customer.atttypid = key_type AND customer.attcollation = key_collation THEN
		RETURN;
	END IF;
	EXECUTE format('SELECT EXISTS (SELECT FROM %s)', relation) INTO filled;
	IF customer.atttypid <> key_type AND filled THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('cannot bind customers by a key of type %s', format_type(key_type, NULL)),
			DETAIL = format('%s holds rows of customers whose key is of type %s.', relation,
				format_type(customer.atttypid, NULL)),
			HINT = format('Bind a relation with a key of that type, or save the rows elsewhere and empty %s first.', relation);
	END IF;

	PERFORM persona.drop_views();
	PERFORM persona.drop_change_triggers(relation);
	EXECUTE format('ALTER TABLE %s ALTER COLUMN customer TYPE %s USING %s', relation, key_declared,
		CASE WHEN customer.atttypid = key_type THEN 'customer' ELSE 'NULL' END);
END
$$;

COMMENT ON FUNCTION persona.adapt_customer(regclass, oid, oid, text) IS 'gives the column customer of a table that persona.bind_customers() made another type (if it has no rows) or collation; drops its triggers and the views that persona.create_views() made, which depend on it';

CREATE FUNCTION persona.rebuild() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM persona.check_bindings();
	PERFORM persona.check_program(persona.build_program());
	PERFORM persona.create_views();
END
$$;

COMMENT ON FUNCTION persona.rebuild() IS 'checks all bindings and all definitions and makes the views anew: what every change of a binding ends with';

--------------------------------------------------------------------------------
-- Binding and unbinding
--
-- Between their steps bindings and definitions need not fit together, so
-- these functions pause the checks (see persona.checks_paused) and end with
-- persona.rebuild().
--------------------------------------------------------------------------------

CREATE FUNCTION persona.advise_key(relation regclass, key name) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_class AS c
			WHERE c.oid = relation AND c.relkind = ANY (ARRAY['r', 'p', 'm']::"char"[]))
		AND NOT EXISTS (SELECT FROM pg_index AS i
			JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
			WHERE i.indrelid = relation AND a.attname = advise_key.key
				AND i.indisunique AND i.indisvalid AND i.indnkeyatts = 1 AND i.indpred IS NULL)
	THEN
		RAISE WARNING USING
			MESSAGE = format('no unique index on %s (%s)', relation, quote_ident(key)),
			DETAIL = 'A customer who has two rows gets two answers, and finding one customer reads the whole table.',
			HINT = format('CREATE UNIQUE INDEX ON %s (%s);', relation, quote_ident(key));
	END IF;
END
$$;

COMMENT ON FUNCTION persona.advise_key(regclass, name) IS 'warns if the key of bound customers has no unique index; says nothing of views and foreign tables';

CREATE FUNCTION persona.advise_index(relation regclass, customer name, at name) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_kind "char";
	left_indexed boolean;
BEGIN
	SELECT c.relkind INTO STRICT found_kind FROM pg_class AS c WHERE c.oid = advise_index.relation;
	IF found_kind = ANY (ARRAY['v', 'f']::"char"[]) THEN
		RAISE NOTICE USING
			MESSAGE = format('persona cannot see the indexes beneath %s', relation),
			HINT = format('One customer''s events are read by %s; make sure that an index beneath serves this.',
				quote_ident(customer));
		RETURN;
	END IF;

	IF NOT EXISTS (SELECT FROM pg_index AS i
			JOIN pg_class AS c ON c.oid = i.indexrelid
			JOIN pg_am AS m ON m.oid = c.relam AND m.amname = 'btree'
			JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
			JOIN pg_attribute AS b ON b.attrelid = i.indrelid AND b.attnum = i.indkey[1]
			WHERE i.indrelid = advise_index.relation AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts >= 2
				AND a.attname = advise_index.customer AND b.attname = advise_index.at)
	THEN
		RAISE WARNING USING
			MESSAGE = format('no index on %s (%s, %s)', relation, quote_ident(customer), quote_ident(at)),
			DETAIL = 'The next message of one customer reads the events of that customer, without it the whole table.',
			HINT = format('CREATE INDEX ON %s (%s, %s);', relation, quote_ident(customer), quote_ident(at));
	END IF;

	SELECT q.left_indexed INTO left_indexed
	FROM persona.customer_binding AS c
		JOIN pg_attribute AS k ON k.attrelid = c.relation AND k.attname = c.key_column
		JOIN pg_attribute AS e ON e.attrelid = advise_index.relation AND e.attname = advise_index.customer
		CROSS JOIN LATERAL persona.equality(e.atttypid, k.atttypid) AS q;
	IF NOT left_indexed THEN
		RAISE WARNING USING
			MESSAGE = format('an index on %s (%s) cannot serve persona', relation, quote_ident(customer)),
			DETAIL = 'The column is of another type than the key of the customers and is cast to it.',
			HINT = 'Give both columns the same type.';
	END IF;
END
$$;

COMMENT ON FUNCTION persona.advise_index(regclass, name, name) IS 'warns if a bound table of events has no index that begins with customer and time, or none that can serve; only a notice for views and foreign tables';

CREATE FUNCTION persona.bind_customers(relation regclass, key name,
	time_zone name DEFAULT NULL, language name DEFAULT NULL,
	default_time_zone text DEFAULT 'UTC', default_language text DEFAULT 'en') RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET check_function_bodies = off
AS $$
DECLARE
	grants text[];
	statement text;
BEGIN
	PERFORM persona.lock_definitions();
	INSERT INTO persona.customer_binding AS b (relation, key_column, time_zone_column, language_column,
		default_time_zone, default_language)
	VALUES (bind_customers.relation, bind_customers.key, bind_customers.time_zone, bind_customers.language,
		bind_customers.default_time_zone, bind_customers.default_language)
	ON CONFLICT ON CONSTRAINT customer_binding_pkey DO UPDATE SET
		relation = EXCLUDED.relation, key_column = EXCLUDED.key_column,
		time_zone_column = EXCLUDED.time_zone_column, language_column = EXCLUDED.language_column,
		default_time_zone = EXCLUDED.default_time_zone, default_language = EXCLUDED.default_language;
	PERFORM persona.check_time_zone();
	PERFORM persona.check_customer_binding();

	grants := ARRAY(SELECT persona.view_grants());
	PERFORM persona.create_contact();
	PERFORM persona.create_response();
	PERFORM persona.create_choice();
	PERFORM persona.create_due();
	PERFORM persona.create_snapshot();
	INSERT INTO persona.event_binding AS b (name, relation, customer_column, at_column, kind, sequence_column, position)
	VALUES ('persona.contact', 'persona.contact', 'customer', 'send_at', 'contact', 'contact_id', 0),
		('persona.response', 'persona.response', 'customer', 'at', 'response', 'response_id', 0),
		('persona.choice', 'persona.choice', 'customer', 'at', 'choice', 'choice_id', 0)
	ON CONFLICT ON CONSTRAINT event_binding_pkey DO UPDATE SET relation = EXCLUDED.relation;

	-- another key may have cost the views their existence, not their grants
	IF to_regclass('persona.next_message') IS NOT NULL THEN
		grants := ARRAY[]::text[];
	END IF;
	PERFORM persona.rebuild();
	FOREACH statement IN ARRAY grants LOOP
		EXECUTE statement;
	END LOOP;

	PERFORM persona.advise_key(relation, key);
END
$$;

COMMENT ON FUNCTION persona.bind_customers(regclass, name, name, name, text, text) IS
'binds the one relation whose rows are the customers; again: binds another in its place.
relation: a table, partitioned table, view, materialized view or foreign table; key: its column that identifies a customer, of any type with a default btree operator class;
time_zone, language: its text columns with the name of the customer''s zone and language, or NULL; default_time_zone, default_language: for customers without.
Makes persona.contact, persona.response and persona.choice if they are not there, binds them as sources of events of these names, and makes the views.
Errors: undefined_column, wrong_object_type, datatype_mismatch, invalid_parameter_value (time zone), not_null_violation; object_not_in_prerequisite_state if one of these tables holds rows of a key of another type; and whatever definition no longer compiles.
Warns if the key has no unique index';

CREATE FUNCTION persona.bind_events(relation regclass, customer name, at name, kind text DEFAULT NULL,
	kind_column name DEFAULT NULL, kinds text[] DEFAULT NULL, sequence name DEFAULT NULL,
	name text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET check_function_bodies = off
AS $$
BEGIN
	-- search_path being what it is, the relation's text has its schema
	bind_events.name := coalesce(bind_events.name, bind_events.relation::text);
	IF bind_events.name = ANY (persona.runtime_tables())
		OR bind_events.relation = ANY (SELECT to_regclass(t.name) FROM unnest(persona.runtime_tables()) AS t (name)) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('%s is bound by persona.bind_customers()', CASE WHEN bind_events.name = ANY (persona.runtime_tables())
				THEN bind_events.name ELSE bind_events.relation::text END);
	END IF;
	IF num_nonnulls(kind, kind_column) <> 1 THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'events need either a kind or a column that tells it',
			HINT = 'Give one of the arguments kind and kind_column.';
	END IF;

	PERFORM persona.lock_definitions();
	INSERT INTO persona.event_binding AS b (name, relation, customer_column, at_column, kind, kind_column, kinds,
		sequence_column, position)
	VALUES (bind_events.name, bind_events.relation, bind_events.customer, bind_events.at, bind_events.kind,
		bind_events.kind_column, bind_events.kinds, bind_events.sequence,
		(SELECT coalesce(max(o.position), 0) + 1 FROM persona.event_binding AS o))
	ON CONFLICT ON CONSTRAINT event_binding_pkey DO UPDATE SET
		relation = EXCLUDED.relation, customer_column = EXCLUDED.customer_column, at_column = EXCLUDED.at_column,
		kind = EXCLUDED.kind, kind_column = EXCLUDED.kind_column, kinds = EXCLUDED.kinds,
		sequence_column = EXCLUDED.sequence_column;
	PERFORM persona.rebuild();

	PERFORM persona.advise_index(relation, customer, at);
END
$$;

COMMENT ON FUNCTION persona.bind_events(regclass, name, name, text, name, text[], name, text) IS
'binds a relation whose rows are events; again with the same name: binds it in its place, at the same position.
relation: a table, partitioned table, view, materialized view or foreign table; customer: its column with the customer''s key; at: its column with the time (timestamp with time zone; timestamp and date are read in the default zone);
kind: the kind of all its events, or kind_column: its text column that tells it, with kinds: the kinds that the column may hold, NULL for any;
sequence: its integer column that orders events of the same instant, or NULL; name: the name of the source, by default the relation''s with its schema.
Errors: undefined_column, wrong_object_type, datatype_mismatch, invalid_parameter_value, check_violation, not_null_violation; and whatever definition no longer compiles.
Warns if a table lacks an index that begins with customer and time';

CREATE FUNCTION persona.unbind_events(name text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET check_function_bodies = off
AS $$
BEGIN
	IF unbind_events.name = ANY (persona.runtime_tables()) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('%s is bound as long as the customers are', unbind_events.name),
			HINT = 'Call persona.unbind_customers().';
	END IF;
	PERFORM persona.lock_definitions();
	DELETE FROM persona.event_binding AS b WHERE b.name = unbind_events.name;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = format('no events are bound by the name "%s"', unbind_events.name),
			HINT = 'The names are in persona.event_binding.';
	END IF;
	PERFORM persona.rebuild();
END
$$;

COMMENT ON FUNCTION persona.unbind_events(text) IS 'unbinds a source of events by its name; errors: undefined_object, and whatever definition asks for its events';

CREATE FUNCTION persona.unbind_customers() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET check_function_bodies = off
AS $$
BEGIN
	PERFORM persona.lock_definitions();
	DELETE FROM persona.customer_binding;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = 'no customers are bound';
	END IF;
	DELETE FROM persona.event_binding AS b WHERE b.name = ANY (persona.runtime_tables());
	PERFORM persona.drop_views();
	PERFORM persona.drop_all_change_triggers();
	PERFORM persona.rebuild();
END
$$;

COMMENT ON FUNCTION persona.unbind_customers() IS 'unbinds the customers and drops the views; persona.contact, persona.response and persona.choice stay with their rows, definitions and other sources of events too; errors: undefined_object, dependent_objects_still_exist if a view of yours uses them';

-- Binding decides which relations everybody's answers are read from, and
-- rebuilding drops and creates objects: both are for the owner to give away.
REVOKE EXECUTE ON FUNCTION
	persona.create_views(), persona.drop_views(), persona.create_contact(), persona.create_response(),
	persona.create_choice(), persona.adapt_customer(regclass, oid, oid, text), persona.rebuild(),
	persona.bind_customers(regclass, name, name, name, text, text),
	persona.bind_events(regclass, name, name, text, name, text[], name, text),
	persona.unbind_events(text), persona.unbind_customers()
FROM PUBLIC;

--------------------------------------------------------------------------------
-- Guards: bound relations do not change behind persona's back
--
-- They run for whoever changes a relation of his own, with the rights of the
-- extension's owner, since they read the definitions.
--------------------------------------------------------------------------------

CREATE FUNCTION persona.bound_relation() RETURNS TABLE (relation oid, unbinding text)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT c.relation::oid, 'SELECT persona.unbind_customers();' FROM persona.customer_binding AS c
		UNION ALL
		SELECT e.relation::oid, CASE WHEN e.name = ANY (persona.runtime_tables()) THEN 'SELECT persona.unbind_customers();'
			ELSE format('SELECT persona.unbind_events(%L);', e.name) END
		FROM persona.event_binding AS e;
	END;

COMMENT ON FUNCTION persona.bound_relation() IS 'the relations that are bound, and the statement that unbinds each';

CREATE FUNCTION persona.check_change(what text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reason text;
	detail text;
BEGIN
	PERFORM persona.check_bindings();
	PERFORM persona.check_program(persona.build_program());
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RAISE EXCEPTION USING
		ERRCODE = 'dependent_objects_still_exist',
		MESSAGE = format('cannot change %s because a definition of persona uses it', what),
		DETAIL = concat_ws(E'\n', reason, nullif(detail, '')),
		HINT = 'Change the definition first, or unbind the relation.';
END
$$;

COMMENT ON FUNCTION persona.check_change(text) IS 'checks all bindings and definitions after a change of a relation or type, named for the message; error: dependent_objects_still_exist, its detail tells which definition and why';

CREATE FUNCTION persona.guard_drop() RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	dropped record;
BEGIN
	IF persona.checks_paused() OR NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'persona') THEN
		RETURN;
	END IF;
	FOR dropped IN
		SELECT d.objsubid, d.object_type, d.object_identity, b.unbinding
		FROM pg_event_trigger_dropped_objects() AS d
			JOIN persona.bound_relation() AS b ON b.relation = d.objid
		WHERE d.classid = 'pg_class'::regclass
		ORDER BY d.objsubid, d.object_identity COLLATE "C", b.unbinding COLLATE "C"
	LOOP
		IF dropped.objsubid = 0 THEN
			RAISE EXCEPTION USING
				ERRCODE = 'dependent_objects_still_exist',
				MESSAGE = format('cannot drop %s %s because persona is bound to it',
					dropped.object_type, dropped.object_identity),
				HINT = format('Unbind it first: %s', dropped.unbinding);
		END IF;
		PERFORM persona.check_change(format('%s %s', dropped.object_type, dropped.object_identity));
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.guard_drop() IS 'event trigger: refuses to drop a bound relation, or a column of it that a binding or definition uses, with CASCADE too';

CREATE FUNCTION persona.guard_alter() RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed record;
BEGIN
	IF persona.checks_paused() OR NOT EXISTS (SELECT FROM persona.bound_relation()) THEN
		RETURN;
	END IF;

	-- A column is changed where it is inherited from; a type may be that of a
	-- column at any depth, so types are not looked for.
	WITH RECURSIVE touching (relation) AS (
		SELECT b.relation FROM persona.bound_relation() AS b
		UNION
		SELECT i.inhparent FROM touching AS t JOIN pg_inherits AS i ON i.inhrelid = t.relation
	)
	SELECT d.object_type, d.object_identity INTO changed
	FROM pg_event_trigger_ddl_commands() AS d
	WHERE d.command_tag = ANY (ARRAY['ALTER TYPE', 'ALTER SCHEMA'])
		OR d.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM touching AS t WHERE t.relation = d.objid)
	LIMIT 1;
	IF FOUND THEN
		PERFORM persona.check_change(format('%s %s', changed.object_type, changed.object_identity));
		PERFORM persona.announce_change();
	END IF;
END
$$;

COMMENT ON FUNCTION persona.guard_alter() IS 'event trigger: refuses a change of a bound relation, or of a type, after which a binding or definition would not compile';

CREATE EVENT TRIGGER persona_guard_drop ON sql_drop
	EXECUTE FUNCTION persona.guard_drop();

CREATE EVENT TRIGGER persona_guard_alter ON ddl_command_end
	WHEN TAG IN ('ALTER TABLE', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER FOREIGN TABLE', 'ALTER TYPE',
		'ALTER SCHEMA', 'CREATE VIEW')
	EXECUTE FUNCTION persona.guard_alter();

COMMENT ON EVENT TRIGGER persona_guard_drop IS 'refuses to drop what persona is bound to';
COMMENT ON EVENT TRIGGER persona_guard_alter IS 'refuses changes of what persona is bound to that a definition would not survive';
