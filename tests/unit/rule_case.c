/* Running cases of verdicts, and what they are made of; see rule_case.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "snapshot/schema.h"
#include "tests/unit/cases.h"
#include "tests/unit/rule_case.h"

node_t root(struct snap_build *x)
{
	return sb_process(x, NODE_NONE, "root");
}

node_t owner_of_wanted_mutex(struct snap_build *x)
{
	node_t r = root(x), t = sb_thread(x, r, "owner");

	sb_futex(x, sb_main(x, r), "mutex", sb_tid(x, t));
	return t;
}

void sleeps(struct snap_build *x, node_t thread, int64_t seconds)
{
	sb_call(x, thread, "clock_nanosleep", 0, 0, 0x1000);
	sb_fact(x, thread, "timeout_left", seconds * NSEC_PER_SEC, "");
}

void runs(struct snap_build *x, node_t thread, int64_t io_bytes, bool same_stack)
{
	sb_state(x, thread, "R");
	sb_fact(x, thread, "state", 'R', "state R");
	sb_samples(x, thread, 190 * NSEC_PER_MSEC, 2, io_bytes, same_stack);
}

void reads(struct snap_build *x, node_t process, int64_t fd, node_t pipe)
{
	sb_fd(x, process, fd, pipe, "r");
	sb_call(x, sb_main(x, process), "read", fd);
}

void writes(struct snap_build *x, node_t process, int64_t fd, node_t pipe)
{
	sb_fd(x, process, fd, pipe, "w");
	sb_call(x, sb_main(x, process), "write", fd);
}

void polls(struct snap_build *x, node_t process, int64_t left_ns)
{
	sb_call(x, sb_main(x, process), "poll", 0x1000, 1, left_ns ? 9000 : -1);
	if (left_ns)
		sb_fact(x, sb_main(x, process), "timeout_left", left_ns, "");
}

void own_end_is_the_last(struct snap_build *x)
{
	node_t r = root(x), pipe = sb_pipe(x);

	reads(x, r, 3, pipe);
	sb_fd(x, r, 4, pipe, "w");
}

/* ---- running them ---- */

/* A claim stands on facts that exist, and names where the chain stops with its pid. */
static void is_well_formed(const struct snap_build *x, const struct snap_verdict *v)
{
	char pid[24];

	assert_true(v->facts.n > 0);
	assert_int_equal(v->end.presence, PRESENCE_HERE);
	assert_true(v->end.node > NODE_NONE);
	(void)snprintf(pid, sizeof(pid), "%lld", (long long)v->end.pid);
	assert_non_null(strstr(sb_sentence(x, v), pid));
}

static void deserves(void **state)
{
	const struct rule_case *c = *state;
	struct snap_build x;

	snap_build_init(&x);
	c->build(&x);
	const struct snap_verdict *v = sb_analyse(&x);
	if (strcmp(sb_class(v), c->expected.class) != 0 || v->certainty != c->expected.certainty ||
	    v->can_end != c->expected.can_end)
		fail_msg("%s %s %s, but deserves %s %s %s: %s", sb_class(v),
			 snap_word(names_certainty, v->certainty),
			 snap_word(names_can_end, v->can_end), c->expected.class,
			 snap_word(names_certainty, c->expected.certainty),
			 snap_word(names_can_end, c->expected.can_end), sb_sentence(&x, v));
	is_well_formed(&x, v);
	snap_build_done(&x);
}

int rule_cases_run(const char *group, const struct rule_case *cases, size_t n, unsigned first,
		   unsigned last)
{
	struct CMUnitTest tests[200];

	assert_in_range(n, 1, ARRAY_SIZE(tests));
	case_tests(tests, cases, n, sizeof(*cases), deserves);
	for (unsigned class = first; class <= last; class ++) {
		bool found = false;

		for (size_t i = 0; i < n; i++)
			found |= strcmp(cases[i].expected.class,
					snap_word(names_verdict_class, class)) == 0;
		if (!found) {
			print_error("no case deserves %s\n", snap_word(names_verdict_class, class));
			return 1;
		}
	}
	return _cmocka_run_group_tests(group, tests, n, NULL, NULL);
}
