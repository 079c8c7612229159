-- define.sql - binds the coffee chain's tables and defines cohorts, triggers,
-- channels, messages and campaigns on them.  oracle.sql says the same in SQL.

SET TimeZone = 'UTC';

SELECT persona.bind_customers('cafe.member', 'id', time_zone => 'time_zone', language => 'language',
	default_time_zone => 'Europe/Berlin', default_language => 'de') \g /dev/null
SELECT persona.bind_events('cafe.event', 'member_id', 'at', kind_column => 'kind',
	kinds => '{offer_received,offer_viewed,offer_completed,transaction}', sequence => 'seq') \g /dev/null

INSERT INTO persona.cohort (name, condition) VALUES
-- attributes
('everyone', '{"all": []}'),
('nobody', '{"any": []}'),
('women_over_40', '{"all": [{"attribute": "gender", "is": "F"}, {"attribute": "age", "at_least": 40}]}'),
('unknown_profile', '{"all": [{"attribute": "gender", "known": false}, {"attribute": "profile.income", "known": false},
	{"attribute": "profile.age", "is": 118}]}'),
('middle_income', '{"attribute": "income", "between": [50000, 80000]}'),
('not_rich', '{"not": {"attribute": "income", "more_than": 90000}}'),
('neither_f_nor_m', '{"attribute": "gender", "not_in": ["F", "M"]}'),
('not_fifty', '{"any": [{"attribute": "age", "is_not": 50}, {"attribute": "income", "less_than": 40000}]}'),
('old_members', '{"attribute": "became_member_on", "before": "2015-01-01"}'),
('joined_this_year', '{"attribute": "became_member_on", "on": "this year"}'),
('anniversary', '{"attribute": "became_member_on", "anniversary_within": ["-3 days", "7 days"]}'),
('by_text', '{"any": [{"attribute": "email", "ends_with": "@EXAMPLE.org", "case": "ignore"},
	{"attribute": "id", "starts_with": "00"}, {"attribute": "id", "matches": "^[0-9]{3}.*f$"},
	{"attribute": "email", "like": "%7_@%"}, {"attribute": "email", "contains": "abc"}, {"attribute": "email", "is": ""}]}'),
('bogo_and_discount', '{"attribute": "completed_types", "contains_all": ["bogo", "discount"]}'),
('no_bogo', '{"attribute": "completed_types", "contains_none": ["bogo"]}'),
('third_of_all', '{"bucket": {"seed": "spring", "from": 0.2, "to": 0.55}}'),
-- numbers of events
('frequent', '{"event": "transaction", "within": "5 days", "times": {"at_least": 3}}'),
('silent', '{"event": "transaction", "within": "120 hours", "times": {"is": 0}}'),
('one_or_two', '{"event": "transaction", "where": {"attribute": "amount", "at_least": 10}, "within": "1 week",
	"times": {"between": [1, 2]}}'),
('small_rewards', '{"event": "offer_completed", "where": {"all": [{"attribute": "reward", "between": [3, 5]},
	{"not": {"attribute": "offer_type", "is": "bogo"}}]}}'),
('absent_is_not', '{"event": "offer_viewed", "where": {"attribute": "amount", "is_not": 5}, "within": "3 days"}'),
('contacted_twice', '{"event": "contact", "where": {"attribute": "status", "in": ["sent", "delivered"]}, "within": "7 days",
	"times": {"at_least": 2}}'),
('twice_this_week', '{"event": "transaction", "within": "this week", "times": {"at_least": 2}}'),
('viewed_yesterday', '{"event": "offer_viewed", "within": "yesterday", "zone": "Europe/London"}'),
-- sums and other measures
('spender', '{"event": "transaction", "sum": "amount", "within": "10 days", "at_least": 100}'),
('low_spend', '{"event": "transaction", "sum": "amount", "within": "240 hours", "less_than": 15.50}'),
('early_spend', '{"event": "transaction", "where": {"attribute": "at", "before": "2018-10-12T00:00:00Z"},
	"sum": "amount", "at_least": 60}'),
