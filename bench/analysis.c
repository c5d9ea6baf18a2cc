/*
 * How long the analysis alone takes: synthetic snapshots of several shapes, each in growing sizes.
 *
 * analysis [RUNS] [SHAPE]
 *
 * For each it prints the rows, the median of the CPU time with its spread, and how much more time a
 * row costs than in the smallest of the same shape: near 1 is linear. Every run analyses a snapshot
 * made anew. Asserts nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "analysis/analysis.h"
#include "core/util.h"
#include "snapshot/schema.h"

enum { RUNS_MAX = 99, FDS_PER_THREAD = 10, FRAMES = 12 };

struct maker {
	struct builder b;
	int64_t next_id, next_inode;
};

#define STR(m, text) builder_str(&(m)->b, text)

/* ---- rows ---- */

static node_t process(struct maker *m, node_t parent, const char *name)
{
	str_t word = STR(m, name), state = STR(m, "S"), exe = STR(m, "/usr/bin/server");
	struct snap_process *p = BUILD(&m->b, PROCESS);

	p->pid = p->ns_pid = m->next_id++;
	p->parent = parent;
	p->root = parent == NODE_NONE;
	p->name = word;
	p->exe = exe;
	p->state = state;
	p->fds_seen = p->forked_not_execed = TRI_YES;
	p->exit.presence = PRESENCE_NONE;
	p->pid_ns = p->net_ns = 1;
	node_t n = builder_last(&m->b, TABLE_PROCESS);
	(void)builder_fact(&m->b, n, "/proc/1/status", "sig_caught", 0, "catches nothing");
	return n;
}

static void stack(struct maker *m, node_t owner, const char *inner)
{
	uint32_t first = SNAP_N(m->b.s, FRAME);
	char function[32];

	for (int i = 0; i < FRAMES; i++) {
		(void)snprintf(function, sizeof(function), "%s_%d", inner, i);
		str_t word = STR(m, function), module = STR(m, "libserver.so.1");
		struct snap_frame *f = BUILD(&m->b, FRAME);
		f->kind = FRAME_NATIVE;
		f->trust = TRUST_CFI;
		f->function = word;
		f->module = module;
	}
	struct snap_stack *s = BUILD(&m->b, STACK);
	s->owner = owner;
	s->frames = (struct span){ first, FRAMES };
	s->complete = 1;
}

static node_t thread(struct maker *m, node_t owner, const char *call, int64_t arg0, int64_t arg1,
		     int64_t arg3)
{
	str_t name = STR(m, "worker"), state = STR(m, "S"), word = STR(m, call);
	struct snap_thread *t = BUILD(&m->b, THREAD);
	node_t n = builder_last(&m->b, TABLE_THREAD);
	bool leads = n == NODE(TABLE_THREAD, 0) ||
		     SNAP_ROW(m->b.s, THREAD, node_index(n) - 1)->owner != owner;

	t->owner = owner;
	t->tid = t->ns_tid =
		leads ? SNAP_ROW(m->b.s, PROCESS, node_index(owner))->pid : m->next_id++;
	t->activity = ACTIVITY_PARKED;
	t->name = name;
	t->state = state;
	t->call.presence = PRESENCE_HERE;
	t->call.name = word;
	t->call.nr = 0;
	memcpy(t->call.args, (int64_t[6]){ arg0, arg1, 0, arg3 }, sizeof(t->call.args));
	stack(m, n, call);
	(void)builder_fact(&m->b, n, "/proc/1/syscall", "syscall", 0, "sleeps in %s", call);
	for (int i = 0; i < 3; i++) {
		struct snap_sample *s = BUILD(&m->b, SAMPLE);
		s->owner = n;
		s->at_ns = i * 200 * NSEC_PER_MSEC;
		s->cpu_ns = s->switches = s->io_bytes = 0;
		s->stack_hash = 7;
	}
	return n;
}

static node_t resource(struct maker *m, enum resource_kind kind)
{
	str_t text = STR(m, snap_word(names_resource_kind, kind)), state = STR(m, "ESTABLISHED");
	struct snap_resource *r = BUILD(&m->b, RESOURCE);

	r->kind = (uint8_t)kind;
	r->inode = m->next_inode++;
	r->device = 1;
	r->text = text;
	r->state = state;
	r->holders_complete = TRI_YES;
	r->outside_held = TRI_NO;
	return builder_last(&m->b, TABLE_RESOURCE);
}

