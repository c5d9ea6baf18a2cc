/*
 * The report for ui.perfetto.dev, in the trace event format that it reads: a track for each
 * process, thread and task with a slice for what it has been doing since it last ran, instants for
 * the events, and an arrow from a sleeper to the one who could wake it: where there is only one, or
 * where the verdict's chain goes on. A hundred arrows from each of a hundred sleepers would show
 * nothing.
 *
 * Processes are numbered by row, not by pid: a reused pid would put two of them on one track.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/util.h"
#include "formats/common/label.h"
#include "formats/format.h"
#include "snapshot/json.h"
#include "snapshot/schema.h"
#include "snapshot/wakers.h"

/* Arrows must begin and end inside slices: none is shorter than this. */
#define SLICE_NS NSEC_PER_MSEC

struct trace {
	const struct snapshot *s;
	const struct snap_index *x;
	struct json *j;
	int64_t zero_ns; /* the earliest time of all, which becomes 0 */
	int64_t captured_ns;
	int64_t arrows;
};

static void begin(struct trace *t, const char *phase, const char *name)
{
	json_object(t->j);
	json_key(t->j, "ph");
	json_str(t->j, phase);
	json_key(t->j, "name");
	json_str(t->j, name);
}

/* Microseconds since the beginning, as the format wants. */
static void put_time(struct trace *t, const char *key, int64_t ns)
{
	json_key(t->j, key);
	json_decimal(t->j, ns, 3);
}

static node_t process_of(const struct snapshot *s, node_t n)
{
	switch (node_table(n)) {
	case TABLE_PROCESS:
		return n;
	case TABLE_THREAD:
		return SNAP_ROW(s, THREAD, node_index(n))->owner;
	case TABLE_TASK:
		return SNAP_ROW(s, TASK, node_index(n))->owner;
	default:
		return NODE_UNKNOWN;
	}
}

/* A process has no slice of its own: its main thread stands for it. */
static node_t track_of(const struct trace *t, node_t n)
{
	return node_table(n) == TABLE_PROCESS ? snap_main_thread(t->x, n) : n;
}

static void put_track(struct trace *t, node_t n)
{
	json_key(t->j, "pid");
	json_int(t->j, node_index(process_of(t->s, n)) + 1);
	json_key(t->j, "tid");
	if (node_table(n) == TABLE_TASK)
		json_int(t->j, (int64_t)node_index(n) + SNAP_N(t->s, THREAD) + 1);
	else
		json_int(t->j, node_index(n) + 1);
}

static void name_track(struct trace *t, const char *what, node_t n)
{
	struct strbuf b = { 0 };

	if (node_table(n) == TABLE_PROCESS)
		label_process(&b, t->s, n);
	else
		label_short(&b, t->x, n);
	begin(t, "M", what);
	if (node_table(n) == TABLE_PROCESS) {
		json_key(t->j, "pid");
		json_int(t->j, node_index(n) + 1);
	} else {
		put_track(t, n);
	}
	json_key(t->j, "args");
	json_object(t->j);
	json_key(t->j, "name");
	json_str(t->j, strbuf_str(&b));
	json_object_end(t->j);
	json_object_end(t->j);
	strbuf_done(&b);
}

static void put_stack(struct trace *t, node_t n)
{
	const struct snap_stack *stack = snap_stack_of(t->x, n);
	char key[24];

	json_key(t->j, "args");
	json_object(t->j);
	for (uint32_t i = 0; stack && span_known(stack->frames) && i < stack->frames.n && i < 100;
	     i++) {
		const char *function =
			snap_str(t->s, SNAP_ROW(t->s, FRAME, stack->frames.first + i)->function);
		(void)snprintf(key, sizeof(key), "frame %02u", i);
		json_key(t->j, key);
		json_str(t->j, function[0] ? function : "??");
	}
	json_object_end(t->j);
}

static void put_slice(struct trace *t, node_t n, const char *name, int64_t since_ns)
{
	int64_t latest = minus_saturated(t->captured_ns, SLICE_NS), from = MIN(since_ns, latest);

	begin(t, "X", name);
	put_track(t, n);
	put_time(t, "ts", minus_saturated(from, t->zero_ns));
	put_time(t, "dur", minus_saturated(t->captured_ns, from));
	put_stack(t, n);
	json_object_end(t->j);
}

static int64_t blocked_since(const struct trace *t, const struct snap_thread *thread)
{
	return snap_known(thread->blocked_ns) && thread->blocked_ns > 0
		       ? minus_saturated(t->captured_ns, thread->blocked_ns)
		       : t->captured_ns;
}

static void put_threads(struct trace *t)
{
	for (uint32_t i = 0; i < SNAP_N(t->s, THREAD); i++) {
		const struct snap_thread *thread = SNAP_ROW(t->s, THREAD, i);
		struct strbuf b = { 0 };

		name_track(t, "thread_name", NODE(TABLE_THREAD, i));
		label_call(&b, t->s, &thread->call);
		if (!b.n)
			strbuf_addf(&b, "state %s", snap_str(t->s, thread->state));
		put_slice(t, NODE(TABLE_THREAD, i), strbuf_str(&b), blocked_since(t, thread));
		strbuf_done(&b);
	}
}

static void put_tasks(struct trace *t)
{
	for (uint32_t i = 0; i < SNAP_N(t->s, TASK); i++) {
		const struct snap_task *task = SNAP_ROW(t->s, TASK, i);
		const char *what = snap_str(t->s, task->waits_on);

		if (task->inherited)
			continue;
		name_track(t, "thread_name", NODE(TABLE_TASK, i));
		put_slice(t, NODE(TABLE_TASK, i),
			  what[0] ? what : snap_word(names_task_state, task->state),
			  t->captured_ns);
	}
}

