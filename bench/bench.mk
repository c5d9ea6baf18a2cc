# Side by side with other tools, and long runs over busy targets. Neither is part of check: they measure time, or
# take it.

O ?= build
PYTHON ?= /usr/bin/python3
BENCH_PROGRAMS := $(O)/bench/wide $(O)/bench/peak $(O)/bench/libspin.so $(O)/bench/analysis

$(O)/bench/wide $(O)/bench/peak: $(O)/bench/%: bench/%.c bench/bench.mk
	@mkdir -p $(@D)
	gcc -std=gnu11 -Wall -D_GNU_SOURCE -pthread -O2 -g -o $@ $<

$(O)/bench/libspin.so: bench/spin.c bench/bench.mk
	@mkdir -p $(@D)
	gcc -std=gnu11 -Wall -D_GNU_SOURCE -pthread -O2 -g -shared -fPIC -o $@ $<

$(O)/bench/analysis: $(O)/bench/analysis.o $(O)/libhangwatch.a
	$(Q)$(CC) $(CFLAGS) $(HW_CFLAGS) $(LDFLAGS) $(HW_LDFLAGS) $^ $(LIBS) -o $@

.PHONY: bench soak
bench: all $(BENCH_PROGRAMS)
	O=$(O) $(PYTHON) bench/bench.py $(BENCH_ARGS)

soak: all $(BENCH_PROGRAMS) noharm badinput
	O=$(O) $(PYTHON) bench/soak.py $(SOAK_ARGS)
