/*
 * Where CPython keeps what: one struct of offsets, filled from a checked table per minor version and, from
 * 3.13, overwritten with what the target itself publishes (_Py_DebugOffsets).
 *
 * The tables are generated from DWARF by scripts/make-layouts, never typed. All values are bytes from the start
 * of their struct, sizes in bytes, or bit positions (names in _bits).
 */
#ifndef HW_RUNTIMES_CPYTHON_LAYOUT_H
#define HW_RUNTIMES_CPYTHON_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtimes/cpython/layout_fields.h"

#define LAYOUT_ABSENT (-1) /* this version has no such field */

#define LAYOUT_MEMBER(member, dwarf, debug) int32_t member;
struct cpython_layout {
	uint8_t minor; /* of 3.x */
	bool free_threaded;
	CPYTHON_LAYOUT_FIELDS(LAYOUT_MEMBER)
};
#undef LAYOUT_MEMBER

/* The table of one minor version; NULL when there is none. */
const struct cpython_layout *cpython_layout_for(unsigned minor, bool free_threaded);

/* How many bytes at _PyRuntime that cpython_layout_apply_debug_offsets() wants to see; 0 before 3.13. */
size_t cpython_debug_offsets_size(unsigned minor);

/*
 * Overwrites `l`, a copy of the table of its minor version, with the offsets in `bytes`, copied from the
 * target's _PyRuntime. 0; 1 when this version publishes none; -EBADMSG when they are not what they
 * should be (cookie, version, an offset beyond the size of its struct), then `l` is as it was.
 */
int cpython_layout_apply_debug_offsets(struct cpython_layout *l, const void *bytes, size_t n);

#endif
