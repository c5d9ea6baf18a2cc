/* Runtimes whose own waits are not read: recognised by what there is, and nothing about them is
 * proved by their threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/util.h"
#include "tests/unit/snap_build.h"

/* The native stack of a thread, innermost function first. */
static void native(struct snap_build *x, node_t thread, const char *const *functions,
		   const char *module)
{
	sb_stack(x, thread, functions, "");
	struct span frames = SNAP_ROW(x->b.s, STACK, SNAP_N(x->b.s, STACK) - 1)->frames;
	str_t path = builder_str(&x->b, module);

	for (uint32_t i = 0; i < frames.n; i++) {
		struct snap_frame *f = SNAP_ROW(x->b.s, FRAME, frames.first + i);
		f->kind = FRAME_NATIVE;
		f->module = path;
	}
}

/* A thread that waits for connections only: as good a proof of being idle as there is. */
static node_t server(struct snap_build *x, node_t parent, const char *name)
{
	node_t p = sb_process(x, parent, name), listener = sb_listener(x);

	sb_fd(x, p, 3, listener, "rw");
	sb_call(x, sb_main(x, p), "accept", 3);
	return p;
}

static void says(const struct snap_build *x, const struct snap_verdict *v, const char *class,
		 enum certainty certainty, const char *unread)
{
	assert_string_equal(sb_class(v), class);
	assert_int_equal(v->certainty, certainty);
	assert_int_equal(strstr(sb_sentence(x, v), "are not read") != NULL, unread != NULL);
	if (unread)
		assert_non_null(strstr(sb_sentence(x, v), unread));
}

struct mark {
	const char *functions[4], *module, *exe, *unread; /* unread NULL: nothing is missing */
};

static const struct mark marks[] = {
	{ { "runtime.epollwait.abi0", "runtime.netpoll", "runtime.mcall" },
	  "/srv/app",
	  "/srv/app",
	  "goroutines of" },
	{ { "accept" },
	  "/usr/lib/jvm/lib/server/libjvm.so",
	  "/srv/launcher",
	  "Java monitors and locks of" },
	{ { "accept" }, "/lib/libc.so.6", "/usr/lib/jvm/bin/java", "Java monitors and locks of" },
	{ { "epoll_wait", "tokio::runtime::io::driver::Driver::turn" },
	  "/srv/app",
	  "/srv/app",
	  "tokio tasks of" },
	{ { "accept" },
	  "/usr/share/dotnet/libcoreclr.so",
	  "/usr/bin/dotnet",
	  ".NET monitors and tasks of" },
	{ { "accept", "erts_schedule" },
	  "/usr/lib/erlang/erts/bin/beam.smp",
	  "/usr/bin/erl",
	  "Erlang processes of" },
	{ { "accept", "schedule", "hs_main" }, "/srv/app", "/srv/app", "Haskell threads of" },
	{ { "accept", "main" }, "/srv/app", "/srv/javaish", NULL },
	{ { "accept", "my::runtime.mcall", "runtime_loop" }, "/srv/app", "/srv/app", NULL },
};

static void recognised_by(void **state)
{
	const struct mark *m = *state;
	struct snap_build x;

	snap_build_init(&x);
	node_t p = server(&x, NODE_NONE, "app");
	str_t exe = builder_str(&x.b, m->exe);
	SNAP_ROW(x.b.s, PROCESS, 0)->exe = exe;
	native(&x, sb_main(&x, p), m->functions, m->module);
	says(&x, sb_analyse(&x), "IDLE", m->unread ? CERTAINTY_INFERRED : CERTAINTY_PROVED,
	     m->unread);
	snap_build_done(&x);
}

/* Without symbols what is left of Go is that it catches everything. */
static void go_by_its_signals(void **state)
{
	struct snap_build x;

	(void)state;
	snap_build_init(&x);
	sb_fact(&x, server(&x, NODE_NONE, "app"), "sig_caught", -10741481731, "");
	says(&x, sb_analyse(&x), "IDLE", CERTAINTY_INFERRED, "goroutines of");
	snap_build_done(&x);
}

/* A library in Go or Rust does not hide what the interpreter waits for. */
static void python_with_a_library(void **state)
{
	static const char *const frames[] = { "runtime.futex.abi0", "runtime.sysmon",
					      "runtime.mstart1", NULL };
	struct snap_build x;

	(void)state;
	snap_build_init(&x);
	node_t p = server(&x, NODE_NONE, "python3"), helper = sb_thread(&x, p, "helper");
	sb_python(&x, p);
	sb_futex(&x, helper, "futex", 0);
	native(&x, helper, frames, "/srv/lib.so");
	says(&x, sb_analyse(&x), "IDLE", CERTAINTY_PROVED, NULL);
	snap_build_done(&x);
}

