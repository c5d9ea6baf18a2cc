/* Closing descriptors without losing errno; declared in cleanup.h, which everybody who owns one
 * includes. */
#include <errno.h>

#include "core/cleanup.h"

int fd_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;
		/* EINTR from close() on Linux: the descriptor is gone all the same. */
		(void)close(fd);
		errno = saved;
	}
	return -1;
}
