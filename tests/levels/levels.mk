# A forked tree with stacks known by construction, for tests/test_levels.py.

O ?= build

.PHONY: levels
levels: $(O)/tests/levels/levels ## Build the forked tree of known stacks

# Optimised and without frame pointers: what a distribution ships.
$(O)/tests/levels/levels: tests/levels/levels.c tests/levels/levels.mk
	@mkdir -p $(@D)
	gcc -std=gnu11 -Wall -pthread -O2 -fomit-frame-pointer -g -o $@ $<

TEST_PROGRAMS += $(O)/tests/levels/levels
