/*
 * Finding targets; see targets.h. A name stands for one tree: of several processes that match,
 * those below another match are left out, and if more than one is left the name is ambiguous. A
 * unit may have several roots, they all are its tree.
 */
#include "cli/targets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/proclist.h"
#include "core/cleanup.h"
#include "core/fs.h"
#include "core/log.h"
#include "core/parse.h"
#include "core/util.h"

static int no_memory(void)
{
	(void)log_err(-ENOMEM, "cannot list processes");
	return EXIT_ERROR;
}

static int add(struct targets *t, pid_t pid)
{
	pid_t *slot = array_push(&t->pids);

	if (!slot)
		return no_memory();
	*slot = pid;
	return EXIT_OK;
}

static int add_missing(struct targets *t, pid_t pid)
{
	pid_t *slot = array_push(&t->missing);

	if (!slot)
		return no_memory();
	*slot = pid;
	log_error("no process %d: it has ended or never was", pid);
	return EXIT_OK;
}

/* A thread's id stands for its process. 0: there is no such process. */
static pid_t process_of(pid_t pid)
{
	char path[64], text[4096];
	uint64_t tgid = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (fs_read(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	const char *p = scan_key(text, "Tgid");
	return p && scan_u64(&p, 10, &tgid) ? (pid_t)tgid : pid;
}

/* Whether the kernel lets us see inside: what the file it runs is called asks for the right to read
 * its state. */
static bool may_look(pid_t pid)
{
	char path[64], exe[PATH_MAX];

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	ssize_t n = fs_readlink(AT_FDCWD, path, exe, sizeof(exe));
	return n != -EACCES && n != -EPERM;
}

static int from_pids(int argc, char **argv, struct targets *t)
{
	for (int i = 0; i < argc; i++) {
		pid_t pid;

		if (parse_pid(argv[i], &pid) < 0)
			return usage_error("\"%.64s\" is no process id", argv[i]);
	}
	for (int i = 0; i < argc; i++) {
		pid_t pid = 0;
		(void)parse_pid(argv[i], &pid);
		pid_t process = process_of(pid);
		int code = process ? add(t, process) : add_missing(t, pid);
		if (code != EXIT_OK)
			return code;
	}
	return t->pids.n ? EXIT_OK : EXIT_GONE;
}

static bool name_matches(const struct proc_entry *e, const char *glob)
{
	return fnmatch(glob, e->comm, 0) == 0 || fnmatch(glob, e->exe_name, 0) == 0 ||
	       fnmatch(glob, e->argv0_name, 0) == 0;
}

/* Whether one of the ancestors is marked, too. */
static bool below_match(const struct proclist *l, const struct proc_entry *e)
{
	const struct proc_entry *up = e;

	for (int depth = 0; depth < 1000 && (up = proclist_find(l, up->ppid)); depth++)
		if (up->matches)
			return true;
	return false;
}

static void list_matches(const struct proclist *l)
{
	for (size_t i = 0; i < l->entries.n; i++) {
		const struct proc_entry *e = &l->entries.v[i];
		if (e->matches && !below_match(l, e))
			log_error("  %d %s", e->pid, e->cmdline[0] ? e->cmdline : e->comm);
	}
}

static int from_name(const char *glob, struct targets *t)
{
	CLEANUP(proclist_done) struct proclist l = { .entries = { NULL, 0, 0 } };
	size_t n = 0;
	int r = proclist_read(&l);

	if (r < 0) {
		(void)log_err(r, "cannot list processes");
		return EXIT_ERROR;
	}
	for (size_t i = 0; i < l.entries.n; i++)
		l.entries.v[i].matches =
			l.entries.v[i].pid != getpid() && name_matches(&l.entries.v[i], glob);
	for (size_t i = 0; i < l.entries.n; i++)
		if (l.entries.v[i].matches && !below_match(&l, &l.entries.v[i]) && n++ == 0 &&
		    add(t, l.entries.v[i].pid) != EXIT_OK)
			return EXIT_ERROR;
	if (n == 0) {
		log_error("no process is called \"%.64s\"", glob);
		return EXIT_GONE;
	}
	if (n == 1)
		return EXIT_OK;
	(void)usage_error("%zu processes are called \"%.64s\", say which by its PID:", n, glob);
	list_matches(&l);
	return EXIT_USAGE;
}

/* The path of the cgroup up to the component that is the unit; 0 when there is none. */
static size_t unit_prefix(const char *cgroup, const char *unit)
{
	size_t n = strlen(unit);

	for (const char *p = cgroup; (p = strstr(p, unit)); p++)
		if (p > cgroup && p[-1] == '/' && (p[n] == '/' || p[n] == '\0'))
			return (size_t)(p - cgroup) + n;
	return 0;
}

static int from_unit(const char *unit, struct targets *t)
{
	CLEANUP(proclist_done) struct proclist l = { .entries = { NULL, 0, 0 } };
	char name[256], first[PATH_MAX] = "";
	bool several = false;
	int r = proclist_read(&l);

	if (r < 0) {
		(void)log_err(r, "cannot list processes");
		return EXIT_ERROR;
	}
	(void)snprintf(name, sizeof(name), "%s%s", unit, strchr(unit, '.') ? "" : ".service");
	for (size_t i = 0; i < l.entries.n; i++) {
		struct proc_entry *e = &l.entries.v[i];
		size_t n = unit_prefix(e->cgroup, name);

		e->matches = n > 0;
		if (n && !first[0])
			(void)snprintf(first, sizeof(first), "%.*s", (int)n, e->cgroup);
		several |= n && strncmp(first, e->cgroup, n) != 0;
	}
	if (!first[0]) {
		log_error("no process runs in unit %.64s", name);
		return EXIT_GONE;
	}
	if (several) {
		(void)usage_error(
			"unit %.64s runs in several places, say which process by its PID:", name);
		list_matches(&l);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < l.entries.n; i++)
		if (l.entries.v[i].matches && !below_match(&l, &l.entries.v[i]) &&
		    add(t, l.entries.v[i].pid) != EXIT_OK)
			return EXIT_ERROR;
	return EXIT_OK;
}

/* Of several roots those that may be looked at make a report, and the rest is a hole in it. */
static int check_rights(const struct targets *t)
{
	for (size_t i = 0; i < t->pids.n; i++)
		if (may_look(t->pids.v[i]))
			return EXIT_OK;
	log_error(
		"may not look at process %d: it belongs to another user or is protected; run as its user or as root",
		t->pids.v[0]);
	return EXIT_DENIED;
}

int targets_find(const struct options *o, int argc, char **argv, struct targets *ret)
{
	int code;

	if ((o->name != NULL) + (o->unit != NULL) + (argc > 0) != 1)
		return usage_error("say what to look at: PIDs, --name GLOB or --unit UNIT");
	*ret = (struct targets){ .pids = { NULL, 0, 0 } };
	if (o->name)
		code = from_name(o->name, ret);
	else if (o->unit)
		code = from_unit(o->unit, ret);
	else
		code = from_pids(argc, argv, ret);
	if (code == EXIT_OK)
		code = check_rights(ret);
	if (code != EXIT_OK)
		targets_done(ret);
	return code;
}

void targets_done(struct targets *t)
{
	array_done(&t->pids);
	array_done(&t->missing);
}
