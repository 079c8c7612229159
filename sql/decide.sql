--------------------------------------------------------------------------------
-- decide: the program, and the functions that evaluate it
--
-- decision = f(customer row, timeline, as_of, program).  Functions that take
-- the program as an argument are immutable; functions that take names or
-- conditions look the bindings and definitions up and are stable.
--------------------------------------------------------------------------------

--------------------------------------------------------------------------------
-- The program
--------------------------------------------------------------------------------

CREATE FUNCTION persona.assemble_program(
	cohorts json DEFAULT '[]', triggers json DEFAULT '[]', experiences json DEFAULT '[]', channels json DEFAULT '[]',
	messages json DEFAULT '[]', campaigns json DEFAULT '[]', policies json DEFAULT '[]', conditions json DEFAULT '[]',
	levers json DEFAULT '[]', arbitration json DEFAULT NULL, rules json DEFAULT '{}', placements json DEFAULT '[]')
RETURNS persona.program
	LANGUAGE sql STABLE PARALLEL SAFE COST 10000
	SET search_path = pg_catalog, pg_temp
	SET quote_all_identifiers = off
	BEGIN ATOMIC
		SELECT json_build_object(
			'persona', 1,
			'customers', (SELECT json_build_object(
					'relation', b.relation::text,
					'key', b.key_column,
					'time_zone', b.time_zone_column,
					'language', b.language_column,
					'default_time_zone', b.default_time_zone,
					'default_language', b.default_language)
				FROM persona.customer_binding AS b),
			'events', coalesce((SELECT json_agg(json_build_object(
					'name', b.name,
					'relation', b.relation::text,
					'customer', b.customer_column,
					'equality', (SELECT q.operator
						FROM persona.customer_binding AS k
							JOIN pg_attribute AS key ON key.attrelid = k.relation AND key.attname = k.key_column
							JOIN pg_attribute AS own ON own.attrelid = b.relation AND own.attname = b.customer_column
							CROSS JOIN LATERAL persona.equality(own.atttypid, key.atttypid) AS q),
					'at', b.at_column,
					'kind', b.kind,
					'kind_column', b.kind_column,
					'kinds', b.kinds,
					'sequence', b.sequence_column) ORDER BY b.position, b.name COLLATE "C")
				FROM persona.event_binding AS b), '[]'),
			'cohorts', coalesce(cohorts, '[]'),
			'triggers', coalesce(triggers, '[]'),
			'experiences', coalesce(experiences, '[]'),
			'channels', coalesce(channels, '[]'),
			'messages', coalesce(messages, '[]'),
			'campaigns', coalesce(campaigns, '[]'),
			'policies', coalesce(policies, '[]'),
			'conditions', coalesce(conditions, '[]'),
			'levers', coalesce(levers, '[]'),
			'arbitration', arbitration,
			'experiments', coalesce(rules -> 'experiments', '[]'),
			'suppressions', coalesce(rules -> 'suppressions', '[]'),
			'exclusions', coalesce(rules -> 'exclusions', '[]'),
			'holdouts', coalesce(rules -> 'holdouts', '[]'),
			'topics', coalesce(rules -> 'topics', '[]'),
			'holidays', coalesce(rules -> 'holidays', '[]'),
			'budgets', coalesce(rules -> 'budgets', '[]'),
			'placements', coalesce(placements, '[]'))::persona.program;
	END;

COMMENT ON FUNCTION persona.assemble_program(json, json, json, json, json, json, json, json, json, json, json, json) IS 'a program of the bindings and the definitions given, each a JSON array or NULL; arbitration is an object, rules one of arrays';

