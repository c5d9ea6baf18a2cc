/* See unserved.h. An end of file that nobody has read is another thing: a leak, of which nobody
 * took notice. */
#include "analysis/unserved.h"

#include "analysis/waits.h"
#include "core/util.h"

bool setter_is_gone(const struct claim *c, const struct finding *f)
{
	const struct step *last = claim_step(c, c->last);

	return f->class == VERDICT_LOST_PEER && last->wait != GRAPH_NONE &&
	       span_known(setters_of(c->a, last->sleeper));
}

bool is_unserved(const struct analysis *a, const struct snap_fd *fd)
{
	if (!is_resource(fd->resource) || (span_known(fd->armed_by) && fd->armed_by.n))
		return false;
	const struct snap_resource *r = resource_row(a, fd->resource);
	return r->kind == RESOURCE_TCP && str_eq(text_of(a, r->state), "CLOSE_WAIT") &&
	       r->recv_q == 0;
}
