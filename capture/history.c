/*
 * The tree's own history as rows: events so far, and a row for every process that has ended before
 * this capture, so that "who waits for whom" can end at somebody who is no more.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "capture/session.h"
#include "core/util.h"

static node_t row_of(const struct raw_capture *c, const struct member *m)
{
	for (size_t i = 0; i < c->processes.n; i++)
		if (c->processes.v[i].pid == m->pid &&
		    c->processes.v[i].start_ticks == m->start_ticks)
			return c->processes.v[i].node;
	return NODE_UNKNOWN;
}

static node_t row_of_pid(const struct session *x, pid_t pid)
{
	for (size_t i = x->members.n; i-- > 0;)
		if (x->members.v[i].pid == pid)
			return x->members.v[i].node;
	return NODE_UNKNOWN;
}

static void add_exit(struct raw_capture *c, const struct session *x, const struct member *m)
{
	struct snap_process *row = SNAP_ROW(c->b->s, PROCESS, node_index(m->node));

	row->exit.presence = PRESENCE_HERE;
	row->exit.at_ns = m->ended_ns;
	if (m->status_known) {
		row->exit.code = m->status.code;
		row->exit.signal = m->status.signal;
	}
	/* Only a parent reaps, and a process is gone at once when its parent ignores SIGCHLD. */
	row->exit.reaped_by = m->zombie ? NODE_NONE : row_of_pid(x, m->ppid);
}

static void add_ended(struct raw_capture *c, struct session *x, struct member *m)
{
	struct snap_process *row = BUILD(c->b, PROCESS);

	row->pid = m->pid;
	row->ppid = m->ppid;
	row->name = builder_str(c->b, m->comm);
	row->state = builder_str(c->b, "gone");
	row->root = m->root;
	m->node = builder_last(c->b, TABLE_PROCESS);
	SNAP_ROW(c->b->s, PROCESS, node_index(m->node))->parent = row_of_pid(x, m->ppid);
}

/* A pidfd of theirs that a process of the tree still holds can be told by its inode: it is the same
 * as ours. */
static void add_pidfd_targets(struct raw_capture *c, const struct session *x)
{
	for (size_t i = 0; i < x->members.n; i++) {
		const struct member *m = &x->members.v[i];
		struct stat st;
		if (m->pidfd < 0 || m->node == NODE_UNKNOWN || fstat(m->pidfd, &st) < 0)
			continue;
		for (uint32_t k = 0; k < SNAP_N(c->b->s, RESOURCE); k++) {
			struct snap_resource *r = SNAP_ROW(c->b->s, RESOURCE, k);
			if (r->kind != RESOURCE_PIDFD || r->inode != (int64_t)st.st_ino ||
			    r->target != NODE_UNKNOWN)
				continue;
			r->target = m->node;
			r->text = builder_strf(c->b, "pidfd of %d", m->pid);
		}
	}
}

void history_add(struct session *x, struct raw_capture *c)
{
	for (size_t i = 0; i < x->members.n; i++)
		x->members.v[i].node = row_of(c, &x->members.v[i]);
	for (size_t i = 0; i < x->members.n; i++) {
		struct member *m = &x->members.v[i];
		if (m->ended && m->node == NODE_UNKNOWN)
			add_ended(c, x, m);
		if (m->ended)
			add_exit(c, x, m);
	}
	add_pidfd_targets(c, x);
	for (size_t i = 0; i < x->events.n; i++) {
		const struct session_event *e = &x->events.v[i];
		const struct member *m = &x->members.v[e->member];
		builder_event(c->b, e->at_ns, e->kind, m->node, "%d %s %s", m->pid, m->comm,
			      e->text);
	}
	/* Without an event a reader cannot tell a quiet tree from one that nobody watched. */
	if (x->watched && !x->events.n)
		builder_event(c->b, 0, EVENT_MARK, NODE_UNKNOWN,
			      "watched from here on: nobody was born, changed program or ended");
	if (x->watched)
		builder_gap(c->b, NODE_UNKNOWN, false, "processes that lived less than 100 ms",
			    "the tree is listed ten times a second", NULL);
	if (x->events_cut)
		builder_gap(c->b, NODE_UNKNOWN, false, "the oldest events", "more than 10,000",
			    NULL);
}