('good_average', '{"event": "transaction", "avg": "amount", "within": "2 weeks", "at_least": 20.25}'),
('only_small', '{"event": "transaction", "max": "amount", "within": "14 days", "at_most": 5}'),
('high_floor', '{"event": "transaction", "min": "amount", "more_than": 12.5}'),
('many_offers_seen', '{"event": "offer_viewed", "distinct": "offer_id", "within": "21 days", "at_least": 3}'),
('no_offer_seen', '{"event": "offer_viewed", "distinct": "offer_id", "within": "7 days", "is": 0}'),
-- the first and the last
('last_offer_bogo', '{"event": "offer_received", "last": {"where": {"attribute": "offer_type", "is": "bogo"}}}'),
('last_offer_social', '{"event": "offer_received", "within": "14 days",
	"last": {"where": {"attribute": "channels", "contains_any": ["social"]}, "before": "3 days"}}'),
('new_buyers', '{"event": "transaction", "first": {"within": "7 days"}}'),
('first_is_big', '{"event": "transaction", "within": "10 days", "first": {"where": {"attribute": "amount", "more_than": 25}}}'),
-- regularly, in sequence
('regulars', '{"event": "transaction", "every": {"period": "3 days", "of": 5, "at_least": 4}}'),
('journey', '{"sequence": [{"event": "offer_received", "as": "offer"},
	{"event": "offer_viewed", "within": "24 hours", "same": ["offer_id"]},
	{"event": "offer_completed", "within": "5 days", "same": ["offer_id"]}], "within": "10 days"}'),
('rewarded_unseen', '{"sequence": [{"event": "offer_received"}, {"no": "offer_viewed", "same": ["offer_id"]},
	{"event": "offer_completed", "same": ["offer_id"]}], "within": "10 days"}'),
('seen_not_completed', '{"sequence": [{"event": "offer_viewed"},
	{"no": "offer_completed", "same": ["offer_id"], "for": "72 hours"}], "within": "14 days"}'),
-- nested
('loyal', '{"all": [{"any": [{"cohort": "regulars"}, {"cohort": "spender"}]}, {"not": {"cohort": "only_small"}},
	{"not": {"all": [{"cohort": "silent"}, {"attribute": "age", "more_than": 60}]}}]}');

INSERT INTO persona.trigger (name, open_for, condition) VALUES
('offer_ignored', '72 hours', '{"sequence": [{"event": "offer_received", "as": "offer"},
	{"no": "offer_viewed", "same": ["offer_id"], "for": "48 hours"}], "within": "7 days"}'),
('almost_there', NULL, '{"sequence": [{"event": "offer_viewed", "as": "offer"},
	{"no": "offer_completed", "same": ["offer_id"], "for": "72 hours"}], "within": "10 days"}'),
('lapsed', '5 days', '{"event": "transaction", "last": {"before": "10 days"}}'),
('big_purchase', NULL, '{"event": "transaction", "where": {"attribute": "amount", "at_least": 30}, "within": "24 hours"}'),
('third_purchase', '48 hours', '{"event": "transaction", "within": "7 days", "times": {"at_least": 3}}'),
('offer_done', '36 hours', '{"event": "offer_completed", "within": "6 hours"}'),
('spend_level', NULL, '{"all": [{"event": "transaction", "sum": "amount", "within": "14 days", "at_least": 100},
	{"not": {"cohort": "only_small"}}]}'),
('fresh_offer', NULL, '{"all": [{"event": "offer_received", "within": "3 days"},
	{"event": "offer_viewed", "within": "3 days", "times": {"is": 0}},
	{"any": [{"cohort": "women_over_40"}, {"not": {"event": "transaction", "within": "24 hours"}}]}]}'),
('membership_day', NULL, '{"attribute": "became_member_on", "anniversary_within": ["-1 days", "1 days"]}'),
('seen_bought_done', '1 day', '{"sequence": [{"event": "offer_viewed"}, {"event": "transaction", "within": "12 hours"},
	{"event": "offer_completed", "within": "12 hours"}], "within": "3 days"}');

INSERT INTO persona.channel (name, synchronous, address_column, consent, open_hours, quiet_hours, cost) VALUES
('email', false, 'email', '{"attribute": "email_opt_in", "is": true}', NULL, 'daily 22:00-07:00', 0.02),
('app', false, 'push_token', '{"event": "offer_viewed"}', NULL, 'Sun-Thu 22:30-06:00; Fri-Sat 23:30-08:00', 0.01),
('sms', false, 'phone', '{"attribute": "sms_opt_in", "is": true}', 'Mon-Fri 09:00-18:00; Sat 10:00-14:00', 'daily 12:00-13:00', 0.09),
('call', true, 'phone', '{"not": {"attribute": "phone_opt_out", "is": true}}', 'Mon-Fri 09:00-12:00,13:00-17:00', NULL, 4.5),
('letter', false, 'street', NULL, NULL, NULL, 0.85),
('web', false, NULL, NULL, 'always', 'never', 0);

