/*
 * CPython 3.9 to 3.15, read from outside: no code is injected, no handler called, no Python of the
 * same version needed.
 *
 * One process is read in attempts. An attempt reads the thread states, the frames and then, through
 * the libraries that stand on CPython, the task trees, all from one cache of pages. It counts only
 * when nothing in the process moved meanwhile: a hung process does not, so the first attempt is
 * made on the live process. When that fails it is stopped. What is small is read while it is held,
 * for no longer than the stop budget. Of the rest, and when we did not get a CPU in time for that,
 * what was looked at so far is copied during a short stop, and the attempt is made on the copies
 * (decode/moment.h); it counts when they had all that it wanted. A failed attempt is taken back as
 * a whole, pages and rows: never are two moments mixed.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "decode/readahead.h"
#include "decode/stacks.h"
#include "raw/request.h"
#include "raw/run.h"
#include "runtimes/cpython/emit.h"
#include "runtimes/cpython/gil.h"
#include "runtimes/cpython/interleave.h"
#include "runtimes/cpython/locals.h"
#include "runtimes/cpython/repeats.h"
#include "runtimes/cpython/setters.h"
#include "runtimes/cpython/signals.h"
#include "runtimes/cpython/threads.h"
#include "runtimes/cpython/users.h"
#include "runtimes/runtime.h"

enum {
	ATTEMPTS = 5,      /* with a stop; without, where it may not be stopped */
	LIVE_ATTEMPTS = 3, /* before the first stop, if they are quick */
	PAGES_BYTES = 48 << 20,
	VERSION_BYTES = 32,
};

/* An attempt that takes no longer may find a process between two short moments of running. */
#define QUICK_NS (4 * NSEC_PER_MSEC)

/* Before another look at what contradicts itself or does not rest: long enough for a collection or
 * a burst of work to end. */
#define PAUSE_NS (5 * NSEC_PER_MSEC)

extern const struct runtime runtime_cpython; /* at the end */

struct python *python_of(struct decoded_process *p)
{
	return *runtime_state(p, &runtime_cpython);
}

/* ---- life ---- */

/* A test may bring no decoder. */
static struct readahead *readahead_of(const struct python *py)
{
	return py->p->decoder ? py->p->decoder->readahead : NULL;
}

static void python_free(struct python *py)
{
	codes_done(&py->codes);
	heap_done(&py->heap);
	map_done(&py->frame_threads);
	array_done(&py->interps);
	array_done(&py->threads);
	array_done(&py->frames);
	array_done(&py->activations);
	array_done(&py->task_frames);
	array_done(&py->holders);
	array_done(&py->parks);
	moment_done(&py->moment);
	if (py->memory != py->p->memory) {
		readahead_learn(readahead_of(py), py->p, py->memory);
		(void)memory_free(py->memory);
	}
	free(py);
}

static void done(struct decoded_process *p)
{
	void **state = runtime_state(p, &runtime_cpython);

	if (*state)
		python_free(*state);
	*state = NULL;
}

/* A reader of our own: that of the process has copies of stacks laid over it, which are of an
 * earlier moment. */
static int memory_of(struct decoded_process *p, struct memory **ret)
{
	struct memory_backend backend = memory_backend_fd(p->raw->memfd);

	*ret = p->memory;
	if (p->raw->memfd < 0)
		return 0;
	backend.done = NULL;
	return memory_new(&backend, PAGES_BYTES, ret);
}

/* ---- what moves ---- */

static int ask(const struct decoded_process *p, enum request_kind kind, uint64_t a)
{
	const struct request q = { .kind = kind, .process = (uint32_t)p->index, .a = a };

	return request_call(p->sock, &q, p->deadline, NULL, NULL);
}

/* How far each table had been filled before an attempt. */
struct mark {
	size_t n[TABLE_MAX];
};

static void mark_set(const struct builder *b, struct mark *m)
{
	for (int t = 1; t < TABLE_MAX; t++)
		m->n[t] = b->s->tables[t].n;
}

static void mark_restore(struct builder *b, const struct mark *m)
{
	for (int t = 1; t < TABLE_MAX; t++)
		builder_truncate(b, t, m->n[t]);
}

/* ---- one attempt ---- */

static str_t version_text(struct python *py)
{
	uint64_t sysdict, version;
	char text[VERSION_BYTES];

	for (size_t i = 0; i < py->interps.n; i++) {
		if (heap_pointer(&py->heap, py->interps.v[i], py->heap.l.PyInterpreterState_sysdict,
				 &sysdict) < 0 ||
		    heap_dict_get(&py->heap, sysdict, "version", &version) < 0 ||
		    heap_str(&py->heap, version, text, sizeof(text)) <= 0)
			continue;
		return builder_strn(py->b, text, strcspn(text, " "));
	}
	return builder_strf(py->b, "3.%d", py->minor);
}

