-- define.sql - the three places of the page as slots of a placement, each item a
-- campaign; what was shown is contacts, clicks are responses.

SET TimeZone = 'UTC';
SELECT persona.bind_customers('fashion.customer', 'hash') \g /dev/null
SELECT persona.bind_events('fashion.impression', 'customer', 'at', kind => 'impression', sequence => 'id') \g /dev/null

INSERT INTO persona.cohort (name, condition) VALUES
	('clicker', '{"event": "impression", "where": {"attribute": "clicked", "is": true}}'),
	('bored', '{"event": "impression", "within": "1 day", "times": {"more_than": 20}}'),
	('broad', '{"event": "impression", "distinct": "item", "within": "3 days", "at_least": 20}'),
	('top_only', '{"event": "impression", "max": "position", "at_most": 1}'),
	('clicked_after_seeing', '{"sequence": [{"event": "impression", "where": {"attribute": "clicked", "is": false}}, {"event": "impression", "where": {"attribute": "clicked", "is": true}, "same": ["item"], "within": "2 days"}]}'),
	('fan', '{"attribute": "likes.i3", "known": true}');
INSERT INTO persona.channel (name) VALUES ('web');
INSERT INTO persona.placement (channel, name, slots) VALUES ('web', 'recommended', 3), ('web', 'footer', 1);
INSERT INTO persona.experience (name, kind) SELECT 'item ' || item, CASE WHEN item % 5 = 0 THEN 'basics' ELSE 'fashion' END FROM fashion.item;
INSERT INTO persona.message (name, experience, channel, body) SELECT 'm' || item, 'item ' || item, 'web', 'Item ' || item FROM fashion.item;
-- worth its price, more for who likes it and on the page of the sale; twice a day at most, not again within an hour
INSERT INTO persona.trigger (name, condition) VALUES ('asked', '{"event": "context"}');
INSERT INTO persona.campaign (name, experience, trigger, propensity, value, max_contacts, max_contacts_within, min_gap, max_contacts_per_firing)
SELECT 'item ' || item, 'item ' || item, 'asked',
	format('0.005 + coalesce((customer.likes ->> %L)::numeric, 0) / 1000 + CASE WHEN event.page = ''sale'' AND %s %% 7 = 0 THEN 0.01 ELSE 0 END', 'i' || item, item),
	price, 2, '1 day', '1 hour', NULL FROM fashion.item;
INSERT INTO persona.campaign_channel (campaign, position, channel, placement)
SELECT 'item ' || item, 1, 'web', 'recommended' FROM fashion.item
UNION ALL SELECT 'item ' || item, 2, 'web', 'footer' FROM fashion.item WHERE item < 10;
-- no more than two basics on a page, whatever was shown before; an item that was clicked is quiet for two days
INSERT INTO persona.policy (name, experience_kind, max_contacts, period) VALUES ('basics', 'basics', 2, '10 minutes');
INSERT INTO persona.suppression (name, outcomes, scope, quiet_for) VALUES ('clicked', '{clicked}', 'campaign', '2 days');

INSERT INTO persona.contact (customer, campaign, experience, channel, placement, status, decided_at, send_at)
SELECT customer, 'item ' || item, 'item ' || item, 'web', 'recommended', 'delivered', at, at FROM fashion.impression ORDER BY id;
INSERT INTO persona.response (customer, at, outcome, campaign, experience, channel, placement)
SELECT customer, at + interval '5 seconds', 'clicked', 'item ' || item, 'item ' || item, 'web', 'recommended' FROM fashion.impression WHERE clicked ORDER BY id;
ANALYZE persona.contact, persona.response;
