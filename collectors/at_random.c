/*
 * Which processes were forked and never executed another program: they carry a copy of their
 * parent's descriptors, locks, event loops and Python objects.
 *
 * Each execve puts 16 random bytes into the new program, and the auxiliary vector says where
 * (AT_RANDOM). Fork copies them. Equal bytes, therefore, mean one execve. The bytes are compared
 * and not looked at otherwise.
 */
#include <string.h>

#include "collectors/collector.h"
#include "core/map.h"
#include "core/util.h"

static bool same(const struct raw_process *a, const struct raw_process *b)
{
	return memcmp(a->at_random, b->at_random, sizeof(a->at_random)) == 0;
}

/* The copy is the younger one. Its parent may be gone, so an equal sibling or ancestor is looked
 * for too. */
static void tree(struct raw_capture *c)
{
	struct map oldest = { 0 }; /* hash of the bytes -> index of the oldest process with them */
	uint64_t at;

	for (size_t i = 0; i < c->processes.n; i++) {
		const struct raw_process *p = &c->processes.v[i];
		uint64_t key = map_hash_bytes(p->at_random, sizeof(p->at_random));
		if (p->at_random_known && (!map_get(&oldest, key, &at) ||
					   p->start_ticks < c->processes.v[at].start_ticks))
			(void)map_set(&oldest, key, i);
	}
	for (size_t i = 0; i < c->processes.n; i++) {
		const struct raw_process *p = &c->processes.v[i];
		uint64_t key = map_hash_bytes(p->at_random, sizeof(p->at_random));
		const struct raw_process *parent =
			p->parent < c->processes.n ? &c->processes.v[p->parent] : NULL;
		struct snap_process *row = SNAP_ROW(c->b->s, PROCESS, node_index(p->node));
		if (!p->at_random_known)
			continue;
		if (parent && parent->at_random_known)
			row->forked_not_execed = same(p, parent) ? TRI_YES : TRI_NO;
		else if (map_get(&oldest, key, &at) && at != i && same(p, &c->processes.v[at]) &&
			 c->processes.v[at].start_ticks < p->start_ticks)
			row->forked_not_execed = TRI_YES;
	}
	map_done(&oldest);
}

const struct collector collector_at_random = { .name = "at_random", .tree = tree };
