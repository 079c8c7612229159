--------------------------------------------------------------------------------
-- rules: what holds campaigns back beside limits - quiet times after outcomes,
-- what excludes what, customers who are left out
--------------------------------------------------------------------------------

CREATE TABLE persona.suppression (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	outcomes text[] NOT NULL CHECK (cardinality(outcomes) > 0 AND array_ndims(outcomes) = 1
		AND outcomes <@ ARRAY['delivered', 'opened', 'clicked', 'replied', 'accepted', 'rejected', 'converted', 'bounced',
			'complained', 'unsubscribed', 'ignored']),
	ignored_after interval CHECK (persona.is_fixed_length(ignored_after)),
	times integer NOT NULL DEFAULT 1 CHECK (times >= 1),
	within interval CHECK (persona.is_fixed_length(within)),
	scope text NOT NULL CHECK (scope = ANY (ARRAY['all', 'channel', 'placement', 'experience', 'experience_kind', 'campaign'])),
	quiet_for interval CHECK (persona.is_fixed_length(quiet_for)),
	until_consent boolean NOT NULL DEFAULT false,
	CONSTRAINT suppression_ignored_after_a_time CHECK (('ignored' = ANY (outcomes)) = (ignored_after IS NOT NULL)),
	CONSTRAINT suppression_within_of_several CHECK (within IS NULL OR times > 1)
);

COMMENT ON TABLE persona.suppression IS 'quiet times: after so many outcomes within so much time, campaigns leave the customer alone for a while';
COMMENT ON COLUMN persona.suppression.name IS 'the name, which explanations tell';
COMMENT ON COLUMN persona.suppression.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.suppression.outcomes IS 'which outcomes count: those of persona.response, and ignored';
COMMENT ON COLUMN persona.suppression.ignored_after IS 'a contact is ignored if nothing but its delivery was reported for so long after it was sent; it is from then on';
COMMENT ON COLUMN persona.suppression.times IS 'how many outcomes make it quiet';
COMMENT ON COLUMN persona.suppression.within IS 'in any window of that length; NULL: ever';
COMMENT ON COLUMN persona.suppression.scope IS 'what becomes quiet: all, or the channel, placement, experience, experience_kind or campaign of the outcomes; only outcomes that share it are counted together';
COMMENT ON COLUMN persona.suppression.quiet_for IS 'for how long, from the last of the outcomes on; NULL: for ever';
COMMENT ON COLUMN persona.suppression.until_consent IS 'whether a later consent of the customer to the channel ends the quiet time';

SELECT persona.watch_definitions('persona.suppression');

CREATE TABLE persona.exclusion (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	first_campaign text REFERENCES persona.campaign ON UPDATE CASCADE,
	first_experience text REFERENCES persona.experience ON UPDATE CASCADE,
	first_kind text CHECK (first_kind <> ''),
	then_campaign text REFERENCES persona.campaign ON UPDATE CASCADE,
	then_experience text REFERENCES persona.experience ON UPDATE CASCADE,
	then_kind text CHECK (then_kind <> ''),
	period interval CHECK (persona.is_fixed_length(period)),
	both_ways boolean NOT NULL DEFAULT false,
	CONSTRAINT exclusion_of_one_thing CHECK (num_nonnulls(first_campaign, first_experience, first_kind) = 1),
	CONSTRAINT exclusion_by_one_thing CHECK (num_nonnulls(then_campaign, then_experience, then_kind) = 1),
	CONSTRAINT exclusion_of_another_thing CHECK (first_campaign IS DISTINCT FROM then_campaign
		OR first_experience IS DISTINCT FROM then_experience OR first_kind IS DISTINCT FROM then_kind)
);

COMMENT ON TABLE persona.exclusion IS 'what must not follow what: a contact of the second within a time after one of the first';
COMMENT ON COLUMN persona.exclusion.name IS 'the name, which explanations tell';
COMMENT ON COLUMN persona.exclusion.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.exclusion.first_campaign IS 'the first: a campaign';
COMMENT ON COLUMN persona.exclusion.first_experience IS 'or an experience';
COMMENT ON COLUMN persona.exclusion.first_kind IS 'or a kind of experiences';
COMMENT ON COLUMN persona.exclusion.then_campaign IS 'the second: a campaign';
COMMENT ON COLUMN persona.exclusion.then_experience IS 'or an experience';
COMMENT ON COLUMN persona.exclusion.then_kind IS 'or a kind of experiences';
COMMENT ON COLUMN persona.exclusion.period IS 'for how long after the first; NULL: for ever';
COMMENT ON COLUMN persona.exclusion.both_ways IS 'whether the first must not follow the second either';

