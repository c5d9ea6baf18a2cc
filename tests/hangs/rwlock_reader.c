/*
 * A writer waits for a rwlock's reader, and the reader for a mutex of the writer.
 *
 * The lock counts its readers but does not name them, so every other thread of the process is a
 * candidate: there is one, and it waits for the main thread. The weakest edge is a candidate, hence
 * `inferred`; one who argues that a complete list of one candidate proves it may say `read`. Both
 * are accepted.
 */

#include "hang.h"

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static volatile int worker_tid;

static void *read_then_lock(void *unused)
{
	pthread_rwlock_rdlock(&rw);
	worker_tid = hang_tid();
	pthread_mutex_lock(&m);
	return unused;
}

int main(void)
{
	hang_init();
	pthread_mutex_lock(&m);
	hang_thread(read_then_lock, NULL);
	hang_await(&worker_tid);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'DEADLOCK', 'certainty': ['inferred', 'read'],"
		   " 'can_end': ['no', 'unknown'],"
		   " 'end': [{'tid': %d}, {'tid': %d}], 'not': ['LOST_PEER', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'},"
		   " {'pid': %d, 'tid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), worker_tid, getpid(), getpid(), worker_tid);
	pthread_rwlock_wrlock(&rw);
	return 0;
}
