/*
 * The fields of every row; see schema.h. To add a field: add it to its struct in model.h and one
 * line here. The order is the order in the JSON.
 */
#include "snapshot/schema.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/decimal.h"
#include "core/parse.h"
#include "core/util.h"

const char *const names_frame_kind[] = { "unknown", "native", "python", "kernel", NULL };
const char *const names_trust[] = { "unknown", "cfi", "recovered", "guessed", NULL };
const char *const names_activity[] = { "unknown", "parked", "busy", "moving", NULL };
const char *const names_taken[] = { "unknown", "bpf", "proc", "ptrace", NULL };
const char *const names_task_state[] = { "unknown",  "waiting", "running",
					 "runnable", "created", NULL };
const char *const names_need[] = { "unknown", "any", "all", NULL };
const char *const names_evidence[] = { "unknown", "proved", "read", "candidate", NULL };
const char *const names_certainty[] = { "unknown", "proved", "read", "inferred", NULL };
const char *const names_can_end[] = { "unset", "no", "timer", "yes", "unknown", NULL };
const char *const names_trigger_kind[] = { "unknown", "wall-clock", "manual", "idle",
					   "busy",    "mark",       "rule",   NULL };
const char *const names_resource_kind[] = {
	"unknown", "pipe",     "tcp",     "udp",     "unix",     "socket", "pidfd",   "epoll",
	"eventfd", "signalfd", "timerfd", "inotify", "io_uring", "tty",    "file",    "anon",
	"futex",   "flock",    "child",   "gil",     "event",    "lock",   "channel", "nursery",
	"task",    "timer",    "signal",  "freezer", "kernel",   "thread", "sysv",    NULL
};
const char *const names_wait_on[] = { "unknown",  "pidfd",   "tcp",       "udp",     "unix",
				      "socket",   "pipe",    "fifo-open", "eventfd", "signalfd",
				      "timerfd",  "inotify", "tty",       "file",    "epoll",
				      "io_uring", "futex",   "lock",      "flock",   "child",
				      "thread",   "gil",     "event",     "channel", "queue",
				      "nursery",  "task",    "timer",     "signal",  "freezer",
				      "kernel",   "sysv",    "loop",      "other",   NULL };
const char *const names_task_wait[] = { "unknown",   "fd",        "event",        "lock",
					"semaphore", "condition", "channel-send", "channel-receive",
					"queue",     "nursery",   "task",         "future",
					"thread",    "timer",     "forever",      "child",
					"other",     NULL };
const char *const names_verdict_class[] = { "unset",    "STOPPED",   "D_STATE",   "LOST_PEER",
					    "DEADLOCK", "FULL_PIPE", "BUSY_LOOP", "LIVELOCK",
					    "SLOW",     "TIMER",     "IDLE",      "OUTSIDE",
					    "UNKNOWN",  NULL };
const char *const names_event_kind[] = { "unknown", "fork",      "exec",     "exit",
					 "signal",  "tcp_state", "blocked",  "mark",
					 "capture", "reap",      "reparent", NULL };

#define F(struct_, member, key_, type_, ...)                                                      \
	{                                                                                         \
		.key = (key_), .offset = offsetof(struct struct_, member), .type = FIELD_##type_, \
		__VA_ARGS__                                                                       \
	}
#define NAMES(n)   .u.names = names_##n
#define TO(kinds_) .u.kinds = (kinds_)
#define CHILD_OF(key_, type_, table_)                                           \
	{                                                                       \
		.key = (key_), .type = FIELD_##type_, .u.table = TABLE_##table_ \
	}
#define OBJ(record_) .u.record = &(record_)
#define P_           (1u << TABLE_PROCESS)
#define T_           (1u << TABLE_THREAD)
#define K_           (1u << TABLE_TASK)
#define R_           (1u << TABLE_RESOURCE)
#define W_           (1u << TABLE_WAIT)
#define F_           (1u << TABLE_FACT)
#define G_           (1u << TABLE_GROUP)
#define S_           (1u << TABLE_SET)

#define RECORD(name_, struct_, letter_, fields_)                                        \
	static const struct record name_ = { #struct_, sizeof(struct struct_), fields_, \
					     ARRAY_SIZE(fields_), letter_ }

static const struct field exit_fields[] = {
	F(snap_exit, at_ns, "at_s", NS),
	F(snap_exit, code, "code", INT),
	F(snap_exit, signal, "signal", INT),
	F(snap_exit, reaped_by, "reaped_by", NODE, TO(P_)),
};
RECORD(exit_record, snap_exit, 0, exit_fields);

