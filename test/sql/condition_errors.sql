-- condition_errors: a catalogue of malformed definitions.  Each is refused with
-- an error that names the JSON path and says what is expected.
--
-- Each case stands with the path at which it is wrong; a case that is refused
-- at another path, or accepted, is marked with <<<.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA shop;
SET search_path = shop, public;

-- What is wrong with a text as a condition, and, if "stored", as a cohort's.
CREATE FUNCTION refusal(condition text, path text, stored boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	PERFORM condition::persona.condition;
	IF stored THEN
		INSERT INTO persona.cohort (name, condition) VALUES ('asked', condition::persona.condition);
		DELETE FROM persona.cohort WHERE name = 'asked';
	END IF;
	RETURN 'accepted <<<';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''))
		|| CASE WHEN detail IS DISTINCT FROM
			coalesce('At ' || CASE WHEN stored AND state <> '22P02' THEN 'cohort "asked": ' ELSE '' END || path || '.', '')
			THEN ' <<< not at ' || path ELSE '' END;
END
$$;

CREATE TABLE malformed (id int GENERATED ALWAYS AS IDENTITY, path text, condition text);

\pset format unaligned
\pset tuples_only on
\pset fieldsep '\n    '

--
-- No JSON
--

INSERT INTO malformed (path, condition) VALUES
(NULL, ''),
(NULL, 'gold'),
(NULL, '{"attribute": "plan", "is": "gold"'),
(NULL, '{"attribute": "plan", "is": "gold"}}'),
(NULL, '{"attribute": "plan", "is": gold}'),
(NULL, '{"attribute": "plan", "is": "gold", "is": "silver"}'),
(NULL, '{"all": [{"cohort": "a"}, {"cohort": "b"},]}'),
(NULL, '{"attribute": "clv", "is": 01}'),
(NULL, '{"attribute": "clv", "is": 1.}'),
(NULL, '{"attribute": "clv", "is": +1}'),
(NULL, '{"attribute": "clv", "is": 1e}'),
(NULL, '{"attribute": "clv", "is": 0x10}'),
(NULL, '{"attribute": "clv", "is": NaN}'),
(NULL, '{''attribute'': ''plan''}'),
(NULL, '{5: []}'),
(NULL, '{"attribute": "plan", "is": "\u0000"}'),
(NULL, '{"attribute": "plan", "is": "\u0001"}'),
(NULL, '{"attribute": "plan", "is": "\ud83d"}'),
(NULL, E'{"attribute": "plan", "is": "a\nb"}');

SELECT condition, refusal(condition, path, false) FROM malformed ORDER BY id;
TRUNCATE malformed;

--
-- No condition
--

INSERT INTO malformed (path, condition) VALUES
('$', 'null'),
('$', 'true'),
('$', '42'),
('$', '"vip"'),
('$', '[{"cohort": "vip"}]'),
('$', '{}'),
('$.every', '{"every": [{"cohort": "vip"}]}'),
('$.Attribute', '{"Attribute": "plan", "is": "gold"}'),
('$["at least"]', '{"at least": 3}'),
('$.any', '{"all": [], "any": []}'),
('$.attribute', '{"cohort": "vip", "attribute": "plan", "is": "gold"}'),
('$.all', '{"all": {"cohort": "vip"}}'),
('$.any', '{"any": null}'),
('$.not', '{"not": [{"cohort": "vip"}]}'),
('$.not', '{"not": null}'),
('$.not', '{"not": {}}'),
('$.comment', '{"all": [], "comment": "everybody"}'),
('$.all[1]', '{"all": [{"cohort": "vip"}, "gold"]}'),
('$.any[0].all[1].not.cohort', '{"any": [{"all": [{"any": []}, {"not": {"cohort": 7}}]}]}'),
('$.cohort', '{"cohort": ""}'),
('$.cohort', '{"cohort": ["vip", "gold"]}'),
('$.since', '{"cohort": "vip", "since": "30 days"}');

SELECT condition, refusal(condition, path, false) FROM malformed ORDER BY id;
TRUNCATE malformed;

--
-- Attributes
--

