/*
 * Fuzzes the reader of reports, packed or not, and everything that shows them: what was accepted
 * must be written and read again to the same bytes, and no format may stumble over it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/strbuf.h"
#include "formats/format.h"
#include "snapshot/file.h"
#include "snapshot/json.h"
#include "snapshot/read.h"
#include "snapshot/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int to_strbuf(void *arg, const void *p, size_t n)
{
	strbuf_add_bytes(arg, p, n);
	return 0;
}

static int read_packed(const uint8_t *data, size_t n, struct snapshot **ret)
{
	char why[200];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	int r = fs_write_all(fd, data, n);
	if (r == 0) {
		(void)lseek(fd, 0, SEEK_SET);
		r = report_read(fd, ret, why, sizeof(why));
	}
	(void)close(fd);
	return r;
}

static void write_again(const struct snapshot *s, const struct snap_index *x, struct strbuf *ret)
{
	static struct json j;

	json_begin(&j, to_strbuf, ret, 0);
	snapshot_write(s, x, &j);
	if (json_end(&j) < 0)
		abort();
}

static void show(const struct snapshot *s, const struct snap_index *x, const struct view *v)
{
	for (size_t i = 0; formats[i]; i++) {
		char *text = NULL;
		size_t n = 0;
		FILE *out = open_memstream(&text, &n);

		if (!out)
			return;
		(void)formats[i]->write(s, x, v, out);
		(void)fclose(out);
		free(text);
	}
}

static void round_trip(const struct strbuf *first)
{
	struct strbuf second = { 0 };
	struct snapshot *s = NULL;
	struct snap_index x;
	char why[200];

	if (snapshot_read(first->s, first->n, &s, why, sizeof(why)) < 0 ||
	    snap_index_init(&x, s) < 0)
		abort();
	write_again(s, &x, &second);
	if (first->n != second.n || memcmp(first->s, second.s, first->n) != 0)
		abort();
	snap_index_done(&x);
	snapshot_free(s);
	strbuf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct view views[] = {
		{ .columns = 100 },
		{ .parts = VIEW_CHAIN | VIEW_TREE | VIEW_TASKS | VIEW_HEAVY | VIEW_TIMELINE |
			   VIEW_FDS,
		  .all_frames = true,
		  .colour = true,
		  .ascii = true,
		  .columns = 40 },
		{ .explain = "verdict", .columns = 100 },
		{ .explain = "W0", .columns = 100 },
		{ .explain = "T0", .columns = 100 },
	};
	struct snapshot *s = NULL;
	struct snap_index x;
	struct strbuf text = { 0 };

	if (read_packed(data, n, &s) < 0)
		return 0;
	if (snap_index_init(&x, s) == 0) {
		write_again(s, &x, &text);
		round_trip(&text);
		for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
			show(s, &x, &views[i]);
		snap_index_done(&x);
	}
	strbuf_done(&text);
	snapshot_free(s);
	return 0;
}