INSERT INTO persona.placement (channel, name) VALUES ('web', 'homepage'), ('web', 'receipt');

INSERT INTO persona.experience (name) VALUES
('reminder'), ('completion'), ('comeback'), ('thanks'), ('level'), ('birthday'), ('fresh'), ('news');

INSERT INTO persona.message (name, experience, channel, placement, language, condition, position, subject, body) VALUES
('reminder.email.de', 'reminder', 'email', NULL, 'de', NULL, 0, 'Ihr Angebot, {{customer.gender|Gast}}', 'Es gilt noch: {{offer.offer_id}}'),
('reminder.email.en', 'reminder', 'email', NULL, 'en', NULL, 0, 'Your offer, {{customer.gender|guest}}', 'Still valid: {{offer.offer_id}}'),
('reminder.email.en.forty', 'reminder', 'email', NULL, 'en', '{"cohort": "women_over_40"}', -1, 'Your offer', 'Still valid.'),
('reminder.app', 'reminder', 'app', NULL, NULL, NULL, 0, 'Offer {{customer.id}}', 'Still valid.'),
('reminder.letter.de', 'reminder', 'letter', NULL, 'de', NULL, 0, 'Ihr Angebot', 'Es gilt noch.'),
('completion.app.b', 'completion', 'app', NULL, NULL, NULL, 0, 'Almost there', 'B'),
('completion.app.a', 'completion', 'app', NULL, NULL, NULL, 0, 'Almost there', 'A'),
('completion.sms', 'completion', 'sms', NULL, NULL, NULL, 0, NULL, 'Almost there'),
('completion.web', 'completion', 'web', 'homepage', NULL, NULL, 0, NULL, 'Almost there'),
('completion.web.receipt', 'completion', 'web', 'receipt', NULL, NULL, -5, NULL, 'Almost there'),
('comeback.call', 'comeback', 'call', NULL, NULL, '{"attribute": "age", "at_least": 50}', 0, 'Call', 'We miss you'),
('comeback.email', 'comeback', 'email', NULL, NULL, NULL, 0, 'We miss you', 'Come back'),
('thanks.app', 'thanks', 'app', NULL, NULL, NULL, 0, 'Thanks', 'Thanks'),
('thanks.email.de', 'thanks', 'email', NULL, 'de', NULL, 0, 'Danke', 'Danke'),
('thanks.email.any', 'thanks', 'email', NULL, NULL, NULL, 0, 'Thanks', 'Thanks'),
('thanks.letter', 'thanks', 'letter', NULL, NULL, NULL, 0, 'Thanks', 'Thanks'),
('thanks.sms', 'thanks', 'sms', NULL, NULL, NULL, 0, NULL, 'Thanks'),
('level.app', 'level', 'app', NULL, NULL, NULL, 0, 'Level', 'Level'),
('level.letter', 'level', 'letter', NULL, 'en', NULL, 0, 'Level', 'Level'),
('birthday.letter', 'birthday', 'letter', NULL, NULL, NULL, 0, 'Member since {{customer.became_member_on}}', 'Happy day'),
('birthday.email', 'birthday', 'email', NULL, NULL, NULL, 0, 'Happy day', 'Happy day'),
('fresh.app', 'fresh', 'app', NULL, NULL, NULL, 0, 'New', 'New'),
('fresh.email', 'fresh', 'email', NULL, NULL, NULL, 0, 'New', 'New'),
('news.app', 'news', 'app', NULL, NULL, NULL, 0, 'News', 'News'),
('news.email', 'news', 'email', NULL, NULL, NULL, 0, 'News', 'News'),
('news.letter', 'news', 'letter', NULL, NULL, NULL, 0, 'News', 'News'),
('news.web', 'news', 'web', 'homepage', NULL, NULL, 0, NULL, 'News');

INSERT INTO persona.campaign (name, experience, cohort, trigger, goal, relevance, starts_at, ends_at,
	priority, value, weight, max_contacts, max_contacts_within, active) VALUES
('remind_ignored', 'reminder', NULL, 'offer_ignored', '{"event": "offer_viewed", "within": "48 hours"}', NULL, NULL, NULL,
	10, 2.5, 1, 1, '7 days', true),
