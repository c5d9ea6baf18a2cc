/*
 * What a blocked thread waits for in Python's own words.
 *
 * To the kernel all of Python's waiting is one futex. The innermost frames, where they are of the
 * standard library, tell Thread.join() from Queue.get() and Event.wait(); the variable `self` of
 * such a frame is the object, and from it follows whom the thread waits for, where one other thread
 * alone can end the wait: the thread that is joined, the one that runs the work behind a future,
 * the one that imports a module. One table: a new primitive is a new line.
 *
 * From the innermost frame outwards the last line that fits counts, for Queue.get() calls
 * Condition.wait(), which takes a lock. The search ends where the library's frames do: what a
 * program calls its own functions is no evidence. The class is looked at as well, a function called
 * `wait` being no rarity.
 */
#include "runtimes/cpython/thread_waits.h"

#include <errno.h>
#include <string.h>

#include "core/strbuf.h"
#include "core/util.h"
#include "runtimes/cpython/setters.h"

enum { NAME_BYTES = 256 };

enum whom {
	ANYBODY,  /* of the process */
	JOINED,   /* the Thread that is `self` */
	ALL,      /* every thread that is no daemon */
	IMPORTER, /* who holds the lock of a module */
	WORKER,   /* who runs the work that `self`, a future, stands for */
};

static const struct primitive {
	const char *file, *function; /* the end of the file's name */
	const char *self; /* class of the variable `self`, or of one it derives from; NULL: any */
	enum whom whom;
	const char *what; /* NULL: class and function */
} primitives[] = {
	{ "/threading.py", "join", "Thread", JOINED, NULL },
	{ "/threading.py", "_wait_for_tstate_lock", "Thread", JOINED, "Thread.join" },
	{ "/threading.py", "_shutdown", NULL, ALL, "at exit, as it is no daemon" },
	{ "/threading.py", "wait", "Condition", ANYBODY, NULL },
	{ "/threading.py", "wait_for", "Condition", ANYBODY, "Condition.wait" },
	{ "/threading.py", "wait", "Event", ANYBODY, NULL },
	{ "/threading.py", "_wait", "Barrier", ANYBODY, "Barrier.wait" },
	{ "/threading.py", "_enter", "Barrier", ANYBODY, "Barrier.wait" },
	{ "/threading.py", "wait", "Barrier", ANYBODY, NULL },
	{ "/threading.py", "acquire", "Semaphore", ANYBODY, NULL },
	{ "/queue.py", "get", "Queue", ANYBODY, NULL },
	{ "/queue.py", "put", "Queue", ANYBODY, NULL },
	{ "/queue.py", "join", "Queue", ANYBODY, NULL },
	{ "/queue.py", "get", "_PySimpleQueue", ANYBODY, "SimpleQueue.get" },
	{ "/concurrent/futures/_base.py", "result", "Future", WORKER, NULL },
	{ "/concurrent/futures/_base.py", "exception", "Future", WORKER, NULL },
	{ "/concurrent/futures/_base.py", "wait", NULL, ANYBODY, "concurrent.futures.wait" },
	{ "/concurrent/futures/_base.py", "as_completed", NULL, ANYBODY, "as_completed" },
	{ "/multiprocessing/synchronize.py", "wait", "Condition", ANYBODY,
	  "multiprocessing Condition.wait" },
	{ "/multiprocessing/synchronize.py", "wait", "Event", ANYBODY,
	  "multiprocessing Event.wait" },
	{ "/multiprocessing/synchronize.py", "__enter__", NULL, ANYBODY, "a multiprocessing lock" },
	{ "/multiprocessing/queues.py", "get", NULL, ANYBODY, "multiprocessing Queue.get" },
	{ "/multiprocessing/queues.py", "put", NULL, ANYBODY, "multiprocessing Queue.put" },
	{ "/multiprocessing/queues.py", "join", NULL, ANYBODY, "multiprocessing Queue.join" },
	{ "/multiprocessing/pool.py", "wait", "ApplyResult", ANYBODY, NULL },
	{ "/multiprocessing/pool.py", "get", "ApplyResult", ANYBODY, NULL },
	{ "/multiprocessing/pool.py", "next", "IMapIterator", ANYBODY, NULL },
	{ "/trio/_threads.py", "_send_message_to_trio", NULL, ANYBODY, "trio.from_thread" },
	{ "/trio/_threads.py", "_run_fn_as_system_task", NULL, ANYBODY, "trio.from_thread" },
	{ "<frozen importlib._bootstrap>", "acquire", "_ModuleLock", IMPORTER, "the import lock" },
};

/* The class in the table and not what a program derives from it is what a person looks for; a
 * subclass is told as itself. */
