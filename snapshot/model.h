/*
 * THE data model: what one capture knows, as plain tables.
 *
 * A snapshot is a set of arrays of plain structs that refer to each other by
 * index, never by pointer, plus one pool of strings. So it can be appended to
 * by two processes and joined (delta.h), checked as a whole after it came from
 * a process or a file that may lie (check.h), and written, read and validated
 * by one description of its fields (schema.c) instead of by hand three times.
 *
 * Producers (acquire/, collectors/, decode/, runtimes/) append rows through
 * builder.h. After builder_finish() nothing changes but the analysis tables
 * (waits, groups, verdicts), which analysis/ derives and may derive anew.
 * Renderers (formats/, cli/) only read.
 *
 * Three kinds of absence, everywhere the same:
 *	unknown	could not be seen; left out of the JSON; a gap says why
 *	none	known not to exist; null in the JSON
 *	a value
 * For integers SNAP_UNKNOWN/SNAP_NONE, for strings STR_UNKNOWN/STR_NONE, for nodes
 * NODE_UNKNOWN/NODE_NONE, for spans SPAN_UNKNOWN (an empty span is a known empty list),
 * for bools TRI_UNKNOWN, for enums 0.
 *
 * Times are nanoseconds on the trigger's clock (0 = attach, start of CMD, or the dump) unless
 * the name says otherwise; sizes are bytes. Pids are those of hangwatch's own pid namespace.
 */
#ifndef HW_SNAPSHOT_MODEL_H
#define HW_SNAPSHOT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t str_t;  /* offset into the string pool */
typedef uint32_t node_t; /* kind << 28 | index */

#define STR_UNKNOWN 0u
#define STR_NONE    1u

#define SNAP_UNKNOWN INT64_MIN
#define SNAP_NONE    (INT64_MIN + 1)
/* true for a value, i.e. neither unknown nor none */
static inline bool snap_known(int64_t v)
{
	return v > SNAP_NONE;
}

enum tri { TRI_NO, TRI_YES, TRI_UNKNOWN };

/* A run of rows in another table. */
struct span {
	uint32_t first, n;
};
#define SPAN_UNKNOWN ((struct span){ UINT32_MAX, 0 })
static inline bool span_known(struct span s)
{
	return s.first != UINT32_MAX;
}

/* Every table; the first block's rows are nodes that others may refer to. */
enum table {
	TABLE_PROCESS = 1, /* P */
	TABLE_THREAD,      /* T */
	TABLE_TASK,        /* K */
	TABLE_RESOURCE,    /* R */
	TABLE_WAIT,        /* W */
	TABLE_FACT,        /* F */
	TABLE_EVENT,       /* E */
	TABLE_GROUP,       /* G */
	TABLE_SET,         /* S */
	/* not nodes: */
	TABLE_SAMPLE,
	TABLE_STACK,
	TABLE_PARK,
	TABLE_FRAME,
	TABLE_LOCAL,
	TABLE_RUNTIME,
	TABLE_SCOPE,
	TABLE_FD,
	TABLE_WATCH,
	TABLE_SIGNAL,
	TABLE_GAP,
	TABLE_VERDICT,
	TABLE_ODD,
	TABLE_RULED_OUT,
	TABLE_REF, /* node_t: the members of every list of nodes */
	TABLE_MAX,
};
#define TABLE_LAST_NODE TABLE_SET

#define NODE_UNKNOWN       0u
#define NODE_NONE          1u
#define NODE(table, index) ((node_t)(table) << 28 | (uint32_t)(index))
static inline enum table node_table(node_t n)
{
	return (enum table)(n >> 28);
}
static inline uint32_t node_index(node_t n)
{
	return n & 0x0fffffffu;
}

/* ---- enums; 0 is unknown; the words of each are in schema.c ---- */

