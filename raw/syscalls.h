/* System calls of x86-64: names by number, and the arguments of those that block, for a person. */
#ifndef HW_RAW_SYSCALLS_H
#define HW_RAW_SYSCALLS_H

#include <stdint.h>

#include "core/strbuf.h"

/* NULL for a number we do not know. */
const char *syscall_name(int64_t nr);

/*
 * Appends what the registers alone say: descriptors, counts, operations, targets, deadlines. What
 * pointers point to is the confined part's business; a null pointer to a time is "no deadline".
 * `blocked_ns`: how long the call has slept (SNAP_UNKNOWN: not known), to say when a relative
 * timeout ends. Nothing is appended for a call without a description.
 */
void syscall_describe(struct strbuf *out, int64_t nr, const uint64_t args[6], int64_t blocked_ns);

#endif
