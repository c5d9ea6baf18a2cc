/* Fuzzes collectors/fd/diag.c: answers of NETLINK_SOCK_DIAG, each input one datagram of them. */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/unix_diag.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collectors/fd/diag.h"
#include "core/clock.h"
#include "core/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static volatile unsigned sum;

/* Reads all that it is given, so that a sanitizer sees what lies outside of the message. */
static int take(void *arg, const struct nlmsghdr *h)
{
	static const struct {
		size_t fixed;
		unsigned type;
	} wanted[] = { { sizeof(struct inet_diag_msg), INET_DIAG_INFO },
		       { sizeof(struct unix_diag_msg), UNIX_DIAG_NAME },
		       { sizeof(struct unix_diag_msg), UNIX_DIAG_PEER },
		       { sizeof(struct unix_diag_msg), UNIX_DIAG_ICONS },
		       { 0, 0 } };
	size_t n;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const uint8_t *p = diag_attribute(h, wanted[i].fixed, wanted[i].type, 1, &n);
		for (size_t k = 0; p && k < n; k++)
			sum += p[k];
	}
	return ++*(unsigned *)arg > 1000 ? -E2BIG : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned messages = 0;
	int pair[2];

	if (!n || n > 32768 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	(void)!send(pair[1], data, n, MSG_NOSIGNAL);
	(void)shutdown(pair[1], SHUT_WR);
	(void)diag_dump(pair[0], "request", 7, deadline_in(NSEC_PER_SEC), take, &messages);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return 0;
}
