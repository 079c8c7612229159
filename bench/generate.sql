-- A company's tables for measuring, generated from hashes: the same on every
-- run.  :customers customers with 20 attributes, 20 events each on average,
-- skewed as people are, of 30 kinds over the 180 days before :'until'.

CREATE SCHEMA bench;

-- A number in [0, 1) for a row and a purpose.
CREATE FUNCTION bench.uniform(n bigint, purpose bigint) RETURNS double precision
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ((hashint8extended(n, purpose) >> 11) & ((1::bigint << 52) - 1)) / (1::bigint << 52)::double precision;

CREATE TABLE bench.customer AS
SELECT i::bigint AS id,
	'Customer ' || i AS name,
	CASE WHEN bench.uniform(i, 1) < 0.9 THEN 'c' || i || '@example.org' END AS email,
	CASE WHEN bench.uniform(i, 2) < 0.5 THEN '+49 30 ' || i END AS phone,
	(ARRAY['free', 'silver', 'gold', 'platinum'])[1 + floor(4 * bench.uniform(i, 3) ^ 2)::int] AS plan,
	(ARRAY['DE', 'AT', 'CH', 'GB', 'FR', 'NL'])[1 + floor(6 * bench.uniform(i, 4) ^ 2)::int] AS country,
	(ARRAY['de', 'en', NULL])[1 + floor(3 * bench.uniform(i, 5))::int] AS language,
	(ARRAY['Europe/Berlin', 'Europe/London', 'Europe/Zurich', NULL])[1 + floor(4 * bench.uniform(i, 6))::int] AS time_zone,
	date '1940-01-01' + floor(25000 * bench.uniform(i, 7))::int AS birthday,
	round((1000 * bench.uniform(i, 8) ^ 4)::numeric, 2) AS clv,
	floor(100 * bench.uniform(i, 9))::int AS score,
	floor(10000 * bench.uniform(i, 10))::int AS points,
	floor(10 * bench.uniform(i, 11))::smallint AS household,
	bench.uniform(i, 12) < 0.7 AS email_consent,
	bench.uniform(i, 13) < 0.3 AS sms_consent,
	bench.uniform(i, 14) < 0.5 AS newsletter,
	:'until'::timestamptz - bench.uniform(i, 15) * interval '3000 days' AS joined_at,
	:'until'::timestamptz - bench.uniform(i, 16) * interval '400 days' AS last_visit,
	(10000 + floor(90000 * bench.uniform(i, 17)))::int::text AS postcode,
	CASE WHEN bench.uniform(i, 18) < 0.4 THEN round((200 * bench.uniform(i, 19))::numeric, 2) END AS balance
FROM generate_series(1, :customers) AS i;
ALTER TABLE bench.customer ADD PRIMARY KEY (id);

-- In the order of time, as a log is.
CREATE TABLE bench.event AS
SELECT n AS id,
	1 + floor(:customers * bench.uniform(n, 20) ^ 2)::bigint AS customer_id,
	'k' || lpad((1 + floor(30 * bench.uniform(n, 21) ^ 2))::text, 2, '0') AS kind,
	:'until'::timestamptz - interval '180 days' * (1 - n / (20.0 * :customers)) AS at,
	round((500 * bench.uniform(n, 22) ^ 3)::numeric, 2) AS amount,
	floor(1000 * bench.uniform(n, 23))::int AS item
FROM generate_series(1, 20 * :customers::bigint) AS n;

CREATE INDEX ON bench.event (customer_id, at);
CREATE INDEX ON bench.customer (clv);
VACUUM ANALYZE bench.customer;
VACUUM ANALYZE bench.event;
