#!/usr/bin/env bash
# runs.sh - measures runs, incremental runs, refreshes and the noting of changes, as ratios.
#
#   test/private-cluster.sh with bench shared_buffers=1GB work_mem=256MB max_wal_size=8GB -- bench/runs.sh
#
# Connects as psql does; uses the database "bench_runs", which it drops first.
# CUSTOMERS (20000) customers with 20 events each, as bench/run.sh has them.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
customers=${CUSTOMERS:-20000}
until='2026-06-30 12:00+00'
export PGDATABASE=bench_runs PGOPTIONS='-c jit=off -c client_min_messages=warning'

ask() { psql -X -q -At -v ON_ERROR_STOP=1 -v customers="$customers" -v until="$until" "$@"; }

declare -A took
declare -a short
# timed NAME SQL: runs it once, prints a row, and keeps the time.
timed() {
	took[$1]=$(printf '%s\n' '\timing on' "$2;" | ask -f - | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1)
	printf '%-58s %12.1f ms\n' "$1" "${took[$1]}"
}
# Tells what the last run did.
tell_run() {
	ask -c "SELECT format('%s contacts, %s per second, %s s to decide', written, round(written / extract(epoch FROM ended_at - started_at)), round(extract(epoch FROM writing_since - started_at), 1)) FROM persona.run_log ORDER BY run DESC LIMIT 1"
}
# ratio NAME EXPRESSION TARGET: prints the value of an expression.
ratio() { awk -v n="$1" -v t="$3" "BEGIN { printf \"%-58s %12.3f    %s\n\", n, $2, t }"; }

PGDATABASE=postgres psql -X -q -c 'DROP DATABASE IF EXISTS bench_runs' -c "CREATE DATABASE bench_runs ENCODING 'UTF8' TEMPLATE template0"
ask -c 'CREATE EXTENSION persona'
ask -f generate.sql
ask -f define.sql >/dev/null
ask >/dev/null <<SQL
-- everybody gets a contact
INSERT INTO persona.campaign (name, experience, priority, max_contacts, max_contacts_within) VALUES ('everybody', 'e1', -1, 1, '1 day');
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('everybody', 1, 'web');
DELETE FROM persona.policy WHERE name = 'all';
CREATE TABLE copy (LIKE persona.contact INCLUDING ALL);
CREATE TABLE decided AS SELECT * FROM persona.next_message_at('$until') LIMIT 0;
SQL

printf '%s customers\n\nA full run\n' "$customers"
timed 'next message of all customers' "SELECT count(*) FROM persona.next_message_at('$until')"
ask -c "INSERT INTO decided SELECT * FROM persona.next_message_at('$until')"
timed 'INSERT ... SELECT of the same contacts' "INSERT INTO copy (customer, campaign, experience, channel, placement, message, send_at, subject, body, priority, score, reason, trigger, fired_at, decided_at, program)
	SELECT customer, campaign, experience, channel, placement, message, send_at, subject, body, priority, score, reason, trigger, fired_at, '$until', persona.program_hash(persona.program()) FROM decided"
timed 'full run' "CALL persona.run(as_of => '$until')"
tell_run
ask -c 'VACUUM ANALYZE'
timed 'next message of all customers, 3 days later' "SELECT count(*) FROM persona.next_message_at('2026-07-03 12:00+00')"
timed 'full run, customers known' "CALL persona.run(as_of => '2026-07-03 12:00+00')"
tell_run

