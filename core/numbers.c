/* Directories of numbers; see numbers.h. */
#include "core/numbers.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/parse.h"

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

void numbers_begin(struct numbers *v, int dirfd)
{
	v->dirfd = dirfd;
	v->at = v->n = 0;
}

int numbers_next(struct numbers *v, uint64_t *ret)
{
	for (;;) {
		if (v->at == v->n) {
			long got = syscall(SYS_getdents64, v->dirfd, v->buf, sizeof(v->buf));
			if (got <= 0)
				return got < 0 ? -errno : 0;
			v->n = (size_t)got;
			v->at = 0;
		}
		const struct linux_dirent64 *d = (const void *)(v->buf + v->at);
		v->at += d->d_reclen;
		if (parse_u64(d->d_name, 10, ret) == 0)
			return 1;
	}
}
