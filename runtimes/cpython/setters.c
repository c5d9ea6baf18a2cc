/*
 * Setters: everyone who has a reference to the thing that a task or thread waits for, and so could
 * set it, send to it, notify it.
 *
 * A list is only given where it is complete (referrers.h says when): then nobody else can do it,
 * and where the list is empty nobody at all. These are not counted among them:
 *	- the sleeper itself, and of a thread the task that it runs
 *	- others that wait for the very same thing: they act when it has come, not before
 *	- frames at and below the run of a trio loop: they go on when all its tasks have ended
 *	- copies of tasks that fork left behind: nothing runs them
 *	- trio's first task, which only keeps what it gave to the main task
 *
 * A thread sleeps in a lock of its own that a Condition keeps for as long; so who has that
 * Condition, or the Event or Queue around it, is who can wake it.
 *
 * A thing that no variable of the program knows (`await asyncio.Future()`) was made to wait for
 * ever: nothing is said of it, unless a thread waits and somebody has it, as behind
 * run_coroutine_threadsafe().
 */
#include "runtimes/cpython/setters.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "runtimes/cpython/referrers.h"

/* Objects looked into before each time that all are asked: most of what matters lies near the
 * frames. */
static const size_t rounds[] = { 1000, 4000, 15000 };

void python_add_holder(struct python *py, node_t node, uint64_t object, bool loop)
{
	struct py_holder *h = object ? array_push(&py->holders) : NULL;

	if (h)
		*h = (struct py_holder){ .node = node, .address = object, .loop = loop };
}

void python_add_park(struct python *py, node_t task, uint64_t object, uint64_t other,
		     const char *not_by)
{
	struct py_park *p = object ? array_push(&py->parks) : NULL;

	if (p)
		*p = (struct py_park){ .waiter = task,
				       .objects = { object, other },
				       .subject = object,
				       .not_by = not_by };
}

void python_add_thread_park(struct python *py, node_t thread, uint64_t condition, uint64_t subject,
			    bool timed)
{
	struct py_park *p = condition ? array_push(&py->parks) : NULL;

	if (p)
		*p = (struct py_park){ .waiter = thread,
				       .objects = { condition, 0 },
				       .subject = subject,
				       .timed = timed };
}

static struct snap_task *row_of(const struct python *py, node_t task)
{
	return SNAP_ROW(py->b->s, TASK, node_index(task));
}

static bool is_thread(node_t n)
{
	return node_table(n) == TABLE_THREAD;
}

/* Does that thread wait for the same as this one, and for nothing else? */
static bool waits_for_same(const struct python *py, const struct py_park *p, node_t thread)
{
	for (size_t i = 0; i < py->parks.n; i++) {
		const struct py_park *its = &py->parks.v[i];

		if (its->waiter == thread && !its->timed && its->objects[0] == p->objects[0])
			return true;
	}
	return false;
}

/* How somebody who can get at a thing stands to a sleeper. */
enum standing {
	MAY_END_IT,
	IS_ITSELF,
	WAITS_TOO, /* for the very same thing */
	GOES_NOT_ON,
};

static enum standing standing_of_thread(const struct python *py, const struct py_park *p,
					const struct ref_holder *h)
{
	if (is_thread(p->waiter))
		return waits_for_same(py, p, h->node) ? WAITS_TOO : MAY_END_IT;
	bool below = h->sealed_by != SIZE_MAX && row_of(py, p->waiter)->thread == h->node;
	return below ? GOES_NOT_ON : MAY_END_IT;
}

static enum standing standing_of(const struct python *py, const struct py_park *p,
				 const struct ref_holder *h)
{
	if (h->node == p->waiter)
		return IS_ITSELF;
	if (is_thread(h->node))
		return standing_of_thread(py, p, h);
	const struct snap_task *t = row_of(py, h->node);
	const struct snap_task *waiter = is_thread(p->waiter) ? NULL : row_of(py, p->waiter);
	if (t->state == TASK_RUNNING && t->thread == p->waiter)
		return IS_ITSELF;
	if (t->inherited || (t->service && t->parent == NODE_NONE))
		return GOES_NOT_ON;
	return waiter && t->state == TASK_WAITING && t->object == waiter->object &&
			       snap_known(t->object)
		       ? WAITS_TOO
		       : MAY_END_IT;
}

struct left_out {
	bool same; /* others wait for it as well */
	bool loop; /* the event loop that the thread itself runs */
};