INSERT INTO malformed (path, condition) VALUES
-- the name
('$.attribute', '{"attribute": 1, "is": 1}'),
('$.attribute', '{"attribute": "", "is": 1}'),
('$.attribute', '{"attribute": "profile.", "is": 1}'),
('$.attribute', '{"attribute": ".profile", "is": 1}'),
('$.attribute', '{"attribute": "profile..city", "is": 1}'),
-- the operator
('$', '{"attribute": "plan"}'),
('$', '{"attribute": "plan", "case": "ignore"}'),
('$.equals', '{"attribute": "plan", "equals": "gold"}'),
('$.IS', '{"attribute": "plan", "IS": "gold"}'),
('$.less_than', '{"attribute": "clv", "at_least": 1, "less_than": 5}'),
('$.within', '{"attribute": "last_visit", "known": true, "within": "30 days"}'),
-- single operands
('$.is', '{"attribute": "plan", "is": null}'),
('$.is', '{"attribute": "plan", "is": ["gold"]}'),
('$.is_not', '{"attribute": "plan", "is_not": {"cohort": "vip"}}'),
('$.at_least', '{"attribute": "opt_in", "at_least": true}'),
('$.more_than', '{"attribute": "clv", "more_than": null}'),
('$.at_most', '{"attribute": "clv", "at_most": [1]}'),
('$.starts_with', '{"attribute": "name", "starts_with": 1}'),
('$.contains', '{"attribute": "name", "contains": ["a"]}'),
('$.matches', '{"attribute": "name", "matches": "(a"}'),
('$.all[1].not.matches', '{"all": [{"any": []}, {"not": {"attribute": "name", "matches": "a**b[", "case": "ignore"}}]}'),
('$.known', '{"attribute": "email", "known": "yes"}'),
('$.known', '{"attribute": "email", "known": null}'),
('$.case', '{"attribute": "name", "is": "a", "case": "exact"}'),
('$.case', '{"attribute": "name", "is": "a", "case": true}'),
('$.case', '{"attribute": "clv", "at_least": 5, "case": "ignore"}'),
('$.case', '{"attribute": "tags", "contains_any": ["a"], "case": "ignore"}'),
('$.zone', '{"attribute": "name", "is": "a", "zone": "UTC"}'),
('$.zone', '{"attribute": "last_visit", "on": "today", "zone": ""}'),
('$.zone', '{"attribute": "last_visit", "on": "today", "zone": 2}'),
-- lists and pairs
('$.in', '{"attribute": "plan", "in": "gold"}'),
('$.in', '{"attribute": "plan", "in": []}'),
('$.not_in', '{"attribute": "plan", "not_in": []}'),
('$.in[1]', '{"attribute": "plan", "in": ["gold", null]}'),
('$.contains_any', '{"attribute": "tags", "contains_any": []}'),
('$.contains_all[0]', '{"attribute": "tags", "contains_all": [["a"]]}'),
('$.between', '{"attribute": "clv", "between": 5}'),
('$.between', '{"attribute": "clv", "between": [5]}'),
('$.between', '{"attribute": "clv", "between": [1, 2, 3]}'),
('$.between', '{"attribute": "clv", "between": [5, 1]}'),
('$.between', '{"attribute": "clv", "between": [1, "5"]}'),
('$.between[0]', '{"attribute": "opt_in", "between": [false, true]}'),
-- time
('$.within_last', '{"attribute": "last_visit", "within_last": 30}'),
('$.within_last', '{"attribute": "last_visit", "within_last": ""}'),
('$.within_last', '{"attribute": "last_visit", "within_last": "30"}'),
('$.within_last', '{"attribute": "last_visit", "within_last": "0 days"}'),
('$.within_last', '{"attribute": "last_visit", "within_last": "-1 day"}'),
('$.within_last', '{"attribute": "last_visit", "within_last": "1 month"}'),
('$.within_last', '{"attribute": "last_visit", "within_last": "2 years"}'),
('$.within_last', '{"attribute": "last_visit", "within_last": "1.5 days"}'),
('$.within_last', '{"attribute": "last_visit", "within_last": "1 day 2 days"}'),
('$.within_last', '{"attribute": "last_visit", "within_last": "1 fortnight"}'),
('$.within_last', '{"attribute": "last_visit", "within_last": "today"}'),
('$.within_next', '{"attribute": "trial_end", "within_next": "2026-03-01"}'),
('$.before', '{"attribute": "last_visit", "before": 20260301}'),
('$.before', '{"attribute": "last_visit", "before": "last fortnight"}'),
('$.after', '{"attribute": "last_visit", "after": "-1 day"}'),
('$.on', '{"attribute": "last_visit", "on": "30 days"}'),
('$.on', '{"attribute": "last_visit", "on": "this decade"}'),
('$.on', '{"attribute": "last_visit", "on": "last 0 days"}'),
('$.on', '{"attribute": "last_visit", "on": "1.3.2026"}'),
('$.anniversary_within', '{"attribute": "birthday", "anniversary_within": "7 days"}'),
('$.anniversary_within', '{"attribute": "birthday", "anniversary_within": ["7 days"]}'),
('$.anniversary_within[0]', '{"attribute": "birthday", "anniversary_within": [-2, 7]}'),
('$.anniversary_within[1]', '{"attribute": "birthday", "anniversary_within": ["-2 days", "36 hours"]}'),
('$.anniversary_within', '{"attribute": "birthday", "anniversary_within": ["7 days", "-2 days"]}');

SELECT condition, refusal(condition, path, false) FROM malformed ORDER BY id;
TRUNCATE malformed;

--
-- Events, sequences and buckets
--

