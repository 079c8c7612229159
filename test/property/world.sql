--------------------------------------------------------------------------------
-- world: the dice, and customers and events that lie where rules break
--
-- Nothing here is random: every draw is a hash of a seed, so that a failure can
-- be replayed from the seed alone.  Instants cluster around nights on which
-- clocks change, around the begins of days, months and years in several zones,
-- and one window's length, give or take a microsecond, away from one another.
--------------------------------------------------------------------------------

CREATE SCHEMA prop;

--------------------------------------------------------------------------------
-- The dice: a seed and what it is drawn for make a number
--------------------------------------------------------------------------------

-- a whole number from 0 to n - 1
CREATE FUNCTION prop.below(seed text, n integer) RETURNS integer
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::integer % n;

-- true in some percent of all cases
CREATE FUNCTION prop.chance(seed text, percent integer) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN ('x' || substr(md5(seed), 1, 7))::bit(28)::integer % 100 < percent;

-- one of a list
CREATE FUNCTION prop.pick(seed text, list text[]) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN list[1 + ('x' || substr(md5(seed), 1, 7))::bit(28)::integer % cardinality(list)];

CREATE FUNCTION prop.pick_json(seed text, list jsonb) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN list -> (('x' || substr(md5(seed), 1, 7))::bit(28)::integer % jsonb_array_length(list));

--------------------------------------------------------------------------------
-- Instants
--------------------------------------------------------------------------------

-- a length of time as definitions write it, as an interval that no zone bends
CREATE FUNCTION prop.length(written text) RETURNS interval
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN make_interval(secs => extract(epoch FROM written::interval)::double precision);

CREATE FUNCTION prop.lengths() RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ARRAY['10 minutes', '1 hour', '1 hour', '90 minutes', '1 day', '1 day', '24 hours', '36 hours', '1 day 12 hours',
		'7 days', '7 days', '1 week', '30 days', '30 days', '90 days'];

