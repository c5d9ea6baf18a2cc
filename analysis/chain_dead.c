/*
 * The chain among the dead; see chain_walk.h.
 *
 * A lost wait is sought first, over edges that are more than candidates and through main threads
 * only: it is a cause, and those who wait behind it are not. Where there is none the chain goes on
 * until it meets itself.
 */
#include "analysis/chain_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"

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

/*
 * How little a lost wait explains where another one is lost as well: a wake-up descriptor of its own
 * less than any other, and of those the counters and timers less than what has two ends.
 */
static int weight_of_lost(const struct analysis *a, uint32_t wait)
{
	uint8_t on = wait_row(a, wait)->on;

	if (on == WAIT_ON_EVENTFD || on == WAIT_ON_TIMERFD)
		return a->notes.v[wait].own || on == WAIT_ON_TIMERFD ? 2 : 0;
	return a->notes.v[wait].own ? 1 : 0;
}

bool sleeper_is_lost(const struct solution *s, node_t sleeper, uint32_t *ret_wait)
{
	const struct analysis *a = s->a;
	struct span waits = waits_of(s, sleeper);
	uint32_t lost = GRAPH_NONE;
	bool others = false;

	for (uint32_t i = waits.first; i < waits.first + waits.n; i++) {
		bool is_lost = wait_is_lost(s, i);
		if (is_lost && wait_row(a, i)->need == NEED_ALL) {
			*ret_wait = i;
			return true;
		}
		if (is_lost &&
		    (lost == GRAPH_NONE || weight_of_lost(a, i) < weight_of_lost(a, lost)))
			lost = i;
		others |= !is_lost && wakers_of(s, i) != GRAPH_NONE;
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
			uint32_t party = wakers_of(w->s, i);
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
		r = chain_push(w, sleeper_node(w->a, at), d->from_wait[d->queue[n - 1]]);
	if (r == 0) {
		(void)sleeper_is_lost(w->s, sleeper_node(w->a, lost), &wait);
		r = chain_push(w, sleeper_node(w->a, lost), wait);
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
		uint32_t party = wakers_of(w->s, i);
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
			return chain_push(w, at, lost);
		}
		int r = chain_push(w, at, way.wait);
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

int chain_dead(struct walk *w, node_t start)
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
