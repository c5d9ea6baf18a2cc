/*
 * Who could end a wait, with the sets that its list names spelt out.
 *
 * A short list stands in the wait itself and means just what it says. A long one that many waits
 * share is said once, as a set; of its members the wait's own sleeper is not meant. A member that
 * is the sleeper's own process stands for the others in it.
 */
#ifndef HW_SNAPSHOT_WAKERS_H
#define HW_SNAPSHOT_WAKERS_H

#include "snapshot/model.h"

struct snap_wakers {
	const struct snapshot *s;
	node_t but;       /* nobody of a set is this one */
	struct span list; /* what is left of the wait's own list */
	struct span set;  /* what is left of the set it named last */
};

/* From the beginning. A wait whose list is unknown has none to give: ask span_known(w->to) first.
 */
struct snap_wakers snap_wakers_of(const struct snapshot *s, const struct snap_wait *w);
bool snap_wakers_next(struct snap_wakers *it, node_t *ret);

/* How many there are; looks no further than `most`. */
uint32_t snap_wakers_count(const struct snapshot *s, const struct snap_wait *w, uint32_t most);

#endif
