/*
 * Holding one process still while the decoder reads its heap (REQUEST_HOLD, REQUEST_RELEASE), or
 * for as long as a copy takes (REQUEST_GLANCE, REQUEST_MOMENT).
 */
#ifndef HW_ACQUIRE_HOLD_H
#define HW_ACQUIRE_HOLD_H

#include "acquire/process.h"
#include "core/cleanup.h"

/*
 * Stands still means: who ran since its look is stopped by ptrace; who has slept ever since is left
 * asleep, and whether it still did at the end is for hold_release() to say. --stop=always stops
 * them all. What the threads show is in capture->hold. 0; -ETIMEDOUT: one did not stop in time;
 * other -errno: why one may not be stopped.
 */
struct hold;
MUST_CHECK int hold_new(struct acquirer *a, size_t process, int64_t at_most_ns, struct hold **ret);

/* Lets go and frees. 0; 1: a sleeper woke meanwhile; -ETIME: the deadline had ended the hold
 * before. */
int hold_release(struct hold *h);

/* Only for as long as the copy takes: what the threads show is in capture->hold, with `moment` the
 * pages that capture->moment names are copied too, and it runs on. Else as hold_new() and
 * hold_release(). */
MUST_CHECK int hold_glance(struct acquirer *a, size_t process, int64_t at_most_ns, bool moment);

#endif
