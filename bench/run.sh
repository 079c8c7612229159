#!/usr/bin/env bash
# run.sh - measures persona against plain SQL in one run, as ratios.
#
#   make bench                                     20,000 customers, 400,000 events
#   CUSTOMERS=1000000 make bench BENCH_SETTINGS="shared_buffers=4GB work_mem=256MB max_wal_size=8GB"
#
# Connects as psql does (PGHOST, PGPORT, PGUSER); uses the database "bench",
# which it drops first.  Each figure is the median of ROUNDS runs (3).

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
customers=${CUSTOMERS:-20000}
rounds=${ROUNDS:-3}
until='2026-06-30 12:00+00'
export PGDATABASE=bench PGOPTIONS='-c jit=off -c client_min_messages=warning'

ask() { psql -X -q -At -v ON_ERROR_STOP=1 -v customers="$customers" -v until="$until" "$@"; }

# Prints the median milliseconds of a query that is run ROUNDS times after once.
median() {
	for _ in $(seq 0 "$rounds"); do
		printf '%s\n' '\timing on' "$1;"
	done | ask "${@:2}" -f - | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n +2 | sort -n |
		awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'
}

declare -A took
# measure NAME QUERY: prints a row, and keeps the time.
measure() {
	took[$1]=$(median "$2" "${@:3}")
	printf '%-58s %12.1f ms\n' "$1" "${took[$1]}"
}
# ratio NAME A B TARGET: prints A / B.
ratio() {
	awk -v n="$1" -v a="${took[$2]}" -v b="${took[$3]}" -v t="$4" \
		'BEGIN { printf "%-58s %12.2f    %s\n", n, a / b, t }'
}

printf 'Generating %s customers and %s events ...\n' "$customers" $((20 * customers))
PGDATABASE=postgres psql -X -q -c 'DROP DATABASE IF EXISTS bench' -c "CREATE DATABASE bench ENCODING 'UTF8' TEMPLATE template0"
ask -c 'CREATE EXTENSION persona'
ask -f generate.sql
ask -f define.sql >/dev/null

printf '\nBaselines, plain SQL\n'
measure 'scan of customers' 'SELECT count(*) FROM bench.customer'
measure 'scan of events' 'SELECT count(*) FROM bench.event'
measure 'group events by customer' 'SELECT count(*) FROM (SELECT customer_id, count(*), max(at) FROM bench.event GROUP BY customer_id) AS g'
measure 'group events and contacts by customer' 'SELECT count(*) FROM (SELECT customer_id, count(*), max(at) FROM bench.event GROUP BY customer_id) AS g LEFT JOIN (SELECT customer, count(*), max(send_at) FROM persona.contact GROUP BY customer) AS c ON c.customer = g.customer_id'
measure 'attribute predicate by hand' "SELECT count(*) FROM bench.customer WHERE score >= 50 AND plan IN ('gold', 'silver')"
measure 'indexed predicate by hand' 'SELECT count(*) FROM bench.customer WHERE clv >= 990'

printf '\npersona\n'
measure 'attribute cohort, folded' "SELECT count(*) FROM bench.customer AS c WHERE persona.holds(c, '{\"all\": [{\"attribute\": \"score\", \"at_least\": 50}, {\"attribute\": \"plan\", \"in\": [\"gold\", \"silver\"]}]}')"
measure 'indexed cohort, folded' "SELECT count(*) FROM bench.customer AS c WHERE persona.holds(c, '{\"attribute\": \"clv\", \"at_least\": 990}')"
measure 'timelines of all customers (GROUP BY)' "SELECT count(t) FROM (SELECT persona.timeline(p.program, 'bench.event', e) AS t FROM persona.program() AS p (program), bench.event AS e GROUP BY e.customer_id) AS g"
measure '100 cohorts of all customers' "SELECT count(*) FROM persona.cohort_member_at('$until')"
measure '20 triggers of all customers' "SELECT count(*) FROM persona.open_trigger_at('$until')"
measure 'next message of all customers' "SELECT count(*) FROM persona.next_message_at('$until')"

printf '\nRatios                                                              measured    target\n'
ratio 'T4 folded attribute cohort / by hand' 'attribute cohort, folded' 'attribute predicate by hand' '<= 1.05'
ratio 'T4 folded indexed cohort / by hand' 'indexed cohort, folded' 'indexed predicate by hand' '<= 1.05'
ratio 'timelines / group by' 'timelines of all customers (GROUP BY)' 'group events by customer' ''
ratio 'T1 100 cohorts / group by' '100 cohorts of all customers' 'group events by customer' '<= 1.0 (of 1,000)'
ratio 'T2 20 triggers / group by' '20 triggers of all customers' 'group events by customer' '<= 1.0 (of 30)'
ratio 'T6 next message of all / group by events and contacts' 'next message of all customers' 'group events and contacts by customer' '<= 3'

printf '\nOne customer, prepared, one client (T5: <= 0.25 ms, >= 8000/s on 2 cores)\n'
script=$(mktemp)
trap 'rm -f "$script"' EXIT
printf '\\set c random(1, %s)\n%s\n' "$customers" "SELECT * FROM persona.next_message_at('$until') WHERE customer = :c;" >"$script"
pgbench -n -M prepared -f "$script" -T 5 -c 1 bench 2>/dev/null | sed -n 's/^\(latency average.*\)/  one client:  \1/p; s/^\(tps = [0-9.]*\).*/  one client:  \1/p'
pgbench -n -M prepared -f "$script" -T 5 -c 2 -j 2 bench 2>/dev/null | sed -n 's/^\(tps = [0-9.]*\).*/  two clients: \1/p'
printf '%s\n' 'SELECT 1;' >"$script"
pgbench -n -M prepared -f "$script" -T 2 -c 1 bench 2>/dev/null | sed -n 's/^\(latency average.*\)/  SELECT 1:    \1/p'
