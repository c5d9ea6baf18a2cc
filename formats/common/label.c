/* Names of rows; see label.h. */
#include "formats/common/label.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "core/util.h"
#include "snapshot/place.h"
#include "snapshot/schema.h"
#include "snapshot/wakers.h"

void label_process(struct strbuf *b, const struct snapshot *s, node_t process)
{
	const struct snap_process *p = SNAP_ROW(s, PROCESS, node_index(process));
	const char *name = snap_str(s, p->name);

	if (snap_known(p->pid))
		strbuf_addf(b, "%" PRId64 " ", p->pid);
	if (!name[0])
		name = snap_str(s, p->exe);
	strbuf_add(b, name[0] ? name : "(no name)");
}

static void label_thread(struct strbuf *b, const struct snap_index *x, const struct snap_thread *t)
{
	const struct snap_process *p = SNAP_ROW(x->s, PROCESS, node_index(t->owner));

	label_process(b, x->s, t->owner);
	if (t->tid != p->pid)
		strbuf_addf(b, " thread %s (%" PRId64 ")", snap_str(x->s, t->name), t->tid);
}

static void label_task(struct strbuf *b, const struct snap_index *x, const struct snap_task *t)
{
	strbuf_addf(b, "task %s of ", place_task_name(snap_str(x->s, t->name)));
	label_process(b, x->s, t->owner);
}

void label_short(struct strbuf *b, const struct snap_index *x, node_t n)
{
	const char *name = "";

	if (node_table(n) == TABLE_TASK) {
		name = place_task_name(snap_str(x->s, SNAP_ROW(x->s, TASK, node_index(n))->name));
	} else if (node_table(n) == TABLE_THREAD) {
		const struct snap_thread *t = SNAP_ROW(x->s, THREAD, node_index(n));
		name = snap_str(x->s, t->name);
		if (t->tid == SNAP_ROW(x->s, PROCESS, node_index(t->owner))->pid)
			name = "main thread";
	} else {
		label_node(b, x, n);
		return;
	}
	strbuf_add(b, name[0] ? name : "(no name)");
}

void label_node(struct strbuf *b, const struct snap_index *x, node_t n)
{
	const struct snapshot *s = x->s;
	uint32_t i = node_index(n);
	char id[16];

	switch (node_table(n)) {
	case TABLE_PROCESS:
		label_process(b, s, n);
		break;
	case TABLE_THREAD:
		label_thread(b, x, SNAP_ROW(s, THREAD, i));
		break;
	case TABLE_TASK:
		label_task(b, x, SNAP_ROW(s, TASK, i));
		break;
	case TABLE_RESOURCE:
		strbuf_addf(b, "%s %s",
			    snap_word(names_resource_kind, SNAP_ROW(s, RESOURCE, i)->kind),
			    snap_str(s, SNAP_ROW(s, RESOURCE, i)->text));
		break;
	case TABLE_WAIT:
		strbuf_add(b, snap_str(s, SNAP_ROW(s, WAIT, i)->what));
		break;
	case TABLE_FACT:
		strbuf_add(b, snap_str(s, SNAP_ROW(s, FACT, i)->text));
		break;
	case TABLE_EVENT:
		strbuf_add(b, snap_str(s, SNAP_ROW(s, EVENT, i)->text));
		break;
	case TABLE_GROUP:
		strbuf_addf(b, "group %s", snap_str(s, SNAP_ROW(s, GROUP, i)->title));
		break;
	case TABLE_SET:
		strbuf_addf(b, "a set of %u",
			    span_known(SNAP_ROW(s, SET, i)->members)
				    ? SNAP_ROW(s, SET, i)->members.n
				    : 0);
		break;
	default:
		strbuf_add(b, n == NODE_NONE      ? "nobody"
			      : n == NODE_UNKNOWN ? "?"
						  : snap_node_id(n, id));
	}
}

void label_wakers(struct strbuf *b, const struct snap_index *x, const struct snap_wait *w,
		  uint32_t most)
{
	struct snap_wakers it = snap_wakers_of(x->s, w);
	uint32_t n = 0;
	node_t waker;

	for (; snap_wakers_next(&it, &waker); n++) {
		if (n >= most)
			continue;
		strbuf_add(b, n ? ", " : "");
		label_node(b, x, waker);
	}
	if (n > most)
		strbuf_addf(b, " … %u in all", n);
}

