/*
 * What processes have of one kind - threads, tasks, descriptors - compared as bags: order does not
 * matter, number does.
 */
#ifndef HW_ANALYSIS_BAG_H
#define HW_ANALYSIS_BAG_H

#include "analysis/context.h"

struct bag_kind {
	enum table table; /* whose rows belong to processes */
	/* What the thing is, as a well mixed number: equal for things that are alike. False: it
	 * does not count. */
	bool (*value)(const struct analysis *a, uint32_t row, uint64_t *ret);
};

/* Equal for processes that have the same. */
uint64_t bag_value(const struct analysis *a, const struct bag_kind *k, node_t process);

/* How many it has that are like this. */
uint32_t bag_count(const struct analysis *a, const struct bag_kind *k, node_t process,
		   uint64_t value);

/* A row of `process`, of a thing of which it has more than `other` has; UINT32_MAX: none. */
uint32_t bag_surplus(const struct analysis *a, const struct bag_kind *k, node_t process,
		     node_t other);

#endif
