/*
 * From facts to waits: who sleeps on what, and everyone who could end that sleep.
 *
 * One file per kind of thing waited for. Each adds the rows of one sleeper; what cannot be told is
 * a wait on an unknown thing, never no wait at all. The rules on who counts as a waker are those of
 * docs/REPORT.md.
 */
#ifndef HW_ANALYSIS_WAITS_H
#define HW_ANALYSIS_WAITS_H

#include "analysis/context.h"

/* All waits of the snapshot, sleeper by sleeper: threads, then tasks, then stopped processes. */
void waits_derive(struct analysis *a);

/* ---- what the kinds share ---- */

/* How long a sleep lasts at most. */
struct limit {
	int64_t left_ns; /* 0: no deadline, or not known when */
	bool timed;      /* there is one */
};

/* Of the system call a thread is in: its `arg`-th argument is milliseconds (-1 = none), or points
 * to a timespec. */
struct limit limit_of_ms(const struct analysis *a, node_t thread, int arg);
struct limit limit_of_pointer(const struct analysis *a, node_t thread, int arg);

/* The deadline of a group as a wait of its own; nothing when there is none or it is too far away to
 * count. */
void wait_add_limit(struct analysis *a, node_t from, int64_t group, struct limit l);

/* A plain sleep; of one that comes back from it again and again, a look at its children. */
void wait_add_sleep(struct analysis *a, node_t thread, struct limit l, const char *what);

struct fd_wait {
	node_t from, process; /* who, and in whose table the number is meant */
	int64_t fd;
	node_t resource;
	bool write;
	int64_t group;
	enum evidence evidence;
	bool maybe_timed; /* it may have a deadline: that could not be asked */
	bool of_loop; /* watched by a loop whose tasks are known: its own wake-up descriptors then
			 count for nothing */
};

/* A wait for a descriptor to become ready. False: it is a loop's own wake-up descriptor, nothing
 * was added. */
bool wait_add_fd(struct analysis *a, const struct fd_wait *f);

/* True when nobody but this process could write what it reads there: a self-pipe, an eventfd
 * between its threads. */
bool fd_only_ours(struct analysis *a, node_t process, node_t resource);

/* A process may be told by a signal: its living children by SIGCHLD, and whoever may send another
 * one. */
void wait_add_signals(struct analysis *a, node_t from, int64_t group, uint64_t mask,
		      const char *what);

void wait_add_unknown(struct analysis *a, node_t from, enum wait_on on, const char *what);

/* The descriptor that a system call's first argument names; NULL when it is not in the tables. */
const struct snap_fd *call_fd(const struct analysis *a, node_t thread, int arg);

/* ---- one thread in one system call ---- */

void waits_read(struct analysis *a, node_t thread);
void waits_write(struct analysis *a, node_t thread);
void waits_copy(struct analysis *a, node_t thread); /* sendfile, splice: one reads, one writes */
void waits_close(struct analysis *a, node_t thread);
void waits_accept(struct analysis *a, node_t thread);
void waits_connect(struct analysis *a, node_t thread);
void waits_poll(struct analysis *a, node_t thread);
void waits_select(struct analysis *a, node_t thread);
void waits_epoll(struct analysis *a, node_t thread);
void waits_wait4(struct analysis *a, node_t thread);
void waits_waitid(struct analysis *a, node_t thread);
void waits_futex(struct analysis *a, node_t thread);
void waits_sleep(struct analysis *a, node_t thread);
void waits_clock_sleep(struct analysis *a, node_t thread);
void waits_pause(struct analysis *a, node_t thread);
void waits_sigwait(struct analysis *a, node_t thread);
void waits_flock(struct analysis *a, node_t thread);
void waits_fcntl(struct analysis *a, node_t thread);
void waits_open(struct analysis *a, node_t thread);
void waits_fork(struct analysis *a, node_t thread);
void waits_ipc(struct analysis *a, node_t thread);
void waits_io_uring(struct analysis *a, node_t thread);

/* An uninterruptible sleep, whatever the call. */
void waits_kernel(struct analysis *a, node_t thread);

/* The tasks of a loop, for the thread that runs it; then what the loop watches for nobody in
 * particular. */
void waits_loop(struct analysis *a, node_t thread);

/* Does an event loop watch, or have a timer for, anything that belongs to none of its tasks? */
bool loop_has_callbacks(struct analysis *a, node_t thread);

/* Does somebody who wants the task's wait to end say so: a deadline, a cancelled scope? */
bool task_is_wanted(const struct analysis *a, node_t task);

/* A thread waits on a futex that has a timeout which counts. */
struct limit futex_limit(const struct analysis *a, node_t thread);

/* Who has a reference to what a task or thread waits for; unknown where not all could be found. */
struct span setters_of(const struct analysis *a, node_t sleeper);

/*
 * Does the task or thread wait for what nobody can give, with no sign that anybody ever meant to: a
 * bare variable, no deadline, not cancelled? Beside tasks that serve that is how programs wait for
 * ever.
 */
bool waits_for_ever(const struct analysis *a, node_t sleeper);
bool rests_for_ever(const struct analysis *a,
		    node_t sleeper); /* and beside such tasks, once known */
void waits_task(struct analysis *a, node_t task);

#endif
