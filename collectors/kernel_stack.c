/*
 * Where each thread sleeps inside the kernel: /proc/TID/stack as it is. It is parsed and put below
 * the thread's own frames by the decoder, which brings all frames of a thread together.
 *
 * The kernel shows it to CAP_SYS_ADMIN only, for all processes or for none, so one refusal ends the
 * asking.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/collector.h"
#include "core/fs.h"

static void thread(struct raw_capture *c, struct raw_process *p, struct raw_thread *t)
{
	char path[40], text[8192];

	if (c->no_kernel_stacks || t->gone || p->procfd < 0)
		return;
	/* The same lock that its memory is behind. */
	if (p->refused_error == -ETIMEDOUT)
		return;
	(void)snprintf(path, sizeof(path), "task/%d/stack", t->tid);
	ssize_t n = fs_read(p->procfd, path, text, sizeof(text));
	if (n > 0) {
		free(t->kernel_stack);
		t->kernel_stack = strdup(text);
		return;
	}
	if (n != -EACCES && n != -EPERM && n != -ENOENT)
		return;
	if (n == -ENOENT && t->tid != p->pid)
		return; /* the thread ended */
	c->no_kernel_stacks = true;
	if (n == -ENOENT)
		builder_gap(c->b, NODE_NONE, false, "kernel stacks",
			    "this kernel has no /proc/PID/stack (CONFIG_STACKTRACE is off)", NULL);
	else
		builder_gap(c->b, NODE_NONE, false, "kernel stacks",
			    "the kernel shows them to CAP_SYS_ADMIN only",
			    "run hangwatch with sudo");
}

const struct collector collector_kernel_stack = {
	.name = "kernel_stack", .order = -11, .thread = thread, .moved = thread
};
