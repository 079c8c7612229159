--------------------------------------------------------------------------------
-- population: what is asked of all customers together
--
-- How far long commands are, what the data can bear (feasibility), where
-- campaigns lose customers (funnel), what a change of definitions would do
-- (simulate), and what a scarce channel is worth (prices).
--------------------------------------------------------------------------------

--------------------------------------------------------------------------------
-- Progress of long commands
--------------------------------------------------------------------------------

CREATE FUNCTION persona.progress_rows(
	OUT pid integer, OUT task text, OUT number bigint, OUT started_at timestamptz, OUT done bigint, OUT total bigint,
	OUT written bigint, OUT suppressed bigint, OUT rows_read bigint, OUT rows_to_read bigint) RETURNS SETOF record
	LANGUAGE c STABLE PARALLEL SAFE ROWS 5
	AS 'MODULE_PATHNAME', 'persona_progress_rows';

COMMENT ON FUNCTION persona.progress_rows() IS 'what persona.progress shows, without the arithmetic';

CREATE VIEW persona.progress WITH (security_invoker = true) AS
	SELECT r.pid, r.task, r.number, r.started_at, r.done, r.total,
		CASE WHEN s.share <= 1 THEN round(s.share, 4) WHEN s.share > 1 THEN 1 END AS share,
		round((r.done / nullif(extract(epoch FROM clock_timestamp() - r.started_at), 0))::numeric, 1) AS per_second,
		CASE WHEN s.share > 0 AND s.share <= 1
			THEN r.started_at + (clock_timestamp() - r.started_at) * (1 / s.share)::double precision END AS expected_end,
		r.written, r.suppressed, r.rows_read, r.rows_to_read
	FROM persona.progress_rows() AS r
		CROSS JOIN LATERAL (SELECT 1.0 * (r.done + coalesce(r.rows_read, 0))
			/ nullif(r.total + CASE WHEN r.rows_read IS NULL THEN 0 ELSE r.rows_to_read END, 0)) AS s (share);

COMMENT ON VIEW persona.progress IS 'the long commands of persona that are going on in this database, and how far they are; of other roles only for members of them and of pg_read_all_stats';
COMMENT ON COLUMN persona.progress.pid IS 'the process of the session, as in pg_stat_activity';
COMMENT ON COLUMN persona.progress.task IS 'run, refresh, simulate, funnel, feasibility, prices, or pass: another question about all customers';
COMMENT ON COLUMN persona.progress.number IS 'which run it is; NULL for other tasks';
COMMENT ON COLUMN persona.progress.started_at IS 'when it began';
COMMENT ON COLUMN persona.progress.done IS 'customers that are done';
COMMENT ON COLUMN persona.progress.total IS 'customers that are expected, by statistics and size of their table; NULL if unknown';
COMMENT ON COLUMN persona.progress.share IS '(done + rows_read) / (total + rows_to_read), at most 1: how much of its work is done; NULL if that is unknown';
COMMENT ON COLUMN persona.progress.per_second IS 'customers per second since it began';
COMMENT ON COLUMN persona.progress.expected_end IS 'when it will end if it goes on at this rate; NULL if unknown';
COMMENT ON COLUMN persona.progress.written IS 'rows written, by tasks that write';
COMMENT ON COLUMN persona.progress.rows_read IS 'rows of the bound relations that are read, by tasks that read them all at once; NULL for others';
COMMENT ON COLUMN persona.progress.rows_to_read IS 'how many rows these have, by statistics and sizes; NULL if unknown, and for other tasks';
COMMENT ON COLUMN persona.progress.suppressed IS 'customers for whom nothing was written, by tasks that write';

--------------------------------------------------------------------------------
-- Funnel, reach and overlap of campaigns: counted in one pass
--------------------------------------------------------------------------------

CREATE FUNCTION persona.funnel_of_all(program persona.program, as_of timestamptz,
	OUT campaign text, OUT "position" integer, OUT stage text, OUT customers bigint, OUT remaining bigint) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 300
	AS 'MODULE_PATHNAME', 'persona_funnel_of_all';

COMMENT ON FUNCTION persona.funnel_of_all(persona.program, timestamptz) IS
'how many customers each campaign of a program loses at which stage, at an instant: reads all customers and events once.
campaign; position, stage: the stages in their order; customers: how many end there, at the last stage they get its message; remaining: how many come further.
No row for NULL; error if no customers are bound, or as_of is infinite, or the caller may not read the bound relations';

CREATE FUNCTION persona.funnel_at(as_of timestamptz,
	OUT campaign text, OUT "position" integer, OUT stage text, OUT customers bigint, OUT remaining bigint) RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 300
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT f.campaign, f."position", f.stage, f.customers, f.remaining
		FROM persona.funnel_of_all(persona.program(), funnel_at.as_of) AS f;
	END;

COMMENT ON FUNCTION persona.funnel_at(timestamptz) IS 'how many customers each campaign loses at which stage, as of an instant; see persona.funnel_of_all()';

