/*
 * Two processes take two mutexes in shared memory in opposite order.
 *
 * As mutex_abba_threads.c, but the mutexes are process-shared: the futexes are keyed by the page,
 * not by the process, and the owner's tid in the word names a thread of the other process.
 */

#include "hang.h"

struct shared {
	pthread_mutex_t a, b;
	volatile int child_has_b;
};

int main(void)
{
	struct shared *s = hang_shared(sizeof(*s));
	pthread_mutexattr_t attr;
	pid_t child;

	hang_init();
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->a, &attr);
	pthread_mutex_init(&s->b, &attr);
	pthread_mutex_lock(&s->a);
	child = hang_fork();
	if (child == 0) {
		pthread_mutex_lock(&s->b);
		s->child_has_b = 1;
		pthread_mutex_lock(&s->a);
		_exit(0);
	}
	hang_await(&s->child_has_b);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['read'], 'can_end': 'no',"
		   " 'end': [{'pid': %d}, {'pid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'}, {'pid': %d,"
		   " 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), child, getpid(), child);
	pthread_mutex_lock(&s->b);
	return 0;
}
