/*
 * Following a chain; see chain.h.
 *
 * Among those who may still act, each sleeper follows the wait by which the spread reached it: that
 * leads to the nearest seed and never in a circle. Two detours are allowed where they do not lead
 * back: into a process's main thread and a loop's main task, for there a person would look first.
 *
 * Among the dead, a lost wait is sought first, over edges that are more than candidates and through
 * main threads only: it is a cause, and those who wait behind it are not. Where there is none the
 * chain goes on until it meets itself.
 */
#include "analysis/chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trail.h"
#include "core/util.h"

struct walk {
	const struct solution *s;
	const struct analysis *a;
	struct chain *c;
	uint8_t *on_chain;  /* by sleeper */
	struct trail trail; /* of those who may act */
};

void chain_done(struct chain *c)
{
	array_done(&c->steps);
	*c = (struct chain){ 0 };
}

static void mark(struct walk *w, node_t sleeper)
{
	w->on_chain[sleeper_of(w->a, sleeper)] = 1;
	if (w->trail.up)
		trail_cross(&w->trail, sleeper_of(w->a, sleeper));
}

static int append(struct walk *w, node_t sleeper, uint32_t wait)
{
	struct step *step = array_push(&w->c->steps);

	if (!step)
		return -ENOMEM;
	*step = (struct step){ .sleeper = sleeper, .wait = wait };
	return 0;
}

static int push(struct walk *w, node_t sleeper, uint32_t wait)
{
	mark(w, sleeper);
	return append(w, sleeper, wait);
}

static uint32_t via_of(const struct walk *w, node_t sleeper)
{
	return w->s->reach.sleeper_via[sleeper_of(w->a, sleeper)];
}

static uint32_t set_of(const struct walk *w, uint32_t wait)
{
	return w->s->g.waits.v[wait].wakers;
}

/* The sleeper nearest to a seed among the wakers of a wait; NODE_UNKNOWN when none was reached by
 * phase `most`. */
static node_t nearest_waker(const struct walk *w, uint32_t wait, uint8_t most)
{
	uint32_t set = set_of(w, wait);

	if (set == GRAPH_NONE || w->s->reach.set[set] == GRAPH_NEVER || w->s->reach.set[set] > most)
		return NODE_UNKNOWN;
	return sleeper_node(w->a, w->s->reach.set_first[set]);
}

/* Does the shortest way from here end without coming across the chain? */
static bool leads_away(const struct walk *w, node_t from)
{
	return from == NODE_UNKNOWN || trail_leads_away(&w->trail, sleeper_of(w->a, from));
}

static bool has_moved(const struct analysis *a, node_t n)
{
	return node_table(n) == TABLE_THREAD && a->threads[node_index(n)].mode == MODE_MOVED;
}

/* Does the shortest way from here lead into another process? */
static bool leads_out(const struct walk *w, node_t from)
{
	uint32_t at = sleeper_of(w->a, from);

	for (size_t steps = 0; at != GRAPH_NONE && steps < sleeper_count(w->a); steps++) {
		if (process_of(w->a, sleeper_node(w->a, at)) != process_of(w->a, from))
			return true;
		at = w->trail.up[at];
	}
	return false;
}

/*
 * Where the sleeper itself is the first of the list that was reached, by its own deadline or by
 * whoever is unknown, the list has others: the only one, else one that waits for somebody else's
 * doing. Of one that still sleeps towards a deadline of its own that deadline is the answer; one
 * that came back from it asks for something.
 */
static node_t nearest_other(const struct walk *w, node_t sleeper, uint32_t wait, uint8_t most)
{
	uint32_t party = w->a->notes.v[wait].party;
	bool only = party_size_without(w->a, party, sleeper) == 1;

	if (w->a->notes.v[wait].timed && !has_moved(w->a, sleeper))
		return NODE_UNKNOWN;
	for (uint32_t i = 0; i < party_size(w->a, party); i++) {
		node_t m = party_member(w->a, party, i);
		if (node_table(m) != TABLE_PROCESS && m != sleeper && phase_of(w->s, m) <= most &&
		    leads_away(w, m) && (only || leads_out(w, m)))
			return m;
	}
	return NODE_UNKNOWN;
}

static bool awaits_new_work(const struct walk *w, node_t n)
{
	struct span waits = waits_of(w->s, n);

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++)
		if (wait_row(w->a, i)->new_work)
			return true;
	return false;
}

/*
 * Does it serve, and has nothing to do? Only through waits for somebody's end, for one who waits
 * for an answer of it has something else to tell.
 */
