/* The end of a child; see child.h. A pidfd is polled, so that a child that ends is noticed at once.
 */
#include "core/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cleanup.h"
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
