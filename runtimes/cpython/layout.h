/*
 * Where CPython keeps what: the offsets of every field that is read from outside, one table per
 * minor version of x86-64 builds, free-threaded ones apart.
 *
 * The struct below is also the specification of the tables. scripts/gen-cpython-layouts reads it,
 * looks each member up in the debug information of real interpreters and writes
 * layouts/layout_3_*.c; nothing in there is typed by hand. To read one more field, add a line here
 * and run that script. How it reads this:
 *
 *   NAME = TYPE | TYPE: in the comment before a group says which C types of CPython the group is
 *     about (with [] the
 *   element of an array field, without a type before the dot a variable's);
 *   NAME_a_b_c is their field a_b_c, a.b_c, a_b.c ..., whichever exists; NAME_sizeof the size of
 *     the type;
 *   "was x" is the field's name in other versions, where its meaning is the same;
 *   (debug x) and (asyncio-debug x) behind the types is the group's part of _Py_DebugOffsets and
 *     .AsyncioDebug; "debug y" the name of the field in there, "debug y - z" what gives it, where
 *     it is not NAME's.
 *
 * A minor's layout can move between its micro releases; 3.13's did. What the micro releases at hand
 * have elsewhere is in the table's variants. Since 3.13 the interpreter also carries a table of its
 * own, _Py_DebugOffsets, at the beginning of _PyRuntime; it describes itself in nothing but its
 * version, so which offset stands where in it is known per minor, too. It covers what few fields a
 * stack needs, and tells by the sizes of three structs which variant holds for the rest.
 *
 * Not covered: builds with Py_DEBUG or Py_TRACE_REFS, other architectures, PyPy.
 */
#ifndef HW_RUNTIMES_CPYTHON_LAYOUT_H
#define HW_RUNTIMES_CPYTHON_LAYOUT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A field or type that this version does not have. */
#define CPYTHON_NO_FIELD (-1)

/* An enumerator or macro that this version does not have; -1 is a value that some have. */
#define CPYTHON_NO_VALUE INT_MIN

/*
 * A field that is narrower than a byte in some version: `width` bits, at most 32, from bit `shift`
 * of the byte at `offset` on.
 */
struct cpython_bits {
	int32_t offset;
	uint8_t shift;
	uint8_t width;
};

/* One word of a table that the interpreter carries: the member of cpython_layout that it gives. */
struct cpython_debug_offset {
	uint16_t position; /* in that table */
	uint16_t minus;    /* position of what is to be subtracted, 0: nothing */
	uint16_t member;   /* offset in struct cpython_layout */
};

/* One member that another micro release has elsewhere. */
struct cpython_layout_change {
	uint16_t member; /* offset in struct cpython_layout */
	int32_t value;
};

/* A micro release that was looked at, and in what it differs from the newest of its minor. */
struct cpython_layout_variant {
	int micro;
	int32_t sizes[3]; /* of PyRuntimeState, PyInterpreterState, PyThreadState */
	const struct cpython_layout_change *changes;
	int n_changes;
};

struct cpython_layout {
	const char *version; /* of the newest interpreter that the table was read from */
	int major, minor, micro;
	bool free_threaded;
	bool derived; /* from headers and the ordinary build: never tried on such a build */
	bool exact;   /* this micro release, or one with structs of the same sizes, was looked at */

	const struct cpython_layout_variant *variants;
	uint16_t n_variants;
	const struct cpython_debug_offset *debug_offsets;
	uint16_t n_debug_offsets;
	const struct cpython_debug_offset *asyncio_debug_offsets;
	uint16_t n_asyncio_debug_offsets;

	/*
	 * PyDebugOffsets = _Py_DebugOffsets:
	 * since 3.13, the table at the beginning of _PyRuntime.
	 */
	int32_t PyDebugOffsets_sizeof;
	int32_t PyDebugOffsets_cookie;
	int32_t PyDebugOffsets_version;
	int32_t PyDebugOffsets_free_threaded;

	/* AsyncioDebugOffsets = Py_AsyncioModuleDebugOffsets: since 3.14, section .AsyncioDebug. */
	int32_t AsyncioDebugOffsets_sizeof;

