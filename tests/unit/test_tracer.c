/* Stopping threads: what is taken, that calls go on, that stopped ones stay stopped, that held ones
 * stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "acquire/hold.h"
#include "acquire/look.h"
#include "acquire/serve.h"
#include "acquire/sight.h"
#include "acquire/tracer.h"
#include "core/fs.h"
#include "core/util.h"
#include "raw/request.h"
#include "tests/unit/valgrind.h"

/* What a child shares with the test. */
struct shared {
	volatile uint64_t turns; /* of the one that spins */
	volatile int ready, returned;
	int word; /* a futex */
};

struct fixture {
	struct shared *shared;
	pid_t child;
	struct raw_options options;
	struct arena arena;
	struct builder b;
	struct raw_capture c;
	struct acquirer a;
	struct tree tree;
};

static void spin(struct shared *s)
{
	s->ready = 1;
	for (;;)
		s->turns++;
}

/* Says if epoll_wait ever comes back. */
static void sleep_in_epoll(struct shared *s)
{
	struct epoll_event e;
	int fd = epoll_create1(0);

	s->ready = 1;
	for (;;) {
		(void)epoll_wait(fd, &e, 1, -1);
		s->returned++;
	}
}

/* A parent in vfork() sleeps uninterruptibly until its child ends. */
static void sleep_in_vfork(struct shared *s)
{
	s->ready = 1;
	if (vfork() == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		(void)syscall(SYS_pause);
		_exit(0);
	}
}

/* Sleeps in a call that shows whether it was interrupted: it goes on as restart_syscall. Gets on
 * when woken. */
static void sleep_in_futex(struct shared *s)
{
	const struct timespec hour = { .tv_sec = 3600 };

	s->ready = 1;
	for (;;) {
		(void)syscall(SYS_futex, &s->word, FUTEX_WAIT, 0, &hour, NULL, 0);
		s->returned++;
	}
}

static void wait_until(const struct fixture *f, const char *states)
{
	char path[40];
	struct raw_stat s = { 0 };

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", f->child);
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(raw_stat_read(-1, path, &s), 0);
		if (f->shared->ready && strchr(states, s.state))
			return;
		usleep(1000);
	}
	fail_msg("child is in state %c, not in one of %s", s.state, states);
}