SELECT persona.watch_definitions('persona.exclusion');

CREATE TABLE persona.holdout (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	campaign text REFERENCES persona.campaign ON UPDATE CASCADE,
	share numeric NOT NULL CHECK (share > 0 AND share <= 1),
	seed text NOT NULL CHECK (seed <> ''),
	hash_version integer NOT NULL DEFAULT 2 CHECK (hash_version = ANY (ARRAY[1, 2]))
);

COMMENT ON TABLE persona.holdout IS 'customers who are left out, to see what campaigns achieve: those whose place, by the hash of their key, is below the share';
COMMENT ON COLUMN persona.holdout.name IS 'the name, which explanations tell';
COMMENT ON COLUMN persona.holdout.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.holdout.campaign IS 'the campaign that leaves them out; NULL: all';
COMMENT ON COLUMN persona.holdout.share IS 'the share of the customers, from 0 to 1; growing, it keeps those who are in it';
COMMENT ON COLUMN persona.holdout.seed IS 'the seed of the hash; another one draws anew';
COMMENT ON COLUMN persona.holdout.hash_version IS 'how customers are hashed: 2, or 1 as older SDKs do';

SELECT persona.watch_definitions('persona.holdout');

CREATE FUNCTION persona.build_rules() RETURNS json
	LANGUAGE sql STABLE PARALLEL SAFE COST 10000
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT json_build_object(
			'experiments', coalesce((SELECT json_agg(json_build_object(
					'name', e.name,
					'space', e.space,
					'space_from', e.space_from,
					'space_until', e.space_until,
					'seed', e.seed,
					'hash_version', e.hash_version,
					'coverage', e.coverage,
					'weights', to_json(e.weights)) ORDER BY e.name COLLATE "C")
				FROM persona.experiment AS e), '[]'),
			'suppressions', coalesce((SELECT json_agg(json_build_object(
					'name', s.name,
					'outcomes', to_json(s.outcomes),
					'ignored_after', persona.microseconds(s.ignored_after),
					'times', s.times,
					'within', persona.microseconds(s.within),
					'scope', s.scope,
					'quiet_for', persona.microseconds(s.quiet_for),
					'until_consent', s.until_consent) ORDER BY s.name COLLATE "C")
				FROM persona.suppression AS s), '[]'),
			'exclusions', coalesce((SELECT json_agg(json_build_object(
					'name', x.name,
					'first_campaign', x.first_campaign,
					'first_experience', x.first_experience,
					'first_kind', x.first_kind,
					'then_campaign', x.then_campaign,
					'then_experience', x.then_experience,
					'then_kind', x.then_kind,
					'period', persona.microseconds(x.period),
					'both_ways', x.both_ways) ORDER BY x.name COLLATE "C")
				FROM persona.exclusion AS x), '[]'),
			'holdouts', coalesce((SELECT json_agg(json_build_object(
					'name', h.name,
					'campaign', h.campaign,
					'share', h.share,
					'seed', h.seed,
					'hash_version', h.hash_version) ORDER BY h.name COLLATE "C")
				FROM persona.holdout AS h), '[]'),
			'topics', coalesce((SELECT json_agg(json_build_object(
					'name', t.name,
					'opt_in', t.opt_in) ORDER BY t.name COLLATE "C")
				FROM persona.topic AS t), '[]'),
			'budgets', coalesce((SELECT json_agg(json_build_object(
					'name', b.name,
					'campaign', b.campaign,
					'experience', b.experience,
					'experience_kind', b.experience_kind,
					'channel', b.channel,
					'placement', b.placement,
					'amount', b.amount::text,
					'calendar', b.calendar) ORDER BY b.name COLLATE "C")
				FROM persona.budget AS b), '[]'),
			'holidays', coalesce((SELECT json_agg(json_build_object(
					'calendar', d.calendar,
					'days', d.days) ORDER BY d.calendar COLLATE "C")
				FROM (SELECT h.calendar, json_agg(h.day - date '2000-01-01' ORDER BY h.day) AS days
					FROM persona.holiday AS h GROUP BY h.calendar) AS d), '[]'));
	END;

COMMENT ON FUNCTION persona.build_rules() IS 'the definitions of this part and of topics, holidays, experiments and budgets, as an object of arrays';

--------------------------------------------------------------------------------
-- What customers choose: functions for their own pages
--
-- They write rows of persona.choice, which is never updated: the latest choice
-- holds, and the past can be asked.  Like the views they carry the customers'
-- key in its own type, so they are made when customers are bound.
--------------------------------------------------------------------------------

