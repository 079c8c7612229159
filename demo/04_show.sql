-- 04_show.sql - what persona answers. Nothing here changes anything.

\pset pager off
\pset border 1
\pset linestyle unicode
\pset footer off
\pset format aligned
\pset columns 112
\pset null '-'

SET timezone = 'Europe/Berlin';  -- where the shop is

\echo
\echo 'The cohorts: who is who, measured now'
\echo
\set ECHO queries
SELECT cohort, c.value, count(*) AS members,
       round(100.0 * count(*) / (SELECT count(*) FROM crm.customer), 1) AS "%",
       c.description
FROM persona.cohort_member
JOIN persona.cohort AS c ON c.name = cohort
GROUP BY cohort, c.value, c.description
ORDER BY members DESC, cohort;
\set ECHO none

\echo 'The reach: whom each campaign gets to speak to now, on which channel, and how many of them at once'
\echo
\set ECHO queries
SELECT campaign, concat_ws('/', channel, placement) AS "where", count(*) AS reach,
       count(*) FILTER (WHERE language = 'de') AS de, count(*) FILTER (WHERE language = 'en') AS en,
       count(*) FILTER (WHERE send_at <= now()) AS at_once,
       to_char(min(send_at) FILTER (WHERE send_at > now()) AT TIME ZONE 'Europe/Berlin', 'Dy HH24:MI') AS next_from
FROM persona.next_message
GROUP BY campaign, channel, placement
ORDER BY max(priority) DESC, campaign, reach DESC;
\set ECHO none

-- A dozen that shows every campaign, every channel and both languages.
SELECT array_agg(customer ORDER BY priority DESC, campaign, customer) AS dozen
FROM (
    SELECT customer, priority, campaign
    FROM (
        SELECT customer, priority, campaign, nth,
               row_number() OVER (PARTITION BY nth, channel ORDER BY priority DESC, campaign, placement) AS of_channel,
               row_number() OVER (PARTITION BY nth, campaign ORDER BY channel, placement) AS of_campaign
        FROM (
            -- of every (campaign, channel, placement) the first customers, German and English in turn
            SELECT m.*, row_number() OVER (PARTITION BY campaign, channel, placement ORDER BY language = preferred DESC NULLS LAST, customer) AS nth
            FROM (
                SELECT m.*, CASE dense_rank() OVER (ORDER BY campaign, channel, placement) % 2 WHEN 1 THEN 'de' ELSE 'en' END AS preferred
                FROM persona.next_message AS m
            ) AS m
        ) AS m
    ) AS m
    ORDER BY nth, least(of_channel, of_campaign), greatest(of_channel, of_campaign), priority DESC, campaign
    LIMIT 12
) AS m \gset

\echo 'The next messages of a dozen customers'
\echo
\set ECHO queries
SELECT m.customer AS id, concat_ws(' ', c.title, c.first_name, c.last_name) AS name, m.campaign,
       concat_ws('/', m.channel, m.placement) AS "where",
       CASE WHEN m.send_at <= now() THEN 'now'
            ELSE to_char(m.send_at AT TIME ZONE coalesce(c.time_zone, 'Europe/Berlin'), 'Dy HH24:MI') END AS send,
       demo.short(coalesce(m.subject, m.body), 46) AS message
FROM persona.next_message AS m
JOIN crm.customer AS c ON c.id = m.customer
WHERE m.customer = ANY (:'dozen')
ORDER BY m.priority DESC, m.campaign, m.customer;
\set ECHO none

SELECT customer AS reader
FROM persona.next_message
WHERE customer = ANY (:'dozen') AND channel IN ('email', 'letter')
ORDER BY language <> 'de', channel, campaign, customer LIMIT 1 \gset

\echo 'One of them in full'
\echo
\pset expanded on
\set ECHO queries
SELECT channel, language, message, send_at, valid_until, subject, body
FROM persona.next_message WHERE customer = :reader;
\set ECHO none
\pset expanded off

-- Of the customers on the cancellation page, the one for whom most else would be possible.
SELECT w.customer_id AS doubter
FROM (SELECT DISTINCT customer_id FROM web.click
      WHERE kind = 'cancellation_page' AND at > now() - interval '30 minutes' AND at <= now()) AS w,
     LATERAL persona.explain(w.customer_id) AS e
GROUP BY w.customer_id
ORDER BY bool_or(e.rank = 1 AND e.campaign = 'stay_banner') DESC NULLS LAST, count(*) FILTER (WHERE e.eligible) DESC,
         count(e.fired_at) DESC, w.customer_id
LIMIT 1 \gset

\echo 'Why: all candidates of one customer who stands on the cancellation page, losers included'
\echo
\pset format wrapped
\set ECHO queries
SELECT rank, campaign, stage, concat_ws('/', channel, placement) AS "where", priority, score, reason
FROM persona.explain(:doubter)
ORDER BY rank NULLS LAST, priority DESC, campaign, channel, placement;
\set ECHO none
\pset format aligned

\echo 'The same customer opens the website: what to show in each place'
\echo
\set ECHO queries
SELECT placement, slot, campaign, demo.short(coalesce(subject, body), 46) AS message
FROM persona.next_message_for(:doubter, 'web', context => '{"page": "home"}');
\set ECHO none

SELECT customer AS buyer
FROM persona.next_message
WHERE customer = ANY (:'dozen') AND campaign = 'abandoned_cart'
ORDER BY channel = 'web', customer LIMIT 1 \gset

\echo 'No longer relevant, no longer said: somebody is to be reminded of a cart, buys, and is not reminded'
\echo '(in a transaction that is rolled back)'
\echo
BEGIN;
\set ECHO queries
SELECT customer, campaign, channel, demo.short(coalesce(subject, body), 46) AS message
FROM persona.next_message WHERE customer = :buyer;

INSERT INTO shop.customer_order (customer_id, at, source, item_id, item, category, quantity, amount)
SELECT customer_id, now(), 'shop', i.item_id, i.item, i.category, 1, i.price
FROM web.click JOIN shop.item AS i USING (item_id)
WHERE customer_id = :buyer AND kind = 'cart_add' AND at <= now()
ORDER BY at DESC LIMIT 1;
\echo
SELECT c.id AS customer, coalesce(m.campaign, '(nothing)') AS campaign, m.channel,
       demo.short(coalesce(m.subject, m.body), 46) AS message
FROM crm.customer AS c LEFT JOIN persona.next_message AS m ON m.customer = c.id
WHERE c.id = :buyer;
\set ECHO none
ROLLBACK;
