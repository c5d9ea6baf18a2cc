/*
 * The innermost frames of a parked task are trio's own, and which function of trio they are says
 * what the task waits for; the variable `self` is the primitive. One table: a new primitive is a
 * new line.
 *
 * From the innermost frame outwards the first line that fits counts; a line marked `over` takes the
 * place of the ones further in, as Lock.acquire() stands for the ParkingLot.park() that it calls.
 * Frames of other packages end the search: what an application calls its own functions is no
 * evidence.
 */
#include "runtimes/trio/waits.h"

#include <errno.h>
#include <string.h>

#include "core/util.h"

static const struct primitive {
	const char *file, *function;
	const char *self; /* class of the variable `self`; NULL: any */
	enum task_wait kind;
	bool over;
	const char *what; /* NULL: class and function */
} primitives[] = {
	{ "_core/_io_epoll.py", "_epoll_wait", NULL, TASK_WAIT_FD, false, NULL },
	{ "_core/_parking_lot.py", "park", NULL, TASK_WAIT_EVENT, false, NULL },
	{ "_core/_run.py", "_nested_child_finished", "Nursery", TASK_WAIT_NURSERY, false,
	  "Nursery.__aexit__" },
	{ "_core/_run.py", "start", "Nursery", TASK_WAIT_NURSERY, true, "Nursery.start" },
	{ "_sync.py", "wait", "Event", TASK_WAIT_EVENT, false, NULL },
	{ "_sync.py", "wait", "Condition", TASK_WAIT_CONDITION, true, NULL },
	{ "_sync.py", "acquire", "Lock", TASK_WAIT_LOCK, true, NULL },
	{ "_sync.py", "acquire", "StrictFIFOLock", TASK_WAIT_LOCK, true, NULL },
	{ "_sync.py", "acquire", "Semaphore", TASK_WAIT_SEMAPHORE, true, NULL },
	{ "_sync.py", "acquire_on_behalf_of", "CapacityLimiter", TASK_WAIT_SEMAPHORE, true, NULL },
	{ "_channel.py", "send", "MemorySendChannel", TASK_WAIT_CHANNEL_SEND, false, NULL },
	{ "_channel.py", "receive", "MemoryReceiveChannel", TASK_WAIT_CHANNEL_RECEIVE, false,
	  NULL },
	{ "_threads.py", "to_thread_run_sync", NULL, TASK_WAIT_THREAD, false,
	  "to_thread.run_sync" },
	{ "_timeouts.py", "sleep_forever", NULL, TASK_WAIT_FOREVER, false, "sleep_forever" },
	{ "_timeouts.py", "sleep_until", NULL, TASK_WAIT_TIMER, true, "sleep_until" },
	{ "_timeouts.py", "sleep", NULL, TASK_WAIT_TIMER, true, "sleep" },
	{ "_signals.py", "__anext__", NULL, TASK_WAIT_OTHER, true, "open_signal_receiver" },
	{ "_subprocess.py", "wait", "Process", TASK_WAIT_CHILD, true, NULL },
};

/* What all of them come down to. A library beside trio that parks by it alone is woken by somebody
 * of the process, as by an event. */
static const struct primitive bare = {
	"_core/_traps.py",      "wait_task_rescheduled", NULL, TASK_WAIT_EVENT, false,
	"wait_task_rescheduled"
};

/* The part of a path behind the directory of the package, NULL outside of it. */
static const char *in_trio(const struct python *py, const struct py_frame *f)
{
	const char *path = f->code ? snap_str(py->b->s, f->code->file) : "";
	const char *found = NULL;

	for (const char *p = path; (p = strstr(p, "/trio/")) != NULL; p += 1)
		found = p + strlen("/trio/");
	return found;
}

static bool fits(struct python *py, const struct primitive *p, const char *file,
		 const struct py_frame *f, uint64_t *ret_self)
{
	*ret_self = 0;
	if (!str_eq(p->file, file) || !str_eq(p->function, snap_str(py->b->s, f->code->name)))
		return false;
	(void)frame_variable(&py->codes, f, "self", ret_self);
	return !p->self || (*ret_self && heap_is_named(&py->heap, *ret_self, p->self));
}

/* The line that tells, and its frame; NULL. */
static const struct primitive *find(struct python *py, const struct await_chain *chain,
				    const struct py_frame **ret_frame, uint64_t *ret_self)
{
	const struct primitive *found = NULL;
	bool parked = false;
	const char *file;

	*ret_self = 0;
	for (size_t i = chain->frames.n; i-- > 0;) {
		const struct py_frame *f = &chain->frames.v[i];
		uint64_t self;

		file = in_trio(py, f);
		if (!file)
			break;
		parked |= fits(py, &bare, file, f, &self);
		for (size_t k = 0; k < ARRAY_SIZE(primitives); k++)
			if ((!found || primitives[k].over) &&
			    fits(py, &primitives[k], file, f, &self)) {
				found = &primitives[k];
				*ret_frame = f;
				*ret_self = self;
				break;
			}
	}
	return found || !parked ? found : &bare;
}

/* ---- details of each kind ---- */

static void about_fd(struct trio_runner *r, uint64_t task, struct trio_wait *w)
{
	uint64_t fd;

	if (!map_get(&r->fds, task, &fd))
		return;
	w->fd = (int64_t)(fd >> 1);
	w->write = fd & 1;
	w->what = builder_str(r->py->b, w->write ? "wait_writable" : "wait_readable");
}

