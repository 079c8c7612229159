-- keyed: conditions and triggers per key of an event's property: "per".

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TABLE customer (name text PRIMARY KEY, email text, plan text);
CREATE TABLE invoice (customer text, at timestamptz, kind text, invoice_id numeric, amount numeric, day date);
CREATE TABLE click (customer text, at timestamptz, kind text, item integer, title text);
CREATE INDEX ON invoice (customer, at);
CREATE INDEX ON click (customer, at);
SELECT persona.bind_customers('customer', 'name');
SELECT persona.bind_events('invoice', 'customer', 'at', kind_column => 'kind', kinds => '{invoiced,paid,reminded}');
SELECT persona.bind_events('click', 'customer', 'at', kind_column => 'kind', kinds => '{view,cart_add,cart_remove,order}');

INSERT INTO customer VALUES ('ann', 'ann@example.com', 'gold'), ('ben', 'ben@example.com', 'basic'), ('cem', 'cem@example.com', NULL);
INSERT INTO invoice VALUES
	('ann', '2026-03-01 10:00', 'invoiced', 1, 50, '2026-03-01'), ('ann', '2026-03-02 10:00', 'invoiced', 2.0, 70, '2026-03-02'),
	('ann', '2026-03-05 10:00', 'paid', 1.00, 50, NULL), ('ann', '2026-03-06 10:00', 'invoiced', NULL, 9, NULL),
	('ben', '2026-03-01 10:00', 'invoiced', 3, 10, NULL), ('ben', '2026-03-03 10:00', 'paid', 4, 10, NULL);

-- who, in two ways; and since and until when
CREATE FUNCTION who(condition persona.condition, as_of timestamptz) RETURNS text
LANGUAGE sql AS $$
	SELECT string_agg(format('%s [%s,%s)', c.name, nullif(t.since, '-infinity'), nullif(t.until, 'infinity')), ' ' ORDER BY c.name)
		FILTER (WHERE t.truth)
	|| CASE WHEN bool_and(t.truth = persona.holds(c, who.condition, who.as_of)
		AND t.truth <> persona.holds(c, format('{"not": %s}', who.condition)::persona.condition, who.as_of)) THEN '' ELSE ' NOT THE SAME' END
	FROM customer AS c CROSS JOIN persona.truth(c, who.condition, who.as_of) AS t
$$;

-- an invoice that was not paid within its week: the key tells which payment is whose
SELECT who('{"per": "invoice_id", "all": [{"event": "invoiced", "last": {"before": "7 days"}}, {"event": "paid", "times": {"is": 0}}]}', '2026-03-10');
-- without the key any payment would do
SELECT who('{"all": [{"event": "invoiced", "last": {"before": "7 days"}}, {"event": "paid", "times": {"is": 0}}]}', '2026-03-10');
-- the same as a sequence
SELECT who('{"per": "invoice_id", "sequence": [{"event": "invoiced"}, {"no": "paid", "for": "7 days"}]}', '2026-03-10');
SELECT who('{"sequence": [{"event": "invoiced"}, {"no": "paid", "for": "7 days", "same": ["invoice_id"]}]}', '2026-03-10');
-- a key exists from its first event on; an event without the property has none
SELECT who('{"per": "invoice_id", "event": "paid", "times": {"is": 0}}', '2026-03-10');
SELECT who('{"per": "invoice_id", "not": {"event": "paid"}}', '2026-03-10');
SELECT who('{"per": "invoice_id", "any": [{"not": {"event": "paid"}}, {"event": "invoiced", "times": {"is": 9}}]}', '2026-03-10');
SELECT who('{"not": {"per": "invoice_id", "event": "invoiced"}}', '2026-03-10');
SELECT who('{"per": "day", "event": "invoiced", "where": {"attribute": "amount", "at_least": 60}}', '2026-03-10');
-- what asks for no key is asked as everywhere: attributes, buckets, cohorts
INSERT INTO persona.cohort (name, condition) VALUES ('two invoices', '{"event": "invoiced", "times": {"at_least": 2}}');
SELECT who('{"per": "invoice_id", "all": [{"event": "invoiced"}, {"attribute": "plan", "is": "gold"}]}', '2026-03-10');
SELECT who('{"per": "invoice_id", "all": [{"event": "invoiced", "times": {"is": 1}}, {"cohort": "two invoices"}]}', '2026-03-10');
SELECT who('{"per": "invoice_id", "event": "invoiced", "times": {"at_least": 2}}', '2026-03-10');
-- each measure, per key
INSERT INTO click SELECT 'cem', '2026-03-01 08:00'::timestamptz + n * interval '10 minutes', 'view', n % 3, 'title ' || n FROM generate_series(1, 12) AS n;
SELECT who('{"per": "item", "event": "view", "times": {"at_least": 4}}', '2026-03-01 12:00');
SELECT who('{"per": "item", "event": "view", "times": {"at_least": 5}}', '2026-03-01 12:00');
SELECT who('{"per": "item", "event": "view", "distinct": "title", "is": 4}', '2026-03-01 12:00');
SELECT who('{"per": "item", "event": "view", "gap": "longest", "at_most": "30 minutes"}', '2026-03-01 12:00');
SELECT who('{"per": "item", "event": "view", "every": {"period": "30 minutes", "of": 4, "is": 4}}', '2026-03-01 10:00');
SELECT who('{"per": "item", "held": {"event": "view", "within": "30 minutes"}, "for": "1 hour"}', '2026-03-01 09:30');
-- min and max are counts of events of the same key
SELECT who('{"per": "invoice_id", "event": "invoiced", "max": "amount", "between": [60, 80]}', '2026-03-10');
SELECT who('{"per": "invoice_id", "event": "invoiced", "min": "amount", "is": 10}', '2026-03-10');