enum frame_kind { FRAME_NATIVE = 1, FRAME_PYTHON, FRAME_KERNEL };
enum trust { TRUST_CFI = 1, TRUST_RECOVERED, TRUST_GUESSED };
enum activity { ACTIVITY_PARKED = 1, ACTIVITY_BUSY, ACTIVITY_MOVING };
enum taken { TAKEN_BPF = 1, TAKEN_PROC, TAKEN_PTRACE };
enum task_state { TASK_WAITING = 1, TASK_RUNNING, TASK_RUNNABLE, TASK_CREATED };
enum need { NEED_ANY = 1, NEED_ALL };
enum evidence { EVIDENCE_PROVED = 1, EVIDENCE_READ, EVIDENCE_CANDIDATE };
enum certainty { CERTAINTY_PROVED = 1, CERTAINTY_READ, CERTAINTY_INFERRED };
enum can_end { CAN_END_NO = 1, CAN_END_TIMER, CAN_END_YES, CAN_END_UNKNOWN };
enum trigger_kind {
	TRIGGER_WALL_CLOCK = 1,
	TRIGGER_MANUAL,
	TRIGGER_IDLE,
	TRIGGER_BUSY,
	TRIGGER_MARK,
	TRIGGER_RULE
};

enum resource_kind {
	RESOURCE_PIPE = 1, /* pipe or FIFO */
	RESOURCE_TCP,
	RESOURCE_UDP,
	RESOURCE_UNIX,
	RESOURCE_SOCKET, /* any other family */
	RESOURCE_PIDFD,
	RESOURCE_EPOLL,
	RESOURCE_EVENTFD,
	RESOURCE_SIGNALFD,
	RESOURCE_TIMERFD,
	RESOURCE_INOTIFY,
	RESOURCE_IO_URING,
	RESOURCE_TTY,
	RESOURCE_FILE,
	RESOURCE_ANON, /* other anonymous inode */
	RESOURCE_FUTEX,
	RESOURCE_FLOCK, /* POSIX, OFD, flock or lease on one file */
	RESOURCE_CHILD, /* the end of a child */
	RESOURCE_GIL,
	RESOURCE_EVENT, /* in-process primitives of an async runtime from here */
	RESOURCE_LOCK,
	RESOURCE_CHANNEL,
	RESOURCE_NURSERY,
	RESOURCE_TASK, /* the end of a task or future */
	RESOURCE_TIMER,
	RESOURCE_SIGNAL,
	RESOURCE_FREEZER,
	RESOURCE_KERNEL, /* an uninterruptible kernel wait */
	RESOURCE_THREAD, /* the end of a thread, or of work given to it */
	RESOURCE_SYSV,   /* semop, msgrcv, msgsnd, mq_* */
};

/* What a wait is on: the same words as resource kinds where it is a resource. */
enum wait_on {
	WAIT_ON_PIDFD = 1,
	WAIT_ON_TCP,
	WAIT_ON_UDP,
	WAIT_ON_UNIX,
	WAIT_ON_SOCKET,
	WAIT_ON_PIPE,
	WAIT_ON_FIFO_OPEN,
	WAIT_ON_EVENTFD,
	WAIT_ON_SIGNALFD,
	WAIT_ON_TIMERFD,
	WAIT_ON_INOTIFY,
	WAIT_ON_TTY,
	WAIT_ON_FILE,
	WAIT_ON_EPOLL, /* an epoll fd polled or nested in another */
	WAIT_ON_IO_URING,
	WAIT_ON_FUTEX, /* owner unknown or none by nature: condition, semaphore, … */
	WAIT_ON_LOCK,  /* mutex, rwlock, in-process lock */
	WAIT_ON_FLOCK,
	WAIT_ON_CHILD,
	WAIT_ON_THREAD,
	WAIT_ON_GIL,
	WAIT_ON_EVENT,
	WAIT_ON_CHANNEL,
	WAIT_ON_QUEUE,
	WAIT_ON_NURSERY,
	WAIT_ON_TASK,
	WAIT_ON_TIMER,
	WAIT_ON_SIGNAL,
	WAIT_ON_FREEZER,
	WAIT_ON_KERNEL,
	WAIT_ON_SYSV,
	WAIT_ON_LOOP, /* a runtime's thread stands for the tasks of its loop */
	WAIT_ON_UNKNOWN_THING,
};

