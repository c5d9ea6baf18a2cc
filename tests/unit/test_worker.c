/* Work in a thread of its own: what comes back in time, what does not, and that neither harms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <unistd.h>

#include "core/util.h"
#include "core/worker.h"

struct sum {
	int a, b, sum;
};

static void add(void *arg)
{
	struct sum *s = arg;

	s->sum = s->a + s->b;
}

static void work_is_done(void **state)
{
	struct worker w = { 0 };

	for (int i = 0; i < 100; i++) {
		struct sum s = { .a = i, .b = 1 };
		assert_int_equal(
			worker_call(&w, add, &s, sizeof(s), deadline_in(10 * NSEC_PER_SEC)), 0);
		assert_int_equal(s.sum, i + 1);
	}
	worker_done(&w);
	worker_done(&w);
	assert_int_equal(w.lost, 0);
}

struct wait {
	int fd; /* a pipe that is empty until the test writes to it */
	char got;
	_Atomic int *back;
};

static void wait_for_byte(void *arg)
{
	struct wait *x = arg;

	(void)!read(x->fd, &x->got, 1);
	*x->back = 1;
}

/* It is given up, others do the work that comes, and when it comes back it meddles with nothing. */
static void what_blocks_is_given_up(void **state)
{
	static _Atomic int back;
	struct worker w = { 0 };
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	struct wait x = { .fd = ends[0], .back = &back };
	assert_int_equal(worker_call(&w, wait_for_byte, &x, sizeof(x),
				     deadline_in(20 * NSEC_PER_MSEC)),
			 -ETIMEDOUT);
	assert_int_equal(w.lost, 1);
	struct sum s = { .a = 2, .b = 3 };
	assert_int_equal(worker_call(&w, add, &s, sizeof(s), deadline_in(10 * NSEC_PER_SEC)), 0);
	assert_int_equal(s.sum, 5);
	assert_int_equal(write(ends[1], "x", 1), 1);
	while (!back)
		usleep(1000);
	assert_int_equal(x.got, 0);
	worker_done(&w);
	close(ends[0]);
	close(ends[1]);
}

static void there_is_an_end_to_it(void **state)
{
	static _Atomic int back;
	struct worker w = { 0 };
	int ends[2], r = 0, n = 0;

	assert_int_equal(pipe(ends), 0);
	for (; n < 100 && r != -EAGAIN; n++) {
		struct wait x = { .fd = ends[0], .back = &back };
		r = worker_call(&w, wait_for_byte, &x, sizeof(x), deadline_in(NSEC_PER_MSEC));
	}
	assert_int_equal(r, -EAGAIN);
	assert_int_equal(w.lost, n - 1);
	worker_done(&w);
	close(ends[1]); /* those that were given up end */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_is_done),
		cmocka_unit_test(what_blocks_is_given_up),
		cmocka_unit_test(there_is_an_end_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
