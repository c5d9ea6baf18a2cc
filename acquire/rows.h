/* From looks to rows: what the samples together say of each thread. */
#ifndef HW_ACQUIRE_ROWS_H
#define HW_ACQUIRE_ROWS_H

#include "acquire/process.h"

/* After the last look, before the decode: call, sp, pc, times, activity, how it was taken, into
 * each thread's row. */
void look_rows(struct acquirer *a);

/* After the decode, which hashed the stacks: one SAMPLE row for each look. */
void sample_rows(struct acquirer *a);

#endif
