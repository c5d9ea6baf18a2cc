/*
 * The waiting for the child is done by a thread, and the main thread joins that thread.
 *
 * main thread -> worker (the tid in the joined futex) -> child (wait4) -> pipe that only this
 * process can write. The thread id is an argument of the futex call as well as a word in memory:
 * `read` or `proved`.
 */

#include "hang.h"

static volatile int worker_tid;

static void *wait_for_child(void *child)
{
	worker_tid = hang_tid();
	waitpid(*(pid_t *)child, NULL, 0);
	return NULL;
}

int main(void)
{
	pthread_t worker;
	pid_t child;
	int p[2];

	hang_init();
	hang_try(pipe(p));
	child = hang_reader(p);
	worker = hang_thread(wait_for_child, &child);
	hang_await(&worker_tid);
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'DEADLOCK', 'certainty': ['read', 'proved'], 'can_end': 'no',"
		" 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		"'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'},"
		" {'pid': %d, 'tid': %d, 'syscall': 'wait4', 'state': 'S'},"
		" {'pid': %d, 'syscall': 'read', 'state': 'S', 'fd': 'pipe:'}]",
		getpid(), child, getpid(), getpid(), worker_tid, child);
	pthread_join(worker, NULL);
	return 0;
}
