/*
 * Waits on descriptors: pipes, sockets, terminals, pidfds, eventfds, timers.
 *
 * The wakers are the holders of the other end. Whether that list is complete is the collector's
 * word; where it is not, the wait says so and keeps the holders that were seen. Listening sockets,
 * terminals and watched files wait for new work, whoever is behind them.
 */
#include <stdlib.h>

#include "analysis/waits.h"
#include "analysis/words.h"
#include "core/util.h"

#define SIGNAL_BIT(n) (1ULL << ((n)-1))
enum { SIGNAL_CHILD = 17 };

const struct snap_fd *call_fd(const struct analysis *a, node_t thread, int arg)
{
	int64_t fd = (int32_t)call_arg(a, thread, arg);

	return snap_known(call_arg(a, thread, arg)) ? snap_fd_of(&a->x, process_of(a, thread), fd)
						    : NULL;
}

static bool starts(const struct analysis *a, str_t s, const char *prefix)
{
	return str_starts(text_of(a, s), prefix);
}

/* ---- who holds what ---- */

/*
 * A socket that has an inode is open somewhere, though nobody was seen to have it: a distant ancestor
 * that may not be read, or the kernel. Of a pipe see kernel_has_end().
 */
static bool somebody_unseen(const struct analysis *a, const struct snap_resource *held,
			    uint32_t holders)
{
	return held->kind != RESOURCE_PIPE && snap_known(held->inode) && !party_size(a, holders);
}

static void wakers_are(struct analysis *a, struct wait_in *in, node_t held, enum side side)
{
	const struct snap_resource *r = resource_row(a, held);
	uint32_t holders = party_holders(a, held, side);
	bool seen_outside = holders != GRAPH_NONE && a->parties.v[holders].outside;

	in->party = party_seen_by(a, holders, in->from);
	if (r->outside_held == TRI_YES && !seen_outside) {
		in->note.outside = true;
		in->note.who = r->outside;
	}
	in->note.unknown |= !in->note.outside && somebody_unseen(a, r, holders);
	/* TRI_NO: not every process could be read. Unknown: not all of them were looked at. */
	if (r->holders_complete != TRI_YES && !in->note.outside) {
		in->note.unknown = true;
		in->note.partly =
			r->holders_complete == TRI_NO && !str_eq(text_of(a, r->detail), "fifo");
	}
}

/* True when only this process holds the thing: a self-pipe, an eventfd between its threads. */
static bool held_alone(struct analysis *a, node_t held, node_t process)
{
	uint32_t all = party_holders(a, held, SIDE_ANY);

	return party_size(a, all) == 1 && party_member(a, all, 0) == process &&
	       resource_row(a, held)->holders_complete == TRI_YES;
}

bool fd_only_ours(struct analysis *a, node_t process, node_t resource)
{
	const struct snap_resource *r = resource_row(a, resource);

	switch (r->kind) {
	case RESOURCE_PIPE:
	case RESOURCE_EVENTFD:
		return held_alone(a, resource, process);
	case RESOURCE_UNIX:
	case RESOURCE_TCP:
		return is_resource(r->peer) && held_alone(a, r->peer, process);
	default:
		return false;
	}
}

/*
 * Where this process has the other end itself, a signal handler may write there: the classic
 * self-pipe, which forked children inherit without a use for it. Then the wait is one for signals
 * too.
 */
static void handlers_may_write(struct analysis *a, const struct fd_wait *f, node_t held,
			       enum side side, struct wait_in *in)
{
	in->note.own = fd_only_ours(a, f->process, f->resource);
	if (view_of(a, f->process)->caught &&
	    party_has(a, party_holders(a, held, side), f->process))
		in->note.unknown = in->note.signal = true;
}

/* ---- by kind ---- */

/*
 * Nobody has the other end, and yet it sleeps: with nobody there the kernel would have ended the
 * call, and says so of the pipe. Then the kernel itself has that end, as when it writes a core dump
 * to a program, and that is in no table of descriptors.
 */
static bool kernel_has_end(struct analysis *a, const struct fd_wait *f, enum side side)
{
	const char *nobody = f->write ? "no reader" : "no writer";

	return !party_size(a, party_holders(a, f->resource, side)) &&
	       !str_eq(text_of(a, resource_row(a, f->resource)->state), nobody);
}

static void on_pipe(struct analysis *a, const struct fd_wait *f, struct wait_in *in)
{
	enum side side = f->write ? SIDE_READS : SIDE_WRITES;

	in->on = WAIT_ON_PIPE;
	in->note.full = f->write;
	wakers_are(a, in, f->resource, side);
	in->note.unknown |= kernel_has_end(a, f, side);
	/* A FIFO has a name because others are to come; nobody makes a self-pipe of one. */
	if (!f->write && !str_eq(text_of(a, resource_row(a, f->resource)->detail), "fifo"))
		handlers_may_write(a, f, f->resource, SIDE_WRITES, in);
}

