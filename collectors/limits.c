/*
 * Limits that make programs wait or fail: descriptors and processes. Only what is near its limit is
 * worth a fact about descriptors; the soft limits themselves are recorded always.
 */
#include <stdio.h>
#include <string.h>

#include "collectors/collector.h"
#include "core/fs.h"
#include "core/parse.h"
#include "core/util.h"

static const struct {
	const char *line, *key, *what;
} wanted[] = {
	{ "Max open files", "limit_nofile", "descriptors" },
	{ "Max processes", "limit_nproc", "processes of its user" },
};

static void process(struct raw_capture *c, struct raw_process *p)
{
	char source[48], text[2048];

	if (p->gone || p->zombie || p->kernel_thread ||
	    fs_read(p->procfd, "limits", text, sizeof(text)) <= 0)
		return;
	(void)snprintf(source, sizeof(source), "/proc/%d/limits", p->pid);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const char *at = strstr(text, wanted[i].line);
		uint64_t soft;
		if (!at)
			continue;
		at += strlen(wanted[i].line);
		scan_blanks(&at);
		if (scan_u64(&at, 10, &soft))
			builder_fact(c->b, p->node, source, wanted[i].key, (int64_t)soft,
				     "at most %llu %s", (unsigned long long)soft, wanted[i].what);
	}
}

const struct collector collector_limits = { .name = "limits", .process = process };
