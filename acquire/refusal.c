/*
 * The reason behind an EPERM; see refusal.h. The kernel gives none, but its rules are few
 * (kernel/ptrace.c, __ptrace_may_access; security/yama): same user and dumpable, or CAP_SYS_PTRACE,
 * and then yama's opinion.
 */
#include "acquire/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/parse.h"

/* include/uapi/linux/capability.h */
#define CAPABILITY_SYS_PTRACE 19

#define WITH_SUDO "run hangwatch with sudo"

/* A number of /proc/self/status; 0 where it is not told. */
static uint64_t own_status(const char *key, int base)
{
	char text[4096];
	uint64_t value = 0;
	const char *p;

	if (fs_read(AT_FDCWD, "/proc/self/status", text, sizeof(text)) > 0 &&
	    (p = scan_key(text, key)))
		(void)scan_u64(&p, base, &value);
	return value;
}

static bool may_trace_all(void)
{
	return own_status("CapEff", 16) >> CAPABILITY_SYS_PTRACE & 1;
}

/* 0 also where yama is not built in. */
static int yama_scope(void)
{
	char text[16];
	const char *p = text;
	uint64_t scope;

	return fs_read(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", text, sizeof(text)) > 0 &&
			       scan_u64(&p, 10, &scope)
		       ? (int)scope
		       : 0;
}

/* Files in /proc/PID of a process that is not dumpable belong to root, whoever runs it; the
 * directory does not. */
static bool dumpable(const struct raw_process *p)
{
	struct stat st;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", p->pid);
	return stat(path, &st) < 0 || st.st_uid == geteuid();
}

/* Why, and what would help. `user` has room for the words about another user. */
static struct refusal refusal_of_look(const struct raw_process *p, char *user, size_t cap)
{
	const struct raw_status *s = p->threads.n ? &p->threads.v[0].status : NULL;
	int scope = yama_scope();

	if (p->refused_error == -ETIMEDOUT)
		return (struct refusal){
			"reading it blocks: a lock on its memory is held, perhaps by a thread in D state",
			NULL
		};
	if (!is_refusal(p->refused_error))
		return (struct refusal){ strerror(-p->refused_error), NULL };
	if (scope == 3)
		return (struct refusal){
			"kernel.yama.ptrace_scope is 3: nobody may look until the next boot",
			"set kernel.yama.ptrace_scope to 1 in /etc/sysctl.d and reboot"
		};
	if (may_trace_all())
		return (struct refusal){
			"refused although we have CAP_SYS_PTRACE: another user namespace, or a security module",
			"run hangwatch on the host, outside of containers"
		};
	if (geteuid() == 0)
		return (struct refusal){
			"root lacks CAP_SYS_PTRACE here",
			"add the capability to the container: --cap-add SYS_PTRACE"
		};
	if (s && s->known &&
	    (s->uid != geteuid() || s->euid != geteuid() || s->suid != geteuid())) {
		(void)snprintf(user, cap, "it runs as user %u", s->euid);
		return (struct refusal){ user, WITH_SUDO };
	}
	if (!dumpable(p))
		return (struct refusal){
			"it is not dumpable: set-user-ID, file capabilities, or prctl(PR_SET_DUMPABLE)",
			WITH_SUDO
		};
	if (scope == 2)
		return (struct refusal){
			"kernel.yama.ptrace_scope is 2: only CAP_SYS_PTRACE may look", WITH_SUDO
		};
	if (scope == 1)
		return (struct refusal){
			"kernel.yama.ptrace_scope is 1: only its ancestors may look",
			"run hangwatch with sudo, or start the program under hangwatch run"
		};
	return (struct refusal){ "the kernel refused, perhaps by a security module", WITH_SUDO };
}

void refusal_gap(struct raw_capture *c, const struct raw_process *p)
{
	char user[48];
	struct refusal r = refusal_of_look(p, user, sizeof(user));

	builder_gap(c->b, p->node, true, "stacks, memory and descriptors of a process", r.why,
		    r.fix);
}

/*
 * We are an ancestor of what `hangwatch run` started, so yama lets us read it. The tracer is a
 * child of ours and is none; the command itself names us as its tracer before it begins
 * (cli/run.c), which holds for our children too, but the processes that it forks do not inherit
 * that.
 */
struct refusal refusal_of_stop(void)
{
	if (yama_scope() == 1 && !may_trace_all())
		return (struct refusal){
			"kernel.yama.ptrace_scope is 1: only an ancestor may stop it, and what "
			"stops is a helper process of hangwatch",
			"run hangwatch with sudo, or: sudo sysctl kernel.yama.ptrace_scope=0"
		};
	if (own_status("Seccomp", 10))
		return (struct refusal){
			"ptrace is refused, perhaps by the seccomp filter that hangwatch runs under",
			"allow ptrace in the container's seccomp profile"
		};
	return (struct refusal){ "ptrace is refused, perhaps by a security module",
				 "run hangwatch with sudo" };
}
