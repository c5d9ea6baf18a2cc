# Fuzzers: tests/fuzz/fuzz_X.c defines LLVMFuzzerTestOneInput, tests/fuzz/corpus/X/ holds its seeds.
#
# `make fuzz` runs each under libFuzzer with sanitizers for FUZZ_SECONDS (600) of CPU time and keeps new inputs in
# $(O)/fuzz/. `make check` replays every corpus through an ordinary build (driver.c): no clang needed.

FUZZ_SECONDS ?= 600
FUZZ_SRCS := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_NAMES := $(FUZZ_SRCS:tests/fuzz/fuzz_%.c=%)
FUZZ_CLANG ?= clang
FUZZ_CFLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined

$(FUZZ_NAMES:%=$(O)/tests/fuzz/replay_%): $(O)/tests/fuzz/replay_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/driver.o $(O)/libhangwatch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(HW_CFLAGS) $(LDFLAGS) $(HW_LDFLAGS) $^ $(LIBS) -o $@

fuzz-replay: $(FUZZ_NAMES:%=$(O)/tests/fuzz/replay_%)
	$(Q)for n in $(FUZZ_NAMES); do \
		timeout 120 $(O)/tests/fuzz/replay_$$n tests/fuzz/corpus/$$n && echo "PASS: fuzz corpus $$n" || { echo "FAIL: fuzz corpus $$n"; exit 1; }; done

# The whole library again, instrumented, in a tree of its own.
fuzz:
	$(Q)$(MAKE) --no-print-directory O=$(O)/fuzz-build CC=$(FUZZ_CLANG) CFLAGS='$(FUZZ_CFLAGS)' DECODE_VARIANT=sanitized $(FUZZ_NAMES:%=$(O)/fuzz-build/tests/fuzz/live_%)
	$(Q)for n in $(FUZZ_NAMES); do mkdir -p $(O)/fuzz/$$n; printf '%s: ' $$n; \
		tests/fuzz/fuzz_for $(FUZZ_SECONDS) $(O)/fuzz-build/tests/fuzz/live_$$n $(O)/fuzz/$$n tests/fuzz/corpus/$$n \
			-artifact_prefix=$(O)/fuzz/$$n- >$(O)/fuzz/$$n.log || { tail -40 $(O)/fuzz/$$n.log; exit 1; }; \
		tail -n 1 $(O)/fuzz/$$n.log; done

$(FUZZ_NAMES:%=$(O)/tests/fuzz/live_%): $(O)/tests/fuzz/live_%: $(O)/tests/fuzz/fuzz_%.o $(O)/libhangwatch.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer,address,undefined $^ $(LIBS) -o $@

check-quick: fuzz-replay
.PHONY: fuzz fuzz-replay
-include $(FUZZ_SRCS:%.c=$(O)/%.d) $(O)/tests/fuzz/driver.d
