/*
 * Who else maps the shared memory in which a thread waits.
 *
 * A futex in shared memory, a semaphore of multiprocessing for one, can be woken by whoever maps
 * its page and by nobody else. For each file behind such a page every process of the tree is looked
 * at by its mappings, and every other process of the machine by the text of /proc/PID/maps, which
 * is read only where there is such a thread, and within a time budget. The list is complete when
 * all could be read, nobody outside maps the file, and the file has no name left by which somebody
 * could still open it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "collectors/collector.h"
#include "core/array.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/map.h"
#include "core/numbers.h"
#include "core/util.h"

/* Some 0.2 ms a process, and only where there is such a thread. */
#define BUDGET_NS      (500 * NSEC_PER_MSEC)
#define MAPS_MAX_BYTES (4u << 20)

struct page_file {
	uint64_t device, inode;
	bool reachable; /* somebody outside maps it, or could */
	bool unread;    /* ... as far as it could be seen: not every process could be read */
};

typedef ARRAY(struct page_file) page_files;

static const struct raw_map *waited_on(const struct raw_process *p, const struct raw_thread *t)
{
	const struct raw_look *look = raw_primary(t);

	if (!look || look->syscall_nr != SYS_futex)
		return NULL;
	const struct raw_map *m = raw_maps_find(p->maps, look->args[0]);
	return m && (m->prot & MAP_S) && m->inode ? m : NULL;
}

static struct page_file *find(const page_files *files, const struct raw_map *m)
{
	for (size_t i = 0; i < files->n; i++)
		if (files->v[i].device == m->device && files->v[i].inode == m->inode)
			return &files->v[i];
	return NULL;
}

/*
 * "(deleted)" speaks of one name, and the file may have others: glibc makes a named semaphore under
 * a name that it deletes at once. Only its count of links tells, which needs CAP_SYS_ADMIN; without
 * it the file counts as one with a name.
 */
static bool has_name(const struct raw_process *p, const struct raw_map *m)
{
	struct statx st;
	char path[64];

	(void)snprintf(path, sizeof(path), "%smap_files/%" PRIx64 "-%" PRIx64, p->live, m->start,
		       m->end);
	return p->procfd < 0 ||
	       statx(p->procfd, path, AT_STATX_DONT_SYNC, STATX_NLINK | STATX_INO, &st) < 0 ||
	       st.stx_ino != m->inode || st.stx_nlink != 0;
}

static void add(page_files *files, const struct raw_process *p, const struct raw_map *m)
{
	/*
	 * An unlinked file is out of reach; a memfd looks unlinked, and whoever has its descriptor
	 * may map it, and so does a System V segment, which is attached by number. Anonymous shared
	 * memory never had a name.
	 */
	bool nameless = m->deleted && !str_starts(m->path, "/memfd:") &&
			!str_starts(m->path, "/SYSV") &&
			(str_eq(m->path, "/dev/zero") || !has_name(p, m));

	if (find(files, m))
		return;
	struct page_file *f = array_push(files);
	if (f)
		*f = (struct page_file){ .device = m->device,
					 .inode = m->inode,
					 .reachable = !nameless };
}

static void add_mappers(struct raw_capture *c, const struct raw_process *p, const page_files *files)
{
	struct map seen = { 0 };

	for (size_t i = 0; p->maps && i < p->maps->n; i++) {
		const struct raw_map *m = &p->maps->v[i];
		struct page_file *f = m->prot & MAP_S ? find(files, m) : NULL;
		if (!f || map_get(&seen, (uint64_t)(f - files->v), NULL))
			continue;
		(void)map_set(&seen, (uint64_t)(f - files->v), 1);
		(void)builder_fact(c->b, p->node, "/proc/PID/maps", "shared_map", (int64_t)f->inode,
				   "%" PRIx64 ":%" PRIx64 ":%" PRIu64, f->device >> 32,
				   f->device & UINT32_MAX, f->inode);
	}
	map_done(&seen);
}

/* "… 00:01 4711 …": how the kernel writes device and inode of a mapping. */
static bool maps_file(const char *text, const struct page_file *f)
{
	char needle[64];

	(void)snprintf(needle, sizeof(needle), " %02" PRIx64 ":%02" PRIx64 " %" PRIu64 " ",
		       f->device >> 32, f->device & UINT32_MAX, f->inode);
	return strstr(text, needle) != NULL;
}

