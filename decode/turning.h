/*
 * Looking again and again at threads that run, to tell whether they turn in a loop (turns.h).
 *
 * A runtime does so for the frames of its language, which it reads live. What none has told is told
 * here by native stacks: the process is held for the moment that a copy takes, a few dozen times.
 * Only who used CPU is looked at, and only once it has run since: a thread that was pushed off is
 * where it was, and that says nothing. All looks at a tree share one allowance of time.
 */
#ifndef HW_DECODE_TURNING_H
#define HW_DECODE_TURNING_H

#include "core/clock.h"
#include "decode/decode.h"

/* Of a tree: enough for a dozen processes under load. */
#define TURNING_TREE_NS (3 * NSEC_PER_SEC)

/* One that only wakes now and then is not worth the time. To wait for a CPU is to want one. */
bool turning_wanted(const struct raw_thread *t);

/* Has it run since this was asked last? *cpu_ns is the caller's memory, at first SNAP_UNKNOWN. The
 * kernel counts by its tick. */
bool turning_ran(const struct raw_thread *t, int64_t *cpu_ns);

/* Time for a round of looks, which ends it: until when, and that it is over. */
int64_t turning_begin(const struct decoded_process *p);
void turning_done(const struct decoded_process *p, int64_t began_ns);

/* A pause before look n; of uneven length, so that no loop keeps step. */
void turning_pause(unsigned n);

/* The native looks, at whoever no runtime has told of. */
void turning_look(struct decoded_process *p);

/* What was found, as a fact of each thread, and in the hashes of its samples. */
void turning_write(struct decoded_process *p);

#endif
