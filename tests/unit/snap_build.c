/* Small snapshots by hand; see snap_build.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "core/util.h"
#include "snapshot/check.h"
#include "snapshot/schema.h"
#include "tests/unit/snap_build.h"

#define STR(x, text)    builder_str(&(x)->b, text)
#define ROW(x, T, node) SNAP_ROW((x)->b.s, T, node_index(node))

void snap_build_init(struct snap_build *x)
{
	*x = (struct snap_build){ .next_pid = 100, .next_inode = 1000 };
	assert_int_equal(builder_init(&x->b), 0);
}

void snap_build_done(struct snap_build *x)
{
	builder_done(&x->b);
}

node_t sb_thread(struct snap_build *x, node_t process, const char *name)
{
	int64_t tid = x->next_pid++;
	struct snap_thread *t = BUILD(&x->b, THREAD);

	t->owner = process;
	t->tid = t->ns_tid = tid;
	t->activity = ACTIVITY_PARKED;
	t->call.presence = PRESENCE_NONE;
	node_t n = builder_last(&x->b, TABLE_THREAD);
	str_t word = STR(x, name), state = STR(x, "S");
	ROW(x, THREAD, n)->name = word;
	ROW(x, THREAD, n)->state = state;
	return n;
}

node_t sb_process(struct snap_build *x, node_t parent, const char *name)
{
	struct snap_process *p = BUILD(&x->b, PROCESS);
	node_t n = builder_last(&x->b, TABLE_PROCESS);

	p->pid = p->ns_pid = x->next_pid;
	p->parent = node_table(parent) == TABLE_PROCESS ? parent : NODE_NONE;
	p->root = parent == NODE_NONE;
	p->outside = parent == NODE_UNKNOWN;
	p->fds_seen = TRI_YES;
	p->exit.presence = PRESENCE_NONE;
	p->pid_ns = p->net_ns = 1;
	p->forked_not_execed = TRI_YES;
	str_t word = STR(x, name), state = STR(x, "S");
	ROW(x, PROCESS, n)->name = word;
	ROW(x, PROCESS, n)->state = state;
	(void)sb_thread(x, n, name);
	return n;
}

node_t sb_main(struct snap_build *x, node_t process)
{
	for (uint32_t i = 0; i < SNAP_N(x->b.s, THREAD); i++)
		if (SNAP_ROW(x->b.s, THREAD, i)->owner == process)
			return NODE(TABLE_THREAD, i);
	return NODE_UNKNOWN;
}

int64_t sb_pid(const struct snap_build *x, node_t process)
{
	return ROW(x, PROCESS, process)->pid;
}

int64_t sb_tid(const struct snap_build *x, node_t thread)
{
	return ROW(x, THREAD, thread)->tid;
}

void sb_state(struct snap_build *x, node_t thread, const char *state)
{
	ROW(x, THREAD, thread)->state = STR(x, state);
}

void sb_exit(struct snap_build *x, node_t process, int64_t code)
{
	str_t z = STR(x, "Z");

	ROW(x, PROCESS, process)->state = z;
	ROW(x, PROCESS, process)->exit =
		(struct snap_exit){ .presence = PRESENCE_HERE, .code = code, .signal = SNAP_NONE };
	for (uint32_t i = 0; i < SNAP_N(x->b.s, THREAD); i++)
		if (SNAP_ROW(x->b.s, THREAD, i)->owner == process)
			SNAP_ROW(x->b.s, THREAD, i)->state = z;
}

void sb_call_args(struct snap_build *x, node_t thread, const char *name, const int64_t args[6])
{
	str_t word = STR(x, name);
	struct snap_call *c = &ROW(x, THREAD, thread)->call;

	c->presence = PRESENCE_HERE;
	c->name = word;
	c->nr = 0;
	memcpy(c->args, args, sizeof(c->args));
	sb_fact(x, thread, "syscall", 0, name);
}

node_t sb_resource(struct snap_build *x, enum resource_kind kind, const char *text)
{
	struct snap_resource *r = BUILD(&x->b, RESOURCE);

	r->kind = (uint8_t)kind;
	r->inode = x->next_inode++;
	r->device = 1;
	r->holders_complete = TRI_YES;
	r->outside_held = TRI_NO;
	node_t n = builder_last(&x->b, TABLE_RESOURCE);
	str_t word = STR(x, text);
	ROW(x, RESOURCE, n)->text = word;
	return n;
}

node_t sb_pipe(struct snap_build *x)
{
	return sb_resource(x, RESOURCE_PIPE, "a pipe");
}

void sb_pair(struct snap_build *x, enum resource_kind kind, node_t *ret_a, node_t *ret_b)
{
	node_t a = sb_resource(x, kind, "a socket"), b = sb_resource(x, kind, "a socket");
	str_t state = STR(x, "ESTABLISHED");

	ROW(x, RESOURCE, a)->peer = b;
	ROW(x, RESOURCE, b)->peer = a;
	ROW(x, RESOURCE, a)->state = ROW(x, RESOURCE, b)->state = state;
	*ret_a = a;
	*ret_b = b;
}

node_t sb_listener(struct snap_build *x)
{
	node_t n = sb_resource(x, RESOURCE_TCP, "tcp 127.0.0.1:80");
	str_t state = STR(x, "LISTEN");

	ROW(x, RESOURCE, n)->state = state;
	ROW(x, RESOURCE, n)->recv_q = 0;
	return n;
}

node_t sb_terminal(struct snap_build *x)
{
	return sb_resource(x, RESOURCE_TTY, "/dev/pts/1");
}

node_t sb_pidfd(struct snap_build *x, node_t target)
{
	node_t n = sb_resource(x, RESOURCE_PIDFD, "pidfd");

	ROW(x, RESOURCE, n)->target = target;
	return n;
}

void sb_fd(struct snap_build *x, node_t process, int64_t fd, node_t resource, const char *mode)
{
	struct snap_fd *f = BUILD(&x->b, FD);

	f->owner = process;
	f->fd = fd;
	f->resource = resource;
	f->readable = strchr(mode, 'r') != NULL;
	f->writable = strchr(mode, 'w') != NULL;
	f->inherited = strchr(mode, 'i') ? TRI_YES : TRI_NO;
	uint32_t i = SNAP_N(x->b.s, FD) - 1;
	str_t kind = STR(x, snap_word(names_resource_kind, ROW(x, RESOURCE, resource)->kind));
	SNAP_ROW(x->b.s, FD, i)->kind = kind;
}

void sb_watch(struct snap_build *x, node_t owner, node_t process, int64_t fd, node_t resource,
	      int64_t events)
{
	struct snap_watch *w = BUILD(&x->b, WATCH);

	w->owner = owner;
	w->process = process;
	w->fd = fd;
	w->resource = resource;
	w->events = events;
	w->armed = events != 0;
}

void sb_fact(struct snap_build *x, node_t about, const char *key, int64_t value, const char *text)
{
	(void)builder_fact(&x->b, about, "test", key, value, "%s", text ? text : "");
}

void sb_catches(struct snap_build *x, node_t process, int sig)
{
	sb_fact(x, process, "sig_caught", (int64_t)(1ULL << (sig - 1)), "");
}

void sb_futex(struct snap_build *x, node_t thread, const char *kind, int64_t owner)
{
	sb_call(x, thread, "futex", 0x1000, 128, 0, 0);
	if (kind)
		sb_fact(x, thread, "futex_kind", 0, kind);
	if (owner)
		sb_fact(x, thread, "futex_owner", owner, "");
}

void sb_stack(struct snap_build *x, node_t owner, const char *const *functions, const char *file)
{
	uint32_t first = SNAP_N(x->b.s, FRAME), n = 0;
	str_t f = STR(x, file);

	for (; functions[n]; n++) {
		str_t word = STR(x, functions[n]);
		struct snap_frame *frame = BUILD(&x->b, FRAME);
		frame->kind = FRAME_PYTHON;
		frame->trust = TRUST_CFI;
		frame->function = word;
		frame->file = f;
	}
	struct snap_stack *s = BUILD(&x->b, STACK);
	s->owner = owner;
	s->frames = (struct span){ first, n };
	s->complete = 1;
}

void sb_python(struct snap_build *x, node_t process)
{
	struct snap_runtime *r = BUILD(&x->b, RUNTIME);
	uint32_t i = SNAP_N(x->b.s, RUNTIME) - 1;

	r->owner = process;
	str_t name = STR(x, "cpython");
	SNAP_ROW(x->b.s, RUNTIME, i)->name = name;
	sb_catches(x, process, 2);
}

node_t sb_task(struct snap_build *x, node_t process, const char *runtime, const char *name,
	       node_t parent)
{
	node_t thread = sb_main(x, process);
	bool main_task = true;

	for (uint32_t i = 0; i < SNAP_N(x->b.s, TASK); i++)
		main_task &= SNAP_ROW(x->b.s, TASK, i)->owner != process;
	struct snap_task *t = BUILD(&x->b, TASK);
	node_t n = builder_last(&x->b, TABLE_TASK);
	t->owner = process;
	t->thread = thread;
	t->parent = parent;
	t->state = TASK_WAITING;
	t->main = main_task;
	t->nursery = node_table(parent) == TABLE_TASK ? 0 : SNAP_UNKNOWN;
	str_t word = STR(x, name), of = STR(x, runtime), on = STR(x, "Event.wait");
	t = ROW(x, TASK, n);
	t->name = word;
	t->runtime = of;
	t->waits_on = on;
	t->wait = TASK_WAIT_EVENT;
	return n;
}

struct snap_task *sb_task_row(struct snap_build *x, node_t task)
{
	return ROW(x, TASK, task);
}

void sb_scope(struct snap_build *x, node_t task, int64_t deadline_ns, bool cancelled, bool shield)
{
	struct snap_scope *s = BUILD(&x->b, SCOPE);

	s->owner = task;
	s->deadline_ns = deadline_ns;
	s->cancel_called = cancelled;
	s->shield = shield;
}

void sb_samples(struct snap_build *x, node_t thread, int64_t cpu_ns, int64_t switches,
		int64_t io_bytes, bool same_stack)
{
	for (int i = 0; i < 3; i++) {
		struct snap_sample *s = BUILD(&x->b, SAMPLE);
		s->owner = thread;
		s->at_ns = i * 200 * NSEC_PER_MSEC;
		s->cpu_ns = i * cpu_ns;
		s->switches = i * switches;
		s->io_bytes = i * io_bytes;
		s->stack_hash = same_stack ? 77 : 77 + i;
		const struct snap_call *call = &ROW(x, THREAD, thread)->call;
		s->syscall_nr = call->presence == PRESENCE_HERE ? call->nr : SNAP_NONE;
	}
	if (!same_stack)
		sb_fact(x, thread, "native_varies", 40, "");
	ROW(x, THREAD, thread)->activity = cpu_ns > 100 * NSEC_PER_MSEC ? ACTIVITY_BUSY
					   : switches                   ? ACTIVITY_MOVING
									: ACTIVITY_PARKED;
}

/* Of processes of which nothing is said it is known that they catch nothing. */
void sb_finish(struct snap_build *x)
{
	for (uint32_t p = 0; p < SNAP_N(x->b.s, PROCESS); p++) {
		bool said = false;
		for (uint32_t i = 0; i < SNAP_N(x->b.s, FACT); i++) {
			const struct snap_fact *f = SNAP_ROW(x->b.s, FACT, i);
			said |= f->about == NODE(TABLE_PROCESS, p) &&
				strcmp(snap_str(x->b.s, f->key), "sig_caught") == 0;
		}
		if (!said)
			sb_fact(x, NODE(TABLE_PROCESS, p), "sig_caught", 0, "");
	}
}

