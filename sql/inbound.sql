--------------------------------------------------------------------------------
-- inbound: what to say to a customer who is there; persona.create_views() makes
-- persona.next_message_for() of it
--------------------------------------------------------------------------------

CREATE FUNCTION persona.context(program persona.program, context jsonb, as_of timestamptz) RETURNS persona.timeline
	LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
	AS 'MODULE_PATHNAME', 'persona_context';

COMMENT ON FUNCTION persona.context(persona.program, jsonb, timestamptz) IS
'the timeline of one event of kind "context": what is known of the moment in which the customer is there.
program: see persona.program(); context: a json object, whose members are the properties of the event; as_of: its instant.
NULL if an argument is NULL, or if no definition asks for such events; error if context is no object';

CREATE FUNCTION persona.decide_for(program persona.program, customer anyelement, timeline persona.timeline,
	as_of timestamptz, channel text, placement text DEFAULT NULL) RETURNS SETOF persona.decision
	LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000 ROWS 2
	AS 'MODULE_PATHNAME', 'persona_decide_for';

COMMENT ON FUNCTION persona.decide_for(persona.program, anyelement, persona.timeline, timestamptz, text, text) IS
'the messages for a customer who is on a channel at an instant: as many as the slots of the placement, the best first, each campaign once.
program, customer, timeline, as_of: as of persona.decide(); channel: where the customer is; placement: the place inside of it, NULL: all placements by their position, then one message without placement.
Address, consent, hours and capacity of the channel have no say, all other rules have; a message for one slot counts for the next ones.
No row if program, customer, as_of or channel is NULL; error if there is no such channel or placement, and as of persona.decide()';
