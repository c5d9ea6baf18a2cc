/* What every tracer begins with; see tracer_child.h. */
#include "acquire/tracer_child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

void tracer_child_begin(pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
}

bool tracer_child_open(struct tracees *s, struct raw_capture *c, size_t process, struct tracee *v,
		       size_t n, struct process_dir *dir)
{
	struct raw_process *p = &c->processes.v[process];
	bool own; /* the child's exit closes it */

	*dir = process_dir(p);
	*s = (struct tracees){ .v = v,
			       .n = n,
			       .p = p,
			       .procfd = dir->fd,
			       .arena = c->arena,
			       .repair = c->options->eintr_repair };
	s->memfd = process_memory(p, &own);
	return dir->fd >= 0;
}

bool tracer_may_trace(const struct raw_process *p)
{
	return !p->gone && !p->zombie && !p->kernel_thread && !p->refused && !p->outside &&
	       p->pid != getpid();
}

struct raw_thread *tracer_find_thread(struct raw_process *p, pid_t tid)
{
	for (size_t i = 0; i < p->threads.n; i++)
		if (p->threads.v[i].tid == tid)
			return &p->threads.v[i];
	return NULL;
}
