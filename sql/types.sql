--------------------------------------------------------------------------------
-- types: the values that travel
--
-- condition, hours and program are text forms that are checked on input;
-- timeline is the flat state of the event aggregate.  All have binary
-- send and receive functions, since they cross between nodes.
--------------------------------------------------------------------------------

COMMENT ON SCHEMA persona IS 'decides each customer''s next message: who (cohort), what (experience, message), when (trigger), where (channel, placement)';

-- definitions are JSON, and JSON is UTF-8

DO $$
BEGIN
	IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
		RAISE EXCEPTION 'persona needs a database in UTF8, and this one is in %', pg_catalog.getdatabaseencoding()
			USING ERRCODE = 'feature_not_supported',
				HINT = 'Create the database with ENCODING ''UTF8'' TEMPLATE template0.';
	END IF;
END
$$;


-- condition: a JSON rule about one customer at one instant

CREATE TYPE persona.condition;

CREATE FUNCTION persona.condition_in(cstring) RETURNS persona.condition
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
	AS 'MODULE_PATHNAME', 'persona_condition_in';

CREATE FUNCTION persona.condition_out(persona.condition) RETURNS cstring
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_condition_out';

CREATE FUNCTION persona.condition_recv(internal) RETURNS persona.condition
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
	AS 'MODULE_PATHNAME', 'persona_condition_recv';

CREATE FUNCTION persona.condition_send(persona.condition) RETURNS bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_condition_send';

CREATE TYPE persona.condition (
	INPUT = persona.condition_in,
	OUTPUT = persona.condition_out,
	RECEIVE = persona.condition_recv,
	SEND = persona.condition_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);

COMMENT ON TYPE persona.condition IS 'a JSON rule about one customer at one instant, kept as written; an unknown key, operator or malformed value is an error that names its JSON path';
COMMENT ON FUNCTION persona.condition_in(cstring) IS 'reads a condition: checks the JSON and its structure, not names of columns, kinds of events or cohorts';
COMMENT ON FUNCTION persona.condition_out(persona.condition) IS 'shows a condition as it was written';
COMMENT ON FUNCTION persona.condition_recv(internal) IS 'receives a condition in binary form and checks it like condition_in';
COMMENT ON FUNCTION persona.condition_send(persona.condition) IS 'sends a condition in binary form';

-- hours: weekly hours, read off the wall clock

CREATE TYPE persona.hours;

CREATE FUNCTION persona.hours_in(cstring) RETURNS persona.hours
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_hours_in';

CREATE FUNCTION persona.hours_out(persona.hours) RETURNS cstring
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_hours_out';

CREATE FUNCTION persona.hours_recv(internal) RETURNS persona.hours
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_hours_recv';

CREATE FUNCTION persona.hours_send(persona.hours) RETURNS bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_hours_send';

CREATE TYPE persona.hours (
	INPUT = persona.hours_in,
	OUTPUT = persona.hours_out,
	RECEIVE = persona.hours_recv,
	SEND = persona.hours_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);

COMMENT ON TYPE persona.hours IS 'weekly hours on the wall clock, kept as written: ''Mon-Fri 09:00-18:00; Sat 10:00-14:00'', ''daily 22:00-07:00'', ''always'', ''never''; ends are exclusive, a range over midnight belongs to the day on which it begins';
COMMENT ON FUNCTION persona.hours_in(cstring) IS 'reads weekly hours; a malformed part is an error that quotes it';
COMMENT ON FUNCTION persona.hours_out(persona.hours) IS 'shows weekly hours as they were written';
COMMENT ON FUNCTION persona.hours_recv(internal) IS 'receives weekly hours in binary form and checks them like hours_in';
COMMENT ON FUNCTION persona.hours_send(persona.hours) IS 'sends weekly hours in binary form';

-- program: all live definitions as one value

CREATE TYPE persona.program;

CREATE FUNCTION persona.program_in(cstring) RETURNS persona.program
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
	AS 'MODULE_PATHNAME', 'persona_program_in';

CREATE FUNCTION persona.program_out(persona.program) RETURNS cstring
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_program_out';

CREATE FUNCTION persona.program_recv(internal) RETURNS persona.program
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
	AS 'MODULE_PATHNAME', 'persona_program_recv';

CREATE FUNCTION persona.program_send(persona.program) RETURNS bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'persona_program_send';