	/*
	 * PyRuntimeState = pyruntimestate (debug runtime_state):
	 * _PyRuntime, the one of each process.
	 */
	int32_t PyRuntimeState_sizeof;
	int32_t PyRuntimeState_initialized;
	int32_t PyRuntimeState_finalizing; /* was _finalizing */
	int32_t PyRuntimeState_interpreters_head;
	int32_t PyRuntimeState_interpreters_main;
	int32_t PyRuntimeState_main_thread;
	int32_t PyRuntimeState_gilstate_tstate_current;
	int32_t PyRuntimeState_ceval_gil_last_holder; /* to 3.11: one GIL for all interpreters */
	int32_t PyRuntimeState_ceval_gil_locked;
	int32_t PyRuntimeState_stoptheworld;     /* since 3.13: of all interpreters */
	int32_t PyRuntimeState_signals_handlers; /* before 3.12, static `Handlers` */
	int32_t PyRuntimeState_signals_default_handler;
	int32_t PyRuntimeState_signals_ignore_handler;
	int32_t PyRuntimeState_faulthandler_fatal_error_enabled;
	int32_t PyRuntimeState_faulthandler_user_signals; /* before 3.12, static `user_signals` */

	/*
	 * SignalHandler = pyruntimestate.signals.handlers[] | .Handlers[]:
	 * what Python does on each signal.
	 */
	int32_t SignalHandler_sizeof;
	int32_t SignalHandler_tripped;
	int32_t SignalHandler_func;

	/*
	 * UserSignal = faulthandler_user_signal | user_signal_t:
	 * one faulthandler.register(), an array by signal.
	 */
	int32_t UserSignal_sizeof;
	int32_t UserSignal_enabled;
	int32_t UserSignal_file;
	int32_t UserSignal_fd;
	int32_t UserSignal_all_threads;
	int32_t UserSignal_chain;
	int32_t UserSignal_interp;

	/*
	 * PyInterpreterState = _is (debug interpreter_state,
	 * asyncio-debug asyncio_interpreter_state):
	 * one interpreter, linked by `next`.
	 */
	int32_t PyInterpreterState_sizeof;
	int32_t PyInterpreterState_next;
	int32_t PyInterpreterState_id;
	int32_t PyInterpreterState_finalizing;
	int32_t PyInterpreterState_threads_head; /* was tstate_head */
	int32_t PyInterpreterState_threads_main;
	int32_t PyInterpreterState_modules; /* was imports.modules, debug imports_modules */
	int32_t PyInterpreterState_sysdict;
	int32_t PyInterpreterState_builtins;
	int32_t PyInterpreterState_ceval_gil; /* since 3.12: points to its GIL */
	int32_t PyInterpreterState__gil;      /* its own GIL: debug gil_runtime_state */
	int32_t PyInterpreterState_gc;
	int32_t PyInterpreterState_stoptheworld; /* since 3.13 */
	int32_t PyInterpreterState_asyncio_tasks_head;

	/*
	 * StopTheWorld = _stoptheworld_state:
	 * since 3.13, how one thread makes all others pause; at work in free-threaded builds.
	 */
	int32_t StopTheWorld_sizeof;
	int32_t StopTheWorld_requested;
	int32_t StopTheWorld_world_stopped;
	int32_t StopTheWorld_requester;

	/*
	 * GILState = _gil_runtime_state (debug interpreter_state):
	 * who has the interpreter, meaningful while `locked` is 1.
	 */
	int32_t GILState_enabled;     /* debug gil_runtime_state_enabled */
	int32_t GILState_locked;      /* debug gil_runtime_state_locked - gil_runtime_state */
	int32_t GILState_last_holder; /* debug gil_runtime_state_holder - gil_runtime_state */

	/*
	 * GCState = _gc_runtime_state (debug gc):
	 * the collector; its lists hold every container object there is.
	 */
	int32_t GCState_sizeof;
	int32_t GCState_generation0; /* points to the first list, wherever the compiler put it */
	int32_t GCState_permanent_generation;
	int32_t GCState_collecting;

	/* GCGeneration = gc_generation: one list. */
	int32_t GCGeneration_sizeof;
	int32_t GCGeneration_head;

