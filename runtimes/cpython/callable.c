/* See callable.h. */
#include "runtimes/cpython/callable.h"

#include <errno.h>
#include <stdio.h>

enum { WRAPPINGS_MAX = 8 };

static int function_read(struct python *py, uint64_t object, struct callable *c)
{
	struct heap *h = &py->heap;
	const struct cpython_layout *l = &h->l;
	uint64_t text, code;
	int r = heap_pointer(h, object, l->PyFunctionObject_func_qualname, &text);

	if (r < 0)
		return r;
	ssize_t n = heap_str(h, text, c->qualname, sizeof(c->qualname));
	if (n < 0)
		return (int)n;
	if (heap_pointer(h, object, l->PyFunctionObject_func_module, &text) == 0)
		(void)heap_str(h, text, c->module, sizeof(c->module));
	if (heap_pointer(h, object, l->PyFunctionObject_func_code, &code) == 0)
		(void)code_at(&py->codes, code, &c->code);
	return 0;
}

static int cfunction_read(struct python *py, uint64_t object, struct callable *c)
{
	struct heap *h = &py->heap;
	uint64_t def, text;
	int r;

	if ((r = heap_pointer(h, object, h->l.PyCFunctionObject_m_ml, &def)) < 0 ||
	    (r = heap_u64(h, def, h->l.PyMethodDef_ml_name, &text)) < 0)
		return r;
	ssize_t n = memory_read_text(h->memory, text, c->qualname, sizeof(c->qualname));
	if (n < 0)
		return (int)n;
	if (heap_pointer(h, object, h->l.PyCFunctionObject_m_module, &text) == 0)
		(void)heap_str(h, text, c->module, sizeof(c->module));
	return 0;
}

int callable_read(struct python *py, uint64_t object, struct callable *ret)
{
	struct heap *h = &py->heap;
	const struct py_type *t;
	uint64_t call;
	int r = 0;

	*ret = (struct callable){ .module = "" };
	for (unsigned depth = 0; r == 0 && depth < WRAPPINGS_MAX; depth++) {
		switch (heap_kind(h, object)) {
		case PY_FUNCTION:
			return function_read(py, object, ret);
		case PY_CFUNCTION:
			return cfunction_read(py, object, ret);
		case PY_METHOD:
			r = heap_pointer(h, object, h->l.PyMethodObject_im_func, &object);
			break;
		case PY_PARTIAL:
			r = heap_pointer(h, object, h->l.Partial_fn, &object);
			break;
		default: /* an object with __call__, or a class */
			if (heap_class_attr(h, object, "__call__", &call) == 0 &&
			    heap_kind(h, call) == PY_FUNCTION)
				return function_read(py, call, ret);
			if (heap_kind(h, object) != PY_TYPE ||
			    (r = heap_type_at(h, object, &t)) < 0)
				return -EBADMSG;
			(void)snprintf(ret->qualname, sizeof(ret->qualname), "%s", t->name);
			return 0;
		}
	}
	return r < 0 ? r : -ELOOP;
}
