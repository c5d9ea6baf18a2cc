/*
 * System V semaphores and message queues in which a thread sleeps: how full, and who used them
 * last.
 *
 * They belong to no process and anybody with the rights may use them, so no list of wakers is ever
 * complete. But the kernel remembers who last changed a semaphore, sent or received: of a lock that
 * is its holder, of a queue the other side. Asked with the STAT commands of semctl(2) and
 * msgctl(2), which need read permission and change nothing. A process of another IPC namespace is
 * left alone: its numbers mean other objects here.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include "collectors/collector.h"
#include "collectors/fd/outside.h"
#include "core/fs.h"
#include "core/util.h"

/* Of a larger set only the first are asked for, one call each. */
#define SEMAPHORES_MAX 64

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static bool same_namespace(const struct raw_process *p)
{
	char own[64], theirs[64];

	return fs_readlink(AT_FDCWD, "/proc/self/ns/ipc", own, sizeof(own)) > 0 &&
	       fs_readlink(p->procfd, "ns/ipc", theirs, sizeof(theirs)) > 0 && str_eq(own, theirs);
}

static void semaphores(struct raw_capture *c, const struct raw_thread *t, int id)
{
	struct semid_ds set;
	char source[48];

	if (semctl(id, 0, IPC_STAT, (union semun){ .buf = &set }) < 0)
		return;
	(void)snprintf(source, sizeof(source), "semctl(%d)", id);
	for (unsigned n = 0; n < set.sem_nsems && n < SEMAPHORES_MAX; n++) {
		int value = semctl(id, (int)n, GETVAL), pid = semctl(id, (int)n, GETPID);
		if (value < 0 || pid < 0)
			return;
		builder_fact(c->b, t->node, source, "sem_last", pid,
			     "semaphore %u is %d, last changed by pid %d", n, value, pid);
		if (pid)
			(void)outside_add(c, pid);
	}
}

static void queue(struct raw_capture *c, const struct raw_thread *t, int id, bool sends)
{
	struct msqid_ds q;
	char source[48];

	if (msgctl(id, IPC_STAT, &q) < 0)
		return;
	int other = sends ? q.msg_lrpid : q.msg_lspid;
	(void)snprintf(source, sizeof(source), "msgctl(%d)", id);
	builder_fact(c->b, t->node, source, "msg_last", other,
		     "%lu of %lu bytes in %lu messages; last %s by pid %d",
		     (unsigned long)q.__msg_cbytes, (unsigned long)q.msg_qbytes,
		     (unsigned long)q.msg_qnum, sends ? "received" : "sent", other);
	if (other)
		(void)outside_add(c, other);
}

static void thread(struct raw_capture *c, struct raw_process *p, struct raw_thread *t)
{
	const struct raw_look *look = raw_primary(t);
	int64_t call = look && !t->gone ? look->syscall_nr : SNAP_UNKNOWN;
	bool sem = call == SYS_semop || call == SYS_semtimedop;

	if ((!sem && call != SYS_msgsnd && call != SYS_msgrcv) || p->procfd < 0 ||
	    !same_namespace(p))
		return;
	if (sem)
		semaphores(c, t, (int)look->args[0]);
	else
		queue(c, t, (int)look->args[0], call == SYS_msgsnd);
}

const struct collector collector_sysv = { .name = "sysv", .thread = thread };
