/*
 * Two children end while SIGCHLD is blocked; the program is told once, reaps one, and waits for the
 * signal of the other.
 *
 * Signals of one kind do not queue. Anybody could send SIGCHLD by hand, so the wait is not lost;
 * but idle it is not, with a child that waits to be reaped.
 */

#include "hang.h"

static void reap_one(int signal)
{
	(void)signal;
	waitpid(-1, NULL, WNOHANG);
}

int main(void)
{
	sigset_t child_ended, before;
	siginfo_t info;

	hang_init();
	signal(SIGCHLD, reap_one);
	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ended, &before);
	for (int i = 0; i < 2; i++) {
		pid_t child = hang_fork();

		if (child == 0)
			_exit(0);
		hang_try(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	}
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'UNKNOWN', 'certainty': ['proved'], 'can_end': 'unknown',"
		   " 'end': [{'pid': %d}], 'not': ['IDLE', 'DEADLOCK', 'TIMER']},"
		   "'says': ['1 child of it has ended'],"
		   "'check': [{'pid': %d, 'state': 'S'}]",
		   getpid(), getpid());
	for (int reaped = 0; reaped < 2; reaped++)
		sigsuspend(&before);
	return 0;
}
