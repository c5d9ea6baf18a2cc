/*
 * Two threads take two mutexes in opposite order.
 *
 * The main thread holds A and wants B, the worker holds B and wants A. glibc keeps the owner's tid
 * in the mutex, so each edge has exactly one waker, read from memory.
 */

#include "hang.h"

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static volatile int worker_tid;

static void *take_b_then_a(void *both)
{
	pthread_mutex_lock(&b);
	worker_tid = hang_tid();
	pthread_barrier_wait(both);
	pthread_mutex_lock(&a);
	return NULL;
}

int main(void)
{
	pthread_barrier_t both;

	hang_init();
	pthread_barrier_init(&both, NULL, 2);
	pthread_mutex_lock(&a);
	hang_thread(take_b_then_a, &both);
	pthread_barrier_wait(&both);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['read'], 'can_end': 'no',"
		   " 'end': [{'tid': %d}, {'tid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'},"
		   " {'pid': %d, 'tid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), worker_tid, getpid(), getpid(), worker_tid);
	pthread_mutex_lock(&b);
	return 0;
}
