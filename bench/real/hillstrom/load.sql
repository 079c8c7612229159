-- load.sql - the MineThatData e-mail experiment as a shop's own tables.
--
-- Environment: DATA_FOLDER (the folder that holds hillstrom/).  The source has
-- no keys, addresses and times: keys follow the order of its lines, all mails
-- were sent at one instant, and visits and purchases came within two weeks.

SET TimeZone = 'UTC';
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS shop CASCADE;
CREATE SCHEMA shop;

CREATE TEMP TABLE line_row (id int GENERATED ALWAYS AS IDENTITY, recency int, history_segment text, history numeric, mens boolean,
	womens boolean, zip_code text, newbie boolean, channel text, segment text, visit int, conversion int, spend numeric);
\copy line_row (recency, history_segment, history, mens, womens, zip_code, newbie, channel, segment, visit, conversion, spend) from program 'gzip -dc "$DATA_FOLDER/hillstrom/hillstrom.csv.gz"' (format csv, header)

CREATE TABLE shop.customer (
	id int PRIMARY KEY, recency int, history_segment text, history numeric, mens boolean, womens boolean, zip_code text,
	newbie boolean, channel text, email text);
INSERT INTO shop.customer SELECT id, recency, history_segment, history, mens, womens, zip_code, newbie, channel,
	CASE WHEN id % 50 > 0 THEN 'c' || id || '@shop.example' END FROM line_row;

-- The mails of March 2008, and what customers did on the web.
CREATE TABLE shop.mail (customer_id int, segment text, at timestamptz);
INSERT INTO shop.mail SELECT id, segment, '2008-03-20 10:00Z' FROM line_row WHERE segment <> 'No E-Mail';
CREATE TABLE shop.web (customer_id int, kind text, at timestamptz, spend numeric);
INSERT INTO shop.web SELECT id, 'visit', timestamptz '2008-03-20 10:00Z' + (1 + id % 330) * interval '1 hour', NULL FROM line_row WHERE visit = 1;
INSERT INTO shop.web SELECT id, 'purchase', timestamptz '2008-03-20 10:30Z' + (1 + id % 330) * interval '1 hour', spend FROM line_row WHERE conversion = 1;
CREATE INDEX ON shop.web (customer_id, at);
ANALYZE shop.customer, shop.mail, shop.web;
