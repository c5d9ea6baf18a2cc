/*
 * Looking at all threads, again and again; see look.h. How one is looked at is in sight.c.
 *
 * A thread that was not found asleep counts as running and is left to the tracer. One that has not
 * run since its last look is as it was then: that costs one cheap read.
 */
#include "acquire/asleep.h"
#include "acquire/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acquire/readers.h"
#include "acquire/restart.h"
#include "acquire/sight.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"
#include "raw/run.h"

/* A thread that ran or waited to run this much of the time is busy. */
#define BUSY_PERCENT 80

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
	int r = sight_read_run(dir, t, &run);

	if (r < 0)
		return r;
	sight_set_run(look, &run);
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

static int look_awake(struct acquirer *a, const struct raw_process *p, int dir, int memfd,
		      struct raw_thread *t, struct raw_look *look)
{
	int r = sight_take(a, p, dir, memfd, t, look);

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
	int r = sight_read_run(dir, t, &run);

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
	int r = sight_read_run(d.fd, t, &run);
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
