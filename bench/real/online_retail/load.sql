-- load.sql - the UCI Online Retail data as a wholesaler's own tables.
--
-- Environment: DATA_FOLDER (the folder that holds online_retail/).  Times of
-- the source are London's wall clock.  Zone and language follow the customer's
-- country; addresses and consents, which the source has not, are derived from
-- the customer's number; what was sent is derived from the invoices.

SET TimeZone = 'UTC';
SET client_min_messages = warning;

DROP SCHEMA IF EXISTS retail CASCADE;
CREATE SCHEMA retail;

CREATE TEMP TABLE line_row (line_id int GENERATED ALWAYS AS IDENTITY, invoice_no text, stock_code text, description text,
	quantity int, invoice_date timestamp, unit_price numeric, customer_id int, country text);
\copy line_row (invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country) from program 'gzip -dc "$DATA_FOLDER/online_retail/online_retail.csv.gz"' (format csv, header)

-- Lines as they came, those without a customer included.
CREATE TABLE retail.invoice_line (
	line_id int PRIMARY KEY,	-- orders lines of the same minute
	invoice_no text NOT NULL,
	customer_id int,
	kind text NOT NULL,			-- purchase or return
	at timestamptz NOT NULL,
	stock_code text NOT NULL,
	description text,
	quantity int NOT NULL,
	unit_price numeric(12, 3) NOT NULL
);
INSERT INTO retail.invoice_line
SELECT line_id, invoice_no, customer_id, CASE WHEN quantity < 0 THEN 'return' ELSE 'purchase' END,
	invoice_date AT TIME ZONE 'Europe/London', stock_code, description, quantity, unit_price
FROM line_row
ORDER BY line_id;
CREATE INDEX ON retail.invoice_line (customer_id, at);

-- Invoices and credit notes; the few that took two minutes count at the first.
CREATE TABLE retail.invoice (
	invoice_no text PRIMARY KEY,
	customer_id int,
	first_line int NOT NULL,
	at timestamptz NOT NULL,
	lines int NOT NULL,
	amount numeric NOT NULL		-- negative for credit notes
);
INSERT INTO retail.invoice
SELECT invoice_no, customer_id, min(line_id), min(at), count(*), sum(quantity * unit_price)
FROM retail.invoice_line
GROUP BY invoice_no, customer_id
ORDER BY min(line_id);
CREATE INDEX ON retail.invoice (customer_id, at);

CREATE TABLE retail.customer (
	customer_id int PRIMARY KEY,
	country text NOT NULL,
	time_zone text,				-- absent where the country names none
	language text NOT NULL,
	first_purchase timestamptz,	-- absent for customers who only returned
	first_purchase_on date,
	account jsonb NOT NULL,
	email text,
	phone text,
	fax text,
	newsletter boolean,
	calls_refused boolean
);
INSERT INTO retail.customer
SELECT customer_id, country, time_zone, coalesce(language, 'en'), first_purchase,
	(first_purchase AT TIME ZONE 'Europe/London')::date,
	jsonb_build_object('first_invoice', jsonb_build_object('no', first_no, 'amount', first_amount), 'themes', themes),
	CASE WHEN customer_id % 9 = 0 THEN '' WHEN customer_id % 9 > 1 THEN 'buyer' || customer_id || '@' || lower(left(country, 2)) || '.example' END,
	CASE WHEN customer_id % 4 > 0 THEN '+44 20 ' || customer_id END,
	CASE WHEN customer_id % 5 < 2 THEN '+44 21 ' || customer_id END,
	CASE WHEN customer_id % 7 > 0 THEN customer_id % 7 < 6 END,
	CASE WHEN customer_id % 11 < 6 THEN customer_id % 11 < 2 END
FROM (
	SELECT customer_id, (array_agg(country ORDER BY line_id DESC))[1] AS country,
		min(invoice_date) FILTER (WHERE quantity > 0) AT TIME ZONE 'Europe/London' AS first_purchase,
		coalesce(to_jsonb(array_agg(DISTINCT theme ORDER BY theme) FILTER (WHERE theme IS NOT NULL)), 'null') AS themes
	FROM line_row
	LEFT JOIN unnest('{christmas,lantern,vintage,garden,wedding,paper}'::text[]) theme
		ON description ILIKE '%' || theme || '%' AND quantity >= 12
	WHERE customer_id IS NOT NULL
	GROUP BY customer_id) c
JOIN (
	SELECT DISTINCT ON (customer_id) customer_id, invoice_no AS first_no, amount AS first_amount
	FROM retail.invoice WHERE customer_id IS NOT NULL
	ORDER BY customer_id, first_line) f USING (customer_id)
