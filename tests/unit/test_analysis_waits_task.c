/*
 * Waits of tasks; and of tasks whose loop does not run.
 */
#include "tests/unit/wait_case.h"

static struct snap_task *python(struct program *p)
{
	sb_python(&p->x, p->root);
	sb_call(&p->x, p->main_thread, "epoll_wait", 3, 0, 0, -1);
	p->task = sb_task(&p->x, p->root, "trio", "main", NODE_NONE);
	return sb_task_row(&p->x, p->task);
}

static void task_awaits_its_nursery(struct program *p)
{
	python(p)->wait = TASK_WAIT_NURSERY;
	(void)sb_task(&p->x, p->root, "trio", "a", p->task);
	(void)sb_task(&p->x, p->root, "trio", "b", p->task);
}

static void task_wants_a_lock(struct program *p)
{
	(void)python(p);
	node_t owner = sb_task(&p->x, p->root, "trio", "owner", p->task);
	sb_task_row(&p->x, p->task)->wait = TASK_WAIT_LOCK;
	sb_task_row(&p->x, p->task)->wait_owner = owner;
	set_text(p, waits_on_of, p->task, "Lock.acquire");
}

static void task_awaits_an_event(struct program *p)
{
	(void)python(p);
	(void)sb_task(&p->x, p->root, "trio", "other", p->task);
}

static void task_awaits_an_event_that_nobody_has(struct program *p)
{
	task_awaits_an_event(p);
	struct span none = builder_refs(&p->x.b, NULL, 0);
	sb_task_row(&p->x, p->task)->setters = none;
}

static void task_awaits_its_child(struct program *p)
{
	python(p)->wait = TASK_WAIT_CHILD;
	sb_task_row(&p->x, p->task)->child = sb_pid(&p->x, p->child);
}

static void task_awaits_a_worker(struct program *p)
{
	python(p)->wait = TASK_WAIT_THREAD;
	node_t worker = sb_thread(&p->x, p->root, "worker");
	sb_task_row(&p->x, p->task)->worker = worker;
}

static void task_reads(struct program *p)
{
	node_t pipe = sb_pipe(&p->x);

	sb_fd(&p->x, p->root, 5, pipe, "r");
	sb_fd(&p->x, p->child, 5, pipe, "w");
	python(p)->wait = TASK_WAIT_FD;
	sb_task_row(&p->x, p->task)->fd = 5;
}

static void task_reads_under_a_deadline(struct program *p)
{
	task_reads(p);
	sb_scope(&p->x, p->task, 3 * NSEC_PER_SEC, false, false);
}

/* What it waits for is nothing while the thread of its loop sleeps in something else. */
static void task_of_a_loop_that_stands_still(struct program *p)
{
	task_awaits_an_event(p);
	sb_call(&p->x, p->main_thread, "nanosleep", 0x1000);
}

/* A loop on poll(): what it looks at besides its tasks may wake it, if nobody knows what that is. */
static void loop_polls_what_could_not_be_read(struct program *p)
{
	(void)python(p);
	p->task = NODE_UNKNOWN;
	sb_call(&p->x, p->main_thread, "poll", 0x1000, 2, -1);
}

static const struct wait_case cases[] = {
	WAITS(task_awaits_its_nursery, "nursery: its nursery's task a: task a &\n"
				       "nursery: its nursery's task b: task b &\n"),
	WAITS(task_wants_a_lock, "lock: Lock.acquire: task owner\n"),
	WAITS(task_awaits_an_event, "event: Event.wait: task other ~\n"),
	WAITS(task_awaits_an_event_that_nobody_has, "event: Event.wait: nobody\n"),
	WAITS(task_awaits_its_child, "child: exit of child 101: process 101\n"),
	WAITS(task_awaits_a_worker, "thread: its work in thread 102: thread 102\n"),
	WAITS(task_reads, "pipe: fd 5, a pipe from child 101: process 101\n"),
	WAITS(task_reads_under_a_deadline, "pipe: fd 5, a pipe from child 101: process 101\n"
					   "timer: its timeout in 3.00 s: nobody @3\n"),
	WAITS(loop_polls_what_could_not_be_read,
	      "loop: any of the 1 tasks of its loop: task main\n"
	      "other: descriptors that could not be read: not known\n"),
	WAITS(task_of_a_loop_that_stands_still,
	      "thread: the thread of its loop, 100: thread 100\n"),
};

int main(void)
{
	return wait_cases_run("analysis: waits, task", cases, ARRAY_SIZE(cases));
}
