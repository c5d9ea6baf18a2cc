/*
 * A loop over a handful of functions, on a flag in shared memory.
 *
 * The root waits for its child; the child asks the flag, does a little in each of four functions
 * and asks again, for nobody sets it. Three looks find it in three of them, and yet it is a loop:
 * BUSY_LOOP. Nothing tells whether it can end.
 */

#include "hang.h"

static volatile int *flag;
static volatile long work;

static __attribute__((noinline, noclone)) void add(void)
{
	for (int i = 0; i < 300; i++)
		work += i;
}

static __attribute__((noinline, noclone)) void mix(void)
{
	for (int i = 0; i < 500; i++)
		work ^= i;
}

static __attribute__((noinline, noclone)) void take(void)
{
	for (int i = 0; i < 200; i++)
		work -= i;
}

static __attribute__((noinline, noclone)) int is_set(void)
{
	for (int i = 0; i < 400; i++)
		work |= i;
	return *flag;
}

int main(void)
{
	pid_t child;

	hang_init();
	flag = hang_shared(sizeof(*flag));
	child = hang_fork();
	if (child == 0) {
		while (!is_set()) {
			add();
			mix();
			take();
		}
		_exit(0);
	}
	hang_ready(HANG_MOVING, getpid(),
		   "'expect': {'class': 'BUSY_LOOP', 'certainty': ['read'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['SLOW', 'LIVELOCK', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d,"
		   " 'busy': true}]",
		   child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
