/*
 * From wait rows to the graph of graph.h; see solve.h.
 */
#include "analysis/solve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/samples.h"
#include "core/util.h"

uint32_t sleeper_count(const struct analysis *a)
{
	return SNAP_N(a->s, THREAD) + SNAP_N(a->s, TASK) + SNAP_N(a->s, PROCESS);
}

uint32_t sleeper_of(const struct analysis *a, node_t n)
{
	uint32_t threads = SNAP_N(a->s, THREAD), tasks = SNAP_N(a->s, TASK);

	switch (node_table(n)) {
	case TABLE_THREAD:
		return node_index(n);
	case TABLE_TASK:
		return threads + node_index(n);
	default:
		return threads + tasks + node_index(n);
	}
}

node_t sleeper_node(const struct analysis *a, uint32_t sleeper)
{
	uint32_t threads = SNAP_N(a->s, THREAD), tasks = SNAP_N(a->s, TASK);

	if (sleeper < threads)
		return NODE(TABLE_THREAD, sleeper);
	if (sleeper < threads + tasks)
		return NODE(TABLE_TASK, sleeper - threads);
	return NODE(TABLE_PROCESS, sleeper - threads - tasks);
}

node_t main_sleeper(const struct analysis *a, node_t process)
{
	const struct process_view *v = view_of(a, process);

	if (v->opaque || v->main_thread == NODE_UNKNOWN)
		return process;
	if (v->main_task != NODE_UNKNOWN && loop_polls(a, v->main_thread) &&
	    a->threads[node_index(v->main_thread)].mode != MODE_STOPPED)
		return v->main_task;
	return v->main_thread;
}

bool wait_is_lost(const struct solution *s, uint32_t i)
{
	const struct snap_wait *w = wait_row(s->a, i);
	const struct wait_note *n = &s->a->notes.v[i];

	if ((s->reading & READING_USERS) && n->wanted)
		return true;
	return span_known(w->to) && !w->to.n && !n->sleep && !n->stopped &&
	       w->on != WAIT_ON_TIMER && !(w->on == WAIT_ON_TIMERFD && n->timed);
}

/* ---- building ---- */

struct build {
	struct solution *s;
	uint32_t *members;
	uint8_t *timed; /* thread: one of its waits ends by time, and is more than a sleep */
};

/*
 * It moved, but by its own deadline and to no avail: whenever it was looked at it slept in the same
 * place again, having hardly used the CPU. Without deadlines it would have slept on.
 */
static bool only_looks_again(const struct build *b, uint32_t i)
{
	const struct analysis *a = b->s->a;
	struct samples look = samples_of(a, NODE(TABLE_THREAD, i));

	return (b->s->reading & (READING_NO_DEADLINES | READING_TEARDOWN)) &&
	       a->threads[i].mode == MODE_MOVED && b->timed[i] && look.same_stack &&
	       look.distinct_calls == 1 && !look.burned;
}

static uint8_t seed_of_thread(const struct build *b, uint32_t i)
{
	switch ((enum mode)b->s->a->threads[i].mode) {
	case MODE_MOVED:
		return only_looks_again(b, i) ? GRAPH_NEVER : PHASE_ACTS;
	case MODE_RUNS:
		return PHASE_ACTS;
	case MODE_STOPPED:
		return PHASE_STOPPED;
	default:
		return GRAPH_NEVER;
	}
}

/* A task that could go on at once does so as soon as its loop turns. */
static uint8_t seed_of_task(const struct analysis *a, const struct snap_task *t)
{
	bool thread_known = node_table(t->thread) == TABLE_THREAD;

	if (t->inherited)
		return GRAPH_NEVER;
	if (thread_known && a->threads[node_index(t->thread)].mode == MODE_STOPPED)
		return PHASE_STOPPED;
	if (t->state == TASK_WAITING || (thread_known && !loop_polls(a, t->thread)))
		return GRAPH_NEVER;
	return PHASE_ACTS;
}

static void add_sleepers(struct build *b)
{
	const struct analysis *a = b->s->a;

	for (uint32_t i = 0; i < SNAP_N(a->s, THREAD); i++)
		graph_add_sleeper(&b->s->g, seed_of_thread(b, i));
	for (uint32_t i = 0; i < SNAP_N(a->s, TASK); i++)
		graph_add_sleeper(&b->s->g, seed_of_task(a, SNAP_ROW(a->s, TASK, i)));
	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS); i++) {
		bool outside = SNAP_ROW(a->s, PROCESS, i)->outside;
		graph_add_sleeper(&b->s->g, !a->processes[i].opaque ? GRAPH_NEVER
					    : outside               ? PHASE_ACTS
								    : PHASE_MAYBE);
	}
}

