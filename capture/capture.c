/*
 * One capture, in the order that disturbs least: look first, touch last.
 *
 *	tree	who belongs to it
 *	looks	every sleeping thread, without a stop
 *	facts	what the kernel writes about processes and the machine
 *	ends	descriptors, and the few processes outside the tree that hold the other ends
 *	samples	does anything move? With a short stop for threads that could not be looked at
 *		(--stop)
 *	decode	in the confined child
 *	signals	only if asked for, when all else is done
 *	thought	waits, graph, verdict: a pure function of the rows
 *
 * What needs nothing but the looks, to read descriptors and to look through all other processes,
 * goes on beside the facts in threads of our own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "acquire/look.h"
#include "acquire/rows.h"
#include "acquire/signals.h"
#include "acquire/tracer.h"
#include "acquire/words.h"
#include "analysis/analysis.h"
#include "capture/session.h"
#include "collectors/collector.h"
#include "core/cleanup.h"
#include "core/util.h"
#include "snapshot/check.h"

/* Everything together; beyond it the report is written from what is there. */
#define CAPTURE_BUDGET_NS (60 * NSEC_PER_SEC)

/* Address space for stack copies; pages come when they are filled. 4,096 threads of 256 KiB. */
#define ARENA_BYTES (1ull << 30)

struct work {
	struct builder b;
	struct arena arena;
	struct raw_capture c;
	struct acquirer a;
	pid_t decoder; /* done, but perhaps not yet gone; or 0 */
};

/* What a thread that blocks may still use stays, as addresses: the memory is given back. */
static void give_back(void *p, size_t n)
{
	if (p)
		(void)madvise(p, n, MADV_REMOVE);
}

void session_settle(struct session *x)
{
	struct work *w = take_ptr(x->work);

	if (!w)
		return;
	decoder_end(w->decoder);
	worker_done(&w->c.worker);
	acquirer_done(&w->a);
	process_done_all(&w->c);
	if (w->c.hold)
		(void)munmap(w->c.hold, sizeof(*w->c.hold));
	if (w->c.moment)
		(void)munmap(w->c.moment, sizeof(*w->c.moment));
	array_done(&w->c.outside);
	map_done(&w->c.resources);
	map_done(&w->c.clocks_read);
	free(w->c.locks);
	builder_done(&w->b);
	if (w->c.stuck) {
		give_back(w->c.pages, sizeof(*w->c.pages));
		give_back(w->arena.base, w->arena.cap);
		return;
	}
	if (w->c.pages)
		(void)munmap(w->c.pages, sizeof(*w->c.pages));
	arena_done(&w->arena);
	free(w);
}

/* Memory that the processes forked from here have in common; NULL without. Pages come when they are
 * filled. */