static void emit_runtime(struct python *py)
{
	const struct cpython_layout *l = &py->heap.l;
	uint64_t finalizing = 0;
	uint32_t initialized = 1;

	(void)heap_u64(&py->heap, py->site.runtime, l->PyRuntimeState_finalizing, &finalizing);
	(void)heap_u32(&py->heap, py->site.runtime, l->PyRuntimeState_initialized, &initialized);
	py->finalizing = finalizing != 0;
	py->initialized = initialized != 0;
	py->version = version_text(py);

	struct snap_runtime *row = BUILD(py->b, RUNTIME);
	row->owner = py->p->raw->node;
	row->name = builder_str(py->b, "cpython");
	row->version = py->version;
	row->finalizing = py->finalizing ? TRI_YES : TRI_NO;
	/* One that has ended is not initialised, either. */
	if (!py->initialized && !py->finalizing && !py->interps.n)
		builder_gap(py->b, py->p->raw->node, false, "Python frames and tasks",
			    "the interpreter is not initialised yet", NULL);
	else if (!py->interps.n)
		builder_gap(py->b, py->p->raw->node, false, "Python frames and tasks",
			    "the interpreter has ended", NULL);
}

/* 0; -EAGAIN: one of them found what it read to contradict itself. */
static int libraries(struct decoded_process *p)
{
	int all = 0;

	for (size_t i = 0; runtimes[i]; i++) {
		if (runtimes[i]->stage != RUNTIME_LIBRARY)
			continue;
		int r = runtimes[i]->decode(p);
		if (r == -EAGAIN)
			all = r;
		else if (r < 0)
			builder_gap(p->b, p->raw->node, false, runtimes[i]->name,
				    "its state could not be read", NULL);
	}
	return all;
}

static int attempt(struct python *py, bool still)
{
	codes_forget(&py->codes);
	heap_forget(&py->heap);
	if (still)
		readahead_give(readahead_of(py), py->p, py->memory);
	if (py->copied)
		moment_give(py->p, py->memory);

	py->task_frames.n = py->holders.n = py->parks.n = 0;
	int r = threads_read(py);
	if (r < 0)
		return r;
	emit_runtime(py);
	threads_describe(py);
	locals_read(py);
	r = libraries(py->p);
	setters_find(py);
	users_find(py);
	return r;
}

static void broken_frames(struct python *py)
{
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].thread != SIZE_MAX && py->threads.v[i].error)
			builder_gap(py->b, python_thread_node(py, i), false,
				    "the outer part of its Python frames",
				    py->threads.v[i].error == -E2BIG
					    ? "there are more than hangwatch reads"
					    : "a frame could not be read",
				    NULL);
}

static bool any_broken(const struct python *py)
{
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].thread != SIZE_MAX && py->threads.v[i].error &&
		    py->threads.v[i].error != -E2BIG)
			return true;
	return false;
}

/* Stops it until release(), or with copies only for as long as these take. 0; 1: it moved all the
 * same; -errno: it runs. */
static int stop(struct python *py, bool copy)
{
	int r = copy ? moment_take(&py->moment, py->p) : -ENODATA;

	py->copied = r >= 0;
	if (r == -ENODATA)
		r = ask(py->p, REQUEST_HOLD, (uint64_t)py->p->capture->options->stop_budget_ns);
	py->held = r >= 0;
	py->unstoppable |= r == -EPERM;
	return r;
}

/* After an attempt. Did it move, as far as the attempt looked? */
static bool release(struct python *py, int stopped, uint64_t reads)
{
	if (py->copied)
		return stopped != 0 || memory_backend_reads(py->memory) != reads;
	return ask(py->p, REQUEST_RELEASE, 0) != 0;
}

/* One attempt and its check. 0; 1: it is not of one moment; -EAGAIN: what was read contradicts
 * itself; -errno. */
static int try_once(struct python *py, bool hold, bool copy)
{
	struct decoded_process *p = py->p;
	bool moved;

	py->held = py->copied = false;
	int stopped = hold ? stop(py, copy) : 0;
	/* One that has stood still since the looks needs no mark: it is enough that it still does
	 * afterwards. */
	bool still = !py->held && p->still;
	if (!py->held && !still)
		(void)ask(p, REQUEST_MARK, 0);
	uint64_t reads = memory_backend_reads(py->memory);
	int r = attempt(py, still);
	p->still = still && raw_run_still(p->raw);
	if (py->held)
		moved = release(py, stopped, reads);
	else
		moved = still ? !p->still : ask(p, REQUEST_MOVED, 0) != 0;
	if (r == 0 && any_broken(py))
		r = -EAGAIN;
	if ((moved || r < 0) && moment_learn(&py->moment, py->memory) < 0)
		return -ENOMEM;
	if (moved && !py->held && r == 0 && gil_kept_still(py))
		moved = false;
	return moved && (r == 0 || r == -EAGAIN) ? 1 : r;
}

