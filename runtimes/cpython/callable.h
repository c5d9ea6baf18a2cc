/* What a callable object is called, and where it is defined. */
#ifndef HW_RUNTIMES_CPYTHON_CALLABLE_H
#define HW_RUNTIMES_CPYTHON_CALLABLE_H

#include "runtimes/cpython/python.h"

struct callable {
	char module[256];   /* "" when it is not known */
	char qualname[512]; /* of a method that of its function, of a partial that of what it calls
			     */
	const struct py_code *code; /* NULL: it is not written in Python */
};

/* 0 or -errno; -EBADMSG when it is nothing that can be called. */
int callable_read(struct python *py, uint64_t object, struct callable *ret);

#endif
