/*
 * Lines of /proc/locks; see lock_line.h.
 *
 * "1: POSIX  ADVISORY  WRITE 16264 fe:00:1374956 0 EOF"; blocked: "1: -> FLOCK  ADVISORY  WRITE 700
 * 00:2d:5 0 EOF". What is no such line is refused.
 */
#include "collectors/fd/lock_line.h"

#include <stdio.h>

#include "core/parse.h"
#include "core/util.h"

bool lock_line_parse(const char *line, struct lock_line *ret)
{
	char advisory[16];
	const char *p = line;

	if (!scan_u64(&p, 10, &ret->id) || !scan_char(&p, ':'))
		return false;
	scan_blanks(&p);
	ret->blocked = str_starts(p, "-> ");
	if (ret->blocked)
		p += 3;
	return sscanf(p, " %15s %15s %7s %ld %lx:%lx:%lu", ret->kind, advisory, ret->mode,
		      &ret->pid, &ret->major, &ret->minor, &ret->inode) == 7;
}
