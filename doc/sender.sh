#!/bin/sh
# sender.sh - a reference sender: hands e-mail from persona to sendmail, and bounces back to persona.
#
#   sender.sh send [CHANNEL]    sends what is due on a channel (email), and goes on until it is killed
#   sender.sh once [CHANNEL]    sends what is due now
#   sender.sh bounce KEY        reads a bounce from standard input and reports it
#
# psql finds the database by PGHOST, PGDATABASE and so on.  SENDMAIL is the
# command that takes mail, FROM the address of the sender.  The envelope sender
# is bounce+KEY at the same domain, so that a bounce tells its contact.
set -eu
from=${FROM:-news@localhost}
sql() { psql -X -q -At -v ON_ERROR_STOP=1 "$@"; }

# Prints a line for each contact: its key, which attempt it is, the whole mail in base64, and its address, which may have any character.
claim() {
	sql -v channel="$1" -v from="$from" <<-'END'
		SELECT m.idempotency_key, m.attempt,
			translate(encode(convert_to(concat_ws(E'\n',
				'From: ' || :'from',
				'To: ' || regexp_replace(m.address, '[[:space:][:cntrl:]]', '', 'g'),
				'Subject: =?UTF-8?B?' || translate(encode(convert_to(coalesce(m.subject, ''), 'UTF8'), 'base64'), E'\n', '') || '?=',
				'Message-ID: <' || m.idempotency_key || '@' || split_part(:'from', '@', 2) || '>',
				'MIME-Version: 1.0',
				'Content-Type: text/plain; charset=utf-8',
				'Content-Transfer-Encoding: base64',
				'',
				encode(convert_to(m.body, 'UTF8'), 'base64'), ''), 'UTF8'), 'base64'), E'\n', ''),
			regexp_replace(m.address, '[[:space:][:cntrl:]]', '', 'g')
		FROM persona.claim(:'channel', 20, '5 minutes', 'sender.sh') AS m
	END
}

# Reports on a contact: the key, the outcome, which attempt it is, and the status that the mail server gave.
report() {
	sql -v key="$1" -v outcome="$2" -v attempt="${3-}" -v status="${4-}" <<-'END'
		SELECT persona.report(:'key', :'outcome', attempt => nullif(:'attempt', '')::integer,
			details => jsonb_build_object('status', nullif(:'status', '')))
	END
}

# Sends what is due now, in batches.
send_due() {
	while :; do
		batch=$(claim "$1")
		[ -n "$batch" ] || break
		echo "$batch" | while IFS='|' read -r key attempt mail address; do
			status=0
			echo "$mail" | base64 -d | ${SENDMAIL:-/usr/sbin/sendmail} -i -f "bounce+$key@${from#*@}" -- "$address" || status=$?
			case $status in
			0) report "$key" sent "$attempt" ;;
			75) report "$key" deferred "$attempt" ;;   # EX_TEMPFAIL
			67 | 68) report "$key" bounced "$attempt" ;; # EX_NOUSER, EX_NOHOST
			*) report "$key" failed "$attempt" "$status" ;;
			esac
		done >/dev/null
	done
}

channel=${2:-email}
case ${1-} in
once) send_due "$channel" ;;
send)
	while :; do
		send_due "$channel"
		sleep "$(echo "SELECT least(10, greatest(1, coalesce(ceil(extract(epoch FROM persona.next_due(:'channel') - now())), 10)))" |
			sql -v channel="$channel")"
	done
	;;
bounce)
	status=$(sed -n 's/^Status: *\([245]\.[0-9.]*\).*/\1/p' | head -n 1)
	case $status in
	2* | 4*) ;; # it arrived after all, or is still being tried
	*) report "$2" bounced '' "$status" >/dev/null ;;
	esac
	;;
*)
	sed -n 's/^#   sender/  sender/p' "$0" >&2
	exit 2
	;;
esac
