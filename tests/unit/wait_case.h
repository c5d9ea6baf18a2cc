/*
 * Cases of waits: each is a root whose main thread, or main task, sleeps. It tells each of the waits
 * of that sleeper in one line: on what, in which words, and who could end it - a node of the case,
 * nobody, or not known. `!` marks new work, `~` a candidate, `&` one of several that are all needed,
 * `@` a deadline.
 */
#ifndef HW_TESTS_WAIT_CASE_H
#define HW_TESTS_WAIT_CASE_H

#include "core/util.h"
#include "tests/unit/snap_build.h"

/* The first process is root 100, its child is 101; what else a case has is numbered from 102. */
struct program {
	struct snap_build x;
	node_t root, main_thread, child, task; /* task: of a Python root, if the case makes one */
};

struct wait_case {
	const char *name;
	void (*build)(struct program *p);
	const char *waits; /* one line each */
};

/* A case is called as its function. */
#define WAITS(fn, lines)                                 \
	{                                                \
		.name = #fn, .build = fn, .waits = lines \
	}

/* Runs them all. What main() returns. */
int wait_cases_run(const char *group, const struct wait_case *cases, size_t n);

struct snap_resource *resource_of(struct program *p, node_t resource);

/* Strings of rows, by name: set_text(p, state_of, pipe, "full"). */
typedef str_t *text_in_row(struct program *p, node_t n);
void set_text(struct program *p, text_in_row *in_row, node_t n, const char *text);
str_t *state_of(struct program *p, node_t n);    /* of a resource */
str_t *text_of(struct program *p, node_t n);     /* of a resource */
str_t *local_of(struct program *p, node_t n);    /* of a resource */
str_t *detail_of(struct program *p, node_t n);   /* of a resource */
str_t *wchan_of(struct program *p, node_t n);    /* of a thread */
str_t *waits_on_of(struct program *p, node_t n); /* of a task */

#endif