static const struct field process_fields[] = {
	F(snap_process, pid, "pid", INT),
	F(snap_process, ns_pid, "ns_pid", INT),
	F(snap_process, ppid, "ppid", INT),
	F(snap_process, parent, "parent", NODE, TO(P_)),
	F(snap_process, name, "name", STR),
	F(snap_process, exe, "exe", STR),
	F(snap_process, cmdline, "cmdline", STR),
	F(snap_process, uid, "uid", INT),
	F(snap_process, gid, "gid", INT),
	F(snap_process, sid, "sid", INT),
	F(snap_process, pgid, "pgid", INT),
	F(snap_process, state, "state", STR),
	F(snap_process, start_ns, "start_s", NS),
	F(snap_process, root, "root", BOOL),
	F(snap_process, outside, "outside", MARK),
	F(snap_process, cgroup, "cgroup", STR),
	F(snap_process, unit, "unit", STR),
	F(snap_process, container, "container", STR),
	F(snap_process, mnt_ns, "mnt_ns", INT),
	F(snap_process, net_ns, "net_ns", INT),
	F(snap_process, pid_ns, "pid_ns", INT),
	F(snap_process, user_ns, "user_ns", INT),
	F(snap_process, forked_not_execed, "forked_not_execed", TRI),
	F(snap_process, fds_seen, "fds_seen", TRI),
	F(snap_process, exit, "exit", OBJECT, OBJ(exit_record)),
	CHILD_OF("runtime", CHILD, RUNTIME),
	CHILD_OF("threads", CHILDREN, THREAD),
	CHILD_OF("tasks", CHILDREN, TASK),
	CHILD_OF("fds", CHILDREN, FD),
};
RECORD(process_record, snap_process, 'P', process_fields);

static const struct field call_fields[] = {
	F(snap_call, nr, "nr", INT),
	F(snap_call, name, "name", STR),
	F(snap_call, args, "args", ARGS),
	F(snap_call, text, "text", STR),
};
RECORD(call_record, snap_call, 0, call_fields);

static const struct field thread_fields[] = {
	F(snap_thread, owner, NULL, OWNER),
	F(snap_thread, tid, "tid", INT),
	F(snap_thread, ns_tid, "ns_tid", INT),
	F(snap_thread, name, "name", STR),
	F(snap_thread, state, "state", STR),
	F(snap_thread, call, "syscall", OBJECT, OBJ(call_record)),
	F(snap_thread, sp, "sp", HEX),
	F(snap_thread, pc, "pc", HEX),
	F(snap_thread, wchan, "wchan", STR),
	F(snap_thread, cpu_ns, "cpu_ms", NS_MS),
	F(snap_thread, switches, "switches", INT),
	F(snap_thread, blocked_ns, "blocked_s", NS),
	F(snap_thread, activity, "activity", ENUM, NAMES(activity)),
	F(snap_thread, taken, "taken", ENUM, NAMES(taken)),
	F(snap_thread, stopped_ns, "stopped_us", NS_US),
	F(snap_thread, idle, "idle", TRI),
	F(snap_thread, group, "group", INDEX, TO(G_)),
	CHILD_OF("samples", CHILDREN, SAMPLE),
	CHILD_OF(NULL, MERGED, STACK),
	CHILD_OF(NULL, MERGED, PARK),
};
RECORD(thread_record, snap_thread, 'T', thread_fields);

static const struct field sample_fields[] = {
	F(snap_sample, owner, NULL, OWNER),
	F(snap_sample, at_ns, "at_s", NS),
	F(snap_sample, cpu_ns, "cpu_ms", NS_MS),
	F(snap_sample, switches, "switches", INT),
	F(snap_sample, syscall_nr, "syscall", INT),
	F(snap_sample, sp, "sp", HEX),
	F(snap_sample, pc, "pc", HEX),
	F(snap_sample, io_bytes, "io_bytes", INT),
	F(snap_sample, stack_hash, "stack", HEX),
};
RECORD(sample_record, snap_sample, 0, sample_fields);

static const struct field stack_fields[] = {
	F(snap_stack, owner, NULL, OWNER),
	F(snap_stack, frames, "frames", ROWS, .u.table = TABLE_FRAME),
	F(snap_stack, complete, "complete", BOOL),
};
RECORD(stack_record, snap_stack, 0, stack_fields);

