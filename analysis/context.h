/*
 * What every part of the analysis works on: the snapshot with its index, what each thread and
 * process is doing, the parties who could end a wait, and the waits as they grow.
 *
 * A party is a list of nodes that many waits share: the holders of one end of a pipe, or all who
 * can act in a process. The graph has it once, as a set, and so has the report: a thousand sleepers
 * in one process cost a thousand references to it.
 */
#ifndef HW_ANALYSIS_CONTEXT_H
#define HW_ANALYSIS_CONTEXT_H

#include "analysis/graph.h"
#include "core/array.h"
#include "core/map.h"
#include "snapshot/builder.h"
#include "snapshot/index.h"

/* trio sleeps 86,400 s when nothing is scheduled: a deadline this far away is none. */
#define FAR_DEADLINE_NS (3600LL * 1000000000LL)

enum mode {
	MODE_SLEEPS,
	MODE_RUNS,    /* on a CPU, or wanting one */
	MODE_MOVED,   /* sleeps now, but ran while it was looked at */
	MODE_STOPPED, /* stopped, traced or frozen */
	MODE_D,       /* uninterruptible */
	MODE_GONE,    /* exited */
};

struct thread_view {
	uint8_t mode;  /* enum mode */
	bool idle;     /* by design: no waker, and nobody to blame */
	bool loop;     /* waits for the events of a loop whose tasks are known */
	bool in_task;  /* a task's code runs on it: whatever call that is in, the loop stands still
			 with it */
	node_t host;   /* a loop's events are waited for on behalf of this thread, which runs it as
			    the guest of another loop; NODE_UNKNOWN */
	node_t poller; /* the other way round */
	bool loop_calls; /* ... which also runs callbacks that belong to no task (asyncio) */
};

struct process_view {
	bool exited;
	bool opaque; /* alive, but its threads were not seen */
	bool frozen;
	bool serves; /* somebody in it awaits what comes from outside the tree; known once the waits
			are */
	bool blurred;       /* what somebody in it waits for could not be read */
	bool python;        /* SIGINT is always caught there and means nothing */
	const char *unread; /* what its runtime schedules, and is not read: "goroutines"; NULL */
	uint64_t caught;    /* signals whose handlers may do anything */
	node_t main_thread; /* or the oldest one that lives; NODE_UNKNOWN */
	node_t main_task;   /* of the loop that the main thread runs; NODE_UNKNOWN */
	uint64_t history;   /* a sum over its events of note: exec, signal, reparenting */
	uint32_t actors;    /* party of all that may act in it: threads and tasks, no helpers;
			       GRAPH_NONE until asked for */
};

struct party {
	struct span refs;  /* its members */
	struct span named; /* once a wait's row has named it: the reference to its set */
	bool outside;      /* somebody in it is outside the tree */
};

/* What is known of a wait but has no place in its row. */
struct wait_note {
	uint32_t party; /* the wakers, also where the row's `to` is unknown; GRAPH_NONE: none, or
			   only `to` */
	bool unknown;   /* somebody else could end it, too */
	bool partly;    /* ... but only in so far as not every process could be read */
	bool outside;   /* a party outside this machine or outside what was looked at */
	bool sleep;     /* a plain sleep: its deadline is all there is to wait for */
	bool timed;     /* there is a deadline, though not known when */
	bool full;      /* a writer that waits for room */
	bool signal;    /* the unknown party is whoever may send a signal */
	bool rests;     /* ... in a sleep that says itself to last until it is told to end */
	bool own;       /* on a wake-up descriptor that only this process holds */
	bool stopped;   /* the wait of a stopped process for its continuation */
	uint32_t users; /* of the wakers those who use the other end of a connection; GRAPH_NONE:
			   not known, see users.h */
	bool waived;    /* nobody has what it waits for, and that is taken for its wish: its process
			   serves */
	bool wanted;    /* ... but somebody is owed an answer by it: see users.h */
	bool moot;      /* ... of another wait of this sleeper, beside which candidates count for
			   nothing */
	node_t gone;    /* an exited process that this wait was for */
	str_t who;      /* the outside party, for a person */
};

