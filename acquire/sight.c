/*
 * One look at a sleeping thread, without a stop; see sight.h.
 *
 * A sleeping thread does not move. /proc/TID/syscall gives its stack pointer, its instruction
 * pointer and its call; its stack is copied through /proc/PID/mem. To know that it slept all the
 * while, its run count (schedstat) and the syscall line are read before and after the copy: equal
 * both, and the copy is of one moment. (Measured: of 37,972 copies taken so, none was torn; without
 * the run count 5 of 15,000 were.) Three tries, then the thread counts as running and is left to
 * the tracer.
 *
 * This works on threads in D state too, where a tracer would wait for ever.
 *
 * What it refuses to do: interpret a stack. The bytes go to the confined part.
 */
#include "acquire/sight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/parse.h"
#include "core/util.h"

/* How often a thread that moves while it is copied is tried again. */
#define TRIES 3

/* The leaf end of a stack that is copied; real stacks use some KiB of it. */
#define STACK_MAX (256u << 10)
/* Of a longer one also the outermost end, so that main() and the thread's start are seen. */
#define TOP_MAX (64u << 10)

/* System V psABI 3.2.2: a leaf function may use 128 bytes below its stack pointer. */
#define RED_ZONE 128

/* The descriptors of one thread while it is looked at. */
struct sight {
	int dir; /* /proc/PID */
	pid_t tid;
	int run_fd, call_fd;
};

int sight_read_run(int dir, const struct raw_thread *t, struct raw_run *ret)
{
	return t->runfd < 0 ? raw_run_read_at(dir, t->tid, ret) : raw_run_read(t->runfd, ret);
}

void sight_set_run(struct raw_look *look, const struct raw_run *run)
{
	look->cpu_ns = run->cpu_ns;
	look->wait_ns = run->wait_ns;
	look->runs = run->runs;
}

/* ---- what the kernel says ---- */

int look_parse_call(const char *text, struct look_call *ret)
{
	struct look_call call = { .nr = SNAP_NONE };
	const char *p = text;
	uint64_t *words[] = { &call.args[0], &call.args[1], &call.args[2], &call.args[3],
			      &call.args[4], &call.args[5], &call.sp,      &call.pc };
	size_t i = 0;
	int64_t nr;

	if (str_starts(text, "running")) {
		*ret = (struct look_call){ .running = true, .nr = SNAP_UNKNOWN };
		return 0;
	}
	if (!scan_i64(&p, &nr))
		return -EBADMSG;
	if (nr >= 0)
		call.nr = nr;
	else
		i = 6; /* blocked outside of a call: "-1 sp pc" */
	for (; i < ARRAY_SIZE(words); i++) {
		scan_blanks(&p);
		if (!scan_u64(&p, 16, words[i]))
			return -EBADMSG;
	}
	*ret = call;
	return 0;
}

static int read_run(const struct sight *s, struct raw_run *ret)
{
	return s->run_fd < 0 ? raw_run_read_at(s->dir, s->tid, ret) : raw_run_read(s->run_fd, ret);
}

static int read_call(const struct sight *s, char *text, size_t cap, struct look_call *ret)
{
	ssize_t n = pread(s->call_fd, text, cap - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return look_parse_call(text, ret);
}

static int sight_open(struct sight *s, int dir, const struct raw_thread *t)
{
	char path[40];

	*s = (struct sight){ .dir = dir, .tid = t->tid, .run_fd = t->runfd, .call_fd = -1 };
	(void)snprintf(path, sizeof(path), "task/%d/schedstat", t->tid);
	if (s->run_fd < 0)
		s->run_fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (s->run_fd < 0 && errno != ENOENT)
		return -errno;
	(void)snprintf(path, sizeof(path), "task/%d/syscall", t->tid);
	s->call_fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	return s->call_fd < 0 ? -errno : 0;
}

/* The run count is asked for again before the report is believed: where descriptors allow, its file
 * stays open. */
static void sight_close(struct acquirer *a, struct sight *s, struct raw_thread *t)
{
	if (t->runfd < 0 && s->run_fd >= 0 && a->runfds_left) {
		a->runfds_left--;
		t->runfd = s->run_fd;
	} else if (t->runfd < 0) {
		s->run_fd = fd_close(s->run_fd);
	}
	s->call_fd = fd_close(s->call_fd);
}

/* ---- its stack ---- */

bool look_stack_range(const struct raw_maps *maps, uint64_t sp, struct look_range *ret)
{
	const struct raw_map *m = raw_maps_find(maps, sp);

	if (!m)
		return false;
	uint64_t lo = sp - m->start > RED_ZONE ? sp - RED_ZONE : m->start;
	struct look_range r = { .lo = lo, .n = m->end - lo };
	if (r.n > STACK_MAX) {
		uint64_t rest = r.n - STACK_MAX;
		r.top_n = MIN(rest, (uint64_t)TOP_MAX);
		r.top_lo = m->end - r.top_n;
		r.n = STACK_MAX;
	}
	*ret = r;
	return true;
}

/* Copies target memory; how much could be read, or -errno. */
static ssize_t read_memory(const struct raw_process *p, int memfd, uint64_t at, void *to, size_t n)
{
	if (memfd >= 0) {
		ssize_t got = pread(memfd, to, n, (off_t)at);
		return got < 0 ? -errno : got;
	}
	struct iovec local = { .iov_base = to, .iov_len = n };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)at, .iov_len = n };
	ssize_t got = process_vm_readv(p->pid, &local, 1, &remote, 1, 0);
	return got < 0 ? -errno : got;
}

