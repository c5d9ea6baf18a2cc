/* Small files, read whole and bounded. */
#ifndef HW_CORE_FS_H
#define HW_CORE_FS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether a -errno says that we may not, rather than that it is not there or went wrong. */
static inline bool is_refusal(ssize_t r)
{
	return r == -EACCES || r == -EPERM;
}

/* Whether a -errno of a file below /proc/PID says that what it is about is no more. Any other says
 * nothing about it: descriptors of our own may be short. */
static inline bool has_ended(ssize_t r)
{
	return r == -ENOENT || r == -ESRCH;
}

/*
 * Reads up to cap-1 bytes of dirfd/path into buf and ends them with NUL.
 * Returns the length, or -errno. More than fits is cut, not an error: the
 * caller who minds compares with cap-1. One read(2): for what the kernel writes
 * in one piece, which is nearly all of /proc/PID, the cgroup files and the sysctls.
 */
ssize_t fs_read(int dirfd, const char *path, char *buf, size_t cap);

/* The same until end of file: for lists, which the kernel hands out record by record (children). */
ssize_t fs_read_to_end(int dirfd, const char *path, char *buf, size_t cap);

/*
 * The same for a file of any length up to `limit` bytes, on the heap, NUL-terminated.
 * -EFBIG beyond the limit. The caller frees *ret_text.
 */
int fs_read_all(int dirfd, const char *path, size_t limit, char **ret_text, size_t *ret_n);
int fs_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_n);

/* readlinkat into buf, NUL-terminated; the length or -errno (-ENAMETOOLONG when cut). */
ssize_t fs_readlink(int dirfd, const char *path, char *buf, size_t cap);

/* Writes all n bytes, through short writes and EINTR: 0 or -errno. */
int fs_write_all(int fd, const void *buf, size_t n);

/* The same for several pieces in one call where the kernel takes them all. */
struct iovec;
int fs_writev_all(int fd, const struct iovec *parts, int n);

#endif
