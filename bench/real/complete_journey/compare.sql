-- compare.sql - asks persona for one as_of in three ways and compares.

\set label complete_journey ' at ' :as_of
SELECT format('rows   %s: %s memberships, %s open triggers, %s next messages', :'label',
	(SELECT count(*) FROM oracle.cohort_member), (SELECT count(*) FROM oracle.open_trigger), (SELECT count(*) FROM oracle.next_message));
\if :oracle_only
\else
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'sql_standard';
SET extra_float_digits = -5;
SELECT verify.compare(:'label' || ', cohort members',
	format('SELECT cohort AS of, customer FROM persona.cohort_member_at(%L)', :'as_of'::timestamptz),
	'SELECT cohort AS of, customer FROM oracle.cohort_member');
SELECT verify.compare(:'label' || ', cohort members in plans', string_agg(format(
		'SELECT %L AS of, household_id AS customer FROM grocer."Household" AS h WHERE persona.holds(h, %L, %L)',
		name, condition, :'as_of'::timestamptz), ' UNION ALL '),
	'SELECT cohort AS of, customer FROM oracle.cohort_member')
FROM persona.cohort;
SELECT verify.compare(:'label' || ', open triggers',
	format('SELECT trigger AS of, customer, trigger_key, fired_at, open_until FROM persona.open_trigger_at(%L)', :'as_of'::timestamptz),
	'SELECT trigger AS of, customer, trigger_key, fired_at, open_until FROM oracle.open_trigger');
SELECT verify.compare(:'label' || ', next messages',
	format('SELECT campaign AS of, customer, channel, send_at, score::numeric(9, 4) FROM persona.next_message_at(%L)', :'as_of'::timestamptz),
	'SELECT campaign AS of, customer, channel, send_at, score::numeric(9, 4) FROM oracle.next_message');
SELECT verify.compare(:'label' || ', next messages of all',
	format('SELECT campaign AS of, customer, channel, send_at, score::numeric(9, 4) FROM persona.next_message_of_all(%L)', :'as_of'::timestamptz),
	'SELECT campaign AS of, customer, channel, send_at, score::numeric(9, 4) FROM oracle.next_message');
RESET TimeZone;
RESET DateStyle;
RESET IntervalStyle;
RESET extra_float_digits;
SELECT verify.capture(:'label' || ', next messages as of then', 'persona_message',
	format('SELECT * FROM persona.next_message_at(%L)', :'as_of'::timestamptz));
\ir ../laws.sql
\endif
