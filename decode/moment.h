/*
 * Pages of a process that runs, all of one moment.
 *
 * To walk through the heap of a process that moves, it must stand still: for milliseconds where we
 * get a CPU, for as long as its deadline allows where we do not. But what is walked through can be
 * copied at once: the acquirer's child stops the process, copies all pages that an earlier attempt
 * looked at, and lets go (REQUEST_MOMENT). The next attempt works on the copies, however long it
 * takes. It is of one moment if it looked at nothing else: memory_backend_reads() tells.
 *
 * A program that makes and drops objects puts the next ones elsewhere, mostly nearby: so their
 * neighbours are copied too, as far around them as a bounded number of pages goes.
 */
#ifndef HW_DECODE_MOMENT_H
#define HW_DECODE_MOMENT_H

#include "decode/decode.h"

struct moment {
	ARRAY(uint64_t) pages; /* numbers of those that were ever looked at, ascending */
	size_t fill;           /* how many neighbours were to be copied the last time */
	bool whole;            /* ... and were */
};

void moment_done(struct moment *m);

/* Adds what was looked at since memory_drop(). 0 or -ENOMEM. */
int moment_learn(struct moment *m, const struct memory *memory);

/*
 * The ranges to copy, ascending and at most `max` of them: the n pages, which are ascending too,
 * and around each the same number of others, as far as they lie in the same private, writable
 * mapping that is no stack. The largest such number, up to a thousand, with which there
 * are no more than `most` pages in all; none when there is none. Returns how many ranges.
 */
size_t moment_choose(const struct raw_process *p, const uint64_t *pages, size_t n, size_t most,
		     struct raw_range *ranges, size_t max);

/* Has them copied. 0; 1: somebody ran meanwhile, so that they are not of one moment; -ENODATA:
 * there is nothing to copy, or nowhere; -errno: it could not be stopped. */
int moment_take(struct moment *m, const struct decoded_process *p);

/* Puts the copies into a page cache that is empty. They are valid until the next moment_take(). */
void moment_give(const struct decoded_process *p, struct memory *memory);

#endif
