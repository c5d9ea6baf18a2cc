/*
 * The descriptors that poll() and select() watch, as WATCH rows of the thread; see args.h. All of
 * them or none: what is missing from a list might be what wakes the sleeper.
 */
#include <poll.h>
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

static void take_back(const struct args_call *a, uint32_t before)
{
	builder_truncate(a->p->b, TABLE_WATCH, before);
}

void args_poll(const struct args_call *a)
{
	uint32_t before = SNAP_N(a->p->b->s, WATCH), n = (uint32_t)a->look->args[1];

	/* poll's bits are epoll's (POLLIN is EPOLLIN and so on). A negative number is an entry that
	 * is skipped. */
	for (uint32_t i = 0; i < n; i++) {
		struct pollfd p;

		if (n > WATCHES_MAX ||
		    args_copy(a, a->look->args[0] + i * sizeof(p), &p, sizeof(p)) < 0) {
			take_back(a, before);
			return;
		}
		if (p.fd >= 0)
			watch(a, p.fd, (uint16_t)p.events);
	}
}

/* 64 bits of a set, none of one that was not given. The kernel reads it in words. */
static int word_of(const struct args_call *a, uint64_t set, uint32_t first, uint64_t *ret)
{
	*ret = 0;
	return set ? args_copy(a, set + first / 8, ret, sizeof(*ret)) : 0;
}

void args_select(const struct args_call *a)
{
	static const uint32_t events_of[] = { EPOLLIN, EPOLLOUT, EPOLLPRI };
	uint32_t before = SNAP_N(a->p->b->s, WATCH), n = (uint32_t)a->look->args[0];
	uint64_t words[ARRAY_SIZE(events_of)];

	for (uint32_t fd = 0; fd < n; fd++) {
		uint32_t events = 0;

		for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
			if (fd % 64 == 0 && (n > WATCHES_MAX ||
					     word_of(a, a->look->args[1 + k], fd, &words[k]) < 0)) {
				take_back(a, before);
				return;
			}
			events |= words[k] >> fd % 64 & 1 ? events_of[k] : 0;
		}
		if (events)
			watch(a, fd, events);
	}
}