static bool is_at_rest(const struct walk *w, node_t n)
{
	for (size_t steps = 0; steps < sleeper_count(w->a) && n != NODE_UNKNOWN; steps++) {
		uint32_t via = via_of(w, n);
		if (awaits_new_work(w, n))
			return true;
		if (via == GRAPH_NONE)
			return false;
		const struct snap_wait *row = wait_row(w->a, via);
		/* Who writes to a pager goes on when somebody turns the page. */
		if (row->on != WAIT_ON_CHILD && row->on != WAIT_ON_PIDFD &&
		    row->on != WAIT_ON_THREAD && row->on != WAIT_ON_LOOP &&
		    !w->a->notes.v[via].full)
			return false;
		n = nearest_waker(w, via, phase_of(w->s, n));
	}
	return false;
}

/*
 * Whoever waits for the end of any of its children, as shells do whatever they wait for, does not
 * wait for the server among them: a child that is not at rest, or NODE_UNKNOWN.
 */
static node_t child_at_work(const struct walk *w, uint32_t wait)
{
	uint32_t party = w->a->notes.v[wait].party;

	for (uint32_t i = 0; i < party_size(w->a, party); i++) {
		node_t m = party_member(w->a, party, i);
		m = node_table(m) == TABLE_PROCESS ? main_sleeper(w->a, m) : m;
		if (phase_of(w->s, m) <= PHASE_MAYBE && leads_away(w, m) && !is_at_rest(w, m))
			return m;
	}
	return NODE_UNKNOWN;
}

/*
 * Whom to look at behind a wait: its nearest waker, but in a process the main thread, and of a loop
 * the main task, where that may act as well and is not itself waiting for us.
 */
static node_t choose_waker(const struct walk *w, uint32_t wait, uint8_t most)
{
	node_t near = nearest_waker(w, wait, most), sleeper = wait_row(w->a, wait)->from;

	if (near == sleeper)
		near = nearest_other(w, sleeper, wait, most);
	if (near == NODE_UNKNOWN)
		return near;
	node_t process = process_of(w->a, near), prefer = main_sleeper(w->a, process);
	uint32_t party = w->a->notes.v[wait].party;
	bool of_loop = wait_row(w->a, wait)->on == WAIT_ON_LOOP;
	if ((party_has(w->a, party, process) || (of_loop && party_has(w->a, party, prefer))) &&
	    prefer != near && phase_of(w->s, prefer) <= most && leads_away(w, prefer))
		return prefer;
	return near;
}

/* How a chain ends at a wait behind which nobody is followed. */
static enum chain_end end_at(const struct analysis *a, uint32_t wait)
{
	const struct snap_wait *row = wait_row(a, wait);
	const struct wait_note *n = &a->notes.v[wait];

	if (n->stopped)
		return END_STOPPED;
	if (row->new_work)
		return END_NEW_WORK;
	if (n->outside)
		return END_OUTSIDE;
	if (n->sleep)
		return END_SLEEP;
	if (row->on == WAIT_ON_KERNEL)
		return END_KERNEL;
	if (n->timed)
		return END_DEADLINE;
	return n->signal ? END_SIGNAL : END_UNKNOWN;
}

/* The wait by which a sleeper goes on, and to whom (NODE_UNKNOWN: nobody, it ends there). */
struct way {
	uint32_t wait;
	node_t to;
	int rank; /* the lowest is taken */
};

enum {
	RANK_RUNNING_WAKER, /* somebody who runs this very moment may end it */
	RANK_NEW_WORK,
	RANK_NEAREST,
	RANK_WAKER,
	RANK_OUTSIDE,
	RANK_SLEEP,
	RANK_WAKER_MAYBE,
	RANK_DEADLINE,
	RANK_UNKNOWN,
	RANK_NONE,
};

static bool runs(const struct analysis *a, node_t n)
{
	return node_table(n) == TABLE_THREAD && a->threads[node_index(n)].mode == MODE_RUNS;
}

static struct way way_of_wait(const struct walk *w, node_t sleeper, uint32_t wait)
{
	struct way way = { .wait = wait, .to = NODE_UNKNOWN, .rank = RANK_NONE };
	const struct snap_wait *row = wait_row(w->a, wait);
	const struct wait_note *n = &w->a->notes.v[wait];
	node_t near = choose_waker(w, wait, PHASE_ACTS), busy;

