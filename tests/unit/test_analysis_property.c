/*
 * What must hold of the analysis whatever a snapshot says: random small trees, judged by the
 * definitions of cli.md put down naively.
 *
 * - dead and lost are just what a solver finds that repeats the definition over the rows until
 *   nothing changes;
 * - a chain ends, and comes across no sleeper twice; with an edge that is a candidate, or a sleeper
 *   that was looked at once, nothing is proved;
 * - a sure claim of no end needs a root that is dead; one more unknown waker, or one more thread
 *   that runs, makes nobody dead;
 * - written, read and analysed anew a report says the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "analysis/groups.h"
#include "analysis/solve.h"
#include "analysis/view.h"
#include "analysis/waits.h"
#include "core/strbuf.h"
#include "core/util.h"
#include "snapshot/check.h"
#include "snapshot/index.h"
#include "snapshot/json.h"
#include "snapshot/read.h"
#include "snapshot/wakers.h"
#include "snapshot/write.h"
#include "tests/unit/snap_build.h"

enum { PROCESSES_MAX = 5, ROUNDS = 1500 };

static uint64_t seed_;

static uint32_t below(uint32_t n)
{
	seed_ = map_mix(seed_, 1);
	return n ? (uint32_t)((seed_ >> 20) % n) : 0;
}

static bool one_in(uint32_t n)
{
	return below(n) == 0;
}

/* ---- a random tree ---- */

struct forest {
	struct snap_build x;
	node_t processes[PROCESSES_MAX], resources[12];
	uint32_t n_processes, n_resources;
};

static void add_resources(struct forest *f)
{
	for (uint32_t i = 1 + below(3); i > 0; i--)
		f->resources[f->n_resources++] = sb_pipe(&f->x);
	for (uint32_t i = below(3); i > 0; i--) {
		sb_pair(&f->x, one_in(2) ? RESOURCE_UNIX : RESOURCE_TCP,
			&f->resources[f->n_resources], &f->resources[f->n_resources + 1]);
		f->n_resources += 2;
	}
	if (one_in(4))
		f->resources[f->n_resources++] = sb_listener(&f->x);
	if (one_in(3) && f->n_processes > 1)
		f->resources[f->n_resources++] =
			sb_pidfd(&f->x, f->processes[1 + below(f->n_processes - 1)]);
	for (uint32_t i = 0; i < f->n_resources; i++)
		if (one_in(8))
			SNAP_ROW(f->x.b.s, RESOURCE, node_index(f->resources[i]))
				->holders_complete = TRI_NO;
}

/* Descriptor 10 + i is resource i, where the process has it. */
static void add_fds(struct forest *f, node_t process)
{
	static const char *const modes[] = { "r", "w", "rw", "ri", "wi" };

	for (uint32_t i = 0; i < f->n_resources; i++)
		if (!one_in(3))
			sb_fd(&f->x, process, 10 + i, f->resources[i],
			      modes[below(ARRAY_SIZE(modes))]);
}

static void add_timeout(struct forest *f, node_t thread)
{
	sb_fact(&f->x, thread, "timeout_left", (one_in(3) ? 20000LL : 5LL) * NSEC_PER_SEC, "");
}

static int64_t any_tid(const struct forest *f)
{
	return SNAP_ROW(f->x.b.s, THREAD, below(SNAP_N(f->x.b.s, THREAD)))->tid;
}

static void add_call(struct forest *f, node_t process, node_t thread)
{
	int64_t fd = 10 + below(f->n_resources);

	switch (below(11)) {
	case 0:
		sb_call(&f->x, thread, "read", fd);
		break;
	case 1:
		sb_call(&f->x, thread, "write", fd);
		break;
	case 2:
		sb_call(&f->x, thread, "wait4", -1);
		break;
	case 3:
	case 4:
		sb_futex(&f->x, thread, one_in(2) ? "mutex" : "join", any_tid(f));
		break;
	case 5:
		sb_futex(&f->x, thread, "cond", 0);
		break;
	case 6:
	case 7:
	case 8: {
		bool timed = one_in(4);
		sb_call(&f->x, thread, "poll", 0x1000, 2, timed ? 9000 : -1);
		if (timed)
			add_timeout(f, thread);
		for (uint32_t i = 1 + below(3); i > 0; i--) {
			uint32_t r = below(f->n_resources);
			sb_watch(&f->x, thread, process, 10 + r, f->resources[r],
				 one_in(4) ? EPOLLOUT : EPOLLIN);
		}
		break;
	}
	case 9:
		if (one_in(3)) {
			sb_call(&f->x, thread, "clock_nanosleep", 0, 0, 0x1000);
			add_timeout(f, thread);
		} else {
			sb_call(&f->x, thread, "pause");
		}
		break;
	default:
		sb_call(&f->x, thread, one_in(4) ? "semop" : "read", fd);
		break;
	}
	if (one_in(14))
		sb_state(&f->x, thread, one_in(3) ? "T" : one_in(2) ? "D" : "R");
	if (one_in(12))
		SNAP_ROW(f->x.b.s, THREAD, node_index(thread))->activity = 0;
}

