#!/usr/bin/env bash
# private-cluster.sh - a PostgreSQL of its own in build/NAME, persona beside it.
#
#   private-cluster.sh start NAME [SETTING=VALUE ...]   build, create and start it; replaces an earlier one
#   private-cluster.sh run NAME COMMAND [ARGUMENT ...]  run a command that is connected to it
#   private-cluster.sh stop NAME                        stop it and remove its files
#   private-cluster.sh with NAME [SETTING=VALUE ...] -- COMMAND [ARGUMENT ...]    start, run, stop
#
# It listens on a Unix socket in build/NAME only, its superuser is "postgres",
# and nothing is installed outside of build/NAME:
#
#   install/  what `make install` installs      data/  the cluster
#   log       of the server                     connection  variables for clients
#
# A tree below a directory that the server user can't enter (a clone in /root)
# is no obstacle: the server then reaches its files through an open descriptor
# of build/NAME, as /proc/self/fd/9, which all its processes inherit.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

usage() {
	sed -n 's/^#   private-cluster/  private-cluster/p' "$0" >&2
	exit 2
}

# Prints the process id of the server of a directory, if it runs.
server_pid() {
	local pid
	[ -f "$1/data/postmaster.pid" ] || return 0
	pid=$(head -n 1 "$1/data/postmaster.pid")
	# After a crash of the machine the number may belong to anybody.
	if [ "$(readlink "/proc/$pid/cwd" || :)" = "$1/data" ]; then printf '%s\n' "$pid"; fi
}

# Stops the server of build/NAME, if any, and removes what it left.
stop() {
	local directory=$tree/build/$1 pid tries=0
	[ -e "$directory" ] || return 0
	[ -w "$directory" ] ||
		die "build/$1 belongs to $(stat -c %U "$directory"): use root or that user to stop and remove it"
	pid=$(server_pid "$directory")
	if [ -n "$pid" ]; then
		kill -INT "$pid" || die "process $pid can't be stopped by $(id -un)"
		while kill -0 "$pid" 2>/dev/null; do
			tries=$((tries + 1))
			if [ $tries = 300 ]; then kill -QUIT "$pid" || :; fi
			[ $tries -lt 400 ] || die "the PostgreSQL in build/$1 (process $pid) does not stop"
			sleep 0.1
		done
	fi
	if [ -f "$directory/connection" ]; then
		(
			# shellcheck source=/dev/null
			. "$directory/connection"
			case $PGHOST in /tmp/persona.*) rm -rf "$PGHOST" ;; esac
		)
	fi
	rm -rf "$directory"
}

# Builds persona, then creates and starts the PostgreSQL of build/NAME.
start() {
	local name=$1 directory=$tree/build/$1 place socket conf bin finding setting
	shift

	load_settings
	say "Building persona $EXTVERSION for PostgreSQL $MAJOR"
	make -j"$(nproc)" with_llvm=no all | sed -un 's/.* -c -o \([^ ]*\)\.o .*/  \1.c/p'

	stop "$name"
	mkdir -p "$directory"
	make -s with_llvm=no DESTDIR="$directory/install" install >/dev/null
	give_to_server_user "$directory"
	chmod 700 "$directory"

	say "Starting a private PostgreSQL in build/$name"
	place=$directory
	if ! as_server_user test -x "$directory/install"; then
		exec 9<"$directory"
		place=/proc/self/fd/9
	fi

	# A PostgreSQL that finds extensions only beside itself is copied; it may
	# be moved, since it looks for its files relative to its program.
	bin=$BINDIR
	finding=$(extension_settings "$place/install")
	if [ -z "$finding" ]; then
		say "This PostgreSQL finds extensions only beside itself: using a copy of it"
		[ "$place" = "$directory" ] || die "user $server_user can't reach $directory"
		cp -a --parents "$BINDIR" "$PKGLIBDIR" "$SHAREDIR" "$directory/install"
		bin=$directory/install$BINDIR
	fi

	# The path of a socket has 107 bytes; a longer tree needs a shorter place.
	socket=$place
	PGHOST=$directory
	if [ ${#directory} -gt 93 ]; then
		PGHOST=$(temporary_directory)
		socket=$PGHOST
	fi
	export PGHOST PGPORT=5432 PGUSER=postgres
	printf "export PGHOST='%s' PGPORT=%s PGUSER=%s\nserver_bin='%s'\n" \
		"$PGHOST" "$PGPORT" "$PGUSER" "$bin" >"$directory/connection"

	as_server_user "$bin/initdb" -D "$place/data" -U "$PGUSER" -A trust --no-sync \
		--encoding=UTF8 --locale=C.UTF-8 >"$directory/initdb.log" 2>&1 ||
		{ cat "$directory/initdb.log" >&2; die "initdb failed"; }

	conf=$directory/data/postgresql.conf
	cat >>"$conf" <<-END
		listen_addresses = ''
		unix_socket_directories = '"$socket"'
		unix_socket_permissions = 0700
		port = $PGPORT
		cluster_name = 'persona $name'
		fsync = off
		full_page_writes = off
		shared_buffers = 64MB
		max_connections = 120
		lc_messages = 'C'
		$finding
	END
	for setting; do
		echo "${setting%%=*} = '${setting#*=}'" >>"$conf"
	done

	as_server_user "$bin/pg_ctl" -D "$place/data" -l "$place/log" -w -t 120 -s start || {
		tail -n 20 "$directory/log" >&2
		die "the private PostgreSQL did not start"
	}
	exec 9<&-
}

# Runs a command with the variables that connect it to build/NAME.
run() {
	local directory=$tree/build/$1
	shift
	[ -f "$directory/connection" ] || die "no PostgreSQL in build/${directory##*/}: start it first"
	# shellcheck source=/dev/null
	. "$directory/connection"
	PATH=${server_bin:?}:$PATH "$@"
}

[ $# -ge 2 ] || usage
command=$1
case $command in
start | run | stop)
	shift
	"$command" "$@"
	;;
with)
	name=$2
	shift 2
	settings=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		settings+=("$1")
		shift
	done
	[ $# -ge 2 ] || usage
	shift
	trap 'stop "$name"' EXIT
	trap 'exit 130' INT TERM HUP
	start "$name" "${settings[@]}"
	run "$name" "$@"
	;;
*) usage ;;
esac