	if (near != NODE_UNKNOWN && row->on == WAIT_ON_CHILD && is_at_rest(w, near)) {
		busy = child_at_work(w, wait);
		near = busy != NODE_UNKNOWN ? busy : near;
	}
	/* Unless somebody of the tree is at work on it, new work is what it is there for. */
	if (row->new_work) {
		way.rank = RANK_NEW_WORK;
	} else if (near != NODE_UNKNOWN && leads_away(w, near)) {
		way.to = near;
		way.rank = runs(w->a, near) && !is_outside(w->a, near) ? RANK_RUNNING_WAKER
			   : via_of(w, sleeper) == wait                ? RANK_NEAREST
								       : RANK_WAKER;
	} else if (n->outside) {
		way.rank = RANK_OUTSIDE;
	} else if (n->sleep) {
		way.rank = RANK_SLEEP;
	} else {
		near = choose_waker(w, wait, PHASE_MAYBE);
		if (near != NODE_UNKNOWN && leads_away(w, near)) {
			way.to = near;
			way.rank = RANK_WAKER_MAYBE;
		} else if (n->timed) {
			way.rank = RANK_DEADLINE;
		} else if (n->unknown && row->on != WAIT_ON_KERNEL) {
			way.rank = RANK_UNKNOWN;
		}
	}
	return way;
}

static struct way best_way(const struct walk *w, node_t sleeper)
{
	struct span waits = waits_of(w->s, sleeper);
	struct way best = { .wait = GRAPH_NONE, .to = NODE_UNKNOWN, .rank = RANK_NONE };

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		/* One of several waits that are all needed is no way on while another of them is
		 * dead. */
		if (wait_row(w->a, i)->need == NEED_ALL)
			continue;
		struct way way = way_of_wait(w, sleeper, i);
		if (way.rank < best.rank)
			best = way;
	}
	return best;
}

/* A sleeper that is woken by the last of several waits follows that one. */
static bool needs_all(const struct walk *w, node_t sleeper, struct way *ret)
{
	uint32_t via = via_of(w, sleeper);

	if (via == GRAPH_NONE || wait_row(w->a, via)->need != NEED_ALL)
		return false;
	*ret = (struct way){ .wait = via, .to = choose_waker(w, via, phase_of(w->s, sleeper)) };
	/* One that ends by itself may have been what woke those behind it. */
	if (!leads_away(w, ret->to))
		ret->to = NODE_UNKNOWN;
	return true;
}

/* ---- those who may act, and those who only stand still ---- */

/* Adds what a stopped process waits for, so that the chain names it. */
static int stopped(struct walk *w, node_t sleeper)
{
	node_t process = process_of(w->a, sleeper);
	struct span own = waits_of(w->s, process);

	w->c->end = END_STOPPED;
	return push(w, process, own.n ? own.first : GRAPH_NONE);
}

/* Reached only from what stands still: each goes where the spread came from. */
static int follow_standing(struct walk *w, node_t at)
{
	for (;;) {
		uint32_t via = via_of(w, at);
		if (via == GRAPH_NONE)
			return stopped(w, at);
		int r = push(w, at, via);
		if (r < 0)
			return r;
		node_t next = choose_waker(w, via, phase_of(w->s, at));
		if (next == NODE_UNKNOWN || !leads_away(w, next)) {
			w->c->end = end_at(w->a, via);
			return 0;
		}
		at = next;
	}
}

/* A task that waits for nothing is at work whenever its loop's thread runs; NODE_UNKNOWN. */
static node_t runs_in(const struct analysis *a, node_t n)
{
	if (node_table(n) != TABLE_TASK || task_row(a, n)->state == TASK_WAITING ||
	    !runs(a, task_row(a, n)->thread))
		return NODE_UNKNOWN;
	return task_row(a, n)->thread;
}

static int follow_living(struct walk *w, node_t at)
{
	for (;;) {
		struct way way;
		if (node_table(at) == TABLE_PROCESS) {
			w->c->end = is_outside(w->a, at) ? END_OUTSIDE : END_UNKNOWN;
			return push(w, at, GRAPH_NONE);
		}
		if (runs(w->a, at)) {
			w->c->end = END_RUNS;
			return push(w, at, GRAPH_NONE);
		}
		mark(w, at);
		if (!needs_all(w, at, &way))
			way = best_way(w, at);
		int r = push(w, at, way.wait);
		if (r < 0)
			return r;
		if (way.wait == GRAPH_NONE && runs_in(w->a, at) != NODE_UNKNOWN) {
			at = runs_in(w->a, at);
			continue;
		}
		if (way.to == NODE_UNKNOWN) {
			w->c->end = way.wait != GRAPH_NONE ? end_at(w->a, way.wait)
				    : has_moved(w->a, at)  ? END_RUNS
							   : END_UNKNOWN;
			return 0;
		}
		at = way.to;
	}
}

/* ---- the dead ---- */

