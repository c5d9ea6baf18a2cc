/*
 * The odd one out: siblings are compared feature by feature; who differs where all others agree is
 * named.
 *
 * Siblings have one parent and one program: forked and never exec'd, or the same executable. A
 * feature speaks only when nearly all siblings agree on it; one by which each differs from each (a
 * log file of its own) says nothing. Inherited descriptors do not count: the later a child is born
 * the more of them it has. Who ended with a failure is named in any case.
 */
#include "analysis/odd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/bag.h"
#include "analysis/shown.h"
#include "core/strbuf.h"
#include "core/util.h"

#define SIBLINGS_MIN 4
#define ODD_MAX      8 /* rows for one verdict */
#define FACTS_MAX    8

struct feature {
	uint64_t (*value)(const struct analysis *a, node_t process);
	/* Says it of one process; `typical` is what the others are like. */
	void (*say)(const struct analysis *a, node_t process, node_t typical, struct strbuf *out);
	bool of_the_dead; /* asked of exited processes as well */
};

/* ---- does it live ---- */

static uint64_t value_state(const struct analysis *a, node_t p)
{
	const struct process_view *v = view_of(a, p);

	if (v->exited)
		return 1;
	return v->main_thread != NODE_UNKNOWN &&
			       a->threads[node_index(v->main_thread)].mode == MODE_STOPPED
		       ? 2
		       : 3;
}

static void say_state(const struct analysis *a, node_t p, node_t typical, struct strbuf *out)
{
	const struct snap_exit *e = &process_row(a, p)->exit;

	(void)typical;
	switch (value_state(a, p)) {
	case 1:
		strbuf_add(out, "exited");
		if (snap_known(e->code))
			strbuf_addf(out, " with status %lld", (long long)e->code);
		else if (snap_known(e->signal))
			strbuf_addf(out, " by signal %lld", (long long)e->signal);
		break;
	case 2:
		strbuf_add(out, "stopped");
		break;
	default:
		strbuf_add(out, "alive");
		break;
	}
}

/* ---- what its main thread does ---- */

/* By what is shown: stacks that differ in an interpreter's own frames only look alike. */
static uint64_t value_stack(const struct analysis *a, node_t p)
{
	node_t t = view_of(a, p)->main_thread;

	return t == NODE_UNKNOWN ? 0 : shown_key(a, t);
}

static void say_stack(const struct analysis *a, node_t p, node_t typical, struct strbuf *out)
{
	node_t t = view_of(a, p)->main_thread, other = view_of(a, typical)->main_thread;

	if (t == NODE_UNKNOWN) {
		strbuf_add(out, "main thread unknown");
		return;
	}
	strbuf_add(out, "main thread in ");
	shown_add(a, t, other == NODE_UNKNOWN ? 0 : shown_parting(a, t, other), out);
}

static uint64_t value_activity(const struct analysis *a, node_t p)
{
	node_t t = view_of(a, p)->main_thread;
	enum mode m = t == NODE_UNKNOWN ? MODE_GONE : a->threads[node_index(t)].mode;

	return m == MODE_RUNS ? 1 : m == MODE_D ? 2 : 3;
}

static void say_activity(const struct analysis *a, node_t p, node_t typical, struct strbuf *out)
{
	(void)typical;
	strbuf_add(out, value_activity(a, p) == 1   ? "main thread runs"
			: value_activity(a, p) == 2 ? "main thread in an uninterruptible sleep"
						    : "main thread sleeps");
}

/* ---- threads, children, tasks ---- */

static bool thread_value(const struct analysis *a, uint32_t i, uint64_t *ret)
{
	const struct snap_thread *t = SNAP_ROW(a->s, THREAD, i);

	*ret = map_mix(t->group, 1);
	return a->threads[i].mode != MODE_GONE &&
	       NODE(TABLE_THREAD, i) != view_of(a, t->owner)->main_thread;
}

static const struct bag_kind threads_beside = { TABLE_THREAD, thread_value };

static uint64_t value_threads(const struct analysis *a, node_t p)
{
	return bag_value(a, &threads_beside, p);
}

static uint32_t count_threads(const struct analysis *a, node_t p)
{
	struct snap_list l = snap_children(&a->x, TABLE_THREAD, p);
	uint32_t n = 0;

	for (uint32_t i = 0; i < l.n; i++)
		n += a->threads[l.v[i]].mode != MODE_GONE;
	return n;
}

