/*
 * Waits in calls that need no descriptor: locks, children, signals, sleeps, queues, the kernel itself;
 * and what lies just beside.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/unit/wait_case.h"

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

/* A lock in shared memory names its owner by a number of its pid namespace. */
static void wants_a_mutex_in_shared_memory(struct program *p)
{
	node_t owner = sb_main(&p->x, p->child);

	sb_call(&p->x, p->main_thread, "futex", 0x1000, FUTEX_WAIT);
	sb_fact(&p->x, p->main_thread, "futex_shared", 1, "0:1:7:0");
	sb_fact(&p->x, p->main_thread, "futex_kind", SNAP_UNKNOWN, "mutex normal");
	sb_fact(&p->x, p->main_thread, "futex_owner", sb_tid(&p->x, owner), "");
}

static void wants_a_mutex_of_an_unknown_namespace(struct program *p)
{
	wants_a_mutex_in_shared_memory(p);
	SNAP_ROW(p->x.b.s, PROCESS, node_index(p->root))->pid_ns = SNAP_UNKNOWN;
	SNAP_ROW(p->x.b.s, PROCESS, node_index(p->child))->pid_ns = SNAP_UNKNOWN;
}

/* futex_wait(2) has its timeout in another place than futex(2). */
static void waits_for_a_while(struct program *p)
{
	sb_call(&p->x, p->main_thread, "futex_wait", 0x1000, 2, -1, 128, 0x2000, 1);
	sb_fact(&p->x, p->main_thread, "futex_shared", 0, "private to the process");
	sb_fact(&p->x, p->main_thread, "timeout_left", 5 * NSEC_PER_SEC, "");
}

static void waits_without_a_timeout(struct program *p)
{
	sb_call(&p->x, p->main_thread, "futex_wait", 0x1000, 2, -1, 128, 0, 1);
	sb_fact(&p->x, p->main_thread, "futex_shared", 0, "private to the process");
}

/* ---- file locks ---- */

static void wants_a_lock(struct program *p, const char *kind, const char *call, int64_t command)
{
	char text[64];
	(void)snprintf(text, sizeof(text), "%s of /run/lock", kind);
	node_t file = sb_resource(&p->x, RESOURCE_FILE, "/run/lock"),
	       lock = sb_resource(&p->x, RESOURCE_FLOCK, text);

	resource_of(p, lock)->inode = resource_of(p, file)->inode;
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
	sb_call(&p->x, p->main_thread, "waitid", P_PGID, 7, 0, WEXITED);
}

static void awaits_a_child_behind_a_pidfd(struct program *p)
{
	(void)sb_process(&p->x, p->root, "other");
	sb_fd(&p->x, p->root, 5, sb_pidfd(&p->x, p->child), "r");
	sb_call(&p->x, p->main_thread, "waitid", P_PIDFD, 5, 0, WEXITED);
}