static const struct field park_fields[] = {
	F(snap_park, owner, NULL, OWNER),
	F(snap_park, object, "object", HEX),
	F(snap_park, setters, "setters", NODES, TO(K_ | T_ | S_)),
};
RECORD(park_record, snap_park, 0, park_fields);

static const struct field frame_fields[] = {
	F(snap_frame, kind, "kind", ENUM, NAMES(frame_kind)),
	F(snap_frame, function, "function", STR),
	F(snap_frame, module, "module", STR),
	F(snap_frame, file, "file", STR),
	F(snap_frame, line, "line", INT),
	F(snap_frame, address, "address", HEX),
	F(snap_frame, offset, "offset", HEX),
	F(snap_frame, trust, "trust", ENUM, NAMES(trust)),
	F(snap_frame, internal, "internal", MARK),
	F(snap_frame, signal, "signal", MARK),
	CHILD_OF("locals", CHILDREN, LOCAL),
};
RECORD(frame_record, snap_frame, 0, frame_fields);

static const struct field local_fields[] = {
	F(snap_local, frame, NULL, OWNER, .u.table = TABLE_FRAME),
	F(snap_local, name, "name", STR),
	F(snap_local, value, "value", STR),
};
RECORD(local_record, snap_local, 0, local_fields);

static const struct field runtime_fields[] = {
	F(snap_runtime, owner, NULL, OWNER),
	F(snap_runtime, name, "name", STR),
	F(snap_runtime, version, "version", STR),
	F(snap_runtime, finalizing, "finalizing", TRI),
};
RECORD(runtime_record, snap_runtime, 0, runtime_fields);

static const struct field task_fields[] = {
	F(snap_task, owner, NULL, OWNER),
	F(snap_task, runtime, "runtime", STR),
	F(snap_task, name, "name", STR),
	F(snap_task, parent, "parent", NODE, TO(K_)),
	F(snap_task, awaited_by, "awaited_by", NODES, TO(K_)),
	F(snap_task, nursery, "nursery", INT),
	F(snap_task, thread, "thread", NODE, TO(T_)),
	F(snap_task, state, "state", ENUM, NAMES(task_state)),
	F(snap_task, inherited, "inherited", BOOL),
	F(snap_task, service, "service", MARK),
	F(snap_task, main, "main", MARK),
	F(snap_task, waits_on, "waits_on", STR),
	F(snap_task, wait, "wait", ENUM, NAMES(task_wait)),
	F(snap_task, waits_write, "waits_write", MARK),
	F(snap_task, fd, "fd", INT),
	F(snap_task, object, "object", HEX),
	F(snap_task, wait_owner, "wait_owner", NODE, TO(K_ | T_)),
	F(snap_task, setters, "setters", NODES, TO(K_ | T_ | S_)),
	F(snap_task, waits_for, "waits_for", NODES, TO(K_)),
	F(snap_task, waits_any, "waits_any", BOOL),
	F(snap_task, child, "child", INT),
	F(snap_task, deadline_ns, "deadline_in_s", NS),
	F(snap_task, worker, "worker", NODE, TO(T_)),
	F(snap_task, schedules, "schedules", INT),
	F(snap_task, pending, "pending", STR),
	F(snap_task, start_pending, "start_pending", MARK),
	CHILD_OF("scopes", CHILDREN, SCOPE),
	CHILD_OF(NULL, MERGED, STACK),
};
RECORD(task_record, snap_task, 'K', task_fields);

static const struct field scope_fields[] = {
	F(snap_scope, owner, NULL, OWNER),
	F(snap_scope, deadline_ns, "deadline_in_s", NS),
	F(snap_scope, cancel_called, "cancel_called", BOOL),
	F(snap_scope, shield, "shield", BOOL),
	F(snap_scope, effectively_cancelled, "effectively_cancelled", BOOL),
};
RECORD(scope_record, snap_scope, 0, scope_fields);

static const struct field fd_fields[] = {
	F(snap_fd, owner, NULL, OWNER),
	F(snap_fd, fd, "fd", INT),
	F(snap_fd, resource, "resource", NODE, TO(R_)),
	F(snap_fd, kind, "kind", STR),
	F(snap_fd, armed_by, "armed_by", NODES, TO(R_ | T_ | K_)),
	F(snap_fd, mask, "mask", STR),
	F(snap_fd, inherited, "inherited", TRI),
	F(snap_fd, readable, "readable", BOOL),
	F(snap_fd, writable, "writable", BOOL),
	F(snap_fd, flags, "flags", HEX),
};
RECORD(fd_record, snap_fd, 0, fd_fields);

