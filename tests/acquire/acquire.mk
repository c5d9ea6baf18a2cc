# Processes in states that are rare and matter, for tests/test_acquire.py.

O ?= build

$(O)/tests/acquire/states: tests/acquire/states.c tests/acquire/acquire.mk
	@mkdir -p $(@D)
	gcc -std=gnu11 -Wall -pthread -O2 -g -o $@ $<

TEST_PROGRAMS += $(O)/tests/acquire/states
