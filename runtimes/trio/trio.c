/*
 * trio 0.22 and later: every task of every loop, without the loop's help.
 *
 * See runner.h for what a loop is here, find.c for how it is found, waits.c for what its tasks wait
 * for.
 */
#include <errno.h>

#include "runtimes/runtime.h"
#include "runtimes/trio/waits.h"

/* 0, or -EAGAIN when something is missing, which is said. */
static int describe_loss(struct trio_runner *r)
{
	struct builder *b = r->py->b;
	node_t process = r->py->p->raw->node;

	if (r->unread)
		builder_gap(b, process, false, "a part of the trio task tree",
			    "some nurseries, tasks or cancel scopes could not be read", NULL);
	bool miscounted = r->claimed >= 0 && (uint64_t)r->claimed != r->tasks.n;
	if (miscounted)
		builder_gap(b, process, false, "a part of the trio task tree",
			    "the loop counts another number of tasks than were found", NULL);
	return r->unread || miscounted ? -EAGAIN : 0;
}

static void version(struct python *py)
{
	uint64_t value;

	for (size_t i = 0; i < py->interps.n; i++)
		if (heap_module_attr(&py->heap, py->interps.v[i], "trio._version", "__version__",
				     &value) == 0) {
			char text[32];

			if (heap_str(&py->heap, value, text, sizeof(text)) > 0)
				(void)builder_fact(py->b, py->p->raw->node, "trio._version",
						   "trio_version", SNAP_NONE, "%s", text);
			return;
		}
}

static int decode(struct decoded_process *p)
{
	struct python *py = python_of(p);
	trio_runners runners = { 0 };

	if (!py)
		return 1;
	int r = trio_find_runners(py, &runners), loss = 0;
	for (size_t i = 0; r == 0 && i < runners.n; i++) {
		struct trio_runner *runner = &runners.v[i];

		if (i == 0) {
			version(py);
			trio_describe_workers(py);
		}
		if (trio_runner_read(runner) == -EBADMSG) {
			builder_gap(p->b, p->raw->node, false, "a trio loop",
				    "it is starting, ending, or broken", NULL);
			loss = -EAGAIN;
			continue;
		}
		trio_runner_emit(runner);
		trio_describe_poller(py, runner);
		if (describe_loss(runner) < 0)
			loss = -EAGAIN;
	}
	bool none = r == 0 && !runners.n;
	if (none && trio_is_running(py)) {
		builder_gap(p->b, p->raw->node, false, "a trio loop",
			    "a thread runs it, but its tasks could not be found", NULL);
		loss = -EAGAIN;
		none = false;
	}
	for (size_t i = 0; i < runners.n; i++)
		trio_runner_done(&runners.v[i]);
	array_done(&runners);
	return none ? 1 : r < 0 ? r : loss;
}

const struct runtime runtime_trio = {
	.name = "trio",
	.stage = RUNTIME_LIBRARY,
	.decode = decode,
};