static void look_outside(uint64_t pid, page_files *files)
{
	char path[64], *text = NULL;
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu64 "/maps", pid);
	int r = fs_read_all(AT_FDCWD, path, MAPS_MAX_BYTES, &text, &n);
	/* What init maps is its own: what it starts calls exec. */
	bool unseen = r < 0 && !has_ended(r) && pid != 1;
	for (size_t i = 0; i < files->n; i++) {
		files->v[i].unread |= unseen;
		files->v[i].reachable |= r == 0 && text && maps_file(text, &files->v[i]);
	}
	free(text);
}

/* All that a search uses is its own, for it may never come back. */
struct search {
	page_files files;
	struct map tree; /* pids that are not looked at */
	struct deadline until;
};

static void search_free(struct search *s)
{
	array_done(&s->files);
	map_done(&s->tree);
	free(s);
}

static struct search *search_new(const struct raw_capture *c, const page_files *files)
{
	struct search *s = calloc(1, sizeof(*s));
	int r = s ? 0 : -ENOMEM;

	if (!s)
		return NULL;
	s->until = deadline_in(MIN(BUDGET_NS, deadline_left_ns(c->deadline)));
	for (size_t i = 0; i < files->n && r == 0; i++) {
		struct page_file *f = array_push(&s->files);
		if (f)
			*f = files->v[i];
		else
			r = -ENOMEM;
	}
	for (size_t i = 0; i < c->processes.n && r == 0; i++)
		r = map_set(&s->tree, (uint64_t)c->processes.v[i].pid, 1);
	if (r == 0)
		return s;
	search_free(s);
	return NULL;
}

static void run_search(void *arg)
{
	struct search *s = *(struct search **)arg;
	CLEANUP(fd_closep) int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct numbers names;
	uint64_t pid;
	int r;

	numbers_begin(&names, proc);
	while ((r = numbers_next(&names, &pid)) > 0 && !deadline_passed(s->until))
		if (!map_get(&s->tree, pid, NULL))
			look_outside(pid, &s->files);
	for (size_t i = 0; r != 0 && i < s->files.n; i++)
		s->files.v[i].unread = true;
}

/*
 * The mappings of a process cannot be read while one of its threads holds their lock: for ever, if
 * that thread is in D state. A search that meets such a process is left behind.
 */
static void look_at_others(struct raw_capture *c, page_files *files)
{
	struct search *s = search_new(c, files);
	int r = s ? worker_call(&c->worker, run_search, &s, sizeof(s), deadline_in(2 * BUDGET_NS))
		  : -ENOMEM;

	for (size_t i = 0; i < files->n; i++)
		if (r == 0)
			files->v[i] = s->files.v[i];
		else
			files->v[i].unread = true;
	if (s && r != -ETIMEDOUT)
		search_free(s);
}

/* Of one whose mappings could not be read nobody knows what it maps. */
static bool all_of_tree_seen(const struct raw_capture *c)
{
	for (size_t i = 0; i < c->processes.n; i++) {
		const struct raw_process *p = &c->processes.v[i];
		if (!p->maps && !p->zombie && !p->kernel_thread && (!p->gone || p->hidden))
			return false;
	}
	return true;
}

static void tree(struct raw_capture *c)
{
	page_files files = { 0 };

	if (c->outside_done)
		return;
	for (size_t i = 0; i < c->processes.n; i++) {
		const struct raw_process *p = &c->processes.v[i];
		for (size_t k = 0; p->maps && k < p->threads.n; k++) {
			const struct raw_map *m = waited_on(p, &p->threads.v[k]);
			if (m)
				add(&files, p, m);
		}
	}
	if (!files.n)
		return;
	for (size_t i = 0; i < c->processes.n; i++)
		add_mappers(c, &c->processes.v[i], &files);
	look_at_others(c, &files);
	bool all_seen = all_of_tree_seen(c);
	for (size_t i = 0; i < files.n; i++)
		if (!files.v[i].reachable)
			(void)builder_fact(c->b, c->processes.v[0].node, "/proc/*/maps",
					   "shared_map_complete", !files.v[i].unread && all_seen,
					   "%" PRIx64 ":%" PRIx64 ":%" PRIu64,
					   files.v[i].device >> 32, files.v[i].device & UINT32_MAX,
					   files.v[i].inode);
	array_done(&files);
}

const struct collector collector_shared_memory = { .name = "shared_memory",
						   .order = 31,
						   .tree = tree };
