/* What a verdict says to a person: who waits for whom, where it stops, whether it can end. */
#ifndef HW_ANALYSIS_SENTENCE_H
#define HW_ANALYSIS_SENTENCE_H

#include "analysis/rules/rule.h"
#include "analysis/wish.h"
#include "core/strbuf.h"

/* "python3 70112", "thread worker (70119) of python3 70112", "task consumer of pytest 70112". */
void name_node(const struct analysis *a, node_t n, struct strbuf *out);

/* "waits for exit of child 70113", "sleeps in epoll_wait". */
void sentence_write(const struct claim *c, const struct finding *f, const struct chain *other,
		    const struct wish *wish, struct strbuf *out);

#endif
