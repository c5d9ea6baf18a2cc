/*
 * What lies around a futex word: which primitive it belongs to, and who owns that; see args.h.
 *
 * The kernel knows a word and nothing else. glibc's objects are recognised by their layout (2.25
 * and later, x86-64) and by the function that sleeps; an owner is told only where it is sure to be
 * one: by the kernel's own rules for PI and robust locks, else when the field names a thread that
 * lives in this process. A lock copied by fork names a thread of the parent: it is told as well,
 * since that is the very reason why nobody will unlock it, but only where all else about the lock
 * is right.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "core/util.h"
#include "decode/args_parts.h"

/* pthread_mutex_t */
struct glibc_mutex {
	uint32_t lock, count, owner, users, kind;
};

/* The kinds that glibc keeps in its __kind. */
enum {
	MUTEX_TYPE = 3, /* 0 normal, 1 recursive, 2 errorcheck, 3 adaptive */
	MUTEX_ROBUST = 16,
	MUTEX_PI = 32,
	MUTEX_PROTECT = 64,
	MUTEX_SHARED = 128,
	MUTEX_ELISION = 256 | 512,
	MUTEX_ALL =
		MUTEX_TYPE | MUTEX_ROBUST | MUTEX_PI | MUTEX_PROTECT | MUTEX_SHARED | MUTEX_ELISION,
};

/* Sleeps of an ordinary mutex are on this value: locked, with others waiting. */
enum { LOCKED_WAITERS = 2 };

/* include/linux/threads.h: PID_MAX_LIMIT; no thread has a higher id. */
enum { TID_MAX = 4 << 20 };

/* Waiters and holders of one mutex: beyond, the field is something else. */
enum { USERS_MAX = 1 << 20 };

/* pthread_rwlock_t, from __readers on. */
struct glibc_rwlock {
	uint32_t readers, writers, phase, writers_futex, pad[2];
	int32_t writer, shared;
};

/* struct pthread: where the tid lies that the kernel clears when the thread ends. */
enum { PTHREAD_TID = 720, PTHREAD_SELF = 16 };

struct futex {
	uint64_t address;
	uint32_t word, value; /* now, and what it must be to sleep */
	int operation;
	bool private;
};

static const char mutex_functions[] =
	"pthread_mutex_lock|__pthread_mutex_lock|___pthread_mutex_lock|pthread_mutex_timedlock|"
	"__pthread_mutex_timedlock|pthread_mutex_clocklock|__pthread_mutex_clocklock|"
	"__pthread_mutex_lock_full|__pthread_mutex_cond_lock|__pthread_mutex_cond_lock_full";
static const char read_lock_functions[] =
	"pthread_rwlock_rdlock|__pthread_rwlock_rdlock|___pthread_rwlock_rdlock|pthread_rwlock_timedrdlock|"
	"pthread_rwlock_clockrdlock|__pthread_rwlock_rdlock_full64|__pthread_rwlock_rdlock_full";
static const char write_lock_functions[] =
	"pthread_rwlock_wrlock|__pthread_rwlock_wrlock|___pthread_rwlock_wrlock|pthread_rwlock_timedwrlock|"
	"pthread_rwlock_clockwrlock|__pthread_rwlock_wrlock_full64|__pthread_rwlock_wrlock_full";
static const char join_functions[] =
	"pthread_join|__pthread_join|___pthread_join|pthread_timedjoin_np|pthread_clockjoin_np|"
	"__pthread_clockjoin_ex|__pthread_timedjoin_ex|__pthread_clockjoin_np64";

/* Those that have no owner by nature. */
static const struct {
	const char *functions, *kind;
} ownerless[] = {
	{ "pthread_cond_wait|__pthread_cond_wait|___pthread_cond_wait|pthread_cond_timedwait|"
	  "__pthread_cond_timedwait|___pthread_cond_timedwait64|pthread_cond_clockwait|"
	  "___pthread_cond_clockwait64|__pthread_cond_wait_common|cnd_wait|cnd_timedwait",
	  "cond" },
	{ "sem_wait|sem_timedwait|sem_clockwait|__new_sem_wait|__new_sem_wait_slow|__new_sem_wait_slow64|"
	  "__new_sem_wait_slow64.constprop.0|__new_sem_wait_slow64.constprop.1|___new_sem_timedwait64|"
	  "___sem_timedwait64|__sem_clockwait64",
	  "sem" },
	{ "pthread_barrier_wait|__pthread_barrier_wait|___pthread_barrier_wait", "barrier" },
	{ "pthread_once|__pthread_once|___pthread_once|__pthread_once_slow|"
	  "__pthread_once_slow.isra.0|call_once",
	  "once" },
	{ "__cxa_guard_acquire", "static" },
};

/* ---- facts ---- */

static void kind_fact(const struct args_call *a, const char *kind)
{
	(void)builder_fact(a->p->b, a->about, a->source, "futex_kind", SNAP_UNKNOWN, "%s", kind);
}

