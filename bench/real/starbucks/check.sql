-- check.sql - compares persona with the oracle at five instants: on the grid of
-- the events, before a planned letter goes out, at a send, in the night that
-- ends summer time in Europe, and after all events.

\set data_set starbucks
\set as_of '2018-10-14 06:00:00+00'
SELECT clock_timestamp() AS oracle_start \gset
\ir oracle.sql
\ir ../compare.sql
\set as_of '2018-10-18 20:30:00+00'
SELECT clock_timestamp() AS oracle_start \gset
\ir oracle.sql
\ir ../compare.sql
\set as_of '2018-10-22 00:00:00+00'
SELECT clock_timestamp() AS oracle_start \gset
\ir oracle.sql
\ir ../compare.sql
\set as_of '2018-10-28 00:30:17.123456+00'
SELECT clock_timestamp() AS oracle_start \gset
\ir oracle.sql
\ir ../compare.sql
\set as_of '2018-11-04 00:00:00+00'
SELECT clock_timestamp() AS oracle_start \gset
\ir oracle.sql
\ir ../compare.sql
\ir ../population.sql
