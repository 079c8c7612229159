--------------------------------------------------------------------------------
-- pass: answers about all customers, in one pass
--
-- The views evaluate customer by customer, and find the events of each through
-- an index: right for one customer, or some.  These functions read each bound
-- relation once, from its begin to its end.  The answers are the same.
--
-- They take the program as an argument, like the functions for one customer,
-- but are stable: they read the bound relations themselves, with the caller's
-- rights.  Those that return the customers' key have no type of their own for
-- it; persona.create_passes() makes functions that have.
--------------------------------------------------------------------------------

CREATE TYPE persona.mask AS (
	cohorts bit varying
);

COMMENT ON TYPE persona.mask IS 'the cohorts that a customer is in, as a bit mask: what persona.masks_of_all() returns';
COMMENT ON COLUMN persona.mask.cohorts IS 'a bit for each cohort, in the order of names by bytes: the first bit is the first cohort of persona.reach_at()';

CREATE FUNCTION persona.reach_of_all(program persona.program, as_of timestamptz,
	OUT cohort text, OUT customers bigint, OUT share double precision) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 100
	AS 'MODULE_PATHNAME', 'persona_reach_of_all';

COMMENT ON FUNCTION persona.reach_of_all(persona.program, timestamptz) IS
'how many customers are in each cohort of a program at an instant, in the order of names: reads all customers and events once.
cohort: its name; customers: how many are in it; share: of all customers, NULL if there are none.
No row for NULL; error if no customers are bound, or as_of is infinite, or the caller may not read the bound relations';

CREATE FUNCTION persona.overlap_of_all(program persona.program, as_of timestamptz,
	OUT cohort text, OUT other text, OUT customers bigint, OUT similarity double precision) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 1000
	AS 'MODULE_PATHNAME', 'persona_overlap_of_all';

COMMENT ON FUNCTION persona.overlap_of_all(persona.program, timestamptz) IS
'how many customers two cohorts share at an instant, each pair once: reads all customers and events once.
cohort, other: their names, in order; customers: how many are in both, pairs without are left out; similarity: the share of those that are in either.
NULLs and errors as of persona.reach_of_all()';

CREATE FUNCTION persona.masks_of_all(program persona.program, as_of timestamptz) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 1000
	AS 'MODULE_PATHNAME', 'persona_masks_of_all';

COMMENT ON FUNCTION persona.masks_of_all(persona.program, timestamptz) IS
'the cohorts of each customer at an instant, as rows (key, persona.mask): reads all customers and events once.
NULLs and errors as of persona.reach_of_all(); error if the column list is another one';

CREATE FUNCTION persona.memberships_of_all(program persona.program, as_of timestamptz) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 10000
	AS 'MODULE_PATHNAME', 'persona_memberships_of_all';

COMMENT ON FUNCTION persona.memberships_of_all(persona.program, timestamptz) IS
'the cohorts of all customers at an instant, as rows (key, persona.membership): reads all customers and events once.
NULLs and errors as of persona.masks_of_all()';

CREATE FUNCTION persona.openings_of_all(program persona.program, as_of timestamptz) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 10000
	AS 'MODULE_PATHNAME', 'persona_openings_of_all';

COMMENT ON FUNCTION persona.openings_of_all(persona.program, timestamptz) IS
'the open triggers of all customers at an instant, as rows (key, persona.opening): reads all customers and events once.
NULLs and errors as of persona.masks_of_all()';

CREATE FUNCTION persona.decisions_of_all(program persona.program, as_of timestamptz) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 1000
	AS 'MODULE_PATHNAME', 'persona_decisions_of_all';

COMMENT ON FUNCTION persona.decisions_of_all(persona.program, timestamptz) IS
'the next messages of all customers at an instant, as rows (key, persona.decision): reads all customers and events once.
NULLs and errors as of persona.masks_of_all()';

CREATE FUNCTION persona.simulated_of_all(program persona.program, as_of timestamptz) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 1000
	AS 'MODULE_PATHNAME', 'persona_simulated_of_all';

COMMENT ON FUNCTION persona.simulated_of_all(persona.program, timestamptz) IS
'the same as persona.decisions_of_all(), as a part of a simulation, as which persona.progress shows it';

CREATE FUNCTION persona.candidates_of_all(program persona.program, as_of timestamptz) RETURNS SETOF record
	LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 10000
	AS 'MODULE_PATHNAME', 'persona_candidates_of_all';

COMMENT ON FUNCTION persona.candidates_of_all(persona.program, timestamptz) IS
'how each campaign fares for all customers at an instant, as rows (key, persona.candidate): reads all customers and events once.
NULLs and errors as of persona.masks_of_all()';

--------------------------------------------------------------------------------
-- With the program of the live definitions
--------------------------------------------------------------------------------

