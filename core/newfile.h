/*
 * A file that appears whole or not at all: written without a name, synced, then linked or renamed
 * into place. Whoever dies or runs out of disk in between leaves nothing behind.
 */
#ifndef HW_CORE_NEWFILE_H
#define HW_CORE_NEWFILE_H

#include <stdbool.h>

#include "core/cleanup.h"

struct newfile {
	int dirfd;      /* the caller's */
	int fd;         /* write here */
	char temp[280]; /* its name until it is in place; empty while it has none */
	char name[256];
};
#define NEWFILE_NONE ((struct newfile){ .fd = -1 })

/* `name` lies directly in dirfd; mode 0600. 0 or -errno. */
int newfile_open(int dirfd, const char *name, struct newfile *ret);

/* Syncs and puts it in place: 0; -EEXIST when the name is taken and `replace` is false; -errno.
 * Nothing is left on failure. */
int newfile_commit(struct newfile *f, bool replace);

/* Forgets what was not committed. */
void newfile_done(struct newfile *f);

#endif
