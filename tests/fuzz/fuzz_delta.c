/*
 * Fuzzes snapshot/delta.c as a decoder that was taken over would: rows of its choice, at the right
 * places. What is accepted is analysed, written and shown, as a report is; nothing of that checks
 * again.
 *
 * An input is a list of pieces: a table, a count of rows, their bytes; table 0 is strings.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analysis/analysis.h"
#include "core/fs.h"
#include "core/strbuf.h"
#include "formats/format.h"
#include "snapshot/check.h"
#include "snapshot/delta.h"
#include "snapshot/index.h"
#include "snapshot/schema.h"

/* As in delta.c, where it is nobody else's business. */
struct delta_head {
	uint32_t from[TABLE_MAX], n[TABLE_MAX];
	uint64_t strings_from, n_strings;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t row_size(unsigned t)
{
	return t == TABLE_REF ? sizeof(node_t) : snap_record((enum table)t)->size;
}

/* What the decoder was forked with: a process with two threads. */
static void base(struct builder *b)
{
	struct snap_process *p = BUILD(b, PROCESS);

	p->pid = 100;
	p->root = true;
	p->name = builder_str(b, "target");
	node_t owner = builder_last(b, TABLE_PROCESS);
	for (int i = 0; i < 2; i++) {
		struct snap_thread *t = BUILD(b, THREAD);
		t->owner = owner;
		t->tid = 100 + i;
	}
}

static int write_delta(const struct snapshot *s, const uint8_t *data, size_t n)
{
	struct strbuf rows[TABLE_MAX] = { 0 };
	struct delta_head h = { .strings_from = s->n_strings };
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0)
		abort();
	while (n >= 2) {
		unsigned t = data[0] % TABLE_MAX;
		size_t want = t ? row_size(t) * (data[1] % 8) : data[1];
		data += 2;
		n -= 2;
		/* The end of the input is filled up: short rows are rows. */
		size_t have = want < n ? want : n;
		strbuf_add_bytes(&rows[t], data, have);
		for (; have < want; have++)
			strbuf_add_bytes(&rows[t], "", 1);
		if (t)
			h.n[t] = (uint32_t)(rows[t].n / row_size(t));
		data += want < n ? want : n;
		n -= want < n ? want : n;
	}
	h.n_strings = rows[0].n;
	for (unsigned t = 1; t < TABLE_MAX; t++)
		h.from[t] = (uint32_t)s->tables[t].n;
	(void)fs_write_all(fd, &h, sizeof(h));
	for (unsigned t = 1; t < TABLE_MAX; t++)
		(void)fs_write_all(fd, strbuf_str(&rows[t]), rows[t].n);
	(void)fs_write_all(fd, strbuf_str(&rows[0]), rows[0].n);
	for (unsigned t = 0; t < TABLE_MAX; t++)
		strbuf_done(&rows[t]);
	return fd;
}

static void show(const struct snapshot *s)
{
	const struct view v = { .columns = 100 };
	struct snap_index x;

	if (snap_index_init(&x, s) < 0)
		return;
	for (size_t i = 0; formats[i]; i++) {
		char *text = NULL;
		size_t n = 0;
		FILE *out = open_memstream(&text, &n);
		if (!out)
			abort();
		(void)formats[i]->write(s, &x, &v, out);
		(void)fclose(out);
		free(text);
	}
	snap_index_done(&x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct builder b;
	char why[128];

	if (n > 1 << 16 || builder_init(&b) < 0)
		return 0;
	base(&b);
	int fd = write_delta(b.s, data, n);
	if (delta_apply(&b, fd, why, sizeof(why)) == 0) {
		if (snapshot_check(b.s, why, sizeof(why)) < 0)
			abort();
		if (analyse(&b) == 0 && b.error == 0) {
			if (snapshot_check(b.s, why, sizeof(why)) < 0)
				abort();
			show(b.s);
		}
	} else if (snapshot_check(b.s, why, sizeof(why)) < 0) {
		abort(); /* it was taken back */
	}
	(void)close(fd);
	builder_done(&b);
	return 0;
}
