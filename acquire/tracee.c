/*
 * Stopping threads by ptrace; see tracee.h.
 *
 * PTRACE_SEIZE and PTRACE_INTERRUPT: no SIGSTOP is sent, so nothing is left in the queue and a
 * thread that was stopped by a signal stays so. A thread that is about to get a signal stops with
 * that signal in hand; it gets it when it goes on. Nobody waits without a deadline: who does not
 * stop in time is in an uninterruptible sleep.
 *
 * The stop ends the system call a thread sleeps in. Most start again by themselves; 13 of 47
 * (epoll_wait first of all) return EINTR to programs that never saw a signal. The repair changes
 * that result, while the thread stands, into the kernel's own "start again unless a handler runs"
 * (-ERESTARTNOHAND). Only on a native x86-64 frame, only inside a system call, only when the stop
 * was ours.
 */
#include "acquire/tracee.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "acquire/sight.h"
#include "core/util.h"
#include "raw/stat.h"

/* include/linux/errno.h: not for user space, but ptrace may see and set them */
#define ERESTARTNOHAND 514

/* arch/x86/include/asm/segment.h: __USER_CS, the code segment of 64-bit programs */
#define NATIVE_CS 0x33

/* A stop takes ~15 us; then it is waited in growing steps. */
#define POLL_MIN_NS 10000
#define POLL_MAX_NS 500000

/* Arena filled in before the stop, so that no page fault lengthens it. */
#define PREFAULT_BYTES 16384

static long trace(int request, pid_t tid, void *address, void *data)
{
	long r = ptrace((enum __ptrace_request)request, tid, address, data);

	return r < 0 ? -errno : r;
}

/* Never a thread in D state, never one that is past its end or runs no code of the process. */
static int may_seize(const struct tracees *s, const struct tracee *t)
{
	char path[40];
	struct raw_stat stat;

	(void)snprintf(path, sizeof(path), "task/%d/stat", t->tid);
	int r = raw_stat_read(s->procfd, path, &stat);
	if (r < 0)
		return r;
	if (stat.state == 'D')
		return -EBUSY;
	return stat.state == 'Z' || stat.state == 'X' || stat.kernel_worker ? -ESRCH : 0;
}

static void prefault(const struct tracees *s)
{
	struct arena *a = s->arena;

	arena_populate(a->base + a->used, MIN(s->n * PREFAULT_BYTES, a->cap - a->used));
}