static void fd(struct maker *m, node_t owner, int64_t number, node_t r, bool inherited)
{
	str_t kind = STR(m, snap_word(names_resource_kind,
				      SNAP_ROW(m->b.s, RESOURCE, node_index(r))->kind));
	struct snap_fd *f = BUILD(&m->b, FD);

	f->owner = owner;
	f->fd = number;
	f->resource = r;
	f->kind = kind;
	f->readable = f->writable = 1;
	f->inherited = inherited ? TRI_YES : TRI_NO;
}

static void watch(struct maker *m, node_t set, node_t owner, int64_t number, node_t r)
{
	struct snap_watch *w = BUILD(&m->b, WATCH);

	w->owner = set;
	w->process = owner;
	w->fd = number;
	w->resource = r;
	w->events = EPOLLIN;
	w->armed = 1;
}

static void futex(struct maker *m, node_t sleeper, int64_t owner)
{
	(void)builder_fact(&m->b, sleeper, "memory", "futex_kind", 0, "mutex");
	(void)builder_fact(&m->b, sleeper, "memory", "futex_owner", owner, "owned by %lld",
			   (long long)owner);
}

/* ---- shapes ---- */

enum { FUTEX_WAIT_PRIVATE = 128 };

/*
 * A parent that waits in epoll for the exit of its forked children and for what they send; each
 * child waits for the parent and has two threads besides. All hold the same three pipes, and files
 * of their own.
 */
static void make_tree(struct maker *m, uint32_t threads)
{
	uint32_t n = MAX(1u, threads / 3);
	node_t pipes[3], root = process(m, NODE_NONE, "parent"), set = resource(m, RESOURCE_EPOLL);
	node_t *peer = calloc(n, sizeof(*peer)), *ours = calloc(n, sizeof(*ours)),
	       *end = calloc(n, sizeof(*end));

	if (!peer || !ours || !end)
		exit(1);
	for (int i = 0; i < 3; i++)
		pipes[i] = resource(m, RESOURCE_PIPE);
	(void)thread(m, root, "epoll_wait", 3, 0, -1);
	for (uint32_t i = 0; i < n; i++) {
		ours[i] = resource(m, RESOURCE_UNIX);
		peer[i] = resource(m, RESOURCE_UNIX);
		end[i] = resource(m, RESOURCE_PIDFD);
		SNAP_ROW(m->b.s, RESOURCE, node_index(ours[i]))->peer = peer[i];
		SNAP_ROW(m->b.s, RESOURCE, node_index(peer[i]))->peer = ours[i];
	}
	for (int i = 0; i < 3; i++)
		fd(m, root, i, pipes[i], false);
	fd(m, root, 3, set, false);
	for (uint32_t i = 0; i < n; i++) {
		fd(m, root, 4 + 2 * i, ours[i], false);
		watch(m, set, root, 4 + 2 * i, ours[i]);
		fd(m, root, 5 + 2 * i, end[i], false);
		watch(m, set, root, 5 + 2 * i, end[i]);
	}
	for (uint32_t i = 0; i < n; i++) {
		node_t p = process(m, root, "child"), own = resource(m, RESOURCE_EPOLL);
		SNAP_ROW(m->b.s, RESOURCE, node_index(end[i]))->target = p;
		(void)thread(m, p, "epoll_wait", 3, 0, -1);
		(void)thread(m, p, "futex", 0x1000, FUTEX_WAIT_PRIVATE, 0);
		(void)thread(m, p, "read", 0, 0, 0);
		for (int k = 0; k < 3; k++)
			fd(m, p, k, pipes[k], true);
		fd(m, p, 3, own, false);
		fd(m, p, 4, peer[i], true);
		watch(m, own, p, 4, peer[i]);
		for (int k = 5; k < 3 * FDS_PER_THREAD - 2; k++)
			fd(m, p, k, resource(m, RESOURCE_FILE), false);
	}
	free(peer);
	free(ours);
	free(end);
}

/* One process: a third of its threads wait for mutexes of others, a third on conditions, a third in
 * one pipe they all hold. */
