/* Walking a real tree and looking at its threads: a parent, two children, one of them dead, one
 * with a thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acquire/look.h"
#include "acquire/readers.h"
#include "acquire/sight.h"
#include "core/util.h"
#include "raw/run.h"

struct fixture {
	pid_t root, sleeper, zombie;
	int hold; /* closing it ends the tree */
};

static void *sleep_in_read(void *arg)
{
	char c;

	(void)!read(*(int *)arg, &c, 1);
	return NULL;
}

static _Noreturn void be_sleeper(int fd)
{
	pthread_t t;
	char c;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)pthread_create(&t, NULL, sleep_in_read, &fd);
	(void)!read(fd, &c, 1);
	_exit(0);
}

static size_t open_descriptors(void)
{
	CLEANUP(dir_closep) DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n;
}

/* Until its second thread was born and both sleep: under valgrind that takes its time. */
static void wait_for_sleepers(pid_t pid)
{
	struct deadline until = deadline_in(10 * NSEC_PER_SEC);
	CLEANUP(fd_closep) int dir = tree_open_proc(pid);
	int asleep = 0;

	while (asleep != 2) {
		pid_t tids[4];
		int n = tree_list_threads(dir, tids, ARRAY_SIZE(tids));
		assert_false(deadline_passed(until));
		asleep = 0;
		for (int i = 0; i < n; i++) {
			char path[40];
			struct raw_stat stat;
			(void)snprintf(path, sizeof(path), "task/%d/stat", tids[i]);
			asleep += raw_stat_read(dir, path, &stat) == 0 && stat.state == 'S';
		}
		usleep(1000);
	}
}

static int setup(void **state)
{
	static struct fixture f;
	int hold[2], tell[2];
	pid_t pids[2];

	assert_int_equal(pipe(hold), 0);
	assert_int_equal(pipe(tell), 0);
	f.root = fork();
	if (f.root == 0) {
		char c;
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		close(hold[1]);
		if ((pids[0] = fork()) == 0)
			be_sleeper(hold[0]);
		if ((pids[1] = fork()) == 0)
			_exit(7);
		siginfo_t info;
		(void)waitid(P_PID, (id_t)pids[1], &info, WEXITED | WNOWAIT);
		(void)!write(tell[1], pids, sizeof(pids));
		(void)!read(hold[0], &c, 1);
		_exit(0);
	}
	close(hold[0]);
	close(tell[1]);
	assert_int_equal(read(tell[0], pids, sizeof(pids)), sizeof(pids));
	close(tell[0]);
	f.sleeper = pids[0];
	f.zombie = pids[1];
	f.hold = hold[1];
	wait_for_sleepers(f.sleeper);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int status;

	close(f->hold);
	return waitpid(f->root, &status, 0) == f->root ? 0 : -1;
}

static const struct tree_member *member(const struct tree *t, pid_t pid)
{
	for (size_t i = 0; i < t->members.n; i++)
		if (t->members.v[i].pid == pid)
			return &t->members.v[i];
	return NULL;
}

static void list(const struct tree_seed *seeds, size_t n, size_t keep_fds, struct tree *ret)
{
	struct tree_source *s = proc_tree_source();

	assert_int_equal(s->list(s, seeds, n, keep_fds, deadline_in(5 * NSEC_PER_SEC), ret), 0);
}

static void tree_is_complete(void **state)
{
	struct fixture *f = *state;
	struct tree_seed seed = { .pid = f->root, .root = true };

	/* With and without descriptors to spare the answer is the same. */
	for (size_t keep = 0; keep <= 100; keep += 100) {
		struct tree t;
		list(&seed, 1, keep, &t);
		assert_int_equal(t.members.n, 3);
		assert_false(t.cut);
		assert_false(t.unstable);
		assert_true(t.members.v[0].root);
		assert_int_equal(t.members.v[0].parent, SIZE_MAX);
		assert_int_equal(t.members.v[0].procfd >= 0, keep > 0);
		const struct tree_member *sleeper = member(&t, f->sleeper),
					 *zombie = member(&t, f->zombie);
		assert_non_null(sleeper);
		assert_int_equal(sleeper->parent, 0);
		assert_int_equal(sleeper->tids.n, 2);
		assert_false(sleeper->root);
		assert_non_null(zombie);
		assert_true(raw_stat_zombie(&zombie->stat));
		assert_false(zombie->gone);
		assert_int_equal(zombie->stat.exit_code, 7 << 8);
		tree_done(&t);
	}
}

