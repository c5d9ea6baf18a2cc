/*
 * Waits of tasks: what a coroutine awaits, and what the thread of its loop awaits for it.
 *
 * All of it was read from the runtime's memory. A primitive names its owner or those who hold a
 * reference to it where that could be read; else every other task and thread of the process is a
 * candidate. A nursery or gather needs each of its children. The loop's thread waits for any of its
 * tasks; whatever else its set of descriptors wakes is a callback of nobody's task, and then the
 * thread itself may act.
 */
#include <errno.h>
#include <stdlib.h>

#include "analysis/waits.h"
#include "core/util.h"
#include "snapshot/place.h"

static node_t object_of(const struct analysis *a, const struct snap_task *t)
{
	uint64_t i;

	if (snap_known(t->object) &&
	    map_get(&a->objects, map_mix(t->owner, (uint64_t)t->object), &i))
		return NODE(TABLE_RESOURCE, i);
	return NODE_UNKNOWN;
}

/* The nearest deadline of the scopes in force; 0 when none counts. */
static int64_t scope_deadline(const struct analysis *a, node_t task)
{
	struct snap_list l = snap_children(&a->x, TABLE_SCOPE, task);
	int64_t nearest = 0;

	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_scope *s = SNAP_ROW(a->s, SCOPE, l.v[i]);
		if (snap_known(s->deadline_ns) && s->deadline_ns < FAR_DEADLINE_NS &&
		    (!nearest || s->deadline_ns < nearest))
			nearest = MAX(s->deadline_ns, 1);
		/* What is shielded from the scopes around it does not see their deadlines. */
		if (s->shield)
			break;
	}
	return nearest;
}

static struct limit task_limit(const struct analysis *a, node_t task)
{
	int64_t own = task_row(a, task)->deadline_ns, scope = scope_deadline(a, task);

	if (!snap_known(own) || own >= FAR_DEADLINE_NS)
		return (struct limit){ .left_ns = scope, .timed = scope != 0 };
	own = MAX(own, 1);
	return (struct limit){ .left_ns = scope ? MIN(scope, own) : own, .timed = true };
}

static struct wait_in task_wait(const struct analysis *a, node_t task, enum wait_on on)
{
	struct wait_in in = wait_any(task, on, EVIDENCE_READ);

	in.resource = object_of(a, task_row(a, task));
	return in;
}

bool task_is_wanted(const struct analysis *a, node_t task)
{
	struct snap_list l = snap_children(&a->x, TABLE_SCOPE, task);

	for (uint32_t i = 0; i < l.n; i++)
		if (SNAP_ROW(a->s, SCOPE, l.v[i])->cancel_called ||
		    SNAP_ROW(a->s, SCOPE, l.v[i])->effectively_cancelled)
			return true;
	return scope_deadline(a, task) != 0;
}

/* Who may set, release, send: read where possible, else anybody in the process. */
static void wakers_in_process(struct analysis *a, node_t task, struct wait_in *in)
{
	const struct snap_task *t = task_row(a, task);

	if (node_table(t->wait_owner) == TABLE_TASK || node_table(t->wait_owner) == TABLE_THREAD) {
		in->party = party_of(a, &t->wait_owner, 1);
		in->about[0] = t->wait_owner;
	} else if (span_known(t->setters) && !rests_for_ever(a, task)) {
		in->party = party_of_span(a, t->setters);
	} else {
		in->note.waived = rests_for_ever(a, task);
		in->party = party_actors(a, t->owner);
		if (party_size_without(a, in->party, task))
			in->evidence = EVIDENCE_CANDIDATE;
		/* "Wait until SIGTERM sets the event" is how servers wait; handlers run in the main
		 * thread. */
		if (view_of(a, t->owner)->caught && t->thread == view_of(a, t->owner)->main_thread)
			in->note.unknown = in->note.signal = true;
	}
}

static void on_primitive(struct analysis *a, node_t task, enum wait_on on)
{
	struct wait_in in = task_wait(a, task, on);

	wakers_in_process(a, task, &in);
	wait_add(a, &in, "%s", text_of(a, task_row(a, task)->waits_on));
}

/*
 * sleep_forever() says that nothing is awaited but to be told to end: by whoever may cancel it
 * here, or by an interrupt from without. A task that was told already and sleeps on, since it is
 * shielded, waits for somebody here.
 */
static void on_forever(struct analysis *a, node_t task)
{
	struct wait_in in = task_wait(a, task, WAIT_ON_EVENT);

	wakers_in_process(a, task, &in);
	if (!task_is_cancelled(a, task))
		in.note.unknown = in.note.signal = in.note.rests = true;
	wait_add(a, &in, "%s", text_of(a, task_row(a, task)->waits_on));
}

/* What it is need not be known where it is known who could end it. */
static void on_something(struct analysis *a, node_t task)
{
	const struct snap_task *t = task_row(a, task);

	if (span_known(t->setters))
		on_primitive(a, task, WAIT_ON_EVENT);
	else
		wait_add_unknown(a, task, WAIT_ON_UNKNOWN_THING,
				 t->waits_on > STR_NONE ? text_of(a, t->waits_on)
							: "something unknown");
}