static void *share(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int work_init(struct work *w, const struct session *x)
{
	int r = builder_init(&w->b);

	if (r == 0)
		r = arena_init(&w->arena, ARENA_BYTES);
	if (r < 0)
		return r;
	void *hold = share(sizeof(*w->c.hold));
	void *moment = share(sizeof(*w->c.moment));
	void *pages = share(sizeof(*w->c.pages));
	w->c = (struct raw_capture){ .b = &w->b,
				     .options = x->options,
				     .clock_zero_ns = x->zero_ns,
				     .captured_ns = clock_monotonic_ns(),
				     .deadline = deadline_in(CAPTURE_BUDGET_NS),
				     .arena = &w->arena,
				     .hold = hold,
				     .pages = pages,
				     .moment = moment };
	w->a = (struct acquirer){ .c = &w->c, .fds_left = tree_fd_budget() - x->n_pidfds };
	return 0;
}

/* A short id that sorts nowhere and collides seldom; the store looks before it links. */
static void name_report(struct builder *b, const struct snap_trigger *trigger)
{
	struct snap_head *h = &b->s->head;
	struct timespec now;
	struct tm utc;
	char text[32];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	uint64_t seed = map_mix((uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec,
				(uint64_t)getpid());
	h->id = builder_strf(b, "%08x", (unsigned)(seed >> 32));
	(void)gmtime_r(&now.tv_sec, &utc);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	h->created = builder_strf(b, "%s.%03lldZ", text, now.tv_nsec / NSEC_PER_MSEC);
	h->version = builder_str(b, HANGWATCH_VERSION);
	h->trigger = *trigger;
	h->trigger.presence = PRESENCE_HERE;
}

static int list_tree(struct session *x, struct work *w, struct tree *ret)
{
	struct tree_source *source = proc_tree_source();
	CLEANUP(freep) struct tree_seed *seeds = NULL;
	size_t n;

	if (session_take_first(x, ret))
		return 0;
	int r = session_seeds(x, &seeds, &n);
	if (r == 0)
		r = source->list(source, seeds, n, w->a.fds_left / 3, w->c.deadline, ret);
	return r < 0 ? r : session_update(x, ret, session_now_ns(x));
}

static int walk(struct session *x, struct work *w)
{
	struct tree t = { 0 };
	int r = list_tree(x, w, &t);

	if (r == 0 && t.cut)
		builder_gap(&w->b, NODE_UNKNOWN, true, "processes beyond the limit",
			    "the tree is too large", NULL);
	if (r == 0 && t.unstable)
		builder_gap(&w->b, NODE_UNKNOWN, false, "processes born during the walk",
			    "the tree grew faster than it could be listed", NULL);
	if (r == 0)
		r = process_add_tree(&w->a, &t);
	tree_done(&t);
	if (r == 0)
		w->b.s->head.capture.source.tree = builder_str(&w->b, proc_tree_source()->name);
	return r;
}

/* A root's parent may be one of those outside: then a wait of the parent for its end is a wait
 * within what is seen. */
static void adopt_roots(struct work *w, size_t first)
{
	for (size_t i = 0; i < first; i++) {
		struct raw_process *p = &w->c.processes.v[i];
		if (p->parent < w->c.processes.n)
			continue;
		for (size_t k = first; k < w->c.processes.n; k++)
			if (w->c.processes.v[k].pid == p->stat.ppid)
				SNAP_ROW(w->b.s, PROCESS, node_index(p->node))->parent =
					w->c.processes.v[k].node;
	}
}

static void add_member(struct tree *t, pid_t pid)
{
	CLEANUP(fd_closep) int procfd = tree_open_proc(pid);
	pid_t tids[TREE_OUTSIDE_THREADS];
	struct raw_stat stat;
	struct tree_member *m;

	/* Who cannot be looked at is not gone for that: it stays somebody outside. */
	if (procfd < 0 || raw_stat_read(procfd, "stat", &stat) < 0 ||
	    !(m = array_push(&t->members)))
		return;
	int n = tree_list_threads(procfd, tids, ARRAY_SIZE(tids));
	*m = (struct tree_member){
		.pid = pid, .parent = SIZE_MAX, .stat = stat, .procfd = take_fd(procfd)
	};
	for (int k = 0; k < n; k++) {
		pid_t *slot = array_push(&m->tids);
		if (slot)
			*slot = tids[k];
	}
}

/* Those who hold other ends join, by themselves and not with their families. */
static void add_outside(struct work *w)
{
	struct tree t = { 0 };
	size_t first = w->c.processes.n;

	for (size_t i = 0; i < w->c.outside.n; i++)
		add_member(&t, w->c.outside.v[i]);
	if (process_add_tree(&w->a, &t) == 0) {
		for (size_t i = first; i < w->c.processes.n; i++) {
			w->c.processes.v[i].outside = true;
			SNAP_ROW(w->b.s, PROCESS, node_index(w->c.processes.v[i].node))->outside =
				true;
		}
		adopt_roots(w, first);
	}
	tree_done(&t);
}

static void look(struct work *w)
{
	look_first(&w->a);
	collect_begin(&w->c);
	words_read(&w->a);
	collect_all(&w->c);
}

/* The tree, and the few processes that hold the other ends of what it holds. */
static void look_and_collect(struct session *x, struct work *w)
{
	look(w);
	if (w->c.outside.n) {
		session_say(x, "looking at processes that hold the other ends");
		add_outside(w);
	}
	w->c.outside_done = true;
	if (w->c.outside.n)
		look(w);
}

static void sample(struct session *x, struct work *w)
{
	const struct raw_options *o = x->options;

	tracer_stop_rest(&w->a, o->samples <= 1);
	for (unsigned i = 1; i < o->samples && !deadline_passed(w->c.deadline); i++) {
		session_say(x, "sampling");
		clock_sleep_until(w->c.captured_ns + (int64_t)i * o->interval_ns);
		look_again(&w->a);
		tracer_stop_rest(&w->a, i + 1 == o->samples);
	}
	collect_moved(&w->c);
	w->b.s->head.capture.samples = o->samples;
	w->b.s->head.capture.interval_ns = o->interval_ns;
}

/* Stacks, frames and tasks. */
static void decode(struct session *x, struct work *w)
{
	int64_t budget_ns = MIN(x->options->decode_budget_ns, deadline_left_ns(w->c.deadline));

	session_say(x, "decoding stacks and tasks");
	look_rows(&w->a);
	w->decoder = decoder_run(&w->a, deadline_in(budget_ns));
	sample_rows(&w->a);
}

static void finish_head(struct work *w)
{
	struct snap_capture *h = &w->b.s->head.capture;
	int64_t most = 0;

	for (uint32_t i = 0; i < SNAP_N(w->b.s, THREAD); i++) {
		int64_t stopped = SNAP_ROW(w->b.s, THREAD, i)->stopped_ns;
		if (snap_known(stopped))
			most = MAX(most, stopped);
	}
	h->presence = PRESENCE_HERE;
	h->source.presence = PRESENCE_HERE;
	h->source.stacks = builder_str(&w->b, most ? "proc, ptrace" : "proc");
	h->stopped_max_ns = most;
	h->wall_ns = clock_monotonic_ns() - w->c.captured_ns;
}

int session_capture(struct session *x, const struct snap_trigger *trigger, struct snapshot **ret)
{
	char why[128];

	session_settle(x);
	struct work *w = x->work = calloc(1, sizeof(*w));
	int r = w ? work_init(w, x) : -ENOMEM;
	if (r < 0)
		return r;
	name_report(&w->b, trigger);
	w->b.s->head.captured_ns = raw_now_ns(&w->c);
	r = walk(x, w);
	if (r < 0)
		return r;
	session_say(x, "looking at threads");
	look_and_collect(x, w);
	sample(x, w);
	history_add(x, &w->c);
	decode(x, w);
	join_decoded(&w->c);
	join_names(&w->c);
	r = signals_broadcast(&w->c, x->options->signal);
	if (r < 0)
		return r;
	finish_head(w);
	r = analyse(&w->b);
	if (r == 0 && w->b.error == 0)
		r = snapshot_check(w->b.s, why, sizeof(why));
	return r < 0 ? r : builder_finish(&w->b, ret);
}
