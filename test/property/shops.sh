#!/usr/bin/env bash
# shops.sh - whole shops of random definitions, decided again in plain SQL: for
# each candidate the stage, the rule that failed and the values that it names,
# all factors, rank and time; and each page for who is there.
#
# Connects like psql (PGDATABASE, PGHOST, ...) to an empty database, says for
# each law "ok" or "not ok", and at last "N passed, N failed".
#
#   PROPERTY_SEED    other shops are drawn by another seed ("persona")
#   PROPERTY_SCALE   more are drawn, so many times as many (1: about a minute)

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/shops
seed=${PROPERTY_SEED:-persona}
shops=$(awk -v scale="${PROPERTY_SCALE:-1}" 'BEGIN { n = int(6 * scale + 0.5); print n < 1 ? 1 : n }')
passed=0
failed=0

# Nothing may depend on what a session has set, so this one is unusual.
export PGOPTIONS="${PGOPTIONS-} -c timezone=Pacific/Chatham -c datestyle=German,DMY -c jit=off -c client_min_messages=error"

# Runs one statement.
query() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

# Counts a verdict.
verdict() {
	printf '%s\n' "$1"
	case $1 in
	"ok "*) passed=$((passed + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
}

echo "# seed $seed, $shops shops"
query "CREATE EXTENSION persona"
for part in world oracle laws; do
	psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f "$here/$part.sql"
done
for ((n = 1; n <= shops; n++)); do
	query "CALL law.check_shop('$seed/$n/', 3)" || verdict "not ok shop $n"
	query "CALL law.check_until('$seed/$n/', 8)" || verdict "not ok until in shop $n"
	query "CALL law.check_pages('$seed/$n/', 2)" || verdict "not ok pages of shop $n"
done
for law in 'each candidate' 'the winner is the next message' 'each candidate, with prices, in one pass' 'each page' \
	'the decision until' 'each candidate until'; do
	verdict "$(query "SELECT law.verdict('$law')")"
done
missed=$(query "SELECT law.missed()")
if [ -z "$missed" ]; then verdict "ok each stage was met"; else verdict "not ok never met: $missed"; fi

echo "$passed passed, $failed failed"
[ $failed = 0 ]
