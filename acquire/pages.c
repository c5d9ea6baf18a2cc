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

/* Runs of blocks read by one call, and how many a page has at most: every other block. */
enum { RUNS_MAX = 512, PAGE_RUNS_MAX = RAW_PAGE_BYTES / RAW_BLOCK_BYTES / 2 };

struct order {
	pid_t pid;
	int pidfd;
	struct raw_page_set *set;
};

struct runs {
	struct iovec here[RUNS_MAX], there[RUNS_MAX];
	size_t n;
	uint8_t *to, *end; /* room for what is read */
};

/* Adds the blocks of one page; what lies side by side is one run. false: no room is left. */
static bool add_runs(struct runs *r, uint64_t number, uint16_t blocks)
{
	if ((size_t)__builtin_popcount(blocks) * RAW_BLOCK_BYTES > (size_t)(r->end - r->to))
		return false;
	for (unsigned i = 0; blocks >> i; i++) {
		unsigned first = i;

		while (blocks >> i & 1)
			i++;
		if (i == first)
			continue;
		size_t skip = first * RAW_BLOCK_BYTES, bytes = (i - first) * RAW_BLOCK_BYTES;
		r->here[r->n] = (struct iovec){ r->to, bytes };
		r->there[r->n++] =
			(struct iovec){ (void *)(uintptr_t)(number * RAW_PAGE_BYTES + skip),
					bytes };
		r->to += bytes;
	}
	return true;
}

/*
 * Reads pages from `first` on, as many as one call takes, to where r->to points. *ret_tried: the
 * first that was not tried, `first` when there is no room left. Returns the first that could not be
 * read, *ret_tried when all could.
 */
static size_t read_some(pid_t pid, struct runs *r, const struct raw_page_set *set, size_t first,
			size_t n, size_t *ret_tried)
{
	size_t ends[RUNS_MAX]; /* by page: where its runs end */
	size_t tried = 0, whole = 0;

	r->n = 0;
	while (first + tried < n && r->n + PAGE_RUNS_MAX <= RUNS_MAX && tried < RUNS_MAX) {
		if (!add_runs(r, set->numbers[first + tried], set->blocks[first + tried]))
			break;
		ends[tried++] = r->n;
	}
	*ret_tried = first + tried;
	ssize_t got = process_vm_readv(pid, r->here, r->n, r->there, r->n, 0);
	for (size_t run = 0; whole < tried; whole++) {
		for (; run < ends[whole]; run++)
			got -= (ssize_t)r->here[run].iov_len;
		if (got < 0)
			break;
	}
	/* The next call goes on behind the page that could not be read, whose room stays empty. */
	if (whole < tried && ends[whole] < r->n)
		r->to = r->here[ends[whole]].iov_base;
	return first + whole;
}

static void read_set(void *arg)
{
	const struct order *o = arg;
	struct raw_page_set *set = o->set;
	struct runs r = { .to = set->bytes, .end = set->bytes + sizeof(set->bytes) };
	struct pollfd end = { .fd = o->pidfd, .events = POLLIN };
	size_t n = MIN(set->n, (size_t)RAW_PAGES_MAX), holes = 0, tried = 0;

	memset(set->read, 0, sizeof(set->read));
	for (size_t i = 0; i < n && holes < HOLES_MAX;) {
		size_t hole = read_some(o->pid, &r, set, i, n, &tried);
		if (tried == i)
			break;
		memset(set->read + i, true, hole - i);
		holes += hole < tried;
		i = hole < tried ? hole + 1 : tried;
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
