/* The wakers of a wait, one after the other; see wakers.h. */
#include "snapshot/wakers.h"

static struct span known(struct span s)
{
	return span_known(s) ? s : (struct span){ 0, 0 };
}

struct snap_wakers snap_wakers_of(const struct snapshot *s, const struct snap_wait *w)
{
	return (struct snap_wakers){ .s = s, .but = w->from, .list = known(w->to) };
}

static node_t take(const struct snapshot *s, struct span *from)
{
	from->n--;
	return *SNAP_ROW(s, REF, from->first++);
}

bool snap_wakers_next(struct snap_wakers *it, node_t *ret)
{
	for (;;) {
		bool of_set = it->set.n > 0;
		if (!of_set && !it->list.n)
			return false;
		node_t n = take(it->s, of_set ? &it->set : &it->list);
		if (node_table(n) == TABLE_SET)
			it->set = known(SNAP_ROW(it->s, SET, node_index(n))->members);
		else if (!of_set || n != it->but) {
			*ret = n;
			return true;
		}
	}
}

uint32_t snap_wakers_count(const struct snapshot *s, const struct snap_wait *w, uint32_t most)
{
	struct snap_wakers it = snap_wakers_of(s, w);
	uint32_t n = 0;
	node_t ignored;

	while (n < most && snap_wakers_next(&it, &ignored))
		n++;
	return n;
}