static void say_threads(const struct analysis *a, node_t p, node_t typical, struct strbuf *out)
{
	strbuf_addf(out, "%u thread%s", count_threads(a, p), count_threads(a, p) == 1 ? "" : "s");
	/* The same number: then it is what one of them does. */
	if (count_threads(a, p) != count_threads(a, typical))
		return;
	uint32_t other = bag_surplus(a, &threads_beside, p, typical);
	node_t g = other == UINT32_MAX ? NODE_UNKNOWN : SNAP_ROW(a->s, THREAD, other)->group;
	if (node_table(g) == TABLE_GROUP)
		strbuf_addf(out, ", one in %s",
			    text_of(a, SNAP_ROW(a->s, GROUP, node_index(g))->title));
}

static uint64_t value_children(const struct analysis *a, node_t p)
{
	return children_of(a, p).n;
}

static void say_children(const struct analysis *a, node_t p, node_t typical, struct strbuf *out)
{
	uint32_t n = children_of(a, p).n;

	(void)typical;
	strbuf_addf(out, "%u child%s", n, n == 1 ? "" : "ren");
}

static const char *task_place(const struct analysis *a, node_t task)
{
	const struct snap_stack *s = snap_stack_of(&a->x, task);

	for (uint32_t i = s && span_known(s->frames) ? s->frames.n : 0; i-- > 0;) {
		const struct snap_frame *f = SNAP_ROW(a->s, FRAME, s->frames.first + i);
		if (!f->internal && f->function > STR_NONE)
			return text_of(a, f->function);
	}
	return "";
}

static bool task_value(const struct analysis *a, uint32_t i, uint64_t *ret)
{
	const struct snap_task *t = SNAP_ROW(a->s, TASK, i);
	const char *place = task_place(a, NODE(TABLE_TASK, i)), *on = text_of(a, t->waits_on);
	uint32_t depth = 0;

	for (node_t up = t->parent; node_table(up) == TABLE_TASK && depth < 64; depth++)
		up = task_row(a, up)->parent;
	*ret = map_mix(map_hash_bytes(place, strlen(place)) ^ map_hash_bytes(on, strlen(on)),
		       (uint64_t)depth << 8 | t->wait);
	return !t->inherited;
}

static const struct bag_kind tasks = { TABLE_TASK, task_value };

static uint64_t value_tasks(const struct analysis *a, node_t p)
{
	return bag_value(a, &tasks, p);
}

static void say_tasks(const struct analysis *a, node_t p, node_t typical, struct strbuf *out)
{
	struct snap_list l = snap_children(&a->x, TABLE_TASK, p);
	uint32_t n = 0, other = bag_surplus(a, &tasks, p, typical);

	for (uint32_t i = 0; i < l.n; i++)
		n += !SNAP_ROW(a->s, TASK, l.v[i])->inherited;
	strbuf_addf(out, "%u task%s", n, n == 1 ? "" : "s");
	if (other != UINT32_MAX)
		strbuf_addf(out, ", one waits in %s (%s)",
			    text_of(a, SNAP_ROW(a->s, TASK, other)->waits_on),
			    task_place(a, NODE(TABLE_TASK, other)));
}

/* ---- descriptors ---- */

static const char *fd_word(const struct analysis *a, const struct snap_fd *fd)
{
	const struct snap_resource *r =
		is_resource(fd->resource) ? resource_row(a, fd->resource) : NULL;

	/* Files are told apart by their path, everything else by its kind. */
	return r && r->kind == RESOURCE_FILE ? text_of(a, r->text) : text_of(a, fd->kind);
}

/* Whom a socket speaks to: an address, or a process of the tree; "" for what has no peer. */
static const char *fd_peer(const struct analysis *a, const struct snap_fd *fd)
{
	const struct snap_resource *r =
		is_resource(fd->resource) ? resource_row(a, fd->resource) : NULL;

	return r && (r->kind == RESOURCE_TCP || r->kind == RESOURCE_UDP) ? text_of(a, r->remote)
									 : "";
}

static bool fd_value(const struct analysis *a, uint32_t i, uint64_t *ret)
{
	const struct snap_fd *fd = SNAP_ROW(a->s, FD, i);
	const char *word = fd_word(a, fd), *peer = fd_peer(a, fd);

	*ret = map_mix(map_hash_bytes(word, strlen(word)), map_hash_bytes(peer, strlen(peer)));
	return fd->inherited != TRI_YES;
}