static bool stop_signal(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

static void note_status(struct tracee *t, int status)
{
	if (!WIFSTOPPED(status)) {
		t->attached = false;
		t->error = -ESRCH;
		return;
	}
	t->stopped = true;
	t->error = 0;
	if (status >> 16 == PTRACE_EVENT_STOP)
		t->was_stopped = stop_signal(WSTOPSIG(status));
	else
		t->signal = WSTOPSIG(status);
}

/* How many have still not stopped. */
static size_t poll_all(struct tracees *s)
{
	size_t pending = 0;
	int status;

	for (size_t i = 0; i < s->n; i++) {
		struct tracee *t = &s->v[i];
		if (!t->attached || t->stopped)
			continue;
		pid_t r = waitpid(t->tid, &status, __WALL | WNOHANG);
		if (r == t->tid) {
			note_status(t, status);
		} else if (r < 0 && errno != EINTR) {
			t->error = -errno;
			t->attached = false;
		} else {
			pending++;
		}
	}
	return pending;
}

void tracees_stop(struct tracees *s, struct deadline until)
{
	struct timespec pause = { .tv_nsec = POLL_MIN_NS };

	prefault(s);
	for (size_t i = 0; i < s->n; i++) {
		struct tracee *t = &s->v[i];
		t->error = may_seize(s, t);
		if (t->error == 0)
			t->error = (int)trace(PTRACE_SEIZE, t->tid, NULL, NULL);
		t->attached = t->error == 0;
	}
	for (size_t i = 0; i < s->n; i++) {
		struct tracee *t = &s->v[i];
		if (!t->attached)
			continue;
		t->asked_ns = clock_monotonic_ns();
		t->error = (int)trace(PTRACE_INTERRUPT, t->tid, NULL, NULL);
		if (t->error == 0)
			t->error = -ETIMEDOUT; /* until it stops */
	}
	while (poll_all(s) && !deadline_passed(until)) {
		(void)nanosleep(&pause, NULL);
		pause.tv_nsec = MIN(pause.tv_nsec * 2, (long)POLL_MAX_NS);
	}
}

static void set_regs(struct tracee *t, const struct user_regs_struct *r)
{
	const uint64_t v[DWARF_MAX] = {
		[DWARF_RAX] = r->rax, [DWARF_RDX] = r->rdx, [DWARF_RCX] = r->rcx,
		[DWARF_RBX] = r->rbx, [DWARF_RSI] = r->rsi, [DWARF_RDI] = r->rdi,
		[DWARF_RBP] = r->rbp, [DWARF_RSP] = r->rsp, [DWARF_R8] = r->r8,
		[DWARF_R9] = r->r9,   [DWARF_R10] = r->r10, [DWARF_R11] = r->r11,
		[DWARF_R12] = r->r12, [DWARF_R13] = r->r13, [DWARF_R14] = r->r14,
		[DWARF_R15] = r->r15, [DWARF_RIP] = r->rip,
	};
	const uint64_t args[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };

	memcpy(t->regs.v, v, sizeof(v));
	t->regs.known = (1u << DWARF_MAX) - 1;
	memcpy(t->args, args, sizeof(args));
	/* Interrupts enter the kernel with a negative number here. */
	t->syscall_nr = (int64_t)r->orig_rax >= 0 ? (int64_t)r->orig_rax : SNAP_NONE;
}

static void repair(const struct tracee *t, const struct user_regs_struct *now)
{
	struct user_regs_struct repaired = *now;
	struct iovec iov = { .iov_base = &repaired, .iov_len = sizeof(repaired) };

	if (t->was_stopped || t->signal || (int64_t)now->orig_rax < 0 ||
	    (int64_t)now->rax != -EINTR || now->cs != NATIVE_CS)
		return;
	repaired.rax = (unsigned long long)-ERESTARTNOHAND;
	(void)trace(PTRACE_SETREGSET, t->tid, (void *)NT_PRSTATUS, &iov);
}

static void take_regs(struct tracees *s, struct tracee *t)
{
	struct user_regs_struct regs;
	struct iovec iov = { .iov_base = &regs, .iov_len = sizeof(regs) };
	int r = (int)trace(PTRACE_GETREGSET, t->tid, (void *)NT_PRSTATUS, &iov);

	if (r == 0 && iov.iov_len != sizeof(regs))
		r = -EOPNOTSUPP; /* a 32-bit program shows another set */
	t->error = r;
	if (r < 0)
		return;
	set_regs(t, &regs);
	if (s->repair)
		repair(t, &regs);
}

static int prepare_stack(struct tracees *s, struct tracee *t, struct look_range *range)
{
	if (t->error < 0 || !t->stopped ||
	    !look_stack_range(s->p->maps, t->regs.v[DWARF_RSP], range))
		return -ENODATA;
	t->stack.bytes = arena_alloc(s->arena, range->n);
	t->stack.lo = range->lo;
	return t->stack.bytes ? 0 : -ENOMEM;
}

static void read_one(const struct tracees *s, struct raw_bytes *b, size_t n)
{
	ssize_t got = b->bytes ? pread(s->memfd, b->bytes, n, (off_t)b->lo) : -1;

	b->n = got > 0 ? (size_t)got : 0;
}

static void read_tops(struct tracees *s)
{
	struct look_range range;

	for (size_t i = 0; i < s->n; i++) {
		struct tracee *t = &s->v[i];
		if (!t->stack.n || !look_stack_range(s->p->maps, t->regs.v[DWARF_RSP], &range) ||
		    !range.top_n)
			continue;
		t->top.bytes = arena_alloc(s->arena, range.top_n);
		t->top.lo = range.top_lo;
		read_one(s, &t->top, range.top_n);
	}
}

/* All stacks by one call; where it gave up at a hole, the rest one by one. */
static void read_stacks(struct tracees *s)
{
	struct iovec local[IOV_MAX], remote[IOV_MAX];
	struct tracee *whose[IOV_MAX];
	struct look_range range;
	size_t k = 0;

	for (size_t i = 0; i < s->n && k < IOV_MAX; i++) {
		struct tracee *t = &s->v[i];
		if (prepare_stack(s, t, &range) < 0)
			continue;
		local[k] = (struct iovec){ .iov_base = t->stack.bytes, .iov_len = range.n };
		remote[k] = (struct iovec){ .iov_base = (void *)(uintptr_t)range.lo,
					    .iov_len = range.n };
		whose[k++] = t;
	}
	ssize_t got = k ? process_vm_readv(s->p->pid, local, k, remote, k, 0) : 0;
	for (size_t i = 0; i < k; i++) {
		if (got >= (ssize_t)local[i].iov_len)
			whose[i]->stack.n = local[i].iov_len;
		else
			read_one(s, &whose[i]->stack, local[i].iov_len);
		got -= (ssize_t)local[i].iov_len;
	}
	read_tops(s);
}

void tracees_take(struct tracees *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].stopped)
			take_regs(s, &s->v[i]);
	read_stacks(s);
}

bool tracees_release(struct tracees *s)
{
	bool all = true;

	(void)poll_all(s); /* one may have stopped in the last moment */
	for (size_t i = 0; i < s->n; i++) {
		struct tracee *t = &s->v[i];
		if (!t->attached)
			continue;
		if (!t->stopped) {
			all = false;
			continue;
		}
		(void)trace(PTRACE_DETACH, t->tid, NULL, (void *)(intptr_t)t->signal);
		t->attached = false;
		t->stopped_ns = clock_monotonic_ns() - t->asked_ns;
	}
	return all;
}
