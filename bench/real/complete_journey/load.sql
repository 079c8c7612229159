-- load.sql - The Complete Journey (a grocer's households) as they might lie in
-- a warehouse: text keys, times without a zone, days, lines of a basket that
-- share one time and have no key, views over joins, events of nobody.
--
-- Environment: DATA_FOLDER (the folder that holds complete_journey/).

SET TimeZone = 'UTC';
SET client_min_messages = warning;

DROP SCHEMA IF EXISTS grocer CASCADE;
CREATE SCHEMA grocer;

CREATE TYPE grocer.income_band AS ENUM ('Under 15K', '15-24K', '25-34K', '35-49K', '50-74K', '75-99K', '100-124K',
	'125-149K', '150-174K', '175-199K', '200-249K', '250K+');
CREATE TYPE grocer.age_band AS ENUM ('19-24', '25-34', '35-44', '45-54', '55-64', '65+');
CREATE TABLE grocer.demographics (household_id varchar(10), age grocer.age_band, income grocer.income_band, home_ownership text,
	marital_status text, household_size text, household_comp text, kids_count text);
CREATE TABLE grocer.campaign_description (campaign_id text, campaign_type text, start_date date, end_date date);
CREATE TABLE grocer.campaign_household (campaign_id text, household_id text);
CREATE TABLE grocer.redemption (household_id text, coupon_upc text, campaign_id text, "redemption date" date);
CREATE TABLE grocer.product (product_id text, manufacturer_id text, department text, brand text, product_category text,
	product_type text, package_size text);
CREATE TABLE grocer.line (household_id text, store_id text, basket_id text, product_id text, quantity int, sales_value numeric,
	retail_disc float8, coupon_disc real, coupon_match_disc real, week int, transaction_timestamp timestamp);

\copy grocer.demographics from program 'gzip -dc "$DATA_FOLDER/complete_journey/demographics.csv.gz"' (format csv, header)
\copy grocer.campaign_description from program 'gzip -dc "$DATA_FOLDER/complete_journey/campaign_descriptions.csv.gz"' (format csv, header)
\copy grocer.campaign_household from program 'gzip -dc "$DATA_FOLDER/complete_journey/campaigns.csv.gz"' (format csv, header)
\copy grocer.redemption from program 'gzip -dc "$DATA_FOLDER/complete_journey/coupon_redemptions.csv.gz"' (format csv, header)
\copy grocer.product from program 'gzip -dc "$DATA_FOLDER/complete_journey/products.csv.gz"' (format csv, header)
\copy grocer.line from program 'gzip -dc "$DATA_FOLDER/complete_journey/transactions_sample.csv.gz"' (format csv, header)
CREATE UNIQUE INDEX ON grocer.product (product_id);
CREATE INDEX ON grocer.line (household_id, transaction_timestamp);
CREATE INDEX ON grocer.campaign_household (household_id);

-- events of nobody, of no time, of somebody who is no customer
INSERT INTO grocer.redemption VALUES (NULL, '1', '26', '2017-05-05'), ('1', '1', '26', NULL), ('no such household', '1', '26', '2017-05-05'),
	('1', '1', '26', 'infinity'), ('1', '1', '26', '-infinity');

-- A materialised view of all households that appear anywhere, surveyed or not.
CREATE MATERIALIZED VIEW grocer."Household" AS
SELECT household_id, age, income, home_ownership, kids_count, household_size
FROM (SELECT household_id FROM grocer.line UNION SELECT household_id FROM grocer.campaign_household
	  UNION SELECT household_id::text FROM grocer.demographics) h
LEFT JOIN grocer.demographics USING (household_id);
CREATE UNIQUE INDEX ON grocer."Household" (household_id);

CREATE VIEW grocer.purchase AS
SELECT household_id, transaction_timestamp AS sold, basket_id, department, product_category, brand, quantity, sales_value, retail_disc
FROM grocer.line LEFT JOIN grocer.product USING (product_id);

-- A campaign reaches its households on the day it starts.
CREATE VIEW grocer.mailing AS
SELECT household_id, start_date, campaign_id, campaign_type, end_date
FROM grocer.campaign_household JOIN grocer.campaign_description USING (campaign_id);

ANALYZE;
SELECT format('rows   households %s, lines %s, mailings %s, redemptions %s', (SELECT count(*) FROM grocer."Household"),
	(SELECT count(*) FROM grocer.line), (SELECT count(*) FROM grocer.mailing), (SELECT count(*) FROM grocer.redemption));
