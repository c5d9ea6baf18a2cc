/*
 * The .hang file: the report as JSON of schema 1 in one zstd stream with a checksum, so that
 * `zstdcat ID.hang | jq` works. Written as it is made; read whole, within limits. A plain JSON file
 * is read too.
 */
#ifndef HW_SNAPSHOT_FILE_H
#define HW_SNAPSHOT_FILE_H

#include "snapshot/index.h"
#include "snapshot/model.h"

/* 0 or -errno (-ENOSPC …). Leaves fd where the stream ends. */
int report_write(int fd, const struct snapshot *s, const struct snap_index *x);

/*
 * 0; -EBADMSG: damaged, truncated or no report; -EPROTONOSUPPORT; -EFBIG: unpacks to over 512 MiB;
 * -errno. On failure `why` holds one line for a person.
 */
int report_read(int fd, struct snapshot **ret, char *why, size_t cap);

/* What a list of reports shows, taken from the beginning of the file alone. */
struct report_head {
	char created[32], class[16];
	char name[64], sentence[256]; /* foreign text: escape it */
	int64_t pid; /* of the first process; SNAP_UNKNOWN when it could not be read */
};

/* 0 or as report_read(); texts that are not there are empty. */
int report_read_head(int fd, struct report_head *ret);

#endif
