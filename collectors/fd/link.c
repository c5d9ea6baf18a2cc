/*
 * The words of /proc/PID/fd links: "pipe:[123]", "socket:[123]", "anon_inode:[eventpoll]",
 * "anon_inode:inotify", "pidfd:[123]" (what pidfs prints on some kernels), or a path. See link.h.
 */
#include "collectors/fd/link.h"

#include "core/parse.h"
#include "core/util.h"
#include "snapshot/schema.h"

static const struct {
	const char *text;
	enum resource_kind kind;
} anons[] = {
	{ "anon_inode:[eventpoll]", RESOURCE_EPOLL },
	{ "anon_inode:[eventfd]", RESOURCE_EVENTFD },
	{ "anon_inode:[signalfd]", RESOURCE_SIGNALFD },
	{ "anon_inode:[timerfd]", RESOURCE_TIMERFD },
	{ "anon_inode:[pidfd]", RESOURCE_PIDFD },
	{ "anon_inode:[io_uring]", RESOURCE_IO_URING },
	{ "anon_inode:inotify", RESOURCE_INOTIFY },
	{ "anon_inode:[fanotify]", RESOURCE_INOTIFY },
};

static bool numbered(const char *text, const char *prefix, uint64_t *ret)
{
	size_t n = strlen(prefix);

	if (strncmp(text, prefix, n) != 0)
		return false;
	const char *p = text + n;
	return scan_u64(&p, 10, ret) && str_eq(p, "]");
}

struct fd_link fd_link_parse(const char *text)
{
	struct fd_link l = { .kind = RESOURCE_ANON, .word = "anonymous" };

	if (numbered(text, "pipe:[", &l.inode)) {
		l.kind = RESOURCE_PIPE;
		l.word = "pipe";
	} else if (numbered(text, "socket:[", &l.inode)) {
		l.kind = RESOURCE_SOCKET;
		l.word = "socket";
	} else if (numbered(text, "pidfd:[", &l.inode)) {
		l.kind = RESOURCE_PIDFD;
		l.word = "pidfd";
	} else if (text[0] == '/') {
		l.kind = RESOURCE_FILE;
		l.word = "file";
		l.path = true;
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(anons); i++) {
			if (!str_eq(text, anons[i].text))
				continue;
			l.kind = anons[i].kind;
			l.word = snap_word(names_resource_kind, anons[i].kind);
		}
	}
	return l;
}