	/*
	 * PyGC_Head = PyGC_Head:
	 * what stands before each object that a list holds. Low bits are flags.
	 */
	int32_t PyGC_Head_sizeof;
	int32_t PyGC_Head__gc_next;
	int32_t PyGC_Head__gc_prev;

	/*
	 * PyThreadState = _ts (debug thread_state):
	 * one thread that has been in Python, linked by `next`.
	 */
	int32_t PyThreadState_sizeof;
	int32_t PyThreadState_prev;
	int32_t PyThreadState_next;
	int32_t PyThreadState_interp;
	int32_t PyThreadState_frame;         /* to 3.10: PyFrameObject */
	int32_t PyThreadState_cframe;        /* 3.10 to 3.12 */
	int32_t PyThreadState_root_cframe;   /* 3.10 to 3.12: the cframe that is on no C stack */
	int32_t PyThreadState_current_frame; /* since 3.13 */
	int32_t PyThreadState_base_frame;    /* since 3.15: points to the sentinel */
	int32_t PyThreadState_thread_id;     /* pthread_t */
	int32_t PyThreadState_native_thread_id;
	int32_t PyThreadState_id;
	int32_t PyThreadState_dict;
	int32_t PyThreadState_context;
	int32_t PyThreadState_state; /* since 3.13: detached, attached, suspended */
	int32_t PyThreadState__whence;
	int32_t PyThreadState_datastack_chunk;
	int32_t PyThreadState_datastack_top;
	int32_t PyThreadState_datastack_limit;
	int32_t PyThreadState_exc_info;
	int32_t PyThreadState_exc_state;
	int32_t PyThreadState_current_exception; /* was curexc_value */
	int32_t PyThreadState_async_gen_firstiter;
	int32_t PyThreadState_threading_local_key; /* since 3.13 */
	int32_t PyThreadState_critical_section;    /* free-threaded: what it holds or waits for */
	struct cpython_bits PyThreadState__status_initialized;
	struct cpython_bits PyThreadState__status_bound;
	struct cpython_bits PyThreadState__status_active;
	struct cpython_bits PyThreadState__status_finalizing;
	struct cpython_bits PyThreadState__status_cleared;
	struct cpython_bits PyThreadState_holds_gil; /* was _status.holds_gil */
	int32_t PyThreadState_gil_requested;         /* since 3.15 */

	/*
	 * PyThreadStateImpl = _PyThreadStateImpl (asyncio-debug asyncio_thread_state):
	 * since 3.13, around PyThreadState and beginning with it.
	 */
	int32_t PyThreadStateImpl_sizeof;
	int32_t PyThreadStateImpl_base_frame; /* since 3.15: the sentinel itself */
	int32_t PyThreadStateImpl_asyncio_running_loop;
	int32_t PyThreadStateImpl_asyncio_running_task;
	int32_t PyThreadStateImpl_asyncio_tasks_head;

	/*
	 * PyErrStackItem = _PyErr_StackItem | _err_stackitem (debug err_stackitem):
	 * an exception that is being handled.
	 */
	int32_t PyErrStackItem_exc_type;
	int32_t PyErrStackItem_exc_value;
	int32_t PyErrStackItem_previous_item;

	/* PyStackChunk = _PyStackChunk: since 3.11, where the frames of a thread lie. */
	int32_t PyStackChunk_previous;
	int32_t PyStackChunk_size;
	int32_t PyStackChunk_top;
	int32_t PyStackChunk_data;

	/*
	 * PyCFrame = _PyCFrame | CFrame | _cframe:
	 * 3.10 to 3.12, one run of the evaluation loop, on the C stack.
	 */
	int32_t PyCFrame_sizeof;
	int32_t PyCFrame_current_frame;
	int32_t PyCFrame_previous;

