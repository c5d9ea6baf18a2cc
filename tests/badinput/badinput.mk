# Targets that do not hold still or have hostile names, for tests/test_badinput.py.

O ?= build
BADINPUT_PROGRAMS := $(addprefix $(O)/tests/badinput/,churn names)

.PHONY: badinput
badinput: $(BADINPUT_PROGRAMS) $(O)/tests/badinput/library.so ## Build the difficult targets

$(BADINPUT_PROGRAMS): $(O)/tests/badinput/%: tests/badinput/%.c tests/badinput/badinput.mk
	@mkdir -p $(@D)
	gcc -std=gnu11 -Wall -D_GNU_SOURCE -pthread -O2 -g -o $@ $<

$(O)/tests/badinput/library.so: tests/badinput/library.c tests/badinput/badinput.mk
	@mkdir -p $(@D)
	gcc -std=gnu11 -Wall -shared -fPIC -O2 -g -o $@ $<

TEST_PROGRAMS += $(BADINPUT_PROGRAMS) $(O)/tests/badinput/library.so
