-- catalog: what the extension consists of is documented, marked and locked up.
-- Apart from the short lists of exceptions, each query returns no row.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE VIEW member AS
	SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
	FROM pg_depend AS d
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		AND d.refobjid = (SELECT e.oid FROM pg_extension AS e WHERE e.extname = 'persona')
		-- from PostgreSQL 17 on, types that come with relations and other types are members, too
		AND NOT EXISTS (SELECT FROM pg_type AS t LEFT JOIN pg_class AS r ON r.oid = t.typrelid
			WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid AND (t.typcategory = 'A' OR r.relkind <> 'c'));
CREATE VIEW function AS
	SELECT p.*, p.oid::regprocedure AS signature, l.lanname
	FROM member AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid JOIN pg_language AS l ON l.oid = p.prolang;

--
-- Everything is in the schema persona
--

SELECT extname, extversion, extnamespace::regnamespace, extrelocatable FROM pg_extension WHERE extname = 'persona';
SELECT m.object
FROM member AS m CROSS JOIN LATERAL pg_identify_object(m.classid, m.objid, 0) AS i
WHERE i.schema IS DISTINCT FROM 'persona' AND i.type NOT IN ('cast', 'event trigger')
ORDER BY m.object COLLATE "C";
-- event triggers and casts have no schema
SELECT i.type, replace(i.identity, 'pg_catalog.', '') AS identity
FROM member AS m CROSS JOIN LATERAL pg_identify_object(m.classid, m.objid, 0) AS i
WHERE i.schema IS NULL
ORDER BY i.type, replace(i.identity, 'pg_catalog.', '') COLLATE "C";

--
-- Everything has a comment
--

SELECT m.object
FROM member AS m
WHERE obj_description(m.objid, m.classid::regclass::name) IS NULL
ORDER BY m.object COLLATE "C";
-- the columns of tables and composite types, too
SELECT pg_describe_object('pg_class'::regclass, a.attrelid, a.attnum)
FROM member AS m
	JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind <> 'S'
		OR m.classid = 'pg_type'::regclass AND c.reltype = m.objid
	JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE col_description(a.attrelid, a.attnum) IS NULL
ORDER BY 1;
-- and the triggers
SELECT t.tgname, t.tgrelid::regclass
FROM member AS m JOIN pg_trigger AS t ON m.classid = 'pg_class'::regclass AND t.tgrelid = m.objid
WHERE NOT t.tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL
ORDER BY t.tgname, t.tgrelid::regclass::text COLLATE "C";
SELECT obj_description('persona'::regnamespace, 'pg_namespace') IS NOT NULL AS schema_has_comment;

--
-- Functions
--

-- Only these are VOLATILE: they change definitions or what is made of them, or
-- are triggers, or change contacts.
SELECT f.signature
FROM function AS f
WHERE f.provolatile = 'v'
	AND f.proname <> ALL ('{bind_customers,bind_events,unbind_customers,unbind_events,
		create_contact,create_response,create_choice,adapt_customer,create_views,create_passes,drop_passes,create_population,drop_population,drop_views,rebuild,watch_definitions,
		announce_change,invalidate_program,lock_definitions,tell_senders,report,cancel,
		create_delivery,drop_delivery,create_choosers,drop_choosers,protect_runtime_tables,
		check_change,check_definitions,check_new_conditions,complete_instants,guard_alter,guard_drop,
		watch_changes,unwatch_changes,capture_changes,create_change_triggers,drop_change_triggers,drop_all_change_triggers,
		create_due,create_runtime_triggers,create_runner,drop_runner,keep_program,check_as_of,need_no_transaction,show_run,hide_run,
		run,start_run,list_run,begin_everyone,step_run,finish_run,take_places,lock_places,give_place_back,
		add_spent,spend,change_spent,count_budget,recount_budget,forget_shortage,unpayable,can_pay,note_shortage,
		create_snapshot,create_refresher,drop_refresher,refresh_snapshot,pass_change_on,create_sparing,grant_job,measure_feasibility}')