static void identity_is_more_than_a_pid(void **state)
{
	struct fixture *f = *state;
	struct tree_seed seeds[] = {
		{ .pid = f->sleeper, .start_ticks = 1 }, /* long gone, its number is used again */
		{ .pid = f->root, .root = true },
		{ .pid = f->root },
		{ .pid = INT32_MAX - 1, .root = true }, /* never was */
	};
	struct tree t;

	list(seeds, ARRAY_SIZE(seeds), 100, &t);
	assert_int_equal(t.members.n, 4);
	assert_int_equal(t.members.v[0].pid, f->root);
	assert_true(member(&t, INT32_MAX - 1)->gone);
	tree_done(&t);
}

static struct raw_thread *find_threads(const struct raw_capture *c, pid_t pid)
{
	for (size_t i = 0; i < c->processes.n; i++)
		if (c->processes.v[i].pid == pid)
			return c->processes.v[i].threads.v;
	return NULL;
}

static struct raw_thread *look(struct acquirer *a, struct tree *t, pid_t pid)
{
	assert_int_equal(process_add_tree(a, t), 0);
	look_first(a);
	return find_threads(a->c, pid);
}

static void sleepers_are_seen(void **state)
{
	struct fixture *f = *state;
	struct tree_seed seed = { .pid = f->root, .root = true };
	struct raw_options options = { .samples = 3 };
	struct arena arena;
	struct builder b;
	struct tree t;

	list(&seed, 1, 100, &t);
	assert_int_equal(arena_init(&arena, 64 << 20), 0);
	assert_int_equal(builder_init(&b), 0);
	struct raw_capture c = { .b = &b, .options = &options, .arena = &arena };
	struct acquirer a = { .c = &c, .fds_left = 100 };
	struct raw_thread *threads = look(&a, &t, f->sleeper);
	assert_non_null(threads);
	for (int i = 0; i < 2; i++) {
		const struct raw_look *l = &threads[i].looks.v[0];
		if (l->error == -EPERM || l->error == -EACCES)
			skip(); /* no ptrace rights on our own children here */
		assert_int_equal(l->error, 0);
		assert_int_equal(l->taken, TAKEN_PROC);
		assert_int_equal(l->syscall_nr, SYS_read);
		assert_true(l->stack.n >= 128);
		assert_true(l->stack.lo <= l->regs.v[DWARF_RSP]);
		assert_true(l->regs.v[DWARF_RSP] < l->stack.lo + l->stack.n);
		assert_non_null(l->stack_hash);
		assert_int_equal(threads[i].status.state, 'S');
	}
	assert_int_equal(look_activity(&threads[0]), 0);
	look_again(&a);
	threads = find_threads(&c, f->sleeper); /* a look replaces them */
	assert_int_equal(threads[1].looks.n, 2);
	assert_int_equal(threads[1].primary, 0);
	assert_false(threads[1].looks.v[1].moved);
	assert_ptr_equal(threads[1].looks.v[1].stack_hash, threads[1].looks.v[0].stack_hash);
	assert_int_equal(look_activity(&threads[1]), ACTIVITY_PARKED);
	/* The zombie has a row and nothing else. */
	assert_int_equal(SNAP_N(b.s, PROCESS), 3);
	assert_int_equal(SNAP_N(b.s, THREAD), 3);

	process_done_all(&c);
	acquirer_done(&a);
	tree_done(&t);
	builder_done(&b);
	arena_done(&arena);
}

static struct raw_process *find_process(const struct raw_capture *c, pid_t pid)
{
	for (size_t i = 0; i < c->processes.n; i++)
		if (c->processes.v[i].pid == pid)
			return &c->processes.v[i];
	return NULL;
}

/* Sleeps between bytes: each makes it run for a moment. */
static _Noreturn void be_woken(int fd)
{
	char c;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	while (read(fd, &c, 1) == 1)
		;
	_exit(0);
}