static void make_threads(struct maker *m, uint32_t threads)
{
	node_t p = process(m, NODE_NONE, "server"), pipe = resource(m, RESOURCE_PIPE);

	for (uint32_t i = 0; i < threads; i++) {
		if (i % 3 == 2) {
			(void)thread(m, p, "read", 3, 0, 0);
			continue;
		}
		node_t t = thread(m, p, "futex", 0x1000 + 64 * i, FUTEX_WAIT_PRIVATE, 0);
		if (i % 3 == 1)
			futex(m, t, SNAP_ROW(m->b.s, THREAD, node_index(t) - 1)->tid);
	}
	for (uint32_t i = 0; i < threads * FDS_PER_THREAD; i++)
		fd(m, p, i, i == 3 ? pipe : resource(m, RESOURCE_FILE), false);
}

/* Each thread waits for the mutex of the next one; the last one sleeps. */
static void make_chain(struct maker *m, uint32_t threads)
{
	node_t p = process(m, NODE_NONE, "chain");
	int64_t pid = SNAP_ROW(m->b.s, PROCESS, node_index(p))->pid;

	for (uint32_t i = 0; i < threads; i++) {
		bool last = i + 1 == threads;
		node_t t = thread(m, p, last ? "pause" : "futex", 0x1000 + 64 * i,
				  FUTEX_WAIT_PRIVATE, 0);
		if (!last)
			futex(m, t, pid + i + 1);
	}
}

/* A pipeline: each process reads what the one before it writes. */
static void make_pipeline(struct maker *m, uint32_t threads)
{
	node_t before = NODE_UNKNOWN;

	for (uint32_t i = 0; i < threads; i++) {
		node_t p = process(m, i ? NODE(TABLE_PROCESS, 0) : NODE_NONE, "stage");
		node_t to_next = resource(m, RESOURCE_PIPE);
		(void)thread(m, p, i + 1 == threads ? "pause" : "read", 0, 0, 0);
		if (i) {
			fd(m, p, 1, before, false);
			SNAP_ROW(m->b.s, FD, SNAP_N(m->b.s, FD) - 1)->readable = 0;
		}
		fd(m, p, i ? 2 : 0, to_next, false);
		SNAP_ROW(m->b.s, FD, SNAP_N(m->b.s, FD) - 1)->writable = 0;
		SNAP_ROW(m->b.s, THREAD, i)->call.args[0] = i ? 2 : 0;
		before = to_next;
	}
}

static node_t task(struct maker *m, node_t p, node_t loop, node_t parent, enum task_wait wait)
{
	str_t runtime = STR(m, "trio"), name = STR(m, "worker"), on = STR(m, "Event.wait");
	struct snap_task *t = BUILD(&m->b, TASK);
	node_t n = builder_last(&m->b, TABLE_TASK);

	t->owner = p;
	t->thread = loop;
	t->runtime = runtime;
	t->name = name;
	t->parent = parent;
	t->state = TASK_WAITING;
	t->main = parent == NODE_NONE;
	t->nursery = parent == NODE_NONE ? SNAP_UNKNOWN : 0;
	t->waits_on = on;
	t->wait = (uint8_t)wait;
	t->object = 0x7f0000000000 + 64 * (int64_t)node_index(n);
	stack(m, n, "task");
	return n;
}

/* A trio program: servers with a nursery each, their workers in events, channels and on sockets of
 * an epoll set. */
static void make_tasks(struct maker *m, uint32_t tasks)
{
	static const enum task_wait waits[] = { TASK_WAIT_EVENT, TASK_WAIT_CHANNEL_RECEIVE,
						TASK_WAIT_FD };
	node_t p = process(m, NODE_NONE, "trio"), set = resource(m, RESOURCE_EPOLL);
	node_t loop = thread(m, p, "epoll_wait", 3, 0, -1), server = NODE_UNKNOWN;
	str_t python = STR(m, "cpython");
	struct snap_runtime *r = BUILD(&m->b, RUNTIME);

	r->owner = p;
	r->name = python;
	fd(m, p, 3, set, false);
	node_t top = task(m, p, loop, NODE_NONE, TASK_WAIT_NURSERY);
	for (uint32_t i = 0; i < tasks; i++) {
		if (i % 64 == 0) {
			server = task(m, p, loop, top, TASK_WAIT_NURSERY);
			continue;
		}
		node_t k = task(m, p, loop, server, waits[i % 3]);
		if (i % 3 != 2)
			continue;
		node_t ours = resource(m, RESOURCE_UNIX), theirs = resource(m, RESOURCE_UNIX);
		SNAP_ROW(m->b.s, RESOURCE, node_index(ours))->peer = theirs;
		SNAP_ROW(m->b.s, RESOURCE, node_index(theirs))->peer = ours;
		fd(m, p, 4 + 2 * i, ours, false);
		fd(m, p, 5 + 2 * i, theirs, false);
		watch(m, set, p, 4 + 2 * i, ours);
		SNAP_ROW(m->b.s, WATCH, SNAP_N(m->b.s, WATCH) - 1)->task = k;
		SNAP_ROW(m->b.s, TASK, node_index(k))->fd = 4 + 2 * i;
	}
}

