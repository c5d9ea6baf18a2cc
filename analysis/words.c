/*
 * Words for what is waited for; see words.h.
 *
 * A number such as pipe:[4711] says nothing to the person who reads a report; that the other end is
 * in the hands of "sort 4550" does. The numbers stay in the resources.
 */
#include "analysis/words.h"

#include <signal.h>
#include <string.h>

#include "analysis/sentence.h"
#include "core/util.h"

#define NAMED_MAX   2 /* more are counted */
#define SIGNALS_MAX 4

/* "sort 4550", "sort 4550 and sh 3912", "22 processes"; false: the party has no processes to name.
 */
static bool name_party(const struct analysis *a, const char *before, const struct wait_in *in,
		       struct strbuf *out)
{
	node_t named[NAMED_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < party_size(a, in->party); i++) {
		node_t m = party_member(a, in->party, i);
		if (m == in->but || node_table(m) != TABLE_PROCESS)
			continue;
		if (n < NAMED_MAX)
			named[n] = m;
		n++;
	}
	if (n > NAMED_MAX)
		strbuf_addf(out, "%s%u processes", before, n);
	for (uint32_t i = 0; n <= NAMED_MAX && i < n; i++) {
		strbuf_add(out, i ? " and " : before);
		name_node(a, named[i], out);
	}
	return n;
}

void words_holders(const struct analysis *a, const struct wait_in *in, struct strbuf *out)
{
	if (!name_party(a, ", which is held by ", in, out) && in->note.outside &&
	    in->note.who > STR_NONE)
		strbuf_addf(out, ", which is held by %s", text_of(a, in->note.who));
}

static void other_end(struct analysis *a, const struct fd_wait *f, const struct wait_in *in,
		      const char *before, struct strbuf *out)
{
	if (name_party(a, before, in, out))
		return;
	if (in->note.outside && in->note.who > STR_NONE)
		strbuf_addf(out, "%s%s", before, text_of(a, in->note.who));
	else if (fd_only_ours(a, f->process, f->resource))
		strbuf_add(out, " that it has to itself");
}

static void socket_words(struct analysis *a, const struct fd_wait *f, const struct wait_in *in,
			 struct strbuf *out)
{
	const struct snap_resource *r = resource_row(a, f->resource);
	bool queued = is_resource(r->peer) && is_resource(resource_row(a, r->peer)->listener);
	bool local = r->kind == RESOURCE_UNIX;

	if (str_eq(text_of(a, r->state), "LISTEN")) {
		strbuf_addf(out, "new connections on %s", text_of(a, r->text));
		return;
	}
	strbuf_addf(out, "%s%s", local ? "a " : "", text_of(a, r->text));
	if (queued) {
		strbuf_add(out, ", not yet accepted");
		(void)name_party(a, " by ", in, out);
	} else if (r->kind == RESOURCE_UDP && r->peer == NODE_NONE) {
		strbuf_add(out, ", an address that nobody has now");
	} else if (r->peer != NODE_NONE) {
		other_end(a, f, in, local ? " to " : " of ", out);
	}
}

void words_fd(struct analysis *a, const struct fd_wait *f, const struct wait_in *in,
	      struct strbuf *out)
{
	static const char *const standard[] = { " (stdin)", " (stdout)", " (stderr)" };
	const struct snap_resource *r = resource_row(a, f->resource);
	const char *text = text_of(a, r->text);

	strbuf_addf(out, "fd %lld%s, %s", (long long)f->fd,
		    f->fd >= 0 && f->fd < (int64_t)ARRAY_SIZE(standard) ? standard[f->fd] : "",
		    f->write ? "room in " : "");
	switch (r->kind) {
	case RESOURCE_PIPE:
		strbuf_add(out, str_eq(text_of(a, r->detail), "fifo") ? text : "a pipe");
		other_end(a, f, in, f->write ? " to " : " from ", out);
		break;
	case RESOURCE_TCP:
	case RESOURCE_UDP:
	case RESOURCE_UNIX:
	case RESOURCE_SOCKET:
		socket_words(a, f, in, out);
		break;
	case RESOURCE_TTY:
		strbuf_addf(out, "%s%s", text[0] == '/' ? "the terminal " : "", text);
		break;
	case RESOURCE_TIMERFD:
		strbuf_add(out, in->note.timed ? "a timer" : "a timer that is not set");
		break;
	case RESOURCE_EVENTFD:
		strbuf_add(out, "an eventfd");
		other_end(a, f, in, " of ", out);
		break;
	case RESOURCE_INOTIFY:
		strbuf_add(out, "watched files");
		break;
	default:
		strbuf_add(out, text);
		break;
	}
}

const char *words_futex(const char *kind)
{
	static const struct {
		const char *kind, *words;
	} table[] = {
		{ "mutex normal", "a mutex" },
		{ "mutex recursive", "a recursive mutex" },
		{ "mutex errorcheck", "a mutex" },
		{ "mutex adaptive", "a mutex" },
		{ "rwlock read", "a lock to read" },
		{ "rwlock write", "a lock to write" },
		{ "cond", "a condition variable" },
		{ "sem", "a semaphore" },
		{ "barrier", "a barrier" },
		{ "once", "what is to be done once" },
		{ "static", "the first use of a static variable" },
		{ "futex", "a futex" },
		{ "lock", "a lock" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (str_eq(kind, table[i].kind))
			return table[i].words;
	return str_starts(kind, "mutex")
		       ? strstr(kind, "pi") ? "a mutex with priority inheritance" : "a robust mutex"
		       : kind;
}

void words_signals(uint64_t mask, struct strbuf *out)
{
	unsigned n = 0;

	if (!mask || __builtin_popcountll(mask) > SIGNALS_MAX)
		return;
	for (int sig = 1; sig <= 64; sig++) {
		const char *name = mask & 1ULL << (sig - 1) ? sigabbrev_np(sig) : NULL;
		if (!name)
			continue;
		strbuf_addf(out, "%sSIG%s", n++ ? " or " : ", ", name);
	}
}