ORDER BY f.signature::text COLLATE "C";
-- those, and only those, keep out of parallel plans
SELECT f.signature, f.provolatile, f.proparallel
FROM function AS f
WHERE (f.provolatile = 'v') <> (f.proparallel = 'u') OR f.proparallel = 'r'
ORDER BY f.signature::text COLLATE "C";
-- what takes the program as an argument needs nothing else, but for what reads the bound relations in a pass, or checks
SELECT f.signature, f.provolatile
FROM function AS f
WHERE 'persona.program'::regtype = ANY (f.proargtypes) AND f.provolatile <> 'i' AND f.proname <> ALL ('{check_program,keep_program,close_days,close_full_days,short_budgets,spent_at,program_with,priced_program}') AND f.proname !~ '_of_all$|^simulate'
ORDER BY f.signature::text COLLATE "C";
-- names in SQL and PL/pgSQL mean the system's, whatever the caller's search_path; a procedure that commits can't set it,
-- and what the planner shall put in its place must not
SELECT f.signature
FROM function AS f
WHERE f.lanname IN ('sql', 'plpgsql')
	AND NOT coalesce(f.proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}' AND f.prokind <> 'p' AND f.proname NOT IN ('rest_after', 'is_answer', 'is_fixed_length', 'notify_name', 'calendar_length')
ORDER BY f.signature::text COLLATE "C";
-- what is written in SQL is bound when it is created
SELECT f.signature FROM function AS f WHERE f.lanname = 'sql' AND f.prosqlbody IS NULL ORDER BY f.signature::text COLLATE "C";
-- other languages are not used
SELECT f.signature, f.lanname FROM function AS f WHERE f.lanname NOT IN ('sql', 'plpgsql', 'c') AND f.prokind <> 'a';
-- the C function of persona.x is persona_x
SELECT f.signature, f.prosrc FROM function AS f WHERE f.lanname = 'c' AND f.prosrc <> 'persona_' || f.proname;
-- only the guards, which run for whoever changes a relation, and what counts places and money and passes changes on have the owner's rights
SELECT f.signature FROM function AS f WHERE f.prosecdef AND f.proname NOT IN ('guard_alter', 'guard_drop', 'give_place_back', 'add_spent', 'spend', 'change_spent', 'count_budget', 'recount_budget', 'forget_shortage', 'pass_change_on') ORDER BY f.signature::text COLLATE "C";
-- what creates and drops objects, or binds, is not for everybody
SELECT f.signature
FROM function AS f
WHERE f.proname ~ '^(bind|unbind|create|drop|adapt|rebuild|watch|announce)' AND has_function_privilege('public', f.oid, 'EXECUTE')
ORDER BY f.signature::text COLLATE "C";
-- aggregates can be combined, but for holds_over, whose state does not travel
SELECT f.signature, a.aggcombinefn <> 0 AS combines
FROM function AS f JOIN pg_aggregate AS a ON a.aggfnoid = f.oid
ORDER BY f.signature::text COLLATE "C";

--
-- Tables
--

-- their rows are dumped
SELECT c.oid::regclass
FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind = 'r'
WHERE c.oid <> ALL ((SELECT e.extconfig FROM pg_extension AS e WHERE e.extname = 'persona')::oid[])
ORDER BY c.oid::regclass::text COLLATE "C";
-- their changes are announced, and checked on every event; those of runs are no definitions
SELECT c.oid::regclass, e.event
FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind = 'r'
		AND c.relname <> ALL ('{budget_use,capacity_use,change_watch,program_archive,reach_history,run_log,run_state,snapshot_state}')
	CROSS JOIN (VALUES ('INSERT', 4), ('DELETE', 8), ('UPDATE', 16), ('TRUNCATE', 32)) AS e (event, bit)
WHERE NOT EXISTS (SELECT FROM pg_trigger AS t
		WHERE t.tgrelid = c.oid AND t.tgfoid = 'persona.invalidate_program'::regproc AND t.tgtype & e.bit <> 0 AND t.tgtype & 3 = 0)
	OR NOT EXISTS (SELECT FROM pg_trigger AS t
		WHERE t.tgrelid = c.oid AND t.tgfoid IN ('persona.check_definitions'::regproc, 'persona.check_new_conditions'::regproc)
			AND t.tgtype & e.bit <> 0 AND t.tgtype & 3 = 0)
