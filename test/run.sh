#!/usr/bin/env bash
# run.sh [STAGE ...] - runs all tests, or those of the stages named, and ends
# with one line "N passed, N failed".  A stage that can't run is a failure.
#
#   lists       every test is listed, every version is the same
#   unit        unit tests of the core
#   fuzz        its fuzz targets, for FUZZ_SECONDS (5) each
#   warnings    everything compiles without a warning, with gcc and with clang
#   regress     test/sql against expected/
#   isolation   test/isolation
#   tap         test/t
#   property    test/property: scripts that connect to a fresh, empty database;
#               what counts is their exit status, or their own last line
#               "N passed, N failed"
#
# Complete output is kept in build/logs/.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

stages=("$@")
[ $# -gt 0 ] || stages=(lists unit fuzz warnings regress isolation tap property)

passed=0
failed=0
logs=$tree/build/logs
cluster=none
work=
beside=

# Adds to the totals.
count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
}

# Counts one failure and says why.
fail() {
	say "FAILED: $*"
	count 0 1
}

# Runs a command, shows its output and keeps it in the log of a name.
logged() {
	local log=$logs/$1.log
	shift
	"$@" 2>&1 </dev/null | tee "$log"
}

# Ends what we started, whatever happens.
clean_up() {
	local group
	for group in $beside; do kill -TERM -- "-$group" 2>/dev/null || :; done
	if [ -f "$tree/build/test/log" ]; then cp "$tree/build/test/log" "$logs/postgresql.log"; fi
	test/private-cluster.sh stop test
	if [ -n "$work" ]; then rm -rf "$work"; fi
}

# Starts the private PostgreSQL, at the first call; false if there is none.
have_cluster() {
	if [ $cluster = none ]; then
		cluster=no
		if test/private-cluster.sh start test; then cluster=yes; fi
	fi
	if [ $cluster = no ]; then
		fail "there is no PostgreSQL for this"
		return 1
	fi
}

# Runs a command that is connected to the private PostgreSQL.
connected() {
	test/private-cluster.sh run test "$@"
}

# Counts what a log's last line "N passed, N failed" says; false without one.
count_summary() {
	local summary
	summary=$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p' "$1" | tail -n 1)
	[ -n "$summary" ] || return 1
	# shellcheck disable=SC2086
	count $summary
}

stage_lists() {
	say "== Lists"
	if logged lists make -s --no-print-directory check-lists; then
		say "complete"
		count 1 0
	else
		fail "the lists, see above"
	fi
}

stage_unit() {
	local before=$failed status=0
	say "== Unit tests of the core"
	logged unit make --no-print-directory -j"$(nproc)" -C test/unit check || status=$?
	count_summary "$logs/unit.log" || fail "the unit tests did not run"
	if [ $status != 0 ] && [ "$failed" = "$before" ]; then fail "the unit tests ended with status $status"; fi
}

stage_fuzz() {
	say "== Fuzzing the core"
	if ! logged fuzz make --no-print-directory -C test/unit fuzz \
		FUZZ_SECONDS="${FUZZ_SECONDS:-5}" FUZZ_CC="$OUR_CLANG"; then
		fail "fuzzing, see above"
	elif grep -q skipped "$logs/fuzz.log"; then
		fail "fuzzing was skipped, see above"
	else
		count 1 0
	fi
}

stage_warnings() {
	local compiler
	say "== Warnings"
	for compiler in gcc clang; do
		if logged "warnings-$compiler" make -s -k -O -j"$(nproc)" "check-warnings-$compiler"; then
			say "$compiler has none"
			count 1 0
		else
			fail "warnings of $compiler, see above"
		fi
	done
}

