/*
 * Handles and rows of processes; see process.h.
 *
 * Three descriptors are kept for a process: directory, pidfd, memory. With a low RLIMIT_NOFILE the
 * later processes get none and are opened on demand, which costs some microseconds each and is
 * otherwise the same. What is left then goes to the run counts of threads (look.c).
 */
#include "acquire/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/util.h"

/* A process may have vm.max_map_count (65,530) mappings with long paths. */
#define MAPS_TEXT_MAX (64u << 20)

/* What a reader takes of the arena at a time. Only address space: pages come when they are filled.
 */
#define ARENA_PIECE (4u << 20)

/* The leader has ended but its threads run on: /proc/PID/mem, maps and fd are empty then. */
static void find_live(struct raw_process *p)
{
	for (size_t i = 0; p->stat.state == 'Z' && i < p->threads.n; i++) {
		if (p->threads.v[i].tid == p->pid)
			continue;
		(void)snprintf(p->live, sizeof(p->live), "task/%d/", p->threads.v[i].tid);
		return;
	}
}

struct process_dir process_dir(const struct raw_process *p)
{
	struct process_dir d = { .fd = p->procfd };
	struct raw_stat now;

	if (p->procfd >= 0)
		return d;
	d.fd = tree_open_proc(p->pid);
	if (d.fd < 0)
		return d;
	d.own = true;
	int r = raw_stat_read(d.fd, "stat", &now);
	if (r == 0 && now.start_ticks == p->start_ticks)
		return d;
	(void)fd_close(d.fd);
	return (struct process_dir){ .fd = r < 0 ? r : -ESRCH };
}

void process_dir_done(struct process_dir *d)
{
	if (d->own)
		d->fd = fd_close(d->fd);
}

static int open_memory(const struct raw_process *p, int dir)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%smem", p->live);
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int process_memory(const struct raw_process *p, bool *ret_own)
{
	*ret_own = false;
	if (p->memfd >= 0)
		return p->memfd;
	if (p->refused)
		return p->refused_error;
	struct process_dir d = process_dir(p);
	if (d.fd < 0)
		return d.fd;
	int fd = open_memory(p, d.fd);
	process_dir_done(&d);
	*ret_own = fd >= 0;
	return fd;
}

/* A shared parse of this very text, when a process before had the same. */
static struct raw_maps *find_recent(struct acquirer *a, const char *text, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(a->recent); i++) {
		struct raw_maps *m = a->recent[i];
		if (m && m->text_n == n && memcmp(m->text, text, n) == 0)
			return m;
	}
	return NULL;
}

static int read_maps(struct acquirer *a, struct raw_process *p, int dir)
{
	char path[64];
	char *text;
	size_t n;

	(void)snprintf(path, sizeof(path), "%smaps", p->live);
	int r = fs_read_all(dir, path, MAPS_TEXT_MAX, &text, &n);
	if (r < 0)
		return r;

	struct raw_maps *m = find_recent(a, text, n);
	if (m) {
		free(text);
	} else {
		r = raw_maps_parse(text, n, &m, NULL);
		if (r < 0)
			return r;
		struct raw_maps **slot = &a->recent[a->recent_next++ % ARRAY_SIZE(a->recent)];
		raw_maps_unref(*slot);
		*slot = m;
	}
	raw_maps_unref(p->maps);
	p->maps = raw_maps_ref(m);
	return 0;
}

void process_lost(struct raw_process *p, int error)
{
	p->gone |= has_ended(error);
	if (p->gone || p->refused)
		return;
	p->refused = true;
	p->refused_error = error;
}

