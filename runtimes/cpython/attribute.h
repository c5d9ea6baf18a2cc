/* Attributes of a CPython process's objects by name, wherever this version keeps them. */
#ifndef HW_RUNTIMES_CPYTHON_ATTRIBUTE_H
#define HW_RUNTIMES_CPYTHON_ATTRIBUTE_H

#include "runtimes/cpython/container.h"

/*
 * What `object.name` is when it is stored in the object: a slot, or an entry of its __dict__.
 * Properties and class attributes are not looked at. -ENOENT when it is not set.
 */
int heap_attr(struct heap *h, uint64_t object, const char *name, uint64_t *ret);

/* The same, and a chain of it: heap_attr_path(h, o, &v, "a", "b", NULL) is o.a.b. */
int heap_attr_path(struct heap *h, uint64_t object, uint64_t *ret, ...) __attribute__((sentinel));

/* The attribute, or 0 when it cannot be had or is None. */
uint64_t heap_attr_or_none(struct heap *h, uint64_t object, const char *name);

/*
 * Where an instance keeps what its __dict__ shows: in a dict, or (then 0) in itself, and *w walks
 * over that. -ENOENT when it has none yet.
 */
int heap_instance_storage(struct heap *h, uint64_t object, uint64_t *ret_dict, struct dict_walk *w);

/* Walks over the instance's __dict__; -ENOENT when it has none yet. */
int heap_instance_walk(struct heap *h, uint64_t object, struct dict_walk *w);

/* The class's own or inherited attribute, e.g. "__module__"; -ENOENT. Types built into the
 * interpreter have none. */
int heap_class_attr(struct heap *h, uint64_t object, const char *name, uint64_t *ret);

/* Its class, or one that it derives from, has this name and is of that package or a module in it:
 * "trio", "Task". */
bool heap_is_class(struct heap *h, uint64_t object, const char *package, const char *name);

/* An attribute of a module in sys.modules of the interpreter at `interp`; name NULL: the module's
 * dict. */
int heap_module_attr(struct heap *h, uint64_t interp, const char *module, const char *name,
		     uint64_t *ret);

#endif