static void on_fd(struct analysis *a, node_t task)
{
	const struct snap_task *t = task_row(a, task);
	const struct snap_fd *fd = snap_known(t->fd) ? snap_fd_of(&a->x, t->owner, t->fd) : NULL;

	/* A stream of a loop that is made in C: which descriptor it has is not known. */
	if (!snap_known(t->fd)) {
		on_something(a, task);
		return;
	}
	struct fd_wait f = { .from = task,
			     .process = t->owner,
			     .fd = t->fd,
			     .resource = fd ? fd->resource : NODE_UNKNOWN,
			     .write = t->waits_write,
			     .evidence = EVIDENCE_READ };

	(void)wait_add_fd(a, &f);
}

/* One that a connection holds is set when its descriptor wakes the loop, or by anybody else who has
 * it. */
static void on_future(struct analysis *a, node_t task)
{
	if (snap_known(task_row(a, task)->fd))
		on_fd(a, task);
	on_primitive(a, task, WAIT_ON_EVENT);
}

/* The children of the nursery that the task is parked in: the innermost one it has open. */
static void on_nursery(struct analysis *a, node_t task)
{
	struct snap_list l = tasks_below(a, task);
	int64_t innermost = SNAP_UNKNOWN;
	uint32_t n = 0;

	for (uint32_t i = 0; i < l.n; i++)
		innermost = MAX(innermost, SNAP_ROW(a->s, TASK, l.v[i])->nursery);
	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_task *c = SNAP_ROW(a->s, TASK, l.v[i]);
		node_t child = NODE(TABLE_TASK, l.v[i]);
		if (snap_known(c->nursery) && c->nursery != innermost)
			continue;
		struct wait_in in = task_wait(a, task, WAIT_ON_NURSERY);
		in.need = NEED_ALL;
		in.party = party_of(a, &child, 1);
		wait_add(a, &in, "its nursery's task %s", place_task_name(text_of(a, c->name)));
		n++;
	}
	if (!n)
		wait_add_unknown(a, task, WAIT_ON_NURSERY,
				 "a nursery whose tasks could not be read");
}

static void on_tasks(struct analysis *a, node_t task)
{
	const struct snap_task *t = task_row(a, task);
	struct span tasks = t->waits_for;

	if (!span_known(tasks) || !tasks.n) {
		on_primitive(a, task, WAIT_ON_TASK);
		return;
	}
	for (uint32_t i = 0; i < tasks.n; i++) {
		node_t other = ref_node(a, tasks.first + i);
		struct wait_in in = task_wait(a, task, WAIT_ON_TASK);
		in.need = t->waits_any ? NEED_ANY : NEED_ALL;
		in.party = party_of(a, &other, 1);
		in.but = NODE_UNKNOWN; /* a task may wait for a gather() that waits for it */
		wait_add(a, &in, "the end of task %s",
			 place_task_name(text_of(a, task_row(a, other)->name)));
	}
}

/* Process.wait(): the loop learns of the exit in its own way, the child is who must exit. */
static void on_child(struct analysis *a, node_t task)
{
	const struct snap_task *t = task_row(a, task);
	struct snap_list children = children_of(a, t->owner);
	struct wait_in in = task_wait(a, task, WAIT_ON_CHILD);

	in.note.unknown = true;
	for (uint32_t i = 0; i < children.n; i++) {
		const struct snap_process *c = SNAP_ROW(a->s, PROCESS, children.v[i]);
		node_t child = NODE(TABLE_PROCESS, children.v[i]);
		if (c->pid != t->child && c->ns_pid != t->child)
			continue;
		in.note.unknown = false;
		in.about[0] = child;
		if (view_of(a, child)->exited)
			in.note.gone = child;
		else
			in.party = party_of(a, &child, 1);
	}
	wait_add(a, &in, "exit of child %lld", (long long)t->child);
}

static void on_worker(struct analysis *a, node_t task)
{
	node_t worker = task_row(a, task)->worker;
	struct wait_in in = task_wait(a, task, WAIT_ON_THREAD);

	if (node_table(worker) != TABLE_THREAD) {
		on_primitive(a, task, WAIT_ON_THREAD);
		return;
	}
	in.party = party_of(a, &worker, 1);
	in.about[0] = worker;
	wait_add(a, &in, "its work in thread %lld", (long long)thread_row(a, worker)->tid);
}

static void on_timer(struct analysis *a, node_t task)
{
	struct wait_in in = task_wait(a, task, WAIT_ON_TIMER);
	struct limit l = task_limit(a, task);

	in.deadline_ns = l.left_ns;
	in.note.timed = in.note.sleep = true;
	if (l.left_ns)
		wait_add(a, &in, "the end of its sleep in %.2f s",
			 (double)l.left_ns / NSEC_PER_SEC);
	else
		wait_add(a, &in, "the end of its sleep");
}

/* The thread of its loop sleeps in something else than its loop: whatever the task waits for,
 * nobody would tell it. */
