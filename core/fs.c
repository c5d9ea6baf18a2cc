/*
 * Reading and writing small files; see fs.h. The kernel makes a text of /proc anew at each open,
 * and one read(2) is one view of it. A file with one record (fs/seq_file.c: single_open) is handed
 * out as far as the buffer goes, so a short read is its end: to ask again costs 1,100 calls in a
 * capture of 23 processes.
 */
#include "core/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/util.h"

static ssize_t read_retry(int fd, void *buf, size_t n)
{
	ssize_t r;

	do
		r = read(fd, buf, n);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

static ssize_t read_path(int dirfd, const char *path, char *buf, size_t cap, bool to_end)
{
	CLEANUP(fd_closep) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t r;

	if (fd < 0)
		return -errno;
	do {
		r = read_retry(fd, buf + n, cap - 1 - n);
		if (r < 0)
			return r;
		n += (size_t)r;
	} while (to_end && r > 0 && n + 1 < cap);
	buf[n] = '\0';
	return (ssize_t)n;
}

ssize_t fs_read(int dirfd, const char *path, char *buf, size_t cap)
{
	return read_path(dirfd, path, buf, cap, false);
}

ssize_t fs_read_to_end(int dirfd, const char *path, char *buf, size_t cap)
{
	return read_path(dirfd, path, buf, cap, true);
}

int fs_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_n)
{
	size_t cap = 16384, n = 0;
	CLEANUP(freep) char *text = malloc(cap);

	if (!text)
		return -ENOMEM;
	for (;;) {
		if (n + 1 >= cap) {
			if (cap > limit)
				return -EFBIG;
			char *grown = realloc(text, cap * 2);
			if (!grown)
				return -ENOMEM;
			text = grown;
			cap *= 2;
		}
		ssize_t r = read_retry(fd, text + n, cap - 1 - n);
		if (r < 0)
			return (int)r;
		if (r == 0)
			break;
		n += (size_t)r;
	}
	if (n > limit)
		return -EFBIG;
	text[n] = '\0';
	*ret_text = take_ptr(text);
	if (ret_n)
		*ret_n = n;
	return 0;
}

int fs_read_all(int dirfd, const char *path, size_t limit, char **ret_text, size_t *ret_n)
{
	CLEANUP(fd_closep) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fs_read_fd(fd, limit, ret_text, ret_n);
}

ssize_t fs_readlink(int dirfd, const char *path, char *buf, size_t cap)
{
	ssize_t n = readlinkat(dirfd, path, buf, cap);

	if (n < 0)
		return -errno;
	if ((size_t)n >= cap)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return n;
}

int fs_write_all(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n) {
		ssize_t r = write(fd, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

int fs_writev_all(int fd, const struct iovec *parts, int n)
{
	ssize_t done;

	do
		done = writev(fd, parts, n);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		size_t skip = MIN((size_t)done, parts[i].iov_len);
		int r = fs_write_all(fd, (const char *)parts[i].iov_base + skip,
				     parts[i].iov_len - skip);
		if (r < 0)
			return r;
		done -= (ssize_t)skip;
	}
	return 0;
}
