/*
 * Where reports are kept: one directory of ID.hang files, readable by their owner alone, bounded in
 * number and size. There is no index beside the files: they may be copied, removed and added by
 * hand.
 */
#ifndef HW_SNAPSHOT_STORE_H
#define HW_SNAPSHOT_STORE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "snapshot/index.h"

/* At most so many reports of so many bytes; the oldest go first. */
#define STORE_REPORTS_MAX 200
#define STORE_BYTES_MAX   (1ull << 30)

enum { STORE_ID_MAX = 64 }; /* characters of an id, at most; a capture gives 8 */

struct store {
	int dirfd; /* -1: there is none yet */
	char path[PATH_MAX];
};
#define STORE_NONE ((struct store){ .dirfd = -1 })

/*
 * The directory: $XDG_STATE_HOME/hangwatch where that is set, else /var/lib/hangwatch for root,
 * else
 * ~/.local/state/hangwatch. With `create` it is made, else it may be missing and the store is
 * empty. 0; -ENOENT: no home directory is known; -EPERM: it belongs to another user or others may
 * write to it; -ELOOP: it is a symbolic link; -errno. ret->path is set whenever it is known, also
 * on failure.
 */
int store_open(bool create, struct store *ret);
void store_close(struct store *s);

struct store_entry {
	char id[STORE_ID_MAX + 1];
	uint64_t bytes;
	int64_t changed_ns; /* of the file, since 1970 */
};

struct store_list {
	ARRAY(struct store_entry) entries; /* newest first */
};

int store_list(const struct store *s, struct store_list *ret);
void store_list_done(struct store_list *l);

/*
 * The entry whose id is `prefix` or alone begins with it: 0; -ENOENT; -ENOTUNIQ, and then `matches`
 * (may be NULL) says which do, as "id, id, id".
 */
int store_find(const struct store *s, const char *prefix, struct store_entry *ret, char *matches,
	       size_t cap);

/* Opens a report for reading, no symbolic links, no devices: its fd, or -errno. */
int store_open_report(const struct store *s, const char *id);

/*
 * Writes ID.hang, then removes the oldest reports beyond the limits, never the one just written. 0;
 * -EEXIST: that id is taken; -errno.
 */
int store_save(const struct store *s, const char *id, const struct snapshot *snap,
	       const struct snap_index *x);

int store_remove(const struct store *s, const char *id);

#endif