struct dead {
	struct walk *w;
	uint32_t *from;      /* sleeper -> the sleeper it was found behind, plus one */
	uint32_t *from_wait; /* ... and the wait */
	uint8_t *party_seen;
	uint32_t *queue;
};

static bool counts(const struct walk *w, uint32_t wait)
{
	return w->s->reach.wait[wait] == GRAPH_NEVER;
}

bool sleeper_is_lost(const struct solution *s, node_t sleeper, uint32_t *ret_wait)
{
	const struct analysis *a = s->a;
	struct span waits = waits_of(s, sleeper);
	uint32_t lost = GRAPH_NONE;
	bool others = false;

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		bool is_lost = wait_is_lost(a, i);
		if (is_lost && wait_row(a, i)->need == NEED_ALL) {
			*ret_wait = i;
			return true;
		}
		/* A wake-up descriptor of its own explains nothing where something else does. */
		if (is_lost && (lost == GRAPH_NONE || a->notes.v[lost].own))
			lost = i;
		others |= !is_lost && a->notes.v[i].party != GRAPH_NONE;
	}
	if (lost == GRAPH_NONE || others)
		return false;
	*ret_wait = lost;
	return true;
}

/* In a process a person looks at the main thread; the helper threads of a dead process wait for it.
 */
static node_t dead_member(const struct walk *w, node_t member)
{
	if (node_table(member) == TABLE_PROCESS)
		member = main_sleeper(w->a, member);
	return member != NODE_UNKNOWN && is_dead(w->s, member) ? member : NODE_UNKNOWN;
}

static void enqueue(struct dead *d, uint32_t *tail, uint32_t sleeper, uint32_t behind,
		    uint32_t wait)
{
	if (d->from[sleeper])
		return;
	d->from[sleeper] = behind + 1;
	d->from_wait[sleeper] = wait;
	d->queue[(*tail)++] = sleeper;
}

/* Breadth first over what is read or proved; the first lost sleeper, or GRAPH_NONE. */
static uint32_t find_lost(struct dead *d, node_t start)
{
	struct walk *w = d->w;
	uint32_t head = 0, tail = 0, lost;

	enqueue(d, &tail, sleeper_of(w->a, start), sleeper_of(w->a, start), GRAPH_NONE);
	while (head < tail) {
		uint32_t at = d->queue[head++];
		node_t node = sleeper_node(w->a, at);
		struct span waits = waits_of(w->s, node);
		if (sleeper_is_lost(w->s, node, &lost))
			return at;
		for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
			uint32_t party = w->a->notes.v[i].party;
			bool of_loop = wait_row(w->a, i)->on == WAIT_ON_LOOP;
			if (!counts(w, i) || party == GRAPH_NONE || d->party_seen[party] ||
			    wait_row(w->a, i)->evidence == EVIDENCE_CANDIDATE)
				continue;
			d->party_seen[party] = 1;
			for (uint32_t k = 0; k < party_size(w->a, party); k++) {
				node_t next = dead_member(w, party_member(w->a, party, k));
				bool main_task = next == main_sleeper(w->a, process_of(w->a, node));
				if (next != NODE_UNKNOWN && (!of_loop || main_task))
					enqueue(d, &tail, sleeper_of(w->a, next), at, i);
			}
		}
	}
	return GRAPH_NONE;
}

static int path_to_lost(struct dead *d, uint32_t start, uint32_t lost)
{
	struct walk *w = d->w;
	uint32_t n = 0, wait = GRAPH_NONE;
	int r = 0;

	/* The queue has served; it takes the path backwards. */
	for (uint32_t at = lost; at != start; at = d->from[at] - 1)
		d->queue[n++] = at;
	for (uint32_t at = start; r == 0 && at != lost; at = d->queue[--n])
		r = push(w, sleeper_node(w->a, at), d->from_wait[d->queue[n - 1]]);
	if (r == 0) {
		(void)sleeper_is_lost(w->s, sleeper_node(w->a, lost), &wait);
		r = push(w, sleeper_node(w->a, lost), wait);
	}
	w->c->end = END_LOST;
	return r;
}

/* The next dead one: behind what is read rather than behind a candidate, and the main thread of a
 * process. */