static void owner_fact(const struct args_call *a, const struct futex *f, uint32_t tid)
{
	(void)builder_fact(a->p->b, a->about, a->source, "futex_owner", tid, "%s %" PRIu32,
			   f->private && !args_thread_of(a, tid) ? "owned by what was thread"
								 : "owned by thread",
			   tid);
	if (f->private && !args_thread_of(a, tid))
		(void)builder_fact(a->p->b, a->about, a->source, "futex_owner_gone", 1,
				   "no thread %" PRIu32 " is in this process", tid);
}

static const char *operation_name(int operation)
{
	switch (operation & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
		return "wait";
	case FUTEX_WAIT_BITSET:
		return "wait_bitset";
	case FUTEX_LOCK_PI:
		return "lock_pi";
	case FUTEX_LOCK_PI2:
		return "lock_pi2";
	case FUTEX_WAIT_REQUEUE_PI:
		return "wait_requeue_pi";
	default:
		return NULL;
	}
}

static void word_facts(const struct args_call *a, const struct futex *f)
{
	const char *name = operation_name(f->operation);

	(void)builder_fact(a->p->b, a->about, a->source, "futex_word", f->word,
			   "0x%" PRIx32 " at 0x%" PRIx64, f->word, f->address);
	if (name)
		(void)builder_fact(a->p->b, a->about, a->source, "futex_op",
				   f->operation & FUTEX_CMD_MASK, "%s%s", name,
				   f->operation & FUTEX_PRIVATE_FLAG ? " private" : "");
}

/* Which memory the word is in: two waits on one shared word have equal texts. */
static void shared_fact(const struct args_call *a, struct futex *f)
{
	const struct raw_map *m = raw_maps_find(a->p->raw->maps, f->address);

	if (!m)
		return;
	f->private = (f->operation & FUTEX_PRIVATE_FLAG) || !(m->prot & MAP_S);
	if (f->private)
		(void)builder_fact(a->p->b, a->about, a->source, "futex_shared", 0,
				   "private to the process");
	else
		(void)builder_fact(a->p->b, a->about, a->source, "futex_shared", 1,
				   "%" PRIx64 ":%" PRIx64 ":%" PRIu64 ":%" PRIu64, m->device >> 32,
				   m->device & UINT32_MAX, m->inode,
				   m->offset + (f->address - m->start));
}

/* ---- primitives ---- */

static bool read_mutex(const struct args_call *a, uint64_t address, struct glibc_mutex *ret)
{
	return args_copy(a, address, ret, sizeof(*ret)) == 0 &&
	       !(ret->kind & ~(uint32_t)MUTEX_ALL) && ret->users <= USERS_MAX;
}

static void mutex_kind(const struct args_call *a, const struct glibc_mutex *m)
{
	static const char *const types[] = { "normal", "recursive", "errorcheck", "adaptive" };
	char kind[64];

	(void)snprintf(kind, sizeof(kind), "mutex %s%s%s", types[m->kind & MUTEX_TYPE],
		       m->kind & MUTEX_PI ? " pi" : "", m->kind & MUTEX_ROBUST ? " robust" : "");
	kind_fact(a, kind);
}

/* The word holds the owner: by the kernel's rules, whatever the library. */
static void tid_word(const struct args_call *a, const struct futex *f, const char *kind)
{
	uint32_t owner = f->word & FUTEX_TID_MASK;
	struct glibc_mutex m;

	if (read_mutex(a, f->address, &m) && (m.kind & (MUTEX_PI | MUTEX_ROBUST)) &&
	    args_called_by(a, mutex_functions))
		mutex_kind(a, &m);
	else
		kind_fact(a, kind);
	if (owner)
		owner_fact(a, f, owner);
	if (f->word & FUTEX_OWNER_DIED)
		(void)builder_fact(a->p->b, a->about, a->source, "futex_owner_gone", 1,
				   "the kernel has marked the owner as dead");
}

/*
 * Other runtimes sleep on words of their own whose upper bits mean nothing here: a parked thread of
 * Rust's waits on -1. So what may be an owner must be a thread id, and where no function tells, the
 * field beside the word must name the same one, who of a private lock lives.
 */
static bool robust_mutex(const struct args_call *a, const struct futex *f)
{
	uint32_t owner = f->value & FUTEX_TID_MASK;
	struct glibc_mutex m;

	if (!(f->value & FUTEX_WAITERS) || !owner || owner > TID_MAX ||
	    !read_mutex(a, f->address, &m) || !(m.kind & MUTEX_ROBUST))
		return false;
	bool agrees =
		m.owner == owner && m.users && (!f->private || args_thread_of(a, owner) != NULL);
	if (!agrees && !args_called_by(a, mutex_functions))
		return false;
	tid_word(a, f, "mutex robust");
	return true;
}

