/*
 * What each thread and process is doing, as one sees it at a glance: the first thing that is derived,
 * and what all else looks at (struct thread_view, struct process_view in context.h).
 */
#ifndef HW_ANALYSIS_VIEW_H
#define HW_ANALYSIS_VIEW_H

struct analysis;

/* After analysis_init(). */
void views_derive(struct analysis *a);

#endif
