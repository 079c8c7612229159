--------------------------------------------------------------------------------
-- deliver: contacts are handed out to senders, and senders report on them
--
-- persona.claim() hands out what is due, after it has been judged again on the
-- data of now; persona.report() takes what became of it.
--------------------------------------------------------------------------------

CREATE TYPE persona.recheck_result AS (
	stage text,
	reason text,
	send_at timestamptz,
	address text,
	message text,
	language text,
	subject text,
	body text
);

COMMENT ON TYPE persona.recheck_result IS 'whether a contact that was decided earlier may still be sent: what persona.recheck() returns';
COMMENT ON COLUMN persona.recheck_result.stage IS 'chosen: it may; else the rule that it does not pass any more';
COMMENT ON COLUMN persona.recheck_result.reason IS 'why that rule failed, or NULL';
COMMENT ON COLUMN persona.recheck_result.send_at IS 'when its slot is: the same as before, or the instant to which it has to move; NULL if it may not be sent';
COMMENT ON COLUMN persona.recheck_result.address IS 'the customer''s address on the channel, or NULL';
COMMENT ON COLUMN persona.recheck_result.message IS 'the message variant as of now';
COMMENT ON COLUMN persona.recheck_result.language IS 'its language, or NULL';
COMMENT ON COLUMN persona.recheck_result.subject IS 'the subject rendered now, or NULL';
COMMENT ON COLUMN persona.recheck_result.body IS 'the body rendered now';

CREATE TYPE persona.hand_out AS (
	idempotency_key uuid,
	verdict text,
	reason text,
	send_at timestamptz,
	address text,
	message text,
	language text,
	subject text,
	body text
);

COMMENT ON TYPE persona.hand_out IS 'what becomes of a contact that is to be handed out: what persona.hand_outs() tells persona.claim()';
COMMENT ON COLUMN persona.hand_out.idempotency_key IS 'the contact''s';
COMMENT ON COLUMN persona.hand_out.verdict IS 'given: it is handed out; moving: its slot is at another instant; wait: it may be sent only later; gone, late, given up, refused: it ends';
COMMENT ON COLUMN persona.hand_out.reason IS 'why it ends, or NULL';
COMMENT ON COLUMN persona.hand_out.send_at IS 'as persona.recheck() tells it, like the following';
COMMENT ON COLUMN persona.hand_out.address IS 'the customer''s address on the channel, or NULL';
COMMENT ON COLUMN persona.hand_out.message IS 'the message variant';
COMMENT ON COLUMN persona.hand_out.language IS 'its language, or NULL';
COMMENT ON COLUMN persona.hand_out.subject IS 'the subject, or NULL';
COMMENT ON COLUMN persona.hand_out.body IS 'the body';

CREATE FUNCTION persona.recheck(program persona.program, customer anyelement, timeline persona.timeline,
	as_of timestamptz, campaign text, channel text, placement text, trigger text, fired_at timestamptz,
	send_at timestamptz, trigger_key text DEFAULT NULL, contact_id bigint DEFAULT NULL) RETURNS persona.recheck_result
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
	AS 'MODULE_PATHNAME', 'persona_recheck';

COMMENT ON FUNCTION persona.recheck(persona.program, anyelement, persona.timeline, timestamptz, text, text, text, text, timestamptz, timestamptz, text, bigint) IS
'judges a contact that was decided earlier again, on the data of as_of.
program, customer, timeline, as_of: as of persona.decide(); campaign, channel, placement, trigger, fired_at, send_at, trigger_key, contact_id: those of the contact, which is left out of the timeline.
Its campaign''s dates, cohort, goal and relevance, its channel and its message are judged as in a decision; limits only if it has to move, that is if the channel is closed now or it is late by more than an hour; not at all if send_at is NULL.
NULL if program, customer, as_of, campaign or channel is NULL; errors as of persona.decide()';

--------------------------------------------------------------------------------
-- News for senders
--------------------------------------------------------------------------------