ORDER BY c.oid::regclass::text COLLATE "C", e.event;
-- all have a primary key
SELECT c.oid::regclass
FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind = 'r'
WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'p')
ORDER BY c.oid::regclass::text COLLATE "C";
-- references follow a new name; nothing else than a campaign's channels and what is spent of a budget goes with what it refers to
SELECT k.conrelid::regclass, k.conname, k.confupdtype, k.confdeltype
FROM pg_constraint AS k
WHERE k.connamespace = 'persona'::regnamespace AND k.contype = 'f'
	AND (k.confupdtype <> 'c' OR k.confdeltype <> CASE WHEN k.conname IN ('campaign_channel_campaign_fkey', 'budget_use_budget_fkey') THEN 'c' ELSE 'a' END)
ORDER BY k.conname COLLATE "C";
-- nobody but the owner may read or write them, unless he gives it away
SELECT c.oid::regclass, c.relacl
FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
WHERE c.relacl IS NOT NULL;

--
-- The same for what is made when customers are bound, which is no member of the extension
--

CREATE TABLE customer (id bigint PRIMARY KEY);
CREATE TABLE click (customer_id bigint, at timestamptz);
CREATE INDEX ON click (customer_id, at);
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('click', 'customer_id', 'at', kind => 'click');
CREATE VIEW made AS
	SELECT 'pg_class'::regclass AS classid, c.oid AS objid
	FROM pg_class AS c
	WHERE c.relnamespace = 'persona'::regnamespace AND c.relkind IN ('r', 'v')
		AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
	UNION ALL
	SELECT 'pg_proc'::regclass, p.oid
	FROM pg_proc AS p
	WHERE p.pronamespace = 'persona'::regnamespace
		AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid);
SELECT pg_describe_object(classid, objid, 0) COLLATE "C" AS object FROM made ORDER BY object;
SELECT pg_describe_object(classid, objid, 0) FROM made WHERE obj_description(objid, classid::name) IS NULL;
SELECT pg_describe_object(m.classid, a.attrelid, a.attnum)
FROM made AS m JOIN pg_attribute AS a ON m.classid = 'pg_class'::regclass AND a.attrelid = m.objid AND a.attnum > 0
WHERE col_description(a.attrelid, a.attnum) IS NULL;
-- functions with a body that is bound, marked so that a query can look into them, but for those that change contacts
SELECT p.oid::regprocedure, p.provolatile, p.proparallel, p.prosecdef, p.proconfig
FROM made AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
WHERE p.proname NOT IN ('claim', 'report_all', 'write_contacts', 'write_batch', 'commit_message', 'update_snapshot', 'rulings_or_errors', 'standings_or_errors', 'hand_outs_or_errors', 'complete_response') AND p.proname !~ '^choose_'
	AND (p.prosqlbody IS NULL OR p.provolatile <> 's' OR p.proparallel <> 's' OR p.prosecdef OR p.proisstrict OR p.proconfig IS NOT NULL);
SELECT p.oid::regprocedure
FROM made AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
WHERE p.proname IN ('claim', 'report_all', 'write_contacts', 'write_batch', 'commit_message', 'update_snapshot')
	AND (p.provolatile <> 'v' OR p.proparallel <> 'u' OR p.prosecdef OR NOT p.proconfig @> '{"search_path=pg_catalog, pg_temp"}');
SELECT p.oid::regprocedure
FROM made AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
WHERE p.proname ~ '^choose_' AND (p.prosqlbody IS NULL OR p.provolatile <> 'v' OR p.proparallel <> 'u' OR p.prosecdef);
-- views that read with the rights of who asks
SELECT c.oid::regclass
FROM made AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
WHERE c.relkind = 'v' AND NOT coalesce(c.reloptions, '{}') @> '{security_invoker=true}';
-- contacts, responses and choices lead their keys with the customer, but for the outbox and what reports look for
SELECT i.indexrelid::regclass, pg_get_indexdef(i.indexrelid, 1, true)
FROM pg_index AS i
WHERE i.indrelid = ANY ('{persona.contact,persona.response,persona.choice}'::regclass[]) AND pg_get_indexdef(i.indexrelid, 1, true) <> 'customer'
ORDER BY i.indexrelid::regclass::text COLLATE "C";
-- row security keeps what is kept of customers to those who see them
SELECT c.oid::regclass, c.relrowsecurity, p.polname, p.polcmd, p.polroles, obj_description(p.oid, 'pg_policy') IS NOT NULL AS commented
FROM pg_class AS c LEFT JOIN pg_policy AS p ON p.polrelid = c.oid
WHERE c.oid = ANY (persona.runtime_tables()::regclass[])
ORDER BY c.oid::regclass::text COLLATE "C";
