/*
 * What a call, or a task, waits for: at least one case for each source of waits, and what lies just
 * beside it.
 *
 * Each case is a root whose main thread, or main task, sleeps. It tells each of the waits of that
 * sleeper in one line: on what, in which words, and who could end it - a node of the case, nobody,
 * or not known. `!` marks new work, `~` a candidate, `&` one of several that are all needed, `@` a
 * deadline.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "core/strbuf.h"
#include "core/util.h"
#include "snapshot/schema.h"
#include "tests/unit/snap_build.h"

/* The first process is root 100, its child is 101; what else a case has is numbered from 102. */
struct program {
	struct snap_build x;
	node_t root, main_thread, child, task; /* task: of a Python root, if the case makes one */
};

struct wait_case {
	const char *name;
	void (*build)(struct program *p);
	const char *waits; /* one line each */
};

static struct snap_resource *row(struct program *p, node_t resource)
{
	return SNAP_ROW(p->x.b.s, RESOURCE, node_index(resource));
}

static void set_text(struct program *p, str_t *in_row(struct program *, node_t), node_t n,
		     const char *text)
{
	str_t s = builder_str(&p->x.b, text);

	*in_row(p, n) = s;
}

static str_t *state_of(struct program *p, node_t n)
{
	return &row(p, n)->state;
}

static str_t *text_of(struct program *p, node_t n)
{
	return &row(p, n)->text;
}

static str_t *local_of(struct program *p, node_t n)
{
	return &row(p, n)->local;
}

static str_t *wchan_of(struct program *p, node_t n)
{
	return &SNAP_ROW(p->x.b.s, THREAD, node_index(n))->wchan;
}

static str_t *waits_on_of(struct program *p, node_t n)
{
	return &sb_task_row(&p->x, n)->waits_on;
}

/* ---- descriptors ---- */

static void reads_a_pipe(struct program *p)
{
	node_t pipe = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 0, pipe, "r");
	sb_fd(&p->x, p->child, 1, pipe, "w");
	sb_call(&p->x, p->main_thread, "read", 0);
}

static void writes_to_a_pipe_without_a_reader_but_itself(struct program *p)
{
	node_t pipe = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 3, pipe, "r");
	sb_fd(&p->x, p->root, 4, pipe, "w");
	sb_call(&p->x, p->main_thread, "write", 4);
}

static void reads_a_socket_of_its_child(struct program *p)
{
	node_t a, b;

	sb_pair(&p->x, RESOURCE_UNIX, &a, &b);
	set_text(p, text_of, a, "unix stream");
	sb_fd(&p->x, p->root, 3, a, "rw");
	sb_fd(&p->x, p->child, 3, b, "rw");
	sb_call(&p->x, p->main_thread, "recvfrom", 3);
}

static void accepts(struct program *p)
{
	sb_fd(&p->x, p->root, 3, sb_listener(&p->x), "rw");
	sb_call(&p->x, p->main_thread, "accept4", 3);
}

static void reads_a_terminal(struct program *p)
{
	sb_fd(&p->x, p->root, 0, sb_terminal(&p->x), "rw");
	sb_call(&p->x, p->main_thread, "read", 0);
}

static void reads_a_timer(struct program *p, int64_t expires_ns)
{
	node_t timer = sb_resource(&p->x, RESOURCE_TIMERFD, "timerfd");

	row(p, timer)->expires_ns = expires_ns;
	sb_fd(&p->x, p->root, 3, timer, "r");
	sb_call(&p->x, p->main_thread, "read", 3);
}

static void reads_a_timer_that_is_set(struct program *p)
{
	reads_a_timer(p, NSEC_PER_SEC);
}

static void reads_a_timer_that_is_not_set(struct program *p)
{
	reads_a_timer(p, SNAP_NONE);
}

static void reads_what_could_not_be_seen(struct program *p)
{
	sb_call(&p->x, p->main_thread, "read", 3);
}

static void closes_a_socket_that_lingers(struct program *p)
{
	sb_call(&p->x, p->main_thread, "close", 3);
}