static enum wait_on socket_word(enum resource_kind kind)
{
	switch (kind) {
	case RESOURCE_TCP:
		return WAIT_ON_TCP;
	case RESOURCE_UDP:
		return WAIT_ON_UDP;
	case RESOURCE_UNIX:
		return WAIT_ON_UNIX;
	default:
		return WAIT_ON_SOCKET;
	}
}

/*
 * No peer by nature: netlink and packet sockets, and datagram sockets that are not connected. Of one
 * that could not be looked up, or whose other end was not found, somebody may have that end.
 */
static bool takes_what_comes(const struct analysis *a, const struct snap_resource *r)
{
	if (r->kind == RESOURCE_SOCKET)
		return r->detail > STR_NONE;
	return r->kind == RESOURCE_UNIX && str_eq(text_of(a, r->state), "CLOSE");
}

static void on_socket(struct analysis *a, const struct fd_wait *f, struct wait_in *in)
{
	const struct snap_resource *r = resource_row(a, f->resource);

	in->on = socket_word(r->kind);
	in->note.full = f->write;
	if (str_eq(text_of(a, r->state), "LISTEN") ||
	    (r->kind == RESOURCE_UDP && r->remote == STR_NONE)) {
		in->new_work = true;
		return;
	}
	if (r->peer == NODE_NONE) {
		/* Nobody holds the other end, and that is known; but an address may be bound again.
		 */
		in->note.unknown = r->kind == RESOURCE_UDP;
		return;
	}
	if (is_resource(r->peer)) {
		const struct snap_resource *peer = resource_row(a, r->peer);
		bool waits_for_accept = is_resource(peer->listener);
		in->about[0] = r->peer;
		in->about[1] = waits_for_accept ? peer->listener : NODE_UNKNOWN;
		wakers_are(a, in, waits_for_accept ? peer->listener : r->peer, SIDE_ANY);
		/* A server's address may be bound once more (SO_REUSEPORT). */
		if (r->kind == RESOURCE_UDP && peer->remote == STR_NONE && !in->note.outside)
			in->note.unknown = in->note.partly = true;
		if (!f->write)
			handlers_may_write(a, f, r->peer, SIDE_ANY, in);
		return;
	}
	if (r->outside_held == TRI_YES) {
		in->note.outside = true;
		in->note.who = r->outside;
		return;
	}
	in->new_work = !f->write && takes_what_comes(a, r);
	in->note.unknown = !in->new_work;
}

static void on_pidfd(struct analysis *a, const struct fd_wait *f, struct wait_in *in)
{
	const struct snap_resource *r = resource_row(a, f->resource);

	in->on = WAIT_ON_PIDFD;
	if (node_table(r->target) == TABLE_PROCESS) {
		in->about[0] = r->target;
		if (view_of(a, r->target)->exited)
			in->note.gone = r->target; /* its one event is spent: nobody will come */
		else
			in->party = party_of(a, &r->target, 1);
	} else if (!str_eq(text_of(a, r->state), "reaped")) {
		in->note.unknown = true;
	}
}

/*
 * Whoever sits at a terminal brings new work, unless somebody of the tree has the other end: a
 * program under expect or script gets its input from there.
 */
static void on_tty(struct analysis *a, const struct fd_wait *f, struct wait_in *in)
{
	const struct snap_resource *r = resource_row(a, f->resource);
	bool master = starts(a, r->text, "pty master");
	uint32_t other = is_resource(r->peer) ? party_holders(a, r->peer, SIDE_ANY) : GRAPH_NONE;

	in->on = WAIT_ON_TTY;
	in->note.full = f->write;
	if (!f->write && !master && (!party_size(a, other) || a->parties.v[other].outside)) {
		in->new_work = true;
	} else if (is_resource(r->peer)) {
		/* A terminal can be opened by name, so there may always be one more. */
		in->party = party_seen_by(a, other, f->from);
		in->note.unknown = in->note.partly = true;
	} else {
		in->note.unknown = true;
	}
}

/* A timer wakes by itself; one that is not set may still be set by whoever else has it. */
static void on_timerfd(struct analysis *a, const struct fd_wait *f, struct wait_in *in)
{
	const struct snap_resource *r = resource_row(a, f->resource);

	in->on = WAIT_ON_TIMERFD;
	if (r->expires_ns == SNAP_NONE) {
		in->party = party_seen_by(a, party_holders(a, f->resource, SIDE_ANY), f->from);
	} else if (snap_known(r->expires_ns)) {
		in->deadline_ns = MAX(r->expires_ns, 1);
		in->note.timed = true;
	} else {
		in->note.timed = true;
	}
}

