/*
 * The numbers among the names in a directory, in its order: processes, threads, descriptors.
 *
 * Plain getdents64(2): opendir(3) asks three more calls and allocates 32 KiB, which for the small
 * directories of /proc costs as much as reading them.
 */
#ifndef HW_CORE_NUMBERS_H
#define HW_CORE_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

struct numbers {
	int dirfd;
	size_t at, n; /* where in buf, and how much of it is filled */
	_Alignas(uint64_t) char buf[8192];
};

/* `dirfd` stays the caller's; it is read from where it stands. */
void numbers_begin(struct numbers *v, int dirfd);

/* 1 and the next number; 0 at the end; -errno. */
int numbers_next(struct numbers *v, uint64_t *ret);

#endif