CREATE FUNCTION persona.build_program() RETURNS persona.program
	LANGUAGE sql STABLE PARALLEL SAFE COST 100000
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT persona.assemble_program(
			cohorts => (SELECT json_agg(json_build_object(
					'name', c.name,
					'condition', c.condition::json,
					'value', (c.value * c.feasibility)::text) ORDER BY c.name COLLATE "C")
				FROM persona.cohort AS c),
			triggers => (SELECT json_agg(json_build_object(
					'name', t.name,
					'condition', t.condition::json,
					'open_for', persona.microseconds(t.open_for)) ORDER BY t.name COLLATE "C")
				FROM persona.trigger AS t),
			experiences => (SELECT json_agg(json_build_object(
					'name', e.name,
					'kind', e.kind,
					'topic', e.topic) ORDER BY e.name COLLATE "C")
				FROM persona.experience AS e),
			channels => (SELECT json_agg(json_build_object(
					'name', c.name,
					'synchronous', c.synchronous,
					'address', c.address_column,
					'max_bounces', CASE WHEN c.address_column IS NOT NULL THEN c.max_bounces END,
					'opt_in', c.opt_in,
					'consent', c.consent::json,
					'open_hours', c.open_hours::text,
					'quiet_hours', c.quiet_hours::text,
					'holidays', c.holidays,
					'affinity', c.affinity::text,
					'affinity_column', c.affinity_column,
					'cost', c.cost::text,
					'capacity_per_day', c.capacity_per_day,
					'weight', c.weight::text) ORDER BY c.name COLLATE "C")
				FROM persona.channel AS c),
			messages => (SELECT json_agg(json_build_object(
					'name', m.name,
					'experience', m.experience,
					'channel', m.channel,
					'placement', m.placement,
					'language', m.language,
					'condition', m.condition::json,
					'position', m.position,
					'weight', m.weight::text,
					'subject', m.subject,
					'body', m.body) ORDER BY m.name COLLATE "C")
				FROM persona.message AS m),
			campaigns => (SELECT json_agg(json_build_object(
					'name', c.name,
					'experience', c.experience,
					'cohort', c.cohort,
					'trigger', c.trigger,
					'goal', c.goal::json,
					'relevance', c.relevance::json,
					'starts_at', persona.microseconds(c.starts_at),
					'ends_at', persona.microseconds(c.ends_at),
					'priority', c.priority,
					'propensity', c.propensity,
					'value', c.value,
					'urgency', c.urgency,
					'weight', c.weight,
					'cost', c.cost,
					'max_contacts', c.max_contacts,
					'max_contacts_within', persona.microseconds(c.max_contacts_within),
					'min_gap', persona.microseconds(c.min_gap),
					'max_contacts_per_firing', c.max_contacts_per_firing,
					'channel_choice', c.channel_choice,
					'experiment', c.experiment,
					'variation', c.variation,
					'channels', coalesce((SELECT json_agg(json_build_object(
							'channel', u.channel,
							'placement', u.placement) ORDER BY u.position)
						FROM persona.campaign_channel AS u WHERE u.campaign = c.name), '[]')) ORDER BY c.name COLLATE "C")
				FROM persona.campaign AS c WHERE c.active),
			policies => (SELECT json_agg(json_build_object(
					'name', p.name,
					'campaign', p.campaign,
					'experience', p.experience,
					'experience_kind', p.experience_kind,
					'channel', p.channel,
					'placement', p.placement,
					'max_contacts', p.max_contacts,
					'period', persona.microseconds(p.period),
					'calendar', p.calendar,
					'min_gap', persona.microseconds(p.min_gap),
					'counts', p.counts) ORDER BY p.name COLLATE "C")
				FROM persona.policy AS p),
			levers => (SELECT json_agg(json_build_object(
					'kind', l.kind,
					'weight', l.weight::text) ORDER BY l.kind COLLATE "C")
				FROM persona.lever AS l),
			arbitration => (SELECT json_build_object(
					'propensity', a.propensity,
					'value', a.value,
					'urgency', a.urgency,
					'weight', a.weight,
					'cost', a.cost)
				FROM persona.arbitration AS a),
			rules => persona.build_rules(),
			placements => (SELECT json_agg(json_build_object(
					'channel', t.channel,
					'name', t.name,
					'slots', t.slots,
					'position', t.position) ORDER BY t.channel COLLATE "C", t.name COLLATE "C")
				FROM persona.placement AS t));
	END;

COMMENT ON FUNCTION persona.build_program() IS 'builds the program of all live definitions from the tables, as the caller''s query sees them; persona.program() is the same and faster';

CREATE FUNCTION persona.cohorts_named(conditions jsonb) RETURNS SETOF text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT DISTINCT r.reference #>> '{}'
		FROM jsonb_path_query(conditions, 'lax $.**.cohort') AS r (reference)
		WHERE jsonb_typeof(r.reference) = 'string';
	END;

