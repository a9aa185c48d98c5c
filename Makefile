# cal: RPC and streams for the shell.  GNU make; only `make install` installs
# anything.
#
#   make                  programs in build/release
#   make check            unit tests, tests/*.bats, checks of the tree
#   make install          DESTDIR= prefix=/usr/local
#
#   V=1                   whole command lines
#   WERROR=1              warnings are errors
#   DEBUG=1               no optimisation
#   SAN=address,undefined sanitizers
#   FAULTS=1              crash and stall points (lib/base/fault.h)
#   LINK=mixed            libraries from archives, libc shared
#   LINK=shared|static    all shared; all from archives
#   CC=clang
#
# Each combination has its folder below build/; `make show-build` prints it.
# LINK is mixed where that works (it starts three times as fast), else shared.

MAKEFLAGS += -rR --no-print-directory
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
SHELL := /bin/sh

ifneq ($(filter default undefined,$(origin CC)),)
CC := gcc
endif
ifneq ($(filter default undefined,$(origin AR)),)
AR := ar
endif
NM ?= nm
PKG_CONFIG ?= pkg-config
BATS ?= bats
INSTALL ?= install

prefix ?= /usr/local
bindir ?= $(prefix)/bin
mandir ?= $(prefix)/share/man
bashdir ?= $(prefix)/share/bash-completion/completions
zshdir ?= $(prefix)/share/zsh/site-functions
fishdir ?= $(prefix)/share/fish/vendor_completions.d

VERSION := $(shell cat VERSION 2>/dev/null || echo 0)

# The variant and its folder.

comma := ,
empty :=
space := $(empty) $(empty)
parts = $(filter-out gcc,$(notdir $(CC))) $(subst $(comma), ,$(SAN)) \
    $(if $(DEBUG),debug) $(if $1,faults) $(LINK)
variant = $(or $(subst $(space),-,$(strip $(parts))),release)
B := build/$(call variant,$(FAULTS))
CAL_BUILD := $(abspath $(B))
export CAL_BUILD

V ?=
ifeq ($(V),)
Q := @
say = @printf '  %-7s %s\n' $(1) $(patsubst $(B)/%,%,$@)
else
Q :=
say = @:
endif

# Flags: ours are CAL_*, the user's come last and win.

CFLAGS ?= -g $(if $(DEBUG),-O0,$(if $(SAN),-O1,-O2))
CPPFLAGS ?=
LDFLAGS ?=

CAL_CPPFLAGS := -D_GNU_SOURCE -DCAL_VERSION='"$(VERSION)"' -iquote lib \
    $(if $(FAULTS),-DCAL_FAULTS)
CAL_CFLAGS := -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings \
    -Wformat=2 -Wvla $(if $(filter 1,$(WERROR)),-Werror) \
    -fstack-protector-strong -fPIE -pthread
CAL_LDFLAGS := -pthread $(if $(filter static,$(LINK)),-static-pie,-pie) \
    -Wl,-z,relro,-z,now -Wl,--as-needed

ifneq ($(SAN),)
CAL_CFLAGS += -fsanitize=$(SAN) -fno-sanitize-recover=all \
    -fno-omit-frame-pointer
CAL_LDFLAGS += -fsanitize=$(SAN)
else ifeq ($(DEBUG)$(filter -O0,$(CFLAGS)),)
CAL_CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

# Sources and what is made of them.  What does not exist yet is no error.

