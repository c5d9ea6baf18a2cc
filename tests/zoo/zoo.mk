# The zoo: one program in many builds, for tests/test_zoo.py. `make zoo` builds what the installed compilers can
# make; a build whose compiler is missing is skipped, and the test says so.
#
# The flags are the point of each build: CFLAGS and LDFLAGS of the caller stay out.
# Works as a fragment of the top-level Makefile and alone: make -f tests/zoo/zoo.mk zoo

O ?= build
ZOO_O := $(O)/tests/zoo
ZOO_SRC := tests/zoo/zoo.c
ZOO_CC := gcc
ZOO_BASE := -std=gnu11 -Wall -pthread
ZOO_NOCFI := -fno-asynchronous-unwind-tables -fno-unwind-tables
ZOO_have = $(shell command -v $(1) 2>/dev/null)

# --- by gcc: name, then its flags
ZOO_FLAGS_o2 := -O2 -fomit-frame-pointer -g
ZOO_FLAGS_o0 := -O0 -g
ZOO_FLAGS_fp := -O2 -fno-omit-frame-pointer -g
ZOO_FLAGS_nopie := -O2 -no-pie -g
ZOO_FLAGS_static := -O2 -static -g
ZOO_FLAGS_static_pie := -O2 -static-pie -g
ZOO_FLAGS_noseparate := -O2 -Wl,-z,noseparate-code -g
ZOO_FLAGS_nohdr := -O2 -Wl,--no-eh-frame-hdr -g
ZOO_FLAGS_debug_frame := -O2 $(ZOO_NOCFI) -g -gz=none
ZOO_FLAGS_debug_frame_z := -O2 $(ZOO_NOCFI) -g -gz=zlib
ZOO_FLAGS_nocfi := -O2 -fomit-frame-pointer $(ZOO_NOCFI)
ZOO_FLAGS_nocfi_fp := -O2 -fno-omit-frame-pointer $(ZOO_NOCFI)
ZOO_GCC := o2 o0 fp nopie static static_pie noseparate nohdr debug_frame debug_frame_z nocfi nocfi_fp
ifneq ($(call ZOO_have,ld.lld),)
ZOO_FLAGS_lld := -O2 -fuse-ld=lld -g
ZOO_FLAGS_lld_noseparate := -O2 -fuse-ld=lld -Wl,-z,noseparate-code -g
ZOO_GCC += lld lld_noseparate
endif

ZOO_PROGRAMS := $(ZOO_GCC:%=$(ZOO_O)/%) $(ZOO_O)/signals $(ZOO_O)/signals_static \
	$(ZOO_O)/o2_stripped $(ZOO_O)/static_stripped

$(ZOO_GCC:%=$(ZOO_O)/%): $(ZOO_O)/%: $(ZOO_SRC) tests/zoo/trail.h tests/zoo/zoo.mk
	@mkdir -p $(@D)
	$(ZOO_CC) $(ZOO_BASE) $(ZOO_FLAGS_$*) -o $@ $<

$(ZOO_O)/signals: tests/zoo/signals.c tests/zoo/trail.h tests/zoo/zoo.mk
	@mkdir -p $(@D)
	$(ZOO_CC) $(ZOO_BASE) -O2 -g -o $@ $<

$(ZOO_O)/signals_static: tests/zoo/signals.c tests/zoo/trail.h tests/zoo/zoo.mk
	@mkdir -p $(@D)
	$(ZOO_CC) $(ZOO_BASE) -O2 -g -static -o $@ $<

# The symbols of a stripped build are those of the build it was made from.
$(ZOO_O)/%_stripped: $(ZOO_O)/%
	strip -o $@ $<

# --- by other compilers, where installed
ifneq ($(call ZOO_have,clang),)
ZOO_PROGRAMS += $(ZOO_O)/clang
$(ZOO_O)/clang: $(ZOO_SRC) tests/zoo/trail.h tests/zoo/zoo.mk
	@mkdir -p $(@D)
	clang $(ZOO_BASE) -Wno-unknown-attributes -O2 -g -o $@ $<
endif

ifneq ($(call ZOO_have,musl-gcc),)
ZOO_PROGRAMS += $(ZOO_O)/musl $(ZOO_O)/musl_static
$(ZOO_O)/musl: $(ZOO_SRC) tests/zoo/trail.h tests/zoo/zoo.mk
	@mkdir -p $(@D)
	musl-gcc $(ZOO_BASE) -O2 -g -o $@ $<
$(ZOO_O)/musl_static: $(ZOO_SRC) tests/zoo/trail.h tests/zoo/zoo.mk
	@mkdir -p $(@D)
	musl-gcc $(ZOO_BASE) -O2 -g -static -o $@ $<
endif

ifneq ($(call ZOO_have,g++),)
ZOO_PROGRAMS += $(ZOO_O)/cplusplus
$(ZOO_O)/cplusplus: tests/zoo/cplusplus.cc tests/zoo/trail.h tests/zoo/zoo.mk
	@mkdir -p $(@D)
	g++ -std=gnu++17 -Wall -pthread -O2 -g -o $@ $<
endif

ifneq ($(call ZOO_have,rustc),)
ZOO_PROGRAMS += $(ZOO_O)/rust
$(ZOO_O)/rust: tests/zoo/rust.rs tests/zoo/zoo.mk
	@mkdir -p $(@D)
	MAKEFLAGS= rustc --edition 2021 -O -g --crate-name zoo -o $@ $<
endif

.PHONY: zoo agreement
zoo: $(ZOO_PROGRAMS) ## Build the zoo of programs for the unwinder's test

agreement: zoo all ## Write docs/AGREEMENT*.md: frames compared with gdb's, build by build, and with py-spy's
	O=$(O) /usr/bin/python3 tests/zoo/agreement.py docs/AGREEMENT.md
	O=$(O) /usr/bin/python3 tests/python/pyspy.py docs/AGREEMENT-PYTHON.md

TEST_PROGRAMS += $(ZOO_PROGRAMS)
