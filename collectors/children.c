/*
 * Children that have ended and were not waited for: they keep their exit status until somebody
 * asks, and a parent that waits for something else will not.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "collectors/collector.h"
#include "core/fs.h"
#include "core/strbuf.h"

/* Names in a fact's text; the count is complete. */
#define NAMED_MAX 8

/*
 * The kernel shows the status of an ended process to whom it would show its memory, and 0 to the
 * others: exit status 0 and "may not know" look the same, so another file with the same condition
 * is asked.
 */
static bool may_know(const struct raw_process *p)
{
	char text[256];

	return fs_read(p->procfd, "syscall", text, sizeof(text)) >= 0;
}

static void process(struct raw_capture *c, struct raw_process *p)
{
	struct snap_exit *exit = &SNAP_ROW(c->b->s, PROCESS, node_index(p->node))->exit;
	char source[48];

	if (!p->zombie) {
		if (!p->gone)
			exit->presence = PRESENCE_NONE;
		return;
	}
	(void)snprintf(source, sizeof(source), "/proc/%d/stat", p->pid);
	builder_fact(c->b, p->node, source, "exited", 1,
		     "it has exited, and nobody has waited for it");
	exit->presence = PRESENCE_HERE;
	exit->reaped_by = NODE_NONE;
	if (!p->stat.exit_code && !may_know(p))
		return;
	int status = p->stat.exit_code;
	exit->code = WIFEXITED(status) ? WEXITSTATUS(status) : SNAP_NONE;
	exit->signal = WIFSIGNALED(status) ? WTERMSIG(status) : SNAP_NONE;
}

static void tree(struct raw_capture *c)
{
	if (c->outside_done)
		return; /* the second round: our own were described in the first */
	for (size_t i = 0; i < c->processes.n; i++) {
		const struct raw_process *parent = &c->processes.v[i];
		struct strbuf text = { 0 };
		char source[48];
		int64_t n = 0;

		if (parent->gone || parent->zombie)
			continue;
		for (size_t k = 0; k < c->processes.n; k++) {
			const struct raw_process *p = &c->processes.v[k];
			if (!p->zombie || p->parent != i)
				continue;
			if (n++ < NAMED_MAX)
				strbuf_addf(&text, " %d", p->pid);
		}
		if (n) {
			(void)snprintf(source, sizeof(source), "/proc/%d/task/*/children",
				       parent->pid);
			builder_fact(c->b, parent->node, source, "zombie_children", n,
				     "%lld ended and not waited for:%s%s", (long long)n,
				     strbuf_str(&text), n > NAMED_MAX ? " …" : "");
		}
		strbuf_done(&text);
	}
}

const struct collector collector_children = { .name = "children",
					      .process = process,
					      .tree = tree };
