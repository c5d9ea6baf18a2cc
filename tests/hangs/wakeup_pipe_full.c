/*
 * A full wake-up pipe between two threads.
 *
 * The worker wakes the main loop through a pipe in blocking mode; the main thread has left its loop
 * and joins the worker without draining the pipe. The worker waits for whoever reads the pipe: this
 * process, that is its main thread, which waits for the worker. A deadlock; that both ends are in
 * one process may also be read as "the other end is held by nobody else": LOST_PEER is accepted.
 * The join rests on the thread id in the futex (an argument the kernel shows, or memory).
 */

#include "hang.h"

static int wakeup[2];
static volatile int worker_tid;

static void *wake_main_loop(void *unused)
{
	static char page[4096];

	(void)unused;
	worker_tid = hang_tid();
	for (;;)
		hang_try(write(wakeup[1], page, sizeof(page)));
	return NULL;
}

int main(void)
{
	pthread_t worker;

	hang_init();
	hang_try(pipe(wakeup));
	worker = hang_thread(wake_main_loop, NULL);
	hang_await(&worker_tid);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': ['DEADLOCK', 'LOST_PEER'], 'certainty': ['read', 'proved'],"
		   " 'can_end': 'no',"
		   " 'end': [{'pid': %d}], 'not': ['FULL_PIPE', 'IDLE', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'futex', 'state': 'S'},"
		   " {'pid': %d, 'tid': %d, 'syscall': 'write', 'state': 'S', 'fd': 'pipe:'}]",
		   getpid(), getpid(), getpid(), worker_tid);
	pthread_join(worker, NULL);
	return 0;
}
