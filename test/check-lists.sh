#!/usr/bin/env bash
# check-lists.sh - complains about a test that no list names, a listed one that
# does not exist, and a version that is not the same everywhere.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

wrong=0

# Says what is wrong and goes on.
complain() {
	say "$*"
	wrong=$((wrong + 1))
}

# Compares the files of a directory with a list of the Makefile.
compare() {
	local variable=$1 directory=$2 suffix=$3 expected=$4 listed=" $5 " name file
	for file in "$directory"/*"$suffix"; do
		[ -e "$file" ] || continue
		name=$(basename "$file" "$suffix")
		case $listed in
		*" $name "*) ;;
		*) complain "$file is not in $variable of the Makefile: it would never run" ;;
		esac
	done
	for name in $listed; do
		[ -e "$directory/$name$suffix" ] || complain "$variable of the Makefile names $name, but there is no $directory/$name$suffix"
	done
	for file in "$expected"/*.out; do
		[ -e "$file" ] || continue
		name=$(basename "$file" .out)
		# NAME_1.out is an alternative to NAME.out.
		case $listed in
		*" $name "* | *" ${name%_[0-9]} "*) ;;
		*) complain "$file belongs to no test" ;;
		esac
	done
}

load_settings
if [ "$REGRESS_FROM" = file ]; then compare REGRESS test/sql .sql expected "$REGRESS"; fi
if [ "$ISOLATION_FROM" = file ]; then
	compare ISOLATION test/isolation/specs .spec test/isolation/expected "$ISOLATION"
fi

# pg_regress would take sql/NAME.sql, a part of the install script, as the test.
for name in $REGRESS; do
	[ ! -e "sql/$name.sql" ] || complain "test/sql/$name.sql must not be named like sql/$name.sql"
done

# The install script consists of all parts, and only of those.
for file in sql/*.sql; do
	name=$(basename "$file" .sql)
	case " head $SQL_PARTS " in
	*" $name "*) ;;
	*) case $name in persona--*) ;; *) complain "$file is not in SQL_PARTS of the Makefile" ;; esac ;;
	esac
done

versions=$(sed -n 's/.*"version" *: *"\([0-9.]*\)".*/\1/p' META.json | sort -u)
for version in $versions; do
	case $version in
	"$EXTVERSION" | 1.0.0) ;;
	*) complain "META.json says version $version, persona.control says $EXTVERSION" ;;
	esac
done
[ "$(grep -c "\"version\" *: *\"$EXTVERSION\"" META.json)" -ge 2 ] ||
	complain "META.json does not name version $EXTVERSION for both distribution and extension"
grep -q "^## $EXTVERSION" CHANGELOG.md || complain "CHANGELOG.md has no section for $EXTVERSION"

[ $wrong = 0 ]