struct analysis {
	struct builder *b;
	struct snapshot *s;
	struct snap_index x;
	struct thread_view *threads;
	struct process_view *processes;
	uint32_t *child_start, *child_rows; /* children of each process */
	uint32_t *below_start, *below_rows; /* tasks whose parent is each task */
	ARRAY(struct party) parties;
	struct map party_index;        /* what the party is of -> its index */
	struct map party_position;     /* party and member -> where in it */
	ARRAY(struct wait_note) notes; /* one per row of TABLE_WAIT */
	struct map objects;   /* process and address -> resource of an in-process primitive */
	struct map own_tids;  /* process or pid namespace, and thread id there -> thread */
	struct map locks;     /* file and kind of lock -> its resource */
	bool users_known;     /* some wait has `users` */
	struct map listeners; /* network namespace and address -> listening socket */
	uint8_t *unheard; /* resource: the accepting end of a connection, to which nobody listens */
};

/* The maps and lists; views are still empty (view.h). 0 or -ENOMEM; to be freed in any case. */
int analysis_init(struct analysis *a, struct builder *b);
void analysis_done(struct analysis *a);

/* Rows. */
static inline struct snap_process *process_row(const struct analysis *a, node_t n)
{
	return SNAP_ROW(a->s, PROCESS, node_index(n));
}
static inline struct snap_thread *thread_row(const struct analysis *a, node_t n)
{
	return SNAP_ROW(a->s, THREAD, node_index(n));
}
static inline struct snap_task *task_row(const struct analysis *a, node_t n)
{
	return SNAP_ROW(a->s, TASK, node_index(n));
}
static inline struct snap_resource *resource_row(const struct analysis *a, node_t n)
{
	return SNAP_ROW(a->s, RESOURCE, node_index(n));
}
static inline struct snap_wait *wait_row(const struct analysis *a, uint32_t i)
{
	return SNAP_ROW(a->s, WAIT, i);
}
static inline node_t ref_node(const struct analysis *a, uint32_t i)
{
	return *SNAP_ROW(a->s, REF, i);
}
static inline const char *text_of(const struct analysis *a, str_t s)
{
	return snap_str(a->s, s);
}

static inline bool is_resource(node_t n)
{
	return node_table(n) == TABLE_RESOURCE;
}

/* The process of a thread or task, or the process itself; NODE_UNKNOWN for anything else. */
node_t process_of(const struct analysis *a, node_t n);
bool is_outside(const struct analysis *a, node_t n);

static inline const struct process_view *view_of(const struct analysis *a, node_t process)
{
	return &a->processes[node_index(process)];
}

/* Children of a process as row indices. */
struct snap_list children_of(const struct analysis *a, node_t process);

/* Was it told to end, by one of the scopes in force on it, shielded from that or not? */
bool task_is_cancelled(const struct analysis *a, node_t task);

/* Tasks in a task's nurseries, as row indices; copies that fork left behind are not among them. */
struct snap_list tasks_below(const struct analysis *a, node_t task);

/*
 * A thread by the id that memory of this process has for it: one of its own threads, or
 * (`anywhere`) one of any process of the same pid namespace. NODE_UNKNOWN when it is not there.
 */
node_t thread_by_own_tid(const struct analysis *a, node_t process, int64_t tid, bool anywhere);

/* The lock on a file; `kind` is a word of /proc/locks. NODE_UNKNOWN: nobody waits for one. */
node_t lock_on(const struct analysis *a, node_t file, const char *kind);

/* The one socket that listens at this address; NODE_UNKNOWN: none was seen, or several, and nobody
 * knows whose it would be. */
node_t listener_at(const struct analysis *a, int64_t net_ns, const char *address);

/* Does any socket listen at that address? */
bool listens_at(const struct analysis *a, int64_t net_ns, const char *address);

/* The system call a thread is in: 0 as name when it is in none or that is unknown. */
const char *call_name(const struct analysis *a, node_t thread);
static inline int64_t call_arg(const struct analysis *a, node_t thread, int i)
{
	return thread_row(a, thread)->call.args[i];
}

/* Does the thread wait for the events of its loop? If not, its loop and all of its tasks stand
 * still with it. */
