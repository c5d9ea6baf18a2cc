/*
 * A fork while another thread holds a lock.
 *
 * The child inherits the mutex in its locked state but not the thread that would unlock it. The
 * mutex names that thread's tid, and a thread with this tid even lives: in the parent, where it
 * unlocks its own copy only. The futex is private to the child, which has one thread: lost. The
 * parent waits for the child. Reading the owner makes it `read`; that a private futex of a single
 * thread has no waker is visible to the kernel alone: `proved` is accepted.
 */

#include "hang.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static volatile int locked;

static void *hold_lock(void *unused)
{
	pthread_mutex_lock(&m);
	locked = 1;
	hang_sleep_ms(100 * 1000);
	pthread_mutex_unlock(&m);
	return unused;
}

int main(void)
{
	pid_t child;

	hang_init();
	hang_thread(hold_lock, NULL);
	hang_await(&locked);
	child = hang_fork();
	if (child == 0) {
		pthread_mutex_lock(&m);
		_exit(0);
	}
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'LOST_PEER', 'certainty': ['read', 'proved'], 'can_end': 'no',"
		" 'end': [{'pid': %d}], 'not': ['DEADLOCK', 'TIMER', 'UNKNOWN']},"
		"'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d,"
		" 'syscall': 'futex', 'state': 'S'}]",
		child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