static bool stands_still(const struct analysis *a, node_t task)
{
	node_t thread = task_row(a, task)->thread;

	if (node_table(thread) != TABLE_THREAD || loop_polls(a, thread))
		return false;
	enum mode m = a->threads[node_index(thread)].mode;
	return task_row(a, task)->state != TASK_WAITING || m == MODE_SLEEPS || m == MODE_D;
}

static void on_its_loop(struct analysis *a, node_t task)
{
	node_t thread = task_row(a, task)->thread;
	struct wait_in in = wait_any(task, WAIT_ON_THREAD, EVIDENCE_READ);

	in.party = party_of(a, &thread, 1);
	wait_add(a, &in, "the thread of its loop, %lld", (long long)thread_row(a, thread)->tid);
}

void waits_task(struct analysis *a, node_t task)
{
	const struct snap_task *t = task_row(a, task);

	if (stands_still(a, task)) {
		on_its_loop(a, task);
		return;
	}
	if (t->state != TASK_WAITING)
		return;
	switch ((enum task_wait)t->wait) {
	case TASK_WAIT_FD:
		on_fd(a, task);
		break;
	case TASK_WAIT_LOCK:
		on_primitive(a, task, WAIT_ON_LOCK);
		break;
	case TASK_WAIT_CHANNEL_SEND:
	case TASK_WAIT_CHANNEL_RECEIVE:
		on_primitive(a, task, WAIT_ON_CHANNEL);
		break;
	case TASK_WAIT_QUEUE:
		on_primitive(a, task, WAIT_ON_QUEUE);
		break;
	case TASK_WAIT_SEMAPHORE:
	case TASK_WAIT_CONDITION:
		on_primitive(a, task, WAIT_ON_EVENT);
		break;
	case TASK_WAIT_EVENT:
	case TASK_WAIT_FUTURE:
		on_future(a, task);
		break;
	case TASK_WAIT_FOREVER:
		if (task_limit(a, task).timed) { /* somebody means to be woken then */
			on_timer(a, task);
			return;
		}
		on_forever(a, task);
		break;
	case TASK_WAIT_NURSERY:
		on_nursery(a, task);
		break;
	case TASK_WAIT_TASK:
		on_tasks(a, task);
		break;
	case TASK_WAIT_THREAD:
		on_worker(a, task);
		break;
	case TASK_WAIT_TIMER:
		on_timer(a, task);
		return;
	case TASK_WAIT_CHILD:
		on_child(a, task);
		break;
	default:
		on_something(a, task);
		break;
	}
	/* A deadline in force ends the wait from without: a group of its own. */
	wait_add_limit(a, task, 1, task_limit(a, task));
}

void waits_loop(struct analysis *a, node_t thread)
{
	struct snap_list l = snap_children(&a->x, TABLE_TASK, thread_row(a, thread)->owner);
	struct wait_in in = wait_any(thread, WAIT_ON_LOOP, EVIDENCE_READ);
	node_t host = a->threads[node_index(thread)].host;
	uint32_t n = 0;

	CLEANUP(freep) node_t *tasks = calloc(l.n + 1, sizeof(*tasks));
	if (!tasks) {
		a->b->error = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_task *t = SNAP_ROW(a->s, TASK, l.v[i]);
		if (t->thread == (host == NODE_UNKNOWN ? thread : host) && !t->inherited &&
		    !t->service)
			tasks[n++] = NODE(TABLE_TASK, l.v[i]);
	}
	in.party = party_of(a, tasks, n);
	wait_add(a, &in, "any of the %u tasks of its loop", n);
}

static bool watches_for_callbacks(struct analysis *a, node_t thread, node_t owner)
{
	struct snap_list l = snap_children(&a->x, TABLE_WATCH, owner);
	node_t process = thread_row(a, thread)->owner;

	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_watch *w = SNAP_ROW(a->s, WATCH, l.v[i]);
		if (w->armed && node_table(w->task) != TABLE_TASK &&
		    node_table(w->write_task) != TABLE_TASK &&
		    !(is_resource(w->resource) && fd_only_ours(a, process, w->resource)))
			return true;
	}
	return false;
}

bool loop_has_callbacks(struct analysis *a, node_t thread)
{
	struct snap_list tasks = snap_children(&a->x, TABLE_TASK, thread_row(a, thread)->owner);
	const struct snap_fd *fd = call_fd(a, thread, 0);
	struct limit l = { 0 };

	if (watches_for_callbacks(a, thread, thread))
		return true;
	if (str_starts(call_name(a, thread), "epoll")) {
		l = limit_of_ms(a, thread, 3);
		/* Of a set that could not be read anything may be watched. */
		if (!fd || !is_resource(fd->resource) ||
		    watches_for_callbacks(a, thread, fd->resource))
			return true;
	}
	/* The loop wakes for the nearest timer. Where no task has one it is a callback's. */
	if (!l.timed || l.left_ns >= FAR_DEADLINE_NS)
		return false;
	for (uint32_t i = 0; i < tasks.n; i++) {
		node_t task = NODE(TABLE_TASK, tasks.v[i]);
		if (task_row(a, task)->wait == TASK_WAIT_TIMER || task_limit(a, task).timed)
			return false;
	}
	return true;
}
