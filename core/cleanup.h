/*
 * Ownership by attribute: a local that owns something says so where it is
 * declared, and every way out of the function gives it back.
 *
 *	CLEANUP(fd_closep) int fd = open(...);
 *	CLEANUP(freep) char *text = ...;
 *	...
 *	*ret_text = take_ptr(text);	(hand it on: nothing is freed here)
 *
 * Destructors accept NULL and half-built objects.
 */
#ifndef HW_CORE_CLEANUP_H
#define HW_CORE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define MUST_CHECK  __attribute__((warn_unused_result))

#define take_ptr(p)                        \
	({                                 \
		__typeof__(p) *pp_ = &(p); \
		__typeof__(p) p_ = *pp_;   \
		*pp_ = NULL;               \
		p_;                        \
	})

#define take_fd(fd)                \
	({                         \
		int *fdp_ = &(fd); \
		int fd_ = *fdp_;   \
		*fdp_ = -1;        \
		fd_;               \
	})

static inline void freep(void *p)
{
	free(*(void **)p);
}

/* close(2) that keeps errno and takes -1; returns -1 so that `fd = fd_close(fd)` reads well. */
int fd_close(int fd);

static inline void fd_closep(int *fd)
{
	(void)fd_close(*fd);
}

static inline void dir_closep(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static inline void file_closep(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

/* DEFINE_CLEANUP(struct map, map_free) makes map_freep() for CLEANUP(map_freep). */
#define DEFINE_CLEANUP(type, fn)           \
	static inline void fn##p(type **p) \
	{                                  \
		if (*p)                    \
			(void)fn(*p);      \
	}

#endif