static bool is_of(struct python *py, uint64_t object, const char *class)
{
	return heap_is_named(&py->heap, object, class) ||
	       heap_is_class(&py->heap, object, "threading", class) ||
	       heap_is_class(&py->heap, object, "queue", class) ||
	       heap_is_class(&py->heap, object, "concurrent", class) ||
	       heap_is_class(&py->heap, object, "multiprocessing", class);
}

static const struct primitive *primitive_of(struct python *py, const struct py_frame *f,
					    uint64_t *ret_self)
{
	const char *file = snap_str(py->b->s, f->code->file),
		   *function = snap_str(py->b->s, f->code->name);
	uint64_t self = 0;

	for (size_t i = 0; i < ARRAY_SIZE(primitives); i++) {
		const struct primitive *p = &primitives[i];
		if (!str_eq(p->function, function) || !str_ends(file, p->file))
			continue;
		(void)frame_variable(&py->codes, f, "self", &self);
		if (p->self && !(self && is_of(py, self, p->self)))
			continue;
		*ret_self = self;
		return p;
	}
	return NULL;
}

/* Frames of these files belong to the waiting even where no line is about them: `with` a condition,
 * say. */
static bool is_between(const char *file)
{
	static const char *const files[] = { "/threading.py", "/queue.py",
					     "/concurrent/futures/_base.py",
					     "/multiprocessing/synchronize.py",
					     "<frozen importlib._bootstrap>" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (str_ends(file, files[i]))
			return true;
	return false;
}

struct found {
	const struct primitive *p;
	uint64_t self;
	uint64_t condition; /* the threading.Condition in which it sleeps; 0 */
	uint64_t subject;   /* that, or what of the library is around it */
	bool timed;
};

/* All that is written in Python sleeps in this one, each on a lock of its own. */
static bool is_condition_wait(const struct primitive *p)
{
	return str_eq(p->file, "/threading.py") && str_eq(p->function, "wait") && p->self &&
	       str_eq(p->self, "Condition");
}

static struct found find(struct python *py, const struct py_thread *t)
{
	struct found found = { 0 };

	for (size_t i = 0; i < t->n_frames; i++) {
		const struct py_frame *f = &py->frames.v[t->first_frame + i];
		uint64_t self = 0;
		if (!f->code)
			continue;
		const struct primitive *p = primitive_of(py, f, &self);
		if (p && !found.p && is_condition_wait(p)) {
			uint64_t timeout = 0;
			(void)frame_variable(&py->codes, f, "timeout", &timeout);
			found.condition = self;
			found.timed = !heap_is_none(&py->heap, timeout);
		}
		if (p) {
			found.p = p;
			found.self = self;
			found.subject = self ? self : found.subject;
		} else if (!is_between(snap_str(py->b->s, f->code->file)))
			break;
	}
	return found;
}

/* ---- whom ---- */

static void text_attr(struct python *py, uint64_t object, const char *attr, const char *otherwise,
		      char *to, size_t cap)
{
	uint64_t text;

	if (heap_attr(&py->heap, object, attr, &text) < 0 ||
	    heap_str(&py->heap, text, to, cap) <= 0)
		(void)snprintf(to, cap, "%s", otherwise);
}

/* An OS thread of the process by Python's number for it: index in decoded_process.threads,
 * SIZE_MAX. */
static size_t thread_by_ident(const struct python *py, int64_t ident)
{
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].ident == (uint64_t)ident)
			return py->threads.v[i].thread;
	return SIZE_MAX;
}

static int64_t own_tid(const struct python *py, size_t thread)
{
	const struct raw_thread *raw = py->p->threads.v[thread].raw;
	const struct snap_thread *row = SNAP_ROW(py->b->s, THREAD, node_index(raw->node));

	return snap_known(row->ns_tid) ? row->ns_tid : raw->tid;
}

/* A Thread that was started and is not over has a number; that of one that fork() left behind fits
 * no thread of ours. */
static void awaits(struct python *py, node_t waiter, uint64_t thread)
{
	struct heap *h = &py->heap;
	char name[NAME_BYTES];
	uint64_t number;
	int64_t ident;

	if (heap_attr(h, thread, "_ident", &number) < 0 || heap_int(h, number, &ident) < 0)
		return;
	text_attr(py, thread, "_name", "thread", name, sizeof(name));
	size_t index = thread_by_ident(py, ident);
	if (index != SIZE_MAX)
		(void)builder_fact(py->b, waiter, "threading.Thread", "python_awaits_thread",
				   own_tid(py, index), "the end of thread %s", name);
	else
		(void)builder_fact(py->b, waiter, "threading.Thread", "python_awaits_gone", 1,
				   "the end of thread %s, which is not in this process", name);
}

