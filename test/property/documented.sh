#!/usr/bin/env bash
# documented.sh - is the language what doc/conditions.md says?
#
# documented/evaluator.py evaluates conditions naively, and was written from
# that page alone.  documented/compare.py draws customers, events and conditions
# and asks both.  Whoever changes the language changes the page and the
# evaluator; they must not be written from the source.
#
#   DOCUMENTED_SEEDS     worlds to draw ("1 2 3"), each with its own seed
#   DOCUMENTED_COUNT     conditions asked in each (300)

set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
passed=0
failed=0
export PGOPTIONS="${PGOPTIONS-} -c timezone=America/St_Johns -c datestyle=SQL,DMY -c intervalstyle=iso_8601 -c extra_float_digits=-3 -c standard_conforming_strings=on"

for seed in ${DOCUMENTED_SEEDS-1 2 3}; do
	said=$(PYTHONDONTWRITEBYTECODE=1 python3 "$here/documented/compare.py" "$seed" "${DOCUMENTED_COUNT-300}") || :
	printf '%s\n' "# seed $seed" "$said"
	read -r good _ bad _ <<<"$(tail -n 1 <<<"$said")"
	passed=$((passed + good))
	failed=$((failed + ${bad:-1}))
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
