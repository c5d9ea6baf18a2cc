/*
 * What it is not; see ruled_out.h.
 *
 * Each suspicious thing that is not in the chain is named with the reason why it is innocent. What
 * is in the chain is never ruled out, and what cannot be shown to be innocent is not mentioned.
 */
#include "analysis/ruled_out.h"

#include <errno.h>
#include <stdlib.h>

#include "analysis/sentence.h"
#include "analysis/unserved.h"
#include "core/util.h"

#define FACTS_MAX   16
#define NUMBERS_MAX 12 /* descriptors named one by one */

struct out {
	struct analysis *a;
	const struct claim *c;
	const struct finding *f;
	uint32_t verdict;
	uint8_t *resource_used; /* by the chain */
	uint8_t *process_used;
	uint8_t *watched;    /* resource: armed in some set, polled, read or awaited */
	uint8_t *registered; /* resource: in some epoll set, armed or not */
	uint8_t *of_tree;    /* resource: a process of the tree has it open */
};

struct facts {
	node_t v[FACTS_MAX];
	uint32_t n;
};

static void take_facts(const struct analysis *a, node_t about, struct facts *f)
{
	struct snap_list l = snap_facts_about(&a->x, about);

	for (uint32_t i = 0; i < l.n && f->n < FACTS_MAX; i++)
		f->v[f->n++] = NODE(TABLE_FACT, l.v[i]);
}

static void add(struct out *o, const char *what, const char *why, const struct facts *facts)
{
	struct span span = builder_refs(o->a->b, facts->v, facts->n);
	struct snap_ruled_out row = { .verdict = o->verdict,
				      .what = builder_str(o->a->b, what),
				      .why = builder_str(o->a->b, why),
				      .facts = span };

	*BUILD(o->a->b, RULED_OUT) = row;
}

/* "3 pidfds of processes that have ended"; of none nothing is said. */
static void add_counted(struct out *o, uint32_t n, const char *thing, const char *which,
			const char *why, const struct facts *facts)
{
	char what[96];

	if (!n)
		return;
	(void)snprintf(what, sizeof(what), "%u %s%s%s", n, thing, n == 1 ? "" : "s", which);
	add(o, what, why, facts);
}

static void use(struct out *o)
{
	const struct analysis *a = o->a;

	for (uint32_t i = 0; i < o->f->steps; i++) {
		const struct step *s = claim_step(o->c, i);
		node_t p = process_of(a, s->sleeper);
		if (p != NODE_UNKNOWN)
			o->process_used[node_index(p)] = 1;
		if (s->wait != GRAPH_NONE && is_resource(wait_row(a, s->wait)->resource))
			o->resource_used[node_index(wait_row(a, s->wait)->resource)] = 1;
	}
	const struct step *last = claim_step(o->c, o->f->steps - 1);
	node_t end = process_of(a, o->f->end);

	/* Who waits to be told by a signal may wait to be told of them. */
	if (end != NODE_UNKNOWN && last->wait != GRAPH_NONE &&
	    wait_row(a, last->wait)->on == WAIT_ON_SIGNAL)
		for (uint32_t i = 0; i < children_of(a, end).n; i++)
			o->process_used[children_of(a, end).v[i]] = 1;
	if (end != NODE_UNKNOWN)
		o->process_used[node_index(end)] = 1;
	for (uint32_t i = 0; i < SNAP_N(a->s, WATCH); i++) {
		const struct snap_watch *w = SNAP_ROW(a->s, WATCH, i);
		if (!is_resource(w->resource))
			continue;
		o->registered[node_index(w->resource)] = 1;
		o->watched[node_index(w->resource)] |= w->armed;
	}
	for (uint32_t i = 0; i < SNAP_N(a->s, FD); i++) {
		const struct snap_fd *fd = SNAP_ROW(a->s, FD, i);
		if (is_resource(fd->resource) && !is_outside(a, fd->owner))
			o->of_tree[node_index(fd->resource)] = 1;
	}
	for (uint32_t i = 0; i < SNAP_N(a->s, WAIT); i++)
		if (is_resource(wait_row(a, i)->resource))
			o->watched[node_index(wait_row(a, i)->resource)] = 1;
}

/* ---- sockets in CLOSE_WAIT ---- */