/* What kind of primitive a task is parked on, as read from the runtime. */
enum task_wait {
	TASK_WAIT_FD = 1, /* task.fd; task.waits_write says which side */
	TASK_WAIT_EVENT,
	TASK_WAIT_LOCK,      /* Lock, RLock, StrictFIFOLock: task.owner when it could be read */
	TASK_WAIT_SEMAPHORE, /* Semaphore, CapacityLimiter */
	TASK_WAIT_CONDITION,
	TASK_WAIT_CHANNEL_SEND,
	TASK_WAIT_CHANNEL_RECEIVE,
	TASK_WAIT_QUEUE,
	TASK_WAIT_NURSERY, /* parked in a nursery's or TaskGroup's __aexit__: needs all children */
	TASK_WAIT_TASK,    /* another task or a gather of tasks: see task.waits_for */
	TASK_WAIT_FUTURE,  /* a bare future: whoever holds it may set it */
	TASK_WAIT_THREAD,  /* to_thread: task.worker */
	TASK_WAIT_TIMER,   /* only its deadline ends it */
	TASK_WAIT_FOREVER, /* sleep_forever and the like: only cancellation */
	TASK_WAIT_CHILD,   /* the end of a child process: task.child */
	TASK_WAIT_OTHER,
};

enum verdict_class {
	VERDICT_STOPPED = 1,
	VERDICT_D_STATE,
	VERDICT_LOST_PEER,
	VERDICT_DEADLOCK,
	VERDICT_FULL_PIPE,
	VERDICT_BUSY_LOOP,
	VERDICT_LIVELOCK,
	VERDICT_SLOW,
	VERDICT_TIMER,
	VERDICT_IDLE,
	VERDICT_OUTSIDE,
	VERDICT_UNKNOWN,
};

enum event_kind {
	EVENT_FORK = 1,
	EVENT_EXEC,
	EVENT_EXIT,
	EVENT_SIGNAL,
	EVENT_TCP_STATE,
	EVENT_BLOCKED,
	EVENT_MARK,
	EVENT_CAPTURE,
	EVENT_REAP,
	EVENT_REPARENT,
};

/* ---- rows ---- */

/* An optional JSON object inside a row: null, left out, or its fields. */
enum presence { PRESENCE_UNKNOWN, PRESENCE_NONE, PRESENCE_HERE };

struct snap_exit {
	uint8_t presence; /* enum presence; must be the first member */
	int64_t at_ns, code, signal;
	node_t reaped_by; /* a process */
};

struct snap_process {
	int64_t pid, ns_pid, ppid;
	node_t parent; /* its parent's row where that is in the snapshot */
	str_t name;    /* proctitle, test id, or argv's program: what a person would call it */
	str_t exe, cmdline, state; /* state: the letter of /proc/PID/stat, "gone" when it exited
				      during capture */
	int64_t uid, gid, sid, pgid;
	int64_t start_ns;
	uint8_t root;    /* a PID that was asked for */
	uint8_t outside; /* not in the tree; here since something in the tree waits for it or shares
			    with it */
	uint8_t forked_not_execed; /* enum tri */
	uint8_t fds_seen; /* enum tri: /proc/PID/fd was readable, so absence from a holder list is
			     proof */
	str_t cgroup, unit, container;
	int64_t mnt_ns, net_ns, pid_ns, user_ns; /* inode numbers */
	struct snap_exit exit;
};

/* The system call a thread sleeps in. */
struct snap_call {
	uint8_t presence; /* must be the first member */
	int64_t nr;
	str_t name;
	int64_t args[6];
	str_t text; /* arguments decoded for a person */
};

struct snap_thread {
	node_t owner; /* process */
	int64_t tid, ns_tid;
	str_t name, state;
	struct snap_call call; /* PRESENCE_NONE: known not to be in a system call */
	int64_t sp, pc;
	str_t wchan;
	int64_t cpu_ns;     /* user + system since its start */
	int64_t switches;   /* times it was put on a CPU (schedstat, third field) */
	int64_t blocked_ns; /* how long it has not run */
	uint8_t activity;   /* enum activity */
	uint8_t taken;      /* enum taken */
	uint8_t idle; /* enum tri: idle by design (a pool's worker, a runtime's helper thread) */
	int64_t stopped_ns; /* how long hangwatch held it at most at a time: JSON stopped_us */
	node_t group;
};

