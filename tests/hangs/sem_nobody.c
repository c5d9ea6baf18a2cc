/*
 * The main thread waits for a semaphore; the thread that should post it waits for a mutex the main
 * thread holds.
 *
 * A semaphore names nobody, so the worker is a candidate (the only one); the mutex names its owner.
 * The weakest edge is the candidate: `inferred`, or `read` where the complete list counts.
 */

#include <semaphore.h>

#include "hang.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static volatile int worker_tid;
static sem_t done;

static void *lock_then_post(void *unused)
{
	worker_tid = hang_tid();
	pthread_mutex_lock(&m);
	sem_post(&done);
	return unused;
}

int main(void)
{
	hang_init();
	sem_init(&done, 0, 0);
	pthread_mutex_lock(&m);
	hang_thread(lock_then_post, NULL);
	hang_await(&worker_tid);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['inferred', 'read'],"
		   " 'can_end': ['no', 'unknown'],"
		   " 'end': [{'tid': %d}, {'tid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'},"
		   " {'pid': %d, 'tid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), worker_tid, getpid(), getpid(), worker_tid);
	sem_wait(&done);
	return 0;
}
