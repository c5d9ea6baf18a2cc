/* See emit.h. */
#include "runtimes/cpython/emit.h"

#include "runtimes/cpython/linetable.h"
#include "runtimes/cpython/locals.h"

enum { TEXT_BYTES = 4096 };

str_t emit_str(struct python *py, uint64_t object)
{
	char text[TEXT_BYTES];

	return heap_str(&py->heap, object, text, sizeof(text)) < 0 ? STR_UNKNOWN
								   : builder_str(py->b, text);
}

void emit_chain(struct python *py, node_t owner, const struct await_chain *c)
{
	uint32_t first = SNAP_N(py->b->s, FRAME), n = 0;

	for (size_t i = c->frames.n; i-- > 0;) {
		const struct py_frame *f = &c->frames.v[i];

		if (!f->code)
			continue;
		struct snap_frame *row = BUILD(py->b, FRAME);
		row->kind = FRAME_PYTHON;
		row->function = f->code->qualname;
		row->file = f->code->file;
		row->line = f->line == LINETABLE_NONE ? SNAP_UNKNOWN : f->line;
		n++;
		locals_emit(py, f, first + n - 1);
		struct py_task_frame *kept = array_push(&py->task_frames);
		if (kept)
			*kept = (struct py_task_frame){ .task = owner, .frame = *f };
	}
	struct snap_stack *stack = BUILD(py->b, STACK);
	stack->owner = owner;
	stack->frames = (struct span){ first, n };
	stack->complete = c->end != AWAIT_END_CUT && c->end != AWAIT_END_UNREADABLE;
}