/* One look at a thread; consecutive rows of one thread are in time order. */
struct snap_sample {
	node_t owner; /* thread */
	int64_t at_ns, cpu_ns, switches, syscall_nr, sp, pc;
	int64_t io_bytes;   /* rchar + wchar of the thread, where readable */
	int64_t stack_hash; /* of the unwound frames' functions; equal = the same stack */
};

/* The frames of one thread or task, innermost first. */
struct snap_stack {
	node_t owner; /* thread or task */
	struct span frames;
	uint8_t complete; /* reached its outermost frame */
};

/*
 * What a thread waits for where that is an object of its language's runtime: an event, a queue. A
 * task has the same two fields in its own row.
 */
struct snap_park {
	node_t owner;        /* thread */
	int64_t object;      /* its address: equal objects are one thing */
	struct span setters; /* as snap_task.setters */
};

struct snap_frame {
	uint8_t kind, trust; /* enum frame_kind, enum trust */
	uint8_t internal; /* an interpreter's or runtime's own machinery: folded unless --all-frames
			   */
	uint8_t signal;   /* a signal frame: the one above it was interrupted, not called */
	str_t function, module, file;
	int64_t line;
	int64_t address; /* of the instruction, in the process */
	int64_t offset;  /* of the address in the module's file, to symbolise later */
};

struct snap_local {
	uint32_t frame; /* index into TABLE_FRAME */
	str_t name, value;
};

struct snap_runtime {
	node_t owner;        /* process */
	str_t name, version; /* name STR_NONE: no known runtime in this process */
	uint8_t finalizing;  /* enum tri */
};

struct snap_task {
	node_t owner; /* process */
	str_t runtime, name;
	node_t parent; /* trio: the task that owns its nursery; asyncio: its first awaiter */
	struct span awaited_by; /* tasks */
	int64_t nursery;        /* trio: which of the parent's nurseries, from 0 */
	node_t thread;          /* whose loop it belongs to */
	uint8_t state;          /* enum task_state */
	uint8_t inherited;      /* a copy that fork left behind: nothing runs it */
	uint8_t service;        /* the runtime's own task, never a waker */
	uint8_t main;           /* the loop's main task */
	str_t waits_on;         /* for a person: "Event.wait", "MemoryReceiveChannel.receive" */
	uint8_t wait;           /* enum task_wait */
	uint8_t waits_write;    /* TASK_WAIT_FD: for writability */
	int64_t fd;
	int64_t object;    /* address of the primitive waited on: equal objects are one resource */
	node_t wait_owner; /* task or thread that owns that primitive, where it could be read */
	struct span setters;   /* tasks and threads, but itself, that refer to that primitive and so
				* could set it, or a set of them; unknown where not everything that
				* may refer to it was searched: then everybody is a candidate */
	struct span waits_for; /* tasks whose end it awaits */
	uint8_t waits_any;     /* one of them is enough; else all are needed */
	int64_t child;         /* TASK_WAIT_CHILD: its pid */
	int64_t deadline_ns;   /* from the capture: when a timer of its own wakes it; SNAP_NONE:
				  nothing does. Cancel scopes come on top */
	node_t worker;         /* thread that runs its to_thread call */
	int64_t schedules;     /* times it was scheduled, where the runtime counts */
	str_t pending;         /* pending exceptions, for a person */
	uint8_t start_pending; /* nursery.start() not yet started */
};

/* Cancel scopes in force on a task, innermost first. */
struct snap_scope {
	node_t owner;        /* task */
	int64_t deadline_ns; /* from the capture; SNAP_NONE = no deadline: JSON deadline_in_s */
	uint8_t cancel_called, shield, effectively_cancelled;
};