-- No setting and not strict, so that the planner puts its expression in its place.
CREATE FUNCTION persona.notify_name(channel text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE WHEN octet_length('persona_' || channel) < 64 THEN 'persona_' || channel
			ELSE 'persona_' || md5(channel) END;
	END;

COMMENT ON FUNCTION persona.notify_name(text) IS 'what to LISTEN to for new contacts of a channel, to be quoted as an identifier: persona_ and the channel''s name, or its MD5 hash if that would be longer than 63 bytes; NULL for NULL';

CREATE FUNCTION persona.tell_senders() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM pg_notify(persona.notify_name(i.channel), '')
	FROM (SELECT DISTINCT n.channel FROM inserted AS n WHERE n.status = 'planned' AND n.channel IS NOT NULL) AS i;
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION persona.tell_senders() IS 'statement trigger on persona.contact with transition table "inserted": tells the senders of each channel once that there is new work';

CREATE FUNCTION persona.need_contacts() RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF to_regclass('persona.contact') IS NULL THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = 'there are no contacts, since no customers were ever bound',
			HINT = 'Bind them with persona.bind_customers().';
	END IF;
END
$$;

COMMENT ON FUNCTION persona.need_contacts() IS 'fails with object_not_in_prerequisite_state if persona.contact has not been made';

CREATE FUNCTION persona.next_due(channel text) RETURNS timestamptz
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM persona.need_contacts();
	RETURN (SELECT coalesce(k.next_attempt_at, k.send_at)
		FROM persona.contact AS k
		WHERE k.channel = next_due.channel AND k.status = ANY (ARRAY['planned', 'claimed'])
		ORDER BY coalesce(k.next_attempt_at, k.send_at) LIMIT 1);
END
$$;

COMMENT ON FUNCTION persona.next_due(text) IS 'the instant at which persona.claim() has something to hand out on a channel, in the past if there is something already; NULL if nothing is planned, and for NULL; error object_not_in_prerequisite_state if no customers were ever bound';

--------------------------------------------------------------------------------
-- Handing out
--------------------------------------------------------------------------------

CREATE FUNCTION persona.claim_terms(channel text, n integer, lease interval, as_of timestamptz,
	OUT max_attempts integer, OUT retry_after interval) RETURNS record
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF n IS NULL OR n < 1 THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'the number of contacts to claim must be 1 or more';
	END IF;
	IF persona.is_fixed_length(lease) IS NOT TRUE THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'the lease must be a length of time in fixed units',
			HINT = 'For example interval ''5 minutes''.';
	END IF;
	IF as_of IS NULL OR NOT isfinite(as_of) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'datetime_field_overflow',
			MESSAGE = 'as_of must be an instant, not infinity';
	END IF;
	SELECT c.max_attempts, c.retry_after INTO max_attempts, retry_after
	FROM persona.channel AS c WHERE c.name = claim_terms.channel;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = CASE WHEN channel IS NULL THEN 'a channel is needed' ELSE format('there is no channel "%s"', channel) END,
			HINT = 'Channels are the rows of persona.channel.';
	END IF;
END
$$;

COMMENT ON FUNCTION persona.claim_terms(text, integer, interval, timestamptz) IS 'checks the arguments of persona.claim() and returns what the channel says of attempts; errors: invalid_parameter_value, datetime_field_overflow, undefined_object';

-- No setting and not strict, so that the planner puts its expression in its place.
CREATE FUNCTION persona.rest_after(attempts integer, retry_after interval) RETURNS interval
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE WHEN num_nulls(attempts, retry_after) = 0
			THEN least(retry_after * (1 << least(greatest(attempts, 1) - 1, 20)), greatest(retry_after, interval '1 day')) END;
	END;

COMMENT ON FUNCTION persona.rest_after(integer, interval) IS 'how long a contact rests after so many failed attempts: retry_after, doubled for each after the first, at most a day (or retry_after, if that is longer); NULL for NULL';

CREATE FUNCTION persona.create_delivery() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
DECLARE
	customers record;
BEGIN
	SELECT b.relation::text AS relation, quote_ident(b.key_column) AS key, format_type(a.atttypid, -1) AS key_type,
		q.operator AS equals
	INTO STRICT customers
	FROM persona.customer_binding AS b
		JOIN pg_attribute AS a ON a.attrelid = b.relation AND a.attname = b.key_column
		CROSS JOIN LATERAL persona.equality(a.atttypid, a.atttypid) AS q;

	CREATE INDEX IF NOT EXISTS contact_due_idx ON persona.contact (channel, coalesce(next_attempt_at, send_at))
		WHERE status = ANY (ARRAY['planned', 'claimed']);
	CREATE INDEX IF NOT EXISTS contact_idempotency_key_idx ON persona.contact (idempotency_key);
	CREATE UNIQUE INDEX IF NOT EXISTS response_contact_id_idx ON persona.response (contact_id, outcome, at, customer);
	IF NOT EXISTS (SELECT FROM pg_trigger AS t
		WHERE t.tgrelid = 'persona.contact'::regclass AND t.tgname = 'tell_senders')
	THEN
		CREATE TRIGGER tell_senders AFTER INSERT ON persona.contact
			REFERENCING NEW TABLE AS inserted
			FOR EACH STATEMENT EXECUTE FUNCTION persona.tell_senders();
		COMMENT ON TRIGGER tell_senders ON persona.contact IS 'tells the senders of a channel that there is new work';
	END IF;

	-- Each customer's timeline is read once, however many contacts there are.
	EXECUTE format($make$
CREATE OR REPLACE FUNCTION persona.hand_outs(contacts persona.contact[], as_of timestamptz, program persona.program)
RETURNS TABLE (contact persona.contact, hand_out persona.hand_out)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
	BEGIN ATOMIC
		SELECT (d.*)::persona.contact, ROW(d.idempotency_key, v.verdict, CASE v.verdict
				WHEN 'gone' THEN 'the customer is gone'
				WHEN 'given up' THEN format('given up after %%s attempts', d.attempts)
				WHEN 'late' THEN 'too late'
				WHEN 'refused' THEN concat_ws(': ', r.stage, r.reason) END,
			r.send_at, r.address, r.message, r.language, r.subject, r.body)::persona.hand_out
		FROM (SELECT persona.unpacked(hand_outs.program) OFFSET 0) AS p (program)
			CROSS JOIN (SELECT h.max_attempts FROM persona.channel AS h
				WHERE h.name = (hand_outs.contacts[1]).channel) AS h
			CROSS JOIN (SELECT u.customer, array_agg(u) AS contacts, min(u.attempts) AS attempts,
					NOT bool_and(hand_outs.as_of >= u.expires_at IS TRUE) AS judged
				FROM unnest(hand_outs.contacts) AS u GROUP BY u.customer) AS g
			LEFT JOIN %1$s AS c ON c.%2$s %3$s g.customer
			LEFT JOIN LATERAL (SELECT CASE WHEN g.judged AND g.attempts < h.max_attempts THEN %4$s END AS events
				OFFSET 0) AS t ON true
			CROSS JOIN LATERAL unnest(g.contacts) AS d
			CROSS JOIN LATERAL (SELECT CASE
				WHEN c.%2$s IS NULL THEN 'gone'
				WHEN hand_outs.as_of >= d.expires_at THEN 'late'
				WHEN d.attempts >= h.max_attempts THEN 'given up' END AS verdict OFFSET 0) AS e
			LEFT JOIN LATERAL persona.recheck(CASE WHEN e.verdict IS NULL THEN p.program END, c.*, t.events,
				hand_outs.as_of, d.campaign, d.channel, d.placement, d.trigger, d.fired_at,
				CASE d.status WHEN 'planned' THEN d.send_at END, d.trigger_key, d.contact_id) AS r ON true
			CROSS JOIN LATERAL (SELECT CASE
				WHEN e.verdict IS NOT NULL THEN e.verdict
				WHEN r.stage IS DISTINCT FROM 'chosen' THEN 'refused'
				WHEN r.send_at >= d.expires_at THEN 'late'
				WHEN d.status = 'planned' AND r.send_at <> d.send_at THEN 'moving'
				WHEN r.send_at > hand_outs.as_of THEN 'wait'
				ELSE 'given' END AS verdict) AS v;
	END
$make$, customers.relation, customers.key, customers.equals, persona.bound_timeline());
	COMMENT ON FUNCTION persona.hand_outs(persona.contact[], timestamptz, persona.program) IS
'judges contacts of one channel that are to be handed out again, on the data of as_of, with a program; each as if it were not there itself';
	PERFORM persona.create_sparing('hand_outs', 'hand_out', 'persona.contact', 'contact');

	EXECUTE format($make$
CREATE OR REPLACE FUNCTION persona.claim(channel text, n integer DEFAULT 100, lease interval DEFAULT '5 minutes',
	worker text DEFAULT session_user, as_of timestamptz DEFAULT clock_timestamp())
RETURNS TABLE (customer %1$s, contact_id bigint, idempotency_key uuid, campaign text, experience text, placement text,
	message text, language text, address text, subject text, body text, send_at timestamptz, attempt integer,
	lease_until timestamptz)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off
	SET jit = off
AS $claim$
#variable_conflict use_column
DECLARE
	terms record;
	program persona.program;
	due persona.contact[];
	moving persona.contact[];
	turn persona.contact[];
	judged record;
	moved persona.contact;
	given bigint;
	missing bigint := claim.n;
	taking boolean := false;
	spoiled bigint := 0;
	spoiled_first text;
BEGIN
	SELECT * INTO terms FROM persona.claim_terms(claim.channel, claim.n, claim.lease, claim.as_of);
	program := persona.program();
	WHILE missing > 0 LOOP
		SELECT array_agg(f.k) INTO due
		FROM (SELECT k FROM persona.contact AS k
			WHERE k.channel = claim.channel AND k.status = ANY (ARRAY['planned', 'claimed'])
				AND coalesce(k.next_attempt_at, k.send_at) <= claim.as_of
			ORDER BY coalesce(k.next_attempt_at, k.send_at)
			LIMIT missing FOR UPDATE OF k SKIP LOCKED) AS f;
		EXIT WHEN due IS NULL;

		-- They are ours now.  What is committed by now is seen when they are judged.
		turn := NULL;
		LOOP
			judged := persona.hand_outs_or_errors(coalesce(turn, due), claim.as_of, program);
			RETURN QUERY
			WITH changed AS (
				UPDATE persona.contact AS k SET
					status = CASE
						WHEN j.verdict = 'given' THEN 'claimed'
						WHEN j.waits THEN k.status
						WHEN j.verdict = 'given up' OR k.status = 'claimed' THEN 'failed'
						WHEN j.verdict = 'late' THEN 'expired'
						ELSE 'cancelled' END,
					-- it may have been sent, then it keeps its slot
					ended_at = CASE WHEN j.verdict = 'given' OR j.waits THEN NULL
						WHEN k.status = 'claimed' THEN 'infinity' ELSE claim.as_of END,
					next_attempt_at = CASE j.verdict
						WHEN 'given' THEN claim.as_of + claim.lease + persona.rest_after(k.attempts + 1, terms.retry_after)
						WHEN 'moving' THEN CASE WHEN turn IS NULL THEN claim.as_of + interval '1 second' ELSE j.send_at END
						WHEN 'wait' THEN j.send_at END,
					attempts = k.attempts + CASE j.verdict WHEN 'given' THEN 1 ELSE 0 END,
					worker = CASE j.verdict WHEN 'given' THEN claim.worker ELSE k.worker END,
					claimed_at = CASE j.verdict WHEN 'given' THEN claim.as_of ELSE k.claimed_at END,
					lease_until = CASE j.verdict WHEN 'given' THEN claim.as_of + claim.lease ELSE k.lease_until END,
					address = CASE j.verdict WHEN 'given' THEN j.address ELSE k.address END,
					message = CASE j.verdict WHEN 'given' THEN j.message ELSE k.message END,
					subject = CASE j.verdict WHEN 'given' THEN j.subject ELSE k.subject END,
					body = CASE j.verdict WHEN 'given' THEN j.body ELSE k.body END,
					error = NULL,
					-- whoever knows the message by its key knows the contact that takes its place
					idempotency_key = CASE WHEN j.verdict = 'moving' AND turn IS NOT NULL THEN gen_random_uuid()
						ELSE k.idempotency_key END,
					reason = CASE WHEN j.verdict = 'moving' AND turn IS NOT NULL THEN format('moved to %%s', j.send_at)
						ELSE coalesce(j.reason, k.reason) END
				FROM (SELECT a.*, a.verdict = 'wait' OR a.verdict = 'moving' AND turn IS NULL AS waits
					FROM unnest(judged.answers) AS a) AS j
				WHERE k.idempotency_key = j.idempotency_key
				RETURNING k AS contact, j.verdict, j.language
			)
			SELECT (h.contact).customer, (h.contact).contact_id, (h.contact).idempotency_key, (h.contact).campaign,
				(h.contact).experience, (h.contact).placement, (h.contact).message, h.language, (h.contact).address,
				(h.contact).subject, (h.contact).body, (h.contact).send_at, (h.contact).attempts,
				(h.contact).lease_until
			FROM changed AS h WHERE h.verdict = 'given';
			GET DIAGNOSTICS given = ROW_COUNT;
			missing := missing - given;

			IF cardinality(judged.failed) > 0 THEN
				-- tried again, each time after twice as long
				UPDATE persona.contact AS k SET error = judged.errors -> (f.ordinality - 1)::integer ->> 'message',
					next_attempt_at = claim.as_of + least(greatest(terms.retry_after,
						claim.as_of - greatest(k.send_at, k.lease_until)), greatest(terms.retry_after, interval '1 day'))
				FROM unnest(judged.failed) WITH ORDINALITY AS f
				WHERE k.idempotency_key = f.idempotency_key;
				spoiled := spoiled + cardinality(judged.failed);
				spoiled_first := coalesce(spoiled_first, format('Contact %%s of customer %%s: %%s.', (judged.failed[1]).contact_id,
					(judged.failed[1]).customer, judged.errors -> 0 ->> 'message'));
			END IF;

			IF turn IS NULL THEN
				EXIT WHEN given = cardinality(due);
				SELECT array_agg(d) INTO moving
				FROM unnest(due) AS d
				WHERE d.idempotency_key IN (SELECT a.idempotency_key FROM unnest(judged.answers) AS a WHERE a.verdict = 'moving');
				EXIT WHEN moving IS NULL;

				-- A slot that moves is taken as any other: by who holds the customer's row
				-- in persona.due, and decides later than anybody before.  Who has taken
				-- places waits for nobody who may want some.
				INSERT INTO persona.due AS w (customer)
				SELECT DISTINCT d.customer FROM unnest(moving) AS d
				WHERE NOT taking AND NOT EXISTS (SELECT FROM persona.due AS o WHERE o.customer %2$s d.customer)
				ORDER BY d.customer
				ON CONFLICT DO NOTHING;
				SELECT array_agg(h.d) INTO moving
				FROM (SELECT d FROM unnest(moving) AS d JOIN persona.due AS w ON w.customer %2$s d.customer
					WHERE w.decided_at <= claim.as_of
					FOR UPDATE OF w SKIP LOCKED) AS h;
				EXIT WHEN moving IS NULL;
				UPDATE persona.due AS w SET decided_at = claim.as_of
				FROM unnest(moving) AS d WHERE w.customer %2$s d.customer;
			ELSE
				-- one by one: each takes its place and its money before the next asks
				FOREACH moved IN ARRAY turn LOOP
					SELECT k.next_attempt_at INTO moved.send_at
					FROM persona.contact AS k
					WHERE k.customer %2$s moved.customer AND k.contact_id = moved.contact_id
						AND k.status = 'cancelled' AND k.next_attempt_at IS NOT NULL;
					CONTINUE WHEN moved.send_at IS NULL OR persona.can_pay(moved.campaign, moved.experience, moved.channel,
						moved.placement, moved.send_at, moved.cost) IS FALSE;
					IF moved.capacity_day IS NOT NULL THEN
						moved.capacity_day := persona.channel_day(moved.send_at);
						CONTINUE WHEN persona.take_places(moved.channel, moved.capacity_day, 1) < 1;
					END IF;
					INSERT INTO persona.contact AS k (customer, campaign, experience, channel, placement, message, trigger,
						fired_at, trigger_key, decided_at, send_at, expires_at, subject, body, priority, cost, score, reason,
						program, idempotency_key, attempts, capacity_day)
					VALUES (moved.customer, moved.campaign, moved.experience, moved.channel, moved.placement, moved.message,
						moved.trigger, moved.fired_at, moved.trigger_key, claim.as_of, moved.send_at, moved.expires_at,
						moved.subject, moved.body, moved.priority, moved.cost, moved.score, moved.reason, moved.program,
						moved.idempotency_key, moved.attempts, moved.capacity_day);
				END LOOP;
			END IF;

			-- of one customer, one after the other, since each takes a slot
			SELECT array_agg(m.d) FILTER (WHERE m.place = 1), array_agg(m.d) FILTER (WHERE m.place > 1) INTO turn, moving
			FROM (SELECT d, row_number() OVER (PARTITION BY d.customer ORDER BY d.send_at, d.contact_id) AS place
				FROM unnest(moving) AS d) AS m;
			EXIT WHEN turn IS NULL;
			taking := true;
		END LOOP;
	END LOOP;
	IF spoiled > 0 THEN
		RAISE WARNING USING
			MESSAGE = format('contacts on channel "%%s" that could not be judged: %%s', claim.channel, spoiled),
			DETAIL = spoiled_first,
			HINT = 'They are tried again later; the column error of persona.contact tells why.';
	END IF;
END
$claim$
$make$, customers.key_type, customers.equals);
	COMMENT ON FUNCTION persona.claim(text, integer, interval, text, timestamptz) IS
'hands out up to n contacts of a channel that are due, each to one sender only, until the lease is over: judged again and rendered on the data of as_of.
channel: a channel; n: 1 or more; lease: in fixed units; worker: the name under which it is noted; as_of: the instant, by default the clock''s.
What may not be sent any more is cancelled, expires, or fails, with its reason; what may be sent only later gets another slot; what fails to be judged is tried again later, with a warning.
Call it in a transaction of its own, and commit before sending.
Errors: undefined_object (channel), invalid_parameter_value, datetime_field_overflow';

	EXECUTE format($make$
CREATE OR REPLACE FUNCTION persona.report_all(contacts uuid[], outcomes text[], instants timestamptz[], attempts integer[],
	details jsonb[]) RETURNS integer
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET plan_cache_mode = force_generic_plan
	SET enable_seqscan = off
	SET jit = off
AS $report$
DECLARE
	present bigint;
	odd boolean;
	changed uuid[];
	answered uuid[];
BEGIN
	IF NOT (outcomes <@ ARRAY['sent', 'deferred', 'failed', 'delivered', 'bounced', 'opened', 'clicked', 'replied', 'accepted',
			'rejected', 'converted', 'complained', 'unsubscribed'] AND array_position(contacts, NULL) IS NULL
		AND array_position(instants, NULL) IS NULL AND NOT instants && ARRAY['infinity', '-infinity']::timestamptz[]
		AND 0 >= ANY (attempts) IS NOT TRUE)
	THEN
		PERFORM persona.refuse_reports(contacts, outcomes, instants, attempts);
	END IF;

	-- always in the same order, so that two who report on the same contacts wait for each other
	SELECT count(*), bool_or(l.attempts = 0 AND (l.status = ANY (ARRAY['cancelled', 'expired'])
		OR l.status = 'planned' AND 'deferred' = ANY (outcomes))) INTO present, odd
	FROM (SELECT k.attempts, k.status FROM persona.contact AS k WHERE k.idempotency_key = ANY (contacts)
		ORDER BY k.idempotency_key FOR NO KEY UPDATE) AS l;
	IF odd OR present < cardinality(contacts) THEN
		PERFORM persona.refuse_unknown(contacts, outcomes);
	END IF;

	-- What became of an earlier attempt says nothing of the next sender's; the last one is the last by whatever clock.
	IF outcomes && ARRAY['deferred', 'failed'] AND array_remove(attempts, NULL) <> '{}' THEN
		PERFORM persona.refuse_attempts(contacts, outcomes, attempts);
		SELECT array_agg(r.contact ORDER BY r.number), array_agg(r.outcome ORDER BY r.number),
			array_agg(CASE WHEN r.outcome = 'deferred' AND r.attempt = k.attempts THEN greatest(r.at, k.claimed_at) ELSE r.at END
				ORDER BY r.number),
			array_agg(r.detail ORDER BY r.number)
		INTO contacts, outcomes, instants, details
		FROM unnest(contacts, outcomes, instants, attempts, details)
				WITH ORDINALITY AS r (contact, outcome, at, attempt, detail, number)
			JOIN persona.contact AS k ON k.idempotency_key = r.contact
		WHERE NOT (r.outcome = ANY (ARRAY['deferred', 'failed']) AND r.attempt IS NOT NULL AND r.attempt < k.attempts);
		IF contacts IS NULL THEN
			RETURN 0;
		END IF;
	END IF;

	WITH said AS (
		SELECT r.contact,
			min(r.at) FILTER (WHERE r.outcome <> ALL (ARRAY['deferred', 'failed'])) AS sent_at,
			min(r.at) FILTER (WHERE r.outcome = 'delivered' OR persona.is_answer(r.outcome)) AS delivered_at,
			min(r.at) FILTER (WHERE r.outcome = 'failed') AS failed_at,
			min(r.at) FILTER (WHERE r.outcome = 'bounced') AS bounced_at,
			max(r.at) FILTER (WHERE r.outcome = 'deferred') AS deferred_at,
			bool_or(persona.is_answer(r.outcome)) AS answered
		FROM unnest(contacts, outcomes, instants) AS r (contact, outcome, at)
		GROUP BY r.contact
	), known AS (
		SELECT k.*, s.answered,
			least(k.sent_at, s.sent_at) AS first_sent_at,
			least(k.delivered_at, s.delivered_at) AS first_delivered_at,
			least(CASE WHEN k.status = 'failed' AND k.sent_at IS NOT NULL THEN k.ended_at END, s.bounced_at) AS bounced_at,
			least(CASE WHEN k.sent_at IS NULL THEN k.ended_at END, s.failed_at) AS failed_at,
			CASE WHEN k.status = 'claimed' AND s.deferred_at >= k.claimed_at
				THEN greatest(k.lease_until, s.deferred_at
					+ persona.rest_after(k.attempts, coalesce(c.retry_after, interval '1 minute'))) END AS retry_at
		FROM said AS s
			JOIN persona.contact AS k ON k.idempotency_key = s.contact
			LEFT JOIN persona.channel AS c ON c.name = k.channel
	), becomes AS (
		SELECT n.*, CASE
			WHEN n.bounced_at IS NOT NULL AND (n.answered OR EXISTS (SELECT FROM persona.response AS r
					WHERE r.customer %1$s n.customer AND r.contact_id = n.contact_id AND persona.is_answer(r.outcome)))
				THEN 'delivered'
			WHEN n.bounced_at IS NOT NULL THEN 'failed'
			WHEN n.first_delivered_at IS NOT NULL THEN 'delivered'
			WHEN n.first_sent_at IS NOT NULL THEN 'sent'
			WHEN n.failed_at IS NOT NULL
				THEN CASE WHEN n.status = ANY (ARRAY['cancelled', 'expired']) THEN n.status ELSE 'failed' END
			WHEN n.retry_at IS NOT NULL THEN 'planned'
			ELSE n.status END AS next_status
		FROM known AS n
	), updated AS (
		UPDATE persona.contact AS k SET
			status = b.next_status,
			sent_at = b.first_sent_at,
			delivered_at = b.first_delivered_at,
			ended_at = CASE WHEN b.next_status = ANY (ARRAY['failed', 'cancelled', 'expired'])
				THEN coalesce(b.bounced_at, b.failed_at) END,
			lease_until = CASE WHEN b.next_status <> 'planned' THEN k.lease_until END,
			error = CASE WHEN b.next_status = b.status THEN k.error END,
			next_attempt_at = CASE WHEN b.next_status = 'planned' AND b.status = 'claimed' THEN b.retry_at
				WHEN b.next_status = b.status THEN k.next_attempt_at END
		FROM becomes AS b
		WHERE k.idempotency_key = b.idempotency_key
			AND (k.status <> b.next_status OR k.sent_at IS DISTINCT FROM b.first_sent_at
				OR k.delivered_at IS DISTINCT FROM b.first_delivered_at
				OR k.ended_at <> coalesce(b.bounced_at, b.failed_at))
		RETURNING k.idempotency_key
	)
	SELECT array_agg(u.idempotency_key) INTO changed FROM updated AS u;
	IF outcomes <@ ARRAY['sent', 'deferred', 'failed'] THEN
		RETURN coalesce(cardinality(changed), 0);
	END IF;

	-- Of delivered and bounced the first report stays; all else may happen again, at another time.
	WITH added AS (
		INSERT INTO persona.response AS r (customer, contact_id, at, outcome, campaign, experience, channel, placement,
			message, details)
		SELECT k.customer, k.contact_id, s.at, s.outcome, k.campaign, k.experience, k.channel, k.placement, k.message,
			s.details
		FROM (SELECT i.*, i.outcome = ANY (ARRAY['delivered', 'bounced']) AS once,
					row_number() OVER (PARTITION BY i.contact, i.outcome ORDER BY i.at, i.number) AS place
				FROM unnest(report_all.contacts, report_all.outcomes, report_all.instants, report_all.details)
					WITH ORDINALITY AS i (contact, outcome, at, details, number)
				WHERE i.outcome <> ALL (ARRAY['sent', 'deferred', 'failed'])) AS s
			JOIN persona.contact AS k ON k.idempotency_key = s.contact
		WHERE NOT s.once OR s.place = 1 AND NOT EXISTS (SELECT FROM persona.response AS o
			WHERE o.customer %1$s k.customer AND o.contact_id = k.contact_id AND o.outcome = s.outcome)
		ON CONFLICT (contact_id, outcome, at, customer) DO NOTHING
		RETURNING r.contact_id
	)
	SELECT array_agg(DISTINCT k.idempotency_key) INTO answered
	FROM added AS a JOIN persona.contact AS k ON k.contact_id = a.contact_id AND k.idempotency_key = ANY (report_all.contacts);

	RETURN (SELECT count(DISTINCT n.contact) FROM unnest(changed || answered) AS n (contact));
END
$report$
$make$, customers.equals);
	COMMENT ON FUNCTION persona.report_all(uuid[], text[], timestamptz[], integer[], jsonb[]) IS
'what both persona.report() call: the reports of the same number in each array belong together; returns on how many contacts there was news';

	EXECUTE format($make$
CREATE OR REPLACE FUNCTION persona.contact_key(customer %s, contact_id bigint) RETURNS uuid
	LANGUAGE sql STABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT k.idempotency_key FROM persona.contact AS k
		WHERE k.customer %s contact_key.customer AND k.contact_id = contact_key.contact_id;
	END
$make$, customers.key_type, customers.equals);
	EXECUTE format('COMMENT ON FUNCTION persona.contact_key(%s, bigint) IS %L', customers.key_type,
		'the idempotency key of a contact, by which persona.report() and persona.cancel() know it; NULL if there is no such contact');

	-- No setting: it would cost more than the rest.
	EXECUTE format($make$
CREATE OR REPLACE FUNCTION persona.complete_response() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $complete$
DECLARE
	about record;
BEGIN
	SELECT k.campaign, k.experience, k.channel, k.placement, k.message INTO about
	FROM persona.contact AS k
	WHERE k.customer %1$s NEW.customer AND k.contact_id OPERATOR(pg_catalog.=) NEW.contact_id;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'foreign_key_violation',
			MESSAGE = pg_catalog.format('customer %%s has no contact %%s', NEW.customer, NEW.contact_id),
			DETAIL = 'A response belongs to a contact of its own customer, which its writer may see.',
			HINT = 'Correct the customer, or leave contact_id NULL if the contact is not known.';
	END IF;
	NEW.campaign := coalesce(NEW.campaign, about.campaign);
	NEW.experience := coalesce(NEW.experience, about.experience);
	NEW.channel := coalesce(NEW.channel, about.channel);
	NEW.placement := coalesce(NEW.placement, about.placement);
	NEW.message := coalesce(NEW.message, about.message);
	RETURN NEW;
END
$complete$
$make$, customers.equals);
	COMMENT ON FUNCTION persona.complete_response() IS
'row trigger on persona.response: copies what a response leaves open from its contact; error: foreign_key_violation if the customer has no such contact';
	REVOKE EXECUTE ON FUNCTION persona.complete_response() FROM PUBLIC;
	IF NOT EXISTS (SELECT FROM pg_trigger AS t
		WHERE t.tgrelid = 'persona.response'::regclass AND t.tgname = 'complete_response')
	THEN
		CREATE TRIGGER complete_response BEFORE INSERT ON persona.response
			FOR EACH ROW WHEN (NEW.contact_id IS NOT NULL) EXECUTE FUNCTION persona.complete_response();
		COMMENT ON TRIGGER complete_response ON persona.response IS 'gives a response on a contact what it leaves open';
	END IF;
	PERFORM persona.protect_runtime_tables();
END
$$;

COMMENT ON FUNCTION persona.create_delivery() IS 'makes, or replaces in place, claim(), hand_outs(), report_all(), contact_key() and complete_response() for the bound customers, what they need on persona.contact and persona.response, and the row security of these tables';

CREATE FUNCTION persona.protect_runtime_tables() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
DECLARE
	protected text;
BEGIN
	FOREACH protected IN ARRAY persona.runtime_tables() LOOP
		EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', protected);
		EXECUTE format('DROP POLICY IF EXISTS of_visible_customers ON %s', protected);
		EXECUTE (SELECT format('CREATE POLICY of_visible_customers ON %1$s '
				'USING (EXISTS (SELECT FROM %2$s AS c WHERE c.%3$I %4$s %1$s.customer))',
				protected, b.relation, b.key_column, q.operator)
			FROM persona.customer_binding AS b
				JOIN pg_attribute AS a ON a.attrelid = b.relation AND a.attname = b.key_column
				CROSS JOIN LATERAL persona.equality(a.atttypid, a.atttypid) AS q);
		EXECUTE format('COMMENT ON POLICY of_visible_customers ON %s IS %L', protected,
			'whoever does not see a customer sees and writes nothing about that customer');
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.protect_runtime_tables() IS 'gives the tables that persona.bind_customers() makes the row security of the customers: their rows are seen by whoever sees the customer';

CREATE FUNCTION persona.drop_delivery() RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	SET client_min_messages = warning
AS $$
DECLARE
	protected text;
BEGIN
	IF to_regclass('persona.response') IS NOT NULL THEN
		DROP TRIGGER IF EXISTS complete_response ON persona.response;
	END IF;
	DROP FUNCTION IF EXISTS persona.complete_response, persona.claim, persona.hand_outs_or_errors, persona.hand_outs, persona.contact_key, persona.report_all;
	FOREACH protected IN ARRAY persona.runtime_tables() LOOP
		IF to_regclass(protected) IS NOT NULL THEN
			EXECUTE format('DROP POLICY IF EXISTS of_visible_customers ON %s', protected);
		END IF;
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.drop_delivery() IS 'drops what persona.create_delivery() made from the binding; without a policy nobody but the owner sees the rows';

REVOKE EXECUTE ON FUNCTION persona.create_delivery(), persona.protect_runtime_tables(), persona.drop_delivery() FROM PUBLIC;

--------------------------------------------------------------------------------
-- Reports
--
-- What is known of a contact does not depend on the order in which reports
-- arrive: instants are the earliest reported, and of the outcomes the one that
-- tells most counts: failed, sent, delivered, bounced, answered.
--------------------------------------------------------------------------------

-- No setting and not strict, so that the planner puts its expression in its place.
CREATE FUNCTION persona.is_answer(outcome text) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT outcome = ANY (ARRAY['opened', 'clicked', 'replied', 'accepted', 'rejected', 'converted', 'complained',
			'unsubscribed']);
	END;

COMMENT ON FUNCTION persona.is_answer(text) IS 'tells whether an outcome is something that the customer did with the message, so that it must have arrived; NULL for NULL';

CREATE FUNCTION persona.refuse_reports(contacts uuid[], outcomes text[], instants timestamptz[], attempts integer[]) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong record;
BEGIN
	SELECT r.contact, r.outcome, r.at, r.attempt INTO STRICT wrong
	FROM unnest(contacts, outcomes, instants, attempts) AS r (contact, outcome, at, attempt)
	WHERE r.contact IS NULL OR r.outcome IS NULL OR r.at IS NULL OR NOT isfinite(r.at) OR r.attempt < 1
		OR NOT (r.outcome = ANY (ARRAY['sent', 'deferred', 'failed', 'delivered', 'bounced']) OR persona.is_answer(r.outcome))
	LIMIT 1;
	IF wrong.contact IS NULL THEN
		RAISE EXCEPTION USING
			ERRCODE = 'null_value_not_allowed',
			MESSAGE = 'a report needs the idempotency key of its contact',
			HINT = 'persona.contact_key(customer, contact_id) tells it.';
	END IF;
	IF wrong.at IS NULL OR NOT isfinite(wrong.at) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'datetime_field_overflow',
			MESSAGE = format('the report on contact %s needs an instant', wrong.contact);
	END IF;
	IF wrong.attempt < 1 THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('the report on contact %s is on attempt %s', wrong.contact, wrong.attempt),
			HINT = 'The first attempt is 1: the column attempt of persona.claim().';
	END IF;
	RAISE EXCEPTION USING
		ERRCODE = 'invalid_parameter_value',
		MESSAGE = format('the report on contact %s has no outcome that is known', wrong.contact),
		DETAIL = CASE WHEN wrong.outcome IS NULL THEN 'It is NULL.' ELSE format('It is "%s".', wrong.outcome) END,
		HINT = 'Outcomes are sent, deferred, failed, delivered, bounced, opened, clicked, replied, accepted, rejected, converted, complained and unsubscribed.';
END
$$;

COMMENT ON FUNCTION persona.refuse_reports(uuid[], text[], timestamptz[], integer[]) IS 'says what is wrong with the first report that has no contact, instant or known outcome, or an attempt before the first; errors: null_value_not_allowed, datetime_field_overflow, invalid_parameter_value';

CREATE FUNCTION persona.refuse_unknown(contacts uuid[], outcomes text[]) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong record;
BEGIN
	SELECT r.contact, r.outcome, k.idempotency_key, k.status, k.ended_at INTO wrong
	FROM unnest(contacts, outcomes) AS r (contact, outcome)
		LEFT JOIN persona.contact AS k ON k.idempotency_key = r.contact
	WHERE k.idempotency_key IS NULL
		OR k.attempts = 0 AND (k.status = ANY (ARRAY['cancelled', 'expired']) OR k.status = 'planned' AND r.outcome = 'deferred')
	LIMIT 1;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF wrong.idempotency_key IS NULL THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = format('there is no contact %s', wrong.contact),
			DETAIL = 'No contact that you may see has this idempotency key.';
	END IF;
	RAISE EXCEPTION USING
		ERRCODE = 'object_not_in_prerequisite_state',
		MESSAGE = format('contact %s cannot be reported as %s', wrong.contact, wrong.outcome),
		DETAIL = CASE wrong.status WHEN 'planned' THEN 'It was never handed out.'
			ELSE format('It was never handed out, and is %s since %s.', wrong.status, wrong.ended_at) END,
		HINT = 'Only what persona.claim() handed out is sent.';
END
$$;

COMMENT ON FUNCTION persona.refuse_unknown(uuid[], text[]) IS 'refuses reports on contacts that are not there, and on those that ended without ever having been handed out; errors: undefined_object, object_not_in_prerequisite_state';

CREATE FUNCTION persona.refuse_attempts(contacts uuid[], outcomes text[], attempts integer[]) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong record;
BEGIN
	SELECT r.contact, r.outcome, r.attempt, k.attempts INTO wrong
	FROM unnest(contacts, outcomes, attempts) AS r (contact, outcome, attempt)
		JOIN persona.contact AS k ON k.idempotency_key = r.contact
	WHERE r.outcome = ANY (ARRAY['deferred', 'failed']) AND r.attempt > k.attempts
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('contact %s cannot be reported as %s on attempt %s', wrong.contact, wrong.outcome, wrong.attempt),
			DETAIL = CASE wrong.attempts WHEN 0 THEN 'It was never handed out.' ELSE format('Its last attempt is %s.', wrong.attempts) END,
			HINT = 'The column attempt of persona.claim() tells it.';
	END IF;
END
$$;

COMMENT ON FUNCTION persona.refuse_attempts(uuid[], text[], integer[]) IS 'refuses reports on attempts that were not made yet; error: object_not_in_prerequisite_state';

CREATE FUNCTION persona.report(contact uuid, outcome text, at timestamptz DEFAULT now(), details jsonb DEFAULT NULL,
	attempt integer DEFAULT NULL) RETURNS boolean
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM persona.need_contacts();
	RETURN persona.report_all(ARRAY[contact], ARRAY[outcome], ARRAY[at], ARRAY[attempt], ARRAY[details]) > 0;
END
$$;

COMMENT ON FUNCTION persona.report(uuid, text, timestamptz, jsonb, integer) IS
'takes what became of a contact; true if that was news, false if it was known.
contact: its idempotency key; outcome: sent, deferred (not sent, to be tried again), failed (not sent, for good), or an outcome of persona.response; at: when it happened; details: kept with the response; attempt: which one is deferred or failed, as persona.claim() numbers them: an earlier one than the last is no news (NULL: for deferred, the one that at belongs to; for failed, the last).
Reports may come late, repeated, in any order and from any sender: the same contact, outcome and instant count once.
Errors: undefined_object (contact), invalid_parameter_value (outcome), datetime_field_overflow (at), null_value_not_allowed, object_not_in_prerequisite_state if the contact ended without ever having been handed out, or the attempt was not made yet';

CREATE FUNCTION persona.check_report_keys(reports jsonb) RETURNS void
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong record;
BEGIN
	IF jsonb_typeof(reports) <> 'array' THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'reports must be an array',
			DETAIL = format('It is %s: %s.', jsonb_typeof(reports), left(reports::text, 100)),
			HINT = 'For example [{"contact": "...", "outcome": "sent"}].';
	END IF;
	SELECT r.ordinality - 1 AS number, r.value AS report, (SELECT k.key FROM jsonb_object_keys(u.keys) AS k (key) LIMIT 1) AS key
	INTO wrong
	FROM jsonb_array_elements(reports) WITH ORDINALITY AS r
		CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(r.value)
			WHEN 'object' THEN r.value - ARRAY['contact', 'outcome', 'at', 'attempt', 'details'] END AS keys) AS u
	WHERE u.keys IS DISTINCT FROM '{}'
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('report %s is malformed', wrong.number),
			DETAIL = CASE WHEN wrong.key IS NOT NULL THEN format('It has the unknown key "%s".', wrong.key)
				ELSE format('It is no object: %s.', left(wrong.report::text, 100)) END,
			HINT = 'The keys of a report are contact, outcome, at, attempt and details.';
	END IF;
