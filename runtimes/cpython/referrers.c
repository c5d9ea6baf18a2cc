/*
 * The pass over a process that fills the index; see referrers.h. It begins at the frames of tasks
 * and threads, then goes on to what was found, object by object, as far as it is asked to.
 */
#include "runtimes/cpython/referrers.h"

#include <string.h>

enum { STEPS_MAX = 2000000 }; /* of all answers of a process */

void referrers_init(struct referrers *r, struct python *py)
{
	*r = (struct referrers){ .py = py, .steps_left = STEPS_MAX };
}

void referrers_done(struct referrers *r)
{
	array_done(&r->nodes);
	array_done(&r->edges);
	array_done(&r->holders);
	map_done(&r->by_address);
	map_done(&r->by_frame);
	map_done(&r->by_holder);
	slots_done(&r->slots);
}

void referrers_add(struct referrers *r, uint64_t object)
{
	(void)ref_node_of(r, object);
}

bool frame_of_library(const struct python *py, const struct py_frame *f)
{
	const char *file = f->code ? snap_str(py->b->s, f->code->file) : "";

	return strstr(file, "/trio/_") || strstr(file, "/asyncio/") ||
	       strstr(file, "/threading.py") || strstr(file, "/queue.py") ||
	       strstr(file, "/concurrent/futures/");
}

static void root_add(struct referrers *r, const struct py_frame *f, node_t owner, size_t sealed_by)
{
	uint32_t node = ref_node_add(r, 0, PY_OTHER),
		 holder = ref_holder_of(r, owner, sealed_by, false);

	if (r->error < 0)
		return;
	r->nodes.v[node].holder = holder;
	r->nodes.v[node].library = frame_of_library(r->py, f);
	ref_frame_add(r, f, node);
}

/* Tasks first: what a running task called lies on its thread, and is the task's. */
static void roots_add(struct referrers *r)
{
	const struct python *py = r->py;

	for (size_t i = 0; i < py->holders.n; i++) {
		uint32_t node = ref_node_of(r, py->holders.v[i].address);

		if (node != UINT32_MAX)
			r->nodes.v[node].holder = ref_holder_of(r, py->holders.v[i].node, SIZE_MAX,
								py->holders.v[i].loop);
	}
	for (size_t i = 0; i < py->task_frames.n && r->error == 0; i++)
		root_add(r, &py->task_frames.v[i].frame, py->task_frames.v[i].task, SIZE_MAX);
	for (size_t i = 0; i < py->threads.n; i++) {
		const struct py_thread *t = &py->threads.v[i];

		for (size_t k = 0; t->thread != SIZE_MAX && k < t->n_frames && r->error == 0; k++)
			root_add(r, &py->frames.v[t->first_frame + k], python_thread_node(py, i),
				 t->sealed && k + 1 >= t->sealed ? i : SIZE_MAX);
	}
}

bool referrers_extend(struct referrers *r, size_t n)
{
	if (!r->next)
		roots_add(r);
	while (r->error == 0 && r->next < r->nodes.n && n > 0) {
		n -= r->nodes.v[r->next].address != 0;
		ref_object_add(r, (uint32_t)r->next++);
	}
	return r->error == 0 && r->next < r->nodes.n;
}
