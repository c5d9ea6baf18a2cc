/* Descriptors: what each is, who waits on it, and who else holds it. */
#include <inttypes.h>

#include "formats/text/text.h"
#include "snapshot/schema.h"

enum { HOLDERS_SHOWN = 4 };

static void add_holders(struct strbuf *b, const struct text *t, const struct snap_fd *fd)
{
	struct snap_list l = snap_resource_fds(t->x, node_index(fd->resource));
	node_t last = fd->owner;
	uint32_t others = 0;

	for (uint32_t i = 0; i < l.n; i++) {
		node_t owner = SNAP_ROW(t->s, FD, l.v[i])->owner;
		if (owner == fd->owner || owner == last)
			continue;
		last = owner;
		if (others < HOLDERS_SHOWN) {
			strbuf_add(b, others ? ", " : "  also held by ");
			label_process(b, t->s, owner);
		}
		others++;
	}
	if (others > HOLDERS_SHOWN)
		strbuf_addf(b, " … %u in all", others);
}

static void add_resource(struct strbuf *b, const struct text *t, const struct snap_fd *fd)
{
	const struct snap_resource *r = SNAP_ROW(t->s, RESOURCE, node_index(fd->resource));
	const char *state = snap_str(t->s, r->state), *outside = snap_str(t->s, r->outside);

	strbuf_addf(b, "  %s", snap_str(t->s, r->text));
	if (state[0])
		strbuf_addf(b, "  %s", state);
	if (snap_known(r->recv_q) && r->recv_q)
		strbuf_addf(b, "  %" PRId64 " unread", r->recv_q);
	if (snap_known(r->send_q) && r->send_q)
		strbuf_addf(b, "  %" PRId64 " unsent", r->send_q);
	if (snap_known(r->fill) && r->fill)
		strbuf_addf(b, "  fill %" PRId64, r->fill);
	if (outside[0])
		strbuf_addf(b, "  held outside by %s", outside);
}

static void print_fd(struct text *t, const struct snap_fd *fd)
{
	struct strbuf b = { 0 };

	strbuf_addf(&b, "fd %-4" PRId64 " %-12s", fd->fd, snap_str(t->s, fd->kind));
	if (node_table(fd->resource) == TABLE_RESOURCE)
		add_resource(&b, t, fd);
	if (span_known(fd->armed_by) && fd->armed_by.n) {
		strbuf_add(&b, "  waited on by ");
		for (uint32_t i = 0; i < fd->armed_by.n && i < HOLDERS_SHOWN; i++) {
			strbuf_add(&b, i ? ", " : "");
			label_short(&b, t->x, *SNAP_ROW(t->s, REF, fd->armed_by.first + i));
		}
	} else if (snap_str(t->s, fd->mask)[0]) {
		strbuf_addf(&b, "  registered, not armed (mask %s)", snap_str(t->s, fd->mask));
	}
	if (node_table(fd->resource) == TABLE_RESOURCE)
		add_holders(&b, t, fd);
	text_wrap(t, STYLE_PLAIN, "  ", "          ", strbuf_str(&b));
	strbuf_done(&b);
}

void text_fds(struct text *t)
{
	for (uint32_t p = 0; p < SNAP_N(t->s, PROCESS); p++) {
		struct snap_list l = snap_children(t->x, TABLE_FD, NODE(TABLE_PROCESS, p));
		struct strbuf b = { 0 };

		label_process(&b, t->s, NODE(TABLE_PROCESS, p));
		if (l.n)
			text_line(t, STYLE_TITLE, "FDS OF %s (%u)", strbuf_str(&b), l.n);
		else if (SNAP_ROW(t->s, PROCESS, p)->exit.presence != PRESENCE_HERE &&
			 SNAP_ROW(t->s, PROCESS, p)->fds_seen != TRI_YES)
			text_line(t, STYLE_TITLE, "FDS OF %s: could not be read", strbuf_str(&b));
		strbuf_done(&b);
		for (uint32_t i = 0; i < l.n; i++)
			print_fd(t, SNAP_ROW(t->s, FD, l.v[i]));
	}
}
