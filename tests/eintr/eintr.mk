# The 47 blocking calls, for tests/test_eintr.py.

O ?= build

.PHONY: eintr
eintr: $(O)/tests/eintr/eintr ## Build the program of blocking calls

$(O)/tests/eintr/eintr: tests/eintr/eintr.c tests/eintr/eintr.mk
	@mkdir -p $(@D)
	gcc -std=gnu11 -Wall -D_GNU_SOURCE -pthread -O2 -g -o $@ $< -lrt

TEST_PROGRAMS += $(O)/tests/eintr/eintr