END
$$;

COMMENT ON FUNCTION persona.check_report_keys(jsonb) IS 'refuses reports that are no array of objects, or have unknown keys; error: invalid_parameter_value';

CREATE FUNCTION persona.report(reports jsonb) RETURNS integer
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM persona.need_contacts();
	PERFORM persona.check_report_keys(reports);
	RETURN (SELECT persona.report_all(array_agg(r.contact), array_agg(r.outcome), array_agg(coalesce(r.at, now())),
			array_agg(r.attempt), array_agg(r.details))
		FROM jsonb_to_recordset(reports) AS r (contact uuid, outcome text, at timestamptz, attempt integer, details jsonb)
		HAVING count(*) > 0);
END
$$;

COMMENT ON FUNCTION persona.report(jsonb) IS
'takes many reports at once, all or none: an array of objects with the keys contact, outcome, at (default: now()), attempt and details, as the arguments of the other persona.report().
Returns on how many contacts there was news; NULL for none.  Errors as of the other; invalid_parameter_value for an unknown key';

CREATE FUNCTION persona.cancel(contact uuid, reason text DEFAULT NULL) RETURNS boolean
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_contact record;
BEGIN
	PERFORM persona.need_contacts();
	IF contact IS NULL THEN
		RETURN NULL;
	END IF;
	SELECT k.status, k.worker, k.lease_until INTO found_contact
	FROM persona.contact AS k WHERE k.idempotency_key = cancel.contact FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING
			ERRCODE = 'undefined_object',
			MESSAGE = format('there is no contact %s', contact),
			DETAIL = 'No contact that you may see has this idempotency key.';
	END IF;
	CASE found_contact.status
		WHEN 'planned' THEN
			UPDATE persona.contact AS k SET status = 'cancelled', ended_at = clock_timestamp(), next_attempt_at = NULL,
				reason = coalesce(cancel.reason, 'cancelled')
			WHERE k.idempotency_key = cancel.contact;
			RETURN true;
		WHEN 'claimed' THEN
			IF found_contact.lease_until > clock_timestamp() THEN
				RAISE EXCEPTION USING
					ERRCODE = 'object_in_use',
					MESSAGE = format('contact %s is being sent', contact),
					DETAIL = format('It is handed out to %s until %s.', coalesce(found_contact.worker, 'somebody'), found_contact.lease_until),
					HINT = 'Try again when the lease is over.';
			END IF;
			-- it may have been sent, so it keeps its slot
			UPDATE persona.contact AS k SET status = 'failed', ended_at = 'infinity', next_attempt_at = NULL,
				reason = coalesce(cancel.reason, 'cancelled')
			WHERE k.idempotency_key = cancel.contact;
			RETURN true;
		WHEN 'sent', 'delivered' THEN
			RAISE EXCEPTION USING
				ERRCODE = 'object_not_in_prerequisite_state',
				MESSAGE = format('contact %s cannot be cancelled', contact),
				DETAIL = format('It is %s.', found_contact.status);
		ELSE
			RETURN false;
	END CASE;
