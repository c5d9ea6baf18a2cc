/* Runs the registered collectors; see collectors/collector.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "acquire/process.h"
#include "collectors/collector.h"
#include "core/cleanup.h"
#include "core/util.h"

#define COLLECTORS_MAX 64

static int by_order(const void *a, const void *b)
{
	const struct collector *x = *(const struct collector *const *)a;
	const struct collector *y = *(const struct collector *const *)b;

	/* The registry is sorted by name and qsort is not stable: the name decides between equals.
	 */
	return x->order != y->order ? x->order - y->order : strcmp(x->name, y->name);
}

/* With few descriptors a process has no directory of its own: it gets one for as long as this
 * takes. */
static void collect_process(const struct collector *one, struct raw_capture *c,
			    struct raw_process *p)
{
	struct process_dir d = { .fd = -1 };

	if (!one->process && !one->thread)
		return;
	if (p->procfd < 0 && !p->gone) {
		d = process_dir(p);
		p->procfd = MAX(d.fd, -1);
	}
	if (one->process)
		one->process(c, p);
	for (size_t t = 0; one->thread && t < p->threads.n; t++)
		one->thread(c, p, &p->threads.v[t]);
	if (d.own) {
		process_dir_done(&d);
		p->procfd = -1;
	}
}

/* The registered ones in the order in which they run; returns how many. */
static size_t sort_collectors(const struct collector *sorted[COLLECTORS_MAX])
{
	size_t n = 0;

	for (; collectors[n]; n++) {
		assert(n < COLLECTORS_MAX);
		sorted[n] = collectors[n];
	}
	qsort(sorted, n, sizeof(sorted[0]), by_order);
	return n;
}

static void collect(const struct collector *one, struct raw_capture *c)
{
	if (one->host && !c->outside_done)
		one->host(c);
	/* In the second round only those who were added have not been described. */
	for (size_t i = 0; i < c->processes.n; i++) {
		struct raw_process *p = &c->processes.v[i];
		if (p->outside == c->outside_done)
			collect_process(one, c, p);
	}
	if (one->tree)
		one->tree(c);
}

void collect_begin(struct raw_capture *c)
{
	const struct collector *sorted[COLLECTORS_MAX];
	size_t n = sort_collectors(sorted);

	for (size_t k = 0; k < n; k++)
		if (sorted[k]->begin && !c->outside_done)
			sorted[k]->begin(c);
}

void collect_all(struct raw_capture *c)
{
	const struct collector *sorted[COLLECTORS_MAX];
	size_t n = sort_collectors(sorted);

	for (size_t k = 0; k < n; k++)
		collect(sorted[k], c);
}

static bool has_moved(const struct raw_thread *t)
{
	for (size_t i = 1; i < t->looks.n; i++)
		if (t->looks.v[i].moved)
			return true;
	return false;
}

void collect_moved(struct raw_capture *c)
{
	const struct collector *sorted[COLLECTORS_MAX];
	size_t n = sort_collectors(sorted);

	for (size_t i = 0; i < c->processes.n; i++) {
		struct raw_process *p = &c->processes.v[i];
		for (size_t t = 0; t < p->threads.n; t++)
			for (size_t k = 0; k < n && has_moved(&p->threads.v[t]); k++)
				if (sorted[k]->moved)
					sorted[k]->moved(c, p, &p->threads.v[t]);
	}
}