/* Set p is process p: those who can act in it; of a process that is being torn down, its main
 * thread only. */
static void add_process_set(struct build *b, uint32_t p)
{
	const struct analysis *a = b->s->a;
	node_t process = NODE(TABLE_PROCESS, p);
	struct snap_list threads = snap_children(&a->x, TABLE_THREAD, process);
	struct snap_list tasks = snap_children(&a->x, TABLE_TASK, process);
	uint32_t n = 0;

	if (a->processes[p].exited) {
		graph_add_set(&b->s->g, NULL, 0);
		return;
	}
	if (a->processes[p].opaque || (b->s->reading & READING_TEARDOWN)) {
		b->members[n++] = sleeper_of(a, main_sleeper(a, process));
	} else {
		for (uint32_t i = 0; i < threads.n; i++)
			if (!a->threads[threads.v[i]].idle)
				b->members[n++] = threads.v[i];
		for (uint32_t i = 0; i < tasks.n; i++) {
			const struct snap_task *t = SNAP_ROW(a->s, TASK, tasks.v[i]);
			if (!t->inherited && !t->service)
				b->members[n++] = SNAP_N(a->s, THREAD) + tasks.v[i];
		}
	}
	graph_add_set(&b->s->g, b->members, n);
}

static uint32_t party_set(struct build *b, uint32_t party)
{
	const struct analysis *a = b->s->a;
	uint32_t n = party_size(a, party);

	if (party == GRAPH_NONE || !n)
		return GRAPH_NONE;
	if (b->s->party_set[party] != GRAPH_NONE)
		return b->s->party_set[party];
	for (uint32_t i = 0; i < n; i++) {
		node_t m = party_member(a, party, i);
		b->members[i] = node_table(m) == TABLE_PROCESS ? graph_set_member(node_index(m))
							       : sleeper_of(a, m);
	}
	return b->s->party_set[party] = graph_add_set(&b->s->g, b->members, n);
}

static bool ends_by_time(const struct snap_wait *w, const struct wait_note *n)
{
	return n->timed && (!snap_known(w->deadline_ns) || w->deadline_ns < FAR_DEADLINE_NS);
}

static uint8_t seed_of_wait(const struct build *b, const struct snap_wait *w,
			    const struct wait_note *n)
{
	bool counts = n->unknown && !(n->partly && (b->s->reading & READING_UNSEEN_DO_NOT_COUNT)) &&
		      !(n->rests && (b->s->reading & READING_TEARDOWN));

	if (w->new_work || n->outside || n->sleep)
		return PHASE_ACTS;
	if (n->stopped)
		return PHASE_STOPPED;
	if (w->on == WAIT_ON_KERNEL && n->unknown)
		return PHASE_KERNEL;
	return counts || ends_by_time(w, n) ? PHASE_MAYBE : GRAPH_NEVER;
}

/* What a weaker reading leaves out on a wait of a sleeper that awaits something else, too. */
static bool is_soft(const struct build *b, const struct snap_wait *w, const struct wait_note *n)
{
	if (w->new_work)
		return b->s->reading & READING_TEARDOWN;
	return (b->s->reading & (READING_TEARDOWN | READING_NO_DEADLINES)) && ends_by_time(w, n) &&
	       !n->sleep;
}

static uint8_t seed_in_reading(const struct build *b, const struct snap_wait *w,
			       const struct wait_note *n, bool awaits_more)
{
	uint8_t seed = seed_of_wait(b, w, n);

	if ((b->s->reading & READING_USERS) && (n->moot || (n->users != GRAPH_NONE && n->signal)))
		return GRAPH_NEVER;
	/* A deadline on a wait that has wakers, or is known to have none: without it those are what
	 * counts. */
	bool alone = w->on == WAIT_ON_TIMER || w->new_work;
	if (is_soft(b, w, n) && (awaits_more || !alone) && !(n->unknown && !alone))
		return GRAPH_NEVER;
	return seed;
}

