#!/usr/bin/env bash
# queue.sh - measures claims and reports against a plain SKIP LOCKED queue, as ratios.
#
#   test/private-cluster.sh with bench shared_buffers=1GB max_wal_size=8GB -- bench/queue.sh
#
# Connects as psql does; uses the database "bench_queue", which it drops first.
# CUSTOMERS (20000) customers with 20 events each, as bench/run.sh has them;
# a plain queue has a row per message with the same text.  One loop takes a
# batch, and then reports all of it as sent; both queues are filled anew for
# each measurement of SECONDS_EACH (4) seconds, and measured in turns.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
customers=${CUSTOMERS:-20000}
seconds=${SECONDS_EACH:-4}
until='2026-06-30 12:00+00'
export PGDATABASE=bench_queue PGOPTIONS='-c jit=off -c client_min_messages=warning'

ask() { psql -X -q -At -v ON_ERROR_STOP=1 -v customers="$customers" -v until="$until" "$@"; }

PGDATABASE=postgres psql -X -q -c 'DROP DATABASE IF EXISTS bench_queue' -c "CREATE DATABASE bench_queue ENCODING 'UTF8' TEMPLATE template0"
ask -c 'CREATE EXTENSION persona'
ask -f generate.sql
ask -f define.sql >/dev/null
ask >/dev/null <<'SQL'
-- a campaign for everybody, with no limits that say no; the other campaigns stay, as the program's size does
INSERT INTO persona.campaign (name, experience, priority) VALUES ('queue', 'e1', 1);
INSERT INTO persona.campaign_channel (campaign, position, channel) VALUES ('queue', 1, 'web');
CREATE TABLE plain (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer bigint NOT NULL, status text NOT NULL, send_at timestamptz NOT NULL,
	lease_until timestamptz, attempts int NOT NULL DEFAULT 0, worker text, sent_at timestamptz, subject text, body text);
CREATE INDEX ON plain (send_at) WHERE status IN ('planned', 'claimed');
SQL

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The loop of a sender, as one transaction for the claim and one for the reports.
scripts() {
	cat >"$work/persona" <<-END
		SELECT jsonb_agg(jsonb_build_object('contact', idempotency_key, 'outcome', 'sent')) AS reports, count(*) AS n
		FROM persona.claim('web', $1, '5 minutes', 'bench', '$until') \\gset
		\\if :n
		SELECT persona.report(\$\$:reports\$\$);
		\\endif
	END
	cat >"$work/plain" <<-END
		WITH taken AS (
			UPDATE plain SET status = 'claimed', lease_until = now() + interval '5 minutes', attempts = attempts + 1, worker = 'bench'
			WHERE id IN (SELECT id FROM plain WHERE status IN ('planned', 'claimed') AND send_at <= now() AND lease_until IS NULL
				ORDER BY send_at LIMIT $1 FOR UPDATE SKIP LOCKED)
			RETURNING id, subject, body)
		SELECT array_agg(id) AS ids, count(*) AS n FROM taken \\gset
		\\if :n
		UPDATE plain SET status = 'sent', sent_at = now(), lease_until = NULL WHERE id = ANY (':ids'::bigint[]);
		\\endif
	END
}

fill() {
	ask >/dev/null <<-SQL
		TRUNCATE persona.contact, persona.response, plain;
		INSERT INTO persona.contact (customer, campaign, experience, channel, message, decided_at, send_at, body)
		SELECT c.id, 'queue', 'e1', 'web', 'e1', '$until', timestamptz '$until' - i * interval '1 minute', repeat('x', 100)
		FROM bench.customer AS c, generate_series(1, $1) AS i;
		INSERT INTO plain (customer, status, send_at, body)
		SELECT customer, 'planned', send_at - interval '10 years', body FROM persona.contact;
	SQL
	ask -c 'VACUUM ANALYZE persona.contact' -c 'VACUUM ANALYZE plain'
}

# Messages per second of a queue with so many sessions.
rate() {
	local before after
	before=$(date +%s%N)
	pgbench -n -f "$work/$1" -c "$2" -j 2 -T "$seconds" "$PGDATABASE" >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
	after=$(date +%s%N)
	case $1 in
	persona) ask -c "SELECT count(*) FILTER (WHERE status = 'sent'), count(*) FILTER (WHERE status = 'planned') FROM persona.contact" ;;
	plain) ask -c "SELECT count(*) FILTER (WHERE status = 'sent'), count(*) FILTER (WHERE status = 'planned') FROM plain" ;;
	esac | awk -F'|' -v took=$((after - before)) '{ printf "%.0f %d\n", $1 / took * 1e9, $2 }'
}

printf '%-10s %8s %16s %16s %8s\n' sessions batch 'plain per s' 'persona per s' ratio
for sessions in 1 16; do
	for batch in 1 100 1000; do
		scripts $batch
		fill "${FILL:-4}"
		read -r plain left_plain < <(rate plain $sessions)
		read -r persona left < <(rate persona $sessions)
		awk -v s=$sessions -v b=$batch -v p="$plain" -v q="$persona" -v l="$left_plain" -v m="$left" \
			'BEGIN { printf "%-10s %8s %16s %16s %8.2f%s\n", s, b, p, q, p / q, (l == 0 || m == 0) ? "  (ran empty)" : "" }'
	done
done
