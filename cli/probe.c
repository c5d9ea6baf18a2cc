/* Probing; see probe.h. */
#include "cli/probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/fs.h"

/* Far longer than any of it takes: a machine that needs more has other troubles. */
enum { DEADLINE_MS = 3000 };

/* Something of a known address in both children, for they are forks of one process. */
static const uint64_t known = 0x6861676e77617463;

static int try_memory(pid_t pid)
{
	uint64_t copy = 0;
	struct iovec here = { &copy, sizeof(copy) }, there = { (void *)&known, sizeof(known) };

	if (process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof(copy))
		return -errno;
	return copy == known ? 0 : -EIO;
}

static int try_read(pid_t pid, const char *name)
{
	char path[64], text[256];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	ssize_t n = fs_read(AT_FDCWD, path, text, sizeof(text));
	return n < 0 ? (int)n : 0;
}

static int try_stop(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return -errno;
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		return -errno;
	(void)waitpid(pid, NULL, __WALL);
	return ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0 ? -errno : 0;
}

static int try_map_files(pid_t pid)
{
	char path[64];
	struct dirent *e;

	(void)snprintf(path, sizeof(path), "/proc/%d/map_files", pid);
	CLEANUP(dir_closep) DIR *dir = opendir(path);
	if (!dir)
		return -errno;
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		CLEANUP(fd_closep) int fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? -errno : 0;
	}
	return -ENOENT;
}

static int try_list(pid_t pid, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	CLEANUP(dir_closep) DIR *dir = opendir(path);
	return dir ? 0 : -errno;
}

_Noreturn static void sleep_as_target(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		(void)pause();
}

_Noreturn static void look_as_sibling(pid_t target, int out)
{
	struct probe p = { 0 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	p.memory = try_memory(target);
	p.syscall = try_read(target, "syscall");
	p.map_files = try_map_files(target);
	p.descriptors = try_list(target, "fd");
	p.stack = try_read(target, "stack");
	p.stop = try_stop(target);
	ssize_t n = write(out, &p, sizeof(p));
	_exit(n == sizeof(p) ? 0 : 1);
}

static int take_result(int in, struct probe *ret)
{
	struct pollfd fd = { .fd = in, .events = POLLIN };
	struct probe p;

	if (poll(&fd, 1, DEADLINE_MS) != 1)
		return -ETIMEDOUT;
	if (read(in, &p, sizeof(p)) != sizeof(p))
		return -EPIPE;
	*ret = p;
	return 0;
}

int probe_sibling(struct probe *ret)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	CLEANUP(fd_closep) int in = ends[0];
	CLEANUP(fd_closep) int out = ends[1];
	pid_t target = fork();
	if (target == 0)
		sleep_as_target();
	if (target < 0)
		return -errno;
	pid_t looker = fork();
	if (looker == 0)
		look_as_sibling(target, out);
	int r = looker < 0 ? -errno : 0;
	out = fd_close(out);
	if (r == 0)
		r = take_result(in, ret);
	if (looker > 0) {
		(void)kill(looker, SIGKILL);
		(void)waitpid(looker, NULL, 0);
	}
	(void)kill(target, SIGKILL);
	(void)waitpid(target, NULL, 0);
	return r;
}
