#!/usr/bin/env bash
# schema.sh - doc/condition.schema.json accepts what the reader accepts.
#
# Connects like psql (PGDATABASE, PGHOST, ...) to an empty database; ends with
# "N passed, N failed".  schema.py draws the definitions and compares.
#
#   PROPERTY_SEED    other definitions are drawn by another seed ("persona")
#   PROPERTY_SCALE   more are drawn, so many times as many

set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The Python of the system has the module of the system.
python=python3
if [ -x /usr/bin/python3 ]; then python=/usr/bin/python3; fi

"$python" "$here/schema.py" draw "${PROPERTY_SEED:-persona}" "${PROPERTY_SCALE:-1}" >"$work/definitions"
psql -X -q -v ON_ERROR_STOP=1 <<STATEMENTS
CREATE EXTENSION persona;
CREATE TABLE definition (n integer GENERATED ALWAYS AS IDENTITY, text text);
\copy definition (text) FROM '$work/definitions' (FORMAT csv)
CREATE FUNCTION verdict(text text) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
	PERFORM text::persona.condition;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlerrm;
END
\$\$;
CREATE TABLE verdict AS SELECT n, text, verdict(text) FROM definition;
\copy (SELECT text, verdict FROM verdict ORDER BY n) TO '$work/verdicts' (FORMAT csv)
STATEMENTS
"$python" "$here/schema.py" compare "$work/verdicts"