/* From a pipe to a pipe: what it sleeps on is told by what lies in the first. */
static void splices(struct program *p, int64_t fill)
{
	node_t in = sb_pipe(&p->x), out = sb_pipe(&p->x);

	row(p, in)->recv_q = fill;
	sb_fd(&p->x, p->root, 3, in, "r");
	sb_fd(&p->x, p->root, 4, out, "w");
	sb_fd(&p->x, p->child, 3, in, "w");
	sb_fd(&p->x, p->child, 4, out, "r");
	sb_call(&p->x, p->main_thread, "splice", 3, 0, 4);
}

static void splices_from_an_empty_pipe(struct program *p)
{
	splices(p, 0);
}

static void splices_to_a_full_pipe(struct program *p)
{
	splices(p, 1);
}

static void splices_where_the_fill_is_not_known(struct program *p)
{
	splices(p, SNAP_UNKNOWN);
}

/* ---- connections ---- */

static node_t listens(struct program *p, node_t process, enum resource_kind kind,
		      const char *address, int64_t net_ns)
{
	node_t l = sb_resource(&p->x, kind, address);

	set_text(p, state_of, l, "LISTEN");
	set_text(p, local_of, l, address);
	row(p, l)->net_ns = net_ns;
	sb_fd(&p->x, process, 7, l, "rw");
	return l;
}

static void connects(struct program *p, const char *address)
{
	node_t s = sb_resource(&p->x, RESOURCE_UNIX, "a socket");

	row(p, s)->net_ns = 1;
	sb_fd(&p->x, p->root, 3, s, "rw");
	sb_call(&p->x, p->main_thread, "connect", 3);
	sb_fact(&p->x, p->main_thread, "connect_to", SNAP_UNKNOWN, address);
}

static void connects_to_its_child(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_TCP, "127.0.0.1:80", 1);
	(void)listens(p, p->root, RESOURCE_TCP, "127.0.0.1:81", 1);
	connects(p, "127.0.0.1:80");
}

/* The same address is another one there. */
static void connects_to_what_listens_in_another_namespace(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_TCP, "127.0.0.1:80", 2);
	connects(p, "127.0.0.1:80");
}

static void connects_to_an_abstract_name_of_another_namespace(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_UNIX, "@name", 2);
	connects(p, "@name");
}

static void connects_to_a_path_from_another_namespace(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_UNIX, "/run/name", 2);
	connects(p, "/run/name");
}

/* Whose backlog the kernel chose is not known. */
static void connects_where_two_listen(struct program *p)
{
	(void)listens(p, p->child, RESOURCE_TCP, "127.0.0.1:80", 1);
	(void)listens(p, sb_process(&p->x, p->root, "other"), RESOURCE_TCP, "127.0.0.1:80", 1);
	connects(p, "127.0.0.1:80");
}

static void connects_where_three_listen(struct program *p)
{
	connects_where_two_listen(p);
	(void)listens(p, sb_process(&p->x, p->root, "third"), RESOURCE_TCP, "127.0.0.1:80", 1);
}

/* A socket of that address that does not listen is a connection that was accepted there. */
static void connects_beside_connections(struct program *p)
{
	set_text(p, state_of, listens(p, p->root, RESOURCE_TCP, "127.0.0.1:80", 1), "ESTABLISHED");
	(void)listens(p, p->child, RESOURCE_TCP, "127.0.0.1:80", 1);
	connects(p, "127.0.0.1:80");
}

/* ---- many descriptors ---- */

static void polls(struct program *p, const char *call, const int64_t args[6])
{
	node_t pipe = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 3, pipe, "r");
	sb_fd(&p->x, p->root, 4, sb_listener(&p->x), "rw");
	sb_fd(&p->x, p->child, 3, pipe, "w");
	sb_call_args(&p->x, p->main_thread, call, args);
	sb_watch(&p->x, p->main_thread, p->root, 3, pipe, EPOLLIN);
	sb_watch(&p->x, p->main_thread, p->root, 4, NODE(TABLE_RESOURCE, 1), EPOLLIN);
}

static void polls_with_a_timeout(struct program *p)
{
	polls(p, "poll", (const int64_t[6]){ 0x1000, 2, 5000 });
	sb_fact(&p->x, p->main_thread, "timeout_left", 5 * NSEC_PER_SEC, "");
}

