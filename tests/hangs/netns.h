/* SPDX-License-Identifier: MIT */
#ifndef HANGWATCH_TESTS_NETNS_H
#define HANGWATCH_TESTS_NETNS_H

/*
 * A unix listener with a path, which reaches across network namespaces, and a client in a namespace
 * of its own, as in a container. Needs root.
 */

#include <sched.h>
#include <sys/un.h>

#include "hang.h"

static HANG_UNUSED void netns_enter_new(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		hang_skip("needs root for a network namespace");
}

/* Makes sure that one can be had, and stays in this one. */
static HANG_UNUSED void netns_try(void)
{
	int here = hang_try(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));

	netns_enter_new();
	hang_try(setns(here, CLONE_NEWNET));
	close(here);
}

static HANG_UNUSED int netns_listen(struct sockaddr_un *ret)
{
	int fd = hang_try(socket(AF_UNIX, SOCK_STREAM, 0));

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/hangwatch-test-%d",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", getpid());
	hang_try(bind(fd, (struct sockaddr *)ret, sizeof(*ret)));
	hang_try(listen(fd, 8));
	return fd;
}

static HANG_UNUSED int netns_connect(const struct sockaddr_un *to)
{
	int fd = hang_try(socket(AF_UNIX, SOCK_STREAM, 0));

	hang_try(connect(fd, (const struct sockaddr *)to, sizeof(*to)));
	unlink(to->sun_path);
	return fd;
}

#endif