('nudge_completion', 'completion', 'not_rich', 'almost_there', NULL, '{"event": "transaction", "within": "14 days"}', NULL, NULL,
	10, 3, 0.9, 2, NULL, true),
('win_back', 'comeback', NULL, 'lapsed', '{"event": "transaction", "within": "10 days"}', NULL, '2018-10-16 00:00Z', NULL,
	20, 12, 0.8, NULL, NULL, true),
('thank_you', 'thanks', 'good_average', 'big_purchase', NULL, NULL, NULL, NULL,
	5, 1.5, 1, NULL, NULL, true),
('level_up', 'level', NULL, 'spend_level', NULL, NULL, NULL, '2018-10-28 05:30Z',
	5, 1.5, 1, NULL, NULL, true),
('habit', 'thanks', 'third_of_all', 'third_purchase', NULL, NULL, NULL, NULL,
	5, 1.6, 1, 1, '14 days', true),
('birthday', 'birthday', NULL, 'membership_day', NULL, NULL, NULL, NULL,
	30, 5, 1, NULL, NULL, true),
('fresh', 'fresh', 'loyal', 'fresh_offer', NULL, '{"attribute": "completed_types", "contains_any": ["discount"]}', NULL, NULL,
	15, 2, 1.25, NULL, NULL, true),
('reward_done', 'thanks', 'joined_this_year', 'offer_done', NULL, NULL, NULL, NULL,
	5, 1.4, 1, NULL, NULL, true),
('season_news', 'news', 'old_members', NULL, NULL, NULL, '2018-10-05 00:00Z', '2018-12-31 23:00Z',
	0, 1, 1, 1, '14 days', true),
('app_news', 'news', 'frequent', NULL, NULL, NULL, NULL, NULL,
	0, 1, 1, 3, '21 days', true),
('bogo_season', 'news', NULL, NULL, NULL, NULL, NULL, '2018-10-05 00:00Z',
	90, 1, 1, NULL, NULL, true),
('discount_season', 'news', NULL, NULL, NULL, NULL, NULL, NULL,
	90, 1, 1, NULL, NULL, false);

INSERT INTO persona.campaign_channel (campaign, position, channel, placement) VALUES
('remind_ignored', 1, 'email', NULL), ('remind_ignored', 2, 'app', NULL), ('remind_ignored', 3, 'letter', NULL),
('nudge_completion', 1, 'app', NULL), ('nudge_completion', 2, 'sms', NULL), ('nudge_completion', 3, 'web', 'homepage'),
('win_back', 1, 'call', NULL), ('win_back', 2, 'email', NULL),
('thank_you', 1, 'app', NULL), ('thank_you', 2, 'email', NULL), ('thank_you', 3, 'letter', NULL),
('level_up', 1, 'app', NULL), ('level_up', 2, 'letter', NULL), ('level_up', 3, 'sms', NULL),
('habit', 1, 'sms', NULL), ('habit', 2, 'email', NULL),
('birthday', 5, 'letter', NULL), ('birthday', 7, 'email', NULL),
('fresh', 1, 'app', NULL), ('fresh', 2, 'email', NULL),
('reward_done', 1, 'app', NULL), ('reward_done', 2, 'email', NULL), ('reward_done', 3, 'letter', NULL),
('season_news', 1, 'email', NULL), ('season_news', 2, 'web', 'homepage'),
('app_news', 1, 'app', NULL), ('app_news', 2, 'email', NULL),
('bogo_season', 1, 'email', NULL), ('discount_season', 1, 'email', NULL);

INSERT INTO persona.policy (name, channel, max_contacts, period) VALUES
('two_a_week', NULL, 2, '7 days'),
('one_email_in_two_days', 'email', 1, '48 hours'),
('one_letter_a_fortnight', 'letter', 1, '14 days'),
('one_call_a_month', 'call', 1, '30 days');

INSERT INTO persona.contact (customer, campaign, experience, channel, message, trigger, fired_at, status, decided_at, send_at)
SELECT member_id, campaign, experience, channel, message, trigger, fired_at, status, decided_at, send_at
FROM cafe.sent_message;
ANALYZE persona.contact;

SELECT format('rows   %s cohorts, %s triggers, %s campaigns, %s messages, %s contacts',
	(SELECT count(*) FROM persona.cohort), (SELECT count(*) FROM persona.trigger), (SELECT count(*) FROM persona.campaign),
	(SELECT count(*) FROM persona.message), (SELECT count(*) FROM persona.contact));
