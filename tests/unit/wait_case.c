/* Running cases of waits, and texts of their rows; see wait_case.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/strbuf.h"
#include "snapshot/schema.h"
#include "tests/unit/cases.h"
#include "tests/unit/wait_case.h"

struct snap_resource *resource_of(struct program *p, node_t resource)
{
	return SNAP_ROW(p->x.b.s, RESOURCE, node_index(resource));
}

void set_text(struct program *p, text_in_row *in_row, node_t n, const char *text)
{
	str_t s = builder_str(&p->x.b, text);

	*in_row(p, n) = s;
}

str_t *state_of(struct program *p, node_t n)
{
	return &resource_of(p, n)->state;
}

str_t *text_of(struct program *p, node_t n)
{
	return &resource_of(p, n)->text;
}

str_t *local_of(struct program *p, node_t n)
{
	return &resource_of(p, n)->local;
}

str_t *detail_of(struct program *p, node_t n)
{
	return &resource_of(p, n)->detail;
}

str_t *wchan_of(struct program *p, node_t n)
{
	return &SNAP_ROW(p->x.b.s, THREAD, node_index(n))->wchan;
}

str_t *waits_on_of(struct program *p, node_t n)
{
	return &sb_task_row(&p->x, n)->waits_on;
}

/* ---- running them ---- */

static void add_node(struct program *p, node_t n, struct strbuf *out)
{
	switch (node_table(n)) {
	case TABLE_PROCESS:
		strbuf_addf(out, " process %lld", (long long)sb_pid(&p->x, n));
		break;
	case TABLE_THREAD:
		strbuf_addf(out, " thread %lld", (long long)sb_tid(&p->x, n));
		break;
	default:
		strbuf_addf(out, " task %s", snap_str(p->x.b.s, sb_task_row(&p->x, n)->name));
		break;
	}
}

static void add_wait(struct program *p, const struct snap_wait *w, struct strbuf *out)
{
	strbuf_addf(out, "%s: %s:", snap_word(names_wait_on, w->on), snap_str(p->x.b.s, w->what));
	if (!span_known(w->to))
		strbuf_add(out, " not known");
	else if (!w->to.n)
		strbuf_add(out, " nobody");
	for (uint32_t i = 0; span_known(w->to) && i < w->to.n; i++)
		add_node(p, *SNAP_ROW(p->x.b.s, REF, w->to.first + i), out);
	if (w->new_work)
		strbuf_add(out, " !");
	if (w->evidence == EVIDENCE_CANDIDATE)
		strbuf_add(out, " ~");
	if (w->need == NEED_ALL)
		strbuf_add(out, " &");
	if (w->deadline_ns == SNAP_UNKNOWN)
		strbuf_add(out, " @?");
	else if (w->deadline_ns != SNAP_NONE)
		strbuf_addf(out, " @%lld", (long long)(w->deadline_ns / NSEC_PER_SEC));
	strbuf_add_char(out, '\n');
}

static void waits_for(void **state)
{
	const struct wait_case *c = *state;
	struct program p = { .task = NODE_UNKNOWN };
	struct strbuf waits = { 0 };

	snap_build_init(&p.x);
	p.root = sb_process(&p.x, NODE_NONE, "root");
	p.main_thread = sb_main(&p.x, p.root);
	p.child = sb_process(&p.x, p.root, "child");
	c->build(&p);
	(void)sb_analyse(&p.x);

	node_t sleeper = p.task == NODE_UNKNOWN ? p.main_thread : p.task;
	for (uint32_t i = 0; i < SNAP_N(p.x.b.s, WAIT); i++)
		if (SNAP_ROW(p.x.b.s, WAIT, i)->from == sleeper)
			add_wait(&p, SNAP_ROW(p.x.b.s, WAIT, i), &waits);
	assert_string_equal(strbuf_str(&waits), c->waits);
	strbuf_done(&waits);
	snap_build_done(&p.x);
}

int wait_cases_run(const char *group, const struct wait_case *cases, size_t n)
{
	struct CMUnitTest tests[200];

	assert_in_range(n, 1, ARRAY_SIZE(tests));
	case_tests(tests, cases, n, sizeof(*cases), waits_for);
	return _cmocka_run_group_tests(group, tests, n, NULL, NULL);
}