INSERT INTO malformed (path, condition) VALUES
('$.event', '{"event": ""}'),
('$.event', '{"event": ["order", "view"]}'),
('$.count', '{"event": "order", "count": 3}'),
('$.at_least', '{"event": "order", "at_least": 3}'),
('$.times', '{"event": "order", "times": 3}'),
('$.times', '{"event": "order", "times": {}}'),
('$.times', '{"event": "order", "times": {"starts_with": "3"}}'),
('$.times.at_most', '{"event": "order", "times": {"at_least": 1, "at_most": 3}}'),
('$.times.between', '{"event": "order", "times": {"between": [3, 1]}}'),
('$.sum', '{"event": "order", "sum": "amount", "times": {"at_least": 3}, "at_least": 5}'),
('$', '{"event": "order", "sum": "amount"}'),
('$', '{"event": "order", "sum": "amount", "starts_with": "5"}'),
('$.avg', '{"event": "order", "avg": 5, "at_least": 5}'),
('$.distinct', '{"event": "order", "distinct": "", "at_least": 5}'),
('$.where', '{"event": "order", "where": []}'),
('$.where', '{"event": "order", "where": {"cohort": "vip"}}'),
('$.where.all[0].not', '{"event": "order", "where": {"all": [{"not": {"event": "view"}}]}}'),
('$.where.amount', '{"event": "order", "where": {"amount": 5}}'),
('$.within', '{"event": "order", "within": 30}'),
('$.within', '{"event": "order", "within": "0 seconds"}'),
('$.within', '{"event": "order", "within": "2026-03-01"}'),
('$.last', '{"event": "login", "last": "30 days"}'),
('$.last', '{"event": "login", "last": {}}'),
('$.last.after', '{"event": "login", "last": {"after": "30 days"}}'),
('$.last', '{"event": "login", "last": {"within": "7 days", "before": "7 days"}}'),
('$.first.where.in', '{"event": "login", "first": {"where": {"attribute": "device", "in": []}}}'),
('$.every', '{"event": "order", "every": "30 days"}'),
('$.every', '{"event": "order", "every": {"of": 6, "at_least": 5}}'),
('$.every', '{"event": "order", "every": {"period": "30 days", "at_least": 5}}'),
('$.every', '{"event": "order", "every": {"period": "30 days", "of": 6}}'),
('$.every.of', '{"event": "order", "every": {"period": "30 days", "of": 0, "at_least": 5}}'),
('$.every.of', '{"event": "order", "every": {"period": "30 days", "of": 2.5, "at_least": 1}}'),
('$.every.period', '{"event": "order", "every": {"period": "this month", "of": 6, "at_least": 5}}'),
('$.every.gap', '{"event": "order", "every": {"period": "30 days", "of": 6, "at_least": 5, "gap": "1 day"}}'),
('$.within', '{"event": "order", "within": "90 days", "every": {"period": "30 days", "of": 6, "at_least": 5}}'),
('$.every', '{"event": "order", "every": {"period": "106751991 days", "of": 1000, "at_least": 5}}'),
('$.zone', '{"event": "order", "zone": "Europe/Berlin"}'),
('$.zone', '{"event": "order", "within": "7 days", "zone": "Europe/Berlin"}'),
('$.zone', '{"event": "order", "last": {"before": "7 days"}, "zone": "Europe/Berlin"}'),

('$.sequence', '{"sequence": []}'),
('$.sequence', '{"sequence": {"event": "view"}}'),
('$.sequence[1]', '{"sequence": [{"event": "view"}, "order"]}'),
('$.sequence[1]', '{"sequence": [{"event": "view"}, {}]}'),
('$.sequence[1].event', '{"sequence": [{"event": "view"}, {"event": "cart_add", "no": "order"}]}'),
('$.sequence[0]', '{"sequence": [{"no": "order", "for": "1 hour"}]}'),
('$.sequence[1]', '{"sequence": [{"event": "view"}, {"no": "order"}]}'),
('$.sequence[1].for', '{"sequence": [{"event": "view"}, {"no": "logout", "for": "1 hour"}, {"event": "order"}]}'),
('$.sequence[1].within', '{"sequence": [{"event": "view"}, {"no": "order", "within": "1 hour"}]}'),
('$.sequence[1].times', '{"sequence": [{"event": "view"}, {"event": "order", "times": {"at_least": 2}}]}'),
('$.sequence[1].times', '{"sequence": [{"event": "view"}, {"event": "order", "times": 0}]}'),
('$.sequence[1].times', '{"sequence": [{"event": "view"}, {"event": "order", "times": 33}]}'),
('$.sequence', '{"sequence": [{"event": "view", "times": 16}, {"event": "order", "times": 17}]}'),
('$.sequence[1].times', '{"sequence": [{"event": "view"}, {"no": "order", "for": "1 day", "times": 2}]}'),
('$.sequence[1]', '{"sequence": [{"event": "view"}, {"event": "order", "after": "1 hour", "within": "60 minutes"}]}'),
('$.sequence[1].after', '{"sequence": [{"event": "view"}, {"event": "order", "after": "0 days"}]}'),
('$.sequence[0].after', '{"sequence": [{"event": "view", "after": "1 hour"}, {"event": "order"}]}'),
('$.sequence[0].within', '{"sequence": [{"event": "view", "within": "1 hour"}, {"event": "order"}]}'),
('$.sequence[0].same', '{"sequence": [{"event": "view", "same": ["item_id"]}, {"event": "order"}]}'),
('$.sequence[1].same', '{"sequence": [{"event": "view"}, {"event": "order", "same": "item_id"}]}'),
('$.sequence[1].same', '{"sequence": [{"event": "view"}, {"event": "order", "same": []}]}'),
('$.sequence[1].same[1]', '{"sequence": [{"event": "view"}, {"event": "order", "same": ["item_id", 7]}]}'),
('$.sequence[0].as', '{"sequence": [{"event": "view", "as": "customer"}, {"event": "order"}]}'),
('$.sequence[0].as', '{"sequence": [{"event": "view", "as": "the view"}, {"event": "order"}]}'),
('$.sequence[1].as', '{"sequence": [{"event": "view", "as": "a"}, {"event": "order", "as": "a"}]}'),
('$.sequence[1].as', '{"sequence": [{"event": "view"}, {"no": "order", "for": "1 hour", "as": "a"}]}'),
('$.sequence[1].where', '{"sequence": [{"event": "view"}, {"event": "order", "where": {"sequence": [{"event": "view"}]}}]}'),
('$.within', '{"sequence": [{"event": "view"}, {"no": "order", "for": "3 days"}], "within": "3 days"}'),
('$.within', '{"sequence": [{"event": "view"}], "within": "this week"}'),
('$.times', '{"sequence": [{"event": "view"}], "times": {"at_least": 2}}'),

