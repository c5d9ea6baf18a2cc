/*
 * Programs whose waits are not all in the kernel; see unread.h.
 *
 * A goroutine that waits for a channel has no thread, and a thread that waits for a Java monitor
 * sleeps on a word that names no owner and looks again every second. What the threads of such a
 * runtime sleep in says what the runtime does, not what the program waits for. A claim whose chain
 * leads through one of them is therefore no proof, and the time of a runtime's own poll is no
 * deadline of the program: it is the next timer of anybody in it, or no timer at all.
 *
 * Runtimes are recognised by frames of their schedulers, by their library or by their executable. A
 * Go program without symbols still catches every real-time signal, as hardly anybody else does.
 * Where one is mistaken a proof is lost and no fault is claimed; so a doubtful mark is good enough
 * here.
 *
 * What a thread does, rather than waits for, is as true there as anywhere: that it is stopped, or
 * burns CPU. In a Python process that merely has such a library loaded the interpreter's own waits
 * are read, so it is left alone, but for greenlets that a hub (gevent, eventlet) switches to: what
 * the hub's thread sleeps in is no greenlet's wait, and its timeout may be nobody's. Left alone are
 * programs made of callbacks (node): what their loop waits for is what they wait for.
 */
#include "analysis/unread.h"

#include <string.h>

#include "core/util.h"

#define ANY_OF 6

static const struct runtime_mark {
	const char *unread;            /* what is not read, of a process */
	const char *functions[ANY_OF]; /* beginnings of names */
	const char *module;            /* the end of its path */
	const char *exe;
} runtimes[] = {
	{ "goroutines",
	  { "runtime.mstart", "runtime.mcall", "runtime.goexit", "runtime.schedule",
	    "runtime.netpoll" },
	  NULL,
	  NULL },
	{ "Java monitors and locks", { NULL }, "/libjvm.so", "/java" },
	{ "tokio tasks", { "tokio::runtime::" }, NULL, NULL },
	{ ".NET monitors and tasks", { NULL }, "/libcoreclr.so", NULL },
	{ "Erlang processes", { NULL }, "/beam.smp", "/beam.smp" },
	{ "Haskell threads", { "scheduleWaitThread", "hs_main" }, NULL, NULL },
};

/* Go catches 35 to 64 all, SIGSTKFLT and SIGURG. */
#define SIGNALS_OF_GO (~0ULL << (35 - 1) | 1ULL << (16 - 1) | 1ULL << (23 - 1))

/* Through these a Java program says itself how long it wants to sleep; the machine's own timed
 * waits have other callers. */
static const char *const asks_for_time[] = { "JVM_Sleep", "JVM_MonitorWait", "Unsafe_Park" };

static bool has_mark(const struct analysis *a, const struct snap_frame *f,
		     const struct runtime_mark *m)
{
	const char *function = text_of(a, f->function);

	for (size_t i = 0; i < ANY_OF && m->functions[i]; i++)
		if (str_starts(function, m->functions[i]))
			return true;
	return m->module && str_ends(text_of(a, f->module), m->module);
}

static const char *of_thread(const struct analysis *a, node_t thread)
{
	const struct snap_stack *s = snap_stack_of(&a->x, thread);

	for (uint32_t i = 0; s && span_known(s->frames) && i < s->frames.n; i++) {
		const struct snap_frame *f = SNAP_ROW(a->s, FRAME, s->frames.first + i);
		for (size_t k = 0; k < ARRAY_SIZE(runtimes) && f->kind == FRAME_NATIVE; k++)
			if (has_mark(a, f, &runtimes[k]))
				return runtimes[k].unread;
	}
	return NULL;
}

static const char *of_process(const struct analysis *a, node_t process)
{
	struct snap_list threads = snap_children(&a->x, TABLE_THREAD, process);
	const char *unread = NULL;
	int64_t caught;

	for (size_t i = 0; i < ARRAY_SIZE(runtimes) && !unread; i++)
		if (runtimes[i].exe &&
		    str_ends(text_of(a, process_row(a, process)->exe), runtimes[i].exe))
			unread = runtimes[i].unread;
	for (uint32_t i = 0; i < threads.n && !unread; i++)
		unread = of_thread(a, NODE(TABLE_THREAD, threads.v[i]));
	if (!unread && fact_value(a, process, "sig_caught", &caught) &&
	    ((uint64_t)caught & SIGNALS_OF_GO) == SIGNALS_OF_GO)
		unread = "goroutines";
	return unread;
}

/* Who would switch back to it is only known where all references to a greenlet were found. */
static bool is_unread_greenlet(const struct analysis *a, const struct snap_task *t)
{
	return str_eq(text_of(a, t->runtime), "greenlet") && t->state == TASK_WAITING &&
	       !t->inherited && !span_known(t->setters);
}

void unread_find(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS); i++) {
		node_t process = NODE(TABLE_PROCESS, i);
		int64_t ignored;

		if (!a->processes[i].python)
			a->processes[i].unread = of_process(a, process);
		else if (fact_value(a, process, "greenlets_unread", &ignored))
			a->processes[i].unread = "waits of the greenlets";
	}
	for (uint32_t i = 0; i < SNAP_N(a->s, TASK); i++) {
		const struct snap_task *t = SNAP_ROW(a->s, TASK, i);
		if (is_unread_greenlet(a, t))
			a->processes[node_index(t->owner)].unread = "waits of the greenlets";
	}
}

/* Of what is done, rather than waited for, the threads are all there is to know. */
static bool is_of_threads(enum verdict_class class)
{
	return class == VERDICT_STOPPED || class == VERDICT_D_STATE || class == VERDICT_BUSY_LOOP ||
	       class == VERDICT_SLOW;
}

static bool is_unread(const struct analysis *a, node_t n)
{
	node_t process = process_of(a, n);

	return process != NODE_UNKNOWN && view_of(a, process)->unread;
}

static bool program_asks_for_time(const struct analysis *a, node_t thread)
{
	const struct snap_stack *s = snap_stack_of(&a->x, thread);

	for (uint32_t i = 0; s && span_known(s->frames) && i < s->frames.n; i++) {
		const char *function =
			text_of(a, SNAP_ROW(a->s, FRAME, s->frames.first + i)->function);
		for (size_t k = 0; k < ARRAY_SIZE(asks_for_time); k++)
			if (str_starts(function, asks_for_time[k]))
				return true;
	}
	return false;
}

void unread_weaken(const struct claim *c, struct finding *f)
{
	if (is_of_threads(f->class))
		return;
	for (uint32_t i = 0; i < f->steps && f->unread == NODE_UNKNOWN; i++)
		if (is_unread(c->a, claim_step(c, i)->sleeper))
			f->unread = process_of(c->a, claim_step(c, i)->sleeper);
	if (f->unread == NODE_UNKNOWN)
		return;
	f->certainty = CERTAINTY_INFERRED;
	if (f->can_end != CAN_END_TIMER)
		f->can_end = CAN_END_UNKNOWN;
	if (f->class == VERDICT_TIMER && is_unread(c->a, f->end) &&
	    !program_asks_for_time(c->a, f->end)) {
		f->class = VERDICT_UNKNOWN;
		f->can_end = CAN_END_UNKNOWN;
	}
}
