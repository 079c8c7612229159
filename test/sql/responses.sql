-- responses: whoever writes them, what they leave open is copied from their
-- contact, so that suppressions see them; a contact of somebody else is refused.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA shop;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never
SET search_path = shop, public;

CREATE TABLE customer (id text PRIMARY KEY, email text);
INSERT INTO customer SELECT n, n || '@example.org' FROM unnest('{ann,ben,cem,dan}'::text[]) AS n;
SELECT persona.bind_customers('customer', 'id');
INSERT INTO persona.experience (name) VALUES ('offer');
INSERT INTO persona.channel (name) VALUES ('email'), ('web');
INSERT INTO persona.placement (channel, name) VALUES ('web', 'banner');
INSERT INTO persona.message (name, experience, channel, body) SELECT name, 'offer', name, 'Hello' FROM persona.channel;
INSERT INTO persona.campaign (name, experience) VALUES ('offer', 'offer');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('offer', 1, 'email'), ('offer', 2, 'web');
INSERT INTO persona.suppression (name, outcomes, scope, quiet_for) VALUES ('rejected', '{rejected}', 'channel', '30 days');
INSERT INTO persona.contact (customer, contact_id, campaign, experience, channel, placement, message, status, decided_at, send_at) VALUES
	('ann', 1, 'offer', 'offer', 'email', NULL, 'email', 'sent', '2026-03-01', '2026-03-01'),
	('ben', 2, 'offer', 'offer', 'email', NULL, 'email', 'sent', '2026-03-01', '2026-03-01'),
	('ben', 3, 'offer', 'offer', 'web', 'banner', 'web', 'sent', '2026-03-01', '2026-03-01'),
	('cem', 4, 'offer', 'offer', 'email', NULL, 'email', 'sent', '2026-03-01', '2026-03-01'),
	('dan', 5, NULL, NULL, NULL, NULL, NULL, 'sent', '2026-03-01', '2026-03-01');
SELECT customer, channel FROM persona.next_message_at('2026-03-10') ORDER BY customer;

-- by INSERT, by COPY, by prepared statements: with the contact only
INSERT INTO persona.response (customer, contact_id, at, outcome) VALUES ('ann', 1, '2026-03-02', 'rejected');
COPY persona.response (customer, contact_id, at, outcome) FROM stdin;
ben	2	2026-03-02 00:00:00+00	rejected
ben	3	2026-03-02 00:00:00+00	clicked
dan	5	2026-03-02 00:00:00+00	rejected
\.
PREPARE answer (text, bigint, text) AS INSERT INTO persona.response (customer, contact_id, at, outcome) VALUES ($1, $2, '2026-03-03', $3);
EXECUTE answer ('ben', 3, 'opened');
-- what is given stays; on no contact there is nothing to copy
INSERT INTO persona.response (customer, contact_id, at, outcome, campaign, channel) VALUES ('cem', 4, '2026-03-02', 'rejected', 'another', 'web');
INSERT INTO persona.response (customer, at, outcome) VALUES ('cem', '2026-03-02', 'opened');
SELECT customer, contact_id, at::date, outcome, campaign, experience, channel, placement, message FROM persona.response ORDER BY customer, at, contact_id, outcome;
-- so the suppression of a channel knows it
SELECT customer, channel FROM persona.next_message_at('2026-03-10') ORDER BY customer;
SELECT campaign, stage, reason FROM persona.explain('ann', '2026-03-10') WHERE channel = 'email';

-- a contact of somebody else, or of nobody: by each way, and nothing of the statement stays
INSERT INTO persona.response (customer, contact_id, outcome) VALUES ('ann', 1, 'opened'), ('ann', 2, 'opened');
\set VERBOSITY sqlstate
INSERT INTO persona.response (customer, contact_id, outcome, campaign, experience, channel, placement, message)
VALUES ('ann', 2, 'opened', 'offer', 'offer', 'email', 'none', 'email');
EXECUTE answer ('ann', 99, 'opened');
COPY persona.response (customer, contact_id, at, outcome) FROM stdin;
ann	1	2026-03-04 00:00:00+00	opened
ann	2	2026-03-04 00:00:00+00	opened
\.
\set VERBOSITY default
SELECT count(*) FROM persona.response WHERE customer = 'ann';
-- whoever may not see the contact does not learn of it
CREATE ROLE persona_etl;
GRANT USAGE ON SCHEMA persona, shop TO persona_etl;
GRANT INSERT ON persona.response, persona.change TO persona_etl;
GRANT SELECT ON customer TO persona_etl;
SET ROLE persona_etl;
INSERT INTO persona.response (customer, contact_id, outcome) VALUES ('ann', 1, 'opened');
INSERT INTO persona.response (customer, at, outcome, channel) VALUES ('ann', '2026-03-05', 'opened', 'email');
RESET ROLE;
GRANT SELECT ON persona.contact TO persona_etl;
SET ROLE persona_etl;
INSERT INTO persona.response (customer, contact_id, at, outcome) VALUES ('ann', 1, '2026-03-05', 'opened');
RESET ROLE;
SELECT contact_id, channel FROM persona.response WHERE at = '2026-03-05' ORDER BY contact_id;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON customer USING (id = 'ann');
SET ROLE persona_etl;
INSERT INTO persona.response (customer, contact_id, outcome) VALUES ('ben', 2, 'opened');
RESET ROLE;
DROP POLICY one ON customer;
ALTER TABLE customer DISABLE ROW LEVEL SECURITY;

-- nothing of it stays when the customers are unbound; binding again makes it anew, by whatever key
SELECT tgname, tgfoid::regproc FROM pg_trigger WHERE tgrelid = 'persona.response'::regclass AND tgname = 'complete_response';
SELECT persona.unbind_customers();
SELECT tgname FROM pg_trigger WHERE tgrelid = 'persona.response'::regclass;
SELECT to_regproc('persona.complete_response');
SELECT persona.bind_customers('customer', 'id');
INSERT INTO persona.response (customer, contact_id, outcome) VALUES ('ann', 1, 'opened') RETURNING channel;
TRUNCATE persona.contact, persona.response;
CREATE TABLE numbered (id bigint PRIMARY KEY);
INSERT INTO numbered VALUES (1), (2);
SELECT persona.bind_customers('numbered', 'id');
INSERT INTO persona.contact (customer, contact_id, channel) VALUES (1, 1, 'web');
INSERT INTO persona.response (customer, contact_id, outcome) VALUES (1, 1, 'opened') RETURNING customer, channel;
INSERT INTO persona.response (customer, contact_id, outcome) VALUES (2, 1, 'opened');
DROP OWNED BY persona_etl;
DROP ROLE persona_etl;
