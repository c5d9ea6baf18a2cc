/*
 * Fuzzes the readers of kernel text about one process: stat, status, syscall, stack, sched, cgroup,
 * cmdline and the links in fd. The names in them are the process's own choice. The first byte says
 * which; one input is one file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "acquire/sight.h"
#include "collectors/fd/link.h"
#include "collectors/identity/cgroup_path.h"
#include "collectors/identity/program.h"
#include "collectors/threads/sched.h"
#include "core/strbuf.h"
#include "raw/kernel_stack.h"
#include "raw/stat.h"
#include "raw/syscalls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What was written must end inside its buffer. */
static void must_end(const char *text, size_t cap)
{
	if (strnlen(text, cap) == cap)
		abort();
}

static void stat_line(char *text, size_t n)
{
	struct raw_stat s;

	if (raw_stat_parse(text, &s) == 0)
		must_end(s.comm, sizeof(s.comm));
}

static void status(char *text, size_t n)
{
	struct raw_status s;

	if (raw_status_parse(text, &s) == 0)
		must_end(s.name, sizeof(s.name));
}

static void call(char *text, size_t n)
{
	struct look_call c;

	if (look_parse_call(text, &c) < 0)
		return;
	struct strbuf b = { 0 };
	syscall_describe(&b, c.nr, c.args, 1);
	strbuf_done(&b);
}

static void stack(char *text, size_t n)
{
	struct kernel_frame f;
	size_t frames = 0;

	for (const char *p = text; kernel_stack_next(&p, &f); frames++) {
		must_end(f.function, sizeof(f.function));
		must_end(f.module, sizeof(f.module));
	}
	if (frames > n)
		abort();
}

static void sched(char *text, size_t n)
{
	int64_t ns;

	(void)sched_exec_start_ns(text, &ns);
}

static void cgroup(char *text, size_t n)
{
	const char *path = cgroup_best_path(text);
	char unit[64], container[64];

	if (!path)
		return;
	if (cgroup_unit(path, unit, sizeof(unit)))
		must_end(unit, sizeof(unit));
	if (cgroup_container(path, container, sizeof(container)))
		must_end(container, sizeof(container));
}

static void cmdline(char *text, size_t n)
{
	char name[64];

	program_name(text, n, name, sizeof(name));
	must_end(name, sizeof(name));
}

static void link_text(char *text, size_t n)
{
	struct fd_link l = fd_link_parse(text);

	if (!l.word)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const readers[])(char *, size_t) = { stat_line, status, call,    stack,
							   sched,     cgroup, cmdline, link_text };

	if (!n)
		return 0;
	char *text = malloc(n);
	if (!text)
		return 0;
	memcpy(text, data + 1, n - 1);
	text[n - 1] = '\0';
	readers[data[0] % (sizeof(readers) / sizeof(readers[0]))](text, n - 1);
	free(text);
	return 0;
}
