/*
 * One look at a sleeping thread, without a stop; see look.h.
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
#include "acquire/asleep.h"
#include "acquire/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "acquire/readers.h"
#include "acquire/restart.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"
#include "raw/run.h"

/* How often a thread that moves while it is copied is tried again. */
#define TRIES 3

/* The leaf end of a stack that is copied; real stacks use some KiB of it. */
#define STACK_MAX (256u << 10)
/* Of a longer one also the outermost end, so that main() and the thread's start are seen. */
#define TOP_MAX (64u << 10)

/* System V psABI 3.2.2: a leaf function may use 128 bytes below its stack pointer. */
#define RED_ZONE 128

/* A thread that ran or waited to run this much of the time is busy. */
#define BUSY_PERCENT 80

/* The descriptors of one thread while it is looked at. */
struct sight {
	int dir; /* /proc/PID */
	pid_t tid;
	int run_fd, call_fd;
};

static int read_run(int dir, pid_t tid, int runfd, struct raw_run *ret)
{
	return runfd < 0 ? raw_run_read_at(dir, tid, ret) : raw_run_read(runfd, ret);
}

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

static void set_call(struct raw_look *look, const struct look_call *call)
{
	look->syscall_nr = call->nr;
	memcpy(look->args, call->args, sizeof(look->args));
	look->regs.v[DWARF_RSP] = call->sp;
	look->regs.v[DWARF_RIP] = call->pc;
	look->regs.known = 1u << DWARF_RSP | 1u << DWARF_RIP;
}

static void set_run(struct raw_look *look, const struct raw_run *run)
{
	look->cpu_ns = run->cpu_ns;
	look->wait_ns = run->wait_ns;
	look->runs = run->runs;
}