static const struct bag_kind fds = { TABLE_FD, fd_value };

static uint64_t value_fds(const struct analysis *a, node_t p)
{
	return bag_value(a, &fds, p);
}

static void say_fd(const struct analysis *a, const struct snap_fd *fd, uint32_t n,
		   struct strbuf *out)
{
	const char *peer = fd_peer(a, fd);

	if (n)
		strbuf_addf(out, "%u × %s", n, fd_word(a, fd));
	else
		strbuf_addf(out, "no %s", fd_word(a, fd));
	if (*peer)
		strbuf_addf(out, " to %s", peer);
}

/* Of both the same thing is said, or the two would not be comparable: where each has what the other
 * lacks, the first of these. */
static void say_fds(const struct analysis *a, node_t p, node_t typical, struct strbuf *out)
{
	uint32_t row = MIN(bag_surplus(a, &fds, typical, p), bag_surplus(a, &fds, p, typical));
	uint64_t value;

	if (row != UINT32_MAX && fd_value(a, row, &value))
		say_fd(a, SNAP_ROW(a->s, FD, row), bag_count(a, &fds, p, value), out);
	else
		strbuf_addf(out, "%u descriptors", snap_children(&a->x, TABLE_FD, p).n);
}

/* ---- what became of it ---- */

static uint64_t value_events(const struct analysis *a, node_t p)
{
	return view_of(a, p)->history;
}

static void say_events(const struct analysis *a, node_t p, node_t typical, struct strbuf *out)
{
	(void)typical;
	for (uint32_t i = 0; i < SNAP_N(a->s, EVENT); i++) {
		const struct snap_event *e = SNAP_ROW(a->s, EVENT, i);
		if (e->about == p && (e->kind == EVENT_EXEC || e->kind == EVENT_SIGNAL ||
				      e->kind == EVENT_REPARENT)) {
			strbuf_addf(out, "history: %s", text_of(a, e->text));
			return;
		}
	}
	strbuf_add(out, "no such history");
}

static const struct feature features[] = {
	{ value_state, say_state, true },      { value_activity, say_activity, false },
	{ value_stack, say_stack, false },     { value_tasks, say_tasks, false },
	{ value_threads, say_threads, false }, { value_children, say_children, false },
	{ value_fds, say_fds, false },         { value_events, say_events, false },
};

/* ---- comparing ---- */

struct sibling {
	node_t process;
	uint64_t value;
	struct strbuf why;
	uint32_t n_reasons;
};

struct family {
	struct sibling *v;
	uint32_t n;
};

static int by_value(const void *a, const void *b)
{
	const struct sibling *const *x = a, *const *y = b;

	if ((*x)->value != (*y)->value)
		return (*x)->value < (*y)->value ? -1 : 1;
	return (*x)->process < (*y)->process ? -1 : 1;
}

/* With few siblings one may differ, with many up to a tenth. */
static uint32_t most_odd(uint32_t n)
{
	return MAX(1u, n / 10);
}

static void compare(const struct analysis *a, const struct feature *f, struct family *all,
		    struct sibling **sorted)
{
	uint32_t n = 0, first = 0, best = 0, best_n = 0;

	for (uint32_t i = 0; i < all->n; i++) {
		if (!f->of_the_dead && view_of(a, all->v[i].process)->exited)
			continue;
		all->v[i].value = f->value(a, all->v[i].process);
		sorted[n++] = &all->v[i];
	}
	if (n < SIBLINGS_MIN)
		return;
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (uint32_t i = 1; i <= n; i++) {
		if (i < n && sorted[i]->value == sorted[first]->value)
			continue;
		if (i - first > best_n) {
			best = first;
			best_n = i - first;
		}
		first = i;
	}
	if (best_n == n || n - best_n > most_odd(n))
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct sibling *s = sorted[i];
		if (s->value == sorted[best]->value)
			continue;
		strbuf_add(&s->why, s->n_reasons++ ? "; " : "");
		f->say(a, s->process, sorted[best]->process, &s->why);
		strbuf_addf(&s->why, ", where %u of %u siblings: ", best_n, n);
		f->say(a, sorted[best]->process, s->process, &s->why);
	}
}