static void add_tasks(struct forest *f, node_t process)
{
	static const enum task_wait waits[] = { TASK_WAIT_EVENT,       TASK_WAIT_LOCK,
						TASK_WAIT_FOREVER,     TASK_WAIT_NURSERY,
						TASK_WAIT_FD,          TASK_WAIT_TASK,
						TASK_WAIT_TIMER,       TASK_WAIT_CHILD,
						TASK_WAIT_CHANNEL_SEND };
	node_t tasks[6];
	uint32_t n = 1 + below(5);

	sb_python(&f->x, process);
	sb_call(&f->x, sb_main(&f->x, process), "epoll_wait", 3, 0, 0, -1);
	for (uint32_t i = 0; i < n; i++)
		tasks[i] = sb_task(&f->x, process, "trio", "task", i ? tasks[below(i)] : NODE_NONE);
	for (uint32_t i = 0; i < n; i++) {
		node_t others[] = { tasks[below(n)], tasks[below(n)] };
		struct span list = builder_refs(&f->x.b, others, below(3));
		struct snap_task *t = sb_task_row(&f->x, tasks[i]);
		t->wait = (uint8_t)waits[below(ARRAY_SIZE(waits))];
		t->fd = 10 + below(f->n_resources);
		t->waits_write = one_in(4);
		t->waits_any = one_in(2);
		t->child = sb_pid(&f->x, f->processes[below(f->n_processes)]);
		t->inherited = i && one_in(12);
		t->service = i && one_in(12);
		if (t->wait == TASK_WAIT_TASK)
			t->waits_for = list;
		else if (one_in(3))
			t->setters = list;
		else if (one_in(4))
			t->wait_owner = others[0];
		if (one_in(8))
			sb_scope(&f->x, tasks[i], one_in(2) ? 5 * NSEC_PER_SEC : SNAP_NONE,
				 one_in(2), one_in(2));
	}
}

static void random_forest(struct forest *f, uint64_t seed)
{
	*f = (struct forest){ 0 };
	seed_ = seed;
	snap_build_init(&f->x);
	f->n_processes = 1 + below(PROCESSES_MAX);
	for (uint32_t i = 0; i < f->n_processes; i++) {
		node_t parent = !i ? NODE_NONE : one_in(8) ? NODE_UNKNOWN : f->processes[below(i)];
		f->processes[i] = sb_process(&f->x, parent, "p");
		for (uint32_t k = below(3); k > 0; k--)
			(void)sb_thread(&f->x, f->processes[i], "t");
	}
	add_resources(f);
	for (uint32_t i = 0; i < f->n_processes; i++)
		add_fds(f, f->processes[i]);
	for (uint32_t i = 0; i < SNAP_N(f->x.b.s, THREAD); i++)
		add_call(f, SNAP_ROW(f->x.b.s, THREAD, i)->owner, NODE(TABLE_THREAD, i));
	for (uint32_t i = 0; i < f->n_processes; i++) {
		if (one_in(4))
			add_tasks(f, f->processes[i]);
		else if (one_in(6))
			sb_catches(&f->x, f->processes[i], 15);
		if (i && one_in(10))
			sb_exit(&f->x, f->processes[i], 1);
	}
	sb_finish(&f->x);
}

/* ---- the definitions, put down naively ---- */

struct naive {
	const struct analysis *a;
	bool *alive; /* by sleeper */
};

