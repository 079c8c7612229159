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

CREATE FUNCTION persona.recheck(program persona.program, customer anyelement, timeline persona.timeline,
	as_of timestamptz, campaign text, channel text, placement text, trigger text, fired_at timestamptz,
	send_at timestamptz, trigger_key text DEFAULT NULL) RETURNS persona.recheck_result
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
	AS 'MODULE_PATHNAME', 'persona_recheck';

COMMENT ON FUNCTION persona.recheck(persona.program, anyelement, persona.timeline, timestamptz, text, text, text, text, timestamptz, timestamptz, text) IS
'judges a contact that was decided earlier again, on the data of as_of.
program, customer, as_of: as of persona.decide(); timeline: the customer''s events without the contact itself; campaign, channel, placement, trigger, fired_at, send_at, trigger_key: those of the contact.
Its campaign''s dates, cohort, goal and relevance, its channel and its message are judged as in a decision; limits only if it has to move, that is if the channel is closed now or it is late by more than an hour; not at all if send_at is NULL.
NULL if program, customer, as_of, campaign or channel is NULL; errors as of persona.decide()';
