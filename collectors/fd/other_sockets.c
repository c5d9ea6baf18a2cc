/* Reading /proc/PID/net/netlink and packet; see other_sockets.h. */
#include "collectors/fd/other_sockets.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "collectors/fd/resources.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"

/* A machine has hundreds of netlink sockets, a line of about 90 bytes each. */
enum { PAGE_TEXT_MAX = 4 << 20 };

static void mark(struct raw_capture *c, uint64_t inode, const char *family)
{
	node_t n = resource_find(c, RESOURCE_SOCKET, 0, inode);

	if (n == NODE_UNKNOWN || resource_row(c, n)->kind != RESOURCE_SOCKET)
		return;
	struct snap_resource *row = resource_row(c, n);
	row->detail = builder_str(c->b, family);
	row->text = builder_strf(c->b, "%s socket", family);
}

/* The last word of a line, if it is a number. */
static bool last_number(const char *line, const char *end, uint64_t *ret)
{
	while (end > line && end[-1] == ' ')
		end--;
	const char *word = end;
	while (word > line && word[-1] != ' ')
		word--;
	return scan_u64(&word, 10, ret) && word == end;
}

void other_sockets_take(struct raw_capture *c, const char *text, const char *family)
{
	const char *end;
	uint64_t inode;

	for (const char *line = text; (end = strchr(line, '\n')); line = end + 1)
		if (last_number(line, end, &inode))
			mark(c, inode, family);
}

void other_sockets_mark(struct raw_capture *c, pid_t pid)
{
	static const char *const families[] = { "netlink", "packet" };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		CLEANUP(freep) char *text = NULL;
		char path[48];

		(void)snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, families[i]);
		if (fs_read_all(AT_FDCWD, path, PAGE_TEXT_MAX, &text, NULL) == 0)
			other_sockets_take(c, text, families[i]);
	}
}
