/* An epoll server with a listener, a periodic timer, an eventfd and a signalfd. At rest. */

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include "../hang.h"

static void watch(int ep, int fd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.fd = fd };

	hang_try(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
}

int main(int argc, char **argv)
{
	struct itimerspec period = { .it_value.tv_sec = 5, .it_interval.tv_sec = 5 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = hang_try(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	int ep = hang_try(epoll_create1(EPOLL_CLOEXEC)), timer, fd;
	struct epoll_event e;
	sigset_t set;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argc > 1 ? argv[1] : "");
	hang_try(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	hang_try(listen(listener, 8));
	timer = hang_try(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	hang_try(timerfd_settime(timer, 0, &period, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	watch(ep, listener);
	watch(ep, timer);
	watch(ep, hang_try(eventfd(0, EFD_CLOEXEC)));
	watch(ep, hang_try(signalfd(-1, &set, SFD_CLOEXEC)));
	for (;;) {
		uint64_t ticks;

		if (epoll_wait(ep, &e, 1, -1) != 1)
			continue;
		if (e.data.fd == timer)
			(void)!read(timer, &ticks, sizeof(ticks));
		else if (e.data.fd == listener && (fd = accept(listener, NULL, NULL)) >= 0)
			close(fd);
	}
}