static const struct field watch_fields[] = {
	F(snap_watch, owner, "of", NODE, TO(R_ | T_)),
	F(snap_watch, process, "process", NODE, TO(P_)),
	F(snap_watch, fd, "fd", INT),
	F(snap_watch, resource, "resource", NODE, TO(R_)),
	F(snap_watch, events, "events", HEX),
	F(snap_watch, armed, "armed", BOOL),
	F(snap_watch, edge, "edge", MARK),
	F(snap_watch, oneshot, "oneshot", MARK),
	F(snap_watch, data, "data", HEX),
	F(snap_watch, task, "task", NODE, TO(K_)),
	F(snap_watch, write_task, "write_task", NODE, TO(K_)),
};
RECORD(watch_record, snap_watch, 0, watch_fields);

static const struct field resource_fields[] = {
	F(snap_resource, kind, "kind", ENUM, NAMES(resource_kind)),
	F(snap_resource, text, "text", STR),
	F(snap_resource, state, "state", STR),
	F(snap_resource, inode, "inode", INT),
	F(snap_resource, device, "device", INT),
	F(snap_resource, net_ns, "net_ns", INT),
	F(snap_resource, local, "local", STR),
	F(snap_resource, remote, "remote", STR),
	F(snap_resource, recv_q, "recv_q", INT),
	F(snap_resource, send_q, "send_q", INT),
	F(snap_resource, capacity, "capacity", INT),
	F(snap_resource, fill, "fill", INT),
	F(snap_resource, last_sent_ns, "last_sent_s", NS),
	F(snap_resource, last_received_ns, "last_received_s", NS),
	F(snap_resource, expires_ns, "expires_in_s", NS),
	F(snap_resource, peer, "peer", NODE, TO(R_)),
	{ .key = "holders", .type = FIELD_HOLDERS },
	F(snap_resource, listener, "listener", NODE, TO(R_)),
	F(snap_resource, target, "target", NODE, TO(P_ | T_)),
	F(snap_resource, lock_owner, "lock_owner", NODE, TO(P_ | T_ | K_)),
	F(snap_resource, address, "address", HEX),
	F(snap_resource, process, "process", NODE, TO(P_)),
	F(snap_resource, holders_complete, "holders_complete", TRI),
	F(snap_resource, outside_held, "outside_held", TRI),
	F(snap_resource, outside, "outside", STR),
	F(snap_resource, detail, "detail", STR),
};
RECORD(resource_record, snap_resource, 'R', resource_fields);

static const struct field wait_fields[] = {
	F(snap_wait, from, "from", NODE, TO(P_ | T_ | K_)),
	F(snap_wait, on, "on", ENUM, NAMES(wait_on)),
	F(snap_wait, resource, "resource", NODE, TO(R_)),
	F(snap_wait, what, "what", STR),
	F(snap_wait, need, "need", ENUM, NAMES(need)),
	F(snap_wait, group, "group", INT),
	F(snap_wait, to, "to", NODES, TO(P_ | T_ | K_ | S_)),
	F(snap_wait, deadline_ns, "deadline_in_s", NS),
	F(snap_wait, evidence, "evidence", ENUM, NAMES(evidence)),
	F(snap_wait, new_work, "new_work", MARK),
	F(snap_wait, facts, "facts", NODES, TO(F_)),
};
RECORD(wait_record, snap_wait, 'W', wait_fields);

static const struct field fact_fields[] = {
	F(snap_fact, about, "about", NODE), F(snap_fact, source, "source", STR),
	F(snap_fact, key, "key", STR),      F(snap_fact, value, "value", INT),
	F(snap_fact, text, "text", STR),
};
RECORD(fact_record, snap_fact, 'F', fact_fields);

static const struct field group_fields[] = {
	F(snap_group, count, "count", INT),
	F(snap_group, members, "members", NODES, TO(T_ | K_)),
	F(snap_group, title, "title", STR),
};
RECORD(group_record, snap_group, 'G', group_fields);

static const struct field set_fields[] = {
	F(snap_set, members, "members", NODES, TO(P_ | T_ | K_)),
};
RECORD(set_record, snap_set, 'S', set_fields);

static const struct field event_fields[] = {
	F(snap_event, at_ns, "at_s", NS),
	F(snap_event, kind, "kind", ENUM, NAMES(event_kind)),
	F(snap_event, about, "about", NODE),
	F(snap_event, text, "text", STR),
};
RECORD(event_record, snap_event, 'E', event_fields);

