/*
 * Programs that are well and idle, as small snapshots: of none of them may a fault be claimed.
 *
 * Written before the rules. Nearly all of them contain a cycle: worker pools, servers and their
 * workers, shells and what they run wait for one another all day. Each states what it deserves to
 * be called; the property that matters is that it is never called a deadlock, a lost peer, a full
 * pipe, a busy loop or a livelock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <cmocka.h>

#include "core/util.h"
#include "tests/unit/cases.h"
#include "tests/unit/snap_build.h"

enum { SIGNAL_HUP = 1, SIGNAL_TERM = 15, SIGNAL_CHLD = 17 };

struct healthy {
	const char *name;
	void (*build)(struct snap_build *x);
	const char *deserves; /* classes, separated by blanks */
};

static const char *const work_frames[] = { "wait", "_worker", "run", NULL };

static node_t epoll_with(struct snap_build *x, node_t process, int64_t fd)
{
	node_t e = sb_resource(x, RESOURCE_EPOLL, "epoll");

	sb_fd(x, process, fd, e, "rw");
	return e;
}

/* A server whose loop watches a listener, with `n` workers on socket pairs that wait for jobs. */
static void prefork(struct snap_build *x)
{
	node_t server = sb_process(x, NODE_NONE, "server"), ours[4], theirs[4];
	node_t epoll = epoll_with(x, server, 3), listener = sb_listener(x);

	sb_fd(x, server, 4, listener, "rw");
	sb_watch(x, epoll, server, 4, listener, EPOLLIN);
	for (int i = 0; i < 4; i++) {
		sb_pair(x, RESOURCE_UNIX, &ours[i], &theirs[i]);
		sb_fd(x, server, 5 + i, ours[i], "rw");
		sb_watch(x, epoll, server, 5 + i, ours[i], EPOLLIN);
	}
	for (int i = 0; i < 4; i++) {
		node_t worker = sb_process(x, server, "worker");
		sb_fd(x, worker, 5, theirs[i], "rw");
		sb_call(x, sb_main(x, worker), "read", 5);
	}
	sb_call(x, sb_main(x, server), "epoll_wait", 3, 0, 64, -1);
}

static void condvar_pool(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "pool"), listener = sb_listener(x);

	sb_fd(x, p, 3, listener, "rw");
	sb_call(x, sb_main(x, p), "accept4", 3);
	for (int i = 0; i < 4; i++)
		sb_futex(x, sb_thread(x, p, "worker"), "cond", 0);
}

/* The main thread waits for its workers to end; one of them accepts. */
static void joins_its_acceptor(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "pool"), listener = sb_listener(x);
	node_t acceptor = sb_thread(x, p, "acceptor");

	sb_fd(x, p, 3, listener, "rw");
	sb_call(x, acceptor, "accept4", 3);
	sb_futex(x, sb_thread(x, p, "worker"), "cond", 0);
	sb_futex(x, sb_main(x, p), "join", sb_tid(x, acceptor));
}

static void waits_for_an_event_beside_a_server(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "python3"), listener = sb_listener(x);

	sb_python(x, p);
	sb_fd(x, p, 3, listener, "rw");
	sb_call(x, sb_thread(x, p, "server"), "accept4", 3);
	sb_futex(x, sb_main(x, p), "sem", 0);
}

static void waits_until_a_handler_posts(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "daemon");

	sb_catches(x, p, SIGNAL_TERM);
	sb_futex(x, sb_main(x, p), "sem", 0);
	sb_futex(x, sb_thread(x, p, "worker"), "cond", 0);
}

static void master_of_signals(struct snap_build *x)
{
	node_t master = sb_process(x, NODE_NONE, "nginx"), listener = sb_listener(x);

	sb_fact(x, master, "sig_caught", 1 << (SIGNAL_CHLD - 1) | 1 << (SIGNAL_TERM - 1), "");
	sb_fd(x, master, 6, listener, "rw");
	for (int i = 0; i < 2; i++) {
		node_t worker = sb_process(x, master, "nginx");
		sb_fd(x, worker, 6, listener, "rwi");
		node_t epoll = epoll_with(x, worker, 8);
		sb_watch(x, epoll, worker, 6, listener, EPOLLIN);
		sb_call(x, sb_main(x, worker), "epoll_wait", 8, 0, 512, -1);
	}
	sb_call(x, sb_main(x, master), "rt_sigsuspend");
}

