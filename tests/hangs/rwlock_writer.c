/*
 * A reader waits for a rwlock's writer, and the writer for a mutex of the reader.
 *
 * glibc keeps the writer's tid in the rwlock (__cur_writer), not those of its readers. The main
 * thread holds the mutex and wants to read; the worker holds the rwlock for writing and wants the
 * mutex.
 */

#include "hang.h"

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static volatile int worker_tid;

static void *write_then_lock(void *unused)
{
	pthread_rwlock_wrlock(&rw);
	worker_tid = hang_tid();
	pthread_mutex_lock(&m);
	return unused;
}

int main(void)
{
	hang_init();
	pthread_mutex_lock(&m);
	hang_thread(write_then_lock, NULL);
	hang_await(&worker_tid);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['read'], 'can_end': 'no',"
		   " 'end': [{'tid': %d}, {'tid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'},"
		   " {'pid': %d, 'tid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), worker_tid, getpid(), getpid(), worker_tid);
	pthread_rwlock_rdlock(&rw);
	return 0;
}
