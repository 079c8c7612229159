#!/usr/bin/env bash
# run.sh - persona's laws on random conditions, with plain SQL as the oracle.
#
# Connects like psql (PGDATABASE, PGHOST, ...) to an empty database, says for
# each law "ok" or "not ok", and at last "N passed, N failed".
#
#   PROPERTY_SEED    other conditions are drawn by another seed ("persona")
#   PROPERTY_SCALE   more are drawn, so many times as many (1: about a minute)
#
# A failure shows seed, condition, customer, instant and both answers, and a
# statement for psql that shows it again while the database is there:
#
#   test/private-cluster.sh start property
#   test/private-cluster.sh run property createdb laws
#   PGDATABASE=laws PROPERTY_SEED=... test/private-cluster.sh run property test/property/run.sh
#   test/private-cluster.sh run property psql laws
#   test/private-cluster.sh stop property
#
# world.sql      the dice; customers and events
# generator.sql  random conditions
# oracle.sql     conditions in plain SQL
# laws.sql       what must hold

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
seed=${PROPERTY_SEED:-persona}
scale=${PROPERTY_SCALE:-1}
passed=0
failed=0

[[ $seed =~ ^[A-Za-z0-9._-]+$ ]] || { echo "run.sh: PROPERTY_SEED has other characters than letters, digits, '.', '_' and '-'" >&2; exit 2; }
[[ $scale =~ ^[0-9]+(\.[0-9]+)?$ ]] || { echo "run.sh: PROPERTY_SCALE is not a number" >&2; exit 2; }

# Nothing may depend on what a session has set, so this one is unusual.
export PGOPTIONS="${PGOPTIONS-} -c timezone=Pacific/Chatham -c datestyle=German,DMY -c intervalstyle=sql_standard -c extra_float_digits=0"
PGOPTIONS+=" -c jit=off -c client_min_messages=error -c prop.seed=$seed -c prop.scale=$scale"

# Runs one statement.
query() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

# Runs a procedure, and gives the verdict on the laws that it checks.
check() {
	local statement=$1 law verdict
	shift
	query "CALL prop.$statement" || say "# CALL prop.$statement failed"
	for law; do
		verdict=$(query "SELECT prop.verdict('$law')") || verdict="not ok $law (no answer)"
		say "$verdict"
		case $verdict in
		"ok "*) passed=$((passed + 1)) ;;
		*) failed=$((failed + 1)) ;;
		esac
	done
}

say() {
	printf '%s\n' "$*"
}

say "# seed $seed, scale $scale"
query "CREATE EXTENSION persona"
for part in world generator oracle laws; do
	psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f "$here/$part.sql"
done
query "CALL prop.define_base()"

check "check_edges('$seed/edges/', prop.scaled(15))" 'window edges'
check "check_answers('$seed/answers/', prop.scaled(250), 3)" \
	answers complement 'constant conditions' 'temporal truth is the answer' until since
check "check_holds_over('$seed/over/', prop.scaled(60))" holds_over
check "check_cohorts('$seed/cohorts/', prop.scaled(40), 6)" cohorts 'one customer as all' 'one pass'
check "check_keyed('$seed/keyed/', prop.scaled(25), 6)" 'keyed triggers'
check "check_triggers('$seed/triggers/', prop.scaled(40), 20)" triggers
query "CALL prop.define_campaigns('$seed/campaigns/', prop.scaled(14))"
check "check_decisions('$seed/decisions/', prop.scaled(20))" 'decision as of' 'decision until' 'candidates until'
check "check_order('$seed/order/', prop.scaled(4))" 'order of events'

say "$passed passed, $failed failed"
[ $failed = 0 ]