static void pauses(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "pause");

	sb_catches(x, p, SIGNAL_TERM);
	sb_call(x, sb_main(x, p), "pause");
}

/* A master that sleeps a second at a time on its self-pipe; workers on a shared listener. */
static void arbiter(struct snap_build *x)
{
	node_t master = sb_process(x, NODE_NONE, "gunicorn"), pipe = sb_pipe(x),
	       listener = sb_listener(x);

	sb_fact(x, master, "sig_caught", 1 << (SIGNAL_CHLD - 1) | 1 << (SIGNAL_HUP - 1), "");
	sb_fd(x, master, 3, pipe, "r");
	sb_fd(x, master, 4, pipe, "w");
	sb_fd(x, master, 5, listener, "rw");
	sb_call(x, sb_main(x, master), "select", 4, 0x1000, 0, 0, 0x2000);
	sb_watch(x, sb_main(x, master), master, 3, pipe, EPOLLIN);
	sb_fact(x, sb_main(x, master), "timeout_left", NSEC_PER_SEC / 2, "");
	for (int i = 0; i < 2; i++) {
		node_t worker = sb_process(x, master, "gunicorn");
		sb_fd(x, worker, 5, listener, "rwi");
		sb_call(x, sb_main(x, worker), "accept4", 5);
	}
}

/* The same without any handler: nobody writes the pipe but itself, and it is how the loop sleeps.
 */
static void ticks_on_its_self_pipe(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "ticker"), pipe = sb_pipe(x);

	sb_fd(x, p, 3, pipe, "r");
	sb_fd(x, p, 4, pipe, "w");
	sb_call(x, sb_main(x, p), "poll", 0x1000, 1, 1000);
	sb_watch(x, sb_main(x, p), p, 3, pipe, EPOLLIN);
	sb_fact(x, sb_main(x, p), "timeout_left", NSEC_PER_SEC / 2, "");
}

static void sleeps_in_a_timed_wait(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "ticker");

	sb_call(x, sb_main(x, p), "futex", 0x1000, 128 | 9, 0, 0x2000);
	sb_fact(x, sb_main(x, p), "timeout_left", NSEC_PER_SEC, "");
}

/* A parent that looks after its workers once a second, without any work to give them at present. */
static void supervisor_without_listener(struct snap_build *x)
{
	node_t parent = sb_process(x, NODE_NONE, "supervisor"), jobs[3], results[3];

	for (int i = 0; i < 3; i++) {
		jobs[i] = sb_pipe(x);
		results[i] = sb_pipe(x);
		sb_fd(x, parent, 3 + 2 * i, jobs[i], "w");
		sb_fd(x, parent, 4 + 2 * i, results[i], "r");
	}
	sb_call(x, sb_main(x, parent), "poll", 0x1000, 3, 1000);
	sb_fact(x, sb_main(x, parent), "timeout_left", NSEC_PER_SEC, "");
	for (int i = 0; i < 3; i++) {
		node_t worker = sb_process(x, parent, "worker");
		sb_watch(x, sb_main(x, parent), parent, 4 + 2 * i, results[i], EPOLLIN);
		sb_fd(x, worker, 0, jobs[i], "r");
		sb_fd(x, worker, 1, results[i], "w");
		sb_call(x, sb_main(x, worker), "read", 0);
	}
}

/* multiprocessing.Pool: workers share one pipe of tasks, each inherits its writing end; the main
 * thread serves. */
static void mp_pool(struct snap_build *x)
{
	node_t parent = sb_process(x, NODE_NONE, "python3"), tasks = sb_pipe(x),
	       results = sb_pipe(x);
	node_t listener = sb_listener(x);
	static const char *const handler[] = { "wait", "_handle_workers", "run", NULL };

	sb_python(x, parent);
	sb_fd(x, parent, 3, listener, "rw");
	sb_fd(x, parent, 4, tasks, "r");
	sb_fd(x, parent, 5, tasks, "w");
	sb_fd(x, parent, 6, results, "r");
	sb_fd(x, parent, 7, results, "w");
	sb_call(x, sb_main(x, parent), "accept4", 3);
	node_t t = sb_thread(x, parent, "handler");
	sb_futex(x, t, "sem", 0);
	sb_stack(x, t, handler, "multiprocessing/pool.py");
	sb_call(x, sb_thread(x, parent, "results"), "read", 6);
	for (int i = 0; i < 3; i++) {
		node_t worker = sb_process(x, parent, "python3");
		sb_fd(x, worker, 4, tasks, "ri");
		sb_fd(x, worker, 5, tasks, "wi");
		sb_fd(x, worker, 6, results, "ri");
		sb_fd(x, worker, 7, results, "wi");
		sb_python(x, worker);
		if (i)
			sb_futex(x, sb_main(x, worker), "sem", 0);
		else
			sb_call(x, sb_main(x, worker), "read", 4);
	}
	/* The workers' lock is shared memory: whoever maps it may wake them. */
	for (uint32_t i = 0; i < SNAP_N(x->b.s, PROCESS); i++)
		sb_fact(x, sb_main(x, NODE(TABLE_PROCESS, i)), "futex_shared", i > 0, "");
}

