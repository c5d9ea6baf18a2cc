/*
 * Confinement of the decoder; see confine.h.
 *
 * The order matters: limits and identity first, which need rights; then capabilities; the filter
 * last, since it forbids all of this. A /proc/PID/mem descriptor opened before keeps reading after
 * it, whoever we are then.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"
#include "decode/confine.h"

/* What the decoder may have beyond what it was forked with. */
#define MEMORY_BYTES (1ull << 30)

/* snapshot/delta.c's bound of one memfd. */
#define FILE_BYTES (1ull << 30)

/* "nobody" of every distribution, and the kernel's own overflow id. */
enum { NOBODY = 65534 };

/* ---- descriptors ---- */

static int compare_fds(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

static void close_span(unsigned first, unsigned last)
{
	struct rlimit l;

	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	/* Linux < 5.9 */
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && last >= l.rlim_cur)
		last = (unsigned)l.rlim_cur;
	for (unsigned fd = first; fd <= last && fd < 1u << 20; fd++)
		(void)close((int)fd);
}

static void close_others(int *keep, size_t n)
{
	unsigned from = 3;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* The standard streams stay occupied, so that no later descriptor becomes one. */
	for (int fd = 0; null >= 0 && fd <= (confine_variant.silent ? 2 : 1); fd++)
		(void)dup2(null, fd);
	if (n)
		qsort(keep, n, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < 3)
			continue;
		close_span(from, (unsigned)keep[i] - 1);
		from = (unsigned)keep[i] + 1;
	}
	close_span(from, UINT32_MAX);
}

/* ---- limits ---- */

/* Address space in use, of /proc/self/statm; 0 when it cannot be known. */
static uint64_t address_space_bytes(void)
{
	char text[128];
	const char *p = text;
	uint64_t pages;

	if (fs_read(AT_FDCWD, "/proc/self/statm", text, sizeof(text)) < 0 ||
	    !scan_u64(&p, 10, &pages))
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit(int resource, uint64_t to)
{
	struct rlimit l;

	if (getrlimit(resource, &l) < 0)
		return;
	l.rlim_max = MIN(l.rlim_max, (rlim_t)to);
	l.rlim_cur = MIN(l.rlim_cur, l.rlim_max);
	(void)setrlimit(resource, &l); /* lowering is always allowed */
}

static void set_limits(int64_t budget_ns)
{
	uint64_t used = confine_variant.bounded_memory ? address_space_bytes() : 0;

	if (used)
		limit(RLIMIT_AS, used + MEMORY_BYTES);
	limit(RLIMIT_CPU, (uint64_t)MAX(budget_ns, 0) / NSEC_PER_SEC + 2);
	limit(RLIMIT_FSIZE, FILE_BYTES);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_MEMLOCK, 0);
}

/* ---- identity ---- */

/* Root without capabilities still owns root's files. Not possible in a user namespace that has no
 * such id: then it stays. */
static void become_nobody(void)
{
	if (geteuid() != 0)
		return;
	(void)setgroups(0, NULL);
	if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &h, none) < 0 ? -errno : 0;
}

/* ---- the filter ---- */

/* What decoding needs. */
static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(memfd_create),
	SCMP_SYS(futex),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep), /* a reader waits for a moment of rest */
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(sysinfo),        /* glibc's qsort() asks for free memory */
	SCMP_SYS(rt_sigprocmask), /* libunwind locks its cache so */
};

/* What libraries try on the way and can do without: refused, not fatal. */
static const int refused[] = {
	SCMP_SYS(open),      SCMP_SYS(openat), SCMP_SYS(stat),     SCMP_SYS(lstat),
	SCMP_SYS(statx),     SCMP_SYS(access), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(faccessat), SCMP_SYS(getcwd),
};

static int add_rules(scmp_filter_ctx f)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(allowed) && r == 0; i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < confine_variant.n_extra && r == 0; i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, confine_variant.extra[i], 0);
	for (size_t i = 0; i < ARRAY_SIZE(refused) && r == 0; i++) {
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
		if (r == -EACCES || r == -EEXIST)
			r = 0; /* the variant allows it */
	}
	/* Memory, but never code. */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* fstat() of recent C libraries. */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
				     SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
	/* libelf asks whether a descriptor is open. */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				     SCMP_A1(SCMP_CMP_EQ, F_GETFD));
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				     SCMP_A1(SCMP_CMP_EQ, F_GETFL));
	return r;
}

static int load_filter(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (!f)
		return -ENOMEM;
	int r = add_rules(f);
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	return r;
}

int confine_drop(int *keep, size_t n, int64_t budget_ns)
{
	close_others(keep, n);
	set_limits(budget_ns);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	become_nobody();
	int r = drop_capabilities();
	if (r < 0)
		return r;
	/* Neither dumped nor traced: there are other people's secrets in this memory. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	/* The change of identity has cleared it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

int confine_enter(int *keep, size_t n, int64_t budget_ns)
{
	int r = confine_drop(keep, n, budget_ns);

	if (r < 0)
		return r;
	return load_filter() < 0 ? 1 : 0;
}
