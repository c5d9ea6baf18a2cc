/*
 * Reading cgroup paths; see cgroup_path.h. The names are conventions, not kernel facts: docker,
 * libpod, cri-containerd and crio put a container's 64-digit id into a scope or a folder of their
 * own.
 */
#include "collectors/identity/cgroup_path.h"

#include <stdio.h>
#include <string.h>

#include "core/util.h"

/* As people write container ids. */
#define SHORT_ID  12
#define ID_LENGTH 64

const char *cgroup_best_path(char *text)
{
	const char *unified = NULL, *systemd = NULL, *deepest = NULL;

	for (char *line = text, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		controllers++;
		if (!*controllers)
			unified = path;
		else if (str_eq(controllers, "name=systemd"))
			systemd = path;
		if (!deepest || strlen(path) > strlen(deepest))
			deepest = path;
	}
	if (unified && !str_eq(unified, "/"))
		return unified;
	if (systemd && !str_eq(systemd, "/"))
		return systemd;
	return deepest ? deepest : unified;
}

static bool ends_with(const char *s, size_t n, const char *suffix)
{
	size_t k = strlen(suffix);

	return n > k && memcmp(s + n - k, suffix, k) == 0;
}

bool cgroup_unit(const char *path, char *unit, size_t cap)
{
	static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount",
						".swap" };
	bool found = false;

	for (const char *part = path; *part;) {
		size_t n = strcspn(part, "/");
		for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
			if (ends_with(part, n, suffixes[i])) {
				(void)snprintf(unit, cap, "%.*s", (int)n, part);
				found = true;
			}
		}
		part += n + (part[n] == '/');
	}
	return found;
}

/* The length of the hexadecimal number at `s`. */
static size_t id_length(const char *s)
{
	return strspn(s, "0123456789abcdef");
}

static bool managed_container(const char *part, const char *path, char *container, size_t cap)
{
	static const struct {
		const char *prefix, *manager;
	} managers[] = {
		{ "docker-", "docker" },
		{ "libpod-", "podman" },
		{ "cri-containerd-", "kubernetes" },
		{ "crio-", "kubernetes" },
		{ "", "container" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(managers); i++) {
		size_t n = strlen(managers[i].prefix);
		if (!str_starts(part, managers[i].prefix) || id_length(part + n) != ID_LENGTH)
			continue;
		const char *manager = managers[i].manager;
		if (strstr(path, "/kubepods"))
			manager = "kubernetes";
		else if (strstr(path, "/docker/"))
			manager = "docker";
		(void)snprintf(container, cap, "%s %.*s", manager, SHORT_ID, part + n);
		return true;
	}
	return false;
}

static bool named_container(const char *part, size_t n, const char *before, char *container,
			    size_t cap)
{
	static const struct {
		const char *prefix, *suffix, *manager;
	} names[] = {
		{ "lxc.payload.", "", "lxc" },
		{ "machine-", ".scope", "machine" },
		{ "systemd-nspawn@", ".service", "machine" },
	};

	if (str_eq(before, "lxc")) {
		(void)snprintf(container, cap, "lxc %.*s", (int)n, part);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t prefix = strlen(names[i].prefix), suffix = strlen(names[i].suffix);
		if (n <= prefix + suffix || !str_starts(part, names[i].prefix) ||
		    (suffix && !ends_with(part, n, names[i].suffix)))
			continue;
		(void)snprintf(container, cap, "%s %.*s", names[i].manager,
			       (int)(n - prefix - suffix), part + prefix);
		return true;
	}
	return false;
}

bool cgroup_container(const char *path, char *container, size_t cap)
{
	char before[8] = "";
	bool found = false;

	/* The innermost wins: a container in a container is called by its own name. */
	for (const char *part = path; *part;) {
		size_t n = strcspn(part, "/");
		found |= managed_container(part, path, container, cap) ||
			 named_container(part, n, before, container, cap);
		(void)snprintf(before, sizeof(before), "%.*s", (int)MIN(n, sizeof(before)), part);
		part += n + (part[n] == '/');
	}
	return found;
}
