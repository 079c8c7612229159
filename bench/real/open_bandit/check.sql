-- check.sql - cohorts against plain SQL, and for each customer at three instants
-- the items for the three places of the page and for its footer.

SET TimeZone = 'UTC';
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS oracle CASCADE;
CREATE SCHEMA oracle;
CREATE FUNCTION oracle.member(as_of timestamptz) RETURNS TABLE (cohort text, customer text) LANGUAGE sql AS $$
	SELECT n, c.hash
	FROM fashion.customer AS c
		LEFT JOIN LATERAL (SELECT bool_or(clicked) AS clicker, count(*) FILTER (WHERE at > as_of - interval '1 day') AS today,
				count(DISTINCT item) FILTER (WHERE at > as_of - interval '3 days') AS items, max(position) AS lowest,
				bool_or(clicked AND EXISTS (SELECT FROM fashion.impression AS e WHERE e.customer = i.customer AND e.item = i.item AND NOT e.clicked
					AND (e.at, e.id) < (i.at, i.id) AND e.at > i.at - interval '2 days')) AS after
			FROM fashion.impression AS i WHERE i.customer = c.hash AND i.at <= as_of) AS i ON true
		CROSS JOIN LATERAL (VALUES ('clicker', clicker), ('bored', today > 20), ('broad', items >= 20), ('top_only', lowest <= 1),
			('clicked_after_seeing', after), ('fan', likes ? 'i3')) AS m (n, is_member)
	WHERE is_member
$$;
-- The items for a page, one after the other, the best first; what is chosen counts for the next.
CREATE FUNCTION oracle.page(customer text, page text, as_of timestamptz) RETURNS TABLE (slot int, item int, score numeric) LANGUAGE plpgsql AS $$
DECLARE
	found record;
	chosen int[] := '{}';
	basics int;
BEGIN
	SELECT count(*) INTO basics FROM fashion.impression AS e
	WHERE e.customer = page.customer AND e.item % 5 = 0 AND e.at <= as_of AND e.at > as_of - interval '10 minutes';
	FOR s IN 1 .. 4 LOOP
		SELECT i.item, trim_scale((0.005 + coalesce((c.likes ->> ('i' || i.item))::numeric, 0) / 1000
			+ CASE WHEN page.page = 'sale' AND i.item % 7 = 0 THEN 0.01 ELSE 0 END) * i.price) AS score INTO found
		FROM fashion.item AS i JOIN fashion.customer AS c ON c.hash = page.customer
		WHERE i.item <> ALL (chosen) AND (s < 4 OR i.item < 10) AND (i.item % 5 > 0 OR basics < 2)
			AND (SELECT count(*) FROM fashion.impression AS e WHERE e.customer = page.customer AND e.item = i.item
				AND e.at <= as_of AND e.at > as_of - interval '1 day') < 2
			AND NOT EXISTS (SELECT FROM fashion.impression AS e WHERE e.customer = page.customer AND e.item = i.item
				AND e.at <= as_of AND e.at > as_of - interval '1 hour')
			AND NOT EXISTS (SELECT FROM fashion.impression AS e WHERE e.customer = page.customer AND e.item = i.item AND e.clicked
				AND e.at + interval '5 seconds' <= as_of AND e.at + interval '5 seconds' > as_of - interval '2 days')
		ORDER BY 2 DESC, ('item ' || i.item) COLLATE "C" LIMIT 1;
		IF found IS NOT NULL THEN
			chosen := chosen || found.item;
			basics := basics + (found.item % 5 = 0)::int;
			slot := s;
			item := found.item;
			score := found.score;
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;

\if :oracle_only
SELECT 'ok oracle: ' || (SELECT count(*) FROM oracle.member('2019-11-28 12:00Z')) || ' memberships, '
	|| (SELECT count(*) FROM fashion.customer AS c, LATERAL oracle.page(c.hash, 'sale', '2019-11-28 12:00Z')) || ' items';
\else
SELECT at AS busy FROM fashion.impression ORDER BY id DESC LIMIT 1 \gset
\set as_of '2019-11-28 12:00:30.5Z'
SELECT verify.compare('cohorts', format('SELECT cohort AS of, customer FROM persona.cohort_member_of_all(%L)', :'as_of'),
	format('SELECT cohort AS of, customer FROM oracle.member(%L)', :'as_of'));
SELECT verify.compare('cohorts at the last impression', format('SELECT cohort AS of, customer FROM persona.cohort_member_of_all(%L)', :'busy'),
	format('SELECT cohort AS of, customer FROM oracle.member(%L)', :'busy'));
-- the page of the sale, and another; the placement's three slots come first, then the footer
UPDATE persona.placement SET position = 1 WHERE name = 'footer';
SELECT verify.compare(format('items on page %s at %s', page, at),
	format('SELECT n.slot AS of, c.hash, n.campaign, round(n.score, 6) FROM fashion.customer AS c CROSS JOIN LATERAL persona.next_message_for(c.hash, ''web'', NULL, json_build_object(''page'', %L), %L) AS n', page, at),
	format('SELECT CASE slot WHEN 4 THEN 1 ELSE slot END AS of, c.hash, ''item '' || p.item, round(p.score, 6) FROM fashion.customer AS c CROSS JOIN LATERAL oracle.page(c.hash, %L, %L) AS p', page, at))
FROM (VALUES ('sale', timestamptz :'as_of'), ('home', :'as_of'), ('sale', :'busy')) AS q (page, at);
-- and what is shown counts for the next page
SELECT count(*) AS shown FROM fashion.customer AS c CROSS JOIN LATERAL persona.commit_message(c.hash, 'web', 'recommended', '{"page": "home"}', '2019-12-02 00:00Z') \gset
SELECT verify.compare('shown items', 'SELECT 0 AS of, customer, campaign FROM persona.contact WHERE decided_at = ''2019-12-02 00:00Z''',
	'SELECT 0 AS of, c.hash, ''item '' || p.item FROM fashion.customer AS c CROSS JOIN LATERAL oracle.page(c.hash, ''home'', ''2019-12-02 00:00Z'') AS p WHERE slot < 4');
SELECT verify.compare('none of them is shown again', format('SELECT 0 AS of, count(*), %s::int FROM fashion.customer AS c CROSS JOIN LATERAL persona.next_message_for(c.hash, ''web'', NULL, ''{"page": "home"}'', ''2019-12-02 00:30Z'') AS n JOIN persona.contact AS k ON k.customer = c.hash AND k.campaign = n.campaign AND k.decided_at = ''2019-12-02 00:00Z''', :'shown'),
	'SELECT 0 AS of, 0::bigint, 3 * count(*)::int FROM fashion.customer');
\endif
