-- index_use: what is done again and again for one customer, or for those who are
-- due, reads no large table as a whole.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET search_path = shop, public;
SET timezone = 'UTC';

CREATE TABLE customer (id bigint PRIMARY KEY, email text);
CREATE TABLE click (customer_id bigint, at timestamptz);
CREATE INDEX ON click (customer_id, at);
INSERT INTO customer SELECT i, i || '@example.org' FROM generate_series(1, 5000) AS i;
INSERT INTO click SELECT 1 + i % 5000, timestamptz '2026-01-01' + i * interval '1 minute' FROM generate_series(1, 20000) AS i;
SELECT persona.bind_customers('customer', 'id');
SELECT persona.bind_events('click', 'customer_id', 'at', kind => 'click');
SELECT persona.watch_changes('customer');
SELECT persona.watch_changes('click');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name, address_column, cost) VALUES ('email', 'email', 0.01);
INSERT INTO persona.message (name, experience, channel, body) VALUES ('hello', 'offer', 'email', 'Hello');
INSERT INTO persona.cohort (name, condition) VALUES ('busy', '{"event": "click", "times": {"at_least": 4}}');
INSERT INTO persona.campaign (name, experience, max_contacts, max_contacts_within) VALUES ('offer', 'offer', 1, '30 days');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('offer', 1, 'email');
INSERT INTO persona.suppression (name, outcomes, times, scope, quiet_for) VALUES ('annoyed', '{rejected}', 1, 'experience', '4 days');
INSERT INTO persona.contact (customer, campaign, experience, channel, message, decided_at, send_at, status, sent_at)
SELECT 1 + i % 5000, 'offer', 'offer', 'email', 'hello', t, t, 'sent', t FROM generate_series(1, 20000) AS i, LATERAL (SELECT timestamptz '2026-01-01' + i * interval '2 minutes') AS x (t);
INSERT INTO persona.response (customer, contact_id, at, outcome) SELECT customer, contact_id, send_at + interval '1 hour', 'opened' FROM persona.contact;
INSERT INTO persona.choice (customer, choice, at) SELECT i, 'consent', '2026-01-01' FROM generate_series(1, 5000) AS i;
CALL persona.run(as_of => '2026-03-01 10:00');
SELECT written FROM persona.run_log;
SELECT persona.refresh_snapshot('2026-03-01 10:00');
CALL persona.run(as_of => '2026-03-01 10:01');
SELECT persona.refresh_snapshot('2026-03-01 10:01') > 0 AS refreshed;
ANALYZE;

-- What has been read as a whole since it was asked last, as far as it is large.
CREATE TABLE seen (relation regclass PRIMARY KEY, scans bigint NOT NULL);
CREATE FUNCTION read_whole() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM pg_stat_clear_snapshot();
	SELECT string_agg(format('%s %s times', c.oid::regclass, pg_stat_get_numscans(c.oid) - s.scans), ', ' ORDER BY c.oid::regclass::text COLLATE "C") INTO answer
	FROM pg_class AS c LEFT JOIN seen AS s ON s.relation = c.oid
	WHERE c.relkind = 'r' AND c.relnamespace IN ('persona'::regnamespace, 'shop'::regnamespace) AND c.reltuples > 1000 AND pg_stat_get_numscans(c.oid) > coalesce(s.scans, 0);
	INSERT INTO seen SELECT c.oid, pg_stat_get_numscans(c.oid) FROM pg_class AS c
	WHERE c.relkind = 'r' AND c.relnamespace IN ('persona'::regnamespace, 'shop'::regnamespace)
	ON CONFLICT (relation) DO UPDATE SET scans = EXCLUDED.scans;
	RETURN answer;
END
$$;
SELECT pg_stat_force_next_flush();
SELECT read_whole() IS NOT NULL AS until_now;
-- it would be noticed
SELECT count(*) FROM persona.contact WHERE message = 'none';
SELECT pg_stat_force_next_flush();
SELECT read_whole();

-- those who are due: the size of a run, of a refresh, is that of what changed
INSERT INTO click VALUES (21, '2026-03-01 10:04'), (22, '2026-03-01 10:04');
CALL persona.run(as_of => '2026-03-01 10:05');
SELECT total < 1000 AS few FROM persona.run_log ORDER BY run DESC LIMIT 1;
SELECT persona.refresh_snapshot('2026-03-01 10:05') < 1000 AS few;
SELECT pg_stat_force_next_flush();
SELECT read_whole();
-- one customer, places and money included
UPDATE persona.channel SET capacity_per_day = 6000;
INSERT INTO persona.budget (name, amount) VALUES ('mail', 100000);
SELECT pg_stat_force_next_flush();
SELECT read_whole() IS NOT NULL AS counted;
SELECT campaign FROM persona.next_message_at('2026-04-20') WHERE customer = 17;
SELECT campaign FROM persona.next_message_for(17, 'email', as_of => '2026-04-20');
SELECT count(*) FROM persona.explain(17, '2026-04-20');
SELECT count(*) FROM persona.explain_with_places(17, '2026-04-20');
SELECT cohort FROM persona.cohort_member_at('2026-04-20') WHERE customer = 17;
SELECT campaign FROM persona.commit_message(17, as_of => '2026-04-20');
SELECT pg_stat_force_next_flush();
SELECT read_whole();
-- senders
SELECT persona.next_due('email');
SELECT count(persona.report(c.idempotency_key, 'delivered', '2026-04-20 12:01')) FROM persona.claim('email', 20, as_of => '2026-04-20 12:00') AS c;
SELECT count(*) FROM persona.claim('email', 20, as_of => '2026-04-20 12:02');
SELECT persona.cancel(idempotency_key) FROM persona.contact WHERE customer = 4990 AND status = 'planned';
SELECT persona.next_due('email');
SELECT pg_stat_force_next_flush();
SELECT read_whole();
