/*
 * Descriptors of every process: what each refers to, shared objects as one resource, epoll interest
 * lists.
 *
 * All comes from readlink(/proc/PID/fd/N) and /proc/PID/fdinfo/N (fd/texts.h). The descriptor
 * itself is never opened: opening /proc/PID/fd/N of a FIFO releases its other end and changes what
 * the target sees. Where the kernel gives an object a number (pipes, sockets, pidfds, eventfds) that is its
 * identity; for the other anonymous files a forked child's equal number is compared with its
 * parent's by kcmp(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "collectors/fd/link.h"
#include "collectors/fd/resources.h"
#include "collectors/fd/texts.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "core/fs.h"
#include "core/numbers.h"
#include "core/parse.h"
#include "core/util.h"

/* fs/eventpoll.c: EP_PRIVATE_BITS stay in the mask of an entry that waits for nothing any more. */
#define EP_PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)

struct one {
	struct raw_capture *c;
	struct raw_process *p;
	int64_t fd;
	const char *link;
	const char *info; /* text of fdinfo */
	const struct fd_text *text;
};

static uint64_t info_u64(const char *info, const char *key, int base, uint64_t otherwise)
{
	const char *v = scan_key(info, key);
	uint64_t n;

	return v && scan_u64(&v, base, &n) ? n : otherwise;
}

/*
 * An anonymous file without a number of its own. Registered under its process and descriptor, so
 * that a forked child's equal number finds it and kcmp(2) tells whether it is the same open file.
 */
static node_t anonymous(const struct one *o, enum resource_kind kind)
{
	struct raw_capture *c = o->c;
	size_t self = (size_t)(o->p - c->processes.v);
	node_t r = NODE_UNKNOWN;

	if (o->p->parent < c->processes.n) {
		r = resource_find(c, kind, o->p->parent + 1, (uint64_t)o->fd);
		if (r != NODE_UNKNOWN && syscall(SYS_kcmp, c->processes.v[o->p->parent].pid,
						 o->p->pid, KCMP_FILE, o->fd, o->fd) != 0)
			r = NODE_UNKNOWN;
	}
	if (r == NODE_UNKNOWN)
		r = resource_new(c, kind);
	resource_register(c, r, kind, self + 1, (uint64_t)o->fd);
	return r;
}

static node_t eventfd(const struct one *o)
{
	uint64_t id = info_u64(o->info, "eventfd-id", 10, 0);
	node_t r = id ? resource_get(o->c, RESOURCE_EVENTFD, 0, id, NULL)
		      : anonymous(o, RESOURCE_EVENTFD);
	/* The count is printed in hexadecimal (fs/eventfd.c: "%16llx"). */
	resource_row(o->c, r)->fill = (int64_t)info_u64(o->info, "eventfd-count", 16, 0);
	return r;
}

static node_t pidfd(const struct one *o)
{
	/* Since pidfs (6.9) every process has its own inode; before that all pidfds share one. */
	uint64_t inode = info_u64(o->info, "ino", 10, 0);
	const char *v = scan_key(o->info, "Pid");
	int64_t pid = 0;
	bool new = true;
	node_t r = inode ? resource_get(o->c, RESOURCE_PIDFD, 0, inode, &new)
			 : anonymous(o, RESOURCE_PIDFD);
	struct snap_resource *row = resource_row(o->c, r);

	if (!new || !v || !scan_i64(&v, &pid))
		return r;
	row->inode = (int64_t)inode;
	if (pid < 0) {
		row->state = builder_str(o->c->b, "reaped");
		row->text = builder_str(o->c->b, "pidfd of a process that has been reaped");
		/* A process whose pidfd we held keeps that inode: session.c knows its exit. */
	} else if (pid == 0) {
		row->text = builder_str(o->c->b, "pidfd of a process in another pid namespace");
	} else {
		row->text = builder_strf(o->c->b, "pidfd of %lld", (long long)pid);
		for (size_t i = 0; i < o->c->processes.n; i++) {
			const struct raw_process *t = &o->c->processes.v[i];
			if (t->pid != pid)
				continue;
			row->target = t->node;
			row->state = builder_str(o->c->b, t->zombie ? "exited" : "alive");
		}
	}
	return r;
}