CREATE TYPE persona.program (
	INPUT = persona.program_in,
	OUTPUT = persona.program_out,
	RECEIVE = persona.program_recv,
	SEND = persona.program_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE persona.program IS 'all live definitions as one value: JSON with its hash; see persona.program()';
COMMENT ON FUNCTION persona.program_in(cstring) IS 'reads a program from its JSON, as it is written; its structure is checked at first use';
COMMENT ON FUNCTION persona.program_out(persona.program) IS 'shows the JSON of a program';
COMMENT ON FUNCTION persona.program_recv(internal) IS 'receives a program in binary form and checks it like program_in';
COMMENT ON FUNCTION persona.program_send(persona.program) IS 'sends a program in binary form';

-- timeline: one customer's classified events

CREATE TYPE persona.timeline;

CREATE FUNCTION persona.timeline_in(cstring) RETURNS persona.timeline
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_timeline_in';

CREATE FUNCTION persona.timeline_out(persona.timeline) RETURNS cstring
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_timeline_out';

CREATE FUNCTION persona.timeline_recv(internal) RETURNS persona.timeline
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_timeline_recv';

CREATE FUNCTION persona.timeline_send(persona.timeline) RETURNS bytea
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_timeline_send';

CREATE TYPE persona.timeline (
	INPUT = persona.timeline_in,
	OUTPUT = persona.timeline_out,
	RECEIVE = persona.timeline_recv,
	SEND = persona.timeline_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE persona.timeline IS 'one customer''s events, classified by a program: the transition state and the result of the aggregate persona.timeline; NULL is a customer without events';
COMMENT ON FUNCTION persona.timeline_in(cstring) IS 'reads a timeline from the text of timeline_out and checks it';
COMMENT ON FUNCTION persona.timeline_out(persona.timeline) IS 'shows a timeline as text, without loss';
COMMENT ON FUNCTION persona.timeline_recv(internal) IS 'receives a timeline in binary form and checks it';
COMMENT ON FUNCTION persona.timeline_send(persona.timeline) IS 'sends a timeline in binary form';

-- casts: conditions and programs are JSON, hours are text

CREATE CAST (persona.condition AS text) WITH INOUT AS ASSIGNMENT;
CREATE CAST (persona.condition AS json) WITH INOUT;
CREATE CAST (persona.condition AS jsonb) WITH INOUT;
CREATE CAST (json AS persona.condition) WITH INOUT;
CREATE CAST (jsonb AS persona.condition) WITH INOUT;
CREATE CAST (persona.program AS json) WITH INOUT;
CREATE CAST (persona.program AS jsonb) WITH INOUT;
CREATE CAST (json AS persona.program) WITH INOUT;
CREATE CAST (jsonb AS persona.program) WITH INOUT;

COMMENT ON CAST (persona.condition AS text) IS 'the condition as it was written';
COMMENT ON CAST (persona.condition AS json) IS 'the condition as it was written';
COMMENT ON CAST (persona.condition AS jsonb) IS 'the condition, its keys in the order of jsonb';
COMMENT ON CAST (json AS persona.condition) IS 'checks the JSON as a condition';
COMMENT ON CAST (jsonb AS persona.condition) IS 'checks the JSON as a condition';
COMMENT ON CAST (persona.program AS json) IS 'the program''s JSON';
COMMENT ON CAST (persona.program AS jsonb) IS 'the program''s JSON, to derive another program from it';
COMMENT ON CAST (json AS persona.program) IS 'checks the JSON as a program';
COMMENT ON CAST (jsonb AS persona.program) IS 'checks the JSON as a program';

-- composite types: what the evaluating functions return; the columns of the
-- views that persona.create_views() makes, and their comments, come from here

CREATE TYPE persona.decision AS (
	campaign text,
	experience text,
	channel text,
	placement text,
	message text,
	language text,
	send_at timestamptz,
	expires_at timestamptz,
	subject text,
	body text,
	priority integer,
	propensity numeric,
	value numeric,
	urgency numeric,
	weight numeric,
	cost numeric,
	price numeric,
	score numeric,
	reason text,
	trigger text,
	fired_at timestamptz,
	trigger_key text,
	valid_until timestamptz
);

COMMENT ON TYPE persona.decision IS 'a customer''s next message: what persona.decide() returns';
COMMENT ON COLUMN persona.decision.campaign IS 'the campaign that won';
COMMENT ON COLUMN persona.decision.experience IS 'what the campaign brings';
COMMENT ON COLUMN persona.decision.channel IS 'the channel to use';
COMMENT ON COLUMN persona.decision.placement IS 'the place inside the channel, or NULL';
COMMENT ON COLUMN persona.decision.message IS 'the message variant chosen';
COMMENT ON COLUMN persona.decision.language IS 'the language of that message, or NULL if it serves every language';
COMMENT ON COLUMN persona.decision.send_at IS 'the earliest instant at which it may be sent, not before as_of';
COMMENT ON COLUMN persona.decision.expires_at IS 'it must not be sent at or after then, since the campaign ends or the window of its trigger closes; NULL: never';
COMMENT ON COLUMN persona.decision.subject IS 'the rendered subject, or NULL';
COMMENT ON COLUMN persona.decision.body IS 'the rendered body';
COMMENT ON COLUMN persona.decision.priority IS 'the campaign''s priority class; higher comes first';
COMMENT ON COLUMN persona.decision.propensity IS 'factor of the score: how likely the customer is to respond';
COMMENT ON COLUMN persona.decision.value IS 'factor of the score: what the response is worth, times the value of the campaign''s cohort';
COMMENT ON COLUMN persona.decision.urgency IS 'factor of the score: how much it matters to speak now';
COMMENT ON COLUMN persona.decision.weight IS 'factor of the score to steer by: of the campaign, of the kind of its experience and of the channel';
COMMENT ON COLUMN persona.decision.cost IS 'what the message costs, taken off';
COMMENT ON COLUMN persona.decision.price IS 'what a place on the channel costs while it is scarce, taken off; 0 if the program has no price for it';
COMMENT ON COLUMN persona.decision.score IS 'propensity * value * urgency * weight - cost - price; inside the priority class the higher one comes first';
COMMENT ON COLUMN persona.decision.reason IS 'why this message, in words';
COMMENT ON COLUMN persona.decision.trigger IS 'the trigger that opened the window, or NULL';
COMMENT ON COLUMN persona.decision.fired_at IS 'the instant at which the trigger fired, or NULL';
COMMENT ON COLUMN persona.decision.trigger_key IS 'the key for which a keyed trigger fired, or NULL';
COMMENT ON COLUMN persona.decision.valid_until IS 'the decision stands until then if no new data arrives; infinity if time alone changes nothing';

CREATE TYPE persona.ruling AS (
	stage text,
	valid_until timestamptz,
	decision persona.decision,
	scarce boolean
);

COMMENT ON TYPE persona.ruling IS 'a customer''s next message, or why there is none: what persona.judge() returns';
COMMENT ON COLUMN persona.ruling.stage IS 'chosen if there is a message; else the furthest stage that a campaign reached; none without campaigns';
COMMENT ON COLUMN persona.ruling.valid_until IS 'the ruling stands until then if no new data arrives, and no event is there whose time comes before; infinity if time alone changes nothing';
COMMENT ON COLUMN persona.ruling.decision IS 'the next message; NULL if there is none';
COMMENT ON COLUMN persona.ruling.scarce IS 'whether a place on a channel with a capacity, or the money of a budget, was asked for: then it may be another one when there is more or less of these';

CREATE TYPE persona.standing AS (
	ruling persona.ruling,
	cohorts text[],
	since timestamptz[],
	until timestamptz[],
	valid_until timestamptz
);

COMMENT ON TYPE persona.standing IS 'where a customer stands: what persona.stand() returns';
COMMENT ON COLUMN persona.standing.ruling IS 'the next message, or why there is none';
COMMENT ON COLUMN persona.standing.cohorts IS 'the cohorts that the customer is in';
COMMENT ON COLUMN persona.standing.since IS 'in each of them since then; -infinity if always';
COMMENT ON COLUMN persona.standing.until IS 'in each of them at least until then if no new data arrives';
COMMENT ON COLUMN persona.standing.valid_until IS 'all of that stands until then if no new data arrives, cohorts to be entered included; infinity if time alone changes nothing';

CREATE TYPE persona.candidate AS (
	campaign text,
	channel text,
	placement text,
	rank integer,
	stage text,
	eligible boolean,
	reason text,
	message text,
	send_at timestamptz,
	expires_at timestamptz,
	priority integer,
	propensity numeric,
	value numeric,
	urgency numeric,
	weight numeric,
	cost numeric,
	price numeric,
	score numeric,
	fired_at timestamptz,
	trigger_key text,
	valid_until timestamptz
);

COMMENT ON TYPE persona.candidate IS 'how one campaign fares for a customer on one of its channels: what persona.candidates() returns';
COMMENT ON COLUMN persona.candidate.campaign IS 'the campaign';
COMMENT ON COLUMN persona.candidate.channel IS 'the channel; NULL: the campaign has none';
COMMENT ON COLUMN persona.candidate.placement IS 'the place inside the channel, or NULL';
COMMENT ON COLUMN persona.candidate.rank IS 'place among the eligible rows, 1 wins: first each campaign with the channel that it would use, then its further channels; NULL: not eligible';
COMMENT ON COLUMN persona.candidate.stage IS 'the last stage that it reached';
COMMENT ON COLUMN persona.candidate.eligible IS 'whether the campaign may contact the customer over this channel';
COMMENT ON COLUMN persona.candidate.reason IS 'the first rule that failed, with the actual value, or why it wins or loses';
COMMENT ON COLUMN persona.candidate.message IS 'the message variant it would send, or NULL';
COMMENT ON COLUMN persona.candidate.send_at IS 'the earliest instant at which it could be sent, or NULL';
COMMENT ON COLUMN persona.candidate.expires_at IS 'it must not be sent at or after then, since the campaign ends or the window of its trigger closes; NULL: never';
COMMENT ON COLUMN persona.candidate.priority IS 'the campaign''s priority class; higher comes first';
COMMENT ON COLUMN persona.candidate.propensity IS 'factor of the score: how likely the customer is to respond';
COMMENT ON COLUMN persona.candidate.value IS 'factor of the score: what the response is worth, times the value of the campaign''s cohort';
COMMENT ON COLUMN persona.candidate.urgency IS 'factor of the score: how much it matters to speak now';
COMMENT ON COLUMN persona.candidate.weight IS 'factor of the score to steer by: of the campaign, of the kind of its experience and of the channel';
COMMENT ON COLUMN persona.candidate.cost IS 'what the message costs, taken off';
COMMENT ON COLUMN persona.candidate.price IS 'what a place on the channel costs while it is scarce, taken off; 0 if the program has no price for it';
COMMENT ON COLUMN persona.candidate.score IS 'propensity * value * urgency * weight - cost - price; inside the priority class the higher one comes first; it and the factors are NULL of a row that failed before what they depend on was known';
COMMENT ON COLUMN persona.candidate.fired_at IS 'the instant at which its trigger fired, or NULL';
COMMENT ON COLUMN persona.candidate.trigger_key IS 'the key for which its keyed trigger fired, or NULL';
COMMENT ON COLUMN persona.candidate.valid_until IS 'this row stands until then if no new data arrives';

CREATE TYPE persona.membership AS (
	cohort text,
	since timestamptz,
	until timestamptz
);

COMMENT ON TYPE persona.membership IS 'a cohort that a customer is in: what persona.cohorts() returns';
COMMENT ON COLUMN persona.membership.cohort IS 'the cohort';
COMMENT ON COLUMN persona.membership.since IS 'in the cohort since then; -infinity if always';
COMMENT ON COLUMN persona.membership.until IS 'in the cohort at least until then if no new data arrives; infinity if time alone changes nothing';

CREATE TYPE persona.opening AS (
	trigger text,
	trigger_key text,
	fired_at timestamptz,
	open_until timestamptz
);

COMMENT ON TYPE persona.opening IS 'a trigger whose window is open: what persona.triggers() returns';
COMMENT ON COLUMN persona.opening.trigger IS 'the trigger';
COMMENT ON COLUMN persona.opening.trigger_key IS 'the key for which a keyed trigger fired, or NULL; each key has a window of its own';
COMMENT ON COLUMN persona.opening.fired_at IS 'the instant at which its condition became true';
COMMENT ON COLUMN persona.opening.open_until IS 'the window is open until then if no new data arrives';

CREATE TYPE persona.truth_result AS (
	truth boolean,
	since timestamptz,
	until timestamptz
);

COMMENT ON TYPE persona.truth_result IS 'temporal truth: what persona.truth() returns';
COMMENT ON COLUMN persona.truth_result.truth IS 'whether the condition holds';
COMMENT ON COLUMN persona.truth_result.since IS 'it has been so since then; -infinity if always';
COMMENT ON COLUMN persona.truth_result.until IS 'it stays so at least until then if no new data arrives; infinity if time alone changes nothing';

-- lengths and instants, as definitions write them and as programs carry them

-- No setting and not strict, so that the planner puts its expression in its place.
CREATE FUNCTION persona.is_fixed_length(length interval) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT isfinite(length)
			AND extract(year FROM length) = 0
			AND extract(month FROM length) = 0
			AND length > interval '0'
			AND length <= interval '365250 days';
	END;

COMMENT ON FUNCTION persona.is_fixed_length(interval) IS 'tells whether a length is above zero, at most 1000 years and in fixed units (no months or years, a day being 24 hours); NULL for NULL';

CREATE FUNCTION persona.microseconds(length interval) RETURNS bigint
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT CASE WHEN isfinite(length)
			THEN (extract(epoch FROM length) * 1000000)::bigint END;
	END;

COMMENT ON FUNCTION persona.microseconds(interval) IS 'a length in microseconds, exactly, a day being 24 hours; NULL for NULL and for an infinite length';

CREATE FUNCTION persona.microseconds(instant timestamptz) RETURNS bigint
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	BEGIN ATOMIC
		SELECT CASE WHEN isfinite(instant)
			THEN (extract(epoch FROM instant) * 1000000)::bigint END;
	END;

COMMENT ON FUNCTION persona.microseconds(timestamptz) IS 'an instant in microseconds since 1970-01-01 00:00 UTC, exactly; NULL for NULL and for the infinities';
