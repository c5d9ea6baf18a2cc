/*
 * Which file explains which system call; see waits.h.
 */
#include "analysis/waits.h"

#include "core/util.h"

typedef void waits_fn(struct analysis *a, node_t thread);

static const struct {
	const char *call;
	waits_fn *fn;
} calls[] = {
	{ "read", waits_read },
	{ "readv", waits_read },
	{ "pread64", waits_read },
	{ "preadv", waits_read },
	{ "preadv2", waits_read },
	{ "recvfrom", waits_read },
	{ "recvmsg", waits_read },
	{ "recvmmsg", waits_read },
	{ "write", waits_write },
	{ "writev", waits_write },
	{ "pwrite64", waits_write },
	{ "pwritev", waits_write },
	{ "pwritev2", waits_write },
	{ "sendto", waits_write },
	{ "sendmsg", waits_write },
	{ "sendmmsg", waits_write },
	{ "vmsplice", waits_write },
	{ "sendfile", waits_copy },
	{ "sendfile64", waits_copy },
	{ "splice", waits_copy },
	{ "tee", waits_copy },
	{ "close", waits_close },
	{ "accept", waits_accept },
	{ "accept4", waits_accept },
	{ "connect", waits_connect },
	{ "poll", waits_poll },
	{ "ppoll", waits_poll },
	{ "select", waits_select },
	{ "pselect6", waits_select },
	{ "epoll_wait", waits_epoll },
	{ "epoll_pwait", waits_epoll },
	{ "epoll_pwait2", waits_epoll },
	{ "wait4", waits_wait4 },
	{ "waitid", waits_waitid },
	{ "futex", waits_futex },
	{ "futex_wait", waits_futex },
	{ "futex_waitv", waits_futex },
	{ "nanosleep", waits_sleep },
	{ "clock_nanosleep", waits_clock_sleep },
	{ "pause", waits_pause },
	{ "rt_sigsuspend", waits_pause },
	{ "rt_sigtimedwait", waits_sigwait },
	{ "flock", waits_flock },
	{ "fcntl", waits_fcntl },
	{ "open", waits_open },
	{ "openat", waits_open },
	{ "openat2", waits_open },
	{ "creat", waits_open },
	{ "vfork", waits_fork },
	{ "clone", waits_fork },
	{ "clone3", waits_fork },
	{ "semop", waits_ipc },
	{ "semtimedop", waits_ipc },
	{ "msgrcv", waits_ipc },
	{ "msgsnd", waits_ipc },
	{ "mq_timedreceive", waits_ipc },
	{ "mq_timedsend", waits_ipc },
	{ "io_uring_enter", waits_io_uring },
	{ "io_getevents", waits_io_uring },
};

static void of_call(struct analysis *a, node_t thread)
{
	const struct snap_call *c = &thread_row(a, thread)->call;
	const char *name = call_name(a, thread);
	char what[64];

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (!str_eq(name, calls[i].call))
			continue;
		calls[i].fn(a, thread);
		return;
	}
	(void)snprintf(what, sizeof(what), "something in %.40s",
		       c->presence == PRESENCE_HERE ? name : "a call that could not be seen");
	wait_add_unknown(a, thread, WAIT_ON_UNKNOWN_THING, what);
}

static void of_thread(struct analysis *a, node_t n)
{
	switch ((enum mode)a->threads[node_index(n)].mode) {
	case MODE_D:
		waits_kernel(a, n);
		break;
	case MODE_SLEEPS:
	case MODE_MOVED:
		of_call(a, n);
		break;
	default:
		break; /* it runs, has gone, or waits with its whole process */
	}
}

static void of_stopped_process(struct analysis *a, node_t process)
{
	bool frozen = view_of(a, process)->frozen;
	node_t main_thread = view_of(a, process)->main_thread;
	struct wait_in in =
		wait_any(process, frozen ? WAIT_ON_FREEZER : WAIT_ON_SIGNAL, EVIDENCE_PROVED);
	bool traced = main_thread != NODE_UNKNOWN &&
		      str_eq(text_of(a, thread_row(a, main_thread)->state), "t");

	in.note.unknown = in.note.stopped = true;
	wait_add(a, &in, "%s",
		 frozen   ? "its cgroup to be thawed"
		 : traced ? "its tracer to let it go on"
			  : "SIGCONT: it is stopped");
}

/* The threads and tasks of all processes, those that may mean to wait for ever behind the others:
 * it depends on them. */
static void of_sleepers(struct analysis *a)
{
	for (int turn = 0; turn < 2; turn++) {
		for (uint32_t i = 0; i < SNAP_N(a->s, THREAD); i++)
			if (waits_for_ever(a, NODE(TABLE_THREAD, i)) == (turn == 1))
				of_thread(a, NODE(TABLE_THREAD, i));
		for (uint32_t i = 0; i < SNAP_N(a->s, TASK); i++) {
			node_t task = NODE(TABLE_TASK, i);
			if (!task_row(a, task)->inherited && waits_for_ever(a, task) == (turn == 1))
				waits_task(a, task);
		}
		for (uint32_t i = 0; turn == 0 && i < SNAP_N(a->s, WAIT); i++) {
			const struct snap_wait *w = wait_row(a, i);
			if (w->new_work || a->notes.v[i].outside)
				a->processes[node_index(process_of(a, w->from))].serves = true;
		}
	}
}

void waits_derive(struct analysis *a)
{
	for (uint32_t i = 0; i < SNAP_N(a->s, THREAD); i++)
		if (a->threads[i].loop_calls)
			a->threads[i].loop_calls = loop_has_callbacks(a, NODE(TABLE_THREAD, i));
	of_sleepers(a);
	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS); i++) {
		node_t main_thread = a->processes[i].main_thread;
		if (main_thread != NODE_UNKNOWN &&
		    a->threads[node_index(main_thread)].mode == MODE_STOPPED)
			of_stopped_process(a, NODE(TABLE_PROCESS, i));
	}
}