CREATE FUNCTION persona.reach_at(as_of timestamptz,
	OUT cohort text, OUT customers bigint, OUT share double precision) RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT r.cohort, r.customers, r.share FROM persona.reach_of_all(persona.program(), reach_at.as_of) AS r;
	END;

COMMENT ON FUNCTION persona.reach_at(timestamptz) IS 'how many customers are in each cohort at an instant, and which share of all they are; see persona.reach_of_all()';

CREATE FUNCTION persona.overlap_at(as_of timestamptz,
	OUT cohort text, OUT other text, OUT customers bigint, OUT similarity double precision) RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT o.cohort, o.other, o.customers, o.similarity FROM persona.overlap_of_all(persona.program(), overlap_at.as_of) AS o;
	END;

COMMENT ON FUNCTION persona.overlap_at(timestamptz) IS 'how many customers two cohorts share at an instant, each pair once; see persona.overlap_of_all()';

CREATE VIEW persona.reach WITH (security_invoker = true) AS
	SELECT r.cohort, r.customers, r.share FROM persona.reach_at(now()) AS r;

COMMENT ON VIEW persona.reach IS 'how many customers are in each cohort, as of now()';
COMMENT ON COLUMN persona.reach.cohort IS 'the cohort';
COMMENT ON COLUMN persona.reach.customers IS 'how many customers are in it';
COMMENT ON COLUMN persona.reach.share IS 'which share of all customers that is; NULL if there are none';

CREATE VIEW persona.overlap WITH (security_invoker = true) AS
	SELECT o.cohort, o.other, o.customers, o.similarity FROM persona.overlap_at(now()) AS o;

COMMENT ON VIEW persona.overlap IS 'how many customers two cohorts share, as of now(); each pair once, those without are left out';
COMMENT ON COLUMN persona.overlap.cohort IS 'the cohort that is first by name';
COMMENT ON COLUMN persona.overlap.other IS 'the other one';
COMMENT ON COLUMN persona.overlap.customers IS 'how many customers are in both';
COMMENT ON COLUMN persona.overlap.similarity IS 'which share that is of those who are in either';

CREATE FUNCTION persona.create_passes(key_type text, key_rows bigint) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	question record;
	shape record;
BEGIN
	FOR question IN
		SELECT * FROM (VALUES
			('next_message_of_all', 'decisions_of_all', 'persona.decision'::regclass, 'the rows of persona.next_message_at()'),
			('candidate_of_all', 'candidates_of_all', 'persona.candidate', 'how each campaign fares for each customer: the rows of persona.explain() for all'),
			('cohort_member_of_all', 'memberships_of_all', 'persona.membership', 'the rows of persona.cohort_member_at()'),
			('open_trigger_of_all', 'openings_of_all', 'persona.opening', 'the rows of persona.open_trigger_at()'),
			('cohort_mask_of_all', 'masks_of_all', 'persona.mask', 'the cohorts of each customer as a bit mask, the bits in the order of persona.reach_at()')
		) AS v (name, evaluator, result, about)
	LOOP
		SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) AS declared,
			string_agg(format('d.%I', a.attname), ', ' ORDER BY a.attnum) AS selected
		INTO shape
		FROM pg_attribute AS a WHERE a.attrelid = question.result AND NOT a.attisdropped;

		EXECUTE format(E'CREATE OR REPLACE FUNCTION persona.%1$I(as_of timestamptz)\n'
			'RETURNS TABLE (customer %2$s, %3$s)\n'
			'LANGUAGE sql STABLE PARALLEL SAFE ROWS %4$s\n'
			'BEGIN ATOMIC\n\tSELECT d.customer, %5$s\n'
			'\tFROM persona.%6$I(persona.program(), %1$I.as_of) AS d (customer %2$s, %3$s);\nEND',
			question.name, create_passes.key_type, shape.declared, create_passes.key_rows, shape.selected, question.evaluator);
		EXECUTE format('COMMENT ON FUNCTION persona.%I(timestamptz) IS %L', question.name,
			question.about || ', as of an instant, all in one pass over the bound relations');
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.create_passes(text, bigint) IS 'makes, or replaces in place, the functions next_message_of_all, candidate_of_all, cohort_member_of_all, open_trigger_of_all and cohort_mask_of_all for a type of the customers'' key; part of persona.create_views()';

CREATE FUNCTION persona.drop_passes() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
BEGIN
	DROP FUNCTION IF EXISTS persona.next_message_of_all, persona.candidate_of_all, persona.cohort_member_of_all,
		persona.open_trigger_of_all, persona.cohort_mask_of_all;
END
$$;

COMMENT ON FUNCTION persona.drop_passes() IS 'drops what persona.create_passes() made; part of persona.drop_views()';

REVOKE EXECUTE ON FUNCTION persona.create_passes(text, bigint), persona.drop_passes() FROM PUBLIC;