/* ---- measuring ---- */

static const struct shape {
	const char *name, *unit;
	void (*make)(struct maker *, uint32_t n);
	uint32_t sizes[4];
} shapes[] = {
	{ "tree", "forked tree", make_tree, { 68, 1000, 10000 } },
	{ "threads", "one process", make_threads, { 68, 1000, 10000 } },
	{ "chain", "chain of mutexes", make_chain, { 68, 1000, 10000 } },
	{ "pipeline", "pipeline", make_pipeline, { 68, 1000, 10000 } },
	{ "tasks", "async program", make_tasks, { 68, 1000, 10000, 100000 } },
};

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* It computes and never waits: what others do on the machine meanwhile does not count. */
static int64_t cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

/* Milliseconds for the analysis of one snapshot; its rows. */
static double once(const struct shape *shape, uint32_t n, char *rows, size_t cap, double *ret_rows)
{
	struct maker m = { .next_id = 1000, .next_inode = 1000 };

	if (builder_init(&m.b) < 0)
		exit(1);
	shape->make(&m, n);
	const struct snapshot *s = m.b.s;
	*ret_rows = SNAP_N(s, PROCESS) + SNAP_N(s, THREAD) + SNAP_N(s, TASK) + SNAP_N(s, FD);
	int64_t begin = cpu_ns();
	int r = analyse(&m.b);
	double ms = (double)(cpu_ns() - begin) / 1e6;
	if (r < 0) {
		(void)fprintf(stderr, "analysis: %s\n", strerror(-r));
		exit(1);
	}
	(void)snprintf(rows, cap, "%u | %u | %u | %u | %u | %s", SNAP_N(s, PROCESS),
		       SNAP_N(s, THREAD), SNAP_N(s, TASK), SNAP_N(s, FD), SNAP_N(s, WAIT),
		       snap_word(names_verdict_class, SNAP_ROW(s, VERDICT, 0)->class));
	builder_done(&m.b);
	return ms;
}

int main(int argc, char **argv)
{
	int asked = argc > 1 ? atoi(argv[1]) : 7, some = MAX(asked, 1),
	    runs = MIN(some, (int)RUNS_MAX);
	double ms[RUNS_MAX], least = 0, count;
	char rows[160];

	(void)printf(
		"| shape | processes | threads | tasks | fds | waits | verdict | CPU ms | µs a row | times the smallest's |\n"
		"|---|---:|---:|---:|---:|---:|---|---:|---:|---:|\n");
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		if (argc > 2 && strcmp(argv[2], shapes[i].name) != 0)
			continue;
		for (int k = 0; k < 4 && shapes[i].sizes[k]; k++) {
			for (int run = 0; run < runs; run++)
				ms[run] = once(&shapes[i], shapes[i].sizes[k], rows, sizeof(rows),
					       &count);
			qsort(ms, (size_t)runs, sizeof(*ms), by_value);
			double per_row = ms[runs / 2] * 1e3 / count;
			if (!k)
				least = per_row;
			(void)printf("| %s | %s | %.2f (%.2f–%.2f) | %.2f | %.1f |\n",
				     shapes[i].unit, rows, ms[runs / 2], ms[0], ms[runs - 1],
				     per_row, per_row / least);
			(void)fflush(stdout);
		}
	}
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		(void)printf("\nPeak %ld MiB.\n", usage.ru_maxrss / 1024);
	return 0;
}