void label_duration(struct strbuf *b, int64_t ns)
{
	int64_t s = ns / NSEC_PER_SEC;

	if (!snap_known(ns))
		strbuf_add(b, ns == SNAP_NONE ? "none" : "?");
	else if (ns <= 0)
		strbuf_add(b, "0 s");
	else if (ns < 10 * NSEC_PER_USEC)
		strbuf_addf(b, "%.1f µs", (double)ns / 1e3);
	else if (ns < NSEC_PER_MSEC)
		strbuf_addf(b, "%.0f µs", (double)ns / 1e3);
	else if (ns < NSEC_PER_SEC / 10)
		strbuf_addf(b, "%.1f ms", (double)ns / 1e6);
	else if (s < 10)
		strbuf_addf(b, "%.2f s", (double)ns / 1e9);
	else if (s < 120)
		strbuf_addf(b, "%.1f s", (double)ns / 1e9);
	else if (s < 7200)
		strbuf_addf(b, "%" PRId64 " min", s / 60);
	else if (s < 48 * 3600)
		strbuf_addf(b, "%.1f h", (double)s / 3600);
	else
		strbuf_addf(b, "%" PRId64 " days", s / 86400);
}

void label_time(struct strbuf *b, int64_t ns)
{
	if (snap_known(ns))
		strbuf_addf(b, "%c%.2f s", ns < 0 ? '-' : '+', (double)(ns < 0 ? -ns : ns) / 1e9);
	else
		strbuf_add(b, "?");
}

void label_count(struct strbuf *b, uint64_t n, const char *singular)
{
	strbuf_addf(b, "%" PRIu64 " %s%s", n, singular, n == 1 ? "" : "s");
}

static void add_signal(struct strbuf *b, int64_t signal)
{
	const char *name = signal > 0 && signal < NSIG ? sigabbrev_np((int)signal) : NULL;

	if (name)
		strbuf_addf(b, "SIG%s", name);
	else
		strbuf_addf(b, "%" PRId64, signal);
}

void label_exit(struct strbuf *b, const struct snapshot *s, const struct snap_process *p)
{
	const struct snap_exit *e = &p->exit;

	if (e->presence != PRESENCE_HERE)
		return;
	if (snap_known(e->signal)) {
		strbuf_add(b, "ended by signal ");
		add_signal(b, e->signal);
	} else if (snap_known(e->code)) {
		strbuf_addf(b, "exited with status %" PRId64, e->code);
	} else {
		strbuf_add(b, "has ended, how is not known");
	}
	if (snap_known(e->at_ns)) {
		strbuf_add(b, " at ");
		label_time(b, e->at_ns);
	}
	if (node_table(e->reaped_by) == TABLE_PROCESS) {
		strbuf_add(b, ", reaped by ");
		label_process(b, s, e->reaped_by);
	} else if (e->reaped_by == NODE_NONE) {
		strbuf_add(b, ", not reaped");
	}
}

void label_call(struct strbuf *b, const struct snapshot *s, const struct snap_call *call)
{
	if (call->presence != PRESENCE_HERE)
		return;
	if (snap_str(s, call->name)[0])
		strbuf_add(b, snap_str(s, call->name));
	else
		strbuf_addf(b, "system call %" PRId64, call->nr);
	if (snap_str(s, call->text)[0])
		strbuf_addf(b, "(%s)", snap_str(s, call->text));
}

void label_ids(struct strbuf *b, const struct snapshot *s, struct span nodes, unsigned max)
{
	char id[16];

	if (!span_known(nodes) || !nodes.n)
		return;
	strbuf_add_char(b, '[');
	for (uint32_t i = 0; i < nodes.n && i < max; i++)
		strbuf_addf(b, "%s%s", i ? " " : "",
			    snap_node_id(*SNAP_ROW(s, REF, nodes.first + i), id));
	strbuf_add(b, nodes.n > max ? " …]" : "]");
}

const char *label_can_end(unsigned can_end)
{
	switch (can_end) {
	case CAN_END_NO:
		return "cannot end by itself";
	case CAN_END_TIMER:
		return "only a deadline ends it";
	case CAN_END_YES:
		return "can end: work or progress will end it";
	default:
		return "whether it can end is not known";
	}
}
