/*
 * Fuzzes runtimes/: interpreters, objects, frames and task trees in a memory that is made of the
 * input.
 *
 * The input is a recording (tests/python/record.c) of what was read from a real process, and what a
 * fuzzer makes of it:
 *
 *	u32 n, n bytes		/proc/PID/maps, as far as it is looked at
 *	u16 n, n times i32	ids of its threads
 *	u64 address, u16 n, n bytes	pieces of its memory, until the end
 *
 * Seeds: tests/fuzz/make_python_seeds.py.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "decode/memory.h"
#include "raw/request.h"
#include "runtimes/runtime.h"
#include "snapshot/check.h"

enum { PAGE_BYTES = 4096, THREADS_MAX = 64, PAGES_MAX = 4096, DESCRIPTORS = 32 };

/* Longer than any one reading takes, shorter than a second try. */
#define BUDGET_NS (2 * NSEC_PER_MSEC)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct cursor {
	const uint8_t *at;
	size_t left;
};

static bool take(struct cursor *c, void *to, size_t n)
{
	if (c->left < n)
		return false;
	memcpy(to, c->at, n);
	c->at += n;
	c->left -= n;
	return true;
}

/* ---- the memory ---- */

struct space {
	struct map by_number;
	ARRAY(uint8_t *) pages;
};

static void space_put(struct space *s, uint64_t address, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		size_t at = address % PAGE_BYTES, part = MIN(n, PAGE_BYTES - at);
		uint64_t index;

		if (!map_get(&s->by_number, address / PAGE_BYTES, &index)) {
			uint8_t **slot = s->pages.n < PAGES_MAX ? array_push(&s->pages) : NULL;

			if (!slot || !(*slot = calloc(1, PAGE_BYTES)))
				return;
			index = s->pages.n - 1;
			(void)map_set(&s->by_number, address / PAGE_BYTES, index);
		}
		memcpy(s->pages.v[index] + at, bytes, part);
		address += part;
		bytes += part;
		n -= part;
	}
}

static ssize_t space_read(void *arg, uint64_t address, void *to, size_t n)
{
	const struct space *s = arg;
	uint64_t index;
	size_t done = 0;

	while (done < n && map_get(&s->by_number, (address + done) / PAGE_BYTES, &index)) {
		size_t at = (address + done) % PAGE_BYTES, part = MIN(n - done, PAGE_BYTES - at);

		memcpy((uint8_t *)to + done, s->pages.v[index] + at, part);
		done += part;
	}
	return done ? (ssize_t)done : -EFAULT;
}

static void space_fill(struct space *s, struct cursor *c)
{
	uint64_t address;
	uint16_t n;

	while (take(c, &address, sizeof(address)) && take(c, &n, sizeof(n))) {
		size_t part = MIN((size_t)n, c->left);

		space_put(s, address, c->at, part);
		c->at += part;
		c->left -= part;
	}
}

static void space_done(struct space *s)
{
	for (size_t i = 0; i < s->pages.n; i++)
		free(s->pages.v[i]);
	array_done(&s->pages);
	map_done(&s->by_number);
}

/* ---- the acquirer: nothing ever moves, and nothing can be held ---- */

static void *serve(void *arg)
{
	struct request q;
	int fd, sock = *(int *)arg;

	while (request_receive(sock, &q, &fd) == 0) {
		struct response p = { .status = q.kind == REQUEST_HOLD ? -EPERM : 0,
				      .asked = q.asked };

		(void)fd_close(fd);
		if (response_send(sock, &p, -1) < 0)
			break;
	}
	return NULL;
}

static int requests(void)
{
	static int pair[2] = { -1, -1 };
	pthread_t t;

	if (pair[0] >= 0)
		return pair[0];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    pthread_create(&t, NULL, serve, &pair[1]) != 0)
		abort();
	return pair[0];
}

/* ---- the process ---- */

static struct raw_maps *take_maps(struct cursor *c)
{
	struct raw_maps *maps;
	uint32_t n;