	/* PyFrameObject = _frame: a frame as Python code sees it; to 3.10 also the frame itself. */
	int32_t PyFrameObject_sizeof;
	int32_t PyFrameObject_f_back;
	int32_t PyFrameObject_f_code;
	int32_t PyFrameObject_f_frame; /* since 3.11: the PyInterpreterFrame */
	int32_t PyFrameObject_f_globals;
	int32_t PyFrameObject_f_locals;
	int32_t PyFrameObject_f_valuestack;
	int32_t PyFrameObject_f_stacktop;   /* 3.9 */
	int32_t PyFrameObject_f_stackdepth; /* 3.10 */
	int32_t PyFrameObject_f_lasti;      /* 3.9: in bytes; 3.10: in instructions */
	int32_t PyFrameObject_f_lineno;
	int32_t PyFrameObject_f_state;     /* 3.10 */
	int32_t PyFrameObject_f_executing; /* 3.9 */
	int32_t PyFrameObject_f_gen;
	int32_t PyFrameObject_f_iblock;     /* to 3.10: how many blocks are open */
	int32_t PyFrameObject_f_blockstack; /* to 3.10 */
	int32_t PyFrameObject_f_localsplus;

	/* PyTryBlock = PyTryBlock: to 3.10, a `with` or `try` that is open in a frame. */
	int32_t PyTryBlock_sizeof;
	int32_t PyTryBlock_b_type;
	int32_t PyTryBlock_b_level; /* height of the value stack when it was opened */

	/*
	 * PyInterpreterFrame = _PyInterpreterFrame (debug interpreter_frame):
	 * since 3.11, one call; on the data stack or in a generator.
	 */
	int32_t PyInterpreterFrame_sizeof;
	int32_t PyInterpreterFrame_f_executable; /* was f_code, debug executable */
	int32_t PyInterpreterFrame_previous;
	int32_t PyInterpreterFrame_f_funcobj; /* was f_func */
	int32_t PyInterpreterFrame_f_globals;
	int32_t PyInterpreterFrame_f_builtins;
	int32_t PyInterpreterFrame_f_locals;
	int32_t PyInterpreterFrame_frame_obj;
	int32_t PyInterpreterFrame_prev_instr;   /* to 3.12: the last instruction that was run */
	int32_t PyInterpreterFrame_instr_ptr;    /* since 3.13: the one that runs */
	int32_t PyInterpreterFrame_stacktop;     /* to 3.13: an index into localsplus */
	int32_t PyInterpreterFrame_stackpointer; /* since 3.14 */
	int32_t PyInterpreterFrame_return_offset;
	int32_t PyInterpreterFrame_is_entry; /* 3.11 */
	int32_t PyInterpreterFrame_owner;
	int32_t PyInterpreterFrame_tlbc_index; /* free-threaded 3.14 */
	int32_t PyInterpreterFrame_localsplus;

	/*
	 * PyGenObject = PyGenObject (debug gen_object):
	 * coroutines and asynchronous generators begin in the same way.
	 */
	int32_t PyGenObject_sizeof;
	int32_t PyGenObject_gi_frame;   /* to 3.10: PyFrameObject */
	int32_t PyGenObject_gi_running; /* 3.9 */
	int32_t PyGenObject_gi_code;
	int32_t PyGenObject_gi_name;
	int32_t PyGenObject_gi_qualname;
	int32_t PyGenObject_gi_frame_state;
	int32_t PyGenObject_gi_iframe; /* since 3.11: a PyInterpreterFrame inside */

	/* PyAsyncGenObject = PyAsyncGenObject: what it has more than a generator. */
	int32_t PyAsyncGenObject_ag_running_async;

	/* PyAsyncGenASend = PyAsyncGenASend: the awaitable of __anext__() and asend(). */
	int32_t PyAsyncGenASend_ags_gen;
	int32_t PyAsyncGenASend_ags_state;

	/* PyAsyncGenAThrow = PyAsyncGenAThrow: the awaitable of athrow() and aclose(). */
	int32_t PyAsyncGenAThrow_agt_gen;
	int32_t PyAsyncGenAThrow_agt_state;

	/* PyCoroWrapper = PyCoroWrapper: what __await__() of a coroutine returns. */
	int32_t PyCoroWrapper_cw_coroutine;