static struct way dead_way(const struct walk *w, node_t sleeper)
{
	struct span waits = waits_of(w->s, sleeper);
	struct way best = { .wait = GRAPH_NONE, .to = NODE_UNKNOWN, .rank = 4 };

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		uint32_t party = w->a->notes.v[i].party;
		/* A loop's thread that is met on the way stands for its callbacks: what those wait
		 * for comes first. */
		int rank = wait_row(w->a, i)->on == WAIT_ON_LOOP               ? 3
			   : wait_row(w->a, i)->evidence == EVIDENCE_CANDIDATE ? 2
									       : 0;
		if (!counts(w, i) || party == GRAPH_NONE)
			continue;
		for (uint32_t k = 0; k < party_size(w->a, party) && best.rank > rank; k++) {
			node_t m = party_member(w->a, party, k);
			node_t next = dead_member(w, m);
			bool self = next == sleeper && wait_row(w->a, i)->on != WAIT_ON_TASK;
			if (next == NODE_UNKNOWN || self)
				continue;
			best = (struct way){ .wait = i, .to = next, .rank = rank };
		}
	}
	return best;
}

static int walk_cycle(struct walk *w, node_t at)
{
	uint32_t lost;

	for (;;) {
		struct way way = dead_way(w, at);
		if (way.wait == GRAPH_NONE && sleeper_is_lost(w->s, at, &lost)) {
			w->c->end = END_LOST;
			return push(w, at, lost);
		}
		int r = push(w, at, way.wait);
		if (r < 0)
			return r;
		if (way.to == NODE_UNKNOWN) {
			w->c->end = END_UNKNOWN;
			return 0;
		}
		if (!w->on_chain[sleeper_of(w->a, way.to)]) {
			at = way.to;
			continue;
		}
		w->c->end = END_CYCLE;
		for (uint32_t i = 0; i < w->c->steps.n; i++)
			if (w->c->steps.v[i].sleeper == way.to)
				w->c->cycle = i;
		return 0;
	}
}

static int follow_dead(struct walk *w, node_t start)
{
	size_t n = sleeper_count(w->a);
	CLEANUP(freep) uint32_t *from = calloc(n + 1, sizeof(*from));
	CLEANUP(freep) uint32_t *from_wait = calloc(n + 1, sizeof(*from_wait));
	CLEANUP(freep) uint32_t *queue = calloc(n + 1, sizeof(*queue));
	CLEANUP(freep) uint8_t *seen = calloc(w->a->parties.n + 1, 1);
	struct dead d = {
		.w = w, .from = from, .from_wait = from_wait, .party_seen = seen, .queue = queue
	};

	if (!from || !from_wait || !queue || !seen)
		return -ENOMEM;
	uint32_t lost = find_lost(&d, start);
	if (lost != GRAPH_NONE)
		return path_to_lost(&d, sleeper_of(w->a, start), lost);
	return walk_cycle(w, start);
}

/* ---- */

/* The main thread comes first in the chain even where its main task is what is followed. */
static int begin(struct walk *w, node_t root, node_t *ret_start)
{
	node_t start = main_sleeper(w->a, root);
	node_t thread = view_of(w->a, root)->main_thread;

	*ret_start = start;
	if (node_table(start) != TABLE_TASK)
		return 0;
	struct span waits = waits_of(w->s, thread);
	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		if (wait_row(w->a, i)->on != WAIT_ON_LOOP)
			continue;
		/* It stands there for its task; what it does besides, callbacks of nobody, may
		 * still be followed. */
		return append(w, thread, i);
	}
	return 0;
}

static int follow(const struct solution *s, node_t root, struct chain *ret, bool dead_only)
{
	*ret = (struct chain){ 0 };
	CLEANUP(freep) uint8_t *on_chain = calloc(sleeper_count(s->a) + 1, 1);
	struct walk w = { .s = s, .a = s->a, .c = ret, .on_chain = on_chain };
	node_t start;

	if (!on_chain)
		return -ENOMEM;
	if (view_of(s->a, root)->exited) {
		ret->end = END_NOBODY;
		return push(&w, root, GRAPH_NONE);
	}
	int r = begin(&w, root, &start);
	if (r < 0)
		return r;
	if (is_dead(s, start))
		return follow_dead(&w, start);
	if (dead_only)
		return 1;
	r = trail_init(&w.trail, s);
	if (r == 0)
		r = phase_of(s, start) <= PHASE_MAYBE ? follow_living(&w, start)
						      : follow_standing(&w, start);
	trail_done(&w.trail);
	return r;
}

int chain_follow(const struct solution *s, node_t root, struct chain *ret)
{
	return follow(s, root, ret, false);
}

int chain_follow_dead(const struct solution *weak, node_t root, struct chain *ret)
{
	int r = follow(weak, root, ret, true);

	if (r == 0 && ret->end != END_CYCLE && ret->end != END_LOST)
		r = 1;
	if (r != 0)
		chain_done(ret);
	ret->weak = true;
	return r;
}
