/* The request socket: borders, descriptors, deadlines, a peer that misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/util.h"
#include "raw/request.h"

static int pair(void **state)
{
	static int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	*state = sv;
	return 0;
}

static int unpair(void **state)
{
	int *sv = *state;

	for (int i = 0; i < 2; i++)
		if (sv[i] >= 0)
			close(sv[i]);
	return 0;
}

static void test_message(void **state)
{
	int *sv = *state, fd = -1;
	struct request q = { .kind = REQUEST_DEBUG, .process = 3, .a = 1ull << 40 }, got;

	memset(q.text, 'x', sizeof(q.text)); /* a peer need not end its text */
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(request_send(sv[0], &q, null), 0);
	assert_int_equal(request_receive(sv[1], &got, &fd), 0);
	assert_int_equal(got.kind, REQUEST_DEBUG);
	assert_int_equal(got.a, 1ull << 40);
	assert_int_equal(strlen(got.text), sizeof(got.text) - 1);
	struct stat a, b;
	assert_int_equal(fstat(null, &a), 0);
	assert_int_equal(fstat(fd, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	close(null);
}

static void test_wrong_size(void **state)
{
	int *sv = *state, fd = -1;
	struct request got = { 0 };
	char big[4096] = { 0 };

	assert_int_equal(send(sv[0], big, 3, 0), 3);
	assert_int_equal(request_receive(sv[1], &got, &fd), -EBADMSG);
	assert_int_equal(send(sv[0], big, sizeof(big), 0), sizeof(big));
	assert_int_equal(request_receive(sv[1], &got, &fd), -EBADMSG);
	close(sv[0]);
	sv[0] = -1;
	assert_int_equal(request_receive(sv[1], &got, &fd), -EPIPE);
	assert_int_equal(request_send(sv[1], &got, -1), -EPIPE); /* and no SIGPIPE */
	assert_int_equal(fd, -1);
}

/* Descriptors beyond the one that is meant must not pile up here. */
static void test_extra_fds(void **state)
{
	int *sv = *state, fd = -1;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), fds[64];
	struct request q = { .kind = REQUEST_DELTA }, got;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = { 0 };
	struct iovec iov = { .iov_base = &q, .iov_len = sizeof(q) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = null;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	assert_int_equal(sendmsg(sv[0], &m, 0), sizeof(q));

	int before = dup(null);
	close(before);
	assert_int_equal(request_receive(sv[1], &got, &fd), 0);
	assert_int_equal(fd, before);
	int after = dup(null);
	assert_int_equal(after, before + 1);
	close(after);
	close(fd);
	close(null);
}

static void test_call(void **state)
{
	int *sv = *state, fd = -1;
	uint64_t value = 0;
	pid_t child = fork();

	if (child == 0) {
		struct request q;
		int none, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (request_receive(sv[1], &q, &none) < 0)
			_exit(1);
		struct response p = { .status = 1, .value = q.a + 1, .asked = q.asked };
		(void)response_send(sv[1], &p, null);
		if (request_receive(sv[1], &q, &none) < 0)
			_exit(2);
		p = (struct response){ .status = -ESRCH, .asked = q.asked };
		(void)response_send(sv[1], &p, null); /* with an error no descriptor is taken */
		_exit(0);
	}
	struct request q = { .kind = REQUEST_MEM, .a = 41 };
	assert_int_equal(request_call(sv[0], &q, deadline_in(5 * NSEC_PER_SEC), &fd, &value), 1);
	assert_int_equal(value, 42);
	assert_true(fd >= 0);
	close(fd);
	fd = -1;
	assert_int_equal(request_call(sv[0], &q, deadline_in(5 * NSEC_PER_SEC), &fd, &value),
			 -ESRCH);
	assert_int_equal(fd, -1);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_deadline(void **state)
{
	int *sv = *state;
	struct request q = { .kind = REQUEST_MOVED };

	assert_int_equal(request_call(sv[0], &q, deadline_in(1), NULL, NULL), -ETIMEDOUT);
}

/* An answer that comes after its question was given up is not taken for that of the next one. */
static void test_late_answer(void **state)
{
	int *sv = *state, fd = -1;
	struct request first = { .kind = REQUEST_MEM, .a = 1 }, second = { .kind = REQUEST_MOVED };
	uint64_t value = 0;
	pid_t child = fork();

	if (child == 0) {
		struct request q[2];
		int none, null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		for (int i = 0; i < 2; i++)
			if (request_receive(sv[1], &q[i], &none) < 0)
				_exit(1);
		for (int i = 0; i < 2; i++) {
			struct response p = { .value = 10 + q[i].a, .asked = q[i].asked };

			(void)response_send(sv[1], &p, i == 0 ? null : -1);
		}
		_exit(0);
	}
	assert_int_equal(request_call(sv[0], &first, deadline_in(0), &fd, NULL), -ETIMEDOUT);
	struct deadline later = deadline_in(20 * NSEC_PER_SEC);
	assert_int_equal(request_call(sv[0], &second, later, &fd, &value), 0);
	assert_int_equal(value, 10);
	assert_int_equal(fd, -1);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* A peer that goes without having read all leaves what it sent. */
static void test_last_words(void **state)
{
	int *sv = *state, fd = -1;
	struct request q = { .kind = REQUEST_DONE }, got = { 0 };
	struct response p = { .status = 0 };

	assert_int_equal(request_send(sv[0], &q, -1), 0);
	assert_int_equal(response_send(sv[1], &p, -1), 0);
	close(sv[0]);
	sv[0] = -1;
	assert_int_equal(request_receive(sv[1], &got, &fd), 0);
	assert_int_equal(got.kind, REQUEST_DONE);
	assert_int_equal(request_receive(sv[1], &got, &fd), -EPIPE);
}

/* A client that asks and takes no answers cannot make the server wait. */
static void test_answers_pile_up(void **state)
{
	int *sv = *state, r = 0;
	struct response p = { .status = 0 };

	for (int i = 0; i < 100000 && r == 0; i++)
		r = response_send(sv[1], &p, -1);
	assert_int_equal(r, -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_message, pair, unpair),
		cmocka_unit_test_setup_teardown(test_wrong_size, pair, unpair),
		cmocka_unit_test_setup_teardown(test_extra_fds, pair, unpair),
		cmocka_unit_test_setup_teardown(test_call, pair, unpair),
		cmocka_unit_test_setup_teardown(test_deadline, pair, unpair),
		cmocka_unit_test_setup_teardown(test_late_answer, pair, unpair),
		cmocka_unit_test_setup_teardown(test_last_words, pair, unpair),
		cmocka_unit_test_setup_teardown(test_answers_pile_up, pair, unpair),
	};
	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
