/*
 * Files that appear whole; see newfile.h. O_TMPFILE keeps even a killed writer from leaving
 * rubbish; file systems without it (NFS, some FUSE) get a temporary name that begins with a dot.
 */
#include "core/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static int random_name(struct newfile *f)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		return -errno;
	(void)snprintf(f->temp, sizeof(f->temp), ".%.200s.%016" PRIx64, f->name, r);
	return 0;
}

int newfile_open(int dirfd, const char *name, struct newfile *ret)
{
	struct newfile f = { .dirfd = dirfd, .fd = -1 };

	if (strlen(name) >= sizeof(f.name))
		return -ENAMETOOLONG;
	(void)snprintf(f.name, sizeof(f.name), "%s", name);
	f.fd = openat(dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (f.fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		int r = random_name(&f);
		if (r < 0)
			return r;
		f.fd = openat(dirfd, f.temp, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC,
			      0600);
	}
	if (f.fd < 0)
		return -errno;
	*ret = f;
	return 0;
}

/* AT_EMPTY_PATH would need a capability; the way through /proc does not. */
static int give_name(struct newfile *f, const char *name)
{
	char path[64];

	if (f->temp[0])
		return linkat(f->dirfd, f->temp, f->dirfd, name, 0) < 0 ? -errno : 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
	return linkat(AT_FDCWD, path, f->dirfd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int replace_name(struct newfile *f)
{
	if (!f->temp[0]) {
		struct newfile named = *f;
		int r = random_name(&named);
		if (r == 0)
			r = give_name(f, named.temp);
		if (r < 0)
			return r;
		*f = named;
	}
	if (renameat(f->dirfd, f->temp, f->dirfd, f->name) < 0)
		return -errno;
	f->temp[0] = '\0';
	return 0;
}

int newfile_commit(struct newfile *f, bool replace)
{
	int r = fsync(f->fd) < 0 ? -errno : 0;

	if (r == 0)
		r = replace ? replace_name(f) : give_name(f, f->name);
	newfile_done(f);
	return r;
}

void newfile_done(struct newfile *f)
{
	if (f->temp[0])
		(void)unlinkat(f->dirfd, f->temp, 0);
	f->temp[0] = '\0';
	f->fd = fd_close(f->fd);
}