# Runs the tests that are listed with pg_regress or its isolation sister, and
# counts their lines: "test NAME ... ok" before PostgreSQL 16, TAP since.
run_listed() {
	local kind=$1 program=$2 expected=$3 output=$4 options=$5 listed=$6
	local name have=() lack=() log=$logs/$kind.log good bad status=0

	have_cluster || return 0
	# Before 16, pg_regress gives up at the first expected file that is missing.
	for name in $listed; do
		if compgen -G "$expected/${name}.out" >/dev/null; then have+=("$name"); else lack+=("$name"); fi
	done
	rm -rf "$output/regression.diffs"
	mkdir -p "$output"
	if [ ${#have[@]} -gt 0 ]; then
		# shellcheck disable=SC2086
		logged "$kind" connected "$program" --bindir="$BINDIR" $options "${have[@]}" || status=$?
		good=$(grep -cE '^(test|     ).* \.\.\. (ok|failed \(ignored\))|^ok [0-9]' "$log" || :)
		bad=$(grep -cE '^(test|     ).* \.\.\. FAILED|^not ok [0-9]' "$log" || :)
		count "$good" "$bad"
		if [ $((good + bad)) -lt ${#have[@]} ]; then
			say "FAILED: only $((good + bad)) of ${#have[@]} tests ran"
			count 0 $((${#have[@]} - good - bad))
		elif [ $status != 0 ] && [ "$bad" = 0 ]; then
			fail "$kind ended with status $status"
		fi
		if [ -s "$output/regression.diffs" ]; then
			say "-- the first differences, all are in build/logs/$kind.diffs"
			cp "$output/regression.diffs" "$logs/$kind.diffs"
			head -n 200 "$logs/$kind.diffs"
		fi
	fi
	for name in "${lack[@]}"; do
		# shellcheck disable=SC2086
		connected "$program" --bindir="$BINDIR" $options "$name" >"$log.$name" 2>&1 </dev/null || :
		fail "$name: $expected/$name.out is missing; copy $output/results/$name.out if it is right"
	done
}

stage_regress() {
	say "== Regression tests"
	[ -n "$REGRESS" ] || { say "none"; return 0; }
	run_listed regress "$PGXS_TOP/src/test/regress/pg_regress" expected . \
		"$REGRESS_OPTS --dbname=regression" "$REGRESS"
}

stage_isolation() {
	say "== Isolation tests"
	[ -n "$ISOLATION" ] || { say "none"; return 0; }
	run_listed isolation "$PGXS_TOP/src/test/isolation/pg_isolation_regress" test/isolation/expected \
		output_iso "--outputdir=output_iso $ISOLATION_OPTS --dbname=isolation_regression" "$ISOLATION"
}

# Runs the TAP tests as the server user, since they create clusters of their own.
stage_tap() {
	local place=$tree/build/test server_bin file
	say "== TAP tests"
	[ -n "$PROVE_TESTS" ] || { say "none"; return 0; }
	have_cluster || return 0
	# shellcheck disable=SC2016
	server_bin=$(connected sh -c 'dirname "$(command -v postgres)"')

	# Their sockets need a short path, and all a path that the user can enter.
	work=$(temporary_directory)
	if as_server_user test -r "$tree/test/t" -a -x "$place/install"; then
		mkdir -p "$place/tap"
	else
		place=$work
		mkdir "$place/tap"
		cp -a build/test/install "$place/install"
	fi
	tar -cf - --exclude=test/unit --exclude=test/fuzz test doc/sender.sh | tar -xf - -C "$place/tap"
	test/unpack-mail.sh >"$logs/unpack-mail.log" 2>&1 || tail -n 1 "$logs/unpack-mail.log"
	if [ -d build/mail ]; then cp -a build/mail "$place/tap/mail"; fi
	extension_settings "$place/install" >"$place/tap/tap.conf"
	give_to_server_user "$place/tap"

	# Those that mostly wait do so beside the others.
	local waiting='' others=''
	for file in $PROVE_TESTS; do
		if grep -q '^# This test mostly waits' "$file"; then
			waiting+=" $file"
			set -m
			run_tap "$file" "$place" "$server_bin" &
			set +m
			beside+=" $!"
		else
			others+=" $file"
		fi
	done
	for file in $others; do
		run_tap "$file" "$place" "$server_bin"
		count_tap "$file"
	done
	# shellcheck disable=SC2086
	[ -z "$beside" ] || wait $beside
	beside=
	for file in $waiting; do count_tap "$file"; done
}

# Runs one TAP test as the server user, in a place with what it needs.
run_tap() {
	local file=$1 place=$2 server_bin=$3 name status=0
	name=$(basename "$file" .pl)
	as_server_user env -C "$place/tap" TMPDIR="$work" TESTDIR="$place/tap" TESTDATADIR="$place/tap/$name" \
		TESTLOGDIR="$place/tap/log" TEMP_CONFIG="$place/tap/tap.conf" PGPORT=65432 \
		PG_REGRESS="$PGXS_TOP/src/test/regress/pg_regress" PATH="$server_bin:$PATH" \
		perl -I "$PGXS_TOP/src/test/perl" -I "$place/tap" "$file" >"$logs/tap-$name.log" 2>&1 </dev/null || status=$?
	# What a test dies of is told there only.
	cat "$place"/tap/{log,tmp_check/log}/"regress_log_$name" >"$logs/tap-$name.details" 2>/dev/null || :
	echo $status >"$logs/tap-$name.status"
}

# Says and counts what came out of a TAP test.
count_tap() {
	local file=$1 name log good bad status
	name=$(basename "$file" .pl)
	log=$logs/tap-$name.log
	status=$(cat "$logs/tap-$name.status" 2>/dev/null || echo lost)
	good=$(grep -cE '^ok [0-9]|^not ok [0-9].*# TODO' "$log" || :)
	bad=$(grep -E '^not ok [0-9]' "$log" | grep -vc '# TODO' || :)
	say "$file ... $good ok, $bad not ok$(sed -n 's/^1\.\.0 # SKIP/, SKIPPED:/p' "$log")"
	count "$good" "$bad"
	if [ "$status" = 0 ] && [ $((good + bad)) = 0 ] && ! grep -q '^1\.\.0 # SKIP' "$log"; then fail "$file checked nothing"; fi
	if [ "$status" != 0 ]; then
		tail -n 60 "$log"
		if [ "$bad" = 0 ]; then
			tail -n 20 "$logs/tap-$name.details" 2>/dev/null || :
			fail "$file ended with status $status"
		fi
	fi
}

stage_property() {
	local file name status before
	say "== Property tests"
	compgen -G 'test/property/*.sh' >/dev/null || { say "none"; return 0; }
	have_cluster || return 0
	for file in test/property/*.sh; do
		name=$(basename "$file" .sh)
		say "-- $name"
		status=0
		before=$failed
		connected createdb "property_$name"
		PGDATABASE=property_$name logged "property-$name" connected bash "$file" || status=$?
		if ! count_summary "$logs/property-$name.log" && [ $status = 0 ]; then count 1 0; fi
		if [ $status != 0 ] && [ "$failed" = "$before" ]; then fail "$file ended with status $status"; fi
	done
}

mkdir -p "$logs"
rm -f "$logs"/*
exec 8>"$tree/build/test.lock"
flock -n 8 || die "the tests of this tree are running already"
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

load_settings
for stage in "${stages[@]}"; do
	[ "$(type -t "stage_$stage")" = function ] || die "there is no stage $stage"
	"stage_$stage"
done

say "$passed passed, $failed failed" | tee "$logs/summary"
[ "$failed" = 0 ]
