/*
 * File and line of an address, by libdw: only when asked for (--lines), for distinct addresses,
 * within a time budget.
 *
 * Reading a module's DWARF can cost 50 to 500 ms the first time: more than all else together. What
 * the budget does not cover stays without lines, and one gap says so.
 */
#ifndef HW_DECODE_LINES_H
#define HW_DECODE_LINES_H

#include "core/cleanup.h"
#include "decode/modules.h"
#include "snapshot/builder.h"

struct lines;

int lines_new(int64_t budget_ns, struct lines **ret); /* 0 or -ENOMEM */
struct lines *lines_free(struct lines *l);
DEFINE_CLEANUP(struct lines, lines_free)

/* Sets *ret_file and *ret_line when they are known, of a linked address inside the instruction;
 * else leaves them. */
void lines_name(struct lines *l, struct builder *b, struct module *m, uint64_t address,
		str_t *ret_file, int64_t *ret_line);

/* In how many modules the time did not suffice, and the path of the first. */
size_t lines_missed(const struct lines *l, const char **ret_path);

#endif
