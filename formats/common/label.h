/*
 * What rows are called in a text for people. All append raw foreign text: whoever puts it on a
 * terminal or page escapes the finished line (core/escape.h) or uses the format's own quoting.
 */
#ifndef HW_FORMATS_COMMON_LABEL_H
#define HW_FORMATS_COMMON_LABEL_H

#include "core/strbuf.h"
#include "snapshot/index.h"

/* "70112 pytest"; a pid never stands without a name. */
void label_process(struct strbuf *b, const struct snapshot *s, node_t process);

/* Any node: "70112 pytest thread worker-a (70115)", "task main of 8200 crawl.py", "fd 7, empty pipe
 * …". */
void label_node(struct strbuf *b, const struct snap_index *x, node_t n);

/* A task's or thread's own name, without its process. */
void label_short(struct strbuf *b, const struct snap_index *x, node_t n);

/* "2.87 s", "31 s", "12 min", "1.5 h", "86,400 s" … "?" when not known. */
void label_duration(struct strbuf *b, int64_t ns);

/* "+8.01 s" on the trigger's clock. */
void label_time(struct strbuf *b, int64_t ns);

/* "exited with status 3 at +2.10 s, reaped by 70112 pytest"; "" when it has not ended. */
void label_exit(struct strbuf *b, const struct snapshot *s, const struct snap_process *p);

/* "epoll_wait(fd 4, no deadline)"; nothing when it is in no call, or that is not known. */
void label_call(struct strbuf *b, const struct snapshot *s, const struct snap_call *call);

/* Who could end a wait: "2 a, 3 b, 4 c … 1,017 in all"; at most `most` by name. */
void label_wakers(struct strbuf *b, const struct snap_index *x, const struct snap_wait *w,
		  uint32_t most);

/* "[F12 F15]", at most `max` of them; nothing when the list is empty or unknown. */
void label_ids(struct strbuf *b, const struct snapshot *s, struct span nodes, unsigned max);

/* "1 thread", "2 threads" */
void label_count(struct strbuf *b, uint64_t n, const char *singular);

/* What a verdict says about its end, as a clause. */
const char *label_can_end(unsigned can_end);

#endif