	/* PyCodeObject = PyCodeObject (debug code_object): code and its line table. */
	int32_t PyCodeObject_sizeof;
	int32_t PyCodeObject_co_argcount; /* debug argcount */
	int32_t PyCodeObject_co_posonlyargcount;
	int32_t PyCodeObject_co_kwonlyargcount;
	int32_t PyCodeObject_co_flags;
	int32_t PyCodeObject_co_firstlineno; /* debug firstlineno */
	int32_t PyCodeObject_co_nlocals;
	int32_t PyCodeObject_co_nlocalsplus;
	int32_t PyCodeObject_co_ncellvars;
	int32_t PyCodeObject_co_nfreevars;
	int32_t PyCodeObject_co_stacksize;
	int32_t PyCodeObject_co_framesize;
	int32_t PyCodeObject_co_code; /* to 3.10: bytes */
	int32_t PyCodeObject_co_names;
	int32_t PyCodeObject_co_consts;
	int32_t PyCodeObject_co_varnames;        /* to 3.10 */
	int32_t PyCodeObject_co_cellvars;        /* to 3.10 */
	int32_t PyCodeObject_co_freevars;        /* to 3.10 */
	int32_t PyCodeObject_co_localsplusnames; /* since 3.11: debug localsplusnames */
	int32_t PyCodeObject_co_localspluskinds; /* debug localspluskinds */
	int32_t PyCodeObject_co_filename;        /* debug filename */
	int32_t PyCodeObject_co_name;            /* debug name */
	int32_t PyCodeObject_co_qualname;        /* debug qualname */
	int32_t PyCodeObject_co_lnotab;          /* 3.9 */
	int32_t PyCodeObject_co_linetable;       /* since 3.10: debug linetable */
	int32_t PyCodeObject_co_exceptiontable;
	int32_t PyCodeObject_co_code_adaptive; /* since 3.11: the instructions */
	int32_t PyCodeObject_co_tlbc;          /* free-threaded 3.14 */

	/*
	 * PyCodeArray = _PyCodeArray:
	 * free-threaded since 3.14, each thread's own copy of the instructions.
	 */
	int32_t PyCodeArray_size;
	int32_t PyCodeArray_entries;

	/* PyObject = _object | PyObject (debug pyobject): the head of every object. */
	int32_t PyObject_sizeof;
	int32_t PyObject_ob_refcnt;
	int32_t PyObject_ob_type;

	/*
	 * PyVarObject = PyVarObject (debug tuple_object):
	 * the head of every object of variable length.
	 */
	int32_t PyVarObject_ob_size;

	/* PyTypeObject = _typeobject (debug type_object): a type. */
	int32_t PyTypeObject_sizeof;
	int32_t PyTypeObject_tp_name;
	int32_t PyTypeObject_tp_basicsize;
	int32_t PyTypeObject_tp_itemsize;
	int32_t PyTypeObject_tp_flags;
	int32_t PyTypeObject_tp_members;
	int32_t PyTypeObject_tp_base;
	int32_t PyTypeObject_tp_dict;
	int32_t PyTypeObject_tp_dictoffset;
	int32_t PyTypeObject_tp_mro;

	/*
	 * PyHeapTypeObject = _heaptypeobject | PyHeapTypeObject (debug heap_type_object):
	 * a type made by a class statement.
	 */
	int32_t PyHeapTypeObject_sizeof;
	int32_t PyHeapTypeObject_ht_name;
	int32_t PyHeapTypeObject_ht_qualname;
	int32_t PyHeapTypeObject_ht_module;
	int32_t PyHeapTypeObject_ht_slots;
	int32_t PyHeapTypeObject_ht_cached_keys;

	/* PyMemberDescrObject = PyMemberDescrObject: a slot of a class. */
	int32_t PyMemberDescrObject_d_type; /* was d_common.d_type */
	int32_t PyMemberDescrObject_d_name; /* was d_common.d_name */
	int32_t PyMemberDescrObject_d_member;

	/* PyMemberDef = PyMemberDef: where the slot is in an instance. */
	int32_t PyMemberDef_name;
	int32_t PyMemberDef_type;
	int32_t PyMemberDef_offset;