/*
 * Attempts until one is of a single moment. 0; 1: none was, the last one is kept; -errno: nothing
 * could be read.
 *
 * The process is left alone as long as that may do: a thread that waits for the GIL wakes every 5
 * ms and sleeps again, and between two such moments there is time for a small tree.
 */
static int attempts(struct python *py)
{
	struct decoded_process *p = py->p;
	enum stop_policy policy = p->capture->options->stop;
	bool hold = policy == STOP_ALWAYS, copy = false;
	unsigned live = 0, stops = 0;
	struct mark before;
	int r = -ETIMEDOUT;

	mark_set(py->b, &before);
	while (live < ATTEMPTS && stops < ATTEMPTS && !deadline_passed(p->deadline)) {
		int64_t began = clock_monotonic_ns(), cpu = clock_thread_cpu_ns();

		mark_restore(py->b, &before);
		r = try_once(py, hold, copy);
		if (r == 0)
			return 0;
		bool quick = clock_monotonic_ns() - began < QUICK_NS;
		bool small = clock_thread_cpu_ns() - cpu < QUICK_NS;
		++*(hold ? &stops : &live);
		if (!hold && r == 1 && quick && live < LIVE_ATTEMPTS)
			continue;
		/* What is walked through so quickly is not copied faster. */
		copy = (hold || !small) && stops + 1 < ATTEMPTS;
		hold = policy != STOP_NEVER;
		/* What was missing is known now, and best copied before it is elsewhere. */
		if (py->copied && r == 1)
			continue;
		if (deadline_left_ns(p->deadline) <= PAUSE_NS)
			break;
		clock_sleep_until(clock_monotonic_ns() + PAUSE_NS);
	}
	/* It does not move, and yet it contradicts itself: so it is, and the gaps say what is
	 * missing. */
	return r == -EAGAIN ? 0 : r;
}

static int decode(struct decoded_process *p)
{
	struct python_site site;

	if (!p->raw->maps || !p->memory)
		return 1;
	int r = python_find(p->memory, p->raw->maps, p->modules, &site);
	if (r == 1)
		return 1;
	if (r == -ENOTSUP) {
		struct snap_runtime *row = BUILD(p->b, RUNTIME);
		row->owner = p->raw->node;
		row->name = builder_str(p->b, "cpython");
		if (site.minor)
			row->version = builder_strf(p->b, "3.%d", site.minor);
		builder_gap(
			p->b, p->raw->node, false, "Python frames and tasks",
			site.minor
				? "this version of CPython is not known; 3.9 to 3.15 are"
				: "its version cannot be told: it is none of 3.9 to 3.15, or has not begun or has ended",
			NULL);
		return 0;
	}
	if (r < 0)
		return r;

	struct python *py = calloc(1, sizeof(*py));
	if (!py)
		return -ENOMEM;
	py->p = p;
	py->b = p->b;
	py->site = site;
	py->minor = site.minor;
	if ((r = memory_of(p, &py->memory)) < 0) {
		free(py);
		return r;
	}
	*runtime_state(p, &runtime_cpython) = py;
	heap_init(&py->heap, py->memory, &site.layout, site.minor);
	py->heap.hash.secret = site.hash_secret;
	codes_init(&py->codes, &py->heap, p->b);
	if (site.layout.derived)
		builder_gap(
			p->b, p->raw->node, false, "whether all of its Python is read right",
			"how this free-threaded CPython lays out its objects was derived, and never tried on such a build",
			NULL);

	r = attempts(py);
	if (r < 0)
		return r;
	if (r == 1) {
		py->partial = true;
		builder_gap(p->b, p->raw->node, false,
			    "a consistent view of its Python frames and tasks",
			    "it moved while they were read",
			    py->unstoppable ? NULL : "--stop=auto with a larger --stop-budget");
	}
	broken_frames(py);
	locals_describe(py);
	/* Handlers do not change by the moment: this has no place in a stop. */
	signals_describe(py);
	repeats_look(py);
	return interleave(py);
}

const struct runtime runtime_cpython = {
	.name = "cpython",
	.stage = RUNTIME_LANGUAGE,
	.decode = decode,
	.done = done,
};
