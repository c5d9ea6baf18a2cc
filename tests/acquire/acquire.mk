# Processes in states that are rare and matter, for tests/test_acquire.py.

O ?= build

$(O)/tests/acquire/states: tests/acquire/states.c tests/acquire/acquire.mk
	@mkdir -p $(@D)
	gcc -std=gnu11 -Wall -pthread -O2 -g -o $@ $<

# Assembly, for the libraries of another architecture are seldom installed.
$(O)/tests/acquire/i386: tests/acquire/i386.s tests/acquire/acquire.mk
	@mkdir -p $(@D)
	as --32 -o $@.o $< && ld -m elf_i386 -o $@ $@.o

TEST_PROGRAMS += $(O)/tests/acquire/states $(O)/tests/acquire/i386
