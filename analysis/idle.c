/*
 * Which threads are idle by design: workers of a pool that wait for work, and a runtime's own
 * helpers.
 *
 * They count as nobody's waker and nobody's fault. A thread is recognised by what it waits in, not
 * by what it is: the first frame, from the innermost, that is no mere waiting must be the pool's
 * own loop. A worker that sleeps inside a job it was given has that job's frames there and is not
 * idle. A process's main thread never is.
 */
#include "analysis/idle.h"

#include <string.h>

#include "analysis/context.h"
#include "core/util.h"

struct place {
	const char *function;
	const char *file; /* the end of the file's or module's name; NULL: any */
};

/* Frames that only wait: looked through. */
static const struct place waiting[] = {
	{ "futex_wait", NULL },
	{ "__futex_abstimed_wait_common", NULL },
	{ "__futex_abstimed_wait_common64", NULL },
	{ "__futex_abstimed_wait_cancelable64", NULL },
	{ "__internal_syscall_cancel", NULL },
	{ "__syscall_cancel", NULL },
	{ "__syscall_cancel_arch", NULL },
	{ "syscall", NULL },
	{ "pthread_cond_wait", NULL },
	{ "pthread_cond_timedwait", NULL },
	{ "__pthread_cond_wait", NULL },
	{ "___pthread_cond_wait", NULL },
	{ "__pthread_cond_wait_common", NULL },
	{ "pthread_cond_wait@@GLIBC_2.3.2", NULL },
	{ "sem_wait", NULL },
	{ "__new_sem_wait_slow64", NULL },
	{ "uv_cond_wait", NULL },
	{ "uv_sem_wait", NULL },
	{ "g_cond_wait", NULL },
	{ "g_cond_wait_until", NULL },
	{ "g_async_queue_pop_intern_unlocked", NULL },
	{ "g_async_queue_timeout_pop", NULL },
	{ "acquire", NULL },
	{ "wait", "threading.py" },
	{ "wait", "libstdc++.so.6" },
	{ "_wait_for_tstate_lock", "threading.py" },
	{ "get", "queue.py" },
};

static const struct place pools[] = {
	{ "_work", "_thread_cache.py" },               /* trio */
	{ "_worker", "concurrent/futures/thread.py" }, /* the standard library's executor */
	{ "run", "anyio/_backends/_asyncio.py" },
	{ "_feed", "multiprocessing/queues.py" },
	{ "_handle_workers", "multiprocessing/pool.py" },
	{ "_handle_tasks", "multiprocessing/pool.py" },
	{ "worker", "libuv.so.1" },
	{ "worker", "node" },
	{ "uv__thread_start", NULL },
	{ "blas_thread_server", NULL },
	{ "gomp_thread_start", NULL },
	{ "gomp_team_barrier_wait_end", NULL },
	{ "gomp_barrier_wait_end", NULL },
	{ "g_thread_pool_wait_for_new_task", NULL },
	{ "g_thread_pool_spawn_thread", NULL },
	{ "bioProcessBackgroundJobs", NULL }, /* redis */
	{ "ngx_thread_pool_cycle", NULL },
	{ "background_thread_entry", NULL }, /* jemalloc */
	{ "rml::private_worker::run", NULL },
	{ "tokio::runtime::blocking::pool::Inner::run", NULL },
	{ "runtime.stopm", NULL },
	{ "runtime.sysmon", NULL },
	{ "runtime.templateThread", NULL },
};

/* A Java virtual machine's own threads, by the 15 characters the kernel keeps of their names. */
static const char *const java_threads[] = {
	"GC Thread#",      "G1 ",
	"VM Thread",       "VM Periodic Tas",
	"C1 CompilerThre", "C2 CompilerThre",
	"Sweeper thread",  "Service Thread",
	"Monitor Deflati", "Signal Dispatch",
	"Finalizer",       "Reference Handl",
	"Common-Cleaner",  "Notification Th",
};

/* "Worker._work" is "_work": qualified names say more than these lists. */
static bool function_is(const char *function, const char *name)
{
	return str_eq(function, name) ||
	       (str_ends(function, name) && function[strlen(function) - strlen(name) - 1] == '.');
}

static bool is_at(const struct analysis *a, const struct snap_frame *f, const struct place *places,
		  size_t n)
{
	const char *function = text_of(a, f->function), *file = text_of(a, f->file);
	const char *module = text_of(a, f->module);

	for (size_t i = 0; i < n; i++)
		if (function_is(function, places[i].function) &&
		    (!places[i].file || str_ends(file, places[i].file) ||
		     str_ends(module, places[i].file)))
			return true;
	return false;
}

/* Native frames of an interpreter stand between the Python frames; they are neither waiting nor a
 * pool. */
static bool idles(const struct analysis *a, node_t thread)
{
	const struct snap_stack *s = snap_stack_of(&a->x, thread);
	bool python = false;

	if (!s || !span_known(s->frames))
		return false;
	for (uint32_t i = 0; i < s->frames.n; i++)
		python |= SNAP_ROW(a->s, FRAME, s->frames.first + i)->kind == FRAME_PYTHON;
	for (uint32_t i = 0; i < s->frames.n; i++) {
		const struct snap_frame *f = SNAP_ROW(a->s, FRAME, s->frames.first + i);
		if (f->kind == FRAME_KERNEL || (python && f->kind != FRAME_PYTHON) ||
		    is_at(a, f, waiting, ARRAY_SIZE(waiting)))
			continue;
		return is_at(a, f, pools, ARRAY_SIZE(pools));
	}
	return false;
}

static bool java_helper(const struct analysis *a, const struct snap_thread *t)
{
	const struct snap_process *p = process_row(a, t->owner);

	if (!str_ends(text_of(a, p->exe), "/java"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(java_threads); i++)
		if (str_starts(text_of(a, t->name), java_threads[i]))
			return true;
	return false;
}

void idle_threads(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, THREAD); i++) {
		node_t n = NODE(TABLE_THREAD, i);
		struct snap_thread *t = thread_row(a, n);
		const struct snap_stack *stack = snap_stack_of(&a->x, n);
		int64_t ignored;
		bool sleeps = a->threads[i].mode == MODE_SLEEPS || a->threads[i].mode == MODE_MOVED;
		bool may = sleeps && view_of(a, t->owner)->main_thread != n &&
			   !a->threads[i].loop && str_starts(call_name(a, n), "futex") &&
			   !asks_again(a, n);

		a->threads[i].idle = may && (fact_value(a, n, "idle_worker", &ignored) ||
					     java_helper(a, t) || idles(a, n));
		t->idle = a->threads[i].idle ? TRI_YES : !may || stack ? TRI_NO : TRI_UNKNOWN;
	}
}
