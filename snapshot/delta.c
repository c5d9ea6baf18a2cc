/*
 * Shipping appended rows; see delta.h. Rows are plain structs without pointers, so they travel as
 * bytes; both sides are the same program, forked. A memfd carries them, since a socket message is
 * bounded.
 */
#include "snapshot/delta.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "core/array.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/util.h"
#include "snapshot/check.h"
#include "snapshot/schema.h"

/* A capture that needs more than this is wrong: 10,000 threads of 20 frames are 20 MiB. */
#define DELTA_MAX_BYTES (1ull << 30)

struct delta_head {
	uint32_t from[TABLE_MAX], n[TABLE_MAX]; /* first row and count of each table */
	uint64_t strings_from, n_strings;
};

void delta_mark(const struct snapshot *s, struct delta_mark *ret)
{
	for (unsigned t = 0; t < TABLE_MAX; t++)
		ret->rows[t] = (uint32_t)s->tables[t].n;
	ret->strings = s->n_strings;
}

int delta_write(const struct snapshot *s, struct delta_mark *mark, int *ret_fd)
{
	struct delta_head h = { .strings_from = mark->strings,
				.n_strings = s->n_strings - mark->strings };
	CLEANUP(fd_closep) int fd = memfd_create("hangwatch-delta", MFD_CLOEXEC);
	struct iovec parts[TABLE_MAX + 1]; /* one call instead of one for each table */
	int n = 0;

	if (fd < 0)
		return -errno;
	parts[n++] = (struct iovec){ &h, sizeof(h) };
	for (unsigned t = 1; t < TABLE_MAX; t++) {
		h.from[t] = mark->rows[t];
		h.n[t] = (uint32_t)s->tables[t].n - mark->rows[t];
		if (h.n[t])
			parts[n++] = (struct iovec){ (char *)s->tables[t].rows +
							     h.from[t] * snap_row_size(t),
						     h.n[t] * snap_row_size(t) };
	}
	parts[n++] = (struct iovec){ s->strings + h.strings_from, h.n_strings };
	int r = fs_writev_all(fd, parts, n);
	if (r < 0)
		return r;
	delta_mark(s, mark);
	*ret_fd = take_fd(fd);
	return 0;
}

/* Reads exactly n bytes at *off; a writer that shrinks the file meanwhile yields -EBADMSG, not a
 * fault. */
static int take(int fd, off_t *off, void *to, size_t n)
{
	char *p = to;

	while (n) {
		ssize_t r = pread(fd, p, n, *off);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EBADMSG;
		p += r;
		*off += r;
		n -= (size_t)r;
	}
	return 0;
}

static int append(struct builder *b, const struct delta_mark *before, int fd, char *why, size_t cap)
{
	struct snapshot *s = b->s;
	struct delta_head h;
	off_t off = 0;
	uint64_t total = 0;
	int r = take(fd, &off, &h, sizeof(h));

	if (r < 0)
		return r;
	for (unsigned t = 1; t < TABLE_MAX; t++) {
		total += (uint64_t)h.n[t] * snap_row_size(t);
		if (h.from[t] != s->tables[t].n || h.n[t] > (1u << 28) - s->tables[t].n) {
			(void)snprintf(why, cap, "rows of table %u do not follow ours", t);
			return -EBADMSG;
		}
	}
	if (h.strings_from != s->n_strings || h.n_strings > DELTA_MAX_BYTES ||
	    total + h.n_strings > DELTA_MAX_BYTES) {
		(void)snprintf(why, cap, "strings do not follow ours, or too many bytes");
		return -EBADMSG;
	}
	for (unsigned t = 1; t < TABLE_MAX; t++) {
		struct snap_table *table = &s->tables[t];
		size_t size = snap_row_size(t);
		if (!h.n[t])
			continue;
		r = array_reserve(&table->rows, &table->cap, table->n + h.n[t], size);
		if (r == 0)
			r = take(fd, &off, (char *)table->rows + table->n * size, h.n[t] * size);
		if (r < 0)
			return r;
		table->n += h.n[t];
	}
	r = array_reserve((void **)&s->strings, &s->cap_strings, s->n_strings + h.n_strings, 1);
	if (r == 0)
		r = take(fd, &off, s->strings + s->n_strings, h.n_strings);
	if (r < 0)
		return r;
	s->n_strings += h.n_strings;
	return snapshot_check_appended(s, before->rows, why, cap);
}

int delta_apply(struct builder *b, int fd, char *why, size_t cap)
{
	struct delta_mark before;

	if (b->error < 0)
		return b->error;
	if (cap)
		why[0] = '\0';
	delta_mark(b->s, &before);
	int r = append(b, &before, fd, why, cap);
	if (r < 0) {
		for (unsigned t = 1; t < TABLE_MAX; t++)
			builder_truncate(b, (enum table)t, before.rows[t]);
		b->s->n_strings = before.strings;
	}
	return r;
}
