/*
 * The child is in a frozen cgroup.
 *
 * A task frozen by the version 2 freezer shows state S, as if it merely slept, and its system call
 * is the sleep it was caught in: a plain look says TIMER. Only cgroup.freeze up the path tells.
 * Needs root and a writable cgroup2 mount. A keeper outside the tree thaws and removes the cgroup
 * as soon as the root has gone; SIGKILL works on frozen tasks.
 */

#include <mntent.h>
#include <sys/stat.h>

#include "hang.h"

static char group[PATH_MAX];

static bool write_group_file(const char *name, const char *value)
{
	char path[PATH_MAX + 32];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", group, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, value, strlen(value)) > 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static void make_group(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;

	while (mounts && (m = getmntent(mounts)))
		if (strcmp(m->mnt_type, "cgroup2") == 0)
			snprintf(group, sizeof(group), "%s/hangwatch-test-%d", m->mnt_dir,
				 getpid());
	if (mounts)
		endmntent(mounts);
	if (!group[0] || mkdir(group, 0755) < 0)
		hang_skip("needs a writable cgroup2 mount");
}

/* forked twice, so outside the tree; lives until the root is gone */
static void start_keeper(void)
{
	struct pollfd root = { .fd = hang_try(syscall(SYS_pidfd_open, getpid(), 0)),
			       .events = POLLIN };
	pid_t pid = hang_try(fork());

	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		close(hang_announcer_fd);
		close(STDOUT_FILENO);
		poll(&root, 1, HANG_LIFETIME_S * 1000);
		write_group_file("cgroup.kill", "1");
		write_group_file("cgroup.freeze", "0");
		for (int i = 0; i < 200 && rmdir(group) < 0; i++)
			hang_sleep_ms(10);
		_exit(0);
	}
	hang_try(waitpid(pid, NULL, 0));
	close(root.fd);
}

int main(void)
{
	char number[16];
	pid_t child;

	hang_init();
	make_group();
	start_keeper();
	child = hang_fork();
	if (child == 0) {
		hang_sleep_ms(100 * 1000);
		_exit(0);
	}
	snprintf(number, sizeof(number), "%d", child);
	if (!write_group_file("cgroup.procs", number) || !write_group_file("cgroup.freeze", "1"))
		hang_skip("cannot freeze a cgroup here");
	hang_ready(
		HANG_PARKED, getpid(),
		"'expect': {'class': 'STOPPED', 'certainty': ['proved'], 'can_end': 'unknown',"
		" 'end': [{'pid': %d}], 'not': ['TIMER', 'LOST_PEER', 'UNKNOWN']},"
		"'check': [{'pid': %d, 'syscall': 'wait4', 'state': 'S'}, {'pid': %d, 'state': 'S',"
		" 'frozen': true}]",
		child, getpid(), child);
	waitpid(child, NULL, 0);
	return 0;
}
