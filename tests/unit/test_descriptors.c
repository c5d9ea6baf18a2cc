/*
 * The descriptor collectors on this very process: every kind of descriptor, its peer, its fill, its
 * watches, and what is known about its holders. A real kernel, no root.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "collectors/collector.h"
#include "collectors/fd/link.h"
#include "collectors/fd/others.h"
#include "core/util.h"
#include "snapshot/check.h"
#include "snapshot/index.h"
#include "tests/unit/valgrind.h"

extern const struct collector collector_fds, collector_sockets, collector_holders, collector_pipes,
	collector_file_locks;

struct scene {
	struct builder b;
	struct raw_capture c;
	struct snap_index x;
};

static void collect(struct scene *s)
{
	const struct collector *order[] = { &collector_fds, &collector_sockets, &collector_pipes,
					    &collector_file_locks, &collector_holders };
	char why[128];

	memset(s, 0, sizeof(*s));
	assert_int_equal(builder_init(&s->b), 0);
	s->c.b = &s->b;
	s->c.clock_zero_ns = clock_monotonic_ns();
	s->c.deadline = deadline_in(10 * 1000000000LL);
	struct raw_process *p = array_push(&s->c.processes);
	p->pid = getpid();
	p->parent = SIZE_MAX;
	p->pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	p->procfd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	p->memfd = p->taskfd = -1;
	struct snap_process *row = BUILD(&s->b, PROCESS);
	row->pid = getpid();
	p->node = builder_last(&s->b, TABLE_PROCESS);
	for (size_t i = 0; i < 5; i++)
		if (order[i]->process)
			order[i]->process(&s->c, p);
	for (size_t i = 0; i < 5; i++)
		if (order[i]->tree)
			order[i]->tree(&s->c);
	assert_int_equal(s->b.error, 0);
	if (snapshot_check(s->b.s, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	assert_int_equal(snap_index_init(&s->x, s->b.s), 0);
}

static void scene_done(struct scene *s)
{
	close(s->c.processes.v[0].pidfd);
	close(s->c.processes.v[0].procfd);
	array_done(&s->c.processes);
	array_done(&s->c.outside);
	map_done(&s->c.resources);
	(void)others_free(s->c.others);
	snap_index_done(&s->x);
	builder_done(&s->b);
}

static const struct snap_resource *behind(const struct scene *s, int fd)
{
	const struct snap_fd *row = snap_fd_of(&s->x, NODE(TABLE_PROCESS, 0), fd);

	assert_non_null(row);
	return SNAP_ROW(s->b.s, RESOURCE, node_index(row->resource));
}

static const struct snap_watch *watch_of(const struct scene *s, int fd)
{
	for (uint32_t i = 0; i < SNAP_N(s->b.s, WATCH); i++)
		if (SNAP_ROW(s->b.s, WATCH, i)->fd == fd)
			return SNAP_ROW(s->b.s, WATCH, i);
	return NULL;
}

static void links(void **state)
{
	(void)state;
	assert_int_equal(fd_link_parse("pipe:[42]").kind, RESOURCE_PIPE);
	assert_int_equal(fd_link_parse("pipe:[42]").inode, 42);
	assert_int_equal(fd_link_parse("pipe:[42] x").kind, RESOURCE_ANON);
	assert_int_equal(fd_link_parse("socket:[7]").kind, RESOURCE_SOCKET);
	assert_int_equal(fd_link_parse("anon_inode:[eventpoll]").kind, RESOURCE_EPOLL);
	assert_int_equal(fd_link_parse("anon_inode:[something new]").kind, RESOURCE_ANON);
	assert_true(fd_link_parse("/dev/null").path);
}

static void pipes_fill_and_ends(void **state)
{
	NOT_UNDER_VALGRIND("it knows no pidfds");
	struct scene s;
	int p[2];
	char block[4096] = { 0 };

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(write(p[1], "hello", 5), 5);
	collect(&s);
	assert_ptr_equal(behind(&s, p[0]), behind(&s, p[1]));
	assert_int_equal(behind(&s, p[0])->kind, RESOURCE_PIPE);
	assert_int_equal(behind(&s, p[0])->fill, 5);
	assert_int_equal(snap_fd_of(&s.x, NODE(TABLE_PROCESS, 0), p[0])->writable, 0);
	assert_int_equal(snap_fd_of(&s.x, NODE(TABLE_PROCESS, 0), p[1])->writable, 1);
	scene_done(&s);
	/* Another pipe has the numbers by the time it is asked: what it holds is not said of the
	 * first. */
	collect(&s);
	int before[2] = { dup(p[0]), dup(p[1]) }, other[2];
	assert_int_equal(pipe2(other, O_CLOEXEC), 0);
	assert_int_equal(dup2(other[0], p[0]), p[0]);
	assert_int_equal(dup2(other[1], p[1]), p[1]);
	struct snap_resource *row =
		SNAP_ROW(s.b.s, RESOURCE,
			 node_index(snap_fd_of(&s.x, NODE(TABLE_PROCESS, 0), p[0])->resource));
	row->fill = SNAP_UNKNOWN;
	collector_pipes.tree(&s.c);
	assert_int_equal(row->fill, SNAP_UNKNOWN);
	scene_done(&s);
	assert_int_equal(dup2(before[0], p[0]), p[0]);
	assert_int_equal(dup2(before[1], p[1]), p[1]);
	close(before[0]), close(before[1]), close(other[0]), close(other[1]);

	while (write(p[1], block, sizeof(block)) > 0)
		;
	close(p[0]);
	collect(&s);
	assert_string_equal(snap_str(s.b.s, behind(&s, p[1])->state), "no reader");
	scene_done(&s);
	close(p[1]);
}

