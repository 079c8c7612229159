-- shadowed: a schema that comes first in the search_path has functions and
-- operators of PostgreSQL's own names and types; none is called by persona.

SET client_min_messages = warning;
DROP EXTENSION IF EXISTS persona CASCADE;
DROP SCHEMA IF EXISTS persona, z, evil CASCADE;
CREATE EXTENSION persona;
CREATE SCHEMA z;
CREATE SCHEMA evil;
\set SHOW_CONTEXT never
DO $$
DECLARE
	f record;
	n int := 0;
BEGIN
	FOR f IN SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS args, pg_get_function_result(p.oid) AS result
		FROM pg_proc AS p
		WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset
			AND p.prorettype <> ALL ('{internal,trigger,event_trigger,cstring}'::regtype[])
	LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION ''''EVIL %s''''; END''',
				f.proname, regexp_replace(f.args, '(OUT|INOUT) ', '', 'g'), f.result, f.proname);
			n := n + 1;
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
	END LOOP;
	IF n < 2000 THEN RAISE WARNING 'only % functions', n; END IF;
	n := 0;
	FOR f IN SELECT o.oprname, nullif(o.oprleft, 0)::regtype AS l, o.oprright::regtype AS r, p.proname
		FROM pg_operator AS o JOIN pg_proc AS p ON p.oid = o.oprcode WHERE o.oprnamespace = 'pg_catalog'::regnamespace
	LOOP
		BEGIN
			EXECUTE format('CREATE OPERATOR evil.%s (%s RIGHTARG = %s, FUNCTION = evil.%I)',
				f.oprname, format('LEFTARG = %s,', f.l), f.r, f.proname);
			n := n + 1;
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
	END LOOP;
	IF n < 700 THEN RAISE WARNING 'only % operators', n; END IF;
END
$$;
CREATE TABLE evil.contact (x int);
CREATE TABLE evil.customer (x int);
CREATE TABLE evil.pg_class (x int);
CREATE TABLE evil.pg_attribute (x int);
CREATE TABLE evil.pg_type (x int);
CREATE TABLE evil.pg_namespace (x int);
CREATE TABLE z.customer(id int primary key, a text, tz text, lang text, clv numeric, tags text[], d timestamptz, email text);
CREATE TABLE z.ev(cid int, at timestamptz, kind text, n int, amount numeric);
CREATE INDEX ON z.ev(cid,at);
INSERT INTO z.customer SELECT i,'a'||i,'Europe/Berlin','de', i*10, ARRAY['x'], '2026-03-01', 'e@x' FROM generate_series(1,20) i;
INSERT INTO z.ev SELECT 1+i%20, timestamptz '2026-03-01 12:00Z' -i*interval '1h', CASE WHEN i%2=0 THEN 'k' ELSE 'j' END, i, i FROM generate_series(1,100) i;

