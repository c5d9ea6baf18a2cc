/*
 * A sleeper's state; see asleep.h.
 *
 * The kernel shows stacks to CAP_SYS_ADMIN only, for all processes or for none, so one refusal ends
 * the asking. They are kept as the kernel wrote them: the decoder, which brings all frames of a
 * thread together, parses them.
 */
#include "acquire/asleep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/threads/sched.h"
#include "core/fs.h"
#include "core/util.h"

static void read_kernel_stack(struct acquirer *a, const struct raw_process *p, int dir,
			      struct raw_thread *t)
{
	struct raw_capture *c = a->c;
	char path[40], text[8192];

	/* The same lock that its memory is behind. */
	if (c->no_kernel_stacks || p->refused_error == -ETIMEDOUT)
		return;
	(void)snprintf(path, sizeof(path), "task/%d/stack", t->tid);
	ssize_t n = fs_read(dir, path, text, sizeof(text));
	if (n > 0) {
		char *copy = acquirer_alloc(a, (size_t)n + 1);
		if (copy)
			t->kernel_stack = memcpy(copy, text, (size_t)n + 1);
	} else if (is_refusal(n) || (n == -ENOENT && t->tid == p->pid)) {
		c->no_kernel_stacks = (int)n; /* of another thread: it ended */
	}
}

/* se.exec_start of /proc/TID/sched: the CPU's clock when the thread last left it. */
static void read_left_cpu(int dir, struct raw_thread *t)
{
	char path[40], text[8192];
	int64_t exec_start_ns;
	struct raw_stat stat;

	(void)snprintf(path, sizeof(path), "task/%d/sched", t->tid);
	if (fs_read(dir, path, text, sizeof(text)) > 0 && sched_exec_start_ns(text, &exec_start_ns))
		t->left_cpu_ns = exec_start_ns;
	t->left_cpu_read_ns = clock_monotonic_ns();
	(void)snprintf(path, sizeof(path), "task/%d/stat", t->tid);
	t->cpu = raw_stat_read(dir, path, &stat) < 0 ? -1 : stat.cpu;
}

void asleep_read(struct acquirer *a, struct raw_process *p, int dir, struct raw_thread *t)
{
	char path[40];

	(void)snprintf(path, sizeof(path), "task/%d/status", t->tid);
	int r = raw_status_read(dir, path, &t->status);
	if (r < 0) {
		t->gone = has_ended(r);
		return;
	}
	t->ns_tid = t->status.ns_pid;
	if (t->tid == p->pid)
		p->ns_pid = t->ns_tid;
	if (t->looks.n)
		t->looks.v[t->looks.n - 1].state = t->status.state;
	read_kernel_stack(a, p, dir, t);
	t->left_cpu_ns = SNAP_UNKNOWN;
	if (t->status.state != 'R')
		read_left_cpu(dir, t);
}
