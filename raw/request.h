/*
 * The fixed set of requests between the confined decoder (client) and the acquirer (server), over
 * one SOCK_SEQPACKET pair. Every request names processes and threads by their index in struct
 * raw_capture; the server checks each index and refuses the rest, so a decoder that a hostile ELF
 * file took over can ask for nothing but what it could ask for anyway: to read the same targets.
 *
 * Rows found so far travel on the same socket as DELTA messages (their bytes in a memfd), so that a
 * decoder that dies later has lost only what it had not sent.
 */
#ifndef HW_RAW_REQUEST_H
#define HW_RAW_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

enum request_kind {
	REQUEST_MEM =
		1, /* process -> fd of /proc/PID/mem, of the address space that was looked at */
	REQUEST_MAPPING, /* process, a = index into its maps -> fd of the file behind it, O_RDONLY
			  */
	REQUEST_DEBUG,   /* text = build-id in hex, or "link:NAME" with process and a = map index ->
			    fd of a separate debug file */
	REQUEST_MARK,    /* process -> remembers how often each of its threads has run */
	REQUEST_MOVED, /* process -> status 1 when a thread ran, came or went since MARK, else 0 */
	REQUEST_THREAD_MOVED, /* process, a = thread index -> status 1 when it ran since its primary
				 look, else 0; a = REQUEST_ALL_THREADS: when any of them did */
	REQUEST_HOLD, /* process, a = ns -> all its threads stand still, at most that long (and the
			 stop budget); status 0. Who has run since its look is stopped, its
			 registers and stack are then in raw_capture.hold */
	REQUEST_GLANCE,  /* process, a = ns -> as HOLD and RELEASE in one, only as long as the copy
			    takes */
	REQUEST_MOMENT,  /* the same, and the pages that raw_capture.moment names are copied
			    meanwhile: these are of one moment if the status is 0 */
	REQUEST_RELEASE, /* process -> runs again; status 0; 1 when one that was left asleep woke
			    meanwhile; -ETIME when the deadline had ended the hold before */
	REQUEST_PAGES,   /* process, a = index into raw_capture.pages->sets -> reads the pages that
			    set names; no answer but its state */
	REQUEST_DELTA,   /* fd = memfd with rows (snapshot/delta.h); no answer */
	REQUEST_DONE,    /* all is sent; no answer */
};

#define REQUEST_ALL_THREADS UINT64_MAX

struct request {
	uint32_t kind;
	uint32_t process;
	uint64_t a, b;
	uint64_t asked; /* set by request_call(): which of its questions this is */
	char text[128]; /* NUL-terminated */
};

struct response {
	int64_t status; /* >= 0, or -errno; as wide as what follows, so that no hole sends what lay
			   there */
	uint64_t value;
	uint64_t asked; /* of the request that this answers */
};

/*
 * One message each way; descriptors ride along as SCM_RIGHTS. fd = -1 for none; *ret_fd is -1 when
 * none came. The client's call is bounded by a deadline: -ETIMEDOUT. The server never waits:
 * -EAGAIN from response_send() when its client does not take what it asked for. The peer's end is
 * -EPIPE.
 */
struct deadline;
int request_send(int sock, const struct request *q, int fd);
int request_receive(int sock, struct request *ret, int *ret_fd); /* after poll said readable */
int response_send(int sock, const struct response *p, int fd);

/*
 * Client: sends and waits for the answer. The status as return value; ret_fd and ret_value may be
 * NULL. After -ETIMEDOUT the answer may still come: a later call knows it by `asked`, and drops it.
 */
int request_call(int sock, const struct request *q, struct deadline until, int *ret_fd,
		 uint64_t *ret_value);

#endif