static bool is_leak(const struct out *o, const struct snap_fd *fd, bool unread)
{
	const struct analysis *a = o->a;

	if (!is_resource(fd->resource) || resource_row(a, fd->resource)->kind != RESOURCE_TCP ||
	    !str_eq(text_of(a, resource_row(a, fd->resource)->state), "CLOSE_WAIT"))
		return false;
	uint32_t r = node_index(fd->resource);
	if ((resource_row(a, fd->resource)->recv_q > 0) != unread ||
	    (setter_is_gone(o->c, o->f) && is_unserved(a, fd)))
		return false;
	return !o->resource_used[r] && !o->watched[r];
}

/* A socket that forked children hold too is told once, of the process that comes first. */
static bool is_first_holder(const struct out *o, const struct snap_fd *fd)
{
	struct snap_list l = snap_resource_fds(&o->a->x, node_index(fd->resource));

	return l.n && SNAP_ROW(o->a->s, FD, l.v[0]) == fd;
}

static void close_wait_of(struct out *o, node_t process, bool unread)
{
	const struct analysis *a = o->a;
	struct snap_list fds = snap_children(&a->x, TABLE_FD, process);
	struct strbuf what = { 0 }, numbers = { 0 };
	struct facts facts = { .n = 0 };
	uint32_t n = 0, others = 0;

	for (uint32_t i = 0; i < fds.n; i++) {
		const struct snap_fd *fd = SNAP_ROW(a->s, FD, fds.v[i]);
		if (!is_leak(o, fd, unread) || !is_first_holder(o, fd))
			continue;
		if (n++ < NUMBERS_MAX)
			strbuf_addf(&numbers, " %lld", (long long)fd->fd);
		others = MAX(others, snap_resource_fds(&a->x, node_index(fd->resource)).n - 1);
		take_facts(a, fd->resource, &facts);
	}
	if (n) {
		strbuf_addf(&what, "%u socket%s in CLOSE_WAIT of ", n, n == 1 ? "" : "s");
		name_node(a, process, &what);
		strbuf_addf(&what, " (fd%s%s)", strbuf_str(&numbers), n > NUMBERS_MAX ? " …" : "");
		if (others)
			strbuf_addf(&what, ", inherited by up to %u other descriptors", others);
		add(o, strbuf_str(&what),
		    unread ? "the end of file is unread, but nobody waits on them: a leak"
			   : "the end of file was read; they are only not closed",
		    &facts);
	}
	strbuf_done(&what);
	strbuf_done(&numbers);
}

/* ---- zombies, and pidfds of the dead ---- */

static void zombies_of(struct out *o, node_t process)
{
	const struct analysis *a = o->a;
	struct snap_list children = children_of(a, process);
	struct strbuf what = { 0 };
	struct facts facts = { .n = 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < children.n; i++) {
		const struct snap_process *p = SNAP_ROW(a->s, PROCESS, children.v[i]);
		if (!a->processes[children.v[i]].exited || !str_eq(text_of(a, p->state), "Z") ||
		    o->process_used[children.v[i]])
			continue;
		if (n++ < NUMBERS_MAX)
			strbuf_addf(&what, "%s%lld", n > 1 ? " " : "zombie ", (long long)p->pid);
		take_facts(a, NODE(TABLE_PROCESS, children.v[i]), &facts);
	}
	if (n) {
		strbuf_addf(&what, "%s, child%s of ", n > NUMBERS_MAX ? " …" : "",
			    n == 1 ? "" : "ren");
		name_node(a, process, &what);
		take_facts(a, process, &facts);
		add(o, strbuf_str(&what),
		    "ended and not waited for; it holds nothing, and no wait of the chain is for it",
		    &facts);
	}
	strbuf_done(&what);
}

static void spent_pidfds(struct out *o)
{
	const struct analysis *a = o->a;
	struct facts facts = { .n = 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < SNAP_N(a->s, RESOURCE); i++) {
		const struct snap_resource *r = SNAP_ROW(a->s, RESOURCE, i);
		bool ended =
			str_eq(text_of(a, r->state), "reaped") ||
			(node_table(r->target) == TABLE_PROCESS && view_of(a, r->target)->exited);
		bool used = o->resource_used[i] || (node_table(r->target) == TABLE_PROCESS &&
						    o->process_used[node_index(r->target)]);
		if (r->kind != RESOURCE_PIDFD || !ended || used || o->watched[i] || !o->of_tree[i])
			continue;
		n++;
		take_facts(a, NODE(TABLE_RESOURCE, i), &facts);
	}
	add_counted(o, n, "pidfd", " of processes that have ended",
		    "nobody waits on them any more: what they had to tell was told", &facts);
}

