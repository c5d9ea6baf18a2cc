/*
 * What each thread does, as the scheduler sees it: name, state, and what it sleeps in.
 *
 * Registers, system call and CPU time belong to the looks; they are written when the last of them
 * was taken.
 */
#include <stdio.h>

#include "collectors/collector.h"
#include "core/fs.h"
#include "core/util.h"
#include "raw/kernel_stack.h"

static str_t wait_channel(struct raw_capture *c, const struct raw_process *p,
			  const struct raw_thread *t)
{
	char path[40], text[128];
	const char *stack = t->kernel_stack;
	struct kernel_frame frame;

	/* Both leave the scheduler's own functions out, so the first frame is the answer and saves
	 * a file. */
	if (stack && kernel_stack_next(&stack, &frame))
		return builder_str(c->b, frame.function);
	(void)snprintf(path, sizeof(path), "task/%d/wchan", t->tid);
	/* "0" is a running thread, and also what a reader without rights gets. */
	if (fs_read(p->procfd, path, text, sizeof(text)) <= 0 || str_eq(text, "0"))
		return STR_UNKNOWN;
	return builder_str(c->b, text);
}

static void thread(struct raw_capture *c, struct raw_process *p, struct raw_thread *t)
{
	struct snap_thread *row = SNAP_ROW(c->b->s, THREAD, node_index(t->node));
	char state[2] = { t->status.state, '\0' };

	if (t->gone)
		row->state = builder_str(c->b, "gone");
	if (!t->status.known)
		return;
	row->name = builder_str(c->b, t->status.name);
	row->ns_tid = t->ns_tid;
	if (t->gone)
		return;
	row->state = builder_str(c->b, state);
	row->wchan = wait_channel(c, p, t);
}

const struct collector collector_threads = {
	.name = "threads", .order = -9, .thread = thread, .moved = thread
};
