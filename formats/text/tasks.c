/*
 * Trees of async tasks, process by process; processes whose trees are alike share one. Siblings
 * that are alike, with all that is below them, are printed once with their number. A task that is
 * its own ancestor (asyncio: two that await each other) is printed once and named then.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/map.h"
#include "core/util.h"
#include "formats/text/text.h"
#include "snapshot/place.h"
#include "snapshot/schema.h"

enum { LINES_SHOWN = 60, DEPTH_SHOWN = 64, NAMES_SHOWN = 3 };

struct forest {
	uint32_t *first, *next; /* children of each task, siblings; UINT32_MAX ends */
	uint64_t *key;          /* equal: alike, with all below */
	uint8_t *state;         /* 1: being visited, 2: done */
	bool frames;            /* every task with its frames, and no limit */
	size_t budget;          /* lines left */
};

static void forest_done(struct forest *f)
{
	free(f->first);
	free(f->next);
	free(f->key);
	free(f->state);
}

static int forest_init(struct forest *f, const struct snapshot *s)
{
	uint32_t n = SNAP_N(s, TASK);

	f->first = malloc((n + 1) * sizeof(*f->first));
	f->next = malloc((n + 1) * sizeof(*f->next));
	f->key = calloc(n + 1, sizeof(*f->key));
	f->state = calloc(n + 1, sizeof(*f->state));
	if (!f->first || !f->next || !f->key || !f->state)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		f->first[i] = f->next[i] = UINT32_MAX;
	/* From the back, so that siblings come in their order. */
	for (uint32_t i = n; i-- > 0;) {
		node_t parent = SNAP_ROW(s, TASK, i)->parent;
		if (node_table(parent) != TABLE_TASK ||
		    SNAP_ROW(s, TASK, node_index(parent))->owner != SNAP_ROW(s, TASK, i)->owner)
			continue;
		f->next[i] = f->first[node_index(parent)];
		f->first[node_index(parent)] = i;
	}
	return 0;
}

/* A key of one task without its name and what is particular to it, with those of its children. */
static uint64_t make_key(struct forest *f, const struct text *t, uint32_t i, unsigned depth)
{
	const struct snap_task *task = SNAP_ROW(t->s, TASK, i);
	uint64_t key = map_mix(task->wait, map_mix(task->state, task->waits_on));
	struct snap_list scopes = snap_children(t->x, TABLE_SCOPE, NODE(TABLE_TASK, i));

	if (f->state[i] || depth > 1000)
		return f->key[i];
	f->state[i] = 1;
	key = map_mix(key, text_stack_key(t->s, snap_stack_of(t->x, NODE(TABLE_TASK, i))));
	for (uint32_t k = 0; k < scopes.n; k++)
		key = map_mix(key, SNAP_ROW(t->s, SCOPE, scopes.v[k])->effectively_cancelled);
	for (uint32_t c = f->first[i]; c != UINT32_MAX; c = f->next[c])
		key = map_mix(key, make_key(f, t, c, depth + 1));
	return f->key[i] = key;
}

/* What a scope around a shield does, its deadline or cancel, does not reach the task. */
static void add_scopes(struct strbuf *b, const struct text *t, uint32_t i)
{
	struct snap_list l = snap_children(t->x, TABLE_SCOPE, NODE(TABLE_TASK, i));
	int64_t deadline = INT64_MAX;
	bool shielded = false, called = false;

	for (uint32_t k = 0; k < l.n; k++) {
		const struct snap_scope *s = SNAP_ROW(t->s, SCOPE, l.v[k]);
		if (snap_known(s->deadline_ns) && !shielded)
			deadline = MIN(deadline, s->deadline_ns);
		called |= s->cancel_called;
		shielded |= s->shield;
	}
	if (l.n && SNAP_ROW(t->s, SCOPE, l.v[0])->effectively_cancelled)
		strbuf_add(b, "  [cancelled]");
	else if (called)
		strbuf_add(b, shielded ? "  [cancel called, but shielded]" : "  [cancel called]");
	else if (shielded)
		strbuf_add(b, "  [shielded]");
	if (deadline != INT64_MAX) {
		strbuf_add(b, "  [deadline in ");
		label_duration(b, deadline);
		strbuf_add(b, "]");
	}
}

