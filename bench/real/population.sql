-- population.sql - checks what persona says of all customers together, after
-- the oracle of a data set has answered for :as_of.

\if :oracle_only
\else
SELECT :'data_set' || ' at ' || :'as_of' || ', population' AS label \gset
SELECT verify.capture(:'label' || ', funnel', 'persona_funnel', format('SELECT * FROM persona.funnel_at(%L)', :'as_of'));
SELECT verify.capture(:'label' || ', feasibility', 'persona_feasibility', format('SELECT * FROM persona.feasibility_at(%L)', :'as_of'));

SELECT verify.compare(:'label' || ', a funnel holds all customers',
	'SELECT campaign AS of, sum(customers) FROM persona_funnel GROUP BY campaign',
	'SELECT name, (SELECT count(*) FROM oracle.customer)::numeric FROM persona.campaign WHERE active');
SELECT verify.compare(:'label' || ', and ends with those who get the message',
	'SELECT campaign AS of, customers FROM persona_funnel WHERE stage = ''chosen'' AND customers > 0',
	'SELECT campaign, count(*) FROM oracle.next_message GROUP BY campaign');
SELECT verify.compare(:'label' || ', funnels are what explanations say',
	format('SELECT campaign AS of, stage, customers FROM persona_funnel WHERE customers > 0'),
	format('SELECT campaign, stage, count(*) FROM (
			SELECT DISTINCT ON (e.customer, e.campaign) e.campaign, e.stage
			FROM persona.candidate_of_all(%L) AS e JOIN persona_funnel AS f ON f.campaign = e.campaign AND f.stage = e.stage
			ORDER BY e.customer, e.campaign, f.position DESC) AS x GROUP BY campaign, stage', :'as_of'));
SELECT verify.compare(:'label' || ', members of cohorts in the feasibility',
	'SELECT name AS of, members FROM persona_feasibility WHERE definition = ''cohort''',
	'SELECT name, (SELECT count(*) FROM oracle.cohort_member AS m WHERE m.cohort = c.name) FROM persona.cohort AS c');

-- the same program changes nothing, one campaign less only what it had won
SELECT verify.compare(:'label' || ', the same program changes nothing',
	format('SELECT campaign_before AS of, customer FROM persona.simulate(persona.program(), %L)', :'as_of'),
	'SELECT campaign, customer FROM oracle.next_message WHERE false');
SELECT verify.compare(:'label' || ', without ' || c.campaign || ' only its customers change',
	format('SELECT campaign_before AS of, customer FROM persona.simulate(persona.program_with(persona.program(), %L), %L)',
		jsonb_build_object('campaigns', jsonb_build_object(c.campaign, NULL)), :'as_of'),
	format('SELECT campaign, customer FROM oracle.next_message WHERE campaign = %L', c.campaign))
FROM (SELECT campaign FROM oracle.next_message GROUP BY campaign ORDER BY count(*) DESC, campaign LIMIT 2) AS c;

-- each channel takes a third of those whom it would reach
SELECT verify.capture(:'label' || ', a program with capacities', 'persona_scarce', format(
	'SELECT persona.program_with(persona.program(), jsonb_build_object(''channels'', jsonb_object_agg(channel,
			jsonb_build_object(''capacity_per_day'', customers / 3)))) AS program
	 FROM (SELECT channel, sum(customers)::bigint AS customers FROM persona.campaign_reach_of_all(persona.program(), %L)
		GROUP BY channel HAVING sum(customers) > 2) AS c', :'as_of'));
SELECT verify.capture(:'label' || ', prices', 'persona_price', format(
	'SELECT p.* FROM persona_scarce AS s, persona.prices_of_all(s.program, %L) AS p', :'as_of'));
SELECT verify.capture(:'label' || ', the program with prices', 'persona_priced', format(
	'SELECT persona.priced_program(%L, s.program) AS program FROM persona_scarce AS s', :'as_of'));
SELECT verify.compare(:'label' || ', no place is given twice, no better assignment is left',
	'SELECT channel AS of, priority, sent_from FROM persona_price WHERE served <= places AND gap = 0 AND (served = places OR price = 0)',
	'SELECT channel, priority, sent_from FROM persona_price');
SELECT verify.compare(:'label' || ', customers take what the prices foresee',
	format('SELECT r.channel AS of, sum(r.customers) FROM persona_priced AS s, persona.campaign_reach_of_all(s.program, %L) AS r
		WHERE r.channel IN (SELECT channel FROM persona_price) GROUP BY r.channel', :'as_of'),
	'SELECT channel, sum(served) FROM persona_price GROUP BY channel');
SELECT format('rows   %s: %s of %s places priced, %s customers do without', :'label', sum(served), sum(places), sum(wanted - served)) FROM persona_price;
\endif
