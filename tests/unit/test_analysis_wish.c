/*
 * Signs of a wish to end: each makes a deadlock of what otherwise is a program at rest, and each
 * has a healthy one that looks like it.
 *
 * All cases are one program: two processes with a connection, each of which reads what the other
 * could send, and each of which takes new connections as well. Nothing of that is wrong unless
 * somebody wants to end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include <cmocka.h>

#include "core/util.h"
#include "tests/unit/cases.h"
#include "tests/unit/snap_build.h"

struct program {
	struct snap_build x;
	node_t root, child; /* 100, 101 */
	node_t task;        /* the root's main task */
};

struct wish_case {
	const char *name;
	void (*build)(struct program *p);
	const char *sign; /* a part of the sentence; NULL: it is at rest */
};

static void begin(struct program *p)
{
	node_t a, b;

	snap_build_init(&p->x);
	p->root = sb_process(&p->x, NODE_NONE, "root");
	p->child = sb_process(&p->x, p->root, "child");
	sb_pair(&p->x, RESOURCE_UNIX, &a, &b);
	sb_fd(&p->x, p->root, 3, a, "rw");
	sb_fd(&p->x, p->root, 4, sb_listener(&p->x), "rw");
	sb_fd(&p->x, p->child, 3, b, "rw");
	sb_fd(&p->x, p->child, 4, NODE(TABLE_RESOURCE, 2), "rwi");
	for (int i = 0; i < 2; i++) {
		node_t process = i ? p->child : p->root, t = sb_main(&p->x, process);
		sb_call(&p->x, t, "poll", 0x1000, 2, -1);
		sb_watch(&p->x, t, process, 3, i ? b : a, EPOLLIN);
		sb_watch(&p->x, t, process, 4, NODE(TABLE_RESOURCE, 2), EPOLLIN);
	}
}

static void stack_is(struct program *p, const char *const *functions)
{
	sb_stack(&p->x, sb_main(&p->x, p->root), functions, "a.c");
}

#define STACK(p, ...) stack_is(p, (const char *const[]){ __VA_ARGS__, NULL })

static void at_rest(struct program *p)
{
	(void)p;
}

/* ---- an interpreter that ends ---- */

static void interpreter_is(struct program *p, enum tri finalizing)
{
	sb_python(&p->x, p->root);
	SNAP_ROW(p->x.b.s, RUNTIME, 0)->finalizing = (uint8_t)finalizing;
}

static void interpreter_is_ending(struct program *p)
{
	interpreter_is(p, TRI_YES);
}

static void interpreter_is_not_ending(struct program *p)
{
	interpreter_is(p, TRI_NO);
}

static void interpreter_may_be_ending(struct program *p)
{
	interpreter_is(p, TRI_UNKNOWN);
}

/* ---- an exit under way ---- */

static void runs_exit_handlers(struct program *p)
{
	STACK(p, "poll", "flush_all", "__run_exit_handlers", "exit", "main");
}

static void finalizes(struct program *p)
{
	STACK(p, "poll", "_exit_function", "main");
}

/* A server whose main program has ended lives on in its threads. */
static void waits_for_its_threads(struct program *p)
{
	STACK(p, "poll", "_shutdown", "wait_for_thread_shutdown", "Py_FinalizeEx", "main");
}

static void waits_for_its_threads_in_c_only(struct program *p)
{
	STACK(p, "poll", "wait_for_thread_shutdown", "Py_FinalizeEx", "main");
}

/* From within an exit handler it does end, whatever stands around that. */
static void runs_an_exit_handler_after_its_threads(struct program *p)
{
	STACK(p, "poll", "_python_exit", "_shutdown", "Py_FinalizeEx", "main");
}

static void has_a_function_like_exit(struct program *p)
{
	STACK(p, "poll", "exit_code_of", "main");
}

/* Another thread than the main thread may come through a handler of its own. */
static void another_thread_is_in_exit(struct program *p)
{
	node_t t = sb_thread(&p->x, p->root, "other");

	sb_call(&p->x, t, "pause");
	sb_stack(&p->x, t, (const char *const[]){ "pause", "exit", NULL }, "a.c");
}

/* ---- a cancelled scope ---- */

/* The task waits for the same as its thread did. */
static void has_a_task(struct program *p)
{
	sb_python(&p->x, p->root);
	p->task = sb_task(&p->x, p->root, "trio", "main", NODE_NONE);
	struct snap_task *t = sb_task_row(&p->x, p->task);
	t->wait = TASK_WAIT_FD;
	t->fd = 3;
	for (uint32_t i = 0; i < SNAP_N(p->x.b.s, WATCH); i++)
		if (SNAP_ROW(p->x.b.s, WATCH, i)->process == p->root)
			SNAP_ROW(p->x.b.s, WATCH, i)->task = p->task;
}

