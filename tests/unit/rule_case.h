/*
 * Cases of verdicts: each builds a small tree and says what it deserves - class, certainty and
 * can_end. Every verdict must also be well formed, and every class be deserved by some case.
 */
#ifndef HW_TESTS_RULE_CASE_H
#define HW_TESTS_RULE_CASE_H

#include "core/util.h"
#include "tests/unit/snap_build.h"

struct rule_case {
	const char *name;
	void (*build)(struct snap_build *x);
	struct expected {
		const char *class;
		enum certainty certainty;
		enum can_end can_end;
	} expected;
};

#define PROVED   CERTAINTY_PROVED
#define READ     CERTAINTY_READ
#define INFERRED CERTAINTY_INFERRED
#define NO       CAN_END_NO
#define TIMER    CAN_END_TIMER
#define YES      CAN_END_YES
#define UNKNOWN  CAN_END_UNKNOWN

/* Runs them all; each class from `first` to `last` must be the answer of one of them. What main()
 * returns. */
int rule_cases_run(const char *group, const struct rule_case *cases, size_t n, unsigned first,
		   unsigned last);

/* ---- parts that many of them are made of ---- */

node_t root(struct snap_build *x);

/* A root whose main thread waits for a mutex of this second thread: an edge that is read. */
node_t owner_of_wanted_mutex(struct snap_build *x);

/* The thread sleeps for so long; uses the CPU, moving bytes or not, with one stack or many. */
void sleeps(struct snap_build *x, node_t thread, int64_t seconds);
void runs(struct snap_build *x, node_t thread, int64_t io_bytes, bool same_stack);

/* The main thread reads, or writes, this end of a pipe; polls something, 0: without a timeout. */
void reads(struct snap_build *x, node_t process, int64_t fd, node_t pipe);
void writes(struct snap_build *x, node_t process, int64_t fd, node_t pipe);
void polls(struct snap_build *x, node_t process, int64_t left_ns);

/* A root that reads a pipe of which nobody else has the other end. */
void own_end_is_the_last(struct snap_build *x);

#endif