static void on_eventfd(struct analysis *a, const struct fd_wait *f, struct wait_in *in)
{
	in->on = WAIT_ON_EVENTFD;
	wakers_are(a, in, f->resource, SIDE_ANY);
	handlers_may_write(a, f, f->resource, SIDE_ANY, in);
}

static void on_file(struct analysis *a, const struct fd_wait *f, struct wait_in *in)
{
	const struct snap_resource *r = resource_row(a, f->resource);

	in->on = WAIT_ON_FILE;
	/* A device speaks when something comes from outside; a file system's own waits are the
	 * kernel's. */
	in->new_work = !f->write && str_eq(text_of(a, r->detail), "character device");
	in->note.unknown = !in->new_work;
}

static void on_signalfd(struct analysis *a, const struct fd_wait *f)
{
	const char *detail = text_of(a, resource_row(a, f->resource)->detail);
	uint64_t mask = str_starts(detail, "sigmask ") ? strtoull(detail + 8, NULL, 16) : ~0ULL;
	char what[48];

	(void)snprintf(what, sizeof(what), "fd %lld signalfd", (long long)f->fd);
	wait_add_signals(a, f->from, f->group, mask, what);
}

/* Its children count where it asks for theirs. */
static void add_children(struct analysis *a, const struct fd_wait *f, struct wait_in *in,
			 struct strbuf *what)
{
	uint32_t children = party_children(a, f->process), n = party_size(a, children);

	if (!n || !(view_of(a, f->process)->caught & SIGNAL_BIT(SIGNAL_CHILD)))
		return;
	in->party = party_union(a, in->party, children);
	in->evidence = EVIDENCE_CANDIDATE;
	strbuf_addf(what, ", or SIGCHLD of %u %s", n, n == 1 ? "child" : "children");
}

bool wait_add_fd(struct analysis *a, const struct fd_wait *f)
{
	struct wait_in in = wait_any(f->from, WAIT_ON_UNKNOWN_THING, f->evidence);

	in.group = f->group;
	in.resource = f->resource;
	if (!is_resource(f->resource)) {
		in.note.unknown = true;
		wait_add(a, &in, "fd %lld%s", (long long)f->fd,
			 f->resource == NODE_NONE
				 ? ", whose number was closed or used again here: the file that is"
				   " watched lives on elsewhere"
				 : "");
		return true;
	}
	const struct snap_resource *r = resource_row(a, f->resource);
	if (f->of_loop && fd_only_ours(a, f->process, f->resource))
		return false;
	in.note.unknown = in.note.partly = f->maybe_timed;
	switch (r->kind) {
	case RESOURCE_PIPE:
		on_pipe(a, f, &in);
		break;
	case RESOURCE_TCP:
	case RESOURCE_UDP:
	case RESOURCE_UNIX:
	case RESOURCE_SOCKET:
		on_socket(a, f, &in);
		break;
	case RESOURCE_PIDFD:
		on_pidfd(a, f, &in);
		break;
	case RESOURCE_TTY:
		on_tty(a, f, &in);
		break;
	case RESOURCE_TIMERFD:
		on_timerfd(a, f, &in);
		break;
	case RESOURCE_EVENTFD:
		on_eventfd(a, f, &in);
		break;
	case RESOURCE_SIGNALFD:
		on_signalfd(a, f);
		return true;
	case RESOURCE_INOTIFY:
		in.on = WAIT_ON_INOTIFY;
		in.new_work = true;
		break;
	case RESOURCE_FILE:
		on_file(a, f, &in);
		break;
	case RESOURCE_IO_URING:
		in.on = WAIT_ON_IO_URING;
		in.note.unknown = true;
		break;
	default:
		in.note.unknown = true;
		break;
	}
	struct strbuf what = { 0 };
	words_fd(a, f, &in, &what);
	if (in.note.signal)
		add_children(a, f, &in, &what);
	wait_add(a, &in, "%s", strbuf_str(&what));
	strbuf_done(&what);
	return true;
}

/* ---- calls on one descriptor ---- */

/* The deadline that lies in the socket itself (SO_RCVTIMEO, SO_SNDTIMEO). */
static struct limit limit_of_socket(const struct analysis *a, node_t thread)
{
	int64_t total, slept = thread_row(a, thread)->blocked_ns;

	if (!fact_value(a, thread, "socket_timeout", &total) || !snap_known(total))
		return (struct limit){ 0 };
	return (struct limit){ .left_ns = snap_known(slept) && slept < total ? total - slept : 0,
			       .timed = true };
}