/* 0: taken; 1: it moved or runs; -errno. */
static int try_look(struct acquirer *a, const struct raw_process *p, int memfd,
		    const struct sight *s, struct raw_look *look, bool *ret_worker)
{
	char text[256], text_after[256];
	struct raw_run run, run_after;
	struct look_call call, call_after;
	struct arena before = a->local;

	int r = read_run(s->dir, s->tid, s->run_fd, &run);
	if (r < 0)
		return r;
	set_run(look, &run);
	r = read_call(s, text, sizeof(text), &call);
	if (r < 0)
		return r;
	if (call.running)
		return 1;
	/* A kernel thread, or a thread that is past its end, has no stack of its own. */
	int copied = call.sp ? copy_stack(a, p, memfd, call.sp, look) : -ENODATA;
	r = read_call(s, text_after, sizeof(text_after), &call_after);
	if (r == 0)
		r = read_run(s->dir, s->tid, s->run_fd, &run_after);
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

static int64_t read_io(int dir, pid_t tid)
{
	char path[40], text[512];
	const char *p;
	uint64_t in, out;

	(void)snprintf(path, sizeof(path), "task/%d/io", tid);
	if (fs_read(dir, path, text, sizeof(text)) < 0 || !(p = scan_key(text, "rchar")) ||
	    !scan_u64(&p, 10, &in) || !(p = scan_key(text, "wchar")) || !scan_u64(&p, 10, &out))
		return SNAP_UNKNOWN;
	return (int64_t)(in + out);
}

static struct raw_look new_look(const struct raw_capture *c)
{
	return (struct raw_look){ .at_ns = raw_now_ns(c),
				  .syscall_nr = SNAP_UNKNOWN,
				  .cpu_ns = SNAP_UNKNOWN,
				  .wait_ns = SNAP_UNKNOWN,
				  .runs = SNAP_UNKNOWN,
				  .io_bytes = SNAP_UNKNOWN };
}

static void push_look(struct raw_thread *t, const struct raw_look *look)
{
	struct raw_look *slot = array_push(&t->looks);

	if (!slot)
		return;
	*slot = *look;
	if (look->taken)
		t->primary = t->looks.n - 1;
}

/* Where we may not see what a thread does, how often it runs is for everyone to see. */
static int look_run_only(const struct raw_process *p, int dir, const struct raw_thread *t,
			 struct raw_look *look)
{
	struct raw_run run;
	int r = read_run(dir, t->tid, t->runfd, &run);

	if (r < 0)
		return r;
	set_run(look, &run);
	if (p->kernel_thread)
		look->syscall_nr = SNAP_NONE;
	return p->refused ? p->refused_error : 0;
}

/* Of one that sleeps the registers tell; one that polls has no others to show. */
static bool runs_in_kernel_only(int dir, pid_t tid)
{
	struct raw_stat stat;
	char path[40];

	(void)snprintf(path, sizeof(path), "task/%d/stat", tid);
	return raw_stat_read(dir, path, &stat) == 0 && stat.kernel_worker;
}

/* A full look: up to three tries to find it asleep. */
static int look_awake(struct acquirer *a, const struct raw_process *p, int dir, int memfd,
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
	look->running = r > 0;
	if (look->running)
		t->kernel_worker = runs_in_kernel_only(dir, t->tid);
	/* The numbers of a 32-bit program's calls are others: 29 is pause there and shmget here. */
	if (p->maps && raw_maps_32bit(p->maps))
		look->syscall_nr = SNAP_UNKNOWN;
	return MIN(r, 0);
}

static void look_thread(struct acquirer *a, struct raw_process *p, int dir, int memfd,
			struct raw_thread *t, bool moved)
{
	struct raw_look look = new_look(a->c);

	look.moved = moved;
	if (p->kernel_thread || p->refused)
		look.error = look_run_only(p, dir, t, &look);
	else
		look.error = look_awake(a, p, dir, memfd, t, &look);
	if (a->c->options->samples > 1)
		look.io_bytes = read_io(dir, t->tid);
	t->gone = has_ended(look.error);
	restart_resolve(dir, t, &look);
	push_look(t, &look);
}

/* The memory or the mappings were of the program before an exec, or a mapping is newer than our
 * list. */
static bool stale(const struct raw_thread *t)
{
	const struct raw_look *look = t->looks.n ? &t->looks.v[t->looks.n - 1] : NULL;

	return look && (look->error == -EFAULT || look->error == -EIO);
}

typedef void visit_fn(struct acquirer *a, struct raw_process *p, int dir, int memfd,
		      struct raw_thread *t);

static void each_thread(struct acquirer *a, struct raw_process *p, visit_fn *visit)
{
	struct process_dir d = process_dir(p);

	if (d.fd < 0) {
		process_lost(p, d.fd);
		return;
	}
	bool own_memory;
	int memfd = process_memory(p, &own_memory);
	for (size_t i = 0; i < p->threads.n; i++)
		if (!p->threads.v[i].gone)
			visit(a, p, d.fd, memfd, &p->threads.v[i]);
	if (own_memory)
		(void)fd_close(memfd);
	process_dir_done(&d);
}

static void visit_status(struct acquirer *a, struct raw_process *p, int dir, int memfd,
			 struct raw_thread *t)
{
	asleep_read(a, p, dir, t);
}

static void visit_first(struct acquirer *a, struct raw_process *p, int dir, int memfd,
			struct raw_thread *t)
{
	look_thread(a, p, dir, memfd, t, false);
}

static void visit_stale(struct acquirer *a, struct raw_process *p, int dir, int memfd,
			struct raw_thread *t)
{
	if (!stale(t))
		return;
	t->looks.n--;
	look_thread(a, p, dir, memfd, t, false);
}

/* Behind the looks: see raw_run_still(). */
static void count_tasks(struct acquirer *a, struct raw_process *p)
{
	if (p->procfd < 0 || p->gone || !a->runfds_left)
		return;
	p->taskfd = openat(p->procfd, "task", O_PATH | O_DIRECTORY | O_CLOEXEC);
	a->runfds_left -= p->taskfd >= 0;
	p->n_tasks = raw_run_count(p->taskfd);
}

static void look_at_process(struct acquirer *a, struct raw_process *p)
{
	process_open(a, p);
	each_thread(a, p, visit_first);

	bool again = false;
	for (size_t k = 0; k < p->threads.n; k++)
		again |= stale(&p->threads.v[k]);
	if (again && !p->gone) {
		process_open(a, p);
		each_thread(a, p, visit_stale);
	}
	each_thread(a, p, visit_status);
	count_tasks(a, p);
}

/* Processes outside the tree join after the first round: who was looked at is left alone. */
static bool not_seen(const struct raw_process *p)
{
	return !p->gone && !p->zombie && !(p->threads.n && p->threads.v[0].looks.n);
}

void look_first(struct acquirer *a)
{
	readers_run(a, not_seen, look_at_process, READER_LOSES_ALL);
}

static void visit_again(struct acquirer *a, struct raw_process *p, int dir, int memfd,
			struct raw_thread *t)
{
	struct raw_run run;
	int r = read_run(dir, t->tid, t->runfd, &run);

	if (has_ended(r) || t->looks.n == 0) {
		t->gone = true;
		return;
	}
	struct raw_look look = t->looks.v[t->looks.n - 1];
	if (r == 0 && run.runs == look.runs && run.cpu_ns == look.cpu_ns && !look.running) {
		/* It has not run, so everything is as it was; the stack hash is shared, the bytes
		 * are not repeated. */
		look.at_ns = raw_now_ns(a->c);
		look.moved = false;
		look.taken = 0;
		look.stack = look.top = (struct raw_bytes){ 0 };
		push_look(t, &look);
		return;
	}
	look_thread(a, p, dir, memfd, t, true);
	if (stale(t)) {
		process_open(a, p);
		t->looks.n--;
		look_thread(a, p, dir, p->memfd, t, true);
	}
	visit_status(a, p, dir, memfd, t);
}

static void look_again_at_process(struct acquirer *a, struct raw_process *p)
{
	each_thread(a, p, visit_again);
}

static bool seen(const struct raw_process *p)
{
	/* One whose reader got stuck, or that none came to, is not tried again. */
	return !p->gone && !p->zombie && p->refused_error != -ETIMEDOUT;
}

void look_again(struct acquirer *a)
{
	readers_run(a, seen, look_again_at_process, READER_LOSES_ALL);
}

int look_ran_since(const struct raw_process *p, const struct raw_thread *t, size_t since)
{
	struct raw_run run;

	if (since >= t->looks.n)
		return -ENODATA;
	struct process_dir d = process_dir(p);
	if (d.fd < 0)
		return has_ended(d.fd) ? 1 : d.fd;
	int r = read_run(d.fd, t->tid, t->runfd, &run);
	process_dir_done(&d);
	if (r < 0)
		return has_ended(r) ? 1 : r;
	return raw_run_since(&t->looks.v[since], &run);
}

enum activity look_activity(const struct raw_thread *t)
{
	if (t->looks.n < 2)
		return 0;
	const struct raw_look *first = &t->looks.v[0], *last = &t->looks.v[t->looks.n - 1];
	int64_t wall_ns = last->at_ns - first->at_ns;
	if (!snap_known(first->runs) || !snap_known(last->runs) || wall_ns <= 0)
		return 0;
	if (first->runs == last->runs && first->cpu_ns == last->cpu_ns && !last->running)
		return ACTIVITY_PARKED;
	if (!snap_known(first->cpu_ns) || !snap_known(first->wait_ns))
		return ACTIVITY_MOVING;
	int64_t wanted_ns = raw_run_wanted_ns(first, last);
	/* Nor could it run while we held it. */
	for (size_t i = 0; i + 1 < t->looks.n; i++)
		wanted_ns += t->looks.v[i].stopped_ns;
	return wanted_ns >= wall_ns / 100 * BUSY_PERCENT ? ACTIVITY_BUSY : ACTIVITY_MOVING;
}