static node_t timerfd(const struct one *o)
{
	node_t r = anonymous(o, RESOURCE_TIMERFD);
	struct snap_resource *row = resource_row(o->c, r);
	const char *v = scan_key(o->info, "it_value");
	uint64_t s, ns;

	row->fill = (int64_t)info_u64(o->info, "ticks", 10, 0);
	/* it_value is what is left: "(2, 970000000)"; zero = disarmed. */
	if (v && scan_char(&v, '(') && scan_u64(&v, 10, &s) && scan_char(&v, ',') &&
	    (scan_blanks(&v), scan_u64(&v, 10, &ns)))
		row->expires_ns = s || ns ? clock_ns_of((int64_t)s, (int64_t)ns) : SNAP_NONE;
	return r;
}

static node_t signalfd(const struct one *o)
{
	node_t r = anonymous(o, RESOURCE_SIGNALFD);
	uint64_t mask = info_u64(o->info, "sigmask", 16, 0);

	resource_row(o->c, r)->detail =
		builder_strf(o->c->b, "sigmask %016llx", (unsigned long long)mask);
	return r;
}

static void tty_pair(struct raw_capture *c, node_t r, bool master, uint64_t index)
{
	/* Both ends ask for the pair's two rows, so whichever is seen first makes the link. */
	node_t other = resource_get(c, RESOURCE_TTY, master ? 1 : 2, index, NULL);

	resource_row(c, r)->peer = other;
	resource_row(c, other)->peer = r;
}

/* A path: regular file, FIFO, terminal, device. */
static node_t file(const struct one *o)
{
	struct raw_capture *c = o->c;
	const struct fd_text *t = o->text;
	bool known = t->stat_known;
	uint64_t device = t->device, tty;

	if (known && S_ISFIFO(t->mode)) {
		node_t r = resource_get(c, RESOURCE_PIPE, device, t->file, NULL);
		struct snap_resource *row = resource_row(c, r);
		row->text = builder_strf(c->b, "FIFO %s", o->link);
		row->detail = builder_str(c->b, "fifo");
		row->inode = (int64_t)t->file;
		row->device = (int64_t)device;
		return r;
	}
	const char *index = o->link + strlen("/dev/pts/");
	if (str_starts(o->link, "/dev/pts/") && scan_u64(&index, 10, &tty) && !*index) {
		node_t r = resource_get(c, RESOURCE_TTY, 1, tty, NULL);
		resource_row(c, r)->text = builder_str(c->b, o->link);
		tty_pair(c, r, false, tty);
		return r;
	}
	if (scan_key(o->info, "tty-index")) {
		tty = info_u64(o->info, "tty-index", 10, 0);
		node_t r = resource_get(c, RESOURCE_TTY, 2, tty, NULL);
		resource_row(c, r)->text =
			builder_strf(c->b, "pty master of /dev/pts/%llu", (unsigned long long)tty);
		tty_pair(c, r, true, tty);
		return r;
	}
	uint64_t inode = known ? t->file : info_u64(o->info, "ino", 10, 0);
	bool is_tty = known && S_ISCHR(t->mode) &&
		      (str_starts(o->link, "/dev/tty") || str_eq(o->link, "/dev/console"));
	node_t r = resource_get(c, is_tty ? RESOURCE_TTY : RESOURCE_FILE, device, inode, NULL);
	struct snap_resource *row = resource_row(c, r);
	row->text = builder_str(c->b, o->link);
	row->inode = (int64_t)inode;
	if (known) {
		row->device = (int64_t)device;
		row->detail = builder_str(c->b, S_ISREG(t->mode)   ? "regular"
						: S_ISDIR(t->mode) ? "directory"
						: S_ISCHR(t->mode) ? "character device"
						: S_ISBLK(t->mode) ? "block device"
								   : "file");
	}
	return r;
}

