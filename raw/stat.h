/*
 * /proc/PID/stat and /proc/PID/status parsed: kernel text, except for the name in them, which the
 * process chose itself and which may hold anything, closing brackets and newlines too.
 */
#ifndef HW_RAW_STAT_H
#define HW_RAW_STAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct raw_stat {
	pid_t pid, ppid, pgrp, session;
	char state;
	char comm[64]; /* TASK_COMM_LEN is 16, but a kernel thread shows up to 64 */
	bool kernel_thread;
	bool kernel_worker; /* of a thread: it runs in the kernel only, for its process (io_uring)
			     */
	int64_t num_threads;
	uint64_t start_ticks; /* since boot, in units of sysconf(_SC_CLK_TCK) */
	uint64_t start_code,
		start_stack; /* 0 or 1 where they may not be seen; a new pair means a new program */
	int cpu;             /* it runs on, or ran on last; -1 where that is not told */
	int exit_code;       /* as wait(2) gives it; 0 also where it may not be seen */
};

/* 0 or -EBADMSG. */
int raw_stat_parse(const char *text, struct raw_stat *ret);
/* Reads dirfd/path; -ESRCH or -ENOENT when the process is gone. */
int raw_stat_read(int dirfd, const char *path, struct raw_stat *ret);

/* A real zombie: a leader that ended before its other threads also shows Z, but its process lives.
 */
static inline bool raw_stat_zombie(const struct raw_stat *s)
{
	return s->state == 'X' || (s->state == 'Z' && s->num_threads <= 1);
}

struct raw_status {
	bool known;
	char name[64];
	char state;
	pid_t ns_pid; /* the innermost number: of the process in its status, of the thread in a
			 thread's */
	pid_t tracer; /* 0: none */
	uid_t uid, euid, suid;
	gid_t gid;
	uint64_t pending, shared_pending, blocked, ignored, caught; /* bit n - 1 is signal n */
	int64_t switches; /* voluntary and not; what schedstat's run count is where that file is
			     missing */
};

int raw_status_parse(const char *text, struct raw_status *ret);
int raw_status_read(int dirfd, const char *path, struct raw_status *ret);

#endif
