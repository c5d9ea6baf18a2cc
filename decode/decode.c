/*
 * The confined part from its fork to its end; see decode.h.
 *
 * One process after the other: whatever one of them holds against us, the rows of those before it
 * are sent already.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/util.h"
#include "decode/confine.h"
#include "decode/decode.h"
#include "decode/files.h"
#include "decode/lines.h"
#include "decode/process.h"
#include "decode/readahead.h"
#include "decode/stacks.h"
#include "decode/turning.h"
#include "raw/request.h"
#include "snapshot/delta.h"

/* Freed memory that is kept for the next process. */
enum { KEEP_BYTES = 64 << 20 };

/* Source lines are a comfort: they may not take the time that frames and tasks need. */
#define LINES_BUDGET_NS (25 * NSEC_PER_MSEC)

static bool worth_decoding(const struct raw_process *p)
{
	return p->maps && p->threads.n && !p->kernel_thread && !p->zombie && !p->refused;
}

/* The first from there on; how many there are when there is none. */
static size_t next_worth(const struct raw_capture *c, size_t from)
{
	while (from < c->processes.n && !worth_decoding(&c->processes.v[from]))
		from++;
	return from;
}

static int send_rows(struct decoder *d, struct delta_mark *mark)
{
	struct request q = { .kind = REQUEST_DELTA };
	CLEANUP(fd_closep) int fd = -1;

	if (d->b->error)
		return d->b->error;
	int r = delta_write(d->b->s, mark, &fd);
	return r < 0 ? r : request_send(d->sock, &q, fd);
}

static void tell_lines(struct decoder *d)
{
	const char *path = NULL;
	size_t n = d->lines ? lines_missed(d->lines, &path) : 0;
	char what[512];

	if (!n)
		return;
	(void)snprintf(what, sizeof(what),
		       n == 1 ? "source lines in %s" : "source lines in %s and %zu more files",
		       path, n - 1);
	builder_gap(d->b, NODE_UNKNOWN, false, what,
		    "reading its debug information would take longer than all else", NULL);
}

/* As many as there are sets for: the next one's pages are to be there when it is its turn. */
static void read_ahead(struct decoder *d, size_t current)
{
	size_t next = current;

	for (unsigned i = 1; i < RAW_PAGE_SETS; i++) {
		next = next_worth(d->capture, next + 1);
		readahead_ask(d->readahead, current, next);
	}
}

static int decode_all(struct decoder *d, struct delta_mark *mark)
{
	unsigned left = 0;
	int r = 0;

	for (size_t i = 0; i < d->capture->processes.n && r == 0; i++) {
		if (!worth_decoding(&d->capture->processes.v[i]))
			continue;
		if (deadline_passed(d->deadline)) {
			left++;
			continue;
		}
		read_ahead(d, i);
		decode_process(d, i);
		r = send_rows(d, mark);
	}
	if (left) {
		char what[64];

		(void)snprintf(what, sizeof(what), "stacks and tasks of %u process%s", left,
			       left == 1 ? "" : "es");
		builder_gap(d->b, NODE_UNKNOWN, true, what, "the time for decoding was used up",
			    NULL);
	}
	tell_lines(d);
	return r == 0 ? send_rows(d, mark) : r;
}

static int decoder_init(struct decoder *d, struct request_files *files)
{
	struct module_files source = request_files(files);
	int r = module_cache_new(&source, &d->cache);

	if (r == 0)
		r = unwinder_new(&d->unwinder);
	if (r == 0)
		r = symbols_new(&d->symbols);
	if (r == 0)
		r = readahead_new(d->capture, d->sock, &d->readahead);
	if (r == 0 && d->capture->options->lines)
		r = lines_new(MIN(deadline_left_ns(d->deadline) / 4, LINES_BUDGET_NS), &d->lines);
	return r;
}

/* Descriptors that are needed on: the socket, the targets' memory, and whether they stand still. */
static int enter(struct raw_capture *c, int sock)
{
	size_t n = 0, room = 1 + 2 * c->processes.n;

	for (size_t i = 0; i < c->processes.n; i++)
		room += c->processes.v[i].threads.n;
	CLEANUP(freep) int *keep = malloc(room * sizeof(*keep));
	if (!keep)
		return -ENOMEM;
	keep[n++] = sock;
	for (size_t i = 0; i < c->processes.n; i++) {
		const struct raw_process *p = &c->processes.v[i];

		keep[n++] = p->memfd;
		keep[n++] = p->taskfd;
		for (size_t k = 0; k < p->threads.n; k++)
			keep[n++] = p->threads.v[k].runfd;
	}
	return confine_enter(keep, n, c->options->decode_budget_ns);
}

_Noreturn void decode_main(struct raw_capture *c, int sock)
{
	/* Our own end comes before the one that others set: rows must still be sent. */
	int64_t budget = MIN(c->options->decode_budget_ns, deadline_left_ns(c->deadline));
	struct decoder d = {
		.capture = c,
		.b = c->b,
		.sock = sock,
		.deadline = deadline_in(budget - budget / 10),
		.turning_ns = TURNING_TREE_NS,
	};
	struct request_files files = { .sock = sock, .deadline = d.deadline };
	struct request done = { .kind = REQUEST_DONE };
	struct delta_mark mark;

	delta_mark(c->b->s, &mark);
	/* Pages of one process serve for the next, instead of going back to the kernel and coming
	 * anew. */
	(void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	(void)mallopt(M_TOP_PAD, 1 << 20);
	/* No foreign byte is touched by these; libunwind sets itself up. */
	if (decoder_init(&d, &files) < 0)
		_exit(1);
	int r = enter(c, sock);
	if (r < 0)
		_exit(1);
	if (r > 0)
		builder_gap(
			c->b, NODE_UNKNOWN, false,
			"the filter around the decoder of foreign memory",
			"the kernel refused a seccomp filter; the decoder ran without rights, but unfiltered",
			NULL);
	r = decode_all(&d, &mark);
	if (r == 0)
		r = request_send(sock, &done, -1);
	_exit(r < 0 ? 1 : 0);
}
