/*
 * One process for the decoder: its memory, its stacks, what its runtimes say, and the rows of it
 * all; see process.h.
 */
#include "decode/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "decode/args.h"
#include "decode/memory.h"
#include "decode/readahead.h"
#include "decode/stacks.h"
#include "decode/turning.h"
#include "raw/request.h"
#include "raw/run.h"
#include "runtimes/runtime.h"

/* Pages of one process kept for stacks and arguments; a runtime that reads a heap has a cache of
 * its own. */
enum { PAGES_BYTES = 16 << 20 };

void decoded_runtimes_run(struct decoded_process *p)
{
	bool any = false;

	for (size_t i = 0; runtimes[i]; i++) {
		if (runtimes[i]->stage != RUNTIME_LANGUAGE)
			continue;
		int r = runtimes[i]->decode(p);
		if (r < 0)
			builder_gap(p->b, p->raw->node, false, "frames and tasks of its language",
				    strerror(-r), NULL);
		any |= r <= 0;
	}
	if (any)
		return;
	struct snap_runtime *row = BUILD(p->b, RUNTIME);
	row->owner = p->raw->node;
	row->name = STR_NONE;
}

/* The runtimes first: what they read is the larger part, and is to be read ahead before all else. */
void decoded_process_done(struct decoded_process *p)
{
	for (size_t i = 0; runtimes[i]; i++)
		if (runtimes[i]->done)
			runtimes[i]->done(p);
	for (size_t i = 0; i < p->threads.n; i++)
		array_done(&p->threads.v[i].frames);
	array_done(&p->threads);
	array_done(&p->locals);
	if (p->memory)
		readahead_learn(p->decoder->readahead, p, p->memory);
	p->memory = memory_free(p->memory);
}

static ssize_t read_nothing(void *arg, uint64_t address, void *to, size_t n)
{
	return *(const int *)arg;
}

/* Its memory; where that is refused, one that answers every read with the reason. */
static int open_memory(struct decoder *d, struct decoded_process *p, int *refused)
{
	struct request q = { .kind = REQUEST_MEM, .process = (uint32_t)p->index };
	struct memory_backend backend = { .read = read_nothing, .arg = refused };
	int fd = p->raw->memfd;

	if (fd < 0)
		*refused = request_call(d->sock, &q, d->deadline, &fd, NULL);
	if (fd >= 0)
		backend = memory_backend_fd(fd);
	else if (*refused >= 0)
		*refused = -EFAULT;
	if (fd == p->raw->memfd)
		backend.done = NULL; /* shared with the runtimes' own readers */
	int r = memory_new(&backend, PAGES_BYTES, &p->memory);
	if (r < 0 && backend.done)
		backend.done(backend.arg);
	p->still = raw_run_still(p->raw);
	if (r == 0 && p->still)
		readahead_give(d->readahead, p, p->memory);
	return r;
}

/* Files that code on a stack came from and that could not be read, each once for the tree. */
static void tell_modules(struct decoder *d, struct decoded_process *p)
{
	for (size_t i = 0; i < module_cache_count(d->cache); i++) {
		struct module *m = module_cache_get(d->cache, i);
		char what[512];

		/* A file that is another now, or does not answer, is the acquirer's to tell. */
		if (!m->wanted || m->elf || m->told || m->error == -ESTALE ||
		    m->error == -ETIMEDOUT)
			continue;
		m->told = true;
		(void)snprintf(what, sizeof(what), "frames and names in %s", m->path);
		builder_gap(p->b, p->raw->node, false, what,
			    m->error == -ENOEXEC ? "the mapped file is no ELF file"
						 : strerror(-m->error),
			    m->error == -EPERM || m->error == -EACCES ? "run as root" : NULL);
	}
}

static int decode_views(struct decoder *d, struct decoded_process *p)
{
	struct stack_ends ends;
	int r = modules_get(d->cache, p->index, p->raw->maps, p->memory, &p->modules);

	if (r == 0)
		r = stacks_read(d, p, &ends);
	if (r < 0)
		return r;
	stacks_hash(d, p);
	args_read(p);
	decoded_runtimes_run(p);
	turning_look(p);
	turning_write(p);
	stacks_write(d, p, &ends);
	tell_modules(d, p);
	return 0;
}

void decode_process(struct decoder *d, size_t index)
{
	struct raw_process *raw = &d->capture->processes.v[index];
	/* A share that leaves something for the others, however hostile this one is. */
	int64_t share = deadline_left_ns(d->deadline) / 2;
	struct decoded_process p = {
		.capture = d->capture,
		.b = d->b,
		.raw = raw,
		.index = index,
		.sock = d->sock,
		.decoder = d,
		.deadline = deadline_in(share),
	};
	int refused = 0;
	int r = open_memory(d, &p, &refused);

	if (r == 0)
		r = decode_views(d, &p);
	if (r < 0)
		builder_gap(d->b, raw->node, true, "its stacks and tasks", strerror(-r), NULL);
	decoded_process_done(&p);
	if (raw->memfd >= 0)
		raw->memfd = fd_close(raw->memfd);
}
