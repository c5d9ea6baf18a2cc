/*
 * A thread that tells its own stack.
 *
 * Every function of the zoo announces itself on entry; before a thread parks it prints the list,
 * innermost first. That list is the truth to which an unwinder is held: it needs no unwinder, no
 * symbol table and no debugger, so it is right also where those are wrong.
 *
 * One line per thread: "THREAD tid wait function function …", written with a single write(2) so
 * that lines of several threads do not mix.
 */
#pragma once

#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The function keeps a frame of its own: never inlined, cloned, or called by a shorter convention.
 */
#if defined(__has_attribute) && __has_attribute(noipa)
#define ZOO_KEEP __attribute__((noinline, noclone, noipa))
#else
#define ZOO_KEEP __attribute__((noinline))
#endif

enum { TRAIL_MAX = 64 };

static __thread const char *trail_names[TRAIL_MAX];
static __thread unsigned trail_depth;

/* Written after every call, so that no call is a tail call. */
static volatile int zoo_sink;

static inline void trail_enter(const char *function)
{
	if (trail_depth < TRAIL_MAX)
		trail_names[trail_depth++] = function;
}

static inline void trail_declare(const char *wait)
{
	char line[4096];
	int n;

	n = snprintf(line, sizeof line, "THREAD %ld %s", (long)syscall(SYS_gettid), wait);
	for (unsigned i = trail_depth; i-- > 0;)
		n += snprintf(line + n, sizeof line - n, " %s", trail_names[i]);
	line[n++] = '\n';
	if (write(STDOUT_FILENO, line, n) != n)
		_exit(1);
}

/* How many THREAD lines are to come. */
static inline void trail_expect(int threads)
{
	char line[32];
	int n = snprintf(line, sizeof line, "EXPECT %d\n", threads);

	if (write(STDOUT_FILENO, line, n) != n)
		_exit(1);
}