static void selects(struct program *p)
{
	polls(p, "select", (const int64_t[6]){ 5, 0x1000 });
}

static void polls_what_could_not_be_read(struct program *p)
{
	sb_call(&p->x, p->main_thread, "ppoll", 0x1000, 2);
}

static void selects_nothing_for_a_while(struct program *p)
{
	sb_call(&p->x, p->main_thread, "select", 0, 0, 0, 0, 0x1000);
	sb_fact(&p->x, p->main_thread, "timeout_left", 2 * NSEC_PER_SEC, "");
}

static node_t epoll_waits(struct program *p)
{
	node_t set = sb_resource(&p->x, RESOURCE_EPOLL, "epoll");

	sb_fd(&p->x, p->root, 3, set, "rw");
	sb_call(&p->x, p->main_thread, "epoll_wait", 3, 0, 0, -1);
	return set;
}

/* Of two entries one was told of once, and nobody armed it again; the other is a set of its own. */
static void waits_for_an_epoll_set_in_a_set(struct program *p)
{
	node_t set = epoll_waits(p), inner = sb_resource(&p->x, RESOURCE_EPOLL, "epoll");
	node_t pipe = sb_pipe(&p->x), told_once = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 4, inner, "rw");
	sb_fd(&p->x, p->root, 5, pipe, "r");
	sb_fd(&p->x, p->root, 6, told_once, "r");
	sb_fd(&p->x, p->child, 5, pipe, "w");
	sb_fd(&p->x, p->child, 6, told_once, "w");
	sb_watch(&p->x, set, p->root, 6, told_once, 0);
	sb_watch(&p->x, set, p->root, 4, inner, EPOLLIN);
	sb_watch(&p->x, inner, p->root, 5, pipe, EPOLLIN);
}

static void waits_for_an_epoll_set_without_entries(struct program *p)
{
	(void)epoll_waits(p);
}

/* ---- futexes ---- */

static void wants_a_mutex(struct program *p)
{
	sb_futex(&p->x, p->main_thread, "mutex normal",
		 sb_tid(&p->x, sb_thread(&p->x, p->root, "owner")));
}

static void wants_a_mutex_whose_owner_has_gone(struct program *p)
{
	sb_futex(&p->x, p->main_thread, "mutex normal", 4711);
}

static void joins_a_thread(struct program *p)
{
	sb_futex(&p->x, p->main_thread, "join", sb_tid(&p->x, sb_thread(&p->x, p->root, "worker")));
}

static void waits_on_a_condition(struct program *p)
{
	sb_futex(&p->x, p->main_thread, "cond", 0);
	(void)sb_thread(&p->x, p->root, "worker");
}

static void waits_on_a_condition_alone(struct program *p)
{
	sb_futex(&p->x, p->main_thread, "cond", 0);
}

/* Without FUTEX_PRIVATE_FLAG whoever maps the page may wake it, and who does was not seen. */
static void waits_in_shared_memory(struct program *p)
{
	sb_call(&p->x, p->main_thread, "futex", 0x1000, FUTEX_WAIT);
}

/* ---- datagrams ---- */

/* The server's socket is bound and not connected; another may be bound to its address as well. */
static void asks_a_server_of_many(struct program *p)
{
	node_t server = sb_resource(&p->x, RESOURCE_UDP, "udp"),
	       client = sb_resource(&p->x, RESOURCE_UDP, "udp");

	row(p, server)->remote = STR_NONE;
	row(p, client)->peer = server;
	sb_fd(&p->x, p->root, 3, client, "rw");
	sb_fd(&p->x, p->child, 3, server, "rw");
	sb_call(&p->x, p->main_thread, "recvfrom", 3);
}

/* ---- file locks ---- */

static void wants_a_lock(struct program *p, const char *kind, const char *call, int64_t command)
{
	char text[64];
	(void)snprintf(text, sizeof(text), "%s of /run/lock", kind);
	node_t file = sb_resource(&p->x, RESOURCE_FILE, "/run/lock"),
	       lock = sb_resource(&p->x, RESOURCE_FLOCK, text);

	row(p, lock)->inode = row(p, file)->inode;
	sb_fd(&p->x, p->root, 3, file, "rw");
	sb_call(&p->x, p->main_thread, call, 3, command);
}

