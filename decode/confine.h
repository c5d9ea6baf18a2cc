/*
 * Giving up every right, before the first foreign byte is parsed.
 *
 * What is left: memory without the right to execute, the request socket, the memory descriptors of
 * the targets and those of their run counts (raw/run.h), memfds for rows, and time. No files can be
 * opened, no processes made, no signals sent, no sockets made; a call that nobody here needs ends
 * the process. The acquirer then reports what was lost (capture/decoder.c).
 */
#ifndef HW_DECODE_CONFINE_H
#define HW_DECODE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What differs when a sanitizer's run-time or valgrind lives in this process: one of confine_*.c is
 * linked. */
struct confine_variant {
	const int *extra; /* further system calls, allowed with any arguments */
	size_t n_extra;
	bool bounded_memory; /* RLIMIT_AS can be set: there is no shadow memory */
	bool silent;         /* standard error may be closed */
};
extern const struct confine_variant confine_variant;

/*
 * Keeps the descriptors keep[0 … n) (sorted here) and closes all others; `budget_ns` bounds the CPU
 * time. 0; -errno: rights are left that should not be, go no further; 1: the system call filter was
 * refused, all else is done.
 */
int confine_enter(int *keep, size_t n, int64_t budget_ns);

/* All of that but the filter. 0 or -errno. */
int confine_drop(int *keep, size_t n, int64_t budget_ns);

#endif