static bool process_lives(const struct naive *x, node_t process)
{
	const struct analysis *a = x->a;

	if (view_of(a, process)->opaque)
		return true;
	for (uint32_t i = 0; i < SNAP_N(a->s, THREAD); i++)
		if (SNAP_ROW(a->s, THREAD, i)->owner == process && !a->threads[i].idle &&
		    x->alive[sleeper_of(a, NODE(TABLE_THREAD, i))])
			return true;
	for (uint32_t i = 0; i < SNAP_N(a->s, TASK); i++) {
		const struct snap_task *t = SNAP_ROW(a->s, TASK, i);
		if (t->owner == process && !t->inherited && !t->service &&
		    x->alive[sleeper_of(a, NODE(TABLE_TASK, i))])
			return true;
	}
	return false;
}

/* Is there a waker that is alive or unknown, or a deadline less than an hour away? */
static bool wait_lives(const struct naive *x, const struct snap_wait *w)
{
	struct snap_wakers it = snap_wakers_of(x->a->s, w);
	node_t n;

	if (!span_known(w->to) || w->new_work || w->on == WAIT_ON_TIMER)
		return true;
	if (w->deadline_ns != SNAP_NONE &&
	    (!snap_known(w->deadline_ns) || w->deadline_ns < FAR_DEADLINE_NS))
		return true;
	while (snap_wakers_next(&it, &n))
		if (node_table(n) == TABLE_PROCESS ? process_lives(x, n)
						   : x->alive[sleeper_of(x->a, n)])
			return true;
	return false;
}

static bool sleeper_lives(const struct naive *x, node_t sleeper)
{
	uint32_t n[8] = { 0 }, live[8] = { 0 };
	bool all[8] = { false }, any = false;

	for (uint32_t i = 0; i < SNAP_N(x->a->s, WAIT); i++) {
		const struct snap_wait *w = SNAP_ROW(x->a->s, WAIT, i);
		if (w->from != sleeper)
			continue;
		assert_in_range(w->group, 0, 7);
		any = true;
		n[w->group]++;
		live[w->group] += wait_lives(x, w);
		all[w->group] = w->need == NEED_ALL;
	}
	for (int g = 0; g < 8; g++)
		if (n[g] && (all[g] ? live[g] == n[g] : live[g] > 0))
			return true;
	return !any;
}

/* Alive by itself, or not a sleeper at all (NULL: it has to be asked). */
static bool starts_alive(const struct analysis *a, node_t n, bool *ret_asked)
{
	*ret_asked = false;
	if (node_table(n) == TABLE_THREAD) {
		enum mode m = a->threads[node_index(n)].mode;
		*ret_asked = m == MODE_SLEEPS || m == MODE_D;
		return m == MODE_RUNS || m == MODE_MOVED || m == MODE_STOPPED;
	}
	const struct snap_task *t = SNAP_ROW(a->s, TASK, node_index(n));
	if (t->inherited)
		return false;
	*ret_asked = true;
	return node_table(t->thread) == TABLE_THREAD &&
	       a->threads[node_index(t->thread)].mode == MODE_STOPPED;
}

static void naive_solve(struct naive *x)
{
	const struct analysis *a = x->a;
	uint32_t n = SNAP_N(a->s, THREAD) + SNAP_N(a->s, TASK);
	bool changed, asked;

	do {
		changed = false;
		for (uint32_t i = 0; i < n; i++) {
			node_t node = sleeper_node(a, i);
			bool now =
				starts_alive(a, node, &asked) || (asked && sleeper_lives(x, node));
			changed |= now && !x->alive[i];
			x->alive[i] |= now;
		}
	} while (changed);
}

static void forget_derived(struct builder *b)
{
	static const enum table derived[] = { TABLE_WAIT, TABLE_GROUP, TABLE_SET };

	for (size_t i = 0; i < ARRAY_SIZE(derived); i++)
		builder_truncate(b, derived[i], 0);
}

