/* Files by request; see files.h. */
#include <errno.h>
#include <string.h>

#include "core/util.h"
#include "decode/files.h"
#include "raw/request.h"

static int call(struct request_files *f, const struct request *q, int *ret_fd)
{
	CLEANUP(fd_closep) int fd = -1;
	int r = request_call(f->sock, q, f->deadline, &fd, NULL);

	if (r < 0)
		return r;
	if (fd < 0)
		return -EBADMSG;
	*ret_fd = take_fd(fd);
	return 0;
}

static int open_mapping(void *arg, size_t process, size_t map, int *ret_fd)
{
	struct request q = { .kind = REQUEST_MAPPING, .process = (uint32_t)process, .a = map };

	return call(arg, &q, ret_fd);
}

static int open_debug(void *arg, size_t process, size_t map, const char *what, int *ret_fd)
{
	struct request q = { .kind = REQUEST_DEBUG, .process = (uint32_t)process, .a = map };

	if (strlen(what) >= sizeof(q.text))
		return -ENAMETOOLONG;
	memcpy(q.text, what, strlen(what));
	return call(arg, &q, ret_fd);
}

struct module_files request_files(struct request_files *f)
{
	return (struct module_files){ .open = open_mapping, .open_debug = open_debug, .arg = f };
}
