/*
 * The disposable tracer; see tracer.h.
 *
 * The child gets its orders by fork and gives its results through shared memory: an array of
 * tracees that it fills in as it goes, and the arena for stack bytes. The parent watches how long
 * each process takes and kills the child when one takes too long; a killed tracer frees all it
 * holds. A new child then does the rest.
 *
 * A thread that could not be stopped cannot be let go either. The child therefore ends after such a
 * process, and the next one is done by a new child.
 */
#include "acquire/tracer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acquire/tracer_child.h"
#include "core/child.h"
#include "core/util.h"

/* How long a thread may take to leave the traced state after its tracer let go. */
#define SETTLE_NS (20 * NSEC_PER_MSEC)

/* One process to do. */
struct job {
	size_t process, first, n; /* index in the capture; its tracees */
};

/* Shared between parent and child. */
struct orders {
	size_t n_jobs, next; /* jobs before `next` are done or given up */
	size_t arena_used;
	size_t n_tracees;
	struct job *jobs;
	struct tracee *tracees;
	size_t bytes; /* of this mapping */
};

static struct orders *orders_new(size_t max_jobs, size_t max_tracees)
{
	size_t bytes = sizeof(struct orders) + max_jobs * sizeof(struct job) +
		       max_tracees * sizeof(struct tracee);
	struct orders *o =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (o == MAP_FAILED)
		return NULL;
	o->bytes = bytes;
	o->tracees = (struct tracee *)(o + 1);
	o->jobs = (struct job *)(o->tracees + max_tracees);
	return o;
}

static void orders_freep(struct orders **o)
{
	if (*o)
		(void)munmap(*o, (*o)->bytes);
}

static _Noreturn void child_stop(struct raw_capture *c, struct orders *o)
{
	while (o->next < o->n_jobs) {
		const struct job *j = &o->jobs[o->next];
		struct tracees s;
		struct process_dir dir;
		bool free_to_go = true;
		if (tracer_child_open(&s, c, j->process, &o->tracees[j->first], j->n, &dir)) {
			tracees_stop(&s, deadline_in(c->options->stop_budget_ns));
			tracees_take(&s);
			o->arena_used = c->arena->used;
			free_to_go = tracees_release(&s);
		}
		process_dir_done(&dir);
		o->next++;
		if (!free_to_go)
			break;
	}
	_exit(0);
}

/* Waits for the child as long as it goes on from process to process; kills it when one takes longer
 * than allowed. */
static void watch(const struct raw_capture *c, const struct orders *o, pid_t child)
{
	int64_t allowed_ns = c->options->stop_budget_ns + TRACER_GRACE_NS;
	CLEANUP(fd_closep) int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	struct deadline until = deadline_in(allowed_ns);
	size_t job = o->next;

	while (!deadline_passed(until)) {
		struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
		if (poll(&pfd, 1, deadline_left_ms(until)) > 0)
			break;
		size_t next = __atomic_load_n(&o->next, __ATOMIC_ACQUIRE);
		if (next != job) {
			job = next;
			until = deadline_in(allowed_ns);
		}
	}
	(void)child_end(child, deadline_in(0), NULL);
}

/* Killed in the middle of a process: how long its threads stood is known, what was taken of them is
 * not whole. */
static void give_up_job(struct orders *o)
{
	const struct job *j = &o->jobs[o->next++];

	for (size_t i = 0; i < j->n; i++) {
		struct tracee *t = &o->tracees[j->first + i];
		int64_t stopped_ns = t->stopped_ns;
		if (t->stopped && !stopped_ns)
			stopped_ns = clock_monotonic_ns() - t->asked_ns;
		*t = (struct tracee){ .tid = t->tid,
				      .error = -ETIMEDOUT,
				      .stopped_ns = stopped_ns,
				      .was_stopped = t->was_stopped };
	}
}

static void run_orders(struct raw_capture *c, struct orders *o)
{
	while (o->next < o->n_jobs && !deadline_passed(c->deadline)) {
		pid_t self = getpid();
		size_t before = o->next;
		o->arena_used = c->arena->used;
		pid_t child = fork();
		if (child < 0)
			return;
		if (child == 0) {
			tracer_child_begin(self);
			child_stop(c, o);
		}
		watch(c, o, child);
		c->arena->used = MAX(c->arena->used, o->arena_used);
		if (o->next == before)
			give_up_job(o);
	}
}

/* ---- whom ---- */

