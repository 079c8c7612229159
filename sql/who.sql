--------------------------------------------------------------------------------
-- who: cohorts, the named conditions that say whom a campaign is for
--------------------------------------------------------------------------------

CREATE TABLE persona.cohort (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	condition persona.condition NOT NULL,
	value numeric NOT NULL DEFAULT 1 CHECK (value > '-Infinity' AND value < 'Infinity')
);

COMMENT ON TABLE persona.cohort IS 'who: named conditions about customers';
COMMENT ON COLUMN persona.cohort.name IS 'the name, by which conditions and campaigns refer to it';
COMMENT ON COLUMN persona.cohort.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.cohort.condition IS 'the customers for whom it holds are the members';
COMMENT ON COLUMN persona.cohort.value IS 'what a member is worth to the business: a factor of the value of campaigns for the cohort';

-- a new cohort is checked alone: with ten thousand of them, adding one must
-- not compile them all
SELECT persona.watch_definitions('persona.cohort', 'UPDATE OR DELETE OR TRUNCATE');

CREATE TRIGGER check_insert AFTER INSERT ON persona.cohort
	REFERENCING NEW TABLE AS inserted
	FOR EACH STATEMENT EXECUTE FUNCTION persona.check_new_conditions();

COMMENT ON TRIGGER check_insert ON persona.cohort IS 'refuses new cohorts that would not compile';
