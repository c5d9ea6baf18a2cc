/* What nobody is left to end, and what lies unread; see sentence_parts.h. */
#include "analysis/sentence_parts.h"

#include "analysis/unserved.h"
#include "core/util.h"

/*
 * The entry of an epoll set that a step waits for, or any of a set in which nothing is armed, when
 * it has input of which nobody will be told; NULL. An end of file counts as input in the kernel's
 * queue of a socket, but is none.
 */
static const struct snap_watch *missed_event(const struct claim *c, const struct step *s)
{
	const struct analysis *a = c->a;
	node_t thread = s->sleeper;
	bool none_armed = wait_row(a, s->wait)->on == WAIT_ON_EPOLL;
	const struct snap_fd *set =
		node_table(thread) == TABLE_THREAD && str_starts(call_name(a, thread), "epoll")
			? snap_fd_of(&a->x, process_of(a, thread), (int32_t)call_arg(a, thread, 0))
			: NULL;
	struct snap_list l = set && is_resource(set->resource)
				     ? snap_children(&a->x, TABLE_WATCH, set->resource)
				     : (struct snap_list){ 0 };

	for (uint32_t i = 0; i < l.n; i++) {
		const struct snap_watch *w = SNAP_ROW(a->s, WATCH, l.v[i]);
		const struct snap_resource *r =
			is_resource(w->resource) ? resource_row(a, w->resource) : NULL;
		bool stream = r && (r->kind == RESOURCE_TCP || r->kind == RESOURCE_UNIX);
		bool meant = none_armed ||
			     (w->edge && w->armed && w->resource == wait_row(a, s->wait)->resource);
		if (r && meant && snap_known(r->recv_q) && r->recv_q > 0 &&
		    (!stream || str_eq(text_of(a, r->state), "ESTABLISHED")))
			return w;
	}
	return NULL;
}

/* Input that lies ready while its reader sleeps is what a person would never look for. */
void tell_unread(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	for (uint32_t i = 0; i < f->steps; i++) {
		const struct step *s = claim_step(c, i);
		if (s->wait == GRAPH_NONE || is_outside(c->a, s->sleeper))
			continue;
		const struct snap_resource *overslept = input_overslept(c, i);
		if (overslept) {
			name_node(c->a, s->sleeper, out);
			strbuf_addf(out, " ought to be awake: %lld byte%s unread there, ",
				    (long long)overslept->recv_q,
				    overslept->recv_q == 1 ? " lies" : "s lie");
			strbuf_add(out, overslept->kind == RESOURCE_PIPE
						? "for which it was not woken. "
						: "for which it was not woken, or which is less"
						  " than it asks for at once (SO_RCVLOWAT). ");
			return;
		}
		const struct snap_watch *w = missed_event(c, s);
		if (!w)
			continue;
		int64_t unread = resource_row(c->a, w->resource)->recv_q;
		name_node(c->a, s->sleeper, out);
		strbuf_addf(
			out, " has fd %lld with %lld byte%s unread, which %s. ", (long long)w->fd,
			(long long)unread, unread == 1 ? "" : "s",
			w->armed
				? "is watched for changes only (EPOLLET), and was told of once"
				: "is not armed: it was told of once (EPOLLONESHOT) or is not wanted");
		return;
	}
}

/* More of them would point at nothing. */
#define UNSERVED_MAX 3

static void tell_unserved(const struct analysis *a, node_t process, struct strbuf *out)
{
	struct snap_list fds = snap_children(&a->x, TABLE_FD, process);
	const struct snap_fd *found[UNSERVED_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < fds.n; i++) {
		const struct snap_fd *fd = SNAP_ROW(a->s, FD, fds.v[i]);
		if (!is_unserved(a, fd))
			continue;
		if (n == UNSERVED_MAX)
			return;
		found[n++] = fd;
	}
	if (!n)
		return;
	strbuf_add(out, " Perhaps it was to come through");
	for (uint32_t i = 0; i < n; i++)
		strbuf_addf(out, "%s fd %lld, %s", i ? " or" : "", (long long)found[i]->fd,
			    text_of(a, resource_row(a, found[i]->resource)->text));
	strbuf_add(out,
		   ": its other end is closed, that was read, and no task serves it any more.");
}

/* Of what a sleeper waits for, where nobody who counts has a reference. */
static const char *who_has_it(const struct claim *c)
{
	node_t sleeper = claim_step(c, c->last)->sleeper;
	int64_t it;

	if (fact_value(c->a, sleeper, "setters_own_loop", &it))
		return "That only its own event loop would do, which it holds up";
	if (fact_value(c->a, sleeper, "setters_wait", &it))
		return "Only others that wait for the same have a reference to that";
	return "Nobody else has a reference to that any more";
}

void tell_exit(const struct snap_exit *e, struct strbuf *out)
{
	strbuf_add(out, " has exited");
	if (snap_known(e->code))
		strbuf_addf(out, " with status %lld", (long long)e->code);
	else if (snap_known(e->signal))
		strbuf_addf(out, " by signal %lld", (long long)e->signal);
}

void tell_lost(const struct claim *c, const struct finding *f, struct strbuf *out)
{
	node_t gone = c->a->notes.v[claim_step(c, c->last)->wait].gone;
	bool process_gone = node_table(f->end) == TABLE_PROCESS && f->end == gone;

	if (process_gone) {
		name_node(c->a, gone, out);
		tell_exit(&process_row(c->a, gone)->exit, out);
		strbuf_add(out, ", and its one event is spent. ");
	}
	tell_unread(c, f, out);
	if (setter_is_gone(c, f))
		strbuf_addf(out, "%s, so nobody is left who could end the wait", who_has_it(c));
	else
		strbuf_add(out, "Nobody is left who could end that wait");
	if (f->can_end == CAN_END_TIMER) {
		strbuf_add(out, "; a deadline will, ");
		tell_seconds(out, nearest_deadline(c));
	}
	strbuf_add_char(out, '.');
	if (setter_is_gone(c, f))
		tell_unserved(c->a, process_of(c->a, claim_step(c, c->last)->sleeper), out);
}
