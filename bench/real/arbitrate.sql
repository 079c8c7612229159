-- arbitrate.sql - from the truths of all named conditions to cohorts, open
-- triggers and the next message of every customer, by set operations.
--
-- Reads, all in schema oracle:
--   customer(customer, zone, language)        zone: the one that counts
--   holding(name, customer, held)             truths of all named conditions
--   cohort(name)  trigger(name, open_for)
--   channel(name, consent)                    consent: a name in holding, or NULL
--   address(customer, channel)                who has an address; also for channels without
--   hours(channel, quiet, day, from_time, to_time)   day 1 = Monday; to_time may be 24:00
--   campaign, campaign_channel, message, policy      as persona's tables; goal, relevance and
--                                             condition are names in holding, or NULL
--   contact(customer, campaign, channel, fired_at, status, decided_at, send_at)
-- and the psql variable as_of.

CREATE TABLE oracle.cohort_member AS
SELECT customer, cohort.name AS cohort, lower(stretch) AS since, upper(stretch) AS until
FROM oracle.cohort
JOIN oracle.holding USING (name),
LATERAL verify.stretch_at(held, :'as_of') AS stretch
WHERE held @> :'as_of'::timestamptz;

-- A window that has a length stays open that long from the latest firing.
CREATE TABLE oracle.open_trigger AS
SELECT customer, trigger.name AS trigger, fired_at, open_until
FROM oracle.trigger
JOIN oracle.holding USING (name),
LATERAL (
	SELECT verify.fired(held, :'as_of') AS fired_at,
		CASE WHEN open_for IS NULL THEN upper(verify.stretch_at(held, :'as_of'))
			 ELSE verify.fired(held, :'as_of') + open_for END AS open_until) fired
WHERE open_until > :'as_of';
CREATE INDEX ON oracle.open_trigger (customer, trigger);
CREATE INDEX ON oracle.cohort_member (customer, cohort);
CREATE INDEX ON oracle.holding (name, customer);
ANALYZE oracle.holding, oracle.cohort_member, oracle.open_trigger;

CREATE TABLE oracle.holds_now AS
SELECT name, customer FROM oracle.holding WHERE held @> :'as_of'::timestamptz;
CREATE INDEX ON oracle.holds_now (name, customer);
ANALYZE oracle.holds_now;

-- Contacts that take a slot.
CREATE TABLE oracle.counted AS
SELECT * FROM oracle.contact
-- one that ended did so at its time, until which it counts
WHERE (status IN ('planned', 'claimed', 'sent', 'delivered') OR send_at > :'as_of') AND decided_at <= :'as_of';
CREATE INDEX ON oracle.counted (customer, send_at);
ANALYZE oracle.counted;

-- The earliest allowed instant by channel and zone: as_of itself or the next
-- whole minute at which the wall clock is inside the open hours (if there are
-- any) and outside the quiet hours.  No hours here change off a whole minute.
CREATE TABLE oracle.first_minute AS
WITH moment AS (
	SELECT :'as_of'::timestamptz AS t
	UNION
	SELECT generate_series(date_trunc('minute', :'as_of'::timestamptz) + interval '1 minute',
						   :'as_of'::timestamptz + interval '9 days', '1 minute')),
clock AS (
	SELECT t, zone, extract(isodow FROM t AT TIME ZONE zone)::int AS day,
		(t AT TIME ZONE zone)::time AS wall
	FROM moment, (SELECT DISTINCT zone FROM oracle.customer) z),
inside AS (
	-- A span over midnight belongs to the day on which it begins.
	SELECT DISTINCT channel, quiet, zone, t
	FROM clock JOIN oracle.hours h ON
		CASE WHEN from_time < to_time
			 THEN h.day = clock.day AND wall >= from_time AND wall < to_time
			 ELSE h.day = clock.day AND wall >= from_time
				OR h.day = (clock.day + 5) % 7 + 1 AND wall < to_time END)
SELECT c.name AS channel, zone, min(t) AS send_at
FROM oracle.channel c CROSS JOIN clock
LEFT JOIN (SELECT channel AS name, zone, t, true AS is_open FROM inside WHERE NOT quiet) o USING (name, zone, t)
LEFT JOIN (SELECT channel AS name, zone, t, true AS is_quiet FROM inside WHERE quiet) q USING (name, zone, t)
WHERE is_quiet IS NULL
	AND (is_open OR NOT EXISTS (SELECT FROM oracle.hours h WHERE h.channel = c.name AND NOT quiet))
GROUP BY c.name, zone;

-- The campaigns that may speak to a customer at all.
CREATE TABLE oracle.candidate AS
SELECT c.customer, c.zone, c.language, m.name AS campaign, m.experience, m.trigger, o.fired_at,
	o.open_until, m.ends_at, m.priority, m.value, m.weight
