-- check.sql - compares persona with the oracle at four instants: in the night
-- that begins British summer time, 30 days to the minute after a large invoice,
-- in the night that ends summer time, and at the last event.

\set data_set online_retail
\set as_of '2011-03-27 00:30:00+00'
SELECT clock_timestamp() AS oracle_start \gset
\ir oracle.sql
\ir ../compare.sql
\set as_of '2011-06-11 19:13:00+00'
SELECT clock_timestamp() AS oracle_start \gset
\ir oracle.sql
\ir ../compare.sql
\set as_of '2011-10-30 00:30:17.5+00'
SELECT clock_timestamp() AS oracle_start \gset
\ir oracle.sql
\ir ../compare.sql
\set as_of '2011-12-09 12:50:00+00'
SELECT clock_timestamp() AS oracle_start \gset
\ir oracle.sql
\ir ../compare.sql
\ir ../population.sql
