/*
 * A daemon keeps the pipe open that its starter reads to the end.
 *
 * The root runs a command and reads its output until end of file. The command started a daemon and
 * exited; the daemon inherited the write end, was adopted outside the tree, and serves. The root
 * waits for a living party outside the tree.
 */

#include "tcp.h"

static int output[2];

/* the command: leaves a daemon behind and ends */
static void start_daemon(volatile int *ret_daemon)
{
	struct sockaddr_in address;
	pid_t command = getpid();

	if (fork() != 0)
		_exit(0);
	close(output[0]);
	setsid();
	while (getppid() == command)
		hang_sleep_ms(1);
	alarm(HANG_LIFETIME_S); /* it has no parent to die with; the runner ends it too ('also') */
	*ret_daemon = getpid();
	hang_try(accept(tcp_listen(8, &address), NULL, NULL));
	_exit(0);
}

int main(void)
{
	volatile int *daemon_pid = hang_shared(sizeof(*daemon_pid));
	pid_t command;

	hang_init();
	hang_try(pipe(output));
	command = hang_fork();
	if (command == 0)
		start_daemon(daemon_pid);
	close(output[1]);
	hang_try(waitpid(command, NULL, 0));
	hang_await(daemon_pid);
	hang_ready(HANG_PARKED, getpid(),
		   "'expect': {'class': 'OUTSIDE', 'certainty': ['proved'], 'can_end': ['unknown',"
		   " 'yes'],"
		   " 'end': [{'pid': %d}, {'what': ['%d']}], 'not': ['DEADLOCK', 'LOST_PEER',"
		   " 'UNKNOWN', 'IDLE']},"
		   "'also': [%d], 'check': [{'pid': %d, 'syscall': 'read', 'state': 'S',"
		   " 'fd': 'pipe:'},"
		   " {'pid': %d, 'syscall': 'accept', 'state': 'S'}]",
		   *daemon_pid, *daemon_pid, *daemon_pid, getpid(), *daemon_pid);
	hang_read_byte(output[0]);
	return 0;
}