static bool plain_mutex(const struct args_call *a, const struct futex *f)
{
	bool named = args_called_by(a, mutex_functions);
	struct glibc_mutex m;

	if (f->value != LOCKED_WAITERS || !read_mutex(a, f->address, &m) ||
	    (m.kind & (MUTEX_ROBUST | MUTEX_PI | MUTEX_PROTECT)))
		return false;
	bool alive = args_thread_of(a, m.owner) != NULL;
	/*
	 * Without the function's name only the layout speaks: a lock of another kind may lie there.
	 * An owner that lives, a count of users and the value slept on are beyond chance.
	 */
	if (!named && !(alive && m.users))
		return false;
	mutex_kind(a, &m);
	/* It was unlocked meanwhile, or is another library's object, when the field is empty. */
	if (m.owner && m.users && (alive || named) && f->word != 0)
		owner_fact(a, f, m.owner);
	return true;
}

/* The writer of a lock whose `field` is the word slept on, when it is a thread of ours. */
static bool rwlock_writer(const struct args_call *a, uint64_t word, size_t field, uint32_t *ret_tid)
{
	struct glibc_rwlock l;

	if (args_copy(a, word - field, &l, sizeof(l)) < 0 || l.shared < 0 || l.shared > 1 ||
	    l.writer <= 0 || !args_thread_of(a, (uint32_t)l.writer))
		return false;
	*ret_tid = (uint32_t)l.writer;
	return true;
}

static bool rwlock(const struct args_call *a, const struct futex *f)
{
	static const size_t fields[] = {
		offsetof(struct glibc_rwlock, phase),
		offsetof(struct glibc_rwlock, writers_futex),
		offsetof(struct glibc_rwlock, readers),
	};
	bool reads = args_called_by(a, read_lock_functions);
	uint32_t owner;

	if (!reads && !args_called_by(a, write_lock_functions))
		return false;
	kind_fact(a, reads ? "rwlock read" : "rwlock write");
	/* Held by readers, it has no single owner: readers are only counted. */
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (rwlock_writer(a, f->address, fields[i], &owner)) {
			owner_fact(a, f, owner);
			break;
		}
	return true;
}

/* A thread's descriptor, whose tid field the kernel clears when it ends. */
static bool join(const struct args_call *a, const struct futex *f)
{
	uint64_t descriptor = f->address - PTHREAD_TID, self;

	if (f->word != f->value || !args_thread_of(a, f->word))
		return false;
	bool layout = args_copy(a, descriptor + PTHREAD_SELF, &self, sizeof(self)) == 0 &&
		      self == descriptor;
	if (!layout && !args_called_by(a, join_functions))
		return false;
	kind_fact(a, "join");
	(void)builder_fact(a->p->b, a->about, a->source, "futex_owner", f->word,
			   "waits for the end of thread %" PRIu32, f->word);
	return true;
}

static void describe(const struct args_call *a, struct futex *f)
{
	shared_fact(a, f);
	word_facts(a, f);
	switch (f->operation & FUTEX_CMD_MASK) {
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		tid_word(a, f, "mutex pi");
		return;
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		break;
	default:
		return;
	}
	if (join(a, f) || robust_mutex(a, f) || rwlock(a, f) || plain_mutex(a, f))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ownerless); i++)
		if (args_called_by(a, ownerless[i].functions)) {
			kind_fact(a, ownerless[i].kind);
			return;
		}
}

static void timeout(const struct args_call *a, int operation)
{
	int clock = operation & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;

	switch (operation & FUTEX_CMD_MASK) {
	case FUTEX_WAIT: /* the one operation that counts from its beginning */
		args_timeout_relative(a, 3, false);
		break;
	case FUTEX_LOCK_PI:
		args_timeout_absolute(a, 3, CLOCK_REALTIME);
		break;
	case FUTEX_WAIT_BITSET:
	case FUTEX_LOCK_PI2:
	case FUTEX_WAIT_REQUEUE_PI:
		args_timeout_absolute(a, 3, clock);
		break;
	default:
		break;
	}
}

void args_futex(const struct args_call *a)
{
	struct futex f = {
		.address = a->look->args[0],
		.operation = (int)a->look->args[1],
		.value = (uint32_t)a->look->args[2],
	};

	timeout(a, f.operation);
	if (args_copy(a, f.address, &f.word, sizeof(f.word)) == 0)
		describe(a, &f);
}

/* futex_wait(2): the value comes second, and flags tell what the operation told. */
void args_futex_wait(const struct args_call *a)
{
	enum { FUTEX2_PRIVATE_FLAG = 128 };
	struct futex f = {
		.address = a->look->args[0],
		.operation = FUTEX_WAIT_BITSET |
			     (a->look->args[3] & FUTEX2_PRIVATE_FLAG ? FUTEX_PRIVATE_FLAG : 0),
		.value = (uint32_t)a->look->args[1],
	};

	if (args_copy(a, f.address, &f.word, sizeof(f.word)) == 0)
		describe(a, &f);
}