/* The dead of a snapshot, by sleeper; checked against the naive solver. The caller frees it. */
static bool *solved(struct builder *b, uint64_t seed)
{
	struct analysis a;
	struct solution s;

	forget_derived(b);
	assert_int_equal(analysis_init(&a, b), 0);
	views_derive(&a);
	assert_int_equal(groups_derive(&a), 0);
	waits_derive(&a);
	assert_int_equal(solve(&a, 0, &s), 0);
	uint32_t n = SNAP_N(a.s, THREAD) + SNAP_N(a.s, TASK);
	struct naive x = { .a = &a, .alive = calloc(n + 1, sizeof(bool)) };
	bool *dead = calloc(n + 1, sizeof(bool));

	assert_true(x.alive && dead);
	naive_solve(&x);
	for (uint32_t i = 0; i < n; i++) {
		dead[i] = is_dead(&s, sleeper_node(&a, i));
		if (dead[i] == x.alive[i])
			fail_msg("seed %llu: sleeper %u is %s, by definition it is not",
				 (unsigned long long)seed, i, dead[i] ? "dead" : "alive");
	}
	for (uint32_t i = 0; i < SNAP_N(a.s, WAIT); i++) {
		const struct snap_wait *w = wait_row(&a, i);
		bool ends = w->on == WAIT_ON_TIMER ||
			    (w->on == WAIT_ON_TIMERFD && w->deadline_ns != SNAP_NONE);
		bool lost = span_known(w->to) && snap_wakers_count(a.s, w, 1) == 0 && !ends;
		assert_int_equal(wait_is_lost(&s, i), lost);
	}
	free(x.alive);
	solution_done(&s);
	analysis_done(&a);
	forget_derived(b);
	return dead;
}

/* ---- what a verdict may say ---- */

static bool was_looked_at_once(const struct snapshot *s, node_t sleeper)
{
	if (node_table(sleeper) == TABLE_TASK)
		sleeper = SNAP_ROW(s, TASK, node_index(sleeper))->thread;
	if (node_table(sleeper) != TABLE_THREAD)
		return false;
	const struct snap_thread *t = SNAP_ROW(s, THREAD, node_index(sleeper));
	return t->activity == 0 && strcmp(snap_str(s, t->state), "S") == 0;
}

static void check_verdict(const struct snapshot *s, const struct snap_verdict *v)
{
	assert_in_range(v->class, VERDICT_STOPPED, VERDICT_UNKNOWN);
	assert_in_range(v->certainty, CERTAINTY_PROVED, CERTAINTY_INFERRED);
	assert_true(snap_str(s, v->sentence)[0] != '\0');
	assert_int_equal(v->end.presence, PRESENCE_HERE);
	assert_in_range(v->chain.n, 0, SNAP_N(s, THREAD) + SNAP_N(s, TASK) + SNAP_N(s, PROCESS));
	for (uint32_t i = 0; i < v->chain.n; i++) {
		const struct snap_wait *w =
			SNAP_ROW(s, WAIT, node_index(*SNAP_ROW(s, REF, v->chain.first + i)));
		if (w->evidence == EVIDENCE_CANDIDATE || was_looked_at_once(s, w->from))
			assert_int_equal(v->certainty, CERTAINTY_INFERRED);
		if (w->evidence == EVIDENCE_READ)
			assert_true(v->certainty >= CERTAINTY_READ);
		for (uint32_t k = 0; k < i; k++) {
			node_t before = *SNAP_ROW(s, REF, v->chain.first + k);
			/* A loop's thread may come once more, for what it does besides its tasks.
			 */
			bool loop = SNAP_ROW(s, WAIT, node_index(before))->on == WAIT_ON_LOOP;
			assert_true(loop || SNAP_ROW(s, WAIT, node_index(before))->from != w->from);
		}
	}
	for (uint32_t i = 0; i < v->facts.n; i++)
		assert_in_range(node_index(*SNAP_ROW(s, REF, v->facts.first + i)), 0,
				SNAP_N(s, FACT) - 1);
}

/* Nothing ends it, and that is more than inferred: then its first sleeper is dead. */
static bool claims_death(const struct snap_verdict *v)
{
	return (v->class == VERDICT_DEADLOCK || v->class == VERDICT_LOST_PEER) &&
	       v->can_end == CAN_END_NO;
}

/* Its first sleeper; not the loop's thread that only stands before its main task. */
static node_t whom_it_is_about(const struct snapshot *s, const struct snap_verdict *v)
{
	const struct snap_wait *w = NULL;

	for (uint32_t i = 0; i < v->chain.n && (!w || w->on == WAIT_ON_LOOP); i++)
		w = SNAP_ROW(s, WAIT, node_index(*SNAP_ROW(s, REF, v->chain.first + i)));
	return w->from;
}

