/*
 * Modes of threads, main threads and tasks, loops and who polls for them, signals that wake; see
 * view.h. Which threads are idle and what nobody can read is told in idle.c and unread.c.
 */
#include "analysis/view.h"

#include <string.h>

#include "analysis/context.h"
#include "analysis/idle.h"
#include "analysis/unread.h"
#include "core/util.h"

/* glibc keeps the first two real-time signals for itself; the others may be timers and io
 * notifications. */
#define SIGNALS_OF_LIBC (3ULL << 31)

/* A handler of these speaks of a fault in the process, of a terminal's size, or of nothing: none is
 * sent to wake it. */
static const uint8_t signals_of_faults[] = { 4, 5, 6, 7, 8, 11, 13, 16, 28, 31 };

static bool state_is(const struct analysis *a, str_t state, const char *letters)
{
	const char *s = text_of(a, state);

	return s[0] && !s[1] && strchr(letters, s[0]);
}

static enum mode thread_mode(const struct analysis *a, node_t n)
{
	const struct snap_thread *t = thread_row(a, n);

	if (state_is(a, t->state, "ZXx") || str_eq(text_of(a, t->state), "gone"))
		return MODE_GONE;
	if (state_is(a, t->state, "Tt") || view_of(a, t->owner)->frozen)
		return MODE_STOPPED;
	if (state_is(a, t->state, "D"))
		return MODE_D;
	/* Who shares the GIL with others gets it in turn, as he does a CPU; to want it then is to
	 * run. */
	if (runs_code(a, n))
		return MODE_RUNS;
	/* One that does not get it wakes every 5 ms to ask for it: it stands still all the same,
	 * even if it is seen awake. */
	if (asks_again(a, n) && t->call.presence == PRESENCE_HERE)
		return MODE_SLEEPS;
	/* One that sleeps most of the time is seen awake now and then; where it sleeps is known. */
	bool here = t->call.presence == PRESENCE_HERE;
	if (state_is(a, t->state, "R"))
		return t->activity == ACTIVITY_MOVING && here ? MODE_MOVED : MODE_RUNS;
	if (t->activity == ACTIVITY_BUSY)
		return here ? MODE_MOVED : MODE_RUNS;
	return t->activity == ACTIVITY_MOVING ? MODE_MOVED : MODE_SLEEPS;
}

static uint64_t signals_that_wake(const struct analysis *a, node_t process, bool python)
{
	int64_t caught = 0;

	/* Where that could not be read, any signal may have a handler. */
	if (!fact_value(a, process, "sig_caught", &caught))
		caught = -1;
	uint64_t mask = (uint64_t)caught & ~SIGNALS_OF_LIBC;
	for (size_t i = 0; i < ARRAY_SIZE(signals_of_faults); i++)
		mask &= ~(1ULL << (signals_of_faults[i] - 1));
	if (python)
		mask &= ~(1ULL << (2 -
				   1)); /* SIGINT becomes KeyboardInterrupt in every interpreter */
	return mask;
}

static void view_process(struct analysis *a, uint32_t i)
{
	node_t n = NODE(TABLE_PROCESS, i);
	const struct snap_process *p = process_row(a, n);
	struct process_view *v = &a->processes[i];
	struct snap_list runtimes = snap_children(&a->x, TABLE_RUNTIME, n);
	int64_t frozen = 0;

	v->main_thread = v->main_task = NODE_UNKNOWN;
	v->actors = GRAPH_NONE;
	v->frozen = fact_value(a, n, "frozen", &frozen) && frozen;
	for (uint32_t k = 0; k < runtimes.n; k++)
		v->python |= str_starts(text_of(a, SNAP_ROW(a->s, RUNTIME, runtimes.v[k])->name),
					"cpython");
	v->caught = signals_that_wake(a, n, v->python);
	v->exited = p->exit.presence == PRESENCE_HERE || str_eq(text_of(a, p->state), "gone");
}

static void view_threads_of(struct analysis *a, uint32_t i)
{
	node_t n = NODE(TABLE_PROCESS, i);
	struct process_view *v = &a->processes[i];
	struct snap_list threads = snap_children(&a->x, TABLE_THREAD, n);
	node_t main_thread = snap_main_thread(&a->x, n);
	uint32_t alive = 0;

	for (uint32_t k = 0; k < threads.n; k++) {
		node_t t = NODE(TABLE_THREAD, threads.v[k]);
		struct thread_view *w = &a->threads[threads.v[k]];
		w->host = w->poller = NODE_UNKNOWN;
		w->mode = (uint8_t)thread_mode(a, t);
		if (w->mode == MODE_GONE)
			continue;
		alive++;
		if (v->main_thread == NODE_UNKNOWN || t == main_thread)
			v->main_thread = t;
	}
	/* The leader may have ended before the others; the process lives as long as one of them. */
	if (alive)
		v->exited = false;
	else if (state_is(a, process_row(a, n)->state, "ZX"))
		v->exited = true;
	v->opaque = !v->exited && !alive;
}

static void view_history(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, EVENT); i++) {
		const struct snap_event *e = SNAP_ROW(a->s, EVENT, i);
		bool tells = e->kind == EVENT_EXEC || e->kind == EVENT_SIGNAL ||
			     e->kind == EVENT_REPARENT;
		if (tells && node_table(e->about) == TABLE_PROCESS)
			a->processes[node_index(e->about)].history += map_mix(e->kind, 1);
	}
}

/* A greenlet is never seen to run: it is the hub's poll() that is. */
static void view_running_tasks(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, TASK); i++) {
		const struct snap_task *t = SNAP_ROW(a->s, TASK, i);
		if (!t->inherited && t->state == TASK_RUNNING &&
		    node_table(t->thread) == TABLE_THREAD)
			a->threads[node_index(t->thread)].in_task = true;
	}
}

/* A loop in guest mode has its events waited for by another thread. */
static void view_guests(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, THREAD); i++) {
		int64_t tid;
		if (!fact_value(a, NODE(TABLE_THREAD, i), "polls_for", &tid))
			continue;
		node_t host = snap_thread_by_tid(&a->x, tid);
		if (host == NODE_UNKNOWN || host == NODE(TABLE_THREAD, i) ||
		    process_of(a, host) != SNAP_ROW(a->s, THREAD, i)->owner)
			continue;
		a->threads[i].host = host;
		a->threads[node_index(host)].poller = NODE(TABLE_THREAD, i);
	}
}

static void view_loops(struct analysis *a)
{
	view_running_tasks(a);
	view_guests(a);
	for (uint32_t i = 0; i < SNAP_N(a->s, TASK); i++) {
		const struct snap_task *t = SNAP_ROW(a->s, TASK, i);
		if (t->inherited || node_table(t->thread) != TABLE_THREAD)
			continue;
		struct thread_view *v = &a->threads[node_index(loop_poller(a, t->thread))];
		bool asyncio = str_starts(text_of(a, t->runtime), "asyncio");
		v->loop = loop_polls(a, t->thread);
		v->loop_calls |= asyncio;
		struct process_view *p = &a->processes[node_index(t->owner)];
		if (t->main && t->thread == p->main_thread && p->main_task == NODE_UNKNOWN)
			p->main_task = NODE(TABLE_TASK, i);
	}
}

void views_derive(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS); i++)
		view_process(a, i);
	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS); i++)
		view_threads_of(a, i);
	view_loops(a);
	view_history(a);
	idle_threads(a);
	unread_find(a);
}
