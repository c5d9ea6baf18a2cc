/*
 * Thread and sample rows; see rows.h. Written once, when the last look was taken: what a row shows
 * is the last look that has a stack, so that call, registers and frames are of one moment.
 */
#include "acquire/rows.h"

#include <errno.h>
#include <string.h>

#include "acquire/look.h"
#include "acquire/refusal.h"
#include "core/map.h"
#include "core/strbuf.h"
#include "core/util.h"
#include "raw/kernel_stack.h"
#include "raw/syscalls.h"

static void call_row(struct builder *b, struct snap_thread *row, const struct raw_look *look)
{
	struct strbuf text = { 0 };
	struct snap_call call = row->call;

	if (look->syscall_nr == SNAP_NONE) {
		row->call.presence = PRESENCE_NONE;
		return;
	}
	if (!snap_known(look->syscall_nr))
		return;
	call.presence = PRESENCE_HERE;
	call.nr = look->syscall_nr;
	call.name = builder_str(b, syscall_name(call.nr));
	for (size_t i = 0; i < ARRAY_SIZE(call.args); i++)
		call.args[i] = (int64_t)look->args[i];
	syscall_describe(&text, call.nr, look->args,
			 look->restarted ? SNAP_UNKNOWN : row->blocked_ns);
	if (text.n)
		call.text = builder_str(b, strbuf_str(&text));
	strbuf_done(&text);
	row->call = call;
}

static bool register_known(const struct raw_look *look, unsigned reg)
{
	return look->regs.known >> reg & 1;
}

/* What a thread did when it was seen last: the look with its stack, or the latest when there is
 * none. */
static const struct raw_look *shown(const struct raw_thread *t)
{
	const struct raw_look *primary = raw_primary(t);

	return primary && primary->taken ? primary : &t->looks.v[t->looks.n - 1];
}

/* Written again after the decode, which may have held the process still. */
static void stopped_row(struct raw_capture *c, const struct raw_thread *t)
{
	struct snap_thread *row = SNAP_ROW(c->b->s, THREAD, node_index(t->node));

	row->stopped_ns = 0;
	for (size_t i = 0; i < t->looks.n; i++)
		row->stopped_ns = MAX(row->stopped_ns, t->looks.v[i].stopped_ns);
}

static void thread_row(struct raw_capture *c, const struct raw_thread *t)
{
	struct snap_thread *row = SNAP_ROW(c->b->s, THREAD, node_index(t->node));

	if (!t->looks.n)
		return;
	const struct raw_look *look = shown(t), *last = &t->looks.v[t->looks.n - 1];
	call_row(c->b, row, look);
	if (register_known(look, DWARF_RSP) && register_known(look, DWARF_RIP)) {
		row->sp = (int64_t)look->regs.v[DWARF_RSP];
		row->pc = (int64_t)look->regs.v[DWARF_RIP];
	}
	row->cpu_ns = last->cpu_ns;
	row->switches = last->runs;
	row->activity = (uint8_t)look_activity(t);
	row->taken = look->taken;
	stopped_row(c, t);
}

/*
 * What every claim about this thread rests on: the call it sleeps in, or the state and the time on
 * a CPU of one that does not sleep.
 */
static void thread_facts(struct raw_capture *c, const struct raw_process *p,
			 const struct raw_thread *t)
{
	const struct snap_thread *row = SNAP_ROW(c->b->s, THREAD, node_index(t->node));
	const struct snapshot *s = c->b->s;
	char source[64];

	if (!t->looks.n || t->gone)
		return;
	const struct raw_look *first = &t->looks.v[0], *last = &t->looks.v[t->looks.n - 1];
	(void)snprintf(source, sizeof(source), "/proc/%d/task/%d/syscall", p->pid, t->tid);
	if (row->call.presence == PRESENCE_HERE)
		builder_fact(c->b, t->node, source, "syscall", row->call.nr, "in %s(%s)",
			     snap_str(s, row->call.name), snap_str(s, row->call.text));
	if (shown(t)->restarted)
		builder_fact(c->b, t->node, source, "restarted", 1,
			     "the call was interrupted and goes on: when it began is not known");
	(void)snprintf(source, sizeof(source), "/proc/%d/task/%d/schedstat", p->pid, t->tid);
	if (t->looks.n > 1 && last->runs != first->runs && snap_known(last->cpu_ns) &&
	    snap_known(first->cpu_ns))
		builder_fact(c->b, t->node, source, "cpu", last->cpu_ns - first->cpu_ns,
			     "%.1f ms on a CPU in %.1f ms, put there %lld times",
			     (double)(last->cpu_ns - first->cpu_ns) / NSEC_PER_MSEC,
			     (double)(last->at_ns - first->at_ns) / NSEC_PER_MSEC,
			     (long long)(last->runs - first->runs));
	if (t->status.known && t->status.state != 'S') {
		(void)snprintf(source, sizeof(source), "/proc/%d/task/%d/status", p->pid, t->tid);
		builder_fact(c->b, t->node, source, "state", t->status.state, "state %c",
			     t->status.state);
	}
}