/* Whoever waits for such a program has no more than it. */
static void its_parent(void **state)
{
	static const char *const frames[] = { "runtime.netpoll", "runtime.mcall", NULL };
	struct snap_build x;

	(void)state;
	snap_build_init(&x);
	node_t sh = sb_process(&x, NODE_NONE, "sh"), go = server(&x, sh, "app");
	sb_call(&x, sb_main(&x, sh), "wait4", -1);
	native(&x, sb_main(&x, go), frames, "/srv/app");
	says(&x, sb_analyse(&x), "IDLE", CERTAINTY_INFERRED, "goroutines of app");
	snap_build_done(&x);
}

static const struct snap_verdict *timed_thread(struct snap_build *x, const char *const *frames,
					       const char *module)
{
	node_t p = sb_process(x, NODE_NONE, "app"), other = sb_thread(x, p, "other");

	sb_futex(x, sb_main(x, p), "cond", 0);
	SNAP_ROW(x->b.s, THREAD, 0)->call.args[3] = 0x1000;
	sb_fact(x, sb_main(x, p), "timeout_left", NSEC_PER_SEC, "");
	native(x, sb_main(x, p), frames, module);
	sb_futex(x, other, "cond", 0);
	return sb_analyse(x);
}

/* A monitor is waited for with a timeout of the machine's own; Thread.sleep() has the program's. */
static void whose_time_it_is(void **state)
{
	static const char *const monitor[] = { "pthread_cond_timedwait", "ObjectMonitor::EnterI",
					       NULL };
	static const char *const asleep[] = { "pthread_cond_timedwait", "JavaThread::sleep",
					      "JVM_Sleep", NULL };
	static const char *const poll[] = { "runtime.futexsleep", "runtime.netpoll", NULL };
	static const char *const main_only[] = { "pthread_cond_timedwait", "main", NULL };
	static const char jvm[] = "/usr/lib/jvm/lib/server/libjvm.so";
	static const struct {
		const char *const *frames;
		const char *module, *class, *unread;
	} cases[] = {
		{ monitor, jvm, "UNKNOWN", "Java monitors" },
		{ asleep, jvm, "TIMER", "Java monitors" },
		{ poll, "/srv/app", "UNKNOWN", "goroutines" },
		{ main_only, "/srv/app", "TIMER", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snap_build x;
		snap_build_init(&x);
		const struct snap_verdict *v = timed_thread(&x, cases[i].frames, cases[i].module);
		says(&x, v, cases[i].class, CERTAINTY_INFERRED, cases[i].unread);
		snap_build_done(&x);
	}
}

/* What its threads do, rather than wait for, is as true as of any program. */
static void stopped_is_stopped(void **state)
{
	static const char *const frames[] = { "runtime.netpoll", "runtime.mcall", NULL };
	struct snap_build x;

	(void)state;
	snap_build_init(&x);
	node_t p = server(&x, NODE_NONE, "app");
	native(&x, sb_main(&x, p), frames, "/srv/app");
	sb_state(&x, sb_main(&x, p), "T");
	says(&x, sb_analyse(&x), "STOPPED", CERTAINTY_PROVED, NULL);
	snap_build_done(&x);
}

/* A hub's sleep is no greenlet's wait, also where the greenlets themselves could not be found. */
static void greenlets_that_were_not_found(void **state)
{
	struct snap_build x;

	(void)state;
	for (int unread = 0; unread <= 1; unread++) {
		snap_build_init(&x);
		node_t p = sb_process(&x, NODE_NONE, "hub");
		sb_python(&x, p);
		sb_call(&x, sb_main(&x, p), "nanosleep", 0x1000);
		sb_fact(&x, sb_main(&x, p), "timeout_left", NSEC_PER_SEC, "");
		if (unread)
			sb_fact(&x, p, "greenlets_unread", 1, "");
		says(&x, sb_analyse(&x), unread ? "UNKNOWN" : "TIMER",
		     unread ? CERTAINTY_INFERRED : CERTAINTY_PROVED,
		     unread ? "waits of the greenlets" : NULL);
		snap_build_done(&x);
	}
}

int main(void)
{
	enum { MARKS = sizeof(marks) / sizeof(marks[0]) };
	struct CMUnitTest tests[MARKS + 6] = {
		cmocka_unit_test(go_by_its_signals),
		cmocka_unit_test(python_with_a_library),
		cmocka_unit_test(its_parent),
		cmocka_unit_test(whose_time_it_is),
		cmocka_unit_test(stopped_is_stopped),
		cmocka_unit_test(greenlets_that_were_not_found),
	};

	for (size_t i = 0; i < MARKS; i++)
		tests[6 + i] = (struct CMUnitTest){ .name = marks[i].exe,
						    .test_func = recognised_by,
						    .initial_state = (void *)&marks[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