/* Whether a frame is of the library that runs the tasks: its file lies in a folder of that name. */
static bool of_runtime(const struct text *t, const struct snap_frame *f, const char *runtime)
{
	const char *file = snap_str(t->s, f->file);
	size_t n = strlen(runtime);

	for (const char *p = file; n && (p = strstr(p, runtime)); p += n)
		if (p > file && p[-1] == '/' && p[n] == '/')
			return true;
	return false;
}

/* Where a task's own code stands: its innermost frame that is not machinery, else its innermost. */
static const struct snap_frame *own_frame(const struct text *t, uint32_t i)
{
	const struct snap_stack *stack = snap_stack_of(t->x, NODE(TABLE_TASK, i));
	const char *runtime = snap_str(t->s, SNAP_ROW(t->s, TASK, i)->runtime);
	const struct snap_frame *innermost = NULL;

	for (uint32_t k = 0; stack && span_known(stack->frames) && k < stack->frames.n; k++) {
		const struct snap_frame *f = SNAP_ROW(t->s, FRAME, stack->frames.first + k);
		if (f->internal)
			continue;
		if (!of_runtime(t, f, runtime))
			return f;
		innermost = innermost ? innermost : f;
	}
	return innermost;
}

static void add_waits_on(struct strbuf *b, const struct text *t, const struct snap_task *task)
{
	const char *what = snap_str(t->s, task->waits_on);

	if (task->state != TASK_WAITING && task->state)
		strbuf_addf(b, "  %s", snap_word(names_task_state, task->state));
	if (what[0])
		strbuf_addf(b, "  waits on %s", what);
	else if (task->wait)
		strbuf_addf(b, "  waits on %s", snap_word(names_task_wait, task->wait));
	if (!snap_known(task->fd))
		return;
	strbuf_addf(b, " fd %" PRId64, task->fd);
	const struct snap_fd *fd = snap_fd_of(t->x, task->owner, task->fd);
	if (fd && node_table(fd->resource) == TABLE_RESOURCE)
		strbuf_addf(b, " (%s)",
			    snap_str(t->s,
				     SNAP_ROW(t->s, RESOURCE, node_index(fd->resource))->text));
}

static void add_task(struct strbuf *b, const struct text *t, uint32_t i)
{
	const struct snap_task *task = SNAP_ROW(t->s, TASK, i);
	const struct snap_frame *f = own_frame(t, i);
	const char *name = place_task_name(snap_str(t->s, task->name)),
		   *function = f ? snap_str(t->s, f->function) : "";
	char id[16];

	strbuf_add(b, name[0] ? name : "(no name)");
	if (function[0] && !str_eq(function, name))
		strbuf_addf(b, " > %s", function);
	if (f && snap_known(f->line))
		strbuf_addf(b, ":%" PRId64, f->line);
	add_waits_on(b, t, task);
	add_scopes(b, t, i);
	if (task->start_pending)
		strbuf_add(b, "  [start() not finished]");
	if (snap_str(t->s, task->pending)[0])
		strbuf_addf(b, "  [pending: %s]", snap_str(t->s, task->pending));
	strbuf_addf(b, "  %s", snap_node_id(NODE(TABLE_TASK, i), id));
}

struct place {
	struct strbuf prefix; /* what stands before the children of the task at hand */
	unsigned depth;
};

static void print_task(struct text *t, struct forest *f, struct place *at, uint32_t i,
		       uint32_t alike, bool last);

/* The names of those that are like the first, but for the first. */
static void add_others(struct strbuf *b, const struct text *t, const struct forest *f,
		       uint32_t first, uint32_t alike)
{
	uint32_t shown = 0;

	strbuf_add(b, "  also ");
	for (uint32_t i = f->next[first]; i != UINT32_MAX && alike > 1; i = f->next[i]) {
		if (f->key[i] != f->key[first])
			continue;
		alike--;
		if (shown == NAMES_SHOWN) {
			strbuf_add(b, " …");
			return;
		}
		strbuf_addf(b, "%s%s", shown++ ? ", " : "",
			    snap_str(t->s, SNAP_ROW(t->s, TASK, i)->name));
	}
}