-- A trigger with a key fires per key.
INSERT INTO persona.trigger (name, condition, open_for) VALUES
	('unpaid', '{"per": "invoice_id", "sequence": [{"event": "invoiced", "as": "bill"}, {"no": "paid", "for": "3 days"}]}', '20 days'),
	('left', '{"per": "item", "sequence": [{"event": "cart_add"}, {"no": "order", "for": "1 hour"}], "within": "2 days"}', NULL);
INSERT INTO persona.experience (name) VALUES ('reminder');
INSERT INTO persona.channel (name, address_column) VALUES ('email', 'email');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('reminder', 'reminder', 'email', 'invoice {{bill.invoice_id}} of {{event.day}}: {{bill.amount}}');
INSERT INTO persona.campaign (name, experience, trigger) VALUES ('remind', 'reminder', 'unpaid');
INSERT INTO persona.campaign_channel VALUES ('remind', 1, 'email');
DELETE FROM click;
SELECT * FROM persona.open_trigger_at('2026-03-08');
-- ben's invoice 3 has no day, so its message can't be written; of ann's the oldest is answered first
SELECT customer, body, trigger, fired_at, trigger_key, valid_until FROM persona.next_message_at('2026-03-08');
SELECT campaign, stage, reason, fired_at, trigger_key FROM persona.explain('ben', '2026-03-08');
-- one contact per firing: the next firing is answered, then none is left
INSERT INTO persona.contact (customer, campaign, experience, channel, message, trigger, fired_at, trigger_key, decided_at, send_at, body)
	SELECT customer, campaign, experience, channel, message, trigger, fired_at, trigger_key, '2026-03-08', send_at, body FROM persona.next_message_at('2026-03-08');
SELECT customer, body, fired_at, trigger_key FROM persona.next_message_at('2026-03-08 01:00');
INSERT INTO persona.contact (customer, campaign, experience, channel, message, trigger, fired_at, trigger_key, decided_at, send_at, body)
	SELECT customer, campaign, experience, channel, message, trigger, fired_at, trigger_key, '2026-03-08 01:00', send_at, body FROM persona.next_message_at('2026-03-08 01:00');
SELECT customer, body, fired_at, trigger_key FROM persona.next_message_at('2026-03-08 02:00');
SELECT campaign, stage, reason, fired_at, trigger_key FROM persona.explain('ann', '2026-03-08 02:00');
-- a contact of another key at the same instant answers nothing
INSERT INTO invoice VALUES ('cem', '2026-03-08 10:00', 'invoiced', 7, 1, '2026-03-08'), ('cem', '2026-03-08 10:00', 'invoiced', 8, 2, '2026-03-08');
SELECT trigger, trigger_key, fired_at, open_until FROM persona.open_trigger_at('2026-03-12');
INSERT INTO persona.contact (customer, campaign, experience, channel, message, trigger, fired_at, trigger_key, decided_at, send_at, body)
	SELECT customer, campaign, experience, channel, message, trigger, fired_at, trigger_key, '2026-03-12', send_at, body FROM persona.next_message_at('2026-03-12');
SELECT customer, body, trigger_key FROM persona.next_message_at('2026-03-12 01:00');
-- the oldest firing can't be served: the next one is
INSERT INTO invoice VALUES ('ben', '2026-03-09 10:00', 'invoiced', 9, 3, '2026-03-09');
SELECT customer, body, trigger_key FROM persona.next_message_at('2026-03-12 10:00') WHERE customer = 'ben';
SELECT campaign, stage, reason, fired_at, trigger_key FROM persona.explain('ben', '2026-03-12 10:00');

