/*
 * What is told of a root: a chain in one reading of the waits, and the claim that it bears. Several
 * are made and the strongest that is not too bold becomes the verdict; verdict.c says which.
 */
#ifndef HW_ANALYSIS_TELLING_H
#define HW_ANALYSIS_TELLING_H

#include "analysis/rules/rule.h"
#include "analysis/wish.h"

/* A reading of the waits, made when the first root asks for it. */
struct reading {
	struct solution s;
	bool have;
};

struct readings {
	struct reading facts, timeless, users, users_timeless, unseen, teardown;
};

/* 0 or -errno. */
int reading_make(const struct analysis *a, unsigned which, struct reading *r);

/* A chain, the reading it is of, and the claim made of it. */
struct telling {
	struct chain chain;
	struct claim claim;
	struct finding finding;
	struct wish wish;
};

/* The claim that t->chain bears. */
void telling_make(struct telling *t, const struct solution *s);

/* ---- verdict_users.c ---- */

enum {
	USERS_STRONGER = 0, /* a stronger claim than the facts bear */
	USERS_NONE = 1,
	USERS_OF_WHOM = 2, /* the same claim, but of whoever is asked */
};

/* In the reading that nobody but users answers. One of these or -errno; *t is to be ended in any
 * case. */
int telling_by_users(const struct analysis *a, node_t root, struct readings *r,
		     const struct telling *facts, struct telling *t);

#endif