static void begin(struct fixture *f, void (*what)(struct shared *), const char *states)
{
	f->shared = mmap(NULL, sizeof(*f->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(f->shared, MAP_FAILED);
	memset(f->shared, 0, sizeof(*f->shared));
	f->child = fork();
	if (f->child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		what(f->shared);
		_exit(0);
	}
	wait_until(f, states);
}

static void look(struct fixture *f, enum stop_policy stop)
{
	struct tree_seed seed = { .pid = f->child, .root = true };
	struct tree_source *source = proc_tree_source();

	f->options = (struct raw_options){ .samples = 1,
					   .stop = stop,
					   .eintr_repair = true,
					   .stop_budget_ns = 500 * NSEC_PER_MSEC };
	assert_int_equal(source->list(source, &seed, 1, 10, deadline_in(NSEC_PER_SEC), &f->tree),
			 0);
	assert_int_equal(arena_init(&f->arena, 64 << 20), 0);
	assert_int_equal(builder_init(&f->b), 0);
	f->c = (struct raw_capture){ .b = &f->b,
				     .options = &f->options,
				     .arena = &f->arena,
				     .deadline = deadline_in(30 * NSEC_PER_SEC) };
	f->a = (struct acquirer){ .c = &f->c, .fds_left = 100 };
	f->c.hold = mmap(NULL, sizeof(*f->c.hold), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(f->c.hold, MAP_FAILED);
	assert_int_equal(process_add_tree(&f->a, &f->tree), 0);
	look_first(&f->a);
	if (f->c.processes.v[0].refused)
		skip(); /* no ptrace rights on our own children here */
}

static const struct raw_look *last_look(const struct fixture *f)
{
	const struct raw_thread *t = f->c.processes.v[0].threads.v;

	return &t->looks.v[t->looks.n - 1];
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ 0 };
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->child > 0) {
		(void)kill(f->child, SIGKILL);
		(void)waitpid(f->child, NULL, 0);
	}
	process_done_all(&f->c);
	acquirer_done(&f->a);
	tree_done(&f->tree);
	builder_done(&f->b);
	arena_done(&f->arena);
	if (f->c.hold)
		(void)munmap(f->c.hold, sizeof(*f->c.hold));
	return munmap(f->shared, sizeof(*f->shared));
}

static void a_running_thread_is_stopped_shortly(void **state)
{
	struct fixture *f = *state;

	begin(f, spin, "R");
	look(f, STOP_AUTO);
	assert_true(last_look(f)->running);
	assert_int_equal(last_look(f)->taken, 0);
	tracer_stop_rest(&f->a, true);
	const struct raw_look *l = last_look(f);
	assert_int_equal(l->error, 0);
	assert_int_equal(l->taken, TAKEN_PTRACE);
	assert_int_equal(l->regs.known, (1u << DWARF_MAX) - 1);
	assert_int_equal(l->syscall_nr, SNAP_NONE);
	assert_true(l->stack.n > 128);
	assert_true(l->stopped_ns > 0);
	const struct raw_map *m = raw_maps_find(f->c.processes.v[0].maps, l->regs.v[DWARF_RIP]);
	assert_non_null(m);
	assert_true(m->prot & MAP_X);
	assert_int_equal(SNAP_N(f->b.s, GAP), 0);
	uint64_t turns = f->shared->turns;
	for (int i = 0; i < 5000 && f->shared->turns == turns; i++)
		usleep(1000);
	assert_true(f->shared->turns != turns);
}

static void never_means_never(void **state)
{
	struct fixture *f = *state;

	begin(f, spin, "R");
	look(f, STOP_NEVER);
	tracer_stop_rest(&f->a, true);
	assert_int_equal(last_look(f)->taken, 0);
	assert_int_equal(last_look(f)->stopped_ns, 0);
}

static void a_sleeper_is_left_alone(void **state)
{
	struct fixture *f = *state;

	begin(f, sleep_in_epoll, "S");
	look(f, STOP_AUTO);
	tracer_stop_rest(&f->a, true);
	assert_int_equal(last_look(f)->taken, TAKEN_PROC);
	assert_int_equal(last_look(f)->stopped_ns, 0);
	assert_int_equal(f->shared->returned, 0);
}

static void a_stopped_call_goes_on(void **state)
{
	struct fixture *f = *state;

	begin(f, sleep_in_epoll, "S");
	look(f, STOP_ALWAYS);
	for (int i = 0; i < 20; i++) {
		tracer_stop_rest(&f->a, true);
		assert_int_equal(last_look(f)->taken, TAKEN_PTRACE);
		assert_int_equal(last_look(f)->syscall_nr, SYS_epoll_wait);
		wait_until(f, "S");
	}
	assert_int_equal(f->shared->returned, 0);
}

static void a_stopped_process_stays_stopped(void **state)
{
	struct fixture *f = *state;
	int status;

	begin(f, spin, "R");
	assert_int_equal(kill(f->child, SIGSTOP), 0);
	assert_int_equal(waitpid(f->child, &status, WUNTRACED), f->child);
	wait_until(f, "T");
	uint64_t turns = f->shared->turns;
	look(f, STOP_ALWAYS);
	tracer_stop_rest(&f->a, true);
	assert_int_equal(last_look(f)->taken, TAKEN_PTRACE);
	assert_int_equal(SNAP_N(f->b.s, GAP), 0);
	wait_until(f, "T");
	assert_true(f->shared->turns == turns);
	assert_int_equal(kill(f->child, SIGCONT), 0);
	for (int i = 0; i < 5000 && f->shared->turns == turns; i++)
		usleep(1000);
	assert_true(f->shared->turns != turns);
}

static void uninterruptible_sleep_is_never_traced(void **state)
{
	NOT_UNDER_VALGRIND("its vfork() is a fork()");
	struct fixture *f = *state;

	begin(f, sleep_in_vfork, "D");
	look(f, STOP_ALWAYS);
	/* Without a stop its stack is there all the same. */
	assert_int_equal(last_look(f)->taken, TAKEN_PROC);
	assert_true(last_look(f)->stack.n > 0);
	tracer_stop_rest(&f->a, true);
	assert_int_equal(last_look(f)->taken, TAKEN_PROC);
	assert_int_equal(last_look(f)->stopped_ns, 0);
	wait_until(f, "D");
}

static void held_processes_stand_still(void **state)
{
	struct fixture *f = *state;
	struct hold *h;

	begin(f, spin, "R");
	look(f, STOP_AUTO);
	assert_int_equal(hold_new(&f->a, 0, 400 * NSEC_PER_MSEC, &h), 0);
	uint64_t turns = f->shared->turns;
	assert_int_equal(f->c.hold->n, 1);
	assert_int_equal(f->c.hold->v[0].error, 0);
	assert_int_equal(f->c.hold->v[0].tid, f->child);
	assert_true(f->c.hold->v[0].stack.n > 128);
	usleep(2000);
	bool stood = f->shared->turns == turns;
	int r = hold_release(h);
	/* On a machine that did not run us in time the hold has ended by itself, and says so. */
	assert_true((r == 0 && stood) || r == -ETIME);
	assert_true(last_look(f)->stopped_ns > 0);
	for (int i = 0; i < 5000 && f->shared->turns == turns; i++)
		usleep(1000);
	assert_true(f->shared->turns != turns);
}

static void a_hold_ends_by_itself(void **state)
{
	NOT_UNDER_VALGRIND("50 ms are too short for it");
	struct fixture *f = *state;
	struct hold *h;

	begin(f, spin, "R");
	look(f, STOP_AUTO);
	int r = hold_new(&f->a, 0, 50 * NSEC_PER_MSEC, &h);
	if (r == -ETIMEDOUT)
		skip(); /* the machine did not run one of us in that time */
	assert_int_equal(r, 0);
	uint64_t turns = f->shared->turns;
	for (int i = 0; i < 5000 && f->shared->turns == turns; i++)
		usleep(1000);
	assert_true(f->shared->turns != turns);
	assert_int_equal(hold_release(h), -ETIME);
}

static int64_t call_now(const struct fixture *f)
{
	struct look_call call;
	char path[40], text[256] = "";

	(void)snprintf(path, sizeof(path), "/proc/%d/syscall", f->child);
	assert_true(fs_read(AT_FDCWD, path, text, sizeof(text)) > 0);
	assert_int_equal(look_parse_call(text, &call), 0);
	return call.nr;
}

/* A hung process sleeps: nobody needs to be stopped for it to stand still. */
static void a_hold_leaves_sleepers_alone(void **state)
{
	struct fixture *f = *state;
	struct hold *h;

	begin(f, sleep_in_futex, "S");
	look(f, STOP_AUTO);
	assert_int_equal(hold_new(&f->a, 0, 400 * NSEC_PER_MSEC, &h), 0);
	assert_int_equal(f->c.hold->n, 1);
	assert_true(f->c.hold->v[0].slept);
	assert_int_equal(hold_release(h), 0);
	assert_int_equal(last_look(f)->stopped_ns, 0);
	assert_int_equal(call_now(f), SYS_futex);
}

static void a_sleeper_that_wakes_spoils_the_hold(void **state)
{
	struct fixture *f = *state;
	struct hold *h;

	begin(f, sleep_in_futex, "S");
	look(f, STOP_AUTO);
	assert_int_equal(hold_new(&f->a, 0, 5 * NSEC_PER_SEC, &h), 0);
	assert_int_equal(syscall(SYS_futex, &f->shared->word, FUTEX_WAKE, 1), 1);
	for (int i = 0; i < 5000 && !f->shared->returned; i++)
		usleep(1000);
	assert_int_equal(hold_release(h), 1);
	/* It has run since its look, so now it is stopped. */
	wait_until(f, "S");
	assert_int_equal(hold_new(&f->a, 0, 5 * NSEC_PER_SEC, &h), 0);
	assert_false(f->c.hold->v[0].slept);
	assert_true(f->c.hold->v[0].stack.n > 128);
	assert_int_equal(f->c.hold->v[0].syscall_nr, SYS_futex);
	assert_int_equal(hold_release(h), 0);
	assert_true(last_look(f)->stopped_ns > 0);
}

/* A decoder that heard of its hold too late does not release it, and asks for another. */
static void a_forgotten_hold_is_no_obstacle(void **state)
{
	const struct request hold = { .kind = REQUEST_HOLD, .a = 400 * NSEC_PER_MSEC },
			     done = { .kind = REQUEST_DONE };
	struct fixture *f = *state;
	struct response p;
	int pair[2];

	begin(f, sleep_in_futex, "S");
	look(f, STOP_AUTO);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(request_send(pair[0], &hold, -1), 0);
	assert_int_equal(request_send(pair[0], &done, -1), 0);
	assert_int_equal(serve_decoder(&f->a, pair[1], f->c.deadline), 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(recv(pair[0], &p, sizeof(p), 0), sizeof(p));
		assert_int_equal(p.status, 0);
	}
	(void)close(pair[0]);
	(void)close(pair[1]);
}

enum { COUNTED_PAGES = 64 };

static uint8_t *counted; /* and behind it a page that cannot be read */

/* Writes the next number to each of its pages in turn: at any moment they are n, n, ..., n - 1. */
static void count(struct shared *s)
{
	for (uint64_t n = 1;; n++) {
		for (size_t i = 0; i < COUNTED_PAGES; i++)
			*(volatile uint64_t *)(counted + i * RAW_PAGE_BYTES) = n;
		s->ready = 1;
	}
}

/* Counts, and is looked at. Its pages are to be copied, amid some that are not there. */
static struct raw_moment *begin_counting(struct fixture *f)
{
	size_t n = COUNTED_PAGES * RAW_PAGE_BYTES;

	counted = mmap(NULL, n + RAW_PAGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(counted, MAP_FAILED);
	assert_int_equal(mprotect(counted + n, RAW_PAGE_BYTES, PROT_NONE), 0);
	begin(f, count, "R");
	look(f, STOP_AUTO);
	struct raw_moment *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(m, MAP_FAILED);
	uint64_t first = (uintptr_t)counted / RAW_PAGE_BYTES;
	m->ranges[0] = (struct raw_range){ 1, 2 };
	m->ranges[1] = (struct raw_range){ first, COUNTED_PAGES + 1 };
	m->ranges[2] = (struct raw_range){ UINT64_MAX, 1 };
	m->ranges[3] = (struct raw_range){ first, 1 };
	m->n = 4;
	f->c.moment = m;
	return m;
}

static void end_counting(struct raw_moment *m)
{
	assert_int_equal(munmap(counted, (COUNTED_PAGES + 1) * RAW_PAGE_BYTES), 0);
	assert_int_equal(munmap(m, sizeof(*m)), 0);
}

static uint64_t number_of(const struct raw_moment *m, size_t i)
{
	uint64_t n;

	assert_int_equal(m->state[i], RAW_MOMENT_READ);
	memcpy(&n, m->bytes[i], sizeof(n));
	return n;
}

/* Not when the machine did not run us in time: then it says so. */
static bool copied(struct fixture *f)
{
	int r = hold_glance(&f->a, 0, 5 * NSEC_PER_SEC, true);

	assert_true(r == 0 || r == -ETIMEDOUT || r == -ETIME);
	return r == 0;
}

static void copies_are_of_one_moment(void **state)
{
	struct fixture *f = *state;
	struct raw_moment *m = begin_counting(f);
	enum { FIRST = 2, BEHIND = FIRST + COUNTED_PAGES };

	for (int turn = 0; turn < 20; turn++) {
		if (!copied(f))
			continue;
		uint64_t first = number_of(m, FIRST), last = first;
		for (size_t i = 1; i < COUNTED_PAGES; i++) {
			uint64_t n = number_of(m, FIRST + i);
			assert_true(n <= last && n + 1 >= first);
			last = n;
		}
		assert_int_equal(m->state[0], RAW_MOMENT_HOLE);
		assert_int_equal(m->state[1], RAW_MOMENT_HOLE);
		assert_int_equal(m->state[BEHIND], RAW_MOMENT_HOLE);
		assert_int_equal(m->state[BEHIND + 1], RAW_MOMENT_HOLE);
		assert_int_equal(number_of(m, BEHIND + 2), first);
		assert_int_equal(m->state[BEHIND + 3], RAW_MOMENT_UNTRIED);
	}
	assert_true(last_look(f)->stopped_ns > 0);
	end_counting(m);
}

/* The decoder counts as taken over: it may name more than there is room for. */
static void too_much_is_cut(void **state)
{
	struct fixture *f = *state;
	struct raw_moment *m = begin_counting(f);
	uint64_t first = (uintptr_t)counted / RAW_PAGE_BYTES;

	for (size_t i = 0; i < RAW_MOMENT_PAGES; i++)
		m->ranges[i] = (struct raw_range){ first, i % 2 ? COUNTED_PAGES : 0 };
	m->ranges[1].n = RAW_MOMENT_PAGES - 10;
	m->n = SIZE_MAX;
	if (copied(f))
		assert_int_equal(m->state[0], RAW_MOMENT_READ);
	m->ranges[1].n = UINT64_MAX;
	if (copied(f))
		assert_int_equal(m->state[0], RAW_MOMENT_READ);
	for (size_t i = 0; i < RAW_MOMENT_PAGES; i++)
		m->ranges[i] = (struct raw_range){ first + i % COUNTED_PAGES, 1 };
	if (copied(f))
		assert_true(number_of(m, RAW_MOMENT_PAGES - 1) > 0);
	end_counting(m);
}

/* As after an exec: the memory that was looked at is nobody's any more. */
static void another_address_space_is_not_copied(void **state)
{
	struct fixture *f = *state;
	struct raw_moment *m = begin_counting(f);
	struct raw_process *p = &f->c.processes.v[0];
	char path[40];
	pid_t other = fork();

	if (other == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		(void)syscall(SYS_pause);
		_exit(0);
	}
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", other);
	(void)close(p->memfd);
	p->memfd = open(path, O_RDONLY | O_CLOEXEC);
	(void)kill(other, SIGKILL);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_true(p->memfd >= 0);
	(void)copied(f);
	for (size_t i = 0; i < RAW_MOMENT_PAGES; i++)
		assert_int_equal(m->state[i], RAW_MOMENT_UNTRIED);
	end_counting(m);
}

static void whoever_wants_all_stopped_gets_it(void **state)
{
	struct fixture *f = *state;
	struct hold *h;

	begin(f, sleep_in_futex, "S");
	look(f, STOP_ALWAYS);
	assert_int_equal(hold_new(&f->a, 0, 5 * NSEC_PER_SEC, &h), 0);
	assert_false(f->c.hold->v[0].slept);
	assert_int_equal(hold_release(h), 0);
	assert_true(last_look(f)->stopped_ns > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_running_thread_is_stopped_shortly),
		TEST(never_means_never),
		TEST(a_sleeper_is_left_alone),
		TEST(a_stopped_call_goes_on),
		TEST(a_stopped_process_stays_stopped),
		TEST(uninterruptible_sleep_is_never_traced),
		TEST(held_processes_stand_still),
		TEST(a_hold_ends_by_itself),
		TEST(a_hold_leaves_sleepers_alone),
		TEST(a_sleeper_that_wakes_spoils_the_hold),
		TEST(a_forgotten_hold_is_no_obstacle),
		TEST(copies_are_of_one_moment),
		TEST(too_much_is_cut),
		TEST(another_address_space_is_not_copied),
		TEST(whoever_wants_all_stopped_gets_it),
	};
	return cmocka_run_group_tests_name("tracer", tests, NULL, NULL);
}
