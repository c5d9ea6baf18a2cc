/*
 * The way on from a sleeper that may still act; see chain_walk.h.
 *
 * It follows the wait by which the spread reached it: that leads to the nearest seed and never in a
 * circle. Two detours are allowed where they do not lead back: into a process's main thread and a
 * loop's main task, for there a person would look first.
 */
#include "analysis/chain_walk.h"

#include "analysis/owed.h"
#include "core/util.h"

/* The sleeper nearest to a seed among the wakers of a wait; NODE_UNKNOWN when none was reached by
 * phase `most`. */
static node_t nearest_waker(const struct walk *w, uint32_t wait, uint8_t most)
{
	uint32_t set = chain_set_of(w, wait);

	if (set == GRAPH_NONE || w->s->reach.set[set] == GRAPH_NEVER || w->s->reach.set[set] > most)
		return NODE_UNKNOWN;
	return sleeper_node(w->a, w->s->reach.set_first[set]);
}

/* Does the shortest way from here end without coming across the chain? */
bool chain_leads_away(const struct walk *w, node_t from)
{
	return from == NODE_UNKNOWN || trail_leads_away(&w->trail, sleeper_of(w->a, from));
}

bool chain_has_moved(const struct analysis *a, node_t n)
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
	uint32_t party = wakers_of(w->s, wait);
	bool only = party_size_without(w->a, party, sleeper) == 1;

	if (w->a->notes.v[wait].timed && !chain_has_moved(w->a, sleeper))
		return NODE_UNKNOWN;
	for (uint32_t i = 0; i < party_size(w->a, party); i++) {
		node_t m = party_member(w->a, party, i);
		bool other = node_table(m) == TABLE_PROCESS && m != process_of(w->a, sleeper);
		m = other ? main_sleeper(w->a, m) : m;
		if ((other || node_table(m) != TABLE_PROCESS) && m != sleeper &&
		    phase_of(w->s, m) <= most && chain_leads_away(w, m) &&
		    (only || other || leads_out(w, m)))
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

/* Has it asked another server itself? */
static bool awaits_answer(const struct walk *w, node_t n)
{
	struct span waits = waits_of(w->s, n);

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++)
		if (wait_is_owed(w->a, i))
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
		uint32_t via = chain_via(w, n);
		if (awaits_new_work(w, n))
			return !awaits_answer(w, n);
		if (via == GRAPH_NONE)
			return false;
		const struct snap_wait *row = wait_row(w->a, via);
		/* Who writes to a pager goes on when somebody turns the page. */
		if (row->on != WAIT_ON_CHILD && row->on != WAIT_ON_PIDFD &&
		    row->on != WAIT_ON_THREAD && row->on != WAIT_ON_LOOP &&
		    row->on != WAIT_ON_SIGNAL && !w->a->notes.v[via].full)
			return false;
		n = nearest_waker(w, via, phase_of(w->s, n));
	}
	return false;
}

/* Does its shortest way end at a plain sleep? */
static bool is_asleep(const struct walk *w, node_t n)
{
	uint32_t at = sleeper_of(w->a, n);

	for (size_t steps = 0; w->trail.up[at] != GRAPH_NONE && steps < sleeper_count(w->a);
	     steps++)
		at = w->trail.up[at];
	uint32_t via = chain_via(w, sleeper_node(w->a, at));
	return via != GRAPH_NONE && w->a->notes.v[via].sleep;
}

/*
 * Whoever waits for the end of any of its children, as shells do whatever they wait for, does not
 * wait for the server among them, nor for the watchdog that sleeps until its time has come: the
 * first child that is neither, else one that is not at rest, else NODE_UNKNOWN.
 */
static node_t child_at_work(const struct walk *w, uint32_t wait)
{
	uint32_t party = wakers_of(w->s, wait);
	node_t sleeps = NODE_UNKNOWN;

	for (uint32_t i = 0; i < party_size(w->a, party); i++) {
		node_t m = party_member(w->a, party, i);
		m = node_table(m) == TABLE_PROCESS ? main_sleeper(w->a, m) : m;
		if (phase_of(w->s, m) > PHASE_MAYBE || !chain_leads_away(w, m) || is_at_rest(w, m))
			continue;
		if (!is_asleep(w, m))
			return m;
		if (sleeps == NODE_UNKNOWN)
			sleeps = m;
	}
	return sleeps;
}

