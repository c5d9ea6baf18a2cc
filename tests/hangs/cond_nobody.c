/*
 * Two threads wait on two condition variables, and nobody is left to signal either.
 *
 * A condition variable has no owner: each of the two may be woken by every other thread of the
 * process, that is by the other one. Both futexes are private and there is no third thread. Edges
 * are candidates (`inferred`); that the list of candidates is complete makes it, on another reading
 * of the contract, as strong as its sources: all three are accepted.
 */

#include "hang.h"

static pthread_mutex_t m1 = PTHREAD_MUTEX_INITIALIZER, m2 = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t request = PTHREAD_COND_INITIALIZER, reply = PTHREAD_COND_INITIALIZER;
static volatile int worker_tid;

static void *wait_for_request(void *unused)
{
	pthread_mutex_lock(&m1);
	worker_tid = hang_tid();
	for (;;)
		pthread_cond_wait(&request, &m1);
	return unused;
}

int main(void)
{
	hang_init();
	hang_thread(wait_for_request, NULL);
	hang_await(&worker_tid);
	pthread_mutex_lock(&m2);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['inferred', 'read', 'proved'],"
		   " 'can_end': ['no', 'unknown'],"
		   " 'end': [{'tid': %d}, {'tid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'},"
		   " {'pid': %d, 'tid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), worker_tid, getpid(), getpid(), worker_tid);
	for (;;)
		pthread_cond_wait(&reply, &m2);
}