FROM oracle.customer c
CROSS JOIN oracle.campaign m
LEFT JOIN oracle.open_trigger o ON o.customer = c.customer AND o.trigger = m.trigger
WHERE m.active
	AND coalesce(m.starts_at <= :'as_of', true) AND coalesce(m.ends_at > :'as_of', true)
	AND (m.trigger IS NULL OR o.fired_at IS NOT NULL)
	AND (m.cohort IS NULL
		OR EXISTS (SELECT FROM oracle.cohort_member h WHERE h.customer = c.customer AND h.cohort = m.cohort))
	AND (m.goal IS NULL
		OR NOT EXISTS (SELECT FROM oracle.holds_now h WHERE h.customer = c.customer AND h.name = m.goal))
	AND (m.relevance IS NULL
		OR EXISTS (SELECT FROM oracle.holds_now h WHERE h.customer = c.customer AND h.name = m.relevance))
	AND NOT EXISTS (SELECT FROM oracle.counted k
					WHERE k.customer = c.customer AND k.campaign = m.name AND k.fired_at = o.fired_at);

-- Their channels that reach the customer in time and have something to say.
CREATE TABLE oracle.option AS
SELECT row_number() OVER () AS id, d.*, cc.position, cc.channel, cc.placement, f.send_at,
	t.message, t.subject, d.value * d.weight - ch.cost AS score
FROM oracle.candidate d
JOIN oracle.campaign_channel cc USING (campaign)
JOIN oracle.channel ch ON ch.name = cc.channel
JOIN oracle.address a ON a.customer = d.customer AND a.channel = cc.channel
JOIN oracle.first_minute f ON f.channel = cc.channel AND f.zone = d.zone
-- The customer's language (without one the default), else a message of no language, else the default one.
CROSS JOIN LATERAL (
	SELECT m.name AS message, m.subject
	FROM oracle.message m
	WHERE m.experience = d.experience AND m.channel = cc.channel
		AND m.placement IS NOT DISTINCT FROM cc.placement
		AND (m.language IS NULL OR m.language IN (d.language, :'default_language'))
		AND (m.condition IS NULL
			OR EXISTS (SELECT FROM oracle.holds_now h WHERE h.customer = d.customer AND h.name = m.condition))
	ORDER BY CASE WHEN m.language = d.language THEN 0 WHEN m.language IS NULL THEN 1 ELSE 2 END,
		m.position, m.name COLLATE "C"
	LIMIT 1) t
WHERE (ch.consent IS NULL
		OR EXISTS (SELECT FROM oracle.holds_now h WHERE h.customer = d.customer AND h.name = ch.consent))
	AND coalesce(f.send_at < d.ends_at, true) AND coalesce(f.send_at < d.open_until, true);
CREATE INDEX ON oracle.option (customer);
ANALYZE oracle.option;

-- Limits: what counts (campaign and channel NULL = all), how many, per period.
CREATE TABLE oracle.allowance AS
SELECT 'campaign ' || name AS name, name AS campaign, NULL AS channel, max_contacts, max_contacts_within AS period
FROM oracle.campaign WHERE max_contacts IS NOT NULL
UNION ALL
SELECT 'policy ' || name, NULL, channel, max_contacts, period FROM oracle.policy;

-- The windows that hold the new contact end at its send time or at that of a
-- later contact that is less than a period away.
CREATE TABLE oracle.exceeded AS
SELECT DISTINCT o.id, l.name AS allowance
FROM oracle.option o
JOIN oracle.allowance l ON (l.campaign IS NULL OR l.campaign = o.campaign)
	AND (l.channel IS NULL OR l.channel = o.channel)
CROSS JOIN LATERAL (
	SELECT o.send_at AS window_end
	UNION
	SELECT k.send_at FROM oracle.counted k
	WHERE k.customer = o.customer
		AND (l.campaign IS NULL OR k.campaign = l.campaign) AND (l.channel IS NULL OR k.channel = l.channel)
		AND k.send_at >= o.send_at AND k.send_at < o.send_at + l.period) w
WHERE l.max_contacts < 1 + (
	SELECT count(*) FROM oracle.counted k
	WHERE k.customer = o.customer
		AND (l.campaign IS NULL OR k.campaign = l.campaign) AND (l.channel IS NULL OR k.channel = l.channel)
		AND (l.period IS NULL OR k.send_at > window_end - l.period AND k.send_at <= window_end));
CREATE INDEX ON oracle.exceeded (id);

CREATE TABLE oracle.next_message AS
SELECT DISTINCT ON (customer) customer, campaign, experience, channel, placement, message, subject,
	send_at, priority, score, trigger, fired_at
FROM (
	SELECT DISTINCT ON (customer, campaign) *
	FROM oracle.option o
	WHERE NOT EXISTS (SELECT FROM oracle.exceeded e WHERE e.id = o.id)
	ORDER BY customer, campaign, position) best_channel
ORDER BY customer, priority DESC, score DESC, campaign COLLATE "C";
