/*
 * Children that end, and what they open; see child.h. A pidfd is polled, so that a child that ends
 * is noticed at once.
 */
#include "core/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/message.h"
#include "core/util.h"

/* SIGKILL takes effect when the child leaves the kernel: at once, or not in our lifetime. */
#define KILL_NS NSEC_PER_SEC

/* How often waitpid(2) is tried where pidfds are not to be had (Linux before 5.3, no descriptor
 * left). */
#define POLL_NS (2 * NSEC_PER_MSEC)

static int wait_until(pid_t child, int pidfd, struct deadline until, int *status)
{
	for (;;) {
		pid_t r = waitpid(child, status, WNOHANG);
		if (r == child)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
		if (deadline_passed(until))
			return -ETIMEDOUT;
		struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
		if (pidfd >= 0)
			(void)poll(&pfd, 1, deadline_left_ms(until));
		else
			clock_sleep_until(clock_monotonic_ns() + POLL_NS);
	}
}

int child_end(pid_t child, struct deadline until, int *ret_status)
{
	CLEANUP(fd_closep) int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	int status = 0, killed = 0;
	int r = wait_until(child, pidfd, until, &status);

	if (r == -ETIMEDOUT) {
		killed = 1;
		(void)kill(child, SIGKILL);
		r = wait_until(child, pidfd, deadline_in(KILL_NS), &status);
	}
	if (r < 0)
		return r;
	if (ret_status)
		*ret_status = status;
	return killed;
}

/* What the child says; its descriptor comes with it. */
struct opened {
	int64_t error; /* as wide as what follows, so that no hole sends what lay there */
	uint64_t word;
};

static _Noreturn void open_and_send(child_open_fn *open, void *arg, int sock)
{
	struct opened said = { 0 };
	int fd = open(arg, &said.word);

	said.error = MIN(fd, 0);
	_exit(message_send(sock, &said, sizeof(said), fd, 0) < 0);
}

int child_open(child_open_fn *open, void *arg, struct deadline until, uint64_t *ret_word)
{
	struct opened said;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	CLEANUP(fd_closep) int ours = pair[0];
	CLEANUP(fd_closep) int theirs = pair[1];
	pid_t child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		(void)fd_close(ours);
		open_and_send(open, arg, theirs);
	}
	theirs = fd_close(theirs);
	CLEANUP(fd_closep) int fd = -1;
	int r = message_wait(ours, until);
	if (r == 0)
		r = message_receive(ours, &said, sizeof(said), &fd);
	(void)child_end(child, deadline_in(0), NULL);
	if (r < 0 || said.error < 0)
		return r < 0 ? r : (int)said.error;
	if (ret_word)
		*ret_word = said.word;
	return fd < 0 ? -EBADMSG : take_fd(fd);
}