static void describe(struct python *py, const struct py_park *p, const struct ref_answer *a,
		     uint32_t n, const struct left_out *but)
{
	const char *type = heap_type_name(&py->heap, p->subject);

	if (n)
		(void)builder_fact(
			py->b, p->waiter, "references", "setters", n,
			"all %lld references to its %s were found: besides itself %u can get at it",
			(long long)a->references, type, n);
	else
		(void)builder_fact(py->b, p->waiter, "references", "setters", 0,
				   "all %lld references to its %s were found, and %s has one",
				   (long long)a->references, type,
				   but->loop   ? "nobody but the event loop that it holds up"
				   : but->same ? "nobody but who waits for it as well"
					       : "nobody else");
	if (!n && (but->loop || but->same))
		(void)builder_fact(py->b, p->waiter, "references",
				   but->loop ? "setters_own_loop" : "setters_wait", 1,
				   but->loop ? "only the loop of this thread would do it"
					     : "who has a reference waits for the same");
	/* Nobody else was ever meant to find it, as far as one can see. */
	if (!n && !a->shared)
		(void)builder_fact(py->b, p->waiter, "references", "setters_variable", 1,
				   "only a variable of its own has that %s", type);
}

static void put(struct python *py, struct referrers *r, const struct py_park *p,
		const struct ref_answer *a)
{
	CLEANUP(freep) node_t *nodes = calloc(a->holders.n + 1, sizeof(*nodes));
	struct left_out but = { false, false };
	uint32_t n = 0;

	bool nameless = !a->named && !a->shared;
	if (!nodes || (nameless && !is_thread(p->waiter)))
		return;
	for (size_t i = 0; i < a->holders.n; i++) {
		const struct ref_holder *h = &r->holders.v[a->holders.v[i] - 1];
		bool twice = false;

		enum standing standing = standing_of(py, p, h);
		but.same |= standing == WAITS_TOO;
		but.loop |= standing == IS_ITSELF && h->loop;
		if (standing != MAY_END_IT)
			continue;
		/* What else the library's own tasks have they were given by somebody who need not
		 * have kept it. */
		if (node_table(h->node) == TABLE_TASK && row_of(py, h->node)->service)
			return;
		for (uint32_t k = 0; k < n; k++)
			twice |= nodes[k] == h->node;
		if (!twice)
			nodes[n++] = h->node;
	}
	if (nameless && !n)
		return;
	struct span setters = builder_refs(py->b, nodes, n);
	if (is_thread(p->waiter)) {
		struct snap_park *row = BUILD(py->b, PARK);
		row->owner = p->waiter;
		row->object = (int64_t)p->objects[0];
		row->setters = setters;
	} else {
		row_of(py, p->waiter)->setters = setters;
	}
	describe(py, p, a, n, &but);
}

/* Answers what can be answered now; how many cannot. */
static size_t ask(struct python *py, struct referrers *r, bool *done)
{
	size_t left = 0;

	for (size_t i = 0; i < py->parks.n; i++) {
		CLEANUP(ref_answer_donep) struct ref_answer a = { 0 };
		const struct py_park *p = &py->parks.v[i];

		if (done[i])
			continue;
		if (referrers_of(r, p, &a) == 0) {
			put(py, r, p, &a);
			done[i] = true;
		} else {
			left++;
		}
	}
	return left;
}

/* With more frames than this the pass would cost as much as all the rest. Then everybody is a
 * candidate. */
#define FRAMES_MAX 30000

void setters_find(struct python *py)
{
	CLEANUP(freep) bool *done = calloc(py->parks.n + 1, sizeof(*done));
	CLEANUP(referrers_done) struct referrers r;
	bool more = true;

	referrers_init(&r, py);
	if (!py->parks.n || !done || py->heap.l.PyObject_ob_refcnt < 0 ||
	    py->task_frames.n > FRAMES_MAX)
		return;
	for (size_t i = 0; i < py->parks.n; i++)
		for (int k = 0; k < 2; k++)
			if (py->parks.v[i].objects[k])
				referrers_add(&r, py->parks.v[i].objects[k]);
	/* A process that is held must not wait for what may never be known. */
	for (size_t i = 0; more && i < (py->held ? 1 : ARRAY_SIZE(rounds)); i++) {
		more = referrers_extend(&r, rounds[i]);
		if (r.error < 0 || ask(py, &r, done) == 0)
			break;
	}
}
