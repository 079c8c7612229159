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
	OUT written bigint, OUT suppressed bigint, OUT phase bigint) RETURNS SETOF record
	LANGUAGE c STABLE PARALLEL SAFE ROWS 5
	AS 'MODULE_PATHNAME', 'persona_progress_rows';

COMMENT ON FUNCTION persona.progress_rows() IS 'what persona.progress shows, without the arithmetic';

CREATE VIEW persona.progress WITH (security_invoker = true) AS
	SELECT r.pid, r.task, r.number, r.started_at, r.done, r.total,
		CASE WHEN r.total > 0 THEN round(least(1.0 * r.done / r.total, 1), 4) END AS share,
		round((r.done / nullif(extract(epoch FROM clock_timestamp() - r.started_at), 0))::numeric, 1) AS per_second,
		CASE WHEN r.done > 0 AND r.total >= r.done
			THEN r.started_at + (clock_timestamp() - r.started_at) * (1.0 * r.total / r.done)::double precision END AS expected_end,
		r.written, r.suppressed
	FROM persona.progress_rows() AS r;

COMMENT ON VIEW persona.progress IS 'the long commands of persona that are going on in this database, and how far they are; of other roles only for members of them and of pg_read_all_stats';
COMMENT ON COLUMN persona.progress.pid IS 'the process of the session, as in pg_stat_activity';
COMMENT ON COLUMN persona.progress.task IS 'run, refresh, simulate, funnel, feasibility or prices';
COMMENT ON COLUMN persona.progress.number IS 'which run it is; NULL for other tasks';
COMMENT ON COLUMN persona.progress.started_at IS 'when it began';
COMMENT ON COLUMN persona.progress.done IS 'customers that are done';
COMMENT ON COLUMN persona.progress.total IS 'customers that are expected, by the statistics of their table; NULL if unknown';
COMMENT ON COLUMN persona.progress.share IS 'done / total, at most 1; NULL if the total is unknown or 0';
COMMENT ON COLUMN persona.progress.per_second IS 'customers per second since it began';
COMMENT ON COLUMN persona.progress.expected_end IS 'when it will end if it goes on at this rate; NULL if unknown';
COMMENT ON COLUMN persona.progress.written IS 'rows written, by tasks that write';
COMMENT ON COLUMN persona.progress.suppressed IS 'customers for whom nothing was written, by tasks that write';