/* What was read of a process counts as of one moment only while nobody ran, came or went. */
static void standing_still_is_told(void **state)
{
	struct raw_options options = { .samples = 1 };
	struct arena arena;
	struct builder b;
	struct tree t;
	int wake[2];

	assert_int_equal(pipe(wake), 0);
	pid_t child = fork();
	if (child == 0) {
		close(wake[1]);
		be_woken(wake[0]);
	}
	struct tree_seed seed = { .pid = child, .root = true };
	assert_int_equal(arena_init(&arena, 64 << 20), 0);
	assert_int_equal(builder_init(&b), 0);
	/* It is asleep in read() as soon as it can be: a look finds out. */
	struct raw_capture c = { .b = &b, .options = &options, .arena = &arena };
	struct acquirer a = { .c = &c, .fds_left = 100 };
	struct raw_process *p = NULL;
	for (int tries = 0; tries < 200; tries++) {
		process_done_all(&c);
		list(&seed, 1, 100, &t);
		(void)look(&a, &t, child);
		tree_done(&t);
		p = find_process(&c, child);
		if (p->threads.v[0].looks.v[0].syscall_nr == SYS_read)
			break;
		(void)usleep(10000);
	}
	assert_int_equal(p->n_tasks, 1);
	assert_true(raw_run_still(p));
	assert_true(raw_run_still(p));
	p->n_tasks = 2; /* one that was there when all had been looked at is not among them */
	assert_false(raw_run_still(p));
	p->n_tasks = 1;
	int fd = p->threads.v[0].runfd;
	assert_true(fd >= 0);
	p->threads.v[0].runfd = -1; /* cannot be asked: then it may have run */
	assert_false(raw_run_still(p));
	p->threads.v[0].runfd = fd;
	assert_true(raw_run_still(p));

	assert_int_equal(write(wake[1], "x", 1), 1);
	for (int tries = 0; tries < 200 && raw_run_still(p); tries++)
		(void)usleep(10000);
	assert_false(raw_run_still(p));
	assert_int_equal(look_ran_since(p, &p->threads.v[0], 0), 1);

	close(wake[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_false(raw_run_still(p));
	close(wake[0]);
	process_done_all(&c);
	acquirer_done(&a);
	builder_done(&b);
	arena_done(&arena);
}

static int stuck_in;            /* a pipe that nobody writes to */
static _Atomic bool got_memory; /* after it was given up */

/* A reader that does not come back for one process of three: nobody brings a page. */
static void get_stuck(struct acquirer *a, struct raw_process *p)
{
	char c;

	if (p->pid == 2) {
		p->memfd = fd_close(p->memfd);
		(void)!read(stuck_in, &c, 1);
		p->memfd = dup(stuck_in);
		got_memory = acquirer_alloc(a, 1) != NULL;
	}
	p->ns_pid = p->pid + 100;
	p->threads.v[0].ns_tid = 7;
}

static void one_that_blocks_is_given_up(void **state)
{
	struct raw_capture c = { 0 };
	struct acquirer a = { .c = &c, .fds_left = 100 };
	size_t before = open_descriptors();
	struct arena arena;
	int ends[2];

	assert_int_equal(arena_init(&arena, 64 << 20), 0);
	c.arena = &arena;
	assert_int_equal(pipe(ends), 0);
	stuck_in = ends[0];
	for (pid_t pid = 1; pid <= 3; pid++) {
		struct raw_process *p = array_push(&c.processes);
		p->pid = pid;
		p->pidfd = dup(ends[0]);
		p->procfd = dup(ends[0]);
		p->memfd = dup(ends[0]);
		p->taskfd = dup(ends[0]);
		struct raw_thread *t = array_push(&p->threads);
		t->tid = pid;
		t->runfd = dup(ends[0]);
	}
	readers_run(&a, NULL, get_stuck, READER_LOSES_ALL);
	assert_true(c.stuck);
	for (size_t i = 0; i < 3; i++) {
		const struct raw_process *p = &c.processes.v[i];
		assert_int_equal(p->refused, p->pid == 2);
		assert_int_equal(p->refused_error, p->pid == 2 ? -ETIMEDOUT : 0);
		assert_int_equal(p->ns_pid, p->pid == 2 ? 0 : p->pid + 100);
		assert_int_equal(p->stuck, p->pid == 2);
		assert_int_equal(p->threads.n, 1);
		assert_int_equal(p->threads.v[0].ns_tid, p->pid == 2 ? 0 : 7);
		/* What the reader may close is not named any more, and nothing is owned twice. */
		assert_int_equal(p->memfd < 0, p->pid == 2);
		assert_int_equal(p->threads.v[0].runfd < 0, p->pid == 2);
		assert_true(fcntl(p->procfd, F_GETFD) >= 0);
		assert_true(fcntl(p->pidfd, F_GETFD) >= 0);
	}
	process_done_all(&c);
	/* When it wakes at last, it gives back what it had. */
	close(ends[1]);
	struct deadline until = deadline_in(10 * NSEC_PER_SEC);
	while (open_descriptors() > before + 1 && !deadline_passed(until))
		usleep(1000);
	close(ends[0]);
	assert_int_equal(open_descriptors(), before);
	assert_false(got_memory);
	arena_done(&arena);
}

static void calls_are_parsed(void **state)
{
	struct look_call c;

	assert_int_equal(look_parse_call("running\n", &c), 0);
	assert_true(c.running);
	assert_int_equal(look_parse_call("-1 0x7ffe0010 0x55d0\n", &c), 0);
	assert_int_equal(c.nr, SNAP_NONE);
	assert_int_equal(c.sp, 0x7ffe0010);
	assert_int_equal(c.pc, 0x55d0);
	assert_int_equal(
		look_parse_call("232 0x4 0x1 0x2 0xffffffffffffffff 0x0 0x8 0x10 0x20\n", &c), 0);
	assert_false(c.running);
	assert_int_equal(c.nr, 232);
	assert_int_equal(c.args[0], 4);
	assert_int_equal(c.args[3], UINT64_MAX);
	assert_int_equal(c.args[5], 8);
	assert_int_equal(c.sp, 16);
	assert_int_equal(c.pc, 32);
	assert_int_equal(look_parse_call("232 0x4 0x1\n", &c), -EBADMSG);
	assert_int_equal(look_parse_call("", &c), -EBADMSG);
}

static void ranges_are_bounded(void **state)
{
	static const char text[] = "10000-20000 rw-p 00000000 00:00 0 \n"
				   "100000-a00000 rw-p 00000000 00:00 0 [stack]\n";
	struct raw_maps *m;
	struct look_range r;

	assert_int_equal(raw_maps_parse(strdup(text), strlen(text), &m, NULL), 0);
	assert_true(look_stack_range(m, 0x1ff00, &r));
	assert_int_equal(r.lo, 0x1fe80);
	assert_int_equal(r.n, 0x180);
	assert_int_equal(r.top_n, 0);
	assert_true(
		look_stack_range(m, 0x10010, &r)); /* the red zone would begin below the mapping */
	assert_int_equal(r.lo, 0x10000);
	assert_true(look_stack_range(m, 0x100080, &r)); /* very deep */
	assert_int_equal(r.n, 256 << 10);
	assert_int_equal(r.top_lo + r.top_n, 0xa00000);
	assert_int_equal(r.top_n, 64 << 10);
	assert_true(look_stack_range(m, 0xa00000 - (260 << 10),
				     &r)); /* little more than the cap: no overlap */
	assert_int_equal(r.top_lo, r.lo + r.n);
	assert_false(look_stack_range(m, 0x20000, &r));
	assert_false(look_stack_range(NULL, 0x20000, &r));
	raw_maps_unref(m);
}

static struct raw_look at(int64_t at_ms, int64_t cpu_ms, int64_t wait_ms, int64_t runs,
			  bool running)
{
	return (struct raw_look){ .at_ns = at_ms * NSEC_PER_MSEC,
				  .cpu_ns = cpu_ms * NSEC_PER_MSEC,
				  .wait_ns = wait_ms * NSEC_PER_MSEC,
				  .runs = runs,
				  .running = running };
}

static void activity_is_told(void **state)
{
	struct raw_look v[2];
	struct raw_thread t = { 0 };
	t.looks.v = v;
	t.looks.n = 2;

	v[0] = at(0, 100, 10, 5, false);
	v[1] = at(400, 100, 10, 5, false);
	assert_int_equal(look_activity(&t), ACTIVITY_PARKED);
	v[1] = at(400, 101, 10, 9, false);
	assert_int_equal(look_activity(&t), ACTIVITY_MOVING);
	v[1] = at(400, 490, 15, 9, true);
	assert_int_equal(look_activity(&t), ACTIVITY_BUSY);
	v[1] = at(400, 200, 300, 90, false); /* a quarter of a CPU on a crowded machine */
	assert_int_equal(look_activity(&t), ACTIVITY_BUSY);
	v[1].runs = SNAP_UNKNOWN;
	assert_int_equal(look_activity(&t), 0);
	t.looks.n = 1;
	assert_int_equal(look_activity(&t), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tree_is_complete, setup, teardown),
		cmocka_unit_test_setup_teardown(identity_is_more_than_a_pid, setup, teardown),
		cmocka_unit_test_setup_teardown(sleepers_are_seen, setup, teardown),
		cmocka_unit_test(standing_still_is_told),
		cmocka_unit_test(one_that_blocks_is_given_up),
		cmocka_unit_test(calls_are_parsed),
		cmocka_unit_test(ranges_are_bounded),
		cmocka_unit_test(activity_is_told),
	};
	return cmocka_run_group_tests_name("acquire", tests, NULL, NULL);
}