/* A runtime's own tasks, which nobody wrote and nobody waits for, are left to --tasks. */
static bool is_hidden(const struct text *t, const struct forest *f, uint32_t i)
{
	return !f->frames && SNAP_ROW(t->s, TASK, i)->service && f->first[i] == UINT32_MAX;
}

static void print_children(struct text *t, struct forest *f, struct place *at, uint32_t parent)
{
	struct map seen = { 0 }; /* key -> how many, then 0 once it was printed */
	uint32_t kinds = 0;

	for (uint32_t c = f->first[parent]; c != UINT32_MAX; c = f->next[c]) {
		uint64_t n = 0;
		if (is_hidden(t, f, c))
			continue;
		kinds += !map_get(&seen, f->key[c], &n);
		if (map_set(&seen, f->key[c], n + 1) < 0)
			t->error = -ENOMEM;
	}
	for (uint32_t c = f->first[parent]; c != UINT32_MAX; c = f->next[c]) {
		uint64_t n = 0;
		if (!map_get(&seen, f->key[c], &n) || !n)
			continue;
		(void)map_set(&seen, f->key[c], 0);
		print_task(t, f, at, c, (uint32_t)n, --kinds == 0);
	}
	map_done(&seen);
}

static void print_wrapped(struct text *t, const struct forest *f, const struct place *at,
			  uint32_t i, bool last, const char *body)
{
	struct strbuf first = { 0 }, rest = { 0 };

	strbuf_addf(&first, "%s%s", strbuf_str(&at->prefix), last ? TEXT_LAST : TEXT_TEE);
	strbuf_addf(&rest, "%s%s%s", strbuf_str(&at->prefix), last ? "   " : TEXT_BAR,
		    f->first[i] != UINT32_MAX ? TEXT_BAR : "   ");
	text_wrap(t, STYLE_PLAIN, strbuf_str(&first), strbuf_str(&rest), body);
	strbuf_done(&first);
	strbuf_done(&rest);
}

static void print_task(struct text *t, struct forest *f, struct place *at, uint32_t i,
		       uint32_t alike, bool last)
{
	struct strbuf b = { 0 };
	size_t before = at->prefix.n;

	if (!f->budget)
		return;
	if (--f->budget == 0) {
		text_line(t, STYLE_DIM, "%s… more (--tasks)", strbuf_str(&at->prefix));
		return;
	}
	if (alike > 1)
		strbuf_addf(&b, "[%ux] ", alike);
	add_task(&b, t, i);
	if (f->state[i] == 2 || at->depth > DEPTH_SHOWN)
		strbuf_add(&b, f->state[i] == 2 ? "  (see above)" : "  (deeper ones not shown)");
	else if (alike > 1)
		add_others(&b, t, f, i, alike);
	print_wrapped(t, f, at, i, last, strbuf_str(&b));
	strbuf_done(&b);
	if (f->state[i] == 2 || at->depth > DEPTH_SHOWN)
		return;

	f->state[i] = 2;
	strbuf_add(&at->prefix, last ? "   " : TEXT_BAR);
	const struct snap_stack *stack =
		f->frames ? snap_stack_of(t->x, NODE(TABLE_TASK, i)) : NULL;
	if (stack) {
		strbuf_addf(&b, "%s%s ", strbuf_str(&at->prefix),
			    f->first[i] != UINT32_MAX ? TEXT_BAR : "   ");
		text_frames(t, stack, strbuf_str(&b), TEXT_FRAMES);
		strbuf_done(&b);
	}
	at->depth++;
	print_children(t, f, at, i);
	at->depth--;
	if (at->prefix.s)
		at->prefix.s[at->prefix.n = before] = '\0';
}

static bool is_root(const struct snapshot *s, const struct snap_task *task)
{
	return node_table(task->parent) != TABLE_TASK ||
	       SNAP_ROW(s, TASK, node_index(task->parent))->owner != task->owner;
}

/* Whether following parents from task i leads back to it. */
static bool in_circle(const struct snapshot *s, uint32_t i)
{
	uint32_t at = i;

	for (unsigned steps = 0; steps < 1000; steps++) {
		const struct snap_task *task = SNAP_ROW(s, TASK, at);
		if (is_root(s, task))
			return false;
		at = node_index(task->parent);
		if (at == i)
			return true;
	}
	return false;
}

