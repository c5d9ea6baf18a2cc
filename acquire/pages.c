/*
 * Pages for the decoder, by process_vm_readv(2); see pages.h.
 *
 * The numbers are the decoder's and each is used once; nothing here depends on them. Any page may
 * be one that nobody ever brings, so they are read by a thread that can be given up.
 *
 * A pid is no identity, so that what was read counts only if the process still lives afterwards:
 * then nobody else can have had its pid.
 */
#include "acquire/pages.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/uio.h>

#include "core/util.h"

/* A thousand pages take 0.5 ms. */
#define BUDGET_NS (500 * NSEC_PER_MSEC)

/* Unreadable pages that cut one reading; each costs a call. */
#define HOLES_MAX 32

/* Pages read by one call. */
enum { IOV_PAGES = 256 };

struct order {
	pid_t pid;
	int pidfd;
	struct raw_page_set *set;
};

/* Reads pages numbers[0 … n) as far as it goes: how many were read; what follows could not be. */
static size_t read_some(pid_t pid, const uint64_t *numbers, size_t n, uint8_t (*to)[RAW_PAGE_BYTES])
{
	struct iovec here[IOV_PAGES], there[IOV_PAGES];

	n = MIN(n, (size_t)IOV_PAGES);
	for (size_t i = 0; i < n; i++) {
		here[i] = (struct iovec){ to[i], RAW_PAGE_BYTES };
		there[i] = (struct iovec){ (void *)(uintptr_t)(numbers[i] * RAW_PAGE_BYTES),
					   RAW_PAGE_BYTES };
	}
	ssize_t got = process_vm_readv(pid, here, n, there, n, 0);
	return got < 0 ? 0 : (size_t)got / RAW_PAGE_BYTES;
}

static void read_set(void *arg)
{
	const struct order *o = arg;
	struct raw_page_set *set = o->set;
	struct pollfd end = { .fd = o->pidfd, .events = POLLIN };
	size_t n = MIN(set->n, (size_t)RAW_PAGES_MAX), holes = 0;

	memset(set->read, 0, sizeof(set->read));
	for (size_t i = 0; i < n && holes < HOLES_MAX;) {
		size_t got = read_some(o->pid, set->numbers + i, n - i, set->bytes + i);
		memset(set->read + i, true, got);
		i += got;
		if (got < MIN(n - i + got, (size_t)IOV_PAGES)) {
			holes++;
			i++;
		}
	}
	if (poll(&end, 1, 0) != 0)
		memset(set->read, 0, sizeof(set->read));
	atomic_store_explicit(&set->state, RAW_PAGES_READ, memory_order_release);
}

void pages_read(struct raw_capture *c, const struct raw_process *p, uint64_t which)
{
	if (!c->pages || which >= ARRAY_SIZE(c->pages->sets) || p->pidfd < 0 || p->refused)
		return;
	struct order o = { .pid = p->pid, .pidfd = p->pidfd, .set = &c->pages->sets[which] };
	c->stuck |= worker_call(&c->worker, read_set, &o, sizeof(o), deadline_in(BUDGET_NS)) ==
		    -ETIMEDOUT;
}
