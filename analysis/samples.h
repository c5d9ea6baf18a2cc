/*
 * What a thread did while it was looked at several times: the difference between stuck, busy and
 * slow.
 */
#ifndef HW_ANALYSIS_SAMPLES_H
#define HW_ANALYSIS_SAMPLES_H

#include "analysis/context.h"

struct samples {
	uint32_t n;
	int64_t span_ns; /* from the first to the last */
	int64_t cpu_ns;  /* used in between; SNAP_UNKNOWN */
	bool burned;   /* used CPU in every interval, and not only a little where it could have had
			  more */
	bool switched; /* slept and was put on a CPU again and again in every interval */
	int64_t io_bytes; /* moved in between; SNAP_UNKNOWN */
	bool same_stack;  /* known, and equal in all */
	bool stacks_known;
	uint32_t distinct_stacks, distinct_calls; /* calls: system calls it was seen in */
	bool socket_calls; /* some of these move bytes that no counter shows */
};

struct samples samples_of(const struct analysis *a, node_t thread);

#endif
