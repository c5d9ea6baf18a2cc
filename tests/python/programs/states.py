"""A Python process that hangs in an unusual state: argv[1] says which. What hangs is the function block()."""

import os
import sys
import threading
import time


def ready():
    print("READY", flush=True)


def block(ready=ready, sleep=time.sleep):    # at the end its globals may be gone
    ready()
    sleep(1e6)


class Deleted:
    def __del__(self, block=block):
        block()


def in_after_fork():
    """The child hangs in a callback of its own after fork(); the parent waits for it. Another thread exists."""
    helper()
    os.register_at_fork(after_in_child=block)
    wait_for(os.fork())


def between_fork_and_handler():
    """The child hangs in the C library's handler: the interpreter has not noticed that it was forked."""
    import ctypes

    libc = ctypes.CDLL(None)
    helper()
    register = libc.__register_atfork
    register.argtypes = [ctypes.c_void_p] * 4
    register(None, None, ctypes.cast(libc.pause, ctypes.c_void_p), None)
    threading.Thread(target=when_forked, daemon=True).start()
    wait_for(fork_here())


def fork_here():
    return os.fork()


def when_forked():
    while not open(f"/proc/self/task/{os.getpid()}/children").read():
        time.sleep(0.01)
    ready()
    threading.Event().wait()


def helper():
    """A thread that the child will not have."""
    threading.Thread(target=threading.Event().wait, name="helper", daemon=True).start()


def wait_for(pid):
    if pid:
        os.waitpid(pid, 0)


def in_atexit():
    import atexit

    atexit.register(block)


def in_last_join():
    """The main thread is through and waits for another that does not end."""
    threading.Thread(target=block, name="lasting").start()


def in_last_del():
    """A global's __del__, while the modules are taken apart."""
    globals()["kept"] = Deleted()


def in_daemon_thread_at_end():
    """While the interpreter finalizes a daemon thread hangs that wants to come back from C."""
    threading.Thread(target=time.sleep, args=(1e6,), name="daemon", daemon=True).start()
    time.sleep(0.2)
    in_last_del()


def in_nested_interpreter():
    """Several interpreters on one thread: their frames on top of each other."""
    run = interpreter()
    run("import os, time\ndef block():\n    os.write(1, b'READY\\n')\n    time.sleep(1e6)\nblock()\n")


def in_interpreter_threads():
    """One thread for each interpreter, and each hangs by itself."""
    for name in ("one", "two"):
        threading.Thread(target=interpreter(), name=name, daemon=True,
                         args=(f"import time\ndef block_{name}():\n    time.sleep(1e6)\nblock_{name}()\n",)).start()
    time.sleep(0.5)
    block()


def interpreter():
    """A function that runs code in a new interpreter."""
    if sys.version_info >= (3, 14):
        from concurrent import interpreters

        return interpreters.create().exec
    if sys.version_info >= (3, 13):
        import _interpreters

        made = _interpreters.create()
        return lambda code: _interpreters.exec(made, code)
    import _xxsubinterpreters

    made = _xxsubinterpreters.create()
    return lambda code: _xxsubinterpreters.run_string(made, code)


def with_foreign_threads():
    """Threads that the interpreter never saw, and one that comes from C and calls Python."""
    import ctypes

    libc = ctypes.CDLL(None)
    ident = ctypes.c_ulong()
    libc.pthread_create(ctypes.byref(ident), None, ctypes.cast(libc.pause, ctypes.c_void_p), None)
    global callback
    callback = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(called_by_c)
    libc.pthread_create(ctypes.byref(ident), None, callback, None)
    threading.Event().wait()


def called_by_c(argument):
    block()


def traced():
    """A tracer and a profiler are set, and the hang is inside the tracer."""
    sys.setprofile(lambda frame, event, argument: None)
    sys.settrace(tracer)
    called()


def tracer(frame, event, argument):
    if frame.f_code.co_name == "called":
        block()


def called():
    pass


def monitored():
    """sys.monitoring rewrites the instructions of what it watches."""
    monitoring = sys.monitoring
    monitoring.use_tool_id(2, "test")
    for event in (monitoring.events.LINE, monitoring.events.INSTRUCTION, monitoring.events.CALL,
                  monitoring.events.PY_START):
        monitoring.register_callback(2, event, lambda *arguments: None)
    monitoring.set_events(2, monitoring.events.LINE | monitoring.events.INSTRUCTION | monitoring.events.CALL |
                          monitoring.events.PY_START)
    called_while_monitored()


def called_while_monitored():
    for _ in range(3):
        pass
    block()


def finished():
    """A thread's Python state stays behind when its own thread-local destructor hangs."""
    class Local(threading.local):
        pass

    local = Local()

    def use():
        local.thing = Deleted()

    threading.Thread(target=use, name="ending").start()
    threading.Event().wait()


def gil_in_c():
    """One thread sleeps in C and keeps the GIL; all others want it."""
    import ctypes

    names = ("first", "second")
    for name in names:
        threading.Thread(target=spin, name=name, daemon=True).start()
    ready()
    # start() waits until it has begun, and then for the GIL that it does not get back.
    threading.Thread(target=ctypes.PyDLL(None).sleep, args=(100000,), name="holder", daemon=True).start()


def spin():
    while True:
        pass


def pause_in_c():
    """One thread sleeps in C with a mutex that it will not give back before it has paused, one waits in C for that mutex,
    and the main thread wants all to pause: in free-threaded builds all wait for each other."""
    import ctypes
    import gc

    c = ctypes.PyDLL(None)
    mutex = ctypes.create_string_buffer(64)
    held = threading.Event()

    def holder():
        c.pthread_mutex_lock(mutex)
        held.set()
        spin()

    def attached():
        held.wait()
        c.pthread_mutex_lock(mutex)

    for target in (holder, attached):
        threading.Thread(target=target, name=target.__name__, daemon=True).start()
    held.wait()
    ready()
    time.sleep(0.5)
    gc.collect()


def own_gil():
    """The same inside an interpreter with a GIL of its own, while the main one's is free."""
    code = ("import threading\n"
            "def burn():\n    sum(range(10 ** 14))\n"
            "def spin():\n    while True: pass\n"
            "threading.Thread(target=burn, name='holder').start()\n"
            "spin()\n")
    threading.Thread(target=interpreter(), args=(code,), name="inner", daemon=True).start()
    time.sleep(0.5)
    block()


def shared_gil():
    """Interpreters that share the main one's."""
    import _interpreters as interpreters

    for i in [interpreters.create("legacy") for _ in range(2)]:
        threading.Thread(target=interpreters.exec, args=(i, "while True: pass\n"), daemon=True).start()
    gil_in_c()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