struct snap_fd {
	node_t owner; /* process */
	int64_t fd;
	node_t resource;
	str_t kind;           /* "pipe read", "tcp listen", … for a person */
	struct span armed_by; /* epoll resources and threads that watch it now */
	str_t mask;        /* event mask of its first watch, hexadecimal as the kernel prints it */
	uint8_t inherited; /* enum tri: open before the fork */
	uint8_t readable, writable; /* open mode */
	int64_t flags;              /* O_NONBLOCK and the rest of fdinfo's flags */
};

/* One entry of an epoll set, or one fd in a poll/select in progress. */
struct snap_watch {
	node_t owner;   /* epoll resource, or thread (poll, select) */
	node_t process; /* in whose descriptor table `fd` is meant */
	int64_t fd;
	node_t resource; /* what is watched; NODE_NONE: the number was closed or reused since */
	int64_t events;  /* EPOLLIN … as armed */
	uint8_t armed;   /* any event but the private bits: someone waits for it */
	uint8_t edge, oneshot;
	int64_t data; /* epoll_data as the program set it */
	node_t task;  /* the task that a runtime's table names for this fd (read side) */
	node_t write_task;
};

struct snap_resource {
	uint8_t kind; /* enum resource_kind */
	str_t text;   /* for a person: "127.0.0.1:8650 <- 127.0.0.1:33750" */
	str_t state;  /* TCP state, "listen", "full", "fired", … */
	int64_t inode, device;
	int64_t net_ns;
	str_t local, remote; /* socket addresses, "host:port" or a path */
	int64_t recv_q, send_q;
	int64_t capacity; /* of a pipe, a backlog */
	int64_t fill;     /* unread bytes; eventfd: its count; timerfd: see expires_ns */
	int64_t last_sent_ns, last_received_ns; /* on the trigger's clock (negative: before it) */
	int64_t expires_ns; /* timerfd: first expiry from the capture; SNAP_NONE: disarmed */
	node_t peer;        /* the other end */
	node_t listener; /* a connection nobody has accepted yet: the listening socket whose holders
			    may */
	node_t target;   /* process: of a pidfd or a child's end; thread for RESOURCE_THREAD */
	node_t lock_owner; /* process or thread that holds it; NODE_NONE: free or ownerless */
	int64_t address;   /* of a futex word or in-process object */
	node_t process;    /* for in-process resources */
	uint8_t holders_complete; /* enum tri: every party that could hold it was seen */
	uint8_t outside_held;     /* enum tri: someone outside the tree holds an end */
	str_t outside;            /* who, for a person: "sshd 812", "192.0.2.7:443" */
	str_t detail; /* lock type, futex kind, … machine words: "mutex robust", "posix write" */
};

struct snap_wait {
	node_t from; /* thread or task; a process for a whole-process wait (freezer) */
	uint8_t on;  /* enum wait_on */
	node_t resource;
	str_t what;
	uint8_t need; /* enum need */
	int64_t group;
	struct span to; /* everyone who could end this wait; unknown = not all could be seen. See
			   wakers.h for sets */
	int64_t deadline_ns; /* from the capture */
	uint8_t evidence;    /* enum evidence */
	uint8_t new_work;    /* ends when new work comes from outside: listening socket, terminal,
				watched file */
	struct span facts;
};

/* A statement with its source. `key` and `value` are for analysis/, `text` for a person. */
struct snap_fact {
	node_t about;
	str_t source; /* "/proc/70112/fdinfo/5" */
	str_t key;    /* a fixed word, see docs/REPORT.md */
	int64_t value;
	str_t text;
};

struct snap_group {
	int64_t count;
	struct span members;
	str_t title;
};

/*
 * A list that many rows refer to, said once: "everyone in this process" for each of its thousand
 * sleepers. Where a row's list names a set, it names nothing else, and its members are meant but
 * for the row's own sleeper.
 */
struct snap_set {
	struct span members; /* processes, threads, tasks */
};

struct snap_event {
	int64_t at_ns;
	uint8_t kind; /* enum event_kind */
	node_t about;
	str_t text;
};

struct snap_signal {
	node_t process;
	int64_t pid;
	str_t signal;
	uint8_t sent;
	str_t why, output;
	uint8_t alive_after; /* enum tri */
};

/* Something that could not be seen. `hole`: a process, thread or PID asked for is missing (exit
 * code 3). */