static void one_fd(struct analysis *a, node_t thread, int arg, bool write, int64_t group)
{
	const struct snap_fd *fd = call_fd(a, thread, arg);
	int64_t timeout;
	struct fd_wait f = { .from = thread,
			     .process = process_of(a, thread),
			     .fd = (int32_t)call_arg(a, thread, arg),
			     .resource = fd ? fd->resource : NODE_UNKNOWN,
			     .write = write,
			     .group = group,
			     .evidence = EVIDENCE_PROVED };

	f.maybe_timed = fact_value(a, thread, "socket_timeout", &timeout) && !snap_known(timeout);
	(void)wait_add_fd(a, &f);
	wait_add_limit(a, thread, group, limit_of_socket(a, thread));
}

void waits_read(struct analysis *a, node_t thread)
{
	one_fd(a, thread, 0, false, 0);
}

void waits_write(struct analysis *a, node_t thread)
{
	one_fd(a, thread, 0, true, 0);
}

/* Has it something to read? TRI_UNKNOWN where its fill is not known. */
static enum tri has_input(const struct analysis *a, const struct snap_fd *fd)
{
	const struct snap_resource *r =
		fd && is_resource(fd->resource) ? resource_row(a, fd->resource) : NULL;

	if (r && r->kind == RESOURCE_FILE)
		return TRI_YES;
	return !r || !snap_known(r->recv_q) ? TRI_UNKNOWN : r->recv_q > 0 ? TRI_YES : TRI_NO;
}

/* It sleeps on the end that is not ready. Where that cannot be told either may end the sleep. */
void waits_copy(struct analysis *a, node_t thread)
{
	bool sendfile = str_starts(call_name(a, thread), "sendfile");
	enum tri input = has_input(a, call_fd(a, thread, sendfile ? 1 : 0));

	if (input != TRI_YES)
		one_fd(a, thread, sendfile ? 1 : 0, false, 0);
	if (input != TRI_NO)
		one_fd(a, thread, sendfile ? 0 : 2, true, 0);
}

/* The number is free already: only what was written before is still under way. */
void waits_close(struct analysis *a, node_t thread)
{
	struct wait_in in = wait_any(thread, WAIT_ON_FILE, EVIDENCE_PROVED);

	in.note.unknown = true;
	wait_add(a, &in,
		 "the end of close() of what was fd %d: its last bytes are not through (SO_LINGER,"
		 " or a file server)",
		 (int)call_arg(a, thread, 0));
}

void waits_accept(struct analysis *a, node_t thread)
{
	one_fd(a, thread, 0, false, 0);
}

/* The network namespace that a connection is made in: the socket's own, for a process may have
 * changed into another since. */
static int64_t net_ns_of(const struct analysis *a, node_t thread, const struct snap_fd *fd)
{
	int64_t own = fd && is_resource(fd->resource) ? resource_row(a, fd->resource)->net_ns
						      : SNAP_UNKNOWN;

	return snap_known(own) ? own : process_row(a, process_of(a, thread))->net_ns;
}

/* A path that begins at no root is another in each directory. */
static bool means_one_place(enum resource_kind kind, const char *address)
{
	return kind != RESOURCE_UNIX || address[0] == '/' || address[0] == '@';
}

/* A full backlog makes connect() wait for accept(). */
void waits_connect(struct analysis *a, node_t thread)
{
	const struct snap_fd *fd = call_fd(a, thread, 0);
	enum resource_kind kind = fd && is_resource(fd->resource)
					  ? (enum resource_kind)resource_row(a, fd->resource)->kind
					  : RESOURCE_SOCKET;
	const char *address = fact_text(a, thread, "connect_to");
	node_t listener = address && means_one_place(kind, address)
				  ? listener_at(a, net_ns_of(a, thread, fd), address)
				  : NODE_UNKNOWN;
	struct wait_in in = wait_any(thread, WAIT_ON_SOCKET, EVIDENCE_READ);
	struct limit l = limit_of_socket(a, thread);

	if (fd && is_resource(fd->resource)) {
		in.on = socket_word(kind);
		in.resource = fd->resource;
	}
	/* TCP gives up by itself when nobody has answered for some minutes (tcp_syn_retries). */
	l.timed |= in.on == WAIT_ON_TCP;
	if (is_resource(listener)) {
		in.about[0] = listener;
		wakers_are(a, &in, listener, SIDE_ANY);
	} else if (fd && is_resource(fd->resource) &&
		   resource_row(a, fd->resource)->outside_held == TRI_YES) {
		in.note.outside = true;
		in.note.who = resource_row(a, fd->resource)->outside;
	} else {
		in.note.unknown = true;
	}
	wait_add(a, &in, "fd %d, a connection to %s", (int)call_arg(a, thread, 0),
		 address ? address
		 : fd && is_resource(fd->resource)
			 ? text_of(a, resource_row(a, fd->resource)->remote)
			 : "an unknown address");
	wait_add_limit(a, thread, 0, l);
}