static void add_waits(struct build *b)
{
	const struct analysis *a = b->s->a;
	uint32_t n_waits = SNAP_N(a->s, WAIT), n;

	for (uint32_t first = 0; first < n_waits; first += n) {
		const struct snap_wait *f = wait_row(a, first);
		uint32_t sleeper = sleeper_of(a, f->from), hard = 0;
		for (n = 0; first + n < n_waits && wait_row(a, first + n)->from == f->from; n++)
			hard += !is_soft(b, wait_row(a, first + n), &a->notes.v[first + n]) ||
				(wait_row(a, first + n)->on != WAIT_ON_TIMER &&
				 !wait_row(a, first + n)->new_work);
		b->s->waits[sleeper] = (struct span){ first, n };

		/* Few groups a sleeper, numbered from 0. */
		uint32_t groups[4] = { GRAPH_NONE, GRAPH_NONE, GRAPH_NONE, GRAPH_NONE };
		for (uint32_t i = first; i < first + n; i++) {
			const struct snap_wait *w = wait_row(a, i);
			const struct wait_note *note = &a->notes.v[i];
			uint32_t *group = &groups[(uint64_t)w->group % ARRAY_SIZE(groups)];
			if (*group == GRAPH_NONE)
				*group = graph_add_group(&b->s->g, sleeper, w->need == NEED_ALL);
			graph_add_wait(&b->s->g, *group, party_set(b, wakers_of(b->s, i)),
				       seed_in_reading(b, w, note, hard > 0),
				       (b->s->reading & READING_TEARDOWN) &&
					       w->evidence == EVIDENCE_CANDIDATE);
		}
	}
}

/* A sleeper of whom no wait is known may be woken by anything. */
static void seed_the_unexplained(struct build *b)
{
	const struct analysis *a = b->s->a;
	uint32_t n = SNAP_N(a->s, THREAD) + SNAP_N(a->s, TASK);

	for (uint32_t i = 0; i < n; i++) {
		bool gone = i < SNAP_N(a->s, THREAD)
				    ? a->threads[i].mode == MODE_GONE
				    : SNAP_ROW(a->s, TASK, i - SNAP_N(a->s, THREAD))->inherited;
		if (!gone && !b->s->waits[i].n && b->s->g.sleepers.v[i] == GRAPH_NEVER)
			b->s->g.sleepers.v[i] = PHASE_MAYBE;
	}
}

/* Which threads have a deadline on what they wait for. */
static void note_timed(struct build *b)
{
	const struct analysis *a = b->s->a;

	for (uint32_t i = 0; i < SNAP_N(a->s, WAIT); i++) {
		const struct snap_wait *w = wait_row(a, i);
		if (node_table(w->from) == TABLE_THREAD)
			b->timed[node_index(w->from)] |=
				ends_by_time(w, &a->notes.v[i]) && !a->notes.v[i].sleep;
	}
}

int solve(const struct analysis *a, unsigned reading, struct solution *ret)
{
	struct solution s = {
		.a = a,
		.reading = reading,
		.party_set = malloc((a->parties.n + 1) * sizeof(*s.party_set)),
		.waits = calloc(sleeper_count(a) + 1, sizeof(*s.waits)),
	};
	/* No set has more members than there are sleepers and processes. */
	CLEANUP(freep)
	uint32_t *members = calloc(sleeper_count(a) + SNAP_N(a->s, PROCESS) + 1, sizeof(*members));
	CLEANUP(freep) uint8_t *timed = calloc(SNAP_N(a->s, THREAD) + 1, 1);
	struct build b = { .s = &s, .members = members, .timed = timed };

	if (!s.party_set || !s.waits || !members || !timed) {
		solution_done(&s);
		return -ENOMEM;
	}
	memset(s.party_set, 0xff, (a->parties.n + 1) * sizeof(*s.party_set));
	note_timed(&b);
	add_sleepers(&b);
	for (uint32_t p = 0; p < SNAP_N(a->s, PROCESS); p++)
		add_process_set(&b, p);
	add_waits(&b);
	seed_the_unexplained(&b);
	int r = graph_spread(&s.g, &s.reach);
	if (r < 0)
		solution_done(&s);
	else
		*ret = s;
	return r;
}

void solution_done(struct solution *s)
{
	graph_done(&s->g);
	graph_reach_done(&s->reach);
	free(s->party_set);
	free(s->waits);
	*s = (struct solution){ 0 };
}

uint32_t wakers_of(const struct solution *s, uint32_t wait)
{
	const struct wait_note *n = &s->a->notes.v[wait];

	if (!(s->reading & READING_USERS))
		return n->party;
	return n->moot || n->wanted ? GRAPH_NONE : n->users != GRAPH_NONE ? n->users : n->party;
}

struct span waits_of(const struct solution *s, node_t sleeper)
{
	return s->waits[sleeper_of(s->a, sleeper)];
}