static void epoll_entries_armed_fired_and_stale(void **state)
{
	struct scene s;
	int p[2], q[2], r[2];
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };

	(void)state;
	assert_int_equal(pipe(p) | pipe(q) | pipe(r), 0);
	e.data.u64 = 77;
	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e), 0);
	e.events = EPOLLIN | EPOLLONESHOT;
	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, q[0], &e), 0);
	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, r[0], &e), 0);
	assert_int_equal(write(q[1], "x", 1), 1);
	assert_int_equal(epoll_wait(ep, &e, 1, 0), 1); /* fired: armed no more */
	int keep = dup(r[0]);                          /* the entry outlives its number */
	close(r[0]);
	collect(&s);
	const struct snap_watch *w = watch_of(&s, p[0]);
	assert_non_null(w);
	assert_true(w->armed);
	assert_int_equal(w->data, 77);
	assert_int_equal(snap_fd_of(&s.x, NODE(TABLE_PROCESS, 0), p[0])->armed_by.n, 1);
	assert_false(watch_of(&s, q[0])->armed);
	assert_true(watch_of(&s, q[0])->oneshot);
	assert_false(span_known(snap_fd_of(&s.x, NODE(TABLE_PROCESS, 0), q[0])->armed_by));
	assert_int_equal(watch_of(&s, r[0])->resource, NODE_NONE);
	scene_done(&s);
	close(keep);
	close(ep);
	close(p[0]), close(p[1]), close(q[0]), close(q[1]), close(r[1]);
}

static void counters_and_timers(void **state)
{
	struct scene s;
	int ev = eventfd(20, EFD_CLOEXEC);
	int tf = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
	    off = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct itimerspec t = { .it_value = { 100, 0 } };

	(void)state;
	assert_int_equal(timerfd_settime(tf, 0, &t, NULL), 0);
	collect(&s);
	assert_int_equal(behind(&s, ev)->kind, RESOURCE_EVENTFD);
	assert_int_equal(behind(&s, ev)->fill, 20);
	assert_true(behind(&s, tf)->expires_ns > 0 &&
		    behind(&s, tf)->expires_ns <= 100 * 1000000000LL);
	assert_true(behind(&s, off)->expires_ns == SNAP_NONE);
	scene_done(&s);
	close(ev), close(tf), close(off);
}

static void unix_pair_and_lost_peer(void **state)
{
	struct scene s;
	int v[2], lost[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, v), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, lost), 0);
	close(lost[1]);
	collect(&s);
	const struct snap_resource *a = behind(&s, v[0]);
	assert_int_equal(a->kind, RESOURCE_UNIX);
	assert_ptr_equal(SNAP_ROW(s.b.s, RESOURCE, node_index(a->peer)), behind(&s, v[1]));
	assert_int_equal(behind(&s, lost[0])->peer, NODE_NONE);
	scene_done(&s);
	close(v[0]), close(v[1]), close(lost[0]);
}

static int listen_on_loopback(struct sockaddr_in *ret)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(*ret);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (void *)ret, n), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (void *)ret, &n), 0);
	return fd;
}

