/*
 * What a thread did while it was looked at several times: the difference between stuck, busy and
 * slow.
 */
#ifndef HW_ANALYSIS_SAMPLES_H
#define HW_ANALYSIS_SAMPLES_H

#include "analysis/context.h"

/* Is it at the same few places again and again? A few looks that differ tell neither. */
enum turns { TURNS_UNKNOWN, TURNS_REPEAT, TURNS_VARY };

struct samples {
	uint32_t n;
	int64_t at_ns, span_ns; /* the first, and from there to the last */
	int64_t cpu_ns;         /* used in between; SNAP_UNKNOWN */
	bool burned;   /* used CPU in every interval, and not only a little where it could have had
			  more */
	bool switched; /* slept and was put on a CPU again and again in every interval */
	int64_t io_bytes; /* moved in between; SNAP_UNKNOWN */
	bool same_stack;  /* known, and equal in all */
	bool stacks_known;
	enum turns turns;
	bool turn_looks;      /* it was looked at many more times, by which this is told */
	uint32_t turn_stacks; /* told apart by these */
	uint32_t distinct_stacks, distinct_calls; /* calls: system calls it was seen in */
	bool socket_calls; /* some of these move bytes that no counter shows */
};

struct samples samples_of(const struct analysis *a, node_t thread);

#endif