	if (!take(c, &n, sizeof(n)))
		return NULL;
	n = (uint32_t)MIN((size_t)n, c->left);
	char *text = malloc(n + 1);
	if (!text)
		return NULL;
	(void)take(c, text, n);
	text[n] = '\0';
	return raw_maps_parse(text, n, &maps, NULL) < 0 ? NULL : maps;
}

static void take_threads(struct cursor *c, struct builder *b, struct raw_process *raw,
			 struct decoded_process *p)
{
	uint16_t n = 0;
	int32_t tid;

	(void)take(c, &n, sizeof(n));
	for (size_t i = 0; i < n && i < THREADS_MAX && take(c, &tid, sizeof(tid)); i++) {
		struct raw_thread *t = array_push(&raw->threads);
		struct snap_thread *row = BUILD(b, THREAD);

		if (!t)
			return;
		row->owner = raw->node;
		t->node = builder_last(b, TABLE_THREAD);
		t->tid = t->ns_tid = tid;
		t->status.known = true;
		t->status.caught = 0xa02; /* SIGINT, SIGUSR1, SIGUSR2 */
	}
	for (size_t i = 0; i < raw->threads.n; i++) {
		struct decoded_thread *t = array_push(&p->threads);

		if (t)
			t->raw = &raw->threads.v[i];
	}
}

/* It is connected to itself: who uses its descriptors is looked for, too. */
static void add_descriptors(struct builder *b, node_t process)
{
	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		struct snap_resource *r = BUILD(b, RESOURCE);
		node_t resource = builder_last(b, TABLE_RESOURCE);

		r->kind = RESOURCE_UNIX;
		r->peer = fd % 2 ? resource - 1 : resource + 1;
		struct snap_fd *row = BUILD(b, FD);
		row->owner = process;
		row->fd = fd;
		row->resource = resource;
	}
}

static void read_once(struct decoded_process *p)
{
	for (size_t i = 0; runtimes[i]; i++)
		if (runtimes[i]->stage == RUNTIME_LANGUAGE)
			(void)runtimes[i]->decode(p);
	for (size_t i = 0; runtimes[i]; i++)
		if (runtimes[i]->done)
			runtimes[i]->done(p);
}

/* Whatever was read, the rows must be in order. */
static void check(struct builder *b)
{
	struct snapshot *s;
	char why[200];

	if (builder_finish(b, &s) < 0)
		return;
	if (getenv("FUZZ_PYTHON_VERBOSE"))
		fprintf(stderr, "%u tasks, %u frames, %u gaps\n", SNAP_N(s, TASK), SNAP_N(s, FRAME),
			SNAP_N(s, GAP));
	if (snapshot_check(s, why, sizeof(why)) < 0) {
		fprintf(stderr, "fuzz_python: %s\n", why);
		abort();
	}
	snapshot_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct raw_options options = { .stop = STOP_NEVER, .locals = true };
	struct cursor c = { data, n };
	struct space space = { 0 };
	struct memory_backend backend = { .read = space_read, .arg = &space };
	struct builder b;
	struct raw_process raw = {
		.memfd = -1, .taskfd = -1, .pidfd = -1, .procfd = -1, .parent = SIZE_MAX
	};
	struct raw_capture capture = { .b = &b, .options = &options };
	struct decoded_process p = {
		.capture = &capture, .b = &b, .raw = &raw, .sock = requests()
	};

	if (builder_init(&b) < 0)
		return 0;
	raw.maps = take_maps(&c);
	(void)BUILD(&b, PROCESS);
	raw.node = builder_last(&b, TABLE_PROCESS);
	add_descriptors(&b, raw.node);
	take_threads(&c, &b, &raw, &p);
	space_fill(&space, &c);
	p.deadline = deadline_in(BUDGET_NS);
	if (raw.maps && memory_new(&backend, 4 << 20, &p.memory) == 0)
		read_once(&p);
	(void)memory_free(p.memory);
	for (size_t i = 0; i < p.threads.n; i++)
		array_done(&p.threads.v[i].frames);
	array_done(&p.threads);
	array_done(&p.locals);
	array_done(&raw.threads);
	(void)raw_maps_unref(raw.maps);
	space_done(&space);
	check(&b);
	builder_done(&b);
	return 0;
}
