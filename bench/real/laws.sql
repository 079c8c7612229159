-- laws.sql - laws 3 and 4 for all customers at one as_of, which compare.sql has
-- asked persona for: what came later says nothing of a decision, and until its
-- valid_until time alone does not change it.
-- Psql variables: label, as_of; forget: a statement that deletes what came after
-- the setting verify.as_of below a source that is a view.  All is rolled back.

BEGIN;
SELECT set_config('verify.as_of', :'as_of', true) \g /dev/null
-- What came later goes; what is known of contacts goes back to what was known.
DO $$
DECLARE
	source record;
	as_of timestamptz := current_setting('verify.as_of');
BEGIN
	FOR source IN
		SELECT b.relation, CASE a.atttypid WHEN 'timestamptz'::regtype THEN format('%I', b.at_column)
				ELSE format('(%I::timestamp AT TIME ZONE %L)', b.at_column, k.default_time_zone) END AS at
		FROM persona.event_binding AS b JOIN pg_class AS c ON c.oid = b.relation
			JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = b.at_column
			CROSS JOIN persona.customer_binding AS k
		WHERE c.relkind = 'r' AND b.relation::text NOT LIKE 'persona.%'
	LOOP
		EXECUTE format('DELETE FROM %s WHERE %s > %L', source.relation, source.at, as_of);
	END LOOP;
	DELETE FROM persona.response WHERE at > as_of;
	DELETE FROM persona.contact WHERE decided_at > as_of;
	UPDATE persona.contact SET status = CASE WHEN ended_at <= as_of THEN status WHEN delivered_at <= as_of THEN 'delivered' WHEN sent_at <= as_of THEN 'sent' ELSE 'planned' END,
		sent_at = CASE WHEN sent_at <= as_of THEN sent_at END,
		delivered_at = CASE WHEN delivered_at <= as_of THEN delivered_at END,
		ended_at = CASE WHEN ended_at <= as_of THEN ended_at END
	WHERE as_of < greatest(sent_at, delivered_at, ended_at);
END
$$;
\if :{?forget}
:forget;
\endif
SELECT verify.compare(:'label' || ', messages without what came later',
	format('SELECT campaign AS of, customer, channel, placement, message, subject, body, send_at, expires_at, score, fired_at, valid_until
		FROM persona.next_message_at(%L)', :'as_of'::timestamptz),
	'SELECT campaign AS of, customer, channel, placement, message, subject, body, send_at, expires_at, score, fired_at, valid_until
		FROM persona_message');
-- Those that stand are the same later on; who can be sent to at once still can.
SELECT verify.compare(:'label' || ', messages that stand after ' || probe.later,
	format('SELECT n.campaign AS of, n.customer, n.channel, n.placement, n.message, n.subject, n.body, n.send_at, n.expires_at, n.score, n.fired_at
		FROM persona.next_message_at(%L) AS n JOIN persona_message AS m USING (customer) WHERE m.valid_until > %1$L', :'as_of'::timestamptz + probe.later::interval),
	format('SELECT m.campaign AS of, m.customer, m.channel, m.placement, m.message, m.subject, m.body,
			CASE m.send_at WHEN %L THEN %L ELSE m.send_at END, m.expires_at, m.score, m.fired_at
		FROM persona_message AS m WHERE m.valid_until > %2$L', :'as_of'::timestamptz, :'as_of'::timestamptz + probe.later::interval))
FROM (VALUES ('90 minutes'), ('1 day'), ('5 days')) AS probe (later);
-- To the microsecond, for some, each at its own last instant.
SELECT verify.compare(:'label' || ', messages at the last instant at which they stand', string_agg(
		format('SELECT n.campaign AS of, n.customer, n.channel, n.placement, n.message, n.expires_at, n.score, n.fired_at
			FROM persona.next_message_at(%L) AS n WHERE n.customer = %L', m.valid_until - interval '1 microsecond', m.customer), ' UNION ALL '),
	string_agg(format('SELECT m.campaign AS of, m.customer, m.channel, m.placement, m.message, m.expires_at, m.score, m.fired_at
		FROM persona_message AS m WHERE m.customer = %L', m.customer), ' UNION ALL '))
FROM (SELECT p.customer, p.valid_until FROM persona_message AS p WHERE p.valid_until < 'infinity' ORDER BY md5(p.customer::text || :'as_of') LIMIT 40) AS m;
ROLLBACK;
