/*
 * Does somebody in a set of processes want to end? A cancelled scope in force, an interpreter that
 * finalises, an exit under way, input that lies unread: only with such a sign a closed set that new
 * work could still open is called a deadlock.
 */
#ifndef HW_ANALYSIS_WISH_H
#define HW_ANALYSIS_WISH_H

#include "analysis/chain.h"

struct wish {
	const char *what; /* for a person; NULL: none */
	node_t who;       /* process or task */
};

struct wish wish_to_end(const struct solution *s, const struct chain *c);

#endif
