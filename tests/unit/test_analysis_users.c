/*
 * A process that is connected to itself and listens: who uses the other end decides whether it is
 * idle or in its own way. Threads: the main thread reads one end, another one is somewhere, a third
 * accepts.
 */
#include <linux/futex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/snap_build.h"

enum { OWN_END = 5, OTHER_END = 6, LISTENER = 7 };

struct program {
	struct snap_build x;
	node_t process, main, handler, acceptor;
};

static void begin(struct program *p)
{
	node_t own, other;

	snap_build_init(&p->x);
	p->process = sb_process(&p->x, NODE_NONE, "server");
	sb_pair(&p->x, RESOURCE_TCP, &own, &other);
	sb_fd(&p->x, p->process, OWN_END, own, "rw");
	sb_fd(&p->x, p->process, OTHER_END, other, "rw");
	sb_fd(&p->x, p->process, LISTENER, sb_listener(&p->x), "rw");
	p->main = sb_main(&p->x, p->process);
	p->handler = sb_thread(&p->x, p->process, "handler");
	p->acceptor = sb_thread(&p->x, p->process, "acceptor");
	sb_call(&p->x, p->acceptor, "accept", LISTENER);
	sb_call(&p->x, p->main, "recvfrom", OWN_END);
}

static void uses(struct program *p, node_t who)
{
	sb_fact(&p->x, who, "uses_fd", OTHER_END, "a variable of handle() has fd 6");
}

static void wants_a_lock_of_main(struct program *p)
{
	sb_futex(&p->x, p->handler, "mutex normal", sb_tid(&p->x, p->main));
}

static void says(struct program *p, const char *class, enum certainty certainty)
{
	const struct snap_verdict *v = sb_analyse(&p->x);

	assert_string_equal(sb_class(v), class);
	assert_int_equal(v->certainty, certainty);
	snap_build_done(&p->x);
}

/* Without a user everybody might answer, also who accepts connections; that it is he is a guess. */
static void idle_where_nobody_is_known(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	wants_a_lock_of_main(&p);
	says(&p, "IDLE", CERTAINTY_INFERRED);
}

static void deadlock_through_its_user(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	wants_a_lock_of_main(&p);
	uses(&p, p.handler);
	says(&p, "DEADLOCK", CERTAINTY_INFERRED);
}

/* Both ends are read: somebody may push. */
static void idle_where_its_user_rests(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	sb_call(&p.x, p.handler, "recvfrom", OTHER_END);
	uses(&p, p.handler);
	says(&p, "IDLE", CERTAINTY_INFERRED);
}

/* One task reads on, as servers do to see the client go, while another one answers. */
static void deadlock_beside_a_reader(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	wants_a_lock_of_main(&p);
	uses(&p, p.handler);
	node_t reader = sb_thread(&p.x, p.process, "reader");
	sb_call(&p.x, reader, "recvfrom", OTHER_END);
	uses(&p, reader);
	says(&p, "DEADLOCK", CERTAINTY_INFERRED);
}

/* Its loop has the last connection in a variable, and waits for the next one. */
static void deadlock_beside_the_acceptor(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	wants_a_lock_of_main(&p);
	uses(&p, p.handler);
	uses(&p, p.acceptor);
	says(&p, "DEADLOCK", CERTAINTY_INFERRED);
}

static void idle_where_the_acceptor_alone_uses_it(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	wants_a_lock_of_main(&p);
	uses(&p, p.acceptor);
	says(&p, "IDLE", CERTAINTY_INFERRED);
}

/* Who has both ends cannot be whom it waits for. */
static void idle_where_the_sleeper_alone_uses_it(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	wants_a_lock_of_main(&p);
	uses(&p, p.main);
	says(&p, "IDLE", CERTAINTY_INFERRED);
}

/* One of two users sleeps for a while: it may answer. */
static void alive_by_another_user(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	wants_a_lock_of_main(&p);
	uses(&p, p.handler);
	node_t other = sb_thread(&p.x, p.process, "other");
	sb_call(&p.x, other, "nanosleep", 0x1000);
	uses(&p, other);
	says(&p, "TIMER", CERTAINTY_INFERRED);
}

static void waits_for_ever(struct program *p, node_t thread)
{
	sb_futex(&p->x, thread, "sem", 0);
	struct snap_park *row = BUILD(&p->x.b, PARK);
	row->owner = thread;
	row->object = 0x1000;
	row->setters = (struct span){ 0, 0 };
	sb_fact(&p->x, thread, "setters_variable", 1, "only a variable of its own has that Event");
}

/* In a server who waits for what nobody has is taken to rest; not so who owes an answer. */
static void lost_behind_a_user(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	waits_for_ever(&p, p.handler);
	uses(&p, p.handler);
	says(&p, "LOST_PEER", CERTAINTY_INFERRED);
}

static void idle_where_another_rests(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	waits_for_ever(&p, p.handler);
	says(&p, "IDLE", CERTAINTY_INFERRED);
}

/* ... nor whom such a one waits for. */
static void lost_behind_whom_a_user_waits_for(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	node_t keeper = sb_thread(&p.x, p.process, "keeper");
	waits_for_ever(&p, keeper);
	sb_futex(&p.x, p.handler, "mutex normal", sb_tid(&p.x, keeper));
	uses(&p, p.handler);
	says(&p, "LOST_PEER", CERTAINTY_INFERRED);
}

/* A claim about a copy that fork left behind would be about nobody. */
static void copies_use_nothing(void **state)
{
	struct program p;

	(void)state;
	begin(&p);
	wants_a_lock_of_main(&p);
	node_t copy = sb_task(&p.x, p.process, "asyncio", "copy", NODE_NONE);
	sb_task_row(&p.x, copy)->inherited = true;
	uses(&p, copy);
	says(&p, "IDLE", CERTAINTY_INFERRED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_where_nobody_is_known),
		cmocka_unit_test(deadlock_through_its_user),
		cmocka_unit_test(idle_where_its_user_rests),
		cmocka_unit_test(deadlock_beside_a_reader),
		cmocka_unit_test(deadlock_beside_the_acceptor),
		cmocka_unit_test(idle_where_the_acceptor_alone_uses_it),
		cmocka_unit_test(idle_where_the_sleeper_alone_uses_it),
		cmocka_unit_test(alive_by_another_user),
		cmocka_unit_test(copies_use_nothing),
		cmocka_unit_test(lost_behind_a_user),
		cmocka_unit_test(idle_where_another_rests),
		cmocka_unit_test(lost_behind_whom_a_user_waits_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