LEFT JOIN (VALUES
	('United Kingdom', 'Europe/London', 'en'), ('Channel Islands', 'Europe/London', 'en'), ('EIRE', 'Europe/Dublin', 'en'),
	('Germany', 'Europe/Berlin', 'de'), ('Austria', 'Europe/Vienna', 'de'), ('Switzerland', 'Europe/Zurich', 'de'),
	('France', 'Europe/Paris', 'fr'), ('Belgium', 'Europe/Brussels', 'fr'), ('Netherlands', 'Europe/Amsterdam', 'nl'),
	('Spain', 'Europe/Madrid', 'es'), ('Portugal', 'Europe/Lisbon', 'pt'), ('Italy', 'Europe/Rome', 'it'),
	('Norway', 'Europe/Oslo', 'no'), ('Sweden', 'Europe/Stockholm', 'sv'), ('Denmark', 'Europe/Copenhagen', 'da'),
	('Finland', 'Europe/Helsinki', 'fi'), ('Iceland', 'Atlantic/Reykjavik', 'is'), ('Cyprus', 'Asia/Nicosia', 'el'),
	('Greece', 'Europe/Athens', 'el'), ('Malta', 'Europe/Malta', 'en'), ('Poland', 'Europe/Warsaw', 'pl'),
	('Czech Republic', 'Europe/Prague', 'cs'), ('Lithuania', 'Europe/Vilnius', 'lt'), ('Australia', 'Australia/Sydney', 'en'),
	('Japan', 'Asia/Tokyo', 'ja'), ('Singapore', 'Asia/Singapore', 'en'), ('Israel', 'Asia/Jerusalem', 'he'),
	('Lebanon', 'Asia/Beirut', 'ar'), ('Bahrain', 'Asia/Bahrain', 'ar'), ('Saudi Arabia', 'Asia/Riyadh', 'ar'),
	('United Arab Emirates', 'Asia/Dubai', 'ar'), ('USA', 'America/New_York', 'en'), ('Canada', 'America/Toronto', 'en'),
	('Brazil', 'America/Sao_Paulo', 'pt'), ('RSA', 'Africa/Johannesburg', 'en'), ('Hong Kong', 'Asia/Hong_Kong', 'en')
) z(country, time_zone, language) USING (country);

-- What was sent already: a letter of thanks for some invoices (decided at once,
-- sent a day later), answers to some firings of two triggers, and catalogs.
CREATE TABLE retail.sent_message (
	customer_id int NOT NULL,
	campaign text NOT NULL,
	experience text NOT NULL,
	channel text NOT NULL,
	message text NOT NULL,
	trigger text,
	fired_at timestamptz,
	status text NOT NULL,
	decided_at timestamptz NOT NULL,
	send_at timestamptz NOT NULL
);
INSERT INTO retail.sent_message
SELECT customer_id, 'thank_big', 'thanks', CASE WHEN first_line % 3 = 0 THEN 'letter' ELSE 'email' END,
	CASE WHEN first_line % 3 = 0 THEN 'thanks.letter' ELSE 'thanks.email' END, 'big_order', at,
	(ARRAY['sent', 'delivered', 'planned', 'claimed', 'sent', 'failed', 'expired'])[first_line % 7 + 1],
	at + interval '1 hour', at + interval '26 hours'
FROM retail.invoice
WHERE customer_id IS NOT NULL AND (amount >= 1000 AND first_line % 2 = 0 OR first_line % 5 = 0);

INSERT INTO retail.sent_message
SELECT customer_id, 'win_back', 'comeback', channel, 'comeback.' || channel, 'lapsing', at + interval '60 days',
	CASE WHEN first_line % 8 = 0 THEN 'cancelled' ELSE 'sent' END, at + interval '60 days 2 hours', at + interval '60 days 3 hours'
FROM (SELECT *, (ARRAY['email', 'phone', 'fax'])[first_line % 3 + 1] AS channel,
		lead(at, 1, 'infinity') OVER (PARTITION BY customer_id ORDER BY at, first_line) AS next_at
	  FROM retail.invoice WHERE customer_id IS NOT NULL) i
WHERE at + interval '60 days' < least(next_at, '2011-12-09') AND first_line % 4 = 0;

INSERT INTO retail.sent_message
SELECT customer_id, 'care', 'care', 'phone', 'care.phone', 'returned', at, 'delivered', at + interval '3 hours', at + interval '20 hours'
FROM retail.invoice_line
WHERE customer_id IS NOT NULL AND kind = 'return' AND line_id % 6 = 0;

INSERT INTO retail.sent_message
SELECT customer_id, 'replenish', 'refill', 'fax', 'refill.fax', NULL, NULL, 'sent', at + interval '40 days', at + interval '40 days'
FROM retail.invoice
WHERE customer_id IS NOT NULL AND first_line % 6 = 1 AND at < '2011-10-20';

INSERT INTO retail.sent_message
SELECT customer_id, 'catalog', 'catalog', 'email', 'catalog.email', NULL, NULL, 'sent', at + interval '8 days', at + interval '9 days'
FROM retail.invoice
WHERE customer_id IS NOT NULL AND first_line % 6 = 2;

ANALYZE retail.customer, retail.invoice, retail.invoice_line, retail.sent_message;

SELECT format('rows   retail.%s: %s', name, n)
FROM (VALUES ('customer', (SELECT count(*) FROM retail.customer)), ('invoice', (SELECT count(*) FROM retail.invoice)),
	('invoice_line', (SELECT count(*) FROM retail.invoice_line)),
	('sent_message', (SELECT count(*) FROM retail.sent_message))) t(name, n);
