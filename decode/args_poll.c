/* The descriptors that poll() and select() watch, as WATCH rows of the thread; see args.h. */
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/util.h"
#include "decode/args_parts.h"

/* More than any program polls at once; a broken count must not cost memory. */
enum { WATCHES_MAX = 16384 };

static void watch(const struct args_call *a, int64_t fd, int64_t events)
{
	struct snap_watch *w = BUILD(a->p->b, WATCH);

	w->owner = a->about;
	w->process = a->p->raw->node;
	w->fd = fd;
	w->events = events;
	w->armed = true; /* even with no events: hang-ups and errors are always told */
}

void args_poll(const struct args_call *a)
{
	uint64_t n = MIN(a->look->args[1], (uint64_t)WATCHES_MAX);

	/* poll's bits are epoll's (POLLIN is EPOLLIN and so on). A negative number is an entry that
	 * is skipped. */
	for (uint64_t i = 0; i < n; i++) {
		struct pollfd p;

		if (args_copy(a, a->look->args[0] + i * sizeof(p), &p, sizeof(p)) < 0)
			return;
		if (p.fd >= 0)
			watch(a, p.fd, (uint16_t)p.events);
	}
}

/* One bit of a set that is as long as the caller said, in words as the kernel reads it. */
static bool in_set(const struct args_call *a, uint64_t set, uint64_t fd)
{
	uint64_t word;

	return set && args_copy(a, set + fd / 64 * sizeof(word), &word, sizeof(word)) == 0 &&
	       (word >> (fd % 64) & 1);
}

void args_select(const struct args_call *a)
{
	const uint64_t *args = a->look->args;
	uint64_t n = MIN(args[0], (uint64_t)WATCHES_MAX);

	for (uint64_t fd = 0; fd < n; fd++) {
		int64_t events = (in_set(a, args[1], fd) ? EPOLLIN : 0) |
				 (in_set(a, args[2], fd) ? EPOLLOUT : 0) |
				 (in_set(a, args[3], fd) ? EPOLLPRI : 0);

		if (events)
			watch(a, (int64_t)fd, events);
	}
}