-- Relevance and goal of the same key are asked for the key of the firing.
UPDATE persona.message SET body = 'reminder';
UPDATE persona.campaign SET trigger = 'left', relevance = '{"per": "item", "not": {"event": "cart_remove"}}';
UPDATE persona.message SET body = 'item {{event.item}}: {{event.title}}';
INSERT INTO click VALUES
	('ann', '2026-03-20 10:00', 'cart_add', 1, 'Kettle'), ('ann', '2026-03-20 10:10', 'cart_add', 2, 'Teapot'),
	('ann', '2026-03-20 10:20', 'cart_add', 3, 'Cup'), ('ann', '2026-03-20 10:25', 'cart_add', 1, 'Kettle, once more'),
	('ann', '2026-03-20 10:30', 'cart_remove', 1, 'Kettle'), ('ann', '2026-03-20 10:40', 'order', 3, 'Cup');
SELECT customer, trigger_key, fired_at, open_until FROM persona.open_trigger_at('2026-03-20 12:00');
SELECT customer, body, fired_at, trigger_key FROM persona.next_message_at('2026-03-20 12:00');
UPDATE persona.campaign SET relevance = NULL, goal = '{"per": "item", "event": "order"}';
SELECT customer, body, fired_at, trigger_key FROM persona.next_message_at('2026-03-20 12:00');
INSERT INTO click VALUES ('ann', '2026-03-20 11:30', 'order', 1, 'Kettle');
SELECT customer, body, fired_at, trigger_key FROM persona.next_message_at('2026-03-20 12:00');
-- of another property: for any key, as everywhere
UPDATE persona.campaign SET goal = '{"per": "title", "event": "order"}';
SELECT campaign, stage, reason FROM persona.explain('ann', '2026-03-20 12:00');

-- The message tells of the match that fired, not of a later one, nor of one that is over.
UPDATE persona.trigger SET condition = '{"sequence": [{"event": "cart_add", "as": "cart"}, {"no": "order", "for": "1 hour"}], "within": "2 days"}', open_for = '9 days' WHERE name = 'left';
UPDATE persona.campaign SET goal = NULL;
DELETE FROM click;
INSERT INTO click VALUES ('ben', '2026-03-20 10:00', 'cart_add', 1, 'first'), ('ben', '2026-03-20 10:30', 'cart_add', 2, 'second');
SELECT customer, body, fired_at, trigger_key FROM persona.next_message_at('2026-03-20 10:59:59.999999') WHERE campaign = 'remind';
SELECT customer, body, fired_at, trigger_key FROM persona.next_message_at('2026-03-20 11:00');
SELECT customer, body, fired_at, trigger_key FROM persona.next_message_at('2026-03-20 11:30');
SELECT customer, body, fired_at, trigger_key FROM persona.next_message_at('2026-03-25');
-- what has been held speaks of when it began to hold
UPDATE persona.trigger SET condition = '{"held": {"event": "cart_add", "last": {"within": "2 days"}}, "for": "1 hour"}' WHERE name = 'left';
SELECT customer, body, fired_at FROM persona.next_message_at('2026-03-20 11:30');

-- Committed: one contact for each firing, then no more.
UPDATE persona.message SET body = '-';
UPDATE persona.campaign SET trigger = 'unpaid';
UPDATE persona.message SET body = 'invoice {{event.invoice_id}}';
INSERT INTO customer VALUES ('dan', 'dan@example.com', NULL);
INSERT INTO invoice VALUES ('dan', now() - interval '5 days', 'invoiced', 11, 1, NULL), ('dan', now() - interval '5 days', 'invoiced', 12, 2, NULL),
	('dan', now() - interval '5 days', 'invoiced', 13, 3, NULL), ('dan', now() - interval '4 days', 'paid', 12, 2, NULL);
SELECT (c).trigger_key, (c).body FROM persona.commit_message('dan') AS c;
SELECT (c).trigger_key, (c).body FROM persona.commit_message('dan') AS c;
SELECT (c).trigger_key, (c).body FROM persona.commit_message('dan') AS c;
SELECT trigger_key, body FROM persona.contact WHERE customer = 'dan' ORDER BY contact_id;

-- What is refused.
CREATE FUNCTION refused(condition text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE format('SELECT persona.holds(c, %L, ''2026-03-10'') FROM customer AS c', condition);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN format('%s | %s | %s | %s', sqlstate, sqlerrm, detail, hint);
END
$$;
SELECT refused('{"per": "item"}');
SELECT refused('{"per": "", "event": "view"}');
SELECT refused('{"per": 1, "event": "view"}');
SELECT refused('{"per": "item", "attribute": "plan", "is": "gold"}');
SELECT refused('{"per": "item", "cohort": "two invoices"}');
SELECT refused('{"per": "item", "all": []}');
SELECT refused('{"per": "item", "any": [{"event": "view"}, {"per": "item", "event": "order"}]}');
SELECT refused('{"event": "view", "where": {"per": "item", "event": "view"}}');
SELECT refused('{"per": "size", "event": "view"}');
SELECT refused('{"per": "item", "event": "invoiced"}');
SELECT refused('{"per": "item", "event": "view", "per": "title"}');