END
$$;

COMMENT ON FUNCTION persona.cancel(uuid, text) IS
'takes back a contact that was not sent yet: true if it did, false if the contact had ended already, NULL for NULL.
contact: its idempotency key; reason: kept with it.
Errors: undefined_object (contact), object_in_use while a sender has it, object_not_in_prerequisite_state if it was sent';

--------------------------------------------------------------------------------
-- Jobs
--
-- Everything of persona runs with the rights of who calls it, so a job needs
-- plain grants.  Which these are is told here, in one place.
--------------------------------------------------------------------------------

CREATE FUNCTION persona.job_grants(job text) RETURNS SETOF text
	LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 20
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- what the owner and the operator only see: it tells of all customers, whoever may see them, or of none in particular
	internal text[] := ARRAY['change', 'due', 'run_change', 'run_log', 'run_state', 'run_progress', 'progress', 'capacity_use',
		'budget_use', 'budget_left',
		'snapshot_change', 'snapshot_due', 'snapshot_message', 'snapshot_state', 'next_message_snapshot', 'cohort_history',
		'reach_history'];
BEGIN
	IF job IS NULL OR NOT job = ANY (ARRAY['analyst', 'planner', 'sender', 'operator']) THEN
		RAISE EXCEPTION USING
			ERRCODE = 'invalid_parameter_value',
			MESSAGE = CASE WHEN job IS NULL THEN 'a job is needed' ELSE format('there is no job "%s"', job) END,
			HINT = 'Jobs are analyst, planner, sender and operator.';
	END IF;

	-- all read the bound relations, since conditions may use any column
	RETURN QUERY
	SELECT format('USAGE ON SCHEMA %I', n.nspname) FROM pg_namespace AS n
	WHERE n.nspname = 'persona' OR n.oid IN (SELECT c.relnamespace FROM persona.bound_relation() AS b JOIN pg_class AS c ON c.oid = b.relation)
	ORDER BY n.nspname;
	RETURN QUERY
	SELECT DISTINCT format('SELECT ON %s', b.relation::regclass) FROM persona.bound_relation() AS b ORDER BY 1;

	IF job = 'sender' THEN
		RETURN QUERY VALUES
			('SELECT ON persona.channel'),
			('SELECT ON persona.customer_binding'),
			('INSERT ON persona.contact'),
			('UPDATE (status, ended_at, next_attempt_at, attempts, worker, claimed_at, lease_until, sent_at, delivered_at, '
				'address, message, subject, body, error, idempotency_key, reason) ON persona.contact'),
			('INSERT ON persona.response'),
			('INSERT ON persona.change'),
			('SELECT, INSERT, UPDATE (decided_at) ON persona.due'),
			('SELECT, INSERT, UPDATE (used) ON persona.capacity_use'),
			('SELECT ON persona.experience'),
			('SELECT ON persona.budget'),
			('SELECT, UPDATE (short_of) ON persona.budget_use');
		RETURN;
	END IF;

	-- the others read whatever persona has, but for what is internal; who sets capacities and budgets sees how far they are used
	RETURN QUERY
	SELECT format('%s ON persona.%I', CASE
			WHEN job = 'planner' AND c.relkind = 'r' AND c.relname <> ALL (ARRAY['customer_binding', 'event_binding'])
				AND EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'check_change')
				THEN 'SELECT, INSERT, UPDATE, DELETE'
			WHEN job = 'operator' AND c.relkind = ANY (ARRAY['r', 'p']::"char"[])
				AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'check_change')
				THEN 'SELECT, INSERT, UPDATE, DELETE'
			ELSE 'SELECT' END, c.relname)
	FROM pg_class AS c
	WHERE c.relnamespace = 'persona'::regnamespace AND c.relkind = ANY (ARRAY['r', 'p', 'v', 'm']::"char"[])
		AND (job = 'operator' OR c.relname <> ALL (internal) OR (job = 'planner' AND c.relname = ANY (ARRAY['capacity_use', 'budget_use', 'budget_left'])))
	ORDER BY c.relname COLLATE "C";
