#!/usr/bin/env bash
# run.sh - measures persona against plain SQL in one run, as ratios.
#
#   make bench                                     20,000 customers, 400,000 events
#   CUSTOMERS=1000000 make bench BENCH_SETTINGS="shared_buffers=4GB work_mem=256MB max_wal_size=8GB"
#
# Connects as psql does (PGHOST, PGPORT, PGUSER); uses the database "bench",
# which it drops first.  Each figure is the median of ROUNDS runs (3),
# after one that does not count.  REUSE=1 measures what is there, without
# generating it anew.

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

if [ -z "${REUSE:-}" ]; then
	printf 'Generating %s customers and %s events ...\n' "$customers" $((20 * customers))
	PGDATABASE=postgres psql -X -q -c 'DROP DATABASE IF EXISTS bench' -c "CREATE DATABASE bench ENCODING 'UTF8' TEMPLATE template0"
	ask -c 'CREATE EXTENSION persona'
	ask -f generate.sql
	ask -f define.sql >/dev/null
	ask -f programs.sql
fi

# Many cohorts as one plain query: a FILTER for each.
plain_attributes() {
	ask -c "SELECT 'SELECT ' || string_agg(format('count(*) FILTER (WHERE %s)', CASE i % 6
		WHEN 0 THEN format('clv >= %s', round(i * 7.3 % 990, 2))
		WHEN 1 THEN format('score >= %s AND points >= %s AND plan IN (''gold'', ''silver'')', i * 7 % 90, i % 9990)
		WHEN 2 THEN format('points < %s OR country = ''AT''', i % 9990)
		WHEN 3 THEN format('(balance > %s) IS NOT TRUE', round(i * 1.31 % 199, 2))
		WHEN 4 THEN format('email IS NOT NULL AND household <= %s AND points >= %s', i % 9, i % 9990)
		ELSE format('last_visit > timestamptz ''$until'' - interval ''%s hours'' AND last_visit <= ''$until''', 1 + i % 9500) END), ', ')
		|| ' FROM bench.customer' FROM generate_series(1, 100) AS i"
}
# The reach of all cohorts of a program of programs.sql.
pass() { printf "SELECT sum(customers) FROM persona.reach_of_all((SELECT program FROM bench.program WHERE name = '%s'), '%s')" "$1" "$until"; }
alone=(-c 'SET max_parallel_workers_per_gather = 0')

printf '\nBaselines, plain SQL\n'
measure 'scan of customers' 'SELECT count(*) FROM bench.customer'
measure 'scan of events' 'SELECT count(*) FROM bench.event'
measure 'scan of events, one core' 'SELECT count(*) FROM bench.event' "${alone[@]}"
measure 'group events by customer' 'SELECT count(*) FROM (SELECT customer_id, count(*), max(at) FROM bench.event GROUP BY customer_id) AS g'
measure 'group events by customer, one core' 'SELECT count(*) FROM (SELECT customer_id, count(*), max(at) FROM bench.event GROUP BY customer_id) AS g' "${alone[@]}"
measure 'group events and contacts by customer' 'SELECT count(*) FROM (SELECT customer_id, count(*), max(at) FROM bench.event GROUP BY customer_id) AS g LEFT JOIN (SELECT customer, count(*), max(send_at) FROM persona.contact GROUP BY customer) AS c ON c.customer = g.customer_id'
measure 'attribute predicate by hand' "SELECT count(*) FROM bench.customer WHERE score >= 50 AND plan IN ('gold', 'silver')"
measure 'indexed predicate by hand' 'SELECT count(*) FROM bench.customer WHERE clv >= 990'
measure '100 attribute cohorts by hand, one query' "$(plain_attributes)"
measure 'one pattern by hand (stopped)' "SELECT count(*) FROM (SELECT customer_id FROM bench.event WHERE kind = 'k05' AND at > timestamptz '$until' - interval '60 days' AND at <= '$until' GROUP BY customer_id HAVING count(*) >= 5 AND count(*) FILTER (WHERE at > timestamptz '$until' - interval '30 days') = 0) AS g"