static void holds_the_lock(struct program *p, const char *key, int64_t pid)
{
	sb_fact(&p->x, NODE(TABLE_RESOURCE, 1), key, pid, "");
}

static void wants_a_flock(struct program *p)
{
	wants_a_lock(p, "FLOCK", "flock", 2);
	holds_the_lock(p, "lock_holder", sb_pid(&p->x, p->root));
	holds_the_lock(p, "lock_holder", sb_pid(&p->x, p->child));
	holds_the_lock(p, "lock_holder", sb_pid(&p->x, p->child));
}

/* That is the word of /proc/locks, which of a flock tells who took it, not who has it. */
static void wants_a_flock_of_whom_only_the_taker_is_known(struct program *p)
{
	wants_a_lock(p, "FLOCK", "flock", 2);
	holds_the_lock(p, "lock_held", sb_pid(&p->x, p->child));
}

/* Whoever else has the open file could let go of the lock. */
static void wants_a_flock_where_not_all_could_be_read(struct program *p)
{
	wants_a_flock(p);
	SNAP_ROW(p->x.b.s, RESOURCE, 1)->holders_complete = TRI_NO;
}

/* Nobody has the open file any more, though who took the lock lives. */
static void wants_a_flock_that_only_its_taker_had(struct program *p)
{
	wants_a_flock_of_whom_only_the_taker_is_known(p);
	SNAP_ROW(p->x.b.s, RESOURCE, 1)->lock_owner = p->child;
}

static void wants_a_posix_lock(struct program *p)
{
	wants_a_lock(p, "POSIX", "fcntl", F_SETLKW);
	holds_the_lock(p, "lock_held", sb_pid(&p->x, p->child));
}

static void wants_a_lock_that_one_unseen_has_too(struct program *p)
{
	wants_a_posix_lock(p);
	holds_the_lock(p, "lock_held", 4711);
}

static void wants_a_lock_of_another_kind(struct program *p)
{
	wants_a_lock(p, "FLOCK", "fcntl", F_SETLKW);
	holds_the_lock(p, "lock_holder", sb_pid(&p->x, p->child));
}

/* ---- children ---- */

static void awaits_any_child(struct program *p)
{
	sb_exit(&p->x, sb_process(&p->x, p->root, "ended"), 0);
	sb_call(&p->x, p->main_thread, "wait4", -1);
}

static void awaits_this_child(struct program *p)
{
	(void)sb_process(&p->x, p->root, "other");
	sb_call(&p->x, p->main_thread, "wait4", sb_pid(&p->x, p->child));
}

static void awaits_a_group(struct program *p)
{
	node_t other = sb_process(&p->x, p->root, "other");

	SNAP_ROW(p->x.b.s, PROCESS, node_index(p->child))->pgid = 7;
	SNAP_ROW(p->x.b.s, PROCESS, node_index(other))->pgid = 8;
	sb_call(&p->x, p->main_thread, "waitid", P_PGID, 7);
}

static void awaits_a_child_behind_a_pidfd(struct program *p)
{
	(void)sb_process(&p->x, p->root, "other");
	sb_fd(&p->x, p->root, 5, sb_pidfd(&p->x, p->child), "r");
	sb_call(&p->x, p->main_thread, "waitid", P_PIDFD, 5);
}

static void awaits_a_child_that_was_not_seen(struct program *p)
{
	sb_call(&p->x, p->main_thread, "wait4", 4711);
}

/* ---- signals and sleeps ---- */

static void pauses(struct program *p)
{
	sb_catches(&p->x, p->root, 15);
	sb_call(&p->x, p->main_thread, "pause");
}

static void awaits_a_signal_of_children(struct program *p)
{
	sb_call(&p->x, p->main_thread, "rt_sigtimedwait", 0x1000);
	sb_fact(&p->x, p->main_thread, "sigset", 1 << (17 - 1), "");
}

static void awaits_a_signal_for_a_while(struct program *p)
{
	sb_call(&p->x, p->main_thread, "rt_sigtimedwait", 0x1000, 0, 0x2000);
	sb_fact(&p->x, p->main_thread, "sigset", 1 << (10 - 1), "");
	sb_fact(&p->x, p->main_thread, "timeout_left", NSEC_PER_SEC, "");
}

