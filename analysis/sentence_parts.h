/* Parts of a verdict's sentence, for the files that make it: sentence_chain.c, sentence_lost.c and
 * sentence.c, which puts them together. */
#ifndef HW_ANALYSIS_SENTENCE_PARTS_H
#define HW_ANALYSIS_SENTENCE_PARTS_H

#include "analysis/sentence.h"

/* "A waits for x of B, which waits for ...": the steps that a finding speaks of. */
void tell_chain(const struct claim *c, const struct finding *f, struct strbuf *out);

/* Nobody is left to end the last wait, and why; input that lies unread. */
void tell_lost(const struct claim *c, const struct finding *f, struct strbuf *out);
void tell_unread(const struct claim *c, const struct finding *f, struct strbuf *out);

/* " has exited with status 1". */
void tell_exit(const struct snap_exit *e, struct strbuf *out);

/* "in 2.97 s". */
void tell_seconds(struct strbuf *out, int64_t ns);

/* Of those in the chain; SNAP_UNKNOWN where there is none. */
int64_t nearest_deadline(const struct claim *c);

#endif
