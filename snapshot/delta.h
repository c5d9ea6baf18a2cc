/*
 * Rows that one process appended to its copy of a snapshot, sent to the process that holds the
 * original. Both builders had the same tables when they were forked; only the sender appends
 * meanwhile. The receiver trusts nothing: counts are bounded, and each delta's rows must pass
 * snapshot_check_appended() or they are taken back. Rows that were there before cannot be changed
 * by a delta.
 */
#ifndef HW_SNAPSHOT_DELTA_H
#define HW_SNAPSHOT_DELTA_H

#include "snapshot/builder.h"

/* How far each table had grown when the last delta was made. */
struct delta_mark {
	uint32_t rows[TABLE_MAX];
	size_t strings;
};

void delta_mark(const struct snapshot *s, struct delta_mark *ret);

/* Writes everything after `*mark` into a new memfd and moves the mark; *ret_fd is the caller's. */
int delta_write(const struct snapshot *s, struct delta_mark *mark, int *ret_fd);

/* Appends what `fd` holds: 0; -EBADMSG when it is malformed or breaks an invariant (nothing is kept
 * then); -errno. */
int delta_apply(struct builder *b, int fd, char *why, size_t cap);

#endif
