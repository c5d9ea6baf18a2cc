/*
 * Lines such as "[<0>] futex_wait_queue+0x63/0x90" and "[<0>] fuse_dev_do_read+0x1a/0x2f0 [fuse]";
 * see kernel_stack.h. The address is hidden (0) since 4.15, the size is of no use here.
 */
#include "raw/kernel_stack.h"

#include <stdio.h>
#include <string.h>

#include "core/parse.h"
#include "core/util.h"

/* fs/proc/base.c: MAX_STACK_TRACE_DEPTH */
#define FRAMES_MAX 64

static void copy(char *to, size_t cap, const char *from, size_t n)
{
	n = MIN(n, cap - 1);
	memcpy(to, from, n);
	to[n] = '\0';
}

static bool parse_line(const char *line, size_t n, struct kernel_frame *ret)
{
	struct kernel_frame f = { 0 };
	const char *end = line + n, *p = memchr(line, ']', n);
	uint64_t size;

	if (line[0] != '[' || !p || end - p < 3)
		return false;
	p += 2;
	size_t name = strcspn(p, "+ \n");
	/* The kernel ends a list of the oldest kind with an address of all ones. */
	if (name == 0 || str_starts(p, "0xffffffffffffffff"))
		return false;
	copy(f.function, sizeof(f.function), p, name);
	p += name;
	if (scan_char(&p, '+') && scan_u64(&p, 16, &f.offset) && scan_char(&p, '/'))
		(void)scan_u64(&p, 16, &size);
	scan_blanks(&p);
	if (p < end && *p == '[')
		copy(f.module, sizeof(f.module), p + 1, strcspn(p + 1, "] \n"));
	*ret = f;
	return true;
}

bool kernel_stack_next(const char **p, struct kernel_frame *ret)
{
	while (**p) {
		const char *line = *p;
		size_t n = strcspn(line, "\n");
		*p = line + n + (line[n] == '\n');
		if (parse_line(line, n, ret))
			return true;
	}
	return false;
}

/* How every system call enters the kernel: the same below each stack. */
static bool entry(const char *function)
{
	return str_eq(function, "do_syscall_64") || str_starts(function, "entry_SYSCALL") ||
	       str_eq(function, "x64_sys_call") || str_starts(function, "ret_from_fork");
}

uint32_t kernel_stack_rows(struct builder *b, const char *text, bool all)
{
	struct kernel_frame f;
	uint32_t n = 0;

	for (; n < FRAMES_MAX && kernel_stack_next(&text, &f); n++) {
		struct snap_frame *row = BUILD(b, FRAME);
		row->kind = FRAME_KERNEL;
		row->internal = entry(f.function) || (n > 0 && !all);
		row->offset = (int64_t)f.offset;
		row->function = builder_str(b, f.function);
		row->module = builder_str(b, f.module[0] ? f.module : "kernel");
	}
	return n;
}