static void about_lock(struct trio_runner *r, uint64_t lock, struct trio_wait *w)
{
	w->object = lock;
	w->owner = heap_attr_or_none(&r->py->heap, lock, "_owner");
}

/* After a notify it waits for the condition's lock, in the lock's own parking lot. */
static void about_condition(struct trio_runner *r, uint64_t task, uint64_t condition,
			    struct trio_wait *w)
{
	struct heap *h = &r->py->heap;
	uint64_t lock = heap_attr_or_none(h, condition, "_lock"), lot, parked;

	if (lock && heap_attr(h, lock, "_lot", &lot) == 0 &&
	    heap_attr(h, task, "custom_sleep_data", &parked) == 0 && parked == lot) {
		w->kind = TASK_WAIT_LOCK;
		about_lock(r, lock, w);
	}
}

/* One borrower of the only token is its owner; of several nobody is. */
static void about_limiter(struct trio_runner *r, uint64_t limiter, struct trio_wait *w)
{
	CLEANUP(heap_items_donep) struct heap_items borrowers = { 0 };
	uint64_t set;

	if (heap_attr(&r->py->heap, limiter, "_borrowers", &set) == 0 &&
	    heap_set(&r->py->heap, set, &borrowers) == 0 && borrowers.n == 1)
		w->owner = borrowers.v[0];
}

/* The worker's frame and the task's frame share the cell of a variable. */
static node_t worker_of(struct python *py, const struct py_frame *waiting)
{
	uint64_t ours, theirs;

	if (frame_cell(&py->codes, waiting, "sync_fn", &ours) < 0)
		return NODE_UNKNOWN;
	for (size_t i = 0; i < py->threads.n; i++) {
		const struct py_thread *t = &py->threads.v[i];

		for (size_t k = 0; t->thread != SIZE_MAX && k < t->n_frames; k++) {
			const struct py_frame *f = &py->frames.v[t->first_frame + k];

			if (f->code && str_eq(snap_str(py->b->s, f->code->name), "worker_fn") &&
			    frame_cell(&py->codes, f, "sync_fn", &theirs) == 0 && theirs == ours)
				return python_thread_node(py, i);
		}
	}
	return NODE_UNKNOWN;
}

static void about_child(struct trio_runner *r, uint64_t task, uint64_t process, struct trio_wait *w)
{
	uint64_t pid;

	if (heap_attr_path(&r->py->heap, process, &pid, "_proc", "pid", NULL) == 0)
		(void)heap_int(&r->py->heap, pid, &w->child);
	if (map_get(&r->fds, task, &pid)) { /* by its pidfd */
		w->kind = TASK_WAIT_FD;
		w->object = 0;
		w->fd = (int64_t)(pid >> 1);
	}
}

void trio_wait_read(struct trio_runner *r, uint64_t task, const struct await_chain *chain,
		    struct trio_wait *ret)
{
	struct trio_wait w = { .fd = SNAP_NONE, .child = SNAP_NONE, .worker = NODE_UNKNOWN };
	struct python *py = r->py;
	const struct py_frame *frame = NULL;
	uint64_t self = 0;
	const struct primitive *p = find(py, chain, &frame, &self);

	*ret = w;
	if (!p)
		return;
	w.kind = p->kind;
	w.object = self;
	if (p->what)
		w.what = builder_str(py->b, p->what);
	else
		w.what = builder_strf(py->b, "%s.%s", heap_type_name(&py->heap, self), p->function);

	switch (p->kind) {
	case TASK_WAIT_FD:
		w.object = 0;
		about_fd(r, task, &w);
		break;
	case TASK_WAIT_LOCK:
		about_lock(r, self, &w);
		break;
	case TASK_WAIT_CONDITION:
		about_condition(r, task, self, &w);
		break;
	case TASK_WAIT_SEMAPHORE:
		about_limiter(r, self, &w);
		break;
	case TASK_WAIT_CHANNEL_SEND:
	case TASK_WAIT_CHANNEL_RECEIVE: /* both ends, and all their clones, share one state */
		w.object = heap_attr_or_none(&py->heap, self, "_state");
		break;
	case TASK_WAIT_NURSERY:
		w.nursery = self;
		if (str_eq(p->function, "start"))
			(void)frame_variable(&py->codes, frame, "old_nursery", &w.nursery);
		break;
	case TASK_WAIT_THREAD:
		w.object = 0;
		w.worker = worker_of(py, frame);
		break;
	case TASK_WAIT_CHILD:
		about_child(r, task, self, &w);
		break;
	default:
		break;
	}
	*ret = w;
}

void trio_describe_workers(struct python *py)
{
	for (size_t i = 0; i < py->threads.n; i++) {
		const struct py_thread *t = &py->threads.v[i];

		if (t->thread == SIZE_MAX || !t->n_frames)
			continue;
		const struct py_frame *f = &py->frames.v[t->first_frame];
		const char *file = f->code ? in_trio(py, f) : NULL;
		if (file && str_eq(file, "_core/_thread_cache.py") &&
		    str_eq(snap_str(py->b->s, f->code->name), "_work"))
			(void)builder_fact(py->b, python_thread_node(py, i),
					   "trio._core._thread_cache", "idle_worker", 1,
					   "a worker thread of trio without work");
	}
}
