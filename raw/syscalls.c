/*
 * Names and arguments of system calls; see syscalls.h.
 *
 * A description is a line of text with places for arguments: %, the argument's number, and how to
 * read it. One table instead of a function for each call: nearly all of them are a descriptor and a
 * size.
 */
#include "raw/syscalls.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "core/util.h"
#include "snapshot/model.h"

static const char *const names[] = {
#include "raw/syscall_names.h"
};

/* Newer than the C library of some systems we build on; the numbers are fixed. */
enum {
	NR_FUTEX_WAITV = 449,
	NR_FUTEX_WAIT = 455,
	NR_EPOLL_PWAIT2 = 441,
};

/*
 * d int (a descriptor), u unsigned, x hexadecimal, m timeout in ms, t pointer to a timeout, c clock
 * flags and pointer of clock_nanosleep, w waitid's target, p wait4's target, s signal, f futex
 * operation, l flock operation, k fcntl command.
 */
static const struct {
	int nr;
	const char *text;
} descriptions[] = {
	{ SYS_read, "fd %0d, %2u bytes" },
	{ SYS_pread64, "fd %0d, %2u bytes at %3u" },
	{ SYS_readv, "fd %0d, %2u buffers" },
	{ SYS_preadv, "fd %0d, %2u buffers at %3u" },
	{ SYS_preadv2, "fd %0d, %2u buffers" },
	{ SYS_write, "fd %0d, %2u bytes" },
	{ SYS_pwrite64, "fd %0d, %2u bytes at %3u" },
	{ SYS_writev, "fd %0d, %2u buffers" },
	{ SYS_pwritev, "fd %0d, %2u buffers at %3u" },
	{ SYS_pwritev2, "fd %0d, %2u buffers" },
	{ SYS_recvfrom, "fd %0d, %2u bytes" },
	{ SYS_recvmsg, "fd %0d" },
	{ SYS_recvmmsg, "fd %0d, %2u messages, %4t" },
	{ SYS_sendto, "fd %0d, %2u bytes" },
	{ SYS_sendmsg, "fd %0d" },
	{ SYS_sendmmsg, "fd %0d, %2u messages" },
	{ SYS_accept, "fd %0d" },
	{ SYS_accept4, "fd %0d" },
	{ SYS_connect, "fd %0d" },
	{ SYS_sendfile, "to fd %0d from fd %1d, %3u bytes" },
	{ SYS_splice, "from fd %0d to fd %2d, %4u bytes" },
	{ SYS_tee, "from fd %0d to fd %1d, %2u bytes" },
	{ SYS_vmsplice, "fd %0d, %2u buffers" },
	{ SYS_copy_file_range, "from fd %0d to fd %2d, %4u bytes" },
	{ SYS_poll, "%1u fds, %2m" },
	{ SYS_ppoll, "%1u fds, %2t" },
	{ SYS_select, "fds below %0d, %4t" },
	{ SYS_pselect6, "fds below %0d, %4t" },
	{ SYS_epoll_wait, "fd %0d, %3m" },
	{ SYS_epoll_pwait, "fd %0d, %3m" },
	{ NR_EPOLL_PWAIT2, "fd %0d, %3t" },
	{ SYS_futex, "%1f" },
	{ NR_FUTEX_WAITV, "wait for any of %1u words, %3t" },
	{ NR_FUTEX_WAIT, "wait on %0x while %1u, %4t" },
	{ SYS_nanosleep, "%0t" },
	{ SYS_clock_nanosleep, "clock %0d, %1c" },
	{ SYS_wait4, "%1p" },
	{ SYS_waitid, "%1w" },
	{ SYS_pause, "until a signal" },
	{ SYS_rt_sigsuspend, "until a signal" },
	{ SYS_rt_sigtimedwait, "for a signal, %2t" },
	{ SYS_kill, "pid %0d, %1s" },
	{ SYS_tgkill, "thread %1d of %0d, %2s" },
	{ SYS_flock, "fd %0d, %1l" },
	{ SYS_fcntl, "fd %0d, %1k" },
	{ SYS_ioctl, "fd %0d, request %1x" },
	{ SYS_semop, "set %0d, %2u operations, no deadline" },
	{ SYS_semtimedop, "set %0d, %2u operations, %3t" },
	{ SYS_msgrcv, "queue %0d, type %3d" },
	{ SYS_msgsnd, "queue %0d, %2u bytes" },
	{ SYS_mq_timedreceive, "fd %0d, %4t" },
	{ SYS_mq_timedsend, "fd %0d, %4t" },
	{ SYS_open, "path at %0x" },
	{ SYS_openat, "in fd %0d, path at %1x" },
	{ SYS_openat2, "in fd %0d, path at %1x" },
	{ SYS_close, "fd %0d" },
	{ SYS_fsync, "fd %0d" },
	{ SYS_fdatasync, "fd %0d" },
	{ SYS_syncfs, "fd %0d" },
	{ SYS_sync_file_range, "fd %0d" },
	{ SYS_ftruncate, "fd %0d" },
	{ SYS_fallocate, "fd %0d" },
	{ SYS_getdents64, "fd %0d" },
	{ SYS_io_getevents, "at least %1u of %2u events, %4t" },
	{ SYS_io_uring_enter, "ring fd %0d, at least %2u completions" },
	{ SYS_vfork, "until the child executes or ends" },
	{ SYS_ptrace, "request %0d, pid %1d" },
	{ SYS_exit, "status %0d" },
	{ SYS_exit_group, "status %0d" },
	{ SYS_restart_syscall, "goes on with an interrupted call" },
};

