/*
 * What the kernel lets this user do to another process of the same user, tried out on two children
 * of our own: one sleeps, its sibling looks at it. A sibling, since the Yama rules let everybody
 * look at his own children.
 */
#ifndef HW_CLI_PROBE_H
#define HW_CLI_PROBE_H

/* 0: works; else the -errno it failed with. */
struct probe {
	int memory;      /* process_vm_readv */
	int syscall;     /* /proc/PID/syscall */
	int stop;        /* PTRACE_SEIZE and INTERRUPT */
	int map_files;   /* opening a file through /proc/PID/map_files */
	int descriptors; /* /proc/PID/fd */
	int stack;       /* /proc/PID/stack */
};

/* 0, or -errno when it could not be tried; bounded in time, and both children are gone afterwards.
 */
int probe_sibling(struct probe *ret);

#endif
