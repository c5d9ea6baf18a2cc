/*
 * Fuzzes acquire/serve.c, the side with rights, with the requests of a decoder that was taken over.
 * It may ask about three processes: this one, one that is gone, and one that may not be looked at.
 * An input is a list of requests without their long text; what follows the first NUL byte after the
 * last whole one is the text of all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acquire/look.h"
#include "acquire/serve.h"
#include "core/util.h"
#include "raw/request.h"
#include "snapshot/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { REQUESTS = 16, SHORT_BYTES = 20 };

struct short_request {
	uint8_t kind, process, with_fd, pad;
	uint64_t a, b;
} __attribute__((packed, aligned(4)));

_Static_assert(sizeof(struct short_request) == SHORT_BYTES, "no holes");

static void add_process(struct raw_capture *c, struct acquirer *a, pid_t pid)
{
	struct raw_process *p = array_push(&c->processes);

	if (!p)
		abort();
	*p = (struct raw_process){ .pid = pid, .procfd = -1, .pidfd = -1, .memfd = -1 };
	struct snap_process *row = BUILD(c->b, PROCESS);
	row->pid = pid;
	p->node = builder_last(c->b, TABLE_PROCESS);
	if (pid == getpid()) {
		p->procfd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)raw_stat_read(p->procfd, "stat", &p->stat);
		p->start_ticks = p->stat.start_ticks;
		process_open(a, p);
	}
}

static void send_all(int sock, const uint8_t *data, size_t n)
{
	size_t count = MIN(n / SHORT_BYTES, (size_t)REQUESTS);
	const uint8_t *text = data + count * SHORT_BYTES;
	size_t text_n = n - count * SHORT_BYTES;

	for (size_t i = 0; i < count; i++) {
		struct short_request s;
		struct request q = { 0 };
		memcpy(&s, data + i * SHORT_BYTES, sizeof(s));
		q = (struct request){ .kind = s.kind % (REQUEST_DONE + 3),
				      .process = s.process,
				      .a = s.a,
				      .b = s.b };
		memcpy(q.text, text, MIN(text_n, sizeof(q.text)));
		int fd = s.with_fd & 1   ? memfd_create("fuzz", MFD_CLOEXEC)
			 : s.with_fd & 2 ? open("/dev/zero", O_RDONLY)
					 : -1;
		if (s.with_fd & 1)
			(void)!write(fd, data, n);
		(void)request_send(sock, &q, fd);
		if (fd >= 0)
			(void)close(fd);
	}
	/* And one that is no request. */
	(void)!send(sock, data, MIN(n, (size_t)64), MSG_NOSIGNAL);
	(void)shutdown(sock, SHUT_WR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct raw_options options = { .samples = 1,
				       .stop = STOP_AUTO,
				       .stop_budget_ns = NSEC_PER_MSEC };
	struct raw_capture c = { .options = &options, .deadline = deadline_in(10 * NSEC_PER_SEC) };
	struct acquirer a = { .c = &c, .fds_left = 100 };
	struct builder b;
	char why[128];
	int pair[2];

	if (!n || n > 4096 || builder_init(&b) < 0)
		return 0;
	c.b = &b;
	add_process(&c, &a, getpid());
	add_process(&c, &a, 0x3ffffff);
	add_process(&c, &a, 1);
	c.processes.v[2].refused = true;
	c.processes.v[2].refused_error = -EACCES;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	send_all(pair[1], data, n);
	(void)serve_decoder(&a, pair[0], deadline_in(10 * NSEC_PER_SEC));
	if (b.error == 0 && snapshot_check(b.s, why, sizeof(why)) < 0)
		abort();
	(void)close(pair[0]);
	(void)close(pair[1]);
	acquirer_done(&a);
	process_done_all(&c);
	builder_done(&b);
	return 0;
}