static node_t object(const struct one *o, const struct fd_link *l)
{
	node_t r;

	switch (l->kind) {
	case RESOURCE_PIPE:
	case RESOURCE_SOCKET:
		r = resource_get(o->c, l->kind, 0, l->inode, NULL);
		resource_row(o->c, r)->inode = (int64_t)l->inode;
		if (resource_row(o->c, r)->text == STR_UNKNOWN)
			resource_row(o->c, r)->text = builder_str(o->c->b, o->link);
		return r;
	case RESOURCE_PIDFD:
		return pidfd(o);
	case RESOURCE_EVENTFD:
		return eventfd(o);
	case RESOURCE_TIMERFD:
		return timerfd(o);
	case RESOURCE_SIGNALFD:
		return signalfd(o);
	case RESOURCE_FILE:
		return file(o);
	default:
		r = anonymous(o, l->kind);
		if (resource_row(o->c, r)->text == STR_UNKNOWN)
			resource_row(o->c, r)->text = builder_str(o->c->b, o->link);
		return r;
	}
}

/* What a wait on this object rests on; sockets, pipes and epoll sets have facts of their own. */
static void state_object(const struct one *o, node_t r)
{
	const struct snap_resource *row = resource_row(o->c, r);
	char source[64];

	switch (row->kind) {
	case RESOURCE_TTY:
	case RESOURCE_TIMERFD:
	case RESOURCE_INOTIFY:
	case RESOURCE_SIGNALFD:
	case RESOURCE_EVENTFD:
	case RESOURCE_PIDFD:
	case RESOURCE_IO_URING:
		(void)snprintf(source, sizeof(source), "/proc/%d/fdinfo/%lld", o->p->pid,
			       (long long)o->fd);
		builder_fact(o->c->b, r, source, "descriptor", o->fd, "fd %lld is %s",
			     (long long)o->fd,
			     row->text != STR_UNKNOWN ? snap_str(o->c->b->s, row->text) : o->link);
		break;
	default:
		break;
	}
}

static void one_fd(const struct one *o)
{
	struct builder *b = o->c->b;
	struct fd_link l = fd_link_parse(o->link);
	uint32_t known = SNAP_N(b->s, RESOURCE);
	node_t r = object(o, &l);
	if (node_index(r) >= known)
		state_object(o, r);
	uint64_t flags = info_u64(o->info, "flags", 8, 0);
	struct snap_fd *row = BUILD(b, FD);

	row->owner = o->p->node;
	row->fd = o->fd;
	row->resource = r;
	row->readable = (flags & O_ACCMODE) != O_WRONLY;
	row->writable = (flags & O_ACCMODE) != O_RDONLY;
	row->flags = (int64_t)flags;
	row->kind = l.kind == RESOURCE_PIPE
			    ? builder_str(b, row->readable ? (row->writable ? "pipe" : "pipe read")
							   : "pipe write")
			    : builder_str(b, l.word);
	/* Descriptors on their way through a unix socket are held by no process (unix(7), fdinfo's
	 * scm_fds). */
	if (info_u64(o->info, "scm_fds", 10, 0))
		builder_fact(b, r, NULL, "scm_fds", (int64_t)info_u64(o->info, "scm_fds", 10, 0),
			     "descriptors in flight");
	const struct snap_resource *res = resource_row(o->c, r);
	if (res->text == STR_UNKNOWN)
		resource_row(o->c, r)->text = builder_strf(b, "%s", o->link);
}

/* "tfd:        5 events: 40000019 data:                5  pos:0 ino:21be8 sdev:f" (fs/eventpoll.c,
 * ep_show_fdinfo) */