CREATE VIEW persona.funnel WITH (security_invoker = true) AS
	SELECT f.campaign, f."position", f.stage, f.customers, f.remaining FROM persona.funnel_at(now()) AS f;

COMMENT ON VIEW persona.funnel IS 'how many customers each campaign loses at which stage, as of now(); the customers of one campaign sum up to all customers';
COMMENT ON COLUMN persona.funnel.campaign IS 'the campaign';
COMMENT ON COLUMN persona.funnel."position" IS 'the place of the stage in the order of stages';
COMMENT ON COLUMN persona.funnel.stage IS 'the stage, as in persona.explain(); arbitration: eligible, but another campaign wins; chosen: gets its message';
COMMENT ON COLUMN persona.funnel.customers IS 'how many customers it loses there, or wins at the stage chosen';
COMMENT ON COLUMN persona.funnel.remaining IS 'how many come further than this stage';

CREATE FUNCTION persona.campaign_reach_of_all(program persona.program, as_of timestamptz,
	OUT campaign text, OUT channel text, OUT placement text, OUT customers bigint, OUT cost numeric, OUT score numeric)
RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 100
	AS 'MODULE_PATHNAME', 'persona_campaign_reach_of_all';

COMMENT ON FUNCTION persona.campaign_reach_of_all(persona.program, timestamptz) IS
'how many customers get the message of which campaign over which channel next, at an instant, and the sums of cost and score, each rounded to millionths: reads all customers and events once.
NULLs and errors as of persona.funnel_of_all()';

CREATE FUNCTION persona.campaign_overlap_of_all(program persona.program, as_of timestamptz,
	OUT campaign text, OUT other text, OUT customers bigint) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 300
	AS 'MODULE_PATHNAME', 'persona_campaign_overlap_of_all';

COMMENT ON FUNCTION persona.campaign_overlap_of_all(persona.program, timestamptz) IS
'for how many customers two campaigns are both eligible at an instant, each pair once, pairs without left out: reads all customers and events once.
NULLs and errors as of persona.funnel_of_all()';

--------------------------------------------------------------------------------
-- Simulation: the program that would be, compared with the one that is
--------------------------------------------------------------------------------