bool loop_polls(const struct analysis *a, node_t thread);

/* The thread that waits for the events of the loop that `thread` runs: mostly itself. */
static inline node_t loop_poller(const struct analysis *a, node_t thread)
{
	node_t poller = node_table(thread) == TABLE_THREAD ? a->threads[node_index(thread)].poller
							   : NODE_UNKNOWN;

	return poller != NODE_UNKNOWN ? poller : thread;
}

/* Facts by key; false and untouched when there is none. */
bool fact_value(const struct analysis *a, node_t about, const char *key, int64_t *ret);
const char *fact_text(const struct analysis *a, node_t about, const char *key); /* NULL */

/* It was seen to run code of its language again and again, whatever it waited for in between. */
bool runs_code(const struct analysis *a, node_t thread);

/* Does it wake every few milliseconds to ask for the same thing of its interpreter, and sleep on? */
bool asks_again(const struct analysis *a, node_t thread);

/* ---- parties ---- */

/* Everyone who can act in a process: tasks, and threads that are neither idle helpers nor stand for
 * a loop's tasks. */
uint32_t party_actors(struct analysis *a, node_t process);

/* The same without the tasks of the loop that stands still with this thread. */
uint32_t party_actors_beside(struct analysis *a, node_t thread);

/* The processes that hold a resource open for writing, or for reading, or at all (`side` of enum
 * side). */
enum side { SIDE_READS = 1, SIDE_WRITES, SIDE_ANY };
uint32_t party_holders(struct analysis *a, node_t resource, enum side side);

/* The living children of a process; GRAPH_NONE where there are none. */
uint32_t party_children(struct analysis *a, node_t process);

/* Both together, nobody twice; either may be GRAPH_NONE. */
uint32_t party_union(struct analysis *a, uint32_t one, uint32_t other);

/*
 * The processes that map the shared memory a thread waits in; GRAPH_NONE where they are not known.
 * *ret_others: may others, too? TRI_UNKNOWN: only processes that could not be read.
 */
uint32_t party_mappers(struct analysis *a, node_t thread, enum tri *ret_others);

uint32_t party_of(struct analysis *a, const node_t *nodes, uint32_t n);
uint32_t party_of_span(struct analysis *a, struct span refs);
uint32_t party_size(const struct analysis *a, uint32_t party);
node_t party_member(const struct analysis *a, uint32_t party, uint32_t i);
bool party_has(const struct analysis *a, uint32_t party, node_t node);

/* How many there are besides `but` (NODE_UNKNOWN: nobody is left out). */
uint32_t party_size_without(const struct analysis *a, uint32_t party, node_t but);

/* Its members for a wait's row: a short party as a list without `but`, a long one as the name of a
 * set. */
struct span party_span(struct analysis *a, uint32_t party, node_t but);

/*
 * A party of holders as `sleeper` sees it: where its own process is one of them, the others who act
 * in that process take its place. In a very long list it stays and stands for them.
 */
uint32_t party_seen_by(struct analysis *a, uint32_t holders, node_t sleeper);

/* ---- waits ---- */

struct wait_in {
	node_t from;
	enum wait_on on;
	node_t resource;
	enum need need; /* NEED_ANY unless set */
	int64_t group;
	uint32_t party;      /* who could end it; GRAPH_NONE: nobody */
	node_t but;          /* a member that is not meant; `from` itself never is */
	int64_t deadline_ns; /* 0: none */
	enum evidence evidence;
	bool new_work;
	struct wait_note note; /* but for the party */
	node_t about[3];       /* whose facts it rests on, besides those of `from` and `resource` */
};

/* One more wait; `what` names the thing for a person. `to` is left unknown where note.unknown or
 * note.outside is set. */
void wait_add(struct analysis *a, const struct wait_in *in, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static inline struct wait_in wait_any(node_t from, enum wait_on on, enum evidence evidence)
{
	return (struct wait_in){ .from = from,
				 .on = on,
				 .party = GRAPH_NONE,
				 .but = from,
				 .evidence = evidence,
				 .need = NEED_ANY };
}

#endif
