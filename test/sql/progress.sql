-- progress: how far long commands are, seen while they read, while they decide,
-- and no longer when they have ended.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
DROP ROLE IF EXISTS regress_persona_looker;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TABLE customer (id int PRIMARY KEY, plan text);
INSERT INTO customer SELECT i, CASE i % 3 WHEN 0 THEN 'gold' END FROM generate_series(1, 1000) AS i;
CREATE TABLE click (customer int, at timestamptz, n int);
CREATE INDEX ON click (customer, at);
INSERT INTO click SELECT 1 + i % 900, timestamptz '2026-03-01' + i * interval '1 minute', i FROM generate_series(1, 7000) AS i;
ANALYZE customer, click;
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('click', 'customer', 'at', kind => 'click');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name) VALUES ('web');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('offer', 'offer', 'web', 'Hello');
INSERT INTO persona.cohort (name, condition) VALUES ('active', '{"event": "click", "times": {"at_least": 8}}'), ('gold', '{"attribute": "plan", "is": "gold"}');
INSERT INTO persona.campaign (name, experience, cohort) VALUES ('active', 'offer', 'active'), ('gold', 'offer', 'gold');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('active', 1, 'web'), ('gold', 1, 'web');
ANALYZE persona.contact, persona.response, persona.choice;

-- reading a row looks how far the reading is
CREATE FUNCTION peek(what text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	p record;
BEGIN
	PERFORM pg_stat_clear_snapshot();
	FOR p IN SELECT * FROM persona.progress AS g WHERE g.pid = pg_backend_pid() LOOP
		RAISE NOTICE '%: task %, done % of %, rows read % of %, share %, expected end %', what, p.task, p.done, p.total, p.rows_read, p.rows_to_read,
			p.share, CASE WHEN p.expected_end >= clock_timestamp() THEN 'ahead' ELSE coalesce(p.expected_end::text, 'unknown') END;
	END LOOP;
	RETURN true;
END
$$;
CREATE ROLE regress_persona_looker;
SELECT persona.grant_job('regress_persona_looker', 'analyst');
GRANT USAGE ON SCHEMA shop TO regress_persona_looker;
GRANT pg_read_all_stats TO regress_persona_looker;
GRANT SELECT ON persona.progress TO regress_persona_looker;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO regress_persona_looker;
CREATE POLICY peek ON click USING (CASE WHEN n IN (1, 3500, 7000) THEN peek('click ' || n) ELSE true END);
CREATE POLICY peek ON customer USING (CASE WHEN id = 1000 THEN peek('customer 1000') ELSE true END);
ALTER TABLE click ENABLE ROW LEVEL SECURITY;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
SET ROLE regress_persona_looker;
\set then '''2026-03-10 12:00''::timestamptz'
-- a simulation makes two passes
SELECT change, count(*) FROM persona.simulate(persona.program_with(persona.program(), '{"campaigns": {"active": null}}'), :then) GROUP BY change;
SELECT campaign, customers_before, customers_after FROM persona.simulate_reach(persona.program_with(persona.program(), '{"campaigns": {"active": null}}'), :then);
SELECT cohort, customers FROM persona.reach_at(:then);
SELECT count(*) FROM persona.overlap_at(:then);
SELECT count(*) FROM persona.progress;
RESET ROLE;
DELETE FROM persona.campaign WHERE name = 'active';
DELETE FROM persona.cohort WHERE name = 'active';
-- conditions on attributes alone are answered while the customers are read
SET ROLE regress_persona_looker;
SELECT cohort, customers FROM persona.reach_at(:then);
RESET ROLE;
-- without statistics nobody knows the end
CREATE VIEW watched AS SELECT customer, at, n FROM click WHERE CASE WHEN n IN (1, 3500, 7000) THEN peek('view ' || n) END IS NOT false;
ALTER TABLE click DISABLE ROW LEVEL SECURITY;
ALTER TABLE customer DISABLE ROW LEVEL SECURITY;
SELECT persona.unbind_events('shop.click');
SELECT persona.bind_events('watched', 'customer', 'at', kind => 'click');
INSERT INTO persona.cohort (name, condition) VALUES ('active', '{"event": "click", "times": {"at_least": 8}}');
SELECT cohort, customers FROM persona.reach_at(:then);

-- several processes count together, and leave nothing behind
DELETE FROM persona.cohort WHERE name = 'active';
SELECT persona.unbind_events('shop.watched');
DROP VIEW watched;
SELECT persona.bind_events('click', 'customer', 'at', kind => 'click');
INSERT INTO persona.cohort (name, condition) VALUES ('active', '{"event": "click", "times": {"at_least": 8}}');
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT cohort, customers FROM persona.reach_at(:then);
SELECT count(*) FROM persona.simulate(persona.program_with(persona.program(), '{"campaigns": {"gold": null}}'), :then);
SELECT count(*) FROM persona.progress;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- a run has ended when it has, and tells what it wrote before
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	PERFORM pg_stat_clear_snapshot();
	SELECT format('task %s, %s of %s, done are written or suppressed %s, share is of those %s, rows %s', p.task, CASE WHEN p.done = 0 THEN 'none' WHEN p.done < p.total THEN 'some' END,
		p.total, p.done = p.written + p.suppressed, p.share = round(1.0 * p.done / p.total, 4), p.rows_read)
	INTO said FROM persona.progress AS p WHERE p.pid = pg_backend_pid();
	-- how many fit into a batch depends on pages, so how often it is said as well
	IF said <> current_setting('regress.said', true) IS NOT false THEN
		RAISE NOTICE '%', said;
		PERFORM set_config('regress.said', said, false);
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER look AFTER INSERT ON persona.contact FOR EACH STATEMENT EXECUTE FUNCTION look();
CALL persona.run(as_of => '2026-03-10 12:00', batch => 500);
SELECT count(*) FROM persona.progress;
SELECT count(*) FROM persona.contact;
CALL persona.run(as_of => '2026-03-11 12:00', batch => 500);
SELECT count(*) FROM persona.progress;
SELECT persona.refresh_snapshot('2026-03-11 12:00');
SELECT count(*) FROM persona.progress;

DROP OWNED BY regress_persona_looker;
DROP ROLE regress_persona_looker;
