#!/usr/bin/env bash
# hostile.sh - every function with arguments that nobody means.
#
# hostile/world.sql makes rows of odd shapes, hostile/calls.py calls: mutated
# conditions, programs and timelines, rows of other types, the ends of all
# ranges, crafted bytes.  An error must have an SQLSTATE of its own, XX000 and
# the end of the connection are failures.
#
#   HOSTILE_SEED       another seed draws other calls (1)
#   HOSTILE_SECONDS    how long (10)

set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
bytes=$(mktemp -d)
trap 'rm -rf "$bytes"' EXIT
chmod 755 "$bytes"
psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f "$here/hostile/world.sql"
PYTHONDONTWRITEBYTECODE=1 python3 "$here/hostile/calls.py" "$bytes" "${HOSTILE_SEED-1}" "${HOSTILE_SECONDS-10}"
