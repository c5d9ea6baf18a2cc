/*
 * What the kernel says of each descriptor of a process, as text: /proc/PID/fd/N is a link,
 * /proc/PID/fdinfo/N has flags and numbers. The descriptor itself is never opened.
 *
 * Reading it is most of what descriptors cost, and needs nothing but the looks, so a thread of its
 * own does it for the whole tree while others work.
 */
#ifndef HW_COLLECTORS_FD_TEXTS_H
#define HW_COLLECTORS_FD_TEXTS_H

#include "core/array.h"
#include "core/strbuf.h"
#include "raw/raw.h"

/* More descriptors than this in one process are cut, with a gap: a leak of a million needs no full
 * list. */
#define FD_TEXTS_MAX 65536

struct fd_text {
	int64_t fd;
	size_t link, info;     /* in fd_texts.text */
	bool stat_known;       /* of a path: what follows */
	uint16_t mode;         /* of struct statx */
	uint64_t device, file; /* major << 32 | minor, inode */
};

struct fd_texts {
	int error; /* 0, or the errno that refused the list or one of its texts */
	bool cut;  /* there are more */
	ARRAY(struct fd_text)
	v; /* sorted by number; those that were closed meanwhile are left out */
	struct strbuf text;
};

/*
 * Begins to read those of all processes that have not been described (collectors.h's rounds); NULL
 * when memory is out. No process may be added or taken away until fd_texts_end().
 */
struct fd_texts_ahead *fd_texts_begin(struct raw_capture *c);

/*
 * What was read of a process, by its index. Waits until all is read. Where reading blocks, in the
 * file system behind a descriptor, the error is ETIMEDOUT of that process and those after it, and
 * the capture is `stuck`.
 */
const struct fd_texts *fd_texts_get(struct fd_texts_ahead *a, size_t process);
struct fd_texts_ahead *fd_texts_end(struct fd_texts_ahead *a);

#endif