COMMENT ON FUNCTION persona.cohorts_named(jsonb) IS 'the names of the cohorts that conditions refer to, not those that these refer to in turn';

CREATE FUNCTION persona.program_for_conditions(conditions json) RETURNS persona.program
	LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 20000
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		WITH RECURSIVE used (name) AS (
			SELECT n.name FROM persona.cohorts_named(program_for_conditions.conditions::jsonb) AS n (name)
			UNION
			SELECT n.name
			FROM used AS u
				JOIN persona.cohort AS c ON c.name = u.name
				CROSS JOIN LATERAL persona.cohorts_named(c.condition::jsonb) AS n (name)
		)
		SELECT persona.assemble_program(
			cohorts => (SELECT json_agg(json_build_object(
					'name', c.name,
					'condition', c.condition::json,
					'value', c.value::text) ORDER BY c.name COLLATE "C")
				FROM used AS u JOIN persona.cohort AS c ON c.name = u.name),
			conditions => program_for_conditions.conditions);
	END;

COMMENT ON FUNCTION persona.program_for_conditions(json) IS 'a program that evaluates some conditions: the bindings and the cohorts that they refer to, directly or through others.
conditions: [{"name": ..., "condition": ...}, ...]; errors name a condition by its name, unless that is "condition".  NULL for NULL';

CREATE FUNCTION persona.program_for(condition persona.condition) RETURNS persona.program
	LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 20000
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT persona.program_for_conditions(json_build_array(json_build_object(
			'name', 'condition',
			'condition', program_for.condition::json)));
	END;

COMMENT ON FUNCTION persona.program_for(persona.condition) IS 'a program that evaluates one condition, named "condition": the bindings and the cohorts that it refers to, directly or through others; NULL for NULL';

CREATE FUNCTION persona.program() RETURNS persona.program
	LANGUAGE c STABLE PARALLEL SAFE COST 10000
	AS 'MODULE_PATHNAME', 'persona_program';

COMMENT ON FUNCTION persona.program() IS 'the program of all live definitions, kept by the session until a definition changes';

CREATE FUNCTION persona.program_hash(program persona.program) RETURNS bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_program_hash';

COMMENT ON FUNCTION persona.program_hash(persona.program) IS 'the SHA-256 hash of a program''s JSON text: contacts name the program that decided them by it; NULL for NULL';

CREATE FUNCTION persona.unpacked(program persona.program) RETURNS persona.program
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_unpacked';

COMMENT ON FUNCTION persona.unpacked(persona.program) IS 'the same program, not compressed and not in pieces, as it may be if it comes from a table: so that it is unpacked once per query, not once per call; NULL for NULL';

CREATE FUNCTION persona.check_program(program persona.program) RETURNS void
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100000
	AS 'MODULE_PATHNAME', 'persona_check_program';

COMMENT ON FUNCTION persona.check_program(persona.program) IS 'compiles a program against the bound relations, types being left out while no customers are bound; warns of named conditions that always or never hold.
Nothing is checked for NULL; error if anything does not compile, naming the definition and the JSON path';

--------------------------------------------------------------------------------
-- The timeline: aggregate over one customer's events
--------------------------------------------------------------------------------

CREATE FUNCTION persona.asks(program persona.program, source text) RETURNS boolean
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_asks';

COMMENT ON FUNCTION persona.asks(persona.program, text) IS
'tells whether any definition of a program looks at the events of a source, so that the others need not be read.
program: see persona.program(); source: the name of the bound source (persona.event_binding).
False for a source that the program does not know, such as one that was bound later; NULL if an argument is NULL';

CREATE FUNCTION persona.timeline_step(state persona.timeline, program persona.program, source text, event anyelement)
RETURNS persona.timeline
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_timeline_step';

COMMENT ON FUNCTION persona.timeline_step(persona.timeline, persona.program, text, anyelement) IS 'transition function of persona.timeline: classifies an event and appends it if any definition of the program looks at it';

CREATE FUNCTION persona.timeline_concat(persona.timeline, persona.timeline) RETURNS persona.timeline
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_timeline_concat';

COMMENT ON FUNCTION persona.timeline_concat(persona.timeline, persona.timeline) IS 'the events of both timelines, which must be of the same program; NULL is empty, both NULL gives NULL';

