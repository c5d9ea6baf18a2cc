/*
 * Reading command lines and AT_RANDOM; see words.h.
 *
 * Both lie in pages of the process, and a page may be one that nobody ever brings. Readers that can
 * be given up fetch them (readers.h), after the looks: a process whose command line cannot be had
 * keeps its stacks.
 */
#include "acquire/words.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "acquire/readers.h"
#include "core/fs.h"
#include "core/util.h"

/* Of a longer command line only this much is kept: it is for people to read. */
enum { CMDLINE_MAX = 16384 };

static void read_cmdline(struct acquirer *a, struct raw_process *p, int dir)
{
	char path[64], *text = acquirer_alloc(a, CMDLINE_MAX);

	if (!text)
		return;
	(void)snprintf(path, sizeof(path), "%scmdline", p->live);
	ssize_t n = fs_read(dir, path, text, CMDLINE_MAX);
	arena_trim(&a->local, text, n < 0 ? 0 : (size_t)n + 1);
	if (n < 0)
		return;
	p->cmdline = text;
	p->cmdline_n = (size_t)n;
}

static void read_at_random(struct raw_process *p, int dir, int memfd)
{
	Elf64_auxv_t vector[64];
	char path[64];

	(void)snprintf(path, sizeof(path), "%sauxv", p->live);
	ssize_t n = memfd < 0 ? -1 : fs_read(dir, path, (char *)vector, sizeof(vector));
	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(vector[0]); i++) {
		if (vector[i].a_type != AT_RANDOM)
			continue;
		p->at_random_known =
			pread(memfd, p->at_random, sizeof(p->at_random),
			      (off_t)vector[i].a_un.a_val) == (ssize_t)sizeof(p->at_random);
		return;
	}
}

static void read_words(struct acquirer *a, struct raw_process *p)
{
	struct process_dir d = process_dir(p);
	bool own;

	if (d.fd < 0)
		return;
	read_cmdline(a, p, d.fd);
	int memfd = process_memory(p, &own);
	read_at_random(p, d.fd, memfd);
	if (own)
		(void)fd_close(memfd);
	process_dir_done(&d);
}

static bool has_words(const struct raw_process *p)
{
	return !p->gone && !p->zombie && !p->kernel_thread && !p->stuck && !p->cmdline &&
	       p->refused_error != -ETIMEDOUT;
}

void words_read(struct acquirer *a)
{
	readers_run(a, has_words, read_words, READER_LOSES_LITTLE);
}
