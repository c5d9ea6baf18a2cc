/*
 * One process for the decoder. Rows go to the builder; what could not be read is told there as a
 * gap, so nothing here fails.
 */
#ifndef HW_DECODE_PROCESS_H
#define HW_DECODE_PROCESS_H

#include "decode/decode.h"

/* All of it, from its memory to its rows. `index` is that of raw_capture.processes. */
void decode_process(struct decoder *d, size_t index);

/* Lets every language read what is theirs; says so when none is there. */
void decoded_runtimes_run(struct decoded_process *p);

/* Frees all that was read of it, the memory too; half-built ones as well. */
void decoded_process_done(struct decoded_process *p);

#endif