static uint64_t process_key(struct forest *f, const struct text *t, struct snap_list l)
{
	uint64_t key = 2;

	for (uint32_t k = 0; k < l.n; k++)
		f->key[l.v[k]] = make_key(f, t, l.v[k], 0);
	for (uint32_t k = 0; k < l.n; k++) {
		const struct snap_task *task = SNAP_ROW(t->s, TASK, l.v[k]);
		f->state[l.v[k]] = 0;
		if (is_root(t->s, task))
			key = map_mix(key, map_mix(f->key[l.v[k]], task->inherited));
	}
	return key;
}

static void print_title(struct text *t, struct snap_list l, const uint64_t *keys, uint32_t p,
			uint32_t inherited)
{
	struct strbuf b = { 0 };
	uint32_t alike = 0;

	for (uint32_t i = p; i < SNAP_N(t->s, PROCESS); i++) {
		if (keys[i] != keys[p])
			continue;
		if (alike < NAMES_SHOWN) {
			strbuf_add(&b, alike ? ", " : "");
			label_process(&b, t->s, NODE(TABLE_PROCESS, i));
		}
		alike++;
	}
	if (alike > NAMES_SHOWN)
		strbuf_add(&b, " …");
	strbuf_addf(&b, "   %s, ", snap_str(t->s, SNAP_ROW(t->s, TASK, l.v[0])->runtime));
	label_count(&b, l.n - inherited, "task");
	if (alike > 1)
		text_line(t, STYLE_TITLE, "TASKS     [%ux] %s each", alike, strbuf_str(&b));
	else
		text_line(t, STYLE_TITLE, "TASKS     %s", strbuf_str(&b));
	strbuf_done(&b);
}

static void print_process(struct text *t, struct forest *f, const uint64_t *keys, uint32_t p)
{
	struct snap_list l = snap_children(t->x, TABLE_TASK, NODE(TABLE_PROCESS, p));
	struct place at = { .prefix = { 0 } };
	uint32_t inherited = 0;

	for (uint32_t k = 0; k < l.n; k++)
		inherited += SNAP_ROW(t->s, TASK, l.v[k])->inherited;
	print_title(t, l, keys, p, inherited);
	strbuf_add(&at.prefix, "  ");
	/* First those without a parent, then what only a circle leads to. */
	for (int circles = 0; circles < 2; circles++)
		for (uint32_t k = 0; k < l.n; k++) {
			const struct snap_task *task = SNAP_ROW(t->s, TASK, l.v[k]);
			if (task->inherited || f->state[l.v[k]] == 2)
				continue;
			if (circles ? in_circle(t->s, l.v[k]) : is_root(t->s, task))
				print_task(t, f, &at, l.v[k], 1, true);
		}
	if (inherited)
		text_line(
			t, STYLE_DIM,
			inherited == 1
				? "  (%u more is a copy that fork left behind: nothing runs it)"
				: "  (%u more are copies that fork left behind: nothing runs them)",
			inherited);
	strbuf_done(&at.prefix);
}

static bool seen_before(const uint64_t *keys, uint32_t p)
{
	for (uint32_t i = 0; i < p; i++)
		if (keys[i] == keys[p])
			return true;
	return false;
}

static void print_all(struct text *t, bool frames)
{
	CLEANUP(forest_done) struct forest f = { .frames = frames };
	CLEANUP(freep) uint64_t *keys = calloc(SNAP_N(t->s, PROCESS) + 1, sizeof(*keys));

	if (!SNAP_N(t->s, TASK))
		return;
	if (!keys || forest_init(&f, t->s) < 0) {
		t->error = -ENOMEM;
		return;
	}
	for (uint32_t p = 0; p < SNAP_N(t->s, PROCESS); p++) {
		struct snap_list l = snap_children(t->x, TABLE_TASK, NODE(TABLE_PROCESS, p));
		keys[p] = l.n ? process_key(&f, t, l) : 0;
	}
	for (uint32_t p = 0; p < SNAP_N(t->s, PROCESS); p++) {
		f.budget = frames ? SIZE_MAX : LINES_SHOWN;
		if (keys[p] && !seen_before(keys, p))
			print_process(t, &f, keys, p);
	}
}

void text_tasks(struct text *t)
{
	print_all(t, false);
}

void text_all_tasks(struct text *t)
{
	print_all(t, true);
}