/*
 * Whom to look at behind a wait: its nearest waker, but in a process the main thread, and of a loop
 * the main task, where that may act as well and is not itself waiting for us.
 */
node_t chain_choose_waker(const struct walk *w, uint32_t wait, uint8_t most)
{
	node_t near = nearest_waker(w, wait, most), sleeper = wait_row(w->a, wait)->from;

	if (near == sleeper)
		near = nearest_other(w, sleeper, wait, most);
	if (near == NODE_UNKNOWN)
		return near;
	node_t process = process_of(w->a, near), prefer = main_sleeper(w->a, process);
	uint32_t party = wakers_of(w->s, wait);
	bool of_loop = wait_row(w->a, wait)->on == WAIT_ON_LOOP;
	if ((party_has(w->a, party, process) || (of_loop && party_has(w->a, party, prefer))) &&
	    prefer != near && phase_of(w->s, prefer) <= most && chain_leads_away(w, prefer))
		return prefer;
	return near;
}

/* How a chain ends at a wait behind which nobody is followed. */
enum chain_end chain_end_at(const struct analysis *a, uint32_t wait)
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

enum {
	RANK_RUNNING_WAKER, /* somebody who runs this very moment may end it */
	RANK_OWED,          /* it asked another server, which has not answered yet */
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

bool runs_now(const struct analysis *a, node_t n)
{
	return node_table(n) == TABLE_THREAD && a->threads[node_index(n)].mode == MODE_RUNS;
}

static struct way way_of_wait(const struct walk *w, node_t sleeper, uint32_t wait)
{
	struct way way = { .wait = wait, .to = NODE_UNKNOWN, .rank = RANK_NONE };
	const struct snap_wait *row = wait_row(w->a, wait);
	const struct wait_note *n = &w->a->notes.v[wait];
	node_t near = chain_choose_waker(w, wait, PHASE_ACTS), busy;

	if (near != NODE_UNKNOWN && row->on == WAIT_ON_CHILD &&
	    (is_at_rest(w, near) || is_asleep(w, near))) {
		busy = child_at_work(w, wait);
		near = busy != NODE_UNKNOWN ? busy : near;
	}
	/* Unless somebody of the tree is at work on it, new work is what it is there for. */
	if (near != NODE_UNKNOWN && wait_is_owed(w->a, wait) && chain_leads_away(w, near)) {
		way.to = near;
		way.rank = RANK_OWED;
	} else if (row->new_work) {
		way.rank = RANK_NEW_WORK;
	} else if (near != NODE_UNKNOWN && chain_leads_away(w, near)) {
		way.to = near;
		way.rank = runs_now(w->a, near) && !is_outside(w->a, near) ? RANK_RUNNING_WAKER
			   : chain_via(w, sleeper) == wait                 ? RANK_NEAREST
									   : RANK_WAKER;
	} else if (n->outside) {
		way.rank = RANK_OUTSIDE;
	} else if (n->sleep) {
		way.rank = RANK_SLEEP;
	} else {
		near = chain_choose_waker(w, wait, PHASE_MAYBE);
		if (near != NODE_UNKNOWN && chain_leads_away(w, near)) {
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

struct way chain_best_way(const struct walk *w, node_t sleeper)
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

bool chain_needs_all(const struct walk *w, node_t sleeper, struct way *ret)
{
	uint32_t via = chain_via(w, sleeper);

	if (via == GRAPH_NONE || wait_row(w->a, via)->need != NEED_ALL)
		return false;
	*ret = (struct way){ .wait = via,
			     .to = chain_choose_waker(w, via, phase_of(w->s, sleeper)) };
	/* One that ends by itself may have been what woke those behind it. */
	if (!chain_leads_away(w, ret->to))
		ret->to = NODE_UNKNOWN;
	return true;
}
