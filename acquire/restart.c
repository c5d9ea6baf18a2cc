/*
 * Calls that go on as restart_syscall; see restart.h.
 *
 * A sleep with a relative timeout that was interrupted and restarted (by a debugger, strace, Ctrl-Z
 * and fg, or a stop of ours) has this number from then on; its registers still hold the arguments.
 * The call is that of an earlier look from the same place; else where in the kernel it sleeps tells
 * it, for few calls are restarted this way (kernel/time/hrtimer.c, kernel/futex/waitwake.c,
 * fs/select.c: whoever fills a restart_block). When the sleep began cannot be known any more: it
 * may end earlier than its timeout and the time since it last ran suggest.
 */
#include "acquire/restart.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/fs.h"
#include "core/util.h"

/* A clock's number is small, or negative if it is a process's; the other call has a pointer there.
 */
#define CLOCKS 16

static bool is_clock(uint64_t arg)
{
	return arg < CLOCKS || arg >> 32 == UINT32_MAX;
}

static bool earlier_look(const struct raw_thread *t, struct raw_look *look)
{
	for (size_t i = t->looks.n; i-- > 0;) {
		const struct raw_look *before = &t->looks.v[i];
		if (before->syscall_nr != SYS_restart_syscall && snap_known(before->syscall_nr) &&
		    before->regs.v[DWARF_RSP] == look->regs.v[DWARF_RSP] &&
		    before->regs.v[DWARF_RIP] == look->regs.v[DWARF_RIP]) {
			look->syscall_nr = before->syscall_nr;
			memcpy(look->args, before->args, sizeof(look->args));
			return true;
		}
	}
	return false;
}

/* By the kernel function in which it sleeps, under the names it had since Linux 4.19. */
static bool sleeping_place(int dir, pid_t tid, struct raw_look *look)
{
	static const struct {
		const char *begins;
		int64_t nr;
	} places[] = {
		{ "poll_schedule_timeout", SYS_poll },
		{ "do_sys_poll", SYS_poll },
		{ "do_poll", SYS_poll },
		{ "hrtimer_nanosleep", SYS_nanosleep },
		{ "do_nanosleep", SYS_nanosleep },
		{ "futex_wait", SYS_futex },
		{ "futex_do_wait", SYS_futex },
		{ "__futex_wait", SYS_futex },
		/* hrtimer_nanosleep_restart counts as the scheduler's own and is passed over. */
		{ "__x64_sys_restart_syscall", SYS_nanosleep },
		{ "x64_sys_call", SYS_nanosleep },
		{ "do_syscall_64", SYS_nanosleep },
	};
	char path[40], text[128];

	(void)snprintf(path, sizeof(path), "task/%d/wchan", tid);
	if (fs_read(dir, path, text, sizeof(text)) <= 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!str_starts(text, places[i].begins))
			continue;
		look->syscall_nr = places[i].nr == SYS_nanosleep && is_clock(look->args[0])
					   ? SYS_clock_nanosleep
					   : places[i].nr;
		return true;
	}
	return false;
}

void restart_resolve(int dir, const struct raw_thread *t, struct raw_look *look)
{
	if (look->syscall_nr == SYS_restart_syscall)
		look->restarted = earlier_look(t, look) || sleeping_place(dir, t->tid, look);
}