static void shell_at_its_prompt(struct snap_build *x)
{
	node_t sh = sb_process(x, NODE_NONE, "bash"), tty = sb_terminal(x);

	sb_fd(x, sh, 0, tty, "rw");
	sb_call(x, sb_main(x, sh), "read", 0);
}

static void pipeline(struct snap_build *x)
{
	node_t sh = sb_process(x, NODE_NONE, "sh"), tty = sb_terminal(x), pipe = sb_pipe(x);
	node_t first = sb_process(x, sh, "cat"), second = sb_process(x, sh, "cat");

	sb_fd(x, first, 0, tty, "rw");
	sb_fd(x, first, 1, pipe, "w");
	sb_fd(x, second, 0, pipe, "r");
	sb_call(x, sb_main(x, first), "read", 0);
	sb_call(x, sb_main(x, second), "read", 0);
	sb_call(x, sb_main(x, sh), "wait4", -1);
}

static void supervisor_of_servers(struct snap_build *x)
{
	node_t parent = sb_process(x, NODE_NONE, "init"), listener = sb_listener(x);

	for (int i = 0; i < 3; i++) {
		node_t child = sb_process(x, parent, "server");
		sb_fd(x, child, 3, listener, "rw");
		sb_call(x, sb_main(x, child), "accept", 3);
	}
	sb_call(x, sb_main(x, parent), "wait4", -1);
}

/* The job server's pipe is held by all; the compilers compute. */
static void make_j(struct snap_build *x)
{
	node_t make = sb_process(x, NODE_NONE, "make"), jobs = sb_pipe(x);

	sb_fd(x, make, 3, jobs, "r");
	sb_fd(x, make, 4, jobs, "w");
	for (int i = 0; i < 3; i++) {
		node_t child = sb_process(x, make, "cc1");
		sb_fd(x, child, 3, jobs, "ri");
		sb_fd(x, child, 4, jobs, "wi");
		sb_state(x, sb_main(x, child), "R");
		sb_samples(x, sb_main(x, child), 190 * NSEC_PER_MSEC, 2, 4096, false);
	}
	sb_call(x, sb_main(x, make), "wait4", -1);
}

static void submake_waits_for_a_token(struct snap_build *x)
{
	node_t make = sb_process(x, NODE_NONE, "make"), jobs = sb_pipe(x);
	node_t sub = sb_process(x, make, "make"), cc = sb_process(x, make, "cc1");
	node_t all[] = { make, sub, cc };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		sb_fd(x, all[i], 3, jobs, "r");
		sb_fd(x, all[i], 4, jobs, "w");
	}
	sb_call(x, sb_main(x, make), "wait4", -1);
	sb_call(x, sb_main(x, sub), "read", 3);
	sb_state(x, sb_main(x, cc), "R");
	sb_samples(x, sb_main(x, cc), 190 * NSEC_PER_MSEC, 2, 0, false);
}

static void capture_reads_its_child(struct snap_build *x)
{
	node_t parent = sb_process(x, NODE_NONE, "capture"), pipe = sb_pipe(x);
	node_t child = sb_process(x, parent, "sleep");

	sb_fd(x, parent, 3, pipe, "r");
	sb_fd(x, child, 1, pipe, "w");
	sb_call(x, sb_main(x, parent), "read", 3);
	sb_call(x, sb_main(x, child), "clock_nanosleep", 0, 0, 0x1000);
	sb_fact(x, sb_main(x, child), "timeout_left", 60 * NSEC_PER_SEC, "");
}