static void sleeps(struct program *p)
{
	sb_call(&p->x, p->main_thread, "nanosleep", 0x1000);
	sb_fact(&p->x, p->main_thread, "timeout_left", 7 * NSEC_PER_SEC, "");
}

/* ---- the kernel ---- */

static void is_in_d(struct program *p)
{
	sb_state(&p->x, p->main_thread, "D");
	sb_call(&p->x, p->main_thread, "fsync", 3);
	set_text(p, wchan_of, p->main_thread, "rpc_wait_bit_killable");
}

static void vforks(struct program *p)
{
	sb_state(&p->x, p->main_thread, "D");
	sb_call(&p->x, p->main_thread, "vfork");
}

/* It lives in a program of its own by now: it is not that child that is awaited. */
static void vforks_beside_a_child_that_has_execed(struct program *p)
{
	vforks(p);
	SNAP_ROW(p->x.b.s, PROCESS, node_index(p->child))->forked_not_execed = TRI_NO;
}

static void opens(struct program *p, int64_t flags)
{
	sb_call(&p->x, p->main_thread, "openat", AT_FDCWD, 0x1000, flags);
	set_text(p, wchan_of, p->main_thread, "wait_for_partner");
	sb_fact(&p->x, p->main_thread, "open_path", 0, "/run/fifo");
}

static void opens_a_fifo_to_read(struct program *p)
{
	opens(p, O_RDONLY | O_CLOEXEC);
}

static void opens_a_fifo_to_write(struct program *p)
{
	opens(p, O_WRONLY);
}

static void awaits_io_uring(struct program *p)
{
	sb_call(&p->x, p->main_thread, "io_uring_enter", 3);
}

/* ---- System V and POSIX queues ---- */

static void wants_a_semaphore_of(struct program *p, int64_t last)
{
	sb_call(&p->x, p->main_thread, "semop", 5);
	sb_fact(&p->x, p->main_thread, "semop", 0, "semaphore 1 of set 5, -1");
	sb_fact(&p->x, p->main_thread, "sem_last", 4712, "");
	sb_fact(&p->x, p->main_thread, "sem_last", last, "");
}

static void wants_a_semaphore_of_its_child(struct program *p)
{
	wants_a_semaphore_of(p, sb_pid(&p->x, p->child));
}

static void wants_a_semaphore_that_it_changed_last(struct program *p)
{
	wants_a_semaphore_of(p, sb_pid(&p->x, p->root));
}

static void wants_a_semaphore_of_one_who_has_gone(struct program *p)
{
	wants_a_semaphore_of(p, 4711);
}

static void awaits_a_message(struct program *p)
{
	sb_call(&p->x, p->main_thread, "msgrcv", 6);
	sb_fact(&p->x, p->main_thread, "msg_last", sb_pid(&p->x, p->child), "");
}

static void sends_to_a_posix_queue(struct program *p)
{
	node_t queue = sb_resource(&p->x, RESOURCE_FILE, "/jobs");

	sb_fd(&p->x, p->root, 3, queue, "w");
	sb_fd(&p->x, p->child, 3, queue, "r");
	sb_call(&p->x, p->main_thread, "mq_timedsend", 3);
}

/* ---- tasks ---- */

static struct snap_task *python(struct program *p)
{
	sb_python(&p->x, p->root);
	sb_call(&p->x, p->main_thread, "epoll_wait", 3, 0, 0, -1);
	p->task = sb_task(&p->x, p->root, "trio", "main", NODE_NONE);
	return sb_task_row(&p->x, p->task);
}

static void task_awaits_its_nursery(struct program *p)
{
	python(p)->wait = TASK_WAIT_NURSERY;
	(void)sb_task(&p->x, p->root, "trio", "a", p->task);
	(void)sb_task(&p->x, p->root, "trio", "b", p->task);
}

static void task_wants_a_lock(struct program *p)
{
	(void)python(p);
	node_t owner = sb_task(&p->x, p->root, "trio", "owner", p->task);
	sb_task_row(&p->x, p->task)->wait = TASK_WAIT_LOCK;
	sb_task_row(&p->x, p->task)->wait_owner = owner;
	set_text(p, waits_on_of, p->task, "Lock.acquire");
}