static void thread_gap(struct raw_capture *c, const struct raw_process *p,
		       const struct raw_thread *t)
{
	const struct raw_look *look = t->looks.n ? shown(t) : NULL;

	/* A leader that ended before its threads has no stack any more. */
	if (p->kernel_thread || p->refused || t->status.state == 'Z')
		return;
	if (t->gone || !look) {
		if (!look || !look->taken)
			builder_gap(c->b, t->node, false, "the stack of a thread",
				    "it ended during the capture", NULL);
		return;
	}
	if (look->taken || t->kernel_worker)
		return;
	if (p->outside)
		builder_gap(c->b, t->node, false, "the stack of a running thread",
			    "only a stop shows it, and no process outside the tree is stopped",
			    "name its PID, too: hangwatch dump PID PID");
	else if (look->running && c->options->stop == STOP_NEVER)
		builder_gap(c->b, t->node, true, "the stack of a running thread",
			    "only a stop shows it, and --stop=never forbids that", "--stop=auto");
	else if (t->status.tracer)
		builder_gap(c->b, t->node, true, "the stack of a thread", "another tracer holds it",
			    "detach the debugger or strace");
	else if (look->error == -EBUSY)
		builder_gap(c->b, t->node, true, "the stack of a thread",
			    "it was in an uninterruptible sleep each time", NULL);
	else if (look->running && look->error == -EPERM)
		builder_gap(c->b, t->node, true, "the stack of a running thread",
			    refusal_of_stop().why, refusal_of_stop().fix);
	else if (look->running && look->error == -ETIMEDOUT)
		builder_gap(c->b, t->node, true, "the stack of a running thread",
			    "it did not stop within the stop budget", "--stop-budget 200ms");
	else
		builder_gap(c->b, t->node, true, "the stack of a thread",
			    strerror(look->error ? -look->error : ENODATA), NULL);
}

static void process_gap(struct raw_capture *c, const struct raw_process *p)
{
	if (p->hidden)
		builder_gap(
			c->b, p->node, true, "everything about a process",
			"it lives, but /proc hides it (mount option hidepid): it is another user's, or not dumpable",
			"run hangwatch with sudo");
	else if (p->gone)
		builder_gap(c->b, p->node, false, "everything about a process",
			    "it exited during the capture", NULL);
	else if (p->refused)
		refusal_gap(c, p);
	else if (p->stuck)
		builder_gap(c->b, p->node, false, "its command line",
			    "reading it blocks: nobody brings the page that it lies in", NULL);
	else if (p->maps && raw_maps_32bit(p->maps))
		builder_gap(c->b, p->node, true, "stacks and system calls of a 32-bit program",
			    "only those of 64-bit programs are read", NULL);
}

void look_rows(struct acquirer *a)
{
	struct raw_capture *c = a->c;

	for (size_t i = 0; i < c->processes.n; i++) {
		const struct raw_process *p = &c->processes.v[i];
		process_gap(c, p);
		for (size_t k = 0; k < p->threads.n; k++) {
			thread_row(c, &p->threads.v[k]);
			thread_facts(c, p, &p->threads.v[k]);
			if (!p->gone)
				thread_gap(c, p, &p->threads.v[k]);
		}
	}
}

static void sample_row(struct raw_capture *c, const struct raw_thread *t,
		       const struct raw_look *look)
{
	struct snap_sample *row = BUILD(c->b, SAMPLE);

	row->owner = t->node;
	row->at_ns = look->at_ns;
	row->cpu_ns = look->cpu_ns;
	row->switches = look->runs;
	row->syscall_nr = look->syscall_nr;
	row->io_bytes = look->io_bytes;
	if (register_known(look, DWARF_RSP) && register_known(look, DWARF_RIP)) {
		row->sp = (int64_t)look->regs.v[DWARF_RSP];
		row->pc = (int64_t)look->regs.v[DWARF_RIP];
	}
	if (look->stack_hash && *look->stack_hash)
		row->stack_hash = (int64_t)*look->stack_hash;
}

/*
 * Threads that the decoder had nothing to say about (kernel threads, other users' processes, or it
 * did not come so far) still have their kernel stack.
 */
static void kernel_stacks(struct raw_capture *c)
{
	const struct snapshot *s = c->b->s;
	struct map described = { 0 };

	for (uint32_t i = 0; i < SNAP_N(s, STACK); i++)
		(void)map_set(&described, SNAP_ROW(s, STACK, i)->owner, 1);
	for (size_t i = 0; i < c->processes.n; i++)
		for (size_t k = 0; k < c->processes.v[i].threads.n; k++) {
			const struct raw_thread *t = &c->processes.v[i].threads.v[k];
			if (!t->kernel_stack || map_get(&described, t->node, NULL))
				continue;
			uint32_t first = SNAP_N(s, FRAME);
			uint32_t n = kernel_stack_rows(c->b, t->kernel_stack, true);
			if (!n)
				continue;
			struct snap_stack *row = BUILD(c->b, STACK);
			row->owner = t->node;
			row->frames = (struct span){ .first = first, .n = n };
			row->complete = c->processes.v[i].kernel_thread || t->kernel_worker;
		}
	map_done(&described);
}

void sample_rows(struct acquirer *a)
{
	const struct raw_capture *c = a->c;

	kernel_stacks(a->c);

	for (size_t i = 0; i < c->processes.n; i++)
		for (size_t k = 0; k < c->processes.v[i].threads.n; k++) {
			const struct raw_thread *t = &c->processes.v[i].threads.v[k];
			if (t->looks.n)
				stopped_row(a->c, t);
			for (size_t n = 0; n < t->looks.n; n++)
				sample_row(a->c, t, &t->looks.v[n]);
		}
}