('$.bucket', '{"bucket": 0.5}'),
('$.bucket', '{"bucket": {"from": 0, "to": 1}}'),
('$.bucket', '{"bucket": {"seed": "spring", "to": 1}}'),
('$.bucket.seed', '{"bucket": {"seed": 1, "from": 0, "to": 1}}'),
('$.bucket.from', '{"bucket": {"seed": "spring", "from": "0", "to": 1}}'),
('$.bucket.to', '{"bucket": {"seed": "spring", "from": 0, "to": 50}}'),
('$.bucket.from', '{"bucket": {"seed": "spring", "from": -0.1, "to": 1}}'),
('$.bucket', '{"bucket": {"seed": "spring", "from": 0.5, "to": 0.5}}'),
('$.bucket.by', '{"bucket": {"seed": "spring", "from": 0, "to": 1, "by": "email"}}');

SELECT condition, refusal(condition, path, false) FROM malformed ORDER BY id;
TRUNCATE malformed;

--
-- Keys, what has held, gaps, windows that end before now, completed sequences
--

INSERT INTO malformed (path, condition) VALUES
('$', '{"per": "item_id"}'),
('$.per', '{"per": "", "event": "order"}'),
('$.per', '{"per": null, "event": "order"}'),
('$.per', '{"per": ["item_id"], "event": "order"}'),
('$.per', '{"per": "item_id", "attribute": "plan", "is": "gold"}'),
('$.per', '{"per": "item_id", "cohort": "vip"}'),
('$.per', '{"per": "item_id", "bucket": {"seed": "a", "from": 0, "to": 0.5}}'),
('$.per', '{"per": "item_id", "all": [{"attribute": "plan", "is": "gold"}]}'),
('$.not.per', '{"per": "item_id", "not": {"per": "page", "event": "view"}}'),
('$.last.per', '{"event": "order", "last": {"per": "item_id", "before": "1 day"}}'),
('$.sequence[0].per', '{"sequence": [{"event": "order", "per": "item_id"}]}'),
('$.where', '{"event": "order", "where": {"per": "item_id", "event": "order"}}'),
('$.for', '{"held": {"event": "order"}, "for": "0 days"}'),
('$.for', '{"held": {"event": "order"}, "for": "1 month"}'),
('$.for', '{"held": {"event": "order"}, "for": "today"}'),
('$', '{"held": {"event": "order"}}'),
('$.held', '{"held": [{"event": "order"}], "for": "1 day"}'),
('$.for', '{"event": "order", "for": "1 day"}'),
('$.within', '{"held": {"event": "order"}, "for": "1 day", "within": "30 days"}'),
('$.held', '{"held": {"event": "order"}, "for": "1 day", "event": "order"}'),
('$.gap', '{"event": "order", "gap": "median", "at_least": "1 day"}'),
('$.gap', '{"event": "order", "gap": {"longest": "1 day"}}'),
('$', '{"event": "order", "gap": "longest"}'),
('$.at_least', '{"event": "order", "gap": "longest", "at_least": 3}'),
('$.at_least', '{"event": "order", "gap": "longest", "at_least": "0 days"}'),
('$.in[1]', '{"event": "order", "gap": "longest", "in": ["1 day", "1 month"]}'),
('$.between', '{"event": "order", "gap": "longest", "between": ["2 days", "1 day"]}'),
('$.gap', '{"event": "order", "gap": "longest", "at_least": "1 day", "times": {"is": 2}}'),
('$.gap', '{"event": "order", "sum": "price", "gap": "last", "at_least": "1 day"}'),
('$.before', '{"event": "order", "before": 30}'),
('$', '{"event": "order", "within": "30 days", "before": "30 days"}'),
('$', '{"event": "order", "within": "today", "before": "this month"}'),
('$', '{"event": "order", "within": "last week", "before": "last week"}'),
('$.last', '{"event": "order", "last": {"within": "this quarter", "before": "this year"}}'),
('$.before', '{"event": "order", "before": "1 day", "every": {"period": "30 days", "of": 6, "at_least": 5}}'),
('$.before', '{"event": "order", "before": "2026-03-01"}'),
('$.completed_within', '{"sequence": [{"event": "order"}], "completed_within": "today"}'),
('$.completed_within', '{"event": "order", "completed_within": "1 day"}');
SELECT condition, refusal(condition, path, false) FROM malformed ORDER BY id;
TRUNCATE malformed;

--
-- What only the bound tables can tell
--

CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE address AS (street text, city text);
CREATE DOMAIN email AS text;
CREATE TABLE customer (
	id bigint PRIMARY KEY,
	name text,
	plan varchar(20),
	clv numeric(10, 2),
	visits integer,
	opt_in boolean,
	mood mood,
	token uuid,
	birthday date,
	last_visit timestamptz,
	alarm timestamp,
	home address,
	mail email,
	tags text[],
	scores integer[],
	holidays date[],
	profile jsonb,
	letter xml
);
CREATE TABLE click (customer_id bigint, at timestamptz, kind text, item_id integer, amount numeric, page text);
CREATE INDEX ON click (customer_id, at);
CREATE TABLE sale (customer_id bigint, at timestamptz, item_id integer, price numeric, note text);
CREATE INDEX ON sale (customer_id, at);

-- Before anything is bound, only structure and the names of cohorts are checked.
INSERT INTO persona.cohort (name, condition) VALUES ('fan', '{"attribute": "nonsense", "is": 1}');
DELETE FROM persona.cohort;

SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('click', 'customer_id', 'at', kind_column => 'kind', kinds => '{view,cart_add}');
SELECT persona.bind_events('sale', 'customer_id', 'at', kind => 'order');
INSERT INTO persona.cohort (name, condition) VALUES
	('vip', '{"attribute": "clv", "at_least": 500}'),
	('calm', '{"not": {"cohort": "vip"}}');

INSERT INTO malformed (path, condition) VALUES
-- columns
('$.attribute', '{"attribute": "plam", "is": "gold"}'),
('$.attribute', '{"attribute": "Plan", "is": "gold"}'),
('$.all[1].not.attribute', '{"all": [{"any": []}, {"not": {"attribute": "plam", "is": "gold"}}]}'),
('$.attribute', '{"attribute": "home.zip", "is": "10115"}'),
('$.attribute', '{"attribute": "name.first", "is": "Ann"}'),
('$.attribute', '{"attribute": "ctid", "known": true}'),
-- values that the type refuses
('$.is', '{"attribute": "clv", "is": "500"}'),
('$.is', '{"attribute": "clv", "is": true}'),
('$.at_least', '{"attribute": "visits", "at_least": 2.5}'),
('$.at_least', '{"attribute": "visits", "at_least": 3000000000}'),
('$.in[2]', '{"attribute": "visits", "in": [1, 2, 1e20]}'),
('$.is', '{"attribute": "name", "is": 5}'),
('$.is', '{"attribute": "opt_in", "is": "true"}'),
('$.is', '{"attribute": "opt_in", "is": 1}'),
('$.is', '{"attribute": "mood", "is": "great"}'),
('$.is', '{"attribute": "token", "is": "0815"}'),
('$.is', '{"attribute": "birthday", "is": "2026-02-30"}'),
('$.is', '{"attribute": "birthday", "is": "2026-02-28 10:00"}'),
('$.is', '{"attribute": "birthday", "is": 20260228}'),
('$.at_least', '{"attribute": "last_visit", "at_least": "yesterday"}'),
('$.at_least', '{"attribute": "alarm", "at_least": "2026-02-28 10:00+01"}'),
('$.on', '{"attribute": "last_visit", "on": "2026-13-01"}'),
('$.before', '{"attribute": "last_visit", "before": "2026-01-01 25:00"}'),
('$.is', '{"attribute": "tags", "is": "a"}'),
('$.contains_any[1]', '{"attribute": "scores", "contains_any": [1, "two"]}'),
-- empty ranges
('$.between', '{"attribute": "name", "between": ["b", "a"]}'),
('$.between', '{"attribute": "mood", "between": ["bad", "good"]}'),
('$.between', '{"attribute": "birthday", "between": ["2026-03-02", "2026-03-01"]}'),
('$.between', '{"attribute": "last_visit", "between": ["2026-03-02", "2026-03-01"]}'),
('$.between', '{"attribute": "last_visit", "between": ["2026-03-01 10:00+00", "2026-03-01 10:00+01"]}'),
('$.between', '{"attribute": "profile.size", "between": ["b", "a"]}'),
-- operators that the type does not have
('$.starts_with', '{"attribute": "clv", "starts_with": "5"}'),
('$.contains', '{"attribute": "tags", "contains": "a"}'),
('$.matches', '{"attribute": "mood", "matches": "^g"}'),
('$.contains_any', '{"attribute": "plan", "contains_any": ["gold"]}'),
('$.contains_any', '{"attribute": "holidays", "contains_any": ["2026-12-25"]}'),
('$.is', '{"attribute": "visits", "is": 5, "case": "ignore"}'),
('$.within_last', '{"attribute": "visits", "within_last": "30 days"}'),
('$.on', '{"attribute": "name", "on": "today"}'),
('$.anniversary_within', '{"attribute": "clv", "anniversary_within": ["0 days", "7 days"]}'),
('$.is', '{"attribute": "letter", "is": "<a/>"}'),
('$.like', '{"attribute": "name", "like": "50\\"}'),
-- zones
('$.zone', '{"attribute": "last_visit", "on": "today", "zone": "Europe/Atlantis"}'),
('$.zone', '{"event": "order", "within": "today", "zone": "Europe/Atlantis"}'),
-- events
('$.event', '{"event": "ordr"}'),
('$.event', '{"event": "Order"}'),
('$.any[1].event', '{"any": [{"event": "order"}, {"event": "purchase", "times": {"is": 0}}]}'),
('$.where.attribute', '{"event": "order", "where": {"attribute": "amount", "is": 5}}'),
('$.where.is', '{"event": "order", "where": {"attribute": "price", "is": "5"}}'),
('$.where.all[1].starts_with', '{"event": "view", "where": {"all": [{"any": []}, {"attribute": "item_id", "starts_with": "5"}]}}'),
('$.where.within_last', '{"event": "view", "where": {"attribute": "at", "within_last": "1 day"}, "last": {"before": "1 hour"}}'),
('$.first.where.on', '{"event": "view", "first": {"where": {"attribute": "at", "on": "today"}}}'),
('$.where.before', '{"event": "view", "where": {"attribute": "at", "before": "1 day"}, "every": {"period": "1 day", "of": 2, "is": 2}}'),
('$.sequence[1].where.on', '{"sequence": [{"event": "view"}, {"event": "order", "where": {"attribute": "at", "on": "today"}}]}'),
('$.first.where.attribute', '{"event": "view", "first": {"where": {"attribute": "device", "is": "phone"}}}'),
('$.within', '{"event": "order", "within": "tomorrow"}'),
('$.within', '{"event": "order", "within": "next week"}'),
('$.last.within', '{"event": "order", "last": {"within": "next week"}}'),
('$.first.before', '{"event": "order", "first": {"before": "tomorrow"}}'),
('$.times.at_least', '{"event": "order", "times": {"at_least": 1.5}}'),
('$.times.at_least', '{"event": "order", "times": {"at_least": "2"}}'),
('$.times.is', '{"event": "order", "times": {"is": -1}}'),
('$.times.less_than', '{"event": "order", "times": {"less_than": 0}}'),
('$.sum', '{"event": "order", "sum": "amount", "at_least": 5}'),
('$.avg', '{"event": "order", "avg": "note", "at_least": 5}'),
('$.at_least', '{"event": "order", "sum": "price", "at_least": "5"}'),
('$.max', '{"event": "order", "max": "amount", "at_least": 5}'),
('$.is', '{"event": "order", "min": "price", "is": "cheap"}'),
('$.distinct', '{"event": "order", "distinct": "amount", "at_least": 2}'),
('$.at_least', '{"event": "order", "distinct": "item_id", "at_least": 0.5}'),
('$.every.at_least', '{"event": "order", "every": {"period": "30 days", "of": 6, "at_least": 7}}'),
('$.every.not_in', '{"event": "order", "every": {"period": "30 days", "of": 6, "not_in": [7]}}'),
-- sequences
('$.sequence[1].no', '{"sequence": [{"event": "view"}, {"no": "purchase", "for": "1 hour"}]}'),
('$.sequence[1].same[0]', '{"sequence": [{"event": "view"}, {"event": "cart_add", "same": ["size"]}]}'),
('$.sequence[1].same[1]', '{"sequence": [{"event": "view"}, {"event": "order", "same": ["item_id", "amount"]}]}'),
('$.sequence[0].where.attribute', '{"sequence": [{"event": "order", "where": {"attribute": "page", "known": true}}]}'),
-- cohorts
('$.cohort', '{"cohort": "VIP"}'),
('$.all[0].not.cohort', '{"all": [{"not": {"cohort": "nobody"}}]}'),
('$.cohort', '{"cohort": "asked"}'),
('$.any[1].not.cohort', '{"any": [{"cohort": "calm"}, {"not": {"cohort": "asked"}}]}');