struct snap_gap {
	node_t about;
	str_t what, why, fix;
	uint8_t hole;
};

struct snap_end {
	uint8_t presence;
	node_t node;
	int64_t pid;
	str_t what;
};

struct snap_verdict {
	node_t root;   /* process */
	uint8_t class; /* enum verdict_class */
	str_t sentence;
	uint8_t certainty, can_end;
	struct span chain; /* waits */
	struct snap_end end;
	struct span facts;
};

struct snap_odd {
	uint32_t verdict; /* index */
	node_t node;
	str_t why;
	struct span facts;
};

struct snap_ruled_out {
	uint32_t verdict;
	str_t what, why;
	struct span facts;
};

/* What there is one of. */
struct snap_trigger {
	uint8_t presence;
	uint8_t kind; /* enum trigger_kind */
	int64_t after_ns, at_ns;
};

struct snap_pressure {
	uint8_t presence;
	int64_t cpu_some, io_some, memory_some; /* avg10, thousandths of a percent */
};

struct snap_host {
	uint8_t presence;
	str_t kernel, load, boot_id, hostname;
	int64_t cpus;
	struct snap_pressure pressure;
};

struct snap_source {
	uint8_t presence;
	str_t tree, stacks;
};

struct snap_capture {
	uint8_t presence;
	int64_t wall_ns;
	int64_t stopped_max_ns;
	int64_t samples;
	int64_t interval_ns;
	struct snap_source source;
};

struct snap_head {
	int64_t schema; /* 1 */
	str_t id, created, version;
	int64_t captured_ns; /* when, on the trigger's clock: deadlines count from here */
	struct snap_trigger trigger;
	struct snap_host host;
	struct snap_capture capture;
};

/* ---- the whole ---- */

struct snap_table {
	void *rows;
	size_t n, cap;
};

struct snapshot {
	struct snap_head head;
	struct snap_table tables[TABLE_MAX];
	char *strings;
	size_t n_strings, cap_strings;
};

void snapshot_free(struct snapshot *s);

const char *snap_str(const struct snapshot *s, str_t str); /* "" for unknown and none */

/* Typed access: SNAP_ROW(s, THREAD, i)->tid; SNAP_N(s, THREAD). */
#define SNAP_N(s, T)      ((uint32_t)(s)->tables[TABLE_##T].n)
#define SNAP_ROWS(s, T)   ((SNAP_TYPE_##T *)(s)->tables[TABLE_##T].rows)
#define SNAP_ROW(s, T, i) (&SNAP_ROWS(s, T)[i])

#define SNAP_TYPE_PROCESS   struct snap_process
#define SNAP_TYPE_THREAD    struct snap_thread
#define SNAP_TYPE_TASK      struct snap_task
#define SNAP_TYPE_RESOURCE  struct snap_resource
#define SNAP_TYPE_WAIT      struct snap_wait
#define SNAP_TYPE_FACT      struct snap_fact
#define SNAP_TYPE_EVENT     struct snap_event
#define SNAP_TYPE_GROUP     struct snap_group
#define SNAP_TYPE_SET       struct snap_set
#define SNAP_TYPE_SAMPLE    struct snap_sample
#define SNAP_TYPE_STACK     struct snap_stack
#define SNAP_TYPE_PARK      struct snap_park
#define SNAP_TYPE_FRAME     struct snap_frame
#define SNAP_TYPE_LOCAL     struct snap_local
#define SNAP_TYPE_RUNTIME   struct snap_runtime
#define SNAP_TYPE_SCOPE     struct snap_scope
#define SNAP_TYPE_FD        struct snap_fd
#define SNAP_TYPE_WATCH     struct snap_watch
#define SNAP_TYPE_SIGNAL    struct snap_signal
#define SNAP_TYPE_GAP       struct snap_gap
#define SNAP_TYPE_VERDICT   struct snap_verdict
#define SNAP_TYPE_ODD       struct snap_odd
#define SNAP_TYPE_RULED_OUT struct snap_ruled_out
#define SNAP_TYPE_REF       node_t

#endif
