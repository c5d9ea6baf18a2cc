/*
 * The place that a person looks for; see place.h.
 *
 * The innermost frames of whatever waits are the library's: a lock's acquire(), a loop's poll(). A
 * person knows the program by its own files, and those are told by their paths: the standard
 * library lies in lib/pythonX.Y, what is installed in site-packages or dist-packages below it.
 */
#include "snapshot/place.h"

#include <inttypes.h>
#include <string.h>

#include "core/util.h"

enum origin { ORIGIN_OWN, ORIGIN_PACKAGE, ORIGIN_LIBRARY };

/* Packages whose frames only drive others or wait for them. */
static const char *const drivers[] = { "/trio/",     "/anyio/",  "/outcome/", "/gevent/",
				       "/greenlet/", "/uvloop/", "/sniffio/", "/_pytest/",
				       "/pluggy/",   "/pytest_" };

static bool drives(const char *in_packages)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (str_starts(in_packages, drivers[i]))
			return true;
	return false;
}

static enum origin origin_of(const char *file)
{
	static const char *const packages[] = { "/site-packages", "/dist-packages" };

	for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
		const char *p = strstr(file, packages[i]);
		if (p)
			return drives(p + strlen(packages[i])) ? ORIGIN_LIBRARY : ORIGIN_PACKAGE;
	}
	/* "<frozen runpy>", "<string>": nothing to look up. */
	if (!file[0] || file[0] == '<' || strstr(file, "/lib/python3") ||
	    strstr(file, "/lib64/python3"))
		return ORIGIN_LIBRARY;
	return ORIGIN_OWN;
}

/*
 * The innermost Python frame of a thread's or task's stack that is the program's own: neither the
 * standard library nor an installed package. Where it has none, the innermost of a package that is
 * no event loop. NULL when there is neither.
 */
static const struct snap_frame *place_of(const struct snap_index *x, node_t owner)
{
	const struct snap_stack *stack = snap_stack_of(x, owner);
	const struct snap_frame *package = NULL;

	for (uint32_t i = 0; stack && span_known(stack->frames) && i < stack->frames.n; i++) {
		const struct snap_frame *f = SNAP_ROW(x->s, FRAME, stack->frames.first + i);
		if (f->kind != FRAME_PYTHON || f->function <= STR_NONE)
			continue;
		enum origin origin = origin_of(snap_str(x->s, f->file));
		if (origin == ORIGIN_OWN)
			return f;
		if (origin == ORIGIN_PACKAGE && !package)
			package = f;
	}
	return package;
}

/* The last two parts of a path. */
static const char *tail(const char *path)
{
	const char *p = path + strlen(path);

	for (int slashes = 0; p > path; p--)
		if (p[-1] == '/' && ++slashes == 2)
			break;
	return p;
}

void place_add(struct strbuf *b, const struct snap_index *x, node_t sleeper)
{
	const struct snap_frame *f = place_of(x, sleeper);
	uint32_t pth;

	/* Its code calls itself "<string>". */
	if (!f && snap_fact_about(x, sleeper, "python_pth", &pth))
		strbuf_addf(b, ", in %s,", tail(snap_str(x->s, SNAP_ROW(x->s, FACT, pth)->text)));
	if (!f)
		return;
	const char *function = place_task_name(snap_str(x->s, f->function));
	bool named =
		node_table(sleeper) == TABLE_TASK &&
		str_ends(snap_str(x->s, SNAP_ROW(x->s, TASK, node_index(sleeper))->name), function);

	strbuf_add(b, ", at ");
	if (!named)
		strbuf_addf(b, "%s (", function);
	strbuf_add(b, tail(snap_str(x->s, f->file)));
	if (snap_known(f->line))
		strbuf_addf(b, ":%" PRId64, f->line);
	strbuf_add(b, named ? "," : "),");
}

const char *place_task_name(const char *name)
{
	const char *p;

	if (str_starts(name, "__main__."))
		name += strlen("__main__.");
	while ((p = strstr(name, "<locals>.")))
		name = p + strlen("<locals>.");
	return name;
}