CREATE FUNCTION persona.timeline_finish(state persona.timeline) RETURNS persona.timeline
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_timeline_finish';

COMMENT ON FUNCTION persona.timeline_finish(persona.timeline) IS 'final function of persona.timeline: sorts the events and gives unused room back; NULL for NULL';

CREATE AGGREGATE persona.timeline(program persona.program, source text, event anyelement) (
	SFUNC = persona.timeline_step,
	STYPE = persona.timeline,
	SSPACE = 1024,
	FINALFUNC = persona.timeline_finish,
	COMBINEFUNC = persona.timeline_concat,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE persona.timeline(persona.program, text, anyelement) IS
'one customer''s events as a timeline, in any order of input.
program: classifies the events; source: the name of the bound source (persona.event_binding); event: the row, of the source''s row type.
NULL rows are skipped; NULL if there are no rows; a NULL program or an unknown source is an error';

CREATE OPERATOR persona.|| (
	LEFTARG = persona.timeline,
	RIGHTARG = persona.timeline,
	FUNCTION = persona.timeline_concat,
	COMMUTATOR = OPERATOR(persona.||)
);

COMMENT ON OPERATOR persona.|| (persona.timeline, persona.timeline) IS 'the events of both timelines';

--------------------------------------------------------------------------------
-- Evaluation with a program: immutable
--------------------------------------------------------------------------------

CREATE FUNCTION persona.decide(program persona.program, customer anyelement, timeline persona.timeline,
	as_of timestamptz) RETURNS SETOF persona.decision
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 1
	AS 'MODULE_PATHNAME', 'persona_decide';

COMMENT ON FUNCTION persona.decide(persona.program, anyelement, persona.timeline, timestamptz) IS
'a customer''s next message at an instant: one row, or none if there is no message.
program: see persona.program(); customer: the row of the bound relation; timeline: the customer''s events, NULL if there are none; as_of: the instant.
No row if program, customer or as_of is NULL; error if the row is of another type than the program''s definitions need, or the timeline is of another program';

CREATE FUNCTION persona.judge(program persona.program, customer anyelement, timeline persona.timeline,
	as_of timestamptz) RETURNS SETOF persona.ruling
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 1
	AS 'MODULE_PATHNAME', 'persona_judge';

COMMENT ON FUNCTION persona.judge(persona.program, anyelement, persona.timeline, timestamptz) IS
'a customer''s next message at an instant, or how far campaigns came if there is none, and until when that stands: one row.
Arguments, NULLs and errors as of persona.decide()';

CREATE FUNCTION persona.stand(program persona.program, customer anyelement, timeline persona.timeline,
	as_of timestamptz) RETURNS SETOF persona.standing
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2000 ROWS 1
	AS 'MODULE_PATHNAME', 'persona_stand';

COMMENT ON FUNCTION persona.stand(persona.program, anyelement, persona.timeline, timestamptz) IS
'a customer''s next message and cohorts at an instant, and until when all of that stands: one row.
Arguments, NULLs and errors as of persona.decide()';

CREATE FUNCTION persona.candidates(program persona.program, customer anyelement, timeline persona.timeline,
	as_of timestamptz) RETURNS SETOF persona.candidate
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2000 ROWS 20
	AS 'MODULE_PATHNAME', 'persona_candidates';

COMMENT ON FUNCTION persona.candidates(persona.program, anyelement, persona.timeline, timestamptz) IS
'how each campaign fares for a customer at an instant: one row per campaign and channel, the winner first.
Arguments, NULLs and errors as of persona.decide()';

CREATE FUNCTION persona.cohorts(program persona.program, customer anyelement, timeline persona.timeline,
	as_of timestamptz) RETURNS SETOF persona.membership
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 10
	AS 'MODULE_PATHNAME', 'persona_cohorts';

COMMENT ON FUNCTION persona.cohorts(persona.program, anyelement, persona.timeline, timestamptz) IS
'the cohorts that a customer is in at an instant, ordered by name.
Arguments, NULLs and errors as of persona.decide()';

CREATE FUNCTION persona.triggers(program persona.program, customer anyelement, timeline persona.timeline,
	as_of timestamptz) RETURNS SETOF persona.opening
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 3
	AS 'MODULE_PATHNAME', 'persona_triggers';

COMMENT ON FUNCTION persona.triggers(persona.program, anyelement, persona.timeline, timestamptz) IS
'the triggers whose window is open for a customer at an instant, ordered by name.
Arguments, NULLs and errors as of persona.decide()';

--------------------------------------------------------------------------------
-- Evaluation of one condition: stable
--------------------------------------------------------------------------------

CREATE FUNCTION persona.holds_support(internal) RETURNS internal
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_holds_support';

COMMENT ON FUNCTION persona.holds_support(internal) IS 'planner support: turns persona.holds and persona.in_cohort with a constant condition on plain columns into an expression on these columns';

CREATE FUNCTION persona.holds(customer anyelement, condition persona.condition, as_of timestamptz DEFAULT now())
RETURNS boolean
	LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000 SUPPORT persona.holds_support
	AS 'MODULE_PATHNAME', 'persona_holds';

COMMENT ON FUNCTION persona.holds(anyelement, persona.condition, timestamptz) IS
'tells whether a condition holds for a customer at an instant; reads the customer''s events from the bound relations, with the caller''s rights, if the condition asks for any.
customer: the row of the bound relation; condition: any condition; as_of: the instant, by default now().
NULL if an argument is NULL; error if the condition does not compile against the row''s type and the bindings';

CREATE FUNCTION persona.holds_rest(customer anyelement, condition text, as_of timestamptz)
RETURNS boolean
	LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
	AS 'MODULE_PATHNAME', 'persona_holds_rest';

COMMENT ON FUNCTION persona.holds_rest(anyelement, text, timestamptz) IS
'persona.holds() in a plan where a part of its condition has become a filter before it: the same, but not folded by the planner.
Arguments, NULLs and errors as of persona.holds()';

CREATE FUNCTION persona.truth(customer anyelement, condition persona.condition, as_of timestamptz DEFAULT now())
RETURNS persona.truth_result
	LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
	AS 'MODULE_PATHNAME', 'persona_truth';

COMMENT ON FUNCTION persona.truth(anyelement, persona.condition, timestamptz) IS
'tells whether a condition holds for a customer at an instant, since when it has been so, and until when at least it stays so.
Arguments, NULLs and errors as of persona.holds()';

CREATE FUNCTION persona.in_cohort(customer anyelement, cohort text, as_of timestamptz DEFAULT now()) RETURNS boolean
	LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000 SUPPORT persona.holds_support
	AS 'MODULE_PATHNAME', 'persona_in_cohort';

COMMENT ON FUNCTION persona.in_cohort(anyelement, text, timestamptz) IS
'tells whether a customer is in a cohort at an instant.
customer: the row of the bound relation; cohort: its name; as_of: the instant, by default now().
NULL if an argument is NULL; error if there is no such cohort';

--------------------------------------------------------------------------------
-- One condition over any table of events
--------------------------------------------------------------------------------

CREATE FUNCTION persona.holds_over_step(state internal, condition persona.condition, kind text,
	at timestamptz, event anyelement, as_of timestamptz) RETURNS internal
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_holds_over_step';

COMMENT ON FUNCTION persona.holds_over_step(internal, persona.condition, text, timestamptz, anyelement, timestamptz) IS 'transition function of persona.holds_over: keeps an event if the condition looks at it';

CREATE FUNCTION persona.holds_over_finish(state internal) RETURNS boolean
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100
	AS 'MODULE_PATHNAME', 'persona_holds_over_finish';

COMMENT ON FUNCTION persona.holds_over_finish(internal) IS 'final function of persona.holds_over: evaluates the condition over the events kept';

CREATE AGGREGATE persona.holds_over(condition persona.condition, kind text, at timestamptz, event anyelement,
	as_of timestamptz) (
	SFUNC = persona.holds_over_step,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = persona.holds_over_finish,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE persona.holds_over(persona.condition, text, timestamptz, anyelement, timestamptz) IS
'tells whether a condition over events holds for each group of rows of any table, bound or not, in any order of input.
condition: asks for events only, and is the same for all rows of a group, like as_of; kind, at: kind and time of the row''s event; event: the row, whose columns "where" sees; as_of: the instant.
Rows with a NULL kind or time, and rows later than as_of, are skipped; NULL if there are no rows; error if the condition or as_of is NULL, or if the condition asks for an attribute of the customer';