CREATE FUNCTION prop.anchors() RETURNS timestamptz[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ARRAY[
		'2026-03-29 01:00Z',	-- spring in Berlin, and in the Azores at midnight
		'2026-03-28 22:00Z',	-- spring in Beirut, at midnight: that day has no 00:00
		'2026-04-04 15:00Z',	-- autumn on Lord Howe Island, by half an hour
		'2026-03-08 07:00Z',	-- spring in New York
		'2025-10-26 01:00Z',	-- autumn in Berlin, and in the Azores: the first hour of a day happens twice
		'2025-10-25 21:00Z',	-- autumn in Beirut: the last hour of a day happens twice
		'2025-11-02 06:00Z',	-- autumn in New York
		'2026-03-31 22:00Z',	-- the second quarter begins in Berlin
		'2025-12-31 23:00Z',	-- the year begins in Berlin
		'2026-02-28 18:30Z',	-- March begins in Kolkata
		'2026-03-01 05:00Z',	-- and in New York
		'2026-03-30 00:00Z']::timestamptz[];	-- a week begins in UTC

CREATE FUNCTION prop.moment(seed text) RETURNS timestamptz
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN (prop.anchors())[1 + prop.below(seed || '@', cardinality(prop.anchors()))]
		+ prop.length(prop.pick(seed || '1', prop.lengths())) * (prop.below(seed || '<', 3) - 1)
		+ prop.length(prop.pick(seed || '2', prop.lengths())) * (prop.below(seed || '>', 3) - 1)
		+ interval '1 microsecond' * (CASE WHEN prop.chance(seed || '?', 25) THEN prop.below(seed || '!', 3) - 1 ELSE 0 END);

CREATE FUNCTION prop.zones() RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ARRAY['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC', 'Asia/Beirut', 'Atlantic/Azores', 'Atlantic/Azores'];

--------------------------------------------------------------------------------
-- Customers
--------------------------------------------------------------------------------

CREATE TYPE prop.plan AS ENUM ('gold', 'free', 'silver');
CREATE DOMAIN prop.percent AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE TYPE prop.place AS (lat numeric, label text);
CREATE TYPE prop.address AS (city text, floor integer, place prop.place);
CREATE COLLATION prop.soft (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

CREATE TABLE prop.customer (
	key text PRIMARY KEY,
	zone text,
	language text,
	email text,
	age integer,
	visits bigint,
	clv numeric,
	rating double precision,
	discount prop.percent,
	name text,
	nick text COLLATE prop.soft,
	sorted text COLLATE "und-x-icu",
	code varchar(8),
	initials char(4),
	plan prop.plan,
	active boolean,
	ref uuid,
	birthday date,
	joined timestamp,
	seen timestamptz,
	wake time,
	stay interval,
	network inet,
	tags text[],
	marks integer[],
	address prop.address,
	profile jsonb,
	notes json,
	extra jsonb
);

CREATE FUNCTION prop.words() RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ARRAY['', 'Ann', 'Anna', 'anna', 'AN_A', 'ÄNNE', 'änne', 'Straße', 'Zoë', 'a1', 'z', 'Anna '];

-- a value inside json, of any kind
CREATE FUNCTION prop.json_value(seed text) RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN prop.pick_json(seed, '[null, true, false, 0, 1, 1.0, 7, 7.50, -3, 1e3, "", "7", "1", "true", "Anna", "anna", "Zoë", [], ["a", "b"], ["b", 7, null], [7.0, true], {"a": 1}]');

-- a time inside json, or what only looks like one
CREATE FUNCTION prop.json_time(seed text) RETURNS jsonb
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN CASE prop.below(seed || 'form', 7)
		WHEN 0 THEN to_jsonb(to_char(prop.moment(seed) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
		WHEN 1 THEN to_jsonb(to_char(prop.moment(seed) AT TIME ZONE 'Asia/Kolkata', 'YYYY-MM-DD"T"HH24:MI:SS.US"+05:30"'))
		WHEN 2 THEN to_jsonb(to_char(prop.moment(seed) AT TIME ZONE 'Europe/Berlin', 'YYYY-MM-DD HH24:MI'))
		WHEN 3 THEN to_jsonb(to_char(prop.moment(seed) AT TIME ZONE 'Europe/Berlin', 'YYYY-MM-DD'))
		WHEN 4 THEN '"1988-02-29"'
		WHEN 5 THEN prop.pick_json(seed, '["soon", "", 20260301, null, "2026-13-01", "2026-03-01 25:00", true]')
		END;

INSERT INTO prop.customer
SELECT k.key,
	CASE WHEN NOT prop.chance(s || 'zone0', 15) THEN prop.pick(s || 'zone', prop.zones() || 'Mars/Olympus'::text) END,
	prop.pick(s || 'language', ARRAY['de', 'en', NULL]),
	CASE WHEN prop.chance(s || 'email', 70) THEN s || '@example.com' END,
	(prop.pick_json(s || 'age', '[null, 17, 18, 18, 30, 30, 65]') #>> '{}')::integer,
	(prop.pick_json(s || 'visits', '[null, 0, 1, 7, 9007199254740992, 9007199254740993]') #>> '{}')::bigint,
	prop.pick(s || 'clv', ARRAY[NULL, '-5', '0', '0.1', '99.99', '100', '100.00', '500.0', 'NaN', '1000000000000000000000.01'])::numeric,
	prop.pick(s || 'rating', ARRAY[NULL, '-0', '0', '0.1', '0.5', '2.25', 'NaN', 'Infinity'])::double precision,
	prop.pick(s || 'discount', ARRAY[NULL, '0', '10', '12.5', '100'])::numeric,
	CASE WHEN NOT prop.chance(s || 'name0', 15) THEN prop.pick(s || 'name', prop.words()) END,
	CASE WHEN NOT prop.chance(s || 'nick0', 15) THEN prop.pick(s || 'nick', prop.words()) END,
	CASE WHEN NOT prop.chance(s || 'sorted0', 15) THEN prop.pick(s || 'sorted', prop.words()) END,
	CASE WHEN NOT prop.chance(s || 'code0', 15) THEN prop.pick(s || 'code', prop.words()) END,
	prop.pick(s || 'initials', ARRAY[NULL, '', 'a', 'A', 'ab', 'abcd', 'z  ']),
	prop.pick(s || 'plan', ARRAY[NULL, 'gold', 'free', 'silver'])::prop.plan,
	(prop.pick_json(s || 'active', '[null, true, false]') #>> '{}')::boolean,
	prop.pick(s || 'ref', ARRAY[NULL, '00000000-0000-0000-0000-000000000000', '8f14e45f-ceea-467f-9575-3c0f3b0a9f00',
		'ffffffff-ffff-ffff-ffff-ffffffffffff'])::uuid,
	CASE prop.below(s || 'birthday', 8)
		WHEN 0 THEN NULL
		WHEN 1 THEN date '1988-02-29'
		WHEN 2 THEN prop.pick(s || 'b', ARRAY['infinity', '-infinity', '2026-03-29', '0001-01-01'])::date
		WHEN 3 THEN (prop.moment(s || 'b') AT TIME ZONE 'UTC')::date
		ELSE ((prop.moment(s || 'b') AT TIME ZONE 'UTC') - make_interval(years => prop.below(s || 'y', 40)))::date END,
	CASE prop.below(s || 'joined', 4)
		WHEN 0 THEN NULL
		WHEN 1 THEN prop.pick(s || 'j', ARRAY['2026-03-29 02:30', '2026-03-29 00:30', '2025-10-26 02:30', '2025-10-25 23:30',
			'2026-04-05 01:45', '2026-03-08 02:15', 'infinity', '2024-02-29 12:00'])::timestamp
		ELSE prop.moment(s || 'j') AT TIME ZONE prop.pick(s || 'jz', ARRAY['Europe/Berlin', 'America/New_York', 'UTC']) END,
	CASE prop.below(s || 'seen', 6) WHEN 0 THEN NULL WHEN 1 THEN prop.moment('shared' || prop.below(s, 3))
		WHEN 2 THEN CASE WHEN prop.chance(s || 'i', 20) THEN '-infinity' ELSE prop.moment(s || 'seen') END
		ELSE prop.moment(s || 'seen') END,
	prop.pick(s || 'wake', ARRAY[NULL, '00:00', '06:30', '23:59:59.999999', '24:00'])::time,
	prop.pick(s || 'stay', ARRAY[NULL, '0', '1 day', '24:00', '1 mon', '365 days', '-1 day'])::interval,
	prop.pick(s || 'network', ARRAY[NULL, '10.1.2.3', '10.0.0.0/8', '::1', '192.168.0.1'])::inet,
	prop.pick(s || 'tags', ARRAY[NULL, '{}', '{a}', '{a,b}', '{b,NULL}', '{NULL}', '{{a,b},{c,d}}', '{"",c}', '{A}'])::text[],
	prop.pick(s || 'marks', ARRAY[NULL, '{}', '{1}', '{1,2,2}', '{3,NULL}'])::integer[],
	CASE WHEN prop.chance(s || 'address', 75) THEN ROW(prop.pick(s || 'city', ARRAY[NULL, 'Berlin', 'Bern', '']),
		(prop.pick_json(s || 'floor', '[null, 0, 1, 7]') #>> '{}')::integer,
		CASE WHEN prop.chance(s || 'place', 70) THEN ROW((prop.pick_json(s || 'lat', '[null, 0, 52.5]') #>> '{}')::numeric,
			prop.pick(s || 'label', ARRAY[NULL, 'home', 'Anna']))::prop.place END)::prop.address END,
	CASE prop.below(s || 'profile', 8) WHEN 0 THEN NULL WHEN 1 THEN prop.json_value(s || 'p')
		ELSE CASE WHEN prop.chance(s || 'city', 70) THEN jsonb_build_object('city', prop.json_value(s || 'p1')) ELSE '{}' END
			|| jsonb_build_object('seen', prop.json_time(s || 'p2'),
				'score', prop.json_value(s || 'p3'), 'tags', prop.json_value(s || 'p4'),
				'deep', jsonb_build_object('list', jsonb_build_array(jsonb_build_object('n', prop.json_value(s || 'p5')))))
		END,
	CASE WHEN prop.chance(s || 'notes', 80) THEN json_build_object('score', prop.json_value(s || 'n1'), 'tags', prop.json_value(s || 'n2')) END,
	CASE WHEN prop.chance(s || 'extra', 85) THEN prop.json_value(s || 'extra') END
FROM generate_series(1, 32) AS n,
	LATERAL (SELECT 'customer' || n) AS t (s),
	LATERAL (SELECT CASE n WHEN 1 THEN '' WHEN 2 THEN 'ü-2' WHEN 3 THEN '客戶3' WHEN 4 THEN ' 4 ' WHEN 5 THEN '🂡5'
		ELSE n::text END) AS k (key);

--------------------------------------------------------------------------------
-- Events
--
-- Customers 8, 16, 24 and 32 have none.  In every source the customer, the
-- time and the sequence number together are unique, so that the order of events
-- is settled, but several events often share one instant.
--------------------------------------------------------------------------------

CREATE TABLE prop.orders (id bigint, customer text, placed_at timestamptz, amount numeric, item integer, paid boolean,
	note text, due date, meta jsonb);
CREATE TABLE prop.clicks (customer text, at timestamptz, kind text, n integer, item integer, page text,
	weight double precision, labels text[], meta jsonb);
CREATE TABLE prop.visits (customer text, entered timestamp, place text, minutes integer);
CREATE TABLE prop.legacy (customer text, moment timestamptz, what text, step smallint, amount numeric(12, 3), item bigint, code text);
CREATE TABLE prop.deliveries (customer text, day date, parcels integer, amount integer);


-- seeds of a customer's events of one source
CREATE FUNCTION prop.event_seeds(source text, most integer) RETURNS TABLE (seed text, customer text, place integer)
	LANGUAGE sql STABLE STRICT
BEGIN ATOMIC
	SELECT event_seeds.source || c.key || '/' || i, c.key, i
	FROM prop.customer AS c
		CROSS JOIN LATERAL generate_series(1, prop.below(event_seeds.source || c.key, most + 1)) AS i
	WHERE c.key <> ALL (ARRAY['8', '16', '24', '32']);
END;

-- the instant of an event: often that of another one of the customer, in any
-- source, or exactly a length away from it
CREATE FUNCTION prop.event_moment(seed text, customer text) RETURNS timestamptz
	LANGUAGE sql STABLE STRICT
	RETURN CASE prop.below(seed || 'shared', 3)
		WHEN 0 THEN prop.moment(seed)
		ELSE prop.moment('instant' || customer || prop.below(seed, 3)) END
		+ CASE prop.below(seed || 'away', 3)
			WHEN 0 THEN prop.length(prop.pick(seed || 'length', prop.lengths()))
			ELSE interval '0' END
		+ interval '1 microsecond' * (CASE WHEN prop.chance(seed || 'off', 15) THEN prop.below(seed || 'by', 3) - 1 ELSE 0 END);

INSERT INTO prop.orders
SELECT DISTINCT ON (e.customer, e.at, e.id) e.id, e.customer, e.at,
	prop.pick(e.seed || 'amount', ARRAY[NULL, '0', '0.01', '5', '19.99', '19.990', '100', '-7.5'])::numeric,
	prop.pick(e.seed || 'item', ARRAY[NULL, '1', '2', '7'])::integer,
	prop.pick(e.seed || 'paid', ARRAY[NULL, 'true', 'false'])::boolean,
	prop.pick(e.seed || 'note', ARRAY[NULL, '', 'gift', 'Gift', 'Geschenk für Zoë']),
	prop.pick(e.seed || 'due', ARRAY[NULL, '2026-03-01', '2026-03-29', '2026-04-01'])::date,
	CASE WHEN prop.chance(e.seed || 'meta', 80) THEN jsonb_build_object('item', prop.json_value(e.seed || 'm1'),
		'tags', prop.json_value(e.seed || 'm2')) END
FROM (SELECT g.*, prop.event_moment(g.seed, g.customer) AS at, prop.below(g.seed || 'id', 4) * 1000000000000 AS id
	FROM prop.event_seeds('orders', 9) AS g) AS e
ORDER BY e.customer, e.at, e.id, e.seed;

INSERT INTO prop.clicks
SELECT DISTINCT ON (e.customer, e.at, e.n) e.customer, e.at,
	prop.pick(e.seed || 'kind', ARRAY['view', 'view', 'view', 'cart_add', 'cart_add', 'login']), e.n,
	prop.pick(e.seed || 'item', ARRAY[NULL, '1', '2', '7'])::integer,
	prop.pick(e.seed || 'page', ARRAY[NULL, '', '/home', '/cart', '/Cart']),
	prop.pick(e.seed || 'weight', ARRAY[NULL, '0', '0.25', '1', '2.5'])::double precision,
	prop.pick(e.seed || 'labels', ARRAY[NULL, '{}', '{a}', '{a,b}', '{c,NULL}'])::text[],
	CASE WHEN prop.chance(e.seed || 'meta', 80) THEN jsonb_build_object('item', prop.json_value(e.seed || 'm1'),
		'amount', prop.json_value(e.seed || 'm2')) END
FROM (SELECT g.*, prop.event_moment(g.seed, g.customer) AS at, prop.below(g.seed || 'n', 5) - 2 AS n
	FROM prop.event_seeds('clicks', 14) AS g) AS e
ORDER BY e.customer, e.at, e.n, e.seed;

-- the wall clock of Berlin, the default zone, where two times may be one instant
INSERT INTO prop.visits
SELECT DISTINCT ON (e.customer, e.entered AT TIME ZONE 'Europe/Berlin') e.customer, e.entered,
	prop.pick(e.seed || 'place', ARRAY[NULL, 'shop', 'Shop', 'fair']),
	prop.pick(e.seed || 'minutes', ARRAY[NULL, '0', '5', '45'])::integer
FROM (SELECT g.*, CASE WHEN prop.chance(g.seed || 'night', 20)
		THEN prop.pick(g.seed, ARRAY['2026-03-29 02:30', '2026-03-29 03:30', '2025-10-26 02:30'])::timestamp
		ELSE prop.event_moment(g.seed, g.customer) AT TIME ZONE 'Europe/Berlin' END AS entered
	FROM prop.event_seeds('visits', 5) AS g) AS e
ORDER BY e.customer, e.entered AT TIME ZONE 'Europe/Berlin', e.seed;

INSERT INTO prop.legacy
SELECT DISTINCT ON (e.customer, e.at, e.step) e.customer, e.at,
	prop.pick(e.seed || 'what', ARRAY['order', 'view', 'return', 'return']), e.step,
	prop.pick(e.seed || 'amount', ARRAY[NULL, '0', '5', '19.99', '100'])::numeric,
	prop.pick(e.seed || 'item', ARRAY[NULL, '1', '2', '7', '5000000000'])::bigint,
	prop.pick(e.seed || 'code', ARRAY[NULL, 'x', 'y'])
FROM (SELECT g.*, prop.event_moment(g.seed, g.customer) AS at, prop.below(g.seed || 'step', 3)::smallint AS step
	FROM prop.event_seeds('legacy', 6) AS g) AS e
ORDER BY e.customer, e.at, e.step, e.seed;

INSERT INTO prop.deliveries
SELECT DISTINCT ON (e.customer, e.day) e.customer, e.day,
	prop.pick(e.seed || 'parcels', ARRAY[NULL, '1', '2'])::integer,
	prop.pick(e.seed || 'amount', ARRAY[NULL, '5', '100'])::integer
FROM (SELECT g.*, (prop.event_moment(g.seed, g.customer) AT TIME ZONE 'Europe/Berlin')::date AS day
	FROM prop.event_seeds('deliveries', 4) AS g) AS e
ORDER BY e.customer, e.day, e.seed;

-- rows that are no events: of nobody, of no kind, at no time
INSERT INTO prop.orders (id, customer, placed_at) VALUES (1, NULL, '2026-03-01 00:00Z'), (2, '6', NULL), (3, 'nobody', '2026-03-01 00:00Z');
INSERT INTO prop.clicks (customer, at, kind, n) VALUES ('6', '2026-03-01 00:00Z', NULL, 99), ('7', NULL, 'view', 99);

CREATE INDEX ON prop.orders (customer, placed_at);
CREATE INDEX ON prop.clicks (customer, at);
CREATE INDEX ON prop.visits (customer, entered);
CREATE INDEX ON prop.legacy (customer, moment);
CREATE INDEX ON prop.deliveries (customer, day);

SELECT persona.bind_customers('prop.customer', 'key', time_zone => 'zone', language => 'language', default_time_zone => 'Europe/Berlin');
SELECT persona.bind_events('prop.orders', 'customer', 'placed_at', kind => 'order', sequence => 'id');
SELECT persona.bind_events('prop.clicks', 'customer', 'at', kind_column => 'kind', kinds => ARRAY['view', 'cart_add', 'login'], sequence => 'n');
SELECT persona.bind_events('prop.visits', 'customer', 'entered', kind => 'visit');
SELECT persona.bind_events('prop.legacy', 'customer', 'moment', kind_column => 'what', sequence => 'step');
SELECT persona.bind_events('prop.deliveries', 'customer', 'day', kind => 'delivery');

-- Contacts are events, too, and so are responses and choices.
INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, placement, status, decided_at, send_at, sent_at, delivered_at, ended_at, score)
SELECT e.customer, e.place, 'campaign' || (1 + prop.below(e.seed || 'campaign', 4)), prop.pick(e.seed || 'experience', ARRAY['offer', 'offer', 'coupon', NULL]),
	k.channel, CASE WHEN k.channel = 'letter' AND prop.chance(e.seed || 'placement', 50) THEN 'footer' END, k.status,
	m.at - prop.length(prop.pick(e.seed || 'ahead', ARRAY['0 hours', '1 hour', '36 hours', '7 days'])), m.at,
	CASE WHEN k.status IN ('sent', 'delivered') THEN m.at + prop.length(prop.pick(e.seed || 'late', ARRAY['0 hours', '1 hour', '36 hours'])) END,
	CASE WHEN k.status = 'delivered' THEN m.at + prop.length(prop.pick(e.seed || 'there', ARRAY['36 hours', '7 days'])) END,
	CASE WHEN k.status IN ('failed', 'cancelled', 'expired') THEN m.at + prop.length(prop.pick(e.seed || 'end', ARRAY['-36 hours', '0 hours', '7 days'])) END,
	(prop.pick_json(e.seed || 'score', '[null, 1, 2.5]') #>> '{}')::numeric
FROM prop.event_seeds('contact', 4) AS e CROSS JOIN LATERAL prop.event_moment(e.seed, e.customer) AS m (at)
	CROSS JOIN LATERAL (SELECT prop.pick(e.seed || 'channel', ARRAY['email', 'phone', 'letter']) AS channel,
		prop.pick(e.seed || 'status', ARRAY['planned', 'claimed', 'sent', 'sent', 'delivered', 'failed', 'cancelled', 'expired']) AS status) AS k;

INSERT INTO persona.response (customer, response_id, contact_id, at, outcome, campaign, experience, channel, placement)
SELECT e.customer, e.place, CASE WHEN prop.chance(e.seed || 'on', 80) THEN (SELECT k.contact_id FROM persona.contact AS k
		WHERE k.customer = e.customer AND k.contact_id = 1 + prop.below(e.seed || 'contact', 3)) END, m.at,
	prop.pick(e.seed || 'outcome', ARRAY['delivered', 'opened', 'clicked', 'rejected', 'converted', 'bounced', 'complained', 'unsubscribed']),
	'campaign' || (1 + prop.below(e.seed || 'campaign', 4)), prop.pick(e.seed || 'experience', ARRAY['offer', 'coupon']),
	prop.pick(e.seed || 'channel', ARRAY['email', 'phone', 'letter']), NULL
FROM prop.event_seeds('response', 3) AS e CROSS JOIN LATERAL prop.event_moment(e.seed, e.customer) AS m (at);

INSERT INTO persona.choice (customer, choice_id, at, choice, channel, topic, rank, until)
SELECT e.customer, e.place, m.at, k.choice, CASE WHEN k.choice = 'preference' OR prop.chance(e.seed || 'channel?', 50) THEN prop.pick(e.seed || 'channel', ARRAY['email', 'phone', 'letter']) END,
	CASE WHEN k.choice <> 'preference' AND prop.chance(e.seed || 'topic?', 40) THEN prop.pick(e.seed || 'topic', ARRAY['news', 'offers']) END,
	CASE WHEN k.choice = 'preference' AND prop.chance(e.seed || 'rank?', 80) THEN prop.below(e.seed || 'rank', 3) END,
	CASE WHEN k.choice = 'snooze' THEN m.at + prop.length(prop.pick(e.seed || 'until', prop.lengths())) * prop.below(e.seed || 'long', 3) END
FROM prop.event_seeds('choice', 4) AS e CROSS JOIN LATERAL prop.event_moment(e.seed, e.customer) AS m (at)
	CROSS JOIN LATERAL (SELECT prop.pick(e.seed || 'choice', ARRAY['consent', 'consent', 'objection', 'preference', 'snooze']) AS choice) AS k;

ANALYZE;
