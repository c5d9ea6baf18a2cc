/*
 * Users: whose variables have which end of a connection.
 *
 * A process that is connected to itself, a client and its server in one loop, holds both ends, and
 * the kernel cannot tell who in it answers whom. The frames can: whoever answers has the socket in
 * a variable, or the stream, the transport, the request around it. So from the variables of each
 * task's and thread's frames the way is followed through attributes, bound methods and cells, a few
 * steps deep, to sockets and to the connections of multiprocessing. Containers are no way: who
 * keeps many connections in a list manages them, who answers one has it. Nor are tasks and loops,
 * which keep to themselves what they have, or the frames of the loops' own libraries, which have
 * their wake-up sockets at hand.
 *
 * That somebody uses a connection does not say that nobody else can; what is made of it is for
 * analysis/users.c. Only descriptors are told of whose other end somebody of the tree holds: where
 * there are none, nothing is read.
 */
#include "runtimes/cpython/users.h"

#include <errno.h>
#include <stdlib.h>

#include "core/util.h"
#include "runtimes/cpython/referrers.h"
#include "runtimes/cpython/slots.h"

enum {
	DEPTH_MAX = 6, /* attributes on the way: response, connection, stream, transport, socket */
	OBJECTS_MAX = 500,    /* that are looked into for one frame */
	STEPS_MAX = 200000,   /* and for all of them: more frames than that are not worth it */
	ATTRIBUTES_MAX = 128, /* of one object */
};

struct place {
	uint64_t object;
	unsigned depth;
};

struct users {
	struct python *py;
	struct map ends;  /* descriptors that are asked for: the keys */
	struct map loops; /* objects that are no way: the keys */
	struct slots slots;
	struct map told;           /* task or thread and descriptor */
	ARRAY(struct place) queue; /* of one frame */
	struct map seen;           /* in it */
	size_t steps;
	int error;
};

static void users_done(struct users *u)
{
	map_done(&u->ends);
	map_done(&u->loops);
	slots_done(&u->slots);
	map_done(&u->told);
	array_done(&u->queue);
	map_done(&u->seen);
}

/* ---- which descriptors ---- */

