-- check.sql - compares persona with the oracle: when a campaign starts, in the
-- first hour of summer time, in the quiet hours, and in the night that ends it.

\set forget 'WITH line AS (DELETE FROM grocer.line WHERE transaction_timestamp AT TIME ZONE ''America/New_York'' > current_setting(''verify.as_of'')::timestamptz) DELETE FROM grocer.campaign_household AS h USING grocer.campaign_description AS d WHERE d.campaign_id = h.campaign_id AND d.start_date::timestamp AT TIME ZONE ''America/New_York'' > current_setting(''verify.as_of'')::timestamptz'
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