void process_open(struct acquirer *a, struct raw_process *p)
{
	if (p->kernel_thread || p->zombie || p->gone)
		return;
	struct process_dir d = process_dir(p);
	if (d.fd < 0) {
		process_lost(p, d.fd);
		return;
	}
	p->memfd = fd_close(p->memfd);
	CLEANUP(fd_closep) int fd = open_memory(p, d.fd);
	int r = fd < 0 ? fd : read_maps(a, p, d.fd);
	if (is_refusal(r)) {
		p->refused = true;
		p->refused_error = r;
	}
	if (fd >= 0 && a->fds_left) {
		a->fds_left--;
		p->memfd = take_fd(fd);
	}
	process_dir_done(&d);
}

static int add_threads(struct builder *b, struct raw_process *p, const pid_t *tids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct raw_thread *t = array_push(&p->threads);
		if (!t)
			return -ENOMEM;
		struct snap_thread *row = BUILD(b, THREAD);
		row->owner = p->node;
		row->tid = tids[i];
		t->node = builder_last(b, TABLE_THREAD);
		t->tid = tids[i];
		t->runfd = -1;
	}
	return 0;
}

static int add_process(struct acquirer *a, struct tree_member *m)
{
	struct raw_capture *c = a->c;
	struct raw_process *p = array_push(&c->processes);

	if (!p)
		return -ENOMEM;
	p->pid = m->pid;
	p->stat = m->stat;
	p->start_ticks = m->stat.start_ticks;
	p->parent = m->parent;
	p->root = m->root;
	p->gone = m->gone;
	p->hidden = m->hidden;
	p->kernel_thread = m->stat.kernel_thread;
	p->zombie = !m->gone && raw_stat_zombie(&m->stat);
	p->procfd = take_fd(m->procfd);
	p->memfd = p->pidfd = p->taskfd = -1;
	if (p->procfd >= 0)
		p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->pidfd < 0)
		p->pidfd = -1;
	size_t kept = (size_t)(p->procfd >= 0) + (size_t)(p->pidfd >= 0);
	a->fds_left -= MIN(kept, a->fds_left);

	struct snap_process *row = BUILD(c->b, PROCESS);
	row->pid = p->pid;
	row->root = p->root;
	p->node = builder_last(c->b, TABLE_PROCESS);
	if (p->gone || p->zombie)
		return 0;
	int r = add_threads(c->b, p, m->tids.v, m->tids.n);
	find_live(p);
	return r;
}

int process_add_tree(struct acquirer *a, struct tree *t)
{
	for (size_t i = 0; i < t->members.n; i++) {
		int r = add_process(a, &t->members.v[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

void *acquirer_alloc(struct acquirer *a, size_t n)
{
	void *p = arena_alloc(&a->local, n);

	if (p)
		return p;
	size_t piece = MAX(n + 64, (size_t)ARENA_PIECE);
	if (a->gate)
		(void)pthread_mutex_lock(&a->gate->lock);
	uint8_t *base = a->gate && a->gate->closed ? NULL : arena_alloc(a->c->arena, piece);
	if (a->gate)
		(void)pthread_mutex_unlock(&a->gate->lock);
	if (!base)
		return NULL;
	a->local = (struct arena){ .base = base, .cap = piece };
	return arena_alloc(&a->local, n);
}

void acquirer_done(struct acquirer *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(a->recent); i++)
		a->recent[i] = raw_maps_unref(a->recent[i]);
}

void process_let_go(struct raw_process *p)
{
	p->procfd = fd_close(p->procfd);
	p->pidfd = fd_close(p->pidfd);
	p->memfd = fd_close(p->memfd);
	p->taskfd = fd_close(p->taskfd);
	for (size_t k = 0; k < p->threads.n; k++)
		p->threads.v[k].runfd = fd_close(p->threads.v[k].runfd);
	p->maps = raw_maps_unref(p->maps);
}

void process_done_all(struct raw_capture *c)
{
	for (size_t i = 0; i < c->processes.n; i++) {
		struct raw_process *p = &c->processes.v[i];
		process_let_go(p);
		for (size_t k = 0; k < p->threads.n; k++)
			array_done(&p->threads.v[k].looks);
		array_done(&p->threads);
	}
	array_done(&c->processes);
}
