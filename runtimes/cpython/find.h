/* Where CPython is in a process, and which version it is. */
#ifndef HW_RUNTIMES_CPYTHON_FIND_H
#define HW_RUNTIMES_CPYTHON_FIND_H

#include <stdbool.h>

#include "decode/memory.h"
#include "raw/maps.h"
#include "runtimes/cpython/layout.h"

struct modules;

struct python_site {
	uint64_t runtime;     /* address of _PyRuntime */
	uint64_t hash_secret; /* address of _Py_HashSecret, 0 where it was not found */
	int minor;            /* of 3.x */
	bool free_threaded;
	size_t map; /* index in the maps: the first mapping of the file that holds the interpreter
		     */
	bool own_program; /* that file is Python itself, not a program that embeds it */
	struct cpython_layout layout;
};

/*
 * `ms` may be NULL. 0; 1: there is no CPython; -ENOTSUP: there is one, of a version that is not
 * known (ret->minor says which, 0: none could be read); else -errno.
 */
int python_find(struct memory *m, const struct raw_maps *maps, struct modules *ms,
		struct python_site *ret);

/* A file that is Python itself by its name: the program or the library. */
bool python_is_own_file(const char *path);

#endif
