/*
 * Waits for System V semaphores and messages, and for POSIX message queues.
 *
 * Any process may use them, so somebody unknown always can end such a wait. Of a semaphore the
 * kernel tells who changed it last: of one that serves as a lock that is its holder, and the one to
 * look at. A circle of such holders is as much as can ever be seen of a deadlock between them, and
 * only inferred.
 */
#include <stdio.h>

#include "analysis/sentence.h"
#include "analysis/waits.h"
#include "core/util.h"

/* The fact of the n-th semaphore of the set. */
static const struct snap_fact *semaphore(const struct analysis *a, node_t thread, unsigned n)
{
	struct snap_list l = snap_facts_about(&a->x, thread);

	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_fact *f = SNAP_ROW(a->s, FACT, l.v[i]);
		if (str_eq(text_of(a, f->key), "sem_last") && n-- == 0)
			return f;
	}
	return NULL;
}

/* Who used it last is the one who may be expected to use it again. */
static void expect(struct analysis *a, node_t thread, int64_t pid, struct wait_in *in,
		   struct strbuf *out)
{
	node_t p = pid ? snap_process_by_pid(&a->x, pid) : NODE_UNKNOWN;

	if (!pid)
		strbuf_add(out, "nobody");
	else if (p == NODE_UNKNOWN)
		strbuf_addf(out, "process %lld, which is gone", (long long)pid);
	else if (p == process_of(a, thread))
		strbuf_add(out, "itself");
	else
		name_node(a, p, out);
	if (p == NODE_UNKNOWN || p == process_of(a, thread) || view_of(a, p)->exited)
		return;
	in->party = party_of(a, &p, 1);
	in->evidence = EVIDENCE_CANDIDATE;
	in->note.partly = true;
}

static void waits_semaphore(struct analysis *a, node_t thread, struct wait_in *in)
{
	const char *op = fact_text(a, thread, "semop");
	const struct snap_fact *last;
	struct strbuf who = { 0 };
	unsigned number = 0;
	int set = (int)call_arg(a, thread, 0);

	/* "semaphore 2 of set 5, -1" */
	last = op && sscanf(op, "semaphore %u of", &number) == 1 ? semaphore(a, thread, number)
								 : NULL;
	if (!last) {
		wait_add(a, in, "a semaphore of set %d, which any process may change", set);
		return;
	}
	expect(a, thread, last->value, in, &who);
	wait_add(a, in, "semaphore %u of set %d, last changed by %s", number, set,
		 strbuf_str(&who));
	strbuf_done(&who);
}

static void waits_message(struct analysis *a, node_t thread, bool sends, struct wait_in *in)
{
	struct strbuf who = { 0 };
	int64_t pid = 0;
	int queue = (int)call_arg(a, thread, 0);

	if (fact_value(a, thread, "msg_last", &pid))
		expect(a, thread, pid, in, &who);
	else
		strbuf_add(&who, "somebody unknown");
	wait_add(a, in,
		 sends ? "room in message queue %d, last read by %s"
		       : "a message in queue %d, last sent to by %s",
		 queue, strbuf_str(&who));
	strbuf_done(&who);
}

static void waits_posix_queue(struct analysis *a, node_t thread, bool sends, struct wait_in *in)
{
	const struct snap_fd *fd = call_fd(a, thread, 0);

	if (fd && is_resource(fd->resource)) {
		in->resource = fd->resource;
		in->party = party_seen_by(
			a, party_holders(a, fd->resource, sends ? SIDE_READS : SIDE_WRITES),
			thread);
		in->evidence = EVIDENCE_CANDIDATE;
	}
	wait_add(a, in, "fd %d, %s message queue %s", (int)call_arg(a, thread, 0),
		 sends ? "room in" : "a message in",
		 is_resource(in->resource) ? text_of(a, resource_row(a, in->resource)->text) : "");
}

void waits_ipc(struct analysis *a, node_t thread)
{
	const char *call = call_name(a, thread);
	struct wait_in in = wait_any(thread, WAIT_ON_SYSV, EVIDENCE_PROVED);

	in.note.unknown = true;
	if (str_starts(call, "sem"))
		waits_semaphore(a, thread, &in);
	else if (str_starts(call, "msg"))
		waits_message(a, thread, str_eq(call, "msgsnd"), &in);
	else
		waits_posix_queue(a, thread, str_eq(call, "mq_timedsend"), &in);
	if (str_starts(call, "mq_timed"))
		wait_add_limit(a, thread, 0, limit_of_pointer(a, thread, 4));
	if (str_eq(call, "semtimedop"))
		wait_add_limit(a, thread, 0, limit_of_pointer(a, thread, 3));
}
