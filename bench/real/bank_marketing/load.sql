-- load.sql - the telephone campaigns of a Portuguese bank, May 2008 to November
-- 2010, as its own tables.
--
-- Environment: DATA_FOLDER (the folder that holds bank_marketing/).  Lines are in
-- order of time without years: a year begins where the months go back.  The last
-- call of a line has its day; earlier ones of the campaign are put a day and two
-- hours apart, those of the campaign before end "pdays" earlier.

SET TimeZone = 'UTC';
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS bank CASCADE;
CREATE SCHEMA bank;

CREATE TEMP TABLE line_row (id int GENERATED ALWAYS AS IDENTITY, age int, job text, marital text, education text, in_default boolean,
	balance int, housing boolean, loan boolean, contact text, day int, month text, duration int, campaign int, pdays int, previous int,
	poutcome text, y boolean);
\copy line_row (age, job, marital, education, in_default, balance, housing, loan, contact, day, month, duration, campaign, pdays, previous, poutcome, y) from program 'gzip -dc "$DATA_FOLDER/bank_marketing/bank-full.csv.gz"' (format csv, header)

CREATE TABLE bank.customer (
	id int PRIMARY KEY, age int, job text, marital text, education text, balance int, housing boolean, loan boolean,
	poutcome text, phone text, street text);
INSERT INTO bank.customer SELECT id, age, job, nullif(marital, 'unknown'), nullif(education, 'unknown'), balance, housing, loan,
	nullif(poutcome, 'unknown'), CASE WHEN contact <> 'unknown' THEN '+351 ' || id END, 'Rua ' || id FROM line_row;

CREATE TABLE bank.call (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id int, at timestamptz, outcome text, duration int);
CREATE TEMP TABLE last_call AS
	SELECT l.*, make_timestamptz(2008 + (count(*) FILTER (WHERE gone_back) OVER (ORDER BY id))::int, number, day, 10, 0, 0, 'Europe/Lisbon') AS at
	FROM (SELECT *, number < lag(number) OVER (ORDER BY id) AS gone_back
		  FROM (SELECT *, array_position('{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}', month) AS number FROM line_row) AS n) AS l;
INSERT INTO bank.call (customer_id, at, outcome, duration)
SELECT id, at - (campaign - k) * interval '26 hours', CASE WHEN k < campaign THEN 'nobody' WHEN y THEN 'success' ELSE 'failure' END,
	CASE WHEN k = campaign THEN duration END
FROM last_call, generate_series(1, campaign) AS k
UNION ALL
SELECT id, at - pdays * interval '1 day' - (previous - k) * interval '26 hours', CASE WHEN k < previous THEN 'nobody' ELSE poutcome END, NULL
FROM last_call, generate_series(1, previous) AS k WHERE pdays > 0;
CREATE INDEX ON bank.call (customer_id, at);
ANALYZE bank.customer, bank.call;
