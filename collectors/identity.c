/*
 * Who a process is: its program, command line, name, user, parent, age, cgroup, unit, container and
 * namespaces.
 *
 * All of it is what the kernel writes; the command line is the process' own memory and may lie, the
 * program's path does not. What may not be read is left unknown; that the process as a whole is
 * refused is said once, by the acquiring part.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "collectors/identity/cgroup_path.h"
#include "collectors/identity/program.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"

static struct snap_process *row(struct raw_capture *c, const struct raw_process *p)
{
	return SNAP_ROW(c->b->s, PROCESS, node_index(p->node));
}

/* A file that follows the address space. */
static const char *live(const struct raw_process *p, const char *name, char buf[64])
{
	(void)snprintf(buf, 64, "%s%s", p->live, name);
	return buf;
}

static void command_line(struct raw_capture *c, const struct raw_process *p)
{
	CLEANUP(freep) char *text = p->cmdline_n ? malloc(p->cmdline_n + 1) : NULL;
	size_t n = text ? p->cmdline_n : 0;
	char name[256] = "";

	if (text) {
		memcpy(text, p->cmdline, n + 1);
		program_name(text, n, name, sizeof(name));
		size_t program = strnlen(text, n);
		/* For a person: arguments apart by blanks. */
		while (n > 0 && text[n - 1] == '\0')
			n--;
		for (size_t i = 0; i < n; i++)
			if (text[i] == '\0')
				text[i] = ' ';
		if (c->options->redact && program < n)
			row(c, p)->cmdline =
				builder_strf(c->b, "%.*s <redacted>", (int)program, text);
		else
			row(c, p)->cmdline = builder_strn(c->b, text, n);
	} else if (p->kernel_thread) {
		row(c, p)->cmdline = STR_NONE;
	}
	if (name[0])
		row(c, p)->name = builder_str(c->b, name);
	else if (p->kernel_thread)
		row(c, p)->name = builder_strf(c->b, "[%s]", p->stat.comm);
	else if (p->stat.comm[0])
		row(c, p)->name = builder_str(c->b, p->stat.comm);
}

static void program(struct raw_capture *c, const struct raw_process *p)
{
	char path[PATH_MAX], name[64];
	ssize_t n = fs_readlink(p->procfd, live(p, "exe", name), path, sizeof(path));

	if (n >= 0)
		row(c, p)->exe = builder_str(c->b, path);
	else if (n == -ENOENT && p->kernel_thread)
		row(c, p)->exe = STR_NONE;
}

static void group(struct raw_capture *c, const struct raw_process *p)
{
	char text[8192], name[256], file[64];

	if (fs_read(p->procfd, live(p, "cgroup", file), text, sizeof(text)) <= 0)
		return;
	const char *path = cgroup_best_path(text);
	if (!path)
		return;
	row(c, p)->cgroup = builder_str(c->b, path);
	row(c, p)->unit =
		cgroup_unit(path, name, sizeof(name)) ? builder_str(c->b, name) : STR_NONE;
	/* Inside a container its own path may be hidden by a cgroup namespace, so no match is no
	 * proof. */
	if (cgroup_container(path, name, sizeof(name)))
		row(c, p)->container = builder_str(c->b, name);
}

/* "net:[4026531840]" */
static int64_t namespace(const struct raw_process *p, const char *name)
{
	char text[64], path[64];
	uint64_t inode;

	if (fs_readlink(p->procfd, live(p, name, path), text, sizeof(text)) < 0)
		return SNAP_UNKNOWN;
	const char *at = strchr(text, '[');
	if (!at || (at++, !scan_u64(&at, 10, &inode)))
		return SNAP_UNKNOWN;
	return (int64_t)inode;
}

static void namespaces(struct raw_capture *c, const struct raw_process *p)
{
	struct snap_process *r = row(c, p);

	r->mnt_ns = namespace(p, "ns/mnt");
	r->net_ns = namespace(p, "ns/net");
	r->pid_ns = namespace(p, "ns/pid");
	r->user_ns = namespace(p, "ns/user");
}

/* Start times are in ticks since boot; the trigger's clock is the monotonic one with another zero.
 */
static int64_t start_ns(const struct raw_capture *c, const struct raw_process *p)
{
	long hz = sysconf(_SC_CLK_TCK);
	int64_t boot_ns = (int64_t)(p->start_ticks * (uint64_t)NSEC_PER_SEC / (uint64_t)hz);

	return boot_ns - clock_boottime_ns() + clock_monotonic_ns() - c->clock_zero_ns;
}

static void numbers(struct raw_capture *c, const struct raw_process *p)
{
	struct snap_process *r = row(c, p);
	char state[2] = { p->stat.state, '\0' };
	struct raw_status status;

	r->outside = p->outside;
	if (p->hidden) {
		/* That it is its parent's child is all that is known of it. */
		r->parent =
			p->parent < c->processes.n ? c->processes.v[p->parent].node : NODE_UNKNOWN;
		return;
	}
	r->state = builder_str(c->b, p->gone ? "gone" : state);
	if (!p->stat.state)
		return; /* never seen alive */
	r->ppid = p->stat.ppid;
	r->pgid = p->stat.pgrp;
	r->sid = p->stat.session;
	r->start_ns = start_ns(c, p);
	if (p->ns_pid)
		r->ns_pid = p->ns_pid;
	if (p->parent < c->processes.n)
		r->parent = c->processes.v[p->parent].node;
	if (p->threads.n && p->threads.v[0].status.known)
		status = p->threads.v[0].status;
	else if (raw_status_read(p->procfd, "status", &status) < 0)
		return;
	r->uid = status.uid;
	r->gid = status.gid;
	if (p->zombie)
		r->ns_pid = status.ns_pid;
}

static void process(struct raw_capture *c, struct raw_process *p)
{
	numbers(c, p);
	command_line(c, p);
	if (p->gone || p->zombie)
		return;
	program(c, p);
	group(c, p);
	namespaces(c, p);
}

const struct collector collector_identity = { .name = "identity",
					      .order = -10,
					      .process = process };