const struct snap_verdict *sb_analyse(struct snap_build *x)
{
	char why[200] = "";

	sb_finish(x);
	int r = analyse(&x->b);

	assert_int_equal(r, 0);
	if (snapshot_check(x->b.s, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	assert_true(SNAP_N(x->b.s, VERDICT) > 0);
	struct snap_verdict first = *SNAP_ROW(x->b.s, VERDICT, 0);
	uint32_t n_waits = SNAP_N(x->b.s, WAIT), n_groups = SNAP_N(x->b.s, GROUP),
		 n_sets = SNAP_N(x->b.s, SET);
	assert_int_equal(analyse(&x->b), 0);
	const struct snap_verdict *again = SNAP_ROW(x->b.s, VERDICT, 0);
	assert_int_equal(again->class, first.class);
	assert_int_equal(again->certainty, first.certainty);
	assert_int_equal(again->can_end, first.can_end);
	assert_int_equal(again->sentence, first.sentence);
	assert_int_equal(again->end.node, first.end.node);
	assert_int_equal(SNAP_N(x->b.s, WAIT), n_waits);
	assert_int_equal(SNAP_N(x->b.s, GROUP), n_groups);
	assert_int_equal(SNAP_N(x->b.s, SET), n_sets);
	return again;
}

const char *sb_class(const struct snap_verdict *v)
{
	return snap_word(names_verdict_class, v->class);
}

const char *sb_sentence(const struct snap_build *x, const struct snap_verdict *v)
{
	return snap_str(x->b.s, v->sentence);
}