static void task_awaits_an_event(struct program *p)
{
	(void)python(p);
	(void)sb_task(&p->x, p->root, "trio", "other", p->task);
}

static void task_awaits_an_event_that_nobody_has(struct program *p)
{
	task_awaits_an_event(p);
	struct span none = builder_refs(&p->x.b, NULL, 0);
	sb_task_row(&p->x, p->task)->setters = none;
}

static void task_awaits_its_child(struct program *p)
{
	python(p)->wait = TASK_WAIT_CHILD;
	sb_task_row(&p->x, p->task)->child = sb_pid(&p->x, p->child);
}

static void task_awaits_a_worker(struct program *p)
{
	python(p)->wait = TASK_WAIT_THREAD;
	node_t worker = sb_thread(&p->x, p->root, "worker");
	sb_task_row(&p->x, p->task)->worker = worker;
}

static void task_reads(struct program *p)
{
	node_t pipe = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 5, pipe, "r");
	sb_fd(&p->x, p->child, 5, pipe, "w");
	python(p)->wait = TASK_WAIT_FD;
	sb_task_row(&p->x, p->task)->fd = 5;
}

static void task_reads_under_a_deadline(struct program *p)
{
	task_reads(p);
	sb_scope(&p->x, p->task, 3 * NSEC_PER_SEC, false, false);
}

/* What it waits for is nothing while the thread of its loop sleeps in something else. */
static void task_of_a_loop_that_stands_still(struct program *p)
{
	task_awaits_an_event(p);
	sb_call(&p->x, p->main_thread, "nanosleep", 0x1000);
}

