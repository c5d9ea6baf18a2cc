/*
 * Signal masks by name: caught and ignored belong to the process, blocked and pending to each
 * thread. The masks themselves were read with the thread's status; here they become facts. So does
 * the signal that stopped a process.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "collectors/collector.h"
#include "core/strbuf.h"
#include "core/util.h"

static void names(struct strbuf *b, uint64_t mask)
{
	for (int sig = 1; sig <= 64; sig++) {
		const char *name = sigabbrev_np(sig);
		if (!(mask >> (sig - 1) & 1))
			continue;
		if (b->n)
			strbuf_add_char(b, ' ');
		if (name)
			strbuf_add(b, name);
		else
			strbuf_addf(b, "%d", sig);
	}
}

static void fact(struct raw_capture *c, node_t about, pid_t pid, pid_t tid, const char *key,
		 uint64_t mask)
{
	struct strbuf text = { 0 };
	char source[64];

	names(&text, mask);
	(void)snprintf(source, sizeof(source), "/proc/%d/task/%d/status", pid, tid);
	builder_fact(c->b, about, source, key, (int64_t)mask, "%s",
		     mask ? strbuf_str(&text) : "none");
	strbuf_done(&text);
}

static void fact_if_any(struct raw_capture *c, node_t about, pid_t pid, pid_t tid, const char *key,
			uint64_t mask)
{
	if (mask)
		fact(c, about, pid, tid, key, mask);
}

/* The kernel keeps the signal that stopped a process where it will keep how it ended. */
static void stopped_by(struct raw_capture *c, const struct raw_process *p)
{
	int by = p->stat.exit_code;
	char source[48];

	if (p->stat.state != 'T' ||
	    (by != SIGSTOP && by != SIGTSTP && by != SIGTTIN && by != SIGTTOU))
		return;
	(void)snprintf(source, sizeof(source), "/proc/%d/stat", p->pid);
	builder_fact(c->b, p->node, source, "stop_signal", by, "stopped by SIG%s",
		     sigabbrev_np(by));
}

static void process(struct raw_capture *c, struct raw_process *p)
{
	const struct raw_status *s = p->threads.n ? &p->threads.v[0].status : NULL;

	stopped_by(c, p);
	if (!s || !s->known)
		return;
	/* Also when it is empty: that no handler can wake anybody is what a proof may need. */
	fact(c, p->node, p->pid, p->threads.v[0].tid, "sig_caught", s->caught);
	fact_if_any(c, p->node, p->pid, p->threads.v[0].tid, "sig_ignored", s->ignored);
	fact_if_any(c, p->node, p->pid, p->threads.v[0].tid, "sig_pending", s->shared_pending);
}

static void thread(struct raw_capture *c, struct raw_process *p, struct raw_thread *t)
{
	if (!t->status.known)
		return;
	fact_if_any(c, t->node, p->pid, t->tid, "sig_blocked", t->status.blocked);
	fact_if_any(c, t->node, p->pid, t->tid, "sig_pending", t->status.pending);
}

const struct collector collector_signals = {
	.name = "signals", .order = 1, .process = process, .thread = thread
};