static bool wanted(const struct raw_capture *c, const struct raw_thread *t, bool last_round)
{
	const struct raw_look *look = t->looks.n ? &t->looks.v[t->looks.n - 1] : NULL;

	if (t->gone || t->kernel_worker || !look)
		return false;
	if (c->options->stop == STOP_ALWAYS)
		return last_round;
	return c->options->stop == STOP_AUTO && look->running && !look->taken;
}

static size_t count_wanted(const struct raw_capture *c, const struct raw_process *p,
			   bool last_round)
{
	size_t n = 0;

	for (size_t i = 0; tracer_may_trace(p) && i < p->threads.n; i++)
		n += wanted(c, &p->threads.v[i], last_round);
	return n;
}

static void add_job(struct raw_capture *c, struct orders *o, size_t process, bool last_round)
{
	const struct raw_process *p = &c->processes.v[process];
	struct job *j = &o->jobs[o->n_jobs];

	*j = (struct job){ .process = process, .first = o->n_tracees };
	for (size_t i = 0; i < p->threads.n; i++) {
		if (!wanted(c, &p->threads.v[i], last_round))
			continue;
		o->tracees[o->n_tracees++] =
			(struct tracee){ .tid = p->threads.v[i].tid, .error = -ETIMEDOUT };
		j->n++;
	}
	o->n_jobs += j->n > 0;
}

/* ---- what came of it ---- */

/* Still stopped although nobody holds it? Then say so: this must never happen. */
static void check_running(struct raw_capture *c, const struct raw_process *p,
			  const struct raw_thread *t, const struct tracee *x)
{
	struct deadline until = deadline_in(SETTLE_NS);
	struct process_dir d = process_dir(p);
	struct raw_stat stat;
	char path[40];

	if (d.fd < 0)
		return;
	(void)snprintf(path, sizeof(path), "task/%d/stat", t->tid);
	while (raw_stat_read(d.fd, path, &stat) == 0 && (stat.state == 't' || stat.state == 'T') &&
	       !(stat.state == 'T' && x->was_stopped)) {
		if (deadline_passed(until)) {
			builder_gap(c->b, t->node, true, "a thread is stopped after the capture",
				    "it ran before it",
				    stat.state == 'T' ? "kill -CONT its process" : NULL);
			break;
		}
		clock_sleep_until(clock_monotonic_ns() + NSEC_PER_MSEC);
	}
	process_dir_done(&d);
}

static void note_result(struct raw_capture *c, const struct raw_process *p, struct raw_thread *t,
			const struct tracee *x)
{
	struct raw_look *look = &t->looks.v[t->looks.n - 1];

	look->stopped_ns = MAX(look->stopped_ns, x->stopped_ns);
	if (x->error < 0 || !x->regs.known) {
		if (!look->taken)
			look->error = x->error;
		return;
	}
	look->error = 0;
	look->taken = TAKEN_PTRACE;
	look->regs = x->regs;
	look->stack = x->stack;
	look->top = x->top;
	/* The stop itself made it restart_syscall: what it was before is known from the look. */
	if (x->syscall_nr != SYS_restart_syscall || !snap_known(look->syscall_nr)) {
		look->syscall_nr = x->syscall_nr;
		memcpy(look->args, x->args, sizeof(look->args));
	}
	if (!look->stack_hash)
		look->stack_hash = arena_alloc(c->arena, sizeof(*look->stack_hash));
	t->primary = t->looks.n - 1;
	check_running(c, p, t, x);
}

void tracer_stop_rest(struct acquirer *a, bool last_round)
{
	struct raw_capture *c = a->c;
	size_t jobs = 0, tracees = 0;

	if (c->options->stop == STOP_NEVER)
		return;
	for (size_t i = 0; i < c->processes.n; i++) {
		size_t n = count_wanted(c, &c->processes.v[i], last_round);
		jobs += n > 0;
		tracees += n;
	}
	if (!jobs)
		return;
	CLEANUP(orders_freep) struct orders *o = orders_new(jobs, tracees);
	if (!o)
		return;
	for (size_t i = 0; i < c->processes.n; i++)
		if (count_wanted(c, &c->processes.v[i], last_round))
			add_job(c, o, i, last_round);
	run_orders(c, o);
	for (size_t k = 0; k < o->n_jobs; k++) {
		struct raw_process *p = &c->processes.v[o->jobs[k].process];
		for (size_t i = 0; i < o->jobs[k].n; i++) {
			const struct tracee *x = &o->tracees[o->jobs[k].first + i];
			struct raw_thread *t = tracer_find_thread(p, x->tid);
			if (t)
				note_result(c, p, t, x);
		}
	}
}