static const struct wait_case cases[] = {
#define C(fn, waits)           \
	{                      \
#fn, fn, waits \
	}
	C(reads_a_pipe, "pipe: fd 0 (stdin), a pipe from child 101: process 101\n"),
	C(writes_to_a_pipe_without_a_reader_but_itself,
	  "pipe: fd 4, room in a pipe that it has to itself: nobody\n"),
	C(reads_a_socket_of_its_child, "unix: fd 3, a unix stream to child 101: process 101\n"),
	C(accepts, "tcp: fd 3, new connections on tcp 127.0.0.1:80: not known !\n"),
	C(reads_a_terminal, "tty: fd 0 (stdin), the terminal /dev/pts/1: not known !\n"),
	C(reads_a_timer_that_is_set, "timerfd: fd 3, a timer: nobody @1\n"),
	C(reads_a_timer_that_is_not_set, "timerfd: fd 3, a timer that is not set: nobody\n"),
	C(reads_what_could_not_be_seen, "other: fd 3: not known\n"),
	C(closes_a_socket_that_lingers,
	  "file: the end of close() of what was fd 3: its last bytes are not through (SO_LINGER, or a "
	  "file server): not known\n"),
	C(splices_from_an_empty_pipe, "pipe: fd 3, a pipe from child 101: process 101\n"),
	C(splices_to_a_full_pipe, "pipe: fd 4, room in a pipe to child 101: process 101\n"),
	C(splices_where_the_fill_is_not_known,
	  "pipe: fd 3, a pipe from child 101: process 101\n"
	  "pipe: fd 4, room in a pipe to child 101: process 101\n"),
	C(connects_to_its_child, "unix: fd 3, a connection to 127.0.0.1:80: process 101\n"),
	C(connects_to_what_listens_in_another_namespace,
	  "unix: fd 3, a connection to 127.0.0.1:80: not known\n"),
	C(connects_to_an_abstract_name_of_another_namespace,
	  "unix: fd 3, a connection to @name: not known\n"),
	C(connects_to_a_path_from_another_namespace,
	  "unix: fd 3, a connection to /run/name: process 101\n"),
	C(connects_where_two_listen, "unix: fd 3, a connection to 127.0.0.1:80: not known\n"),
	C(connects_where_three_listen, "unix: fd 3, a connection to 127.0.0.1:80: not known\n"),
	C(connects_beside_connections, "unix: fd 3, a connection to 127.0.0.1:80: process 101\n"),
	C(polls_with_a_timeout, "pipe: fd 3, a pipe from child 101: process 101\n"
				"tcp: fd 4, new connections on tcp 127.0.0.1:80: not known !\n"
				"timer: its timeout in 5.00 s: nobody @5\n"),
	C(selects, "pipe: fd 3, a pipe from child 101: process 101\n"
		   "tcp: fd 4, new connections on tcp 127.0.0.1:80: not known !\n"),
	C(polls_what_could_not_be_read, "other: descriptors that could not be read: not known\n"),
	C(selects_nothing_for_a_while, "timer: a sleep: nobody @2\n"),
	C(waits_for_an_epoll_set_in_a_set, "pipe: fd 5, a pipe from child 101: process 101\n"),
	C(waits_for_an_epoll_set_without_entries,
	  "epoll: fd 3, an epoll set in which nothing is armed: nobody\n"),
	C(wants_a_mutex, "lock: a mutex that thread owner (102) has: thread 102\n"),
	C(wants_a_mutex_whose_owner_has_gone,
	  "lock: a mutex of thread 4711, which no longer exists here: nobody\n"),
	C(joins_a_thread, "thread: the end of thread worker (102): thread 102\n"),
	C(waits_on_a_condition,
	  "futex: a condition variable, to be woken by another thread: thread 102 ~\n"),
	C(waits_on_a_condition_alone,
	  "futex: a condition variable, and no other thread could wake it: nobody\n"),
	C(waits_in_shared_memory, "futex: a futex in shared memory: not known\n"),
	C(wants_a_flock, "flock: FLOCK of /run/lock, which is held by child 101: process 101\n"),
	C(wants_a_flock_of_whom_only_the_taker_is_known, "flock: FLOCK of /run/lock: not known\n"),
	C(wants_a_posix_lock,
	  "flock: POSIX of /run/lock, which is held by child 101: process 101\n"),
	C(wants_a_lock_that_one_unseen_has_too,
	  "flock: POSIX of /run/lock, which is held by child 101: not known\n"),
	C(wants_a_flock_where_not_all_could_be_read,
	  "flock: FLOCK of /run/lock, which is held by child 101: not known\n"),
	C(wants_a_flock_that_only_its_taker_had, "flock: FLOCK of /run/lock: not known\n"),
	C(asks_a_server_of_many, "udp: fd 3, udp of child 101: not known\n"),
	C(wants_a_lock_of_another_kind, "flock: a file lock on fd 3: not known\n"),
	C(awaits_any_child, "child: exit of child 101: process 101\n"),
	C(awaits_this_child, "child: exit of child 101: process 101\n"),
	C(awaits_a_group, "child: exit of child 101: process 101\n"),
	C(awaits_a_child_behind_a_pidfd, "child: exit of child 101: process 101\n"),
	C(awaits_a_child_that_was_not_seen, "child: exit of child 4711: not known\n"),
	C(pauses, "signal: a signal, SIGTERM: not known\n"),
	C(awaits_a_signal_of_children, "signal: a signal, such as SIGCHLD of 1 child: not known\n"),
	C(awaits_a_signal_for_a_while, "signal: a signal, SIGUSR1: not known\n"
				       "timer: its timeout in 1.00 s: nobody @1\n"),
	C(sleeps, "timer: the end of its sleep in 7.00 s: nobody @7\n"),
	C(is_in_d, "kernel: the kernel (fsync in rpc_wait_bit_killable): not known\n"),
	C(vforks, "child: its vfork child 101, until that execs or exits: process 101\n"),
	C(vforks_beside_a_child_that_has_execed, "kernel: the start of a child: not known\n"),
	C(opens_a_fifo_to_read,
	  "fifo-open: somebody to open the FIFO /run/fifo for writing: not known\n"),
	C(opens_a_fifo_to_write,
	  "fifo-open: somebody to open the FIFO /run/fifo for reading: not known\n"),
	C(awaits_io_uring, "io_uring: a completion of io_uring: not known\n"),
	C(wants_a_semaphore_of_its_child,
	  "sysv: semaphore 1 of set 5, last changed by child 101: not known ~\n"),
	C(wants_a_semaphore_that_it_changed_last,
	  "sysv: semaphore 1 of set 5, last changed by itself: not known\n"),
	C(wants_a_semaphore_of_one_who_has_gone,
	  "sysv: semaphore 1 of set 5, last changed by process 4711, which is gone: not known\n"),
	C(awaits_a_message, "sysv: a message in queue 6, last sent to by child 101: not known ~\n"),
	C(sends_to_a_posix_queue, "sysv: fd 3, room in message queue /jobs: not known ~\n"),
	C(task_awaits_its_nursery, "nursery: its nursery's task a: task a &\n"
				   "nursery: its nursery's task b: task b &\n"),
	C(task_wants_a_lock, "lock: Lock.acquire: task owner\n"),
	C(task_awaits_an_event, "event: Event.wait: task other ~\n"),
	C(task_awaits_an_event_that_nobody_has, "event: Event.wait: nobody\n"),
	C(task_awaits_its_child, "child: exit of child 101: process 101\n"),
	C(task_awaits_a_worker, "thread: its work in thread 102: thread 102\n"),
	C(task_reads, "pipe: fd 5, a pipe from child 101: process 101\n"),
	C(task_reads_under_a_deadline, "pipe: fd 5, a pipe from child 101: process 101\n"
				       "timer: its timeout in 3.00 s: nobody @3\n"),
	C(task_of_a_loop_that_stands_still, "thread: the thread of its loop, 100: thread 100\n"),
#undef C
};

