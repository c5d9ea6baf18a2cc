/* Both ends of the request socket; see request.h. */
#include "raw/request.h"

#include <sys/socket.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "core/message.h"

int request_send(int sock, const struct request *q, int fd)
{
	return message_send(sock, q, sizeof(*q), fd, 0);
}

int request_receive(int sock, struct request *ret, int *ret_fd)
{
	struct request q;
	int r = message_receive(sock, &q, sizeof(q), ret_fd);

	if (r < 0)
		return r;
	q.text[sizeof(q.text) - 1] = '\0';
	*ret = q;
	return 0;
}

int response_send(int sock, const struct response *p, int fd)
{
	/* Who asks waits for the answer. Who lets answers pile up shall not make us wait. */
	return message_send(sock, p, sizeof(*p), fd, MSG_DONTWAIT);
}

/* The answer to this very question. One that comes too late is about something else, and to take it
 * for ours would be to believe of one process what was said of another. */
static int await(int sock, uint64_t asked, struct deadline until, struct response *ret, int *ret_fd)
{
	for (;;) {
		CLEANUP(fd_closep) int fd = -1;
		int r = message_wait(sock, until);

		if (r == 0)
			r = message_receive(sock, ret, sizeof(*ret), &fd);
		if (r < 0)
			return r;
		if (ret->asked != asked)
			continue;
		*ret_fd = take_fd(fd);
		return 0;
	}
}

int request_call(int sock, const struct request *q, struct deadline until, int *ret_fd,
		 uint64_t *ret_value)
{
	struct request question = *q;
	struct response p;
	CLEANUP(fd_closep) int fd = -1;

	/* No two calls are made at one time. */
	question.asked = (uint64_t)clock_monotonic_ns();
	int r = request_send(sock, &question, -1);
	if (r == 0)
		r = await(sock, question.asked, until, &p, &fd);
	if (r < 0)
		return r;
	if (p.status >= 0) {
		if (ret_fd)
			*ret_fd = take_fd(fd);
		if (ret_value)
			*ret_value = p.value;
	}
	return (int)p.status;
}