static void reads_from_outside(struct snap_build *x)
{
	node_t root = sb_process(x, NODE_NONE, "cat"), pipe = sb_pipe(x);
	node_t other = sb_process(x, NODE_UNKNOWN, "starter"), tty = sb_terminal(x);

	sb_fd(x, root, 0, pipe, "r");
	sb_fd(x, other, 0, tty, "rw");
	sb_fd(x, other, 5, pipe, "w");
	sb_call(x, sb_main(x, root), "read", 0);
	sb_call(x, sb_main(x, other), "read", 0);
}

/* As above, but whoever is at the other end could not be read. */
static void holders_not_all_seen(struct snap_build *x)
{
	node_t parent = sb_process(x, NODE_NONE, "parent"), jobs = sb_pipe(x), results = sb_pipe(x);
	node_t child = sb_process(x, parent, "child"), listener = sb_listener(x);

	SNAP_ROW(x->b.s, RESOURCE, node_index(jobs))->holders_complete = TRI_NO;
	SNAP_ROW(x->b.s, RESOURCE, node_index(results))->holders_complete = TRI_NO;
	sb_fd(x, parent, 3, jobs, "w");
	sb_fd(x, parent, 4, results, "r");
	sb_fd(x, parent, 5, listener, "rw");
	sb_fd(x, child, 3, jobs, "r");
	sb_fd(x, child, 4, results, "w");
	node_t epoll = epoll_with(x, parent, 6);
	sb_watch(x, epoll, parent, 4, results, EPOLLIN);
	sb_watch(x, epoll, parent, 5, listener, EPOLLIN);
	sb_call(x, sb_main(x, parent), "epoll_wait", 6, 0, 8, -1);
	sb_call(x, sb_main(x, child), "read", 3);
}

static node_t loop(struct snap_build *x, node_t process)
{
	node_t epoll = epoll_with(x, process, 3);

	sb_python(x, process);
	sb_call(x, sb_main(x, process), "epoll_wait", 3, 0, 64, -1);
	return epoll;
}

/* The main task waits for ever for a future; connections arrive as callbacks. */
static void asyncio_server(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "python3"), epoll = loop(x, p),
	       listener = sb_listener(x);

	sb_fd(x, p, 6, listener, "rw");
	sb_watch(x, epoll, p, 6, listener, EPOLLIN);
	sb_task_row(x, sb_task(x, p, "asyncio", "main", NODE_NONE))->wait = TASK_WAIT_FUTURE;
}

static void asyncio_until_sigterm(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "python3");

	(void)loop(x, p);
	SNAP_ROW(x->b.s, FACT, SNAP_N(x->b.s, FACT) - 2)->value |= 1 << (SIGNAL_TERM - 1);
	(void)sb_task(x, p, "asyncio", "main", NODE_NONE);
}

static void asyncio_ticker(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "python3");

	(void)loop(x, p);
	SNAP_ROW(x->b.s, THREAD, node_index(sb_main(x, p)))->call.args[3] = 1000;
	node_t main_task = sb_task(x, p, "asyncio", "main", NODE_NONE);
	node_t ticker = sb_task(x, p, "asyncio", "ticker", NODE_NONE);
	(void)main_task;
	sb_task_row(x, ticker)->wait = TASK_WAIT_TIMER;
	sb_task_row(x, ticker)->deadline_ns = NSEC_PER_SEC;
}

/* A nursery whose main task waits for the listener's task and for workers that wait for jobs. */
static node_t trio_server_in(struct snap_build *x, node_t p)
{
	node_t epoll = loop(x, p), listener = sb_listener(x);
	node_t main_task = sb_task(x, p, "trio", "main", NODE_NONE);
	node_t accepts = sb_task(x, p, "trio", "accept", main_task);
	node_t worker = sb_task(x, p, "trio", "worker", main_task);

	sb_fd(x, p, 7, listener, "rw");
	sb_watch(x, epoll, p, 7, listener, EPOLLIN);
	SNAP_ROW(x->b.s, WATCH, SNAP_N(x->b.s, WATCH) - 1)->task = accepts;
	sb_task_row(x, main_task)->wait = TASK_WAIT_NURSERY;
	sb_task_row(x, accepts)->wait = TASK_WAIT_FD;
	sb_task_row(x, accepts)->fd = 7;
	sb_task_row(x, worker)->wait = TASK_WAIT_CHANNEL_RECEIVE;
	return main_task;
}

static void trio_server(struct snap_build *x)
{
	(void)trio_server_in(x, sb_process(x, NODE_NONE, "python3"));
}

