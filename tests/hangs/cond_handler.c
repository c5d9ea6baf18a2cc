/*
 * Nobody notifies a condition variable, and the program catches SIGTERM for its own ends.
 *
 * A handler could set something free, so it is not proved to be lost; but it does not wait for
 * signals, and nothing makes it idle.
 */

#include "hang.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void ignore(int signal)
{
	(void)signal;
}

int main(void)
{
	hang_init();
	signal(SIGTERM, ignore);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'UNKNOWN', 'certainty': ['proved', 'inferred'],"
		   " 'can_end': 'unknown', 'end': [{'pid': %d}],"
		   " 'not': ['IDLE', 'DEADLOCK', 'LOST_PEER']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'}]",
		   getpid(), getpid());
	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(&changed, &mutex);
}
