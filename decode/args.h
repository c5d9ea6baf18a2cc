/*
 * What the arguments of system calls point to: descriptors that poll() and select() watch,
 * timeouts, lock words and who owns them, sets of signals.
 *
 * Only for threads that slept and did not run since they were looked at: their arguments' memory is
 * then as the call left it. Says facts (docs/facts.md) and WATCH rows; nothing here is a guess, and
 * what does not verify is left out.
 */
#ifndef HW_DECODE_ARGS_H
#define HW_DECODE_ARGS_H

#include "decode/decode.h"

void args_read(struct decoded_process *p);

#endif
