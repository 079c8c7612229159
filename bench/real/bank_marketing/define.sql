-- define.sql - who is called next about a deposit.  check.sql says the same in SQL.

SET TimeZone = 'UTC';
SELECT persona.bind_customers('bank.customer', 'id', default_time_zone => 'Europe/Lisbon') \g /dev/null
SELECT persona.bind_events('bank.call', 'customer_id', 'at', kind => 'call', sequence => 'id') \g /dev/null

INSERT INTO persona.cohort (name, condition) VALUES
	('savers', '{"attribute": "balance", "at_least": 1000}'),
	('no_debt', '{"not": {"any": [{"attribute": "housing", "is": true}, {"attribute": "loan", "is": true}]}}'),
	('education_unknown', '{"attribute": "education", "is_not": "secondary"}'),
	('said_yes', '{"event": "call", "where": {"attribute": "outcome", "is": "success"}}'),
	('said_yes_last', '{"event": "call", "last": {"where": {"attribute": "outcome", "is": "success"}}}'),
	('often_called', '{"event": "call", "within": "365 days", "times": {"at_least": 5}}'),
	('long_calls', '{"event": "call", "avg": "duration", "within": "730 days", "more_than": 250.5}'),
	('left_alone', '{"event": "call", "last": {"before": "180 days"}}'),
	('pestered', '{"event": "call", "gap": "shortest", "less_than": "1 day 3 hours"}'),
	('gave_in', '{"sequence": [{"event": "call", "where": {"attribute": "outcome", "is": "failure"}}, {"event": "call", "where": {"attribute": "outcome", "is": "success"}, "after": "30 days"}]}');
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('half_a_year', '{"event": "call", "last": {"before": "180 days"}}', '90 days');
INSERT INTO persona.experience (name, kind) VALUES ('deposit', 'offer'), ('report', 'content');
INSERT INTO persona.holiday (calendar, day) VALUES ('portugal', '2010-11-01');
INSERT INTO persona.channel (name, synchronous, address_column, open_hours, holidays, cost) VALUES ('phone', true, 'phone', 'Mon-Fri 09:00-18:00', 'portugal', 4);
INSERT INTO persona.channel (name, address_column, cost) VALUES ('letter', 'street', 0.8);
INSERT INTO persona.message (name, experience, channel, position, condition, body) VALUES
	('script', 'deposit', 'phone', 0, NULL, 'A deposit for {{customer.balance}} euros'),
	('again', 'deposit', 'phone', -1, '{"event": "call", "last": {"where": {"attribute": "outcome", "is_not": "success"}}}', 'Once more'),
	('report', 'report', 'letter', 0, NULL, 'Report');
INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, priority, propensity, value) VALUES
	('deposit_again', 'deposit', 'said_yes', NULL, '{"event": "call", "where": {"attribute": "outcome", "is": "success"}, "within": "180 days"}', 10,
		'CASE coalesce(customer.poutcome, '''') WHEN ''success'' THEN 0.6 WHEN ''failure'' THEN 0.1 ELSE 0.2 END * CASE WHEN customer.housing THEN 0.5 ELSE 1 END',
		'20 + least(greatest(customer.balance, 0), 20000) / 1000.0'),
	('deposit_silent', 'deposit', NULL, 'half_a_year', NULL, 10,
		'0.25 + CASE WHEN customer.age >= 60 OR customer.job = ''student'' THEN 0.1 ELSE 0 END + coalesce(event.duration, 0) / 10000.0',
		'18 + customer.age / 10.0'),
	('report', 'report', 'savers', NULL, NULL, 0, '1', 'customer.balance / 500.0');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('deposit_again', 1, 'phone'), ('deposit_silent', 1, 'phone'), ('report', 1, 'letter');
INSERT INTO persona.policy (name, channel, max_contacts, period, min_gap) VALUES ('calls', 'phone', 3, '30 days', '7 days');
INSERT INTO persona.suppression (name, outcomes, scope, quiet_for) VALUES ('no', '{rejected}', 'experience', '200 days');

-- The bank's own calls were contacts, and their outcomes responses.
INSERT INTO persona.contact (customer, campaign, experience, channel, status, decided_at, send_at)
SELECT customer_id, 'former', 'deposit', 'phone', 'sent', at, at FROM bank.call ORDER BY id;
INSERT INTO persona.response (customer, at, outcome, campaign, experience, channel)
SELECT customer_id, at, CASE outcome WHEN 'success' THEN 'accepted' ELSE 'rejected' END, 'former', 'deposit', 'phone'
FROM bank.call WHERE outcome = ANY ('{success,failure}');
ANALYZE persona.contact, persona.response;