static bool epoll_line(const char **p, uint64_t v[5])
{
	static const struct {
		const char *key;
		int base;
	} parts[] = {
		{ "tfd:", 10 }, { "events:", 16 }, { "data:", 16 }, { "ino:", 16 }, { "sdev:", 16 }
	};
	const char *at = *p;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *end = strchr(at, '\n');
		const char *k = strstr(at, parts[i].key);
		if (!k || (end && k > end))
			return false;
		at = k + strlen(parts[i].key);
		scan_blanks(&at);
		if (!scan_u64(&at, parts[i].base, &v[i]))
			return false;
	}
	*p = at;
	return true;
}

/* What was seen of one process, sorted by number. */
struct seen {
	int64_t fd;
	uint64_t inode;
	node_t resource;
	const char *epoll; /* fdinfo of an epoll set seen for the first time */
};

struct listing {
	struct seen *v;
	size_t n;
};

static int by_fd(const void *a, const void *b)
{
	int64_t x = ((const struct seen *)a)->fd, y = ((const struct seen *)b)->fd;

	return x < y ? -1 : x > y;
}

static const struct seen *find_seen(const struct listing *l, int64_t fd)
{
	struct seen key = { .fd = fd };

	return bsearch(&key, l->v, l->n, sizeof(key), by_fd);
}

/* The entries of one epoll set. An entry whose inode is not that of the number now is a closed or
 * reused one. */
static void epoll_set(struct raw_capture *c, const struct raw_process *p, const struct listing *l,
		      const struct seen *set)
{
	unsigned n = 0, armed = 0;
	uint64_t v[5];

	for (const char *at = set->epoll; (at = strstr(at, "tfd:")) && epoll_line(&at, v); n++) {
		const struct seen *now = find_seen(l, (int64_t)v[0]);
		struct snap_watch *w = BUILD(c->b, WATCH);
		w->owner = set->resource;
		w->process = p->node;
		w->fd = (int64_t)v[0];
		w->events = (int64_t)v[1];
		w->armed = (v[1] & ~(uint64_t)EP_PRIVATE_BITS) != 0;
		w->edge = (v[1] & EPOLLET) != 0;
		w->oneshot = (v[1] & EPOLLONESHOT) != 0;
		w->data = (int64_t)v[2];
		w->resource = now && now->inode == v[3] ? now->resource : NODE_NONE;
		armed += w->armed;
	}
	char source[64];
	(void)snprintf(source, sizeof(source), "/proc/%d/fdinfo/%lld", p->pid, (long long)set->fd);
	builder_fact(c->b, set->resource, source, "epoll_armed", armed, "%u entries, %u armed", n,
		     armed);
}

/* Watches are known by resource now: each descriptor says who watches it, with the mask of its
 * first watch. */
static void mark_armed(struct raw_capture *c)
{
	struct snapshot *s = c->b->s;
	struct map watch_of = { 0 };

	for (uint32_t i = SNAP_N(s, WATCH); i-- > 0;) {
		const struct snap_watch *w = SNAP_ROW(s, WATCH, i);
		if (w->resource != NODE_NONE)
			(void)map_set(&watch_of, map_mix(w->process, (uint64_t)w->fd), i);
	}
	for (uint32_t i = 0; i < SNAP_N(s, FD); i++) {
		struct snap_fd *row = SNAP_ROW(s, FD, i);
		uint64_t index;
		if (!map_get(&watch_of, map_mix(row->owner, (uint64_t)row->fd), &index))
			continue;
		const struct snap_watch *w = SNAP_ROW(s, WATCH, index);
		row->mask = builder_strf(c->b, "%llx", (unsigned long long)w->events);
		if (w->armed)
			row->armed_by = builder_refs(c->b, &w->owner, 1);
	}
	map_done(&watch_of);
}

