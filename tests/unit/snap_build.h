/*
 * Small snapshots by hand, for the tests of the analysis: a process is a line, a wait is a line.
 *
 *	struct snap_build x;
 *	snap_build_init(&x);
 *	node_t parent = sb_process(&x, NODE_NONE, "sh"), child = sb_process(&x, parent, "cat");
 *	node_t pipe = sb_pipe(&x);
 *	sb_fd(&x, parent, 3, pipe, "w");
 *	sb_fd(&x, child, 0, pipe, "r");
 *	sb_call(&x, sb_main(&x, parent), "wait4", -1);
 *	sb_call(&x, sb_main(&x, child), "read", 0);
 *	const struct snap_verdict *v = sb_analyse(&x);
 *
 * Descriptors of one process are added in ascending order, as the collector lists them. What is not
 * said is as on a well readable machine: every holder was seen, every thread sleeps and did not
 * move.
 */
#ifndef HW_TESTS_SNAP_BUILD_H
#define HW_TESTS_SNAP_BUILD_H

#include "snapshot/builder.h"

struct snap_build {
	struct builder b;
	int64_t next_pid, next_inode;
};

void snap_build_init(struct snap_build *x);
void snap_build_done(struct snap_build *x);

/* parent NODE_NONE: a root of the tree. NODE_UNKNOWN: outside the tree. Makes its main thread too.
 */
node_t sb_process(struct snap_build *x, node_t parent, const char *name);
node_t sb_thread(struct snap_build *x, node_t process, const char *name);
node_t sb_main(struct snap_build *x, node_t process);
int64_t sb_pid(const struct snap_build *x, node_t process);
int64_t sb_tid(const struct snap_build *x, node_t thread);
void sb_exit(struct snap_build *x, node_t process, int64_t code); /* a zombie from now on */
void sb_state(struct snap_build *x, node_t thread, const char *state);

/* Up to six arguments; what is left out is 0. */
#define sb_call(x, thread, name, ...) \
	sb_call_args(x, thread, name, (const int64_t[6]){ __VA_ARGS__ })
void sb_call_args(struct snap_build *x, node_t thread, const char *name, const int64_t args[6]);

node_t sb_resource(struct snap_build *x, enum resource_kind kind, const char *text);
node_t sb_pipe(struct snap_build *x);
void sb_pair(struct snap_build *x, enum resource_kind kind, node_t *ret_a,
	     node_t *ret_b); /* two sockets */
node_t sb_listener(struct snap_build *x);
node_t sb_terminal(struct snap_build *x);
node_t sb_pidfd(struct snap_build *x, node_t target);
void sb_fd(struct snap_build *x, node_t process, int64_t fd, node_t resource, const char *mode);
void sb_watch(struct snap_build *x, node_t owner, node_t process, int64_t fd, node_t resource,
	      int64_t events);

void sb_fact(struct snap_build *x, node_t about, const char *key, int64_t value, const char *text);
void sb_catches(struct snap_build *x, node_t process, int sig);

/* A futex wait on private memory: `kind` and the owner's tid are facts where given (NULL, 0). */
void sb_futex(struct snap_build *x, node_t thread, const char *kind, int64_t owner);

/* Innermost function first, NULL last. */
void sb_stack(struct snap_build *x, node_t owner, const char *const *functions, const char *file);

/* The process runs CPython; the main thread's loop has this task. */
void sb_python(struct snap_build *x, node_t process);
node_t sb_task(struct snap_build *x, node_t process, const char *runtime, const char *name,
	       node_t parent);
struct snap_task *sb_task_row(struct snap_build *x, node_t task);
void sb_scope(struct snap_build *x, node_t task, int64_t deadline_ns, bool cancelled, bool shield);

/* Three looks, 200 ms apart: CPU time, switches and bytes gained in each; a stack that differs or
 * not. */
void sb_samples(struct snap_build *x, node_t thread, int64_t cpu_ns, int64_t switches,
		int64_t io_bytes, bool same_stack);

/* What is not said is as on a well readable machine: the rest of the facts. sb_analyse() does it as
 * well. */
void sb_finish(struct snap_build *x);

/* Analyses twice (the second time must say the same), checks the invariants, gives the first
 * verdict. */
const struct snap_verdict *sb_analyse(struct snap_build *x);

/* The class' word; the process where the chain stops. */
const char *sb_class(const struct snap_verdict *v);
const char *sb_sentence(const struct snap_build *x, const struct snap_verdict *v);

#endif
