/* SPDX-License-Identifier: MIT */
#ifndef HANGWATCH_TESTS_HANG_H
#define HANGWATCH_TESTS_HANG_H

/*
 * What every C program of tests/hangs needs: to end by itself, and to say when it hangs.
 *
 * hang_init() comes first. It forks the announcer, a process outside the tree, and hands it nothing
 * but stdout and a pipe. hang_ready() writes the expected verdict into that pipe; the announcer
 * then watches /proc until every thread below the announced root has slept without one context
 * switch for a while, prints the line, and is gone before anybody looks. So the line is printed by
 * no process that hangs, and it is printed after the hang began.
 *
 * Expectations are written with ' instead of ", so that they read well in C. tests/hanglib.py
 * explains the keys.
 *
 * It refuses to leave anything behind: each process dies with its parent and after HANG_LIFETIME_S
 * at the latest.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANG_LIFETIME_S  120 /* longer than any test waits, short enough for a forgotten one */
#define HANG_QUIET_POLLS 6   /* so many equal looks, 30 ms apart, count as parked */
#define HANG_GIVE_UP_S   25

#define HANG_UNUSED __attribute__((unused))

enum hang_mode {
	HANG_PARKED, /* announce when nothing below the root moves any more */
	HANG_MOVING, /* it never parks: announce half a second after hang_ready() */
};

/* what goes through the pipe first; both parts are smaller than PIPE_BUF, so each is one read */
struct hang_head {
	pid_t root;
	enum hang_mode mode;
	int bytes;
};

static int hang_announcer_fd = -1;

static HANG_UNUSED void hang_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

/* for whatever must not fail: hang_try(pipe(p)) */
#define hang_try(expression)                              \
	({                                                \
		__typeof__(expression) r_ = (expression); \
		if (r_ < 0)                               \
			hang_die(#expression);            \
		r_;                                       \
	})

/* it cannot hang as it should on this machine: say why, and exit as skipped tests do */
static HANG_UNUSED void hang_skip(const char *why)
{
	dprintf(STDOUT_FILENO, "{\"skip\": \"%s\"}\n", why);
	_exit(77);
}

static HANG_UNUSED void hang_sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/*
 * Dies with its parent thread, and in any case. Yama's ptrace_scope 1 would hide its memory from a
 * tool that is no ancestor.
 */
static HANG_UNUSED void hang_leash(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#ifdef PR_SET_PTRACER
	(void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
#endif
	alarm(HANG_LIFETIME_S);
}

static int hang_look_task(const char *task_dir, char *ret_state, unsigned long long *sum)
{
	char path[80], text[4096], *s;
	unsigned long long switches = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%.60s/status", task_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = 0;
	s = strstr(text, "\nState:\t");
	*ret_state = s ? s[8] : '?';
	for (s = text; (s = strstr(s, "voluntary_ctxt_switches:\t")); s++)
		switches += strtoull(s + 25, NULL, 10);
	for (s = (char *)task_dir; *s; s++)
		*sum = *sum * 31 + (unsigned char)*s;
	*sum = *sum * 31 + switches * 7 + (unsigned char)*ret_state;
	return 0;
}

/*
 * One look at the tree below `pid`: a checksum of who is there and how often each was switched;
 * false when one runs.
 */
static bool hang_look(pid_t pid, unsigned long long *sum)
{
	char path[80], kids[4096], state = '?', *s, *end;
	struct dirent *entry;
	bool quiet = true;
	ssize_t n;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s", pid, entry->d_name);
		if (hang_look_task(path, &state, sum) < 0 || state == 'R')
			quiet = false;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", pid, entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, kids, sizeof(kids) - 1);
		if (fd >= 0)
			close(fd);
		kids[n > 0 ? n : 0] = 0;
		for (s = kids; (n = strtol(s, &end, 10)) > 0; s = end)
			if (!hang_look(n, sum))
				quiet = false;
	}
	closedir(dir);
	return quiet;
}

static void hang_announce(int fd)
{
	unsigned long long last = 0, sum;
	struct hang_head head;
	char text[4096];
	int same = 0;

	alarm(HANG_LIFETIME_S);
	if (read(fd, &head, sizeof(head)) != sizeof(head) ||
	    read(fd, text, head.bytes) != head.bytes)
		_exit(0);
	close(fd);
	if (head.mode == HANG_MOVING)
		hang_sleep_ms(500);
	for (int i = 0; head.mode == HANG_PARKED && same < HANG_QUIET_POLLS; i++) {
		if (i > HANG_GIVE_UP_S * 33) {
			dprintf(STDOUT_FILENO, "{\"ready\": false, \"pid\": %d}\n", head.root);
			_exit(1);
		}
		hang_sleep_ms(30);
		sum = 0;
		same = hang_look(head.root, &sum) && sum == last ? same + 1 : 0;
		last = sum;
	}
	dprintf(STDOUT_FILENO, "{\"ready\": true, \"pid\": %d, %.*s}\n", head.root, head.bytes,
		text);
	_exit(0);
}

/* First call of main(), before any fork, thread or descriptor of the test itself. */
static HANG_UNUSED void hang_init(void)
{
	int p[2];
	pid_t pid;

	hang_leash();
	hang_try(pipe2(p, O_CLOEXEC));
	pid = hang_try(fork());
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		close(p[1]);
		close(STDIN_FILENO);
		hang_announce(p[0]);
	}
	close(p[0]);
	hang_try(waitpid(pid, NULL, 0));
	hang_announcer_fd = p[1];
}

