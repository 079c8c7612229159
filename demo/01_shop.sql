-- 01_shop.sql - a shop with subscriptions: its tables, and a seeded generator for them.
--
-- Kessel & Kanne sells coffee, tea, chocolate, machines and things for the
-- kitchen, in German and in English, by subscription and by single order.
-- Nothing in this file knows persona: it stands for the tables you already have.
--
-- The generator draws from a hash of (row, salt), never from random(), so every
-- run gives the same customers with the same habits.  Times are laid relative to
-- the hour in which it runs (or to psql's variable "base", if that is set: same
-- base, same rows), and the shop goes on for one day after it: events that lie
-- ahead come into being as the clock reaches them (persona sees nothing later
-- than as_of), so there is always somebody in the shop while you look around.

\pset tuples_only on
\pset format unaligned

\if :{?base}
\else
    SELECT date_trunc('hour', now()) AS base \gset
\endif
SET timezone = 'Europe/Berlin';  -- where the shop is
SET jit = off;  -- every statement here is short; compiling them would take longer

BEGIN;

-- ---------------------------------------------------------------------------
-- The dice
-- ---------------------------------------------------------------------------

CREATE SCHEMA demo;
COMMENT ON SCHEMA demo IS 'Helpers of the demo; no part of the shop.';

-- Returns a number in [0, 1) that depends on its two arguments only.
CREATE FUNCTION demo.u(key bigint, salt bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (hashint8extended(key, salt) & 9007199254740991)::double precision / 9007199254740992;
COMMENT ON FUNCTION demo.u(bigint, bigint) IS 'A reproducible number in [0, 1) for a row and a salt.';

-- Returns one element of a list; with skew above 1 the first ones are the more frequent.
CREATE FUNCTION demo.pick(list text[], u double precision, skew double precision DEFAULT 1) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN list[1 + floor(cardinality(list) * u ^ skew)::int];
COMMENT ON FUNCTION demo.pick(text[], double precision, double precision) IS 'One element of a list, the first ones more often if skew > 1.';

-- Returns the shares of the 168 hours of a week, added up: lunch and evening
-- are busy, the night is not, Sunday beats Friday.
CREATE FUNCTION demo.week() RETURNS double precision[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH hour (d, h, share) AS (
        SELECT d, h, by_day.share * by_hour.share
        FROM unnest(ARRAY[1.05, 1.0, 0.95, 0.95, 0.9, 1.0, 1.25]::float8[]) WITH ORDINALITY AS by_day (share, d),
             unnest(ARRAY[2, 1, 0.6, 0.5, 0.6, 1.5, 4, 7, 8, 8, 8, 9,
                          10, 9, 8, 8, 9, 10, 11, 13, 15, 14, 9, 5]::float8[]) WITH ORDINALITY AS by_hour (share, h)
    )
    SELECT array_agg(added ORDER BY d, h)
    FROM (SELECT d, h, sum(share) OVER (ORDER BY d, h) / sum(share) OVER () AS added FROM hour) AS s;
END;
COMMENT ON FUNCTION demo.week() IS 'Cumulated shares of the 168 hours of a week, Monday first.';

-- Returns the last moment before "upto" (wall clock) that falls on an hour of
-- the week drawn with u1, "weeks" further weeks back; u2 is the minute.
CREATE FUNCTION demo.moment(upto timestamp, weeks int, u1 double precision, u2 double precision) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT date_trunc('second', upto - weeks * interval '7 days'
                                - (ago - 168 * floor(ago / 168)) * interval '1 hour')
    FROM (SELECT extract(epoch FROM upto - date_trunc('week', upto))::double precision / 3600
                 - least(width_bucket(u1, demo.week()), 167) - u2 AS ago) AS a;
END;
COMMENT ON FUNCTION demo.moment(timestamp, int, double precision, double precision) IS 'A moment with the rhythm of day and week.';

-- Returns the beginning of a text, for narrow columns.
CREATE FUNCTION demo.short(t text, n int) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN length(t) > n THEN regexp_replace(left(t, n), '\W*\w*$', '') || ' ...' ELSE t END;
COMMENT ON FUNCTION demo.short(text, int) IS 'The beginning of a text, cut between words.';

-- Says how far the generator is, for run.sh to show.
CREATE FUNCTION demo.done(what text, n bigint DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE
RETURN format('%7s s   %9s  %s',
              to_char(extract(epoch FROM clock_timestamp())
                      - coalesce(nullif(current_setting('demo.started', true), '')::numeric,
                                 extract(epoch FROM now())), 'FM9990.0'),
              coalesce(to_char(n, 'FM999,999,990'), ''), what);
COMMENT ON FUNCTION demo.done(text, bigint) IS 'A line of progress: elapsed time, number of rows, what.';

-- ---------------------------------------------------------------------------
-- The tables (keys, indexes and foreign keys follow once they are filled)
-- ---------------------------------------------------------------------------

CREATE SCHEMA crm;
CREATE SCHEMA shop;
CREATE SCHEMA web;
CREATE SCHEMA billing;
COMMENT ON SCHEMA crm IS 'Who the customers are, what they signed, what they told us.';
COMMENT ON SCHEMA shop IS 'What is sold, and what was bought.';
COMMENT ON SCHEMA web IS 'What happens on the pages of the shop.';
COMMENT ON SCHEMA billing IS 'Invoices.';

CREATE TABLE crm.customer (
    id bigint NOT NULL,
    salutation text NOT NULL,
    title text,
    first_name text NOT NULL,
    last_name text NOT NULL,
    sex text CHECK (sex IN ('f', 'm')),
    language text CHECK (language IN ('de', 'en')),
    time_zone text,
    birthday date,
    email text,
    phone text,
    mobile text,
    app_token text,
    street text,
    postal_code text,
    city text,
    country text NOT NULL,
    email_opt_in boolean NOT NULL,
    sms_opt_in boolean NOT NULL,
    phone_opt_in boolean NOT NULL,
    push_opt_in boolean NOT NULL,
    letter_opt_in boolean NOT NULL,
    customer_since date NOT NULL,
    plan text CHECK (plan IN ('flex', 'classic', 'premium')),
    contract_from date,
    contract_until date,
    cancelled_on date,
    invoice_by text NOT NULL CHECK (invoice_by IN ('post', 'email')),
    clv numeric(10, 2),
    points int NOT NULL,
    tags text[] NOT NULL,
    profile jsonb NOT NULL
);
COMMENT ON TABLE crm.customer IS 'One row per customer. People, addresses and numbers are invented; telephone numbers come from ranges that are kept free for fiction.';
COMMENT ON COLUMN crm.customer.salutation IS 'How a letter begins, in the language of the customer.';
COMMENT ON COLUMN crm.customer.sex IS 'f, m, or NULL: not stated.';
COMMENT ON COLUMN crm.customer.language IS 'de, en, or NULL: not known.';
COMMENT ON COLUMN crm.customer.time_zone IS 'Where the customer''s clock hangs, or NULL: not known.';
COMMENT ON COLUMN crm.customer.app_token IS 'The device on which the app of the shop is installed.';
COMMENT ON COLUMN crm.customer.plan IS 'Current subscription: flex (monthly), classic (a year), premium (a year, first pick of every harvest); NULL: none.';
COMMENT ON COLUMN crm.customer.contract_until IS 'End of the current term.';
COMMENT ON COLUMN crm.customer.cancelled_on IS 'Day on which the last subscription was cancelled.';
COMMENT ON COLUMN crm.customer.clv IS 'Customer lifetime value in euros, as estimated by the shop.';
COMMENT ON COLUMN crm.customer.points IS 'Balance of the loyalty program.';
COMMENT ON COLUMN crm.customer.profile IS 'What the customer told us: {"interests": [...], "brewing": ..., "household": ..., "heard_of_us": ...}.';

CREATE TABLE shop.item (
    item_id text PRIMARY KEY,
    category text NOT NULL,
    place int NOT NULL,
    item text NOT NULL,
    price numeric(8, 2) NOT NULL,
    by_subscription boolean NOT NULL,
    UNIQUE (category, place)
);
COMMENT ON TABLE shop.item IS 'The catalog.';
COMMENT ON COLUMN shop.item.place IS 'Place in its category, best-sellers first.';

CREATE TABLE shop.customer_order (
    order_id bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    at timestamptz NOT NULL,
    source text NOT NULL CHECK (source IN ('shop', 'subscription')),
    item_id text NOT NULL,
    item text NOT NULL,
    category text NOT NULL,
    quantity int NOT NULL,
    amount numeric(10, 2) NOT NULL
);
COMMENT ON TABLE shop.customer_order IS 'Orders of the last 18 months: single ones, and the deliveries of subscriptions.';

CREATE TABLE web.click (
    click_id bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('page_view', 'product_view', 'cart_add', 'cart_remove', 'cancellation_page')),
    page text NOT NULL,
    item_id text,
    item text,
    category text,
    device text NOT NULL
);
COMMENT ON TABLE web.click IS 'What customers who are logged in did on the pages, kept for 120 days.';

CREATE TABLE crm.subscription_change (
    change_id bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    at timestamptz NOT NULL,
    change text NOT NULL CHECK (change IN ('subscribed', 'upgraded', 'paused', 'resumed', 'cancelled')),
    plan text NOT NULL,
    reason text
);
COMMENT ON TABLE crm.subscription_change IS 'The life of a subscription, cancellations among it.';

CREATE TABLE crm.service_case (
    case_id bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('question', 'complaint', 'return')),
    came_by text NOT NULL,
    note text
);
COMMENT ON TABLE crm.service_case IS 'Contacts that customers sought: questions, complaints, returns.';

CREATE TABLE billing.invoice (
    invoice_id bigint GENERATED BY DEFAULT AS IDENTITY,
    customer_id bigint NOT NULL,
    at timestamptz NOT NULL,
    delivery text NOT NULL CHECK (delivery IN ('post', 'email')),
    amount numeric(10, 2) NOT NULL
);
COMMENT ON TABLE billing.invoice IS 'Monthly invoices of subscriptions; those that go by post are printed in the following night.';

-- ---------------------------------------------------------------------------
-- The catalog
-- ---------------------------------------------------------------------------

INSERT INTO shop.item (item_id, category, place, item, price, by_subscription)
SELECT upper(left(category, 3)) || '-' || 100 + place, category, place, item, price, category IN ('coffee', 'tea', 'chocolate', 'kitchen') AND price < 25
FROM (
    SELECT category, row_number() OVER (PARTITION BY category ORDER BY n) AS place, item, price
    FROM (VALUES
        (1, 'coffee', 'Espresso Speicherstadt', 12.90), (2, 'coffee', 'Crema Alte Rösterei', 11.50),
        (3, 'coffee', 'Sidamo Filter Roast', 14.20), (4, 'coffee', 'Huila Single Estate', 15.80),
        (5, 'coffee', 'Decaf Mondschein', 13.40), (6, 'coffee', 'Yirgacheffe Natural', 16.50),
        (7, 'coffee', 'Espresso Triest', 12.20), (8, 'coffee', 'Antigua Honey', 15.10),
        (9, 'coffee', 'Cold Brew Bags', 9.90), (10, 'coffee', 'Sumatra Dark', 13.90),
        (11, 'coffee', 'Kenya AA Nyeri', 17.80), (12, 'coffee', 'Tasting Box Coffee', 24.00),
        (21, 'tea', 'Assam Second Flush', 8.90), (22, 'tea', 'Ostfriesen Blend', 7.80),
        (23, 'tea', 'Earl Grey No. 7', 8.40), (24, 'tea', 'Sencha Kagoshima', 12.60),
        (25, 'tea', 'Darjeeling Margaret''s Hope', 14.90), (26, 'tea', 'Pfefferminze Bio', 6.20),
        (27, 'tea', 'Rooibos Vanilla', 6.90), (28, 'tea', 'Jasmine Pearls', 15.50),
        (29, 'tea', 'Matcha Uji 30 g', 19.80), (30, 'tea', 'Tasting Box Tea', 22.00),
        (41, 'chocolate', 'Madagaskar 72 %', 4.90), (42, 'chocolate', 'Meersalz-Karamell', 5.20),
        (43, 'chocolate', 'Piura 80 %', 5.80), (44, 'chocolate', 'Haselnuss-Nougat', 5.40),
        (45, 'chocolate', 'Drinking Chocolate 60 %', 9.80), (46, 'chocolate', 'Candied Orange', 7.20),
        (51, 'kitchen', 'Filter Papers No. 4', 3.90), (52, 'kitchen', 'Descaler Tabs', 8.90),
        (53, 'kitchen', 'Oat Drink Barista 6 l', 13.80), (54, 'kitchen', 'Linen Tea Towels', 18.50),
        (55, 'kitchen', 'Storage Tin 500 g', 14.90), (56, 'kitchen', 'Double-walled Glasses', 21.90),
        (57, 'kitchen', 'Milk Jug 350 ml', 19.90), (58, 'kitchen', 'Digital Scale', 34.90),
        (61, 'machines', 'Hand Grinder Mühlbach', 89.00), (62, 'machines', 'Pour-over Set Kanne 6', 54.00),
        (63, 'machines', 'French Press 1 l', 39.00), (64, 'machines', 'Kettle Schwanenhals', 74.00),
        (65, 'machines', 'Cast-iron Teapot', 62.00), (66, 'machines', 'Moka Pot 6 Cups', 36.00),
        (67, 'machines', 'Electric Grinder M2', 229.00), (68, 'machines', 'Espresso Machine Adria', 649.00)
    ) AS v (n, category, item, price)
) AS c
ORDER BY 2, 3;

SELECT demo.done('items in the catalog', count(*)) FROM shop.item;

-- ---------------------------------------------------------------------------
-- The people: what they are like, before what they do
-- ---------------------------------------------------------------------------

CREATE TEMP TABLE person ON COMMIT DROP AS
WITH town (country, time_zone, city, postal_code, from_share) AS MATERIALIZED (
    SELECT country, time_zone, city, postal_code, (sum(share) OVER (ORDER BY n) - share)::double precision / sum(share) OVER ()
    FROM (VALUES
        (1, 'DE', 'Europe/Berlin', 'Berlin', '10435', 100), (2, 'DE', 'Europe/Berlin', 'Hamburg', '22765', 70),
        (3, 'DE', 'Europe/Berlin', 'München', '80799', 60), (4, 'DE', 'Europe/Berlin', 'Köln', '50674', 45),
        (5, 'DE', 'Europe/Berlin', 'Frankfurt am Main', '60318', 30), (6, 'DE', 'Europe/Berlin', 'Stuttgart', '70178', 27),
        (7, 'DE', 'Europe/Berlin', 'Düsseldorf', '40479', 25), (8, 'DE', 'Europe/Berlin', 'Leipzig', '04229', 28),
        (9, 'DE', 'Europe/Berlin', 'Dresden', '01099', 22), (10, 'DE', 'Europe/Berlin', 'Bremen', '28203', 22),
        (11, 'DE', 'Europe/Berlin', 'Hannover', '30167', 20), (12, 'DE', 'Europe/Berlin', 'Nürnberg', '90429', 20),
        (13, 'DE', 'Europe/Berlin', 'Münster', '48151', 18), (14, 'DE', 'Europe/Berlin', 'Freiburg im Breisgau', '79102', 18),
        (15, 'DE', 'Europe/Berlin', 'Lübeck', '23552', 12), (16, 'DE', 'Europe/Berlin', 'Göttingen', '37073', 12),
        (17, 'DE', 'Europe/Berlin', 'Oldenburg', '26121', 10), (18, 'DE', 'Europe/Berlin', 'Görlitz', '02826', 6),
        (21, 'AT', 'Europe/Vienna', 'Wien', '1070', 45), (22, 'AT', 'Europe/Vienna', 'Graz', '8010', 14),
        (23, 'AT', 'Europe/Vienna', 'Salzburg', '5020', 8),
        (31, 'CH', 'Europe/Zurich', 'Zürich', '8004', 32), (32, 'CH', 'Europe/Zurich', 'Basel', '4053', 14),
        (33, 'CH', 'Europe/Zurich', 'Bern', '3012', 14),
        (41, 'GB', 'Europe/London', 'London', 'N16 8BX', 95), (42, 'GB', 'Europe/London', 'Manchester', 'M21 9EQ', 34),
        (43, 'GB', 'Europe/London', 'Bristol', 'BS6 5QA', 30), (44, 'GB', 'Europe/London', 'Edinburgh', 'EH9 1JU', 28),
        (45, 'GB', 'Europe/London', 'Leeds', 'LS6 2AD', 22), (46, 'GB', 'Europe/London', 'Brighton', 'BN2 0GR', 18),
        (47, 'GB', 'Europe/London', 'York', 'YO23 1JH', 12), (48, 'GB', 'Europe/London', 'Cardiff', 'CF11 9DX', 12),
        (51, 'IE', 'Europe/Dublin', 'Dublin', 'D06 F2P4', 22), (52, 'IE', 'Europe/Dublin', 'Cork', 'T12 W8KP', 8)
    ) AS v (n, country, time_zone, city, postal_code, share)
), one AS (
    SELECT g AS n, 10000 + g AS id, t.*,
           t.country IN ('DE', 'AT', 'CH') AS german_name,
           CASE WHEN demo.u(g, 2) < 0.51 THEN 'f' WHEN demo.u(g, 2) < 0.97 THEN 'm' END AS sex,
           -- how much somebody buys is skewed: a tenth of the customers makes a third of the orders
           exp(0.75 * sqrt(-2 * ln(1 - demo.u(g, 3))) * cos(2 * pi() * demo.u(g, 4))) AS zeal,
           date_trunc('second', :'base'::timestamptz - (12 + 900 * demo.u(g, 5) ^ 1.15) * interval '1 day') AS joined_at,
           demo.pick('{coffee,coffee,coffee,coffee,coffee,tea,tea,tea,chocolate,kitchen,machines}', demo.u(g, 6)) AS taste,
           demo.pick('{coffee,tea,chocolate,kitchen,machines,kitchen}', demo.u(g, 7)) AS second_taste,
           demo.u(g, 8) < 0.30 AS leaves,
           demo.u(g, 9) < 0.56 AS subscribes,
           (ARRAY[28, 28, 28, 28, 42, 56])[1 + floor(6 * demo.u(g, 10))::int] AS rhythm,
           demo.pick('{flex,flex,flex,flex,classic,classic,classic,classic,premium,premium}', demo.u(g, 11)) AS plan
    FROM generate_series(1, 5000) AS g
    CROSS JOIN LATERAL (SELECT country, time_zone, city, postal_code FROM town
                        WHERE from_share <= demo.u(g, 1) ORDER BY from_share DESC LIMIT 1) AS t
), named AS (
    SELECT one.*,
           CASE WHEN german_name AND sex = 'f' THEN
               demo.pick('{Anna,Julia,Katharina,Sabine,Claudia,Susanne,Lena,Laura,Marie,Petra,Andrea,Stefanie,Birgit,Monika,Johanna,Hannah,Sophie,Nicole,Martina,Lea,Clara,Franziska,Christine,Charlotte,Ursula,Karin,Greta,Bärbel,Ayşe,Käthe,Emilia,Magdalena,Jördis,Friederike,Elif,Agnieszka,Heike,Ingrid,Zoë,Anneliese,Svenja,Paula,Mathilda,Rosa,Thúy,Chiara}', demo.u(n, 12), 1.4)
                WHEN german_name AND sex = 'm' THEN
               demo.pick('{Thomas,Michael,Andreas,Stefan,Christian,Markus,Jan,Lukas,Peter,Paul,Jonas,Felix,Martin,Daniel,Alexander,Jürgen,Wolfgang,Klaus,Matthias,Sebastian,Philipp,Frank,Björn,Uwe,Jörg,Günther,Maximilian,Elias,Karl-Heinz,Mehmet,Moritz,Anton,Friedrich,Sönke,Kerem,Tobias,Hans-Peter,Emil,Rüdiger,Götz,Piotr,Leon,Oskar,Valentin,Nguyên,Luca}', demo.u(n, 12), 1.4)
                WHEN german_name THEN demo.pick('{Kim,Robin,Luca,Toni,Jona,Kaya,Sascha,Mika}', demo.u(n, 12))
                WHEN sex = 'f' THEN
               demo.pick('{Emma,Sarah,Olivia,Charlotte,Emily,Claire,Helen,Rachel,Sophie,Alice,Margaret,Lucy,Fiona,Aisling,Hannah,Priya,Grace,Victoria,Zoë,Siân,Chloe,Rebecca,Amara,Niamh,Joan,Renée,Beatrice,Harriet,Maeve,Fatima}', demo.u(n, 12), 1.3)
                WHEN sex = 'm' THEN
               demo.pick('{James,David,John,Thomas,Daniel,Oliver,William,George,Andrew,Harry,Matthew,Simon,Edward,Callum,Patrick,Seán,Arjun,Henry,Peter,Liam,Rhys,Mohammed,Alistair,Samuel,Owen,Robert,Theo,Kwame,Hugh,Declan}', demo.u(n, 12), 1.3)
                ELSE demo.pick('{Alex,Sam,Robin,Jamie,Charlie,Rowan,Taylor,Morgan}', demo.u(n, 12))
           END AS first_name,
           CASE WHEN german_name THEN
               demo.pick('{Müller,Schmidt,Schneider,Fischer,Weber,Meyer,Wagner,Becker,Schulz,Hoffmann,Schäfer,Koch,Bauer,Richter,Klein,Wolf,Schröder,Neumann,Schwarz,Zimmermann,Braun,Krüger,Hofmann,Hartmann,Lange,Werner,Krause,Lehmann,Köhler,König,Huber,Gruber,Kaiser,Fuchs,Peters,Scholz,Möller,Weiß,Jung,Hahn,Vogel,Friedrich,Keller,Günther,Berger,Winkler,Roth,Böhm,Brunner,Ammann,Lorenz,Yılmaz,Nowak,Groß,Öztürk,Brückner,Ackermann,Süß,Jäger,Petersen,Hinrichs,Ebner,Hübner,Kowalski,Größl,Ñíguez}', demo.u(n, 13), 1.5)
                ELSE
               demo.pick('{Smith,Jones,Taylor,Brown,Williams,Wilson,Evans,Davies,Thomas,Johnson,Roberts,Walker,Wright,Robinson,Thompson,White,Hughes,Green,Hall,Clarke,Wood,Murphy,Patel,Campbell,Kelly,O''Brien,Fraser,MacLeod,Byrne,Khan,Okafor,Ó Súilleabháin,Llewellyn,Singh,Harris,Fitzgerald,Ashworth,Begum,St John,Cholmondeley}', demo.u(n, 13), 1.4)
           END AS name,
           CASE WHEN demo.u(n, 14) < 0.007 THEN 'Prof. Dr.' WHEN demo.u(n, 14) < 0.045 THEN 'Dr.' END AS title
    FROM one
)
SELECT id, n, country, time_zone, city, postal_code, german_name, sex, first_name, zeal, joined_at, taste,
       CASE WHEN second_taste = taste THEN 'chocolate' ELSE second_taste END AS second_taste,
       CASE WHEN german_name THEN title ELSE replace(title, '.', '') END AS title,
       CASE WHEN demo.u(n, 15) < 0.06 THEN name || '-' || demo.pick(CASE WHEN german_name
                    THEN '{Lüdecke,Hansen,Sommer,Graf,Thoma,Brandt,Pohl}' ELSE '{Hart,Lloyd,Moore,Price,Shaw}' END::text[], demo.u(n, 16))
            WHEN german_name AND demo.u(n, 15) < 0.07 THEN 'von ' || name
            WHEN german_name AND demo.u(n, 15) < 0.074 THEN 'von der Heide'
            ELSE name END AS last_name,
       CASE WHEN demo.u(n, 17) < 0.015 THEN NULL
            WHEN german_name <> (demo.u(n, 17) < 0.06) THEN 'de' ELSE 'en' END AS language,
       CASE WHEN leaves THEN joined_at + (0.15 + 0.85 * demo.u(n, 18)) * (:'base'::timestamptz - joined_at) END AS left_at,
       CASE WHEN subscribes THEN joined_at + demo.u(n, 19) * 0.4 * (:'base'::timestamptz - joined_at) * CASE WHEN leaves THEN 0.3 ELSE 1 END END AS subscribed_at,
       CASE WHEN subscribes THEN plan END AS plan,
       rhythm
FROM named;

-- Who has left is gone for the shop, up to the moment at which the demo ends for the others.
ALTER TABLE person ADD active_until timestamptz;
UPDATE person SET active_until = coalesce(left_at, :'base'::timestamptz + interval '1 day'),
                  subscribed_at = CASE WHEN subscribed_at < coalesce(left_at, 'infinity') THEN subscribed_at END,
                  plan = CASE WHEN subscribed_at < coalesce(left_at, 'infinity') THEN plan END;
ALTER TABLE person ADD PRIMARY KEY (id);
ANALYZE person;

-- ---------------------------------------------------------------------------
-- Orders: deliveries of subscriptions, and single orders
-- ---------------------------------------------------------------------------

CREATE TEMP TABLE shelf ON COMMIT DROP AS
SELECT category, count(*)::int AS items, count(*) FILTER (WHERE by_subscription)::int AS by_subscription FROM shop.item GROUP BY category;
ANALYZE shop.item, shelf;

-- Subscriptions come every four, six or eight weeks, out of the warehouse in the morning.
INSERT INTO shop.customer_order (customer_id, at, source, item_id, item, category, quantity, amount)
SELECT o.id, o.at, 'subscription', i.item_id, i.item, i.category, o.quantity,
       round(o.quantity * i.price * CASE o.plan WHEN 'flex' THEN 1 WHEN 'classic' THEN 0.92 ELSE 0.88 END, 2)
FROM (
    SELECT p.id, p.plan, d.at, s.category, 1 + floor(s.by_subscription * demo.u(p.n, 31))::int AS place,
           1 + floor(2.4 * demo.u(p.n, 32))::int AS quantity
    FROM person AS p
    JOIN shelf AS s ON s.category = CASE p.taste WHEN 'machines' THEN 'coffee' ELSE p.taste END
    CROSS JOIN LATERAL (
        SELECT (date_trunc('day', (p.subscribed_at + k * p.rhythm * interval '1 day') AT TIME ZONE p.time_zone)
                + interval '6 hours' + floor(10800 * demo.u(p.n * 1000 + k, 33)) * interval '1 second') AT TIME ZONE p.time_zone AS at
        FROM generate_series(0, 60) AS k
    ) AS d
    WHERE p.subscribed_at IS NOT NULL
      AND d.at BETWEEN greatest(p.subscribed_at, :'base'::timestamptz - interval '540 days') AND p.active_until
) AS o
JOIN shop.item AS i ON i.category = o.category AND i.place = o.place
ORDER BY o.at, o.id;

-- Single orders follow zeal and taste, and the rhythm of the week.
INSERT INTO shop.customer_order (customer_id, at, source, item_id, item, category, quantity, amount)
SELECT o.id, o.at, 'shop', i.item_id, i.item, i.category, q.quantity, q.quantity * i.price
FROM (
    SELECT p.id, p.n * 10000 + j AS key, p.n,
           demo.moment(p.active_until AT TIME ZONE p.time_zone, floor(p.weeks * demo.u(p.n * 10000 + j, 41))::int,
                       demo.u(p.n * 10000 + j, 42), demo.u(p.n * 10000 + j, 43)) AT TIME ZONE p.time_zone AS at,
           p.joined_at,
           CASE WHEN demo.u(p.n * 10000 + j, 44) < 0.62 THEN p.taste
                WHEN demo.u(p.n * 10000 + j, 44) < 0.84 THEN p.second_taste
                ELSE demo.pick('{coffee,kitchen,chocolate,tea,machines}', demo.u(p.n * 10000 + j, 45), 1.4) END AS category
    FROM (
        SELECT person.*, w.weeks, 37500 * zeal * w.weeks / sum(zeal * w.weeks) OVER () AS expected
        FROM person,
             LATERAL (SELECT ceil(extract(epoch FROM active_until - greatest(joined_at, :'base'::timestamptz - interval '540 days'))
                                  / 604800)::int AS weeks) AS w
        WHERE w.weeks > 0
    ) AS p
    CROSS JOIN LATERAL generate_series(1, floor(p.expected + demo.u(p.n, 40))::int) AS j
) AS o
JOIN shelf AS s USING (category)
JOIN shop.item AS i ON i.category = o.category
     AND i.place = 1 + CASE WHEN demo.u(o.key, 46) < 0.45 THEN floor(s.items * demo.u(o.n, 47) ^ 1.6)
                            ELSE floor(s.items * demo.u(o.key, 48) ^ 1.8) END
CROSS JOIN LATERAL (SELECT CASE WHEN i.price > 30 THEN 1 ELSE 1 + floor(3 * demo.u(o.key, 49) ^ 1.8)::int END AS quantity) AS q
WHERE o.at > greatest(o.joined_at, :'base'::timestamptz - interval '540 days')
ORDER BY o.at, o.id;

SELECT demo.done('orders', count(*)) FROM shop.customer_order;

-- ---------------------------------------------------------------------------
-- Customers: the rows, with what follows from their orders
-- ---------------------------------------------------------------------------

INSERT INTO crm.customer
SELECT p.id,
       CASE WHEN p.language IS DISTINCT FROM 'de' THEN
                'Dear ' || coalesce(replace(p.title, '.', ''), CASE p.sex WHEN 'f' THEN 'Ms' WHEN 'm' THEN 'Mr' ELSE p.first_name END) || ' ' || p.last_name
            WHEN p.sex = 'f' THEN 'Sehr geehrte ' || concat_ws(' ', 'Frau', p.title, p.last_name)
            WHEN p.sex = 'm' THEN 'Sehr geehrter ' || concat_ws(' ', 'Herr', p.title, p.last_name)
            ELSE 'Guten Tag ' || concat_ws(' ', p.title, p.first_name, p.last_name)
       END,
       p.title, p.first_name, p.last_name, p.sex, p.language,
       CASE WHEN demo.u(p.n, 51) >= 0.04 THEN p.time_zone END,
       CASE WHEN demo.u(p.n, 52) >= 0.06 THEN
           (:'base'::timestamptz AT TIME ZONE p.time_zone)::date - (365.25 * (19 + 32 * (demo.u(p.n, 53) + demo.u(p.n, 54))))::int END,
       CASE WHEN demo.u(p.n, 55) >= 0.03 THEN
           e.mailbox || CASE WHEN e.nth > 1 THEN e.nth::text ELSE '' END || '@'
           || demo.pick(CASE WHEN p.german_name THEN '{mail,mail,mail,post,post,briefkasten,firma}'
                             ELSE '{mail,mail,mail,post,post,letterbox,company}' END::text[], demo.u(p.n, 56)) || '.example' END,
       CASE WHEN demo.u(p.n, 57) < 0.62 THEN
           CASE WHEN p.german_name THEN demo.pick('{+49 30 23125 ,+49 69 90009 ,+49 40 66969 ,+49 221 4710 ,+49 89 99998 }', demo.u(p.n, 58))
                ELSE '+44 20 7946 0' END || to_char(floor(1000 * demo.u(p.n, 59)), 'FM000') END,
       CASE WHEN demo.u(p.n, 60) < 0.82 THEN
           CASE WHEN p.german_name THEN demo.pick('{+49 171 39200 ,+49 176 040690 }', demo.u(p.n, 61)) || to_char(floor(100 * demo.u(p.n, 62)), 'FM00')
                ELSE '+44 7700 900' || to_char(floor(1000 * demo.u(p.n, 62)), 'FM000') END END,
       CASE WHEN demo.u(p.n, 63) < 0.34 THEN md5('device ' || p.id) END,
       CASE WHEN p.german_name THEN
           demo.pick('{Hauptstraße,Lindenallee,Schillerstraße,Gartenweg,Am Mühlbach,Bahnhofstraße,Goethestraße,Kastanienweg,Bergstraße,Rosenthaler Platz,Jahnstraße,Kirchgasse,Uferstraße,Schönhauser Straße}', demo.u(p.n, 64))
                || ' ' || 1 + floor(120 * demo.u(p.n, 65) ^ 1.5) || CASE WHEN demo.u(p.n, 66) < 0.1 THEN ' a' ELSE '' END
            ELSE 1 + floor(120 * demo.u(p.n, 65) ^ 1.5) || ' '
                || demo.pick('{Station Road,Church Lane,Victoria Street,Mill Road,Park Avenue,Queens Terrace,Albert Road,The Crescent,Grange Road,Chapel Street,Orchard Way}', demo.u(p.n, 64))
       END,
       p.postal_code, p.city, p.country,
       demo.u(p.n, 71) < 0.72,
       demo.u(p.n, 72) < 0.40,
       demo.u(p.n, 73) < 0.35,
       demo.u(p.n, 74) < 0.80,
       demo.u(p.n, 75) < 0.85,
       p.joined_at::date,
       CASE WHEN p.left_at IS NULL THEN p.plan END,
       p.subscribed_at::date,
       CASE WHEN p.left_at IS NULL AND p.plan IS NOT NULL THEN
           (:'base'::timestamptz + CASE p.plan WHEN 'flex' THEN 30 ELSE 365 END * demo.u(p.n, 76) * interval '1 day')::date END,
       CASE WHEN p.plan IS NOT NULL THEN p.left_at::date END,
       CASE WHEN demo.u(p.n, 77) < 0.42 THEN 'post' ELSE 'email' END,
       round(o.spent * CASE WHEN p.left_at IS NULL THEN 0.55 ELSE 0.3 END, 2),
       coalesce(o.spent, 0)::int / 2,
       array_remove(ARRAY[
           CASE WHEN demo.u(p.n, 81) < 0.30 THEN 'organic' END,
           CASE WHEN demo.u(p.n, 82) < 0.18 THEN 'price_sensitive' END,
           CASE WHEN demo.u(p.n, 83) < 0.12 THEN 'gift_buyer' END,
           CASE WHEN p.zeal > 2.5 THEN 'enthusiast' END], NULL),
       jsonb_strip_nulls(jsonb_build_object(
           'interests', CASE WHEN demo.u(p.n, 84) < 0.55 THEN
                            to_jsonb(CASE WHEN demo.u(p.n, 85) < 0.5 THEN ARRAY[p.taste] ELSE ARRAY[p.taste, p.second_taste] END) END,
           'brewing', CASE WHEN p.taste = 'coffee' THEN demo.pick('{espresso,filter,french press,moka}', demo.u(p.n, 86)) END,
           'household', 1 + floor(5 * demo.u(p.n, 87) ^ 1.5),
           'heard_of_us', CASE WHEN demo.u(p.n, 88) < 0.7 THEN demo.pick('{a friend,search,a magazine,social media,a shop window}', demo.u(p.n, 89), 1.3) END))
FROM person AS p
JOIN (
    SELECT id, mailbox, row_number() OVER (PARTITION BY mailbox ORDER BY id) AS nth
    FROM (SELECT id, translate(replace(replace(replace(replace(lower(replace(first_name || '.' || last_name, 'Ö', 'oe')), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss'),
                               'ışçéèúíâñóëêáÓÑ ''', 'isceeuianoeeaon') AS mailbox FROM person) AS m
) AS e ON e.id = p.id
LEFT JOIN (SELECT customer_id, sum(amount) AS spent FROM shop.customer_order
           WHERE at <= :'base' GROUP BY customer_id) AS o ON o.customer_id = p.id
ORDER BY p.id;

SELECT demo.done('customers, ' || to_char(count(*) FILTER (WHERE language = 'de'), 'FM999,990') || ' speak German, '
                 || to_char(count(*) FILTER (WHERE language = 'en'), 'FM999,990') || ' English', count(*)) FROM crm.customer;

-- ---------------------------------------------------------------------------
-- Clicks
-- ---------------------------------------------------------------------------

-- Visits without an order; one in six leaves something in the cart.
CREATE TEMP TABLE visit ON COMMIT DROP AS
SELECT v.key, v.id, v.at, v.device, i.item_id, i.item, i.category,
       1 + floor(3 * demo.u(v.key, 95) ^ 1.3)::int AS views,
       demo.u(v.key, 96) < 0.17 AS fills_cart,
       demo.u(v.key, 97) < 0.22 AS clears_cart
FROM (
    SELECT p.id, p.n, p.n * 10000 + j AS key,
           demo.moment(p.seen_until AT TIME ZONE p.time_zone, floor(18 * demo.u(p.n * 10000 + j, 91))::int,
                       demo.u(p.n * 10000 + j, 92), demo.u(p.n * 10000 + j, 93)) AT TIME ZONE p.time_zone AS at,
           CASE WHEN demo.u(p.n * 10000 + j, 94) < 0.7 THEN p.taste ELSE p.second_taste END AS category,
           demo.pick('{phone,desktop,phone,tablet}', demo.u(p.n, 90)) AS device
    FROM (
        SELECT person.*, least(:'base'::timestamptz + interval '1 day', active_until + interval '60 days') AS seen_until,
               87000 * sqrt(zeal) / sum(sqrt(zeal)) OVER () AS expected
        FROM person
    ) AS p
    CROSS JOIN LATERAL generate_series(1, floor(p.expected + demo.u(p.n, 98))::int) AS j
    WHERE p.seen_until > :'base'::timestamptz - interval '110 days'
) AS v
JOIN shelf AS s USING (category)
JOIN shop.item AS i ON i.category = v.category AND i.place = 1 + floor(s.items * demo.u(v.key, 99) ^ 1.5)
WHERE v.at > :'base'::timestamptz - interval '120 days';

-- Somebody stands on the cancellation page: before every cancellation, now and
-- then without one, and, from an hour ago until the demo ends, one every other
-- minute - each of them a subscriber who is well worth keeping.
CREATE TEMP TABLE doubt ON COMMIT DROP AS
SELECT p.n * 10 + k AS key, p.id, p.left_at - (k * 26 * demo.u(p.n * 10 + k, 101)) * interval '1 hour' AS at, false AS live
FROM person AS p, generate_series(0, 1) AS k
WHERE p.plan IS NOT NULL AND p.left_at > :'base'::timestamptz - interval '118 days'
UNION ALL
SELECT 1000000 + p.n, p.id, :'base'::timestamptz - (2 + 110 * demo.u(p.n, 102)) * interval '1 day', false
FROM person AS p
WHERE p.plan IS NOT NULL AND p.left_at IS NULL AND demo.u(p.n, 103) < 0.12
UNION ALL
SELECT 2000000 + place, id, :'base'::timestamptz + (place * 1.5 - 60 + demo.u(id, 105)) * interval '1 minute', true
FROM (SELECT id, row_number() OVER (ORDER BY demo.u(n, 104)) AS place
      FROM person WHERE plan IS NOT NULL AND left_at IS NULL AND joined_at < :'base'::timestamptz - interval '60 days') AS p
WHERE place <= 1000;
ANALYZE shop.customer_order, visit, doubt;

INSERT INTO web.click (customer_id, at, kind, page, item_id, item, category, device)
SELECT customer_id, date_trunc('second', at), kind, page, item_id, item, category, device
FROM (
    -- around orders
    SELECT o.customer_id, o.at - c.before * interval '1 minute' AS at, c.kind,
           CASE WHEN c.kind = 'page_view' THEN '/' ELSE '/' || o.category || '/' || lower(o.item_id) END AS page,
           CASE WHEN c.kind <> 'page_view' THEN o.item_id END AS item_id,
           CASE WHEN c.kind <> 'page_view' THEN o.item END AS item,
           CASE WHEN c.kind <> 'page_view' THEN o.category END AS category,
           demo.pick('{phone,desktop,phone,tablet}', demo.u(o.customer_id - 10000, 90)) AS device
    FROM shop.customer_order AS o
    CROSS JOIN LATERAL (VALUES ('page_view', 24 + 9 * demo.u(o.order_id, 111), demo.u(o.order_id, 112) < 0.7),
                               ('product_view', 14 + 8 * demo.u(o.order_id, 113), true),
                               ('product_view', 10 + 3 * demo.u(o.order_id, 114), demo.u(o.order_id, 115) < 0.4),
                               ('cart_add', 2 + 7 * demo.u(o.order_id, 116), true)) AS c (kind, before, really)
    WHERE o.source = 'shop' AND c.really AND o.at > :'base'::timestamptz - interval '120 days'
    UNION ALL
    -- visits: the entry
    SELECT id, at, 'page_view', demo.pick('{/,/,/,/magazine,/new,/offers,/account}', demo.u(key, 121)), NULL, NULL, NULL, device FROM visit
    UNION ALL
    -- visits: the items
    SELECT id, at + (k * 2.5 + 2 * demo.u(key, 122 + k)) * interval '1 minute', 'product_view',
           '/' || category || '/' || lower(item_id), item_id, item, category, device
    FROM visit, generate_series(1, views) AS k
    UNION ALL
    -- visits: the cart
    SELECT id, at + (views * 2.5 + 4 + demo.u(key, 131)) * interval '1 minute', 'cart_add',
           '/' || category || '/' || lower(item_id), item_id, item, category, device
    FROM visit WHERE fills_cart
    UNION ALL
    SELECT id, at + (views * 2.5 + 7 + 25 * demo.u(key, 132)) * interval '1 minute', 'cart_remove', '/cart', item_id, item, category, device
    FROM visit WHERE fills_cart AND clears_cart
    UNION ALL
    -- doubts
    SELECT d.id, d.at, 'cancellation_page', '/account/cancel', NULL, NULL, NULL,
           demo.pick('{phone,desktop,phone,tablet}', demo.u(d.id - 10000, 90)) FROM doubt AS d
    UNION ALL
    -- what those who doubt now have looked at in the last days, and what some have left in the cart
    SELECT p.id, d.at - (0.2 + k * 26 * demo.u(d.key * 10 + k, 141)) * interval '1 hour',
           CASE WHEN k = 1 AND demo.u(p.n, 142) < 0.3 THEN 'cart_add' ELSE 'product_view' END,
           '/' || i.category || '/' || lower(i.item_id), i.item_id, i.item, i.category,
           demo.pick('{phone,desktop,phone,tablet}', demo.u(p.n, 90))
    FROM doubt AS d
    JOIN person AS p ON p.id = d.id
    CROSS JOIN generate_series(1, 4) AS k
    JOIN shelf AS s ON s.category = p.taste
    JOIN shop.item AS i ON i.category = p.taste AND i.place = 1 + floor(s.items * demo.u(d.key * 10 + k, 143) ^ 1.5)
    WHERE d.live AND demo.u(p.n, 144) < 0.7
) AS c
WHERE at BETWEEN :'base'::timestamptz - interval '120 days' AND :'base'::timestamptz + interval '1 day'
ORDER BY at, customer_id, kind, item_id, page;

SELECT demo.done('clicks, ' || to_char(count(*) FILTER (WHERE kind = 'cart_add'), 'FM999,990') || ' into the cart, '
                 || to_char(count(*) FILTER (WHERE kind = 'cancellation_page'), 'FM999,990') || ' on the cancellation page', count(*)) FROM web.click;

-- ---------------------------------------------------------------------------
-- Subscriptions, service, invoices
-- ---------------------------------------------------------------------------

INSERT INTO crm.subscription_change (customer_id, at, change, plan, reason)
SELECT id, date_trunc('second', at), change, plan, reason
FROM (
    SELECT id, subscribed_at AS at, 'subscribed' AS change,
           CASE WHEN plan <> 'flex' AND demo.u(n, 151) < 0.3 THEN 'flex' ELSE plan END AS plan, NULL AS reason
    FROM person WHERE plan IS NOT NULL
    UNION ALL
    SELECT id, subscribed_at + (0.3 + 0.5 * demo.u(n, 152)) * (least(active_until, :'base'::timestamptz) - subscribed_at), 'upgraded', plan, NULL
    FROM person WHERE plan <> 'flex' AND demo.u(n, 151) < 0.3
    UNION ALL
    SELECT id, subscribed_at + (0.1 + 0.6 * demo.u(n, 154)) * (least(active_until, :'base'::timestamptz) - subscribed_at)
               + CASE change WHEN 'resumed' THEN interval '21 days' ELSE interval '0' END, change, plan, 'holiday'
    FROM person, unnest('{paused,resumed}'::text[]) AS change
    WHERE plan IS NOT NULL AND demo.u(n, 153) < 0.1
      AND least(active_until, :'base'::timestamptz) - subscribed_at > interval '90 days'
    UNION ALL
    SELECT id, left_at, 'cancelled', plan, demo.pick('{too much in stock,price,moving house,found another shop,taste,no reason given}', demo.u(n, 155))
    FROM person WHERE plan IS NOT NULL AND left_at IS NOT NULL
) AS c
WHERE at > :'base'::timestamptz - interval '540 days'
ORDER BY at, id;

SELECT demo.done('changes of subscriptions, ' || count(*) FILTER (WHERE change = 'cancelled') || ' cancellations', count(*)) FROM crm.subscription_change;

INSERT INTO crm.service_case (customer_id, at, kind, came_by, note)
SELECT o.customer_id, date_trunc('second', o.at + (1 + 9 * demo.u(o.order_id, 161)) * interval '1 day'), k.kind,
       demo.pick('{e-mail,e-mail,phone,chat,letter}', demo.u(o.order_id, 163)),
       CASE k.kind WHEN 'complaint' THEN demo.pick('{arrived late,bag was torn,tastes stale,wrong item}', demo.u(o.order_id, 164))
                   WHEN 'return' THEN demo.pick('{does not work,does not please,ordered twice}', demo.u(o.order_id, 164))
                   ELSE demo.pick('{which grind for my machine,change of address,when will it arrive,is it organic}', demo.u(o.order_id, 164)) END
FROM shop.customer_order AS o
CROSS JOIN LATERAL (SELECT demo.pick('{question,question,question,complaint,return}', demo.u(o.order_id, 165)) AS kind) AS k
WHERE demo.u(o.order_id, 162) < 0.05 AND o.at < :'base'::timestamptz - interval '1 day'
ORDER BY 2, 1;

SELECT demo.done('questions, complaints and returns', count(*)) FROM crm.service_case;

-- Every subscriber has a day of the month; the invoice covers the month before it.
INSERT INTO billing.invoice (customer_id, at, delivery, amount)
SELECT p.id, d.at, c.invoice_by, round((18 + 30 * demo.u(p.n, 172))::numeric * CASE p.plan WHEN 'premium' THEN 1.6 ELSE 1 END, 2)
FROM person AS p
JOIN crm.customer AS c ON c.id = p.id
CROSS JOIN LATERAL (
    SELECT date_trunc('second', :'base'::timestamptz + interval '1 day' - (30 * (k + demo.u(p.n, 171))) * interval '1 day') AS at
    FROM generate_series(0, 17) AS k
) AS d
WHERE p.plan IS NOT NULL AND d.at > p.subscribed_at AND d.at < p.active_until
ORDER BY d.at, p.id;

SELECT demo.done('invoices', count(*)) FROM billing.invoice;

-- ---------------------------------------------------------------------------
-- Keys and indexes
-- ---------------------------------------------------------------------------

ALTER TABLE crm.customer ADD PRIMARY KEY (id);
ALTER TABLE shop.customer_order ADD PRIMARY KEY (order_id),
    ADD FOREIGN KEY (customer_id) REFERENCES crm.customer, ADD FOREIGN KEY (item_id) REFERENCES shop.item;
ALTER TABLE web.click ADD PRIMARY KEY (click_id),
    ADD FOREIGN KEY (customer_id) REFERENCES crm.customer, ADD FOREIGN KEY (item_id) REFERENCES shop.item;
ALTER TABLE crm.subscription_change ADD PRIMARY KEY (change_id), ADD FOREIGN KEY (customer_id) REFERENCES crm.customer;
ALTER TABLE crm.service_case ADD PRIMARY KEY (case_id), ADD FOREIGN KEY (customer_id) REFERENCES crm.customer;
ALTER TABLE billing.invoice ADD PRIMARY KEY (invoice_id), ADD FOREIGN KEY (customer_id) REFERENCES crm.customer;

CREATE INDEX ON crm.customer (lower(last_name));
CREATE INDEX ON crm.customer (clv);
CREATE INDEX ON shop.customer_order (customer_id, at);
CREATE INDEX ON web.click (customer_id, at);
CREATE INDEX ON crm.subscription_change (customer_id, at);
CREATE INDEX ON crm.service_case (customer_id, at);
CREATE INDEX ON billing.invoice (customer_id, at);

COMMIT;

VACUUM ANALYZE crm.customer, shop.item, shop.customer_order, web.click, crm.subscription_change, crm.service_case, billing.invoice;

SELECT demo.done('keys, indexes and statistics are there');