-- what they answer matters elsewhere; here only what goes wrong
\o /dev/null
SET search_path = evil, pg_catalog;
-- so it would look
SELECT now();
SELECT 1 + 1;
SELECT persona.bind_customers('z.customer','id',time_zone=>'tz',language=>'lang',default_time_zone=>'Europe/Berlin');
SELECT persona.bind_events('z.ev','cid','at',kind_column=>'kind',sequence=>'n', kinds=>'{k,j}');
INSERT INTO persona.cohort(name,condition) VALUES ('x','{"event":"k","times":{"at_least":2},"within":"30 days"}'),('y','{"attribute":"a","starts_with":"a1"}'),('s','{"sequence":[{"event":"k"},{"event":"j"},{"no":"k","for":"1 hour"}],"within":"3 days"}'),('like','{"attribute":"a","like":"A_","case":"ignore"}'),('re','{"attribute":"a","matches":"^a.$"}'),('arr','{"attribute":"tags","contains_any":["x"]}'),('num','{"attribute":"clv","between":[20,100]}'),('sum','{"event":"k","sum":"amount","at_least":5}'),('d','{"attribute":"d","on":"this month"}'),('b','{"bucket":{"seed":"s","from":0,"to":0.5}}'),('dist','{"event":"k","distinct":"n","at_least":1}');
INSERT INTO persona.trigger(name,condition,open_for) VALUES ('t','{"event":"k"}','20 days'),('tp','{"per":"n","event":"j"}','20 days');
INSERT INTO persona.experience(name) VALUES('e');
INSERT INTO persona.channel(name,capacity_per_day,address_column,quiet_hours) VALUES('c',3,'email','daily 22:00-07:00');
INSERT INTO persona.placement(channel,name) VALUES('c','pl');
INSERT INTO persona.message(name,experience,channel,body) VALUES('m','e','c','b {{customer.a}} ');
INSERT INTO persona.campaign(name,experience,trigger,value) VALUES('p','e','t','length(customer.a) + customer.clv * 2 + abs(-1)'),('p2','e','tp','event.amount + 1');
INSERT INTO persona.campaign_channel VALUES('p',1,'c',NULL),('p2',1,'c','pl');
INSERT INTO persona.policy(name,max_contacts,period) VALUES('l',2,'7 days');
INSERT INTO persona.suppression (name, outcomes, ignored_after, times, within, scope, quiet_for) VALUES ('tired',  '{ignored}', '2 days', 3, '7 days', 'all', '10 days');
INSERT INTO persona.exclusion(name,first_campaign,then_campaign,period) VALUES('ex','p','p2','1 day');
INSERT INTO persona.holdout(name,share,seed) VALUES('h',0.1,'x');
INSERT INTO persona.experiment(name,seed) VALUES('exp','y');
\set t '''2026-03-01 12:30Z'''
SELECT customer, cohort FROM persona.cohort_member_at(:t) ORDER BY 1,2 LIMIT 3;
SELECT customer, cohort FROM persona.cohort_member_of_all(:t) ORDER BY 1,2 LIMIT 3;
SELECT customer FROM persona.cohort_member LIMIT 1;
SELECT customer FROM persona.next_message LIMIT 1;
SELECT customer FROM persona.open_trigger LIMIT 1;
SELECT customer, campaign, score FROM persona.next_message_at(:t) ORDER BY 1 LIMIT 3;
SELECT customer, campaign, score FROM persona.next_message_of_all(:t) ORDER BY 1 LIMIT 3;
SELECT customer FROM persona.open_trigger_of_all(:t) LIMIT 1;
SELECT customer FROM persona.candidate_of_all(:t) LIMIT 1;
SELECT customer FROM persona.cohort_mask_of_all(:t) LIMIT 1;
SELECT * FROM persona.reach LIMIT 1;
SELECT * FROM persona.overlap LIMIT 1;
SELECT * FROM persona.reach_at(:t) LIMIT 1;
SELECT * FROM persona.overlap_at(:t) LIMIT 1;
SELECT campaign,stage,reason FROM persona.explain(1,:t);
SELECT slot,campaign FROM persona.next_message_for(1,'c',NULL,'{"a":1}',:t);
SELECT persona.watch_changes('z.customer');
SELECT persona.watch_changes('z.ev');
SELECT persona.refresh_snapshot(:t);
CALL persona.run(as_of => :t);
UPDATE z.customer SET a='b';
INSERT INTO z.ev VALUES (1,'2026-03-01 12:31Z','k',1,1);
DELETE FROM z.ev WHERE cid IS NULL;
CALL persona.run(as_of=>'2026-03-01 12:32Z');
CALL persona.run(ARRAY['p'],'2026-03-01 12:33Z');
SELECT persona.refresh_snapshot('2026-03-01 12:33Z');
SELECT run, state, written, errors FROM persona.run_log;
SELECT * FROM persona.run_progress;
SELECT * FROM persona.progress;
SELECT customer,body FROM persona.claim('c',10,'5 min','w','2026-03-01 12:40Z') LIMIT 2;
SELECT persona.report(idempotency_key,'sent','2026-03-01 12:41Z') FROM persona.contact LIMIT 1;
SELECT persona.report(idempotency_key,'clicked','2026-03-01 12:41Z') FROM persona.contact LIMIT 1;
SELECT persona.report('[]'::jsonb);