SELECT condition, refusal(condition, path, true) FROM malformed ORDER BY id;
TRUNCATE malformed;

-- Keys, what has held and ended windows against the tables
INSERT INTO malformed (path, condition) VALUES
('$.per', '{"per": "size", "event": "order"}'),
('$.per', '{"per": "page", "all": [{"event": "view"}, {"event": "order"}]}'),
('$.held', '{"held": {"attribute": "plan", "is": "gold"}, "for": "3 days"}'),
('$.all[0].held', '{"all": [{"held": {"all": []}, "for": "3 days"}, {"event": "order"}]}'),
('$.where.within_last', '{"event": "view", "where": {"attribute": "at", "within_last": "1 day"}, "gap": "last", "at_least": "1 day"}'),
('$.before', '{"event": "order", "before": "tomorrow"}');
SELECT condition, refusal(condition, path, true) FROM malformed ORDER BY id;
TRUNCATE malformed;

\pset format aligned
\pset tuples_only off

--
-- Errors of other statements
--

\set SHOW_CONTEXT never

-- a cycle that closes later, through two others; nothing of the statement stays
UPDATE persona.cohort SET condition = '{"all": [{"cohort": "calm"}]}' WHERE name = 'vip';
INSERT INTO persona.cohort (name, condition) VALUES
	('a', '{"cohort": "b"}'), ('b', '{"not": {"cohort": "c"}}'), ('c', '{"any": [{"cohort": "vip"}, {"cohort": "a"}]}');
SELECT name FROM persona.cohort ORDER BY name COLLATE "C";
-- a cohort that is used can't go, nor be renamed
DELETE FROM persona.cohort WHERE name = 'vip';
UPDATE persona.cohort SET name = 'very important' WHERE name = 'vip';
TRUNCATE persona.cohort CASCADE;

-- a condition that is not stored is refused in the same way
INSERT INTO customer (id) VALUES (1);
SELECT persona.holds(c, '{"event": "purchase"}') FROM customer AS c;
SELECT persona.truth(c, '{"all": [{"event": "order", "sum": "amount", "at_least": 5}]}') FROM customer AS c;
SELECT persona.holds(c, '{"attribute": "plam", "is": "gold"}') FROM customer AS c;
SELECT persona.holds(c, '{"attribute": "clv", "is": "much"}') FROM customer AS c;
SELECT persona.in_cohort(c, 'VIP') FROM customer AS c;
DELETE FROM customer;

