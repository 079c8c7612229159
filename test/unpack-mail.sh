#!/usr/bin/env bash
# unpack-mail.sh - unpacks Debian's mail server exim into build/mail, for test/t/010_mail.pl.
#
# Nothing is installed and no daemon started, so the machine's own mail stays
# as it is.  It needs neither root nor apt's locks, only package lists and the
# mirror; several trees may do it at the same time.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

[ ! -x build/mail/usr/sbin/exim4 ] || exit 0
command -v apt-get >/dev/null || die "this is no Debian: there is no exim to unpack"
apt-cache show exim4-daemon-light >/dev/null 2>&1 || [ "$(id -u)" != 0 ] || apt-get -qq update || :
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
chmod 755 "$work"
# What is installed already would not be on apt's list, but is needed here, too.
apt-get install -y --no-install-recommends --print-uris exim4-daemon-light libnss-wrapper >"$work/uris" ||
	die "apt does not know exim4-daemon-light and libnss-wrapper; 'apt-get update' may help"
mapfile -t packages < <({
	sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p" "$work/uris"
	printf '%s\n' exim4-daemon-light libnss-wrapper
} | sort -u)
(cd "$work" && apt-get download "${packages[@]}")
for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$work/mail"; done
chmod -R u-s,a+rX "$work/mail"
rm -rf "$work/mail/usr/share"
mkdir -p build
rm -rf build/mail
cp -a "$work/mail" build/mail