/* The descriptors of this process whose other ends are held in the tree. */
static int find_ends(struct users *u)
{
	const struct snapshot *s = u->py->b->s;
	node_t own = u->py->p->raw->node;
	CLEANUP(freep) bool *held = calloc(SNAP_N(s, RESOURCE) + 1, sizeof(*held));

	if (!held)
		return -ENOMEM;
	for (uint32_t i = 0; i < SNAP_N(s, FD); i++) {
		const struct snap_fd *fd = SNAP_ROW(s, FD, i);
		if (node_table(fd->resource) == TABLE_RESOURCE)
			held[node_index(fd->resource)] |=
				!SNAP_ROW(s, PROCESS, node_index(fd->owner))->outside;
	}
	for (uint32_t i = 0; i < SNAP_N(s, FD); i++) {
		const struct snap_fd *fd = SNAP_ROW(s, FD, i);
		if (fd->owner != own || node_table(fd->resource) != TABLE_RESOURCE)
			continue;
		const struct snap_resource *r = SNAP_ROW(s, RESOURCE, node_index(fd->resource));
		if ((r->kind == RESOURCE_TCP || r->kind == RESOURCE_UNIX) &&
		    node_table(r->peer) == TABLE_RESOURCE && held[node_index(r->peer)] &&
		    map_set(&u->ends, (uint64_t)fd->fd, 1) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- from a variable to sockets ---- */

static void come_to(struct users *u, uint64_t object, unsigned depth)
{
	if (!heap_possible(object) || depth > DEPTH_MAX || u->queue.n >= OBJECTS_MAX ||
	    map_get(&u->seen, object, NULL) || map_get(&u->loops, object, NULL))
		return;
	struct place *p = array_push(&u->queue);
	if (!p || map_set(&u->seen, object, 1) < 0) {
		u->error = -ENOMEM;
		return;
	}
	*p = (struct place){ .object = object, .depth = depth };
}

static void come_to_field(struct users *u, const struct place *from, int32_t field)
{
	uint64_t to;

	if (heap_pointer(&u->py->heap, from->object, field, &to) == 0 && to)
		come_to(u, to, from->depth);
}

static void look_into(struct users *u, const struct place *from)
{
	struct heap *h = &u->py->heap;
	const struct py_type *t;
	uint64_t key, value;
	struct dict_walk w;

	if (heap_type_of(h, from->object, &t) < 0)
		return;
	struct slot_list slots = slots_of(&u->slots, h, t);
	for (uint32_t k = 0; k < slots.n; k++)
		if (heap_pointer(h, from->object, (int32_t)slots.offsets[k], &value) == 0 && value)
			come_to(u, value, from->depth + 1);
	if (heap_instance_walk(h, from->object, &w) < 0)
		return;
	for (int n = 0; n < ATTRIBUTES_MAX && dict_walk_next(h, &w, &key, &value) == 0; n++)
		come_to(u, value, from->depth + 1);
}

static bool is_connection(struct heap *h, uint64_t object)
{
	return heap_is_class(h, object, "multiprocessing", "_ConnectionBase") ||
	       heap_is_class(h, object, "billiard", "_ConnectionBase");
}

/* The descriptor of a socket, or of a connection of multiprocessing or a library derived from it,
 * which has but the number. */
static int descriptor_of(struct heap *h, uint64_t object, enum py_kind kind, int64_t *ret)
{
	uint64_t number;
	int32_t fd;

	if (kind != PY_SOCKET) {
		int r = heap_attr(h, object, "_handle", &number);
		return r < 0 ? r : heap_int(h, number, ret);
	}
	int r = heap_i32(h, object, h->l.Socket_sock_fd, &fd);
	if (r == 0)
		*ret = fd;
	return r;
}

static void tell(struct users *u, node_t user, uint64_t object, enum py_kind kind,
		 const struct py_frame *f)
{
	struct python *py = u->py;
	int64_t fd;

	if (descriptor_of(&py->heap, object, kind, &fd) < 0 || fd < 0 || fd > INT32_MAX ||
	    !map_get(&u->ends, (uint64_t)fd, NULL))
		return;
	uint64_t key = (uint64_t)user << 32 | (uint32_t)fd;
	if (map_get(&u->told, key, NULL))
		return;
	if (map_set(&u->told, key, 1) < 0)
		u->error = -ENOMEM;
	(void)builder_fact(py->b, user, "variables", "uses_fd", fd,
			   "a variable of %s() has fd %lld", snap_str(py->b->s, f->code->name),
			   (long long)fd);
}

static void follow(struct users *u, node_t user, const struct py_frame *f)
{
	const struct cpython_layout *l = &u->py->heap.l;

	for (size_t i = 0; i < u->queue.n && u->error == 0; i++) {
		const struct place at = u->queue.v[i];
		u->steps++;
		const enum py_kind kind = heap_kind(&u->py->heap, at.object);
		switch (kind) {
		case PY_SOCKET:
			tell(u, user, at.object, kind, f);
			break;
		case PY_METHOD:
			come_to_field(u, &at, l->PyMethodObject_im_self);
			break;
		case PY_CELL:
			come_to_field(u, &at, l->PyCellObject_ob_ref);
			break;
		case PY_OTHER:
			if (is_connection(&u->py->heap, at.object))
				tell(u, user, at.object, kind, f);
			else
				look_into(u, &at);
			break;
		default:
			break;
		}
	}
}

static void of_frame(struct users *u, node_t user, const struct py_frame *f)
{
	const struct heap *h = &u->py->heap;
	uint64_t word;

	if (!f->code || u->error < 0 || u->steps > STEPS_MAX || frame_of_library(u->py, f))
		return;
	u->queue.n = 0;
	map_clear(&u->seen);
	for (uint64_t i = 0; i < (uint64_t)f->code->nlocals; i++)
		if (memory_read_u64(h->memory, f->locals + i * 8, &word) == 0)
			come_to(u, heap_untag(h, word), 0);
	follow(u, user, f);
}

/* ---- whose frames ---- */

static void of_tasks(struct users *u)
{
	const struct python *py = u->py;

	for (size_t i = 0; i < py->task_frames.n; i++)
		of_frame(u, py->task_frames.v[i].task, &py->task_frames.v[i].frame);
}

/* Frames at and below the run of a loop go on when that has ended: they answer nobody. */
static void of_threads(struct users *u)
{
	const struct python *py = u->py;

	for (size_t i = 0; i < py->threads.n; i++) {
		const struct py_thread *t = &py->threads.v[i];
		size_t n = t->sealed ? MIN(t->sealed - 1, t->n_frames) : t->n_frames;

		for (size_t k = 0; t->thread != SIZE_MAX && k < n; k++)
			of_frame(u, python_thread_node(py, i), &py->frames.v[t->first_frame + k]);
	}
}

void users_find(struct python *py)
{
	CLEANUP(users_done) struct users u = { .py = py };

	if (py->heap.l.Socket_sock_fd < 0 || find_ends(&u) < 0 || !u.ends.n)
		return;
	for (size_t i = 0; i < py->holders.n; i++)
		if (map_set(&u.loops, py->holders.v[i].address, 1) < 0)
			return;
	size_t before = SNAP_N(py->b->s, FACT);
	of_tasks(&u);
	of_threads(&u);
	/* Some of the users would be worse than none. */
	if (u.error < 0 || u.slots.error < 0 || u.steps > STEPS_MAX)
		builder_truncate(py->b, TABLE_FACT, before);
}
