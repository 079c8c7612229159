-- settings: those of the session have no say in a program, a cohort, a bucket,
-- a key, a message or a reason.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, shop CASCADE;
CREATE EXTENSION persona;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA shop;
SET search_path = shop, public;

CREATE TABLE customer (id bytea PRIMARY KEY, born date, clv float8, weight real, paid interval, seen tstzrange, days date[], zone text);
CREATE TABLE click (customer bytea, at timestamptz, price float8, lasted interval);
CREATE INDEX ON click (customer, at);
INSERT INTO customer SELECT ('\x' || lpad(to_hex(n), 8, 'f0'))::bytea, date '2000-02-29' + n, n / 3.0, n / 7.0, n * interval '1 month 2 days 3:04:05',
	tstzrange('2026-03-01', '2026-03-02'), ARRAY[date '2026-01-02' + n], CASE n % 2 WHEN 0 THEN 'Asia/Tokyo' END FROM generate_series(1, 20) AS n;
INSERT INTO click SELECT id, timestamptz '2026-03-05' + n * interval '5 hours', n / 7.0 + clv, n * interval '25 hours'
FROM customer, generate_series(1, 5) AS n;
SELECT persona.bind_customers('customer', 'id', time_zone => 'zone', default_time_zone => 'Europe/Berlin');
SELECT persona.bind_events('click', 'customer', 'at', kind => 'click');
INSERT INTO persona.cohort (name, condition) VALUES
	('bucket', '{"bucket": {"seed": "s", "from": 0, "to": 0.5}}'),
	('long', '{"attribute": "paid", "at_least": "4 mons 8 days"}'),
	('key', '{"attribute": "id", "at_least": "\\xf0f0f005"}'),
	('sum', '{"event": "click", "sum": "price", "at_least": 12.3}'),
	('each', '{"per": "price", "event": "click", "times": {"at_least": 1}}'),
	('lengths', '{"event": "click", "distinct": "lasted", "at_least": 5}');
INSERT INTO persona.trigger (name, condition) VALUES ('clicked', '{"per": "price", "event": "click", "within": "1 day"}');
INSERT INTO persona.experience (name) VALUES ('all');
INSERT INTO persona.channel (name) VALUES ('web');
INSERT INTO persona.message (name, experience, channel, subject, body) VALUES
	('all', 'all', 'web', '{{customer.id}} {{customer.born}} {{customer.clv}} {{customer.weight}}', '{{customer.paid}} {{customer.seen}} {{customer.days}}');
INSERT INTO persona.campaign (name, experience, cohort, trigger) VALUES ('all', 'all', NULL, 'clicked'), ('some', 'all', 'bucket', NULL);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('all', 1, 'web'), ('some', 1, 'web');
-- as a message shows them
SELECT DISTINCT ON (campaign) campaign, subject, body FROM persona.next_message_at('2026-03-06 06:00+00') ORDER BY campaign, customer;

CREATE FUNCTION answers() RETURNS text LANGUAGE plpgsql SET search_path = shop, public AS $$
BEGIN
	RETURN (SELECT md5(string_agg(x, ' ' ORDER BY x COLLATE "C")) FROM (
		SELECT persona.build_program()::text AS x
		UNION ALL SELECT concat_ws(' ', encode(customer, 'hex'), cohort, extract(epoch FROM since), extract(epoch FROM until)) FROM persona.cohort_member_at('2026-03-06 06:00+00')
		UNION ALL SELECT concat_ws(' ', encode(customer, 'hex'), trigger, trigger_key, extract(epoch FROM fired_at)) FROM persona.open_trigger_at('2026-03-06 06:00+00')
		UNION ALL SELECT concat_ws(' ', encode(customer, 'hex'), campaign, subject, body, score, reason, trigger_key) FROM persona.next_message_at('2026-03-06 06:00+00')
		UNION ALL SELECT concat_ws(' ', 'all', encode(customer, 'hex'), campaign, subject, body, score, reason) FROM persona.next_message_of_all('2026-03-06 06:00+00')
		UNION ALL SELECT concat_ws(' ', encode(c.id, 'hex'), e.campaign, e.stage, e.reason) FROM customer AS c, persona.explain(c.id, '2026-03-06 06:00+00') AS e
		UNION ALL SELECT concat_ws(' ', 'holds', h.name, encode(c.id, 'hex')) FROM persona.cohort AS h, customer AS c WHERE persona.holds(c, h.condition, '2026-03-06 06:00+00')) AS a);
END
$$;
CREATE TABLE different (setting text, value text);
DO $$
DECLARE
	expected text := shop.answers();
	found text;
	old text;
	s record;
BEGIN
	FOR s IN VALUES ('DateStyle', 'SQL, DMY'), ('DateStyle', 'German'), ('DateStyle', 'Postgres, MDY'), ('IntervalStyle', 'iso_8601'),
		('IntervalStyle', 'sql_standard'), ('IntervalStyle', 'postgres_verbose'), ('TimeZone', 'Asia/Tokyo'), ('TimeZone', 'America/New_York'),
		('extra_float_digits', '-15'), ('extra_float_digits', '0'), ('extra_float_digits', '3'), ('bytea_output', 'escape'), ('standard_conforming_strings', 'off'),
		('quote_all_identifiers', 'on'), ('transform_null_equals', 'on'), ('array_nulls', 'off'), ('client_encoding', 'LATIN1'),
		('enable_seqscan', 'off'), ('enable_indexscan', 'off'), ('enable_hashagg', 'off'), ('enable_sort', 'off'), ('enable_nestloop', 'off'),
		('plan_cache_mode', 'force_generic_plan'), ('jit_above_cost', '0'), ('work_mem', '64kB'), ('default_transaction_read_only', 'on'),
		('parallel_setup_cost', '0'), ('min_parallel_table_scan_size', '0'), ('timezone_abbreviations', 'Australia')
	LOOP
		old := current_setting(s.column1);
		PERFORM set_config(s.column1, s.column2, false);
		found := shop.answers();
		PERFORM set_config(s.column1, old, false);
		IF found <> expected THEN
			INSERT INTO different VALUES (s.column1, s.column2);
		END IF;
	END LOOP;
END
$$;
TABLE different;
