/*
 * Exit statuses of strangers. A zombie's status stands in /proc/PID/stat (field 52). Once its
 * parent has reaped it, only a pidfd that was opened while it lived still knows: ioctl
 * PIDFD_GET_INFO with PIDFD_INFO_EXIT (Linux 6.15, fs/pidfs.c).
 */
#include "capture/exits.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "snapshot/model.h"

/* include/uapi/linux/pidfd.h since 6.13, of which the first published size is 64 bytes. */
struct pidfd_info_v0 {
	uint64_t mask, cgroupid;
	uint32_t ids[11]; /* pid, tgid, ppid, and four user and four group ids */
	int32_t exit_code;
};
_Static_assert(sizeof(struct pidfd_info_v0) == 64, "PIDFD_INFO_SIZE_VER0");

#define PIDFD_GET_INFO_V0 _IOWR(0xFF, 11, struct pidfd_info_v0)
#define PIDFD_INFO_EXIT   (1ull << 3)

struct exit_status exit_decode(int status)
{
	if (WIFSIGNALED(status))
		return (struct exit_status){ .code = SNAP_NONE, .signal = WTERMSIG(status) };
	return (struct exit_status){ .code = WEXITSTATUS(status), .signal = SNAP_NONE };
}

bool exit_happened(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLIN | POLLHUP));
}

int exit_of_reaped(int pidfd, struct exit_status *ret)
{
	struct pidfd_info_v0 info = { .mask = PIDFD_INFO_EXIT };

	if (ioctl(pidfd, PIDFD_GET_INFO_V0, &info) < 0)
		return -errno;
	/* Not yet reaped: the kernel answers without the exit bit. */
	if (!(info.mask & PIDFD_INFO_EXIT))
		return -EAGAIN;
	*ret = exit_decode(info.exit_code);
	return 0;
}
