"""A thread holds the GIL in C and waits for a process that waits for this one.

The worker calls read() on a pipe through ctypes.PyDLL, which keeps the GIL. The pipe's writer is
the child, which waits for a byte from the root. The main thread wants the GIL: it wakes every 5
ms to ask for it and sleeps again, which looks like polling (LIVELOCK) and like a timed wait
(TIMER) and is neither. The GIL's holder is read from memory; who takes the short timeouts for
deadlines may say `inferred`.
"""
import ctypes
import os
import threading

import hang

hang.init()
answer, command = os.pipe(), os.pipe()
child = hang.fork()
if child == 0:
    os.close(answer[0])
    os.close(command[1])
    os.read(command[0], 1)
    os._exit(0)
os.close(answer[1])
os.close(command[0])
go = threading.Event()


def hold_gil():
    go.wait()
    ctypes.PyDLL(None).read(answer[0], ctypes.create_string_buffer(1), 1)


worker = threading.Thread(target=hold_gil, daemon=True)
worker.start()
hang.ready(hang.deserves("DEADLOCK", ["read", "inferred"], ["no", "unknown"],
                         [{"pid": os.getpid()}, {"pid": child}],
                         ["LIVELOCK", "BUSY_LOOP", "TIMER", "LOST_PEER"]),
           [hang.parked("futex"), hang.parked("read", tid=worker.native_id, fd="pipe:"),
            hang.parked("read", child, fd="pipe:")], moving=True)
go.set()
while True:
    pass
