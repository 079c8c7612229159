-- define.sql - binds the wholesaler's tables and defines cohorts, triggers,
-- channels, messages and campaigns on them.  oracle.sql says the same in SQL.

SET TimeZone = 'UTC';

SELECT persona.bind_customers('retail.customer', 'customer_id', time_zone => 'time_zone', language => 'language',
	default_time_zone => 'Europe/London', default_language => 'en') \g /dev/null
SELECT persona.bind_events('retail.invoice_line', 'customer_id', 'at', kind_column => 'kind',
	kinds => '{purchase,return}', sequence => 'line_id') \g /dev/null
SELECT persona.bind_events('retail.invoice', 'customer_id', 'at', kind => 'invoice', sequence => 'first_line') \g /dev/null

INSERT INTO persona.cohort (name, condition) VALUES
-- attributes
('uk', '{"attribute": "country", "is": "United Kingdom"}'),
('abroad', '{"attribute": "country", "is_not": "united kingdom", "case": "ignore"}'),
('german_speaking', '{"attribute": "country", "in": ["Germany", "Austria", "Switzerland"]}'),
('lands', '{"all": [{"attribute": "country", "ends_with": "LAND", "case": "ignore"},
	{"not": {"attribute": "country", "matches": "^(Po|Fin)"}}]}'),
('big_first_invoice', '{"attribute": "account.first_invoice.amount", "at_least": 500}'),
('festive', '{"attribute": "account.themes", "contains_any": ["christmas", "wedding"]}'),
('no_paper', '{"attribute": "account.themes", "contains_none": ["paper"]}'),
('all_themes', '{"attribute": "account.themes", "contains_all": ["christmas", "vintage", "garden"]}'),
('new_customers', '{"attribute": "first_purchase", "within_last": "30 days"}'),
('customers_of_2010', '{"attribute": "first_purchase", "before": "2011-01-01T00:00:00Z"}'),
('customers_since_june', '{"attribute": "first_purchase", "after": "2011-06-01T10:15:00+01:00"}'),
('first_last_quarter', '{"attribute": "first_purchase", "on": "last quarter", "zone": "Europe/London"}'),
('first_this_month', '{"attribute": "first_purchase", "on": "this month"}'),
('first_on_a_day', '{"attribute": "first_purchase_on", "on": "2011-03-24"}'),
('never_purchased', '{"attribute": "first_purchase", "known": false}'),
('no_time_zone', '{"all": [{"attribute": "time_zone", "known": false}, {"attribute": "email", "known": true}]}'),
('anniversary', '{"attribute": "first_purchase_on", "anniversary_within": ["-7 days", "14 days"]}'),
('half', '{"bucket": {"seed": "2011/summer", "from": 0, "to": 0.5}}'),
-- numbers of events
('returners', '{"event": "return", "within": "60 days", "times": {"at_least": 2}}'),
('never_returned', '{"event": "return", "times": {"is": 0}}'),
('idle', '{"event": "invoice", "where": {"attribute": "amount", "more_than": 0}, "within": "30 days", "times": {"less_than": 1}}'),
('festive_buyers', '{"event": "purchase", "where": {"any": [{"attribute": "description", "contains": "CHRISTMAS"},
	{"attribute": "description", "matches": "\\m(XMAS|ADVENT)\\M"}, {"attribute": "stock_code", "like": "8_123%"}]},
	"within": "60 days"}'),
('two_last_month', '{"event": "invoice", "within": "last month", "zone": "Europe/London", "times": {"at_least": 2}}'),
-- sums and other measures
('vip', '{"event": "invoice", "sum": "amount", "within": "365 days", "at_least": 2000}'),
('units', '{"event": "purchase", "sum": "quantity", "within": "30 days", "more_than": 1000}'),
('net_nothing', '{"event": "invoice", "sum": "amount", "within": "90 days", "at_most": 0}'),
('wide_range', '{"event": "purchase", "distinct": "stock_code", "within": "90 days", "at_least": 50}'),
('cheap', '{"event": "purchase", "avg": "unit_price", "within": "180 days", "less_than": 1.5}'),
('bulk', '{"event": "purchase", "max": "quantity", "within": "90 days", "at_least": 144}'),
('freebies', '{"event": "purchase", "min": "unit_price", "is": 0}'),
-- the first and the last
('lapsed', '{"event": "purchase", "last": {"before": "90 days"}}'),
('last_line_bulk', '{"event": "purchase", "last": {"where": {"attribute": "quantity", "at_least": 12}}}'),
('last_is_credit', '{"event": "invoice", "within": "180 days", "last": {"where": {"attribute": "amount", "less_than": 0}}}'),
('first_large', '{"event": "invoice", "first": {"where": {"attribute": "amount", "at_least": 400}, "before": "30 days"}}'),
('first_line_recent', '{"event": "purchase", "within": "45 days", "first": {"where": {"attribute": "quantity", "less_than": 6}, "within": "20 days"}}'),
-- regularly, in sequence
('monthly', '{"event": "invoice", "every": {"period": "30 days", "of": 6, "at_least": 4}}'),
('sent_back', '{"sequence": [{"event": "purchase", "as": "item"}, {"event": "return", "same": ["stock_code"], "within": "30 days"}],
	"within": "90 days"}'),
