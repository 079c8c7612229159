-- referenced: doc/reference.md tells of every object and every column that SQL
-- can name, those that are made when customers are bound included.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
CREATE TABLE customer (id bigint PRIMARY KEY);
CREATE TABLE click (customer_id bigint, at timestamptz);
CREATE INDEX ON click (customer_id, at);
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('click', 'customer_id', 'at', kind => 'click');

-- what the page shows as code, and the names behind "persona." elsewhere
\set page `cat "$PG_ABS_SRCDIR/../doc/reference.md"`
CREATE TABLE word AS
	SELECT DISTINCT w[1] AS word
	FROM regexp_matches(:'page', '`[^`]*`|persona\.[a-z_]+', 'g') AS code, regexp_matches(code[1], '[A-Za-z_][A-Za-z_0-9]*', 'g') AS w;
SELECT count(*) > 500 AS many FROM word;

CREATE VIEW object AS
	SELECT 'function' AS sort, p.proname AS name FROM pg_proc AS p WHERE p.pronamespace = 'persona'::regnamespace
	UNION SELECT 'relation', c.relname FROM pg_class AS c WHERE c.relnamespace = 'persona'::regnamespace AND c.relkind IN ('r', 'v', 'c')
	UNION SELECT 'type', t.typname FROM pg_type AS t WHERE t.typnamespace = 'persona'::regnamespace AND t.typcategory <> 'A'
	UNION SELECT 'column of ' || c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = 'persona'::regnamespace AND c.relkind IN ('r', 'v', 'c')
	UNION SELECT 'event trigger', e.evtname FROM pg_event_trigger AS e WHERE e.evtfoid::regprocedure::text LIKE 'persona.%'
	UNION SELECT 'trigger', t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
		WHERE c.relnamespace = 'persona'::regnamespace AND NOT t.tgisinternal;
SELECT count(*) > 500 AS many FROM object;
SELECT sort, name FROM object WHERE name::text NOT IN (SELECT word FROM word) ORDER BY sort COLLATE "C", name COLLATE "C";
-- and what the page calls a function or a relation of persona is there
SELECT DISTINCT m[1] COLLATE "C" AS name
FROM regexp_matches(:'page', 'persona\.([a-z_]+)', 'g') AS m
WHERE m[1] NOT IN (SELECT name FROM object) AND to_regtype('persona.' || m[1]) IS NULL
ORDER BY name;
