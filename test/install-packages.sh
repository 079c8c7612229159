#!/usr/bin/env bash
# install-packages.sh build|test - installs the Debian packages that are missing
# to build persona and run a private PostgreSQL, or also to run all tests.
#
# What is there is found out by trying, so a PostgreSQL of another origin (see
# PG_CONFIG) or a complete machine needs no package manager at all.  Debian
# would create and start a default cluster with the first PostgreSQL server; it
# is told not to.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

[ $# = 1 ] || die "which packages: build or test?"
purpose=$1
pg_config=${PG_CONFIG:-pg_config}
missing=()

# True if a header can be included.
have_header() {
	echo "#include <$1>" | gcc -E - >/dev/null 2>&1
}

# Prints what the names of PostgreSQL's packages end with: the version of
# PG_CONFIG, that of Debian 12, or nothing for the release's own choice.
version_suffix() {
	local version
	if version=$("$pg_config" --version 2>/dev/null); then
		version=${version#PostgreSQL }
		printf '%s\n' "-${version%%[!0-9]*}"
		return
	fi
	case $pg_config in
	/usr/lib/postgresql/*/bin/pg_config)
		version=${pg_config#/usr/lib/postgresql/}
		printf '%s\n' "-${version%%/*}"
		;;
	*) sed -n 's/^VERSION_CODENAME=bookworm$/-15/p' /etc/os-release 2>/dev/null || : ;;
	esac
}

# Prints a file below a directory that pg_config names, or nothing.
pg_file() {
	local directory
	directory=$("$pg_config" "$1" 2>/dev/null) || return 0
	printf '%s\n' "$directory$2"
}

suffix=$(version_suffix)

if ! command -v gcc >/dev/null || ! have_header stdio.h; then missing+=(build-essential); fi
command -v pkg-config >/dev/null || missing+=(pkg-config)
pkg-config --exists jansson 2>/dev/null || missing+=(libjansson-dev)
pgxs=$(pg_file --pgxs "")
if [ ! -f "$(pg_file --includedir-server /postgres.h)" ] || [ ! -f "$pgxs" ]; then
	missing+=("postgresql-server-dev${suffix:--all}")
fi
[ -x "$(pg_file --bindir /postgres)" ] || missing+=("postgresql$suffix")
[ -x "$(pg_file --bindir /psql)" ] || missing+=("postgresql-client$suffix")

if [ "$purpose" = test ]; then
	# The clang that PostgreSQL was built with, as in the Makefile.
	clang=$(sed -n 's/^CLANG *= *//p' "$(dirname "${pgxs:-/}")/../Makefile.global" 2>/dev/null || :)
	command -v "$clang" >/dev/null || clang=clang
	probe=$(mktemp -d)
	echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return d && n < 0; }' >"$probe/probe.c"
	if ! "$clang" -fsanitize=fuzzer,address,undefined -o "$probe/probe" "$probe/probe.c" 2>/dev/null; then
		version=$(echo "$clang" | sed -n 's/.*clang-\([0-9]*\)$/\1/p')
		[ -n "$version" ] || version=$(sed -n 's/^VERSION_CODENAME=bookworm/14/p' /etc/os-release)
		if [ -n "$version" ]; then
			missing+=("clang-$version" "libclang-rt-$version-dev")
		else
			missing+=(clang libclang-rt-dev)
		fi
	fi
	rm -rf "$probe"
	command -v python3 >/dev/null || missing+=(python3)
	perl -MTest::More -e 1 2>/dev/null || missing+=(perl)
	perl -MIPC::Run -e 1 2>/dev/null || missing+=(libipc-run-perl)
	# The Python of the system, as test/property/schema.sh runs it.
	python=python3
	if [ -x /usr/bin/python3 ]; then python=/usr/bin/python3; fi
	"$python" -c 'import jsonschema; jsonschema.Draft202012Validator' 2>/dev/null || missing+=(python3-jsonschema)
fi

# For tests that are skipped where it is not there: pg_cron.
cron=
if [ "$purpose" = test ] && command -v apt-get >/dev/null; then
	[ -f "$(pg_file --sharedir /extension/pg_cron.control)" ] || cron=postgresql$suffix-cron
fi

[ -n "${missing[*]}$cron" ] || exit 0

say "Missing packages: ${missing[*]} $cron"
command -v apt-get >/dev/null || die "this is no Debian: please install what corresponds to these packages"
root=()
if [ "$(id -u)" != 0 ]; then
	[ -n "${missing[*]}" ] || command -v sudo >/dev/null || { say "Tests that need them are skipped"; exit 0; }
	command -v sudo >/dev/null ||
		die "please install them as root: apt-get install --no-install-recommends ${missing[*]} $cron"
	root=(sudo)
fi

# Debian's clusters are created by postgresql-common, which reads this folder.
conf=/etc/postgresql-common/createcluster.d/persona-no-cluster.conf
made=()
for directory in /etc/postgresql-common /etc/postgresql-common/createcluster.d; do
	[ -d $directory ] || made=("$directory" "${made[@]}")
done
# shellcheck disable=SC2317
forbid_no_longer() {
	"${root[@]}" rm -f $conf
	if [ ${#made[@]} -gt 0 ]; then "${root[@]}" rmdir --ignore-fail-on-non-empty "${made[@]}"; fi
}
trap forbid_no_longer EXIT
trap 'exit 130' INT TERM HUP
"${root[@]}" mkdir -p "$(dirname $conf)"
echo "create_main_cluster = false" | "${root[@]}" tee $conf >/dev/null

apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -o DPkg::Lock::Timeout=300)
say "Installing them (apt-get)"
"${apt[@]}" update || say "apt-get update failed; trying with the package lists that are there"
if [ -n "$cron" ]; then
	if apt-cache show "$cron" >/dev/null 2>&1; then missing+=("$cron"); else say "There is no package $cron"; fi
fi
if [ ${#missing[@]} -gt 0 ]; then "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; fi
