-- compare.sql - asks persona for one as_of and compares with schema oracle.
-- Psql variables: data_set, as_of.

\set label :data_set ' at ' :as_of
SELECT format('time   %s: oracle in %s', :'label', verify.seconds_since(:'oracle_start'));
SELECT format('rows   %s: %s memberships, %s open triggers, %s next messages', :'label',
	(SELECT count(*) FROM oracle.cohort_member), (SELECT count(*) FROM oracle.open_trigger),
	(SELECT count(*) FROM oracle.next_message));

\if :oracle_only
SELECT format('       cohort %s: %s', name, (SELECT count(*) FROM oracle.cohort_member m WHERE m.cohort = c.name))
FROM oracle.cohort c;
SELECT format('       trigger %s: %s open', name, (SELECT count(*) FROM oracle.open_trigger m WHERE m.trigger = t.name))
FROM oracle.trigger t;
SELECT format('       campaign %s: %s candidates, %s with a channel in time, %s within limits, %s next (%s)', name,
	(SELECT count(*) FROM oracle.candidate d WHERE d.campaign = c.name),
	(SELECT count(DISTINCT customer) FROM oracle.option o WHERE o.campaign = c.name),
	(SELECT count(DISTINCT customer) FROM oracle.option o WHERE o.campaign = c.name
		AND NOT EXISTS (SELECT FROM oracle.exceeded e WHERE e.id = o.id)),
	(SELECT count(*) FROM oracle.next_message m WHERE m.campaign = c.name),
	(SELECT string_agg(channel || ' ' || n, ', ')
	 FROM (SELECT channel, count(*) AS n FROM oracle.next_message m WHERE m.campaign = c.name GROUP BY 1 ORDER BY 1) x))
FROM oracle.campaign c;
SELECT format('       limit %s: %s options exceed it', name, (SELECT count(*) FROM oracle.exceeded e WHERE e.allowance = l.name))
FROM oracle.allowance l;
\else

-- Persona's answers must not depend on the session's zone or date style.
SET TimeZone = 'America/New_York';
SET DateStyle = 'SQL, DMY';
SELECT verify.capture(:'label' || ', cohort_member_at', 'persona_cohort',
	format('SELECT * FROM persona.cohort_member_at(%L)', :'as_of'::timestamptz));
SELECT verify.capture(:'label' || ', open_trigger_at', 'persona_trigger',
	format('SELECT * FROM persona.open_trigger_at(%L)', :'as_of'::timestamptz));
SELECT verify.capture(:'label' || ', next_message_at', 'persona_message',
	format('SELECT * FROM persona.next_message_at(%L)', :'as_of'::timestamptz));
-- The same for 20 customers, asked for one by one: ten of them get a message.
CREATE TABLE oracle.sample AS
(SELECT customer FROM oracle.next_message ORDER BY md5(customer::text || :'as_of') LIMIT 10)
UNION
(SELECT customer FROM oracle.customer ORDER BY md5(customer::text || :'as_of') LIMIT 10);
SELECT verify.capture(:'label' || ', next_message_at for single customers', 'persona_single', string_agg(
	format('SELECT * FROM persona.next_message_at(%L) WHERE customer = %L', :'as_of'::timestamptz, customer), ' UNION ALL '))
FROM oracle.sample;
RESET TimeZone;
RESET DateStyle;
SET TimeZone = 'UTC';

SELECT verify.compare(:'label' || ', cohort members',
	'SELECT cohort AS of, customer FROM persona_cohort',
	'SELECT cohort AS of, customer FROM oracle.cohort_member');
SELECT verify.compare(:'label' || ', members since',
	'SELECT cohort AS of, customer, since FROM persona_cohort',
	'SELECT cohort AS of, customer, since FROM oracle.cohort_member');
-- "until" is a promise: it may come before the true end, but lies ahead of as_of.
SELECT verify.compare(:'label' || ', members until',
	format('SELECT cohort AS of, customer FROM persona_cohort p JOIN oracle.cohort_member o USING (cohort, customer)
			WHERE p.until > %L AND p.until <= o.until', :'as_of'),
	'SELECT cohort AS of, customer FROM oracle.cohort_member');
SELECT verify.compare(:'label' || ', open triggers',
	'SELECT trigger AS of, customer, fired_at FROM persona_trigger',
	'SELECT trigger AS of, customer, fired_at FROM oracle.open_trigger');
SELECT verify.compare(:'label' || ', triggers open until',
	'SELECT trigger AS of, customer, open_until FROM persona_trigger',
	'SELECT trigger AS of, customer, open_until FROM oracle.open_trigger');
SELECT verify.compare(:'label' || ', next messages',
	'SELECT campaign AS of, customer, channel, send_at, score::float8 FROM persona_message',
	'SELECT campaign AS of, customer, channel, send_at, score::float8 FROM oracle.next_message');
SELECT verify.compare(:'label' || ', content of next messages',
	'SELECT campaign AS of, customer, experience, placement, message, subject, priority, trigger, fired_at FROM persona_message',
	'SELECT campaign AS of, customer, experience, placement, message, subject, priority, trigger, fired_at FROM oracle.next_message');
SELECT verify.compare(:'label' || ', single customers',
	'SELECT campaign AS of, customer, channel, message, send_at FROM persona_single',
	'SELECT campaign AS of, customer, channel, message, send_at FROM oracle.next_message JOIN oracle.sample USING (customer)');
SELECT verify.compare(:'label' || ', decisions stand at least a moment',
	format('SELECT customer FROM persona_message WHERE valid_until > %L', :'as_of'),
	'SELECT customer FROM oracle.next_message');
\ir laws.sql
\endif