SELECT persona.contact_key(1,1);
SELECT persona.next_due('c');
SELECT persona.notify_name('c');
SELECT customer FROM persona.commit_message(5,'c','pl');
SELECT customer FROM persona.commit_message(5);
SELECT persona.choose_consent(1,'c');
SELECT persona.choose_objection(1,'c');
SELECT persona.choose_snooze(1,'2027-01-01','c');
SELECT persona.choose_preference(1,'{c}');
SELECT * FROM persona.funnel LIMIT 1;
SELECT * FROM persona.funnel_at(:t) LIMIT 1;
SELECT * FROM persona.feasibility LIMIT 1;
SELECT * FROM persona.feasibility_at(:t) LIMIT 1;
SELECT * FROM persona.simulate(persona.program_with(persona.program(),'{"campaigns":{"p":null}}'),:t) LIMIT 1;
SELECT * FROM persona.simulate_reach(persona.program(),:t) LIMIT 1;
SELECT * FROM persona.simulate_overlap(persona.program(),:t) LIMIT 1;
SELECT * FROM persona.prices_at(:t);
SELECT persona.check_program(persona.priced_program(:t));
SELECT * FROM persona.replay(1);
SELECT * FROM persona.needs(persona.program()) LIMIT 1;
SELECT persona.check_program(persona.build_program());
SELECT persona.check_program(persona.program_for('{"attribute":"a","is":"x"}'));
SELECT id FROM z.customer AS c WHERE persona.holds(c,'{"attribute":"clv","at_least":190}');
SELECT id FROM z.customer AS c WHERE persona.holds(c,'{"all":[{"attribute":"a","in":["a1","a2","b"]},{"attribute":"clv","between":[20,30]},{"attribute":"a","starts_with":"b"},{"attribute":"a","like":"b%"},{"attribute":"a","matches":"b"},{"attribute":"tags","contains_any":["x"]},{"attribute":"tags","contains_all":["x"]},{"attribute":"d","after":"2020-01-01"},{"attribute":"a","is":"B","case":"ignore"},{"attribute":"a","ends_with":"b"},{"attribute":"a","contains":"b"},{"not":{"attribute":"a","is":"q"}}]}');
SELECT id FROM z.customer AS c WHERE persona.holds(c,'{"all":[{"attribute":"clv","at_least":190},{"event":"k"}]}');
SELECT persona.truth(c,'{"event":"k"}') FROM z.customer AS c LIMIT 1;
SELECT id FROM z.customer AS c WHERE persona.in_cohort(c,'num') LIMIT 1;
SELECT cid, persona.holds_over('{"event":"k","times":{"at_least":2}}',kind,at,e,'2026-03-01 12:00Z') FROM z.ev AS e GROUP BY cid ORDER BY 1 LIMIT 1;
SELECT persona.job_grants('operator') LIMIT 1;
UPDATE persona.cohort SET value=2;
DELETE FROM persona.exclusion;
DELETE FROM persona.campaign;
DELETE FROM persona.trigger;
DELETE FROM persona.cohort;
UPDATE persona.contact SET status='cancelled';
SELECT persona.unwatch_changes('z.ev');
SELECT persona.unbind_events('z.ev');
SELECT persona.create_views();
SELECT persona.unbind_customers();
\o

RESET search_path;
SELECT count(*) > 0 AS written FROM persona.contact;
SELECT count(*) > 0 AS answered FROM persona.response;
DROP EXTENSION persona CASCADE;
DROP SCHEMA persona, z, evil CASCADE;