-- the definition at fault is named, whatever it belongs to
INSERT INTO persona.trigger (name, condition) VALUES ('left', '{"event": "logout"}');
INSERT INTO persona.channel (name, consent) VALUES ('email', '{"attribute": "consent", "is": true}');
INSERT INTO persona.channel (name, address_column) VALUES ('email', 'email_address');
INSERT INTO persona.channel (name, address_column) VALUES ('email', 'mail');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.message (name, experience, channel, condition, body)
VALUES ('m', 'offer', 'email', '{"cohort": "gold"}', 'Hello');
INSERT INTO persona.campaign (name, experience, goal) VALUES ('spring', 'offer', '{"event": "signature"}');
INSERT INTO persona.campaign (name, experience, relevance) VALUES ('spring', 'offer', '{"attribute": "clv", "at_least": "much"}');
-- a campaign that does not take part is not compiled, until it does
INSERT INTO persona.campaign (name, experience, goal, active) VALUES ('spring', 'offer', '{"event": "signature"}', false);
UPDATE persona.campaign SET active = true;
DELETE FROM persona.campaign;

-- templates
INSERT INTO persona.message (name, experience, channel, body) VALUES ('m', 'offer', 'email', 'Hello {{customer.name');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('m', 'offer', 'email', 'Hello {{ customer.name }}');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('m', 'offer', 'email', 'Hello {{name}}');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('m', 'offer', 'email', 'Hello {{customer.first_name}}');
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES ('m', 'offer', 'email', '{{customer.home.zip|}}', 'Hello');
INSERT INTO persona.message (name, experience, channel, body) VALUES ('m', 'offer', 'email', 'You bought {{event.item_id}}, {{cart.item_id}}');
INSERT INTO persona.trigger (name, condition) VALUES
	('bought', '{"sequence": [{"event": "cart_add", "as": "basket"}, {"event": "order"}]}');
INSERT INTO persona.campaign (name, experience) VALUES ('spring', 'offer');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('spring', 1, 'email');
UPDATE persona.campaign SET trigger = 'bought';
BEGIN;
DELETE FROM persona.campaign;
UPDATE persona.message SET body = 'You bought {{event.item_id}}, {{basket.amount}}, {{event.amount}}';
INSERT INTO persona.campaign (name, experience, trigger) VALUES ('spring', 'offer', 'bought');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('spring', 1, 'email');
ROLLBACK;

-- values out of range (without the details, which tell the whole row)
\set VERBOSITY terse
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('t', '{"event": "order"}', '1 month');
INSERT INTO persona.trigger (name, condition, open_for) VALUES ('t', '{"event": "order"}', '0 days');
INSERT INTO persona.campaign (name, experience, starts_at, ends_at) VALUES ('late', 'offer', '2026-02-01', '2026-02-01');
INSERT INTO persona.campaign (name, experience, max_contacts_within) VALUES ('late', 'offer', '7 days');
INSERT INTO persona.campaign (name, experience, max_contacts) VALUES ('late', 'offer', -1);
INSERT INTO persona.campaign (name, experience, value) VALUES ('late', 'offer', 'NaN');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('calm', -1, '7 days');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('calm', 1, '-7 days');
INSERT INTO persona.policy (name, max_contacts, period) VALUES ('calm', 1, '1 year');
\set VERBOSITY default

--
-- Definitions that are no errors, but decide nothing: there is a warning
--

INSERT INTO persona.cohort (name, condition) VALUES
	('a everybody', '{"all": []}'),
	('b everybody', '{"not": {"any": []}}'),
	('c everybody', '{"any": [{"attribute": "plan", "is": "gold"}, {"event": "order", "times": {"at_least": 0}}]}'),
	('d everybody', '{"bucket": {"seed": "a", "from": 0, "to": 1}}'),
	('e nobody', '{"any": []}'),
	('f nobody', '{"all": [{"attribute": "plan", "is": "gold"}, {"not": {"all": []}}]}'),
	('g somebody', '{"all": [{"attribute": "plan", "is": "gold"}, {"all": []}]}'),
	('h somebody', '{"event": "order", "times": {"is_not": 1}}');