static uint32_t verdict_of(const struct analysis *a, node_t process)
{
	for (uint32_t depth = 0;
	     node_table(process) == TABLE_PROCESS && depth < SNAP_N(a->s, PROCESS); depth++) {
		for (uint32_t i = 0; i < SNAP_N(a->s, VERDICT); i++)
			if (SNAP_ROW(a->s, VERDICT, i)->root == process)
				return i;
		process = process_row(a, process)->parent;
	}
	return UINT32_MAX;
}

static void add_row(struct analysis *a, uint32_t verdict, const struct sibling *s)
{
	node_t facts[FACTS_MAX], about[2] = { s->process, view_of(a, s->process)->main_thread };
	uint32_t n = 0;

	for (size_t k = 0; k < ARRAY_SIZE(about); k++) {
		struct snap_list l = snap_facts_about(&a->x, about[k]);
		for (uint32_t i = 0; i < l.n && n < FACTS_MAX; i++)
			facts[n++] = NODE(TABLE_FACT, l.v[i]);
	}
	struct span span = builder_refs(a->b, facts, n);
	struct snap_odd row = { .verdict = verdict,
				.node = s->process,
				.why = builder_str(a->b, strbuf_str(&s->why)),
				.facts = span };
	*BUILD(a->b, ODD) = row;
}

/* The same program: never exec'd since the fork, or the same executable. */
static uint64_t program_of(const struct analysis *a, node_t p)
{
	const struct snap_process *row = process_row(a, p);

	if (row->forked_not_execed == TRI_YES)
		return 1;
	return row->exe > STR_NONE ? row->exe : 0;
}

static int family_of(struct analysis *a, uint32_t verdict, struct snap_list children,
		     uint64_t program)
{
	CLEANUP(freep) struct sibling *v = calloc(children.n + 1, sizeof(*v));
	CLEANUP(freep) struct sibling **sorted = calloc(children.n + 1, sizeof(*sorted));
	struct family all = { .v = v };
	uint32_t rows = 0;

	if (!v || !sorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < children.n; i++) {
		node_t p = NODE(TABLE_PROCESS, children.v[i]);
		/* Of an exited child the program is often unknown; it was one of them all the same.
		 */
		uint64_t own = program_of(a, p);
		if (own == program || (!own && a->processes[children.v[i]].exited))
			v[all.n++].process = p;
	}
	if (all.n >= SIBLINGS_MIN)
		for (size_t i = 0; i < ARRAY_SIZE(features); i++)
			compare(a, &features[i], &all, sorted);
	for (uint32_t i = 0; i < all.n; i++) {
		if (v[i].n_reasons && rows++ < ODD_MAX)
			add_row(a, verdict, &v[i]);
		strbuf_done(&v[i].why);
	}
	return a->b->error;
}

static bool is_odd(const struct analysis *a, node_t p)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, ODD); i++)
		if (SNAP_ROW(a->s, ODD, i)->node == p)
			return true;
	return false;
}

/* Who failed is worth a line even where there are no siblings to differ from. */
static void add_failed(struct analysis *a)
{
	uint32_t rows = 0;

	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS) && rows < ODD_MAX; i++) {
		const struct snap_process *p = SNAP_ROW(a->s, PROCESS, i);
		node_t n = NODE(TABLE_PROCESS, i);
		struct sibling failed = { .process = n };
		if (!a->processes[i].exited || p->outside ||
		    !((snap_known(p->exit.code) && p->exit.code) || snap_known(p->exit.signal)) ||
		    verdict_of(a, n) == UINT32_MAX || is_odd(a, n))
			continue;
		say_state(a, n, n, &failed.why);
		add_row(a, verdict_of(a, n), &failed);
		strbuf_done(&failed.why);
		rows++;
	}
}

int odd_derive(struct analysis *a)
{
	int r = 0;

	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS) && r == 0; i++) {
		struct snap_list children = children_of(a, NODE(TABLE_PROCESS, i));
		uint32_t verdict = children.n >= SIBLINGS_MIN
					   ? verdict_of(a, NODE(TABLE_PROCESS, i))
					   : UINT32_MAX;
		struct map seen = { 0 };
		for (uint32_t k = 0; verdict != UINT32_MAX && k < children.n && r == 0; k++) {
			uint64_t program = program_of(a, NODE(TABLE_PROCESS, children.v[k]));
			if (!program || map_get(&seen, program, NULL))
				continue;
			r = map_set(&seen, program, 1);
			if (r == 0)
				r = family_of(a, verdict, children, program);
		}
		map_done(&seen);
	}
	if (r == 0)
		add_failed(a);
	return r < 0 ? r : a->b->error;
}
