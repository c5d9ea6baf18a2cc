/* Signs of a wish to end along a chain; see wish.h. */
#include "analysis/wish.h"

#include <string.h>

#include "core/util.h"

/* Functions that a program comes through only when it ends. */
static const char *const exits[] = {
	"__run_exit_handlers", "exit",           "Py_FinalizeEx", "Py_Finalize",
	"atexit_callfuncs",    "_exit_function", "_python_exit",  "_cancel_all_tasks",
};

/*
 * An interpreter whose main program has ended waits here for the threads that are no daemons. That
 * is how many servers live: their main program only starts threads. Neither this nor the ending
 * interpreter around it is a sign.
 */
static const char *const joins[] = { "wait_for_thread_shutdown", "_shutdown" };

static bool is_one_of(const char *function, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(function, names[i]))
			return true;
	return false;
}

static bool exits_here(const struct analysis *a, node_t owner)
{
	const struct snap_stack *s = snap_stack_of(&a->x, owner);

	for (uint32_t i = 0; s && span_known(s->frames) && i < s->frames.n; i++) {
		const char *f = text_of(a, SNAP_ROW(a->s, FRAME, s->frames.first + i)->function);
		if (is_one_of(f, exits, ARRAY_SIZE(exits)))
			return true;
		if (is_one_of(f, joins, ARRAY_SIZE(joins)))
			return false;
	}
	return false;
}

/* Bytes for a process that it does not read although its peer, in the same set, waits. A leaked end
 * of file is not input. */
static bool unread_input(const struct analysis *a, node_t process)
{
	struct snap_list fds = snap_children(&a->x, TABLE_FD, process);

	for (uint32_t i = 0; i < fds.n; i++) {
		const struct snap_fd *fd = SNAP_ROW(a->s, FD, fds.v[i]);
		if (!is_resource(fd->resource) || !fd->readable)
			continue;
		const struct snap_resource *r = resource_row(a, fd->resource);
		bool stream = r->kind == RESOURCE_UNIX || r->kind == RESOURCE_TCP;
		if (stream && r->recv_q > 0 && str_eq(text_of(a, r->state), "ESTABLISHED") &&
		    is_resource(r->peer))
			return true;
	}
	return false;
}

static struct wish of_process(const struct analysis *a, node_t process)
{
	struct snap_list runtimes = snap_children(&a->x, TABLE_RUNTIME, process);
	struct snap_list tasks = snap_children(&a->x, TABLE_TASK, process);
	node_t main_thread = view_of(a, process)->main_thread;

	for (uint32_t i = 0; i < runtimes.n; i++)
		if (SNAP_ROW(a->s, RUNTIME, runtimes.v[i])->finalizing == TRI_YES)
			return (struct wish){ "its interpreter is ending", process };
	if (main_thread != NODE_UNKNOWN && exits_here(a, main_thread))
		return (struct wish){ "it is on its way out", process };
	for (uint32_t i = 0; i < tasks.n; i++)
		if (!SNAP_ROW(a->s, TASK, tasks.v[i])->inherited &&
		    task_is_cancelled(a, NODE(TABLE_TASK, tasks.v[i])))
			return (struct wish){ "it is cancelled", NODE(TABLE_TASK, tasks.v[i]) };
	if (unread_input(a, process))
		return (struct wish){ "input for it lies unread", process };
	return (struct wish){ NULL, NODE_UNKNOWN };
}

/* Whom the writer of a full pipe waits for in a circle: it does not read what it is sent. */
static node_t has_a_full_pipe(const struct solution *s, const struct chain *c, uint32_t i)
{
	uint32_t wait = c->steps.v[i].wait, next = i + 1 < c->steps.n ? i + 1 : c->cycle;

	return wait != GRAPH_NONE && s->a->notes.v[wait].full
		       ? process_of(s->a, c->steps.v[next].sleeper)
		       : NODE_UNKNOWN;
}

struct wish wish_to_end(const struct solution *s, const struct chain *c)
{
	node_t last = NODE_UNKNOWN;

	for (uint32_t i = 0; i < c->steps.n; i++) {
		node_t reader = has_a_full_pipe(s, c, i);
		if (reader != NODE_UNKNOWN)
			return (struct wish){ "input for it lies unread", reader };
		node_t process = process_of(s->a, c->steps.v[i].sleeper);
		if (process == NODE_UNKNOWN || process == last)
			continue;
		last = process;
		struct wish w = of_process(s->a, process);
		if (w.what)
			return w;
	}
	return (struct wish){ NULL, NODE_UNKNOWN };
}