const char *syscall_name(int64_t nr)
{
	return nr >= 0 && (size_t)nr < ARRAY_SIZE(names) ? names[nr] : NULL;
}

static void add_seconds(struct strbuf *out, int64_t ns)
{
	double s = (double)ns / (double)NSEC_PER_SEC;

	if (ns < NSEC_PER_SEC)
		strbuf_addf(out, "%lld ms", (long long)(ns / NSEC_PER_MSEC));
	else
		strbuf_addf(out, s < 100 ? "%.2f s" : "%.0f s", s);
}

static void add_timeout_ms(struct strbuf *out, int32_t timeout_ms, int64_t blocked_ns)
{
	int64_t ns = timeout_ms * NSEC_PER_MSEC;

	if (timeout_ms < 0) {
		strbuf_add(out, "no deadline");
		return;
	}
	strbuf_add(out, snap_known(blocked_ns) ? "wakes in " : "timeout ");
	add_seconds(out, snap_known(blocked_ns) ? MAX(ns - blocked_ns, (int64_t)0) : ns);
}

static void add_timeout_pointer(struct strbuf *out, uint64_t pointer)
{
	strbuf_add(out, pointer ? "with a deadline" : "no deadline");
}

static void add_futex(struct strbuf *out, const uint64_t args[6])
{
	static const char *const operations[] = {
		[FUTEX_WAIT] = "wait",
		[FUTEX_WAKE] = "wake",
		[FUTEX_REQUEUE] = "requeue",
		[FUTEX_CMP_REQUEUE] = "requeue",
		[FUTEX_WAKE_OP] = "wake",
		[FUTEX_LOCK_PI] = "lock",
		[FUTEX_UNLOCK_PI] = "unlock",
		[FUTEX_TRYLOCK_PI] = "try to lock",
		[FUTEX_WAIT_BITSET] = "wait",
		[FUTEX_WAKE_BITSET] = "wake",
		[FUTEX_WAIT_REQUEUE_PI] = "wait",
		[FUTEX_CMP_REQUEUE_PI] = "requeue",
		[FUTEX_LOCK_PI2] = "lock",
	};
	unsigned op = (unsigned)args[1] & FUTEX_CMD_MASK;
	const char *word = op < ARRAY_SIZE(operations) ? operations[op] : NULL;
	bool waits = op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET || op == FUTEX_WAIT_REQUEUE_PI;

	strbuf_addf(out, "%s %s word %#llx", word ? word : "unknown operation on",
		    args[1] & FUTEX_PRIVATE_FLAG ? "private" : "shared",
		    (unsigned long long)args[0]);
	if (waits)
		strbuf_addf(out, " while %u", (unsigned)args[2]);
	if (waits || op == FUTEX_LOCK_PI || op == FUTEX_LOCK_PI2) {
		strbuf_add(out, ", ");
		add_timeout_pointer(out, args[3]);
	}
}

