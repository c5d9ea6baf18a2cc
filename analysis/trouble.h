/* Something that is wrong by itself, among those a wait may be for. */
#ifndef HW_ANALYSIS_TROUBLE_H
#define HW_ANALYSIS_TROUBLE_H

#include "analysis/chain.h"

/*
 * The shortest way from `root`'s main wait, over wakers and candidates alike, to a stopped process
 * or to a thread that nobody can wake. 0: *ret is that chain, weak and suspect; 1: there is none,
 * nothing was made; -ENOMEM.
 */
int trouble_find(const struct solution *s, node_t root, struct chain *ret);

#endif