/* A parent on pidfds of children that await a stop event behind an armed listener: a teardown, but
 * for the wish. */
static void trio_tree_at_rest(struct snap_build *x)
{
	node_t parent = sb_process(x, NODE_NONE, "python3"), epoll = loop(x, parent);
	node_t main_task = sb_task(x, parent, "trio", "main", NODE_NONE), pidfds[3], children[3];

	sb_task_row(x, main_task)->wait = TASK_WAIT_NURSERY;
	for (int i = 0; i < 3; i++) {
		children[i] = sb_process(x, parent, "python3");
		(void)trio_server_in(x, children[i]);
		pidfds[i] = sb_pidfd(x, children[i]);
	}
	for (int i = 0; i < 3; i++) {
		node_t t = sb_task(x, parent, "trio", "wait", main_task);
		sb_fd(x, parent, 20 + i, pidfds[i], "rw");
		sb_watch(x, epoll, parent, 20 + i, pidfds[i], EPOLLIN);
		SNAP_ROW(x->b.s, WATCH, SNAP_N(x->b.s, WATCH) - 1)->task = t;
		sb_task_row(x, t)->wait = TASK_WAIT_FD;
		sb_task_row(x, t)->fd = 20 + i;
	}
}

static void thread_loop_with_eventfd(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "server"),
	       event = sb_resource(x, RESOURCE_EVENTFD, "eventfd");
	node_t epoll = epoll_with(x, p, 3), listener = sb_listener(x);

	sb_fd(x, p, 4, event, "rw");
	sb_fd(x, p, 5, listener, "rw");
	sb_watch(x, epoll, p, 4, event, EPOLLIN);
	sb_watch(x, epoll, p, 5, listener, EPOLLIN);
	sb_call(x, sb_main(x, p), "epoll_wait", 3, 0, 64, -1);
	sb_futex(x, sb_thread(x, p, "worker"), "cond", 0);
}

static void executor_workers(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "python3"), tty = sb_terminal(x);

	sb_python(x, p);
	sb_fd(x, p, 0, tty, "rw");
	sb_call(x, sb_main(x, p), "read", 0);
	for (int i = 0; i < 3; i++) {
		node_t t = sb_thread(x, p, "pool");
		sb_futex(x, t, "sem", 0);
		sb_stack(x, t, work_frames, "concurrent/futures/thread.py");
	}
}

static void follows_a_file(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "tail"),
	       watch = sb_resource(x, RESOURCE_INOTIFY, "inotify");

	sb_fd(x, p, 4, watch, "r");
	sb_call(x, sb_main(x, p), "read", 4);
}

static void nightly(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "cron");

	sb_call(x, sb_main(x, p), "clock_nanosleep", 0, 0, 0x1000);
	sb_fact(x, sb_main(x, p), "timeout_left", 7200 * NSEC_PER_SEC, "");
}

static void sleeps_for_ever(struct snap_build *x)
{
	node_t p = sb_process(x, NODE_NONE, "sleep");

	sb_call(x, sb_main(x, p), "clock_nanosleep", 0, 0, 0x1000);
	sb_fact(x, sb_main(x, p), "timeout_left", INT64_MAX, "");
}

/* A Java machine's threads; the main thread waits for the one that serves. */
static void jvm(struct snap_build *x)
{
	static const char *const helpers[] = { "GC Thread#0", "VM Thread", "C2 CompilerThre",
					       "Finalizer" };
	node_t p = sb_process(x, NODE_NONE, "java"), listener = sb_listener(x);

	SNAP_ROW(x->b.s, PROCESS, 0)->exe = builder_str(&x->b, "/usr/lib/jvm/bin/java");
	sb_catches(x, p, SIGNAL_TERM);
	sb_fd(x, p, 8, listener, "rw");
	node_t main_thread = sb_thread(x, p, "java"), acceptor = sb_thread(x, p, "Acceptor");
	sb_futex(x, sb_main(x, p), "join", sb_tid(x, main_thread));
	sb_futex(x, main_thread, "cond", 0);
	sb_call(x, acceptor, "accept", 8);
	for (size_t i = 0; i < ARRAY_SIZE(helpers); i++)
		sb_futex(x, sb_thread(x, p, helpers[i]), "cond", 0);
}

