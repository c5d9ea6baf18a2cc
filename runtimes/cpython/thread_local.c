/*
 * See thread_local.h. Up to 3.12 each thread state's own dict has, under a name that the local made
 * up, an object with the attributes. From 3.13 the local has one dict with those of all threads, by
 * an object that each thread state keeps for the purpose.
 */
#include "runtimes/cpython/thread_local.h"

#include <errno.h>

enum { KEY_BYTES = 128 };

static int dict_of_thread(struct python *py, const struct py_thread *t, uint64_t local,
			  uint64_t *ret)
{
	struct heap *h = &py->heap;
	uint64_t key, dict, dummy;
	char name[KEY_BYTES];
	int r;

	if ((r = heap_pointer(h, local, h->l.Local_key, &key)) < 0 ||
	    (r = heap_pointer(h, t->tstate, h->l.PyThreadState_dict, &dict)) < 0)
		return r;
	if (!dict)
		return -ENOENT;
	ssize_t n = heap_str(h, key, name, sizeof(name));
	if (n < 0)
		return (int)n;
	if ((r = heap_dict_get(h, dict, name, &dummy)) < 0)
		return r;
	if (heap_kind(h, dummy) != PY_LOCAL_DUMMY)
		return -EBADMSG;
	r = heap_pointer(h, dummy, h->l.LocalDummy_localdict, ret);
	return r == 0 && !*ret ? -ENOENT : r;
}

static int dict_of_local(struct python *py, const struct py_thread *t, uint64_t local,
			 uint64_t *ret)
{
	struct heap *h = &py->heap;
	uint64_t dicts, wanted, key, value;
	struct dict_walk w;
	int r;

	if ((r = heap_pointer(h, local, h->l.Local_localdicts, &dicts)) < 0 ||
	    (r = heap_pointer(h, t->tstate, h->l.PyThreadState_threading_local_key, &wanted)) < 0)
		return r;
	if (!dicts || !wanted)
		return -ENOENT;
	if ((r = dict_walk_start(h, dicts, &w)) < 0)
		return r;
	while ((r = dict_walk_next(h, &w, &key, &value)) == 0)
		if (key == wanted) {
			*ret = value;
			return 0;
		}
	return r < 0 ? r : -ENOENT;
}

int thread_local_dict(struct python *py, size_t thread, uint64_t local, uint64_t *ret)
{
	const struct py_thread *t = &py->threads.v[thread];

	if (heap_kind(&py->heap, local) != PY_LOCAL)
		return -EBADMSG;
	return py->heap.l.Local_key >= 0 ? dict_of_thread(py, t, local, ret)
					 : dict_of_local(py, t, local, ret);
}