static const struct field signal_fields[] = {
	F(snap_signal, process, "process", NODE, TO(P_)),
	F(snap_signal, pid, "pid", INT),
	F(snap_signal, signal, "signal", STR),
	F(snap_signal, sent, "sent", BOOL),
	F(snap_signal, why, "why", STR),
	F(snap_signal, output, "output", STR),
	F(snap_signal, alive_after, "alive_after", TRI),
};
RECORD(signal_record, snap_signal, 0, signal_fields);

static const struct field gap_fields[] = {
	F(snap_gap, about, "about", NODE), F(snap_gap, what, "what", STR),
	F(snap_gap, why, "why", STR),      F(snap_gap, fix, "fix", STR),
	F(snap_gap, hole, "hole", BOOL),
};
RECORD(gap_record, snap_gap, 0, gap_fields);

static const struct field end_fields[] = {
	F(snap_end, node, "node", NODE),
	F(snap_end, pid, "pid", INT),
	F(snap_end, what, "what", STR),
};
RECORD(end_record, snap_end, 0, end_fields);

static const struct field verdict_fields[] = {
	F(snap_verdict, root, "root", NODE, TO(P_)),
	F(snap_verdict, class, "class", ENUM, NAMES(verdict_class)),
	F(snap_verdict, sentence, "sentence", STR),
	F(snap_verdict, certainty, "certainty", ENUM, NAMES(certainty)),
	F(snap_verdict, can_end, "can_end", ENUM, NAMES(can_end)),
	F(snap_verdict, chain, "chain", NODES, TO(W_)),
	F(snap_verdict, end, "end", OBJECT, OBJ(end_record)),
	F(snap_verdict, facts, "facts", NODES, TO(F_)),
	CHILD_OF("odd_one_out", CHILDREN, ODD),
	CHILD_OF("ruled_out", CHILDREN, RULED_OUT),
};
RECORD(verdict_record, snap_verdict, 0, verdict_fields);

static const struct field odd_fields[] = {
	F(snap_odd, verdict, NULL, OWNER, .u.table = TABLE_VERDICT),
	F(snap_odd, node, "node", NODE),
	F(snap_odd, why, "why", STR),
	F(snap_odd, facts, "facts", NODES, TO(F_)),
};
RECORD(odd_record, snap_odd, 0, odd_fields);

static const struct field ruled_out_fields[] = {
	F(snap_ruled_out, verdict, NULL, OWNER, .u.table = TABLE_VERDICT),
	F(snap_ruled_out, what, "what", STR),
	F(snap_ruled_out, why, "why", STR),
	F(snap_ruled_out, facts, "facts", NODES, TO(F_)),
};
RECORD(ruled_out_record, snap_ruled_out, 0, ruled_out_fields);

static const struct field trigger_fields[] = {
	F(snap_trigger, kind, "kind", ENUM, NAMES(trigger_kind)),
	F(snap_trigger, after_ns, "after_s", NS),
	F(snap_trigger, at_ns, "at_s", NS),
};
RECORD(trigger_record, snap_trigger, 0, trigger_fields);

static const struct field pressure_fields[] = {
	F(snap_pressure, cpu_some, "cpu_some", MILLI),
	F(snap_pressure, io_some, "io_some", MILLI),
	F(snap_pressure, memory_some, "memory_some", MILLI),
};
RECORD(pressure_record, snap_pressure, 0, pressure_fields);

static const struct field host_fields[] = {
	F(snap_host, kernel, "kernel", STR),
	F(snap_host, hostname, "hostname", STR),
	F(snap_host, cpus, "cpus", INT),
	F(snap_host, load, "load", STR),
	F(snap_host, pressure, "pressure", OBJECT, OBJ(pressure_record)),
	F(snap_host, boot_id, "boot_id", STR),
};
RECORD(host_record, snap_host, 0, host_fields);

static const struct field source_fields[] = {
	F(snap_source, tree, "tree", STR),
	F(snap_source, stacks, "stacks", STR),
};
RECORD(source_record, snap_source, 0, source_fields);

