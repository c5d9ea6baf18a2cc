/*
 * That kernel stacks cannot be had. Where they can, they are read with the looks
 * (acquire/asleep.h), and the decoder puts them below the thread's own frames.
 */
#include <errno.h>

#include "collectors/collector.h"

static void host(struct raw_capture *c)
{
	if (c->no_kernel_stacks == -ENOENT)
		builder_gap(c->b, NODE_NONE, false, "kernel stacks",
			    "this kernel has no /proc/PID/stack (CONFIG_STACKTRACE is off)", NULL);
	else if (c->no_kernel_stacks)
		builder_gap(c->b, NODE_NONE, false, "kernel stacks",
			    "the kernel shows them to CAP_SYS_ADMIN only",
			    "run hangwatch with sudo");
}

const struct collector collector_kernel_stack = { .name = "kernel_stack", .host = host };