printf '\nIncremental runs\n'
ask -c "SELECT persona.watch_changes('bench.customer'); SELECT persona.watch_changes('bench.event')" >/dev/null
for minute in 10 20 30; do ask -c "CALL persona.run(as_of => '2026-07-03 12:$minute+00')"; done
ask -c 'VACUUM ANALYZE'
minute=30
for part in 0 0.001 0.01 0.1; do
	# the median of three: a run is short, and whatever else the machine does is felt
	for round in 1 2 3; do
		ask -c "INSERT INTO bench.event SELECT 1000000000 + id, id, 'k01', '2026-07-03 12:00+00', 1, 1 FROM bench.customer WHERE bench.uniform(id, $minute) < $part"
		minute=$((minute + 1))
		timed "run after changes of $part of the customers" "CALL persona.run(as_of => '2026-07-03 12:$minute+00')"
		short[$round]=${took["run after changes of $part of the customers"]}
		ask -c "SELECT format('%s due, %s contacts', total, written) FROM persona.run_log ORDER BY run DESC LIMIT 1"
	done
	took["run after changes of $part of the customers"]=$(printf '%s\n' "${short[@]}" | sort -n | sed -n 2p)
done

printf '\nSnapshot\n'
timed 'first refresh' "SELECT persona.refresh_snapshot('2026-07-03 13:00+00')"
ask -c 'VACUUM ANALYZE'
ask -c "INSERT INTO bench.event SELECT 1000000000 + id, id, 'k01', '2026-07-03 12:00+00', 1, 1 FROM bench.customer WHERE bench.uniform(id, 99) < 0.01"
timed 'refresh after changes of 0.01 of the customers' "SELECT persona.refresh_snapshot('2026-07-03 13:01+00')"

printf '\nNoting changes on insert into the events (%s s each)\n' "${SECONDS_EACH:-3}"
script=$(mktemp)
trap 'rm -f "$script"' EXIT
rate() { pgbench -n -M prepared -f "$script" -T "${SECONDS_EACH:-3}" -c 1 "$PGDATABASE" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'; }
# both KEY SQL: rates without and with triggers, in turns.
both() {
	local round
	printf '%s\n' "$2" >"$script"
	for round in 1 2 3; do
		ask -c "SELECT persona.unwatch_changes('bench.event')" >/dev/null
		plain[$round]=$(rate)
		ask -c "SELECT persona.watch_changes('bench.event')" >/dev/null
		noted[$round]=$(rate)
	done
	took["$1 plain"]=$(printf '%s\n' "${plain[@]}" | sort -n | sed -n 2p)
	took["$1 noted"]=$(printf '%s\n' "${noted[@]}" | sort -n | sed -n 2p)
	printf '%-58s %12.1f per second, %.1f with triggers\n' "$1" "${took["$1 plain"]}" "${took["$1 noted"]}"
}
declare -a plain noted
both 'single rows' "\\set c random(1, $customers)
INSERT INTO bench.event VALUES (0, :c, 'k01', now(), 1, 1);"
both 'batches of 1000' "INSERT INTO bench.event SELECT i, 1 + (random() * ($customers - 1))::int, 'k01', now(), 1, 1 FROM generate_series(1, 1000) AS i;"

printf '\nRatios                                                              measured    target\n'
ratio 'T7 full run / (next message of all + INSERT)' "${took['full run']} / (${took['next message of all customers']} + ${took['INSERT ... SELECT of the same contacts']})" '<= 1.5'
ratio 'T7 the same, customers known' "${took['full run, customers known']} / (${took['next message of all customers, 3 days later']} + ${took['INSERT ... SELECT of the same contacts']})" '<= 1.5'
for part in 0 0.001 0.01 0.1; do
	ratio "T8 run after changes of $part / full run" "${took["run after changes of $part of the customers"]} / ${took['full run, customers known']}" "$([ $part != 0.01 ] || echo '<= 0.03')"
done
ratio 'refresh after changes of 0.01 / first refresh' "${took['refresh after changes of 0.01 of the customers']} / ${took['first refresh']}" ''
ratio 'T9 single rows, with triggers / without' "${took['single rows noted']} / ${took['single rows plain']}" '>= 0.9'
ratio 'T9 batches, with triggers / without' "${took['batches of 1000 noted']} / ${took['batches of 1000 plain']}" '>= 0.97'
