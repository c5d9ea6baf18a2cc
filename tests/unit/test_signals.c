/* Which process may get a signal: decided from masks and meanings alone, here on processes of the
 * test's own. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "acquire/signal_meanings.h"
#include "acquire/signals.h"
#include "core/util.h"
#include "tests/unit/valgrind.h"

struct target {
	pid_t pid;
	int dumps; /* becomes readable when its handler ran */
};

static int dump_to;

static void handler(int sig)
{
	ssize_t r = write(dump_to, "d", 1);
	(void)r;
	(void)sig;
}

static struct target start(bool handles)
{
	struct target t;
	int p[2], ready[2];
	char c;

	assert_int_equal(pipe(p) | pipe(ready), 0);
	t.pid = fork();
	if (t.pid == 0) {
		dump_to = p[1];
		if (handles)
			(void)signal(SIGUSR1, handler);
		(void)alarm(60);
		(void)!write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]), close(ready[1]), close(p[1]);
	t.dumps = p[0];
	return t;
}

static void add(struct raw_capture *c, pid_t pid, size_t parent)
{
	struct raw_process *p = array_push(&c->processes);
	struct snap_process *row = BUILD(c->b, PROCESS);
	char path[64];

	row->pid = pid;
	row->name = builder_str(c->b, "target");
	p->node = builder_last(c->b, TABLE_PROCESS);
	p->pid = pid;
	p->parent = parent;
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	assert_int_equal(raw_stat_read(-100, path, &p->stat), 0);
	p->start_ticks = p->stat.start_ticks;
	struct raw_thread *t = array_push(&p->threads);
	t->tid = pid;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	assert_int_equal(raw_status_read(-100, path, &t->status), 0);
}

static const char *why(const struct builder *b, uint32_t i)
{
	return snap_str(b->s, SNAP_ROW(b->s, SIGNAL, i)->why);
}

static void only_who_catches_it(void **state)
{
	NOT_UNDER_VALGRIND("it knows no pidfds");
	struct builder b;
	struct raw_capture c = { .b = &b };
	struct target with = start(true), without = start(false);
	char byte;

	(void)state;
	assert_int_equal(builder_init(&b), 0);
	add(&c, with.pid, SIZE_MAX);
	add(&c, without.pid, 0);
	assert_int_equal(signals_broadcast(&c, "none"), 0);
	assert_int_equal(SNAP_N(b.s, SIGNAL), 0);

	assert_int_equal(signals_broadcast(&c, "auto"), 0);
	assert_int_equal(SNAP_N(b.s, SIGNAL), 2);
	assert_string_equal(why(&b, 0), "its handler is not known to be a dump handler");
	assert_int_equal(SNAP_ROW(b.s, SIGNAL, 0)->sent, 0);

	assert_int_equal(signals_broadcast(&c, "sigusr1"), 0);
	assert_int_equal(SNAP_ROW(b.s, SIGNAL, 2)->sent, 1);
	assert_int_equal(SNAP_ROW(b.s, SIGNAL, 2)->alive_after, TRI_YES);
	assert_int_equal(SNAP_ROW(b.s, SIGNAL, 3)->sent, 0);
	assert_string_equal(why(&b, 3), "it has no handler: the signal would end it");
	assert_int_equal(SNAP_ROW(b.s, SIGNAL, 3)->alive_after, TRI_YES);
	assert_int_equal(read(with.dumps, &byte, 1), 1);

	builder_fact(&b, c.processes.v[0].node, NULL, "dump_handler", SIGUSR1, "faulthandler");
	assert_int_equal(signals_broadcast(&c, "auto"), 0);
	assert_int_equal(SNAP_ROW(b.s, SIGNAL, 4)->sent, 1);
	assert_int_equal(read(with.dumps, &byte, 1), 1);

	for (size_t i = 0; i < 2; i++) {
		(void)kill(c.processes.v[i].pid, SIGKILL);
		(void)waitpid(c.processes.v[i].pid, NULL, 0);
		close(c.processes.v[i].pidfd);
		array_done(&c.processes.v[i].threads);
	}
	array_done(&c.processes);
	close(with.dumps), close(without.dumps);
	builder_done(&b);
}

static void names_and_numbers(void **state)
{
	(void)state;
	assert_int_equal(signals_parse("USR1"), SIGUSR1);
	assert_int_equal(signals_parse("sigquit"), SIGQUIT);
	assert_int_equal(signals_parse("10"), SIGUSR1);
	assert_true(signals_parse("NOPE") < 0);
	assert_true(signals_parse("0") < 0);
	assert_true(signals_parse("65") < 0);
	assert_non_null(signal_meaning(SIGUSR1, "node"));
	assert_null(signal_meaning(SIGUSR1, "python3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_who_catches_it),
		cmocka_unit_test(names_and_numbers),
	};

	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
