/*
 * Reading one process's memory: pages, not fields.
 *
 * A read costs 1.3 µs through /proc/PID/mem whether it takes 8 bytes or 4 KiB, and an interpreter's
 * objects lie close together, so whole blocks are read and kept. What was copied while the process
 * was looked at (stacks) lies over the live pages: a read inside a copy gives the copy's bytes. All
 * addresses are foreign: any value may be passed, none can hurt.
 *
 * Where the bytes come from is a backend, so that a test or a fuzzer brings its own address space,
 * or one that fails at the read it chooses.
 */
#ifndef HW_DECODE_MEMORY_H
#define HW_DECODE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/cleanup.h"

struct memory_backend {
	/* Up to n bytes at `address`: how many were read (short at a hole), or -errno. */
	ssize_t (*read)(void *arg, uint64_t address, void *to, size_t n);
	void (*done)(void *arg); /* may be NULL */
	void *arg;
	bool blocks; /* neighbouring bytes come nearly free: read more than was asked for */
};

/* Over an open /proc/PID/mem, which it closes in the end. */
struct memory_backend memory_backend_fd(int fd);

struct memory;

/* Pages of no more than `limit_bytes` are kept at a time. On failure the backend is not done(). 0
 * or -ENOMEM. */
int memory_new(const struct memory_backend *backend, size_t limit_bytes, struct memory **ret);
struct memory *memory_free(struct memory *m);
DEFINE_CLEANUP(struct memory, memory_free)

/* Lays a copy over [lo, lo + n); the bytes stay the caller's and must outlive `m`. 0 or -ENOMEM. */
int memory_overlay(struct memory *m, uint64_t lo, const uint8_t *bytes, size_t n);

/* Part of a page: the 4 KiB at number * 4096, and of them those blocks of 256 bytes whose bit is
 * set, the first one's lowest. */
struct memory_part {
	uint64_t number;
	uint16_t blocks;
};

/*
 * Part of a page that was read by somebody else; `bytes` has its blocks, one after the other. They
 * stay the caller's and must outlive the next memory_drop(). NULL: they cannot be read. Where there
 * is such a page, nothing changes. 0, -ENOSPC or -ENOMEM.
 */
int memory_preset(struct memory *m, const struct memory_part *part, const uint8_t *bytes);

/* What was looked at and could be read, page by page, at most `max`; returns how many. */
size_t memory_wanted(const struct memory *m, struct memory_part *parts, size_t max);

/* Numbers of the pages that were looked at, also in vain, at most `max`; returns how many there
 * are. */
size_t memory_looked_at(const struct memory *m, uint64_t *numbers, size_t max);

/* Forgets all pages, so that the next look sees the process as it is then. Copies stay. */
void memory_drop(struct memory *m);

/* 0; -EFAULT when some of the n bytes are not there, or the backend's -errno: then `to` holds
 * nothing of use. */
int memory_read(struct memory *m, uint64_t address, void *to, size_t n);
int memory_read_u8(struct memory *m, uint64_t address, uint8_t *ret);
int memory_read_u16(struct memory *m, uint64_t address, uint16_t *ret);
int memory_read_u32(struct memory *m, uint64_t address, uint32_t *ret);
int memory_read_u64(struct memory *m, uint64_t address, uint64_t *ret);

/*
 * A C string into to[cap], always NUL-terminated on success: its length, at most cap - 1
 * (a longer one is cut), or -errno. The end of the mapping ends it too when something was read.
 */
ssize_t memory_read_text(struct memory *m, uint64_t address, char *to, size_t cap);

/* How often the backend was asked, for tests and benches. */
uint64_t memory_backend_reads(const struct memory *m);

#endif
