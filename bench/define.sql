-- 100 cohorts, 20 triggers, 30 campaigns and 8 channels over bench.customer
-- and bench.event: 60 cohorts on attributes, 25 on behavior, 15 on both.

SET client_min_messages = warning;
SELECT persona.bind_customers('bench.customer', 'id', time_zone => 'time_zone', language => 'language',
	default_time_zone => 'Europe/Berlin');
SELECT persona.bind_events('bench.event', 'customer_id', 'at', kind_column => 'kind', sequence => 'id');

CREATE FUNCTION bench.kind(i int) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'k' || lpad((1 + i % 30)::text, 2, '0');

INSERT INTO persona.cohort (name, condition)
SELECT format('c%s', lpad(i::text, 3, '0')), CASE
	WHEN i <= 60 THEN format(CASE i % 6
		WHEN 0 THEN '{"attribute": "clv", "at_least": %s}'
		WHEN 1 THEN '{"all": [{"attribute": "score", "at_least": %s}, {"attribute": "plan", "in": ["gold", "silver"]}]}'
		WHEN 2 THEN '{"any": [{"attribute": "points", "less_than": %s}, {"attribute": "country", "is": "AT"}]}'
		WHEN 3 THEN '{"not": {"attribute": "balance", "more_than": %s}}'
		WHEN 4 THEN '{"all": [{"attribute": "email", "known": true}, {"attribute": "household", "at_most": %s}]}'
		ELSE '{"attribute": "last_visit", "within_last": "%s days"}' END, 1 + (i * 7) % 90)
	WHEN i <= 85 THEN format(CASE i % 5
		WHEN 0 THEN '{"event": "%s", "within": "90 days", "times": {"at_least": 3}}'
		WHEN 1 THEN '{"event": "%s", "sum": "amount", "within": "60 days", "at_least": 250}'
		WHEN 2 THEN '{"event": "%s", "last": {"before": "30 days"}}'
		WHEN 3 THEN '{"event": "%s", "where": {"attribute": "amount", "at_least": 100}, "within": "120 days"}'
		ELSE '{"event": "%s", "times": {"is": 0}, "within": "30 days"}' END, bench.kind(i))
	ELSE format('{"all": [{"attribute": "plan", "is_not": "free"}, {"attribute": "score", "at_least": %s}, {"event": "%s", "within": "45 days", "times": {"at_least": 2}}]}',
		i % 50, bench.kind(i)) END::persona.condition
FROM generate_series(1, 100) AS i;

INSERT INTO persona.trigger (name, condition, open_for)
SELECT format('t%s', lpad(i::text, 2, '0')), format(CASE i % 4
	WHEN 0 THEN '{"sequence": [{"event": "%1$s", "as": "cart"}, {"no": "%2$s", "same": ["item"], "for": "1 hour"}], "within": "3 days"}'
	WHEN 1 THEN '{"sequence": [{"event": "%1$s"}, {"event": "%2$s", "within": "1 day"}], "within": "7 days"}'
	WHEN 2 THEN '{"event": "%1$s", "within": "60 days", "times": {"at_least": 5}}'
	ELSE '{"event": "%1$s", "last": {"before": "30 days", "within": "60 days"}}' END, bench.kind(i), bench.kind(i + 7))::persona.condition,
	interval '2 days' * (1 + i % 3)
FROM generate_series(1, 20) AS i;

INSERT INTO persona.experience (name) SELECT 'e' || i FROM generate_series(1, 10) AS i;
INSERT INTO persona.channel (name, address_column, consent, quiet_hours, open_hours, cost) VALUES
	('email', 'email', '{"attribute": "email_consent", "is": true}', 'daily 21:00-08:00', NULL, 0.01),
	('sms', 'phone', '{"attribute": "sms_consent", "is": true}', 'daily 20:00-09:00', NULL, 0.08),
	('phone', 'phone', NULL, NULL, 'Mon-Fri 09:00-18:00', 4),
	('letter', 'postcode', NULL, NULL, NULL, 0.9),
	('web', NULL, NULL, NULL, NULL, 0), ('app', NULL, '{"attribute": "newsletter", "is": true}', NULL, NULL, 0),
	('chat', NULL, NULL, NULL, 'Mon-Sat 08:00-20:00', 1), ('invoice', NULL, NULL, NULL, NULL, 0.05);
INSERT INTO persona.message (name, experience, channel, subject, body)
	SELECT e.name || '_' || c.name, e.name, c.name, 'Dear {{customer.name}}', 'About {{customer.plan|nothing}}'
	FROM persona.experience AS e, persona.channel AS c;
INSERT INTO persona.campaign (name, experience, cohort, trigger, priority, value, max_contacts, max_contacts_within)
	SELECT 'p' || lpad(i::text, 2, '0'), 'e' || (1 + i % 10), 'c' || lpad((i * 3 % 100 + 1)::text, 3, '0'),
		't' || lpad((1 + i % 20)::text, 2, '0'), i % 4, 1 + i * 0.1, 2, interval '30 days'
	FROM generate_series(1, 30) AS i;
INSERT INTO persona.campaign_channel (campaign, position, channel)
	SELECT c.name, p.n, p.channel
	FROM persona.campaign AS c, unnest(ARRAY['email', 'sms', 'letter', 'web']) WITH ORDINALITY AS p (channel, n);
INSERT INTO persona.policy (name, channel, max_contacts, period) VALUES
	('all', NULL, 4, '30 days'), ('email', 'email', 2, '7 days');
INSERT INTO persona.contact (customer, campaign, channel, send_at, decided_at, status)
	SELECT id, 'p' || lpad((1 + id % 30)::text, 2, '0'), 'email', :'until'::timestamptz - interval '1 day' * (1 + id % 60),
		:'until'::timestamptz - interval '1 day' * (2 + id % 60), 'sent'
	FROM bench.customer WHERE id % 2 = 0;
ANALYZE persona.contact;
