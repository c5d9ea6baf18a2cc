/*
 * Confinement when a sanitizer (SAN=) or valgrind (DECODE_VARIANT=sanitized) shares the process;
 * see confine.h.
 *
 * Both make their own system calls in the decoder's name: they map code and shadow memory, read
 * their own /proc files, symbolise what they found and print it on standard error.
 */
#include <seccomp.h>

#include "core/util.h"
#include "decode/confine.h"

static const int extra[] = {
	SCMP_SYS(mmap),
	SCMP_SYS(mprotect),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(getcwd),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(pipe),
	SCMP_SYS(pipe2),
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(wait4),
	SCMP_SYS(waitid),
	SCMP_SYS(kill),
	SCMP_SYS(tgkill),
	SCMP_SYS(tkill),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(prctl),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
	SCMP_SYS(getrusage),
	SCMP_SYS(times),
	SCMP_SYS(uname),
	SCMP_SYS(ioctl),
	SCMP_SYS(readv),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getppid),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(getdents64),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(mincore),
	SCMP_SYS(msync),
	SCMP_SYS(ptrace),
	SCMP_SYS(unlink),
	SCMP_SYS(ftruncate),
	SCMP_SYS(setitimer),
};

const struct confine_variant confine_variant = {
	.extra = extra,
	.n_extra = ARRAY_SIZE(extra),
};