static void add_waitid(struct strbuf *out, const uint64_t args[6])
{
	int id = (int)args[1];

	switch ((int)args[0]) {
	case P_ALL:
		strbuf_add(out, "any child");
		break;
	case P_PID:
		strbuf_addf(out, "child %d", id);
		break;
	case P_PGID:
		strbuf_addf(out, "any child of group %d", id);
		break;
	case 3: /* P_PIDFD, since 5.4 */
		strbuf_addf(out, "the child of pidfd %d", id);
		break;
	default:
		strbuf_addf(out, "idtype %d, id %d", (int)args[0], id);
	}
}

static void add_wait4(struct strbuf *out, int pid)
{
	if (pid == -1)
		strbuf_add(out, "any child");
	else if (pid > 0)
		strbuf_addf(out, "child %d", pid);
	else if (pid == 0)
		strbuf_add(out, "any child of its own group");
	else
		strbuf_addf(out, "any child of group %lld", -(long long)pid);
}

static void add_flock(struct strbuf *out, int operation)
{
	int op = operation & ~LOCK_NB;

	strbuf_add(out, op == LOCK_SH ? "shared" : op == LOCK_EX ? "exclusive" : "unlock");
}

static void add_fcntl(struct strbuf *out, int command)
{
	if (command == F_SETLKW)
		strbuf_add(out, "wait for a POSIX lock");
	else if (command == F_OFD_SETLKW)
		strbuf_add(out, "wait for an open file's lock");
	else
		strbuf_addf(out, "command %d", command);
}

static void add_signal(struct strbuf *out, int sig)
{
	const char *name = sig > 0 ? sigabbrev_np(sig) : NULL;

	if (name)
		strbuf_addf(out, "SIG%s", name);
	else
		strbuf_addf(out, "signal %d", sig);
}

static void add_argument(struct strbuf *out, char kind, const uint64_t args[6], unsigned i,
			 int64_t blocked_ns)
{
	uint64_t v = args[i];

	switch (kind) {
	case 'd':
		strbuf_addf(out, "%d", (int)v);
		break;
	case 'u':
		strbuf_addf(out, "%llu", (unsigned long long)v);
		break;
	case 'x':
		strbuf_addf(out, "%#llx", (unsigned long long)v);
		break;
	case 'm':
		add_timeout_ms(out, (int32_t)v, blocked_ns);
		break;
	case 't':
		add_timeout_pointer(out, v);
		break;
	case 'c':
		strbuf_add(out, v & TIMER_ABSTIME ? "until a point in time" : "for a time");
		break;
	case 'w':
		add_waitid(out, args);
		break;
	case 'p':
		add_wait4(out, (int)args[0]);
		break;
	case 's':
		add_signal(out, (int)v);
		break;
	case 'f':
		add_futex(out, args);
		break;
	case 'l':
		add_flock(out, (int)v);
		break;
	case 'k':
		add_fcntl(out, (int)v);
		break;
	default:
		break;
	}
}

void syscall_describe(struct strbuf *out, int64_t nr, const uint64_t args[6], int64_t blocked_ns)
{
	const char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(descriptions) && !text; i++)
		if (descriptions[i].nr == nr)
			text = descriptions[i].text;
	for (; text && *text; text++) {
		if (*text != '%') {
			strbuf_add_char(out, *text);
			continue;
		}
		add_argument(out, text[2], args, (unsigned)(text[1] - '0'), blocked_ns);
		text += 2;
	}
}
