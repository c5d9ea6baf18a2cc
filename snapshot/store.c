/*
 * The directory of reports; see store.h. Every access goes through the directory's descriptor and
 * follows no symbolic link: where root's reports lie, another user must not be able to put one.
 */
#include "snapshot/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/newfile.h"
#include "core/util.h"
#include "snapshot/file.h"

#define SUFFIX ".hang"

static int find_path(char *path, size_t cap)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	/* The specification of base directories: a relative path there is to be ignored. */
	if (state && state[0] == '/')
		n = snprintf(path, cap, "%s/hangwatch", state);
	else if (geteuid() == 0)
		n = snprintf(path, cap, "/var/lib/hangwatch");
	else if (home && home[0] == '/')
		n = snprintf(path, cap, "%s/.local/state/hangwatch", home);
	else
		return -ENOENT;
	return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
}

/* Makes the directory and what leads to it, for the owner alone. */
static int make_path(const char *path)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

int store_open(bool create, struct store *ret)
{
	struct stat st;

	*ret = STORE_NONE;
	int r = find_path(ret->path, sizeof(ret->path));
	if (r < 0)
		return r;
	CLEANUP(fd_closep)
	int fd = open(ret->path, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && create) {
		r = make_path(ret->path);
		if (r < 0)
			return r;
		fd = open(ret->path, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0)
		return errno == ENOENT && !create ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & 0022))
		return -EPERM;
	ret->dirfd = take_fd(fd);
	return 0;
}

void store_close(struct store *s)
{
	s->dirfd = fd_close(s->dirfd);
}

static int file_name(const char *id, char *name, size_t cap)
{
	int n = snprintf(name, cap, "%s" SUFFIX, id);

	if (!id[0] || id[0] == '.' || strchr(id, '/') || strlen(id) > STORE_ID_MAX)
		return -EINVAL;
	return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
}

static int compare_newest_first(const void *a, const void *b)
{
	const struct store_entry *x = a, *y = b;

	if (x->changed_ns != y->changed_ns)
		return x->changed_ns < y->changed_ns ? 1 : -1;
	return strcmp(x->id, y->id);
}

/* Whether a name is that of a report, ID.hang: its id. */
static bool parse_name(const char *name, char id[static STORE_ID_MAX + 1])
{
	size_t n = strlen(name), suffix = strlen(SUFFIX);

	if (n <= suffix || n - suffix > STORE_ID_MAX || !str_eq(name + n - suffix, SUFFIX))
		return false;
	for (size_t i = 0; i < n - suffix; i++)
		if (!isalnum((unsigned char)name[i]))
			return false;
	memcpy(id, name, n - suffix);
	id[n - suffix] = '\0';
	return true;
}

int store_list(const struct store *s, struct store_list *ret)
{
	struct store_list l = { .entries = { NULL, 0, 0 } };
	struct dirent *e;

	if (s->dirfd < 0) {
		*ret = l;
		return 0;
	}
	/* A description of its own: reading moves its position. */
	int fd = openat(s->dirfd, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	CLEANUP(dir_closep) DIR *dir = fdopendir(fd);
	if (!dir) {
		int r = -errno;
		(void)fd_close(fd);
		return r;
	}
	while ((e = readdir(dir))) {
		struct store_entry entry;
		struct stat st;

		if (!parse_name(e->d_name, entry.id) ||
		    fstatat(s->dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		entry.bytes = (uint64_t)st.st_size;
		entry.changed_ns = clock_ns_of(st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
		struct store_entry *slot = array_push(&l.entries);
		if (!slot) {
			store_list_done(&l);
			return -ENOMEM;
		}
		*slot = entry;
	}
	if (l.entries.n)
		qsort(l.entries.v, l.entries.n, sizeof(*l.entries.v), compare_newest_first);
	*ret = l;
	return 0;
}

void store_list_done(struct store_list *l)
{
	array_done(&l->entries);
}

int store_find(const struct store *s, const char *prefix, struct store_entry *ret, char *matches,
	       size_t cap)
{
	struct store_list l;
	const struct store_entry *found = NULL;
	size_t n = 0, used = 0;
	int r = store_list(s, &l);

	if (r < 0)
		return r;
	for (size_t i = 0; i < l.entries.n && prefix[0]; i++) {
		const struct store_entry *e = &l.entries.v[i];
		if (!str_starts(e->id, prefix))
			continue;
		if (matches && used < cap)
			used += (size_t)snprintf(matches + used, cap - used, "%s%s", n ? ", " : "",
						 e->id);
		found = e;
		n++;
		if (str_eq(e->id, prefix)) {
			n = 1;
			break;
		}
	}
	if (n == 1)
		*ret = *found;
	store_list_done(&l);
	return n == 1 ? 0 : n ? -ENOTUNIQ : -ENOENT;
}

int store_open_report(const struct store *s, const char *id)
{
	char name[STORE_ID_MAX + 8];
	struct stat st;
	int r = file_name(id, name, sizeof(name));

	if (r < 0)
		return r;
	CLEANUP(fd_closep)
	int fd = openat(s->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? take_fd(fd) : -ENOENT;
}

/* Failure to remove an old report is no failure to keep the new one. */
static void trim(const struct store *s, const char *keep)
{
	struct store_list l;
	uint64_t bytes = 0;

	if (store_list(s, &l) < 0)
		return;
	for (size_t i = 0; i < l.entries.n; i++) {
		bytes += l.entries.v[i].bytes;
		if ((i >= STORE_REPORTS_MAX || bytes > STORE_BYTES_MAX) &&
		    !str_eq(l.entries.v[i].id, keep))
			(void)store_remove(s, l.entries.v[i].id);
	}
	store_list_done(&l);
}

int store_save(const struct store *s, const char *id, const struct snapshot *snap,
	       const struct snap_index *x)
{
	char name[STORE_ID_MAX + 8];
	struct newfile f;
	int r = file_name(id, name, sizeof(name));

	if (r == 0)
		r = newfile_open(s->dirfd, name, &f);
	if (r < 0)
		return r;
	r = report_write(f.fd, snap, x);
	if (r == 0)
		r = newfile_commit(&f, false);
	else
		newfile_done(&f);
	if (r == 0)
		trim(s, id);
	return r;
}

int store_remove(const struct store *s, const char *id)
{
	char name[STORE_ID_MAX + 8];
	int r = file_name(id, name, sizeof(name));

	if (r < 0)
		return r;
	return unlinkat(s->dirfd, name, 0) < 0 ? -errno : 0;
}
