--------------------------------------------------------------------------------
-- when: triggers, the named conditions whose becoming true opens a window
--------------------------------------------------------------------------------

CREATE TABLE persona.trigger (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	condition persona.condition NOT NULL,
	open_for interval CHECK (persona.is_fixed_length(open_for))
);

COMMENT ON TABLE persona.trigger IS 'when: named conditions; the moment at which one becomes true opens a window in which a campaign may speak';
COMMENT ON COLUMN persona.trigger.name IS 'the name, by which campaigns refer to it';
COMMENT ON COLUMN persona.trigger.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.trigger.condition IS 'fires at the instant from which it holds';
COMMENT ON COLUMN persona.trigger.open_for IS 'how long the window stays open from the firing, in fixed units; NULL: as long as the condition holds';

SELECT persona.watch_definitions('persona.trigger', 'UPDATE OR DELETE OR TRUNCATE');

CREATE TRIGGER check_insert AFTER INSERT ON persona.trigger
	REFERENCING NEW TABLE AS inserted
	FOR EACH STATEMENT EXECUTE FUNCTION persona.check_new_conditions();

COMMENT ON TRIGGER check_insert ON persona.trigger IS 'refuses new triggers that would not compile';
