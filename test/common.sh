# shellcheck shell=bash
# common.sh - what the scripts in test/ share; they source it.
#
# PostgreSQL refuses to run as root, so whatever starts a server runs as the
# "server user": postgres (or nobody) when we are root, else ourselves.

set -euo pipefail
umask 022
export LC_ALL=C

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$tree"

# Variables of the command line of make pass through, its job server does not.
case ${MAKEFLAGS-} in
*' -- '*) MAKEFLAGS="-- ${MAKEFLAGS#* -- }" ;;
*) MAKEFLAGS= ;;
esac
export MAKEFLAGS
unset MAKELEVEL MFLAGS

# Settings of another PostgreSQL in the environment would lead us there.
unset PGDATA PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGPASSFILE PGSERVICE \
	PGSERVICEFILE PGOPTIONS PGSSLMODE PGAPPNAME PGCLIENTENCODING DESTDIR

# Says a line of progress.
say() {
	printf '%s\n' "$*"
}

# Ends with a reason.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Reads the Makefile's settings into variables of the same names.
load_settings() {
	local settings
	settings=$(make -s --no-print-directory settings) ||
		die "PostgreSQL's build files are missing; 'make packages' installs them"
	eval "$settings"
	[ -n "${MAJOR-}" ] || die "PostgreSQL's build files are missing; 'make packages' installs them"
}

server_user=$(id -un 2>/dev/null || id -u)
if [ "$(id -u)" = 0 ]; then
	server_user=nobody
	if id postgres >/dev/null 2>&1; then server_user=postgres; fi
fi

# Runs a command as the server user, from a directory that everybody can enter.
# A server outlives the script, so it must not inherit the lock of run.sh (8).
as_server_user() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && HOME=/ exec runuser -u "$server_user" -- "$@" 8>&-)
	else
		(cd / && exec "$@" 8>&-)
	fi
}

# Prints the settings with which a server finds the extension in a directory.
# Debian has one of its own, PostgreSQL has two since 18.
extension_settings() {
	if "$BINDIR/postgres" --describe-config | grep '^extension_destdir' >/dev/null; then
		echo "extension_destdir = '$1'"
	elif [ "$MAJOR" -ge 18 ]; then
		echo "extension_control_path = '$1$SHAREDIR:\$system'"
		echo "dynamic_library_path = '$1$PKGLIBDIR:\$libdir'"
	fi
}

# Gives files to the server user.
give_to_server_user() {
	if [ "$(id -u)" = 0 ]; then chown -R "$server_user:" "$@"; fi
}

# Makes a directory outside the tree that the caller removes.
temporary_directory() {
	local directory
	directory=$(mktemp -d /tmp/persona.XXXXXX)
	give_to_server_user "$directory"
	printf '%s\n' "$directory"
}