static const struct field capture_fields[] = {
	F(snap_capture, wall_ns, "wall_ms", NS_MS),
	F(snap_capture, stopped_max_ns, "stopped_us_max", NS_US),
	{ .key = "stopped_us_by_pid", .type = FIELD_STOPS },
	F(snap_capture, samples, "samples", INT),
	F(snap_capture, interval_ns, "interval_s", NS),
	F(snap_capture, source, "source", OBJECT, OBJ(source_record)),
};
RECORD(capture_record, snap_capture, 0, capture_fields);

static const struct field head_fields[] = {
	F(snap_head, schema, "schema", INT),
	F(snap_head, id, "id", STR),
	F(snap_head, created, "created", STR),
	F(snap_head, version, "hangwatch", STR),
	F(snap_head, captured_ns, "captured_s", NS),
	F(snap_head, trigger, "trigger", OBJECT, OBJ(trigger_record)),
	F(snap_head, host, "host", OBJECT, OBJ(host_record)),
	F(snap_head, capture, "capture", OBJECT, OBJ(capture_record)),
};
const struct record snap_head_record = { "head", sizeof(struct snap_head), head_fields,
					 ARRAY_SIZE(head_fields), 0 };

static const struct record *const records[TABLE_MAX] = {
	[TABLE_PROCESS] = &process_record,
	[TABLE_THREAD] = &thread_record,
	[TABLE_TASK] = &task_record,
	[TABLE_RESOURCE] = &resource_record,
	[TABLE_WAIT] = &wait_record,
	[TABLE_FACT] = &fact_record,
	[TABLE_EVENT] = &event_record,
	[TABLE_GROUP] = &group_record,
	[TABLE_SET] = &set_record,
	[TABLE_SAMPLE] = &sample_record,
	[TABLE_STACK] = &stack_record,
	[TABLE_PARK] = &park_record,
	[TABLE_FRAME] = &frame_record,
	[TABLE_LOCAL] = &local_record,
	[TABLE_RUNTIME] = &runtime_record,
	[TABLE_SCOPE] = &scope_record,
	[TABLE_FD] = &fd_record,
	[TABLE_WATCH] = &watch_record,
	[TABLE_SIGNAL] = &signal_record,
	[TABLE_GAP] = &gap_record,
	[TABLE_VERDICT] = &verdict_record,
	[TABLE_ODD] = &odd_record,
	[TABLE_RULED_OUT] = &ruled_out_record,
};

const struct record *snap_record(enum table t)
{
	return t > 0 && t < TABLE_MAX ? records[t] : NULL;
}

size_t snap_row_size(enum table t)
{
	return t == TABLE_REF ? sizeof(node_t) : snap_record(t)->size;
}

const struct field *snap_owner_field(enum table t)
{
	const struct record *r = snap_record(t);

	for (size_t i = 0; r && i < r->n_fields; i++)
		if (r->fields[i].type == FIELD_OWNER)
			return &r->fields[i];
	return NULL;
}

void snap_record_init(const struct record *r, void *row)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct field *f = &r->fields[i];
		void *at = (char *)row + f->offset;

		switch ((enum field_type)f->type) {
		case FIELD_INT:
		case FIELD_NS:
		case FIELD_NS_MS:
		case FIELD_NS_US:
		case FIELD_MILLI:
		case FIELD_HEX:
		case FIELD_ARGS:
			*(int64_t *)at = SNAP_UNKNOWN;
			break;
		case FIELD_TRI:
			*(uint8_t *)at = TRI_UNKNOWN;
			break;
		case FIELD_NODES:
		case FIELD_ROWS:
			*(struct span *)at = SPAN_UNKNOWN;
			break;
		case FIELD_OBJECT:
			snap_record_init(f->u.record, at);
			break;
		default:
			/* Zero is unknown (strings, nodes, enums) or the only default (bools). */
			break;
		}
	}
}

const char *snap_word(const char *const *names, unsigned v)
{
	for (unsigned i = 0; names[i]; i++)
		if (i == v)
			return names[i];
	return "unknown";
}

const char *snap_node_id(node_t n, char *buf)
{
	const struct record *r = snap_record(node_table(n));

	buf[0] = r && r->letter ? r->letter : '?';
	(void)decimal(buf + 1, node_index(n));
	return buf;
}

bool snap_node_parse(const char *id, node_t *ret)
{
	for (unsigned t = 1; t <= TABLE_LAST_NODE; t++) {
		uint64_t index;
		if (!id[0] || records[t]->letter != id[0])
			continue;
		if (parse_u64(id + 1, 10, &index) < 0 || index > 0x0fffffff)
			return false;
		*ret = NODE(t, index);
		return true;
	}
	return false;
}