LIB_SRC := $(filter-out lib/stubs/%,$(wildcard lib/*/*.c))
CMD_SRC := $(wildcard cmd/cal-*.c)
UNIT_SRC := $(wildcard tests/unit/*_test.c)

LIB_OBJ := $(LIB_SRC:%.c=$(B)/obj/%.o)
STUBS := $(B)/obj/lib/stubs/zmq_stubs.o
PROGRAMS := $(CMD_SRC:cmd/%.c=$(B)/%)
UNIT := $(UNIT_SRC:%.c=$(B)/%)
OBJ := $(LIB_OBJ) $(STUBS) \
    $(patsubst %.c,$(B)/obj/%.o,$(CMD_SRC) $(UNIT_SRC))

PAGES := $(wildcard man/*.1 man/*.5 man/*.7)
# Only the pages of programs that exist, and those of sections 5 and 7.
INSTALL_PAGES := $(filter $(CMD_SRC:cmd/%.c=man/%.1) man/%.5 man/%.7,$(PAGES))

# The libraries, as $(B)/link.mk finds them: CAL_LINK and CAL_LIBS.

SHARED_LIBS = $$($(PKG_CONFIG) --libs libzmq libsodium) -lsnappy -lev \
    -lhiredis -lm
TEST_LIBS := -lcmocka -ljansson

ifneq ($(filter-out clean uninstall dist show-build,\
    $(or $(MAKECMDGOALS),all)),)
include $(B)/link.mk
endif

.PHONY: all unit
all: $(PROGRAMS) $(B)/libcal.a
unit: $(UNIT)

# Whole or not at all: another make may link in this folder just now.
$(B)/libcal.a: $(LIB_OBJ)
	$(call say,AR)
	$(Q)rm -f $@.$$$$ && $(AR) rcs $@.$$$$ $(LIB_OBJ) && mv -f $@.$$$$ $@

# The list of members is a dependency too: a source that is gone leaves.
$(B)/libcal.a: $(B)/members

link = $(CC) $(CAL_CFLAGS) $(CFLAGS) $(CAL_LDFLAGS) $(LDFLAGS) -o $@

$(PROGRAMS): $(B)/%: $(B)/obj/cmd/%.o $(B)/libcal.a $(B)/link.mk
	$(call say,LINK)
	$(Q)$(link) $< $(B)/libcal.a $(CAL_LIBS)

# There is no archive of cmocka, so tests are never wholly static.
TEST_LDFLAGS = $(patsubst -static-pie,-pie,$(CAL_LDFLAGS))
$(UNIT): $(B)/%: $(B)/obj/%.o $(B)/libcal.a $(B)/link.mk
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CAL_CFLAGS) $(CFLAGS) $(TEST_LDFLAGS) $(LDFLAGS) -o $@ \
	    $< $(B)/libcal.a $(TEST_LIBS) $(CAL_LIBS)

$(OBJ): $(B)/obj/%.o: %.c $(B)/flags
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CAL_CPPFLAGS) $(CPPFLAGS) $(CAL_CFLAGS) $(CFLAGS) \
	    -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d)

# Stamps: written only when their text changes.

stamp = @mkdir -p $(@D); printf '%s\n' $(1) | cmp -s - $@ || \
    printf '%s\n' $(1) >$@
quoted = '$(subst ','\'',$(1))'

.PHONY: FORCE
$(B)/flags: FORCE
	$(call stamp,$(call quoted,$(CC) $(CAL_CPPFLAGS) $(CPPFLAGS) \
	    $(CAL_CFLAGS) $(CFLAGS) $(CAL_LDFLAGS) $(LDFLAGS)))
$(B)/members: FORCE
	$(call stamp,$(call quoted,$(LIB_OBJ)))

# How to link.  Archives are tried by linking a program that touches each
# library; libzmq.a wants GSSAPI, PGM and NORM, which we stub, and nm says
# whether the stubs cover all that it wants.

ARCHIVES := zmq sodium snappy ev hiredis stdc++ bsd md
archive = $(shell $(CC) -print-file-name=lib$(1).a)
ARCHIVE_LIBS = $(filter /%,$(foreach a,$(ARCHIVES),$(call archive,$(a))))
WANTED := gss_|pgm_|GSS_|Norm[A-Z]|NORM_
WANT_LINK := $(or $(LINK),$(if $(SAN),shared,mixed))

define find_link
set -u; mode=$(WANT_LINK); why=; \
libs="$(STUBS) -Wl,--start-group $(ARCHIVE_LIBS) -Wl,--end-group -lm"; \
pie=-pie; \
case $$mode in \
static) pie=-static-pie ;; \
mixed)	libs="-static-libgcc $$libs" ;; \
shared)	libs="$(SHARED_LIBS)" ;; \
*)	echo "LINK is static, mixed or shared, not '$$mode'" >&2; exit 1 ;; \
esac; \
if [ $$mode != shared ]; then \
	$(NM) -u $(call archive,zmq) 2>/dev/null | \
	    sed -nE 's/^ *U (($(WANTED)).*)$$/\1/p' | sort -u >$(B)/wanted; \
	$(NM) $(STUBS) | sed -nE 's/^.* [TDRB] //p' | sort -u >$(B)/stubbed; \
	missing=$$(comm -23 $(B)/wanted $(B)/stubbed | tr '\n' ' '); \
	if [ -n "$$missing" ]; then \
		why="libzmq.a wants $$missing"; \
	elif ! $(CC) $(CFLAGS) -fPIE -pthread $$pie $(LDFLAGS) \
	    -o $(B)/probe $(B)/probe.c $$libs 2>$(B)/probe.log; then \
		why="archives do not link, see $(B)/probe.log"; \
	elif ! $(B)/probe; then \
		why="a program from archives does not run"; \
	fi; \
fi; \
if [ -n "$$why" ]; then \
	echo "linking shared libraries: $$why" >&2; \
	mode=shared; libs="$(SHARED_LIBS)"; \
fi; \
printf 'CAL_LINK := %s\nCAL_LIBS := %s\n' "$$mode" "$$libs" >$@
endef

define probe
#include <ev.h>\n#include <hiredis/hiredis.h>\n#include <sodium.h>\n#include <snappy-c.h>\n#include <zmq.h>\n
int\nmain(void)\n{\n
\tvoid *ctx = zmq_ctx_new();\n
\tif (!ctx || sodium_init() == -1 || !ev_loop_new(0) ||\n
\t    !snappy_max_compressed_length(1) || !redisReaderCreate())\n\t\treturn 1;\n
\treturn zmq_ctx_term(ctx) != 0;\n}\n
endef

$(B)/link.mk: $(STUBS) Makefile
	@printf '$(subst $(space)\,\,$(strip $(probe)))' >$(B)/probe.c
	@$(find_link)

# Tests.  Each prints lines of TAP: "ok ..." and "not ok ...".

export PATH := $(CAL_BUILD):$(PATH)
export ASAN_OPTIONS ?= detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS ?= print_stacktrace=1
export BATS_TEST_TIMEOUT ?= $(if $(SAN),300,120)
export CAL_SLOW ?= $(if $(SAN),3,1)
export CAL_BIN := $(CAL_BUILD)
export CAL_FAULTS_BIN := $(abspath build/$(call variant,1))
UNDER ?=

.PHONY: check check-unit check-bats check-tree check-full with-faults
check: check-unit check-bats check-tree

check-unit: $(UNIT)
	@status=0; for t in $(UNIT); do \
		echo "# $$t"; \
		CMOCKA_MESSAGE_OUTPUT=TAP $(UNDER) $$t </dev/null; rc=$$?; \
		[ $$rc -lt 126 ] || echo "not ok - $$t ended with $$rc"; \
		[ $$rc -eq 0 ] || status=1; \
	done; exit $$status

# T='tests/call.bats tests/exit.bats' runs these only.
check-bats: $(PROGRAMS) with-faults
	@set -- $(or $(T),$(sort $(wildcard tests/*.bats))); \
	[ $$# -eq 0 ] || $(BATS) --tap "$$@" </dev/null

# Tests of what a crash leaves behind want a build that can crash.
with-faults:
	$(if $(FAULTS),,+@$(MAKE) FAULTS=1 all)

check-tree: $(PROGRAMS)
	@status=0; for c in check-layers check-headers check-options \
	    man-examples; do \
		scripts/$$c || status=1; \
	done; exit $$status
	@for p in $(if $(FAULTS),,$(PROGRAMS)); do \
		if grep -q CAL_CRASH $$p; then \
			echo "not ok - $$p has crash points"; exit 1; \
		fi; \
	done; echo "ok - no crash points in a release"

VALGRIND := valgrind -q --error-exitcode=99 --leak-check=full \
    --show-leak-kinds=definite --errors-for-leak-kinds=definite \
    --child-silent-after-fork=yes

# Under valgrind everything takes eight times as long, and so do deadlines; and
# memory that is given back is not kept for the next (lib/base/spare.h).
.PHONY: check-valgrind check-unit-valgrind check-bats-valgrind
check-valgrind: check-unit-valgrind check-bats-valgrind
check-unit-valgrind:
	+@CAL_NO_SPARES=1 CAL_VALGRIND=1 $(MAKE) LINK=shared \
	    UNDER='$(VALGRIND)' check-unit
check-bats-valgrind:
	+@CAL_NO_SPARES=1 CAL_WRAP='$(VALGRIND)' CAL_SLOW=8 \
	    BATS_TEST_TIMEOUT=900 $(MAKE) LINK=shared check-bats

# What takes longer than CI has: about an hour, of which it says what passed.
check-full:
	CAL_NO_INSTALL=1 scripts/check full

# The modules of tests/bench leave nothing in the tree.
bench profile: export PYTHONDONTWRITEBYTECODE = 1

.PHONY: bench
bench: $(PROGRAMS)
	+@$(MAKE) LINK=shared all
	tests/bench/run

# Instructions and system calls a message, beside tests/bench/instructions.txt;
# RECORD=1 writes it.
.PHONY: profile
profile:
	+@$(MAKE) LINK=shared all
	+@BIN=$$($(MAKE) LINK=shared show-build) CC='$(CC)' \
	    CFLAGS='$(CFLAGS)' tests/bench/profile $(if $(RECORD),--record)

# Installing.

.PHONY: install uninstall dist clean show-build
install: $(PROGRAMS)
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 \
	    $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(mandir)/man7 \
	    $(DESTDIR)$(bashdir) $(DESTDIR)$(zshdir) $(DESTDIR)$(fishdir)
	@set -e; for p in $(notdir $(PROGRAMS)); do \
		echo "installing $$p"; \
		$(INSTALL) -m 755 $(B)/$$p $(DESTDIR)$(bindir)/$$p; \
		$(B)/$$p --completion bash >$(DESTDIR)$(bashdir)/$$p; \
		$(B)/$$p --completion zsh >$(DESTDIR)$(zshdir)/_$$p; \
		$(B)/$$p --completion fish >$(DESTDIR)$(fishdir)/$$p.fish; \
	done
	@set -e; for m in $(INSTALL_PAGES); do \
		$(INSTALL) -m 644 $$m \
		    $(DESTDIR)$(mandir)/man$${m##*.}/$${m##*/}; \
	done

uninstall:
	@for p in $(notdir $(PROGRAMS)); do \
		rm -f $(DESTDIR)$(bindir)/$$p $(DESTDIR)$(bashdir)/$$p \
		    $(DESTDIR)$(zshdir)/_$$p $(DESTDIR)$(fishdir)/$$p.fish; \
	done
	@for m in $(INSTALL_PAGES); do \
		rm -f $(DESTDIR)$(mandir)/man$${m##*.}/$${m##*/}; \
	done

dist:
	git archive --prefix=cal-$(VERSION)/ HEAD | gzip -n9 \
	    >cal-$(VERSION).tar.gz

clean:
	rm -rf build

show-build:
	@echo $(B)
