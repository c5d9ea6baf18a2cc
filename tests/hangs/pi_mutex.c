/*
 * A priority-inheriting mutex on one side of an ABBA, a plain one on the other.
 *
 * The kernel refuses a cycle of PI futexes alone (EDEADLK), so one edge has to be plain. A PI futex
 * word holds its owner's tid for the kernel's own use; the main thread waits in FUTEX_LOCK_PI, the
 * worker in FUTEX_WAIT.
 */

#include "hang.h"

static pthread_mutex_t pi, plain = PTHREAD_MUTEX_INITIALIZER;
static volatile int worker_tid;

static void *take_pi_then_plain(void *unused)
{
	pthread_mutex_lock(&pi);
	worker_tid = hang_tid();
	pthread_mutex_lock(&plain);
	return unused;
}

int main(void)
{
	pthread_mutexattr_t attr;

	hang_init();
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&pi, &attr);
	pthread_mutex_lock(&plain);
	hang_thread(take_pi_then_plain, NULL);
	hang_await(&worker_tid);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['read'], 'can_end': 'no',"
		   " 'end': [{'tid': %d}, {'tid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'},"
		   " {'pid': %d, 'tid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), worker_tid, getpid(), getpid(), worker_tid);
	pthread_mutex_lock(&pi);
	return 0;
}
