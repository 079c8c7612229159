-- places: a channel with a capacity takes so many contacts a day, over all customers

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE TABLE customer (id bigint PRIMARY KEY, clv numeric, zone text);
INSERT INTO customer SELECT i, i, 'Asia/Tokyo' FROM generate_series(1, 20) AS i;
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone', default_time_zone => 'Europe/Berlin');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name, weight, cost, capacity_per_day) VALUES ('call', 1.2, 0, 3), ('letter', 1.1, 0.5, 5), ('email', 1, 0.9, NULL);
INSERT INTO persona.message (name, experience, channel, body) SELECT 'offer by ' || c.name, 'offer', c.name, c.name || ' {{customer.id}}' FROM persona.channel AS c;
INSERT INTO persona.campaign (name, experience, value, max_contacts) VALUES ('all', 'offer', 'customer.clv', 1);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('all', 1, 'call'), ('all', 2, 'letter'), ('all', 3, 'email');

-- what is counted is what there is
CREATE VIEW wrong AS
	SELECT channel, day, u.used, c.there
	FROM persona.capacity_use AS u FULL JOIN (SELECT channel, capacity_day AS day, count(*)::integer AS there FROM persona.contact
			WHERE capacity_day IS NOT NULL AND isfinite(ended_at) IS NOT TRUE GROUP BY 1, 2) AS c USING (channel, day)
	WHERE coalesce(u.used, 0) <> coalesce(c.there, 0);

-- those who value it most get the places, whoever finds none gets the next best; a full channel leaves its reason
CALL persona.run(as_of => '2026-03-10 12:00');
SELECT channel, count(*), min(customer), max(customer), min(capacity_day) FROM persona.contact GROUP BY channel ORDER BY channel;
SELECT * FROM persona.capacity_use ORDER BY channel;
SELECT * FROM wrong;
-- each contact names the program that decided it, and can be decided again
SELECT count(DISTINCT c.program), count(*) FILTER (WHERE a.hash IS NULL) AS lost FROM persona.contact AS c LEFT JOIN persona.program_archive AS a ON a.hash = c.program;
UPDATE persona.campaign SET max_contacts = 5;
DELETE FROM persona.campaign_channel WHERE position = 3;
CALL persona.run(as_of => '2026-03-10 13:00');
SELECT total, written, suppressed FROM persona.run_log ORDER BY run DESC LIMIT 1;
SELECT count(*) FROM persona.commit_message(1, as_of => '2026-03-10 13:30');

-- what is cancelled, fails or is deleted gives its place back; what did not end after all takes it again
UPDATE persona.contact SET status = 'cancelled' WHERE customer = 20;
UPDATE persona.contact SET status = 'failed' WHERE customer = 15;
SELECT * FROM persona.capacity_use ORDER BY channel;
DELETE FROM persona.contact WHERE customer IN (15, 19);
SELECT * FROM persona.capacity_use ORDER BY channel;
UPDATE persona.contact SET status = 'planned', ended_at = NULL WHERE customer = 20;
SELECT * FROM persona.capacity_use ORDER BY channel;
SELECT * FROM wrong;
-- what is rolled back, too
BEGIN;
SELECT channel FROM persona.commit_message(1, as_of => '2026-03-10 14:00');
SELECT used FROM persona.capacity_use WHERE channel = 'call';
ROLLBACK;
SELECT used FROM persona.capacity_use WHERE channel = 'call';
SELECT channel FROM persona.commit_message(2, as_of => '2026-03-10 14:00');
SELECT channel FROM persona.commit_message(3, as_of => '2026-03-10 14:00');
SELECT channel FROM persona.commit_message(4, as_of => '2026-03-10 14:00');

-- an explanation tells of full days if it is asked to; persona.explain does not know them
SELECT c.name, c.capacity_per_day, u.day, u.used FROM persona.channel AS c JOIN persona.capacity_use AS u ON u.channel = c.name ORDER BY c.name;
UPDATE persona.campaign SET max_contacts = 9;
SELECT e.channel, e.rank, e.stage, e.reason FROM persona.explain(5, '2026-03-10 14:30') AS e;
SELECT e.channel, e.rank, e.stage, e.reason FROM persona.explain_with_places(5, '2026-03-10 14:30') AS e;
UPDATE persona.channel SET capacity_per_day = 9 WHERE name = 'letter';
SELECT e.channel, e.rank, e.stage, e.reason FROM persona.explain_with_places(5, '2026-03-10 14:30') AS e;
SELECT e.channel, e.rank, e.stage, e.reason FROM persona.explain_with_places(5, '2026-03-11 14:30') AS e;
-- which is what is decided
CREATE FUNCTION decided(customer bigint, as_of timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	SELECT m.channel INTO found FROM persona.commit_message(customer, as_of => as_of) AS m;
	RAISE EXCEPTION 'undone';
EXCEPTION WHEN raise_exception THEN
	RETURN found;
END $$;
SELECT e.channel, count(*), count(*) FILTER (WHERE e.channel IS DISTINCT FROM decided(c.id, '2026-03-10 14:30')) AS others
FROM customer AS c LEFT JOIN LATERAL (SELECT x.channel FROM persona.explain_with_places(c.id, '2026-03-10 14:30') AS x WHERE x.rank = 1) AS e ON true
GROUP BY e.channel ORDER BY e.channel;
UPDATE persona.channel SET capacity_per_day = 5 WHERE name = 'letter';
UPDATE persona.campaign SET max_contacts = 5;

-- the days are those of the default zone: in Berlin the next one begins at 23:00
SELECT channel, capacity_day FROM persona.commit_message(5, as_of => '2026-03-10 22:59:59.999999');
SELECT channel, capacity_day FROM persona.commit_message(5, as_of => '2026-03-10 23:00');
-- when the message is sent counts, not when it is decided
UPDATE persona.channel SET open_hours = 'daily 09:00-10:00' WHERE name = 'call';
SELECT channel, capacity_day, decided_at, send_at FROM persona.commit_message(6, as_of => '2026-03-11 12:00');
-- a capacity of 0, and none any more
UPDATE persona.channel SET open_hours = NULL, capacity_per_day = 0;
SELECT channel FROM persona.commit_message(7, as_of => '2026-03-12 12:00');
UPDATE persona.channel SET capacity_per_day = NULL;
SELECT channel, capacity_day FROM persona.commit_message(7, as_of => '2026-03-12 13:00');
SELECT * FROM wrong;
