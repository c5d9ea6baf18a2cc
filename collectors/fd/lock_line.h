/* One line of /proc/locks. */
#ifndef HW_COLLECTORS_FD_LOCK_LINE_H
#define HW_COLLECTORS_FD_LOCK_LINE_H

#include <stdbool.h>
#include <stdint.h>

/* More than this is not read of it. */
#define LOCKS_MAX_BYTES (8u << 20)

struct lock_line {
	uint64_t id, inode, major, minor;
	int64_t pid; /* who asked for it; -1 of an open-file-description lock */
	bool blocked;
	char kind[16], mode[8]; /* "POSIX", "READ" */
};

/* False: it is none. */
bool lock_line_parse(const char *line, struct lock_line *ret);

#endif