/* A number that refers to the same object in the parent was open before the fork. */
static void mark_inherited(struct raw_capture *c)
{
	struct snapshot *s = c->b->s;
	struct map by_number = { 0 };

	for (uint32_t i = 0; i < SNAP_N(s, FD); i++) {
		const struct snap_fd *row = SNAP_ROW(s, FD, i);
		(void)map_set(&by_number, map_mix(row->owner, (uint64_t)row->fd), row->resource);
	}
	for (uint32_t i = 0; i < SNAP_N(s, FD); i++) {
		struct snap_fd *row = SNAP_ROW(s, FD, i);
		uint64_t resource;
		node_t parent = SNAP_ROW(s, PROCESS, node_index(row->owner))->parent;
		if (node_table(parent) == TABLE_PROCESS &&
		    map_get(&by_number, map_mix(parent, (uint64_t)row->fd), &resource) &&
		    resource == row->resource)
			row->inherited = TRI_YES;
	}
	map_done(&by_number);
}

static void refuse(struct raw_capture *c, struct raw_process *p, int error)
{
	SNAP_ROW(c->b->s, PROCESS, node_index(p->node))->fds_seen = TRI_NO;
	if (error == ENOENT || error == ESRCH)
		return; /* it ended: its row says so */
	char why[96];
	(void)snprintf(why, sizeof(why), "/proc/%d/fd: %s", p->pid,
		       error == ETIMEDOUT ? "a file system behind one of them does not answer"
					  : strerror(error));
	builder_gap(c->b, p->node, false, "descriptors", why,
		    is_refusal(-error) ? "run hangwatch as root or as the process's user" : NULL);
}

static void one_process(struct raw_capture *c, struct raw_process *p, const struct fd_texts *texts)
{
	CLEANUP(freep) struct seen *seen = calloc(texts->v.n + 1, sizeof(*seen));
	struct listing l = { seen, 0 };

	if (!seen) {
		c->b->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < texts->v.n; i++) {
		const struct fd_text *t = &texts->v.v[i];
		const char *info = texts->text.s + t->info;
		uint32_t n_resources = SNAP_N(c->b->s, RESOURCE);
		one_fd(&(struct one){ c, p, t->fd, texts->text.s + t->link, info, t });
		node_t r = SNAP_ROW(c->b->s, FD, SNAP_N(c->b->s, FD) - 1)->resource;
		bool new = node_index(r) >= n_resources;
		bool epoll = SNAP_ROW(c->b->s, RESOURCE, node_index(r))->kind == RESOURCE_EPOLL;
		l.v[l.n++] = (struct seen){ .fd = t->fd,
					    .inode = info_u64(info, "ino", 10, 0),
					    .resource = r,
					    .epoll = new &&epoll ? info : NULL };
	}
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].epoll)
			epoll_set(c, p, &l, &l.v[i]);
}

static void process(struct raw_capture *c, struct raw_process *p)
{
	if (p->hidden)
		SNAP_ROW(c->b->s, PROCESS, node_index(p->node))->fds_seen = TRI_NO;
	if (p->zombie || p->gone || p->kernel_thread)
		return;
	if (!c->texts)
		c->texts = fd_texts_begin(c);
	const struct fd_texts *texts = fd_texts_get(c->texts, (size_t)(p - c->processes.v));
	if (texts->error) {
		refuse(c, p, texts->error);
		return;
	}
	SNAP_ROW(c->b->s, PROCESS, node_index(p->node))->fds_seen = texts->cut ? TRI_NO : TRI_YES;
	if (texts->cut)
		builder_gap(c->b, p->node, false, "descriptors beyond the first 65536", "limit",
			    NULL);
	one_process(c, p, texts);
}

static void begin(struct raw_capture *c)
{
	c->texts = fd_texts_begin(c);
}

static void tree(struct raw_capture *c)
{
	c->texts = fd_texts_end(c->texts);
	mark_armed(c);
	mark_inherited(c);
}

const struct collector collector_fds = {
	.name = "fds", .order = 10, .begin = begin, .process = process, .tree = tree
};
