/*
 * Which .pth file a thread is in: see startup.h.
 *
 * Lines of a .pth file that begin with `import` are run by module site as the interpreter starts,
 * long before the program. Their code calls itself "<string>", which nobody finds; the file is a
 * variable of the frame that runs them, `fullname` in all versions, since such lines may use it.
 */
#include "runtimes/cpython/startup.h"

#include "core/util.h"

enum { PATH_BYTES = 1024 };

static bool is_of(const struct python *py, const struct py_frame *f, const char *file)
{
	return str_ends(snap_str(py->b->s, f->code->file), file);
}

static void describe(struct python *py, const struct py_thread *t, node_t thread)
{
	const struct py_frame *inner = NULL;
	char path[PATH_BYTES];
	uint64_t fullname;

	for (size_t i = 0; i < t->n_frames; i++) {
		const struct py_frame *f = &py->frames.v[t->first_frame + i];

		if (!f->code)
			continue;
		if (inner && is_of(py, inner, "<string>") &&
		    (is_of(py, f, "<frozen site>") || is_of(py, f, "/site.py")) &&
		    frame_variable(&py->codes, f, "fullname", &fullname) == 0 &&
		    heap_str(&py->heap, fullname, path, sizeof(path)) > 0) {
			(void)builder_fact(py->b, thread, "frames of site", "python_pth", SNAP_NONE,
					   "%s", path);
			return;
		}
		inner = f;
	}
}

void startup_describe(struct python *py)
{
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.v[i].thread != SIZE_MAX)
			describe(py, &py->threads.v[i], python_thread_node(py, i));
}
