# Targets that tell if they were harmed, for tests/test_noharm.py.

O ?= build
NOHARM_PROGRAMS := $(addprefix $(O)/tests/noharm/,progress usr1 dstate)

.PHONY: noharm
noharm: $(NOHARM_PROGRAMS) ## Build the targets that tell if they were harmed

$(NOHARM_PROGRAMS): $(O)/tests/noharm/%: tests/noharm/%.c tests/noharm/noharm.mk
	@mkdir -p $(@D)
	gcc -std=gnu11 -Wall -D_GNU_SOURCE -pthread -O2 -g -o $@ $<

TEST_PROGRAMS += $(NOHARM_PROGRAMS)