/* fork() whose child is on the leash and does not keep the announcer waiting */
static HANG_UNUSED pid_t hang_fork(void)
{
	pid_t pid = hang_try(fork());

	if (pid == 0) {
		if (hang_announcer_fd >= 0)
			close(hang_announcer_fd);
		hang_announcer_fd = -1;
		hang_leash();
	}
	return pid;
}

/*
 * True in a process outside the tree, as soon as this one and all its children are gone: what must
 * not be left behind is removed there, and then it exits. Called before there are children.
 */
static HANG_UNUSED bool hang_afterwards(void)
{
	pid_t pid;
	char byte;
	int p[2];

	hang_try(pipe2(p, O_CLOEXEC));
	pid = hang_try(fork());
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		close(p[1]);
		close(hang_announcer_fd);
		while (read(p[0], &byte, 1) < 0 && errno == EINTR)
			;
		return true;
	}
	close(p[0]);
	hang_try(waitpid(pid, NULL, 0));
	return false;
}

/*
 * Hands the expectation to the announcer. What follows is the hang: nothing that sleeps elsewhere
 * may come between.
 */
static HANG_UNUSED __attribute__((format(printf, 3, 4))) void
hang_ready(enum hang_mode mode, pid_t root, const char *format, ...)
{
	struct hang_head head = { root, mode, 0 };
	char text[4096];
	va_list ap;

	va_start(ap, format);
	head.bytes = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (int i = 0; i < head.bytes; i++)
		if (text[i] == '\'')
			text[i] = '"';
	if (write(hang_announcer_fd, &head, sizeof(head)) != sizeof(head) ||
	    write(hang_announcer_fd, text, head.bytes) != head.bytes)
		hang_die("announcer");
	close(hang_announcer_fd);
	hang_announcer_fd = -1;
}

/* a thread of the hang; never joined but where joining is the hang */
static HANG_UNUSED pthread_t hang_thread(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, function, argument);
	if (errno)
		hang_die("pthread_create");
	return thread;
}

static HANG_UNUSED pid_t hang_tid(void)
{
	return syscall(SYS_gettid);
}

/* memory that a child will share with its parent */
static HANG_UNUSED void *hang_shared(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		hang_die("mmap");
	return p;
}

/* The handshake: waits, in short sleeps, until another thread or process has set the flag. */
static HANG_UNUSED void hang_await(volatile int *flag)
{
	while (!*flag)
		hang_sleep_ms(1);
}

/* blocks until one byte arrives; end of file ends the program */
static HANG_UNUSED void hang_read_byte(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		_exit(3);
}

/* A child that reads a pipe; only this process can write to it afterwards. */
static HANG_UNUSED pid_t hang_reader(const int pipe_ends[2])
{
	pid_t pid = hang_fork();

	if (pid == 0) {
		close(pipe_ends[1]);
		hang_read_byte(pipe_ends[0]);
		_exit(0);
	}
	close(pipe_ends[0]);
	return pid;
}

/* A child that asks something on the one end of a socket pair and waits for an answer; the other is
 * left to us. */
static HANG_UNUSED pid_t hang_asker(const int ends[2])
{
	pid_t pid = hang_fork();

	if (pid == 0) {
		close(ends[1]);
		hang_try(write(ends[0], "?", 1));
		hang_read_byte(ends[0]);
		_exit(0);
	}
	close(ends[0]);
	return pid;
}

#endif
