/* persona 1.0.0: decides each customer's next message inside the database. */

-- complain if the script is sourced in psql rather than run by CREATE EXTENSION
\echo Use "CREATE EXTENSION persona" to load this file. \quit

-- Whatever the schema persona may hold already, names in this script mean the
-- system's own; everything of persona is written with its schema.
SET LOCAL search_path = pg_catalog, pg_temp;
