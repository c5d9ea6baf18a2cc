/* Rows by identity of the kernel object; see resources.h. */
#include "collectors/fd/resources.h"

static uint64_t identity(enum resource_kind kind, uint64_t scope, uint64_t id)
{
	return map_mix(map_mix((uint64_t)kind, scope), id);
}

node_t resource_find(const struct raw_capture *c, enum resource_kind kind, uint64_t scope,
		     uint64_t id)
{
	uint64_t index;

	return map_get(&c->resources, identity(kind, scope, id), &index)
		       ? NODE(TABLE_RESOURCE, index)
		       : NODE_UNKNOWN;
}

node_t resource_new(struct raw_capture *c, enum resource_kind kind)
{
	BUILD(c->b, RESOURCE)->kind = (uint8_t)kind;
	return builder_last(c->b, TABLE_RESOURCE);
}

void resource_register(struct raw_capture *c, node_t r, enum resource_kind kind, uint64_t scope,
		       uint64_t id)
{
	/* Without memory for the map the object is merely listed twice. */
	if (r != NODE_UNKNOWN)
		(void)map_set(&c->resources, identity(kind, scope, id), node_index(r));
}

node_t resource_get(struct raw_capture *c, enum resource_kind kind, uint64_t scope, uint64_t id,
		    bool *ret_new)
{
	node_t n = resource_find(c, kind, scope, id);
	bool new = n == NODE_UNKNOWN;

	if (new) {
		n = resource_new(c, kind);
		resource_register(c, n, kind, scope, id);
	}
	if (ret_new)
		*ret_new = new;
	return n;
}