-- tests of one column that no value passes together, a part and its complement
INSERT INTO persona.cohort (name, condition) VALUES
	('of one column a nobody', '{"all": [{"attribute": "clv", "at_least": 500}, {"event": "order"}, {"attribute": "clv", "less_than": 500}]}'),
	('of one column b nobody', '{"all": [{"attribute": "clv", "more_than": 5}, {"all": [{"attribute": "clv", "between": [1, 5]}]}]}'),
	('of one column c nobody', '{"all": [{"attribute": "plan", "is": "gold"}, {"attribute": "plan", "in": ["silver", "basic"]}]}'),
	('of one column d nobody', '{"all": [{"attribute": "plan", "is": "gold"}, {"attribute": "plan", "is_not": "gold"}]}'),
	('of one column e nobody', '{"all": [{"attribute": "plan", "known": false}, {"attribute": "plan", "starts_with": "g"}]}'),
	('of one column f nobody', '{"all": [{"event": "order"}, {"not": {"event": "order"}}]}'),
	('of one column g nobody', '{"all": [{"attribute": "last_visit", "after": "30 days"}, {"attribute": "last_visit", "known": false}]}'),
	('of one column a everybody', '{"any": [{"attribute": "plan", "is": "gold"}, {"not": {"attribute": "plan", "is": "gold"}}]}'),
	('of one column a somebody', '{"all": [{"attribute": "clv", "at_least": 500}, {"attribute": "clv", "at_most": 500}]}'),
	('of one column b somebody', '{"all": [{"attribute": "clv", "more_than": 5.1}, {"attribute": "clv", "is": 5.11}]}'),
	('of one column c somebody', '{"all": [{"attribute": "plan", "is_not": "gold"}, {"attribute": "plan", "not_in": ["gold", "basic"]}, {"attribute": "plan", "known": false}]}'),
	('of one column d somebody', '{"any": [{"attribute": "clv", "at_least": 500}, {"attribute": "clv", "less_than": 5}]}');
-- more than two, complements, numbers of the same events
INSERT INTO persona.cohort (name, condition) VALUES
	('of several a nobody', '{"all": [{"attribute": "plan", "in": ["gold", "silver"]}, {"attribute": "plan", "is_not": "gold"}, {"not": {"attribute": "plan", "is": "silver"}}]}'),
	('of several b nobody', '{"all": [{"attribute": "clv", "at_least": 10}, {"not": {"any": [{"attribute": "plan", "is": "gold"}, {"attribute": "clv", "at_least": 5}]}}]}'),
	('of several c nobody', '{"all": [{"not": {"attribute": "clv", "less_than": 10}}, {"attribute": "clv", "less_than": 10}]}'),
	('of several d nobody', '{"all": [{"event": "order", "within": "30 days", "times": {"at_least": 3}}, {"event": "order", "within": "30 days", "times": {"in": [1, 2]}}]}'),
	('of several e nobody', '{"not": {"any": [{"event": "order", "times": {"at_least": 1}}, {"event": "order", "times": {"at_most": 2}}]}}'),
	('of several f nobody', '{"all": [{"not": {"attribute": "plan", "is_not": "gold"}}, {"attribute": "plan", "in": ["silver", "basic"]}]}'),
	('of several a everybody', '{"any": [{"attribute": "clv", "at_least": 5}, {"not": {"attribute": "clv", "at_least": 10}}]}'),
	('of several b everybody', '{"any": [{"attribute": "plan", "is_not": "gold"}, {"attribute": "plan", "is_not": "silver"}]}'),
	('of several c everybody', '{"any": [{"event": "order", "times": {"is": 0}}, {"not": {"all": [{"event": "order", "times": {"less_than": 1}}, {"attribute": "plan", "is": "gold"}]}}]}'),
	('of several a somebody', '{"any": [{"attribute": "clv", "at_least": 5}, {"attribute": "clv", "less_than": 5}]}'),
	('of several b somebody', '{"all": [{"not": {"attribute": "clv", "less_than": 10}}, {"not": {"attribute": "clv", "at_least": 10}}]}'),
	('of several c somebody', '{"all": [{"event": "order", "within": "30 days", "times": {"is": 0}}, {"event": "order", "within": "60 days", "times": {"is": 1}}]}'),
	('of several d somebody', '{"all": [{"attribute": "plan", "in": ["gold", "silver", "basic"]}, {"attribute": "plan", "is_not": "gold"}, {"attribute": "plan", "more_than": "basic"}]}');
INSERT INTO persona.trigger (name, condition) VALUES
	('a never fires', '{"attribute": "plan", "is": "gold"}'),
	('b never fires', '{"any": []}'),
	('c never fires', '{"attribute": "last_visit", "before": "2026-03-01"}'),
	('d fires', '{"attribute": "last_visit", "before": "30 days"}'),
	('e fires', '{"not": {"event": "order"}}');
DELETE FROM persona.cohort WHERE name ~ 'body$';
DELETE FROM persona.trigger WHERE name ~ 'fires$';

--
-- Weekly hours
--

CREATE FUNCTION refusal_of_hours(hours text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
BEGIN
	PERFORM hours::persona.hours;
	RETURN 'accepted <<<';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RETURN concat_ws(' | ', state, message);
END
$$;

\pset format unaligned
\pset tuples_only on
SELECT h, refusal_of_hours(h)
FROM unnest(ARRAY[
	'',
	'sometimes',
	'always; never',
	'09:00-17:00',
	'Mon',
	'mon 09:00-17:00',
	'Mo 09:00-17:00',
	'Monday 09:00-17:00',
	'Mon 9:00-17:00',
	'Mon 09.00-17.00',
	'Mon 09:00',
	'Mon 09:00-',
	'Mon 09:00-25:00',
	'Mon 09:60-10:00',
	'Mon 24:00-08:00',
	'Mon 09:00-24:01',
	'Mon 09:00-12:00,',
	'Mon 09:00-12:00;',
	'Mon- 09:00-12:00',
	'Mon-Fri-Sun 09:00-12:00',
	'Mon 09:00-12:00 Tue 09:00-12:00',
	'Mon 09:00-12:00-13:00',
	'täglich 09:00-17:00']) WITH ORDINALITY AS u (h, n)
ORDER BY n;