('rebuyers', '{"sequence": [{"event": "purchase", "where": {"attribute": "quantity", "at_least": 24}},
	{"no": "return", "same": ["stock_code"]}, {"event": "purchase", "same": ["stock_code"], "within": "45 days"}], "within": "60 days"}'),
('kept', '{"sequence": [{"event": "purchase", "where": {"attribute": "unit_price", "at_least": 10}},
	{"no": "return", "same": ["stock_code"], "for": "10 days"}], "within": "40 days"}'),
-- nested
('good_customers', '{"all": [{"cohort": "vip"}, {"not": {"cohort": "lapsed"}}, {"any": [{"cohort": "abroad"}, {"cohort": "monthly"}]}]}');

INSERT INTO persona.trigger (name, open_for, condition) VALUES
('replenish', NULL, '{"sequence": [{"event": "purchase", "where": {"attribute": "quantity", "at_least": 48}, "as": "item"},
	{"no": "purchase", "same": ["stock_code"], "for": "45 days"}], "within": "60 days"}'),
('lapsing', '14 days', '{"event": "invoice", "last": {"before": "60 days"}}'),
('returned', '7 days', '{"event": "return", "within": "2 days"}'),
('big_order', NULL, '{"event": "invoice", "where": {"attribute": "amount", "at_least": 1000}, "within": "3 days"}'),
('third_order', '5 days', '{"event": "invoice", "where": {"attribute": "amount", "more_than": 0}, "within": "30 days",
	"times": {"at_least": 3}}'),
('vip_reached', NULL, '{"all": [{"cohort": "vip"}, {"event": "return", "within": "30 days", "times": {"is": 0}}]}'),
('first_year', NULL, '{"attribute": "first_purchase_on", "anniversary_within": ["-3 days", "3 days"]}'),
('order_after_return', '10 days', '{"sequence": [{"event": "invoice"}, {"event": "return", "within": "10 days"},
	{"event": "invoice", "where": {"attribute": "amount", "more_than": 0}, "within": "20 days"}], "within": "40 days"}'),
('weekly_buyer', '2 days', '{"all": [{"event": "invoice", "within": "this week"}, {"event": "invoice", "within": "last week"}]}');

INSERT INTO persona.channel (name, synchronous, address_column, consent, open_hours, quiet_hours, cost) VALUES
('email', false, 'email', '{"attribute": "newsletter", "is": true}', NULL, 'Mon-Fri 19:00-08:00; Sat,Sun 18:00-10:00', 0.01),
('phone', true, 'phone', '{"attribute": "calls_refused", "is_not": true}', 'Mon-Fri 09:00-12:30,13:30-17:30', NULL, 3),
('fax', false, 'fax', NULL, 'daily 05:30-08:00', 'Sat-Mon 00:00-06:45', 0.15),
('letter', false, NULL, NULL, NULL, NULL, 0.95),
('shop', false, NULL, '{"event": "purchase", "times": {"at_least": 10}}', NULL, NULL, 0);

INSERT INTO persona.placement (channel, name) VALUES ('shop', 'basket'), ('shop', 'start'), ('letter', 'insert');

INSERT INTO persona.experience (name) VALUES
('refill'), ('comeback'), ('care'), ('thanks'), ('bonus'), ('jubilee'), ('catalog');

INSERT INTO persona.message (name, experience, channel, placement, language, condition, position, subject, body) VALUES
('refill.fax', 'refill', 'fax', NULL, NULL, NULL, 0, 'Refill', 'Time to order again: {{item.description}}'),
('refill.email.de', 'refill', 'email', NULL, 'de', NULL, 0, 'Nachbestellen', 'Nachbestellen?'),
('refill.email.en', 'refill', 'email', NULL, 'en', NULL, 0, 'Refill from {{customer.country}}', 'Order again?'),
('comeback.email', 'comeback', 'email', NULL, NULL, NULL, 0, 'We miss you', 'Come back'),
('comeback.phone', 'comeback', 'phone', NULL, NULL, NULL, 0, NULL, 'Ask how it goes'),
('comeback.fax', 'comeback', 'fax', NULL, NULL, NULL, 0, 'We miss you', 'Come back'),
('care.phone', 'care', 'phone', NULL, NULL, '{"cohort": "vip"}', 0, NULL, 'Ask what was wrong'),
('care.letter', 'care', 'letter', NULL, NULL, NULL, 0, 'Sorry', 'Sorry'),
('thanks.email', 'thanks', 'email', NULL, NULL, NULL, 0, 'Thanks', 'Thanks'),
('thanks.email.large', 'thanks', 'email', NULL, NULL, '{"cohort": "first_large"}', -1, 'Many thanks', 'Thanks'),
('thanks.letter', 'thanks', 'letter', NULL, NULL, NULL, 0, 'Thanks', 'Thanks'),
('bonus.shop', 'bonus', 'shop', 'basket', NULL, NULL, 0, NULL, 'Bonus'),
('bonus.shop.start', 'bonus', 'shop', 'start', NULL, NULL, -1, NULL, 'Bonus'),
('bonus.email', 'bonus', 'email', NULL, NULL, NULL, 0, 'Bonus', 'Bonus'),
('jubilee.letter', 'jubilee', 'letter', 'insert', NULL, NULL, 0, 'Since {{customer.first_purchase_on|long}}', 'A year'),
('jubilee.email.fr', 'jubilee', 'email', NULL, 'fr', NULL, 0, 'Un an', 'Un an'),
('catalog.email', 'catalog', 'email', NULL, NULL, NULL, 0, 'Catalog', 'Catalog'),
('catalog.shop', 'catalog', 'shop', 'start', NULL, NULL, 0, NULL, 'Catalog');

INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, relevance, starts_at, ends_at,
	priority, value, weight, max_contacts, max_contacts_within, active) VALUES
('replenish', 'refill', NULL, 'replenish', NULL, '{"not": {"cohort": "sent_back"}}', NULL, NULL, 10, 20, 0.5, 2, '30 days', true),
('win_back', 'comeback', NULL, 'lapsing', '{"event": "purchase", "within": "30 days"}', NULL, NULL, NULL, 10, 13, 1, NULL, NULL, true),
('care', 'care', NULL, 'returned', NULL, NULL, NULL, NULL, 50, 6, 1, 3, NULL, true),
('thank_big', 'thanks', NULL, 'big_order', NULL, NULL, NULL, NULL, 20, 4, 1, 1, '21 days', true),
('bonus', 'bonus', 'half', 'third_order', NULL, NULL, NULL, NULL, 5, 4, 1.5, NULL, NULL, true),
('vip_welcome', 'bonus', 'good_customers', 'vip_reached', NULL, NULL, NULL, NULL, 5, 6, 1, NULL, NULL, true),
('jubilee', 'jubilee', 'half', 'first_year', NULL, NULL, '2011-11-01 00:00Z', NULL, 30, 2, 1, NULL, NULL, true),
('second_chance', 'bonus', NULL, 'order_after_return', NULL, NULL, NULL, '2011-10-30 08:00Z', 5, 5.5, 1, NULL, NULL, true),
('regulars', 'catalog', 'returners', 'weekly_buyer', NULL, NULL, NULL, NULL, 5, 1, 2, NULL, NULL, true),
('catalog', 'catalog', 'festive_buyers', NULL, '{"event": "invoice", "within": "7 days"}', NULL, NULL, NULL, 0, 1, 1, 1, '90 days', true);

INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES
('replenish', 1, 'fax', NULL), ('replenish', 2, 'email', NULL),
('win_back', 1, 'email', NULL), ('win_back', 2, 'phone', NULL), ('win_back', 3, 'fax', NULL),
('care', 1, 'phone', NULL), ('care', 2, 'letter', NULL),
('thank_big', 1, 'email', NULL), ('thank_big', 2, 'letter', NULL),
('bonus', 1, 'shop', 'basket'), ('bonus', 2, 'email', NULL),
('vip_welcome', 1, 'shop', 'start'), ('vip_welcome', 2, 'email', NULL),
('jubilee', 1, 'email', NULL), ('jubilee', 2, 'letter', 'insert'),
('second_chance', 1, 'email', NULL), ('second_chance', 2, 'shop', 'basket'),
('regulars', 1, 'email', NULL), ('regulars', 2, 'shop', 'start'),
('catalog', 1, 'email', NULL), ('catalog', 2, 'shop', 'start');

INSERT INTO persona.policy (name, channel, max_contacts, period) VALUES
('two_a_month', NULL, 2, '30 days'),
('one_call_in_two_weeks', 'phone', 1, '14 days'),
('one_email_a_week', 'email', 1, '1 week'),
('no_two_faxes_a_day', 'fax', 1, '24 hours');

INSERT INTO persona.contact (customer, campaign, experience, channel, message, trigger, fired_at, status, decided_at, send_at)
SELECT customer_id, campaign, experience, channel, message, trigger, fired_at, status, decided_at, send_at
FROM retail.sent_message;
ANALYZE persona.contact;

SELECT format('rows   %s cohorts, %s triggers, %s campaigns, %s messages, %s contacts',
	(SELECT count(*) FROM persona.cohort), (SELECT count(*) FROM persona.trigger), (SELECT count(*) FROM persona.campaign),
	(SELECT count(*) FROM persona.message), (SELECT count(*) FROM persona.contact));
