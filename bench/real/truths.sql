-- truths.sql - one row per customer with the truths of all atoms: t, an object
-- of multiranges by the atom's name; held(t, name) reads one.

CREATE TABLE oracle.truths AS
SELECT customer, jsonb_object_agg(atom, held::text) AS t
FROM (SELECT customer, atom, range_agg(during) AS held FROM oracle.stretch GROUP BY customer, atom) a
GROUP BY customer;

-- No stretch: never.
CREATE FUNCTION oracle.held(t jsonb, atom text) RETURNS tstzmultirange
	LANGUAGE sql STABLE
	RETURN coalesce((t ->> atom)::tstzmultirange, '{}');

ANALYZE oracle.truths;
