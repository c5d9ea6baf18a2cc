/*
 * Waits inside the kernel that no descriptor explains: uninterruptible sleeps, vfork, FIFOs being
 * opened, io_uring.
 *
 * Of these only vfork has a waker that can be named: the child, until it execs or exits.
 */
#include <fcntl.h>
#include <string.h>

#include "analysis/waits.h"
#include "core/util.h"

static bool forks(const struct analysis *a, node_t thread)
{
	const char *name = call_name(a, thread);

	return str_eq(name, "vfork") || str_starts(name, "clone");
}

void waits_fork(struct analysis *a, node_t thread)
{
	node_t process = process_of(a, thread), child = NODE_UNKNOWN;
	struct snap_list children = children_of(a, process);
	struct wait_in in = wait_any(thread, WAIT_ON_CHILD, EVIDENCE_PROVED);
	uint32_t n = 0;

	/* A vfork child still runs its parent's program; each parent thread has at most one. */
	for (uint32_t i = 0; i < children.n; i++) {
		const struct snap_process *c = SNAP_ROW(a->s, PROCESS, children.v[i]);
		if (a->processes[children.v[i]].exited || c->forked_not_execed == TRI_NO)
			continue;
		child = NODE(TABLE_PROCESS, children.v[i]);
		n++;
	}
	if (n != 1) {
		wait_add_unknown(a, thread, WAIT_ON_KERNEL, "the start of a child");
		return;
	}
	in.party = party_of(a, &child, 1);
	in.about[0] = child;
	wait_add(a, &in, "its vfork child %lld, until that execs or exits",
		 (long long)process_row(a, child)->pid);
}

void waits_kernel(struct analysis *a, node_t thread)
{
	const struct snap_thread *t = thread_row(a, thread);
	char what[96];

	if (forks(a, thread)) {
		waits_fork(a, thread);
		return;
	}
	(void)snprintf(what, sizeof(what), "the kernel (%.32s%s%.32s)", call_name(a, thread),
		       t->wchan == STR_UNKNOWN || t->wchan == STR_NONE ? "" : " in ",
		       text_of(a, t->wchan));
	wait_add_unknown(a, thread, WAIT_ON_KERNEL, what);
}

void waits_open(struct analysis *a, node_t thread)
{
	const char *wchan = text_of(a, thread_row(a, thread)->wchan), *call = call_name(a, thread);
	const char *path = fact_text(a, thread, "open_path");
	bool fifo = strstr(wchan, "fifo") || strstr(wchan, "wait_for_partner");
	/* openat2() has its flags in memory. */
	int64_t flags = str_eq(call, "creat") ? O_WRONLY
			: str_eq(call, "openat2")
				? SNAP_UNKNOWN
				: call_arg(a, thread, str_eq(call, "open") ? 1 : 2);
	const char *end = !snap_known(flags)                ? "at the other end"
			  : (flags & O_ACCMODE) == O_RDONLY ? "for writing"
							    : "for reading";
	struct wait_in in =
		wait_any(thread, fifo ? WAIT_ON_FIFO_OPEN : WAIT_ON_FILE, EVIDENCE_PROVED);

	in.note.unknown = true;
	if (fifo)
		wait_add(a, &in, "somebody to open the FIFO %s %s", path ? path : "", end);
	else
		wait_add(a, &in, "the opening of %s", path ? path : "a file");
}

void waits_io_uring(struct analysis *a, node_t thread)
{
	wait_add_unknown(a, thread, WAIT_ON_IO_URING, "a completion of io_uring");
}