static void put_arrow(struct trace *t, const char *phase, node_t n, const char *name)
{
	begin(t, phase, name);
	json_key(t->j, "cat");
	json_str(t->j, "wait");
	json_key(t->j, "id");
	json_int(t->j, t->arrows);
	json_key(t->j, "bp");
	json_str(t->j, "e");
	put_track(t, n);
	put_time(t, "ts",
		 minus_saturated(minus_saturated(t->captured_ns, SLICE_NS / 2), t->zero_ns));
	json_object_end(t->j);
}

/* To whom the chain of a verdict goes on from its k-th wait. */
static node_t next_in_chain(const struct trace *t, const struct snap_verdict *v, uint32_t k)
{
	if (k + 1 < v->chain.n)
		return SNAP_ROW(t->s, WAIT,
				node_index(*SNAP_ROW(t->s, REF, v->chain.first + k + 1)))
			->from;
	return v->end.presence == PRESENCE_HERE && process_of(t->s, v->end.node) != NODE_UNKNOWN
		       ? v->end.node
		       : NODE_UNKNOWN;
}

/* For each wait, whom its arrow points at; NODE_UNKNOWN: nobody is singled out. */
static void single_out(const struct trace *t, node_t *to)
{
	for (uint32_t i = 0; i < SNAP_N(t->s, WAIT); i++) {
		const struct snap_wait *w = SNAP_ROW(t->s, WAIT, i);
		struct snap_wakers it = snap_wakers_of(t->s, w);

		if (snap_wakers_count(t->s, w, 2) == 1)
			(void)snap_wakers_next(&it, &to[i]);
	}
	for (uint32_t i = 0; i < SNAP_N(t->s, VERDICT); i++) {
		const struct snap_verdict *v = SNAP_ROW(t->s, VERDICT, i);
		for (uint32_t k = 0; span_known(v->chain) && k < v->chain.n; k++)
			to[node_index(*SNAP_ROW(t->s, REF, v->chain.first + k))] =
				next_in_chain(t, v, k);
	}
}

static void put_waits(struct trace *t, const node_t *singled)
{
	for (uint32_t i = 0; i < SNAP_N(t->s, WAIT); i++) {
		const struct snap_wait *w = SNAP_ROW(t->s, WAIT, i);
		node_t from = track_of(t, w->from), to = track_of(t, singled[i]);

		if (from <= NODE_NONE || to <= NODE_NONE || from == to)
			continue;
		t->arrows++;
		put_arrow(t, "s", from, snap_word(names_wait_on, w->on));
		put_arrow(t, "f", to, snap_word(names_wait_on, w->on));
	}
}

static void put_events(struct trace *t)
{
	for (uint32_t i = 0; i < SNAP_N(t->s, EVENT); i++) {
		const struct snap_event *e = SNAP_ROW(t->s, EVENT, i);
		node_t process = process_of(t->s, e->about);

		if (!snap_known(e->at_ns))
			continue;
		begin(t, "i", snap_str(t->s, e->text));
		json_key(t->j, "s");
		json_str(t->j, process == NODE_UNKNOWN ? "g" : "p");
		json_key(t->j, "pid");
		json_int(t->j, process == NODE_UNKNOWN ? 0 : node_index(process) + 1);
		put_time(t, "ts", minus_saturated(e->at_ns, t->zero_ns));
		json_object_end(t->j);
	}
}

static int64_t earliest(const struct trace *t)
{
	int64_t least = minus_saturated(t->captured_ns, SLICE_NS);

	for (uint32_t i = 0; i < SNAP_N(t->s, EVENT); i++)
		if (snap_known(SNAP_ROW(t->s, EVENT, i)->at_ns))
			least = MIN(least, SNAP_ROW(t->s, EVENT, i)->at_ns);
	for (uint32_t i = 0; i < SNAP_N(t->s, THREAD); i++)
		least = MIN(least, blocked_since(t, SNAP_ROW(t->s, THREAD, i)));
	return least;
}

static int write_perfetto(const struct snapshot *s, const struct snap_index *x,
			  const struct view *v, FILE *out)
{
	CLEANUP(freep) struct json *j = calloc(1, sizeof(*j));
	CLEANUP(freep) node_t *singled = calloc(SNAP_N(s, WAIT) + 1, sizeof(*singled));
	struct trace t = { .s = s, .x = x, .j = j };

	(void)v;
	if (!j || !singled)
		return -ENOMEM;
	t.captured_ns = snap_known(s->head.captured_ns) ? s->head.captured_ns : 0;
	t.zero_ns = earliest(&t);
	json_begin(j, json_to_file, out, 2);
	json_object(j);
	json_key(j, "displayTimeUnit");
	json_str(j, "ms");
	json_key(j, "traceEvents");
	json_array(j);
	for (uint32_t i = 0; i < SNAP_N(s, PROCESS); i++)
		name_track(&t, "process_name", NODE(TABLE_PROCESS, i));
	put_threads(&t);
	put_tasks(&t);
	single_out(&t, singled);
	put_waits(&t, singled);
	put_events(&t);
	json_array_end(j);
	json_object_end(j);
	return json_end(j);
}

const struct format format_perfetto = {
	.name = "perfetto",
	.about = "tracks and arrows for ui.perfetto.dev",
	.suffix = ".trace.json",
	.write = write_perfetto,
};