CREATE FUNCTION persona.refuse_change(path text, message text, hint text DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION USING
		ERRCODE = 'invalid_parameter_value',
		MESSAGE = format('invalid change: %s', message),
		DETAIL = format('At %s.', path),
		HINT = coalesce(hint, 'Changes are {"campaigns": {"NAME": {"weight": 2}, "OTHER": null}, "policies": {...}, ...}.');
END
$$;

COMMENT ON FUNCTION persona.refuse_change(text, text, text) IS 'the error of persona.program_with(), for a JSON path';

CREATE FUNCTION persona.changed_definition(section text, existing jsonb, definition jsonb, keys text[], path text) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed record;
	value jsonb;
	result jsonb := existing;
BEGIN
	FOR changed IN SELECT e.key, e.value FROM jsonb_each(definition) AS e ORDER BY e.key COLLATE "C" LOOP
		value := changed.value;
		IF cardinality(keys) > 0 AND changed.key <> ALL (keys) THEN
			PERFORM persona.refuse_change(format('%s.%s', path, changed.key), format('unknown key "%s"', changed.key),
				format('Keys are: %s.', array_to_string(keys, ', ')));
		END IF;
		IF changed.key = 'name' THEN
			PERFORM persona.refuse_change(path || '.name', 'the name is the key of the definition');
		END IF;
		-- lengths and instants may be written as in the tables
		IF jsonb_typeof(value) = 'string' THEN
			BEGIN
				IF changed.key = ANY (ARRAY['starts_at', 'ends_at']) THEN
					value := to_jsonb(persona.microseconds((value #>> '{}')::timestamptz));
				ELSIF changed.key = ANY (ARRAY['open_for', 'max_contacts_within', 'min_gap', 'period', 'within', 'ignored_after', 'quiet_for']) THEN
					IF NOT persona.is_fixed_length((value #>> '{}')::interval) THEN
						PERFORM persona.refuse_change(format('%s.%s', path, changed.key),
							'a length in fixed units, more than zero, is expected', 'Use days, hours or weeks.');
					END IF;
					value := to_jsonb(persona.microseconds((value #>> '{}')::interval));
				END IF;
			EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow THEN
				PERFORM persona.refuse_change(format('%s.%s', path, changed.key), SQLERRM, 'Write it as in the table.');
			END;
		END IF;
		result := result || jsonb_build_object(changed.key, value);
	END LOOP;
	RETURN result;
END
$$;

COMMENT ON FUNCTION persona.changed_definition(text, jsonb, jsonb, text[], text) IS 'a definition of a program with some of its keys changed; errors as of persona.program_with()';

CREATE FUNCTION persona.program_with(program persona.program, changes jsonb) RETURNS persona.program
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	result jsonb := program::jsonb;
	sections text[];
	section record;
	entry record;
	keys text[];
	definitions jsonb;
	existing jsonb;
	path text;
BEGIN
	sections := ARRAY(SELECT e.key FROM jsonb_each(result) AS e
		WHERE jsonb_typeof(e.value) = 'array' AND e.key <> ALL (ARRAY['events', 'conditions', 'prices'])
		ORDER BY e.key COLLATE "C");
	IF jsonb_typeof(changes) <> 'object' THEN
		PERFORM persona.refuse_change('$', 'an object is expected');
	END IF;
	FOR section IN SELECT e.key, e.value FROM jsonb_each(changes) AS e ORDER BY e.key COLLATE "C" LOOP
		IF section.key <> ALL (sections) THEN
			PERFORM persona.refuse_change('$.' || section.key, format('there are no definitions called "%s"', section.key),
				format('Definitions are: %s.', array_to_string(sections, ', ')));
		ELSIF jsonb_typeof(section.value) <> 'object' THEN
			PERFORM persona.refuse_change('$.' || section.key, 'an object is expected, with a key for each definition');
		END IF;
		definitions := result -> section.key;
		keys := ARRAY(SELECT DISTINCT k.key COLLATE "C" FROM (
				SELECT jsonb_object_keys(d.definition) FROM jsonb_array_elements(definitions) AS d (definition)
				UNION
				SELECT a.attname::text FROM pg_attribute AS a
				WHERE a.attrelid = to_regclass('persona.' || CASE section.key WHEN 'policies' THEN 'policy' ELSE rtrim(section.key, 's') END)
					AND a.attnum > 0 AND NOT a.attisdropped
					AND a.attname <> ALL (ARRAY['description', 'active', 'address_column'])
				UNION
				SELECT 'channels' WHERE section.key = 'campaigns'
				UNION
				SELECT 'address' WHERE section.key = 'channels') AS k (key)
			WHERE k.key <> 'name' ORDER BY 1);
		FOR entry IN SELECT e.key, e.value FROM jsonb_each(section.value) AS e ORDER BY e.key COLLATE "C" LOOP
			path := format('$.%s.%s', section.key, entry.key);
			existing := (SELECT d.definition FROM jsonb_array_elements(definitions) AS d (definition)
				WHERE d.definition ->> 'name' = entry.key LIMIT 1);
			IF jsonb_typeof(entry.value) = 'null' AND existing IS NULL THEN
				PERFORM persona.refuse_change(path, 'there is nothing of that name to be removed');
			ELSIF jsonb_typeof(entry.value) <> ALL (ARRAY['null', 'object']) THEN
				PERFORM persona.refuse_change(path, 'an object is expected, or null to remove the definition');
			END IF;
			definitions := coalesce((SELECT jsonb_agg(d.definition ORDER BY d.definition ->> 'name' COLLATE "C")
				FROM (SELECT o.definition FROM jsonb_array_elements(definitions) AS o (definition)
						WHERE o.definition ->> 'name' <> entry.key
					UNION ALL
					SELECT persona.changed_definition(section.key, coalesce(existing, jsonb_build_object('name', entry.key) || CASE section.key
							WHEN 'campaigns' THEN '{"value": 1, "weight": 1, "max_contacts_per_firing": 1}'::jsonb
							WHEN 'channels' THEN '{"cost": 0}'
							ELSE '{}' END),
						entry.value, keys, path)
					WHERE jsonb_typeof(entry.value) = 'object') AS d), '[]');
		END LOOP;
		result := jsonb_set(result, ARRAY[section.key], definitions);
	END LOOP;
	PERFORM persona.check_program(result::persona.program);
	RETURN result::persona.program;
END
$$;

COMMENT ON FUNCTION persona.program_with(persona.program, jsonb) IS
'a program with some definitions changed, added or (null) removed: {"campaigns": {"cart": {"weight": 2}, "old": null}, "policies": {"calm_week": {"max_contacts": 5}}}.
The keys of a definition are those of its table; those that are not given stay, or are absent in a new one; a campaign''s channels are a list of {"channel": ..., "placement": ...}, in order.
NULL for NULL; error invalid_parameter_value for an unknown key or name, with its path, and whatever definition does not compile';

CREATE FUNCTION persona.simulate_reach(changed persona.program, as_of timestamptz DEFAULT now(),
	current persona.program DEFAULT persona.program(),
	OUT campaign text, OUT channel text, OUT placement text, OUT customers_before bigint, OUT customers_after bigint,
	OUT cost_before numeric, OUT cost_after numeric, OUT score_before numeric, OUT score_after numeric)
RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT coalesce(b.campaign, a.campaign), coalesce(b.channel, a.channel), coalesce(b.placement, a.placement),
			coalesce(b.customers, 0), coalesce(a.customers, 0), coalesce(b.cost, 0), coalesce(a.cost, 0),
			coalesce(b.score, 0), coalesce(a.score, 0)
		FROM (SELECT r.*, coalesce(r.placement, '') AS place
				FROM persona.campaign_reach_of_all(simulate_reach.current, simulate_reach.as_of) AS r) AS b
			FULL JOIN (SELECT r.*, coalesce(r.placement, '') AS place
				FROM persona.campaign_reach_of_all(simulate_reach.changed, simulate_reach.as_of) AS r) AS a
			ON b.campaign = a.campaign AND b.channel = a.channel AND b.place = a.place
		ORDER BY coalesce(b.campaign, a.campaign) COLLATE "C", coalesce(b.channel, a.channel) COLLATE "C",
			coalesce(b.placement, a.placement) COLLATE "C";
	END;

COMMENT ON FUNCTION persona.simulate_reach(persona.program, timestamptz, persona.program) IS
'how many customers get the message of which campaign over which channel next, what that costs and how it scores: with a program and with another one, at an instant.
changed: the program that would be, for example of persona.program_with(); as_of: the instant; current: the program to compare with.
No row for NULL; errors as of persona.funnel_of_all()';

CREATE FUNCTION persona.simulate_overlap(changed persona.program, as_of timestamptz DEFAULT now(),
	current persona.program DEFAULT persona.program(),
	OUT campaign text, OUT other text, OUT customers_before bigint, OUT customers_after bigint) RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 300
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT coalesce(b.campaign, a.campaign), coalesce(b.other, a.other), coalesce(b.customers, 0), coalesce(a.customers, 0)
		FROM persona.campaign_overlap_of_all(simulate_overlap.current, simulate_overlap.as_of) AS b
			FULL JOIN persona.campaign_overlap_of_all(simulate_overlap.changed, simulate_overlap.as_of) AS a
			ON b.campaign = a.campaign AND b.other = a.other
		ORDER BY coalesce(b.campaign, a.campaign) COLLATE "C", coalesce(b.other, a.other) COLLATE "C";
	END;

COMMENT ON FUNCTION persona.simulate_overlap(persona.program, timestamptz, persona.program) IS
'for how many customers two campaigns are both eligible: with a program and with another one, at an instant; each pair once, pairs without left out.
Arguments, NULLs and errors as of persona.simulate_reach()';

CREATE FUNCTION persona.create_population(key_type text, key_rows bigint, key_equality text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	customers persona.customer_binding;
	declared text;
BEGIN
	SELECT * INTO STRICT customers FROM persona.customer_binding;
	declared := (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
		FROM pg_attribute AS a WHERE a.attrelid = 'persona.decision'::regclass AND NOT a.attisdropped);
	EXECUTE format(E'CREATE OR REPLACE FUNCTION persona.simulate(changed persona.program, as_of timestamptz DEFAULT now(),\n'
		'\tcurrent persona.program DEFAULT persona.program())\n'
		'RETURNS TABLE (customer %1$s, change text, campaign_before text, channel_before text, placement_before text,\n'
		'\tmessage_before text, score_before numeric, campaign_after text, channel_after text, placement_after text,\n'
		'\tmessage_after text, score_after numeric)\n'
		'LANGUAGE sql STABLE PARALLEL SAFE ROWS %2$s\n'
		'BEGIN ATOMIC\n\tSELECT coalesce(b.customer, a.customer), CASE WHEN b.campaign IS NULL THEN ''gained''\n'
		'\t\t\tWHEN a.campaign IS NULL THEN ''lost'' ELSE ''changed'' END,\n'
		'\t\tb.campaign, b.channel, b.placement, b.message, b.score, a.campaign, a.channel, a.placement, a.message, a.score\n'
		'\tFROM persona.simulated_of_all(simulate.current, simulate.as_of) AS b (customer %1$s, %3$s)\n'
		'\t\tFULL JOIN persona.simulated_of_all(simulate.changed, simulate.as_of) AS a (customer %1$s, %3$s)\n'
		'\t\tON b.customer %4$s a.customer\n'
		'\tWHERE (b.campaign, b.channel, b.placement, b.message, b.subject, b.body)\n'
		'\t\tIS DISTINCT FROM (a.campaign, a.channel, a.placement, a.message, a.subject, a.body);\nEND',
		key_type, greatest(key_rows / 10, 100), declared, key_equality);
	COMMENT ON FUNCTION persona.simulate(persona.program, timestamptz, persona.program) IS
'the customers whose next message another program would change, at an instant, all in one snapshot; nothing is written.
changed: the program that would be, for example of persona.program_with(); as_of: the instant; current: the program to compare with.
change: gained (a message where there is none), lost (none where there is one) or changed; then what is decided before and after.
No row for NULL';

	-- the contact itself, and what was decided after it, was not there yet
	EXECUTE format(E'CREATE OR REPLACE FUNCTION persona.replay(contact bigint)\n'
		'RETURNS TABLE (customer %1$s, decided_at timestamptz, same boolean, reason text,\n'
		'\tcampaign text, channel text, placement text, message text, score numeric,\n'
		'\tcampaign_replayed text, channel_replayed text, placement_replayed text, message_replayed text, score_replayed numeric)\n'
		'LANGUAGE sql STABLE PARALLEL SAFE ROWS 1\n'
		'BEGIN ATOMIC\n\tSELECT k.customer, k.decided_at, r.same,\n'
		'\t\tCASE WHEN NOT p.kept THEN ''the program that decided it is not kept''\n'
		'\t\t\tWHEN c.%2$I IS NULL THEN ''there is no such customer any more''\n'
		'\t\t\tELSE coalesce(e.reason, ''the program has no such campaign on this channel'') END,\n'
		'\t\tk.campaign, k.channel, k.placement, k.message, k.score,\n'
		'\t\td.campaign, d.channel, d.placement, d.message, d.score\n'
		'\tFROM persona.contact AS k\n'
		'\t\tLEFT JOIN LATERAL (SELECT p.program FROM persona.program_archive AS p WHERE p.hash = k.program LIMIT 1) AS a ON true\n'
		'\t\tCROSS JOIN LATERAL (SELECT coalesce(a.program, persona.program()), a.program IS NOT NULL) AS p (program, kept)\n'
		'\t\tLEFT JOIN %3$s AS c ON c.%2$I %4$s k.customer\n'
		'\t\tCROSS JOIN LATERAL (SELECT %5$s AS events OFFSET 0) AS t\n'
		'\t\tLEFT JOIN LATERAL persona.decide(p.program, c.*, t.events, k.decided_at) AS d ON true\n'
		'\t\tLEFT JOIN LATERAL (SELECT o.reason FROM persona.candidates(p.program, c.*, t.events, k.decided_at) AS o\n'
		'\t\t\tWHERE o.campaign = k.campaign AND o.channel = k.channel AND o.placement IS NOT DISTINCT FROM k.placement\n'
		'\t\t\tLIMIT 1) AS e ON true\n'
		'\t\tCROSS JOIN LATERAL (SELECT CASE WHEN p.kept AND c.%2$I IS NOT NULL THEN\n'
		'\t\t\t(k.campaign, k.channel, k.placement, k.message, k.trigger, k.fired_at, k.trigger_key, k.score) IS NOT DISTINCT FROM\n'
		'\t\t\t(d.campaign, d.channel, d.placement, d.message, d.trigger, d.fired_at, d.trigger_key, d.score) END AS same) AS r\n'
		'\tWHERE k.contact_id = replay.contact;\nEND',
		key_type, customers.key_column, customers.relation, key_equality,
		persona.bound_timeline(' AND (e.decided_at < k.decided_at OR e.contact_id < k.contact_id)'));
	COMMENT ON FUNCTION persona.replay(bigint) IS
'decides a contact again: with the program that decided it (the live one if it is not kept), and the data as of the instant at which it was decided.
contact: its contact_id; same: whether the same message is decided, NULL if that can''t be told; reason: how its campaign fares on its channel, which tells why not.
What is kept without history (the customer''s row) is as it is now; a contact that was decided for a customer who was on a channel competes with those of all channels here.
No row for an unknown contact or NULL';
END
$$;

COMMENT ON FUNCTION persona.create_population(text, bigint, text) IS 'makes, or replaces in place, the functions simulate and replay for a type of the customers'' key; part of persona.create_views()';

REVOKE EXECUTE ON FUNCTION persona.create_population(text, bigint, text) FROM PUBLIC;

CREATE FUNCTION persona.drop_population() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
BEGIN
	DROP FUNCTION IF EXISTS persona.simulate, persona.replay;
END
$$;

COMMENT ON FUNCTION persona.drop_population() IS 'drops what persona.create_population() made; an error if other objects depend on it';

REVOKE EXECUTE ON FUNCTION persona.drop_population() FROM PUBLIC;
--------------------------------------------------------------------------------
-- Prices of scarce channels and budgets
--------------------------------------------------------------------------------

CREATE FUNCTION persona.program_with_prices(program persona.program, prices jsonb) RETURNS persona.program
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT CASE WHEN prices IS NULL THEN program
			ELSE (program::jsonb || jsonb_build_object('prices', prices))::persona.program END;
	END;

COMMENT ON FUNCTION persona.program_with_prices(persona.program, jsonb) IS
'a program whose decisions take prices of places on channels, and of the money of budgets, into account.
prices: [{"channel": ..., "priority": ..., "from": ..., "until": ..., "price": ..., "tie": ...}, {"budget": ..., "priority": ..., "from": ..., "until": ..., "rate": ..., "tie": ..., "short_of": ...}], for messages of campaigns of that priority (absent: 0, for a budget any) that are sent in [from, until), in microseconds since 1970, absent: always; price: taken off the score, "Infinity": no place at all; rate: so much for each unit of cost is taken off the score; tie: what decides among those who are worth just the price; short_of: the budget does not pay what costs so much or more.
NULL prices leave the program as it is; NULL for a NULL program';

CREATE FUNCTION persona.spent_at(program persona.program, as_of timestamptz,
	OUT budget text, OUT sent_from timestamptz, OUT sent_until timestamptz, OUT spent numeric) RETURNS SETOF record
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100000 ROWS 10
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	budgets jsonb := program::jsonb -> 'budgets';
	experiences jsonb := program::jsonb -> 'experiences';
BEGIN
	IF jsonb_array_length(budgets) = 0 OR to_regclass('persona.contact') IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY
	SELECT s.name, s.day AT TIME ZONE z.default_time_zone,
		(s.day + persona.calendar_length(s.calendar)) AT TIME ZONE z.default_time_zone, s.spent
	FROM persona.customer_binding AS z
		CROSS JOIN LATERAL (SELECT b.name, b.calendar, date_trunc(b.calendar, k.send_at AT TIME ZONE z.default_time_zone) AS day,
				sum(k.cost) AS spent
			FROM persona.contact AS k
				LEFT JOIN jsonb_to_recordset(experiences) AS e (name text, kind text) ON e.name = k.experience
				JOIN jsonb_to_recordset(budgets) AS b (name text, campaign text, experience text, experience_kind text,
						channel text, placement text, calendar text)
					ON (b.campaign IS NULL OR b.campaign = k.campaign)
						AND (b.experience IS NULL OR b.experience = k.experience)
						AND (b.experience_kind IS NULL OR b.experience_kind = e.kind)
						AND (b.channel IS NULL OR b.channel = k.channel)
						AND (b.placement IS NULL OR b.placement = k.placement)
			WHERE k.cost > 0 AND k.decided_at <= spent_at.as_of
				AND (k.sent_at <= spent_at.as_of OR (k.ended_at <= spent_at.as_of) IS NOT TRUE)
			GROUP BY 1, 2, 3) AS s
	WHERE (s.day + persona.calendar_length(s.calendar) <= spent_at.as_of AT TIME ZONE z.default_time_zone) IS NOT TRUE;
END
$$;

COMMENT ON FUNCTION persona.spent_at(persona.program, timestamptz) IS
'what is spent of the budgets of a program as of an instant: what contacts cost that were decided by then, and were sent or had not ended; reads all contacts.
budget; sent_from, sent_until: the period, NULL: for all time; spent: its sum.  Periods that are over, or in which nothing is spent, have no row.
No row for NULL, or while no customers are bound';

CREATE FUNCTION persona.market_of_all(program persona.program, as_of timestamptz,
	OUT channel text, OUT budget text, OUT priority integer, OUT sent_from timestamptz, OUT sent_until timestamptz,
	OUT places bigint, OUT money numeric, OUT money_wanted numeric, OUT money_served numeric, OUT short_of numeric,
	OUT wanted bigint, OUT served bigint, OUT price numeric, OUT tie bigint, OUT value_lost numeric, OUT gap numeric)
RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 10
	AS 'MODULE_PATHNAME', 'persona_market_of_all';

COMMENT ON FUNCTION persona.market_of_all(persona.program, timestamptz) IS 'what persona.prices_of_all() returns, for a program that has prices of zero for all channels with a capacity and all budgets, and tells what is spent of these';

CREATE FUNCTION persona.prices_of_all(program persona.program, as_of timestamptz,
	OUT channel text, OUT budget text, OUT priority integer, OUT sent_from timestamptz, OUT sent_until timestamptz,
	OUT places bigint, OUT money numeric, OUT money_wanted numeric, OUT money_served numeric, OUT short_of numeric,
	OUT wanted bigint, OUT served bigint, OUT price numeric, OUT tie bigint, OUT value_lost numeric, OUT gap numeric)
RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT m.channel, m.budget, m.priority, m.sent_from, m.sent_until, m.places, m.money, m.money_wanted, m.money_served,
			m.short_of, m.wanted, m.served, m.price, m.tie, m.value_lost, m.gap
		FROM (SELECT jsonb_agg(f.price) AS prices
				FROM (SELECT jsonb_build_object('channel', c.channel ->> 'name', 'priority', p.priority, 'price', 0)
						FROM jsonb_array_elements(prices_of_all.program::jsonb -> 'channels') AS c (channel)
							CROSS JOIN (SELECT DISTINCT a.campaign -> 'priority'
								FROM jsonb_array_elements(prices_of_all.program::jsonb -> 'campaigns') AS a (campaign)) AS p (priority)
						WHERE c.channel ->> 'capacity_per_day' IS NOT NULL
						UNION ALL
						SELECT jsonb_build_object('budget', b.budget ->> 'name', 'rate', 0)
						FROM jsonb_array_elements(prices_of_all.program::jsonb -> 'budgets') AS b (budget)
						UNION ALL
						SELECT jsonb_strip_nulls(jsonb_build_object('budget', s.budget, 'spent', s.spent::text,
							'from', persona.microseconds(s.sent_from), 'until', persona.microseconds(s.sent_until)))
						FROM persona.spent_at(prices_of_all.program, prices_of_all.as_of) AS s) AS f (price)) AS free
			CROSS JOIN LATERAL persona.market_of_all(
				CASE WHEN free.prices IS NOT NULL THEN persona.program_with_prices(prices_of_all.program, free.prices) END,
				prices_of_all.as_of) AS m;
	END;

COMMENT ON FUNCTION persona.prices_of_all(persona.program, timestamptz) IS
'what a place on each channel with a capacity, and a unit of money of each budget, is worth at an instant, over all customers: shadow prices of the assignment problem, found by descent of its dual and successive shortest paths (Tokuyama and Nakano 1995, Efficient algorithms for the Hitchcock transportation problem), and multipliers of the budgets (Fisher 1981, The Lagrangian relaxation method).
channel or budget; priority: of the campaigns that are charged, since higher classes are served first; sent_from, sent_until: the day, or the period, of sending; places: capacity less planned contacts and what higher classes got; money: the same of a budget; money_wanted, money_served: what those cost who would take a message that it pays if money were not scarce, and those who take one; short_of: the least cost for which it has too little; wanted: customers who would take a place or the money if it cost nothing; served: customers who take it at the price; price, tie: the price of a place, or what a unit of money costs beside itself, and what decides among those who are worth just that; value_lost: how much score those lose who wanted it and do without; gap: how much better another division could be at most.
No row if nothing is scarce, or for NULL; errors as of persona.funnel_of_all(), program_limit_exceeded for more than 64 channels and days';

CREATE FUNCTION persona.prices_at(as_of timestamptz,
	OUT channel text, OUT budget text, OUT priority integer, OUT sent_from timestamptz, OUT sent_until timestamptz,
	OUT places bigint, OUT money numeric, OUT money_wanted numeric, OUT money_served numeric, OUT short_of numeric,
	OUT wanted bigint, OUT served bigint, OUT price numeric, OUT tie bigint, OUT value_lost numeric, OUT gap numeric)
RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT p.channel, p.budget, p.priority, p.sent_from, p.sent_until, p.places, p.money, p.money_wanted, p.money_served,
			p.short_of, p.wanted, p.served, p.price, p.tie, p.value_lost, p.gap
		FROM persona.prices_of_all(persona.program(), prices_at.as_of) AS p;
	END;

COMMENT ON FUNCTION persona.prices_at(timestamptz) IS 'what a place on each channel with a capacity, and the money of each budget, is worth at an instant; see persona.prices_of_all()';

CREATE FUNCTION persona.priced_program(as_of timestamptz DEFAULT now(), program persona.program DEFAULT persona.program())
RETURNS persona.program
	LANGUAGE sql STABLE PARALLEL SAFE COST 1000000
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT persona.program_with_prices(priced_program.program, (SELECT jsonb_agg(CASE
				WHEN p.channel IS NOT NULL THEN jsonb_build_object(
					'channel', p.channel,
					'priority', p.priority,
					'from', persona.microseconds(p.sent_from),
					'until', persona.microseconds(p.sent_until),
					'price', p.price::text,
					'tie', p.tie)
				ELSE jsonb_strip_nulls(jsonb_build_object(
					'budget', p.budget,
					'priority', p.priority,
					'from', persona.microseconds(p.sent_from),
					'until', persona.microseconds(p.sent_until),
					'rate', p.price::text,
					'tie', p.tie,
					'short_of', p.short_of::text)) END
				ORDER BY p.channel COLLATE "C", p.budget COLLATE "C", p.priority, p.sent_from)
			FROM persona.prices_of_all(priced_program.program, priced_program.as_of) AS p));
	END;

COMMENT ON FUNCTION persona.priced_program(timestamptz, persona.program) IS 'a program with the prices of scarce channels and budgets at an instant: with it all customers together keep the capacities and the budgets, and no other choice is worth more, but by the gap that persona.prices_of_all() tells; the program itself if nothing is scarce.
Errors as of persona.prices_of_all()';

--------------------------------------------------------------------------------
-- Feasibility: what definitions ask of the data, and how far the data bear it
--------------------------------------------------------------------------------

CREATE FUNCTION persona.needs(program persona.program,
	OUT definition text, OUT name text, OUT need text, OUT what text) RETURNS SETOF record
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 100
	AS 'MODULE_PATHNAME', 'persona_needs';

COMMENT ON FUNCTION persona.needs(persona.program) IS
'the attributes of customers and the kinds of events that the definitions of a program ask for, nested cohorts included.
definition: cohort, trigger, channel (its consent), campaign (its cohort, trigger, goal and relevance) or condition (those of persona.program_for); name: its name; need: attribute or event; what: the path or the kind.
No row for NULL; error if the program does not compile';

CREATE FUNCTION persona.feasibility_of_all(program persona.program, as_of timestamptz,
	OUT definition text, OUT name text, OUT customers bigint, OUT members bigint, OUT attributes text[], OUT known_share numeric,
	OUT events text[], OUT event_share numeric, OUT newest_event timestamptz, OUT newest_age interval,
	OUT channels text[], OUT reachable_share numeric, OUT feasible_share numeric) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 100
	AS 'MODULE_PATHNAME', 'persona_feasibility_of_all';

COMMENT ON FUNCTION persona.feasibility_of_all(persona.program, timestamptz) IS 'what persona.feasibility_at() returns, for a program that has a condition "attribute PATH" or "event KIND" beside its definitions for each of its needs';

CREATE FUNCTION persona.feasibility_at(as_of timestamptz,
	OUT definition text, OUT name text, OUT customers bigint, OUT members bigint, OUT attributes text[], OUT known_share numeric,
	OUT events text[], OUT event_share numeric, OUT newest_event timestamptz, OUT newest_age interval,
	OUT channels text[], OUT reachable_share numeric, OUT feasible_share numeric) RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT f.definition, f.name, f.customers, f.members, f.attributes, f.known_share, f.events, f.event_share,
			f.newest_event, f.newest_age, f.channels, f.reachable_share, f.feasible_share
		FROM persona.program() AS p (program)
			CROSS JOIN LATERAL (SELECT coalesce(jsonb_agg(jsonb_build_object(
					'name', format('%s %s', d.need, d.what),
					'condition', CASE d.need
						WHEN 'attribute' THEN jsonb_build_object('attribute', d.what, 'known', true)
						ELSE jsonb_build_object('event', d.what) END)), '[]') AS conditions
				FROM (SELECT DISTINCT n.need, n.what FROM persona.needs(p.program) AS n) AS d) AS c
			CROSS JOIN LATERAL persona.feasibility_of_all(
				(p.program::jsonb || jsonb_build_object('conditions', c.conditions))::persona.program, feasibility_at.as_of) AS f;
	END;

COMMENT ON FUNCTION persona.feasibility_at(timestamptz) IS
'how far the data bear what each cohort and campaign asks for, as of an instant: reads all customers and events once; the columns are those of the view persona.feasibility.
No row for NULL; errors as of persona.funnel_of_all()';

CREATE VIEW persona.feasibility WITH (security_invoker = true) AS
	SELECT f.definition, f.name, f.customers, f.members, f.attributes, f.known_share, f.events, f.event_share,
		f.newest_event, f.newest_age, f.channels, f.reachable_share, f.feasible_share
	FROM persona.feasibility_at(now()) AS f;

COMMENT ON VIEW persona.feasibility IS 'how far the data bear what each cohort and campaign asks for, as of now()';
COMMENT ON COLUMN persona.feasibility.definition IS 'cohort or campaign';
COMMENT ON COLUMN persona.feasibility.name IS 'its name';
COMMENT ON COLUMN persona.feasibility.customers IS 'all customers';
COMMENT ON COLUMN persona.feasibility.members IS 'those in the cohort, or in that of the campaign; all if it has none';
COMMENT ON COLUMN persona.feasibility.attributes IS 'the attributes that its conditions ask for; NULL: none';
COMMENT ON COLUMN persona.feasibility.known_share IS 'share of customers of whom all these are known; NULL: none is asked for';
COMMENT ON COLUMN persona.feasibility.events IS 'the kinds of events that its conditions ask for; NULL: none';
COMMENT ON COLUMN persona.feasibility.event_share IS 'share of customers with any event of these kinds; NULL: none is asked for';
COMMENT ON COLUMN persona.feasibility.newest_event IS 'time of the newest event of these kinds; NULL: there is none, or none is asked for';
COMMENT ON COLUMN persona.feasibility.newest_age IS 'how long ago that is';
COMMENT ON COLUMN persona.feasibility.channels IS 'the channels of the campaign, or of the campaigns for the cohort; NULL: none';
COMMENT ON COLUMN persona.feasibility.reachable_share IS 'share of customers who have address and consent for one of these; NULL: there are none';
COMMENT ON COLUMN persona.feasibility.feasible_share IS 'share of customers of whom all these attributes are known and who can be reached, as far as either is asked for';

-- Measured now and then, it is part of the definitions: a decision stays a pure
-- function of these, and in hundredths they change only if it matters.
CREATE FUNCTION persona.measure_feasibility(as_of timestamptz DEFAULT now(),
	OUT cohort text, OUT feasibility numeric, OUT before numeric) RETURNS SETOF record
	LANGUAGE sql VOLATILE CALLED ON NULL INPUT ROWS 100
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		WITH measured AS (
			SELECT f.name, coalesce(round(f.feasible_share, 2), 1) AS feasibility
			FROM persona.feasibility_at(measure_feasibility.as_of) AS f WHERE f.definition = 'cohort'
		), earlier AS (
			SELECT c.name, c.feasibility FROM persona.cohort AS c
		)
		UPDATE persona.cohort AS c SET feasibility = m.feasibility
		FROM measured AS m JOIN earlier AS e ON e.name = m.name
		WHERE c.name = m.name AND c.feasibility <> m.feasibility
		RETURNING c.name, c.feasibility, e.feasibility;
	END;

COMMENT ON FUNCTION persona.measure_feasibility(timestamptz) IS
'sets the feasibility of all cohorts to their feasible_share of persona.feasibility_at() at an instant, in hundredths; 1 where nothing is asked for. Reads all customers and events once.
One row for each cohort that changes. No row for NULL; errors as of persona.feasibility_at(), and if the caller may not change persona.cohort';
