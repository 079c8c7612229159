--------------------------------------------------------------------------------
-- score: which factors count, and the weights of kinds of experiences
--------------------------------------------------------------------------------

CREATE TABLE persona.arbitration (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	propensity boolean NOT NULL DEFAULT true,
	value boolean NOT NULL DEFAULT true,
	urgency boolean NOT NULL DEFAULT true,
	weight boolean NOT NULL DEFAULT true,
	cost boolean NOT NULL DEFAULT true
);

COMMENT ON TABLE persona.arbitration IS 'which factors of the score count; one row, or none: all of them';
COMMENT ON COLUMN persona.arbitration.only_row IS 'always true: there is at most one row';
COMMENT ON COLUMN persona.arbitration.propensity IS 'whether propensity counts; otherwise it is 1 for all';
COMMENT ON COLUMN persona.arbitration.value IS 'whether the value of campaign and cohort counts; otherwise it is 1 for all';
COMMENT ON COLUMN persona.arbitration.urgency IS 'whether urgency counts; otherwise it is 1 for all';
COMMENT ON COLUMN persona.arbitration.weight IS 'whether the weights of campaign, kind of experience and channel count; otherwise they are 1 for all';
COMMENT ON COLUMN persona.arbitration.cost IS 'whether the costs of campaign and channel count; otherwise they are 0 for all';

SELECT persona.watch_definitions('persona.arbitration');

CREATE TABLE persona.lever (
	kind text PRIMARY KEY CHECK (kind <> ''),
	description text,
	weight numeric NOT NULL CHECK (weight >= 0 AND weight < 'Infinity')
);

COMMENT ON TABLE persona.lever IS 'weights by kind of experience, to steer a whole group at once';
COMMENT ON COLUMN persona.lever.kind IS 'the kind, see persona.experience.kind';
COMMENT ON COLUMN persona.lever.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.lever.weight IS 'a factor of the score of all campaigns whose experience is of that kind; kinds that are not listed have 1';

SELECT persona.watch_definitions('persona.lever');
