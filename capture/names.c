/*
 * Better names, once everything has been read.
 *
 * The kernel calls a thread what its creator is called, and twenty children by their one program. A
 * person calls them by what the language's library knows (threading's and multiprocessing's names),
 * or by the argument in which their command lines differ. A thread takes that name in place of the
 * other one; a process has it behind: "worker.py[7]".
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "capture/session.h"
#include "core/strbuf.h"
#include "core/util.h"

enum { TAG_MAX_BYTES = 24, WORDS_MAX = 256 };

/* ---- threads ---- */

/* The kernel's name of a thread is its creator's until somebody sets it, and 15 bytes long. */
static bool says_nothing(const struct snapshot *s, node_t thread, const char *better)
{
	const struct snap_thread *t = SNAP_ROW(s, THREAD, node_index(thread));
	const char *name = snap_str(s, t->name);

	if (strlen(name) == 15 && str_starts(better, name))
		return true;
	for (uint32_t i = 0; i < SNAP_N(s, THREAD); i++) {
		const struct snap_thread *other = SNAP_ROW(s, THREAD, i);
		if (other->owner == t->owner &&
		    other->tid == SNAP_ROW(s, PROCESS, node_index(t->owner))->pid)
			return other != t && str_eq(snap_str(s, other->name), name);
	}
	return false;
}

/* ---- processes ---- */

static void tag(struct raw_capture *c, node_t process, const char *text, size_t n)
{
	struct snap_process *p = SNAP_ROW(c->b->s, PROCESS, node_index(process));
	const char *name = snap_str(c->b->s, p->name);
	struct strbuf b = { 0 };

	if (!n || n > TAG_MAX_BYTES || !name[0])
		return;
	strbuf_addf(&b, "%.*s", (int)n, text);
	if (!strstr(name, strbuf_str(&b))) {
		str_t tagged = builder_strf(c->b, "%s[%s]", name, strbuf_str(&b));
		SNAP_ROW(c->b->s, PROCESS, node_index(process))->name = tagged;
	}
	strbuf_done(&b);
}

/* The k-th word of a command line. */
static const char *word(const char *line, unsigned k, size_t *ret_n)
{
	for (;; k--) {
		line += strspn(line, " ");
		*ret_n = strcspn(line, " ");
		if (!k || !*ret_n)
			return line;
		line += *ret_n;
	}
}

/* What a person would read out of it: the last part of a path, without quotes and brackets. */
static const char *core_of(const char *w, size_t *n)
{
	while (*n && !isalnum((unsigned char)w[*n - 1]))
		--*n;
	for (size_t i = *n; i-- > 0;)
		if (w[i] == '/') {
			*n -= i + 1;
			w += i + 1;
			break;
		}
	for (; *n && !isalnum((unsigned char)*w); --*n)
		w++;
	return w;
}

static bool same_name(const struct snapshot *s, const struct snap_process *a,
		      const struct snap_process *b)
{
	return a->parent == b->parent && !a->outside && !b->outside && a->name == b->name;
}

/* The first word in which the command lines of those who are called alike differ; WORDS_MAX: none.
 */
static unsigned first_difference(const struct snapshot *s, const uint32_t *rows, size_t n)
{
	for (unsigned k = 0; k < WORDS_MAX; k++) {
		size_t first_n, other_n;
		const char *first =
			word(snap_str(s, SNAP_ROW(s, PROCESS, rows[0])->cmdline), k, &first_n);
		if (!first_n)
			return WORDS_MAX;
		for (size_t i = 1; i < n; i++) {
			const char *other = word(
				snap_str(s, SNAP_ROW(s, PROCESS, rows[i])->cmdline), k, &other_n);
			if (!other_n)
				return WORDS_MAX;
			if (other_n != first_n || memcmp(other, first, first_n) != 0)
				return k;
		}
	}
	return WORDS_MAX;
}

static void tell_apart(struct raw_capture *c, const uint32_t *rows, size_t n)
{
	const struct snapshot *s = c->b->s;
	unsigned k = first_difference(s, rows, n);

	for (size_t i = 0; k < WORDS_MAX && i < n; i++) {
		size_t length;
		const char *w =
			word(snap_str(s, SNAP_ROW(s, PROCESS, rows[i])->cmdline), k, &length);
		w = core_of(w, &length);
		tag(c, NODE(TABLE_PROCESS, rows[i]), w, length);
	}
}

static void name_siblings(struct raw_capture *c)
{
	const struct snapshot *s = c->b->s;
	uint32_t n = SNAP_N(s, PROCESS);
	CLEANUP(freep) uint32_t *rows = calloc(n + 1, sizeof(*rows));
	CLEANUP(freep) uint8_t *done = calloc(n + 1, 1);

	for (uint32_t i = 0; rows && done && i < n; i++) {
		const struct snap_process *p = SNAP_ROW(s, PROCESS, i);
		size_t found = 0;
		if (done[i] || p->root || p->outside || p->cmdline <= STR_NONE ||
		    p->forked_not_execed == TRI_YES)
			continue;
		/* Not to be quadratic: the children of one parent follow one another closely in the
		 * tree's order. */
		for (uint32_t k = i; k < n && found < WORDS_MAX; k++)
			if (!done[k] && same_name(s, p, SNAP_ROW(s, PROCESS, k)) &&
			    SNAP_ROW(s, PROCESS, k)->cmdline > STR_NONE) {
				rows[found++] = k;
				done[k] = 1;
			}
		if (found > 1)
			tell_apart(c, rows, found);
	}
}

void join_names(struct raw_capture *c)
{
	struct snapshot *s = c->b->s;

	for (uint32_t i = 0; i < SNAP_N(s, FACT); i++) {
		const struct snap_fact *f = SNAP_ROW(s, FACT, i);
		const char *text = snap_str(s, f->text);
		if (!text[0])
			continue;
		if (node_table(f->about) == TABLE_THREAD &&
		    str_eq(snap_str(s, f->key), "thread_name") && says_nothing(s, f->about, text))
			SNAP_ROW(s, THREAD, node_index(f->about))->name = f->text;
		else if (node_table(f->about) == TABLE_PROCESS &&
			 str_eq(snap_str(s, f->key), "process_name"))
			tag(c, f->about, text, strlen(text));
	}
	name_siblings(c);
}
