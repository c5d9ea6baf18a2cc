/*
 * What is shown of a thread's stack: the functions that have a name and do not belong to an
 * interpreter's or a runtime's own machinery, which is folded away.
 */
#ifndef HW_ANALYSIS_SHOWN_H
#define HW_ANALYSIS_SHOWN_H

#include "analysis/context.h"
#include "core/strbuf.h"

/* Equal where the same is shown, of all of the stack; without one, the call counts. */
uint64_t shown_key(const struct analysis *a, node_t thread);

/* "… > main > get > read": the innermost few tell most. Of the innermost ones `skip` are left out,
 * and there is a sign of that. */
void shown_add(const struct analysis *a, node_t thread, uint32_t skip, struct strbuf *out);

/* How many of the innermost ones shown_add() must leave out of two different stacks so that what it
 * adds is different: 0 where it differs anyway. */
uint32_t shown_parting(const struct analysis *a, node_t one, node_t other);

#endif
