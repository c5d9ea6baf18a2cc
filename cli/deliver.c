/*
 * Delivering reports; see deliver.h.
 *
 * A report is kept and shown at the same time, by a thread each: both only read it, and packing it
 * and waiting for the disk takes as long as writing it out (2 ms each for 23 processes). A reader
 * who stays in a pager for an hour has the report kept by then.
 */
#include "cli/deliver.h"

#include <errno.h>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/reports.h"
#include "cli/targets.h"
#include "core/log.h"
#include "core/thread.h"

static int keep(const struct options *o, const struct snapshot *s, const struct snap_index *x)
{
	const char *id = snap_str(s, s->head.id);
	struct store store;

	if (output_is_report(o))
		return output_save(o->output, s, x);
	if (o->no_store)
		return EXIT_OK;
	int code = reports_open_store(true, &store);
	if (code != EXIT_OK)
		return code;
	int r = store_save(&store, id, s, x);
	if (r < 0)
		(void)log_err(r, "cannot keep report %s in %s", id, store.path);
	store_close(&store);
	return r < 0 ? EXIT_ERROR : EXIT_OK;
}

struct keeping {
	const struct options *o;
	const struct snapshot *s;
	const struct snap_index *x;
	int code;
};

static void *keep_beside(void *arg)
{
	struct keeping *k = arg;

	k->code = keep(k->o, k->s, k->x);
	return NULL;
}

/* Keeps and shows, and cleans up meanwhile; the exit code of what failed. */
static int keep_and_show(const struct options *o, bool live, struct session *session,
			 const struct snapshot *s, const struct snap_index *x)
{
	struct keeping k = { o, s, x, EXIT_OK };
	pthread_t thread;
	bool beside = thread_start(&thread, keep_beside, &k);

	if (!beside)
		(void)keep_beside(&k);
	session_settle(session);
	int printed = output_render(o, live, s, x);
	if (beside)
		(void)pthread_join(thread, NULL);
	return k.code != EXIT_OK || printed != EXIT_OK ? EXIT_ERROR : EXIT_OK;
}

static bool has_holes(const struct snapshot *s)
{
	for (uint32_t i = 0; i < SNAP_N(s, GAP); i++)
		if (SNAP_ROW(s, GAP, i)->hole)
			return true;
	return false;
}

/* Consumes the snapshot. */
static int deliver(const struct options *o, bool live, struct session *session, struct snapshot *s)
{
	struct snap_index x;
	int r = snap_index_init(&x, s);

	if (r < 0) {
		snapshot_free(s);
		(void)log_err(r, "cannot prepare the report");
		return EXIT_ERROR;
	}
	int code = keep_and_show(o, live, session, s, &x);
	bool holes = has_holes(s);
	snap_index_done(&x);
	snapshot_free(s);
	return code != EXIT_OK ? code : holes ? EXIT_HOLES : EXIT_OK;
}

/* A PID that was asked for and is not there is a hole of the report, not only a line on a terminal.
 */
static int add_missing(struct snapshot **s, const struct targets *t)
{
	struct builder b;
	char what[48];
	int r = builder_resume(&b, take_ptr(*s));

	for (size_t i = 0; r == 0 && i < t->missing.n; i++) {
		(void)snprintf(what, sizeof(what), "process %d", t->missing.v[i]);
		builder_gap(&b, NODE_UNKNOWN, true, what, "there is no such process", NULL);
	}
	if (r == 0)
		r = builder_finish(&b, s);
	builder_done(&b);
	return r;
}

int capture_and_deliver(const struct options *o, bool live, struct session *x,
			const struct snap_trigger *trigger, const struct targets *missing)
{
	struct snapshot *s = NULL;
	struct progress progress;

	progress_begin(&progress, x);
	int r = session_capture(x, trigger, &s);
	progress_end(&progress, x);
	if (r == 0 && missing && missing->missing.n)
		r = add_missing(&s, missing);
	if (r == 0)
		return deliver(o, live, x, s);
	if (r == -ESRCH) {
		log_error("the process ended before it could be looked at");
		return EXIT_GONE;
	}
	(void)log_err(r, "cannot capture the tree");
	return EXIT_ERROR;
}
