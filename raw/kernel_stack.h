/* /proc/TID/stack parsed: kernel text, both sides of the privilege split may. */
#ifndef HW_RAW_KERNEL_STACK_H
#define HW_RAW_KERNEL_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/builder.h"

struct kernel_frame {
	char function[128]; /* "" when the kernel gave an address only */
	char module[64];    /* "" in the kernel proper */
	uint64_t offset;    /* of the return address in the function */
};

/* The next frame at *p, innermost first; false at the end. Lines that are no frame are skipped. */
bool kernel_stack_next(const char **p, struct kernel_frame *ret);

/*
 * A FRAME row for each; returns how many. The way from the system call to the wait is the kernel's
 * own machinery and marked internal, but for its innermost frame; `all`: it is what people ask
 * about (D state, a kernel thread).
 */
uint32_t kernel_stack_rows(struct builder *b, const char *text, bool all);

#endif