CREATE FUNCTION persona.known_channel(channel text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF channel IS NOT NULL AND NOT EXISTS (SELECT FROM persona.channel AS c WHERE c.name = known_channel.channel) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = format('there is no channel "%s"', channel),
			HINT = 'Channels are kept in persona.channel; NULL means all.';
	END IF;
	RETURN channel;
END
$$;

COMMENT ON FUNCTION persona.known_channel(text) IS 'the channel itself, or NULL for NULL; error undefined_object if there is none of that name';

CREATE FUNCTION persona.known_topic(topic text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF topic IS NOT NULL AND NOT EXISTS (SELECT FROM persona.topic AS t WHERE t.name = known_topic.topic) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = format('there is no topic "%s"', topic),
			HINT = 'Topics are kept in persona.topic; NULL means all.';
	END IF;
	RETURN topic;
END
$$;

COMMENT ON FUNCTION persona.known_topic(text) IS 'the topic itself, or NULL for NULL; error undefined_object if there is none of that name';

CREATE FUNCTION persona.create_choosers() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	key text;
	agreement record;
BEGIN
	SELECT format_type(k.type, -1) INTO STRICT key FROM persona.customer_key() AS k;
	FOR agreement IN
		SELECT * FROM (VALUES ('consent', 'the customer agrees to be contacted'),
			('objection', 'the customer does not want to be contacted')) AS v (choice, about)
	LOOP
		EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.choose_%1$s(customer %2$s, channel text DEFAULT NULL, topic text DEFAULT NULL,
	origin text DEFAULT NULL) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	INSERT INTO persona.choice (customer, choice, channel, topic, origin)
	VALUES (choose_%1$s.customer, %1$L, persona.known_channel(choose_%1$s.channel), persona.known_topic(choose_%1$s.topic),
		choose_%1$s.origin);
END$sql$, agreement.choice, key);
		EXECUTE format('COMMENT ON FUNCTION persona.choose_%s(%s, text, text, text) IS %L', agreement.choice, key,
			agreement.about || ', from now on: over a channel (NULL: all), about a topic (NULL: all); origin: where it was said; errors: undefined_object, not_null_violation');
	END LOOP;

	EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.choose_snooze(customer %1$s, until timestamptz, channel text DEFAULT NULL,
	topic text DEFAULT NULL, origin text DEFAULT NULL) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	INSERT INTO persona.choice (customer, choice, channel, topic, until, origin)
	VALUES (choose_snooze.customer, 'snooze', persona.known_channel(choose_snooze.channel),
		persona.known_topic(choose_snooze.topic), choose_snooze.until, choose_snooze.origin);
END$sql$, key);
	EXECUTE format('COMMENT ON FUNCTION persona.choose_snooze(%s, timestamptz, text, text, text) IS %L', key,
		'the customer wants to hear nothing until then, over a channel (NULL: all), about a topic (NULL: all); an instant that has passed ends the snooze of the same channel and topic; errors: undefined_object, not_null_violation, check_violation (until is NULL)');

	EXECUTE format($sql$
CREATE OR REPLACE FUNCTION persona.choose_preference(customer %1$s, channels text[], origin text DEFAULT NULL) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	INSERT INTO persona.choice (customer, choice, channel, rank, origin)
	SELECT choose_preference.customer, 'preference', persona.known_channel(p.channel), p.rank, choose_preference.origin
	FROM (SELECT NULL::text, NULL::bigint
			UNION ALL
			SELECT * FROM unnest(choose_preference.channels) WITH ORDINALITY) AS p (channel, rank)
	ORDER BY p.rank NULLS FIRST;
END$sql$, key);
	EXECUTE format('COMMENT ON FUNCTION persona.choose_preference(%s, text[], text) IS %L', key,
		'the customer''s order of channels, the preferred one first; it replaces the order before, and an empty one withdraws it; errors: undefined_object, not_null_violation, check_violation (a channel is NULL)');
END
$$;

COMMENT ON FUNCTION persona.create_choosers() IS 'makes, or replaces in place, the functions with which customers'' own pages write their choices';

CREATE FUNCTION persona.drop_choosers() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
BEGIN
	DROP FUNCTION IF EXISTS persona.choose_consent, persona.choose_objection, persona.choose_snooze, persona.choose_preference;
END
$$;

COMMENT ON FUNCTION persona.drop_choosers() IS 'drops what persona.create_choosers() made; an error if other objects depend on it';

-- They create and drop objects.
REVOKE EXECUTE ON FUNCTION persona.create_choosers(), persona.drop_choosers() FROM PUBLIC;