/* A terminal emulator: it reads the master of a terminal whose other end a shell holds. */
static void multiplexer(struct snap_build *x)
{
	node_t server = sb_process(x, NODE_NONE, "tmux"),
	       master = sb_resource(x, RESOURCE_TTY, "pty master of /dev/pts/1");
	node_t slave = sb_terminal(x), listener = sb_listener(x), epoll = epoll_with(x, server, 3);
	node_t sh = sb_process(x, server, "bash");

	SNAP_ROW(x->b.s, RESOURCE, node_index(master))->peer = slave;
	SNAP_ROW(x->b.s, RESOURCE, node_index(slave))->peer = master;
	sb_fd(x, server, 4, listener, "rw");
	sb_fd(x, server, 5, master, "rw");
	sb_watch(x, epoll, server, 4, listener, EPOLLIN);
	sb_watch(x, epoll, server, 5, master, EPOLLIN);
	sb_fd(x, sh, 0, slave, "rw");
	sb_call(x, sb_main(x, server), "epoll_wait", 3, 0, 32, -1);
	sb_call(x, sb_main(x, sh), "read", 0);
}

static const struct healthy corpus[] = {
	{ "prefork", prefork, "IDLE" },
	{ "condvar_pool", condvar_pool, "IDLE" },
	{ "joins_its_acceptor", joins_its_acceptor, "IDLE" },
	{ "waits_for_an_event_beside_a_server", waits_for_an_event_beside_a_server, "IDLE" },
	{ "waits_until_a_handler_posts", waits_until_a_handler_posts, "IDLE UNKNOWN" },
	{ "master_of_signals", master_of_signals, "IDLE" },
	{ "pauses", pauses, "IDLE UNKNOWN" },
	{ "arbiter", arbiter, "TIMER IDLE" },
	{ "ticks_on_its_self_pipe", ticks_on_its_self_pipe, "TIMER" },
	{ "sleeps_in_a_timed_wait", sleeps_in_a_timed_wait, "TIMER" },
	{ "supervisor_without_listener", supervisor_without_listener, "TIMER" },
	{ "mp_pool", mp_pool, "IDLE" },
	{ "shell_at_its_prompt", shell_at_its_prompt, "IDLE" },
	{ "pipeline", pipeline, "IDLE" },
	{ "supervisor_of_servers", supervisor_of_servers, "IDLE" },
	{ "make_j", make_j, "SLOW" },
	{ "submake_waits_for_a_token", submake_waits_for_a_token, "SLOW" },
	{ "capture_reads_its_child", capture_reads_its_child, "TIMER" },
	{ "reads_from_outside", reads_from_outside, "OUTSIDE" },
	{ "holders_not_all_seen", holders_not_all_seen, "IDLE" },
	{ "asyncio_server", asyncio_server, "IDLE" },
	{ "asyncio_until_sigterm", asyncio_until_sigterm, "IDLE UNKNOWN" },
	{ "asyncio_ticker", asyncio_ticker, "TIMER" },
	{ "trio_server", trio_server, "IDLE" },
	{ "trio_tree_at_rest", trio_tree_at_rest, "IDLE" },
	{ "thread_loop_with_eventfd", thread_loop_with_eventfd, "IDLE" },
	{ "executor_workers", executor_workers, "IDLE" },
	{ "follows_a_file", follows_a_file, "IDLE" },
	{ "nightly", nightly, "TIMER" },
	{ "sleeps_for_ever", sleeps_for_ever, "IDLE UNKNOWN" },
	{ "jvm", jvm, "IDLE" },
	{ "multiplexer", multiplexer, "IDLE" },
};

static void is_well(void **state)
{
	const struct healthy *h = *state;
	struct snap_build x;

	snap_build_init(&x);
	h->build(&x);
	const struct snap_verdict *v = sb_analyse(&x);
	assert_int_not_equal(v->class, VERDICT_DEADLOCK);
	assert_int_not_equal(v->class, VERDICT_LOST_PEER);
	assert_int_not_equal(v->class, VERDICT_FULL_PIPE);
	assert_int_not_equal(v->class, VERDICT_BUSY_LOOP);
	assert_int_not_equal(v->class, VERDICT_LIVELOCK);
	if (!strstr(h->deserves, sb_class(v)))
		fail_msg("%s: said %s, deserves %s: %s", h->name, sb_class(v), h->deserves,
			 sb_sentence(&x, v));
	snap_build_done(&x);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(corpus)];

	case_tests(tests, corpus, ARRAY_SIZE(corpus), sizeof(*corpus), is_well);
	return cmocka_run_group_tests_name("healthy", tests, NULL, NULL);
}
