-- define.sql - the experiment again, a month later, with a holdout, for those
-- who may still be interested.  check.sql says the same in SQL.

SET TimeZone = 'UTC';
SELECT persona.bind_customers('shop.customer', 'id', default_time_zone => 'America/New_York') \g /dev/null
SELECT persona.bind_events('shop.web', 'customer_id', 'at', kind_column => 'kind', kinds => '{visit,purchase}') \g /dev/null

INSERT INTO persona.cohort (name, condition) VALUES
	('recent', '{"attribute": "recency", "at_most": 3}'),
	('only_mens', '{"all": [{"attribute": "mens", "is": true}, {"attribute": "womens", "is": false}]}'),
	('big', '{"attribute": "history", "more_than": 350.5}'),
	('segment_7', '{"attribute": "history_segment", "starts_with": "7)"}'),
	('phone_or_rural', '{"any": [{"attribute": "channel", "not_in": ["Web", "Multichannel"]}, {"attribute": "zip_code", "is": "rural", "case": "ignore"}]}'),
	('visited', '{"event": "visit", "within": "30 days"}'),
	('bought', '{"event": "purchase", "sum": "spend", "within": "35 days", "at_least": 50}'),
	('looked_only', '{"all": [{"cohort": "visited"}, {"event": "purchase", "times": {"is": 0}}]}'),
	('quick', '{"sequence": [{"event": "visit"}, {"event": "purchase", "within": "1 hour"}], "completed_within": "30 days"}'),
	('reachable_newbie', '{"all": [{"attribute": "newbie", "is": true}, {"attribute": "email", "known": true}]}');
INSERT INTO persona.experiment (name, seed, weights, coverage) VALUES ('which_mail', 'april', '{0.3,0.3,0.4}', 0.9);
INSERT INTO persona.experience (name) VALUES ('mens'), ('womens');
INSERT INTO persona.channel (name, address_column, quiet_hours, cost) VALUES ('email', 'email', 'daily 20:00-08:00', 0.01);
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES
	('mens_mail', 'mens', 'email', 'For men', 'You have spent {{customer.history}} with us.'),
	('womens_mail', 'womens', 'email', 'For women', 'You have spent {{customer.history}} with us.');
INSERT INTO persona.campaign (name, experience, experiment, variation, goal, relevance, propensity, value) VALUES
	('mens', 'mens', 'which_mail', 0, '{"cohort": "bought"}', '{"attribute": "recency", "at_most": 9}',
		'CASE WHEN customer.womens THEN 0.05 ELSE 0.069 END', 'customer.history / 12'),
	('womens', 'womens', 'which_mail', 1, '{"cohort": "bought"}', NULL,
		'CASE WHEN customer.mens AND NOT customer.womens THEN 0.01 ELSE 0.07 END', 'customer.history / 12'),
	-- outside of the experiment, for whoever looked and did not buy
	('look_again', 'womens', NULL, NULL, NULL, '{"cohort": "looked_only"}', '0.03', 'greatest(customer.history, 100) / 10');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('mens', 1, 'email'), ('womens', 1, 'email'), ('look_again', 1, 'email');
INSERT INTO persona.holdout (name, share, seed) VALUES ('nobody', 0.1, 'control');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('one_a_month', 1, '30 days');
-- The mails of March were sent by others.
INSERT INTO persona.contact (customer, campaign, experience, channel, status, decided_at, send_at)
SELECT customer_id, CASE segment WHEN 'Mens E-Mail' THEN 'mens' ELSE 'womens' END, CASE segment WHEN 'Mens E-Mail' THEN 'mens' ELSE 'womens' END,
	'email', 'sent', at, at FROM shop.mail;
ANALYZE persona.contact;
