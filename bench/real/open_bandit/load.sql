-- load.sql - a week of recommendations of a fashion shop as its own tables.
--
-- Environment: DATA_FOLDER (the folder that holds open_bandit/).  The source has
-- no customers: those with the same four features are taken for one.

SET TimeZone = 'UTC';
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS fashion CASCADE;
CREATE SCHEMA fashion;

CREATE TEMP TABLE line (line text);
\copy line from program 'gzip -dc "$DATA_FOLDER/open_bandit/bts_men.csv.gz" | tail -n +2'
CREATE TABLE fashion.impression (id int PRIMARY KEY, customer text COLLATE "C" NOT NULL, at timestamptz NOT NULL, item int NOT NULL, position int NOT NULL, clicked boolean NOT NULL);
INSERT INTO fashion.impression
SELECT f[1]::int, md5(concat_ws(' ', f[7], f[8], f[9], f[10])), f[2]::timestamptz, f[3]::int, f[4]::int, f[5] = '1'
FROM (SELECT string_to_array(line, ',') AS f FROM line) AS l;
CREATE INDEX ON fashion.impression (customer, at);

-- How much a customer likes each item: the highest affinity seen.
CREATE TABLE fashion.customer (hash text COLLATE "C" PRIMARY KEY, likes jsonb, first_feature text);
INSERT INTO fashion.customer
SELECT hash, coalesce(jsonb_object_agg('i' || item, likes) FILTER (WHERE likes > 0), '{}'), min(feature)
FROM (SELECT md5(concat_ws(' ', f[7], f[8], f[9], f[10])) AS hash, f[7] AS feature, a - 1 AS item, max(f[10 + a]::float8) AS likes
	  FROM (SELECT string_to_array(line, ',') AS f FROM line) AS l, generate_series(1, 34) AS a GROUP BY 1, 2, 3) AS m
GROUP BY hash;

CREATE TABLE fashion.item (item int PRIMARY KEY, price numeric);
INSERT INTO fashion.item SELECT item, 10 + item * 7 % 23 FROM generate_series(0, 33) AS item;
ANALYZE fashion.customer, fashion.impression, fashion.item;
