/* Processes' things compared as bags, in one pass over each; see bag.h. */
#include "analysis/bag.h"

uint64_t bag_value(const struct analysis *a, const struct bag_kind *k, node_t process)
{
	struct snap_list l = snap_children(&a->x, k->table, process);
	uint64_t sum = 0, v;

	/* Order does not matter: a sum of well mixed parts. */
	for (uint32_t i = 0; i < l.n; i++)
		if (k->value(a, l.v[i], &v))
			sum += v;
	return sum;
}

uint32_t bag_count(const struct analysis *a, const struct bag_kind *k, node_t process,
		   uint64_t value)
{
	struct snap_list l = snap_children(&a->x, k->table, process);
	uint32_t n = 0;
	uint64_t v;

	for (uint32_t i = 0; i < l.n; i++)
		n += k->value(a, l.v[i], &v) && v == value;
	return n;
}

uint32_t bag_surplus(const struct analysis *a, const struct bag_kind *k, node_t process,
		     node_t other)
{
	struct snap_list own = snap_children(&a->x, k->table, process),
			 others = snap_children(&a->x, k->table, other);
	struct map left = {
		0
	}; /* value -> how many of the other's are not yet matched by one of ours */
	uint32_t found = UINT32_MAX;
	uint64_t v, n;
	int r = 0;

	for (uint32_t i = 0; i < others.n && r == 0; i++)
		if (k->value(a, others.v[i], &v))
			r = map_set(&left, v, map_get(&left, v, &n) ? n + 1 : 1);
	for (uint32_t i = 0; i < own.n && r == 0 && found == UINT32_MAX; i++) {
		if (!k->value(a, own.v[i], &v))
			continue;
		if (map_get(&left, v, &n) && n)
			r = map_set(&left, v, n - 1);
		else
			found = own.v[i];
	}
	map_done(&left);
	if (r < 0)
		a->b->error = r;
	return found;
}
