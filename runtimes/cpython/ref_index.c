/* Nodes, edges and holders of the index; see ref_index.h. */
#include "runtimes/cpython/ref_index.h"

#include <errno.h>

/* What refers to nothing of interest, or to everything: a module reaches all there is. */
static bool is_leaf(enum py_kind kind)
{
	switch (kind) {
	case PY_NONE:
	case PY_BOOL:
	case PY_INT:
	case PY_FLOAT:
	case PY_STR:
	case PY_BYTES:
	case PY_TYPE:
	case PY_MODULE:
	case PY_CODE:
	case PY_MEMBER:
	case PY_WEAKREF:
		return true;
	default:
		return false;
	}
}

uint32_t ref_node_add(struct referrers *r, uint64_t address, enum py_kind kind)
{
	struct ref_node *n = array_push(&r->nodes);

	if (!n || (address && map_set(&r->by_address, address, r->nodes.n - 1) < 0)) {
		r->error = -ENOMEM;
		return UINT32_MAX;
	}
	n->address = address;
	n->kind = (uint8_t)kind;
	return (uint32_t)(r->nodes.n - 1);
}

uint32_t ref_node_of(struct referrers *r, uint64_t address)
{
	const struct py_type *t;
	uint64_t known;

	if (map_get(&r->by_address, address, &known))
		return (uint32_t)known;
	if (heap_type_of(&r->py->heap, address, &t) < 0 || is_leaf(t->kind))
		return UINT32_MAX;
	return ref_node_add(r, address, t->kind);
}

void ref_add(struct referrers *r, uint32_t from, uint64_t to, bool counted)
{
	uint32_t node = heap_possible(to) ? ref_node_of(r, to) : UINT32_MAX;
	struct ref_edge *e = node == UINT32_MAX ? NULL : array_push(&r->edges);

	if (node == UINT32_MAX)
		return;
	if (!e) {
		r->error = -ENOMEM;
		return;
	}
	*e = (struct ref_edge){ .from = from,
				.next = r->nodes.v[node].incoming,
				.passed = r->passing };
	r->nodes.v[node].incoming = (uint32_t)r->edges.n;
	r->nodes.v[node].found += counted;
}

void ref_add_field(struct referrers *r, uint32_t from, uint64_t object, int32_t field)
{
	uint64_t to;

	if (heap_pointer(&r->py->heap, object, field, &to) == 0 && to)
		ref_add(r, from, to, true);
}

uint32_t ref_holder_of(struct referrers *r, node_t node, size_t sealed_by, bool loop)
{
	uint64_t key = map_mix(map_mix(node, sealed_by), loop), known;

	if (map_get(&r->by_holder, key, &known))
		return (uint32_t)known;
	struct ref_holder *h = array_push(&r->holders);
	if (!h || map_set(&r->by_holder, key, r->holders.n) < 0) {
		r->error = -ENOMEM;
		return 0;
	}
	*h = (struct ref_holder){ .node = node, .sealed_by = sealed_by, .loop = loop };
	return (uint32_t)r->holders.n;
}
