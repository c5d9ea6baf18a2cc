/* Sets of signals, addresses to connect to, semaphore operations, paths to open; see args.h. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/util.h"
#include "decode/args_parts.h"

void args_signal_set(const struct args_call *a, bool complement)
{
	uint64_t set;

	if (args_copy(a, a->look->args[0], &set, sizeof(set)) < 0)
		return;
	if (complement) /* sigsuspend() names those that are blocked meanwhile */
		set = ~set;
	(void)builder_fact(a->p->b, a->about, a->source, "sigset", (int64_t)set,
			   "waits for signals %016" PRIx64, set);
}

static bool unix_text(const struct sockaddr_un *u, size_t n, char *to, size_t cap)
{
	size_t path_n = n - offsetof(struct sockaddr_un, sun_path);

	if (n <= offsetof(struct sockaddr_un, sun_path))
		return false;
	bool abstract = u->sun_path[0] == '\0';
	(void)snprintf(to, cap, "%s%.*s", abstract ? "@" : "", (int)(path_n - abstract),
		       u->sun_path + abstract);
	return true;
}

static bool internet_text(const struct sockaddr_storage *s, size_t n, char *to, size_t cap)
{
	char host[INET6_ADDRSTRLEN];

	if (s->ss_family == AF_INET && n >= sizeof(struct sockaddr_in)) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)s;

		(void)snprintf(to, cap, "%s:%u",
			       inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host)),
			       ntohs(in->sin_port));
		return true;
	}
	if (s->ss_family == AF_INET6 && n >= sizeof(struct sockaddr_in6)) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)s;
		bool mapped = IN6_IS_ADDR_V4MAPPED(
			&in->sin6_addr); /* an IPv4 address in IPv6's clothes */
		const void *address = mapped ? in->sin6_addr.s6_addr + 12 : in->sin6_addr.s6_addr;

		(void)inet_ntop(mapped ? AF_INET : AF_INET6, address, host, sizeof(host));
		(void)snprintf(to, cap, mapped ? "%s:%u" : "[%s]:%u", host, ntohs(in->sin6_port));
		return true;
	}
	return false;
}

void args_connect(const struct args_call *a)
{
	struct sockaddr_storage s = { 0 };
	size_t n = MIN(a->look->args[2], sizeof(s));
	char text[160];

	if (n < sizeof(s.ss_family) || args_copy(a, a->look->args[1], &s, n) < 0)
		return;
	if (s.ss_family == AF_UNIX
		    ? unix_text((const struct sockaddr_un *)&s, n, text, sizeof(text))
		    : internet_text(&s, n, text, sizeof(text)))
		(void)builder_fact(a->p->b, a->about, a->source, "connect_to", SNAP_UNKNOWN, "%s",
				   text);
}

/* open(2) and its kin: a path that is longer is told by its beginning. It may lie at the end of a
 * page. */
void args_open(const struct args_call *a, int arg)
{
	uint64_t address = a->look->args[arg];
	char path[256];
	size_t n = sizeof(path) - 1;

	if (args_copy(a, address, path, n) < 0) {
		n = MIN(n, 4096 - address % 4096);
		if (args_copy(a, address, path, n) < 0)
			return;
	}
	path[n] = '\0';
	if (path[0])
		(void)builder_fact(a->p->b, a->about, a->source, "open_path", SNAP_UNKNOWN, "%s",
				   path);
}

/* semop(2): what its first operation asks for. */
void args_semop(const struct args_call *a)
{
	struct {
		uint16_t number;
		int16_t change, flags;
	} op;

	if (a->look->args[2] == 0 || args_copy(a, a->look->args[1], &op, sizeof(op)) < 0)
		return;
	(void)builder_fact(a->p->b, a->about, a->source, "semop", (int64_t)a->look->args[0],
			   "semaphore %u of set %" PRId64 ", %+d", op.number,
			   (int64_t)a->look->args[0], op.change);
}