static void add_node(struct program *p, node_t n, struct strbuf *out)
{
	switch (node_table(n)) {
	case TABLE_PROCESS:
		strbuf_addf(out, " process %lld", (long long)sb_pid(&p->x, n));
		break;
	case TABLE_THREAD:
		strbuf_addf(out, " thread %lld", (long long)sb_tid(&p->x, n));
		break;
	default:
		strbuf_addf(out, " task %s", snap_str(p->x.b.s, sb_task_row(&p->x, n)->name));
		break;
	}
}

static void add_wait(struct program *p, const struct snap_wait *w, struct strbuf *out)
{
	strbuf_addf(out, "%s: %s:", snap_word(names_wait_on, w->on), snap_str(p->x.b.s, w->what));
	if (!span_known(w->to))
		strbuf_add(out, " not known");
	else if (!w->to.n)
		strbuf_add(out, " nobody");
	for (uint32_t i = 0; span_known(w->to) && i < w->to.n; i++)
		add_node(p, *SNAP_ROW(p->x.b.s, REF, w->to.first + i), out);
	if (w->new_work)
		strbuf_add(out, " !");
	if (w->evidence == EVIDENCE_CANDIDATE)
		strbuf_add(out, " ~");
	if (w->need == NEED_ALL)
		strbuf_add(out, " &");
	if (w->deadline_ns == SNAP_UNKNOWN)
		strbuf_add(out, " @?");
	else if (w->deadline_ns != SNAP_NONE)
		strbuf_addf(out, " @%lld", (long long)(w->deadline_ns / NSEC_PER_SEC));
	strbuf_add_char(out, '\n');
}

static void waits_for(void **state)
{
	const struct wait_case *c = *state;
	struct program p = { .task = NODE_UNKNOWN };
	struct strbuf waits = { 0 };

	snap_build_init(&p.x);
	p.root = sb_process(&p.x, NODE_NONE, "root");
	p.main_thread = sb_main(&p.x, p.root);
	p.child = sb_process(&p.x, p.root, "child");
	c->build(&p);
	(void)sb_analyse(&p.x);

	node_t sleeper = p.task == NODE_UNKNOWN ? p.main_thread : p.task;
	for (uint32_t i = 0; i < SNAP_N(p.x.b.s, WAIT); i++)
		if (SNAP_ROW(p.x.b.s, WAIT, i)->from == sleeper)
			add_wait(&p, SNAP_ROW(p.x.b.s, WAIT, i), &waits);
	assert_string_equal(strbuf_str(&waits), c->waits);
	strbuf_done(&waits);
	snap_build_done(&p.x);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases)];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
						.test_func = waits_for,
						.initial_state = (void *)&cases[i] };
	return _cmocka_run_group_tests("analysis: waits", tests, ARRAY_SIZE(tests), NULL, NULL);
}