	/*
	 * PyASCIIObject = PyASCIIObject (debug unicode_object):
	 * the head of every str; the text follows if it is compact and ASCII.
	 */
	int32_t PyASCIIObject_sizeof; /* debug asciiobject_size */
	int32_t PyASCIIObject_length;
	int32_t PyASCIIObject_state;
	struct cpython_bits PyASCIIObject_state_kind;
	struct cpython_bits PyASCIIObject_state_compact;
	struct cpython_bits PyASCIIObject_state_ascii;

	/*
	 * PyCompactUnicodeObject = PyCompactUnicodeObject (debug unicode_object):
	 * the text follows if it is compact and not ASCII.
	 */
	int32_t PyCompactUnicodeObject_sizeof; /* debug compactunicodeobject_size */

	/* PyUnicodeObject = PyUnicodeObject (debug unicode_object): a str that is not compact. */
	int32_t PyUnicodeObject_sizeof;
	int32_t PyUnicodeObject_data;

	/* PyBytesObject = PyBytesObject (debug bytes_object): bytes. */
	int32_t PyBytesObject_ob_sval;

	/*
	 * PyLongObject = _longobject (debug long_object):
	 * int. To 3.11 the sign is ob_size's, since 3.12 it is in lv_tag.
	 */
	int32_t PyLongObject_ob_digit; /* was long_value.ob_digit */
	int32_t PyLongObject_lv_tag;   /* was long_value.lv_tag */

	/* PyFloatObject = PyFloatObject (debug float_object): float. */
	int32_t PyFloatObject_ob_fval;

	/* PyTupleObject = PyTupleObject (debug tuple_object): tuple. */
	int32_t PyTupleObject_ob_item;

	/* PyListObject = PyListObject (debug list_object): list. */
	int32_t PyListObject_ob_item;

	/* PySetObject = PySetObject (debug set_object): set and frozenset. */
	int32_t PySetObject_fill;
	int32_t PySetObject_used;
	int32_t PySetObject_mask;
	int32_t PySetObject_table;

	/* SetEntry = setentry: one element of a set's table. */
	int32_t SetEntry_sizeof;
	int32_t SetEntry_key;
	int32_t SetEntry_hash;

	/* PyDictObject = PyDictObject (debug dict_object): dict and what derives from it. */
	int32_t PyDictObject_ma_used;
	int32_t PyDictObject_ma_keys;
	int32_t PyDictObject_ma_values;

	/*
	 * PyDictKeysObject = _dictkeysobject:
	 * the table of a dict, or shared by the instances of a class.
	 */
	int32_t PyDictKeysObject_dk_size; /* to 3.10: slots of the index */
	int32_t PyDictKeysObject_dk_log2_size;
	int32_t PyDictKeysObject_dk_log2_index_bytes;
	int32_t PyDictKeysObject_dk_kind;
	int32_t PyDictKeysObject_dk_usable;
	int32_t PyDictKeysObject_dk_nentries;
	int32_t PyDictKeysObject_dk_indices;

	/* PyDictKeyEntry = PyDictKeyEntry: an entry with its hash. */
	int32_t PyDictKeyEntry_sizeof;
	int32_t PyDictKeyEntry_me_key;
	int32_t PyDictKeyEntry_me_value;

	/*
	 * PyDictUnicodeEntry = PyDictUnicodeEntry:
	 * since 3.11, an entry of a table whose keys are all str.
	 */
	int32_t PyDictUnicodeEntry_sizeof;
	int32_t PyDictUnicodeEntry_me_key;
	int32_t PyDictUnicodeEntry_me_value;

	/*
	 * PyDictValues = _dictvalues:
	 * since 3.11, the attributes of one instance, in the order of the shared keys.
	 */
	int32_t PyDictValues_capacity;
	int32_t PyDictValues_size;
	int32_t PyDictValues_embedded;
	int32_t PyDictValues_valid;
	int32_t PyDictValues_values;

	/* PyFunctionObject = PyFunctionObject: a function in Python. */
	int32_t PyFunctionObject_func_code;
	int32_t PyFunctionObject_func_globals;
	int32_t PyFunctionObject_func_name;
	int32_t PyFunctionObject_func_qualname;
	int32_t PyFunctionObject_func_module;
	int32_t PyFunctionObject_func_closure;

