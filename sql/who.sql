--------------------------------------------------------------------------------
-- who: cohorts, the named conditions that say whom a campaign is for
--------------------------------------------------------------------------------

CREATE TABLE persona.cohort (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	condition persona.condition NOT NULL,
	value numeric NOT NULL DEFAULT 1 CHECK (value > '-Infinity' AND value < 'Infinity'),
	feasibility numeric NOT NULL DEFAULT 1 CHECK (feasibility >= 0 AND feasibility <= 1)
);

COMMENT ON TABLE persona.cohort IS 'who: named conditions about customers';
COMMENT ON COLUMN persona.cohort.name IS 'the name, by which conditions and campaigns refer to it';
COMMENT ON COLUMN persona.cohort.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.cohort.condition IS 'the customers for whom it holds are the members';
COMMENT ON COLUMN persona.cohort.value IS 'what a member is worth to the business: a factor of the value of campaigns for the cohort';
COMMENT ON COLUMN persona.cohort.feasibility IS 'how far the cohort can be served, from 0 to 1: another factor of that value; persona.measure_feasibility() measures it';

-- a new cohort is checked alone: with ten thousand of them, adding one must
-- not compile them all
SELECT persona.watch_definitions('persona.cohort', 'UPDATE OR DELETE OR TRUNCATE');

CREATE TRIGGER check_insert AFTER INSERT ON persona.cohort
	REFERENCING NEW TABLE AS inserted
	FOR EACH STATEMENT EXECUTE FUNCTION persona.check_new_conditions();

COMMENT ON TRIGGER check_insert ON persona.cohort IS 'refuses new cohorts that would not compile';

--------------------------------------------------------------------------------
-- Experiments: which customers get which variation
--------------------------------------------------------------------------------

CREATE TABLE persona.experiment (
	name text PRIMARY KEY CHECK (name <> ''),
	description text,
	space text CHECK (space <> ''),
	space_from numeric NOT NULL DEFAULT 0 CHECK (space_from >= 0),
	space_until numeric NOT NULL DEFAULT 1 CHECK (space_until <= 1),
	seed text NOT NULL CHECK (seed <> ''),
	hash_version integer NOT NULL DEFAULT 2 CHECK (hash_version = ANY (ARRAY[1, 2])),
	coverage numeric NOT NULL DEFAULT 1 CHECK (coverage > 0 AND coverage <= 1),
	weights numeric[] NOT NULL DEFAULT '{0.5,0.5}' CHECK (array_ndims(weights) = 1
		AND array_position(weights, NULL) IS NULL AND 0 <= ALL (weights) AND 1 >= ALL (weights)),
	CONSTRAINT experiment_part_of_space CHECK (space_from < space_until),
	CONSTRAINT experiment_part_needs_space CHECK (space IS NOT NULL OR (space_from = 0 AND space_until = 1))
);

COMMENT ON TABLE persona.experiment IS 'who, by chance: splits the customers among variations, by the hash of their key as GrowthBook does; campaigns name the variation that they are for';
COMMENT ON COLUMN persona.experiment.name IS 'the name, by which campaigns refer to it';
COMMENT ON COLUMN persona.experiment.description IS 'what it is for, in words';
COMMENT ON COLUMN persona.experiment.space IS 'experiments of one space exclude each other: no customer is in two; NULL: in no space';
COMMENT ON COLUMN persona.experiment.space_from IS 'its part of the space, from 0 to 1: from here on';
COMMENT ON COLUMN persona.experiment.space_until IS 'up to here, exclusive';
COMMENT ON COLUMN persona.experiment.seed IS 'the seed of the hash; another one draws anew';
COMMENT ON COLUMN persona.experiment.hash_version IS 'how customers are hashed: 2, or 1 as older SDKs do';
COMMENT ON COLUMN persona.experiment.coverage IS 'which share of each variation''s customers takes part; growing, it keeps those who do';
COMMENT ON COLUMN persona.experiment.weights IS 'the share of each variation, from variation 0 on; they sum up to 1';

SELECT persona.watch_definitions('persona.experiment');
