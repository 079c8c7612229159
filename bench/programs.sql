-- Programs to measure the pass with, as values in bench.program: cohorts on
-- attributes, on behavior and on both, in the proportion of define.sql, and
-- patterns of events.  No two are the same.

CREATE TABLE bench.program (name text PRIMARY KEY, program persona.program NOT NULL);

-- The i-th cohort on attributes.
CREATE FUNCTION bench.attribute_cohort(i int) RETURNS json LANGUAGE sql IMMUTABLE RETURN format(CASE i % 6
	WHEN 0 THEN '{"attribute": "clv", "at_least": %1$s}'
	WHEN 1 THEN '{"all": [{"attribute": "score", "at_least": %2$s}, {"attribute": "points", "at_least": %3$s}, {"attribute": "plan", "in": ["gold", "silver"]}]}'
	WHEN 2 THEN '{"any": [{"attribute": "points", "less_than": %3$s}, {"attribute": "country", "is": "AT"}]}'
	WHEN 3 THEN '{"not": {"attribute": "balance", "more_than": %4$s}}'
	WHEN 4 THEN '{"all": [{"attribute": "email", "known": true}, {"attribute": "household", "at_most": %5$s}, {"attribute": "points", "at_least": %3$s}]}'
	ELSE '{"attribute": "last_visit", "within_last": "%6$s hours"}' END,
	round(i * 7.3 % 990, 2), i * 7 % 90, i % 9990, round(i * 1.31 % 199, 2), i % 9, 1 + i % 9500)::json;

-- The i-th cohort on behavior; 30 kinds, 20 windows.
CREATE FUNCTION bench.behavior_cohort(i int) RETURNS json LANGUAGE sql IMMUTABLE RETURN format(CASE i % 5
	WHEN 0 THEN '{"event": "%1$s", "within": "%2$s days", "times": {"at_least": %3$s}}'
	WHEN 1 THEN '{"event": "%1$s", "sum": "amount", "within": "%2$s days", "at_least": %4$s}'
	WHEN 2 THEN '{"event": "%1$s", "last": {"before": "%2$s days"}}'
	WHEN 3 THEN '{"event": "%1$s", "where": {"attribute": "amount", "at_least": %4$s}, "within": "%2$s days"}'
	ELSE '{"event": "%1$s", "times": {"is": 0}, "within": "%2$s days"}' END,
	bench.kind(i), 5 + 5 * (i / 30 % 20), 2 + i / 7 % 5, 20 + i % 300)::json;

-- The i-th cohort on both.
CREATE FUNCTION bench.mixed_cohort(i int) RETURNS json LANGUAGE sql IMMUTABLE RETURN format(
	'{"all": [{"attribute": "plan", "is_not": "free"}, {"attribute": "score", "at_least": %s}, {"event": "%s", "within": "%s days", "times": {"at_least": 2}}]}',
	i % 50, bench.kind(i), 5 + 5 * (i / 30 % 20))::json;

-- The i-th pattern: abandoned, funnel, often, lapsed, stopped, amounts, regularly.
CREATE FUNCTION bench.pattern(i int) RETURNS json LANGUAGE sql IMMUTABLE RETURN format(CASE i % 7
	WHEN 0 THEN '{"sequence": [{"event": "%1$s"}, {"no": "%2$s", "for": "1 hour"}], "within": "30 days"}'
	WHEN 1 THEN '{"sequence": [{"event": "%1$s"}, {"event": "%2$s", "within": "2 days"}, {"event": "%3$s"}], "within": "7 days"}'
	WHEN 2 THEN '{"event": "%1$s", "within": "60 days", "times": {"at_least": 5}}'
	WHEN 3 THEN '{"event": "%1$s", "last": {"before": "30 days", "within": "60 days"}}'
	WHEN 4 THEN '{"all": [{"event": "%1$s", "within": "60 days", "times": {"at_least": 5}}, {"event": "%1$s", "within": "30 days", "times": {"is": 0}}]}'
	WHEN 5 THEN '{"event": "%1$s", "sum": "amount", "within": "90 days", "at_least": 250}'
	ELSE '{"event": "%1$s", "every": {"period": "30 days", "of": 6, "at_least": 4}}' END,
	bench.kind(i), bench.kind(i + 7), bench.kind(i + 11))::json;

INSERT INTO bench.program
SELECT format('%s mixed', n), persona.assemble_program(cohorts => (
	SELECT json_agg(json_build_object('name', 'c' || i, 'condition', CASE
		WHEN i % 20 < 12 THEN bench.attribute_cohort(i) WHEN i % 20 < 17 THEN bench.behavior_cohort(i) ELSE bench.mixed_cohort(i) END))
	FROM generate_series(1, n) AS i))
FROM unnest(ARRAY[1, 100, 1000]) AS n;
INSERT INTO bench.program
SELECT format('%s attribute', n), persona.assemble_program(cohorts => (
	SELECT json_agg(json_build_object('name', 'c' || i, 'condition', bench.attribute_cohort(i))) FROM generate_series(1, n) AS i))
FROM unnest(ARRAY[100, 1000, 10000]) AS n;
INSERT INTO bench.program
SELECT format('%s behavior', n), persona.assemble_program(cohorts => (
	SELECT json_agg(json_build_object('name', 'c' || i, 'condition', bench.behavior_cohort(i))) FROM generate_series(1, n) AS i))
FROM unnest(ARRAY[100, 1000]) AS n;
INSERT INTO bench.program
SELECT '30 patterns', persona.assemble_program(cohorts => (
	SELECT json_agg(json_build_object('name', 'p' || i, 'condition', bench.pattern(i))) FROM generate_series(1, 30) AS i));