static void awaits_all(struct python *py, node_t waiter, uint64_t interp)
{
	struct heap *h = &py->heap;
	uint64_t active, key, thread;
	struct dict_walk w;

	if (heap_module_attr(h, interp, "threading", "_active", &active) < 0 ||
	    dict_walk_start(h, active, &w) < 0)
		return;
	while (dict_walk_next(h, &w, &key, &thread) == 0)
		if (!heap_is_named(h, thread, "_MainThread") &&
		    heap_bool(h, heap_attr_or_none(h, thread, "_daemonic")) != TRI_YES)
			awaits(py, waiter, thread);
}

/* A worker of a pool has the future's work item in its frame. */
static bool runs_future(struct python *py, const struct py_thread *t, uint64_t future)
{
	for (size_t i = 0; i < t->n_frames; i++) {
		const struct py_frame *f = &py->frames.v[t->first_frame + i];
		uint64_t self, its;
		if (f->code && str_eq(snap_str(py->b->s, f->code->name), "run") &&
		    str_ends(snap_str(py->b->s, f->code->file), "/concurrent/futures/thread.py") &&
		    frame_variable(&py->codes, f, "self", &self) == 0 &&
		    heap_attr(&py->heap, self, "future", &its) == 0 && its == future)
			return true;
	}
	return false;
}

static void awaits_worker(struct python *py, node_t waiter, uint64_t future)
{
	for (size_t i = 0; i < py->threads.n; i++) {
		const struct py_thread *t = &py->threads.v[i];
		if (t->thread != SIZE_MAX && runs_future(py, t, future))
			(void)builder_fact(py->b, waiter, "concurrent.futures",
					   "python_awaits_thread", own_tid(py, t->thread),
					   "the work of thread %s", snap_str(py->b->s, t->name));
	}
}

/* 3.9 to 3.15: `owner` is the ident of the importing thread, None when it is free. */
static void awaits_importer(struct python *py, node_t waiter, uint64_t lock)
{
	struct heap *h = &py->heap;
	uint64_t owner = heap_attr_or_none(h, lock, "owner");
	int64_t ident;

	if (!owner || heap_int(h, owner, &ident) < 0)
		return;
	size_t index = thread_by_ident(py, ident);
	if (index != SIZE_MAX)
		(void)builder_fact(py->b, waiter, "importlib", "futex_owner", own_tid(py, index),
				   "that thread is importing the module");
}

/* asyncio.run_coroutine_threadsafe() gives such a future; it is pending until the coroutine ends. */
static bool is_chained(struct python *py, uint64_t future)
{
	CLEANUP(heap_items_donep) struct heap_items callbacks = { 0 };
	struct heap *h = &py->heap;
	uint64_t list, name;

	if (heap_attr(h, future, "_done_callbacks", &list) < 0 ||
	    heap_first(h, list, 1, &callbacks) < 0 || !callbacks.n)
		return false;
	return heap_kind(h, callbacks.v[0]) == PY_FUNCTION &&
	       heap_pointer(h, callbacks.v[0], h->l.PyFunctionObject_func_name, &name) == 0 &&
	       heap_str_is(h, name, "_call_check_cancel");
}

static void name_wait(struct python *py, node_t thread, const struct found *f)
{
	struct strbuf what = { 0 };
	char detail[NAME_BYTES];

	if (f->p->what)
		strbuf_add(&what, f->p->what);
	else
		strbuf_addf(&what, "%s.%s", heap_type_name(&py->heap, f->self), f->p->function);
	if (f->p->whom == IMPORTER) {
		text_attr(py, f->self, "name", "?", detail, sizeof(detail));
		strbuf_addf(&what, " of module %s", detail);
	} else if (f->p->whom == WORKER) {
		text_attr(py, f->self, "_state", "", detail, sizeof(detail));
		if (is_chained(py, f->self))
			strbuf_add(&what, " of a coroutine");
		else if (str_eq(detail, "PENDING"))
			strbuf_add(&what, " of work that has not begun");
	}
	(void)builder_fact(py->b, thread, "frames of the standard library", "python_wait",
			   SNAP_NONE, "%s", strbuf_str(&what));
	strbuf_done(&what);
}

static void describe(struct python *py, const struct py_thread *t, node_t thread)
{
	struct found f = find(py, t);

	if (!f.p)
		return;
	name_wait(py, thread, &f);
	if (f.condition)
		python_add_thread_park(py, thread, f.condition, f.subject, f.timed);
	switch (f.p->whom) {
	case ANYBODY:
		break;
	case JOINED:
		awaits(py, thread, f.self);
		break;
	case ALL:
		awaits_all(py, thread, t->interp);
		break;
	case IMPORTER:
		awaits_importer(py, thread, f.self);
		break;
	case WORKER:
		awaits_worker(py, thread, f.self);
		break;
	}
}

void thread_waits_describe(struct python *py)
{
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].thread != SIZE_MAX)
			describe(py, &py->threads.v[i], python_thread_node(py, i));
}
