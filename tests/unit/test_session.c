/* A session's memory of a tree that forks on and on: bounded, and right about who is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/session.h"
#include "core/util.h"
#include "tests/unit/valgrind.h"

/* A pid that nobody has; the number is only a name here. */
enum { FIRST_PID = 1 << 24 };

static struct tree_member made(pid_t pid, uint64_t start_ticks)
{
	struct tree_member m = { .pid = pid, .parent = SIZE_MAX, .procfd = -1 };

	m.stat.start_ticks = start_ticks;
	m.stat.state = 'S';
	(void)snprintf(m.stat.comm, sizeof(m.stat.comm), "job %d", pid - FIRST_PID);
	return m;
}

static struct member *find(struct session *x, pid_t pid)
{
	for (size_t i = 0; i < x->members.n; i++)
		if (x->members.v[i].pid == pid)
			return &x->members.v[i];
	return NULL;
}

/* One listing shows the root and the jobs from `pid` on. */
static void show(struct session *x, pid_t pid, int jobs, int64_t at_ns)
{
	struct tree t = { 0 };
	struct tree_member *m = array_push(&t.members);

	*m = made(FIRST_PID, 1);
	m->root = true;
	for (int i = 0; i < jobs; i++) {
		m = array_push(&t.members);
		*m = made(pid + i, (uint64_t)pid);
	}
	assert_int_equal(session_update(x, &t, at_ns), 0);
	tree_done(&t);
}

static void the_oldest_are_forgotten(void **state)
{
	struct session *x = calloc(1, sizeof(*x));
	int64_t at_ns = 0;
	pid_t pid = FIRST_PID + 1;

	for (; pid < FIRST_PID + 3 * SESSION_MEMBERS_MAX; pid += 500)
		show(x, pid, 500, at_ns++);
	assert_true(x->members.n <= SESSION_MEMBERS_MAX);
	assert_true(x->events_cut);
	assert_non_null(find(x, FIRST_PID));
	assert_false(find(x, FIRST_PID)->ended);
	assert_null(find(x, FIRST_PID + 1));
	assert_non_null(find(x, pid - 1));
	assert_false(find(x, pid - 1)->ended);
	assert_true(find(x, pid - 501)->ended);
	/* What is still told of anybody is told of the right one. */
	assert_true(x->events.n > 0);
	for (size_t i = 0; i < x->events.n; i++) {
		const struct session_event *e = &x->events.v[i];
		assert_true(e->member < x->members.n);
		const struct member *m = &x->members.v[e->member];
		assert_int_equal(e->at_ns, e->kind == EVENT_FORK ? m->seen_ns : m->ended_ns);
	}
	(void)session_free(x);
}

/* The root that has ended is told of for ever. */
static void roots_are_kept(void **state)
{
	struct session *x = calloc(1, sizeof(*x));
	struct tree none = { 0 };

	show(x, FIRST_PID + 1, 1, 0);
	assert_int_equal(session_update(x, &none, 1), 0);
	assert_true(find(x, FIRST_PID)->ended);
	for (pid_t pid = FIRST_PID + 2; pid < FIRST_PID + 2 * SESSION_MEMBERS_MAX; pid += 500) {
		struct tree t = { 0 };
		for (int i = 0; i < 500; i++) {
			struct tree_member *m = array_push(&t.members);
			*m = made(pid + i, (uint64_t)pid);
		}
		assert_int_equal(session_update(x, &t, pid), 0);
		tree_done(&t);
	}
	assert_non_null(find(x, FIRST_PID));
	assert_null(find(x, FIRST_PID + 1));
	(void)session_free(x);
}

static size_t open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

/* Real processes come and go: the descriptors that they had are given to those who come. */
static void pidfds_are_given_back(void **state)
{
	NOT_UNDER_VALGRIND("it knows no pidfds");
	struct session *x = calloc(1, sizeof(*x));
	size_t before = open_descriptors();

	x->pidfd_budget = 4;
	for (int i = 0; i < 20; i++) {
		struct tree t = { 0 };
		struct tree_member *m = array_push(&t.members);
		pid_t pid = fork();
		if (pid == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
		*m = made(pid, 1);
		assert_int_equal(session_update(x, &t, i), 0);
		assert_true(find(x, pid)->pidfd >= 0);
		assert_true(open_descriptors() <= before + x->pidfd_budget);
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		t.members.n = 0;
		assert_int_equal(session_update(x, &t, i), 0);
		assert_true(find(x, pid)->ended);
		array_done(&t.members);
	}
	(void)session_free(x);
	assert_int_equal(open_descriptors(), before);
}

/* A pid that was used again between the listing and now is not watched in its place. */
static void a_reused_pid_is_nobody(void **state)
{
	struct session *x = calloc(1, sizeof(*x));
	struct tree t = { 0 };

	x->watched = true;
	x->pidfd_budget = 4;
	*(struct tree_member *)array_push(&t.members) = made(getpid(), 1);
	assert_int_equal(session_update(x, &t, 0), 0);
	assert_int_equal(find(x, getpid())->pidfd, -1);
	array_done(&t.members);
	(void)session_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_are_forgotten),
		cmocka_unit_test(roots_are_kept),
		cmocka_unit_test(pidfds_are_given_back),
		cmocka_unit_test(a_reused_pid_is_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