	/* PyMethodObject = PyMethodObject: a function bound to an object. */
	int32_t PyMethodObject_im_func;
	int32_t PyMethodObject_im_self;

	/* PyCFunctionObject = PyCFunctionObject: a function in C, bound or not. */
	int32_t PyCFunctionObject_m_ml;
	int32_t PyCFunctionObject_m_self;
	int32_t PyCFunctionObject_m_module;

	/* PyMethodDef = PyMethodDef: its name and address. */
	int32_t PyMethodDef_ml_name;
	int32_t PyMethodDef_ml_meth;

	/* PyCellObject = PyCellObject: a variable of an enclosing function. */
	int32_t PyCellObject_ob_ref;

	/* PyWeakReference = _PyWeakReference | PyWeakReference: a weak reference. */
	int32_t PyWeakReference_wr_object;

	/* PyModuleObject = PyModuleObject: a module. */
	int32_t PyModuleObject_md_dict;
	int32_t PyModuleObject_md_name;
	int32_t PyModuleObject_md_state;

	/* PyBaseExceptionObject = PyBaseExceptionObject: an exception. */
	int32_t PyBaseExceptionObject_args;
	int32_t PyBaseExceptionObject_traceback;
	int32_t PyBaseExceptionObject_context;
	int32_t PyBaseExceptionObject_cause;

	/* PyContextVar = _pycontextvarobject | PyContextVar: contextvars.ContextVar. */
	int32_t PyContextVar_var_name;

	/* Partial = partialobject: functools.partial. */
	int32_t Partial_fn;
	int32_t Partial_args;

	/*
	 * Local = localobject:
	 * threading.local; to 3.12 a key in each thread's dict, then a dict of threads' dicts.
	 */
	int32_t Local_key;
	int32_t Local_localdicts;

	/* LocalDummy = localdummyobject: what stands in the thread's dict. */
	int32_t LocalDummy_localdict;

	/* Lock = lockobject: threading.Lock. It knows no owner. */
	int32_t Lock_lock_lock; /* to 3.13: points to a semaphore */
	int32_t Lock_lock;      /* since 3.14: a PyMutex */
	int32_t Lock_locked;

	/* RLock = rlockobject: threading.RLock. */
	int32_t RLock_owner; /* was rlock_owner, was lock.thread */
	int32_t RLock_count; /* was rlock_count, was lock.level */

	/* Deque = dequeobject: collections.deque, a list of blocks. */
	int32_t Deque_leftblock;
	int32_t Deque_rightblock;
	int32_t Deque_leftindex;
	int32_t Deque_rightindex;

	/* DequeBlock = BLOCK | block: one block. */
	int32_t DequeBlock_sizeof;
	int32_t DequeBlock_leftlink;
	int32_t DequeBlock_rightlink;
	int32_t DequeBlock_data;

	/* Epoll = pyEpoll_Object: select.epoll. */
	int32_t Epoll_epfd;

	/* Socket = PySocketSockObject: socket.socket. */
	int32_t Socket_sock_fd;
	int32_t Socket_sock_timeout;

	/* FutureObj = FutureObj: asyncio.Future in C. */
	int32_t FutureObj_fut_loop;
	int32_t FutureObj_fut_callback0;
	int32_t FutureObj_fut_callbacks;
	int32_t FutureObj_fut_exception;
	int32_t FutureObj_fut_result;
	int32_t FutureObj_fut_state;
	int32_t FutureObj_fut_awaited_by;
	struct cpython_bits FutureObj_fut_awaited_by_is_set;
	struct cpython_bits FutureObj_fut_is_task;

	/*
	 * TaskObj = TaskObj (asyncio-debug asyncio_task_object):
	 * asyncio.Task in C; begins as a FutureObj does.
	 */
	int32_t TaskObj_sizeof;
	int32_t TaskObj_task_loop;
	int32_t TaskObj_task_callback0;
	int32_t TaskObj_task_callbacks;
	int32_t TaskObj_task_state;
	int32_t TaskObj_task_fut_waiter;
	int32_t TaskObj_task_coro;
	int32_t TaskObj_task_name;
	int32_t TaskObj_task_context;
	int32_t TaskObj_task_num_cancels_requested;
	int32_t TaskObj_task_awaited_by;
	int32_t TaskObj_task_node;
	struct cpython_bits TaskObj_task_must_cancel;
	struct cpython_bits TaskObj_task_is_task;
	struct cpython_bits TaskObj_task_awaited_by_is_set;

