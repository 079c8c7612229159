# Builds, installs and tests persona.  `make help` lists what can be asked for.
#
# A newcomer needs only `make demo` and `make test`: they install what is
# missing, build, and use a PostgreSQL of their own in build/.  `make` and
# `make install` are the usual PGXS targets for the PostgreSQL of PG_CONFIG.

EXTENSION  = persona
MODULE_big = persona
PGFILEDESC = "persona - decides each customer's next message"
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" persona.control)

# The module: every C file under src/.  Its order does not matter.
SOURCES = $(sort $(wildcard src/*.c src/*/*.c))
OBJS    = $(SOURCES:.c=.o)

# The install script: its parts, in the order in which they build on each other.
SQL_PARTS  = types bind who when what where campaign rules score decide pass inbound population run snapshot deliver
SQL_SCRIPT = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA      := $(wildcard sql/$(EXTENSION)--*--*.sql)
DATA_built = $(SQL_SCRIPT)
DOCS      := $(wildcard doc/*.md)

# Regression tests: test/sql/NAME.sql against expected/NAME.out, in this order.
# `make check-lists` complains about a test that is not listed.
REGRESS = catalog referenced condition_syntax condition_errors condition_meaning event_conditions binding next_message arbitration inbound_asks reasons plans choices interplay limits quiet rules_oracle keyed column_types folding delivery due_by_time due_by_place claims handing_out responses bounces partitions runs places budgets one_pass pass_places simulation feasibility progress prices replay read_only hostile incremental index_use roles failing published settings no_leak attacks odd_names odd_tables shadowed changes overtaken

# Isolation tests: test/isolation/specs/NAME.spec, expected/NAME.out beside it.
ISOLATION = definition_changes delivery commit_message places runs budgets refresh

REGRESS_OPTS   = --inputdir=test --load-extension=$(EXTENSION) --no-locale --encoding=UTF8
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=$(EXTENSION) --no-locale --encoding=UTF8
PROVE_TESTS    = $(wildcard test/t/*.pl)
ifneq (,$(PROVE_TESTS))
TAP_TESTS = 1
endif

# A warning is an error; `make WERROR=` forgives one of a future compiler.
WERROR      = -Werror
PG_CPPFLAGS = -Isrc -DPERSONA_VERSION=\"$(EXTVERSION)\" $(shell pkg-config --cflags jansson 2>/dev/null)
# Callbacks have the parameters that PostgreSQL prescribes, used or not.
PG_CFLAGS   = -Wall -Wextra -Wno-unused-parameter $(WERROR) -MMD -MP
SHLIB_LINK  = $(shell pkg-config --libs jansson 2>/dev/null)

EXTRA_CLEAN = build results output_iso tmp_check regression.diffs regression.out \
	$(OBJS:.o=.d) $(EXTENSION)-*.zip

PG_CONFIG ?= pg_config
export PG_CONFIG
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))

.DEFAULT_GOAL := all

ifneq (,$(PGXS))

# Without the clang that PostgreSQL was built with, do without bitcode for JIT.
PGXS_CLANG := $(shell sed -n 's/^CLANG *= *//p' $(dir $(PGXS))../Makefile.global)
ifneq (,$(and $(PGXS_CLANG),$(shell command -v $(PGXS_CLANG))))
OUR_CLANG = $(PGXS_CLANG)
else
OUR_CLANG = clang
override with_llvm = no
endif

include $(PGXS)

# Warnings of PostgreSQL's own headers are not ours.
override CPPFLAGS := $(patsubst -I$(includedir_server),-isystem $(includedir_server),$(CPPFLAGS))

# Headers are followed, and another PostgreSQL or other flags compile anew.
-include $(OBJS:.o=.d)
BUILT_WITH = $(VERSION) $(CC) $(CFLAGS) $(CPPFLAGS)
$(OBJS) $(OBJS:.o=.bc): build/built-with
build/built-with: FORCE
	@mkdir -p $(@D)
	@echo '$(BUILT_WITH)' | cmp -s - $@ || echo '$(BUILT_WITH)' >$@

clean: demo-stop clean-unit

else # without PGXS

all install installcheck uninstall:
	@echo "PostgreSQL's build files are missing ($(PG_CONFIG) --pgxs); 'make packages' installs them." >&2; exit 1
clean: demo-stop clean-unit
	rm -rf $(EXTRA_CLEAN) $(OBJS) $(OBJS:.o=.bc) $(EXTENSION).so $(SQL_SCRIPT)

endif

$(SQL_SCRIPT): sql/head.sql $(SQL_PARTS:%=sql/%.sql) persona.control
	cat $(filter %.sql,$^) >$@.part
	mv $@.part $@

## For newcomers: both need only git, make, and root or sudo.

demo: ## a believable shop in a private PostgreSQL that keeps running
	@test/install-packages.sh build
	@test/private-cluster.sh start demo
	@test/private-cluster.sh run demo createdb shop
	@PGDATABASE=shop test/private-cluster.sh run demo demo/run.sh
	@echo "The PostgreSQL of the demo keeps running in build/demo; 'make demo-stop' stops it and removes its files."

demo-stop: ## stop the PostgreSQL of the demo and remove its files
	@test/private-cluster.sh stop demo

test: ## everything, against private PostgreSQL servers; ends with "N passed, N failed"
	@test/install-packages.sh test
	@test/run.sh

## For work on persona.

check-local: ## only regression, isolation, TAP and property tests (REGRESS="a b": only these)
	@test/run.sh regress isolation tap property

check-unit: ## only the unit tests of the core
	$(MAKE) -C test/unit check

check-warnings: check-warnings-gcc check-warnings-clang ## compile all with gcc and with clang, warnings are errors

check-lists: ## are all tests listed, and all versions the same?
	@test/check-lists.sh

bench: ## measure, in a private PostgreSQL (BENCH_SETTINGS="shared_buffers=4GB ...")
	@test/install-packages.sh build
	@test/private-cluster.sh with bench $(BENCH_SETTINGS) -- bench/run.sh

packages: ## install the Debian packages that are missing for all of this
	@test/install-packages.sh test

dist: $(SQL_SCRIPT) ## a zip of the last commit for PGXN
	git archive --format=zip --output=$(EXTENSION)-$(EXTVERSION).zip \
		--prefix=$(EXTENSION)-$(EXTVERSION)/sql/ --add-file=$(SQL_SCRIPT) \
		--prefix=$(EXTENSION)-$(EXTVERSION)/ HEAD

help: ## this list
	@echo "make                 build for the PostgreSQL of PG_CONFIG ($(PG_CONFIG))"
	@echo "make install         install there"
	@echo "make installcheck    regression tests against a running PostgreSQL"
	@echo "make clean           remove what was built, the demo included"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | while IFS='	' read -r name text; do \
		printf 'make %-15s %s\n' "$$name" "$$text"; done

BENCH_SETTINGS = shared_buffers=2GB work_mem=256MB maintenance_work_mem=512MB max_wal_size=8GB

# The two compilers get the same flags, PostgreSQL's list of warnings included.
STRICT = -O2 -fPIC -fno-strict-aliasing -fwrapv -MMD -MP -Wall -Wextra -Wno-unused-parameter -Werror \
	-Wmissing-prototypes -Wpointer-arith -Wdeclaration-after-statement -Wvla -Wendif-labels \
	-Wmissing-format-attribute -Wcast-function-type -Wformat-security
GCC_OBJS   = $(OBJS:%=build/warnings/gcc/%)
CLANG_OBJS = $(OBJS:%=build/warnings/clang/%)

check-warnings-gcc: $(GCC_OBJS)
check-warnings-clang: $(CLANG_OBJS)
$(GCC_OBJS) $(CLANG_OBJS): build/built-with
$(GCC_OBJS): build/warnings/gcc/%.o: %.c
	@mkdir -p $(@D)
	@echo "  gcc   $<"
	@gcc $(STRICT) $(CPPFLAGS) -c -o $@ $<
$(CLANG_OBJS): build/warnings/clang/%.o: %.c
	@mkdir -p $(@D)
	@echo "  clang $<"
	@$(OUR_CLANG) $(STRICT) -Wno-unknown-warning-option $(CPPFLAGS) -c -o $@ $<
-include $(GCC_OBJS:.o=.d) $(CLANG_OBJS:.o=.d)

clean-unit:
	@if test -f test/unit/Makefile; then $(MAKE) -s -C test/unit clean; fi

# What the scripts in test/ need to know, as assignments of the shell.
settings:
	@echo "EXTVERSION='$(EXTVERSION)'"
	@echo "SQL_PARTS='$(SQL_PARTS)'"
	@echo "MAJOR='$(MAJORVERSION)'"
	@echo "BINDIR='$(bindir)'"
	@echo "PKGLIBDIR='$(pkglibdir)'"
	@echo "SHAREDIR='$(datadir)'"
	@echo "OUR_CLANG='$(OUR_CLANG)'"
	@echo "PGXS_TOP='$(top_builddir)'"
	@echo "REGRESS='$(strip $(REGRESS))'"
	@echo "REGRESS_OPTS='$(strip $(REGRESS_OPTS))'"
	@echo "REGRESS_FROM='$(origin REGRESS)'"
	@echo "ISOLATION='$(strip $(ISOLATION))'"
	@echo "ISOLATION_OPTS='$(strip $(ISOLATION_OPTS))'"
	@echo "ISOLATION_FROM='$(origin ISOLATION)'"
	@echo "PROVE_TESTS='$(strip $(PROVE_TESTS))'"

.PHONY: demo demo-stop test check-local check-unit check-warnings check-warnings-gcc \
	check-warnings-clang check-lists bench packages dist help clean-unit settings FORCE
