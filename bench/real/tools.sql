-- tools.sql - what the checks of all data sets share: truths as multiranges,
-- and the comparison of what persona says with what plain SQL says.
--
-- The oracles write the truth of a condition as the instants at which it holds,
-- a tstzmultirange: "all" is *, "any" is +, "not" is verify.no().  Nothing here
-- and nothing in the oracles calls a function of persona.

SET client_min_messages = warning;
DROP SCHEMA IF EXISTS verify CASCADE;
CREATE SCHEMA verify;

-- The stretch [a, b), or NULL (which range_agg skips) when it is empty.
CREATE FUNCTION verify.during(a timestamptz, b timestamptz) RETURNS tstzrange
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN a < b THEN tstzrange(a, b) END;

-- All instants.
CREATE FUNCTION verify.always() RETURNS tstzmultirange
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN tstzmultirange(tstzrange('-infinity', 'infinity'));

-- All instants if a plain test holds, none if it fails or is unknown.
CREATE FUNCTION verify.lasting(test boolean) RETURNS tstzmultirange
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN test THEN verify.always() ELSE '{}'::tstzmultirange END;

-- The complement.
CREATE FUNCTION verify.no(held tstzmultirange) RETURNS tstzmultirange
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN verify.always() - held;

-- The stretch of a truth that contains an instant, or NULL.
CREATE FUNCTION verify.stretch_at(held tstzmultirange, instant timestamptz) RETURNS tstzrange
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN (SELECT r FROM unnest(held) r WHERE r @> instant);

-- The last instant, up to a given one, at which a truth became true, or NULL.
CREATE FUNCTION verify.fired(held tstzmultirange, instant timestamptz) RETURNS timestamptz
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN (SELECT max(lower(r)) FROM unnest(held) r WHERE lower(r) <= instant AND lower(r) > '-infinity');

-- The days on which a yearly date is kept: 29 February on 1 March in common years.
CREATE FUNCTION verify.anniversary(day date, years int) RETURNS date
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN (day + make_interval(years => years))::date
		+ CASE WHEN to_char(day, 'MMDD') = '0229'
				AND to_char(day + make_interval(years => years), 'MMDD') = '0228' THEN 1 ELSE 0 END;

-- 32-bit FNV-1a of a text's bytes.
CREATE FUNCTION verify.fnv1a(string text) RETURNS bigint
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
	bytes bytea := convert_to(string, 'UTF8');
	hash bigint := 2166136261;
BEGIN
	FOR i IN 0 .. octet_length(bytes) - 1 LOOP
		hash := ((hash # get_byte(bytes, i)) * 16777619) & 4294967295;
	END LOOP;
	RETURN hash;
END
$$;

-- The place of a key in [0, 1), version 2.
CREATE FUNCTION verify.bucket(seed text, key text) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN verify.fnv1a(verify.fnv1a(seed || key)::text) % 10000 / 10000.0;

-- Seconds since an instant, for the lines that report times.
CREATE FUNCTION verify.seconds_since(start timestamptz) RETURNS text
	LANGUAGE sql VOLATILE
	RETURN to_char(extract(epoch FROM clock_timestamp() - start), 'FM999990.000') || ' s';

-- Keeps the rows of a query in a table and says how long it took.
CREATE FUNCTION verify.capture(name text, kept_as text, query text) RETURNS SETOF text
	LANGUAGE plpgsql
AS $$
DECLARE
	start timestamptz := clock_timestamp();
	n bigint;
BEGIN
	EXECUTE format('DROP TABLE IF EXISTS %I', kept_as);
	EXECUTE format('CREATE TEMP TABLE %I AS %s', kept_as, query);
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN NEXT format('time   %s: %s rows in %s', name, n, verify.seconds_since(start));
EXCEPTION WHEN OTHERS THEN
	RETURN NEXT format('NOT OK %s: %s', name, SQLERRM);
END
$$;

-- Compares two queries as multisets: one line, and on failure the number of
-- differences by the first column and ten of them.
CREATE FUNCTION verify.compare(name text, actual text, expected text) RETURNS SETOF text
	LANGUAGE plpgsql
AS $$
DECLARE
	n bigint;
	line text;
BEGIN
	DROP TABLE IF EXISTS compared_actual, compared_expected, difference;
	EXECUTE 'CREATE TEMP TABLE compared_actual AS ' || actual;
	EXECUTE 'CREATE TEMP TABLE compared_expected AS ' || expected;
	SELECT count(*) INTO n FROM compared_expected;
	CREATE TEMP TABLE difference AS
		SELECT 'persona only' AS side, to_jsonb(a) AS row_found
		FROM (TABLE compared_actual EXCEPT ALL TABLE compared_expected) a
		UNION ALL
		SELECT 'oracle only', to_jsonb(e)
		FROM (TABLE compared_expected EXCEPT ALL TABLE compared_actual) e;
	IF NOT EXISTS (SELECT FROM difference) THEN
		RETURN NEXT format('ok %s (%s rows compared)', name, n);
		RETURN;
	END IF;
	RETURN NEXT format('NOT OK %s', name);
	FOR line IN
		SELECT format('       %s: %s rows in persona only, %s in the oracle only', row_found ->> 'of',
					  count(*) FILTER (WHERE side = 'persona only'), count(*) FILTER (WHERE side = 'oracle only'))
		FROM difference GROUP BY row_found ->> 'of' ORDER BY row_found ->> 'of'
	LOOP
		RETURN NEXT line;
	END LOOP;
	FOR line IN
		SELECT format('       %s: %s', side, row_found)
		FROM (SELECT *, row_number() OVER (PARTITION BY row_found ->> 'of', side ORDER BY row_found::text) AS place
			  FROM difference) d
		ORDER BY place, row_found ->> 'of', row_found::text LIMIT 10
	LOOP
		RETURN NEXT line;
	END LOOP;
EXCEPTION WHEN OTHERS THEN
	RETURN NEXT format('NOT OK %s: %s', name, SQLERRM);
END
$$;
