#!/usr/bin/env bash
# run.sh - build the demo shop in an empty database and let persona speak.
#
#   createdb -E UTF8 -T template0 shop
#   PGDATABASE=shop demo/run.sh
#
# Where to connect comes from PGHOST, PGPORT, PGUSER and PGDATABASE, as always
# with psql; the database exists, persona is installed in the server and not yet
# created in the database, and the user may create it.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export PGDATABASE="${PGDATABASE:-shop}"
export PGCLIENTENCODING=UTF8
export PGAPPNAME='persona demo'

bold='' plain=''
if [ -t 1 ]; then
    bold=$'\e[1m' plain=$'\e[0m'
fi

started=${EPOCHREALTIME/[.,]/}

# Prints the seconds since the start, and what comes next.
say() {
    local tenths=$(((${EPOCHREALTIME/[.,]/} - started) / 100000))
    printf '%s%5d.%d s   %s%s\n' "$bold" $((tenths / 10)) $((tenths % 10)) "$*" "$plain"
}

# Runs psql without anybody's personal settings; the first error ends the demo.
ask() {
    psql -X -q -v ON_ERROR_STOP=1 "$@"
}

# Ends the demo with what is wrong and what to do about it.
refuse() {
    printf 'demo: %s\n' "$1" >&2
    printf '      %s\n' "${@:2}" >&2
    exit 1
}

command -v psql >/dev/null || refuse 'psql is not there.' 'Install the PostgreSQL client.'

IFS='|' read -r encoding taken clock < <(
    ask -At -c "SELECT current_setting('server_encoding'),
                       EXISTS (SELECT FROM pg_namespace WHERE nspname IN ('persona', 'demo', 'crm', 'shop', 'web', 'billing')),
                       extract(epoch FROM clock_timestamp())"
) || refuse "cannot connect to the database \"$PGDATABASE\"." \
            'Set PGHOST, PGPORT, PGUSER and PGDATABASE, and create the database:' \
            "createdb -E UTF8 -T template0 $PGDATABASE"

[ "$encoding" = UTF8 ] || refuse "the encoding of \"$PGDATABASE\" is $encoding; the customers have umlauts." \
    "Create the database with: createdb -E UTF8 -T template0 $PGDATABASE"
[ "$taken" = f ] || refuse "the database \"$PGDATABASE\" is not empty." \
    "Start over with: dropdb $PGDATABASE && createdb -E UTF8 -T template0 $PGDATABASE"

ask -c 'BEGIN; CREATE EXTENSION persona; ROLLBACK' || refuse 'persona is not installed in this server.' 'Run: make && make install'

# The steps show elapsed time themselves, by the clock of the server.
export PGOPTIONS="${PGOPTIONS:-} -c demo.started=$clock -c client_min_messages=warning"

say '1 of 4  A shop with subscriptions: customers, orders, clicks, cancellations (01_shop.sql)'
ask -f 01_shop.sql

say '2 of 4  persona learns where customers and events are (02_bind.sql)'
ask -f 02_bind.sql

say '3 of 4  Six campaigns: what, who, when, where; and a month of past contacts (03_campaigns.sql)'
ask -f 03_campaigns.sql

say '4 of 4  The answers (04_show.sql)'
ask -f 04_show.sql

somebody=$(ask -At -c "SELECT customer FROM persona.next_message WHERE campaign = 'birthday_coupon' LIMIT 1")
somebody=${somebody:-10001}

connect=psql
[ -z "${PGHOST:-}" ] || connect+=" -h $PGHOST"
[ -z "${PGPORT:-}" ] || connect+=" -p $PGPORT"
[ -z "${PGUSER:-}" ] || connect+=" -U $PGUSER"
connect+=" $PGDATABASE"

say 'Done. Now it is yours:'
cat <<END

    ${bold}$connect${plain}

  The shop stays open for a day from now: customers keep coming, so ask again in a few minutes.
  Three things to try:

  -- 1. One customer: the next message, and why no other
  SELECT * FROM persona.next_message WHERE customer = $somebody \\gx
  SELECT rank, campaign, stage, reason FROM persona.explain($somebody) ORDER BY rank;

  -- 2. The same question about the past: what would have been said a week ago?
  SELECT campaign, channel, count(*) FROM persona.next_message_at(now() - interval '7 days') GROUP BY 1, 2 ORDER BY 1, 2;

  -- 3. Another rule: let birthdays win over carts, and look at the reach again
  UPDATE persona.campaign SET priority = 70 WHERE name = 'birthday_coupon';
  SELECT campaign, channel, count(*) FROM persona.next_message GROUP BY 1, 2 ORDER BY 1, 2;

  Cohorts work in any query of yours:
  SELECT city, count(*) FROM crm.customer AS c WHERE persona.in_cohort(c, 'vip') GROUP BY city ORDER BY 2 DESC LIMIT 5;

  All rules are rows of persona.cohort, trigger, channel, message, campaign ...;
  demo/03_campaigns.sql, which wrote them, reads like a brief.

END