END
$$;

COMMENT ON FUNCTION persona.job_grants(text) IS 'what a role needs for a job, each to be put between GRANT and TO: analyst (asks), planner (asks, and edits definitions), sender (claims and reports), operator (runs, refreshes, cleans up); error: invalid_parameter_value';

CREATE FUNCTION persona.grant_job(role name, job text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	needed text;
BEGIN
	FOR needed IN SELECT g.needed FROM persona.job_grants(job) AS g (needed) LOOP
		EXECUTE format('GRANT %s TO %I', needed, role);
	END LOOP;
END
$$;

COMMENT ON FUNCTION persona.grant_job(name, text) IS 'grants a role what it needs for a job, see persona.job_grants(); again after more relations were bound.
It grants with the caller''s rights, so call it as the owner of persona and of the bound relations; errors: undefined_object (role), invalid_parameter_value (job), insufficient_privilege';

--------------------------------------------------------------------------------
-- Trigger functions serve the triggers of persona's own tables
--------------------------------------------------------------------------------

-- Some have their owner's rights, and capture_changes() writes without any: on
-- a table of one's own they would do so with rows that one makes up.
REVOKE EXECUTE ON FUNCTION
	persona.guard_drop(), persona.guard_alter(), persona.invalidate_program(), persona.check_definitions(),
	persona.check_new_conditions(), persona.complete_instants(), persona.give_place_back(), persona.spend(), persona.change_spent(), persona.recount_budget(),
	persona.forget_shortage(), persona.capture_changes(),
	persona.pass_change_on(), persona.tell_senders()
FROM PUBLIC;