static uint32_t sleeper_index(const struct snapshot *s, node_t n)
{
	return node_table(n) == TABLE_TASK ? SNAP_N(s, THREAD) + node_index(n) : node_index(n);
}

static int to_strbuf(void *arg, const void *p, size_t n)
{
	strbuf_add_bytes(arg, p, n);
	return 0;
}

static void says_the_same_when_stored(const struct snapshot *s, const struct snap_verdict *v)
{
	struct strbuf text = { 0 };
	struct snapshot *copy = NULL;
	struct snap_index x;
	struct builder b;
	struct json j;
	char why[200] = "";

	assert_int_equal(snap_index_init(&x, s), 0);
	json_begin(&j, to_strbuf, &text, 0);
	snapshot_write(s, &x, &j);
	assert_int_equal(json_end(&j), 0);
	snap_index_done(&x);
	if (snapshot_read(text.s, text.n, &copy, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	assert_int_equal(builder_resume(&b, copy), 0);
	assert_int_equal(analyse(&b), 0);
	const struct snap_verdict *again = SNAP_ROW(copy, VERDICT, 0);
	assert_int_equal(again->class, v->class);
	assert_int_equal(again->certainty, v->certainty);
	assert_int_equal(again->can_end, v->can_end);
	assert_int_equal(again->end.node, v->end.node);
	assert_int_equal(again->chain.n, v->chain.n);
	assert_string_equal(snap_str(copy, again->sentence), snap_str(s, v->sentence));
	assert_int_equal(SNAP_N(copy, WAIT), SNAP_N(s, WAIT));
	assert_int_equal(SNAP_N(copy, SET), SNAP_N(s, SET));
	builder_done(&b);
	strbuf_done(&text);
}

static void verdicts_keep_to_their_evidence(void **state)
{
	uint32_t claims = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct forest f;
		random_forest(&f, seed);
		const struct snap_verdict *v = sb_analyse(&f.x);
		check_verdict(f.x.b.s, v);
		if (claims_death(v) && v->chain.n) {
			node_t from = whom_it_is_about(f.x.b.s, v);
			bool *dead = solved(&f.x.b, seed);
			if (!dead[sleeper_index(f.x.b.s, from)])
				fail_msg("seed %llu: %s", (unsigned long long)seed,
					 sb_sentence(&f.x, v));
			free(dead);
			claims++;
		}
		if (seed % 4 == 0)
			says_the_same_when_stored(f.x.b.s, sb_analyse(&f.x));
		snap_build_done(&f.x);
	}
	/* Else the above said nothing. */
	assert_true(claims > ROUNDS / 50);
}

static void weaken(struct forest *f)
{
	if (one_in(2)) {
		node_t t = sb_thread(&f->x, f->processes[below(f->n_processes)], "runs");
		sb_state(&f->x, t, "R");
	} else {
		uint32_t r = below(f->n_resources);
		SNAP_ROW(f->x.b.s, RESOURCE, node_index(f->resources[r]))->holders_complete =
			TRI_NO;
	}
}

/* A new thread comes last: the sleepers before it keep their places, the tasks move up by one. */
static void less_evidence_kills_nobody(void **state)
{
	uint32_t changes = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct forest f;
		random_forest(&f, seed);
		uint32_t threads = SNAP_N(f.x.b.s, THREAD), tasks = SNAP_N(f.x.b.s, TASK);
		bool *before = solved(&f.x.b, seed);
		weaken(&f);
		bool *after = solved(&f.x.b, seed);
		uint32_t moved = SNAP_N(f.x.b.s, THREAD) - threads;
		for (uint32_t i = 0; i < threads + tasks; i++) {
			uint32_t now = i < threads ? i : i + moved;
			if (after[now] && !before[i])
				fail_msg("seed %llu: less evidence made sleeper %u dead",
					 (unsigned long long)seed, i);
			changes += before[i] && !after[now];
		}
		free(before);
		free(after);
		snap_build_done(&f.x);
	}
	assert_true(changes > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_keep_to_their_evidence),
		cmocka_unit_test(less_evidence_kills_nobody),
	};

	return cmocka_run_group_tests_name("analysis: properties", tests, NULL, NULL);
}