static int copy_bytes(struct acquirer *a, const struct raw_process *p, int memfd, uint64_t lo,
		      size_t n, struct raw_bytes *ret)
{
	uint8_t *to = acquirer_alloc(a, n);

	if (!to)
		return -ENOMEM;
	ssize_t got = read_memory(p, memfd, lo, to, n);
	arena_trim(&a->local, to, got > 0 ? (size_t)got : 0);
	if (got <= 0)
		return got < 0 ? (int)got : -EFAULT;
	*ret = (struct raw_bytes){ .lo = lo, .n = (size_t)got, .bytes = to };
	return 0;
}

static int copy_stack(struct acquirer *a, const struct raw_process *p, int memfd, uint64_t sp,
		      struct raw_look *look)
{
	struct look_range range;

	if (!look_stack_range(p->maps, sp, &range))
		return -EFAULT;
	int r = copy_bytes(a, p, memfd, range.lo, range.n, &look->stack);
	if (r == 0 && range.top_n)
		(void)copy_bytes(a, p, memfd, range.top_lo, range.top_n, &look->top);
	return r;
}

/* ---- the look ---- */

static void set_call(struct raw_look *look, const struct look_call *call)
{
	look->syscall_nr = call->nr;
	memcpy(look->args, call->args, sizeof(look->args));
	look->regs.v[DWARF_RSP] = call->sp;
	look->regs.v[DWARF_RIP] = call->pc;
	look->regs.known = 1u << DWARF_RSP | 1u << DWARF_RIP;
}

/* 0: taken; 1: it moved or runs; -errno. */
static int try_look(struct acquirer *a, const struct raw_process *p, int memfd,
		    const struct sight *s, struct raw_look *look, bool *ret_worker)
{
	char text[256], text_after[256];
	struct raw_run run, run_after;
	struct look_call call, call_after;
	struct arena before = a->local;

	int r = read_run(s, &run);
	if (r < 0)
		return r;
	sight_set_run(look, &run);
	r = read_call(s, text, sizeof(text), &call);
	if (r < 0)
		return r;
	if (call.running)
		return 1;
	/* A kernel thread, or a thread that is past its end, has no stack of its own. */
	int copied = call.sp ? copy_stack(a, p, memfd, call.sp, look) : -ENODATA;
	r = read_call(s, text_after, sizeof(text_after), &call_after);
	if (r == 0)
		r = read_run(s, &run_after);
	if (r == 0 && (!str_eq(text, text_after) || run.runs != run_after.runs ||
		       run.cpu_ns != run_after.cpu_ns))
		r = 1;
	if (r != 0) {
		look->stack = look->top = (struct raw_bytes){ 0 };
		if (a->local.base == before.base)
			a->local.used = before.used;
		return r;
	}
	/* Registers of a thread that was never outside of the kernel: the number is what its maker
	 * had called. */
	*ret_worker = snap_known(call.nr) && call.nr >= 0 && !call.sp && !call.pc;
	if (*ret_worker)
		call.nr = SNAP_NONE;
	set_call(look, &call);
	if (copied < 0)
		return copied;
	look->taken = TAKEN_PROC;
	look->stack_hash = acquirer_alloc(a, sizeof(*look->stack_hash));
	return 0;
}

int sight_take(struct acquirer *a, const struct raw_process *p, int dir, int memfd,
	       struct raw_thread *t, struct raw_look *look)
{
	struct sight sight;
	int r = sight_open(&sight, dir, t);

	if (r == 0)
		for (int i = 0; i < TRIES; i++) {
			r = try_look(a, p, memfd, &sight, look, &t->kernel_worker);
			if (r <= 0)
				break;
		}
	sight_close(a, &sight, t);
	return r;
}