/* Its end would not wake him: only a signal from whoever sends one does. */
static void awaits_a_childs_going_on(struct program *p)
{
	sb_call(&p->x, p->main_thread, "waitid", P_PID, sb_pid(&p->x, p->child), 0, WCONTINUED);
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

static const struct wait_case cases[] = {
	WAITS(wants_a_mutex, "lock: a mutex that thread owner (102) has: thread 102\n"),
	WAITS(wants_a_mutex_whose_owner_has_gone,
	      "lock: a mutex of thread 4711, which no longer exists here: nobody\n"),
	WAITS(joins_a_thread, "thread: the end of thread worker (102): thread 102\n"),
	WAITS(waits_on_a_condition,
	      "futex: a condition variable, to be woken by another thread: thread 102 ~\n"),
	WAITS(waits_on_a_condition_alone,
	      "futex: a condition variable, and no other thread could wake it: nobody\n"),
	WAITS(wants_a_mutex_in_shared_memory, "lock: a mutex that child 101 has: thread 101\n"),
	WAITS(wants_a_mutex_of_an_unknown_namespace,
	      "lock: a mutex that thread 101 has: not known\n"),
	WAITS(waits_for_a_while, "futex: a futex, and no other thread could wake it: nobody @5\n"),
	WAITS(waits_without_a_timeout,
	      "futex: a futex, and no other thread could wake it: nobody\n"),
	WAITS(waits_in_shared_memory, "futex: a futex in shared memory: not known\n"),
	WAITS(wants_a_flock,
	      "flock: FLOCK of /run/lock, which is held by child 101: process 101\n"),
	WAITS(wants_a_flock_of_whom_only_the_taker_is_known,
	      "flock: FLOCK of /run/lock: not known\n"),
	WAITS(wants_a_posix_lock,
	      "flock: POSIX of /run/lock, which is held by child 101: process 101\n"),
	WAITS(wants_a_lock_that_one_unseen_has_too,
	      "flock: POSIX of /run/lock, which is held by child 101: not known\n"),
	WAITS(wants_a_flock_where_not_all_could_be_read,
	      "flock: FLOCK of /run/lock, which is held by child 101: not known\n"),
	WAITS(wants_a_flock_that_only_its_taker_had, "flock: FLOCK of /run/lock: not known\n"),
	WAITS(wants_a_lock_of_another_kind, "flock: a file lock on fd 3: not known\n"),
	WAITS(awaits_any_child, "child: exit of child 101: process 101\n"),
	WAITS(awaits_this_child, "child: exit of child 101: process 101\n"),
	WAITS(awaits_a_group, "child: exit of child 101: process 101\n"),
	WAITS(awaits_a_child_behind_a_pidfd, "child: exit of child 101: process 101\n"),
	WAITS(awaits_a_childs_going_on,
	      "child: a child to be stopped or to go on: its end is not asked for: not known\n"),
	WAITS(awaits_a_child_that_was_not_seen, "child: exit of child 4711: not known\n"),
	WAITS(pauses, "signal: a signal, SIGTERM: not known\n"),
	WAITS(awaits_a_signal_of_children,
	      "signal: a signal, such as SIGCHLD of 1 child: not known\n"),
	WAITS(awaits_a_signal_for_a_while, "signal: a signal, SIGUSR1: not known\n"
					   "timer: its timeout in 1.00 s: nobody @1\n"),
	WAITS(sleeps, "timer: the end of its sleep in 7.00 s: nobody @7\n"),
	WAITS(is_in_d, "kernel: the kernel (fsync in rpc_wait_bit_killable): not known\n"),
	WAITS(vforks, "child: its vfork child 101, until that execs or exits: process 101\n"),
	WAITS(vforks_beside_a_child_that_has_execed, "kernel: the start of a child: not known\n"),
	WAITS(opens_a_fifo_to_read,
	      "fifo-open: somebody to open the FIFO /run/fifo for writing: not known\n"),
	WAITS(opens_a_fifo_to_write,
	      "fifo-open: somebody to open the FIFO /run/fifo for reading: not known\n"),
	WAITS(awaits_io_uring, "io_uring: a completion of io_uring: not known\n"),
	WAITS(wants_a_semaphore_of_its_child,
	      "sysv: semaphore 1 of set 5, last changed by child 101: not known ~\n"),
	WAITS(wants_a_semaphore_that_it_changed_last,
	      "sysv: semaphore 1 of set 5, last changed by itself: not known\n"),
	WAITS(wants_a_semaphore_of_one_who_has_gone,
	      "sysv: semaphore 1 of set 5, last changed by process 4711, which is gone: not known\n"),
	WAITS(awaits_a_message,
	      "sysv: a message in queue 6, last sent to by child 101: not known ~\n"),
	WAITS(sends_to_a_posix_queue, "sysv: fd 3, room in message queue /jobs: not known ~\n"),
};

int main(void)
{
	return wait_cases_run("analysis: waits, call", cases, ARRAY_SIZE(cases));
}
