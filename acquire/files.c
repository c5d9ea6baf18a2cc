/*
 * Opening files on behalf of the confined part; see files.h.
 *
 * Every file is first opened with O_PATH, which runs no driver and waits for no peer: a FIFO or a
 * device stays untouched. Only what fstat then calls a regular file is opened for reading, through
 * that very descriptor.
 *
 * A path is the target's word. It is resolved inside the target's root directory, links included,
 * so that a link cannot lead into files of ours; and what is found counts only if it is the mapped
 * inode. For debug files nothing is mapped that could be compared: there the first bytes must be
 * those of an ELF file, so that "the debug link of /etc/passwd is shadow" gets nobody anywhere.
 *
 * A network or FUSE file system may never answer. Those are opened by a child that is killed when
 * it takes too long; the device is then left alone. Local ones are opened directly.
 */
#include "acquire/files.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/child.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"

/* How long a file system that is not local may take for one file. */
#define REMOTE_BUDGET_NS (2 * NSEC_PER_SEC)

#ifndef BTRFS_SUPER_MAGIC
#define BTRFS_SUPER_MAGIC 0x9123683E
#endif

#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

void files_done(struct files *f)
{
	array_done(&f->devices);
}

/* Turns an O_PATH descriptor into one that reads, if it is of a regular file. */
static int reopen(int path_fd)
{
	char path[40];
	struct stat st;

	if (fstat(path_fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	int fd = open(path, OPEN_FLAGS);
	return fd < 0 ? -errno : fd;
}

/* `path` below the directory `root`, whatever its links say; for root -1 an ordinary path. */
static int open_path(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd = root < 0 ? open(path, O_PATH | O_CLOEXEC)
			  : (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* Is the file at `fd` the mapped one? 0, or -ESTALE. On an overlay nobody can say. */
static int compare(int fd, const struct raw_map *m, bool *ret_unsure)
{
	struct stat st;
	struct statfs fs;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	bool same_inode = st.st_ino == m->inode;
	if (same_inode && major(st.st_dev) == m->device >> 32 &&
	    minor(st.st_dev) == (m->device & UINT32_MAX))
		return 0;
	/* stat shows a number of each subvolume, maps that of the whole file system
	 * (fs/btrfs/inode.c). */
	if (same_inode && fs.f_type == BTRFS_SUPER_MAGIC)
		return 0;
	/* maps may show the lower file's numbers, stat the overlay's, depending on kernel and mount
	 * options. */
	if (fs.f_type == OVERLAYFS_SUPER_MAGIC && !m->deleted) {
		*ret_unsure = true;
		return 0;
	}
	return -ESTALE;
}

static int open_checked(int root, const char *path, const struct raw_map *m, bool *ret_unsure)
{
	CLEANUP(fd_closep) int fd = open_path(root, path);
	int r = fd < 0 ? fd : compare(fd, m, ret_unsure);

	return r < 0 ? r : reopen(fd);
}

static int open_through_mapping(int procfd, const struct raw_map *m)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "map_files/%llx-%llx", (unsigned long long)m->start,
		       (unsigned long long)m->end);
	CLEANUP(fd_closep) int fd = openat(procfd, path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : reopen(fd);
}

static int open_mapping(const struct raw_process *p, const struct raw_map *m, bool *ret_unsure)
{
	struct process_dir d = process_dir(p);

	if (d.fd < 0)
		return d.fd;
	int r = open_through_mapping(d.fd, m);
	if (r < 0 && m->path[0] == '/') {
		CLEANUP(fd_closep)
		int root = openat(d.fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
		int by_root = root < 0 ? -errno : open_checked(root, m->path, m, ret_unsure);
		/* Where the root may not be entered, or openat2 is too new: a path of ours, if it
		 * is the same file. */
		r = by_root >= 0 ? by_root : open_checked(-1, m->path, m, ret_unsure);
		if (r < 0 && by_root == -ESTALE)
			r = by_root;
	}
	process_dir_done(&d);
	return r;
}

/* ---- file systems that may never answer ---- */

static bool local_type(const char *type, size_t n)
{
	static const char *const local[] = {
		"ext2",     "ext3",      "ext4",   "xfs",    "btrfs",    "f2fs",    "zfs",
		"bcachefs", "tmpfs",     "ramfs",  "rootfs", "devtmpfs", "overlay", "squashfs",
		"erofs",    "iso9660",   "udf",    "vfat",   "exfat",    "ntfs3",   "jfs",
		"reiserfs", "hugetlbfs", "mqueue", "proc",   "sysfs"
	};

	for (size_t i = 0; i < ARRAY_SIZE(local); i++)
		if (strlen(local[i]) == n && memcmp(local[i], type, n) == 0)
			return true;
	return false;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": the type stands behind the
 * dash. */
static bool mountinfo_says_remote(const char *text, uint64_t device)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *p = line;
		uint64_t id, parent, major_nr, minor_nr;
		if (!scan_u64(&p, 10, &id) || !scan_char(&p, ' ') || !scan_u64(&p, 10, &parent) ||
		    !scan_char(&p, ' ') || !scan_u64(&p, 10, &major_nr) || !scan_char(&p, ':') ||
		    !scan_u64(&p, 10, &minor_nr) || (major_nr << 32 | minor_nr) != device)
			continue;
		const char *end = strchr(line, '\n'), *type = strstr(p, " - ");
		if (!type || (end && type > end))
			continue;
		type += 3;
		return !local_type(type, strcspn(type, " \n"));
	}
	return false; /* mounted nowhere: a memfd, shared memory, the lower layer of an overlay */
}

static bool remote(const struct raw_process *p, uint64_t device)
{
	CLEANUP(freep) char *text = NULL;

	/* Block devices answer, or everything on this machine hangs. Anonymous ones have major 0.
	 */
	if (device >> 32 != 0)
		return false;
	struct process_dir d = process_dir(p);
	if (d.fd < 0)
		return false;
	int r = fs_read_all(d.fd, "mountinfo", 4u << 20, &text, NULL);
	process_dir_done(&d);
	return r == 0 && mountinfo_says_remote(text, device);
}

/* What is known of a device; NULL without memory: then it is taken for a local one. */
static struct files_device *find_device(struct files *f, const struct raw_process *p,
					uint64_t device)
{
	for (size_t i = 0; i < f->devices.n; i++)
		if (f->devices.v[i].device == device)
			return &f->devices.v[i];
	struct files_device *d = array_push(&f->devices);
	if (d) {
		d->device = device;
		d->remote = remote(p, device);
	}
	return d;
}

struct mapping {
	const struct raw_process *p;
	const struct raw_map *m;
};

static int open_remote(void *arg, uint64_t *ret_unsure)
{
	const struct mapping *at = arg;
	bool unsure = false;
	int fd = open_mapping(at->p, at->m, &unsure);

	*ret_unsure = unsure;
	return fd;
}

int files_open_mapping(struct files *f, const struct raw_process *p, const struct raw_map *m,
		       bool *ret_unsure)
{
	*ret_unsure = false;
	if (!m->inode)
		return -ENOENT; /* nothing behind it but memory */
	struct files_device *d = find_device(f, p, m->device);
	if (!d || !d->remote)
		return open_mapping(p, m, ret_unsure);
	if (d->stuck)
		return -ETIMEDOUT;
	struct mapping at = { .p = p, .m = m };
	uint64_t unsure = 0;
	int fd = child_open(open_remote, &at, deadline_in(REMOTE_BUDGET_NS), &unsure);
	d->stuck = fd == -ETIMEDOUT;
	*ret_unsure = unsure;
	return fd;
}

/* ---- debug files ---- */

bool files_build_id_path(const char *hex, char *path, size_t cap)
{
	size_t n = strspn(hex, "0123456789abcdef");

	/* 20 bytes is usual; lld's "fast" has 8, and --build-id=0x… may have any number. */
	if (hex[n] || n % 2 || n < 6 || n > 128)
		return false;
	(void)snprintf(path, cap, "/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
	return true;
}

bool files_good_name(const char *name)
{
	return *name && !strchr(name, '/') && !str_eq(name, ".") && !str_eq(name, "..");
}

static int open_elf(int root, const char *path)
{
	char magic[SELFMAG];
	CLEANUP(fd_closep) int by_path = open_path(root, path);
	CLEANUP(fd_closep) int fd = by_path < 0 ? by_path : reopen(by_path);

	if (fd < 0)
		return fd;
	if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic) ||
	    memcmp(magic, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	return take_fd(fd);
}

static int open_in_roots(const struct raw_process *p, const char *path)
{
	struct process_dir d = process_dir(p);
	int r = d.fd;

	if (d.fd >= 0) {
		CLEANUP(fd_closep)
		int root = openat(d.fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = root < 0 ? -errno : open_elf(root, path);
		process_dir_done(&d);
	}
	return r >= 0 ? r : open_elf(-1, path);
}

int files_open_debug(struct files *f, const struct raw_process *p, const struct raw_map *m,
		     const char *what)
{
	/* Where gdb looks: beside the file, in .debug beside it, in the tree of debug files. */
	static const char *const patterns[] = { "%.*s/%s", "%.*s/.debug/%s",
						"/usr/lib/debug%.*s/%s" };
	static const char link[] = "link:";
	char path[PATH_MAX];

	if (files_build_id_path(what, path, sizeof(path)))
		return open_in_roots(p, path);
	if (!str_starts(what, link) || !files_good_name(what + sizeof(link) - 1) || !m ||
	    m->path[0] != '/')
		return -EINVAL;
	const struct files_device *d = find_device(f, p, m->device);
	if (!d || d->remote)
		return -EREMOTE;
	int directory = (int)(strrchr(m->path, '/') - m->path);
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		int n = snprintf(path, sizeof(path), patterns[i], directory, m->path,
				 what + sizeof(link) - 1);
		int fd = n > 0 && (size_t)n < sizeof(path) ? open_in_roots(p, path) : -ENAMETOOLONG;
		if (fd >= 0)
			return fd;
	}
	return -ENOENT;
}