static void task_is_cancelled(struct program *p)
{
	has_a_task(p);
	sb_scope(&p->x, p->task, SNAP_NONE, true, false);
}

static void task_has_a_scope(struct program *p)
{
	has_a_task(p);
	sb_scope(&p->x, p->task, SNAP_NONE, false, false);
}

/* Of the parent's tasks a child has copies that nothing runs. */
static void a_copied_task_is_cancelled(struct program *p)
{
	task_is_cancelled(p);
	sb_task_row(&p->x, p->task)->inherited = 1;
}

/* ---- input that lies unread ---- */

static struct snap_resource *another_connection(struct program *p, int64_t recv_q)
{
	node_t a, b;

	sb_pair(&p->x, RESOURCE_UNIX, &a, &b);
	sb_fd(&p->x, p->root, 5, a, "rw");
	sb_fd(&p->x, p->child, 5, b, "rw");
	SNAP_ROW(p->x.b.s, RESOURCE, node_index(a))->recv_q = recv_q;
	return SNAP_ROW(p->x.b.s, RESOURCE, node_index(a));
}

static void input_lies_unread(struct program *p)
{
	(void)another_connection(p, 1);
}

static void no_input_lies_unread(struct program *p)
{
	(void)another_connection(p, 0);
}

static void input_is_not_known(struct program *p)
{
	(void)another_connection(p, SNAP_UNKNOWN);
}

/* The kernel counts an end of file as one byte; a leaked connection is not input. */
static void an_end_of_file_lies_unread(struct program *p)
{
	struct snap_resource *r = another_connection(p, 1);
	str_t state = builder_str(&p->x.b, "CLOSE_WAIT");

	r->state = state;
}

/* Who sent it is not here: it is somebody else's affair when that is read. */
static void input_of_others_lies_unread(struct program *p)
{
	struct snap_resource *r = another_connection(p, 1);

	r->peer = NODE_NONE;
}

static void cannot_read_its_input(struct program *p)
{
	input_lies_unread(p);
	for (uint32_t i = 0; i < SNAP_N(p->x.b.s, FD); i++)
		if (SNAP_ROW(p->x.b.s, FD, i)->fd == 5)
			SNAP_ROW(p->x.b.s, FD, i)->readable = 0;
}

#define SIGN(who, what) "A sign that " who " wants to end: " what ". "

static const struct wish_case cases[] = {
#define C(fn, sign)           \
	{                     \
#fn, fn, sign \
	}
	C(at_rest, NULL),
	C(interpreter_is_ending, SIGN("root 100", "its interpreter is ending")),
	C(interpreter_is_not_ending, NULL),
	C(interpreter_may_be_ending, NULL),
	C(runs_exit_handlers, SIGN("root 100", "it is on its way out")),
	C(finalizes, SIGN("root 100", "it is on its way out")),
	C(runs_an_exit_handler_after_its_threads, SIGN("root 100", "it is on its way out")),
	C(waits_for_its_threads, NULL),
	C(waits_for_its_threads_in_c_only, NULL),
	C(has_a_function_like_exit, NULL),
	C(another_thread_is_in_exit, NULL),
	C(task_is_cancelled, SIGN("task main of root 100", "it is cancelled")),
	C(task_has_a_scope, NULL),
	C(a_copied_task_is_cancelled, NULL),
	C(input_lies_unread, SIGN("root 100", "input for it lies unread")),
	C(no_input_lies_unread, NULL),
	C(input_is_not_known, NULL),
	C(an_end_of_file_lies_unread, NULL),
	C(input_of_others_lies_unread, NULL),
	C(cannot_read_its_input, NULL),
#undef C
};

static void wants_to_end(void **state)
{
	const struct wish_case *c = *state;
	struct program p = { .task = NODE_UNKNOWN };

	begin(&p);
	c->build(&p);
	const struct snap_verdict *v = sb_analyse(&p.x);
	const char *sentence = sb_sentence(&p.x, v);
	if (c->sign) {
		if (strcmp(sb_class(v), "DEADLOCK") != 0 || !strstr(sentence, c->sign))
			fail_msg("%s: %s: %s", c->name, sb_class(v), sentence);
		assert_int_equal(v->certainty, CERTAINTY_INFERRED);
	} else if (strcmp(sb_class(v), "DEADLOCK") == 0 || strstr(sentence, "wants to end")) {
		fail_msg("%s: %s: %s", c->name, sb_class(v), sentence);
	}
	snap_build_done(&p.x);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases)];

	case_tests(tests, cases, ARRAY_SIZE(cases), sizeof(*cases), wants_to_end);
	return _cmocka_run_group_tests("analysis: wish", tests, ARRAY_SIZE(tests), NULL, NULL);
}
