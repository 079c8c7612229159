-- rolling.sql - what the events in a sliding window come to, at every instant
-- at which an event enters the window (at its time) or leaves it (length later).
--
-- From oracle.chosen, the events that each atom looks at; length NULL is for
-- ever.  A window is (t - length, t].

CREATE INDEX ON oracle.chosen (atom, customer, at) INCLUDE (value, item);
ANALYZE oracle.chosen;

CREATE TABLE oracle.rolled AS
WITH tick AS (
	SELECT atom, customer, at AS t, length FROM oracle.chosen
	UNION
	SELECT atom, customer, at + length, length FROM oracle.chosen WHERE length IS NOT NULL)
SELECT tick.atom, tick.customer,
	verify.during(t, lead(t, 1, 'infinity') OVER (PARTITION BY tick.atom, tick.customer ORDER BY t)) AS during,
	inside.*
FROM tick, LATERAL (
	SELECT count(*) AS n, coalesce(sum(value), 0) AS total, avg(value) AS average,
		min(value) AS lowest, max(value) AS highest, count(DISTINCT item) AS items
	FROM oracle.chosen c
	WHERE c.atom = tick.atom AND c.customer = tick.customer AND c.at <= t
		AND (tick.length IS NULL OR c.at > t - tick.length)) inside;
CREATE INDEX ON oracle.rolled (atom);