	/*
	 * TaskStepMethWrapper = TaskStepMethWrapper:
	 * the callback that starts or continues a task.
	 */
	int32_t TaskStepMethWrapper_sw_task;

	/*
	 * TaskWakeupMethWrapper = TaskWakeupMethWrapper:
	 * 3.9, the callback that a future holds for its waiting task.
	 */
	int32_t TaskWakeupMethWrapper_ww_task;

	/* FutureIter = futureiterobject: what `await future` iterates over. */
	int32_t FutureIter_future;

	/* ListNode = llist_node (debug llist_node): the links of the intrusive lists. */
	int32_t ListNode_next;
	int32_t ListNode_prev;

	/* Values of enumerators and macros. They were renumbered now and then. */
	int32_t FRAME_CREATED;
	int32_t FRAME_SUSPENDED;
	int32_t FRAME_SUSPENDED_YIELD_FROM;
	int32_t FRAME_SUSPENDED_YIELD_FROM_LOCKED;
	int32_t FRAME_EXECUTING;
	int32_t FRAME_COMPLETED;
	int32_t FRAME_CLEARED;
	int32_t FRAME_OWNED_BY_THREAD;
	int32_t FRAME_OWNED_BY_GENERATOR;
	int32_t FRAME_OWNED_BY_FRAME_OBJECT;
	int32_t FRAME_OWNED_BY_INTERPRETER;
	int32_t FRAME_OWNED_BY_CSTACK;
	int32_t DICT_KEYS_GENERAL;
	int32_t DICT_KEYS_UNICODE;
	int32_t DICT_KEYS_SPLIT;
	int32_t STATE_PENDING; /* of a future */
	int32_t STATE_CANCELLED;
	int32_t STATE_FINISHED;
	int32_t Py_TPFLAGS_HEAPTYPE;
	int32_t Py_TPFLAGS_INLINE_VALUES;
	int32_t Py_TPFLAGS_MANAGED_DICT;
	int32_t Py_TPFLAGS_MANAGED_WEAKREF;
	int32_t Py_T_OBJECT;    /* was T_OBJECT, was _Py_T_OBJECT: of PyMemberDef.type */
	int32_t Py_T_OBJECT_EX; /* was T_OBJECT_EX */
	int32_t YIELD_FROM;     /* opcodes: to 3.10 */
	int32_t RESUME;         /* since 3.11 */
	int32_t SEND;
	int32_t CALL_FUNCTION_EX;
	int32_t CALL_FUNCTION; /* to 3.10, as the next two */
	int32_t CALL_FUNCTION_KW;
	int32_t CALL_METHOD;
};

/*
 * The table for one minor version, NULL for a version that is not known: guessing with a
 * neighbour's would read garbage. To be copied before anything is applied to it.
 */
const struct cpython_layout *cpython_layout_for(int major, int minor, bool free_threaded);

/*
 * Makes *l, the table of its minor, fit one micro release: that of the variant, or where it was
 * never looked at, of the newest variant before it. For interpreters without debug offsets;
 * applying those does this, too.
 */
void cpython_layout_apply_micro(struct cpython_layout *l, int micro);

/*
 * Puts the interpreter's own offsets over *l, which must be the table of that interpreter's minor.
 * `table` are the `n` bytes at the beginning of _PyRuntime. 0; -ENODATA: this minor has no such
 * table; -EBADMSG: that is none, or another version's, or it claims what cannot be. On failure *l
 * is unchanged.
 */
int cpython_layout_apply_debug_offsets(struct cpython_layout *l, const void *table, size_t n);

/*
 * The same for section .AsyncioDebug, which 3.14 keeps in the _asyncio module and 3.15 in the
 * interpreter.
 */
int cpython_layout_apply_asyncio_debug_offsets(struct cpython_layout *l, const void *table,
					       size_t n);

#endif
