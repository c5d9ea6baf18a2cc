/*
 * Is a process frozen, or short of CPU, by a cgroup anywhere on its path?
 *
 * A frozen process shows state S and would be taken for a sleeper. Version 2 has the answer for the
 * whole path in cgroup.events ("frozen 1"); version 1's freezer in freezer.state, "FROZEN" also
 * when an ancestor is. CPU quotas add up along the path, so each level's cpu.stat is looked at.
 * Paths are those of the reader's own cgroup namespace; where the mount shows another subtree
 * nothing is said.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "collectors/collector.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"

/* Where the hierarchies are mounted: pure v2, hybrid, or v1. Fixed by systemd's file-hierarchy(7)
 * and cgroups(7). */
static const char *const unified_mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

static bool read_at(const char *mount, const char *group, const char *file, char *text, size_t cap)
{
	char path[4400];

	(void)snprintf(path, sizeof(path), "%s%s/%s", mount, group, file);
	return fs_read(AT_FDCWD, path, text, cap) >= 0;
}

/* "key 12" lines. */
static bool value_of(const char *text, const char *key, uint64_t *ret)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n) == 0 && line[n] == ' ') {
			const char *p = line + n + 1;
			return scan_u64(&p, 10, ret);
		}
	}
	return false;
}

static void frozen(struct raw_capture *c, const struct raw_process *p, const char *mount,
		   const char *group, const char *file)
{
	char source[256];

	(void)snprintf(source, sizeof(source), "%s%.180s/%s", mount, group, file);
	builder_fact(c->b, p->node, source, "frozen", 1, "frozen by cgroup %.200s", group);
}

static void throttled(struct raw_capture *c, const struct raw_process *p, const char *mount,
		      char *group)
{
	char text[1024], source[256];
	uint64_t times, us;

	/* Every level may have a quota of its own. */
	for (;;) {
		if (read_at(mount, group, "cpu.stat", text, sizeof(text)) &&
		    value_of(text, "nr_throttled", &times) && times) {
			/* Version 1 counts nanoseconds, and under another name. */
			if (!value_of(text, "throttled_usec", &us))
				us = value_of(text, "throttled_time", &us) ? us / 1000 : 0;
			(void)snprintf(source, sizeof(source), "%s%.180s/cpu.stat", mount, group);
			builder_fact(c->b, p->node, source, "throttled", (int64_t)times,
				     "CPU quota held it back %llu times, %llu ms in all",
				     (unsigned long long)times, (unsigned long long)(us / 1000));
			return;
		}
		char *slash = strrchr(group, '/');
		if (!slash || slash == group)
			return;
		*slash = '\0';
	}
}

static void unified(struct raw_capture *c, const struct raw_process *p, char *group)
{
	char text[256];
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(unified_mounts); i++) {
		if (!read_at(unified_mounts[i], group, "cgroup.events", text, sizeof(text)))
			continue;
		if (value_of(text, "frozen", &v) && v)
			frozen(c, p, unified_mounts[i], group, "cgroup.events");
		throttled(c, p, unified_mounts[i], group);
		return;
	}
}

static void process(struct raw_capture *c, struct raw_process *p)
{
	char text[8192], state[32];

	if (p->gone || p->kernel_thread || p->zombie ||
	    fs_read(p->procfd, "cgroup", text, sizeof(text)) <= 0)
		return;
	/* "0::/user.slice" is version 2; "7:freezer:/x" and "3:cpu,cpuacct:/x" are version 1. */
	for (char *line = text, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		char *controllers = strchr(line, ':');
		char *group = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!group)
			continue;
		*group++ = '\0';
		controllers++;
		if (str_eq(group, "/"))
			group = "";
		if (!*controllers && *group)
			unified(c, p, group);
		else if (str_eq(controllers, "freezer") && *group &&
			 read_at("/sys/fs/cgroup/freezer", group, "freezer.state", state,
				 sizeof(state)) &&
			 (str_starts(state, "FROZEN") || str_starts(state, "FREEZING")))
			frozen(c, p, "/sys/fs/cgroup/freezer", group, "freezer.state");
		else if ((str_eq(controllers, "cpu") || str_eq(controllers, "cpu,cpuacct")) &&
			 *group)
			throttled(c, p, "/sys/fs/cgroup/cpu", group);
	}
}

const struct collector collector_cgroup = { .name = "cgroup", .order = 5, .process = process };
