#!/usr/bin/env bash
# examples.sh - the examples of doc/conditions.md hold for whom the page says,
# and what it says is refused is refused so.
#
# Connects like psql (PGDATABASE, PGHOST, ...) to an empty database; ends with
# "N passed, N failed".  The page's own example data is used.

set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
page=$here/../../doc/conditions.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The last block of SQL makes the tables.
awk '/^```sql$/ { block = ""; inside = 1; next } /^```$/ { inside = 0; next } inside { block = block $0 "\n" } END { printf "%s", block }' \
	"$page" >"$work/data.sql"

# An example is a block of JSON and the line behind it.
awk '
	function quoted(text) { gsub(/\047/, "\047\047", text); return "\047" text "\047" }
	/^```json$/ { block = ""; inside = 1; next }
	/^```$/ && inside { inside = 0; told = 1; next }
	inside { block = block $0 "\n"; next }
	told && NF > 0 { printf "INSERT INTO example (condition, told) VALUES (%s, %s);\n", quoted(block), quoted($0); told = 0 }
	# and those in tables: | `is` | value | ... | `{...}` | 1 |
	/^\|.*`\{"attribute".*\}` \| [0-9, ]+ \|$/ {
		split($0, part, "|"); line = $0
		match(line, /`\{"attribute".*\}` \|/)
		condition = substr(line, RSTART + 1, RLENGTH - 4)
		sub(/.*\}` \| /, "", line); sub(/ \|$/, "", line)
		printf "INSERT INTO example (condition, told) VALUES (%s, %s);\n", quoted(condition), quoted("Holds for " line ".")
	}' "$page" >"$work/examples.sql"

psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f "$work/data.sql"
psql -X -q -v ON_ERROR_STOP=1 -o /dev/null <<'STATEMENTS'
CREATE TABLE example (n integer GENERATED ALWAYS AS IDENTITY, condition text, told text);
-- what the page could have said
CREATE FUNCTION answer(condition text, told text) RETURNS text LANGUAGE plpgsql
SET client_min_messages = error AS $$
DECLARE
	instant text := substring(told FROM ' as of (.*)\.$');
	who text;
BEGIN
	EXECUTE format('SELECT string_agg(id::text, '', '' ORDER BY id) FROM crm.customer AS c WHERE persona.holds(c, %L, %L)',
		condition, coalesce(instant, '2026-03-31 12:00+02'))
	INTO who;
	RETURN 'Holds for ' || coalesce(who, 'nobody') || coalesce(' as of ' || instant, '') || '.';
EXCEPTION WHEN OTHERS THEN
	-- the page may quote a part of the message
	IF told LIKE 'Refused: %' AND strpos(sqlerrm, rtrim(substr(told, 10), '.')) > 0 THEN
		RETURN told;
	END IF;
	RETURN 'Refused: ' || regexp_replace(sqlerrm, '^invalid condition: ', '');
END
$$;
STATEMENTS
psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f "$work/examples.sql"
psql -X -q -A -t >"$work/summary" <<'STATEMENTS'
CREATE TABLE verdict AS SELECT *, answer(condition, told) AS answer FROM example;
SELECT format(E'not ok %s\n    the page: %s\n    the answer: %s', rtrim(condition, E'\n'), told, answer) FROM verdict WHERE answer <> told ORDER BY n;
-- if the page is not understood any more, that is a failure
SELECT count(*) FILTER (WHERE answer = told) || ' passed, '
	|| count(*) FILTER (WHERE answer <> told) + CASE WHEN count(*) < 80 THEN 1 ELSE 0 END || ' failed' FROM verdict;
STATEMENTS
cat "$work/summary"
tail -n 1 "$work/summary" | grep -q ' 0 failed$'
