/*
 * The program of the zoo: one source, built in every way that an unwinder is known to get wrong.
 *
 * Each thread goes down the same staircase, whose steps differ in what they ask of an unwinder, and
 * parks in a wait of its own:
 *
 *   zoo_thread      the outermost function of ours, called by the C library
 *   zoo_recurse     the same return address several times over
 *   zoo_big_frame   a frame beyond the reach of a short displacement
 *   zoo_aligned     a realigned stack: the CFA is a CFA expression or rbp-based
 *   zoo_vla         a frame of variable size: rbp-based even without frame pointers
 *   zoo_alloca      likewise, once more on top of it
 *   zoo_saved       all callee-saved registers in use
 *   zoo_last_call   ends in a call that does not return: the return address lies behind the
 *                   function
 *   zoo_leaf        parks
 *
 * The main thread arrives through qsort() of the C library. With the argument "busy" one thread
 * more spins in zoo_spin. It lives until it is killed, three minutes at most.
 */
#include "trail.h"

#include <alloca.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum wait_kind {
	W_POLL,
	W_PAUSE,
	W_SLEEP,
	W_EPOLL,
	W_READ,
	W_MUTEX,
	W_RAW,
	W_COND,
	W_BUSY,
	W_COUNT
};

static const char *const wait_names[] = {
	[W_POLL] = "poll",        [W_PAUSE] = "pause", [W_SLEEP] = "clock_nanosleep",
	[W_EPOLL] = "epoll_wait", [W_READ] = "read",   [W_MUTEX] = "futex",
	[W_RAW] = "pause",        [W_COND] = "futex",  [W_BUSY] = "running",
};

/* Never becomes false; volatile, so that the compiler does not know. */
static volatile int go_on = 1;

ZOO_KEEP static void zoo_spin(void)
{
	while (go_on)
		zoo_sink++;
}

ZOO_KEEP static void zoo_leaf(enum wait_kind kind)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	struct timespec long_time = { .tv_sec = 100000 };
	struct epoll_event event;
	int ep, fds[2];
	char c;

	trail_enter(__func__);
	if (kind == W_BUSY)
		trail_enter("zoo_spin");
	if (pipe(fds) < 0 || (ep = epoll_create1(EPOLL_CLOEXEC)) < 0)
		_exit(1);
	pthread_mutex_lock(&mutex);
	trail_declare(wait_names[kind]);
	/* A debugger's stop ends some of these calls early; the thread then waits again at the same
	 * place. */
	while (go_on) {
		switch (kind) {
		case W_POLL: {
			struct pollfd p = { .fd = fds[0], .events = POLLIN };

			zoo_sink = poll(&p, 1, -1);
			break;
		}
		case W_PAUSE:
			zoo_sink = pause();
			break;
		case W_SLEEP:
			zoo_sink = nanosleep(&long_time, NULL);
			break;
		case W_EPOLL:
			zoo_sink = epoll_wait(ep, &event, 1, -1);
			break;
		case W_READ:
			zoo_sink = (int)read(fds[0], &c, 1);
			break;
		case W_MUTEX:
			zoo_sink = pthread_mutex_lock(&mutex);
			break;
		case W_RAW:
			zoo_sink = (int)syscall(SYS_pause);
			break;
		case W_COND:
			zoo_sink = pthread_cond_wait(&cond, &mutex);
			break;
		default:
			zoo_spin();
		}
	}
}

ZOO_KEEP __attribute__((noreturn)) static void zoo_no_return(enum wait_kind kind)
{
	trail_enter(__func__);
	zoo_leaf(kind);
	_exit(1);
}

ZOO_KEEP static void zoo_last_call(enum wait_kind kind)
{
	trail_enter(__func__);
	zoo_no_return(kind);
}

ZOO_KEEP static int zoo_saved(enum wait_kind kind, int a, int b, int c, int d, int e)
{
	int v = zoo_sink;

	trail_enter(__func__);
	if (go_on)
		zoo_last_call(kind);
	/* Everything is needed after the call: six values in the callee-saved registers. */
	return a * v + b * (v ^ c) + d * e + (int)kind;
}

ZOO_KEEP static void zoo_alloca(enum wait_kind kind, int n)
{
	char *p = alloca(n);

	trail_enter(__func__);
	memset(p, n, n);
	zoo_sink = zoo_saved(kind, n, n + 1, n + 2, n + 3, n + 4);
	zoo_sink += p[3];
}

ZOO_KEEP static void zoo_vla(enum wait_kind kind, int n)
{
	char p[n];

	trail_enter(__func__);
	memset(p, n, n);
	zoo_alloca(kind, n - 7);
	zoo_sink += p[3];
}

ZOO_KEEP static void zoo_aligned(enum wait_kind kind)
{
	char b[128] __attribute__((aligned(64)));

	trail_enter(__func__);
	memset(b, kind, sizeof b);
	zoo_vla(kind, 200 + kind);
	zoo_sink += b[1];
}

ZOO_KEEP static void zoo_big_frame(enum wait_kind kind)
{
	char b[6000];

	trail_enter(__func__);
	memset(b, kind, sizeof b);
	zoo_aligned(kind);
	zoo_sink += b[3];
}

ZOO_KEEP static void zoo_recurse(enum wait_kind kind, int n)
{
	trail_enter(__func__);
	if (n > 0)
		zoo_recurse(kind, n - 1);
	else
		zoo_big_frame(kind);
	zoo_sink++;
}

ZOO_KEEP static void *zoo_thread(void *arg)
{
	trail_enter(__func__);
	zoo_recurse((enum wait_kind)(long)arg, 3);
	zoo_sink++;
	return NULL;
}

ZOO_KEEP static int zoo_compare(const void *a, const void *b)
{
	trail_enter(__func__);
	zoo_recurse(W_POLL, 3);
	return *(const int *)a - *(const int *)b;
}

ZOO_KEEP static void zoo_main(void)
{
	int numbers[] = { 2, 1 };

	trail_enter(__func__);
	qsort(numbers, 2, sizeof numbers[0], zoo_compare);
	zoo_sink += numbers[0];
}

int main(int argc, char **argv)
{
	int n = argc > 1 && strcmp(argv[1], "busy") == 0 ? W_COUNT : W_BUSY;

	alarm(180);
	trail_expect(n);
	for (long i = W_POLL + 1; i < n; i++) {
		pthread_attr_t attr;
		pthread_t thread;

		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, 256 * 1024);
		if (pthread_create(&thread, &attr, zoo_thread, (void *)i) != 0)
			return 1;
	}
	zoo_main();
	return 0;
}
