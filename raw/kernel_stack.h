/* /proc/TID/stack parsed: kernel text, both sides of the privilege split may. */
#ifndef HW_RAW_KERNEL_STACK_H
#define HW_RAW_KERNEL_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel_frame {
	char function[128]; /* "" when the kernel gave an address only */
	char module[64];    /* "" in the kernel proper */
	uint64_t offset;    /* of the return address in the function */
};

/* The next frame at *p, innermost first; false at the end. Lines that are no frame are skipped. */
bool kernel_stack_next(const char **p, struct kernel_frame *ret);

#endif
