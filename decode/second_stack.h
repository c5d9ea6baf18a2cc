/*
 * The second stack of a thread that had to be stopped.
 *
 * A handler on a stack of its own (sigaltstack) interrupted another one, which nobody copied: where
 * that lies is known only after unwinding. A sleeper's is simply read then; a thread that was
 * stopped has run since, so its process is held once more, briefly, and the walk is done from what
 * it shows then.
 */
#ifndef HW_DECODE_SECOND_STACK_H
#define HW_DECODE_SECOND_STACK_H

#include "decode/stacks.h"

/* `results` of all threads; those that ended for want of memory are tried anew. 0 or -ENOMEM. */
int second_stacks_read(struct decoder *d, struct decoded_process *p, struct unwind_result *results);

#endif
