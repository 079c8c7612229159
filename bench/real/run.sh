#!/bin/sh
# run.sh - checks persona on real data against plain SQL.
#
#   run.sh [--oracle] DATA_FOLDER [starbucks | online_retail | complete_journey | hillstrom | bank_marketing | open_bandit ...]
#
# Needs a running server (PGHOST, PGPORT, PGUSER) on which the extension can be
# created; makes (and replaces) one database persona_real_<data set> per data
# set: load, bind and define, check.  One line per check, "ok ..." or
# "NOT OK ..."; the last line counts them; the exit status is 0 if all passed.
# --oracle leaves persona out and prints what the plain SQL finds.

set -u

oracle_only=false
if [ "${1-}" = --oracle ]; then
	oracle_only=true
	shift
fi
if [ $# -lt 1 ]; then
	echo "usage: $0 [--oracle] DATA_FOLDER [starbucks | online_retail | complete_journey | hillstrom | bank_marketing | open_bandit ...]" >&2
	exit 2
fi
DATA_FOLDER=$(cd "$1" && pwd) || exit 2
export DATA_FOLDER
shift
[ $# -gt 0 ] || set -- starbucks online_retail complete_journey hillstrom bank_marketing open_bandit

here=$(cd "$(dirname "$0")" && pwd)
report=$(mktemp) || exit 2
trap 'rm -f "$report"' EXIT

# Runs one script in a database; a script that fails is a check that failed.
script() {
	database=$1
	file=$2
	start=$(date +%s)
	if psql -X -q -At -v ON_ERROR_STOP=1 -v oracle_only=$oracle_only -d "$database" -f "$here/$file" 2>&1; then
		echo "time   $file: $(($(date +%s) - start)) s"
	else
		echo "NOT OK $file"
		return 1
	fi
}

# Loads, defines and checks one data set.
check() {
	database=persona_real_$1
	psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $database" -c "CREATE DATABASE $database" 2>&1 |
		grep -v 'does not exist, skipping'
	script "$database" tools.sql && script "$database" "$1/load.sql" || return
	if [ $oracle_only = false ]; then
		psql -X -q -d "$database" -c 'CREATE EXTENSION persona' 2>&1 || { echo "NOT OK $1: no extension"; return; }
		script "$database" "$1/define.sql" || return
	fi
	script "$database" "$1/check.sql"
}

for data_set in "$@"; do
	if [ -f "$here/$data_set/check.sql" ]; then
		check "$data_set"
	else
		echo "NOT OK $data_set: no such data set"
	fi
done | tee "$report"

passed=$(grep -c '^ok ' "$report")
failed=$(grep -c '^NOT OK ' "$report")
echo "$passed passed, $failed failed"
if [ "$oracle_only" = true ]; then
	[ "$failed" -eq 0 ]
else
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
fi