static void tcp_pair_close_wait_and_backlog(void **state)
{
	struct scene s;
	struct sockaddr_in to;
	int l = listen_on_loopback(&to);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int waiting = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(connect(client, (void *)&to, sizeof(to)), 0);
	int server = accept(l, NULL, NULL);
	assert_int_equal(connect(waiting, (void *)&to, sizeof(to)), 0);
	assert_int_equal(write(client, "abc", 3), 3);
	collect(&s);
	assert_string_equal(snap_str(s.b.s, behind(&s, l)->state), "LISTEN");
	assert_int_equal(behind(&s, l)->fill, 1);
	assert_ptr_equal(SNAP_ROW(s.b.s, RESOURCE, node_index(behind(&s, client)->peer)),
			 behind(&s, server));
	assert_int_equal(behind(&s, server)->recv_q, 3);
	assert_true(snap_known(behind(&s, client)->last_sent_ns));
	const struct snap_resource *embryo =
		SNAP_ROW(s.b.s, RESOURCE, node_index(behind(&s, waiting)->peer));
	assert_ptr_equal(SNAP_ROW(s.b.s, RESOURCE, node_index(embryo->listener)), behind(&s, l));
	scene_done(&s);

	close(client);
	collect(&s);
	assert_string_equal(snap_str(s.b.s, behind(&s, server)->state), "CLOSE_WAIT");
	scene_done(&s);
	close(server), close(l), close(waiting);
}

static void pidfds_know_their_process(void **state)
{
	NOT_UNDER_VALGRIND("it knows no pidfds");
	struct scene s;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		pause();
		_exit(0);
	}
	int fd = (int)syscall(SYS_pidfd_open, child, 0);
	collect(&s);
	char text[64];
	(void)snprintf(text, sizeof(text), "pidfd of %d", child);
	assert_string_equal(snap_str(s.b.s, behind(&s, fd)->text), text);
	scene_done(&s);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	collect(&s);
	assert_string_equal(snap_str(s.b.s, behind(&s, fd)->state), "reaped");
	scene_done(&s);
	close(fd);
}

/* A child that waits for a lock of ours: the file becomes a resource with its owner. */
static void contended_file_locks(void **state)
{
	struct scene s;
	char path[] = "/tmp/hangwatch-lock-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid_t child = fork();
	if (child == 0) {
		/* A failed test must leave nobody who waits for its lock. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		int other = open(path, O_RDWR);
		(void)flock(other, LOCK_EX);
		_exit(0);
	}
	bool found = false;
	for (int tries = 0; tries < 200 && !found; tries++) {
		usleep(10000);
		collect(&s);
		for (uint32_t i = 0; i < SNAP_N(s.b.s, RESOURCE); i++) {
			const struct snap_resource *r = SNAP_ROW(s.b.s, RESOURCE, i);
			found |= r->kind == RESOURCE_FLOCK &&
				 r->lock_owner == NODE(TABLE_PROCESS, 0) &&
				 str_eq(snap_str(s.b.s, r->detail), "FLOCK WRITE");
		}
		scene_done(&s);
	}
	assert_true(found);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	(void)unlink(path);
	close(fd);
}

/* How many more descriptors this process may open. */
static void leave_room(rlim_t n)
{
	int lowest = dup(0);
	struct rlimit lim = { .rlim_cur = (rlim_t)lowest + n, .rlim_max = (rlim_t)lowest + n };

	(void)close(lowest);
	if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
		_exit(3);
}

/* 0: nothing that could not be read is taken for seen. In a process of its own, for its limits stay. */
static int short_of_descriptors(void)
{
	struct raw_process p = { .pid = getpid(), .parent = SIZE_MAX, .pidfd = -1, .memfd = -1 };
	struct builder b;
	struct raw_capture c = { .b = &b, .deadline = deadline_in(20 * NSEC_PER_SEC) };

	if (builder_init(&b) < 0)
		return 4;
	BUILD(&b, PROCESS)->pid = getpid();
	p.node = builder_last(&b, TABLE_PROCESS);
	p.procfd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct raw_process *slot = array_push(&c.processes);
	*slot = p;
	/* Two directories can be opened, and no file in them. */
	leave_room(2);
	collector_fds.process(&c, slot);
	if (SNAP_ROW(b.s, PROCESS, 0)->fds_seen != TRI_NO || SNAP_N(b.s, FD))
		return 1;
	/* /proc can be opened, and nobody's descriptors. */
	leave_room(1);
	const struct others_found *found = others_wait(others_begin(&c));
	return !found->cut && found->refused > 0 ? 0 : 2;
}

static void what_cannot_be_opened_is_not_seen(void **state)
{
	int status = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(short_of_descriptors());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links),
		cmocka_unit_test(pipes_fill_and_ends),
		cmocka_unit_test(epoll_entries_armed_fired_and_stale),
		cmocka_unit_test(counters_and_timers),
		cmocka_unit_test(unix_pair_and_lost_peer),
		cmocka_unit_test(tcp_pair_close_wait_and_backlog),
		cmocka_unit_test(pidfds_know_their_process),
		cmocka_unit_test(contended_file_locks),
		cmocka_unit_test(what_cannot_be_opened_is_not_seen),
	};

	return cmocka_run_group_tests_name("descriptors", tests, NULL, NULL);
}
