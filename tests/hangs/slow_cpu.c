/*
 * Slow but alive: a long computation.
 *
 * The root waits for its child; the child walks a random tree, going left or right in each of up
 * to 200 levels. It uses all the CPU it gets and no two samples show the same stack:
 * SLOW, not a loop. Whether that is progress towards an end nobody can see; `yes` and `unknown` are
 * both accepted.
 */

#include "hang.h"

static unsigned long long seed = 88172645463325252ULL;

static unsigned next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 16;
}

static long descend(int depth);

/* two frames that the compiler may neither inline nor turn into jumps: 2^200 different stacks */
static __attribute__((noinline, noclone)) long go_left(int depth)
{
	volatile long below = descend(depth - 1);

	return below * 3;
}

static __attribute__((noinline, noclone)) long go_right(int depth)
{
	volatile long below = descend(depth - 1);

	return below * 5;
}

static long descend(int depth)
{
	volatile long work = 0;

	for (int i = 0; i < 200; i++)
		work += next_random();
	if (depth == 0)
		return work;
	return work + (next_random() & 1 ? go_left(depth) : go_right(depth));
}

int main(void)
{
	pid_t child;

	hang_init();
	child = hang_fork();
	if (child == 0)
		for (volatile long sum = 0;;)
			sum += descend(next_random() % 200);
	hang_ready(HANG_MOVING, getpid(),
		   "'expect': {'class': 'SLOW', 'certainty': ['proved', 'read'], 'can_end': ['yes',"
		   " 'unknown'],"
		   " 'end': [{'pid': %d}], 'not': ['BUSY_LOOP', 'LIVELOCK', 'UNKNOWN']},"
		   "'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d,"
		   " 'busy': true}]",
		   child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
