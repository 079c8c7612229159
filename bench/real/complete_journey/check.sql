-- check.sql - compares persona with the oracle: when a campaign starts, in the
-- first hour of summer time, in the quiet hours, and in the night that ends it.

\set as_of '2017-03-12 07:00:00+00'
\ir oracle.sql
\ir compare.sql
\set as_of '2017-05-08 04:00:00+00'
\ir oracle.sql
\ir compare.sql
\set as_of '2017-09-14 02:15:00.5+00'
\ir oracle.sql
\ir compare.sql
\set as_of '2017-11-05 06:30:00+00'
\ir oracle.sql
\ir compare.sql
\set as_of '2018-01-02 12:00:00+00'
\ir oracle.sql
\ir compare.sql
