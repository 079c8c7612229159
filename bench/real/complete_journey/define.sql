-- define.sql - binds the grocer's relations and says what its marketing wants.
-- oracle.sql says the same in SQL.

SET TimeZone = 'Asia/Tokyo';		-- nothing may depend on it

SELECT persona.bind_customers('grocer."Household"', 'household_id', default_time_zone => 'America/New_York') \g /dev/null
SELECT persona.bind_events('grocer.purchase', 'household_id', 'sold', kind => 'purchase') \g /dev/null
SELECT persona.bind_events('grocer.mailing', 'household_id', 'start_date', kind => 'mailing') \g /dev/null
SELECT persona.bind_events('grocer.redemption', 'household_id', 'redemption date', kind => 'redemption') \g /dev/null

INSERT INTO persona.cohort (name, condition) VALUES
('well_off', '{"attribute": "income", "at_least": "100-124K"}'),
('not_surveyed', '{"all": [{"attribute": "income", "known": false}, {"attribute": "age", "known": false}]}'),
('families', '{"attribute": "kids_count", "in": ["1", "2", "3+"]}'),
('no_family', '{"attribute": "kids_count", "not_in": ["1", "2", "3+"]}'),
('owners_35_to_64', '{"all": [{"attribute": "home_ownership", "contains": "owner", "case": "ignore"}, {"attribute": "age", "between": ["35-44", "55-64"]}]}'),
('test_group', '{"bucket": {"seed": "autumn", "from": 0.25, "to": 0.75}}'),
('active_8_weeks', '{"event": "purchase", "within": "8 weeks"}'),
('heavy', '{"event": "purchase", "sum": "sales_value", "within": "90 days", "at_least": 50}'),
('light', '{"event": "purchase", "sum": "sales_value", "within": "90 days", "less_than": 10.5}'),
('discount_hunter', '{"event": "purchase", "where": {"attribute": "department", "is": "GROCERY"}, "sum": "retail_disc", "within": "180 days", "more_than": 9.99}'),
('average_line', '{"event": "purchase", "avg": "sales_value", "within": "180 days", "between": [2.5, 3]}'),
('basket_hoppers', '{"event": "purchase", "distinct": "basket_id", "within": "60 days", "at_least": 5}'),
('meat_and_produce', '{"all": [{"event": "purchase", "where": {"attribute": "department", "is": "MEAT"}, "within": "120 days"},
	{"event": "purchase", "where": {"attribute": "department", "is": "PRODUCE"}, "within": "120 days", "times": {"at_least": 2}}]}'),
('never_private_brand', '{"event": "purchase", "where": {"attribute": "brand", "is": "Private"}, "times": {"is": 0}}'),
('no_department', '{"event": "purchase", "where": {"attribute": "department", "is_not": "GROCERY"}, "within": "last 30 days", "times": {"at_least": 3}}'),
('this_month', '{"event": "purchase", "within": "this month", "times": {"at_least": 2}}'),
('last_week', '{"event": "purchase", "within": "last week"}'),
('mailed_in_quarter', '{"event": "mailing", "within": "this quarter", "where": {"attribute": "campaign_type", "is": "Type A"}}'),
('offer_still_valid', '{"event": "mailing", "where": {"attribute": "end_date", "within_next": "21 days"}}'),
('redeemer', '{"event": "redemption", "distinct": "campaign_id", "at_least": 2}'),
('mailed_never_redeemed', '{"all": [{"event": "mailing"}, {"not": {"event": "redemption"}}]}'),
('redeemed_the_mailing', '{"sequence": [{"event": "mailing"}, {"event": "redemption", "same": ["campaign_id"], "within": "45 days"}]}'),
('per_campaign_twice', '{"per": "campaign_id", "all": [{"event": "mailing"}, {"event": "redemption", "times": {"at_least": 2}}]}'),
('big_basket', '{"per": "basket_id", "within": "30 days", "event": "purchase", "sum": "sales_value", "at_least": 15}'),
('monthly', '{"event": "purchase", "every": {"period": "30 days", "of": 4, "at_least": 4}}'),
('slowing', '{"all": [{"event": "purchase", "within": "180 days", "before": "60 days", "times": {"at_least": 4}},
	{"event": "purchase", "within": "60 days", "times": {"at_most": 1}}]}'),
('long_gap', '{"event": "purchase", "gap": "longest", "more_than": "60 days"}'),
('dear_item', '{"event": "purchase", "within": "200 days", "max": "sales_value", "at_least": 10}'),
('good_target', '{"all": [{"cohort": "active_8_weeks"}, {"any": [{"cohort": "families"}, {"cohort": "redeemer"}]}, {"not": {"cohort": "light"}}]}');

INSERT INTO persona.trigger (name, open_for, condition) VALUES
('mailing_unused', '7 days', '{"sequence": [{"event": "mailing", "as": "m"}, {"no": "redemption", "same": ["campaign_id"], "for": "14 days"}]}'),
('lapsed', '14 days', '{"event": "purchase", "last": {"before": "56 days"}}'),
('first_redemption', NULL, '{"event": "redemption", "first": {"within": "60 days"}}'),
('bought', '3 days', '{"event": "purchase", "within": "1 second"}'),
('large_basket', '5 days', '{"per": "basket_id", "event": "purchase", "sum": "sales_value", "at_least": 8}');

INSERT INTO persona.channel (name, consent, quiet_hours, cost) VALUES
('letter', NULL, NULL, 0.7),
('email', '{"bucket": {"seed": "has e-mail", "from": 0, "to": 0.6}}', 'daily 21:00-08:00', 0.01);
INSERT INTO persona.experience (name) VALUES ('coupon'), ('news');
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES
('coupon.letter', 'coupon', 'letter', 'A coupon', 'x'), ('coupon.email', 'coupon', 'email', 'A coupon', 'x'),
('news.email', 'news', 'email', 'News', 'x');
INSERT INTO persona.campaign (name, experience, cohort, trigger, priority, value, weight) VALUES
('remind', 'coupon', NULL, 'mailing_unused', 10, 2, 1),
('win_back', 'coupon', 'test_group', 'lapsed', 10, 4, 0.5),
('thank', 'coupon', NULL, 'first_redemption', 10, 2, 1.5),
('cross_sell', 'coupon', 'good_target', NULL, 0, 3, 1),
('letters_for_families', 'news', 'families', 'bought', 0, 5, 1),
('general', 'news', 'mailed_never_redeemed', NULL, 0, 0.5, 1);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES
('remind', 1, 'email'), ('remind', 2, 'letter'), ('win_back', 1, 'letter'), ('win_back', 2, 'email'), ('thank', 1, 'email'),
('cross_sell', 1, 'letter'), ('cross_sell', 2, 'email'), ('letters_for_families', 1, 'email'), ('general', 1, 'email');
INSERT INTO persona.policy (name, channel, max_contacts, period) VALUES ('letters', 'letter', 1, '28 days');
-- what was sent by letter counts
INSERT INTO persona.contact (customer, campaign, experience, channel, message, status, decided_at, send_at, sent_at)
SELECT household_id, 'cross_sell', 'coupon', 'letter', 'coupon.letter', 'sent', at, at, at
FROM (SELECT household_id, start_date::timestamp AT TIME ZONE 'America/New_York' AS at FROM grocer.mailing) m;
ANALYZE persona.contact;
SELECT format('rows   %s cohorts, %s triggers, %s campaigns, %s contacts', (SELECT count(*) FROM persona.cohort),
	(SELECT count(*) FROM persona.trigger), (SELECT count(*) FROM persona.campaign), (SELECT count(*) FROM persona.contact));
