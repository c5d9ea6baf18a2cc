/* What is waited for, in the words of a person: "fd 0 (stdin), a pipe from sort 4550", "a mutex".
 */
#ifndef HW_ANALYSIS_WORDS_H
#define HW_ANALYSIS_WORDS_H

#include "analysis/waits.h"
#include "core/strbuf.h"

/* The descriptor of a wait, and who has its other end as far as `in` says. */
void words_fd(struct analysis *a, const struct fd_wait *f, const struct wait_in *in,
	      struct strbuf *out);

/* ", which is held by sort 4550": of a lock; nothing where nobody is known. */
void words_holders(const struct analysis *a, const struct wait_in *in, struct strbuf *out);

/* A kind of futex as decode/args_futex.c names it: "mutex normal" is "a mutex". Others are returned
 * as they are. */
const char *words_futex(const char *kind);

/* ", such as CHLD and ALRM": the signals of a mask, when they are few. */
void words_signals(uint64_t mask, struct strbuf *out);

#endif
