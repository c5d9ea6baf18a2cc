/*
 * Every place in CPython's memory that we ever look at, in one list.
 *
 *	F(member of struct cpython_layout, DWARF path, name in _Py_DebugOffsets or "")
 *
 * scripts/make-layouts reads this list with the DWARF of a real build of each minor version and writes
 * layouts/layout_3_*.c; layout.c reads the third column with the offsets that CPython 3.13 and later
 * publish about themselves. A field that is needed is added here and nowhere else.
 *
 * The DWARF path is "STRUCT.member.member"; alternatives, newest first, are divided by '|' and the first that
 * exists in a build counts. "sizeof STRUCT" is its size. "bits STRUCT.member" is the position of a bit field in bits
 * from the start of the integer it lives in. A field that no alternative gives is LAYOUT_ABSENT.
 */
#ifndef HW_RUNTIMES_CPYTHON_LAYOUT_FIELDS_H
#define HW_RUNTIMES_CPYTHON_LAYOUT_FIELDS_H

#define CPYTHON_LAYOUT_FIELDS(F)                                                                   \
	/* _PyRuntime */                                                                           \
	F(runtime_size, "sizeof _PyRuntimeState|sizeof pyruntimestate", "runtime_state.size")      \
	F(runtime_initialized, "pyruntimestate.initialized", "")                                   \
	F(runtime_finalizing, "pyruntimestate._finalizing|pyruntimestate.finalizing",              \
	  "runtime_state.finalizing")                                                              \
	F(runtime_interpreters_head, "pyruntimestate.interpreters.head",                           \
	  "runtime_state.interpreters_head")                                                       \
	F(runtime_interpreters_main, "pyruntimestate.interpreters.main", "")                       \
	F(runtime_main_thread, "pyruntimestate.main_thread", "")                                   \
	F(runtime_gil, "pyruntimestate.ceval.gil", "") /* embedded, up to 3.11 */                  \
	F(runtime_signal_handlers, "pyruntimestate.signals.handlers", "")                          \
	F(runtime_faulthandler_fatal_enabled, "pyruntimestate.faulthandler.fatal_error.enabled", "") \
	F(runtime_faulthandler_user_signals, "pyruntimestate.faulthandler.user_signals", "")       \
	/* an interpreter */                                                                       \
	F(interp_size, "sizeof _is", "interpreter_state.size")                                     \
	F(interp_next, "_is.next", "interpreter_state.next")                                       \
	F(interp_id, "_is.id", "interpreter_state.id")                                             \
	F(interp_threads_head, "_is.threads.head|_is.tstate_head", "interpreter_state.threads_head") \
	F(interp_threads_main, "_is.threads.main|_is.threads_main", "interpreter_state.threads_main") \
	F(interp_finalizing, "_is._finalizing|_is.finalizing", "")                                 \
	F(interp_modules, "_is.imports.modules|_is.modules", "interpreter_state.imports_modules")  \
	F(interp_sysdict, "_is.sysdict", "interpreter_state.sysdict")                              \
	F(interp_gil, "_is.ceval.gil", "interpreter_state.ceval_gil") /* a pointer, from 3.12 */   \
	F(interp_gc, "_is.gc", "interpreter_state.gc")                                             \
	F(interp_gc_size, "sizeof _gc_runtime_state", "gc.size")                                   \
	F(interp_gc_collecting, "_is.gc.collecting", "")                                           \
	F(interp_asyncio_tasks_head, "_is.asyncio_tasks_head", "")                                 \
	F(gil_last_holder, "_gil_runtime_state.last_holder", "")                                   \
	F(gil_locked, "_gil_runtime_state.locked", "")                                             \
	F(gil_enabled, "_gil_runtime_state.enabled", "") /* free-threaded builds */                \
	/* a thread state */                                                                       \
	F(tstate_size, "sizeof _ts", "thread_state.size")                                          \
	F(tstate_next, "_ts.next", "thread_state.next")                                            \
	F(tstate_interp, "_ts.interp", "thread_state.interp")                                      \
	F(tstate_frame, "_ts.frame", "")   /* PyFrameObject, 3.9 and 3.10 */                       \
	F(tstate_cframe, "_ts.cframe", "") /* 3.10 to 3.12 */                                      \
	F(tstate_root_cframe, "_ts.root_cframe", "")                                               \
	F(tstate_current_frame, "_ts.current_frame", "thread_state.current_frame")                 \
	F(tstate_base_frame, "_ts.base_frame", "thread_state.base_frame") /* a pointer */          \
	F(tstate_thread_id, "_ts.thread_id", "thread_state.thread_id")                             \
	F(tstate_native_thread_id, "_ts.native_thread_id", "thread_state.native_thread_id")        \
	F(tstate_id, "_ts.id", "")                                                                 \
	F(tstate_dict, "_ts.dict", "")                                                             \
	F(tstate_exc_info, "_ts.exc_info", "")                                                     \
	F(tstate_state, "_ts.state", "")                                                           \
	F(tstate_holds_gil, "_ts.holds_gil", "thread_state.holds_gil")                             \
	F(tstate_gil_requested, "_ts.gil_requested", "thread_state.gil_requested")                 \
	F(tstate_threading_local_key, "_ts.threading_local_key", "")                               \
	F(tstate_impl_size, "sizeof _PyThreadStateImpl", "")                                       \
	F(tstate_asyncio_running_loop, "_PyThreadStateImpl.asyncio_running_loop", "")              \
	F(tstate_asyncio_running_task, "_PyThreadStateImpl.asyncio_running_task", "")              \
	F(tstate_asyncio_tasks_head, "_PyThreadStateImpl.asyncio_tasks_head", "")                  \
	F(cframe_current_frame, "_PyCFrame.current_frame", "")                                     \
	F(cframe_previous, "_PyCFrame.previous|CFrame.previous|_cframe.previous", "")              \
	/* a frame up to 3.10, an object */                                                        \
	F(pyframe_size, "sizeof _frame", "")                                                       \
	F(pyframe_back, "_frame.f_back", "")                                                       \
	F(pyframe_code, "_frame.f_code", "")                                                       \
	F(pyframe_valuestack, "_frame.f_valuestack", "")                                           \
	F(pyframe_stacktop, "_frame.f_stacktop", "")     /* 3.9 */                                 \
	F(pyframe_stackdepth, "_frame.f_stackdepth", "") /* 3.10 */                                \
	F(pyframe_lasti, "_frame.f_lasti", "")                                                     \
	F(pyframe_state, "_frame.f_state", "")         /* 3.10 */                                  \
	F(pyframe_executing, "_frame.f_executing", "") /* 3.9 */                                   \
	F(pyframe_localsplus, "_frame.f_localsplus", "")                                           \
	/* a frame from 3.11, on the data stack or inside a generator */                           \
	F(iframe_executable,                                                                       \
	  "_PyInterpreterFrame.f_executable|_PyInterpreterFrame.f_code", "interpreter_frame.executable") \
	F(iframe_previous, "_PyInterpreterFrame.previous", "interpreter_frame.previous")           \
	F(iframe_instr, "_PyInterpreterFrame.instr_ptr|_PyInterpreterFrame.prev_instr",            \
	  "interpreter_frame.instr_ptr")                                                           \
	F(iframe_stacktop, "_PyInterpreterFrame.stacktop", "") /* an index, up to 3.13 */          \
	F(iframe_stackpointer, "_PyInterpreterFrame.stackpointer", "interpreter_frame.stackpointer") \
	F(iframe_tlbc_index, "_PyInterpreterFrame.tlbc_index", "interpreter_frame.tlbc_index")     \
	F(iframe_is_entry, "_PyInterpreterFrame.is_entry", "") /* 3.11 */                          \
	F(iframe_owner, "_PyInterpreterFrame.owner", "interpreter_frame.owner")                    \
	F(iframe_localsplus, "_PyInterpreterFrame.localsplus", "interpreter_frame.localsplus")     \
	/* a coroutine, generator or asynchronous generator: all three begin alike */              \
	F(gen_size, "sizeof PyGenObject", "gen_object.size")                                       \
	F(gen_frame, "PyGenObject.gi_frame", "")     /* a pointer, up to 3.10 */                   \
	F(gen_running, "PyGenObject.gi_running", "") /* 3.9 */                                     \
	F(gen_name, "PyGenObject.gi_name", "gen_object.gi_name")                                   \
	F(gen_qualname, "PyGenObject.gi_qualname", "")                                             \
	F(gen_frame_state, "PyGenObject.gi_frame_state", "gen_object.gi_frame_state")              \
	F(gen_iframe, "PyGenObject.gi_iframe", "gen_object.gi_iframe")                             \
	F(asend_gen, "PyAsyncGenASend.ags_gen", "")                                                \
	F(athrow_gen, "PyAsyncGenAThrow.agt_gen", "")                                              \
	F(anext_wrapped, "anextawaitableobject.wrapped", "")                                       \
	F(coro_wrapper_coro, "PyCoroWrapper.cw_coroutine", "")                                     \
	/* code */                                                                                 \
	F(code_argcount, "PyCodeObject.co_argcount", "code_object.argcount")                       \
	F(code_flags, "PyCodeObject.co_flags", "")                                                 \
	F(code_firstlineno, "PyCodeObject.co_firstlineno", "code_object.firstlineno")              \
	F(code_nlocals, "PyCodeObject.co_nlocals", "")                                             \
	F(code_nlocalsplus, "PyCodeObject.co_nlocalsplus", "")                                     \
	F(code_stacksize, "PyCodeObject.co_stacksize", "")                                         \
	F(code_code, "PyCodeObject.co_code", "") /* bytes, up to 3.10 */                           \
	F(code_varnames, "PyCodeObject.co_varnames", "")                                           \
	F(code_cellvars, "PyCodeObject.co_cellvars", "")                                           \
	F(code_freevars, "PyCodeObject.co_freevars", "")                                           \
	F(code_localsplusnames, "PyCodeObject.co_localsplusnames", "code_object.localsplusnames")  \
	F(code_localspluskinds, "PyCodeObject.co_localspluskinds", "code_object.localspluskinds")  \
	F(code_filename, "PyCodeObject.co_filename", "code_object.filename")                       \
	F(code_name, "PyCodeObject.co_name", "code_object.name")                                   \
	F(code_qualname, "PyCodeObject.co_qualname", "code_object.qualname")                       \
	F(code_linetable, "PyCodeObject.co_linetable|PyCodeObject.co_lnotab", "code_object.linetable") \
	F(code_adaptive, "PyCodeObject.co_code_adaptive", "code_object.co_code_adaptive")          \
	F(code_tlbc, "PyCodeObject.co_tlbc", "code_object.co_tlbc") /* free-threaded from 3.14 */  \
	/* objects */                                                                              \
	F(object_size, "sizeof _object", "pyobject.size")                                          \
	F(object_type, "_object.ob_type", "pyobject.ob_type")                                      \
	F(var_size, "PyVarObject.ob_size", "")                                                     \
	F(type_size, "sizeof _typeobject", "")                                                     \
	F(type_name, "_typeobject.tp_name", "type_object.tp_name")                                 \
	F(type_basicsize, "_typeobject.tp_basicsize", "type_object.tp_basicsize")                  \
	F(type_itemsize, "_typeobject.tp_itemsize", "")                                            \
	F(type_flags, "_typeobject.tp_flags", "type_object.tp_flags")                              \
	F(type_base, "_typeobject.tp_base", "")                                                    \
	F(type_dict, "_typeobject.tp_dict", "")                                                    \
	F(type_dictoffset, "_typeobject.tp_dictoffset", "type_object.tp_dictoffset")               \
	F(type_mro, "_typeobject.tp_mro", "")                                                      \
	F(heap_type_cached_keys, "_heaptypeobject.ht_cached_keys", "heap_type_object.ht_cached_keys") \
	F(heap_type_qualname, "_heaptypeobject.ht_qualname", "")                                   \
	F(heap_type_module, "_heaptypeobject.ht_module", "")                                       \
	F(member_descr_member, "PyMemberDescrObject.d_member", "")                                 \
	F(member_def_type, "PyMemberDef.type", "")                                                 \
	F(member_def_offset, "PyMemberDef.offset", "")                                             \
	F(str_length, "PyASCIIObject.length", "unicode_object.length")                             \
	F(str_state, "PyASCIIObject.state", "unicode_object.state")                                \
	F(str_ascii_size, "sizeof PyASCIIObject", "unicode_object.asciiobject_size")               \
	F(str_compact_size, "sizeof PyCompactUnicodeObject", "")                                   \
	F(str_data, "PyUnicodeObject.data", "")                                                    \
	F(str_kind_bits, "bits PyASCIIObject.state.kind", "")                                      \
	F(str_compact_bits, "bits PyASCIIObject.state.compact", "")                                \
	F(str_ascii_bits, "bits PyASCIIObject.state.ascii", "")                                    \
	F(bytes_sval, "PyBytesObject.ob_sval", "bytes_object.ob_sval")                             \
	F(int_tag, "_longobject.long_value.lv_tag", "long_object.lv_tag") /* from 3.12 */          \
	F(int_digit, "_longobject.long_value.ob_digit|_longobject.ob_digit", "long_object.ob_digit") \
	F(float_value, "PyFloatObject.ob_fval", "float_object.ob_fval")                            \
	F(tuple_items, "PyTupleObject.ob_item", "tuple_object.ob_item")                            \
	F(list_items, "PyListObject.ob_item", "list_object.ob_item")                               \
	F(set_used, "PySetObject.used", "set_object.used")                                         \
	F(set_mask, "PySetObject.mask", "set_object.mask")                                         \
	F(set_table, "PySetObject.table", "set_object.table")                                      \
	F(dict_used, "PyDictObject.ma_used", "")                                                   \
	F(dict_keys, "PyDictObject.ma_keys", "dict_object.ma_keys")                                \
	F(dict_values, "PyDictObject.ma_values", "dict_object.ma_values")                          \
	F(keys_size, "_dictkeysobject.dk_size", "") /* up to 3.10 */                               \
	F(keys_log2_size, "_dictkeysobject.dk_log2_size", "")                                      \
	F(keys_log2_index_bytes, "_dictkeysobject.dk_log2_index_bytes", "")                        \
	F(keys_kind, "_dictkeysobject.dk_kind", "")                                                \
	F(keys_nentries, "_dictkeysobject.dk_nentries", "")                                        \
	F(keys_indices, "_dictkeysobject.dk_indices", "")                                          \
	F(values_array, "_dictvalues.values", "") /* from 3.11 */                                  \
	F(values_capacity, "_dictvalues.capacity", "")                                             \
	F(values_valid, "_dictvalues.valid", "")                                                   \
	F(deque_leftblock, "dequeobject.leftblock", "")                                            \
	F(deque_leftindex, "dequeobject.leftindex", "")                                            \
	F(deque_block_data, "BLOCK.data", "")                                                      \
	F(deque_block_right, "BLOCK.rightlink", "")                                                \
	F(weakref_object, "_PyWeakReference.wr_object|PyWeakReference.wr_object", "")              \
	F(cell_value, "PyCellObject.ob_ref", "")                                                   \
	F(function_code, "PyFunctionObject.func_code", "")                                         \
	F(function_qualname, "PyFunctionObject.func_qualname", "")                                 \
	F(function_closure, "PyFunctionObject.func_closure", "")                                   \
	F(function_module, "PyFunctionObject.func_module", "")                                     \
	F(method_func, "PyMethodObject.im_func", "")                                               \
	F(method_self, "PyMethodObject.im_self", "")                                               \
	F(cfunction_def, "PyCFunctionObject.m_ml", "") /* ml_name comes first in it */             \
	F(cfunction_self, "PyCFunctionObject.m_self", "")                                          \
	F(partial_fn, "partialobject.fn", "")                                                      \
	F(partial_args, "partialobject.args", "")                                                  \
	F(module_dict, "PyModuleObject.md_dict", "")                                               \
	F(exception_args, "PyBaseExceptionObject.args", "")                                        \
	F(local_key, "localobject.key", "")		/* up to 3.12 */                           \
	F(local_dicts, "localobject.localdicts", "") /* from 3.13 */                               \
	F(local_dummy_dict, "localdummyobject.localdict", "")                                      \
	F(rlock_owner, "rlockobject.rlock_owner|rlockobject.lock.thread", "")                      \
	F(rlock_count, "rlockobject.rlock_count|rlockobject.lock.level", "")                       \
	/* _asyncio: what its own table (.AsyncioDebug) lacks, and the whole of it before 3.14 */  \
	F(future_size, "sizeof FutureObj", "")                                                     \
	F(future_loop, "FutureObj.fut_loop", "")                                                   \
	F(future_callback0, "FutureObj.fut_callback0", "")                                         \
	F(future_callbacks, "FutureObj.fut_callbacks", "")                                         \
	F(future_state, "FutureObj.fut_state", "")                                                 \
	F(future_awaited_by, "FutureObj.fut_awaited_by", "")                                       \
	F(future_awaited_by_is_set, "FutureObj.fut_awaited_by_is_set", "")                         \
	F(future_iter_future, "futureiterobject.future", "")                                       \
	F(task_size, "sizeof TaskObj", "")                                                         \
	F(task_fut_waiter, "TaskObj.task_fut_waiter", "")                                          \
	F(task_coro, "TaskObj.task_coro", "")                                                      \
	F(task_name, "TaskObj.task_name", "")                                                      \
	F(task_num_cancels, "TaskObj.task_num_cancels_requested", "")                              \
	F(task_node, "TaskObj.task_node", "")                                                      \
	F(task_wakeup_task, "TaskWakeupMethWrapper.ww_task", "") /* 3.9 */                         \
	F(task_step_task, "TaskStepMethWrapper.sw_task", "")

#endif
