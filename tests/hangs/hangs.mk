# Programs that hang in one known way (tests/hangs/*.c), each a single file with hang.h. Included by the top Makefile.

HANGS_SRC := $(wildcard tests/hangs/*.c tests/hangs/healthy/*.c)
HANGS := $(HANGS_SRC:%.c=$(O)/%)

# -O1 keeps what the source says; the frame pointer and -g keep the stacks short to read. -pthread for all: one rule.
HANGS_CFLAGS ?= -std=gnu11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -Wall -Wextra -Werror -pthread

$(O)/tests/hangs/%: tests/hangs/%.c tests/hangs/hang.h tests/hangs/tcp.h
	@mkdir -p $(@D)
	$(CC) $(HANGS_CFLAGS) -o $@ $<

.PHONY: hangs
hangs: $(HANGS)

check: hangs