/* ---- descriptors that are registered but not armed ---- */

static void unarmed(struct out *o)
{
	const struct analysis *a = o->a;
	struct facts facts = { .n = 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < SNAP_N(a->s, RESOURCE); i++) {
		const struct snap_resource *r = SNAP_ROW(a->s, RESOURCE, i);
		if (!o->registered[i] || o->watched[i] || !o->of_tree[i] || o->resource_used[i] ||
		    r->kind == RESOURCE_PIDFD || str_eq(text_of(a, r->state), "CLOSE_WAIT"))
			continue;
		n++;
		take_facts(a, NODE(TABLE_RESOURCE, i), &facts);
	}
	add_counted(o, n, "descriptor", " registered in an epoll set but not armed",
		    "nobody waits on them", &facts);
}

/* ---- helpers, copies, load ---- */

static void idle_workers(struct out *o)
{
	const struct analysis *a = o->a;
	struct facts facts = { .n = 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < SNAP_N(a->s, THREAD); i++)
		n += a->threads[i].idle && !is_outside(a, NODE(TABLE_THREAD, i));
	add_counted(o, n, "idle worker thread", "", "they wait for work, as they are meant to",
		    &facts);
}

static void copies(struct out *o)
{
	const struct analysis *a = o->a;
	struct facts facts = { .n = 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < SNAP_N(a->s, TASK); i++)
		n += SNAP_ROW(a->s, TASK, i)->inherited;
	add_counted(o, n, "task", " that fork copied into children",
		    "nothing runs them: the parent's own are the real ones", &facts);
}

/* A loaded machine makes things slow; it does not make threads sleep. */
static void load(struct out *o)
{
	const struct analysis *a = o->a;
	const struct snap_host *h = &a->s->head.host;
	struct facts facts = { .n = 0 };
	double average = h->presence == PRESENCE_HERE ? atof(text_of(a, h->load)) : 0;
	bool pressed = h->pressure.presence == PRESENCE_HERE && snap_known(h->pressure.cpu_some) &&
		       h->pressure.cpu_some > 10000;

	if (h->presence != PRESENCE_HERE ||
	    !(pressed || (snap_known(h->cpus) && average > h->cpus)))
		return;
	bool sleeps = false;
	for (uint32_t i = 0; i < SNAP_N(a->s, THREAD); i++) {
		uint8_t mode = a->threads[i].mode;
		if (is_outside(a, NODE(TABLE_THREAD, i)) || mode == MODE_GONE)
			continue;
		if (mode == MODE_RUNS || mode == MODE_MOVED)
			return;
		sleeps = true;
	}
	if (!sleeps)
		return;
	char what[96];
	(void)snprintf(what, sizeof(what), "the load of the machine (%.1f on %lld CPUs)", average,
		       (long long)h->cpus);
	add(o, what, "no thread of the tree wanted a CPU while it was looked at: all of them sleep",
	    &facts);
}

int ruled_out_derive(struct analysis *a, uint32_t verdict, const struct claim *c,
		     const struct finding *f)
{
	size_t n = SNAP_N(a->s, RESOURCE) + 1;
	CLEANUP(freep) uint8_t *flags = calloc(4 * n + SNAP_N(a->s, PROCESS) + 1, 1);
	struct out o = { .a = a, .c = c, .f = f, .verdict = verdict };

	if (!flags)
		return -ENOMEM;
	o.resource_used = flags;
	o.watched = flags + n;
	o.registered = flags + 2 * n;
	o.of_tree = flags + 3 * n;
	o.process_used = flags + 4 * n;
	use(&o);
	for (uint32_t i = 0; i < SNAP_N(a->s, PROCESS); i++) {
		if (SNAP_ROW(a->s, PROCESS, i)->outside)
			continue;
		close_wait_of(&o, NODE(TABLE_PROCESS, i), true);
		close_wait_of(&o, NODE(TABLE_PROCESS, i), false);
		zombies_of(&o, NODE(TABLE_PROCESS, i));
	}
	spent_pidfds(&o);
	unarmed(&o);
	idle_workers(&o);
	copies(&o);
	load(&o);
	return a->b->error;
}
