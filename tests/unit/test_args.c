/* What is read behind the arguments of system calls: poll sets, timeouts, lock words. The memory is
 * made here. */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/util.h"
#include "decode/args.h"
#include "decode/memory.h"
#include "raw/request.h"
#include "snapshot/index.h"

enum { AT = 0x10000, BYTES = 8192, OWNER = 7, SELF = 5 };

/* One process of two threads; the first sleeps in a call. */
struct scene {
	struct builder b;
	struct raw_options options;
	struct raw_capture capture;
	struct raw_process raw;
	struct raw_look look;
	struct raw_thread threads[2];
	struct decoded_frame frames[2];
	struct decoded_thread decoded[2];
	struct decoded_process p;
	uint8_t memory[BYTES];
	int server; /* the other end of its request socket */
};

static ssize_t read_memory(void *arg, uint64_t address, void *to, size_t n)
{
	const struct scene *s = arg;

	if (address < AT || address >= AT + BYTES)
		return -EFAULT;
	n = MIN(n, AT + BYTES - address);
	memcpy(to, s->memory + (address - AT), n);
	return (ssize_t)n;
}

static void scene_init(struct scene *s, const char *function, bool shared)
{
	struct memory_backend backend = { .read = read_memory, .arg = s };
	char *text;
	int pair[2];

	memset(s, 0, sizeof(*s));
	assert_int_equal(builder_init(&s->b), 0);
	s->capture = (struct raw_capture){ .b = &s->b,
					   .options = &s->options,
					   .captured_ns = clock_monotonic_ns() };
	struct snap_process *process = BUILD(&s->b, PROCESS);
	process->pid = 1000;
	s->raw.node = builder_last(&s->b, TABLE_PROCESS);
	s->raw.pid = 1000;
	for (int i = 0; i < 2; i++) {
		struct snap_thread *row = BUILD(&s->b, THREAD);

		row->owner = s->raw.node;
		row->blocked_ns = 2 * NSEC_PER_SEC;
		s->threads[i] = (struct raw_thread){ .node = builder_last(&s->b, TABLE_THREAD),
						     .tid = 1000 + i,
						     .ns_tid = i ? OWNER : SELF };
		s->decoded[i].raw = &s->threads[i];
	}
	s->look = (struct raw_look){ .taken = TAKEN_PROC };
	s->threads[0].looks.v = &s->look;
	s->threads[0].looks.n = 1;
	s->raw.threads.v = s->threads;
	s->raw.threads.n = 2;
	s->frames[0].kind = s->frames[1].kind = FRAME_NATIVE;
	s->frames[1].function = builder_str(&s->b, function);
	s->decoded[0].frames.v = s->frames;
	s->decoded[0].frames.n = 2;
	assert_true(asprintf(&text, "10000-12000 rw-%c 00000000 08:01 7 /x\n", shared ? 's' : 'p') >
		    0);
	assert_int_equal(raw_maps_parse(text, strlen(text), &s->raw.maps, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	s->server = pair[1];
	s->p = (struct decoded_process){ .capture = &s->capture,
					 .b = &s->b,
					 .raw = &s->raw,
					 .sock = pair[0],
					 .deadline = deadline_in(NSEC_PER_SEC),
					 .threads = { .v = s->decoded, .n = 2 } };
	assert_int_equal(memory_new(&backend, 1 << 20, &s->p.memory), 0);
}

static void scene_done(struct scene *s)
{
	(void)memory_free(s->p.memory);
	(void)raw_maps_unref(s->raw.maps);
	(void)close(s->server);
	(void)close(s->p.sock);
	builder_done(&s->b);
}

struct acquirer_of_test {
	int sock;
	const int *answers;
	size_t n;
};

/* Whether it has run since is answered as often as there are answers; later questions are left open. */
static void *answer(void *arg)
{
	const struct acquirer_of_test *a = arg;
	struct request q;
	int fd;

	for (size_t i = 0; request_receive(a->sock, &q, &fd) == 0 && q.kind != REQUEST_DONE; i++) {
		struct response r = { .asked = q.asked };

		if (i >= a->n)
			continue;
		r.status = a->answers[i];
		(void)response_send(a->sock, &r, -1);
	}
	return NULL;
}

static void call(struct scene *s, int64_t nr, const uint64_t *args, size_t n, const int *answers,
		 size_t n_answers)
{
	struct acquirer_of_test a = { .sock = s->server, .answers = answers, .n = n_answers };
	const struct request done = { .kind = REQUEST_DONE };
	pthread_t thread;

	s->look.syscall_nr = nr;
	memcpy(s->look.args, args, n * sizeof(*args));
	assert_int_equal(pthread_create(&thread, NULL, answer, &a), 0);
	args_read(&s->p);
	assert_int_equal(request_send(s->p.sock, &done, -1), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

#define CALL(s, nr, ...)                               \
	call(s, nr, (const uint64_t[]){ __VA_ARGS__ }, \
	     ARRAY_SIZE(((const uint64_t[]){ __VA_ARGS__ })), (const int[]){ 0 }, 1)

static const struct snap_fact *fact(const struct scene *s, const char *key)
{
	for (uint32_t i = 0; i < SNAP_N(s->b.s, FACT); i++) {
		const struct snap_fact *f = SNAP_ROW(s->b.s, FACT, i);

		assert_int_equal(f->about, s->threads[0].node);
		if (str_eq(snap_str(s->b.s, f->key), key))
			return f;
	}
	return NULL;
}

static int64_t value(const struct scene *s, const char *key)
{
	const struct snap_fact *f = fact(s, key);

	return f ? f->value : SNAP_NONE;
}

static const char *text(const struct scene *s, const char *key)
{
	const struct snap_fact *f = fact(s, key);

	return f ? snap_str(s->b.s, f->text) : "";
}

static void put_words(struct scene *s, size_t at, const uint32_t *words, size_t n)
{
	memcpy(s->memory + at, words, n * sizeof(*words));
}

#define WORDS(s, at, ...)                                   \
	put_words(s, at, (const uint32_t[]){ __VA_ARGS__ }, \
		  ARRAY_SIZE(((const uint32_t[]){ __VA_ARGS__ })))

static void put_time(struct scene *s, size_t at, int64_t seconds, int64_t rest)
{
	int64_t t[] = { seconds, rest };

	memcpy(s->memory + at, t, sizeof(t));
}

/* Within a second: time passes while the test runs. */
static void assert_near(int64_t ns, int64_t seconds)
{
	assert_true(ns > (seconds - 1) * NSEC_PER_SEC && ns <= seconds * NSEC_PER_SEC);
}

static void test_poll(void **state)
{
	struct pollfd fds[] = { { .fd = 3, .events = POLLIN },
				{ .fd = -1, .events = POLLIN },
				{ .fd = 9, .events = POLLOUT } };
	struct scene s;

	scene_init(&s, "poll", false);
	memcpy(s.memory, fds, sizeof(fds));
	put_time(&s, 512, 10, 0);
	CALL(&s, SYS_ppoll, AT, 3, AT + 512);
	assert_int_equal(SNAP_N(s.b.s, WATCH), 2);
	const struct snap_watch *w = SNAP_ROWS(s.b.s, WATCH);
	assert_int_equal(w[0].fd, 3);
	assert_int_equal(w[0].events, POLLIN);
	assert_int_equal(w[1].fd, 9);
	assert_int_equal(w[1].events, POLLOUT);
	assert_true(w[0].armed && w[0].owner == s.threads[0].node && w[0].process == s.raw.node);
	assert_int_equal(value(&s, "timeout_left"), 8 * NSEC_PER_SEC); /* it has slept for two */
	scene_done(&s);
}

/* The last entry lies where there is no memory, or there are more than anybody polls. */
static void test_poll_that_cannot_be_read_whole(void **state)
{
	struct pollfd fd = { .fd = 3, .events = POLLIN };
	struct scene s;

	scene_init(&s, "poll", false);
	for (size_t at = 0; at + sizeof(fd) <= sizeof(s.memory); at += sizeof(fd))
		memcpy(s.memory + at, &fd, sizeof(fd));
	CALL(&s, SYS_poll, AT, sizeof(s.memory) / sizeof(fd) + 1, (uint64_t)-1);
	assert_int_equal(SNAP_N(s.b.s, WATCH), 0);
	CALL(&s, SYS_poll, AT, 1 << 20, (uint64_t)-1);
	assert_int_equal(SNAP_N(s.b.s, WATCH), 0);
	CALL(&s, SYS_poll, AT, 2 | 1ull << 32,
	     (uint64_t)-1); /* an int: its upper half is nobody's */
	assert_int_equal(SNAP_N(s.b.s, WATCH), 2);
	scene_done(&s);
}

static void test_select_that_cannot_be_read_whole(void **state)
{
	struct scene s;

	scene_init(&s, "select", false);
	s.memory[0] = 2;
	CALL(&s, SYS_select, 65, AT, AT + sizeof(s.memory) - 8, 0, 0);
	assert_int_equal(SNAP_N(s.b.s, WATCH), 0);
	CALL(&s, SYS_select, 64, AT, AT + sizeof(s.memory) - 8, 0, 0);
	assert_int_equal(SNAP_N(s.b.s, WATCH), 1);
	scene_done(&s);
}

static void test_select(void **state)
{
	struct scene s;

	scene_init(&s, "select", false);
	s.memory[8] = 1;        /* read: fd 64 */
	s.memory[128] = 1 << 5; /* write: fd 5 */
	s.memory[136] = 1;      /* write: fd 64 too */
	s.memory[144] = 1;      /* beyond what was asked for */
	put_time(&s, 512, 3, 500000);
	CALL(&s, SYS_select, 65, AT, AT + 128, 0, AT + 512);
	assert_int_equal(SNAP_N(s.b.s, WATCH), 2);
	const struct snap_watch *w = SNAP_ROWS(s.b.s, WATCH);
	assert_int_equal(w[0].fd, 5);
	assert_int_equal(w[0].events, POLLOUT);
	assert_int_equal(w[1].fd, 64);
	assert_int_equal(w[1].events, POLLIN | POLLOUT);
	assert_int_equal(value(&s, "timeout_left"), 1500 * NSEC_PER_MSEC);
	scene_done(&s);
}

static void test_timeouts(void **state)
{
	struct scene s;
	int64_t now = clock_realtime_ns() / NSEC_PER_SEC;

	scene_init(&s, "x", false);
	put_time(&s, 0, now + 60, 0);
	CALL(&s, SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, AT);
	assert_near(value(&s, "timeout_left"), 60);
	scene_done(&s);

	scene_init(&s, "x", false);
	put_time(&s, 0, 1, 0);
	CALL(&s, SYS_nanosleep, AT); /* should have ended a second ago */
	assert_int_equal(value(&s, "timeout_left"), 0);
	scene_done(&s);

	scene_init(&s, "x", false);
	put_time(&s, 0, INT64_MAX, 999999999); /* sleep infinity */
	CALL(&s, SYS_nanosleep, AT);
	assert_true(value(&s, "timeout_left") > 100LL * 365 * 24 * 3600 * NSEC_PER_SEC);
	scene_done(&s);

	scene_init(&s, "x", false);
	put_time(&s, 0, -1, 0); /* nonsense says nothing */
	CALL(&s, SYS_nanosleep, AT);
	assert_null(fact(&s, "timeout_left"));
	scene_done(&s);
}

static void test_mutex(void **state)
{
	struct scene s;

	scene_init(&s, "pthread_mutex_lock", false);
	WORDS(&s, 0, 2, 0, OWNER, 1, 0);
	CALL(&s, SYS_futex, AT, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, 0);
	assert_string_equal(text(&s, "futex_kind"), "mutex normal");
	assert_int_equal(value(&s, "futex_owner"), OWNER);
	assert_int_equal(value(&s, "futex_shared"), 0);
	assert_int_equal(value(&s, "futex_word"), 2);
	assert_null(fact(&s, "futex_owner_gone"));
	scene_done(&s);

	/* Copied by fork: its owner is a thread of the parent. */
	scene_init(&s, "pthread_mutex_lock", false);
	WORDS(&s, 0, 2, 1, 4711, 1, 1);
	CALL(&s, SYS_futex, AT, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, 0);
	assert_string_equal(text(&s, "futex_kind"), "mutex recursive");
	assert_int_equal(value(&s, "futex_owner"), 4711);
	assert_int_equal(value(&s, "futex_owner_gone"), 1);
	scene_done(&s);
}

static void test_no_guess_about_owners(void **state)
{
	struct scene s;

	/* Another library's lock: nothing names a mutex and the fields are something else. */
	scene_init(&s, "somebody_elses_lock", false);
	WORDS(&s, 0, 2, 0, 4711, 1, 0);
	CALL(&s, SYS_futex, AT, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, 0);
	assert_null(fact(&s, "futex_owner"));
	assert_null(fact(&s, "futex_kind"));
	scene_done(&s);

	scene_init(&s, "pthread_cond_wait", false);
	WORDS(&s, 0, 2, 0, OWNER, 0, 0);
	CALL(&s, SYS_futex, AT, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 2, 0);
	assert_null(fact(&s, "futex_owner"));
	assert_string_equal(text(&s, "futex_kind"), "cond");
	scene_done(&s);

	scene_init(&s, "__cxa_guard_acquire", false);
	WORDS(&s, 0, 0x10100, 0, 0, 0, 0);
	CALL(&s, SYS_futex, AT, FUTEX_WAIT, 0x10100, 0);
	assert_string_equal(text(&s, "futex_kind"), "static");
	scene_done(&s);

	/* Unlocked while we looked. */
	scene_init(&s, "pthread_mutex_lock", false);
	WORDS(&s, 0, 0, 0, 0, 0, 0);
	CALL(&s, SYS_futex, AT, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, 0);
	assert_null(fact(&s, "futex_owner"));
	scene_done(&s);
}

static void test_kernel_rules(void **state)
{
	struct scene s;

	scene_init(&s, "pthread_mutex_lock", true);
	WORDS(&s, 64, FUTEX_WAITERS | OWNER, 0, OWNER, 1, 32 | 128);
	CALL(&s, SYS_futex, AT + 64, FUTEX_LOCK_PI, 0, 0);
	assert_string_equal(text(&s, "futex_kind"), "mutex normal pi");
	assert_int_equal(value(&s, "futex_owner"), OWNER);
	assert_int_equal(value(&s, "futex_shared"), 1);
	assert_string_equal(text(&s, "futex_shared"), "8:1:7:64");
	scene_done(&s);

	scene_init(&s, "pthread_mutex_lock", true);
	WORDS(&s, 0, FUTEX_WAITERS | FUTEX_OWNER_DIED | 9, 0, 9, 1, 16 | 128);
	CALL(&s, SYS_futex, AT, FUTEX_WAIT, FUTEX_WAITERS | 9, 0);
	assert_string_equal(text(&s, "futex_kind"), "mutex normal robust");
	assert_int_equal(value(&s, "futex_owner"), 9);
	assert_int_equal(value(&s, "futex_owner_gone"), 1);
	scene_done(&s);
}

/* A word that another runtime sleeps on, with all around it as in a robust mutex, is none. */
static void test_a_word_that_holds_no_owner(void **state)
{
	static const struct {
		uint32_t word, owner;
		const char *function;
	} of[] = {
		{ UINT32_MAX, 0, "park" }, /* Rust: parked */
		{ UINT32_MAX, UINT32_MAX & FUTEX_TID_MASK, "park" },
		{ UINT32_MAX, 0, "pthread_mutex_lock" },
		{ FUTEX_WAITERS | OWNER, 0, "park" }, /* a count beside it */
		{ FUTEX_WAITERS | 9, 9, "park" },     /* nobody of ours */
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		struct scene s;
		scene_init(&s, of[i].function, false);
		WORDS(&s, 0, of[i].word, 0, of[i].owner, 1, 16);
		CALL(&s, SYS_futex, AT, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, of[i].word, 0);
		assert_null(fact(&s, "futex_owner"));
		assert_null(fact(&s, "futex_owner_gone"));
		scene_done(&s);
	}

	struct scene s;
	scene_init(&s, "", false);
	WORDS(&s, 0, FUTEX_WAITERS | OWNER, 0, OWNER, 1, 16);
	CALL(&s, SYS_futex, AT, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, FUTEX_WAITERS | OWNER, 0);
	assert_int_equal(value(&s, "futex_owner"), OWNER);
	scene_done(&s);
}

static void test_rwlock_and_join(void **state)
{
	struct scene s;

	scene_init(&s, "pthread_rwlock_rdlock", false);
	WORDS(&s, 0, 10, 0, 1, 1, 0, 0, OWNER, 0);
	CALL(&s, SYS_futex, AT + 8, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 3, 0);
	assert_string_equal(text(&s, "futex_kind"), "rwlock read");
	assert_int_equal(value(&s, "futex_owner"), OWNER);
	scene_done(&s);

	/* Readers hold it: there is no one owner. */
	scene_init(&s, "pthread_rwlock_wrlock", false);
	WORDS(&s, 0, 10, 0, 1, 1, 0, 0, 0, 0);
	CALL(&s, SYS_futex, AT + 8, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 3, 0);
	assert_string_equal(text(&s, "futex_kind"), "rwlock write");
	assert_null(fact(&s, "futex_owner"));
	scene_done(&s);

	scene_init(&s, "pthread_join", false);
	WORDS(&s, 720, OWNER);
	CALL(&s, SYS_futex, AT + 720, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, OWNER, 0);
	assert_string_equal(text(&s, "futex_kind"), "join");
	assert_int_equal(value(&s, "futex_owner"), OWNER);
	assert_int_equal(value(&s, "futex_shared"), 0);
	scene_done(&s);
}

static void test_a_thread_that_ran_tells_nothing(void **state)
{
	const uint64_t args[] = { AT, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, 0 };
	const int any_then_this[] = { 1, 1 }, any_then_another[] = { 1, 0 };
	struct scene s;

	scene_init(&s, "pthread_mutex_lock", false);
	WORDS(&s, 0, 2, 0, OWNER, 1, 0);
	call(&s, SYS_futex, args, 4, any_then_this, 2);
	assert_int_equal(SNAP_N(s.b.s, FACT), 0);
	scene_done(&s);

	scene_init(&s, "pthread_mutex_lock", false);
	WORDS(&s, 0, 2, 0, OWNER, 1, 0);
	call(&s, SYS_futex, args, 4, any_then_another, 2);
	assert_int_equal(value(&s, "futex_owner"), OWNER);
	scene_done(&s);
}

static void test_signals_and_addresses(void **state)
{
	struct scene s;

	scene_init(&s, "sigwait", false);
	WORDS(&s, 0, 1 << 16, 0);
	CALL(&s, SYS_rt_sigtimedwait, AT, 0, 0, 8);
	assert_int_equal(value(&s, "sigset"), 1 << 16);
	scene_done(&s);

	scene_init(&s, "connect", false);
	memcpy(s.memory, "\2\0\x1f\x90\x7f\0\0\1", 8);
	CALL(&s, SYS_connect, 3, AT, 16);
	assert_string_equal(text(&s, "connect_to"), "127.0.0.1:8080");
	scene_done(&s);

	scene_init(&s, "connect", false);
	memcpy(s.memory, "\1\0\0hidden", 9);
	CALL(&s, SYS_connect, 3, AT, 9);
	assert_string_equal(text(&s, "connect_to"), "@hidden");
	scene_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_poll_that_cannot_be_read_whole),
		cmocka_unit_test(test_select_that_cannot_be_read_whole),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_mutex),
		cmocka_unit_test(test_no_guess_about_owners),
		cmocka_unit_test(test_kernel_rules),
		cmocka_unit_test(test_a_word_that_holds_no_owner),
		cmocka_unit_test(test_rwlock_and_join),
		cmocka_unit_test(test_a_thread_that_ran_tells_nothing),
		cmocka_unit_test(test_signals_and_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
