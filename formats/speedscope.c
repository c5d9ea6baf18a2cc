/*
 * The stacks of all threads for speedscope.app: each thread is one sample, below its process, so
 * that "left heavy" shows where many processes stand. Frames that are the same are written once.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/map.h"
#include "formats/common/label.h"
#include "formats/format.h"
#include "snapshot/json.h"

struct scope {
	const struct snapshot *s;
	const struct snap_index *x;
	struct json *j;
	struct map frames; /* key -> index in "frames" */
	uint32_t n;
	int error;
};

static uint64_t frame_key(const struct snap_frame *f)
{
	if (f->function > STR_NONE)
		return map_mix(map_mix(f->function, f->file), map_mix((uint64_t)f->line, f->kind));
	return map_mix(map_mix(f->module, (uint64_t)f->offset), 99);
}

static uint64_t process_key(node_t process)
{
	return map_mix(process, 0x70726f63);
}

/* True when the key is new and its frame has to be written now. */
static bool add_key(struct scope *c, uint64_t key)
{
	if (map_get(&c->frames, key, NULL))
		return false;
	if (map_set(&c->frames, key, c->n) < 0) {
		c->error = -ENOMEM;
		return false;
	}
	c->n++;
	return true;
}

static void write_frame(struct scope *c, const struct snap_frame *f)
{
	struct json *j = c->j;
	const char *name = snap_str(c->s, f->function), *module = snap_str(c->s, f->module);

	json_object(j);
	json_key(j, "name");
	json_str(j, name[0] ? name : module[0] ? module : "??");
	if (f->file > STR_NONE) {
		json_key(j, "file");
		json_str(j, snap_str(c->s, f->file));
	}
	if (snap_known(f->line)) {
		json_key(j, "line");
		json_int(j, f->line);
	}
	json_object_end(j);
}

static void write_process_frame(struct scope *c, node_t process)
{
	struct strbuf b = { 0 };

	label_process(&b, c->s, process);
	json_object(c->j);
	json_key(c->j, "name");
	json_str(c->j, strbuf_str(&b));
	json_object_end(c->j);
	strbuf_done(&b);
}

/* The thread that a stack belongs to; NULL for a task's. */
static const struct snap_thread *thread_of(const struct snapshot *s, const struct snap_stack *stack)
{
	return node_table(stack->owner) == TABLE_THREAD
		       ? SNAP_ROW(s, THREAD, node_index(stack->owner))
		       : NULL;
}

static void write_frames(struct scope *c)
{
	for (uint32_t i = 0; i < SNAP_N(c->s, STACK); i++) {
		const struct snap_stack *stack = SNAP_ROW(c->s, STACK, i);
		const struct snap_thread *thread = thread_of(c->s, stack);

		if (!thread || !span_known(stack->frames))
			continue;
		if (add_key(c, process_key(thread->owner)))
			write_process_frame(c, thread->owner);
		for (uint32_t k = 0; k < stack->frames.n; k++) {
			const struct snap_frame *f = SNAP_ROW(c->s, FRAME, stack->frames.first + k);
			if (add_key(c, frame_key(f)))
				write_frame(c, f);
		}
	}
}

static void write_index(struct scope *c, uint64_t key)
{
	uint64_t at = 0;

	(void)map_get(&c->frames, key, &at);
	json_int(c->j, (int64_t)at);
}

/* Outermost first, as speedscope has it. Returns how many samples there are. */
static uint32_t write_samples(struct scope *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SNAP_N(c->s, STACK); i++) {
		const struct snap_stack *stack = SNAP_ROW(c->s, STACK, i);
		const struct snap_thread *thread = thread_of(c->s, stack);

		if (!thread || !span_known(stack->frames))
			continue;
		n++;
		json_array(c->j);
		write_index(c, process_key(thread->owner));
		for (uint32_t k = stack->frames.n; k-- > 0;)
			write_index(c, frame_key(SNAP_ROW(c->s, FRAME, stack->frames.first + k)));
		json_array_end(c->j);
	}
	return n;
}

static void write_all(struct scope *c)
{
	struct json *j = c->j;

	json_object(j);
	json_key(j, "$schema");
	json_str(j, "https://www.speedscope.app/file-format-schema.json");
	json_key(j, "exporter");
	json_str(j, "hangwatch " HANGWATCH_VERSION);
	json_key(j, "name");
	json_str(j, snap_str(c->s, c->s->head.id));
	json_key(j, "shared");
	json_object(j);
	json_key(j, "frames");
	json_array(j);
	write_frames(c);
	json_array_end(j);
	json_object_end(j);
	json_key(j, "profiles");
	json_array(j);
	json_object(j);
	json_key(j, "type");
	json_str(j, "sampled");
	json_key(j, "name");
	json_str(j, "all threads");
	json_key(j, "unit");
	json_str(j, "none");
	json_key(j, "samples");
	json_array(j);
	uint32_t n = write_samples(c);
	json_array_end(j);
	json_key(j, "weights");
	json_array(j);
	for (uint32_t i = 0; i < n; i++)
		json_int(j, 1);
	json_array_end(j);
	json_key(j, "startValue");
	json_int(j, 0);
	json_key(j, "endValue");
	json_int(j, n);
	json_object_end(j);
	json_array_end(j);
	json_object_end(j);
}

static int write_speedscope(const struct snapshot *s, const struct snap_index *x,
			    const struct view *v, FILE *out)
{
	CLEANUP(freep) struct json *j = calloc(1, sizeof(*j));
	struct scope c = { .s = s, .x = x, .j = j };

	(void)v;
	if (!j)
		return -ENOMEM;
	json_begin(j, json_to_file, out, 0);
	write_all(&c);
	int r = json_end(j);
	map_done(&c.frames);
	return r < 0 ? r : c.error;
}

const struct format format_speedscope = {
	.name = "speedscope",
	.about = "all stacks for speedscope.app",
	.suffix = ".speedscope.json",
	.write = write_speedscope,
};
