# hangwatch: `make help` says what there is.
#
# One makefile, objects out of the tree in $(O), header dependencies by the compiler. The directory listing is the
# registry of collectors, runtimes and formats: adding one is adding a file. Parts of the tests and benches bring
# their own rules in a *.mk beside them.

O ?= build
CC ?= gcc
CFLAGS ?= -O2 -g
prefix ?= /usr/local
bindir ?= $(prefix)/bin
mandir ?= $(prefix)/share/man
datadir ?= $(prefix)/share
INSTALL ?= install
PKG_CONFIG ?= pkg-config
PYTHON ?= /usr/bin/python3

VERSION := 0.1.0

PKGS := libelf libdw libseccomp libzstd liblzma zlib
# libunwind-ptrace is not needed: the accessors are ours. The arch library holds dwarf_search_unwind_table.
UNWIND_LIBS := -lunwind-x86_64 -lunwind
LIBS := $(UNWIND_LIBS) -liberty $(shell $(PKG_CONFIG) --libs $(PKGS))

HW_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DHANGWATCH_VERSION='"$(VERSION)"' \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter \
	-fno-common -fstack-protector-strong -iquote . -iquote $(O) $(shell $(PKG_CONFIG) --cflags $(PKGS))
HW_LDFLAGS := -Wl,-z,relro,-z,now
ifneq ($(WERROR),)
HW_CFLAGS += -Werror
endif
# What the confined part may do, and whether threads may run while it is forked, depends on whether a sanitizer's
# runtime lives here.
DECODE_VARIANT := plain
ifneq ($(SAN),)
HW_CFLAGS += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
# One copy of what gcc's two run-times share: only then both write what they find where the tests look.
HW_LDFLAGS += -fsanitize=$(SAN) $(if $(findstring clang,$(CC)),,-static-libasan -static-libubsan)
DECODE_VARIANT := sanitized
endif

ifneq ($(V),1)
Q = @
say = @printf '  %-7s %s\n' "$(1)" "$(2)";
endif

all: $(O)/hangwatch

# ---- sources ----

DIRS := core snapshot raw acquire collectors collectors/* decode runtimes runtimes/* runtimes/*/* analysis analysis/* formats formats/* capture cli
VARIANTS := $(foreach v,sanitized plain,decode/confine_$(v).c core/beside_$(v).c)
SRCS := $(filter-out $(VARIANTS) cli/main.c,$(wildcard $(addsuffix /*.c,$(DIRS)))) \
	$(filter %_$(DECODE_VARIANT).c,$(VARIANTS))
REGISTRIES := collector runtime format
LIB_OBJS := $(SRCS:%.c=$(O)/%.o) $(REGISTRIES:%=$(O)/%s.o)

# What each registry lists: collectors/X.c, formats/X.c; runtimes/X.c or runtimes/X/X.c.
base = $(sort $(basename $(notdir $(1))))
collector_names := $(call base,$(wildcard collectors/*.c))
format_names := $(call base,$(wildcard formats/*.c))
runtime_names := $(call base,$(wildcard runtimes/*.c) $(foreach d,$(wildcard runtimes/*),$(wildcard $(d)/$(notdir $(d)).c)))

define registry
$(O)/$(1)s.c: FORCE
	$$(Q)mkdir -p $$(@D)
	$$(Q){ printf '/* Generated from the listing of %ss/. */\n#include <stddef.h>\n\n#include "%ss/%s.h"\n\n' $(1) $(1) $(1); \
	  for n in $(2); do printf 'extern const struct %s %s_%s;\n' $(1) $(1) $$$$n; done; \
	  printf 'const struct %s *const %ss[] = {\n' $(1) $(1); \
	  for n in $(2); do printf '\t&%s_%s,\n' $(1) $$$$n; done; printf '\tNULL\n};\n'; } > $$@.new
	$$(Q)cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@
endef
$(foreach r,$(REGISTRIES),$(eval $(call registry,$(r),$($(r)_names))))

# ---- building ----

$(O)/hangwatch: $(O)/cli/main.o $(O)/libhangwatch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(HW_CFLAGS) $(LDFLAGS) $(HW_LDFLAGS) $^ $(LIBS) -o $@

$(O)/libhangwatch.a: $(LIB_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(LIB_OBJS)

$(O)/%.o: %.c $(O)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) $(HW_CFLAGS) -MMD -MP -c $< -o $@

$(REGISTRIES:%=$(O)/%s.o): $(O)/%.o: $(O)/%.c $(O)/flags
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) $(HW_CFLAGS) -MMD -MP -c $< -o $@

# Objects depend on the flags that built them, so that SAN= and CFLAGS= cannot mix in one $(O).
$(O)/flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(CC) $(CFLAGS) $(CPPFLAGS) $(HW_CFLAGS)' > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# ---- tests ----

UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_LIB := $(patsubst %.c,$(O)/%.o,$(filter-out $(UNIT_SRCS),$(wildcard tests/unit/*.c)))
UNIT := $(UNIT_SRCS:%.c=$(O)/%)

$(UNIT): $(O)/tests/unit/%: $(O)/tests/unit/%.o $(UNIT_LIB) $(O)/libhangwatch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(HW_CFLAGS) $(LDFLAGS) $(HW_LDFLAGS) $^ $(LIBS) -lcmocka -o $@

unit: $(UNIT)
	$(Q)scripts/run-unit $(UNIT)

# The children of a test are its own business: those that a confinement or a tracer kills leak.
VALGRIND := valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --child-silent-after-fork=yes

valgrind: valgrind-unit valgrind-runs

valgrind-unit: $(UNIT)
	$(Q)HW_VALGRIND=1 UNIT_RUNNER='$(VALGRIND)' scripts/run-unit $(UNIT)

# The whole program: what it watches, captures and shows.
valgrind-runs: all hangs test-programs
	$(Q)O=$(O) $(PYTHON) -m pytest -q -rs -p no:cacheprovider tests/valgrind_runs.py

# They bring programs to test with: TEST_PROGRAMS, which the rule of check needs when it is read.
-include $(wildcard tests/*/*.mk bench/*.mk)

test-programs: $(TEST_PROGRAMS)

# Everything that runs in a minute: while working, and before anything lands.
check-quick: layers layout unit

check: check-quick all $(TEST_PROGRAMS)
	$(Q)O=$(O) $(PYTHON) -m pytest -q -rs -p no:cacheprovider $(PYTEST_ARGS) tests

layers layout:
	$(Q)scripts/check-$@

# ---- the rest ----

install: all
	$(INSTALL) -Dm755 $(O)/hangwatch $(DESTDIR)$(bindir)/hangwatch
	$(INSTALL) -Dm644 man/hangwatch.1 $(DESTDIR)$(mandir)/man1/hangwatch.1
	$(Q)mkdir -p $(O)/completions
	$(Q)for shell in bash zsh fish; do $(O)/hangwatch _completion $$shell >$(O)/completions/$$shell; done
	$(INSTALL) -Dm644 $(O)/completions/bash $(DESTDIR)$(datadir)/bash-completion/completions/hangwatch
	$(INSTALL) -Dm644 $(O)/completions/zsh $(DESTDIR)$(datadir)/zsh/site-functions/_hangwatch
	$(INSTALL) -Dm644 $(O)/completions/fish $(DESTDIR)$(datadir)/fish/vendor_completions.d/hangwatch.fish

# What install put there, and nothing else: reports are the user's.
uninstall:
	rm -f $(DESTDIR)$(bindir)/hangwatch $(DESTDIR)$(mandir)/man1/hangwatch.1 \
		$(DESTDIR)$(datadir)/bash-completion/completions/hangwatch \
		$(DESTDIR)$(datadir)/zsh/site-functions/_hangwatch \
		$(DESTDIR)$(datadir)/fish/vendor_completions.d/hangwatch.fish

clean:
	rm -rf $(O)

help:
	@echo 'make              builds $$(O)/hangwatch; O= another place, V=1 shows commands, WERROR=1, SAN=address,undefined'
	@echo 'make install      DESTDIR= prefix=   program, man page, completions; uninstall takes them away'
	@echo 'make clean'
	@echo
	@echo 'make check-quick  layers, layout, unit tests (alone: unit), corpora of the fuzzers (fuzz-replay): while working'
	@echo 'make check        all tests, PYTEST_ARGS=; scripts/check does the set-up too'
	@echo 'make hangs zoo    programs to test with, for trying by hand'
	@echo
	@echo 'Long runs:'
	@echo 'make valgrind     the unit tests, and the whole program at work, under valgrind'
	@echo 'make fuzz         every fuzzer for FUZZ_SECONDS= (600); needs clang'
	@echo 'make bench        side by side with other tools, BENCH_ARGS='
	@echo 'make soak         captures again and again: leaks, harm; SOAK_ARGS='
	@echo 'make matrix       every interpreter and async library, writes docs/MATRIX.md'
	@echo 'make agreement    stacks beside those of gdb and py-spy, writes docs/AGREEMENT*.md'

.PHONY: all unit valgrind valgrind-unit valgrind-runs test-programs check check-quick layers layout install uninstall clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:
-include $(SRCS:%.c=$(O)/%.d) $(O)/cli/main.d $(UNIT_SRCS:%.c=$(O)/%.d) $(UNIT_LIB:.o=.d)
