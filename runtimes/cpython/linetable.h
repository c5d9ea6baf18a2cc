/* Line numbers from CPython's three generations of line tables. Bytes in, a number out; no memory
 * of the target. */
#ifndef HW_RUNTIMES_CPYTHON_LINETABLE_H
#define HW_RUNTIMES_CPYTHON_LINETABLE_H

#include <stddef.h>
#include <stdint.h>

#define LINETABLE_NONE (-1) /* this instruction has no line, or the table is broken */

/*
 * The line of the instruction at index `unit` (in code units of two bytes) of code whose first line
 * is `first`. `table` is co_lnotab (3.9), co_linetable in pairs (3.10) or the location table (from
 * 3.11). A negative unit is a frame that has not begun: its first line.
 */
int64_t linetable_line(int minor, const uint8_t *table, size_t n, int64_t first, int64_t unit);

#endif
