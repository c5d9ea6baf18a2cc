/*
 * The text format's paper: lines that are escaped, coloured, wrapped and counted in one place. The
 * parts (one file each) say what stands on them.
 */
#ifndef HW_FORMATS_TEXT_TEXT_H
#define HW_FORMATS_TEXT_TEXT_H

#include "core/array.h"
#include "core/strbuf.h"
#include "formats/common/label.h"
#include "formats/format.h"

/* How a line looks on a terminal that has colours; never the only bearer of a meaning. */
enum style { STYLE_PLAIN, STYLE_TITLE, STYLE_DIM, STYLE_ALARM, STYLE_GOOD };

struct text_line {
	char *text; /* escaped */
	uint8_t style;
	bool goes_on; /* it continues the line before */
};

struct text {
	const struct snapshot *s;
	const struct snap_index *x;
	const struct view *v;
	ARRAY(struct text_line) lines; /* not yet printed */
	int error;
};

void text_init(struct text *t, const struct snapshot *s, const struct snap_index *x,
	       const struct view *v);
void text_done(struct text *t);

/* One line; foreign text may be in it. Longer lines than the terminal's are cut with "…". */
void text_line(struct text *t, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A paragraph, wrapped at blanks: its first line begins with `first`, the others with `rest` (as
 * many columns). */
void text_wrap(struct text *t, enum style style, const char *first, const char *rest,
	       const char *body);

/* "TITLE     rest of the line" with the title padded to ten columns. */
void text_titled(struct text *t, const char *title, const char *body);

/* Prints what there is and forgets it. */
void text_flush(struct text *t, FILE *out);

/* Columns that a text takes on a terminal. */
size_t text_width(const char *s);

/* Cuts to so many columns, the last of them "…". */
void text_cut(struct strbuf *b, size_t columns);

/* The parts. Each appends to the lines of t, nothing when there is nothing to say. */
void text_head(struct text *t);
void text_verdict(struct text *t);
void text_other_verdicts(struct text *t);
void text_ruled_out(struct text *t);
void text_odd(struct text *t);
void text_chain(struct text *t);
void text_all_waits(struct text *t);
void text_before(struct text *t);
void text_unseen_short(struct text *t);
void text_stacks(struct text *t);
void text_all_tasks(struct text *t);
void text_tasks(struct text *t);
void text_timeline(struct text *t);
void text_tree(struct text *t);
void text_fds(struct text *t);
void text_heavy(struct text *t);
void text_cost(struct text *t);
void text_signals(struct text *t);
void text_gaps(struct text *t);
void text_next(struct text *t);
/* false when there is no such id */
bool text_explain(struct text *t, const char *id);

/* The first screen: at most 40 lines that answer what one wants to know first. */
void text_screen(struct text *t);

/* The frames of one stack, `indent` before each; at most `most` unless every frame is wanted. */
enum { TEXT_FRAMES = 40 };
void text_frames(struct text *t, const struct snap_stack *stack, const char *indent, uint32_t most);

/* How two stacks are told to be the same: their functions, files and lines, what is folded left
 * out. */
uint64_t text_stack_key(const struct snapshot *s, const struct snap_stack *stack);

/* Whether a node is what the chain of the first verdict goes through or ends at, or the odd one. */
bool text_is_suspect(const struct snapshot *s, node_t n);

/* Drawing characters; where the terminal has no UTF-8 they become ASCII with the rest of our own
 * text. */
#define TEXT_TEE  "├─ " /* a child that has younger siblings */
#define TEXT_LAST "└─ " /* the last child */
#define TEXT_BAR  "│  " /* beside the children of a tee */

#endif