printf '\npersona\n'
measure 'attribute cohort, folded' "SELECT count(*) FROM bench.customer AS c WHERE persona.holds(c, '{\"all\": [{\"attribute\": \"score\", \"at_least\": 50}, {\"attribute\": \"plan\", \"in\": [\"gold\", \"silver\"]}]}')"
measure 'indexed cohort, folded' "SELECT count(*) FROM bench.customer AS c WHERE persona.holds(c, '{\"attribute\": \"clv\", \"at_least\": 990}')"
measure 'pass: 100 attribute cohorts' "$(pass '100 attribute')"
measure 'pass: 1,000 attribute cohorts' "$(pass '1000 attribute')"
measure 'pass: 10,000 attribute cohorts' "$(pass '10000 attribute')"
measure 'pass: 100 mixed cohorts' "$(pass '100 mixed')"
measure 'pass: 1,000 mixed cohorts' "$(pass '1000 mixed')"
measure 'pass: 1,000 mixed cohorts, one core' "$(pass '1000 mixed')" "${alone[@]}"
measure 'pass: 1,000 mixed cohorts, work_mem 4MB' "$(pass '1000 mixed')" -c "SET work_mem = '4MB'"
measure 'pass: 1,000 cohorts on behavior' "$(pass '1000 behavior')"
measure 'pass: 30 patterns' "$(pass '30 patterns')"
measure 'pass: overlaps of 1,000 mixed cohorts' "SELECT sum(customers) FROM persona.overlap_of_all((SELECT program FROM bench.program WHERE name = '1000 mixed'), '$until')"
measure 'pass: masks of 100 cohorts' "SELECT count(*) FROM persona.cohort_mask_of_all('$until')"
measure 'pass: open triggers of all customers' "SELECT count(*) FROM persona.open_trigger_of_all('$until')"
measure 'pass: next message of all customers' "SELECT count(*) FROM persona.next_message_of_all('$until')"
measure 'pass: funnel of all campaigns' "SELECT count(*) FROM persona.funnel_at('$until')"
measure 'pass: simulation of another weight' "SELECT count(*) FROM persona.simulate(persona.program_with(persona.program(), '{\"campaigns\": {\"p07\": {\"weight\": 3}}}'), '$until')"
measure 'pass: prices of a channel for a tenth of the customers' "SELECT count(*) FROM persona.prices_of_all(persona.program_with(persona.program(), '{\"channels\": {\"email\": {\"capacity_per_day\": $((customers / 10))}}}'), '$until')"
measure 'pass: prices of a budget for a tenth of the customers' "SELECT count(*) FROM persona.prices_of_all(persona.program_with(persona.program(), '{\"channels\": {\"email\": {\"cost\": 0.5}}, \"budgets\": {\"mail\": {\"amount\": $((customers / 20)), \"channel\": \"email\"}}}'), '$until')"
if [ "$customers" -le 100000 ]; then
	measure 'view: 100 cohorts of all customers' "SELECT count(*) FROM persona.cohort_member_at('$until')"
	measure 'view: next message of all customers' "SELECT count(*) FROM persona.next_message_at('$until')"
fi

printf '\nRatios                                                              measured    target\n'
ratio 'T1 reach of 1,000 mixed cohorts / group by' 'pass: 1,000 mixed cohorts' 'group events by customer' '<= 1.0'
ratio 'T1 the same, one core each' 'pass: 1,000 mixed cohorts, one core' 'group events by customer, one core' '<= 1.0'
ratio 'T1 the same / one-core scan of events' 'pass: 1,000 mixed cohorts' 'scan of events, one core' 'moonshot 1.0'
ratio 'T2 30 patterns / group by' 'pass: 30 patterns' 'group events by customer' '<= 1.0'
ratio 'T2 30 patterns / one-core scan of events' 'pass: 30 patterns' 'scan of events, one core' 'moonshot 1.0'
ratio 'T2 30 patterns / one of them by hand' 'pass: 30 patterns' 'one pattern by hand (stopped)' '<= 0.75 (40x faster than one query each)'
ratio 'T3 10,000 attribute cohorts / 100' 'pass: 10,000 attribute cohorts' 'pass: 100 attribute cohorts' '<= 3'
ratio '   100 attribute cohorts / one query by hand' 'pass: 100 attribute cohorts' '100 attribute cohorts by hand, one query' ''
ratio 'T4 folded attribute cohort / by hand' 'attribute cohort, folded' 'attribute predicate by hand' '<= 1.05'
ratio 'T4 folded indexed cohort / by hand' 'indexed cohort, folded' 'indexed predicate by hand' '<= 1.05'
ratio 'T6 next message of all / group by events and contacts' 'pass: next message of all customers' 'group events and contacts by customer' '<= 3'
ratio 'funnel / group by events and contacts' 'pass: funnel of all campaigns' 'group events and contacts by customer' ''
ratio 'simulation / group by events and contacts' 'pass: simulation of another weight' 'group events and contacts by customer' ''
ratio 'prices / group by events and contacts' 'pass: prices of a channel for a tenth of the customers' 'group events and contacts by customer' ''
ratio 'prices of a budget / group by events and contacts' 'pass: prices of a budget for a tenth of the customers' 'group events and contacts by customer' ''
ratio 'T11 work_mem 4MB (files) / as set' 'pass: 1,000 mixed cohorts, work_mem 4MB' 'pass: 1,000 mixed cohorts' ''
awk -v t="${took['pass: 1,000 mixed cohorts']}" -v n="$customers" \
	'BEGIN { printf "%-58s %12.2f us\n", "T10 1,000 mixed cohorts, for each customer", t * 1000 / n }'

printf '\nOne customer, prepared, one client (T5: <= 0.25 ms, >= 8000/s on 2 cores)\n'
script=$(mktemp)
trap 'rm -f "$script"' EXIT
printf '\\set c random(1, %s)\n%s\n' "$customers" "SELECT * FROM persona.next_message_at('$until') WHERE customer = :c;" >"$script"
pgbench -n -M prepared -f "$script" -T 5 -c 1 bench 2>/dev/null | sed -n 's/^\(latency average.*\)/  one client:  \1/p; s/^\(tps = [0-9.]*\).*/  one client:  \1/p'
pgbench -n -M prepared -f "$script" -T 5 -c 2 -j 2 bench 2>/dev/null | sed -n 's/^\(tps = [0-9.]*\).*/  two clients: \1/p'
printf '%s\n' 'SELECT 1;' >"$script"
pgbench -n -M prepared -f "$script" -T 2 -c 1 bench 2>/dev/null | sed -n 's/^\(latency average.*\)/  SELECT 1:    \1/p'
