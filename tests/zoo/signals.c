/*
 * Stacks with a signal frame in them: what an unwinder meets in a process that hangs inside its
 * handler.
 *
 *   alt       parked in pause(), interrupted; the handler runs on a sigaltstack and parks: two
 *             stacks
 *   normal    the same on the thread's own stack
 *   null      a call through a NULL pointer; the handler parks: the interrupted pc is 0
 *   wild      a call to an address that is mapped, but not executable
 *   segv      a bad write in the middle of a function
 *   abort     abort(): the handler runs below raise() of the C library
 *
 * Each thread prints its own stack as trail.h says; the pseudo-frames of the kernel (the
 * trampoline, a pc that is no code) are not in it.
 */
#include "trail.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile int go_on = 1;
static int data_not_code[16] = { 1 };

ZOO_KEEP static void zoo_park(const char *wait)
{
	trail_enter(__func__);
	trail_declare(wait);
	while (go_on)
		zoo_sink = pause();
}

ZOO_KEEP static void zoo_handler(int sig)
{
	trail_enter(__func__);
	zoo_park("pause");
	zoo_sink = sig;
}

/* The thread tells that it is about to be interrupted, then sleeps; the signal comes once it does.
 */
ZOO_KEEP static void zoo_interrupted(void)
{
	trail_enter(__func__);
	while (go_on)
		zoo_sink = pause();
}

ZOO_KEEP static void zoo_null_call(void)
{
	void (*volatile function)(void) = NULL;

	trail_enter(__func__);
	function();
	zoo_sink++;
}

ZOO_KEEP static void zoo_wild_call(void)
{
	void (*volatile function)(void) = (void (*)(void))(void *)data_not_code;

	trail_enter(__func__);
	function();
	zoo_sink++;
}

ZOO_KEEP static void zoo_bad_write(void)
{
	int *volatile nowhere = (int *)8;

	trail_enter(__func__);
	*nowhere = 1;
	zoo_sink++;
}

ZOO_KEEP static void zoo_abort(void)
{
	trail_enter(__func__);
	if (go_on)
		abort();
	zoo_sink++;
}

ZOO_KEEP static void *zoo_on_altstack(void *arg)
{
	stack_t stack = { .ss_size = 64 * 1024 };

	trail_enter(__func__);
	stack.ss_sp = malloc(stack.ss_size);
	if (!stack.ss_sp || sigaltstack(&stack, NULL) < 0)
		_exit(1);
	zoo_interrupted();
	zoo_sink++;
	return arg;
}

ZOO_KEEP static void *zoo_on_stack(void *arg)
{
	trail_enter(__func__);
	((void (*)(void))arg)();
	zoo_sink++;
	return arg;
}

static void start(pthread_t *thread, void *(*entry)(void *), void (*body)(void))
{
	if (pthread_create(thread, NULL, entry, (void *)body) != 0)
		_exit(1);
}

int main(void)
{
	struct sigaction alt = { .sa_handler = zoo_handler, .sa_flags = SA_ONSTACK };
	struct sigaction plain = { .sa_handler = zoo_handler };
	pthread_t a, b, other;

	alarm(180);
	trail_expect(6);
	sigaction(SIGUSR1, &alt, NULL);
	sigaction(SIGUSR2, &plain, NULL);
	sigaction(SIGSEGV, &plain, NULL);
	sigaction(SIGABRT, &plain, NULL);
	start(&a, zoo_on_altstack, NULL);
	start(&b, zoo_on_stack, zoo_interrupted);
	/* Both are in pause() by then; where not, the interrupted function is the same one
	 * nevertheless. */
	usleep(200 * 1000);
	pthread_kill(a, SIGUSR1);
	pthread_kill(b, SIGUSR2);
	start(&other, zoo_on_stack, zoo_null_call);
	start(&other, zoo_on_stack, zoo_wild_call);
	start(&other, zoo_on_stack, zoo_bad_write);
	start(&other, zoo_on_stack, zoo_abort);
	for (;;)
		pause();
}
